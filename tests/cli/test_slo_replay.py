# SPDX-License-Identifier: Apache-2.0
"""`troth slo replay`: CONTRACT's document, its exit codes, and what is said about wrong input.
The figures are worked out here, by hand or with fractions."""

import json
import subprocess
from fractions import Fraction

import pytest

from slo import (BINARY, DAY, EPOCH, HOUR, MINUTE, counts, objective, one_line, refused, slo,
                 steady)

FIELDS = {"name", "service", "objective", "target", "method", "window", "good", "total", "bad",
          "sli", "met", "estimated", "time_s", "coverage", "budget", "burn", "alerts", "forecast"}


def only(document):
    assert len(document["slos"]) == 1
    return document["slos"][0]


# The document


def test_the_document_has_every_field_of_the_contract(files):
    document = files.document(objective(), steady(60, 99, 100))
    assert set(document) == {"schema", "at", "slos", "events"}
    one = only(document)
    assert FIELDS <= set(one)
    assert set(one["window"]) == {"start", "end", "duration_s", "rolling"}
    assert set(one["time_s"]) == {"good", "bad", "idle", "unmeasured", "excluded"}
    assert set(one["budget"]) == {"unit", "allowed", "spent", "remaining", "remaining_ratio"}
    assert {"exhausted_at", "method"} <= set(one["forecast"])
    for alert in one["alerts"]:
        assert {"severity", "long_s", "short_s", "factor", "firing"} <= set(alert)
    for burn in one["burn"]:
        assert set(burn) == {"window_s", "rate"}


def test_counts_are_added_and_then_divided(files):
    one = only(files.document(objective(), [(EPOCH, "shop", 1, 1), (EPOCH + 60, "shop", 0, 999)]))
    assert (one["good"], one["total"], one["bad"]) == (1, 1000, 999)
    assert one["sli"] == 0.001
    assert one["met"] is False
    assert one["budget"]["allowed"] == pytest.approx(float(Fraction(1, 100) * 1000), abs=1e-9)
    assert one["budget"]["spent"] == 999
    assert one["budget"]["remaining_ratio"] == pytest.approx(1 - 999 / 10)


def test_time_comes_out_in_rfc_3339_whatever_it_went_in_as(files):
    for at in ("2026-01-01T01:00:59+00:00", "2026-01-01T02:00:00+01:00", str(EPOCH + HOUR)):
        document = files.document(objective(), steady(60, 99, 100), "--at", at)
        assert document["at"] == "2026-01-01T01:00:00Z"
        assert only(document)["window"] == {"start": "2025-12-04T01:00:00Z",
                                            "end": "2026-01-01T01:00:00Z",
                                            "duration_s": 28 * DAY, "rolling": True}


def test_the_clock_is_the_end_of_the_last_row(files):
    assert files.document(objective(), steady(7, 9, 10))["at"] == "2026-01-01T00:07:00Z"
    assert files.document(objective(), steady(7, 9, 10, step=300), "--step", "5m")["at"] == \
        "2026-01-01T00:35:00Z"


def test_rows_that_end_after_the_moment_are_ignored(files):
    document = files.document(objective(), steady(60, 9, 10), "--at", EPOCH + 10 * MINUTE + 30)
    assert document["at"] == "2026-01-01T00:10:00Z"
    assert only(document)["total"] == 100


def test_time_adds_up_to_the_window(files):
    one = only(files.document(objective(window="1h"), [
        (EPOCH, "shop", 10, 10, 1), (EPOCH + 60, "shop", 0, 10, 1), (EPOCH + 120, "shop", 0, 0, 1),
        (EPOCH + 180, "shop", 10, 10, 0.25), (EPOCH + 240, "shop", 0, 0, 0)],
        header="time,slo,good,total,measured"))
    assert one["time_s"] == {"good": 75, "bad": 60, "idle": 60, "unmeasured": 3600 - 195,
                             "excluded": 0}
    assert one["coverage"] == pytest.approx(195 / 3600)


