/* SPDX-License-Identifier: ISC */
/*
 * Keys in an audit. Which key a container's log demands is known only to who has followed its
 * rotations, so what keys/ID holds is judged at the end of the run over that container.
 */
#include "ledger/demand.h"
#include "orchestrator/job.h"
#include "orchestrator/last_note.h"
#include "orchestrator/own_keys.h"
#include "store/keystore.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_HERE 128

/* --- what a run is told --------------------------------------------------------------------- */

static int copy_witnesses(struct job_run *r, tote_orchestrator *o, struct tote_fault *fault)
{
	struct keyring keys;
	int rc = tote__own_keys(o, TOTE_KEY_WITNESS, &keys, fault);

	if (rc < 0)
		return rc;
	r->witness = keys.steps[keys.count - 1].key;
	r->former_witnesses =
		tote__heap_new(&o->ctx->heap, keys.count, sizeof(*r->former_witnesses), fault);
	for (size_t i = 0; r->former_witnesses && i + 1 < keys.count; i++)
		r->former_witnesses[i] = keys.steps[i].key;
	r->target.former_witnesses = r->former_witnesses;
	r->target.former_witness_count = keys.count - 1;
	tote__keyring_free(&keys);
	return r->former_witnesses ? 0 : fault->code;
}

static int copy_rekeys(struct job_run *r, tote_orchestrator *o, struct tote_fault *fault)
{
	const struct known *k;
	int rc = 0;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, r->id);
	if (k && k->rekey_count) {
		r->rekeys = tote__heap_dup(
			&o->ctx->heap, k->rekeys, k->rekey_count * sizeof(*k->rekeys), fault);
		rc = r->rekeys ? 0 : TOTE_E_NO_MEMORY;
		r->target.rekeys = r->rekeys;
		r->target.rekey_count = k->rekey_count;
	}
	tote__orchestrator_unlock(o);
	return rc;
}

int tote__job_keys_begin(struct job_run *r, tote_orchestrator *o, struct tote_fault *fault)
{
	int rc = copy_witnesses(r, o, fault);

	return rc < 0 ? rc : copy_rekeys(r, o, fault);
}

void tote__job_keys_drop(struct job_run *r, const struct heap *heap)
{
	tote__heap_free(heap, r->former_witnesses);
	tote__heap_free(heap, r->rekeys);
}

/* --- for the run over keys/ ------------------------------------------------------------------ */

/* One container's ledger, looked at for its key alone. */
struct looking {
	tote_orchestrator *o;
	const char *id;
	struct place place;
	struct vkey registered;
};

static int add_rekeys(void *user, struct keyring *keys, struct tote_fault *fault)
{
	struct looking *l = user;

	return tote__containers_keys(l->o, l->id, keys, fault);
}

/* Whether the checkpoint in place is signed with the registered key: then no other is needed. */
static int is_signed(struct looking *l, const struct vkey *key)
{
	struct tote_fault unused;
	struct checkpoint c;
	struct logdir log;
	struct note note;
	struct buf bytes;
	int r;

	tote__logdir_init(&log, &l->place, 0);
	tote__buf_init(&bytes, &l->o->ctx->heap, NOTE_MAX);
	r = tote__logdir_checkpoint(&log, &bytes, &note, &c, &unused);
	if (!r)
		r = tote__note_verify(&note, key, &unused);
	tote__buf_free(&bytes);
	return r > 0;
}

/* keys/ID holds another key than the registered one: whether the log leads to it. */
static int may_sign(struct looking *l, const struct vkey *key)
{
	const struct ledger_hooks hooks = {.user = l, .keys = add_rekeys};
	struct demand demand = {.place = &l->place,
		.engine = tote__hasher(l->o->ctx),
		.origin = l->registered.name,
		.first = &l->registered,
		.hooks = &hooks};
	struct tote_fault unused;

	return tote__demand_may_sign(&demand, key, &unused) == 1;
}

static void look_at_log(struct looking *l, struct job_facts *f, const struct vkey *held)
{
	int is_first = !held || tote__vkey_equal(held, &l->registered);

	f->keyed_rotated = !is_signed(l, &l->registered);
	if (is_first || !may_sign(l, held))
		return;
	f->keyed = *held;
	f->keyed_rotated = 1;
}

