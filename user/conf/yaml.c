// SPDX-License-Identifier: Apache-2.0
/*
 * yaml.c - libyaml's events into a tree. It never recurses and never copies what an alias names, so
 * a file costs what it is long. Leaves to yaml_text.c which bytes are text, and to yaml_node.c what
 * the keys of a mapping do to one another.
 */
#include "yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "../base/cleanup.h"
#include "yaml_node.h"
#include "yaml_text.h"

/* A mapping or list that is not closed yet; its items lie on the pile from base on. */
struct frame {
	struct yaml_node *node;
	size_t base;
};

struct anchor {
	const char *name;
	struct yaml_node *node;
};

struct loader {
	yaml_parser_t parser;
	struct yaml_text text;
	struct arena *arena;
	struct problems *problems;
	const char *file;
	struct frame frame[YAML_DEPTH_MAX];
	size_t depth;
	struct yaml_node **pile;
	size_t n_pile, pile_room;
	struct anchor anchor[YAML_ANCHORS_MAX];
	size_t n_anchors;
	size_t aliases, weight;
	struct yaml_node *root; /* of the document that is being read */
	const struct yaml_node *document[YAML_DOCUMENTS_MAX];
	size_t n_documents, documents_seen;
};

#define FAILED (-EINVAL) /* a problem was added; the file ends here */

static struct place place_of(const struct loader *l, yaml_mark_t mark)
{
	return yaml_text_place(&l->text, l->file, mark.index);
}

#define REFUSE(l, place, ...)                                                                      \
	({                                                                                         \
		problem_add((l)->problems, PROBLEM_ERROR, place, __VA_ARGS__);                     \
		FAILED;                                                                            \
	})

