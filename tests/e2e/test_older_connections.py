# SPDX-License-Identifier: Apache-2.0
"""Connections that existed before troth did: counted from the first exchange that begins after."""

from actors import Actor, always_ok, each, serve
from troth import At, Check
from wire import GET, OK, Wire, connect, free_port, request, response


def test_an_idle_connection_counts_from_its_next_request():
    with serve(always_ok) as server, connect(server) as client:
        client.ask(GET, GET)
        with Check(server.port) as check:
            client.ask(*[GET] * 4)
    check.both(server.port, ok=4)


def test_connections_old_and_new_are_one_service():
    with serve(always_ok) as server, connect(server) as old, connect(server) as unused:
        old.ask(GET)
        with Check(server.port) as check:
            with connect(server) as new:
                for client in (old, new, unused):
                    client.ask(GET, GET)
    check.both(server.port, ok=6)


def test_many_old_connections_are_all_found():
    """Half of them have never been used."""
    with serve(always_ok, backlog=4096) as server:
        clients = [connect(server) for _ in range(1500)]
        for client in clients[::2]:
            client.ask(GET)
        with Check(server.port) as check:
            for client in clients:
                client.ask(GET, GET)
        for client in clients:
            client.close()
    check.both(server.port, ok=3000)


def begun_before(handle, status, when=None):
    """troth starts when the server has come so far with a request, before its answer is whole."""
    with serve(handle) as server, connect(server) as client:
        client.send(GET)
        if when:
            server.heard(when)
        with Check(server.port) as check:
            server.cue("troth is ready")
            assert client.response() == status
            client.ask(*[GET] * 3)
    return At(check, server.port)


def test_a_request_being_served_when_troth_starts_is_not_counted():
    def handle(wire, stage):
        wire.request()
        stage.say("read")
        stage.wait("troth is ready")
        wire.send(response(500))
        while wire.request():
            wire.send(OK)

    begun_before(handle, 500, when="read").both(ok=3)


def test_a_request_unread_when_troth_starts_is_not_counted():
    """It had arrived: its exchange began before."""
    def handle(wire, stage):
        stage.wait("troth is ready")
        wire.request()
        wire.send(response(500))
        while wire.request():
            wire.send(OK)

    begun_before(handle, 500).both(ok=3)


def test_an_answer_being_sent_when_troth_starts_is_not_counted():
    def handle(wire, stage):
        wire.request()
        wire.send(response(200, None, "Content-Length: 20"), b"x" * 10)
        stage.say("half")
        stage.wait("troth is ready")
        wire.send(b"y" * 10)
        while wire.request():
            wire.send(response(404))

    begun_before(handle, 200, when="half").both(client_error=3)


def test_an_upload_under_way_when_troth_starts_is_not_counted():
    def handle(wire, stage):
        wire.until(b"\r\n\r\n")
        stage.say("head")
        wire.skip(2000)
        wire.send(OK)
        while wire.request():
            wire.send(OK)

    with serve(handle) as server, connect(server) as client:
        client.send(request("POST", "/", "Content-Length: 2000") + b"x" * 1000)
        server.heard("head")
        with Check(server.port) as check:
            client.send(b"x" * 1000)
            client.response()
            client.ask(*[GET] * 2)
    check.both(server.port, ok=2)


def test_a_connection_waiting_to_be_accepted_when_troth_starts():
    """It is older than troth, but its request is not."""
    def program(listener, stage):
        stage.wait("accept")
        wire = Wire(listener.accept()[0])
        while wire.request():
            wire.send(OK)
        stage.wait("end")

    with Actor(program) as server, connect(server) as client:
        with Check(server.port) as check:
            client.send(GET)
            server.cue("accept")
            client.response()
            client.ask(GET)
    check.both(server.port, ok=2)


def test_a_request_in_a_connection_waiting_to_be_accepted_is_not_counted_and_not_lost():
    """It began before. Its socket is in no process's files, and no more data will come for it."""
    def program(listener, stage):
        stage.wait("accept")
        wire = Wire(listener.accept()[0])
        while wire.request():
            wire.send(OK)
        stage.say("closed")

    with Actor(program) as server, connect(server) as client:
        client.send(GET)
        with Check(server.port) as check:
            server.cue("accept")
            client.response()
            client.close()
            server.heard("closed")
    check.nothing_counted(server.port)
    assert check.json["measurement"]["lost"] == 0, check.explained()


def test_a_hung_request_older_than_troth_is_not_in_flight():
    def handle(wire, stage):
        wire.request()
        stage.say("read")
        wire.rest()

    with serve(handle) as server, connect(server) as client:
        client.send(GET)
        server.heard("read")
        with Check(server.port) as check:
            client.reset()
            server.heard("closed")
    check.nothing_counted(server.port)


def test_a_server_younger_than_troth_is_measured():
    port = free_port()
    with Check(port) as check:
        with Actor(each(always_ok), port=port) as server, connect(server) as client:
            client.ask(*[GET] * 5)
    check.both(port, ok=5)


def test_a_server_that_is_gone_keeps_its_name():
    port = free_port()
    with Check(port) as check:
        with Actor(each(always_ok), port=port) as server:
            with connect(server) as client:
                client.ask(*[GET] * 2)
            server.heard("closed")
    service = check.server(port).counts(ok=2)
    assert service["identity"]["comm"], check.explained()
    assert service["name"] not in ("", str(port), f":{port}"), check.explained()
