/* SPDX-License-Identifier: ISC */
/*
 * A job over a ledger directory alone: no root, nothing on record, no key but public ones.
 */
#include "base/ctx.h"
#include "box/open.h"
#include "ledger/view.h"
#include "orchestrator/job.h"
#include "tlog/cosignature.h"
#include <string.h>

#define ALONE_ID "ledger"

/* A ledger/ holds log/; a published log holds its checkpoint. */
static int open_directory(tote_ctx *ctx, const char *directory, struct place *ret, int *ret_layout,
	struct tote_fault *fault)
{
	static const struct {
		int layout, space;
		const char *sign;
		int type;
	} forms[] = {
		{LAYOUT_LEDGER, SPACE_LEDGER, "log", STORE_DIR},
		{LAYOUT_LOG, SPACE_LOG, "checkpoint", STORE_FILE},
	};
	struct store_stat st;
	int rc;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		rc = tote__place_open(
			ctx, "posix", directory, forms[i].layout, STORE_READ_ONLY, ret, fault);
		if (rc < 0)
			return rc;
		rc = ret->ops->stat(ret->handle, forms[i].space, forms[i].sign, &st, fault);
		if (!rc && st.type == forms[i].type) {
			*ret_layout = forms[i].layout;
			return 0;
		}
		tote__place_close(ret);
		memset(ret, 0, sizeof(*ret));
		if (rc < 0 && rc != TOTE_E_NOT_FOUND)
			return rc;
		tote__fault_clear(fault);
	}
	return tote__fault(fault, TOTE_E_NOT_FOUND,
		"'%s' is neither a ledger/ (it has no log/) nor a log/ (it has no checkpoint)",
		directory);
}

static int is_rotation(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	(void)user, (void)leaf, (void)verified, (void)fault;
	return e->version == 1 && tote__entry_is(e, ROTATED_KIND);
}

/*
 * Whether the key given is entry 0's and was rotated: then the entries lead from it to the key that
 * must have signed, and the run follows them.
 */
static int leads_on(struct job_run *r, struct tote_fault *fault)
{
	char first[VKEY_MAX], given[VKEY_MAX];
	struct tote_fault unused;
	struct view view;
	struct entry e;
	int rc = tote__view_open(&view, &r->place, VIEW_NOBODY_WRITES, fault);

	if (rc < 0)
		return rc;
	tote__vkey_format(&r->key, given);
	rc = tote__box_read_first(&view, &e, &unused);
	if (!rc && !tote__entry_string(&e, "vkey", first, sizeof(first), &unused) &&
		!strcmp(first, given))
		rc = tote__view_scan(&view, 1, view.limit, is_rotation, NULL, &unused);
	tote__view_close(&view);
	return rc > 0; /* what cannot be read leads nowhere */
}

/* Without a signature by the key that was given, all the rest would say nothing. */
static int check_signatures(struct job_run *r, const struct note *note,
	const struct checkpoint *head, const char *witness_vkey, struct tote_fault *fault)
{
	struct buf scratch;
	uint64_t seconds;
	int rc = tote__note_verify(note, &r->key, fault);

	if (!rc)
		rc = leads_on(r, fault);
	if (!rc || strcmp(head->origin, r->key.name) != 0)
		return rc < 0 ? rc
			      : tote__fault(fault, TOTE_E_NO_SIGNATURE,
					"the checkpoint of '%s' is not signed by %s", head->origin,
					r->key.name);
	if (rc < 0 || !witness_vkey)
		return rc < 0 ? rc : 0;
	tote__buf_init(&scratch, &r->target.ctx->heap, NOTE_MAX);
	rc = tote__cosignature_verify(note, &r->witness, &scratch, &seconds, fault);
	tote__buf_free(&scratch);
	if (!rc)
		rc = tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"the checkpoint of '%s' is not cosigned by %s", head->origin,
			r->witness.name);
	return rc < 0 ? rc : 0;
}

