/* SPDX-License-Identifier: ISC */
/*
 * The names of a copy's assets, after its entries: each kept file goes to its path, what was voided
 * or erased goes away, in the order in which it happened.
 */
#include "box/copy.h"
#include "store/path.h"
#include <inttypes.h>
#include <string.h>

struct copy_names {
	struct copying *c;
	char made[STORE_NAME_MAX + 1]; /* the path whose parents were made last */
};

/* The fact of a seal: c->fact. */
static int read_seal(struct copying *c, uint64_t seq, struct tote_fault *fault)
{
	const uint8_t *bytes;
	struct entry e;
	size_t len;
	int rc = tote__view_read(&c->view, seq, &bytes, &len, NULL, NULL, fault);

	if (rc == 0)
		rc = tote__entry_parse(bytes, len, &e, fault);
	if (rc == 0 && (e.version != 1 || !tote__entry_is(&e, SEALED_KIND)))
		rc = tote__fault(fault, TOTE_E_DAMAGED, "entry %" PRIu64 " is no seal", seq);
	return rc < 0 ? rc : tote__sealed_parse(&e, &c->fact, fault);
}

/* --- to its path ---------------------------------------------------------------------------- */

static int make_parents(struct copy_names *n, struct tote_fault *fault)
{
	struct copying *c = n->c;
	const size_t len = tote__path_parent(c->fact.path);
	int rc;

	if (*n->made && tote__path_parent(n->made) == len &&
		memcmp(n->made, c->fact.path, len) == 0)
		return 0;
	rc = c->to.ops->make_parents(c->to.handle, c->fact.path, fault);
	if (rc == 0)
		memcpy(n->made, c->fact.path, strlen(c->fact.path) + 1);
	return rc;
}

/*
 * Something lies at the path. What is not as it was sealed is no part of a copy, and the kept file
 * was verified against the entry.
 */
static int replace(struct copying *c, uint64_t seq, struct tote_fault *fault)
{
	int rc = tote__sealed_is_file(&c->to, c->fact.path, c->fact.size, c->fact.digest, fault);

	if (rc == 1)
		return c->to.ops->discard(c->to.handle, seq, fault);
	if (rc == 0) {
		tote__log(&c->box->ctx->log, TOTE_LOG_WARNING,
			"copy %s: '%s' was not what entry %" PRIu64 " sealed, and is replaced",
			c->dir, c->fact.path, seq);
		rc = c->to.ops->remove(c->to.handle, SPACE_ASSETS, c->fact.path, fault);
	}
	return rc < 0 ? rc : c->to.ops->publish(c->to.handle, seq, c->fact.path, fault);
}

static int publish(struct copy_names *n, uint64_t seq, struct tote_fault *fault)
{
	struct copying *c = n->c;
	int rc = make_parents(n, fault);

	if (rc == 0)
		rc = c->to.ops->publish(c->to.handle, seq, c->fact.path, fault);
	if (rc != TOTE_E_EXISTS)
		return rc;
	tote__fault_clear(fault);
	return replace(c, seq, fault);
}

static int name_seal(struct copy_names *n, const struct entry *e, struct tote_fault *fault)
{
	struct copying *c = n->c;
	char kept[PATH_KEPT_MAX];
	int rc = tote__sealed_parse(e, &c->fact, fault);

	tote__path_kept(e->seq, kept);
	if (rc == 0)
		rc = tote__copy_has(c, SPACE_ASSETS, kept, fault);
	if (rc == 1)
		return tote__copy_seqs_has(&c->voided, e->seq)
			       ? c->to.ops->discard(c->to.handle, e->seq, fault)
			       : publish(n, e->seq, fault);
	if (rc == 0)
		rc = tote__copy_has(c, SPACE_ASSETS, c->fact.path, fault);
	if (rc == 0) /* unless its end comes */
		return tote__copy_seqs_add(&c->lost, c->heap, e->seq, fault);
	return rc < 0 ? rc : 0;
}

/* --- away ----------------------------------------------------------------------------------- */

/* What lies at the path is removed only where it is the very file of that seal. */
static int take_away(struct copying *c, uint64_t seq, struct tote_fault *fault)
{
	char kept[PATH_KEPT_MAX];
	int rc = read_seal(c, seq, fault);

	tote__path_kept(seq, kept);
	if (rc == 0)
		rc = tote__copy_has(c, SPACE_ASSETS, kept, fault);
	if (rc == 1)
		return c->to.ops->discard(c->to.handle, seq, fault);
	if (rc == 0)
		rc = tote__sealed_is_file(
			&c->to, c->fact.path, c->fact.size, c->fact.digest, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc != 1)
		return rc;
	c->told.removed++;
	return c->to.ops->remove(c->to.handle, SPACE_ASSETS, c->fact.path, fault);
}

static int name_end(struct copy_names *n, const struct entry *e, struct tote_fault *fault)
{
	struct copying *c = n->c;
	uint64_t seq;
	int rc = tote__entry_number(e, "seal", &seq, fault);

	if (rc < 0 || tote__copy_seqs_end(&c->lost, seq))
		return rc;
	/* a voided seal of this copy's own entries was never given its path */
	if (tote__entry_is(e, VOID_KIND) && seq >= c->settle_from)
		return 0;
	return seq < e->seq ? take_away(c, seq, fault) : 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int name_one(struct copy_names *n, uint64_t seq, struct tote_fault *fault)
{
	const uint8_t *bytes;
	struct entry e;
	size_t len;
	int rc = tote__view_read(&n->c->view, seq, &bytes, &len, NULL, NULL, fault);

	if (rc == 0)
		rc = tote__entry_parse(bytes, len, &e, fault);
	if (rc < 0 || e.version != 1)
		return rc;
	if (tote__entry_is(&e, SEALED_KIND))
		return name_seal(n, &e, fault);
	if (tote__entry_is(&e, VOID_KIND) || tote__entry_is(&e, ERASED_KIND))
		return name_end(n, &e, fault);
	return 0;
}

/* What is nowhere in the copy, and was not told to be bad: somebody meddles with it. */
static int check_lost(const struct copying *c)
{
	for (size_t i = 0; i < c->lost.count; i++)
		if (!(c->lost.seq[i] & COPY_SEQ_ENDED) &&
			!tote__copy_seqs_has(&c->missing, c->lost.seq[i]))
			return COPY_AGAIN;
	return 0;
}

static int run(struct copy_names *n, struct tote_fault *fault)
{
	struct copying *c = n->c;
	int rc = 0;

	for (uint64_t seq = c->settle_from; rc == 0 && seq < c->view.limit; seq++)
		rc = name_one(n, seq, fault);
	/* a killed call may have renamed and synced nothing */
	if (rc == 0)
		rc = c->to.ops->sync_parents(c->to.handle, NULL, 0, fault);
	if (rc == 0)
		rc = c->to.ops->barrier(c->to.handle, SPACE_ASSETS, fault);
	return rc == 0 ? check_lost(c) : rc;
}

int tote__copy_names(struct copying *c, struct tote_fault *fault)
{
	struct copy_names *n;
	int rc;

	if (c->box->type != LEDGER_CONTAINER)
		return 0;
	n = tote__heap_new(c->heap, 1, sizeof(*n), fault);
	if (!n)
		return fault->code;
	n->c = c;
	rc = run(n, fault);
	tote__heap_free(c->heap, n);
	return rc;
}
