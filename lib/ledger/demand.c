/* SPDX-License-Identifier: ISC */
/*
 * The key in force, from the checkpoint in place on.
 */
#include "ledger/demand.h"
#include "store/keystore.h"
#include <inttypes.h>
#include <string.h>

/* --- rotations in the journal ---------------------------------------------------------------- */

/* What looks through the groups above the checkpoint in place. */
struct search {
	uint64_t from; /* entries below are the log's */
	int (*each)(void *user, const struct entry *e, struct tote_fault *fault);
	void *user;
};

static int search_group(const struct demand *d, const struct group_place *at,
	const struct search *s, struct buf *body, struct tote_fault *fault)
{
	uint64_t seq = at->group.first_seq;
	struct bundle_walk w;
	const uint8_t *bytes;
	struct entry e;
	size_t len;
	int r = tote__group_load(d->place, d->engine, at, body, fault);

	if (r < 0)
		return r;
	tote__bundle_walk(&w, body->data, body->len, at->group.count);
	while ((r = tote__bundle_next(&w, &bytes, &len, fault)) > 0) {
		struct tote_fault unused;

		if (seq++ < s->from || tote__entry_parse(bytes, len, &e, &unused) < 0)
			continue;
		if (e.version == 1 && tote__entry_is(&e, ROTATED_KIND) &&
			(r = s->each(s->user, &e, fault)) != 0)
			return r;
	}
	return r;
}

/* Each key.rotated above the checkpoint in place, until one gives something else than 0. */
static int search_journal(struct demand *d, const struct replay *from, const struct search *s,
	struct tote_fault *fault)
{
	struct buf body;
	int r = 0;

	tote__buf_init(&body, &d->place->ctx->heap, GROUP_BODY_MAX);
	for (size_t i = 0; !r && i < from->group_count; i++)
		r = search_group(d, &from->groups[i], s, &body, fault);
	tote__buf_free(&body);
	return r;
}

static int key_of(const struct entry *e, const char *name, struct vkey *ret)
{
	struct tote_fault unused;
	char text[VKEY_MAX];

	return tote__entry_string(e, name, text, sizeof(text), &unused) == 0 &&
	       tote__vkey_parse(text, strlen(text), ret, &unused) == 0;
}

static int take_from(void *user, const struct entry *e, struct tote_fault *fault)
{
	(void)fault;
	return key_of(e, "from", user);
}

/* --- the key of the checkpoint in place ------------------------------------------------------ */

/* 1 this key has signed it; 0 not, *ret_bad 1 where it has a line that does not verify. */
static int has_signed(const struct note *note, const struct vkey *key, int *ret_bad)
{
	struct tote_fault unused;
	int r = key->type == KEY_TYPE_ED25519 ? tote__note_verify(note, key, &unused) : 0;

	*ret_bad |= r < 0;
	return r > 0;
}

static int has_before(const struct keyring *k, size_t count, const struct vkey *key)
{
	for (size_t i = 0; i < count; i++)
		if (tote__vkey_equal(&k->steps[i].key, key))
			return 1;
	return 0;
}

/* A key that the room above knows to be replaced is none to go on with: others have it, or nobody. */
static int is_replaced(const struct demand *d, uint64_t size, const struct vkey *key)
{
	int is = 0;

	for (size_t i = 0; i < d->keys.count && d->keys.steps[i].at_seq < size; i++) {
		const struct key_step *step = &d->keys.steps[i];

		if (tote__vkey_equal(&step->key, key))
			is = 0; /* in force again, or still */
		else if (step->replaced)
			is |= tote__vkey_equal(&step->lost, key) || has_before(&d->keys, i, key);
	}
	return is;
}

/* One that the room above knows of: one that replaced another, or one that was still to be lost. */
static int find_known(
	struct demand *d, uint64_t size, const struct note *note, struct vkey *ret, int *ret_bad)
{
	for (size_t i = d->keys.count; i-- > 0;) {
		const struct key_step *step = &d->keys.steps[i];
		const struct vkey *key = step->at_seq < size ? &step->key : &step->lost;

		if (is_replaced(d, size, key) || !has_signed(note, key, ret_bad))
			continue;
		*ret = *key;
		return 1;
	}
	return 0;
}

/* The key that signed it, among those that can be: 1 and the key, 0 none. */
static int find_signer(struct demand *d, const struct replay *from, const struct note *note,
	struct vkey *ret, int *ret_bad, struct tote_fault *fault)
{
	const struct search search = {from->covered.size, take_from, ret};
	const uint64_t size = from->covered.size;
	struct tote_fault unused;
	int r;

	for (int again = 0; again < 2; again++) {
		if (has_signed(note, &d->signer->key, ret_bad) &&
			!is_replaced(d, size, &d->signer->key)) {
			*ret = d->signer->key;
			return 1;
		}
		/* another process may have rotated it since it was read */
		if (!again && tote__signer_reload(d->signer, &unused) <= 0)
			break;
	}
	if (find_known(d, size, note, ret, ret_bad))
		return 1;
	r = search_journal(d, from, &search, fault);
	return r <= 0 ? r : has_signed(note, ret, ret_bad);
}

static int find_present(
	struct demand *d, const struct replay *from, struct vkey *ret, struct tote_fault *fault)
{
	struct checkpoint c;
	struct note note;
	int bad = 0, r;

