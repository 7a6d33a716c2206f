# SPDX-License-Identifier: Apache-2.0
"""Slow and hostile clients: /healthz answers within 2 s and no tick is late, whatever they do."""

import contextlib
import os
import resource
import socket
import threading
import time

import pytest

import exposition
import web
from test_web import certificate, tls_get

HALF = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "


@contextlib.contextmanager
def crowd(server, n, say=b""):
    """So many connections at once, each of which said that much."""
    with contextlib.ExitStack() as stack:
        sockets = []
        for _ in range(n):
            s = stack.enter_context(server.connect())
            if say:
                with contextlib.suppress(OSError):
                    s.sendall(say)
            sockets.append(s)
        yield sockets


def assert_serves(server, times=10):
    for _ in range(times):
        server.healthy_within(2)
        assert server.get("/metrics")[0] == 200
        time.sleep(0.05)


@pytest.mark.parametrize("say", [b"", HALF, b"G", b"GET /healthz HTTP/1.1\r\n",
                                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"],
                         ids=["silent", "half a header", "one byte", "a request line", "half a post"])
def test_500_half_open_connections_keep_nobody_out(say):
    with web.plain_driver() as d:
        d.healthy_within()
        with crowd(d, 500, say):
            assert_serves(d)
            # Who says nothing at all is accepted late.
            web.until(lambda: d.wait_tick()["dropped"] >= 500 - 64, "they had to go")
            assert_serves(d, 2)
        assert_serves(d, 2)
        d.assert_on_time()
        assert said(d, "dropped") >= 500 - 64 and said(d, "accepted") > said(d, "dropped")


def said(server, what):
    families = exposition.text(server.get("/metrics")[2])
    return exposition.value(families, "troth_http_connections_total", what=what)


# 0x16 0x0301: a handshake; the rest of its record never comes.
@pytest.mark.parametrize("say", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", HALF],
                         ids=["silent", "half a handshake", "no TLS"])
def test_the_same_over_tls(tmp_path, say):
    cert, key = certificate(tmp_path, "one")
    with web.plain_driver("--cert", cert, "--key", key) as d, crowd(d, 300, say):
        for _ in range(10):
            begun = time.monotonic()
            assert tls_get(d.port, cert) == (200, b"ok\n")
            assert time.monotonic() - begun < 2
            time.sleep(0.05)
        d.wait_tick()
        d.assert_on_time()


def test_the_newest_of_a_full_house_is_served_by_dropping_the_oldest():
    with web.plain_driver("--max", 4) as d:
        with crowd(d, 4, HALF) as old:
            d.healthy_within()
            assert web.closed(old[0], 10)
            assert not web.closed(old[3], 0.2)


def test_who_is_being_answered_goes_after_those_who_ask_nothing():
    """One that reads its answer slowly is not dropped for newcomers while silent ones are there."""
    with web.plain_driver("--max", 8, "--services", 3000) as d, d.connect() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = reader.recv(1000)
        with crowd(d, 100, HALF):
            assert_serves(d, 3)
            got += web.all_of(reader)
        head, _, body = got.partition(b"\r\n\r\n")
        length = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
        assert len(body) == int(length[0].split()[1]) > 1000000


def test_bytes_that_trickle_in_buy_no_time():
    with web.plain_driver("--idle", 2) as d, crowd(d, 20, HALF) as slow:
        begun = time.monotonic()
        left = list(slow)
        while left and time.monotonic() - begun < 15:
            for s in list(left):
                try:
                    s.sendall(b"a")
                except OSError:
                    left.remove(s)
            time.sleep(0.2)
        assert not left, len(left)
        assert time.monotonic() - begun > 1.5
        assert web.until(lambda: d.ticks()[-1]["expired"] == 20, "they are counted")
        assert_serves(d, 2)


def test_who_reads_nothing_of_an_answer_is_counted_when_time_is_up():
    """Whatever the phase of the sweep, which the first of the two begins."""
    with web.plain_driver("--services", 5000, "--idle", 1) as d, d.connect() as quiet:
        quiet.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert quiet.recv(1000)
        time.sleep(0.3)
        with d.connect() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            web.until(lambda: d.wait_tick()["expired"] == 2, "both are counted", 12)


def test_a_kept_connection_ends_after_a_while_of_silence():
    with web.plain_driver("--idle", 1) as d, d.connect() as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.recv(1000).endswith(b"ok\n")
        assert web.closed(s, 15)


def test_a_flood_of_connections_keeps_nobody_out():
    stop = threading.Event()

    def flood(server):
        sockets = []
        while not stop.is_set():
            try:
                s = server.connect(1)
                s.sendall(HALF)
                sockets.append(s)
            except OSError:
                pass
            if len(sockets) > 150:
                for s in sockets[:100]:
                    s.close()
                del sockets[:100]
        for s in sockets:
            s.close()

    with web.plain_driver() as d:
        threads = [threading.Thread(target=flood, args=(d,)) for _ in range(2)]
        for t in threads:
            t.start()
        try:
            end = time.monotonic() + 4
            checks = 0
            while time.monotonic() < end or checks <= 20:
                d.healthy_within(2)
                checks += 1
        finally:
            stop.set()
            for t in threads:
                t.join()
        assert d.wait_tick()["dropped"] > 100
        d.assert_on_time()


def test_who_reads_nothing_costs_bounded_memory_for_a_bounded_time():
    """Each tick another 22 MB document, each held by somebody who does not read it."""
    with web.plain_driver("--services", 10000, "--idle", 1) as d:
        quiet = d.wait_tick()["resident_kb"]
        most = 0
        with contextlib.ExitStack() as stack:
            for _ in range(8):
                for _ in range(5):
                    s = stack.enter_context(d.connect())
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                most = max(most, d.wait_tick()["resident_kb"])
                d.healthy_within(2)
            assert d.wait_tick()["dropped"] > 0, d.ticks()
        assert most < 160 * 1024, most
        # 6 times idle_s for an answer; then all of it is back.
        web.until(lambda: d.wait_tick()["resident_kb"] < quiet + 4096, "memory is given back", 12)
        d.assert_on_time()


def test_a_house_full_of_readers_that_do_not_read_keeps_nobody_out():
    with web.plain_driver("--services", 5000) as d:
        with contextlib.ExitStack() as stack:
            for _ in range(150):
                s = stack.enter_context(d.connect())
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.sendall(b"GET /api/v1/services HTTP/1.1\r\nHost: x\r\n\r\n")
            for _ in range(5):
                d.healthy_within(2)
            assert d.wait_tick()["dropped"] >= 150 - 64
        d.assert_on_time()


def test_many_who_ask_for_everything_make_no_tick_late():
    paths = ["/metrics", "/api/v1/services", "/api/v1/status", "/api/v1/slos"]
    accepts = [web.TEXT, web.OPENMETRICS, web.PROTOBUF]
    stop = threading.Event()
    failures = []

    def ask(server, k):
        while not stop.is_set():
            status = server.get(paths[k % 4], {"Accept": accepts[k % 3]})[0]
            if status != 200:
                failures.append(status)
            k += 1

    with web.plain_driver("--services", 1000) as d:
        threads = [threading.Thread(target=ask, args=(d, k)) for k in range(4)]
        for t in threads:
            t.start()
        try:
            for _ in range(5):
                d.wait_tick()
                d.healthy_within(2)
        finally:
            stop.set()
            for t in threads:
                t.join()
        assert not failures
        d.assert_on_time()


def test_without_descriptors_it_waits_and_goes_on():
    with web.plain_driver("--idle", 2) as d:
        d.healthy_within()
        used = len(os.listdir(f"/proc/{d.process.pid}/fd"))
        resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE, (used + 10, used + 10))
        with crowd(d, 60, HALF):
            spent = cpu_s(d.process.pid)
            assert_serves(d, 3)
            time.sleep(1)
            assert cpu_s(d.process.pid) - spent < 0.5  # it does not spin
        assert_serves(d, 2)
        d.assert_on_time()


def cpu_s(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_it_sleeps_when_nobody_asks():
    with web.plain_driver() as d, crowd(d, 30):
        d.wait_tick()
        spent = cpu_s(d.process.pid)
        for _ in range(3):
            d.wait_tick()
        assert cpu_s(d.process.pid) - spent <= 0.05