def test_names_of_objectives_and_of_whole_slos_feed_them(files):
    spec = objective(more="    - displayName: fast\n      target: 0.9\n"
                          "    - displayName: slow\n      target: 0.5\n")
    document = files.document(spec, [(EPOCH, "shop", 60, 100), (EPOCH, "shop/fast", 95, 100)])
    by_name = {one["objective"]: one["sli"] for one in document["slos"]}
    assert by_name == {"": 0.6, "fast": 0.95, "slow": 0.6}


def test_a_total_of_nothing_is_null_and_not_zero(files):
    one = only(files.document(objective(), [(EPOCH, "shop", 0, 0)], code=4))
    assert one["sli"] is None and one["met"] is None
    assert one["coverage"] == pytest.approx(60 / (28 * DAY))


# Exit codes


def test_the_exit_code_is_the_verdict(files):
    assert files.replay(objective(), steady(10, 99, 100)).returncode == 0
    assert files.replay(objective(), steady(10, 98, 100)).returncode == 1
    done = files.replay(objective(), "time,slo,good,total\n")
    assert done.returncode == 4
    assert "nothing to judge" in one_line(done.stderr)
    two = objective() + "---\n" + objective(name="other", service=False)
    assert files.replay(two, steady(10, 99, 100)).returncode == 0
    assert files.replay(two, steady(10, 98, 100)).returncode == 1


def test_a_target_is_a_decimal_and_just_reached_is_reached(files):
    spec = objective(target="0.999")
    assert files.replay(spec, [(EPOCH, "shop", 999, 1000)]).returncode == 0
    assert files.replay(spec, [(EPOCH, "shop", 998, 1000)]).returncode == 1
    one = only(files.document(spec, [(EPOCH, "shop", 999, 1000)]))
    assert one["target"] == 0.999
    assert one["budget"]["remaining_ratio"] == pytest.approx(0, abs=1e-12)


def test_an_empty_file_of_counts_judges_nothing(files):
    document = files.document(objective(), "time,slo,good,total\n", code=4)
    assert only(document)["sli"] is None


# Events


def outage(minutes, before=3 * 60, after=6 * 60):
    rows = steady(before, 1000, 1000)
    rows += steady(minutes, 0, 1000, start=EPOCH + before * MINUTE)
    return rows + steady(after, 1000, 1000, start=EPOCH + (before + minutes) * MINUTE)


def test_an_outage_is_told_after_the_time_that_arithmetic_gives(files):
    """30d and 99.9 %: the hour burns above 14.4 once bad/3600 > 0.0144, with all of 1,000 a minute
    bad in the 1st minute: 1000 / 60,000 = 1.67 % > 1.44 %."""
    document = files.document(objective(target="0.999", window="30d"), outage(10))
    first = next(e for e in document["events"] if e["severity"] == "page" and e["long_s"] == 3600)
    assert first == {"time": "2026-01-01T03:01:00Z", "slo": "shop", "kind": "alert",
                     "severity": "page", "long_s": 3600, "short_s": 300, "factor": 14.4,
                     "state": "firing"}
    assert {e["state"] for e in document["events"] if e["long_s"] == 3600} == \
        {"firing", "resolved"}


def test_events_stand_in_order_of_time(files):
    two = objective(target="0.999") + "---\n" + objective(name="other", target="0.99", service=False)
    rows = sorted(outage(30) + [(t, "other", g, n) for t, _, g, n in outage(20, before=100)])
    events = files.document(two, rows)["events"]
    assert len(events) > 6 and {e["slo"] for e in events} == {"shop", "other"}
    assert [e["time"] for e in events] == sorted(e["time"] for e in events)


def test_events_stand_in_order_of_time_whatever_the_order_of_rows(files):
    """Rows of one name ascend; names may stand one after the other."""
    two = objective(target="0.999") + "---\n" + objective(name="other", target="0.99", service=False)
    other = [(t, "other", g, n) for t, _, g, n in outage(20, before=100)]
    apart = files.document(two, outage(30) + other)["events"]
    mixed = files.document(two, sorted(outage(30) + other))["events"]
    key = json.dumps
    assert [e["time"] for e in apart] == sorted(e["time"] for e in apart)
    assert sorted(map(key, apart)) == sorted(map(key, mixed))


# The page


