# SPDX-License-Identifier: Apache-2.0
"""How exchanges end when the server leaves first (CONTRACT, "What counts as what", 5)."""

import contextlib
import functools
import itertools
import os
import signal
import socket
import time

import pytest

from actors import Actor, each, hang, hold_unread, never_accept, serve, side_by_side
from troth import Check
from wire import GET, OK, connect, response

MB = 1 << 20


WAYS = list(itertools.product(["close", "reset"], ["read", "unread"]))


@functools.cache
def dropped():
    def drop(how, read):
        def handle(wire, stage):
            stage.say("accepted")
            stage.wait("sent")
            if read == "read":
                assert wire.request()
            wire.reset() if how == "reset" else wire.close()
        return handle

    def ask(server):
        client = connect(server)
        server.heard("accepted")
        client.send(GET)
        server.cue("sent")
        server.heard("closed")
        with contextlib.suppress(ConnectionResetError):
            assert client.rest() == b""
        client.close()

    return side_by_side({way: (drop(*way), ask) for way in WAYS})


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_request_that_the_server_drops_has_no_response(way):
    seen = dropped()[way]
    seen.both(no_response=1)
    by_reset = int(way != ("close", "read"))  # unread bytes turn a close into a reset
    seen.server().connections(reset_by_us=by_reset, reset_by_peer=0)
    seen.client().connections(reset_by_peer=by_reset, reset_by_us=0)


@pytest.mark.parametrize("state", ["read", "accepted", "not accepted"])
def test_a_request_whose_server_is_killed_has_no_response(state):
    program = {"read": each(hang), "accepted": each(hold_unread),
               "not accepted": never_accept}[state]
    with Actor(program) as server, Check(server.port) as check:
        client = connect(server)
        client.send(GET)
        if state == "not accepted":
            time.sleep(0.02)
        else:
            server.heard(state)
        server.kill()
        try:
            assert client.rest() == b""
        except ConnectionResetError:
            pass
        client.close()
    check.both(server.port, no_response=1)


def test_requests_in_the_queue_of_a_closed_listener_have_no_response():
    def program(listener, stage):
        stage.wait("close")
        listener.close()
        stage.say("closed")
        stage.wait("never")

    with Actor(program) as server, Check(server.port) as check:
        clients = [connect(server) for _ in range(4)]
        for client in clients:
            client.send(GET)
        time.sleep(0.02)
        server.cue("close")
        server.heard("closed")
        for client in clients:
            with pytest.raises(ConnectionResetError):
                client.read()
            client.close()
    check.both(server.port, no_response=4)


def test_only_the_unanswered_request_of_a_connection_has_no_response():
    def handle(wire, stage):
        for _ in range(2):
            wire.request()
            wire.send(OK)
        wire.request()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET)
            client.send(GET)
            assert client.rest() == b""
    check.both(server.port, ok=2, no_response=1)


def test_a_request_that_comes_after_the_servers_fin_is_not_the_servers_failure():
    def handle(wire, stage):
        wire.request()
        wire.send(OK)
        wire.half_close()
        stage.say("finished")
        stage.wait("late request")

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET)
            server.heard("finished")
            client.send(GET)
            server.cue("late request")
            server.heard("closed")
    check.server(server.port).counts(ok=1)
    check.client(server.port).counts(ok=1, no_response=1)


def test_closing_an_idle_kept_connection_is_no_failure():
    def handle(wire, stage):
        wire.request()
        wire.send(OK)
        time.sleep(0.05)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET)
            assert client.rest() == b""
    check.both(server.port, ok=1)


# In the middle of an answer


def answer_forever(wire, stage):
    wire.request()
    stage.say("answering")
    wire.send(response(200, bytes(32 * MB)))


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_an_answer_cut_off_by_a_deadly_signal_is_a_server_error(signum):
    with serve(answer_forever) as server, Check(server.port) as check:
        client = connect(server, receive_buffer=4096)
        client.send(GET)
        server.heard("answering")
        client.more(1000)
        time.sleep(0.05)
        server.kill(signum)
        client.close()
    check.server(server.port).counts(server_error=1)
    check.client(server.port).total(1)


def test_an_answer_cut_off_by_our_reset_is_a_server_error():
    def handle(wire, stage):
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MB)
        wire.request()
        wire.send(response(200, bytes(MB)))
        stage.say("sent")
        stage.wait("reset")
        wire.reset()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server, receive_buffer=4096) as client:
            client.send(GET)
            server.heard("sent")
            client.more(1000)
            server.cue("reset")
            server.heard("closed")
    check.server(server.port).counts(server_error=1)
    check.server(server.port).connections(reset_by_us=1)


@pytest.mark.parametrize("leave", ["close", "exit"])
def test_an_answer_still_in_flight_when_the_server_closes_is_delivered(leave):
    size = MB

    def handle(wire, stage):
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MB)
        wire.request()
        wire.send(response(200, bytes(size)))
        if leave == "exit":
            os._exit(0)
        wire.close()
        stage.say("left")

    with serve(handle) as server, Check(server.port) as check:
        with connect(server, receive_buffer=4096) as client:
            client.send(GET)
            if leave == "close":
                server.heard("left")
            time.sleep(0.03)
            assert client.response() == 200
            assert client.rest() == b""
    check.both(server.port, ok=1)
