// SPDX-License-Identifier: Apache-2.0
/* program.c - see program.h. One row of a table is all that is known of an interpreter. */
#define _GNU_SOURCE 1
#include "program.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"

#define WORDS_MAX    512
#define COMM_VISIBLE 15 /* TASK_COMM_LEN less its NUL */

/* Letters are one-letter options whose argument follows, attached or as the next word. */
struct interpreter {
	const char *name;      /* digits and dots may follow: python3.11 */
	const char *code;      /* the argument is program text: there is no script */
	const char *script;    /* the argument names the program */
	const char *skip;      /* the argument means nothing here */
	const char *long_code; /* the same for long options, each "--option " */
	const char *long_script;
	const char *long_skip;
	const char *commands; /* words before the script, each "word " */
};

static const struct interpreter interpreters[] = {
	{ "python", "c", "m", "WXQ", "", "", "--check-hash-based-pycs ", "" },
	{ "pypy", "c", "m", "WX", "", "", "", "" },
	{ "node", "ep", "", "rC", "--eval --print ", "",
	  "--require --import --loader --experimental-loader --conditions --title --input-type ",
	  "" },
	{ "nodejs", "ep", "", "rC", "--eval --print ", "", "--require --import --loader ", "" },
	{ "deno", "", "", "c", "", "", "--config --import-map --lock --cert --env-file ", "run " },
	{ "bun", "e", "", "rc", "--eval ", "", "--preload --config --cwd --env-file ", "run " },
	{ "ruby", "e", "", "ICEr", "", "", "--encoding --external-encoding ", "" },
	{ "perl", "eE", "", "IMm", "", "", "", "" },
	{ "php", "rBRE", "fF", "dcStz", "--run ", "--file ", "--define --php-ini ", "" },
	{ "lua", "e", "", "l", "", "", "", "" },
	{ "luajit", "e", "", "lj", "", "", "", "" },
	{ "bash", "c", "", "oO", "", "", "--rcfile --init-file ", "" },
	{ "dash", "c", "", "o", "", "", "", "" },
	{ "ksh", "c", "", "o", "", "", "", "" },
	{ "zsh", "c", "", "o", "", "", "--emulate ", "" },
	{ "sh", "c", "", "o", "", "", "", "" },
	{ "dotnet", "", "", "", "", "", "--depsfile --runtimeconfig --roll-forward --fx-version ",
	  "exec " },
	/* Words of Java's begin with one dash or two; only -p is a letter. */
	{ "java", "", "", "p", "", "-jar -m --module ",
	  "-cp -classpath --class-path --module-path --upgrade-module-path --add-modules "
	  "--add-opens --add-exports --add-reads --limit-modules --enable-native-access ",
	  "" },
};

struct words {
	const char *word[WORDS_MAX];
	int n;
};

static void split_command(const char *command, size_t size, struct words *ret)
{
	ret->n = 0;
	/* A title written over the command line leaves NULs, which are no words, behind it. */
	while (size && !command[size - 1])
		size--;
	for (size_t at = 0; at < size && ret->n < WORDS_MAX; at += strlen(command + at) + 1)
		ret->word[ret->n++] = command + at;
}

/* Base name of the first length bytes, without slashes at the end. */
static const char *base_of(const char *path, size_t *length)
{
	const char *slash;

	while (*length > 1 && path[*length - 1] == '/')
		(*length)--;
	slash = memrchr(path, '/', *length);
	if (slash) {
		*length -= (size_t)(slash + 1 - path);
		path = slash + 1;
	}
	return path;
}

static const struct interpreter *find_interpreter(const char *base, size_t length)
{
	for (size_t i = 0; i < sizeof(interpreters) / sizeof(*interpreters); i++) {
		size_t n = strlen(interpreters[i].name);

		if (length < n || memcmp(base, interpreters[i].name, n))
			continue;
		while (n < length && (isdigit((unsigned char)base[n]) || base[n] == '.'))
			n++;
		if (n == length)
			return &interpreters[i];
	}
	return NULL;
}

/* Whether list, words each followed by a blank, holds word. */
static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; n && (at = strstr(at, word)); at++)
		if ((at == list || at[-1] == ' ') && at[n] == ' ')
			return true;
	return false;
}

/* One-letter options of a word. true: it is settled; *ret is the program or NULL for none. */
static bool settle_letters(const struct interpreter *in, const struct words *w, int *i,
			   const char **ret)
{
	for (const char *c = w->word[*i] + 1; *c; c++) {
		const char *argument = c[1] ? c + 1 : *i + 1 < w->n ? w->word[*i + 1] : NULL;

		if (strchr(in->code, *c))
			return true;
		if (strchr(in->script, *c)) {
			*ret = argument;
			return true;
		}
		if (strchr(in->skip, *c)) {
			if (!c[1])
				(*i)++;
			return false;
		}
	}
	return false;
}

