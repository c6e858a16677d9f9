/* SPDX-License-Identifier: ISC */
/*
 * What an operator settles: a damaged container or record is repaired, an erasure is completed
 * whoever dies on the way, and audits say of it what is true.
 */
#include "orchestrator/outcome.h"
#include "orchestrator/root.h"

static int shell_in(struct root *r, const char *dir, const char *command)
{
	char line[1024];

	ck_assert_int_lt(snprintf(line, sizeof(line), "cd '%s/%s' && %s", r->path, dir, command),
		(int)sizeof(line));
	return run_shell(line);
}

/* So many records in groups of their own, none of them folded. */
static void append_some(struct root *r, const char *id, int count)
{
	tote_box *box = root_box(r, id);

	for (int i = 0; i < count; i++)
		ck_ok(box_append(box, printed("record %d", i), &r->fault), r->fault);
	tote_box_unref(box);
}

/* Entry seq, in a group of its own in the first segment below dir, loses a byte. */
static void rot(struct root *r, const char *dir, int seq)
{
	ck_assert_int_eq(
		shell_in(r, dir,
			printed("f=$(ls ledger/journal | head -n 1) && printf '\\377' | dd "
				"of=ledger/journal/$f bs=1 seek=%d conv=notrunc status=none",
				(seq + 1) * 4096 + 90)),
		0);
}

static int repair(struct root *r, const char *id, uint32_t flags, struct tote_repair *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->size = sizeof(*ret);
	return tote_orchestrator_repair(r->o, id, "op@host", "a disk", flags, ret, &r->fault);
}

static uint32_t audited(struct root *r, const char *id)
{
	return audit_level(r, id, TOTE_LEVEL_FULL).verdict.verdict;
}

/* A container `a` with a damaged journal: of six entries three are folded, the fifth is gone. */
static void make_damaged(struct root *r)
{
	root_make(r);
	root_provision(r, "a");
	root_fill(r, "a", 2);
	append_some(r, "a", 3);
	rot(r, "containers/a", 4);
}

/* --- a container ---------------------------------------------------------------------------- */

START_TEST(a_damaged_container_is_repaired_through_its_orchestrator)
{
	struct tote_repair plan, done;
	struct outcome found;
	struct root r;
	tote_box *box;

	make_damaged(&r);
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_DAMAGED, r.fault);
	ck_assert_ptr_nonnull(strstr(r.fault.text, "repair"));
	ck_ok(repair(&r, "a", TOTE_REPAIR_PLAN, &plan), r.fault);
	ck_assert_uint_eq(plan.flags, TOTE_REPAIR_NEEDED);
	ck_assert_uint_eq(plan.seq, TOTE_SEQ_ANY);
	ck_assert_str_eq(plan.aside, "ledger/damaged/00000000000000000004");
	ck_assert_ptr_nonnull(strstr(plan.why, "4"));
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_DAMAGED, r.fault);
	ck_ok(repair(&r, "a", 0, &done), r.fault);
	ck_assert_uint_eq(done.flags, TOTE_REPAIR_NEEDED | TOTE_REPAIR_DONE);
	ck_assert_uint_eq(done.from_seq, 4);
	ck_assert_uint_eq(done.lost, 2);
	ck_assert_uint_eq(done.folded, 1);
	ck_assert_uint_eq(done.seq, 4);
	ck_assert_str_eq(done.aside, plan.aside);
	append_some(&r, "a", 2);
	found = audit_level(&r, "a", TOTE_LEVEL_FULL);
	ck_assert_uint_eq(found.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert(has_told(&found, FINDING_LEDGER_REPAIRED)); /* and every audit says so */
	ck_assert(has_told(&found, FINDING_REPAIR_ASIDE));
	ck_ok(repair(&r, "a", 0, &done), r.fault);
	ck_assert_uint_eq(done.flags, 0);
	root_remove(&r);
}
END_TEST

