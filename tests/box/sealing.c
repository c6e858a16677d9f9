/* SPDX-License-Identifier: ISC */
/*
 * The sealing of trees: what is found, what stands against it, and in how many steps it goes.
 */
#include "support/box_fixture.h"
#include "support/step_kill.h"
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct boxed b;
static tote_box *box;
static char tree[300]; /* scratch/tree */

static void setup(void)
{
	boxed_make(&b);
	box = boxed_open(&b);
	snprintf(tree, sizeof(tree), "%s/tree", b.scratch.path);
	directory_make(tree);
}

static void teardown(void)
{
	tote_box_unref(box);
	boxed_remove(&b);
}

static void put(const char *name, const char *text)
{
	file_write(printed("%s/%s", tree, name), text, strlen(text));
}

static tote_sealing *sealing_of(const char *file, const char *to)
{
	tote_sealing *sealing;

	ck_ok(tote_sealing_new(box, "alice@counsel", 0, &sealing, &b.fault), b.fault);
	ck_ok(tote_sealing_add(sealing, file, to, &b.fault), b.fault);
	return sealing;
}

static struct tote_sealing_progress progress_of(tote_sealing *sealing)
{
	struct tote_sealing_progress progress = {.size = sizeof(progress)};

	ck_ok(tote_sealing_progress(sealing, &progress, &b.fault), b.fault);
	return progress;
}

/* Steps to the end; how many steps it took. */
static int step_all(tote_sealing *sealing)
{
	int rc = 1, steps = 0;

	while (rc == 1) {
		rc = tote_sealing_step(sealing, &b.fault);
		ck_assert_msg(rc >= 0, "%s", b.fault.text);
		steps++;
	}
	return steps;
}

/* Exactly these offenders, in any order; ended by NULL paths. */
struct wanted {
	const char *path;
	int code;
};

static void offends(tote_sealing *sealing, const struct wanted *wanted)
{
	struct tote_offender offender;
	size_t count = 0, found;

	for (; wanted->path; wanted++, count++) {
		found = 0;
		for (size_t i = 0; tote_sealing_offender(sealing, i, &offender, &b.fault) == 1; i++)
			if (strcmp(offender.path, wanted->path) == 0) {
				ck_assert_msg(offender.code == wanted->code, "%s: %s (%s)",
					wanted->path, tote_error_name(offender.code),
					offender.text);
				ck_assert_str_ne(offender.text, "");
				found++;
			}
		ck_assert_msg(found == 1, "%s is %zu times an offender", wanted->path, found);
	}
	ck_assert_int_eq(tote_sealing_offender(sealing, count, &offender, &b.fault), 0);
	ck_fault(tote_sealing_step(sealing, &b.fault), TOTE_E_SOURCE, b.fault);
	ck_assert_uint_eq(progress_of(sealing).sealed, 0);
}

static void make_tree(void)
{
	directory_make(printed("%s/a", tree));
	directory_make(printed("%s/a/empty", tree));
	directory_make(printed("%s/a.d", tree));
	put("a/one", "1");
	put("a/two", "22");
	put("a.d/three", "333");
	put("four", "4444");
}

/* --- what is sealed ------------------------------------------------------------------------- */

START_TEST(a_tree_is_sealed_under_its_base_name_with_its_times)
{
	struct tote_asset asset = {.size = sizeof(asset)};
	struct tote_sealing_progress p;
	tote_asset_list *list;
	tote_sealing *sealing;

	make_tree();
	sealing = sealing_of(printed("%s//", tree), "2026/in");
	p = progress_of(sealing);
	ck_assert_uint_eq(p.files, 4);
	ck_assert_uint_eq(p.bytes, 10);
	ck_assert_uint_eq(p.first_seq, TOTE_SEQ_ANY);
	ck_assert_uint_eq(boxed_entries(&b, box), 1);
	ck_assert_int_eq(step_all(sealing), 1);
	p = progress_of(sealing);
	ck_assert_uint_eq(p.sealed, 4);
	ck_assert_uint_eq(p.sealed_bytes, 10);
	ck_assert_uint_eq(p.already, 0);
	ck_assert_uint_eq(p.first_seq, 1);
	ck_assert_uint_eq(p.last_seq, 4);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 4);
	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	/* byte order of the whole path: '.' comes before '/' */
	ck_assert_int_eq(tote_asset_list_find(list, "2026/in/tree/a.d/three", &asset, &b.fault), 1);
	ck_assert_uint_eq(asset.seq, 1);
	ck_assert_int_gt(asset.mtime_us, 0);
	ck_assert_int_eq(tote_asset_list_find(list, "2026/in/tree/four", &asset, &b.fault), 1);
	ck_assert_uint_eq(asset.seq, 4);
	tote_asset_list_unref(list);
}
END_TEST

