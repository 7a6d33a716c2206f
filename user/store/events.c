// SPDX-License-Identifier: Apache-2.0
/* events.c - alerts that fire, what happened, documents in force, messages under way. */
#include <errno.h>
#include <string.h>

#include "db.h"
#include "promises.h"

static const char SQL_ALERT_PUT[] = "REPLACE INTO alerts VALUES (?, ?, ?, ?, ?)";
static const char SQL_ALERT_CLEAR[] =
	"DELETE FROM alerts WHERE objective = ? AND long_s = ? AND short_s = ?";
static const char SQL_ALERTS[] = "SELECT long_s, short_s, severity, since FROM alerts"
				 " WHERE objective = ? ORDER BY long_s, short_s";
static const char SQL_EVENT_NEW[] = "INSERT INTO events (time, kind, slo, severity, long_s,"
				    " short_s, state, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_EVENT_PUT[] = "REPLACE INTO events (time, kind, slo, severity, long_s,"
				    " short_s, state, text, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_EVENTS[] = "SELECT id, time, kind, slo, severity, long_s, short_s, state,"
				 " text FROM events WHERE time >= ? AND time < ? ORDER BY time, id";
static const char SQL_ALERT_EVENTS[] =
	"SELECT id, time, kind, slo, severity, long_s, short_s, state, text FROM events"
	" WHERE kind = 'alert' ORDER BY time DESC, id DESC LIMIT ?";
static const char SQL_ALERT_EVENTS_COUNT[] = "SELECT count(*) FROM events WHERE kind = 'alert'";
static const char SQL_DOCUMENT_LAST[] = "SELECT yaml FROM documents ORDER BY id DESC LIMIT 1";
static const char SQL_DOCUMENT_PUT[] = "INSERT INTO documents (time, yaml) VALUES (?, ?)";
static const char SQL_DOCUMENT_AT[] =
	"SELECT yaml FROM documents WHERE time <= ? ORDER BY time DESC, id DESC LIMIT 1";
static const char SQL_DOCUMENTS[] =
	"SELECT time, yaml FROM documents WHERE time < ? ORDER BY time DESC, id DESC";
static const char SQL_DOCUMENT_FIRST[] = "SELECT yaml FROM documents ORDER BY time, id LIMIT 1";
static const char SQL_MESSAGE_NEW[] = "INSERT INTO messages (receiver, body, created, next_try,"
				      " tries) VALUES (?, ?, ?, ?, ?)";
static const char SQL_MESSAGE_PUT[] = "REPLACE INTO messages (receiver, body, created, next_try,"
				      " tries, id) VALUES (?, ?, ?, ?, ?, ?)";
static const char SQL_MESSAGE_DONE[] = "DELETE FROM messages WHERE id = ?";
static const char SQL_MESSAGES[] =
	"SELECT id, receiver, body, created, next_try, tries FROM messages ORDER BY id";

int store_alert_put(struct store *s, int64_t objective, const struct store_alert *a)
{
	int r = db_writable(s);

	return r ? r :
		   DB_RUN(s, SQL_ALERT_PUT, "iiiti", objective, (int64_t)a->long_s,
			  (int64_t)a->short_s, a->severity ?: "", a->since);
}

int store_alert_clear(struct store *s, int64_t objective, uint32_t long_s, uint32_t short_s)
{
	int r = db_writable(s);

	return r ? r :
		   DB_RUN(s, SQL_ALERT_CLEAR, "iii", objective, (int64_t)long_s, (int64_t)short_s);
}

int store_alert_each(struct store *s, int64_t objective,
		     int (*each)(void *context, const struct store_alert *a), void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_ALERTS, &q);

	if (!r)
		r = db_bind(q, "i", objective);
	while (!r && (r = db_step(q)) == 1) {
		struct store_alert a = { .long_s = (uint32_t)sqlite3_column_int64(q, 0),
					 .short_s = (uint32_t)sqlite3_column_int64(q, 1),
					 .severity = db_text(q, 2) ?: "",
					 .since = sqlite3_column_int64(q, 3) };

		r = each(context, &a);
	}
	return r;
}

int store_event_put(struct store *s, struct store_event *e)
{
	sqlite3_stmt *q;
	int r = db_writable(s);

	if (!r)
		r = db_query(s, e->id ? SQL_EVENT_PUT : SQL_EVENT_NEW, &q);
	if (!r)
		r = db_bind(q, e->id ? "itttiitti" : "itttiitt", e->time, e->kind, e->slo,
			    e->severity, (int64_t)e->long_s, (int64_t)e->short_s, e->state, e->text,
			    e->id);
	if (!r)
		r = db_run(q);
	if (!r && !e->id)
		e->id = sqlite3_last_insert_rowid(s->db);
	return r;
}