	r = tote__checkpoint_read(from->note.data, from->note.len, &note, &c, fault);
	if (!r && strcmp(c.origin, d->origin) != 0)
		return tote__fault(fault, TOTE_E_UNTRUSTED,
			"the checkpoint in place is of %s, expected %s", c.origin, d->origin);
	if (!r)
		r = find_signer(d, from, &note, ret, &bad, fault);
	if (r < 0)
		return tote__fault_wrap(fault, "the checkpoint in place");
	if (r)
		return 0;
	if (bad)
		return tote__fault(fault, TOTE_E_BAD_SIGNATURE,
			"the checkpoint in place: its signature by '%s' does not verify",
			d->origin);
	return tote__fault(fault, TOTE_E_BAD_SIGNATURE,
		"the checkpoint in place bears no signature by the key of %s", d->origin);
}

int tote__demand_begin(struct demand *d, const struct replay *from, struct tote_fault *fault)
{
	struct vkey present = *d->first;
	uint64_t size = from->covered.size;
	int r = 0;

	tote__keyring_init(&d->keys, &d->place->ctx->heap);
	if (d->hooks->keys)
		r = d->hooks->keys(d->hooks->user, &d->keys, fault);
	if (!r && from->have_checkpoint)
		r = find_present(d, from, &present, fault);
	/* in force for what is there; what was before it does not matter any more */
	if (!r)
		r = tote__keyring_add(&d->keys, size ? size - 1 : 0, &present, fault);
	return r;
}

void tote__demand_end(struct demand *d)
{
	tote__keyring_free(&d->keys);
}

/* --- and on --------------------------------------------------------------------------------- */

int tote__demand_entry(struct demand *d, const struct entry *e, struct tote_fault *fault)
{
	const char *why = "";
	int r;

	if (!tote__entry_is(e, ROTATED_KIND))
		return 0;
	r = tote__keyring_rotation(&d->keys, d->origin, NULL, e, &why, fault);
	if (r)
		return r < 0 ? r : 0;
	return tote__fault(fault, TOTE_E_DAMAGED, "it is no rotation of the key: %s", why);
}

int tote__demand_signer(
	struct demand *d, uint64_t size, const struct vkey **ret_key, struct tote_fault *fault)
{
	*ret_key = tote__keyring_for(&d->keys, size);
	return tote__signer_follow(d->signer, *ret_key, fault);
}

int tote__demand_verify(struct demand *d, const struct note *note, struct tote_fault *fault)
{
	int r = tote__note_verify(note, &d->signer->key, fault);

	for (size_t i = 0; !r && i < d->keys.count; i++) {
		const struct key_step *step = &d->keys.steps[i];

		r = tote__note_verify(note, &step->key, fault);
		if (!r && step->lost.type == KEY_TYPE_ED25519)
			r = tote__note_verify(note, &step->lost, fault);
	}
	return r;
}

/* --- opening --------------------------------------------------------------------------------- */

static int is_to(void *user, const struct entry *e, struct tote_fault *fault)
{
	struct vkey to;

	(void)fault;
	return key_of(e, "to", &to) && tote__vkey_equal(user, &to);
}

static int is_to_viewed(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	(void)leaf, (void)verified;
	return e->version == 1 && tote__entry_is(e, ROTATED_KIND) ? is_to(user, e, fault) : 0;
}

/*
 * Whether any rotation names it. The whole ledger is read only for a wrong key, or where somebody
 * put another checkpoint there: that must not keep the host from appending.
 */
static int leads_to(struct demand *d, const struct vkey *key, struct tote_fault *fault)
{
	struct vkey wanted = *key;
	struct search search = {0, is_to, &wanted};
	struct tote_fault unused;
	struct replay found;
	struct view view;
	int r = tote__replay(d->place, d->engine, 0, NULL, &found, fault);

	if (r < 0)
		return r;
	search.from = found.covered.size;
	r = search_journal(d, &found, &search, fault);
	tote__replay_free(&found);
	if (r || tote__view_open(&view, d->place, VIEW_NOBODY_WRITES, &unused) < 0)
		return r;
	r = tote__view_scan(&view, 0, view.limit, is_to_viewed, &wanted, &unused);
	tote__view_close(&view);
	return r > 0; /* what cannot be read names nothing */
}

int tote__demand_may_sign(struct demand *d, const struct vkey *key, struct tote_fault *fault)
{
	struct tote_fault unused;
	struct checkpoint c;
	struct logdir log;
	struct note note;
	struct buf bytes;
	int r;

	if (tote__vkey_equal(key, d->first))
		return 1;
	if (strcmp(key->name, d->origin) != 0 || key->type != KEY_TYPE_ED25519)
		return 0;
	tote__logdir_init(&log, d->place, 0);
	tote__buf_init(&bytes, &d->place->ctx->heap, NOTE_MAX);
	r = tote__logdir_checkpoint(&log, &bytes, &note, &c, &unused);
	/* a line that does not verify is damage, which is told when it is to be signed */
	if (!r)
		r = tote__note_verify(&note, key, &unused) != 0;
	tote__buf_free(&bytes);
	if (r > 0)
		return 1;
	tote__keyring_init(&d->keys, &d->place->ctx->heap);
	r = d->hooks->keys ? d->hooks->keys(d->hooks->user, &d->keys, fault) : 0;
	if (!r)
		r = tote__keyring_has(&d->keys, key);
	tote__keyring_free(&d->keys);
	return r ? r : leads_to(d, key, fault);
}
