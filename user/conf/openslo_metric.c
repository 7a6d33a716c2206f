// SPDX-License-Identifier: Apache-2.0
/* openslo_metric.c - SLIs and their metricSources; of type troth it knows what may be selected. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "openslo_read.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const outcome_words[] = { "ok",	    "client_error", "server_error",
					     "no_response", "aborted",	    "unknown" };
static const char *const role_words[] = { "server", "client" };
static const char *const protocol_words[] = { "http",  "http2",	    "grpc", "redis",  "postgresql",
					      "mysql", "memcached", "tls",  "unknown" };

static int word_index(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, words[i]))
			return (int)i;
	return -1;
}

/* -1: said. */
static int read_word(const struct world *w, const char *what, const struct yaml_node *node,
		     const char *const *words, size_t n)
{
	const char *text = yaml_text(node);
	int i = text ? word_index(text, words, n) : -1;
	char buf[512];

	if (i >= 0)
		return i;
	if (text)
		ERROR_AT(w, node->place, "%s: %s", what,
			 schema_unknown(text, words, n, buf, sizeof(buf)));
	else
		ERROR_AT(w, node->place, "%s is one word; write %s", what, words[0]);
	return -1;
}

static void check_port(const struct world *w, const struct yaml_node *node)
{
	char *end;
	long port = strtol(node->text, &end, 10);

	if (*end || !strspn(node->text, "0123456789") || port < 1 || port > 65535)
		ERROR_AT(w, node->place, "port: '%.60s' is none; write a number from 1 to 65535",
			 node->text);
}

static void read_selector(const struct world *w, const struct yaml_node *key,
			  const struct yaml_node *value, struct kernel_metric *ret)
{
	int i = read_word(w, "select", key, selector_names, SELECT_KEYS);

	if (i < 0)
		return;
	if (!yaml_text(value) || !*value->text) {
		ERROR_AT(w, value->place, "%s is one text; write %s: %s", selector_names[i],
			 selector_names[i], i == SELECT_PORT ? "8443" : "…");
		return;
	}
	if (i == SELECT_PORT)
		check_port(w, value);
	else if (i == SELECT_ROLE)
		read_word(w, "role", value, role_words, COUNT(role_words));
	else if (i == SELECT_PROTOCOL)
		read_word(w, "protocol", value, protocol_words, COUNT(protocol_words));
	else if (i == SELECT_NAMESPACE || i == SELECT_WORKLOAD || i == SELECT_ROUTE)
		WARNING_AT(w, key->place,
			   "select: '%s' is reserved, and no service fits it yet; leave it out",
			   selector_names[i]);
	ret->select[i] = value->text;
}

/* No server has a peer. */
static void check_peer(const struct world *w, const struct yaml_node *select,
		       const struct kernel_metric *k)
{
	if (k->select[SELECT_PEER] && strcmp(k->select[SELECT_ROLE], "client") != 0)
		WARNING_AT(
			w, yaml_get(select, selector_names[SELECT_PEER])->place,
			"peer is of a client, and no service fits it without role: client; write "
			"that too");
}

static void read_outcomes(const struct world *w, const struct yaml_node *outcomes,
			  struct kernel_metric *ret)
{
	const struct yaml_node *const *item = &outcomes;
	size_t n = 1;

	if (outcomes->kind == YAML_SEQUENCE) {
		item = (const struct yaml_node *const *)outcomes->item;
		n = outcomes->n;
	}
	if (!n)
		ERROR_AT(w, outcomes->place, "outcomes is empty: nothing would count; write %s",
			 "outcomes: [ok, client_error], or leave it out");
	for (size_t i = 0; i < n; i++) {
		int bit = read_word(w, "outcomes", item[i], outcome_words, COUNT(outcome_words));

		if (bit >= 0)
			ret->outcomes |= 1u << bit;
	}
}

static void read_latency(const struct world *w, const struct yaml_node *latency,
			 struct kernel_metric *ret)
{
	const struct yaml_node *part = yaml_get(latency, "part");
	const struct yaml_node *max = yaml_get(latency, "max");
	const char *text = yaml_text(max);
	int i = part ? read_word(w, "part", part, latency_part_names, LATENCY_PARTS) : 0;

