/* SPDX-License-Identifier: ISC */
/*
 * seen/ID: the last checkpoint of a container that the witness verified, with its cosignature. And
 * seen/HEX, the same of a log of another root: HEX is the SHA-256 of its origin.
 */
#ifndef ORCHESTRATOR_SEEN_H
#define ORCHESTRATOR_SEEN_H

#include "orchestrator/orchestrator.h"

struct seen {
	int present;
	struct buf note; /* the bytes of seen/ID */
	struct checkpoint checkpoint;
	uint64_t cosigned_seconds;
	int former;          /* cosigned by a key of our witness that was rotated away */
	int log_known;       /* the log's line is by this key; else by one that is not known here */
	struct vkey log_key; /* as far as can be told without reading the log */
};

/*
 * Reads seen/ID and verifies it: the witness's own cosignature, and a line of the log's, by log_key
 * or another key that is known of it here; one that is not (a rotation may have named it) stands on
 * the cosignature alone. TOTE_E_DAMAGED where it is there and does not verify, TOTE_E_MISMATCH where
 * the record says that more was witnessed.
 */
int tote__seen_read(tote_orchestrator *o, const char *id, const struct vkey *log_key,
	struct seen *ret, struct tote_fault *fault);
void tote__seen_free(struct seen *s);

#define SEEN_NAME_MAX (2 * HASH_LEN + 1)
/* 64 lower-case hex digits, which no ID can be. */
void tote__seen_log_name(const char *origin, char out[SEEN_NAME_MAX]);
/*
 * Reads the one of a log of another root: by its origin and our witness's cosignature, which nobody
 * else can make; the log's own key may have changed since.
 */
int tote__seen_log_read(
	tote_orchestrator *o, const char *origin, struct seen *ret, struct tote_fault *fault);

#endif
