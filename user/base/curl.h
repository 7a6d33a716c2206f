/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl.h - libcurl, loaded when it is first needed. With the libraries that it needs itself it takes some
 * 4 MB of memory, and most daemons and every `check` send nothing.
 * Knows: the dynamic loader. Must not know: what is sent.
 */
#ifndef TROTH_BASE_CURL_H
#define TROTH_BASE_CURL_H

#include <curl/curl.h>

#define CURL_FUNCTIONS(X)                                                                          \
	X(easy_cleanup)                                                                            \
	X(easy_getinfo)                                                                            \
	X(easy_init)                                                                               \
	X(easy_perform)                                                                            \
	X(easy_setopt)                                                                             \
	X(easy_strerror)                                                                           \
	X(free)                                                                                    \
	X(global_cleanup)                                                                          \
	X(global_init)                                                                             \
	X(multi_add_handle)                                                                        \
	X(multi_assign)                                                                            \
	X(multi_cleanup)                                                                           \
	X(multi_info_read)                                                                         \
	X(multi_init)                                                                              \
	X(multi_remove_handle)                                                                     \
	X(multi_setopt)                                                                            \
	X(multi_socket_action)                                                                     \
	X(slist_append)                                                                            \
	X(slist_free_all)                                                                          \
	X(url)                                                                                     \
	X(url_cleanup)                                                                             \
	X(url_get)                                                                                 \
	X(url_set)

/* curl.easy_init() is curl_easy_init(): to be called after curl_load() has given 0. */
struct curl_functions {
#define CURL_FUNCTION(name) typeof(curl_##name) *name;
	CURL_FUNCTIONS(CURL_FUNCTION)
#undef CURL_FUNCTION
};
extern struct curl_functions curl;

/* 0, or -ELIBACC: it is not there, or lacks one of these. It stays as long as the process. */
int curl_load(void);

#endif
