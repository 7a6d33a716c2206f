# SPDX-License-Identifier: Apache-2.0
"""How exchanges end when the client leaves first (CONTRACT, "What counts as what", 5)."""

import socket
import time

import pytest

from actors import Actor, always_ok, hang, hold_unread, never_accept, serve
from troth import Check
from wire import GET, OK, Wire, connect, request, response

MB = 1 << 20


def left(leave, handle=hang, when="read", asked=GET):
    """A check of one client that asks and leaves when the server says so, without an answer."""
    with serve(handle) as server, Check(server.port) as check:
        client = connect(server)
        client.send(asked)
        server.heard(when)
        leave(client)
        server.cue("read now")
        server.heard("closed")
    check.both(server.port, aborted=1)
    return check, server.port


def test_a_client_that_resets_before_any_answer_aborts():
    check, port = left(Wire.reset)
    check.server(port).connections(reset_by_peer=1, reset_by_us=0)
    check.client(port).connections(reset_by_us=1, reset_by_peer=0)


def test_a_client_that_resets_before_its_request_is_read_aborts():
    left(Wire.reset, hold_unread, when="accepted")


def test_a_client_that_resets_before_it_is_accepted_aborts():
    with Actor(never_accept) as server, Check(server.port) as check:
        client = connect(server)
        client.send(GET)
        time.sleep(0.02)
        client.reset()
    check.both(server.port, aborted=1)


def test_a_client_that_closes_on_a_hung_server_aborts():
    """Its FIN alone ends nothing; the server's close without an answer does."""
    left(Wire.close)


def test_a_client_that_leaves_in_the_middle_of_its_request_aborts():
    left(Wire.reset, asked=request("POST", "/", "Content-Length: 1000") + b"x" * 10)


def test_a_client_that_resets_after_reading_everything_was_served():
    with serve(always_ok) as server, Check(server.port) as check:
        for _ in range(3):
            client = connect(server)
            client.ask(GET, GET)
            client.reset()
            server.heard("closed")
    check.both(server.port, ok=6)
    check.server(server.port).connections(reset_by_peer=3, reset_by_us=0)


def test_a_client_that_closed_before_the_answer_has_aborted():
    """Its kernel refuses the answer: nobody was there to receive it."""
    def handle(wire, stage):
        wire.request()
        stage.wait("gone")
        wire.send(OK)
        time.sleep(0.02)

    with serve(handle) as server, Check(server.port) as check:
        client = connect(server)
        client.send(GET)
        time.sleep(0.05)
        client.close()
        time.sleep(0.05)
        server.cue("gone")
        server.heard("closed")
    check.server(server.port).counts(aborted=1)
    check.client(server.port).counts(aborted=1)


def test_a_client_that_closes_with_the_answer_unread_was_served():
    """The answer had reached its kernel; that nobody read it is not the server's matter."""
    def handle(wire, stage):
        wire.request()
        wire.send(OK)
        stage.say("answered")
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        client = connect(server)
        client.send(GET)
        server.heard("answered")
        time.sleep(0.01)
        client.close()
        server.heard("closed")
    check.server(server.port).counts(ok=1)
    check.client(server.port).total(1)


@pytest.mark.parametrize("blocked", [True, False], ids=["in a send", "after the send"])
def test_a_client_that_resets_while_answer_bytes_are_unsent_aborts(blocked):
    def handle(wire, stage):
        if not blocked:
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MB)
        wire.request()
        stage.say("answering")
        wire.send(response(200, bytes((16 if blocked else 1) * MB)))
        stage.say("sent")
        stage.wait("reset")

    with serve(handle) as server, Check(server.port) as check:
        client = connect(server, receive_buffer=4096)
        client.send(GET)
        server.heard("answering" if blocked else "sent")
        client.more(1000)
        time.sleep(0.05)
        client.reset()
        server.cue("reset")
        server.heard("closed")
    check.server(server.port).counts(aborted=1)
    check.client(server.port).total(1)
