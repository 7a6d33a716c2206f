// SPDX-License-Identifier: Apache-2.0
/*
 * status_text.c - first whether it measures and what is wrong, then what fires, then promises and
 * services, the worst first; long lists end in how many more there are. What a document does not have is
 * left out. Leaves laying out to page.
 */
#include "status_text.h"

#include <math.h>
#include <string.h>

#include "../base/moment.h"
#include "../base/zone.h"
#include "human.h"
#include "page.h"
#include "slo_words.h"

#define INDENT	       2
#define HANG	       13
#define ALERTS_SHOWN   5
#define SLOS_SHOWN     10
#define SERVICES_SHOWN 5
#define NAME_COLUMNS   34
#define SLI_PARTS      1e15

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

static uint64_t count_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static double number_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static bool moment_of(const json_t *o, const char *key, int64_t *ret)
{
	return *text_of(o, key) && !time_parse(text_of(o, key), ret);
}

static void heading(struct page *p, enum ink ink, const char *label)
{
	page_line(p, 0, ink, label, HANG);
}

static void put_head(struct page *p, const json_t *status)
{
	const json_t *host = json_object_get(status, "host");

	page_line(p, 0, INK_STRONG, "troth", HANG);
	page_item(p, INK_PLAIN, "%s on %s (Linux %s, %s backend)", text_of(status, "version"),
		  text_of(host, "name"), text_of(host, "kernel"), text_of(host, "backend"));
	page_end(p);
}

/* Two digits after the point, cut off: what is not all is never 100 %. */
static struct human coverage_words(double coverage)
{
	struct human ret;

	if (!isfinite(coverage))
		return (struct human){ "not known" };
	snprintf(ret.s, sizeof(ret.s), "%.4g %%", floor(coverage * 1e4 + 1e-7) / 100);
	return ret;
}

static void put_measuring(struct page *p, const json_t *status)
{
	const json_t *m = json_object_get(status, "measurement");
	bool ready = json_is_true(json_object_get(status, "ready"));
	double up_s = number_of(status, "up_s"), coverage = number_of(m, "coverage");
	int64_t began;

	heading(p, ready ? INK_GOOD : INK_BAD, ready ? "measuring" : "NOT READY");
	if (up_s >= 0)
		page_item(p, INK_PLAIN, "up %s",
			  words_length((uint64_t)fmin(up_s, 1e9) * NS_PER_SECOND).s);
	if (moment_of(status, "began", &began))
		page_item(p, INK_PLAIN, "record since %s", words_moment(began).s);
	page_item(p, coverage < COVERAGE_LOW ? INK_BAD : INK_PLAIN, "coverage %s",
		  coverage_words(coverage).s);
	page_item(p, INK_PLAIN, "%s exchanges", human_count(count_of(m, "exchanges")).s);
	if (count_of(m, "lost"))
		page_item(p, INK_BAD, "%s lost", human_count(count_of(m, "lost")).s);
	page_end(p);
}

static void put_troubles(struct page *p, const json_t *status)
{
	const json_t *reload = json_object_get(status, "reload"), *trouble;
	size_t i;

	json_array_foreach(json_object_get(status, "troubles"), i, trouble) {
		heading(p, INK_BAD, i ? "" : "TROUBLE");
		page_item(p, INK_STRONG, "%s:", text_of(trouble, "what"));
		page_words(p, INK_PLAIN, text_of(trouble, "line"));
		page_end(p);
	}
	if (!*text_of(reload, "error"))
		return;
	heading(p, INK_BAD, "RELOAD");
	page_words(p, INK_PLAIN,
		   "the last one was refused, the configuration before it is in force:");
	page_words(p, INK_PLAIN, text_of(reload, "error"));
	page_end(p);
}

static const char *full_name(const json_t *slo, char buf[256])
{
	const char *objective = text_of(slo, "objective");

	snprintf(buf, 256, "%s%s%s", text_of(slo, "name"), *objective ? "/" : "", objective);
	return buf;
}

static void put_alerts(struct page *p, const json_t *slos)
{
	const json_t *slo, *alert;
	char name[256];
	size_t i, k, n = 0;

	json_array_foreach(slos, i, slo) {
		json_array_foreach(json_object_get(slo, "alerts"), k, alert) {
			if (n++ >= ALERTS_SHOWN)
				continue;
			heading(p, INK_BAD, n == 1 ? "ALERTS" : "");
			page_name(p, INK_STRONG, full_name(slo, name), NAME_COLUMNS);
			page_end(p);
			page_line(p, 0, INK_PLAIN, "", HANG + INDENT);
			page_words(p, INK_PLAIN, text_of(alert, "text"));
			page_end(p);
		}
	}
	if (n > ALERTS_SHOWN) {
		heading(p, INK_PLAIN, "");
		page_item(p, INK_FAINT, "and %zu more", n - ALERTS_SHOWN);
		page_end(p);
	}
	if (n)
		return;
	heading(p, INK_PLAIN, "alerts");
	page_item(p, INK_PLAIN, "none fires");
	page_end(p);
}

/* As words_sli() has a ratio that is no quotient of counts. */
static struct human ratio_words(double ratio, double target)
{
	return ratio >= 0 && ratio <= 1 ? human_sli((uint64_t)floor(ratio * SLI_PARTS + 0.5),
						    (uint64_t)SLI_PARTS, target) :
					  (struct human){ "-" };
}

