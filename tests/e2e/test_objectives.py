# SPDX-License-Identifier: Apache-2.0
"""`troth check -f`: objectives of files against real traffic, counted by who served it."""

import contextlib
import json
import os
import re
import time

import pytest

from actors import Actor, always_ok, each, hang, libc, serve
from troth import Check, run
from wire import GET, OK, connect, free_port, request, response

PARTS = {"duration": "100ms", "queue": "40ms", "first_byte": "50ms", "service": "60ms"}


def slo(name, target, good, total=None, bad=None, promise=None, objectives=None, source="troth"):
    """One SLO document; good, bad and total are specs of the kernel's metricSource."""
    def metric(key, spec):
        return f"        {key}: {{metricSource: {{type: {source}, spec: {json.dumps(spec)}}}}}\n"

    annotations = {"troth.dev/owner": "e2e"} | ({"troth.dev/promise": promise} if promise else {})
    total = total if total is not None else {"select": (good or bad)["select"]}
    return (f"apiVersion: openslo/v1\nkind: SLO\n"
            f"metadata: {{name: {name}, annotations: {json.dumps(annotations)}}}\n"
            f"spec:\n  service: e2e\n  budgetingMethod: Occurrences\n"
            f"  timeWindow: [{{duration: 28d, isRolling: true}}]\n"
            f"  indicator:\n    metadata: {{name: {name}-sli}}\n    spec:\n"
            f"      ratioMetric:\n        counter: true\n"
            + (metric("good", good) if good else metric("bad", bad)) + metric("total", total)
            + f"  objectives: {json.dumps(objectives or [{'target': target}])}\n")


