// SPDX-License-Identifier: Apache-2.0
/* decimal.c - reads and writes them in integers throughout. Knows numbers only. */
#include "decimal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EXPONENT_MAX 1000 /* beyond it nothing but 0 fits */

/* A number as written: digits * 10^exponent, digits without zeros at its end. */
struct written {
	uint64_t digits;
	long exponent;
	bool wide; /* more digits than 64 bits hold */
};

static void add_digit(struct written *w, unsigned int digit, long *zeros)
{
	/* Zeros wait: at the end of a number they only move its point. */
	if (!digit) {
		*zeros += 1;
		return;
	}
	for (; *zeros && w->digits && !w->wide; --*zeros)
		w->wide = __builtin_mul_overflow(w->digits, 10, &w->digits);
	*zeros = 0;
	if (__builtin_mul_overflow(w->digits, 10, &w->digits) ||
	    __builtin_add_overflow(w->digits, digit, &w->digits))
		w->wide = true;
}

/* Digits with at most one point, at least one digit; the end, or NULL. */
static const char *read_mantissa(const char *p, struct written *w)
{
	bool point = false, any = false;
	long zeros = 0, places = 0;

	for (; isdigit((unsigned char)*p) || (*p == '.' && !point); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		any = true;
		places += point;
		add_digit(w, (unsigned int)(*p - '0'), &zeros);
	}
	w->exponent = zeros - places;
	return any ? p : NULL;
}

static const char *read_exponent(const char *p, struct written *w)
{
	bool negative = *p == '-';
	long n = 0;

	p += *p == '-' || *p == '+';
	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++)
		n = n < EXPONENT_MAX ? n * 10 + (*p - '0') : n;
	w->exponent += negative ? -n : n;
	return p;
}

int decimal_parse(const char *text, int shift, decimal *ret)
{
	struct written w = {};
	const char *p = read_mantissa(text + (*text == '+'), &w);

	if (p && (*p == 'e' || *p == 'E'))
		p = read_exponent(p + 1, &w);
	if (!p || *p)
		return -EINVAL;
	if (w.wide)
		return -ERANGE;
	if (!w.digits) {
		*ret = 0;
		return 0;
	}
	w.exponent += DECIMAL_DIGITS + shift;
	if (w.exponent < 0)
		return -ERANGE;
	for (; w.exponent; w.exponent--)
		if (__builtin_mul_overflow(w.digits, 10, &w.digits))
			return -ERANGE;
	*ret = w.digits;
	return 0;
}

const char *decimal_format(decimal d, int shift, char buf[DECIMAL_TEXT])
{
	int places = DECIMAL_DIGITS + shift;
	int n = snprintf(buf, DECIMAL_TEXT, "%0*llu", places + 1, (unsigned long long)d);

	if (places <= 0 || n <= places)
		return buf;
	memmove(buf + n - places + 1, buf + n - places, (size_t)places + 1);
	buf[n - places] = '.';
	for (n++; buf[n - 1] == '0'; n--)
		buf[n - 1] = '\0';
	if (buf[n - 1] == '.')
		buf[n - 1] = '\0';
	return buf;
}

double decimal_double(decimal d)
{
	return (double)((long double)d / (long double)DECIMAL_ONE);
}

bool decimal_reached(uint64_t good, uint64_t total, decimal d)
{
	return (unsigned __int128)good * DECIMAL_ONE >= (unsigned __int128)d * total;
}
