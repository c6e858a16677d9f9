/* SPDX-License-Identifier: ISC */
/*
 * Sealing one group: what is refused, what is kept, and what a crash at each of its steps leaves.
 */
#include "support/box_fixture.h"
#include "support/step_kill.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
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

static int seal(const struct tote_source *sources, size_t count, struct tote_sealed *ret)
{
	return tote_box_seal(box, sources, count, "alice@counsel", 0, ret, &b.fault);
}

/* The call is refused with this code and leaves nothing behind. */
static void refused(const struct tote_source *sources, size_t count, int code)
{
	const uint64_t before = boxed_entries(&b, box);

	ck_fault(seal(sources, count, NULL), code, b.fault);
	ck_assert_uint_eq(b.fault.effect, TOTE_EFFECT_NONE);
	ck_assert_str_eq(b.fault.box, BOXED_ID);
	ck_assert_uint_eq(boxed_entries(&b, box), before);
	boxed_is_whole(&b, box);
}

/* --- what is kept --------------------------------------------------------------------------- */

START_TEST(a_batch_is_sealed_as_one_group_with_all_that_was_said_of_it)
{
	const char *file = scratch_path(&b.scratch, "contract.pdf");
	struct tote_source sources[3] = {source_of("notes", "one"),
		source_file("2026/contract.pdf", file), source_of("z", "")};
	struct tote_asset asset = {.size = sizeof(asset)};
	static const uint64_t sizes[] = {3, 4, 0};
	struct tote_sealed sealed[3];
	tote_asset_list *list;

	file_write(file, "%PDF", 4);
	sources[1].flags = TOTE_SOURCE_MTIME;
	sources[1].media_type = "application/pdf";
	sources[1].source = "mail of 12 May, 100 %\nsigned";
	ck_ok(seal(sources, 3, sealed), b.fault);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(sealed[i].seq, 1 + i);
		ck_assert_uint_eq(sealed[i].result, TOTE_SEALED_NEW);
		ck_assert_uint_eq(sealed[i].bytes, sizes[i]);
	}
	ck_assert_uint_eq(boxed_is_whole(&b, box), 3);
	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	ck_assert_int_eq(tote_asset_list_find(list, "2026/contract.pdf", &asset, &b.fault), 1);
	ck_assert_str_eq(asset.media_type, sources[1].media_type);
	ck_assert_str_eq(asset.source, sources[1].source);
	ck_assert_int_ge(asset.mtime_us, 0);
	ck_assert_uint_eq(asset.supersedes, TOTE_SEQ_ANY);
	ck_assert_int_eq(memcmp(asset.digest, sealed[1].digest, 32), 0);
	tote_asset_list_unref(list);
}
END_TEST

START_TEST(the_same_path_and_bytes_again_are_already_sealed)
{
	struct tote_source sources[] = {source_of("a", "one"), source_of("b", "two")};
	struct tote_sealed sealed[2];

	ck_ok(seal(sources, 1, NULL), b.fault);
	ck_ok(seal(sources, 2, sealed), b.fault);
	ck_assert_uint_eq(sealed[0].result, TOTE_SEALED_ALREADY);
	ck_assert_uint_eq(sealed[0].seq, 1);
	ck_assert_uint_eq(sealed[0].bytes, 3);
	ck_assert_uint_eq(sealed[1].result, TOTE_SEALED_NEW);
	ck_assert_uint_eq(sealed[1].seq, 2);
	ck_ok(seal(sources, 2, sealed), b.fault);
	ck_assert_uint_eq(sealed[1].result, TOTE_SEALED_ALREADY);
	ck_assert_uint_eq(boxed_entries(&b, box), 3);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 2);
}
END_TEST

START_TEST(hard_linked_and_read_only_sources_are_sealed_and_left_alone)
{
	const char *file = scratch_path(&b.scratch, "original");
	struct tote_source source = source_file("copy", file);
	struct stat st;

	file_write(file, "bytes", 5);
	ck_assert_int_eq(link(file, scratch_path(&b.scratch, "second")), 0);
	ck_assert_int_eq(chmod(file, 0400), 0);
	ck_ok(seal(&source, 1, NULL), b.fault);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 2);
	ck_assert_uint_eq(st.st_mode & 07777, 0400);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 1);
}
END_TEST

