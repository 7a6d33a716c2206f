# SPDX-License-Identifier: Apache-2.0
"""Objectives of slo.d while the daemon runs: exact counts, alerts, reloads, revisions."""

import contextlib
import functools
import sqlite3
import time

import pytest

from actors import answers, at_once, hang, serve
from daemon import Daemon, running, until
from load import Load
from promises import documents, moment, promise, within
from troth import PATIENCE_S
from wire import GET, OK, connect, free_port, request, response, talk

pytestmark = pytest.mark.any_backend


def by_path(wire, stage):
    """GET /, /STATUS, or /STATUS/MILLISECONDS before the answer."""
    while (line := wire.request()) is not None:
        status, _, wait_ms = line.split()[1].strip("/").partition("/")
        if wait_ms:
            time.sleep(int(wait_ms) / 1000)
        wire.send(response(int(status or 200)))


def ask(port, *wants):
    """In turn; those that take their time at once, beside the others."""
    def one_by_one(wants):
        with connect(port) as client:
            client.ask(*[request("GET", f"/{w}") for w in wants])

    quick = [w for w in wants if "/" not in w]
    slow = [[w] for w in wants if "/" in w]
    at_once(*[functools.partial(one_by_one, group) for group in [quick, *slow] if group])


def come_to(d, name, timeout_s=PATIENCE_S, **expected):
    """The objective's figures come to these."""
    def seen():
        slo = d.slo(name)
        return {k: slo[k] for k in expected}

    end = time.monotonic() + timeout_s
    while seen() != expected:
        assert time.monotonic() < end, (f"{name}: {seen()}, expected {expected}\n"
                                        + d.troth("status").stdout + d.explained())
        time.sleep(0.1)


def reported(d, *args):
    """{name: promise} of a report."""
    return {p["name"] + ("/" + p["objective"] if p["objective"] else ""): p
            for p in d.report(*args)["promises"]}


# Whatever answers at once is within it, on a busy machine as well; what takes its time is not.
LIMIT = "700ms"


def promises_of(port):
    return documents(
        promise("available", port, 0.5),
        promise("fast", port, 0.9, within(LIMIT), {}),
        promise("unqueued", port, 0.9, within(LIMIT, "queue"), {}),
        promise("strict", port, 0.5, {"outcomes": ["ok"]},
                {"outcomes": ["ok", "client_error", "server_error"]}))


TRAFFIC = ["200"] * 40 + ["404"] * 7 + ["503"] * 5 + ["200/1500"] * 3 + ["503/1500"] * 2
EXACT = {"available": dict(good=50, total=57), "fast": dict(good=47, total=57),
         "unqueued": dict(good=50, total=57), "strict": dict(good=43, total=57)}


def late_reader(wire, stage):
    """Every fourth request lies in its queue for a while; all are answered at once when read."""
    for turn in range(12):
        if turn % 4 == 0:
            time.sleep(1.2)
        assert wire.request() is not None
        wire.send(OK)
    wire.rest()


def test_objectives_are_counted_exactly():
    """… on duration and on a part, as the API, the report and metrics tell them."""
    with serve(by_path) as server, serve(late_reader) as late, running(
            slos=promises_of(server.port)) as d:
        d.slos(documents(promise("late", late.port, 0.9, within(LIMIT, "queue"), {}),
                         promise("served", late.port, 0.9, within(LIMIT, "service"), {})),
               "late.yaml")
        d.reload()
        ask(server.port, *TRAFFIC)
        talk(late.port, 12)
        exact = EXACT | {"late": dict(good=9, total=12), "served": dict(good=12, total=12)}
        for name, expected in exact.items():
            come_to(d, name, **expected)
            slo = d.slo(name)
            assert slo["bad"] == slo["total"] - slo["good"] == slo["budget"]["spent"]
        metrics, promises = d.metrics(), reported(d)
        for name, expected in exact.items():
            labels = '{slo="%s",objective="",service="shop"}' % name
            assert metrics["troth_slo_good_total" + labels] == expected["good"]
            assert metrics["troth_slo_valid_total" + labels] == expected["total"]
            assert {k: promises[name][k] for k in expected} == expected
            assert promises[name]["inexact"] == 0


