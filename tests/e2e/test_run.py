# SPDX-License-Identifier: Apache-2.0
"""`troth run`: every exchange is told once, whatever happens to the daemon."""

import contextlib
import random
import signal
import subprocess
import time

import pytest

from actors import answers, serve
from daemon import Daemon, running
from load import Load
from troth import Check, assert_gone, programs_of
from wire import GET, OK, connect, response, talk

SEED = int(time.time())


def test_what_happens_is_told_within_two_seconds():
    """Only where its own ticks were late, since the machine was busy, it may try again."""
    ok = 'troth_exchanges_total{service="%s",role="server",protocol="http",route="",outcome="ok"}'

    def told():
        name, metrics = (d.service(server.port) or {}).get("name"), d.metrics()
        return (d.counted(server.port), d.counted(server.port, "client"), metrics.get(ok % name),
                sum(s["exchanges"]["total"] for s in d.recorded(server.port)))

    with serve(answers(OK, response(503), OK)) as server, running() as d:
        for turn in range(1, 6):
            late = d.metrics()["troth_late_ticks_total"]
            talk(server.port, 3)
            time.sleep(2)
            counts = {"ok": 2 * turn, "server_error": turn}
            if (seen := told()) == (counts, counts, 2 * turn, 3 * turn):
                break
            assert turn < 5 and d.metrics()["troth_late_ticks_total"] > late, f"{seen}" + d.explained()


@pytest.mark.any_backend
def test_it_says_that_it_is_well():
    with running() as d:
        assert d.get("/healthz")[0] == 200
        assert d.get("/readyz")[0] == 200
        assert d.get("/nothing")[0] == 404


def test_an_orderly_end_takes_everything_out_and_exits_0():
    with running() as d:
        assert (d.state_dir / "troth.sock").is_socket()
        assert d.programs
        assert d.stop() == 0, d.explained()
        assert not d.pin_dir.exists()
        assert not (d.state_dir / "troth.sock").exists()
        assert_gone(d.programs)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_stop_and_start_add_up_and_what_lay_between_is_not_measured(signum):
    with serve(answers(OK)) as server, running() as d:
        talk(server.port, 5)
        d.stop(signum)
        name = {s["name"] for s in d.report()["services"]}
        talk(server.port, 7)
        d.start()
        d.counts(server.port, ok=5)
        talk(server.port, 2)
        d.counts(server.port, ok=7)
        assert {s["name"] for s in d.report()["services"]} >= name


def test_what_is_on_its_way_at_the_end_is_counted():
    """The answer is out, nothing says yet that it is over."""
    with serve(answers(OK)) as server, running() as d, connect(server.port) as wire:
        wire.send(GET)
        wire.response()
        d.stop()
        (row,) = d.recorded(server.port)
        assert row["exchanges"]["ok"] == 1


def test_with_linger_the_kernel_counts_on_and_the_next_start_tells_it():
    with serve(answers(OK)) as server, running("--on-stop", "linger") as d:
        loaded = set(d.programs)
        talk(server.port, 5)
        assert d.stop() == 0
        assert d.pin_dir.exists()
        talk(server.port, 7)
        d.start()
        d.counts(server.port, ok=12)
        assert programs_of(d.process.pid) == loaded, "nothing had to be loaded"


@pytest.mark.any_backend
def test_the_socket_of_a_killed_one_is_replaced_by_the_next():
    with running() as d:
        d.kill()
        assert (d.state_dir / "troth.sock").is_socket()
        assert d.troth("status").returncode == 3, "nobody listens"
        d.start()
        assert d.troth("status").returncode == 0
        assert d.stop() == 0
        assert not (d.state_dir / "troth.sock").exists()


def test_kill_9_loses_nothing_and_tells_nothing_twice():
    with serve(answers(OK)) as server, running() as d:
        talk(server.port, 5)
        d.counts(server.port, ok=5)
        d.kill()
        talk(server.port, 7)
        d.start()
        d.counts(server.port, ok=12)
        talk(server.port, 1)
        d.counts(server.port, ok=13)


