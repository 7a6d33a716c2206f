# SPDX-License-Identifier: Apache-2.0
"""CONTRACT's "Replay, precisely" in examples small enough to work out by hand.

Each runs against the oracle of tests/oracle and against troth: an oracle that nobody checked is
no truth. The numbers in brackets are the contract's rules.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

from both import DAY, START, answer, by_rate, one, steady  # noqa: E402, F401
from worlds import (  # noqa: E402
    World, by_calendar, condition, exclusion, objective, policy, rolling, slo)

HOUR = 3600


def sliced(method, target, length, window, slice_target=None):
    return slo("s", rolling(window), [objective(target, None, slice_target, length)], method)


def rounded(seconds):
    return {state: round(value, 6) for state, value in seconds.items()}


# --- states, counts, budgets --------------------------------------------------------------------


def test_time_is_good_bad_idle_or_unmeasured_and_counts_are_added_then_divided(answer):
    found = answer(World([one()], [
        (START, "s", 98, 100), (START + 60, "s", 90, 100), (START + 120, "s", 0, 0),
        (START + 240, "s", 50, 50, "0.25")], at=START + 600)).slo()
    assert (found["good"], found["total"], found["bad"]) == (238, 250, 12)
    assert found["sli"] == pytest.approx(0.952)  # not the mean of 0.98, 0.9 and 1, which is 0.96
    assert found["met"] is True
    assert rounded(found["time_s"]) == {
        "good": 75, "bad": 60, "idle": 60, "unmeasured": 405, "excluded": 0}
    assert found["coverage"] == pytest.approx(195 / 600)
    budget = found["budget"]
    assert budget["unit"] == "events"
    assert budget["allowed"] == pytest.approx(12.5) and budget["spent"] == 12
    assert budget["remaining"] == pytest.approx(0.5)
    assert budget["remaining_ratio"] == pytest.approx(0.04)


def test_an_objective_without_events_has_neither_sli_nor_verdict_and_all_its_budget(answer):
    said = answer(World([one()], [(START, "s", 0, 0)]))
    found = said.slo()
    assert found["sli"] is None and found["met"] is None
    assert found["budget"]["remaining_ratio"] == 1
    assert said.burn(60) == 0  # measured, and idle
    assert said.code == 4


def test_target_and_sli_are_compared_as_decimals(answer):
    """999 of 1000 meets 99.9 %, and 99.9 % is 0.999, though no double is either (9)."""
    for target, percent in (("0.999", False), ("99.9", True)):
        docs = [slo("s", rolling("1d"), [objective(target, percent=percent)])]
        assert answer(World(docs, [(START, "s", 999, 1000)])).slo()["met"] is True
        assert answer(World(docs, [(START, "s", 998, 999)])).slo()["met"] is False


def test_counts_of_10_18_are_compared_to_the_last_event(answer):
    total = 10**18
    docs = [one("0.999999")]
    enough = answer(World(docs, [(START, "s", total // 10**6 * 999_999, total)]))
    assert enough.slo()["met"] is True and enough.code == 0
    short = answer(World(docs, [(START, "s", total // 10**6 * 999_999 - 1, total)]))
    assert short.slo()["met"] is False and short.code == 1


def test_a_timeslice_is_good_by_its_own_target_and_idle_slices_are_kept(answer):
    """Four slices of 5 min: 95 %, 94 %, idle, unmeasured: 2 of the 3 measured ones are good (8)."""
    rows = (steady(START, 300, 95, 100) + steady(START + 300, 300, 94, 100)
            + steady(START + 600, 300, 0, 0))
    found = answer(World([sliced("Timeslices", "0.9", "5m", "20m", "0.95")], rows,
                         at=START + 1200)).slo()
    assert found["sli"] == pytest.approx(2 / 3) and found["met"] is False
    assert (found["good"], found["total"]) == (945, 1000)
    assert rounded(found["time_s"]) == {
        "good": 300, "bad": 300, "idle": 300, "unmeasured": 300, "excluded": 0}
    assert found["budget"]["unit"] == "slices"
    assert found["budget"]["allowed"] == pytest.approx(0.4)  # a tenth of four
    assert found["budget"]["spent"] == 1
    assert found["budget"]["remaining_ratio"] == pytest.approx(-1.5)


def test_ratio_timeslices_is_the_mean_of_the_slices_ratios(answer):
    """1/2 of 2 events, 100 of 100, idle: the mean of 0.5, 1 and 1 (8); two are at the target."""
    rows = [(START, "s", 1, 2), (START + 60, "s", 100, 100), (START + 120, "s", 0, 0)]
    found = answer(World([sliced("RatioTimeslices", "0.8", "1m", "3m")], rows)).slo()
    assert found["sli"] == pytest.approx(2.5 / 3)
    assert found["budget"]["allowed"] == pytest.approx(0.6)
    assert found["budget"]["spent"] == pytest.approx(0.5)
    assert rounded(found["time_s"]) == {
        "good": 60, "bad": 60, "idle": 60, "unmeasured": 0, "excluded": 0}


@pytest.mark.parametrize("slices, target", [
    ([(7, 10), (8, 10), (9, 10)], "0.8"), ([(1, 3), (2, 3)], "0.5"),
    ([(1, 7), (2, 7), (4, 7)], "0.3333333333333333"), ([(99, 100), (1, 1)], "0.995"),
    ([(n, 100) for n in range(101)], "0.5"), ([(1, 3), (1, 6), (1, 2), (1, 1)], "0.5"),
])
def test_a_mean_of_ratios_that_is_just_the_target_meets_it_and_burns_at_1(answer, slices, target):
    """No sum of doubles may decide (9, 13): a burn of just 1 is not above 1."""
    window = rolling(f"{len(slices)}m")
    docs = [slo("s", window, [objective(target, None, None, "1m")], "RatioTimeslices",
                policies=by_rate("1", f"{len(slices)}m", op="gt"))]
    rows = [(START + i * 60, "s", *counts) for i, counts in enumerate(slices)]
    end = START + 60 * len(slices)
    said = answer(World(docs, rows, at=end))
    assert said.slo()["met"] is True
    assert said.slo()["budget"]["remaining_ratio"] == pytest.approx(0, abs=1e-12)
    assert said.slo()["alerts"][0]["firing"] is False


def test_a_slice_is_judged_by_what_was_measured_of_it(answer):
    """Two of five minutes have rows, one of them half measured: 90 s bad, 210 s unmeasured (7)."""
    rows = [(START, "s", 10, 10), (START + 120, "s", 0, 10, "0.5")]
    found = answer(World([sliced("Timeslices", "0.5", "5m", "5m", "0.9")], rows,
                         at=START + 300)).slo()
    assert rounded(found["time_s"]) == {
        "good": 0, "bad": 90, "idle": 0, "unmeasured": 210, "excluded": 0}
    assert found["sli"] == 0


def test_windows_of_slices_end_with_the_last_slice_that_ended(answer):
    """At 00:12 with slices of 5 min the window of 10 min is 00:00 to 00:10 (6)."""
    rows = steady(START, 600, 9, 10) + steady(START + 600, 120, 0, 10)
    found = answer(World([sliced("Timeslices", "0.5", "5", "10m", "0.9")], rows)).slo()
    assert found["window"]["start"].startswith("2026-01-01T00:00:00")
    assert found["window"]["end"].startswith("2026-01-01T00:10:00")
    assert (found["good"], found["total"], found["sli"]) == (90, 100, 1)


# --- windows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("duration, start, zone, at, first, last", [
    # Germany leaves an hour out on 29 March 2026, at 01:00 UTC.
    ("1M", "2026-01-01 00:00:00", "Europe/Berlin", "2026-03-30T00:00:00Z",
     "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
    # A period ends at its end: that moment is not yet the next one's.
    ("1M", "2026-01-01 00:00:00", "UTC", "2026-02-01T00:00:00Z",
     "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
    # 31 January + 1M is 28 February, and + 2M is 31 March, not 28 March.
    ("1M", "2026-01-31 00:00:00", "UTC", "2026-03-15T00:00:00Z",
     "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"),
    ("1M", "2024-01-31 00:00:00", "UTC", "2024-02-15T00:00:00Z",
     "2024-01-31T00:00:00Z", "2024-02-29T00:00:00Z"),
    # 02:30 does not exist on 29 March: it is 03:30 summer time, 01:30 UTC.
    ("1d", "2026-03-01 02:30:00", "Europe/Berlin", "2026-03-29T12:00:00Z",
     "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"),
    # 02:30 occurs twice on 25 October: it is the first, 00:30 UTC.
    ("1d", "2026-10-01 02:30:00", "Europe/Berlin", "2026-10-25T12:00:00Z",
     "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
    # Hours are absolute: the 24 hours over that night end at 01:30 local time.
    ("24h", "2026-10-24 02:30:00", "Europe/Berlin", "2026-10-26T01:00:00Z",
     "2026-10-26T00:30:00Z", "2026-10-27T00:30:00Z"),
    # Before startTime periods go on backwards.
    ("1Q", "2026-04-01 00:00:00", "America/New_York", "2025-11-20T00:00:00Z",
     "2025-10-01T04:00:00Z", "2026-01-01T05:00:00Z"),
    ("1Y", "2024-02-29 12:00:00", "Asia/Kolkata", "2027-01-01T00:00:00Z",
     "2026-02-28T06:30:00Z", "2027-02-28T06:30:00Z"),
    ("2w", "2026-03-02 00:00:00", "America/New_York", "2026-03-10T00:00:00Z",
     "2026-03-02T05:00:00Z", "2026-03-16T04:00:00Z"),
])
def test_a_calendar_window_is_the_whole_local_period(answer, duration, start, zone, at, first,
                                                     last):
    docs = [one(window=by_calendar(duration, start, zone))]
    found = answer(World(docs, [(at, "s", 1, 1)], step=60, at=at)).slo()["window"]
    assert (found["start"][:19] + "Z", found["end"][:19] + "Z") == (first, last)
    assert found["rolling"] is False


def test_a_rolling_quarter_is_90_days(answer):
    found = answer(World([one(window=rolling("1Q"))], [(START, "s", 1, 1)])).slo()["window"]
    assert found["duration_s"] == 90 * DAY and found["rolling"] is True


def test_only_a_calendar_window_of_occurrences_that_is_not_over_is_an_estimate(answer):
    month = by_calendar("1M", "2026-01-01 00:00:00", "UTC")
    rows = [(START, "s", 9, 10)]
    assert answer(World([one(window=month)], rows)).slo()["estimated"] is True
    assert answer(World([one(window=month)], rows, at="2026-02-01T00:00:00Z")).slo()[
        "estimated"] is False
    assert answer(World([one(window=rolling("30d"))], rows)).slo()["estimated"] is False


def test_burn_reaches_back_over_the_start_of_a_calendar_window(answer):
    """00:01 of a new day, with 10 % bad in the 59 minutes before: 9.83 times 1 % (11)."""
    docs = [one("0.99", by_calendar("1d", "2026-01-01 00:00:00", "UTC"),
                policies=[policy("p", condition("c", "page", "100", "1h"))])]
    said = answer(World(docs, steady(START - HOUR, HOUR, 9, 10) + [(START, "s", 10, 10)]))
    assert said.slo()["total"] == 10
    assert said.burn(HOUR) == pytest.approx(59 / 600 / 0.01)


# --- exclusions ---------------------------------------------------------------------------------


def test_what_is_excluded_is_in_no_count_and_in_no_coverage(answer):
    """00:01:30 to 00:02:10 touches two steps, which are excluded whole."""
    docs = [one(), exclusion("e", slos=["s"], start="2026-01-01T00:01:30Z",
                             end="2026-01-01T00:02:10Z")]
    rows = [(START, "s", 10, 10), (START + 60, "s", 0, 10), (START + 120, "s", 0, 10),
            (START + 180, "s", 9, 10)]
    found = answer(World(docs, rows)).slo()
    assert (found["good"], found["total"]) == (19, 20)
    assert rounded(found["time_s"]) == {
        "good": 60, "bad": 60, "idle": 0, "unmeasured": 360, "excluded": 120}
    assert found["coverage"] == pytest.approx(120 / 480)


def test_a_slice_that_is_excluded_whole_is_none_and_in_part_is_judged_by_the_rest(answer):
    """Of a calendar day of 24 slices: 2 past and 1 future ones excluded, half of one more."""
    docs = [slo("s", by_calendar("1d", "2026-01-01 00:00:00", "UTC"),
                [objective("0.9", None, "0.95", "1h")], "Timeslices"),
            exclusion("past", slos=["s"], start="2026-01-01T00:00:00Z",
                      end="2026-01-01T02:30:00Z"),
            exclusion("future", slos=["s"], start="2026-01-01T20:00:00Z",
                      end="2026-01-01T21:00:00Z")]
    rows = steady(START, 9000, 0, 10) + steady(START + 9000, 1800 + HOUR, 10, 10)
    found = answer(World(docs, rows)).slo()
    assert found["sli"] == 1 and found["total"] == 900
    assert found["budget"]["allowed"] == pytest.approx(2.1)
    assert rounded(found["time_s"]) == {
        "good": 5400, "bad": 0, "idle": 0, "unmeasured": 0, "excluded": 9000}


@pytest.mark.parametrize("start, end, slices", [
    ("10:00:00", "11:00:00", 6), ("10:00:30", "10:59:30", 6), ("09:59:30", "11:00:30", 6),
    ("10:01:00", "11:00:00", 5), ("10:01:30", "10:58:30", 4), ("01:00:30", "02:59:59", 12)])
def test_slices_of_which_every_step_is_touched_are_excluded_whole(answer, start, end, slices):
    """Ten-minute slices of a day; 00:00 to 06:00 is past, and what comes is known, too."""
    docs = [slo("s", by_calendar("1d", "2026-01-01 00:00:00", "UTC"),
                [objective("0.9", None, "0.95", "10m")], "Timeslices"),
            exclusion("e", slos=["s"], start=f"2026-01-01T{start}Z", end=f"2026-01-01T{end}Z")]
    found = answer(World(docs, steady(START, 6 * HOUR, 1, 1))).slo()
    assert found["budget"]["allowed"] == pytest.approx((144 - slices) / 10)


def test_what_is_excluded_is_said_before_the_first_row_and_in_an_open_slice(answer):
    """Slices of an hour, judged at 03:30: the window is 02:00 to 03:00, its half excluded."""
    docs = [slo("s", rolling("1h"), [objective("0.9", None, "0.95", "1h")], "Timeslices"),
            exclusion("e", slos=["s"], start="2026-01-01T02:30:00Z", end="2026-01-01T09:00:00Z")]
    for first in (START + 3 * HOUR, START + 3 * HOUR + 1800, START):
        at = first + 60 if first > START else START + 3 * HOUR + 1800
        found = answer(World(docs, [(first, "s", 1, 1)], at=at)).slo()
        assert rounded(found["time_s"]) == {
            "good": 0, "bad": 0, "idle": 0, "unmeasured": 1800, "excluded": 1800}


@pytest.mark.parametrize("window, method", [
    (by_calendar("3d", "2026-01-01 00:00:00", "UTC"), "Timeslices"), (rolling("3d"), "Timeslices"),
    (rolling("3d"), "Occurrences")])
def test_what_is_excluded_long_before_the_first_row_is_said_too(answer, window, method):
    """The only row is in a slice of two hours that is not over: its window ended before it."""
    sliced_by = ("0.95", "2h") if method == "Timeslices" else (None, None)
    docs = [slo("s", window, [objective("0.9", None, *sliced_by)], method),
            exclusion("e", slos=["s"], start="2026-01-02T06:30:00Z", end="2026-01-02T07:00:00Z")]
    found = answer(World(docs, [(START + 3 * DAY + 600, "s", 1, 1)])).slo()
    assert found["time_s"]["excluded"] == 1800


@pytest.mark.parametrize("window", ["1m", "2m", "10m"])
@pytest.mark.parametrize("last_row_s", [300, 1200])
def test_of_a_window_that_is_excluded_whole_nothing_is_left_to_measure(answer, window,
                                                                       last_row_s):
    docs = [one(window=rolling(window)),
            exclusion("e", slos=["s"], start="2026-01-01T00:05:00Z", end="2026-01-01T01:00:00Z")]
    said = answer(World(docs, steady(START, last_row_s, 1, 1), at=START + 1200))
    found = said.slo()
    assert rounded(found["time_s"]) == {
        "good": 0, "bad": 0, "idle": 0, "unmeasured": 0, "excluded": int(window[:-1]) * 60}
    assert found["coverage"] is None and found["sli"] is None and said.code == 4


def test_a_recurring_exclusion_follows_local_time(answer):
    """Saturdays at 02:00 in Berlin: 01:00 UTC in winter, 00:00 in summer."""
    docs = [one(window=rolling("30d"), labels={"team": "a"}),
            exclusion("e", labels={"team": "a"}, start="2026-03-14T02:00:00",
                      rrule="FREQ=WEEKLY;BYDAY=SA", duration="1h", timeZone="Europe/Berlin")]
    rows = [("2026-03-28T00:30:00Z", "s", 1, 1), ("2026-03-28T01:30:00Z", "s", 0, 1),
            ("2026-04-04T00:30:00Z", "s", 0, 1), ("2026-04-04T01:30:00Z", "s", 1, 1)]
    found = answer(World(docs, rows, at="2026-04-04T12:00:00Z")).slo()
    assert (found["good"], found["total"]) == (2, 2)
    assert found["time_s"]["excluded"] == 4 * HOUR


# --- names, composites, exits -------------------------------------------------------------------


def test_a_row_of_the_slo_feeds_every_objective_without_rows_of_its_own(answer):
    docs = [slo("s", rolling("1d"), [objective("0.9", "Low"), objective("0.99", "High")])]
    said = answer(World(docs, [(START, "s", 95, 100)]))
    assert said.slo("s", "Low")["met"] is True and said.slo("s", "High")["met"] is False
    assert said.code == 1
    said = answer(World(docs, [(START, "s", 95, 100), (START, "s/High", 1000, 1000)]))
    assert said.slo("s", "Low")["total"] == 100 and said.slo("s", "High")["total"] == 1000
    assert said.code == 0


def test_objectives_without_displayname_are_all_fed_by_the_slos_rows(answer):
    """They share one name, so both have these rows (15); each keeps its own target."""
    docs = [slo("s", rolling("1d"), [objective("0.9"), objective("0.5")])]
    found = answer(World(docs, [(START, "s", 3, 5)])).json["slos"]
    assert [(e["target"], e["total"], e["met"]) for e in found] == [
        (0.9, 5, False), (0.5, 5, True)]


def test_rows_after_at_do_not_make_an_objective_fed_of_its_own(answer):
    """They are ignored (1): what was true at a moment stays so when the file grows."""
    docs = [slo("s", rolling("1d"), [objective("0.9", "A"), objective("0.5", "B")])]
    rows = [(START, "s", 3, 5), (START + 600, "s/A", 1, 1)]
    assert answer(World(docs, rows, at=START + 300)).slo("s", "A")["total"] == 5
    assert answer(World(docs, rows)).slo("s", "A")["total"] == 1


def test_a_composite_is_the_weighted_mean_of_its_members(answer):
    docs = [slo("s", rolling("1d"), [objective("0.9", "A", weight="1"),
                                     objective("0.98", "B", weight="3")])]
    said = answer(World(docs, [(START, "s/A", 80, 100), (START, "s/B", 99, 100)]))
    whole = said.slo("s", "*")
    assert whole["sli"] == pytest.approx(0.9425)  # (0.8 + 3 * 0.99) / 4
    assert whole["target"] == pytest.approx(0.96) and whole["met"] is False
    assert whole["budget"]["remaining_ratio"] == pytest.approx(1 - 0.0575 / 0.04)
    said = answer(World(docs, [(START, "s/B", 99, 100)]))
    assert said.slo("s", "*")["sli"] == pytest.approx(0.99)  # A has no data: left out


@pytest.mark.parametrize("targets", [("0.9", "0.98"), ("0.7", "0.1"), ("0.3", "0.6"),
                                     ("0.999999", "0.99"), ("0.3333", "0.7")])
@pytest.mark.parametrize("weights", [("1", "3"), ("0.1", "0.2"), ("7", "0.7")])
def test_a_composite_of_members_just_at_their_targets_is_just_met(answer, targets, weights):
    docs = [slo("s", rolling("1d"), [objective(t, n, weight=w)
                                     for t, n, w in zip(targets, "AB", weights)])]
    rows = [(START, f"s/{n}", round(float(t) * 10**6), 10**6) for t, n in zip(targets, "AB")]
    said = answer(World(docs, rows))
    assert said.slo("s", "*")["met"] is True and said.code == 0
    assert said.slo("s", "*")["budget"]["remaining_ratio"] == pytest.approx(0, abs=1e-9)


def test_the_exit_code_tells_met_missed_and_nothing_to_judge(answer):
    docs = [one(), slo("t", rolling("1d"), [objective("0.5")])]
    assert answer(World(docs, [(START, "s", 99, 100)])).code == 0
    assert answer(World(docs, [(START, "s", 99, 100), (START, "t", 1, 3)])).code == 1
    assert answer(World(docs, [(START, "nobody", 1, 3)])).code == 4


def test_rows_after_at_are_ignored_and_at_is_rounded_down_to_a_step(answer):
    rows = steady(START, 300, 9, 10) + steady(START + 300, 300, 0, 10)
    said = answer(World([one()], rows, at=START + 359))
    assert said.json["at"].startswith("2026-01-01T00:05:00")
    assert (said.slo()["good"], said.slo()["total"]) == (45, 50)


@pytest.mark.parametrize("row, column", [
    ((START + 30, "s", 1, 1), 1),
    ((START, "s", 1, 1), 1),
    ((START - 60, "s", 1, 1), 1),
    ((START + 60, "s", 2, 1), 14),
    ((START + 60, "s", "1.5", 2), 14),
    ((START + 60, "s", "-1", 2), 14),
    ((START + 60, "s", 1, "x"), 16),
    ((START + 60, "s", 1, 1, "1.5"), 18),
    ((START + 60, "s", 1, 1, "-0.1"), 18),
    ((START + 60, "s", 1, 1, "nan"), 18),
])
def test_a_row_that_cannot_be_is_an_error_with_its_place(answer, row, column):
    said = answer(World([one()], [(START, "s", 1, 1, "1"), row]))
    assert said.code == 2
    assert f"counts.csv:3:{column}:" in said.stderr
