/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status_text.h - troth.status/1 as one screen for somebody who was called at night.
 * Knows: the document, as it came from a daemon (perhaps a newer one). Must not know: how it was got.
 */
#ifndef TROTH_REPORT_STATUS_TEXT_H
#define TROTH_REPORT_STATUS_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* 0 or -errno of the stream. */
int status_text(FILE *out, const json_t *status, bool colour);

#endif
