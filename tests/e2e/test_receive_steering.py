# SPDX-License-Identifier: Apache-2.0
"""Receive packet steering: packets arrive in interrupts of whatever a CPU is at, hooks included.

The kernel runs no program on a CPU on which it interrupts that program: a run is skipped. What a
skipped run would have seen has to be found otherwise. Truth is what the clients read.
"""

import os
import socket

import pytest

from actors import Actor, Namespace, at_once, fork_with_us
from troth import Check
from wire import GET, OK

SERVERS, CLIENTS = 3, 4  # processes
PORT = 28140  # in a namespace of our own nobody has it


@pytest.fixture
def steered():
    """A namespace whose loopback hands its packets to every CPU; with ports for all clients."""
    with Namespace() as namespace:
        namespace.shell(f"echo {cpu_mask()} > /sys/class/net/lo/queues/rx-0/rps_cpus\n"
                        "echo 1024 65000 > /proc/sys/net/ipv4/ip_local_port_range\n"
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


@pytest.mark.parametrize("connections, requests", [(10_000, 1), (20, 1500)],
                         ids=["a connection for each request", "connections that are kept"])
def test_steered_packets_hide_nothing(steered, connections, requests):
    with Actor(prefork, port=PORT, backlog=4096, namespace=steered), Check(PORT) as check:
        answers = crowd(steered, connections, requests)
    assert answers == CLIENTS * connections * requests

    measurement = check.json["measurement"]
    ok, lost = check.server(PORT)["exchanges"]["ok"], measurement["lost"]
    assert ok <= answers <= ok + lost, "neither seen nor said to be lost" + check.explained()
    counted = measurement["exchanges"]
    assert measurement["coverage"] == pytest.approx(counted / (counted + lost)), check.explained()

    check.both(PORT, ok=answers)
    assert measurement["coverage"] == 1 and counted == 2 * answers, check.explained()
