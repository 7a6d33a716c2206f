/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * abi.h - what the kernel half and the user half say to each other.
 * The only header that both include: fixed-width types, no pointers, no holes.
 * Whoever includes it brings __u8 ... __u64 (vmlinux.h there, linux/types.h here).
 */
#ifndef TROTH_ABI_H
#define TROTH_ABI_H

#include "proto/list.h"

enum role {
	ROLE_SERVER,
	ROLE_CLIENT,
	ROLES,
};

enum outcome {
	OUTCOME_OK,
	OUTCOME_CLIENT_ERROR,
	OUTCOME_SERVER_ERROR,
	OUTCOME_NO_RESPONSE,
	OUTCOME_ABORTED,
	OUTCOME_UNKNOWN,
	OUTCOMES,
};

enum part {
	PART_DURATION,
	PART_FIRST_BYTE,
	PART_QUEUE,
	PART_RECEIVE,
	PART_SERVICE,
	PART_SEND,
	PARTS,
};

/*
 * Limits. MASKS: every subset of thresholds that one exchange was within; one add counts
 * the outcome and all thresholds at once.
 */
#define THRESHOLDS	   4
#define MASKS		   (1 << THRESHOLDS)
#define STRIPES_MAX	   8
#define FILTER_PORTS	   16
#define CONNECTIONS_MAX	   (1 << 18) /* of the syscall backend; a socket's storage has no limit */
#define HISTOGRAM_MIN_EXP8 (-160)    /* first bound 2^(-160/8) s, about 0.95 us */
#define HISTOGRAM_MAX_EXP8 48	     /* last bound 2^(48/8) s = 64 s */
#define HISTOGRAM_BUCKETS  (HISTOGRAM_MAX_EXP8 - HISTOGRAM_MIN_EXP8 + 2) /* and the overflow */
#define COMM_LEN	   16

/* Raised where a field keeps its name, place and type, but not its meaning. */
#define ABI_MEANING 1

/* The first two series are not anybody's: what found no free number is counted there. */
#define SERIES_OVERFLOW(role) (role)
#define SERIES_FIRST	      ROLES

/* Good enough: part <= max_ns, which is below 2^63. */
struct threshold {
	__u32 part;
	__u32 pad;
	__u64 max_ns;
};

/* What is measured, fixed before load. */
struct config {
	__u64 build;	  /* which object this is; for user space */
	__u32 stripes;	  /* power of two */
	__u32 roles;	  /* bit per enum role */
	__u32 n_ports;	  /* 0: all */
	__u32 preempted;  /* tasks can be preempted inside programs (from Linux 7.0) */
	__u32 generation; /* see struct control */
	__u16 ports[FILTER_PORTS];
	__u32 pad;
};
_Static_assert(sizeof(struct config) == 64, "hole in config");

/* Sockets older than troth: first who listens, then who is connected, then all are known. */
enum join_pass { JOIN_LISTENERS, JOIN_CONNECTIONS, JOIN_DONE };

/* What user space tells the programs while they run. */
struct control {
	__u64 stopped_ns;  /* when the measurement ended: hooks are being taken away; 0: it runs */
	__u64 idle_end_ns; /* silence that ends an answer */
	__u64 missed_before; /* skipped runs of programs that others have replaced; for user space */
	struct threshold thresholds[THRESHOLDS];
	__u32 active; /* bit t: thresholds[t] is judged; else nothing is within it */
	__u32 sweep;  /* number of the sweep under way, or of the last */
	/*
	 * While programs are replaced, the old and the new are attached on the same maps for some
	 * milliseconds. What would count twice is counted by those of this generation.
	 */
	__u32 generation;
	__u32 join_pass; /* enum join_pass: how far the walk over all files is; it tells its end itself */
	__u32 sweep_final;
	__u32 self_test_port;
	__u32 tick_ns;		    /* of a jiffy; the self-test measures it, as what follows */
	__u32 recv_clock_is_cached; /* tcp_clock_cache is refreshed by receives */
	__u32 regs_offset;	    /* of a task's user registers in its stack; 0: ask the helper */
	__u32 pad;
};
_Static_assert(sizeof(struct control) == 24 + 16 * THRESHOLDS + 40, "hole in control");

/*
 * One stripe of one series. Only grows; adds are atomic; readers sum the stripes.
 * server: a second histogram of queue time. client: the same place holds connect time.
 */
