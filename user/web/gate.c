// SPDX-License-Identifier: Apache-2.0
/*
 * gate.c - accepts itself and hands connections to libmicrohttpd, so that a full house is no closed
 * door. A connection is dropped by shutting its socket down: libmicrohttpd then sees its end, and closes.
 * Leaves HTTP to libmicrohttpd, answers to the caller.
 */
#include "gate.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../base/moment.h"
#include "places.h"

#define NSEC	     1000000000ull
#define ACCEPTS_MAX  16 /* at a time: each is looked at once before the next ones come */
#define SWEEP_NS     NSEC
#define ROOM_TRIES   4
#define SLACK	     8 /* of libmicrohttpd's own limits: what reaches those is not counted */
#define ANSWER_TIMES 6
#define NO_FD_NS     (NSEC / 10)

struct gate {
	struct gate_options o;
	struct MHD_Daemon *mhd;
	struct loop_watch *listening, *moving;
	struct loop_timer *wanted, *sweep; /* by libmicrohttpd; to look for who is too slow */
	struct loop_timer *hears_again;	   /* after a moment without any descriptor */
	bool sweeping;
	struct gate_counts counts;
	char *why; /* while it starts: libmicrohttpd's words */
	size_t why_size;
	struct place *arriving;
	struct places places;
};

static void drop(struct place *p)
{
	p->dropped = true;
	shutdown(p->fd, SHUT_RDWR);
}

void gate_relieve(struct gate *g, size_t max)
{
	struct place *oldest;

	while (places_bytes_read(&g->places) > max && (oldest = places_oldest_reader(&g->places))) {
		drop(oldest);
		g->counts.dropped++;
		loop_timer_set(g->wanted, 0, 0);
	}
}

static void run(struct gate *g)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(g->mhd);
	if (MHD_get_timeout(g->mhd, &ms) == MHD_YES)
		loop_timer_set(g->wanted, ms * 1000000, 0);
	else
		loop_timer_stop(g->wanted);
	/* On its own clock: whoever keeps the loop busy does not put it off. */
	if (g->sweeping == (g->places.n_used > 0))
		return;
	g->sweeping = !g->sweeping;
	if (g->sweeping)
		loop_timer_set(g->sweep, SWEEP_NS, SWEEP_NS);
	else
		loop_timer_stop(g->sweep);
}

/* One that is shut down goes as soon as libmicrohttpd looks. */
static void make_room(struct gate *g)
{
	struct place *worst = places_least_missed(&g->places);

	if (worst) {
		drop(worst);
		g->counts.dropped++;
	}
	MHD_run(g->mhd);
}

static void whose(const struct sockaddr_storage *a, unsigned char who[8])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

	memset(who, 0, 8);
	if (a->ss_family == AF_INET)
		memcpy(who, &((const struct sockaddr_in *)a)->sin_addr, 4);
	else if (a->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(who, v6->sin6_addr.s6_addr + 12, 4);
	else if (a->ss_family == AF_INET6)
		memcpy(who, v6->sin6_addr.s6_addr, 8);
}

/* One connection. 0, or -errno of accept(2). */
static int let_in(struct gate *g)
{
	struct sockaddr_storage a = {};
	socklen_t size = sizeof(a);
	int fd =
		accept4(g->o.listen_fd, (struct sockaddr *)&a, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct place *p = NULL;

	if (fd < 0)
		return -errno;
	for (unsigned int tries = 0; !p && tries < ROOM_TRIES; tries++) {
		if (tries)
			make_room(g);
		p = places_free(&g->places);
	}
	g->counts.accepted++;
	if (!p) {
		close(fd);
		g->counts.dropped++;
		return 0;
	}
	*p = (struct place){ .fd = fd, .since_ns = moment_mono_ns() };
	whose(&a, p->who);
	/* A peer without a name has an address of no length, which libmicrohttpd does not like. */
	if (size < sizeof(a.ss_family))
		size = sizeof(struct sockaddr);
	g->places.n_used++;
	g->arriving = p;
	MHD_add_connection(g->mhd, fd, (struct sockaddr *)&a, size);
	/* Refused: nothing was said of its beginning, and it is closed already. */
	if (g->arriving) {
		g->arriving = NULL;
		p->fd = -1;
		g->places.n_used--;
		g->counts.dropped++;
	}
	return 0;
}

static bool exhausted(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM;
}

static void knocked(void *context, uint32_t events)
{
	struct gate *g = context;
	int r = 0;

	(void)events;
	for (unsigned int i = 0; i < ACCEPTS_MAX && r != -EAGAIN; i++) {
		r = let_in(g);
		/* No descriptor is as no place. */
		if (exhausted(r) && g->places.n_used)
			make_room(g);
	}
	/* Nothing to give up: the one that waits would wake the loop again and again. */
	if (exhausted(r) && !g->places.n_used) {
		loop_watch_change(g->listening, 0);
		loop_timer_set(g->hears_again, NO_FD_NS, 0);
	}
	run(g);
}

static void hear_again(void *context)
{
	struct gate *g = context;

	loop_watch_change(g->listening, EPOLLIN);
}

static void moved(void *context, uint32_t events)
{
	(void)events;
	run(context);
}

static void due(void *context)
{
	run(context);
}

/* Bytes that trickle in move libmicrohttpd's own timeout; not this one. */
static void look_for_slow_ones(void *context)
{
	struct gate *g = context;
	uint64_t now = moment_mono_ns(), idle_ns = g->o.idle_s * NSEC;

	for (uint32_t i = 0; i < g->places.n; i++) {
		struct place *p = &g->places.all[i];

		if (p->fd < 0 || p->dropped ||
		    now - p->since_ns < (p->busy ? ANSWER_TIMES * idle_ns : idle_ns))
			continue;
		drop(p);
		g->counts.expired++;
	}
	run(g);
}

static void connection_notified(void *context, struct MHD_Connection *c, void **socket_context,
				enum MHD_ConnectionNotificationCode what)
{
	struct gate *g = context;
	struct place *p = *socket_context;

	(void)c;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = g->arriving;
		g->arriving = NULL;
	} else if (p) {
		p->fd = -1;
		g->places.n_used--;
		*socket_context = NULL;
	}
}

