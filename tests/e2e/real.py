# SPDX-License-Identifier: Apache-2.0
"""Real servers and clients from the distribution, started by hand and ended by pid."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

from troth import PATIENCE_S
from wire import connect, free_port

NGINX_CONF = """
user root;
daemon off;
worker_processes 2;
pid {dir}/pid;
error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    client_max_body_size 20m;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {dir}/files;
        location = /ok {{ return 200 "ok\\n"; }}
        location = /missing {{ return 404; }}
        location = /broken {{ return 503; }}
        location = /drop {{ return 444; }}
        location /proxied/ {{ proxy_pass http://127.0.0.1:{upstream}/; }}
        location /kept/ {{
            proxy_pass http://kept/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
    upstream kept {{ server 127.0.0.1:{upstream}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{status_port};
        location = /status {{ stub_status; }}
    }}
}}
"""


def await_port(port, process):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        with contextlib.suppress(ConnectionRefusedError):
            connect(port).close()
            return
        time.sleep(0.01)
    raise AssertionError(f"nobody came to listen on {port}")


class Program:
    """A server program that is ended by pid."""

    def __enter__(self):
        self.port = free_port()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="troth-e2e-"))
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, cwd=self.dir)
        try:
            await_port(self.port, self.process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir)


class Nginx(Program):
    """Two workers; its status page has a port of its own."""

    def __init__(self, upstream=9):
        self.upstream = upstream

    def command(self):
        self.status_port = free_port()
        (self.dir / "files").mkdir()
        conf = self.dir / "nginx.conf"
        conf.write_text(NGINX_CONF.format(dir=self.dir, port=self.port, upstream=self.upstream,
                                          status_port=self.status_port))
        return ["nginx", "-c", conf, "-p", self.dir]

    def file(self, name, size):
        (self.dir / "files" / name).write_bytes(bytes(size))

    def requests(self):
        """Its own count of requests on the port under test, status requests left out."""
        url = f"http://127.0.0.1:{self.status_port}/status"
        text = urllib.request.urlopen(url, timeout=10).read().decode()
        self.asked = getattr(self, "asked", 0) + 1
        return int(re.search(r"requests\n (\d+) (\d+) (\d+)", text)[3]) - self.asked


class PythonHttpServer(Program):
    """The standard library's file server, HTTP/1.0: one request a connection."""

    def command(self):
        (self.dir / "page.html").write_text("<p>hello</p>\n" * 1000)
        return ["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", str(self.port)]


NODE = """
const http = require('http');
http.createServer((req, res) => {
    if (req.url === '/drop') return req.socket.destroy();
    if (req.url === '/echo') { res.writeHead(200); return req.pipe(res); }
    if (req.url === '/stream') {
        let n = 0;
        const timer = setInterval(() => {
            res.write('tick');
            if (++n === 5) { clearInterval(timer); res.end(); }
        }, 10);
        return;
    }
    res.statusCode = Number(req.url.slice(1)) || 200;
    res.end('hello');
}).listen(Number(process.argv[1]), '127.0.0.1');
"""


class Node(Program):
    def command(self):
        return ["node", "-e", NODE, str(self.port)]


NODE_TLS = """
const https = require('https'), fs = require('fs');
const [port, cert, key, wait_ms] = process.argv.slice(1);
https.createServer({cert: fs.readFileSync(cert), key: fs.readFileSync(key)}, (req, res) => {
    const answer = 'x'.repeat(Number(req.url.slice(1)));
    req.resume().on('end', () => setTimeout(() => res.end(answer), Number(wait_ms)));
}).listen(Number(port), '127.0.0.1');
"""


class NodeTls(Program):
    """Reads up to 64 KiB at once, waits after each request; its path says how long an answer."""

    def __init__(self, certificate, key, wait_s):
        self.options = [certificate, key, str(wait_s * 1000)]

    def command(self):
        return ["node", "-e", NODE_TLS, str(self.port), *self.options]


def wrk(url, seconds, connections=64):
    """Runs it to its end; how many requests it saw answered."""
    out = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}", url], check=True,
                         capture_output=True, text=True, timeout=seconds + 60).stdout
    return int(re.search(r"(\d+) requests in", out)[1])
