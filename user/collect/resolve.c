// SPDX-License-Identifier: Apache-2.0
/*
 * resolve.c - see resolve.h: what to believe, how to call it, what to remember.
 * Telling equal names apart is in unique.c.
 */
#define _GNU_SOURCE 1
#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "cgroup.h"
#include "cgroup_tree.h"
#include "listener.h"
#include "process.h"
#include "program.h"

#define NAMES_DEFAULT  4096
#define SCAN_TICKS_MAX 64

struct name {
	bool used;
	bool believed; /* a living process stood behind it */
	bool waits;    /* for the path of its group */
	uint64_t asked;
	uint32_t series;
	uint32_t tgid;
	struct endpoint_key key;
	struct identity id;
};

struct resolver {
	char *proc;
	struct listeners *listeners;
	struct cgroup_tree *groups;
	unsigned int scan_wait; /* ticks until the next scan may run */
	unsigned int scan_interval;
	unsigned int max_names;
	struct name *names; /* at series % max_names: a newer series evicts */
};

/* Units whose processes are whatever somebody started there: they name nothing. */
static const char *const launchers[] = {
	"user@*.service",    "ssh.service",	    "sshd.service",	  "ssh@*.service",
	"sshd@*.service",    "getty@*.service",	    "serial-getty@*",	  "console-getty.service",
	"container-getty@*", "cron.service",	    "crond.service",	  "cronie.service",
	"atd.service",	     "docker.service",	    "containerd.service", "crio.service",
	"podman.service",    "kubelet.service",	    "run-*.service",	  "rc-local.service",
	"systemd-nspawn@*",  "debug-shell.service",
};

