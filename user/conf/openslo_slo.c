// SPDX-License-Identifier: Apache-2.0
/* openslo_slo.c - one SLO document with its objectives. */
#include <errno.h>
#include <string.h>

#include "openslo_read.h"

#define WEIGHT_MAX 18 /* what a decimal holds */

/* A number from min (not below) up to, or below, 1; 0 or -EINVAL, which was said. */
static int read_ratio(const struct world *w, const char *name, const struct yaml_node *node,
		      int shift, bool one_is_fine, decimal *ret)
{
	const char *text = yaml_text(node), *whole = shift ? "100" : "1";
	int r = text ? decimal_parse(text, shift, ret) : -EINVAL;
	char percent[DECIMAL_TEXT], other[DECIMAL_TEXT];
	decimal d;

	if (!r && (*ret < DECIMAL_ONE || (one_is_fine && *ret == DECIMAL_ONE)))
		return 0;
	/* 99.9 where 0.999 is meant. */
	if (text && !shift && !decimal_parse(text, -2, &d) && d >= DECIMAL_ONE / 2 &&
	    d < DECIMAL_ONE)
		ERROR_AT(w, node->place, "%s: %.40s is above 1; write %s: %s%s%s", name, text, name,
			 decimal_format(d, 0, other),
			 strcmp(name, "target") != 0 ? "" : ", or targetPercent: ",
			 strcmp(name, "target") != 0 ? "" : decimal_format(d, -2, percent));
	else if (r == -ERANGE)
		ERROR_AT(w, node->place,
			 "%s: '%.60s' is too large or too long; write at most %d digits", name,
			 text, DECIMAL_DIGITS + shift);
	else
		ERROR_AT(w, node->place, "%s: '%.60s' is not possible; write a number from 0 %s %s",
			 name, text ? text : "", one_is_fine ? "to" : "and below", whole);
	return -EINVAL;
}

bool percent_is_low(const struct yaml_node *objective, decimal target)
{
	return yaml_get(objective, "targetPercent") && target && target < DECIMAL_ONE / 100;
}

static void read_objective_target(const struct world *w, const struct yaml_node *node,
				  struct objective *ret)
{
	const struct yaml_node *target = yaml_get(node, "target");
	const struct yaml_node *percent = yaml_get(node, "targetPercent");
	char text[DECIMAL_TEXT];

	if (target && percent)
		ERROR_AT(w, percent->place,
			 "'targetPercent' together with 'target'; leave one of them out");
	else if (!target && !percent)
		ERROR_AT(w, node->place,
			 "the objective needs 'target' or 'targetPercent'; write "
			 "target: 0.999");
	if (target)
		read_ratio(w, "target", target, 0, false, &ret->target);
	else if (percent)
		read_ratio(w, "targetPercent", percent, -2, false, &ret->target);
	if (!target && percent_is_low(node, ret->target))
		WARNING_AT(w, percent->place,
			   "targetPercent: %.40s is less than 1 %%; did you mean %s?",
			   percent->text, decimal_format(ret->target, -4, text));
}

static void read_slice_window(const struct world *w, const struct yaml_node *node,
			      struct objective *ret)
{
	const char *text = yaml_text(node);
	struct span span = { .unit = 'm' };
	char minutes[16];

	if (text && *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 9) {
		strcpy(stpcpy(minutes, text), "m");
		text = minutes;
	}
	if (!text || span_parse(text, &span))
		ERROR_AT(
			w, node->place,
			"timeSliceWindow: '%.60s' is no duration; write one like 1m, or whole minutes",
			yaml_text(node) ? yaml_text(node) : "");
	else
		ret->slice_s = (uint32_t)span_seconds(span);
}

static void read_slices(const struct world *w, const struct yaml_node *node, const struct slo *slo,
			struct objective *ret)
{
	const struct yaml_node *target = yaml_get(node, "timeSliceTarget");
	const struct yaml_node *window = yaml_get(node, "timeSliceWindow");
	const char *method = budget_method_names[slo->method];

