// SPDX-License-Identifier: Apache-2.0
/* main.c - a table of commands and a loop. What a command does is its own affair. */
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/stdio.h"
#include "cmd/command.h"

#ifndef TROTH_VERSION
#define TROTH_VERSION "0.1.0"
#endif

static const struct command *const commands[] = { &command_check, &command_doctor };

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help_all(FILE *out)
{
	fputs("usage: troth COMMAND [OPTION]...\n\n"
	      "Measures in the kernel whether services keep their objectives.\n\n",
	      out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->options.command,
			commands[i]->options.summary);
	fputs("  help       print this, or the options of a command: troth help check\n\n"
	      "      --version  print the version and exit\n"
	      "  -h, --help     print this and exit\n",
	      out);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i]->options.command, name))
			return commands[i];
	return NULL;
}

static enum exit_code unknown(const char *word)
{
	struct nearest near = { .word = word };

	for (size_t i = 0; i < N_COMMANDS; i++)
		nearest_offer(&near, commands[i]->options.command);
	nearest_offer(&near, "help");
	nearest_offer(&near, "--help");
	nearest_offer(&near, "--version");
	fprintf(stderr, "troth: there is no command '%.*s'; ", (int)strcspn(word, "\n\r"), word);
	fprintf(stderr, near.best ? "did you mean 'troth %s'?\n" : "'troth %s' lists them\n",
		near.best ? near.best : "help");
	return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
	const char *word = argc > 1 ? argv[1] : "help";
	bool version = !strcmp(word, "--version"), help = !strcmp(word, "help");
	bool page = !strcmp(word, "--help") || !strcmp(word, "-h") ||
		    (help && (argc <= 2 || !strcmp(argv[2], "help")));

	stdio_guard();
	if (argc > 2 + help && (version || page || help)) {
		fprintf(stderr, "troth: too many words; write 'troth %s%s' alone\n", word,
			help ? " COMMAND" : "");
		return EXIT_USAGE;
	}
	if (argc < 2) {
		fputs("troth: no command; 'troth help' lists them\n", stderr);
		return EXIT_USAGE;
	}
	if (version)
		printf("troth %s\n", TROTH_VERSION);
	else if (page)
		help_all(stdout);
	if (version || page)
		return command_finish("troth", EXIT_DONE);
	if (!find(argv[1 + help]))
		return unknown(argv[1 + help]);
	if (!help)
		return command_main(find(word), argc - 1, argv + 1);
	return command_main(find(argv[2]), 2, (char *[]){ argv[2], "--help", NULL });
}
