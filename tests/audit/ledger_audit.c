/* SPDX-License-Identifier: ISC */
/*
 * The ledger of a container under audit: each damage of the format's list is made, and found by its
 * name, at its file, and by nothing else.
 */
#include "ledger/ledger.h"
#include "store/path.h"
#include "support/audited.h"

static struct audited a;

static void setup(void)
{
	audited_make(&a);
}

static void teardown(void)
{
	audited_remove(&a);
}

#define LOG(name) "ledger/log/" name
#define NO_SEQ    FINDING_NO_SEQ

/* The files of the log, as checkpoints of 280 and 300 entries leave them. */
static const char *const log_files[] = {LOG("tile/entries/000"), LOG("tile/entries/001.p/24"),
	LOG("tile/entries/001.p/44"), LOG("tile/0/000"), LOG("tile/0/001.p/24"),
	LOG("tile/0/001.p/44"), LOG("tile/1/000.p/1")};

#define LOG_FILES (sizeof(log_files) / sizeof(log_files[0]))

static int is_bundle(const char *name)
{
	return strstr(name, "entries") != NULL;
}

/* --- what is whole -------------------------------------------------------------------------- */

START_TEST(a_whole_container_is_found_whole)
{
	audit(&a);
	all_is_well(&a);
	ck_assert_uint_eq(a.result.entries, AUDITED_ALL);
	ck_assert_uint_eq(a.result.assets, 4);
	ck_assert_uint_eq(a.result.witnessed, AUDITED_FOLDED);
	ck_assert_uint_eq(a.result.head.size, AUDITED_FOLDED);
	ck_assert_uint_eq(a.result.state, TOTE_STATE_ACTIVE);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_UNSIGNED, "ledger/journal"));
	audited_fold(&a);
	audit(&a);
	all_is_well(&a);
	ck_assert_ptr_null(finding_of(&a, FINDING_UNSIGNED, NULL));
	audited_shut(&a);
	audit(&a);
	all_is_well(&a);
}
END_TEST

/* Size by size, so that every shape of the right edge and each level of tiles comes by. */
START_TEST(every_size_of_a_log_is_found_whole)
{
	static const uint64_t sizes[] = {311, 511, 512, 513, 767, 768, 1000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct run_target t = a.target;

		audited_append(&a, sizes[i] - tote__ledger_next(a.box->ledger));
		audited_fold(&a);
		t.box = NULL;
		audit_with(&a, &t);
		all_is_well(&a);
		ck_assert_uint_eq(a.result.entries, sizes[i]);
	}
}
END_TEST

START_TEST(a_ledger_alone_and_a_published_log_alone_are_audited_as_far_as_they_go)
{
	static const int layouts[] = {LAYOUT_LEDGER, LAYOUT_LOG};
	static const char *const names[] = {"ledger", "ledger/log"};

	audited_shut(&a);
	for (int i = 0; i < 2; i++) {
		struct place place;
		struct run_target t = {.ctx = a.b.ctx,
			.place = &place,
			.type = LEDGER_CONTAINER,
			.layout = layouts[i],
			.level = TOTE_LEVEL_FULL,
			.key = &a.key,
			.strict = i};

		ck_ok(tote__place_open(a.b.ctx, "posix", audited_path(&a, names[i]), layouts[i],
			      STORE_READ_ONLY, &place, &a.fault),
			a.fault);
		audit_with(&a, &t);
		all_is_well(&a);
		ck_assert_uint_eq(a.result.entries, i ? AUDITED_FOLDED : AUDITED_ALL);
		file_flip(audited_path(&a, LOG("tile/0/000")), 99, 1);
		audit_with(&a, &t);
		only_finding(&a, FINDING_TILE_CHANGED, i ? "tile/0/000" : "log/tile/0/000", NO_SEQ);
		file_flip(audited_path(&a, LOG("tile/0/000")), 99, 1);
		tote__run_free(a.run);
		a.run = NULL;
		tote__place_close(&place);
	}
}
END_TEST

