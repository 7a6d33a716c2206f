/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_source.h - what a report reads of the record, as a few functions, so that a test can be the
 * record. Each is the function of store.h or promises.h of nearly the same name.
 */
#ifndef TROTH_REPORT_REPORT_SOURCE_H
#define TROTH_REPORT_REPORT_SOURCE_H

#include "../store/promises.h"

struct report_source {
	void *context;
	int64_t began; /* beginning of record, Unix s; 0: nothing yet */
	/* -ENOENT: none. The caller frees. */
	int (*documents)(void *context, int64_t time, char **ret, size_t *ret_size);
	/* -ENOENT: nothing was ever counted by that name. */
	int (*objective)(void *context, const char *name, int64_t *ret);
	int (*hours)(void *context, int64_t objective, int64_t from, int64_t to,
		     int (*each)(void *each_context, const struct store_slo_hour *h),
		     void *each_context);
	int (*minutes)(void *context, int64_t objective, int64_t from, int64_t to,
		       int (*each)(void *each_context, const struct store_slo_minute *m),
		       void *each_context);
	int (*events)(void *context, int64_t from, int64_t to,
		      int (*each)(void *each_context, const struct store_event *e),
		      void *each_context);
	int (*services)(void *context,
			int (*each)(void *each_context, const struct store_service *s),
			void *each_context);
	int (*sums)(void *context, int64_t from, int64_t to,
		    int (*each)(void *each_context, int64_t service, const struct series_counts *c),
		    void *each_context);
	int (*history)(void *context, int64_t service, int64_t from, int64_t to, uint32_t length_s,
		       int (*each)(void *each_context, int64_t time, const struct series_counts *c),
		       void *each_context);
	int (*measured)(void *context, int64_t from, int64_t to, struct store_measured *ret);
	/* NULL: no other documents were ever in force. */
	int (*documents_each)(void *context, int64_t from, int64_t to,
			      int (*each)(void *each_context, int64_t time, const char *yaml,
					  size_t size),
			      void *each_context);
};

/* s is borrowed. */
void report_source_of(struct store *s, struct report_source *ret);

#endif
