// SPDX-License-Identifier: Apache-2.0
/*
 * lines_counts.c - counters as JSON: {"bytes_in": 5, "undated": [[threshold, n], ...],
 * "exchanges": [[within, "ok", n], ...], "duration": [[k, n], ...]}. within: bit t is threshold t.
 * A bucket ends at 2^(k/8) s; k of the overflow is null. What is 0 is left out.
 */
#include <errno.h>
#include <string.h>

#include "lines.h"

static const char *const outcomes[OUTCOMES] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_CLIENT_ERROR] = "client_error",
	[OUTCOME_SERVER_ERROR] = "server_error",
	[OUTCOME_NO_RESPONSE] = "no_response",
	[OUTCOME_ABORTED] = "aborted",
	[OUTCOME_UNKNOWN] = "unknown",
};

static bool is_histogram(const char *name)
{
	return !strcmp(name, "duration") || !strcmp(name, "queue");
}

static json_t *entry(const struct codec_counter *c, uint64_t value)
{
	json_int_t n = (json_int_t)value;

	if (is_histogram(c->name) && c->at == HISTOGRAM_BUCKETS - 1)
		return json_pack("[n, I]", n);
	if (is_histogram(c->name))
		return json_pack("[i, I]", (int)c->at + HISTOGRAM_MIN_EXP8, n);
	if (c->dims == 1)
		return json_pack("[i, I]", (int)c->at, n);
	return json_pack("[i, s, I]", (int)c->at, outcomes[c->sub], n);
}

static int add_counter(void *context, const struct codec_counter *c, uint64_t value)
{
	json_t *object = context, *list;

	if (!c->dims)
		return json_object_set_new(object, c->name, json_integer((json_int_t)value));
	list = json_object_get(object, c->name);
	if (!list) {
		list = json_array();
		if (json_object_set_new(object, c->name, list))
			return -ENOMEM;
	}
	return json_array_append_new(list, entry(c, value));
}

json_t *counts_json(const unsigned char *bytes, size_t n)
{
	struct series_counts c = {};
	json_t *object;

	if (codec_add(bytes, n, &c)) {
		errno = EUCLEAN;
		return NULL;
	}
	object = json_object();
	if (object && codec_each(&c, add_counter, object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *losses_json(const unsigned char *bytes, size_t n)
{
	struct losses l = {};
	json_t *object;

	if (losses_add(bytes, n, &l)) {
		errno = EUCLEAN;
		return NULL;
	}
	object = json_object();
	if (object && losses_each(&l, add_counter, object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* What counters are looked up in: both structs have one shape. */
struct target {
	void *of;
	__u64 *(*find)(void *of, const struct codec_counter *c);
};

static __u64 *find_counts(void *of, const struct codec_counter *c)
{
	return codec_find(of, c);
}

static __u64 *find_losses(void *of, const struct codec_counter *c)
{
	return losses_find(of, c);
}

static bool outcome_of(const json_t *value, unsigned int *ret)
{
	const char *word = json_string_value(value);

	for (*ret = 0; word && *ret < OUTCOMES; ++*ret)
		if (!strcmp(word, outcomes[*ret]))
			return true;
	return false;
}

/* [at, n] or [at, outcome, n] */
static bool entry_of(const json_t *e, const char *name, struct codec_counter *c, json_t **ret_n)
{
	size_t n = json_array_size(e);
	json_t *at = json_array_get(e, 0);
	json_int_t i = json_integer_value(at);

	if (n != 2 && n != 3)
		return false;
	*c = (struct codec_counter){ .name = name, .dims = (unsigned int)n - 1 };
	if (is_histogram(name)) {
		i -= HISTOGRAM_MIN_EXP8;
		if (json_is_null(at))
			i = HISTOGRAM_BUCKETS - 1;
		else if (i == HISTOGRAM_BUCKETS - 1)
			return false;
	}
	if ((!json_is_integer(at) && !(is_histogram(name) && json_is_null(at))) || i < 0 ||
	    i > CODEC_NUMBER_MAX)
		return false;
	c->at = (unsigned int)i;
	*ret_n = json_array_get(e, n - 1);
	return n == 2 || outcome_of(json_array_get(e, 1), &c->sub);
}

/* False: no such counter, no count, or twice the same. */
static bool set(const struct target *t, const struct codec_counter *c, const json_t *n)
{
	__u64 *place = t->find(t->of, c);

	if (!place || *place || !json_is_integer(n) || json_integer_value(n) < 1)
		return false;
	*place = (uint64_t)json_integer_value(n);
	return true;
}

static int object_parse(json_t *object, const struct target *t, char *why, size_t why_size)
{
	const char *name;
	json_t *value, *e, *n;
	size_t i;

	if (!json_is_object(object)) {
		snprintf(why, why_size, "counters are an object; write {} where there are none");
		return -EINVAL;
	}
	json_object_foreach(object, name, value) {
		struct codec_counter c = { .name = name };
		bool good = json_is_array(value) ? json_array_size(value) > 0 : set(t, &c, value);

		json_array_foreach(value, i, e) {
			good = good && entry_of(e, name, &c, &n) && set(t, &c, n);
		}
		if (!good) {
			snprintf(why, why_size,
				 "the counter '%.40s' is not one that 'troth store export' writes",
				 name);
			return -EINVAL;
		}
	}
	return 0;
}

int counts_parse(json_t *object, struct series_counts *ret, char *why, size_t why_size)
{
	struct target t = { ret, find_counts };

	memset(ret, 0, sizeof(*ret));
	return object_parse(object, &t, why, why_size);
}

int losses_parse(json_t *object, struct losses *ret, char *why, size_t why_size)
{
	struct target t = { ret, find_losses };

	memset(ret, 0, sizeof(*ret));
	return object_parse(object, &t, why, why_size);
}
