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

from real import NodeTls
from troth import Check
from wire import Wire, request

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
