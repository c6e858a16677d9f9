/* SPDX-License-Identifier: ISC */
/*
 * The published log: what lies there is read whatever its size, and whatever is changed in it is
 * found and named.
 */
#include "ledger/logs.h"
#include "vectors/tlog_vectors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One reader of a log of some size. */
struct fixture {
	struct logs *logs;
	struct logdir log;
	struct tile_tree *tree;
	struct buf bundle;
	uint8_t root[HASH_LEN];
	uint8_t leaves[TILE_BYTES];
	struct tote_fault fault;
};

static void open_size(struct fixture *f, uint64_t size)
{
	tote__logdir_init(&f->log, &f->logs->place, 0);
	tote__tile_tree_init(f->tree, size, tote__logdir_tile, &f->log, f->log.engine);
	logs_root(f->logs, size, f->root);
}

static struct fixture *fixture_new(uint64_t entries)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->logs = logs_new("box", LAYOUT_CONTAINER);
	f->tree = calloc(1, sizeof(*f->tree));
	tote__buf_init(&f->bundle, plain_heap(), BUNDLE_MAX);
	logs_add(f->logs, entries);
	logs_fold(f->logs, entries);
	open_size(f, entries);
	return f;
}

static void fixture_free(struct fixture *f)
{
	tote__buf_free(&f->bundle);
	free(f->tree);
	logs_free(f->logs);
	free(f);
}

static int check(struct fixture *f, uint64_t index)
{
	uint32_t width;
	int r = tote__logdir_bundle(&f->log, index, f->tree->size, &f->bundle, &width, &f->fault);

	if (r < 0)
		return r;
	return tote__logdir_bundle_check(
		&f->log, f->tree, f->root, index, &f->bundle, width, f->leaves, &f->fault);
}

/* All bundles check and give the leaves that were put there. */
static void all_is_well(struct fixture *f)
{
	uint64_t size = f->tree->size;

	for (uint64_t i = 0; i * TILE_WIDTH < size; i++) {
		uint64_t left = size - i * TILE_WIDTH;

		ck_ok(check(f, i), f->fault);
		ck_assert_mem_eq(f->leaves, f->logs->leaf[i * TILE_WIDTH],
			(left < TILE_WIDTH ? left : TILE_WIDTH) * HASH_LEN);
	}
}

/* 1 where some bundle does not check; the fault names the file, and the seq unless that is -1. */
static void is_found(struct fixture *f, uint64_t index, const char *name, int64_t seq)
{
	open_size(f, f->tree->size);
	ck_fault(check(f, index), TOTE_E_DAMAGED, f->fault);
	ck_assert_msg(strstr(f->fault.text, name) != NULL, "'%s' names no %s", f->fault.text, name);
	if (seq >= 0) {
		ck_assert_uint_eq(f->fault.flags, TOTE_FAULT_SEQ);
		ck_assert_uint_eq(f->fault.seq, (uint64_t)seq);
	}
	memset(&f->fault, 0, sizeof(f->fault));
}

static const uint64_t sizes[] = {
	1, 2, 3, 5, 8, 100, 255, 256, 257, 258, 300, 511, 512, 513, 600, 700};

START_TEST(each_bundle_lies_under_the_root_at_any_size)
{
	struct fixture *f = fixture_new(sizes[_i]);

	all_is_well(f);
	fixture_free(f);
}
END_TEST

START_TEST(an_older_checkpoint_is_read_after_its_partial_files_are_gone)
{
	struct fixture *f = fixture_new(300);
	static const char *const partial[] = {
		"tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"};

	logs_add(f->logs, 300);
	logs_fold(f->logs, 600);
	open_size(f, 300);
	all_is_well(f);
	for (size_t i = 0; i < 2; i++)
		logs_remove(f->logs, partial[i]);
	open_size(f, 300);
	all_is_well(f);                   /* the first entries and hashes of the full ones */
	logs_remove(f->logs, partial[2]); /* nothing takes the place of this one */
	is_found(f, 0, "tile/1/000.p/1", -1);
	is_found(f, 0, "missing", -1);
	fixture_free(f);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	struct fixture *f = fixture_new(300);
	uint8_t out[TILE_BYTES];
	uint32_t width;

	ck_fault(tote__logdir_bundle(&f->log, 2, 300, &f->bundle, &width, &f->fault),
		TOTE_E_NOT_FOUND, f->fault);
	ck_fault(tote__logdir_bundle(&f->log, 1, 301, &f->bundle, &width, &f->fault),
		TOTE_E_NOT_FOUND, f->fault);
	ck_fault(tote__logdir_tile(&f->log, &(struct tile){0, 2, 7}, out, &f->fault),
		TOTE_E_NOT_FOUND, f->fault);
	ck_fault(tote__logdir_tile(&f->log, &(struct tile){0, 0, 0}, out, &f->fault),
		TOTE_E_ARGUMENT, f->fault);
	ck_fault(tote__logdir_tile(&f->log, &(struct tile){0, 0, 257}, out, &f->fault),
		TOTE_E_ARGUMENT, f->fault);
	ck_fault(tote__logdir_bundle_check(
			 &f->log, f->tree, f->root, 1, &f->bundle, 45, f->leaves, &f->fault),
		TOTE_E_ARGUMENT, f->fault);
	fixture_free(f);
}
END_TEST

