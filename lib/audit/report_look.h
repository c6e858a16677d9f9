/* SPDX-License-Identifier: ISC */
/*
 * One report of an audit run against what the consolidated record says of it.
 */
#ifndef AUDIT_REPORT_LOOK_H
#define AUDIT_REPORT_LOOK_H

#include "audit/inquiry.h"

/* What is wrong with it; code 0: nothing. */
struct report_fault {
	int code;
	char name[64]; /* of its file */
	char expected[128], was[256];
};

/* TOTE_E_* where it cannot be read. */
int tote__report_look(struct inquiry *q, const struct known_report *want, struct report_fault *ret,
	struct tote_fault *fault);
/* 1 where a report may be called so. */
int tote__report_is_name(const char *name);

#endif
