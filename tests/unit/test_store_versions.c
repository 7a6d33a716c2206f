// SPDX-License-Identifier: Apache-2.0
/* Records of other versions: older ones are brought forward, newer ones and others' are left alone. */
#include "store_fixture.h"

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

static void a_newer_record_is_refused_and_stays_as_it_is(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	off_t before;

	store_close(s);
	sql(f, "PRAGMA user_version = 4; CREATE TABLE later (x); INSERT INTO later VALUES (1)");
	before = size_of(f->db);
	open_with(&(struct store_options){ .dir = f->dir, .afresh = true }, -EPROTO);
	open_with(&(struct store_options){ .dir = f->dir, .mode = STORE_READER }, -EPROTO);
	assert_int_equal(size_of(f->db), before);
	sql(f, "SELECT x FROM later");
}

static void another_programs_database_is_refused(void **state)
{
	const struct fixture *f = *state;

	sql(f, "CREATE TABLE theirs (x)");
	open_with(&(struct store_options){ .dir = f->dir, .afresh = true }, -EPROTO);
	open_with(&(struct store_options){ .dir = f->dir, .mode = STORE_READER }, -EPROTO);
	sql(f, "SELECT x FROM theirs");
}

static void from_nothing_comes_the_newest_version(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	sqlite3_stmt *q;
	sqlite3 *db;

	store_close(s);
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT u.user_version, a.application_id,"
					    " j.journal_mode, v.auto_vacuum FROM"
					    " pragma_user_version u, pragma_application_id a,"
					    " pragma_journal_mode j, pragma_auto_vacuum v",
					    -1, &q, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(q, 0), 3);
	assert_int_equal(sqlite3_column_int(q, 1), 0x74726f74);
	assert_string_equal(sqlite3_column_text(q, 2), "wal");
	assert_int_equal(sqlite3_column_int(q, 3), 2);
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static int note_limit(void *context, int64_t service, unsigned int index, int64_t base)
{
	int64_t *seen = context;

	seen[0] = service;
	seen[1] = index;
	seen[2] = base;
	return 0;
}

/* As the release before had it: without limits. What was in it stays. */
static void version_1_becomes_version_2(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	int64_t id, objective, next, seen[3] = {};
	struct series_counts total;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "old:80", ROLE_SERVER, T0);
	one_count(s, id, T0, 7);
	assert_int_equal(store_objective_id(s, "first", &next), 0);
	assert_int_equal(store_objective_id(s, "old", &objective), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	sql(f,
	    "DROP TABLE untold; DROP TABLE limits; CREATE TABLE o AS SELECT * FROM slo_objectives;"
	    "DROP TABLE slo_objectives; CREATE TABLE slo_objectives (id INTEGER PRIMARY KEY,"
	    "  name TEXT NOT NULL UNIQUE); INSERT INTO slo_objectives SELECT * FROM o;"
	    "DROP TABLE o; PRAGMA user_version = 1");
	s = open_writer(f);
	assert_int_equal(store_objective_id(s, "old", &next), 0);
	assert_int_equal(next, objective);
	/* Its number is not another's, though it was the highest. */
	sql(f, "DELETE FROM slo_objectives WHERE name = 'old'");
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_objective_id(s, "new", &next), 0);
	assert_int_equal(next, objective + 1);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_total(s, id, &total), 0);
	assert_int_equal(counts_total(&total), 7);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_limit_put(s, id, 2, -5), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_limits_each(s, note_limit, seen), 0);
	assert_int_equal(seen[0], id);
	assert_int_equal(seen[1], 2);
	assert_int_equal(seen[2], -5);
	store_close(s);
}

static int note_untold(void *context, const struct store_untold *u)
{
	struct store_untold *seen = context;

	*seen = *u;
	return 0;
}

/* As the release before had it: objectives were told in memory. */
static void version_2_becomes_version_3(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	struct store_untold put = { .since_ns = 5, .until_ns = 9, .lost = 3, .n_thresholds = 1 },
			    seen;
	struct series_counts total;
	int64_t id;

	put.thresholds[0].max_ns = 300;
	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "old:80", ROLE_SERVER, T0);
	one_count(s, id, T0, 7);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	sql(f, "DROP TABLE untold; PRAGMA user_version = 2");
	s = open_writer(f);
	assert_int_equal(store_total(s, id, &total), 0);
	assert_int_equal(counts_total(&total), 7);
	assert_int_equal(store_untold_first(s, &seen), -ENOENT);
	assert_int_equal(store_untold_put(s, &put), -EINVAL);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_untold_put(s, &put), 0);
	put.service = id;
	put.counts.bytes_in = 11;
	assert_int_equal(store_untold_put(s, &put), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_untold_first(s, &seen), 0);
	assert_int_equal(seen.lost, 3);
	assert_int_equal(store_untold_each(s, seen.until_ns, note_untold, &seen), 0);
	assert_memory_equal(&seen, &put, sizeof(put));
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_untold_forget(s, 9), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_untold_first(s, &seen), -ENOENT);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_newer_record_is_refused_and_stays_as_it_is),
		STORE_TEST(another_programs_database_is_refused),
		STORE_TEST(from_nothing_comes_the_newest_version),
		STORE_TEST(version_1_becomes_version_2),
		STORE_TEST(version_2_becomes_version_3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
