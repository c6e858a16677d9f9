/* SPDX-License-Identifier: ISC */
/*
 * Whether what an audit read may have come from memory, and why: the field `cached` of the entries
 * of runs.
 */
#ifndef LEDGER_CACHED_H
#define LEDGER_CACHED_H

#include "ledger/entry.h"

enum cached {
	CACHED_NOT,
	CACHED_STORE, /* its store cannot read past memory */
	CACHED_ASKED  /* it was asked for: nobody who wants the medium counts on it */
};

/* NULL for CACHED_NOT, which is said by no field. */
const char *tote__cached_name(enum cached cached);
/* -1 where the value is no such name. */
int tote__cached_parse(const char *value, size_t len);
/* What the entry of a run says. */
enum cached tote__cached_of(const struct entry *e);

#endif
