/* SPDX-License-Identifier: ISC */
/*
 * A restored older copy, another history, another ledger in a container's place: nothing is appended
 * to it or signed for it, the record alone archives it, and a successor names what was seen of it.
 */
#include "orchestrator/outcome.h"
#include "orchestrator/root.h"

static void shell(const char *fmt, const char *a, const char *b)
{
	char line[1500];

	ck_assert_int_lt(snprintf(line, sizeof(line), fmt, a, b), (int)sizeof(line));
	ck_assert_msg(run_shell(line) == 0, "%s", line);
}

/* `a` with 4 entries at root/../old, and the same with 9, seen by the witness, in its place. */
static void make_two_ages(struct root *r, char old[512])
{
	char here[512];

	root_make(r);
	root_provision(r, "a");
	root_fill(r, "a", 3);
	named(old, "%s/old", r->scratch.path);
	copy_tree(named(here, "%s/containers/a", r->path), old);
	root_fill(r, "a", 5);
	ck_assert_uint_eq(audit_level(r, "a", TOTE_LEVEL_FULL).verdict.verdict, TOTE_VERDICT_OK);
}

static void put_in_place(struct root *r, const char *copy)
{
	char here[512];

	named(here, "%s/containers/a", r->path);
	remove_tree(here);
	copy_tree(copy, here);
}

static int provision_after(struct root *r, const char *id, const char *before, uint32_t *ret_was)
{
	struct tote_provision_options options;

	ck_ok(tote_provision_options_init(&options, sizeof(options), &r->fault), r->fault);
	options.predecessor = before;
	return tote_orchestrator_provision(r->o, id, &options, ret_was, &r->fault);
}

/* The value of a field of entry 0, "" where there is none. */
static const char *first_field(struct root *r, const char *id, const char *key, char out[512])
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY};
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;
	tote_box *box;

	out[0] = '\0';
	ck_ok(tote_box_open(r->o, id, &options, &box, &r->fault), r->fault);
	ck_ok(tote_cursor_open(box, 0, 0, &cursor, &r->fault), r->fault);
	ck_assert_int_eq(tote_cursor_next(cursor, &e, &r->fault), 1);
	for (size_t i = 0; i < e.field_count; i++)
		if (!strcmp(e.fields[i].key, key))
			snprintf(out, 512, "%.*s", (int)e.fields[i].length,
				(const char *)e.fields[i].value);
	tote_cursor_unref(cursor);
	tote_box_unref(box);
	return out;
}

/* --- an older copy -------------------------------------------------------------------------- */

START_TEST(to_a_restored_older_copy_nothing_is_appended_and_nothing_is_signed_for_it)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY};
	char old[512], here[512];
	struct outcome out;
	struct root r;
	tote_box *box;
	uint64_t size;

	make_two_ages(&r, old);
	put_in_place(&r, old);
	out = audit_level(&r, "a", TOTE_LEVEL_FULL);
	ck_assert_uint_eq(out.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert(has_code(&out, FINDING_ROLLBACK));
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_ROLLBACK, r.fault);
	ck_assert_ptr_nonnull(strstr(r.fault.text, "--successor-of a"));
	ck_fault(tote_orchestrator_witness(r.o, "a", 0, &size, &r.fault), TOTE_E_ROLLBACK, r.fault);
	ck_ok(tote_box_open(r.o, "a", &options, &box, &r.fault), r.fault); /* it can be read */
	tote_box_unref(box);
	/* a repair is no way around it: there is no damage, only age */
	ck_ok(tote_orchestrator_repair(r.o, "a", NULL, "why", 0, NULL, &r.fault), r.fault);
	/* nothing was written there but the line of who held the lock */
	shell("diff -r -x lock '%s' '%s'", old, named(here, "%s/containers/a", r.path));
	/* the newest copy back, and all is well */
	root_remove(&r);
}
END_TEST

