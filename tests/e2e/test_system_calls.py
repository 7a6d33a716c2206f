# SPDX-License-Identifier: Apache-2.0
"""Whatever call moves the bytes, the exchange is the same."""

import socket

import pytest

import calls
from actors import always_ok, serve
from troth import Check
from wire import GET, Ended, connect, request, response

ROUNDS = 4
FAILED = response(503, b"x" * 4002)
UPLOAD = request("POST", "/", body=b"y" * 3004)
assert len(FAILED) % calls.WHOLE == len(UPLOAD) % calls.WHOLE == 0  # or MSG_WAITALL waits


def with_calls(wire, send=None, receive=None):
    """The wire makes its calls with these."""
    if receive:
        def more(size=0):
            piece = receive(wire)
            wire.received += len(piece)
            if not piece:
                raise Ended
            wire.kept += piece
        wire.more = more
    if send:
        def send_pieces(*pieces):
            for piece in pieces:
                send(wire, piece)
                wire.sent += len(piece)
        wire.send = send_pieces
    return wire


def exchanged(reply, server_calls, client_calls):
    """ROUNDS exchanges with these calls; the finished check, its port and the client's wire."""
    def handle(wire, stage):
        with_calls(wire, **server_calls)
        while wire.request():
            wire.send(reply)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as wire:
            with_calls(wire, **client_calls)
            wire.sock.settimeout(None)  # Python polls before each call otherwise
            for _ in range(ROUNDS):
                wire.ask(UPLOAD)
        server.heard("closed")
    check.server(server.port).bytes(**{"in": wire.sent, "out": wire.received})
    check.client(server.port).bytes(**{"in": wire.received, "out": wire.sent})
    return check, server.port


def name(call):
    return call.__name__


@pytest.mark.parametrize("send", calls.SENDS, ids=name)
def test_a_server_may_answer_by(send):
    check, port = exchanged(FAILED, {"send": send}, {})
    check.both(port, server_error=ROUNDS)


@pytest.mark.parametrize("send", calls.SENDS, ids=name)
def test_a_client_may_ask_by(send):
    check, port = exchanged(FAILED, {}, {"send": send})
    check.both(port, server_error=ROUNDS)


@pytest.mark.parametrize("receive", calls.RECEIVES, ids=name)
def test_a_server_may_read_by(receive):
    check, port = exchanged(FAILED, {"receive": receive}, {})
    check.both(port, server_error=ROUNDS)


@pytest.mark.parametrize("receive", calls.RECEIVES, ids=name)
def test_a_client_may_read_by(receive):
    check, port = exchanged(FAILED, {}, {"receive": receive})
    check.both(port, server_error=ROUNDS)


@pytest.mark.parametrize("receive", calls.BLIND_RECEIVES, ids=name)
def test_a_request_read_unseen_is_counted(receive):
    """The request's text is unknown, but the answer tells the outcome."""
    check, port = exchanged(FAILED, {"receive": receive}, {})
    check.server(port).total(ROUNDS)
    check.client(port).counts(server_error=ROUNDS)


@pytest.mark.parametrize("receive", calls.BLIND_RECEIVES, ids=name)
def test_an_answer_read_unseen_is_counted(receive):
    check, port = exchanged(FAILED, {}, {"receive": receive})
    check.server(port).counts(server_error=ROUNDS)
    check.client(port).total(ROUNDS)


@pytest.mark.parametrize("send", calls.BLIND_SENDS, ids=name)
def test_an_answer_sent_unseen_is_counted(send):
    check, port = exchanged(FAILED, {"send": send}, {})
    check.server(port).total(ROUNDS)
    check.client(port).counts(server_error=ROUNDS)


def test_bytes_thrown_away_are_read():
    """MSG_TRUNC takes TCP bytes without copying them."""
    def handle(wire, stage):
        for _ in range(ROUNDS):
            wire.until(b"\r\n\r\n")
            left = 3004 - len(wire.kept)
            wire.kept = b""
            while left:
                left -= wire.sock.recv_into(bytearray(left), left, socket.MSG_TRUNC)
            wire.send(FAILED)
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(*[UPLOAD] * ROUNDS)
    check.both(server.port, server_error=ROUNDS)


def test_peeking_is_not_reading():
    """A server that only ever looks has read nothing: the request is still waiting."""
    def handle(wire, stage):
        for _ in range(5):
            assert wire.sock.recv(1000, socket.MSG_PEEK) == GET
        stage.say("peeked")
        stage.wait("never")

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(GET)
            server.heard("peeked")
            check.stop()
    check.server(server.port).counts(in_flight=1).bytes(**{"out": 0})


def test_failed_receives_and_sends_are_nothing():
    def handle(wire, stage):
        wire.sock.setblocking(False)
        for _ in range(20):
            with pytest.raises(BlockingIOError):
                wire.sock.recv(100)
        stage.say("polled")
        wire.sock.setblocking(True)
        while wire.request():
            wire.sock.sendall(b"")
            wire.send(response())

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            server.heard("polled")
            client.ask(GET, GET)
    check.both(server.port, ok=2)


def test_the_same_calls_on_other_sockets_are_not_counted():
    """AF_UNIX and UDP pass the same tracepoints."""
    with serve(always_ok) as server, Check(server.port) as check:
        left, right = socket.socketpair()
        one, two = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        one.bind(("127.0.0.1", server.port))
        for _ in range(10):
            left.send(GET)
            right.recv(1000)
            two.sendto(GET, one.getsockname())
            one.recv(1000)
        with connect(server) as client:
            client.ask(GET)
        for sock in (left, right, one, two):
            sock.close()
    check.both(server.port, ok=1)
