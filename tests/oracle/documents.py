# SPDX-License-Identifier: Apache-2.0
"""What the oracle reads: OpenSLO documents, counts.csv, times and durations.

Exact: every number is a Fraction of what was written. Reads what is well-formed, as CONTRACT has
it; finding what is wrong in a document is lint's affair, and not checked here. Of counts.csv the
errors that CONTRACT's rule 2 names are found.
"""

import csv
import datetime
import re
from collections import namedtuple
from fractions import Fraction
from zoneinfo import ZoneInfo

import yaml

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)

# Rules 3 and 12: what a unit counts as where no calendar says otherwise.
NOMINAL_S = {
    "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400,
    "M": 30 * 86400, "Q": 90 * 86400, "Y": 365 * 86400,
}

Span = namedtuple("Span", "n unit")
Objective = namedtuple(
    "Objective", "display_name counts_name target weight slice_target slice_s")
Condition = namedtuple("Condition", "severity op threshold lookback_s after_s")
Slo = namedtuple(
    "Slo", "name service method rolling span start zone objectives composite conditions"
    " min_bad labels")
Exclusion = namedtuple("Exclusion", "slos labels start end rrule duration_s zone")
Row = namedtuple("Row", "time good total measured")


class BadInput(Exception):
    """counts.csv is not as rule 2 wants it: FILE:LINE:COLUMN and why."""


def parse_span(text):
    n, unit = re.fullmatch(r"(\d+)([smhdwMQY])", text).groups()
    return Span(int(n), unit)


def span_seconds(span):
    return span.n * NOMINAL_S[span.unit]


def parse_time(text):
    """Unix seconds of an RFC 3339 time or of Unix seconds."""
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text):
        raise ValueError(text)
    fraction = re.search(r"\.(\d+)", text)
    whole = re.sub(r"\.\d+", "", text.upper().replace("Z", "+00:00"))
    seconds = (datetime.datetime.fromisoformat(whole) - EPOCH) // datetime.timedelta(seconds=1)
    if fraction:
        seconds += Fraction("0." + fraction.group(1))
    return seconds