/* Whose ledger it is, as its first entry says. */
static int ledger_type(struct job_run *r, struct tote_fault *fault)
{
	struct view view;
	struct entry e;
	const uint8_t *bytes;
	uint8_t leaf[HASH_LEN];
	size_t len;
	int verified, rc = tote__view_open(&view, &r->place, VIEW_NOBODY_WRITES, fault);

	r->target.type = LEDGER_CONTAINER;
	if (rc < 0)
		return rc;
	rc = tote__view_read(&view, 0, &bytes, &len, leaf, &verified, fault);
	if (!rc)
		rc = tote__entry_parse(bytes, len, &e, fault);
	if (!rc && tote__entry_is(&e, "orchestrator.created"))
		r->target.type = LEDGER_RECORD;
	tote__view_close(&view);
	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	tote__fault_clear(fault); /* what is damaged there is for the run to name */
	return 0;
}

static int prepare(tote_audit *a, struct job_run *r, const char *directory, const char *vkey,
	const char *witness_vkey, uint32_t flags, struct tote_fault *fault)
{
	struct checkpoint head;
	struct logdir log;
	struct note note;
	struct buf bytes;
	int rc;

	if ((rc = tote__vkey_parse(vkey, strlen(vkey), &r->key, fault)) < 0 ||
		(witness_vkey && (rc = tote__vkey_parse(witness_vkey, strlen(witness_vkey),
					  &r->witness, fault)) < 0) ||
		(rc = open_directory(a->ctx, directory, &r->place, &r->target.layout, fault)) < 0)
		return rc;
	r->id = a->ids[0].id;
	r->begun = 1;
	r->target.ctx = a->ctx;
	r->target.id = r->id;
	r->target.place = &r->place;
	r->target.level = TOTE_LEVEL_STRUCTURE;
	r->target.key = &r->key;
	r->target.witness = witness_vkey ? &r->witness : NULL;
	r->target.may_cache = (flags & TOTE_VERIFY_CACHED) != 0;
	r->target.strict = flags & TOTE_VERIFY_STRICT || r->target.layout == LAYOUT_LOG;
	tote__buf_init(&bytes, &a->ctx->heap, NOTE_MAX);
	tote__logdir_init(&log, &r->place, 0);
	rc = tote__logdir_checkpoint(&log, &bytes, &note, &head, fault);
	if (rc == TOTE_E_NOT_FOUND)
		rc = tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"'%s' is unsigned: it has no checkpoint", directory);
	if (!rc)
		rc = check_signatures(r, &note, &head, witness_vkey, fault);
	tote__buf_free(&bytes);
	if (!rc)
		rc = ledger_type(r, fault);
	return rc ? rc : tote__run_start(&r->target, &r->run, fault);
}

int tote_verify_ledger(tote_ctx *ctx, const char *directory, const char *vkey,
	const char *witness_vkey, uint32_t flags, tote_audit **ret_audit, struct tote_fault *fault)
{
	tote_ctx *own = NULL;
	tote_audit *a;
	int rc;

	FAULT_BEGIN(fault);
	if (!directory || !*directory || !vkey || !ret_audit)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "verify: directory, vkey or result is missing");
	if ((rc = tote__flags_check(
		     flags, TOTE_VERIFY_STRICT | TOTE_VERIFY_CACHED, "verify", fault)) < 0)
		return rc;
	if (!ctx) {
		if ((rc = tote_ctx_new(NULL, &own, fault)) < 0)
			return rc;
		ctx = own;
	}
	if ((rc = tote__ctx_check(ctx, fault)) < 0)
		return rc;
	a = tote__job_new(ctx, fault);
	tote_ctx_unref(own);
	if (!a)
		return TOTE_E_NO_MEMORY;
	a->level = TOTE_LEVEL_STRUCTURE;
	rc = tote__job_add_id(a, ALONE_ID, fault);
	if (!rc && !(a->alone = tote__heap_new(&a->ctx->heap, 1, sizeof(*a->alone), fault)))
		rc = TOTE_E_NO_MEMORY;
	if (!rc)
		rc = prepare(a, a->alone, directory, vkey, witness_vkey, flags, fault);
	if (rc < 0) {
		tote_audit_unref(a);
		return rc;
	}
	*ret_audit = a;
	return 0;
}
