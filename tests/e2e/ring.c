// SPDX-License-Identifier: Apache-2.0
/*
 * ring.c - calls that Python has not: io_uring (tests/vm/uring.c as a library), and what a 32-bit program
 * calls. For one thread of a process at a time.
 */
#include "../vm/calls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	perror(" ");
	_Exit(1);
}

ssize_t ring_send(int fd, const char *data, size_t len)
{
	return calls_uring.send(fd, data, len);
}

ssize_t ring_recv(int fd, char *buf, size_t len)
{
	return calls_uring.recv(fd, buf, len);
}

#ifdef __x86_64__
#define I386_READ  3
#define I386_WRITE 4
#define LOW_BYTES  (1 << 20)

/* Addresses of such a call are 32 bits wide. */
static char *low(void)
{
	static char *buf;

	if (!buf)
		buf = mmap(NULL, LOW_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (buf == MAP_FAILED)
		die("mapping a low address");
	return buf;
}

static ssize_t i386_call(int number, int fd, size_t len)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(fd), "c"(low()), "d"(len < LOW_BYTES ? len : LOW_BYTES)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

ssize_t i386_send(int fd, const char *data, size_t len)
{
	memcpy(low(), data, len < LOW_BYTES ? len : LOW_BYTES);
	return i386_call(I386_WRITE, fd, len);
}

ssize_t i386_recv(int fd, char *buf, size_t len)
{
	ssize_t n = i386_call(I386_READ, fd, len);

	if (n > 0)
		memcpy(buf, low(), (size_t)n);
	return n;
}
#endif
