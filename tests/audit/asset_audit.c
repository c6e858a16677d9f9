/* SPDX-License-Identifier: ISC */
/*
 * The assets of a container under audit: whatever is done to a file in assets/ is found by its name
 * and its seal.
 */
#include "audit/watch.h"
#include "store/path.h"

#define NO_SEQ FINDING_NO_SEQ

static struct audited a;

static void setup(void)
{
	audited_make(&a);
}

static void teardown(void)
{
	audited_remove(&a);
}

/* The four that there are, by the seqs of their seals. */
static const struct {
	const char *name;
	uint64_t seq;
} sealed[] = {{"assets/a", 1}, {"assets/2026/acme msa.pdf", 2}, {"assets/2026/empty", 3},
	{"assets/2026/deep/er/b", 4}};

#define SEALED (sizeof(sealed) / sizeof(sealed[0]))

static void append(const char *kind, const struct field *fields, size_t count)
{
	struct draft d = {.kind = kind, .fields = fields, .field_count = count};
	uint64_t seq;

	ck_ok(tote__ledger_append(a.box->ledger, &d, 1, LEDGER_SEQ_ANY, 0, &seq, &a.fault),
		a.fault);
}

static void append_erased(const char *seal)
{
	const struct field fields[] = {tote__field_text("seal", seal),
		tote__field_text("reason", "asked to"), tote__field_text("authority", "court")};

	append("asset.erased", fields, 3);
}

/* --- bytes, size, presence ------------------------------------------------------------------ */

START_TEST(every_changed_byte_of_an_asset_is_found_at_level_full)
{
	for (size_t i = 0; i < SEALED; i++) {
		const char *path = audited_path(&a, sealed[i].name);
		size_t size = (size_t)file_size(path);

		for (size_t at = 0; at < size; at++) {
			file_flip(audited_path(&a, sealed[i].name), at, 0x20);
			a.target.level = TOTE_LEVEL_FULL;
			audit(&a);
			only_finding(&a, FINDING_ASSET_CHANGED, sealed[i].name, sealed[i].seq);
			ck_assert_uint_eq(a.result.assets, 3);
			ck_assert_int_ne(a.result.oldest_unverified_us, 0);
			a.target.level = TOTE_LEVEL_STRUCTURE;
			audit(&a);
			all_is_well(&a);
			file_flip(audited_path(&a, sealed[i].name), at, 0x20);
		}
	}
}
END_TEST

START_TEST(a_changed_asset_is_shown_with_both_digests)
{
	const struct finding *f;

	file_flip(audited_path(&a, "assets/a"), 0, 1);
	audit(&a);
	f = finding_of(&a, FINDING_ASSET_CHANGED, "assets/a");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(strlen(f->expected), strlen("sha256:") + 64);
	ck_assert_uint_eq(strlen(f->found), strlen("sha256:") + 64);
	ck_assert_str_ne(f->expected, f->found);
}
END_TEST

START_TEST(an_asset_that_was_cut_or_grew_is_found_at_both_levels)
{
	for (uint32_t level = TOTE_LEVEL_STRUCTURE; level <= TOTE_LEVEL_FULL; level++) {
		a.target.level = level;
		file_truncate(audited_path(&a, "assets/a"), 4);
		audit(&a);
		only_finding(&a, FINDING_ASSET_SIZE, "assets/a", 1);
		file_truncate(audited_path(&a, "assets/a"), 6);
		audit(&a);
		only_finding(&a, FINDING_ASSET_SIZE, "assets/a", 1);
	}
}
END_TEST

