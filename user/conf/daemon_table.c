// SPDX-License-Identifier: Apache-2.0
/*
 * daemon_table.c - every option of troth.yaml, in the order of the sample and the manual. Leaves
 * reading to daemon.c, and what an option does to the daemon.
 */
#include "daemon_table.h"

#include <string.h>

#include "../base/log.h"
#include "duration.h"

const char *const daemon_backends[] = { "auto", "socket", "syscall", NULL };
const char *const daemon_on_stops[] = { "detach", "linger", NULL };
const char *const daemon_receiver_kinds[] = { "alertmanager", "webhook", "command", NULL };

#define CONF(field) .offset = offsetof(struct daemon_conf, field)
#define FLAG(field) .flag = offsetof(struct daemon_flags, field)

const struct daemon_row daemon_rows[] = {
	{ { DAEMON_ROW_STATE_DIR, CONF(state_dir) }, FLAG(state_dir), .directory = true },
	{ { DAEMON_ROW_SLO_DIR, CONF(slo_dir) }, FLAG(slo_dir), .reload = true, .directory = true },
	{ { DAEMON_ROW_LISTEN, CONF(listen) }, FLAG(listen) },
	{ { DAEMON_ROW_PIN_DIR, CONF(pin_dir) }, FLAG(pin_dir), .directory = true },
	{ { DAEMON_ROW_BACKEND, CONF(backend) }, FLAG(backend) },
	{ { DAEMON_ROW_ON_STOP, CONF(on_stop) }, FLAG(on_stop), .reload = true },
	{ { DAEMON_ROW_MAX_SERIES, CONF(max_series) }, FLAG(max_series) },
	{ { DAEMON_ROW_LOG_LEVEL, CONF(log_level) }, FLAG(log_level), .reload = true },
	{ { .name = "user",
	    .type = OPTION_NAME,
	    CONF(user),
	    .initial = "",
	    .max = 32,
	    .help = "the user to become once everything is attached; '' stays who started it, with "
		    "fewer capabilities" },
	  .reload = false },
	{ { .name = "notify-queue",
	    .type = OPTION_NUMBER,
	    CONF(queue_max),
	    .initial = "1000",
	    .min = 10,
	    .max = 10000,
	    .help = "messages that may wait for their receivers, all together; beyond it the "
		    "oldest is dropped and counted" },
	  .reload = true },

	{ { .name = "store.minutes-days",
	    .type = OPTION_NUMBER,
	    CONF(minutes_days),
	    .initial = "35",
	    .min = 1,
	    .max = 400,
	    .help = "days for which the counts of each minute are kept" },
	  .section = "store" },
	{ { .name = "store.hours-months",
	    .type = OPTION_NUMBER,
	    CONF(hours_months),
	    .initial = "25",
	    .min = 1,
	    .max = 240,
	    .help = "months for which the counts of each hour are kept; totals are kept for ever" },
	  .section = "store" },
	{ { .name = "store.max-size",
	    .type = OPTION_SIZE,
	    CONF(max_bytes),
	    .initial = "8GiB",
	    .min = UINT64_C(1) << 20,
	    .max = UINT64_C(16) << 40,
	    .help = "what the record may take on disk; beyond it nothing more is written until "
		    "there is room, and that is said" },
	  .section = "store" },

	{ { .name = "http.tls-cert",
	    .type = OPTION_PATH,
	    CONF(cert_file),
	    .help = "the server's certificate and what it needs of its chain, in PEM; with it "
		    "HTTPS is served, and tls-key is needed" },
	  .section = "http",
	  .example = "/etc/troth/tls.crt" },
	{ { .name = "http.tls-key",
	    .type = OPTION_PATH,
	    CONF(key_file),
	    .secret = true,
	    .help = "the certificate's private key, in PEM" },
	  .section = "http",
	  .example = "/etc/troth/tls.key" },
	{ { .name = "http.bearer-token-file",
	    .type = OPTION_PATH,
	    CONF(bearer_file),
	    .secret = true,
	    .help = "a file whose content clients must send as a bearer token, for everything but "
		    "/healthz and /readyz" },
	  .section = "http",
	  .example = "/etc/troth/http.token" },
	{ { .name = "http.max-connections",
	    .type = OPTION_NUMBER,
	    CONF(connections_max),
	    .initial = "64",
	    .min = 4,
	    .max = 1024,
	    .help = "connections at once; further ones are closed" },
	  .section = "http" },
	{ { .name = "http.external-url",
	    .type = OPTION_URL,
	    CONF(external_url),
	    .help = "how people reach this daemon's pages: for the links in notifications" },
	  .section = "http",
	  .reload = true,
	  .example = "https://troth.example.com/" },
};
_Static_assert(sizeof(daemon_rows) / sizeof(daemon_rows[0]) <= DAEMON_ROWS_MAX,
	       "more options than readers have room for");
const size_t daemon_rows_n = sizeof(daemon_rows) / sizeof(daemon_rows[0]);

const struct daemon_section daemon_sections[] = {
	{ "store", "The record of what was measured, under state-dir." },
	{ "http",
	  "Metrics, health, the API. Loopback without TLS and token unless told otherwise." },
};
const size_t daemon_sections_n = sizeof(daemon_sections) / sizeof(daemon_sections[0]);

