// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_web.c - what we read ourselves of a request: an Accept header, a time of a query, an Authorization
 * header. No format that was not asked for; a time that was read is one that can be written.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/base/secret.c"
#include "../../user/base/time_text.c"
#include "../../user/base/zone.c"
#include "../../user/export/accept.c"
#include "../../user/web/query.c"
#include "../../user/web/token.c"

#include "check.h"

static void check_accept(const char *text)
{
	enum metrics_format f = metrics_format_for(text);

	CHECK(f == METRICS_TEXT || f == METRICS_OPENMETRICS || f == METRICS_PROTOBUF);
	if (f == METRICS_PROTOBUF)
		CHECK(strcasestr(text, "application/vnd.google.protobuf") &&
		      strcasestr(text, "io.prometheus.client.MetricFamily") &&
		      strcasestr(text, "delimited"));
	if (f == METRICS_OPENMETRICS)
		CHECK(strcasestr(text, "application/openmetrics-text") || strchr(text, '*'));
}

static void check_time(const char *bytes, size_t n)
{
	char buf[TIME_TEXT];
	int64_t t, again;

	if (query_time(bytes, n, &t))
		return;
	CHECK(n <= QUERY_TIME_MAX && !memchr(bytes, '\0', n));
	CHECK(t >= TIME_MIN && t <= TIME_MAX);
	time_format(t, buf);
	CHECK(!query_time(buf, strlen(buf), &again) && again == t);
}

static void check_token(const char *text)
{
	struct token t = { .n = 5, .bytes = "token" };

	if (token_allows(&t, text))
		CHECK(strlen(text) >= 12 && !strncasecmp(text, "bearer ", 7) &&
		      !strcmp(strrchr(text, ' ') + 1, "token"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	char *bytes = malloc(size ? size : 1);

	if (text && bytes) {
		memcpy(bytes, data, size);
		check_accept(text);
		check_time(bytes, size);
		check_token(text);
	}
	free(text);
	free(bytes);
	return 0;
}