/* --- changed bytes -------------------------------------------------------------------------- */

/* Every so many bytes of a file, each in turn. */
static void each_flip_is_found(const char *name, int code, size_t step)
{
	const char *path = audited_path(&a, name);
	size_t size = (size_t)file_size(path);

	for (size_t at = 0; at < size; at += step) {
		uint8_t bit = (uint8_t)(1u << at % 8);

		path = audited_path(&a, name);
		file_flip(path, at, bit);
		audit(&a);
		only_finding(&a, code, name, NO_SEQ);
		file_flip(audited_path(&a, name), at, bit);
	}
}

START_TEST(a_changed_byte_of_any_file_of_the_log_names_that_file_alone)
{
	audited_shut(&a);
	for (size_t i = 0; i < LOG_FILES; i++)
		each_flip_is_found(log_files[i],
			is_bundle(log_files[i]) ? FINDING_BUNDLE_CHANGED : FINDING_TILE_CHANGED,
			(size_t)file_size(audited_path(&a, log_files[i])) / 40 + 1);
	audit(&a);
	all_is_well(&a);
}
END_TEST

START_TEST(a_changed_byte_of_the_checkpoint_names_the_checkpoint_alone)
{
	const char *name = LOG("checkpoint");
	size_t size = (size_t)file_size(audited_path(&a, name));

	audited_shut(&a);
	for (size_t at = 0; at < size; at += 3) {
		const struct finding *f;

		file_flip(audited_path(&a, name), at, 1);
		audit(&a);
		ck_assert_uint_eq(findings(&a), 1);
		f = &tote__run_findings(a.run)->items[0];
		only_finding(&a, f->code, name, NO_SEQ);
		ck_assert_int_eq(f->code / 1000, 5);
		file_flip(audited_path(&a, name), at, 1);
	}
}
END_TEST

START_TEST(a_changed_entry_is_named_by_its_seq)
{
	audited_shut(&a);
	file_flip(audited_path(&a, LOG("tile/entries/000")),
		(size_t)file_size(audited_path(&a, LOG("tile/entries/000"))) - 1, 1);
	audit(&a);
	only_finding(&a, FINDING_BUNDLE_CHANGED, LOG("tile/entries/000"), 255);
	ck_assert_uint_eq(a.result.entries_total - a.result.entries, 1);
	ck_assert_uint_eq(a.result.read_to, 255);
	ck_assert_int_ne(a.result.oldest_unverified_us, 0);
}
END_TEST

START_TEST(the_same_is_found_where_others_write)
{
	for (size_t i = 0; i < LOG_FILES; i++) {
		file_flip(audited_path(&a, log_files[i]), 20, 1);
		audit(&a);
		only_finding(&a,
			is_bundle(log_files[i]) ? FINDING_BUNDLE_CHANGED : FINDING_TILE_CHANGED,
			log_files[i], NO_SEQ);
		file_flip(audited_path(&a, log_files[i]), 20, 1);
	}
	audit(&a);
	all_is_well(&a);
}
END_TEST

START_TEST(files_that_were_changed_at_several_places_are_each_named)
{
	audited_shut(&a);
	file_flip(audited_path(&a, LOG("tile/entries/000")), 2000, 1);
	file_flip(audited_path(&a, LOG("tile/0/001.p/44")), 7, 1);
	file_flip(audited_path(&a, LOG("tile/1/000.p/1")), 7, 1);
	audit(&a);
	ck_assert_uint_eq(findings(&a), 3);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_BUNDLE_CHANGED, LOG("tile/entries/000")));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_TILE_CHANGED, LOG("tile/0/001.p/44")));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_TILE_CHANGED, LOG("tile/1/000.p/1")));
}
END_TEST

