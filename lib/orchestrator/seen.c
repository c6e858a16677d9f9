/* SPDX-License-Identifier: ISC */
/*
 * seen/ID, read: it counts only with both signatures, the log's and our witness's.
 */
#include "orchestrator/seen.h"
#include "orchestrator/orchestrator.h"
#include "tlog/cosignature.h"
#include <string.h>

void tote__seen_free(struct seen *s)
{
	tote__buf_free(&s->note);
	memset(s, 0, sizeof(*s));
}

/* Both signatures of a seen/ID, and that it is of this log. */
static int seen_verify(tote_orchestrator *o, const char *id, const struct vkey *log_key,
	struct seen *s, struct tote_fault *fault)
{
	struct vkey witness;
	struct note note;
	struct buf scratch;
	int rc;

	tote__buf_init(&scratch, &o->ctx->heap, NOTE_MAX);
	rc = tote__checkpoint_read(s->note.data, s->note.len, &note, &s->checkpoint, fault);
	if (!rc && strcmp(s->checkpoint.origin, log_key->name) != 0)
		rc = tote__fault(fault, TOTE_E_DAMAGED, "it is of origin '%s', not '%s'",
			s->checkpoint.origin, log_key->name);
	if (!rc)
		rc = tote__note_verify(&note, log_key, fault);
	if (!rc)
		rc = tote__fault(fault, TOTE_E_DAMAGED, "it is not signed by the container's key");
	if (rc > 0)
		rc = tote__vkey_parse(o->registry.witness_vkey, strlen(o->registry.witness_vkey),
			&witness, fault);
	if (!rc)
		rc = tote__cosignature_verify(
			&note, &witness, &scratch, &s->cosigned_seconds, fault);
	if (!rc)
		rc = tote__fault(fault, TOTE_E_DAMAGED, "it is not cosigned by our witness");
	tote__buf_free(&scratch);
	if (rc > 0)
		return 0;
	fault->code = TOTE_E_DAMAGED;
	tote__fault_wrap(fault, "seen/%s", id);
	return TOTE_E_DAMAGED;
}

int tote__seen_read(tote_orchestrator *o, const char *id, const struct vkey *log_key,
	struct seen *ret, struct tote_fault *fault)
{
	int rc;

	memset(ret, 0, sizeof(*ret));
	tote__buf_init(&ret->note, &o->ctx->heap, NOTE_MAX);
	rc = o->place.ops->cell_read(o->place.handle, SPACE_SEEN, id, &ret->note, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (!rc)
		rc = seen_verify(o, id, log_key, ret, fault);
	if (rc < 0) {
		tote__seen_free(ret);
		return rc;
	}
	ret->present = 1;
	return 0;
}
