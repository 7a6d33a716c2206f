// SPDX-License-Identifier: Apache-2.0
/* services.c - who was measured. */
#include <string.h>

#include "db.h"

static const char SQL_INSERT[] =
	"INSERT INTO services (role, name, protocol, port, pid, comm, exe, unit, container, pod,"
	" cgroup, netns, peer_address, peer_port, first_seen, last_seen)"
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_UPDATE[] =
	"UPDATE services SET role = ?, name = ?, protocol = ?, port = ?, pid = ?, comm = ?, exe = ?,"
	" unit = ?, container = ?, pod = ?, cgroup = ?, netns = ?, peer_address = ?, peer_port = ?,"
	" first_seen = ?, last_seen = ? WHERE id = ?";
static const char SQL_BY_NAME[] = "SELECT id FROM services WHERE name = ? AND role = ?";
static const char SQL_EACH[] =
	"SELECT id, role, name, protocol, port, pid, comm, exe, unit, container, pod, cgroup, netns,"
	" peer_address, peer_port, first_seen, last_seen FROM services ORDER BY id";

int store_service_put(struct store *s, struct store_service *svc)
{
	const struct identity *i = &svc->id_row;
	sqlite3_stmt *q;
	int r = db_writable(s);

	if (!r && (!i->name || !*i->name || (unsigned int)svc->role >= ROLES))
		r = -EINVAL;
	if (!r)
		r = db_query(s, svc->id ? SQL_UPDATE : SQL_INSERT, &q);
	if (!r)
		r = db_bind(q, svc->id ? "ittiittttttitiiii" : "ittiittttttitiii",
			    (int64_t)svc->role, i->name, svc->protocol, (int64_t)i->port,
			    (int64_t)i->pid, i->comm, i->exe, i->unit, i->container, i->pod,
			    i->cgroup, (int64_t)i->netns, i->peer_address, (int64_t)i->peer_port,
			    svc->first_seen, svc->last_seen, svc->id);
	if (!r)
		r = db_run(q);
	if (r)
		return r;
	if (svc->id)
		return sqlite3_changes(s->db) ? 0 : -ENOENT;
	if (sqlite3_last_insert_rowid(s->db) > KEY_MASK)
		return -E2BIG;
	svc->id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int store_service_by_name(struct store *s, enum role role, const char *name, int64_t *ret)
{
	sqlite3_stmt *q;
	int r = db_query(s, SQL_BY_NAME, &q);

	if (!r)
		r = db_bind(q, "ti", name, (int64_t)role);
	if (!r)
		r = db_step(q);
	if (r < 1)
		return r ? r : -ENOENT;
	*ret = sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return 0;
}

static char *text(sqlite3_stmt *q, int column)
{
	return (char *)db_text(q, column);
}

int store_service_each(struct store *s, int (*each)(void *context, const struct store_service *svc),
		       void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_EACH, &q);

	while (!r && (r = db_step(q)) == 1) {
		struct store_service svc = {
			.id = sqlite3_column_int64(q, 0),
			.role = (enum role)sqlite3_column_int(q, 1),
			.protocol = text(q, 3) ?: "unknown",
			.id_row = { .name = text(q, 2),
				    .port = (uint16_t)sqlite3_column_int64(q, 4),
				    .pid = (uint32_t)sqlite3_column_int64(q, 5),
				    .comm = text(q, 6),
				    .exe = text(q, 7),
				    .unit = text(q, 8),
				    .container = text(q, 9),
				    .pod = text(q, 10),
				    .cgroup = text(q, 11),
				    .netns = (uint32_t)sqlite3_column_int64(q, 12),
				    .peer_address = text(q, 13),
				    .peer_port = (uint16_t)sqlite3_column_int64(q, 14) },
			.first_seen = sqlite3_column_int64(q, 15),
			.last_seen = sqlite3_column_int64(q, 16),
		};

		if (!svc.id_row.name || (unsigned int)svc.role >= ROLES)
			return -EUCLEAN;
		r = each(context, &svc);
	}
	return r;
}
