// SPDX-License-Identifier: Apache-2.0
/* daemon_receivers.c - `notify:` of troth.yaml: which fields a kind of receiver has, and needs. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "daemon_read.h"
#include "option_value.h"

struct receiver_reading {
	const struct yaml_node *node;
	unsigned int kind;				  /* its bit; 0: not known */
	const struct yaml_node *value[RECEIVER_ROWS_MAX]; /* by row; NULL: not given */
	const struct yaml_node *key[RECEIVER_ROWS_MAX];
	struct problems *problems;
	struct receiver_conf *conf;
};

static size_t row_find(const char *name)
{
	size_t i = 0;

	while (i < receiver_rows_n && strcmp(receiver_rows[i].option.name, name) != 0)
		i++;
	return i;
}

static const char *example_of(size_t row, unsigned int kind)
{
	const struct receiver_row *r = &receiver_rows[row];
	int i = __builtin_ctz(kind ? kind & r->kinds ? kind & r->kinds : r->kinds : r->kinds);

	return r->example ? r->example[i] : r->option.initial;
}

static void find_fields(struct receiver_reading *r)
{
	const char *known[RECEIVER_ROWS_MAX];

	for (size_t i = 0; i < receiver_rows_n; i++)
		known[i] = receiver_rows[i].option.name;
	for (size_t i = 0; i < r->node->n; i++) {
		const struct yaml_node *key = yaml_key(r->node, i);
		size_t row = row_find(key->text);

		if (row == receiver_rows_n) {
			daemon_unknown("notify: ", key, known, receiver_rows_n, r->problems);
			continue;
		}
		r->key[row] = key;
		r->value[row] = yaml_value(r->node, i);
	}
}

static void find_kind(struct receiver_reading *r)
{
	const char *text = yaml_text(r->value[row_find("kind")]);

	for (unsigned int i = 0; text && daemon_receiver_kinds[i]; i++)
		if (!strcmp(text, daemon_receiver_kinds[i]))
			r->kind = 1u << i;
}

static void read_fields(struct receiver_reading *r)
{
	const char *kind = yaml_text(r->value[row_find("kind")]);

	for (size_t i = 0; i < receiver_rows_n; i++) {
		const struct receiver_row *row = &receiver_rows[i];
		const char *example = example_of(i, r->kind);
		char called[64];

		snprintf(called, sizeof(called), "notify.%s", row->option.name);
		if (r->value[i] && r->kind && !(row->kinds & r->kind))
			problem_add(r->problems, PROBLEM_ERROR, r->key[i]->place,
				    "%s: a receiver of the kind %s has none; take it out", called,
				    kind);
		else if (r->value[i])
			(void)daemon_value_read(&row->option, called, example, r->value[i],
						(char *)r->conf + row->option.offset, r->problems);
		else if (r->kind ? row->required & r->kind : row->required == KIND_ALL)
			problem_add(r->problems, PROBLEM_ERROR, r->node->place,
				    "the receiver has no '%s'; write %s: %s", row->option.name,
				    row->option.name, example);
	}
}

static void check_together(struct receiver_reading *r)
{
	size_t user = row_find("user"), password = row_find("password-file");
	size_t token = row_find("bearer-token-file"), ca = row_find("ca-file");
	const char *url = r->conf->url;

	if (!(r->kind & KIND_HTTP))
		return;
	if (r->value[user] && !r->value[password])
		problem_add(r->problems, PROBLEM_ERROR, r->key[user]->place,
			    "notify.user needs a password; write password-file: and the path of "
			    "its file beside it");
	if (r->value[password] && !r->value[user])
		problem_add(r->problems, PROBLEM_ERROR, r->key[password]->place,
			    "notify.password-file needs whose password it is; write user: beside "
			    "it");
	if (r->value[token] && (r->value[user] || r->value[password]))
		problem_add(r->problems, PROBLEM_ERROR, r->key[token]->place,
			    "notify.bearer-token-file cannot stand beside user and password-file; "
			    "take out one or the other");
	if (r->value[ca] && url && strncasecmp(url, "https:", 6) != 0)
		problem_add(r->problems, PROBLEM_ERROR, r->key[ca]->place,
			    "notify.ca-file is for https, and the url is not; write the url with "
			    "https, or take it out");
}

static void check_unique(const struct daemon_conf *conf, const struct receiver_reading *r)
{
	const char *name = r->conf->name;

	for (unsigned int i = 0; name && i < conf->n_receivers; i++)
		if (conf->receivers[i].name && !strcmp(conf->receivers[i].name, name))
			problem_add(r->problems, PROBLEM_ERROR, r->value[row_find("name")]->place,
				    "notify.name: '%s' is another receiver's name already; write "
				    "one of its own",
				    name);
}

static void read_defaults(struct receiver_conf *conf)
{
	char why[256];

	for (size_t i = 0; i < receiver_rows_n; i++)
		if (receiver_rows[i].option.initial)
			(void)option_value_read(&receiver_rows[i].option, "",
						receiver_rows[i].option.initial,
						(char *)conf + receiver_rows[i].option.offset, why,
						sizeof(why));
}

static void read_one(const struct yaml_node *node, struct problems *problems,
		     struct daemon_conf *conf)
{
	struct receiver_reading r = { .node = node,
				      .problems = problems,
				      .conf = &conf->receivers[conf->n_receivers] };

	read_defaults(r.conf);
	find_fields(&r);
	find_kind(&r);
	read_fields(&r);
	check_together(&r);
	check_unique(conf, &r);
	conf->n_receivers++;
}

void daemon_receivers_read(const struct yaml_node *list, struct problems *problems,
			   struct daemon_conf *conf)
{
	if (list->kind != YAML_SEQUENCE) {
		problem_add(problems, PROBLEM_ERROR, list->place,
			    "notify must be a list; begin each receiver with '- name: ' below it");
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *node = list->item[i];

		if (node->kind != YAML_MAPPING) {
			problem_add(problems, PROBLEM_ERROR, node->place,
				    "notify: a receiver is a mapping; write - {name: %s, kind: %s, "
				    "url: %s}",
				    example_of(row_find("name"), 1),
				    example_of(row_find("kind"), 1),
				    example_of(row_find("url"), 1));
			continue;
		}
		if (conf->n_receivers == RECEIVERS_MAX) {
			problem_add(problems, PROBLEM_ERROR, node->place,
				    "notify: more than %d receivers; take this one out",
				    RECEIVERS_MAX);
			return;
		}
		read_one(node, problems, conf);
	}
}