/* The word that names the program, or NULL. */
static const char *find_script(const struct interpreter *in, const struct words *w)
{
	bool java = !strcmp(in->name, "java");
	const char *script = NULL;

	for (int i = 1; i < w->n; i++) {
		const char *word = w->word[i];

		if (!strcmp(word, "--") || listed(in->long_script, word))
			return i + 1 < w->n ? w->word[i + 1] : NULL;
		if (listed(in->commands, word))
			continue;
		if (word[0] == '+' || (java && word[0] == '@'))
			continue;
		if (word[0] != '-')
			return *word ? word : NULL;
		if (!word[1] || listed(in->long_code, word))
			return NULL;
		if (listed(in->long_skip, word)) {
			i++;
			continue;
		}
		if (word[1] == '-' || (java && strcmp(word, "-p")))
			continue;
		if (settle_letters(in, w, &i, &script))
			return script;
	}
	return NULL;
}

/* shop-1.2.jar goes by shop in every release. */
static size_t without_version(const char *name, size_t length)
{
	for (size_t i = 1; i + 1 < length; i++)
		if (name[i] == '-' && isdigit((unsigned char)name[i + 1]))
			return i;
	return length;
}

static bool strip(const char *name, size_t *length, const char *suffix)
{
	size_t n = strlen(suffix);

	if (*length <= n || memcmp(name + *length - n, suffix, n))
		return false;
	*length -= n;
	return true;
}

/* How people call a script; NULL: it has no name of its own (".", a descriptor in /dev or /proc). */
static const char *script_name(const struct interpreter *in, const char *script, size_t *length)
{
	const char *name;

	*length = strlen(script);
	if (!strncmp(script, "/dev/", 5) || !strncmp(script, "/proc/", 6))
		return NULL;
	if (!strcmp(in->name, "java") && !strstr(script, ".jar") && !strstr(script, ".java")) {
		/* MODULE/CLASS or a class: the class without its package, as jps prints it. */
		const char *dot;

		name = base_of(script, length);
		dot = memrchr(name, '.', *length);
		if (dot && dot[1]) {
			*length -= (size_t)(dot + 1 - name);
			name = dot + 1;
		}
		return *length ? name : NULL;
	}
	name = base_of(script, length);
	if (*length == strlen("__main__.py") && !memcmp(name, "__main__.py", *length)) {
		size_t directory = name == script ? 0 : (size_t)(name - 1 - script);
		const char *parent = base_of(script, &directory);

		if (directory) {
			name = parent;
			*length = directory;
		}
	}
	if (strip(name, length, ".jar") || strip(name, length, ".war"))
		*length = without_version(name, *length);
	else
		strip(name, length, ".dll");
	return *length && strspn(name, "./") < *length ? name : NULL;
}

/*
 * A title that the program wrote over its command line ("puma 6.0 (tcp://...)", "gunicorn: master
 * [shop]") begins with its name; what follows changes from worker to worker.
 */
static const char *title_name(const struct words *w, size_t *length)
{
	const char *word = w->n ? w->word[0] : "";

	word += *word == '-'; /* a login shell's */
	*length = strcspn(word, " ");
	if (*length && word[*length - 1] == ':')
		(*length)--;
	return base_of(word, length);
}

static const char *interpreted_name(const struct interpreter *in, const char *base,
				    const struct words *w, size_t *length)
{
	const char *title = title_name(w, length);
	const char *script = NULL;

	if (w->n == 1 && *length && !find_interpreter(title, *length))
		return title;
	script = find_script(in, w);
	if (script)
		script = script_name(in, script, length);
	if (script)
		return script;
	/* python3, not python3.11: an upgrade of the system is no new service. */
	*length = strcspn(base, ".");
	return base;
}

static const char *plain_name(const char *base, const char *comm, const struct words *w,
			      size_t *length)
{
	const char *title = title_name(w, length);
	size_t visible = *length > COMM_VISIBLE ? COMM_VISIBLE : *length;

	if (!strcmp(base, "busybox") || !strcmp(base, "toybox")) {
		if (w->n > 1 && *length == strlen(base) && !memcmp(title, base, *length)) {
			*length = strlen(w->word[1]);
			return *length ? w->word[1] : base;
		}
		if (*length)
			return title;
	}
	if (visible && comm && strlen(comm) == visible && !memcmp(comm, title, visible))
		return title;
	*length = strlen(base);
	return base;
}

int program_name(const char *exe, const char *comm, const char *command, size_t size, char **ret)
{
	const struct interpreter *in;
	const char *base = NULL, *name;
	struct words w = {};
	size_t length = 0;
	char *copy;

	if (command)
		split_command(command, size, &w);
	if (exe && *exe) {
		length = strlen(exe);
		base = base_of(exe, &length);
	}
	if (!base || !*base || *base == '/')
		base = comm;
	if (!base || !*base)
		return -ENODATA;
	in = find_interpreter(base, strlen(base));
	name = in ? interpreted_name(in, base, &w, &length) : plain_name(base, comm, &w, &length);
	copy = strndup(name, length);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}