	if (slo->method == METHOD_OCCURRENCES && (target || window))
		WARNING_AT(w, (target ? target : window)->place,
			   "slices are not used: the budgetingMethod is Occurrences");
	if (slo->method == METHOD_TIMESLICES && !target)
		ERROR_AT(w, node->place, "%s needs 'timeSliceTarget'; write timeSliceTarget: 0.95",
			 method);
	if (slo->method != METHOD_OCCURRENCES && !window)
		ERROR_AT(w, node->place, "%s needs 'timeSliceWindow'; write timeSliceWindow: 1m",
			 method);
	if (target && !read_ratio(w, "timeSliceTarget", target, 0, true, &ret->slice_target) &&
	    !ret->slice_target)
		ERROR_AT(
			w, target->place,
			"timeSliceTarget: 0 makes every slice good; write a number above 0, up to 1");
	if (window)
		read_slice_window(w, window, ret);
	if (slo->method == METHOD_OCCURRENCES)
		ret->slice_s = 0;
	else if (window && ret->slice_s && slo->window.span.n &&
		 ret->slice_s > (uint32_t)span_seconds(slo->window.span))
		ERROR_AT(w, window->place, "timeSliceWindow is longer than the timeWindow");
}

static void read_weight(const struct world *w, const struct yaml_node *node, struct objective *ret)
{
	const char *text = yaml_text(node);

	ret->weight = DECIMAL_ONE;
	if (node && (!text || decimal_parse(text, 0, &ret->weight) || !ret->weight))
		ERROR_AT(
			w, node->place,
			"compositeWeight: '%.60s' is not possible; write a number above 0, up to %d",
			text ? text : "", WEIGHT_MAX);
}

static void read_comparison(const struct world *w, const struct yaml_node *node,
			    struct objective *ret)
{
	const struct yaml_node *op = yaml_get(node, "op"), *value = yaml_get(node, "value");

	ret->op = op ? (enum comparison)(node_word(op, comparison_words) + COMPARE_LT) :
		       COMPARE_NONE;
	if (value)
		node_number(value, &ret->value);
	if (!ret->indicator || ret->indicator->kind != INDICATOR_THRESHOLD)
		return;
	if (!op)
		ERROR_AT(w, node->place, "a thresholdMetric needs 'op'; write op: lte");
	if (!value)
		ERROR_AT(w, node->place, "a thresholdMetric needs 'value'; write value: 0.3");
}

static void read_objective_indicator(const struct world *w, const struct yaml_node *node,
				     bool slo_has_one, const struct slo *slo, struct objective *ret)
{
	bool own;

	ret->indicator = read_indicator_of(w, node, &own);
	if (!own && !slo_has_one)
		ERROR_AT(w, node->place,
			 "neither the SLO nor this objective has an indicator; write indicatorRef: "
			 "NAME");
	else if (own && slo_has_one)
		WARNING_AT(w, node->place,
			   "the SLO has an indicator too: for this objective its own is used");
	if (!own)
		ret->indicator = slo->indicator;
}

static void read_objective(const struct world *w, const struct yaml_node *node, bool slo_has_one,
			   const struct slo *slo, struct objective *ret)
{
	ret->place = node->place;
	ret->display_name = metadata_text(node, "displayName");
	ret->counts_name = *ret->display_name ?
				   arena_printf(w->arena, "%s/%s", slo->name, ret->display_name) :
				   slo->name;
	read_objective_indicator(w, node, slo_has_one, slo, ret);
	read_objective_target(w, node, ret);
	read_slices(w, node, slo, ret);
	read_weight(w, yaml_get(node, "compositeWeight"), ret);
	read_comparison(w, node, ret);
}

static void check_objectives(const struct world *w, const struct slo *slo)
{
	for (size_t i = 1; i < slo->n_objectives; i++)
		for (size_t k = 0; k < i; k++) {
			if (strcmp(slo->objectives[k].display_name,
				   slo->objectives[i].display_name) != 0)
				continue;
			WARNING_AT(
				w, slo->objectives[i].place,
				"another objective of this SLO has %s displayName: their counts cannot be "
				"told apart; give each one of its own",
				*slo->objectives[i].display_name ? "the same" : "no");
			break;
		}
	if (slo->n_objectives > 1 && slo->indicator && slo->indicator->kind == INDICATOR_THRESHOLD)
		WARNING_AT(
			w, slo->objectives[1].place,
			"a thresholdMetric may have one objective only; other tools refuse more");
}

