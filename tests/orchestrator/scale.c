/* SPDX-License-Identifier: ISC */
/*
 * What a root of many containers costs: counted in system calls, which no other process disturbs.
 */
#include "orchestrator/root.h"
#include "support/faulty_kernel.h"

#define FEW  12
#define MANY 60

static void root_counted(struct root *r)
{
	root_bare(r);
	ck_assert_int_eq(tote__posix_kernel_set(r->ctx, faulty_kernel(), &r->fault), 0);
	ck_ok(tote_orchestrator_init(r->ctx, r->path, ROOT_ORIGIN, "op@host", 0, &r->fault),
		r->fault);
	root_open(r);
}

static void provision_up_to(struct root *r, int from, int to)
{
	for (int i = from; i < to; i++)
		root_provision(r, printed("box-%03d", i));
}

static long calls_of_one(struct root *r, const char *id)
{
	long before = faulty_count(CALL_ANY);

	root_provision(r, id);
	return faulty_count(CALL_ANY) - before;
}

START_TEST(provisioning_costs_the_same_however_many_containers_there_are)
{
	struct root r;
	long few, many;

	root_counted(&r);
	provision_up_to(&r, 0, FEW);
	few = calls_of_one(&r, "after-few");
	provision_up_to(&r, FEW, MANY);
	many = calls_of_one(&r, "after-many");
	/* but for a segment that is made longer, which others would have done as well */
	ck_assert_msg(many <= few + 20, "%ld calls, and %ld among the first", many, few);
	root_remove(&r);
}
END_TEST

START_TEST(what_others_wrote_is_read_on_from_where_the_handle_was)
{
	struct root r;
	tote_orchestrator *other;
	struct tote_container c = {.size = sizeof(c)};
	long before, idle, once;

	root_counted(&r);
	provision_up_to(&r, 0, MANY);
	ck_ok(tote_orchestrator_open(r.ctx, r.path, 0, &other, &r.fault), r.fault);
	root_provision(&r, "one-more");
	before = faulty_count(CALL_ANY);
	ck_ok(tote_orchestrator_find(other, "one-more", &c, &r.fault), r.fault);
	once = faulty_count(CALL_ANY) - before;
	ck_assert_msg(once < MANY, "%ld calls for one entry behind %d", once, MANY);
	before = faulty_count(CALL_ANY);
	ck_ok(tote_orchestrator_find(other, "one-more", &c, &r.fault), r.fault);
	idle = faulty_count(CALL_ANY) - before;
	ck_assert_msg(idle < 10, "%ld calls for nothing new", idle);
	tote_orchestrator_unref(other);
	root_remove(&r);
}
END_TEST

START_TEST(flags_are_found_by_number_whichever_container_they_are_of)
{
	struct root r;
	struct tote_flag f = {.size = sizeof(f)};
	const char *const order[] = {"c", "a", "b"};
	uint64_t after = TOTE_SEQ_ANY;
	struct known *of;

	root_make(&r);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		tote_audit *job;
		const char *ids[] = {order[i]};
		struct tote_audit_options options = {
			.size = sizeof(options), .ids = ids, .id_count = 1};

		root_provision(&r, order[i]);
		file_write(printed("%s/containers/%s/assets/foreign", r.path, order[i]), "x", 1);
		ck_ok(tote_audit_start(r.o, &options, &job, &r.fault), r.fault);
		while (tote_audit_step(job, 0, 0, &r.fault) == 1)
			;
		tote_audit_unref(job);
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		ck_assert_int_eq(tote_orchestrator_next_flag(r.o, NULL, after, &f, &r.fault), 1);
		ck_assert_str_eq(f.container, order[i]);
		ck_assert_ptr_nonnull(tote__registry_flag(&r.o->registry, f.seq, &of));
		ck_assert_str_eq(of->id, order[i]);
		ck_assert_ptr_null(tote__registry_flag(&r.o->registry, f.seq + 1, &of));
		after = f.seq;
	}
	ck_assert_int_eq(tote_orchestrator_next_flag(r.o, NULL, after, &f, &r.fault), 0);
	ck_assert_int_eq(tote_orchestrator_next_flag(r.o, "c", after, &f, &r.fault), 0);
	ck_assert_int_eq(tote_orchestrator_next_flag(r.o, "b", after - 1, &f, &r.fault), 1);
	root_remove(&r);
}
END_TEST

Suite *scale_suite(void)
{
	Suite *suite = suite_create("scale");
	TCase *tests = tcase_create("scale");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, provisioning_costs_the_same_however_many_containers_there_are);
	tcase_add_test(tests, what_others_wrote_is_read_on_from_where_the_handle_was);
	tcase_add_test(tests, flags_are_found_by_number_whichever_container_they_are_of);
	suite_add_tcase(suite, tests);
	return suite;
}
