/* SPDX-License-Identifier: ISC */
/*
 * What every backend promises of cells and of sealing, held against each of them.
 */
#include "store/store.h"
#include "support/store_house.h"

/* --- cells --------------------------------------------------------------------------------------- */

static int swap(struct house *h, const char *old, const char *new)
{
	return h->ops->cell_swap(h->at, SPACE_LOG, "checkpoint", old, old ? strlen(old) : 0, new,
		strlen(new), 0, &h->fault);
}

START_TEST(a_cell_is_swapped_only_by_who_knows_what_it_holds)
{
	HOUSE(h);
	struct store_stat st;
	int count = 0;

	ck_fault(swap(&h, "anything", "1"), TOTE_E_CONFLICT, h.fault);
	ck_fault(swap(&h, "", "1"), TOTE_E_CONFLICT, h.fault);
	tote__fault_clear(&h.fault);
	ck_ok(swap(&h, NULL, "one"), h.fault);
	ck_fault(swap(&h, NULL, "two"), TOTE_E_CONFLICT, h.fault);
	ck_fault(swap(&h, "on", "two"), TOTE_E_CONFLICT, h.fault);
	ck_fault(swap(&h, "onee", "two"), TOTE_E_CONFLICT, h.fault);
	ck_fault(swap(&h, "onX", "two"), TOTE_E_CONFLICT, h.fault);
	ck_fault(swap(&h, "", "two"), TOTE_E_CONFLICT, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
	tote__fault_clear(&h.fault);
	house_holds(&h, SPACE_LOG, "checkpoint", "one");
	ck_ok(swap(&h, "one", ""), h.fault);
	house_holds(&h, SPACE_LOG, "checkpoint", "");
	ck_ok(swap(&h, "", "three"), h.fault);
	house_holds(&h, SPACE_LOG, "checkpoint", "three");
	ck_ok(h.ops->stat(h.at, SPACE_LOG, "checkpoint", &st, &h.fault), h.fault);
	ck_assert_uint_eq(st.mode, 0644);
	ck_ok(h.ops->list(h.at, SPACE_LOG, "", house_count, &count, &h.fault), h.fault);
	ck_assert_int_eq(count, 1); /* nothing of the swaps is left */
	ck_ok(h.ops->cell_sync(h.at, SPACE_LOG, "checkpoint", &h.fault), h.fault);
	house_end(&h);
}
END_TEST

START_TEST(a_cell_is_read_whole_or_not_at_all)
{
	HOUSE(h);
	struct buf out;

	ck_ok(swap(&h, NULL, "0123456789"), h.fault);
	tote__buf_init(&out, plain_heap(), 12);
	tote__buf_puts(&out, "ab");
	ck_ok(h.ops->cell_read(h.at, SPACE_LOG, "checkpoint", &out, &h.fault), h.fault);
	ck_assert_uint_eq(out.len, 12);
	tote__buf_free(&out);
	tote__buf_init(&out, plain_heap(), 9);
	ck_fault(h.ops->cell_read(h.at, SPACE_LOG, "checkpoint", &out, &h.fault), TOTE_E_TOO_LARGE,
		h.fault);
	ck_assert_uint_eq(out.len, 0);
	tote__buf_free(&out);
	house_end(&h);
}
END_TEST

START_TEST(a_cell_of_keys_is_its_owners_alone)
{
	struct house h;
	struct store_stat st;

	house_make(&h, _i, LAYOUT_ORCHESTRATOR);
	ck_ok(h.ops->cell_swap(h.at, SPACE_KEYS, "witness", NULL, 0, "k", 1, 0, &h.fault), h.fault);
	ck_ok(h.ops->stat(h.at, SPACE_KEYS, "witness", &st, &h.fault), h.fault);
	ck_assert_uint_eq(st.mode, 0600);
	ck_ok(h.ops->cell_swap(h.at, SPACE_SEEN, "box", NULL, 0, "k", 1, 0640, &h.fault), h.fault);
	ck_ok(h.ops->stat(h.at, SPACE_SEEN, "box", &st, &h.fault), h.fault);
	ck_assert_uint_eq(st.mode, 0640);
	house_end(&h);
}
END_TEST

/* --- sealing ------------------------------------------------------------------------------------- */

static void *stage_of(struct house *h, const char *text)
{
	void *stage;

	ck_ok(h->ops->stage_begin(h->at, &stage, &h->fault), h->fault);
	for (const char *at = text; *at; at++) /* one byte at a time: order is kept */
		ck_ok(h->ops->stage_write(stage, at, 1, &h->fault), h->fault);
	return stage;
}

static int names_in_assets(struct house *h)
{
	int count = 0;

	ck_ok(h->ops->list(h->at, SPACE_ASSETS, "", house_count, &count, &h->fault), h->fault);
	return count;
}

START_TEST(a_file_is_staged_kept_and_published)
{
	HOUSE(h);
	void *stage = stage_of(&h, "sealed bytes");
	struct store_stat st;
	uint64_t seqs[4];
	size_t count;

	ck_ok(h.ops->stage_sync(&stage, 1, &h.fault), h.fault);
	ck_ok(h.ops->make_parents(h.at, "a/b/file", &h.fault), h.fault);
	ck_ok(h.ops->stage_keep(stage, 41, &h.fault), h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_ASSETS, &h.fault), h.fault);
	ck_ok(h.ops->list_kept(h.at, seqs, 4, &count, &h.fault), h.fault);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(seqs[0], 41);
	house_holds(&h, SPACE_ASSETS, ".tote-41", "sealed bytes");
	ck_ok(h.ops->publish(h.at, 41, "a/b/file", &h.fault), h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_ASSETS, &h.fault), h.fault);
	h.ops->stage_close(stage);
	house_holds(&h, SPACE_ASSETS, "a/b/file", "sealed bytes");
	house_lacks(&h, SPACE_ASSETS, ".tote-41");
	ck_ok(h.ops->stat(h.at, SPACE_ASSETS, "a/b/file", &st, &h.fault), h.fault);
	ck_assert_uint_eq(st.mode, 0444);
	ck_assert_uint_eq(st.links, 1);
	house_end(&h);
}
END_TEST