/* Of a composite: with a weight, or an indicator of its own. */
static bool is_part(const struct yaml_node *objective)
{
	return yaml_get(objective, "compositeWeight") || yaml_get(objective, "indicator") ||
	       yaml_get(objective, "indicatorRef");
}

static void read_objectives(const struct world *w, const struct yaml_node *list, bool has_one,
			    struct slo *slo)
{
	struct objective *objectives;
	size_t n = 0;

	if (!list || list->kind != YAML_SEQUENCE)
		return;
	if (!list->n)
		ERROR_AT(w, list->place, "objectives is empty; write at least [{target: 0.999}]");
	if (list->n > OBJECTIVES_MAX) {
		ERROR_AT(w, list->place, "more than %d objectives; write several SLOs",
			 OBJECTIVES_MAX);
		return;
	}
	objectives = arena_array(w->arena, list->n, sizeof(*objectives));
	for (size_t i = 0; objectives && i < list->n; i++)
		if (list->item[i]->kind == YAML_MAPPING) {
			slo->composite |= list->n > 1 && is_part(list->item[i]);
			read_objective(w, list->item[i], has_one, slo, &objectives[n++]);
		}
	slo->objectives = objectives;
	slo->n_objectives = n;
	check_objectives(w, slo);
}

static void read_service(const struct world *w, struct slo *slo, const struct yaml_node *service)
{
	const struct document *d;

	slo->service = yaml_text(service);
	if (!slo->service) {
		slo->service = "";
		return;
	}
	d = *slo->service ? world_resolve(w, KIND_SERVICE, service) : NULL;
	if (!d)
		return;
	slo->service_display_name = yaml_text(yaml_get(d->metadata, "displayName"));
	slo->service_description = yaml_text(yaml_get(d->spec, "description"));
}

static void read_alert_policies(const struct world *w, const struct document *d, struct slo *slo)
{
	const struct yaml_node *list = yaml_get(d->spec, "alertPolicies");

	for (size_t i = 0; i < d->spec->n; i++)
		if (!strcmp(yaml_key(d->spec, i)->text, "alertPolicies") && !list)
			WARNING_AT(
				w, yaml_key(d->spec, i)->place,
				"alertPolicies is empty: the default alerts are used; leave it out");
	if (list && list->kind == YAML_SEQUENCE && !list->n)
		WARNING_AT(w, list->place,
			   "alertPolicies is empty: the default alerts are used; leave it out");
	slo->policies = read_policies(w, list, &slo->n_policies);
}

struct slo *read_slo(const struct world *w, const struct document *d)
{
	int method = node_word(yaml_get(d->spec, "budgetingMethod"), budget_method_names);
	struct slo *slo = arena_get(w->arena, sizeof(*slo));
	bool has_indicator;

	if (!slo)
		return NULL;
	slo->name = d->name;
	slo->place = d->place;
	slo->display_name = yaml_text(yaml_get(d->metadata, "displayName"));
	slo->description = yaml_text(yaml_get(d->spec, "description"));
	slo->method = method < 0 ? METHOD_OCCURRENCES : (enum budget_method)method;
	slo->window = read_window(w, yaml_get(d->spec, "timeWindow"));
	slo->labels = read_labels(w, yaml_get(d->metadata, "labels"), &slo->n_labels);
	slo->annotations =
		read_annotations(w, yaml_get(d->metadata, "annotations"), &slo->n_annotations);
	read_agreement(w, d, slo);
	read_service(w, slo, yaml_get(d->spec, "service"));
	slo->indicator = read_indicator_of(w, d->spec, &has_indicator);
	read_objectives(w, yaml_get(d->spec, "objectives"), has_indicator, slo);
	read_alert_policies(w, d, slo);
	return slo;
}