struct series_counts {
#ifdef TROTH_ABI_TEST /* the test build of another layout: a field more, and one elsewhere */
	__u64 of_test;
	__u64 opened;
#endif
	/*
	 * Sums over all outcomes but aborted. client: service = first byte, send = the rest. Every
	 * exchange touches them: one line of 64 bytes.
	 */
	__u64 queue_ns;
	__u64 receive_ns;
	__u64 service_ns;
	__u64 send_ns;
	__u64 max_ns;
	__u64 undivided_ns; /* durations of exchanges whose parts are not known ... */
	__u64 undivided;    /* ... and how many they are */
	__u64 coalesced;    /* answers that one send held together with another: in no exchange */
	__u64 exchanges[MASKS][OUTCOMES]; /* bit t of the index: within threshold t */
	__u64 streamed[MASKS];	   /* of those, answers that went on after silence had ended them */
	__u64 undated[THRESHOLDS]; /* of those, threshold t lies inside the uncertainty of the end */
	__u64 bytes_in;
	__u64 bytes_out;
#ifndef TROTH_ABI_TEST
	__u64 opened;
#endif
	__u64 closed;
	__u64 refused;		/* client */
	__u64 connect_timeouts; /* client */
	__u64 connect_ns;	/* client: sum over connects that succeeded */
	__u64 connects;		/* client: how many those are */
	__u64 reset_by_peer;
	__u64 reset_by_us;
	__u64 retransmits;	/* segments */
	__u64 accept_overflows; /* server: connections the listener dropped */
	__u64 srtt_us;		/* sum of the samples ... */
	__u64 srtt_samples;	/* ... taken at sweeps and at close */
	__u64 duration[HISTOGRAM_BUCKETS];
	__u64 queue[HISTOGRAM_BUCKETS];
#ifdef TROTH_ABI_TEST
	__u64 pad[1];
#else
	__u64 pad[2];
#endif
};
_Static_assert(sizeof(struct series_counts) % 64 == 0, "series_counts: not whole lines");

/* Beside the counts, one per series. */
struct series_state {
	__u8 dirty; /* set by the kernel when a count of the series moved; cleared by the reader */
	__u8 protocol; /* enum protocol, as last recognised */
	__u16 pad;
	__u32 seen; /* number of the last sweep that found a connection which counts there */
};
_Static_assert(sizeof(struct series_state) == 8, "hole in series_state");

/*
 * Pinned beside the other maps, for whoever finds them. This struct never changes. layout: of all
 * that the maps hold; maps of another one cannot be used by these programs.
 */
struct about {
	__u64 layout;
};

/* Where exchanges happen. IPv4 peers stand as ::ffff:a.b.c.d. server: exe and peer are zero. */
struct endpoint_key {
	__u32 netns; /* inode number of the namespace */
	__u16 role;
	__u16 port; /* server: own port; client: the peer's; host byte order */
	__u64 exe_inode;
	__u32 exe_dev;
	__u32 pad;
	__u8 peer[16];
};
_Static_assert(sizeof(struct endpoint_key) == 40, "hole in endpoint_key");

/* What the kernel noted of an endpoint; tgid 0: not known yet. */
struct endpoint {
	__u32 series;
	__u32 tgid;
	__u64 cgroup_id; /* cgroup v2, 0 where there is none */
	char comm[COMM_LEN];
};
_Static_assert(sizeof(struct endpoint) == 32, "hole in endpoint");

/* A line of a sweep: an exchange that waits for its answer. */
struct in_flight {
	__u32 series;
	__u32 pad;
	__u64 age_ns;
};
_Static_assert(sizeof(struct in_flight) == 16, "hole in in_flight");

/*
 * Each way in which something can be missed or left unsaid has its own counter.
 * lost: exchanges or whole connections that are in no series.
 */
struct losses {
	__u64 no_storage;  /* connections: their storage, or the table of them, refused (lost) */
	__u64 no_listener; /* listening sockets: the same; their drops are not counted */
	__u64 no_series[ROLES]; /* connections that count into the overflow series */
	__u64 endpoints_full; /* connections: table of endpoints refused the entry; overflow too */
	__u64 unannounced;    /* endpoints: ring buffer full; the sampler finds them in the table */
	__u64 merged;	      /* exchanges that two looks could not tell apart (lost) */
	__u64 no_registers;   /* windows: no caller's registers (io_uring, kernel thread, 32 bit) */
	__u64 unreadable;     /* windows: the bytes could not be read */
	__u64 bodiless_window; /* windows: sendfile and splice, which pass no buffer */
	__u64 caught_up;       /* steps that no hook claimed; found by a later look */
	__u64 contended;       /* looks that left their step to the next one */
	__u64 undated;	       /* exchanges whose end is known to a tick only */
	__u64 unseen;	    /* connections that no hook knew until they were used, or gone (lost) */
	__u64 unseen_mptcp; /* connections whose lengths are not TCP's (lost) */
	__u64 unparsed_end; /* connections that ended with bytes that may have been a request */
	__u64 unscanned; /* connections whose pipelined answers are no longer looked for in one send */
};

/* What BPF programs tell of themselves at the self-test. */
struct self_test {
	__u64 cached_ns; /* tcp_clock_cache in the receive hook ... */
	__u64 now_ns;	 /* ... beside the clock */
	__u64 stack;	 /* of the task that received ... */
	__u64 regs;	 /* ... and where in it its user registers are */
};

#endif
