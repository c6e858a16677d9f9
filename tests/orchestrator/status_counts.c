/* SPDX-License-Identifier: ISC */
/*
 * What a status counts, one thing at a time: flags, what was verified, what waits, cosignatures.
 */
#include "orchestrator/glance.h"
#include "orchestrator/outcome.h"
#include "orchestrator/root.h"
#include "orchestrator/status.h"

#define NOW  INT64_C(1800000000000000)
#define HOUR INT64_C(3600000000)

static struct tote_status read_whole(void)
{
	return (struct tote_status){.size = sizeof(struct tote_status),
		.verdict = TOTE_VERDICT_OK,
		.last_full_audit_us = NOW - HOUR,
		.entries = 10,
		.covered = 10,
		.id = "a"};
}

/* As the registry would tell it, without a look at the container. */
static struct tote_status told(struct root *r, const struct known *k)
{
	struct subject subject;
	struct tote_status s;

	ck_ok(tote__status_begin(r->o, k, &s, &subject, &r->fault), r->fault);
	tote__status_drop(r->o, &subject);
	return s;
}

START_TEST(the_flag_that_is_shown_is_the_oldest_that_still_wants_somebody)
{
	struct root r;
	struct tote_status s;
	struct known *k;

	root_make(&r);
	root_provision(&r, "a");
	k = tote__registry_find(&r.o->registry, "a");
	k->flags = tote__heap_new(&r.ctx->heap, 4, sizeof(*k->flags), &r.fault);
	k->flag_count = k->flag_cap = 4;
	k->flags[0] = (struct known_flag){.seq = 5, .code = 3001, .cleared = 1};
	k->flags[1] = (struct known_flag){.seq = 7, .code = 3002};
	k->flags[2] = (struct known_flag){.seq = 8, .acknowledged_us = 1, .cleared = 1};
	k->flags[3] = (struct known_flag){.seq = 9, .acknowledged_us = 1};
	s = told(&r, k);
	ck_assert_uint_eq(s.flags_open, 2);
	ck_assert_uint_eq(s.flags_standing, 1);
	ck_assert_uint_eq(s.flag, 7);
	ck_assert_int_eq(s.flag_code, 3002);
	ck_assert_uint_eq(s.flags & TOTE_STATUS_FLAGS_CLEARED, 0);
	k->flags[1].cleared = 1;
	s = told(&r, k);
	ck_assert_uint_eq(s.flag, 5);
	ck_assert_uint_eq(s.flags & TOTE_STATUS_FLAGS_CLEARED, TOTE_STATUS_FLAGS_CLEARED);
	root_remove(&r);
}
END_TEST

START_TEST(what_was_read_longer_ago_than_thirty_days_is_not_counted_as_verified)
{
	const int64_t month = TOTE_HEALTH_DAYS * 24 * HOUR;
	struct root r;
	struct tote_status s;
	struct known *k;
	int64_t now;

	root_make(&r);
	root_provision(&r, "a");
	now = tote__clock_wall(&r.ctx->clock);
	k = tote__registry_find(&r.o->registry, "a");
	k->runs.ranges = tote__heap_new(&r.ctx->heap, 2, sizeof(*k->runs.ranges), &r.fault);
	k->runs.range_count = k->runs.range_cap = 2;
	k->runs.ranges[0] =
		(struct covered_range){.from = 0, .to = 10, .time_us = now - month - HOUR};
	k->runs.ranges[1] =
		(struct covered_range){.from = 10, .to = 13, .time_us = now - month + HOUR};
	k->full_assets = 7;
	k->full_bytes = 8;
	k->last_full_us = now - month + HOUR;
	s = told(&r, k);
	ck_assert_uint_eq(s.verified_entries, 3);
	ck_assert_uint_eq(s.verified_assets, 7);
	ck_assert_uint_eq(s.verified_bytes, 8);
	k->last_full_us = now - month - HOUR;
	s = told(&r, k);
	ck_assert_uint_eq(s.verified_assets + s.verified_bytes, 0);
	root_remove(&r);
}
END_TEST

START_TEST(an_incomplete_audit_leaves_something_unverified)
{
	struct subject subject = {.location = NULL};
	struct root r;

	root_make(&r);
	for (int incomplete = 0; incomplete < 2; incomplete++) {
		struct tote_status s = read_whole();

		s.verified_entries = s.entries;
		s.oldest_unverified_us = NOW - HOUR;
		s.verdict = incomplete ? TOTE_VERDICT_INCOMPLETE : TOTE_VERDICT_OK;
		tote__status_end(r.o, &subject, &s);
		ck_assert_int_eq(s.oldest_unverified_us, incomplete ? NOW - HOUR : 0);
	}
	root_remove(&r);
}
END_TEST

START_TEST(of_a_ledger_that_cannot_be_read_now_nothing_is_shown_as_read)
{
	struct tote_status s = read_whole();

	s.unfolded_since_us = NOW;
	s.root[0] = 1;
	tote__status_unanswered(&s);
	ck_assert_uint_eq(s.flags & TOTE_STATUS_UNREACHABLE, TOTE_STATUS_UNREACHABLE);
	ck_assert_uint_eq(s.entries + s.covered, 0);
	ck_assert_int_eq(s.unfolded_since_us, 0);
	ck_assert_uint_eq(s.root[0], 0);
	ck_assert_ptr_nonnull(strstr(s.why, "has not answered"));
}
END_TEST

