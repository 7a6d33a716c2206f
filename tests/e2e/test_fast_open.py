# SPDX-License-Identifier: Apache-2.0
"""TCP Fast Open (RFC 7413): the request comes with the SYN. Truth is what both sides counted."""

import contextlib
import socket

import pytest

from actors import Actor, Namespace, always_ok, each
from hosts import THERE, kernel_counts, two_distant_hosts
from troth import BACKEND, Check
from wire import GET, OK, Ended, Wire, response

WAY_S = 0.05
SYN_RECV = 3


def fast(handle):
    """A program that plays handle, and takes requests with the SYN."""
    def program(listener, stage):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
        each(handle)(listener, stage)

    return program


def allow(*namespaces):
    for namespace in namespaces:
        namespace.shell("echo 3 > /proc/sys/net/ipv4/tcp_fastopen")


def open_with(request, address):
    sock = socket.socket()
    assert sock.sendto(request, socket.MSG_FASTOPEN, address) == len(request)
    return Wire(sock)


def fast_opens():
    return kernel_counts("TCPFastOpenActive", "TcpExt", "netstat")


def test_requests_that_come_with_the_syn_are_counted():
    """Where the handshake is over before the answer."""
    def ask_with_the_syn():
        with open_with(GET, server.address) as client:
            client.response()
            client.ask(GET, GET)

    def connections():
        ask_with_the_syn()  # by now the client has a cookie
        before = fast_opens()
        for _ in range(20):
            ask_with_the_syn()
        return fast_opens() - before

    with Namespace() as host:
        allow(host)
        with Actor(fast(always_ok), namespace=host) as server, Check(server.port) as check:
            assert host.run(connections) == 20
    check.both(server.port, ok=63)
    for service in (check.server(server.port), check.client(server.port)):
        service.connections(opened=21, reset_by_peer=0, reset_by_us=0)


def says_when(reply):
    """Answers each request, or closes; and says how often the handshake was not over by then."""
    def handle(wire, stage):
        while wire.request() is not None:
            if wire.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == SYN_RECV:
                stage.say("before the handshake")
            if reply is None:
                return
            wire.send(reply)

    return handle


ONCE = {"counts": {"ok": 10}, "reply": OK, "requests": 1, "answers": 1}
PLAYS = {
    "one answer": ONCE,
    "a 503": ONCE | {"counts": {"server_error": 10}, "reply": response(503)},
    "three requests": ONCE | {"counts": {"ok": 30}, "requests": 3, "answers": 3},
    "no answer": ONCE | {"counts": {"no_response": 10}, "reply": None, "answers": 0},
}


def check_without_early_looks(check, port, play, early):
    """What is said before the handshake is over passes no hook of the syscall backend: answers are
    counted and not understood; of a connection that is over by then nothing was known: it is lost."""
    (outcome, due), = play["counts"].items()
    assert check.client(port)["exchanges"][outcome] == due, check.explained()
    if not play["answers"]:
        assert check.json["measurement"]["losses"]["unseen"] == early, check.explained()
        assert early == due or check.server(port)["exchanges"][outcome] == due - early, check.explained()
        return
    seen = check.server(port)["exchanges"]
    assert seen["total"] == seen[outcome] + seen["unknown"] == due, check.explained()
    assert seen["unknown"] <= 10 and check.json["measurement"]["lost"] == 0, check.explained()


@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS)
def test_answers_that_go_before_the_handshake_is_over_are_counted(play):
    """On a wire so long that the server is done before the third acknowledgement."""
    def ask_with_the_syn():
        """How many answers came."""
        answers = 0
        with open_with(GET, server.address) as client, contextlib.suppress(Ended):
            while answers < play["requests"]:
                if answers:
                    client.send(GET)
                client.response()
                answers += 1
        return answers

    def connections():
        before = fast_opens()
        answers = [ask_with_the_syn() for _ in range(10)]
        return fast_opens() - before, answers

    with two_distant_hosts(WAY_S) as (here, there):
        allow(here, there)
        with Actor(fast(says_when(play["reply"])), host=THERE, namespace=there) as server:
            here.run(ask_with_the_syn)  # by now the client has a cookie
            server.heard("closed")
            with Check(server.port, settle_s=1) as check:
                assert here.run(connections) == [10, [play["answers"]] * 10]
                for _ in range(10):
                    server.heard("closed")
            early = [word for word, _ in server.heard_words if word == "before the handshake"]
            assert len(early) > 5, "a host this busy shows nothing"
    if BACKEND == "syscall":
        check_without_early_looks(check, server.port, play, len(early))
        return
    check.both(server.port, **play["counts"])
    for service in (check.server(server.port), check.client(server.port)):
        service.connections(opened=10, closed=10, reset_by_peer=0, reset_by_us=0)