START_TEST(a_descriptor_is_read_from_its_beginning_and_stays_where_it_was)
{
	const char *file = scratch_path(&b.scratch, "file");
	struct tote_source source = {.path = "a", .flags = TOTE_SOURCE_FD | TOTE_SOURCE_MTIME};
	struct tote_sealed sealed;

	file_write(file, "0123456789", 10);
	source.fd = open(file, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(lseek(source.fd, 7, SEEK_SET), 7);
	ck_ok(seal(&source, 1, &sealed), b.fault);
	ck_assert_uint_eq(sealed.bytes, 10);
	ck_assert_int_eq(lseek(source.fd, 0, SEEK_CUR), 7);
	ck_assert_int_eq(close(source.fd), 0);
	boxed_is_whole(&b, box);
}
END_TEST

START_TEST(a_correction_names_the_seal_that_it_supersedes)
{
	struct tote_source first = source_of("a", "wrong"), second = source_of("a.2", "right");
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_asset_list *list;

	ck_ok(seal(&first, 1, NULL), b.fault);
	second.supersedes = 2;
	refused(&second, 1, TOTE_E_NOT_FOUND);
	second.supersedes = 1;
	ck_ok(seal(&second, 1, NULL), b.fault);
	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	ck_assert_int_eq(tote_asset_list_find(list, "a.2", &asset, &b.fault), 1);
	ck_assert_uint_eq(asset.supersedes, 1);
	tote_asset_list_unref(list);
}
END_TEST

START_TEST(three_thousand_small_files_are_one_group)
{
	const size_t count = 3000;
	struct tote_source *sources = calloc(count, sizeof(*sources));
	struct tote_sealed *sealed = calloc(count, sizeof(*sealed));
	char(*paths)[32] = calloc(count, sizeof(*paths));

	for (size_t i = 0; i < count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "d%zu/file-%zu", i % 7, i);
		sources[i] = source_of(paths[i], paths[i]);
	}
	ck_ok(seal(sources, count, sealed), b.fault);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(sealed[i].seq, 1 + i);
	ck_assert_uint_eq(boxed_is_whole(&b, box), count);
	ck_ok(seal(sources, count, sealed), b.fault);
	ck_assert_uint_eq(sealed[count - 1].result, TOTE_SEALED_ALREADY);
	ck_assert_uint_eq(boxed_entries(&b, box), 1 + count);
	free(paths);
	free(sealed);
	free(sources);
}
END_TEST

START_TEST(a_file_larger_than_one_read_is_sealed_whole)
{
	const size_t size = ((size_t)3 << 20) + 17;
	char *data = malloc(size);
	struct tote_source sources[2] = {
		{.path = "from-memory", .data = data, .length = size, .flags = TOTE_SOURCE_DATA},
		source_file("from-file", scratch_path(&b.scratch, "large"))};
	struct tote_sealed sealed[2];

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 31 >> 7);
	file_write(sources[1].file, data, size);
	ck_ok(seal(sources, 2, sealed), b.fault);
	ck_assert_int_eq(memcmp(sealed[0].digest, sealed[1].digest, 32), 0);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 2);
	free(data);
}
END_TEST

/* --- what is refused ------------------------------------------------------------------------ */

START_TEST(a_path_is_sealed_once_and_none_is_the_beginning_of_another)
{
	static const struct {
		const char *path;
		int code;
	} rows[] = {
		{"a/b", TOTE_E_EXISTS},
		{"a", TOTE_E_EXISTS},
		{"a/b/c", TOTE_E_EXISTS},
		{"a/b/c/d", TOTE_E_EXISTS},
		{"", TOTE_E_GRAMMAR},
		{"/a", TOTE_E_GRAMMAR},
		{"x/", TOTE_E_GRAMMAR},
		{"x//y", TOTE_E_GRAMMAR},
		{"./x", TOTE_E_GRAMMAR},
		{"x/../y", TOTE_E_GRAMMAR},
		{".tote-x", TOTE_E_GRAMMAR},
		{"x/.tote-1", TOTE_E_GRAMMAR},
	};

	ck_ok(seal_text(&b, box, "a/b", "bytes"), b.fault);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tote_source source = source_of(rows[i].path, "other");

		refused(&source, 1, rows[i].code);
	}
	ck_ok(seal_text(&b, box, "a/bc", "bytes"), b.fault);
	ck_ok(seal_text(&b, box, "ab", "bytes"), b.fault);
	/* also after the set of paths was built anew */
	tote_box_unref(box);
	box = boxed_open(&b);
	for (size_t i = 0; i < 4; i++) {
		struct tote_source source = source_of(rows[i].path, "other");

		refused(&source, 1, rows[i].code);
	}
}
END_TEST

