/* SPDX-License-Identifier: Apache-2.0 */
/* daemon_read.h - what the readers of troth.yaml share. Inside of daemon.c's family only. */
#ifndef TROTH_CONF_DAEMON_READ_H
#define TROTH_CONF_DAEMON_READ_H

#include "daemon_table.h"
#include "yaml.h"

#define DAEMON_KEYS_MAX (DAEMON_ROWS_MAX + 4) /* of one mapping: options and sections */

struct daemon_reading {
	struct arena *arena;
	struct problems *problems;
	struct daemon_conf *conf;
	bool directories; /* nothing else */
	struct place
		place[DAEMON_ROWS_MAX]; /* by row: where its value stands; file NULL: a default */
};

void *daemon_row_field(const struct daemon_row *row, struct daemon_conf *conf);
bool daemon_row_wanted(const struct daemon_reading *r, const struct daemon_row *row);

/* A mapping, the whole document. What is wrong is said. */
void daemon_document_read(struct daemon_reading *r, const struct yaml_node *root);

/*
 * The value of one option. called is its whole name. 0, -EINVAL: said.
 */
int daemon_value_read(const struct option_row *o, const char *called, const char *example,
		      const struct yaml_node *value, void *field, struct problems *problems);

/* "'x' is unknown here; did you mean 'y'?" of a key. */
void daemon_unknown(const char *where, const struct yaml_node *key, const char *const *known,
		    size_t n, struct problems *problems);

/* `notify:`, not null. What is wrong is said; receivers without fault are in conf. */
void daemon_receivers_read(const struct yaml_node *list, struct problems *problems,
			   struct daemon_conf *conf);

#endif
