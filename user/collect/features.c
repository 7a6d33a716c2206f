// SPDX-License-Identifier: Apache-2.0
/*
 * features.c - what follows from the answers to features_needs.c: states, reasons, a backend. The
 * probes are in features_probe.c and features_load.c.
 */
#include "features.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/cleanup.h"
#include "features_needs.h"

const char *const backend_names[BACKENDS] = {
	[BACKEND_SOCKET] = "socket",
	[BACKEND_SYSCALL] = "syscall",
};

/* What a lack costs that another backend makes up for, by the one that does. */
static const char *const instead[BACKENDS] = {
	[BACKEND_SOCKET] = "--backend syscall does not work; socket, which costs less, does",
	[BACKEND_SYSCALL] = "the syscall backend is used, and every system call of the host, "
			    "whoever makes it, pays some 100 ns",
};

/* The answer to one need. */
struct finding {
	bool lacking;
	bool untried;
	char found[128]; /* where lacking, never empty */
	const char *remedy;
};

/* Rows that TROTH_WITHOUT names. 0, or -EINVAL and one line. */
static int read_without(bool off[FEATURES_MAX], char *why, size_t size)
{
	const char *at = getenv("TROTH_WITHOUT");

	while (at && *at) {
		size_t len = strcspn(at, ","), i = 0;

		while (i < features_n_needs && (strlen(features_needs[i].name) != len ||
						memcmp(features_needs[i].name, at, len)))
			i++;
		if (i == features_n_needs && len) {
			snprintf(
				why, size,
				"TROTH_WITHOUT: no row is named \"%.*s\"; `troth doctor` without it "
				"lists them",
				len < 64 ? (int)len : 64, at);
			return -EINVAL;
		}
		if (len)
			off[i] = true;
		at += len + (at[len] == ',');
	}
	return 0;
}

int features_without(char *why, size_t size)
{
	bool off[FEATURES_MAX] = {};

	return read_without(off, why, size);
}

/* What cannot be tried says nothing about the kernel; then the reason is the lack to mend. */
static const char *untried(const struct need *n, struct probes *p, const char **ret_remedy)
{
	if (n->by_bpf_call && probes_refused(p)) {
		*ret_remedy = probes_privileged(p) ? REMEDY_BPF_REFUSED : REMEDY_CAPABILITIES;
		return "cannot be tried: bpf() is refused";
	}
	if (n->by_btf && !probes_have_btf(p)) {
		*ret_remedy = REMEDY_BTF_KERNEL;
		return "cannot be told without BTF";
	}
	return NULL;
}

static void find(const struct need *n, struct probes *p, bool off, struct finding *ret)
{
	const char *reason;

	*ret = (struct finding){ .remedy = n->remedy };
	reason = untried(n, p, &ret->remedy);
	ret->untried = reason;
	ret->lacking = reason || !n->probe(p, n->argument, ret->found, sizeof(ret->found));
	if (reason)
		snprintf(ret->found, sizeof(ret->found), "%s", reason);
	else if (off)
		snprintf(ret->found, sizeof(ret->found), "taken away by TROTH_WITHOUT");
	else if (!*ret->found && ret->lacking)
		snprintf(ret->found, sizeof(ret->found), "not in this kernel (since %s)", n->since);
	else if (!*ret->found && n->since)
		snprintf(ret->found, sizeof(ret->found), "there (since %s)", n->since);
	else if (!*ret->found)
		snprintf(ret->found, sizeof(ret->found), "there");
	ret->lacking = ret->lacking || off;
}

/* quickly: what is slow to ask, or not indispensable, is taken for there. */
static int find_all(struct finding f[FEATURES_MAX], bool quickly, char *why, size_t size)
{
	_cleanup_(probes_freep) struct probes *p = probes_new();
	bool off[FEATURES_MAX] = {};
	int r = read_without(off, why, size);

	for (size_t i = 0; !r && i < features_n_needs; i++)
		if (!quickly || off[i] ||
		    (features_needs[i].indispensable && !features_needs[i].slow))
			find(&features_needs[i], p, off[i], &f[i]);
	return r;
}

