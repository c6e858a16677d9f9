/* SPDX-License-Identifier: ISC */
/*
 * Kills this process at one step of what a box does to its store: with SIGKILL, right before the
 * step of a given number, or does something at a step of a given name. To walk through all of them,
 * fork a child for each number until one comes through alive.
 */
#ifndef SUPPORT_STEP_KILL_H
#define SUPPORT_STEP_KILL_H

#include "box/box.h"

/* From here on the steps of this box and of its ledger are counted; step `at` is not done any more. */
void step_kill(tote_box *box, long at);

/* act is called right before the nth step of that name ("publish", ...); steps are not counted. */
void step_act(tote_box *box, const char *name, long nth, void (*act)(void *user), void *user);
/* The nth step of that name fails with code and is not done. */
void step_fail(tote_box *box, const char *name, long nth, int code);

#endif
