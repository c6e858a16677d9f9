/* SPDX-License-Identifier: ISC */
/*
 * A box as a handle: made, made once more, opened as what it is not, moved from state to state, and
 * what it says of itself.
 */
#include "box/box.h"
#include "support/box_fixture.h"
#include <sys/stat.h>
#include <sys/wait.h>
#include <toteborch/orchestrator.h>
#include <unistd.h>

static struct boxed b;

static void setup(void)
{
	boxed_make(&b);
}

static void teardown(void)
{
	boxed_remove(&b);
}

static int append(tote_box *box, const char *kind)
{
	struct tote_record record = {.kind = kind, .payload = "hello", .payload_length = 5};

	return tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &b.fault);
}

static struct tote_box_info info_of(tote_box *box)
{
	struct tote_box_info info = {.size = sizeof(info)};

	ck_ok(tote_box_info(box, &info, &b.fault), b.fault);
	return info;
}

/* --- making --------------------------------------------------------------------------------- */

START_TEST(a_new_container_is_whole_and_says_what_it_is)
{
	tote_box *box = boxed_open(&b);
	struct tote_box_info info = info_of(box);

	ck_assert_str_eq(info.id, BOXED_ID);
	ck_assert_str_eq(info.origin, BOXED_ORIGIN);
	ck_assert_str_eq(info.vkey, b.vkey);
	ck_assert_str_eq(info.backend, "posix");
	ck_assert_uint_eq(info.state, TOTE_STATE_ACTIVE);
	ck_assert_uint_eq(info.entries, 1);
	ck_assert_uint_eq(info.covered, 1);
	ck_assert_uint_eq(info.flags, TOTE_INFO_SIGNER);
	ck_assert_int_eq(info.unfolded_since_us, 0);
	ck_ok(append(box, "record"), b.fault);
	info = info_of(box);
	ck_assert_uint_eq(info.entries, 2);
	ck_assert_uint_eq(info.covered, 1);
	ck_assert_int_gt(info.unfolded_since_us, 0);
	ck_assert_uint_gt(info.journal_bytes, 0);
	ck_ok(tote_box_close(box, &b.fault), b.fault);
}
END_TEST

static int create(const struct draft *created, const struct box_config *config, uint32_t *ret_was)
{
	tote_box *box = NULL;
	int rc = tote__box_create(config, created, &box, ret_was, &b.fault);

	tote_box_unref(box);
	return rc;
}

START_TEST(what_is_made_already_is_given_as_it_is_also_to_another_actor)
{
	struct box_config config = boxed_config(&b);
	struct draft again = *boxed_created(&b);
	tote_box *box;
	uint32_t was;

	again.actor = "bob@counsel";
	ck_ok(create(&again, &config, &was), b.fault);
	ck_assert_uint_eq(was, TOTE_PROVISIONED_ALREADY);
	box = boxed_open(&b);
	ck_assert_uint_eq(boxed_entries(&b, box), 1);
	tote_box_unref(box);
}
END_TEST

START_TEST(a_half_made_container_is_completed_also_by_another_actor)
{
	struct box_config config = boxed_config(&b);
	struct draft again = *boxed_created(&b);
	struct tote_box_info info;
	tote_box *box;
	uint32_t was;

	/* as a crash before the first checkpoint leaves it */
	ck_assert_int_eq(unlink(scratch_path(&b.scratch, "box/ledger/log/checkpoint")), 0);
	again.actor = "bob@counsel";
	ck_ok(create(&again, &config, &was), b.fault);
	ck_assert_uint_eq(was, TOTE_PROVISIONED_RESUMED);
	box = boxed_open(&b);
	info = info_of(box);
	ck_assert_uint_eq(info.entries, 1);
	ck_assert_uint_eq(info.covered, 1);
	tote_box_unref(box);
}
END_TEST

START_TEST(another_containers_directory_is_not_taken)
{
	struct box_config config = boxed_config(&b);
	struct draft other = *boxed_created(&b);
	struct field fields[4];
	uint32_t was;

	memcpy(fields, other.fields, sizeof(fields));
	fields[0] = tote__field_text("id", "finance");
	other.fields = fields;
	config.id = "finance";
	ck_fault(create(&other, &config, &was), TOTE_E_EXISTS, b.fault);
}
END_TEST