/* Bundle and tile say the same lie: the tiles above and the root still tell. */
START_TEST(a_bundle_and_its_tile_that_were_changed_alike_are_both_named)
{
	const char *bundle = LOG("tile/entries/000"), *tile = LOG("tile/0/000");
	struct bundle_walk w;
	const uint8_t *entry;
	uint8_t *data, leaf[HASH_LEN], *hashes;
	size_t len, entry_len;

	audited_shut(&a);
	data = file_read(audited_path(&a, bundle), &len);
	hashes = file_read(audited_path(&a, tile), NULL);
	tote__bundle_walk(&w, data, len, 256);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(tote__bundle_next(&w, &entry, &entry_len, &a.fault), 1);
	data[entry + entry_len - 1 - data] ^= 1;
	tote__hash_leaf(NULL, entry, entry_len, leaf);
	memcpy(hashes + 99 * HASH_LEN, leaf, HASH_LEN);
	chmod(audited_path(&a, bundle), 0644);
	chmod(audited_path(&a, tile), 0644);
	file_write(audited_path(&a, bundle), data, len);
	file_write(audited_path(&a, tile), hashes, TILE_BYTES);
	chmod(audited_path(&a, bundle), 0444);
	chmod(audited_path(&a, tile), 0444);
	audit(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_BUNDLE_CHANGED, bundle));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_TILE_CHANGED, tile));
	ck_assert_ptr_null(finding_of(&a, FINDING_ROOT_DIFFERS, NULL));
	ck_assert_ptr_null(finding_of(&a, FINDING_TILE_CHANGED, LOG("tile/1/000.p/1")));
	free(data);
	free(hashes);
}
END_TEST

/* --- cut, missing, extra, writable ---------------------------------------------------------- */

START_TEST(a_file_of_the_log_that_was_cut_is_named)
{
	audited_shut(&a);
	for (size_t i = 0; i < LOG_FILES; i++) {
		const char *path = audited_path(&a, log_files[i]);
		size_t len;
		uint8_t *data = file_read(path, &len);

		file_truncate(path, len - 1);
		audit(&a);
		only_finding(&a,
			is_bundle(log_files[i]) ? FINDING_BUNDLE_CHANGED : FINDING_TILE_CHANGED,
			log_files[i], NO_SEQ);
		path = audited_path(&a, log_files[i]);
		chmod(path, 0644);
		file_write(path, data, len);
		chmod(path, 0444);
		free(data);
	}
}
END_TEST

START_TEST(a_file_that_the_checkpoint_needs_is_missed_and_a_superseded_one_is_not)
{
	audited_shut(&a);
	for (size_t i = 0; i < LOG_FILES; i++) {
		int superseded = strstr(log_files[i], ".p/24") != NULL;
		char aside[400];

		snprintf(aside, sizeof(aside), "%s/aside", a.b.scratch.path);
		ck_assert_int_eq(rename(audited_path(&a, log_files[i]), aside), 0);
		audit(&a);
		if (superseded)
			all_is_well(&a);
		else
			only_finding(&a,
				is_bundle(log_files[i]) ? FINDING_BUNDLE_MISSING
							: FINDING_TILE_MISSING,
				log_files[i], NO_SEQ);
		ck_assert_int_eq(rename(aside, audited_path(&a, log_files[i])), 0);
	}
}
END_TEST

START_TEST(a_writable_or_linked_file_of_the_log_is_named)
{
	static const mode_t modes[] = {0644, 0464, 0446, 0555, 0400};
	const char *name = LOG("tile/0/001.p/24");

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(audited_path(&a, name), modes[i]), 0);
		audit(&a);
		only_finding(&a, FINDING_LOG_MODE, name, NO_SEQ);
	}
	ck_assert_int_eq(chmod(audited_path(&a, name), 0444), 0);
	ck_assert_int_eq(link(audited_path(&a, name), scratch_path(&a.b.scratch, "other")), 0);
	audit(&a);
	only_finding(&a, FINDING_LOG_MODE, name, NO_SEQ);
}
END_TEST

