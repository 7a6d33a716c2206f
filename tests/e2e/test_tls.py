# SPDX-License-Identifier: Apache-2.0
"""TLS 1.3: what is inside is not readable, but it is told apart and timed. Truth is the client's."""
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from troth import Check

WAIT_S = 0.15
CALLS = 5


@pytest.fixture
def certificate(tmp_path):
    assert shutil.which("openssl"), "openssl is part of Debian's base"
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
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


def ask(port):
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    with socket.create_connection(("127.0.0.1", port)) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as wire:
            assert wire.version() == "TLSv1.3"
            wire.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert wire.recv(4096).endswith(b"ok")


def test_requests_inside_tls_are_counted_and_timed(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with Check(port) as check:
            server = threading.Thread(target=answer, args=(context, listener))
            server.start()
            for _ in range(CALLS):
                ask(port)
            server.join()
    for service in (check.server(port), check.client(port)):
        service.counts(unknown=CALLS)
        assert service["protocol"] == "tls"
        assert WAIT_S <= service["latency_s"]["mean"] < 2 * WAIT_S