def hang_then_answer(wire, stage):
    """Answers nothing before the test says so."""
    while wire.request() is not None:
        stage.say("asked")
        stage.wait("answer")
        wire.send(OK)


def test_callers_who_wait_are_bad_once_and_stay_one_over_a_kill_and_their_answer():
    with serve(hang_then_answer) as server, running(slos=documents(
            promise("fast", server.port, 0.9, within("500ms"), {}),
            promise("available", server.port, 0.9))) as d:
        waiting = [connect(server.port) for _ in range(3)]
        for client in waiting:
            client.send(GET)
        come_to(d, "fast", good=0, total=3)
        assert d.slo("available")["total"] == 0, "they may yet be answered"
        time.sleep(1.2)
        come_to(d, "fast", good=0, total=3)
        d.kill()
        d.start()
        come_to(d, "fast", good=0, total=3)
        time.sleep(1.2)
        come_to(d, "fast", good=0, total=3)
        server.cue("answer")
        for client in waiting:
            assert client.response() == 200
            client.close()
        d.counts(server.port, ok=3)
        come_to(d, "fast", good=0, total=3)
        come_to(d, "available", good=3, total=3)
        d.kill()
        d.start()
        come_to(d, "fast", good=0, total=3)
        come_to(d, "available", good=3, total=3)


def test_callers_who_are_answered_while_nobody_looks_are_one_each():
    with serve(hang_then_answer) as server, running(slos=documents(
            promise("fast", server.port, 0.9, within("500ms"), {}))) as d:
        waiting = [connect(server.port) for _ in range(3)]
        for client in waiting:
            client.send(GET)
        come_to(d, "fast", good=0, total=3)
        d.kill()
        server.cue("answer")
        for client in waiting:
            assert client.response() == 200
            client.close()
        d.start()
        d.counts(server.port, ok=3)
        come_to(d, "fast", good=0, total=3)


def test_a_caller_of_a_hung_service_is_bad_for_availability_after_ten_seconds():
    def answer_one(wire, stage):
        wire.request()
        wire.send(OK)
        hang(wire, stage)

    with serve(answer_one) as server, running(slos=documents(promise("available", server.port))) \
            as d, connect(server.port) as client:
        client.ask()
        client.send(GET)
        time.sleep(3)
        come_to(d, "available", good=1, total=1)
        come_to(d, "available", good=1, total=2)
        client.reset()
        d.counts(server.port, ok=1, aborted=1)
        come_to(d, "available", good=1, total=2)


# --- reload --------------------------------------------------------------------------------------


def test_a_new_objective_is_applied_and_one_that_is_removed_stays_in_reports():
    with serve(by_path) as server, running(slos=documents(promise("old", server.port))) as d:
        ask(server.port, *TRAFFIC)
        come_to(d, "old", good=50, total=57)
        d.slos(documents(promise("new", server.port, 0.9, within(LIMIT), {})))
        d.reload()
        assert [s["name"] for s in d.json("/api/v1/slos")["slos"]] == ["new"]
        assert d.slo("new")["total"] == 0, "it begins when it is promised"
        ask(server.port, *TRAFFIC)
        come_to(d, "new", good=47, total=57)
        promises = reported(d)
        assert promises["new"]["total"] == 57
        assert (promises["old"]["good"], promises["old"]["total"]) == (50, 57)
        assert promises["old"]["removed"] and promises["new"]["removed"] is None
        assert "promised no more since" in d.troth("report").stdout
        d.slos(documents(promise("old", server.port), promise("new", server.port, 0.9,
                                                              within(LIMIT), {})))
        d.reload()
        come_to(d, "old", good=50, total=57)
        come_to(d, "new", good=47, total=57)


