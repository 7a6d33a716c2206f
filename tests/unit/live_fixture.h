/* SPDX-License-Identifier: Apache-2.0 */
/* live_fixture.h - for test_live*.c: objectives as text, a live of them, and what it told. */
#ifndef TROTH_TESTS_LIVE_FIXTURE_H
#define TROTH_TESTS_LIVE_FIXTURE_H

#include <errno.h>
#include <stdio.h>

#include "../../user/slo/live.h"

#define SLO_HEAD(name, window, method)                                                             \
	"---\napiVersion: openslo/v1\nkind: SLO\nmetadata: {name: " name                           \
	"}\nspec:\n  service: shop\n  timeWindow: [" window "]\n  budgetingMethod: " method "\n"
#define ROLLING(days) "{duration: " days ", isRolling: true}"
#define SOURCE(spec)  "{metricSource: {type: troth, spec: {" spec "}}}"
#define RATIO(good, total)                                                                         \
	"  indicator:\n    metadata: {name: i}\n    spec:\n      ratioMetric:\n        counter: "  \
	"true\n        good: " good "\n        total: " total "\n"
#define PORT(port) "select: {port: " #port "}"
#define AVAILABILITY(name, target, window, port)                                                   \
	SLO_HEAD(name, ROLLING(window), "Occurrences")                                             \
	RATIO(SOURCE(PORT(port)), SOURCE(PORT(port))) "  objectives: [{target: " target "}]\n"
#define LATENCY(name, target, window, port, part, max)                                             \
	SLO_HEAD(name, ROLLING(window), "Occurrences")                                             \
	RATIO(SOURCE(PORT(port) ", latency: {part: " part ", max: " max "}"), SOURCE(PORT(port)))  \
	"  objectives: [{target: " target "}]\n"
#define SLICES(name, target, window, port, slice)                                                  \
	SLO_HEAD(name, window, "Timeslices")                                                       \
	RATIO(SOURCE(PORT(port)), SOURCE(PORT(port)))                                              \
	"  objectives: [{target: " target ", timeSliceTarget: 0.9, timeSliceWindow: " slice "}]\n"
#define RATIO_SLICES(name, target, window, port, slice)                                            \
	SLO_HEAD(name, window, "RatioTimeslices")                                                  \
	RATIO(SOURCE(PORT(port)), SOURCE(PORT(port)))                                              \
	"  objectives: [{target: " target ", timeSliceWindow: " slice "}]\n"
#define PROMETHEUS(name)                                                                           \
	SLO_HEAD(name, ROLLING("28d"), "Occurrences")                                              \
	RATIO("{metricSource: {type: prometheus, spec: {query: x}}}",                              \
	      "{metricSource: {type: prometheus, spec: {query: y}}}")                              \
	"  objectives: [{target: 0.9}]\n"

struct told_minute {
	size_t objective;
	struct live_minute m;
};

struct told_hour {
	size_t objective;
	struct live_hour h;
};

struct told_alert {
	int64_t time;
	const char *name;
	const char *severity;
	uint32_t long_s, short_s;
	bool firing;
};

struct world {
	struct slo_set *set;
	struct threshold limits[THRESHOLDS];
	unsigned int n_limits, patience;
	uint64_t idle_end_ns;
	struct live *live;
	struct told_minute *minutes;
	size_t n_minutes;
	struct told_hour *hours;
	size_t n_hours;
	struct told_alert *alerts;
	size_t n_alerts;
};

static inline void *grown(void *list, size_t n, size_t size)
{
	if (n & (n - 1) && n)
		return list;
	list = realloc(list, (n ? 2 * n : 1) * size);
	assert_non_null(list);
	return list;
}

static inline int note_minute(void *context, size_t objective, const struct live_minute *m)
{
	struct world *w = context;

	/* As the record does it: put replaces. */
	for (size_t i = w->n_minutes; i-- > 0 && w->minutes[i].m.time >= m->time - 86400;)
		if (w->minutes[i].objective == objective && w->minutes[i].m.time == m->time) {
			w->minutes[i].m = *m;
			return 0;
		}
	w->minutes = grown(w->minutes, w->n_minutes, sizeof(*w->minutes));
	w->minutes[w->n_minutes++] = (struct told_minute){ objective, *m };
	return 0;
}

static inline void note_hour(void *context, size_t objective, const struct live_hour *h)
{
	struct world *w = context;

	w->hours = grown(w->hours, w->n_hours, sizeof(*w->hours));
	w->hours[w->n_hours++] = (struct told_hour){ objective, *h };
}

static inline void note_alert(void *context, const struct slo *slo, const struct objective *o,
			      const struct alert_change *change)
{
	struct world *w = context;

	(void)slo;
	w->alerts = grown(w->alerts, w->n_alerts, sizeof(*w->alerts));
	w->alerts[w->n_alerts++] = (struct told_alert){
		change->time,	       o->counts_name,	       change->alert->severity,
		change->alert->long_s, change->alert->short_s, change->firing
	};
}

