/* SPDX-License-Identifier: ISC */
/*
 * The order in which a ledger is audited: the bound first, then log, names and journal.
 */
#include "audit/ledger_audit.h"
#include "store/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 128

enum {
	PHASE_OPEN,
	PHASE_READ,
	PHASE_JUDGE,
	PHASE_BLAME,
	PHASE_UPPER,
	PHASE_TAIL,
	PHASE_END,
	PHASE_NAMES,
	PHASE_JOURNAL,
	PHASE_DONE
};

int tote__ledger_audit_init(struct ledger_audit *a, struct inquiry *q, struct tote_fault *fault)
{
	int rc;

	memset(a, 0, sizeof(*a));
	a->q = q;
	tote__head_init(&a->head, q);
	rc = tote__entries_init(&a->entries, q, fault);
	if (rc == 0)
		rc = tote__log_audit_init(&a->log, q, &a->entries, fault);
	if (rc == 0)
		rc = tote__log_names_init(&a->names, q, &a->log, fault);
	if (rc == 0)
		rc = tote__journal_audit_init(&a->journal, q, &a->log, fault);
	return rc;
}

void tote__ledger_audit_free(struct ledger_audit *a)
{
	if (!a->q)
		return;
	if (a->have_view)
		tote__view_close(&a->view);
	tote__journal_audit_free(&a->journal);
	tote__log_names_free(&a->names);
	tote__log_audit_free(&a->log);
	tote__entries_free(&a->entries);
	tote__head_free(&a->head);
	memset(a, 0, sizeof(*a));
}

/* --- the bound ------------------------------------------------------------------------------ */

/* What does not hold still may be damaged: that, only a holder of byte 0 can tell. */
static int open_view_held(struct ledger_audit *a, struct tote_fault *fault)
{
	int hold = tote__inquiry_hold(a->q), r = TOTE_E_BUSY;

	if (hold == HOLD_STILL) {
		a->concluding = 1;
		r = tote__view_open(
			&a->view, a->q->place, VIEW_NOBODY_WRITES | VIEW_UNCACHED, fault);
	} else if (hold == HOLD_HELD) {
		r = tote__view_open(&a->view, a->q->place, VIEW_UNCACHED, fault);
	}
	tote__inquiry_release(a->q);
	return r;
}

static int open_view(struct ledger_audit *a, struct tote_fault *fault)
{
	uint32_t flags = VIEW_UNCACHED | (a->q->still ? VIEW_NOBODY_WRITES : 0);
	struct tote_fault why;
	int r;

	memset(&why, 0, sizeof(why));
	a->concluding = a->q->still;
	r = tote__view_open(&a->view, a->q->place, flags, &why);
	if (r == TOTE_E_BUSY && !a->q->still) {
		struct tote_fault held;

		memset(&held, 0, sizeof(held));
		if (open_view_held(a, &held) == 0)
			r = 0;
	}
	a->have_view = r == 0;
	if (r == 0)
		return 0;
	a->nothing = r == TOTE_E_NOT_FOUND;
	a->restless = r == TOTE_E_BUSY;
	if (a->nothing || a->restless)
		return 0;
	*fault = why;
	return tote__inquiry_failed(a->q, SPACE_JOURNAL, "", r, fault);
}

static int begin_log(struct ledger_audit *a, struct tote_fault *fault)
{
	int early = a->have_view && !a->view.replay.damaged && a->head.state == HEAD_NONE;
	uint8_t empty[HASH_LEN];

	tote__hash_bytes(a->q->engine, "", 0, empty);
	if (early) /* the first fold was never finished: all is in the journal */
		return tote__log_audit_begin(&a->log, 0, empty, fault);
	if (a->head.state == HEAD_THERE)
		return tote__log_audit_begin(
			&a->log, a->head.checkpoint.size, a->head.checkpoint.root, fault);
	return tote__log_audit_begin(&a->log, 0, NULL, fault);
}

static int missing_checkpoint(struct ledger_audit *a, struct tote_fault *fault)
{
	if (a->head.state != HEAD_NONE || !(a->nothing || a->log.loose))
		return 0;
	return tote__inquiry_find(a->q, FINDING_CHECKPOINT_MISSING, SPACE_LOG, CHECKPOINT_NAME,
		FINDING_NO_SEQ, "a signed checkpoint", "none", fault);
}

static int open_ledger(struct ledger_audit *a, struct tote_fault *fault)
{
	int rc = open_view(a, fault);

	if (rc < 0)
		return rc;
	if (a->have_view && a->view.replay.have_checkpoint)
		rc = tote__head_take(&a->head, &a->view.replay.note, fault);
	else
		rc = tote__head_read(&a->head, fault);
	if (rc == 0)
		rc = begin_log(a, fault);
	if (rc == 0)
		rc = missing_checkpoint(a, fault);
	if (rc < 0)
		return rc;
	a->limit = a->have_view ? a->view.limit : a->head.checkpoint.size;
	a->phase = PHASE_READ;
	return 1;
}

/* --- judging what was read ------------------------------------------------------------------ */

