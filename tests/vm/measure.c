// SPDX-License-Identifier: Apache-2.0
/* measure.c - see measure.h. */
#include "measure.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"

/* Parsing types and verifying on an emulated CPU: some 10 s, three times that where the host is busy. */
#define START_LIMIT_S 120
#define STOP_LIMIT_S  120

const char *troth_path = "/bin/troth";

static pid_t spawn(char *const argv[], int out, int err)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execv(troth_path, argv);
	_exit(127);
}

/* The whole of a file, as a string to be freed. */
static char *text_of(int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) || !(text = malloc((size_t)st.st_size + 1)))
		return NULL;
	n = pread(fd, text, (size_t)st.st_size, 0);
	text[n < 0 ? 0 : n] = 0;
	return text;
}

/* Waits in small steps; true once the child is gone. */
static bool gone(struct measurement *m)
{
	int status;

	if (m->pid > 0 && waitpid(m->pid, &status, WNOHANG) == m->pid) {
		m->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		m->pid = 0;
	}
	return m->pid <= 0;
}

static void moment(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static bool ended_within(struct measurement *m, time_t limit_s)
{
	time_t until = now_s() + limit_s;

	while (!gone(m)) {
		if (now_s() > until)
			return false;
		moment();
	}
	return true;
}

static int explain(struct measurement *m, char *why, const char *what)
{
	_cleanup_(freep) char *said = text_of(m->err);
	char *line;

	snprintf(why, WHY_MAX, "%s, exit code %d: %s", what, m->code, said ? said : "");
	for (line = why; (line = strchr(line, '\n')); line++)
		*line = line[1] ? '|' : 0;
	return -1;
}

int measure_start(struct measurement *m, const char *backend, const uint16_t *ports, unsigned int n,
		  char *why)
{
	time_t until = now_s() + START_LIMIT_S;
	char at[MEASURE_PORTS_MAX][8];
	char *argv[8 + 2 * MEASURE_PORTS_MAX + 1] = {
		"troth", "check", "--output", "json", "-d", "1h", "--backend", (char *)backend
	};

	for (unsigned int i = 0; i < n && n <= MEASURE_PORTS_MAX; i++) {
		snprintf(at[i], sizeof(at[i]), "%u", ports[i]);
		argv[8 + 2 * i] = "--port";
		argv[9 + 2 * i] = at[i];
	}
	*m = (struct measurement){ .out = memfd_create("out", MFD_CLOEXEC),
				   .err = memfd_create("err", MFD_CLOEXEC) };
	m->pid = spawn(argv, m->out, m->err);
	for (;;) {
		_cleanup_(freep) char *said = text_of(m->err);

		if (said && (!strncmp(said, "ready\n", 6) || strstr(said, "\nready\n")))
			return 0;
		if (gone(m))
			return explain(m, why, "troth did not start");
		if (now_s() > until)
			return explain(m, why, "troth did not say ready");
		moment();
	}
}

int measure_stop(struct measurement *m, char *why)
{
	_cleanup_(freep) char *said = NULL;
	long long skipped, caught_up;
	json_error_t error;

	if (!gone(m))
		kill(m->pid, SIGINT);
	if (!ended_within(m, STOP_LIMIT_S))
		return explain(m, why, "troth did not end after SIGINT");
	said = text_of(m->out);
	m->json = json_loads(said ? said : "", 0, &error);
	if (!m->json)
		return explain(m, why, "no JSON from troth");
	skipped = measure_missed_runs(m) + measure_loss(m, "contended");
	caught_up = measure_loss(m, "caught_up");
	m->unknown_left = skipped < caught_up ? skipped : caught_up;
	return 0;
}

void measure_clear(struct measurement *m)
{
	if (m->pid > 0) {
		kill(m->pid, SIGKILL);
		waitpid(m->pid, NULL, 0);
	}
	closep(&m->out);
	closep(&m->err);
	json_decref(m->json);
	*m = (struct measurement){ .out = -1, .err = -1 };
}

int troth_run(char *const argv[], char **ret_text)
{
	struct measurement m = { .out = memfd_create("out", MFD_CLOEXEC), .err = -1 };
	int code;

	m.pid = spawn(argv, m.out, m.out);
	code = ended_within(&m, START_LIMIT_S) ? m.code : -1;
	*ret_text = text_of(m.out);
	measure_clear(&m);
	return code;
}
