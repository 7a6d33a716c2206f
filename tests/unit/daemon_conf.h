/* SPDX-License-Identifier: Apache-2.0 */
/* daemon_conf.h - text read as the daemon's configuration, and what is expected of that. */
#ifndef TROTH_TESTS_UNIT_DAEMON_CONF_H
#define TROTH_TESTS_UNIT_DAEMON_CONF_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/conf/daemon.h"

static struct problems problems;
static struct daemon_conf conf;
static struct daemon_conf_file *owner;

static inline int forget(void **state)
{
	(void)state;
	problems_clear(&problems);
	daemon_conf_free(owner);
	owner = NULL;
	return 0;
}

static inline int read_with(const char *text, const struct daemon_flags *flags)
{
	forget(NULL);
	return daemon_conf_read_bytes("t.yaml", text, strlen(text), flags, &problems, &conf,
				      &owner);
}

static inline void accepted(const char *text)
{
	int r = read_with(text, NULL);

	if (problems.n)
		fail_msg("%s\n%u:%u: %s", text, problems.item[0].place.line,
			 problems.item[0].place.column, problems.item[0].message);
	assert_int_equal(0, r);
}

/* One error, there, with part in its line. */
static inline void refused(const char *text, unsigned int line, unsigned int column,
			   const char *part)
{
	const struct problem *p;

	assert_int_equal(-EINVAL, read_with(text, NULL));
	assert_null(owner);
	assert_true(problems.n > 0);
	p = &problems.item[0];
	if (problems.n != 1 || p->level != PROBLEM_ERROR || !strstr(p->message, part) ||
	    strchr(p->message, '\n') || p->place.line != line || p->place.column != column)
		fail_msg("%s\n%zu problems; %u:%u: %s", text, problems.n, p->place.line,
			 p->place.column, p->message);
}

#endif
