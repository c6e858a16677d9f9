/* SPDX-License-Identifier: ISC */
/*
 * Tiles: names, widths and walks against the specification and against a naive enumeration; the
 * bytes of tiles and bundles, and trees read through them, against vectors of up to 70,000 leaves.
 */
#include "tlog/tile.h"
#include "support/support.h"
#include "vectors/tlog_vectors.h"

#define LEAVES   70000
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- names ---------------------------------------------------------------------------------- */

START_TEST(names_are_those_of_the_specification_and_read_back)
{
	for (size_t i = 0; i < COUNT(vector_indices); i++) {
		for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++) {
			struct tile t = {level, vector_indices[i].index, TILE_WIDTH}, back;
			const char *folder =
				level == TILE_ENTRIES ? "entries" : printed("%d", level);
			char name[TILE_NAME_MAX];

			tote__tile_name(&t, name);
			ck_assert_str_eq(
				name, printed("tile/%s/%s", folder, vector_indices[i].path));
			if (t.index > INT64_MAX / TILE_WIDTH)
				continue;
			ck_assert_int_eq(tote__tile_parse(name, &back), 0);
			ck_assert_int_eq(back.level, level);
			ck_assert_uint_eq(back.index, t.index);
			ck_assert_uint_eq(back.width, TILE_WIDTH);
		}
	}
}
END_TEST

START_TEST(every_width_of_a_partial_tile_reads_back)
{
	for (uint32_t width = 1; width <= TILE_WIDTH; width++) {
		struct tile t = {3, 1234067, width}, back;
		char name[TILE_NAME_MAX];

		tote__tile_name(&t, name);
		ck_assert_str_eq(name, width == TILE_WIDTH
					       ? "tile/3/x001/x234/067"
					       : printed("tile/3/x001/x234/067.p/%u", width));
		ck_assert_int_eq(tote__tile_parse(name, &back), 0);
		ck_assert_uint_eq(back.width, width);
	}
}
END_TEST

START_TEST(the_longest_name_fits)
{
	struct tile t = {INT32_MIN, UINT64_MAX, 255};
	char name[TILE_NAME_MAX];

	tote__tile_name(&t, name);
	ck_assert_str_eq(name, "tile/-2147483648/x018/x446/x744/x073/x709/x551/615.p/255");
}
END_TEST

