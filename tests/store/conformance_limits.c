/* SPDX-License-Identifier: ISC */
/*
 * Threads and a lack of memory: what every backend promises then, held against each of them.
 */
#include "store/store.h"
#include "support/store_house.h"
#include <pthread.h>

struct writer {
	struct house *h;
	int number;
};

static void *write_some(void *user)
{
	struct writer *w = user;
	struct tote_fault fault = {0};
	char name[64];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d%d/t%d/%d", i % 3, w->number, i);
		if (w->h->ops->put_new(w->h->at, SPACE_LOG, name, name, strlen(name), &fault) ||
			w->h->ops->barrier(w->h->at, SPACE_LOG, &fault))
			return (void *)1;
	}
	return NULL;
}

START_TEST(calls_of_many_threads_may_overlap)
{
	HOUSE(h);
	pthread_t threads[4];
	struct writer writers[4];
	void *failed;

	ck_assert(h.ops->capabilities & STORE_CAN_ANY_THREAD);
	for (int i = 0; i < 4; i++) {
		writers[i] = (struct writer){&h, i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_some, &writers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
	house_holds(&h, SPACE_LOG, "d1/t3/19", "d1/t3/19");
	house_end(&h);
}
END_TEST

/* Everything once; 0 or the first failure. */
static int everything(struct house *h, struct tote_fault *f)
{
	const struct store_ops *ops = h->ops;
	void *stage = NULL, *segment = NULL, *object = NULL;
	const char *path = "p/q";
	struct store_stat st;
	struct buf out;
	uint64_t bytes;
	int count = 0, rc;

	tote__buf_init(&out, &h->ctx->heap, 1000);
	rc = ops->put_new(h->at, SPACE_LOG, "tile/0", "x", 1, f);
	rc = rc ? rc : ops->barrier(h->at, SPACE_LOG, f);
	rc = rc ? rc : ops->list(h->at, SPACE_LOG, "", house_count, &count, f);
	rc = rc ? rc
		: ops->object_open(h->at, SPACE_LOG, "tile/0", STORE_UNCACHED, &object, &st, f);
	rc = rc ? rc : tote__store_get(&h->place, SPACE_LOG, "tile/0", 0, &out, NULL, f);
	rc = rc ? rc : ops->cell_swap(h->at, SPACE_LOG, "c", NULL, 0, "1", 1, 0, f);
	rc = rc ? rc : ops->cell_swap(h->at, SPACE_LOG, "c", "1", 1, "2", 1, 0, f);
	rc = rc ? rc : ops->stage_begin(h->at, &stage, f);
	rc = rc ? rc : ops->stage_write(stage, "s", 1, f);
	rc = rc ? rc : ops->stage_keep(stage, 3, f);
	rc = rc ? rc : ops->make_parents(h->at, path, f);
	rc = rc ? rc : ops->publish(h->at, 3, path, f);
	rc = rc ? rc : ops->sync_parents(h->at, &path, 1, f);
	rc = rc ? rc : ops->journal_make(h->at, 0, "h", 1, 4096, f);
	rc = rc ? rc : ops->journal_open(h->at, 0, &segment, &bytes, f);
	rc = rc ? rc : ops->lock_take(h->at, LOCK_BYTE_WRITE, 0, f);
	rc = rc ? rc : ops->sweep(h->at, f);
	tote__buf_free(&out);
	if (object)
		ops->object_close(object);
	ops->stage_close(stage);
	ops->journal_close(segment);
	return rc;
}

START_TEST(every_lack_of_memory_is_reported_and_nothing_leaks)
{
	for (long n = 0;; n++) {
		struct failing f = {.fail_at = -1, .once = 1};
		struct house h = {.backend = &conformance_backends[_i]};
		int rc;

		h.backend->make(&h.scratch);
		h.ctx = support_ctx(NULL, &f);
		f.fail_at = n;
		rc = tote__place_provision(
			h.ctx, h.backend->name, house_location(&h), LAYOUT_CONTAINER, &h.fault);
		if (rc == 0)
			rc = tote__place_open(h.ctx, h.backend->name, house_location(&h),
				LAYOUT_CONTAINER, 0, &h.place, &h.fault);
		if (rc == 0) {
			h.ops = h.place.ops;
			h.at = h.place.handle;
			rc = everything(&h, &h.fault);
		}
		if (f.fired)
			ck_fault(rc, TOTE_E_NO_MEMORY, h.fault);
		else
			ck_ok(rc, h.fault);
		house_end(&h);
		ck_assert_int_eq(f.live, 0);
		if (!f.fired)
			break;
	}
}
END_TEST

Suite *conformance_limits_suite(void)
{
	const TTest *const tests[] = {calls_of_many_threads_may_overlap,
		every_lack_of_memory_is_reported_and_nothing_leaks};
	Suite *s = suite_create("store/conformance_limits");
	TCase *tc = tcase_create("every backend");

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, HOUSE_BACKENDS);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}