/* q: bound. */
static int each_event(sqlite3_stmt *q, int (*each)(void *context, const struct store_event *e),
		      void *context)
{
	int r = 0;

	while (!r && (r = db_step(q)) == 1) {
		struct store_event e = { .id = sqlite3_column_int64(q, 0),
					 .time = sqlite3_column_int64(q, 1),
					 .kind = db_text(q, 2) ?: "",
					 .slo = db_text(q, 3),
					 .severity = db_text(q, 4),
					 .long_s = (uint32_t)sqlite3_column_int64(q, 5),
					 .short_s = (uint32_t)sqlite3_column_int64(q, 6),
					 .state = db_text(q, 7),
					 .text = db_text(q, 8) };

		r = each(context, &e);
	}
	return r;
}

int store_event_each(struct store *s, int64_t from, int64_t to,
		     int (*each)(void *context, const struct store_event *e), void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_EVENTS, &q);

	if (!r)
		r = db_bind(q, "ii", from, to);
	return r ? r : each_event(q, each, context);
}

uint64_t store_events_dropped(const struct store *s)
{
	return s->events_dropped;
}

int store_alert_events_last(struct store *s, unsigned int n,
			    int (*each)(void *context, const struct store_event *e), void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_ALERT_EVENTS, &q);

	if (!r)
		r = db_bind(q, "i", (int64_t)n);
	return r ? r : each_event(q, each, context);
}

int store_alert_events_count(struct store *s, uint64_t *ret)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_ALERT_EVENTS_COUNT, &q);

	if (!r)
		r = db_step(q);
	if (r == 1)
		*ret = (uint64_t)sqlite3_column_int64(q, 0);
	return r == 1 ? 0 : r ? r : -EIO;
}

int store_documents_put(struct store *s, int64_t time, const char *yaml, size_t size)
{
	sqlite3_stmt *q;
	bool same = false;
	int r = db_writable(s);

	if (!r)
		r = db_query(s, SQL_DOCUMENT_LAST, &q);
	if (!r)
		r = db_step(q);
	if (r == 1) {
		const void *was = sqlite3_column_blob(q, 0);

		same = (size_t)sqlite3_column_bytes(q, 0) == size &&
		       (!size || !memcmp(was, yaml, size));
		sqlite3_reset(q);
		r = 0;
	}
	if (r || same)
		return r;
	return DB_RUN(s, SQL_DOCUMENT_PUT, "ib", time, (const void *)(size ? yaml : ""), size);
}

int store_documents_each(struct store *s, int64_t from, int64_t to,
			 int (*each)(void *context, int64_t time, const char *yaml, size_t size),
			 void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int64_t time = INT64_MAX;
	int r = db_prepare(s, SQL_DOCUMENTS, &q);

	if (!r)
		r = db_bind(q, "i", to);
	while (!r && time > from) {
		const void *yaml;

		r = db_step(q);
		if (r < 1)
			return r;
		time = sqlite3_column_int64(q, 0);
		yaml = sqlite3_column_blob(q, 1);
		r = each(context, time, yaml ? yaml : "", (size_t)sqlite3_column_bytes(q, 1));
	}
	return r;
}

int store_documents_at(struct store *s, int64_t time, char **ret, size_t *ret_size)
{
	sqlite3_stmt *q;
	char *copy = NULL;
	size_t n;
	int r = db_query(s, SQL_DOCUMENT_AT, &q);

	if (!r)
		r = db_bind(q, "i", time);
	if (!r)
		r = db_step(q);
	if (!r)
		r = db_query(s, SQL_DOCUMENT_FIRST, &q);
	if (!r)
		r = db_step(q);
	if (r < 1)
		return r ? r : -ENOENT;
	n = (size_t)sqlite3_column_bytes(q, 0);
	copy = malloc(n + 1);
	if (copy && n)
		memcpy(copy, sqlite3_column_blob(q, 0), n);
	sqlite3_reset(q);
	if (!copy)
		return -ENOMEM;
	copy[n] = '\0';
	*ret = copy;
	*ret_size = n;
	return 0;
}

int store_message_put(struct store *s, struct store_message *m)
{
	sqlite3_stmt *q;
	int r = db_writable(s);

	if (!r)
		r = db_query(s, m->id ? SQL_MESSAGE_PUT : SQL_MESSAGE_NEW, &q);
	if (!r)
		r = db_bind(q, m->id ? "ttiiii" : "ttiii", m->receiver, m->body, m->created,
			    m->next_try, (int64_t)m->tries, m->id);
	if (!r)
		r = db_run(q);
	if (!r && !m->id)
		m->id = sqlite3_last_insert_rowid(s->db);
	return r;
}

int store_message_done(struct store *s, int64_t id)
{
	int r = db_writable(s);

	return r ? r : DB_RUN(s, SQL_MESSAGE_DONE, "i", id);
}

int store_message_each(struct store *s, int (*each)(void *context, const struct store_message *m),
		       void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_MESSAGES, &q);

	while (!r && (r = db_step(q)) == 1) {
		struct store_message m = { .id = sqlite3_column_int64(q, 0),
					   .receiver = db_text(q, 1) ?: "",
					   .body = db_text(q, 2) ?: "",
					   .created = sqlite3_column_int64(q, 3),
					   .next_try = sqlite3_column_int64(q, 4),
					   .tries = (uint32_t)sqlite3_column_int64(q, 5) };

		r = each(context, &m);
	}
	return r;
}