def test_the_page_says_what_people_need_to_know(files):
    page = files.replay(objective(target="0.999", window="30d"), outage(10), "--at",
                        EPOCH + 3 * HOUR + 10 * MINUTE).stdout
    text = " ".join(page.split())
    assert "BROKEN: 1 of 1 promise" in text
    assert "Paying works." in text and "payments team" in text
    assert "PAGE since 2026-01-01 03:01 UTC" in text
    assert "in the last 1 hour" in text and "in the last 5 minutes" in text
    assert "the alert stands at 14.4" in text
    assert 'The promise: "Paying works."' in text
    assert "the budget is overspent by" in text
    assert "LOW" in text, "3 h of 30 d were measured"
    assert max(map(len, page.splitlines())) <= 100


def test_what_an_alert_says_to_people_is_in_the_document_too(files):
    one = only(files.document(objective(target="0.999", window="30d"), outage(10), "--at",
                              EPOCH + 3 * HOUR + 10 * MINUTE))
    firing = [a for a in one["alerts"] if a["firing"]]
    assert firing[0]["text"].startswith("PAGE since 2026-01-01 03:01 UTC: in the last 1 hour ")
    assert firing[0]["text"].endswith('The promise: "Paying works."')
    assert {a["text"] for a in one["alerts"] if not a["firing"]} <= {None}


def test_the_page_says_when_the_budget_will_be_gone(files):
    rows = steady(28 * 24, 10000, 10000, step=HOUR)
    rows += steady(24, 9950, 10000, start=EPOCH + 28 * DAY, step=HOUR)
    done = files.replay(objective(target="0.999"), rows, "--step", "1h")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0 and "kept: the promise" in text
    assert "The budget will be gone at 2026-0" in text
    assert "the failures and the traffic of the last" in text
    assert "If the time to come is like the last 28 days as a whole, the promise is kept" in text
    assert "when all of the window is new." in text
    assert text.count("How chances are found:") == 1


def words(done):
    return " ".join(done.stdout.split())


def test_the_method_of_chances_is_named_once_on_a_page(files):
    two = objective() + "---\n" + objective(name="other", service=False)
    rows = steady(28 * 24, 999, 1000, step=HOUR)
    rows += [(t, "other", g, n) for t, _, g, n in rows]
    text = words(files.replay(two, rows, "--step", "1h"))
    assert text.count("with a chance of over 99 %") == 2
    assert text.count("How chances are found:") == 1
    document = files.document(two, rows, "--step", "1h")
    assert all("1/28" in one["forecast"]["chance_method"] for one in document["slos"])


SLICES = "      timeSliceTarget: 0.9\n      timeSliceWindow: 5m\n"


def test_slices_and_events_are_told_apart(files):
    """12 slices of an hour, the last of which is bad: 11/12 = 91.666 %."""
    rows = steady(55, 100, 100) + steady(5, 0, 100, start=EPOCH + 55 * MINUTE)
    text = words(files.replay(objective(method="Timeslices", objective_more=SLICES), rows))
    assert "result 91.666 % of slices good 99 % promised events 5,500 of 6,000 good" in text
    assert "method Timeslices slices of 5 minutes" in text
    ratio = objective(method="RatioTimeslices", objective_more="      timeSliceWindow: 5m\n")
    assert "91.666 % good, the mean of slices" in words(files.replay(ratio, rows))
    assert "method Occurrences" in words(files.replay(objective(), rows))


def test_time_and_burn_rates_are_on_the_page(files):
    """1 of 100 failed where 1 of 100 may: a rate of 1."""
    rows = [(EPOCH, "shop", 99, 100), (EPOCH + 60, "shop", 0, 0)]
    text = words(files.replay(objective(window="1h"), rows))
    assert "time good 1 minute idle 1 minute unmeasured 58 minutes" in text
    assert "excluded" not in text
    # An hour is 1/672 of 28 days, the alerts' windows as much shorter: up to whole minutes 1 and 1,
    # 1 and 1, 3 and 1, 7 and 1.
    assert "burn rates 1 minute: 0 3 minutes: 1 7 minutes: 1 measured" in text


