/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - from a request to its answer: paths, methods, who may ask.
 * Knows: HTTP. Must not know: sockets, what documents say.
 */
#ifndef TROTH_WEB_ANSWER_H
#define TROTH_WEB_ANSWER_H

#include "documents.h"
#include "gate.h"
#include "token.h"

struct answerer {
	struct documents *documents;
	const struct token *token; /* NULL: nobody needs one */
	struct gate **gate;	   /* whose places are relieved */
};

/* gate_options.answer; context is a struct answerer. */
enum MHD_Result answer(void *context, struct place *p, struct MHD_Connection *c, const char *path,
		       const char *method, size_t *body, void **state);

#endif
