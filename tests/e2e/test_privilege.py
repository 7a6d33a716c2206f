# SPDX-License-Identifier: Apache-2.0
"""What is left after troth run has given up its privileges: by a driver that holds what the daemon
holds, gives up as the daemon does, and then does what the daemon does, and what it must not do."""

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import pytest

from troth import ROOT
from wire import GET, free_port

pytestmark = pytest.mark.any_backend

DRIVER = ROOT / "build/privilege-driver"
OTHER = 65533  # nobody's number: nothing on a machine belongs to it
SERVER_USER = 65531
CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE = 39, 38, 19
KEPT = 1 << CAP_BPF | 1 << CAP_PERFMON | 1 << CAP_SYS_PTRACE
CLONE3 = "clone3"  # libc takes it for not there, and goes another way
USERS = pytest.mark.parametrize("user", ["", str(OTHER)], ids=["root", "another user"])


def status_of(text):
    """The fields of /proc/PID/status."""
    return {k: v.split() for k, _, v in (line.partition(":") for line in text.splitlines())}


class Driver:
    def __init__(self, place, user="", keep=False, commands=False, kill=False, cert=(),
                 before=()):
        self.place = place
        self.process = subprocess.Popen(
            [*before, str(place.driver), str(place.state), str(place.pins), user,
             "keep" if keep else "drop", "commands" if commands else "nothing",
             "kill" if kill else "eperm", *map(str, cert)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = []

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the driver ended with {self.process.wait(10)} after {self.said}")
        self.said.append(line.strip())
        name, verdict, detail = (line.rstrip("\n") + "  ").split(" ", 2)
        return name, verdict, detail.strip()

    def ready(self):
        name, verdict, detail = self.line()
        assert (name, verdict) == ("ready", "ok"), self.said
        self.port = int(detail)
        return self

    def start(self, act):
        self.process.stdin.write(act + "\n")
        self.process.stdin.flush()

    def does(self, act):
        """Its detail, if it went well."""
        self.start(act)
        name, verdict, detail = self.line()
        assert (name, verdict) == (act.split()[0], "ok"), self.said
        return detail

    def counts(self, port, total, exe):
        """An exchange ends when the server has seen the end of its connection: soon."""
        end = time.monotonic() + 10
        while (seen := self.does(f"tick {port}")) != f"{total} {exe}":
            assert time.monotonic() < end, f"{seen}, expected {total} {exe}"

    def refusals(self):
        """Name of each call that is forbidden -> its errno."""
        self.start("forbidden")
        seen = {}
        while (line := self.line())[0] != "forbidden":
            seen[line[0]] = line[2]
        return seen

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


class Place:
    """Directories that other users can reach, and a copy of the driver where they can run it."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="troth-privilege-", dir="/tmp"))
        self.root.chmod(0o755)
        self.state = self.root / "state"
        self.state.mkdir(mode=0o700)
        self.pins = pathlib.Path("/sys/fs/bpf") / self.root.name
        self.pins.mkdir(mode=0o700)
        self.driver = self.root / "driver"
        shutil.copy(DRIVER, self.driver)
        self.drivers = []

    def drive(self, *args, **kwargs):
        self.drivers.append(Driver(self, *args, **kwargs))
        return self.drivers[-1]

    def remove(self):
        for driver in self.drivers:
            driver.end()
        for path in sorted(self.pins.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self.pins.rmdir()
        shutil.rmtree(self.root)


@pytest.fixture
def place():
    assert DRIVER.exists(), f"{DRIVER} is not there: build it with make"
    made = Place()
    yield made
    made.remove()


SERVER = """
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listens", flush=True)
while True:
    c, _ = s.accept()
    while c.recv(4096):
        c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    c.close()
"""


@contextlib.contextmanager
def server_of_another_user():
    """A program that this user executed: its /proc/PID belongs to it, and to nobody else."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], user=SERVER_USER,
                               group=SERVER_USER, extra_groups=[], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"listens\n"
        assert os.stat(f"/proc/{process.pid}/fd").st_uid == SERVER_USER
        yield port, os.readlink(f"/proc/{process.pid}/exe")
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def ask(port, times):
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        for _ in range(times):
            s.sendall(GET)
            assert s.recv(4096).startswith(b"HTTP/1.1 200")


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
    status = status_of(pathlib.Path(f"/proc/{driver.process.pid}/status").read_text())
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
    status = status_of(pathlib.Path(f"/proc/{driver.process.pid}/status").read_text())
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
        ask(port, 3)
        driver.counts(port, 3, exe)
        driver.does(f"second {backend}")
        ask(port, 4)
        driver.counts(port, 7, exe)
        assert driver.does(f"second {port}") == f"4 {exe}"


@USERS
def test_a_service_that_came_later_is_named_as_well(place, user):
    driver = place.drive(user).ready()
    with server_of_another_user() as (port, exe):
        ask(port, 2)
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
        ask(port, 1)
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


def test_links_to_what_is_not_in_the_directory_are_not_given_away(place):
    secret = place.root / "secret"
    secret.write_text("root's")
    os.link(secret, place.state / "hard")
    os.symlink(secret, place.state / "soft")
    other = place.root / "directory"
    other.mkdir()
    (other / "inside").write_text("root's")
    os.symlink(other, place.state / "elsewhere")
    place.drive(str(OTHER)).ready()
    assert secret.stat().st_uid == 0
    assert (other / "inside").stat().st_uid == other.stat().st_uid == 0
    assert (place.state / "driver.db").stat().st_uid == OTHER


def test_root_takes_back_what_another_user_owned(place):
    place.drive(str(OTHER)).ready().end()
    for path in place.pins.rglob("*"):
        if path.name == "map":
            path.unlink()
    assert place.state.stat().st_uid == OTHER
    driver = place.drive().ready()
    assert driver.does("record").startswith("20000 rows")
    assert {p.stat().st_uid for p in [place.state, *place.state.iterdir()]} == {0}


@pytest.mark.parametrize("user, what", [
    ("no-such-user-of-troth", "there is no user 'no-such-user-of-troth'"),
    ("99999999999", "there is no user '99999999999'"),
    ("4294967295", "there is no user '4294967295'"),
    ("1000:", "there is no user '1000:'"),
    ("1000:x", "there is no user '1000:x'"),
])
def test_a_user_that_is_none_is_said_in_one_line(place, user, what):
    name, verdict, detail = place.drive(user).line()
    assert (name, verdict) == ("prepare", "FAILED")
    assert detail.startswith(what)


def test_a_group_of_ones_own(place):
    driver = place.drive(f"{OTHER}:{OTHER - 1}").ready()
    status = status_of(pathlib.Path(f"/proc/{driver.process.pid}/status").read_text())
    assert status["Uid"] == [str(OTHER)] * 4
    assert status["Gid"] == [str(OTHER - 1)] * 4


@pytest.mark.parametrize("by", ["name", "number"])
def test_a_user_that_there_is_has_its_groups(place, by):
    """nobody is there on every machine; what id(1) says is the truth."""
    want = subprocess.run(["id", "-G", "nobody"], capture_output=True, text=True, check=True)
    driver = place.drive("nobody" if by == "name" else str(pwd.getpwnam("nobody").pw_uid)).ready()
    status = status_of(pathlib.Path(f"/proc/{driver.process.pid}/status").read_text())
    assert sorted(status["Groups"]) == sorted(want.stdout.split())
    assert driver.does("record").startswith("20000 rows")


def test_directories_out_of_the_users_reach_are_said_at_once(place):
    place.root.chmod(0o711)
    closed = place.root / "closed"
    closed.mkdir(mode=0o700)
    place.state = closed / "state"
    place.state.mkdir()
    name, verdict, detail = place.drive(str(OTHER)).line()
    assert (name, verdict) == ("drop", "FAILED")
    assert detail.startswith(f"uid {OTHER} cannot use {place.state}: Permission denied")


def bounded(*capabilities):
    return ["setpriv", "--bounding-set=-all" + "".join(f",+{c}" for c in capabilities)]


def test_without_the_right_to_give_up_nothing_starts(place):
    driver = place.drive(before=bounded("bpf", "perfmon", "sys_ptrace"))
    name, verdict, detail = driver.line()
    assert (name, verdict) == ("prepare", "FAILED")
    assert "CAP_SETPCAP" in detail


def test_four_capabilities_are_enough_to_start_as_root(place):
    with server_of_another_user() as (port, exe):
        driver = place.drive(before=bounded("bpf", "perfmon", "sys_ptrace", "setpcap")).ready()
        ask(port, 2)
        driver.counts(port, 2, exe)
        driver.does("pins")
        driver.does("record")


def test_three_are_enough_where_another_user_starts_it(place):
    """As with User= and AmbientCapabilities= in a unit."""
    for path in (place.state, place.pins):
        os.chown(path, OTHER, OTHER)
    kept = "-all,+bpf,+perfmon,+sys_ptrace"
    driver = place.drive(commands=True, before=[
        "setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups",
        f"--inh-caps={kept}", f"--ambient-caps={kept}"]).ready()
    status = status_of(pathlib.Path(f"/proc/{driver.process.pid}/status").read_text())
    assert int(status["CapEff"][0], 16) == KEPT
    assert status["CapAmb"] == status["CapInh"] == ["0" * 16]
    script = place.root / "command"
    script.write_text("#!/bin/sh\nexec cat /proc/self/status\n")
    script.chmod(0o755)
    said = driver.does(f"command {script}").split()
    assert {said[said.index(f"{name}:") + 1] for name in ("CapPrm", "CapEff")} == {"0" * 16}
    with server_of_another_user() as (port, exe):
        ask(port, 2)
        driver.counts(port, 2, exe)


TEMPTING = ("/proc/sys/kernel/core_pattern", "/proc/1/mem", "/etc/passwd", "/sys/kernel/rcu_expedited")


@pytest.mark.parametrize("user, errno", [("", "0"), (str(OTHER), "EACCES")],
                         ids=["root", "another user"])
def test_what_belongs_to_root_only_another_user_cannot_write(place, user, errno):
    """Without the unit: why docs/operating.md asks for another user there."""
    assert place.drive(user).ready().does("write /proc/sys/kernel/core_pattern") == errno


def in_a_file_system_like_the_units(place, *, pins_written=True):
    """ProtectSystem=strict, ReadOnlyPaths= and ReadWritePaths=/sys/fs/bpf, by mounts of our own: also
    where no systemd can run. test_systemd.py has the unit itself."""
    read_only = ["mount -o remount,bind,ro /", "mount -o remount,bind,ro /sys",
                 "mount -o remount,bind,ro /proc"]
    if not pins_written:  # what ProtectKernelTunables=yes does to all below /sys
        read_only += ["mount --bind /sys/fs/bpf /sys/fs/bpf",
                      "mount -o remount,bind,ro /sys/fs/bpf"]
    return ["unshare", "--mount", "--propagation=private", "setpriv",
            "--bounding-set=-all,+bpf,+perfmon,+sys_ptrace,+setpcap,+sys_admin", "sh", "-ec",
            f"mount --bind {place.state} {place.state}; {'; '.join(read_only)}; exec \"$@\"", "sh"]


def test_it_works_in_the_file_system_that_the_unit_leaves(place):
    with server_of_another_user() as (port, exe):
        driver = place.drive(before=in_a_file_system_like_the_units(place)).ready()
        ask(port, 2)
        driver.counts(port, 2, exe)
        driver.does("pins")
        driver.does("record")
        driver.does("wait")
        for path in TEMPTING:
            assert driver.does(f"write {path}") == "EROFS"
        assert driver.does(f"fetch http://localhost:{port}/") == "200"
    assert (place.pins / "inner/map").exists()  # seen from outside: the next start finds it


def test_protected_kernel_tunables_would_forbid_pinning(place):
    """Why the unit does not have them."""
    before = in_a_file_system_like_the_units(place, pins_written=False)
    name, verdict, detail = place.drive(before=before).line()
    assert (name, verdict, detail) == ("pin", "FAILED", "Read-only file system")
    assert not list(place.pins.iterdir())


def with_a_bpffs(mode):
    """As systemd mounts it (0700), or as the drop-in of docs/operating.md leaves it (0711)."""
    return ["unshare", "--mount", "--propagation=private", *bounded(
        "bpf", "perfmon", "sys_ptrace", "setpcap", "sys_admin", "setuid", "setgid", "chown",
        "dac_override"), "sh", "-ec", f"mount -t bpf -o mode={mode} bpf /sys/fs/bpf; "
        "mkdir -m 700 \"$3\"; exec \"$@\"", "sh"]


def test_another_user_starts_with_the_capabilities_of_the_docs(place):
    text = (ROOT / "docs/operating.md").read_text()
    unit = (ROOT / "deploy/systemd/troth.service").read_text()
    stated = {c.removeprefix("CAP_").lower() for line in re.findall(
        r"^CapabilityBoundingSet=(.*)$", text + unit, re.M) for c in line.split()}
    arguments = with_a_bpffs("0711")
    assert f"--bounding-set=-all,+{',+'.join(stated)}".count("+") == arguments[4].count("+")
    assert all(f"+{c}" in arguments[4] for c in stated), (stated, arguments[4])
    with server_of_another_user() as (port, exe):
        for i in range(2):  # a restart finds what the first one has given away
            driver = place.drive(str(OTHER), before=arguments).ready()
            ask(port, 2)
            driver.counts(port, 2, exe)
            driver.does("pins")
            driver.does("record") if i == 0 else driver.does("wait")
            driver.end()
    assert (place.state / "driver.db").stat().st_uid == OTHER


def test_a_bpffs_that_is_closed_to_the_user_is_said_at_once(place):
    name, verdict, detail = place.drive(str(OTHER), before=with_a_bpffs("0700")).line()
    assert (name, verdict) == ("drop", "FAILED")
    assert detail.startswith(f"uid {OTHER} cannot use {place.pins}: Permission denied")
