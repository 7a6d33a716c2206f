# SPDX-License-Identifier: Apache-2.0
"""Connection facts: opened, closed, reset, refused, bytes; who is who."""

import functools
import os
import subprocess
import time

import pytest

from actors import always_ok, serve, side_by_side
from troth import Check
from wire import GET, connect, free_port, request, response


def until_closed(server, connections):
    for _ in range(connections):
        server.heard("closed")
    time.sleep(0.02)  # the last FIN is on its way


def test_connections_that_open_and_close_are_counted():
    with serve(always_ok) as server, Check(server.port) as check:
        for _ in range(9):
            with connect(server) as client:
                client.ask(GET)
        until_closed(server, 9)
    for service in (check.server(server.port), check.client(server.port)):
        service.counts(ok=9).connections(opened=9, closed=9, reset_by_peer=0, reset_by_us=0,
                                         retransmits=0)
    check.server(server.port).connections(refused=None, connect_timeouts=None, connect_s=None,
                                          accept_overflows=0)
    check.client(server.port).connections(refused=0, connect_timeouts=0, accept_overflows=None)


def test_open_connections_are_not_closed():
    with serve(always_ok) as server, Check(server.port) as check:
        clients = [connect(server) for _ in range(5)]
        for client in clients:
            client.ask(GET)
        clients.pop().close()
        until_closed(server, 1)
        check.stop()
        for client in clients:
            client.close()
    for service in (check.server(server.port), check.client(server.port)):
        service.connections(opened=5, closed=1)


def test_connections_that_the_server_closes_first_are_counted_too():
    def handle(wire, stage):
        wire.request()
        wire.send(response(200))

    with serve(handle) as server, Check(server.port) as check:
        for _ in range(6):
            with connect(server) as client:
                client.ask(GET)
                assert client.rest() == b""
        until_closed(server, 6)
    for service in (check.server(server.port), check.client(server.port)):
        service.counts(ok=6).connections(opened=6, closed=6)


def test_older_connections_are_closed_but_were_not_opened():
    with serve(always_ok) as server:
        clients = [connect(server) for _ in range(3)]
        clients[0].ask(GET)
        with Check(server.port) as check:
            for client in clients:
                client.ask(GET)
                client.close()
            until_closed(server, 3)
    for service in (check.server(server.port), check.client(server.port)):
        service.counts(ok=3).connections(opened=0, closed=3)


def test_resets_are_told_apart_by_who_sent_them():
    def handle(wire, stage):
        while line := wire.request():
            wire.send(response(200))
            if "/reset" in line:
                stage.wait("answer was read")
                wire.reset()
                return

    with serve(handle) as server, Check(server.port) as check:
        for _ in range(3):
            client = connect(server)
            client.ask(GET)
            client.reset()
        for _ in range(2):
            client = connect(server)
            client.ask(request("GET", "/reset"))
            server.cue("answer was read")
            with pytest.raises(ConnectionResetError):
                client.read()
            client.close()
        with connect(server) as client:
            client.ask(GET)
        until_closed(server, 6)
    check.server(server.port).counts(ok=6).connections(
        opened=6, closed=6, reset_by_peer=3, reset_by_us=2)
    check.client(server.port).counts(ok=6).connections(
        opened=6, closed=6, reset_by_peer=2, reset_by_us=3)


def is_refused(port, times):
    for _ in range(times):
        with pytest.raises(ConnectionRefusedError):
            connect(port)


def test_refused_connects_are_the_clients():
    port = free_port()
    with Check(port) as check:
        is_refused(port, 8)
    check.client(port).counts().connections(refused=8, opened=0, closed=0, connect_timeouts=0)
    assert not check.services("server", port)


def test_a_port_that_comes_up_late():
    port = free_port()
    with Check(port) as check:
        is_refused(port, 3)
        with serve(always_ok, port=port), connect(port) as client:
            client.ask(GET)
    check.both(port, ok=1)
    check.client(port).connections(refused=3, opened=1)


SIZES = [(0, 0), (100, 100_000), (500_000, 10), (70_000, 70_000)]


@functools.cache
def transferred():
    """The services at each port, and the client's own count of bytes."""
    counted = {}

    def answer(size):
        def handle(wire, stage):
            while wire.request():
                wire.send(response(200, bytes(size)))
        return handle

    def ask(sizes):
        def act(server):
            with connect(server) as client:
                client.ask(*[request("POST", "/", body=bytes(sizes[0]))] * 3)
            server.heard("closed")
            counted[sizes] = client.sent, client.received
        return act

    return side_by_side({s: (answer(s[1]), ask(s)) for s in SIZES}), counted


@pytest.mark.parametrize("sizes", SIZES, ids=lambda s: f"{s[0]} up {s[1]} down")
def test_bytes_are_what_the_client_counted(sizes):
    seen, counted = transferred()
    sent, received = counted[sizes]
    seen[sizes].both(ok=3)
    seen[sizes].server().bytes(**{"in": sent, "out": received})
    seen[sizes].client().bytes(**{"in": received, "out": sent})


def test_a_server_is_named_by_its_program():
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET)
    seen = check.server(server.port)
    who = seen["identity"]
    assert seen["peer"] is None
    assert who["port"] == server.port
    assert who["pid"] == server.pid, check.explained()
    assert who["exe"] == os.path.realpath("/proc/self/exe"), check.explained()
    assert who["netns"] == os.stat("/proc/self/ns/net").st_ino
    assert seen["name"].endswith(f":{server.port}")
    assert seen["connections"]["srtt_s"]["mean"] > 0


def test_a_client_is_named_by_its_program_and_peer():
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET)
    seen = check.client(server.port)
    who = seen["identity"]
    assert seen["peer"] == {"address": "127.0.0.1", "port": server.port, "name": None}
    assert who["port"] == 0
    assert who["pid"] == os.getpid(), check.explained()
    assert who["exe"] == os.path.realpath("/proc/self/exe"), check.explained()


def test_two_programs_that_call_one_peer_are_two_clients():
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET)
        url = f"http://127.0.0.1:{server.port}/"
        subprocess.run(["curl", "-s", "-o", "/dev/null", url, url, url], check=True)
    check.server(server.port).counts(ok=5)
    seen = {s["identity"]["comm"]: s["exchanges"]["ok"]
            for s in check.services("client", server.port)}
    assert sorted(seen.values()) == [2, 3] and seen.get("curl") == 3, check.explained()
