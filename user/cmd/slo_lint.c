// SPDX-License-Identifier: Apache-2.0
/* slo_lint.c - `troth slo lint`: every problem of OpenSLO files, as lines or as troth.lint/1. */
#include "slo_lint.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "../base/stdio.h"
#include "../report/json.h"
#include "../report/problems_said.h"
#include "slo_files.h"

#define WHO "lint"

static const char *const levels[] = { [PROBLEM_WARNING] = "warning", [PROBLEM_ERROR] = "error" };

struct lint_values {
	struct option_words files;
	unsigned int output;
};

static const struct option_row rows[] = {
	SLO_ROW_FILES(offsetof(struct lint_values, files)),
	SLO_ROW_OUTPUT(offsetof(struct lint_values, output),
		       "a line for each problem, or one troth.lint/1 document"),
};

/* Problems are sorted by file: *at moves over those of this one. */
static json_t *problems_json(const struct problems *problems, const char *file, size_t *at)
{
	json_t *list = json_array();

	for (; *at < problems->n && problems->item[*at].place.file == file; ++*at) {
		const struct problem *p = &problems->item[*at];
		json_t *o = json_with(json_object(), "line", json_count(p->place.line));

		o = json_with(o, "column", json_count(p->place.column));
		o = json_with(o, "level", json_string(levels[p->level]));
		list = json_add(list, json_with(o, "message", json_text(p->message)));
	}
	return list;
}

static bool was_read(const struct slo_set *set, const char *file)
{
	for (size_t i = 0; i < set->n_files; i++)
		if (!strcmp(set->files[i], file))
			return true;
	return false;
}

/* A directory is listed only where something is wrong with it. */
static json_t *files_json(const struct slo_set *set, const struct problems *problems)
{
	json_t *files = json_array();
	size_t at = 0;

	for (size_t i = 0; i < problems->n_files; i++) {
		const struct problems_file *f = &problems->file[i];
		size_t before = at;
		json_t *list = problems_json(problems, f->name, &at), *o;

		if (at == before && !was_read(set, f->name)) {
			json_decref(list);
			continue;
		}
		o = json_with(json_object(), "file", json_text(f->name));
		o = json_with(o, "verdict", json_string(f->errors ? "invalid" : "valid"));
		files = json_add(files, json_with(o, "problems", list));
	}
	return files;
}

static int print(const struct slo_set *set, const struct problems *problems, unsigned int output)
{
	json_t *root;

	if (output == SLO_OUTPUT_JSON) {
		root = json_with(json_object(), "schema", json_string("troth.lint/1"));
		return json_print(stdout, json_with(root, "files", files_json(set, problems)));
	}
	for (size_t i = 0; i < problems->n; i++)
		problem_say(stdout, &problems->item[i]);
	return stdio_finish(stdout);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void say_sum(const struct slo_set *set, const struct problems *p)
{
	fprintf(stderr,
		"troth slo " WHO
		": %zu file%s, %zu SLO%s without errors; %zu error%s, %zu warning%s",
		set->n_files, plural(set->n_files), set->n_slos, plural(set->n_slos), p->errors,
		plural(p->errors), p->warnings, plural(p->warnings));
	if (p->errors + p->warnings > p->n)
		fprintf(stderr, ", the first %zu shown", p->n);
	fputc('\n', stderr);
}

static enum exit_code lint_run(const void *values)
{
	_cleanup_(problems_clearp) struct problems problems = {};
	_cleanup_(slo_set_freep) struct slo_set *set = NULL;
	const struct lint_values *v = values;
	int r = slo_set_read(v->files.word, v->files.n, (int64_t)time(NULL), &problems, &set);

	if (r)
		return slo_fail(WHO, EXIT_UNABLE, "cannot read the files: %s", strerror(-r));
	problems_sort(&problems);
	r = print(set, &problems, v->output);
	if (r == -ENOMEM)
		return slo_fail(WHO, EXIT_UNABLE, "out of memory");
	if (r)
		return command_unwritable("troth slo " WHO, r);
	say_sum(set, &problems);
	return problems.errors ? EXIT_USAGE : EXIT_DONE;
}

const struct command command_slo_lint = {
	.options = {
		.command = "slo lint",
		.summary = "say what is wrong with files of objectives, and where",
		.detail = "Exit code 2: there is an error, 0: there is none; warnings do not count.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct lint_values),
	.run = lint_run,
};
