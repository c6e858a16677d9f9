/* SPDX-License-Identifier: ISC */
/*
 * Moves of a container's state as the entries of a ledger say them, in order.
 */
#ifndef ORCHESTRATOR_MOVE_LIST_H
#define ORCHESTRATOR_MOVE_LIST_H

#include "box/box.h"

/* One container.state, as either ledger has it. */
struct move {
	uint32_t from, to;
	char *reason;
	char *actor; /* NULL: none */
};

/* All moves of a ledger, in order; a container has few of them. */
struct move_list {
	const struct heap *heap;
	struct move *items;
	size_t count, cap;
};

void tote__move_list_init(struct move_list *list, const struct heap *heap);
void tote__move_list_free(struct move_list *list);
/* All of a container's own ledger, as a reader without its lock sees it. */
int tote__move_list_collect(tote_box *box, struct move_list *list, struct tote_fault *fault);
/* view_each_fn: takes each change of state, whatever container it is of. */
int tote__move_list_take(void *list, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault);

#endif
