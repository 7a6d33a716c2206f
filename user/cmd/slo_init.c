// SPDX-License-Identifier: Apache-2.0
/*
 * slo_init.c - `troth slo init`: a commented file of objectives to begin with. The files stand in
 * user/cmd/init and become part of the program; @NAME@ and @SERVICE@ are filled in here.
 */
#include <ctype.h>
#include <string.h>

#include "../base/nearest.h"
#include "../base/utf8.h"
#include "slo.h"
#include "slo_files.h"

#define WHO		"init"
#define NAME_LONGEST	40 /* names of objectives are made from it, and have 63 in OpenSLO */
#define SERVICE_LONGEST 128

/* Looked up by the assembler from the top of the tree, where make runs. */
#define TEMPLATE(kind)                                                                             \
	__asm__(".pushsection .rodata\n"                                                           \
		".global slo_init_" #kind "\n"                                                     \
		"slo_init_" #kind ":\n"                                                            \
		".incbin \"user/cmd/init/" #kind ".yaml\"\n"                                       \
		".byte 0\n"                                                                        \
		".popsection\n");                                                                  \
	extern const char slo_init_##kind[]

TEMPLATE(api);
TEMPLATE(web);
TEMPLATE(game);
TEMPLATE(documents);
TEMPLATE(checkout);
TEMPLATE(queue);

static const struct {
	const char *kind, *text;
} templates[] = {
	{ "api", slo_init_api },	   { "web", slo_init_web },
	{ "game", slo_init_game },	   { "documents", slo_init_documents },
	{ "checkout", slo_init_checkout }, { "queue", slo_init_queue },
};

#define N_TEMPLATES (sizeof(templates) / sizeof(templates[0]))
#define KINDS	    "api, web, game, documents, checkout or queue"

struct init_values {
	const char *kind, *name, *service;
};

#define FIELD(name) offsetof(struct init_values, name)

static const struct option_row rows[] = {
	{ .name = "kind",
	  .letter = 'k',
	  .type = OPTION_STRING,
	  .offset = FIELD(kind),
	  .metavar = "KIND",
	  .help = "what people use: " KINDS },
	{ .name = "name",
	  .letter = 'n',
	  .type = OPTION_STRING,
	  .offset = FIELD(name),
	  .metavar = "NAME",
	  .help = "what it is called, as shop; without it, as its kind" },
	{ .name = "service",
	  .letter = 's',
	  .type = OPTION_STRING,
	  .offset = FIELD(service),
	  .metavar = "UNIT",
	  .help = "the systemd unit that serves it; without it NAME.service" },
};

static const char *shown(const char *text, char **ret)
{
	*ret = utf8_shortened(text, 40);
	return *ret ? *ret : "?";
}

static const char *find_template(const char *kind)
{
	_cleanup_(freep) char *typed = NULL;
	struct nearest near = { .word = kind ? kind : "" };

	if (!kind) {
		slo_fail(WHO, EXIT_USAGE, "no kind; write --kind and then " KINDS);
		return NULL;
	}
	for (size_t i = 0; i < N_TEMPLATES; i++) {
		if (!strcmp(kind, templates[i].kind))
			return templates[i].text;
		nearest_offer(&near, templates[i].kind);
	}
	if (near.best)
		slo_fail(WHO, EXIT_USAGE,
			 "--kind: '%s' is unknown; did you mean '%s'? Write " KINDS,
			 shown(kind, &typed), near.best);
	else
		slo_fail(WHO, EXIT_USAGE, "--kind: '%s' is unknown; write " KINDS,
			 shown(kind, &typed));
	return NULL;
}

/* Of RFC 1123, as OpenSLO wants names to be, and short enough to be lengthened. */
static bool name_is_fine(const char *name)
{
	size_t n = strlen(name);

	return n && n <= NAME_LONGEST &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n && name[0] != '-' &&
	       name[n - 1] != '-';
}

/* What systemd has in names of units. */
static bool service_is_fine(const char *service)
{
	size_t n = strlen(service);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)service[i]) && !strchr("@.:_-\\", service[i]))
			return false;
	return n && n <= SERVICE_LONGEST;
}

/* As between double quotes in YAML. */
static void put_quoted(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\')
			putchar('\\');
		putchar(*s);
	}
}

static void fill_in(const char *text, const char *name, const char *service)
{
	while (*text) {
		if (!strncmp(text, "@NAME@", 6)) {
			fputs(name, stdout);
			text += 6;
		} else if (!strncmp(text, "@SERVICE@", 9)) {
			put_quoted(service);
			text += 9;
		} else {
			putchar(*text++);
		}
	}
}

static enum exit_code init_run(const void *values)
{
	const struct init_values *v = values;
	const char *template = find_template(v->kind);
	const char *name = v->name ? v->name : v->kind;
	char unit[NAME_LONGEST + sizeof(".service")];
	_cleanup_(freep) char *typed = NULL;

	if (!template)
		return EXIT_USAGE;
	if (!name_is_fine(name))
		return slo_fail(
			WHO, EXIT_USAGE,
			"--name: '%s' is not possible; write lower-case letters, digits and "
			"'-', at most %d",
			shown(name, &typed), NAME_LONGEST);
	if (v->service && !service_is_fine(v->service))
		return slo_fail(WHO, EXIT_USAGE,
				"--service: '%s' is not possible; write the name of a unit, as "
				"shop.service",
				shown(v->service, &typed));
	snprintf(unit, sizeof(unit), "%.*s.service", NAME_LONGEST, name);
	fill_in(template, name, v->service ? v->service : unit);
	return EXIT_DONE;
}

const struct command command_slo_init = {
	.options = {
		.command = "slo init",
		.summary = "a commented file to begin with, and the questions to settle",
		.detail = "Prints on stdout. The targets in it are a draft, not a finding: each kind "
			  "has what its customers care about, and whom to ask.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct init_values),
	.run = init_run,
};
