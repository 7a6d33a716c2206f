# SPDX-License-Identifier: Apache-2.0
"""What others have published of the arithmetic of objectives, replayed.

Sources:
  SRE workbook: Beyer, Murphy, Rensin, Kawahara, Thorne (eds.), The Site Reliability Workbook,
      O'Reilly 2018, chapter 5 "Alerting on SLOs", https://sre.google/workbook/alerting-on-slos/
  SRE book: Beyer, Jones, Petoff, Murphy (eds.), Site Reliability Engineering, O'Reilly 2016,
      appendix A "Availability Table", https://sre.google/sre-book/availability-table/
  OpenSLO: https://github.com/OpenSLO/OpenSLO, specification v1 (README.md) and the examples
      budgeting-method/ and treat-low-traffic-as-equally-important/
"""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

import worlds  # noqa: E402
from both import DAY, START, answer, steady  # noqa: E402, F401
from worlds import World, condition, objective, policy, rolling, slo  # noqa: E402

MINUTE, HOUR, WEEK = 60, 3600, 7 * DAY


# --- SRE workbook, chapter 5 --------------------------------------------------------------------


@pytest.mark.parametrize("burn, error_rate, exhausted_after_s", [
    (1, 0.001, 30 * DAY),
    (2, 0.002, 15 * DAY),
    (10, 0.01, 3 * DAY),
    (1000, 1, 43.2 * MINUTE),
])
def test_a_burn_rate_says_when_the_budget_of_30_days_is_gone(answer, burn, error_rate,
                                                             exhausted_after_s):
    """Table "Burn rates and time to complete budget exhaustion", for an objective of 99.9 %.

    A step is half of 43.2 minutes, of which 30 days hold 2,000: traffic is even, errors come
    until that time and then no more, and at the end of the 30 days just nothing is left.
    """
    step = 1296
    begin = START // step * step
    bad_until = begin + exhausted_after_s
    rows = [(t, "s", 1000 - (round(1000 * error_rate) if t < bad_until else 0), 1000)
            for t in range(begin, begin + 30 * DAY, step)]
    docs = [slo("s", rolling("30d"), [objective("0.999")],
                policies=[policy("p", condition("c", "page", "1", "1h"))])]
    said = answer(World(docs, rows, step))
    assert said.slo()["budget"]["remaining"] == pytest.approx(0, abs=1e-9)
    assert said.slo()["budget"]["remaining_ratio"] == pytest.approx(0, abs=1e-12)
    assert said.slo()["met"] is True  # just spent is not overspent
    during = answer(World(docs, rows, step, at=begin + 2 * step))
    assert during.burn(HOUR) == pytest.approx(burn, rel=1e-12)
    rows[-1] = (rows[-1][0], "s", rows[-1][2] - 1, 1000)
    if bad_until < rows[-1][0]:
        assert answer(World(docs, rows, step)).slo()["met"] is False


def test_the_recommended_alerts_are_14_4_in_1h_6_in_6h_and_1_in_3_days(answer):
    """Table "Recommended parameters for an SLO-based alerting configuration" (99.9 %, 30 days)."""
    docs = [slo("s", rolling("30d"), [objective("0.999")])]
    alerts = answer(World(docs, [(START, "s", 1, 1)])).slo()["alerts"]
    pairs = {(a["severity"], a["long_s"], a["short_s"]): a["factor"] for a in alerts}
    assert pairs["page", HOUR, 5 * MINUTE] == pytest.approx(14.4, rel=1e-15)
    assert pairs["page", 6 * HOUR, 30 * MINUTE] == pytest.approx(6, rel=1e-15)
    assert pairs["ticket", 3 * DAY, 6 * HOUR] == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize("error_ratio, detected_after_s", [(1, 51.84), (0.5, 103.68),
                                                           (0.15, 345.6), (0.0144, None)])
