// SPDX-License-Identifier: Apache-2.0
/* loop.c - epoll over watches; a timer is a watch of a timerfd. */
#include "loop.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#define EVENTS_MAX 64
#define NSEC	   1000000000ull

struct loop_watch {
	struct loop *loop;
	int fd;
	bool over; /* ended while its events may still be in hand: freed after them */
	void (*ready)(void *context, uint32_t events);
	void *context;
	struct loop_watch *next_over;
};

struct loop {
	int epoll_fd;
	bool stopped, dispatching;
	struct loop_watch *over;
};

struct loop_timer {
	struct loop_watch *watch;
	int fd;
	void (*fired)(void *context);
	void *context;
};

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0) {
		int r = -errno;

		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

static void free_over(struct loop *l)
{
	while (l->over) {
		struct loop_watch *w = l->over;

		l->over = w->next_over;
		free(w);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	free_over(l);
	close(l->epoll_fd);
	free(l);
}

int loop_watch(struct loop *l, int fd, uint32_t events,
	       void (*ready)(void *context, uint32_t events), void *context,
	       struct loop_watch **ret)
{
	_cleanup_(freep) struct loop_watch *w = calloc(1, sizeof(*w));
	struct epoll_event e = { .events = events, .data.ptr = w };

	if (!w)
		return -ENOMEM;
	*w = (struct loop_watch){ .loop = l, .fd = fd, .ready = ready, .context = context };
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e))
		return -errno;
	*ret = TAKE(w);
	return 0;
}

int loop_watch_change(struct loop_watch *w, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	return epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &e) ? -errno : 0;
}

void loop_watch_end(struct loop_watch *w)
{
	if (!w)
		return;
	epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	if (!w->loop->dispatching) {
		free(w);
		return;
	}
	w->over = true;
	w->next_over = w->loop->over;
	w->loop->over = w;
}

static void timer_ready(void *context, uint32_t events)
{
	struct loop_timer *t = context;
	uint64_t times;

	(void)events;
	if (read(t->fd, &times, sizeof(times)) == sizeof(times))
		t->fired(t->context);
}

int loop_timer(struct loop *l, void (*fired)(void *context), void *context, struct loop_timer **ret)
{
	_cleanup_(freep) struct loop_timer *t = calloc(1, sizeof(*t));
	_cleanup_(closep) int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int r;

	if (!t || fd < 0)
		return t ? -errno : -ENOMEM;
	*t = (struct loop_timer){ .fd = fd, .fired = fired, .context = context };
	r = loop_watch(l, fd, EPOLLIN, timer_ready, t, &t->watch);
	if (r)
		return r;
	fd = -1;
	*ret = TAKE(t);
	return 0;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NSEC), .tv_nsec = (long)(ns % NSEC) };
}

int loop_timer_set(struct loop_timer *t, uint64_t after_ns, uint64_t every_ns)
{
	/* Nothing at all would disarm it. */
	struct itimerspec spec = { .it_value = timespec_of(after_ns ? after_ns : 1),
				   .it_interval = timespec_of(every_ns) };

	return timerfd_settime(t->fd, 0, &spec, NULL) ? -errno : 0;
}

int loop_timer_stop(struct loop_timer *t)
{
	return timerfd_settime(t->fd, 0, &(struct itimerspec){}, NULL) ? -errno : 0;
}

void loop_timer_end(struct loop_timer *t)
{
	if (!t)
		return;
	loop_watch_end(t->watch);
	close(t->fd);
	free(t);
}

int loop_run(struct loop *l)
{
	struct epoll_event events[EVENTS_MAX];

	l->stopped = false;
	while (!l->stopped) {
		int n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		l->dispatching = true;
		for (int i = 0; i < n && !l->stopped; i++) {
			struct loop_watch *w = events[i].data.ptr;

			if (!w->over)
				w->ready(w->context, events[i].events);
		}
		l->dispatching = false;
		free_over(l);
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
