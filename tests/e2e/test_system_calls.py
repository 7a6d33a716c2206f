# SPDX-License-Identifier: Apache-2.0
"""Whatever call moves the bytes, the exchange is the same."""

import contextlib
import functools
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


def play(side, call, stack):
    """A server, and what a client does with it, where one side makes its calls by `call`."""
    kind = "send" if call in calls.SENDS + calls.BLIND_SENDS else "receive"
    mine = {side: {kind: call}}

    def handle(wire, stage):
        with_calls(wire, **mine.get("server", {}))
        while wire.request():
            wire.send(FAILED)

    def ask(server):
        with connect(server) as wire:
            with_calls(wire, **mine.get("client", {}))
            wire.sock.settimeout(None)  # Python polls before each call otherwise
            for _ in range(ROUNDS):
                wire.ask(UPLOAD)
        server.heard("closed")
        return wire

    return stack.enter_context(serve(handle)), ask


@functools.cache
def seen(side, some_calls):
    """One check of them all: call -> the service of that side, its other side, the bytes."""
    with contextlib.ExitStack() as stack:
        plays = {call: play(side, call, stack) for call in some_calls}
        with Check(*(server.port for server, _ in plays.values())) as check:
            wires = {call: ask(server) for call, (server, ask) in plays.items()}
    services = {}
    for call, (server, _) in plays.items():
        pair = {"server": check.server(server.port), "client": check.client(server.port)}
        services[call] = pair.pop(side), *pair.values(), wires[call]
    return services


def expect(services, blind=False):
    """Counts and bytes of both sides; a side that worked unseen may not know the outcome."""
    actor, partner, wire = services
    partner.counts(server_error=ROUNDS)
    actor.total(ROUNDS)
    if not blind:
        actor.counts(server_error=ROUNDS)
    for service in (actor, partner):
        there = {"in": wire.sent, "out": wire.received}
        back = {"in": wire.received, "out": wire.sent}
        service.bytes(**(there if service["role"] == "server" else back))


def of(some_calls):
    return pytest.mark.parametrize("call", some_calls, ids=lambda call: call.__name__)


SIDES = pytest.mark.parametrize("side", ["server", "client"])


@SIDES
@of(calls.SENDS)
def test_either_side_may_send_by(side, call):
    expect(seen(side, calls.SENDS)[call])


@SIDES
@of(calls.RECEIVES)
def test_either_side_may_read_by(side, call):
    expect(seen(side, calls.RECEIVES)[call])


@SIDES
@of(calls.BLIND)
def test_what_either_side_moves_unseen_is_counted(side, call):
    """Calls that pass no hook or no buffer: the sequence numbers and the other end tell."""
    expect(seen(side, calls.BLIND)[call], blind=True)


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
