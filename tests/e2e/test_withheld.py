# SPDX-License-Identifier: Apache-2.0
"""Hooks that the kernel skips: the test build withholds some of them, and nothing is lost.

troth-withhold, beside the troth that is tested, skips the n-th of each 64 receive and send hook runs
where bit n of TROTH_WITHHOLD is set. Truth is the client's own count; it runs in this process, as the server
does, so that the hooks of both take turns in the pattern.
"""

import os
import socket
import threading

import pytest

import troth
import wire

BINARY = troth.BINARY + "-withhold"
CONNECTIONS = 4
REQUESTS = 101  # on each of them: no multiple of the pattern's length

PATTERNS = {
    "none": 0,
    "one in 64": 1 << 20,
    "one in 16": 0x0001000100010001,
    "one in 5": sum(1 << n for n in range(0, 64, 5)),
    "two in 64": 0b11 << 20,
    "two in 13": sum(0b11 << n for n in range(0, 62, 13)),
    "three in 64": 0b111 << 20,
    "three in 17": sum(0b111 << n for n in range(0, 61, 17)),
}
# Each of the places in an exchange where a run can begin: server's and client's, receive and send.
PATTERNS |= {f"{run} from {at}": ((1 << run) - 1) << at for run in (1, 2, 3) for at in (8, 9, 10, 11)}


def serve(listener, pieces):
    """An answer is one send, or its head and its body are one each."""
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        with wire.Wire(sock) as server:
            while line := server.request():
                head, mark, body = wire.response(503 if "/fail" in line else 200).partition(
                    b"\r\n\r\n")
                server.send(*([head + mark, body] if pieces == 2 else [head + mark + body]))


@pytest.fixture(params=[1, 2], ids=["answer in one send", "answer in two sends"])
def server(request):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, request.param),
                                  daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def talk(port):
    """Keep-alive GETs and POSTs; how many were answered with 200, and with 503."""
    counts = {200: 0, 503: 0}
    for _ in range(CONNECTIONS):
        with wire.connect(port) as client:
            for i in range(REQUESTS):
                path = "/fail" if i % 10 == 3 else "/fine"
                asked = wire.request("POST", path, body=b"x" * 100) if i % 4 == 1 else \
                    wire.request("GET", path)
                counts[client.ask(asked)] += 1
    return counts


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_withheld_hooks_lose_nothing(server, monkeypatch, pattern):
    if not os.access(BINARY, os.X_OK):
        pytest.fail(f"{BINARY} is not there: build it with make")
    monkeypatch.setattr(troth, "BINARY", BINARY)
    monkeypatch.setenv("TROTH_WITHHOLD", hex(pattern))
    with troth.Check(server, settle_s=0.2) as check:
        counts = talk(server)
    total = sum(counts.values())
    assert total == CONNECTIONS * REQUESTS
    for service in (check.server(server), check.client(server)):
        seen = service["exchanges"]
        service.total(total)
        wrong = {k: seen[k] for k in ("client_error", "no_response", "aborted", "in_flight",
                                      "coalesced") if seen[k]}
        if wrong:
            service.fail(f"never happened: {wrong}")
        if seen["ok"] > counts[200] or seen["server_error"] > counts[503]:
            service.fail(f"an outcome is wrong; the truth is {counts}")
        if not pattern and seen["unknown"]:
            service.fail("nothing was withheld, and yet something is unknown")
        if service["connections"]["opened"] != CONNECTIONS:
            service.fail(f"{CONNECTIONS} connections were opened")
    assert check.json["measurement"]["lost"] == 0, check.explained()
    if pattern.bit_count() > 6:  # or nothing was withheld at all
        assert any(check.one(role, server)["exchanges"]["unknown"]
                   for role in ("server", "client")), check.explained()