START_TEST(what_is_sealed_already_is_counted_and_left_alone)
{
	struct tote_sealing_progress p;
	tote_sealing *sealing;

	make_tree();
	sealing = sealing_of(tree, NULL);
	step_all(sealing);
	tote_sealing_unref(sealing);
	put("a/five", "55555");
	sealing = sealing_of(tree, "");
	p = progress_of(sealing);
	ck_assert_uint_eq(p.files, 5);
	ck_assert_uint_eq(p.already, 4);
	step_all(sealing);
	p = progress_of(sealing);
	ck_assert_uint_eq(p.sealed, 1);
	ck_assert_uint_eq(p.already, 4);
	ck_assert_uint_eq(p.first_seq, 5);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 5);
	sealing = sealing_of(tree, NULL);
	ck_assert_int_eq(step_all(sealing), 1);
	ck_assert_uint_eq(progress_of(sealing).already, 5);
	ck_assert_uint_eq(progress_of(sealing).last_seq, TOTE_SEQ_ANY);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_entries(&b, box), 6);
}
END_TEST

START_TEST(files_and_trees_may_be_named_by_links_and_added_one_by_one)
{
	char link_to_file[300], link_to_tree[300];
	tote_sealing *sealing;

	make_tree();
	snprintf(link_to_file, sizeof(link_to_file), "%s/a-file", b.scratch.path);
	snprintf(link_to_tree, sizeof(link_to_tree), "%s/a-tree", b.scratch.path);
	ck_assert_int_eq(symlink("tree/four", link_to_file), 0);
	ck_assert_int_eq(symlink("tree/a", link_to_tree), 0);
	sealing = sealing_of(link_to_file, "z");
	ck_ok(tote_sealing_add(sealing, link_to_tree, NULL, &b.fault), b.fault);
	ck_ok(tote_sealing_add(sealing, printed("%s/four", tree), NULL, &b.fault), b.fault);
	step_all(sealing);
	ck_assert_uint_eq(progress_of(sealing).sealed, 4);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 4);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "z/a-file")), 1);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "a-tree/two")), 1);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "four")), 1);
}
END_TEST

START_TEST(a_large_tree_goes_in_several_steps_and_on_after_an_interruption)
{
	tote_sealing *sealing;
	int status, steps;
	pid_t child;

	for (int i = 0; i < 5000; i++)
		put(printed("%04d", i), "x");
	child = fork();
	if (child == 0) {
		struct boxed mine = b;

		mine.ctx = support_ctx(NULL, NULL);
		box = boxed_open(&mine);
		sealing = sealing_of(tree, NULL);
		if (tote_sealing_step(sealing, &b.fault) != 1)
			_exit(1);
		step_kill(box, 900);
		tote_sealing_step(sealing, &b.fault);
		_exit(2);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	sealing = sealing_of(tree, NULL);
	ck_assert_uint_eq(progress_of(sealing).already, 4096);
	steps = step_all(sealing);
	ck_assert_int_eq(steps, 1);
	ck_assert_uint_eq(progress_of(sealing).sealed, 904);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 5000);
	ck_assert_uint_eq(boxed_entries(&b, box), 5001);
}
END_TEST

START_TEST(a_sealing_of_nothing_is_done_at_once)
{
	tote_sealing *sealing;

	ck_ok(tote_sealing_new(box, NULL, 0, &sealing, &b.fault), b.fault);
	ck_assert_int_eq(tote_sealing_step(sealing, &b.fault), 0);
	tote_sealing_unref(sealing);
	sealing = sealing_of(tree, NULL);
	ck_assert_int_eq(tote_sealing_step(sealing, &b.fault), 0);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_entries(&b, box), 1);
}
END_TEST

/* --- what stands against it ----------------------------------------------------------------- */

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

