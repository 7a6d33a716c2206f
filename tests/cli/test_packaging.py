# SPDX-License-Identifier: Apache-2.0
"""What `make install` puts where, and the systemd unit: valid, hardened as far as the docs say."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy/systemd/troth.service"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(["make", "-C", ROOT, "install", f"PREFIX={prefix}"], check=True,
                   capture_output=True, timeout=300)
    return prefix


def fields(unit):
    """KEY -> its values, one a line."""
    seen = {}
    for line in unit.read_text().splitlines():
        if "=" in line and line[0] not in "#[":
            key, _, value = line.partition("=")
            seen.setdefault(key, []).append(value)
    return seen


def exposure(unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
                          capture_output=True, text=True, timeout=60)
    return float(re.search(r"exposure level for troth.service: ([0-9.]+) ", done.stdout)[1])


def test_the_program_the_unit_and_every_manual_page_are_installed(installed):
    troth = installed / "sbin/troth"
    said = subprocess.run([troth, "--version"], capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said
    pages = {p.name for p in (installed / "share/man").glob("man?/*")}
    assert pages == {p.name for p in (ROOT / "docs/man").glob("*.[1-9]")}
    assert fields(installed / "lib/systemd/system/troth.service")["ExecStart"] == [f"{troth} run"]


def test_with_a_destdir_paths_are_those_of_later(tmp_path):
    subprocess.run(["make", "-C", ROOT, "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/troth"],
                   check=True, capture_output=True, timeout=300)
    unit = tmp_path / "opt/troth/lib/systemd/system/troth.service"
    assert fields(unit)["ExecStart"] == ["/opt/troth/sbin/troth run"]
    assert os.access(tmp_path / "opt/troth/sbin/troth", os.X_OK)


def test_systemd_finds_nothing_wrong_with_the_unit(installed):
    done = subprocess.run(["systemd-analyze", "verify", "--man=no",
                           installed / "lib/systemd/system/troth.service"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "troth" not in done.stderr, done.stderr


def test_systemd_would_find_a_mistake(installed, tmp_path):
    """The same with a setting that there is not: so the test above can fail."""
    text = (installed / "lib/systemd/system/troth.service").read_text()
    (tmp_path / "troth.service").write_text(text.replace("[Service]", "[Service]\nWatchdog=soon"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "troth.service"],
                          capture_output=True, text=True, timeout=60)
    assert "Watchdog" in done.stderr, done


def test_the_unit_is_as_hardened_as_the_docs_say():
    """Lower is better. systemd adds checks with its versions: a step of 0.2 is not ours."""
    stated = float(re.search(r"exposure level of \*\*([0-9.]+)\*\*",
                             (ROOT / "docs/operating.md").read_text())[1])
    seen = exposure(UNIT)
    version = int(re.search(r"systemd (\d+)", subprocess.run(
        ["systemd-analyze", "--version"], capture_output=True, text=True).stdout)[1])
    assert seen <= stated + (0.2 if version > 252 else 0), f"{seen}, and the docs say {stated}"


def test_without_its_settings_a_unit_is_worse(tmp_path):
    bare = tmp_path / "troth.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    assert exposure(bare) > 9


def test_what_stays_may_be_had_and_may_be_given_up():
    bounds = fields(UNIT)["CapabilityBoundingSet"][0].split()
    kept = re.search(r"kept\[\] = \{(.*?)\}", (ROOT / "user/daemon/privilege.c").read_text())[1]
    assert {c.strip() for c in kept.split(",")} | {"CAP_SETPCAP"} <= set(bounds)


def test_a_crash_and_an_upgrade_start_it_again_and_a_wrong_file_does_not():
    unit = fields(UNIT)
    assert unit["Restart"] == ["always"]
    assert unit["RestartPreventExitStatus"] == ["2 3"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert unit["Type"] == ["notify"]


@pytest.mark.parametrize("part", ["collect", "daemon", "store"])
def test_the_architecture_names_every_file_and_none_that_is_not_there(part):
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = {pathlib.Path(name).name for row in text.splitlines() if row.startswith("| `")
             for name in re.findall(r"`([\w/]+\.[ch])`", row.split("|")[1])}
    there = {path.name for path in (ROOT / "user" / part).glob("*.c")}
    assert there <= named, there - named
    everywhere = {path.name for path in [*ROOT.glob("user/**/*.[ch]"), *ROOT.glob("bpf/**/*.[ch]")]}
    assert named <= everywhere, named - everywhere
