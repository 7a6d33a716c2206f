// SPDX-License-Identifier: Apache-2.0
/* notify_secret.c - one line of a file, as it may stand in a header. */
#include "notify_secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../base/secret.h"

/* What would end a header's line, or begin another. */
static bool is_plain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	return true;
}

int secret_read(const char *path, struct secret *ret, char *why, size_t why_size)
{
	const char *fault = NULL;
	char *text = NULL;
	size_t size = 0, n;
	int r = secret_file_read(path, sizeof(ret->text), &text, &size);

	n = size;
	if (n && n <= SECRET_MAX + 1 && text[n - 1] == '\n')
		n--;
	if (n && n <= SECRET_MAX && text[n - 1] == '\r')
		n--;
	if (r && r != -EFBIG)
		fault = secret_file_error(r);
	else if (r || n > SECRET_MAX)
		fault = "it is longer than 4096 bytes";
	else if (!n)
		fault = "it is empty";
	else if (!is_plain(text, n))
		fault = "it holds more than one line, or control characters";
	if (fault) {
		snprintf(why, why_size, "cannot use %s: %s", path, fault);
	} else {
		memcpy(ret->text, text, n);
		ret->text[n] = '\0';
	}
	secret_free(text, size);
	return fault ? -EINVAL : 0;
}

void secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}
