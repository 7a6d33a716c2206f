/* SPDX-License-Identifier: Apache-2.0 */
/*
 * periods.h - the stretch of time that a window covers at a moment (CONTRACT "Replay", 3 and 4).
 * Knows calendars. Must not know: counts.
 */
#ifndef TROTH_SLO_PERIODS_H
#define TROTH_SLO_PERIODS_H

#include <stdint.h>

#include "../conf/openslo.h"

/* Whole window, Unix seconds: [start, end). */
struct period {
	int64_t start, end;
};

/*
 * The rolling window that ends at at, or the calendar period with start < at <= end. Periods are the
 * window's start + k * span, k from 0, in local time, always counted from its start (31 January + 1M is 28
 * February, + 2M is 31 March); at <= start is the period before, k negative. h and m are absolute.
 */
struct period period_at(const struct time_window *w, int64_t at);

#endif
