/* SPDX-License-Identifier: ISC */
/*
 * What a fold signs: nothing that the medium does not bear out, nothing that was not there when its
 * bound was set, nothing that contradicts what was signed before.
 */
#include "ledger/fold_fixture.h"
#include <sys/stat.h>
#include <unistd.h>

static const char *const backends[] = {"memory", "posix"};

/* --- what stops a signature ----------------------------------------------------------------- */

struct flipper {
	struct fixture *f;
	const char *name;
	size_t offset;
	int done;
};

static void flip_after_barrier(void *user, const char *call)
{
	struct flipper *x = user;

	if (strcmp(call, "barrier") != 0 || x->done)
		return;
	file_flip(fixture_path(x->f, x->name), x->offset, 16);
	x->done = 1;
}

/* In each kind of file that a fold of 100 to 300 entries writes: full and partial ones. */
static const struct {
	const char *name;
	size_t offset;
} places[] = {
	{"log/tile/entries/000", 3},
	{"log/tile/entries/000", 5000},
	{"log/tile/entries/000", 0},
	{"log/tile/entries/001.p/44", 200},
	{"log/tile/0/000", 0},
	{"log/tile/0/000", 8191},
	{"log/tile/0/001.p/44", 100},
	{"log/tile/1/000.p/1", 31},
};

#define PLACES ((int)(sizeof(places) / sizeof(places[0])))

/* One bit, in the file, between writing and signing. */
START_TEST(one_flipped_bit_stops_the_signature)
{
	struct flipper flipper = {.name = places[_i].name, .offset = places[_i].offset};
	struct faults faults;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	uint8_t last[8192];
	int signs;

	fixture_make(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	flipper.f = &f;
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	l = fixture_open(&f);
	append_grouped(l, 1, 100);
	fold(l, 100);
	append_grouped(l, 100, 300);
	memcpy(last, f.keeper.last, sizeof(last));
	signs = f.keeper.signs;
	faults.after = flip_after_barrier;
	faults.user = &flipper;
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	ck_assert_int_eq(flipper.done, 1);
	ck_assert_int_eq(f.keeper.signs, signs);
	ck_assert_mem_eq(last, f.keeper.last, sizeof(last));
	log_is_whole(&f, 100); /* the old checkpoint still stands */
	/* what lies there differs from the journal: still nothing is signed */
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	ck_assert_int_eq(f.keeper.signs, signs);
	file_flip(fixture_path(&f, places[_i].name), places[_i].offset, 16);
	fold(l, 300);
	log_is_whole(&f, 300);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* One bit, in memory, between hashing and writing: what is then written is what is read back. */
static struct {
	const struct place *inner;
	const char *name;
	size_t offset;
	int done;
} in_memory;

static int flip_and_put(
	void *place, int space, struct store_put *puts, size_t count, struct tote_fault *fault)
{
	(void)place;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(puts[i].name, in_memory.name) != 0)
			continue;
		ck_assert_uint_lt(in_memory.offset, puts[i].len);
		((uint8_t *)(uintptr_t)puts[i].data)[in_memory.offset] ^= 16;
		in_memory.done = 1;
	}
	return tote__store_put_all(in_memory.inner, space, puts, count, fault);
}

