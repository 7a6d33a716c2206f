// SPDX-License-Identifier: Apache-2.0
/*
 * openslo.c - from files to the set: documents are found first, then read kind by kind, so that
 * whatever one refers to is there. Leaves each kind to its own reader.
 */
#include "openslo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/zone.h"
#include "openslo_files.h"
#include "openslo_read.h"

#define API_VERSION	  "openslo/v1"
#define TROTH_API_VERSION "troth.dev/v1"

/* The set, and what it stands in. */
struct reading {
	struct slo_set set; /* first: slo_set_free() gets its address */
	struct arena arena;
	size_t room, bytes;
	struct world world;
};

void slo_set_free(struct slo_set *s)
{
	struct reading *r = (struct reading *)s;

	if (!r)
		return;
	free(r->world.document);
	arena_clear(&r->arena);
	free(r);
}

static void reading_freep(struct reading **r)
{
	if (*r)
		slo_set_free(&(*r)->set);
}

static void wrong_version(const struct world *w, const struct yaml_node *root,
			  const struct yaml_node *version)
{
	const char *text = yaml_text(version);

	if (text)
		ERROR_AT(w, version->place,
			 "apiVersion: '%.60s' is not known here; write apiVersion: " API_VERSION
			 ", and the fields as its specification has them",
			 text);
	else
		ERROR_AT(w, version ? version->place : root->place,
			 "the document needs 'apiVersion'; write apiVersion: " API_VERSION);
}

static void wrong_kind(const struct world *w, const struct yaml_node *root,
		       const struct yaml_node *kind)
{
	const char *text = yaml_text(kind);
	char buf[512];

	if (text)
		ERROR_AT(w, kind->place, "kind: %s",
			 schema_unknown(text, document_kinds, 0, buf, sizeof(buf)));
	else
		ERROR_AT(w, kind ? kind->place : root->place,
			 "the document needs 'kind'; write kind: SLO");
}

/* DOCUMENT_KINDS: none, which was said. */
static enum document_kind kind_of(const struct world *w, const struct yaml_node *root)
{
	const struct yaml_node *version = yaml_get(root, "apiVersion");
	const struct yaml_node *kind = yaml_get(root, "kind");
	const char *version_text = yaml_text(version), *kind_text = yaml_text(kind);
	bool ours = version_text && !strcmp(version_text, TROTH_API_VERSION);
	int i = 0;

	if (!version_text || (!ours && strcmp(version_text, API_VERSION) != 0)) {
		wrong_version(w, root, version);
		return DOCUMENT_KINDS;
	}
	while (i < DOCUMENT_KINDS && (!kind_text || strcmp(kind_text, document_kinds[i]) != 0))
		i++;
	if (i == DOCUMENT_KINDS) {
		wrong_kind(w, root, kind);
		return DOCUMENT_KINDS;
	}
	if (ours == (i == KIND_EXCLUSION))
		return (enum document_kind)i;
	ERROR_AT(w, version->place, "apiVersion: kind %s is not of '%s'; write apiVersion: %s",
		 document_kinds[i], version_text, ours ? API_VERSION : TROTH_API_VERSION);
	return DOCUMENT_KINDS;
}

/* Before the names are sorted; what cannot be read is said when the SLO is. */
static int64_t since_of(const struct yaml_node *metadata)
{
	const char *text =
		yaml_text(yaml_get(yaml_get(metadata, "annotations"), ANNOTATION_PREFIX "since"));
	int64_t since = 0;

	if (text)
		time_parse(text, &since);
	return since;
}

