/* SPDX-License-Identifier: Apache-2.0 */
/* tick.h - what evaluating objectives costs. Knows the engine only. */
#ifndef TROTH_BENCH_TICK_H
#define TROTH_BENCH_TICK_H

/*
 * 1,000 objectives over 28 days with some history: one more step for each and every result, each tick
 * a line "tick ns allocations". Ends the process where something fails.
 */
void tick(unsigned int ticks);

#endif
