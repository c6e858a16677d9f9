/* SPDX-License-Identifier: ISC */
/*
 * A glance at a container's ledger: the newest checkpoint and the mark, two small files, so that ten
 * thousand of them can be looked at while somebody waits. It verifies nothing.
 */
#ifndef ORCHESTRATOR_GLANCE_H
#define ORCHESTRATOR_GLANCE_H

#include "orchestrator/orchestrator.h"

struct glance {
	struct buf bytes; /* of the checkpoint */
	struct note note; /* points into them */
	struct checkpoint covered;
	int gate_is_empty; /* of documents; 0: it was not looked at */
};

void tote__glance_init(struct glance *g, const struct heap *heap);
void tote__glance_free(struct glance *g);
/*
 * 1: the ledger of that origin lies there, its checkpoint covers all that a reader may use, and no
 * document waits in its gate; g has it until the next call. 0: only opening it can tell.
 */
int tote__glance(tote_orchestrator *o, const char *backend, const char *location,
	const char *origin, struct glance *g);

#endif
