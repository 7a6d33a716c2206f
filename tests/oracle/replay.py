# SPDX-License-Identifier: Apache-2.0
"""replay.py - what `troth slo replay` must say, by another hand.

    replay.py FILE... --input counts.csv [--step 60s] [--at TIME]

Written from CONTRACT's "Replay, precisely" alone, whose rules the numbers below are, to be
compared with the program. Fractions throughout; slow and plain. No forecast. Of a composite's "*"
it prints only the fields that the contract defines.

Where the contract can be read in two ways, this reads it so:
 a. "End of the last interval in the input" (1) takes in rows of SLOs that no file declares.
 b. A row after `at` (1) is as though it were not there, so it does not make a row an objective's
    own (15), either: a longer file must not change an earlier answer.
 c. For a slice method the window (4, 6) is that of the last slice's end, not of `at`: `at` some
    minutes into a new month still tells of the old one. Counts (5) end there, too.
 d. A step or slice that straddles the window's start belongs to the window in which it ends
    (6: it "counts once it has ended"), whole, so that adjoining windows count none twice. Only
    its time is shared out, in proportion, so that time_s sums to the window's time (7).
 e. The slices of a whole window (10) are, by the same, those that end in it.
 f. A window is scaled (12), then the factor taken of the scaled, rounded long window.
 g. "Above" (13) is >; `op` of a condition (14) says otherwise; a condition without op is >.
 h. alertAfter (14): the condition must have held from one judgement to another that is at least
    so much later, as Prometheus' `for`. While frozen nothing moves, neither begins nor ends.
 i. min-bad-events (14) holds back the beginning of an alert, and never ends one. It is events,
    for slice methods too. What it holds back has held all the same, for alertAfter.
 j. An event's `slo` (13) is name/displayName, even if the objective is fed by rows of `name`.
 k. sli is null where the window's *events* are 0 (8): measured idle time alone is no data.
 l. A composite (15) has several objectives, one of them with a compositeWeight, or an indicator
    of its own (OpenSLO's own sense of the word).
    A member without data is left out of its target, too: sli and target are of the same. Budget:
    rule 10 with these two; for slices, where the members have as many measured ones each.
 m. burn's window_s (11) is the window as alerts name it, before it is rounded up to slices.
 n. A step (slice) is measured (7, 11) where a row says measured > 0. What a row with measured 0
    counted is in good and total (5), and in nothing else.
"""

import argparse
import json
import math
import sys
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import documents  # noqa: E402
import periods  # noqa: E402

DAY = 86400
DEFAULT_ALERTS = (  # rule 12: share, long, short, severity
    (Fraction(2, 100), 3600, 300, "page"),
    (Fraction(5, 100), 6 * 3600, 1800, "page"),
    (Fraction(10, 100), DAY, 2 * 3600, "ticket"),
    (Fraction(10, 100), 3 * DAY, 6 * 3600, "ticket"),
)
OPS = {
    "gt": lambda rate, factor: rate > factor,
    "gte": lambda rate, factor: rate >= factor,
    "lt": lambda rate, factor: rate < factor,
    "lte": lambda rate, factor: rate <= factor,
}


class Alert:
    def __init__(self, severity, long_s, short_s, factor, op="gt", after_s=0):
        self.severity, self.long_s, self.short_s, self.factor = severity, long_s, short_s, factor
        self.above, self.after_s = OPS[op], after_s
        self.holds_since = None
        self.firing = False

    def judge(self, now, long_rate, short_rate, held_back):
        """Rule 13, at the end of one step. "firing", "resolved" or None: what changed."""
        if long_rate is None or (self.short_s and short_rate is None):
            return None
        if not (self.above(long_rate, self.factor)
                and (not self.short_s or self.above(short_rate, self.factor))):
            was, self.firing, self.holds_since = self.firing, False, None
            return "resolved" if was else None
        if self.holds_since is None:
            self.holds_since = now
        if self.firing or held_back or now - self.holds_since < self.after_s:
            return None
        self.firing = True
        return "firing"


def alerts_of(slo):
    """Rules 12 and 14."""
    if slo.conditions:
        return [Alert(c.severity, c.lookback_s, None, c.threshold, c.op or "gt", c.after_s)
                for c in slo.conditions]
    period = documents.span_seconds(slo.span)

    def scaled(window):
        if period >= 28 * DAY:
            return window
        return math.ceil(Fraction(window * period, 28 * DAY * 60)) * 60

    return [Alert(severity, scaled(long), scaled(short), share * period / scaled(long))
            for share, long, short, severity in DEFAULT_ALERTS]


class Unit:
    """One slice, or for Occurrences one step: what was counted in it."""

    def __init__(self):
        self.good = self.total = 0
        self.measured_s = Fraction(0)

    @property
    def measured(self):
        return self.measured_s > 0

    @property
    def ratio(self):
        return Fraction(self.good, self.total) if self.total else Fraction(1)

    def state(self, objective):
        """Rule 7."""
        if not self.measured:
            return "unmeasured"
        if not self.total:
            return "idle"
        return "good" if self.ratio >= objective.slice_target else "bad"


