/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h - what a case plays on: one port, server and client processes, and their own counts of
 * what happened. Knows processes and sockets; must not know troth.
 */
#ifndef TROTH_VM_SCENE_H
#define TROTH_VM_SCENE_H

#include <linux/types.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/abi.h"

#define PROCESSES_MAX 16

struct scene;
struct wire;

/* How one side makes its system calls; NULL in a case: send and recv. */
struct calls {
	ssize_t (*send)(int fd, const char *data, size_t len); /* all of it; -1: the peer is gone */
	ssize_t (*recv)(int fd, char *buf, size_t len);	       /* -1: the peer reset */
};

/* What a role may fail to know; the number of its exchanges is exact always. */
enum {
	BLIND = 1, /* no hook has the payload: any outcome of these may be unknown */
	COALESCED =
		2, /* one call may carry several answers: what is missing stands beside the total */
	CUT = 4,   /* the answer was cut off: how that looks from here is not promised */
};

struct vm_case {
	const char *name;
	void (*serve)(struct scene *s,
		      struct wire *w);	 /* one accepted connection, closed after it */
	void (*listen)(struct scene *s); /* or: a server process altogether */
	void (*before)(struct scene *s); /* the client, before troth starts */
	void (*ask)(struct scene *s);	 /* the client, while troth measures */
	unsigned int exchanges;		 /* that either role must have counted itself */
	unsigned int connections;	 /* that each server process accepts, 1 if 0 */
	unsigned int processes;		 /* servers and as many clients, 1 if 0 */
	unsigned int may[ROLES];
	const struct calls *calls[ROLES];
	int family;	  /* of the server, AF_INET if 0; AF_INET6 is dual stack */
	const char *host; /* that the client connects to, 127.0.0.1 if NULL */
};

enum cue { CUE_TO_SERVER, CUE_TO_CLIENT, CUE_BEGIN, CUE_PREPARED, CUES };

/* In memory that all processes of a case share. */
struct scene {
	const struct vm_case *played;
	uint16_t port;
	int listener;
	sem_t cues[CUES];
	atomic_uint counted[ROLES][OUTCOMES];
	pid_t servers[PROCESSES_MAX], clients[PROCESSES_MAX];
	unsigned int processes;
	atomic_flag troubled;
	char trouble[256]; /* the first thing that went wrong, empty if nothing did */
};

/* Processes, from the guest's side. Errors are in trouble; scene_end leaves no process. */
void scene_init(struct scene *s, const struct vm_case *c, uint16_t port);
int scene_begin(struct scene *s);   /* listens, starts every process */
int scene_prepare(struct scene *s); /* until every client has done what comes before */
int scene_play(struct scene *s);    /* until every process has ended */
void scene_end(struct scene *s);

/* From inside the plays. */
void counted(struct scene *s, enum role role, enum outcome o);
void tell(struct scene *s, enum cue c);
void wait_for(struct scene *s, enum cue c);
int connect_to(struct scene *s);
int accept_one(struct scene *s);
void serve_each(struct scene *s); /* the usual server process: connections one after another */
enum outcome outcome_of(int status);

/* Ends the calling process, and the case with it. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
