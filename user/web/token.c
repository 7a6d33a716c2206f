// SPDX-License-Identifier: Apache-2.0
/* token.c - reads and compares secrets; says where a file is wrong, never what it holds. */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../base/cleanup.h"

static const char scheme[] = "Bearer";

static int unreadable(const char *file, const char *what, int error, char *why, size_t why_size)
{
	snprintf(why, why_size, "cannot read the %s %s: %s", what, file,
		 error == -EFBIG ? "it is too large" : strerror(-error));
	return error;
}

int web_file_read(const char *file, const char *what, char **ret, char *why, size_t why_size)
{
	_cleanup_(closep) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_(freep) char *bytes = NULL;
	struct stat st;
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0 || fstat(fd, &st))
		return unreadable(file, what, -errno, why, why_size);
	if (S_ISDIR(st.st_mode))
		return unreadable(file, what, -EISDIR, why, why_size);
	if (st.st_size > SECRET_FILE_MAX)
		return unreadable(file, what, -EFBIG, why, why_size);
	bytes = malloc(SECRET_FILE_MAX + 1);
	if (!bytes)
		return unreadable(file, what, -ENOMEM, why, why_size);
	while (got && n < SECRET_FILE_MAX) {
		got = read(fd, bytes + n, SECRET_FILE_MAX - n);
		if (got < 0)
			return unreadable(file, what, -errno, why, why_size);
		n += (size_t)got;
	}
	bytes[n] = '\0';
	*ret = realloc(bytes, n + 1) ?: bytes;
	bytes = NULL;
	return 0;
}

int token_read(const char *file, struct token *ret, char *why, size_t why_size)
{
	_cleanup_(freep) char *text = NULL;
	size_t n;
	int r;

	if (!file) {
		*ret = (struct token){};
		return 0;
	}
	r = web_file_read(file, "bearer token file", &text, why, why_size);
	if (r)
		return r;
	n = strcspn(text, " \t\r\n");
	if (!n || n > TOKEN_MAX || text[n + strspn(text + n, " \t\r\n")]) {
		snprintf(why, why_size,
			 "the bearer token file %s must hold one word of at most %u bytes", file,
			 TOKEN_MAX);
		r = -EINVAL;
	} else {
		*ret = (struct token){ .n = n };
		memcpy(ret->bytes, text, n);
	}
	explicit_bzero(text, strlen(text));
	return r;
}

bool token_allows(const struct token *t, const char *authorization)
{
	struct token shown = {};
	unsigned int differs;
	const char *at;

	if (!t->n)
		return true;
	if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1) ||
	    authorization[sizeof(scheme) - 1] != ' ')
		return false;
	at = authorization + sizeof(scheme);
	at += strspn(at, " ");
	shown.n = strnlen(at, TOKEN_MAX + 1);
	memcpy(shown.bytes, at, shown.n < TOKEN_MAX ? shown.n : TOKEN_MAX);
	/* All of both, whatever is found: how long it takes does not depend on where they differ. */
	differs = shown.n != t->n;
	for (size_t i = 0; i < TOKEN_MAX; i++)
		differs |= (unsigned char)shown.bytes[i] ^ (unsigned char)t->bytes[i];
	__asm__ volatile("" : "+r"(differs));
	return !differs;
}