START_TEST(a_link_in_place_of_a_file_of_the_log_is_named)
{
	const char *name = LOG("tile/0/001.p/24");
	char aside[400];

	snprintf(aside, sizeof(aside), "%s/aside", a.b.scratch.path);
	ck_assert_int_eq(rename(audited_path(&a, name), aside), 0);
	ck_assert_int_eq(symlink(aside, audited_path(&a, name)), 0);
	audit(&a);
	only_finding(&a, FINDING_LOG_MODE, name, NO_SEQ);
}
END_TEST

START_TEST(a_foreign_name_below_the_log_is_named_and_temporary_ones_are_not)
{
	static const char *const names[] = {LOG("notes"), LOG("tile/0/0"), LOG("tile/0/000.p/256"),
		LOG("tile/9/000"), LOG("tile/entries/x001"), LOG("checkpoint2"),
		LOG("tile/0/001.p/044")};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		directory_make(audited_path(&a, LOG("tile/9")));
		put_file(&a, names[i], "x", 0444);
		audit(&a);
		ck_assert_ptr_nonnull(finding_of(&a, FINDING_LOG_FOREIGN,
			strstr(names[i], "tile/9") ? LOG("tile/9") : names[i]));
		unlink(audited_path(&a, names[i]));
		rmdir(audited_path(&a, LOG("tile/9")));
	}
	put_file(&a, LOG(".tote-new-checkpoint"), "half of it", 0600);
	put_file(&a, LOG("tile/0/.tote-w-1234"), "x", 0600);
	audit(&a);
	all_is_well(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_LOG_STALE, LOG("tile/0/.tote-w-1234")));
}
END_TEST

/* --- beyond the checkpoint ------------------------------------------------------------------ */

/* As an interrupted fold leaves it: the checkpoint is the one of before. */
static void undo_checkpoint(struct audited *of)
{
	uint8_t *note;
	size_t len;

	note = file_read(audited_path(of, LOG("checkpoint")), &len);
	audited_fold(of);
	file_write(audited_path(of, LOG("checkpoint")), note, len);
	of->seen.size = AUDITED_FOLDED;
	of->target.seen = NULL;
	of->target.seen_expected = 0;
	free(note);
}

/* The journal keeps its newest segment: so all that is needed to compare is there. */
START_TEST(the_rest_of_an_interrupted_fold_is_no_finding_unless_it_differs)
{
	const char *bundle = LOG("tile/entries/001.p/54"), *tile = LOG("tile/0/001.p/54");
	size_t bytes;

	undo_checkpoint(&a);
	audited_shut(&a);
	bytes = (size_t)file_size(audited_path(&a, bundle));
	audit(&a);
	all_is_well(&a);
	ck_assert_uint_eq(a.result.entries, AUDITED_ALL);
	file_flip(audited_path(&a, bundle), bytes - 1, 1);
	audit(&a);
	only_finding(&a, FINDING_LOG_EXTRA, bundle, NO_SEQ);
	file_flip(audited_path(&a, bundle), bytes - 1, 1);
	file_flip(audited_path(&a, tile), 1700, 1);
	audit(&a);
	only_finding(&a, FINDING_LOG_EXTRA, tile, NO_SEQ);
	file_truncate(audited_path(&a, tile), 54 * 32 - 1);
	audit(&a);
	only_finding(&a, FINDING_LOG_EXTRA, tile, NO_SEQ);
}
END_TEST

START_TEST(a_tile_beyond_all_entries_is_named)
{
	uint8_t *data;
	size_t len;

	data = file_read(audited_path(&a, LOG("tile/0/000")), &len);
	file_write(audited_path(&a, LOG("tile/0/007")), data, len);
	chmod(audited_path(&a, LOG("tile/0/007")), 0444);
	audit(&a);
	only_finding(&a, FINDING_LOG_EXTRA, LOG("tile/0/007"), NO_SEQ);
	free(data);
}
END_TEST

/* --- the journal ---------------------------------------------------------------------------- */

static const char *segment_name(struct audited *of)
{
	static char name[64];
	uint64_t seqs[8];
	size_t count;

	ck_ok(of->place.ops->journal_list(of->place.handle, seqs, 8, &count, &of->fault),
		of->fault);
	snprintf(name, sizeof(name), "ledger/journal/%020llu", (unsigned long long)seqs[count - 1]);
	return name;
}

