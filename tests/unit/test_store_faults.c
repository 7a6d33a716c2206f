// SPDX-License-Identifier: Apache-2.0
/* The record when something goes wrong: kills, full disks, other people's files. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "store_fixture.h"

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

static bool file_is(const char *dir, const char *name, mode_t mode)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !stat(path, &st) && (st.st_mode & 0777) == mode;
}

/* A process that begins, commits so often, leaves one more open, and is killed. */
static void write_and_be_killed(const struct fixture *f, unsigned int committed)
{
	pid_t child = fork();
	struct store *s;
	int status;

	assert_true(child >= 0);
	if (!child) {
		int64_t id = 1;

		s = open_writer(f);
		for (unsigned int i = 0; i <= committed; i++) {
			store_begin(s);
			if (!i && !store_began(s))
				id = add_service(s, "a", ROLE_SERVER, T0);
			one_count(s, id, T0, 1);
			if (i < committed)
				store_commit(s);
		}
		one_count(s, id, T0 + 60, 1000);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_kill_leaves_what_was_committed_and_nothing_else(void **state)
{
	const struct fixture *f = *state;
	struct store *s;

	for (unsigned int i = 1; i <= 5; i++) {
		write_and_be_killed(f, i);
		s = open_reader(f);
		assert_int_equal(total_ok(s, 1), i * (i + 1) / 2);
		store_close(s);
	}
	s = open_writer(f);
	assert_int_equal(total_ok(s, 1), 15);
	store_close(s);
}

static void the_directory_is_its_owners_alone(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	char dir[160];

	snprintf(dir, sizeof(dir), "%s/state", f->dir);
	s = open_with(&(struct store_options){ .dir = dir }, 0);
	assert_true(file_is(f->dir, "state", 0700));
	assert_true(file_is(dir, "troth.db", 0600));
	assert_true(file_is(dir, "troth.db-wal", 0600));
	assert_true(file_is(dir, "troth.lock", 0600));
	store_close(s);
}

static void links_lead_to_the_directory_but_not_out_of_it(void **state)
{
	const struct fixture *f = *state;
	char real[160], alias[160], db[200], lock[200], elsewhere[200];
	struct store_options o = { .dir = real, .afresh = true };

	snprintf(real, sizeof(real), "%s/real", f->dir);
	snprintf(alias, sizeof(alias), "%s/alias", f->dir);
	snprintf(db, sizeof(db), "%s/troth.db", real);
	snprintf(lock, sizeof(lock), "%s/troth.lock", real);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", f->dir);
	store_close(open_with(&o, 0));
	assert_int_equal(symlink(real, alias), 0);
	o.dir = alias;
	store_close(open_with(&o, 0));
	store_close(open_with(&(struct store_options){ .dir = alias, .mode = STORE_READER }, 0));
	/* A record that is sound, somewhere else. */
	assert_int_equal(rename(db, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, db), 0);
	open_with(&o, -ELOOP);
	open_with(&(struct store_options){ .dir = real, .mode = STORE_READER }, -ELOOP);
	/* One that leads to nothing makes nothing. */
	assert_int_equal(unlink(elsewhere), 0);
	open_with(&o, -ELOOP);
	assert_int_equal(access(elsewhere, F_OK), -1);
	assert_int_equal(unlink(db), 0);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(symlink(elsewhere, lock), 0);
	open_with(&o, -ELOOP);
	assert_int_equal(access(elsewhere, F_OK), -1);
}

static void a_second_writer_is_told_who_the_first_is(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f), *other = NULL;
	char why[512], pid[32];

	snprintf(pid, sizeof(pid), "process %d;", (int)getpid());
	assert_int_equal(store_open(&(struct store_options){ .dir = f->dir }, &other, why,
				    sizeof(why)),
			 -EBUSY);
	assert_non_null(strstr(why, pid));
	assert_non_null(strstr(why, f->dir));
	store_close(s);
	s = open_writer(f);
	store_close(s);
}

static void a_reader_needs_a_record(void **state)
{
	const struct fixture *f = *state;

	open_with(&(struct store_options){ .dir = f->dir, .mode = STORE_READER }, -ENOENT);
	open_with(&(struct store_options){ .dir = "/nonexistent/x", .mode = STORE_READER },
		  -ENOENT);
	open_with(&(struct store_options){ .dir = "/nonexistent/x" }, -ENOENT);
}

static void spoil(const struct fixture *f, off_t at, size_t n)
{
	int fd = open(f->db, O_RDWR);
	char junk[4096];

	memset(junk, 0x5a, sizeof(junk));
	assert_true(fd >= 0);
	for (; n; n -= n < sizeof(junk) ? n : sizeof(junk), at += sizeof(junk))
		assert_true(pwrite(fd, junk, n < sizeof(junk) ? n : sizeof(junk), at) > 0);
	close(fd);
}

static void a_corrupt_record_moves_aside_where_that_is_wanted(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	char why[512], command[256];
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	one_count(s, id, T0, 3);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	spoil(f, 0, 4096);
	open_with(&(struct store_options){ .dir = f->dir }, -EUCLEAN);
	open_with(&(struct store_options){ .dir = f->dir, .mode = STORE_READER }, -EUCLEAN);
	assert_int_equal(store_open(&(struct store_options){ .dir = f->dir, .afresh = true }, &s,
				    why, sizeof(why)),
			 0);
	assert_non_null(strstr(why, "troth.db.corrupt-"));
	assert_int_equal(store_began(s), 0);
	assert_int_equal(store_begin(s), 0);
	add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	snprintf(command, sizeof(command), "test $(ls %s/troth.db.corrupt-* | wc -l) = 1", f->dir);
	assert_int_equal(system(command), 0);
}

static void corruption_in_use_is_told_and_a_fresh_start_works(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	struct series_counts c;
	uint64_t seed = 9;
	char why[512];
	int r = 0;

	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "service-%d", i);
		some_counts(&seed, 20, &c);
		assert_int_equal(store_count(s, add_service(s, name, ROLE_SERVER, T0), T0, T0, &c),
				 0);
	}
	assert_int_equal(store_settle(s, T0 + 60), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	s = open_writer(f);
	spoil(f, 40 * 4096, (size_t)size_of(f->db) - 40 * 4096);
	assert_int_equal(store_begin(s), 0);
	for (int i = 1; i <= 3000 && !r; i++)
		r = store_count(s, i, T0 + 60, T0 + 60, &c);
	if (!r)
		r = store_settle(s, T0 + 120);
	assert_int_equal(r, -EUCLEAN);
	assert_int_equal(store_start_afresh(s, why, sizeof(why)), 0);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_count(s, add_service(s, "a", 0, T0), T0, T0, &c), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_began(s), T0);
	store_close(s);
}

