/* SPDX-License-Identifier: ISC */
/*
 * The public calls of a box: opening, information, references, the end, and misuse of each.
 */
#include "container.h"
#include <sys/wait.h>

static int open_with(const struct tote_box_options *options)
{
	tote_box *opened = NULL;
	int rc = tote_box_open_alone(ctx, location, options, &opened, &fault);

	ck_assert_int_eq(opened != NULL, rc == 0);
	tote_box_unref(opened);
	return rc;
}

static struct tote_box_options options_of(uint32_t flags)
{
	struct tote_box_options options;

	ok(tote_box_options_init(&options, sizeof(options), &fault));
	options.flags = flags;
	return options;
}

START_TEST(a_box_opens_alone_with_and_without_its_key)
{
	struct tote_box_options options = options_of(0);

	ok(open_with(NULL));
	ok(open_with(&options));
	options.key_file = key;
	ok(open_with(&options));
	options.backend = "posix";
	ok(open_with(&options));
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused)
{
	struct {
		struct tote_box_options options;
		uint64_t later; /* of a version that is to come */
	} grown = {.options = {.size = sizeof(grown)}};
	struct tote_box_options options = options_of(0);
	struct tote_signer signer = {.size = sizeof(signer)};

	ok(open_with(&grown.options));
	grown.later = 1;
	fails(open_with(&grown.options), TOTE_E_STRUCT);
	options.size = 8;
	fails(open_with(&options), TOTE_E_STRUCT);
	options.size = 0;
	fails(open_with(&options), TOTE_E_STRUCT);
	options = options_of(TOTE_BOX_STILL); /* which is said of READ_ONLY alone */
	ck_assert_int_lt(open_with(&options), 0);
	for (uint32_t bit = 16; bit; bit <<= 1) {
		options = options_of(bit);
		fails(open_with(&options), TOTE_E_FLAGS);
	}
	options = options_of(TOTE_BOX_NO_SIGNER);
	options.key_file = key;
	fails(open_with(&options), TOTE_E_ARGUMENT);
	options = options_of(0);
	options.key_file = key;
	options.signer = &signer;
	fails(open_with(&options), TOTE_E_ARGUMENT);
	options = options_of(0);
	options.backend = "none-such";
	fails(open_with(&options), TOTE_E_UNSUPPORTED);
	options = options_of(0);
	options.key_file = in_scratch("no-key");
	ck_assert_int_lt(open_with(&options), 0);
	fails(tote_box_options_init(NULL, sizeof(options), &fault), TOTE_E_ARGUMENT);
	fails(tote_box_options_init(&options, 4, &fault), TOTE_E_STRUCT);
	fails(tote_box_options_init(&options, 1 << 20, &fault), TOTE_E_STRUCT);
}
END_TEST

