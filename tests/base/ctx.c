/* SPDX-License-Identifier: ISC */
/*
 * The context takes what the host supplies, refuses what it does not know, and gives everything
 * back; sized structs grow without breaking older or newer callers.
 */
#include "base/ctx.h"
#include "support/support.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void *no_resize(void *user, void *block, size_t bytes)
{
	(void)user, (void)block, (void)bytes;
	return NULL;
}

START_TEST(a_context_needs_nothing_and_is_gone_with_its_last_reference)
{
	struct tote_fault fault;
	tote_ctx *ctx = NULL;

	ck_ok(tote_ctx_new(NULL, &ctx, &fault), fault);
	ck_ok(tote__ctx_check(ctx, &fault), fault);
	ck_assert_int_eq(ctx->lock_wait_us, 10000000);
	ck_assert_int_gt(tote__clock_wall(&ctx->clock), INT64_C(1700000000000000));
	ck_assert_int_gt(tote__clock_monotonic(&ctx->clock), 0);
	ck_assert_ptr_eq(tote_ctx_ref(ctx), ctx);
	ck_assert_ptr_null(tote_ctx_unref(ctx));
	ck_ok(tote__ctx_check(ctx, &fault), fault);
	ck_assert_ptr_null(tote_ctx_unref(ctx));
	ck_assert_ptr_null(tote_ctx_ref(NULL));
	ck_assert_ptr_null(tote_ctx_unref(NULL));
}
END_TEST

START_TEST(all_memory_is_the_hosts_and_all_of_it_comes_back)
{
	for (long n = 0;; n++) {
		struct failing f = {.fail_at = n};
		struct tote_allocator allocator = failing_allocator(&f);
		struct tote_ctx_options options;
		struct tote_fault fault;
		tote_ctx *ctx = NULL;

		ck_ok(tote_ctx_options_init(&options, sizeof(options), &fault), fault);
		options.allocator = &allocator;
		if (tote_ctx_new(&options, &ctx, &fault) < 0) {
			ck_assert_int_eq(fault.code, TOTE_E_NO_MEMORY);
			ck_assert_ptr_null(ctx);
		} else {
			ck_assert_int_gt(f.live, 0);
		}
		tote_ctx_unref(ctx);
		ck_assert_int_eq(f.live, 0);
		if (!f.fired)
			break;
	}
}
END_TEST

