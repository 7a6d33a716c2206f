// SPDX-License-Identifier: Apache-2.0
/* kernel.c - exactly once: what the differences are taken against, and losses. */
#include <errno.h>
#include <string.h>

#include "db.h"

static const char SQL_KERNEL[] = "SELECT boot_id, maps_id, wall_ns, mono_ns, boot_ns, missed,"
				 " losses, thresholds FROM kernel WHERE id = 1";
static const char SQL_KERNEL_PUT[] = "REPLACE INTO kernel VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_PUT[] = "REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_EACH[] = "SELECT * FROM checkpoints ORDER BY series";
static const char SQL_FORGET[] = "DELETE FROM checkpoints";
static const char SQL_LOSSES[] =
	"SELECT missed, in_flight_at_change, losses FROM losses WHERE id = 1";
static const char SQL_LOSSES_PUT[] = "REPLACE INTO losses VALUES (1, ?, ?, ?)";

int thresholds_read(const char *text, struct threshold ret[THRESHOLDS], uint32_t *ret_n)
{
	for (*ret_n = 0; text && *text; ++*ret_n) {
		struct threshold *t = &ret[*ret_n];
		unsigned long long max_ns;
		unsigned int part;
		int n = 0;

		if (*ret_n == THRESHOLDS)
			return -EUCLEAN;
		if (sscanf(text, "%u:%llu%n", &part, &max_ns, &n) != 2)
			return -EUCLEAN;
		*t = (struct threshold){ .part = part, .max_ns = max_ns };
		text += n;
		text += *text == ' ';
	}
	return 0;
}

void thresholds_write(const struct threshold *t, uint32_t n_thresholds, char text[THRESHOLDS_TEXT])
{
	size_t n = 0;

	*text = '\0';
	for (uint32_t i = 0; i < n_thresholds && i < THRESHOLDS; i++)
		n += (size_t)snprintf(text + n, THRESHOLDS_TEXT - n, "%s%u:%llu", i ? " " : "",
				      t[i].part, (unsigned long long)t[i].max_ns);
}

static int losses_of(sqlite3_stmt *q, int column, struct losses *ret)
{
	const void *bytes = sqlite3_column_blob(q, column);

	memset(ret, 0, sizeof(*ret));
	return losses_add(bytes, (size_t)sqlite3_column_bytes(q, column), ret) ? -EUCLEAN : 0;
}

int store_kernel_get(struct store *s, struct store_kernel *ret)
{
	struct store_kernel k = {};
	const char *boot_id;
	sqlite3_stmt *q;
	int r = db_query(s, SQL_KERNEL, &q);

	if (!r)
		r = db_step(q);
	if (r < 1)
		return r ? r : -ENOENT;
	boot_id = db_text(q, 0);
	snprintf(k.boot_id, sizeof(k.boot_id), "%s", boot_id ?: "");
	k.maps_id = (uint32_t)sqlite3_column_int64(q, 1);
	k.at.wall_ns = sqlite3_column_int64(q, 2);
	k.at.mono_ns = (uint64_t)sqlite3_column_int64(q, 3);
	k.at.boot_ns = (uint64_t)sqlite3_column_int64(q, 4);
	k.missed = (uint64_t)sqlite3_column_int64(q, 5);
	r = losses_of(q, 6, &k.losses);
	if (!r)
		r = thresholds_read(db_text(q, 7), k.thresholds, &k.n_thresholds);
	sqlite3_reset(q);
	if (!r)
		*ret = k;
	return r;
}

int store_kernel_put(struct store *s, const struct store_kernel *k)
{
	unsigned char losses[LOSSES_BYTES_MAX];
	size_t n = losses_write(&k->losses, losses);
	char thresholds[THRESHOLDS_TEXT];
	int r = db_writable(s);

	if (r)
		return r;
	thresholds_write(k->thresholds, k->n_thresholds, thresholds);
	return DB_RUN(s, SQL_KERNEL_PUT, "tiiiiibt", k->boot_id, (int64_t)k->maps_id, k->at.wall_ns,
		      (int64_t)k->at.mono_ns, (int64_t)k->at.boot_ns, (int64_t)k->missed, losses, n,
		      thresholds);
}

