# SPDX-License-Identifier: Apache-2.0
"""One outage, minutes long: what fires, who hears of it, and that a restart changes neither."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actors import serve
from daemon import Daemon, early_in_a_minute, until
from promises import documents, exclusion, policy, promise, ratio, stamp
from test_run_objectives import ask, by_path, come_to, reported
from troth import BINARY
from wire import free_port

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "cli"))
from notifying import Alertmanager, Hooks  # noqa: E402

pytestmark = pytest.mark.any_backend

FIELDS = ("name", "service", "objective", "target", "method", "good", "total", "bad", "sli", "met",
          "estimated", "budget")
ALERT = ("severity", "long_s", "short_s", "factor", "firing")
EVENT = ("time", "slo", "kind", "severity", "long_s", "short_s", "state")


def fires(d, name):
    return d.slo(name)["alerts"][0]["firing"]


def promised(port, late_port):
    parts = [{"displayName": "answered", "target": 0.5, "compositeWeight": 1},
             {"displayName": "welcome", "target": 0.8, "compositeWeight": 3}]
    for part, outcomes in zip(parts, (["ok", "client_error"], ["ok"])):
        part["indicator"] = {"metadata": {"name": part["displayName"]}, "spec": {
            "ratioMetric": ratio({"port": port}, {"outcomes": outcomes})}}
    quiet = policy(1000)
    return documents(
        promise("pages", port, policy=policy(), promise="Pages open."),
        promise("excused", port, policy=policy()),
        exclusion("disks", ["excused"], -3600, 3600),
        promise("calls", {"role": "client", "peer": f"127.0.0.1:{port}"}, 0.7,
                policy=quiet),
        promise("both", None, objectives=parts, policy=quiet),
        promise("late", late_port, policy=quiet))


def receivers(hooks, alertmanager):
    return json.dumps({"notify": [
        {"name": "hook", "kind": "webhook", "url": hooks.url + "/hook"},
        {"name": "am", "kind": "alertmanager", "url": alertmanager.url}]})


class Story:
    """Everything that one daemon after the other said."""

    def __init__(self, d, hooks):
        self.d, self.hooks = d, hooks

    def logged(self, state):
        return sum(f"alert {state}: pages" in line for path in self.d.dir.glob("log-*")
                   for line in path.read_text().splitlines())

    def told(self, *states):
        """The webhook was told of these and nothing else, each once."""
        until(lambda: len(self.hooks.requests) >= len(states), what=f"{states}")
        assert self.hooks.told() == [("pages", s) for s in states], self.hooks.told()
        assert len({r.json["id"] for r in self.hooks.requests}) == len(states)

    def restart(self):
        self.d.kill()
        self.d.start()


def agrees_with_replay(d):
    """The minutes on record, fed to `troth slo replay`, come to what the daemon says."""
    counts = subprocess.run([BINARY, "store", "export", "--counts", "--state-dir", d.state_dir],
                            capture_output=True, text=True, check=True).stdout
    rows = list(csv.DictReader(io.StringIO(counts)))
    done = subprocess.run([BINARY, "slo", "replay", d.slo_dir, "--input", "-", "--step", "60s",
                           "--output", "json"], input=counts, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    replayed = json.loads(done.stdout)
    live, report = d.json("/api/v1/slos"), d.report()

    def shared(slos):
        return [{k: s[k] for k in FIELDS} for s in slos]

    def alerts(slos):
        return [[{k: a[k] for k in ALERT} for a in s["alerts"]] for s in slos]

    def events(of):
        return [{k: e[k] for k in EVENT} for e in of["events"] if e["kind"] == "alert"]

    assert shared(replayed["slos"]) == shared(live["slos"]), counts + d.explained()
    assert alerts(replayed["slos"]) == alerts(live["slos"])
    assert events(replayed) == events(report)
    assert replayed["events"] == live["events"]
    assert "events_left_out" not in live
    assert shared(replayed["slos"]) == shared(report["promises"])
    assert sum(int(r["total"]) for r in rows if r["slo"] == "pages") == d.slo("pages")["total"]


@pytest.mark.limit_s(300)
def test_an_outage_from_its_first_failure_to_its_end(tmp_path):
    late_port = free_port()
    with Hooks() as ears, Hooks() as hooks, Alertmanager(tmp_path / "am", ears) as am, \
            serve(by_path) as server, Daemon(conf=receivers(hooks, am)) as d:
        d.slos(promised(server.port, late_port))
        d.start()
        story = Story(d, hooks)

        early_in_a_minute()
        minute = int(time.time()) // 60 * 60
        ask(server.port, *["200"] * 40 + ["404"] * 10 + ["503"] * 50)
        come_to(d, "pages", good=50, total=100, met=False)
        come_to(d, "calls", good=50, total=100, met=False)
        come_to(d, "excused", good=0, total=0, met=None)
        come_to(d, "both/*", sli=0.425, met=False)
        assert not fires(d, "pages"), "minutes are judged at their end"
        story.restart()
        come_to(d, "pages", good=50, total=100)
        assert d.troth("status").returncode == 1

        until(lambda: fires(d, "pages"), 75, "the alert")
        assert time.time() >= minute + 60
        story.told("firing")
        (alert,) = until(am.alerts, what="the alert at Alertmanager")
        assert alert["labels"]["slo"] == "pages"
        assert alert["annotations"]["promise"] == "Pages open."
        with serve(by_path, port=late_port):
            ask(late_port, *["200"] * 20)
            ask(server.port, *["200"] * 60)
        come_to(d, "late", good=20, total=20)
        come_to(d, "pages", good=110, total=160)
        assert not fires(d, "excused")
        assert "alert" in d.troth("status").stdout

        d.reload()
        assert fires(d, "pages"), d.explained()
        story.restart()
        assert fires(d, "pages"), d.explained()
        d.stop()
        d.start()
        assert fires(d, "pages"), d.explained()
        assert len(am.alerts()) == 1

        until(lambda: not fires(d, "pages"), 75, "the end of the alert")
        assert time.time() >= minute + 120
        story.told("firing", "resolved")
        until(lambda: not am.alerts(), what="the end at Alertmanager")
        agrees_with_replay(d)
        assert [(e["time"], e["state"]) for e in d.json("/api/v1/slos")["events"]] == \
            [(stamp(minute + 60), "firing"), (stamp(minute + 120), "resolved")]
        d.reload()
        story.restart()
        time.sleep(3)
        story.told("firing", "resolved")
        assert (story.logged("firing"), story.logged("resolved")) == (1, 1)
        heard = [(a["status"], a["labels"]["slo"]) for r in ears.requests
                 for a in r.json["alerts"]]
        assert heard == [("firing", "pages"), ("resolved", "pages")]
        assert reported(d)["pages"]["bad"] == 50


def test_what_alerts_did_is_told_after_a_restart_the_newest_thousand(tmp_path):
    """Written into the record by hand: in force, of windows that are not any more, of an objective gone."""
    with Daemon() as d:
        d.slos(documents(promise("pages", free_port()), promise("calls", free_port())))
        d.start()
        assert d.json("/api/v1/slos")["events"] == []
        d.stop()
        newest = int(time.time()) // 60 * 60
        rows = [(newest - 60 * (1300 - i), ("pages", "calls", "gone")[i % 3], "page",
                 900 if i % 2 else 7200, 120, "firing" if i % 4 < 2 else "resolved")
                for i in range(1300)]
        with sqlite3.connect(d.state_dir / "troth.db") as record:
            record.executemany("INSERT INTO events (time, kind, slo, severity, long_s, short_s, state)"
                               " VALUES (?, 'alert', ?, ?, ?, ?, ?)", rows)
        record.close()
        d.start()
        document = d.json("/api/v1/slos")
        expected = [row for row in rows[-1000:] if row[1] != "gone"]
        told = [tuple(e[k] for k in ("time", "slo", "severity", "long_s", "short_s", "state"))
                for e in document["events"]]
        assert told == [(stamp(row[0]), *row[1:])
                        for row in expected]
        assert document["events_left_out"] == len(rows) - len(expected)
        factors = {a["long_s"]: a["factor"] for a in d.slo("pages")["alerts"]}
        assert {(e["long_s"], e["factor"]) for e in document["events"]} == \
            {(900, factors[900]), (7200, None)}, "of windows that are not in force it is not known"
