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

#define WHY_MAX 1024

enum { TROTH_NO_TRAFFIC = 4, TROTH_UNABLE = 3 };

struct measurement {
	pid_t pid;
	int out, err; /* files that it writes */
	int code;     /* its exit code, once it has ended */
	json_t *json;
};

/* Returns once troth said "ready"; else -1, and why. */
int measure_start(struct measurement *m, const char *backend, uint16_t port, char *why);
/* Ends it and reads its document; -1 and why where that is none. */
int measure_stop(struct measurement *m, char *why);
void measure_clear(struct measurement *m); /* leaves no process */

/* 0 if both roles' services at the scene's port tell what the scene counted; else -1, and why. */
int measure_compare(const struct measurement *m, struct scene *s, char *why);
long long measure_missed_runs(const struct measurement *m);

/* Runs troth to its end: its exit code, and what it wrote (to be freed), both streams in one. */
int troth_run(char *const argv[], char **ret_text);
extern const char *troth_path;

#endif
