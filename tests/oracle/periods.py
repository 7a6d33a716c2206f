# SPDX-License-Identifier: Apache-2.0
"""The oracle's calendar: windows of time (CONTRACT, rules 3 and 4) and what is excluded of them."""

import calendar
import datetime
import re

from dateutil import rrule

from documents import civil_time, instant, span_seconds

MONTHS = {"M": 1, "Q": 3, "Y": 12}
DAYS = {"d": 1, "w": 7}


def period_start(slo, k):
    """Start of period k, always counted from startTime."""
    n = slo.span.n * k
    if slo.span.unit in MONTHS:
        month = slo.start.year * 12 + slo.start.month - 1 + n * MONTHS[slo.span.unit]
        year, month = month // 12, month % 12 + 1
        day = min(slo.start.day, calendar.monthrange(year, month)[1])
        return instant(slo.start.replace(year=year, month=month, day=day), slo.zone)
    if slo.span.unit in DAYS:
        return instant(slo.start + datetime.timedelta(days=n * DAYS[slo.span.unit]), slo.zone)
    return instant(slo.start, slo.zone) + k * span_seconds(slo.span)


def window_at(slo, at):
    """(start, end) of the whole window that at lies in."""
    if slo.rolling:
        return at - span_seconds(slo.span), at
    k = (at - period_start(slo, 0)) // span_seconds(slo.span)  # near, as months differ
    while period_start(slo, k) >= at:
        k -= 1
    while period_start(slo, k + 1) < at:
        k += 1
    return period_start(slo, k), period_start(slo, k + 1)


def occurrences(exclusion, start, end):
    """Stretches [from, to) of one exclusion that meet [start, end)."""
    if exclusion.rrule is None:
        return [(exclusion.start, exclusion.end)]
    # The rule is followed in local time; UNTIL in UTC is a moment, which dateutil would not
    # compare with local times.
    rule, until = exclusion.rrule, None
    in_utc = re.search(r";?UNTIL=(\d{8}T\d{6})Z", rule)
    if in_utc:
        rule = rule.replace(in_utc.group(0), "").lstrip(";")
        until = instant(datetime.datetime.strptime(in_utc.group(1), "%Y%m%dT%H%M%S"), "UTC")
    margin = datetime.timedelta(seconds=exclusion.duration_s, days=2)
    found = rrule.rrulestr(rule, dtstart=civil_time(exclusion.start, exclusion.zone)).between(
        civil_time(start, exclusion.zone) - margin, civil_time(end, exclusion.zone) + margin,
        inc=True)
    starts = [instant(civil, exclusion.zone) for civil in found]
    return [(s, s + exclusion.duration_s) for s in starts if until is None or s <= until]


def applies(exclusion, slo):
    if exclusion.slos:
        return slo.name in exclusion.slos
    return bool(exclusion.labels) and all(
        values & slo.labels.get(name, set()) for name, values in exclusion.labels.items())


class Excluded:
    """Which steps of one SLO are excluded: those that an exclusion overlaps, whole."""

    def __init__(self, slo, exclusions, step, start, end):
        touched = []
        for exclusion in exclusions:
            if applies(exclusion, slo):
                for a, b in occurrences(exclusion, start, end):
                    if a < b:
                        touched.append((a // step * step, -(-b // step) * step))
        self.stretches = []
        for a, b in sorted(touched):
            if self.stretches and a <= self.stretches[-1][1]:
                before = self.stretches.pop()
                a, b = before[0], max(before[1], b)
            self.stretches.append((a, b))

    def has(self, time):
        return any(a <= time < b for a, b in self.stretches)

    def seconds(self, start, end):
        return sum(max(0, min(b, end) - max(a, start)) for a, b in self.stretches)

    def whole_slices(self, start, end, length):
        """How many slices that end in (start, end] are excluded whole."""
        count = 0
        for a, b in self.stretches:
            first, last = -(-a // length), b // length  # whole slices of [a, b)
            first = max(first, start // length)  # that end after start
            last = min(last, end // length)
            count += max(0, last - first)
        return count
