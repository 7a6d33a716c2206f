// SPDX-License-Identifier: Apache-2.0
/* not_seen.c - one table of losses in words, and a list of lines. Prints nothing. */
#define _GNU_SOURCE 1
#include "not_seen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "../collect/listening.h"

#define LINES_MAX 48 /* every loss, every port and two more; what is beyond is left out */
#define NAMES_MAX 4  /* services by name in one line */

struct not_seen {
	char *lines[LINES_MAX + 1];
	unsigned int n;
};

int not_seen_new(struct not_seen **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void not_seen_free(struct not_seen *n)
{
	if (!n)
		return;
	for (unsigned int i = 0; i < n->n; i++)
		free(n->lines[i]);
	free(n);
}

const char *const *not_seen_lines(const struct not_seen *n)
{
	return (const char *const *)n->lines;
}

__attribute__((format(printf, 2, 3))) static void add(struct not_seen *n, const char *format, ...)
{
	va_list args;

	if (n->n == LINES_MAX)
		return;
	va_start(args, format);
	if (vasprintf(&n->lines[n->n], format, args) >= 0)
		n->n++;
	else
		n->lines[n->n] = NULL;
	va_end(args);
}

/*
 * `caught_up` depends on the backend: see caught_up_words().
 * `contended` and `unannounced` are not here: the next look, the next tick makes up for them, and no
 * number differs.
 */
static const struct {
	size_t offset; /* in struct losses */
	const char *what;
	const char *meaning;
} losses[] = {
	{ offsetof(struct losses, no_storage), "connections without kernel memory for their state",
	  "lost: exchanges of theirs are in no count" },
	{ offsetof(struct losses, no_listener), "listening sockets without kernel memory",
	  "what their accept queues dropped is not counted" },
	{ offsetof(struct losses, unseen), "connections that hooks knew too late",
	  "lost: exchanges of theirs are in no count" },
	{ offsetof(struct losses, unseen_mptcp), "connections of multipath TCP",
	  "lost: their bytes pass no hook" },
	{ offsetof(struct losses, merged), "exchanges that two looks could not tell apart",
	  "lost: counted as parts of their neighbours" },
	{ offsetof(struct losses, no_series[ROLE_SERVER]), "server connections beyond --max-series",
	  "counted, but not attributed to their service; raise --max-series" },
	{ offsetof(struct losses, no_series[ROLE_CLIENT]), "client connections beyond --max-series",
	  "counted, but not attributed to their service; raise --max-series" },
	{ offsetof(struct losses, endpoints_full), "connections beyond the table of endpoints",
	  "counted, but not attributed to their service; raise --max-series" },
	{ offsetof(struct losses, no_registers),
	  "payloads moved by io_uring, the kernel or a 32-bit program",
	  "timed, their outcome may be unknown" },
	{ offsetof(struct losses, unreadable), "payloads that were not in memory",
	  "timed, their outcome may be unknown" },
	{ offsetof(struct losses, bodiless_window),
	  "payloads that passed no buffer (sendfile, splice)",
	  "timed, their outcome may be unknown" },
	{ offsetof(struct losses, undated), "answers whose end is known to a tick only",
	  "counted; a latency objective whose limit lies within that tick is not exact" },
	{ offsetof(struct losses, unparsed_end), "connections that ended within an unread request",
	  "if it was one, it is in no count" },
};

/* To the syscall backend everything that passes no call it knows is such a step. */
static const char *caught_up_words(const char *backend)
{
	return backend && !strcmp(backend, "syscall") ?
		       "steps that no system call showed in time (io_uring, the kernel, a 32-bit "
		       "program; or another thread came first): nothing lost; an answer among "
		       "them has an unknown outcome, and a time known to a tick" :
		       "steps that no hook saw, caught up by a later one: nothing lost; a payload "
		       "among them has an unknown outcome";
}

static uint64_t loss_at(const struct losses *l, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)l + offset, sizeof(value));
	return value;
}

void not_seen_losses(struct not_seen *n, const struct measurement_row *m)
{
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		uint64_t value = loss_at(&m->losses, losses[i].offset);

		if (value)
			add(n, "%" PRIu64 " %s: %s", value, losses[i].what, losses[i].meaning);
	}
	if (m->losses.caught_up)
		add(n, "%llu %s", m->losses.caught_up, caught_up_words(m->backend));
	if (m->missed_probe_runs)
		add(n,
		    "%" PRIu64 " probe runs skipped by the kernel: made up for by sequence numbers",
		    m->missed_probe_runs);
}

/* "a, b, c and 4 more" of the listed services of a protocol; how many there are. */
static size_t names_of(const struct sample *listed, const char *protocol, char *buf, size_t size)
{
	size_t found = 0, used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < listed->n_services; i++) {
		const struct service_row *row = &listed->services[i];

		if (row->overflow || !row->protocol || strcmp(row->protocol, protocol) ||
		    !counts_total(&row->counts))
			continue;
		if (found++ < NAMES_MAX && used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
						 found > 1 ? ", " : "",
						 row->id.name ? row->id.name : "?");
	}
	if (found > NAMES_MAX && used < size)
		snprintf(buf + used, size - used, " and %zu more", found - NAMES_MAX);
	return found;
}

void not_seen_protocols(struct not_seen *n, const struct sample *listed)
{
	char names[256];

	if (names_of(listed, "tls", names, sizeof(names)))
		add(n, "encrypted (TLS), so timed but of unknown outcome: %s", names);
	if (names_of(listed, "unknown", names, sizeof(names)))
		add(n, "of no protocol known here, so timed but of unknown outcome: %s", names);
}

static bool port_has_traffic(const struct sample *listed, uint16_t port)
{
	for (size_t i = 0; i < listed->n_services; i++) {
		const struct service_row *row = &listed->services[i];

		if ((row->role == ROLE_SERVER ? row->id.port : row->id.peer_port) == port)
			return true;
	}
	return false;
}

const char *const *not_seen_ports(struct not_seen *n, const struct sample *listed,
				  const uint16_t *ports, unsigned int n_ports)
{
	bool listening[FILTER_PORTS];
	unsigned int first = n->n;

	if (n_ports <= FILTER_PORTS && listening_ports(ports, n_ports, listening) == 0)
		for (unsigned int i = 0; i < n_ports; i++)
			if (!listening[i] && !port_has_traffic(listed, ports[i]))
				add(n, "port %u: nobody listens on it here, and nobody called it",
				    ports[i]);
	return not_seen_lines(n) + first;
}
