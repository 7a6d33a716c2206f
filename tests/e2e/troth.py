# SPDX-License-Identifier: Apache-2.0
"""Runs `troth check` around some traffic and reads what it says (CONTRACT.md)."""

import functools
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("TROTH", str(ROOT / "build/troth"))
BACKEND = os.environ.get("TROTH_BACKEND", "auto")

OUTCOMES = ("ok", "client_error", "server_error", "no_response", "aborted", "unknown")
BESIDE = ("in_flight", "streamed", "coalesced")  # columns that are not in the total
ANY = object()  # "whatever the number is"
PATIENCE_S = 30  # with what comes at once where the machine has nothing else to do


def run(*args, timeout=30, **kwargs):
    """A troth command to its end: exit code, stdout, stderr."""
    return subprocess.run([BINARY, *map(str, args)], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=timeout, **kwargs)


def status_fields(text):
    """The fields of /proc/PID/status."""
    return {k: v.split() for k, _, v in (line.partition(":") for line in text.splitlines())}


def status_of(pid):
    return status_fields(pathlib.Path(f"/proc/{pid}/status").read_text())


def all_programs():
    """Every BPF program in the kernel, as bpftool has it."""
    listed = subprocess.run(["bpftool", "-j", "prog", "list"], capture_output=True, timeout=30)
    return json.loads(listed.stdout or b"[]")


def programs():
    """The same: id -> name."""
    return {p["id"]: p.get("name", "") for p in all_programs()}


def programs_of(pid):
    """The programs that a process holds, by id: directly or through a link; and those that were loaded
    with them and are only called, which have the same types."""
    held = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            text = info.read_text()
        except OSError:
            continue
        held |= {int(line.split()[1]) for line in text.splitlines()
                 if line.startswith("prog_id:")}
    everywhere = all_programs()
    types = {p["btf_id"] for p in everywhere if p["id"] in held and "btf_id" in p}
    return held | {p["id"] for p in everywhere if p.get("btf_id") in types}


def assert_gone(ids, timeout_s=PATIENCE_S):
    """Programs are freed some moments after their process: wait for that, not longer."""
    end = time.monotonic() + timeout_s
    while left := {i: name for i, name in programs().items() if i in ids}:
        assert time.monotonic() < end, f"troth left programs in the kernel: {left}"
        time.sleep(0.05)


class Check:
    """`troth check` from its `ready` to SIGINT:

    with Check(port) as check:
        ...traffic...
    check.server(port).counts(ok=3)
    """

    def __init__(self, *ports, args=(), output="json", duration=60, settle_s=0.15):
        self.command = [BINARY, "check", "--output", output, "-d", str(duration)]
        if BACKEND != "auto":
            self.command += ["--backend", BACKEND]
        for port in ports:
            self.command += ["--port", str(port)]
        self.command += map(str, args)
        self.settle_s = settle_s
        self.code = self.stdout = self.stderr = self.json = self.process = None
        self.programs = set()

    def start(self):
        # Files, not pipes: nobody need read along.
        self.out, self.err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.out,
                                        stderr=self.err)
        end = time.monotonic() + PATIENCE_S
        while "ready\n" not in self._read(self.err).splitlines(keepends=True):
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise AssertionError("troth check did not say ready" + self.explained())
            time.sleep(0.005)
        self.ready_at = time.monotonic()
        self.programs = programs_of(self.process.pid)
        return self

    def stop(self, signum=signal.SIGINT):
        """End it by a signal (None: by itself) and read its result, once."""
        if self.code is not None:
            return self
        if signum and self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"troth check did not end after {signum}" + self.explained())
        self._collect()
        if "json" in self.command:
            try:
                self.json = json.loads(self.stdout)
            except ValueError as error:
                raise AssertionError(f"no JSON from troth: {error}" + self.explained())
            assert BACKEND in ("auto", self.json["host"]["backend"]), self.explained()
        return self

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process and not self.out.closed:
            self.process.wait()
            self._collect()

    def _collect(self):
        self.code = self.process.returncode
        self.stdout, self.stderr = self._read(self.out), self._read(self.err)
        self.out.close()
        self.err.close()

    @staticmethod
    def _read(file):
        file.seek(0)
        return file.read()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        if kind:
            self.kill()
            return
        time.sleep(self.settle_s)
        self.stop()

    def explained(self):
        out = self.stdout
        if self.json:  # a line a service
            parts = [json.dumps(self.json["measurement"]),
                     *(json.dumps(s) for s in self.json["services"])]
            out = "\n".join(parts)
        return (f"\n$ {' '.join(self.command)}\nexit code {self.code}"
                f"\n--- stderr\n{self.stderr}--- stdout\n{out}")

    # What was seen.

    def services(self, role, port=None):
        """Those of one role; port: a server's own, a client's peer's.

        What found no room of its own is a row without a port: it is in no list.
        """
        found = []
        for s in self.json["services"]:
            at = s["identity"]["port"] if s["role"] == "server" else (s["peer"] or {}).get("port")
            if s["role"] == role and at is not None and port in (None, at):
                found.append(Service(s, self))
        return found

    def one(self, role, port, **identity):
        found = [s for s in self.services(role, port)
                 if all(s["identity"][k] == v for k, v in identity.items())]
        assert len(found) == 1, (f"{len(found)} {role} services at port {port} {identity or ''}, "
                                 f"expected 1" + self.explained())
        return found[0]

    def server(self, port, **identity):
        return self.one("server", port, **identity)

    def client(self, port, **identity):
        return self.one("client", port, **identity)

    def both(self, port, **counts):
        """Server and client live on this host and must tell the same story."""
        self.server(port).counts(**counts)
        self.client(port).counts(**counts)

    def nothing_counted(self, port):
        for s in self.services("server", port) + self.services("client", port):
            s.counts()


