// SPDX-License-Identifier: Apache-2.0
/* uring.c - send and receive through io_uring, one operation at a time, without a library. */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#define ENTRIES 4

static struct {
	pid_t owner; /* a child does not use its parent's; 0: not set up */
	int fd;
	_Atomic unsigned int *sq_tail, *cq_head, *cq_tail;
	unsigned int *sq_array;
	unsigned int sq_mask, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} ring;

static void *map(size_t size, off_t at)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, at);

	if (p == MAP_FAILED)
		die("mapping a ring");
	return p;
}

static void ring_open(void)
{
	struct io_uring_params p = {};
	char *sq, *cq;

	ring.fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring.fd < 0)
		die("io_uring_setup");
	ring.owner = getpid();
	sq = map(p.sq_off.array + p.sq_entries * sizeof(unsigned int), IORING_OFF_SQ_RING);
	cq = map(p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring.sqes = map(p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	ring.sq_tail = (void *)(sq + p.sq_off.tail);
	ring.sq_mask = *(unsigned int *)(sq + p.sq_off.ring_mask);
	ring.sq_array = (void *)(sq + p.sq_off.array);
	ring.cq_head = (void *)(cq + p.cq_off.head);
	ring.cq_tail = (void *)(cq + p.cq_off.tail);
	ring.cq_mask = *(unsigned int *)(cq + p.cq_off.ring_mask);
	ring.cqes = (void *)(cq + p.cq_off.cqes);
}

/* What the operation returned, as a system call returns it. */
static ssize_t operate(int op, int fd, void *data, size_t len)
{
	unsigned int tail, head;
	int result;

	if (ring.owner != getpid())
		ring_open();
	tail = *ring.sq_tail;
	ring.sqes[tail & ring.sq_mask] = (struct io_uring_sqe){
		.opcode = (__u8)op, .fd = fd, .addr = (__u64)data, .len = (__u32)len
	};
	ring.sq_array[tail & ring.sq_mask] = tail & ring.sq_mask;
	atomic_store(ring.sq_tail, tail + 1);
	while (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		if (errno != EINTR)
			die("io_uring_enter");
	head = *ring.cq_head;
	if (head == atomic_load(ring.cq_tail))
		die("io_uring_enter returned without a completion");
	result = ring.cqes[head & ring.cq_mask].res;
	atomic_store(ring.cq_head, head + 1);
	if (result >= 0)
		return result;
	errno = -result;
	if (errno != ECONNRESET && errno != EPIPE)
		die("io_uring operation %d", op);
	return -1;
}

static ssize_t by_ring_send(int fd, const char *data, size_t len)
{
	ssize_t n = operate(IORING_OP_SEND, fd, (void *)data, len);

	if (n >= 0 && (size_t)n != len)
		die("io_uring sent %zd of %zu", n, len);
	return n;
}

static ssize_t by_ring_recv(int fd, char *buf, size_t len)
{
	return operate(IORING_OP_RECV, fd, buf, len);
}

const struct calls calls_uring = { by_ring_send, by_ring_recv };
