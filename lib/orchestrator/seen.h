/* SPDX-License-Identifier: ISC */
/*
 * seen/ID: the last checkpoint of a container that the witness verified, with its cosignature.
 */
#ifndef ORCHESTRATOR_SEEN_H
#define ORCHESTRATOR_SEEN_H

#include "orchestrator/orchestrator.h"

struct seen {
	int present;
	struct buf note; /* the bytes of seen/ID */
	struct checkpoint checkpoint;
	uint64_t cosigned_seconds;
};

/*
 * Reads seen/ID and verifies it: the log's signature by log_key and the witness's own.
 * TOTE_E_DAMAGED where it is there and does not verify.
 */
int tote__seen_read(tote_orchestrator *o, const char *id, const struct vkey *log_key,
	struct seen *ret, struct tote_fault *fault);
void tote__seen_free(struct seen *s);

#endif
