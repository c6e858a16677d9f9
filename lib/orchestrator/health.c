/* SPDX-License-Identifier: ISC */
/*
 * How a container fares: the reasons for not being well in one order, the worst first, what each is
 * called and what to do about it. No I/O, no clock.
 */
#include "orchestrator/health.h"
#include "audit/schedule.h"
#include "base/ctx.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INPUT_LATE_US SCHEDULE_DAY
#define DAY_S         UINT64_C(86400)

/* --- overdue -------------------------------------------------------------------------------- */

/*
 * How long a record may be without its audit; 0: for ever. The first one is due within a period of the
 * schedule, or at the next opening of its window, which is within a day.
 */
static int64_t age_allowed(const struct tote_status *s, const struct tote_policy *policy)
{
	const uint64_t structure = policy->structure_every_s, full = policy->full_every_s;
	uint64_t allowed = policy->overdue_after_s, first;

	first = !full || (structure && structure < full) ? structure : full;
	if (first && s->flags & TOTE_STATUS_NEVER_AUDITED) {
		first = first > DAY_S ? first : DAY_S;
		allowed = !allowed || first < allowed ? first : allowed;
	}
	return (int64_t)allowed * SCHEDULE_SECOND;
}

void tote__health_overdue(
	struct tote_status *s, const struct tote_policy *policy, int64_t since_us, int64_t now_us)
{
	const int64_t last = s->last_full_audit_us ? s->last_full_audit_us : since_us;
	const int64_t age = age_allowed(s, policy);

	s->overdue_us = age && last <= INT64_MAX - age ? last + age : 0;
	if (s->overdue_us && s->overdue_us <= now_us)
		s->flags |= TOTE_STATUS_OVERDUE;
}

/* --- the order ------------------------------------------------------------------------------ */

struct question {
	const struct tote_status *s;
	const struct tote_policy *policy;
	int64_t now_us;
};

static int has(const struct question *q, uint32_t flag)
{
	return (q->s->flags & flag) != 0;
}

static int is_record(const struct question *q)
{
	return !strcmp(q->s->id, "orchestrator");
}

static int record_damaged(const struct question *q)
{
	return has(q, TOTE_STATUS_DAMAGED) && is_record(q);
}

static int unreadable(const struct question *q)
{
	return has(q, TOTE_STATUS_DAMAGED);
}

static int flag(const struct question *q)
{
	return q->s->flags_open != 0;
}

static int damaged(const struct question *q)
{
	return q->s->verdict == TOTE_VERDICT_DAMAGED && !q->s->flags_standing;
}

static int standing_damaged(const struct question *q)
{
	return q->s->verdict == TOTE_VERDICT_DAMAGED;
}

static int gone(const struct question *q)
{
	return has(q, TOTE_STATUS_DETACHED) || q->s->state == TOTE_STATE_DISPOSED;
}

static int shorter(const struct question *q)
{
	return !has(q, TOTE_STATUS_UNREACHABLE) &&
	       (q->s->entries < q->s->audited_entries || q->s->entries < q->s->witnessed);
}

static int unreachable(const struct question *q)
{
	return has(q, TOTE_STATUS_UNREACHABLE);
}

static int incomplete(const struct question *q)
{
	return q->s->verdict == TOTE_VERDICT_INCOMPLETE || has(q, TOTE_STATUS_UNREAD);
}

static int standing(const struct question *q)
{
	return q->s->flags_standing != 0;
}

static int overdue(const struct question *q)
{
	return has(q, TOTE_STATUS_OVERDUE);
}

static int never(const struct question *q)
{
	return has(q, TOTE_STATUS_NEVER_AUDITED);
}

static int waits(const struct question *q)
{
	return !unreachable(q) && q->s->covered < q->s->entries;
}

/* It is missed when something is to be signed; that it is gone the orchestrator's audit finds. */
static int no_key(const struct question *q)
{
	return has(q, TOTE_STATUS_NO_KEY) && waits(q);
}

static int unsigned_late(const struct question *q)
{
	const int64_t age = (int64_t)q->policy->fold_after_s * SCHEDULE_SECOND;

	return waits(q) && age && q->s->unfolded_since_us &&
	       q->now_us - q->s->unfolded_since_us > 2 * age;
}

static int cosignatures(const struct question *q)
{
	return q->s->cosigners_have < q->s->cosigners_wanted;
}

static int input_late(const struct question *q)
{
	return q->s->input_since_us && q->now_us - q->s->input_since_us > INPUT_LATE_US;
}

