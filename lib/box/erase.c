/* SPDX-License-Identifier: ISC */
/*
 * Erasing an asset (FORMAT section 7): the entry first, so that from then on the file's absence is
 * right, then the file, in one hold. Who dies in between is completed by the next takeover; a path
 * stays used for ever, and the directories above it stay.
 */
#include "box/box.h"
#include "box/sealed.h"
#include "store/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the ledger says of one path. */
struct erasing {
	const char *path;
	struct sealed fact; /* of an entry at hand */
	int have, erased;
	uint64_t seal, erasure;
};

static int note_seal(struct erasing *x, const struct entry *e, struct tote_fault *fault)
{
	int rc = tote__sealed_parse(e, &x->fact, fault);

	if (rc == 0 && !x->have && strcmp(x->fact.path, x->path) == 0) {
		x->have = 1;
		x->seal = e->seq;
	}
	return rc;
}

static int note_end(struct erasing *x, const struct entry *e, struct tote_fault *fault)
{
	uint64_t seal;
	int rc = tote__entry_number(e, "seal", &seal, fault);

	if (rc < 0 || !x->have || seal != x->seal)
		return rc;
	if (tote__entry_is(e, VOID_KIND)) {
		x->have = 0;
	} else if (!x->erased) {
		x->erased = 1;
		x->erasure = e->seq;
	}
	return 0;
}

static int note(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)leaf, (void)verified;
	if (e->version != 1)
		return 0;
	if (tote__entry_is(e, SEALED_KIND))
		return note_seal(user, e, fault);
	if (tote__entry_is(e, VOID_KIND) || tote__entry_is(e, ERASED_KIND))
		return note_end(user, e, fault);
	return 0;
}

static int look_up(tote_box *box, struct erasing *x, struct tote_fault *fault)
{
	int rc = tote__ledger_scan(box->ledger, 0, tote__ledger_next(box->ledger), note, x, fault);

	if (rc == 0 && !x->have)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"erase '%s': no file was ever sealed there", x->path);
	return rc;
}

/* --- the file ------------------------------------------------------------------------------- */

/* 1 a file lies under that name, 0 nothing does. Anything else is nobody's to remove unseen. */
static int lies_there(const tote_box *box, const char *name, struct tote_fault *fault)
{
	struct store_stat st;
	int rc = box->place.ops->stat(box->place.handle, SPACE_ASSETS, name, &st, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc == 0 && st.type != STORE_FILE)
		return tote__fault(fault, TOTE_E_UNTRUSTED,
			"erase '%s': what lies there is no file: find out who put it there, move "
			"it away, and erase again",
			name);
	return rc < 0 ? rc : 1;
}

/* Also one whose bytes are not those that were sealed: what is left of it must go too. */
static int remove_file(const tote_box *box, const struct erasing *x, struct tote_fault *fault)
{
	const struct place *place = &box->place;
	char kept[PATH_KEPT_MAX];
	int rc = lies_there(box, x->path, fault);

	if (rc == 1)
		rc = place->ops->remove(place->handle, SPACE_ASSETS, x->path, fault);
	tote__path_kept(x->seal, kept);
	if (rc == 0)
		rc = lies_there(box, kept, fault);
	if (rc == 1)
		rc = place->ops->discard(place->handle, x->seal, fault);
	return rc < 0 ? rc : place->ops->barrier(place->handle, SPACE_ASSETS, fault);
}

/* --- the entry ------------------------------------------------------------------------------ */

static int write_entry(tote_box *box, struct erasing *x, const char *authority, const char *reason,
	const char *actor, struct tote_fault *fault)
{
	char seal[DECIMAL_MAX];
	const struct field fields[] = {
		{"seal", seal, (size_t)snprintf(seal, sizeof(seal), "%" PRIu64, x->seal)},
		tote__field_text("reason", reason), tote__field_text("authority", authority)};
	const struct draft d = {.kind = ERASED_KIND,
		.actor = actor,
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0])};

	return tote__ledger_write(box->ledger, &d, 1, &x->erasure, fault);
}

static int erase_held(tote_box *box, struct erasing *x, const char *authority, const char *reason,
	const char *actor, struct tote_fault *fault)
{
	int rc = tote__box_admit(box, ERASED_KIND, fault);

	if (rc == 0)
		rc = look_up(box, x, fault);
	if (rc == 0)
		rc = lies_there(box, x->path, fault);
	if (rc < 0)
		return rc;
	tote__ledger_open_seal(box->ledger, 1); /* should we die, somebody must take over */
	if (!x->erased) {
		rc = write_entry(box, x, authority, reason, actor, fault);
		if (rc < 0 && fault->effect == TOTE_EFFECT_NONE)
			tote__ledger_open_seal(box->ledger, 0);
		if (rc < 0)
			return rc;
	}
	rc = remove_file(box, x, fault);
	if (rc < 0) {
		tote__ledger_poison(box->ledger);
		fault->effect = TOTE_EFFECT_UNKNOWN;
		return tote__fault_wrap(fault,
			"entry %" PRIu64 " says that '%s' is erased, but the file may still be "
			"there: erase it again",
			x->erasure, x->path);
	}
	tote__ledger_open_seal(box->ledger, 0);
	return 0;
}

static int erase(tote_box *box, struct erasing *x, const char *authority, const char *reason,
	const char *actor, struct tote_fault *fault)
{
	int rc = tote__ledger_hold(box->ledger, fault);

	if (rc < 0)
		return rc;
	rc = erase_held(box, x, authority, reason, actor, fault);
	tote__ledger_release(box->ledger);
	tote__ledger_fold_if_large(box->ledger);
	return rc;
}

static int check(const tote_box *box, const char *path, const char *authority, const char *reason,
	uint32_t flags, struct tote_fault *fault)
{
	int rc = tote__box_check_write(box, fault);

	if (rc == 0)
		rc = tote__flags_check(flags, 0, "erase", fault);
	if (rc == 0 && box->type != LEDGER_CONTAINER)
		rc = tote__fault(
			fault, TOTE_E_UNSUPPORTED, "erase: the consolidated record has no assets");
	if (rc == 0 && (!path || !authority || !*authority || !reason || !*reason))
		rc = tote__fault(fault, TOTE_E_ARGUMENT,
			"erase: path, authority (who may order it) or reason is missing");
	return rc < 0 ? rc : tote__asset_path_check(path, fault);
}

int tote_box_erase(tote_box *box, const char *path, const char *authority, const char *reason,
	const char *actor, uint32_t flags, struct tote_erased *ret_erased, struct tote_fault *fault)
{
	struct erasing *x;
	int rc;

	FAULT_BEGIN(fault);
	rc = check(box, path, authority, reason, flags, fault);
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	x = tote__heap_new(&box->ctx->heap, 1, sizeof(*x), fault);
	if (!x)
		return tote__box_done(box, fault->code, fault);
	x->path = path;
	rc = erase(box, x, authority, reason, actor, fault);
	if (rc == 0 && ret_erased)
		*ret_erased = (struct tote_erased){.seq = x->erasure,
			.seal = x->seal,
			.result = x->erased ? TOTE_ERASED_ALREADY : TOTE_ERASED_NEW};
	tote__heap_free(&box->ctx->heap, x);
	return tote__box_done(box, rc, fault);
}