START_TEST(the_hosts_clock_is_read_each_time)
{
	struct frozen_clock frozen = FROZEN_CLOCK;
	tote_ctx *ctx = support_ctx(&frozen, NULL);

	ck_assert_int_eq(tote__clock_wall(&ctx->clock), INT64_C(1795421700000000));
	frozen.wall--;
	frozen.monotonic += 5;
	ck_assert_int_eq(tote__clock_wall(&ctx->clock), INT64_C(1795421699999999));
	ck_assert_int_eq(tote__clock_monotonic(&ctx->clock), 1000005);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(waiting_for_a_lock_has_a_default_and_can_be_refused)
{
	static const int64_t asked[][2] = {{0, 10000000}, {-1, 0}, {INT64_MIN, 0}, {7, 7}};
	struct tote_ctx_options options;
	struct tote_fault fault;
	tote_ctx *ctx;

	for (size_t i = 0; i < 4; i++) {
		ck_ok(tote_ctx_options_init(&options, sizeof(options), &fault), fault);
		options.lock_wait_us = asked[i][0];
		ck_ok(tote_ctx_new(&options, &ctx, &fault), fault);
		ck_assert_int_eq(ctx->lock_wait_us, asked[i][1]);
		tote_ctx_unref(ctx);
	}
}
END_TEST

/* Good options, one member of which is then spoilt. */
struct offer {
	struct tote_allocator allocator;
	struct tote_clock clock;
	struct tote_log log;
	struct tote_ctx_options options;
};

static void make_good(struct offer *b)
{
	memset(b, 0, sizeof(*b));
	b->allocator = (struct tote_allocator){.size = sizeof(b->allocator), .resize = no_resize};
	b->clock.size = sizeof(b->clock);
	b->log.size = sizeof(b->log);
	b->options.size = sizeof(b->options);
	b->options.clock = &b->clock;
	b->options.log = &b->log;
}

static void is_refused(struct offer *b, int code, const char *word)
{
	struct tote_fault fault;
	tote_ctx *ctx = NULL;

	ck_fault(tote_ctx_new(&b->options, &ctx, &fault), code, fault);
	ck_assert_msg(strstr(fault.text, word) != NULL, "'%s' lacks '%s'", fault.text, word);
	ck_assert_ptr_null(ctx);
}

START_TEST(options_that_make_no_sense_are_refused)
{
	struct tote_fault fault;
	struct offer b;

	make_good(&b);
	b.options.size = 4;
	is_refused(&b, TOTE_E_STRUCT, "ctx options");
	make_good(&b);
	b.options.size = 16385;
	is_refused(&b, TOTE_E_STRUCT, "ctx options");
	make_good(&b);
	b.options.flags = 4;
	is_refused(&b, TOTE_E_FLAGS, "0x4");
	make_good(&b);
	b.clock.flags = 1;
	is_refused(&b, TOTE_E_FLAGS, "clock");
	make_good(&b);
	b.clock.size = 0;
	is_refused(&b, TOTE_E_STRUCT, "clock");
	make_good(&b);
	b.log.size = 8;
	is_refused(&b, TOTE_E_STRUCT, "log");
	make_good(&b);
	b.options.allocator = &b.allocator;
	is_refused(&b, TOTE_E_ARGUMENT, "release");
	b.allocator.flags = 2;
	is_refused(&b, TOTE_E_FLAGS, "allocator");
	b.allocator.size = 1;
	is_refused(&b, TOTE_E_STRUCT, "allocator");
	ck_fault(tote_ctx_new(NULL, NULL, &fault), TOTE_E_ARGUMENT, fault);
	ck_assert_int_eq(tote_ctx_new(NULL, NULL, NULL), TOTE_E_ARGUMENT);
	ck_fault(tote__ctx_check(NULL, &fault), TOTE_E_ARGUMENT, fault);
}
END_TEST

START_TEST(an_init_sets_the_size_and_nothing_else)
{
	struct tote_ctx_options options;
	struct tote_fault fault;

	memset(&options, 0xA5, sizeof(options));
	ck_ok(tote_ctx_options_init(&options, sizeof(options), &fault), fault);
	ck_assert_uint_eq(options.size, sizeof(options));
	for (size_t i = sizeof(options.size); i < sizeof(options); i++)
		ck_assert_int_eq(((uint8_t *)&options)[i], 0);
	ck_fault(tote_ctx_options_init(NULL, sizeof(options), &fault), TOTE_E_ARGUMENT, fault);
	ck_fault(tote_ctx_options_init(&options, 8, &fault), TOTE_E_STRUCT, fault);
	ck_fault(tote_ctx_options_init(&options, 16385, &fault), TOTE_E_STRUCT, fault);
}
END_TEST

/* A struct as an older, this and a newer version of the library know it. */
struct v1 {
	uint32_t size, a;
};

struct v2 {
	uint32_t size, a, b, c;
};

START_TEST(an_older_callers_struct_is_filled_up_with_zeros)
{
	struct v1 theirs = {sizeof(theirs), 7};
	struct v2 ours = {9, 9, 9, 9};
	struct tote_fault fault = {0};

	ck_ok(tote__struct_in(&ours, sizeof(ours), sizeof(theirs), &theirs, "v", &fault), fault);
	ck_assert_uint_eq(ours.size, sizeof(ours));
	ck_assert_uint_eq(ours.a, 7);
	ck_assert_uint_eq(ours.b, 0);
	ck_assert_uint_eq(ours.c, 0);
	ck_ok(tote__struct_in(&ours, sizeof(ours), sizeof(theirs), NULL, "v", &fault), fault);
	ck_assert_uint_eq(ours.size, sizeof(ours));
	ck_assert_uint_eq(ours.a, 0);
}
END_TEST

START_TEST(a_newer_callers_struct_is_taken_while_its_tail_is_zero)
{
	struct v2 theirs = {sizeof(theirs), 7, 0, 0};
	struct tote_fault fault = {0};
	struct v1 ours;

	ck_ok(tote__struct_in(&ours, sizeof(ours), sizeof(ours), &theirs, "v", &fault), fault);
	ck_assert_uint_eq(ours.size, sizeof(ours));
	ck_assert_uint_eq(ours.a, 7);
	theirs.c = 0x01000000;
	ck_fault(tote__struct_in(&ours, sizeof(ours), sizeof(ours), &theirs, "v", &fault),
		TOTE_E_STRUCT, fault);
}
END_TEST

START_TEST(an_output_is_filled_as_far_as_the_caller_has_room)
{
	struct v2 ours = {sizeof(ours), 1, 2, 3}, wide;
	struct tote_fault fault = {0};
	struct {
		struct v1 narrow;
		uint32_t behind;
	} theirs = {{sizeof(struct v1), 0}, 0xA5A5A5A5};

	ck_ok(tote__struct_out(&theirs.narrow, &ours, sizeof(ours), sizeof(struct v1), "v", &fault),
		fault);
	ck_assert_uint_eq(theirs.narrow.size, sizeof(struct v1));
	ck_assert_uint_eq(theirs.narrow.a, 1);
	ck_assert_uint_eq(theirs.behind, 0xA5A5A5A5);
	wide = (struct v2){sizeof(wide), 9, 9, 9};
	ck_ok(tote__struct_out(&wide, &ours, sizeof(struct v1), sizeof(struct v1), "v", &fault),
		fault);
	ck_assert_uint_eq(wide.size, sizeof(wide));
	ck_assert_uint_eq(wide.a, 1);
	ck_assert_uint_eq(wide.b, 0);
	wide.size = 0;
	ck_fault(tote__struct_out(&wide, &ours, sizeof(ours), sizeof(struct v1), "v", &fault),
		TOTE_E_STRUCT, fault);
	ck_fault(tote__struct_out(NULL, &ours, sizeof(ours), sizeof(struct v1), "v", &fault),
		TOTE_E_ARGUMENT, fault);
}
END_TEST

START_TEST(unknown_flag_bits_are_refused)
{
	struct tote_fault fault = {0};

	ck_ok(tote__flags_check(0, 0, "f", &fault), fault);
	ck_ok(tote__flags_check(5, 7, "f", &fault), fault);
	ck_fault(tote__flags_check(0x80000001, 7, "f", &fault), TOTE_E_FLAGS, fault);
	ck_assert_ptr_nonnull(strstr(fault.text, "0x80000000"));
}
END_TEST

START_TEST(a_forked_child_may_only_let_go)
{
	struct tote_fault fault;
	tote_ctx *ctx;
	int status;
	pid_t child;

	ck_ok(tote_ctx_new(NULL, &ctx, &fault), fault);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		int refused = tote__ctx_check(ctx, &fault) == TOTE_E_MISUSE;

		tote_ctx_unref(ctx);
		_exit(refused ? 42 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WIFEXITED(status) && WEXITSTATUS(status) == 42, 1);
	ck_ok(tote__ctx_check(ctx, &fault), fault);
	tote_ctx_unref(ctx);
}
END_TEST

static atomic_int made, destroyed;

static void *make_object(const struct heap *heap, struct tote_fault *fault)
{
	atomic_fetch_add(&made, 1);
	return tote__heap_new(heap, 1, 8, fault);
}

static void destroy_object(const struct heap *heap, void *object)
{
	atomic_fetch_add(&destroyed, 1);
	tote__heap_free(heap, object);
}

static void *take_slot(void *user)
{
	struct tote_fault fault = {0};
	void *object = NULL;

	for (int i = 0; i < 1000; i++)
		object = tote__ctx_slot(
			user, CTX_SLOT_BACKENDS, make_object, destroy_object, &fault);
	return object;
}

START_TEST(a_slot_is_made_once_however_many_threads_ask)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	pthread_t threads[4];
	void *first = take_slot(ctx), *seen;

	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_slot, ctx), 0);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &seen), 0);
		ck_assert_ptr_eq(seen, first);
	}
	ck_assert_int_eq(atomic_load(&made), 1);
	tote_ctx_unref(ctx);
	ck_assert_int_eq(atomic_load(&destroyed), 1);
}
END_TEST

