/* SPDX-License-Identifier: ISC */
/*
 * The index on disk: a line, the size and the root of the record that it was made from, the
 * registry, and a digest over all of that.
 */
#include "orchestrator/index_file.h"
#include "ledger/prove.h"
#include "orchestrator/index.h"
#include <inttypes.h>
#include <string.h>

#define INDEX_NAME    "registry"
#define INDEX_VERSION "toteborch.index/3\n"
#define VERSION_LEN   (sizeof(INDEX_VERSION) - 1)
#define HEAD_LEN      (VERSION_LEN + 8 + HASH_LEN)
#define INDEX_MODE    0640

static void digest_of(tote_orchestrator *o, const uint8_t *data, size_t len, uint8_t ret[HASH_LEN])
{
	struct hash h;

	tote__hash_init(&h, tote__hasher(o->ctx));
	tote__hash_update(&h, data, len);
	tote__hash_final(&h, ret);
}

/* --- reading -------------------------------------------------------------------------------- */

static int refuse(const char *why, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_MISMATCH, "%s", why);
}

static int check_bytes(tote_orchestrator *o, const struct buf *file, struct tote_fault *fault)
{
	uint8_t digest[HASH_LEN];

	if (file->len < HEAD_LEN + HASH_LEN)
		return refuse("it was cut", fault);
	if (memcmp(file->data, INDEX_VERSION, VERSION_LEN) != 0)
		return refuse("it is of another version", fault);
	digest_of(o, file->data, file->len - HASH_LEN, digest);
	return memcmp(digest, file->data + file->len - HASH_LEN, HASH_LEN) != 0
		       ? refuse("its bytes are not as they were written", fault)
		       : 0;
}

/* The record has at least that size, and that root there, by its own tiles. */
static int check_root(tote_orchestrator *o, const struct buf *file, struct tote_fault *fault)
{
	const uint64_t size = tote__load_u64(file->data + VERSION_LEN);
	uint8_t root[HASH_LEN];
	int rc;

	if (!o->view.replay.have_checkpoint || size > o->view.replay.covered.size)
		return refuse("the record is shorter than it", fault);
	rc = tote__prove_root(&o->view, size, root, fault);
	if (rc < 0)
		return rc;
	return memcmp(root, file->data + VERSION_LEN + 8, HASH_LEN) != 0
		       ? refuse("it was made from another record", fault)
		       : 0;
}

static int take(tote_orchestrator *o, const struct buf *file, struct tote_fault *fault)
{
	struct registry *r = &o->registry;
	int rc;

	tote__orchestrator_lock(o);
	rc = tote__index_decode(r, file->data + HEAD_LEN, file->len - HEAD_LEN - HASH_LEN, fault);
	if (!rc && (r->next != tote__load_u64(file->data + VERSION_LEN) ||
			   strcmp(r->origin, o->view.replay.covered.origin) != 0))
		rc = refuse("what it holds is not what it says", fault);
	if (rc < 0)
		tote__registry_reset(r);
	else
		o->indexed = o->index_used = r->next;
	tote__orchestrator_unlock(o);
	return rc;
}

static int load(tote_orchestrator *o, struct buf *file, struct tote_fault *fault)
{
	int rc = o->place.ops->cell_read(o->place.handle, SPACE_INDEX, INDEX_NAME, file, fault);

	if (rc < 0 || (rc = check_bytes(o, file, fault)) < 0 ||
		(rc = tote__box_view(o->record, 0, &o->view, fault)) < 0)
		return rc;
	if ((rc = check_root(o, file, fault)) < 0 || (rc = take(o, file, fault)) < 0)
		tote__view_close(&o->view);
	return rc;
}

void tote__index_load(tote_orchestrator *o)
{
	struct tote_fault why;
	struct buf file;
	int rc;

	if (!o->record || o->refused.code)
		return;
	memset(&why, 0, sizeof(why));
	tote__buf_init(&file, &o->ctx->heap, INDEX_MAX);
	tote__orchestrator_lock_refresh(o);
	rc = load(o, &file, &why);
	o->index_refused = rc == TOTE_E_MISMATCH || rc == TOTE_E_MALFORMED;
	tote__orchestrator_unlock_refresh(o);
	tote__buf_free(&file);
	if (rc < 0 && rc != TOTE_E_NOT_FOUND)
		tote__log(&o->ctx->log, TOTE_LOG_WARNING,
			"index: %s: it is left out, and the consolidated record is read whole",
			why.text);
}

/* --- writing -------------------------------------------------------------------------------- */

static int is_due(const tote_orchestrator *o)
{
	return o->index_refused || o->registry.next >= o->indexed + INDEX_EVERY;
}

