# SPDX-License-Identifier: Apache-2.0
"""generate.py - random worlds for `troth slo replay`, the nasty ones included.

    generate.py SEED FOLDER     writes the world of that seed, and prints how to replay it

One seed is one world for ever: a case that failed is run again by its number. What the contract
leaves open (see replay.py's head) and two readers may answer differently is left out, but for
what replay.py states as its reading.
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import documents  # noqa: E402
import worlds  # noqa: E402

STEPS = (60, 60, 60, 60, 1, 7, 10, 30, 300, 900, 3600)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
         "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu")
TARGETS = ("0", "0.5", "0.9", "0.95", "0.99", "0.995", "0.999", "0.9999", "0.999999", "0.3333",
           "0.75", "0.8")
SLICE_TARGETS = ("0.5", "0.75", "0.9", "0.95", "0.99", "1", "0.999")
# Moments around which calendars do something: a DST change, a leap day, a turn of the year.
MOMENTS = ("2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z", "2026-03-08T06:00:00Z",
           "2026-11-01T05:00:00Z", "2024-02-29T00:00:00Z", "2024-12-31T22:00:00Z",
           "2026-01-31T23:00:00Z", "2026-04-04T14:00:00Z", "2026-07-15T12:00:00Z",
           "1970-01-01T00:00:00Z")
ROLLING = ("1m", "10m", "1h", "6h", "1d", "3d", "7d", "1w", "10d", "4w", "28d", "30d", "31d",
           "90d", "1M", "2M", "1Q", "1Y")
CALENDAR = ("6h", "24h", "1d", "3d", "1w", "2w", "1M", "1M", "2M", "1Q", "1Y", "90m")
LARGEST = 10**18  # what troth takes of one SLO; here of all together


def seconds_of(duration):
    return documents.span_seconds(documents.parse_span(duration))


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice
        self.step = self.pick(STEPS)
        self.start = documents.parse_time(self.pick(MOMENTS)) // self.step * self.step
        self.start = max(0, self.start + self.random.randrange(-40, 40) * self.step)
        self.steps = self.pick((1, 5, 40, 150, 150, 400))
        self.left = LARGEST
        self.docs, self.rows = [], []

    def chance(self, share):
        return self.random.random() < share

    # --- documents ------------------------------------------------------------------------------

    def window(self, slice_s):
        """Mostly of whole slices (steps); some begin within one."""
        def longer(duration):
            return seconds_of(duration) >= slice_s

        whole = 1 if self.chance(0.15) else slice_s
        if self.chance(0.5) or 86400 % whole:
            durations = [d for d in ROLLING if longer(d) and seconds_of(d) % whole == 0
                         and (self.step > 2 or d != "1Y")]  # 16 million steps are the most
            return worlds.rolling(self.pick(durations or ["7w"]))
        civil = f"20{self.random.randrange(19, 28)}-{self.pick(('01', '02', '03', '10', '12'))}-"
        civil += self.pick(("01", "15", "28", "31" if "-02-" not in civil else "28"))
        civil += " " + self.pick(("00:00:00", "00:00:00", "02:30:00", "12:00:00", "02:00:00"))
        duration = self.pick([d for d in CALENDAR
                              if longer(d) and (self.step > 2 or d != "1Y")])
        zones = ZONES if 900 % whole == 0 else ("UTC",)
        if zones != ZONES:
            civil = civil[:11] + "00:00:00"
            duration = self.pick(("1d", "3d", "1w", "1M", "1Q"))
        return worlds.by_calendar(duration, civil, self.pick(zones))

    def objectives(self, method, slice_text):
        several = self.chance(0.3)
        composite = several and self.chance(0.5)
        found = []
        for name in self.random.sample(("Fast", "Slow answers", "all/any", "x"),
                                       self.random.randrange(2, 4) if several else 1):
            target = self.pick(TARGETS)
            percent = self.chance(0.3)
            if percent:
                target = percent_of(target)
            found.append(worlds.objective(
                target, name if several or self.chance(0.2) else None,
                self.pick(SLICE_TARGETS) if method == "Timeslices" else None, slice_text,
                self.pick(("1", "2", "0.5", "10")) if composite else None, percent))
        return found

    def policies(self):
        """Inline or by reference, of one condition each; by reference it stands anywhere."""
        found = []
        for _ in range(self.random.randrange(1, 4)):
            number = len(self.docs) * 10 + len(found)
            threshold = self.pick(("0", "0.5", "1", "1.5", "2", "14.4", "100"))
            op = self.pick(("gt", "gte", "gte", "lt", "lte"))
            after = self.pick((None, "0m", "1m", "5m", "30m"))
            if op in ("lt", "lte") or threshold == "0":
                after = None  # held back by min-bad-events: does it hold meanwhile?
            condition = worlds.condition(
                f"c{number}", self.pick(("page", "ticket", "sev1")), threshold,
                self.pick(("1m", "5m", "15m", "1h", "6h", "1d")), op, after)
            if self.chance(0.5):
                self.docs.append(condition)
                condition = {"conditionRef": f"c{number}"}
            policy = worlds.policy(f"p{number}", condition)
            if self.chance(0.5):
                self.docs.append(policy)
                policy = {"alertPolicyRef": f"p{number}"}
            found.append(policy)
        return found

    def slo(self, name):
        method = self.pick(("Occurrences", "Occurrences", "Timeslices", "RatioTimeslices"))
        slice_s, slice_text = self.step, None
        if method != "Occurrences":
            minutes = [n for n in (1, 5, 10, 15, 30, 60, 120, 7) if n * 60 % self.step == 0]
            minutes = self.pick(minutes)
            slice_s, slice_text = minutes * 60, self.pick((f"{minutes}m", f"{minutes}"))
        annotations, policies = {}, None
        if self.chance(0.3):
            policies = self.policies()
        elif self.chance(0.3):
            annotations["troth.dev/min-bad-events"] = self.pick(("1", "2", "10", "1000"))
        self.docs.append(worlds.slo(
            name, self.window(slice_s), self.objectives(method, slice_text), method, policies,
            annotations, {"team": self.pick(("a", "b"))} if self.chance(0.5) else None))
        return method

    def exclusion(self, number):
        who = self.pick(({"slos": ["s0"]}, {"slos": ["s1", "s0"]}, {"labels": {"team": "a"}}))
        seconds = self.steps * self.step
        if self.chance(0.6):
            start = self.start + self.random.randrange(-seconds // 4 - 1, seconds)
            end = start + self.random.randrange(1, seconds // 3 + 2)
            when = {"start": documents.format_time(start), "end": documents.format_time(end)}
        else:
            zone = self.pick(ZONES)
            civil = documents.civil_time(self.start - self.random.randrange(40) * 86400, zone)
            rules = ["FREQ=DAILY", "FREQ=DAILY;INTERVAL=2", "FREQ=WEEKLY;BYDAY=SA,SU",
                     "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "FREQ=DAILY;COUNT=20",
                     "FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYDAY=-1SU"]
            rules.append("FREQ=DAILY;UNTIL=" + documents.format_time(self.start + 86400)
                         .replace("-", "").replace(":", ""))
            when = {"start": civil.strftime("%Y-%m-%dT") + self.pick(("02:30:00", "23:15:00")),
                    "rrule": self.pick(rules), "duration": self.pick(("30m", "1h", "4h")),
                    "timeZone": zone}
        self.docs.append(worlds.exclusion(f"e{number}", **who, **when))

    # --- counts ---------------------------------------------------------------------------------

    def total(self, style):
        if style == "huge":
            n = self.random.randrange(self.left // 8 + 1)
        elif style == "low":
            n = self.pick((0, 0, 0, 0, 1, 1, 2))
        else:
            n = self.pick((0, 1, 10, 20, 60, 100, 1000))
        n = min(n, self.left)
        self.left -= n
        return n

    def good(self, total, mood):
        if mood == "fine":
            return total
        if mood == "down":
            return 0
        if mood == "edge":  # at a round ratio, and one beside it
            at = total * self.pick((50, 75, 90, 95, 99)) // 100
            return max(0, min(total, at + self.pick((-1, 0, 0, 1))))
        return self.random.randrange(total + 1)

    def track(self, name, ratios):
        """The rows of one name: moods and gaps in runs, as outages come."""
        style = self.pick(("usual", "usual", "low", "huge"))
        if ratios and style == "huge":
            style = "low"  # sums of fractions of huge counts: the oracle would never end
        measured_style = self.pick(("whole", "whole", "mixed"))
        mood, gap, left = "fine", False, 0
        for i in range(self.steps):
            if left == 0:
                mood = self.pick(("fine", "fine", "down", "edge", "any", "edge"))
                gap = self.chance(0.15)
                left = self.random.randrange(1, self.steps // 5 + 3)
            left -= 1
            if gap or self.chance(0.03):
                continue
            total = 0 if self.chance(0.05) else self.total(style)
            measured = "1"
            if measured_style == "mixed":
                measured = self.pick(("1", "0.5", "0.25", "0.999999999", "0.3", "0.000000001"))
            if total == 0 and self.chance(0.1):
                measured = "0"
            self.rows.append((self.start + i * self.step, name, self.good(total, mood), total,
                              measured))

    def interleave(self):
        """By time or shuffled, ascending within each name all the same."""
        order = self.pick(("grouped", "time", "shuffled"))
        if order == "time":
            self.rows.sort(key=lambda r: r[0])
        elif order == "shuffled":
            queues = {}
            for row in self.rows:
                queues.setdefault(row[1], []).append(row)
            names = [row[1] for row in self.rows]
            self.random.shuffle(names)
            self.rows = [queues[name].pop(0) for name in names]
        if self.chance(0.3):
            self.rows = [(documents.format_time(r[0]), *r[1:]) for r in self.rows]
        if all(r[4] == "1" for r in self.rows) and self.chance(0.7):
            self.rows = [r[:4] for r in self.rows]

    def world(self):
        for number in range(self.random.randrange(1, 4)):
            name = f"s{number}"
            ratios = self.slo(name) == "RatioTimeslices"
            names = [f"{name}/{o['displayName']}" if "displayName" in o else name
                     for o in self.docs[-1]["spec"]["objectives"]]
            if names[0] != name and self.chance(0.5):
                # Some are fed by rows of the SLO's name, and if all have their own, nobody is.
                names = [name] + [n for n in names if self.chance(0.5)]
            for one in names:
                self.track(one, ratios)
        if self.chance(0.1):
            self.track("nobody", False)
        for number in range(self.pick((0, 0, 0, 1, 1, 2))):
            self.exclusion(number)
        if not self.rows:
            self.rows.append((self.start, "s0", 1, 1, "1"))
        if self.chance(0.2):
            self.gap()
        self.interleave()
        if len({d["kind"] for d in self.docs}) > 1:
            self.random.shuffle(self.docs)
        return worlds.World(self.docs, self.rows, self.step, self.at(),
                            self.pick((1, 1, 2, 3)))

    def gap(self):
        """Longer than most windows, somewhere between the rows."""
        cut = self.start + self.random.randrange(self.steps) * self.step
        gap = self.random.randrange(1, 4000) * self.step
        self.rows = [(row[0] + gap if row[0] >= cut else row[0], *row[1:]) for row in self.rows]

    def at(self):
        if self.chance(0.5):
            return None
        length = self.steps * self.step
        moment = self.start + self.random.randrange(1, 2 * length + 1) + self.step
        return documents.format_time(moment) if self.chance(0.5) else moment


def percent_of(target):
    """100 times a decimal, as text, exactly."""
    whole, _, digits = target.partition(".")
    digits = digits.ljust(2, "0")
    text = f"{int(whole + digits[:2])}"
    return f"{text}.{digits[2:]}" if digits[2:] else text


def world(seed):
    return Generator(seed).world()


def main():
    seed, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    made = world(seed)
    files, counts = made.write(folder)
    at = f" --at {made.at}" if made.at is not None else ""
    print(f"{' '.join(files)} --input {counts} --step {made.step}s{at}")


if __name__ == "__main__":
    main()