@pytest.fixture
def written(tmp_path):
    """Writes documents into a file of their own: its path."""
    count = 0

    def write(*documents, name=None):
        nonlocal count
        count += 1
        path = tmp_path / (name or f"slo-{count}.yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text("---\n".join(documents))
        return path

    return write


def with_files(*paths):
    return [word for path in paths for word in ("-f", path)]


def objective(check, name):
    (found,) = [o for o in check.json["objectives"] if o["name"] == name]
    return found


def judged(check, name, **expected):
    seen = objective(check, name)
    wrong = [f"{k} {seen[k]} (expected {v})" for k, v in expected.items() if seen[k] != v]
    assert not wrong, f"{name}: {', '.join(wrong)}" + check.explained()
    return seen


def select(server, **more):
    return {"select": {"port": server.port, **more}}


def within(server, limit, part="duration", **more):
    return {**select(server, **more), "latency": {"part": part, "max": limit}}


# Limits of time, against the clocks of both sides.

SLOW, UNREAD, PIECES, QUICK = "slow", "unread", "pieces", "quick"
KINDS = [SLOW] * 37 + [UNREAD] * 20 + [PIECES] * 15 + [QUICK] * 128


def serve_by_the_clock(wire, stage):
    """Each request is treated as its number says; when, by this side's clock, goes to the test."""
    marks, now = [], time.monotonic
    head, body = OK[:-5], OK[-5:]
    for kind in KINDS:
        if kind == UNREAD:
            time.sleep(0.08)
        mark = {"before_read": now()}
        assert wire.read()
        mark["read"] = now()
        if kind == SLOW:
            time.sleep(0.12)
        mark["before_first"] = now()
        wire.send(head if kind == PIECES else OK)
        mark["first"] = now()
        if kind == PIECES:
            time.sleep(0.06)
            mark["before_last"] = now()
            wire.send(body)
        mark.setdefault("before_last", mark["before_first"])
        mark["last"] = now()
        marks.append(mark)
    stage.say("marks", marks)


def possible(limit_s, spans):
    """How many are within the limit at least and at most; spans are (shortest, longest)."""
    return (sum(longest <= limit_s for _, longest in spans),
            sum(shortest <= limit_s for shortest, _ in spans))


def test_limits_of_every_part_are_exact(written):
    with serve(serve_by_the_clock) as server:
        path = written(*[slo(part, 0.9, within(server, limit, part), select(server))
                         for part, limit in PARTS.items()])
        asked = []
        with Check(server.port, args=with_files(path)) as check, connect(server) as client:
            for _ in KINDS:
                before = time.monotonic()
                client.send(GET)
                asked.append((before, time.monotonic()))
                client.response()
        marks = server.heard("marks")
    spans = {
        "queue": [(m["before_read"] - a[1], m["read"] - a[0]) for m, a in zip(marks, asked)],
        "service": [(m["before_first"] - m["read"], m["first"] - m["before_read"])
                    for m in marks],
        "first_byte": [(m["before_first"] - a[1], m["first"] - a[0])
                       for m, a in zip(marks, asked)],
        "duration": [(m["before_last"] - a[1], m["last"] - a[0]) for m, a in zip(marks, asked)],
    }
    bad = {"queue": 20, "service": 37, "first_byte": 57, "duration": 37}
    for part, limit in PARTS.items():
        seen = judged(check, part, total=200, exact=True, indicator="latency", part=part,
                      max_s=float(limit[:-2]) / 1000)
        # A service's time may begin with a read that waited: its longest span proves less.
        low, high = possible(seen["max_s"], spans[part])
        low = low if part != "service" else 0
        assert low <= seen["good"] <= high, (part, low, high, seen)
        if high - low <= 3 or part == "service":  # the machine kept its time
            assert abs(seen["good"] - (200 - bad[part])) <= 3, (part, seen)
    assert check.code == 1
    check.server(server.port).counts(ok=200)


def test_an_answer_with_a_pause_has_not_ended_before_twice_the_limit(written):
    def pause(wire, stage):
        wire.request()
        wire.send(OK[:-5], OK[-5:], pause_s=6.5)
        stage.say("sent")

    with serve(pause) as server:
        path = written(slo("slow", 0.9, within(server, "4s")))
        with Check(server.port, args=with_files(path)) as check, connect(server) as client:
            client.ask()
            server.heard("sent")
    check.server(server.port).counts(ok=1)  # and did not stream
    judged(check, "slow", good=0, total=1, met=False)


def test_who_waits_and_who_gave_up_too_late_is_in_the_total(written):
    with serve(hang) as server:
        path = written(slo("slow", 0.9, within(server, "1s")),
                       slo("up", 0.9, select(server)))
        with Check(server.port, args=with_files(path)) as check, contextlib.ExitStack() as stack:
            patient, hasty = (stack.enter_context(connect(server)) for _ in range(2))
            hasty.send(GET)
            server.heard("read")
            hasty.reset()
            server.heard("closed")
            with connect(server) as late:
                late.send(GET)
                server.heard("read")
                time.sleep(1.3)
            patient.send(GET)
            server.heard("read")
            time.sleep(1.3)
            check.stop()
    check.server(server.port).counts(aborted=2, in_flight=1)
    judged(check, "slow", good=0, total=2, exact=True)
    judged(check, "up", good=0, total=0, sli=None, met=None, reason="no exchange counts for it")
    assert check.code == 1


# Which services.

def named(comm, handle):
    def program(listener, stage):
        libc.prctl(15, comm.encode(), 0, 0, 0)  # PR_SET_NAME; its threads inherit it
        stage.say("named")
        each(handle)(listener, stage)

    return Actor(program)


def by_status(wire, stage):
    while line := wire.request():
        wire.send(response(int(line.split()[1][1:])))


def ask_for(server, **counts):
    with connect(server) as client:
        for status, n in counts.items():
            client.ask(*[request("GET", f"/{status[1:]}")] * n)
    server.heard("closed")


def test_services_are_selected_and_added(written):
    comm = f"shop-{os.getpid()}"
    exe = os.path.realpath("/proc/self/exe")
    with named(comm, by_status) as one, named(comm, by_status) as two, \
            named("other", by_status) as other:
        for server in (one, two, other):
            server.heard("named")
        path = written(
            slo("by-port", 0.9, select(one)),
            slo("by-comm", 0.95, {"select": {"comm": comm}}),
            slo("by-exe", 0.5, select(other, exe=exe)),
            slo("by-caller", 0.9, select(two, role="client", peer=f"127.0.0.1:{two.port}")),
            slo("by-protocol", 0.9, select(two, protocol="http")),
            slo("errors", 0.7, None, total=select(one),
                bad={**select(one), "outcomes": ["client_error", "server_error"]}),
            slo("successes", 0.7, {**select(one), "outcomes": ["ok"]},
                {**select(one), "outcomes": ["ok", "client_error"]}))
        with Check(one.port, two.port, other.port, args=with_files(path)) as check:
            ask_for(one, s200=70, s404=20, s503=10)
            ask_for(two, s200=100)
            ask_for(other, s500=4, s200=6)
    name = {server.port: check.server(server.port)["name"] for server in (one, two, other)}
    judged(check, "by-port", good=90, total=100, met=True, services=[name[one.port]])
    added = judged(check, "by-comm", good=190, total=200, met=True, exact=True,
                   indicator="availability")
    assert sorted(added["services"]) == sorted((name[one.port], name[two.port]))
    assert added["budget"] == {"allowed": 10, "spent": 10, "remaining_ratio": 0}
    judged(check, "by-exe", good=6, total=10, met=True, services=[name[other.port]])
    judged(check, "by-caller", good=100, total=100,
           services=[check.client(two.port)["name"]])
    judged(check, "by-protocol", good=100, total=100, services=[name[two.port]])
    judged(check, "errors", good=70, total=100, met=True)
    judged(check, "successes", good=70, total=90, met=True)
    assert check.code == 0

    def own(service):
        return {o["name"]: o for o in service["slos"]}

    at = own(check.server(one.port))
    assert set(at) == {"by-port", "by-comm", "errors", "successes"}
    assert at["by-comm"] == objective(check, "by-comm")  # over the sum, at both
    assert set(own(check.client(two.port))) == {"by-caller"}
    assert check.client(one.port)["slos"] == []  # no default objectives beside those of files


def test_each_objective_of_an_slo_has_its_own_target(written):
    with serve(by_status) as server:
        path = written(slo("web", None, select(server), objectives=[
            {"displayName": "wanted", "target": 0.999}, {"displayName": "least", "target": 0.9}]))
        with Check(server.port, args=with_files(path)) as check:
            ask_for(server, s200=95, s500=5)
    judged(check, "web/wanted", good=95, total=100, target=0.999, met=False)
    judged(check, "web/least", good=95, total=100, target=0.9, met=True)
    assert check.code == 1


def test_targets_are_met_exactly(written):
    with serve(by_status) as server:
        path = written(slo("just", 0.93, select(server)), slo("not", 0.930000000001, select(server)))
        with Check(server.port, args=with_files(path)) as check:
            ask_for(server, s200=93, s500=7)
    judged(check, "just", met=True)
    judged(check, "not", met=False)


# What is said, and the exit code.

def words(text):
    return re.sub(r"\s+", " ", text)


def test_promises_stand_in_the_text(written):
    with serve(by_status) as server:
        path = written(slo("kept", 0.5, select(server), promise="Most pages open"),
                       slo("broken", 0.99, select(server), promise="All pages open"))
        with Check(server.port, args=with_files(path), output="text") as check:
            ask_for(server, s200=9, s500=1)
    said = words(check.stdout)
    assert said.startswith("MISSED: 1 of 2 objectives, at 1 of ")
    assert "kept: Most pages open" in said and "broken: All pages open" in said
    assert "MISSED broken 90 % target 99 % 9 good of 10 1 bad, 0.1 allowed" in said
    assert "of `troth slo`" in said
    assert max(map(len, check.stdout.splitlines())) <= 100
    assert check.code == 1


def test_what_matched_nothing_is_said_with_its_place(written):
    nobody = free_port()
    with named("e2e-bakery", always_ok) as server:
        server.heard("named")
        path = written(slo("here", 0.9, select(server)),
                       slo("gone", 0.9, {"select": {"port": nobody}}),
                       slo("typo", 0.9, {"select": {"comm": "e2e-bakeyr"}}),
                       slo("routed", 0.9, select(server, route="GET /")))
        at = {name: 1 + path.read_text()[:path.read_text().index(f"name: {name},")].count("\n")
              for name in ("gone", "typo")}
        runs = {}
        for output in ("json", "text"):
            runs[output] = Check(server.port, args=with_files(path), output=output)
            with runs[output], connect(server) as client:
                client.ask()
    check = runs["json"]
    gone = judged(check, "gone", services=[], sli=None, met=None, good=0, total=0,
                  reason=f"no service with port {nobody} was seen", file=str(path))
    assert at["gone"] <= gone["line"] < at["typo"]
    assert objective(check, "typo")["reason"].endswith("; did you mean e2e-bakery?")
    judged(check, "routed", services=[], reason="route is not measured yet")
    judged(check, "here", good=1, total=1, met=True)
    line = f"matched nothing: gone ({path}:{gone['line']}): no service with port {nobody} was seen"
    assert line in check.stderr
    assert line in words(runs["text"].stdout)
    assert {run.code for run in runs.values()} == {0}


def test_maintenance_that_is_planned_for_now_is_said(written):
    work = ("apiVersion: troth.dev/v1\nkind: Exclusion\nmetadata: {name: work}\n"
            "spec: {slos: [served], start: '2020-01-01T00:00:00Z', end: '2099-01-01T00:00:00Z', "
            "reason: disks are changed, author: eva}\n")
    runs = {}
    with serve(always_ok) as server:
        path = written(slo("served", 0.9, select(server)), slo("other", 0.9, select(server)), work)
        for output in ("json", "text"):
            runs[output] = Check(server.port, args=with_files(path), output=output)
            with runs[output], connect(server) as client:
                client.ask()
    said = "until 2099-01-01T00:00:00Z: disks are changed (eva)"
    judged(runs["json"], "served", good=1, total=1, met=True, maintenance=said)
    judged(runs["json"], "other", maintenance=None)
    assert words(runs["text"].stdout).count("planned maintenance " + said) == 1


def test_nothing_to_judge_is_4(written):
    path = written(slo("gone", 0.9, {"select": {"port": free_port()}}))
    args = [] if (backend := os.environ.get("TROTH_BACKEND", "auto")) == "auto" \
        else ["--backend", backend]
    done = run("check", "-d", "100ms", *args, "-f", path)
    assert done.returncode == 4
    assert "matched nothing: gone" in done.stdout
    assert "nothing to judge" in done.stderr


def test_other_sources_are_listed_and_not_judged(written):
    with serve(always_ok) as server:
        path = written(slo("elsewhere", 0.9, select(server), source="prometheus"),
                       slo("caller", 0.9, within(server, "50ms", "queue", role="client"),
                           select(server, role="client")))
        with Check(server.port, args=with_files(path)) as check, connect(server) as client:
            client.ask()
    assert "prometheus" in judged(check, "elsewhere", sli=None, services=[])["reason"]
    assert "a client has no queue time" in judged(check, "caller", sli=None)["reason"]
    assert check.code == 4


@pytest.mark.any_backend
def test_a_fifth_limit_is_refused_before_anything_is_attached(written):
    spec = {"select": {"port": 80}}
    limits = [{**spec, "latency": {"max": f"{n}00ms"}} for n in range(1, 6)]
    path = written(*[slo(f"limit-{n}", 0.9, limit, spec) for n, limit in enumerate(limits)])
    done = run("check", "-d", "100ms", "-f", path)
    assert done.returncode == 2 and "ready" not in done.stderr and not done.stdout
    (line,) = [l for l in done.stderr.splitlines() if ": error: " in l]
    place = re.match(rf"{re.escape(str(path))}:(\d+):\d+: error: ", line)
    text = path.read_text().splitlines()
    assert int(place[1]) > text.index(next(l for l in text if "name: limit-4," in l))
    assert re.search(r"\b500 ?ms\b", line)
    four = written(*[slo(f"limit-{n}", 0.9, limit, spec) for n, limit in enumerate(limits[:4])],
                   slo("up", 0.9, spec))
    done = run("check", "-d", "100ms", "-f", four)
    assert done.returncode == 2 and "availability" in done.stderr


@pytest.mark.any_backend
def test_what_is_wrong_with_a_file_is_said_and_is_2(written, tmp_path):
    missing = tmp_path / "missing.yaml"
    done = run("check", "-d", "100ms", "-f", missing)
    assert done.returncode == 2 and "ready" not in done.stderr
    assert done.stderr.startswith(f"{missing}:1:1: error: ")

    wrong = written(slo("a", 0.9, {"select": {"port": 80}}).replace("target", "tarhet"),
                    slo("b", 0.9, {"select": {"port": 80}}).replace("openslo/v1", "openslo/v9"))
    done = run("check", "-d", "100ms", "-f", wrong)
    assert done.returncode == 2
    errors = [l for l in done.stderr.splitlines() if ": error: " in l]
    assert len(errors) >= 2
    assert all(re.match(rf"{re.escape(str(wrong))}:\d+:\d+: ", l) for l in errors)

    empty = written("")
    done = run("check", "-d", "100ms", "-f", empty)
    assert done.returncode == 2 and f"{empty}:1:1: error: " in done.stderr

    done = run("check", "-d", "100ms", "--demo", "-f", wrong)
    assert done.returncode == 2


def test_files_and_directories_may_be_repeated_and_warnings_do_not_stop(written, tmp_path):
    with serve(always_ok) as server:
        first = written(slo("alone", 0.9, select(server)) + "surplus: 1\n")
        written(slo("in-dir-a", 0.9, select(server)), name="slo.d/a.yaml")
        written(slo("in-dir-b", 0.9, select(server)), name="slo.d/b.yml")
        written("no: objective", name="slo.d/notes.txt")
        args = ["--file", first, f"--file={tmp_path / 'slo.d'}"]
        with Check(server.port, args=args) as check, connect(server) as client:
            client.ask()
    assert [o["name"] for o in check.json["objectives"]] == ["alone", "in-dir-a", "in-dir-b"]
    assert re.search(r"^troth check: \d+ warnings?: 'troth slo lint' says which$", check.stderr, re.M)
    assert "surplus" not in check.stderr
    assert check.code == 0
