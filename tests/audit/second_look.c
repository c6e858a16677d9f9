/* SPDX-License-Identifier: ISC */
/*
 * The second look: what changes while an audit reads is no damage, what was odd once and whole when it
 * was looked at again is no finding, and what could not be read through is never called whole.
 */
#include "audit/watch.h"
#include "ledger/segfile.h"

#define NO_SEQ FINDING_NO_SEQ
#define BUNDLE "ledger/log/tile/entries/000"
#define TILE   "ledger/log/tile/0/000"

static struct audited a;
static struct {
	const char *name; /* of a file of the log */
	int opens, at;    /* before that opening of it: */
	void (*act)(void);
} file;

static int opening(int space, const char *name, uint32_t flags, struct tote_fault *fault)
{
	(void)flags, (void)fault;
	if (space == SPACE_LOG && strcmp(name, file.name) == 0 && ++file.opens == file.at)
		file.act();
	return 0;
}

static void setup(void)
{
	audited_make(&a);
	audited_shut(&a);
	watch_begin(&a);
}

static void teardown(void)
{
	audited_remove(&a);
}

/* Before the second opening of that file, whoever changed it has changed it back. */
static void before_the_second(const char *name, void (*act)(void))
{
	file.name = name;
	file.opens = 0;
	file.at = 2;
	file.act = act;
	watch.opening = opening;
}

/* --- the log -------------------------------------------------------------------------------- */

static void flip_bundle(void)
{
	file_flip(audited_path(&a, BUNDLE), 2000, 1);
}

static void flip_tile(void)
{
	file_flip(audited_path(&a, TILE), 99, 1);
}

START_TEST(a_bundle_or_tile_that_is_odd_once_and_whole_when_read_again_is_no_finding)
{
	flip_bundle();
	before_the_second("tile/entries/000", flip_bundle);
	audit(&a);
	all_is_well(&a);
	ck_assert_int_ge(file.opens, 2);
	flip_tile();
	before_the_second("tile/0/000", flip_tile);
	audit(&a);
	all_is_well(&a);
	ck_assert_int_ge(file.opens, 2);
}
END_TEST

static struct {
	uint8_t *bundle, *tile;
	size_t len;
} whole;

static void rewrite(const char *name, const uint8_t *data, size_t len)
{
	const char *path = audited_path(&a, name);

	ck_assert_int_eq(chmod(path, 0644), 0);
	file_write(path, data, len);
	ck_assert_int_eq(chmod(path, 0444), 0);
}

static void put_back(void)
{
	rewrite(BUNDLE, whole.bundle, whole.len);
	rewrite(TILE, whole.tile, TILE_BYTES);
}

/* An entry and the hash of it in the tile: both tell the same lie. */
static void change_both(void)
{
	uint8_t *data = file_read(audited_path(&a, BUNDLE), NULL);
	uint8_t *hashes = file_read(audited_path(&a, TILE), NULL), leaf[HASH_LEN];
	const uint8_t *entry = NULL;
	struct bundle_walk w;
	size_t len = 0;

	tote__bundle_walk(&w, data, whole.len, TILE_WIDTH);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(tote__bundle_next(&w, &entry, &len, &a.fault), 1);
	data[entry + len - 1 - data] ^= 1;
	tote__hash_leaf(NULL, entry, len, leaf);
	memcpy(hashes + 99 * HASH_LEN, leaf, HASH_LEN);
	rewrite(BUNDLE, data, whole.len);
	rewrite(TILE, hashes, TILE_BYTES);
	free(data);
	free(hashes);
}

START_TEST(a_bundle_and_tile_against_which_the_tile_above_speaks_are_read_again)
{
	whole.bundle = file_read(audited_path(&a, BUNDLE), &whole.len);
	whole.tile = file_read(audited_path(&a, TILE), NULL);
	change_both();
	before_the_second("tile/0/000", put_back);
	audit(&a);
	all_is_well(&a);
	ck_assert_int_ge(file.opens, 2);
	free(whole.bundle);
	free(whole.tile);
}
END_TEST

static int refused;

static int refuse_bundle(int space, const char *name, uint32_t flags, struct tote_fault *fault)
{
	(void)flags;
	if (space != SPACE_LOG || strcmp(name, "tile/entries/000") != 0)
		return 0;
	refused++;
	return tote__fault(fault, TOTE_E_IO, "a sector that cannot be read");
}

START_TEST(what_cannot_be_read_is_named_and_leaves_the_audit_incomplete)
{
	watch.opening = refuse_bundle;
	audit(&a);
	only_finding(&a, FINDING_UNREADABLE, BUNDLE, NO_SEQ);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_int_ge(refused, 2);
}
END_TEST

/* --- the journal ---------------------------------------------------------------------------- */

