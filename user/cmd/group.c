// SPDX-License-Identifier: Apache-2.0
/* group.c - a table of commands: finds the one that is meant. What it does is its own affair. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../base/nearest.h"
#include "../base/wrap.h"
#include "command.h"

/* "slo lint" is typed as "lint". */
static const char *word_of(const struct command *c)
{
	const char *space = strrchr(c->options.command, ' ');

	return space ? space + 1 : c->options.command;
}

/* "help" of troth, "help slo" of troth slo. */
static const char *help_of(const struct command_group *g, char *buf, size_t size)
{
	const char *space = strchr(g->name, ' ');

	snprintf(buf, size, "help%s", space ? space : "");
	return buf;
}

static void page(const struct command_group *g, FILE *out)
{
	const char *example = word_of(g->commands[0]);

	fprintf(out, "usage: %s COMMAND [OPTION]...\n\n", g->name);
	wrap_print(out, g->about, 0, 98);
	fputc('\n', out);
	for (size_t i = 0; i < g->n; i++)
		fprintf(out, "  %-10s %s\n", word_of(g->commands[i]),
			g->commands[i]->options.summary);
	fprintf(out, "  help       print this, or the options of a command: %s help %s\n\n",
		g->name, example);
	if (g->version)
		fputs("      --version  print the version and exit\n", out);
	fputs("  -h, --help     print this and exit\n", out);
}

static const struct command *find(const struct command_group *g, const char *word)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(word_of(g->commands[i]), word))
			return g->commands[i];
	return NULL;
}

static enum exit_code unknown(const struct command_group *g, const char *word)
{
	struct nearest near = { .word = word };
	char help[64];

	for (size_t i = 0; i < g->n; i++)
		nearest_offer(&near, word_of(g->commands[i]));
	nearest_offer(&near, "help");
	nearest_offer(&near, "--help");
	if (g->version)
		nearest_offer(&near, "--version");
	fprintf(stderr, "%s: there is no command '%.*s'; ", g->name, (int)strcspn(word, "\n\r"),
		word);
	if (near.best)
		fprintf(stderr, "did you mean '%s %s'?\n", g->name, near.best);
	else
		fprintf(stderr, "'troth %s' lists them\n", help_of(g, help, sizeof(help)));
	return EXIT_USAGE;
}

/* words after "help": the path to a command. */
static enum exit_code help_page(const struct command_group *g, int n, char *const words[])
{
	const struct command *c;

	if (!n || (n == 1 && !strcmp(words[0], "help"))) {
		page(g, stdout);
		return command_finish(g->name, EXIT_DONE);
	}
	c = find(g, words[0]);
	if (!c)
		return unknown(g, words[0]);
	if (c->group)
		return help_page(c->group, n - 1, words + 1);
	if (n > 1) {
		fprintf(stderr, "%s: too many words; write 'troth help %s' alone\n", g->name,
			c->options.command);
		return EXIT_USAGE;
	}
	return command_main(c, 2, (char *[]){ words[0], "--help", NULL });
}

enum exit_code command_group_main(const struct command_group *g, int argc, char *argv[])
{
	const char *word = argc > 1 ? argv[1] : "";
	bool version = g->version && !strcmp(word, "--version");
	const struct command *c;
	char help[64];

	if (argc < 2) {
		fprintf(stderr, "%s: no command; 'troth %s' lists them\n", g->name,
			help_of(g, help, sizeof(help)));
		return EXIT_USAGE;
	}
	if (!strcmp(word, "help"))
		return help_page(g, argc - 2, argv + 2);
	if (version || !strcmp(word, "--help") || !strcmp(word, "-h")) {
		if (argc > 2) {
			fprintf(stderr, "%s: too many words; write '%s %s' alone\n", g->name,
				g->name, word);
			return EXIT_USAGE;
		}
		if (version)
			printf("troth %s\n", g->version);
		return version ? command_finish(g->name, EXIT_DONE) : help_page(g, 0, NULL);
	}
	c = find(g, word);
	if (!c)
		return unknown(g, word);
	return c->group ? command_group_main(c->group, argc - 1, argv + 1) :
			  command_main(c, argc - 1, argv + 1);
}
