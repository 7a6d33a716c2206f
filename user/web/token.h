/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - the secret that a client must show (RFC 6750), and files that are read whole.
 * Knows: files, headers. Must not know: paths.
 */
#ifndef TROTH_WEB_TOKEN_H
#define TROTH_WEB_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#define TOKEN_MAX	1024
#define SECRET_FILE_MAX (1u << 20) /* of a certificate with its chain, or a key */

struct token {
	size_t n; /* 0: nobody needs one */
	char bytes[TOKEN_MAX];
};

/* The only word of the file; NULL: none is needed. 0 or -errno and why, one line; *ret as it was. */
int token_read(const char *file, struct token *ret, char *why, size_t why_size);

/* Is this Authorization header (NULL: there is none) enough? Time tells nothing of the token. */
bool token_allows(const struct token *t, const char *authorization);

/* As secret_file_read(). what: what it is, for why. */
int web_file_read(const char *file, const char *what, char **ret, size_t *ret_size, char *why,
		  size_t why_size);

#endif
