/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret.h - tokens, passwords and keys in files: read whole, wiped when they are not needed any more.
 * Knows: plain files. Must not know: what is in them, who wants it.
 */
#ifndef TROTH_BASE_SECRET_H
#define TROTH_BASE_SECRET_H

#include <stddef.h>

/*
 * All of a file, at most max bytes, a NUL behind them; for secret_free(). Plain files only: reading one
 * never waits. ret_size may be NULL. 0, -EISDIR, -EBADF (not plain), -EFBIG, or -errno.
 */
int secret_file_read(const char *path, size_t max, char **ret, size_t *ret_size);

/* What such an error means to whoever wrote the path. */
const char *secret_file_error(int error);

void secret_free(char *text, size_t size); /* wipes it; NULL is fine */

#endif