static void put_objective(struct page *p, const json_t *slo)
{
	const json_t *met = json_object_get(slo, "met");
	double target = number_of(slo, "target"), coverage = number_of(slo, "coverage");
	uint64_t good = count_of(slo, "good"), total = count_of(slo, "total");
	bool together = !strcmp(text_of(slo, "objective"), "*");
	char name[256];

	page_line(p, INDENT,
		  json_is_true(met)  ? INK_GOOD :
		  json_is_false(met) ? INK_BAD :
				       INK_FAINT,
		  json_is_true(met)  ? "kept" :
		  json_is_false(met) ? "MISSED" :
				       "no data",
		  HANG);
	page_name(p, INK_STRONG, full_name(slo, name), NAME_COLUMNS);
	/* Of several together, or of slices, good of total is not the ratio. */
	if (!json_is_null(met) && !together && total &&
	    fabs((double)good / (double)total - number_of(slo, "sli")) < 1e-9)
		page_item(p, INK_PLAIN, "%s of %s", human_sli(good, total, target).s,
			  human_target(target).s);
	else if (!json_is_null(met))
		page_item(p, INK_PLAIN, "%s of %s", ratio_words(number_of(slo, "sli"), target).s,
			  human_target(target).s);
	else
		page_item(p, INK_PLAIN, "target %s", human_target(target).s);
	if (!isnan(number_of(slo, "remaining_ratio")))
		page_item(p, json_is_false(met) ? INK_BAD : INK_PLAIN, "%s",
			  words_left(number_of(slo, "remaining_ratio")).s);
	if (coverage < COVERAGE_LOW)
		page_item(p, INK_BAD, "only %s measured", human_share_down(coverage).s);
	page_end(p);
}

static void put_objectives(struct page *p, const json_t *slos)
{
	size_t i, kept = 0, missed = 0, n = json_array_size(slos);
	const json_t *slo;

	json_array_foreach(slos, i, slo) {
		kept += json_is_true(json_object_get(slo, "met"));
		missed += json_is_false(json_object_get(slo, "met"));
	}
	heading(p, INK_STRONG, "objectives");
	if (!n)
		page_item(p, INK_PLAIN, "none: 'troth slo init' writes some to begin with");
	if (missed)
		page_item(p, INK_BAD, "%zu missed", missed);
	if (kept)
		page_item(p, INK_GOOD, "%zu kept", kept);
	if (n > missed + kept)
		page_item(p, INK_PLAIN, "%zu without data", n - missed - kept);
	page_end(p);
	json_array_foreach(slos, i, slo)
		if (i < SLOS_SHOWN)
			put_objective(p, slo);
	if (n <= SLOS_SHOWN)
		return;
	page_line(p, INDENT, INK_PLAIN, "", HANG);
	page_item(p, INK_FAINT, "and %zu with more left: --output json has all", n - SLOS_SHOWN);
	page_end(p);
}

static void put_services(struct page *p, const json_t *status)
{
	const json_t *service;
	size_t i;

	heading(p, INK_STRONG, "services");
	page_item(p, INK_PLAIN, "%s seen since the record began; most failures first",
		  human_count(count_of(status, "n_services")).s);
	page_end(p);
	json_array_foreach(json_object_get(status, "services"), i, service) {
		if (i >= SERVICES_SHOWN)
			break;
		page_line(p, INDENT, INK_FAINT, text_of(service, "role"), HANG);
		page_name(p, INK_STRONG, text_of(service, "name"), NAME_COLUMNS);
		page_item(p, INK_PLAIN, "%s requests", human_count(count_of(service, "total")).s);
		if (count_of(service, "bad"))
			page_item(p, INK_BAD, "%s failed", human_count(count_of(service, "bad")).s);
		page_item(p, INK_PLAIN, "p99 %s", human_seconds(number_of(service, "p99_s")).s);
		if (count_of(service, "in_flight"))
			page_item(p, INK_PLAIN, "%s waiting, the oldest for %s",
				  human_count(count_of(service, "in_flight")).s,
				  human_seconds(number_of(service, "oldest_s")).s);
		page_end(p);
	}
}

static void put_self(struct page *p, const json_t *status)
{
	const json_t *self = json_object_get(status, "self"), *r;
	size_t i;

	heading(p, INK_STRONG, "itself");
	page_item(p, INK_PLAIN, "%s of %s series", human_count(count_of(self, "series_used")).s,
		  human_count(count_of(self, "series_max")).s);
	page_item(p, INK_PLAIN, "%s MB resident",
		  human_amount((double)count_of(self, "resident_bytes") / 1e6).s);
	page_item(p, INK_PLAIN, "%s MB on disk",
		  human_amount((double)count_of(self, "store_bytes") / 1e6).s);
	page_item(p, count_of(self, "late_ticks") ? INK_BAD : INK_PLAIN, "%s of %s ticks late",
		  human_count(count_of(self, "late_ticks")).s,
		  human_count(count_of(self, "ticks")).s);
	page_end(p);
	json_array_foreach(json_object_get(status, "notifications"), i, r) {
		heading(p, INK_STRONG, i ? "" : "notified");
		page_name(p, INK_PLAIN, text_of(r, "name"), NAME_COLUMNS);
		page_item(p, INK_PLAIN, "%s sent", human_count(count_of(r, "sent")).s);
		if (count_of(r, "waiting"))
			page_item(p, INK_PLAIN, "%s on the way",
				  human_count(count_of(r, "waiting")).s);
		if (count_of(r, "dropped"))
			page_item(p, INK_BAD, "%s given up", human_count(count_of(r, "dropped")).s);
		page_end(p);
	}
}

int status_text(FILE *out, const json_t *status, bool colour)
{
	struct page p = { .out = out, .colour = colour };
	const json_t *slos = json_object_get(status, "slos");

	put_head(&p, status);
	put_measuring(&p, status);
	put_troubles(&p, status);
	put_alerts(&p, slos);
	put_objectives(&p, slos);
	put_services(&p, status);
	put_self(&p, status);
	return p.error;
}
