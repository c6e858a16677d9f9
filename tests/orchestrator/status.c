/* SPDX-License-Identifier: ISC */
/*
 * How containers fare: the reasons in their order, and the list that begins with the worst.
 */
#include "orchestrator/health.h"
#include "orchestrator/outcome.h"
#include "orchestrator/policy_fields.h"
#include "orchestrator/root.h"
#include <sys/stat.h>

#define NOW        INT64_C(1800000000000000)
#define HOUR       INT64_C(3600000000)
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Audited whole an hour ago, nothing new, all signed. */
static struct tote_status well(void)
{
	return (struct tote_status){.size = sizeof(struct tote_status),
		.state = TOTE_STATE_ACTIVE,
		.verdict = TOTE_VERDICT_OK,
		.level = TOTE_LEVEL_FULL,
		.last_audit_us = NOW - HOUR,
		.last_full_audit_us = NOW - HOUR,
		.audited_entries = 10,
		.witnessed = 10,
		.entries = 10,
		.covered = 10,
		.flag = TOTE_SEQ_ANY,
		.id = "box"};
}

static void is_damaged(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->verdict = TOTE_VERDICT_DAMAGED;
}

static void is_standing(struct tote_status *s, struct tote_policy *p)
{
	is_damaged(s, p);
	s->flags_standing = 1;
}

static void has_flag(struct tote_status *s, struct tote_policy *p)
{
	is_damaged(s, p);
	s->flags_open = 1;
}

static void lost_record(struct tote_status *s, struct tote_policy *p)
{
	has_flag(s, p);
	s->flags |= TOTE_STATUS_DAMAGED;
	snprintf(s->id, sizeof(s->id), "orchestrator");
}

static void is_unreadable(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->flags |= TOTE_STATUS_DAMAGED;
}

static void is_unreachable(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->flags |= TOTE_STATUS_UNREACHABLE;
	s->entries = s->covered = 0;
}

static void is_shorter(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->entries = s->covered = 9;
}

static void lost_what_was_audited(struct tote_status *s, struct tote_policy *p)
{
	is_shorter(s, p);
	s->witnessed = 0;
}

static void lost_what_was_witnessed(struct tote_status *s, struct tote_policy *p)
{
	is_shorter(s, p);
	s->audited_entries = 9;
}

static void is_incomplete(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->verdict = TOTE_VERDICT_INCOMPLETE;
}

static void is_unread(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->flags |= TOTE_STATUS_UNREAD;
}

static void is_overdue(struct tote_status *s, struct tote_policy *p)
{
	s->last_full_audit_us = NOW - (int64_t)p->overdue_after_s * 1000000;
}

static void was_never_audited(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->flags |= TOTE_STATUS_NEVER_AUDITED;
	s->last_audit_us = s->last_full_audit_us = 0;
	s->verdict = s->level = 0;
	s->audited_entries = s->witnessed = 0;
}

static void waits(struct tote_status *s, struct tote_policy *p)
{
	s->covered = 8;
	s->unfolded_since_us = NOW - 2 * (int64_t)p->fold_after_s * 1000000;
}

static void waits_long(struct tote_status *s, struct tote_policy *p)
{
	waits(s, p);
	s->unfolded_since_us--;
}

static void waits_by_policy(struct tote_status *s, struct tote_policy *p)
{
	waits_long(s, p);
	p->fold_after_s = 0;
}

static void lost_its_key(struct tote_status *s, struct tote_policy *p)
{
	waits(s, p);
	s->flags |= TOTE_STATUS_NO_KEY;
}

static void misses_a_key_for_nothing(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->flags |= TOTE_STATUS_NO_KEY;
}

static void lacks_cosignatures(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->cosigners_wanted = 2;
	s->cosigners_have = 1;
}

static void has_input(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->input_waiting = 1;
	s->input_since_us = NOW - 24 * HOUR;
}

static void has_late_input(struct tote_status *s, struct tote_policy *p)
{
	has_input(s, p);
	s->input_since_us--;
}

static void is_suspended(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->state = TOTE_STATE_SUSPENDED;
	s->flags |= TOTE_STATUS_FLAG_SUSPENDED;
}

static void has_newer(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->entries = s->covered = 11;
}

static void was_seen_in_part(struct tote_status *s, struct tote_policy *p)
{
	(void)p;
	s->level = TOTE_LEVEL_STRUCTURE;
}

static void is_the_record(struct tote_status *s, struct tote_policy *p)
{
	has_newer(s, p);
	snprintf(s->id, sizeof(s->id), "orchestrator");
}

