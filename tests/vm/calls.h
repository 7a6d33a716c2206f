/* SPDX-License-Identifier: Apache-2.0 */
/* calls.h - every system call that moves bytes through a socket, as a way to send or receive. */
#ifndef TROTH_VM_CALLS_H
#define TROTH_VM_CALLS_H

#include "scene.h"

extern const struct calls calls_plain; /* send, recv */
extern const struct calls calls_read_write;
extern const struct calls calls_from_to;       /* recvfrom, sendto with addresses */
extern const struct calls calls_vectors;       /* readv, writev */
extern const struct calls calls_messages;      /* recvmsg, sendmsg */
extern const struct calls calls_many_messages; /* recvmmsg, sendmmsg */
extern const struct calls calls_sendfile;      /* the head by send, the body by sendfile */
extern const struct calls calls_sendfile_whole;
extern const struct calls calls_splice_to; /* the head by send, the body by splice */
extern const struct calls calls_splice_to_whole;
extern const struct calls calls_splice_from;
extern const struct calls calls_uring; /* uring.c */

#endif
