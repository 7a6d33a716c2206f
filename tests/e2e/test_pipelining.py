# SPDX-License-Identifier: Apache-2.0
"""Several requests before the first answer."""

import threading

import pytest

from actors import serve
from troth import At, Check
from wire import GET, OK, Wire, connect, request, response


def take(wire, requests):
    for _ in range(requests):
        wire.request()


def pipelined(asked, answered, read=Wire.response):
    """What was seen of a connection whose pieces of answers come after all pieces of requests."""
    requests = b"".join(asked).count(GET)

    def handle(wire, stage):
        take(wire, requests)
        wire.send(*answered, pause_s=0.005)
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(*asked, pause_s=0.005)
            for _ in range(requests):
                read(client)
    return At(check, server.port)


def test_requests_in_one_segment_answered_one_by_one_are_that_many_exchanges():
    seen = pipelined([GET * 5], [OK, OK, response(404), OK, response(500)])
    seen.server().counts(ok=3, client_error=1, server_error=1)


def test_requests_in_several_segments_answered_one_by_one_are_that_many_exchanges():
    pipelined([GET] * 4, [OK] * 4).server().counts(ok=4)


def test_answers_that_one_send_coalesces_are_counted_beside_the_total():
    server = pipelined([GET * 4], [OK * 4]).server()
    total = server["exchanges"]["total"]
    server.counts(ok=total, coalesced=4 - total)
    assert total >= 1


def test_a_client_that_reads_the_answers_one_by_one_sees_that_many():
    def read_one(client):
        assert client.read(len(OK)) == OK

    client = pipelined([GET * 3], [OK] * 3, read_one).client()
    total = client["exchanges"]["total"]
    client.counts(ok=total, coalesced=3 - total)


@pytest.mark.parametrize("batches", [1, 20])
def test_answers_that_come_together_are_counted_at_both_ends(batches):
    """Each request is a send and a read of its own; the four answers are one of each."""
    def handle(wire, stage):
        for _ in range(batches):
            take(wire, 4)
            wire.send(OK * 4)
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(batches):
                client.send(*[GET] * 4, pause_s=0.002)
                assert [client.response() for _ in range(4)] == [200] * 4
    for side in check.server(server.port), check.client(server.port):
        seen = side["exchanges"]
        side.counts(ok=seen["total"], coalesced=4 * batches - seen["total"])
        assert seen["total"] >= batches


def test_answers_that_come_together_while_more_is_asked_are_counted_at_the_client():
    """Four are always in flight; every second read brings two answers."""
    rounds = 50

    def handle(wire, stage):
        for _ in range(rounds):
            take(wire, 2)
            wire.send(OK * 2)
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(*[GET] * 4, pause_s=0.002)
            for i in range(rounds):
                assert [client.response(), client.response()] == [200, 200]
                if i < rounds - 2:
                    client.send(*[GET] * 2, pause_s=0.001)
    seen = check.client(server.port)["exchanges"]
    check.client(server.port).counts(ok=seen["total"], coalesced=2 * rounds - seen["total"])


def test_of_requests_that_nobody_answers_one_is_judged_and_the_others_are_lost():
    def handle(wire, stage):
        wire.request()
        stage.say("read")
        stage.wait("the client has gone")

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(GET * 3)
            server.heard("read")
            client.reset()
        server.cue("the client has gone")
    seen = check.server(server.port)["exchanges"]
    assert (seen["aborted"], seen["total"]) == (1, 1), check.explained()
    assert check.json["measurement"]["losses"]["merged"] == 4, check.explained()  # at both ends


def test_a_request_that_arrives_while_the_answer_is_being_sent_is_the_next_exchange():
    def handle(wire, stage):
        wire.request()
        wire.send(response(200, None, "Content-Length: 20"), b"x" * 10)
        stage.say("half")
        stage.wait("second is there")
        wire.send(b"y" * 10)
        wire.request()
        wire.send(response(404))
        wire.rest()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            client.send(GET)
            server.heard("half")
            client.send(request("GET", "/second"))
            server.cue("second is there")
            assert (client.response(), client.response()) == (200, 404)
    check.server(server.port).counts(ok=1, client_error=1)


@pytest.mark.parametrize("at_once", [1, 2, 10])
def test_a_window_of_requests_kept_open_is_counted_exactly(at_once):
    """The server reads whenever something is there and answers each in a send of its own."""
    rounds = 300

    def handle(wire, stage):
        while wire.request():
            wire.send(OK)

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(at_once):
                client.send(GET)
            for _ in range(rounds):
                client.response()
                client.send(GET)
            for _ in range(at_once):
                client.response()
    check.server(server.port).counts(ok=rounds + at_once)


def test_one_thread_reads_while_another_writes():
    def handle(wire, stage):
        todo = threading.Semaphore(0)
        done = threading.Event()

        def write():
            while todo.acquire() and not done.is_set():
                wire.send(OK)

        writer = threading.Thread(target=write)
        writer.start()
        while wire.request():
            todo.release()
        done.set()
        todo.release()
        writer.join()

    with serve(handle) as server, Check(server.port) as check:
        with connect(server) as client:
            for _ in range(50):
                client.send(GET * 4)
                for _ in range(4):
                    client.response()
    check.server(server.port).counts(ok=200)
