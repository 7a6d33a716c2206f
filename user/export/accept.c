// SPDX-License-Identifier: Apache-2.0
/*
 * accept.c - which format an Accept header asks for (RFC 9110 12.4.2, 12.5.1). Of each format the most
 * specific range that fits counts; of formats with the same weight one that was named comes before one
 * that only a wildcard lets in, and among those the one that says more. Text where nothing fits: a
 * scraper that gets something it did not name is better off than one that gets nothing.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "prometheus.h"

#define WEIGHT_MAX 1000 /* q=1 */
#define NOT_ASKED  (-1)

struct text {
	const char *s;
	size_t n;
};

/* How well a range fits a format. */
enum fit { FIT_NOT, FIT_ANY, FIT_TYPE, FIT_NAMED };

static struct text trimmed(const char *s, size_t n)
{
	for (; n && (*s == ' ' || *s == '\t'); n--)
		s++;
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return (struct text){ s, n };
}

/* What stands before the next separator outside quotes; *rest moves behind it. */
static struct text next_of(struct text *rest, char separator)
{
	const char *s = rest->s;
	bool quoted = false;
	size_t n = 0;

	for (; n < rest->n && (quoted || s[n] != separator); n++) {
		if (quoted && s[n] == '\\' && n + 1 < rest->n)
			n++;
		else if (s[n] == '"')
			quoted = !quoted;
	}
	rest->s += n + (n < rest->n);
	rest->n -= n + (n < rest->n);
	return trimmed(s, n);
}

static bool is(struct text t, const char *word)
{
	return t.n == strlen(word) && !strncasecmp(t.s, word, t.n);
}

/* "0.75": thousandths. What is no weight is none. */
static int weight_of(struct text t)
{
	int value = 0, digit = 100;

	if (!t.n || (t.s[0] != '0' && t.s[0] != '1') || (t.n > 1 && t.s[1] != '.') || t.n > 5)
		return 0;
	value = (t.s[0] - '0') * WEIGHT_MAX;
	for (size_t i = 2; i < t.n; i++, digit /= 10) {
		if (t.s[i] < '0' || t.s[i] > '9')
			return 0;
		value += (t.s[i] - '0') * digit;
	}
	return value > WEIGHT_MAX ? WEIGHT_MAX : value;
}

struct range {
	struct text type;
	struct text version, proto, encoding; /* s NULL: not given */
	int weight;
};

static void parameter(struct text p, struct range *ret)
{
	struct text name = next_of(&p, '='), value = trimmed(p.s, p.n);

	if (value.n >= 2 && value.s[0] == '"' && value.s[value.n - 1] == '"')
		value = (struct text){ value.s + 1, value.n - 2 };
	if (is(name, "q"))
		ret->weight = weight_of(value);
	else if (is(name, "version"))
		ret->version = value;
	else if (is(name, "proto"))
		ret->proto = value;
	else if (is(name, "encoding"))
		ret->encoding = value;
}

static struct range range_of(struct text t)
{
	struct range r = { .weight = WEIGHT_MAX };

	r.type = next_of(&t, ';');
	while (t.n)
		parameter(next_of(&t, ';'), &r);
	return r;
}

static bool given(struct text t, const char *word)
{
	return t.s && is(t, word);
}

static enum fit fits(const struct range *r, enum metrics_format format)
{
	/* Protobuf is for whoever names it in full. */
	if (format == METRICS_PROTOBUF)
		return is(r->type, "application/vnd.google.protobuf") &&
				       given(r->proto, "io.prometheus.client.MetricFamily") &&
				       given(r->encoding, "delimited") ?
			       FIT_NAMED :
			       FIT_NOT;
	if (is(r->type, "*/*"))
		return FIT_ANY;
	if (format == METRICS_TEXT) {
		if (is(r->type, "text/*"))
			return FIT_TYPE;
		return is(r->type, "text/plain") && (!r->version.s || is(r->version, "0.0.4")) ?
			       FIT_NAMED :
			       FIT_NOT;
	}
	if (is(r->type, "application/*"))
		return FIT_TYPE;
	return is(r->type, "application/openmetrics-text") &&
			       (!r->version.s || is(r->version, "1.0.0")) ?
		       FIT_NAMED :
		       FIT_NOT;
}

enum metrics_format metrics_format_for(const char *accept)
{
	struct text rest = { accept, accept ? strlen(accept) : 0 };
	enum fit fit[METRICS_FORMATS] = {};
	int weight[METRICS_FORMATS] = { NOT_ASKED, NOT_ASKED, NOT_ASKED };
	enum metrics_format best = METRICS_TEXT;

	while (rest.n) {
		struct range r = range_of(next_of(&rest, ','));

		for (unsigned int f = 0; f < METRICS_FORMATS; f++) {
			enum fit now = fits(&r, f);

			if (now == FIT_NOT || now < fit[f] ||
			    (now == fit[f] && r.weight <= weight[f]))
				continue;
			fit[f] = now;
			weight[f] = r.weight;
		}
	}
	for (unsigned int f = METRICS_TEXT + 1; f < METRICS_FORMATS; f++)
		if (weight[f] > 0 && (weight[f] > weight[best] ||
				      (weight[f] == weight[best] && fit[f] == FIT_NAMED)))
			best = f;
	return best;
}
