# SPDX-License-Identifier: Apache-2.0
"""`troth store`: a record out of text that this file makes, checked, and as text again."""

import collections
import csv
import io
import json
import os
import random
import sqlite3
import subprocess

import pytest

import slo

T0 = 1767225600  # 2026-01-01 00:00 UTC
HOUR = 3600


def store(*arguments, stdin=None, cwd=None):
    return subprocess.run([slo.BINARY, "store", *map(str, arguments)], input=stdin, text=True,
                          capture_output=True, timeout=60, cwd=cwd)


def one_line(run):
    assert run.stderr.count("\n") == 1 and run.stderr.startswith("troth store "), run.stderr
    return run.stderr


def merged(counts):
    """The sum of counts as the export has them, by what each counter is."""
    sums = collections.Counter()
    for c in counts:
        for name, value in c.items():
            for key, n in [((), value)] if isinstance(value, int) else \
                    [(tuple(e[:-1]), e[-1]) for e in value]:
                if name == "max_ns":
                    sums[name, key] = max(sums[name, key], n)
                else:
                    sums[name, key] += n
    return sums


def as_counts(sums):
    """In the order of counter numbers, which is the order of this table."""
    order = ["queue_ns", "receive_ns", "service_ns", "send_ns", "max_ns", "bytes_in", "bytes_out",
             "opened", "undated", "streamed", "duration", "queue", "exchanges"]
    outcomes = ["ok", "client_error", "server_error", "no_response", "aborted", "unknown"]
    out = {}
    for name in order:
        entries = [(key, n) for (which, key), n in sums.items() if which == name and n]
        entries.sort(key=lambda e: tuple(99 if k is None else outcomes.index(k)
                                         if isinstance(k, str) else k for k in e[0]))
        if entries and entries[0][0] == ():
            out[name] = entries[0][1]
        elif entries:
            out[name] = [[*key, n] for key, n in entries]
    return out


def counts(rng):
    n = rng.randint(1, 50)
    return as_counts(merged([{
        "service_ns": rng.randint(1, 10**9), "max_ns": rng.randint(1, 10**9), "bytes_in": 200 * n,
        "duration": [[rng.randint(-80, -40), n]] if rng.random() < .95 else [[None, n]],
        "undated": [[rng.randint(0, 3), 1]],
        "exchanges": [[rng.randint(0, 15), rng.choice(["ok", "server_error", "unknown"]), n]]}
        for _ in range(4)]))


