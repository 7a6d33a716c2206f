// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup.c - the text side: /proc/PID/cgroup to a path, a path to unit, container and pod.
 * Finding a group by its number is in cgroup_id.c.
 */
#define _GNU_SOURCE 1
#include "cgroup.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define ID_DIGITS 64

struct span {
	const char *text;
	size_t length;
};

static bool span_is(struct span s, const char *text)
{
	return s.length == strlen(text) && !memcmp(s.text, text, s.length);
}

static bool span_starts(struct span s, const char *prefix)
{
	return s.length >= strlen(prefix) && !memcmp(s.text, prefix, strlen(prefix));
}

static bool span_ends(struct span s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.length > n && !memcmp(s.text + s.length - n, suffix, n);
}

static bool span_has(struct span s, const char *needle)
{
	return memmem(s.text, s.length, needle, strlen(needle)) != NULL;
}

static struct span span_without(struct span s, const char *prefix, const char *suffix)
{
	return (struct span){ s.text + strlen(prefix), s.length - strlen(prefix) - strlen(suffix) };
}

static bool span_only(struct span s, const char *allowed)
{
	for (size_t i = 0; i < s.length; i++)
		if (!memchr(allowed, s.text[i], strlen(allowed)))
			return false;
	return s.length > 0;
}

/* A path that shows only the way out of a cgroup namespace ("/../..") is as mute as "/". */
static bool path_tells(struct span path)
{
	return !span_only(path, "/.");
}

int cgroup_choose(const char *text, char **ret)
{
	struct span best = { "/", 1 };
	int best_rank = 0;
	bool any = false;
	char *copy;

	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *controllers = memchr(line, ':', (size_t)(end - line));
		const char *colon = NULL;
		struct span path;
		int rank;

		if (controllers)
			colon = memchr(controllers + 1, ':', (size_t)(end - controllers - 1));
		path = (struct span){ colon ? colon + 1 : end,
				      colon ? (size_t)(end - colon - 1) : 0 };
		line = *end ? end + 1 : end;
		if (!path.length || *path.text != '/')
			continue;
		any = true;
		/* A dying process may outlive its group. */
		if (span_ends(path, " (deleted)"))
			path.length -= strlen(" (deleted)");
		rank = colon == controllers + 1			   ? 3 :
		       !strncmp(controllers, ":name=systemd:", 14) ? 2 :
								     1;
		if (rank <= best_rank || !path_tells(path))
			continue;
		best = path;
		best_rank = rank;
	}
	if (!any)
		return -EINVAL;
	copy = strndup(best.text, best.length);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* What the walk along a path has seen; later components stand further inside. */
struct walk {
	struct span unit;
	struct span container;
	struct span pod;
	struct span previous;
	bool kubepods; /* below a group of Kubernetes */
	bool monitor;  /* in the group of a container's host-side helper */
};

/*
 * docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, nerdctl-ID.scope, the
 * same without ".scope", and a bare ID. conmon's groups carry the id too, but hold podman's and
 * CRI-O's helper on the host.
 */
static bool find_container_id(struct walk *w, struct span c)
{
	struct span id, prefix;

	if (span_ends(c, ".scope"))
		c.length -= strlen(".scope");
	if (c.length < ID_DIGITS)
		return false;
	prefix = (struct span){ c.text, c.length - ID_DIGITS };
	id = (struct span){ c.text + prefix.length, ID_DIGITS };
	if (!span_only(id, "0123456789abcdef"))
		return false;
	if (prefix.length && prefix.text[prefix.length - 1] != '-')
		return false;
	if (span_has(prefix, "conmon")) {
		w->monitor = true;
		return true;
	}
	/* podman in split mode puts the container into the service that asked for it. */
	if (!span_is(prefix, "libpod-payload-"))
		w->unit = (struct span){};
	w->container = id;
	w->monitor = false;
	return true;
}

