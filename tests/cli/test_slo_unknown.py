# SPDX-License-Identifier: Apache-2.0
"""What `troth slo replay` says where little is known, and how JSON prints what is hard to print."""

import json
import os
import pty
import subprocess

import pytest

from slo import BINARY, DAY, EPOCH, counts, objective, one_line, slo, steady


def only(document):
    assert len(document["slos"]) == 1
    return document["slos"][0]


# What is not known is not said


EXCLUSION = """---
apiVersion: troth.dev/v1
kind: Exclusion
metadata: {name: move}
spec: {slos: [shop], start: 2026-01-01T00:00:00Z, end: 2026-01-02T00:00:00Z, reason: r, author: me}
"""


def test_an_alert_long_after_the_last_count_has_neither_rate_nor_budget(files):
    rows = steady(2, 90, 100)
    page = files.replay(objective(window="7d"), rows, "--at", "2026-02-01T00:00:00Z")
    text = " ".join(page.stdout.split())
    assert page.returncode == 4 and "ALERT TICKET since" in text
    assert "nothing that counts was measured in the last 6 hours, so it stays as it was" in text
    assert "unknown" not in text and "budget" not in text
    document = files.document(objective(window="7d"), rows, "--at", "2026-02-01T00:00:00Z")
    said = [a["text"] for a in only(document)["alerts"] if a["firing"]]
    assert said and not any("unknown" in one or "budget" in one for one in said)


def test_nothing_is_foreseen_from_a_stretch_without_counts(files):
    rows = steady(60, 1000, 1000)
    args = ("--at", EPOCH + 10 * DAY)
    text = " ".join(files.replay(objective(), rows, *args).stdout.split())
    assert "so nothing is foreseen" in text and "The budget lasts" not in text
    assert only(files.document(objective(), rows, *args))["forecast"]["method"] == "none"


@pytest.mark.parametrize("spec, rows, args, why", [
    (objective() + EXCLUSION, steady(9, 99, 100), (), "everything that was counted was excluded"),
    (objective(window="7d"), steady(9, 99, 100), ("--at", EPOCH + 9 * DAY),
     "everything that was counted is older than the windows"),
    (objective(), steady(9, 0, 0), (), "the counts of these objectives are all 0"),
    (objective(), "time,slo,good,total\n", (), "no counts of these objectives"),
], ids=["excluded", "older", "zero", "none"])
def test_why_there_is_nothing_to_judge(files, spec, rows, args, why):
    done = files.replay(spec, rows, *args)
    assert done.returncode == 4
    assert f"nothing to judge: {why}" in one_line(done.stderr)
    done = slo("what-if", files.directory / "slo.yaml", "--input", files.directory / "counts.csv",
               "--target", "0.9", *args)
    assert done.returncode == 4
    assert f"nothing to judge: {why}" in one_line(done.stderr)


# Numbers and text in JSON


def test_a_target_below_1_is_never_printed_as_1(files):
    rows = [(EPOCH, "shop", 2499999999999999, 2500000000000000)]
    done = files.replay(objective(target="0.9999999999999999"), rows, "--output", "json")
    one = only(json.loads(done.stdout))
    assert one["target"] == 0.999999999999999 and one["sli"] == 0.999999999999999
    done = files.replay(objective(target="0.994"), [(EPOCH, "shop", 926608, 927360)], "--output",
                        "json")
    assert '"target": 0.994,' in done.stdout


@pytest.mark.parametrize("mark", ["0085", "009b", "202e", "2066", "061c"])
def test_json_on_a_terminal_does_not_steer_it_and_means_the_same(files, mark):
    spec = files.write("slo.yaml", objective().replace("Paying works.", f'"Payé \\u{mark}"'))
    rows = files.write("counts.csv", counts(steady(9, 99, 100)))
    command = [BINARY, "slo", "replay", spec, "--input", rows, "--output", "json"]
    piped = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    assert f"Payé {chr(int(mark, 16))}" in piped.decode()
    leader, follower = pty.openpty()
    with subprocess.Popen(command, stdout=follower) as process:
        os.close(follower)
        seen = b""
        try:
            while more := os.read(leader, 65536):
                seen += more
        except OSError:  # how a terminal ends
            pass
    os.close(leader)
    assert process.returncode == 0
    assert seen.isascii() and json.loads(seen) == json.loads(piped)
