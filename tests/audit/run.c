/* SPDX-License-Identifier: ISC */
/*
 * A run as its caller sees it: in steps, while others write, stopped half-way, against what the
 * witness saw, with a medium that fails and without memory.
 */
#include "support/audited.h"
#include "support/store_faults.h"

#define NO_SEQ FINDING_NO_SEQ
#define HEAD   "ledger/log/checkpoint"

static struct audited a;

static void setup(void)
{
	audited_make(&a);
}

static void teardown(void)
{
	audited_remove(&a);
}

/* --- steps ---------------------------------------------------------------------------------- */

static void start(void)
{
	tote__run_free(a.run);
	a.run = NULL;
	ck_ok(tote__run_start(&a.target, &a.run, &a.fault), a.fault);
}

START_TEST(a_run_in_small_steps_finds_what_one_in_a_single_step_finds)
{
	int steps = 0, rc;

	file_flip(audited_path(&a, "assets/a"), 0, 1);
	start();
	while ((rc = tote__run_step(a.run, 1, 0, &a.fault)) > 0)
		steps++;
	ck_assert_int_eq(rc, 0);
	tote__run_result(a.run, &a.result);
	only_finding(&a, FINDING_ASSET_CHANGED, "assets/a", 1);
	ck_assert_int_gt(steps, 8);
	ck_assert_int_eq(tote__run_step(a.run, 1, 0, &a.fault), 0);
}
END_TEST

START_TEST(a_step_ends_at_its_deadline)
{
	int64_t past = tote__clock_monotonic(&a.b.ctx->clock) - 1;

	start();
	ck_assert_int_eq(tote__run_step(a.run, 0, past, &a.fault), 1);
	tote__run_result(a.run, &a.result);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_NONE);
	ck_assert_uint_eq(a.result.entries, 0);
}
END_TEST

START_TEST(progress_never_goes_back_and_ends_at_the_whole)
{
	uint64_t entries = 0, bytes = 0;

	start();
	while (tote__run_step(a.run, 1, 0, &a.fault) > 0) {
		tote__run_result(a.run, &a.result);
		ck_assert_uint_ge(a.result.entries, entries);
		ck_assert_uint_ge(a.result.bytes, bytes);
		ck_assert_uint_ge(a.result.bytes_total, a.result.bytes);
		entries = a.result.entries;
		bytes = a.result.bytes;
	}
	tote__run_result(a.run, &a.result);
	all_is_well(&a);
}
END_TEST

START_TEST(a_run_that_is_stopped_is_incomplete_and_says_how_old_the_rest_is)
{
	start();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(tote__run_step(a.run, 1, 0, &a.fault), 1);
	tote__run_stop(a.run);
	ck_assert_int_eq(tote__run_step(a.run, 0, 0, &a.fault), 0);
	tote__run_result(a.run, &a.result);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_int_ne(a.result.oldest_unverified_us, 0);
	ck_assert_uint_lt(a.result.entries, a.result.entries_total);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_CANCELLED, ""));
}
END_TEST

START_TEST(a_run_that_found_damage_and_is_stopped_is_damaged)
{
	file_flip(audited_path(&a, "ledger/log/tile/0/000"), 0, 1);
	start();
	do {
		ck_assert_int_eq(tote__run_step(a.run, 1, 0, &a.fault), 1);
	} while (!finding_of(&a, FINDING_TILE_CHANGED, NULL));
	tote__run_stop(a.run);
	tote__run_result(a.run, &a.result);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_DAMAGED);
}
END_TEST

/* --- while others write --------------------------------------------------------------------- */

static void write_something(int i)
{
	char path[64];

	switch (i % 4) {
	case 0:
		audited_append(&a, 5);
		break;
	case 1:
		snprintf(path, sizeof(path), "live/%d/x", i);
		ck_ok(seal_text(&a.b, a.box, path, path), a.b.fault);
		break;
	case 2:
		audited_append(&a, 60);
		break;
	default:
		audited_fold(&a);
		break;
	}
}

/* Whatever is appended, sealed and folded between any two steps. */
START_TEST(a_living_container_gives_no_finding)
{
	struct checkpoint seen = a.seen;

	a.target.seen = &seen;
	for (int first = 0; first < 4; first++) {
		int i = first;

		start();
		while (tote__run_step(a.run, 1, 0, &a.fault) > 0)
			write_something(i++);
		tote__run_result(a.run, &a.result);
		ck_assert_uint_eq(findings(&a), a.result.witnessed > seen.size);
	}
}
END_TEST

static int seen_again(void *user, struct checkpoint *ret, struct tote_fault *fault)
{
	(void)user, (void)fault;
	*ret = a.seen;
	return 1;
}

