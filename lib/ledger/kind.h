/* SPDX-License-Identifier: ISC */
/*
 * The kinds of entries that are the library's (FORMAT section 4, the two tables): one table that
 * says which ledger a kind belongs to, which fields it has and in which form.
 */
#ifndef LEDGER_KIND_H
#define LEDGER_KIND_H

#include "ledger/entry.h"

enum { LEDGER_CONTAINER = 1, LEDGER_RECORD = 2 }; /* a container's; the consolidated audit record */

enum { KIND_KNOWN, KIND_HOST, KIND_UNKNOWN };

/* What kind of kind this is in a ledger of that type. */
int tote__kind_class(int ledger_type, const char *kind, size_t len);

/*
 * Whether the fields of an entry of the library's fit its kind and ledger, tote-state included:
 * TOTE_E_MALFORMED naming the field. Host's and unknown kinds: only what holds for all entries.
 */
int tote__kind_check(int ledger_type, const struct entry *e, struct tote_fault *fault);

#endif
