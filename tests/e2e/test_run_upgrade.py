# SPDX-License-Identifier: Apache-2.0
"""Another troth, or other settings, over maps that went on counting."""

import pathlib
import time

import pytest

from actors import answers, serve
from daemon import Daemon, running, until
from load import Load
from test_run import talk
from test_run_record import SLO
from troth import BINARY
from wire import OK, connect, response

pytestmark = pytest.mark.any_backend

# The same program, whose counters lie elsewhere in its maps: see the Makefile.
OTHER = str(pathlib.Path(BINARY).with_name("troth-other"))


def both(d, binary, port, name, **expected):
    """Stops with what the kernel holds, and starts another program over it."""
    if d.process.poll() is None:
        d.kill()
    d.start(binary=binary)
    d.counts(port, **expected)
    until(lambda: d.slo(name)["total"] == sum(expected.values()), what="the objective's count")


@pytest.mark.limit_s(90)
def test_counts_of_another_layout_are_read_before_it_goes():
    with serve(answers(OK)) as server, running(slos=SLO.replace("PORT", str(server.port))) as d:
        talk(server.port, 5)
        d.counts(server.port, ok=5)
        d.kill()
        talk(server.port, 7)
        both(d, OTHER, server.port, "promise", ok=12)
        talk(server.port, 2)
        d.counts(server.port, ok=14)
        both(d, BINARY, server.port, "promise", ok=14)
        talk(server.port, 1)
        d.counts(server.port, ok=15)


@pytest.mark.limit_s(60)
def test_other_settings_are_another_layout():
    with serve(answers(OK)) as server, running("--max-series", "100") as d:
        talk(server.port, 5)
        d.stop()  # detached: nothing is there
        d.start("--on-stop", "linger")
        talk(server.port, 3)
        d.stop()
        d.args = ["--max-series", "300"]
        talk(server.port, 4)
        d.start()
        d.counts(server.port, ok=12)


@pytest.mark.limit_s(60)
def test_what_waits_for_its_answer_at_the_change_is_counted_as_lost():
    def slow(wire, stage):
        wire.request()
        stage.wait("answer")
        wire.send(OK)

    with serve(slow) as server, running() as d, connect(server.port) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: e2e\r\n\r\n")
        until(lambda: (d.service(server.port) or {}).get("exchanges", {}).get("in_flight"),
              what="a waiting request")
        d.kill()
        d.start(binary=OTHER)
        server.cue("answer")
        wire.response()
        lost = until(lambda: d.json("/api/v1/services")["measurement"]["lost"], what="a loss")
        assert lost >= 1


@pytest.mark.limit_s(60)
def test_limits_that_changed_meanwhile_are_exact_from_then_on():
    """Buckets of the histogram at the limits: never fewer than before, and the new one from an estimate."""
    fast = SLO.replace("outcomes: [ok]", "latency: {max: 300ms}")
    with serve(answers(OK)) as server, running(slos=fast.replace("PORT", str(server.port))) as d:
        talk(server.port, 50)
        d.counts(server.port, ok=50)
        name = d.service(server.port)["name"]
        bucket = 'troth_exchange_duration_seconds_bucket{service="%s",role="server",le="%s"}'
        assert d.metrics()[bucket % (name, "0.3")] == 50
        d.kill()
        d.slos(fast.replace("PORT", str(server.port)).replace("300ms", "20s"))
        d.start()
        talk(server.port, 10)
        d.counts(server.port, ok=60)
        metrics = d.metrics()
        assert metrics[bucket % (name, "20")] == 60
        assert metrics[bucket % (name, "0.3")] == 60, "its index was not needed: it is still exact"


@pytest.mark.limit_s(90)
def test_an_upgrade_under_load_misses_the_moment_between_and_says_so():
    """Maps of another layout: the old hooks go before the new ones come."""
    with serve(answers(OK)) as server, running() as d, Load(server.address, 2, pause_s=0.005) as load:
        time.sleep(1)
        d.kill()
        began = time.monotonic()
        d.start(binary=OTHER)
        took = time.monotonic() - began
        time.sleep(1)
        asked = load.stop()
        time.sleep(7)  # an answer's end by silence comes late
        seen = d.counted(server.port)["ok"]
        measurement = d.report("--from", "1h")["measurement"]
        print(f"asked {asked}, counted {seen}; {measurement}, started in {took:.2f} s")
        assert seen <= asked <= seen * 1.3, "some hundred milliseconds of two seconds"