/* A bit in the group that holds entry 305, of a segment that others may be writing to. */
static void flip_group(void)
{
	uint64_t names[8];
	size_t count, len;
	const char *path;
	uint8_t *data;
	size_t at = JOURNAL_BLOCK;

	ck_ok(a.place.ops->journal_list(a.place.handle, names, 8, &count, &a.fault), a.fault);
	path = audited_path(
		&a, printed("ledger/journal/%020llu", (unsigned long long)names[count - 1]));
	data = file_read(path, &len);
	while (at < len &&
		(memcmp(data + at, "totegrp\n", 8) != 0 ||
			tote__load_u64(data + at + 8) + tote__load_u32(data + at + 16) <= 305))
		at += JOURNAL_BLOCK;
	free(data);
	ck_assert_uint_lt(at, len);
	file_flip(path, at + 100, 1);
}

/* A reader without byte 0 cannot tell damage from a writer who is always quicker. */
START_TEST(a_journal_that_never_holds_still_is_changing_and_not_damaged)
{
	struct place place;
	struct run_target t = {.ctx = a.b.ctx,
		.place = &place,
		.type = LEDGER_CONTAINER,
		.layout = LAYOUT_LEDGER,
		.level = TOTE_LEVEL_FULL,
		.key = &a.key};

	ck_ok(tote__place_open(a.b.ctx, "posix", audited_path(&a, "ledger"), LAYOUT_LEDGER,
		      STORE_READ_ONLY, &place, &a.fault),
		a.fault);
	flip_group();
	audit_with(&a, &t);
	only_finding(&a, FINDING_CHANGING, "journal", NO_SEQ);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
	tote__run_free(a.run);
	a.run = NULL;
	tote__place_close(&place);
}
END_TEST

/* Ten entries were not read, and at the end there is nothing that says why. */
START_TEST(an_audit_that_did_not_read_all_entries_is_incomplete_without_any_finding)
{
	flip_group();
	ck_ok(tote__run_start(&a.target, &a.run, &a.fault), a.fault);
	do {
		ck_assert_int_eq(tote__run_step(a.run, 1, 0, &a.fault), 1);
		tote__run_result(a.run, &a.result);
	} while (a.result.entries < AUDITED_FOLDED);
	flip_group();
	while (tote__run_step(a.run, 0, 0, &a.fault) > 0)
		continue;
	tote__run_result(a.run, &a.result);
	ck_assert_uint_eq(findings(&a), 0);
	ck_assert_uint_lt(a.result.entries, a.result.entries_total);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
}
END_TEST

/* --- assets --------------------------------------------------------------------------------- */

static void settle(const char *dir)
{
	if (!*dir)
		ck_assert_int_eq(
			rename(audited_path(&a, "assets/.tote-1"), audited_path(&a, "assets/a")),
			0);
}

/* The walk met it under its first name; when it was read it had its last. */
START_TEST(a_seal_that_reaches_its_path_during_the_walk_is_found_there)
{
	ck_assert_int_eq(
		rename(audited_path(&a, "assets/a"), audited_path(&a, "assets/.tote-1")), 0);
	watch.listed = settle;
	audit(&a);
	all_is_well(&a);
}
END_TEST

static int gone;

/* From who reads ahead, and from who comes after it. */
static int lose_twice(int space, const char *name, uint32_t flags, struct tote_fault *fault)
{
	(void)flags;
	if (space != SPACE_ASSETS || strcmp(name, "a") != 0 || gone++ == 2)
		return 0;
	return tote__fault(fault, TOTE_E_NOT_FOUND, "moved away for a moment");
}

START_TEST(an_audit_that_did_not_read_all_assets_is_incomplete_without_any_finding)
{
	gone = 0;
	watch.opening = lose_twice;
	audit(&a);
	ck_assert_uint_eq(findings(&a), 0);
	ck_assert_uint_eq(a.result.assets, 3);
	ck_assert_uint_eq(a.result.assets_total, 4);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_INCOMPLETE);
}
END_TEST

Suite *second_look_suite(void)
{
	Suite *s = suite_create("second_look");
	TCase *t = tcase_create("second look");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(
		t, a_bundle_or_tile_that_is_odd_once_and_whole_when_read_again_is_no_finding);
	tcase_add_test(t, a_bundle_and_tile_against_which_the_tile_above_speaks_are_read_again);
	tcase_add_test(t, what_cannot_be_read_is_named_and_leaves_the_audit_incomplete);
	tcase_add_test(t, a_journal_that_never_holds_still_is_changing_and_not_damaged);
	tcase_add_test(t, an_audit_that_did_not_read_all_entries_is_incomplete_without_any_finding);
	tcase_add_test(t, a_seal_that_reaches_its_path_during_the_walk_is_found_there);
	tcase_add_test(t, an_audit_that_did_not_read_all_assets_is_incomplete_without_any_finding);
	suite_add_tcase(s, t);
	return s;
}