static void a_record_that_was_removed_is_noticed(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	char why[512];

	assert_int_equal(unlink(f->db), 0);
	assert_int_equal(store_begin(s), -EUCLEAN);
	assert_int_equal(store_start_afresh(s, why, sizeof(why)), 0);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_settle(s, T0), 0);
	assert_int_equal(store_commit(s), 0);
	assert_true(size_of(f->db) > 0);
	store_close(s);
}

static void corrupt_records_do_not_fill_the_disk(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	char why[512], command[256];

	for (int i = 0; i < 6; i++)
		assert_int_equal(store_start_afresh(s, why, sizeof(why)), 0);
	store_close(s);
	snprintf(command, sizeof(command), "test $(ls %s/troth.db.corrupt-* | wc -l) = 3", f->dir);
	assert_int_equal(system(command), 0);
}

/* It could not be made at once, and was made when something was to be written. */
static void a_record_that_was_begun_late_is_set_aside_like_any_other(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_writer(f);
	struct rlimit before, none;
	char why[512], command[256];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(store_start_afresh(s, why, sizeof(why)), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(store_begin(s), 0);
	add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_start_afresh(s, why, sizeof(why)), 0);
	assert_non_null(strstr(why, "troth.db.corrupt-"));
	store_close(s);
	snprintf(command, sizeof(command), "test $(ls %s/troth.db.corrupt-* | wc -l) = 2", f->dir);
	assert_int_equal(system(command), 0);
}

static int add_total(void *context, int64_t service, const struct series_counts *c)
{
	(void)service;
	*(uint64_t *)context += counts_total(c);
	return 0;
}

static uint64_t all_counted(struct store *s)
{
	uint64_t sum = 0;

	assert_int_equal(store_totals_each(s, add_total, &sum), 0);
	return sum;
}

static void near_its_limit_it_is_as_a_full_disk(void **state)
{
	const struct fixture *f = *state;
	struct store_options o = { .dir = f->dir, .max_bytes = 512 << 10 };
	struct store *s = open_with(&o, 0);
	struct series_counts c;
	uint64_t seed = 1, kept = 0;
	int64_t id[20];
	char name[32];
	int r = 0;

	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "service-%d", i);
		id[i] = add_service(s, name, ROLE_SERVER, T0);
	}
	assert_int_equal(store_commit(s), 0);
	for (int64_t t = T0; !r; t += 60) {
		uint64_t n = 0;

		assert_true(t < T0 + 1000 * 60);
		assert_int_equal(store_begin(s), 0);
		for (int i = 0; i < 20 && !r; i++, n += 50) {
			some_counts(&seed, 50, &c);
			r = store_count(s, id[i], t, t, &c);
		}
		if (!r)
			r = store_settle(s, t + 60);
		if (!r)
			r = store_commit(s);
		kept += r ? 0 : n;
	}
	assert_int_equal(r, -ENOSPC);
	store_rollback(s);
	assert_int_equal(all_counted(s), kept);
	assert_true(size_of(f->db) <= 512 << 10);
	store_close(s);
	/* With more room the same goes on. */
	o.max_bytes = 0;
	s = open_with(&o, 0);
	assert_int_equal(store_begin(s), 0);
	one_count(s, id[0], T0, 1);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(all_counted(s), kept + 1);
	store_close(s);
}

