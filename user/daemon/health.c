// SPDX-License-Identifier: Apache-2.0
/* health.c - one line a part. */
#include "health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/log.h"

static const char *const names[HEALTH_PARTS] = {
	[HEALTH_RECORD] = "store",
	[HEALTH_KERNEL] = "kernel",
	[HEALTH_OBJECTIVES] = "objectives",
	[HEALTH_SERIES] = "series",
	[HEALTH_NOTIFICATIONS] = "notifications",
};

void health_wrong(struct health *h, enum health_part part, bool not_ready, const char *format, ...)
{
	char line[sizeof(h->part[part].line)];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (h->part[part].wrong && !strcmp(h->part[part].line, line))
		return;
	if (!h->part[part].wrong)
		h->part[part].since = (int64_t)time(NULL);
	h->part[part].wrong = true;
	h->part[part].not_ready = not_ready;
	memcpy(h->part[part].line, line, sizeof(line));
	log_line(not_ready ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s: %s", names[part], line);
}

void health_well(struct health *h, enum health_part part)
{
	if (!h->part[part].wrong)
		return;
	h->part[part].wrong = false;
	log_info("%s: well again, after %lld s", names[part],
		 (long long)((int64_t)time(NULL) - h->part[part].since));
}

const struct now_trouble *health_troubles(struct health *h, size_t *ret_n)
{
	size_t n = 0;

	for (unsigned int i = 0; i < HEALTH_PARTS; i++)
		if (h->part[i].wrong)
			h->troubles[n++] = (struct now_trouble){ .what = names[i],
								 .not_ready = h->part[i].not_ready,
								 .line = h->part[i].line };
	*ret_n = n;
	return h->troubles;
}
