// SPDX-License-Identifier: Apache-2.0
/* openslo_alert.c - AlertPolicies, their conditions and targets, inline or by name. */
#include <string.h>

#include "openslo_read.h"

/* 0 of any unit. */
static bool is_none(const char *text)
{
	size_t zeros = strspn(text, "0");

	return zeros && strlen(text) == zeros + 1 && strchr("mhdwMQY", text[zeros]);
}

static void read_alert_after(const struct world *w, const struct yaml_node *node,
			     struct alert_condition *ret)
{
	const char *text = yaml_text(node);
	struct span span;

	if (!node)
		return;
	/* The specification's default is 0m, which is no duration by its own rule. */
	if (text && is_none(text))
		return;
	if (schema_no_unit("alertAfter", node, w->problems))
		return;
	if (!text || span_parse(text, &span))
		ERROR_AT(w, node->place, "alertAfter: '%.60s' is no duration; write one like 5m",
			 text ? text : "");
	else
		ret->alert_after_s = (uint32_t)span_seconds(span);
}

struct alert_condition *read_condition(const struct world *w, const struct yaml_node *metadata,
				       const struct yaml_node *spec)
{
	const struct yaml_node *burn = yaml_get(spec, "condition");
	const struct yaml_node *op = yaml_get(burn, "op");
	const struct yaml_node *threshold = yaml_get(burn, "threshold");
	const char *lookback = yaml_text(yaml_get(burn, "lookbackWindow"));
	struct alert_condition *c;
	struct span span;

	if (!burn || burn->kind != YAML_MAPPING)
		return NULL;
	c = arena_get(w->arena, sizeof(*c));
	if (!c)
		return NULL;
	c->name = metadata_text(metadata, "name");
	c->severity = metadata_text(spec, "severity");
	warn_if_near(w, "severity", yaml_get(spec, "severity"), severity_words);
	c->place = burn->place;
	c->op = op ? (enum comparison)(node_word(op, comparison_words) + COMPARE_LT) : COMPARE_GT;
	if (!op)
		WARNING_AT(w, burn->place, "'op' is missing; gt is assumed, write op: gt");
	read_alert_after(w, yaml_get(burn, "alertAfter"), c);
	if (node_number(threshold, &c->threshold) && c->threshold < 0)
		ERROR_AT(w, threshold->place,
			 "threshold: '%.60s' is below 0, and no burn rate is; write one like 14.4",
			 threshold->text);
	if (!node_number(threshold, &c->threshold) || !lookback || span_parse(lookback, &span))
		return NULL;
	c->lookback_s = (uint32_t)span_seconds(span);
	return c;
}

struct alert_target *read_target(const struct world *w, const struct yaml_node *metadata,
				 const struct yaml_node *spec)
{
	struct alert_target *t = arena_get(w->arena, sizeof(*t));

	if (!t)
		return NULL;
	t->name = metadata_text(metadata, "name");
	t->target = metadata_text(spec, "target");
	t->description = yaml_text(yaml_get(spec, "description"));
	return t;
}

/* What stands in a list: a name, a mapping with only a reference, or the thing itself. */
struct member {
	enum document_kind kind;
	const char *reference; /* name of its field */
};

/* The reference of item; NULL: it is the thing itself, or wrong, which was said. */
static const struct yaml_node *member_reference(const struct world *w, const struct member *m,
						const struct yaml_node *item)
{
	const struct yaml_node *reference = yaml_get(item, m->reference);
	const struct yaml_node *spec = yaml_get(item, "spec");
	const char *kind = yaml_text(yaml_get(item, "kind"));

	if (item->kind == YAML_SCALAR)
		return item;
	if (reference && spec)
		ERROR_AT(w, reference->place, "'%s' together with 'spec'; leave one of them out",
			 m->reference);
	else if (!reference && !spec)
		ERROR_AT(w, item->place, "'%s' or 'spec' is needed; write %s: NAME", m->reference,
			 m->reference);
	if (spec && !kind)
		WARNING_AT(w, item->place, "'kind' is missing; write kind: %s",
			   document_kinds[m->kind]);
	else if (kind && strcmp(kind, document_kinds[m->kind]) != 0)
		ERROR_AT(w, yaml_get(item, "kind")->place,
			 "kind: '%.60s' cannot stand here; write %s", kind,
			 document_kinds[m->kind]);
	if (spec && !reference)
		metadata_check(w, yaml_get(item, "metadata"));
	return reference;
}

