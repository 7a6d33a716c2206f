// SPDX-License-Identifier: Apache-2.0
/* curl.c - see curl.h. */
#include "curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

_Static_assert(sizeof(TROTH_LIBCURL) > 1, "the build did not find libcurl.so, or it has no name");

struct curl_functions curl;

int curl_load(void)
{
	static const struct {
		const char *name;
		size_t offset;
	} functions[] = {
#define CURL_FUNCTION(name) { "curl_" #name, offsetof(struct curl_functions, name) },
		CURL_FUNCTIONS(CURL_FUNCTION)
#undef CURL_FUNCTION
	};
	struct curl_functions found;
	void *library;

	if (curl.url_set)
		return 0;
	library = dlopen(TROTH_LIBCURL, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return -ELIBACC;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *symbol = dlsym(library, functions[i].name);

		if (!symbol) {
			dlclose(library);
			return -ELIBACC;
		}
		*(void **)((char *)&found + functions[i].offset) = symbol;
	}
	curl = found;
	return 0;
}
