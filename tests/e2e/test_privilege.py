# SPDX-License-Identifier: Apache-2.0
"""What is left after troth run has given up its privileges: by a driver that holds what the daemon
holds, gives up as the daemon does, and then does what the daemon does, and what it must not do."""

import contextlib
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys

import pytest

from privilege import KEPT, OTHER, place, server_of_another_user  # noqa: F401
from troth import status_of
from wire import talk

pytestmark = pytest.mark.any_backend

CLONE3 = "clone3"  # libc takes it for not there, and goes another way
USERS = pytest.mark.parametrize("user", ["", str(OTHER)], ids=["root", "another user"])


def serves(driver, tls=False):
    driver.start("serve")
    assert driver.line()[:2] == ("serving", "ok"), driver.said
    with socket.create_connection(("127.0.0.1", driver.port), 10) as s:
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            s = context.wrap_socket(s)
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := s.recv(4096):
            answer += piece
    assert answer.endswith(b"served\n"), answer
    assert driver.line()[:2] == ("serve", "ok"), driver.said


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    where = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-keyout",
                    where / "key", "-out", where / "cert"], check=True, capture_output=True)
    return where / "cert", where / "key"


@USERS
def test_three_capabilities_are_left_and_no_way_back(place, user):
    driver = place.drive(user).ready()
    status = status_of(driver.process.pid)
    caps = {k: int(status[k][0], 16) for k in status if k.startswith("Cap")}
    assert caps == {"CapInh": 0, "CapPrm": KEPT, "CapEff": KEPT, "CapBnd": 0, "CapAmb": 0}
    assert status["NoNewPrivs"] == ["1"]
    assert status["Seccomp"] == ["2"]
    assert status["Uid"] == status["Gid"] == [user or "0"] * 4
    assert not user or status["Groups"] == []
    limits = pathlib.Path(f"/proc/{driver.process.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits
    assert re.search(r"^Max open files +1024 +1024 ", limits, re.M), limits
    assert driver.does("descriptors") == "1024"


@USERS
def test_without_the_drop_there_is_more(place, user):
    """So it is the drop that the tests here see."""
    driver = place.drive(user, keep=True).ready()
    status = status_of(driver.process.pid)
    assert int(status["CapBnd"][0], 16) & ~KEPT
    assert status["Seccomp"] == ["0"]
    driver.start("forbidden")
    seen = {}
    with contextlib.suppress(AssertionError):  # the last one is execve()
        while True:
            name, _, errno = driver.line()
            seen[name] = errno
    allowed = {name for name, errno in seen.items() if errno not in ("EPERM", "ENOSYS")}
    assert allowed >= {"mount", "chroot", "setuid", "setresuid", "unshare", "personality",
                       "perf_event_open", "ptrace", "process_vm_readv", "bpf_next_id",
                       "raw_socket", "mmap_wx", "mprotect_x", "fork", "open_by_handle_at"}, seen


@USERS
def test_what_nobody_needs_is_refused(place, user):
    refused = place.drive(user).ready().refusals()
    assert len(refused) > 50
    assert {"mount", "ptrace", "setuid", "init_module", "finit_module", "chroot", "kexec_load",
            "execve", "fork"} <= set(refused)
    assert refused.pop(CLONE3) == "ENOSYS"
    assert set(refused.values()) == {"EPERM"}, refused


@USERS
def test_with_commands_only_running_them_is_allowed(place, user):
    """execve() is the last that is tried, and ends the driver: as /bin/true, with code 0."""
    driver = place.drive(user, commands=True).ready()
    driver.start("forbidden")
    seen = {}
    with pytest.raises(AssertionError, match="ended with 0"):
        while True:
            name, _, errno = driver.line()
            seen[name] = errno
    allowed = {name for name, errno in seen.items() if errno != "EPERM"}
    assert allowed == {CLONE3, "fork", "setrlimit", "tiocsti", "mmap_wx", "mprotect_x"}, seen
    assert len(seen) > 50


@USERS
@pytest.mark.parametrize("backend", ["socket", "syscall"])
def test_measuring_goes_on_and_another_probe_attaches(place, user, backend):
    with server_of_another_user() as (port, exe):
        driver = place.drive(user).ready()
        talk(port, 3)
        driver.counts(port, 3, exe)
        driver.does(f"second {backend}")
        talk(port, 4)
        driver.counts(port, 7, exe)
        assert driver.does(f"second {port}") == f"4 {exe}"


@USERS
def test_a_service_that_came_later_is_named_as_well(place, user):
    driver = place.drive(user).ready()
    with server_of_another_user() as (port, exe):
        talk(port, 2)
        driver.counts(port, 2, exe)


@USERS
def test_pins_and_record_are_the_users(place, user):
    (place.state / "of-before").write_text("x")
    driver = place.drive(user).ready()
    owner = int(user or 0)
    for where in (place.state, place.pins):
        owners = {p.name: p.lstat().st_uid for p in [where, *where.rglob("*")]}
        assert set(owners.values()) == {owner}, owners
    driver.does("pins")
    assert [str(p.relative_to(place.pins)) for p in sorted(place.pins.rglob("*"))] == \
        ["inner", "inner/map"]
    assert driver.does("record").startswith("20000 rows")
    driver.does("wait")


@USERS
def test_names_resolve_and_receivers_are_reached(place, user):
    driver = place.drive(user).ready()
    with server_of_another_user() as (port, _):
        assert driver.does(f"fetch http://localhost:{port}/") == "200"


@USERS
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_the_socket_of_before_serves(place, user, tls, certificate):
    if tls:  # readable after the drop, as a reload must read them
        for path in certificate:
            shutil.copy(path, place.root)
        certificate = [place.root / path.name for path in certificate]
        for path in certificate:
            path.chmod(0o644)
    serves(place.drive(user, cert=certificate if tls else ()).ready(), tls)


@USERS
def test_nothing_the_daemon_does_wants_a_call_that_is_refused(place, user, certificate):
    """Each refusal would kill it here."""
    for path in certificate:
        shutil.copy(path, place.root)
        (place.root / path.name).chmod(0o644)
    driver = place.drive(user, kill=True,
                         cert=[place.root / path.name for path in certificate]).ready()
    with server_of_another_user() as (port, exe):
        talk(port, 1)
        driver.counts(port, 1, exe)
        for backend in ("socket", "syscall"):
            driver.does(f"second {backend}")
            driver.does("second 1")
        assert driver.does(f"fetch http://localhost:{port}/") == "200"
        driver.does("pins")
        driver.does("record")
        driver.does("wait")
        serves(driver, tls=True)


def test_killing_kills(place):
    driver = place.drive(kill=True).ready()
    driver.start("forbidden")
    with pytest.raises(AssertionError, match="ended with -31"):  # SIGSYS
        driver.line()


@USERS
def test_a_command_has_no_privileges(place, user):
    script = place.root / "command"
    script.write_text("#!/bin/sh\nexec cat /proc/self/status\n")
    script.chmod(0o755)
    driver = place.drive(user, commands=True).ready()
    said = driver.does(f"command {script}").split()
    field = {name: said[said.index(f"{name}:") + 1]
             for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs",
                          "Seccomp", "Uid")}
    assert {name: int(field[name], 16) for name in field if name.startswith("Cap")} == \
        dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0)
    assert (field["NoNewPrivs"], field["Seccomp"], field["Uid"]) == ("1", "2", user or "0")


@pytest.mark.parametrize("script", [
    "#!/bin/sh\nset -e\nt=$(mktemp)\nps >$t || true\nsed -n 1p $t | grep -q . && rm $t\n"
    "curl -s http://localhost:PORT/ | grep -q ok\n",
    f"#!{sys.executable}\nimport threading, subprocess, urllib.request\n"
    "t = threading.Thread(target=lambda: None); t.start(); t.join()\n"
    "assert subprocess.run(['true']).returncode == 0\n"
    "assert urllib.request.urlopen('http://localhost:PORT/').read() == b'ok'\n",
], ids=["shell", "python"])
def test_ordinary_commands_work(place, script):
    path = place.root / "command"
    with server_of_another_user() as (port, _):
        path.write_text(script.replace("PORT", str(port)))
        path.chmod(0o755)
        driver = place.drive(commands=True).ready()
        driver.does(f"command {path}")