const char *const daemon_notify_help =
	"Who is told that an alert began or ended: a list of at most 16 receivers. Without one, "
	"alerts stand in the log, the metrics and the API.";

#define RECEIVER(field) .offset = offsetof(struct receiver_conf, field)
#define EXAMPLES(...)                                                                              \
	.example = (const char *const[])                                                           \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

const struct receiver_row receiver_rows[] = {
	{ { .name = "name",
	    .type = OPTION_NAME,
	    RECEIVER(name),
	    .min = 1,
	    .max = 63,
	    .help = "what it is called in the log and the metrics; no two are the same" },
	  .kinds = KIND_ALL,
	  .required = KIND_ALL,
	  .shown = KIND_ALL,
	  EXAMPLES("alertmanager", "chat", "pager") },
	{ { .name = "kind",
	    .type = OPTION_CHOICE,
	    RECEIVER(kind),
	    .words = daemon_receiver_kinds,
	    .help = "how it is told: alertmanager by its API, version 2; webhook by a POST of JSON; "
		    "command as a program with that JSON on its stdin" },
	  .kinds = KIND_ALL,
	  .required = KIND_ALL,
	  .shown = KIND_ALL,
	  EXAMPLES("alertmanager", "webhook", "command") },
	{ { .name = "url",
	    .type = OPTION_URL,
	    RECEIVER(url),
	    .secret = true,
	    .help = "where it is told: http or https, without user and password in it; of an "
		    "Alertmanager its root" },
	  .kinds = KIND_HTTP,
	  .required = KIND_HTTP,
	  .shown = KIND_HTTP,
	  EXAMPLES("http://127.0.0.1:9093", "https://chat.example.com/hooks/troth", NULL) },
	{ { .name = "command",
	    .type = OPTION_PATH,
	    RECEIVER(command),
	    .help = "the program's path; run without arguments and without a shell" },
	  .kinds = KIND_COMMAND,
	  .required = KIND_COMMAND,
	  .shown = KIND_COMMAND,
	  EXAMPLES(NULL, NULL, "/usr/local/bin/page-someone") },
	{ { .name = "bearer-token-file",
	    .type = OPTION_PATH,
	    RECEIVER(bearer_file),
	    .secret = true,
	    .help = "a file with the token that is sent; read at each use; not beside user" },
	  .kinds = KIND_HTTP,
	  .shown = KIND_WEBHOOK,
	  EXAMPLES("/etc/troth/alertmanager.token", "/etc/troth/chat.token", NULL) },
	{ { .name = "user",
	    .type = OPTION_STRING,
	    RECEIVER(user),
	    .max = 256,
	    .help = "for basic authentication, with password-file" },
	  .kinds = KIND_HTTP,
	  .shown = KIND_ALERTMANAGER,
	  EXAMPLES("troth", "troth", NULL) },
	{ { .name = "password-file",
	    .type = OPTION_PATH,
	    RECEIVER(password_file),
	    .secret = true,
	    .help = "a file with the password that belongs to user; read at each use" },
	  .kinds = KIND_HTTP,
	  .shown = KIND_ALERTMANAGER,
	  EXAMPLES("/etc/troth/alertmanager.password", "/etc/troth/chat.password", NULL) },
	{ { .name = "ca-file",
	    .type = OPTION_PATH,
	    RECEIVER(ca_file),
	    .help = "certificates by which an https URL's server is believed, in PEM, instead of "
		    "the system's" },
	  .kinds = KIND_HTTP,
	  .shown = KIND_WEBHOOK,
	  EXAMPLES("/etc/troth/ca.pem", "/etc/troth/ca.pem", NULL) },
	{ { .name = "severity",
	    .type = OPTION_STRING,
	    RECEIVER(severity),
	    .max = 64,
	    .help = "tell only of alerts of this severity, which is page or ticket unless the "
		    "objective's own policies say otherwise; without it of all" },
	  .kinds = KIND_ALL,
	  .shown = KIND_COMMAND,
	  EXAMPLES("page", "ticket", "page") },
	{ { .name = "timeout",
	    .type = OPTION_DURATION,
	    RECEIVER(timeout_ns),
	    .initial = "10s",
	    .min = SEC_NS,
	    .max = 5 * MIN_NS,
	    .help = "how long one try may take" },
	  .kinds = KIND_ALL,
	  .shown = KIND_ALL },
};
const size_t receiver_rows_n = sizeof(receiver_rows) / sizeof(receiver_rows[0]);
_Static_assert(sizeof(receiver_rows) / sizeof(receiver_rows[0]) <= RECEIVER_ROWS_MAX,
	       "more fields than daemon_receivers.c has room for");

const char *daemon_row_key(const struct daemon_row *row)
{
	return row->section ? row->option.name + strlen(row->section) + 1 : row->option.name;
}

const struct daemon_row *daemon_row_find(const char *section, const char *key)
{
	for (size_t i = 0; i < daemon_rows_n; i++) {
		const struct daemon_row *row = &daemon_rows[i];

		if (!section == !row->section && (!section || !strcmp(section, row->section)) &&
		    !strcmp(key, daemon_row_key(row)))
			return row;
	}
	return NULL;
}
