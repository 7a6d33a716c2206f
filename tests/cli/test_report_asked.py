# SPDX-License-Identifier: Apache-2.0
"""`troth report`: the period that is asked for, what cannot be, and the exit code."""

import os
import resource
import subprocess
import time
from datetime import datetime

import pytest

import slo
from records import MAKER, moment, one, report
from slo import DAY, EPOCH, HOUR, MINUTE


def test_without_a_period_it_is_the_whole_record(record):
    now = int(time.time()) // 60 * 60
    record.documents(slo.objective(target="0.9"), time=now - HOUR)
    record.measured(now - 30 * MINUTE, now)
    record.steady(30, 95, 100, start=now - 30 * MINUTE)
    record.write()
    document = record.document(code=0)
    assert document["period"]["from"] == document["record_began"] == moment(now - 30 * MINUTE)
    assert one(document)["total"] == 3000


def test_the_open_minute_is_in_the_report(record):
    while (now := int(time.time())) % 60 > 40:  # a minute that is over is not open
        time.sleep(1)
    open_minute = (now - 1) // 60 * 60  # which has a second at least
    record.documents(slo.objective(target="0.9"), time=now - HOUR)
    record.measured(open_minute - 10 * MINUTE, open_minute)
    record.add("time", minute=open_minute, measured_s=now - open_minute)
    record.steady(10, 100, 100, start=open_minute - 10 * MINUTE)
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
    record.simple()
    document = record.document("--from", EPOCH - 2 * DAY, "--to", EPOCH - DAY, code=4)
    p = one(document)
    assert (p["verdict"], p["sli"], p["met"], p["total"]) == ("no data", None, None, 0)
    assert document["measurement"]["coverage"] == 0
    assert document["measurement"]["gaps"][0]["unmeasured_s"] == DAY


def test_what_lies_before_the_record_is_a_gap(record):
    record.simple(n=60)
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
    record.simple()
    end = int(datetime.fromisoformat(begins).timestamp()) + HOUR
    done = record.document("--from", day, "--to", min(end, int(time.time()) - 60),
                           env={"TZ": zone})
    assert done["period"]["from"] == begins


@pytest.mark.parametrize("length,seconds", [("7d", 7 * DAY), ("24h", DAY), ("90m", 90 * MINUTE),
                                            ("1h30m", 90 * MINUTE), ("2w", 14 * DAY)])
def test_a_length_reaches_back_from_now(record, length, seconds):
    record.simple()
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
    record.simple()
    done = record.report(*args)
    assert said in slo.refused(done)


# --- exit codes


def test_kept_is_0_and_broken_is_1(record):
    record.simple()
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
    """28 days, 100 promises, 100 services: processor time, the least of three, since other tests may run
    beside it."""
    now = 1794000000 // HOUR * HOUR
    subprocess.run([MAKER, "--generate", record.directory, str(now), "28", "100", "100", "1"],
                   check=True, timeout=600)
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        document = record.document("--from", now - 28 * DAY, "--to", now)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert len(document["promises"]) == len(document["services"]) == 100
        assert document["measurement"]["coverage"] == 1
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 1, f"{spent} s"


def test_it_works_beside_a_writer(record):
    record.simple()
    with subprocess.Popen([MAKER, record.directory], stdin=subprocess.PIPE, text=True) as writer:
        try:
            deadline = time.time() + 30
            while not (record.directory / "troth.db-wal").exists():
                assert time.time() < deadline
                time.sleep(0.01)
            assert one(record.document("--from", EPOCH, "--to", EPOCH + HOUR))["total"] == 6000
        finally:
            writer.stdin.close()
        assert writer.wait(timeout=30) == 0


def test_a_reader_that_leaves_is_told_in_one_line(record):
    record.simple()
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([slo.BINARY, "report", "--state-dir", record.directory, "--pin-dir",
                               record.directory], stdout=writer, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False)
    finally:
        os.close(writer)
    assert "cannot write" in slo.one_line(done.stderr)
    assert done.returncode == 2
