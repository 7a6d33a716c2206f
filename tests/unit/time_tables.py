#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
time_tables.py - what others make of local time, for test_time_tables.c to compare with.

  tests/unit/time_tables.py civil|unix|period|rrule

Python's own zoneinfo and dateutil's rrule and relativedelta are the truth here. One case a line,
fields between '|', random but the same every time; the last line is "end" and the number of cases.
"""
import random
import sys
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
         "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "UTC")
OTHERS = sorted(z for z in available_timezones() if z not in ("localtime", "posixrules"))
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
UNITS = {"m": relativedelta(minutes=1), "h": relativedelta(hours=1), "d": relativedelta(days=1),
         "w": relativedelta(weeks=1), "M": relativedelta(months=1), "Q": relativedelta(months=3),
         "Y": relativedelta(years=1)}
SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "Q": 7889238, "Y": 31556952}


def seconds(moment):
    delta = moment - EPOCH
    return delta.days * 86400 + delta.seconds


def moment(t):
    return EPOCH + timedelta(seconds=t)


def unix(zone, local):
    """fold is 0: the first of two; a skipped reading has the offset before the gap."""
    return seconds(local.replace(tzinfo=ZoneInfo(zone), fold=0))


def show(local):
    return (f"{local.year}-{local.month}-{local.day} "
            f"{local.hour}:{local.minute}:{local.second}")


def some_zone(rng):
    return rng.choice(ZONES) if rng.random() < 0.6 else rng.choice(OTHERS)


@lru_cache(maxsize=None)
def changes(zone, year):
    """The days of a year, in Unix seconds, before which the offset changed."""
    tz = ZoneInfo(zone)
    days = [datetime(year, 1, 1, tzinfo=timezone.utc) + timedelta(days=n) for n in range(367)]
    offsets = [day.astimezone(tz).utcoffset() for day in days]
    return [seconds(days[i]) for i in range(1, 367) if offsets[i] != offsets[i - 1]]


def some_moment(rng, zone):
    """Near a change of offset, most often; else anywhere from the year 2 to 9998."""
    if rng.random() < 0.2:
        return rng.randrange(seconds(datetime(2, 1, 1, tzinfo=timezone.utc)),
                             seconds(datetime(9998, 12, 31, tzinfo=timezone.utc)))
    year = 2011 if zone == "Pacific/Apia" and rng.random() < 0.3 else rng.randrange(1880, 2120)
    near = changes(zone, year)
    start = rng.choice(near) if near else seconds(datetime(year, 3, 1, tzinfo=timezone.utc))
    return start + rng.randrange(-60 * 3600, 36 * 3600)


def some_start(rng, first_year, last_year):
    """Month ends and leap days, most often."""
    year = rng.randrange(first_year, last_year)
    day = rng.choice(((1, 31), (11, 30), (2, 29), (12, 31), (8, 31), (1, 1), None))
    if day == (2, 29):
        year -= year % 4
    if day and not (day == (2, 29) and year % 100 == 0):
        start = datetime(year, *day)
    else:
        start = datetime(year, 1, 1) + timedelta(days=rng.randrange(365))
    hour = rng.choice((0, 0, 2, 2, rng.randrange(24)))
    return start + timedelta(hours=hour, minutes=rng.choice((0, 30, rng.randrange(60))),
                             seconds=rng.choice((0, 0, rng.randrange(60))))


def civil_cases(rng):
    for _ in range(10000):
        zone = some_zone(rng)
        t = some_moment(rng, zone)
        yield zone, t, show(moment(t).astimezone(ZoneInfo(zone)))


def unix_cases(rng):
    for _ in range(10000):
        zone = some_zone(rng)
        local = moment(some_moment(rng, zone)).replace(tzinfo=None)
        local += timedelta(hours=rng.randrange(-13, 15))
        yield zone, show(local), unix(zone, local)


def period_boundary(zone, start, n, unit, k):
    if unit in "mh":
        return unix(zone, start) + k * n * SECONDS[unit]
    return unix(zone, start + UNITS[unit] * (k * n))


def period_cases(rng):
    for _ in range(6000):
        zone = some_zone(rng)
        start = some_start(rng, 1950, 2050)
        unit = rng.choice("mhddwwMMMQQYY")
        n = rng.choice((1, 1, 1, 2, 3, 4, 7, rng.randrange(1, 60)))
        if rng.random() < 0.8:
            at = unix(zone, start) + rng.randrange(-20, 60) * 86400 * 30
        else:
            at = some_moment(rng, zone)
        k = (at - unix(zone, start)) // (n * SECONDS[unit])
        if rng.random() < 0.3:  # a boundary itself, or next to it
            try:
                at = period_boundary(zone, start, n, unit, k) + rng.choice((-1, 0, 0, 1))
            except (ValueError, OverflowError):
                pass
        for k in range(k - 4, k + 5):
            try:
                begin = period_boundary(zone, start, n, unit, k)
                end = period_boundary(zone, start, n, unit, k + 1)
            except (ValueError, OverflowError):  # beyond the years that Python has
                continue
            if begin < at <= end:
                yield zone, show(start), f"{n}{unit}", at, begin, end


def some_rule(rng):
    """None of these comes to nothing: dateutil would search to the year 9999."""
    freq = rng.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    parts = [f"FREQ={freq}"]
    months = sorted(rng.sample(range(1, 13), rng.randrange(1, 5)))
    days = rng.sample([d for d in range(-28, 29) if d], rng.randrange(1, 5))
    plain = rng.sample(WEEKDAYS, rng.randrange(1, 4))
    interval = rng.choice((1, 1, 2, 3, 5, 10))
    if freq == "DAILY":
        if rng.random() < 0.3:
            parts.append("BYDAY=" + ",".join(plain))
        elif rng.random() < 0.3:
            parts.append("BYMONTHDAY=" + ",".join(map(str, days)))
        if rng.random() < 0.3:
            parts.append("BYMONTH=" + ",".join(map(str, months)))
    elif freq == "WEEKLY":
        if rng.random() < 0.8:
            parts.append("BYDAY=" + ",".join(plain))
        if rng.random() < 0.2:
            parts.append("BYMONTH=" + ",".join(map(str, months)))
    else:
        if freq == "YEARLY" and rng.random() < 0.6 or freq == "MONTHLY" and rng.random() < 0.3:
            parts.append("BYMONTH=" + ",".join(map(str, months)))
            if freq == "MONTHLY":
                interval = rng.choice((1, 5, 7))
        nth = [f"{rng.choice((1, 2, 3, 4, -1, -2, -3, -4))}{day}" for day in plain]
        if freq == "MONTHLY" and "BYMONTH" not in "".join(parts):
            nth.append(f"{rng.choice((5, -5))}{rng.choice(WEEKDAYS)}")
        kind = rng.choice(("", "days", "plain", "nth", "both"))
        if kind in ("days", "both"):
            parts.append("BYMONTHDAY=" + ",".join(map(str, days)))
        if kind in ("plain", "both"):
            parts.append("BYDAY=" + ",".join(plain))
        if kind == "nth" and (freq == "MONTHLY" or "BYMONTH=" in "".join(parts)):
            parts.append("BYDAY=" + ",".join(nth))
    if interval > 1:
        parts.append(f"INTERVAL={interval}")
    if rng.random() < 0.5:
        parts.append(f"WKST={rng.choice(WEEKDAYS)}")
    if rng.random() < 0.4:
        parts.append(f"COUNT={rng.randrange(1, 400)}")
    rng.shuffle(parts)
    return freq, ";".join(parts)


def rrule_cases(rng):
    made = 0
    while made < 4000:
        zone = some_zone(rng)
        first = some_start(rng, 1975, 2060)
        freq, rule = some_rule(rng)
        # February may have no such day for a century.
        if "BYMONTH=2" in rule and "BYMONTH=2," not in rule or \
                (first.day > 28 and "BYMONTH=" in rule):
            first = first.replace(day=min(first.day, 28))
        days = {"DAILY": 900, "WEEKLY": 3000, "MONTHLY": 8000, "YEARLY": 12000}[freq]
        begin = unix(zone, first) + rng.choice((0, -5, rng.randrange(days))) * 86400
        end = begin + rng.randrange(1, days // 10) * 86400 + rng.randrange(86400)
        until = None
        if "COUNT" not in rule and rng.random() < 0.4:
            until = begin + rng.randrange(-86400 * 20, max(86400 * 21, end - begin))
        found = []
        for local in rrulestr(rule, dtstart=first):
            t = unix(zone, local)
            if t >= end or until is not None and t > until or local.year > 9000:
                break
            if t >= begin:
                found.append(t)
        if until is not None:
            rule += f";UNTIL={moment(until):%Y%m%dT%H%M%SZ}"
        if len(found) > 200:
            continue
        made += 1
        yield zone, show(first), rule, begin, end, " ".join(map(str, found))


CASES = {"civil": civil_cases, "unix": unix_cases, "period": period_cases, "rrule": rrule_cases}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in CASES:
        print(f"usage: time_tables.py {'|'.join(CASES)}", file=sys.stderr)
        return 2
    n = 0
    for case in CASES[sys.argv[1]](random.Random(20260131)):
        print("|".join(map(str, case)))
        n += 1
    print(f"end|{n}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
