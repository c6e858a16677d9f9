/* SPDX-License-Identifier: ISC */
/*
 * One status, and what to do next, in words and in JSON.
 */
#include "status_text.h"

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "verbs.h"

const char *status_state(const struct tote_status *s)
{
	const char *name = tote_state_name(s->state);

	if (s->flags & TOTE_STATUS_DETACHED)
		return "detached";
	return name && strcmp(s->id, "orchestrator") != 0 ? name : "-";
}

/* What is there now says more than what was there at the last audit; NULL: it does not. */
static const char *worse_now(const struct tote_status *s)
{
	if (s->flags & TOTE_STATUS_DAMAGED)
		return strcmp(s->id, "orchestrator") != 0 ? "unreadable" : "damaged";
	if (s->flags & TOTE_STATUS_UNREACHABLE && s->verdict != TOTE_VERDICT_DAMAGED)
		return "unreachable";
	return s->health == TOTE_HEALTH_SHORTER ? "shorter" : NULL;
}

const char *status_verdict(const struct tote_status *s)
{
	const char *worse = worse_now(s);

	if (worse)
		return worse;
	if (s->verdict == TOTE_VERDICT_OK && s->level == TOTE_LEVEL_STRUCTURE)
		return "ok (structure)";
	return s->flags & TOTE_STATUS_NEVER_AUDITED ? "never audited" : verdict_name(s->verdict);
}

const char *status_cached(const struct tote_status *s)
{
	return s->flags & TOTE_STATUS_CACHED && !worse_now(s) ? ", cached" : "";
}

/* ---- what next ---- */

/* In figures, what its health says in words. */
static void now_text(const struct tote_status *s)
{
	char number[3][TEXT_MAX];

	switch (s->health) {
	case TOTE_HEALTH_SHORTER:
		out_line("    now   %s entries, where %s were audited and %s witnessed",
			text_count(number[0], s->entries),
			text_count(number[1], s->audited_entries),
			text_count(number[2], s->witnessed));
		break;
	case TOTE_HEALTH_OVERDUE:
		out_line("    now   overdue since %s; the last full audit was %s",
			text_minute(number[0], s->overdue_us),
			s->last_full_audit_us ? text_minute(number[1], s->last_full_audit_us)
					      : "never");
		break;
	case TOTE_HEALTH_NO_KEY:
	case TOTE_HEALTH_UNSIGNED_LATE:
		out_line("    now   %s unsigned, the oldest of %s",
			text_count(number[0], s->entries - s->covered),
			text_minute(number[1], s->unfolded_since_us));
		break;
	case TOTE_HEALTH_COSIGNATURES:
		out_line("    now   %" PRIu32 " of %" PRIu32, s->cosigners_have,
			s->cosigners_wanted);
		break;
	case TOTE_HEALTH_INPUT_LATE:
		out_line("    now   %s waiting, the oldest of %s",
			text_count(number[0], s->input_waiting),
			text_minute(number[1], s->input_since_us));
		break;
	default:
		break;
	}
}

void place_text(struct call *call, const struct tote_status *s)
{
	struct tote_container c = {.size = sizeof(c)};
	struct tote_fault unused;

	if (tote_orchestrator_find(call->orchestrator, s->id, &c, &unused) == 0) {
		fputs("    at    ", stdout);
		out_string(stdout, c.location);
		putchar('\n');
	}
	if (*s->why) {
		fputs("    now   ", stdout);
		out_string(stdout, s->why);
		putchar('\n');
	} else {
		now_text(s);
	}
}

static void next_line(const char *text)
{
	out_line("    next  %s", text);
}

void advice_text(const struct tote_status *s)
{
	char text[256];
	struct tote_fault fault;

	if (s->health != TOTE_HEALTH_FLAG || s->flags & TOTE_STATUS_FLAGS_CLEARED) {
		if (tote_status_advice(s, text, sizeof(text), &fault) == 0 && *text)
			next_line(text);
		return;
	}
	/* what to mend stands below each flag */
	snprintf(text, sizeof(text), "see it whole: totectl audit %s", s->id);
	next_line(text);
	snprintf(text, sizeof(text), "say what %s was: totectl ack %" PRIu64 " --reason TEXT",
		s->flags_open > 1 ? "each" : "it", s->flag);
	next_line(text);
}

