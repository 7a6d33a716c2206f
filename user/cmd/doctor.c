// SPDX-License-Identifier: Apache-2.0
/* doctor.c - `troth doctor`: the needs of collect/features.h as a table or troth.doctor/1. */
#include <errno.h>

#include "../base/cleanup.h"
#include "../base/stdio.h"
#include "../base/wrap.h"
#include "../collect/features.h"
#include "../report/json.h"
#include "command.h"

#define WIDTH	      98
#define DETAIL_COLUMN 43

enum { OUTPUT_TEXT, OUTPUT_JSON };

static const char *const outputs[] = { "text", "json", NULL };

struct doctor_values {
	unsigned int output;
};

static const struct option_row rows[] = {
	{ .name = "output",
	  .type = OPTION_ENUM,
	  .offset = offsetof(struct doctor_values, output),
	  .words = outputs,
	  .initial = "text",
	  .help = "a table, or one troth.doctor/1 document" },
};

static const char *const states[] = {
	[FEATURE_OK] = "ok",
	[FEATURE_DEGRADED] = "degraded",
	[FEATURE_MISSING] = "missing",
};

static json_t *feature_json(const struct feature *f)
{
	return json_pack("{s:s, s:s, s:s, s:s?}", "name", f->name, "state", states[f->state],
			 "detail", f->detail, "remedy", f->remedy);
}

static int print_json(const struct features *f)
{
	json_t *checks = json_array(), *document;

	for (size_t i = 0; i < f->n; i++)
		if (json_array_append_new(checks, feature_json(&f->rows[i]))) {
			json_decref(checks);
			return -ENOMEM;
		}
	document = json_pack("{s:s, s:s?, s:o}", "schema", "troth.doctor/1", "backend", f->backend,
			     "checks", checks);
	return json_print(stdout, document);
}

static void print_text(const struct features *f)
{
	bool colour = stdio_fancy(stdout);
	static const char *const colours[] = {
		[FEATURE_OK] = "\033[32m",
		[FEATURE_DEGRADED] = "\033[33m",
		[FEATURE_MISSING] = "\033[31m",
	};

	for (size_t i = 0; i < f->n; i++) {
		const struct feature *row = &f->rows[i];

		printf("%s%-9s%s %-*s", colour ? colours[row->state] : "", states[row->state],
		       colour ? "\033[0m" : "", DETAIL_COLUMN - 10, row->name);
		wrap_print(stdout, row->detail, DETAIL_COLUMN, WIDTH - DETAIL_COLUMN);
		if (!row->remedy)
			continue;
		printf("%*s", DETAIL_COLUMN, "-> ");
		wrap_print(stdout, row->remedy, DETAIL_COLUMN, WIDTH - DETAIL_COLUMN);
	}
}

static enum exit_code doctor_run(const void *values)
{
	const struct doctor_values *v = values;
	struct features f;
	char why[256];
	int r = features_probe(&f, why, sizeof(why));

	if (r) {
		fprintf(stderr, "troth doctor: %s\n", why);
		return EXIT_USAGE;
	}
	if (v->output == OUTPUT_JSON)
		r = print_json(&f);
	else
		print_text(&f);
	if (r)
		return command_unwritable("troth doctor", r);
	return f.backend ? EXIT_DONE : EXIT_UNABLE;
}

const struct command command_doctor = {
	.options = {
		.command = "doctor",
		.summary = "say what this kernel and these privileges allow",
		.detail = "Exit code 0: 'troth check' works here, 3: something indispensable is "
			  "missing.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct doctor_values),
	.measures = true,
	.run = doctor_run,
};