def test_an_alert_fires_after_budget_by_error_ratio_by_window_by_burn_rate(
        answer, error_ratio, detected_after_s):
    """Section "Alert on Burn Rate", the formula of this name; a full outage takes 51.84 s.

    With the hour before it healthy, in steps of 5 s: the first end of a step after that time. An
    error ratio of just 14.4 times 0.1 % is never above it.
    """
    step, events = 5, 10000
    bad = steady(START, HOUR, events - round(events * error_ratio), events, step)
    rows = steady(START - HOUR, HOUR, events, events, step) + bad
    docs = [slo("s", rolling("30d"), [objective("0.999")])]
    fired = [e[0] for e in answer(World(docs, rows, step)).events()
             if e[1:] == ("page", HOUR, "firing")]
    if detected_after_s is None:
        assert fired == []
    else:
        assert fired == [int(detected_after_s // step + 1) * step]


def test_the_short_window_ends_an_alert_5_minutes_after_the_errors(answer):
    """Figure "Short and long windows for alerting": ten minutes of 15 % errors. The hour alone
    would fire on until the end of the hour; the 5 minutes end it within 5 minutes."""
    rows = (steady(START - HOUR, HOUR, 1000, 1000) + steady(START, 10 * MINUTE, 850, 1000)
            + steady(START + 10 * MINUTE, HOUR, 1000, 1000))
    docs = [slo("s", rolling("30d"), [objective("0.999")])]
    page = [e for e in answer(World(docs, rows)).events() if e[2] == HOUR]
    assert [e[3] for e in page] == ["firing", "resolved"]
    assert page[0][0] == 6 * MINUTE  # 14.4 * 0.1 % * 60 min / 15 % = 5.76 min
    assert 10 * MINUTE < page[1][0] <= 15 * MINUTE
    alone = [slo("s", rolling("30d"), [objective("0.999")],
                 policies=[policy("p", condition("c", "page", "14.4", "1h", op="gt"))])]
    assert answer(World(alone, rows)).events()[1][0] > HOUR


def test_one_failure_of_10_in_an_hour_pages_and_is_13_9_percent_of_the_budget(answer):
    """"Low-Traffic Services and Error Budget Alerting": 10 requests an hour, 99.9 %: one failed
    request is an hourly error rate of 10 %; of the 7,200 requests of 30 days seven may fail, and
    one is 13.9 % of the budget. (10 % is 100 times 0.1 %; the book prints 1,000 times.)"""
    rows = steady(START - 30 * DAY, 30 * DAY - HOUR, 10, 10, HOUR) + [(START - HOUR, "s", 9, 10)]
    said = answer(World([slo("s", rolling("30d"), [objective("0.999")])], rows, HOUR))
    budget = said.slo()["budget"]
    assert said.slo()["total"] == 7200
    assert said.burn(HOUR) == pytest.approx(100)
    assert budget["allowed"] == pytest.approx(7.2)
    assert budget["spent"] / budget["allowed"] == pytest.approx(0.139, abs=0.0005)
    assert said.slo()["alerts"][0]["firing"] is True


# --- SRE book, appendix A -----------------------------------------------------------------------

# Per year, quarter, month, week, day, hour; as printed, with the unit's seconds.
ALLOWED = {
    "90": ((36.5, DAY), (9, DAY), (3, DAY), (16.8, HOUR), (2.4, HOUR), (6, MINUTE)),
    "95": ((18.25, DAY), (4.5, DAY), (1.5, DAY), (8.4, HOUR), (1.2, HOUR), (3, MINUTE)),
    "99": ((3.65, DAY), (21.6, HOUR), (7.2, HOUR), (1.68, HOUR), (14.4, MINUTE), (36, 1)),
    "99.5": ((1.83, DAY), (10.8, HOUR), (3.6, HOUR), (50.4, MINUTE), (7.20, MINUTE), (18, 1)),
    "99.9": ((8.76, HOUR), (2.16, HOUR), (43.2, MINUTE), (10.1, MINUTE), (1.44, MINUTE), (3.6, 1)),
    "99.95": ((4.38, HOUR), (1.08, HOUR), (21.6, MINUTE), (5.04, MINUTE), (43.2, 1), (1.8, 1)),
    "99.99": ((52.6, MINUTE), (12.96, MINUTE), (4.32, MINUTE), (60.5, 1), (8.64, 1), (0.36, 1)),
    "99.999": ((5.26, MINUTE), (1.30, MINUTE), (25.9, 1), (6.05, 1), (0.87, 1), (0.04, 1)),
}
WINDOWS = ("1Y", "1Q", "1M", "1w", "1d", "1h")


@pytest.mark.parametrize("percent", ALLOWED)
def test_the_nines_allow_so_much_unavailability(answer, percent):
    """Table A-1, in slices of a minute: what a window allows is that long, to the digits given."""
    docs = [slo(f"s{window.lower()}-{i}", rolling(window),
                [objective(percent, None, "0.9", "1m", percent=True)], "Timeslices")
            for i, window in enumerate(WINDOWS)]
    rows = [(START, doc["metadata"]["name"], 1, 1) for doc in docs]
    said = answer(World(docs, rows))
    for doc, (printed, unit) in zip(docs, ALLOWED[percent]):
        allowed = said.slo(doc["metadata"]["name"])["budget"]["allowed"] * MINUTE / unit
        # Half of the last digit that is printed, and a rounding of that.
        digits = len(repr(printed).partition(".")[2]) if printed != int(printed) else 0
        assert allowed == pytest.approx(printed, abs=0.61 * 10 ** -digits)


def test_show_says_43_2_minutes_and_51_84_seconds_of_99_9_in_30_days(tmp_path):
    """CONTRACT 18; the SRE book's 43.2 minutes, and the workbook's formula for a full outage."""
    docs = [slo("s", rolling("30d"), [objective("0.999")])]
    files, _ = World(docs, []).write(tmp_path)
    shown = subprocess.run([worlds.TROTH, "slo", "show", *files], capture_output=True, text=True,
                           timeout=60, check=True).stdout
    for number in ("99.9", "43.2", "51.84", "14.4"):
        assert number in shown, shown


# --- OpenSLO ------------------------------------------------------------------------------------


def test_99_good_of_100_is_0_99(answer):
    """Specification, "Ratio Metric": "the calculated value for the indicator would be 0.99"."""
    docs = [slo("s", rolling("1d"), [objective("0.5")])]
    assert answer(World(docs, [(START, "s", 99, 100)])).slo()["sli"] == pytest.approx(0.99)


def test_a_target_of_0_9995_is_a_target_percent_of_99_95(answer):
    """Specification, "Objectives"."""
    docs = [slo("a", rolling("1d"), [objective("0.9995")]),
            slo("b", rolling("1d"), [objective("99.95", percent=True)])]
    said = answer(World(docs, [(START, "a", 9995, 10000), (START, "b", 9995, 10000)]))
    assert said.slo("a")["target"] == said.slo("b")["target"] == 0.9995
    assert said.slo("a")["met"] is said.slo("b")["met"] is True


def test_5_minutes_2_4_seconds_of_a_week_may_be_bad_at_99_95(answer):
    """Example treat-low-traffic-as-equally-important: (100 % - 99.95 %) * 10,080 minutes; and a
    minute is bad when 5 fail of fewer than 100, its target being 95 %."""
    docs = [slo("s", rolling("1w"), [objective("99.95", None, "0.95", "1m", percent=True)],
                "Timeslices")]
    five_bad = [(START + i * MINUTE, "s", 94, 99) for i in range(5)]
    said = answer(World(docs, five_bad, at=START + WEEK))
    assert said.slo()["budget"]["allowed"] * MINUTE == pytest.approx(5 * MINUTE + 2.4)
    assert said.slo()["budget"]["spent"] == 5
    assert said.slo()["budget"]["remaining"] > 0
    # "Having over five incidents like that during one Timewindow will violate SLO".
    good = steady(START + HOUR, WEEK - HOUR, 100, 100)
    idle = steady(START + 5 * MINUTE, 55 * MINUTE, 0, 0)
    assert answer(World(docs, five_bad + idle + good)).slo()["met"] is True
    sixth = [(START + 5 * MINUTE, "s", 94, 99)]
    assert answer(World(docs, five_bad + sixth + idle[1:] + good)).slo()["met"] is False
    hundred = [(START, "s", 95, 100)]
    assert answer(World(docs, hundred)).slo()["sli"] == 1


def test_a_condition_without_op_fires_where_the_burn_rate_exceeds_its_threshold(answer):
    """Specification, "AlertPolicy": the example with threshold 2 and no op is described as a burn
    rate that "exceeds 2" (and CONTRACT 13: above the factor). Two of 60 minutes at 95 % are 0.67,
    six are just 2, seven are more."""
    docs = [slo("s", rolling("30d"), [objective("0.95")], policies=[policy(
        "p", condition("cpu-usage-breach", "page", "2", "1h"))])]
    for bad, fires in ((2, False), (6, False), (7, True)):
        rows = (steady(START - HOUR, HOUR, 10, 10) + steady(START, bad * MINUTE, 0, 10))
        assert answer(World(docs, rows)).slo()["alerts"][0]["firing"] is fires


def attacked(minutes, method, slice_target=None):
    """Two weeks of even traffic, 99 % of it good but for minutes of attack, when 1 % is."""
    docs = [slo("s", rolling("2w"), [objective("0.95", None, slice_target, None
                                               if method == "Occurrences" else "1m")], method)]
    rows = (steady(START, minutes * MINUTE, 1, 100)
            + steady(START + minutes * MINUTE, 2 * WEEK - minutes * MINUTE, 99, 100))
    return World(docs, rows)


def test_of_336000_requests_in_two_weeks_5_percent_may_fail(answer):
    """Example budgeting-method: 24,000 requests a day, 95 %."""
    docs = [slo("s", rolling("2w"), [objective("0.95")])]
    rows = steady(START, 2 * WEEK, 1000, 1000, HOUR)
    found = answer(World(docs, rows, HOUR)).slo()
    assert found["total"] == 336_000
    assert found["budget"]["allowed"] == pytest.approx(16_800)


def test_timeslices_are_spent_after_16_hours_48_minutes_of_attack(answer):
    """Example budgeting-method: 20,160 slices of a minute, of which 5 % may be bad."""
    minutes = 16 * 60 + 48
    found = answer(attacked(minutes, "Timeslices", "0.95")).slo()
    assert found["budget"]["allowed"] == pytest.approx(20_160 * 0.05)
    assert found["budget"]["remaining_ratio"] == pytest.approx(0, abs=1e-12)
    assert found["met"] is True
    assert answer(attacked(minutes + 1, "Timeslices", "0.95")).slo()["met"] is False


def test_ratio_timeslices_are_spent_after_about_13_hours_45_minutes_of_attack(answer):
    """Example budgeting-method. 0.98 lost a minute of attack, of (0.99 - 0.95) * 20,160: 822.9
    minutes, 13 hours 43 minutes, which the example calls "about 13 hours and 45 minutes"."""
    assert answer(attacked(822, "RatioTimeslices")).slo()["met"] is True
    assert answer(attacked(823, "RatioTimeslices")).slo()["met"] is False


def test_a_composite_weighs_its_objectives(answer):
    """Weights 2 and 1: a mean of (2 * 0.99 + 0.96) / 3 = 0.98 against (2 * 0.99 + 0.9) / 3."""
    docs = [slo("s", rolling("1d"), [objective("0.99", "a", weight="2"),
                                     objective("0.9", "b", weight="1")])]
    found = answer(World(docs, [(START, "s/a", 99, 100), (START, "s/b", 96, 100)])).slo("s", "*")
    assert found["sli"] == pytest.approx(0.98) and found["target"] == pytest.approx(0.96)
    assert found["budget"]["remaining_ratio"] == pytest.approx(0.5)
