// SPDX-License-Identifier: Apache-2.0
/*
 * daemon.c - defaults, file and flags laid over one another, by the table. Leaves what stands in
 * the file to daemon_document.c.
 */
#include "daemon.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/arena.h"
#include "daemon_read.h"
#include "listen.h"
#include "openslo_files.h"
#include "option_value.h"

struct daemon_conf_file {
	struct arena arena;
};

static struct place start_of(const char *file)
{
	return (struct place){ .file = file, .line = 1, .column = 1 };
}

static int read_bytes(struct daemon_reading *r, const char *file, const char *bytes, size_t n)
{
	struct yaml yaml;
	int error;

	if (n > DAEMON_CONF_BYTES_MAX) {
		problem_add(
			r->problems, PROBLEM_ERROR, start_of(file),
			"the file is larger than %d KiB; name a configuration, which is smaller",
			DAEMON_CONF_BYTES_MAX / 1024);
		return 0;
	}
	error = yaml_read(r->arena, file, bytes, n, r->problems, &yaml);
	if (error)
		return error;
	if (!yaml.n)
		return 0;
	if (yaml.n > 1)
		problem_add(r->problems, PROBLEM_ERROR, yaml.document[1]->place,
			    "a configuration is one document; take out the '---' before it");
	else if (yaml.document[0]->kind != YAML_MAPPING)
		problem_add(r->problems, PROBLEM_ERROR, yaml.document[0]->place,
			    "this is no option with a value; write one like listen: "
			    "127.0.0.1:9477");
	else
		daemon_document_read(r, yaml.document[0]);
	return 0;
}

/* 0 where the default one is missing. */
static int read_file(struct daemon_reading *r, const char *given)
{
	const char *path = given ? given : DAEMON_CONF_FILE;
	_cleanup_(freep) char *bytes = NULL;
	char *file = arena_text(r->arena, path, strlen(path));
	size_t n;
	int error;

	if (!file)
		return -ENOMEM;
	problems_mention(r->problems, file);
	if (access(file, F_OK) && errno == ENOENT) {
		if (given)
			problem_add(
				r->problems, PROBLEM_ERROR, start_of(file),
				"there is no such file; write the name of one, or leave -c out");
		return 0;
	}
	error = file_read(file, DAEMON_CONF_BYTES_MAX, r->problems, &bytes, &n);
	if (error)
		return error == -EINVAL ? 0 : error;
	return read_bytes(r, file, bytes, n);
}

static const char *flag_text(const struct daemon_row *row, const struct daemon_flags *flags)
{
	return flags && row->flag ? *(const char *const *)((const char *)flags + row->flag) : NULL;
}

static int read_flags(struct daemon_reading *r, const struct daemon_flags *flags)
{
	char why[512];

	for (size_t i = 0; i < daemon_rows_n; i++) {
		const struct daemon_row *row = &daemon_rows[i];
		const char *text = flag_text(row, flags);
		char *name, *copy;

		if (!text || !daemon_row_wanted(r, row))
			continue;
		name = arena_printf(r->arena, "--%s", row->option.name);
		copy = arena_text(r->arena, text, strlen(text));
		if (!name || !copy)
			return -ENOMEM;
		r->place[i] = (struct place){ .file = name };
		if (option_value_read(&row->option, name, copy, daemon_row_field(row, r->conf), why,
				      sizeof(why)))
			problem_add(r->problems, PROBLEM_ERROR, r->place[i], "%s", why);
	}
	return 0;
}

static void read_defaults(struct daemon_conf *conf)
{
	char why[512];

	for (size_t i = 0; i < daemon_rows_n; i++)
		if (daemon_rows[i].option.initial)
			(void)option_value_read(&daemon_rows[i].option, daemon_rows[i].option.name,
						daemon_rows[i].option.initial,
						daemon_row_field(&daemon_rows[i], conf), why,
						sizeof(why));
}

static const struct place *place_of(const struct daemon_reading *r, const char *section,
				    const char *key)
{
	return &r->place[daemon_row_find(section, key) - daemon_rows];
}

