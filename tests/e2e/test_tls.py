# SPDX-License-Identifier: Apache-2.0
"""TLS 1.3: what is inside is not readable, but told apart and timed. Truth is the client's."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from actors import Actor
from real import NodeTls
from troth import Check
from wire import OK, Wire, request

WAIT_S = 0.15
CALLS = 5


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    assert shutil.which("openssl"), "openssl is part of Debian's base"
    where = tmp_path_factory.mktemp("certificate")
    key, cert = where / "key.pem", where / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", cert, "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    return cert, key


def answer(context, listener):
    for _ in range(CALLS):
        raw, _ = listener.accept()
        with context.wrap_socket(raw, server_side=True) as wire:
            wire.recv(4096)
            time.sleep(WAIT_S)
            wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            wire.recv(4096)


@contextlib.contextmanager
def connect(port):
    """A Wire inside TLS."""
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    with socket.create_connection(("127.0.0.1", port), timeout=15) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as sock:
            assert sock.version() == "TLSv1.3"
            yield Wire(sock)


def test_requests_inside_tls_are_counted_and_timed(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with Check(port) as check:
            server = threading.Thread(target=answer, args=(context, listener))
            server.start()
            for _ in range(CALLS):
                with connect(port) as wire:
                    wire.ask()
            server.join()
    for service in (check.server(port), check.client(port)):
        service.counts(unknown=CALLS)
        assert service["protocol"] == "tls"
        assert WAIT_S <= service["latency_s"]["mean"] < 2 * WAIT_S


NODE_WAIT_S = 0.05
GET = request("GET", "/5")


def kept(port):
    with connect(port) as wire:
        yield from [lambda: wire.ask(GET)] * 40


def one_each(port):
    def ask():
        with connect(port) as wire:
            return wire.ask(GET)

    yield from [ask] * 20


def answers_of_many_records(port):
    with connect(port) as wire:
        yield from [lambda: wire.ask(request("GET", "/300000"))] * 10


def uploads_of_many_records(port):
    with connect(port) as wire:
        yield lambda: wire.ask(GET)
        yield from [lambda: wire.ask(request("POST", "/5", body=bytes(200_000)))] * 10


def with_the_handshake(port):
    """The client's Finished and its request are one segment, read at once."""
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=15) as raw:
            coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(coming, going, server_hostname="localhost")

            def heard(call):
                while True:
                    try:
                        return call()
                    except ssl.SSLWantReadError:
                        raw.sendall(going.read())
                        coming.write(raw.recv(65536))

            def ask():
                tls.write(GET)
                return int(heard(tls.read).split()[1])

            heard(tls.do_handshake)
            yield ask


PLAYS = {play.__name__: play for play in (
    kept, one_each, answers_of_many_records, uploads_of_many_records, with_the_handshake)}


@pytest.fixture(scope="module")
def node(certificate):
    """name -> (check, port, how long each request of that play took by the client's clock)"""
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(NodeTls(*certificate, NODE_WAIT_S)) for name in PLAYS}
        took = {name: [] for name in PLAYS}
        with Check(*(server.port for server in servers.values())) as check:
            for name, play in PLAYS.items():
                for ask in play(servers[name].port):
                    began = time.monotonic()
                    assert ask() == 200
                    took[name].append(time.monotonic() - began)
    return {name: (check, servers[name].port, took[name]) for name in PLAYS}


@pytest.mark.parametrize("play", PLAYS)
def test_node_reads_large_pieces_of_tls(node, play):
    """Several records at once; the time is between its own delay and what the client waited."""
    check, port, took = node[play]
    for service in (check.server(port), check.client(port)):
        service.counts(unknown=len(took))
        assert service["protocol"] == "tls"
        service.time("latency_s.mean", NODE_WAIT_S, sum(took) / len(took))
        service.time("latency_s.max", NODE_WAIT_S, max(took))

@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("idle_s", [1, 6], ids=["before silence", "after silence"])
def test_a_goodbye_is_no_part_of_an_answer(certificate, version, idle_s):
    """The server's close_notify, some time after its last answer; truth is the client's clock."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.maximum_version = ssl.TLSVersion[version]

    def program(listener, stage):
        with context.wrap_socket(listener.accept()[0], server_side=True) as sock:
            wire = Wire(sock)
            for _ in range(2):
                wire.request()
                wire.send(OK)
            time.sleep(idle_s)
            sock.unwrap().close()
        stage.wait("the end")

    with Actor(program) as server, Check(server.port) as check:
        trusting = ssl._create_unverified_context()  # pylint: disable=protected-access
        with socket.create_connection(server.address, timeout=15) as raw:
            with trusting.wrap_socket(raw) as sock:
                began = time.monotonic()
                wire = Wire(sock)
                wire.ask(request(), request())
                took = time.monotonic() - began
                assert wire.rest() == b""
    for service in (check.server(server.port), check.client(server.port)):
        service.counts(unknown=2)
        service.slo("latency", good=2, total=2)
        service.time("latency_s.max", 0, took)


# Plain bytes of a request whose record is as long as a Finished of TLS 1.3, by version: 53 and 69.
LIKE_FINISHED = [("TLSv1_2", 29), ("TLSv1_2", 45), ("TLSv1_3", 36), ("TLSv1_3", 52)]


@pytest.mark.parametrize("version, length", [*LIKE_FINISHED, ("TLSv1_2", 44), ("TLSv1_3", 53)])
def test_a_request_is_one_however_long_its_record_is(certificate, version, length):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.maximum_version = ssl.TLSVersion[version]
    asked = b"GET / HTTP/1.1\r\nX: %s\r\n\r\n"
    asked %= b"x" * (length - len(asked) + 2)
    assert len(asked) == length

    def program(listener, stage):
        with context.wrap_socket(listener.accept()[0], server_side=True) as sock:
            wire = Wire(sock)
            while wire.request():
                wire.send(OK)
        stage.wait("the end")

    with Actor(program) as server, Check(server.port) as check:
        trusting = ssl._create_unverified_context()  # pylint: disable=protected-access
        with socket.create_connection(server.address, timeout=15) as raw:
            with trusting.wrap_socket(raw) as sock:
                Wire(sock).ask(*[asked] * CALLS)
    check.both(server.port, unknown=CALLS)