static int push(struct loader *l, struct yaml_node *node)
{
	if (l->n_pile == l->pile_room) {
		size_t room = l->pile_room ? 2 * l->pile_room : 256;
		struct yaml_node **more = reallocarray(l->pile, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		l->pile = more;
		l->pile_room = room;
	}
	l->pile[l->n_pile++] = node;
	return 0;
}

static bool waits_for_value(const struct loader *l, const struct frame *f)
{
	return f->node->kind == YAML_MAPPING && (l->n_pile - f->base) % 2;
}

/* Adds weight, that of an alias all it stands for. */
static int weigh(struct loader *l, const struct yaml_node *node, struct place at)
{
	l->weight += node->weight;
	if (l->weight > YAML_NODES_MAX)
		return REFUSE(l, at,
			      "more than %d values, aliases counted as what they stand for; write "
			      "less, or several files",
			      YAML_NODES_MAX);
	if (l->depth + node->height > YAML_DEPTH_MAX)
		return REFUSE(l, at, "more than %d mappings and lists in one another",
			      YAML_DEPTH_MAX);
	return 0;
}

/* A node, whole or just opened, takes its place in what is open. */
static int attach(struct loader *l, struct yaml_node *node, struct place at)
{
	struct frame *f = l->depth ? &l->frame[l->depth - 1] : NULL;

	if (!f) {
		l->root = node;
		return 0;
	}
	if (f->node->kind == YAML_MAPPING && !waits_for_value(l, f)) {
		if (node->kind != YAML_SCALAR)
			return REFUSE(l, at, "a mapping or list cannot be a key; write a name");
	}
	return push(l, node);
}

static int name_anchor(struct loader *l, const yaml_char_t *name, struct yaml_node *node)
{
	struct anchor *a = &l->anchor[l->n_anchors];

	if (!name)
		return 0;
	if (l->n_anchors == YAML_ANCHORS_MAX)
		return REFUSE(l, node->place, "more than %d anchors", YAML_ANCHORS_MAX);
	a->name = arena_text(l->arena, (const char *)name, strlen((const char *)name));
	a->node = node;
	if (!a->name)
		return -ENOMEM;
	l->n_anchors++;
	return 0;
}

/* Nothing stands nowhere: its key is where it was left out. */
static void place_nothing(const struct loader *l, struct yaml_node *node)
{
	const struct frame *f = l->depth ? &l->frame[l->depth - 1] : NULL;

	if (f && !*node->text && node->plain && waits_for_value(l, f))
		node->place = l->pile[l->n_pile - 1]->place;
}

static struct yaml_node *new_node(struct loader *l, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = arena_get(l->arena, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->place = place_of(l, event->start_mark);
	node->weight = 1;
	return node;
}

static int on_scalar(struct loader *l, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct yaml_node *node = new_node(l, YAML_SCALAR, event);
	int r;

	if (!node)
		return -ENOMEM;
	node->text = arena_text(l->arena, text, length);
	if (!node->text)
		return -ENOMEM;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		      !event->data.scalar.tag;
	place_nothing(l, node);
	if (strlen(text) != length)
		return REFUSE(l, node->place, "text with a NUL character in it; take \\0 out");
	r = weigh(l, node, node->place);
	if (!r)
		r = name_anchor(l, event->data.scalar.anchor, node);
	return r ? r : attach(l, node, node->place);
}

static int on_open(struct loader *l, const yaml_event_t *event, enum yaml_kind kind,
		   const yaml_char_t *anchor)
{
	struct yaml_node *node = new_node(l, kind, event);
	int r;

	if (!node)
		return -ENOMEM;
	node->height = 1;
	r = weigh(l, node, node->place);
	if (!r)
		r = name_anchor(l, anchor, node);
	if (!r)
		r = attach(l, node, node->place);
	if (!r)
		l->frame[l->depth++] = (struct frame){ .node = node, .base = l->n_pile };
	return r;
}

static bool is_open(const struct loader *l, const struct yaml_node *node)
{
	for (size_t i = 0; i < l->depth; i++)
		if (l->frame[i].node == node)
			return true;
	return false;
}

static int on_alias(struct loader *l, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct place at = place_of(l, event->start_mark);
	struct yaml_node *node = NULL;
	int r;

	if (++l->aliases > YAML_ALIASES_MAX)
		return REFUSE(l, at, "more than %d aliases", YAML_ALIASES_MAX);
	for (size_t i = l->n_anchors; i-- > 0 && !node;)
		if (!strcmp(l->anchor[i].name, name))
			node = l->anchor[i].node;
	if (!node)
		return REFUSE(l, at,
			      "*%.40s names no anchor above; write &%.40s before what it "
			      "stands for",
			      name, name);
	if (is_open(l, node))
		return REFUSE(l, at, "*%.40s stands inside what it names: that would never end",
			      name);
	r = weigh(l, node, at);
	return r ? r : attach(l, node, at);
}

static int take_items(struct loader *l, struct yaml_node *node, size_t base)
{
	size_t n = l->n_pile - base;
	struct yaml_node **item = arena_array(l->arena, n, sizeof(*item));

	if (!item)
		return -ENOMEM;
	if (n)
		memcpy(item, l->pile + base, n * sizeof(*item));
	node->item = item;
	node->n = node->kind == YAML_MAPPING ? n / 2 : n;
	return 0;
}

static void measure(struct yaml_node *node, size_t n_items)
{
	for (size_t i = 0; i < n_items; i++) {
		node->weight += node->item[i]->weight;
		if (node->item[i]->height >= node->height)
			node->height = (uint16_t)(node->item[i]->height + 1);
	}
}

static int on_close(struct loader *l)
{
	struct frame f = l->frame[--l->depth];
	int r = take_items(l, f.node, f.base);

	if (!r)
		measure(f.node, l->n_pile - f.base);
	if (!r && f.node->kind == YAML_MAPPING)
		r = yaml_mapping_close(l->arena, l->problems, f.node);
	l->n_pile = f.base;
	return r;
}

static int on_document_start(struct loader *l, const yaml_event_t *event)
{
	l->n_anchors = 0;
	l->root = NULL;
	if (++l->documents_seen > YAML_DOCUMENTS_MAX)
		return REFUSE(l, place_of(l, event->start_mark),
			      "more than %d documents; write several files", YAML_DOCUMENTS_MAX);
	return 0;
}

static int on_event(struct loader *l, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document_start(l, event);
	case YAML_DOCUMENT_END_EVENT:
		if (l->root && !yaml_is_null(l->root))
			l->document[l->n_documents++] = l->root;
		return 0;
	case YAML_SCALAR_EVENT:
		return on_scalar(l, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(l, event, YAML_SEQUENCE, event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return on_open(l, event, YAML_MAPPING, event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(l);
	case YAML_ALIAS_EVENT:
		return on_alias(l, event);
	default:
		return 0;
	}
}

/* What libyaml found wrong; its own words, and ours for the commonest cause. */
static int syntax_error(struct loader *l)
{
	const yaml_parser_t *p = &l->parser;
	struct place at = place_of(l, p->problem_mark);
	const char *line;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	line = (const char *)l->parser.buffer.pointer;
	if (p->error == YAML_SCANNER_ERROR && line && line < (const char *)p->buffer.last &&
	    *line == '\t')
		return REFUSE(l, at, "a tab cannot indent in YAML; write spaces");
	return REFUSE(l, at, "no YAML: %s%s%s", p->problem ? p->problem : "it cannot be read",
		      p->context ? ", " : "", p->context ? p->context : "");
}

static int load(struct loader *l)
{
	bool end = false;
	int r = 0;

	while (!end && !r) {
		yaml_event_t event;

		if (!yaml_parser_parse(&l->parser, &event))
			return syntax_error(l);
		end = event.type == YAML_STREAM_END_EVENT;
		r = on_event(l, &event);
		yaml_event_delete(&event);
	}
	return r;
}

static void loader_freep(struct loader **l)
{
	if (!*l)
		return;
	yaml_parser_delete(&(*l)->parser);
	yaml_text_close(&(*l)->text);
	free((*l)->pile);
	free(*l);
}

int yaml_read(struct arena *a, const char *file, const char *bytes, size_t n,
	      struct problems *problems, struct yaml *ret)
{
	_cleanup_(loader_freep) struct loader *l = calloc(1, sizeof(*l));
	int r;

	*ret = (struct yaml){};
	if (!l || !yaml_parser_initialize(&l->parser))
		return -ENOMEM;
	l->arena = a;
	l->problems = problems;
	l->file = file;
	r = yaml_text_open(file, bytes, n, problems, &l->text);
	if (r)
		return r == FAILED ? 0 : r;
	yaml_parser_set_encoding(&l->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l->parser, (const unsigned char *)l->text.bytes, l->text.n);
	r = load(l);
	if (r && r != FAILED)
		return r;
	ret->document = arena_array(a, l->n_documents, sizeof(*ret->document));
	if (!ret->document)
		return -ENOMEM;
	ret->n = l->n_documents;
	if (ret->n)
		memcpy(ret->document, l->document, ret->n * sizeof(*ret->document));
	return 0;
}
