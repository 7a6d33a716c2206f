# SPDX-License-Identifier: Apache-2.0
"""Large bodies either way, answers that come before the body has, and half-closed connections."""

import collections
import functools
import os
import tempfile
import time

import pytest

from actors import always_ok, serve, side_by_side
from troth import Check
from wire import GET, OK, connect, request, response

MB = 1 << 20


def test_a_large_upload_is_one_exchange():
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(request("POST", "/", body=bytes(12 * MB)), GET)
        sent, received = client.sent, client.received
    check.both(server.port, ok=2)
    check.server(server.port).bytes(**{"in": sent, "out": received})
    check.client(server.port).bytes(**{"in": received, "out": sent})


def test_a_large_file_sent_to_a_slow_reader_is_one_exchange():
    size = 40 * MB

    def handle(wire, stage):
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            while wire.request():
                wire.send(response(200, None, f"Content-Length: {size}"))
                at = 0
                while at < size:
                    at += os.sendfile(wire.sock.fileno(), file.fileno(), at, size - at)
                stage.say("sent", time.monotonic())

    with serve(handle) as server, Check(server.port) as check:
        with connect(server, receive_buffer=200_000) as client:
            began = time.monotonic()
            client.send(GET)
            client.head()
            left = size - len(client.kept)
            while left:
                left -= len(client.read(min(left, MB)))
                time.sleep(0.01)
            client_took = time.monotonic() - began
            server_took = server.heard("sent") - began
        received = client.received
    check.both(server.port, ok=1)
    check.server(server.port).bytes(out=received).time("latency_s.max", server_took)
    check.client(server.port).bytes(**{"in": received}).time("latency_s.max", client_took - 0.02,
                                                            client_took)


def drain_then_answer(early, size):
    """Answers when it has seen the head, reads the body afterwards."""
    def handle(wire, stage):
        wire.until(b"\r\n\r\n")
        wire.send(early)
        stage.say("answered")
        wire.skip(size)
        stage.say("drained")
        while wire.request():
            wire.send(OK)

    return handle


EARLY = {413: "client_error", 503: "server_error", 200: "ok"}
UPLOAD = 2 * MB


def upload_and_ask_again(server):
    with connect(server) as client:
        client.send(request("POST", "/", f"Content-Length: {UPLOAD}"))
        server.heard("answered")
        client.response()
        client.send(*[b"x" * (UPLOAD // 8)] * 8, pause_s=0.005)
        server.heard("drained")
        client.ask(GET)


def upload_and_leave(server):
    """The head and half of the body are there when the answer goes out."""
    with connect(server) as client:
        client.send(request("POST", "/", f"Content-Length: {UPLOAD}") + b"x" * (UPLOAD // 2))
        server.heard("answered")
        client.send(b"x" * (UPLOAD // 4), b"x" * (UPLOAD // 4), pause_s=0.01)
        server.heard("drained")
        client.response()


@functools.cache
def answered_early():
    ways = upload_and_ask_again, upload_and_leave
    return side_by_side({(status, way): (drain_then_answer(response(status), UPLOAD), way)
                         for status in EARLY for way in ways})


@pytest.mark.parametrize("status", EARLY)
def test_the_rest_of_an_upload_after_an_early_answer_is_no_exchange(status):
    """… and the connection is good for the next one."""
    want = collections.Counter(("ok", EARLY[status]))
    answered_early()[status, upload_and_ask_again].both(**want)


@pytest.mark.parametrize("status", EARLY)
def test_an_early_answer_while_the_body_is_on_its_way_is_one_exchange(status):
    answered_early()[status, upload_and_leave].both(**{EARLY[status]: 1})


def test_an_early_413_and_a_reset_is_a_client_error():
    """Nobody reads the rest: the close becomes a reset, but the answer had gone out."""
    def handle(wire, stage):
        wire.until(b"\r\n\r\n")
        wire.send(response(413))
        stage.wait("answer was read")

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(request("POST", "/", f"Content-Length: {MB}"))
            client.response()
            client.send(b"x" * 5000)
            server.cue("answer was read")
            server.heard("closed")
    check.both(server.port, client_error=1)
    check.server(server.port).connections(reset_by_us=1)


def test_an_upload_read_after_its_answer_does_not_hide_the_next_requests():
    """Early 200, the body discarded later in small receives, three times over."""
    size = 300_000

    def handle(wire, stage):
        for _ in range(3):
            wire.until(b"\r\n\r\n")
            wire.send(OK)
            wire.skip(size)
            stage.say("drained")
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(3):
                client.send(request("PUT", "/", f"Content-Length: {size}"))
                client.response()
                client.send(b"\x00" * size)
                server.heard("drained")
    check.both(server.port, ok=3)


def test_a_half_close_ends_nothing():
    def handle(wire, stage):
        assert wire.request()
        assert wire.rest() == b""
        time.sleep(0.05)
        wire.send(response(200, None, "Content-Length: 20"), b"x" * 10, b"y" * 10, pause_s=0.01)

    took = []
    with serve(handle) as server, Check(server.port) as check:
        for _ in range(3):
            with connect(server) as client:
                began = time.monotonic()
                client.send(GET)
                client.half_close()
                assert client.response() == 200
                took.append(time.monotonic() - began)
                assert client.rest() == b""
    check.both(server.port, ok=3)
    # A bucket is 9 % wide.
    check.server(server.port).time("latency_s.p50", 0.06, max(0.075, sorted(took)[1] * 1.09))


def test_a_half_close_before_the_request_is_read_ends_nothing():
    def handle(wire, stage):
        stage.wait("closed half")
        while wire.request():
            wire.send(OK)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(GET)
            client.half_close()
            server.cue("closed half")
            client.response()
    check.both(server.port, ok=1)
