/* SPDX-License-Identifier: Apache-2.0 */
/*
 * human.h - numbers as people read them. Returned by value: use .s within the expression.
 * Knows: numbers. Must not know: what they mean.
 */
#ifndef TROTH_REPORT_HUMAN_H
#define TROTH_REPORT_HUMAN_H

#include <stdint.h>

struct human {
	char s[48];
};

struct human human_count(uint64_t n);	 /* "12,345" */
struct human human_amount(double value); /* "0.46", "18.7", "1,653" */
struct human
human_sum(double value); /* the same; of fractions, a hair below a whole number: that */
struct human human_seconds(double s);	     /* "1.20 ms", three digits; "-" for NAN */
struct human human_duration(double s);	     /* as a limit is written: "500 ms", "1.5 s" */
struct human human_share(double ratio);	     /* "84 %"; "<1 %"; "-" for NAN */
struct human human_share_down(double ratio); /* cut off: what is not all is never "100 %" */
struct human human_target(double ratio);     /* "99.9 %" */
struct human human_window(uint32_t s);	     /* "5m", "1h", "3d": as Prometheus writes it */

/*
 * Cut off, not rounded, and with at least the digits of the target: what is below the target
 * never reads as if it had reached it.
 */
struct human human_sli(uint64_t good, uint64_t total, double target);

#endif
