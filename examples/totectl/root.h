/* SPDX-License-Identifier: ISC */
/*
 * The root that a call is about, and the handles below it. What returns int gives 0 or what totectl
 * exits with, the error having been printed.
 */
#ifndef TOTECTL_ROOT_H
#define TOTECTL_ROOT_H

#include "args.h"

/* The context of the call, made when it is first asked for. */
int root_context(struct call *call);
/* Finds the root (-C, TOTE_ROOT, the nearest parent directory that is one) and opens it. */
int root_open(struct call *call, uint32_t flags);
/* The root that init is to make: -C, TOTE_ROOT, the current directory. */
const char *root_to_make(const struct call *call);
/* The box of that ID, `orchestrator` being the consolidated record; flags: TOTE_BOX_*. */
int root_box(struct call *call, const char *id, uint32_t flags, tote_box **ret_box);
/* Both for a verb that only reads. */
int root_read(struct call *call, const char *id, tote_box **ret_box);
/* Closes what the call opened, with its last I/O; code is what it exits with so far. */
int root_close(struct call *call, int code);
int box_close(struct call *call, tote_box *box, int code);

#endif