def test_a_changed_limit_counts_exactly_from_then_on_under_load():
    """Good and bad add up to the client's count whenever the limit is changed."""
    def one(limit):
        return documents(promise("fast", server.port, 0.5, within(limit), {}),
                         promise("available", server.port, 0.5))

    with serve(answers(OK)) as server, Daemon() as d:
        d.slos(one("10s"))
        d.start()
        with Load(server.address, 2, pause_s=0.002) as load:
            for limit in ("5s", "8s", "0.0001ms", "6s", "4s", "0.0001ms", "7s"):
                d.slos(one(limit))
                d.reload()
                time.sleep(1.3)
            asked = load.stop()
        d.counts(server.port, ok=asked)
        come_to(d, "fast", total=asked)
        come_to(d, "available", good=asked, total=asked)
        slo = d.slo("fast")
        assert 0 < slo["bad"] < asked, "two of the limits were out of reach"
        before = slo["good"]
        talk(server.port, 20)  # within 7 s
        come_to(d, "fast", good=before + 20, total=asked + 20)
        d.slos(one("0.0001ms"))
        d.reload()
        talk(server.port, 20)
        come_to(d, "fast", good=before + 20, total=asked + 40)
        d.kill()
        d.start()
        come_to(d, "fast", good=before + 20, total=asked + 40)


WRONG = [
    ("objectives.yaml", "kind: SLO\napiVersion: openslo/v1\nmetadata: {name: x}\n",
     "objectives.yaml:"),
    ("objectives.yaml", "{", "objectives.yaml:"),
    ("troth.yaml", "slo-dirr: /nowhere\n", "troth.yaml:1:1"),
    ("troth.yaml", "notify: [{name: a, kind: webhook}]\n", "troth.yaml:1:"),
]


def test_what_is_wrong_at_a_reload_changes_nothing_and_is_told_everywhere():
    with serve(by_path) as server, running(slos=documents(promise("old", server.port)),
                                           conf="log-level: info\n") as d:
        right = {name: path.read_text() for name, path in files(d).items()}
        limits = documents(*[promise(f"fast-{i}", server.port, 0.9, within(f"{i}s"), {})
                             for i in range(1, 6)])
        for name, text, place in [*WRONG, ("objectives.yaml", limits, "objectives.yaml:")]:
            files(d)[name].write_text(text)
            d.reload()
            error = d.json("/api/v1/status")["reload"]["error"]
            assert error and place in error, (name, text, error)
            assert error in d.log(), d.explained()
            assert d.get("/readyz")[0] == 200
            assert d.metrics()['troth_trouble{what="objectives"}'] == 1
            files(d)[name].write_text(right[name])
        ask(server.port, *TRAFFIC)
        come_to(d, "old", good=50, total=57)
        d.reload()
        assert d.json("/api/v1/status")["reload"]["error"] is None
        assert d.metrics()['troth_trouble{what="objectives"}'] == 0
        come_to(d, "old", good=50, total=57)


def files(d):
    return {"objectives.yaml": d.slo_dir / "objectives.yaml", "troth.yaml": d.dir / "troth.yaml"}


def test_what_needs_a_restart_is_named():
    with running(conf="log-level: info\n") as d:
        d.conf("max-series: 100\nstore: {minutes-days: 10}\nlog-level: warning\n")
        d.reload()
        until(lambda: "minutes-days" in d.log(), what="a word")
        for option in ("max-series", "minutes-days"):
            assert [line for line in d.log().splitlines() if option in line and "start" in line]
        assert "log-level" not in d.log()


@pytest.mark.limit_s(200)
def test_reloads_do_not_lose_measured_time():
    """… of a service that rests, neither do kills."""
    began = time.time()
    with running(slos=documents(promise("resting", free_port()))) as d:
        ready = time.time()

        def all_of_it():
            def is_measured():
                times = d.slo("resting")["time_s"]
                measured = times["good"] + times["bad"] + times["idle"]  # somebody may have called
                return time.time() - ready - 3 < measured < time.time() - began + 3

            until(is_measured, 10, "all of the time")

        for _ in range(3):
            time.sleep(3)
            d.reload()
            d.kill()
            d.start()
            all_of_it()
        while time.time() - ready < 70:
            time.sleep(2)
            all_of_it()


