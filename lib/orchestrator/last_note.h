/* SPDX-License-Identifier: ISC */
/*
 * keys/NAME.last, the note last signed with a key, against the checkpoint that the key has signed. It
 * is written before that is published (FORMAT section 6), so it is never of fewer entries, unless an
 * older copy of it was put there.
 */
#ifndef ORCHESTRATOR_LAST_NOTE_H
#define ORCHESTRATOR_LAST_NOTE_H

#include "orchestrator/orchestrator.h"

/*
 * 1 where the checkpoint of the log in a place was signed with the key in keys/NAME and is of more
 * entries than keys/NAME.last. 0 where it is not, or that cannot be seen: other findings say why.
 */
int tote__last_note_is_behind(tote_orchestrator *o, const char *name, const struct place *place,
	uint64_t *ret_last, uint64_t *ret_head);

#endif