START_TEST(the_record_alone_archives_it_and_says_so_and_a_successor_names_it)
{
	char old[512], here[512], value[512];
	struct outcome out;
	struct root r;
	uint32_t was = 0;

	make_two_ages(&r, old);
	put_in_place(&r, old);
	ck_fault(provision_after(&r, "b", "a", &was), TOTE_E_STATE, r.fault);
	ck_assert_ptr_nonnull(strstr(r.fault.text, "archive"));
	ck_fault(provision_after(&r, "b", "none", &was), TOTE_E_NOT_FOUND, r.fault);
	ck_fault(provision_after(&r, "b", "No ID", &was), TOTE_E_GRAMMAR, r.fault);
	ck_ok(root_move(&r, "a", TOTE_STATE_ARCHIVED), r.fault);
	shell("diff -r -x lock '%s' '%s'", old, named(here, "%s/containers/a", r.path));
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
	shell("grep -qa 'recorded here alone' '%s'/orchestrator/ledger/journal/*%s", r.path, "");
	ck_ok(provision_after(&r, "b", "a", &was), r.fault);
	ck_assert_uint_eq(was, TOTE_PROVISIONED_NEW);
	ck_assert_str_eq(first_field(&r, "b", "predecessor-origin", value), ROOT_ORIGIN "/a");
	ck_assert_str_eq(first_field(&r, "b", "predecessor-size", value), "9");
	ck_assert_uint_eq(strlen(first_field(&r, "b", "predecessor-root", value)), 44);
	root_fill(&r, "b", 2);
	out = audit_level(&r, "b", TOTE_LEVEL_FULL);
	ck_assert_uint_eq(out.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(out.information, 1); /* whose successor it is */
	/* what is there stays a finding */
	out = audit_level(&r, "a", TOTE_LEVEL_FULL);
	ck_assert_uint_eq(out.verdict.verdict, TOTE_VERDICT_DAMAGED);
	/* the same again, and what it is not */
	ck_ok(provision_after(&r, "b", "a", &was), r.fault);
	ck_assert_uint_eq(was, TOTE_PROVISIONED_ALREADY);
	root_provision(&r, "c");
	ck_fault(provision_after(&r, "c", "a", &was), TOTE_E_EXISTS, r.fault);
	ck_assert_ptr_nonnull(strstr(r.fault.text, "successor"));
	root_remove(&r);
}
END_TEST

static int succeed(tote_ctx *ctx, const char *path)
{
	struct tote_provision_options options;
	struct tote_fault fault;
	tote_orchestrator *o;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (!rc)
		rc = tote_provision_options_init(&options, sizeof(options), &fault);
	options.predecessor = "a";
	if (!rc)
		rc = tote_orchestrator_provision(o, "b", &options, NULL, &fault);
	if (rc < 0)
		fprintf(stderr, "successor: %s\n", fault.text);
	return rc;
}

START_TEST(a_successor_that_died_half_made_is_completed_by_the_same_call)
{
	char old[512], whole[512], value[512];
	struct root r;
	long at;

	make_two_ages(&r, old);
	put_in_place(&r, old);
	ck_ok(root_move(&r, "a", TOTE_STATE_ARCHIVED), r.fault);
	root_close(&r);
	copy_tree(r.path, named(whole, "%s/whole", r.scratch.path));
	for (at = 0; dies_at(at, succeed, r.path); at++) {
		uint32_t was = 0;

		root_open(&r);
		ck_ok(provision_after(&r, "b", "a", &was), r.fault);
		ck_assert_str_eq(first_field(&r, "b", "predecessor-size", value), "9");
		ck_assert_int_eq(root_entries(&r, "container.registered", "b"), 1);
		root_fill(&r, "b", 1);
		root_close(&r);
		remove_tree(r.path);
		copy_tree(whole, r.path);
	}
	ck_assert_int_gt(at, 10);
	root_open(&r);
	root_remove(&r);
}
END_TEST

/* --- another history, another ledger -------------------------------------------------------- */

START_TEST(to_another_history_nothing_is_appended)
{
	char other[512], there[512];
	struct outcome out;
	struct root r, twin;
	tote_box *box;

	root_make(&r);
	root_provision(&r, "a");
	root_fill(&r, "a", 3);
	root_close(&r);
	root_bare(&twin);
	copy_tree(r.path, twin.path);
	root_open(&twin);
	root_open(&r);
	/* with the same key, in two places */
	root_fill(&twin, "a", 6);
	root_fill(&r, "a", 5);
	ck_assert_uint_eq(audit_level(&r, "a", TOTE_LEVEL_FULL).verdict.verdict, TOTE_VERDICT_OK);
	named(other, "%s/containers/a", twin.path);
	put_in_place(&r, other);
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_FORK, r.fault);
	out = audit_level(&r, "a", TOTE_LEVEL_FULL);
	ck_assert(has_code(&out, FINDING_FORK));
	ck_ok(root_move(&r, "a", TOTE_STATE_ARCHIVED), r.fault);
	shell("diff -r -x lock '%s' '%s'", other, named(there, "%s/containers/a", r.path));
	root_remove(&twin);
	root_remove(&r);
}
END_TEST

START_TEST(a_ledger_of_the_same_name_and_another_key_is_another_one)
{
	char other[512], there[512];
	struct root r, twin;
	tote_box *box;

	root_make(&r);
	root_provision(&r, "a");
	root_fill(&r, "a", 3);
	root_make(&twin); /* the same origins, keys of its own */
	root_provision(&twin, "a");
	root_fill(&twin, "a", 4);
	named(other, "%s/containers/a", twin.path);
	put_in_place(&r, other);
	ck_assert_int_lt(tote_box_open(r.o, "a", NULL, &box, &r.fault), 0);
	/* nor where no key is there to compare with */
	shell("rm -f '%s'/orchestrator/keys/a '%s'/orchestrator/keys/a.last", r.path, r.path);
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_UNTRUSTED, r.fault);
	ck_ok(root_move(&r, "a", TOTE_STATE_ARCHIVED), r.fault);
	shell("diff -r -x lock '%s' '%s'", other, named(there, "%s/containers/a", r.path));
	root_remove(&twin);
	root_remove(&r);
}
END_TEST

Suite *successor_suite(void)
{
	Suite *s = suite_create("successor");
	TCase *t = tcase_create("what cannot go on");

	tcase_set_timeout(t, 120);
	tcase_add_test(
		t, to_a_restored_older_copy_nothing_is_appended_and_nothing_is_signed_for_it);
	tcase_add_test(t, the_record_alone_archives_it_and_says_so_and_a_successor_names_it);
	tcase_add_test(t, a_successor_that_died_half_made_is_completed_by_the_same_call);
	tcase_add_test(t, to_another_history_nothing_is_appended);
	tcase_add_test(t, a_ledger_of_the_same_name_and_another_key_is_another_one);
	suite_add_tcase(s, t);
	return s;
}
