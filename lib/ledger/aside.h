/* SPDX-License-Identifier: ISC */
/*
 * What a repair sets aside: the names in ledger/damaged/, and the files of the log that go there.
 */
#ifndef LEDGER_ASIDE_H
#define LEDGER_ASIDE_H

#include "ledger/logdir.h"

#define ASIDE_NAME_MAX 48 /* 20 digits, a number behind a dot, ".log" */

/* 1 where a name in ledger/damaged/ is one that a repair gives; *ret_log: of files of the log. */
int tote__aside_is_name(const char *name, int *ret_log);
/* A name for what begins at seq that is not taken yet: never replacing. */
int tote__aside_name(const struct place *place, uint64_t seq, char out[ASIDE_NAME_MAX],
	struct tote_fault *fault);
/*
 * Tiles and bundles that reach beyond a tree of size leaves: counted, and with a name (NULL: only
 * counted) moved to ledger/damaged/NAME.log, durable.
 */
int tote__aside_beyond(const struct place *place, uint64_t size, const char *name,
	uint64_t *ret_count, struct tote_fault *fault);

#endif