START_TEST(one_bit_flipped_in_memory_stops_the_signature)
{
	struct faults faults;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	int signs;

	fixture_make(&f, _i % 2 ? "posix" : "memory");
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	l = fixture_open(&f);
	append_grouped(l, 1, 100);
	fold(l, 100);
	append_grouped(l, 100, 300);
	signs = f.keeper.signs;
	memset(&in_memory, 0, sizeof(in_memory));
	in_memory.inner = &f.place;
	in_memory.name = places[_i / 2].name + strlen("log/");
	in_memory.offset = places[_i / 2].offset;
	faults.ops.put_all = flip_and_put;
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	ck_assert_int_eq(in_memory.done, 1);
	ck_assert_int_eq(f.keeper.signs, signs);
	log_is_whole(&f, 100); /* the old checkpoint still stands */
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* What was put, and which of it was then read from the medium. */
static struct {
	const struct place *inner;
	int (*open)(void *place, int space, const char *name, uint32_t flags, void **ret_object,
		struct store_stat *ret_stat, struct tote_fault *fault);
	char name[64][TILE_NAME_MAX];
	int read[64];
	size_t count;
} medium;

static int note_put(
	void *place, int space, struct store_put *puts, size_t count, struct tote_fault *fault)
{
	(void)place;
	for (size_t i = 0; i < count && medium.count < 64; i++)
		snprintf(medium.name[medium.count++], TILE_NAME_MAX, "%s", puts[i].name);
	return tote__store_put_all(medium.inner, space, puts, count, fault);
}

static int note_open(void *place, int space, const char *name, uint32_t flags, void **ret_object,
	struct store_stat *ret_stat, struct tote_fault *fault)
{
	for (size_t i = 0; i < medium.count; i++)
		if (strcmp(medium.name[i], name) == 0 && flags & STORE_UNCACHED)
			medium.read[i] = 1;
	return medium.open(place, space, name, flags, ret_object, ret_stat, fault);
}

START_TEST(all_that_is_new_is_read_back_from_the_medium_before_it_is_signed)
{
	struct faults faults;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	l = fixture_open(&f);
	append_grouped(l, 1, 1300);
	memset(&medium, 0, sizeof(medium));
	medium.inner = &f.place;
	medium.open = faults.ops.object_open;
	faults.ops.put_all = note_put;
	faults.ops.object_open = note_open;
	f.keeper.fail_sign = 1; /* so that nothing that comes after it counts */
	ck_assert_int_lt(tote__ledger_fold(l, &c, NULL, &f.fault), 0);
	ck_assert_uint_eq(medium.count, 13); /* 5 full, 1 partial, of each kind, and one above */
	for (size_t i = 0; i < medium.count; i++)
		ck_assert_msg(medium.read[i], "%s was not", medium.name[i]);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* --- appends meanwhile, and after a sync that failed ---------------------------------------- */

struct meanwhile {
	struct ledger *own, *other;
	uint64_t next;
	const char *at;
	int done;
};

static void append_meanwhile(void *user, const char *call)
{
	struct meanwhile *m = user;

	if (m->done || strcmp(call, m->at) != 0)
		return;
	m->done = 1;
	append_numbers(m->own, m->next, m->next + 1);
	append_numbers(m->other, m->next + 1, m->next + 3);
	append_numbers(m->own, m->next + 3, m->next + 4);
}

/* The fold stands still in the middle of each of its steps until appends, ours and others', are done. */
START_TEST(appends_go_on_while_a_fold_stands_still)
{
	static const char *const steps[] = {"put_all", "barrier", "object_read", "cell_swap"};
	struct fixture f, other;
	struct meanwhile m = {.next = 300, .at = steps[_i]};
	struct faults faults;
	struct checkpoint c;

	fixture_make(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	other = f; /* as another process: a place of its own */
	ck_ok(tote__place_open(
		      f.ctx, f.backend, f.location, LAYOUT_CONTAINER, 0, &other.place, &f.fault),
		f.fault);
	other.options.place = &other.place;
	m.other = fixture_open(&other);
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	m.own = fixture_open(&f);
	append_grouped(m.own, 1, 300);
	faults.after = append_meanwhile;
	faults.user = &m;
	ck_ok(tote__ledger_fold(m.own, &c, NULL, &f.fault), f.fault);
	faults.after = NULL;
	ck_assert_int_eq(m.done, 1);
	ck_assert_uint_eq(c.size, 300);
	ledger_is_whole(m.own, 304);
	log_is_whole(&f, 300);
	fold(m.own, 304);
	log_is_whole(&f, 304);
	tote__ledger_close(m.own);
	tote__ledger_close(m.other);
	tote__place_close(&other.place);
	fixture_remove(&f);
}
END_TEST

/* When the file last became what it is; an inode's number may come again. */
static int64_t changed_at(struct fixture *f, const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(fixture_path(f, name), &st), 0);
	usleep(20000); /* longer than a file system's clock stands still */
	return (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}

/*
 * FORMAT section 5: within one process a sync that failed is never repeated as if nothing had
 * happened. What the failed one was to make durable is written once more, by name and by bytes.
 */
START_TEST(behind_a_sync_that_failed_the_next_fold_writes_anew)
{
	static const struct {
		const char *call, *file;
	} cases[] = {{"barrier", "log/tile/entries/000"}, {"barrier", "log/tile/0/001.p/44"},
		{"cell_swap", "log/checkpoint"}};
	struct faults faults;
	struct checkpoint c;
	int64_t before;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	l = fixture_open(&f);
	append_grouped(l, 1, 300);
	faults.only = cases[_i].call;
	faults_arm(&faults, FAULT_REPORTED, 0);
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_IO, f.fault);
	ck_assert_int_eq(faults.fired, 1);
	faults_disarm(&faults);
	before = changed_at(&f, cases[_i].file);
	fold(l, 300);
	ck_assert_int_ne(changed_at(&f, cases[_i].file), before);
	log_is_whole(&f, 300);
	before = changed_at(&f, cases[_i].file);
	fold(l, 300); /* and then no more */
	ck_assert_int_eq(changed_at(&f, cases[_i].file), before);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(damage_below_the_checkpoint_stops_the_signature)
{
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	int signs;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_grouped(l, 1, 100);
	fold(l, 100);
	append_grouped(l, 100, 130);
	signs = f.keeper.signs;
	file_flip(fixture_path(&f, "log/tile/0/000.p/100"), 40, 1);
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	file_flip(fixture_path(&f, "log/tile/0/000.p/100"), 40, 1);
	file_flip(fixture_path(&f, "log/tile/entries/000.p/100"), 999, 1);
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	ck_assert_int_eq(f.keeper.signs, signs);
	file_flip(fixture_path(&f, "log/tile/entries/000.p/100"), 999, 1);
	fold(l, 130);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_wrong_signature_is_not_published)
{
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	append_numbers(l, 1, 3);
	f.keeper.flip = 1;
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_BAD_SIGNATURE, f.fault);
	f.keeper.flip = 0;
	log_is_whole(&f, 1);
	f.keeper.fail_last_write = 1;
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_IO, f.fault);
	f.keeper.fail_last_write = 0;
	log_is_whole(&f, 1);
	fold(l, 3);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(what_does_not_extend_the_last_one_signed_is_not_signed)
{
	uint8_t last[8192];
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	size_t len;
	int signs;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	append_numbers(l, 1, 5);
	fold(l, 5);
	memcpy(last, f.keeper.last, sizeof(last));
	len = f.keeper.last_len;
	append_numbers(l, 5, 9);
	signs = f.keeper.signs;
	fixture_sign_last(&f, FIXTURE_ORIGIN, 20, 3); /* an old copy of the ledger was put back */
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_ROLLBACK, f.fault);
	fixture_sign_last(&f, FIXTURE_ORIGIN, 7, 3); /* another history was signed */
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_FORK, f.fault);
	fixture_sign_last(&f, FIXTURE_ORIGIN, 7, 3);
	f.keeper.last[f.keeper.last_len - 10] ^= 1;
	ck_assert_int_lt(tote__ledger_fold(l, &c, NULL, &f.fault), 0);
	ck_assert_int_eq(f.keeper.signs, signs);
	memcpy(f.keeper.last, last, sizeof(last));
	f.keeper.last_len = len;
	fold(l, 9);
	fixture_sign_last(&f, FIXTURE_ORIGIN, 20,
		3); /* and where nothing is new, it is not given out as good either */
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_ROLLBACK, f.fault);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