START_TEST(all_offenders_of_a_tree_are_listed_and_nothing_is_sealed)
{
	static const struct wanted wanted[] = {{"tree/a/link", TOTE_E_SOURCE},
		{"tree/a/dangling", TOTE_E_SOURCE}, {"tree/link-to-directory", TOTE_E_SOURCE},
		{"tree/fifo", TOTE_E_SOURCE}, {"tree/socket", TOTE_E_SOURCE},
		{"tree/.tote-1", TOTE_E_GRAMMAR}, {NULL, 0}};
	tote_sealing *sealing;

	make_tree();
	put(".tote-1", "reserved");
	ck_assert_int_eq(symlink("one", printed("%s/a/link", tree)), 0);
	ck_assert_int_eq(symlink("nowhere", printed("%s/a/dangling", tree)), 0);
	ck_assert_int_eq(symlink("a", printed("%s/link-to-directory", tree)), 0);
	ck_assert_int_eq(mkfifo(printed("%s/fifo", tree), 0600), 0);
	make_socket(printed("%s/socket", tree));
	sealing = sealing_of(tree, NULL);
	offends(sealing, wanted);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_entries(&b, box), 1);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 0);
}
END_TEST

START_TEST(a_device_is_an_offender)
{
	static const struct wanted wanted[] = {{"null", TOTE_E_SOURCE}, {NULL, 0}};
	tote_sealing *sealing = sealing_of("/dev/null", NULL);

	offends(sealing, wanted);
	tote_sealing_unref(sealing);
}
END_TEST

START_TEST(what_the_container_holds_against_it_is_known_before_the_first_byte)
{
	static const struct wanted wanted[] = {{"tree/a/one", TOTE_E_EXISTS}, /* other bytes */
		{"tree/a/two", TOTE_E_EXISTS},                                /* of the same size */
		{"tree/a.d/three", TOTE_E_EXISTS},                            /* below a file */
		{"tree/four", TOTE_E_EXISTS}, /* a file lies there */
		{NULL, 0}};
	tote_sealing *sealing;

	make_tree();
	put("five", "fine");
	ck_ok(seal_text(&b, box, "tree/a/one", "another"), b.fault);
	ck_ok(seal_text(&b, box, "tree/a/two", "2x"), b.fault);
	ck_ok(seal_text(&b, box, "tree/a.d", "a file"), b.fault);
	file_write(boxed_asset(&b, "tree/four"), "who", 3);
	sealing = sealing_of(tree, NULL);
	offends(sealing, wanted);
	ck_assert_uint_eq(progress_of(sealing).files, 1);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_entries(&b, box), 4);
}
END_TEST

START_TEST(two_sources_for_one_path_are_an_offence)
{
	static const struct wanted wanted[] = {
		{"four", TOTE_E_EXISTS}, {"four/x", TOTE_E_EXISTS}, {NULL, 0}};
	tote_sealing *sealing;

	make_tree();
	directory_make(printed("%s/a/four", tree));
	put("a/four/x", "x");
	directory_make(printed("%s/b", tree));
	put("b/four", "other");
	sealing = sealing_of(printed("%s/four", tree), NULL);
	ck_ok(tote_sealing_add(sealing, printed("%s/b/four", tree), NULL, &b.fault), b.fault);
	ck_ok(tote_sealing_add(sealing, printed("%s/a/four", tree), NULL, &b.fault), b.fault);
	offends(sealing, wanted);
	tote_sealing_unref(sealing);
}
END_TEST

START_TEST(a_source_without_a_base_name_or_that_is_absent_is_refused_and_forgotten)
{
	static const char *const nameless[] = {
		"", "/", "//", ".", "..", "./", "a/..", "/tmp/.", "../"};
	tote_sealing *sealing;

	ck_ok(tote_sealing_new(box, NULL, 0, &sealing, &b.fault), b.fault);
	for (size_t i = 0; i < sizeof(nameless) / sizeof(nameless[0]); i++)
		ck_fault(tote_sealing_add(sealing, nameless[i], NULL, &b.fault), TOTE_E_GRAMMAR,
			b.fault);
	ck_fault(tote_sealing_add(sealing, printed("%s/absent", tree), NULL, &b.fault),
		TOTE_E_NOT_FOUND, b.fault);
	make_tree();
	ck_fault(tote_sealing_add(sealing, tree, "to/", &b.fault), TOTE_E_GRAMMAR, b.fault);
	ck_fault(tote_sealing_add(sealing, tree, "../to", &b.fault), TOTE_E_GRAMMAR, b.fault);
	ck_assert_uint_eq(progress_of(sealing).files, 0);
	ck_ok(tote_sealing_add(sealing, tree, "to", &b.fault), b.fault);
	step_all(sealing);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 4);
}
END_TEST

