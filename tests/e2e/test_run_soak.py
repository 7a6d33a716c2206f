# SPDX-License-Identifier: Apache-2.0
"""Everything at once for SOAK_S seconds (60; `make soak`: an hour), and nothing has grown in the end."""

import os
import pathlib
import random
import signal
import statistics
import time

import pytest

from actors import answers, serve
from daemon import running, until
from load import Load
from promises import one_promise
from test_run_churn import BUSY, SERVICE_KB, churn, files, ports, resident_kb, services, told
from troth import PATIENCE_S, run
from wire import OK

SOAK_S = int(os.environ.get("SOAK_S", "60"))
SEED = int(os.environ.get("SOAK_SEED", str(int(time.time()))))
CALLS = 2
ROOM = 1024 - 200  # numbers of a role that others may take: 2048 of both, and our ports


def record_bytes(d):
    return sum(f.stat().st_size for f in pathlib.Path(d.state_dir).iterdir() if f.is_file())


class Seen:
    """What one life of the daemon took, services aside, which may be others': a start loads types, so
    lives are compared, not moments."""

    def __init__(self):
        self.resident, self.files, self.record = [], [], []

    def look(self, d):
        self.resident.append(resident_kb(d.process.pid) - SERVICE_KB * len(services(d)))
        self.files.append(files(d.process.pid))
        self.record.append(record_bytes(d))


def ask(d):
    d.metrics()
    assert d.get("/readyz") == (200, "ready\n"), d.get("/readyz")[1] + d.explained()
    assert d.troth("status").returncode in (0, 1, 4)


def one_round(d, chance, next_port):
    """Some seconds: services come and go, somebody asks, now and then something happens to it."""
    children = [churn(CALLS, next(next_port)) for _ in range(3)]
    came = [child.wait(PATIENCE_S) for child in children]
    assert set(came) <= {0, BUSY}
    ask(d)
    what = chance.random()
    if what < 0.1:
        d.reload()
    elif what < 0.2:
        assert d.report()["services"]
    return came.count(0)


@pytest.mark.any_backend
@pytest.mark.limit_s(SOAK_S + 120)
def test_constant_load_and_everything_that_may_happen():
    chance, next_port, came, kills = random.Random(SEED), ports(), 0, 0
    with serve(answers(OK)) as server:
        with running(slos=one_promise(server.port)) as d, Load(server.address, 2, 0.002) as load:
            until(lambda: d.report()["services"], what="the first tick's record")
            end, life = time.monotonic() + SOAK_S, Seen()
            lives = [life]
            kill_every = max(10, SOAK_S / 20)
            kill_at = time.monotonic() + kill_every
            while time.monotonic() < end:
                came += one_round(d, chance, next_port)
                life.look(d)
                if time.monotonic() > kill_at:
                    kill_at = time.monotonic() + chance.uniform(0.5, 1.5) * kill_every
                    d.kill(signal.SIGKILL)
                    time.sleep(chance.uniform(0, 0.5))
                    d.start()
                    life, kills = Seen(), kills + 1
                    lives.append(life)
                time.sleep(0.5)
            asked = load.stop()
            told_in_the_end(d, server.port, asked, came)
    assert kills, "too short for a kill"
    nothing_grew(lives)


def told_in_the_end(d, port, asked, came):
    about = f"seed {SEED}, {asked} requests, {came} services" + d.explained()
    d.counts(port, ok=asked)
    d.counts(port, "client", ok=asked)
    print(about)
    told(lambda: d.report()["services"], CALLS * came, ROOM)
    assert d.json("/api/v1/services")["measurement"]["lost"] == 0, about
    assert d.slo("promise")["total"] == asked, about
    check = run("store", "check", "--state-dir", d.state_dir)
    assert check.returncode == 0, check.stdout + check.stderr + about


def nothing_grew(lives):
    """The last lives take what the first take. The first of all has loaded the programs itself."""
    lives = [life for life in lives if len(life.resident) > 2]
    assert lives, "no life was long enough"
    resident = [statistics.median(life.resident[2:]) for life in lives]
    opened = [max(life.files) for life in lives]
    assert max(resident[len(resident) // 2:]) < min(resident) + 3000, f"memory grows: {resident} kB"
    assert resident[-1] < 24 << 10, f"{resident} kB"
    assert max(opened) - min(opened) <= 4, f"descriptors grow: {opened}"
    assert lives[-1].record[-1] < 16 << 20, f"the record has {lives[-1].record[-1]} bytes"
