# SPDX-License-Identifier: Apache-2.0
"""`troth slo show`: promises in words and numbers. Published figures: the SRE workbook's table of
alerting windows, the tables of nines."""

import json

import pytest

from slo import objective, refused, slo


def shown(files, *args, **options):
    done = slo("show", files.write("slo.yaml", objective(**options)), *args)
    assert done.returncode == 0, done
    return done.stdout


def text(files, **options):
    return " ".join(shown(files, **options).split())


def document(files, **options):
    one = json.loads(shown(files, "--output", "json", **options))
    assert one["schema"] == "troth.show/1"
    assert len(one["slos"]) == 1
    return one["slos"][0]


def test_three_nines_over_30_days_are_the_published_figures(files):
    """43.2 min; factors 14.4, 6, 3, 1; a full outage shows in the hour after 51.84 s."""
    page = text(files, target="0.999", window="30d")
    assert "99.9 %" in page
    assert "43.2 min" in page and "1,000 failures in a million" in page and "1 in 1,000" in page
    assert "1 hour and 5 minutes burning above 14.4" in page and "51.84 s" in page
    one = document(files, target="0.999", window="30d")
    assert one["allowed"]["minutes"] == 43.2
    assert [(a["long_s"], a["short_s"], a["factor"]) for a in one["alerts"]] == \
        [(3600, 300, 14.4), (21600, 1800, 6), (86400, 7200, 3), (259200, 21600, 1)]
    assert [a["detect_full_outage_s"] for a in one["alerts"]] == \
        pytest.approx([51.84, 129.6, 259.2, 259.2])
    assert [a["severity"] for a in one["alerts"]] == ["page", "page", "ticket", "ticket"]


@pytest.mark.parametrize("target, minutes", [
    # of 30 days, as every table of nines has it
    ("0.9", 4320), ("0.99", 432), ("0.995", 216), ("0.9995", 21.6), ("0.9999", 4.32),
    ("0.99999", 0.432)])
def test_allowed_minutes_are_those_of_the_tables_of_nines(files, target, minutes):
    assert document(files, target=target, window="30d")["allowed"]["minutes"] == \
        pytest.approx(minutes, rel=1e-12)


def test_one_in_200_may_fail_at_99_point_5(files):
    page = text(files, target="0.995")
    assert "1 in 200" in page and "5,000 failures in a million" in page and "201.6 min" in page


def test_a_target_in_percent_is_shown_as_written(files):
    assert "target 99.95 %" in text(files, objective_more="", target="0.9995")


def test_factors_are_those_that_replay_has(files):
    spec = files.write("slo.yaml", objective(target="0.999", window="7d"))
    rows = files.write("counts.csv", "time,slo,good,total\n60,shop,1,1\n")
    replayed = json.loads(slo("replay", spec, "--input", rows, "--output", "json").stdout)
    keys = ("severity", "long_s", "short_s", "factor")
    assert [{k: a[k] for k in keys} for a in replayed["slos"][0]["alerts"]] == \
        [{k: a[k] for k in keys} for a in document(files, target="0.999", window="7d")["alerts"]]


def test_an_alert_that_can_never_fire_is_said(files):
    """14.4 x (1 - 0.93) = 1.008: more than everything would have to fail."""
    page = text(files, target="0.93", window="30d")
    assert "can never fire" in page
    assert document(files, target="0.93", window="30d")["alerts"][0]["detect_full_outage_s"] is None


def conditions(*rules):
    text = "  alertPolicies:\n"
    for i, rule in enumerate(rules):
        text += f"""    - kind: AlertPolicy
      metadata: {{name: p{i}}}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {{name: c{i}}}
            spec:
              severity: page
              condition: {{kind: burnrate, {rule}}}
        notificationTargets:
          - kind: AlertNotificationTarget
            metadata: {{name: t{i}}}
            spec: {{target: email}}
"""
    return text


def test_a_condition_says_how_it_compares_and_how_long(files):
    """1 % may fail: a full outage burns above 5 once 5 % of 30 min are bad, after 90 s."""
    more = conditions("op: gt, threshold: 5, lookbackWindow: 30m, alertAfter: 10m",
                      "op: lt, threshold: 5, lookbackWindow: 30m",
                      "op: gte, threshold: 5, lookbackWindow: 30m")
    one, two, three = document(files, more=more)["alerts"]
    assert (one["op"], one["alert_after_s"], one["detect_full_outage_s"]) == ("gt", 600, 690)
    assert (two["op"], two["alert_after_s"], two["detect_full_outage_s"]) == ("lt", 0, None)
    assert (three["op"], three["detect_full_outage_s"]) == ("gte", 90)
    page = text(files, more=more)
    assert "30 minutes burning above 5 for 10 minutes a full outage is told after 690 s " \
        "(11 minutes 30 seconds)" in page
    assert "burning below 5 page 30 minutes burning at least at 5" in page