START_TEST(a_file_that_vanished_since_it_was_added_fails_its_step)
{
	tote_sealing *sealing;

	make_tree();
	sealing = sealing_of(tree, NULL);
	ck_assert_int_eq(unlink(printed("%s/a/two", tree)), 0);
	ck_fault(tote_sealing_step(sealing, &b.fault), TOTE_E_SOURCE, b.fault);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_entries(&b, box), 1);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 0);
}
END_TEST

START_TEST(a_suspended_container_seals_no_tree)
{
	tote_sealing *sealing;
	uint32_t from;
	uint64_t seq;

	make_tree();
	ck_ok(tote__box_move(box, TOTE_STATE_SUSPENDED, NULL, "because", &from, &seq, &b.fault),
		b.fault);
	sealing = sealing_of(tree, NULL);
	ck_fault(tote_sealing_step(sealing, &b.fault), TOTE_E_STATE, b.fault);
	tote_sealing_unref(sealing);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 0);
}
END_TEST

START_TEST(a_sealing_keeps_its_box_alive_and_refuses_misuse)
{
	struct tote_sealing_progress p = {.size = 3};
	struct tote_offender offender;
	tote_sealing *sealing;

	make_tree();
	sealing = sealing_of(tree, NULL);
	box = tote_box_unref(box);
	ck_fault(tote_sealing_progress(sealing, &p, &b.fault), TOTE_E_STRUCT, b.fault);
	ck_fault(tote_sealing_progress(sealing, NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_sealing_progress(NULL, &p, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_sealing_add(sealing, NULL, NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_sealing_add(NULL, tree, NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_sealing_step(NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_sealing_offender(NULL, 0, &offender, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_sealing_offender(sealing, 0, NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	step_all(sealing);
	ck_assert_ptr_null(tote_sealing_unref(sealing));
	ck_assert_ptr_null(tote_sealing_unref(NULL));
	box = boxed_open(&b);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 4);
}
END_TEST

/* --- what is recorded of files -------------------------------------------------------------- */

START_TEST(what_is_described_is_recorded_of_the_files_that_follow)
{
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_sealing *sealing;
	tote_asset_list *list;

	put("a", "1");
	put("b", "2");
	put("c", "3");
	ck_ok(tote_sealing_new(box, NULL, 0, &sealing, &b.fault), b.fault);
	ck_ok(tote_sealing_add(sealing, printed("%s/a", tree), NULL, &b.fault), b.fault);
	ck_ok(tote_sealing_describe(sealing, "text/plain", "the scanner", 0, &b.fault), b.fault);
	ck_ok(tote_sealing_add(sealing, printed("%s/b", tree), NULL, &b.fault), b.fault);
	ck_ok(tote_sealing_describe(sealing, NULL, NULL, TOTE_SEQ_ANY, &b.fault), b.fault);
	ck_ok(tote_sealing_add(sealing, printed("%s/c", tree), NULL, &b.fault), b.fault);
	ck_fault(tote_sealing_describe(sealing, "", NULL, 0, &b.fault), TOTE_E_GRAMMAR, b.fault);
	ck_fault(tote_sealing_describe(NULL, NULL, NULL, 0, &b.fault), TOTE_E_ARGUMENT, b.fault);
	step_all(sealing);
	tote_sealing_unref(sealing);
	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(tote_asset_list_next(list, &asset, &b.fault), 1);
		ck_assert((asset.media_type != NULL) == (i == 1));
		ck_assert((asset.source != NULL) == (i == 1));
		if (i == 1)
			ck_assert_str_eq(asset.source, "the scanner");
	}
	tote_asset_list_unref(list);
}
END_TEST

START_TEST(a_correction_names_one_seal_and_is_one_file)
{
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_sealing *sealing;
	tote_asset_list *list;

	put("a", "1");
	put("b", "2");
	sealing = sealing_of(printed("%s/a", tree), NULL);
	step_all(sealing);
	tote_sealing_unref(sealing);
	ck_ok(tote_sealing_new(box, NULL, 0, &sealing, &b.fault), b.fault);
	ck_ok(tote_sealing_describe(sealing, NULL, NULL, 1, &b.fault), b.fault);
	ck_fault(tote_sealing_add(sealing, tree, NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_assert_uint_eq(progress_of(sealing).files, 0);
	ck_ok(tote_sealing_add(sealing, printed("%s/b", tree), NULL, &b.fault), b.fault);
	ck_fault(tote_sealing_add(sealing, printed("%s/a", tree), "again", &b.fault),
		TOTE_E_ARGUMENT, b.fault);
	step_all(sealing);
	tote_sealing_unref(sealing);
	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	ck_assert_int_eq(tote_asset_list_find(list, "b", &asset, &b.fault), 1);
	ck_assert_uint_eq(asset.supersedes, 1);
	tote_asset_list_unref(list);
	/* an entry that is no seal is known before the first byte */
	put("c", "3");
	ck_ok(tote_sealing_new(box, NULL, 0, &sealing, &b.fault), b.fault);
	ck_ok(tote_sealing_describe(sealing, NULL, NULL, 77, &b.fault), b.fault);
	ck_fault(tote_sealing_add(sealing, printed("%s/c", tree), NULL, &b.fault), TOTE_E_NOT_FOUND,
		b.fault);
	tote_sealing_unref(sealing);
}
END_TEST

/* --- what was sealed before ----------------------------------------------------------------- */

START_TEST(already_is_said_only_of_a_file_that_is_still_what_was_sealed)
{
	tote_sealing *sealing;
	const char *file;

	put("a", "the bytes");
	sealing = sealing_of(printed("%s/a", tree), NULL);
	step_all(sealing);
	tote_sealing_unref(sealing);
	sealing = sealing_of(printed("%s/a", tree), NULL);
	ck_assert_uint_eq(progress_of(sealing).already, 1);
	tote_sealing_unref(sealing);
	for (int how = 0; how < 4; how++) {
		struct tote_source source = source_of("a", "the bytes");

		file = boxed_asset(&b, "a");
		if (how == 0)
			file_flip(file, 1, 1);
		else if (how == 1)
			ck_assert_int_eq(chmod(file, 0644), 0);
		else if (how == 2)
			file_truncate(file, 3);
		else
			ck_assert_int_eq(unlink(file) || symlink("/etc/passwd", file), 0);
		ck_ok(tote_sealing_new(box, NULL, 0, &sealing, &b.fault), b.fault);
		ck_fault(tote_sealing_add(sealing, printed("%s/a", tree), NULL, &b.fault),
			TOTE_E_DAMAGED, b.fault);
		ck_assert_ptr_nonnull(strstr(b.fault.text, "'a'"));
		tote_sealing_unref(sealing);
		ck_fault(tote_box_seal(box, &source, 1, NULL, 0, NULL, &b.fault), TOTE_E_DAMAGED,
			b.fault);
		if (how == 0)
			file_flip(boxed_asset(&b, "a"), 1, 1);
		else if (how == 1)
			ck_assert_int_eq(chmod(boxed_asset(&b, "a"), 0444), 0);
	}
}
END_TEST

Suite *sealing_suite(void)
{
	Suite *s = suite_create("sealing");
	TCase *t = tcase_create("trees");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_tree_is_sealed_under_its_base_name_with_its_times);
	tcase_add_test(t, what_is_sealed_already_is_counted_and_left_alone);
	tcase_add_test(t, files_and_trees_may_be_named_by_links_and_added_one_by_one);
	tcase_add_test(t, a_large_tree_goes_in_several_steps_and_on_after_an_interruption);
	tcase_add_test(t, a_sealing_of_nothing_is_done_at_once);
	tcase_add_test(t, all_offenders_of_a_tree_are_listed_and_nothing_is_sealed);
	tcase_add_test(t, a_device_is_an_offender);
	tcase_add_test(t, what_the_container_holds_against_it_is_known_before_the_first_byte);
	tcase_add_test(t, two_sources_for_one_path_are_an_offence);
	tcase_add_test(t, a_source_without_a_base_name_or_that_is_absent_is_refused_and_forgotten);
	tcase_add_test(t, a_file_that_vanished_since_it_was_added_fails_its_step);
	tcase_add_test(t, a_suspended_container_seals_no_tree);
	tcase_add_test(t, a_sealing_keeps_its_box_alive_and_refuses_misuse);
	tcase_add_test(t, what_is_described_is_recorded_of_the_files_that_follow);
	tcase_add_test(t, a_correction_names_one_seal_and_is_one_file);
	tcase_add_test(t, already_is_said_only_of_a_file_that_is_still_what_was_sealed);
	suite_add_tcase(s, t);
	return s;
}
