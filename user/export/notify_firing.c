// SPDX-License-Identifier: Apache-2.0
/* notify_firing.c - a list; there are seldom more than a handful. */
#include "notify_firing.h"

#include <errno.h>
#include <string.h>

#include "notify_body.h"

struct entry {
	char *key, *severity;
	json_t *alert;
};

struct firing {
	struct entry *entries;
	size_t n, room;
};

int firing_new(struct firing **ret)
{
	struct firing *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	*ret = f;
	return 0;
}

static void entry_clear(struct entry *e)
{
	free(e->key);
	free(e->severity);
	json_decref(e->alert);
}

void firing_free(struct firing *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		entry_clear(&f->entries[i]);
	free(f->entries);
	free(f);
}

size_t firing_n(const struct firing *f)
{
	return f->n;
}

/* f->n: it is not there. */
static size_t find(const struct firing *f, const char *key)
{
	size_t i = 0;

	while (i < f->n && strcmp(f->entries[i].key, key))
		i++;
	return i;
}

static int make_room(struct firing *f)
{
	size_t room = f->room ? 2 * f->room : 16;
	struct entry *more;

	if (f->n < f->room)
		return 0;
	if (f->n >= NOTIFY_FIRING_MAX)
		return -E2BIG;
	more = reallocarray(f->entries, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->entries = more;
	f->room = room;
	return 0;
}

int firing_add(struct firing *f, const struct notice *what, int64_t created)
{
	struct entry e = { .alert = notify_alert(what, created) };
	size_t i;
	int r = 0;

	if (e.alert)
		e.key = notify_key(RECEIVER_ALERTMANAGER, e.alert);
	e.severity = strdup(what->severity ? what->severity : "");
	if (!e.alert || !e.key || !e.severity)
		r = -ENOMEM;
	i = r ? 0 : find(f, e.key);
	if (!r && i == f->n)
		r = make_room(f);
	if (r) {
		entry_clear(&e);
		return r;
	}
	if (i < f->n)
		entry_clear(&f->entries[i]);
	else
		f->n++;
	f->entries[i] = e;
	return 0;
}

void firing_remove(struct firing *f, const char *key)
{
	size_t i = find(f, key);

	if (i == f->n)
		return;
	entry_clear(&f->entries[i]);
	f->n--;
	memmove(&f->entries[i], &f->entries[i + 1], (f->n - i) * sizeof(f->entries[0]));
}

char *firing_post(const struct firing *f, const char *severity, int64_t firing_until, size_t *from)
{
	json_t *batch[NOTIFY_BATCH];
	size_t n = 0;

	for (; *from < f->n && n < NOTIFY_BATCH; ++*from) {
		const struct entry *e = &f->entries[*from];

		if (!severity || !strcmp(severity, e->severity))
			batch[n++] = e->alert;
	}
	return n ? notify_post(batch, n, firing_until) : NULL;
}
