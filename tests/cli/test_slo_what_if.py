# SPDX-License-Identifier: Apache-2.0
"""`troth slo what-if`: the same past under other promises."""

import json

import pytest

from slo import DAY, EPOCH, HOUR, counts, objective, one_line, refused, slo, steady


def what_if(files, spec, rows, *args, code=0):
    done = slo("what-if", files.write("slo.yaml", spec), "--input",
               files.write("counts.csv", counts(rows)), "--output", "json", *args)
    assert done.returncode == code, done
    document = json.loads(done.stdout)
    assert document["schema"] == "troth.whatif/1"
    return document["slos"]


# 28 days of hours, with two that failed: 20,000 of 6,720,000
PAST = steady(28 * 24, 10000, 10000, step=HOUR)
PAST[300] = (PAST[300][0], "shop", 0, 10000)
PAST[600] = (PAST[600][0], "shop", 0, 10000)
HOURS = ("--step", "1h")


def test_each_candidate_is_judged_by_the_same_past(files):
    [one] = what_if(files, objective(), PAST, *HOURS, "--target", "0.99,0.997,0.999")
    assert (one["name"], one["objective"]) == ("shop", "")
    fields = {"target", "met", "sli", "pages", "tickets", "budget_remaining_ratio", "cost"}
    assert all(fields <= set(c) for c in one["candidates"])
    assert [c["target"] for c in one["candidates"]] == [0.99, 0.997, 0.999]
    assert [c["met"] for c in one["candidates"]] == [True, True, False]
    assert [c["sli"] for c in one["candidates"]] == pytest.approx([1 - 20000 / 6720000] * 3)
    assert [c["budget_remaining_ratio"] for c in one["candidates"]] == \
        pytest.approx([1 - 20000 / 67200, 1 - 20000 / 20160, 1 - 20000 / 6720])
    assert {c["cost"] for c in one["candidates"]} == {None}


def test_each_is_what_replay_says_with_that_target(files):
    candidates = what_if(files, objective(), PAST, *HOURS, "--target", "99%,99.9%")[0]["candidates"]
    for target, candidate in zip(("0.99", "0.999"), candidates):
        replayed = files.document(objective(target=target), PAST, *HOURS)
        one = replayed["slos"][0]
        assert (candidate["met"], candidate["sli"]) == (one["met"], one["sli"])
        assert candidate["budget_remaining_ratio"] == one["budget"]["remaining_ratio"]
        for field, severity in (("pages", "page"), ("tickets", "ticket")):
            assert candidate[field] == sum(
                e["severity"] == severity and e["state"] == "firing" for e in replayed["events"])


def test_failures_cost_what_the_file_says(files):
    spec = objective(annotations='    troth.dev/cost-per-bad-event: "0.25"\n'
                                 "    troth.dev/currency: EUR\n")
    [one] = what_if(files, spec, PAST, *HOURS, "--target", "0.99")
    assert one["candidates"][0]["cost"] == 5000
    assert one["currency"] == "EUR"


def test_another_window_reaches_back_as_far_as_it_says(files):
    """Only the failure of hour 600 lies in the last 7 days: 168 of 672 hours."""
    [one] = what_if(files, objective(), PAST, *HOURS, "--window", "7d")
    assert one["candidates"][0]["target"] == 0.99
    assert one["candidates"][0]["sli"] == pytest.approx(1 - 1 / 168)


def test_several_objectives_have_an_element_each(files):
    spec = objective() + "---\n" + objective(name="other", service=False)
    slos = what_if(files, spec, PAST, *HOURS, "--target", "0.9,0.99")
    assert [(s["name"], len(s["candidates"])) for s in slos] == [("shop", 2), ("other", 2)]
    assert slos[1]["candidates"][0]["met"] is None


def test_nothing_to_judge_is_said(files):
    what_if(files, objective(name="other"), PAST, *HOURS, "--target", "0.9", code=4)


def test_the_table_says_it_in_words(files):
    done = slo("what-if", files.write("slo.yaml", objective()), "--input",
               files.write("counts.csv", counts(PAST)), *HOURS, "--target", "0.99,0.999")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert "target would be good budget pages tickets" in text
    assert "99 % kept 99.702 % 70 % left" in text
    assert "99.9 % BROKEN 99.702 % overspent by 198 %" in text
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_what_was_hardly_measured_is_said_to_be(files):
    [one] = what_if(files, objective(), PAST[:24], *HOURS, "--target", "0.99")
    assert one["candidates"][0]["coverage"] == pytest.approx(1 / 28)
    assert one["candidates"][0]["estimated"] is False
    text = slo("what-if", files.write("slo.yaml", objective()), "--input",
               files.write("counts.csv", counts(PAST[:24])), "--target", "0.99", *HOURS).stdout
    assert "measured 3 % of the time: LOW" in text
    full = slo("what-if", files.write("slo.yaml", objective()), "--input",
               files.write("counts.csv", counts(PAST)), "--target", "0.99", *HOURS).stdout
    assert "LOW" not in full


