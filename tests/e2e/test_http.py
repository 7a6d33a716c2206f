# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.x in every shape that servers and clients give it: what is one exchange, and how it ended."""

import time

import pytest

from actors import always_ok, answers, serve
from troth import Check
from wire import CONTINUE, GET, OK, connect, request, response


def test_each_request_on_a_kept_connection_is_an_exchange():
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(*[GET] * 7)
    check.both(server.port, ok=7)
    assert check.server(server.port)["protocol"] == "http"


@pytest.mark.parametrize("status, outcome", [
    (200, "ok"), (201, "ok"), (302, "ok"), (400, "client_error"), (404, "client_error"),
    (429, "client_error"), (499, "client_error"), (500, "server_error"), (503, "server_error"),
    (599, "server_error")])
def test_the_status_decides_the_outcome(status, outcome):
    with serve(answers(response(status))) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET)
    check.both(server.port, **{outcome: 2})


def test_outcomes_of_one_connection_are_told_apart():
    replies = [response(s) for s in (200, 404, 503, 200, 500, 301)]
    with serve(answers(*replies)) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(*[GET] * 6)
    check.both(server.port, ok=3, client_error=1, server_error=2)


def test_http_1_0_ends_with_the_connection():
    def handle(wire, stage):
        wire.request()
        wire.send(b"HTTP/1.0 200 OK\r\n\r\nall until the end")

    with serve(handle) as server, Check(server.port) as check:
        for _ in range(3):
            with connect(server) as client:
                client.send(b"GET / HTTP/1.0\r\n\r\n")
                assert client.rest().endswith(b"until the end")
    check.both(server.port, ok=3)


def in_pieces(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 7, 18])
def test_a_request_in_many_segments_is_one(size):
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(2):
                client.send(*in_pieces(GET, size), pause_s=0.001)
                client.response()
    check.both(server.port, ok=2)


def test_a_request_read_byte_by_byte_is_one():
    def handle(wire, stage):
        for _ in range(2):
            while b"\r\n\r\n" not in wire.kept:
                wire.more(1)
            wire.kept = b""
            wire.send(OK)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET)
    check.both(server.port, ok=2)


def test_a_request_whose_body_follows_later_is_one():
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            head = request("POST", "/", "Content-Length: 30")
            client.send(head, b"x" * 10, b"y" * 20, pause_s=0.02)
            client.response()
    check.both(server.port, ok=1)


BROKEN = response(503, b"no luck today")


@pytest.mark.parametrize("pieces", [
    [b"HTTP/1.1 ", BROKEN[9:]],
    [b"H", BROKEN[1:]],
    [b"HTTP/1.1 5", BROKEN[10:]],
    [b"HTTP/1.1 50", BROKEN[11:]],
    in_pieces(BROKEN, 1),
], ids=["before the status", "after one byte", "in the status", "late in the status", "bytes"])
def test_a_status_line_in_pieces_is_read_whole(pieces):
    """… whether the client reads it in the same pieces or at once."""
    def handle(wire, stage):
        while wire.request():
            wire.send(*pieces, pause_s=0.002)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET)
            client.send(GET)
            time.sleep(0.002 * len(pieces) + 0.05)
            client.response()
    check.both(server.port, server_error=2)


def test_a_status_line_that_lies_across_vectors_is_read_whole():
    def handle(wire, stage):
        while wire.request():
            wire.sock.sendmsg([b"HTTP", b"/1.1 ", b"5", b"0", BROKEN[11:20], BROKEN[20:]])

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(3):
                client.send(GET)
                into = [bytearray(n) for n in (1, 6, 3, 1, 1, 2000)]
                assert client.sock.recvmsg_into(into)[0] == len(BROKEN)
    check.both(server.port, server_error=3)


def test_a_response_in_many_sends_is_one():
    def handle(wire, stage):
        while wire.request():
            wire.send(response(200, None, "Content-Length: 1000"), *[b"x" * 50] * 20)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET, GET)
    check.both(server.port, ok=3)


