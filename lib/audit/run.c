/* SPDX-License-Identifier: ISC */
/*
 * One run: its parts in their order, the second look at what was odd, and the verdict.
 */
#include "audit/run.h"
#include "audit/asset_audit.h"
#include "audit/ledger_audit.h"
#include "audit/moves_audit.h"
#include "audit/orchestrator_audit.h"
#include "audit/skeleton_audit.h"
#include <string.h>

enum {
	PHASE_LEDGER,
	PHASE_SKELETON,
	PHASE_ORCHESTRATOR,
	PHASE_WALK,
	PHASE_AGAIN, /* the second look */
	PHASE_READ,
	PHASE_READ_AGAIN,
	PHASE_MOVES,
	PHASE_DONE
};

struct run {
	struct run_target target;
	struct inquiry q;
	struct ledger_audit ledger;
	struct orchestrator_audit orchestrator;
	struct asset_audit assets;
	struct checkpoint last; /* of the consolidated record: the one that was signed last */
	int phase;
	int skeleton_odd;
	int stopped; /* before it was through */
};

static int is_container(const struct run *run)
{
	return run->target.type == LEDGER_CONTAINER && run->target.layout == LAYOUT_CONTAINER;
}

/* A ledger or a log alone may be somebody's living one; a container without a box is not. */
static int is_still(const struct run_target *t)
{
	int alone = t->layout == LAYOUT_LEDGER || t->layout == LAYOUT_LOG;

	return t->strict || (!t->box && !alone);
}

/*
 * The consolidated record has no witness: what was signed last with its key guards it (FORMAT
 * section 6). It is written before its checkpoint is published, and all it covers is durable then.
 */
static int verify_last(const struct run *run, const struct note *note, const struct checkpoint *c,
	struct tote_fault *fault)
{
	const struct vkey *key = tote__keyring_for(&run->ledger.entries.keys, c->size);
	int rc, early = !key;

	if (early)
		key = run->target.key;
	if (!key || key->type != KEY_TYPE_ED25519)
		return 0;
	rc = tote__note_verify(note, key, fault);
	/* before the entries are read, its key may be one that they have yet to name */
	return rc < 0 || rc == 1 || early ? rc : TOTE_E_BAD_SIGNATURE;
}

static int read_last(void *user, struct checkpoint *ret, struct tote_fault *fault)
{
	struct run *run = user;
	const struct place *place = run->target.place;
	struct note note;
	struct buf bytes;
	int rc;

	tote__buf_init(&bytes, run->q.heap, NOTE_MAX);
	rc = place->ops->cell_read(place->handle, SPACE_KEYS, "orchestrator.last", &bytes, fault);
	if (rc == 0)
		rc = tote__checkpoint_read(bytes.data, bytes.len, &note, ret, fault);
	if (rc == 0)
		rc = verify_last(run, &note, ret, fault);
	tote__buf_free(&bytes);
	return rc < 0 ? rc : 1;
}

/* What is wrong with the file itself is for the audit of keys/ to say. */
static void guard_record(struct run *run)
{
	struct run_target *t = &run->target;
	struct tote_fault unused;

	memset(&unused, 0, sizeof(unused));
	if (t->type != LEDGER_RECORD || t->layout != LAYOUT_ORCHESTRATOR || t->seen || !t->place ||
		read_last(run, &run->last, &unused) < 0)
		return;
	t->seen = &run->last;
	t->seen_again = read_last;
	t->user = run;
}

static int start(struct run *run, struct tote_fault *fault)
{
	int rc;

	run->q = (struct inquiry){.target = &run->target,
		.place = run->target.place,
		.heap = &run->target.ctx->heap,
		.engine = tote__hasher(run->target.ctx),
		.still = is_still(&run->target)};
	tote__findings_init(&run->q.findings, run->q.heap);
	rc = tote__ledger_audit_init(&run->ledger, &run->q, fault);
	if (rc == 0)
		rc = tote__asset_audit_init(&run->assets, &run->q, &run->ledger.entries, fault);
	tote__orchestrator_audit_init(&run->orchestrator, &run->q, &run->ledger.entries.keys);
	guard_record(run);
	return rc;
}

