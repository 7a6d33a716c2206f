# SPDX-License-Identifier: Apache-2.0
"""A driver that holds what the daemon holds and gives up as the daemon does, places that other users
can reach, and a server of another user."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

from troth import PATIENCE_S, ROOT
from wire import free_port

DRIVER = ROOT / "build/privilege-driver"
OTHER = 65533  # nobody's number: nothing on a machine belongs to it
SERVER_USER = 65531
CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE = 39, 38, 19
KEPT = 1 << CAP_BPF | 1 << CAP_PERFMON | 1 << CAP_SYS_PTRACE


class Driver:
    def __init__(self, place, user="", keep=False, commands=False, kill=False, cert=(),
                 before=()):
        self.place = place
        self.process = subprocess.Popen(
            [*before, str(place.driver), str(place.state), str(place.pins), user,
             "keep" if keep else "drop", "commands" if commands else "nothing",
             "kill" if kill else "eperm", *map(str, cert)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = []

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the driver ended with {self.process.wait(10)} after {self.said}")
        self.said.append(line.strip())
        name, verdict, detail = (line.rstrip("\n") + "  ").split(" ", 2)
        return name, verdict, detail.strip()

    def ready(self):
        name, verdict, detail = self.line()
        assert (name, verdict) == ("ready", "ok"), self.said
        self.port = int(detail)
        return self

    def start(self, act):
        self.process.stdin.write(act + "\n")
        self.process.stdin.flush()

    def does(self, act):
        """Its detail, if it went well."""
        self.start(act)
        name, verdict, detail = self.line()
        assert (name, verdict) == (act.split()[0], "ok"), self.said
        return detail

    def counts(self, port, total, exe):
        """An exchange ends when the server has seen the end of its connection: soon."""
        end = time.monotonic() + PATIENCE_S
        while (seen := self.does(f"tick {port}")) != f"{total} {exe}":
            assert time.monotonic() < end, f"{seen}, expected {total} {exe}"

    def refusals(self):
        """Name of each call that is forbidden -> its errno."""
        self.start("forbidden")
        seen = {}
        while (line := self.line())[0] != "forbidden":
            seen[line[0]] = line[2]
        return seen

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


class Place:
    """Directories that other users can reach, and a copy of the driver where they can run it."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="troth-privilege-", dir="/tmp"))
        self.root.chmod(0o755)
        self.state = self.root / "state"
        self.state.mkdir(mode=0o700)
        self.pins = pathlib.Path("/sys/fs/bpf") / self.root.name
        self.pins.mkdir(mode=0o700)
        self.driver = self.root / "driver"
        shutil.copy(DRIVER, self.driver)
        self.drivers = []

    def drive(self, *args, **kwargs):
        self.drivers.append(Driver(self, *args, **kwargs))
        return self.drivers[-1]

    def remove(self):
        for driver in self.drivers:
            driver.end()
        for path in sorted(self.pins.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self.pins.rmdir()
        shutil.rmtree(self.root)


@pytest.fixture
def place():
    assert DRIVER.exists(), f"{DRIVER} is not there: build it with make"
    made = Place()
    yield made
    made.remove()


SERVER = """
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listens", flush=True)
while True:
    c, _ = s.accept()
    while c.recv(4096):
        c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    c.close()
"""


@contextlib.contextmanager
def server_of_another_user():
    """A program that this user executed: its /proc/PID belongs to it, and to nobody else."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], user=SERVER_USER,
                               group=SERVER_USER, extra_groups=[], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"listens\n"
        assert os.stat(f"/proc/{process.pid}/fd").st_uid == SERVER_USER
        yield port, os.readlink(f"/proc/{process.pid}/exe")
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
