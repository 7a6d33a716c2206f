# SPDX-License-Identifier: Apache-2.0
"""What measuring needs: each need taken away by itself, and the backend that follows."""

import json
import os
import re

import pytest

import troth
from actors import always_ok, serve
from troth import Check, run
from wire import GET, connect

pytestmark = pytest.mark.any_backend

# The test knows which backend rests on what; the table has to say the same.
SOCKET = ["tracepoint sock_recv_length", "tracepoint sock_send_length", "tracepoint sk_data_ready"]
SYSCALL = ["tracepoint sys_exit", "tracepoint tcp_probe", "bpf_for_each_map_elem()",
           "iterator bpf_map_elem", "lockdown"]
COMMON = ["capabilities", "BTF", "bpf()", "tracepoint inet_sock_set_state",
          "tracepoint tcp_destroy_sock", "tracepoint tcp_retransmit_skb", "program load (tp_btf)",
          "compare-and-swap", "bpf_task_pt_regs()", "sk_storage", "iterator bpf_sk_storage_map"]
OPTIONAL = ["iterator task_file", "BPF JIT", "kernel memory", "CAP_SYS_PTRACE", "cgroup v2",
            "pinning"]


def without(*rows):
    return os.environ | {"TROTH_WITHOUT": ",".join(rows)}


def doctor(*rows):
    """Exit code, document, its rows by name."""
    done = run("doctor", "--output", "json", env=without(*rows))
    assert done.stderr == ""
    document = json.loads(done.stdout)
    return done.returncode, document, {c["name"]: c for c in document["checks"]}


def check(*args, lacking):
    return run("check", "-d", "1ms", "--port", "1", *args, env=without(*lacking))


def one_line(text):
    lines = text.splitlines()
    assert len(lines) == 1, f"expected one line on stderr:\n{text}"
    return lines[0]


@pytest.fixture(scope="module")
def here():
    """The states of this machine as it is; the socket backend works."""
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (6, 3):
        pytest.skip("the socket backend needs kernel 6.3 or later")
    code, document, rows = doctor()
    assert (code, document["backend"]) == (0, "socket"), document
    return {name: row["state"] for name, row in rows.items()}


def test_every_row_is_taken_away_by_one_of_these_tests(here):
    assert set(here) - {"backend"} == set(SOCKET + SYSCALL + COMMON + OPTIONAL)


@pytest.mark.parametrize("row, state, backend", [
    *((row, "degraded", "syscall") for row in SOCKET),
    *((row, "degraded", "socket") for row in SYSCALL),
    *((row, "missing", None) for row in COMMON),
    *((row, "degraded", "socket") for row in OPTIONAL),
])
def test_one_row_taken_away_is_the_one_row_that_changes(here, row, state, backend):
    code, document, rows = doctor(row)
    assert (code, document["backend"]) == (0 if backend else 3, backend), document
    expected = here | {row: state} | ({} if backend else {"backend": "missing"})
    assert {name: r["state"] for name, r in rows.items()} == expected
    assert "TROTH_WITHOUT" in rows[row]["detail"], rows[row]
    assert len(rows[row]["detail"].split(": ", 1)[1]) > 10, "what is lost is not said"
    assert len(rows[row]["remedy"] or "") > 10, rows[row]


def test_doctor_says_what_measuring_by_system_calls_costs():
    _, _, rows = doctor(SOCKET[0])
    assert "every system call" in rows[SOCKET[0]]["detail"]
    assert "syscall" in rows["backend"]["detail"]


def test_what_only_one_backend_needs_is_missing_only_where_the_other_lacks_something_too():
    _, document, rows = doctor(SOCKET[2], SYSCALL[0])
    assert document["backend"] is None
    assert (rows[SOCKET[2]]["state"], rows[SYSCALL[0]]["state"]) == ("missing", "missing")
    _, document, rows = doctor(SOCKET[2], COMMON[1])
    assert document["backend"] is None
    assert (rows[SOCKET[2]]["state"], rows[COMMON[1]]["state"]) == ("degraded", "missing")


@pytest.mark.parametrize("row", COMMON)
def test_check_names_the_need_that_no_backend_has(row):
    done = check(lacking=[row])
    assert (done.returncode, done.stdout) == (3, "")
    assert row in one_line(done.stderr)


@pytest.mark.parametrize("backend, row", [*(("socket", row) for row in SOCKET + COMMON[:2]),
                                          *(("syscall", row) for row in SYSCALL + COMMON[:2])])
def test_a_backend_asked_for_by_name_is_not_replaced(backend, row):
    done = check("--backend", backend, lacking=[row])
    assert (done.returncode, done.stdout) == (3, "")
    line = one_line(done.stderr)
    assert row in line and f"{backend} backend" in line, line


@pytest.mark.parametrize("row", SYSCALL + OPTIONAL)
def test_what_socket_does_not_need_does_not_hinder_it(row):
    done = run("check", "-d", "1ms", "--output", "json", env=without(row))
    assert json.loads(done.stdout)["host"]["backend"] == "socket", done.stderr


@pytest.mark.parametrize("row", SOCKET)
def test_auto_measures_by_system_calls_without_the_socket_tracepoints(monkeypatch, row):
    monkeypatch.setenv("TROTH_WITHOUT", row)
    monkeypatch.setattr(troth, "BACKEND", "auto")
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(GET, GET)
    assert check.json["host"]["backend"] == "syscall"
    check.both(server.port, ok=2)


@pytest.mark.parametrize("command", ["check", "doctor", "run", "detach"])
def test_a_row_that_there_is_not_cannot_be_taken_away(tmp_path, command):
    directories = () if command in ("check", "doctor") else (
        "--state-dir", tmp_path / "state", "--pin-dir", tmp_path / "pins")
    done = run(command, *map(str, directories), env=without("BTF", "no such row"))
    assert (done.returncode, done.stdout) == (2, ""), done
    assert not list(tmp_path.iterdir()), "nothing had begun"
    assert "no such row" in one_line(done.stderr)