START_TEST(a_box_for_repair_reads_what_is_whole_takes_nothing_and_goes_on_afterwards)
{
	struct tote_box_options options;
	struct tote_repair done = {.size = sizeof(done)};
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;
	struct root r;
	tote_box *box;
	int count = 0;

	make_damaged(&r);
	ck_ok(tote_box_options_init(&options, sizeof(options), &r.fault), r.fault);
	options.flags = TOTE_BOX_REPAIR | TOTE_BOX_READ_ONLY;
	ck_fault(tote_box_open(r.o, "a", &options, &box, &r.fault), TOTE_E_ARGUMENT, r.fault);
	options.flags = TOTE_BOX_REPAIR;
	ck_ok(tote_box_open(r.o, "a", &options, &box, &r.fault), r.fault);
	ck_fault(box_append(box, "x", &r.fault), TOTE_E_DAMAGED, r.fault);
	ck_ok(tote_cursor_open(box, 0, 0, &cursor, &r.fault), r.fault);
	while (tote_cursor_next(cursor, &e, &r.fault) == 1)
		count++;
	tote_cursor_unref(cursor);
	ck_assert_int_eq(count, 4);
	ck_fault(tote_box_repair(box, NULL, "", 0, &done, &r.fault), TOTE_E_ARGUMENT, r.fault);
	ck_fault(tote_box_repair(box, NULL, "why", 2, &done, &r.fault), TOTE_E_FLAGS, r.fault);
	ck_fault(tote_box_repair(NULL, NULL, "why", 0, &done, &r.fault), TOTE_E_ARGUMENT, r.fault);
	done.size = 8;
	ck_fault(tote_box_repair(box, NULL, NULL, TOTE_REPAIR_PLAN, &done, &r.fault), TOTE_E_STRUCT,
		r.fault);
	ck_ok(tote_box_repair(box, NULL, "why", 0, NULL, &r.fault), r.fault);
	ck_ok(box_append(box, "x", &r.fault), r.fault);
	tote_box_unref(box);
	root_remove(&r);
}
END_TEST

START_TEST(without_its_key_a_container_is_not_repaired)
{
	struct tote_repair done;
	struct root r;

	make_damaged(&r);
	ck_assert_int_eq(shell_in(&r, "orchestrator/keys", "mv a ../../a.key"), 0);
	ck_fault(repair(&r, "a", 0, &done), TOTE_E_NO_SIGNER, r.fault);
	ck_assert_int_eq(shell_in(&r, "orchestrator/keys", "mv ../../a.key a"), 0);
	ck_ok(repair(&r, "a", 0, &done), r.fault);
	ck_fault(repair(&r, "b", 0, &done), TOTE_E_NOT_FOUND, r.fault);
	ck_fault(repair(&r, "B", 0, &done), TOTE_E_GRAMMAR, r.fault);
	root_close(&r);
	ck_ok(tote_orchestrator_open(r.ctx, r.path, TOTE_ORCHESTRATOR_READ_ONLY, &r.o, &r.fault),
		r.fault);
	ck_fault(repair(&r, "a", 0, &done), TOTE_E_READ_ONLY, r.fault);
	root_remove(&r);
}
END_TEST

