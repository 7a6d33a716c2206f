/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - what people call the program that a process runs.
 * Pure: executable, comm and command line in, a name out.
 */
#ifndef TROTH_COLLECT_PROGRAM_H
#define TROTH_COLLECT_PROGRAM_H

#include <stddef.h>

/*
 * In this order:
 *  - a script, module, jar or main class, where the executable is an interpreter
 *    (python3 -m gunicorn: gunicorn; node server.js: server.js; java -jar shop-1.2.jar: shop);
 *  - the name it was started by, if comm and the first word of the command line agree on it
 *    (Debian's redis-server is a link to redis-check-rdb);
 *  - the base name of the executable, whatever comm was changed to;
 *  - comm.
 * Nothing in it changes with pid, worker number or address. exe, comm and command may be NULL;
 * command is size bytes, words ended by NUL, and one more NUL behind them.
 * The caller frees. 0, -ENODATA (nothing is known), -ENOMEM.
 */
int program_name(const char *exe, const char *comm, const char *command, size_t size, char **ret);

#endif
