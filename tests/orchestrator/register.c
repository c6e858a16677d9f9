/* SPDX-License-Identifier: ISC */
/*
 * Taking in a container of another root, letting it go, and taking it in again.
 */
#include "orchestrator/root.h"

/* Two roots; the container `a` of the first is brought to the second. */
struct pair {
	struct root from, to;
	char location[512], key[512];
};

static void pair_make(struct pair *p)
{
	root_make(&p->from);
	root_provision(&p->from, "a");
	root_fill(&p->from, "a", 5);
	named(p->location, "%s/containers/a", p->from.path);
	named(p->key, "%s/orchestrator/keys/a", p->from.path);
	root_bare(&p->to);
	ck_ok(tote_orchestrator_init(
		      p->to.ctx, p->to.path, "other.example.com/b", NULL, 0, &p->to.fault),
		p->to.fault);
	root_open(&p->to);
}

static void pair_remove(struct pair *p)
{
	root_remove(&p->from);
	root_remove(&p->to);
}

static int take_in(struct pair *p, const char *id, const char *key)
{
	return tote_orchestrator_register(
		p->to.o, id, p->location, key, "op@host", 0, &p->to.fault);
}

static void not_registered(struct pair *p, const char *id)
{
	struct tote_container c = {.size = sizeof(c)};

	ck_assert_int_eq(tote_orchestrator_find(p->to.o, id, &c, &p->to.fault), TOTE_E_NOT_FOUND);
	ck_assert_int_eq(root_entries(&p->to, "container.registered", id), 0);
	ck_assert_int_eq(file_exists(printed("%s/orchestrator/seen/%s", p->to.path, id)), 0);
	ck_assert_int_eq(file_exists(printed("%s/orchestrator/keys/%s", p->to.path, id)), 0);
}

START_TEST(a_container_comes_with_its_key_its_last_note_and_its_moves)
{
	struct pair p;
	struct tote_container c = {.size = sizeof(c)};

	pair_make(&p);
	ck_ok(root_move(&p.from, "a", TOTE_STATE_SUSPENDED), p.from.fault);
	ck_ok(root_move(&p.from, "a", TOTE_STATE_ACTIVE), p.from.fault);
	ck_ok(root_move(&p.from, "a", TOTE_STATE_SUSPENDED), p.from.fault);
	ck_ok(take_in(&p, "a", p.key), p.to.fault);
	ck_ok(tote_orchestrator_find(p.to.o, "a", &c, &p.to.fault), p.to.fault);
	ck_assert_uint_eq(c.flags, TOTE_CONTAINER_KEY);
	ck_assert_uint_eq(c.state, TOTE_STATE_SUSPENDED);
	ck_assert_str_eq(c.origin, ROOT_ORIGIN "/a");
	ck_assert_str_eq(c.location, p.location);
	ck_assert_int_eq(file_exists(printed("%s/orchestrator/keys/a.last", p.to.path)), 1);
	ck_assert_int_eq(root_entries(&p.to, "container.state", "a"), 3);
	ck_fault(take_in(&p, "a", NULL), TOTE_E_EXISTS, p.to.fault);
	/* and lives on here */
	ck_ok(root_move(&p.to, "a", TOTE_STATE_ACTIVE), p.to.fault);
	root_fill(&p.to, "a", 3);
	ck_ok(tote_orchestrator_witness(p.to.o, "a", 0, NULL, &p.to.fault), p.to.fault);
	pair_remove(&p);
}
END_TEST

START_TEST(without_its_key_it_is_opened_without_a_signer)
{
	struct pair p;
	struct tote_box_info info = {.size = sizeof(info)};
	tote_box *box;

	pair_make(&p);
	ck_ok(take_in(&p, "a", NULL), p.to.fault);
	box = root_box(&p.to, "a");
	ck_ok(tote_box_info(box, &info, &p.to.fault), p.to.fault);
	ck_assert_uint_eq(info.flags & TOTE_INFO_SIGNER, 0);
	ck_ok(box_append(box, "x", &p.to.fault), p.to.fault);
	tote_box_unref(box);
	ck_ok(root_move(&p.to, "a", TOTE_STATE_SUSPENDED), p.to.fault);
	pair_remove(&p);
}
END_TEST

START_TEST(what_is_damaged_of_another_id_or_given_a_wrong_key_is_not_taken_in)
{
	struct pair p;
	char foreign[512];

	pair_make(&p);
	ck_fault(take_in(&p, "b", NULL), TOTE_E_UNTRUSTED, p.to.fault);
	not_registered(&p, "b");
	ck_fault(take_in(&p, "a", printed("%s/orchestrator/keys/orchestrator", p.from.path)),
		TOTE_E_KEY, p.to.fault);
	not_registered(&p, "a");
	named(foreign, "%s/assets/foreign", p.location);
	file_write(foreign, "x", 1);
	ck_fault(take_in(&p, "a", p.key), TOTE_E_DAMAGED, p.to.fault);
	ck_assert_msg(strstr(p.to.fault.text, "assets/foreign") != NULL, "%s", p.to.fault.text);
	not_registered(&p, "a");
	ck_assert_int_eq(unlink(foreign), 0);
	ck_ok(take_in(&p, "a", p.key), p.to.fault);
	pair_remove(&p);
}
END_TEST

