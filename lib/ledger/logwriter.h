/* SPDX-License-Identifier: ISC */
/*
 * Files on their way into the log: gathered, and put there many at a time, so that they share a
 * sync. What an interrupted fold left is taken for one of them only where it is the very same bytes.
 */
#ifndef LEDGER_LOGWRITER_H
#define LEDGER_LOGWRITER_H

#include "store/store.h"
#include "tlog/tile.h"

#define LOGWRITER_FILES 24

struct logwriter {
	const struct place *place;
	int again; /* a sync failed here before: what is found in place is written once more */
	struct buf bytes; /* of all that is gathered */
	size_t count;
	struct {
		char name[TILE_NAME_MAX];
		size_t at, len; /* in bytes */
	} file[LOGWRITER_FILES];
	struct buf found;
};

void tote__logwriter_init(struct logwriter *w, const struct place *place, int again);
void tote__logwriter_free(struct logwriter *w);
/* The bytes are copied; TOTE_E_DAMAGED where others lie under that name. */
int tote__logwriter_put(struct logwriter *w, const struct tile *t, const void *data, size_t len,
	struct tote_fault *fault);
/* All that was put is durable, names and directories too. */
int tote__logwriter_end(struct logwriter *w, struct tote_fault *fault);

#endif
