/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * list.h - the protocols that troth understands: one line each. Everything else that is a
 * list of protocols (enum, names, dispatch, fixtures) is derived from this one.
 * X(NAME, prefix of the functions in proto/prefix.h, name in output)
 */
#ifndef TROTH_PROTO_LIST_H
#define TROTH_PROTO_LIST_H

#define PROTOCOLS(X)                                                                               \
	X(HTTP, http, "http")                                                                      \
	X(TLS, tls, "tls")

#define PROTOCOL_ENUM(NAME, prefix, text) PROTOCOL_##NAME,
enum protocol { PROTOCOL_UNKNOWN, PROTOCOLS(PROTOCOL_ENUM) PROTOCOL_COUNT };
#undef PROTOCOL_ENUM

#endif
