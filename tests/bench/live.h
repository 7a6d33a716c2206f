/* SPDX-License-Identifier: Apache-2.0 */
/* live.h - what objectives live cost. Knows the engine only. */
#ifndef TROTH_BENCH_LIVE_H
#define TROTH_BENCH_LIVE_H

/*
 * 1,000 services, all of which moved, for 200 objectives of 28 days: each time a line "live", ns of
 * counting, of all results, of a minute's end; at the end "live_bytes". Ends the process where something
 * fails.
 */
void live(unsigned int ticks);

#endif
