# SPDX-License-Identifier: Apache-2.0
"""Commands that are told: without a shell, with the document on stdin, under a time limit."""

import json
import os
import stat
import time
from pathlib import Path

import pytest

from notifying import HANGS_S, Driver, Hooks, command, responsive, wait_for, webhook


@pytest.fixture
def script(tmp_path):
    def make(text, name="command"):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{text}\n")
        path.chmod(0o755)
        return path
    return make


def running(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_a_command_gets_the_document_on_its_stdin_and_a_small_environment(tmp_path, script):
    path = script("cat > body.new; env | sort > environment; ls /proc/self/fd > files; mv body.new body")
    with Driver(tmp_path, command(path), environment={"SECRET": "x"}) as driver:
        driver.changed(firing=False)
        driver.wait_done(1)
        told = json.loads((tmp_path / "body").read_text())
        assert (told["schema"], told["slo"], told["state"]) == \
            ("troth.notification/1", "checkout", "resolved")
        names = dict(line.split("=", 1) for line in
                     (tmp_path / "environment").read_text().splitlines())
        assert names.pop("PATH").startswith("/usr/local/sbin:")
        for of_the_shell in ("PWD", "OLDPWD", "_", "SHLVL"):
            names.pop(of_the_shell, None)
        assert names == {"TROTH_SLO": "checkout", "TROTH_STATE": "resolved",
                         "TROTH_SEVERITY": "page"}
        assert set((tmp_path / "files").read_text().split()) <= {"0", "1", "2", "3"}  # 3: ls itself
        assert driver.said() == [] and children(driver.process.pid) == []


def test_a_command_may_open_its_stdin_again(tmp_path, script):
    with Driver(tmp_path, command(script("cat /dev/stdin > body"))) as driver:
        driver.changed()
        driver.wait_done(1)
        assert json.loads((tmp_path / "body").read_text())["slo"] == "checkout"


def test_a_command_that_fails_is_run_again_and_its_first_line_is_said(tmp_path, script):
    path = script("echo x >> runs; [ $(wc -l < runs) -ge 3 ] && exit 0\n"
                  "printf 'pager is \\033[31mdown%0300d\\nsecond line\\n' 7; exit 3")
    with Driver(tmp_path, command(path)) as driver:
        driver.changed()
        driver.wait_done(1)
        line = driver.wait_said("exit code 3")
        assert "pager is ?[31mdown" in line and "second" not in line and len(line) < 300
        assert driver.counts()["counts"]["command"]["failed"] == 2
        driver.wait_said("delivers again")


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path, script):
    path = script("[ -e pids ] && exit 0\nsleep 1000 & echo $! $$ > pids.new; mv pids.new pids; wait")
    with Driver(tmp_path, command(path, timeout_s=HANGS_S)) as driver:
        driver.changed()
        driver.wait_said(f"was still running after {HANGS_S} s, and was killed")
        wait_for((tmp_path / "pids").exists)
        pids = (tmp_path / "pids").read_text().split()
        wait_for(lambda: not any(running(pid) for pid in pids))
        driver.wait_done(1)
        assert responsive(driver)


def test_a_command_that_ignores_its_stdin_holds_nothing_up(tmp_path, script):
    with Driver(tmp_path, command(script("exit 0"))) as driver:
        driver.changed(summary="x" * 500_000)  # no pipe holds as much
        driver.wait_done(1)
        assert driver.said() == []
        assert responsive(driver)


def test_a_command_that_never_stops_talking_holds_nothing_up(tmp_path, script):
    with Hooks() as hooks, Driver(tmp_path, command(script("yes chatter"), timeout_s=15),
                                  webhook(hooks)) as driver:
        driver.changed()
        hooks.wait(1, 12)
        assert '"chatter"' in driver.wait_said("was still running")
        assert responsive(driver)


def test_a_program_that_is_left_behind_is_not_waited_for(tmp_path, script):
    path = script("sleep 60 & echo $! > left")
    start = time.monotonic()
    with Driver(tmp_path, command(path, timeout_s=50)) as driver:
        driver.changed()
        driver.wait_done(1)
        assert time.monotonic() - start < 40
    os.kill(int((tmp_path / "left").read_text()), 9)


@pytest.mark.parametrize("what, why", (("missing", "No such file"), ("plain", "Permission denied")))
def test_a_command_that_cannot_be_run_is_a_failed_try(tmp_path, what, why):
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    (tmp_path / "plain").chmod(stat.S_IRUSR)
    with Driver(tmp_path, command(tmp_path / what)) as driver:
        driver.changed()
        line = driver.wait_said(f"cannot run {tmp_path / what}")
        assert why in line and driver.done() == []


def test_nothing_is_left_running_when_the_notifier_is_freed(tmp_path, script):
    path = script("echo $$ > pid.new; mv pid.new pid; sleep 1000")
    with Driver(tmp_path, command(path, timeout_s=100)) as driver:
        driver.changed()
        wait_for((tmp_path / "pid").exists)
        driver.end()
        assert not running((tmp_path / "pid").read_text().strip())
        assert len(list(driver.kept.iterdir())) == 1
