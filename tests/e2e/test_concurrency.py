# SPDX-License-Identifier: Apache-2.0
"""Many connections, processes and threads: counts stay exact when everything races."""

import functools
import os
import pathlib
import socket
import subprocess

import pytest

from actors import Actor, BusyCpus, always_ok, at_once, fork, fork_with_us, serve
from troth import Check
from wire import GET, OK, Wire, connect, free_port


def serve_until_closed(sock):
    with Wire(sock) as wire:
        while wire.request():
            wire.send(OK)


def test_three_thousand_connections_of_one_request_each():
    def program(listener, stage):
        while True:
            serve_until_closed(listener.accept()[0])

    with Actor(program) as server, Check(server.port) as check:
        for _ in range(3000):
            with connect(server) as client:
                client.ask(GET)
    check.both(server.port, ok=3000)
    for service in (check.server(server.port), check.client(server.port)):
        service.connections(opened=3000, reset_by_peer=0, reset_by_us=0)
    check.client(server.port).connections(refused=0)


def test_prefork_workers_are_one_service():
    def program(listener, stage):
        def work():
            while True:
                serve_until_closed(listener.accept()[0])

        for _ in range(4):
            fork_with_us(work)
        stage.wait("end")

    def ask():
        for _ in range(10):
            with connect(server) as client:
                client.ask(*[GET] * 5)

    with Actor(program) as server, Check(server.port) as check:
        at_once(*[ask] * 8)
    check.both(server.port, ok=400)


def test_listeners_that_share_a_port_are_one_service():
    """SO_REUSEPORT: each worker has a listener of its own."""
    def program(_, stage):
        def work(listener):
            while True:
                serve_until_closed(listener.accept()[0])

        port = 0
        for _ in range(3):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            port = listener.getsockname()[1]
            fork_with_us(functools.partial(work, listener))
            listener.close()
        stage.say("port", port)
        stage.wait("end")

    with Actor(program) as server:
        port = server.heard("port")
        with Check(port) as check:
            for _ in range(30):
                with connect(port) as client:
                    client.ask(GET, GET)
    check.both(port, ok=60)


def test_threads_are_one_service():
    def ask():
        for _ in range(10):
            with connect(server) as client:
                client.ask(*[GET] * 10)

    with serve(always_ok) as server, Check(server.port) as check:
        at_once(*[ask] * 10)
    check.both(server.port, ok=1000)


def test_a_server_that_forks_answers_and_exits_served_well():
    """The child leaves without a close of its own; its parent has closed long before."""
    def program(listener, stage):
        def answer():
            listener.close()
            wire = Wire(sock)
            wire.request()
            wire.send(OK)
            os._exit(0)

        while True:
            sock, _ = listener.accept()
            pid = fork(answer)
            sock.close()
            os.waitpid(pid, 0)

    with Actor(program) as server, Check(server.port) as check:
        for _ in range(20):
            with connect(server) as client:
                client.send(GET)
                assert client.response() == 200
                assert client.rest() == b""
    check.both(server.port, ok=20)


def test_a_connection_handed_to_another_process_is_the_same_connection():
    """One process reads the request, its child answers, the parent reads the next."""
    def program(listener, stage):
        wire = Wire(listener.accept()[0])
        while wire.request():
            os.waitpid(fork(lambda: wire.send(OK)), 0)
        wire.close()
        stage.wait("end")

    with Actor(program) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(*[GET] * 5)
    check.both(server.port, ok=5)


@pytest.fixture(scope="module")
def duplex(tmp_path_factory):
    """The C program whose ends read and write in threads of their own."""
    binary = tmp_path_factory.mktemp("duplex") / "duplex"
    source = pathlib.Path(__file__).with_name("duplex.c")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", binary, source],
                   check=True)
    return binary


def run_duplex(binary, connections, requests, depth):
    """A check, its port and how many exchanges the program itself counted."""
    port = free_port()
    command = [binary, str(port), str(connections), str(requests), str(depth)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as program:
        try:
            assert program.stdout.readline() == "listening\n"
            with Check(port) as check, BusyCpus():
                program.stdin.write("go\n")
                program.stdin.flush()
                answered, received = map(int, program.stdout.readline().split())
        finally:
            program.kill()
    assert answered == received == connections * requests
    return check, port, answered


def test_a_reader_and_a_writer_thread_lose_and_double_nothing(duplex):
    """… on one connection, under load on every CPU; answers pass requests on their way."""
    check, port, answered = run_duplex(duplex, connections=8, requests=4000, depth=8)
    check.server(port).counts(ok=answered)


def test_a_reader_and_a_writer_thread_on_either_side_tell_the_same(duplex):
    check, port, answered = run_duplex(duplex, connections=8, requests=2500, depth=1)
    check.both(port, ok=answered)


def test_short_connections_under_load_are_exact():
    def ask():
        for _ in range(100):
            with connect(server) as client:
                client.ask(GET, GET)

    with serve(always_ok, backlog=1000) as server, BusyCpus(), Check(server.port) as check:
        at_once(*[ask] * 8)
    check.both(server.port, ok=1600)
