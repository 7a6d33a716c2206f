# SPDX-License-Identifier: Apache-2.0
"""What /metrics says, read back by promtool and by readers of our own; names as CONTRACT has them."""

import re
import subprocess
from pathlib import Path

import pytest

import exposition
import web

TRICKY = 'a"b\\c\nd\u00e9\u202e'
SERVER = {"service": "svc-0:8000", "role": "server"}
FORMATS = {"text": web.TEXT, "openmetrics": web.OPENMETRICS, "protobuf": web.PROTOBUF}
# tests/web/made_up.h
COUNTS = {"ok": 960, "client_error": 25, "server_error": 10, "no_response": 5, "aborted": 7,
          "unknown": 0}
TIMED = 1000


@pytest.fixture(name="server", scope="module")
def one_server():
    with web.driver("--tricky", TRICKY) as d:
        yield d


def read(server, kind):
    status, headers, body = server.get("/metrics", {"Accept": FORMATS[kind]})
    assert status == 200
    assert headers["Content-Type"].replace(" ", "").startswith(FORMATS[kind])
    return getattr(exposition, kind)(body)


@pytest.fixture(name="families", params=list(FORMATS))
def in_each_format(server, request):
    return read(server, request.param)


def promtool(body):
    return subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True,
                          timeout=60, check=False)


def test_promtool_has_nothing_to_say(server):
    body = server.get("/metrics")[2]
    done = promtool(body)
    assert done.returncode == 0 and not done.stderr and not done.stdout, done
    without_help = b"\n".join(line for line in body.split(b"\n")
                              if not line.startswith(b"# HELP troth_exchanges_total "))
    assert promtool(without_help).returncode != 0


@pytest.mark.parametrize("wanted", [
    "troth_exchanges_total{service,role,protocol,route,outcome}",
    "troth_exchange_duration_seconds_count{service,role}",
    "troth_exchange_duration_seconds_sum{service,role}",
    "troth_exchange_duration_seconds_bucket{service,role,le}",
    "troth_exchange_part_seconds_sum{service,role,part}",
    "troth_exchange_part_seconds_count{service,role,part}",
    "troth_slo_good_total{slo,objective,service}", "troth_slo_valid_total{slo,objective,service}",
    "troth_slo_objective_ratio{slo,objective,service}",
    "troth_slo_budget_remaining_ratio{slo,objective,service}",
    "troth_slo_burn_rate{slo,objective,service,window}", "troth_measurement_lost_total{reason}",
    "troth_measurement_coverage_ratio{}", "troth_build_info{version,backend,kernel}"])
def test_the_names_and_labels_of_the_contract_are_there(families, wanted):
    name, labels = re.fullmatch(r"(\w+)\{(.*)\}", wanted).groups()
    found = exposition.values(families, name)
    assert found, name
    for have in found:
        assert {k for k, _ in have} == set(filter(None, labels.split(","))), have


def test_counts_are_those_that_were_counted(families):
    for outcome, n in COUNTS.items():
        assert exposition.value(families, "troth_exchanges_total", outcome=outcome,
                                **SERVER) == n
    assert exposition.value(families, "troth_exchange_duration_seconds_count", **SERVER) == TIMED
    # 1 + 0.5 + 0.25 + 0.125 s, and 2 s of exchanges whose parts are not known
    assert exposition.value(families, "troth_exchange_duration_seconds_sum", **SERVER) == 3.875


def test_buckets_stand_at_the_limits_of_the_objectives(families):
    found = exposition.values(families, "troth_exchange_duration_seconds_bucket", **SERVER)
    buckets = {exposition.number_of(dict(labels)["le"]): v for labels, v in found.items()}
    # 3 of the slow ones were before the limit of 500 ms was set, and are in the bucket all the same.
    assert buckets == {0.1: 925, 0.5: 985, 30.0: 995, float("inf"): TIMED}


def test_parts_are_of_the_exchanges_whose_parts_are_known(families):
    sums = {"first_byte": 1.75, "queue": 1, "receive": 0.5, "service": 0.25, "send": 0.125}
    for part, seconds in sums.items():
        assert exposition.value(families, "troth_exchange_part_seconds_sum", part=part,
                                **SERVER) == seconds
        assert exposition.value(families, "troth_exchange_part_seconds_count", part=part,
                                **SERVER) == TIMED - 4


def test_refused_connections_are_a_clients(families):
    """Of the third service, which called; servers do not know them, and have no such series."""
    found = exposition.values(families, "troth_connections_refused_total")
    assert [(dict(labels), n) for labels, n in found.items()] == [
        ({"service": "svc-2:8002", "role": "client"}, 3 * 17)]


