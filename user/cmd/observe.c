// SPDX-License-Identifier: Apache-2.0
/* observe.c - one epoll loop over two timers, a signalfd and perhaps a guest. */
#include "observe.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "../base/cleanup.h"
#include "../base/moment.h"

#define NSEC_PER_SEC 1000000000ULL
#define TICK_NS	     NSEC_PER_SEC

enum source { SOURCE_SIGNAL, SOURCE_GUEST, SOURCE_TICK, SOURCE_END, SOURCES };

int observe_signals(int *ret_fd)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NSEC_PER_SEC),
				  .tv_nsec = (long)(ns % NSEC_PER_SEC) };
}

static int timer_new(uint64_t first_ns, uint64_t every_ns, int *ret_fd)
{
	struct itimerspec spec = { .it_value = timespec_of(first_ns),
				   .it_interval = timespec_of(every_ns) };
	_cleanup_(closep) int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int watch(int epoll_fd, int fd, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	if (fd < 0)
		return 0;
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void show_remaining(uint64_t end_ns)
{
	uint64_t now = moment_mono_ns();
	uint64_t left = end_ns > now ? end_ns - now : 0;

	fprintf(stderr, "\r%llu s left, Ctrl-C ends now \033[K",
		(unsigned long long)((left + NSEC_PER_SEC / 2) / NSEC_PER_SEC));
}

/* Of what is ready at once the lowest source counts: a signal goes before a tick. */
static int next_source(int epoll_fd, enum source *ret)
{
	struct epoll_event events[SOURCES];
	int n = epoll_wait(epoll_fd, events, SOURCES, -1);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	*ret = SOURCES;
	for (int i = 0; i < n; i++)
		if (events[i].data.u32 < *ret)
			*ret = events[i].data.u32;
	return n > 0;
}

static int run(const struct observation *o, int epoll_fd, int tick_fd, enum observed *ret)
{
	uint64_t end_ns = moment_mono_ns() + o->duration_ns;
	enum source source = SOURCE_END;
	uint64_t ticks;
	int r;

	for (;;) {
		if (o->progress)
			show_remaining(end_ns);
		r = next_source(epoll_fd, &source);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (source != SOURCE_TICK) {
			*ret = source == SOURCE_SIGNAL ? OBSERVED_SIGNAL :
			       source == SOURCE_GUEST  ? OBSERVED_GUEST :
							 OBSERVED_ALL;
			return 0;
		}
		if (read(tick_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
			return -errno;
		r = o->tick(o->ticked);
		if (r)
			return r;
	}
}

int observe(const struct observation *o, enum observed *ret)
{
	_cleanup_(closep) int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	_cleanup_(closep) int tick_fd = -1;
	_cleanup_(closep) int end_fd = -1;
	int r;

	if (epoll_fd < 0)
		return -errno;
	r = timer_new(TICK_NS, TICK_NS, &tick_fd);
	if (!r)
		r = timer_new(o->duration_ns, 0, &end_fd);
	if (!r)
		r = watch(epoll_fd, o->signal_fd, SOURCE_SIGNAL);
	if (!r)
		r = watch(epoll_fd, o->guest_fd, SOURCE_GUEST);
	if (!r)
		r = watch(epoll_fd, tick_fd, SOURCE_TICK);
	if (!r)
		r = watch(epoll_fd, end_fd, SOURCE_END);
	if (!r)
		r = run(o, epoll_fd, tick_fd, ret);
	if (o->progress)
		fputs("\r\033[K", stderr);
	return r;
}
