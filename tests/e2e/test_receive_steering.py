# SPDX-License-Identifier: Apache-2.0
"""Receive packet steering: packets arrive in interrupts of whatever a CPU is at, hooks included.

The kernel runs no program on a CPU on which it interrupts that program: a run is skipped. What a
skipped run would have seen has to be found otherwise. Truth is what the clients read.

Some sandboxes run no program at all in whatever interrupts a process of their own. The kernel's own
trace tells how often that was the case; on any other machine it never is.
"""

import contextlib
import os
import pathlib
import re
import socket
import subprocess

import pytest

from actors import Actor, Namespace, at_once, fork_with_us
from troth import Check
from wire import GET, OK

SERVERS, CLIENTS = 3, 4  # processes
# In a namespace of our own; each lane's another, as a check sees all namespaces.
PORT = 28140 + int(os.environ.get("TROTH_LANE", "0"))


@pytest.fixture
def steered():
    """A namespace whose loopback hands its packets to every CPU; with ports for all clients."""
    with Namespace() as namespace:
        namespace.shell(f"echo {cpu_mask()} > /sys/class/net/lo/queues/rx-0/rps_cpus\n"
                        "echo 33000 65000 > /proc/sys/net/ipv4/ip_local_port_range\n"
                        "echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse")
        yield namespace


def cpu_mask():
    """All of them, as sysfs likes it: hexadecimal, a comma every 32."""
    cpus = os.cpu_count()
    words = [min(32, cpus - first) for first in range(0, cpus, 32)]
    return ",".join(f"{(1 << bits) - 1:x}" for bits in reversed(words))


def prefork(listener, stage):
    """A program: each of its workers serves one connection after the other."""
    def work():
        while True:
            sock, _ = listener.accept()
            with sock:
                while sock.recv(1000):
                    sock.sendall(OK)

    for _ in range(SERVERS):
        fork_with_us(work)
    stage.wait("the end")


def ask(connections, requests):
    """So many connections of so many requests each; how many answers came, and came whole."""
    answers = 0
    for _ in range(connections):
        with socket.socket() as sock:
            sock.connect(("127.0.0.1", PORT))
            for _ in range(requests):
                sock.sendall(GET)
                answers += sock.recv(1000) == OK
    return answers


def crowd(namespace, connections, requests):
    """Clients at once, each a process: the answers that they got, all together."""
    answers = []

    def client():
        answers.append(namespace.run(lambda: ask(connections, requests)))

    at_once(*[client] * CLIENTS)
    return sum(answers)


SERVER, CLIENT = True, False
OPENED, CLOSED = "ESTABLISHED", "CLOSE"
EVENT = re.compile(r".*?-(\d+)\s+\[\d+\].* sport=(\d+) .* newstate=TCP_(\w+)")
TRACEFS = pathlib.Path("/sys/kernel/tracing")


class Interrupted:
    """Which tasks the connections of our port interrupted as they came and went: the kernel's trace."""

    def __enter__(self):
        if not (TRACEFS / "instances").exists():
            subprocess.run(["mount", "-t", "tracefs", "tracefs", str(TRACEFS)], check=True)
        self.trace = TRACEFS / "instances" / f"troth-{os.getpid()}"
        self.trace.mkdir()
        try:
            (self.trace / "buffer_size_kb").write_text("16384")
            event = self.trace / "events/sock/inet_sock_set_state"
            (event / "filter").write_text(f"(sport == {PORT} || dport == {PORT}) &&"
                                          " (newstate == 1 || newstate == 7)")
            (event / "enable").write_text("1")
        except OSError:
            self.trace.rmdir()
            raise
        return self

    def __exit__(self, *error):
        with contextlib.suppress(OSError):
            (self.trace / "events/sock/inet_sock_set_state/enable").write_text("0")
            lines = (self.trace / "trace").read_text().splitlines()
            self.tasks = {(end, state): [] for end in (SERVER, CLIENT) for state in (OPENED, CLOSED)}
            for line in lines:
                if seen := EVENT.match(line):
                    task, port, state = seen.groups()
                    self.tasks[int(port) == PORT, state].append(int(task))
        self.trace.rmdir()

    def guarded(self, end, state):
        """How many of them belong to somebody into whom not even root may look."""
        def is_guarded(task):
            try:
                os.readlink(f"/proc/{task}/fd/0")
            except PermissionError:
                return True
            except OSError:
                pass
            return False

        guarded = {task for task in set(self.tasks[end, state]) if task and is_guarded(task)}
        return sum(task in guarded for task in self.tasks[end, state])


@pytest.mark.parametrize("connections, requests", [(10_000, 1), (20, 1500)],
                         ids=["a connection for each request", "connections that are kept"])
def test_steered_packets_hide_nothing(steered, connections, requests):
    with (Actor(prefork, port=PORT, backlog=4096, namespace=steered), Interrupted() as interrupted,
          Check(PORT, settle_s=0.5) as check):
        answers = crowd(steered, connections, requests)
    assert answers == CLIENTS * connections * requests

    measurement = check.json["measurement"]
    for end, service in (SERVER, check.server(PORT)), (CLIENT, check.client(PORT)):
        assert len(interrupted.tasks[end, OPENED]) == CLIENTS * connections, "half a trace"
        hidden, seen = interrupted.guarded(end, OPENED), service["exchanges"]
        assert answers - hidden * requests <= seen["ok"] <= answers, check.explained()
        assert seen["total"] == seen["ok"], check.explained()
        closed = len(interrupted.tasks[end, CLOSED])
        assert (closed - hidden - interrupted.guarded(end, CLOSED)
                <= service["connections"]["closed"] <= closed), check.explained()
        measurement["lost"] -= min(hidden, measurement["lost"])
    assert measurement["lost"] == 0, check.explained()
