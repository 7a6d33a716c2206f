# SPDX-License-Identifier: Apache-2.0
"""The document and the table: every field that CONTRACT.md names, and sums that add up."""

import contextlib
import datetime
import os
import re

import pytest

from actors import Actor, always_ok, answers, at_once, each, libc, serve
from troth import OUTCOMES, Check
from wire import GET, connect, request, response

NUMBER, COUNT, TEXT, BOOL = (int, float), int, str, bool
MAYBE = type(None)


def maybe(kind):
    return (*kind, MAYBE) if isinstance(kind, tuple) else (kind, MAYBE)


EXCHANGES = dict.fromkeys(("total", *OUTCOMES, "in_flight", "streamed", "coalesced"), COUNT)

SERVICE = {
    "name": TEXT, "role": TEXT, "protocol": TEXT,
    "identity": {"port": COUNT, "pid": maybe(COUNT), "comm": maybe(TEXT), "exe": maybe(TEXT),
                 "unit": maybe(TEXT), "container": maybe(TEXT), "pod": maybe(TEXT),
                 "cgroup": maybe(TEXT), "netns": COUNT},
    "exchanges": EXCHANGES,
    "latency_s": dict.fromkeys(("mean", "p50", "p90", "p99", "p999", "max"), NUMBER),
    "connections": {"opened": COUNT, "closed": COUNT, "refused": maybe(COUNT),
                    "reset_by_peer": COUNT, "reset_by_us": COUNT, "retransmits": COUNT,
                    "accept_overflows": maybe(COUNT), "connect_timeouts": maybe(COUNT),
                    "srtt_s": {"mean": maybe(NUMBER)}},
    "bytes": {"in": COUNT, "out": COUNT},
}
SERVER = {
    **SERVICE, "peer": MAYBE,
    "parts_s": {"first_byte": {"mean": NUMBER},
                "queue": {"mean": NUMBER, "p50": NUMBER, "p99": NUMBER},
                "receive": {"mean": NUMBER}, "service": {"mean": NUMBER},
                "send": {"mean": NUMBER}},
    "connections": {**SERVICE["connections"], "refused": MAYBE, "connect_timeouts": MAYBE,
                    "connect_s": MAYBE, "accept_overflows": COUNT},
}
CLIENT = {
    **SERVICE, "peer": {"address": TEXT, "port": COUNT, "name": maybe(TEXT)},
    "parts_s": {"first_byte": {"mean": NUMBER}, "queue": MAYBE, "receive": MAYBE,
                "service": MAYBE, "send": MAYBE},
    "connections": {**SERVICE["connections"], "accept_overflows": MAYBE, "refused": COUNT,
                    "connect_timeouts": COUNT, "connect_s": {"mean": NUMBER, "p99": NUMBER}},
}
SLO = {"name": TEXT, "indicator": TEXT, "target": NUMBER, "good": COUNT, "total": COUNT,
       "sli": maybe(NUMBER), "exact": BOOL, "met": maybe(BOOL),
       "budget": {"allowed": NUMBER, "spent": NUMBER, "remaining_ratio": NUMBER}}
DOCUMENT = {
    "schema": TEXT, "started": TEXT, "duration_s": NUMBER,
    "host": {"name": TEXT, "kernel": TEXT, "backend": TEXT},
    "measurement": {"coverage": NUMBER, "exchanges": COUNT, "lost": COUNT, "unattributed": COUNT,
                    "unreadable_payloads": COUNT, "missed_probe_runs": COUNT,
                    "kernel_ns_per_exchange": maybe(NUMBER)},
}


def problems(shape, value, where="$"):
    """What in the value is not as the shape says. More fields than it names are fine."""
    if not isinstance(shape, dict):
        ok = isinstance(value, shape) and (shape is BOOL or not isinstance(value, bool)
                                           or BOOL in (shape if isinstance(shape, tuple) else ()))
        return [] if ok else [f"{where} is {value!r}"]
    if not isinstance(value, dict):
        return [f"{where} is {value!r}"]
    return [p for key, inner in shape.items()
            for p in (problems(inner, value[key], f"{where}.{key}") if key in value
                      else [f"{where}.{key} is missing"])]


@pytest.fixture(scope="module")
def check():
    """Some traffic of every kind."""
    def handle(wire, stage):
        while line := wire.request():
            wire.send(response(int(line.split()[1][1:])))

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(*[request("GET", f"/{s}") for s in [200] * 96 + [404] * 2 + [500] * 2])
        server.heard("closed")
    return check


def test_the_document_has_every_field(check):
    assert not problems(DOCUMENT, check.json)
    assert check.json["schema"] == "troth.check/1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", check.json["started"])
    started = datetime.datetime.fromisoformat(check.json["started"].replace("Z", "+00:00"))
    age = datetime.datetime.now(datetime.timezone.utc) - started
    assert 0 < age.total_seconds() < 300
    assert check.json["host"]["name"] == os.uname().nodename
    assert check.json["host"]["kernel"] == os.uname().release