START_TEST(a_journal_that_lost_what_was_durable_is_unreadable_and_says_why)
{
	struct root r;
	struct tote_status s;
	tote_box *box;

	root_make(&r);
	root_provision(&r, "a");
	box = root_box(&r, "a");
	for (int i = 0; i < 3; i++)
		ck_ok(box_append(box, "x", &r.fault), r.fault);
	tote_box_unref(box);
	harm_second_group(&r);
	s = status_of(&r, "a");
	ck_assert_uint_eq(s.flags & TOTE_STATUS_DAMAGED, TOTE_STATUS_DAMAGED);
	ck_assert_uint_eq(s.health, TOTE_HEALTH_UNREADABLE);
	ck_assert_int_ne(s.why[0], '\0');
	root_remove(&r);
}
END_TEST

START_TEST(the_document_that_waits_longest_says_since_when)
{
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	for (int i = 1; i <= 3; i++)
		ck_assert_int_eq(
			run_shell(printed("cd '%s/containers/a/app-console-input' && "
					  "echo x >%c && touch -d @%d %c",
				r.path, "bac"[i - 1], i == 2 ? 1000 : i * 1000, "bac"[i - 1])),
			0);
	ck_assert_uint_eq(status_of(&r, "a").input_waiting, 3);
	ck_assert_int_eq(status_of(&r, "a").input_since_us, INT64_C(1000000000));
	root_remove(&r);
}
END_TEST

START_TEST(a_cosignature_counts_where_it_is_there)
{
	struct root r, other;
	struct known *k;

	root_make(&other);
	root_make(&r);
	root_provision(&r, "a");
	k = tote__registry_find(&r.o->registry, "a");
	k->cosigner_keys = tote__heap_strdup(&r.ctx->heap,
		printed("%s %s", other.o->registry.witness_vkey, r.o->registry.witness_vkey),
		&r.fault);
	k->policy.cosigners = 2;
	ck_assert_uint_eq(status_of(&r, "a").cosigners_wanted, 2);
	ck_assert_uint_eq(status_of(&r, "a").cosigners_have, 1);
	root_remove(&r);
	root_remove(&other);
}
END_TEST

/* A container of another root signs there. */
START_TEST(only_a_container_of_its_own_misses_a_key_and_no_other_ledger_is_glanced_at_for_it)
{
	char place[512];
	struct glance g;
	struct known *k;
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	k = tote__registry_find(&r.o->registry, "a");
	named(place, "%s/containers/a", r.path);
	for (int foreign = 0; foreign < 2; foreign++) {
		tote__glance_init(&g, &r.ctx->heap);
		ck_assert_int_eq(tote__glance(r.o, k->backend, place, k->origin, &g), !foreign);
		tote__glance_free(&g);
		unlink(printed("%s/orchestrator/keys/a", r.path));
		ck_assert_int_eq(!(status_of(&r, "a").flags & TOTE_STATUS_NO_KEY), foreign);
		snprintf(k->origin, sizeof(k->origin), "elsewhere.example.com/acme/a");
	}
	root_remove(&r);
}
END_TEST

START_TEST(the_list_has_equals_by_name_and_looks_at_none_where_only_the_record_is_asked)
{
	struct tote_status s = {.size = sizeof(s)};
	struct root r;
	tote_health *h;

	root_make(&r);
	for (const char *id = "c\0a\0d\0b\0"; *id; id += 2)
		root_provision(&r, id);
	remove_tree(printed("%s/containers/b", r.path));
	for (uint32_t only = 0; only <= TOTE_HEALTH_RECORD_ONLY; only++) {
		char order[8] = "";

		ck_ok(tote_health_open(r.o, only, &h, &r.fault), r.fault);
		while (tote_health_next(h, &s, &r.fault) == 1)
			if (!s.id[1])
				strcat(order, s.id);
		ck_assert_str_eq(order, only ? "abcd" : "bacd");
		tote_health_unref(h);
	}
	root_remove(&r);
}
END_TEST

Suite *status_counts_suite(void)
{
	Suite *suite = suite_create("status_counts");
	TCase *tests = tcase_create("status_counts");

	tcase_add_test(tests, the_flag_that_is_shown_is_the_oldest_that_still_wants_somebody);
	tcase_add_test(tests, what_was_read_longer_ago_than_thirty_days_is_not_counted_as_verified);
	tcase_add_test(tests, an_incomplete_audit_leaves_something_unverified);
	tcase_add_test(tests, of_a_ledger_that_cannot_be_read_now_nothing_is_shown_as_read);
	tcase_add_test(tests, a_journal_that_lost_what_was_durable_is_unreadable_and_says_why);
	tcase_add_test(tests, the_document_that_waits_longest_says_since_when);
	tcase_add_test(tests, a_cosignature_counts_where_it_is_there);
	tcase_add_test(tests,
		only_a_container_of_its_own_misses_a_key_and_no_other_ledger_is_glanced_at_for_it);
	tcase_add_test(tests,
		the_list_has_equals_by_name_and_looks_at_none_where_only_the_record_is_asked);
	suite_add_tcase(suite, tests);
	return suite;
}