int tote__run_start(const struct run_target *target, struct run **ret_run, struct tote_fault *fault)
{
	const struct heap *heap = &target->ctx->heap;
	struct run *run = tote__heap_new(heap, 1, sizeof(*run), fault);
	int rc;

	if (!run)
		return fault->code;
	run->target = *target;
	rc = start(run, fault);
	if (rc < 0) {
		tote__run_free(run);
		return rc;
	}
	*ret_run = run;
	return 0;
}

void tote__run_free(struct run *run)
{
	if (!run)
		return;
	tote__asset_audit_free(&run->assets);
	tote__ledger_audit_free(&run->ledger);
	tote__findings_free(&run->q.findings);
	tote__heap_free(&run->target.ctx->heap, run);
}

/* --- the second look ------------------------------------------------------------------------ */

static int is_odd(struct run *run, struct tote_fault *fault)
{
	if (run->skeleton_odd || run->orchestrator.odd || tote__asset_audit_is_odd(&run->assets))
		return 1;
	return tote__ledger_audit_is_odd(&run->ledger, fault);
}

/* What the ledger holds now; NULL where no reader can say. */
static struct view *open_now(struct run *run, int hold, struct tote_fault *fault)
{
	uint32_t flags = hold == HOLD_STILL ? VIEW_NOBODY_WRITES : 0;
	struct view *view = tote__heap_new(run->q.heap, 1, sizeof(*view), fault);
	struct tote_fault why;

	if (!view)
		return NULL;
	memset(&why, 0, sizeof(why));
	if (tote__view_open(view, run->q.place, flags, &why) == 0)
		return view;
	tote__heap_free(run->q.heap, view);
	return NULL;
}

static void close_now(struct run *run, struct view *view)
{
	if (!view)
		return;
	tote__view_close(view);
	tote__heap_free(run->q.heap, view);
}

static int again_orchestrator(struct run *run, struct tote_fault *fault)
{
	int rc = 1;

	if (!run->orchestrator.odd)
		return 0;
	tote__orchestrator_audit_init(&run->orchestrator, &run->q, &run->ledger.entries.keys);
	run->orchestrator.telling = 1;
	while (rc > 0)
		rc = tote__orchestrator_audit_step(&run->orchestrator, fault);
	return rc;
}

static int again_held(struct run *run, int hold, struct tote_fault *fault)
{
	struct view *now;
	int rc = 0;

	fault->code = 0;
	now = open_now(run, hold, fault);
	if (!now && fault->code == TOTE_E_NO_MEMORY)
		return fault->code;
	run->assets.frozen = hold == HOLD_STILL;
	if (hold == HOLD_STILL)
		run->ledger.concluding = 1;
	if (run->phase == PHASE_AGAIN) {
		rc = tote__ledger_audit_again(&run->ledger, hold, now, fault);
		if (rc == 0 && run->skeleton_odd)
			rc = tote__skeleton_look(&run->q, 1, fault);
		if (rc >= 0)
			rc = again_orchestrator(run, fault);
	}
	if (rc == 0 && tote__asset_audit_is_odd(&run->assets))
		rc = tote__asset_audit_again(&run->assets, now, fault);
	close_now(run, now);
	return rc;
}

/* All of it with byte 0 held once; nothing is held where nothing was odd. */
static int again(struct run *run, struct tote_fault *fault)
{
	int hold, rc = 1;

	if (run->phase == PHASE_AGAIN)
		rc = is_odd(run, fault);
	else
		rc = tote__asset_audit_is_odd(&run->assets);
	if (rc <= 0)
		return rc;
	hold = tote__inquiry_hold(&run->q);
	rc = again_held(run, hold, fault);
	tote__inquiry_release(&run->q);
	return rc;
}

/* --- steps ---------------------------------------------------------------------------------- */

/* A place that could not be opened is a finding and the end of the run. */
static int refused(struct run *run, struct tote_fault *fault)
{
	const struct tote_fault *why = run->target.refused;
	int code = FINDING_UNREACHABLE;

	if (why && why->code == TOTE_E_UNTRUSTED)
		code = FINDING_SKELETON_TYPE;
	run->q.unreachable = 1;
	run->phase = PHASE_DONE;
	return tote__findings_add(
		&run->q.findings, code, "", FINDING_NO_SEQ, NULL, why ? why->text : NULL, fault);
}

