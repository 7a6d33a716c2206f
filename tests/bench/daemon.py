# SPDX-License-Identifier: Apache-2.0
"""Rows of `run`: what `troth run` takes, and that it stands what it promises to stand."""

import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

from figures import BENCH, TROTH, Failure, cpu_ns, fewer, free_port, row, status_kb

PINS = f"/sys/fs/bpf/troth-bench-{os.getpid()}"

SLO = """apiVersion: openslo/v1
kind: SLO
metadata: {name: slo-%d, annotations: {troth.dev/promise: p, troth.dev/owner: o}}
spec:
  service: bench
  indicator:
    metadata: {name: sli-%d}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: troth, spec: {select: {comm: bench}}}}
        total: {metricSource: {type: troth, spec: {select: {comm: bench}}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
---
"""


class Daemon:
    """Directories of its own, and one daemon after the other on them."""

    def __init__(self, objectives, *args):
        self.dir = tempfile.mkdtemp(prefix="troth-bench-")
        self.port = free_port()
        self.directories = ["--state-dir", os.path.join(self.dir, "state"), "--pin-dir", PINS]
        slos = os.path.join(self.dir, "slo.d")
        os.mkdir(slos)
        with open(os.path.join(slos, "slos.yaml"), "w", encoding="ascii") as f:
            f.write("apiVersion: openslo/v1\nkind: Service\nmetadata: {name: bench}\n---\n")
            f.writelines(SLO % (i, i) for i in range(objectives))
        self.command = [TROTH, "run", *self.directories, "--slo-dir", slos,
                        "--listen", f"127.0.0.1:{self.port}", *args]
        self.process = None

    def start(self):
        """Seconds from exec to ready."""
        began = time.monotonic()
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stderr:
            if line == "ready\n":
                took = time.monotonic() - began
                # Nobody is to wait for room in the pipe.
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return took
            said.append(line)
        raise Failure(f"troth run: {' '.join(said[-1:]).strip()}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as answer:
            body = answer.read().decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in body.splitlines() if line and not line.startswith("#")}

    def counted(self):
        """Exchanges of the crowd, as its servers and as its clients saw them."""
        seen = {"server": 0, "client": 0}
        for name, value in self.metrics().items():
            if name.startswith("troth_exchanges_total{") and "bench" in name.split('"')[1]:
                seen["server" if 'role="server"' in name else "client"] += int(value)
        return seen["server"], seen["client"]

    def ticks(self, seconds):
        """Milliseconds that each tick took, by its own clock."""
        took, seen, end = [], None, time.monotonic() + seconds
        while time.monotonic() < end:
            m = self.metrics()
            if m["troth_ticks_total"] != seen:
                took.append(m["troth_tick_seconds"] * 1000)
            seen = m["troth_ticks_total"]
            time.sleep(0.5)
        return took

    def cpu(self, seconds):
        """Its share of a core."""
        used, began = cpu_ns(self.process.pid), time.monotonic()
        time.sleep(seconds)
        return (cpu_ns(self.process.pid) - used) / 1e9 / (time.monotonic() - began)

    def resident_mb(self):
        return status_kb(self.process.pid, "VmRSS") / 1024

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.kill()
        subprocess.run([TROTH, "detach", *self.directories], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir)


