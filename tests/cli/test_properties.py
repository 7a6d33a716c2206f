# SPDX-License-Identifier: Apache-2.0
"""What must hold of any replay whatever the numbers, over the random worlds of tests/oracle."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

import documents  # noqa: E402
import generate  # noqa: E402
from both import DAY, START, answer  # noqa: E402, F401
from worlds import World, by_calendar, objective, rolling, slo  # noqa: E402

SEEDS = range(1000, 1030)
METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")


def row_time(row):
    return documents.parse_time(str(row[0]))


def one_slo(method, window, length="5m"):
    slice_target = "0.8" if method == "Timeslices" else None
    slice_window = None if method == "Occurrences" else length
    return slo("s", window, [objective("0.9", None, slice_target, slice_window)], method)


def random_rows(seed, start, seconds, step=60):
    chance = random.Random(seed)
    rows = []
    for time in range(start, start + seconds, step):
        if chance.random() < 0.9:
            total = chance.choice((0, 1, 10, 100))
            rows.append((time, "s", chance.randrange(total + 1), total))
    return rows


def growing_rows(world):
    """Those that can take an event more: something was measured, and there is room."""
    return [i for i, r in enumerate(world.rows)
            if r[3] < generate.LARGEST // 4 and (len(r) < 5 or r[4] != "0")]


def rows_before(world):
    """Those of which all is over at `at`."""
    if world.at is None:
        return world.rows
    at = documents.parse_time(str(world.at)) // world.step * world.step
    return [r for r in world.rows if row_time(r) + world.step <= at]


def suited(fits):
    """Seeds of worlds of which a property can be asked."""
    return pytest.mark.parametrize("seed", [s for s in SEEDS if fits(generate.world(s))][:20])


@suited(growing_rows)
def test_a_good_event_more_never_lowers_an_sli(answer, seed):
    world = generate.world(seed)
    before = answer(world).json["slos"]
    i = random.Random(seed).choice(growing_rows(world))
    time, name, good, total, *measured = world.rows[i]
    world.rows[i] = (time, name, good + 1, total + 1, *measured)
    for old, new in zip(before, answer(world).json["slos"]):
        if old["sli"] is not None:
            assert new["sli"] >= old["sli"] or new["sli"] == pytest.approx(old["sli"], rel=1e-15)


@suited(lambda world: world.step % 2 == 0)
def test_rows_of_half_the_step_with_halves_of_the_counts_change_nothing(answer, seed):
    """Slices stay as they are. Of Occurrences the steps, which are judged, become others."""
    whole = generate.world(seed)
    whole.docs = [d for d in whole.docs if d["kind"] != "Exclusion"]  # these exclude whole steps
    last = max(row_time(r) for r in whole.rows) + whole.step
    moment = last if whole.at is None else documents.parse_time(str(whole.at))
    whole.at = moment // whole.step * whole.step
    half, chance = whole.step // 2, random.Random(seed)
    halves = World(whole.docs, [], half, whole.at, whole.split)
    for row in whole.rows:
        good, bad = chance.randrange(row[2] + 1), chance.randrange(row[3] - row[2] + 1)
        time, rest = row_time(row), tuple(row[4:])
        halves.rows.append((time, row[1], good, good + bad) + rest)
        halves.rows.append((time + half, row[1], row[2] - good, row[3] - good - bad) + rest)
    one, two = answer(whole), answer(halves)
    assert one.code == two.code
    for old, new in zip(one.json["slos"], two.json["slos"]):
        same = ["good", "total", "bad", "sli", "met", "window", "estimated"]
        if old["method"] != "Occurrences":
            same += ["burn", "alerts"]
        for field in same:
            assert old.get(field) == new.get(field), field
        assert new.get("coverage") == pytest.approx(old.get("coverage"), rel=1e-12)
        for field in ("allowed", "spent", "remaining_ratio"):
            assert new["budget"].get(field) == pytest.approx(
                old["budget"].get(field), rel=1e-12, abs=1e-12)
    if all(e["method"] != "Occurrences" for e in one.json["slos"]):
        assert one.json["events"] == two.json["events"]


@suited(lambda world: len(world.rows) > 1)
def test_how_the_rows_of_slos_interleave_changes_nothing(answer, seed):
    world = generate.world(seed)
    one = answer(world)
    queues = {}
    for row in world.rows:
        queues.setdefault(row[1], []).append(row)
    names = [row[1] for row in world.rows]
    random.Random(seed).shuffle(names)
    world.rows = [queues[name].pop(0) for name in names]
    two = answer(world)
    assert one.code == two.code and one.json["slos"] == two.json["slos"]

    def in_order(events):
        return sorted(events, key=lambda e: tuple(str(v) for v in e.values()))

    assert in_order(one.json["events"]) == in_order(two.json["events"])


@suited(rows_before)
def test_a_longer_file_does_not_change_what_was(answer, seed):
    """Rows from `at` on, be they many and bad, are as though they were not there."""
    world = generate.world(seed)
    if world.at is None:
        world.at = max(row_time(r) for r in world.rows) + world.step
    at = documents.parse_time(str(world.at)) // world.step * world.step
    before = rows_before(world)
    later = [r for r in world.rows if row_time(r) + world.step > at]
    one = answer(World(world.docs, before, world.step, at, world.split))
    end = max(at, max(row_time(r) for r in world.rows) + world.step)
    filled = (("1",) if any(len(r) > 4 for r in world.rows) else ())
    much_later = [(end + i * world.step, name, 0, 5) + filled
                  for name in sorted({r[1] for r in world.rows}) for i in range(50)]
    two = answer(World(world.docs, before + later + much_later, world.step, world.at, world.split))
    assert (one.code, one.json) == (two.code, two.json)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_budgets_of_adjoining_windows_add_up(answer, method, seed):
    rows = random_rows(seed, START, 3 * 3600)
    end = START + 3 * 3600
    whole = answer(World([one_slo(method, rolling("3h"))], rows, at=end)).slo()
    parts = [answer(World([one_slo(method, rolling(window))], rows, at=at)).slo()
             for window, at in (("1h", START + 3600), ("2h", end))]
    for field in ("good", "total", "bad"):
        assert whole[field] == sum(p[field] for p in parts)
    for field in ("allowed", "spent", "remaining"):
        assert whole["budget"][field] == pytest.approx(sum(p["budget"][field] for p in parts))
    for state in whole["time_s"]:
        assert whole["time_s"][state] == pytest.approx(sum(p["time_s"][state] for p in parts))


@pytest.mark.parametrize("method", METHODS)
def test_budgets_of_twelve_months_are_the_years(answer, method):
    """Over both changes of the clock, and with slices that are counted before they come."""
    rows = [(START + day * DAY, "s", day % 11, 10) for day in range(365)]
    months, step = [], 6 * 3600
    for month in range(12):
        at = f"2026-{month + 2:02}-01T00:00:00Z" if month < 11 else "2027-01-01T00:00:00Z"
        docs = [one_slo(method, by_calendar("1M", "2026-01-01 00:00:00", "UTC"), "6h")]
        months.append(answer(World(docs, rows, step, at=at)).slo())
    docs = [one_slo(method, by_calendar("1Y", "2020-01-01 00:00:00", "UTC"), "6h")]
    year = answer(World(docs, rows, step, at="2027-01-01T00:00:00Z")).slo()
    assert year["total"] == 3650 == sum(m["total"] for m in months)
    for field in ("allowed", "spent"):
        assert year["budget"][field] == pytest.approx(sum(m["budget"][field] for m in months))
    in_june = answer(World(docs, rows, step, at="2026-06-01T00:00:00Z")).slo()["budget"]["allowed"]
    if method == "Occurrences":
        assert in_june < year["budget"]["allowed"]
    else:
        assert in_june == year["budget"]["allowed"]
