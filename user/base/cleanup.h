/* SPDX-License-Identifier: Apache-2.0 */
/* cleanup.h - scope-bound release: _cleanup_(foo_freep), and TAKE() to hand over what it holds. */
#ifndef TROTH_BASE_CLEANUP_H
#define TROTH_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Value of the variable, which is left 0 (NULL): the caller owns it from here. */
#define TAKE(var)                                                                                  \
	({                                                                                         \
		__typeof__(var) _taken = (var);                                                    \
		(var) = 0;                                                                         \
		_taken;                                                                            \
	})

/* static inline void foo_freep(struct foo **p) that calls foo_free(*p). */
#define DEFINE_FREEP(type, free_function)                                                          \
	static inline void free_function##p(type **p)                                              \
	{                                                                                          \
		free_function(*p);                                                                 \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