@pytest.mark.limit_s(400)
def test_fifty_kills_under_load_add_up_to_the_clients_count():
    chance = random.Random(SEED)
    with serve(answers(OK)) as server, running() as d, Load(server.address, 4) as load:
        for _ in range(50):
            time.sleep(chance.uniform(0, 1.3))
            d.kill()
            time.sleep(chance.uniform(0, 0.4))
            d.start()
        asked = load.stop()
        print(f"seed {SEED}")
        d.counts(server.port, ok=asked)
        d.counts(server.port, "client", ok=asked)


@pytest.mark.any_backend
@pytest.mark.limit_s(240)
def test_killed_while_it_starts_for_the_first_time():
    """Whenever that is: the next start measures, and nothing is left over."""
    chance = random.Random(SEED)
    for _ in range(12):
        with serve(answers(OK)) as server, Daemon() as d:
            d.begin()
            time.sleep(chance.uniform(0, 0.9))
            d.kill()
            d.start()
            talk(server.port, 3)
            print(f"seed {SEED}")
            d.counts(server.port, ok=3)


def test_a_killed_service_keeps_its_name():
    with running() as d:
        with serve(answers(OK)) as server:
            talk(server.port, 3)
            d.counts(server.port, ok=3)
            name = d.service(server.port)["name"]
            d.kill()
        d.start()
        d.counts(server.port, ok=3)
        assert d.service(server.port)["name"] == name


CALLER = r"""
import socket, sys
for line in sys.stdin:
    with socket.create_connection(("127.0.0.1", int(line))) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        s.recv(4096)
    print("called", flush=True)
"""


@contextlib.contextmanager
def caller(script):
    """A process of the same program as others, under the name of its script."""
    script.write_text(CALLER)
    with subprocess.Popen(["/usr/bin/python3", script], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        def call(port):
            process.stdin.write(f"{port}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "called\n"

        yield call
        process.stdin.close()


@pytest.mark.any_backend
def test_a_client_keeps_its_name_whichever_of_its_processes_comes_first(tmp_path):
    """Service of a client: one program, one peer. Over an orderly stop, which leaves nothing in the kernel."""
    with caller(tmp_path / "early.py") as early, caller(tmp_path / "late.py") as late, \
            serve(answers(OK)) as server, running() as d:
        early(server.port)
        late(server.port)
        d.counts(server.port, "client", ok=2)
        name = d.service(server.port, "client")["name"]
        assert name.startswith("early.py->"), name
        d.stop()
        d.start()
        late(server.port)
        d.counts(server.port, "client", ok=3)
        assert d.service(server.port, "client")["name"] == name


@pytest.mark.any_backend
def test_one_daemon_a_state_directory():
    with running() as d, Daemon(state_dir=d.state_dir) as other:
        other.begin()
        assert other.process.wait(10) == 3
        assert str(d.process.pid) in other.log(), other.log()
        assert d.get("/readyz")[0] == 200


@pytest.mark.any_backend
def test_one_daemon_a_pin_directory():
    with running() as d, Daemon() as other:
        other.pin_dir = d.pin_dir
        other.begin()
        assert other.process.wait(10) == 3, other.log()
        assert d.get("/readyz")[0] == 200
        other.pin_dir = d.pin_dir.with_name(d.pin_dir.name + "-none")


def test_check_runs_beside_it():
    with serve(answers(OK)) as server, running() as d:
        with Check(server.port) as check:
            talk(server.port, 4)
        check.server(server.port).counts(ok=4)
        d.counts(server.port, ok=4)


def test_detach_takes_out_what_a_killed_one_left_and_records_it():
    with serve(answers(OK)) as server, running() as d:
        d.kill()
        talk(server.port, 6)
        done = d.troth("detach")
        assert done.returncode == 0, done.stderr
        assert not d.pin_dir.exists()
        (row,) = d.recorded(server.port)
        assert row["exchanges"]["ok"] == 6


@pytest.mark.any_backend
def test_detach_is_refused_while_a_daemon_runs():
    with running() as d:
        done = d.troth("detach")
        assert done.returncode == 3, done
        assert d.get("/readyz")[0] == 200
        assert d.pin_dir.exists()


@pytest.mark.any_backend
def test_detach_without_anything_is_done():
    d = Daemon()
    with d:
        d.begin("--check-config")
        d.process.wait(10)
        assert d.troth("detach").returncode == 0
