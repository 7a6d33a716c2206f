# SPDX-License-Identifier: Apache-2.0
"""Services that come and go all the time: nothing leaks, and nothing is lost."""

import itertools
import os
import statistics
import subprocess
import sys
import time

import pytest

from daemon import port_of, running, until
from troth import PATIENCE_S, status_of

SECONDS = int(os.environ.get("SOAK_S", "60"))
# Half of them servers'; others on this machine may take some. Of an hour every one would be used up often.
SERIES = 512 if SECONDS < 600 else 2048
SERVICE_KB = 10  # what one more may take, of others as well
# Below those of wire.free_port().
PORTS = range(10000 + os.getpid() % 50 * 200, 10000 + os.getpid() % 50 * 200 + 200)

# A service of one second: a port of its own, a program that calls it, both gone again. The name is the
# program's, so that some come back under the name that they had and others never do.
BUSY = 3  # somebody else has the port
COMES_AND_GOES = f"BUSY = {BUSY}" + r"""
import ctypes, os, socket, sys
name, calls, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
ctypes.CDLL(None).prctl(15, name.encode())
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", port))
except OSError:
    sys.exit(BUSY)
listener.listen()
for _ in range(calls):
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.sendall(b"GET / HTTP/1.1\r\nHost: churn\r\n\r\n")
    server.recv(4096)
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    client.recv(4096)
    client.close()
    server.recv(1)
    server.close()
"""


def ports():
    """In turn, and none that the machine gives to others by itself."""
    return itertools.cycle(PORTS[:-1])


def churn(calls, port):
    return subprocess.Popen([sys.executable, "-c", COMES_AND_GOES, f"churn{port % 40}", str(calls),
                             str(port)])


def resident_kb(pid):
    return int(status_of(pid)["VmRSS"][0])


def files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def services(d):
    return d.json("/api/v1/services")["services"]


def told(read, want, room):
    """All that our services counted comes to be told by read(), if others leave us room numbers of a
    role; else what is missing has none. Whether they do. Ours by port: a program that ends while it is
    looked at may be called by its file instead."""
    def figures(role):
        rows = [row for row in read() if row["role"] == role]
        ours = [port_of(row) in PORTS for row in rows]
        counts = [row["exchanges"]["ok"] for row in rows]
        return (sum(n for n, mine in zip(counts, ours) if mine), ours.count(False),
                sum(n for n, row in zip(counts, rows) if row["name"] == "(unattributed)"))

    def all_is_there(role):
        got, _, unattributed = figures(role)
        return got + unattributed >= want

    alone = True
    for role in ("server", "client"):
        until(lambda role=role: all_is_there(role), what=f"{want} exchanges of each {role}")
        got, others, unattributed = figures(role)
        alone = alone and others <= room
        assert want - (0 if others <= room else unattributed) <= got <= want, \
            f"{role}: {got} of {want}, {unattributed} unattributed, {others} services of others"
    return alone


@pytest.mark.any_backend
@pytest.mark.limit_s(SECONDS + 300)
def test_services_that_come_and_go_leak_no_number_no_row_and_no_byte():
    calls, started, used, resident, opened, known = 3, 0, [], [], [], []
    with running("--max-series", str(SERIES)) as d:
        end, port = time.monotonic() + SECONDS, ports()
        # So many that they would not have room if numbers were not given back.
        while time.monotonic() < end or started <= SERIES / 2:
            children = [churn(calls, next(port)) for _ in range(4)]
            codes = [child.wait(PATIENCE_S) for child in children]
            assert set(codes) <= {0, BUSY}
            started += codes.count(0)
            time.sleep(0.3)
            metrics = d.metrics()
            used.append(metrics["troth_series_used"])
            resident.append(resident_kb(d.process.pid))
            opened.append(files(d.process.pid))
            known.append(len(services(d)))
        # Names are the host's: of 256 numbers a role ours take 200 at most.
        room = SERIES // 2 - len(PORTS)
        alone = told(lambda: services(d), started * calls, room)
        half = len(used) // 2
        print(f"{started} services, {used=}, {resident=} kB, {opened=}, {known=}")
        assert not alone or max(used[half:]) < max(used[:half]) + 64, f"numbers grow: {used}"
        assert max(opened) - min(opened[1:]) <= 4, f"descriptors grow: {opened}"
        # Nothing more is kept of a service that comes again under its name.
        assert statistics.median(resident[-5:]) - statistics.median(resident[half - 2:half + 3]) < \
            600 + SERVICE_KB * (known[-1] - known[half]), \
            f"memory grows: {resident} kB, with {known} services"
        rows = d.report()["services"]
        names = [(s["role"], s["name"]) for s in rows]
        assert len(names) == len(set(names))
        told(lambda: d.report()["services"], started * calls, room)


@pytest.mark.any_backend
def test_a_service_that_comes_again_goes_on_where_it_was():
    with running("--max-series", str(SERIES)) as d:
        for _ in range(6):
            assert churn(5, PORTS[-1]).wait(20) == 0
            time.sleep(1.2)
        until(lambda: sum(s["exchanges"]["ok"] for s in d.recorded(PORTS[-1])) == 30,
              what="all of them in one record")
        rows = d.recorded(PORTS[-1])
        assert len(rows) <= 2, [s["name"] for s in rows]
