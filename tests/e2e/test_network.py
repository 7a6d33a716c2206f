# SPDX-License-Identifier: Apache-2.0
"""Beyond loopback: two hosts on a wire, loss on the wire, and TCP with another face."""

import errno
import pathlib
import select
import socket
import subprocess
import time

import pytest

from actors import Actor, always_ok, each, end, fork, serve
from hosts import THERE, kernel_counts, mute, two_hosts
from troth import Check
from wire import GET, Wire, connect, free_port, request

def test_two_hosts_tell_the_same():
    with two_hosts() as (here, there), serve(always_ok, host=THERE, namespace=there) as server, \
            Check(server.port) as check:
        def ask():
            with connect(server) as client:
                client.ask(*[GET] * 20)
                client.send(*[bytes([byte]) for byte in GET], pause_s=0.001)
                client.response()
                client.ask(request("POST", body=bytes(3 << 20)))

        here.run(ask)
    check.both(server.port, ok=22)


def test_segments_sent_again_are_counted_where_they_were_sent():
    """Acknowledgements find no way back for a while."""
    with two_hosts() as (here, there), serve(always_ok, host=THERE, namespace=there) as server, \
            Check(server.port) as check:
        def ask():
            with connect(server) as client:
                client.ask(GET)
                before = kernel_counts("RetransSegs")
                with mute(there):
                    client.send(GET)
                    time.sleep(0.7)
                client.response()
                client.ask(GET)
                return kernel_counts("RetransSegs") - before

        again = here.run(ask)
    assert again > 0
    check.both(server.port, ok=3)
    check.client(server.port).connections(retransmits=again).slo("latency", good=2, total=3)
    check.server(server.port).connections(retransmits=0)


def give_up_by_timeout(address):
    with socket.socket() as sock:
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.connect(address)


def give_up_by_close(address):
    with socket.socket() as sock:
        sock.setblocking(False)
        assert sock.connect_ex(address) == errno.EINPROGRESS
        time.sleep(0.02)


def give_up_by_reset(address):
    """As proxies do that have no time left."""
    sock = socket.socket()
    sock.setblocking(False)
    assert sock.connect_ex(address) == errno.EINPROGRESS
    Wire(sock).reset()


def give_up_by_dying(address):
    SYN_SENT = " 02 "
    pid = fork(lambda: socket.create_connection(address))
    while SYN_SENT not in pathlib.Path("/proc/self/net/tcp").read_text():
        time.sleep(0.01)
    end(pid)


def curl(address):
    url = "http://{}:{}/".format(*address)
    code = subprocess.run(["curl", "-s", "--connect-timeout", "0.1", url], check=False).returncode
    CURLE_OPERATION_TIMEDOUT = 28
    assert code == CURLE_OPERATION_TIMEDOUT


WAYS_TO_GIVE_UP = [give_up_by_timeout, give_up_by_close, give_up_by_reset, give_up_by_dying, curl]


@pytest.fixture(scope="module")
def given_up():
    """Where each way was gone four times, while the host there said nothing; the check."""
    ports = {way: free_port() for way in WAYS_TO_GIVE_UP}
    with two_hosts() as (here, there), Check(*ports.values()) as check:
        def connects():
            for way, port in ports.items():
                for _ in range(4):
                    way((THERE, port))

        with mute(there):
            here.run(connects)
    return check, ports


@pytest.mark.parametrize("way", WAYS_TO_GIVE_UP, ids=lambda way: way.__name__)
def test_connects_that_are_given_up_have_timed_out(given_up, way):
    check, ports = given_up
    check.client(ports[way]).counts().connections(connect_timeouts=4, refused=0, opened=0, closed=0)
    assert not check.services("server", ports[way]), check.explained()


def test_a_connect_that_came_late_took_as_long_as_the_client_waited():
    """Its first SYN is not answered, the next one goes a second later."""
    with two_hosts() as (here, there), serve(always_ok, host=THERE, namespace=there) as server, \
            Check(server.port) as check:
        def ask():
            sock = socket.socket()
            sock.setblocking(False)
            with mute(there):
                began = time.monotonic()
                assert sock.connect_ex(server.address) == errno.EINPROGRESS
                time.sleep(0.3)
            assert select.select([], [sock], [], 15)[1]
            took = time.monotonic() - began
            sock.setblocking(True)
            with Wire(sock) as client:
                client.ask(GET)
            return took

        took = here.run(ask)
    assert took > 0.9
    check.both(server.port, ok=1)
    check.client(server.port).connections(
        opened=1, connect_timeouts=0, refused=0).time("connections.connect_s.mean", 1, took)
    for service in (check.client(server.port), check.server(server.port)):
        assert service["latency_s"]["max"] < 0.5, check.explained()


MPTCP = 262


@pytest.mark.parametrize("speaks_mptcp", [False, True], ids=["plain client", "mptcp client"])
def test_mptcp_is_counted_or_counted_as_lost(speaks_mptcp):
    """Many servers listen with it; a plain client makes it plain TCP. Beyond that, say so."""
    def program(_, stage):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        stage.say("port", listener.getsockname()[1])
        each(always_ok)(listener, stage)

    with Actor(program) as server:
        port = server.heard("port")
        with Check(port) as check:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP if speaks_mptcp else 0)
            sock.connect(("127.0.0.1", port))
            with Wire(sock) as client:
                client.ask(*[GET] * 5)
    if not speaks_mptcp:
        check.both(port, ok=5)
    else:
        measurement = check.json["measurement"]
        assert measurement["lost"] > 0 and measurement["coverage"] < 1, check.explained()


try:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP).close()
except OSError:
    test_mptcp_is_counted_or_counted_as_lost = pytest.mark.skip(
        "this kernel has no MPTCP")(test_mptcp_is_counted_or_counted_as_lost)