/* Does this backend lack something indispensable (besides what all need)? */
static bool lacks(enum backend b, const struct finding f[FEATURES_MAX], bool besides_common)
{
	for (size_t i = 0; i < features_n_needs; i++)
		if (f[i].lacking && features_needs[i].indispensable &&
		    features_needs[i].backends & 1u << b &&
		    !(besides_common && features_needs[i].backends == NEEDED_BY_ALL))
			return true;
	return false;
}

/* The first that lacks nothing, or BACKENDS. */
static enum backend first(const struct finding f[FEATURES_MAX], bool besides_common)
{
	enum backend b = 0;

	while (b < BACKENDS && lacks(b, f, besides_common))
		b++;
	return b;
}

/* nearest: the backend that works, or would if only what all need were there; BACKENDS: none. */
static void judge(const struct need *n, const struct finding *f, enum backend nearest,
		  struct feature *ret)
{
	bool spared = nearest < BACKENDS && !(n->backends & 1u << nearest);

	*ret = (struct feature){ .name = n->name, .state = FEATURE_OK };
	if (f->lacking) {
		ret->state = n->indispensable && !spared ? FEATURE_MISSING : FEATURE_DEGRADED;
		ret->remedy = f->remedy;
	}
	if (!f->lacking || f->untried)
		snprintf(ret->detail, sizeof(ret->detail), "%s", f->found);
	else
		snprintf(ret->detail, sizeof(ret->detail), "%s: %s", f->found,
			 n->indispensable && spared ? instead[nearest] : n->lost);
}

static void judge_backend(enum backend b, struct feature *ret)
{
	*ret = (struct feature){ .name = "backend", .state = FEATURE_OK };
	if (b < BACKENDS) {
		snprintf(ret->detail, sizeof(ret->detail), "%s", backend_names[b]);
		return;
	}
	ret->state = FEATURE_MISSING;
	ret->remedy = "see the rows that are missing";
	snprintf(ret->detail, sizeof(ret->detail), "none: nothing can be measured here");
}

int features_probe(struct features *ret, char *why, size_t size)
{
	struct finding f[FEATURES_MAX] = {};
	int r = find_all(f, false, why, size);
	enum backend b;

	if (r)
		return r;
	*ret = (struct features){};
	for (size_t i = 0; i < features_n_needs; i++)
		judge(&features_needs[i], &f[i], first(f, true), &ret->rows[ret->n++]);
	b = first(f, false);
	judge_backend(b, &ret->rows[ret->n++]);
	ret->backend = b < BACKENDS ? backend_names[b] : NULL;
	return 0;
}

/*
 * The first missing row says why: of those that explain one another it is the first. Where no
 * backend is near, what the last one lacks does: it asks for the oldest kernel.
 */
static bool explain(const struct finding f[FEATURES_MAX], enum backend nearest, const char *prefix,
		    char *why, size_t size)
{
	struct feature row;

	if (nearest == BACKENDS)
		nearest = BACKENDS - 1;
	for (size_t i = 0; i < features_n_needs; i++) {
		judge(&features_needs[i], &f[i], nearest, &row);
		if (row.state != FEATURE_MISSING)
			continue;
		snprintf(why, size, "%s%s: %s; %s", prefix, row.name, row.detail, row.remedy);
		return true;
	}
	return false;
}

static bool explain_named(const struct finding f[FEATURES_MAX], enum backend b, char *why,
			  size_t size)
{
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "the %s backend does not work here: ", backend_names[b]);
	return explain(f, b, prefix, why, size);
}

int features_choose(const char *wanted, enum backend *ret, char *why, size_t size)
{
	struct finding f[FEATURES_MAX] = {};
	int r = find_all(f, true, why, size);
	enum backend b = 0;

	if (r)
		return r;
	while (wanted && b < BACKENDS && strcmp(wanted, backend_names[b]))
		b++;
	if (!wanted || b == BACKENDS) {
		b = first(f, false);
		if (b == BACKENDS) {
			explain(f, first(f, true), "", why, size);
			return -ENOTSUP;
		}
	} else if (explain_named(f, b, why, size)) {
		return -ENOTSUP;
	}
	*ret = b;
	return 0;
}

int features_missing(enum backend backend, char *why, size_t size)
{
	struct finding f[FEATURES_MAX] = {};

	return !find_all(f, false, why, size) && explain_named(f, backend, why, size);
}