static void is_gone(struct tote_status *s, struct tote_policy *p)
{
	is_unreachable(s, p);
	s->state = TOTE_STATE_DISPOSED;
}

static void is_gone_and_flagged(struct tote_status *s, struct tote_policy *p)
{
	is_gone(s, p);
	has_flag(s, p);
}

static void is_gone_and_standing(struct tote_status *s, struct tote_policy *p)
{
	is_gone(s, p);
	is_standing(s, p);
}

static void nothing(struct tote_status *s, struct tote_policy *p)
{
	(void)s, (void)p;
}

static const struct {
	void (*happens)(struct tote_status *s, struct tote_policy *p);
	uint32_t health;
} reasons[] = {{lost_record, TOTE_HEALTH_RECORD_DAMAGED}, {has_flag, TOTE_HEALTH_FLAG},
	{is_gone_and_flagged, TOTE_HEALTH_FLAG}, {is_damaged, TOTE_HEALTH_DAMAGED},
	{is_shorter, TOTE_HEALTH_SHORTER}, {lost_what_was_audited, TOTE_HEALTH_SHORTER},
	{lost_what_was_witnessed, TOTE_HEALTH_SHORTER}, {is_standing, TOTE_HEALTH_STANDING},
	{is_unreachable, TOTE_HEALTH_UNREACHABLE}, {is_incomplete, TOTE_HEALTH_INCOMPLETE},
	{is_unreadable, TOTE_HEALTH_UNREADABLE}, {is_unread, TOTE_HEALTH_INCOMPLETE},
	{is_overdue, TOTE_HEALTH_OVERDUE}, {was_never_audited, TOTE_HEALTH_NEVER_AUDITED},
	{lost_its_key, TOTE_HEALTH_NO_KEY}, {misses_a_key_for_nothing, TOTE_HEALTH_WELL},
	{waits_long, TOTE_HEALTH_UNSIGNED_LATE}, {lacks_cosignatures, TOTE_HEALTH_COSIGNATURES},
	{has_late_input, TOTE_HEALTH_INPUT_LATE}, {has_input, TOTE_HEALTH_WELL},
	{is_suspended, TOTE_HEALTH_SUSPENDED}, {has_newer, TOTE_HEALTH_NEWER},
	{was_seen_in_part, TOTE_HEALTH_NEWER}, {waits, TOTE_HEALTH_UNSIGNED},
	{waits_by_policy, TOTE_HEALTH_UNSIGNED}, {is_the_record, TOTE_HEALTH_WELL},
	{nothing, TOTE_HEALTH_WELL}, {is_gone_and_standing, TOTE_HEALTH_GONE},
	{is_gone, TOTE_HEALTH_GONE}};

#define PLAIN (LEN(reasons) - 3) /* where nothing happens */

static uint32_t judge(struct tote_status *s, size_t one, size_t other)
{
	struct tote_policy p;

	tote__policy_defaults(&p);
	*s = well();
	reasons[other].happens(s, &p);
	reasons[one].happens(s, &p);
	tote__health_overdue(s, &p, NOW - HOUR, NOW);
	return tote__health_judge(s, &p, NOW);
}

START_TEST(each_reason_has_its_word_and_a_worse_one_hides_a_lesser)
{
	struct tote_status s;

	for (size_t i = 0; i < LEN(reasons); i++) {
		ck_assert_msg(judge(&s, i, PLAIN) == reasons[i].health, "reason %zu: %u", i,
			judge(&s, i, PLAIN));
		if (i && reasons[i].health != TOTE_HEALTH_WELL)
			ck_assert_uint_ge(reasons[0].health, reasons[i].health);
	}
	/* a flag hides all but a lost record, whatever else there is */
	for (size_t i = 1; i < LEN(reasons); i++)
		ck_assert_msg(judge(&s, 1, i) == TOTE_HEALTH_FLAG, "reason %zu", i);
}
END_TEST

