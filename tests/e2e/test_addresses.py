# SPDX-License-Identifier: Apache-2.0
"""IPv4, IPv6, one address in the other's clothes, and ports that exist twice."""

import os
import socket
import time

import pytest

from actors import Actor, Namespace, always_ok, each, end, fork, serve
from troth import Check
from wire import GET, connect, free_port


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_both_families_are_measured(host):
    with serve(always_ok, host=host) as server, Check(server.port) as check:
        with connect(server) as client:
            client.ask(*[GET] * 3)
    check.both(server.port, ok=3)
    assert check.client(server.port)["peer"]["address"] == host, check.explained()


def test_a_dual_stack_server_is_one_service():
    with serve(always_ok, host="::", dual=True) as server, Check(server.port) as check:
        for host, requests in (("127.0.0.1", 3), ("::1", 4), ("127.0.0.2", 5)):
            with connect((host, server.port)) as client:
                client.ask(*[GET] * requests)
    check.server(server.port).counts(ok=12)
    seen = {s["peer"]["address"]: s["exchanges"]["ok"]
            for s in check.services("client", server.port)}
    assert seen == {"127.0.0.1": 3, "::1": 4, "127.0.0.2": 5}, check.explained()


def test_a_mapped_address_is_the_ipv4_address():
    """The same peer through an AF_INET6 and an AF_INET socket is one client service."""
    with serve(always_ok) as server, Check(server.port) as check:
        with connect(("::ffff:127.0.0.1", server.port), family=socket.AF_INET6) as client:
            client.ask(*[GET] * 3)
        with connect(server) as client:
            client.ask(*[GET] * 4)
    check.both(server.port, ok=7)
    assert check.client(server.port)["peer"]["address"] == "127.0.0.1", check.explained()


def test_two_ports_are_two_services():
    with serve(always_ok) as one, serve(always_ok) as two, Check(one.port, two.port) as check:
        for server, requests in ((one, 3), (two, 5)):
            with connect(server) as client:
                client.ask(*[GET] * requests)
    check.both(one.port, ok=3)
    check.both(two.port, ok=5)
    names = [(s["name"], s["role"]) for s in check.json["services"]]
    assert len(names) == len(set(names)) == 4, check.explained()


def ask_inside(namespace, port, requests):
    def ask():
        with connect(port) as client:
            client.ask(*[GET] * requests)

    namespace.run(ask)


def test_the_same_port_in_two_namespaces_is_two_services():
    port = free_port()
    with Namespace() as one, Namespace() as two, \
            Actor(each(always_ok), port=port, namespace=one), \
            Actor(each(always_ok), port=port, namespace=two), Check(port) as check:
        ask_inside(one, port, 3)
        ask_inside(two, port, 5)
    for namespace, requests in ((one, 3), (two, 5)):
        check.server(port, netns=namespace.inode).counts(ok=requests)
        check.client(port, netns=namespace.inode).counts(ok=requests)
    for role in ("server", "client"):
        names = [s["name"] for s in check.services(role, port)]
        assert len(names) == len(set(names)) == 2, f"{names} should differ" + check.explained()
        assert all("@" in name for name in names), names


def test_a_server_in_a_namespace_older_than_troth_keeps_its_role():
    """Listening sockets of every namespace are found, not only of ours."""
    port = free_port()
    with Namespace() as inside, Actor(each(always_ok), port=port, namespace=inside):
        out_of_client, go = os.pipe()

        def ask():
            with connect(port) as client:
                client.ask(GET)
                os.read(out_of_client, 1)
                client.ask(*[GET] * 4)

        pid = fork(lambda: (inside.enter(), ask()))
        try:
            time.sleep(1)
            with Check(port) as check:
                os.write(go, b"!")
                os.waitpid(pid, 0)
        finally:
            end(pid)
            os.close(go)
            os.close(out_of_client)
    check.server(port).counts(ok=4)
    check.client(port).counts(ok=4)
