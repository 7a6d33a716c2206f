# SPDX-License-Identifier: Apache-2.0
"""Two hosts on a wire: namespaces of a client and of a server, and what is done to the wire."""

import collections
import contextlib
import fcntl
import os
import select
import struct
import subprocess
import time

from actors import Namespace, end, fork_with_us

HERE, THERE = "10.99.0.1", "10.99.0.2"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def ip(namespace, *args):
    subprocess.run(["ip", "-n", namespace.name, *args], check=True)


def _connect(here, there):
    for namespace, device, address in ((here, "wire0", HERE), (there, "wire1", THERE)):
        ip(namespace, "addr", "add", f"{address}/24", "dev", device)
        ip(namespace, "link", "set", device, "up")


@contextlib.contextmanager
def two_hosts():
    """Joined by a pair of Ethernet devices."""
    with Namespace() as here, Namespace() as there:
        ip(here, "link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns",
           there.name)
        _connect(here, there)
        yield here, there


def _tun(namespace, device):
    """A device whose packets are ours to carry; it is gone with its file."""
    namespace.enter()
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def _carry(ends, way_s):
    """Each packet goes to the other end, way_s late."""
    under_way = collections.deque()
    while True:
        wait_s = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        for fd in select.select(ends, [], [], wait_s)[0]:
            other = ends[1] if fd == ends[0] else ends[0]
            under_way.append((time.monotonic() + way_s, other, os.read(fd, 65536)))
        while under_way and under_way[0][0] <= time.monotonic():
            _, fd, packet = under_way.popleft()
            with contextlib.suppress(OSError):  # a device that is not up yet
                os.write(fd, packet)


@contextlib.contextmanager
def two_distant_hosts(way_s):
    """Joined by a wire that takes way_s each way, played by a process of ours."""
    with Namespace() as here, Namespace() as there:
        inbox, outbox = os.pipe()

        def wire():
            ends = [_tun(here, "wire0"), _tun(there, "wire1")]
            os.write(outbox, b"ready")
            _carry(ends, way_s)

        pid = fork_with_us(wire)
        try:
            os.close(outbox)
            with os.fdopen(inbox, "rb") as said:
                assert said.read(5) == b"ready", "no TUN devices"
            _connect(here, there)
            yield here, there
        finally:
            end(pid)


@contextlib.contextmanager
def mute(there):
    """What the server says finds no way back for a while."""
    ip(there, "route", "add", "blackhole", f"{HERE}/32")
    yield
    ip(there, "route", "del", "blackhole", f"{HERE}/32")


def kernel_counts(name, group="Tcp", file="snmp"):
    """The kernel's own count, for the namespace we are in."""
    with open(f"/proc/self/net/{file}") as lines:
        names, values = [line.split() for line in lines if line.startswith(f"{group}:")]
    return int(values[names.index(name)])
