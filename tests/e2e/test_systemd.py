# SPDX-License-Identifier: Apache-2.0
"""deploy/systemd/troth.service as it is installed, under a systemd that is process 1: see machine.py.
Drop-ins are those of an operator; without one, a test has the unit as it stands."""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
from errno import EACCES, EAFNOSUPPORT, EPERM, EROFS

import pytest

from actors import answers, serve
from daemon import Api, until
from load import Load
from machine import UNITS, Machine
from privilege import KEPT, SERVER
from promises import documents, one_promise, promise
from troth import BINARY, ROOT, assert_gone, programs_of, status_fields
from wire import OK, free_port, talk

pytestmark = [pytest.mark.any_backend, pytest.mark.limit_s(120)]

OTHER = pathlib.Path(BINARY).with_name("troth-other")  # another layout of its counters
PROGRAM = "/usr/local/sbin/troth"
CAPABILITIES = {"SETPCAP": 8, "SYS_PTRACE": 19, "SYS_ADMIN": 21, "PERFMON": 38, "BPF": 39}


class Troth(Api):
    """The service in such a machine, and what it says."""

    def __init__(self, machine, port):
        self.machine, self.port, self.programs = machine, port, set()

    def conf(self, text=""):
        self.machine.write("/etc/troth/troth.yaml", f"listen: 127.0.0.1:{self.port}\n{text}")

    def start(self, verb="start"):
        done = self.machine.systemctl(verb, "troth")
        assert done.returncode == 0, f"{done.stderr}{self.said()}"
        self.programs |= programs_of(self.machine.outer(self.main()))
        return self

    def stop(self):
        self.machine.systemctl("stop", "troth", check=True)

    def main(self):
        return int(self.is_now("MainPID"))

    def is_now(self, *properties):
        seen = self.machine.shown("troth", *properties)
        values = [seen[p] for p in properties]
        return values[0] if len(values) == 1 else values

    def signal(self, name):
        self.machine.run("kill", "-s", name, self.main(), check=True)

    def restarted(self):
        def is_back():
            restarts, state = self.is_now("NRestarts", "ActiveState")
            return int(restarts) >= 1 and state == "active"
        until(is_back, what="a restart")
        self.programs |= programs_of(self.machine.outer(self.main()))

    def said(self, message=None):
        """Its lines; those of that message."""
        return [line for line in self.machine.journal("troth")
                if line.get("SYSLOG_IDENTIFIER") == "troth" and message in (None, line["MESSAGE"])]

    def says(self, pattern):
        """The first line of it with that, as soon as there is one."""
        return until(lambda: next((line for line in self.said()
                                   if re.search(pattern, line["MESSAGE"])), None), what=pattern)

    def explained(self):
        return f"\n{self.said()}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install` puts there, with the binary under test."""
    files = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={files}"], check=True,
                   capture_output=True, timeout=300)
    shutil.copy(BINARY, f"{files}{PROGRAM}")
    return files


@pytest.fixture
def troth(installed):
    with Machine() as machine:
        shutil.copytree(installed, machine.files, dirs_exist_ok=True)
        service = Troth(machine, free_port())
        service.conf()
        yield service
    assert_gone(service.programs)


@pytest.fixture
def server():
    with serve(answers(OK)) as actor:
        yield actor


def test_a_start_is_over_when_it_measures_and_a_stop_takes_all_out(troth, server):
    """systemctl comes back when the daemon has said so to systemd: what is asked then is counted."""
    troth.machine.boot()
    troth.start()
    talk(server.port, 5)
    assert troth.is_now("ActiveState", "SubState", "NRestarts") == ["active", "running", "0"]
    assert troth.is_now("StatusText").endswith(f"127.0.0.1:{troth.port}")
    assert troth.is_now("Type", "NotifyAccess", "WatchdogUSec") == ["notify", "main", "30s"]
    troth.counts(server.port, ok=5)
    ready = troth.says("^ready$")
    assert (ready["PRIORITY"], ready["_SYSTEMD_UNIT"]) == ("6", "troth.service")
    assert troth.programs and troth.machine.path("/sys/fs/bpf/troth").exists()

    talk(server.port, 2)
    troth.stop()
    assert_gone(troth.programs)
    assert not troth.machine.path("/sys/fs/bpf/troth").exists()
    assert troth.is_now("ActiveState", "Result", "ExecMainStatus") == ["inactive", "success", "0"]
    report = json.loads(troth.machine.run(PROGRAM, "report", "--output", "json").stdout)
    (row,) = [s for s in report["services"]
              if s["role"] == "server" and s["identity"]["port"] == server.port]
    assert row["exchanges"]["ok"] == 7, row


