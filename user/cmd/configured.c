// SPDX-License-Identifier: Apache-2.0
/* configured.c - see configured.h. */
#include "configured.h"

#include <errno.h>

#include "../report/problems_said.h"

enum exit_code configured_directories(const char *who, const struct daemon_flags *flags,
				      struct daemon_conf *ret, struct daemon_conf_file **ret_owner)
{
	_cleanup_(problems_clear) struct problems problems = {};
	int r = daemon_conf_directories(flags, &problems, ret, ret_owner);

	for (size_t i = 0; i < problems.n; i++)
		problem_say(stderr, &problems.item[i]);
	if (r == -ENOMEM)
		fprintf(stderr, "%s: out of memory\n", who);
	return !r ? EXIT_DONE : r == -EINVAL ? EXIT_USAGE : EXIT_UNABLE;
}

enum exit_code exit_code_of(enum daemon_end end)
{
	switch (end) {
	case DAEMON_DONE:
		return EXIT_DONE;
	case DAEMON_USAGE:
		return EXIT_USAGE;
	default:
		return EXIT_UNABLE;
	}
}