static int no(void *user, const struct checkpoint *c, merkle_node_fn *node, void *tree,
	struct tote_fault *fault)
{
	uint8_t root[HASH_LEN];

	ck_assert_int_eq(tote__merkle_root(c->size, node, tree, NULL, root, fault), 0);
	ck_assert_mem_eq(root, c->root, HASH_LEN);
	return *(int *)user ? tote__fault(fault, TOTE_E_FORK, "the witness saw another") : 0;
}

START_TEST(what_the_witness_does_not_bear_out_is_not_signed)
{
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	int refuse = 0;

	fixture_make(&f, backends[_i]);
	f.options.hooks.user = &refuse;
	f.options.hooks.guard = no;
	l = fixture_create(&f);
	append_numbers(l, 1, 4);
	refuse = 1;
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_FORK, f.fault);
	log_is_whole(&f, 1);
	refuse = 0;
	fold(l, 4);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* The same tree by another name: its root says nothing against it. */
START_TEST(behind_a_checkpoint_of_another_ledger_nothing_is_appended)
{
	struct tote_fault fault = {0};
	struct fixture f;
	struct ledger *l;
	uint8_t *note;
	size_t len;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 4);
	fold(l, 4);
	tote__ledger_close(l);
	note = file_read(fixture_path(&f, "log/checkpoint"), &len);
	note[0] ^= 1;
	file_write(fixture_path(&f, "log/checkpoint"), note, len);
	l = fixture_open(&f);
	ck_fault(append_number(l, 4, LEDGER_SEQ_ANY, NULL, &fault), TOTE_E_UNTRUSTED, fault);
	note[0] ^= 1;
	file_write(fixture_path(&f, "log/checkpoint"), note, len);
	append_numbers(l, 4, 5);
	fold(l, 5);
	log_is_whole(&f, 5);
	free(note);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_checkpoint_that_somebody_else_signed_is_not_built_upon)
{
	uint8_t *note;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	size_t len;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 4);
	note = file_read(fixture_path(&f, "log/checkpoint"), &len);
	note[len - 20] = note[len - 20] == 'A' ? 'B' : 'A';
	file_write(fixture_path(&f, "log/checkpoint"), note, len);
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_BAD_SIGNATURE, f.fault);
	free(note);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

Suite *fold_guard_suite(void)
{
	Suite *s = suite_create("fold_guard");
	TCase *t = tcase_create("signature");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, one_flipped_bit_stops_the_signature, 0, PLACES);
	tcase_add_loop_test(t, one_bit_flipped_in_memory_stops_the_signature, 0, 2 * PLACES);
	tcase_add_test(t, all_that_is_new_is_read_back_from_the_medium_before_it_is_signed);
	tcase_add_loop_test(t, appends_go_on_while_a_fold_stands_still, 0, 4);
	tcase_add_loop_test(t, behind_a_sync_that_failed_the_next_fold_writes_anew, 0, 3);
	tcase_add_test(t, damage_below_the_checkpoint_stops_the_signature);
	tcase_add_loop_test(t, a_wrong_signature_is_not_published, 0, 2);
	tcase_add_loop_test(t, what_does_not_extend_the_last_one_signed_is_not_signed, 0, 2);
	tcase_add_loop_test(t, what_the_witness_does_not_bear_out_is_not_signed, 0, 2);
	tcase_add_test(t, behind_a_checkpoint_of_another_ledger_nothing_is_appended);
	tcase_add_test(t, a_checkpoint_that_somebody_else_signed_is_not_built_upon);
	suite_add_tcase(s, t);
	return s;
}