/* The witness went on meanwhile: what was passed as seen is old, and is read again. */
START_TEST(a_living_container_and_a_living_witness_give_no_finding)
{
	struct checkpoint seen = a.seen;
	int i = 0;

	audited_append(&a, 3);
	audited_fold(&a); /* a cosignature above what we were told */
	a.target.seen = &seen;
	audit(&a);
	only_finding(&a, FINDING_WITNESS_ROLLED_BACK, "", NO_SEQ);
	a.target.seen_again = seen_again;
	start();
	while (tote__run_step(a.run, 1, 0, &a.fault) > 0)
		write_something(i++);
	tote__run_result(a.run, &a.result);
	all_is_well(&a);
}
END_TEST

/* A seal that is under way when the walk comes by. */
START_TEST(a_seal_in_progress_is_no_finding)
{
	const struct store_ops *ops = a.place.ops;
	void *stage;

	ck_ok(ops->stage_begin(a.place.handle, &stage, &a.fault), a.fault);
	ck_ok(ops->stage_write(stage, "x", 1, &a.fault), a.fault);
	ck_ok(ops->stage_sync(&stage, 1, &a.fault), a.fault);
	ck_ok(ops->stage_keep(stage, AUDITED_ALL, &a.fault), a.fault);
	ops->stage_close(stage);
	directory_make(audited_path(&a, "assets/soon"));
	audit(&a);
	all_is_well(&a);
}
END_TEST

/* --- the witness ---------------------------------------------------------------------------- */

START_TEST(a_ledger_that_is_shorter_than_the_witness_saw_is_a_rollback)
{
	a.seen.size = AUDITED_ALL + 1;
	audit(&a);
	only_finding(&a, FINDING_ROLLBACK, "ledger/log", NO_SEQ);
	a.seen.size = AUDITED_FOLDED;
	audited_shut(&a);
	audit(&a);
	all_is_well(&a);
}
END_TEST

START_TEST(a_journal_that_reaches_as_far_as_the_witness_saw_is_no_rollback_but_must_be_the_same)
{
	struct checkpoint newer;
	uint8_t *note;
	size_t len;

	note = file_read(audited_path(&a, HEAD), &len);
	audited_fold(&a);
	newer = a.seen;
	file_write(audited_path(&a, HEAD), note, len);
	free(note);
	audited_shut(&a);
	a.target.seen = &newer;
	audit(&a);
	all_is_well(&a);
	newer.root[3] ^= 1;
	audit(&a);
	only_finding(&a, FINDING_FORK, "ledger/log", NO_SEQ);
}
END_TEST

START_TEST(another_history_than_the_witness_saw_is_a_fork_at_any_size)
{
	static const uint64_t sizes[] = {1, 100, 256, 257, 299, 300};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		a.seen.size = sizes[i];
		memset(a.seen.root, 7, HASH_LEN);
		audit(&a);
		ck_assert_ptr_nonnull(finding_of(&a, FINDING_FORK, "ledger/log"));
		ck_assert_uint_eq(findings(&a), 1);
	}
}
END_TEST

START_TEST(a_missing_seen_is_a_finding_only_where_it_is_expected)
{
	a.target.seen = NULL;
	audit(&a);
	only_finding(&a, FINDING_SEEN_MISSING, "", NO_SEQ);
	a.target.seen_expected = 0;
	audit(&a);
	all_is_well(&a);
}
END_TEST

START_TEST(a_missing_checkpoint_is_named)
{
	audited_shut(&a);
	unlink(audited_path(&a, HEAD));
	audit(&a);
	only_finding(&a, FINDING_CHECKPOINT_MISSING, HEAD, NO_SEQ);
	ck_assert_uint_eq(a.result.entries, AUDITED_ALL); /* the journal still has all of it */
	ck_assert_int_eq(a.result.signed_ok, 0);
}
END_TEST

START_TEST(a_checkpoint_by_another_key_is_not_signed_and_one_more_line_is_foreign)
{
	static const uint8_t seed[32] = {77};
	struct secret other;
	struct buf line;
	size_t len;
	uint8_t *note;

	ck_ok(tote__secret_from_seed(BOXED_ORIGIN, KEY_TYPE_ED25519, seed, &other, &a.fault),
		a.fault);
	note = file_read(audited_path(&a, HEAD), &len);
	tote__buf_init(&line, plain_heap(), NOTE_MAX);
	tote__buf_put(&line, note, len);
	tote__note_put_sig(&line, &other.key, seed, 32);
	file_write(audited_path(&a, HEAD), line.data, line.len);
	audit(&a);
	only_finding(&a, FINDING_SIGNATURE_FOREIGN, HEAD, NO_SEQ);
	a.target.cosigners = 1;
	audit(&a);
	all_is_well(&a);
	tote__buf_free(&line);
	tote__secret_free(&other);
	free(note);
}
END_TEST

