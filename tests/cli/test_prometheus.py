# SPDX-License-Identifier: Apache-2.0
"""The real Prometheus scrapes the server and is asked what it got."""

import contextlib
import json
import subprocess
import urllib.parse
import urllib.request

import pytest

import web
from test_web import certificate
from wire import free_port

CLASSIC, NATIVE = [], ["--enable-feature=native-histograms"]


class Prometheus:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}/api/v1/"

    def api(self, path, **arguments):
        url = self.base + path + "?" + urllib.parse.urlencode(arguments)
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, text):
        """{labels without the name: number}"""
        found = {}
        for one in self.api("query", query=text)["result"]:
            labels = {k: v for k, v in one["metric"].items()
                      if k not in ("__name__", "instance", "job")}
            found[tuple(sorted(labels.items()))] = float(one["value"][1])
        return found

    def one(self, text):
        """A scrape that took too long ends every series, up to the next one."""
        found = web.until(lambda: len(result := self.query(text)) == 1 and result, text, 20)
        return next(iter(found.values()))

    def target(self):
        with contextlib.suppress(OSError, IndexError):
            target = self.api("targets")["activeTargets"][0]
            return target if target["health"] != "unknown" else None


@contextlib.contextmanager
def prometheus(directory, target_port, flags, scrape=""):
    config = directory / "prometheus.yml"
    config.write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: troth
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{target_port}"]}}]
{scrape}""")
    port = free_port()
    log = (directory / "log").open("wb")
    process = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}",
         f"--web.listen-address=127.0.0.1:{port}", *flags], stdout=log, stderr=log)
    try:
        p = Prometheus(port)
        web.until(lambda: (p.target() or {}).get("health") == "up", "a scrape", 60)
        web.until(lambda: p.query("up"), "the first sample is there")
        yield p
        web.until(lambda: p.target()["lastError"] == "", "a good scrape")
    finally:
        process.terminate()
        process.wait(30)
        log.close()


@pytest.mark.parametrize("flags", [CLASSIC, NATIVE], ids=["OpenMetrics", "protobuf"])
def test_prometheus_has_the_exact_numbers(tmp_path, flags):
    with web.plain_driver() as d, prometheus(tmp_path, d.port, flags) as p:
        assert p.one("up") == 1
        for i in range(3):
            name = f"svc-{i}:800{i}"
            assert p.one(f'sum(troth_exchanges_total{{service="{name}"}})') == 1007 * (i + 1)
            assert p.one(f'troth_exchanges_total{{service="{name}",outcome="server_error"}}') == \
                10 * (i + 1)
        assert p.one("sum(troth_exchanges_total)") == 1007 * 6
        assert p.one('troth_slo_good_total{objective="most"} / troth_slo_valid_total') == 0.98
        assert p.one('troth_slo_objective_ratio{objective="all"}') == 0.999
        assert p.one("troth_build_info") == 1
        types = {k: v[0]["type"] for k, v in p.api("metadata").items() if k.startswith("troth_")}
        assert types["troth_exchange_duration_seconds"] == "histogram"
        assert types["troth_exchange_part_seconds"] == "summary"
        # 2.42 calls it by the family of OpenMetrics, without _total, or by the sample.
        assert types.get("troth_exchanges", types.get("troth_exchanges_total")) == "counter"


def test_classic_buckets_stand_at_the_objectives_limits(tmp_path):
    with web.plain_driver() as d, prometheus(tmp_path, d.port, CLASSIC) as p:
        name = 'service="svc-1:8001"'
        for le, n in {"0.1": 925, "0.5": 985, "30.0": 995, "+Inf": 1000}.items():
            assert p.one(f'troth_exchange_duration_seconds_bucket{{{name},le="{le}"}}') == 2 * n
        assert p.one(f"troth_exchange_duration_seconds_count{{{name}}}") == 2000
        assert p.one(f"troth_exchange_duration_seconds_sum{{{name}}}") == 7.75
        # The objective's own ratio: what it promises within 100 ms.
        assert p.one(f'troth_exchange_duration_seconds_bucket{{{name},le="0.1"}} / ignoring(le) '
                     f'troth_exchange_duration_seconds_count') == 0.925


def test_native_histograms_answer_any_quantile(tmp_path):
    with web.plain_driver() as d, prometheus(tmp_path, d.port, NATIVE) as p:
        series = 'troth_exchange_duration_seconds{service="svc-0:8000"}'
        assert p.one(f"histogram_count({series})") == 1000
        assert p.one(f"histogram_sum({series})") == 3.875
        # 25 below a microsecond, 900 of 50 ms, 60 of 300 ms, 10 of 20 s, 5 beyond 64 s.
        for q, seconds in {0.5: 0.05, 0.9: 0.05, 0.95: 0.3, 0.99: 20}.items():
            got = p.one(f"histogram_quantile({q}, {series})")
            assert seconds / 2**(1 / 8) <= got <= seconds * 2**(1 / 8), (q, got)
        assert 64 <= p.one(f"histogram_quantile(0.999, {series})") < 70
        assert abs(p.one(f"histogram_fraction(0, 0.125, {series})") - 0.925) < 1e-9
        assert abs(p.one(f"histogram_fraction(0, 64, {series})") - 0.995) < 1e-9


def test_rates_of_counters_and_histograms_are_those_of_the_traffic(tmp_path):
    """Each tick 960 exchanges are good of 1000; how often a busy machine scrapes does not matter."""
    with web.plain_driver("--grow") as d, prometheus(tmp_path, d.port, NATIVE) as p:
        good = 'troth_exchanges_total{service="svc-0:8000",outcome="ok"}'
        all_of = 'troth_exchange_duration_seconds{service="svc-0:8000"}'

        def scraped():
            found = p.api("query", query=f"{good}[60s]")["result"]
            return [int(v) for _, v in found[0]["values"]] if found else []

        values = web.until(lambda: len(set(scraped())) >= 8 and scraped(), "enough scrapes", 60)
        assert values == sorted(values) and all(v % 960 == 0 for v in values)
        # Of the same scrapes, so the same stretch of time.
        ratio = p.one(f"sum(rate({good}[20s])) / histogram_count(sum(rate({all_of}[20s])))")
        assert abs(ratio - 0.96) < 0.001
        assert 0.045 < p.one(f"histogram_quantile(0.5, sum(rate({all_of}[20s])))") < 0.055
        assert p.one(f"resets({good}[60s])") == 0


def test_it_scrapes_over_tls_with_a_token(tmp_path):
    cert, key = certificate(tmp_path, "one")
    token = tmp_path / "token"
    token.write_text("open-sesame\n")
    scrape = f"""    scheme: https
    authorization: {{credentials_file: {token}}}
    tls_config: {{ca_file: {cert}}}
"""
    with web.plain_driver("--cert", cert, "--key", key, "--token", token) as d, \
            prometheus(tmp_path, d.port, NATIVE, scrape) as p:
        assert p.one("up") == 1
        assert p.one("sum(troth_exchanges_total)") == 1007 * 6


def test_many_services_are_scraped_in_time(tmp_path):
    with web.plain_driver("--services", 2000, "--grow") as d, \
            prometheus(tmp_path, d.port, CLASSIC) as p:
        web.until(lambda: len(d.said("tick ")) >= 6, "a few scrapes", 20)
        assert p.one("max_over_time(up[10s])") == 1
        assert p.one("count(count by (service) (troth_exchanges_total))") == 2000
        d.assert_on_time()
