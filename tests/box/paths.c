/* SPDX-License-Identifier: ISC */
/*
 * The set of sealed paths, alone and against a naive list of them.
 */
#include "box/paths.h"
#include "support/support.h"

static struct tote_fault fault;

static struct asset_paths *paths_with(const char *const *paths, size_t count)
{
	struct asset_paths *p = tote__paths_new(plain_heap(), &fault);

	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(tote__paths_add(p, paths[i], 100 + i, &fault), 0);
	return p;
}

START_TEST(a_path_is_sealed_once_and_no_beginning_of_another)
{
	static const char *const sealed[] = {"a", "b/c/d", "b/c/e", "x/y"};
	static const struct {
		const char *path;
		int is;
		uint64_t seq;
	} rows[] = {
		{"a", PATH_SEALED, 100},
		{"b/c/d", PATH_SEALED, 101},
		{"b/c/e", PATH_SEALED, 102},
		{"b", PATH_DIRECTORY, 0},
		{"b/c", PATH_DIRECTORY, 0},
		{"x", PATH_DIRECTORY, 0},
		{"a/b", PATH_BELOW, 100},
		{"a/b/c/d", PATH_BELOW, 100},
		{"b/c/d/e", PATH_BELOW, 101},
		{"b/d", PATH_FREE, 0},
		{"ab", PATH_FREE, 0},
		{"b/c/dd", PATH_FREE, 0},
		{"b/cc", PATH_FREE, 0},
		{"A", PATH_FREE, 0},
		{"y", PATH_FREE, 0},
	};
	struct asset_paths *p = paths_with(sealed, 4);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t seq = 0;

		ck_assert_msg(
			tote__paths_look(p, rows[i].path, &seq) == rows[i].is, "%s", rows[i].path);
		ck_assert_uint_eq(seq, rows[i].seq);
	}
	tote__paths_free(p);
}
END_TEST

START_TEST(of_two_seals_of_one_path_the_first_counts)
{
	static const char *const sealed[] = {"a/b", "a/b", "a"};
	struct asset_paths *p = paths_with(sealed, 3);
	uint64_t seq;

	ck_assert_int_eq(tote__paths_look(p, "a/b", &seq), PATH_SEALED);
	ck_assert_uint_eq(seq, 100);
	ck_assert_int_eq(tote__paths_look(p, "a", &seq), PATH_SEALED);
	ck_assert_uint_eq(seq, 102);
	ck_assert_int_eq(tote__paths_look(p, "a/c", &seq), PATH_BELOW);
	ck_assert_uint_eq(seq, 102);
	tote__paths_free(p);
}
END_TEST

/* Paths of up to 4 components out of 3 names: small enough for every kind of conflict. */
static void random_path(unsigned *state, char out[16])
{
	size_t len = 0;

	for (unsigned depth = 1 + (unsigned)rand_r(state) % 4; depth; depth--) {
		out[len++] = (char)('a' + rand_r(state) % 3);
		out[len++] = depth > 1 ? '/' : '\0';
	}
}

static int naive_look(char sealed[][16], size_t count, const char *path)
{
	const size_t len = strlen(path);
	int is = PATH_FREE;

	for (size_t i = 0; i < count; i++) {
		const size_t other = strlen(sealed[i]);

		if (strcmp(sealed[i], path) == 0)
			return PATH_SEALED;
		if (other > len && strncmp(sealed[i], path, len) == 0 && sealed[i][len] == '/')
			is = PATH_DIRECTORY;
		else if (len > other && strncmp(sealed[i], path, other) == 0 && path[other] == '/')
			is = PATH_BELOW;
	}
	return is;
}

START_TEST(it_agrees_with_a_naive_list)
{
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct asset_paths *p = tote__paths_new(plain_heap(), &fault);
		char sealed[60][16], path[16];
		unsigned state = seed;
		size_t count = 0;

		for (int turn = 0; turn < 60; turn++) {
			uint64_t seq;
			int is, wanted;

			random_path(&state, path);
			is = tote__paths_look(p, path, &seq);
			wanted = naive_look(sealed, count, path);
			ck_assert_msg(
				is == wanted, "seed %u: %s is %d, not %d", seed, path, is, wanted);
			if (is != PATH_FREE)
				continue;
			ck_assert_int_eq(tote__paths_add(p, path, count, &fault), 0);
			memcpy(sealed[count++], path, sizeof(path));
		}
		tote__paths_free(p);
	}
}
END_TEST

START_TEST(it_grows_to_many_paths_and_forgets_none)
{
	struct asset_paths *p = tote__paths_new(plain_heap(), &fault);
	uint64_t seq;

	for (uint64_t i = 0; i < 50000; i++)
		ck_assert_int_eq(tote__paths_add(p,
					 printed("d%llu/e/%llu", (unsigned long long)i / 100,
						 (unsigned long long)i),
					 i, &fault),
			0);
	for (uint64_t i = 0; i < 50000; i++) {
		ck_assert_int_eq(tote__paths_look(p,
					 printed("d%llu/e/%llu", (unsigned long long)i / 100,
						 (unsigned long long)i),
					 &seq),
			PATH_SEALED);
		ck_assert_uint_eq(seq, i);
	}
	ck_assert_int_eq(tote__paths_look(p, "d499/e", &seq), PATH_DIRECTORY);
	ck_assert_int_eq(tote__paths_look(p, "d500", &seq), PATH_FREE);
	tote__paths_free(p);
}
END_TEST

START_TEST(a_failed_allocation_leaves_a_set_that_still_answers)
{
	for (long n = 0;; n++) {
		struct failing f = {.fail_at = n};
		struct heap heap = failing_heap(&f);
		struct asset_paths *p = tote__paths_new(&heap, &fault);
		uint64_t seq, added = 0;
		int rc = 0;

		for (uint64_t i = 0; p && rc == 0 && i < 200; i++) {
			rc = tote__paths_add(p, printed("%llu", (unsigned long long)i), i, &fault);
			added += rc == 0;
		}
		if (rc < 0 || !p)
			ck_assert_int_eq(fault.code, TOTE_E_NO_MEMORY);
		for (uint64_t i = 0; p && i < added; i++)
			ck_assert_int_eq(
				tote__paths_look(p, printed("%llu", (unsigned long long)i), &seq),
				PATH_SEALED);
		tote__paths_free(p);
		ck_assert_int_eq(f.live, 0);
		if (!f.fired)
			break;
	}
}
END_TEST

Suite *paths_suite(void)
{
	Suite *s = suite_create("paths");
	TCase *t = tcase_create("set");

	tcase_add_test(t, a_path_is_sealed_once_and_no_beginning_of_another);
	tcase_add_test(t, of_two_seals_of_one_path_the_first_counts);
	tcase_add_test(t, it_agrees_with_a_naive_list);
	tcase_add_test(t, it_grows_to_many_paths_and_forgets_none);
	tcase_add_test(t, a_failed_allocation_leaves_a_set_that_still_answers);
	suite_add_tcase(s, t);
	return s;
}
