// SPDX-License-Identifier: Apache-2.0
/*
 * service_text.c - one service for somebody in the middle of an incident.
 * Leaves layout to page, order to ranking, arithmetic to figures and the judge.
 */
#include "service_text.h"

#include <math.h>
#include <string.h>

#include "human.h"
#include "objective_text.h"

#define HANG	     14 /* where items begin, after the label of a line */
#define NAME_COLUMNS 56 /* so that role, protocol and traffic stay on the first line */

/* A part of an exchange as people would say it. */
struct share {
	const char *name;
	const char *meaning;
	double mean_s;
};

static unsigned int shares_of(const struct ranked *s, struct share ret[4])
{
	const struct figures *f = &s->figures;

	if (s->row->role == ROLE_CLIENT) {
		ret[0] = (struct share){ "first byte", "the peer's first byte", f->first_byte_s };
		ret[1] = (struct share){ "rest", "the rest of its answer", f->rest_s };
		return 2;
	}
	ret[0] = (struct share){ "queue", "the queue, waiting to be read", f->queue_s };
	ret[1] = (struct share){ "receive", "receiving the rest of the request", f->receive_s };
	ret[2] = (struct share){ "service", "the service itself", f->service_s };
	ret[3] = (struct share){ "send", "sending the answer", f->send_s };
	return 4;
}

static double shares_sum(const struct share *shares, unsigned int n)
{
	double sum_s = 0;

	for (unsigned int i = 0; i < n; i++)
		sum_s += shares[i].mean_s;
	return sum_s;
}

static void put_waiting(struct page *p, const struct ranked *s)
{
	const struct in_flight_row *waiting = &s->row->in_flight;

	if (waiting->count)
		page_item(p, INK_PLAIN, "%s waiting, the oldest %s", human_count(waiting->count).s,
			  human_seconds(waiting->oldest_ns / 1e9).s);
}