START_TEST(an_asset_that_grows_without_end_while_it_is_read_does_not_hold_the_audit)
{
	a.target.level = TOTE_LEVEL_FULL;
	for (int steps = 1, more = 1; more; steps++) {
		struct run_result result;
		struct run *run;

		ck_ok(tote__run_start(&a.target, &run, &a.fault), a.fault);
		for (int i = 0; more && i < steps; i++)
			more = tote__run_step(run, 1, 0, &a.fault);
		file_truncate(audited_path(&a, "assets/a"), (size_t)1 << 38);
		while (tote__run_step(run, 0, 0, &a.fault) > 0)
			continue;
		tote__run_result(run, &result);
		ck_assert_uint_lt(result.bytes, 16 << 20);
		ck_assert_int_eq(more || result.verdict == TOTE_VERDICT_OK, 1);
		tote__run_free(run);
		file_truncate(audited_path(&a, "assets/a"), 5);
	}
}
END_TEST

START_TEST(a_missing_asset_is_found_and_so_are_all_of_a_missing_directory)
{
	for (size_t i = 0; i < SEALED; i++) {
		char aside[400];

		snprintf(aside, sizeof(aside), "%s/aside", a.b.scratch.path);
		ck_assert_int_eq(rename(audited_path(&a, sealed[i].name), aside), 0);
		audit(&a);
		only_finding(&a, FINDING_ASSET_MISSING, sealed[i].name, sealed[i].seq);
		ck_assert_int_eq(rename(aside, audited_path(&a, sealed[i].name)), 0);
	}
	ck_assert_int_eq(
		rename(audited_path(&a, "assets/2026"), scratch_path(&a.b.scratch, "aside")), 0);
	audit(&a);
	ck_assert_uint_eq(findings(&a), 3);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_MISSING, sealed[3].name));
}
END_TEST

/* --- what lies there ------------------------------------------------------------------------ */

START_TEST(a_file_that_no_entry_names_is_found_wherever_it_lies)
{
	static const char *const names[] = {"assets/b", "assets/2026/b", "assets/.tote-new-a",
		"assets/2026/.tote-w-1", "assets/2026/deep/er/c", "assets/a.", "assets/.tote-"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		put_file(&a, names[i], "x", 0444);
		audit(&a);
		only_finding(&a, FINDING_ASSET_FOREIGN, names[i], NO_SEQ);
		unlink(audited_path(&a, names[i]));
	}
	ck_assert_int_eq(symlink("a", audited_path(&a, "assets/link")), 0);
	ck_assert_int_eq(mkfifo(audited_path(&a, "assets/pipe"), 0444), 0);
	audit(&a);
	ck_assert_uint_eq(findings(&a), 2);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_FOREIGN, "assets/link"));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_FOREIGN, "assets/pipe"));
}
END_TEST

START_TEST(a_writable_executable_or_linked_asset_is_found)
{
	static const mode_t modes[] = {0644, 0464, 0446, 0544, 04444, 0440};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(audited_path(&a, "assets/a"), modes[i]), 0);
		audit(&a);
		only_finding(&a, FINDING_ASSET_MODE, "assets/a", 1);
	}
	ck_assert_int_eq(chmod(audited_path(&a, "assets/a"), 0444), 0);
	ck_assert_int_eq(
		link(audited_path(&a, "assets/a"), scratch_path(&a.b.scratch, "other")), 0);
	audit(&a);
	only_finding(&a, FINDING_ASSET_LINKED, "assets/a", 1);
}
END_TEST

START_TEST(what_is_no_regular_file_at_the_path_of_an_asset_is_found)
{
	const char *path = audited_path(&a, "assets/a");

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("2026/empty", path), 0);
	audit(&a);
	only_finding(&a, FINDING_ASSET_TYPE, "assets/a", 1);
	path = audited_path(&a, "assets/a");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0444), 0);
	audit(&a);
	only_finding(&a, FINDING_ASSET_TYPE, "assets/a", 1);
	path = audited_path(&a, "assets/a");
	ck_assert_int_eq(unlink(path), 0);
	directory_make(path);
	audit(&a);
	only_finding(&a, FINDING_ASSET_TYPE, "assets/a", 1);
}
END_TEST

