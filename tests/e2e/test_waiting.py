# SPDX-License-Identifier: Apache-2.0
"""Exchanges nobody has answered yet, and what they mean for the objectives."""

import socket
import time

from actors import Actor, hang, never_accept, serve
from troth import Check
from wire import GET, OK, Wire, connect, request, response

THRESHOLD_S = 0.5  # of a check


def test_a_client_that_gives_up_on_a_hung_server_is_bad_for_latency():
    """… once it had waited longer than the threshold; within it, it says nothing about us."""
    with serve(hang) as server, serve(hang) as brisk, Check(server.port, brisk.port) as check:
        patient, hasty = connect(server), connect(brisk)
        patient.send(GET)
        began = time.monotonic()
        hasty.send(GET)
        time.sleep(0.1)
        hasty.reset()
        waited_s = time.monotonic() - began
        time.sleep(0.6)
        patient.reset()
        server.heard("closed")
        brisk.heard("closed")
    for port, waited_too_long in ((server.port, 1), (brisk.port, int(waited_s > THRESHOLD_S))):
        for service in (check.server(port), check.client(port)):
            service.counts(aborted=1)
            service.slo("latency", good=0, total=waited_too_long, exact=True)
            service.slo("availability", good=0, total=0)


def deferred(read_after_s):
    """A program whose connections are made by the request itself (TCP_DEFER_ACCEPT); it reads late."""
    def program(listener, stage):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
        stage.say("deferring")
        stage.wait("it was asked")
        time.sleep(read_after_s)
        wire = Wire(listener.accept()[0])
        wire.request()
        wire.send(OK)
        wire.rest()

    return program


def test_a_request_that_makes_the_connection_waits_from_then_on():
    with Actor(deferred(0.8)) as server, Check(server.port) as check:
        server.heard("deferring")
        with connect(server) as client:
            client.send(GET)
            server.cue("it was asked")
            assert client.response() == 200
    for service in (check.server(server.port), check.client(server.port)):
        service.counts(ok=1)
        service.slo("latency", good=0, total=1)
    assert check.server(server.port)["parts_s"]["queue"]["mean"] > 0.5, check.explained()


def test_a_server_that_never_accepts_what_it_defers_does_not_look_perfect():
    with Actor(deferred(30)) as server, Check(server.port) as check:
        server.heard("deferring")
        with connect(server) as client:
            client.send(GET)
            time.sleep(0.8)
            check.stop()
    check.server(server.port).counts(in_flight=1)
    check.server(server.port).slo("latency", good=0, total=1, met=False)


def test_a_hung_server_does_not_look_perfect_at_the_end():
    with serve(hang) as server, serve(hang) as fresh, \
            Check(server.port, fresh.port) as check:
        waiting = connect(server)
        waiting.send(GET)
        server.heard("read")
        time.sleep(0.7)
        with connect(fresh) as new:
            new.send(GET)
            fresh.heard("read")
            check.stop()
    waiting.close()
    for service in (check.server(server.port), check.client(server.port)):
        service.counts(in_flight=1)
        service.slo("latency", good=0, total=1, met=False)
        service.slo("availability", good=0, total=0, sli=None, met=None)
    for service in (check.server(fresh.port), check.client(fresh.port)):
        service.counts(in_flight=1)
        service.slo("latency", good=0, total=0, sli=None, met=None)
    assert check.code == 1, check.explained()


def test_an_answer_that_is_going_on_at_the_end_is_counted_to_its_last_byte():
    def handle(wire, stage):
        wire.request()
        wire.send(response(200, None, "Content-Length: 1000"), b"x" * 10)
        stage.say("half", time.monotonic())
        stage.wait("never")

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            began = time.monotonic()
            client.send(GET)
            took = server.heard("half") - began
            client.head()
            time.sleep(0.3)
            check.stop()
    check.server(server.port).counts(ok=1)
    check.client(server.port).counts(ok=1)
    check.server(server.port).time("latency_s.max", 0, took)


def test_unanswered_and_unread_requests_are_in_flight():
    with Actor(never_accept) as server, Check(server.port) as check:
        clients = [connect(server) for _ in range(3)]
        for client in clients:
            client.send(GET)
        time.sleep(0.05)
        check.stop()
        for client in clients:
            client.close()
    check.both(server.port, in_flight=3)


def test_a_connection_on_which_nothing_was_asked_is_no_exchange():
    """Opened early by a browser, closed by either side, reset, or left open."""
    def handle(wire, stage):
        if wire.rest() == b"":
            stage.say("ended")

    with serve(handle) as server, Check(server.port) as check:
        connect(server).close()
        server.heard("ended")
        connect(server).reset()
        left_open = connect(server)
        server.heard("closed")
    left_open.close()
    check.nothing_counted(server.port)
    assert check.code == 4, check.explained()


def test_every_column_is_exact_when_everything_happens_at_once():
    """A bad day of a service, one connection per request."""
    def handle(wire, stage):
        while line := wire.request():
            path = line.split()[1]
            if path == "/ok":
                wire.send(OK)
            elif path == "/drop":
                return
            else:
                wire.send(response(int(path[1:])))

    asked = ["/ok"] * 40 + ["/404"] * 7 + ["/500"] * 5 + ["/drop"] * 3
    with serve(handle) as server, Check(server.port) as check:
        for path in asked:
            with connect(server) as client:
                client.send(request("GET", path))
                client.sock.recv(1000)
    check.both(server.port, ok=40, client_error=7, server_error=5, no_response=3)
    for service in (check.server(server.port), check.client(server.port)):
        service.slo("availability", good=47, total=55, exact=True, met=False)
        service.slo("latency", total=55, exact=True)
