# SPDX-License-Identifier: Apache-2.0
"""What takes seconds: silence, streams, patience. All of it happens at once, under one check."""

import contextlib
import errno
import fcntl
import socket
import threading
import time

import pytest

from actors import Actor, hang, never_accept, serve
from troth import Check
from wire import GET, OK, connect, request, response

IDLE_END_S = 5
SILENCE_S = IDLE_END_S + 2.5  # the sweep may come a second late
PATIENCE_S = 10

plays = {}


def play(server):
    """A scenario: its server, and (client, notes) that it runs in a thread of its own."""
    def decorate(act):
        plays[act.__name__] = server, act
        return act
    return decorate


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def trickle(wire, stage):
    while wire.request():
        wire.send(response(200, None, "Transfer-Encoding: chunked"),
                  *[chunk(b"tick")] * 10, chunk(b""), pause_s=0.25)
        stage.say("sent", time.monotonic())


@play(trickle)
def trickled(server, notes):
    with connect(server) as client:
        before = time.monotonic()
        client.send(GET)
        after = time.monotonic()
        client.response()
        read, sent = time.monotonic(), server.heard("sent")
        notes["least"], notes["sent"], notes["read"] = sent - after, sent - before, read - before


def pause_in_the_answer(wire, stage):
    wire.request()
    wire.send(response(200, None, "Content-Length: 20") + b"x" * 10, b"y" * 10, pause_s=SILENCE_S)
    wire.rest()


@play(pause_in_the_answer)
def streamed(server, notes):
    with connect(server) as client:
        client.ask(GET)


def pause_again_and_again(wire, stage):
    wire.request()
    wire.send(response(200, None, "Content-Length: 30"), b"x" * 10)
    time.sleep(SILENCE_S)
    wire.send(b"y" * 10, b"z" * 5, pause_s=0.01)
    wire.send(b"z" * 5)
    while wire.request():
        wire.send(OK)


@play(pause_again_and_again)
def streamed_then_kept(server, notes):
    with connect(server) as client:
        client.ask(GET, GET, GET)


def reply(wire, stage):
    while wire.request():
        wire.send(OK)


@play(reply)
def idle_between_requests(server, notes):
    with connect(server) as client:
        client.ask(GET)
        time.sleep(SILENCE_S)
        client.ask(GET)


def think(wire, stage):
    wire.request()
    time.sleep(SILENCE_S)
    wire.send(OK)
    wire.rest()


@play(think)
def long_poll(server, notes):
    with connect(server) as client:
        began = time.monotonic()
        client.ask(GET)
        notes["took"] = time.monotonic() - began


@play(reply)
def pause_in_the_upload(server, notes):
    with connect(server) as client:
        began = time.monotonic()
        client.send(request("POST", "/", "Content-Length: 20") + b"x" * 10)
        time.sleep(SILENCE_S)
        client.send(b"x" * 10)
        client.response()
        notes["took"] = time.monotonic() - began


@play(hang)
def gave_up_after_patience(server, notes):
    with connect(server) as client:
        client.send(GET)
        time.sleep(PATIENCE_S + 0.5)
        client.reset()
        server.heard("closed")


@play(hang)
def waiting_beyond_patience(server, notes):
    client = notes["kept"] = connect(server)
    client.send(GET)


@play(hang)
def half_asked(server, notes):
    client = notes["kept"] = connect(server)
    client.send(GET[:-2])


def binary_pong(wire, stage):
    while True:
        wire.exactly(8)
        wire.send(b"\xf7\x00\x00\x00\x01\xff\xffpong")


@play(binary_pong)
def unknown_with_pauses(server, notes):
    with connect(server) as client:
        for pause_s in (0, SILENCE_S, 0):
            time.sleep(pause_s)
            client.send(b"\xf7\x00\x00\x01ping")
            client.exactly(11)


def early_then_slow(wire, stage):
    wire.until(b"\r\n\r\n")
    wire.send(response(413))
    wire.skip(30)
    wire.request()
    wire.send(OK)
    wire.rest()


@play(early_then_slow)
def upload_after_an_early_answer_and_silence(server, notes):
    with connect(server) as client:
        client.send(request("POST", "/", "Content-Length: 30") + b"x" * 10)
        client.response()
        time.sleep(SILENCE_S)
        client.send(b"x" * 20)
        time.sleep(0.05)
        client.ask(GET)


@play(reply)
def unread_close(server, notes):
    """The kept connection is closed long after the sweep has ended its exchange."""
    with connect(server) as client:
        client.ask(GET)
        time.sleep(SILENCE_S)


@pytest.fixture(scope="module")
def outcome():
    """name -> (check, port, notes), after all scenarios ran side by side."""
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(serve(handle))
                   for name, (handle, _) in plays.items()}
        full = stack.enter_context(Actor(never_accept, backlog=0))
        notes = {name: {} for name in plays}
        errors = []

        def act(name):
            try:
                plays[name][1](servers[name], notes[name])
            except BaseException as error:
                errors.append((name, repr(error)))

        with Check(*(s.port for s in servers.values()), full.port) as check:
            threads = [threading.Thread(target=act, args=(name,)) for name in plays]
            for thread in threads:
                thread.start()
            notes["full"] = overfill(full)
            for thread in threads:
                thread.join()
            time.sleep(max(0, PATIENCE_S + 0.7 - check_age(check)))
        assert not errors, errors
        for kept in notes.values():
            if "kept" in kept:
                kept["kept"].close()
    seen = {name: (check, servers[name].port, notes[name]) for name in plays}
    return seen | {"full": (check, full.port, notes["full"])}