class Crowd:
    """Ports that are called, at so many exchanges a second in all (0: as many as are made), by so many processes."""

    def __init__(self, ports, rate, idle=0, processes=1):
        share = [str(n // processes) for n in (ports, rate, idle)]
        self.processes = [subprocess.Popen([BENCH, "crowd", *share], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        for process in self.processes:
            if process.stdout.readline() != "talking\n":
                raise Failure("bench crowd does not talk")
        self.began = time.monotonic()

    def end(self):
        """How many exchanges there were; and how many a second."""
        seconds = time.monotonic() - self.began
        for process in self.processes:
            process.stdin.write("\n")
            process.stdin.flush()
        done = sum(int(process.communicate(timeout=60)[0]) for process in self.processes)
        return done, done / seconds

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()


def settled(d, done, what):
    """The client's count, of both sides, within a few seconds; else it is no figure."""
    for _ in range(40):
        seen = d.counted()
        if seen == (done, done):
            return
        time.sleep(0.25)
    raise Failure(f"{what}: {seen} counted of {done}")


def memory():
    """100 services: each port is one as a server; that its caller is another one is not counted."""
    resident, scraped = [], []
    with Daemon(5) as d, Crowd(100, 20000) as crowd:
        end = time.monotonic() + fewer(150, 20)
        while time.monotonic() < end:
            time.sleep(4)
            resident.append(d.resident_mb())
            d.metrics()
            scraped.append(d.resident_mb())
        done, _ = crowd.end()
        settled(d, done, "100 services")
    most = max(resident + scraped)
    row("daemon: resident, 100 services, 5 objectives", f"{most:.1f} MB", "<= 16", most <= 16,
        f"also 100 clients; {max(resident):.1f} while nobody scrapes")


def cpu():
    shares, rates, total = {"slow": [], "fast": []}, {}, 0
    with Daemon(5) as d:
        for _ in range(fewer(5, 1)):
            for name, rate in (("slow", 1000), ("fast", 100_000)):
                with Crowd(100, rate, processes=2) as crowd:
                    time.sleep(2)
                    shares[name].append(d.cpu(fewer(10, 6)))
                    done, rates[name] = crowd.end()
                    total += done
                settled(d, total, "100 services")
    for name in shares:
        value = statistics.median(shares[name])
        row(f"daemon: CPU at {rates[name] / 1000:.1f} k exchanges/s", f"{value:.2%}",
            "<= 0.5%" if name == "fast" else "",
            value <= 0.005 if rates[name] > 95_000 else None,  # some machines make fewer
            f"{min(shares[name]):.2%}-{max(shares[name]):.2%} of a core")
    pairs = [fast / slow for fast, slow in zip(shares["fast"], shares["slow"])]
    row("daemon: CPU, that rate / 1 k/s", f"{statistics.median(pairs):.2f}", "", None,
        f"{min(pairs):.2f}-{max(pairs):.2f}")


def killed():
    took = []
    with Daemon(5) as d, Crowd(100, 0) as crowd:
        time.sleep(2)
        for _ in range(fewer(15, 4)):
            d.kill()
            took.append(d.start())
            time.sleep(0.7)
        done, rate = crowd.end()
        settled(d, done, "kill -9")
    middle = statistics.median(took)
    row("daemon: kill -9, exec to measuring again", f"{middle * 1000:.0f} ms", "<= 1000",
        max(took) <= 1, f"{min(took) * 1000:.0f}-{max(took) * 1000:.0f} ms")
    row("daemon: exchanges lost by that", "0", "0", True,
        f"of {done:,} in {len(took)} kills at {rate / 1000:.0f} k/s")


def daemon():
    memory()
    cpu()
    killed()


def tick_row(what, took, note):
    row(f"tick: {what}", f"{statistics.median(took):.0f} ms", "<= 100",
        statistics.median(took) <= 100, f"{min(took):.0f}-{max(took):.0f} ms, {note}")


def wide():
    with Daemon(200) as d, Crowd(1000, 1000) as crowd:
        time.sleep(3)
        took, share, resident = d.ticks(fewer(30, 8)), d.cpu(5), d.resident_mb()
        done, _ = crowd.end()
        settled(d, done, "1,000 services")
    tick_row("1,000 services, each called, 200 objectives", took,
             f"{share:.1%} of a core, {resident:.0f} MB")


def series():
    with Daemon(0, "--max-series", "10000") as d, Crowd(4900, 4900) as crowd:
        time.sleep(3)
        took = d.ticks(fewer(30, 8))
        began = time.monotonic()
        m = d.metrics()
        scrape, resident = time.monotonic() - began, d.resident_mb()
        done, _ = crowd.end()
        settled(d, done, "10,000 series")
    used, kernel = int(m["troth_series_used"]), m["troth_kernel_bytes"] / 2**20
    row("10,000 series: kernel memory", f"{kernel:.1f} MiB", "<= 64", kernel <= 64,
        f"{used:,} in use")
    tick_row("10,000 series, each with traffic", took, f"{resident:.0f} MB")
    row("scrape of 10,000 series", f"{scrape * 1000:.0f} ms", note=f"{len(m):,} lines")


def open_connections():
    with Daemon(5) as d, Crowd(100, 1000, 100000) as crowd:
        time.sleep(2)
        took = d.ticks(fewer(30, 8))
        done, _ = crowd.end()
        seen = d.counted()
        for _ in range(40):  # the idle ones had one exchange each
            if seen == (done + 100000, done + 100000):
                break
            time.sleep(0.25)
            seen = d.counted()
        else:
            raise Failure(f"100,000 connections: {seen} counted of {done + 100000}")
    tick_row("100,000 connections open", took, "200,000 sockets")


def daemon_load():
    wide()
    series()
    open_connections()
