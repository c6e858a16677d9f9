/* SPDX-License-Identifier: ISC */
/*
 * The witness. What it has seen is durable in seen/ID before a cosignature is anywhere else, so no
 * crash, no race and no restored container can make it cosign two histories.
 */
#include "orchestrator/witness.h"
#include "ledger/prove.h"
#include "orchestrator/own_keys.h"
#include "tlog/cosignature.h"
#include <string.h>

#define SEEN_MODE 0644

/* One exchange, between the reading of seen/ID and the release of the line. */
struct exchange {
	tote_orchestrator *o;
	tote_box *box;
	const char *id;
	int first;
	int adopted; /* seen is seen/HEX: the log was cosigned as another root's before it came here */
	int comparing;       /* nothing is to be cosigned */
	struct vkey created; /* entry 0's key */
	struct vkey log_key; /* demanded of the checkpoint */
	struct seen seen;
	struct view view;
	struct note note; /* the container's checkpoint; points into the view */
	struct buf line;  /* the witness's signature line */
};

static void exchange_drop(struct exchange *x)
{
	tote__seen_free(&x->seen);
	tote__view_close(&x->view);
	memset(&x->view, 0, sizeof(x->view));
}

static void exchange_free(struct exchange *x)
{
	exchange_drop(x);
	tote__buf_free(&x->line);
}

/* What the log's key was when it was seen last, as far as that can be told without reading it all. */
static int begin_keys(
	struct exchange *x, struct keyring *keys, uint64_t *ret_from, struct tote_fault *fault)
{
	uint64_t from = 0;
	const struct known *k;
	int rc = 0;

	if (x->seen.present && x->seen.log_known &&
		x->seen.checkpoint.size <= x->view.replay.covered.size)
		from = x->seen.checkpoint.size;
	tote__keyring_init(keys, &x->o->ctx->heap);
	tote__orchestrator_lock(x->o);
	k = tote__registry_find(&x->o->registry, x->id);
	for (size_t i = 0; !rc && k && i < k->rekey_count; i++)
		if (k->rekeys[i].at_seq >= from)
			rc = tote__keyring_replace(
				keys, k->rekeys[i].at_seq, &k->rekeys[i].key, NULL, fault);
	tote__orchestrator_unlock(x->o);
	if (!rc)
		rc = tote__keyring_add(
			keys, from ? from - 1 : 0, from ? &x->seen.log_key : &x->created, fault);
	*ret_from = from;
	return rc;
}

/*
 * The key that the log demands of this checkpoint: what is new since it was seen last is looked
 * through for rotations, so that a former key in a thief's hands signs nothing that is cosigned.
 */
static int exchange_key(struct exchange *x, struct tote_fault *fault)
{
	const uint64_t size = x->view.replay.covered.size;
	const struct vkey *then, *now;
	struct keyring keys;
	struct note seen;
	uint64_t from;
	int rc = begin_keys(x, &keys, &from, fault);

	if (!rc && from < size)
		rc = tote__keyring_follow(&keys, x->created.name, &x->view, from, size, fault);
	now = tote__keyring_for(&keys, size);
	if (!rc && !now)
		rc = tote__fault(fault, TOTE_E_DAMAGED, "container '%s' has no checkpoint", x->id);
	if (!rc)
		x->log_key = *now;
	if (!rc && x->seen.present && !x->seen.log_known && x->seen.checkpoint.size <= size) {
		then = tote__keyring_for(&keys, x->seen.checkpoint.size);
		rc = tote__note_parse(x->seen.note.data, x->seen.note.len, &seen, fault);
		if (!rc && tote__note_verify(&seen, then, fault) != 1)
			rc = tote__fault(fault, TOTE_E_DAMAGED,
				"seen/%s: it is not signed by the key that the container had",
				x->id);
	}
	tote__keyring_free(&keys);
	return rc;
}

/*
 * Who only compares asks less: a line by any key that is known without reading the log, so that
 * opening a container costs the same however many entries are new.
 */
static int look_at_key(struct exchange *x, struct tote_fault *fault)
{
	struct keyring keys;
	struct vkey key;
	uint64_t unused;
	int rc = begin_keys(x, &keys, &unused, fault);

	if (!rc)
		rc = tote__keyring_add(&keys, 0, &x->created, fault);
	if (!rc && x->box->ledger && tote__ledger_signing(x->box->ledger, &key))
		rc = tote__keyring_add(&keys, 0, &key, fault);
	for (size_t i = keys.count; !rc && i-- > 0;) {
		x->log_key = keys.steps[i].key;
		if (tote__note_verify(&x->note, &x->log_key, fault) == 1)
			break;
	}
	tote__keyring_free(&keys);
	return rc;
}

