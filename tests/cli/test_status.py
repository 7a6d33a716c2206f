# SPDX-License-Identifier: Apache-2.0
"""`troth status`: one screen, one document, exit codes; and the API that it and others read."""

import contextlib
import json
import os
import signal
import socket
import threading

import pytest

import slo
import web


@pytest.fixture(name="state")
def state_directory(tmp_path):
    d = tmp_path / "state"
    d.mkdir()
    return d


@pytest.fixture(name="server")
def one_server(state):
    with web.driver("--unix", state / "troth.sock") as d:
        yield d


def status(state, *more):
    return slo.run("status", "--state-dir", state, *more)


def test_one_screen_says_what_matters_worst_first(server, state):
    done = status(state)
    assert done.returncode == 1 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100
    assert "web-1" in lines[0] and lines[1].startswith("measuring")
    text = done.stdout
    wanted = ["coverage 99.95 %", "6 lost", "ALERTS", "checkout/all", "Paying works",
              "1 missed  2 kept", "MISSED     checkout/all", "96 % of 99.9 %",
              "20 % of the budget is left", "svc-2:8002", "3,021 requests", "45 failed"]
    at = [text.find(w) for w in wanted]
    assert -1 not in at, [w for w, i in zip(wanted, at) if i < 0]
    assert at == sorted(at)
    assert server.process.poll() is None


def test_the_document_has_all_of_it(server, state):
    done = status(state, "--output", "json")
    assert done.returncode == 1
    o = json.loads(done.stdout)
    served = json.loads(server.get("/api/v1/status")[2])
    assert {**o, "at": None} == {**served, "at": None}  # ticks go on
    assert o["schema"] == "troth.status/1" and o["ready"] is True
    assert o["measurement"]["lost"] == 6 and o["measurement"]["coverage"] == 0.9995
    assert [s["objective"] for s in o["slos"]] == ["all", "*", "most"]
    assert o["slos"][0]["alerts"][0]["severity"] == "page"
    assert [s["name"] for s in o["services"]] == ["svc-2:8002", "svc-1:8001", "svc-0:8000"]
    assert o["n_services"] == 3
    assert o["reload"] == {"at": None, "error": None}


def test_what_is_wrong_comes_first_and_is_exit_3(server, state):
    server.signal(signal.SIGUSR1)
    done = status(state)
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    assert lines[1].startswith("NOT READY") and "disk full" in "".join(lines[2:4])


def test_a_daemon_that_cannot_say_is_exit_3(server, state):
    server.signal(signal.SIGUSR2)
    done = status(state)
    assert done.returncode == 3 and done.stdout == ""
    assert "HTTP 503" in slo.one_line(done.stderr)


def test_without_a_daemon_it_is_one_line_and_exit_3(state):
    for _ in range(2):
        done = status(state)
        assert done.returncode == 3 and done.stdout == ""
        line = slo.one_line(done.stderr)
        assert "troth run" in line and str(state) in line
        # Now with a socket that nobody listens on.
        with socket.socket(socket.AF_UNIX) as s, contextlib.suppress(OSError):
            s.bind(str(state / "troth.sock"))


def test_somebody_else_behind_the_socket_is_no_daemon(state):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(state / "troth.sock"))
        listener.listen()

        def impostor():
            s, _ = listener.accept()
            with s:
                s.recv(1000)
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\x1b[2J")

        thread = threading.Thread(target=impostor)
        thread.start()
        done = status(state)
        thread.join()
    assert done.returncode == 3 and "\x1b" not in done.stdout + done.stderr
    assert "no troth" in slo.one_line(done.stderr)


def test_silence_behind_the_socket_ends_after_a_while(state):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(state / "troth.sock"))
        listener.listen()
        done = status(state)
    assert done.returncode == 3 and "did not answer" in slo.one_line(done.stderr)


def test_a_directory_with_too_long_a_name_is_usage():
    done = slo.run("status", "--state-dir", "/" + "d" * 150)
    assert "shorter" in slo.refused(done)


def test_who_may_not_ask_is_told_whom_to_be(server, state):
    assert server.process.poll() is None
    (state / "troth.sock").chmod(0)
    if os.geteuid():
        done = status(state)
        assert done.returncode == 3 and "permission denied" in slo.one_line(done.stderr)
        return
    for d in [state, *state.parents[:3]]:  # root may always: ask as somebody else
        d.chmod(0o755)
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            done = status(state)
            code = not (done.returncode == 3 and "permission denied" in done.stderr)
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_services_are_as_in_check(server):
    o = json.loads(server.get("/api/v1/services")[2])
    assert o["schema"] == "troth.services/1"
    assert set(o) == {"schema", "began", "at", "host", "measurement", "services"}
    assert o["began"] == "2026-01-30T19:06:40Z" and o["host"]["backend"] == "socket"
    first = o["services"][0]
    assert set(first) == {"name", "role", "protocol", "identity", "peer", "exchanges", "latency_s",
                          "parts_s", "connections", "bytes", "routes", "slos"}
    assert first["name"] == "svc-0:8000" and first["routes"] == []
    assert first["exchanges"] == {
        "total": 1007, "ok": 960, "client_error": 25, "server_error": 10, "no_response": 5,
        "aborted": 7, "unknown": 0, "in_flight": 2, "streamed": 0, "coalesced": 0}
    assert first["latency_s"]["mean"] == 0.003875
    assert [s["name"] for s in first["slos"]] == ["checkout/most", "checkout/all"]
    assert first["slos"][0] == {
        "name": "checkout/most", "indicator": "latency", "target": 0.95, "good": 960, "total": 1000,
        "sli": 0.96, "exact": True, "met": True, "part": "duration", "max_s": 0.1,
        "budget": {"allowed": 50, "spent": 40, "remaining_ratio": 0.2}}
    assert first["slos"][1]["exact"] is False and first["slos"][1]["met"] is False
    assert [s["slos"] for s in o["services"][1:]] == [[], []]


def test_objectives_are_as_in_replay(server):
    o = json.loads(server.get("/api/v1/slos")[2])
    assert o["schema"] == "troth.slo/1" and o["at"] == "2026-01-31T12:00:00Z"
    assert [s["objective"] for s in o["slos"]] == ["most", "all", "*"]
    assert o["slos"][0]["budget"]["remaining_ratio"] == 0.2
    assert o["slos"][0]["burn"][1] == {"window_s": 300, "rate": None}
    assert o["slos"][1]["alerts"][0]["firing"] is True


def test_ten_thousand_services_are_one_document():
    with web.plain_driver("--services", 10000) as d:
        body = d.get("/api/v1/services", timeout=20)[2]
        services = json.loads(body)["services"]
        assert len(services) == 10000
        assert services[9999]["exchanges"]["total"] == 1007 * 10000
        assert len({s["name"] for s in services}) == 10000
        d.wait_tick()
        d.assert_on_time()