static void cause_failures(struct page *p, const struct ranked *s)
{
	const struct series_counts *c = &s->row->counts;
	const struct {
		uint64_t n;
		const char *what;
	} facts[] = {
		{ s->figures.outcomes[OUTCOME_SERVER_ERROR], "server_error" },
		{ s->figures.outcomes[OUTCOME_NO_RESPONSE], "no_response" },
		{ s->figures.outcomes[OUTCOME_ABORTED], "aborted" },
		{ c->refused, "connects refused" },
		{ c->connect_timeouts, "connects timed out" },
		{ c->accept_overflows, "dropped by a full accept queue" },
	};

	for (unsigned int i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (facts[i].n)
			page_item(p, INK_PLAIN, "%s %s", human_count(facts[i].n).s, facts[i].what);
	put_waiting(p, s);
}

/* Is it the waiting or the service? */
static void cause_time(struct page *p, const struct ranked *s)
{
	struct share shares[4];
	unsigned int n = shares_of(s, shares), largest = 0;
	double sum_s = shares_sum(shares, n);

	if (!(sum_s > 0))
		return;
	for (unsigned int i = 1; i < n; i++)
		if (shares[i].mean_s > shares[largest].mean_s)
			largest = i;
	page_item(p, INK_STRONG, "%s of the time is %s",
		  human_share(shares[largest].mean_s / sum_s).s, shares[largest].meaning);
	page_item(p, INK_PLAIN, "(mean %s of %s)", human_seconds(shares[largest].mean_s).s,
		  human_seconds(sum_s).s);
}

static void put_name(struct page *p, unsigned int indent, enum ink ink, const struct ranked *s,
		     unsigned int hang)
{
	page_line(p, indent, ink, "", hang);
	page_name(p, INK_STRONG, figures_name(s->row), NAME_COLUMNS);
	page_item(p, INK_PLAIN, "%s", figures_role(s->row->role));
}

void service_text_cause(struct page *p, const struct ranked *s)
{
	bool failing = false;

	put_name(p, 2, INK_PLAIN, s, 2);
	p->hang = 4;
	for (size_t i = 0; i < s->n_judgements; i++) {
		const struct judgement *j = s->judgements[i];
		double target = decimal_double(j->target);

		if (j->verdict != VERDICT_MISSED)
			continue;
		failing |= !j->timed;
		page_item(p, INK_BAD, "%s %s, target %s", j->name,
			  human_sli(j->good, j->total, target).s, human_target(target).s);
	}
	page_end(p);
	/* The reason for what is missed first: what failed, or where the time went. */
	page_line(p, 4, INK_PLAIN, "", 4);
	if (failing)
		cause_failures(p, s);
	cause_time(p, s);
	if (!failing)
		cause_failures(p, s);
	page_end(p);
}

static void put_header(struct page *p, const struct check_report *r, const struct ranked *s)
{
	const struct identity *id = &s->row->id;

	put_name(p, 0, INK_STRONG, s, 0);
	p->hang = HANG;
	page_item(p, INK_PLAIN, "%s", s->row->protocol ? s->row->protocol : "unknown");
	page_item(p, INK_PLAIN, "%s exchange%s", human_count(s->figures.total).s,
		  s->figures.total == 1 ? "" : "s");
	if (r->duration_s > 0)
		page_item(p, INK_PLAIN, "%s/s", human_amount(s->figures.total / r->duration_s).s);
	if (id->unit)
		page_item(p, INK_FAINT, "%s", id->unit);
	if (id->pid)
		page_item(p, INK_FAINT, "pid %u", id->pid);
	if (id->peer_address && !s->row->overflow)
		page_item(p, INK_FAINT, strchr(id->peer_address, ':') ? "to [%s]:%u" : "to %s:%u",
			  id->peer_address, id->peer_port);
	if (s->row->overflow)
		page_item(p, INK_FAINT, "counted, but there were more services than series");
	page_end(p);
}

static void put_outcomes(struct page *p, const struct ranked *s)
{
	uint64_t streamed = counts_streamed(&s->row->counts);

	page_line(p, 2, INK_FAINT, "outcomes", HANG);
	for (unsigned int o = 0; o < OUTCOMES; o++) {
		uint64_t n = s->figures.outcomes[o];

		page_item(p, n ? INK_PLAIN : INK_FAINT, "%s %s", human_count(n).s,
			  figures_outcome(o));
	}
	put_waiting(p, s);
	if (streamed)
		page_item(p, INK_PLAIN, "%s streamed", human_count(streamed).s);
	if (s->row->counts.coalesced)
		page_item(p, INK_PLAIN, "%s coalesced", human_count(s->row->counts.coalesced).s);
	page_end(p);
}

static void put_latency(struct page *p, const struct ranked *s)
{
	const struct figures *f = &s->figures;
	struct share shares[4];
	unsigned int n = shares_of(s, shares);
	double sum_s = shares_sum(shares, n);

	if (!f->timed)
		return;
	page_line(p, 2, INK_FAINT, "latency", HANG);
	page_item(p, INK_PLAIN, "p50 %s", human_seconds(f->p50_s).s);
	page_item(p, INK_PLAIN, "p99 %s", human_seconds(f->p99_s).s);
	page_item(p, INK_PLAIN, "max %s", human_seconds(f->max_s).s);
	page_item(p, INK_PLAIN, "mean %s", human_seconds(f->mean_s).s);
	if (isfinite(f->queue_p99_s))
		page_item(p, INK_PLAIN, "(queue alone: p99 %s)", human_seconds(f->queue_p99_s).s);
	page_end(p);
	if (!f->divided)
		return;
	page_line(p, 2, INK_FAINT, "mean split", HANG);
	for (unsigned int i = 0; i < n; i++)
		page_item(p, INK_PLAIN, "%s %s (%s)", shares[i].name,
			  human_seconds(shares[i].mean_s).s,
			  human_share(shares[i].mean_s / sum_s).s);
	page_end(p);
}

/* Only what is wrong: most services have nothing here. */
static void put_connections(struct page *p, const struct ranked *s)
{
	const struct series_counts *c = &s->row->counts;
	const struct {
		uint64_t n;
		const char *what;
	} facts[] = {
		{ c->refused, "refused" },
		{ c->connect_timeouts, "timed out" },
		{ c->accept_overflows, "dropped by a full accept queue" },
		{ c->reset_by_peer, "reset by the peer" },
		{ c->reset_by_us, "reset by us" },
		{ c->retransmits, "segments sent again" },
	};
	bool begun = false;

	for (unsigned int i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (!facts[i].n)
			continue;
		if (!begun)
			page_line(p, 2, INK_FAINT, "connections", HANG);
		begun = true;
		page_item(p, INK_PLAIN, "%s %s", human_count(facts[i].n).s, facts[i].what);
	}
	if (begun)
		page_end(p);
}

void service_text_block(struct page *p, const struct check_report *r, const struct ranked *s)
{
	const char *no_data = s->figures.outcomes[OUTCOME_UNKNOWN] ?
				      "the answers could not be understood" :
				      "no exchange counts for it";

	put_header(p, r, s);
	for (size_t i = 0; i < s->n_judgements; i++)
		objective_text_line(p, r, s->judgements[i], no_data);
	put_outcomes(p, s);
	put_latency(p, s);
	put_connections(p, s);
}
