# SPDX-License-Identifier: Apache-2.0
"""Bytes that no known system call moves: counted all the same, and said to be of unknown outcome.

io_uring moves bytes in a call that names no socket, a 32-bit program by numbers that mean other calls.
"""

import ctypes
import functools
import pathlib
import platform
import re
import subprocess
import tempfile

import pytest

import calls
from actors import serve
from troth import Check
from wire import GET, Wire, connect, response

HERE = pathlib.Path(__file__).parent
ANSWER = response(503, b"x" * 1000)
REQUESTS = 20
WHY = re.compile(r"not seen (\d+) (?:payloads moved by|steps that no system call showed)"
                 r"[^:]*io_uring[^:]*32-bit program[^:]*: [^.]*outcome")


@functools.cache
def library():
    with tempfile.TemporaryDirectory(prefix="troth-e2e-") as directory:
        built = f"{directory}/ring.so"
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared",
                        "-fPIC", "-I", HERE / "../..", "-o", built, HERE / "ring.c",
                        HERE / "../vm/uring.c"], check=True)
        return ctypes.CDLL(built)


def ring_is_there():
    io_uring_setup = 425
    calls.libc.syscall(io_uring_setup, 0, None)
    return ctypes.get_errno() not in (1, 38)  # EPERM, ENOSYS; a ring of no entries is EINVAL


@pytest.fixture(params=["ring", "i386"], ids=["io_uring", "32 bit"])
def means(request):
    """How one side makes its calls."""
    if request.param == "ring" and not ring_is_there():
        pytest.skip("this kernel has no io_uring, or it is switched off")
    if request.param == "i386" and platform.machine() != "x86_64":
        pytest.skip("only x86 kernels have calls of 32-bit programs beside their own")
    return request.param


class UnseenWire(Wire):
    """Moves every byte so."""

    def __init__(self, wire, means):
        super().__init__(wire.sock)
        self.sock.settimeout(None)
        self.send_by = getattr(library(), f"{means}_send")
        self.read_by = getattr(library(), f"{means}_recv")

    def send(self, *pieces):
        for piece in pieces:
            assert self.send_by(self.sock.fileno(), piece, len(piece)) == len(piece)
            self.sent += len(piece)

    def read(self, size=65536):
        buffer = ctypes.create_string_buffer(size)
        taken = self.read_by(self.sock.fileno(), buffer, size)
        assert taken >= 0, f"error {-taken}"
        self.received += taken
        return buffer.raw[:taken]


def said_in(check):
    return WHY.search(" ".join(check.stdout.split()))


def answer_all(wire, stage):
    while wire.request() is not None:
        wire.send(ANSWER)


def play(means, unseen, handle=answer_all, output="json"):
    """One connection under a check; its port, and the client's end. unseen: who moves bytes so."""
    def end_of(side, wire):
        return UnseenWire(wire, means) if side in unseen else wire

    with serve(lambda wire, stage: handle(end_of("server", wire), stage)) as server, \
            Check(server.port, output=output) as check:
        with connect(server) as client:
            client = end_of("client", client)
            client.ask(*[GET] * REQUESTS)
        server.heard("closed")
    return check, server.port, client


@pytest.mark.parametrize("unseen", [("server",), ("client",), ("server", "client")], ids="+".join)
def test_exchanges_are_counted_and_their_outcomes_are_unknown(means, unseen):
    check, port, client = play(means, unseen)
    for side in ("server", "client"):
        service = check.one(side, port).counts(**{
            "unknown" if side in unseen else "server_error": REQUESTS})
        ways = {"in": client.sent, "out": client.received}
        service.bytes(**(ways if side == "server" else dict(zip(ways, reversed(ways.values())))))
    # Each request and each answer was in a call of its own.
    unreadable = check.json["measurement"]["unreadable_payloads"]
    assert unreadable == 2 * REQUESTS * len(unseen), check.explained()


def test_the_table_says_why(means):
    check, _, _ = play(means, ("server",), output="text")
    said = said_in(check)
    assert said and int(said[1]) == 2 * REQUESTS, check.stdout


def test_what_system_calls_move_is_not_suspected():
    check, port, _ = play(None, ())
    check.both(port, server_error=REQUESTS)
    assert check.json["measurement"]["unreadable_payloads"] == 0, check.explained()
    check, _, _ = play(None, (), output="text")
    assert not said_in(check), check.stdout


def test_a_server_that_answers_nothing_is_seen(means):
    """... while it hangs, and when it leaves."""
    def handle(wire, stage):
        wire = UnseenWire(wire, means)
        assert wire.request()
        stage.say("read")
        stage.wait("leave")
        wire.close()

    with serve(handle) as server, Check(server.port) as left, connect(server) as client:
        with Check(server.port) as hung:
            client.send(GET)
            server.heard("read")
        server.cue("leave")
        assert client.rest() == b""
    hung.both(server.port, in_flight=1)
    left.both(server.port, no_response=1)


def test_a_server_whose_answers_alone_are_unseen(means):
    """Its reads are ordinary calls."""
    def handle(wire, stage):
        unseen = UnseenWire(wire, means)
        while wire.request() is not None:
            unseen.send(ANSWER)

    check, port, _ = play(means, (), handle)
    check.server(port).counts(unknown=REQUESTS)
    check.client(port).counts(server_error=REQUESTS)


def test_a_server_whose_reads_alone_are_unseen_tells_its_outcomes(means):
    def handle(wire, stage):
        unseen = UnseenWire(wire, means)
        while unseen.request() is not None:
            wire.send(ANSWER)

    check, port, _ = play(means, (), handle)
    check.both(port, server_error=REQUESTS)
