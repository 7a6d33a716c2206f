# SPDX-License-Identifier: Apache-2.0
"""The record of `troth run`: power that fails, disks that are full, clocks that are set."""

import contextlib
import os
import pathlib
import random
import subprocess
import time

import pytest

from actors import answers, serve
from daemon import Daemon, early_in_a_minute, running, until
from load import Load
from promises import one_promise
from test_run import SEED
from troth import PATIENCE_S
from wire import OK, talk

DOWN_S = int(os.environ.get("DOWN_S", "66"))
HERE = pathlib.Path(__file__).parent
pytestmark = pytest.mark.any_backend  # what becomes of counts, not how they came about


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """Compiles one of the .c files here for LD_PRELOAD."""
    built = tmp_path_factory.mktemp("shim")

    def make(name):
        library = built / f"{name}.so"
        subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", HERE / f"{name}.c", "-o",
                        library, "-ldl"], check=True)
        return str(library)

    return make


@contextlib.contextmanager
def small_disk(size):
    """A file system of that many bytes, and its directory."""
    path = pathlib.Path("/tmp") / f"troth-e2e-disk-{os.getpid()}-{time.monotonic_ns()}"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)
        path.rmdir()


def fill(disk):
    with (disk / "filler").open("wb", buffering=0) as f:
        with contextlib.suppress(OSError):
            while f.write(bytes(4096)):
                pass


@pytest.mark.limit_s(120)
def test_dying_in_the_middle_of_a_write_repeats_and_loses_nothing(shim):
    """Half of the bytes of some write to the log are out: then nothing more."""
    chance = random.Random(SEED)
    with serve(answers(OK)) as server, running() as d, Load(server.address, 2) as load:
        torn = d.dir / "torn"
        torn.write_text("0")
        d.kill()
        d.env = {"LD_PRELOAD": shim("torn"), "TORN_FILE": str(torn)}
        for _ in range(8):
            d.start()
            torn.write_text(str(chance.randrange(1, 12)))
            d.process.wait(PATIENCE_S)
            assert d.process.returncode < 0, d.explained()
            torn.write_text("0")
        d.start()
        d.counts(server.port, ok=load.stop())


def test_a_full_disk_is_loud_and_what_was_counted_is_saved_later():
    with small_disk(3 << 20) as disk, serve(answers(OK)) as server, \
            running(state_dir=disk / "state") as d, Load(server.address, 2, pause_s=0.01) as load:
        until(lambda: d.counted(server.port), what="a count")
        fill(disk)
        until(lambda: d.get("/readyz")[0] == 503, what="a complaint")
        assert "make room" in d.get("/readyz")[1], d.get("/readyz")
        assert d.get("/healthz")[0] == 200
        before = d.counted(server.port)["ok"]
        until(lambda: d.counted(server.port)["ok"] > before, what="counting")
        (disk / "filler").unlink()
        until(lambda: d.get("/readyz")[0] == 200, what="an end of the complaint")
        asked = load.stop()
        d.counts(server.port, ok=asked)
        until(lambda: [s["exchanges"]["total"] for s in d.recorded(server.port)] == [asked],
              what="the record")


def test_killed_on_a_full_disk_loses_nothing():
    with small_disk(3 << 20) as disk, serve(answers(OK)) as server, \
            running(state_dir=disk / "state") as d:
        talk(server.port, 3)
        d.counts(server.port, ok=3)
        fill(disk)
        talk(server.port, 4)
        until(lambda: d.get("/readyz")[0] == 503, what="a complaint")
        d.kill()
        (disk / "filler").unlink()
        d.start()
        d.counts(server.port, ok=7)


def test_a_corrupt_record_moves_aside_and_measuring_goes_on():
    with serve(answers(OK)) as server, running() as d:
        talk(server.port, 3)
        d.counts(server.port, ok=3)
        d.stop()
        database = d.state_dir / "troth.db"
        database.write_bytes(b"no database at all" * 1000)
        for beside in d.state_dir.glob("troth.db-*"):
            beside.unlink()
        d.start()
        assert list(d.state_dir.glob("troth.db.corrupt-*")), d.explained()
        talk(server.port, 2)
        d.counts(server.port, ok=2)


def test_a_record_that_was_removed_is_written_anew_at_once():
    with serve(answers(OK)) as server, running() as d:
        talk(server.port, 3)
        d.counts(server.port, ok=3)
        for file in d.state_dir.glob("troth.db*"):
            file.unlink(missing_ok=True)
        d.stop()
        assert "or was removed" in d.log(), d.log()
        assert [s["exchanges"]["ok"] for s in d.report()["services"]
                if s["role"] == "server" and s["identity"]["port"] == server.port] == [3]