START_TEST(a_call_that_contradicts_itself_is_refused)
{
	static const char *const pairs[][2] = {{"a", "a"}, {"a", "a/b"}, {"a/b/c", "a"}};

	for (size_t i = 0; i < 3; i++) {
		struct tote_source sources[] = {source_of("first", "x"),
			source_of(pairs[i][0], "same"), source_of(pairs[i][1], "same")};

		refused(sources, 3, TOTE_E_EXISTS);
	}
}
END_TEST

START_TEST(where_something_lies_nothing_is_sealed)
{
	struct tote_source sources[] = {source_of("fine", "x"), source_of("d/foreign", "x")};

	directory_make(boxed_asset(&b, "d"));
	file_write(boxed_asset(&b, "d/foreign"), "who", 3);
	ck_fault(seal(sources, 2, NULL), TOTE_E_EXISTS, b.fault);
	ck_assert_ptr_nonnull(strstr(b.fault.text, "d/foreign"));
	ck_assert_uint_eq(boxed_entries(&b, box), 1);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "fine")), 0);
	ck_assert_int_eq(unlink(boxed_asset(&b, "d/foreign")), 0);
	ck_ok(seal(sources, 2, NULL), b.fault);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 2);
}
END_TEST

START_TEST(a_file_that_went_missing_does_not_free_its_path)
{
	ck_ok(seal_text(&b, box, "a", "bytes"), b.fault);
	ck_assert_int_eq(unlink(boxed_asset(&b, "a")), 0);
	ck_fault(seal_text(&b, box, "a", "bytes"), TOTE_E_EXISTS, b.fault);
	ck_assert_ptr_nonnull(strstr(b.fault.text, "gone"));
	ck_assert_uint_eq(b.fault.seq, 1);
	ck_fault(seal_text(&b, box, "a", "other"), TOTE_E_EXISTS, b.fault);
}
END_TEST

START_TEST(only_regular_files_that_hold_still_are_sealed)
{
	const char *names[] = {"link", "fifo", "directory", "absent"};
	struct tote_source sources[2] = {source_of("a", "x")};

	file_write(scratch_path(&b.scratch, "target"), "x", 1);
	ck_assert_int_eq(symlink("target", scratch_path(&b.scratch, "link")), 0);
	ck_assert_int_eq(mkfifo(scratch_path(&b.scratch, "fifo"), 0600), 0);
	directory_make(scratch_path(&b.scratch, "directory"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		sources[1] = source_file("b", scratch_path(&b.scratch, "%s", names[i]));
		refused(sources, 2, TOTE_E_SOURCE);
	}
	sources[1] = source_file("b", "/dev/null");
	refused(sources, 2, TOTE_E_SOURCE);
}
END_TEST

/* What happens to a source in the middle of being read. */
static void grow(void *user)
{
	FILE *f = fopen(user, "ab");

	fputs("more", f);
	fclose(f);
}

static void change(void *user)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
	int fd = open(user, O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(pwrite(fd, "X", 1, 0), 1);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static void cut(void *user)
{
	ck_assert_int_eq(truncate(user, 10), 0);
}

START_TEST(a_file_that_changes_while_it_is_read_is_refused)
{
	static void (*const happenings[])(void *) = {grow, change, cut};
	const size_t size = (size_t)1 << 20;
	char *data = calloc(1, size);

	for (size_t i = 0; i < sizeof(happenings) / sizeof(happenings[0]); i++) {
		char file[300];
		struct tote_source source = source_file("a", file);

		snprintf(file, sizeof(file), "%s/moving", b.scratch.path);
		file_write(file, data, size);
		step_act(box, "stage_write", 2, happenings[i], file);
		refused(&source, 1, TOTE_E_SOURCE);
		tote_box_unref(box);
		box = boxed_open(&b);
	}
	free(data);
}
END_TEST

START_TEST(a_source_that_fails_late_in_a_large_batch_leaves_nothing)
{
	struct tote_source sources[60];
	char paths[60][16];

	for (size_t i = 0; i < 60; i++) {
		snprintf(paths[i], sizeof(paths[i]), "f%zu", i);
		sources[i] = source_of(paths[i], paths[i]);
	}
	sources[55] = source_file("f55", "/nonexistent");
	refused(sources, 60, TOTE_E_SOURCE);
	sources[55] = source_of("f55", "now");
	ck_ok(seal(sources, 60, NULL), b.fault);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 60);
}
END_TEST

START_TEST(more_than_one_group_is_refused_before_a_byte_is_staged)
{
	const size_t count = 500;
	struct tote_source *sources = calloc(count, sizeof(*sources));
	char(*paths)[32] = calloc(count, sizeof(*paths));
	char *large = malloc(16001);

	memset(large, 'x', 16000);
	large[16000] = '\0';
	for (size_t i = 0; i < count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "file-%zu", i);
		sources[i] = source_of(paths[i], "bytes");
		sources[i].source = large;
	}
	step_fail(box, "stage_begin", 0, TOTE_E_IO);
	refused(sources, count, TOTE_E_TOO_LARGE);
	ck_fault(tote_box_seal(box, sources, SIZE_MAX / 64, NULL, 0, NULL, &b.fault),
		TOTE_E_TOO_LARGE, b.fault);
	free(large);
	free(paths);
	free(sources);
}
END_TEST

