// SPDX-License-Identifier: Apache-2.0
/*
 * listening.c - /proc/PID/net/tcp and tcp6, of one process for each network namespace. Leaves out
 * namespaces that hold no process.
 */
#include "listening.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../base/cleanup.h"
#include "procfs.h"

#define STATE_LISTEN   0x0a
#define NAMESPACES_MAX 1024

/* 0 or -errno. Rows are of some 150 characters; the header does not scan. */
static int scan_table(const char *path, const uint16_t *ports, unsigned int n, bool *listening)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	char line[512];
	unsigned int port, state;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &port, &state) !=
			    2 ||
		    state != STATE_LISTEN)
			continue;
		for (unsigned int i = 0; i < n; i++)
			listening[i] |= ports[i] == port;
	}
	return 0;
}

static bool seen_before(uint64_t netns, uint64_t *seen, unsigned int *n_seen)
{
	for (unsigned int i = 0; i < *n_seen; i++)
		if (seen[i] == netns)
			return true;
	if (*n_seen < NAMESPACES_MAX)
		seen[(*n_seen)++] = netns;
	return false;
}

int listening_ports(const uint16_t *ports, unsigned int n, bool *listening)
{
	_cleanup_(closedirp) DIR *proc = opendir("/proc");
	uint64_t seen[NAMESPACES_MAX], netns;
	unsigned int n_seen = 0;
	struct dirent *entry;
	char path[64];
	int r;

	memset(listening, 0, n * sizeof(*listening));
	if (!proc)
		return -errno;
	r = scan_table("/proc/net/tcp", ports, n, listening);
	if (r)
		return r;
	/* Without IPv6 there is no such file, and nobody listens there. */
	scan_table("/proc/net/tcp6", ports, n, listening);
	if (!procfs_link_number(dirfd(proc), "self/ns/net", "net", &netns))
		seen_before(netns, seen, &n_seen);
	while ((entry = readdir(proc))) {
		uint32_t pid = procfs_pid(entry->d_name);

		if (!pid)
			continue;
		snprintf(path, sizeof(path), "%" PRIu32 "/ns/net", pid);
		if (procfs_link_number(dirfd(proc), path, "net", &netns) ||
		    seen_before(netns, seen, &n_seen))
			continue;
		snprintf(path, sizeof(path), "/proc/%" PRIu32 "/net/tcp", pid);
		scan_table(path, ports, n, listening);
		snprintf(path, sizeof(path), "/proc/%" PRIu32 "/net/tcp6", pid);
		scan_table(path, ports, n, listening);
	}
	return 0;
}
