/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure.h - `troth check` around a scene, and whether what it says is what the scene counted.
 * Knows troth's command line, exit codes and JSON (the contract), nothing of its insides.
 */
#ifndef TROTH_VM_MEASURE_H
#define TROTH_VM_MEASURE_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

struct scene;

#define WHY_MAX		  1024
#define MEASURE_PORTS_MAX 16 /* as many as troth takes */

enum { TROTH_NO_TRAFFIC = 4, TROTH_UNABLE = 3 };

struct measurement {
	pid_t pid;
	int out, err; /* files that it writes */
	int code;     /* its exit code, once it has ended */
	json_t *json;
	long long unknown_left; /* exchanges that may yet be unknown since hooks were skipped */
};

/* Returns once troth said "ready"; else -1, and why. More ports than troth takes are no filter. */
int measure_start(struct measurement *m, const char *backend, const uint16_t *ports, unsigned int n,
		  char *why);
/* Ends it and reads its document; -1 and why where that is none. */
int measure_stop(struct measurement *m, char *why);
void measure_clear(struct measurement *m); /* leaves no process */

/*
 * 0 if both roles' services at the scene's port tell what the scene counted; else -1, and why.
 * Where runs of hooks were skipped, or gave up the lock, an outcome may be unknown instead, for as
 * many exchanges of all scenes together as that happened, and as troth had steps to catch up; never
 * another outcome, and never no exchange.
 */
int measure_compare(struct measurement *m, struct scene *s, char *why);
/* 0 if nothing was lost in any scene; else -1, and why. */
int measure_compare_losses(const struct measurement *m, char *why);
long long measure_missed_runs(const struct measurement *m);
long long measure_loss(const struct measurement *m, const char *name);
char *measure_losses_text(const struct measurement *m); /* of all scenes, to be freed */

/* Runs troth to its end: its exit code, and what it wrote (to be freed), both streams in one. */
int troth_run(char *const argv[], char **ret_text);
extern const char *troth_path;

#endif
