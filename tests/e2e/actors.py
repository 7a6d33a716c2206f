# SPDX-License-Identifier: Apache-2.0
"""Processes that play a part: servers with known behaviour, busy CPUs, network namespaces."""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
import traceback

from troth import At, Check
from wire import OK, Ended, Wire

libc = ctypes.CDLL(None, use_errno=True)


def fork(body):
    """body() in a child process that never returns here. Its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.alarm(0)
        body()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def end(pid, signum=signal.SIGKILL):
    """Ends a child of ours and waits until it is gone."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signum)
        os.waitpid(pid, 0)


def fork_with_us(body):
    """The same, but the child ends when we do: whoever ends a server ends its workers."""
    PR_SET_PDEATHSIG = 1
    parent = os.getpid()

    def bound():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            body()

    return fork(bound)


class Stage:
    """The server's end of the two pipes to its test."""

    def __init__(self, inbox, outbox):
        self.outbox, self.cues = outbox, {}
        self.lock = threading.Lock()
        threading.Thread(target=self._listen, args=(inbox,), daemon=True).start()

    def _listen(self, inbox):
        with os.fdopen(inbox) as lines:
            for line in lines:
                self._cue(line.strip()).set()

    def _cue(self, word):
        with self.lock:
            return self.cues.setdefault(word, threading.Event())

    def say(self, word, value=None):
        os.write(self.outbox, json.dumps([word, value]).encode() + b"\n")

    def wait(self, word):
        if not self._cue(word).wait(60):
            raise TimeoutError(f"nobody said {word}")


class Actor:
    """A server process. program(listener, stage) plays it, in a child of this process.

    The test hears what it says and gives it cues; `listener` is bound before the fork, so
    it accepts connections from the first moment.
    """

    def __init__(self, program, host="127.0.0.1", port=0, backlog=128, namespace=None,
                 dual=False):
        self.program, self.namespace = program, namespace
        self.wanted = (host, port, backlog, dual)

    def __enter__(self):
        inbox, self.cue_pipe = os.pipe()
        self.words, outbox = os.pipe()
        self.heard_words, self.partial = [], b""

        def child():
            os.close(self.cue_pipe)
            os.close(self.words)
            stage = Stage(inbox, outbox)
            if self.namespace:
                self.namespace.enter()
            listener = self._listen()
            stage.say("listening", listener.getsockname()[1])
            try:
                self.program(listener, stage)
            except Exception:
                stage.say("error", traceback.format_exc())
                raise

        self.pid = fork(child)
        os.close(inbox)
        os.close(outbox)
        self.port = self.heard("listening")
        self.address = (self.wanted[0], self.port)
        return self

    def _listen(self):
        host, port, backlog, dual = self.wanted
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual else 1)
        listener.bind((host, port))
        listener.listen(backlog)
        return listener

    def __exit__(self, kind, error, trace):
        self.kill()
        os.close(self.cue_pipe)
        while self._hear(0):
            pass
        os.close(self.words)
        errors = [value for word, value in self.heard_words if word == "error"]
        if errors and not kind:
            raise AssertionError("the server failed: " + errors[0])

    def kill(self, signum=signal.SIGKILL):
        end(self.pid, signum)

    def cue(self, word):
        os.write(self.cue_pipe, word.encode() + b"\n")

    def heard(self, word, timeout_s=15):
        """Waits until the server says the word; the value said with it. Each is heard once."""
        until = time.monotonic() + timeout_s
        while True:
            for i, (said, value) in enumerate(self.heard_words):
                if said == word:
                    del self.heard_words[i]
                    return value
                if said == "error":
                    raise AssertionError("the server failed: " + value)
            if not self._hear(until - time.monotonic()):
                raise AssertionError(f"the server did not say {word}, only {self.heard_words}")

    def _hear(self, timeout_s):
        if not select.select([self.words], [], [], max(timeout_s, 0))[0]:
            return False
        piece = os.read(self.words, 65536)
        *lines, self.partial = (self.partial + piece).split(b"\n")
        self.heard_words += [json.loads(line) for line in lines]
        return bool(piece)


def each(handle):
    """A program that plays handle(wire, stage) for every connection, each in its own thread."""

    def one(sock, stage):
        with Wire(sock) as wire:
            try:
                handle(wire, stage)
            except (ConnectionError, Ended):
                pass  # the test's client left: that is the test's subject
            except Exception:
                stage.say("error", traceback.format_exc())
        stage.say("closed")

    def program(listener, stage):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=one, args=(sock, stage), daemon=True).start()

    return program


def serve(handle, **where):
    return Actor(each(handle), **where)


def answers(*replies):
    """Answers the requests of each connection with these, the last one from then on."""

    def handle(wire, stage):
        turn = 0
        while wire.request() is not None:
            wire.send(replies[min(turn, len(replies) - 1)])
            turn += 1

    return handle


always_ok = answers(OK)


def side_by_side(plays):
    """Plays of one kind under one check, because each start of troth takes its time.

    plays: name -> (handle, act), where act(server) is the client's part.
    Returns name -> what the check saw at that play's port.
    """
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(serve(handle))
                   for name, (handle, _) in plays.items()}
        with Check(*(server.port for server in servers.values())) as check:
            for name, (_, act) in plays.items():
                act(servers[name])
    return {name: At(check, server.port) for name, server in servers.items()}


def hang(wire, stage):
    """Reads what comes and says nothing until the other side leaves."""
    wire.more()
    stage.say("read")
    wire.rest()


def hold_unread(wire, stage):
    stage.say("accepted")
    stage.wait("read now")
    wire.rest()


def never_accept(listener, stage):
    """A program: connections and their requests stay in the listener's queue."""
    stage.wait("never")


class BusyCpus:
    """Every CPU of this machine has something better to do."""

    def __enter__(self):
        def spin():
            while True:
                pass

        self.pids = [fork(spin) for _ in range(os.cpu_count())]
        return self

    def __exit__(self, *error):
        for pid in self.pids:
            end(pid)


class Namespace:
    """A network namespace with its loopback up."""

    count = 0

    def __enter__(self):
        Namespace.count += 1
        self.name = f"troth-e2e-{os.getpid()}-{Namespace.count}"
        self.path = f"/run/netns/{self.name}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)
        self.inode = os.stat(self.path).st_ino
        return self

    def __exit__(self, *error):
        subprocess.run(["ip", "netns", "del", self.name], check=True)

    def enter(self):
        fd = os.open(self.path, os.O_RDONLY)
        if libc.setns(fd, 0x40000000):  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)

    def run(self, body):
        """What body() returned, in a child process inside: None, or what JSON can hold."""
        inbox, outbox = os.pipe()

        def inside():
            self.enter()
            os.write(outbox, json.dumps(body()).encode())

        pid = fork_with_us(inside)
        os.close(outbox)
        with os.fdopen(inbox) as returned:
            value = returned.read()
        _, status = os.waitpid(pid, 0)
        assert status == 0, "the client in the namespace failed"
        return json.loads(value)

    def shell(self, command):
        """Inside, and with a /sys of that namespace: how its devices are set."""
        subprocess.run(["ip", "netns", "exec", self.name, "sh", "-ec", command], check=True)


def at_once(*bodies):
    """All of them in threads; the first error is ours."""
    errors = []

    def guarded(body):
        try:
            body()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(b,)) for b in bodies]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]
