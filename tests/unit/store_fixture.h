/* SPDX-License-Identifier: Apache-2.0 */
/* store_fixture.h - a record in a directory of its own, and numbers that look like traffic. */
#ifndef TROTH_TEST_STORE_FIXTURE_H
#define TROTH_TEST_STORE_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "../../user/store/codec.h"
#include "../../user/store/promises.h"

#define T0 1767225600 /* 2026-01-01 00:00 UTC */

struct fixture {
	char dir[128];
	char db[160];
};

static inline int fixture_make(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/troth-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->db, sizeof(f->db), "%s/troth.db", f->dir);
	*state = f;
	return 0;
}

static inline int fixture_remove(void **state)
{
	struct fixture *f = *state;
	char command[192];
	int r;

	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	r = system(command);
	free(f);
	return r;
}

#define STORE_TEST(t) cmocka_unit_test_setup_teardown(t, fixture_make, fixture_remove)

static inline struct store *open_with(const struct store_options *o, int expected)
{
	struct store *s = NULL;
	char why[512];
	int r = store_open(o, &s, why, sizeof(why));

	if (r != expected)
		print_error("store_open: %d, %s\n", r, why);
	assert_int_equal(r, expected);
	if (r)
		assert_true(*why && !strchr(why, '\n'));
	return s;
}

static inline struct store *open_writer(const struct fixture *f)
{
	return open_with(&(struct store_options){ .dir = f->dir, .mode = STORE_WRITER }, 0);
}

static inline struct store *open_reader(const struct fixture *f)
{
	return open_with(&(struct store_options){ .dir = f->dir, .mode = STORE_READER }, 0);
}

static inline int64_t add_service(struct store *s, const char *name, enum role role, int64_t seen)
{
	struct store_service svc = { .role = role,
				     .protocol = "http",
				     .id_row = { .name = (char *)name,
						 .port = 8080,
						 .pid = 42,
						 .comm = (char *)"nginx" },
				     .first_seen = seen,
				     .last_seen = seen };

	assert_int_equal(store_service_put(s, &svc), 0);
	assert_true(svc.id > 0);
	return svc.id;
}

/* Behind the record's back. */
static inline void sql(const struct fixture *f, const char *statement)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The same numbers each time. */
static inline uint64_t dice(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* So many exchanges, of one second of a service whose latency spreads over some buckets. */
static inline void some_counts(uint64_t *seed, unsigned int exchanges, struct series_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (unsigned int i = 0; i < exchanges; i++) {
		unsigned int at = 60 + dice(seed) % 12 + dice(seed) % 12;
		uint64_t ns = 1000000 + dice(seed) % 1000000;

		ret->exchanges[at < 75 ? 3 : 1][dice(seed) % 50 ? 0 : dice(seed) % OUTCOMES]++;
		ret->duration[at]++;
		ret->queue[20 + dice(seed) % 10]++;
		ret->service_ns += ns;
		ret->queue_ns += ns / 100;
		ret->bytes_in += 200;
		ret->bytes_out += 1000 + dice(seed) % 1000;
		if (ns > ret->max_ns)
			ret->max_ns = ns;
	}
}

static inline void one_count(struct store *s, int64_t service, int64_t minute, uint64_t n)
{
	struct series_counts c = {};

	c.exchanges[0][OUTCOME_OK] = n;
	assert_int_equal(store_count(s, service, minute, minute, &c), 0);
}

static inline uint64_t total_ok(struct store *s, int64_t service)
{
	struct series_counts c;

	assert_int_equal(store_total(s, service, &c), 0);
	return counts_outcome(&c, OUTCOME_OK);
}

#endif
