# SPDX-License-Identifier: Apache-2.0
"""Running `troth slo`, and small files of objectives and counts for it."""

import json
import os
import subprocess
from pathlib import Path

BINARY = os.environ.get("TROTH", str(Path(__file__).resolve().parents[2] / "build" / "troth"))
EPOCH = 1767225600  # 2026-01-01T00:00:00Z, a Thursday
MINUTE, HOUR, DAY = 60, 3600, 86400


def run(*args, stdin=""):
    return subprocess.run([BINARY, *map(str, args)], input=stdin, capture_output=True, text=True,
                          timeout=60, check=False)


def slo(*args, **options):
    return run("slo", *args, **options)


def one_line(text):
    lines = text.splitlines()
    assert len(lines) == 1, f"expected one line on stderr:\n{text}"
    return lines[0]


def refused(done):
    """Exit code 2, nothing on stdout, one line on stderr: that line."""
    assert done.returncode == 2, done
    assert done.stdout == "", done
    return one_line(done.stderr)


def objective(name="shop", target="0.99", window="28d", method="Occurrences", rolling=True,
              annotations="", labels="", more="", objective_more="", calendar="", service=True):
    """One SLO as YAML. What stands in more and objective_more is indented already."""
    return f"""apiVersion: openslo/v1
kind: SLO
metadata:
  name: {name}
  labels: {{team: [payments]{labels}}}
  annotations:
    troth.dev/promise: Paying works.
    troth.dev/owner: payments team
{annotations}spec:
  service: shop
  indicator:
    metadata: {{name: answered}}
    spec:
      ratioMetric:
        counter: true
        good: {{metricSource: {{type: troth, spec: {{select: {{port: 8443}}}}}}}}
        total: {{metricSource: {{type: troth, spec: {{select: {{port: 8443}}}}}}}}
  timeWindow:
    - duration: {window}
      isRolling: {str(rolling).lower()}
{calendar}  budgetingMethod: {method}
  objectives:
    - target: {target}
{objective_more}{more}""" + ("""---
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {description: A shop.}
""" if service else "")


def counts(rows, header="time,slo,good,total"):
    return header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def steady(n, good, total, name="shop", start=EPOCH, step=MINUTE):
    return [(start + i * step, name, good, total) for i in range(n)]


class Files:
    """Files of one test, in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory

    def write(self, name, text):
        path = self.directory / name
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text, encoding="utf-8")
        return path

    def replay(self, spec, rows, *args, header="time,slo,good,total"):
        spec = self.write("slo.yaml", spec)
        rows = self.write("counts.csv", rows if isinstance(rows, (str, bytes)) else
                          counts(rows, header))
        return slo("replay", spec, "--input", rows, *args)

    def document(self, spec, rows, *args, code=None, **options):
        done = self.replay(spec, rows, "--output", "json", *args, **options)
        assert done.returncode in ((0, 1, 4) if code is None else (code,)), done
        document = json.loads(done.stdout)
        assert document["schema"] == "troth.slo/1"
        return document
