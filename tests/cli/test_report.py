# SPDX-License-Identifier: Apache-2.0
"""`troth report`: what it says against Python's own sums of what the record was told."""

import csv
import io
import random
import resource
import subprocess
import time
from datetime import datetime, timezone
from fractions import Fraction

import pytest

import slo
from records import MAKER, Record, report
from slo import DAY, EPOCH, HOUR, MINUTE

HOSTILE = '<script>alert("x")</script>&\'\x1b[31m"'


@pytest.fixture
def record(tmp_path):
    return Record(tmp_path / "state")


def steady(record, n, good, total, start=EPOCH, **more):
    for i in range(n):
        record.minute(start + i * MINUTE, good, total, **more)


def simple(record, n=120, good=99, total=100, target="0.98", **more):
    record.documents(slo.objective(target=target, **more))
    record.measured(EPOCH, EPOCH + n * MINUTE, exchanges=total)
    steady(record, n, good, total)
    record.write()


def one(document, name="shop", objective=""):
    found = [p for p in document["promises"] if (p["name"], p["objective"]) == (name, objective)]
    assert len(found) == 1, document["promises"]
    return found[0]


def moment(t):
    return datetime.fromtimestamp(t, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- numbers


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
    steady(record, 60, 90, 100)
    steady(record, 60, 99, 100, start=EPOCH + HOUR)
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
    steady(record, 60, 98, 100)
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
    steady(record, 60, 99, 100, objective="shop/a")
    steady(record, 60, 80, 100, objective="shop/b")
    record.write()
    told = record.document("--from", EPOCH, "--to", EPOCH + HOUR)
    replayed = files.document(spec, record.counts(), "--at", EPOCH + HOUR)["slos"]
    assert [p["objective"] for p in told["promises"]] == ["a", "b", "*"]
    for mine, theirs in zip(told["promises"], replayed):
        for key in ("target", "good", "total", "sli", "met", "time_s", "coverage", "budget"):
            assert mine[key] == theirs[key], key
    assert one(told, objective="*")["sli"] == pytest.approx((3 * 0.99 + 0.8) / 4)
    assert told["summary"]["kept"] + told["summary"]["broken"] == 2


# --- services


def service_record(record):
    record.documents(slo.objective(target="0.9"))
    record.measured(EPOCH, EPOCH + 2 * HOUR)
    record.service("quiet:1", port=1)
    record.service("shop:8443", port=8443, unit="shop.service")
    record.service("shop to 10.0.0.5:5432", port=0, role="client", peer_address="10.0.0.5",
                   peer_port=5432)
    record.add("count", service="quiet:1", minute=EPOCH + MINUTE, ok=50000)
    record.add("count", service="shop:8443", minute=EPOCH + MINUTE, ok=900, client_error=50,
               server_error=30, no_response=20, duration_s=0.004)
    record.add("count", service="shop:8443", minute=EPOCH + HOUR + MINUTE, ok=10, duration_s=0.1)
    record.add("count", service="shop to 10.0.0.5:5432", role="client", minute=EPOCH + MINUTE,
               ok=7, duration_s=0.002)
    record.minute(EPOCH + MINUTE, 950, 1000)
    record.minute(EPOCH + HOUR + MINUTE, 10, 10)
    record.add("settle", now=EPOCH + 2 * HOUR)
    record.write()


def test_services_have_the_shape_of_check_and_their_own_counts(record):
    service_record(record)
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
    service_record(record)
    services = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["services"]
    assert [s["name"] for s in services] == ["shop:8443", "quiet:1", "shop to 10.0.0.5:5432"]
    assert [s["rank"] for s in services] == [1, 2, 3]
    assert services[0]["risk"] == pytest.approx(0.5)


def test_a_service_has_its_figures_of_the_period_before(record):
    service_record(record)
    services = record.document("--from", EPOCH + HOUR, "--to", EPOCH + 2 * HOUR)["services"]
    assert [s["name"] for s in services] == ["shop:8443"], "others had no traffic"
    assert services[0]["exchanges"]["total"] == 10
    assert services[0]["previous"]["exchanges"]["total"] == 1000


def test_the_summary_counts_failures_of_servers_only(record):
    service_record(record)
    summary = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["summary"]
    assert (summary["requests"], summary["failed"], summary["no_answer"]) == (51000, 50, 20)
    assert "50 of 51,000 requests" in " ".join(summary["text"])


# --- what happened


def alert(record, time, state, **more):
    record.add("event", time=time, kind="alert", slo="shop", severity="page", long_s=3600,
               short_s=300, state=state, **more)


def test_alerts_have_a_beginning_and_a_length(record):
    alert(record, EPOCH + 10 * MINUTE, "firing")
    alert(record, EPOCH + 30 * MINUTE, "resolved")
    alert(record, EPOCH + 70 * MINUTE, "firing")
    simple(record)
    alerts = one(record.document("--from", EPOCH, "--to", EPOCH + 2 * HOUR))["alerts"]
    assert [(a["since"], a["until"], a["duration_s"], a["firing"]) for a in alerts] == [
        (moment(EPOCH + 10 * MINUTE), moment(EPOCH + 30 * MINUTE), 1200, False),
        (moment(EPOCH + 70 * MINUTE), None, 3000, True)]
    assert (alerts[0]["long_s"], alerts[0]["short_s"], alerts[0]["severity"]) == (3600, 300, "page")


def test_an_alert_that_began_before_the_period_belongs_to_it_while_it_fires(record):
    alert(record, EPOCH + 10 * MINUTE, "firing")
    alert(record, EPOCH + 70 * MINUTE, "resolved")
    simple(record)
    alerts = one(record.document("--from", EPOCH + HOUR, "--to", EPOCH + 2 * HOUR))["alerts"]
    assert [a["since"] for a in alerts] == [moment(EPOCH + 10 * MINUTE)]
    over = record.document("--from", EPOCH + 80 * MINUTE, "--to", EPOCH + 2 * HOUR)
    assert one(over)["alerts"] == []


def test_events_of_the_period_are_listed_in_order(record):
    record.add("event", time=EPOCH + 100, kind="start", text="0.1.0")
    record.add("event", time=EPOCH + 50, kind="stop")
    record.add("event", time=EPOCH + 2 * HOUR + 5, kind="reload")
    simple(record)
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
    steady(record, 60, 100, 100)
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
    steady(record, 20, 99, 100)
    steady(record, 10, 99, 100, start=EPOCH + 50 * MINUTE)
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
    steady(record, 60, 100, 100)
    record.write()
    measurement = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["measurement"]
    assert measurement["coverage"] == 0.75
    assert (measurement["exchanges"], measurement["lost"]) == (4500, 1500)


def test_what_is_known_as_sums_only_is_said(record):
    record.documents(slo.objective())
    record.measured(EPOCH, EPOCH + 45 * MINUTE)
    record.measured(EPOCH + 45 * MINUTE, EPOCH + HOUR, estimated=True)
    steady(record, 60, 100, 100)
    record.write()
    assert one(record.document("--from", EPOCH, "--to", EPOCH + HOUR))["estimated_share"] == 0.25


# --- periods


def test_without_a_period_it_is_the_whole_record(record):
    now = int(time.time()) // 60 * 60
    record.documents(slo.objective(target="0.9"), time=now - HOUR)
    record.measured(now - 30 * MINUTE, now)
    steady(record, 30, 95, 100, start=now - 30 * MINUTE)
    record.write()
    document = record.document(code=0)
    assert document["period"]["from"] == document["record_began"] == moment(now - 30 * MINUTE)
    assert one(document)["total"] == 3000


def test_the_open_minute_is_in_the_report(record):
    now = int(time.time())
    open_minute = now // 60 * 60
    record.documents(slo.objective(target="0.9"), time=now - HOUR)
    record.measured(open_minute - 10 * MINUTE, open_minute)
    record.add("time", minute=open_minute, measured_s=now - open_minute)
    steady(record, 10, 100, 100, start=open_minute - 10 * MINUTE)
    record.minute(open_minute, 40, 50, measured=(now - open_minute) / 60)
    record.service("shop:8443")
    record.add("count", service="shop:8443", minute=open_minute, ok=50)
    record.write()
    for period in ((), ("--from", open_minute - 10 * MINUTE), ("--from", "30m"),
                   ("--from", open_minute - 10 * MINUTE, "--to", now)):
        document = record.document(*period)
        assert one(document)["total"] == 1050, period
        assert document["services"][0]["exchanges"]["total"] == 50, period
    closed = record.document("--from", open_minute - 10 * MINUTE, "--to", open_minute)
    assert one(closed)["total"] == 1000
    assert one(record.document("--from", open_minute - 10 * MINUTE))["coverage"] > 0.95


def test_a_period_before_the_record_has_nothing_to_judge(record):
    simple(record)
    document = record.document("--from", EPOCH - 2 * DAY, "--to", EPOCH - DAY, code=4)
    p = one(document)
    assert (p["verdict"], p["sli"], p["met"], p["total"]) == ("no data", None, None, 0)
    assert document["measurement"]["coverage"] == 0
    assert document["measurement"]["gaps"][0]["unmeasured_s"] == DAY


def test_what_lies_before_the_record_is_a_gap(record):
    simple(record, n=60)
    document = record.document("--from", EPOCH - HOUR, "--to", EPOCH + HOUR)
    assert one(document)["coverage"] == 0.5
    assert document["measurement"]["gaps"] == [{"from": moment(EPOCH - HOUR), "to": moment(EPOCH),
                                                "unmeasured_s": 3600}]


@pytest.mark.parametrize("zone,day,begins", [
    ("UTC", "2026-03-29", "2026-03-29T00:00:00Z"),
    ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
    ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"),
    ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),  # no midnight: 01:00 comes first
    ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),  # the same, later in the zone's history
    ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),  # midnight comes twice: the first
])
def test_a_date_begins_when_clocks_here_first_show_it(record, zone, day, begins):
    simple(record)
    end = int(datetime.fromisoformat(begins).timestamp()) + HOUR
    done = record.document("--from", day, "--to", min(end, int(time.time()) - 60),
                           env={"TZ": zone})
    assert done["period"]["from"] == begins