int tote__run_settle(struct run *run, struct tote_fault *fault)
{
	int rc;

	if (run->stopped || run->phase != PHASE_READ)
		return 0;
	rc = again(run, fault);
	if (rc == 0)
		tote__asset_part_settled(&run->assets);
	if (rc != TOTE_E_UNREACHABLE)
		return rc < 0 ? rc : 0;
	run->stopped = 1; /* a finding says so */
	tote__fault_clear(fault);
	return 0;
}

int tote__run_covered(const struct run *run, uint64_t *from, uint64_t *ret_to)
{
	uint64_t end = run->ledger.entries.next;

	if (is_container(run))
		return tote__asset_part_covered(&run->assets, from, ret_to);
	if (run->ledger.entries.lost)
		end = run->ledger.entries.first_lost;
	*ret_to = end;
	return *from < end;
}

int tote__run_tail(const struct run *run, uint64_t *ret_size, uint8_t ret_leaf[HASH_LEN])
{
	const struct entries *e = &run->ledger.entries;

	*ret_size = e->next;
	if (e->have_leaf)
		memcpy(ret_leaf, e->leaf, HASH_LEN);
	return e->have_leaf;
}

static int piece(struct run *run, struct tote_fault *fault)
{
	int rc = 0;

	switch (run->phase) {
	case PHASE_LEDGER:
		rc = tote__ledger_audit_step(&run->ledger, fault);
		break;
	case PHASE_SKELETON:
		rc = tote__skeleton_look(&run->q, 0, fault);
		run->skeleton_odd = rc > 0;
		rc = rc < 0 ? rc : 0;
		break;
	case PHASE_ORCHESTRATOR:
		rc = tote__orchestrator_audit_step(&run->orchestrator, fault);
		break;
	case PHASE_WALK:
		if (is_container(run))
			rc = tote__asset_audit_walk(&run->assets, run->ledger.entries.next, fault);
		break;
	case PHASE_AGAIN:
	case PHASE_READ_AGAIN:
		rc = again(run, fault);
		if (rc == 0)
			tote__asset_part_settled(&run->assets);
		break;
	case PHASE_READ:
		if (is_container(run) && run->target.level != TOTE_LEVEL_STRUCTURE)
			rc = tote__asset_audit_read(&run->assets, fault);
		break;
	case PHASE_MOVES:
		if (is_container(run) && run->target.moves_known)
			rc = tote__moves_judge(&run->q, &run->ledger.entries, fault);
		break;
	default:
		return 0;
	}
	if (rc == 0)
		run->phase++;
	return rc < 0 ? rc : run->phase < PHASE_DONE;
}

static int pieces(
	struct run *run, uint64_t max_bytes, int64_t deadline_us, struct tote_fault *fault)
{
	uint64_t begin = run->q.bytes;
	int rc;

	if (run->stopped)
		return 0;
	if (!run->target.place && run->phase != PHASE_DONE)
		return refused(run, fault);
	do {
		run->q.left = max_bytes ? max_bytes - (run->q.bytes - begin) : 0;
		rc = piece(run, fault);
		if (rc == TOTE_E_UNREACHABLE) { /* a finding says so */
			run->stopped = 1;
			tote__fault_clear(fault);
			return 0;
		}
		if (rc < 0)
			run->stopped = 1;
		if (rc <= 0)
			return rc;
	} while ((!max_bytes || run->q.bytes - begin < max_bytes) &&
		 (!deadline_us || tote__clock_monotonic(&run->target.ctx->clock) < deadline_us));
	return 1;
}

int tote__run_step(
	struct run *run, uint64_t max_bytes, int64_t deadline_us, struct tote_fault *fault)
{
	int rc = pieces(run, max_bytes, deadline_us, fault);

	tote__inquiry_rest(&run->q);
	return rc;
}

void tote__run_stop(struct run *run)
{
	struct tote_fault unused;

	if (run->stopped || run->phase == PHASE_DONE)
		return;
	run->stopped = 1;
	memset(&unused, 0, sizeof(unused));
	tote__findings_add(
		&run->q.findings, FINDING_CANCELLED, "", FINDING_NO_SEQ, NULL, NULL, &unused);
}