void tote__job_keys_known(void *facts, struct known_container *known)
{
	struct job_facts *f = facts;
	struct looking l = {.o = f->o, .id = known->id};
	struct tote_fault unused;
	struct container c;
	struct vkey held;
	int have;

	if (!known->key)
		return;
	if (strcmp(f->keyed_id, known->id) != 0) {
		snprintf(f->keyed_id, sizeof(f->keyed_id), "%s", known->id);
		f->keyed = l.registered = *known->key;
		f->keyed_rotated = 1; /* what cannot be looked at may be so */
		have = tote__keystore_public(&f->o->place, known->id, &held, &unused) == 0;
		if (tote__containers_known(f->o, known->id, &c, &unused) == 0) {
			if (tote__place_open(f->o->ctx, c.backend, c.location, LAYOUT_CONTAINER,
				    STORE_READ_ONLY, &l.place, &unused) == 0) {
				look_at_log(&l, f, have ? &held : NULL);
				tote__place_close(&l.place);
			} else if (have && strcmp(held.name, known->origin) == 0) {
				f->keyed = held; /* nobody can tell now */
			}
			tote__containers_drop(f->o, &c);
		}
	}
	known->key = &f->keyed;
	known->rotated = f->keyed_rotated;
}

/* --- at the end of a container's run ---------------------------------------------------------- */

/* The keys as far as the log goes now: others may have rotated while the run read. */
static int keys_now(struct job_run *r, struct keyring *ret, struct tote_fault *fault)
{
	const struct keyring *known = tote__run_keys(r->run);
	struct view view;
	int rc = 0;

	tote__keyring_init(ret, &r->target.ctx->heap);
	for (size_t i = 0; rc == 0 && i < known->count; i++) {
		const struct key_step *s = &known->steps[i];

		rc = s->replaced ? tote__keyring_replace(ret, s->at_seq, &s->key, &s->lost, fault)
				 : tote__keyring_add(ret, s->at_seq, &s->key, fault);
	}
	if (rc == 0)
		rc = tote__box_view(r->box, 0, &view, fault);
	if (rc < 0)
		return rc;
	if (r->result.read_to < view.limit)
		rc = tote__keyring_follow(
			ret, r->container.origin, &view, r->result.read_to, view.limit, fault);
	tote__view_close(&view);
	return rc;
}

/* keys/ID, keys/ID.next or keys/ID.last. */
static const char *key_file(const struct job_run *r, const char *suffix, char out[PATH_MAX_HERE])
{
	snprintf(out, PATH_MAX_HERE, "%s%s", r->id, suffix);
	return out;
}

static int is_there(tote_orchestrator *o, const char *name)
{
	struct tote_fault unused;
	struct store_stat st;

	return o->key_store.ops->stat(o->key_store.handle, SPACE_KEYS, name, &st, &unused) !=
	       TOTE_E_NOT_FOUND;
}

static int tell(tote_audit *a, struct job_run *r, int code, const char *suffix,
	const char *expected, const char *was, struct tote_fault *fault)
{
	char path[PATH_MAX_HERE + 32], name[PATH_MAX_HERE];

	snprintf(path, sizeof(path), "orchestrator/keys/%s", key_file(r, suffix, name));
	return tote__job_found_own(a, r, code, path, expected, was, fault);
}

/* A key that was made here: by provisioning, or in place of a lost one. */
static int was_made_here(const struct job_run *r, const struct vkey *key)
{
	if (tote__vkey_equal(key, &r->key))
		return 1;
	for (size_t i = 0; i < r->target.rekey_count; i++)
		if (tote__vkey_equal(key, &r->rekeys[i].key))
			return 1;
	return 0;
}

static int judge_absent(
	tote_audit *a, struct job_run *r, const struct vkey *newest, struct tote_fault *fault)
{
	char name[PATH_MAX_HERE], expected[VKEY_MAX];

	if (!was_made_here(r, newest) && !is_there(a->o, key_file(r, ".last", name)))
		return 0; /* rotated to a signer of the host's */
	tote__vkey_format(newest, expected);
	return tell(a, r, FINDING_KEY_MISSING, "", expected, "nothing", fault);
}

