# SPDX-License-Identifier: Apache-2.0
"""What it takes to start and to give up: users, their files, capabilities, the file system of the unit."""

import os
import pwd
import re
import subprocess

import pytest

from privilege import KEPT, OTHER, place, server_of_another_user  # noqa: F401
from troth import ROOT, status_of
from wire import talk

pytestmark = pytest.mark.any_backend


def test_links_to_what_is_not_in_the_directory_are_not_given_away(place):
    secret = place.root / "secret"
    secret.write_text("root's")
    os.link(secret, place.state / "hard")
    os.symlink(secret, place.state / "soft")
    other = place.root / "directory"
    other.mkdir()
    (other / "inside").write_text("root's")
    os.symlink(other, place.state / "elsewhere")
    place.drive(str(OTHER)).ready()
    assert secret.stat().st_uid == 0
    assert (other / "inside").stat().st_uid == other.stat().st_uid == 0
    assert (place.state / "driver.db").stat().st_uid == OTHER


def test_root_takes_back_what_another_user_owned(place):
    place.drive(str(OTHER)).ready().end()
    for path in place.pins.rglob("*"):
        if path.name == "map":
            path.unlink()
    assert place.state.stat().st_uid == OTHER
    driver = place.drive().ready()
    assert driver.does("record").startswith("20000 rows")
    assert {p.stat().st_uid for p in [place.state, *place.state.iterdir()]} == {0}


@pytest.mark.parametrize("user, what", [
    ("no-such-user-of-troth", "there is no user 'no-such-user-of-troth'"),
    ("99999999999", "there is no user '99999999999'"),
    ("4294967295", "there is no user '4294967295'"),
    ("1000:", "there is no user '1000:'"),
    ("1000:x", "there is no user '1000:x'"),
])
def test_a_user_that_is_none_is_said_in_one_line(place, user, what):
    name, verdict, detail = place.drive(user).line()
    assert (name, verdict) == ("prepare", "FAILED")
    assert detail.startswith(what)


def test_a_group_of_ones_own(place):
    driver = place.drive(f"{OTHER}:{OTHER - 1}").ready()
    status = status_of(driver.process.pid)
    assert status["Uid"] == [str(OTHER)] * 4
    assert status["Gid"] == [str(OTHER - 1)] * 4


@pytest.mark.parametrize("by", ["name", "number"])
def test_a_user_that_there_is_has_its_groups(place, by):
    """nobody is there on every machine; what id(1) says is the truth."""
    want = subprocess.run(["id", "-G", "nobody"], capture_output=True, text=True, check=True)
    driver = place.drive("nobody" if by == "name" else str(pwd.getpwnam("nobody").pw_uid)).ready()
    status = status_of(driver.process.pid)
    assert sorted(status["Groups"]) == sorted(want.stdout.split())
    assert driver.does("record").startswith("20000 rows")


def test_directories_out_of_the_users_reach_are_said_at_once(place):
    place.root.chmod(0o711)
    closed = place.root / "closed"
    closed.mkdir(mode=0o700)
    place.state = closed / "state"
    place.state.mkdir()
    name, verdict, detail = place.drive(str(OTHER)).line()
    assert (name, verdict) == ("drop", "FAILED")
    assert detail.startswith(f"uid {OTHER} cannot use {place.state}: Permission denied")


def bounded(*capabilities):
    return ["setpriv", "--bounding-set=-all" + "".join(f",+{c}" for c in capabilities)]


def test_without_the_right_to_give_up_nothing_starts(place):
    driver = place.drive(before=bounded("bpf", "perfmon", "sys_ptrace"))
    name, verdict, detail = driver.line()
    assert (name, verdict) == ("prepare", "FAILED")
    assert "CAP_SETPCAP" in detail


def test_four_capabilities_are_enough_to_start_as_root(place):
    with server_of_another_user() as (port, exe):
        driver = place.drive(before=bounded("bpf", "perfmon", "sys_ptrace", "setpcap")).ready()
        talk(port, 2)
        driver.counts(port, 2, exe)
        driver.does("pins")
        driver.does("record")


def test_three_are_enough_where_another_user_starts_it(place):
    """As with User= and AmbientCapabilities= in a unit."""
    for path in (place.state, place.pins):
        os.chown(path, OTHER, OTHER)
    kept = "-all,+bpf,+perfmon,+sys_ptrace"
    driver = place.drive(commands=True, before=[
        "setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups",
        f"--inh-caps={kept}", f"--ambient-caps={kept}"]).ready()
    status = status_of(driver.process.pid)
    assert int(status["CapEff"][0], 16) == KEPT
    assert status["CapAmb"] == status["CapInh"] == ["0" * 16]
    script = place.root / "command"
    script.write_text("#!/bin/sh\nexec cat /proc/self/status\n")
    script.chmod(0o755)
    said = driver.does(f"command {script}").split()
    assert {said[said.index(f"{name}:") + 1] for name in ("CapPrm", "CapEff")} == {"0" * 16}
    with server_of_another_user() as (port, exe):
        talk(port, 2)
        driver.counts(port, 2, exe)


