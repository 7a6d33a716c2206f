// SPDX-License-Identifier: Apache-2.0
/* option_value.c - reads one value by its row. Leaves to options.c and daemon.c where it stood. */
#include "option_value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "../base/cleanup.h"
#include "../base/curl.h"
#include "../base/nearest.h"
#include "duration.h"
#include "listen.h"
#include "size.h"

#define URL_MAX 2048

struct reader {
	const struct option_row *row;
	const char *called;
	const char *text;
	void *field;
	char *why;
	size_t why_size;
};

struct option_echo option_echo(const char *typed, size_t n)
{
	struct option_echo e = {};
	size_t i;

	for (i = 0; i < n && typed[i] && i < OPTION_ECHO_MAX; i++)
		e.text[i] = (unsigned char)typed[i] < ' ' || typed[i] == 0x7f ? '?' : typed[i];
	if (i < n && typed[i])
		memcpy(e.text + i, "...", 4);
	return e;
}

/* "--listen: 'x' " and then what is wrong with it; of a secret "--listen: the value ". */
__attribute__((format(printf, 2, 3))) static int wrong(const struct reader *r, const char *format,
						       ...)
{
	struct option_echo typed = option_echo(r->text, SIZE_MAX);
	bool show = !r->row->secret;
	va_list args;
	int n = snprintf(r->why, r->why_size, "%s: %s%s%s ", r->called, show ? "'" : "",
			 show ? typed.text : "the value", show ? "'" : "");

	if (n < 0 || (size_t)n >= r->why_size)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(r->why + n, r->why_size - (size_t)n, format, args);
	va_end(args);
	return -EINVAL;
}

static int number_parse(const char *text, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return -EINVAL;
	for (const char *p = text; *p; p++)
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
	for (const char *p = text; *p; p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
			return -ERANGE;
	*ret = n;
	return 0;
}

static int read_duration(const struct reader *r)
{
	char limits[80];
	uint64_t ns = 0;
	int error = duration_parse(r->text, &ns);

	if (error == -EINVAL)
		return wrong(r, "is not a duration; write one like 10s, 1m30s or 500ms");
	if (error || ns < r->row->min || ns > r->row->max)
		return wrong(r, "is too %s; write a duration from %s",
			     !error && ns < r->row->min ? "short" : "long",
			     option_limits(r->row, limits, sizeof(limits)));
	*(uint64_t *)r->field = ns;
	return 0;
}

static int read_size(const struct reader *r)
{
	char limits[80];
	uint64_t bytes = 0;
	int error = size_parse(r->text, &bytes);

	if (error == -EINVAL)
		return wrong(r,
			     "is not a size; write a whole number and a unit, like 512MiB or 8GiB");
	if (error || bytes < r->row->min || bytes > r->row->max)
		return wrong(r, "is too %s; write a size from %s",
			     !error && bytes < r->row->min ? "small" : "large",
			     option_limits(r->row, limits, sizeof(limits)));
	*(uint64_t *)r->field = bytes;
	return 0;
}

static int read_number(const struct reader *r)
{
	char limits[80];
	uint64_t n;

	if (number_parse(r->text, &n) || n < r->row->min || n > r->row->max)
		return wrong(r, "is not possible; write a whole number from %s",
			     option_limits(r->row, limits, sizeof(limits)));
	*(uint64_t *)r->field = n;
	return 0;
}

static int read_port(const struct reader *r, uint16_t *ret)
{
	uint64_t n;

	if (number_parse(r->text, &n) || n < 1 || n > UINT16_MAX)
		return wrong(r, "is not a port; write a number from 1 to 65535%s",
			     r->row->type == OPTION_PORTS ? ", and the option once for each port" :
							    "");
	*ret = (uint16_t)n;
	return 0;
}

static int add_port(const struct reader *r)
{
	struct option_ports *ports = r->field;
	unsigned int limit = r->row->max < OPTION_PORTS_MAX ? r->row->max : OPTION_PORTS_MAX;
	uint16_t port;
	int error = read_port(r, &port);

	if (error)
		return error;
	for (unsigned int i = 0; i < ports->n; i++)
		if (ports->port[i] == port)
			return 0;
	if (ports->n == limit)
		return wrong(r, "is one too many; write at most %u ports, or none for all of them",
			     limit);
	ports->port[ports->n++] = port;
	return 0;
}

static int add_string(const struct reader *r)
{
	struct option_strings *strings = r->field;
	unsigned int limit = r->row->max < OPTION_STRINGS_MAX ? r->row->max : OPTION_STRINGS_MAX;

	if (strings->n == limit)
		return wrong(r, "is one too many; write the option at most %u times", limit);
	strings->value[strings->n++] = r->text;
	return 0;
}

const char *option_words_list(const char *const *words, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; words[i] && used < size; i++) {
		const char *join = !i ? "" : words[i + 1] ? ", " : " or ";
		int n = snprintf(buf + used, size - used, "%s%s", join, words[i]);

		used += (size_t)n;
	}
	return buf;
}