/* What was flagged is acknowledged and whole again, or another reason would have come before. */
static int suspended(const struct question *q)
{
	return has(q, TOTE_STATUS_FLAG_SUSPENDED);
}

/* The consolidated record is never without entries since its audit: the audits of the others. */
static int newer(const struct question *q)
{
	return q->s->level != TOTE_LEVEL_FULL || has(q, TOTE_STATUS_CACHED_ASKED) ||
	       (q->s->entries > q->s->audited_entries && !is_record(q));
}

static int always(const struct question *q)
{
	(void)q;
	return 1;
}

/*
 * One may stand for several: what comes first hides what comes behind. `health` alone is the order
 * in which containers are shown.
 */
static const struct {
	uint32_t health;
	int (*holds)(const struct question *q);
} order[] = {
	{TOTE_HEALTH_RECORD_DAMAGED, record_damaged},
	{TOTE_HEALTH_FLAG, flag},
	{TOTE_HEALTH_GONE, gone},
	{TOTE_HEALTH_DAMAGED, damaged},
	{TOTE_HEALTH_UNREADABLE, unreadable},
	{TOTE_HEALTH_STANDING, standing_damaged},
	{TOTE_HEALTH_UNREACHABLE, unreachable},
	{TOTE_HEALTH_SHORTER, shorter},
	{TOTE_HEALTH_INCOMPLETE, incomplete},
	{TOTE_HEALTH_STANDING, standing},
	{TOTE_HEALTH_OVERDUE, overdue},
	{TOTE_HEALTH_NEVER_AUDITED, never},
	{TOTE_HEALTH_NO_KEY, no_key},
	{TOTE_HEALTH_UNSIGNED_LATE, unsigned_late},
	{TOTE_HEALTH_COSIGNATURES, cosignatures},
	{TOTE_HEALTH_INPUT_LATE, input_late},
	{TOTE_HEALTH_SUSPENDED, suspended},
	{TOTE_HEALTH_NEWER, newer},
	{TOTE_HEALTH_UNSIGNED, waits},
	{TOTE_HEALTH_WELL, always},
};

uint32_t tote__health_judge(
	const struct tote_status *s, const struct tote_policy *policy, int64_t now_us)
{
	const struct question q = {.s = s, .policy = policy, .now_us = now_us};
	size_t i = 0;

	while (!order[i].holds(&q))
		i++;
	return order[i].health;
}

/* --- in words ------------------------------------------------------------------------------- */

/* advice: %I the ID, %F the flag, %C its code. */
static const struct {
	uint32_t health;
	const char *name, *text, *advice;
} words[] = {
	{TOTE_HEALTH_GONE, "gone", "it was detached or disposed of, and is not minded any more",
		""},
	{TOTE_HEALTH_WELL, "well", "all of it was looked at and found whole", ""},
	{TOTE_HEALTH_UNSIGNED, "unsigned", "entries wait for a signature", ""},
	{TOTE_HEALTH_NEWER, "newer",
		"not all of it was looked at by the last audit: entries came since, or only its "
		"structure was audited, or what memory holds of it (--cached)",
		"totectl audit %I"},
	{TOTE_HEALTH_SUSPENDED, "suspended",
		"a flag suspended it, which is acknowledged now: it takes nothing",
		"once the cause is mended: totectl resume %I --reason TEXT"},
	{TOTE_HEALTH_INPUT_LATE, "input-late",
		"a document waits for a decision for more than a day", "totectl input list %I"},
	{TOTE_HEALTH_COSIGNATURES, "cosignatures",
		"its newest checkpoint has fewer outside cosignatures than its policy asks for",
		"send a request to its witnesses, then merge the answers: totectl witness request "
		"%I"},
	{TOTE_HEALTH_UNSIGNED_LATE, "unsigned-late",
		"entries wait for a signature longer than its policy allows",
		"totectl checkpoint %I"},
	{TOTE_HEALTH_NO_KEY, "no-key",
		"entries wait for a signature, and its signing key is not in orchestrator/keys",
		"bring orchestrator/keys/%I back from a copy; where it is lost for good: totectl "
		"rekey %I --reason TEXT --yes"},
	{TOTE_HEALTH_NEVER_AUDITED, "never-audited", "no audit has ever looked at it",
		"totectl audit %I"},
	{TOTE_HEALTH_OVERDUE, "overdue",
		"its last full audit is older than its policy allows, or none came in time",
		"totectl audit %I"},
	{TOTE_HEALTH_INCOMPLETE, "incomplete", "the last audit could not look at all of it",
		"totectl audit %I"},
	{TOTE_HEALTH_UNREACHABLE, "unreachable", "its ledger cannot be read now",
		"mount, permit or restore its place, then: totectl audit %I"},
	{TOTE_HEALTH_STANDING, "standing", "damage that is acknowledged, and not mended",
		"restore what is damaged, or, where it is lost for good, totectl detach %I "
		"--reason "
		"TEXT; then: totectl audit %I"},
	{TOTE_HEALTH_SHORTER, "shorter",
		"its ledger has fewer entries than were audited: an older copy lies there, or it "
		"was "
		"cut",
		"totectl audit %I"},
	{TOTE_HEALTH_UNREADABLE, "unreadable",
		"entries that were durable cannot be read now, and it takes none",
		"an audit puts that on record and says what to mend: totectl audit %I"},
	{TOTE_HEALTH_DAMAGED, "damaged", "the last audit found damage", "totectl audit %I"},
	{TOTE_HEALTH_FLAG, "flag", "a flag is raised that nobody has acknowledged",
		"what it means and how to mend it: totectl explain %C"},
	{TOTE_HEALTH_RECORD_DAMAGED, "record-damaged",
		"the consolidated record cannot be read as a whole",
		"bring orchestrator/ledger back from a copy; what is damaged says: totectl audit "
		"orchestrator"},
};

