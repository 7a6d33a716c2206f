// SPDX-License-Identifier: Apache-2.0
/* command.c - what every sub-command does before and after its own work. */
#include "command.h"

#include <errno.h>
#include <stdio_ext.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/stdio.h"
#include "../collect/features.h"

enum exit_code command_unwritable(const char *who, int error)
{
	fprintf(stderr, "%s: cannot write the result: %s\n", who,
		error == -EPIPE ? "whoever read it has left (broken pipe)" :
		error == -EBADF ? "stdout is closed; leave it open, or send it to a file" :
				  strerror(-error));
	/* Said once: neither a later flush nor exit() is to try again. */
	__fpurge(stdout);
	clearerr(stdout);
	return EXIT_USAGE;
}

enum exit_code command_finish(const char *who, enum exit_code code)
{
	int r = stdio_finish(stdout);

	return r ? command_unwritable(who, r) : code;
}

enum exit_code command_main(const struct command *c, int argc, char *argv[])
{
	_cleanup_(freep) void *values = calloc(1, c->values_size);
	enum exit_code code = EXIT_DONE;
	char why[512], who[64];
	int r;

	if (!values) {
		fprintf(stderr, "troth: out of memory\n");
		return EXIT_UNABLE;
	}
	snprintf(who, sizeof(who), "troth %s", c->options.command);
	r = options_parse(&c->options, argc, argv, values, why, sizeof(why));
	if (r >= 0 && r != OPTIONS_HELP && c->measures && features_without(why, sizeof(why)))
		r = -EINVAL;
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", who, why);
		return EXIT_USAGE;
	}
	/* Better now than after ten seconds of measuring. */
	if (!stdio_writable(stdout))
		return command_unwritable(who, -EBADF);
	if (r == OPTIONS_HELP)
		options_help(&c->options, stdout);
	else
		code = c->run(values);
	return command_finish(who, code);
}
