# SPDX-License-Identifier: Apache-2.0
"""An upgrade to other programs for the same maps, under load: nothing is missed, nothing counted twice."""

import pathlib
import signal
import time

import pytest

from actors import answers, serve
from daemon import running, until
from load import Load
from promises import one_promise
from troth import BINARY
from wire import OK

# The same maps, other programs: see tests/rules.mk.
NEWER = str(pathlib.Path(BINARY).with_name("troth-newer"))


@pytest.mark.limit_s(180)
@pytest.mark.parametrize("connections, per_connection", [(4, 0), (2, 20)])
def test_programs_are_exchanged_to_and_fro_under_load(connections, per_connection):
    with serve(answers(OK)) as server, \
            running("--on-stop", "linger", slos=one_promise(server.port)) as d, \
            Load(server.address, connections, 0.001, per_connection) as load:
        before, held = d.json("/api/v1/services")["measurement"]["lost"], set(d.programs)
        for i, signum in enumerate([signal.SIGKILL, signal.SIGTERM] * 2):
            time.sleep(0.5)
            d.kill(signum)
            time.sleep(0.2)
            d.programs = set()
            d.start(binary=(NEWER, BINARY)[i % 2])
            assert held.isdisjoint(d.programs), "the programs of before were taken over"
            held |= d.programs
        d.programs = held
        asked = load.stop()
        d.counts(server.port, ok=asked)
        d.counts(server.port, "client", ok=asked)
        until(lambda: d.slo("promise")["total"] == asked, what="the objective's count")
        lost = d.json("/api/v1/services")["measurement"]["lost"] - before
        print(f"asked and counted {asked} over 4 exchanges, lost {lost}")