static const char unread_advice[] =
	"more is on record than may be read here; its owner runs: totectl audit orchestrator";
static const char cleared_advice[] = "a later audit found it whole: totectl ack %F --reason TEXT";

static size_t index_of(uint32_t health)
{
	size_t i = 0;

	while (i < sizeof(words) / sizeof(words[0]) && words[i].health != health)
		i++;
	return i;
}

const char *tote_health_name(uint32_t health)
{
	const size_t i = index_of(health);

	return i < sizeof(words) / sizeof(words[0]) ? words[i].name : NULL;
}

const char *tote_health_text(uint32_t health)
{
	const size_t i = index_of(health);

	return i < sizeof(words) / sizeof(words[0]) ? words[i].text : NULL;
}

static const char *advice_for(const struct tote_status *s, size_t i)
{
	if (s->health == TOTE_HEALTH_INCOMPLETE && s->flags & TOTE_STATUS_UNREAD)
		return unread_advice;
	if (s->health == TOTE_HEALTH_FLAG && s->flags & TOTE_STATUS_FLAGS_CLEARED)
		return cleared_advice;
	return words[i].advice;
}

static void put(char *out, size_t cap, size_t *len, const char *text, size_t text_len)
{
	if (*len + text_len < cap)
		memcpy(out + *len, text, text_len);
	*len += text_len;
}

/* The length of the whole, of which at most cap - 1 bytes were put. */
static size_t fill_in(const char *advice, const struct tote_status *s, char *out, size_t cap)
{
	char number[24];
	size_t len = 0;

	for (; *advice; advice++) {
		if (*advice != '%') {
			put(out, cap, &len, advice, 1);
			continue;
		}
		advice++;
		if (*advice == 'F')
			snprintf(number, sizeof(number), "%" PRIu64, s->flag);
		else
			snprintf(number, sizeof(number), "TOTE-%04d", (int)s->flag_code);
		if (*advice == 'I')
			put(out, cap, &len, s->id, strnlen(s->id, sizeof(s->id)));
		else
			put(out, cap, &len, number, strlen(number));
	}
	return len;
}

int tote_status_advice(
	const struct tote_status *status, char *ret_text, size_t cap, struct tote_fault *fault)
{
	char text[256];
	size_t i, len;

	FAULT_BEGIN(fault);
	if (!status || !ret_text)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"advice: the status or the place for it is missing");
	if (status->size < offsetof(struct tote_status, flag) + sizeof(status->flag) ||
		(i = index_of(status->health)) == sizeof(words) / sizeof(words[0]))
		return tote__fault(fault, TOTE_E_ARGUMENT, "advice: this status has no health");
	len = fill_in(advice_for(status, i), status, text, sizeof(text));
	if (len >= cap)
		return tote__fault(fault, TOTE_E_TOO_LARGE, "advice: it needs %zu bytes", len + 1);
	memcpy(ret_text, text, len);
	ret_text[len] = '\0';
	return 0;
}