TEMPTING = ("/proc/sys/kernel/core_pattern", "/proc/1/mem", "/etc/passwd", "/sys/kernel/rcu_expedited")


@pytest.mark.parametrize("user, errno", [("", "0"), (str(OTHER), "EACCES")],
                         ids=["root", "another user"])
def test_what_belongs_to_root_only_another_user_cannot_write(place, user, errno):
    """Without the unit: why docs/operating.md asks for another user there."""
    assert place.drive(user).ready().does("write /proc/sys/kernel/core_pattern") == errno


def in_a_file_system_like_the_units(place, *, pins_written=True):
    """ProtectSystem=strict, ReadOnlyPaths= and ReadWritePaths=/sys/fs/bpf, by mounts of our own: also
    where no systemd can run. test_systemd.py has the unit itself."""
    read_only = ["mount -o remount,bind,ro /", "mount -o remount,bind,ro /sys",
                 "mount -o remount,bind,ro /proc"]
    if not pins_written:  # what ProtectKernelTunables=yes does to all below /sys
        read_only += ["mount --bind /sys/fs/bpf /sys/fs/bpf",
                      "mount -o remount,bind,ro /sys/fs/bpf"]
    return ["unshare", "--mount", "--propagation=private", "setpriv",
            "--bounding-set=-all,+bpf,+perfmon,+sys_ptrace,+setpcap,+sys_admin", "sh", "-ec",
            f"mount --bind {place.state} {place.state}; {'; '.join(read_only)}; exec \"$@\"", "sh"]


def test_it_works_in_the_file_system_that_the_unit_leaves(place):
    with server_of_another_user() as (port, exe):
        driver = place.drive(before=in_a_file_system_like_the_units(place)).ready()
        talk(port, 2)
        driver.counts(port, 2, exe)
        driver.does("pins")
        driver.does("record")
        driver.does("wait")
        for path in TEMPTING:
            assert driver.does(f"write {path}") == "EROFS"
        assert driver.does(f"fetch http://localhost:{port}/") == "200"
    assert (place.pins / "inner/map").exists()  # seen from outside: the next start finds it


def test_protected_kernel_tunables_would_forbid_pinning(place):
    """Why the unit does not have them."""
    before = in_a_file_system_like_the_units(place, pins_written=False)
    name, verdict, detail = place.drive(before=before).line()
    assert (name, verdict, detail) == ("pin", "FAILED", "Read-only file system")
    assert not list(place.pins.iterdir())


def with_a_bpffs(mode):
    """As systemd mounts it (0700), or as the drop-in of docs/operating.md leaves it (0711)."""
    return ["unshare", "--mount", "--propagation=private", *bounded(
        "bpf", "perfmon", "sys_ptrace", "setpcap", "sys_admin", "setuid", "setgid", "chown",
        "dac_override"), "sh", "-ec", f"mount -t bpf -o mode={mode} bpf /sys/fs/bpf; "
        "mkdir -m 700 \"$3\"; exec \"$@\"", "sh"]


def test_another_user_starts_with_the_capabilities_of_the_docs(place):
    text = (ROOT / "docs/operating.md").read_text()
    unit = (ROOT / "deploy/systemd/troth.service").read_text()
    stated = {c.removeprefix("CAP_").lower() for line in re.findall(
        r"^CapabilityBoundingSet=(.*)$", text + unit, re.M) for c in line.split()}
    arguments = with_a_bpffs("0711")
    assert f"--bounding-set=-all,+{',+'.join(stated)}".count("+") == arguments[4].count("+")
    assert all(f"+{c}" in arguments[4] for c in stated), (stated, arguments[4])
    with server_of_another_user() as (port, exe):
        for i in range(2):  # a restart finds what the first one has given away
            driver = place.drive(str(OTHER), before=arguments).ready()
            talk(port, 2)
            driver.counts(port, 2, exe)
            driver.does("pins")
            driver.does("record") if i == 0 else driver.does("wait")
            driver.end()
    assert (place.state / "driver.db").stat().st_uid == OTHER


def test_a_bpffs_that_is_closed_to_the_user_is_said_at_once(place):
    name, verdict, detail = place.drive(str(OTHER), before=with_a_bpffs("0700")).line()
    assert (name, verdict) == ("drop", "FAILED")
    assert detail.startswith(f"uid {OTHER} cannot use {place.pins}: Permission denied")
