# SPDX-License-Identifier: Apache-2.0
"""What troth cannot read is still counted and timed; how it ended stays unknown."""

import struct
import time

from actors import serve
from troth import Check
from wire import GET, connect, response


def frame(payload):
    """Length, then bytes that no protocol begins with."""
    return struct.pack(">I", 0xF7000000 | len(payload)) + payload


def take_frame(wire):
    size = struct.unpack(">I", wire.exactly(4))[0] & 0xFFFFFF
    return wire.exactly(size)


PING, PONG = frame(b"\xf7\x01ping"), frame(b"\xf7\x02pong")


def ping_pong(wire, stage):
    while True:
        take_frame(wire)
        wire.send(PONG)


def test_ping_pong_is_counted_and_timed():
    with serve(ping_pong) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(9):
                client.send(PING)
                take_frame(client)
    check.both(server.port, unknown=9)
    for service in (check.server(server.port), check.client(server.port)):
        assert service["protocol"] == "unknown"
        service.slo("latency", good=9, total=9, met=True)
        service.slo("availability", good=0, total=0, sli=None, met=None)
        assert service["latency_s"]["p50"] > 0
    assert check.code == 0, check.explained()


def test_frames_in_many_pieces_are_one_exchange():
    def handle(wire, stage):
        while True:
            take_frame(wire)
            wire.send(PONG[:3], PONG[3:5], PONG[5:], pause_s=0.002)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(3):
                client.send(PING[:2], PING[2:5], PING[5:], pause_s=0.002)
                take_frame(client)
    check.both(server.port, unknown=3)


def test_a_slow_unknown_server_is_bad_for_latency():
    def handle(wire, stage):
        take_frame(wire)
        time.sleep(0.6)
        wire.send(PONG)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(PING)
            take_frame(client)
    check.both(server.port, unknown=1)
    check.server(server.port).slo("latency", good=0, total=1, met=False)


def test_a_banner_is_no_exchange():
    """Mail and database servers speak first."""
    def handle(wire, stage):
        wire.send(b"\xf7 220 ready\r\n")
        ping_pong(wire, stage)

    with serve(handle) as server, Check(server.port) as check:
        for _ in range(2):
            with connect(server) as client:
                client.until(b"\r\n")
                for _ in range(3):
                    client.send(PING)
                    take_frame(client)
    check.both(server.port, unknown=6)


def test_a_banner_alone_is_no_exchange():
    def handle(wire, stage):
        wire.send(b"\xf7 220 ready\r\n")
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.until(b"\r\n")
        server.heard("closed")
    check.nothing_counted(server.port)


def test_endings_are_known_even_where_the_payload_is_not():
    def handle(wire, stage):
        take_frame(wire)
        wire.send(PONG)
        take_frame(wire)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(PING)
            take_frame(client)
            client.send(PING)
            assert client.rest() == b""
    check.both(server.port, unknown=1, no_response=1)


def test_some_unknown_outcomes_make_availability_inexact():
    """A connection that spoke HTTP, and one on the same port that did not."""
    def handle(wire, stage):
        wire.more()
        wire.send(response() if wire.kept.startswith(b"GET") else PONG)
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        for ask in (GET, PING):
            with connect(server) as client:
                client.send(ask)
                client.more()
    check.server(server.port).counts(ok=1, unknown=1).slo("availability", exact=False)


def test_an_unknown_answer_to_an_http_request_is_unknown():
    def handle(wire, stage):
        while wire.request():
            wire.send(PONG)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(3):
                client.send(GET)
                take_frame(client)
    check.server(server.port).counts(unknown=3)
