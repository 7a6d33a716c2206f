// SPDX-License-Identifier: Apache-2.0
/*
 * schema.c - the tables, and the way to them from every older version. A step that was released is
 * never changed; what is new is a further step, with a test in tests/unit/test_store_schema.c.
 */
#include "db.h"

/*
 * Times: time and those that end in _from, first_seen and the like are Unix s; minute and hour are
 * minutes and hours since 1970. id of minutes, hours: time << 32 | service; of open: service << 32 |
 * minute. counts are codec.h's bytes. Columns that are 0 take no room.
 */
static const char STEP_1[] =
	"CREATE TABLE record (id INTEGER PRIMARY KEY CHECK (id = 1), began INTEGER NOT NULL,"
	"  minutes_from INTEGER NOT NULL, hours_from INTEGER NOT NULL, clock INTEGER NOT NULL);"
	"INSERT INTO record VALUES (1, 0, 0, 0, 0);"

	/* A number is never given out twice: rows of one that was forgotten are not another's. */
	"CREATE TABLE services (id INTEGER PRIMARY KEY AUTOINCREMENT, role INTEGER NOT NULL, name TEXT NOT NULL,"
	"  protocol TEXT, port INTEGER, pid INTEGER, comm TEXT, exe TEXT, unit TEXT, container TEXT,"
	"  pod TEXT, cgroup TEXT, netns INTEGER, peer_address TEXT, peer_port INTEGER,"
	"  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL);"
	"CREATE UNIQUE INDEX services_by_name ON services (name, role);"
	"CREATE INDEX services_by_last_seen ON services (last_seen);"

	/* Exactly once. */
	"CREATE TABLE kernel (id INTEGER PRIMARY KEY CHECK (id = 1), boot_id TEXT NOT NULL,"
	"  maps_id INTEGER NOT NULL, wall_ns INTEGER NOT NULL, mono_ns INTEGER NOT NULL,"
	"  boot_ns INTEGER NOT NULL, missed INTEGER NOT NULL, losses BLOB NOT NULL,"
	"  thresholds TEXT NOT NULL);"
	"CREATE TABLE checkpoints (series INTEGER PRIMARY KEY, service INTEGER NOT NULL,"
	"  netns INTEGER NOT NULL, role INTEGER NOT NULL, port INTEGER NOT NULL,"
	"  exe_inode INTEGER NOT NULL, exe_dev INTEGER NOT NULL, peer BLOB, counts BLOB NOT NULL);"
	"CREATE TABLE losses (id INTEGER PRIMARY KEY CHECK (id = 1), missed INTEGER NOT NULL,"
	"  in_flight_at_change INTEGER NOT NULL, losses BLOB NOT NULL);"

	/* Counts. Stretches are what was found at adoption, of which only the sum is known. */
	"CREATE TABLE open (id INTEGER PRIMARY KEY, counts BLOB NOT NULL);"
	"CREATE TABLE open_stretches (service INTEGER NOT NULL, minute INTEGER NOT NULL,"
	"  since INTEGER NOT NULL, counts BLOB NOT NULL, PRIMARY KEY (service, minute, since))"
	"  WITHOUT ROWID;"
	"CREATE TABLE minutes (id INTEGER PRIMARY KEY, counts BLOB NOT NULL);"
	"CREATE TABLE stretches (minute INTEGER NOT NULL, service INTEGER NOT NULL,"
	"  since INTEGER NOT NULL, counts BLOB NOT NULL, PRIMARY KEY (minute, service, since))"
	"  WITHOUT ROWID;"
	"CREATE TABLE hours (id INTEGER PRIMARY KEY, counts BLOB NOT NULL);"
	/* first, last: minutes of the oldest and newest row that there ever was. */
	"CREATE TABLE totals (service INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
	"  last INTEGER NOT NULL, counts BLOB NOT NULL);"

	/* How much of the time was measured. */
	"CREATE TABLE time_minutes (minute INTEGER PRIMARY KEY, measured_ns INTEGER NOT NULL,"
	"  estimated_ns INTEGER NOT NULL, exchanges INTEGER NOT NULL, lost INTEGER NOT NULL);"
	"CREATE TABLE time_hours (hour INTEGER PRIMARY KEY, measured_ns INTEGER NOT NULL,"
	"  estimated_ns INTEGER NOT NULL, exchanges INTEGER NOT NULL, lost INTEGER NOT NULL);"

	/* Promises. slo_open: the newest minute of each, which is put again and again. */
	"CREATE TABLE slo_objectives (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE slo_open (objective INTEGER PRIMARY KEY, minute INTEGER NOT NULL,"
	"  good INTEGER NOT NULL, total INTEGER NOT NULL, unmeasured INTEGER NOT NULL,"
	"  estimated INTEGER NOT NULL, inexact INTEGER NOT NULL);"
	"CREATE TABLE slo_minutes (objective INTEGER NOT NULL, minute INTEGER NOT NULL,"
	"  good INTEGER NOT NULL, total INTEGER NOT NULL, unmeasured INTEGER NOT NULL,"
	"  estimated INTEGER NOT NULL, inexact INTEGER NOT NULL, PRIMARY KEY (objective, minute))"
	"  WITHOUT ROWID;"
	"CREATE TABLE slo_hours (objective INTEGER NOT NULL, minute INTEGER NOT NULL,"
	"  good INTEGER NOT NULL, total INTEGER NOT NULL, unmeasured_cells INTEGER NOT NULL,"
	"  good_cells INTEGER NOT NULL, bad_cells INTEGER NOT NULL, idle_cells INTEGER NOT NULL,"
	"  excluded_cells INTEGER NOT NULL, unmeasured_ns INTEGER NOT NULL,"
	"  good_ns INTEGER NOT NULL, bad_ns INTEGER NOT NULL, idle_ns INTEGER NOT NULL,"
	"  excluded_ns INTEGER NOT NULL, ratio_high INTEGER NOT NULL, ratio_low INTEGER NOT NULL,"
	"  inexact INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (objective, minute))"
	"  WITHOUT ROWID;"
	"CREATE TABLE slo_state (objective INTEGER PRIMARY KEY, carry_good INTEGER NOT NULL,"
	"  carry_total INTEGER NOT NULL, older INTEGER NOT NULL);"
	"CREATE TABLE alerts (objective INTEGER NOT NULL, long_s INTEGER NOT NULL,"
	"  short_s INTEGER NOT NULL, severity TEXT NOT NULL, since INTEGER NOT NULL,"
	"  PRIMARY KEY (objective, long_s, short_s)) WITHOUT ROWID;"
	"CREATE TABLE events (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL,"
	"  slo TEXT, severity TEXT, long_s INTEGER NOT NULL, short_s INTEGER NOT NULL, state TEXT,"
	"  text TEXT);"
	"CREATE INDEX events_by_time ON events (time);"
	"CREATE TABLE documents (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, yaml BLOB NOT NULL);"
	"CREATE INDEX documents_by_time ON documents (time);"
	"CREATE TABLE messages (id INTEGER PRIMARY KEY, receiver TEXT NOT NULL, body TEXT NOT NULL,"
	"  created INTEGER NOT NULL, next_try INTEGER NOT NULL, tries INTEGER NOT NULL);";

