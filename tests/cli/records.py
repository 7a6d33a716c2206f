# SPDX-License-Identifier: Apache-2.0
"""Records for `troth report`, written by build/record-maker from what a test says was counted."""

import json
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import slo

MAKER = os.environ.get("RECORD_MAKER",
                       str(Path(__file__).resolve().parents[2] / "build" / "record-maker"))
STATES = ("unmeasured", "good", "bad", "idle", "excluded")
NS = 10**9


class Record:
    """Collects lines; write() makes the record. Keeps what it was told, for the test's own sums."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.lines = []
        self.minutes = {}  # objective -> {time: (good, total, measured)}

    def add(self, op, **fields):
        self.lines.append({"op": op, **fields})

    def documents(self, yaml, time=slo.EPOCH):
        self.add("documents", time=time, yaml=yaml)

    def service(self, name, port=8443, role="server", **more):
        self.add("service", name=name, port=port, role=role, **more)

    def measured(self, start, end, seconds=60, **more):
        self.add("time", minute=start, minutes=(end - start) // 60, measured_s=seconds, **more)

    def minute(self, time, good, total, objective="shop", measured=1, **more):
        self.minutes.setdefault(objective, {})[time] = (good, total, measured)
        self.add("minute", objective=objective, time=time, good=good, total=total,
                 measured=measured, **more)

    def judge(self, hour, target, objective="shop"):
        """The hour as judged by minutes, of Occurrences: what the daemon writes at its end."""
        cells, ns, good, total = [0] * 5, [0] * 5, 0, 0
        for time in range(hour, hour + 3600, 60):
            g, t, measured = self.minutes[objective].get(time, (0, 0, 0))
            state = (0 if not measured else 3 if not t else
                     1 if Fraction(g, t) >= Fraction(str(target)) else 2)
            cells[state] += 1
            ns[state] += round(measured * 60 * NS)
            ns[0] += 60 * NS - round(measured * 60 * NS)
            good, total = good + g, total + t
        self.add("hour", objective=objective, time=hour, good=good, total=total, cells=cells, ns=ns)

    def write(self):
        done = subprocess.run([MAKER, self.directory], text=True, capture_output=True, timeout=120,
                              input="".join(json.dumps(line) + "\n" for line in self.lines),
                              check=False)
        assert done.returncode == 0, done.stderr
        self.lines = []

    def report(self, *args, env=None):
        return report("--state-dir", self.directory, "--pin-dir", self.directory / "none", *args,
                      env=env)

    def document(self, *args, code=None, **options):
        done = self.report("--output", "json", *args, **options)
        assert done.returncode in ((0, 1, 4) if code is None else (code,)), done
        document = json.loads(done.stdout)
        assert document["schema"] == "troth.report/1"
        return document

    def counts(self):
        """The same minutes as counts.csv."""
        rows = [(time, name, *counts) for name, minutes in self.minutes.items()
                for time, counts in sorted(minutes.items())]
        return slo.counts(rows, "time,slo,good,total,measured")


def report(*args, env=None):
    return subprocess.run([slo.BINARY, "report", *map(str, args)], capture_output=True, text=True,
                          timeout=60, env={**os.environ, **(env or {})}, check=False)
