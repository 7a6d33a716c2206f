// SPDX-License-Identifier: Apache-2.0
/* exclusion.c - which SLOs an exclusion means. Reading it is left to others. */
#include "openslo.h"

#include <string.h>

static bool named(const struct exclusion *e, const char *name)
{
	for (size_t i = 0; i < e->n_slos; i++)
		if (!strcmp(e->slos[i], name))
			return true;
	return false;
}

static bool has_label(const struct slo *slo, const struct text_pair *label)
{
	for (size_t i = 0; i < slo->n_labels; i++)
		if (!strcmp(slo->labels[i].name, label->name) &&
		    !strcmp(slo->labels[i].value, label->value))
			return true;
	return false;
}

bool exclusion_applies(const struct exclusion *e, const struct slo *slo)
{
	if (named(e, slo->name))
		return true;
	for (size_t i = 0; i < e->n_labels; i++)
		if (!has_label(slo, &e->labels[i]))
			return false;
	return e->n_labels > 0;
}
