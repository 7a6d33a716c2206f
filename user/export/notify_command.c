// SPDX-License-Identifier: Apache-2.0
/*
 * notify_command.c - the input is a sealed file in memory: a program that does not read it holds
 * nothing up, and none gets half of it. The output is read so that nobody waits for room in a pipe.
 */
#include "notify_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define READ_SIZE   4096
#define DEATH_MS    1000 /* after SIGKILL, which a hung disk may hold up */
#define DRAIN_READS 64

struct command_run {
	pid_t pid;
	int pidfd, output_fd;
	struct loop_watch *end_watch, *output_watch;
	struct loop_timer *timer;
	uint64_t timeout_ns;
	bool timed_out, line_over;
	size_t line_length;
	char line[COMMAND_LINE_MAX + 1];
	void (*ended)(void *context, const char *why);
	void *context;
};

static int input_file(const char *input)
{
	_cleanup_(closep) int fd = memfd_create("notification", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t length = strlen(input), done = 0;

	if (fd < 0)
		return -errno;
	while (done < length) {
		ssize_t n = write(fd, input + done, length - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return -errno;
	return ({
		int owned = fd;

		fd = -1;
		owned;
	});
}

/* All signals as a fresh program has them, a process group to kill, nothing of ours open. */
static int spawn(const char *path, int input_fd, int output_fd, char **environment, pid_t *ret)
{
	char *const arguments[] = { (char *)path, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		posix_spawn_file_actions_destroy(&actions);
		return -r;
	}
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	r = posix_spawn_file_actions_adddup2(&actions, input_fd, STDIN_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, output_fd, STDERR_FILENO);
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (!r)
		r = posix_spawn(ret, path, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* The first line is kept as far as there is room, the rest is thrown away. */
static void take_output(struct command_run *r, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && !r->line_over; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '\n' || r->line_length == COMMAND_LINE_MAX)
			r->line_over = true;
		else
			r->line[r->line_length++] = (char)(c < ' ' || c == 0x7f ? '?' : c);
	}
}

/* Whether there may be more. */
static bool read_output(struct command_run *r)
{
	char bytes[READ_SIZE];
	ssize_t n = read(r->output_fd, bytes, sizeof(bytes));

	if (n > 0)
		take_output(r, bytes, (size_t)n);
	return n > 0;
}

static void output_ready(void *context, uint32_t events)
{
	struct command_run *r = context;

	(void)events;
	if (read_output(r) || errno == EAGAIN)
		return;
	loop_watch_end(r->output_watch);
	r->output_watch = NULL;
}

static void release(struct command_run *r)
{
	loop_watch_end(r->end_watch);
	loop_watch_end(r->output_watch);
	loop_timer_end(r->timer);
	if (r->pidfd >= 0)
		close(r->pidfd);
	if (r->output_fd >= 0)
		close(r->output_fd);
	free(r);
}

/* The group's number is not used again before its leader is waited for. */
static void kill_group(const struct command_run *r)
{
	kill(-r->pid, SIGKILL);
}

static void describe(const struct command_run *r, int waited, const siginfo_t *end, char *why,
		     size_t size)
{
	int n;

	if (r->timed_out)
		n = snprintf(why, size, "was still running after %.3g s, and was killed",
			     (double)r->timeout_ns / 1e9);
	else if (waited)
		n = snprintf(why, size, "its exit code is not known: %s", strerror(waited));
	else if (end->si_code == CLD_EXITED)
		n = snprintf(why, size, "exit code %d", end->si_status);
	else
		n = snprintf(why, size, "killed by signal %d", end->si_status);
	if (r->line_length && (size_t)n < size)
		snprintf(why + n, size - (size_t)n, ": \"%s\"", r->line);
}

static void end_ready(void *context, uint32_t events)
{
	struct command_run *r = context;
	void (*ended)(void *, const char *) = r->ended;
	void *ended_context = r->context;
	char why[COMMAND_LINE_MAX + 128];
	siginfo_t end = {};
	bool good;
	int waited;

	(void)events;
	waited = waitid(P_PIDFD, (id_t)r->pidfd, &end, WEXITED | WNOHANG) ? errno : 0;
	if (!waited && !end.si_pid)
		return;
	for (int i = 0; i < DRAIN_READS && !r->line_over && read_output(r); i++)
		;
	good = !r->timed_out && !waited && end.si_code == CLD_EXITED && !end.si_status;
	describe(r, waited, &end, why, sizeof(why));
	release(r);
	ended(ended_context, good ? NULL : why);
}

static void too_long(void *context)
{
	struct command_run *r = context;

	r->timed_out = true;
	kill_group(r);
}

static void reap(struct command_run *r)
{
	struct pollfd over = { .fd = r->pidfd, .events = POLLIN };
	siginfo_t end;

	kill_group(r);
	if (r->pidfd >= 0 && poll(&over, 1, DEATH_MS) > 0)
		waitid(P_PIDFD, (id_t)r->pidfd, &end, WEXITED | WNOHANG);
	else if (r->pidfd < 0)
		waitid(P_PID, (id_t)r->pid, &end, WEXITED);
}

void command_kill(struct command_run *r)
{
	if (!r)
		return;
	reap(r);
	release(r);
}

static int watch_it(struct command_run *r, struct loop *loop)
{
	int e;

	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	if (r->pidfd < 0)
		return -errno;
	e = loop_watch(loop, r->pidfd, EPOLLIN, end_ready, r, &r->end_watch);
	if (!e)
		e = loop_watch(loop, r->output_fd, EPOLLIN, output_ready, r, &r->output_watch);
	if (!e)
		e = loop_timer(loop, too_long, r, &r->timer);
	return e ? e : loop_timer_set(r->timer, r->timeout_ns, 0);
}

int command_start(struct loop *loop, const char *path, const char *input, char **environment,
		  uint64_t timeout_ns, void (*ended)(void *context, const char *why), void *context,
		  struct command_run **ret)
{
	_cleanup_(closep) int input_fd = input_file(input), write_fd = -1;
	struct command_run *r;
	int fds[2], e;

	if (input_fd < 0)
		return input_fd;
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	write_fd = fds[1];
	r = calloc(1, sizeof(*r));
	if (!r) {
		close(fds[0]);
		return -ENOMEM;
	}
	*r = (struct command_run){ .pidfd = -1,
				   .output_fd = fds[0],
				   .timeout_ns = timeout_ns,
				   .ended = ended,
				   .context = context };
	e = fcntl(fds[0], F_SETFL, O_NONBLOCK) ? -errno : 0;
	if (!e)
		e = spawn(path, input_fd, write_fd, environment, &r->pid);
	if (e) {
		release(r);
		return e;
	}
	e = watch_it(r, loop);
	if (e) {
		command_kill(r);
		return e;
	}
	*ret = r;
	return 0;
}
