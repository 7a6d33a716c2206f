// SPDX-License-Identifier: Apache-2.0
/* store_import.c - `troth store import`: what export wrote, as a record. */
#include <errno.h>
#include <string.h>

#include "store.h"

#define WHO "import"

struct import_values {
	const char *state_dir;
	struct option_words file;
};

static const struct option_row rows[] = {
	STORE_ROW_STATE_DIR(offsetof(struct import_values, state_dir)),
	{ .name = "FILE",
	  .type = OPTION_WORDS,
	  .offset = offsetof(struct import_values, file),
	  .min = 1,
	  .max = 1,
	  .help = "what 'troth store export' wrote; - is stdin" },
};

static enum exit_code import_run(const void *values)
{
	const struct import_values *v = values;
	struct store_options o = { .dir = v->state_dir, .mode = STORE_WRITER };
	const char *file = v->file.word[0];
	bool standard = !strcmp(file, "-");
	_cleanup_(fclosep) FILE *owned = NULL;
	char why[1024] = "";
	int r;

	if (!standard) {
		owned = fopen(file, "re");
		if (!owned)
			return store_fail(WHO, EXIT_USAGE, "%s: %s", file, strerror(errno));
	}
	r = store_import(&o, standard ? stdin : owned, why, sizeof(why));
	if (r == -EINVAL)
		return store_fail(WHO, EXIT_USAGE, "%s: %s", standard ? "stdin" : file, why);
	if (r)
		return store_fail(WHO, r == -EEXIST ? EXIT_USAGE : EXIT_UNABLE, "%s", why);
	return EXIT_DONE;
}

const struct command command_store_import = {
	.options = {
		.command = "store import",
		.summary = "a record out of what export wrote",
		.detail = "The state directory must hold no record, or one in which nothing is, and no "
			  "daemon may use it. All of the text becomes the record, or nothing.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct import_values),
	.run = import_run,
};