static int read_word(const struct reader *r)
{
	struct nearest near = { .word = r->text };
	char list[128];

	for (unsigned int i = 0; r->row->words[i]; i++) {
		nearest_offer(&near, r->row->words[i]);
		if (strcmp(r->text, r->row->words[i]) != 0)
			continue;
		if (r->row->type == OPTION_CHOICE)
			*(const char **)r->field = r->row->words[i];
		else
			*(unsigned int *)r->field = i;
		return 0;
	}
	option_words_list(r->row->words, list, sizeof(list));
	if (near.best)
		return wrong(r, "is unknown; did you mean '%s'? Write %s", near.best, list);
	return wrong(r, "is unknown; write %s", list);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static int read_string(const struct reader *r)
{
	if (r->row->max && !*r->text)
		return wrong(r, "is empty; write some text, or leave it out");
	if (r->row->max && has_control(r->text))
		return wrong(r, "holds a line break or another control character; take it out");
	if (r->row->max && strlen(r->text) > r->row->max)
		return wrong(r, "is too long; write at most %llu bytes",
			     (unsigned long long)r->row->max);
	*(const char **)r->field = r->text;
	return 0;
}

static int read_name(const struct reader *r)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t n = strlen(r->text);

	if (n < r->row->min || n > r->row->max || strspn(r->text, letters) != n ||
	    *r->text == '-' || *r->text == '.')
		return wrong(r,
			     "is no name; write letters, digits, '-', '_' and '.', from %llu to "
			     "%llu of them, a letter, digit or '_' first",
			     (unsigned long long)r->row->min, (unsigned long long)r->row->max);
	*(const char **)r->field = r->text;
	return 0;
}

static int read_path(const struct reader *r)
{
	if (*r->text != '/')
		return wrong(r, "is not absolute; write a path that begins with /");
	if (has_control(r->text))
		return wrong(r, "holds a line break or another control character; take it out");
	if (strlen(r->text) >= PATH_MAX)
		return wrong(r, "is too long; write a path of less than %d bytes", PATH_MAX);
	*(const char **)r->field = r->text;
	return 0;
}

static int read_listen(const struct reader *r)
{
	const char *why = NULL;
	bool loopback;

	if (*r->text)
		why = listen_check(r->text, &loopback);
	if (why)
		return wrong(r, "cannot be listened on: %s", why);
	*(const char **)r->field = r->text;
	return 0;
}

static void url_freep(CURLU **u)
{
	if (*u)
		curl.url_cleanup(*u);
}

/* As the library that will use it reads it. */
static int read_url(const struct reader *r)
{
	_cleanup_(url_freep) CURLU *u = NULL;
	CURLUcode code;

	if (curl_load())
		return wrong(r, "needs libcurl, which cannot be loaded; install it");
	u = curl.url();
	if (strlen(r->text) > URL_MAX)
		return wrong(r, "is too long; write a URL of at most %d bytes", URL_MAX);
	if (has_control(r->text) || strchr(r->text, ' '))
		return wrong(r, "holds a space or a control character; write a URL without");
	code = u ? curl.url_set(u, CURLUPART_URL, r->text, CURLU_DISALLOW_USER) :
		   CURLUE_OUT_OF_MEMORY;
	if (code == CURLUE_USER_NOT_ALLOWED)
		return wrong(r,
			     "holds a user or a password; write the URL without, and what it is to "
			     "be used with in a file of its own");
	/* The library also takes what it can guess. */
	if (code ||
	    (strncasecmp(r->text, "http://", 7) != 0 && strncasecmp(r->text, "https://", 8) != 0))
		return wrong(r, "is no URL of http or https; write one like http://127.0.0.1:9093");
	*(const char **)r->field = r->text;
	return 0;
}

int option_value_read(const struct option_row *o, const char *called, const char *text, void *field,
		      char *why, size_t why_size)
{
	static int (*const readers[])(const struct reader *) = {
		[OPTION_DURATION] = read_duration, [OPTION_SIZE] = read_size,
		[OPTION_NUMBER] = read_number,	   [OPTION_PORTS] = add_port,
		[OPTION_STRING] = read_string,	   [OPTION_STRINGS] = add_string,
		[OPTION_ENUM] = read_word,	   [OPTION_CHOICE] = read_word,
		[OPTION_NAME] = read_name,	   [OPTION_PATH] = read_path,
		[OPTION_LISTEN] = read_listen,	   [OPTION_URL] = read_url,
	};
	const struct reader r = { .row = o,
				  .called = called,
				  .text = text,
				  .field = field,
				  .why = why,
				  .why_size = why_size };

	if (o->type == OPTION_PORT)
		return read_port(&r, field);
	if (o->type >= sizeof(readers) / sizeof(readers[0]) || !readers[o->type])
		return wrong(&r, "has no such type");
	return readers[o->type](&r);
}

const char *option_limits(const struct option_row *o, char *buf, size_t size)
{
	char min[32], max[32];

	*buf = '\0';
	if (o->type == OPTION_DURATION)
		snprintf(buf, size, "%s to %s", duration_format(o->min, min, sizeof(min)),
			 duration_format(o->max, max, sizeof(max)));
	else if (o->type == OPTION_SIZE)
		snprintf(buf, size, "%s to %s", size_format(o->min, min, sizeof(min)),
			 size_format(o->max, max, sizeof(max)));
	else if (o->type == OPTION_NUMBER)
		snprintf(buf, size, "%llu to %llu", (unsigned long long)o->min,
			 (unsigned long long)o->max);
	return buf;
}
