/* SPDX-License-Identifier: ISC */
/*
 * Assets as they are listed and read back: what counts, and that no wrong byte goes unnoticed.
 */
#include "support/box_fixture.h"
#include "support/step_kill.h"
#include <sys/stat.h>
#include <sys/wait.h>
#include <toteborch/verify.h>
#include <unistd.h>

static struct boxed b;
static tote_box *box;

static void setup(void)
{
	boxed_make(&b);
	box = boxed_open(&b);
}

static void teardown(void)
{
	tote_box_unref(box);
	boxed_remove(&b);
}

/* An entry that only a later issue of the library writes by itself. */
static void write_entry(const char *kind, const char *seal)
{
	const struct field fields[] = {tote__field_text("seal", seal),
		tote__field_text("reason", "because"), tote__field_text("authority", "law")};
	const struct draft d = {.kind = kind,
		.fields = fields,
		.field_count = strcmp(kind, "asset.erased") == 0 ? 3 : 2};
	uint64_t seq;

	ck_ok(tote__ledger_hold(box->ledger, &b.fault), b.fault);
	ck_ok(tote__ledger_write(box->ledger, &d, 1, &seq, &b.fault), b.fault);
	tote__ledger_release(box->ledger);
}

/* --- the list ------------------------------------------------------------------------------- */

START_TEST(assets_are_listed_in_byte_order_of_path)
{
	static const char *const paths[] = {"b", "a/z", "a.b", "\xff", "a/B", "Z", "a/b/c"};
	static const char *const sorted[] = {"Z", "a.b", "a/B", "a/b/c", "a/z", "b", "\xff"};
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_asset_list *list;

	for (size_t i = 0; i < 7; i++)
		ck_ok(seal_text(&b, box, paths[i], paths[i]), b.fault);
	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	for (size_t i = 0; i < 7; i++) {
		ck_assert_int_eq(tote_asset_list_next(list, &asset, &b.fault), 1);
		ck_assert_str_eq(asset.path, sorted[i]);
		ck_assert_uint_eq(asset.path_length, strlen(sorted[i]));
		ck_assert_uint_eq(asset.bytes, strlen(sorted[i]));
		ck_assert_int_eq(asset.mtime_us, -1);
		ck_assert_ptr_null(asset.media_type);
	}
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &b.fault), 0);
	for (size_t i = 0; i < 7; i++) {
		ck_assert_int_eq(tote_asset_list_find(list, paths[i], &asset, &b.fault), 1);
		ck_assert_uint_eq(asset.seq, 1 + i);
	}
	ck_assert_int_eq(tote_asset_list_find(list, "a", &asset, &b.fault), 0);
	ck_assert_int_eq(tote_asset_list_find(list, "", &asset, &b.fault), 0);
	tote_asset_list_unref(list);
}
END_TEST

START_TEST(a_list_stays_as_it_was_and_keeps_its_box_alive)
{
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_asset_list *list;

	ck_ok(seal_text(&b, box, "a", "x"), b.fault);
	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	ck_ok(seal_text(&b, box, "b", "x"), b.fault);
	box = tote_box_unref(box);
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &b.fault), 1);
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &b.fault), 0);
	tote_asset_list_unref(list);
}
END_TEST

START_TEST(a_voided_seal_is_none_and_an_erased_one_says_so)
{
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_asset_reader *reader;
	tote_asset_list *list;

	ck_ok(seal_text(&b, box, "a", "x"), b.fault);
	ck_ok(seal_text(&b, box, "b", "y"), b.fault);
	write_entry("asset.void", "1");
	write_entry("asset.erased", "2");
	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &b.fault), 1);
	ck_assert_str_eq(asset.path, "b");
	ck_assert_uint_eq(asset.flags, TOTE_ASSET_ERASED);
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &b.fault), 0);
	tote_asset_list_unref(list);
	ck_fault(tote_asset_open(box, "a", &reader, &b.fault), TOTE_E_NOT_FOUND, b.fault);
	ck_fault(tote_asset_open(box, "b", &reader, &b.fault), TOTE_E_NOT_FOUND, b.fault);
	ck_assert_ptr_nonnull(strstr(b.fault.text, "erased"));
}
END_TEST

START_TEST(a_takeover_completes_an_erasure_and_only_of_the_bytes_that_were_sealed)
{
	ck_ok(seal_text(&b, box, "a", "x"), b.fault);
	ck_ok(seal_text(&b, box, "d/b", "y"), b.fault);
	write_entry("asset.erased", "1");
	write_entry("asset.erased", "2");
	ck_assert_int_eq(unlink(boxed_asset(&b, "d/b")), 0);
	file_write(boxed_asset(&b, "d/b"), "foreign", 7);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "a")), 0);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "d/b")), 1);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
}
END_TEST

/* --- reading -------------------------------------------------------------------------------- */

/* Reads to the end in steps of that size; the last result. */
static int read_all(const char *path, size_t step, char *out, size_t *ret_length)
{
	tote_asset_reader *reader;
	size_t got, length = 0;
	int rc = tote_asset_open(box, path, &reader, &b.fault);

	if (rc < 0)
		return rc;
	while ((rc = tote_asset_read(reader, out + length, step, &got, &b.fault)) == 1) {
		ck_assert_uint_gt(got, 0);
		length += got;
	}
	/* the end says the same again */
	ck_assert_int_eq(tote_asset_read(reader, out, step, &got, &b.fault), rc);
	tote_asset_reader_unref(reader);
	*ret_length = length;
	return rc;
}

