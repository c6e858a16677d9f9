/* SPDX-License-Identifier: ISC */
/*
 * Cosigning the log of another root, by hand what a C2SP tlog-witness does over HTTP. What was
 * cosigned is durable twice before the cosignature leaves: in seen/HEX, and in the consolidated
 * record, so that a seen/HEX that is lost or put back is noticed. All of it is decided with byte 0 of
 * the record held: of two orchestrators that are asked at once, the second knows of the first.
 */
#include "orchestrator/own_keys.h"
#include "orchestrator/own_keys.h"
#include "orchestrator/record.h"
#include "orchestrator/seen.h"
#include "tlog/cosignature.h"
#include "tlog/request.h"
#include <inttypes.h>
#include <string.h>

#define SEEN_MODE 0644

/* One request, between its reading and the release of the line. */
struct cosigning {
	tote_orchestrator *o;
	const char *given; /* the log's vkey by the operator, or NULL */
	const char *actor;
	uint32_t flags;
	struct request request;
	struct note note; /* points into the request */
	struct checkpoint checkpoint;
	struct known_log known; /* as the record has it */
	int is_known;
	char vkey[VKEY_MAX];
	int accept; /* the key is to be put on record: first contact, or another key */
	struct seen seen;
	struct buf line;
};

/* --- whose log ------------------------------------------------------------------------------ */

/* ORIGIN/... is ours, whether it is in use already or not. */
static int is_own_origin(const tote_orchestrator *o, const char *origin)
{
	size_t len = strlen(o->registry.origin) - strlen(RECORD_NAME);

	return !strncmp(origin, o->registry.origin, len) && origin[len] == '/';
}

/* Two memories of one log could be led into two histories: a container has seen/ID. */
static int refuse_own(struct cosigning *x, struct tote_fault *fault)
{
	const char *origin = x->checkpoint.origin;
	tote_orchestrator *o = x->o;
	char id[64] = "";

	tote__orchestrator_lock(o);
	for (size_t i = 0; i < o->registry.count; i++)
		if (!strcmp(o->registry.items[i]->origin, origin))
			memcpy(id, o->registry.items[i]->id, sizeof(id));
	tote__orchestrator_unlock(o);
	if (*id)
		return tote__fault(fault, TOTE_E_EXISTS,
			"'%s' is '%s' of this root: its audits cosign it: totectl audit %s", origin,
			id, id);
	if (is_own_origin(o, origin))
		return tote__fault(fault, TOTE_E_EXISTS,
			"'%s' is a name of this root: only its own containers bear it", origin);
	return 0;
}

static void look_up(struct cosigning *x)
{
	const struct known_log *log;

	tote__orchestrator_lock(x->o);
	log = tote__registry_log(&x->o->registry, x->checkpoint.origin);
	if (log)
		x->known = *log;
	x->is_known = log != NULL;
	tote__orchestrator_unlock(x->o);
}

/* The key that the log must have signed with, and whether it is new here. */
static int choose_key(struct cosigning *x, struct vkey *ret, struct tote_fault *fault)
{
	const char *vkey = x->given ? x->given : x->known.vkey;
	int rc;

	if (!x->given && !x->is_known)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"'%s' was never cosigned here: give the log's key as you know it from "
			"elsewhere",
			x->checkpoint.origin);
	if ((rc = tote__vkey_parse(vkey, strlen(vkey), ret, fault)) < 0)
		return rc;
	if (strcmp(ret->name, x->checkpoint.origin) != 0)
		return tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"the checkpoint is of origin '%s', the key of '%s'", x->checkpoint.origin,
			ret->name);
	tote__vkey_format(ret, x->vkey);
	x->accept = !x->is_known || strcmp(x->vkey, x->known.vkey) != 0;
	if (x->is_known && x->accept && !(x->flags & TOTE_COSIGN_NEW_KEY))
		return tote__fault(fault, TOTE_E_KEY,
			"'%s' has another key than the one accepted here, %.*s: accept a new one "
			"only after asking who keeps that log",
			x->checkpoint.origin, 280, x->known.vkey);
	return 0;
}

static int check_signature(struct cosigning *x, struct tote_fault *fault)
{
	struct vkey key;
	int rc = choose_key(x, &key, fault);

	if (rc < 0)
		return rc;
	rc = tote__note_verify(&x->note, &key, fault);
	if (!rc)
		rc = tote__fault(fault, TOTE_E_NO_SIGNATURE, "the checkpoint is not signed by '%s'",
			key.name);
	return rc < 0 ? rc : 0;
}

/* --- what was seen of it -------------------------------------------------------------------- */

