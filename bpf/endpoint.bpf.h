/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * endpoint.bpf.h - whose connection is it: endpoint, its series, what is known of its process.
 * Runs once a connection, never once an exchange.
 */
#ifndef TROTH_ENDPOINT_BPF_H
#define TROTH_ENDPOINT_BPF_H

#include "maps.bpf.h"

static __always_inline __u32 netns_of(const struct sock *sk)
{
	const struct net *net = FIELD(sk, __sk_common.skc_net.net);

	return FIELD(net, ns.inum);
}

static __always_inline void owner_note(struct endpoint *e, struct task_struct *task)
{
	e->tgid = task->tgid;
	e->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	/* One by one: a pointer into an array of the kernel's may be followed for an element only. */
#pragma unroll
	for (int i = 0; i < COMM_LEN; i++)
		e->comm[i] = task->comm[i];
}

static __always_inline void key_note_exe(struct endpoint_key *k, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	struct file *exe;

	if (!mm)
		return;
	exe = mm->exe_file;
	if (!exe)
		return;
	k->exe_inode = exe->f_inode->i_ino;
	k->exe_dev = exe->f_inode->i_sb->s_dev;
}

static __always_inline void key_of(struct endpoint_key *k, const struct sock *sk, __u32 role,
				   struct task_struct *task)
{
	__builtin_memset(k, 0, sizeof(*k));
	k->netns = netns_of(sk);
	k->role = role;
	if (role == ROLE_SERVER) {
		k->port = FIELD(sk, __sk_common.skc_num);
		return;
	}
	k->port = bpf_ntohs(FIELD(sk, __sk_common.skc_dport));
	if (FIELD(sk, __sk_common.skc_family) == AF_INET) {
		k->peer[10] = 0xff;
		k->peer[11] = 0xff;
		*(__u32 *)&k->peer[12] = FIELD(sk, __sk_common.skc_daddr);
	} else {
#pragma unroll
		for (int i = 0; i < 4; i++)
			((__u32 *)k->peer)[i] =
				FIELD(sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[i]);
	}
	if (task)
		key_note_exe(k, task);
}

/* Does anybody want to hear of this connection? */
static __always_inline int endpoint_wanted(const struct sock *sk, __u32 role)
{
	__u16 port = role == ROLE_SERVER ? FIELD(sk, __sk_common.skc_num) :
					   bpf_ntohs(FIELD(sk, __sk_common.skc_dport));

	if (!(config.roles & (1u << role)))
		return 0;
	if (!config.n_ports)
		return 1;
	for (__u32 i = 0; i < FILTER_PORTS; i++)
		if (i < config.n_ports && config.ports[i] == port)
			return 1;
	return 0;
}

static __always_inline void endpoint_announce(const struct endpoint_key *k)
{
	if (bpf_ringbuf_output(&announcements, (void *)k, sizeof(*k), 0))
		add(&losses.unannounced, 1);
}

/* A new endpoint takes a free number; where there is none it counts into the overflow series. */
static __noinline __u32 endpoint_create(const struct endpoint_key *k, const struct endpoint *owner)
{
	struct endpoint fresh = {}, *known;
	__u32 number;
	long err;

	if (!k || !owner)
		return 0;
	fresh = *owner;
	if (k->role == ROLE_SERVER) {
		err = bpf_map_pop_elem(&free_servers, &number);
		barrier_var(
			err); /* one call for both maps would hide from Linux 7.2 what it writes */
	} else {
		err = bpf_map_pop_elem(&free_clients, &number);
	}
	if (err) {
		known = bpf_map_lookup_elem(&endpoints,
					    k); /* another CPU was faster with the last */
		if (known)
			return known->series;
		add(&losses.no_series[k->role & 1], 1);
		return SERIES_OVERFLOW(k->role & 1);
	}
	fresh.series = number;
	err = bpf_map_update_elem(&endpoints, k, &fresh, BPF_NOEXIST);
	if (!err) {
		endpoint_announce(k);
		return number;
	}
	if (k->role == ROLE_SERVER)
		bpf_map_push_elem(&free_servers, &number, 0);
	else
		bpf_map_push_elem(&free_clients, &number, 0);
	known = bpf_map_lookup_elem(&endpoints, k);
	if (known)
		return known->series;
	add(&losses.endpoints_full, 1);
	return SERIES_OVERFLOW(k->role & 1);
}

