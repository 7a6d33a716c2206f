// SPDX-License-Identifier: Apache-2.0
/*
 * sampler_names.c - names that stay: an endpoint keeps its name as long as it lives, unless another one
 * comes that would have the same (CONTRACT, "What counts as what", 2).
 */
#include "sampler_own.h"

#include <errno.h>
#include <string.h>

#include "resolve.h"

/* Is text base, or base with what tells it from others? */
static bool is_name_of(const char *text, const char *base)
{
	size_t n = strlen(base);

	return !strncmp(text, base, n) && (!text[n] || text[n] == '@' || text[n] == '#');
}

/* What stands before that. A base holds neither sign but in odd file names: then it is kept whole. */
static char *base_of(const char *name)
{
	return strndup(name, strcspn(name, "@#"));
}

static int set_name(struct sampler *s, struct number *n, struct identity *id, const char *shown)
{
	char *base = id->name, *name = strdup(shown ? shown : base);

	if (!base || !name) {
		free(name);
		return -ENOMEM;
	}
	id->name = name;
	identity_clear(&n->id);
	free(n->base);
	n->id = *id;
	n->base = base;
	*id = (struct identity){};
	s->names_changed = true;
	return 0;
}

/* One program of a client may run more than once; whose name it has is whoever was seen first. */
static bool is_same_program(const struct number *n, const struct identity *a,
			    const struct identity *b)
{
	return n->key.role == ROLE_CLIENT && a->exe && b->exe && !strcmp(a->exe, b->exe);
}

/* By the record: what a living process is called now comes first, but for what is added to it. */
static int use_remembered(struct sampler *s, struct number *n, struct identity *fresh,
			  bool believed, const struct identity *known)
{
	_cleanup_(identity_clear) struct identity id = {};
	char *base;
	int r;

	if (believed && is_same_program(n, fresh, known)) {
		free(fresh->name);
		fresh->name = base_of(known->name);
		if (!fresh->name)
			return -ENOMEM;
	}
	if (believed)
		return set_name(s, n, fresh,
				is_name_of(known->name, fresh->name) ? known->name : NULL);
	r = identity_copy(known, &id);
	if (r)
		return r;
	base = is_name_of(known->name, fresh->name) ? strdup(fresh->name) : base_of(known->name);
	if (!base)
		return -ENOMEM;
	free(id.name);
	id.name = base;
	return set_name(s, n, &id, known->name);
}

int names_resolve(struct sampler *s, struct number *n)
{
	_cleanup_(identity_clear) struct identity fresh = {};
	const struct identity *known = NULL;
	bool first = !n->base, believed;

	if (n->settled)
		return 0;
	if (resolver_name(s->resolver, &n->key, &n->endpoint, &fresh))
		return -ENOMEM;
	believed = resolver_believes(s->resolver, &n->key, n->endpoint.series);
	n->settled = believed;
	if ((s->adopting || believed) && s->options.remembered)
		known = s->options.remembered(s->options.context, n->endpoint.series, &n->key);
	if (known && known->name) {
		n->settled = true;
		return use_remembered(s, n, &fresh, believed, known);
	}
	if (!first && !strcmp(n->base, fresh.name)) {
		if (!believed && (n->id.cgroup || !fresh.cgroup))
			return 0;
		/* The same name, but of somebody who is known by now, or whose group is. */
		n->moved = true; /* so that it is told, whether it counts any more or not */
		free(fresh.name);
		fresh.name = strdup(n->base);
		return fresh.name ? set_name(s, n, &fresh, n->id.name) : -ENOMEM;
	}
	return set_name(s, n, &fresh, NULL);
}

/* The living, by service; and what each service would be called if all were named now. */
struct naming {
	struct number **numbers;
	size_t *service; /* of each number: index of what follows */
	size_t n;
	struct identity *ids; /* strings are a number's, but for the name */
	struct identity **places;
	enum role *roles;
	const char **apart; /* how it was told apart from another before, or NULL */
	struct called {
		enum role role;
		const char *name;
	} * called;
	size_t n_services;
};

static void naming_clear(struct naming *g)
{
	for (size_t i = 0; i < g->n_services; i++)
		free(g->ids[i].name);
	free(g->numbers);
	free(g->service);
	free(g->ids);
	free(g->places);
	free(g->roles);
	free(g->apart);
	free(g->called);
}