def check_age(check):
    return time.monotonic() - check.ready_at


@contextlib.contextmanager
def nobody_else():
    """Who overfills a queue does so alone: drops are the host's."""
    with open(__file__) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@nobody_else()
def overfill(server):
    """Fills the accept queue; connects to it until two of them time out. What came of it."""
    TCP_SYNCNT = 7
    drops = listen_drops()
    filling = [connect(server)]
    late = []
    for _ in range(2):
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_TCP, TCP_SYNCNT, 1)
        sock.setblocking(False)
        assert sock.connect_ex(server.address) == errno.EINPROGRESS
        late.append(sock)
    end = time.monotonic() + 8
    codes = [0] * len(late)
    while not all(codes) and time.monotonic() < end:
        time.sleep(0.1)
        codes = [c or s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                 for c, s in zip(codes, late)]
    for sock in late:
        sock.close()
    assert codes == [errno.ETIMEDOUT] * len(late), codes
    return {"timed_out": len(late), "kept": filling[0], "drops": listen_drops() - drops}


def listen_drops():
    """The kernel's own count, over all listeners of this namespace."""
    with open("/proc/net/netstat") as file:
        names, values = [line.split() for line in file if line.startswith("TcpExt:")]
    return int(values[names.index("ListenDrops")])


def of(outcome, name):
    check, port, notes = outcome[name]
    return check.server(port), check.client(port), notes


@pytest.mark.limit_s(60)
def test_a_trickled_answer_is_one_exchange_to_its_last_byte(outcome):
    server, client, notes = of(outcome, "trickled")
    for service, most in (server, notes["sent"]), (client, notes["read"]):
        service.counts(ok=1).time("latency_s.max", notes["least"], most)
        service.slo("latency", good=0, total=1)
    server.time("parts_s.send.mean", 2.75, notes["sent"])


def test_an_answer_that_goes_on_after_silence_has_streamed(outcome):
    """One exchange still; its latency was counted at the silence, and is taken out again."""
    for service in of(outcome, "streamed")[:2]:
        service.counts(ok=1, streamed=1)
        service.slo("availability", good=1, total=1)
        service.slo("latency", total=0)


def test_an_answer_streams_once_and_its_connection_is_kept(outcome):
    for service in of(outcome, "streamed_then_kept")[:2]:
        service.counts(ok=3, streamed=1)


def test_silence_between_requests_is_nobodys_latency(outcome):
    for service in of(outcome, "idle_between_requests")[:2]:
        service.counts(ok=2)
        assert service["latency_s"]["max"] < 1, service.check.explained()


def test_an_answer_that_was_long_in_coming_is_a_slow_answer(outcome):
    took = of(outcome, "long_poll")[2]["took"]
    for service in of(outcome, "long_poll")[:2]:
        service.counts(ok=1).time("latency_s.max", SILENCE_S, took)
        service.time("parts_s.first_byte.mean", SILENCE_S, took)
    of(outcome, "long_poll")[0].time("parts_s.service.mean", SILENCE_S, took)


def test_silence_within_a_request_ends_nothing(outcome):
    server, client, notes = of(outcome, "pause_in_the_upload")
    server.counts(ok=1).time("parts_s.receive.mean", SILENCE_S, notes["took"])
    client.counts(ok=1)


def test_giving_up_after_patience_is_bad_for_availability_too(outcome):
    for service in of(outcome, "gave_up_after_patience")[:2]:
        service.counts(aborted=1)
        service.slo("availability", good=0, total=1, met=False)
        service.slo("latency", good=0, total=1, met=False)


def test_waiting_beyond_patience_is_bad_for_availability_too(outcome):
    for service in of(outcome, "waiting_beyond_patience")[:2]:
        service.counts(in_flight=1)
        service.slo("availability", good=0, total=1, met=False)
        service.slo("latency", good=0, total=1, met=False)


def test_half_a_request_is_waiting_too(outcome):
    of(outcome, "half_asked")[0].counts(in_flight=1)


def test_an_unknown_protocol_may_pause(outcome):
    for service in of(outcome, "unknown_with_pauses")[:2]:
        service.counts(unknown=3)
        assert service["latency_s"]["max"] < 1, service.check.explained()


def test_the_rest_of_an_upload_after_silence_is_no_exchange(outcome):
    for service in of(outcome, "upload_after_an_early_answer_and_silence")[:2]:
        service.counts(client_error=1, ok=1)


def test_a_close_after_the_sweep_ends_nothing_again(outcome):
    for service in of(outcome, "unread_close")[:2]:
        service.counts(ok=1)
        assert service["latency_s"]["max"] < 1, service.check.explained()


def test_connects_that_time_out_are_counted(outcome):
    check, port, notes = outcome["full"]
    check.client(port).counts().connections(connect_timeouts=notes["timed_out"], refused=0)


def test_connections_that_the_listener_dropped_are_counted(outcome):
    """As often as a SYN came again: the kernel's own count is the truth."""
    check, port, notes = outcome["full"]
    check.server(port).counts().connections(accept_overflows=notes["drops"])
