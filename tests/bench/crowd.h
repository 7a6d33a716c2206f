/* SPDX-License-Identifier: Apache-2.0 */
/* crowd.h - many services that all talk, for the daemon to measure. Knows talk.h only. */
#ifndef TROTH_BENCH_CROWD_H
#define TROTH_BENCH_CROWD_H

/*
 * So many listening ports, a connection to each and one exchange on each of them; says "talking", then
 * goes on at rate exchanges a second over all (0: as fast as it goes), up to a line on stdin; says
 * the count. Besides, idle connections are open. Ends the process where something fails.
 */
void crowd(unsigned int ports, double rate, unsigned int idle);

#endif
