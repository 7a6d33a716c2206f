# SPDX-License-Identifier: Apache-2.0
"""troth slo replay against tests/oracle, over random worlds: every field of every answer.

ORACLE_CASES worlds (a default that takes some 20 s), from seed ORACLE_SEED on. A world that
differs is written to build/oracle/SEED, with the command that replays it.
"""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracle"))

import compare  # noqa: E402
import generate  # noqa: E402
import worlds  # noqa: E402

CASES = int(os.environ.get("ORACLE_CASES", "400"))
SEED = int(os.environ.get("ORACLE_SEED", "1"))
BATCH = 20


def differences(seed, folder):
    world = generate.world(seed)
    expected = worlds.exact(world, folder)
    code, said, stderr = worlds.troth(world, folder)
    if said is None:
        return [f"exit {code}, {stderr.strip()}"]
    found = compare.answers(expected, said)
    if code != expected.exit_code():
        found.append(f"exit code: oracle {expected.exit_code()}, troth {code}")
    return found


@pytest.mark.parametrize("first", range(SEED, SEED + CASES, BATCH))
def test_replay_says_what_another_hand_works_out(first, tmp_path):
    wrong = []
    for seed in range(first, min(first + BATCH, SEED + CASES)):
        found = differences(seed, tmp_path)
        if found:
            kept = ROOT / "build" / "oracle" / str(seed)
            kept.mkdir(parents=True, exist_ok=True)
            generate.world(seed).write(kept)
            wrong.append(f"seed {seed} ({kept}):\n  " + "\n  ".join(found[:20]))
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_oracle_answers_every_world_and_they_are_not_all_alike(tmp_path):
    """The generator reaches what it is for: each method, verdict, kind of alert and of time."""
    seen = set()
    for seed in range(SEED, SEED + 100):
        answer = worlds.exact(generate.world(seed), tmp_path)
        for track in answer.tracks.values():
            seconds = track.times()
            assert min(seconds.values()) >= 0
            assert sum(seconds.values()) == track.now - track.start
        seen.add(f"exit {answer.exit_code()}")
        seen.update(f"event {e['state']}" for e in answer.events)
        for element in answer.elements:
            seen.update((element["method"], f"met {element['met']}",
                         f"composite {element['objective'] == '*'}",
                         f"rolling {element['window']['rolling']}"))
            seen.update(s for s, v in element.get("time_s", {}).items() if v)
            seen.update(f"short {a['short_s'] is not None}" for a in element.get("alerts", []))
            seen.update(f"burn {b['rate'] is not None}" for b in element.get("burn", []))
    assert seen >= {
        "exit 0", "exit 1", "exit 4", "event firing", "event resolved", "Occurrences",
        "Timeslices", "RatioTimeslices", "met True", "met False", "met None", "composite True",
        "rolling True", "rolling False", "good", "bad", "idle", "unmeasured", "excluded",
        "short True", "short False", "burn True", "burn False"}
