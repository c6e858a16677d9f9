/* SPDX-License-Identifier: ISC */
/*
 * The orchestrator's calls as a host makes them, and what of them is refused.
 */
#include "container.h"

static tote_orchestrator *o;

static void setup(void)
{
	container_make();
	ok(tote_orchestrator_open(ctx, root, 0, &o, &fault));
}

static void teardown(void)
{
	o = tote_orchestrator_unref(o);
	container_teardown();
}

START_TEST(a_missing_handle_or_argument_is_refused_by_every_call)
{
	struct tote_container c = {.size = sizeof(c)};
	struct tote_fault *f = &fault;
	tote_orchestrator *other;
	char vkey[320];
	size_t count;

	fails(tote_orchestrator_init(NULL, "/x", "o", NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_init(ctx, NULL, "o", NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_init(ctx, "/x", NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_init(ctx, "", "o", NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_open(NULL, root, 0, &other, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_open(ctx, NULL, 0, &other, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_open(ctx, root, 0, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_provision(NULL, "b", NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_provision(o, NULL, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_register(NULL, "b", "/x", NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_register(o, NULL, "/x", NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_register(o, "b", NULL, NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_register(o, "b", "", NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_detach(NULL, ID, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_detach(o, ID, NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_set_state(NULL, ID, 1, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_set_state(o, NULL, 1, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_set_state(o, ID, 0, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_set_state(o, ID, 2, NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_box_open(NULL, ID, NULL, &box, f), TOTE_E_ARGUMENT);
	fails(tote_box_open(o, NULL, NULL, &box, f), TOTE_E_ARGUMENT);
	fails(tote_box_open(o, ID, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_next(NULL, NULL, &c, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_next(o, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_find(NULL, ID, &c, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_find(o, NULL, &c, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_find(o, ID, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_key(NULL, 1, vkey, sizeof(vkey), f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_key(o, 3, vkey, sizeof(vkey), f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_key(o, 1, NULL, 320, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_key(o, 1, vkey, 8, f), TOTE_E_TOO_LARGE);
	fails(tote_orchestrator_witness(NULL, ID, 0, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_witness(o, NULL, 0, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_rotate(NULL, ID, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_rotate(o, NULL, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_rotate(o, ID, NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_rekey(NULL, ID, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_rekey(o, NULL, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_rekey(o, ID, NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_keys(NULL, ID, NULL, 0, &count, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_keys(o, NULL, NULL, 0, &count, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_keys(o, ID, NULL, 1, &count, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_keys(o, ID, NULL, 0, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_record(NULL, &box, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_record(o, NULL, f), TOTE_E_ARGUMENT);
	ck_assert_ptr_null(tote_orchestrator_unref(NULL));
	ok(tote_orchestrator_close(NULL, &fault));
	/* and without a place for the fault */
	ck_assert_int_eq(tote_orchestrator_find(o, ID, NULL, NULL), TOTE_E_ARGUMENT);
}
END_TEST

START_TEST(unknown_flags_and_sizes_are_refused)
{
	struct tote_provision_options options;
	struct tote_box_options box_options;
	struct tote_container c = {.size = 8};
	struct tote_fault *f = &fault;
	tote_orchestrator *other;

	fails(tote_orchestrator_init(ctx, "/x", "o", NULL, 1, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_open(ctx, root, 2, &other, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_register(o, "b", "/x", NULL, NULL, 1, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_detach(o, ID, NULL, "x", 1, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_set_state(o, ID, 2, NULL, "x", 1, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_witness(o, ID, 1, NULL, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_rotate(o, ID, NULL, "x", 1, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_rekey(o, ID, NULL, "x", 1, f), TOTE_E_FLAGS);
	fails(tote_provision_options_init(&options, 4, f), TOTE_E_STRUCT);
	ok(tote_provision_options_init(&options, sizeof(options), f));
	options.flags = 1;
	fails(tote_orchestrator_provision(o, "b", &options, NULL, f), TOTE_E_FLAGS);
	options.flags = 0;
	options.size = 2;
	fails(tote_orchestrator_provision(o, "b", &options, NULL, f), TOTE_E_STRUCT);
	ok(tote_provision_options_init(&options, sizeof(options), f));
	options.location = "";
	fails(tote_orchestrator_provision(o, "b", &options, NULL, f), TOTE_E_ARGUMENT);
	options.location = NULL;
	options.backend = "absent";
	fails(tote_orchestrator_provision(o, "b", &options, NULL, f), TOTE_E_UNSUPPORTED);
	ok(tote_box_options_init(&box_options, sizeof(box_options), f));
	box_options.flags = 64;
	fails(tote_box_open(o, ID, &box_options, &box, f), TOTE_E_FLAGS);
	box_options.flags = TOTE_BOX_NO_SIGNER;
	box_options.key_file = key;
	fails(tote_box_open(o, ID, &box_options, &box, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_find(o, ID, &c, f), TOTE_E_STRUCT);
	fails(tote_orchestrator_next(o, NULL, &c, f), TOTE_E_STRUCT);
}
END_TEST

START_TEST(a_container_is_found_listed_and_named_in_faults)
{
	struct tote_container c = {.size = sizeof(c)};
	uint32_t was = 0;

	ok(tote_orchestrator_provision(o, "b", NULL, &was, &fault));
	ck_assert_uint_eq(was, TOTE_PROVISIONED_NEW);
	ok(tote_orchestrator_find(o, ID, &c, &fault));
	ck_assert_str_eq(c.id, ID);
	ck_assert_str_eq(c.backend, "posix");
	ck_assert_str_eq(c.origin, ORIGIN "/" ID);
	ck_assert_str_eq(c.location, location);
	ck_assert_uint_eq(c.state, TOTE_STATE_ACTIVE);
	ck_assert_uint_eq(c.flags, TOTE_CONTAINER_KEY);
	ck_assert_int_eq(tote_orchestrator_next(o, NULL, &c, &fault), 1);
	ck_assert_str_eq(c.id, "b");
	ck_assert_int_eq(tote_orchestrator_next(o, "b", &c, &fault), 1);
	ck_assert_str_eq(c.id, ID);
	ck_assert_int_eq(tote_orchestrator_next(o, ID, &c, &fault), 0);
	fails(tote_orchestrator_find(o, "absent", &c, &fault), TOTE_E_NOT_FOUND);
	fails(tote_orchestrator_find(o, "orchestrator", &c, &fault), TOTE_E_NOT_FOUND);
	fails(tote_box_open(o, "absent", NULL, &box, &fault), TOTE_E_NOT_FOUND);
	ck_assert_str_eq(fault.box, "absent");
	ok(tote_orchestrator_detach(o, "b", "alice", "sold", 0, &fault));
	ok(tote_orchestrator_find(o, "b", &c, &fault));
	ck_assert_uint_eq(c.flags & TOTE_CONTAINER_DETACHED, TOTE_CONTAINER_DETACHED);
	fails(tote_box_open(o, "b", NULL, &box, &fault), TOTE_E_NOT_FOUND);
}
END_TEST

START_TEST(the_keys_of_the_root_are_its_origin_s)
{
	char log[320], witness[320], note[TOTE_NOTE_MAX];
	struct tote_checkpoint c = {.size = sizeof(c)};
	tote_box *record;
	size_t length;

	ok(tote_orchestrator_key(o, TOTE_KEY_ORCHESTRATOR, log, sizeof(log), &fault));
	ok(tote_orchestrator_key(o, TOTE_KEY_WITNESS, witness, sizeof(witness), &fault));
	ck_assert_int_eq(strncmp(log, ORIGIN "/orchestrator+", strlen(ORIGIN "/orchestrator+")), 0);
	ck_assert_int_eq(strncmp(witness, ORIGIN "/witness+", strlen(ORIGIN "/witness+")), 0);
	ok(tote_orchestrator_record(o, &record, &fault));
	ok(tote_box_checkpoint(record, 0, note, sizeof(note), &length, &fault));
	ok(tote_verify_checkpoint(note, length, log, NULL, &c, &fault));
	ck_assert_str_eq(c.origin, ORIGIN "/orchestrator");
	tote_box_unref(record);
}
END_TEST

START_TEST(each_key_is_told_with_the_entry_from_which_it_signs)
{
	static const char *const ids[] = {ID, "orchestrator", "witness"};
	char now[320];

	for (int i = 0; i < 3; i++) {
		struct tote_key keys[2];
		size_t count = 0;

		ok(tote_orchestrator_keys(o, ids[i], keys, 2, &count, &fault));
		ck_assert_uint_eq(count, 1);
		ok(tote_orchestrator_rotate(o, ids[i], "alice", "yearly", 0, &fault));
		fails(tote_orchestrator_keys(o, ids[i], keys, 1, &count, &fault), TOTE_E_TOO_LARGE);
		ok(tote_orchestrator_keys(o, ids[i], keys, 2, &count, &fault));
		ck_assert_uint_eq(count, 2);
		ck_assert_uint_gt(keys[1].from_seq, 0);
		if (!i)
			continue;
		ok(tote_orchestrator_key(o, (uint32_t)i, now, sizeof(now), &fault));
		ck_assert_str_eq(now, keys[1].vkey);
	}
	fails(tote_orchestrator_rekey(o, ID, NULL, "lost", 0, &fault), TOTE_E_EXISTS);
}
END_TEST

Suite *orchestrator_suite(void)
{
	Suite *s = suite_create("orchestrator");
	TCase *t = tcase_create("orchestrator");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_missing_handle_or_argument_is_refused_by_every_call);
	tcase_add_test(t, unknown_flags_and_sizes_are_refused);
	tcase_add_test(t, a_container_is_found_listed_and_named_in_faults);
	tcase_add_test(t, the_keys_of_the_root_are_its_origin_s);
	tcase_add_test(t, each_key_is_told_with_the_entry_from_which_it_signs);
	suite_add_tcase(s, t);
	return s;
}
