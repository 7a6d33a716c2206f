// SPDX-License-Identifier: Apache-2.0
/* promises.c - the documents of a directory, read and kept as one text. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "../conf/openslo_files.h"
#include "keeper.h"

/* Not there, or without a file that would be read. */
static bool directory_is_empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool found = false;

	if (!d)
		return errno == ENOENT;
	while (!found && (e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		found = *e->d_name != '.' && dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
	}
	closedir(d);
	return !found;
}

/* As a stream of documents: each file begins a new one. */
static int join(struct promises *p, struct problems *problems)
{
	FILE *out = open_memstream(&p->yaml, &p->yaml_size);
	int err = out ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < p->set->n_files; i++) {
		_cleanup_(freep) char *text = NULL;
		size_t n = 0;

		err = file_read(p->set->files[i], SLO_BYTES_MAX, problems, &text, &n);
		if (err)
			break;
		fprintf(out, "---\n# %s\n", p->set->files[i]);
		fwrite(text, 1, n, out);
		if (n && text[n - 1] != '\n')
			fputc('\n', out);
	}
	if (out && fclose(out) && !err)
		err = -ENOMEM;
	return err;
}

/* What they need of the kernel; *ret takes *p over where nothing is wrong. */
static int complete(int err, int64_t now, struct problems *problems, struct promises *p,
		    struct promises *ret)
{
	if (!err && !problems->errors)
		err = live_limits(p->set, now, problems, p->limits, &p->n_limits, &p->idle_end_ns);
	problems_sort(problems);
	if (problems->out_of_memory)
		return -ENOMEM;
	if (problems->errors)
		return -EINVAL;
	if (err)
		return err;
	*ret = *p;
	*p = (struct promises){};
	return 0;
}

int promises_read(const char *slo_dir, int64_t now, struct problems *problems, struct promises *ret)
{
	_cleanup_(promises_clear) struct promises p = {};
	bool empty = !slo_dir || directory_is_empty(slo_dir);
	int err = slo_set_read(&slo_dir, !empty, now, problems, &p.set);

	if (!err && !problems->errors)
		err = join(&p, problems);
	return complete(err, now, problems, &p, ret);
}

/* The same documents as once read, whatever has become of their files. */
int promises_again(const struct promises *old, int64_t now, struct problems *problems,
		   struct promises *ret)
{
	_cleanup_(promises_clear) struct promises p = { .yaml_size = old->yaml_size };
	int err;

	p.yaml = calloc(1, old->yaml_size + 1);
	if (!p.yaml)
		return -ENOMEM;
	if (old->yaml_size)
		memcpy(p.yaml, old->yaml, old->yaml_size);
	if (p.yaml_size)
		err = slo_set_read_bytes("objectives in force", p.yaml, p.yaml_size, now, problems,
					 &p.set);
	else
		err = slo_set_read(NULL, 0, now, problems, &p.set);
	return complete(err, now, problems, &p, ret);
}

void promises_clear(struct promises *p)
{
	slo_set_free(p->set);
	free(p->yaml);
	*p = (struct promises){};
}