static int naming_new(struct naming *g, size_t n)
{
	g->numbers = calloc(n, sizeof(*g->numbers));
	g->service = calloc(n, sizeof(*g->service));
	g->ids = calloc(n, sizeof(*g->ids));
	g->places = calloc(n, sizeof(*g->places));
	g->roles = calloc(n, sizeof(*g->roles));
	g->apart = calloc(n, sizeof(*g->apart));
	g->called = calloc(n, sizeof(*g->called));
	return g->numbers && g->service && g->ids && g->places && g->roles && g->apart &&
			       g->called ?
		       0 :
		       -ENOMEM;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_services(const void *a, const void *b)
{
	const struct number *x = *(struct number *const *)a, *y = *(struct number *const *)b;
	int r = x->key.role != y->key.role ? (x->key.role < y->key.role ? -1 : 1) :
					     strcmp(x->base, y->base);

	if (!r)
		r = x->id.netns != y->id.netns ? (x->id.netns < y->id.netns ? -1 : 1) :
						 compare_texts(x->id.exe, y->id.exe);
	if (!r)
		r = compare_texts(x->id.container, y->id.container);
	return r ? r : compare_texts(x->id.pod, y->id.pod);
}

/*
 * A client is one program and one peer (CONTRACT); but its key has the inode of the program's file,
 * which is another one when its next version has replaced it.
 */
static bool is_same_service(const struct number *a, const struct number *b)
{
	return a->key.role == ROLE_CLIENT && a->id.exe && !compare_services(&a, &b);
}

/* Was it told apart from another before? */
static bool is_qualified(const struct number *n)
{
	return strcmp(n->id.name, n->base) != 0;
}

static int naming_fill(struct naming *g, const struct sampler *s)
{
	int r = naming_new(g, s->used + 1);

	for (unsigned int i = SERIES_FIRST; !r && i < s->kernel.n_series && g->n < s->used; i++)
		if (s->numbers[i].state == NUMBER_LIVING && s->numbers[i].base)
			g->numbers[g->n++] = &s->numbers[i];
	if (r)
		return r;
	qsort(g->numbers, g->n, sizeof(*g->numbers), compare_services);
	for (size_t i = 0; i < g->n; i++) {
		struct number *n = g->numbers[i];
		size_t k = g->n_services;

		if (i && is_same_service(g->numbers[i - 1], n)) {
			k--;
		} else {
			g->ids[k] = n->id;
			g->ids[k].name = strdup(n->base);
			g->places[k] = &g->ids[k];
			g->roles[k] = n->key.role;
			g->n_services++;
		}
		g->service[i] = k;
		if (!g->ids[k].name)
			return -ENOMEM;
		if (is_qualified(n) && !g->apart[k])
			g->apart[k] = n->id.name;
	}
	return 0;
}

static int compare_called(const void *a, const void *b)
{
	const struct called *x = a, *y = b;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Are all different if whoever was told apart before keeps that name, whoever has gone since? */
static bool names_may_stay(struct naming *g)
{
	for (size_t i = 0; i < g->n_services; i++) {
		g->called[i].role = g->roles[i];
		g->called[i].name = g->apart[i] ? g->apart[i] : g->ids[i].name;
	}
	qsort(g->called, g->n_services, sizeof(*g->called), compare_called);
	for (size_t i = 1; i < g->n_services; i++)
		if (!compare_called(&g->called[i - 1], &g->called[i]))
			return false;
	return true;
}

static int make_unique(struct sampler *s)
{
	_cleanup_(naming_clear) struct naming g = {};
	int r = naming_fill(&g, s);

	if (!r)
		r = resolver_disambiguate(g.places, g.roles, g.n_services);
	if (r)
		return r;
	if (names_may_stay(&g))
		for (size_t i = 0; i < g.n_services; i++) {
			char *name = g.apart[i] ? strdup(g.apart[i]) : NULL;

			if (g.apart[i] && !name)
				return -ENOMEM;
			if (name) {
				free(g.ids[i].name);
				g.ids[i].name = name;
			}
		}
	for (size_t i = 0; i < g.n; i++) {
		char *name = strdup(g.ids[g.service[i]].name);

		if (!name)
			return -ENOMEM;
		free(g.numbers[i]->id.name);
		g.numbers[i]->id.name = name;
	}
	return 0;
}

int names_update(struct sampler *s)
{
	for (unsigned int i = SERIES_FIRST; i < s->kernel.n_series; i++) {
		struct number *n = &s->numbers[i];
		int r;

		if (n->state != NUMBER_LIVING || n->settled)
			continue;
		/* Of a client nothing more comes to light than its announcement said, but its group. */
		if (n->base && n->key.role != ROLE_SERVER &&
		    !resolver_knows_more(s->resolver, &n->key, n->endpoint.series))
			continue;
		r = names_resolve(s, n);
		if (r)
			return r;
	}
	if (!s->names_changed)
		return 0;
	s->names_changed = false;
	return make_unique(s);
}