/* The registry and the root of what it was folded from: 1, or 0 where that is not signed for yet. */
static int encode(tote_orchestrator *o, struct buf *out, struct tote_fault *fault)
{
	uint8_t root[HASH_LEN], digest[HASH_LEN];
	struct view view;
	uint64_t next;
	int rc = tote__box_view(o->record, 0, &view, fault), due;

	if (rc < 0)
		return rc;
	tote__orchestrator_lock(o);
	next = o->registry.next;
	due = is_due(o) && next <= view.replay.covered.size;
	if (due) {
		tote__buf_put(out, INDEX_VERSION, VERSION_LEN);
		tote__buf_put_u64(out, next);
		tote__buf_put_zeros(out, HASH_LEN);
		rc = tote__index_encode(&o->registry, out, fault);
	}
	tote__orchestrator_unlock(o);
	if (!rc && due && !(rc = tote__prove_root(&view, next, root, fault))) {
		memcpy(out->data + VERSION_LEN + 8, root, HASH_LEN);
		digest_of(o, out->data, out->len, digest);
		tote__buf_put(out, digest, HASH_LEN);
		rc = tote__buf_check(out, "index", fault);
	}
	tote__view_close(&view);
	return rc < 0 ? rc : due;
}

static int swap(tote_orchestrator *o, const struct buf *file, struct tote_fault *fault)
{
	const struct store_ops *ops = o->place.ops;
	struct buf old;
	int rc;

	tote__buf_init(&old, &o->ctx->heap, INDEX_MAX);
	rc = ops->cell_read(o->place.handle, SPACE_INDEX, INDEX_NAME, &old, fault);
	if (rc == 0 || rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		rc = ops->cell_swap(o->place.handle, SPACE_INDEX, INDEX_NAME, rc ? NULL : old.data,
			old.len, file->data, file->len, INDEX_MODE, fault);
	}
	tote__buf_free(&old);
	return rc;
}

static int save(tote_orchestrator *o, struct tote_fault *fault)
{
	struct buf file;
	int rc;

	tote__buf_init(&file, &o->ctx->heap, INDEX_MAX);
	rc = encode(o, &file, fault);
	if (rc > 0) {
		rc = swap(o, &file, fault);
		if (rc == TOTE_E_NOT_FOUND) { /* a root from before it had one */
			tote__fault_clear(fault);
			rc = tote__place_provision(
				o->ctx, POSIX_BACKEND, o->location, LAYOUT_ORCHESTRATOR, fault);
			rc = rc < 0 ? rc : swap(o, &file, fault);
		}
		if (rc == 0) {
			o->indexed = tote__load_u64(file.data + VERSION_LEN);
			o->index_refused = 0;
		}
	}
	tote__buf_free(&file);
	return rc;
}

void tote__index_save(tote_orchestrator *o)
{
	struct tote_fault why;
	int rc;

	if (!tote__orchestrator_ledger(o) || tote__orchestrator_is_damaged(o, NULL))
		return;
	memset(&why, 0, sizeof(why));
	tote__orchestrator_lock_refresh(o);
	rc = is_due(o) ? save(o, &why) : 0;
	tote__orchestrator_unlock_refresh(o);
	if (rc < 0 && rc != TOTE_E_CONFLICT) /* another process was quicker */
		tote__log(&o->ctx->log, TOTE_LOG_WARNING, "index: %s: it is as it was", why.text);
}

/* --- comparing ------------------------------------------------------------------------------ */

static int take_entry(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)leaf, (void)verified;
	return tote__registry_take(user, e, fault);
}

/* Both as bytes: the same up to the seq at which the handle is. */
static int differs(tote_orchestrator *o, struct registry *anew, struct tote_fault *fault)
{
	struct buf a, b;
	int rc;

	tote__buf_init(&a, &o->ctx->heap, INDEX_MAX);
	tote__buf_init(&b, &o->ctx->heap, INDEX_MAX);
	rc = tote__index_encode(anew, &a, fault);
	tote__orchestrator_lock(o);
	if (!rc)
		rc = tote__index_encode(&o->registry, &b, fault);
	if (!rc)
		rc = a.len != b.len || memcmp(a.data, b.data, a.len) != 0;
	if (rc > 0) {
		tote__registry_reset(&o->registry);
		rc = tote__index_decode(&o->registry, a.data, a.len, fault);
		rc = rc < 0 ? rc : 1;
		o->index_refused = 1;
	}
	o->index_used = 0; /* what the registry says was seen in the record now */
	tote__orchestrator_unlock(o);
	tote__buf_free(&a);
	tote__buf_free(&b);
	return rc;
}

int tote__index_compare(tote_orchestrator *o, struct tote_fault *fault)
{
	struct registry anew;
	struct view view;
	int rc;

	if (!o->index_used || !o->record || tote__orchestrator_is_damaged(o, NULL))
		return 0;
	tote__registry_init(&anew, &o->ctx->heap);
	tote__orchestrator_lock_refresh(o);
	rc = tote__box_view(o->record, 0, &view, fault);
	if (!rc) {
		rc = o->registry.next <= view.limit
			     ? tote__view_scan(&view, 0, o->registry.next, take_entry, &anew, fault)
			     : 0;
		if (!rc && anew.next == o->registry.next)
			rc = differs(o, &anew, fault);
		tote__view_close(&view);
	}
	tote__orchestrator_unlock_refresh(o);
	tote__registry_free(&anew);
	return rc;
}
