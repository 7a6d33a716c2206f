# SPDX-License-Identifier: Apache-2.0
"""Worlds to replay: documents and counts as files, and the two that replay them.

A world is documents, rows and arguments; `oracle` and `troth` turn one into (exit code, JSON,
stderr). Numbers in documents are written as they are given: Number("0.999") is 0.999 in the file.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import documents
import replay

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ._/-]*[A-Za-z0-9]")
WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
TROTH = Path(os.environ.get("TROTH", Path(__file__).resolve().parents[2] / "build" / "troth"))
LIMIT_S = 60


class Number(str):
    """Text that goes into YAML as it is."""


def emit(value, depth=0):
    """YAML of dicts, lists and scalars, as lines."""
    pad = "  " * depth
    if isinstance(value, dict):
        lines = []
        for name, inner in value.items():
            if isinstance(inner, (dict, list)) and inner:
                lines += [f"{pad}{scalar(name)}:"] + emit(inner, depth + 1)
            else:
                lines.append(f"{pad}{scalar(name)}: {scalar(inner)}")
        return lines
    lines = []
    for inner in value:
        if isinstance(inner, (dict, list)):
            first, *rest = emit(inner, depth + 1)
            lines += [f"{pad}- {first.lstrip()}"] + rest
        else:
            lines.append(f"{pad}- {scalar(inner)}")
    return lines


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Number, int)):
        return str(value)
    if value in ({}, []):
        return "{}" if value == {} else "[]"
    if PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    return json.dumps(value)


def yaml_of(docs):
    return "\n".join("\n".join(["---"] + emit(doc)) for doc in docs) + "\n"


# --- documents ----------------------------------------------------------------------------------


def indicator(port=8443):
    def source(outcomes):
        spec = {"select": {"port": port}}
        if outcomes:
            spec["outcomes"] = outcomes
        return {"metricSource": {"type": "troth", "spec": spec}}

    return {"metadata": {"name": f"port-{port}"},
            "spec": {"ratioMetric": {"counter": True, "good": source(["ok"]),
                                     "total": source([])}}}


def rolling(duration):
    return [{"duration": duration, "isRolling": True}]


def by_calendar(duration, start, zone):
    return [{"duration": duration,
             "calendar": {"startTime": Number(start), "timeZone": zone}, "isRolling": False}]


def objective(target, display_name=None, slice_target=None, slice_window=None, weight=None,
              percent=False):
    written = {}
    if display_name:
        written["displayName"] = display_name
    written["targetPercent" if percent else "target"] = Number(target)
    if slice_target is not None:
        written["timeSliceTarget"] = Number(slice_target)
    if slice_window is not None:
        written["timeSliceWindow"] = Number(slice_window)
    if weight is not None:
        written["compositeWeight"] = Number(weight)
        written["indicator"] = indicator()
    return written


def slo(name, window, objectives, method="Occurrences", policies=None, annotations=None,
        labels=None):
    metadata = {"name": name}
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    spec = {"service": f"{name}-service", "timeWindow": window, "budgetingMethod": method}
    if not any("indicator" in o for o in objectives):
        spec["indicator"] = indicator()
    spec["objectives"] = objectives
    if policies:
        spec["alertPolicies"] = policies
    return {"apiVersion": "openslo/v1", "kind": "SLO", "metadata": metadata, "spec": spec}


def condition(name, severity, threshold, lookback, op=None, after=None):
    how = {"kind": "burnrate"}
    if op:
        how["op"] = op
    how["threshold"] = Number(threshold)
    how["lookbackWindow"] = lookback
    if after:
        how["alertAfter"] = after
    return {"apiVersion": "openslo/v1", "kind": "AlertCondition", "metadata": {"name": name},
            "spec": {"severity": severity, "condition": how}}


def policy(name, one_condition):
    target = {"apiVersion": "openslo/v1", "kind": "AlertNotificationTarget",
              "metadata": {"name": f"{name}-target"}, "spec": {"target": "email"}}
    return {"apiVersion": "openslo/v1", "kind": "AlertPolicy", "metadata": {"name": name},
            "spec": {"alertWhenBreaching": True, "alertWhenResolved": True,
                     "conditions": [one_condition], "notificationTargets": [target]}}


def exclusion(name, **spec):
    return {"apiVersion": "troth.dev/v1", "kind": "Exclusion", "metadata": {"name": name},
            "spec": {**spec, "reason": "planned", "author": "someone"}}


# --- worlds -------------------------------------------------------------------------------------


class World:
    """rows: (time, slo, good, total) or (time, slo, good, total, measured); text goes as it is."""

    def __init__(self, docs, rows, step=60, at=None, split=1):
        self.docs, self.rows, self.step, self.at, self.split = docs, rows, step, at, split

    def counts(self):
        with_measured = any(len(r) > 4 for r in self.rows)
        lines = ["time,slo,good,total" + (",measured" if with_measured else "")]
        for row in self.rows:
            filled = tuple(row) + (("1",) if with_measured and len(row) == 4 else ())
            lines.append(",".join(str(field) for field in filled))
        return "\n".join(lines) + "\n"

    def write(self, folder):
        """Documents over several files, and counts.csv; (files, counts)."""
        files = []
        for part in range(self.split):
            path = Path(folder) / f"slo-{part}.yaml"
            path.write_text(yaml_of(self.docs[part::self.split]), encoding="utf-8")
            if self.docs[part::self.split]:
                files.append(str(path))
        counts = Path(folder) / "counts.csv"
        counts.write_text(self.counts(), encoding="utf-8")
        return files, str(counts)


def exact(world, folder):
    files, counts = world.write(folder)
    at = None if world.at is None else documents.parse_time(str(world.at))
    return replay.Replay(files, counts, world.step, at)


def oracle(world, folder):
    try:
        found = exact(world, folder)
    except documents.BadInput as problem:
        return 2, None, str(problem)
    return found.exit_code(), found.json(), ""


def troth(world, folder):
    files, counts = world.write(folder)
    command = [str(TROTH), "slo", "replay", *files, "--input", counts, "--step",
               f"{world.step}s", "--output", "json"]
    if world.at is not None:
        command += ["--at", str(world.at)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    return run.returncode, json.loads(run.stdout) if run.stdout.strip() else None, run.stderr
