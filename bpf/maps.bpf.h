/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.bpf.h - maps, configuration and the counters of loss, of either backend.
 */
#ifndef TROTH_MAPS_BPF_H
#define TROTH_MAPS_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "end.h"
#include "slots.h"

/* Set before load; the verifier removes what it rules out. */
const volatile struct config config = {
	.stripes = 1,
	.roles = (1 << ROLES) - 1,
};
/* Set while running. */
volatile struct control control = { .tick_ns = 10000000, .idle_end_ns = 5000000000ULL };

struct losses losses;
__u64 without_storage; /* connections that losses.no_storage counts, and that are not gone yet */
__u64 joined_ticks;    /* when the walk over older sockets was over, in jiffies */
struct self_test self_test;

/* Index: series * config.stripes + stripe. Nobody maps it; but what can be mapped begins at a page. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct series_counts);
} series SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct series_state);
} states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct endpoint_key);
	__type(value, struct endpoint);
} endpoints SEC(".maps");

/*
 * Numbers of free series, a queue a role: each has its own share. While no daemon runs nothing fills
 * them: so many new endpoints are told apart, and those that come after count into the overflow series
 * (losses.no_series).
 */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(value_size, sizeof(__u32));
} free_servers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(value_size, sizeof(__u32));
} free_clients SEC(".maps");

/* Which ports are listened on, so that the role of a connection older than troth is known. */
struct listener_key {
	__u32 netns;
	__u32 port;
};

struct listener {
	__s64 sockets;
	__u32 seen; /* number of the last sweep that found one of them */
	__u32 pad;
	struct endpoint owner; /* series unused */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct listener_key);
	__type(value, struct listener);
} listeners SEC(".maps");

/* A listening socket; its port is gone by the time that it closes. */
struct listening {
	struct listener_key key;
	__u32 drops; /* sk_drops, accounted up to here */
	__u32 ready;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct listening);
} listening SEC(".maps");

/*
 * Empty, and never used. Since kernel 6.13 a tracing program with a frame of 64 bytes or more gets
 * a private stack, and a read of user memory into one is checked as if it were the heap: some
 * 50 ns each. A program that could call another's tail keeps the ordinary stack; 512 bytes for
 * all frames, as on every kernel before.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} no_tails SEC(".maps");

/*
 * The verifier knows that the ports are not so many, and removes the call. The programs that share a
 * map must be of one tracepoint type.
 */
#define KEEP_ORDINARY_STACK(ctx, map)                                                              \
	do {                                                                                       \
		if (config.n_ports > FILTER_PORTS)                                                 \
			bpf_tail_call(ctx, &map, 0);                                               \
	} while (0)

/* A map of one program, to which others leave by bpf_tail_call(ctx, &map, 0). */
#define TAIL(map, program)                                                                         \
	int program(unsigned long long *ctx);                                                      \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY);                                             \
		__uint(max_entries, 1);                                                            \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, sizeof(__u32));                                                 \
		__array(values, int(void *));                                                      \
	} map SEC(".maps") = { .values = { [0] = (void *)&program } }

/* Written by user space, used by no program: see abi.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct about);
} about SEC(".maps");

/*
 * New endpoints, so that they can be named while their process lives. While no daemon reads them there
 * is room for some 1,100; the others are counted (losses.unannounced) and found in the table of endpoints
 * when a daemon comes, by then perhaps without their process.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} announcements SEC(".maps");

#define AF_INET	    2
#define AF_INET6    10
#define IPPROTO_TCP 6

/* Are these the programs that count, where two generations are attached? */
static __always_inline int is_of_now(void)
{
	return config.generation == control.generation;
}

static __always_inline void add(__u64 *counter, __u64 n)
{
	__sync_fetch_and_add(counter, n);
}

#endif
