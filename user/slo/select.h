/* SPDX-License-Identifier: Apache-2.0 */
/*
 * select.h - is a service meant by the select of a metric? Pure.
 * Knows: one row, what was written. Must not know: files, counts.
 */
#ifndef TROTH_SLO_SELECT_H
#define TROTH_SLO_SELECT_H

#include <stdbool.h>

#include "../conf/openslo.h"
#include "../store/rows.h"

/* Keys that nothing is known of yet: a select with one of them matches no row. */
#define SELECT_UNKNOWN ((1u << SELECT_NAMESPACE) | (1u << SELECT_WORKLOAD) | (1u << SELECT_ROUTE))

/*
 * Every key that is given must fit (select[key] NULL: not given), but for those in without (bits
 * 1 << key). What is in the overflow row is nobody's.
 *
 * port: a server's own, a client's peer's. unit: with or without ".service". container: its id, or the
 * first 12 digits or more. comm: the first 15 bytes, as the kernel keeps them. exe: the path, or its last
 * part. cgroup: it, or one above. peer: of a client; address, address:port, [v6]:port.
 */
bool select_matches(const char *const *select, const struct service_row *row, unsigned int without);

/*
 * What the row has for a key, as one would write it; NULL: nothing. buf is used where the row has no
 * such text.
 */
#define SELECT_TEXT 80
const char *select_value(const struct service_row *row, enum selector_key key,
			 char buf[SELECT_TEXT]);

#endif
