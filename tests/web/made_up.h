/* SPDX-License-Identifier: Apache-2.0 */
/*
 * made_up.h - a `struct now` with numbers that tests know: service i (from 0) has (i + 1) times those of
 * the first. Shared by the driver and the unit tests.
 */
#ifndef TROTH_TESTS_MADE_UP_H
#define TROTH_TESTS_MADE_UP_H

#include "../../user/conf/openslo.h"
#include "../../user/report/now.h"

/* Exchanges of the first service. */
#define MADE_FAST	   900 /* ok, in 50 ms */
#define MADE_SLOW	   60  /* ok, in 300 ms */
#define MADE_CLIENT_ERRORS 25  /* in less than a microsecond */
#define MADE_SERVER_ERRORS 10  /* in 20 s */
#define MADE_NO_RESPONSE   5   /* in more than 64 s */
#define MADE_ABORTED	   7
#define MADE_BEFORE	   3 /* of the slow ones: answered from the histogram */

struct made_up {
	struct now now;
	struct slo_set *set;
	struct service_row row;
	uint64_t factor; /* of all counts; grows */
	char name[64];
	char *tricky; /* name of service 1; NULL: as the others */
	struct slo_entry entries[3];
	struct now_objective objectives[3];
	struct now_trouble troubles[1];
	struct now_receiver receivers[1];
};

int made_up_new(size_t services, struct made_up *ret);
void made_up_clear(struct made_up *m);

#endif