/* What only several options together show. */
static void check_together(const struct daemon_reading *r)
{
	const struct daemon_conf *c = r->conf;
	bool loopback = true;

	if (c->cert_file && !c->key_file)
		problem_add(r->problems, PROBLEM_ERROR, *place_of(r, "http", "tls-cert"),
			    "http.tls-cert needs the key that belongs to it; write tls-key: and "
			    "the path of its file beside it");
	if (c->key_file && !c->cert_file)
		problem_add(r->problems, PROBLEM_ERROR, *place_of(r, "http", "tls-key"),
			    "http.tls-key needs the certificate that belongs to it; write "
			    "tls-cert: and the path of its file beside it");
	if (*c->listen && !listen_check(c->listen, &loopback) && !loopback && !c->cert_file &&
	    !c->bearer_file)
		problem_add(r->problems, PROBLEM_WARNING, *place_of(r, NULL, "listen"),
			    "'%s' is reached from other hosts, and whoever reaches it can "
			    "read everything; write http.bearer-token-file and http.tls-cert, or "
			    "listen: 127.0.0.1:9477",
			    c->listen);
}

/* Of a command beside the daemon. */
static bool needs_file(const struct daemon_flags *flags)
{
	return !flags || flags->conf_path || !flags->state_dir || !flags->pin_dir;
}

struct source {
	const char *file, *bytes; /* NULL: as flags have it */
	size_t n;
	bool directories;
};

static int read_source(struct daemon_reading *r, const struct source *source,
		       const struct daemon_flags *flags)
{
	if (source->bytes)
		return read_bytes(r, source->file, source->bytes, source->n);
	if (!source->directories || needs_file(flags))
		return read_file(r, flags ? flags->conf_path : NULL);
	return 0;
}

static int read_conf(const struct source *source, const struct daemon_flags *flags,
		     struct problems *problems, struct daemon_conf *ret,
		     struct daemon_conf_file **ret_owner)
{
	_cleanup_(daemon_conf_freep) struct daemon_conf_file *f = calloc(1, sizeof(*f));
	struct daemon_conf conf = {};
	struct daemon_reading r = { .problems = problems,
				    .conf = &conf,
				    .directories = source->directories };
	size_t raised = problems->raised;
	int error;

	if (!f)
		return -ENOMEM;
	r.arena = &f->arena;
	read_defaults(&conf);
	error = read_source(&r, source, flags);
	if (!error)
		error = read_flags(&r, flags);
	if (error || problems->out_of_memory)
		return -ENOMEM;
	if (problems->raised == raised && !source->directories)
		check_together(&r);
	problems_sort(problems);
	if (problems->raised != raised)
		return -EINVAL;
	*ret = conf;
	*ret_owner = TAKE(f);
	return 0;
}

int daemon_conf_read(const struct daemon_flags *flags, struct problems *problems,
		     struct daemon_conf *ret, struct daemon_conf_file **ret_owner)
{
	return read_conf(&(struct source){}, flags, problems, ret, ret_owner);
}

int daemon_conf_directories(const struct daemon_flags *flags, struct problems *problems,
			    struct daemon_conf *ret, struct daemon_conf_file **ret_owner)
{
	return read_conf(&(struct source){ .directories = true }, flags, problems, ret, ret_owner);
}

int daemon_conf_read_bytes(const char *file, const char *bytes, size_t n,
			   const struct daemon_flags *flags, struct problems *problems,
			   struct daemon_conf *ret, struct daemon_conf_file **ret_owner)
{
	const struct source source = { .file = file, .bytes = bytes, .n = n };

	return read_conf(&source, flags, problems, ret, ret_owner);
}

void daemon_conf_free(struct daemon_conf_file *f)
{
	if (!f)
		return;
	arena_clear(&f->arena);
	free(f);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_value(const struct option_row *o, const void *a, const void *b)
{
	switch (o->type) {
	case OPTION_DURATION:
	case OPTION_SIZE:
	case OPTION_NUMBER:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case OPTION_ENUM:
		return *(const unsigned int *)a == *(const unsigned int *)b;
	default:
		return same_text(*(const char *const *)a, *(const char *const *)b);
	}
}

const char *daemon_conf_fixed_change(const struct daemon_conf *old, const struct daemon_conf *new,
				     size_t *at)
{
	while (*at < daemon_rows_n) {
		const struct daemon_row *row = &daemon_rows[(*at)++];

		if (!row->reload &&
		    !same_value(&row->option, (const char *)old + row->option.offset,
				(const char *)new + row->option.offset))
			return row->option.name;
	}
	return NULL;
}
