// SPDX-License-Identifier: Apache-2.0
/* figures.c - the arithmetic that text and JSON share. Leaves units and words to them. */
#include "figures.h"

#include <math.h>
#include <stddef.h>

#include "../store/histogram.h"

/* Sums are nanoseconds of many exchanges: as doubles they cannot overflow when added. */
static double mean_s(double sum_ns, uint64_t count)
{
	return count ? sum_ns / 1e9 / (double)count : NAN;
}

static void durations(const struct series_counts *c, struct figures *f)
{
	double sum_ns =
		(double)c->queue_ns + c->receive_ns + c->service_ns + c->send_ns + c->undivided_ns;

	f->mean_s = mean_s(sum_ns, f->timed);
	f->max_s = f->timed ? c->max_ns / 1e9 : NAN;
	f->p50_s = histogram_percentile_s(c->duration, 500, c->max_ns / 1e9);
	f->p90_s = histogram_percentile_s(c->duration, 900, c->max_ns / 1e9);
	f->p99_s = histogram_percentile_s(c->duration, 990, c->max_ns / 1e9);
	f->p999_s = histogram_percentile_s(c->duration, 999, c->max_ns / 1e9);
}

static void server_parts(const struct series_counts *c, struct figures *f)
{
	f->first_byte_s = mean_s((double)c->queue_ns + c->receive_ns + c->service_ns, f->divided);
	f->queue_s = mean_s(c->queue_ns, f->divided);
	f->receive_s = mean_s(c->receive_ns, f->divided);
	f->service_s = mean_s(c->service_ns, f->divided);
	f->send_s = mean_s(c->send_ns, f->divided);
	/* No exchange waited longer than the longest one lasted. */
	f->queue_p50_s = histogram_percentile_s(c->queue, 500, c->max_ns / 1e9);
	f->queue_p99_s = histogram_percentile_s(c->queue, 990, c->max_ns / 1e9);
	f->rest_s = f->connect_s = f->connect_p99_s = NAN;
}

/* A client's sums: service is the time to the first byte, send is the rest (abi.h). */
static void client_parts(const struct series_counts *c, struct figures *f)
{
	f->first_byte_s = mean_s(c->service_ns, f->divided);
	f->rest_s = mean_s(c->send_ns, f->divided);
	f->queue_s = f->queue_p50_s = f->queue_p99_s = NAN;
	f->receive_s = f->service_s = f->send_s = NAN;
	f->connect_s = mean_s(c->connect_ns, c->connects);
	f->connect_p99_s = histogram_percentile_s(c->queue, 990, INFINITY);
}

void figures_of(const struct service_row *row, struct figures *ret)
{
	const struct series_counts *c = &row->counts;

	*ret = (struct figures){};
	for (unsigned int o = 0; o < OUTCOMES; o++) {
		ret->outcomes[o] = counts_outcome(c, o);
		ret->total += ret->outcomes[o];
	}
	ret->timed = ret->total - ret->outcomes[OUTCOME_ABORTED];
	ret->divided = ret->timed > c->undivided ? ret->timed - c->undivided : 0;
	durations(c, ret);
	if (row->role == ROLE_CLIENT)
		client_parts(c, ret);
	else
		server_parts(c, ret);
	ret->srtt_s = c->srtt_samples ? c->srtt_us / 1e6 / (double)c->srtt_samples : NAN;
}

bool figures_empty(const struct service_row *row)
{
	return row->overflow && !counts_total(&row->counts) && !row->in_flight.count &&
	       !row->counts.opened && !row->counts.closed;
}

uint64_t figures_failed(const struct series_counts *c)
{
	return counts_outcome(c, OUTCOME_SERVER_ERROR) + counts_outcome(c, OUTCOME_NO_RESPONSE);
}

const char *figures_name(const struct service_row *row)
{
	if (row->overflow)
		return "(unattributed)";
	return row->id.name ? row->id.name : "(unnamed)";
}

const char *figures_role(enum role role)
{
	return role == ROLE_CLIENT ? "client" : "server";
}

const char *figures_outcome(enum outcome outcome)
{
	static const char *const names[OUTCOMES] = {
		[OUTCOME_OK] = "ok",
		[OUTCOME_CLIENT_ERROR] = "client_error",
		[OUTCOME_SERVER_ERROR] = "server_error",
		[OUTCOME_NO_RESPONSE] = "no_response",
		[OUTCOME_ABORTED] = "aborted",
		[OUTCOME_UNKNOWN] = "unknown",
	};

	return names[outcome];
}

const char *figures_loss(const struct losses *l, unsigned int index, uint64_t *ret)
{
	static const struct {
		const char *name;
		size_t offset;
	} table[] = {
		{ "no_storage", offsetof(struct losses, no_storage) },
		{ "no_listener", offsetof(struct losses, no_listener) },
		{ "no_series_server", offsetof(struct losses, no_series[ROLE_SERVER]) },
		{ "no_series_client", offsetof(struct losses, no_series[ROLE_CLIENT]) },
		{ "endpoints_full", offsetof(struct losses, endpoints_full) },
		{ "unannounced", offsetof(struct losses, unannounced) },
		{ "merged", offsetof(struct losses, merged) },
		{ "no_registers", offsetof(struct losses, no_registers) },
		{ "unreadable", offsetof(struct losses, unreadable) },
		{ "bodiless_window", offsetof(struct losses, bodiless_window) },
		{ "caught_up", offsetof(struct losses, caught_up) },
		{ "contended", offsetof(struct losses, contended) },
		{ "undated", offsetof(struct losses, undated) },
		{ "unseen", offsetof(struct losses, unseen) },
		{ "unseen_mptcp", offsetof(struct losses, unseen_mptcp) },
		{ "unparsed_end", offsetof(struct losses, unparsed_end) },
		{ "unscanned", offsetof(struct losses, unscanned) },
	};

	_Static_assert(sizeof(table) / sizeof(table[0]) == sizeof(struct losses) / sizeof(__u64),
		       "a loss has no name");
	if (index >= sizeof(table) / sizeof(table[0]))
		return NULL;
	*ret = *(const __u64 *)((const char *)l + table[index].offset);
	return table[index].name;
}
