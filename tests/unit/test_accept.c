// SPDX-License-Identifier: Apache-2.0
/* test_accept.c - which format a scraper gets. The headers of Prometheus are as its releases send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/export/prometheus.h"

#define PROTOBUF_TYPE                                                                              \
	"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
#define OPENMETRICS_TYPE "application/openmetrics-text;version=1.0.0"

struct wish {
	const char *accept;
	enum metrics_format format;
};

static void assert_all(const struct wish *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (metrics_format_for(w[i].accept) != w[i].format)
			fail_msg("%s gets %d", w[i].accept ? w[i].accept : "(none)",
				 metrics_format_for(w[i].accept));
}
#define ASSERT_ALL(...)                                                                            \
	do {                                                                                       \
		const struct wish all[] = { __VA_ARGS__ };                                         \
                                                                                                   \
		assert_all(all, sizeof(all) / sizeof(all[0]));                                     \
	} while (0)

static void a_browser_or_curl_gets_text(void **state)
{
	(void)state;
	ASSERT_ALL({ NULL, METRICS_TEXT }, { "", METRICS_TEXT }, { "*/*", METRICS_TEXT },
		   { "text/*", METRICS_TEXT }, { "text/plain", METRICS_TEXT },
		   { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		     METRICS_TEXT });
}

static void prometheus_gets_what_it_ranks_first(void **state)
{
	(void)state;
	ASSERT_ALL(
		/* 2.42, then with native histograms, then 3.x */
		{ OPENMETRICS_TYPE ",application/openmetrics-text;version=0.0.1;q=0.75,"
				   "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  METRICS_OPENMETRICS },
		{ PROTOBUF_TYPE "," OPENMETRICS_TYPE ";q=0.8,"
				"application/openmetrics-text;version=0.0.1;q=0.75,"
				"text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  METRICS_PROTOBUF },
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		  "application/openmetrics-text;version=0.0.1;q=0.5,"
		  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
		  "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		  METRICS_OPENMETRICS });
}

static void weights_decide_and_0_forbids(void **state)
{
	(void)state;
	ASSERT_ALL({ OPENMETRICS_TYPE ";q=0.3,text/plain;q=0.4", METRICS_TEXT },
		   { OPENMETRICS_TYPE ";q=0.401,text/plain;q=0.4", METRICS_OPENMETRICS },
		   { PROTOBUF_TYPE ";q=0,*/*", METRICS_TEXT },
		   { "text/plain;q=0.1," OPENMETRICS_TYPE ";q=0", METRICS_TEXT },
		   { "*/*;q=0.9," OPENMETRICS_TYPE ";q=0.1", METRICS_TEXT },
		   { "*/*;q=0.1," OPENMETRICS_TYPE ";q=0.9", METRICS_OPENMETRICS },
		   { "application/*;q=0.9,text/plain;q=0.1", METRICS_OPENMETRICS },
		   { "text/plain;q=0,application/openmetrics-text", METRICS_OPENMETRICS });
}

static void of_equal_weights_the_richer_format_wins(void **state)
{
	(void)state;
	ASSERT_ALL({ "text/plain," OPENMETRICS_TYPE, METRICS_OPENMETRICS },
		   { OPENMETRICS_TYPE "," PROTOBUF_TYPE ",text/plain", METRICS_PROTOBUF });
}

static void protobuf_is_for_whoever_names_it_in_full(void **state)
{
	(void)state;
	ASSERT_ALL({ "application/vnd.google.protobuf", METRICS_TEXT },
		   { "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		     "encoding=text",
		     METRICS_TEXT },
		   { "application/vnd.google.protobuf;encoding=delimited;proto=other",
		     METRICS_TEXT },
		   { "application/*", METRICS_OPENMETRICS },
		   { "APPLICATION/VND.GOOGLE.PROTOBUF ; Encoding=\"delimited\" ; "
		     "proto=\"io.prometheus.client.MetricFamily\"",
		     METRICS_PROTOBUF });
}

static void a_version_that_is_not_spoken_is_not_taken(void **state)
{
	(void)state;
	ASSERT_ALL({ "application/openmetrics-text;version=0.0.1", METRICS_TEXT },
		   { "application/openmetrics-text;version=2.0.0,text/plain;q=0.1", METRICS_TEXT });
}

static void nonsense_gets_text(void **state)
{
	(void)state;
	ASSERT_ALL({ ",,,;;;===", METRICS_TEXT }, { "\"", METRICS_TEXT },
		   { "application/openmetrics-text;q=banana", METRICS_TEXT },
		   { "application/openmetrics-text;q=", METRICS_TEXT },
		   { "application/openmetrics-text;q=9", METRICS_TEXT },
		   { "text/plain;x=\"," OPENMETRICS_TYPE "\"", METRICS_TEXT });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_browser_or_curl_gets_text),
		cmocka_unit_test(prometheus_gets_what_it_ranks_first),
		cmocka_unit_test(weights_decide_and_0_forbids),
		cmocka_unit_test(of_equal_weights_the_richer_format_wins),
		cmocka_unit_test(protobuf_is_for_whoever_names_it_in_full),
		cmocka_unit_test(a_version_that_is_not_spoken_is_not_taken),
		cmocka_unit_test(nonsense_gets_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
