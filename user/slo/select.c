// SPDX-License-Identifier: Apache-2.0
/* select.c - one function a key. Knows how people write what a row holds; leaves reading to conf. */
#include "select.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINER_SHORT 12 /* digits of an id that tools print */

static bool equal(const char *wanted, const char *value)
{
	return value && !strcmp(wanted, value);
}

/* 0: no port. */
static uint16_t port_of(const char *text)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return 0;
	n = strtoul(text, &end, 10);
	return *end || n > UINT16_MAX ? 0 : (uint16_t)n;
}

static uint16_t row_port(const struct service_row *row)
{
	return row->role == ROLE_SERVER ? row->id.port : row->id.peer_port;
}

static bool port_matches(const char *wanted, const struct service_row *row)
{
	return port_of(wanted) && port_of(wanted) == row_port(row);
}

static bool unit_matches(const char *wanted, const struct service_row *row)
{
	static const char suffix[] = ".service";
	const char *unit = row->id.unit;
	size_t length = strlen(wanted);

	if (!unit)
		return false;
	return !strcmp(wanted, unit) || (!strchr(wanted, '.') && !strncmp(wanted, unit, length) &&
					 !strcmp(unit + length, suffix));
}

static bool container_matches(const char *wanted, const struct service_row *row)
{
	size_t length = strlen(wanted);

	return equal(wanted, row->id.container) ||
	       (row->id.container && length >= CONTAINER_SHORT &&
		!strncmp(wanted, row->id.container, length));
}

static bool pod_matches(const char *wanted, const struct service_row *row)
{
	return equal(wanted, row->id.pod);
}

static bool comm_matches(const char *wanted, const struct service_row *row)
{
	return row->id.comm && *wanted && !strncmp(wanted, row->id.comm, COMM_LEN - 1);
}

static bool exe_matches(const char *wanted, const struct service_row *row)
{
	const char *exe = row->id.exe, *name;

	if (!exe || strchr(wanted, '/'))
		return equal(wanted, exe);
	name = strrchr(exe, '/');
	return equal(wanted, name ? name + 1 : exe);
}

static bool cgroup_matches(const char *wanted, const struct service_row *row)
{
	const char *cgroup = row->id.cgroup;
	size_t length = strlen(wanted);

	while (length && wanted[length - 1] == '/')
		length--;
	return cgroup && *wanted && !strncmp(wanted, cgroup, length) &&
	       (!cgroup[length] || cgroup[length] == '/');
}

static bool role_matches(const char *wanted, const struct service_row *row)
{
	return equal(wanted, row->role == ROLE_SERVER ? "server" : "client");
}

/* As 16 bytes, IPv4 as ::ffff:a.b.c.d. */
static bool address_of(const char *text, struct in6_addr *ret)
{
	char mapped[INET6_ADDRSTRLEN + 8];

	if (inet_pton(AF_INET6, text, ret) == 1)
		return true;
	snprintf(mapped, sizeof(mapped), "::ffff:%s", text);
	return !strchr(text, ':') && inet_pton(AF_INET6, mapped, ret) == 1;
}

/* "10.0.0.5", "10.0.0.5:5432", "fe80::1", "[fe80::1]", "[fe80::1]:5432": address, port or 0. */
static bool peer_of(const char *text, struct in6_addr *address, uint16_t *port)
{
	char copy[SELECT_TEXT], *end = NULL, *from = copy;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	*port = 0;
	if (*copy == '[') {
		from = copy + 1;
		end = strchr(from, ']');
		if (!end)
			return false;
		*end++ = '\0';
		if (*end && *end != ':')
			return false;
	} else {
		end = strchr(copy, ':');
		if (!end || strchr(end + 1, ':'))
			end = copy + strlen(copy);
	}
	if (*end) {
		*end++ = '\0';
		*port = port_of(end);
		if (!*port)
			return false;
	}
	return address_of(from, address);
}

static bool peer_matches(const char *wanted, const struct service_row *row)
{
	struct in6_addr address, peer;
	uint16_t port;

	if (row->role != ROLE_CLIENT || !row->id.peer_address ||
	    !peer_of(wanted, &address, &port) || !address_of(row->id.peer_address, &peer))
		return false;
	return !memcmp(&address, &peer, sizeof(peer)) && (!port || port == row->id.peer_port);
}

static bool protocol_matches(const char *wanted, const struct service_row *row)
{
	return !strcmp(wanted, row->protocol ? row->protocol : "unknown");
}

bool select_matches(const char *const *select, const struct service_row *row, unsigned int without)
{
	static bool (*const matches[SELECT_KEYS])(const char *, const struct service_row *) = {
		[SELECT_PORT] = port_matches,		[SELECT_UNIT] = unit_matches,
		[SELECT_CONTAINER] = container_matches, [SELECT_POD] = pod_matches,
		[SELECT_COMM] = comm_matches,		[SELECT_EXE] = exe_matches,
		[SELECT_CGROUP] = cgroup_matches,	[SELECT_ROLE] = role_matches,
		[SELECT_PEER] = peer_matches,		[SELECT_PROTOCOL] = protocol_matches,
	};

	if (row->overflow)
		return false;
	for (unsigned int key = 0; key < SELECT_KEYS; key++) {
		if (!select[key] || without & (1u << key))
			continue;
		if (!matches[key] || !matches[key](select[key], row))
			return false;
	}
	return true;
}

const char *select_value(const struct service_row *row, enum selector_key key,
			 char buf[SELECT_TEXT])
{
	const struct identity *id = &row->id;

	switch (key) {
	case SELECT_PORT:
		snprintf(buf, SELECT_TEXT, "%u", row_port(row));
		return buf;
	case SELECT_UNIT:
		return id->unit;
	case SELECT_CONTAINER:
		return id->container;
	case SELECT_POD:
		return id->pod;
	case SELECT_COMM:
		return id->comm;
	case SELECT_EXE:
		return id->exe;
	case SELECT_CGROUP:
		return id->cgroup;
	case SELECT_ROLE:
		return row->role == ROLE_SERVER ? "server" : "client";
	case SELECT_PEER:
		if (row->role != ROLE_CLIENT || !id->peer_address)
			return NULL;
		snprintf(buf, SELECT_TEXT, strchr(id->peer_address, ':') ? "[%s]:%u" : "%s:%u",
			 id->peer_address, id->peer_port);
		return buf;
	case SELECT_PROTOCOL:
		return row->protocol ? row->protocol : "unknown";
	default:
		return NULL;
	}
}