START_TEST(a_stage_that_is_not_kept_is_gone)
{
	HOUSE(h);
	void *stage = stage_of(&h, "bytes");

	h.ops->stage_close(stage);
	h.ops->stage_close(NULL);
	ck_assert_int_eq(names_in_assets(&h), 0);
	house_reopen(&h);
	ck_assert_int_eq(names_in_assets(&h), 0);
	house_end(&h);
}
END_TEST

START_TEST(nothing_is_ever_replaced_by_keeping_or_publishing)
{
	HOUSE(h);
	void *first = stage_of(&h, "first"), *second = stage_of(&h, "second");

	ck_ok(h.ops->stage_keep(first, 1, &h.fault), h.fault);
	ck_fault(h.ops->stage_keep(second, 1, &h.fault), TOTE_E_EXISTS, h.fault);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->stage_keep(second, 2, &h.fault), h.fault);
	h.ops->stage_close(first);
	h.ops->stage_close(second);
	ck_ok(h.ops->publish(h.at, 1, "file", &h.fault), h.fault);
	ck_fault(h.ops->publish(h.at, 2, "file", &h.fault), TOTE_E_EXISTS, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
	ck_fault(h.ops->publish(h.at, 2, "no/parent", &h.fault), TOTE_E_NOT_FOUND, h.fault);
	ck_fault(h.ops->publish(h.at, 2, "file/below", &h.fault), TOTE_E_UNTRUSTED, h.fault);
	tote__fault_clear(&h.fault);
	house_holds(&h, SPACE_ASSETS, "file", "first");
	house_holds(&h, SPACE_ASSETS, ".tote-2", "second");
	ck_ok(h.ops->discard(h.at, 2, &h.fault), h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_ASSETS, &h.fault), h.fault);
	ck_assert_int_eq(names_in_assets(&h), 1);
	house_end(&h);
}
END_TEST

