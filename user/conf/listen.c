// SPDX-License-Identifier: Apache-2.0
/* listen.c - see listen.h. inet_pton(3) knows what an address is. */
#include "listen.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 64

static bool is_port(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n && n <= 5 && !text[n] && atoi(text) <= 65535;
}

static const char *check_v6(const char *host, bool *ret_loopback)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, host, &a) != 1)
		return "what stands in brackets is no IPv6 address; write one like [::1]:9477";
	*ret_loopback = IN6_IS_ADDR_LOOPBACK(&a) ||
			(IN6_IS_ADDR_V4MAPPED(&a) && a.s6_addr[12] == 127);
	return NULL;
}

static const char *check_v4(const char *host, bool *ret_loopback)
{
	struct in_addr a;

	*ret_loopback = false;
	if (!*host)
		return NULL;
	if (strchr(host, ':'))
		return "an IPv6 address stands in brackets; write it like [::1]:9477";
	if (!strcmp(host, "localhost")) {
		*ret_loopback = true;
		return NULL;
	}
	if (inet_pton(AF_INET, host, &a) != 1)
		return "names are not looked up; write an address like 127.0.0.1:9477, or :9477 "
		       "for all";
	*ret_loopback = ntohl(a.s_addr) >> 24 == 127;
	return NULL;
}

const char *listen_check(const char *text, bool *ret_loopback)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	char host[HOST_MAX] = "";

	if (!colon || strchr(colon, ']'))
		return "it has no port; write an address and a port like 127.0.0.1:9477";
	if (!is_port(colon + 1))
		return "behind the last colon stands no port from 0 to 65535; write one like "
		       "127.0.0.1:9477";
	if (n >= sizeof(host))
		return "it is too long for an address; write one like 127.0.0.1:9477";
	memcpy(host, text, n);
	if (host[0] != '[')
		return check_v4(host, ret_loopback);
	if (host[n - 1] != ']')
		return "a bracket is not closed; write it like [::1]:9477";
	host[n - 1] = '\0';
	return check_v6(host + 1, ret_loopback);
}
