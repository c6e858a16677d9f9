/* SPDX-License-Identifier: ISC */
/*
 * What a run is told of by the registry and seen/. It may ask again, since others provision, move
 * and cosign while it reads: what it is told then is as new as the asking.
 */
#include "orchestrator/job.h"
#include <string.h>

/* --- of a container ------------------------------------------------------------------------- */

static int copy_moves(struct job_facts *f, struct recorded_move **slot, size_t *ret_count,
	struct tote_fault *fault)
{
	const struct heap *heap = &f->o->ctx->heap;
	const struct known *k;
	int rc = 0;

	tote__heap_free(heap, *slot);
	*slot = NULL;
	*ret_count = 0;
	tote__orchestrator_lock(f->o);
	k = tote__registry_find(&f->o->registry, f->id);
	if (k && k->move_count) {
		*slot = tote__heap_dup(heap, k->moves, k->move_count * sizeof(*k->moves), fault);
		*ret_count = k->move_count;
		rc = *slot ? 0 : TOTE_E_NO_MEMORY;
	}
	tote__orchestrator_unlock(f->o);
	return rc;
}

static int moves_again(
	void *user, const struct recorded_move **ret, size_t *ret_count, struct tote_fault *fault)
{
	struct job_facts *f = user;
	int rc = tote__orchestrator_refresh(f->o, fault);

	if (!rc)
		rc = copy_moves(f, &f->later, ret_count, fault);
	*ret = f->later;
	return rc;
}

static int seen_again(void *user, struct checkpoint *ret, struct tote_fault *fault)
{
	struct job_facts *f = user;
	struct seen seen;
	int rc = tote__seen_read(f->o, f->id, &f->log_key, &seen, fault), present;

	if (rc < 0)
		return rc;
	present = seen.present;
	if (present)
		*ret = seen.checkpoint;
	tote__seen_free(&seen);
	return present;
}

int tote__job_facts_of_container(struct job_run *r, tote_orchestrator *o, struct tote_fault *fault)
{
	struct job_facts *f = &r->facts;
	int rc;

	f->o = o;
	f->id = r->id;
	f->log_key = r->key;
	rc = copy_moves(f, &f->moves, &r->target.move_count, fault);
	r->target.moves = f->moves;
	r->target.moves_known = !o->salvaged.code;
	r->target.moves_from_state = TOTE_STATE_ACTIVE;
	r->target.user = f;
	r->target.seen_again = seen_again;
	r->target.moves_again = moves_again;
	return rc;
}

/* --- of either ------------------------------------------------------------------------------ */

static int cosigners_again(
	void *user, const struct vkey **ret, size_t *ret_count, struct tote_fault *fault)
{
	struct job_facts *f = user;
	int rc = tote__orchestrator_refresh(f->o, fault);

	if (!rc)
		rc = tote__cosigners_known(f->o, f->id, &f->cosigners_later, fault);
	*ret = f->cosigners_later.keys;
	*ret_count = f->cosigners_later.count;
	return rc;
}

int tote__job_facts_of_cosigners(struct job_run *r, tote_orchestrator *o, struct tote_fault *fault)
{
	struct job_facts *f = &r->facts;

	f->o = o;
	f->id = r->id;
	r->target.cosigners_user = f;
	r->target.cosigners_again = cosigners_again;
	r->target.cosigner_keys = f->cosigners.keys;
	if (tote__cosigners_known(o, r->id, &f->cosigners, fault) < 0)
		return fault->code;
	r->target.cosigner_count = f->cosigners.count;
	r->target.cosigners_wanted = f->cosigners.wanted;
	return 0;
}

/* --- of the record -------------------------------------------------------------------------- */

/* One that is not known may have been made meanwhile, and is nothing foreign. */
static int known_container(void *user, const char *id, struct known_container *ret)
{
	struct job_facts *f = user;
	struct tote_fault ignored;
	struct container c;

	memset(&ignored, 0, sizeof(ignored));
	if (tote__containers_known(f->o, id, &c, &ignored) < 0 &&
		(tote__orchestrator_refresh(f->o, &ignored) < 0 ||
			tote__containers_known(f->o, id, &c, &ignored) < 0))
		return 0;
	memcpy(f->known_id, c.id, sizeof(f->known_id));
	memcpy(f->known_origin, c.origin, sizeof(f->known_origin));
	*ret = (struct known_container){.id = f->known_id, .origin = f->known_origin};
	if (!tote__vkey_parse(c.vkey, strlen(c.vkey), &f->known_key, &ignored))
		ret->key = &f->known_key;
	tote__containers_drop(f->o, &c);
	return 1;
}

static int known_report(void *user, size_t index, struct known_report *ret)
{
	struct job_facts *f = user;
	int there;

	tote__orchestrator_lock(f->o);
	there = index < f->o->registry.report_count;
	if (there)
		*ret = f->o->registry.reports[index];
	tote__orchestrator_unlock(f->o);
	return there;
}

static int cosigned_log(void *user, size_t index, struct cosigned_log *ret)
{
	struct job_facts *f = user;
	const struct registry *r = &f->o->registry;
	struct tote_fault ignored;
	int there;

	memset(&ignored, 0, sizeof(ignored));
	if (!index)
		tote__orchestrator_refresh(f->o, &ignored);
	tote__orchestrator_lock(f->o);
	there = index < r->log_count;
	if (there) {
		memcpy(f->log_origin, r->logs[index].origin, sizeof(f->log_origin));
		ret->size = r->logs[index].size;
		memcpy(ret->root, r->logs[index].root, HASH_LEN);
	}
	tote__orchestrator_unlock(f->o);
	ret->origin = f->log_origin;
	return there;
}

void tote__job_facts_of_record(struct job_run *r, tote_orchestrator *o)
{
	struct job_facts *f = &r->facts;

	f->o = o;
	f->id = r->id;
	f->of_record = (struct orchestrator_facts){.user = f,
		.log = cosigned_log,
		.container = known_container,
		.key = tote__job_keys_known,
		.report = known_report};
	r->target.facts = &f->of_record;
}

void tote__job_facts_drop(struct job_run *r)
{
	if (r->facts.o) {
		tote__heap_free(&r->facts.o->ctx->heap, r->facts.moves);
		tote__heap_free(&r->facts.o->ctx->heap, r->facts.later);
	}
	memset(&r->facts, 0, sizeof(r->facts));
}