static struct place *place_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i ? i->socket_context : NULL;
}

static enum MHD_Result asked(void *context, struct MHD_Connection *c, const char *path,
			     const char *method, const char *version, const char *body,
			     size_t *body_size, void **state)
{
	struct gate *g = context;
	struct place *p = place_of(c);

	(void)version;
	(void)body;
	return p ? g->o.answer(g->o.context, p, c, path, method, body_size, state) : MHD_NO;
}

static void request_over(void *context, struct MHD_Connection *c, void **state,
			 enum MHD_RequestTerminationCode how)
{
	struct place *p = place_of(c);

	(void)context;
	(void)how;
	*state = NULL;
	if (!p)
		return;
	p->busy = false;
	p->what = NULL;
	p->since_ns = moment_mono_ns();
}

void gate_answering(struct place *p, const void *what, size_t bytes)
{
	p->busy = true;
	p->what = what;
	p->bytes = bytes;
	p->since_ns = moment_mono_ns();
}

/* Of a running daemon libmicrohttpd tells what clients do wrong: that is not worth a line. */
static __attribute__((format(printf, 2, 0))) void said(void *context, const char *format,
						       va_list args)
{
	struct gate *g = context;

	if (!g->why || *g->why)
		return;
	vsnprintf(g->why, g->why_size, format, args);
	g->why[strcspn(g->why, "\r\n")] = '\0';
}

static int start(struct gate *g, char *why, size_t why_size)
{
	bool tls = g->o.cert && g->o.key;
	struct MHD_OptionItem keys[] = { { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)g->o.cert },
					 { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)g->o.key },
					 { MHD_OPTION_END, 0, NULL } };
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	const union MHD_DaemonInfo *info;
	int r;

	if (tls && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
		snprintf(why, why_size,
			 "this libmicrohttpd was built without TLS: leave the "
			 "certificate out, and put a proxy before it");
		return -ENOTSUP;
	}
	*why = '\0';
	g->why = why;
	g->why_size = why_size;
	/* The logger is the first option: what the others complain of goes to it. */
	g->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
					  (tls ? MHD_USE_TLS : 0),
				  0, NULL, NULL, asked, g, MHD_OPTION_EXTERNAL_LOGGER, said, g,
				  MHD_OPTION_CONNECTION_LIMIT, (unsigned int)(g->places.n + SLACK),
				  MHD_OPTION_CONNECTION_TIMEOUT,
				  (unsigned int)(ANSWER_TIMES * g->o.idle_s + SLACK),
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)GATE_CONN_SIZE,
				  MHD_OPTION_NOTIFY_CONNECTION, connection_notified, g,
				  MHD_OPTION_NOTIFY_COMPLETED, request_over, g,
				  MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_ARRAY,
				  tls ? keys : none, MHD_OPTION_END);
	g->why = NULL;
	info = g->mhd ? MHD_get_daemon_info(g->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info || info->epoll_fd < 0) {
		if (!*why)
			snprintf(why, why_size, "libmicrohttpd does not start: %s",
				 strerror(errno));
		return -EINVAL;
	}
	r = loop_timer(g->o.loop, due, g, &g->wanted);
	if (!r)
		r = loop_timer(g->o.loop, look_for_slow_ones, g, &g->sweep);
	if (!r)
		r = loop_timer(g->o.loop, hear_again, g, &g->hears_again);
	if (!r)
		r = loop_watch(g->o.loop, info->epoll_fd, EPOLLIN, moved, g, &g->moving);
	if (!r)
		r = loop_watch(g->o.loop, g->o.listen_fd, EPOLLIN, knocked, g, &g->listening);
	return r;
}

int gate_new(const struct gate_options *o, struct gate **ret, char *why, size_t why_size)
{
	_cleanup_(gate_freep) struct gate *g = calloc(1, sizeof(*g));
	int r;

	if (!g) {
		close(o->listen_fd);
		return -ENOMEM;
	}
	g->o = *o;
	r = places_new(&g->places, o->connections_max);
	if (r)
		return r;
	r = start(g, why, why_size);
	if (r)
		return r;
	*ret = TAKE(g);
	return 0;
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	loop_watch_end(g->listening);
	loop_watch_end(g->moving);
	loop_timer_end(g->wanted);
	loop_timer_end(g->sweep);
	loop_timer_end(g->hears_again);
	if (g->mhd)
		MHD_stop_daemon(g->mhd);
	places_clear(&g->places);
	close(g->o.listen_fd);
	free(g);
}

int gate_fd(const struct gate *g)
{
	return g->o.listen_fd;
}

void gate_counts(const struct gate *g, struct gate_counts *ret)
{
	*ret = g->counts;
}