static int add_document(struct reading *r, const struct yaml_node *root)
{
	struct world *w = &r->world;
	size_t raised = w->problems->raised;
	const struct yaml_node *name;
	enum document_kind kind;
	struct document *d;

	if (root->kind != YAML_MAPPING) {
		ERROR_AT(w, root->place,
			 "a document is a mapping; write apiVersion: " API_VERSION
			 ", kind, metadata and spec");
		return 0;
	}
	kind = kind_of(w, root);
	if (kind == DOCUMENT_KINDS)
		return 0;
	if (w->n == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct document *more = reallocarray(w->document, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		w->document = more;
		r->room = room;
	}
	schema_check(&document_schema[kind], root, w->problems);
	d = &w->document[w->n];
	*d = (struct document){ .kind = kind, .root = root, .order = w->n++ };
	d->metadata = yaml_get(root, "metadata");
	d->spec = yaml_get(root, "spec");
	name = yaml_get(d->metadata, "name");
	d->name = metadata_text(d->metadata, "name");
	d->place = name ? name->place : root->place;
	d->since = kind == KIND_SLO ? since_of(d->metadata) : 0;
	metadata_check(w, d->metadata);
	d->bad = w->problems->raised > raised;
	return 0;
}

static int add_file(struct reading *r, const char *file, bool named, const char *bytes, size_t n)
{
	struct problems *problems = r->world.problems;
	size_t raised = problems->raised;
	struct yaml yaml;
	int error = yaml_read(&r->arena, file, bytes, n, problems, &yaml);

	for (size_t i = 0; i < yaml.n && !error; i++)
		error = add_document(r, yaml.document[i]);
	if (!error && !yaml.n && problems->raised == raised)
		problem_add(
			problems, named ? PROBLEM_ERROR : PROBLEM_WARNING,
			(struct place){ .file = file, .line = 1, .column = 1 },
			"there is no document in it; write one that begins with apiVersion: " API_VERSION);
	return error;
}

static struct data_source *read_source(const struct world *w, const struct document *d)
{
	struct data_source *s = arena_get(w->arena, sizeof(*s));

	if (!s)
		return NULL;
	s->name = d->name;
	s->type = yaml_text(yaml_get(d->spec, "type"));
	warn_if_near(w, "type", yaml_get(d->spec, "type"), metric_types);
	s->description = yaml_text(yaml_get(d->spec, "description"));
	s->place = d->place;
	return s;
}

static void *read_object(const struct world *w, const struct document *d)
{
	switch (d->kind) {
	case KIND_DATA_SOURCE:
		return read_source(w, d);
	case KIND_SLI:
		return (void *)read_indicator(w, d->metadata, d->spec);
	case KIND_ALERT_CONDITION:
		return read_condition(w, d->metadata, d->spec);
	case KIND_ALERT_TARGET:
		return read_target(w, d->metadata, d->spec);
	case KIND_ALERT_POLICY:
		return read_policy(w, d->metadata, d->spec);
	case KIND_SLO:
		return read_slo(w, d);
	case KIND_EXCLUSION:
		return read_exclusion(w, d);
	default:
		return NULL;
	}
}

static void read_document(struct world *w, struct document *d)
{
	size_t raised = w->problems->raised;

	if (!d->spec || d->spec->kind != YAML_MAPPING)
		return;
	d->object = read_object(w, d);
	d->bad |= w->problems->raised > raised;
	if (d->kind == KIND_SLO && d->object && !d->bad)
		lint_alerts(w, d);
}

static void read_documents(struct world *w)
{
	for (int kind = 0; kind < DOCUMENT_KINDS; kind++)
		for (size_t i = 0; i < w->n; i++)
			if ((int)w->document[i].kind == kind)
				read_document(w, &w->document[i]);
}

/* Copies of the good objects of one kind, each of size, in the order of the documents. */
static void *gather(struct reading *r, enum document_kind kind, size_t size, size_t *ret_n)
{
	char *array = arena_array(&r->arena, r->world.n, size);
	size_t n = 0;

	for (size_t i = 0; array && i < r->world.n; i++) {
		const struct document *d = &r->world.document[i];

		if (d->kind == kind && d->object && !d->bad)
			memcpy(array + n++ * size, d->object, size);
	}
	*ret_n = n;
	return array;
}

/* Revisions stand where the first of their name does, by their time. */
static void gather_slos(struct reading *r)
{
	const struct world *w = &r->world;
	struct slo *slos = arena_array(&r->arena, w->n, sizeof(*slos));
	bool *done = arena_array(&r->arena, w->n, sizeof(*done));
	size_t n = 0;

	for (size_t i = 0; slos && done && w->by_name && i < w->n; i++) {
		const struct document *d = &w->document[i];
		struct document *const *same = w->by_name;

		if (d->kind != KIND_SLO || done[i])
			continue;
		for (size_t k = world_rank(w, d);
		     k < w->n && same[k]->kind == KIND_SLO && !strcmp(same[k]->name, d->name);
		     k++) {
			done[same[k]->order] = true;
			if (same[k]->object && !same[k]->bad)
				slos[n++] = *(const struct slo *)same[k]->object;
		}
	}
	r->set.slos = slos;
	r->set.n_slos = n;
}

static int finish(struct reading *r, struct slo_set **ret)
{
	struct world *w = &r->world;

	world_index(w);
	read_documents(w);
	gather_slos(r);
	r->set.exclusions =
		gather(r, KIND_EXCLUSION, sizeof(*r->set.exclusions), &r->set.n_exclusions);
	r->set.sources = gather(r, KIND_DATA_SOURCE, sizeof(*r->set.sources), &r->set.n_sources);
	lint_thresholds(w, &r->set);
	lint_revisions(w, &r->set);
	lint_exclusions(w);
	if (r->arena.failed || w->problems->out_of_memory)
		return -ENOMEM;
	free(w->document);
	*w = (struct world){};
	*ret = &r->set;
	return 0;
}

static struct reading *reading_new(int64_t now, struct problems *problems)
{
	struct reading *r = calloc(1, sizeof(*r));

	if (r)
		r->world = (struct world){ .arena = &r->arena, .problems = problems, .now = now };
	return r;
}

static int read_file(struct reading *r, const char *path, bool named)
{
	struct problems *problems = r->world.problems;
	_cleanup_(freep) char *bytes = NULL;
	size_t n = 0;
	int error = file_read(path, YAML_BYTES_MAX, problems, &bytes, &n);

	if (error)
		return error == -EINVAL ? 0 : error;
	r->bytes += n;
	if (r->bytes > SLO_BYTES_MAX) {
		problem_add(problems, PROBLEM_ERROR,
			    (struct place){ .file = path, .line = 1, .column = 1 },
			    "all files together are larger than %d MiB; read fewer",
			    SLO_BYTES_MAX / (1024 * 1024));
		return 0;
	}
	return add_file(r, path, named, bytes, n);
}

int slo_set_read(const char *const *paths, size_t n_paths, int64_t now, struct problems *problems,
		 struct slo_set **ret)
{
	_cleanup_(reading_freep) struct reading *r = reading_new(now, problems);
	struct file_list files = {};
	int error;

	if (!r)
		return -ENOMEM;
	error = file_list_make(&r->arena, paths, n_paths, problems, &files);
	for (size_t i = 0; i < files.n && !error; i++)
		error = read_file(r, files.path[i], files.named[i]);
	r->set.files = files.path;
	r->set.n_files = files.n;
	if (!error)
		error = finish(r, ret);
	if (!error)
		TAKE(r);
	return error;
}

int slo_set_read_bytes(const char *file, const char *bytes, size_t n, int64_t now,
		       struct problems *problems, struct slo_set **ret)
{
	_cleanup_(reading_freep) struct reading *r = reading_new(now, problems);
	int error;

	if (!r)
		return -ENOMEM;
	r->set.files = arena_array(&r->arena, 1, sizeof(*r->set.files));
	file = arena_text(&r->arena, file, strlen(file));
	if (!file || !r->set.files)
		return -ENOMEM;
	problems_mention(problems, file);
	r->set.files[0] = file;
	r->set.n_files = 1;
	error = add_file(r, file, true, bytes, n);
	if (!error)
		error = finish(r, ret);
	if (!error)
		TAKE(r);
	return error;
}