static int copy_text(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

int resolver_new(const char *proc, unsigned int max_names, struct resolver **ret)
{
	_cleanup_(resolver_freep) struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->max_names = max_names ? max_names : NAMES_DEFAULT;
	r->names = calloc(r->max_names, sizeof(*r->names));
	r->proc = strdup(proc ? proc : "/proc");
	r->scan_interval = 1;
	if (!r->names || !r->proc || cgroup_tree_new(r->proc, 0, true, &r->groups))
		return -ENOMEM;
	*ret = TAKE(r);
	return 0;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	for (unsigned int i = 0; r->names && i < r->max_names; i++)
		identity_clear(&r->names[i].id);
	free(r->names);
	listeners_free(r->listeners);
	cgroup_tree_free(r->groups);
	free(r->proc);
	free(r);
}

int resolver_tick(struct resolver *r)
{
	if (r->scan_wait)
		r->scan_wait--;
	return cgroup_tree_tick(r->groups);
}

unsigned int resolver_groups_left_out(const struct resolver *r)
{
	return cgroup_tree_left_out(r->groups);
}

bool resolver_knows_more(const struct resolver *r, const struct endpoint_key *k, uint32_t series)
{
	const struct name *name = &r->names[series % r->max_names];

	return name->used && name->waits && name->series == series &&
	       !memcmp(&name->key, k, sizeof(*k)) && cgroup_tree_answers(r->groups, name->asked);
}

bool resolver_believes(const struct resolver *r, const struct endpoint_key *k, uint32_t series)
{
	const struct name *name = &r->names[series % r->max_names];

	return name->used && name->believed && name->series == series &&
	       !memcmp(&name->key, k, sizeof(*k));
}

bool resolver_owner_missing(const struct endpoint_key *k, const struct endpoint *e)
{
	return k->role == ROLE_SERVER && !e->tgid;
}

/* comm as the kernel noted it, which need not end in a NUL. */
static void noted_comm(const struct endpoint *e, char ret[COMM_LEN + 1])
{
	memcpy(ret, e->comm, COMM_LEN);
	ret[COMM_LEN] = '\0';
}

/*
 * Numbers of processes are reused. A client's executable was noted by inode (not by device:
 * overlayfs and btrfs show stat(2) another one than the kernel's own). A server must still have a
 * thread of the noted name, or the listener itself: either may have changed since.
 */
static bool is_noted_process(const struct resolver *r, const struct endpoint_key *k,
			     const struct endpoint *e, const struct process *p)
{
	char comm[COMM_LEN + 1];

	if (k->netns && p->netns && k->netns != p->netns)
		return false;
	if (k->role == ROLE_CLIENT && k->exe_inode && p->exe_inode)
		return k->exe_inode == p->exe_inode;
	noted_comm(e, comm);
	if (comm[0] && (!strcmp(comm, p->comm) || process_has_comm(r->proc, p->pid, comm)))
		return true;
	return k->role == ROLE_SERVER && listener_held(r->proc, p->pid, k->port);
}

static int read_holder(const struct resolver *r, const struct endpoint_key *k, struct process *ret)
{
	uint32_t pid = r->listeners ? listeners_owner(r->listeners, k->netns, k->port) : 0;

	/* The table may be old, and the number reused since. */
	if (!pid || !listeners_still_held(r->listeners, r->proc, pid, k->port))
		return -ESRCH;
	return process_read(r->proc, pid, ret);
}

/* Holder of the listener: as the last scan knows it, else by a new scan if one is due. */
static int find_holder(struct resolver *r, const struct endpoint_key *k, struct process *ret)
{
	struct listeners *fresh = NULL;
	int err = read_holder(r, k, ret);

	if (!err || err == -ENOMEM || r->scan_wait)
		return err;
	err = listeners_scan(r->proc, &fresh);
	if (!err) {
		listeners_free(r->listeners);
		r->listeners = fresh;
		err = read_holder(r, k, ret);
	}
	if (!err)
		r->scan_interval = 1;
	r->scan_wait = r->scan_interval;
	if (r->scan_interval < SCAN_TICKS_MAX)
		r->scan_interval *= 2;
	return err;
}

/* 0: ret is believed. -ENOMEM, or another error where nobody is. */
static int find_process(struct resolver *r, const struct endpoint_key *k, const struct endpoint *e,
			struct process *ret)
{
	_cleanup_(process_clear) struct process p = {};
	int err = e->tgid ? process_read(r->proc, e->tgid, &p) : -ESRCH;

	if (!err && is_noted_process(r, k, e, &p)) {
		*ret = p;
		p = (struct process){};
		return 0;
	}
	if (err == -ENOMEM || k->role != ROLE_SERVER)
		return err ? err : -ESRCH;
	return find_holder(r, k, ret);
}

/* Bytes that are no UTF-8 (a comm cut in the middle of a letter, say) would break a JSON writer. */
static void make_utf8(char *text)
{
	for (unsigned char *c = (unsigned char *)text; c && *c;) {
		int more = *c < 0x80		   ? 0 :
			   *c >= 0xc2 && *c < 0xe0 ? 1 :
			   *c >= 0xe0 && *c < 0xf0 ? 2 :
			   *c >= 0xf0 && *c < 0xf5 ? 3 :
						     -1;
		int ok = 0;

		while (ok < more && (c[ok + 1] & 0xc0) == 0x80)
			ok++;
		/* RFC 3629: no longer form than needed, no surrogates, nothing past U+10FFFF. */
		if (more < 0 || ok < more || (*c == 0xe0 && c[1] < 0xa0) ||
		    (*c == 0xed && c[1] > 0x9f) || (*c == 0xf0 && c[1] < 0x90) ||
		    (*c == 0xf4 && c[1] > 0x8f)) {
			*c++ = '?';
			continue;
		}
		c += more + 1;
	}
}

static void make_plain(char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			*name = '_';
}

/* asked: as cgroup_tree_path(). *waits: the path may be known later. */
static int fill_place(struct resolver *r, const struct endpoint *e, const struct process *p,
		      uint64_t *asked, bool *waits, struct identity *id)
{
	struct cgroup_place place = {};
	int err = -ENOENT;

	/* Of v2 the kernel's note is as good, but v1 and hybrid say more in the process's own. */
	if (p && p->cgroups)
		err = cgroup_choose(p->cgroups, &id->cgroup);
	if (err && err != -ENOMEM && e->cgroup_id)
		err = cgroup_tree_path(r->groups, e->cgroup_id, asked, &id->cgroup);
	*waits = err == -EAGAIN;
	if (err)
		return err == -ENOMEM ? err : 0;
	err = cgroup_place(id->cgroup, &place);
	if (err)
		return err;
	id->unit = place.unit;
	id->container = place.container;
	id->pod = place.pod;
	return 0;
}

static int fill_peer(const struct endpoint_key *k, struct identity *id)
{
	static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];
	bool v4 = !memcmp(k->peer, mapped, sizeof(mapped));

	id->peer_port = k->port;
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? k->peer + sizeof(mapped) : k->peer, text,
		  sizeof(text));
	return copy_text(text, &id->peer_address);
}