/* LXC and nspawn name the container, and a whole system may run inside it. */
static bool find_system_container(struct walk *w, struct span c)
{
	struct span name = {};

	if (span_starts(c, "lxc.payload.") && c.length > strlen("lxc.payload."))
		name = span_without(c, "lxc.payload.", "");
	else if (span_is(w->previous, "lxc") || span_is(w->previous, "lxc.payload"))
		name = c;
	else if (span_is(c, "payload") && span_starts(w->previous, "machine-") &&
		 span_ends(w->previous, ".scope"))
		name = span_without(w->previous, "machine-", ".scope");
	else if (span_is(c, "payload") && span_starts(w->previous, "systemd-nspawn@") &&
		 span_ends(w->previous, ".service"))
		name = span_without(w->previous, "systemd-nspawn@", ".service");
	if (!name.length)
		return false;
	w->container = name;
	w->unit = (struct span){};
	return true;
}

/* kubepods-burstable-podUID.slice, podUID below kubepods, machine-libpod_pod_ID.slice. */
static bool find_pod(struct walk *w, struct span c)
{
	struct span uid = {};

	if (span_has(c, "kubepods"))
		w->kubepods = true;
	if (span_has(c, "libpod_pod_") && span_ends(c, ".slice")) {
		uid = span_without(c, "", ".slice");
		if (uid.length < ID_DIGITS)
			return false;
		uid.text += uid.length - ID_DIGITS;
		uid.length = ID_DIGITS;
	} else if (span_has(c, "kubepods") && span_ends(c, ".slice")) {
		const char *pod = memmem(c.text, c.length, "-pod", 4);

		if (!pod)
			return false;
		uid.text = pod + 4;
		uid.length = (size_t)(c.text + c.length - uid.text) - strlen(".slice");
	} else if (w->kubepods && span_starts(c, "pod")) {
		uid = span_without(c, "pod", "");
	}
	/* A static pod's uid is a hash without dashes. */
	if (uid.length < 32 || !span_only(uid, "0123456789abcdef-_"))
		return false;
	w->pod = uid;
	w->container = w->unit = (struct span){};
	return true;
}

static bool is_user_manager(struct span unit)
{
	return span_starts(unit, "user@") && span_ends(unit, ".service");
}

/* The innermost service; a scope counts where there is none but the user's service manager. */
static void find_unit(struct walk *w, struct span c)
{
	if (span_ends(c, ".service")) {
		w->unit = c;
		w->monitor = false;
	} else if (span_ends(c, ".scope") && !span_is(c, "init.scope") &&
		   (!span_ends(w->unit, ".service") || is_user_manager(w->unit))) {
		w->unit = c;
	} else if (span_is(c, "init.scope") && !w->unit.length) {
		w->unit = c;
	}
}

static void walk_component(struct walk *w, struct span c)
{
	if (!find_container_id(w, c) && !find_system_container(w, c) && !find_pod(w, c))
		find_unit(w, c);
	w->previous = c;
}

static int span_copy(struct span s, char **ret)
{
	if (!s.length)
		return 0;
	*ret = strndup(s.text, s.length);
	return *ret ? 0 : -ENOMEM;
}

int cgroup_place(const char *path, struct cgroup_place *ret)
{
	_cleanup_(cgroup_place_clear) struct cgroup_place place = {};
	struct walk w = {};

	while (*path) {
		size_t n = strcspn(path, "/");
		struct span c = { path, n };

		path += n + (path[n] == '/');
		/* containerd told to use systemd's names without systemd: SLICE:cri-containerd:ID */
		if (span_has(c, ".slice:")) {
			const char *last = memrchr(c.text, ':', c.length);
			struct span slice = { c.text, strcspn(c.text, ":") };

			walk_component(&w, slice);
			c = (struct span){ last + 1, (size_t)(c.text + c.length - last - 1) };
		}
		if (c.length && !span_is(c, ".") && !span_is(c, ".."))
			walk_component(&w, c);
	}
	if (w.monitor)
		w.unit = w.container = (struct span){};
	if (span_copy(w.unit, &place.unit) || span_copy(w.container, &place.container) ||
	    span_copy(w.pod, &place.pod))
		return -ENOMEM;
	for (char *p = place.pod; p && *p; p++)
		if (*p == '_')
			*p = '-';
	*ret = place;
	place = (struct cgroup_place){};
	return 0;
}

void cgroup_place_clear(struct cgroup_place *p)
{
	free(p->unit);
	free(p->container);
	free(p->pod);
	*p = (struct cgroup_place){};
}