static inline void world_limits(struct world *w, int64_t now)
{
	struct problems problems = {};

	assert_int_equal(0, live_limits(w->set, now, &problems, w->limits, &w->n_limits,
					&w->idle_end_ns));
	for (unsigned int i = 0; i < w->n_limits; i++)
		if (w->limits[i].part == PART_DURATION && w->limits[i].max_ns == 10000000000ull)
			w->patience = i;
	assert_int_equal(0, problems.errors);
	problems_clear(&problems);
}

static inline void world_read(struct world *w, const char *yaml, int64_t now)
{
	struct problems problems = {};

	assert_int_equal(0, slo_set_read_bytes("slo.yaml", yaml, strlen(yaml), now, &problems,
					       &w->set));
	for (size_t i = 0; i < problems.n; i++)
		if (problems.item[i].level == PROBLEM_ERROR)
			fail_msg("%u: %s", problems.item[i].place.line, problems.item[i].message);
	assert_int_equal(0, problems.errors);
	problems_clear(&problems);
	world_limits(w, now);
}

static inline void world_start(struct world *w, int64_t now)
{
	struct live_options o = { .set = w->set,
				  .now = now,
				  .limits = w->limits,
				  .n_limits = w->n_limits,
				  .context = w,
				  .changed = note_alert,
				  .hour_ended = note_hour };
	char why[512];

	if (live_new(&o, &w->live, why, sizeof(why)))
		fail_msg("%s", why);
}

/* Starts at a moment; the world must not be moved, as it is the context of what is told. */
#define world_of(yaml, now)                                                                        \
	{};                                                                                        \
	world_read(&w, yaml, now);                                                                 \
	world_start(&w, now)

static inline void world_clear(struct world *w)
{
	live_free(w->live);
	slo_set_free(w->set);
	free(w->minutes);
	free(w->hours);
	free(w->alerts);
	*w = (struct world){};
}

static inline struct service_row http(uint16_t port)
{
	return (struct service_row){ .role = ROLE_SERVER,
				     .protocol = "http",
				     .id = { .name = (char *)"web", .port = port } };
}

/* One tick of these services. */
static inline void tick(struct world *w, const struct service_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(0, live_count(w->live, &rows[i], true));
	live_tick_end(w->live);
}

static inline void minute_end(struct world *w, int64_t start)
{
	assert_int_equal(0, live_minute_end(w->live, start, MEASURED_ONE, note_minute, w));
}

static inline int64_t firing_since(const struct world *w, const char *name, uint32_t long_s,
				   uint32_t short_s)
{
	for (size_t i = w->n_alerts; i-- > 0;) {
		const struct told_alert *a = &w->alerts[i];

		if (a->long_s == long_s && a->short_s == short_s && !strcmp(a->name, name))
			return a->firing ? a->time : 0;
	}
	return 0;
}

static inline void restore_alerts(struct world *w, size_t objective)
{
	for (size_t i = 0; i < w->n_alerts; i++) {
		const struct told_alert *a = &w->alerts[i];
		int64_t since = firing_since(w, a->name, a->long_s, a->short_s);

		if (since && !strcmp(a->name, live_name(w->live, objective)))
			assert_int_equal(0, live_restore_alert(w->live, objective, a->long_s,
							       a->short_s, since));
	}
}

/* Another live with all that was told, as a daemon that starts anew has it from its record. */
static inline void world_restore(struct world *w, int64_t now)
{
	struct live *old = w->live;

	world_start(w, now);
	for (size_t o = 0; o < live_n(w->live); o++) {
		struct live_minute open;
		int64_t hours, minutes, end = now;

		for (size_t i = 0; i < w->n_minutes; i++)
			if (w->minutes[i].objective == o)
				end = w->minutes[i].m.time + LIVE_STEP_S;
		live_restore_from(w->live, o, end, &hours, &minutes);
		for (size_t i = 0; i < w->n_hours; i++)
			if (w->hours[i].objective == o && w->hours[i].h.time >= hours &&
			    w->hours[i].h.time < minutes)
				assert_int_equal(0, live_restore_hour(w->live, o, &w->hours[i].h));
		for (size_t i = 0; i < w->n_minutes; i++)
			if (w->minutes[i].objective == o && w->minutes[i].m.time >= minutes)
				assert_int_equal(0,
						 live_restore_minute(w->live, o, &w->minutes[i].m));
		live_open(old, o, &open);
		if (!live_reason(old, o))
			assert_int_equal(0, live_restore_open(w->live, o, &open));
		if (open.counts.total)
			note_minute(w, o, &open); /* it is put at each tick */
		restore_alerts(w, o);
	}
	live_free(old);
}

#endif
