# SPDX-License-Identifier: Apache-2.0
"""Beyond loopback: two hosts on a wire, loss on the wire, and TCP with another face."""

import contextlib
import os
import socket
import subprocess
import time

import pytest

from actors import Actor, Namespace, always_ok, each, serve
from troth import Check
from wire import GET, Wire, connect, request

HERE, THERE = "10.99.0.1", "10.99.0.2"


def ip(namespace, *args):
    subprocess.run(["ip", "-n", namespace.name, *args], check=True)


@contextlib.contextmanager
def two_hosts():
    """Namespaces of a client and of a server, joined by a pair of Ethernet devices."""
    with Namespace() as here, Namespace() as there:
        ip(here, "link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns",
           there.name)
        for namespace, device, address in ((here, "wire0", HERE), (there, "wire1", THERE)):
            ip(namespace, "addr", "add", f"{address}/24", "dev", device)
            ip(namespace, "link", "set", device, "up")
        yield here, there


def test_two_hosts_tell_the_same():
    with two_hosts() as (here, there), serve(always_ok, host=THERE, namespace=there) as server, \
            Check(server.port) as check:
        def ask():
            with connect(server) as client:
                client.ask(*[GET] * 20)
                client.send(*[bytes([byte]) for byte in GET], pause_s=0.001)
                client.response()
                client.ask(request("POST", body=bytes(3 << 20)))

        here.run(ask)
    check.both(server.port, ok=22)


def segments_sent_again():
    """The kernel's own count, for the namespace we are in."""
    with open("/proc/self/net/snmp") as file:
        names, values = [line.split() for line in file if line.startswith("Tcp:")]
    return int(values[names.index("RetransSegs")])


def test_segments_sent_again_are_counted_where_they_were_sent():
    """Acknowledgements find no way back for a while."""
    truth, written = os.pipe()
    with two_hosts() as (here, there), serve(always_ok, host=THERE, namespace=there) as server, \
            Check(server.port) as check:
        def ask():
            with connect(server) as client:
                client.ask(GET)
                before = segments_sent_again()
                ip(there, "route", "add", "blackhole", f"{HERE}/32")
                client.send(GET)
                time.sleep(0.7)
                ip(there, "route", "del", "blackhole", f"{HERE}/32")
                client.response()
                client.ask(GET)
                os.write(written, str(segments_sent_again() - before).encode())

        here.run(ask)
    again = int(os.read(truth, 100))
    os.close(truth)
    os.close(written)
    assert again > 0
    check.both(server.port, ok=3)
    check.client(server.port).connections(retransmits=again).slo("latency", good=2, total=3)
    check.server(server.port).connections(retransmits=0)


MPTCP = 262


@pytest.mark.parametrize("speaks_mptcp", [False, True], ids=["plain client", "mptcp client"])
def test_mptcp_is_counted_or_counted_as_lost(speaks_mptcp):
    """Many servers listen with it; a plain client makes it plain TCP. Beyond that, say so."""
    def program(_, stage):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        stage.say("port", listener.getsockname()[1])
        each(always_ok)(listener, stage)

    with Actor(program) as server:
        port = server.heard("port")
        with Check(port) as check:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP if speaks_mptcp else 0)
            sock.connect(("127.0.0.1", port))
            with Wire(sock) as client:
                client.ask(*[GET] * 5)
    if not speaks_mptcp:
        check.both(port, ok=5)
    else:
        measurement = check.json["measurement"]
        assert measurement["lost"] > 0 and measurement["coverage"] < 1, check.explained()


try:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP).close()
except OSError:
    test_mptcp_is_counted_or_counted_as_lost = pytest.mark.skip(
        "this kernel has no MPTCP")(test_mptcp_is_counted_or_counted_as_lost)