START_TEST(a_slot_that_could_not_be_made_is_tried_again)
{
	struct failing f = {.fail_at = -1};
	tote_ctx *ctx = support_ctx(NULL, &f);
	struct tote_fault fault = {0};

	f.fail_at = 0;
	ck_assert_ptr_null(
		tote__ctx_slot(ctx, CTX_SLOT_BACKENDS, make_object, destroy_object, &fault));
	ck_assert_int_eq(fault.code, TOTE_E_NO_MEMORY);
	f.fail_at = -1;
	ck_assert_ptr_nonnull(
		tote__ctx_slot(ctx, CTX_SLOT_BACKENDS, make_object, destroy_object, &fault));
	tote_ctx_unref(ctx);
	ck_assert_int_eq(f.live, 0);
}
END_TEST

struct lines {
	int count;
	int32_t priority;
	char last[4096];
};

static void take_line(void *user, int32_t priority, const char *text)
{
	struct lines *l = user;

	l->count++;
	l->priority = priority;
	snprintf(l->last, sizeof(l->last), "%s", text);
}

START_TEST(log_lines_reach_the_host_one_at_a_time_and_only_those_it_wants)
{
	struct lines l = {0};
	struct tote_log host = {.size = sizeof(host), .user = &l, .line = take_line};
	struct log_sink log;

	tote__log_init(&log, &host); /* level 0: warnings and errors */
	tote__log(&log, TOTE_LOG_INFO, "not wanted");
	ck_assert_int_eq(l.count, 0);
	tote__log(&log, TOTE_LOG_WARNING, "name '%s'", "two\nlines");
	ck_assert_int_eq(l.count, 1);
	ck_assert_int_eq(l.priority, TOTE_LOG_WARNING);
	ck_assert_str_eq(l.last, "name 'two lines'");
	host.level = TOTE_LOG_DEBUG;
	tote__log_init(&log, &host);
	tote__log(&log, TOTE_LOG_DEBUG, "%3000s", "x");
	ck_assert_int_eq(l.count, 2);
	ck_assert_str_eq(l.last + strlen(l.last) - 3, "...");
	tote__log_init(&log, NULL);
	tote__log(&log, TOTE_LOG_ERROR, "nobody hears it");
	ck_assert_int_eq(l.count, 2);
}
END_TEST