PROBE = r"""
import ctypes, json, os, re, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p

def errno_of(act):
    try:
        act()
    except OSError as e:
        return e.errno
    return 0

def call(name, *args):
    def act():
        if getattr(libc, name)(*args) in (-1, 2**64 - 1):
            raise OSError(ctypes.get_errno(), name)
    return act

def write(path):
    return lambda: os.close(os.open(path, os.O_WRONLY))

def create(directory):
    def act():
        path = directory + "/troth-probe"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        os.unlink(path)
    return act

seen = {name: errno_of(act) for name, act in {
    "core_pattern": write("/proc/sys/kernel/core_pattern"),
    "expedited": write("/sys/kernel/rcu_expedited"),
    "memory": write("/proc/1/mem"), "oom": write("/proc/1/oom_score_adj"),
    "passwd": write("/etc/passwd"),
    "etc": create("/etc"), "usr": create("/usr"), "root": create("/"), "var": create("/var/lib"), "run": create("/run"),
    "cgroup": lambda: os.mkdir("/sys/fs/cgroup/troth-probe"),
    "configuration": create("/etc/troth"),
    "record": create("/var/lib/troth"), "tmp": create("/tmp"),
    "pins": lambda: (os.mkdir("/sys/fs/bpf/probe"), os.rmdir("/sys/fs/bpf/probe")),
    "packet": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "unshare": call("unshare", 0x20000000),
    "affinity": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "personality": call("personality", 0x0008),
    "write_and_execute": call("mmap", None, ctypes.c_size_t(4096), 7, 0x22, -1, ctypes.c_long(0)),
    "chown": lambda: os.chown(sys.argv[1], 1, 1),
    "home": lambda: os.listdir("/root"), "hostname": lambda: socket.sethostname(socket.gethostname()),
}.items()}
seen["devices"] = [d for d in ("tty", "null", "kmsg", "mem") if os.path.exists("/dev/" + d)]
seen["status"] = open("/proc/self/status").read()
seen["limits"] = open("/proc/self/limits").read()
with open(sys.argv[1], "w") as f:
    json.dump(seen, f)
"""

