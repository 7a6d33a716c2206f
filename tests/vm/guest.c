// SPDX-License-Identifier: Apache-2.0
/*
 * guest.c - plays every case under `troth check` and compares exact counts.
 *
 *   guest [--troth PATH] [--must BACKEND,...] [--cases NAME,...] [BACKEND...]
 *
 * A backend that does not start here is skipped with its reason, unless it must work. Prints a line
 * a case, "ok CASE BACKEND", "FAILED CASE BACKEND: why", "skipped CASE BACKEND: why", and last
 * "end" with the numbers. Exits 1 where a case failed.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "cases.h"
#include "measure.h"
#include "user/base/cleanup.h"

static unsigned int passed, failed, skipped;
static const char *must = "", *wanted;

/* Is the word one of a list with commas? */
static bool listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at++)
		if ((at == list || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

static double since_boot_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report(const char *name, const char *backend, const char *why)
{
	if (why)
		printf("FAILED %s %s: %s\n", name, backend, why);
	else
		printf("ok %s %s (at %.1f s)\n", name, backend, since_boot_s());
	*(why ? &failed : &passed) += 1;
}

/* Lines of ours that are neither: for whoever reads the log. */
static void note_tail(const char *text, int lines)
{
	const char *at = text + strlen(text);

	while (at > text && lines >= 0)
		if (*--at == '\n')
			lines--;
	while (*at) {
		size_t len = strcspn(at, "\n");

		if (len)
			printf("note %.*s\n", (int)len, at);
		at += len + (at[len] == '\n');
	}
}

static int play(struct scene *s, struct measurement *m, const char *backend, char *why)
{
	if (scene_prepare(s) || measure_start(m, backend, s->port, why))
		return -1;
	if (scene_play(s))
		return -1;
	return measure_stop(m, why) || measure_compare(m, s, why) ? -1 : 0;
}

static void run(struct scene *s, const struct vm_case *c, const char *backend)
{
	struct measurement m = { .out = -1, .err = -1 };
	char why[WHY_MAX] = "";
	int r = scene_begin(s, c);

	if (!r)
		r = play(s, &m, backend, why);
	if (!r && measure_missed_runs(&m))
		printf("note %s %s: missed_probe_runs %lld\n", c->name, backend,
		       measure_missed_runs(&m));
	scene_end(s);
	measure_clear(&m);
	report(c->name, backend, r ? *s->trouble ? s->trouble : why : NULL);
	fflush(stdout);
}

/* Does it start at all? Else its reason, and what the verifier said last. */
static bool starts(const char *backend)
{
	char *argv[] = { "troth",     "check",	       "-d", "1ms", "--port", "1",
			 "--backend", (char *)backend, NULL };
	_cleanup_(freep) char *said = NULL, *log = NULL;
	int code = troth_run(argv, &said);

	if (code != TROTH_UNABLE && code >= 0 && code <= TROTH_NO_TRAFFIC) {
		report("start", backend, NULL);
		return true;
	}
	if (said)
		said[strcspn(said, "\n")] = 0;
	if (listed(must, backend)) {
		report("start", backend, said ? said : "no word");
		setenv("TROTH_LIBBPF_DEBUG", "1", 1);
		troth_run(argv, &log);
		unsetenv("TROTH_LIBBPF_DEBUG");
		note_tail(log ? log : "", 12);
	} else {
		printf("skipped all %s: %s\n", backend, said ? said : "no word");
		skipped++;
	}
	return false;
}

/* What doctor promises is what check does: 0 if check would work, else 3 and a row that says why. */
static void doctor(void)
{
	char *check[] = { "troth", "check", "-d", "1ms", "--port", "1", NULL };
	char *ask[] = { "troth", "doctor", "--output", "json", NULL };
	_cleanup_(freep) char *said = NULL, *check_said = NULL;
	bool works = troth_run(check, &check_said) != TROTH_UNABLE;
	int code = troth_run(ask, &said), missing = 0;
	char why[WHY_MAX];
	json_t *document = json_loads(said ? said : "", 0, NULL), *row;
	size_t i;

	json_array_foreach(json_object_get(document, "checks"), i, row) {
		const char *state = json_string_value(json_object_get(row, "state"));

		if (!state || !strcmp(state, "ok"))
			continue;
		missing += !strcmp(state, "missing");
		printf("note doctor: %s %s: %s\n", state,
		       json_string_value(json_object_get(row, "name")),
		       json_string_value(json_object_get(row, "detail")));
	}
	json_decref(document);
	snprintf(why, sizeof(why), "exit code %d with %d rows missing, and check %s", code, missing,
		 works ? "works" : "does not");
	report("doctor", "auto",
	       code == (works ? 0 : TROTH_UNABLE) && works == !missing ? NULL : why);
}

static void every_case(const char *backend)
{
	struct scene *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED) {
		report("memory", backend, "mmap");
		return;
	}
	for (size_t t = 0; case_tables[t]; t++)
		for (const struct vm_case *c = case_tables[t]; c->name; c++)
			if (!wanted || listed(wanted, c->name))
				run(s, c, backend);
	munmap(s, sizeof(*s));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "troth", 1, NULL, 't' }, { "must", 1, NULL, 'm' }, { "cases", 1, NULL, 'c' }, {}
	};
	char *both[] = { "socket", "syscall", NULL };
	char **backends;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (o == 't')
			troth_path = optarg;
		else if (o == 'm')
			must = optarg;
		else if (o == 'c')
			wanted = optarg;
		else
			return 2;
	backends = optind < argc ? argv + optind : both;
	setvbuf(stdout, NULL, _IOLBF, 0);
	doctor();
	for (; *backends; backends++)
		if (starts(*backends))
			every_case(*backends);
	printf("end %u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed > 0;
}