def test_columns_stand_below_each_other(files):
    spec = objective(annotations='    troth.dev/cost-per-bad-event: "0.25"\n'
                                 "    troth.dev/currency: EUR\n")
    done = slo("what-if", files.write("slo.yaml", spec), "--input",
               files.write("counts.csv", counts(PAST)), *HOURS, "--target", "0.99,0.9999,0.999")
    head, *rows = done.stdout.splitlines()[1:5]
    for title, cells in (("would be", ("kept", "BROKEN", "BROKEN")), ("good", ("99.7",) * 3),
                         ("budget", ("70 %", "overspent", "overspent")),
                         ("failures cost", ("5,000 EUR",) * 3)):
        assert [row.index(cell) for row, cell in zip(rows, cells)] == [head.index(title)] * 3
    for title in ("pages", "tickets"):
        end = head.index(title) + len(title)
        assert all(row[end - 1].isdigit() and row[end:end + 1] in (" ", "") for row in rows)


def test_amounts_are_of_the_unit_that_is_said(files):
    """Two of 672 hours were bad; 1 % of the 672 slices of the window may be."""
    [one] = what_if(files, objective(), PAST, *HOURS, "--target", "0.99")
    events = one["candidates"][0]
    assert (events["unit"], events["spent"], events["bad"]) == ("events", 20000, 20000)
    assert events["allowed"] == pytest.approx(67200)
    spec = objective(method="Timeslices",
                     objective_more="      timeSliceTarget: 0.9\n      timeSliceWindow: 1h\n")
    [one] = what_if(files, spec, PAST, *HOURS, "--target", "0.99")
    slices = one["candidates"][0]
    assert (slices["unit"], slices["spent"], slices["bad"]) == ("slices", 2, 20000)
    assert slices["allowed"] == pytest.approx(6.72)


def test_broken_with_budget_left_is_explained(files):
    """10 hours of 28 days are measured, one is bad: 90 % of slices, and 5.72 of 6.72 are left."""
    spec = objective(method="Timeslices",
                     objective_more="      timeSliceTarget: 0.9\n      timeSliceWindow: 1h\n")
    past = steady(9, 100, 100, step=HOUR) + steady(1, 0, 100, start=EPOCH + 9 * HOUR, step=HOUR)
    text = " ".join(slo("what-if", files.write("slo.yaml", spec), "--input",
                        files.write("counts.csv", counts(past)), *HOURS, "--target",
                        "0.99").stdout.split())
    assert "99 % BROKEN * 90 % 85 % left" in text
    assert "* (broken by the slices that were measured: what is left counts all slices" in text
    assert "(broken by the slices that were measured" in " ".join(
        files.replay(spec, past, *HOURS).stdout.split())


def test_a_percentage_without_its_sign_is_answered_with_both_ways_to_write_it(files):
    spec = files.write("slo.yaml", objective())
    rows = files.write("counts.csv", counts(PAST))
    line = refused(slo("what-if", spec, "--input", rows, "--target", "99.9"))
    assert "'99.9' is not below 1; write 99.9% or 0.999" in line
    for wrong in ("x", "", "100%", "1e9", "-1"):
        assert "99.9%" in refused(slo("what-if", spec, "--input", rows, f"--target=0.9,{wrong}"))


def test_a_moment_before_the_first_row_is_said(files):
    done = slo("what-if", files.write("slo.yaml", objective()), "--input",
               files.write("counts.csv", counts(PAST)), *HOURS, "--target", "0.99", "--at", EPOCH)
    assert done.returncode == 4
    assert "--at is before the end of the first row" in one_line(done.stderr)


def test_counts_from_a_pipe_serve_every_candidate(files):
    spec = files.write("slo.yaml", objective())
    done = slo("what-if", spec, "--input", "-", *HOURS, "--target", "0.99,0.999", "--output", "json",
               stdin=counts(PAST))
    assert json.loads(done.stdout)["slos"] == \
        what_if(files, objective(), PAST, *HOURS, "--target", "0.99,0.999")


def test_the_moment_can_be_chosen(files):
    [one] = what_if(files, objective(), PAST, *HOURS, "--target", "0.99", "--at", EPOCH + 10 * DAY)
    assert one["candidates"][0]["sli"] == 1
