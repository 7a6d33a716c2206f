# SPDX-License-Identifier: Apache-2.0
"""A fixture for tests whose truth is a number from outside: `answer` asks the oracle and troth.

Each such test runs twice, so that the oracle is checked by the same sentences as the program.
"""

import pytest

import documents
import worlds
from worlds import condition, objective, policy, rolling, slo

START = 1_767_225_600  # 2026-01-01T00:00:00Z, a Thursday
DAY = 86400


class Answer:
    def __init__(self, code, json, stderr):
        self.code, self.json, self.stderr = code, json, stderr

    def slo(self, name="s", objective=""):
        """The one element of that name, or of that objective of it."""
        found = [e for e in self.json["slos"] if (e["name"], e["objective"]) == (name, objective)]
        assert len(found) == 1, [(e["name"], e["objective"]) for e in self.json["slos"]]
        return found[0]

    def burn(self, window_s, name="s", objective=""):
        rates = {b["window_s"]: b["rate"] for b in self.slo(name, objective)["burn"]}
        return rates[window_s]

    def events(self):
        """(seconds since START, severity, long_s, state) of each, in order."""
        return [(documents.parse_time(e["time"]) - START, e["severity"], e["long_s"], e["state"])
                for e in self.json["events"]]


@pytest.fixture(params=["oracle", "troth"])
def answer(request, tmp_path):
    """answer(World) is what the one that is asked says of it."""
    ask = worlds.oracle if request.param == "oracle" else worlds.troth
    return lambda world: Answer(*ask(world, tmp_path))


def steady(start, seconds, good, total, step=60, name="s"):
    """Rows of the same counts for some seconds."""
    return [(t, name, good, total) for t in range(start, start + seconds, step)]


def one(target="0.95", window=None, **how):
    """An SLO named s of one objective."""
    return slo("s", window or rolling("10m"), [objective(target)], **how)


def by_rate(threshold, lookback, **how):
    """alertPolicies of one page."""
    return [policy("p", condition("c", "page", threshold, lookback, **how))]