START_TEST(a_directory_with_something_else_in_it_is_not_taken)
{
	struct box_config config = boxed_config(&b);
	char location[300];
	uint32_t was;

	snprintf(location, sizeof(location), "%s/other", b.scratch.path);
	directory_make(location);
	file_write(printed("%s/notes", location), "x", 1);
	config.location = location;
	ck_fault(create(boxed_created(&b), &config, &was), TOTE_E_EXISTS, b.fault);
	ck_assert_int_eq(file_exists(printed("%s/ledger/lock", location)), 0);
}
END_TEST

/* --- opening -------------------------------------------------------------------------------- */

static int open_config(const struct box_config *config)
{
	tote_box *box = NULL;
	int rc = tote__box_open(config, &box, &b.fault);

	tote_box_unref(box);
	return rc;
}

START_TEST(a_box_opens_only_as_the_container_that_it_is)
{
	struct box_config config = boxed_config(&b);

	ck_ok(open_config(&config), b.fault);
	config.id = "finance";
	ck_fault(open_config(&config), TOTE_E_UNTRUSTED, b.fault);
	ck_assert_str_eq(b.fault.box, "finance");
	config.id = NULL;
	config.origin = "archive.example.com/acme/finance";
	ck_fault(open_config(&config), TOTE_E_UNTRUSTED, b.fault);
	config.origin = NULL;
	ck_ok(open_config(&config), b.fault);
	config.location = "/nonexistent/box";
	ck_fault(open_config(&config), TOTE_E_NOT_FOUND, b.fault);
	config.location = b.scratch.path;
	ck_assert_int_lt(open_config(&config), 0);
	config.location = b.location;
	config.backend = "no-such";
	ck_fault(open_config(&config), TOTE_E_UNSUPPORTED, b.fault);
}
END_TEST

START_TEST(another_ledgers_key_is_refused)
{
	struct box_config config = boxed_config(&b);
	const char *key = scratch_path(&b.scratch, "other-key");

	ck_ok(tote_key_generate(key, "archive.example.com/acme/finance", NULL, 0, &b.fault),
		b.fault);
	config.key_path = key;
	ck_fault(open_config(&config), TOTE_E_KEY, b.fault);
	ck_assert_int_eq(chmod(b.key, 0644), 0);
	config.key_path = b.key;
	ck_fault(open_config(&config), TOTE_E_KEY, b.fault);
}
END_TEST

/* Counts what is let go of a parent. */
static void parent_unref(void *parent)
{
	++*(int *)parent;
}

START_TEST(the_parent_is_kept_as_long_as_the_box_and_not_taken_by_a_failure)
{
	struct box_config config = boxed_config(&b);
	tote_cursor *cursor;
	tote_box *box;
	int dropped = 0;

	config.parent = &dropped;
	config.parent_unref = parent_unref;
	config.id = "finance";
	ck_fault(tote__box_open(&config, &box, &b.fault), TOTE_E_UNTRUSTED, b.fault);
	ck_assert_int_eq(dropped, 0);
	config.id = BOXED_ID;
	ck_ok(tote__box_open(&config, &box, &b.fault), b.fault);
	ck_ok(tote_cursor_open(box, 0, 0, &cursor, &b.fault), b.fault);
	tote_box_unref(box);
	ck_assert_int_eq(dropped, 0);
	tote_cursor_unref(cursor);
	ck_assert_int_eq(dropped, 1);
}
END_TEST

/* --- states --------------------------------------------------------------------------------- */

static int move(tote_box *box, uint32_t to, uint32_t *ret_from, uint64_t *ret_seq)
{
	return tote__box_move(box, to, "alice@counsel", "because", ret_from, ret_seq, &b.fault);
}

/* What each state takes of a host, by the public calls. */
static void takes(tote_box *box, int wanted)
{
	static int turn;
	int rc = append(box, "record");

	ck_assert_int_eq(rc, wanted);
	rc = seal_text(&b, box, printed("file-%d", turn++), "bytes");
	ck_assert_int_eq(rc, wanted);
	if (wanted)
		ck_assert_ptr_nonnull(strstr(b.fault.text, "the container is "));
}