int tote__job_keys_tell_behind(
	tote_audit *a, struct job_run *r, const char *path, struct tote_fault *fault)
{
	char expected[64], was[64];
	uint64_t last, head;

	if (!tote__last_note_is_behind(a->o, r->id, r->target.place, &last, &head))
		return 0;
	snprintf(
		expected, sizeof(expected), "the note signed last, over %" PRIu64 " entries", head);
	snprintf(was, sizeof(was), "an older one, over %" PRIu64, last);
	return tote__job_found_own(a, r, FINDING_KEY_DAMAGED, path, expected, was, fault);
}

/* signer: of the newest checkpoint. One that came later has signed nothing yet, and has no .last. */
static int judge_present(tote_audit *a, struct job_run *r, const struct vkey *held,
	const struct vkey *newest, const struct vkey *signer, struct tote_fault *fault)
{
	char name[PATH_MAX_HERE], expected[VKEY_MAX], was[VKEY_MAX], path[PATH_MAX_HERE + 32];
	struct tote_fault unused;
	struct vkey next;

	if (tote__vkey_equal(held, newest)) {
		if (is_there(a->o, key_file(r, ".last", name))) {
			snprintf(path, sizeof(path), "orchestrator/keys/%s", name);
			return tote__job_keys_tell_behind(a, r, path, fault);
		}
		if (!tote__containers_is_own(a->o, r->id, r->container.origin) ||
			!r->result.head.size || !signer || !tote__vkey_equal(held, signer))
			return 0;
		return tell(a, r, FINDING_KEY_MISSING, ".last", "the note signed last", "nothing",
			fault);
	}
	/* a rotation that the next fold completes */
	if (tote__keystore_public(&a->o->key_store, key_file(r, ".next", name), &next, &unused) ==
			0 &&
		tote__vkey_equal(&next, newest))
		return 0;
	tote__vkey_format(newest, expected);
	tote__vkey_format(held, was);
	return tell(a, r, FINDING_KEY_DIFFERS, "", expected, was, fault);
}

static int judge_file(
	tote_audit *a, struct job_run *r, const struct keyring *keys, struct tote_fault *fault)
{
	const struct vkey *newest = tote__keyring_for(keys, UINT64_MAX);
	struct tote_fault why;
	struct vkey held;
	int rc;

	memset(&why, 0, sizeof(why));
	if (!newest || r->container.state == TOTE_STATE_DISPOSED)
		return 0;
	rc = tote__keystore_public(&a->o->key_store, r->id, &held, &why);
	if (rc == 0)
		return judge_present(
			a, r, &held, newest, tote__keyring_for(keys, r->result.head.size), fault);
	if (rc == TOTE_E_NOT_FOUND && tote__containers_is_own(a->o, r->id, r->container.origin))
		return judge_absent(a, r, newest, fault);
	return 0; /* what is wrong with it the run over keys/ names */
}

/* A line by a key that only the log itself names: here it is known. */
static int judge_seen(
	tote_audit *a, struct job_run *r, const struct keyring *keys, struct tote_fault *fault)
{
	const struct vkey *key = tote__keyring_for(keys, r->seen.checkpoint.size);
	char path[PATH_MAX_HERE];
	struct tote_fault unused;
	struct note note;

	if (!r->seen.present || r->seen.log_known || !key)
		return 0;
	if (tote__note_parse(r->seen.note.data, r->seen.note.len, &note, &unused) == 0 &&
		tote__note_verify(&note, key, &unused) == 1)
		return 0;
	snprintf(path, sizeof(path), "orchestrator/seen/%s", r->id);
	return tote__job_found_own(a, r, FINDING_SEEN_DAMAGED, path, "",
		"it is not signed by the key that the container had", fault);
}

/* The log must have been read whole, or nobody can say which key it demands. */
int tote__job_keys_judge(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	struct tote_fault why;
	struct keyring keys;
	int rc;

	if (!a->o || !r->run || !r->box || !a->o->key_store.ops || !r->result.signed_ok ||
		r->result.read_to < r->result.entries_total || a->o->salvaged.code)
		return 0;
	memset(&why, 0, sizeof(why));
	rc = keys_now(r, &keys, &why);
	if (rc == 0)
		rc = judge_seen(a, r, &keys, fault);
	else if (rc == TOTE_E_NO_MEMORY)
		*fault = why;
	else
		rc = 1; /* it does not hold still: the next audit says more */
	if (rc == 0)
		rc = judge_file(a, r, &keys, fault);
	tote__keyring_free(&keys);
	return rc < 0 ? rc : 0;
}
