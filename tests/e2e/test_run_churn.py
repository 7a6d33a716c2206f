# SPDX-License-Identifier: Apache-2.0
"""Services that come and go all the time: nothing leaks, and nothing is lost."""

import itertools
import os
import pathlib
import subprocess
import sys
import time

import pytest

from daemon import running

SERIES = 512  # half of them servers'; others on this machine may take some
SECONDS = int(os.environ.get("SOAK_S", "60"))
PORTS = range(10000 + os.getpid() % 75 * 200, 10000 + os.getpid() % 75 * 200 + 200)

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
    (line,) = [l for l in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
               if l.startswith("VmRSS")]
    return int(line.split()[1])


def files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def is_ours(row):
    """By port: a program that ends while it is looked at may be called by its file instead."""
    place = row["identity"] if row["role"] == "server" else row["peer"] or {}
    return place.get("port") in PORTS


def told(rows, role, want, room):
    """What is told of our services: all of it, where others leave us room numbers of this role."""
    rows = [row for row in rows if row["role"] == role]
    got = sum(row["exchanges"]["ok"] for row in rows if is_ours(row))
    others = sum(not is_ours(row) for row in rows)
    overflow = sum(row["exchanges"]["ok"] for row in rows if row["name"] == "(unattributed)")
    least = want if others <= room else want - overflow
    assert least <= got <= want, \
        f"{role}: {got} of {want}, {overflow} unattributed, {others} services of others"
    return others <= room


@pytest.mark.any_backend
@pytest.mark.limit_s(SECONDS + 90)
def test_services_that_come_and_go_leak_no_number_no_row_and_no_byte():
    calls, started, used, resident, opened = 3, 0, [], [], []
    with running("--max-series", str(SERIES)) as d:
        end, port = time.monotonic() + SECONDS, ports()
        while time.monotonic() < end:
            children = [churn(calls, next(port)) for _ in range(4)]
            codes = [child.wait(20) for child in children]
            assert set(codes) <= {0, BUSY}
            started += codes.count(0)
            time.sleep(0.3)
            metrics = d.metrics()
            used.append(metrics["troth_series_used"])
            resident.append(resident_kb(d.process.pid))
            opened.append(files(d.process.pid))
        time.sleep(2.5)
        # Names are the host's: of 256 numbers a role ours take 200 at most.
        room = SERIES // 2 - len(PORTS)
        alone = all([told(d.json("/api/v1/services")["services"], role, started * calls, room)
                     for role in ("server", "client")])
        assert started > SERIES / 2, "too few services to fill the numbers"
        half = len(used) // 2
        assert not alone or max(used[half:]) <= max(used[:half]) + 16, f"numbers grow: {used}"
        assert max(opened) - min(opened[1:]) <= 4, f"descriptors grow: {opened}"
        # Once all the names have been seen nothing more is kept of a service that comes again.
        assert resident[-1] - resident[half] < 600, f"memory grows: {resident}"
        rows = d.report()["services"]
        names = [(s["role"], s["name"]) for s in rows]
        assert len(names) == len(set(names))
        for role in ("server", "client"):
            told(rows, role, started * calls, room)


@pytest.mark.any_backend
@pytest.mark.limit_s(60)
def test_a_service_that_comes_again_goes_on_where_it_was():
    with running("--max-series", str(SERIES)) as d:
        for _ in range(6):
            assert churn(5, PORTS[-1]).wait(20) == 0
            time.sleep(1.2)
        time.sleep(2)
        rows = [s for s in d.report()["services"] if s["identity"]["port"] == PORTS[-1]]
        assert sum(s["exchanges"]["ok"] for s in rows) == 30, d.explained()
        assert len(rows) <= 2, [s["name"] for s in rows]