START_TEST(only_an_active_container_takes_records_and_files)
{
	static const uint32_t way[] = {TOTE_STATE_SUSPENDED, TOTE_STATE_ACTIVE,
		TOTE_STATE_SUSPENDED, TOTE_STATE_ARCHIVED, TOTE_STATE_DISPOSED};
	tote_box *box = boxed_open(&b), *other = boxed_open_flags(&b, 0);
	uint32_t at = TOTE_STATE_ACTIVE;

	takes(box, 0);
	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		uint32_t from;
		uint64_t seq, before = boxed_entries(&b, box);

		ck_ok(move(box, way[i], &from, &seq), b.fault);
		ck_assert_uint_eq(from, at);
		ck_assert_uint_eq(seq, before);
		at = way[i];
		takes(box, at == TOTE_STATE_ACTIVE ? 0 : TOTE_E_STATE);
		takes(other, at == TOTE_STATE_ACTIVE ? 0 : TOTE_E_STATE);
		ck_assert_uint_eq(info_of(box).state, at);
	}
	boxed_is_whole(&b, box);
	tote_box_unref(other);
	tote_box_unref(box);
}
END_TEST

START_TEST(a_move_that_was_made_is_found_again_however_far_back)
{
	tote_box *box = boxed_open(&b);
	uint64_t seq, first;
	uint32_t from;

	ck_ok(move(box, TOTE_STATE_ACTIVE, &from, &seq), b.fault);
	ck_assert_uint_eq(seq, TOTE_SEQ_ANY);
	ck_ok(move(box, TOTE_STATE_SUSPENDED, &from, &seq), b.fault);
	ck_ok(move(box, TOTE_STATE_ACTIVE, &from, &first), b.fault);
	for (int i = 0; i < 600; i++)
		ck_ok(append(box, "record"), b.fault);
	tote_box_unref(box);
	box = boxed_open(&b);
	ck_ok(move(box, TOTE_STATE_ACTIVE, &from, &seq), b.fault);
	ck_assert_uint_eq(seq, first);
	ck_assert_uint_eq(from, TOTE_STATE_SUSPENDED);
	ck_assert_uint_eq(info_of(box).state, TOTE_STATE_ACTIVE);
	tote_box_unref(box);
}
END_TEST

START_TEST(a_move_that_the_table_does_not_have_is_refused)
{
	tote_box *box = boxed_open(&b);
	uint32_t from;
	uint64_t seq;

	ck_fault(move(box, TOTE_STATE_DISPOSED, &from, &seq), TOTE_E_STATE, b.fault);
	ck_fault(move(box, 9, &from, &seq), TOTE_E_ARGUMENT, b.fault);
	ck_ok(move(box, TOTE_STATE_ARCHIVED, &from, &seq), b.fault);
	ck_fault(move(box, TOTE_STATE_ACTIVE, &from, &seq), TOTE_E_STATE, b.fault);
	ck_assert_uint_eq(boxed_entries(&b, box), 2);
	tote_box_unref(box);
}
END_TEST

/* --- a handle's life ------------------------------------------------------------------------ */

START_TEST(a_read_only_box_reads_and_writes_nothing)
{
	tote_box *box = boxed_open(&b), *reader;
	struct tote_box_info info;

	ck_ok(append(box, "record"), b.fault);
	ck_ok(seal_text(&b, box, "a", "bytes"), b.fault);
	reader = boxed_open_flags(&b, TOTE_BOX_READ_ONLY);
	info = info_of(reader);
	ck_assert_uint_eq(info.entries, 3);
	ck_assert_uint_eq(info.flags, TOTE_INFO_READ_ONLY);
	ck_assert_uint_eq(info.state, TOTE_STATE_ACTIVE);
	ck_assert_str_eq(info.id, BOXED_ID);
	ck_assert_uint_eq(boxed_is_whole(&b, reader), 1);
	ck_fault(append(reader, "record"), TOTE_E_READ_ONLY, b.fault);
	ck_fault(seal_text(&b, reader, "b", "bytes"), TOTE_E_READ_ONLY, b.fault);
	ck_fault(tote_box_recover(reader, &b.fault), TOTE_E_READ_ONLY, b.fault);
	ck_ok(tote_box_close(reader, &b.fault), b.fault);
	tote_box_unref(box);
}
END_TEST