/*
 * A checkpoint whose signature does not verify and whose root nothing gives says nothing at all,
 * its size included: the log is read again for what it is by itself, so that one changed byte of
 * the checkpoint is one finding.
 */
static int judge(struct ledger_audit *a, struct tote_fault *fault)
{
	int is_signed = SIGNED_NOT, rc;

	if (a->head.state == HEAD_THERE)
		is_signed = tote__head_signed(&a->head, &a->entries);
	if (!a->log.loose && a->head.state == HEAD_THERE && !tote__log_audit_is_solved(&a->log) &&
		(is_signed == SIGNED_BAD || is_signed == SIGNED_NOT)) {
		rc = tote__log_audit_begin(&a->log, 0, NULL, fault);
		a->phase = PHASE_READ;
		return rc < 0 ? rc : 1;
	}
	a->phase = PHASE_BLAME;
	rc = tote__head_judge(&a->head, &a->entries, fault);
	if (rc == 0 && !a->log.loose && !tote__log_audit_is_solved(&a->log) &&
		a->head.state == HEAD_THERE && a->log.evidence.suspect_count == 0)
		rc = tote__inquiry_find(a->q, FINDING_ROOT_DIFFERS, SPACE_LOG, CHECKPOINT_NAME,
			FINDING_NO_SEQ, "the root that entries and tiles give", "another root",
			fault);
	return rc < 0 ? rc : 1;
}

/* --- the journal's entries ------------------------------------------------------------------ */

static void begin_tail(struct ledger_audit *a)
{
	const struct checkpoint *seen = a->q->target->seen;

	a->seq = a->log.size;
	a->group = 0;
	a->have_tree = 0;
	if (a->log.loose || !seen || seen->size <= a->log.size ||
		!tote__log_audit_is_solved(&a->log))
		return;
	a->have_tree = tote__evidence_frontier(&a->log.evidence, a->log.size, &a->tree);
}

static void grow_tree(struct ledger_audit *a, const uint8_t leaf[HASH_LEN])
{
	if (!a->have_tree)
		return;
	tote__frontier_append(&a->tree, a->q->engine, leaf);
	if (a->tree.size != a->q->target->seen->size)
		return;
	tote__frontier_root(&a->tree, a->q->engine, a->seen_root);
	a->have_seen_root = 1;
}

/* Nothing was found in the log, and its root was confirmed. */
static int log_is_clean(const struct ledger_audit *a)
{
	const struct finding_list *list = &a->q->findings;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].code < 2000 &&
			tote__finding_severity(list->items[i].code) == SEVERITY_DAMAGE)
			return 0;
	return tote__log_audit_is_solved(&a->log) || a->log.size == 0;
}

/* Entries that the journal should hold and that are not to be had. */
static int end_of_tail(struct ledger_audit *a, struct tote_fault *fault)
{
	uint64_t mark = tote__inquiry_mark(a->q);
	int rc = 0;

	a->total = a->seq > a->entries.next ? a->seq : a->entries.next;
	if (a->log.loose || (a->have_view && a->view.replay.damaged) || !a->have_view) {
		if (a->have_view && a->view.replay.damaged && a->view.replay.damaged_at >= a->total)
			a->total = a->view.replay.damaged_at + 1;
		if (mark > a->total)
			a->total = mark;
	}
	if (a->limit > a->total && !a->log.loose)
		a->total = a->limit;
	tote__entries_skip(&a->entries, a->total - a->entries.next, NULL);
	a->phase = PHASE_END;
	/* where the log is damaged, that is why no reader finds it whole */
	if (a->restless && log_is_clean(a))
		rc = tote__inquiry_find(a->q, FINDING_CHANGING, SPACE_JOURNAL, "", FINDING_NO_SEQ,
			"a journal that holds still for a moment", "one that does not", fault);
	return rc < 0 ? rc : 1;
}

static int tail_failed(struct ledger_audit *a, int r, struct tote_fault *fault)
{
	char name[PATH_KEPT_MAX];
	int rc;

	tote__path_segment(a->view.replay.groups[a->group].segment, name);
	if (r == TOTE_E_DAMAGED || r == TOTE_E_NOT_FOUND) {
		char text[sizeof(fault->text)];

		snprintf(text, sizeof(text), "%s", fault->text);
		rc = tote__inquiry_find(a->q,
			a->q->still ? FINDING_JOURNAL_DAMAGED : FINDING_CHANGING, SPACE_JOURNAL,
			name, a->seq, NULL, text, fault);
	} else {
		rc = tote__inquiry_failed(a->q, SPACE_JOURNAL, name, r, fault);
	}
	if (rc < 0)
		return rc;
	tote__entries_skip(&a->entries, a->limit - a->seq, NULL);
	a->seq = a->limit;
	return 1;
}

/* The entries of one group. */
static int read_group(
	struct ledger_audit *a, const struct group_place *at, struct tote_fault *fault)
{
	uint64_t end = at->group.first_seq + at->group.count;
	char name[PATH_KEPT_MAX];

