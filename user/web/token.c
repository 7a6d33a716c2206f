// SPDX-License-Identifier: Apache-2.0
/* token.c - reads and compares secrets; says where a file is wrong, never what it holds. */
#include "token.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../base/secret.h"

static const char scheme[] = "Bearer";

int web_file_read(const char *file, const char *what, char **ret, size_t *ret_size, char *why,
		  size_t why_size)
{
	int r = secret_file_read(file, SECRET_FILE_MAX, ret, ret_size);

	if (r)
		snprintf(why, why_size, "cannot read the %s %s: %s", what, file,
			 secret_file_error(r));
	return r;
}

int token_read(const char *file, struct token *ret, char *why, size_t why_size)
{
	char *text;
	size_t n, size;
	int r;

	if (!file) {
		*ret = (struct token){};
		return 0;
	}
	r = web_file_read(file, "bearer token file", &text, &size, why, why_size);
	if (r)
		return r;
	n = strcspn(text, " \t\r\n");
	if (!n || n > TOKEN_MAX || n + strspn(text + n, " \t\r\n") != size) {
		snprintf(why, why_size,
			 "the bearer token file %s must hold one word of at most %u bytes", file,
			 TOKEN_MAX);
		r = -EINVAL;
	} else {
		*ret = (struct token){ .n = n };
		memcpy(ret->bytes, text, n);
	}
	secret_free(text, size);
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
