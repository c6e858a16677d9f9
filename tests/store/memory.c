/* SPDX-License-Identifier: ISC */
/*
 * What is particular to the memory backend: one tree for a context, gone with it.
 */
#include "store/memory.h"
#include "support/support.h"

static void place_make(tote_ctx *ctx, const char *location, int layout, struct place *ret)
{
	struct tote_fault fault = {0};

	ck_ok(tote__place_provision(ctx, "memory", location, layout, &fault), fault);
	ck_ok(tote__place_open(ctx, "memory", location, layout, 0, ret, &fault), fault);
}

START_TEST(it_says_what_it_cannot_promise)
{
	const struct store_ops *ops = tote__memory_ops();

	ck_assert_uint_eq(ops->durability, STORE_DURABLE_PROCESS);
	ck_assert_uint_eq(ops->capabilities & STORE_CAN_UNCACHED, 0);
	ck_assert_uint_eq(ops->size, sizeof(struct store_ops));
}
END_TEST

START_TEST(what_comes_from_memory_is_said_to_be_cached)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct tote_fault fault = {0};
	struct place p;
	struct buf out;
	int cached;

	place_make(ctx, "box", LAYOUT_CONTAINER, &p);
	ck_ok(p.ops->put_new(p.handle, SPACE_LOG, "t", "x", 1, &fault), fault);
	tote__buf_init(&out, plain_heap(), 10);
	ck_ok(tote__store_get(&p, SPACE_LOG, "t", STORE_UNCACHED, &out, &cached, &fault), fault);
	ck_assert_int_eq(cached, 1);
	ck_ok(tote__store_get(&p, SPACE_LOG, "t", 0, &out, &cached, &fault), fault);
	ck_assert_int_eq(cached, 0);
	tote__buf_free(&out);
	tote__place_close(&p);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(two_contexts_share_nothing)
{
	tote_ctx *one = support_ctx(NULL, NULL), *two = support_ctx(NULL, NULL);
	struct tote_fault fault = {0};
	struct place p, q;

	place_make(one, "box", LAYOUT_CONTAINER, &p);
	ck_fault(tote__place_open(two, "memory", "box", LAYOUT_CONTAINER, 0, &q, &fault),
		TOTE_E_NOT_FOUND, fault);
	tote__place_close(&p);
	tote_ctx_unref(one);
	tote_ctx_unref(two);
}
END_TEST

START_TEST(one_location_has_many_spellings_and_none_leads_up)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct tote_fault fault = {0};
	struct store_identity a, b;
	struct place p, q;

	place_make(ctx, "/srv//root/box/", LAYOUT_CONTAINER, &p);
	ck_ok(tote__place_open(ctx, "memory", "srv/./root/box", LAYOUT_CONTAINER, 0, &q, &fault),
		fault);
	ck_ok(p.ops->identity(p.handle, &a, &fault), fault);
	ck_ok(q.ops->identity(q.handle, &b, &fault), fault);
	ck_assert(memcmp(&a, &b, sizeof(a)) == 0);
	tote__place_close(&q);
	ck_fault(tote__place_open(
			 ctx, "memory", "srv/../srv/root/box", LAYOUT_CONTAINER, 0, &q, &fault),
		TOTE_E_ARGUMENT, fault);
	ck_fault(tote__place_open(ctx, "memory", "//", LAYOUT_CONTAINER, 0, &q, &fault),
		TOTE_E_ARGUMENT, fault);
	tote__place_close(&p);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(the_keys_of_an_orchestrator_are_a_place_of_their_own)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct tote_fault fault = {0};
	struct place root, keys;
	struct store_stat st;

	place_make(ctx, "root/orchestrator", LAYOUT_ORCHESTRATOR, &root);
	ck_ok(tote__place_open(
		      ctx, "memory", "root/orchestrator/keys", LAYOUT_KEYS, 0, &keys, &fault),
		fault);
	ck_ok(keys.ops->cell_swap(
		      keys.handle, SPACE_KEYS, "witness", NULL, 0, "k", 1, 0600, &fault),
		fault);
	ck_ok(root.ops->stat(root.handle, SPACE_KEYS, "witness", &st, &fault), fault);
	ck_assert_uint_eq(st.size, 1);
	tote__place_close(&keys);
	tote__place_close(&root);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(everything_is_given_back_with_the_context)
{
	struct failing memory = {.fail_at = -1};
	tote_ctx *ctx = support_ctx(NULL, &memory);
	struct tote_fault fault = {0};
	struct place p;

	place_make(ctx, "a/b/c", LAYOUT_CONTAINER, &p);
	for (int i = 0; i < 100; i++)
		ck_ok(p.ops->put_new(p.handle, SPACE_LOG, printed("d%d/e%d/f%d", i % 3, i % 7, i),
			      "x", 1, &fault),
			fault);
	ck_ok(p.ops->journal_make(p.handle, 0, "h", 1, 4096, &fault), fault);
	ck_ok(p.ops->lock_take(p.handle, LOCK_BYTE_FOLD, 0, &fault), fault);
	tote__place_close(&p);
	tote_ctx_unref(ctx);
	ck_assert_int_eq(memory.live, 0);
}
END_TEST