/* The byte at which the group of that entry begins. */
static size_t group_of(struct audited *of, uint64_t seq)
{
	size_t len, at;
	uint8_t *data = file_read(audited_path(of, segment_name(of)), &len);

	for (at = 4096; at < len; at += 4096)
		if (memcmp(data + at, "totegrp\n", 8) == 0 &&
			tote__load_u64(data + at + 8) <= seq &&
			seq < tote__load_u64(data + at + 8) + tote__load_u32(data + at + 16))
			break;
	free(data);
	ck_assert_uint_lt(at, len);
	return at;
}

START_TEST(a_changed_group_above_the_checkpoint_is_damage_at_its_seq)
{
	char name[64];

	snprintf(name, sizeof(name), "%s", segment_name(&a));
	audited_shut(&a);
	file_flip(audited_path(&a, name), group_of(&a, 305) + 100, 1);
	audit(&a);
	only_finding(&a, FINDING_JOURNAL_DAMAGED, name, 300);
	ck_assert_uint_eq(a.result.entries, AUDITED_FOLDED);
	ck_assert_uint_eq(a.result.entries_total, AUDITED_ALL);
}
END_TEST

START_TEST(the_same_is_concluded_with_byte_0_where_others_may_write)
{
	tote_box *fresh;
	char name[64];

	snprintf(name, sizeof(name), "%s", segment_name(&a));
	fresh = boxed_open(&a.b);
	a.target.box = fresh;
	file_flip(audited_path(&a, name), group_of(&a, 305) + 100, 1);
	audit(&a);
	only_finding(&a, FINDING_JOURNAL_DAMAGED, name, 300);
	tote_box_unref(fresh);
}
END_TEST

START_TEST(a_missing_segment_is_damage)
{
	char name[64];

	snprintf(name, sizeof(name), "%s", segment_name(&a));
	audited_shut(&a);
	ck_assert_int_eq(unlink(audited_path(&a, name)), 0);
	audit(&a);
	only_finding(&a, FINDING_JOURNAL_DAMAGED, NULL, 300);
}
END_TEST

START_TEST(rot_below_the_checkpoint_and_a_torn_tail_are_information)
{
	char name[64];

	snprintf(name, sizeof(name), "%s", segment_name(&a));
	file_flip(audited_path(&a, name), group_of(&a, 250) + 100, 1);
	audit(&a);
	all_is_well(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_JOURNAL_STALE, name));
	file_flip(audited_path(&a, name), group_of(&a, 309) + 4096 + 77, 1);
	audit(&a);
	all_is_well(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_JOURNAL_TORN, name));
}
END_TEST

START_TEST(a_foreign_name_in_the_journal_and_a_segment_of_another_mode_are_named)
{
	char name[64];

	put_file(&a, "ledger/journal/12", "x", 0640);
	audit(&a);
	only_finding(&a, FINDING_JOURNAL_FOREIGN, "ledger/journal/12", NO_SEQ);
	unlink(audited_path(&a, "ledger/journal/12"));
	snprintf(name, sizeof(name), "%s", segment_name(&a));
	chmod(audited_path(&a, name), 0666);
	audit(&a);
	only_finding(&a, FINDING_JOURNAL_MODE, name, NO_SEQ);
	chmod(audited_path(&a, name), 0640);
	audited_shut(&a);
	ck_assert_int_eq(link(audited_path(&a, name), scratch_path(&a.b.scratch, "other")), 0);
	audit(&a);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_JOURNAL_MODE, name));
}
END_TEST

/* --- the skeleton --------------------------------------------------------------------------- */

