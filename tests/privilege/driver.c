// SPDX-License-Identifier: Apache-2.0
/*
 * driver.c - holds what the daemon holds, gives up its privileges as the daemon does, and then does,
 * a line of stdin at a time, what the daemon does or must not do. Answers with a line each:
 * "NAME ok DETAIL" or "NAME FAILED DETAIL".
 *
 *   privilege-driver STATE_DIR PIN_DIR USER [drop|keep] [commands|nothing] [eperm|kill] [CERT KEY]
 */
#include "driver.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "user/daemon/privilege.h"

static const struct {
	const char *name;
	void (*act)(struct stage *s, const char *argument);
} acts[] = {
	{ "tick", act_tick },		{ "second", act_second },
	{ "pins", act_pins },		{ "record", act_record },
	{ "fetch", act_fetch },		{ "serve", act_serve },
	{ "wait", act_wait },		{ "command", act_command },
	{ "forbidden", act_forbidden }, { "descriptors", act_descriptors },
	{ "write", act_write },
};

void say(const char *name, bool ok, const char *format, ...)
{
	va_list args;

	printf("%s %s ", name, ok ? "ok" : "FAILED");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static int die(const char *what, const char *why)
{
	say(what, false, "%s", why);
	return 1;
}

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&a, &size))
		return -errno;
	*port = ntohs(a.sin_port);
	return fd;
}

static int open_record(struct stage *s)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/driver.db", s->state_dir);
	if (sqlite3_open(path, &s->record) ||
	    sqlite3_exec(s->record,
			 "PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS t(n INTEGER)", NULL,
			 NULL, NULL))
		return -EIO;
	return 0;
}

static int pin(struct stage *s)
{
	char path[512];
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "troth_driver", 4, 8, 1, NULL), r;

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/inner", s->pin_dir);
	r = mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
	snprintf(path, sizeof(path), "%s/inner/map", s->pin_dir);
	if (!r)
		r = bpf_obj_pin(fd, path);
	close(fd);
	return r;
}

int main(int argc, char *argv[])
{
	struct stage s = {};
	struct privilege_options o = {};
	struct privilege_user user;
	char why[512] = "", line[1024];
	uint16_t port = 0;

	if (argc != 7 && argc != 9)
		return die("usage", "see driver.c");
	s.state_dir = o.state_dir = argv[1];
	s.pin_dir = o.pin_dir = argv[2];
	o.user = argv[3];
	o.commands = !strcmp(argv[5], "commands");
	o.refusal = !strcmp(argv[6], "kill") ? PRIVILEGE_KILL : PRIVILEGE_EPERM;
	s.cert_file = argc == 9 ? argv[7] : NULL;
	s.key_file = argc == 9 ? argv[8] : NULL;
	if (privilege_prepare(&o, &user, why, sizeof(why)))
		return die("prepare", why);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (open_collector(&s.collector, "auto", why, sizeof(why)))
		return die("open", why);
	if (open_record(&s))
		return die("record", sqlite3_errmsg(s.record));
	if (pin(&s))
		return die("pin", strerror(errno));
	s.listen_fd = listen_on_loopback(&port);
	if (!strcmp(argv[4], "drop") && privilege_drop(&o, &user, why, sizeof(why)))
		return die("drop", why);
	say("ready", true, "%u", port);
	while (fgets(line, sizeof(line), stdin)) {
		char *name = strtok(line, " \n"), *argument = strtok(NULL, "\n");
		size_t i = 0;

		while (i < sizeof(acts) / sizeof(acts[0]) && name && strcmp(acts[i].name, name))
			i++;
		if (!name || i == sizeof(acts) / sizeof(acts[0]))
			return die("no such act", name ? name : "");
		acts[i].act(&s, argument ? argument : "");
	}
	collector_free(s.collector);
	sqlite3_close(s.record);
	return 0;
}