/* The unit without ".service", or NULL if it does not name what runs in it. */
static char *service_of_unit(const struct identity *id)
{
	static const char suffix[] = ".service";
	size_t n = id->unit ? strlen(id->unit) : 0;

	if (n <= strlen(suffix) || strcmp(id->unit + n - strlen(suffix), suffix))
		return NULL;
	for (size_t i = 0; i < sizeof(launchers) / sizeof(*launchers); i++)
		if (!fnmatch(launchers[i], id->unit, 0))
			return NULL;
	return strndup(id->unit, n - strlen(suffix));
}

static int fill_name(const struct endpoint_key *k, const struct process *p, struct identity *id)
{
	_cleanup_(freep) char *what = k->role == ROLE_SERVER ? service_of_unit(id) : NULL;
	int n;

	if (!what && program_name(id->exe, id->comm, p ? p->command : NULL, p ? p->command_size : 0,
				  &what) == -ENOMEM)
		return -ENOMEM;
	if (k->role == ROLE_SERVER)
		n = asprintf(&id->name, "%s:%u", what ? what : "port", k->port);
	else if (strchr(id->peer_address, ':'))
		n = asprintf(&id->name, "%s->[%s]:%u", what ? what : "client", id->peer_address,
			     k->port);
	else
		n = asprintf(&id->name, "%s->%s:%u", what ? what : "client", id->peer_address,
			     k->port);
	if (n < 0) {
		id->name = NULL;
		return -ENOMEM;
	}
	make_plain(id->name);
	return 0;
}

/* p: NULL if nobody is believed. */
static int identify(struct resolver *r, const struct endpoint_key *k, const struct endpoint *e,
		    struct process *p, uint64_t *asked, bool *waits, struct identity *ret)
{
	_cleanup_(identity_clear) struct identity id = {
		.netns = k->netns,
		.port = k->role == ROLE_SERVER ? k->port : 0,
		.pid = p ? p->pid : e->tgid,
	};
	char comm[COMM_LEN + 1];
	int err;

	noted_comm(e, comm);
	err = copy_text(p ? p->comm : comm[0] ? comm : NULL, &id.comm);
	if (p)
		id.exe = TAKE(p->exe);
	if (!err && k->role == ROLE_CLIENT)
		err = fill_peer(k, &id);
	if (!err)
		err = fill_place(r, e, p, asked, waits, &id);
	if (!err)
		err = fill_name(k, p, &id);
	if (err)
		return err;
	make_utf8(id.comm);
	make_utf8(id.exe);
	make_utf8(id.unit);
	make_utf8(id.container);
	make_utf8(id.cgroup);
	*ret = id;
	id = (struct identity){};
	return 0;
}

/* Whether what is remembered is the answer, or at least nothing better can be found now. */
static bool is_settled(const struct resolver *r, const struct name *known,
		       const struct endpoint_key *k, const struct endpoint *e)
{
	if (known->tgid != e->tgid ||
	    (known->waits && cgroup_tree_answers(r->groups, known->asked)))
		return false;
	return known->believed || k->role != ROLE_SERVER || r->scan_wait;
}

int resolver_name(struct resolver *r, const struct endpoint_key *k, const struct endpoint *e,
		  struct identity *ret)
{
	_cleanup_(process_clear) struct process p = {};
	_cleanup_(identity_clear) struct identity id = {};
	struct name *name = &r->names[e->series % r->max_names];
	bool known = name->used && name->series == e->series && !memcmp(&name->key, k, sizeof(*k));
	uint64_t asked = known ? name->asked : 0;
	bool waits = false;
	int err;

	if (known && is_settled(r, name, k, e))
		return identity_copy(&name->id, ret);
	err = find_process(r, k, e, &p);
	if (err == -ENOMEM)
		return err;
	if (known && err && name->believed) {
		name->tgid = e->tgid;
		return identity_copy(&name->id, ret);
	}
	err = identify(r, k, e, err ? NULL : &p, &asked, &waits, &id);
	if (err)
		return err;
	/* The overflow series are many endpoints at once: not worth a place. */
	if (e->series < SERIES_FIRST) {
		*ret = id;
		id = (struct identity){};
		return 0;
	}
	err = identity_copy(&id, ret);
	if (err)
		return err;
	identity_clear(&name->id);
	*name = (struct name){ .used = true,
			       .believed = p.pid != 0,
			       .waits = waits,
			       .asked = asked,
			       .series = e->series,
			       .tgid = e->tgid,
			       .key = *k,
			       .id = id };
	id = (struct identity){};
	return 0;
}