/* The object that item stands for, NULL where there is none. */
static const void *read_member(const struct world *w, const struct member *m,
			       const struct yaml_node *item)
{
	const struct yaml_node *reference = member_reference(w, m, item);
	const struct yaml_node *metadata = yaml_get(item, "metadata");
	const struct yaml_node *spec = yaml_get(item, "spec");
	const struct document *d;

	if (reference) {
		d = world_resolve(w, m->kind, reference);
		return d ? d->object : NULL;
	}
	if (!spec || spec->kind != YAML_MAPPING)
		return NULL;
	return m->kind == KIND_ALERT_CONDITION ? (void *)read_condition(w, metadata, spec) :
	       m->kind == KIND_ALERT_TARGET    ? (void *)read_target(w, metadata, spec) :
						 (void *)read_policy(w, metadata, spec);
}

/* An array of copies of what the list's items stand for, each of size. */
static void *read_members(const struct world *w, const struct member *m,
			  const struct yaml_node *list, size_t size, size_t *ret_n)
{
	char *array;
	size_t n = 0;

	*ret_n = 0;
	if (!list || list->kind != YAML_SEQUENCE)
		return NULL;
	array = arena_array(w->arena, list->n, size);
	for (size_t i = 0; array && i < list->n; i++) {
		const void *object = read_member(w, m, list->item[i]);

		if (object)
			memcpy(array + n++ * size, object, size);
	}
	*ret_n = n;
	return array;
}

struct alert_policy *read_policy(const struct world *w, const struct yaml_node *metadata,
				 const struct yaml_node *spec)
{
	static const struct member condition = { KIND_ALERT_CONDITION, "conditionRef" };
	static const struct member target = { KIND_ALERT_TARGET, "targetRef" };
	const struct yaml_node *conditions = yaml_get(spec, "conditions");
	const struct yaml_node *targets = yaml_get(spec, "notificationTargets");
	struct alert_policy *p;

	if (!spec || spec->kind != YAML_MAPPING)
		return NULL;
	p = arena_get(w->arena, sizeof(*p));
	if (!p)
		return NULL;
	p->name = metadata_text(metadata, "name");
	p->description = yaml_text(yaml_get(spec, "description"));
	p->place = spec->place;
	p->alert_when_breaching = node_bool(yaml_get(spec, "alertWhenBreaching"), false);
	p->alert_when_resolved = node_bool(yaml_get(spec, "alertWhenResolved"), false);
	p->alert_when_no_data = node_bool(yaml_get(spec, "alertWhenNoData"), false);
	if (conditions && conditions->kind == YAML_SEQUENCE && conditions->n != 1)
		ERROR_AT(w, conditions->place,
			 "an AlertPolicy has exactly one condition, not %zu; write %s",
			 conditions->n, conditions->n ? "a policy for each" : "one");
	if (targets && targets->kind == YAML_SEQUENCE && !targets->n)
		ERROR_AT(
			w, targets->place,
			"notificationTargets is empty; write at least one, as [{targetRef: NAME}]");
	p->conditions =
		read_members(w, &condition, conditions, sizeof(*p->conditions), &p->n_conditions);
	p->targets = read_members(w, &target, targets, sizeof(*p->targets), &p->n_targets);
	return p;
}

/* Those without a condition that can be judged are left out: the SLO's defaults go on. */
const struct alert_policy *read_policies(const struct world *w, const struct yaml_node *list,
					 size_t *ret_n)
{
	static const struct member member = { KIND_ALERT_POLICY, "alertPolicyRef" };
	struct alert_policy *policies =
		read_members(w, &member, list, sizeof(struct alert_policy), ret_n);
	size_t n = 0;

	for (size_t i = 0; i < *ret_n; i++)
		if (policies[i].n_conditions)
			policies[n++] = policies[i];
	*ret_n = n;
	return policies;
}