@pytest.mark.parametrize("length,seconds", [("7d", 7 * DAY), ("24h", DAY), ("90m", 90 * MINUTE),
                                            ("1h30m", 90 * MINUTE), ("2w", 14 * DAY)])
def test_a_length_reaches_back_from_now(record, length, seconds):
    simple(record)
    before = int(time.time())
    period = record.document("--from", length)["period"]
    begins = int(datetime.fromisoformat(period["from"]).timestamp())
    assert (before - seconds) // 60 * 60 <= begins <= time.time() - seconds


@pytest.mark.parametrize("args,said", [
    (("--from", "yesterdayish"), "--from"),
    (("--to", "2026-02-30"), "--to"),
    (("--from", "2026-13-01"), "--from"),
    (("--from", ""), "--from"),
    (("--from", "5x"), "--from"),
    (("--from", EPOCH + HOUR, "--to", EPOCH), "before the end"),
    (("--from", EPOCH, "--to", EPOCH), "before the end"),
    (("--from", "2999-01-01"), "future"),
    (("--from", "0001-01-01T00:00:00Z"), "20 years"),
    (("--output", "yaml"), "--output"),
])
def test_a_period_that_cannot_be_is_one_line_and_2(record, args, said):
    simple(record)
    done = record.report(*args)
    assert said in slo.refused(done)


