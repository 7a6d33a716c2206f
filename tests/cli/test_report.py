# SPDX-License-Identifier: Apache-2.0
"""`troth report`: what it says against Python's own sums of what the record was told."""

import csv
import io
import random
from fractions import Fraction

import pytest

import slo
from records import Record, moment, one
from slo import EPOCH, HOUR, MINUTE


def test_counts_and_budget_are_those_that_were_told(record):
    dice = random.Random(1)
    record.documents(slo.objective(target="0.99"))
    record.measured(EPOCH, EPOCH + 3 * HOUR)
    told = []
    for i in range(180):
        total = dice.randrange(200)
        good = total - (dice.randrange(total + 1) if dice.random() < 0.1 else 0)
        told.append((good, total))
        record.minute(EPOCH + i * MINUTE, good, total)
    record.write()
    good, total = sum(g for g, _ in told), sum(t for _, t in told)
    p = one(record.document("--from", EPOCH, "--to", EPOCH + 3 * HOUR))
    assert (p["good"], p["total"], p["bad"]) == (good, total, total - good)
    assert p["sli"] == pytest.approx(good / total, abs=1e-14)
    assert p["budget"]["allowed"] == pytest.approx(float(Fraction(1, 100) * total))
    assert p["budget"]["spent"] == total - good
    bad = sum(t > 0 and Fraction(g, t) < Fraction(99, 100) for g, t in told)
    idle = sum(t == 0 for _, t in told)
    assert p["time_s"] == {"good": (180 - bad - idle) * 60, "bad": bad * 60, "idle": idle * 60,
                           "unmeasured": 0, "excluded": 0}
    assert p["coverage"] == 1
    assert p["verdict"] == ("kept" if Fraction(good, total) >= Fraction(99, 100) else "broken")


SLICES = "      timeSliceTarget: 0.9\n      timeSliceWindow: 5m\n"


@pytest.mark.parametrize("method,more", [("Occurrences", ""), ("Timeslices", SLICES),
                                         ("RatioTimeslices", SLICES)])
@pytest.mark.parametrize("start,length", [(0, 6 * HOUR), (35 * MINUTE, 2 * HOUR),
                                          (5 * HOUR + 5 * MINUTE, 25 * MINUTE)])