START_TEST(recover_on_a_whole_box_does_nothing)
{
	tote_box *box = boxed_open(&b);

	ck_ok(append(box, "record"), b.fault);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
	ck_ok(append(box, "record"), b.fault);
	ck_assert_uint_eq(boxed_entries(&b, box), 3);
	ck_ok(tote_box_close(box, &b.fault), b.fault);
}
END_TEST

START_TEST(before_the_first_hold_the_state_is_what_a_reader_sees)
{
	tote_box *box = boxed_open(&b), *other;
	uint32_t from;
	uint64_t seq;

	ck_assert_uint_eq(atomic_load(&box->state), TOTE_STATE_ACTIVE);
	ck_ok(move(box, TOTE_STATE_SUSPENDED, &from, &seq), b.fault);
	other = boxed_open_flags(&b, TOTE_BOX_READ_ONLY);
	ck_assert_uint_eq(atomic_load(&other->state), TOTE_STATE_SUSPENDED);
	tote_box_unref(other);
	tote_box_unref(box);
}
END_TEST

/* --- damage --------------------------------------------------------------------------------- */

START_TEST(a_damaged_ledger_takes_nothing_and_is_read_up_to_the_damage)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	tote_asset_reader *reader;
	tote_asset_list *list;
	tote_cursor *cursor;
	tote_box *box = boxed_open(&b);
	struct box_config config = boxed_config(&b);

	ck_ok(seal_text(&b, box, "a", "bytes"), b.fault);
	for (int i = 0; i < 4; i++)
		ck_ok(append(box, "record"), b.fault);
	tote_box_unref(box);
	/* entry 3, in the middle: entry 0 is the group at 4096, one group in each block after it */
	file_flip(scratch_path(&b.scratch, "box/ledger/journal/%020d", 0), 4 * 4096 + 100, 1);
	ck_fault(open_config(&config), TOTE_E_DAMAGED, b.fault);
	box = boxed_open_flags(&b, TOTE_BOX_READ_ONLY);
	ck_assert_uint_eq(info_of(box).flags, TOTE_INFO_READ_ONLY | TOTE_INFO_DAMAGED);
	ck_assert_uint_eq(info_of(box).entries, 3);
	ck_ok(tote_cursor_open(box, 0, 0, &cursor, &b.fault), b.fault);
	for (uint64_t seq = 0; seq < 3; seq++) {
		ck_assert_int_eq(tote_cursor_next(cursor, &entry, &b.fault), 1);
		ck_assert_uint_eq(entry.seq, seq);
	}
	ck_fault(tote_cursor_next(cursor, &entry, &b.fault), TOTE_E_DAMAGED, b.fault);
	ck_fault(tote_cursor_next(cursor, &entry, &b.fault), TOTE_E_DAMAGED, b.fault);
	tote_cursor_unref(cursor);
	ck_fault(tote_asset_list_open(box, 0, &list, &b.fault), TOTE_E_DAMAGED, b.fault);
	ck_ok(tote_asset_open(box, "a", &reader, &b.fault), b.fault);
	tote_asset_reader_unref(reader);
	ck_fault(tote_asset_open(box, "b", &reader, &b.fault), TOTE_E_DAMAGED, b.fault);
	tote_box_unref(box);
}
END_TEST

START_TEST(damage_under_an_open_handle_is_told_by_its_next_write)
{
	tote_box *box = boxed_open(&b);

	for (int i = 0; i < 4; i++)
		ck_ok(append(box, "record"), b.fault);
	file_flip(scratch_path(&b.scratch, "box/ledger/journal/%020d", 0), 3 * 4096 + 100, 1);
	ck_fault(tote_box_recover(box, &b.fault), TOTE_E_DAMAGED, b.fault);
	ck_assert_str_eq(b.fault.box, BOXED_ID);
	ck_assert_int_lt(append(box, "record"), 0);
	ck_assert_int_lt(seal_text(&b, box, "a", "bytes"), 0);
	tote_box_unref(box);
}
END_TEST