/* What nobody has looked at is not fine for longer than its policy's period, or a day. */
START_TEST(what_was_never_audited_is_overdue_when_its_first_audit_is)
{
	static const struct {
		uint64_t structure_s, full_s, overdue_s, after_s; /* 0: never */
	} rows[] = {
		{86400, 604800, 1209600, 86400},
		{3600, 604800, 1209600, 86400},
		{0, 604800, 1209600, 604800},
		{172800, 86400, 1209600, 86400},
		{172800, 604800, 0, 172800},
		{86400, 3600, 7200, 7200},
		{0, 0, 1209600, 1209600},
		{0, 0, 0, 0},
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		const int64_t since = NOW - (int64_t)rows[i].after_s * 1000000;
		struct tote_policy p;
		struct tote_status s;

		tote__policy_defaults(&p);
		p.structure_every_s = rows[i].structure_s;
		p.full_every_s = rows[i].full_s;
		p.overdue_after_s = rows[i].overdue_s;
		s = well();
		was_never_audited(&s, &p);
		tote__health_overdue(&s, &p, since, NOW - !!rows[i].after_s);
		ck_assert_uint_eq(tote__health_judge(&s, &p, NOW), TOTE_HEALTH_NEVER_AUDITED);
		tote__health_overdue(&s, &p, since, NOW);
		ck_assert_msg(s.overdue_us == (rows[i].after_s ? NOW : 0), "row %zu", i);
		ck_assert_uint_eq(tote__health_judge(&s, &p, NOW),
			rows[i].after_s ? TOTE_HEALTH_OVERDUE : TOTE_HEALTH_NEVER_AUDITED);
	}
}
END_TEST

START_TEST(each_word_has_a_text_and_what_wants_somebody_says_what_to_do)
{
	struct tote_fault fault;
	struct tote_status s;
	char text[256];

	for (size_t i = 0; i < LEN(reasons); i++) {
		s = well();
		s.health = reasons[i].health;
		s.flag = 7;
		s.flag_code = 3001;
		ck_assert_ptr_nonnull(tote_health_name(s.health));
		ck_assert_ptr_nonnull(tote_health_text(s.health));
		ck_ok(tote_status_advice(&s, text, sizeof(text), &fault), fault);
		ck_assert_ptr_null(strchr(text, '%'));
		ck_assert_int_eq(s.health >= TOTE_HEALTH_NEWER, strstr(text, "totectl ") != NULL);
		if (*text)
			ck_fault(tote_status_advice(&s, text, strlen(text), &fault),
				TOTE_E_TOO_LARGE, fault);
	}
	ck_assert_ptr_null(tote_health_name(5));
	s.health = 5;
	ck_fault(tote_status_advice(&s, text, sizeof(text), &fault), TOTE_E_ARGUMENT, fault);
}
END_TEST