# --- exit codes


def test_kept_is_0_and_broken_is_1(record):
    simple(record)
    assert record.report("--from", EPOCH, "--to", EPOCH + HOUR).returncode == 0
    record.documents(slo.objective(target="0.995"), time=EPOCH + 1)
    record.write()
    done = record.report("--from", EPOCH, "--to", EPOCH + HOUR)
    assert done.returncode == 1 and "BROKEN" in done.stdout


def test_no_record_is_3_and_says_what_to_do(tmp_path):
    done = report("--state-dir", tmp_path, "--pin-dir", tmp_path)
    assert done.returncode == 3 and done.stdout == ""
    assert "troth run" in slo.one_line(done.stderr)
    done = report("--state-dir", tmp_path / "none", "--pin-dir", tmp_path)
    assert done.returncode == 3 and slo.one_line(done.stderr)


def test_what_is_no_record_is_3(tmp_path):
    (tmp_path / "troth.db").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    done = report("--state-dir", tmp_path, "--pin-dir", tmp_path)
    assert done.returncode == 3 and done.stdout == ""
    slo.one_line(done.stderr)


@pytest.mark.parametrize("output", ["text", "json", "md", "html", "csv"])
def test_an_empty_record_has_nothing_to_judge(record, output):
    record.write()
    done = record.report("--output", output)
    assert done.returncode == 4 and done.stderr == "" and done.stdout


def test_traffic_without_promises_has_nothing_to_judge(record):
    record.service("shop:8443")
    record.add("count", service="shop:8443", minute=EPOCH, ok=5)
    record.measured(EPOCH, EPOCH + HOUR)
    record.write()
    document = record.document("--from", EPOCH, "--to", EPOCH + HOUR, code=4)
    assert document["promises"] == [] and document["services"][0]["exchanges"]["total"] == 5


def test_a_report_of_a_busy_month_is_there_in_a_second(record):
    """28 days, 100 promises, 100 services: processor time, since other tests may run beside it."""
    now = 1794000000 // HOUR * HOUR
    subprocess.run([MAKER, "--generate", record.directory, str(now), "28", "100", "100", "1"],
                   check=True, timeout=600)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    document = record.document("--from", now - 28 * DAY, "--to", now)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert len(document["promises"]) == len(document["services"]) == 100
    assert document["measurement"]["coverage"] == 1
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 1, f"{spent:.2f} s"


def test_it_works_beside_a_writer(record):
    simple(record)
    with subprocess.Popen([MAKER, record.directory], stdin=subprocess.PIPE, text=True) as writer:
        try:
            deadline = time.time() + 10
            while not (record.directory / "troth.db-wal").exists() and time.time() < deadline:
                time.sleep(0.01)
            assert one(record.document("--from", EPOCH, "--to", EPOCH + HOUR))["total"] == 6000
        finally:
            writer.stdin.close()
        assert writer.wait(timeout=30) == 0


