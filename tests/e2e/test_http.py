# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.x as servers and clients speak it: what is one exchange, and how it ended."""

import functools

import pytest

from actors import always_ok, answers, serve, side_by_side
from troth import Check
from wire import CONTINUE, GET, OK, connect, request, response


def test_each_request_on_a_kept_connection_is_an_exchange():
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(*[GET] * 7)
    check.both(server.port, ok=7)
    assert check.server(server.port)["protocol"] == "http"


OUTCOME_OF = {200: "ok", 201: "ok", 302: "ok", 399: "ok", 400: "client_error",
              404: "client_error", 429: "client_error", 499: "client_error",
              500: "server_error", 503: "server_error", 599: "server_error"}


def ask_twice(server):
    with connect(server) as client:
        client.ask(GET, GET)


@functools.cache
def by_status():
    return side_by_side({s: (answers(response(s)), ask_twice) for s in OUTCOME_OF})


@pytest.mark.parametrize("status", OUTCOME_OF)
def test_the_status_decides_the_outcome(status):
    by_status()[status].both(**{OUTCOME_OF[status]: 2})


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


@functools.cache
def by_segment():
    def ask(size):
        def act(server):
            with connect(server) as client:
                for _ in range(2):
                    client.send(*in_pieces(GET, size), pause_s=0.001)
                    client.response()
        return act

    return side_by_side({size: (always_ok, ask(size)) for size in SEGMENTS})


SEGMENTS = (1, 7, 18)


@pytest.mark.parametrize("size", SEGMENTS)
def test_a_request_in_many_segments_is_one(size):
    by_segment()[size].both(ok=2)


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


CUTS = {"before the status": [b"HTTP/1.1 ", BROKEN[9:]],
        "after one byte": [b"H", BROKEN[1:]],
        "in the status": [b"HTTP/1.1 5", BROKEN[10:]],
        "late in the status": [b"HTTP/1.1 50", BROKEN[11:]],
        "bytes": in_pieces(BROKEN, 1)}


@functools.cache
def by_cut():
    """The client reads the first answer in the server's pieces, the second one whole."""
    def say(pieces):
        def handle(wire, stage):
            while wire.request():
                wire.send(*pieces, pause_s=0.002)
                stage.say("said")
        return handle

    def act(server):
        with connect(server) as client:
            client.ask(GET)
            server.heard("said")
            client.send(GET)
            server.heard("said")
            client.response()

    return side_by_side({cut: (say(pieces), act) for cut, pieces in CUTS.items()})


@pytest.mark.parametrize("cut", CUTS)
def test_a_status_line_in_pieces_is_read_whole(cut):
    by_cut()[cut].both(server_error=2)


def exchanged_in_vectors(*sizes):
    """Three answers, sent and received in vectors of these sizes."""
    at = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    vectors = [BROKEN[a:b] for a, b in zip(at, at[1:])] + [BROKEN[at[-1]:]]

    def handle(wire, stage):
        while wire.request():
            wire.sock.sendmsg(vectors)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(3):
                client.send(GET)
                into = [bytearray(n) for n in (*sizes, 2000)]
                assert client.sock.recvmsg_into(into)[0] == len(BROKEN)
    return check, server.port


def test_a_status_line_that_lies_across_vectors_is_read_whole():
    check, port = exchanged_in_vectors(4, 6, 1)
    check.both(port, server_error=3)


def test_a_status_line_in_many_tiny_vectors_is_counted():
    """So many that its reader may stop before the status; the exchange is there all the same."""
    check, port = exchanged_in_vectors(*[1] * 14)
    check.server(port).total(3)
    check.client(port).total(3)


def test_a_response_in_many_sends_is_one():
    def handle(wire, stage):
        while wire.request():
            wire.send(response(200, None, "Content-Length: 1000"), *[b"x" * 50] * 20)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET, GET)
    check.both(server.port, ok=3)


def continue_first(status):
    def handle(wire, stage):
        wire.until(b"\r\n\r\n")
        wire.send(CONTINUE)
        wire.exactly(1000)
        wire.send(response(status))
        wire.rest()
    return handle


def continue_and_answer(interims):
    def handle(wire, stage):
        wire.until(b"\r\n\r\n")
        wire.exactly(1000)
        wire.send(CONTINUE * interims + response(503))
        wire.rest()
    return handle


def expect_continue(server):
    with connect(server) as client:
        client.send(request("PUT", "/", "Expect: 100-continue", "Content-Length: 1000"))
        assert client.response() == 100
        client.send(b"x" * 1000)
        while client.response() == 100:
            pass


def expect_nothing(server):
    with connect(server) as client:
        client.send(request("PUT", "/", body=b"x" * 1000))
        while client.response() == 100:
            pass


@functools.cache
def continued():
    return side_by_side(
        {status: (continue_first(status), expect_continue) for status in (200, 404, 503)}
        | {f"with {n}": (continue_and_answer(n), expect_nothing) for n in (1, 2)})


@pytest.mark.parametrize("status", [200, 404, 503])
def test_100_continue_is_not_the_response(status):
    continued()[status].both(**{OUTCOME_OF[status]: 1})


@pytest.mark.parametrize("interims", [1, 2])
def test_100_continue_in_one_send_with_the_final_answer_leaves_the_final_one(interims):
    continued()[f"with {interims}"].both(server_error=1)


def test_interim_and_final_answers_may_be_cut_anywhere():
    """A send ends in the interim answer, the next one in the final status."""
    broken = response(503)
    cuts = [[CONTINUE + b"HTT", broken[3:]], [CONTINUE[:-1], CONTINUE[-1:] + broken],
            [CONTINUE[:5], CONTINUE[5:] + broken[:11], broken[11:]]]

    def say(pieces):
        def handle(wire, stage):
            while wire.request():
                wire.send(*pieces, pause_s=0.003)
        return handle

    def act(server):
        with connect(server) as client:
            for _ in range(3):
                client.send(GET)
                assert (client.response(), client.response()) == (100, 503)

    for seen in side_by_side({i: (say(cut), act) for i, cut in enumerate(cuts)}).values():
        seen.both(server_error=3)


def test_a_final_answer_behind_long_early_hints_is_counted():
    """In one send, and the hints are longer than any window: the outcome may stay unknown."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"a" * 600 + b">\r\n\r\n"

    def handle(wire, stage):
        while wire.request():
            wire.send(hints + OK)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(3):
                client.send(GET)
                assert (client.response(), client.response()) == (103, 200)
    for seen in (check.server(server.port), check.client(server.port)):
        exchanges = seen.total(3)["exchanges"]
        assert exchanges["ok"] + exchanges["unknown"] == 3, check.explained()


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
                         ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH",
                          "VERSION-CONTROL", "UPDATEREDIRECTREF", "X")])
    check.both(server.port, ok=10)


def test_an_empty_line_before_a_request_belongs_to_it():
    """RFC 9112 2.2: old clients end a body with one too many."""
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(request("POST", "/", body=b"data") + b"\r\n")
            client.ask(GET)
            client.send(b"\r\n" + GET)
            client.response()
    check.both(server.port, ok=3)


def test_a_long_head_is_one_request():
    long = request("GET", "/" + "p" * 3000, *[f"X-Filler-{i}: {'v' * 200}" for i in range(60)])
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(long, long)
    check.both(server.port, ok=2)