START_TEST(a_link_or_a_file_in_place_of_a_directory_is_one_finding)
{
	const char *path = audited_path(&a, "assets/2026/deep");
	char aside[400];

	snprintf(aside, sizeof(aside), "%s/aside", a.b.scratch.path);
	ck_assert_int_eq(rename(path, aside), 0);
	ck_assert_int_eq(symlink(aside, audited_path(&a, "assets/2026/deep")), 0);
	audit(&a);
	only_finding(&a, FINDING_ASSET_DIRECTORY, "assets/2026/deep", NO_SEQ);
	ck_assert_uint_eq(a.result.assets, 3);
	ck_assert_uint_eq(a.result.assets_total, 4);
	unlink(audited_path(&a, "assets/2026/deep"));
	put_file(&a, "assets/2026/deep", "x", 0444);
	audit(&a);
	only_finding(&a, FINDING_ASSET_DIRECTORY, "assets/2026/deep", NO_SEQ);
}
END_TEST

/* Its bytes are somebody else's file system: nothing in it is looked at. */
START_TEST(a_mount_in_place_of_a_directory_is_one_finding)
{
	watch_begin(&a);
	watch.mount = "2026";
	audit(&a);
	only_finding(&a, FINDING_ASSET_DIRECTORY, "assets/2026", NO_SEQ);
	ck_assert_uint_eq(a.result.assets, 1);
	ck_assert_uint_eq(a.result.assets_total, 4);
}
END_TEST

static int opened_assets, opened_log, from_memory;

static int must_be_uncached(int space, const char *name, uint32_t flags, struct tote_fault *fault)
{
	const int log = space == SPACE_LOG && strcmp(name, "tile/entries/000") == 0;

	(void)fault;
	if (log || space == SPACE_ASSETS)
		ck_assert_msg((flags == 0) == from_memory, "%s", name);
	opened_assets += space == SPACE_ASSETS;
	opened_log += log;
	return 0;
}

/* What memory still has of a file says nothing of the medium. */
START_TEST(log_and_assets_are_read_from_the_medium)
{
	watch_begin(&a);
	watch.opening = must_be_uncached;
	audit(&a);
	all_is_well(&a);
	ck_assert_int_eq(opened_assets, 4);
	ck_assert_int_ge(opened_log, 1);
	file_flip(audited_path(&a, "assets/a"), 0, 1); /* and so is what is read twice */
	opened_assets = 0;
	audit(&a);
	only_finding(&a, FINDING_ASSET_CHANGED, "assets/a", 1);
	ck_assert_int_gt(opened_assets, 4);
}
END_TEST

START_TEST(log_and_assets_that_may_come_from_memory_are_verified_and_called_cached)
{
	watch_begin(&a);
	watch.opening = must_be_uncached;
	from_memory = 1;
	a.target.may_cache = 1;
	audit(&a);
	all_is_well(&a);
	ck_assert_int_eq(a.result.cached, CACHED_ASKED);
	ck_assert_int_eq(opened_assets, 4);
	ck_assert_int_ge(opened_log, 1);
}
END_TEST

START_TEST(a_directory_that_holds_nothing_is_information)
{
	directory_make(audited_path(&a, "assets/later"));
	audit(&a);
	all_is_well(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_EMPTY_DIRECTORY, "assets/later"));
}
END_TEST

/* More than is listed ahead. */
START_TEST(each_name_of_a_large_directory_is_looked_at)
{
	const size_t names = 9000;

	directory_make(audited_path(&a, "assets/large"));
	for (size_t i = 0; i < names; i++)
		put_file(&a, printed("assets/large/%060zu", i), "", 0444);
	a.target.level = TOTE_LEVEL_STRUCTURE;
	audit(&a);
	ck_assert_uint_eq(findings(&a), names);
	ck_assert_ptr_nonnull(
		finding_of(&a, FINDING_ASSET_FOREIGN, printed("assets/large/%060zu", names - 1)));
}
END_TEST

