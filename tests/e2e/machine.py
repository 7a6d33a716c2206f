# SPDX-License-Identifier: Apache-2.0
"""A systemd of the distribution as process 1 of namespaces of its own, on this machine's kernel and
network: it runs the units that it is given and no other, and goes with all that it has started."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from daemon import until
from troth import PATIENCE_S

SYSTEMD = "/lib/systemd/systemd"
UNITS = "/etc/troth-machine"
# What troth.service and journald are ordered after, from systemd itself.
NEEDED = ("sysinit.target", "basic.target", "shutdown.target", "systemd-journald.service",
          "systemd-journald.socket", "systemd-journald-dev-log.socket")

TARGET = """[Unit]
Requires=sysinit.target basic.target systemd-journald.service
After=sysinit.target basic.target systemd-journald.service
AllowIsolate=yes
"""
JOURNALD = "[Journal]\nStorage=volatile\nAudit=no\nReadKMsg=no\nRateLimitBurst=0\n"

# Process 1 from its first moment; in a cgroup of its own, so that it is the root of its namespace.
BEFORE = r"""
dir=$1 cgroup=$2
read -r pid rest </proc/self/stat
echo 0 >"$cgroup/cgroup.procs"
echo "$pid"
exec unshare --cgroup sh -ec "$3" sh "$dir"
"""

# Its files: those of this machine, over which what is written lies in memory. Of the kernel's it has
# its own: bpffs above all, so that nothing is pinned outside. /run/proc shows all processes.
INSIDE = r"""
dir=$1
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$dir/space"
cd "$dir/space"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
rm -rf root/etc/troth root/var/lib/troth
cp -a "$dir/files/." root/
chmod 755 root
cd root
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t bpf -o mode=700 bpf sys/fs/bpf
mount --bind /sys/kernel/tracing sys/kernel/tracing
for where in dev run tmp var/tmp; do
	mount -t tmpfs -o mode=755 tmpfs $where
done
chmod 1777 tmp var/tmp
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for device in null:3 zero:5 full:7 random:8 urandom:9; do
	mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 dev/tty c 5 0
mkdir run/before run/proc
mount --bind /proc run/proc
pivot_root . run/before
umount -l run/before
cd /
exec env -i container=troth-test PATH="$PATH" SYSTEMD_UNIT_PATH="$2" \
	SYSTEMD_GENERATOR_PATH=/run/none SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/none \
	"$3" --system --unit=machine.target --show-status=no </dev/null >/dev/null 2>&1
"""

def unified_hierarchy():
    """Where cgroup v2 is mounted. Another mount of it would change the machine's options."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 ") and before.split()[3] == "/":
            return pathlib.Path(before.split()[4])
    return None


class Machine:
    """Files are written first, then it boots:

    with Machine() as machine:
        machine.write("/etc/troth-machine/shop.service", text)
        machine.boot()
        machine.systemctl("start", "shop")
    """

    def __init__(self, unit_path="/usr/local/lib/systemd/system"):
        self.unit_path = unit_path
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="troth-machine-"))
        self.files = self.dir / "files"
        self.mounted = self.cgroup = self.process = self.pid = None
        (self.dir / "space").mkdir()
        for name in NEEDED:
            self.write(f"{UNITS}/{name}", pathlib.Path("/lib/systemd/system", name).read_text())
        self.write(f"{UNITS}/machine.target", TARGET)
        self.write("/etc/systemd/journald.conf.d/machine.conf", JOURNALD)

    def path(self, inside):
        """Where that file is for us; before it runs, where it is taken from."""
        root = f"/proc/{self.pid}/root" if self.pid else self.files
        return pathlib.Path(f"{root}{inside}")

    def write(self, inside, text):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def drop_in(self, unit, text):
        self.write(f"{UNITS}/{unit}.d/test.conf", text)
        if self.pid:
            self.systemctl("daemon-reload", check=True)

    def boot(self):
        self._make_cgroup()
        inside = INSIDE.replace('"$2"', f"{UNITS}:{self.unit_path}").replace('"$3"', SYSTEMD)
        # It goes when we go, however we do.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--mount", "--uts", "--ipc",
             "--fork", "--kill-child=KILL", "sh", "-ec", BEFORE, "sh", self.dir, self.cgroup, inside],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=(self.dir / "log").open("w"),
            text=True)
        line = self.process.stdout.readline()
        assert line, "no process 1: " + self._log()
        self.pid = int(line)

        def runs():
            assert self.process.poll() is None, "process 1 has ended: " + self._log()
            return self.systemctl("is-active", "machine.target").stdout == "active\n"
        until(runs, what="systemd")
        # systemd sets some at its start: not this machine's. From now on only a unit forbids it.
        self.run("mount", "-o", "remount,bind,rw", "/proc/sys", check=True)
        return self

    def _log(self):
        self.process.wait(PATIENCE_S)
        return (self.dir / "log").read_text()

    def _make_cgroup(self):
        where = unified_hierarchy()
        if not where:
            where = self.mounted = self.dir / "cgroup"
            where.mkdir()
            subprocess.run(["mount", "-t", "cgroup2", "cgroup2", where], check=True)
        self.cgroup = where / self.dir.name
        self.cgroup.mkdir()

    def run(self, *command, check=False, timeout_s=60):
        done = subprocess.run(
            ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--uts", "--ipc", "--cgroup",
             *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout_s, cwd="/", env={**os.environ, "LC_ALL": "C"})
        assert not check or not done.returncode, f"{command}: {done}"
        return done

    def systemctl(self, *args, **kwargs):
        return self.run("systemctl", "--no-pager", *args, **kwargs)

    def journal(self, unit):
        """Its lines: [{MESSAGE, PRIORITY, ...}]"""
        said = self.run("journalctl", "--no-pager", "--output", "json", "--unit", unit, check=True)
        return [json.loads(line) for line in said.stdout.splitlines()]

    def shown(self, unit, *properties):
        """{property: value}"""
        said = self.systemctl("show", unit, "--property", ",".join(properties), check=True).stdout
        return dict(line.split("=", 1) for line in said.splitlines())

    def outer(self, pid):
        """What a process of it is called outside."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):  # it has just gone
                numbers = re.search(r"^NSpid:(.*)$", status.read_text(), re.M)[1].split()
                if numbers[1:] == [str(pid)] and \
                        os.readlink(status.parent / "ns/pid") == os.readlink(f"/proc/{self.pid}/ns/pid"):
                    return int(status.parent.name)
        raise AssertionError(f"no process {pid} inside")

    def off(self):
        """The kernel ends all that is in the namespace with its process 1, and waits for it."""
        if self.process:
            if self.pid and self.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
            self.process.wait(PATIENCE_S)
            self.process.stdout.close()
        if self.cgroup:
            for path, _, _ in os.walk(self.cgroup, topdown=False):
                os.rmdir(path)
        if self.mounted:
            subprocess.run(["umount", self.mounted], check=True)
        shutil.rmtree(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.off()