def test_a_reader_that_leaves_is_told_in_one_line(record):
    simple(record)
    with subprocess.Popen([slo.BINARY, "report", "--state-dir", record.directory, "--pin-dir",
                           record.directory], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as p:
        p.stdout.close()
        assert "cannot write" in slo.one_line(p.stderr.read())
        assert p.wait(timeout=30) == 2


# --- formats


def test_csv_is_one_row_a_promise_and_period(record):
    promise = 'Paying "just works", always'
    spec = slo.objective(target="0.98").replace("Paying works.", "'" + promise + "'")
    record.documents(spec)
    record.measured(EPOCH, EPOCH + 2 * HOUR)
    steady(record, 120, 99, 100)
    record.write()
    done = record.report("--from", EPOCH + HOUR, "--to", EPOCH + 2 * HOUR, "--output", "csv")
    assert done.returncode == 0
    raw = subprocess.run([slo.BINARY, "report", "--state-dir", record.directory, "--pin-dir",
                          record.directory, "--from", str(EPOCH + HOUR), "--to",
                          str(EPOCH + 2 * HOUR), "-o", "csv"], capture_output=True, timeout=60,
                         check=False).stdout
    assert raw.count(b"\r\n") == raw.count(b"\n") == 3
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline=""), strict=True))
    assert [r["period"] for r in rows] == ["this", "previous"]
    assert rows[0]["promise"] == promise
    assert (rows[0]["good"], rows[0]["total"], rows[0]["bad"]) == ("5940", "6000", "60")
    assert float(rows[0]["sli"]) == 0.99 and float(rows[0]["budget_remaining_ratio"]) == 0.5
    assert (rows[0]["from"], rows[0]["to"]) == (moment(EPOCH + HOUR), moment(EPOCH + 2 * HOUR))
    assert rows[1]["from"] == moment(EPOCH)
    assert None not in rows[0] and all(v is not None for v in rows[0].values())


def test_every_format_says_what_is_promised_no_more(record):
    record.documents(slo.objective(target="0.98"))
    record.documents(slo.objective(name="other"), time=EPOCH + HOUR)
    record.measured(EPOCH, EPOCH + 2 * HOUR)
    steady(record, 60, 99, 100)
    steady(record, 60, 100, 100, start=EPOCH + HOUR, objective="other")
    record.write()
    period = ("--from", EPOCH, "--to", EPOCH + 2 * HOUR, "--output")
    told = {p["name"]: (p["good"], p["total"], p["removed"])
            for p in record.document(*period[:4])["promises"]}
    assert told == {"shop": (5940, 6000, moment(EPOCH + HOUR)), "other": (6000, 6000, None)}
    rows = csv.DictReader(io.StringIO(record.report(*period, "csv").stdout), strict=True)
    rows = {r["name"]: (r["good"], r["total"], r["removed"]) for r in rows if r["period"] == "this"}
    assert rows == {"shop": ("5940", "6000", moment(EPOCH + HOUR)), "other": ("6000", "6000", "")}
    for output in ("text", "md", "html"):
        assert "no more since" in record.report(*period, output).stdout, output


def test_a_cell_is_no_formula(record):
    record.documents(slo.objective(target="0.9").replace("payments team", "'=1+1'"))
    record.measured(EPOCH, EPOCH + HOUR)
    steady(record, 60, 99, 100)
    record.write()
    done = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows[0]["owner"] == "'=1+1"


def test_no_format_lets_a_name_steer_a_terminal_or_be_markup(record):
    record.service(HOSTILE)
    record.add("count", service=HOSTILE, minute=EPOCH, ok=5)
    record.add("event", time=EPOCH + 5, kind="start", text="| a **b** [c](http://example.org) |")
    simple(record)
    for output in ("text", "md", "html", "csv"):
        out = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", output).stdout
        assert "\x1b" not in out, output
    md = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", "md").stdout
    assert "<" not in md.replace("&lt;", "") and "](http" not in md and "**b**" not in md
    services = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["services"]
    assert services[0]["name"] == HOSTILE


def test_tables_of_markdown_have_as_many_cells_in_every_row(record):
    service_record(record)
    md = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", "md").stdout
    tables = [[line for line in block.splitlines() if line.startswith("|")]
              for block in md.split("\n\n")]
    tables = [t for t in tables if t]
    assert len(tables) == 2
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1, table


def test_lines_of_text_fit_and_begin_with_the_summary(record):
    service_record(record)
    done = record.report("--from", EPOCH, "--to", EPOCH + HOUR)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[3] == "The promise was kept in these 1 hour."
    assert "\x1b" not in done.stdout