START_TEST(kept_files_are_listed_in_order_and_foreign_names_are_not)
{
	HOUSE(h);
	static const uint64_t wanted[] = {0, 7, 10, 300, UINT64_C(9223372036854775807)};
	uint64_t seqs[8];
	size_t count;

	for (size_t i = 5; i-- > 0;) {
		void *stage = stage_of(&h, "x");

		ck_ok(h.ops->stage_keep(stage, wanted[(i * 3) % 5], &h.fault), h.fault);
		h.ops->stage_close(stage);
	}
	house_put(&h, SPACE_ASSETS, ".tote-08", "leading zero");
	house_put(&h, SPACE_ASSETS, ".tote-", "no number");
	house_put(&h, SPACE_ASSETS, ".tote-9x", "no number");
	house_put(&h, SPACE_ASSETS, ".tote-9223372036854775808", "too large");
	house_put(&h, SPACE_ASSETS, "tote-5", "no dot");
	ck_ok(h.ops->list_kept(h.at, seqs, 8, &count, &h.fault), h.fault);
	ck_assert_uint_eq(count, 5);
	ck_assert(memcmp(seqs, wanted, sizeof(wanted)) == 0);
	ck_fault(h.ops->list_kept(h.at, seqs, 4, &count, &h.fault), TOTE_E_LIMIT, h.fault);
	house_end(&h);
}
END_TEST

START_TEST(many_stages_are_synced_at_once)
{
	HOUSE(h);
	void *stages[16];

	ck_assert_uint_ge(h.ops->max_open_stages, 16);
	for (uint64_t i = 0; i < 16; i++)
		stages[i] = stage_of(&h, "batch");
	ck_ok(h.ops->stage_sync(stages, 16, &h.fault), h.fault);
	for (uint64_t i = 0; i < 16; i++) {
		ck_ok(h.ops->stage_keep(stages[i], i, &h.fault), h.fault);
		h.ops->stage_close(stages[i]);
		ck_ok(h.ops->publish(h.at, i, printed("f%d", (int)i), &h.fault), h.fault);
	}
	ck_ok(h.ops->barrier(h.at, SPACE_ASSETS, &h.fault), h.fault);
	ck_assert_int_eq(names_in_assets(&h), 16);
	house_end(&h);
}
END_TEST

START_TEST(a_takeover_syncs_parents_that_are_there_and_that_are_not)
{
	HOUSE(h);
	static const char *const paths[] = {"a/b/c", "a/b/d", "gone/long/ago", "top"};

	ck_ok(h.ops->make_parents(h.at, "a/b/c", &h.fault), h.fault);
	ck_ok(h.ops->make_parents(h.at, "a/b/c", &h.fault), h.fault);
	ck_ok(h.ops->make_parents(h.at, "top", &h.fault), h.fault);
	ck_ok(h.ops->sync_parents(h.at, paths, 4, &h.fault), h.fault);
	ck_ok(h.ops->sync_parents(h.at, NULL, 0, &h.fault), h.fault);
	ck_ok(h.ops->sweep(h.at, &h.fault), h.fault);
	house_end(&h);
}
END_TEST

Suite *conformance_sealing_suite(void)
{
	const TTest *const tests[] = {a_cell_is_swapped_only_by_who_knows_what_it_holds,
		a_cell_is_read_whole_or_not_at_all, a_cell_of_keys_is_its_owners_alone,
		a_file_is_staged_kept_and_published, a_stage_that_is_not_kept_is_gone,
		nothing_is_ever_replaced_by_keeping_or_publishing,
		kept_files_are_listed_in_order_and_foreign_names_are_not,
		many_stages_are_synced_at_once,
		a_takeover_syncs_parents_that_are_there_and_that_are_not};
	Suite *s = suite_create("store/conformance_sealing");
	TCase *tc = tcase_create("every backend");

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, HOUSE_BACKENDS);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}