/* In a forked child everything is refused but unref. */
static int in_child(tote_box *box)
{
	struct tote_fault fault;
	struct tote_box_info info = {.size = sizeof(info)};
	struct tote_record record = {.kind = "record"};
	tote_cursor *cursor;

	if (tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &fault) != TOTE_E_MISUSE ||
		tote_box_info(box, &info, &fault) != TOTE_E_MISUSE ||
		tote_cursor_open(box, 0, 0, &cursor, &fault) != TOTE_E_MISUSE ||
		tote_box_recover(box, &fault) != TOTE_E_MISUSE)
		return 1;
	if (tote_box_close(tote_box_ref(box), &fault) != TOTE_E_MISUSE)
		return 2;
	tote_box_unref(box);
	return 0;
}

START_TEST(a_forked_child_is_refused_and_the_parent_goes_on)
{
	tote_box *box = boxed_open(&b);
	int status;
	pid_t child;

	ck_ok(append(box, "record"), b.fault);
	child = fork();
	if (child == 0)
		_exit(in_child(box));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_ok(append(box, "record"), b.fault);
	ck_assert_uint_eq(boxed_entries(&b, box), 3);
	tote_box_unref(box);
}
END_TEST

START_TEST(opening_gives_back_all_memory_whichever_allocation_fails)
{
	for (long n = 0;; n += 1 + n / 16) {
		struct failing f = {.fail_at = n};
		tote_ctx *ctx = support_ctx(NULL, NULL), *kept = b.ctx;
		struct tote_allocator allocator = failing_allocator(&f);
		struct tote_ctx_options options = {
			.size = sizeof(options), .allocator = &allocator};
		tote_box *box = NULL;
		int rc = 0;

		tote_ctx_unref(ctx);
		if (tote_ctx_new(&options, &ctx, &b.fault) == 0) {
			struct box_config config;

			b.ctx = ctx;
			config = boxed_config(&b);
			rc = tote__box_open(&config, &box, &b.fault);
			if (rc < 0)
				ck_assert_int_eq(rc, TOTE_E_NO_MEMORY);
			tote_box_unref(box);
			b.ctx = kept;
			tote_ctx_unref(ctx);
		}
		ck_assert_int_eq(f.live, 0);
		if (!f.fired)
			break;
	}
}
END_TEST

Suite *box_suite(void)
{
	Suite *s = suite_create("box");
	TCase *t = tcase_create("handle");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_new_container_is_whole_and_says_what_it_is);
	tcase_add_test(t, what_is_made_already_is_given_as_it_is_also_to_another_actor);
	tcase_add_test(t, a_half_made_container_is_completed_also_by_another_actor);
	tcase_add_test(t, another_containers_directory_is_not_taken);
	tcase_add_test(t, a_directory_with_something_else_in_it_is_not_taken);
	tcase_add_test(t, a_box_opens_only_as_the_container_that_it_is);
	tcase_add_test(t, another_ledgers_key_is_refused);
	tcase_add_test(t, the_parent_is_kept_as_long_as_the_box_and_not_taken_by_a_failure);
	tcase_add_test(t, only_an_active_container_takes_records_and_files);
	tcase_add_test(t, a_move_that_was_made_is_found_again_however_far_back);
	tcase_add_test(t, a_move_that_the_table_does_not_have_is_refused);
	tcase_add_test(t, a_read_only_box_reads_and_writes_nothing);
	tcase_add_test(t, recover_on_a_whole_box_does_nothing);
	tcase_add_test(t, before_the_first_hold_the_state_is_what_a_reader_sees);
	tcase_add_test(t, a_damaged_ledger_takes_nothing_and_is_read_up_to_the_damage);
	tcase_add_test(t, damage_under_an_open_handle_is_told_by_its_next_write);
	tcase_add_test(t, a_forked_child_is_refused_and_the_parent_goes_on);
	tcase_add_test(t, opening_gives_back_all_memory_whichever_allocation_fails);
	suite_add_tcase(s, t);
	return s;
}
