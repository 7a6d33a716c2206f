// SPDX-License-Identifier: Apache-2.0
/* store_export.c - `troth store export`: the record as text, or the counts of objectives alone. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "../store/promises.h"
#include "store.h"

#define WHO   "export"
#define WHOLE 1000000000u

struct export_values {
	const char *state_dir;
	bool counts;
};

static const struct option_row rows[] = {
	STORE_ROW_STATE_DIR(offsetof(struct export_values, state_dir)),
	{ .name = "counts",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct export_values, counts),
	  .help = "only the minutes of objectives, as CSV for 'troth slo replay --step 60s'" },
};

struct csv {
	struct store *s;
	const char *name;
	int64_t to; /* the minute that is not over is left out */
};

/* RFC 4180 */
static void print_name(const char *name)
{
	if (!strpbrk(name, ",\"\r\n")) {
		fputs(name, stdout);
		return;
	}
	putchar('"');
	for (; *name; name++) {
		if (*name == '"')
			putchar('"');
		putchar(*name);
	}
	putchar('"');
}

static int print_minute(void *context, const struct store_slo_minute *m)
{
	const struct csv *csv = context;

	errno = 0;
	printf("%lld,", (long long)m->time);
	print_name(csv->name);
	printf(",%llu,%llu,", (unsigned long long)m->good, (unsigned long long)m->total);
	if (m->measured % WHOLE)
		printf("0.%09u\n", m->measured);
	else
		puts(m->measured ? "1" : "0");
	return ferror(stdout) ? (errno ? -errno : -EIO) : 0;
}

static int print_objective(void *context, int64_t id, const char *name)
{
	struct csv *csv = context;

	csv->name = name;
	return store_slo_minute_each(csv->s, id, 0, csv->to, print_minute, csv);
}

static enum exit_code export_run(const void *values)
{
	const struct export_values *v = values;
	_cleanup_(store_closep) struct store *s = NULL;
	time_t now = time(NULL);
	struct csv csv = { .to = now - now % 60 };
	enum exit_code code = store_reader(WHO, v->state_dir, EXIT_UNABLE, &s);
	int r;

	if (code != EXIT_DONE)
		return code;
	csv.s = s;
	if (v->counts) {
		puts("time,slo,good,total,measured");
		r = store_objective_each(s, print_objective, &csv);
	} else {
		r = store_export(s, stdout);
	}
	if (ferror(stdout))
		return command_unwritable("troth store " WHO, r ? r : -EIO);
	if (r == -EUCLEAN)
		return store_fail(
			WHO, EXIT_UNABLE,
			"%s/troth.db is corrupt: the text ends where it could not be read",
			v->state_dir);
	return r ? store_fail(WHO, EXIT_UNABLE, "cannot read %s/troth.db: %s", v->state_dir,
			      strerror(-r)) :
		   EXIT_DONE;
}

const struct command command_store_export = {
	.options = {
		.command = "store export",
		.summary = "all of the record as text, one JSON object a line",
		.detail = "The text is of one moment, whatever the daemon writes meanwhile. Messages on "
			  "their way to somebody are left out.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct export_values),
	.run = export_run,
};