START_TEST(a_changed_entry_is_found_and_named)
{
	static const uint64_t seqs[] = {0, 1, 255, 256, 299};

	for (size_t i = 0; i < COUNT(seqs); i++) {
		struct fixture *f = fixture_new(300);
		uint64_t index = seqs[i] / TILE_WIDTH, other = !index;
		const char *name = index ? "tile/entries/001.p/44" : "tile/entries/000";
		size_t at = 2;

		for (uint64_t seq = index * TILE_WIDTH; seq < seqs[i]; seq++)
			at += f->logs->entry[seq].len + 2;
		logs_damage(f->logs, name, at, 0);
		is_found(f, index, name, (int64_t)seqs[i]);
		open_size(f, 300);
		ck_ok(check(f, other), f->fault); /* and it is only that one */
		fixture_free(f);
	}
}
END_TEST

START_TEST(a_bundle_of_another_length_is_found)
{
	struct fixture *f = fixture_new(300);
	size_t last = f->logs->entry[299].len + 2;
	struct buf b;

	logs_damage(f->logs, "tile/entries/001.p/44", 0, 1);
	is_found(f, 1, "tile/entries/001.p/44", -1);
	logs_damage(f->logs, "tile/entries/001.p/44", 0, last - 1); /* one whole entry less */
	is_found(f, 1, "tile/entries/001.p/44", -1);
	logs_damage(f->logs, "tile/entries/000", 0, 0); /* a length that leads far out */
	is_found(f, 0, "tile/entries/000", -1);

	tote__buf_init(&b, plain_heap(), BUNDLE_MAX);
	logs_remove(f->logs, "tile/entries/001.p/44");
	for (uint64_t seq = 256; seq < 300; seq++) {
		tote__buf_put_u16(&b, (uint16_t)f->logs->entry[seq].len);
		tote__buf_put(&b, f->logs->entry[seq].data, f->logs->entry[seq].len);
	}
	tote__buf_put(&b, "\0\1x", 3); /* one entry more */
	logs_put(f->logs, &(struct tile){TILE_ENTRIES, 1, 44}, &b);
	is_found(f, 1, "tile/entries/001.p/44", -1);
	tote__buf_free(&b);
	fixture_free(f);
}
END_TEST

START_TEST(two_entries_exchanged_are_found)
{
	struct fixture *f = fixture_new(3);
	struct buf b;

	tote__buf_init(&b, plain_heap(), BUNDLE_MAX);
	for (int i = 2; i >= 0; i--) {
		tote__buf_put_u16(&b, (uint16_t)f->logs->entry[i].len);
		tote__buf_put(&b, f->logs->entry[i].data, f->logs->entry[i].len);
	}
	logs_remove(f->logs, "tile/entries/000.p/3");
	logs_put(f->logs, &(struct tile){TILE_ENTRIES, 0, 3}, &b);
	is_found(f, 0, "tile/entries/000.p/3", 0);
	tote__buf_free(&b);
	fixture_free(f);
}
END_TEST