START_TEST(assets_that_cannot_be_looked_into_leave_the_audit_incomplete)
{
	if (geteuid() == 0)
		return; /* nothing is closed to root */
	ck_assert_int_eq(chmod(audited_path(&a, "assets/2026"), 0), 0);
	audit(&a);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_UNREADABLE, "assets/2026"));
	ck_assert_uint_eq(a.result.assets, 1);
	ck_assert_int_eq(chmod(audited_path(&a, "assets/2026"), 0750), 0);
}
END_TEST

/* --- erased, kept, voided ------------------------------------------------------------------- */

START_TEST(an_erased_asset_that_is_present_is_found_and_its_absence_is_right)
{
	append_erased("1");
	audit(&a);
	only_finding(&a, FINDING_ASSET_ERASED_PRESENT, "assets/a", 1);
	ck_assert_int_eq(unlink(audited_path(&a, "assets/a")), 0);
	audit(&a);
	all_is_well(&a);
	ck_assert_uint_eq(a.result.assets_total, 3);
}
END_TEST

START_TEST(a_kept_file_is_its_asset_where_none_lies_at_the_path)
{
	audited_shut(&a); /* as in a copy: nobody settles it */
	ck_assert_int_eq(
		rename(audited_path(&a, "assets/a"), audited_path(&a, "assets/.tote-1")), 0);
	audit(&a);
	all_is_well(&a);
	file_flip(audited_path(&a, "assets/.tote-1"), 0, 1);
	audit(&a);
	only_finding(&a, FINDING_ASSET_UNSETTLED, "assets/.tote-1", NO_SEQ);
}
END_TEST

START_TEST(a_kept_file_whose_entry_is_no_such_seal_is_found_and_one_without_entry_is_stale)
{
	audited_shut(&a);
	put_file(&a, "assets/.tote-7", "x", 0444);
	audit(&a);
	only_finding(&a, FINDING_ASSET_UNSETTLED, "assets/.tote-7", NO_SEQ);
	unlink(audited_path(&a, "assets/.tote-7"));
	put_file(&a, "assets/.tote-1", "alpha", 0444); /* a second one */
	audit(&a);
	only_finding(&a, FINDING_ASSET_UNSETTLED, "assets/.tote-1", NO_SEQ);
	unlink(audited_path(&a, "assets/.tote-1"));
	put_file(&a, "assets/.tote-5000", "x", 0444);
	put_file(&a, "assets/.tote-w-5000", "x", 0600);
	audit(&a);
	all_is_well(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_STALE, "assets/.tote-5000"));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_STALE, "assets/.tote-w-5000"));
}
END_TEST

/* One damaged entry is one finding: the file that it seals is not called foreign. */
START_TEST(an_entry_that_cannot_be_read_explains_one_file_and_not_two)
{
	const char *bundle = "ledger/log/tile/entries/000";
	size_t len, at;
	uint8_t *data;

	audited_shut(&a);
	data = file_read(audited_path(&a, bundle), &len);
	for (at = 0; memcmp(data + at, "\npath a\n", 8) != 0; at++)
		ck_assert_uint_lt(at + 8, len);
	free(data);
	file_flip(audited_path(&a, bundle), at + 6, 2);
	audit(&a);
	only_finding(&a, FINDING_BUNDLE_CHANGED, bundle, 1);
	/* and the one is named all the same: nobody hides behind a damaged entry */
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_UNEXPLAINED, "assets/a"));
	put_file(&a, "assets/planted", "x", 0444);
	audit(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_FOREIGN, "assets/planted"));
	/* what ends a seal stands behind it: an entry before it explains no missing file */
	ck_assert_int_eq(unlink(audited_path(&a, "assets/planted")), 0);
	ck_assert_int_eq(unlink(audited_path(&a, "assets/2026/deep/er/b")), 0);
	audit(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_MISSING, "assets/2026/deep/er/b"));
}
END_TEST