def test_of_no_data_no_budget_is_told(files):
    two = objective() + "---\n" + objective(name="other", service=False)
    text = words(files.replay(two, steady(10, 99, 100)))
    other = text[text.index("other "):]
    assert "no data" in other and "nothing to judge" in other and "budget" not in other
    one = files.document(two, steady(10, 99, 100))["slos"][1]
    assert one["budget"]["remaining_ratio"] == 1


COMPOSITE = """  objectives:
    - displayName: fast
      target: 0.9
      compositeWeight: 1
    - displayName: slow
      target: 0.5
      compositeWeight: 1
"""


def composite():
    return objective().split("  objectives:")[0] + COMPOSITE


def test_objectives_are_called_as_in_the_counts_and_a_composite_by_a_star(files):
    page = files.replay(composite(), [(EPOCH, "shop/fast", 95, 100), (EPOCH, "shop/slow", 9, 10)])
    lines = page.stdout.splitlines()
    for name in ("shop/fast ", "shop/slow ", "shop/* "):
        assert any(line.startswith(name) for line in lines), page.stdout
    assert "kept: every promise" in words(page)


def test_a_composite_is_no_promise_of_its_own(files):
    page = files.replay(composite(), [(EPOCH, "shop/fast", 10, 100), (EPOCH, "shop/slow", 9, 10)])
    assert "BROKEN: 1 of 2 promises BROKEN: 1 composite" in words(page)


def test_more_alerts_than_the_page_shows_are_in_the_document(files):
    rows = []
    for i in range(12):
        rows += [(t + i * 10 * HOUR, s, g, n) for t, s, g, n in outage(10)]
    text = words(files.replay(objective(target="0.999", window="30d"), rows))
    assert "the last 20 of " in text and "'--output json' has all of them" in text


def test_a_calendar_window_is_told_on_its_own_clock(files):
    spec = objective(window="1M", rolling=False, calendar="""      calendar:
        startTime: 2026-01-01 00:00:00
        timeZone: Europe/Berlin
""")
    text = words(files.replay(spec, steady(60, 99, 100)))
    assert "2026-01-01 00:00 +01:00 to 2026-02-01 00:00 +01:00, not over yet" in text


def test_a_moment_before_the_first_row_is_said_in_one_line(files):
    done = files.replay(objective(), steady(60, 9, 10), "--at", EPOCH - DAY)
    assert done.returncode == 4
    assert "--at is before the end of the first row, which begins at 2026-01-01T00:00:00Z" in \
        one_line(done.stderr)


def test_an_option_of_one_value_is_not_given_twice(files):
    line = refused(files.replay(objective(), steady(1, 1, 1), "--at", EPOCH, "--at", EPOCH + 60))
    assert "--at: " in line and "once" in line
    line = refused(files.replay(objective(), steady(1, 1, 1), "--input", "other.csv"))
    assert "--input: 'other.csv' is one too many" in line


def test_excluded_time_is_shown_with_its_reason_and_author(files):
    spec = objective() + f"""---
apiVersion: troth.dev/v1
kind: Exclusion
metadata: {{name: move}}
spec:
  slos: [shop]
  start: 2026-01-01T01:00:00Z
  end: 2026-01-01T02:00:00Z
  reason: The database moves.
  author: dba
"""
    rows = steady(180, 100, 100)
    for i in range(60, 120):
        rows[i] = (rows[i][0], "shop", 0, 100)
    one = only(files.document(spec, rows, code=0))
    assert one["time_s"]["excluded"] == 3600
    assert one["excluded"] == [{"name": "move", "reason": "The database moves.", "author": "dba",
                                "first": "2026-01-01T01:00:00Z", "last": "2026-01-01T02:00:00Z",
                                "times": 1}]
    text = " ".join(files.replay(spec, rows).stdout.split())
    assert "1 hour of planned maintenance" in text
    assert "The database moves." in text and "said by dba" in text


# Wrong input