START_TEST(foreign_and_missing_names_of_the_skeleton_are_named)
{
	put_file(&a, "notes", "x", 0644);
	audit(&a);
	only_finding(&a, FINDING_SKELETON_FOREIGN, "notes", NO_SEQ);
	unlink(audited_path(&a, "notes"));
	put_file(&a, "ledger/notes", "x", 0644);
	audit(&a);
	only_finding(&a, FINDING_SKELETON_FOREIGN, "ledger/notes", NO_SEQ);
	unlink(audited_path(&a, "ledger/notes"));
	rmdir(audited_path(&a, "app-console-input"));
	audit(&a);
	only_finding(&a, FINDING_SKELETON_MISSING, "app-console-input", NO_SEQ);
	ck_assert_int_eq(symlink("assets", audited_path(&a, "app-console-input")), 0);
	audit(&a);
	only_finding(&a, FINDING_SKELETON_TYPE, "app-console-input", NO_SEQ);
	unlink(audited_path(&a, "app-console-input"));
	directory_make(audited_path(&a, "app-console-input"));
	chmod(audited_path(&a, "ledger/lock"), 0644);
	audit(&a);
	only_finding(&a, FINDING_LEDGER_LOCK, "ledger/lock", NO_SEQ);
}
END_TEST

START_TEST(what_a_repair_set_aside_belongs_there)
{
	directory_make(audited_path(&a, "ledger/damaged"));
	directory_make(audited_path(&a, "ledger/damaged/00000000000000000012"));
	directory_make(audited_path(&a, "ledger/damaged/00000000000000000012.2"));
	directory_make(audited_path(&a, "ledger/damaged/00000000000000000012.log"));
	audit(&a);
	all_is_well(&a);
	directory_make(audited_path(&a, "ledger/damaged/other"));
	audit(&a);
	only_finding(&a, FINDING_SKELETON_FOREIGN, "ledger/damaged/other", NO_SEQ);
}
END_TEST

Suite *ledger_audit_suite(void)
{
	Suite *s = suite_create("ledger_audit");
	TCase *t = tcase_create("ledger_audit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_whole_container_is_found_whole);
	tcase_add_test(t, every_size_of_a_log_is_found_whole);
	tcase_add_test(t, a_ledger_alone_and_a_published_log_alone_are_audited_as_far_as_they_go);
	tcase_add_test(t, a_changed_byte_of_any_file_of_the_log_names_that_file_alone);
	tcase_add_test(t, a_changed_byte_of_the_checkpoint_names_the_checkpoint_alone);
	tcase_add_test(t, a_changed_entry_is_named_by_its_seq);
	tcase_add_test(t, the_same_is_found_where_others_write);
	tcase_add_test(t, files_that_were_changed_at_several_places_are_each_named);
	tcase_add_test(t, a_bundle_and_its_tile_that_were_changed_alike_are_both_named);
	tcase_add_test(t, a_file_of_the_log_that_was_cut_is_named);
	tcase_add_test(t, a_file_that_the_checkpoint_needs_is_missed_and_a_superseded_one_is_not);
	tcase_add_test(t, a_writable_or_linked_file_of_the_log_is_named);
	tcase_add_test(t, a_link_in_place_of_a_file_of_the_log_is_named);
	tcase_add_test(t, a_foreign_name_below_the_log_is_named_and_temporary_ones_are_not);
	tcase_add_test(t, the_rest_of_an_interrupted_fold_is_no_finding_unless_it_differs);
	tcase_add_test(t, a_tile_beyond_all_entries_is_named);
	tcase_add_test(t, a_changed_group_above_the_checkpoint_is_damage_at_its_seq);
	tcase_add_test(t, the_same_is_concluded_with_byte_0_where_others_may_write);
	tcase_add_test(t, a_missing_segment_is_damage);
	tcase_add_test(t, rot_below_the_checkpoint_and_a_torn_tail_are_information);
	tcase_add_test(t, a_foreign_name_in_the_journal_and_a_segment_of_another_mode_are_named);
	tcase_add_test(t, foreign_and_missing_names_of_the_skeleton_are_named);
	tcase_add_test(t, what_a_repair_set_aside_belongs_there);
	suite_add_tcase(s, t);
	return s;
}