START_TEST(a_cosignature_that_does_not_verify_is_named)
{
	audited_append(&a, 1);
	ck_ok(tote__ledger_fold(a.box->ledger, &a.seen, NULL, &a.fault), a.fault);
	audited_cosign(&a, 1);
	audit(&a);
	only_finding(&a, FINDING_COSIGNATURE_BAD, HEAD, NO_SEQ);
}
END_TEST

static int merged_meanwhile(
	void *user, const struct vkey **ret, size_t *ret_count, struct tote_fault *fault)
{
	(void)fault;
	*ret = user;
	*ret_count = 1;
	return 0;
}

START_TEST(a_line_of_a_cosigner_counts_and_one_merged_during_the_run_is_nothing_foreign)
{
	struct vkey outside = a.witness.key;

	a.target.witness = NULL;
	audit(&a);
	only_finding(&a, FINDING_SIGNATURE_FOREIGN, HEAD, NO_SEQ);
	a.target.cosigners_user = &outside;
	a.target.cosigners_again = merged_meanwhile;
	audit(&a);
	all_is_well(&a);
	ck_assert_uint_eq(a.result.cosigners, 0);
	a.target.cosigners_again = NULL;
	a.target.cosigner_keys = &outside;
	a.target.cosigner_count = 1;
	audit(&a);
	all_is_well(&a);
	ck_assert_uint_eq(a.result.cosigners, 1);
	ck_assert_str_eq(a.result.cosigned_by, outside.name);
}
END_TEST

/* --- what fails ----------------------------------------------------------------------------- */

START_TEST(a_place_that_could_not_be_opened_is_a_finding)
{
	struct tote_fault why = {.code = TOTE_E_NOT_FOUND};
	struct run_target t = a.target;

	t.place = NULL;
	t.box = NULL;
	t.refused = &why;
	audit_with(&a, &t);
	only_finding(&a, FINDING_UNREACHABLE, "", NO_SEQ);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_int_eq(a.result.unreachable, 1);
	why.code = TOTE_E_UNTRUSTED;
	audit_with(&a, &t);
	only_finding(&a, FINDING_SKELETON_TYPE, "", NO_SEQ);
}
END_TEST

/* Each read fails in turn, alone or with all after it: never a crash, never damage, never ok. */
START_TEST(a_medium_that_cannot_be_read_leaves_the_run_incomplete)
{
	static const int modes[] = {FAULT_ONCE, FAULT_FROM};
	static struct faults f;

	audited_shut(&a);
	faults_make(&f, &a.place);
	f.ops.capabilities &=
		~STORE_CAN_ANY_THREAD; /* else the calls have no order to be counted in */
	a.target.place = &f.place;
	for (long n = 0;; n++) {
		faults_arm(&f, modes[_i], n);
		audit(&a);
		faults_disarm(&f);
		if (!f.fired)
			break;
		ck_assert_msg(a.result.verdict == TOTE_VERDICT_INCOMPLETE ||
				      a.result.verdict == TOTE_VERDICT_OK,
			"verdict %u at call %ld", a.result.verdict, n);
		if (a.result.verdict == TOTE_VERDICT_OK)
			all_is_well(&a);
	}
	audit(&a);
	all_is_well(&a);
}
END_TEST

START_TEST(without_memory_a_run_fails_and_gives_all_of_it_back)
{
	audited_shut(&a);
	file_flip(audited_path(&a, "ledger/log/tile/0/000"), 0, 1);
	file_flip(audited_path(&a, "assets/a"), 0, 1);
	for (long n = 0;; n++) {
		struct failing memory = {.fail_at = n, .once = n % 2 == 0};
		tote_ctx *ctx;
		struct tote_allocator allocator = failing_allocator(&memory);
		struct tote_ctx_options options = {
			.size = sizeof(options), .allocator = &allocator};
		struct place place;
		struct run *run = NULL;
		int rc;

		memory.fail_at = -1;
		ck_ok(tote_ctx_new(&options, &ctx, &a.fault), a.fault);
		ck_ok(tote__place_open(
			      ctx, "posix", a.b.location, LAYOUT_CONTAINER, 0, &place, &a.fault),
			a.fault);
		a.target.ctx = ctx;
		a.target.place = &place;
		memory.fail_at = n;
		rc = tote__run_start(&a.target, &run, &a.fault);
		while (rc == 0 && (rc = tote__run_step(run, 0, 0, &a.fault)) > 0)
			continue;
		memory.fail_at = -1;
		if (memory.fired)
			ck_assert_msg(rc == TOTE_E_NO_MEMORY || rc == 0, "%d %s", rc, a.fault.text);
		else
			ck_assert_int_eq(rc, 0);
		tote__run_free(run);
		tote__place_close(&place);
		tote_ctx_unref(ctx);
		ck_assert_int_eq(memory.live, 0);
		memset(&a.fault, 0, sizeof(a.fault));
		if (!memory.fired)
			break;
	}
}
END_TEST

