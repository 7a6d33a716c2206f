# SPDX-License-Identifier: Apache-2.0
"""`troth slo suggest`: what the past supports. The interval is worked out here, in its textbook form."""

import json
from math import sqrt

import pytest

from slo import DAY, EPOCH, HOUR, counts, slo, steady


def suggest(files, rows, *args, code=0):
    done = slo("suggest", "--input", files.write("counts.csv", counts(rows)), "--output", "json",
               *args)
    assert done.returncode == code, done
    document = json.loads(done.stdout)
    assert document["schema"] == "troth.suggest/1"
    return document["suggestions"]


def wilson(bad, n, z=1.959964):
    p = bad / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return 1 - middle - half, 1 - middle + half


def hours(days, good, total, name="shop"):
    return steady(days * 24, good, total, name, step=HOUR)


def test_a_steady_past_supports_what_leaves_a_third_of_the_budget(files):
    """1 in 2,000 fails: 99.9 % spends half of its budget, 99.95 % all of it."""
    [one] = suggest(files, hours(56, 1999, 2000), "--step", "1h")
    assert one["target"] == 0.999
    assert one["worst_window_spent"] == pytest.approx(0.5)
    assert one["independent_windows"] == pytest.approx(2)
    assert (one["wilson"]["low"], one["wilson"]["high"]) == \
        pytest.approx(wilson(56 * 24, 56 * 24 * 2000), rel=1e-9)


def test_the_next_nine_is_put_into_failures_and_minutes(files):
    [one] = suggest(files, hours(56, 1999, 2000), "--step", "1h")
    nine = one["next_nine"]
    assert nine["target"] == 0.9999
    assert nine["allowed_bad"] == pytest.approx(28 * 24 * 2000 / 10000)
    assert nine["allowed_minutes"] == pytest.approx(28 * 1440 / 10000)
    assert nine["usual_bad"] == 28 * 24
    assert nine["worst_bad"] == 28 * 24


def test_one_bad_day_decides(files):
    """A day with 20 % of failures: 1/28 of that in the worst window, 0.71 %."""
    rows = hours(84, 10000, 10000)
    for i in range(50 * 24, 51 * 24):
        rows[i] = (rows[i][0], "shop", 8000, 10000)
    [one] = suggest(files, rows, "--step", "1h")
    assert one["worst_day"] == {"first": "2026-02-20", "days": 1, "good": 24 * 8000,
                                "total": 24 * 10000, "sli": 0.8}
    assert one["worst_window"]["days"] == 28
    assert one["worst_window"]["sli"] == pytest.approx(1 - 0.2 / 28)
    assert one["target"] == 0.98
    assert one["burst_factor"] > 1000
    assert one["wilson_with_bursts"]["low"] < one["wilson"]["low"] < one["sli"]


def test_a_past_without_failures_proves_no_more_than_its_size(files):
    """With none of n bad the lower bound is n / (n + z^2): for 6,720 events 99.943 %."""
    [one] = suggest(files, hours(28, 10, 10), "--step", "1h")
    assert one["sli"] == 1
    assert one["wilson"]["low"] == pytest.approx(6720 / (6720 + 1.959964**2), rel=1e-9)
    assert one["target"] == 0.999


def test_few_events_get_an_alert_that_waits(files):
    """Ten an hour at 99 %: 13.44 % of ten is more than one, so two failures are a page."""
    rows = hours(28, 10, 10)
    for i in range(0, len(rows), 24):
        rows[i] = (rows[i][0], "shop", 9, 10)
    [one] = suggest(files, rows, "--step", "1h")
    assert one["events_per_hour"] == 10
    assert one["target"] < 0.995
    assert one["min_bad_events"] >= 2
    [many] = suggest(files, hours(28, 9990, 10000), "--step", "1h")
    assert many["min_bad_events"] == 1


def test_every_name_has_a_suggestion(files):
    rows = hours(7, 99, 100, "a") + hours(7, 0, 0, "b")
    one, two = suggest(files, rows, "--step", "1h")
    assert (one["name"], two["name"]) == ("a", "b")
    assert two["target"] is None and two["sli"] is None


def test_no_traffic_is_nothing_to_judge(files):
    suggest(files, hours(1, 0, 0), "--step", "1h", code=4)


def test_a_service_that_mostly_fails_gets_no_target(files):
    [one] = suggest(files, hours(7, 10, 100), "--step", "1h")
    assert one["target"] is None and one["next_nine"] is None


def test_the_page_says_how_and_how_sure(files):
    rows = hours(35, 9995, 10000)
    rows[100] = (EPOCH + 100 * HOUR, "shop", 5000, 10000)
    done = slo("suggest", "--input", files.write("counts.csv", counts(rows)), "--step", "1h")
    text = " ".join(done.stdout.split())
    for words in ("the worst window", "with 95 % certainty", "failures came in bursts",
                  "1.2 windows of 28 days", "the next nine", "Wilson score interval"):
        assert words in text, f"{words}\n{text}"
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_days_are_those_of_utc(files):
    rows = [(EPOCH + DAY - 60, "a", 0, 10), (EPOCH + DAY, "a", 10, 10)]
    [one] = suggest(files, rows)
    assert one["worst_day"]["first"] == "2026-01-01"
    assert one["worst_day"]["total"] == 10


def test_events_of_unmeasured_time_are_said_and_support_nothing(files):
    path = files.write("counts.csv", counts([(EPOCH, "shop", 1, 2, 0)],
                                            "time,slo,good,total,measured"))
    page = slo("suggest", "--input", path)
    assert page.returncode == 4
    assert "1 of 2 failed, but no time was measured" in page.stdout
    assert "no traffic" not in page.stdout + page.stderr
    [one] = json.loads(slo("suggest", "--input", path, "--output", "json").stdout)["suggestions"]
    assert (one["good"], one["total"], one["sli"], one["target"]) == (1, 2, 0.5, None)