/* The last move was lost with the rest; the record still has it, and touching completes it. */
START_TEST(a_state_that_was_lost_comes_back_from_the_record)
{
	struct tote_repair done;
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	append_some(&r, "a", 3);
	{
		tote_box *box = root_box(&r, "a");
		uint64_t seq;
		uint32_t from;

		ck_ok(tote__box_move(
			      box, TOTE_STATE_SUSPENDED, "op@host", "half", &from, &seq, &r.fault),
			r.fault);
		tote_box_unref(box);
		tote_box_unref(root_box(&r, "a")); /* completes the record */
	}
	rot(&r, "containers/a", 2);
	ck_ok(repair(&r, "a", 0, &done), r.fault);
	ck_assert_uint_eq(done.from_seq, 2);
	tote_box_unref(root_box(&r, "a"));
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_assert_uint_eq(audited(&r, "a"), TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

/* --- killed --------------------------------------------------------------------------------- */

static int repair_a(tote_ctx *ctx, const char *path)
{
	struct tote_fault fault;
	tote_orchestrator *o;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (!rc)
		rc = tote_orchestrator_repair(o, "a", "op@host", "a disk", 0, NULL, &fault);
	if (rc < 0)
		fprintf(stderr, "repair: %s\n", fault.text);
	return rc;
}

/* As a reader without the lock sees them. */
static int entries_seen(struct root *r, const char *id)
{
	struct tote_status s = {.size = sizeof(s)};

	ck_ok(tote_orchestrator_status(r->o, id, &s, &r->fault), r->fault);
	return (int)s.entries;
}

START_TEST(a_repair_that_died_at_any_change_of_the_disk_is_gone_on_with)
{
	struct root r;
	char whole[400];
	long at;

	make_damaged(&r);
	root_close(&r);
	snprintf(whole, sizeof(whole), "%s/whole", r.scratch.path);
	copy_tree(r.path, whole);
	for (at = 0; dies_at(at, repair_a, r.path); at++) {
		struct tote_repair plan, done;

		root_open(&r);
		ck_ok(repair(&r, "a", TOTE_REPAIR_PLAN, &plan), r.fault);
		ck_ok(repair(&r, "a", 0, &done), r.fault);
		ck_assert_msg(plan.flags & TOTE_REPAIR_NEEDED || !done.flags, "step %ld", at);
		ck_assert_msg(entries_seen(&r, "a") >= 5, "step %ld: readers see %d entries", at,
			entries_seen(&r, "a"));
		ck_ok(repair(&r, "a", TOTE_REPAIR_PLAN, &done), r.fault);
		ck_assert_msg(!done.flags, "step %ld", at);
		append_some(&r, "a", 1);
		ck_assert_msg(audited(&r, "a") == TOTE_VERDICT_OK, "step %ld", at);
		root_close(&r);
		remove_tree(r.path);
		copy_tree(whole, r.path);
	}
	ck_assert_int_gt(at, 10);
	root_open(&r);
	root_remove(&r);
}
END_TEST

static int erase_a(tote_ctx *ctx, const char *path)
{
	struct tote_fault fault;
	tote_orchestrator *o;
	tote_box *box;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (!rc)
		rc = tote_box_open(o, "a", NULL, &box, &fault);
	if (!rc)
		rc = tote_box_erase(box, "d/x", "order 1", "because", NULL, 0, NULL, &fault);
	if (rc < 0)
		fprintf(stderr, "erase: %s\n", fault.text);
	return rc;
}

START_TEST(an_erasure_that_died_at_any_change_of_the_disk_is_no_finding)
{
	const struct tote_source source = {.path = "d/x",
		.data = "secret",
		.length = 6,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
	struct root r;
	char whole[400];
	tote_box *box;
	long at;

	root_make(&r);
	root_provision(&r, "a");
	box = root_box(&r, "a");
	ck_ok(tote_box_seal(box, &source, 1, NULL, 0, NULL, &r.fault), r.fault);
	tote_box_unref(box);
	root_close(&r);
	snprintf(whole, sizeof(whole), "%s/whole", r.scratch.path);
	copy_tree(r.path, whole);
	for (at = 0; dies_at(at, erase_a, r.path); at++) {
		root_open(&r);
		ck_assert_msg(audited(&r, "a") == TOTE_VERDICT_OK, "step %ld", at);
		box = root_box(&r, "a");
		ck_ok(tote_box_erase(box, "d/x", "order 1", "because", NULL, 0, NULL, &r.fault),
			r.fault);
		tote_box_unref(box);
		ck_assert_uint_eq(audited(&r, "a"), TOTE_VERDICT_OK);
		root_close(&r);
		remove_tree(r.path);
		copy_tree(whole, r.path);
	}
	ck_assert_int_gt(at, 2);
	root_open(&r);
	root_remove(&r);
}
END_TEST

/* --- the record ----------------------------------------------------------------------------- */

START_TEST(a_damaged_record_is_repaired_and_what_it_lost_can_be_said_again)
{
	struct tote_repair done;
	struct root r;
	uint32_t was = 0;

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	root_provision(&r, "c");
	root_close(&r);
	rot(&r, "orchestrator", 2); /* the registration of b, and that of c behind it */
	root_open(&r);              /* for reading */
	ck_fault(root_move(&r, "a", TOTE_STATE_SUSPENDED), TOTE_E_DAMAGED, r.fault);
	ck_ok(repair(&r, "orchestrator", TOTE_REPAIR_PLAN, &done), r.fault);
	ck_assert_uint_eq(done.flags, TOTE_REPAIR_NEEDED);
	ck_assert_uint_eq(done.lost, 2);
	ck_ok(repair(&r, "orchestrator", 0, &done), r.fault);
	ck_assert_uint_eq(done.flags, TOTE_REPAIR_NEEDED | TOTE_REPAIR_DONE);
	root_reopen(&r);
	ck_assert_int_eq(root_entries(&r, "ledger.repaired", NULL), 1);
	ck_assert_int_eq(root_entries(&r, "container.registered", NULL), 1);
	ck_ok(tote_orchestrator_provision(r.o, "b", NULL, &was, &r.fault), r.fault);
	ck_assert_uint_eq(was, TOTE_PROVISIONED_RESUMED);
	ck_assert_uint_eq(audited(&r, "a"), TOTE_VERDICT_OK);
	ck_assert_uint_eq(audited(&r, "b"), TOTE_VERDICT_OK);
	ck_ok(root_move(&r, "a", TOTE_STATE_SUSPENDED), r.fault);
	root_remove(&r);
}
END_TEST

Suite *repairs_suite(void)
{
	Suite *s = suite_create("repairs");
	TCase *t = tcase_create("settled by an operator");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_damaged_container_is_repaired_through_its_orchestrator);
	tcase_add_test(
		t, a_box_for_repair_reads_what_is_whole_takes_nothing_and_goes_on_afterwards);
	tcase_add_test(t, without_its_key_a_container_is_not_repaired);
	tcase_add_test(t, a_state_that_was_lost_comes_back_from_the_record);
	tcase_add_test(t, a_repair_that_died_at_any_change_of_the_disk_is_gone_on_with);
	tcase_add_test(t, an_erasure_that_died_at_any_change_of_the_disk_is_no_finding);
	tcase_add_test(t, a_damaged_record_is_repaired_and_what_it_lost_can_be_said_again);
	suite_add_tcase(s, t);
	return s;
}