	ret->has_latency = true;
	ret->part = i < 0 ? LATENCY_DURATION : (enum latency_part)i;
	if (text && *text && (duration_parse(text, &ret->max_ns) || !ret->max_ns))
		ERROR_AT(w, max->place, "max: '%.60s' is no duration; write one like 300ms or 1.5s",
			 text);
	else if (text && *text && strspn(text, "0123456789.") == strlen(text))
		WARNING_AT(w, max->place, "max: %.20s is %.20s s; write %.20ss or %.20sms", text,
			   text, text, text);
}

static const struct kernel_metric *read_kernel_metric(const struct world *w,
						      const struct yaml_node *spec)
{
	struct kernel_metric *k = arena_get(w->arena, sizeof(*k));
	const struct yaml_node *select = yaml_get(spec, "select");
	const struct yaml_node *outcomes = yaml_get(spec, "outcomes");
	const struct yaml_node *latency = yaml_get(spec, "latency");

	if (!k)
		return NULL;
	schema_check(&kernel_schema, spec, w->problems);
	if (!select)
		WARNING_AT(
			w, spec->place,
			"without select every server on this machine is meant; write select: {port: "
			"8443}");
	for (size_t i = 0; select && select->kind == YAML_MAPPING && i < select->n; i++)
		read_selector(w, yaml_key(select, i), yaml_value(select, i), k);
	if (!k->select[SELECT_ROLE])
		k->select[SELECT_ROLE] = role_words[0];
	check_peer(w, select, k);
	if (outcomes && outcomes->kind != YAML_MAPPING)
		read_outcomes(w, outcomes, k);
	if (latency && latency->kind == YAML_MAPPING)
		read_latency(w, latency, k);
	return k;
}

/* node is good, bad, total, raw or thresholdMetric. */
static const struct metric *read_metric(const struct world *w, const struct yaml_node *node)
{
	const struct yaml_node *source = yaml_get(node, "metricSource");
	const struct yaml_node *reference = yaml_get(source, "metricSourceRef");
	const struct yaml_node *spec = yaml_get(source, "spec");
	const struct document *d = NULL;
	struct metric *m;

	if (!source || source->kind != YAML_MAPPING)
		return NULL;
	m = arena_get(w->arena, sizeof(*m));
	if (!m)
		return NULL;
	m->place = source->place;
	m->type = yaml_text(yaml_get(source, "type"));
	m->source_ref = yaml_text(reference);
	if (reference)
		d = world_resolve(w, KIND_DATA_SOURCE, reference);
	if (!m->type && d && d->object)
		m->type = ((const struct data_source *)d->object)->type;
	if (!m->type && !reference)
		ERROR_AT(w, source->place,
			 "the metricSource needs 'type' or 'metricSourceRef'; write type: troth");
	warn_if_near(w, "type", yaml_get(source, "type"), metric_types);
	if (m->type && !strcmp(m->type, "troth") && spec && spec->kind == YAML_MAPPING)
		m->kernel = read_kernel_metric(w, spec);
	return m;
}

static void check_ratio(const struct world *w, const struct yaml_node *ratio)
{
	const struct yaml_node *good = yaml_get(ratio, "good"), *bad = yaml_get(ratio, "bad");
	const struct yaml_node *total = yaml_get(ratio, "total"), *raw = yaml_get(ratio, "raw");

	if (good && bad)
		ERROR_AT(w, bad->place, "'bad' together with 'good'; leave one of them out");
	if (raw && (good || bad || total))
		ERROR_AT(
			w, raw->place,
			"'raw' stands alone: it is a ratio already; leave good, bad and total out");
	else if (!raw && !total)
		ERROR_AT(w, ratio->place,
			 "the ratioMetric needs 'total' with 'good' or 'bad', or "
			 "'raw' with 'rawType'");
	else if (!raw && !good && !bad)
		ERROR_AT(w, ratio->place,
			 "the ratioMetric has a 'total' and needs 'good' or 'bad'");
	if (raw && !yaml_get(ratio, "rawType"))
		ERROR_AT(w, ratio->place, "'raw' needs 'rawType'; write rawType: success");
	if (!raw && !yaml_get(ratio, "counter"))
		WARNING_AT(w, ratio->place, "'counter' is missing; true is assumed, write it");
}

