/* SPDX-License-Identifier: ISC */
/*
 * Questions to many stores, of which one may never answer: a call into a store that hangs cannot be
 * taken back, so it is left to the thread that made it, and whoever asked goes on without.
 */
#ifndef ORCHESTRATOR_PATIENCE_H
#define ORCHESTRATOR_PATIENCE_H

#include "base/fault.h"
#include "base/heap.h"

#define PATIENCE_US INT64_C(5000000) /* for what an operator waits for */

/*
 * ask is called once for each number below the count, from several threads at once, and writes
 * nothing but what is of that number. drop is called once, when nobody uses `user` any more: it may
 * be a thread that does so, long after whoever asked has gone.
 */
struct patience_work {
	void *user;
	void (*ask)(void *user, size_t i);
	void (*drop)(void *user);
};

struct patience;

/*
 * Asks, and waits until each has answered, or patience_us after the last one that did. may_thread: the
 * stores bear it; else, or where there can be no threads, the caller asks, and waits. NULL:
 * TOTE_E_NO_MEMORY, and nothing was asked; drop was called.
 */
struct patience *tote__patience_ask(const struct heap *heap, const struct patience_work *work,
	size_t count, int may_thread, int64_t patience_us, struct tote_fault *fault);
/* 1 where that one has answered: only then what is of that number may be looked at. */
int tote__patience_answered(const struct patience *p, size_t i);
void tote__patience_end(struct patience *p);

#endif
