# SPDX-License-Identifier: Apache-2.0
"""What run and daemon.py share: the table that is printed, processes and what the kernel says of them."""

import contextlib
import os
import platform
import re
import signal
import socket
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BENCH = os.path.join(ROOT, "build/bench")
TROTH = os.path.join(ROOT, "build/troth")
MAKER = os.path.join(ROOT, "build/record-maker")
QUICK = os.environ.get("QUICK", "") not in ("", "0")


def fewer(full, quick):
    return quick if QUICK else full


class Failure(Exception):
    pass


# Table

def row(what, figure, goal=None, met=None, note=""):
    verdict = "-" if met is None else "met" if met else "missed"
    print(f"{what:<46} {figure:>18}  {goal or '':<8} {verdict:<7} {note}", flush=True)


def heading():
    cpus = len(os.sched_getaffinity(0))
    print(f"kernel {platform.release()}, {platform.machine()}, {cpus} CPUs"
          f"{', QUICK' if QUICK else ''}")
    print(f"{'what':<46} {'figure':>18}  {'goal':<8} {'':<7} spread, base")


# Processes of our own

@contextlib.contextmanager
def running(command, **options):
    child = subprocess.Popen(command, **options)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def cpu_ns(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0])


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def status_kb(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(rf"^{field}:\s+(\d+)", f.read(), re.M).group(1))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
