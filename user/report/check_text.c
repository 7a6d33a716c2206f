// SPDX-License-Identifier: Apache-2.0
/*
 * check_text.c - a diagnosis for people. The first lines answer: is a promise broken, where, and
 * is it the waiting or the service. Leaves each service's paragraph to service_text.
 */
#include <errno.h>
#include <math.h>

#include "check.h"
#include "human.h"
#include "objective_text.h"
#include "page.h"
#include "service_text.h"

#define CAUSES	     3 /* services that the top of the page explains; all follow below */
#define HANG	     14
#define LOW_COVERAGE 0.9 /* below it every result says so */

static struct human coverage_words(double coverage)
{
	/* Cut off like an SLI: what lost one exchange of a million is not 100 %. */
	return human_sli((uint64_t)floor(coverage * 1e9), 1000000000, 0.99999);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void put_verdict(struct page *p, const struct ranking *k)
{
	size_t judged = k->n_met + k->n_missed;

	page_line(p, 0, INK_PLAIN, "", 0);
	if (!k->n_services)
		page_item(p, INK_STRONG, "no data: no service was seen");
	else if (!judged)
		page_item(p, INK_STRONG, "no data: no exchange reached an objective");
	else if (k->n_missed)
		page_item(p, INK_BAD, "MISSED: %zu of %zu objective%s, at %zu of %zu service%s",
			  k->n_missed, judged, plural(judged), k->n_missed_services, k->n_services,
			  plural(k->n_services));
	else
		page_item(p, INK_GOOD, "met: %s %zu objective%s that had traffic",
			  judged == 1 ? "the" : "all", judged, plural(judged));
	if (judged && k->n_no_data)
		page_item(p, INK_FAINT, "(%zu more objective%s without data)", k->n_no_data,
			  plural(k->n_no_data));
}

static void put_headline(struct page *p, const struct check_report *r, const struct ranking *k)
{
	double coverage = r->sample->measurement.coverage;

	put_verdict(p, k);
	if (coverage < LOW_COVERAGE)
		page_item(p, INK_BAD, "only %s was measured", coverage_words(coverage).s);
	page_end(p);
	for (size_t i = 0; i < k->n_missed_services && i < CAUSES; i++)
		service_text_cause(p, &k->services[i]);
	if (k->n_missed_services > CAUSES) {
		page_line(p, 2, INK_PLAIN, "", 2);
		page_item(p, INK_PLAIN, "and %zu more, below", k->n_missed_services - CAUSES);
		page_end(p);
	}
	page_end(p);
}

static void put_services(struct page *p, const struct check_report *r, const struct ranking *k)
{
	bool idle = false;

	for (size_t i = 0; i < k->n_services; i++) {
		if (k->services[i].idle)
			continue;
		service_text_block(p, r, &k->services[i]);
		page_end(p);
	}
	for (size_t i = 0; i < k->n_services; i++) {
		if (!k->services[i].idle)
			continue;
		if (!idle)
			page_line(p, 0, INK_FAINT, "no traffic", HANG);
		idle = true;
		page_item(p, INK_FAINT, "%s (%s)", figures_name(k->services[i].row),
			  figures_role(k->services[i].row->role));
	}
	if (!idle)
		return;
	page_end(p);
	page_end(p);
}

static void put_counter(struct page *p, uint64_t n, const char *what)
{
	page_item(p, n ? INK_STRONG : INK_FAINT, "%s %s", human_count(n).s, what);
}

static void put_losses(struct page *p, const struct losses *l)
{
	const char *name;
	bool begun = false;
	uint64_t n;

	for (unsigned int i = 0; (name = figures_loss(l, i, &n)); i++) {
		if (!n)
			continue;
		if (!begun)
			page_line(p, 0, INK_FAINT, "by counter", HANG);
		begun = true;
		page_item(p, INK_PLAIN, "%s %s", name, human_count(n).s);
	}
	if (begun)
		page_end(p);
}

static void put_measurement(struct page *p, const struct check_report *r)
{
	const struct measurement_row *m = &r->sample->measurement;
	char date[32] = "";
	struct tm utc;

	if (gmtime_r(&r->started.tv_sec, &utc))
		strftime(date, sizeof(date), "%F %T UTC", &utc);
	page_line(p, 0, INK_FAINT, "measured", HANG);
	page_item(p, INK_PLAIN, "%s from %s", human_seconds(r->duration_s).s, date);
	page_item(p, INK_PLAIN, "on %s", r->host ? r->host : "this host");
	if (r->kernel)
		page_item(p, INK_PLAIN, "kernel %s", r->kernel);
	if (m->backend)
		page_item(p, INK_PLAIN, "%s backend", m->backend);
	page_end(p);
	page_line(p, 0, INK_FAINT, "coverage", HANG);
	page_item(p, m->coverage < LOW_COVERAGE ? INK_BAD : INK_PLAIN, "%s",
		  coverage_words(m->coverage).s);
	page_item(p, INK_PLAIN, "%s exchange%s", human_count(m->exchanges).s, plural(m->exchanges));
	put_counter(p, m->lost, "lost");
	put_counter(p, m->unattributed, "unattributed");
	put_counter(p, m->unreadable_payloads, "unreadable");
	put_counter(p, m->missed_probe_runs, "probe runs missed");
	page_end(p);
	put_losses(p, &m->losses);
}

static void put_not_seen(struct page *p, const char *const *lines)
{
	for (; lines && *lines; lines++) {
		page_line(p, 0, INK_FAINT, "not seen", HANG);
		page_words(p, INK_PLAIN, *lines);
		page_end(p);
	}
}

int check_report_text(FILE *out, const struct check_report *r, bool colour)
{
	_cleanup_(ranking_freep) struct ranking *k = NULL;
	struct page page = { .out = out, .colour = colour };
	int err = ranking_new(r, &k);

	if (err)
		return err;
	put_headline(&page, r, k);
	if (r->from_files)
		objective_text_section(&page, r);
	put_services(&page, r, k);
	put_measurement(&page, r);
	put_not_seen(&page, r->not_seen);
	errno = 0;
	if (!page.error && fflush(out))
		page.error = errno ? -errno : -EIO;
	return page.error;
}
