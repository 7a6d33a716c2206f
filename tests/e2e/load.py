# SPDX-License-Identifier: Apache-2.0
"""A client that asks without pause and keeps count: its count is the truth."""

import json
import subprocess

CLIENT = r"""
import json, select, socket, sys, threading, time
address, connections, pause_s, per_connection = json.loads(sys.argv[1])
stop = threading.Event()
counts = [0] * connections
request = b"GET / HTTP/1.1\r\nHost: load\r\n\r\n"

def ask(i):
    sock, left = None, 0
    while not stop.is_set():
        if not left:
            if sock:
                sock.close()
            sock = socket.create_connection(address)
            left = per_connection or 1 << 62
        sock.sendall(request)
        answer = b""
        while not answer.endswith(b"\r\n\r\nhello"):
            piece = sock.recv(4096)
            assert piece, "the server left"
            answer += piece
        counts[i] += 1
        left -= 1
        if pause_s:
            time.sleep(pause_s)
    if sock:
        sock.close()

threads = [threading.Thread(target=ask, args=(i,)) for i in range(connections)]
for t in threads:
    t.start()
print("asking", flush=True)
sys.stdin.read()
stop.set()
for t in threads:
    t.join()
print(json.dumps(sum(counts)), flush=True)
"""


class Load:
    """Connections that ask until stop(), which tells how many answers came; none is left half done."""

    def __init__(self, address, connections=4, pause_s=0.0, per_connection=0):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", CLIENT,
             json.dumps([list(address), connections, pause_s, per_connection])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "asking\n"

    def stop(self):
        out, _ = self.process.communicate(timeout=60)
        return json.loads(out)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
