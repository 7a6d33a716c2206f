# SPDX-License-Identifier: Apache-2.0
"""What `troth run` tells: metrics, status, reports; and what it says where it cannot begin."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actors import answers, serve
from daemon import Daemon, early_in_a_minute, running, until
from load import Load
from promises import documents, promise, within
from test_run_objectives import LIMIT, TRAFFIC, ask, by_path, come_to, reported
from troth import BINARY, programs_of
from wire import OK, free_port

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "cli"))
import exposition  # noqa: E402
from test_prometheus import CLASSIC, NATIVE, prometheus  # noqa: E402

pytestmark = pytest.mark.any_backend

TROUBLES = ("store", "kernel", "objectives", "series", "notifications")
FORMATS = {
    "text": ("text/plain", exposition.text),
    "OpenMetrics": ("application/openmetrics-text;version=1.0.0", exposition.openmetrics),
}


def name_of(d, port, role="server"):
    return until(lambda: d.service(port, role), what="the service")["name"]


# --- metrics -------------------------------------------------------------------------------------


def test_promtool_finds_no_fault_in_the_metrics():
    with serve(by_path) as server, running(slos=documents(
            promise("available", server.port),
            promise("fast", server.port, 0.9, within(LIMIT), {}))) as d:
        ask(server.port, *TRAFFIC)
        come_to(d, "fast", good=47, total=57)
        checked = subprocess.run(["promtool", "check", "metrics"], input=d.get("/metrics")[1],
                                 capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        for accept, parse in FORMATS.values():
            families = parse(d.get("/metrics", {"Accept": accept})[1].encode())
            exposition.check(families)
        parts = {k for k in d.metrics() if k.startswith("troth_trouble{")}
        assert parts == {'troth_trouble{what="%s"}' % part for part in TROUBLES}


def test_who_asks_twice_within_a_tick_reads_the_same_bytes():
    """Each connection is counted in them, so what was made anew would differ."""
    with running() as d:
        until(lambda: d.get("/metrics") == d.get("/metrics"), what="the same twice")


@pytest.mark.limit_s(120)
@pytest.mark.parametrize("flags", [CLASSIC, NATIVE], ids=["OpenMetrics", "protobuf"])
def test_prometheus_has_what_the_client_counted_over_a_kill(tmp_path, flags):
    with serve(answers(OK)) as server, running(slos=documents(
            promise("fast", server.port, 0.9, within("10s"), {}))) as d, \
            prometheus(tmp_path, d.port, flags) as p:
        with Load(server.address, 2, pause_s=0.005) as load:
            name = name_of(d, server.port)
            ours = f'service="{name}",role="server"'
            until(lambda: p.query(f"troth_exchanges_total{{{ours}}}"), what="a scrape")
            d.kill()
            time.sleep(0.5)
            d.start()
            time.sleep(1)
            asked = load.stop()

        def scraped(text):
            return next(iter(p.query(text).values()), None)

        until(lambda: scraped(f"sum(troth_exchanges_total{{{ours}}})") == asked,
              what=f"{asked} at Prometheus")
        assert scraped('troth_slo_valid_total{slo="fast"}') == asked
        assert scraped('troth_slo_good_total{slo="fast"}') == asked
        count = (f"histogram_count(troth_exchange_duration_seconds{{{ours}}})"
                 if flags else f"troth_exchange_duration_seconds_count{{{ours}}}")
        assert scraped(count) == asked
        if not flags:
            assert scraped(f'troth_exchange_duration_seconds_bucket{{{ours},le="10.0"}}') == asked
        assert scraped(f"resets(troth_exchanges_total{{{ours}}}[5m])") == 0
        assert scraped('resets(troth_slo_valid_total[5m])') == 0
        until(lambda: scraped("up") == 1, what="a scrape")


MEASURED = re.compile(r"troth_(exchange|slo_good|slo_valid|measurement|bytes|connections|retrans)")


def counters(d):
    types, values = {}, {}
    for line in d.get("/metrics")[1].splitlines():
        if line.startswith("# TYPE"):
            types[line.split()[2]] = line.split()[3]
        elif line and line[0] != "#":
            name = line.split("{")[0].split(" ")[0]
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            if types.get(name) == "counter" or types.get(family) in ("histogram", "summary"):
                values[line.rsplit(" ", 1)[0]] = float(line.rsplit(" ", 1)[1])
    return {k: v for k, v in values.items() if MEASURED.match(k)}


def test_counters_never_go_down():
    """… over a kill, a reload, an orderly restart."""
    with serve(by_path) as server, running(slos=documents(
            promise("available", server.port),
            promise("fast", server.port, 0.9, within(LIMIT), {}))) as d, \
            Load(server.address, 2, pause_s=0.01):
        def follow(before, event):
            event()
            after = counters(d)
            # Of others' services the protocol may be understood meanwhile, and the labels change.
            down = {k: (v, after.get(k)) for k, v in before.items()
                    if after.get(k, -1 if f":{server.port}" in k else v) < v}
            assert not down, f"{event}: {down}"
            return after

        def again(how):
            how()
            d.start()

        ask(server.port, *TRAFFIC)
        seen = follow({}, lambda: time.sleep(2))
        assert any("troth_slo_valid_total" in k for k in seen)
        for event in (lambda: again(d.kill), d.reload, lambda: again(d.stop), d.reload,
                      lambda: again(d.kill), lambda: time.sleep(1.5)):
            ask(server.port, "200/200", "503")
            seen = follow(seen, event)


# --- status --------------------------------------------------------------------------------------


def status(d):
    done = d.troth("status")
    as_json = d.troth("status", "--output", "json")
    assert as_json.returncode == done.returncode
    return done.returncode, done.stdout, as_json.stdout and json.loads(as_json.stdout)


def test_status_says_what_is_kept_by_its_exit_code():
    with serve(by_path) as server, Daemon() as d:
        assert status(d)[0] == 3, "no daemon"
        assert len(d.troth("status").stderr.splitlines()) == 1
        d.slos(documents(promise("pages", server.port, 0.5), promise("other", free_port())))
        d.start()
        assert status(d)[0] == 4, "no traffic"
        ask(server.port, *TRAFFIC)
        come_to(d, "pages", good=50, total=57)
        code, text, document = status(d)
        assert code == 0 and "kept" in text, text
        assert {s["name"]: s["met"] for s in document["slos"]} == {"pages": True, "other": None}
        d.slos(documents(promise("pages", server.port, 0.99)))
        d.reload()
        code, text, document = status(d)
        assert code == 1 and "MISSED" in text, text
        assert document["slos"][0]["met"] is False
        d.kill()
        assert status(d)[0] == 3, "its socket is still there"


# --- reports -------------------------------------------------------------------------------------


def test_reports_while_it_runs_and_afterwards():
    with serve(by_path) as server, running(slos=documents(
            promise("pages", server.port, 0.99, promise="Pages open."))) as d:
        ask(server.port, *TRAFFIC)
        come_to(d, "pages", good=50, total=57)
        for life in ("running", "stopped", "again"):
            for output in ("text", "json", "md", "html", "csv"):
                done = d.troth("report", "--output", output)
                assert (done.returncode, done.stderr) == (1, ""), (life, output, done)
                assert "Pages open." in done.stdout or output == "csv", (life, output)
                assert "pages" in done.stdout and "57" in done.stdout, (life, output)
            pages = reported(d)["pages"]
            assert (pages["good"], pages["total"], pages["verdict"]) == (50, 57, "broken")
            measurement = d.report()["measurement"]
            assert measurement["exchanges"] >= 57, measurement
            (row,) = d.recorded(server.port)
            assert row["exchanges"]["total"] == 57
            if life == "running":
                assert d.json("/api/v1/report")["promises"][0]["total"] == 57
                d.stop()
            elif life == "stopped":
                d.start()


@pytest.mark.limit_s(120)
def test_a_report_ends_at_its_boundary():
    with serve(by_path) as server, running(slos=documents(promise("pages", server.port))) as d:
        early_in_a_minute()
        boundary = int(time.time()) // 60 * 60 + 60
        ask(server.port, *TRAFFIC)
        come_to(d, "pages", good=50, total=57)
        time.sleep(max(0, boundary + 0.5 - time.time()))
        d.ticks(2)  # the one that is late has the minute before
        ask(server.port, "200", "503")
        come_to(d, "pages", good=51, total=59)
        before = reported(d, "--to", boundary)["pages"]
        after = reported(d, "--from", boundary)["pages"]
        assert (before["good"], before["total"]) == (50, 57)
        assert (after["good"], after["total"]) == (1, 2)
        assert (after["previous"]["good"], after["previous"]["total"]) == (50, 57)
        api = d.json(f"/api/v1/report?from={boundary}")["promises"][0]
        assert (api["good"], api["total"]) == (1, 2)


@pytest.mark.parametrize("wrong", [["--from", "yesterday"], ["--to", "2026-13-01"],
                                   ["--from", "1h", "--to", "2h"], ["--output", "pdf"]])
def test_a_report_of_no_time_is_refused(wrong):
    with running() as d:
        done = d.troth("report", *wrong)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert len(done.stderr.splitlines()) == 1, done.stderr


# --- where it cannot begin -----------------------------------------------------------------------


def refused(d, code):
    """It ends so, says one line, and leaves nothing."""
    d.begin()
    while d.process.poll() is None:
        try:
            d.programs |= programs_of(d.process.pid)
        except OSError:
            break
        time.sleep(0.005)
    assert d.process.wait(10) == code, d.explained()
    (line,) = d.log().splitlines()
    assert not d.pin_dir.exists(), line
    return line


@pytest.mark.parametrize("text, place, word", [
    ("listen: 127.0.0.1:9477\nstat-dir: /x\n", "2:1", "stat-dir"),
    ("on-stop: maybe\n", "1:10", "linger"),
    ("store: {minutes-days: 100000}\n", "1:23", "400"),
    ("notify: [{name: a, kind: pigeon}]\n", "1:26", "webhook"),
    ("a: [b\n", "1:5", "YAML"),
])
def test_a_wrong_configuration_is_said_with_its_place(text, place, word):
    with Daemon(conf=text) as d:
        line = refused(d, 2)
        assert f"troth.yaml:{place}" in line and word in line, line


def test_a_wrong_objective_is_said_with_its_place():
    with Daemon(slos="apiVersion: openslo/v1\nkind: SLOO\nmetadata: {name: x}\n") as d:
        assert "objectives.yaml:2:7" in refused(d, 2)


def test_what_cannot_be_used_is_said_in_a_line(tmp_path):
    a_file = tmp_path / "file"
    a_file.write_text("")
    with Daemon(state_dir=a_file / "state") as d:
        assert str(a_file) in refused(d, 3)
    with Daemon() as d:
        right, d.pin_dir = d.pin_dir, tmp_path / "pins"
        assert "bpf" in refused(d, 3)
        assert not d.pin_dir.exists()
        d.pin_dir = right
    with running() as d, Daemon() as other:
        other.port = d.port
        assert str(d.port) in refused(other, 3)
        assert d.get("/readyz")[0] == 200


# --- nothing is configured -----------------------------------------------------------------------


ALONE = """
ip link set lo up
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmpfs /var/lib
mkdir -p /etc/troth
mount -t tmpfs tmpfs /etc/troth
exec "$0" run
"""
ASKING = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9477/api/v1/slos').status)"


def test_nothing_need_be_configured(tmp_path):
    """In namespaces of its own: the defaults are this machine's."""
    fresh = not os.path.exists("/etc/troth")
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(["unshare", "-m", "-n", "sh", "-ec", ALONE, BINARY],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        def said():
            assert process.poll() is None, (tmp_path / "log").read_text()
            return "ready\n" in (tmp_path / "log").read_text()

        def inside(*command):
            return subprocess.run(["nsenter", "-t", str(process.pid), "-m", "-n", *command],
                                  capture_output=True, text=True, timeout=20)

        until(said, what="ready")
        assert inside("/usr/bin/python3", "-c", ASKING).stdout == "200\n"
        assert inside(BINARY, "status").returncode == 0
        assert inside(BINARY, "report").returncode == 4
        assert "troth.db" in inside("ls", "/var/lib/troth").stdout
        pins = {p for p in inside("ls", "-A", "/sys/fs/bpf").stdout.split() if "troth" in p}
        assert pins == {"troth"}
    finally:
        process.terminate()
        assert process.wait(20) == 0
        if fresh:
            os.rmdir("/etc/troth")


def test_a_directory_of_no_objectives_and_none_at_all_are_fine():
    with running() as d:
        assert d.json("/api/v1/slos")["slos"] == []
        d.slo_dir.rmdir()
        d.reload()
        assert d.get("/readyz")[0] == 200
        d.kill()
        d.start()
        d.slo_dir.mkdir()
        d.slos(documents(promise("pages", free_port())))
        d.reload()
        assert [s["name"] for s in d.json("/api/v1/slos")["slos"]] == ["pages"]