/* seen/ID first, the checkpoint after: so what was seen can only be older. */
static int exchange_read(struct exchange *x, struct tote_fault *fault)
{
	int rc = tote__seen_read(x->o, x->id, &x->created, &x->seen, fault);

	x->adopted = 0;
	if (!rc && !x->seen.present && x->first) {
		rc = tote__seen_log_read(x->o, x->created.name, &x->seen, fault);
		x->adopted = x->seen.present;
	}
	if (!rc && !x->seen.present && !x->first)
		rc = tote__fault(fault, TOTE_E_DAMAGED,
			"seen/%s is missing: bring orchestrator/seen back from a copy", x->id);
	if (!rc)
		rc = tote__box_view(x->box, 0, &x->view, fault);
	if (!rc && !x->view.replay.have_checkpoint)
		rc = tote__fault(fault, TOTE_E_DAMAGED, "container '%s' has no checkpoint", x->id);
	if (!rc)
		rc = tote__note_parse(
			x->view.replay.note.data, x->view.replay.note.len, &x->note, fault);
	if (!rc)
		rc = x->comparing ? look_at_key(x, fault) : exchange_key(x, fault);
	if (rc < 0)
		return rc;
	tote__fault_clear(fault);
	rc = tote__note_verify(&x->note, &x->log_key, fault);
	if (!rc)
		rc = tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"the checkpoint of '%s' is not signed by its key", x->id);
	return rc < 0 ? rc : 0;
}

/* 0 the checkpoint extends what was seen, TOTE_E_ROLLBACK, TOTE_E_FORK. */
static int exchange_compare(struct exchange *x, struct tote_fault *fault)
{
	const struct checkpoint *now = &x->view.replay.covered, *before = &x->seen.checkpoint;
	struct proof proof;
	int rc;

	if (!x->seen.present)
		return 0;
	if (now->size < before->size)
		return tote__fault(fault, TOTE_E_ROLLBACK,
			"container '%s' has %llu signed entries and the witness saw %llu: an older "
			"copy lies there",
			x->id, (unsigned long long)now->size, (unsigned long long)before->size);
	rc = tote__prove_consistency(&x->view, before->size, now->size, &proof, fault);
	if (!rc)
		rc = tote__merkle_verify_consistency(x->view.engine, before->size, now->size,
			&proof, before->root, now->root, fault);
	if (rc == TOTE_E_BAD_PROOF)
		rc = tote__fault(fault, TOTE_E_FORK,
			"container '%s' has another history than the witness saw: its first %llu "
			"entries are not those",
			x->id, (unsigned long long)before->size);
	return rc;
}

/* The cosignature, durable in seen/ID. With the orchestrator's byte 0 held. */
static int exchange_sign(struct exchange *x, struct tote_fault *fault)
{
	tote_orchestrator *o = x->o;
	uint64_t seconds = (uint64_t)(tote__clock_wall(&o->ctx->clock) / 1000000);
	const struct note *note = &x->note;
	struct buf message, seen;
	uint8_t sig[SIG_LEN], blob[8 + SIG_LEN];
	int rc;

	tote__buf_init(&message, &o->ctx->heap, NOTE_MAX);
	tote__buf_init(&seen, &o->ctx->heap, NOTE_MAX);
	tote__cosignature_message(&message, seconds, note->text, note->text_len);
	rc = tote__buf_check(&message, "cosignature", fault);
	if (!rc)
		rc = tote__signer_sign(&o->witness, message.data, message.len, sig, fault);
	if (!rc && !tote__vkey_verify(&o->witness.key, message.data, message.len, sig))
		rc = tote__fault(fault, TOTE_E_BAD_SIGNATURE,
			"the witness's signer gave a signature that does not verify");
	if (!rc) {
		tote__cosignature_blob(seconds, sig, blob);
		tote__note_put_sig(&x->line, &o->witness.key, blob, sizeof(blob));
		/* a line that memory cut short must never become seen/ID */
		rc = tote__buf_check(&x->line, "cosignature", fault);
	}
	if (!rc) {
		tote__buf_put(&seen, note->text, note->text_len);
		tote__buf_putc(&seen, '\n');
		for (size_t i = 0; i < note->sig_count; i++)
			if (note->sigs[i].id == x->log_key.id &&
				note->sigs[i].name_len == strlen(x->log_key.name) &&
				!memcmp(note->sigs[i].name, x->log_key.name,
					note->sigs[i].name_len))
				tote__buf_put(&seen, note->sigs[i].line, note->sigs[i].line_len);
		tote__buf_put(&seen, x->line.data, x->line.len);
		rc = tote__buf_check(&seen, "seen", fault);
	}
	if (!rc)
		rc = o->place.ops->cell_swap(o->place.handle, SPACE_SEEN, x->id,
			x->seen.present && !x->adopted ? x->seen.note.data : NULL, x->seen.note.len,
			seen.data, seen.len, SEEN_MODE, fault);
	tote__buf_free(&message);
	tote__buf_free(&seen);
	return rc;
}

