/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.h - the configuration of `troth run`: embedded defaults, then troth.yaml, then flags. One
 * table (daemon_table.h) says every option: its place in the file, its flag, type, limits, default,
 * help; parsing, --help, troth.yaml(5) and the commented sample all follow from it.
 * Knows: files, YAML, options. Must not know: what an option is for.
 */
#ifndef TROTH_CONF_DAEMON_H
#define TROTH_CONF_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../base/cleanup.h"
#include "options.h"
#include "problem.h"

#define DAEMON_CONF_FILE      "/etc/troth/troth.yaml"
#define DAEMON_CONF_BYTES_MAX (256 * 1024)
#define RECEIVERS_MAX	      16

/* One of `notify:` in the file. NULL: not given. */
struct receiver_conf {
	const char *name, *kind; /* "alertmanager", "webhook", "command" */
	const char *url, *command, *bearer_file, *user, *password_file, *ca_file, *severity;
	uint64_t timeout_ns;
};

/* Strings belong to the configuration. */
struct daemon_conf {
	const char *state_dir;		  /* state-dir: /var/lib/troth */
	const char *slo_dir;		  /* slo-dir: /etc/troth/slo.d */
	const char *pin_dir;		  /* pin-dir: /sys/fs/bpf/troth */
	const char *listen;		  /* listen: 127.0.0.1:9477; "" is none */
	unsigned int backend;		  /* backend: auto, socket, syscall */
	unsigned int on_stop;		  /* on-stop: detach, linger */
	uint64_t max_series;		  /* max-series: 0 as many as fit 64 MB */
	unsigned int log_level;		  /* log-level: of log_level_names */
	const char *user;		  /* user: to become after attaching; "": stay */
	uint64_t minutes_days;		  /* store.minutes-days: 35 */
	uint64_t hours_months;		  /* store.hours-months: 25 */
	uint64_t max_bytes;		  /* store.max-size: 8 GiB */
	const char *cert_file, *key_file; /* http.tls-cert, http.tls-key; NULL: none */
	const char *bearer_file;	  /* http.bearer-token-file; NULL: none */
	uint64_t connections_max;	  /* http.max-connections: 64 */
	const char *external_url;	  /* http.external-url: for links in notifications; NULL */
	uint64_t queue_max;		  /* notify-queue: 1000 */
	struct receiver_conf receivers[RECEIVERS_MAX];
	unsigned int n_receivers;
};

enum { ON_STOP_DETACH, ON_STOP_LINGER };
extern const char *const daemon_backends[], *const daemon_on_stops[];

/*
 * What was given as flags, as typed, checked; NULL: not given. Stands in the values of a command, whose
 * table has DAEMON_ROWS_RUN or DAEMON_ROWS_DIRECTORIES among its rows:
 *
 *	struct report_values { struct daemon_flags daemon; ... };
 *	static const struct option_row rows[] = { DAEMON_ROWS_DIRECTORIES(struct report_values, daemon), ... };
 */
struct daemon_flags {
	const char *conf_path; /* -c; not of the file */
	const char *state_dir, *slo_dir, *listen, *pin_dir, *backend, *on_stop, *max_series,
		*log_level;
};

struct daemon_conf_file; /* owns the strings of a conf */

/*
 * Defaults, then the file, then flags (NULL: none). Without flags->conf_path the file is
 * DAEMON_CONF_FILE, which may be missing. Problems have file:line:column (line 0: a flag, and file is
 * its name); with an error nothing is returned and -EINVAL. 0, -EINVAL, -ENOMEM.
 */
int daemon_conf_read(const struct daemon_flags *flags, struct problems *problems,
		     struct daemon_conf *ret, struct daemon_conf_file **ret_owner);
/*
 * As that, for who only needs state_dir, slo_dir and pin_dir: other options keep their defaults, and what
 * is wrong with them in the file is no problem. No file is read where flags give all that a command has.
 */
int daemon_conf_directories(const struct daemon_flags *flags, struct problems *problems,
			    struct daemon_conf *ret, struct daemon_conf_file **ret_owner);
/* As daemon_conf_read(), of these n bytes of a file named file, which is borrowed. */
int daemon_conf_read_bytes(const char *file, const char *bytes, size_t n,
			   const struct daemon_flags *flags, struct problems *problems,
			   struct daemon_conf *ret, struct daemon_conf_file **ret_owner);
void daemon_conf_free(struct daemon_conf_file *f); /* NULL is fine */
DEFINE_FREEP(struct daemon_conf_file, daemon_conf_free)

/*
 * The first option, from the one numbered *at on, that differs and takes effect only when the daemon
 * starts again: its name, and *at moves behind it. NULL: there is no other. *at begins as 0.
 */
