/* SPDX-License-Identifier: ISC */
/*
 * An older copy of the note that was last signed with a key.
 */
#include "orchestrator/last_note.h"
#include "ledger/logdir.h"
#include "store/keystore.h"
#include <stdio.h>
#include <string.h>

/* The checkpoint in place, where the key in keys/NAME has signed it. */
static int read_head(tote_orchestrator *o, const char *name, const struct place *place,
	struct buf *bytes, struct checkpoint *ret)
{
	struct tote_fault unused;
	struct logdir log;
	struct note note;
	struct vkey key;

	memset(&unused, 0, sizeof(unused));
	tote__logdir_init(&log, place, 0);
	return tote__keystore_public(&o->key_store, name, &key, &unused) == 0 &&
	       key.type == KEY_TYPE_ED25519 &&
	       tote__logdir_checkpoint(&log, bytes, &note, ret, &unused) == 0 &&
	       tote__note_verify(&note, &key, &unused) == 1;
}

static int read_last(
	tote_orchestrator *o, const char *name, struct buf *bytes, struct checkpoint *ret)
{
	struct tote_fault unused;
	struct note note;
	char file[80];

	memset(&unused, 0, sizeof(unused));
	snprintf(file, sizeof(file), "%s.last", name);
	tote__buf_reset(bytes);
	return o->key_store.ops->cell_read(o->key_store.handle, SPACE_KEYS, file, bytes, &unused) ==
		       0 &&
	       tote__checkpoint_read(bytes->data, bytes->len, &note, ret, &unused) == 0;
}

int tote__last_note_is_behind(tote_orchestrator *o, const char *name, const struct place *place,
	uint64_t *ret_last, uint64_t *ret_head)
{
	struct checkpoint head, last;
	struct buf bytes;
	int behind;

	if (!o->key_store.ops)
		return 0;
	tote__buf_init(&bytes, &o->ctx->heap, NOTE_MAX);
	/* the checkpoint first: a fold in between leaves a note that is ahead of it */
	behind = read_head(o, name, place, &bytes, &head) && read_last(o, name, &bytes, &last) &&
		 strcmp(head.origin, last.origin) == 0 && last.size < head.size;
	tote__buf_free(&bytes);
	if (behind) {
		*ret_last = last.size;
		*ret_head = head.size;
	}
	return behind;
}
