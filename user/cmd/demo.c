// SPDX-License-Identifier: Apache-2.0
/*
 * demo.c - the two children, their life, and the comparison at the end. What they say to each
 * other is in demo_talk.c.
 */
#define _GNU_SOURCE 1
#include "demo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "demo_talk.h"

enum { SERVER, CLIENT, CHILDREN };

struct demo {
	struct sockaddr_in address;
	pid_t child[CHILDREN];
	int go_fd;		  /* a byte for each child: go */
	int over_fd;		  /* its other end closes with the last child */
	struct demo_tally *tally; /* shared with the client */
};

static int listener_new(struct sockaddr_in *address, int *ret_fd)
{
	socklen_t size = sizeof(*address);
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)address, size) || listen(fd, DEMO_CONNECTIONS) ||
	    getsockname(fd, (struct sockaddr *)address, &size))
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Waits for go (end of file: the parent is gone), does its part, skips the exit handlers. */
static void child_run(const struct demo *d, int which, int listener, int go_fd)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(d->over_fd);
	close(d->go_fd);
	if (which == CLIENT)
		close(listener);
	if (read(go_fd, &byte, 1) != 1)
		_exit(1);
	if (which == SERVER)
		demo_serve(listener);
	else
		demo_visit(&d->address, d->tally);
	_exit(0);
}

static int children_start(struct demo *d, int listener)
{
	_cleanup_(closep) int go_read = -1;
	_cleanup_(closep) int over_write = -1;
	int go[2], over[2];

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	go_read = go[0];
	d->go_fd = go[1];
	if (pipe2(over, O_CLOEXEC))
		return -errno;
	d->over_fd = over[0];
	over_write = over[1];
	for (int i = 0; i < CHILDREN; i++) {
		d->child[i] = fork();
		if (d->child[i] < 0)
			return -errno;
		if (d->child[i] == 0)
			child_run(d, i, listener, go_read);
	}
	return 0;
}

int demo_new(struct demo **ret)
{
	_cleanup_(demo_freep) struct demo *d = calloc(1, sizeof(*d));
	_cleanup_(closep) int listener = -1;
	int r;

	if (!d)
		return -ENOMEM;
	d->go_fd = d->over_fd = -1;
	d->tally = mmap(NULL, sizeof(*d->tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (d->tally == MAP_FAILED) {
		d->tally = NULL;
		return -errno;
	}
	r = listener_new(&d->address, &listener);
	if (!r)
		r = children_start(d, listener);
	if (r)
		return r;
	*ret = TAKE(d);
	return 0;
}

void demo_free(struct demo *d)
{
	if (!d)
		return;
	for (int i = 0; i < CHILDREN; i++) {
		if (d->child[i] <= 0)
			continue;
		kill(d->child[i], SIGKILL);
		waitpid(d->child[i], NULL, 0);
	}
	closep(&d->go_fd);
	closep(&d->over_fd);
	if (d->tally)
		munmap(d->tally, sizeof(*d->tally));
	free(d);
}

uint16_t demo_port(const struct demo *d)
{
	return ntohs(d->address.sin_port);
}

int demo_start(struct demo *d)
{
	static const char go[CHILDREN];

	return write(d->go_fd, go, sizeof(go)) == sizeof(go) ? 0 : -EIO;
}

int demo_over_fd(const struct demo *d)
{
	return d->over_fd;
}

static bool row_is_demo(const struct demo *d, const struct service_row *row)
{
	uint16_t port = row->role == ROLE_SERVER ? row->id.port : row->id.peer_port;

	return !row->overflow && port == demo_port(d);
}

static void tally_of_row(const struct service_row *row, unsigned int slow, struct demo_tally *ret)
{
	*ret = (struct demo_tally){ .done = true };
	for (unsigned int o = 0; o < OUTCOMES; o++)
		ret->outcome[o] = counts_outcome(&row->counts, o);
	for (unsigned int o = OUTCOME_OK; o <= OUTCOME_SERVER_ERROR; o++)
		ret->slow += ret->outcome[o] - counts_within(&row->counts, slow, o);
}

static uint64_t tally_total(const struct demo_tally *t)
{
	uint64_t n = 0;

	for (unsigned int o = 0; o < OUTCOMES; o++)
		n += t->outcome[o];
	return n;
}

static void tally_print(const struct demo_tally *t, FILE *out)
{
	static const char *const names[OUTCOMES] = {
		[OUTCOME_OK] = "ok",
		[OUTCOME_CLIENT_ERROR] = "client_error",
		[OUTCOME_SERVER_ERROR] = "server_error",
		[OUTCOME_NO_RESPONSE] = "no_response",
		[OUTCOME_ABORTED] = "aborted",
		[OUTCOME_UNKNOWN] = "unknown",
	};
	const char *join = " (";

	fprintf(out, "%" PRIu64, tally_total(t));
	for (unsigned int o = 0; o < OUTCOMES; o++) {
		if (t->outcome[o] || o == OUTCOME_OK) {
			fprintf(out, "%s%" PRIu64 " %s", join, t->outcome[o], names[o]);
			join = ", ";
		}
	}
	fprintf(out, "; %" PRIu64 " slow)", t->slow);
}

int demo_compare(const struct demo *d, const struct sample *s, unsigned int slow, FILE *out)
{
	unsigned int rows = 0, wrong = 0;

	if (!d->tally->done) {
		fputs("demo: ended before its client had finished: nothing to compare\n", out);
		return 1;
	}
	for (size_t i = 0; i < s->n_services; i++) {
		const struct service_row *row = &s->services[i];
		struct demo_tally counted;

		if (!row_is_demo(d, row))
			continue;
		rows++;
		tally_of_row(row, slow, &counted);
		fprintf(out, "demo: client counted %" PRIu64 ", troth counted %" PRIu64 " (%s): ",
			tally_total(d->tally), tally_total(&counted),
			row->role == ROLE_SERVER ? "server" : "client");
		if (!memcmp(&counted, d->tally, sizeof(counted))) {
			fputs("equal, outcome by outcome\n", out);
			continue;
		}
		wrong++;
		fputs("they DIFFER\n  client ", out);
		tally_print(d->tally, out);
		fputs("\n  troth  ", out);
		tally_print(&counted, out);
		fputc('\n', out);
	}
	if (!rows)
		fprintf(out, "demo: client counted %" PRIu64 ", troth counted nothing\n",
			tally_total(d->tally));
	return wrong || !rows;
}
