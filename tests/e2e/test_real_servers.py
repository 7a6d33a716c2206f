# SPDX-License-Identifier: Apache-2.0
"""nginx, Python's and Node's servers, curl and wrk: each against its own count."""

import os
import subprocess
import time

import pytest

from actors import always_ok, at_once, serve
from real import Nginx, Node, PythonHttpServer, wrk
from troth import Check
from wire import connect, free_port, request


def get(path):
    return request("GET", path)


@pytest.fixture
def nginx():
    with Nginx() as server:
        server.file("small.txt", 1000)
        server.file("large.bin", 30 << 20)
        yield server


def asked(server, *paths):
    """One connection; what the client saw, by status."""
    with connect(server.port) as client:
        for path in paths:
            client.ask(get(path))


def test_nginx_by_outcome(nginx):
    with Check(nginx.port) as check:
        before = nginx.requests()
        paths = ["/ok"] * 10 + ["/missing"] * 4 + ["/broken"] * 3 + ["/small.txt"] * 5
        at_once(*[lambda: asked(nginx, *paths)] * 4)
        for _ in range(2):
            with connect(nginx.port) as client:
                client.send(get("/drop"))
                assert client.rest() == b""
        counted = nginx.requests() - before
    assert counted == 4 * 22 + 2
    check.both(nginx.port, ok=60, client_error=16, server_error=12, no_response=2)
    seen = check.server(nginx.port)
    assert seen["name"] == f"nginx:{nginx.port}", check.explained()
    assert seen["identity"]["exe"] == os.path.realpath("/usr/sbin/nginx"), check.explained()


def test_nginx_sends_large_files(nginx):
    """sendfile, several clients, some of which leave in the middle."""
    def whole():
        with connect(nginx.port) as client:
            client.ask(get("/large.bin"))

    def leave():
        client = connect(nginx.port, receive_buffer=4096)
        client.send(get("/large.bin"))
        client.more(1000)
        time.sleep(0.1)  # until nginx has filled the queues
        client.reset()

    with Check(nginx.port, settle_s=0.2) as check:
        at_once(whole, whole, leave, leave, leave)
    check.server(nginx.port).counts(ok=2, aborted=3)
    check.client(nginx.port).total(5)


def test_nginx_takes_large_uploads(nginx):
    """nginx answers 405 to a POST of a static file, early or late as it likes."""
    with Check(nginx.port) as check:
        with connect(nginx.port) as client:
            client.ask(request("POST", "/small.txt", body=bytes(3 << 20)), get("/ok"))
    check.server(nginx.port).counts(ok=1, client_error=1)


def test_nginx_under_wrk_counts_as_nginx_does(nginx):
    with Check(nginx.port, settle_s=0.3) as check:
        before = nginx.requests()
        answered = wrk(f"http://127.0.0.1:{nginx.port}/ok", seconds=2)
        counted = nginx.requests() - before
    seen = check.server(nginx.port)
    exchanges = seen["exchanges"]
    # What wrk leaves behind may be reset before nginx has read it: nginx knows nothing of those.
    assert counted <= exchanges["total"] <= counted + exchanges["aborted"], check.explained()
    assert exchanges["ok"] >= answered
    seen.counts(ok=exchanges["total"] - exchanges["aborted"], aborted=exchanges["aborted"])
    assert check.json["measurement"]["coverage"] == 1


@pytest.mark.parametrize("way", ["/proxied/", "/kept/"])
def test_a_chain_of_servers_is_counted_at_each_link(way):
    """Client, nginx, Python: four services, one number."""
    with serve(always_ok) as python, Nginx(upstream=python.port) as nginx, \
            Check(nginx.port, python.port) as check:
        asked(nginx, *[way] * 25)
        asked(nginx, "/ok")
    check.both(nginx.port, ok=26)
    check.server(python.port).counts(ok=25)
    upstream = check.client(python.port).counts(ok=25)
    assert upstream["identity"]["comm"] == "nginx", check.explained()


def test_a_broken_upstream_is_seen_from_both_sides():
    """It drops what it is asked: nginx turns that into 502."""
    def drop(wire, stage):
        wire.request()

    with serve(drop) as python, Nginx(upstream=python.port) as nginx, \
            Check(nginx.port, python.port) as check:
        asked(nginx, *["/proxied/"] * 3)
    check.both(nginx.port, server_error=3)
    check.both(python.port, no_response=3)


def test_an_upstream_that_nobody_serves_is_refused():
    closed = free_port()
    with Nginx(upstream=closed) as nginx, Check(nginx.port, closed) as check:
        asked(nginx, "/proxied/")
    check.both(nginx.port, server_error=1)
    check.client(closed).counts().connections(refused=1)


def test_pythons_http_server():
    with PythonHttpServer() as server, Check(server.port) as check:
        for path in ["/page.html"] * 5 + ["/"] * 2 + ["/missing"] * 3:
            with connect(server.port) as client:
                client.send(get(path))
                assert client.rest()
        with connect(server.port) as client:
            client.send(request("POST", "/page.html", body=b"x"))
            assert b" 501 " in client.rest()
    check.both(server.port, ok=7, client_error=3, server_error=1)


def test_node():
    with Node() as server, Check(server.port) as check:
        def ask():
            asked(server, *["/200"] * 10, "/404", "/500", "/stream", "/stream")
            with connect(server.port) as client:
                client.ask(request("POST", "/echo", body=b"x" * 100_000))
            with connect(server.port) as client:
                client.send(get("/drop"))
                client.sock.recv(100)
        at_once(*[ask] * 4)
    check.both(server.port, ok=52, client_error=4, server_error=4, no_response=4)
    assert check.server(server.port)["identity"]["comm"].startswith("node"), check.explained()


def test_curl(nginx):
    url = f"http://127.0.0.1:{nginx.port}"
    with Check(nginx.port) as check:
        subprocess.run(["curl", "-s", "-o", "/dev/null", f"{url}/ok", f"{url}/missing"],
                       check=True)
        subprocess.run(["curl", "-s", "-I", "-o", "/dev/null", f"{url}/small.txt"], check=True)
        subprocess.run(["curl", "-s", "-o", "/dev/null", "-H", "Expect: 100-continue",
                        "--data-binary", "x" * 5000, f"{url}/ok"], check=True)
    check.both(nginx.port, ok=3, client_error=1)


def test_a_server_that_reloads_stays_one_service(nginx):
    """New workers, old ones finish: nothing is counted twice or missed."""
    with Check(nginx.port, settle_s=0.3) as check:
        before = nginx.requests()
        asked(nginx, *["/ok"] * 10)
        nginx.process.send_signal(1)
        for _ in range(50):
            asked(nginx, "/ok")
        counted = nginx.requests() - before
    assert counted == 60
    check.both(nginx.port, ok=60)