def test_of_a_record_that_was_damaged_the_kernel_still_has_what_it_counted():
    with serve(answers(OK)) as server, running() as d:
        talk(server.port, 3)
        d.counts(server.port, ok=3)
        d.kill()
        for file in d.state_dir.glob("troth.db*"):
            file.write_bytes(b"\xff" * file.stat().st_size)
        talk(server.port, 2)
        d.start()
        assert list(d.state_dir.glob("troth.db.corrupt-*")), d.explained()
        d.counts(server.port, ok=5)
        assert d.get("/readyz")[0] == 200


def test_a_record_replaced_while_it_is_written_is_begun_afresh_when_there_is_room():
    """Nothing of the sums is lost, though the fresh one fails at first; and all say so meanwhile."""
    with small_disk(3 << 20) as disk, serve(answers(OK)) as server, \
            Daemon(slos=one_promise(server.port), state_dir=disk / "state") as d:
        d.start()
        talk(server.port, 3)
        d.counts(server.port, ok=3)
        other = disk / "other"
        other.write_bytes(b"no database at all" * 1000)
        other.replace(d.state_dir / "troth.db")
        fill(disk)
        until(lambda: d.get("/readyz")[0] == 503, what="a complaint")
        talk(server.port, 4)
        d.counts(server.port, ok=7)
        assert d.get("/readyz")[0] == 503
        assert d.metrics()['troth_trouble{what="store"}'] == 1
        assert "store: the record is corrupt" in d.log(), d.log()
        assert "well again" not in d.log(), d.log()
        (disk / "filler").unlink()
        until(lambda: d.get("/readyz")[0] == 200, what="an end of the complaint")
        assert len([p for p in d.state_dir.glob("troth.db.corrupt-*")
                    if not p.name.endswith("-wal")]) == 1
        slo = d.slo("promise")
        assert slo["good"] == slo["total"] == 7, slo
        d.kill()
        talk(server.port, 2)
        d.start()
        d.counts(server.port, ok=9)


class Clocks:
    """A daemon whose clocks the test sets."""

    def __init__(self, d, library):
        self.file = d.dir / "clock"
        self.set()
        d.env = {"LD_PRELOAD": library, "CLOCK_FILE": str(self.file)}

    def set(self, wall_s=0, slept_s=0):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{int(wall_s * 1e9)} {int(slept_s * 1e9)}\n")
        fresh.replace(self.file)


@pytest.mark.parametrize("wall_s", [3600, -3600, 40, -40, -86400 * 3])
def test_a_clock_that_is_set_loses_no_count(shim, wall_s):
    with serve(answers(OK)) as server, Daemon(slos=one_promise(server.port)) as d:
        clocks = Clocks(d, shim("clock"))
        d.start()
        talk(server.port, 3)
        d.counts(server.port, ok=3)
        clocks.set(wall_s=wall_s)
        d.ticks(2)
        talk(server.port, 4)
        d.counts(server.port, ok=7)
        # What was counted before a clock that went back lies ahead of its window's end.
        want = 7 if wall_s > 0 else 4
        until(lambda: d.slo("promise")["good"] == d.slo("promise")["total"] >= want,
              what="the objective's count")
        d.kill()
        d.start()
        d.counts(server.port, ok=7)
        assert d.get("/readyz")[0] == 200


def test_a_host_that_slept_was_not_measured_meanwhile(shim):
    with serve(answers(OK)) as server, Daemon(slos=one_promise(server.port)) as d:
        clocks = Clocks(d, shim("clock"))
        d.start()
        talk(server.port, 3)
        d.counts(server.port, ok=3)
        clocks.set(slept_s=7200)
        time.sleep(2.2)
        talk(server.port, 4)
        d.counts(server.port, ok=7)
        slo = until(lambda: d.slo("promise")["total"] == 7 and d.slo("promise"), what="a count")
        measured = slo["time_s"]["good"] + slo["time_s"]["bad"] + slo["time_s"]["idle"]
        assert measured < 120, slo
        period = d.report("--from", "3h")["measurement"]
        assert period["coverage"] < 0.1, period


@pytest.mark.limit_s(DOWN_S + 90)
def test_time_without_a_daemon_is_one_stretch_that_was_measured():
    """Never idle minutes: something happened in it, nobody knows when."""
    early_in_a_minute()  # which is not over before the first request
    with serve(answers(OK)) as server, running(slos=one_promise(server.port)) as d, \
            Load(server.address, 2, pause_s=0.01) as load:
        time.sleep(1)
        d.kill()
        time.sleep(DOWN_S)
        d.start()
        asked = load.stop()
        d.counts(server.port, ok=asked)
        slo = until(lambda: d.slo("promise")["total"] == asked and d.slo("promise"), what="a count")
        times = slo["time_s"]
        assert times["idle"] == 0, times
        assert times["good"] >= DOWN_S - 60, times