const struct finding_list *tote__run_findings(const struct run *run)
{
	return &run->q.findings;
}

const struct keyring *tote__run_keys(const struct run *run)
{
	return &run->ledger.entries.keys;
}

/* --- the result ----------------------------------------------------------------------------- */

static uint32_t verdict_of(const struct run *run, const struct run_result *r)
{
	const struct finding_list *list = &run->q.findings;
	int worst = SEVERITY_INFORMATION;

	for (size_t i = 0; i < list->count; i++) {
		int severity = tote__finding_severity(list->items[i].code);

		if (severity > worst)
			worst = severity;
	}
	if (worst == SEVERITY_DAMAGE)
		return TOTE_VERDICT_DAMAGED;
	if (run->phase < PHASE_DONE && !run->stopped)
		return TOTE_VERDICT_NONE;
	if (worst == SEVERITY_INCOMPLETE || run->stopped || run->target.asked || !r->signed_ok ||
		r->entries < r->entries_total || r->assets < r->assets_total)
		return TOTE_VERDICT_INCOMPLETE;
	return TOTE_VERDICT_OK;
}

static void result_of_ledger(const struct run *run, struct run_result *r)
{
	const struct ledger_audit *a = &run->ledger;
	const struct entries *e = &a->entries;
	const struct checkpoint *seen = run->target.seen;

	r->entries = e->next - e->lost;
	r->entries_total = a->total > a->limit ? a->total : a->limit;
	if (r->entries_total < e->next)
		r->entries_total = e->next;
	r->read_to = e->lost ? e->first_lost : e->next;
	r->signed_ok = a->head.state == HEAD_THERE && a->head.is_signed == SIGNED_WELL &&
		       tote__log_audit_is_solved(&a->log);
	if (a->head.state == HEAD_THERE)
		r->head = a->head.checkpoint;
	r->witnessed = a->head.witnessed;
	r->cosigners = a->head.cosigners;
	memcpy(r->cosigned_by, a->head.cosigned_by, sizeof(r->cosigned_by));
	if (seen && run->target.type == LEDGER_CONTAINER && r->signed_ok &&
		seen->size > r->witnessed && seen->size <= r->entries_total)
		r->witnessed = seen->size;
	r->state = e->state;
	r->last_from = e->last_from;
	r->state_moves = e->move_count;
	memcpy(r->last_reason, e->last_reason, sizeof(r->last_reason));
	memcpy(r->last_actor, e->last_actor, sizeof(r->last_actor));
	if (e->lost)
		r->oldest_unverified_us = e->lost_us;
	else if (e->next < r->entries_total)
		r->oldest_unverified_us = e->last_us ? e->last_us : 1;
}

static enum cached cached_of(const struct run *run)
{
	if (run->target.may_cache)
		return CACHED_ASKED;
	return run->q.cached ? CACHED_STORE : CACHED_NOT;
}

uint64_t tote__run_bytes(const struct run *run)
{
	return run->q.bytes;
}

void tote__run_result(const struct run *run, struct run_result *ret)
{
	struct asset_count assets;

	memset(ret, 0, sizeof(*ret));
	result_of_ledger(run, ret);
	ret->through = run->phase == PHASE_DONE;
	ret->cached = cached_of(run);
	ret->unreachable = run->q.unreachable;
	ret->bytes = run->q.bytes;
	ret->bytes_total = run->q.bytes;
	if (is_container(run)) {
		tote__asset_audit_count(&run->assets, &assets);
		ret->assets = assets.verified;
		ret->assets_total = assets.total;
		ret->asked = assets.asked;
		ret->earlier_assets = assets.earlier;
		ret->earlier_bytes = assets.earlier_bytes;
		ret->earlier_us = assets.earlier_us;
		ret->sized = run->target.level != TOTE_LEVEL_STRUCTURE && run->phase > PHASE_WALK;
		if (run->target.level != TOTE_LEVEL_STRUCTURE && run->phase <= PHASE_READ)
			ret->bytes_total += run->assets.bytes_left;
		if (assets.oldest_us && (!ret->oldest_unverified_us ||
						assets.oldest_us < ret->oldest_unverified_us))
			ret->oldest_unverified_us = assets.oldest_us;
	}
	ret->verdict = verdict_of(run, ret);
}