@pytest.mark.parametrize("text, place, says", [
    ("", "1:1", "empty"),
    ("60,shop,1,2\n", "1:1", "time,slo,good,total"),
    ("time,slo,good,total\n61,shop,1,2\n", "2:1", "multiple"),
    ("time,slo,good,total\n60,shop,3,2\n", "2:9", "good is more than total"),
    ("time,slo,good,total\n60,shop,1,2\n60,shop,1,2\n", "3:1", "second row"),
    ("time,slo,good,total\n120,shop,1,2\n60,shop,1,2\n", "3:1", "before"),
    ("time,slo,good,total\n60,shop,1.5,2\n", "2:9", "whole number"),
    ("time,slo,good,total\n60,shop,1,1e5\n", "2:11", "whole number"),
    ("time,slo,good,total\n60,shop,-1,2\n", "2:9", "whole number"),
    ("time,slo,good,total\n60,shop,1,\n", "2:10", "whole number"),
    ("time,slo,good,total\n60,shop,1\n", "2:9", "columns"),
    ("time,slo,good,total,measured\n60,shop,1,2,1.5\n", "2:13", "0 to 1"),
    ("time,slo,good,total,measured\n60,shop,1,2,Infinity\n", "2:13", "0 to 1"),
    ("time,slo,good,total\n60,shop,1,99999999999999999999\n", "2:11", "2^63"),
    ("time,slo,good,total\n60,sh\0p,1,2\n", "2:6", "NUL"),
    ("time,slo,good,total\nyesterday,shop,1,2\n", "2:1", "yesterday"),
])
def test_wrong_counts_are_said_with_file_line_and_column(files, text, place, says):
    line = refused(files.replay(objective(), text))
    assert line.startswith(f"{files.directory}/counts.csv:{place}: error: "), line
    assert says in line, line


def test_wrong_objectives_are_said_with_file_line_and_column(files):
    done = files.replay(objective(target="1.5"), steady(1, 1, 1))
    assert done.returncode == 2 and done.stdout == ""
    assert "slo.yaml:" in done.stderr and ": error: " in done.stderr and "target" in done.stderr
    assert one_line(done.stderr).split(":")[1].isdigit()


def test_the_name_of_a_file_cannot_break_the_line(files):
    spec = files.write("slo.yaml", objective())
    assert "no?where" in refused(slo("replay", spec, "--input", "no\nwhere"))
    assert "no?where" in refused(slo("replay", "no\nwhere", "--input", spec))


def test_missing_files_are_said(files):
    spec = files.write("slo.yaml", objective())
    assert "nowhere" in refused(slo("replay", spec, "--input", files.directory / "nowhere"))
    assert "nowhere" in refused(slo("replay", files.directory / "nowhere", "--input", spec))
    assert "directory" in refused(slo("replay", spec, "--input", files.directory)).lower()


def test_rows_of_nobody_are_skipped_with_one_warning_a_name(files):
    done = files.replay(objective(), steady(3, 9, 10, name="who") + steady(3, 99, 100))
    assert done.returncode == 0
    assert "'who'" in one_line(done.stderr)


def test_a_slice_that_is_no_whole_number_of_steps_is_said(files):
    spec = objective(method="Timeslices",
                     objective_more="      timeSliceTarget: 0.9\n      timeSliceWindow: 1m\n")
    line = refused(files.replay(spec, steady(3, 9, 10, step=120), "--step", "2m"))
    assert "slo.yaml:" in line and "--step" in line


def test_a_moment_ages_away_is_refused(files):
    line = refused(files.replay(objective(), steady(3, 9, 10), "--at", "9999-01-01T00:00:00Z"))
    assert "--at" in line


# Where counts come from


def test_a_pipe_is_as_good_as_a_file(files):
    spec = files.write("slo.yaml", objective())
    rows = counts(steady(60, 99, 100))
    plain = files.replay(objective(), rows, "--output", "json").stdout
    assert slo("replay", spec, "--input", "-", "--output", "json", stdin=rows).stdout == plain
    script = f'"{BINARY}" slo replay "{spec}" --output json --input <(cat "{files.directory}/counts.csv")'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == plain


def test_an_order_of_columns_quotes_and_line_ends_change_nothing(files):
    rows = steady(60, 99, 100)
    plain = files.replay(objective(), rows, "--output", "json").stdout
    other = "\ufefftotal,good,slo,time\r\n" + "".join(
        f'{n},{g},"{s}",{t}\r\n' for t, s, g, n in rows)
    assert files.replay(objective(), other, "--output", "json").stdout == plain