START_TEST(a_senseless_source_is_refused)
{
	struct tote_source rows[] = {
		{.path = NULL, .data = "x", .length = 1, .flags = TOTE_SOURCE_DATA},
		{.path = "a"},
		{.path = "a", .file = ""},
		{.path = "a", .flags = TOTE_SOURCE_DATA, .length = 1},
		{.path = "a", .flags = TOTE_SOURCE_FD, .fd = -1},
		{.path = "a", .flags = TOTE_SOURCE_FD | TOTE_SOURCE_DATA},
		{.path = "a", .flags = TOTE_SOURCE_DATA | TOTE_SOURCE_MTIME},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(&rows[i], 1, TOTE_E_ARGUMENT);
	rows[0] = source_of("a", "x");
	for (uint32_t bit = 8; bit; bit <<= 1) {
		rows[0].flags = TOTE_SOURCE_DATA | bit;
		refused(rows, 1, TOTE_E_FLAGS);
	}
	rows[0] = source_of("a", "x");
	rows[0].media_type = "";
	refused(rows, 1, TOTE_E_GRAMMAR);
	refused(rows, 0, TOTE_E_ARGUMENT);
	refused(NULL, 1, TOTE_E_ARGUMENT);
}
END_TEST

/* --- something in the way ------------------------------------------------------------------- */

static void put_in_the_way(void *user)
{
	file_write(user, "who", 3);
}

START_TEST(what_comes_into_the_way_of_a_seal_voids_it_and_the_others_are_completed)
{
	struct tote_source sources[] = {
		source_of("a", "x"), source_of("b", "y"), source_of("c", "z")};
	char way[400];

	snprintf(way, sizeof(way), "%s", boxed_asset(&b, "b"));
	step_act(box, "publish", 0, put_in_the_way, way);
	ck_fault(seal(sources, 3, NULL), TOTE_E_EXISTS, b.fault);
	ck_assert_ptr_nonnull(strstr(b.fault.text, "'b'"));
	ck_assert_uint_eq(b.fault.seq, 2);
	ck_assert_uint_eq(b.fault.effect, TOTE_EFFECT_DONE);
	ck_assert_uint_eq(boxed_count(&b, box, "asset.void"), 1);
	ck_assert_int_eq(unlink(way), 0);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 2);
	/* nothing is left to do, and the path is free again */
	ck_ok(seal_text(&b, box, "b", "again"), b.fault);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 3);
	tote_box_unref(box);
	box = boxed_open(&b);
	ck_fault(seal_text(&b, box, "b", "other"), TOTE_E_EXISTS, b.fault);
	ck_assert_uint_eq(b.fault.seq, 5);
}
END_TEST

START_TEST(a_number_that_is_taken_already_means_a_takeover)
{
	file_write(boxed_asset(&b, ".tote-1"), "left", 4);
	ck_ok(seal_text(&b, box, "a", "x"), b.fault);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 1);
	ck_assert_uint_eq(boxed_entries(&b, box), 2);
}
END_TEST

