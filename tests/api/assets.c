/* SPDX-License-Identifier: ISC */
/*
 * The public calls of assets: seal, list, read, verify, and misuse of each.
 */
#include "container.h"

static struct tote_source text(const char *path, const char *data)
{
	return (struct tote_source){
		.path = path, .data = data, .length = strlen(data), .flags = TOTE_SOURCE_DATA};
}

static int seal(const struct tote_source *sources, size_t count, struct tote_sealed *ret)
{
	return tote_box_seal(box, sources, count, NULL, 0, ret, &fault);
}

START_TEST(what_is_sealed_lies_there_is_listed_and_read_back)
{
	struct tote_source sources[] = {text("b/two", "2"), text("a", "one")};
	struct tote_asset asset = {.size = sizeof(asset)};
	struct tote_sealed sealed[2];
	tote_asset_reader *reader;
	tote_asset_list *list;
	struct stat st;
	char out[16];
	size_t length;

	ok(seal(sources, 2, sealed));
	ck_assert_uint_eq(sealed[0].seq, 1);
	ck_assert_uint_eq(sealed[1].result, TOTE_SEALED_NEW);
	ck_assert_int_eq(lstat(asset_file("b/two"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0444);
	ok(tote_asset_list_open(box, 0, &list, &fault));
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &fault), 1);
	ck_assert_str_eq(asset.path, "a");
	ck_assert_uint_eq(asset.supersedes, TOTE_SEQ_ANY);
	ck_assert_int_eq(memcmp(asset.digest, sealed[1].digest, 32), 0);
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &fault), 1);
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &fault), 0);
	tote_asset_list_unref(list);
	ok(tote_asset_open(box, "a", &reader, &fault));
	ck_assert_int_eq(tote_asset_read(reader, out, sizeof(out), &length, &fault), 1);
	ck_assert_uint_eq(length, 3);
	ck_assert_int_eq(memcmp(out, "one", 3), 0);
	ck_assert_int_eq(tote_asset_read(reader, out, sizeof(out), &length, &fault), 0);
	tote_asset_reader_unref(reader);
}
END_TEST

START_TEST(other_bytes_at_a_sealed_path_are_refused_by_name)
{
	struct tote_source source = text("d/contract.pdf", "one");

	ok(seal(&source, 1, NULL));
	ok(seal(&source, 1, NULL));
	source = text("d/contract.pdf", "two");
	fails(seal(&source, 1, NULL), TOTE_E_EXISTS);
	ck_assert_ptr_nonnull(strstr(fault.text, "d/contract.pdf"));
	ck_assert_str_eq(fault.box, ID);
	ck_assert_uint_eq(fault.seq, 1);
	ck_assert_uint_eq(fault.effect, TOTE_EFFECT_NONE);
	source = text("d/contract.2.pdf", "two");
	source.supersedes = 1;
	ok(seal(&source, 1, NULL));
}
END_TEST

START_TEST(a_container_without_signer_seals_too)
{
	struct tote_source source = text("a", "one");
	tote_box *keyless = container_open(TOTE_BOX_NO_SIGNER);

	ok(tote_box_seal(keyless, &source, 1, "alice", 0, NULL, &fault));
	ok(tote_box_close(keyless, &fault));
	ck_assert_uint_eq(info_of(box).entries, 2);
}
END_TEST

START_TEST(a_tree_is_sealed_and_its_offenders_are_told)
{
	struct tote_sealing_progress progress = {.size = sizeof(progress)};
	struct tote_offender offender;
	tote_sealing *sealing;

	ck_assert_int_eq(mkdir(in_scratch("tree"), 0700), 0);
	write_file(in_scratch("tree/file"), "bytes", 5);
	ck_assert_int_eq(symlink("file", in_scratch("tree/link")), 0);
	ok(tote_sealing_new(box, "alice", 0, &sealing, &fault));
	ok(tote_sealing_add(sealing, in_scratch("tree"), "to", &fault));
	ck_assert_int_eq(tote_sealing_offender(sealing, 0, &offender, &fault), 1);
	ck_assert_str_eq(offender.path, "to/tree/link");
	ck_assert_str_eq(offender.file, in_scratch("tree/link"));
	ck_assert_int_eq(offender.code, TOTE_E_SOURCE);
	ck_assert_int_eq(tote_sealing_offender(sealing, 1, &offender, &fault), 0);
	fails(tote_sealing_step(sealing, &fault), TOTE_E_SOURCE);
	tote_sealing_unref(sealing);
	ck_assert_int_eq(unlink(in_scratch("tree/link")), 0);
	ok(tote_sealing_new(box, "alice", 0, &sealing, &fault));
	ok(tote_sealing_add(sealing, in_scratch("tree"), "to", &fault));
	ok(tote_sealing_step(sealing, &fault));
	ok(tote_sealing_progress(sealing, &progress, &fault));
	ck_assert_uint_eq(progress.sealed, 1);
	tote_sealing_unref(sealing);
}
END_TEST