START_TEST(a_changed_tile_is_found_and_named)
{
	static const struct {
		uint64_t size;
		const char *file;
		const char *named;
	} cases[] = {
		{1, "tile/0/000.p/1", "tile/0/000.p/1"},
		{200, "tile/0/000.p/200", "tile/0/000.p/200"},
		{256, "tile/1/000.p/1", "tile/1/000.p/1"},
		{300, "tile/1/000.p/1", "tile/1/000.p/1"},
		/* the lowest tile that all of the way has in common is named */
		{300, "tile/0/001.p/44", "tile/1/000.p/1"},
		{600, "tile/1/000.p/2", "tile/1/000.p/2"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = fixture_new(cases[i].size);

		logs_damage(f->logs, cases[i].file, 31, 0);
		is_found(f, 0, cases[i].named, -1);
		fixture_free(f);
	}
}
END_TEST

START_TEST(a_tile_of_another_length_is_found_and_named)
{
	struct fixture *f = fixture_new(300);

	logs_damage(f->logs, "tile/1/000.p/1", 0, 1);
	is_found(f, 0, "tile/1/000.p/1: it has 31 bytes, must be 32", -1);
	fixture_free(f);
}
END_TEST

START_TEST(a_bundle_and_its_tile_forged_together_do_not_lie_under_the_root)
{
	struct fixture *f = fixture_new(300), *other = fixture_new(300);

	f->logs->entry[7].data[60] ^= 1;
	tote__hash_leaf(NULL, f->logs->entry[7].data, f->logs->entry[7].len, f->logs->leaf[7]);
	logs_remove(f->logs, "tile/entries/000");
	logs_remove(f->logs, "tile/0/000");
	logs_put_bundle(f->logs, &(struct tile){TILE_ENTRIES, 0, 256});
	logs_put_tile(f->logs, &(struct tile){0, 0, 256});
	memcpy(f->root, other->root, HASH_LEN);
	ck_fault(check(f, 0), TOTE_E_DAMAGED, f->fault);
	ck_assert_ptr_nonnull(strstr(f->fault.text, "tile/entries/000"));
	/* and with all tiles above made to fit, it is the root that does not */
	logs_remove(f->logs, "tile/1/000.p/1");
	logs_put_tile(f->logs, &(struct tile){1, 0, 1});
	tote__logdir_init(&f->log, &f->logs->place, 0);
	tote__tile_tree_init(f->tree, 300, tote__logdir_tile, &f->log, NULL);
	ck_fault(check(f, 0), TOTE_E_DAMAGED, f->fault);
	ck_assert_ptr_nonnull(strstr(f->fault.text, "root of 300"));
	fixture_free(f);
	fixture_free(other);
}
END_TEST

START_TEST(a_checkpoint_is_read_strictly)
{
	static const char *const refused[] = {"", "x\n", LOGS_ORIGIN "\n3\n",
		LOGS_ORIGIN "\n03\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"};
	struct fixture *f = fixture_new(3);
	struct checkpoint c;
	struct note note;

	f->bundle.max = NOTE_MAX;
	ck_ok(tote__logdir_checkpoint(&f->log, &f->bundle, &note, &c, &f->fault), f->fault);
	ck_assert_uint_eq(c.size, 3);
	ck_assert_mem_eq(c.root, f->root, HASH_LEN);
	ck_assert_int_eq(tote__note_verify(&note, &f->logs->key.key, &f->fault), 1);
	for (size_t i = 0; i < COUNT(refused); i++) {
		logs_put_checkpoint(f->logs, refused[i], strlen(refused[i]));
		ck_fault(tote__logdir_checkpoint(&f->log, &f->bundle, &note, &c, &f->fault),
			TOTE_E_MALFORMED, f->fault);
	}
	logs_remove(f->logs, CHECKPOINT_NAME);
	ck_fault(tote__logdir_checkpoint(&f->log, &f->bundle, &note, &c, &f->fault),
		TOTE_E_NOT_FOUND, f->fault);
	fixture_free(f);
}
END_TEST

/* --- large trees, which lie nowhere: "entry 0", "entry 1", ... ------------------------------- */

/* The hashes of each level of tiles; a tile that was asked for and is then changed in one byte. */
struct virtual_log {
	uint64_t size;
	uint8_t *hash[4];
	struct tile bad;
};

static struct virtual_log virtual_new(uint64_t size)
{
	struct virtual_log v = {.size = size, .bad = {.level = -1}};

	for (int level = 0; level < 4; level++)
		v.hash[level] = calloc((size_t)(size >> (8 * level)) + 1, HASH_LEN);
	for (uint64_t i = 0; i < size; i++) {
		char text[32];
		int len = snprintf(text, sizeof(text), "entry %d", (int)i);

		tote__hash_leaf(NULL, text, (size_t)len, v.hash[0] + i * HASH_LEN);
	}
	for (int level = 1; level < 4; level++)
		for (uint64_t i = 0; i < size >> (8 * level); i++)
			tote__tile_root(NULL, v.hash[level - 1] + i * TILE_BYTES, TILE_WIDTH,
				v.hash[level] + i * HASH_LEN);
	return v;
}

static void virtual_free(struct virtual_log *v)
{
	for (int level = 0; level < 4; level++)
		free(v->hash[level]);
}

static int virtual_read(void *user, const struct tile *t, uint8_t *out, struct tote_fault *fault)
{
	struct virtual_log *v = user;

	(void)fault;
	memcpy(out, v->hash[t->level] + t->index * TILE_BYTES, t->width * HASH_LEN);
	if (t->level == v->bad.level && t->index == v->bad.index)
		out[5] ^= 1;
	return 0;
}

static int check_virtual(struct fixture *f, struct virtual_log *v, uint64_t index)
{
	uint32_t width = tote__tile_width(v->size, TILE_ENTRIES, index);

	tote__buf_reset(&f->bundle);
	for (uint64_t i = 0; i < width; i++) {
		char text[32];
		int len = snprintf(text, sizeof(text), "entry %d", (int)(index * TILE_WIDTH + i));

		tote__buf_put_u16(&f->bundle, (uint16_t)len);
		tote__buf_puts(&f->bundle, text);
	}
	return tote__logdir_bundle_check(
		&f->log, f->tree, f->root, index, &f->bundle, width, f->leaves, &f->fault);
}

static void open_virtual(struct fixture *f, struct virtual_log *v, const char *root)
{
	tote__logdir_init(&f->log, &f->logs->place, 0);
	tote__tile_tree_init(f->tree, v->size, virtual_read, v, f->log.engine);
	from_hex(root, f->root);
}

START_TEST(bundles_of_large_trees_lie_under_their_known_roots)
{
	const struct vector_files *known = &vector_files[_i];
	struct virtual_log v = virtual_new(known->size);
	struct fixture *f = fixture_new(1);
	uint64_t last = (known->size - 1) / TILE_WIDTH;

	open_virtual(f, &v, known->root);
	for (uint64_t i = 0; i <= last; i++)
		ck_ok(check_virtual(f, &v, i), f->fault);
	ck_ok(check_virtual(f, &v, 0), f->fault);
	f->root[0] ^= 1;
	ck_fault(check_virtual(f, &v, 0), TOTE_E_DAMAGED, f->fault);
	ck_fault(check_virtual(f, &v, last), TOTE_E_DAMAGED, f->fault);
	fixture_free(f);
	virtual_free(&v);
}
END_TEST

START_TEST(a_changed_tile_anywhere_above_a_bundle_or_right_of_it_is_found)
{
	/* the first 2^16 are proven by what lies right of them, the rest by the root of the first */
	static const struct {
		struct tile bad;
		uint64_t bundle;
	} cases[] = {{{0, 273, 112}, 0}, {{0, 273, 112}, 256}, {{1, 0, 256}, 0}, {{1, 1, 17}, 0},
		{{1, 1, 17}, 256}, {{2, 0, 1}, 256}};
	const struct vector_files *known = NULL;
	struct fixture *f = fixture_new(1);
	struct virtual_log v;

	for (size_t i = 0; i < COUNT(vector_files); i++)
		if (vector_files[i].size == 70000)
			known = &vector_files[i];
	ck_assert_ptr_nonnull(known);
	v = virtual_new(70000);
	for (size_t i = 0; i < COUNT(cases); i++) {
		v.bad = cases[i].bad;
		open_virtual(f, &v, known->root);
		ck_fault(check_virtual(f, &v, cases[i].bundle), TOTE_E_DAMAGED, f->fault);
		memset(&f->fault, 0, sizeof(f->fault));
	}
	v.bad = (struct tile){0, 3, 256}; /* not on the way of any bundle */
	open_virtual(f, &v, known->root);
	ck_ok(check_virtual(f, &v, 3), f->fault);
	fixture_free(f);
	virtual_free(&v);
}
END_TEST

Suite *logdir_suite(void)
{
	Suite *s = suite_create("logdir");
	TCase *c = tcase_create("logdir");

	tcase_add_loop_test(c, each_bundle_lies_under_the_root_at_any_size, 0, COUNT(sizes));
	tcase_add_test(c, an_older_checkpoint_is_read_after_its_partial_files_are_gone);
	tcase_add_test(c, what_is_not_there_is_not_found);
	tcase_add_test(c, a_changed_entry_is_found_and_named);
	tcase_add_test(c, a_bundle_of_another_length_is_found);
	tcase_add_test(c, two_entries_exchanged_are_found);
	tcase_add_test(c, a_changed_tile_is_found_and_named);
	tcase_add_test(c, a_tile_of_another_length_is_found_and_named);
	tcase_add_test(c, a_bundle_and_its_tile_forged_together_do_not_lie_under_the_root);
	tcase_add_test(c, a_checkpoint_is_read_strictly);
	tcase_add_loop_test(
		c, bundles_of_large_trees_lie_under_their_known_roots, 0, COUNT(vector_files));
	tcase_add_test(c, a_changed_tile_anywhere_above_a_bundle_or_right_of_it_is_found);
	suite_add_tcase(s, c);
	return s;
}