START_TEST(the_list_begins_with_the_worst_and_says_what_the_status_of_one_says)
{
	const char *const wanted[] = {"b", "c", "a", "orchestrator"};
	struct root r;
	tote_health *h;
	tote_box *box;

	root_make(&r);
	for (const char *id = "a\0b\0c\0"; *id; id += 2)
		root_provision(&r, id);
	ck_ok(tote_orchestrator_detach(r.o, "a", NULL, "over", 0, &r.fault), r.fault);
	audit(&r, "c");
	audit(&r, "orchestrator");
	box = root_box(&r, "c");
	ck_ok(box_append(box, "later", &r.fault), r.fault);
	tote_box_unref(box);
	for (uint32_t flags = 0; flags <= TOTE_HEALTH_RECORD_ONLY; flags++) {
		struct tote_status listed = {.size = sizeof(listed)}, one = {.size = sizeof(one)};
		int n = 0;

		ck_ok(tote_health_open(r.o, flags, &h, &r.fault), r.fault);
		while (tote_health_next(h, &listed, &r.fault) == 1) {
			if (!flags)
				ck_assert_msg(n != 2 || !strcmp(listed.id, "orchestrator") ||
						      !strcmp(listed.id, wanted[n]),
					"%d: %s", n, listed.id);
			ck_ok(tote_orchestrator_status(r.o, listed.id, &one, &r.fault), r.fault);
			if (!flags) {
				ck_assert_uint_eq(listed.health, one.health);
				ck_assert_uint_eq(listed.entries, one.entries);
				ck_assert_uint_eq(listed.covered, one.covered);
				ck_assert_mem_eq(listed.root, one.root, sizeof(one.root));
				ck_assert_int_eq(listed.unfolded_since_us, one.unfolded_since_us);
			}
			if (!n)
				ck_assert_str_eq(listed.id, "b");
			n++;
		}
		ck_assert_int_eq(n, 4);
		tote_health_unref(h);
	}
	ck_fault(tote_health_open(r.o, 2, &h, &r.fault), TOTE_E_FLAGS, r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(what_waits_in_the_gate_is_counted_for_one_and_for_all)
{
	struct tote_status s = {.size = sizeof(s)};
	char away[512];
	struct root r;
	tote_health *h;

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	ck_assert_int_eq(
		mkdir(printed("%s/containers/b/app-console-input/.tote-rejected", r.path), 0700),
		0);
	file_write(printed("%s/containers/a/app-console-input/letter", r.path), "x", 1);
	ck_ok(tote_orchestrator_status(r.o, "a", &s, &r.fault), r.fault);
	ck_assert_uint_eq(s.input_waiting, 1);
	ck_assert_int_gt(s.input_since_us, 0);
	ck_assert_uint_eq(s.flags & TOTE_STATUS_INPUT_UNSEEN, 0);
	ck_ok(tote_health_open(r.o, 0, &h, &r.fault), r.fault);
	while (tote_health_next(h, &s, &r.fault) == 1) {
		ck_assert_uint_eq(s.flags & TOTE_STATUS_INPUT_UNSEEN, 0);
		ck_assert_uint_eq(s.input_waiting, !strcmp(s.id, "a"));
		ck_assert_int_eq(s.input_since_us > 0, !strcmp(s.id, "a"));
	}
	tote_health_unref(h);
	/* what may not be looked at was not */
	ck_assert_int_eq(rename(printed("%s/containers/b/app-console-input", r.path),
				 named(away, "%s/away", r.path)),
		0);
	ck_ok(tote_orchestrator_status(r.o, "b", &s, &r.fault), r.fault);
	ck_assert_uint_eq(s.flags & TOTE_STATUS_INPUT_UNSEEN, TOTE_STATUS_INPUT_UNSEEN);
	root_remove(&r);
}
END_TEST

START_TEST(what_full_audits_verified_is_known_and_what_came_later_is_not)
{
	struct tote_status s = {.size = sizeof(s)};
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	ck_ok(tote_orchestrator_status(r.o, "a", &s, &r.fault), r.fault);
	ck_assert_uint_eq(s.verified_entries, 0);
	ck_assert_int_gt(s.oldest_unverified_us, 0);
	ck_assert_int_gt(s.overdue_us, s.oldest_unverified_us);
	audit(&r, "a");
	ck_ok(tote_orchestrator_status(r.o, "a", &s, &r.fault), r.fault);
	ck_assert_uint_eq(s.verified_entries, 1);
	ck_assert_int_eq(s.oldest_unverified_us, 0);
	root_fill(&r, "a", 2);
	ck_ok(tote_orchestrator_status(r.o, "a", &s, &r.fault), r.fault);
	ck_assert_uint_eq(s.verified_entries, 1);
	ck_assert_int_gt(s.oldest_unverified_us, 0);
	ck_assert_int_le(s.oldest_unverified_us, s.last_full_audit_us);
	root_remove(&r);
}
END_TEST

START_TEST(a_key_that_is_gone_shows_when_something_waits_for_it)
{
	struct tote_status s = {.size = sizeof(s)};
	struct root r;
	tote_health *h;
	tote_box *box;

	root_make(&r);
	root_provision(&r, "a");
	audit(&r, "a");
	box = root_box(&r, "a");
	ck_ok(box_append(box, "x", &r.fault), r.fault);
	tote_box_unref(box);
	ck_assert_int_eq(unlink(printed("%s/orchestrator/keys/a", r.path)), 0);
	ck_ok(tote_orchestrator_status(r.o, "a", &s, &r.fault), r.fault);
	ck_assert_uint_eq(s.health, TOTE_HEALTH_NO_KEY);
	ck_ok(tote_health_open(r.o, 0, &h, &r.fault), r.fault);
	while (tote_health_next(h, &s, &r.fault) == 1 && strcmp(s.id, "a") != 0)
		;
	ck_assert_uint_eq(s.health, TOTE_HEALTH_NO_KEY);
	tote_health_unref(h);
	root_remove(&r);
}
END_TEST

Suite *status_suite(void)
{
	Suite *suite = suite_create("status");
	TCase *tests = tcase_create("status");

	tcase_add_test(tests, each_reason_has_its_word_and_a_worse_one_hides_a_lesser);
	tcase_add_test(tests, what_was_never_audited_is_overdue_when_its_first_audit_is);
	tcase_add_test(tests, each_word_has_a_text_and_what_wants_somebody_says_what_to_do);
	tcase_add_test(tests, the_list_begins_with_the_worst_and_says_what_the_status_of_one_says);
	tcase_add_test(tests, what_waits_in_the_gate_is_counted_for_one_and_for_all);
	tcase_add_test(tests, what_full_audits_verified_is_known_and_what_came_later_is_not);
	tcase_add_test(tests, a_key_that_is_gone_shows_when_something_waits_for_it);
	suite_add_tcase(suite, tests);
	return suite;
}
