# SPDX-License-Identifier: Apache-2.0
"""Receivers over a reload: what waits for one is tried at once, and what it was told stays counted."""

import json
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from daemon import Daemon, until
from wire import free_port

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "cli"))
from notifying import Hooks  # noqa: E402

pytestmark = pytest.mark.any_backend


def receivers(url, *more):
    return json.dumps({"notify": [{"name": name, "kind": "webhook", "url": url}
                                  for name in (*more, "hook")]})


def waits(d, after_s):
    """A message of an earlier life, that is to be tried again only then."""
    now = int(time.time())
    body = {"schema": "troth.notification/1", "id": "a", "state": "firing", "slo": "checkout",
            "severity": "page"}
    with sqlite3.connect(d.state_dir / "troth.db") as record:
        record.execute("INSERT INTO messages (receiver, body, created, next_try, tries)"
                       " VALUES ('hook', ?, ?, ?, 7)", (json.dumps(body), now, now + after_s))
    record.close()


def hook(d):
    told = d.json("/api/v1/status")["notifications"]
    return next(r for r in told if r["name"] == "hook")


def test_what_waits_is_tried_at_once_after_a_reload_and_counts_go_on():
    with Hooks() as hooks, Daemon(conf=receivers(f"http://127.0.0.1:{free_port()}/")) as d:
        d.start()
        d.stop()
        waits(d, 280)
        d.start()
        assert hook(d)["waiting"] == 1
        d.reload()
        until(lambda: hook(d)["failed"] == 1, what="a try that fails")
        d.conf(receivers(hooks.url))
        d.reload()
        until(lambda: hooks.requests, what="the message at its new address")
        assert hooks.requests[0].json["id"] == "a"
        expected = {"sent": 1, "failed": 1, "waiting": 0}
        until(lambda: hook(d)["sent"] == 1, what="the count")
        assert {k: hook(d)[k] for k in expected} == expected
        d.conf(receivers(hooks.url, "before"))
        d.reload()
        assert {k: hook(d)[k] for k in expected} == expected
        assert d.metrics()['troth_notifications_total{receiver="hook",kind="webhook",'
                           'result="sent"}'] == 1
        assert len(hooks.requests) == 1