/* A unit is the same with and without ".service". */
static bool same_selected(enum selector_key key, const char *a, const char *b)
{
	static const char suffix[] = ".service";
	size_t n = a ? strlen(a) : 0, m = b ? strlen(b) : 0;

	if (!a || !b)
		return a == b;
	if (key == SELECT_UNIT && n > strlen(suffix) && !strcmp(a + n - strlen(suffix), suffix))
		n -= strlen(suffix);
	if (key == SELECT_UNIT && m > strlen(suffix) && !strcmp(b + m - strlen(suffix), suffix))
		m -= strlen(suffix);
	return n == m && !memcmp(a, b, n);
}

static void check_same_services(const struct world *w, const struct metric *part,
				const struct metric *total, const char *name)
{
	if (!part || !part->kernel || !total || !total->kernel)
		return;
	for (int key = 0; key < SELECT_KEYS; key++)
		if (!same_selected((enum selector_key)key, part->kernel->select[key],
				   total->kernel->select[key])) {
			WARNING_AT(
				w, total->place,
				"total selects other services than %s: their '%s' differs; write the "
				"same select in both",
				name, selector_names[key]);
			return;
		}
}

static void read_ratio(const struct world *w, const struct yaml_node *ratio, struct indicator *ret)
{
	int raw_type = node_word(yaml_get(ratio, "rawType"), raw_type_words);
	size_t raised = w->problems->raised;

	check_ratio(w, ratio);
	ret->kind = INDICATOR_RATIO;
	ret->counter = node_bool(yaml_get(ratio, "counter"), true);
	ret->good = read_metric(w, yaml_get(ratio, "good"));
	ret->bad = read_metric(w, yaml_get(ratio, "bad"));
	ret->total = read_metric(w, yaml_get(ratio, "total"));
	ret->raw = read_metric(w, yaml_get(ratio, "raw"));
	if (w->problems->raised == raised)
		check_same_services(w, ret->good ? ret->good : ret->bad, ret->total,
				    ret->good ? "good" : "bad");
	ret->raw_type = raw_type < 0 ? NULL : raw_type_words[raw_type];
}

const struct indicator *read_indicator(const struct world *w, const struct yaml_node *metadata,
				       const struct yaml_node *spec)
{
	const struct yaml_node *ratio = yaml_get(spec, "ratioMetric");
	const struct yaml_node *threshold = yaml_get(spec, "thresholdMetric");
	struct indicator *i;

	if (!spec || spec->kind != YAML_MAPPING)
		return NULL;
	i = arena_get(w->arena, sizeof(*i));
	if (!i)
		return NULL;
	i->place = spec->place;
	i->name = yaml_text(yaml_get(metadata, "name"));
	i->display_name = yaml_text(yaml_get(metadata, "displayName"));
	i->description = yaml_text(yaml_get(spec, "description"));
	if (ratio && threshold)
		ERROR_AT(w, threshold->place,
			 "'thresholdMetric' together with 'ratioMetric'; leave one of them out");
	else if (!ratio && !threshold)
		ERROR_AT(w, spec->place, "the SLI needs 'ratioMetric' or 'thresholdMetric'");
	if (ratio && ratio->kind == YAML_MAPPING)
		read_ratio(w, ratio, i);
	if (!threshold)
		return i;
	i->kind = INDICATOR_THRESHOLD;
	i->threshold = read_metric(w, threshold);
	if (i->threshold && i->threshold->kernel)
		WARNING_AT(
			w, threshold->place,
			"troth counts exchanges: a thresholdMetric of it has no single value; write a "
			"ratioMetric with latency");
	return i;
}

const struct indicator *read_indicator_of(const struct world *w, const struct yaml_node *parent,
					  bool *ret_given)
{
	const struct yaml_node *whole = yaml_get(parent, "indicator");
	const struct yaml_node *reference = yaml_get(parent, "indicatorRef");
	const struct document *d;

	*ret_given = whole || reference;
	if (whole && reference)
		ERROR_AT(w, reference->place,
			 "'indicatorRef' together with 'indicator'; leave one of them out");
	if (whole) {
		metadata_check(w, yaml_get(whole, "metadata"));
		return read_indicator(w, yaml_get(whole, "metadata"), yaml_get(whole, "spec"));
	}
	d = reference ? world_resolve(w, KIND_SLI, reference) : NULL;
	return d ? d->object : NULL;
}