START_TEST(an_asset_is_verified_from_its_entry_and_the_file_alone)
{
	struct tote_source source = text("a", "bytes");
	struct tote_entry entry = {.size = sizeof(entry)};
	tote_cursor *cursor;

	ok(seal(&source, 1, NULL));
	ok(tote_cursor_open(box, 1, 0, &cursor, &fault));
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 1);
	ok(tote_verify_asset(NULL, entry.bytes, entry.length, asset_file("a"), &fault));
	write_file(in_scratch("other"), "Bytes", 5);
	fails(tote_verify_asset(ctx, entry.bytes, entry.length, in_scratch("other"), &fault),
		TOTE_E_MISMATCH);
	fails(tote_verify_asset(ctx, "nonsense", 8, in_scratch("other"), &fault), TOTE_E_MALFORMED);
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(misuse_of_seal_is_refused)
{
	struct tote_source source = text("a", "one");
	tote_box *reader = container_open(TOTE_BOX_READ_ONLY);
	tote_sealing *sealing;

	fails(tote_box_seal(NULL, &source, 1, NULL, 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_seal(box, NULL, 1, NULL, 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_seal(box, &source, 0, NULL, 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_seal(box, &source, 1, NULL, 1, NULL, &fault), TOTE_E_FLAGS);
	fails(tote_box_seal(reader, &source, 1, NULL, 0, NULL, &fault), TOTE_E_READ_ONLY);
	fails(tote_box_seal(box, &source, 1, "", 0, NULL, &fault), TOTE_E_GRAMMAR);
	source.flags |= 1u << 31;
	fails(seal(&source, 1, NULL), TOTE_E_FLAGS);
	fails(tote_sealing_new(NULL, NULL, 0, &sealing, &fault), TOTE_E_ARGUMENT);
	fails(tote_sealing_new(box, NULL, 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_sealing_new(box, NULL, 1, &sealing, &fault), TOTE_E_FLAGS);
	fails(tote_sealing_new(reader, NULL, 0, &sealing, &fault), TOTE_E_READ_ONLY);
	ck_assert_uint_eq(info_of(box).entries, 1);
	tote_box_unref(reader);
}
END_TEST

START_TEST(misuse_of_lists_and_readers_is_refused)
{
	struct tote_source source = text("a", "one");
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_asset_reader *reader;
	tote_asset_list *list;
	char out[8];
	size_t length;

	ok(seal(&source, 1, NULL));
	fails(tote_asset_list_open(NULL, 0, &list, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_list_open(box, 1, &list, &fault), TOTE_E_FLAGS);
	fails(tote_asset_list_open(box, 0, NULL, &fault), TOTE_E_ARGUMENT);
	ok(tote_asset_list_open(box, 0, &list, &fault));
	fails(tote_asset_list_next(NULL, &asset, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_list_next(list, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_list_find(list, NULL, &asset, &fault), TOTE_E_ARGUMENT);
	asset.size = 8;
	fails(tote_asset_list_next(list, &asset, &fault), TOTE_E_STRUCT);
	fails(tote_asset_list_find(list, "a", &asset, &fault), TOTE_E_STRUCT);
	asset.size = sizeof(asset);
	ck_assert_int_eq(tote_asset_list_next(list, &asset, &fault), 1);
	ck_assert_ptr_null(tote_asset_list_unref(list));
	ck_assert_ptr_null(tote_asset_list_unref(NULL));
	fails(tote_asset_open(NULL, "a", &reader, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_open(box, NULL, &reader, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_open(box, "a", NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_open(box, "/a", &reader, &fault), TOTE_E_GRAMMAR);
	fails(tote_asset_open(box, "b", &reader, &fault), TOTE_E_NOT_FOUND);
	ok(tote_asset_open(box, "a", &reader, &fault));
	fails(tote_asset_read(NULL, out, 8, &length, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_read(reader, NULL, 8, &length, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_read(reader, out, 0, &length, &fault), TOTE_E_ARGUMENT);
	fails(tote_asset_read(reader, out, 8, NULL, &fault), TOTE_E_ARGUMENT);
	ck_assert_ptr_null(tote_asset_reader_unref(reader));
	ck_assert_ptr_null(tote_asset_reader_unref(NULL));
}
END_TEST

Suite *assets_suite(void)
{
	Suite *s = suite_create("assets");
	TCase *t = tcase_create("calls");

	tcase_add_checked_fixture(t, container_setup, container_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_is_sealed_lies_there_is_listed_and_read_back);
	tcase_add_test(t, other_bytes_at_a_sealed_path_are_refused_by_name);
	tcase_add_test(t, a_container_without_signer_seals_too);
	tcase_add_test(t, a_tree_is_sealed_and_its_offenders_are_told);
	tcase_add_test(t, an_asset_is_verified_from_its_entry_and_the_file_alone);
	tcase_add_test(t, misuse_of_seal_is_refused);
	tcase_add_test(t, misuse_of_lists_and_readers_is_refused);
	suite_add_tcase(s, t);
	return s;
}
