/* SPDX-License-Identifier: Apache-2.0 */
/* notify_secret.h - a token or password in a file: read, used, wiped. Never part of a message. */
#ifndef TROTH_EXPORT_NOTIFY_SECRET_H
#define TROTH_EXPORT_NOTIFY_SECRET_H

#include <stddef.h>

#define SECRET_MAX 4096

struct secret {
	char text[SECRET_MAX + 2];
};

/* Without the newline at its end. 0, or -EINVAL and one line in why, which names the file alone. */
int secret_read(const char *path, struct secret *ret, char *why, size_t why_size);
void secret_wipe(struct secret *s);

#endif