@pytest.mark.limit_s(120)
def test_a_revision_comes_into_force_by_itself():
    with serve(by_path) as server, Daemon() as d:
        d.slos(documents(promise("pages", server.port, 0.5),
                         promise("pages", server.port, 0.99, since=moment(20))))
        d.start()
        ask(server.port, *TRAFFIC)
        come_to(d, "pages", good=50, total=57, target=0.5, met=True)
        d.slos("not read before a reload: [")
        come_to(d, "pages", timeout_s=85, target=0.99, met=False, good=50, total=57)
        assert d.json("/api/v1/status")["reload"]["error"] is None


@contextlib.contextmanager
def refused(d, table="documents"):
    """The record takes everything but rows of that table: of documents, other objectives."""
    def run(sql):
        with contextlib.closing(sqlite3.connect(d.state_dir / "troth.db", timeout=5)) as db, db:
            db.execute("PRAGMA synchronous = OFF")  # the daemon waits for it no longer than a moment
            db.execute(sql)

    run(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")
    yield
    run("DROP TRIGGER refuse")


def limited(port, *limits):
    return documents(*[promise(f"limit-{i}", port, 0.9, within(limit), {})
                       for i, limit in enumerate(limits)])


@pytest.mark.limit_s(60)
def test_a_reload_that_fails_leaves_the_limits_as_they_were():
    """All four of the kernel's limits would have been replaced, by some that nothing is within."""
    with serve(by_path) as server, \
            running(slos=limited(server.port, "10s", "20s", "30s", "40s")) as d:
        ask(server.port, *["200/20"] * 5)
        for i in range(4):
            come_to(d, f"limit-{i}", good=5, total=5)
        d.slos(limited(server.port, "4ms", "3ms", "2ms", "1ms"))
        with refused(d):
            until(lambda: d.get("/readyz")[0] == 200, what="its own writing")
            d.reload()
        assert "what the record has of objectives cannot be read" in d.log()
        ask(server.port, *["200/20"] * 7)
        for i in range(4):
            come_to(d, f"limit-{i}", good=12, total=12)


@pytest.mark.limit_s(60)
def test_a_start_that_fails_leaves_nothing_where_it_found_nothing():
    with serve(answers(OK)) as server, running(slos=limited(server.port, "10s")) as d:
        d.stop()
        d.slos(limited(server.port, "20s"))
        with refused(d):
            d.begin()
            assert d.process.wait(20) == 3
        assert not d.pin_dir.exists(), d.explained()
        assert "could not be recorded" not in d.log()
        with refused(d, "kernel"):
            d.begin()
            assert d.process.wait(20) == 3
        assert "the record cannot be read or written: " in d.log(), d.explained()
        assert not d.pin_dir.exists(), d.explained()


@pytest.mark.limit_s(120)
@pytest.mark.parametrize("how", ["reload", "restart", "kill"])
def test_limits_that_change_under_load_make_nothing_late(how):
    """All is answered at once, whatever is counted while the kernel's limits are exchanged."""
    limits = [["10s", "20s"], ["9s", "20s"], ["9s", "19s", "30s", "40s"], ["21s", "22s", "23s", "24s"]]

    def change(d):
        if how == "reload":
            d.reload()
            return
        d.stop() if how == "restart" else d.kill()
        time.sleep(0.3)
        d.start()

    with serve(answers(OK)) as server, running("--on-stop", "linger") as d, \
            Load(server.address, 8) as load:
        for wanted in limits * 2:
            d.slos(limited(server.port, *wanted))
            change(d)
            time.sleep(0.4)
        asked = load.stop()
        d.counts(server.port, ok=asked)
        name = d.service(server.port)["name"]
        for slo in d.json("/api/v1/slos")["slos"]:
            assert slo["good"] == slo["total"] > 0, f"{slo['name']}: {slo['good']} of {slo['total']}"
        within = {k: v for k, v in d.metrics().items() if f'duration_seconds_bucket{{service="{name}"' in k}
        assert set(within.values()) == {asked}, within
