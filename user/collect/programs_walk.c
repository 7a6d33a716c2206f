// SPDX-License-Identifier: Apache-2.0
/* programs_walk.c - runs a BPF iterator and reads what it prints. Part of programs.h. */
#include "programs.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

int programs_iterate(int link_fd, programs_found *found, void *context)
{
	_cleanup_(closep) int fd = bpf_iter_create(link_fd);
	struct in_flight lines[256];
	size_t have = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, (char *)lines + have, sizeof(lines) - have);
		size_t whole;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		have += (size_t)n;
		whole = have / sizeof(lines[0]);
		for (size_t i = 0; i < whole; i++)
			if (found)
				found(context, &lines[i]);
		have -= whole * sizeof(lines[0]);
		memmove(lines, lines + whole, have);
	}
}