/* ---- JSON ---- */

static void put_time(struct json *j, const char *key, int64_t time_us)
{
	if (time_us)
		json_time(j, key, time_us);
}

static void put_flag(struct json *j, const char *key, const struct tote_status *s, uint32_t bit)
{
	json_bool(j, key, (s->flags & bit) != 0);
}

/* As old as the last audit. */
static void put_record(struct json *j, const struct tote_status *s)
{
	json_string(j, "verdict",
		s->flags & TOTE_STATUS_NEVER_AUDITED ? "none" : verdict_name(s->verdict));
	json_string(j, "level", level_name(s->level));
	json_bool(j, "cached", (s->flags & TOTE_STATUS_CACHED) != 0);
	if (s->flags & TOTE_STATUS_CACHED)
		json_string(
			j, "cached_by", s->flags & TOTE_STATUS_CACHED_ASKED ? "asked" : "store");
	if (s->last_audit_us)
		json_number(j, "run", s->run);
	put_time(j, "last_audit", s->last_audit_us);
	put_time(j, "last_full_audit", s->last_full_audit_us);
	put_time(j, "last_success", s->last_success_us);
	put_time(j, "next_structure_audit", s->next_structure_us);
	put_time(j, "next_full_audit", s->next_full_us);
	put_time(j, "overdue_from", s->overdue_us);
	json_number(j, "audited_entries", s->audited_entries);
	json_number(j, "audited_assets", s->audited_assets);
	json_number(j, "audited_bytes", s->audited_bytes);
	json_number(j, "witnessed_size", s->witnessed);
	json_number(j, "verified_days", TOTE_HEALTH_DAYS);
	json_number(j, "verified_entries", s->verified_entries);
	json_number(j, "verified_assets", s->verified_assets);
	json_number(j, "verified_bytes", s->verified_bytes);
	put_time(j, "oldest_unverified", s->oldest_unverified_us);
	json_number(j, "flags_open", s->flags_open);
	json_number(j, "flags_standing", s->flags_standing);
	if (s->flags_open)
		json_number(j, "flag", s->flag);
}

/* As it is now. */
static void put_ledger(struct json *j, const struct tote_status *s)
{
	json_bool(j, "shorter", s->health == TOTE_HEALTH_SHORTER);
	if (!(s->flags & TOTE_STATUS_UNREACHABLE)) {
		json_number(j, "entries", s->entries);
		json_number(j, "covered", s->covered);
		json_digest(j, "root", s->root);
	}
	put_time(j, "unfolded_since", s->unfolded_since_us);
	if (!(s->flags & TOTE_STATUS_INPUT_UNSEEN))
		json_number(j, "input_waiting", s->input_waiting);
	put_time(j, "input_since", s->input_since_us);
	json_number(j, "cosigners_wanted", s->cosigners_wanted);
	json_number(j, "cosigners_have", s->cosigners_have);
}

void status_json(const struct tote_status *s)
{
	struct tote_fault fault;
	char next[256] = "";
	struct json j;

	json_begin(&j, stdout, "status");
	json_string(&j, "container", s->id);
	json_string(&j, "health", tote_health_name(s->health));
	json_string(&j, "reason", tote_health_text(s->health));
	tote_status_advice(s, next, sizeof(next), &fault);
	json_string(&j, "next", next);
	json_string(&j, "state", status_state(s));
	if (*s->why)
		json_bytes(&j, "why", s->why, strlen(s->why));
	put_record(&j, s);
	put_flag(&j, "unreachable", s, TOTE_STATUS_UNREACHABLE);
	put_flag(&j, "damaged", s, TOTE_STATUS_DAMAGED);
	put_flag(&j, "unread", s, TOTE_STATUS_UNREAD);
	put_flag(&j, "never_audited", s, TOTE_STATUS_NEVER_AUDITED);
	put_flag(&j, "overdue", s, TOTE_STATUS_OVERDUE);
	put_flag(&j, "no_key", s, TOTE_STATUS_NO_KEY);
	put_flag(&j, "suspended_by_flag", s, TOTE_STATUS_FLAG_SUSPENDED);
	put_ledger(&j, s);
	json_end(&j);
}