/*
 * The series of a connection. task: whose it is; NULL: not known. (In softirq the current task
 * is a stranger.) A server is then its listener's.
 */
static __always_inline __u32 endpoint_series(const struct sock *sk, __u32 role,
					     struct task_struct *task, __u32 *flags)
{
	struct endpoint owner = {}, *known;
	struct endpoint_key k;

	key_of(&k, sk, role, task);
	known = bpf_map_lookup_elem(&endpoints, &k);
	if (known) {
		if (!known->tgid)
			*flags |= FLAG_FACTS;
		return known->series;
	}
	if (task) {
		owner_note(&owner, task);
	} else if (role == ROLE_SERVER) {
		struct listener_key lk = { .netns = k.netns, .port = k.port };
		struct listener *l = bpf_map_lookup_elem(&listeners, &lk);

		if (l)
			owner = l->owner;
	}
	if (!owner.tgid)
		*flags |= FLAG_FACTS;
	return endpoint_create(&k, &owner);
}

/* The first process that receives on a server's connection is noted where nobody was. */
static __noinline int endpoint_note_facts(struct sock *sk, __u32 role)
{
	struct endpoint *e;
	struct endpoint_key k;

	if (!sk || role != ROLE_SERVER)
		return 0;
	key_of(&k, sk, role, 0);
	e = bpf_map_lookup_elem(&endpoints, &k);
	if (e && !e->tgid) {
		owner_note(e, bpf_get_current_task_btf());
		endpoint_announce(&k);
	}
	return 0;
}

static __always_inline int is_listened_on(__u32 netns, __u32 port)
{
	struct listener_key k = { .netns = netns, .port = port };
	struct listener *l = bpf_map_lookup_elem(&listeners, &k);

	return l && l->sockets > 0;
}

/* One more (change 1) or less (-1) socket listens. owner NULL: leave whose it is. */
static __always_inline void listener_change(const struct listener_key *k, __s64 change,
					    const struct endpoint *owner)
{
	struct listener fresh = {}, *l;

	l = bpf_map_lookup_elem(&listeners, k);
	if (!l && change > 0) {
		bpf_map_update_elem(&listeners, k, &fresh, BPF_NOEXIST);
		l = bpf_map_lookup_elem(&listeners, k);
		if (!l)
			add(&losses.endpoints_full, 1);
	}
	if (!l)
		return;
	__sync_fetch_and_add((__u64 *)&l->sockets, change);
	if (owner)
		l->owner = *owner;
}

/* Somebody listens there still. (User space removes what no sweep has found for long.) */
static __noinline int listener_seen(const struct listener_key *k)
{
	struct listener *l;

	if (!k)
		return 0;
	l = bpf_map_lookup_elem(&listeners, k);
	if (!l) {
		listener_change(k, 1, 0);
		l = bpf_map_lookup_elem(&listeners, k);
	}
	if (l)
		l->seen = control.sweep;
	return 0;
}

/* Once a listening socket; in the context of task, which owns it. */
static __noinline int listener_open(struct sock *sk, struct task_struct *task, int last)
{
	struct endpoint owner = {};
	struct listening *l;

	if (!sk || !task)
		return 0;
	l = bpf_sk_storage_get(&listening, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!l) {
		if (last)
			add(&losses.no_listener, 1);
		return 0;
	}
	if (l->ready)
		return 0;
	l->ready = 1;
	l->key.netns = netns_of(sk);
	l->key.port = FIELD(sk, __sk_common.skc_num);
	l->drops = FIELD(sk, sk_drops.counter);
	owner_note(&owner, task);
	listener_change(&l->key, 1, &owner);
	return 0;
}

#endif
