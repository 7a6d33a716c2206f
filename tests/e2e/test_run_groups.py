# SPDX-License-Identifier: Apache-2.0
"""Who a process was that has gone before it was looked at: by its control group, without privileges."""

import contextlib
import os
import pathlib
import subprocess
import sys

import pytest

from actors import answers, serve
from daemon import PINS, Daemon, until
from troth import status_of
from wire import OK

CAP_DAC_READ_SEARCH = 2
OTHER = 65533  # nobody's number

# In its group before it connects, and gone as soon as it is answered.
CLIENT = """
import os, socket, sys
with open(sys.argv[1] + "/cgroup.procs", "w") as procs:
    procs.write(str(os.getpid()))
s = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
s.sendall(b"GET / HTTP/1.1\\r\\nHost: e2e\\r\\n\\r\\n")
s.recv(4096)
os._exit(0)
"""


@pytest.fixture
def hierarchy(tmp_path):
    """Where groups by number are: the first cgroup2 mount, or one of our own."""
    mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    found = [m[1] for m in mounts if m[2] == "cgroup2"]
    if found:
        yield pathlib.Path(found[0])
        return
    subprocess.run(["mount", "-t", "cgroup2", "none", tmp_path], check=True)
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


@contextlib.contextmanager
def groups(*paths):
    """Made, and removed when nobody is in them any more."""
    made = []
    try:
        for path in paths:
            path.mkdir()
            made.append(path)
        yield paths[-1]
    finally:
        for path in reversed(made):
            until(lambda path=path: not (path / "cgroup.procs").read_text(), what="an empty group")
            path.rmdir()


@contextlib.contextmanager
def pins_within_reach():
    """Of other users: systemd mounts it with 0700."""
    mode = PINS.stat().st_mode & 0o7777
    PINS.chmod(mode | 0o011)
    try:
        yield
    finally:
        PINS.chmod(mode)


def call(group, port):
    subprocess.run([sys.executable, "-c", CLIENT, str(group), str(port)], check=True, timeout=20)


def unseen_client(d, group, server):
    """The row of a client that no tick has met alive: nobody knows its executable."""
    def row():
        call(group, server.port)
        return until(lambda: d.service(server.port, "client"), what="a client")
    found = row()
    return found if found["identity"]["exe"] is None else None


@pytest.mark.any_backend
@pytest.mark.limit_s(90)
@pytest.mark.parametrize("user", ["", str(OTHER)], ids=["root", "another user"])
def test_a_client_that_has_gone_keeps_its_unit_without_privileges(hierarchy, user):
    name = f"troth-e2e-{os.getpid()}"
    outer = hierarchy / f"{name}.slice"
    conf = f'user: "{user}"\n' if user else None
    with groups(outer, outer / f"{name}.service") as group, pins_within_reach(), \
            Daemon(conf=conf) as d:
        if user:
            d.dir.chmod(0o755)
        d.start()
        capabilities = int(status_of(d.process.pid)["CapEff"][0], 16)
        assert not capabilities & 1 << CAP_DAC_READ_SEARCH
        for _ in range(8):  # of a client that a tick happens to meet nothing is learned
            with serve(answers(OK)) as server:
                row = unseen_client(d, group, server)
                if not row:
                    continue
                until(lambda port=server.port: d.service(port, "client")["identity"]["unit"],
                      what="its unit")
                row = d.service(server.port, "client")
                break
        assert row, "each client was met alive"
        assert row["identity"]["unit"] == f"{name}.service", d.explained()
        assert row["identity"]["cgroup"] == f"/{name}.slice/{name}.service"
        # One of a group that was made since, which no walk can have met.
        with groups(outer / "later.service") as later, serve(answers(OK)) as server:
            call(later, server.port)
            until(lambda: (d.service(server.port, "client") or {"identity": {"unit": None}})
                  ["identity"]["unit"] == "later.service", what="the later unit")
            assert d.metrics()["troth_groups_left_out"] == 0
            d.stop()
            recorded = [s["identity"]["unit"] for s in d.recorded(server.port, "client")]
            assert recorded == ["later.service"], "told once its group was known"