def test_slices_show_an_outage_when_they_have_ended(files):
    """99.9 % of 30 d: 51.84 s are 1 slice of a minute; 129.6 s 3, 259.2 s 5."""
    more = "      timeSliceTarget: 0.9\n      timeSliceWindow: 1m\n"
    one = document(files, target="0.999", window="30d", method="Timeslices", objective_more=more)
    assert [a["detect_full_outage_s"] for a in one["alerts"]] == [60, 180, 300, 300]
    # 5 % of 20 minutes are exactly 1 of them: reached, but not above.
    limits = conditions("op: gt, threshold: 5, lookbackWindow: 20m",
                        "op: gte, threshold: 5, lookbackWindow: 20m")
    two = document(files, target="0.99", method="Timeslices", objective_more=more, more=limits)
    assert [a["detect_full_outage_s"] for a in two["alerts"]] == [120, 60]
    assert two["allowed"]["unit"] == "slices"
    # Windows are whole slices: 10 minutes are 2 of 7, of which 1 is 50 % and not above 60 %.
    limit = conditions("op: gt, threshold: 60, lookbackWindow: 10m")
    [one] = document(files, target="0.99", method="Timeslices", more=limit,
                     objective_more=more.replace("1m", "7m"))["alerts"]
    assert one["detect_full_outage_s"] == 14 * 60


def test_numbers_are_for_people(files):
    page = text(files, target="0.8")
    assert "8,064 min of a full outage" in page
    assert "burning above 0.9333" in page and "0.93333" not in page
    # 20 % of 28 d in 3 days at 0.9333: 0.2 * 0.9333 * 259,200 s
    assert "48,384 s (13 hours 26 minutes)" in page


def test_a_file_that_is_not_there_is_an_error(files):
    assert refused(slo("show", "nowhere.yaml")).startswith("nowhere.yaml:1:1: error: ")


def test_objectives_are_called_as_in_the_counts(files):
    page = text(files, more="    - displayName: fast\n      target: 0.9\n")
    assert "target 90 % shop/fast" in page


def test_what_people_agreed_on_is_shown(files):
    page = text(files, annotations="""    troth.dev/stakeholders: support, sales
    troth.dev/rationale: Sales asked.
    troth.dev/policy: |
      0.5: talk about it
      0: only repairs
    troth.dev/cost-per-bad-event: "3.5"
    troth.dev/currency: EUR
    troth.dev/review-by: "2099-12-31"
    troth.dev/min-bad-events: "10"
""")
    for words in ("Paying works.", "payments team", "support · sales", "Sales asked.",
                  "at 50 % of the budget left: talk about it",
                  "at 0 % of the budget left: only repairs", "3.5 EUR", "2099-12-31",
                  "each waits for 10 failures"):
        assert words in page, f"{words}\n{page}"


def test_what_nobody_wrote_down_is_said(files):
    spec = objective().replace("    troth.dev/promise: Paying works.\n", "").replace(
        "    troth.dev/owner: payments team\n", "    note: x\n")
    page = slo("show", files.write("slo.yaml", spec)).stdout
    assert "not written down" in page and "nobody yet" in page


def test_windows_are_said_in_words(files):
    assert "window the last 28 days, at any moment" in text(files)
    page = text(files, window="1M", rolling=False, calendar="""      calendar:
        startTime: 2026-01-31 08:00:00
        timeZone: Europe/Berlin
""")
    assert "calendar periods of 1 month, counted from 2026-01-31 08:00 in Europe/Berlin" in page
    assert "432 min of a full outage in 1 month" in page


def test_slices_are_counted(files):
    """28 d of 5 minutes are 8,064 slices; 1 % of them is 80.64."""
    page = text(files, method="Timeslices",
                objective_more="      timeSliceTarget: 0.9\n      timeSliceWindow: 5m\n")
    assert "80.64 bad slices of 8,064" in page
    assert "10,000 bad slices in a million" in page
    assert "a slice of 5 minutes is good at 90 %" in page


def test_the_indicator_is_said(files):
    assert "port 8443; good: ok or client_error; total: all but aborted and unknown" in text(files)


def test_no_line_is_wider_than_a_terminal(files):
    page = shown(files, annotations="    troth.dev/rationale: " + "many words " * 60 + "\n")
    assert max(map(len, page.splitlines())) <= 100


def test_a_file_without_an_slo_is_said(files):
    path = files.write("slo.yaml", "apiVersion: openslo/v1\nkind: Service\n"
                                   "metadata: {name: shop}\nspec: {description: x}\n")
    assert "no SLO" in refused(slo("show", path))