/*
 * Limits of time that were set later than a service's first count: see store_limit_put(). And a number
 * of an objective is never given out twice either.
 */
static const char STEP_2[] =
	"CREATE TABLE limits (service INTEGER NOT NULL, number INTEGER NOT NULL,"
	"  base INTEGER NOT NULL, PRIMARY KEY (service, number)) WITHOUT ROWID;"
	"CREATE TABLE objectives (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);"
	"INSERT INTO objectives SELECT id, name FROM slo_objectives;"
	"DROP TABLE slo_objectives;"
	"ALTER TABLE objectives RENAME TO slo_objectives;";

/* store_untold_put(): of each stretch one row of service 0, and one a service that moved. */
static const char STEP_3[] =
	"CREATE TABLE untold (until_ns INTEGER NOT NULL, service INTEGER NOT NULL,"
	"  since_ns INTEGER NOT NULL, lost INTEGER NOT NULL, thresholds TEXT NOT NULL,"
	"  counts BLOB NOT NULL, PRIMARY KEY (until_ns, service)) WITHOUT ROWID;";

/* steps[v]: from version v to v + 1. */
static const char *const steps[] = { STEP_1, STEP_2, STEP_3 };
_Static_assert(sizeof(steps) / sizeof(steps[0]) == SCHEMA_VERSION, "a step for each version");

int schema_migrate(struct store *s, int64_t version)
{
	char pragma[128];
	int r = 0;

	for (; !r && version < SCHEMA_VERSION; version++) {
		snprintf(pragma, sizeof(pragma),
			 "PRAGMA application_id = %d; PRAGMA user_version = %lld",
			 SCHEMA_APPLICATION_ID, (long long)version + 1);
		r = db_exec(s, "BEGIN IMMEDIATE");
		if (!r)
			r = db_exec(s, steps[version]);
		if (!r)
			r = db_exec(s, pragma);
		if (!r)
			r = db_exec(s, "COMMIT");
		if (r && !sqlite3_get_autocommit(s->db))
			db_exec(s, "ROLLBACK");
	}
	return r;
}