/* A file system of so many kB of its own, seen by this process alone. */
static void small_disk(const char *dir, const char *size)
{
	assert_int_equal(unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, size), 0);
}

/* Returns with what f() did in a process of its own. */
static void apart(const struct fixture *f, void (*run)(const struct fixture *f))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		run(f);
		/* Leaks are looked for in the parent; a failed assertion never gets here. */
		_exit(42);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static int one_minute(struct store *s, int64_t id, int64_t t, uint64_t *seed)
{
	struct series_counts c;
	int r = store_begin(s);

	some_counts(seed, 50, &c);
	if (!r)
		r = store_count(s, id, t, t, &c);
	if (!r)
		r = store_settle(s, t + 60);
	if (!r)
		return store_commit(s);
	store_rollback(s);
	return r;
}

static void fill_and_free(const struct fixture *f)
{
	struct store *s;
	char path[192];
	uint64_t seed = 4, again, sum = 0;
	struct series_counts c;
	int64_t id, t = T0;
	int fd, r = 0;

	small_disk(f->dir, "size=2m");
	s = open_writer(f);
	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_commit(s), 0);
	/* Somebody else takes what is left of the disk. */
	snprintf(path, sizeof(path), "%s/other", f->dir);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	while (write(fd, &c, 512) == 512)
		continue;
	for (; !r; t += 60) {
		assert_true(t < T0 + 60 * 100000);
		again = seed;
		r = one_minute(s, id, t, &seed);
	}
	assert_int_equal(r, -ENOSPC);
	t -= 60;
	assert_int_equal(store_total(s, id, &c), 0);
	sum = counts_total(&c);
	assert_true(sum == (uint64_t)(t - T0) / 60 * 50);
	for (int i = 0; i < 3; i++) {
		seed = again;
		assert_int_equal(one_minute(s, id, t, &seed), -ENOSPC);
	}
	/* With room again, the same is tried again, and is there once. */
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	seed = again;
	assert_int_equal(one_minute(s, id, t, &seed), 0);
	assert_int_equal(store_total(s, id, &c), 0);
	assert_int_equal(counts_total(&c), sum + 50);
	store_close(s);
	s = open_reader(f);
	assert_int_equal(store_total(s, id, &c), 0);
	assert_int_equal(counts_total(&c), sum + 50);
	store_close(s);
}

static void a_full_disk_loses_nothing_that_can_be_tried_again(void **state)
{
	apart(*state, fill_and_free);
}

static void nowhere_to_write(const struct fixture *f)
{
	struct store *s;
	int64_t id;

	small_disk(f->dir, "size=2m");
	s = open_writer(f);
	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	one_count(s, id, T0, 5);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	assert_int_equal(mount("tmpfs", f->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	open_with(&(struct store_options){ .dir = f->dir }, -EROFS);
	s = open_reader(f);
	assert_int_equal(total_ok(s, id), 5);
	store_close(s);
	/* What was left in the WAL cannot be read there: said so, not left out. */
	assert_int_equal(mount("tmpfs", f->dir, NULL, MS_REMOUNT, NULL), 0);
	write_and_be_killed(f, 1);
	{
		char shm[192];

		snprintf(shm, sizeof(shm), "%s-shm", f->db);
		assert_int_equal(unlink(shm), 0);
	}
	assert_int_equal(mount("tmpfs", f->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	open_with(&(struct store_options){ .dir = f->dir, .mode = STORE_READER }, -EROFS);
}

static void a_read_only_disk_can_be_read(void **state)
{
	apart(*state, nowhere_to_write);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_kill_leaves_what_was_committed_and_nothing_else),
		STORE_TEST(the_directory_is_its_owners_alone),
		STORE_TEST(links_lead_to_the_directory_but_not_out_of_it),
		STORE_TEST(a_second_writer_is_told_who_the_first_is),
		STORE_TEST(a_reader_needs_a_record),
		STORE_TEST(a_corrupt_record_moves_aside_where_that_is_wanted),
		STORE_TEST(corruption_in_use_is_told_and_a_fresh_start_works),
		STORE_TEST(a_record_that_was_removed_is_noticed),
		STORE_TEST(corrupt_records_do_not_fill_the_disk),
		STORE_TEST(a_record_that_was_begun_late_is_set_aside_like_any_other),
		STORE_TEST(near_its_limit_it_is_as_a_full_disk),
		STORE_TEST(a_full_disk_loses_nothing_that_can_be_tried_again),
		STORE_TEST(a_read_only_disk_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