	tote__path_segment(at->segment, name);
	for (; a->seq < end && a->seq < a->limit; a->seq++) {
		struct tote_fault why;
		uint8_t leaf[HASH_LEN];
		const uint8_t *bytes;
		size_t len;
		int rc;

		memset(&why, 0, sizeof(why));
		rc = tote__view_read(&a->view, a->seq, &bytes, &len, leaf, NULL, &why);
		if (rc < 0) {
			*fault = why;
			return tail_failed(a, rc, fault);
		}
		grow_tree(a, leaf);
		rc = tote__entries_take(&a->entries, bytes, len, leaf, SPACE_JOURNAL, name, fault);
		if (rc < 0)
			return rc;
	}
	return 1;
}

static int read_tail(struct ledger_audit *a, struct tote_fault *fault)
{
	int rc;

	if (a->log.loose || !a->have_view || a->seq >= a->limit ||
		a->group >= a->view.replay.group_count)
		return end_of_tail(a, fault);
	rc = read_group(a, &a->view.replay.groups[a->group], fault);
	a->group++;
	return rc;
}

static int end_of_entries(struct ledger_audit *a, struct tote_fault *fault)
{
	char was[TEXT_MAX];
	int rc = tote__entries_end(&a->entries, fault);

	a->phase = PHASE_NAMES;
	if (rc < 0 || a->nothing)
		return rc < 0 ? rc : 1;
	if (a->head.state == HEAD_NONE && !a->log.loose) {
		rc = tote__inquiry_find(a->q, FINDING_UNSIGNED, SPACE_LOG, CHECKPOINT_NAME,
			FINDING_NO_SEQ, "a checkpoint", "none yet", fault);
	} else if (!a->log.loose && a->seq > a->log.size) {
		snprintf(was, sizeof(was), "%" PRIu64 " of them", a->seq - a->log.size);
		rc = tote__inquiry_find(a->q, FINDING_UNSIGNED, SPACE_JOURNAL, "", FINDING_NO_SEQ,
			"no entries above the checkpoint", was, fault);
	}
	return rc < 0 ? rc : 1;
}

int tote__ledger_audit_step(struct ledger_audit *a, struct tote_fault *fault)
{
	int rc = 0;

	switch (a->phase) {
	case PHASE_OPEN:
		return open_ledger(a, fault);
	case PHASE_READ:
		rc = tote__log_audit_read(&a->log, fault);
		break;
	case PHASE_JUDGE:
		return judge(a, fault);
	case PHASE_BLAME:
		rc = tote__log_audit_blame(&a->log, fault);
		break;
	case PHASE_UPPER:
		rc = tote__log_audit_upper(&a->log, fault);
		if (rc == 0)
			begin_tail(a);
		break;
	case PHASE_TAIL:
		return read_tail(a, fault);
	case PHASE_END:
		return end_of_entries(a, fault);
	case PHASE_NAMES:
		rc = tote__log_names_step(&a->names, fault);
		break;
	case PHASE_JOURNAL:
		if (a->q->target->layout != LAYOUT_LOG)
			rc = tote__journal_audit_step(&a->journal, fault);
		break;
	default:
		return 0;
	}
	if (rc == 0)
		a->phase++;
	return rc < 0 ? rc : a->phase < PHASE_DONE;
}

/* --- the second look ------------------------------------------------------------------------ */

/* The root of the first size entries. */
static int root_of(void *user, uint64_t size, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	struct ledger_audit *a = user;
	const struct checkpoint *seen = a->q->target->seen;
	struct frontier f;
	int r;

	if (a->log.loose || !tote__log_audit_is_solved(&a->log))
		return 0;
	if (size > a->log.size) {
		if (!a->have_seen_root || !seen || seen->size != size)
			return 0;
		memcpy(out, a->seen_root, HASH_LEN);
		return 1;
	}
	r = tote__log_audit_root(&a->log, size, &f, fault);
	if (r > 0)
		tote__frontier_root(&f, a->q->engine, out);
	return r;
}

static struct seen_facts facts_of(struct ledger_audit *a, uint64_t end, int known)
{
	return (struct seen_facts){.end = end, .end_known = known, .root = root_of, .user = a};
}

int tote__ledger_audit_is_odd(struct ledger_audit *a, struct tote_fault *fault)
{
	struct seen_facts facts = facts_of(a, a->limit, a->have_view);

	if (a->names.again.count || a->journal.again.count || a->journal.odd_count || a->concluding)
		return 1;
	return tote__seen_is_odd(&a->head, &facts, fault);
}

int tote__ledger_audit_again(
	struct ledger_audit *a, int hold, struct view *now, struct tote_fault *fault)
{
	int sure = hold != HOLD_NONE && now;
	struct seen_facts facts = facts_of(a, now ? now->limit : a->limit, now || a->have_view);
	int clean = log_is_clean(a);
	int rc = tote__log_names_again(&a->names, now, sure, fault);

	if (rc == 0 && a->q->target->layout != LAYOUT_LOG)
		rc = tote__journal_audit_again(&a->journal, clean,
			hold == HOLD_NONE ? JOURNAL_NO_CONCLUSION
			: a->concluding   ? JOURNAL_CONCLUDE
					  : JOURNAL_IF_ODD,
			fault);
	if (rc == 0)
		rc = tote__seen_judge(&a->head, &facts, fault);
	return rc;
}