@pytest.mark.parametrize("status, outcome", [(200, "ok"), (503, "server_error"),
                                             (404, "client_error")])
def test_100_continue_is_not_the_response(status, outcome):
    def handle(wire, stage):
        wire.until(b"\r\n\r\n")
        wire.send(CONTINUE)
        wire.exactly(1000)
        wire.send(response(status))
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(request("PUT", "/", "Expect: 100-continue", "Content-Length: 1000"))
            assert client.head()[0] == "HTTP/1.1 100 Continue"
            client.send(b"x" * 1000)
            client.response()
    check.both(server.port, **{outcome: 1})


@pytest.mark.parametrize("interims", [1, 2])
def test_100_continue_in_one_send_with_the_final_answer_leaves_the_final_one(interims):
    def handle(wire, stage):
        wire.request()
        wire.send(CONTINUE * interims + response(503))
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(request("PUT", "/", body=b"x" * 1000))
            for _ in range(interims):
                assert client.response() == 100
            assert client.response() == 503
    check.both(server.port, server_error=1)


def test_early_hints_are_not_the_response():
    def handle(wire, stage):
        while wire.request():
            wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", response(500),
                      pause_s=0.02)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(2):
                client.send(GET)
                assert client.response() == 103
                assert client.response() == 500
    check.both(server.port, server_error=2)


def echo(wire):
    while True:
        wire.send(wire.kept)
        wire.kept = b""
        wire.more()


STREAM = [b"\x81\x05hello", GET, OK, b"\x00" * 300, GET]  # HTTP inside a tunnel is a stream too


@pytest.mark.parametrize("ask, agree", [
    (request("GET", "/chat", "Connection: Upgrade", "Upgrade: websocket"),
     response(101, None, "Connection: Upgrade", "Upgrade: websocket")),
    (request("CONNECT", "db:5432"), response(200, None)),
], ids=["101", "CONNECT"])
def test_after_a_switch_of_protocol_there_are_no_exchanges(ask, agree):
    def handle(wire, stage):
        wire.request()
        wire.send(agree)
        echo(wire)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(ask)
            client.head()
            for piece in STREAM:
                client.send(piece)
                client.exactly(len(piece))
    check.both(server.port, ok=1)


def test_a_server_that_speaks_first_in_a_tunnel_is_still_a_stream():
    def handle(wire, stage):
        wire.request()
        wire.send(response(200, None), b"220 mail ready\r\n", OK, pause_s=0.02)
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(request("CONNECT", "mail:25"))
            client.head()
            client.exactly(16 + len(OK))
            client.send(b"QUIT\r\n")
    check.both(server.port, ok=1)


def test_a_refused_connect_leaves_http():
    with serve(answers(response(403), OK)) as server, Check(server.port) as check:
        with connect(server) as client:
            assert client.ask(request("CONNECT", "db:5432"), GET, GET) == 200
    check.both(server.port, client_error=1, ok=2)


def test_answers_without_a_body_are_answers():
    length = response(200, None, "Content-Length: 5000")  # what a GET would have brought
    replies = [length, response(204, None), response(304, None, "Content-Length: 77"), OK]
    with serve(answers(*replies)) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(request("HEAD"), GET, request("GET", "/", "If-None-Match: x"), GET)
    check.both(server.port, ok=4)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_chunks_are_one_answer():
    def handle(wire, stage):
        while wire.request():
            wire.send(response(200, None, "Transfer-Encoding: chunked"), chunk(b"a" * 10),
                      chunk(b"b" * 4000), chunk(b""), pause_s=0.005)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET)
            client.ask(request("GET", "/", "TE: trailers"))
    check.both(server.port, ok=3)


def test_methods_beyond_get_are_requests():
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(*[request(m, "/x", body=b"data") for m in
                         ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT")])
    check.both(server.port, ok=7)


def test_a_long_head_is_one_request():
    long = request("GET", "/" + "p" * 3000, *[f"X-Filler-{i}: {'v' * 200}" for i in range(60)])
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(long, long)
    check.both(server.port, ok=2)
