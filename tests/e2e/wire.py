# SPDX-License-Identifier: Apache-2.0
"""HTTP by hand: every byte and every call is the test's own decision."""

import os
import socket
import struct
import time


def request(method="GET", path="/", *headers, body=b""):
    if body:
        headers += (f"Content-Length: {len(body)}",)
    head = "\r\n".join((f"{method} {path} HTTP/1.1", "Host: e2e", *headers))
    return head.encode() + b"\r\n\r\n" + body


def response(status=200, body=b"hello", *headers):
    """With a body, or with Content-Length: 0; None leaves the length out."""
    if body is not None:
        headers += (f"Content-Length: {len(body)}",)
    head = "\r\n".join((f"HTTP/1.1 {status} Said So", *headers))
    return head.encode() + b"\r\n\r\n" + (body or b"")


GET = request()
OK = response()
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Ended(Exception):
    """The other side closed."""


class Wire:
    """A connected socket that counts its bytes; for a client or for a server."""

    def __init__(self, sock):
        self.sock = sock
        self.kept = b""
        self.sent = self.received = 0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    # Writing

    def send(self, *pieces, pause_s=0):
        """Each piece is a call, and a segment where there is a pause between them."""
        for i, piece in enumerate(pieces):
            if i and pause_s:
                time.sleep(pause_s)
            self.sock.sendall(piece)
            self.sent += len(piece)

    # Reading

    def read(self, size=65536):
        """One receive call: its bytes, none at the end."""
        piece = self.sock.recv(size)
        self.received += len(piece)
        return piece

    def more(self, size=65536):
        piece = self.read(size)
        if not piece:
            raise Ended
        self.kept += piece

    def until(self, mark):
        while mark not in self.kept:
            self.more()
        taken, _, self.kept = self.kept.partition(mark)
        return taken + mark

    def exactly(self, size):
        while len(self.kept) < size:
            self.more()
        taken, self.kept = self.kept[:size], self.kept[size:]
        return taken

    def skip(self, size):
        """Read and forget that many bytes."""
        size -= len(self.kept)
        self.kept, rest = (self.kept[size:], 0) if size < 0 else (b"", size)
        while rest:
            piece = self.read(min(rest, 1 << 20))
            if not piece:
                raise Ended
            rest -= len(piece)

    def rest(self):
        """Everything to the end."""
        try:
            while True:
                self.more()
        except Ended:
            taken, self.kept = self.kept, b""
            return taken

    def head(self):
        """First line, then the headers in lower case."""
        first, *lines = self.until(b"\r\n\r\n").decode().strip().split("\r\n")
        return first, {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}

    def _body(self, headers):
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.until(b"\r\n"), 16):
                body += self.exactly(size + 2)[:-2]
            self.exactly(2)
            return body
        size = int(headers.get("content-length", 0))
        return self.exactly(size) if size < 1 << 20 else self.skip(size)

    def request(self):
        """Its first line, once all of it was read; None where the peer has closed."""
        try:
            first, headers = self.head()
        except Ended:
            return None
        self._body(headers)
        return first

    def response(self, to="GET"):
        """Its status, once all of it was read."""
        first, headers = self.head()
        status = int(first.split()[1])
        if to != "HEAD" and status >= 200 and status not in (204, 304):
            self._body(headers)
        return status

    def ask(self, *requests):
        """One request after the other's answer; the last answer's status."""
        for r in requests or (GET,):
            self.send(r)
            status = self.response(r.split(b" ", 1)[0].decode())
        return status

    # Leaving

    def close(self):
        self.sock.close()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def connect(where, receive_buffer=None, family=None):
    """where: a port, an address or something that has one. Returns a Wire."""
    address = getattr(where, "address", where)
    if isinstance(address, int):
        address = ("127.0.0.1", address)
    family = family or (socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    sock = socket.socket(family)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(15)
    sock.connect(address)
    return Wire(sock)


def talk(where, n=1):
    """n answered requests on a connection."""
    with connect(where) as wire:
        wire.ask(*[GET] * n)


def free_port():
    """A port nobody has now; below the ephemeral range, so no client takes it meanwhile."""
    for _ in range(1000):
        free_port.last = free_port.last + 1 if free_port.last < FIRST_PORT + PORTS - 1 else FIRST_PORT
        try:
            with socket.create_server(("::", free_port.last), family=socket.AF_INET6,
                                      dualstack_ipv6=True):
                return free_port.last
        except OSError:
            continue
    raise RuntimeError("no free port")


# Several runs at once (scripts/run-tests) have each a range of their own: eight fit.
PORTS = 1500
FIRST_PORT = 20000 + PORTS * int(os.environ.get("TROTH_LANE", 0))
free_port.last = FIRST_PORT + int(time.time() * 10) % PORTS