/* The record is the second witness: what it says was cosigned must still be known. */
static int read_seen(struct cosigning *x, struct tote_fault *fault)
{
	char name[SEEN_NAME_MAX];
	int rc = tote__seen_log_read(x->o, x->checkpoint.origin, &x->seen, fault);

	tote__seen_log_name(x->checkpoint.origin, name);
	if (rc < 0 || !x->is_known || !x->known.size)
		return rc;
	if (!x->seen.present)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"seen/%s is missing, and %" PRIu64
			" entries of '%s' were cosigned: bring orchestrator/seen back from a copy",
			name, x->known.size, x->checkpoint.origin);
	if (x->seen.checkpoint.size < x->known.size ||
		(x->seen.checkpoint.size == x->known.size &&
			!tote__hash_equal(x->seen.checkpoint.root, x->known.root)))
		return tote__fault(fault, TOTE_E_DAMAGED,
			"seen/%s is not what the consolidated record says was cosigned last of "
			"'%s' "
			"(%" PRIu64 " entries): bring orchestrator/seen back from a copy",
			name, x->checkpoint.origin, x->known.size);
	return 0;
}

/* The rules of C2SP tlog-witness, in its order. */
static int compare(struct cosigning *x, struct tote_fault *fault)
{
	const uint64_t known = x->seen.present ? x->seen.checkpoint.size : 0;
	const struct checkpoint *now = &x->checkpoint;
	uint8_t empty[HASH_LEN];
	int rc;

	if (x->request.old > now->size)
		return tote__fault(fault, TOTE_E_MALFORMED,
			"witness request: its old size %" PRIu64
			" is larger than the checkpoint's, "
			"%" PRIu64,
			x->request.old, now->size);
	if (x->request.old != known) {
		rc = tote__fault(fault, TOTE_E_CONFLICT,
			"of '%s' %" PRIu64 " entries were cosigned here last, not %" PRIu64
			": make the request again, from %" PRIu64,
			now->origin, known, x->request.old, known);
		tote__fault_set_seq(fault, known);
		return rc;
	}
	if (x->seen.present && known == now->size &&
		!tote__hash_equal(x->seen.checkpoint.root, now->root))
		return tote__fault(fault, TOTE_E_FORK,
			"'%s' signed two histories of %" PRIu64
			" entries: keep this request, and seen/ here: together they prove it",
			now->origin, known);
	tote__hash_bytes(NULL, "", 0, empty);
	return tote__merkle_verify_consistency(tote__hasher(x->o->ctx), known, now->size,
		&x->request.proof, x->seen.present ? x->seen.checkpoint.root : empty, now->root,
		fault);
}

/* --- the cosignature ------------------------------------------------------------------------ */

/* The lines of a note that bear that name and key. */
static void put_lines(struct buf *out, const struct note *note, const struct vkey *key)
{
	size_t name_len = strlen(key->name);

	for (size_t i = 0; i < note->sig_count; i++)
		if (note->sigs[i].id == key->id && note->sigs[i].name_len == name_len &&
			!memcmp(note->sigs[i].name, key->name, name_len))
			tote__buf_put(out, note->sigs[i].line, note->sigs[i].line_len);
}

/* This very text was cosigned before: the line that is kept is as good as a new one. */
static int is_answered(struct cosigning *x, struct tote_fault *fault)
{
	struct note seen;
	int rc;

	if (!x->seen.present)
		return 0;
	if ((rc = tote__note_parse(x->seen.note.data, x->seen.note.len, &seen, fault)) < 0)
		return rc;
	if (seen.text_len != x->note.text_len ||
		memcmp(seen.text, x->note.text, seen.text_len) != 0)
		return 0;
	put_lines(&x->line, &seen, &x->o->witness.key);
	return x->line.len != 0;
}

static int sign(struct cosigning *x, struct tote_fault *fault)
{
	tote_orchestrator *o = x->o;
	/* never before 1970: byte 0 is not taken then */
	uint64_t seconds = (uint64_t)(tote__clock_wall(&o->ctx->clock) / 1000000);
	uint8_t sig[SIG_LEN], blob[8 + SIG_LEN];
	struct buf message;
	int rc;

	tote__buf_init(&message, &o->ctx->heap, NOTE_MAX + 256);
	tote__cosignature_message(&message, seconds, x->note.text, x->note.text_len);
	rc = tote__buf_check(&message, "cosignature", fault);
	if (!rc)
		rc = tote__signer_sign(&o->witness, message.data, message.len, sig, fault);
	if (!rc && !tote__vkey_verify(&o->witness.key, message.data, message.len, sig))
		rc = tote__fault(fault, TOTE_E_BAD_SIGNATURE,
			"the witness's signer gave a signature that does not verify");
	tote__buf_free(&message);
	if (rc < 0)
		return rc;
	tote__cosignature_blob(seconds, sig, blob);
	tote__note_put_sig(&x->line, &o->witness.key, blob, sizeof(blob));
	return tote__buf_check(&x->line, "cosignature", fault);
}

