// SPDX-License-Identifier: Apache-2.0
/* acts.c - what the daemon does after the drop, by the libraries that it uses. */
#include "driver.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "user/base/loop.h"

#define PATIENCE_MS 20000

int open_collector(struct collector **ret, const char *backend, char *why, size_t why_size)
{
	const struct collector_options o = { .backend = backend,
					     .max_series = 4096,
					     .roles = { true, true },
					     .thresholds = { { .max_ns = 500000000 } },
					     .n_thresholds = 1,
					     .idle_end_ns = 5000000000 };

	return collector_open(&o, ret, why, why_size);
}

/* "COUNT EXE" of the server at that port. */
static void say_server(const char *act, struct collector *c, unsigned int port)
{
	struct sample sample = {};
	uint64_t total = 0;
	char exe[512] = "-";
	int r = collector_tick(c);

	if (!r)
		r = collector_sample(c, false, &sample);
	for (size_t i = 0; !r && i < sample.n_services; i++) {
		const struct service_row *row = &sample.services[i];

		if (row->role != ROLE_SERVER || row->id.port != port)
			continue;
		total += counts_total(&row->counts);
		snprintf(exe, sizeof(exe), "%s", row->id.exe ? row->id.exe : "-");
	}
	say(act, !r, "%llu %s %s", (unsigned long long)total, exe, r ? strerror(-r) : "");
	sample_clear(&sample);
}

void act_tick(struct stage *s, const char *port)
{
	say_server("tick", s->collector, (unsigned int)atoi(port));
}

static struct collector *second;

/* "BACKEND" opens and stays, "PORT" reads. */
void act_second(struct stage *s, const char *argument)
{
	char why[512] = "";

	(void)s;
	if (second) {
		say_server("second", second, (unsigned int)atoi(argument));
		collector_free(second);
		second = NULL;
		return;
	}
	say("second", !open_collector(&second, argument, why, sizeof(why)), "%s", why);
}

/* The pin of before is read and removed, another one takes its place with its whole directory. */
void act_pins(struct stage *s, const char *unused)
{
	char old[512], fresh[512], made[600];
	__u32 key = 0;
	__u64 value = 42, read_back = 0;
	int fd, r;

	(void)unused;
	snprintf(old, sizeof(old), "%s/inner/map", s->pin_dir);
	snprintf(fresh, sizeof(fresh), "%s/fresh", s->pin_dir);
	snprintf(made, sizeof(made), "%s/map", fresh);
	fd = bpf_obj_get(old);
	r = fd < 0 ? -errno : bpf_map_update_elem(fd, &key, &value, BPF_ANY);
	if (!r)
		r = bpf_map_lookup_elem(fd, &key, &read_back);
	if (!r && (mkdir(fresh, 0700) || bpf_obj_pin(fd, made) || unlink(old)))
		r = -errno;
	snprintf(old, sizeof(old), "%s/inner", s->pin_dir);
	if (!r && (rmdir(old) || rename(fresh, old)))
		r = -errno;
	if (fd >= 0)
		close(fd);
	say("pins", !r && read_back == value, "%s", r ? strerror(-r) : "");
}

static int integer(void *into, int n, char **values, char **names)
{
	(void)names;
	*(long *)into = n == 1 && values[0] ? atol(values[0]) : -1;
	return 0;
}

void act_record(struct stage *s, const char *unused)
{
	char *why = NULL;
	long rows = -1;
	int logged = 0, moved = 0, r;

	(void)unused;
	r = sqlite3_exec(s->record,
			 "BEGIN IMMEDIATE; WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
			 "FROM c LIMIT 20000) INSERT INTO t SELECT n FROM c; COMMIT",
			 NULL, NULL, &why);
	if (!r)
		r = sqlite3_wal_checkpoint_v2(s->record, NULL, SQLITE_CHECKPOINT_TRUNCATE, &logged,
					      &moved);
	if (!r)
		r = sqlite3_exec(s->record, "SELECT count(*) FROM t", integer, &rows, &why);
	if (!r)
		r = sqlite3_exec(s->record, "DELETE FROM t WHERE n % 2; VACUUM", NULL, NULL, &why);
	say("record", !r && rows == 20000, "%ld rows %s", rows,
	    why ? why : sqlite3_errmsg(s->record));
	sqlite3_free(why);
}

static size_t drop_body(char *data, size_t size, size_t n, void *unused)
{
	(void)data;
	(void)unused;
	return size * n;
}

