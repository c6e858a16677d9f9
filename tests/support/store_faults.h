/* SPDX-License-Identifier: ISC */
/*
 * A place whose operations can be made to fail: each call is counted, and the one with a given
 * number fails, or all from it on (as when a process is killed there), or it is done and only
 * reported as failed. To walk through every step of something:
 *
 *	for (long k = 0;; k++) {
 *		faults_arm(&faults, FAULT_FROM, k);
 *		... do it with faults.place ...
 *		faults_disarm(&faults);
 *		... open again, compare ...
 *		if (!faults.fired)
 *			break;
 *	}
 */
#ifndef SUPPORT_STORE_FAULTS_H
#define SUPPORT_STORE_FAULTS_H

#include "store/store.h"

enum {
	FAULT_NEVER,
	FAULT_ONCE,    /* that call fails and does nothing */
	FAULT_FROM,    /* that call and all after it */
	FAULT_REPORTED /* that call is done, and reported as failed */
};

struct faults {
	const struct place *inner;
	struct store_ops ops;
	struct place place; /* to be used instead of inner */
	int mode;
	long at, count;
	int fired;
	const char *only; /* only calls of this name count; NULL: all that may fail */
	int code;         /* TOTE_E_IO unless set */
	uint32_t
		lose; /* a failed journal_sync takes back block i of what was written: bit i % 32 */
	int lock_replaced; /* the path `lock` is another file now */
	/* After each call that went through, by name; NULL: nothing. */
	void (*after)(void *user, const char *call);
	void *user;
};

void faults_make(struct faults *f, const struct place *inner);
void faults_arm(struct faults *f, int mode, long at);
void faults_disarm(struct faults *f); /* fired stays */

#endif