def test_services_have_every_field(check):
    for service in check.json["services"]:
        shape = SERVER if service["role"] == "server" else CLIENT
        assert not problems(shape, service)
        assert isinstance(service["routes"], list)
        assert {slo["indicator"] for slo in service["slos"]} == {"availability", "latency"}
        for slo in service["slos"]:
            assert not problems(SLO, slo)


def test_sums_add_up(check):
    for service in check.json["services"]:
        exchanges = service["exchanges"]
        assert exchanges["total"] == sum(exchanges[o] for o in OUTCOMES) == 100
        latency = service["latency_s"]
        assert latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p999"]
        assert latency["mean"] <= latency["max"]
    assert check.json["measurement"]["exchanges"] == 200, check.explained()


def test_default_objectives_do_their_arithmetic(check):
    for service in check.services("server") + check.services("client"):
        availability = service.slo("availability", target=0.999, good=98, total=100, sli=0.98,
                                   exact=True, met=False) and service["slos"][0]
        assert availability["budget"]["allowed"] == pytest.approx(0.1)
        assert availability["budget"]["spent"] == 2
        assert availability["budget"]["remaining_ratio"] == pytest.approx(-19)
        # In the latency indicator a server error is not good, however quick.
        service.slo("latency", target=0.99, good=98, total=100, exact=True, met=False)


def test_the_table_is_readable():
    with serve(answers(response(500))) as bad, serve(always_ok) as good, \
            Check(bad.port, good.port, output="text") as check:
        for server in (bad, good):
            with connect(server) as client:
                client.ask(*[GET] * 5)
    assert check.code == 1
    lines = check.stdout.splitlines()
    assert max(map(len, lines)) <= 100, check.stdout
    assert "\x1b" not in check.stdout
    at = {port: next(i for i, line in enumerate(lines) if str(port) in line)
          for port in (bad.port, good.port)}
    assert at[bad.port] < at[good.port], "the worst service comes first:\n" + check.stdout


@pytest.mark.parametrize("name", [b'quo"te\\', b"\xff\xfe\x1b[31m", b"new\nline", b"<script>"])
def test_whatever_a_program_calls_itself_the_output_is_sound(name):
    def program(listener, stage):
        libc.prctl(15, name, 0, 0, 0)  # PR_SET_NAME
        each(always_ok)(listener, stage)

    with Actor(program) as server, connect(server) as client:
        with Check(server.port) as check, Check(server.port, output="text") as table:
            client.ask(GET)
    check.server(server.port).counts(ok=1)
    assert check.server(server.port)["identity"]["comm"]
    assert not re.search(r"[^\n -~\u00a0-\uffff]", table.stdout), repr(table.stdout)


def test_services_beyond_the_limit_are_counted_all_the_same():
    """Eight services and room for three: the rest is one number, and nothing is lost."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serve(always_ok)) for _ in range(8)]
        with Check(*(s.port for s in servers),
                   args=["--max-series", "3", "--role", "server"]) as check:
            for requests, server in enumerate(servers, start=1):
                with connect(server) as client:
                    client.ask(*[GET] * requests)
    asked = {s.port: n for n, s in enumerate(servers, start=1)}
    listed = [s for s in check.services("server") if s["identity"]["port"] in asked]
    measurement = check.json["measurement"]
    for service in listed:
        service.counts(ok=asked[service["identity"]["port"]])
    assert 1 <= len(listed) <= 3, check.explained()
    named = sum(s["exchanges"]["total"] for s in listed)
    assert measurement["unattributed"] == 36 - named > 0, check.explained()
    assert measurement["lost"] == 0, check.explained()


def test_clients_and_servers_have_shares_of_their_own():
    """Many peers called from here do not push out what is served here."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serve(always_ok)) for _ in range(6)]
        with Check(*(s.port for s in servers), args=["--max-series", "4"]) as check:
            for server in servers:
                with connect(server) as client:
                    client.ask(GET, GET)
    seen = [s for role in ("server", "client") for s in check.services(role)
            if s["exchanges"]["total"]]
    named = sum(s["exchanges"]["total"] for s in seen)
    assert {s["role"] for s in seen} == {"server", "client"}, check.explained()
    assert named + check.json["measurement"]["unattributed"] == 24, check.explained()


def test_a_thousand_services_are_told_apart():
    """… on one address each: 127.0.x.y, called from here, three times."""
    with serve(always_ok, host="0.0.0.0", backlog=1000) as server, Check(server.port) as check:
        def ask(third):
            def run():
                for i in range(third, 1000, 4):
                    with connect((f"127.0.{i // 250 + 1}.{i % 250 + 1}", server.port)) as client:
                        client.ask(GET, GET, GET)
            return run

        at_once(*[ask(n) for n in range(4)])
    check.server(server.port).counts(ok=3000)
    clients = check.services("client", server.port)
    assert len(clients) + (check.json["measurement"]["unattributed"] > 0) >= 1
    named = sum(s["exchanges"]["ok"] for s in clients)
    assert named + check.json["measurement"]["unattributed"] == 3000, check.explained()[:3000]