/* Nothing new: the line that seen/ID holds is synced again, then released as it is. */
static int exchange_again(struct exchange *x, struct tote_fault *fault)
{
	struct note seen;
	int rc = tote__note_parse(x->seen.note.data, x->seen.note.len, &seen, fault);

	if (!rc)
		rc = x->o->place.ops->cell_sync(x->o->place.handle, SPACE_SEEN, x->id, fault);
	for (size_t i = 0; !rc && i < seen.sig_count; i++)
		if (seen.sigs[i].id == x->o->witness.key.id)
			tote__buf_put(&x->line, seen.sigs[i].line, seen.sigs[i].line_len);
	return rc ? rc : tote__buf_check(&x->line, "cosignature", fault);
}

/*
 * With both held: what is judged is so. An older checkpoint alone is no rollback where the ledger,
 * after replay, reaches what was seen: then the newer checkpoint only was never published.
 */
static int exchange_judge(struct exchange *x, struct tote_fault *fault)
{
	int rc = exchange_read(x, fault);

	if (!rc)
		rc = exchange_compare(x, fault);
	if (rc == TOTE_E_ROLLBACK && tote__ledger_next(x->box->ledger) >= x->seen.checkpoint.size) {
		tote__fault_clear(fault);
		rc = 0;
	}
	return rc;
}

/*
 * A suspicion is looked at again with the container's byte 0 held, taken before the orchestrator's,
 * so after a takeover where one is due.
 */
static int exchange_doubt(struct exchange *x, struct tote_fault *fault)
{
	struct ledger *container = x->box->ledger;
	int rc;

	exchange_drop(x);
	tote__fault_clear(fault);
	if ((rc = tote__ledger_hold(container, fault)) < 0)
		return rc;
	if (!(rc = tote__orchestrator_hold(x->o, fault))) {
		rc = exchange_judge(x, fault);
		tote__orchestrator_release(x->o);
	}
	tote__ledger_release(container);
	return rc;
}

/* By the witness's key in force: what a former one cosigned is cosigned anew. */
static int is_answered(const struct exchange *x)
{
	return x->seen.present && !x->adopted && !x->seen.former &&
	       x->seen.checkpoint.size == x->view.replay.covered.size;
}

/* Under the orchestrator's byte 0: read, compare, sign, remember. 1: there is a line to release. */
static int exchange_run(struct exchange *x, struct tote_fault *fault)
{
	int rc = tote__orchestrator_hold(x->o, fault);

	if (rc < 0)
		return rc;
	rc = tote__own_witness_follow(x->o, fault);
	if (!rc)
		rc = exchange_read(x, fault);
	if (!rc)
		rc = exchange_compare(x, fault);
	if (!rc) {
		rc = is_answered(x) ? exchange_again(x, fault) : exchange_sign(x, fault);
		rc = rc < 0 ? rc : 1;
	}
	tote__orchestrator_release(x->o);
	return rc;
}

static void exchange_init(
	struct exchange *x, tote_orchestrator *o, tote_box *box, const char *id, int first)
{
	memset(x, 0, sizeof(*x));
	x->o = o;
	x->box = box;
	x->id = id;
	x->first = first;
	x->created = *tote__ledger_vkey(box->ledger);
	x->log_key = x->created;
	tote__buf_init(&x->line, &o->ctx->heap, NOTE_MAX);
}

static int is_suspicion(int rc)
{
	return rc == TOTE_E_ROLLBACK || rc == TOTE_E_FORK;
}

