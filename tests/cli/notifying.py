# SPDX-License-Identifier: Apache-2.0
"""The notifier alone (build/notify-driver), and whom it tells: an HTTP server, the real Alertmanager."""

import contextlib
import http.server
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from wire import free_port

DRIVER = Path(__file__).resolve().parents[2] / "build" / "notify-driver"
SINCE = 1767225600  # 2026-01-01T00:00:00Z
PATIENCE_S = 30
HANGS_S = 6


def wait_for(what, seconds=PATIENCE_S, why="it never came"):
    """The first true value of what()."""
    end = time.monotonic() + seconds
    while True:
        over = time.monotonic() > end  # looked at before: whoever waits may be kept from it
        value = what()
        if value:
            return value
        if over:
            raise AssertionError(why() if callable(why) else why)
        time.sleep(0.02)


def notice(slo="checkout", firing=True, **more):
    return {"slo": slo, "objective": "", "service": "shop", "severity": "page", "long_s": 3600,
            "short_s": 300, "factor": 14.4, "long_rate": 15.5, "short_rate": 20.25,
            "target": 0.999, "sli": 0.95, "remaining_ratio": 0.42, "firing": firing,
            "since": SINCE, "until": 0 if firing else SINCE + 600, "summary": "it burns", **more}


class Driver:
    """Whoever leaves the block ends it: by the end of its stdin, which must go well."""

    def __init__(self, directory, *receivers, environment=None, **options):
        assert os.access(DRIVER, os.X_OK), f"{DRIVER} is not there: make build/notify-driver"
        self.kept = directory / "kept"
        self.kept.mkdir(exist_ok=True)
        self.conf = directory / "driver.json"
        self.conf.write_text(json.dumps({"receivers": receivers, "kept": str(self.kept), **options}))
        self.environment = {**os.environ, **(environment or {})}
        self.lines, self.raw, self.errors = [], [], []

    def __enter__(self):
        self.process = subprocess.Popen([DRIVER, self.conf], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=self.environment)
        self.threads = [threading.Thread(target=self._read), threading.Thread(target=self._complain)]
        for thread in self.threads:
            thread.start()
        wait_for(lambda: any("ready" in line for line in self.lines) or self.process.poll())
        return self

    def _read(self):
        for line in self.process.stdout:
            self.raw.append(line)
            self.lines.append(json.loads(line))

    def _complain(self):
        self.errors.extend(self.process.stderr)

    def __exit__(self, kind, *_):
        try:
            if self.process.poll() is None:
                self.end(check=kind is None)
        finally:
            if self.process.poll() is None:
                self.kill()

    def end(self, check=True):
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_S)
        for thread in self.threads:
            thread.join()
        if check:
            assert (code, self.errors) == (0, [])

    def kill(self):
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def do(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()

    def changed(self, *args, **more):
        self.do("changed", **notice(*args, **more))

    def said(self):
        return [line["said"] for line in self.lines if "said" in line]

    def done(self):
        return [line["done"] for line in self.lines if "done" in line]

    def wait_said(self, part):
        return wait_for(lambda: next((s for s in self.said() if part in s), None),
                        why=lambda: f"{part!r} was never said: {self.raw}")

    def wait_done(self, n):
        wait_for(lambda: len(self.done()) >= n, why=lambda: f"{self.raw}")

    def counts(self):
        before = len(self.lines)
        self.do("counts")
        return wait_for(lambda: next((line for line in self.lines[before:] if "counts" in line),
                                     None))


def responsive(driver):
    """It ticks every 10 ms; on two busy cores, with a sanitizer. What could hold it up takes HANGS_S."""
    return driver.counts()["longest_gap_s"] < HANGS_S - 2


class Request:
    def __init__(self, handler, body):
        self.time, self.path, self.body = time.monotonic(), handler.path, body
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.method = handler.command

    @property
    def json(self):
        return json.loads(self.body)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        hooks = self.server.hooks
        length = int(self.headers.get("Content-Length", 0))
        request = Request(self, self.rfile.read(length))
        with hooks.lock:
            hooks.requests.append(request)
            play = request.play = hooks.choose(request)
        self.close_connection = True
        if play == "slow":
            hooks.take_time()
            play = 200
        if play == "hang":
            hooks.over.wait()
        elif play == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       b"\x01\0\0\0\0\0\0\0")
            self.connection.close()
        elif play == "huge":
            self.answer_without_end()
        else:
            self.send_response(play)
            if 300 <= play < 400:
                self.send_header("Location", hooks.elsewhere)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    def answer_without_end(self):
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.hooks.over.is_set():
                self.wfile.write(b"x" * 65536)
                self.server.hooks.streamed += 65536
        except OSError:
            pass

    do_GET = do_POST

    def finish(self):
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_):
        pass


class Hooks:
    """Receives; answers what `plays` says in order, then 200; or whatever answer(request) says."""

    def __init__(self, *plays, answer=None, tls=None):
        self.plays, self.answer = list(plays), answer
        self.requests, self.lock, self.over = [], threading.Lock(), threading.Event()
        self.streamed, self.elsewhere, self.under_way, self.most_under_way = 0, "", 0, 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.hooks = self
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def choose(self, request):
        if self.answer:
            return self.answer(request)
        return self.plays.pop(0) if self.plays else 200

    def take_time(self):
        with self.lock:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        time.sleep(0.1)
        with self.lock:
            self.under_way -= 1

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def wait(self, n, seconds=PATIENCE_S):
        wait_for(lambda: len(self.requests) >= n, seconds,
                 why=lambda: f"{len(self.requests)} of {n} requests came")
        return self.requests

    def told(self):
        return [(r.json["slo"], r.json["state"]) for r in self.requests]


def webhook(hooks, name="hook", path="/hook", timeout_s=20, **more):
    return {"name": name, "kind": "webhook", "url": hooks.url + path, "timeout_s": timeout_s, **more}


def command(path, name="command", timeout_s=20):
    return {"name": name, "kind": "command", "command": str(path), "timeout_s": timeout_s}


class Alertmanager:
    def __init__(self, directory, hooks):
        directory.mkdir(exist_ok=True)
        self.directory, self.port = directory, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (directory / "alertmanager.yml").write_text(f"""
global: {{resolve_timeout: 2s}}
route:
  receiver: test
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: test
    webhook_configs: [{{url: '{hooks.url}/from-alertmanager', send_resolved: true}}]
""")

    def __enter__(self):
        self.log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={self.directory}/alertmanager.yml",
             f"--storage.path={self.directory}/data", f"--web.listen-address=127.0.0.1:{self.port}",
             "--cluster.listen-address="], stdout=self.log, stderr=self.log)
        wait_for(self.ready, why="Alertmanager never became ready")
        return self

    def ready(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=1).status == 200

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def alerts(self):
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def receiver(self, name="am", **more):
        return {"name": name, "kind": "alertmanager", "url": f"{self.url}/", "timeout_s": 20, **more}