def test_figures_are_those_of_replay_with_a_window_of_that_length(record, files, method, more,
                                                                 start, length):
    dice = random.Random(method + str(start))
    first, last = EPOCH + start, EPOCH + start + length
    maintenance = f"""---
apiVersion: troth.dev/v1
kind: Exclusion
metadata: {{name: upgrade}}
spec: {{slos: [shop], start: "{moment(EPOCH + 5 * HOUR)}", end: "{moment(EPOCH + 5 * HOUR + 700)}",
  reason: new disks, author: sam}}
"""
    spec = {w: slo.objective(target="0.95", window=w, method=method, objective_more=more) +
            maintenance for w in ("28d", f"{length // 60}m")}
    record.documents(spec["28d"])
    record.measured(EPOCH, EPOCH + 8 * HOUR)
    for i in range(480):
        if dice.random() < 0.1:
            continue
        total = dice.choice((0, 10, 50))
        record.minute(EPOCH + i * MINUTE, total - (dice.randrange(total + 1) // 3), total,
                      measured=dice.choice((1, 1, 1, 0.25)))
    record.write()
    told = one(record.document("--from", first, "--to", last))
    replayed = files.document(spec[f"{length // 60}m"], record.counts(), "--at", last)["slos"][0]
    for key in ("service", "objective", "target", "method", "window", "good", "total", "bad", "sli",
                "met", "estimated", "time_s", "coverage", "budget"):
        assert told[key] == replayed[key], key


def test_judged_hours_count_as_the_minutes_do(record, tmp_path):
    both = [record, Record(tmp_path / "hours")]
    dice = random.Random(5)
    rows = []
    for i in range(6 * 60):
        total = dice.randrange(100)
        rows.append((EPOCH + i * MINUTE, total - (dice.random() < 0.1), total))
    for r in both:
        r.documents(slo.objective(target="0.99"))
        r.measured(EPOCH, EPOCH + 6 * HOUR)
        for t, good, total in rows:
            r.minute(t, max(good, 0), total)
    for hour in range(EPOCH, EPOCH + 6 * HOUR, HOUR):
        both[1].judge(hour, "0.99")
    for r in both:
        r.write()
    period = ("--from", EPOCH + 7 * MINUTE, "--to", EPOCH + 5 * HOUR + 11 * MINUTE)
    told = [one(r.document(*period)) for r in both]
    assert told[0] == told[1]


def test_worst_moments_come_first_with_the_minutes_in_them(record):
    record.documents(slo.objective(target="0.9"))
    record.measured(EPOCH, EPOCH + 6 * HOUR)
    bad = {EPOCH + 65 * MINUTE: 40, EPOCH + 70 * MINUTE: 20, EPOCH + 200 * MINUTE: 30}
    for i in range(360):
        t = EPOCH + i * MINUTE
        record.minute(t, 100 - bad.get(t, 0), 100)
    record.write()
    worst = one(record.document("--from", EPOCH, "--to", EPOCH + 6 * HOUR))["worst"]
    assert [(w["time"], w["spent"]) for w in worst] == [(moment(EPOCH + HOUR), 60),
                                                        (moment(EPOCH + 3 * HOUR), 30)]
    assert [(w["time"], w["spent"]) for w in worst[0]["within"]] == [
        (moment(EPOCH + 65 * MINUTE), 40), (moment(EPOCH + 70 * MINUTE), 20)]
    assert worst[0]["share"] == pytest.approx(60 / 90)


def test_the_period_before_is_of_the_same_length_and_compared(record):
    record.documents(slo.objective(target="0.95"))
    record.measured(EPOCH, EPOCH + 2 * HOUR)
    record.steady(60, 90, 100)
    record.steady(60, 99, 100, start=EPOCH + HOUR)
    record.write()
    document = record.document("--from", EPOCH + HOUR, "--to", EPOCH + 2 * HOUR, code=0)
    p = one(document)
    assert document["previous"] == {"from": moment(EPOCH), "to": moment(EPOCH + HOUR),
                                    "duration_s": 3600}
    assert (p["verdict"], p["previous"]["verdict"], p["trend"]) == ("kept", "broken", "better")
    assert (p["previous"]["good"], p["previous"]["total"]) == (5400, 6000)
    assert any("getting better" in s for s in document["summary"]["text"])


def test_what_failed_has_its_cost(record):
    cost = "    troth.dev/cost-per-bad-event: 2.5\n    troth.dev/currency: EUR\n"
    record.documents(slo.objective(target="0.5", annotations=cost))
    record.measured(EPOCH, EPOCH + HOUR)
    record.steady(60, 98, 100)
    record.write()
    p = one(record.document("--from", EPOCH, "--to", EPOCH + HOUR))
    assert p["cost"]["amount"] == 2.5 * 120 and p["cost"]["currency"] == "EUR"


def test_objectives_together_are_the_mean_by_their_weights(record, files):
    spec = slo.objective(objective_more="""      displayName: a
      compositeWeight: 3
    - target: 0.9
      displayName: b
      compositeWeight: 1
""", window="60m")
    record.documents(spec)
    record.measured(EPOCH, EPOCH + HOUR)
    record.steady(60, 99, 100, objective="shop/a")
    record.steady(60, 80, 100, objective="shop/b")
    record.write()
    told = record.document("--from", EPOCH, "--to", EPOCH + HOUR)
    replayed = files.document(spec, record.counts(), "--at", EPOCH + HOUR)["slos"]
    assert [p["objective"] for p in told["promises"]] == ["a", "b", "*"]
    for mine, theirs in zip(told["promises"], replayed):
        for key in ("target", "good", "total", "sli", "met", "time_s", "coverage", "budget"):
            assert mine[key] == theirs[key], key
    assert one(told, objective="*")["sli"] == pytest.approx((3 * 0.99 + 0.8) / 4)
    assert told["summary"]["kept"] + told["summary"]["broken"] == 2


@pytest.mark.parametrize("bad,said", [(1281, "78 %"), (1103, "81 %"), (4260, "29 %"),
                                      (6600, "overspent by 10 %"),
                                      (304260, "overspent by 4,971 %")])
def test_every_output_says_the_same_of_what_is_left(record, bad, said):
    """Of 600,000 requests 6,000 may fail."""
    record.documents(slo.objective(target="0.99"))
    record.measured(EPOCH, EPOCH + HOUR)
    record.minute(EPOCH, 600000 - bad, 600000)
    record.service("shop:8443", unit="shop.service")
    record.add("count", service="shop:8443", minute=EPOCH, ok=600000)
    record.add("settle", now=EPOCH + HOUR)
    record.write()
    for output in ("text", "md", "html"):
        text = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", output).stdout
        wanted = said if "overspent" in said else f"{said} of the budget is left"
        assert text.count(wanted) >= 1, output
        if output == "md":
            assert text.count(f"| {said} |") == 2, "of promises and of services"
        if output == "html":
            assert text.count(f'<td class="n">{said}</td>') == 2, "of promises and of services"


# --- services


def test_services_have_the_shape_of_check_and_their_own_counts(record):
    record.three_services()
    services = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["services"]
    s = {s["name"]: s for s in services}["shop:8443"]
    assert set(s) >= {"name", "role", "protocol", "identity", "peer", "exchanges", "latency_s",
                      "parts_s", "connections", "bytes", "routes", "slos"}
    assert s["exchanges"] == {"total": 1000, "ok": 900, "client_error": 50, "server_error": 30,
                              "no_response": 20, "aborted": 0, "unknown": 0, "in_flight": 0,
                              "streamed": 0, "coalesced": 0}
    assert set(s["latency_s"]) == {"mean", "p50", "p90", "p99", "p999", "max"}
    assert set(s["parts_s"]) == {"first_byte", "queue", "receive", "service", "send"}
    assert set(s["identity"]) == {"port", "pid", "comm", "exe", "unit", "container", "pod",
                                  "cgroup", "netns"}
    assert s["latency_s"]["mean"] == pytest.approx(0.004)
    assert s["latency_s"]["p50"] == pytest.approx(0.004, rel=0.1)
    assert s["identity"]["unit"] == "shop.service"
    (objective,) = s["slos"]
    assert set(objective) >= {"name", "indicator", "target", "good", "total", "sli", "exact", "met",
                              "budget"}
    assert (objective["good"], objective["total"], objective["met"]) == (950, 1000, True)
    client = [s for s in services if s["role"] == "client"]
    assert client[0]["peer"] == {"address": "10.0.0.5", "port": 5432, "name": None}


def test_services_at_risk_come_before_busier_ones(record):
    record.three_services()
    services = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["services"]
    assert [s["name"] for s in services] == ["shop:8443", "quiet:1", "shop to 10.0.0.5:5432"]
    assert [s["rank"] for s in services] == [1, 2, 3]
    assert services[0]["risk"] == pytest.approx(0.5)


def test_a_service_has_its_figures_of_the_period_before(record):
    record.three_services()
    services = record.document("--from", EPOCH + HOUR, "--to", EPOCH + 2 * HOUR)["services"]
    assert [s["name"] for s in services] == ["shop:8443"], "others had no traffic"
    assert services[0]["exchanges"]["total"] == 10
    assert services[0]["previous"]["exchanges"]["total"] == 1000


def test_the_summary_counts_failures_of_servers_only(record):
    record.three_services()
    summary = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["summary"]
    assert (summary["requests"], summary["failed"], summary["no_answer"]) == (51000, 50, 20)
    assert summary["promised"] == {"requests": 1000, "failed": 50, "no_answer": 20}
    assert summary["others"] == {"requests": 50000, "failed": 0, "no_answer": 0}


def test_the_summary_speaks_of_what_is_promised_and_names_the_rest_apart(record):
    record.three_services()
    text = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["summary"]["text"]
    assert text[1] == ("50 of 1,000 requests to services with a promise failed by a fault of "
                       "theirs: about one in 20. Of these, 20 never got an answer at all.")
    assert [s for s in text if "50,000" in s] == [
        "Apart from that, where nothing was promised: of 50,000 requests to other services of this "
        "host none failed by a fault of theirs."]
    page = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", "html").stdout
    assert '<span class="number">1,000</span>' in page and '">51,000<' not in page


def test_without_promises_the_summary_speaks_of_the_host(record):
    record.measured(EPOCH, EPOCH + HOUR)
    record.service("quiet:1", port=1)
    record.add("count", service="quiet:1", minute=EPOCH + MINUTE, ok=8, server_error=2)
    record.add("settle", now=EPOCH + HOUR)
    record.write()
    text = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["summary"]["text"]
    assert [s for s in text if s.startswith("2 of 10 requests to the services of this host failed")]


def broken(record, measured=HOUR, good=99893, annotations=""):
    record.documents(slo.objective(target="0.999", annotations=annotations))
    record.measured(EPOCH, EPOCH + measured)
    record.minute(EPOCH, good, 100000)
    for i in range(1, measured // MINUTE):
        record.minute(EPOCH + i * MINUTE, 0, 0)
    record.write()
    return record.document("--from", EPOCH, "--to", EPOCH + HOUR)["summary"]["text"]


def test_a_broken_promise_is_told_in_numbers_of_failures(record):
    text = broken(record)
    (said,) = [s for s in text if s.startswith("Broken")]
    assert said.endswith(": 107 failed, 100 were allowed (99.893 % good, where 99.9 % was promised).")
    assert any(s.endswith("add up to 1 minute.") for s in text)


@pytest.mark.parametrize("minutes,said", [
    (57, "was promised)."),
    (48, "was promised), by the 80 % of the time that was measured."),
    (12, "was promised), by what little was measured.")])
def test_little_measured_is_said_of_little_only(record, minutes, said):
    (sentence,) = [s for s in broken(record, minutes * MINUTE) if s.startswith("Broken")]
    assert sentence.endswith(said)


@pytest.mark.parametrize("each,said", [("0", 0), ("2", 1)])
def test_a_cost_that_nobody_knows_is_not_told(record, each, said):
    cost = f"    troth.dev/cost-per-bad-event: {each}\n    troth.dev/currency: EUR\n"
    text = broken(record, annotations=cost)
    assert len([s for s in text if "cost" in s]) == said
    for output in ("text", "md", "html"):
        page = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", output).stdout
        assert ("EUR" in page) == said, output


# --- what happened


def alert(record, time, state, **more):
    record.add("event", time=time, kind="alert", slo="shop", severity="page", long_s=3600,
               short_s=300, state=state, **more)


def test_alerts_have_a_beginning_and_a_length(record):
    alert(record, EPOCH + 10 * MINUTE, "firing")
    alert(record, EPOCH + 30 * MINUTE, "resolved")
    alert(record, EPOCH + 70 * MINUTE, "firing")
    record.simple()
    alerts = one(record.document("--from", EPOCH, "--to", EPOCH + 2 * HOUR))["alerts"]
    assert [(a["since"], a["until"], a["duration_s"], a["firing"]) for a in alerts] == [
        (moment(EPOCH + 10 * MINUTE), moment(EPOCH + 30 * MINUTE), 1200, False),
        (moment(EPOCH + 70 * MINUTE), None, 3000, True)]
    assert (alerts[0]["long_s"], alerts[0]["short_s"], alerts[0]["severity"]) == (3600, 300, "page")


def test_an_alert_that_began_before_the_period_belongs_to_it_while_it_fires(record):
    alert(record, EPOCH + 10 * MINUTE, "firing")
    alert(record, EPOCH + 70 * MINUTE, "resolved")
    record.simple()
    alerts = one(record.document("--from", EPOCH + HOUR, "--to", EPOCH + 2 * HOUR))["alerts"]
    assert [a["since"] for a in alerts] == [moment(EPOCH + 10 * MINUTE)]
    over = record.document("--from", EPOCH + 80 * MINUTE, "--to", EPOCH + 2 * HOUR)
    assert one(over)["alerts"] == []


def test_events_of_the_period_are_listed_in_order(record):
    record.add("event", time=EPOCH + 100, kind="start", text="0.1.0")
    record.add("event", time=EPOCH + 50, kind="stop")
    record.add("event", time=EPOCH + 2 * HOUR + 5, kind="reload")
    record.simple()
    events = record.document("--from", EPOCH, "--to", EPOCH + 2 * HOUR)["events"]
    assert [(e["time"], e["kind"]) for e in events] == [(moment(EPOCH + 50), "stop"),
                                                        (moment(EPOCH + 100), "start")]


def test_who_excluded_what_is_told(record):
    start, end = EPOCH + 20 * MINUTE, EPOCH + 50 * MINUTE
    record.documents(slo.objective() + f"""---
apiVersion: troth.dev/v1
kind: Exclusion
metadata: {{name: upgrade}}
spec: {{slos: [shop], start: "{moment(start)}", end: "{moment(end)}", reason: new disks,
  author: sam}}
""")
    record.measured(EPOCH, EPOCH + HOUR)
    record.steady(60, 100, 100)
    record.write()
    document = record.document("--from", EPOCH, "--to", EPOCH + HOUR)
    p = one(document)
    assert p["excluded"] == [{"name": "upgrade", "reason": "new disks", "author": "sam", "times": 1,
                              "first": moment(start), "last": moment(end)}]
    assert (p["total"], p["time_s"]["excluded"]) == (3000, 1800)
    assert document["exclusions"] == [{**p["excluded"][0], "slos": ["shop"]}]


# --- measurement


def test_gaps_are_shown_and_low_coverage_is_said_wherever_a_result_is(record):
    record.documents(slo.objective(target="0.9"))
    record.measured(EPOCH, EPOCH + 20 * MINUTE)
    record.measured(EPOCH + 50 * MINUTE, EPOCH + HOUR)
    record.steady(20, 99, 100)
    record.steady(10, 99, 100, start=EPOCH + 50 * MINUTE)
    record.write()
    period = ("--from", EPOCH, "--to", EPOCH + HOUR)
    document = record.document(*period)
    assert document["measurement"]["gaps"] == [{"from": moment(EPOCH + 20 * MINUTE),
                                                "to": moment(EPOCH + 50 * MINUTE),
                                                "unmeasured_s": 1800}]
    assert document["measurement"]["coverage"] == 0.5
    assert one(document)["coverage"] == 0.5 and one(document)["coverage_low"]
    assert any("only 50 %" in s for s in document["summary"]["text"])
    for output in ("text", "md", "html"):
        text = record.report(*period, "--output", output).stdout
        assert "LOW" in text and "CAUTION" in text, output
    rows = list(csv.DictReader(io.StringIO(record.report(*period, "--output", "csv").stdout)))
    assert rows[0]["coverage"] == "0.5"


def test_lost_exchanges_lower_the_coverage(record):
    record.documents(slo.objective())
    record.measured(EPOCH, EPOCH + HOUR, exchanges=75, lost=25)
    record.steady(60, 100, 100)
    record.write()
    measurement = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["measurement"]
    assert measurement["coverage"] == 0.75
    assert (measurement["exchanges"], measurement["lost"]) == (4500, 1500)


def test_what_is_known_as_sums_only_is_said(record):
    record.documents(slo.objective())
    record.measured(EPOCH, EPOCH + 45 * MINUTE)
    record.measured(EPOCH + 45 * MINUTE, EPOCH + HOUR, estimated=True)
    record.steady(60, 100, 100)
    record.write()
    assert one(record.document("--from", EPOCH, "--to", EPOCH + HOUR))["estimated_share"] == 0.25
