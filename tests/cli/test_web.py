# SPDX-License-Identifier: Apache-2.0
"""HTTP as CONTRACT has it: paths, methods, limits, who may ask."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess

import pytest

import web

API = ["/api/v1/services", "/api/v1/slos", "/api/v1/report", "/api/v1/status"]
PATHS = ["/", "/metrics", "/healthz", "/readyz", *API]


@pytest.fixture(name="server", scope="module")
def one_server():
    with web.driver("--idle", 3) as d:
        yield d


@pytest.mark.parametrize("path", PATHS)
def test_every_path_answers_with_its_type_and_is_never_cached(server, path):
    status, headers, body = server.get(path)
    assert status == 200 and body
    assert headers["Content-Type"].startswith(
        "application/json" if path in API else "text/plain")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    if path in API:
        json.loads(body)


def test_the_index_lists_every_path(server):
    _, _, body = server.get("/")
    listed = [line.split()[0] for line in body.decode().splitlines()[1:] if line]
    assert sorted(listed) == sorted(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_headers_and_no_body(server, path):
    status, headers, body = server.get(path, method="HEAD")
    assert status == 200 and body == b""
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FROB"])
@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/nowhere"])
def test_other_methods_are_405_and_told_which_are_not(server, method, path):
    status, headers, _ = server.get(path, method=method)
    assert status == 405
    assert headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/nowhere", "/metrics/", "//metrics", "/api/v1", "/api/v2/slos",
                                  "/../etc/passwd", "/METRICS"])
def test_unknown_paths_are_404(server, path):
    status, headers, body = server.get(path)
    assert status == 404
    if path.startswith("/api/"):
        assert headers["Content-Type"] == "application/json"
        assert json.loads(body)["error"]


def test_escapes_in_a_path_are_read(server):
    assert server.get("/%6detrics")[0] == 200


@pytest.mark.parametrize("query,start,end", [
    ("", -2**63, 2**63 - 1),
    ("?from=1769860800", 1769860800, 2**63 - 1),
    ("?from=2026-01-31T12:00:00Z&to=2026-01-31T13:00:00Z", 1769860800, 1769864400),
    ("?from=2026-01-31T13:00:00%2B01:00", 1769860800, 2**63 - 1),
    ("?from=2026-01-31T13:00:00+01:00", 1769860800, 2**63 - 1),
    ("?to=2026-01-31T12:00:00.999Z&other=1", -2**63, 1769860800),
])
def test_the_period_of_a_report_is_asked_for(server, query, start, end):
    status, _, body = server.get("/api/v1/report" + query)
    assert status == 200
    assert json.loads(body) == {"schema": "troth.report/1", "from": start, "to": end}


@pytest.mark.parametrize("query", [
    "?from=yesterday", "?from=", "?from", "?to=2026-02-30T00:00:00Z", "?from=1&from=2",
    "?from=1769860800&to=1769860800", "?from=2&to=1", "?to=4000000001", "?from=1%00",
    "?from=" + "9" * 300, "?from=NaN", "?to=1e9", "?from=%ff%fe"])
def test_a_bad_time_is_400_with_an_error(server, query):
    status, headers, body = server.get("/api/v1/report" + query)
    assert status == 400
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["error"]


def test_a_long_report_is_not_made_again_at_once(server):
    request = b"GET /api/v1/report?from=0 HTTP/1.1\r\nHost: x\r\n"
    made, refused = re.findall(rb"HTTP/1.1 (\d+) (?s:(.*?))(?=HTTP/1.1 |$)", server.raw(
        request + b"\r\n" + request + b"Connection: close\r\n\r\n"))
    assert (made[0], refused[0]) == (b"200", b"503")
    assert int(re.search(rb"Retry-After: (\d+)", refused[1])[1]) > 0
    assert json.loads(refused[1].split(b"\r\n\r\n", 1)[1])["error"]
    server.healthy_within()
    assert web.until(lambda: server.get("/api/v1/report?from=5")[0] == 200, "reports again")


@pytest.mark.parametrize("query,word", [
    ("?from=100", "shorter period"), ("?from=101", "again"), ("?from=102", "again")])
def test_a_report_that_cannot_be_made_in_time_is_503_with_a_time_to_try_again(server, query, word):
    status, headers, body = server.get("/api/v1/report" + query)
    assert status == 503 and int(headers["Retry-After"]) > 0
    assert word in json.loads(body)["error"] and body.count(b"\n") == 1


def test_readyz_says_what_is_missing_and_healthz_goes_on(server):
    server.signal(signal.SIGUSR1)
    status, _, body = server.get("/readyz")
    assert status == 503
    assert body == b"the record cannot be written: disk full; measuring goes on\n"
    assert server.get("/healthz")[0] == 200
    server.signal(signal.SIGUSR1)
    assert server.get("/readyz")[2] == b"ready\n"


def test_without_a_view_health_is_503(server):
    server.signal(signal.SIGUSR2)
    try:
        for path in ["/healthz", "/readyz", "/metrics", *API[:2]]:
            assert server.get(path)[0] == 503
    finally:
        server.signal(signal.SIGUSR2)
    server.healthy_within()


# What a head may be.

def head_of(size, version="1.1"):
    """A request for /healthz whose head has exactly so many bytes."""
    start = f"GET /healthz HTTP/{version}\r\nHost: x\r\nConnection: close\r\n"
    lines, rest = "", size - len(start) - 2
    while rest > 2000:
        lines += "X: " + "a" * 995 + "\r\n"
        rest -= 1000
    return (start + lines + "X: " + "a" * (rest - 5) + "\r\n\r\n").encode()


def test_a_head_of_16_kb_is_read_and_a_larger_one_is_431(server):
    assert len(head_of(16384)) == 16384
    assert server.raw(head_of(16384)).startswith(b"HTTP/1.1 200 ")
    for size in (16385, 20000, 24000, 32000, 100000, 1000000):
        with server.connect() as s:
            try:
                s.sendall(head_of(size))
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = web.all_of(s)
        assert answer.startswith(b"HTTP/1.1 431 ") or (size > 24576 and not answer), (size, answer)


def test_a_head_that_fits_the_first_segments_is_told_431(server):
    assert server.raw(head_of(30000)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("size", [17000, 60000])
def test_a_path_that_is_too_long_is_refused(server, size):
    answer = server.raw(b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 414 "))
    server.healthy_within()


@pytest.mark.parametrize("more", ["Content-Length: 5\r\n\r\nhello",
                                  "Content-Length: 5000000000\r\n\r\nhello",
                                  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                                  "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"])
def test_a_body_is_refused_and_ends_the_connection(server, more):
    answer = server.raw(("GET /metrics HTTP/1.1\r\nHost: x\r\n" + more).encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_an_empty_body_is_none(server):
    answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                        b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n\r\n\r\n\r\n", b"GET\r\n\r\n",
    b"GET /healthz\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-"
    b"Length: -1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes(range(256)) * 20])
def test_garbage_is_refused_or_ignored_and_the_next_one_is_served(server, garbage):
    with server.connect() as s:
        s.sendall(garbage)
        s.shutdown(socket.SHUT_WR)
        web.all_of(s)
    server.healthy_within()
    assert server.process.poll() is None


def test_http_1_0_is_answered_and_closed(server):
    answer = server.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert answer.split(b"\r\n")[0].split()[1] == b"200"
    assert answer.endswith(b"\r\n\r\nok\n")


def test_a_connection_is_kept_and_used_again():
    with web.driver("--idle", 60) as server:
        c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        c.connect()
        mine = c.sock.getsockname()
        for path in PATHS * 5:
            c.request("GET", path)
            r = c.getresponse()
            assert r.status == 200
            r.read()
            assert c.sock.getsockname() == mine
        c.close()


def test_requests_in_a_row_are_answered_in_order(server):
    request = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
    many = b"".join(request % p for p in [b"healthz", b"readyz", b"nowhere"] * 20)
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = server.raw(many + last)
    statuses = [line.split()[1] for line in answer.split(b"\n") if line.startswith(b"HTTP/")]
    assert statuses == [b"200", b"200", b"404"] * 20 + [b"200"]


def test_garbage_behind_a_request_does_not_spoil_its_answer(server):
    with server.connect() as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n\x00\xff\x00garbage\r\n\r\n")
        s.shutdown(socket.SHUT_WR)
        assert web.all_of(s).startswith(b"HTTP/1.1 200 ")
    server.healthy_within()


# Who may ask.

@pytest.fixture(name="token")
def token_file(tmp_path):
    f = tmp_path / "token"
    f.write_text("open-sesame\n")
    return f


def test_a_token_is_wanted_but_not_for_health(token, tmp_path):
    with web.driver("--token", token, "--unix", tmp_path / "s") as d:
        for path in ["/", "/metrics", *API, "/nowhere"]:
            for headers in ({}, {"Authorization": "Bearer wrong"},
                            {"Authorization": "Basic open-sesame"}):
                status, answered, body = d.get(path, headers)
                assert status == 401
                assert answered["WWW-Authenticate"].startswith("Bearer")
                assert b"sesame" not in body
        assert d.get("/metrics", {"Authorization": "Bearer open-sesame"})[0] == 200
        assert d.get("/healthz")[0] == 200 and d.get("/readyz")[0] == 200
        # Whoever may open the unix socket needs none.
        assert unix_get(tmp_path / "s", "/api/v1/status")[0] == 200


def test_a_token_is_read_again_on_reload(token):
    with web.driver("--token", token) as d:
        def status(secret):
            return d.get("/metrics", {"Authorization": f"Bearer {secret}"})[0]

        token.write_text("other\n")
        assert (status("open-sesame"), status("other")) == (200, 401)
        assert d.signal(signal.SIGHUP) == "reload ok"
        assert (status("open-sesame"), status("other")) == (401, 200)
        token.write_text("two words\n")
        assert str(token) in d.signal(signal.SIGHUP)
        assert status("other") == 200


def unix_get(path, what, timeout=10):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(str(path))
        s.sendall(f"GET {what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = web.all_of(s)
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def refused(*args):
    done = subprocess.run([web.DRIVER, *map(str, args)], capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    return done.stderr


def test_the_unix_socket_is_private_and_goes_with_the_server(tmp_path):
    path = tmp_path / "s"
    with web.driver("--unix", path) as d:
        assert os.stat(path).st_mode & 0o777 == 0o600
        assert unix_get(path, "/healthz") == (200, b"ok\n")
        assert str(path) in refused("--unix", path)
        assert unix_get(path, "/healthz") == (200, b"ok\n")
        assert d.process.poll() is None
    assert not path.exists()


def test_what_a_killed_server_left_is_replaced(tmp_path):
    path = tmp_path / "s"
    killed = web.Driver("--unix", path)
    killed.process.kill()
    killed.process.wait()
    killed.process.stdout.close()
    killed.process.stderr.close()
    assert path.exists()
    with web.driver("--unix", path):
        assert unix_get(path, "/healthz") == (200, b"ok\n")


def test_a_taken_port_is_one_line():
    with web.driver() as d:
        assert f"127.0.0.1:{d.port} is taken" in refused("--listen", f"127.0.0.1:{d.port}")


# TLS.

def certificate(directory, name):
    cert, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert, "-days",
                    "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True, timeout=60)
    return cert, key


def tls_get(port, ca, what="/healthz"):
    context = ssl.create_default_context(cafile=str(ca))
    c = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        c.request("GET", what)
        r = c.getresponse()
        return r.status, r.read()
    finally:
        c.close()


def test_tls_is_served_and_plain_text_is_not(tmp_path):
    cert, key = certificate(tmp_path, "one")
    with web.driver("--cert", cert, "--key", key, "--services", 500, "--unix", tmp_path / "s") as d:
        assert tls_get(d.port, cert) == (200, b"ok\n")
        status, body = tls_get(d.port, cert, "/metrics")
        assert status == 200 and body.count(b"troth_exchanges_total{") == 3000
        assert not d.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/")
        assert unix_get(tmp_path / "s", "/healthz") == (200, b"ok\n")
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{d.port}", "-tls1_1"],
                              input=b"", capture_output=True, timeout=20, check=False)
        assert done.returncode != 0


def test_a_new_certificate_is_taken_on_reload_and_a_bad_one_is_not(tmp_path):
    cert, key = certificate(tmp_path, "one")
    other, other_key = certificate(tmp_path, "two")
    used, used_key = tmp_path / "cert", tmp_path / "key"
    used.write_bytes(cert.read_bytes())
    used_key.write_bytes(key.read_bytes())
    with web.driver("--cert", used, "--key", used_key) as d:
        assert tls_get(d.port, cert)[0] == 200
        used.write_bytes(other.read_bytes())
        said = d.signal(signal.SIGHUP)
        assert str(used) in said and str(used_key) in said
        assert tls_get(d.port, cert)[0] == 200
        used_key.write_bytes(other_key.read_bytes())
        assert d.signal(signal.SIGHUP) == "reload ok"
        assert tls_get(d.port, other)[0] == 200
        with pytest.raises(ssl.SSLError):
            tls_get(d.port, cert)


def test_unusable_certificates_are_said_at_the_start(tmp_path):
    cert, key = certificate(tmp_path, "one")
    _, other_key = certificate(tmp_path, "two")
    nothing = tmp_path / "nothing"
    garbage = tmp_path / "garbage"
    garbage.write_text("no certificate\n")
    assert str(nothing) in refused("--cert", nothing, "--key", key)
    assert str(nothing) in refused("--cert", cert, "--key", nothing)
    assert "key is missing" in refused("--cert", cert)
    assert "belong together" in refused("--cert", cert, "--key", other_key)
    assert str(garbage) in refused("--cert", garbage, "--key", key)
