// SPDX-License-Identifier: Apache-2.0
/* store_check.c - `troth store check`: whether the record is sound. */
#include <errno.h>
#include <string.h>

#include "../base/zone.h"
#include "../report/json.h"
#include "store.h"

#define WHO    "check"
#define SCHEMA "troth.store/1"

enum { OUTPUT_TEXT, OUTPUT_JSON };
static const char *const outputs[] = { "text", "json", NULL };

struct check_values {
	const char *state_dir;
	unsigned int output;
};

static const struct option_row rows[] = {
	STORE_ROW_STATE_DIR(offsetof(struct check_values, state_dir)),
	{ .name = "output",
	  .type = OPTION_ENUM,
	  .offset = offsetof(struct check_values, output),
	  .words = outputs,
	  .initial = "text",
	  .help = "lines, or one " SCHEMA " document" },
};

struct faults {
	json_t *list; /* of text; NULL: no memory */
	unsigned int n;
	bool print;
};

static void fault(void *context, const char *line)
{
	struct faults *f = context;

	f->n++;
	if (f->print)
		printf("%s\n", line);
	else
		f->list = json_add(f->list, json_text(line));
}

static void print_text(const struct store_size *s, const struct faults *f)
{
	char began[TIME_TEXT] = "nothing yet", minutes[TIME_TEXT];

	if (s->began)
		time_format(s->began, began);
	time_format(s->minutes_from > s->began ? s->minutes_from : s->began, minutes);
	printf("record:     since %s%s%s\n", began, s->began ? ", minutes since " : "",
	       s->began ? minutes : "");
	printf("holds:      %llu services, %llu rows by minute, %llu by hour; %llu objectives, "
	       "%llu minutes of them; %llu events\n",
	       (unsigned long long)s->services, (unsigned long long)s->minutes,
	       (unsigned long long)s->hours, (unsigned long long)s->objectives,
	       (unsigned long long)s->objective_minutes, (unsigned long long)s->events);
	printf("on disk:    %.1f MB, of which %.1f MB are free for new rows\n",
	       (double)s->bytes / 1e6, (double)s->free_bytes / 1e6);
	printf("sound:      %s\n", f->n ? "no" : "yes");
}

static int print_json(const char *dir, const struct store_size *s, struct faults *f)
{
	json_t *j = json_with(json_object(), "schema", json_string(SCHEMA));

	j = json_with(j, "state_dir", json_text(dir));
	j = json_with(j, "sound", json_boolean(!f->n));
	j = json_with(j, "faults", f->list);
	f->list = NULL;
	j = json_with(j, "began", json_moment_or_null(s->began));
	j = json_with(j, "minutes_from", json_moment_or_null(s->minutes_from));
	j = json_with(j, "hours_from", json_moment_or_null(s->hours_from));
	j = json_with(j, "services", json_count(s->services));
	j = json_with(j, "checkpoints", json_count(s->checkpoints));
	j = json_with(j, "minutes", json_count(s->minutes));
	j = json_with(j, "hours", json_count(s->hours));
	j = json_with(j, "objectives", json_count(s->objectives));
	j = json_with(j, "objective_minutes", json_count(s->objective_minutes));
	j = json_with(j, "events", json_count(s->events));
	j = json_with(j, "bytes", json_count(s->bytes));
	j = json_with(j, "free_bytes", json_count(s->free_bytes));
	return json_print(stdout, j);
}

static enum exit_code check_run(const void *values)
{
	const struct check_values *v = values;
	_cleanup_(store_closep) struct store *s = NULL;
	struct faults f = { .list = json_array(), .print = v->output == OUTPUT_TEXT };
	struct store_size size;
	enum exit_code code = store_reader(WHO, v->state_dir, EXIT_MISSED, &s);
	int r;

	if (code == EXIT_DONE) {
		r = store_verify(s, fault, &f);
		if (!r)
			r = store_size(s, &size);
		if (r == -EUCLEAN)
			code = store_fail(
				WHO, EXIT_MISSED,
				"%s/troth.db is corrupt, and not all of it can be read; 'troth "
				"store export' saves what can be",
				v->state_dir);
		else if (r)
			code = store_fail(WHO, EXIT_UNABLE, "cannot read %s/troth.db: %s",
					  v->state_dir, strerror(-r));
	}
	if (code == EXIT_DONE) {
		if (f.print)
			print_text(&size, &f);
		else if (print_json(v->state_dir, &size, &f) == -ENOMEM)
			code = store_fail(WHO, EXIT_UNABLE, "out of memory");
		if (f.n)
			code = EXIT_MISSED;
	}
	json_decref(f.list);
	return code;
}

const struct command command_store_check = {
	.options = {
		.command = "store check",
		.summary = "whether the record is sound",
		.detail = "Checked: SQLite's own integrity; that all counts can be read and belong to a "
			  "service; that hours are the sums of their minutes, totals of their hours, as "
			  "far back as these are kept; that no minute was measured for longer than it "
			  "lasts; that counts of objectives belong to one and make sense. Exits 0 if "
			  "all of it holds, 1 if not, 2 without a record, 3 where it cannot be read.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct check_values),
	.run = check_run,
};
