// SPDX-License-Identifier: Apache-2.0
/*
 * server.c - two doors to the same answers: TCP, perhaps with TLS and a token, and a unix socket. Each has
 * its own places, so that strangers outside never keep `troth status` out.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../base/secret.h"
#include "answer.h"
#include "listen.h"

#define CONNECTIONS 64
#define IDLE_S	    10

struct keys {
	char *cert, *key;
	size_t cert_size, key_size;
};

struct server {
	struct server_options o;
	char *unix_path; /* our own */
	struct documents *documents;
	struct token token;
	struct keys keys;
	struct gate *tcp, *local;
	struct answerer tcp_answers, local_answers;
	struct server_counts before; /* of gates that were replaced */
};

static void keys_clear(struct keys *k)
{
	secret_free(k->key, k->key_size);
	secret_free(k->cert, k->cert_size);
	*k = (struct keys){};
}

static int keys_read(const struct server_options *o, struct keys *ret, char *why, size_t why_size)
{
	int r;

	if (!o->cert_file && !o->key_file)
		return 0;
	if (!o->cert_file || !o->key_file) {
		snprintf(why, why_size, "TLS needs both a certificate and a key: the %s is missing",
			 o->cert_file ? "key" : "certificate");
		return -EINVAL;
	}
	r = web_file_read(o->cert_file, "TLS certificate", &ret->cert, &ret->cert_size, why,
			  why_size);
	return r ? r :
		   web_file_read(o->key_file, "TLS key", &ret->key, &ret->key_size, why, why_size);
}

static int open_gate(struct server *s, int fd, bool local, const struct keys *keys,
		     struct gate **ret, char *why, size_t why_size)
{
	struct gate_options o = {
		.loop = s->o.loop,
		.listen_fd = fd,
		.cert = local ? NULL : keys->cert,
		.key = local ? NULL : keys->key,
		.connections_max = s->o.connections_max ?: CONNECTIONS,
		.idle_s = s->o.idle_s ?: IDLE_S,
		.context = local ? &s->local_answers : &s->tcp_answers,
		.answer = answer,
	};
	char said[256] = "";
	int r = gate_new(&o, ret, said, sizeof(said));

	if (r && o.cert)
		snprintf(why, why_size,
			 "certificate %s and key %s cannot be used: both must be PEM and belong "
			 "together (%s)",
			 s->o.cert_file, s->o.key_file, *said ? said : strerror(-r));
	else if (r)
		snprintf(why, why_size, "HTTP cannot be served: %s", *said ? said : strerror(-r));
	return r;
}

static int open_tcp(struct server *s, char *why, size_t why_size)
{
	int fd = -1, r = keys_read(&s->o, &s->keys, why, why_size);

	if (!r)
		r = token_read(s->o.bearer_file, &s->token, why, why_size);
	if (!r)
		r = listen_tcp(s->o.listen, &fd, why, why_size);
	return r ? r : open_gate(s, fd, false, &s->keys, &s->tcp, why, why_size);
}

static int open_local(struct server *s, char *why, size_t why_size)
{
	int fd = -1, r = listen_unix(s->unix_path, &fd, why, why_size);

	return r ? r : open_gate(s, fd, true, NULL, &s->local, why, why_size);
}

int server_new(const struct server_options *o, struct server **ret, char *why, size_t why_size)
{
	_cleanup_(server_freep) struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	s->o = *o;
	s->o.unix_path = NULL;
	s->unix_path = o->unix_path ? strdup(o->unix_path) : NULL;
	if (o->unix_path && !s->unix_path) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	r = documents_new(o->loop, &s->o.source, &s->documents);
	if (r) {
		snprintf(why, why_size, "HTTP cannot be served: %s", strerror(-r));
		return r;
	}
	s->tcp_answers = (struct answerer){ s->documents, &s->token, &s->tcp };
	s->local_answers = (struct answerer){ s->documents, NULL, &s->local };
	if (o->listen && *o->listen)
		r = open_tcp(s, why, why_size);
	if (!r && o->unix_path)
		r = open_local(s, why, why_size);
	if (r)
		return r;
	*ret = TAKE(s);
	return 0;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	gate_free(s->tcp);
	if (s->local) {
		gate_free(s->local);
		listen_unix_end(s->unix_path);
	}
	free(s->unix_path);
	documents_free(s->documents);
	keys_clear(&s->keys);
	explicit_bzero(&s->token, sizeof(s->token));
	free(s);
}

static void add_counts(const struct gate *g, struct server_counts *ret)
{
	struct gate_counts c = {};

	if (g)
		gate_counts(g, &c);
	ret->accepted += c.accepted;
	ret->dropped += c.dropped;
	ret->expired += c.expired;
}

/* libmicrohttpd keeps its keys as long as it lives: another one takes over the socket. */
static int replace_keys(struct server *s, struct keys *keys, char *why, size_t why_size)
{
	int fd = fcntl(gate_fd(s->tcp), F_DUPFD_CLOEXEC, 0), r;
	struct gate *fresh;

	if (fd < 0) {
		snprintf(why, why_size, "certificate and key cannot be replaced: %s",
			 strerror(errno));
		return -errno;
	}
	r = open_gate(s, fd, false, keys, &fresh, why, why_size);
	if (r)
		return r;
	add_counts(s->tcp, &s->before);
	gate_free(s->tcp);
	s->tcp = fresh;
	keys_clear(&s->keys);
	s->keys = *keys;
	*keys = (struct keys){};
	return 0;
}

int server_reload(struct server *s, char *why, size_t why_size)
{
	_cleanup_(keys_clear) struct keys keys = {};
	struct token token = {};
	int r;

	if (!s->tcp)
		return 0;
	r = token_read(s->o.bearer_file, &token, why, why_size);
	if (!r)
		r = keys_read(&s->o, &keys, why, why_size);
	if (!r && keys.cert && (strcmp(keys.cert, s->keys.cert) || strcmp(keys.key, s->keys.key)))
		r = replace_keys(s, &keys, why, why_size);
	if (!r)
		s->token = token;
	explicit_bzero(&token, sizeof(token));
	return r;
}

uint16_t server_port(const struct server *s)
{
	return s->tcp ? listen_port(gate_fd(s->tcp)) : 0;
}

void server_counts(const struct server *s, struct server_counts *ret)
{
	*ret = s->before;
	add_counts(s->tcp, ret);
	add_counts(s->local, ret);
}
