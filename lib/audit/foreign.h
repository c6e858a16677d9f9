/* SPDX-License-Identifier: ISC */
/*
 * Logs of other roots that our witness cosigned: seen/HEX of each against the consolidated record.
 */
#ifndef AUDIT_FOREIGN_H
#define AUDIT_FOREIGN_H

#include "audit/inquiry.h"

/* What is wrong with one of them; code 0: nothing. */
struct foreign_fault {
	int code;
	char name[2 * HASH_LEN + 1];
	char expected[128], was[256];
};

/*
 * The log of that index by the record, and what is wrong with its seen/HEX: 1, or 0 behind the last
 * log. TOTE_E_* where it cannot be read, which ret->name names.
 */
int tote__foreign_look(
	const struct inquiry *q, size_t index, struct foreign_fault *ret, struct tote_fault *fault);
/* 1 where the record knows a log whose file this is. */
int tote__foreign_is_known(const struct inquiry *q, const char *name);
/*
 * 1 where this is the file of a log that is not on record yet: a cosignature that was interrupted
 * before it was given to anybody.
 */
int tote__foreign_is_unfinished(const struct inquiry *q, const char *name);

#endif
