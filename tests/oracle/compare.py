# SPDX-License-Identifier: Apache-2.0
"""Two answers of `troth slo replay` beside each other: every field that the oracle has."""

import math

import documents

RELATIVE = 1e-12
# Seconds that are a difference of sums: what is left over after 90 days has lost some digits.
ABSOLUTE = 1e-9


def same(expected, actual):
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        return expected is actual if expected is None else (
            type(expected) is type(actual) and expected == actual)
    if isinstance(actual, bool) or not isinstance(actual, (int, float)):
        return False
    if isinstance(expected, int):
        return isinstance(actual, int) and expected == actual
    return math.isclose(expected, actual, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def same_time(expected, actual):
    return isinstance(actual, str) and actual.endswith("Z") and (
        documents.parse_time(expected) == documents.parse_time(actual))


def fields(expected, actual, path, skip=()):
    """Differences of two trees, as lines; of a list every element."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return [f"{path}: {actual!r} is no object"]
        found = []
        for name, value in expected.items():
            if name in skip:
                continue
            if name not in actual:
                found.append(f"{path}.{name}: missing")
            else:
                found += fields(value, actual[name], f"{path}.{name}", skip)
        return found
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return [f"{path}: oracle {expected!r}, troth {actual!r}"]
        return [line for i, (e, a) in enumerate(zip(expected, actual))
                for line in fields(e, a, f"{path}[{i}]", skip)]
    is_time = path.rsplit(".", 1)[-1] in ("at", "start", "end", "time")
    if (same_time if is_time else same)(expected, actual):
        return []
    return [f"{path}: oracle {expected!r}, troth {actual!r}"]


def burns(track, expected, actual, path):
    """Each window of an alert is there, and whatever else is there is right, too."""
    if not isinstance(actual, list):
        return [f"{path}: {actual!r} is no list"]
    found = []
    listed = [burn.get("window_s") for burn in actual]
    for burn in expected:
        if burn["window_s"] not in listed:
            found.append(f"{path}: no window of {burn['window_s']} s")
    for burn in actual:
        rate = track.rate(burn["window_s"])
        rate = rate if rate is None else float(rate)
        if not same(rate, burn.get("rate", "missing")):
            found.append(f"{path} of {burn['window_s']} s: oracle {rate!r}, "
                         f"troth {burn.get('rate', 'missing')!r}")
    return found


def event_key(event):
    return (documents.parse_time(event["time"]), event["slo"], event["severity"],
            event["long_s"], event["state"])


def answers(exact, actual):
    """Differences of a run of the program from the oracle's (a replay.Replay), as lines."""
    expected = exact.json()
    found = fields({k: expected[k] for k in ("schema", "at")}, actual, "")
    names = [(e["name"], e["objective"]) for e in expected["slos"]]
    theirs = [(e.get("name"), e.get("objective")) for e in actual.get("slos", [])]
    if names != theirs:
        return found + [f".slos: oracle {names}, troth {theirs}"]
    for i, (e, a) in enumerate(zip(expected["slos"], actual["slos"])):
        path = f".slos[{i}]({e['name']}/{e['objective']}, {e['method']})"
        found += fields(e, a, path, skip=("burn",))
        if "burn" in e:
            found += burns(exact.tracks[i], e["burn"], a.get("burn"), f"{path}.burn")
    times = [documents.parse_time(e["time"]) for e in actual.get("events", [])]
    if times != sorted(times):
        found.append(".events: not in order of time")
    # At one moment the order of objectives is nobody's business.
    mine, other = (sorted(map(event_key, x["events"])) for x in (expected, actual))
    found += [f".events: troth lacks {e}" for e in mine if e not in other]
    found += [f".events: troth has {e}" for e in other if e not in mine]
    if len(mine) != len(other):
        found.append(f".events: oracle {len(mine)}, troth {len(other)}")
    return found
