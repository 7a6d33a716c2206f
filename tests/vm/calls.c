// SPDX-License-Identifier: Apache-2.0
/* calls.c - see calls.h. */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* What a call returned, where only the peer's leaving is not a failure of the play itself. */
static ssize_t sane(ssize_t n, const char *call)
{
	if (n < 0 && errno != ECONNRESET && errno != EPIPE)
		die("%s", call);
	return n;
}

/* A blocking socket takes all of it. */
static ssize_t whole(ssize_t n, size_t len, const char *call)
{
	n = sane(n, call);
	if (n >= 0 && (size_t)n != len)
		die("%s took %zd of %zu", call, n, len);
	return n;
}

static ssize_t by_send(int fd, const char *data, size_t len)
{
	return whole(send(fd, data, len, MSG_NOSIGNAL), len, "send");
}

static ssize_t by_recv(int fd, char *buf, size_t len)
{
	return sane(recv(fd, buf, len, 0), "recv");
}

static ssize_t by_write(int fd, const char *data, size_t len)
{
	return whole(write(fd, data, len), len, "write");
}

static ssize_t by_read(int fd, char *buf, size_t len)
{
	return sane(read(fd, buf, len), "read");
}

static ssize_t by_sendto(int fd, const char *data, size_t len)
{
	struct sockaddr_in6 peer;
	socklen_t size = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &size))
		return sane(-1, "getpeername");
	return whole(sendto(fd, data, len, MSG_NOSIGNAL, (struct sockaddr *)&peer, size), len,
		     "sendto");
}

static ssize_t by_recvfrom(int fd, char *buf, size_t len)
{
	struct sockaddr_in6 peer;
	socklen_t size = sizeof(peer);

	return sane(recvfrom(fd, buf, len, 0, (struct sockaddr *)&peer, &size), "recvfrom");
}

/* The status line lies across them. */
static int cut(struct iovec *v, char *data, size_t len)
{
	if (len < 12) {
		v[0] = (struct iovec){ data, len };
		return 1;
	}
	v[0] = (struct iovec){ data, 5 };
	v[1] = (struct iovec){ data + 5, 6 };
	v[2] = (struct iovec){ data + 11, len - 11 };
	return 3;
}

static ssize_t by_writev(int fd, const char *data, size_t len)
{
	struct iovec v[3];

	return whole(writev(fd, v, cut(v, (char *)data, len)), len, "writev");
}

static ssize_t by_readv(int fd, char *buf, size_t len)
{
	struct iovec v[3];

	return sane(readv(fd, v, cut(v, buf, len)), "readv");
}

static ssize_t by_sendmsg(int fd, const char *data, size_t len)
{
	struct iovec v[3];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = (size_t)cut(v, (char *)data, len) };

	return whole(sendmsg(fd, &m, MSG_NOSIGNAL), len, "sendmsg");
}

static ssize_t by_recvmsg(int fd, char *buf, size_t len)
{
	struct iovec v[3];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = (size_t)cut(v, buf, len) };

	return sane(recvmsg(fd, &m, 0), "recvmsg");
}

/* Two messages in one call; their lengths add up. */
static ssize_t by_sendmmsg(int fd, const char *data, size_t len)
{
	size_t half = len / 2;
	struct iovec first[3], second = { (char *)data + half, len - half };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = first } },
				{ .msg_hdr = { .msg_iov = &second, .msg_iovlen = 1 } } };
	int n;

	m[0].msg_hdr.msg_iovlen = (size_t)cut(first, (char *)data, half);
	n = sendmmsg(fd, m, 2, MSG_NOSIGNAL);
	if (n < 0)
		return sane(n, "sendmmsg");
	if (n != 2 || m[0].msg_len + m[1].msg_len != len)
		die("sendmmsg took %d messages", n);
	return (ssize_t)len;
}

static ssize_t by_recvmmsg(int fd, char *buf, size_t len)
{
	size_t half = len / 2;
	struct iovec v[2] = { { buf, half }, { buf + half, len - half } };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &v[0], .msg_iovlen = 1 } },
				{ .msg_hdr = { .msg_iov = &v[1], .msg_iovlen = 1 } } };
	int n = recvmmsg(fd, m, 2, MSG_WAITFORONE, NULL);

	if (n < 0)
		return sane(n, "recvmmsg");
	if (n == 2)
		memmove(buf + m[0].msg_len, buf + half, m[1].msg_len);
	return (ssize_t)m[0].msg_len + (n == 2 ? (ssize_t)m[1].msg_len : 0);
}

static ssize_t file_send(int fd, const char *data, size_t len)
{
	int file = memfd_create("body", MFD_CLOEXEC);
	off_t at = 0;
	ssize_t n = 1;

	if (file < 0 || write(file, data, len) != (ssize_t)len)
		die("memfd");
	while ((size_t)at < len && n > 0)
		n = sendfile(fd, file, &at, len - (size_t)at);
	close(file);
	return sane(n, "sendfile") < 0 ? -1 : (ssize_t)len;
}

static ssize_t pipe_send(int fd, const char *data, size_t len)
{
	size_t left = len;
	ssize_t n = 1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) || write(ends[1], data, len) != (ssize_t)len)
		die("pipe");
	close(ends[1]);
	while (left && n > 0) {
		n = splice(ends[0], NULL, fd, NULL, left, 0);
		left -= n > 0 ? (size_t)n : 0;
	}
	close(ends[0]);
	return sane(n, "splice") < 0 ? -1 : (ssize_t)len;
}

/* How much of a message send is to take, so that the rest is body only. */
static size_t head_len(const char *data, size_t len)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4);

	return end ? (size_t)(end + 4 - data) : 0;
}

static ssize_t by_sendfile(int fd, const char *data, size_t len)
{
	size_t head = head_len(data, len);

	if (head && by_send(fd, data, head) < 0)
		return -1;
	return head == len ? (ssize_t)len : file_send(fd, data + head, len - head);
}

static ssize_t by_splice(int fd, const char *data, size_t len)
{
	size_t head = head_len(data, len);

	if (head && by_send(fd, data, head) < 0)
		return -1;
	return head == len ? (ssize_t)len : pipe_send(fd, data + head, len - head);
}

static ssize_t from_splice(int fd, char *buf, size_t len)
{
	ssize_t n, got = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		die("pipe");
	n = sane(splice(fd, NULL, ends[1], NULL, len, 0), "splice");
	if (n > 0)
		got = read(ends[0], buf, len);
	if (n > 0 && got != n)
		die("read %zd of %zd from the pipe", got, n);
	close(ends[0]);
	close(ends[1]);
	return n;
}

const struct calls calls_plain = { by_send, by_recv };
const struct calls calls_read_write = { by_write, by_read };
const struct calls calls_from_to = { by_sendto, by_recvfrom };
const struct calls calls_vectors = { by_writev, by_readv };
const struct calls calls_messages = { by_sendmsg, by_recvmsg };
const struct calls calls_many_messages = { by_sendmmsg, by_recvmmsg };
const struct calls calls_sendfile = { by_sendfile, by_recv };
const struct calls calls_sendfile_whole = { file_send, by_recv };
const struct calls calls_splice_to = { by_splice, by_recv };
const struct calls calls_splice_to_whole = { pipe_send, by_recv };
const struct calls calls_splice_from = { by_send, from_splice };