/* seen/HEX: the text, the log's own lines, ours. */
static int remember(struct cosigning *x, struct tote_fault *fault)
{
	tote_orchestrator *o = x->o;
	char name[SEEN_NAME_MAX];
	struct vkey log;
	struct buf seen;
	int rc = tote__vkey_parse(x->vkey, strlen(x->vkey), &log, fault);

	if (rc < 0)
		return rc;
	tote__seen_log_name(x->checkpoint.origin, name);
	tote__buf_init(&seen, &o->ctx->heap, NOTE_MAX);
	tote__buf_put(&seen, x->note.text, x->note.text_len);
	tote__buf_putc(&seen, '\n');
	put_lines(&seen, &x->note, &log);
	tote__buf_put(&seen, x->line.data, x->line.len);
	rc = tote__buf_check(&seen, "seen", fault);
	if (!rc)
		rc = o->place.ops->cell_swap(o->place.handle, SPACE_SEEN, name,
			x->seen.present ? x->seen.note.data : NULL, x->seen.note.len, seen.data,
			seen.len, SEEN_MODE, fault);
	tote__buf_free(&seen);
	return rc;
}

/* Found in place it may never have been synced: who relies on it does that. */
static int remember_again(struct cosigning *x, struct tote_fault *fault)
{
	char name[SEEN_NAME_MAX];

	tote__seen_log_name(x->checkpoint.origin, name);
	return x->o->place.ops->cell_sync(x->o->place.handle, SPACE_SEEN, name, fault);
}

/* seen/HEX first: a crash between the two leaves more seen than recorded, never less. */
static int cosign(struct cosigning *x, struct tote_fault *fault)
{
	int rc = is_answered(x, fault);

	if (rc > 0)
		rc = remember_again(x, fault);
	else if (!rc && !(rc = sign(x, fault)))
		rc = remember(x, fault);
	if (!rc)
		rc = tote__buf_check(&x->line, "cosignature", fault);
	if (rc < 0)
		return rc;
	if (!x->accept && x->is_known && x->known.size == x->checkpoint.size &&
		tote__hash_equal(x->known.root, x->checkpoint.root))
		return 0; /* on record already */
	return tote__record_cosigned(
		x->o, &x->checkpoint, x->accept ? x->vkey : NULL, x->actor, fault);
}

/* With the record held. */
static int decide(struct cosigning *x, struct tote_fault *fault)
{
	int rc = refuse_own(x, fault);

	if (rc < 0)
		return rc;
	look_up(x);
	if ((rc = check_signature(x, fault)) < 0 || (rc = read_seen(x, fault)) < 0 ||
		(rc = compare(x, fault)) < 0)
		return rc;
	return cosign(x, fault);
}

static int run(struct cosigning *x, struct tote_fault *fault)
{
	int rc;

	if ((rc = tote__orchestrator_sound(x->o, fault)) < 0)
		return rc;
	if (!x->o->have_witness)
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"cosign: the orchestrator was opened without its witness's key");
	if ((rc = tote__orchestrator_hold(x->o, fault)) < 0)
		return rc;
	rc = tote__own_witness_follow(x->o, fault);
	if (!rc)
		rc = decide(x, fault);
	tote__orchestrator_release(x->o);
	return rc;
}

static int check_arguments(const void *request, uint32_t flags, const void *out, size_t cap,
	const size_t *ret_length, struct tote_fault *fault)
{
	if (!request || !out || !ret_length)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "cosign: request, out or ret_length is NULL");
	if (cap < TOTE_COSIGNATURE_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"cosign: there is room for %zu bytes and %u may be needed; nothing was "
			"cosigned",
			cap, TOTE_COSIGNATURE_MAX);
	return tote__flags_check(flags, TOTE_COSIGN_NEW_KEY, "cosign", fault);
}

int tote_orchestrator_cosign(tote_orchestrator *o, const void *request, size_t length,
	const char *log_vkey, const char *actor, uint32_t flags, void *out, size_t cap,
	size_t *ret_length, struct tote_fault *fault)
{
	struct cosigning x = {.o = o, .given = log_vkey, .actor = actor, .flags = flags};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = check_arguments(request, flags, out, cap, ret_length, fault)) < 0 ||
		(rc = tote__request_parse(request, length, &x.request, fault)) < 0 ||
		(rc = tote__checkpoint_read(x.request.checkpoint, x.request.checkpoint_len, &x.note,
			 &x.checkpoint, fault)) < 0)
		return rc;
	tote__buf_init(&x.line, &o->ctx->heap, TOTE_COSIGNATURE_MAX);
	rc = run(&x, fault);
	if (!rc) {
		memcpy(out, x.line.data, x.line.len);
		*ret_length = x.line.len;
	}
	tote__seen_free(&x.seen);
	tote__buf_free(&x.line);
	return rc;
}
