// SPDX-License-Identifier: Apache-2.0
/* report_source.c - the record itself as a source. */
#include "report_source.h"

#include <errno.h>

static int documents(void *context, int64_t time, char **ret, size_t *ret_size)
{
	return store_documents_at(context, time, ret, ret_size);
}

static int objective(void *context, const char *name, int64_t *ret)
{
	return store_objective_id(context, name, ret);
}

static int hours(void *context, int64_t id, int64_t from, int64_t to,
		 int (*each)(void *each_context, const struct store_slo_hour *h),
		 void *each_context)
{
	return store_slo_hour_each(context, id, from, to, each, each_context);
}

static int minutes(void *context, int64_t id, int64_t from, int64_t to,
		   int (*each)(void *each_context, const struct store_slo_minute *m),
		   void *each_context)
{
	return store_slo_minute_each(context, id, from, to, each, each_context);
}

static int events(void *context, int64_t from, int64_t to,
		  int (*each)(void *each_context, const struct store_event *e), void *each_context)
{
	return store_event_each(context, from, to, each, each_context);
}

static int services(void *context, int (*each)(void *each_context, const struct store_service *s),
		    void *each_context)
{
	return store_service_each(context, each, each_context);
}

static int sums(void *context, int64_t from, int64_t to,
		int (*each)(void *each_context, int64_t service, const struct series_counts *c),
		void *each_context)
{
	return store_sums_each(context, from, to, each, each_context);
}

static int history(void *context, int64_t service, int64_t from, int64_t to, uint32_t length_s,
		   int (*each)(void *each_context, int64_t time, const struct series_counts *c),
		   void *each_context)
{
	return store_history_each(context, service, from, to, length_s, each, each_context);
}

static int measured(void *context, int64_t from, int64_t to, struct store_measured *ret)
{
	return store_measured(context, from, to, ret);
}

static int documents_each(void *context, int64_t from, int64_t to,
			  int (*each)(void *each_context, int64_t time, const char *yaml,
				      size_t size),
			  void *each_context)
{
	return store_documents_each(context, from, to, each, each_context);
}

void report_source_of(struct store *s, struct report_source *ret)
{
	*ret = (struct report_source){
		.context = s,
		.began = store_began(s),
		.documents = documents,
		.objective = objective,
		.hours = hours,
		.minutes = minutes,
		.events = events,
		.services = services,
		.sums = sums,
		.history = history,
		.measured = measured,
		.documents_each = documents_each,
	};
}