/* The entry that cannot be read stands behind the seals, so it may have ended one of them: not two. */
START_TEST(an_entry_that_cannot_be_read_explains_one_missing_asset_and_not_two)
{
	const char *bundle = "ledger/log/tile/entries/000";
	size_t len, at;
	uint8_t *data;

	audited_shut(&a);
	data = file_read(audited_path(&a, bundle), &len);
	for (at = 0; memcmp(data + at, "\nseq 9\n", 7) != 0; at++)
		ck_assert_uint_lt(at + 7, len);
	free(data);
	file_flip(audited_path(&a, bundle), at + 1, 2);
	ck_assert_int_eq(unlink(audited_path(&a, sealed[0].name)), 0);
	audit(&a);
	only_finding(&a, FINDING_BUNDLE_CHANGED, bundle, 9);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_UNEXPLAINED, sealed[0].name));
	ck_assert_int_eq(unlink(audited_path(&a, sealed[1].name)), 0);
	audit(&a);
	ck_assert_uint_eq(findings(&a), 3);
	for (int i = 0; i < 2; i++)
		ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_MISSING, sealed[i].name));
}
END_TEST

/* --- the table ------------------------------------------------------------------------------ */

START_TEST(many_assets_in_many_directories_are_found_whole)
{
	struct tote_source sources[64];
	char paths[64][64];

	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 64; i++) {
			snprintf(paths[i], sizeof(paths[i]), "many/%d/%d-%c/x", round, i % 9,
				'0' + i);
			sources[i] = source_of(paths[i], paths[i]);
		}
		ck_ok(tote_box_seal(a.box, sources, 64, NULL, 0, NULL, &a.fault), a.fault);
	}
	audit(&a);
	all_is_well(&a);
	ck_assert_uint_eq(a.result.assets, 8 * 64 + 4);
}
END_TEST

Suite *asset_audit_suite(void)
{
	Suite *s = suite_create("asset_audit");
	TCase *t = tcase_create("asset_audit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_changed_byte_of_an_asset_is_found_at_level_full);
	tcase_add_test(t, a_changed_asset_is_shown_with_both_digests);
	tcase_add_test(t, an_asset_that_was_cut_or_grew_is_found_at_both_levels);
	tcase_add_test(t, an_asset_that_grows_without_end_while_it_is_read_does_not_hold_the_audit);
	tcase_add_test(t, a_missing_asset_is_found_and_so_are_all_of_a_missing_directory);
	tcase_add_test(t, a_file_that_no_entry_names_is_found_wherever_it_lies);
	tcase_add_test(t, a_writable_executable_or_linked_asset_is_found);
	tcase_add_test(t, what_is_no_regular_file_at_the_path_of_an_asset_is_found);
	tcase_add_test(t, a_link_or_a_file_in_place_of_a_directory_is_one_finding);
	tcase_add_test(t, a_mount_in_place_of_a_directory_is_one_finding);
	tcase_add_test(t, log_and_assets_are_read_from_the_medium);
	tcase_add_test(t, log_and_assets_that_may_come_from_memory_are_verified_and_called_cached);
	tcase_add_test(t, a_directory_that_holds_nothing_is_information);
	tcase_add_test(t, each_name_of_a_large_directory_is_looked_at);
	tcase_add_test(t, assets_that_cannot_be_looked_into_leave_the_audit_incomplete);
	tcase_add_test(t, an_erased_asset_that_is_present_is_found_and_its_absence_is_right);
	tcase_add_test(t, a_kept_file_is_its_asset_where_none_lies_at_the_path);
	tcase_add_test(
		t, a_kept_file_whose_entry_is_no_such_seal_is_found_and_one_without_entry_is_stale);
	tcase_add_test(t, an_entry_that_cannot_be_read_explains_one_file_and_not_two);
	tcase_add_test(t, an_entry_that_cannot_be_read_explains_one_missing_asset_and_not_two);
	tcase_add_test(t, many_assets_in_many_directories_are_found_whole);
	suite_add_tcase(s, t);
	return s;
}
