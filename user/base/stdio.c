// SPDX-License-Identifier: Apache-2.0
/* stdio.c - guards of the standard streams. Knows descriptors; prints nothing. */
#include "stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void stdio_guard(void)
{
	static const int modes[] = {
		[STDIN_FILENO] = O_RDONLY,
		[STDOUT_FILENO] = O_RDONLY, /* on purpose: see the header */
		[STDERR_FILENO] = O_WRONLY,
	};

	signal(SIGPIPE, SIG_IGN);
	/* In this order open() returns the very descriptor that is missing. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			abort();
}

bool stdio_writable(FILE *f)
{
	int flags = fcntl(fileno(f), F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

int stdio_finish(FILE *f)
{
	errno = 0;
	if (fflush(f) || ferror(f))
		return errno ? -errno : -EIO;
	return 0;
}

bool stdio_fancy(FILE *f)
{
	const char *term = getenv("TERM");

	return isatty(fileno(f)) && !getenv("NO_COLOR") && !(term && !strcmp(term, "dumb"));
}