Suite *ctx_suite(void)
{
	Suite *s = suite_create("ctx");
	TCase *t = tcase_create("ctx");

	tcase_add_test(t, a_context_needs_nothing_and_is_gone_with_its_last_reference);
	tcase_add_test(t, all_memory_is_the_hosts_and_all_of_it_comes_back);
	tcase_add_test(t, the_hosts_clock_is_read_each_time);
	tcase_add_test(t, waiting_for_a_lock_has_a_default_and_can_be_refused);
	tcase_add_test(t, options_that_make_no_sense_are_refused);
	tcase_add_test(t, an_init_sets_the_size_and_nothing_else);
	tcase_add_test(t, an_older_callers_struct_is_filled_up_with_zeros);
	tcase_add_test(t, a_newer_callers_struct_is_taken_while_its_tail_is_zero);
	tcase_add_test(t, an_output_is_filled_as_far_as_the_caller_has_room);
	tcase_add_test(t, unknown_flag_bits_are_refused);
	tcase_add_test(t, a_forked_child_may_only_let_go);
	tcase_add_test(t, a_slot_is_made_once_however_many_threads_ask);
	tcase_add_test(t, a_slot_that_could_not_be_made_is_tried_again);
	tcase_add_test(t, log_lines_reach_the_host_one_at_a_time_and_only_those_it_wants);
	suite_add_tcase(s, t);
	return s;
}
