# SPDX-License-Identifier: Apache-2.0
"""Records for `troth report`, written by build/record-maker from what a test says was counted."""

import json
import os
import subprocess
from datetime import datetime, timezone
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

    def steady(self, n, good, total, start=slo.EPOCH, **more):
        """So many minutes that are all the same."""
        for i in range(n):
            self.minute(start + i * slo.MINUTE, good, total, **more)

    def simple(self, n=120, good=99, total=100, target="0.98", **more):
        """One objective and its minutes, written."""
        self.documents(slo.objective(target=target, **more))
        self.measured(slo.EPOCH, slo.EPOCH + n * slo.MINUTE, exchanges=total)
        self.steady(n, good, total)
        self.write()

    def three_services(self):
        """A busy one, one with an objective, a client, over two hours; written."""
        first, later = slo.EPOCH + slo.MINUTE, slo.EPOCH + slo.HOUR + slo.MINUTE
        self.documents(slo.objective(target="0.9"))
        self.measured(slo.EPOCH, slo.EPOCH + 2 * slo.HOUR)
        self.service("quiet:1", port=1)
        self.service("shop:8443", port=8443, unit="shop.service")
        self.service("shop to 10.0.0.5:5432", port=0, role="client", peer_address="10.0.0.5",
                     peer_port=5432)
        self.add("count", service="quiet:1", minute=first, ok=50000)
        self.add("count", service="shop:8443", minute=first, ok=900, client_error=50,
                 server_error=30, no_response=20, duration_s=0.004)
        self.add("count", service="shop:8443", minute=later, ok=10, duration_s=0.1)
        self.add("count", service="shop to 10.0.0.5:5432", role="client", minute=first, ok=7,
                 duration_s=0.002)
        self.minute(first, 950, 1000)
        self.minute(later, 10, 10)
        self.add("settle", now=slo.EPOCH + 2 * slo.HOUR)
        self.write()

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


def one(document, name="shop", objective=""):
    found = [p for p in document["promises"] if (p["name"], p["objective"]) == (name, objective)]
    assert len(found) == 1, document["promises"]
    return found[0]


def moment(t):
    return datetime.fromtimestamp(t, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
