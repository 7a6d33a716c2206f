# SPDX-License-Identifier: Apache-2.0
"""Objectives live against tests/oracle: random documents, random ticks, stops and starts.

build/live_play feeds the ticks and writes the minutes that it told; the oracle replays those minutes,
and every field of the two answers agrees. Windows over three days forget by whole hours live, so what is
asked for is an hour's end (of slices that do not divide an hour: one of as many as fit into it).
LIVE_CASES worlds from seed LIVE_SEED on; one that differs is kept in build/live_oracle/SEED.
"""

import math
import os
import random
import subprocess
import sys
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracle"))

import compare  # noqa: E402
import documents  # noqa: E402
import generate  # noqa: E402
import replay  # noqa: E402
import worlds  # noqa: E402

PLAY = ROOT / "build" / "live_play"
CASES = int(os.environ.get("LIVE_CASES", "40"))
SEED = int(os.environ.get("LIVE_SEED", "1"))
BATCH = 10
MINUTE, HOUR, FINE_S = 60, 3600, 3 * 86400
ONE = 10**9


def set_port(node, port):
    """Every select within node means this port."""
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == "select":
                node[name] = {"port": port}
            else:
                set_port(inner, port)
    elif isinstance(node, list):
        for inner in node:
            set_port(inner, port)


class Play:
    """One world: documents of the generator, each SLO with a service of its own."""

    def __init__(self, seed):
        while True:
            self.made = generate.Generator(seed)
            if self.made.step == MINUTE:
                break
            seed += 1_000_003
        self.random = random.Random(seed)
        self.lines, self.now = [], self.made.start // HOUR * HOUR
        self.start = self.now
        world = self.made.world()
        self.docs, self.ports = world.docs, []
        self.slices = set()
        for doc in self.docs:
            if doc["kind"] != "SLO":
                continue
            port = 1000 + len(self.ports)
            set_port(doc, port)
            self.ports.append(port)
            for one in doc["spec"]["objectives"]:
                window = str(one.get("timeSliceWindow", "1"))
                self.slices.add(int(window.rstrip("m")) * MINUTE)
        self.unit = math.lcm(HOUR, *(self.bucket(s) for s in self.slices))

    @staticmethod
    def bucket(slice_s):
        return slice_s * max(1, HOUR // slice_s)

    def say(self, *words):
        self.lines.append(" ".join(map(str, words)))

    def tick(self, mood):
        for port in self.ports:
            if self.random.random() < 0.8:
                total = self.random.choice((0, 1, 3, 20, 100))
                bad = {"fine": 0, "down": total}.get(mood, self.random.randrange(total + 1))
                if mood == "edge":
                    bad = total // self.random.choice((10, 20, 100))
                self.say("q", port, total - bad, bad)
            if self.random.random() < 0.05:
                self.say("w", port, self.random.randrange(4))
        self.say("t")

    def minute(self, mood, end=True):
        for _ in range(self.random.randrange(3)):
            self.tick(mood)
        measured = ONE if self.random.random() < 0.9 else self.random.choice((0, 1, ONE // 3))
        if end:
            self.say("m", self.now, measured)
        self.now += MINUTE
        return measured

    def pause(self):
        """Nothing is known of some time: told, or left for the next minute to show."""
        self.now += self.random.choice((1, 7, 60, 500, 1440, 5000)) * MINUTE
        if self.random.random() < 0.5:
            self.say("u", self.now + self.random.randrange(MINUTE))

    def run(self, cuts, end_open):
        left = self.random.choice((30, 200, 700))
        while left > 0 or (self.now + MINUTE * end_open) % self.unit:
            mood = self.random.choice(("fine", "fine", "down", "edge", "any"))
            for _ in range(self.random.randrange(1, 60)):
                if left <= 0 and (self.now + MINUTE * end_open) % self.unit == 0:
                    break
                self.minute(mood)
                left -= 1
                if cuts and left > 0 and self.random.random() < 0.01:
                    self.tick(mood)
                    self.say("x", self.now + self.random.randrange(MINUTE))
            if left > 0 and self.random.random() < 0.2:
                self.pause()
        measured = self.minute("any", end=False) if end_open else 0
        self.say("r", self.now, measured)

    def answer(self, folder):
        """(what live says, the oracle) of the same minutes."""
        folder.mkdir(parents=True, exist_ok=True)
        slos, counts = folder / "slo.yaml", folder / "minutes.csv"
        slos.write_text(worlds.yaml_of(self.docs), encoding="utf-8")
        script = "\n".join(self.lines) + "\n"
        (folder / "script").write_text(script, encoding="utf-8")
        done = subprocess.run([PLAY, str(self.start), counts, slos], input=script, text=True,
                              capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, (folder, done.stdout[-500:], done.stderr[-2000:])
        return (json.loads(done.stdout),
                replay.Replay([str(slos)], str(counts), MINUTE, self.now))

    def is_exact(self, doc, one):
        """A long window is the same where it, too, is a whole number of hours."""
        window = doc["spec"]["timeWindow"][0]
        length = documents.span_seconds(documents.parse_span(window["duration"]))
        slice_s = int(str(one.get("timeSliceWindow", "1")).rstrip("m")) * MINUTE
        return (not window["isRolling"] or length <= FINE_S
                or length % self.bucket(slice_s) == 0)

    def whole(self):
        return all(self.is_exact(d, o) for d in self.docs if d["kind"] == "SLO"
                   for o in d["spec"]["objectives"])


def of_occurrences(exact, said):
    """Differences of what can be said of an open minute: all but slices, and what ends with it."""
    found = []
    for i, (e, a) in enumerate(zip(exact.json()["slos"], said["slos"])):
        if e["method"] != "Occurrences":
            continue
        path = f"{e['name']}/{e['objective']}"
        for alert in (*e.get("alerts", ()), *a.get("alerts", ())):
            alert.pop("firing")
        found += compare.fields(e, a, path, skip=("burn",))
        if "burn" in e:
            found += compare.burns(exact.tracks[i], e["burn"], a.get("burn"), path)
    return found


def play(seed, folder, cuts=False, end_open=False):
    while not (world := Play(seed)).whole():
        seed += 1_000_003
    world.run(cuts, end_open)
    said, exact = world.answer(folder)
    return of_occurrences(exact, said) if end_open else compare.answers(exact, said)


@pytest.mark.parametrize("how", ("whole minutes", "stops and starts", "an open minute"))
@pytest.mark.parametrize("first", range(SEED, SEED + CASES, BATCH))
def test_live_says_what_a_replay_of_its_minutes_says(first, how, tmp_path):
    wrong = []
    for seed in range(first, min(first + BATCH, SEED + CASES)):
        kept = tmp_path / str(seed)
        found = play(seed, kept, cuts=how == "stops and starts", end_open=how == "an open minute")
        if found:
            there = ROOT / "build" / "live_oracle" / f"{seed}-{how.replace(' ', '-')}"
            there.mkdir(parents=True, exist_ok=True)
            for file in kept.iterdir():
                (there / file.name).write_bytes(file.read_bytes())
            wrong.append(f"seed {seed} ({there}):\n  " + "\n  ".join(found[:20]))
    assert not wrong, "\n" + "\n".join(wrong)
