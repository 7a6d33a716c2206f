# SPDX-License-Identifier: Apache-2.0
"""Runs `troth run` with directories and ports of its own, asks it, kills it, and cleans up."""

import contextlib
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from troth import BACKEND, BINARY, OUTCOMES, PATIENCE_S, assert_gone, programs_of
from wire import free_port

PINS = pathlib.Path("/sys/fs/bpf")
numbers = itertools.count()


def until(condition, timeout_s=PATIENCE_S, what="it"):
    """Waits until condition() is true, and gives what it gave."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come within {timeout_s} s"
        time.sleep(0.05)


def early_in_a_minute(left_s=25):
    """What happens now is not split between two minutes."""
    if time.time() % 60 > 60 - left_s:
        time.sleep(60.5 - time.time() % 60)


def port_of(row):
    """Of a service in a document: its own, a client's that of its peer. None: it has none."""
    return (row["identity"] if row["role"] == "server" else row["peer"] or {}).get("port")


class Api:
    """What a daemon says at 127.0.0.1:port. Whoever is one has explained() as well."""

    def get(self, path, headers=None):
        """Status, body."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}",
                                         headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def json(self, path):
        status, body = self.get(path)
        assert status == 200, f"{path}: {status} {body}" + self.explained()
        return json.loads(body)

    def ticks(self, n):
        """Waits until so many more began after now."""
        begun = self.metrics()["troth_ticks_total"]
        until(lambda: self.metrics()["troth_ticks_total"] >= begun + n, what=f"{n} ticks")

    def metrics(self):
        """{name with labels as they stand: value}"""
        status, body = self.get("/metrics")
        assert status == 200, body
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in body.splitlines() if line and not line.startswith("#")}

    def service(self, port, role="server"):
        """Its row in the API; None: not there."""
        found = [s for s in self.json("/api/v1/services")["services"]
                 if s["role"] == role and port_of(s) == port]
        assert len(found) < 2, f"{[s['name'] for s in found]} at port {port}" + self.explained()
        return found[0] if found else None

    def counted(self, port, role="server"):
        """Exchanges by outcome, those that are not 0."""
        row = self.service(port, role)
        return {k: row["exchanges"][k] for k in OUTCOMES if row and row["exchanges"][k]}

    def counts(self, port, role="server", **expected):
        """Exactly these come to be told."""
        end = time.monotonic() + PATIENCE_S
        while (seen := self.counted(port, role)) != expected:
            assert time.monotonic() < end, f"{seen}, expected {expected}" + self.explained()
            time.sleep(0.1)

    def slo(self, name):
        (found,) = [s for s in self.json("/api/v1/slos")["slos"]
                    if name == s["name"] + ("/" + s["objective"] if s["objective"] else "")]
        return found


class Daemon(Api):
    """One state directory, one pin directory, and one daemon after the other on them.

    with Daemon() as d:
        d.start()
        ...traffic...
        d.counts(port, ok=3)
        d.kill()
        d.start()
    """

    def __init__(self, *args, slos=None, conf=None, state_dir=None, env=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="troth-run-"))
        self.state_dir = pathlib.Path(state_dir or self.dir / "state")
        self.slo_dir = self.dir / "slo.d"
        self.slo_dir.mkdir()
        self.pin_dir = PINS / f"troth-e2e-{os.getpid()}-{next(numbers)}"
        self.port = free_port()
        self.args = list(args)
        self.env = env
        self.process, self.programs, self.logs = None, set(), 0
        if slos:
            self.slos(slos)
        if conf is not None:
            self.conf(conf)

    # Files

    def slos(self, text, name="objectives.yaml"):
        (self.slo_dir / name).write_text(text)

    def conf(self, text):
        path = self.dir / "troth.yaml"
        path.write_text(text)
        if "-c" not in self.args:
            self.args += ["-c", str(path)]

    @property
    def directories(self):
        return ["--state-dir", str(self.state_dir), "--pin-dir", str(self.pin_dir)]

    # Life

    def begin(self, *args, binary=BINARY):
        """The process alone, whatever becomes of it."""
        assert self.process is None or self.process.poll() is not None
        self.logs += 1
        self.log_path = self.dir / f"log-{self.logs}"
        command = [binary, "run", *self.directories, "--slo-dir", self.slo_dir, "--listen",
                   f"127.0.0.1:{self.port}", *self.args, *args]
        if BACKEND != "auto":
            command += ["--backend", BACKEND]
        self.command = [str(c) for c in command]
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.env and {**os.environ, **self.env})
        return self

    def start(self, *args, binary=BINARY):
        self.begin(*args, binary=binary)
        began = time.monotonic()
        while "ready\n" not in self.log().splitlines(keepends=True):
            assert self.process.poll() is None and time.monotonic() < began + PATIENCE_S, \
                "troth run did not say ready" + self.explained()
            time.sleep(0.005)
        self.ready_s = time.monotonic() - began
        self.programs |= programs_of(self.process.pid)
        return self

    def kill(self, signum=signal.SIGKILL):
        self.process.send_signal(signum)
        self.process.wait(PATIENCE_S)
        return self

    def stop(self, signum=signal.SIGTERM):
        """An orderly end; its exit code."""
        self.process.send_signal(signum)
        return self.process.wait(PATIENCE_S)

    def reload(self):
        said = self.log().count("reload")
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.log().count("reload") > said, what="an answer to SIGHUP")

    def troth(self, *args, timeout=30):
        """Another command on the same directories."""
        return subprocess.run([BINARY, args[0], *self.directories, *map(str, args[1:])],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.process and self.process.poll() is None:
            self.kill()
        self.troth("detach")
        pins = [p for p in PINS.iterdir() if p.name.startswith(self.pin_dir.name)]
        for left in pins:
            shutil.rmtree(left, ignore_errors=True)
        if kind:
            print(self.explained())
        shutil.rmtree(self.dir, ignore_errors=True)
        if not kind:
            assert not pins, f"troth detach left {pins}"
            assert_gone(self.programs)

    def log(self):
        return self.log_path.read_text()

    def explained(self):
        return f"\n$ {' '.join(self.command)}\n{self.process.poll()}\n--- log\n{self.log()}"

    # What its record says

    def report(self, *args):
        done = self.troth("report", "--output", "json", *args)
        assert done.returncode in (0, 1, 4), done.stderr
        return json.loads(done.stdout)

    def recorded(self, port, role="server"):
        """Its rows in a report: of the record alone, whether a daemon runs or not."""
        return [s for s in self.report()["services"] if s["role"] == role and port_of(s) == port]


@contextlib.contextmanager
def running(*args, **kwargs):
    with Daemon(*args, **kwargs) as d:
        yield d.start()
