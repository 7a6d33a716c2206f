// SPDX-License-Identifier: Apache-2.0
/*
 * driver.c - the server with made-up numbers and a tick of a second, for the tests of HTTP.
 *
 *   web-driver [--services N] [--grow] [--tricky NAME] [--unix PATH] [--cert FILE --key FILE]
 *              [--token FILE] [--max N] [--idle S] [--listen ADDRESS]
 *
 * Says "port N" when it serves. Each tick is a line: "tick N late_ms MS resident_kb KB dropped N expired N",
 * where MS is how much later than planned it came. SIGHUP reloads, SIGUSR1 takes readiness away and gives it
 * back, SIGUSR2 makes now() fail and work again. A report says what it was asked for; of 1970 it takes 300 ms.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>

#include "../../user/web/server.h"
#include "made_up.h"

#define NSEC 1000000000ull

struct driver {
	struct loop *loop;
	struct server *server;
	struct made_up made;
	bool grow, dead;
	uint64_t begun_ns, ticks;
	int signals;
};

static uint64_t mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

static int now(void *context, int (*show)(void *shown, const struct now *now), void *shown)
{
	struct driver *d = context;

	return d->dead ? -EIO : show(shown, &d->made.now);
}

static int at(void *context, struct moment *ret)
{
	struct driver *d = context;

	*ret = d->made.now.at;
	return d->dead ? -EIO : 0;
}

static int report(void *context, FILE *out, int64_t from, int64_t to)
{
	(void)context;
	if (to != INT64_MAX && to > 4000000000)
		return -EINVAL;
	if (from >= 100 && from < 103) /* what a record that is in use or too large says */
		return from == 100 ? -ETIME : from == 101 ? -EBUSY : -EAGAIN;
	if (from == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	fprintf(out, "{\"schema\": \"troth.report/1\", \"from\": %lld, \"to\": %lld}\n",
		(long long)from, (long long)to);
	return 0;
}

static long resident_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (f && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void tick(void *context)
{
	struct driver *d = context;
	uint64_t planned = d->begun_ns + ++d->ticks * NSEC, at = mono_ns();
	struct server_counts c;

	server_counts(d->server, &c);
	d->made.now.http = (struct now_http){ c.accepted, c.dropped, c.expired };
	d->made.factor += d->grow;
	d->made.now.at.mono_ns += NSEC;
	d->made.now.at.wall_ns += (int64_t)NSEC;
	printf("tick %llu late_ms %lld resident_kb %ld dropped %llu expired %llu\n",
	       (unsigned long long)d->ticks, (long long)(at - planned) / 1000000, resident_kb(),
	       (unsigned long long)c.dropped, (unsigned long long)c.expired);
	if (at > planned + NSEC) /* those that were left out do not make the next ones late */
		d->ticks = (at - d->begun_ns) / NSEC;
}

static void signalled(void *context, uint32_t events)
{
	struct driver *d = context;
	struct signalfd_siginfo s;
	char why[512];

	(void)events;
	if (read(d->signals, &s, sizeof(s)) != sizeof(s))
		return;
	if (s.ssi_signo == SIGUSR1) {
		d->made.now.troubles = d->made.troubles;
		d->made.now.n_troubles ^= 1;
	} else if (s.ssi_signo == SIGUSR2) {
		d->dead = !d->dead;
	} else if (s.ssi_signo == SIGHUP) {
		int r = server_reload(d->server, why, sizeof(why));

		printf("reload %s\n", r ? why : "ok");
		return;
	} else {
		loop_stop(d->loop);
	}
	printf("signal %u\n", s.ssi_signo);
}

static int serve(struct driver *d, struct server_options *o)
{
	struct loop_watch *signals;
	struct loop_timer *timer;
	char why[512] = "";
	sigset_t set;

	sigemptyset(&set);
	for (const int *s = (const int[]){ SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, 0 }; *s; s++)
		sigaddset(&set, *s);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (loop_new(&d->loop) || loop_timer(d->loop, tick, d, &timer) ||
	    loop_watch(d->loop, d->signals, EPOLLIN, signalled, d, &signals))
		return 1;
	o->loop = d->loop;
	o->source = (struct server_source){ d, at, now, report };
	if (!server_new(o, &d->server, why, sizeof(why))) {
		printf("port %u\n", server_port(d->server));
		d->begun_ns = mono_ns();
		loop_timer_set(timer, NSEC, NSEC);
		loop_run(d->loop);
		server_free(d->server);
	} else {
		fprintf(stderr, "%s\n", why);
	}
	loop_timer_end(timer);
	loop_watch_end(signals);
	loop_free(d->loop);
	close(d->signals);
	return !d->begun_ns;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = { { "services", required_argument, NULL, 's' },
						 { "grow", no_argument, NULL, 'g' },
						 { "unix", required_argument, NULL, 'u' },
						 { "cert", required_argument, NULL, 'c' },
						 { "key", required_argument, NULL, 'k' },
						 { "token", required_argument, NULL, 't' },
						 { "max", required_argument, NULL, 'm' },
						 { "idle", required_argument, NULL, 'i' },
						 { "listen", required_argument, NULL, 'l' },
						 { "tricky", required_argument, NULL, 'n' },
						 {} };
	struct server_options o = { .listen = "127.0.0.1:0" };
	struct driver d = {};
	size_t services = 3;
	int c, code;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (made_up_new(services, &d.made))
		return 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			d.made.now.services.n = strtoul(optarg, NULL, 10);
			break;
		case 'g':
			d.grow = true;
			break;
		case 'u':
			o.unix_path = optarg;
			break;
		case 'c':
			o.cert_file = optarg;
			break;
		case 'k':
			o.key_file = optarg;
			break;
		case 't':
			o.bearer_file = optarg;
			break;
		case 'm':
			o.connections_max = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'i':
			o.idle_s = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'l':
			o.listen = optarg;
			break;
		case 'n':
			d.made.tricky = optarg;
			break;
		default:
			return 2;
		}
	}
	code = serve(&d, &o);
	made_up_clear(&d.made);
	return code;
}
