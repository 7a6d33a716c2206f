# SPDX-License-Identifier: Apache-2.0
"""The server with made-up numbers (tests/web/driver.c), and what speaks to it."""

import contextlib
import http.client
import os
import selectors
import signal
import socket
import subprocess
import time
from pathlib import Path

import slo

# With and without sanitizers: where memory and time are measured they would be what is measured.
BUILT = Path(slo.BINARY).resolve().parent
DRIVER, PLAIN_DRIVER = str(BUILT / "web-driver-sanitized"), str(BUILT / "web-driver")

TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PROTOBUF = ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited")


def until(condition, what, seconds=30):
    """Waits for a condition; its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class Driver:
    def __init__(self, *args, binary=DRIVER):
        self.process = subprocess.Popen([binary, *map(str, args)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.lines = []
        self.rest = b""
        os.set_blocking(self.process.stdout.fileno(), False)
        first = until(lambda: self.said("port "), "the driver serves")
        self.port = int(first[0].split()[1])

    def read(self):
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.process.stdout.fileno(), 65536):
                self.rest += chunk
        *whole, self.rest = self.rest.split(b"\n")
        self.lines += [line.decode() for line in whole]

    def said(self, start):
        self.read()
        assert self.process.poll() is None, self.process.stderr.read().decode()
        return [line for line in self.lines if line.startswith(start)]

    def signal(self, number):
        before = len(self.said("signal ")) + len(self.said("reload "))
        self.process.send_signal(number)
        until(lambda: len(self.said("signal ")) + len(self.said("reload ")) > before, "signal")
        return self.said("reload " if number == signal.SIGHUP else "signal ")[-1]

    def ticks(self):
        """One dict a tick."""
        ticks = []
        for line in self.said("tick "):
            words = line.split()
            ticks.append({"tick": int(words[1]),
                          **{k: int(v) for k, v in zip(words[2::2], words[3::2])}})
        return ticks

    def wait_tick(self):
        n = len(self.said("tick "))
        until(lambda: len(self.said("tick ")) > n, "a tick")
        return self.ticks()[-1]

    def assert_on_time(self):
        """Whoever could hold a tick up does so for longer than a busy machine."""
        late = [t for t in self.ticks() if t["late_ms"] > 1000]
        assert not late, late

    def connect(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def get(self, path, headers=None, method="GET", timeout=10):
        """Status, headers, body."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            c.request(method, path, headers=headers or {})
            r = c.getresponse()
            return r.status, r.headers, r.read()
        finally:
            c.close()

    def healthy_within(self, seconds=2):
        """Of three tries, since a machine may be busy: who could keep it from answering does not stop."""
        for _ in range(3):
            begun = time.monotonic()
            status, _, body = self.get("/healthz", timeout=10)
            took = time.monotonic() - begun
            assert (status, body) == (200, b"ok\n")
            if took < seconds:
                return
        raise AssertionError(f"it took {took} s")

    def raw(self, data, timeout=10):
        """All that comes back until the server closes."""
        with self.connect(timeout) as s:
            s.sendall(data)
            return all_of(s)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()
            error = self.process.stderr.read().decode()
            self.process.stderr.close()
        assert self.process.returncode == 0, error


def all_of(s):
    got = b""
    while True:
        try:
            chunk = s.recv(65536)
        except ConnectionResetError:
            return got
        if not chunk:
            return got
        got += chunk


def closed(s, seconds):
    """Whether the peer has ended the connection within so many seconds."""
    with selectors.DefaultSelector() as selector:
        selector.register(s, selectors.EVENT_READ)
        if not selector.select(seconds):
            return False
    try:
        return not s.recv(65536)
    except ConnectionResetError:
        return True


@contextlib.contextmanager
def driver(*args, binary=DRIVER):
    d = Driver(*args, binary=binary)
    try:
        yield d
    finally:
        d.end()


def plain_driver(*args):
    return driver(*args, binary=PLAIN_DRIVER)