int store_checkpoint_put(struct store *s, const struct store_checkpoint *c)
{
	static const unsigned char nobody[sizeof(c->key.peer)];
	bool peer = memcmp(c->key.peer, nobody, sizeof(nobody)) != 0;
	int r = db_writable(s);

	if (r)
		return r;
	return DB_RUN(s, SQL_PUT, "iiiiiiibb", (int64_t)c->series, c->service,
		      (int64_t)c->key.netns, (int64_t)c->key.role, (int64_t)c->key.port,
		      (int64_t)c->key.exe_inode, (int64_t)c->key.exe_dev,
		      (const void *)(peer ? c->key.peer : NULL),
		      (size_t)(peer ? sizeof(nobody) : 0), (const void *)(c->n ? c->bytes : nobody),
		      c->n);
}

int store_checkpoint_each(struct store *s,
			  int (*each)(void *context, const struct store_checkpoint *c),
			  void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	struct store_checkpoint c;
	struct series_counts counts;
	int r = db_prepare(s, SQL_EACH, &q);

	while (!r && (r = db_step(q)) == 1) {
		int peer = sqlite3_column_bytes(q, 7);

		c = (struct store_checkpoint){
			.series = (uint32_t)sqlite3_column_int64(q, 0),
			.service = sqlite3_column_int64(q, 1),
			.key = { .netns = (uint32_t)sqlite3_column_int64(q, 2),
				 .role = (uint16_t)sqlite3_column_int64(q, 3),
				 .port = (uint16_t)sqlite3_column_int64(q, 4),
				 .exe_inode = (uint64_t)sqlite3_column_int64(q, 5),
				 .exe_dev = (uint32_t)sqlite3_column_int64(q, 6) },
			.bytes = sqlite3_column_blob(q, 8),
			.n = (size_t)sqlite3_column_bytes(q, 8),
		};
		if (peer && peer != sizeof(c.key.peer))
			return -EUCLEAN;
		if (peer)
			memcpy(c.key.peer, sqlite3_column_blob(q, 7), sizeof(c.key.peer));
		r = db_counts(q, 8, &counts); /* are they any? */
		if (!r)
			r = each(context, &c);
	}
	return r;
}

int store_checkpoints_forget(struct store *s)
{
	int r = db_writable(s);

	return r ? r : DB_RUN(s, SQL_FORGET, "");
}

int store_losses_get(struct store *s, struct store_losses *ret)
{
	struct store_losses l = {};
	sqlite3_stmt *q;
	int r = db_query(s, SQL_LOSSES, &q);

	if (!r)
		r = db_step(q);
	if (r == 1) {
		l.missed = (uint64_t)sqlite3_column_int64(q, 0);
		l.in_flight_at_change = (uint64_t)sqlite3_column_int64(q, 1);
		r = losses_of(q, 2, &l.losses);
		sqlite3_reset(q);
	}
	if (!r)
		*ret = l;
	return r;
}

int store_losses_put(struct store *s, const struct store_losses *l)
{
	unsigned char losses[LOSSES_BYTES_MAX];
	size_t n = losses_write(&l->losses, losses);
	int r = db_writable(s);

	return r ? r :
		   DB_RUN(s, SQL_LOSSES_PUT, "iib", (int64_t)l->missed,
			  (int64_t)l->in_flight_at_change, losses, n);
}

static const char SQL_LIMIT_PUT[] = "REPLACE INTO limits VALUES (?, ?, ?)";
static const char SQL_LIMITS[] = "SELECT service, number, base FROM limits";

int store_limit_put(struct store *s, int64_t service, unsigned int index, int64_t base)
{
	int r = db_writable(s);

	if (!r && index >= THRESHOLDS)
		r = -EINVAL;
	return r ? r : DB_RUN(s, SQL_LIMIT_PUT, "iii", service, (int64_t)index, base);
}

int store_limits_each(struct store *s,
		      int (*each)(void *context, int64_t service, unsigned int index, int64_t base),
		      void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_LIMITS, &q);

	while (!r && (r = db_step(q)) == 1) {
		int64_t index = sqlite3_column_int64(q, 1);

		r = index < 0 || index >= THRESHOLDS ?
			    0 :
			    each(context, sqlite3_column_int64(q, 0), (unsigned int)index,
				 sqlite3_column_int64(q, 2));
	}
	return r;
}
