// SPDX-License-Identifier: Apache-2.0
/*
 * guest.c - plays every case under `troth check` and compares exact counts. As loading troth takes
 * an emulated CPU seconds, one check measures all cases, told apart by their ports; another one those
 * that have to begin before it.
 *
 *   guest [--troth PATH] [--must BACKEND,...] [--cases NAME,...] [BACKEND...]
 *
 * A backend that does not start here is skipped with its reason, unless it must work. Prints a line
 * a case, "ok CASE BACKEND", "FAILED CASE BACKEND: why", "skipped CASE BACKEND: why", once all of
 * a check have been played, and last "end" with the numbers. What no case can be named for is a case
 * "losses". Exits 1 where a case failed.
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

#define FIRST_PORT 20001
#define CASES_MAX  64 /* of one check */

/* The cases of one check. */
struct group {
	const char *name, *backend;
	struct scene *scenes; /* shared with the processes that play them */
	unsigned int n;
};

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
		printf("ok %s %s\n", name, backend);
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

/* The processes of those that begin first, until each is where troth is to find it. */
static void prepare(struct group *g)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->scenes[i].played->before && !scene_begin(&g->scenes[i]))
			scene_prepare(&g->scenes[i]);
}

static void play(struct group *g)
{
	for (unsigned int i = 0; i < g->n; i++) {
		struct scene *s = &g->scenes[i];

		printf("playing %s %s at %.1f s\n", s->played->name, g->backend, since_boot_s());
		if (!*s->trouble && (s->played->before || (!scene_begin(s) && !scene_prepare(s))))
			scene_play(s);
	}
}

static void compare(struct group *g, struct measurement *m)
{
	_cleanup_(freep) char *losses = measure_losses_text(m);
	char why[WHY_MAX];

	for (unsigned int i = 0; i < g->n; i++) {
		struct scene *s = &g->scenes[i];
		int r = measure_compare(m, s, why);

		report(s->played->name, g->backend, *s->trouble ? s->trouble : r ? why : NULL);
	}
	report(g->name, g->backend, measure_compare_losses(m, why) ? why : NULL);
	printf("note %s %s: missed_probe_runs %lld, may yet have been unknown %lld, losses %s\n",
	       g->name, g->backend, measure_missed_runs(m), m->unknown_left, losses ? losses : "?");
}

/* A backend that cannot measure here is skipped, unless it must; with what the verifier said last. */
static void explain_start(struct group *g, const struct measurement *m, const char *why)
{
	char *argv[] = { "troth",  "check", "-d",	 "1ms",
			 "--port", "1",	    "--backend", (char *)g->backend,
			 NULL };
	_cleanup_(freep) char *log = NULL;

	if (m->code == TROTH_UNABLE && !listed(must, g->backend)) {
		printf("skipped %s %s: %s\n", g->name, g->backend, why);
		skipped += g->n + 1;
		return;
	}
	report(g->name, g->backend, why);
	setenv("TROTH_LIBBPF_DEBUG", "1", 1);
	troth_run(argv, &log);
	unsetenv("TROTH_LIBBPF_DEBUG");
	note_tail(log ? log : "", 12);
}

static void measure(struct group *g)
{
	struct measurement m = { .out = -1, .err = -1 };
	uint16_t ports[CASES_MAX];
	char why[WHY_MAX] = "";

	for (unsigned int i = 0; i < g->n; i++)
		ports[i] = g->scenes[i].port;
	prepare(g);
	if (measure_start(&m, g->backend, ports, g->n, why)) {
		explain_start(g, &m, why);
	} else {
		play(g);
		if (measure_stop(&m, why))
			report(g->name, g->backend, why);
		else
			compare(g, &m);
	}
	measure_clear(&m);
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

/* Adds the cases that are wanted, of those that begin before troth or of the others. */
static void collect(struct group *g, bool before)
{
	static uint16_t port = FIRST_PORT; /* one that no earlier case used */

	for (size_t t = 0; case_tables[t]; t++)
		for (const struct vm_case *c = case_tables[t]; c->name; c++)
			if (!c->before != before && (!wanted || listed(wanted, c->name)) &&
			    g->n < CASES_MAX)
				scene_init(&g->scenes[g->n++], c, port++);
}

static void every_case(const char *backend)
{
	static const char *const names[] = { "losses", "losses-older" };
	const size_t size = CASES_MAX * sizeof(struct scene);
	void *shared;

	for (int before = 0; before < 2; before++) {
		struct group g = { .name = names[before], .backend = backend };

		shared =
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED) {
			report("memory", backend, "mmap");
			return;
		}
		g.scenes = shared;
		collect(&g, before);
		if (g.n)
			measure(&g);
		for (unsigned int i = 0; i < g.n; i++)
			scene_end(&g.scenes[i]);
		munmap(shared, size);
	}
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
		every_case(*backends);
	printf("end %u passed, %u failed, %u skipped, %.0f s after boot\n", passed, failed, skipped,
	       since_boot_s());
	return failed > 0;
}