/* Who asks for a part gets no verdict over the whole, not even where the part is all of it. */
START_TEST(a_run_over_what_was_asked_for_is_never_ok)
{
	const struct asked all = {.to = UINT64_MAX - 1};

	a.target.asked = &all;
	audit(&a);
	ck_assert_uint_eq(findings(&a), 0);
	ck_assert_uint_eq(a.result.entries, AUDITED_ALL);
	ck_assert_uint_eq(a.result.assets, 4);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
}
END_TEST

/* All entries and assets were counted when it stopped at something odd that it did not look at again. */
START_TEST(a_run_that_ends_before_its_time_is_never_ok)
{
	struct failing memory = {.fail_at = -1};
	struct tote_allocator allocator = failing_allocator(&memory);
	struct tote_ctx_options options = {.size = sizeof(options), .allocator = &allocator};
	int ended = 0, rc;
	tote_ctx *ctx;

	audited_shut(&a);
	put_file(&a, "assets/.tote-w-5000", "x", 0600);
	a.target.level = TOTE_LEVEL_STRUCTURE;
	ck_ok(tote_ctx_new(&options, &ctx, &a.fault), a.fault);
	a.target.ctx = ctx;
	for (long n = 0; memory.fired == (n > 0); n++) {
		struct run *run = NULL;

		memory = (struct failing){.fail_at = n, .once = 1, .live = memory.live};
		rc = tote__run_start(&a.target, &run, &a.fault);
		if (rc == 0) {
			while ((rc = tote__run_step(run, 0, 0, &a.fault)) > 0)
				continue;
			tote__run_result(run, &a.result);
			if (rc < 0)
				ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
			ended += rc < 0;
		}
		tote__run_free(run);
	}
	ck_assert_int_gt(ended, 10);
	memset(&a.fault, 0, sizeof(a.fault));
	tote_ctx_unref(ctx);
}
END_TEST

Suite *run_suite(void)
{
	Suite *s = suite_create("run");
	TCase *t = tcase_create("run");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_run_in_small_steps_finds_what_one_in_a_single_step_finds);
	tcase_add_test(t, a_step_ends_at_its_deadline);
	tcase_add_test(t, progress_never_goes_back_and_ends_at_the_whole);
	tcase_add_test(t, a_run_that_is_stopped_is_incomplete_and_says_how_old_the_rest_is);
	tcase_add_test(t, a_run_that_found_damage_and_is_stopped_is_damaged);
	tcase_add_test(t, a_living_container_gives_no_finding);
	tcase_add_test(t, a_living_container_and_a_living_witness_give_no_finding);
	tcase_add_test(t, a_seal_in_progress_is_no_finding);
	tcase_add_test(t, a_ledger_that_is_shorter_than_the_witness_saw_is_a_rollback);
	tcase_add_test(t,
		a_journal_that_reaches_as_far_as_the_witness_saw_is_no_rollback_but_must_be_the_same);
	tcase_add_test(t, another_history_than_the_witness_saw_is_a_fork_at_any_size);
	tcase_add_test(t, a_missing_seen_is_a_finding_only_where_it_is_expected);
	tcase_add_test(t, a_missing_checkpoint_is_named);
	tcase_add_test(t, a_checkpoint_by_another_key_is_not_signed_and_one_more_line_is_foreign);
	tcase_add_test(t, a_cosignature_that_does_not_verify_is_named);
	tcase_add_test(
		t, a_line_of_a_cosigner_counts_and_one_merged_during_the_run_is_nothing_foreign);
	tcase_add_test(t, a_place_that_could_not_be_opened_is_a_finding);
	tcase_add_loop_test(t, a_medium_that_cannot_be_read_leaves_the_run_incomplete, 0, 2);
	tcase_add_test(t, a_run_over_what_was_asked_for_is_never_ok);
	tcase_add_test(t, a_run_that_ends_before_its_time_is_never_ok);
	tcase_add_test(t, without_memory_a_run_fails_and_gives_all_of_it_back);
	suite_add_tcase(s, t);
	return s;
}