/* --- threads and other backends -------------------------------------------------------------- */

static void *seal_some(void *user)
{
	struct tote_fault own;
	char path[32];

	for (int i = 0; i < 10; i++) {
		struct tote_source source = source_of(path, user);

		snprintf(path, sizeof(path), "%s/%d", (const char *)user, i);
		if (tote_box_seal(box, &source, 1, user, 0, NULL, &own) != 0)
			return user;
	}
	return NULL;
}

START_TEST(threads_seal_at_once)
{
	static char names[][4] = {"one", "two", "six", "ten"};
	pthread_t threads[4];
	void *failed;

	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, seal_some, names[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
	ck_assert_uint_eq(boxed_is_whole(&b, box), 40);
}
END_TEST

START_TEST(the_backend_of_memory_seals_likewise)
{
	struct box_config config = boxed_config(&b);
	struct tote_source sources[2] = {source_of("a", "one"), source_of("d/b", "two")};
	struct tote_sealed sealed[2];
	tote_asset_reader *reader;
	char out[16];
	size_t length;
	uint32_t was;

	tote_box_unref(box);
	config.backend = "memory";
	/* the key has signed for the container on the disk */
	ck_assert_int_eq(unlink(scratch_path(&b.scratch, "key.last")), 0);
	ck_ok(tote__box_create(&config, boxed_created(&b), &box, &was, &b.fault), b.fault);
	ck_assert_uint_eq(was, 1);
	ck_ok(seal(sources, 1, sealed), b.fault);
	ck_ok(seal(sources, 2, sealed), b.fault);
	ck_assert_uint_eq(sealed[0].result, TOTE_SEALED_ALREADY);
	ck_assert_uint_eq(sealed[1].result, TOTE_SEALED_NEW);
	ck_fault(seal_text(&b, box, "d", "x"), TOTE_E_EXISTS, b.fault);
	ck_ok(tote_asset_open(box, "d/b", &reader, &b.fault), b.fault);
	ck_assert_int_eq(tote_asset_read(reader, out, sizeof(out), &length, &b.fault), 1);
	ck_assert_int_eq(memcmp(out, "two", 3), 0);
	ck_assert_int_eq(tote_asset_read(reader, out, sizeof(out), &length, &b.fault), 0);
	tote_asset_reader_unref(reader);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
}
END_TEST

Suite *seal_suite(void)
{
	Suite *s = suite_create("seal");
	TCase *t = tcase_create("one_group");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_batch_is_sealed_as_one_group_with_all_that_was_said_of_it);
	tcase_add_test(t, the_same_path_and_bytes_again_are_already_sealed);
	tcase_add_test(t, hard_linked_and_read_only_sources_are_sealed_and_left_alone);
	tcase_add_test(t, a_descriptor_is_read_from_its_beginning_and_stays_where_it_was);
	tcase_add_test(t, a_correction_names_the_seal_that_it_supersedes);
	tcase_add_test(t, three_thousand_small_files_are_one_group);
	tcase_add_test(t, a_file_larger_than_one_read_is_sealed_whole);
	tcase_add_test(t, a_path_is_sealed_once_and_none_is_the_beginning_of_another);
	tcase_add_test(t, a_call_that_contradicts_itself_is_refused);
	tcase_add_test(t, where_something_lies_nothing_is_sealed);
	tcase_add_test(t, a_file_that_went_missing_does_not_free_its_path);
	tcase_add_test(t, only_regular_files_that_hold_still_are_sealed);
	tcase_add_test(t, a_file_that_changes_while_it_is_read_is_refused);
	tcase_add_test(t, a_source_that_fails_late_in_a_large_batch_leaves_nothing);
	tcase_add_test(t, more_than_one_group_is_refused_before_a_byte_is_staged);
	tcase_add_test(t, a_senseless_source_is_refused);
	tcase_add_test(t, what_comes_into_the_way_of_a_seal_voids_it_and_the_others_are_completed);
	tcase_add_test(t, a_number_that_is_taken_already_means_a_takeover);
	tcase_add_test(t, threads_seal_at_once);
	tcase_add_test(t, the_backend_of_memory_seals_likewise);
	suite_add_tcase(s, t);
	return s;
}