def test_objectives_say_target_budget_burn_and_alerts(families):
    most = {"slo": "checkout", "objective": "most", "service": "shop"}
    every = {**most, "objective": "all"}
    assert exposition.value(families, "troth_slo_objective_ratio", **most) == 0.95
    assert exposition.value(families, "troth_slo_objective_ratio", **every) == 0.999
    assert exposition.value(families, "troth_slo_budget_remaining_ratio", **every) == -39
    assert exposition.value(families, "troth_slo_sli_ratio", **most) == 0.96
    assert exposition.value(families, "troth_slo_good_total", **every) == 1961
    assert exposition.value(families, "troth_slo_valid_total", **every) == 2001
    # What was not measured (5m) is not there; a window that two alerts share is there once.
    burns = exposition.values(families, "troth_slo_burn_rate", **most)
    assert {dict(k)["window"]: v for k, v in burns.items()} == {"1h": 2.5, "6h": 0}
    firing = exposition.values(families, "troth_slo_alert_firing", **every)
    assert {(dict(k)["severity"], dict(k)["window"], dict(k)["short_window"]): v
            for k, v in firing.items()} == {("page", "1h", "5m"): 1, ("ticket", "1d", ""): 0}
    # All objectives together have a budget and no events.
    together = {**most, "objective": "*"}
    assert exposition.value(families, "troth_slo_objective_ratio", **together) == 0.9745
    assert not exposition.values(families, "troth_slo_good_total", **together)


def test_losses_add_up_to_what_was_lost(families):
    lost = exposition.values(families, "troth_measurement_lost_total")
    assert sum(lost.values()) == 6
    assert exposition.value(families, "troth_measurement_impaired_total", kind="caught_up") == 11
    assert exposition.value(families, "troth_measurement_coverage_ratio") == 0.9995


def test_it_says_how_it_is_itself(families):
    assert exposition.value(families, "troth_ready") == 1
    assert set(exposition.values(families, "troth_trouble").values()) == {0}
    assert exposition.value(families, "troth_store_bytes") == 123456789
    assert exposition.value(families, "troth_late_ticks_total") == 1
    assert exposition.value(families, "troth_tick_longest_seconds") == 0.25
    sent = exposition.values(families, "troth_notifications_total", receiver="pager")
    assert {dict(k)["result"]: v for k, v in sent.items()} == {"sent": 5, "failed": 2, "dropped": 1}


def test_what_a_limit_kept_out_is_said_by_what_it_is(families):
    left_out = exposition.values(families, "troth_left_out_total")
    assert {dict(k)["what"]: v for k, v in left_out.items()} == {
        "rows": 21, "minutes": 22, "services": 23, "alerts": 24, "events": 25}


def test_any_name_is_read_back_as_it_is(families):
    names = {dict(k)["service"] for k in exposition.values(families, "troth_exchanges_total")}
    assert names == {"svc-0:8000", TRICKY, "svc-2:8002"}


def test_the_formats_say_the_same(server):
    plain, rich, binary = (read(server, kind) for kind in FORMATS)

    def flat(families):
        def label(name, v):
            return name, exposition.number_of(v) if name == "le" else v
        return {(name, tuple(sorted(label(*pair) for pair in labels))): v
                for f in families.values() for (name, labels), v in f.samples.items()
                if not name.startswith("troth_http_connections")}  # each reading is one

    def names(families):
        return [f.name + {"counter": "_total", "info": "_info"}.get(f.type, "")
                if families is rich else f.name for f in families.values()]

    assert flat(plain) == flat(rich) == flat(binary)
    assert names(plain) == names(rich) == names(binary)
    units = {f.name.removesuffix("_total"): f.unit for f in binary.values() if f.unit}
    assert units == {f.name: f.unit for f in rich.values() if f.unit}


def test_native_histograms_hold_every_exchange_at_its_time(server):
    f = read(server, "protobuf")["troth_exchange_duration_seconds"]
    h = f.native[tuple(sorted(SERVER.items()))]
    assert h.schema == 3 and h.zero_threshold == 2**-20 and h.zero_count == 25
    assert h.count == TIMED and h.sum == 3.875

    def within(low, high):
        return sum(n for i, n in h.buckets.items() if low < 2**(i / 8) and 2**((i - 1) / 8) < high)

    assert [within(s, s) for s in (0.05, 0.3, 20)] == [900, 60, 10]
    assert within(64.5, 64.6) == 5


def test_field_numbers_are_those_of_the_proto_file():
    """The reader above was written from client_model; the file that is compiled must agree."""
    source = (Path(__file__).parents[2] / "user/export/metrics.proto").read_text(encoding="utf-8")
    numbers = {}
    for message, block in re.findall(r"message (\w+) \{(.*?)\}", source, re.S):
        numbers[message] = {name: int(n) for name, n in re.findall(r"(\w+) = (\d+)", block)}
    assert numbers["Histogram"] == {
        "sample_count": 1, "sample_sum": 2, "bucket": 3, "schema": 5, "zero_threshold": 6,
        "zero_count": 7, "positive_span": 12, "positive_delta": 13}
    assert numbers["Metric"] == {"label": 1, "gauge": 2, "counter": 3, "summary": 4, "histogram": 7}
    assert numbers["MetricFamily"] == {"name": 1, "help": 2, "type": 3, "metric": 4, "unit": 5}
    assert numbers["BucketSpan"] == {"offset": 1, "length": 2}
    assert numbers["Bucket"] == {"cumulative_count": 1, "upper_bound": 2}


def test_no_services_and_many_are_documents_too():
    with web.driver("--services", 0) as d:
        for kind in FORMATS:
            families = read(d, kind)
            assert not exposition.values(families, "troth_exchanges_total")
            assert exposition.value(families, "troth_ready") == 1
    with web.driver("--services", 2000) as d:
        for kind in FORMATS:
            assert len(exposition.values(read(d, kind), "troth_exchanges_total")) == 12000