START_TEST(an_asset_is_read_back_in_any_steps)
{
	static const size_t steps[] = {1, 7, 100, 4096};
	char text[1000], out[2000];
	size_t length;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ck_ok(seal_text(&b, box, "d/a", text), b.fault);
	ck_ok(seal_text(&b, box, "empty", ""), b.fault);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ck_ok(read_all("d/a", steps[i] > 1000 ? 1000 : steps[i], out, &length), b.fault);
		ck_assert_uint_eq(length, strlen(text));
		ck_assert_int_eq(memcmp(out, text, length), 0);
	}
	ck_ok(read_all("empty", 100, out, &length), b.fault);
	ck_assert_uint_eq(length, 0);
}
END_TEST

START_TEST(changed_cut_grown_and_missing_files_are_told)
{
	char file[400], out[2000];
	size_t length;

	snprintf(file, sizeof(file), "%s", boxed_asset(&b, "a"));
	ck_ok(seal_text(&b, box, "a", "some bytes"), b.fault);
	file_flip(file, 3, 1);
	ck_fault(read_all("a", 100, out, &length), TOTE_E_MISMATCH, b.fault);
	file_flip(file, 3, 1);
	ck_ok(read_all("a", 100, out, &length), b.fault);
	file_truncate(file, 9);
	ck_fault(read_all("a", 100, out, &length), TOTE_E_MISMATCH, b.fault);
	file_truncate(file, 11);
	ck_fault(read_all("a", 3, out, &length), TOTE_E_MISMATCH, b.fault);
	ck_assert_int_eq(unlink(file), 0);
	ck_fault(read_all("a", 3, out, &length), TOTE_E_NOT_FOUND, b.fault);
	ck_assert_ptr_nonnull(strstr(b.fault.text, "gone"));
	ck_assert_int_eq(symlink("/etc/passwd", file), 0);
	ck_fault(read_all("a", 3, out, &length), TOTE_E_UNTRUSTED, b.fault);
	ck_fault(read_all("b", 3, out, &length), TOTE_E_NOT_FOUND, b.fault);
	ck_assert_ptr_nonnull(strstr(b.fault.text, "never"));
	ck_fault(read_all("../key", 3, out, &length), TOTE_E_GRAMMAR, b.fault);
}
END_TEST

static void die(void *user)
{
	(void)user;
	_exit(0);
}

START_TEST(a_file_on_the_way_to_its_path_can_be_read)
{
	pid_t child = fork();
	char out[100];
	size_t length;
	int status;

	if (child == 0) {
		struct boxed mine = b;

		mine.ctx = support_ctx(NULL, NULL);
		box = boxed_open(&mine);
		step_act(box, "publish", 0, die, NULL);
		seal_text(&b, box, "a", "some bytes");
		_exit(1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_ok(read_all("a", 50, out, &length), b.fault);
	ck_assert_uint_eq(length, 10);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "a")), 0);
}
END_TEST

/* --- a file anywhere ------------------------------------------------------------------------ */

START_TEST(a_file_anywhere_is_verified_against_its_entry_alone)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	tote_cursor *cursor;
	char file[300];

	snprintf(file, sizeof(file), "%s/somewhere", b.scratch.path);
	ck_ok(seal_text(&b, box, "a", "some bytes"), b.fault);
	ck_ok(tote_cursor_open(box, 0, 0, &cursor, &b.fault), b.fault);
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &b.fault), 1);
	file_write(file, "some bytes", 10);
	ck_fault(tote_verify_asset(b.ctx, entry.bytes, entry.length, file, &b.fault),
		TOTE_E_MALFORMED, b.fault);
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &b.fault), 1);
	ck_ok(tote_verify_asset(b.ctx, entry.bytes, entry.length, file, &b.fault), b.fault);
	ck_ok(tote_verify_asset(NULL, entry.bytes, entry.length, file, &b.fault), b.fault);
	file_flip(file, 0, 1);
	ck_fault(tote_verify_asset(b.ctx, entry.bytes, entry.length, file, &b.fault),
		TOTE_E_MISMATCH, b.fault);
	file_truncate(file, 3);
	ck_fault(tote_verify_asset(b.ctx, entry.bytes, entry.length, file, &b.fault),
		TOTE_E_MISMATCH, b.fault);
	ck_assert_int_eq(unlink(file), 0);
	ck_fault(tote_verify_asset(b.ctx, entry.bytes, entry.length, file, &b.fault),
		TOTE_E_NOT_FOUND, b.fault);
	for (size_t cut = 0; cut < entry.length; cut += 7)
		ck_fault(tote_verify_asset(b.ctx, entry.bytes, cut, file, &b.fault),
			TOTE_E_MALFORMED, b.fault);
	ck_fault(tote_verify_asset(NULL, NULL, 0, file, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_verify_asset(NULL, entry.bytes, entry.length, NULL, &b.fault),
		TOTE_E_ARGUMENT, b.fault);
	tote_cursor_unref(cursor);
}
END_TEST

Suite *assets_suite(void)
{
	Suite *s = suite_create("assets");
	TCase *t = tcase_create("list_and_read");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, assets_are_listed_in_byte_order_of_path);
	tcase_add_test(t, a_list_stays_as_it_was_and_keeps_its_box_alive);
	tcase_add_test(t, a_voided_seal_is_none_and_an_erased_one_says_so);
	tcase_add_test(t, a_takeover_completes_an_erasure_and_only_of_the_bytes_that_were_sealed);
	tcase_add_test(t, an_asset_is_read_back_in_any_steps);
	tcase_add_test(t, changed_cut_grown_and_missing_files_are_told);
	tcase_add_test(t, a_file_on_the_way_to_its_path_can_be_read);
	tcase_add_test(t, a_file_anywhere_is_verified_against_its_entry_alone);
	suite_add_tcase(s, t);
	return s;
}