START_TEST(one_directory_is_not_registered_twice)
{
	struct pair p;
	tote_box *box;

	pair_make(&p);
	ck_fault(
		tote_orchestrator_register(p.from.o, "b", p.location, NULL, NULL, 0, &p.from.fault),
		TOTE_E_UNTRUSTED, p.from.fault);
	ck_fault(tote_orchestrator_register(
			 p.to.o, "a", printed("%s/absent", p.to.path), NULL, NULL, 0, &p.to.fault),
		TOTE_E_NOT_FOUND, p.to.fault);
	(void)box;
	pair_remove(&p);
}
END_TEST

START_TEST(a_detached_container_comes_back_only_as_itself_and_no_older)
{
	struct pair p;
	char copy[512], other[512];
	uint32_t was;

	(void)was;
	pair_make(&p);
	ck_ok(take_in(&p, "a", p.key), p.to.fault);
	named(copy, "%s/copy", p.to.scratch.path);
	copy_tree(p.location, copy);
	root_fill(&p.to, "a", 3);
	ck_ok(root_move(&p.to, "a", TOTE_STATE_SUSPENDED), p.to.fault);
	ck_ok(tote_orchestrator_detach(p.to.o, "a", NULL, "moved", 0, &p.to.fault), p.to.fault);
	ck_fault(tote_orchestrator_detach(p.to.o, "a", NULL, "moved", 0, &p.to.fault),
		TOTE_E_NOT_FOUND, p.to.fault);
	ck_fault(root_move(&p.to, "a", TOTE_STATE_ACTIVE), TOTE_E_NOT_FOUND, p.to.fault);
	/* an older copy */
	ck_assert_int_lt(
		tote_orchestrator_register(p.to.o, "a", copy, NULL, NULL, 0, &p.to.fault), 0);
	/* another container of that ID */
	{
		struct root third;

		root_bare(&third);
		ck_ok(tote_orchestrator_init(
			      third.ctx, third.path, "third.example.com", NULL, 0, &third.fault),
			third.fault);
		root_open(&third);
		root_provision(&third, "a");
		named(other, "%s/containers/a", third.path);
		ck_fault(tote_orchestrator_register(p.to.o, "a", other, NULL, NULL, 0, &p.to.fault),
			TOTE_E_EXISTS, p.to.fault);
		root_remove(&third);
	}
	ck_ok(take_in(&p, "a", p.key), p.to.fault);
	ck_assert_int_eq(root_entries(&p.to, "container.state", "a"), 1);
	ck_assert_uint_eq(root_state(&p.to, "a"), TOTE_STATE_SUSPENDED);
	root_reopen(&p.to);
	ck_ok(root_move(&p.to, "a", TOTE_STATE_ACTIVE), p.to.fault);
	root_fill(&p.to, "a", 1);
	pair_remove(&p);
}
END_TEST

static int nothing_is_found(struct root *r)
{
	struct tote_finding finding = {.size = sizeof(finding)};
	tote_audit *audit;
	uint32_t worst;
	int rc, count = 0;

	ck_ok(tote_audit_start(r->o, NULL, &audit, &r->fault), r->fault);
	while ((rc = tote_audit_step(audit, 0, 0, &r->fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", r->fault.text);
	while (tote_audit_next_finding(audit, &finding, &r->fault) == 1)
		if (!(finding.flags & TOTE_FINDING_INFORMATION)) {
			fprintf(stderr, "%s: TOTE-%04d %s: %s\n", finding.container, finding.code,
				finding.path, finding.found);
			count++;
		}
	ck_ok(tote_audit_worst(audit, &worst, &r->fault), r->fault);
	ck_ok(tote_audit_close(audit, &r->fault), r->fault);
	return count == 0 && worst == TOTE_VERDICT_OK;
}

START_TEST(a_line_by_the_witness_of_its_former_root_is_nothing_foreign)
{
	struct pair p;

	pair_make(&p);
	ck_ok(tote_orchestrator_witness(p.from.o, "a", 0, NULL, &p.from.fault), p.from.fault);
	ck_ok(take_in(&p, "a", p.key), p.to.fault);
	ck_assert_int_eq(nothing_is_found(&p.to), 1);
	root_fill(&p.to, "a", 2);
	ck_assert_int_eq(nothing_is_found(&p.to), 1);
	pair_remove(&p);
}
END_TEST

Suite *register_suite(void)
{
	Suite *s = suite_create("register");
	TCase *t = tcase_create("register");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_container_comes_with_its_key_its_last_note_and_its_moves);
	tcase_add_test(t, without_its_key_it_is_opened_without_a_signer);
	tcase_add_test(t, what_is_damaged_of_another_id_or_given_a_wrong_key_is_not_taken_in);
	tcase_add_test(t, one_directory_is_not_registered_twice);
	tcase_add_test(t, a_detached_container_comes_back_only_as_itself_and_no_older);
	tcase_add_test(t, a_line_by_the_witness_of_its_former_root_is_nothing_foreign);
	suite_add_tcase(s, t);
	return s;
}
