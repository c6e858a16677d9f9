/* SPDX-License-Identifier: ISC */
/*
 * One counter over everything that a host gives the library, system calls or memory: the operation
 * of a given number fails, or all from it on, or it is done and reported as failed, or it is cut
 * short. There is one in a process; it is armed and asked by one thread.
 */
#ifndef STRESS_INJECT_H
#define STRESS_INJECT_H

#include "store/posix_kernel.h"
#include <toteborch/ctx.h>

enum inject_mode {
	INJECT_NOTHING,
	INJECT_ONCE,     /* that system call fails and does nothing */
	INJECT_FROM,     /* that one and all after it */
	INJECT_REPORTED, /* that one is done, and reported as failed */
	INJECT_SHORT, /* that read or write moves half of what was asked; others are not counted */
	INJECT_SHORT_FROM,
	INJECT_MEMORY_ONCE, /* that allocation gives nothing */
	INJECT_MEMORY_FROM,
	INJECT_MODES
};

const struct kernel *inject_kernel(void);
struct tote_allocator inject_allocator(void);

/* Operation `at` from now on, counted from 0; err is what system calls fail with. */
void inject_arm(enum inject_mode mode, int err, long at);
/* As a process that dies there: all fails from the first call of that name on. */
void inject_arm_at(const char *what, int err);
void inject_disarm(void);
int inject_fired(void);        /* 1: it happened since it was armed */
const char *inject_what(void); /* the name of the call that it happened to first */
long inject_live(void);        /* blocks of memory that were not given back */

#endif
