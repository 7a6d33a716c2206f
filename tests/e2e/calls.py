# SPDX-License-Identifier: Apache-2.0
"""Every system call that moves bytes through a socket, each as a function of (wire, ...)."""

import ctypes
import os
import socket
import tempfile

from actors import libc


class iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint),
                ("iov", ctypes.POINTER(iovec)), ("iovlen", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class mmsghdr(ctypes.Structure):
    _fields_ = [("hdr", msghdr), ("len", ctypes.c_uint)]


def _messages(buffers, vectors_each):
    """buffers over len(buffers) / vectors_each messages."""
    vectors = (iovec * len(buffers))(*[iovec(ctypes.addressof(b), len(b)) for b in buffers])
    messages = (mmsghdr * (len(buffers) // vectors_each))()
    for i, message in enumerate(messages):
        message.hdr.iov = ctypes.cast(ctypes.byref(vectors, i * vectors_each
                                                   * ctypes.sizeof(iovec)),
                                      ctypes.POINTER(iovec))
        message.hdr.iovlen = vectors_each
    messages.vectors = vectors  # they live as long as the messages
    return messages


def _buffer(piece):
    return (ctypes.c_char * len(piece)).from_buffer_copy(piece)


def _checked(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result


def halves(data):
    return data[:len(data) // 2], data[len(data) // 2:]


# Sending: all of data, whose first part is the head.


def send(wire, data):
    wire.sock.sendall(data)


def sendto(wire, data):
    wire.sock.sendto(data, wire.sock.getpeername())


def write(wire, data):
    os.write(wire.sock.fileno(), data)


def writev(wire, data):
    os.writev(wire.sock.fileno(), [data[:5], data[5:11], data[11:]])


def sendmsg(wire, data):
    wire.sock.sendmsg([data])


def sendmsg_vectors(wire, data):
    wire.sock.sendmsg([data[:1], data[1:10], b"", data[10:]])


def sendmmsg(wire, data):
    """Two messages of two vectors each, in one call."""
    pieces = [data[:4], data[4:10], data[10:12], data[12:]]
    buffers = [_buffer(p) for p in pieces]
    messages = _messages(buffers, 2)
    assert _checked(libc.sendmmsg(wire.sock.fileno(), messages, 2, 0), "sendmmsg") == 2


def send_more(wire, data):
    """Held back by MSG_MORE until the second call."""
    first, second = halves(data)
    wire.sock.send(first, socket.MSG_MORE)
    wire.sock.send(second)


def send_then_sendfile(wire, data):
    head, body = data.split(b"\r\n\r\n", 1)
    wire.sock.sendall(head + b"\r\n\r\n")
    with tempfile.TemporaryFile() as file:
        file.write(body)
        file.flush()
        at = 0
        while at < len(body):
            at += os.sendfile(wire.sock.fileno(), file.fileno(), at, len(body) - at)


def send_then_splice(wire, data):
    head, body = data.split(b"\r\n\r\n", 1)
    wire.sock.sendall(head + b"\r\n\r\n")
    splice_out(wire, body)


def splice_out(wire, data):
    outlet, inlet = os.pipe()
    os.write(inlet, data)
    os.close(inlet)
    left = len(data)
    while left:
        left -= os.splice(outlet, wire.sock.fileno(), left)
    os.close(outlet)


def sendfile_all(wire, data):
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        assert os.sendfile(wire.sock.fileno(), file.fileno(), 0, len(data)) == len(data)


def nonblocking_send(wire, data):
    wire.sock.send(data, socket.MSG_DONTWAIT)


SENDS = (send, sendto, write, writev, sendmsg, sendmsg_vectors, sendmmsg, send_more,
         send_then_sendfile, send_then_splice, nonblocking_send)
BLIND_SENDS = (sendfile_all, splice_out)  # no caller's buffer holds the head


# Receiving: one call, some bytes; b"" at the end.


def recv(wire):
    return wire.sock.recv(65536)


def recv_into(wire):
    buffer = bytearray(65536)
    return bytes(buffer[:wire.sock.recv_into(buffer)])


def recvfrom(wire):
    return wire.sock.recvfrom(65536)[0]


def read(wire):
    return os.read(wire.sock.fileno(), 65536)


def readv(wire):
    buffers = [bytearray(n) for n in (3, 7, 1, 65536)]
    size = os.readv(wire.sock.fileno(), buffers)
    return b"".join(buffers)[:size]


def recvmsg(wire):
    return wire.sock.recvmsg(65536)[0]


def recvmsg_vectors(wire):
    buffers = [bytearray(n) for n in (1, 8, 65536)]
    size = wire.sock.recvmsg_into(buffers)[0]
    return b"".join(buffers)[:size]


def recvmmsg(wire):
    buffers = [_buffer(bytes(65536)) for _ in range(2)]
    messages = _messages(buffers, 1)
    flags = 0x10000  # MSG_WAITFORONE
    _checked(libc.recvmmsg(wire.sock.fileno(), messages, 2, flags, None), "recvmmsg")
    return b"".join(b.raw[:m.len] for b, m in zip(buffers, messages))


def recv_one_byte_first(wire):
    first = wire.sock.recv(1)
    return first and first + wire.sock.recv(65536)


def peek_then_recv(wire):
    for _ in range(3):
        wire.sock.recv(65536, socket.MSG_PEEK)
    return wire.sock.recv(65536)


WHOLE = 16


def waitall(wire):
    return wire.sock.recv(WHOLE, socket.MSG_WAITALL)


def retry_until_there(wire):
    """EAGAIN is not data."""
    while True:
        try:
            return wire.sock.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            wire.sock.recv(1, socket.MSG_PEEK)  # waits


def splice_in(wire):
    """No tracepoint tells of it; the sequence numbers do."""
    outlet, inlet = os.pipe()
    size = os.splice(wire.sock.fileno(), inlet, 65536)
    data = os.read(outlet, 65536) if size else b""
    os.close(outlet)
    os.close(inlet)
    return data


RECEIVES = (recv, recv_into, recvfrom, read, readv, recvmsg, recvmsg_vectors, recvmmsg,
            recv_one_byte_first, peek_then_recv, waitall, retry_until_there)
BLIND = BLIND_SENDS + (splice_in,)