void act_fetch(struct stage *s, const char *url)
{
	CURLM *all = curl_multi_init();
	CURL *one = curl_easy_init();
	long status = 0;
	int running = 1, left;
	CURLMsg *message;
	CURLcode result = CURLE_OPERATION_TIMEDOUT;

	(void)s;
	curl_easy_setopt(one, CURLOPT_URL, url);
	curl_easy_setopt(one, CURLOPT_WRITEFUNCTION, drop_body);
	curl_easy_setopt(one, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(one, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(one, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(one, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
	curl_multi_add_handle(all, one);
	while (running) {
		curl_multi_perform(all, &running);
		if (running)
			curl_multi_poll(all, NULL, 0, 1000, NULL);
	}
	while ((message = curl_multi_info_read(all, &left)))
		if (message->msg == CURLMSG_DONE)
			result = message->data.result;
	curl_easy_getinfo(one, CURLINFO_RESPONSE_CODE, &status);
	say("fetch", !result, "%ld %s", status, result ? curl_easy_strerror(result) : "");
	curl_multi_remove_handle(all, one);
	curl_easy_cleanup(one);
	curl_multi_cleanup(all);
}

static enum MHD_Result answer(void *done, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **state)
{
	static char text[] = "served\n";
	struct MHD_Response *r;
	enum MHD_Result result;

	(void)url, (void)method, (void)version, (void)data, (void)size;
	if (!*state) { /* the head only */
		*state = done;
		return MHD_YES;
	}
	r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
	result = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return result;
}

static void completed(void *done, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode code)
{
	(void)c, (void)state;
	*(bool *)done = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
}

static char *whole(const char *path)
{
	static char text[2][16384];
	static unsigned int which;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? -1 : read(fd, text[which ^= 1], sizeof(text[0]) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return NULL;
	text[which][n] = '\0';
	return text[which];
}

void act_serve(struct stage *s, const char *unused)
{
	char *cert = whole(s->cert_file), *key = whole(s->key_file);
	bool done = false;
	struct MHD_Daemon *d = MHD_start_daemon(
		MHD_USE_EPOLL | (cert ? MHD_USE_TLS : 0), 0, NULL, NULL, answer, &done,
		MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_NOTIFY_COMPLETED, completed,
		&done, cert ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, cert,
		MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_END);
	const union MHD_DaemonInfo *info = d ? MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD) :
					       NULL;

	(void)unused;
	say("serving", info, "%s", strerror(errno));
	for (int i = 0; info && !done && i < PATIENCE_MS / 100; i++) {
		struct pollfd p = { .fd = info->epoll_fd, .events = POLLIN };

		poll(&p, 1, 100);
		MHD_run(d);
	}
	if (d)
		s->listen_fd = MHD_quiesce_daemon(d);
	if (d)
		MHD_stop_daemon(d);
	say("serve", done, "%s", "");
}

static void stop(void *l)
{
	loop_stop(l);
}

void act_wait(struct stage *s, const char *unused)
{
	_cleanup_(loop_freep) struct loop *l = NULL;
	struct loop_timer *t = NULL;
	struct signalfd_siginfo info = {};
	char path[512];
	sigset_t hup;
	int r = loop_new(&l), fd, lock;

	(void)unused;
	if (!r)
		r = loop_timer(l, stop, l, &t);
	if (!r)
		r = loop_timer_set(t, 1000000, 0);
	if (!r)
		r = loop_run(l);
	loop_timer_end(t);
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);
	fd = signalfd(-1, &hup, SFD_CLOEXEC | SFD_NONBLOCK);
	raise(SIGHUP);
	if (!r && (fd < 0 || read(fd, &info, sizeof(info)) != sizeof(info)))
		r = -errno;
	snprintf(path, sizeof(path), "%s/lock", s->state_dir);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (!r && (lock < 0 || flock(lock, LOCK_EX | LOCK_NB)))
		r = -errno;
	close(lock);
	close(fd);
	say("wait", !r && info.ssi_signo == SIGHUP, "%s", r ? strerror(-r) : "");
}

void act_command(struct stage *s, const char *path)
{
	char *argv[] = { (char *)path, NULL }, out[8192];
	extern char **environ;
	posix_spawn_file_actions_t actions;
	size_t have = 0;
	ssize_t n;
	int way[2], status = -1, r;
	pid_t pid;

	(void)s;
	if (pipe2(way, O_CLOEXEC)) {
		say("command", false, "%s", strerror(errno));
		return;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, way[1], 1);
	r = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(way[1]);
	if (!r) {
		int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		struct pollfd p = { .fd = pidfd, .events = POLLIN };

		while ((n = read(way[0], out + have, sizeof(out) - 1 - have)) > 0)
			have += (size_t)n;
		if (pidfd < 0 || poll(&p, 1, PATIENCE_MS) != 1)
			r = errno ? errno : ETIMEDOUT;
		waitpid(pid, &status, 0);
		close(pidfd);
	}
	close(way[0]);
	out[have] = '\0';
	for (size_t i = 0; i < have; i++)
		if (out[i] == '\n' || out[i] == '\t')
			out[i] = ' ';
	say("command", !r && !status, "%s%s", out, r ? strerror(r) : "");
}

void act_descriptors(struct stage *s, const char *unused)
{
	int fds[4096], n = 0;

	(void)s;
	(void)unused;
	while (n < 4096 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	say("descriptors", true, "%d", n ? fds[n - 1] + 1 : 0);
	while (n--)
		close(fds[n]);
}

void act_write(struct stage *s, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	(void)s;
	say("write", true, "%s", strerrorname_np(fd < 0 ? errno : 0));
	if (fd >= 0)
		close(fd);
}