const char *daemon_conf_fixed_change(const struct daemon_conf *old, const struct daemon_conf *new,
				     size_t *at);

/* The commented sample of every option with its default. 0 or -errno of the stream. */
int daemon_conf_sample(FILE *out);

/* Rows of flags: what they share with the file stands here once. */
#define DAEMON_ROW_STATE_DIR                                                                       \
	.name = "state-dir", .type = OPTION_PATH, .metavar = "DIR", .initial = "/var/lib/troth",   \
	.help = "where the record is kept, and the socket that 'troth status' asks; one daemon each"
#define DAEMON_ROW_SLO_DIR                                                                         \
	.name = "slo-dir", .type = OPTION_PATH, .metavar = "DIR", .initial = "/etc/troth/slo.d",   \
	.help = "the objectives: the *.yaml and *.yml files of this directory; it may be missing " \
		"or empty"
#define DAEMON_ROW_LISTEN                                                                                 \
	.name = "listen", .type = OPTION_LISTEN, .metavar = "ADDRESS:PORT",                               \
	.initial = "127.0.0.1:9477",                                                                      \
	.help = "where HTTP is served: 127.0.0.1:9477, '[::1]:9477' in quotes, :9477 for all addresses, " \
		"'' for nowhere"
#define DAEMON_ROW_PIN_DIR                                                                         \
	.name = "pin-dir", .type = OPTION_PATH, .metavar = "DIR", .initial = "/sys/fs/bpf/troth",  \
	.help = "where the kernel keeps maps and probes while no daemon runs; on a bpf file system"
#define DAEMON_ROW_BACKEND                                                                         \
	.name = "backend", .type = OPTION_ENUM, .words = daemon_backends, .initial = "auto",       \
	.help = "how to measure; auto takes the cheapest that works, see 'troth doctor'"
#define DAEMON_ROW_ON_STOP                                                                         \
	.name = "on-stop", .type = OPTION_ENUM, .words = daemon_on_stops, .initial = "detach",     \
	.help = "whether the probes go when the daemon stops, or linger and count for the next "   \
		"one ('troth detach' removes them)"
#define DAEMON_ROW_MAX_SERIES                                                                      \
	.name = "max-series", .type = OPTION_NUMBER, .metavar = "N", .initial = "0", .max = 16384, \
	.help = "most services to tell apart; 0 is as many as fit 64 MB of kernel memory, at "     \
		"most 2048"
#define DAEMON_ROW_LOG_LEVEL                                                                       \
	.name = "log-level", .type = OPTION_ENUM, .words = log_level_names, .initial = "info",     \
	.help = "the least important lines that are logged"

#define DAEMON_FLAG(row, values, member, field)                                                    \
	{                                                                                          \
		row, .offset = offsetof(values, member.field), .as_text = true                     \
	}
#define DAEMON_FLAG_CONFIG(values, member)                                                         \
	{                                                                                          \
		.name = "config", .letter = 'c', .type = OPTION_STRING,                            \
		.offset = offsetof(values, member.conf_path), .metavar = "FILE", .max = 4095,      \
		.as_text = true, .initial = DAEMON_CONF_FILE,                                      \
		.help = "the configuration, see troth.yaml(5); the default one may be missing"     \
	}

/* Needs ../base/log.h. */
#define DAEMON_ROWS_RUN(values, member)                                                            \
	DAEMON_FLAG_CONFIG(values, member),                                                        \
		DAEMON_FLAG(DAEMON_ROW_STATE_DIR, values, member, state_dir),                      \
		DAEMON_FLAG(DAEMON_ROW_SLO_DIR, values, member, slo_dir),                          \
		DAEMON_FLAG(DAEMON_ROW_LISTEN, values, member, listen),                            \
		DAEMON_FLAG(DAEMON_ROW_PIN_DIR, values, member, pin_dir),                          \
		DAEMON_FLAG(DAEMON_ROW_BACKEND, values, member, backend),                          \
		DAEMON_FLAG(DAEMON_ROW_ON_STOP, values, member, on_stop),                          \
		DAEMON_FLAG(DAEMON_ROW_MAX_SERIES, values, member, max_series),                    \
		DAEMON_FLAG(DAEMON_ROW_LOG_LEVEL, values, member, log_level)
#define DAEMON_ROWS_DIRECTORIES(values, member)                                                    \
	DAEMON_FLAG_CONFIG(values, member),                                                        \
		DAEMON_FLAG(DAEMON_ROW_STATE_DIR, values, member, state_dir),                      \
		DAEMON_FLAG(DAEMON_ROW_PIN_DIR, values, member, pin_dir)

#endif