/* 1: there is a line to release. */
static int exchange_whole(struct exchange *x, struct tote_fault *fault)
{
	int rc = exchange_run(x, fault);

	if (!is_suspicion(rc))
		return rc;
	if ((rc = exchange_doubt(x, fault)) < 0)
		return rc;
	if (x->view.replay.covered.size < x->seen.checkpoint.size)
		return tote__fault(fault, TOTE_E_INCOMPLETE,
			"container '%s': its newest checkpoint is not published yet: totectl "
			"checkpoint %s",
			x->id, x->id);
	exchange_drop(x);
	return exchange_run(x, fault);
}

int tote__witness_cosign(tote_orchestrator *o, tote_box *box, const char *id, int first,
	uint64_t *ret_size, struct tote_fault *fault)
{
	struct exchange x;
	int rc;

	if (!o->have_witness || !tote__orchestrator_ledger(o))
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"cosign '%s': the orchestrator was opened without its witness's key", id);
	if (!box->ledger)
		return tote__fault(
			fault, TOTE_E_READ_ONLY, "cosign '%s': it was opened read-only", id);
	exchange_init(&x, o, box, id, first);
	rc = exchange_whole(&x, fault);
	if (rc > 0)
		rc = tote__ledger_add_line(box->ledger, x.note.text, x.note.text_len,
			(const char *)x.line.data, x.line.len, fault);
	if (rc >= 0 && ret_size)
		*ret_size = x.view.replay.covered.size;
	exchange_free(&x);
	if (rc < 0) {
		tote__fault_set_box(fault, id);
		return rc;
	}
	tote__fault_clear(fault);
	return 0;
}

/* --- without signing ------------------------------------------------------------------------ */

/* Only what forbids every append stays a fault: all else is for an audit to name. */
static int only_suspicion(int rc, struct tote_fault *fault)
{
	if (is_suspicion(rc) || rc == TOTE_E_NO_MEMORY)
		return rc;
	tote__fault_clear(fault);
	return 0;
}

int tote__witness_check_held(
	tote_orchestrator *o, tote_box *box, const char *id, struct tote_fault *fault)
{
	struct exchange x;
	int rc;

	exchange_init(&x, o, box, id, 1);
	x.comparing = 1;
	rc = only_suspicion(exchange_judge(&x, fault), fault);
	exchange_free(&x);
	return rc;
}

int tote__witness_check(
	tote_orchestrator *o, tote_box *box, const char *id, struct tote_fault *fault)
{
	struct exchange x;
	int rc;

	if (!tote__orchestrator_ledger(o) || !box->ledger)
		return 0;
	exchange_init(&x, o, box, id, 1);
	x.comparing = 1;
	rc = exchange_read(&x, fault);
	if (!rc)
		rc = exchange_compare(&x, fault);
	if (is_suspicion(rc))
		rc = exchange_doubt(&x, fault);
	rc = only_suspicion(rc, fault);
	exchange_free(&x);
	return rc;
}

/* --- the guard ------------------------------------------------------------------------------ */

int tote__witness_guard(tote_orchestrator *o, const char *id, const struct checkpoint *c,
	merkle_node_fn *node, void *tree, struct tote_fault *fault)
{
	const struct known *k;
	struct vkey log_key;
	struct seen seen;
	uint8_t root[HASH_LEN];
	char vkey[VKEY_MAX] = "";
	int rc;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	if (k)
		memcpy(vkey, k->vkey, sizeof(vkey));
	tote__orchestrator_unlock(o);
	if (!*vkey)
		return 0; /* being provisioned: nothing was seen yet */
	if ((rc = tote__vkey_parse(vkey, strlen(vkey), &log_key, fault)) < 0 ||
		(rc = tote__seen_read(o, id, &log_key, &seen, fault)) < 0)
		return rc;
	if (seen.present && c->size < seen.checkpoint.size)
		rc = tote__fault(fault, TOTE_E_ROLLBACK,
			"the witness saw %llu entries, this tree has %llu: an older copy lies "
			"there",
			(unsigned long long)seen.checkpoint.size, (unsigned long long)c->size);
	else if (seen.present) {
		rc = tote__merkle_root(
			seen.checkpoint.size, node, tree, tote__hasher(o->ctx), root, fault);
		if (!rc && !tote__hash_equal(root, seen.checkpoint.root))
			rc = tote__fault(fault, TOTE_E_FORK,
				"its first %llu entries are not those that the witness saw",
				(unsigned long long)seen.checkpoint.size);
	}
	tote__seen_free(&seen);
	return rc;
}
