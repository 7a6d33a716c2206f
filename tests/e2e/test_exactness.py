# SPDX-License-Identifier: Apache-2.0
"""Two million requests through nginx, counted as nginx counts them."""

import os
import time

import pytest

from real import Nginx, wrk
from troth import Check

REQUESTS = int(os.environ.get("E2E_REQUESTS", 2_000_000))
RUN_S = 10


@pytest.mark.limit_s(900)
def test_two_million_requests_are_two_million_exchanges():
    with Nginx() as nginx, Check(nginx.port, duration=850, settle_s=0.5) as check:
        before = nginx.requests()
        answered = runs = 0
        while (counted := nginx.requests() - before) < REQUESTS:
            answered += wrk(f"http://127.0.0.1:{nginx.port}/ok", seconds=RUN_S)
            runs += 1
            time.sleep(0.2)  # wrk leaves 64 answers in flight: let nginx send them
    seen = check.server(nginx.port)
    exchanges = seen["exchanges"]
    print(f"nginx counted {counted:,}, troth {exchanges['total']:,}, of which "
          f"{exchanges['aborted']} aborted; wrk saw {answered:,} answered")
    # nginx counts what it has read. A request that wrk's exit resets in nginx's queue was never
    # read, and is among the aborted; without those the numbers are equal.
    assert counted <= exchanges["total"] <= counted + exchanges["aborted"], check.explained()
    assert exchanges["aborted"] <= runs * 64, check.explained()
    seen.counts(ok=exchanges["total"] - exchanges["aborted"], aborted=exchanges["aborted"])
    assert exchanges["ok"] >= answered
    measurement = check.json["measurement"]
    assert (measurement["lost"], measurement["unattributed"]) == (0, 0), check.explained()
    assert measurement["coverage"] == 1, check.explained()