def format_time(seconds):
    return (EPOCH + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_civil(text):
    """A date with time, without a zone."""
    return datetime.datetime.fromisoformat(text.replace("T", " "))


def instant(civil, zone):
    """Unix seconds of a local time.

    With fold=0, zoneinfo takes the offset from before a change: a time that does not exist comes
    out later by the gap, one that occurs twice is the first. Both as rule 4.
    """
    local = civil.replace(tzinfo=ZoneInfo(zone), fold=0)
    return (local.astimezone(UTC) - EPOCH) // datetime.timedelta(seconds=1)


def civil_time(seconds, zone):
    return (EPOCH + datetime.timedelta(seconds=seconds)).astimezone(
        ZoneInfo(zone)).replace(tzinfo=None, fold=0)


# --- documents ----------------------------------------------------------------------------------


def read_documents(paths):
    """All documents; every scalar stays the text that was written, so that 0.999 is 999/1000."""
    documents = []
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            documents += [d for d in yaml.load_all(stream, Loader=yaml.BaseLoader) if d]
    return documents


def labels_of(document):
    labels = {}
    for name, value in (document["metadata"].get("labels") or {}).items():
        labels[name] = set(value) if isinstance(value, list) else {value}
    return labels


def read_objective(slo, method, written):
    if "target" in written:
        target = Fraction(written["target"])
    else:
        target = Fraction(written["targetPercent"]) / 100
    display_name = written.get("displayName", "")
    window = written.get("timeSliceWindow")
    slice_s = None
    if method != "Occurrences":
        bare = re.fullmatch(r"\d+", window)
        slice_s = int(window) * 60 if bare else span_seconds(parse_span(window))
    slice_target = Fraction(written["timeSliceTarget"]) if method == "Timeslices" else target
    return Objective(
        display_name, f"{slo}/{display_name}" if display_name else slo, target,
        Fraction(written.get("compositeWeight", "1")), slice_target, slice_s)


def read_condition(document):
    spec = document["spec"]
    condition = spec["condition"]
    return Condition(
        spec["severity"], condition.get("op"), Fraction(condition["threshold"]),
        span_seconds(parse_span(condition["lookbackWindow"])),
        span_seconds(parse_span(condition.get("alertAfter", "0m"))))


def read_conditions(slo, by_name):
    """The conditions of those alertPolicies that resolve (rule 14)."""
    found = []
    for written in slo["spec"].get("alertPolicies") or []:
        policy = written
        if "alertPolicyRef" in written:
            policy = by_name.get(("AlertPolicy", written["alertPolicyRef"]))
        for condition in policy["spec"]["conditions"] if policy else []:
            if "conditionRef" in condition:
                condition = by_name.get(("AlertCondition", condition["conditionRef"]))
            if condition:
                found.append(read_condition(condition))
    return found


def read_slo(document, by_name):
    name, spec = document["metadata"]["name"], document["spec"]
    window = spec["timeWindow"][0]
    calendar = window.get("calendar")
    method = spec["budgetingMethod"]
    annotations = document["metadata"].get("annotations") or {}
    return Slo(
        name, spec["service"], method, calendar is None, parse_span(window["duration"]),
        parse_civil(calendar["startTime"]) if calendar else None,
        calendar.get("timeZone", "UTC") if calendar else "UTC",
        [read_objective(name, method, o) for o in spec["objectives"]],
        len(spec["objectives"]) > 1 and any(
            {"compositeWeight", "indicator", "indicatorRef"} & set(o) for o in spec["objectives"]),
        read_conditions(document, by_name),
        int(annotations.get("troth.dev/min-bad-events", "1")), labels_of(document))


def read_exclusion(document):
    spec = document["spec"]
    zone = spec.get("timeZone", "UTC")

    def moment(text):
        # With an offset it is that moment, without one a local time of timeZone.
        try:
            return parse_time(text)
        except ValueError:
            return instant(parse_civil(text), zone)

    labels = {}
    for name, value in (spec.get("labels") or {}).items():
        labels[name] = set(value) if isinstance(value, list) else {value}
    return Exclusion(
        spec.get("slos") or [], labels, moment(spec["start"]),
        moment(spec["end"]) if "end" in spec else None, spec.get("rrule"),
        span_seconds(parse_span(spec["duration"])) if "duration" in spec else None, zone)


def read_world(paths):
    """(SLOs, exclusions) of all files, references resolved across them."""
    documents = read_documents(paths)
    by_name = {(d["kind"], d["metadata"]["name"]): d for d in documents}
    return (
        [read_slo(d, by_name) for d in documents if d["kind"] == "SLO"],
        [read_exclusion(d) for d in documents if d["kind"] == "Exclusion"])


# --- counts -------------------------------------------------------------------------------------


def read_counts(path, step):
    """{slo name: [Row, ...]}, and raises BadInput at the first row that breaks rule 2."""
    rows = {}
    with open(path, encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream)
        header = next(lines)
        for fields in lines:
            if not fields:
                continue

            def bad(name, why, line=lines.line_num, fields=fields):
                before = fields[:header.index(name)]
                column = sum(len(f) + 1 for f in before) + 1
                return BadInput(f"{path}:{line}:{column}: {why}")

            row = dict(zip(header, fields))
            try:
                time = parse_time(row["time"])
            except ValueError:
                raise bad("time", "not a time") from None
            if time % step:
                raise bad("time", "not a multiple of the step")
            for name in ("good", "total"):
                if not re.fullmatch(r"\d+", row[name]):
                    raise bad(name, "not an integer")
            if int(row["good"]) > int(row["total"]):
                raise bad("good", "more than total")
            try:
                measured = Fraction(row.get("measured", "1"))
            except ValueError:
                raise bad("measured", "not a number") from None
            if not 0 <= measured <= 1:
                raise bad("measured", "outside 0...1")
            of_slo = rows.setdefault(row["slo"], [])
            if of_slo and time <= of_slo[-1].time:
                raise bad("time", "repeated or backward")
            of_slo.append(Row(int(time), int(row["good"]), int(row["total"]), measured))
    return rows