START_TEST(opening_needs_a_context_a_place_and_somewhere_to_put_the_box)
{
	tote_box *opened;

	fails(tote_box_open_alone(NULL, location, NULL, &opened, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_open_alone(ctx, NULL, NULL, &opened, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_open_alone(ctx, "", NULL, &opened, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_open_alone(ctx, location, NULL, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_open_alone(ctx, in_scratch("nowhere"), NULL, &opened, &fault),
		TOTE_E_NOT_FOUND);
	ck_assert_int_eq(tote_box_open_alone(ctx, in_scratch("nowhere"), NULL, &opened, NULL),
		TOTE_E_NOT_FOUND);
}
END_TEST

START_TEST(a_link_in_place_of_a_directory_is_not_followed)
{
	tote_box *opened;
	char moved[400], assets[400];

	snprintf(assets, sizeof(assets), "%s/assets", location);
	snprintf(moved, sizeof(moved), "%s/moved", scratch);
	box = tote_box_unref(box);
	ck_assert_int_eq(rename(assets, moved), 0);
	ck_assert_int_eq(symlink(moved, assets), 0);
	fails(tote_box_open_alone(ctx, location, NULL, &opened, &fault), TOTE_E_UNTRUSTED);
}
END_TEST

START_TEST(info_says_what_is_there_and_what_the_handle_can)
{
	struct tote_record record = {.kind = "record"};
	struct tote_box_info info = info_of(box);
	tote_box *other;

	ck_assert_str_eq(info.id, ID);
	ck_assert_str_eq(info.origin, ORIGIN "/" ID);
	ck_assert_str_eq(info.backend, "posix");
	ck_assert_ptr_nonnull(strstr(info.vkey, ORIGIN "/" ID "+"));
	ck_assert_uint_eq(info.state, TOTE_STATE_ACTIVE);
	ck_assert_uint_eq(info.entries, 1);
	ck_assert_uint_eq(info.covered, 1);
	ck_assert_uint_eq(info.flags, TOTE_INFO_SIGNER);
	ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &fault));
	other = container_open(TOTE_BOX_NO_SIGNER);
	info = info_of(other);
	ck_assert_uint_eq(info.entries, 2);
	ck_assert_uint_eq(info.covered, 1);
	ck_assert_uint_eq(info.flags, 0);
	ck_assert_int_gt(info.unfolded_since_us, 0);
	tote_box_unref(other);
	other = container_open(TOTE_BOX_READ_ONLY);
	ck_assert_uint_eq(info_of(other).flags, TOTE_INFO_READ_ONLY);
	ck_assert_uint_eq(info_of(other).entries, 2);
	ok(tote_box_close(other, &fault));
}
END_TEST

START_TEST(info_fills_no_more_than_its_caller_knows)
{
	struct {
		struct tote_box_info info;
		uint8_t behind[16];
	} wide;
	struct tote_box_info info = {.size = 16};

	memset(&wide, 0xaa, sizeof(wide));
	wide.info.size = sizeof(wide.info);
	ok(tote_box_info(box, &wide.info, &fault));
	ck_assert_uint_eq(wide.info.size, sizeof(wide.info));
	for (size_t i = 0; i < sizeof(wide.behind); i++)
		ck_assert_uint_eq(wide.behind[i], 0xaa);
	fails(tote_box_info(box, &info, &fault), TOTE_E_STRUCT);
	fails(tote_box_info(box, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_info(NULL, &info, &fault), TOTE_E_ARGUMENT);
	ck_assert_int_eq(tote_box_info(NULL, NULL, NULL), TOTE_E_ARGUMENT);
}
END_TEST

START_TEST(references_take_null_and_count)
{
	ck_assert_ptr_null(tote_box_ref(NULL));
	ck_assert_ptr_null(tote_box_unref(NULL));
	ok(tote_box_close(NULL, &fault));
	ck_assert_ptr_eq(tote_box_ref(box), box);
	ok(tote_box_close(box, &fault));
	ck_assert_uint_eq(info_of(box).entries, 1); /* the other reference is still good */
	ck_assert_ptr_null(tote_box_unref(box));
	box = NULL;
}
END_TEST

START_TEST(a_box_keeps_its_context_alive)
{
	tote_ctx *own;
	tote_box *opened;

	ok(tote_ctx_new(NULL, &own, &fault));
	ok(tote_box_open_alone(own, location, NULL, &opened, &fault));
	tote_ctx_unref(own);
	ck_assert_uint_eq(info_of(opened).entries, 1);
	tote_box_unref(opened);
}
END_TEST

START_TEST(recover_needs_a_box_that_writes)
{
	tote_box *reader = container_open(TOTE_BOX_READ_ONLY);

	ok(tote_box_recover(box, &fault));
	fails(tote_box_recover(NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_recover(reader, &fault), TOTE_E_READ_ONLY);
	ck_assert_str_eq(fault.box, ID);
	tote_box_unref(reader);
}
END_TEST

START_TEST(a_box_tells_its_keys_and_rotates_them)
{
	struct tote_key keys[4];
	size_t count = 9;
	uint64_t seq;
	tote_box *reader;

	fails(tote_box_keys(NULL, keys, 4, &count, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_keys(box, NULL, 4, &count, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_keys(box, keys, 4, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_keys(box, NULL, 0, &count, &fault), TOTE_E_TOO_LARGE);
	ck_assert_uint_eq(count, 1);
	fails(tote_box_rotate(NULL, NULL, "x", 0, &seq, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_rotate(box, NULL, NULL, 0, &seq, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_rotate(box, NULL, "x", 1, &seq, &fault), TOTE_E_FLAGS);
	fails(tote_box_rotate_to(box, NULL, NULL, "x", 0, &seq, &fault), TOTE_E_ARGUMENT);
	ok(tote_box_rotate(box, "alice", "yearly", 0, &seq, &fault));
	reader = container_open(TOTE_BOX_READ_ONLY);
	fails(tote_box_rotate(reader, NULL, "x", 0, &seq, &fault), TOTE_E_READ_ONLY);
	ok(tote_box_keys(reader, keys, 4, &count, &fault));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(keys[0].from_seq, 0);
	ck_assert_uint_eq(keys[1].from_seq, seq);
	ck_assert_uint_eq(keys[0].flags | keys[1].flags, 0);
	ck_assert_str_eq(keys[0].vkey, info_of(box).vkey);
	ck_assert_str_ne(keys[0].vkey, keys[1].vkey);
	tote_box_unref(reader);
}
END_TEST

START_TEST(states_have_names)
{
	ck_assert_str_eq(tote_state_name(TOTE_STATE_ACTIVE), "active");
	ck_assert_str_eq(tote_state_name(TOTE_STATE_SUSPENDED), "suspended");
	ck_assert_str_eq(tote_state_name(TOTE_STATE_ARCHIVED), "archived");
	ck_assert_str_eq(tote_state_name(TOTE_STATE_DISPOSED), "disposed");
	ck_assert_ptr_null(tote_state_name(0));
	ck_assert_ptr_null(tote_state_name(5));
}
END_TEST

/* Everything but unref is refused; the exit status says what was not. */
static int child(tote_cursor *cursor, tote_sealing *sealing, tote_asset_list *list)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_box *opened;

	if (tote_cursor_next(cursor, &entry, NULL) != TOTE_E_MISUSE)
		return 1;
	if (tote_sealing_step(sealing, NULL) != TOTE_E_MISUSE)
		return 2;
	if (tote_asset_list_next(list, &asset, NULL) != TOTE_E_MISUSE)
		return 3;
	if (tote_box_open_alone(ctx, location, NULL, &opened, NULL) != TOTE_E_MISUSE)
		return 4;
	tote_cursor_unref(cursor);
	tote_sealing_unref(sealing);
	tote_asset_list_unref(list);
	tote_box_unref(box);
	tote_ctx_unref(ctx);
	return 0;
}

START_TEST(in_a_forked_child_only_unref_is_allowed)
{
	tote_asset_list *list;
	tote_sealing *sealing;
	tote_cursor *cursor;
	int status;
	pid_t pid;

	ok(tote_cursor_open(box, 0, 0, &cursor, &fault));
	ok(tote_sealing_new(box, NULL, 0, &sealing, &fault));
	ok(tote_asset_list_open(box, 0, &list, &fault));
	pid = fork();
	if (pid == 0)
		_exit(child(cursor, sealing, list));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	tote_asset_list_unref(list);
	tote_sealing_unref(sealing);
	tote_cursor_unref(cursor);
	ck_assert_uint_eq(info_of(box).entries, 1);
}
END_TEST

Suite *box_suite(void)
{
	Suite *s = suite_create("box");
	TCase *t = tcase_create("calls");

	tcase_add_checked_fixture(t, container_setup, container_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_box_opens_alone_with_and_without_its_key);
	tcase_add_test(t, options_that_make_no_sense_are_refused);
	tcase_add_test(t, opening_needs_a_context_a_place_and_somewhere_to_put_the_box);
	tcase_add_test(t, a_link_in_place_of_a_directory_is_not_followed);
	tcase_add_test(t, info_says_what_is_there_and_what_the_handle_can);
	tcase_add_test(t, info_fills_no_more_than_its_caller_knows);
	tcase_add_test(t, references_take_null_and_count);
	tcase_add_test(t, a_box_keeps_its_context_alive);
	tcase_add_test(t, recover_needs_a_box_that_writes);
	tcase_add_test(t, a_box_tells_its_keys_and_rotates_them);
	tcase_add_test(t, states_have_names);
	tcase_add_test(t, in_a_forked_child_only_unref_is_allowed);
	suite_add_tcase(s, t);
	return s;
}
