// SPDX-License-Identifier: Apache-2.0
/*
 * driver.c - the notifier alone, played from outside by tests/cli/test_notify.py.
 *
 *   build/notify-driver CONFIGURATION.json
 *
 * Each line of stdin is a JSON object: {"do": "changed", ...a notice...}, {"do": "firing", "alerts": [...]},
 * {"do": "counts"}. At the end of stdin the notifier is freed with whatever is under way. Each line of
 * stdout is a JSON object: {"said", "bad"}, {"counts"}, {"kept"}, {"done"}.
 *
 * Kept messages are files in the directory "kept", renamed into place, one each, named by id. The loop
 * ticks every 10 ms; the longest time without a tick is among the counts. With SLOW_NAMES_S looking up a
 * name takes so many seconds, as with a name server that does not answer.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../../user/base/moment.h"
#include "../../user/export/notify.h"

#define TICK_NS	      10000000ull
#define RECEIVERS_MAX 16
#define LINE_BYTES    (4 << 20)
#define KEPT_MAX      100000

struct driver {
	struct loop *loop;
	struct loop_watch *input;
	struct loop_timer *ticker;
	struct notifier *notifier;
	json_t *conf;
	const char *kept;
	int64_t last_id;
	struct receiver receivers[RECEIVERS_MAX];
	size_t n_receivers;
	uint64_t ticked_ns, longest_ns;
	char line[LINE_BYTES];
	size_t length;
};

/* Takes the place of the C library's, for libcurl too. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret)
{
	int (*theirs)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		dlsym(RTLD_NEXT, "getaddrinfo");
	const char *slow = getenv("SLOW_NAMES_S");

	if (slow)
		sleep((unsigned int)atoi(slow));
	return theirs(name, service, hints, ret);
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int64_t whole(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static double number(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static void print(json_t *o)
{
	if (json_dumpf(o, stdout, JSON_COMPACT) || putchar('\n') == EOF || fflush(stdout))
		err(1, "stdout");
	json_decref(o);
}

static int64_t put(void *context, int64_t id, const char *receiver, const char *body,
		   int64_t created, int64_t next_try, uint32_t tries)
{
	struct driver *d = context;
	char path[512], fresh[520];
	json_t *o;

	if (!d->kept)
		return -1;
	if (!id)
		id = ++d->last_id;
	o = json_pack("{s:s,s:s,s:I,s:I,s:I}", "receiver", receiver, "body", body, "created",
		      (json_int_t)created, "next_try", (json_int_t)next_try, "tries",
		      (json_int_t)tries);
	snprintf(path, sizeof(path), "%s/%lld", d->kept, (long long)id);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (!o || json_dump_file(o, fresh, JSON_COMPACT) || rename(fresh, path))
		err(1, "%s", path);
	json_decref(o);
	print(json_pack("{s:I}", "kept", (json_int_t)id));
	return id;
}

static void done(void *context, int64_t id)
{
	struct driver *d = context;
	char path[512];

	snprintf(path, sizeof(path), "%s/%lld", d->kept, (long long)id);
	if (unlink(path))
		err(1, "%s", path);
	print(json_pack("{s:I}", "done", (json_int_t)id));
}

static void said(void *context, bool bad, const char *line)
{
	(void)context;
	print(json_pack("{s:s%,s:b}", "said", line, strlen(line), "bad", (int)bad));
}

static struct notice notice_of(const json_t *o)
{
	return (struct notice){
		.slo = text(o, "slo"),
		.objective = text(o, "objective"),
		.service = text(o, "service"),
		.severity = text(o, "severity"),
		.long_s = (uint32_t)whole(o, "long_s"),
		.short_s = (uint32_t)whole(o, "short_s"),
		.factor = number(o, "factor"),
		.long_rate = number(o, "long_rate"),
		.short_rate = number(o, "short_rate"),
		.target = number(o, "target"),
		.sli = number(o, "sli"),
		.remaining_ratio = number(o, "remaining_ratio"),
		.firing = json_is_true(json_object_get(o, "firing")),
		.since = whole(o, "since"),
		.until = whole(o, "until"),
		.exhausted_at = whole(o, "exhausted_at"),
		.summary = text(o, "summary"),
		.promise = text(o, "promise"),
		.owner = text(o, "owner"),
		.runbook = text(o, "runbook"),
		.host = text(o, "host"),
		.generator_url = text(o, "generator_url"),
	};
}

static void say_counts(struct driver *d)
{
	json_t *all = json_object();

	for (size_t i = 0; i < d->n_receivers; i++) {
		struct notifier_counts c;

		notifier_counts(d->notifier, i, &c);
		json_object_set_new(
			all, d->receivers[i].name,
			json_pack("{s:I,s:I,s:I,s:I,s:I}", "sent", (json_int_t)c.sent, "failed",
				  (json_int_t)c.failed, "dropped", (json_int_t)c.dropped, "waiting",
				  (json_int_t)c.waiting, "last_sent", (json_int_t)c.last_sent));
	}
	print(json_pack("{s:o,s:f,s:I}", "counts", all, "longest_gap_s",
			(double)d->longest_ns / 1e9, "left_out",
			(json_int_t)notifier_left_out(d->notifier)));
}

static void all_firing(struct driver *d, const json_t *alerts)
{
	size_t n = json_array_size(alerts), i;
	struct notice *all = calloc(n + 1, sizeof(*all));
	json_t *alert;

	if (!all)
		err(1, "firing");
	json_array_foreach(alerts, i, alert)
		all[i] = notice_of(alert);
	if (notifier_firing(d->notifier, all, n))
		errx(1, "notifier_firing");
	free(all);
}

static void obey(struct driver *d, const char *line)
{
	json_t *o = json_loads(line, 0, NULL);
	const char *what = text(o, "do");

	if (!what)
		errx(1, "what is this: %s", line);
	if (!strcmp(what, "changed")) {
		struct notice notice = notice_of(o);

		if (notifier_changed(d->notifier, &notice))
			errx(1, "notifier_changed");
	} else if (!strcmp(what, "firing")) {
		all_firing(d, json_object_get(o, "alerts"));
	} else {
		say_counts(d);
	}
	json_decref(o);
}

static void input_ready(void *context, uint32_t events)
{
	struct driver *d = context;
	ssize_t n = read(STDIN_FILENO, d->line + d->length, sizeof(d->line) - 1 - d->length);
	char *end;

	(void)events;
	if (n <= 0) {
		loop_stop(d->loop);
		return;
	}
	d->length += (size_t)n;
	d->line[d->length] = '\0';
	while ((end = strchr(d->line, '\n'))) {
		*end = '\0';
		obey(d, d->line);
		d->length -= (size_t)(end + 1 - d->line);
		memmove(d->line, end + 1, d->length + 1);
	}
}

static void ticked(void *context)
{
	struct driver *d = context;
	struct moment m;

	moment_now(&m);
	if (d->ticked_ns && m.mono_ns - d->ticked_ns > d->longest_ns)
		d->longest_ns = m.mono_ns - d->ticked_ns;
	d->ticked_ns = m.mono_ns;
}

static void read_receivers(struct driver *d)
{
	const json_t *o, *list = json_object_get(d->conf, "receivers");
	size_t i;

	json_array_foreach(list, i, o) {
		struct receiver *r = &d->receivers[d->n_receivers++];

		*r = (struct receiver){
			.name = text(o, "name"),
			.url = text(o, "url"),
			.command = text(o, "command"),
			.bearer_file = text(o, "bearer_file"),
			.user = text(o, "user"),
			.password_file = text(o, "password_file"),
			.ca_file = text(o, "ca_file"),
			.severity = text(o, "severity"),
			.timeout_ns =
				(uint64_t)(json_number_value(json_object_get(o, "timeout_s")) *
					   1e9),
		};
		while (strcmp(receiver_kind_names[r->kind], text(o, "kind")))
			r->kind++;
	}
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void restore_one(struct driver *d, int64_t id)
{
	char path[512];
	json_t *o;

	snprintf(path, sizeof(path), "%s/%lld", d->kept, (long long)id);
	o = json_load_file(path, 0, NULL);
	if (!o)
		errx(1, "%s: not whole", path);
	if (notifier_restore(d->notifier, id, text(o, "receiver"), text(o, "body"),
			     whole(o, "created"), whole(o, "next_try"),
			     (uint32_t)whole(o, "tries")))
		errx(1, "notifier_restore");
	json_decref(o);
}

static void restore(struct driver *d)
{
	static int64_t ids[KEPT_MAX];
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	if (!d->kept)
		return;
	dir = opendir(d->kept);
	if (!dir)
		err(1, "%s", d->kept);
	while ((entry = readdir(dir)) && n < KEPT_MAX)
		if (*entry->d_name != '.' && !strchr(entry->d_name, '.'))
			ids[n++] = strtoll(entry->d_name, NULL, 10);
	closedir(dir);
	qsort(ids, n, sizeof(ids[0]), by_number);
	if (n)
		d->last_id = ids[n - 1];
	for (size_t i = 0; i < n; i++)
		restore_one(d, ids[i]);
}

static void begin(struct driver *d)
{
	struct notifier_options o = {
		.receivers = d->receivers,
		.n_receivers = d->n_receivers,
		.queue_max = (uint32_t)whole(d->conf, "queue_max"),
		.resend_ns =
			(uint64_t)(json_number_value(json_object_get(d->conf, "resend_s")) * 1e9),
		.context = d,
		.put = put,
		.done = done,
		.said = said,
	};

	if (loop_new(&d->loop))
		errx(1, "loop_new");
	o.loop = d->loop;
	if (notifier_new(&o, &d->notifier))
		errx(1, "notifier_new");
	restore(d);
	if (loop_timer(d->loop, ticked, d, &d->ticker) ||
	    loop_timer_set(d->ticker, TICK_NS, TICK_NS) ||
	    loop_watch(d->loop, STDIN_FILENO, EPOLLIN, input_ready, d, &d->input))
		errx(1, "the loop");
}

int main(int argc, char **argv)
{
	static struct driver d;
	json_error_t fault;

	if (argc != 2)
		errx(2, "usage: notify-driver CONFIGURATION.json");
	d.conf = json_load_file(argv[1], 0, &fault);
	if (!d.conf)
		errx(2, "%s: %s", argv[1], fault.text);
	d.kept = text(d.conf, "kept");
	read_receivers(&d);
	begin(&d);
	print(json_pack("{s:b}", "ready", 1));
	if (loop_run(d.loop))
		errx(1, "loop_run");
	say_counts(&d);
	notifier_free(d.notifier);
	loop_watch_end(d.input);
	loop_timer_end(d.ticker);
	loop_free(d.loop);
	json_decref(d.conf);
	return 0;
}