/* Not even its old name can be given back once memory is gone: so it is taken last. */
START_TEST(a_file_that_finds_no_memory_for_its_new_name_keeps_the_old_one)
{
	struct failing memory = {.fail_at = -1};
	tote_ctx *ctx = support_ctx(NULL, &memory);
	struct tote_fault fault = {0};
	struct store_stat st;
	int refused = 0;
	struct place p;
	void *stage;

	place_make(ctx, "box", LAYOUT_CONTAINER, &p);
	ck_ok(p.ops->stage_begin(p.handle, &stage, &fault), fault);
	ck_ok(p.ops->stage_write(stage, "x", 1, &fault), fault);
	ck_ok(p.ops->stage_sync(&stage, 1, &fault), fault);
	ck_ok(p.ops->stage_keep(stage, 7, &fault), fault);
	p.ops->stage_close(stage);
	ck_ok(p.ops->make_parents(p.handle, "d/file", &fault), fault);
	for (long n = 0;; n++) {
		int rc;

		memory.fail_at = n;
		rc = p.ops->publish(p.handle, 7, "d/file", &fault);
		memory.fail_at = -1;
		if (rc == 0)
			break;
		ck_fault(rc, TOTE_E_NO_MEMORY, fault);
		tote__fault_clear(&fault);
		ck_ok(p.ops->stat(p.handle, SPACE_ASSETS, ".tote-7", &st, &fault), fault);
		ck_assert_uint_eq(st.size, 1);
		refused++;
	}
	ck_assert_int_gt(refused, 1);
	ck_ok(p.ops->stat(p.handle, SPACE_ASSETS, "d/file", &st, &fault), fault);
	ck_fault(p.ops->stat(p.handle, SPACE_ASSETS, ".tote-7", &st, &fault), TOTE_E_NOT_FOUND,
		fault);
	tote__place_close(&p);
	tote_ctx_unref(ctx);
	ck_assert_int_eq(memory.live, 0);
}
END_TEST

START_TEST(a_file_that_no_memory_holds_is_refused)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct tote_fault fault = {0};
	void *segment;
	uint64_t bytes;
	struct place p;

	place_make(ctx, "box", LAYOUT_CONTAINER, &p);
	ck_fault(p.ops->journal_make(p.handle, 0, "h", 1, UINT64_MAX, &fault), TOTE_E_NO_SPACE,
		fault);
	tote__fault_clear(&fault);
	ck_ok(p.ops->journal_make(p.handle, 0, "h", 1, 4096, &fault), fault);
	ck_ok(p.ops->journal_open(p.handle, 0, &segment, &bytes, &fault), fault);
	ck_fault(
		p.ops->journal_write(segment, UINT64_MAX, "xy", 2, &fault), TOTE_E_NO_SPACE, fault);
	p.ops->journal_close(segment);
	tote__place_close(&p);
	tote_ctx_unref(ctx);
}
END_TEST

Suite *memory_suite(void)
{
	Suite *s = suite_create("store/memory");
	TCase *tc = tcase_create("memory");

	tcase_add_test(tc, it_says_what_it_cannot_promise);
	tcase_add_test(tc, what_comes_from_memory_is_said_to_be_cached);
	tcase_add_test(tc, two_contexts_share_nothing);
	tcase_add_test(tc, one_location_has_many_spellings_and_none_leads_up);
	tcase_add_test(tc, the_keys_of_an_orchestrator_are_a_place_of_their_own);
	tcase_add_test(tc, everything_is_given_back_with_the_context);
	tcase_add_test(tc, a_file_that_finds_no_memory_for_its_new_name_keeps_the_old_one);
	tcase_add_test(tc, a_file_that_no_memory_holds_is_refused);
	suite_add_tcase(s, tc);
	return s;
}