class Record:
    """Plain lists; sums are made by adding everything again."""

    def __init__(self, seed=1, minutes=150, services=3):
        rng = random.Random(seed)
        self.services = [self.service(i + 1) for i in range(services)]
        self.minutes = {(t, s["id"]): counts(rng)
                        for t in range(T0, T0 + 60 * minutes, 60) for s in self.services
                        if rng.random() < .7}
        self.time = {t: {"measured_ns": 60 * 10**9, "estimated_ns": 0, "exchanges": 5, "lost": 0}
                     for t in range(T0, T0 + 60 * minutes, 60)}
        self.objectives = ["checkout", "checkout/with, a \"comma\""]
        self.slo_minutes = [
            {"objective": o + 1, "time": t, "good": 99 - t // 60 % 3, "total": 100,
             "unmeasured_e9": 250000000 if t == T0 + 60 else 0, "estimated": False, "inexact": 0}
            for o in range(2) for t in range(T0, T0 + 60 * minutes, 60)]

    @staticmethod
    def service(number):
        return {"id": number, "role": "server", "name": f"näme-{number}:80", "protocol": "http",
                "port": 80, "pid": 4, "comm": "nginx", "exe": None, "unit": "nginx.service",
                "container": None, "pod": None, "cgroup": "/", "netns": 4026531840,
                "peer_address": None, "peer_port": 0, "first_seen": T0, "last_seen": T0 + 60}

    def sums(self, length):
        groups = collections.defaultdict(list)
        for (t, service), c in self.minutes.items():
            groups[t // length * length, service].append(c)
        return {key: as_counts(merged(c)) for key, c in groups.items()}

    def lines(self):
        yield {"type": "record", "schema": "troth.record/1", "began": T0, "minutes_from": 0,
               "hours_from": 0, "clock": T0}
        for s in self.services:
            yield {"type": "service", **s}
        for (_, service), c in sorted(self.sums(10**12).items()):
            times = [t for t, s in self.minutes if s == service]
            yield {"type": "total", "service": service, "first": min(times), "last": max(times),
                   "counts": c}
        for (t, service), c in sorted(self.sums(HOUR).items()):
            yield {"type": "hour", "time": t, "service": service, "counts": c}
        for (t, service), c in sorted(self.minutes.items()):
            yield {"type": "minute", "time": t, "service": service, "counts": c}
        hours = collections.defaultdict(collections.Counter)
        for t, row in self.time.items():
            hours[t // HOUR * HOUR].update(row)
        for t, row in sorted(hours.items()):
            yield {"type": "time_hour", "time": t, **row}
        for t, row in self.time.items():
            yield {"type": "time_minute", "time": t, **row}
        yield {"type": "losses", "missed": 1, "in_flight_at_change": 2,
               "losses": {"no_series": [[1, 3]], "merged": 4}}
        yield {"type": "kernel", "boot_id": "x", "maps_id": 1, "wall_ns": 1, "mono_ns": 2,
               "boot_ns": 3, "missed": 0, "losses": {}, "thresholds": "0:300000000"}
        yield {"type": "checkpoint", "series": 2, "service": 1, "netns": 1, "role": "client",
               "port": 5432, "exe_inode": 7, "exe_dev": 8, "peer": "00" * 10 + "ffff7f000001",
               "counts": {"bytes_in": 5}}
        for service, counts in ((0, {}), (1, {"bytes_in": 6})):
            yield {"type": "untold", "until_ns": T0 * 10**9 + 5, "service": service,
                   "since_ns": T0 * 10**9, "lost": 0, "thresholds": "0:300000000",
                   "counts": counts}
        for i, name in enumerate(self.objectives):
            yield {"type": "objective", "id": i + 1, "name": name}
        for m in self.slo_minutes:
            yield {"type": "objective_minute", **m}
        yield {"type": "event", "id": 1, "time": T0, "kind": "start", "slo": None,
               "severity": None, "long_s": 0, "short_s": 0, "state": None, "text": "started"}
        yield {"type": "document", "id": 1, "time": T0, "yaml": "apiVersion: openslo/v1\n# ü\n"}

    def text(self, change=None):
        lines = list(self.lines())
        if change:
            change(lines)
        lines.append({"type": "end", "lines": len(lines)})
        return "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n"
                       for line in lines)


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def imported(state, record):
    run = store("import", "--state-dir", state, "-", stdin=record.text())
    assert (run.returncode, run.stderr) == (0, "")
    return record


@pytest.mark.parametrize("seed", range(3))
def test_what_is_exported_is_what_was_imported(state, seed):
    record = imported(state, Record(seed))
    run = store("export", "--state-dir", state)
    assert run.returncode == 0 and not run.stderr
    assert run.stdout.splitlines() == record.text().splitlines()
    check = store("check", "--state-dir", state, "--output", "json")
    assert check.returncode == 0
    document = json.loads(check.stdout)
    assert document["schema"] == "troth.store/1" and document["sound"] and not document["faults"]
    assert document["minutes"] == len(record.minutes) and document["services"] == 3
    assert document["began"].startswith("2026-01-01T00:00:00")


def test_a_record_made_of_its_own_export_is_the_same(state, tmp_path):
    imported(state, Record())
    first = store("export", "--state-dir", state).stdout
    (tmp_path / "text").write_text(first)
    again = tmp_path / "again"
    assert store("import", "--state-dir", again, tmp_path / "text").returncode == 0
    assert sorted(p.name for p in again.iterdir()) == ["troth.db", "troth.lock"]
    assert store("export", "--state-dir", again).stdout == first
    assert oct((again / "troth.db").stat().st_mode)[-3:] == "600"


def test_counts_of_objectives_can_be_replayed(state, tmp_path):
    record = imported(state, Record())
    run = store("export", "--counts", "--state-dir", state)
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert [(int(r["time"]), r["slo"], int(r["good"]), int(r["total"])) for r in rows] == [
        (m["time"], record.objectives[m["objective"] - 1], m["good"], m["total"])
        for m in record.slo_minutes]
    assert {r["measured"] for r in rows} == {"1", "0.750000000"}
    (tmp_path / "counts.csv").write_text(run.stdout)
    (tmp_path / "slo.yaml").write_text("""\
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout}
spec:
  service: checkout
  budgetingMethod: Occurrences
  timeWindow: [{duration: 1d, isRolling: true}]
  indicator:
    metadata: {name: good}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: troth, spec: {}}}
        total: {metricSource: {type: troth, spec: {}}}
  objectives: [{target: 0.9}]
""")
    replay = subprocess.run([slo.BINARY, "slo", "replay", tmp_path / "slo.yaml", "--input",
                             tmp_path / "counts.csv", "--step", "60s", "--output", "json"],
                            capture_output=True, text=True, timeout=60)
    result = json.loads(replay.stdout)["slos"][0]
    mine = [m for m in record.slo_minutes if m["objective"] == 1]
    assert result["good"] == sum(m["good"] for m in mine)
    assert result["total"] == sum(m["total"] for m in mine)


def test_counts_of_a_minute_that_is_not_over_are_left_out(state):
    def change(lines):
        lines.insert(-2, {"type": "objective_open_minute", "objective": 1, "time": 2**35 // 60 * 60,
                          "good": 1, "total": 1, "unmeasured_e9": 0, "estimated": False,
                          "inexact": 0})
    assert store("import", "--state-dir", state, "-",
                 stdin=Record().text(change)).returncode == 0
    assert str(2**35 // 60 * 60) not in store("export", "--counts", "--state-dir", state).stdout


def nth(lines, kind):
    return next(i for i, line in enumerate(lines) if line["type"] == kind)


def edit(kind, **fields):
    def change(lines):
        at = nth(lines, kind)
        lines[at] = {**lines[at], **fields}
    return kind, change


def drop(kind):
    def change(lines):
        del lines[nth(lines, kind)]
    return None, change


def twice(kind):
    def change(lines):
        lines.insert(nth(lines, kind), lines[nth(lines, kind)])
    return None, change


BAD = {
    "schema": (edit("record", schema="troth.record/2"), "troth.record/1"),
    "no record": (drop("record"), "record"),
    "record twice": (twice("record"), "record"),
    "id 0": (edit("service", id=0), "'id'"),
    "role": (edit("service", role="both"), "server"),
    "name": (edit("service", name=5), "'name'"),
    "long name": (edit("service", name="x" * 70000), "65536"),
    "time": (edit("minute", time=T0 + 1), "multiple of 60"),
    "negative": (edit("time_minute", lost=-1), "'lost'"),
    "counter": (edit("minute", counts={"bytes": 5}), "'bytes'"),
    "bucket": (edit("minute", counts={"duration": [[49, 1]]}), "'duration'"),
    "outcome": (edit("minute", counts={"exchanges": [[0, "good", 1]]}), "'exchanges'"),
    "count": (edit("minute", counts={"bytes_in": -5}), "'bytes_in'"),
    "counts": (edit("minute", counts=[]), "object"),
    "field": (edit("minute", more=1), "field"),
    "type": (edit("minute", type="second"), "'second'"),
    "peer": (edit("checkpoint", peer="zz" * 16), "'peer'"),
    "flag": (edit("objective_minute", estimated=0), "true or false"),
    "service twice": (twice("service"), "before"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_wrong_line_is_named_by_its_number(state, what):
    (kind, change), word = BAD[what]
    run = store("import", "--state-dir", state, "-", stdin=Record().text(change))
    assert run.returncode == 2
    line = one_line(run)
    assert word in line and "stdin: line " in line
    if kind:
        number = nth(list(Record().lines()), kind) + 1
        assert f"line {number}:" in line


@pytest.mark.parametrize("cut", [1, 100, 10000])
def test_a_text_that_was_cut_is_refused(state, cut):
    text = Record().text()
    run = store("import", "--state-dir", state, "-", stdin=text[:-cut - 1])
    assert run.returncode == 2 and "line " in one_line(run)
    # Nothing of it is there, and the whole can still be imported.
    imported(state, Record())


@pytest.mark.parametrize("text", ["", "\n", "[]\n", "{\n", "null", '{"type":5}\n', "\0\n",
                                  '{"type":"end","lines":0}\n', "[" * 100000])
def test_what_is_no_export_is_refused(state, text):
    run = store("import", "--state-dir", state, "-", stdin=text)
    assert run.returncode == 2 and "line 1" in one_line(run)


def test_lines_that_are_missing_are_told(state):
    lines = Record().text().splitlines(keepends=True)
    del lines[nth(list(Record().lines()), "event")]
    run = store("import", "--state-dir", state, "-", stdin="".join(lines))
    assert run.returncode == 2 and "missing" in one_line(run)


def test_a_text_that_contradicts_itself_is_refused(state):
    def change(lines):
        lines[nth(lines, "hour")]["counts"]["bytes_in"] += 1
    run = store("import", "--state-dir", state, "-", stdin=Record().text(change))
    assert run.returncode == 2 and "sum of" in one_line(run)


def test_nothing_is_imported_into_a_record(state):
    imported(state, Record(1))
    before = store("export", "--state-dir", state).stdout
    run = store("import", "--state-dir", state, "-", stdin=Record(2).text())
    assert run.returncode == 2 and "holds a record" in one_line(run)
    assert store("export", "--state-dir", state).stdout == before


def test_a_killed_import_leaves_nothing(state, tmp_path):
    text = Record(minutes=150).text()
    with subprocess.Popen([slo.BINARY, "store", "import", "--state-dir", state, "-"],
                          stdin=subprocess.PIPE, text=True) as run:
        run.stdin.write(text[:-100])
        run.stdin.flush()
        other = store("import", "--state-dir", state, "-", stdin=text)
        assert other.returncode == 3 and f"process {run.pid}" in one_line(other)
        run.kill()
    imported(state, Record())


@pytest.mark.parametrize("command", ["check", "export"])
def test_without_a_record_there_is_one_line(tmp_path, command):
    run = store(command, "--state-dir", tmp_path)
    assert run.returncode == 2 and str(tmp_path) in one_line(run)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command,code", [("check", 1), ("export", 3)])
def test_a_corrupt_record_is_told(state, command, code):
    imported(state, Record())
    (state / "troth.db").write_bytes(b"no database" * 1000)
    run = store(command, "--state-dir", state)
    assert run.returncode == code and "corrupt" in one_line(run)


def test_a_newer_record_is_told(state):
    imported(state, Record())
    with sqlite3.connect(state / "troth.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for command in ("check", "export"):
        run = store(command, "--state-dir", state)
        assert run.returncode == 3 and "newer" in one_line(run)


def test_check_says_what_does_not_hold(state):
    imported(state, Record())
    with sqlite3.connect(state / "troth.db") as db:
        db.execute("DELETE FROM minutes WHERE id = (SELECT min(id) FROM minutes)")
    db.close()
    run = store("check", "--state-dir", state)
    assert run.returncode == 1 and "sum of its minutes" in run.stdout
    assert "sound:      no" in run.stdout
    document = json.loads(store("check", "--state-dir", state, "--output", "json").stdout)
    assert not document["sound"] and len(document["faults"]) == 1


def test_an_export_into_nowhere_is_told(state):
    imported(state, Record())
    with open("/dev/full", "w", encoding="ascii") as full:
        run = subprocess.run([slo.BINARY, "store", "export", "--state-dir", state], stdout=full,
                             stderr=subprocess.PIPE, text=True, timeout=60)
    assert run.returncode == 2 and "No space left" in one_line(run)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts: needs root")
def test_an_import_that_finds_no_room_leaves_nothing(tmp_path):
    text = tmp_path / "text"
    text.write_text(Record(minutes=3000).text())
    script = f"""
        mount -t tmpfs -o size=512k none {tmp_path}/small || exit 99
        {slo.BINARY} store import --state-dir {tmp_path}/small/state {text}; echo $?
        mount -o remount,size=64m {tmp_path}/small
        {slo.BINARY} store import --state-dir {tmp_path}/small/state {text}; echo $?
        {slo.BINARY} store check --state-dir {tmp_path}/small/state >/dev/null; echo $?
        mount -o remount,ro {tmp_path}/small
        {slo.BINARY} store import --state-dir {tmp_path}/small/other {text}; echo $?
        {slo.BINARY} store check --state-dir {tmp_path}/small/state >/dev/null; echo $?
    """
    (tmp_path / "small").mkdir()
    run = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True,
                         timeout=120)
    assert run.stdout.split() == ["3", "0", "0", "3", "0"], run.stderr
    assert len(run.stderr.splitlines()) == 2, run.stderr
    assert "No space left" in run.stderr or "no room" in run.stderr
