// SPDX-License-Identifier: Apache-2.0
/*
 * live_play.c - feeds objectives live with what standard input says, for test_live_oracle.py:
 *
 *   live_play NOW MINUTES.csv FILE... < SCRIPT > ANSWER.json
 *
 *   q PORT OK ERRORS     exchanges of the service at PORT, until the next t
 *   w PORT N             so many wait for longer than patience, at the next t alone
 *   t                    a tick
 *   m START MEASURED     the minute is over, measured for so many 1e-9 of it
 *   u TIME               nothing was measured until then
 *   x NOW                stop and start again, with what was told alone
 *   r NOW MEASURED       the answer, as troth slo replay has it; minutes to the file, the open one too
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/report/slo.h"
#include "../unit/live_fixture.h"

#define SERVICES 64

static struct service_row rows[SERVICES];
static unsigned int n_rows;

static struct service_row *row_of(const char *port)
{
	uint16_t number = (uint16_t)strtoul(port, NULL, 10);
	char name[32];

	for (unsigned int i = 0; i < n_rows; i++)
		if (rows[i].id.port == number)
			return &rows[i];
	if (n_rows == SERVICES)
		exit(2);
	rows[n_rows] = http(number);
	snprintf(name, sizeof(name), "service:%u", number);
	rows[n_rows].id.name = strdup(name);
	return &rows[n_rows++];
}

static void one_tick(struct world *w)
{
	tick(w, rows, n_rows);
	for (unsigned int i = 0; i < n_rows; i++) {
		rows[i].counts = (struct series_counts){};
		rows[i].in_flight = (struct in_flight_row){};
	}
}

static void write_minutes(struct world *w, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		exit(2);
	fputs("time,slo,good,total,measured\n", out);
	for (size_t i = 0; i < w->n_minutes; i++) {
		const struct live_minute *m = &w->minutes[i].m;

		fprintf(out, "%lld,%s,%llu,%llu,%u.%09u\n", (long long)m->time,
			live_name(w->live, w->minutes[i].objective),
			(unsigned long long)m->counts.good, (unsigned long long)m->counts.total,
			m->counts.measured / MEASURED_ONE, m->counts.measured % MEASURED_ONE);
	}
	fclose(out);
}

/* What the open minute would be if it ended now. */
static void note_open(struct world *w, int64_t now, uint32_t measured)
{
	for (size_t o = 0; o < live_n(w->live); o++) {
		struct live_minute m;

		live_open(w->live, o, &m);
		m.counts.measured = measured;
		if (m.time < now)
			note_minute(w, o, &m);
	}
}

static int earlier(const void *a, const void *b)
{
	const struct slo_event *x = a, *y = b;

	return (x->time > y->time) - (x->time < y->time);
}

static void answer(struct world *w, int64_t now, uint32_t measured, const char *path)
{
	size_t n = live_n_results(w->live);
	struct slo_entry *entries = calloc(n + 1, sizeof(*entries));
	struct slo_event *events = calloc(w->n_alerts + 1, sizeof(*events));
	struct slo_report report = {
		.at = now, .entries = entries, .n = n, .events = events, .n_events = w->n_alerts
	};

	for (size_t i = 0; i < n; i++) {
		live_result(w->live, i, now, measured, &entries[i].result);
		entries[i].slo = live_slo(w->live, i);
		entries[i].objective = live_objective(w->live, i);
	}
	for (size_t i = 0; i < w->n_alerts; i++) {
		const struct told_alert *a = &w->alerts[i];

		events[i] = (struct slo_event){ .time = a->time,
						.name = a->name,
						.firing = a->firing,
						.alert = { .severity = a->severity,
							   .long_s = a->long_s,
							   .short_s = a->short_s } };
	}
	qsort(events, w->n_alerts, sizeof(*events), earlier); /* each objective has its own order */
	note_open(w, now, measured);
	write_minutes(w, path);
	if (slo_report_json(stdout, &report))
		exit(2);
	free(entries);
	free(events);
}

static int play(struct world *w, const char *path)
{
	char line[256], what, one[64], two[64], three[64];

	while (fgets(line, sizeof(line), stdin)) {
		int n = sscanf(line, "%c %63s %63s %63s", &what, one, two, three);

		if (what == 'q' && n == 4) {
			row_of(one)->counts.exchanges[MASKS - 1][OUTCOME_OK] +=
				strtoull(two, NULL, 10);
			row_of(one)->counts.exchanges[MASKS - 1][OUTCOME_SERVER_ERROR] +=
				strtoull(three, NULL, 10);
		} else if (what == 'w' && n == 3) {
			row_of(one)->in_flight.count = strtoull(two, NULL, 10);
			row_of(one)->in_flight.older[w->patience] = strtoull(two, NULL, 10);
		} else if (what == 't') {
			one_tick(w);
		} else if (what == 'm' && n == 3) {
			assert_int_equal(0, live_minute_end(w->live, strtoll(one, NULL, 10),
							    (uint32_t)strtoul(two, NULL, 10),
							    note_minute, w));
		} else if (what == 'u' && n == 2) {
			assert_int_equal(0, live_unmeasured(w->live, strtoll(one, NULL, 10)));
		} else if (what == 'x' && n == 2) {
			world_restore(w, strtoll(one, NULL, 10));
		} else if (what == 'r' && n == 3) {
			answer(w, strtoll(one, NULL, 10), (uint32_t)strtoul(two, NULL, 10), path);
		} else {
			fprintf(stderr, "live_play: %s", line);
			return 2;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct problems problems = {};
	struct world w = {};
	int code;

	if (argc < 4 ||
	    slo_set_read((const char *const *)argv + 3, (size_t)argc - 3,
			 strtoll(argv[1], NULL, 10), &problems, &w.set) ||
	    problems.errors)
		return 2;
	problems_clear(&problems);
	world_limits(&w, strtoll(argv[1], NULL, 10));
	world_start(&w, strtoll(argv[1], NULL, 10));
	code = play(&w, argv[2]);
	world_clear(&w);
	for (unsigned int i = 0; i < n_rows; i++)
		free(rows[i].id.name);
	return code;
}
