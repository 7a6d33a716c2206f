// SPDX-License-Identifier: Apache-2.0
/* store.c - `troth store`: the record as a whole; no kernel. */
#include "store.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct command *const commands[] = {
	&command_store_check,
	&command_store_export,
	&command_store_import,
};

static const struct command_group store = {
	.name = "troth store",
	.about =
		"The record of what was measured: whether it is sound, all of it as text, and back. "
		"Works beside a running daemon and without one.",
	.commands = commands,
	.n = sizeof(commands) / sizeof(commands[0]),
};

const struct command command_store = {
	.options = { .command = "store", .summary = "the record: check, export, import" },
	.group = &store,
};

enum exit_code store_fail(const char *who, enum exit_code code, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "troth store %s: ", who);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

enum exit_code store_reader(const char *who, const char *dir, enum exit_code corrupt,
			    struct store **ret)
{
	struct store_options o = { .dir = dir, .mode = STORE_READER };
	char why[1024];
	int r = store_open(&o, ret, why, sizeof(why));

	if (!r) {
		r = store_begin(*ret);
		if (r)
			snprintf(why, sizeof(why), "cannot read %s/troth.db: %s", dir,
				 strerror(-r));
	}
	if (!r)
		return EXIT_DONE;
	return store_fail(who,
			  r == -ENOENT	? EXIT_USAGE :
			  r == -EUCLEAN ? corrupt :
					  EXIT_UNABLE,
			  "%s", why);
}
