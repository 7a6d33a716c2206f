# SPDX-License-Identifier: Apache-2.0
"""Alerts of CONTRACT's "Replay, precisely" (12 to 14), worked out by hand: oracle and troth."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

from both import START, answer, by_rate, one, steady  # noqa: E402, F401
from worlds import World, by_calendar, objective, rolling, slo  # noqa: E402

HOUR = 3600


@pytest.mark.parametrize("window, expected", [
    (rolling("28d"), [(3600, 300, 13.44), (21600, 1800, 5.6), (86400, 7200, 2.8),
                      (259200, 21600, 14 / 15)]),
    (rolling("30d"), [(3600, 300, 14.4), (21600, 1800, 6), (86400, 7200, 3),
                      (259200, 21600, 1)]),
    (by_calendar("1M", "2026-01-01 00:00:00", "UTC"),
     [(3600, 300, 14.4), (21600, 1800, 6), (86400, 7200, 3), (259200, 21600, 1)]),
    (rolling("7d"), [(900, 120, 13.44), (5400, 480, 5.6), (21600, 1800, 2.8),
                     (64800, 5400, 14 / 15)]),
    # An hour is 1/672 of 28 days: 6 h are 33 s there, 1 d is 129 s, 3 d are 386 s.
    (rolling("1h"), [(60, 60, 1.2), (60, 60, 3), (180, 60, 2), (420, 60, 6 / 7)]),
])
def test_default_alerts_spend_2_5_10_and_10_percent(answer, window, expected):
    found = answer(World([one("0.999", window)], [(START, "s", 1, 1)])).slo()["alerts"]
    assert [(a["long_s"], a["short_s"]) for a in found] == [e[:2] for e in expected]
    assert [a["factor"] for a in found] == pytest.approx([e[2] for e in expected], rel=1e-15)
    assert [a["severity"] for a in found] == ["page", "page", "ticket", "ticket"]


def burst(bad_minutes, after, good_before=HOUR):
    """Ten events a minute: all good, then all bad, then all good."""
    bad = START + bad_minutes * 60
    return (steady(START - good_before, good_before, 10, 10) + steady(START, bad - START, 0, 10)
            + steady(bad, after, 10, 10))


def test_an_alert_fires_above_its_factor_and_not_at_it(answer):
    """One of ten minutes bad at 90 %: a burn of exactly 1, which is not above 1 (13)."""
    docs = [one("0.9", rolling("1d"), policies=by_rate("1", "10m", op="gt"))]
    assert answer(World(docs, burst(1, HOUR))).events() == []
    said = answer(World(docs, burst(2, HOUR)))
    # The second bad minute makes it 2; it falls to 1 when the first has left the window.
    assert said.events() == [(120, "page", 600, "firing"), (660, "page", 600, "resolved")]
    docs = [one("0.9", rolling("1d"), policies=by_rate("1", "10m", op="gte"))]
    assert answer(World(docs, burst(1, HOUR))).events() == [
        (60, "page", 600, "firing"), (660, "page", 600, "resolved")]


def test_alert_after_wants_the_condition_to_hold_so_long(answer):
    docs = [one("0.9", rolling("1d"), policies=by_rate("1", "10m", op="gt", after="5m"))]
    assert answer(World(docs, burst(2, HOUR))).events() == [
        (420, "page", 600, "firing"), (660, "page", 600, "resolved")]


def test_both_windows_must_burn_and_the_short_one_ends_it(answer):
    """7 d at 90 %: 2.8 over 6 h and 30 min can fire, needs 28 % bad in both (12, 13)."""
    rows = steady(START - 6 * HOUR, 6 * HOUR, 10, 10) + steady(START, 2 * HOUR, 0, 10)
    rows += steady(START + 2 * HOUR, HOUR, 10, 10)
    found = answer(World([one("0.9", rolling("7d"))], rows)).events()
    # 28 % of 360 min is 100.8 min; of 30 min it is 8.4, so 22 good minutes end it.
    assert (101 * 60, "ticket", 6 * HOUR, "firing") in found
    assert (7200 + 22 * 60, "ticket", 6 * HOUR, "resolved") in found


def test_an_alert_keeps_its_state_while_nothing_was_measured(answer):
    docs = [one("0.9", rolling("1d"), policies=by_rate("1", "10m", op="gt"))]
    rows = burst(5, 0) + [(START + 3 * HOUR, "s", 10, 10)]
    said = answer(World(docs, rows))
    # 10 min after the last bad minute nothing is measured, for hours; the first good one ends it.
    assert said.events() == [(120, "page", 600, "firing"),
                             (3 * HOUR + 60, "page", 600, "resolved")]
    assert answer(World(docs, rows, at=START + 2 * HOUR)).slo()["alerts"][0]["firing"] is True
    assert answer(World(docs, rows, at=START + 2 * HOUR)).burn(600) is None


def test_min_bad_events_holds_an_alert_back(answer):
    docs = [one("0.9", rolling("1d"), policies=by_rate("1", "10m", op="gt"),
                annotations={"troth.dev/min-bad-events": "31"})]
    assert answer(World(docs, burst(5, HOUR))).events()[0] == (240, "page", 600, "firing")


def test_slices_are_judged_at_their_ends(answer):
    docs = [slo("s", rolling("1d"), [objective("0.9", None, "0.95", "5m")], "Timeslices",
                policies=by_rate("1", "1h", op="gt"))]
    # Two bad slices of twelve: 1/6 of 0.1 is a burn of 1.67.
    assert answer(World(docs, burst(10, 2 * HOUR))).events() == [
        (600, "page", HOUR, "firing"), (HOUR + 300, "page", HOUR, "resolved")]