def test_the_sandbox_is_what_the_unit_says(troth, server):
    """Seen by a program that the unit starts just before troth; and by the same one outside of it."""
    machine = troth.machine
    machine.write("/usr/local/probe.py", PROBE)
    machine.write("/var/lib/outside.json", "")
    machine.drop_in("troth.service", "[Service]\nExecStartPre=/usr/bin/python3 /usr/local/probe.py "
                    "/var/lib/troth/probe.json\n")
    machine.boot()
    troth.start()
    machine.run("/usr/bin/python3", "/usr/local/probe.py", "/var/lib/outside.json", check=True)
    inside, outside = (json.loads(machine.path(p).read_text())
                       for p in ("/var/lib/troth/probe.json", "/var/lib/outside.json"))
    written = {"record", "tmp", "pins"}
    special = {"packet": EAFNOSUPPORT, "home": EACCES}
    refused = {"unshare", "affinity", "personality", "write_and_execute", "chown", "hostname"}
    for name, errno in inside.items():
        if isinstance(errno, int):
            assert errno == (0 if name in written else EPERM if name in refused else
                             special.get(name, EROFS)), (name, errno)
            assert outside[name] == 0, (name, outside[name])
    assert inside["devices"] == ["tty", "null"]
    status = status_fields(inside["status"])
    assert int(status["CapBnd"][0], 16) == sum(1 << bit for bit in CAPABILITIES.values())
    assert (status["NoNewPrivs"], status["Seccomp"]) == (["1"], ["2"])
    for limit, value in (("core file size", 0), ("open files", 1024)):
        assert re.search(rf"^Max {limit} +{value} +{value} ", inside["limits"], re.M)

    # What is left once it is ready; and where it has written.
    status = status_fields(machine.path(f"/proc/{troth.main()}/status").read_text())
    caps = {k: int(status[k][0], 16) for k in status if k.startswith("Cap")}
    assert caps == {"CapInh": 0, "CapPrm": KEPT, "CapEff": KEPT, "CapBnd": 0, "CapAmb": 0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == (["1"], ["2"])
    assert status["Uid"] == status["Gid"] == ["0"] * 4
    assert int(status["Seccomp_filters"][0]) > 1, "systemd's and its own"
    for path, mode in (("/var/lib/troth", 0o700), ("/var/lib/troth/troth.db", 0o600),
                       ("/sys/fs/bpf/troth", 0o700)):
        assert stat.S_IMODE(machine.path(path).stat().st_mode) == mode, path
    if "memory" in machine.path("/sys/fs/cgroup/cgroup.controllers").read_text().split():
        group = machine.path("/sys/fs/cgroup/system.slice/troth.service")
        assert (group / "memory.max").read_text() == f"{512 << 20}\n"
    talk(server.port, 3)
    troth.counts(server.port, ok=3)


def test_services_of_other_users_are_named_with_their_unit(troth):
    """The kernel numbers processes for the whole machine, and troth must see them by these numbers,
    as it does where systemd is the machine's process 1."""
    port = free_port()
    troth.machine.write("/usr/local/shop.py", SERVER)
    troth.machine.write(f"{UNITS}/shop.service", f"[Service]\nUser=nobody\nExecStart=/usr/bin/"
                        f"python3 /usr/local/shop.py {port}\nStandardOutput=null\n")
    troth.machine.drop_in("troth.service", "[Service]\nBindPaths=/run/proc:/proc\n")
    troth.machine.write("/etc/troth/slo.d/shop.yaml",
                        one_promise({"unit": "shop.service"}))
    troth.machine.boot()
    troth.machine.systemctl("start", "shop", check=True)
    troth.start()
    until(lambda: pathlib.Path("/proc/net/tcp").read_text().count(f":{port:04X} "), what="the shop")
    talk(port, 4)
    troth.counts(port, ok=4)
    seen = troth.service(port)["identity"]
    assert seen["unit"] == "shop.service", seen
    assert seen["exe"] == os.path.realpath("/usr/bin/python3"), seen
    until(lambda: troth.json("/api/v1/slos")["slos"][0]["total"] == 4, what="the objective's count")


def test_a_reload_takes_what_is_right_and_leaves_what_was_where_it_is_wrong(troth, server):
    machine, file = troth.machine, "/etc/troth/slo.d/promise.yaml"
    machine.boot()
    troth.start()
    main = troth.main()
    machine.write(file, one_promise(server.port))
    machine.systemctl("reload", "troth", check=True)
    assert troth.says("^reloaded: 1 objectives")["PRIORITY"] == "6"
    machine.write(file, one_promise(server.port, target=9))
    machine.systemctl("reload", "troth", check=True)
    assert troth.says("^reload: .*everything goes on as it was")["PRIORITY"] == "3"
    assert troth.says(rf"^{file}:\d+:\d+: ")["PRIORITY"] == "3"
    until(lambda: troth.is_now("ActiveState", "SubState") == ["active", "running"], what="active")
    talk(server.port, 3)
    until(lambda: [s["total"] for s in troth.json("/api/v1/slos")["slos"]] == [3], what="the old one")
    machine.write(file, documents(promise("renamed", server.port)))
    machine.systemctl("reload", "troth", check=True)
    until(lambda: [s["name"] for s in troth.json("/api/v1/slos")["slos"]] == ["renamed"],
          what="the new one")
    assert troth.is_now("MainPID", "NRestarts", "ActiveState") == [str(main), "0", "active"]


@pytest.mark.parametrize("conf, code, why", [
    ("max-series: many\n", 2, r"^/etc/troth/troth.yaml:2:13: error: "),
    ("state-dir: /usr\n", 3, "^troth: "),
])
def test_what_no_start_mends_is_not_tried_again(troth, conf, code, why):
    troth.conf(conf)
    troth.machine.boot()
    assert troth.machine.systemctl("start", "troth").returncode != 0
    assert troth.is_now("ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts") == \
        ["failed", "failed", "exit-code", str(code), "0"], troth.said()
    assert troth.says(why)["PRIORITY"] == "3"


def test_a_kill_under_load_is_mended_and_loses_nothing(troth, server):
    troth.machine.boot()
    troth.start()
    before = troth.main()
    with Load(server.address, 2, pause_s=0.002) as load:
        until(lambda: troth.service(server.port), what="a count")
        troth.signal("KILL")
        troth.restarted()
        asked = load.stop()
    assert troth.main() != before
    troth.counts(server.port, ok=asked)


def test_a_daemon_that_hangs_is_ended_by_the_watchdog_and_loses_nothing(troth, server):
    """With a shorter patience than the unit's. One that is well outlasts it."""
    troth.machine.drop_in("troth.service", "[Service]\nWatchdogSec=12\n")
    troth.machine.boot()
    troth.start()
    first = int(troth.is_now("WatchdogTimestampMonotonic"))
    with Load(server.address, 2, pause_s=0.005) as load:
        until(lambda: int(troth.is_now("WatchdogTimestampMonotonic")) > first + 13_000_000,
              what="signs of life")
        assert troth.is_now("NRestarts", "ActiveState") == ["0", "active"]
        troth.signal("STOP")
        troth.restarted()
        asked = load.stop()
    troth.counts(server.port, ok=asked)
    said = [line["MESSAGE"] for line in troth.machine.journal("troth")]
    assert any("atchdog timeout" in line for line in said), said


def test_with_linger_a_restart_and_an_upgrade_lose_nothing(troth, server):
    """The upgrade reads the types of maps that another build left: what CAP_SYS_ADMIN is there for."""
    troth.conf("on-stop: linger\n")
    troth.machine.boot()
    troth.start()
    before = troth.main()
    with Load(server.address, 2, pause_s=0.002) as load:
        troth.start("restart")
        asked = load.stop()
    assert troth.main() != before
    troth.counts(server.port, ok=asked)
    troth.stop()
    talk(server.port, 3)
    shutil.copy(OTHER, troth.machine.path(f"{PROGRAM}.new"))
    troth.machine.path(f"{PROGRAM}.new").rename(troth.machine.path(PROGRAM))
    troth.start()
    troth.counts(server.port, ok=asked + 3)
    talk(server.port, 2)
    troth.counts(server.port, ok=asked + 5)


def test_as_another_user_it_needs_the_drop_in_of_the_docs(troth, server):
    text = (ROOT / "docs/operating.md").read_text()
    drop_in = re.search(r"### As another user.*?```\n(.*?)```", text, re.S)[1]
    troth.machine.drop_in("troth.service", drop_in)
    troth.conf("user: '65533'\n")
    troth.machine.boot()
    for verb in ("start", "restart"):
        troth.start(verb)
        status = status_fields(troth.machine.path(f"/proc/{troth.main()}/status").read_text())
        assert status["Uid"] == status["Gid"] == ["65533"] * 4
        assert int(status["CapEff"][0], 16) == int(status["CapPrm"][0], 16) == KEPT
        talk(server.port, 2)
        troth.counts(server.port, ok=2 if verb == "start" else 4)
    assert troth.machine.path("/var/lib/troth/troth.db").stat().st_uid == 65533
