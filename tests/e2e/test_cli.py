# SPDX-License-Identifier: Apache-2.0
"""The command line: exit codes, one clear line for what is wrong, nothing left behind."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

import troth
from actors import always_ok, answers, serve
from troth import Check, run
from wire import GET, connect, free_port, response


def one_line(text):
    lines = text.replace("ready\n", "").splitlines()
    assert len(lines) == 1, f"expected one line on stderr:\n{text}"
    return lines[0]


# Bad usage: 2


@pytest.mark.any_backend
@pytest.mark.parametrize("args", [
    ["check", "--no-such-flag"],
    ["check", "-z"],
    ["check", "-d", "0"],
    ["check", "-d", "0s"],
    ["check", "-d", "-1s"],
    ["check", "-d", "soon"],
    ["check", "-d", "10x"],
    ["check", "-d", "99999999999999999999h"],
    ["check", "-d", "9999999h"],
    ["check", "-d", ""],
    ["check", "-d"],
    ["check", "--port", "0"],
    ["check", "--port", "65536"],
    ["check", "--port", "-1"],
    ["check", "--port", "http"],
    ["check", "--role", "nobody"],
    ["check", "--output", "xml"],
    ["check", "--backend", "magic"],
    ["check", "unexpected"],
    ["doctor", "--no-such-flag"],
    ["doctor", "--output", "xml"],
    ["no-such-command"],
    ["help", "no-such-command"],
    ["--no-such-flag"],
], ids=" ".join)
def test_bad_usage_is_said_in_one_line(args):
    done = run(*args)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert one_line(done.stderr).startswith("troth"), done.stderr


@pytest.mark.any_backend
def test_bad_usage_names_what_was_wrong():
    assert "--no-such-flag" in run("check", "--no-such-flag").stderr
    assert "65536" in run("check", "--port", "65536").stderr


# Help


@pytest.mark.any_backend
@pytest.mark.parametrize("args", [["help"], ["--help"], ["-h"]], ids=" ".join)
def test_help_lists_the_commands(args):
    done = run(*args)
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("check", "doctor", "help"):
        assert re.search(rf"^\s+{command}\b", done.stdout, re.M), done.stdout


@pytest.mark.any_backend
@pytest.mark.parametrize("args", [["help", "check"], ["check", "--help"], ["check", "-h"]],
                         ids=" ".join)
def test_help_lists_the_options_of_a_command(args):
    done = run(*args)
    assert (done.returncode, done.stderr) == (0, "")
    for option in ("--duration", "--file", "--backend", "--output", "--demo", "--port", "--role"):
        assert option in done.stdout, done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.any_backend
def test_version_is_one_line():
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"troth \d+\.\d+\S*\n", done.stdout), done.stdout


# Results: 0, 1, 4


@pytest.mark.parametrize("status, code", [(200, 0), (404, 0), (500, 1)])
def test_the_exit_code_is_the_verdict(status, code):
    with serve(answers(response(status))) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET)
    assert check.code == code, check.explained()
    assert {slo["met"] for s in check.json["services"] for slo in s["slos"]} == \
        {code == 0}


@pytest.mark.any_backend
def test_a_port_without_a_listener_is_nothing_to_judge():
    port = free_port()
    done = run("check", "--port", port, "-d", "200ms")
    assert done.returncode == 4, done
    assert str(port) in one_line(done.stderr), done.stderr


@pytest.mark.any_backend
def test_a_listener_that_nobody_calls_is_nothing_to_judge():
    with serve(always_ok) as server:
        done = run("check", "--port", server.port, "-d", "200ms", "--output", "json")
    assert done.returncode == 4, done
    one_line(done.stderr)
    assert json.loads(done.stdout)["measurement"]["exchanges"] == 0


def test_only_the_role_asked_for_is_listed():
    with serve(always_ok) as server, connect(server) as client:
        for role in ("server", "client"):
            with Check(server.port, args=["--role", role]) as check:
                client.ask(*[GET] * 3)
            assert [s["role"] for s in check.json["services"]] == [role], check.explained()
            check.one(role, server.port).counts(ok=3)


def test_ports_asked_for_are_the_only_ones_listed():
    with serve(always_ok) as one, serve(always_ok) as two, serve(always_ok) as three, \
            Check(one.port, three.port) as check:
        for server in (one, two, three):
            with connect(server) as client:
                client.ask(GET)
    check.both(one.port, ok=1)
    check.both(three.port, ok=1)
    assert len(check.json["services"]) == 4, check.explained()


def test_without_a_port_everything_is_listed():
    with serve(always_ok) as one, serve(always_ok) as two, Check() as check:
        for server in (one, two):
            with connect(server) as client:
                client.ask(GET, GET)
    check.both(one.port, ok=2)
    check.both(two.port, ok=2)


# Endings


def test_a_check_ends_by_itself_after_its_duration():
    with serve(always_ok) as server:
        check = Check(server.port, duration="3s").start()
        with connect(server) as client:
            client.ask(GET)
        check.stop(signum=None)
    check.both(server.port, ok=1)
    assert check.code == 0
    assert 2.99 <= check.json["duration_s"] < 3.5, check.explained()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("status, code", [(200, 0), (500, 1)])
def test_a_signal_ends_the_measurement_and_the_result_is_printed(signum, status, code):
    with serve(answers(response(status))) as server:
        check = Check(server.port).start()
        with connect(server) as client:
            client.ask(GET)
        time.sleep(0.2)
        check.stop(signum)
    assert check.code == code, check.explained()
    assert check.server(server.port)["exchanges"]["total"] == 1
    assert 0.15 < check.json["duration_s"] < 5, check.explained()


@pytest.mark.any_backend
def test_a_signal_before_ready_leaves_nothing_behind():
    held = set()
    for delay_s in (0, 0.05, 0.1, 0.2, 0.3):
        # A shell's job in the background is born deaf to SIGINT, and so would this one be.
        process = subprocess.Popen(
            [troth.BINARY, "check", "--port", "1"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        time.sleep(delay_s)
        held |= troth.programs_of(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in (0, 1, 4, -signal.SIGINT)
    troth.assert_gone(held)


def test_a_killed_check_leaves_nothing_attached():
    with serve(always_ok) as server:
        check = Check(server.port).start()
        with connect(server) as client:
            client.ask(GET)
        assert check.programs
        os.kill(check.process.pid, signal.SIGKILL)
        check.process.wait()
        troth.assert_gone(check.programs)
        with Check(server.port) as again, connect(server) as client:
            client.ask(GET, GET)
    again.both(server.port, ok=2)


def test_two_checks_at_once_are_both_exact():
    with serve(always_ok) as server, Check(server.port) as early:
        with connect(server) as client:
            client.ask(*[GET] * 10)
            with Check(server.port) as late:
                client.ask(*[GET] * 20)
            client.ask(*[GET] * 5)
    early.both(server.port, ok=35)
    late.both(server.port, ok=20)


@pytest.mark.any_backend
@pytest.mark.parametrize("redirect", [">&-", "| true", ">/dev/full"])
@pytest.mark.parametrize("output", ["text", "json"])
def test_a_result_that_cannot_be_written_is_said_in_one_line(output, redirect):
    """At once where that is known at once."""
    with serve(always_ok) as server, connect(server) as client:
        script = (f'set -o pipefail; "$0" check --output {output} --port {server.port} '
                  f'-d 1500ms {redirect}')
        process = subprocess.Popen(["bash", "-c", script, troth.BINARY], text=True,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL)
        first = process.stderr.readline()
        client.ask(GET)
        _, errors = process.communicate(timeout=20)
    assert 0 < process.returncode < 128, (process.returncode, first, errors)
    one_line(first + errors)


# No privilege: 3


@pytest.fixture(scope="module")
def readable_binary():
    """Where nobody may run it."""
    directory = tempfile.mkdtemp(prefix="troth-e2e-")
    os.chmod(directory, 0o755)
    shutil.copy(troth.BINARY, directory)
    yield os.path.join(directory, os.path.basename(troth.BINARY))
    shutil.rmtree(directory)


def as_nobody(binary, *args):
    return subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                           binary, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20)


@pytest.mark.any_backend
@pytest.mark.parametrize("args", [["-d", "1s"], ["--demo"], ["--output", "json"]], ids=" ".join)
def test_without_privilege_check_says_what_is_missing(readable_binary, args):
    done = as_nobody(readable_binary, "check", *args)
    assert done.returncode == 3, done
    assert done.stdout == ""
    assert re.search("root|sudo|CAP_|capabilit", one_line(done.stderr)), done.stderr


@pytest.mark.any_backend
def test_without_privilege_doctor_says_what_is_missing(readable_binary):
    done = as_nobody(readable_binary, "doctor", "--output", "json")
    assert done.returncode == 3, done
    document = json.loads(done.stdout)
    missing = [c for c in document["checks"] if c["state"] == "missing"]
    assert missing and all(c["remedy"] for c in missing), document
    assert document["backend"] is None


@pytest.mark.any_backend
def test_two_capabilities_are_enough():
    with serve(always_ok) as server, connect(server) as client:
        process = subprocess.Popen(["setpriv", "--bounding-set", "-all,+bpf,+perfmon",
                                    troth.BINARY, "check", "--output", "json", "--port",
                                    str(server.port), "-d", "1500ms"], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        first = process.stderr.readline()
        client.ask(GET)
        out, errors = process.communicate(timeout=20)
    assert (first, process.returncode) == ("ready\n", 0), first + errors + out
    for service in json.loads(out)["services"]:
        assert service["exchanges"]["ok"] == 1, out


# doctor


@pytest.mark.any_backend
def test_doctor_says_that_check_works_here():
    done = run("doctor", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == "troth.doctor/1"
    assert document["backend"] in ("socket", "syscall")
    assert len(document["checks"]) >= 8
    for check in document["checks"]:
        assert set(check) >= {"name", "state", "detail", "remedy"}
        assert check["state"] in ("ok", "degraded", "missing")
        assert check["state"] == "ok" or check["remedy"], check
    text = " ".join(c["name"] for c in document["checks"]).lower()
    for need in ("btf", "tracepoint", "sk_storage", "pin", "cap", "lockdown", "cgroup", "backend"):
        assert need in text, f"{need} is not among {text}"


@pytest.mark.any_backend
def test_doctors_text_has_a_row_for_each_check():
    rows = json.loads(run("doctor", "--output", "json").stdout)["checks"]
    done = run("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    for row in rows:
        assert re.search(rf"\b{row['state']}\b.*{re.escape(row['name'])}"
                         rf"|{re.escape(row['name'])}.*\b{row['state']}\b", done.stdout), row
    assert max(map(len, done.stdout.splitlines())) <= 100


# The demo


@pytest.mark.any_backend
def test_the_demo_measures_itself_through_the_kernel():
    done = run("check", "--demo", "--output", "json")
    assert done.returncode in (0, 1), done
    document = json.loads(done.stdout)
    (server,) = [s for s in document["services"] if s["role"] == "server"]
    assert server["exchanges"]["total"] > 0 and server["exchanges"]["server_error"] > 0
    assert document["measurement"]["lost"] == 0
    met = {slo["met"] for s in document["services"] for slo in s["slos"]}
    assert done.returncode == (1 if False in met else 0)


@pytest.mark.any_backend
def test_the_demo_prints_a_table():
    done = run("check", "--demo")
    assert done.returncode in (0, 1), done
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100, done.stdout