class At:
    """What a check saw at one port."""

    def __init__(self, check, port):
        self.check, self.port = check, port

    def __getattr__(self, name):
        return functools.partial(getattr(self.check, name), self.port)


class Service(dict):
    """One element of `services`."""

    def __init__(self, service, check):
        super().__init__(service)
        self.check = check

    def fail(self, what):
        raise AssertionError(f"{self['role']} {self['name']}: {what}" + self.check.explained())

    def counts(self, **expected):
        """Exactly these; every column that is not named is 0, and nothing was lost."""
        want = dict.fromkeys(OUTCOMES + BESIDE, 0) | expected
        seen = self["exchanges"]
        wrong = [f"{k} {seen[k]} (expected {v})" for k, v in want.items()
                 if v is not ANY and seen[k] != v]
        total = sum(seen[k] for k in OUTCOMES)
        if seen["total"] != total:
            wrong.append(f"total {seen['total']} is not the sum of its outcomes, {total}")
        if self.check.json["measurement"]["lost"]:
            wrong.append(f"lost {self.check.json['measurement']['lost']}")
        if wrong:
            self.fail(", ".join(wrong))
        return self

    def total(self, expected):
        if self["exchanges"]["total"] != expected:
            self.fail(f"total {self['exchanges']['total']}, expected {expected}")
        return self

    def connections(self, **expected):
        return self._fields("connections", expected)

    def bytes(self, **expected):
        return self._fields("bytes", expected)

    def _fields(self, group, expected):
        wrong = [f"{group}.{k} {self[group][k]} (expected {v})" for k, v in expected.items()
                 if self[group][k] != v]
        if wrong:
            self.fail(", ".join(wrong))
        return self

    def slo(self, indicator, **expected):
        """The default objective with that indicator: its good, total, exact, met ..."""
        (slo,) = [s for s in self["slos"] if s["indicator"] == indicator]
        wrong = [f"{indicator} {k} {slo[k]} (expected {v})" for k, v in expected.items()
                 if slo[k] != v]
        if wrong:
            self.fail(", ".join(wrong))
        return self

    def time(self, path, at_least_s, at_most_s=None):
        """A time like `parts_s.queue.mean`, within 5 % and a millisecond of the truth."""
        value = self
        for key in path.split("."):
            value = value[key]
        at_most_s = at_least_s if at_most_s is None else at_most_s
        low, high = at_least_s * 0.95 - 0.001, at_most_s * 1.05 + 0.001
        if value is None or not low <= value <= high:
            self.fail(f"{path} is {value}, the truth lies in {at_least_s:.6f}…{at_most_s:.6f} s")
        return self