class Track:
    """One objective, its rows, and everything about it at one moment."""

    def __init__(self, slo, objective, rows, step, at, exclusions):
        self.slo, self.objective, self.step, self.at = slo, objective, step, at
        self.slices = slo.method != "Occurrences"
        self.length = objective.slice_s or step
        if self.length % step:
            raise documents.BadInput(f"a slice of {self.length} s is no whole number of steps")
        self.now = at // self.length * self.length
        self.start, self.end = periods.window_at(slo, self.now)
        first = rows[0].time if rows else self.now
        self.excluded = periods.Excluded(
            slo, exclusions, step, min(first, self.start) - self.length, self.end + self.length)
        self.rows = [r for r in rows
                     if r.time + step <= self.now and not self.excluded.has(r.time)]
        self.units = {}
        for row in self.rows:
            unit = self.units.setdefault(row.time // self.length, Unit())
            unit.good += row.good
            unit.total += row.total
            unit.measured_s += row.measured * step
        self.add_up()

    def add_up(self):
        """sums[i]: what the units before self.first + i hold, so that a window is a difference."""
        last = self.now // self.length
        self.first = min(self.units, default=last)
        self.sums = [(0, 0, 0, 0, Fraction(0))]
        for index in range(self.first, last):
            unit = self.units.get(index, Unit())
            state = unit.state(self.objective)
            loss = 1 - unit.ratio if state != "unmeasured" else 0
            add = (state != "unmeasured", unit.good, unit.total, state == "bad", loss)
            self.sums.append(tuple(a + b for a, b in zip(self.sums[-1], add)))

    def between(self, first, last):
        """Of units [first, last): measured units, good, total, bad units, sum of (1 - ratio)."""
        def until(index):
            return self.sums[min(max(index - self.first, 0), len(self.sums) - 1)]

        return tuple(b - a for a, b in zip(until(first), until(last)))

    def last_of(self, window_s, last):
        return self.between(last - math.ceil(Fraction(window_s, self.length)), last)

    def rate(self, window_s, last=None):
        """Rule 11: the burn rate, or None, over the window that ends with unit last - 1."""
        last = self.now // self.length if last is None else last
        measured, good, total, bad_units, loss = self.last_of(window_s, last)
        if not measured:
            return None
        if self.slo.method == "Occurrences":
            error = Fraction(total - good, total) if total else Fraction(0)
        elif self.slo.method == "Timeslices":
            error = Fraction(bad_units, measured)
        else:
            error = Fraction(loss) / measured
        return error / (1 - self.objective.target)

    def judge_alerts(self):
        """Rules 13 and 14: (alerts as they stand at the end, events)."""
        alerts, events = alerts_of(self.slo), []
        for last in range(self.first + 1, self.now // self.length + 1):
            for alert in alerts:
                _, good, total, _, _ = self.last_of(alert.long_s, last)
                change = alert.judge(
                    last * self.length, self.rate(alert.long_s, last),
                    self.rate(alert.short_s, last) if alert.short_s else None,
                    total - good < self.slo.min_bad)
                if change:
                    events.append({
                        "time": last * self.length, "slo": self.objective.counts_name,
                        "kind": "alert", "severity": alert.severity, "long_s": alert.long_s,
                        "state": change})
        return alerts, events

    def times(self):
        """Rule 7: seconds of the window by state."""
        seconds = dict.fromkeys(("good", "bad", "idle"), Fraction(0))
        for index, unit in self.units.items():
            if unit.measured and index >= self.start // self.length:
                seconds[unit.state(self.objective)] += unit.measured_s * self.share(index)
        # Of the unit that straddles the start what is excluded is shared out like the rest.
        first = self.start // self.length
        whole = -(-self.start // self.length) * self.length
        excluded = Fraction(self.excluded.seconds(whole, self.now))
        if whole > self.start:
            excluded += self.share(first) * self.excluded.seconds(whole - self.length, whole)
        seconds["unmeasured"] = self.now - self.start - excluded - sum(seconds.values())
        seconds["excluded"] = excluded
        return seconds

    def share(self, index):
        """The part of a unit's time that lies in the window."""
        end = (index + 1) * self.length
        return Fraction(min(self.length, end - self.start), self.length)

    def slices_of_window(self):
        whole = self.end // self.length - self.start // self.length
        return whole - self.excluded.whole_slices(self.start, self.end, self.length)

    def measured_share(self):
        """Slices that were judged, of those that the budget is for; of events, all were."""
        if not self.slices:
            return Fraction(1)
        measured = self.between(self.start // self.length, self.now // self.length)[0]
        return Fraction(measured, self.slices_of_window())

    def result(self):
        target, seconds = self.objective.target, self.times()
        measured, good, total, bad_units, loss = self.between(
            self.start // self.length, self.now // self.length)
        if self.slo.method == "Occurrences":
            sli = Fraction(good, total) if total else None
            allowed, spent = (1 - target) * total, Fraction(total - good)
        else:
            spent = Fraction(bad_units if self.slo.method == "Timeslices" else loss)
            sli = 1 - spent / measured if total and measured else None
            allowed = (1 - target) * self.slices_of_window()
        judged = sum(seconds[s] for s in ("good", "bad", "idle"))
        alerts, events = self.judge_alerts()
        windows = {w for a in alerts for w in (a.long_s, a.short_s) if w}
        return {
            "name": self.slo.name, "service": self.slo.service,
            "objective": self.objective.display_name, "target": target,
            "method": self.slo.method, "window": window_json(self),
            "good": good, "total": total, "bad": total - good, "sli": sli,
            "met": None if sli is None else sli >= target,
            "estimated": not self.slices and self.now < self.end,
            "time_s": seconds,
            "coverage": (judged / (judged + seconds["unmeasured"])
                         if judged + seconds["unmeasured"] else None),
            "budget": {
                "unit": "slices" if self.slices else "events", "allowed": allowed,
                "spent": spent, "remaining": allowed - spent,
                "remaining_ratio": (allowed - spent) / allowed if allowed else Fraction(1)},
            "burn": [{"window_s": w, "rate": self.rate(w)} for w in sorted(windows)],
            "alerts": [{"severity": a.severity, "long_s": a.long_s, "short_s": a.short_s,
                        "factor": a.factor, "firing": a.firing} for a in alerts],
        }, events


def window_json(track):
    return {
        "start": documents.format_time(track.start), "end": documents.format_time(track.end),
        "duration_s": track.end - track.start, "rolling": track.slo.rolling}


def composite(slo, tracks, results):
    """Rule 15."""
    def mean(of):
        return sum(o.weight * v for o, v in of) / sum(o.weight for o, _ in of)

    members = list(zip(slo.objectives, tracks, results))
    with_data = [m for m in members if m[2]["sli"] is not None]
    target = mean([(o, o.target) for o, _, _ in with_data or members])
    sli = mean([(o, r["sli"]) for o, _, r in with_data]) if with_data else None
    budget = {"unit": results[0]["budget"]["unit"]}
    shares = {t.measured_share() for _, t, _ in with_data}
    if len(shares) < 2:
        spent = (1 - sli) * shares.pop() if with_data else 0
        budget["remaining_ratio"] = 1 - spent / (1 - target)
    return {
        "name": slo.name, "service": slo.service, "objective": "*", "target": target,
        "method": slo.method, "window": window_json(tracks[0]), "sli": sli,
        "met": None if sli is None else sli >= target, "budget": budget,
    }


class Replay:
    """All of a run: elements and events with exact numbers, times as Unix seconds in events."""

    def __init__(self, files, counts, step=60, at=None):
        slos, exclusions = documents.read_world(files)
        rows = documents.read_counts(counts, step)
        if at is None:
            at = max(of_slo[-1].time + step for of_slo in rows.values())
        self.at = at // step * step
        rows = {name: [r for r in of_slo if r.time + step <= self.at]
                for name, of_slo in rows.items()}
        self.elements, self.events, self.tracks = [], [], {}
        for slo in slos:
            tracks, results = [], []
            for objective in slo.objectives:
                own = rows.get(objective.counts_name) or rows.get(slo.name) or []
                track = Track(slo, objective, own, step, self.at, exclusions)
                result, events = track.result()
                self.tracks[len(self.elements) + len(tracks)] = track
                tracks.append(track)
                results.append(result)
                self.events += events
            self.elements += results
            if slo.composite:
                self.elements.append(composite(slo, tracks, results))
        self.events.sort(key=lambda e: e["time"])

    def exit_code(self):
        """Rule 16."""
        if all(e["sli"] is None for e in self.elements):
            return 4
        return int(any(e["met"] is False for e in self.elements))

    def json(self):
        events = [{**e, "time": documents.format_time(e["time"])} for e in self.events]
        return plain({"schema": "troth.slo/1", "at": documents.format_time(self.at),
                      "slos": self.elements, "events": events})


# Whole seconds, and ratios; an integer that the contract shows as a float is one.
def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return float(value) if isinstance(value, Fraction) else value


def main():
    parser = argparse.ArgumentParser(description="what `troth slo replay` must say")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--input", required=True)
    parser.add_argument("--step", default="60s")
    parser.add_argument("--at")
    options = parser.parse_args()
    step = documents.span_seconds(documents.parse_span(options.step))
    at = documents.parse_time(options.at) if options.at else None
    try:
        replay = Replay(options.files, options.input, step, at)
    except documents.BadInput as problem:
        print(problem, file=sys.stderr)
        return 2
    json.dump(replay.json(), sys.stdout, indent=2)
    print()
    return replay.exit_code()


if __name__ == "__main__":
    sys.exit(main())