START_TEST(what_is_not_exactly_a_name_is_refused)
{
	static const char *const names[] = {"", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000",
		"tile//0/000", "tile/0//000", "tile/0/000/", "tile/0/0", "tile/0/00", "tile/0/0000",
		"tile/0/x000/000", "tile/0/x000/001", "tile/0/x001", "tile/0/x001/",
		"tile/0/001/000", "tile/0/X001/000", "tile/0/x001/x000", "tile/0/x01/000",
		"tile/0/x0001/000", "tile/0/ 00", "tile/0/+00", "tile/0/-01", "tile/0/00a",
		"tile/00/000", "tile/8/000", "tile/9/000", "tile/10/000", "tile/-1/000",
		"tile/+0/000", "tile/x/000", "tile/entry/000", "tile/entries", "tile/entries/",
		"tile/Entries/000", "tile/data/000", "tile/8/0/000", "tile/0/000.p",
		"tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256",
		"tile/0/000.p/1000", "tile/0/000.p/4294967297", "tile/0/000.p/1/",
		"tile/0/000.p/1 ", "tile/0/000.p/-1", "tile/0/000.p/+1", "tile/0/000.p/a",
		"tile/0/000.P/1", "tile/0/000p/1", "tile/0/000.p/1.p/1", "tile/0/000 ",
		" tile/0/000", "tile/0/000\n", "tile/0/../000", "checkpoint",
		/* no tree below 2^63 has it, whatever its digits overflow to */
		"tile/0/x036/x028/x797/x018/x963/968", "tile/0/x018/x446/x744/x073/x709/x551/616",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999"};
	struct tile t = {5, 5, 5};

	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_msg(tote__tile_parse(names[i], &t) == -1, "%s", names[i]);
	ck_assert_int_eq(t.level, 5);
	ck_assert_int_eq(tote__tile_parse("tile/0/x036/x028/x797/x018/x963/967", &t), 0);
	ck_assert_uint_eq(t.index, INT64_MAX / TILE_WIDTH);
}
END_TEST

static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

START_TEST(any_bytes_are_a_name_only_if_they_are_written_so)
{
	static const char alphabet[] = "tile/entries/0123456789x.p/-+ \n\xff";
	uint64_t state = 1;

	for (int round = 0; round < 200000; round++) {
		char name[48], again[TILE_NAME_MAX];
		size_t len = next_random(&state) % (sizeof(name) - 20), used = 0;
		struct tile t;

		if (round % 4)
			used = (size_t)sprintf(name, "tile/%s", round % 2 ? "entries/" : "0/x001/");
		for (len += used; used < len; used++)
			name[used] = alphabet[next_random(&state) % (sizeof(alphabet) - 1)];
		name[used] = '\0';
		if (tote__tile_parse(name, &t))
			continue;
		tote__tile_name(&t, again);
		ck_assert_str_eq(name, again);
	}
}
END_TEST

/* --- widths and walks ----------------------------------------------------------------------- */

static const uint64_t sizes[] = {0, 1, 2, 255, 256, 257, 300, 511, 512, 513, 65279, 65280, 65281,
	65535, 65536, 65537, 65792, 65793, 69999, LEAVES};

START_TEST(widths_are_those_of_the_examples_of_the_specification)
{
	static const struct {
		uint64_t size;
		int level;
		uint64_t index;
		uint32_t width;
	} cases[] = {{0, 0, 0, 0}, {0, TILE_ENTRIES, 0, 0}, {256, 0, 0, 256}, {256, 0, 1, 0},
		{256, 1, 0, 1}, {256, TILE_ENTRIES, 0, 256}, {LEAVES, 0, 272, 256},
		{LEAVES, 0, 273, 112}, {LEAVES, 0, 274, 0}, {LEAVES, TILE_ENTRIES, 273, 112},
		{LEAVES, 1, 0, 256}, {LEAVES, 1, 1, 17}, {LEAVES, 1, 2, 0}, {LEAVES, 2, 0, 1},
		{LEAVES, 2, 1, 0}, {LEAVES, 3, 0, 0}, {LEAVES, 8, 0, 0}, {LEAVES, -2, 0, 0},
		{INT64_MAX, 7, 0, 127}, {INT64_MAX, 0, INT64_MAX / 256, 255},
		{INT64_MAX, 0, UINT64_MAX, 0}, {LEAVES, INT32_MAX, 0, 0}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tile t = {cases[i].level, cases[i].index, cases[i].width};

		ck_assert_uint_eq(
			tote__tile_width(cases[i].size, t.level, t.index), cases[i].width);
		ck_assert_int_eq(tote__tile_in_tree(cases[i].size, &t), t.width != 0);
		t.width++;
		ck_assert_int_eq(tote__tile_in_tree(cases[i].size, &t), 0);
	}
}
END_TEST

START_TEST(a_walk_meets_every_tile_that_is_new_or_wider_and_no_other)
{
	for (size_t a = 0; a < COUNT(sizes); a++)
		for (size_t b = 0; b < COUNT(sizes); b++) {
			struct tile_walk walk = {.from = sizes[a], .to = sizes[b]};
			struct tile want, got;

			for (want.level = 0; want.level < TILE_LEVELS; want.level++)
				for (want.index = 0; want.index <= LEAVES / TILE_WIDTH;
					want.index++) {
					want.width =
						tote__tile_width(walk.to, want.level, want.index);
					if (!want.width || tote__tile_in_tree(walk.from, &want))
						continue;
					if (tote__tile_walk(&walk, &got) != 1 ||
						got.level != want.level ||
						got.index != want.index || got.width != want.width)
						ck_abort_msg("not level %d index %ju width %u",
							want.level, (uintmax_t)want.index,
							want.width);
				}
			ck_assert_int_eq(tote__tile_walk(&walk, &got), 0);
			ck_assert_int_eq(tote__tile_walk(&walk, &got), 0);
		}
}
END_TEST

START_TEST(a_walk_near_the_largest_size_ends)
{
	struct tile_walk walk = {.from = INT64_MAX - 1, .to = INT64_MAX};
	struct tile t;

	ck_assert_int_eq(
		tote__tile_walk(&walk, &t), 1); /* the one leaf more; no floor above grew */
	ck_assert_uint_eq(t.index, INT64_MAX / TILE_WIDTH);
	ck_assert_uint_eq(t.width, 255);
	ck_assert_int_eq(tote__tile_walk(&walk, &t), 0);
}
END_TEST

/* --- the tree of "entry 0" to "entry 69999" ------------------------------------------------- */

struct forest {
	uint8_t (*level[3])[HASH_LEN]; /* all hashes of the tiles of a level */
	long reads, fail_at;
};

static struct forest forest;

static void forest_make(void)
{
	size_t count = LEAVES;

	memset(&forest, 0, sizeof(forest));
	forest.fail_at = -1;
	for (size_t l = 0; l < COUNT(forest.level); l++, count /= TILE_WIDTH) {
		forest.level[l] = calloc(count, HASH_LEN);
		ck_assert_ptr_nonnull(forest.level[l]);
		for (size_t i = 0; i < count; i++) {
			const char *entry = printed("entry %zu", i);

			if (l)
				tote__tile_root(NULL, forest.level[l - 1][i * TILE_WIDTH],
					TILE_WIDTH, forest.level[l][i]);
			else
				tote__hash_leaf(NULL, entry, strlen(entry), forest.level[l][i]);
		}
	}
}

static void forest_free(void)
{
	for (size_t l = 0; l < COUNT(forest.level); l++)
		free(forest.level[l]);
}

/* A tile_read_fn; size is that of the tree that asks. */
static int forest_read(void *size, const struct tile *t, uint8_t *out, struct tote_fault *fault)
{
	ck_assert_msg(tote__tile_in_tree(*(uint64_t *)size, t), "level %d index %ju width %u",
		t->level, (uintmax_t)t->index, t->width);
	ck_assert_int_ge(t->level, 0);
	if (forest.reads++ == forest.fail_at) {
		memset(out, 0xee, TILE_BYTES);
		return tote__fault(fault, TOTE_E_IO, "no such tile today");
	}
	memcpy(out, forest.level[t->level][t->index * TILE_WIDTH], (size_t)t->width * HASH_LEN);
	return 0;
}

static struct tile_tree *tree_new(uint64_t *size)
{
	struct tile_tree *tree = malloc(sizeof(*tree));

	ck_assert_ptr_nonnull(tree);
	memset(tree, 0, sizeof(*tree)); /* so that tile 0 of width 0 lies there */
	tote__tile_tree_init(tree, *size, forest_read, size, NULL);
	return tree;
}

/* An entry bundle: a big-endian uint16 length before each entry, nothing else. */
static void bundle_digest(const struct tile *t, uint8_t out[HASH_LEN])
{
	struct hash h;

	tote__hash_init(&h, NULL);
	for (uint32_t i = 0; i < t->width; i++) {
		const char *entry = printed("entry %ju", (uintmax_t)(t->index * TILE_WIDTH + i));
		size_t len = strlen(entry);
		uint8_t prefix[2] = {(uint8_t)(len >> 8), (uint8_t)len};

		tote__hash_update(&h, prefix, sizeof(prefix));
		tote__hash_update(&h, entry, len);
	}
	tote__hash_final(&h, out);
}

START_TEST(tiles_and_bundles_have_the_bytes_of_the_vectors)
{
	forest_make();
	for (size_t v = 0; v < COUNT(vector_files); v++)
		for (size_t i = 0; i < vector_files[v].count; i++) {
			uint8_t digest[HASH_LEN];
			struct tile t;

			ck_assert_int_eq(tote__tile_parse(vector_files[v].file[i].name, &t), 0);
			ck_assert_int_eq(tote__tile_in_tree(vector_files[v].size, &t), 1);
			if (t.level == TILE_ENTRIES)
				bundle_digest(&t, digest);
			else
				tote__hash_bytes(NULL, forest.level[t.level][t.index * TILE_WIDTH],
					(size_t)t.width * HASH_LEN, digest);
			ck_assert_str_eq(to_hex(digest, HASH_LEN), vector_files[v].file[i].sha256);
		}
	forest_free();
}
END_TEST

START_TEST(a_tree_has_as_many_tiles_as_the_vectors_say)
{
	for (size_t v = 0; v < COUNT(vector_files); v++) {
		struct tile_walk walk = {.to = vector_files[v].size};
		struct tile t;
		size_t count = 0;

		while (tote__tile_walk(&walk, &t))
			count++;
		ck_assert_uint_eq(count, vector_files[v].tiles);
	}
}
END_TEST

START_TEST(roots_read_through_tiles_are_those_of_the_vectors)
{
	struct tote_fault fault = {0};

	forest_make();
	for (size_t v = 0; v < COUNT(vector_files); v++) {
		uint64_t size = vector_files[v].size;
		struct tile_tree *tree = tree_new(&size);
		struct frontier f;
		uint8_t root[HASH_LEN];

		ck_ok(tote__merkle_root(size, tote__tile_tree_node, tree, NULL, root, &fault),
			fault);
		ck_assert_str_eq(to_hex(root, HASH_LEN), vector_files[v].root);
		ck_ok(tote__merkle_frontier(size, tote__tile_tree_node, tree, &f, &fault), fault);
		tote__frontier_root(&f, NULL, root);
		ck_assert_str_eq(to_hex(root, HASH_LEN), vector_files[v].root);
		free(tree);
	}
	forest_free();
}
END_TEST

START_TEST(proofs_read_through_tiles_verify)
{
	struct tote_fault fault = {0};
	uint64_t size = LEAVES;
	struct tile_tree *tree;
	uint8_t root[HASH_LEN], old[HASH_LEN];
	struct proof p;

	forest_make();
	tree = tree_new(&size);
	ck_ok(tote__merkle_root(size, tote__tile_tree_node, tree, NULL, root, &fault), fault);
	for (uint64_t i = 0; i<size; i += i % 256> 252 || i % 256 < 3 ? 1 : 83) {
		ck_ok(tote__merkle_inclusion(i, size, tote__tile_tree_node, tree, NULL, &p, &fault),
			fault);
		ck_ok(tote__merkle_verify_inclusion(
			      NULL, i, size, forest.level[0][i], &p, root, &fault),
			fault);
	}
	for (size_t i = 0; i < COUNT(sizes); i++) {
		ck_ok(tote__merkle_consistency(
			      sizes[i], size, tote__tile_tree_node, tree, NULL, &p, &fault),
			fault);
		/* the larger tree has every node of the older one, so that it knows its root */
		ck_ok(tote__merkle_root(sizes[i], tote__tile_tree_node, tree, NULL, old, &fault),
			fault);
		ck_ok(tote__merkle_verify_consistency(NULL, sizes[i], size, &p, old, root, &fault),
			fault);
	}
	free(tree);
	forest_free();
}
END_TEST

START_TEST(a_walk_along_the_tree_reads_each_tile_once)
{
	struct tote_fault fault = {0};
	uint64_t size = LEAVES;
	struct tile_tree *tree;
	uint8_t hash[HASH_LEN];

	forest_make();
	tree = tree_new(&size);
	for (uint64_t i = 0; i < size; i++) {
		if (tote__tile_tree_node(tree, 0, i, hash, &fault) ||
			memcmp(hash, forest.level[0][i], HASH_LEN))
			ck_abort_msg("leaf %ju: %s", (uintmax_t)i, fault.text);
		if (i >> 8 < size >> 8 && (tote__tile_tree_node(tree, 8, i >> 8, hash, &fault) ||
						  memcmp(hash, forest.level[1][i >> 8], HASH_LEN)))
			ck_abort_msg("tile %ju: %s", (uintmax_t)(i >> 8), fault.text);
	}
	ck_assert_int_eq(forest.reads, 274 + 2);
	free(tree);
	forest_free();
}
END_TEST

START_TEST(a_node_outside_the_tree_is_refused_and_nothing_is_read)
{
	static const struct {
		unsigned level;
		uint64_t index;
	} cases[] = {{0, 300}, {0, UINT64_MAX}, {1, 150}, {2, 75}, {8, 1}, {9, 0}, {16, 0}, {62, 0},
		{63, 0}, {64, 0}, {1000, 0}, {0, UINT64_C(1) << 63}};
	struct tote_fault fault = {0};
	uint64_t size = 300;
	struct tile_tree *tree;
	uint8_t hash[HASH_LEN];

	forest_make();
	tree = tree_new(&size);
	for (size_t i = 0; i < COUNT(cases); i++)
		ck_fault(tote__tile_tree_node(tree, cases[i].level, cases[i].index, hash, &fault),
			TOTE_E_ARGUMENT, fault);
	ck_assert_int_eq(forest.reads, 0);
	free(tree);
	forest_free();
}
END_TEST

START_TEST(a_tile_whose_reading_failed_is_read_again)
{
	struct tote_fault fault = {0};
	uint64_t size = LEAVES;
	struct tile_tree *tree;
	uint8_t hash[HASH_LEN];

	forest_make();
	tree = tree_new(&size);
	ck_ok(tote__tile_tree_node(tree, 0, 3, hash, &fault), fault);
	forest.fail_at = forest.reads;
	ck_fault(tote__tile_tree_node(tree, 0, 300, hash, &fault), TOTE_E_IO, fault);
	tote__fault_clear(&fault);
	/* what was kept before was overwritten: it is not taken for what it was */
	ck_ok(tote__tile_tree_node(tree, 0, 3, hash, &fault), fault);
	ck_assert_mem_eq(hash, forest.level[0][3], HASH_LEN);
	ck_ok(tote__tile_tree_node(tree, 0, 300, hash, &fault), fault);
	ck_assert_mem_eq(hash, forest.level[0][300], HASH_LEN);
	forest.fail_at = forest.reads;
	ck_fault(tote__tile_tree_node(tree, 0, 3, hash, &fault), TOTE_E_IO, fault);
	tote__fault_clear(&fault);
	ck_ok(tote__tile_tree_node(tree, 0, 3, hash, &fault), fault);
	ck_assert_mem_eq(hash, forest.level[0][3], HASH_LEN);
	free(tree);
	forest_free();
}
END_TEST

Suite *tile_suite(void);

Suite *tile_suite(void)
{
	Suite *s = suite_create("tile");
	TCase *c = tcase_create("tile");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, names_are_those_of_the_specification_and_read_back);
	tcase_add_test(c, every_width_of_a_partial_tile_reads_back);
	tcase_add_test(c, the_longest_name_fits);
	tcase_add_test(c, what_is_not_exactly_a_name_is_refused);
	tcase_add_test(c, any_bytes_are_a_name_only_if_they_are_written_so);
	tcase_add_test(c, widths_are_those_of_the_examples_of_the_specification);
	tcase_add_test(c, a_walk_meets_every_tile_that_is_new_or_wider_and_no_other);
	tcase_add_test(c, a_walk_near_the_largest_size_ends);
	tcase_add_test(c, tiles_and_bundles_have_the_bytes_of_the_vectors);
	tcase_add_test(c, a_tree_has_as_many_tiles_as_the_vectors_say);
	tcase_add_test(c, roots_read_through_tiles_are_those_of_the_vectors);
	tcase_add_test(c, proofs_read_through_tiles_verify);
	tcase_add_test(c, a_walk_along_the_tree_reads_each_tile_once);
	tcase_add_test(c, a_node_outside_the_tree_is_refused_and_nothing_is_read);
	tcase_add_test(c, a_tile_whose_reading_failed_is_read_again);
	suite_add_tcase(s, c);
	return s;
}
