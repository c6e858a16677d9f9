/* SPDX-License-Identifier: ISC */
/*
 * Proofs from a view: an outsider verifies them, and a damaged log gives none.
 */
#include "ledger/prove.h"
#include "ledger/logs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
	struct logs *logs;
	struct view view;
	struct buf out;
	struct tote_fault fault;
};

static struct fixture *fixture_new(uint64_t entries)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->logs = logs_new("box", LAYOUT_CONTAINER);
	tote__buf_init(&f->out, plain_heap(), NOTE_MAX);
	logs_add(f->logs, entries);
	logs_fold(f->logs, entries);
	ck_ok(tote__view_open(&f->view, &f->logs->place, 0, &f->fault), f->fault);
	return f;
}

static void fixture_free(struct fixture *f)
{
	tote__view_close(&f->view);
	tote__buf_free(&f->out);
	logs_free(f->logs);
	free(f);
}

static const uint64_t sizes[] = {1, 2, 3, 7, 64, 255, 256, 257, 300, 513, 600};

START_TEST(each_entry_has_a_proof_that_holds_for_it_alone)
{
	uint64_t size = sizes[_i];
	struct fixture *f = fixture_new(size);
	uint8_t root[HASH_LEN];

	logs_root(f->logs, size, root);
	for (uint64_t seq = 0; seq<size; seq += size> 100 ? 7 : 1) {
		struct proof_file file;
		struct checkpoint c;
		struct note note;

		tote__buf_reset(&f->out);
		ck_ok(tote__prove_entry(&f->view, seq, &f->out, &f->fault), f->fault);
		ck_ok(tote__proof_parse(f->out.data, f->out.len, &file, &f->fault), f->fault);
		ck_assert_uint_eq(file.index, seq);
		ck_ok(tote__checkpoint_read(
			      file.checkpoint, file.checkpoint_len, &note, &c, &f->fault),
			f->fault);
		ck_assert_int_eq(tote__note_verify(&note, &f->logs->key.key, &f->fault), 1);
		ck_assert_mem_eq(c.root, root, HASH_LEN);
		ck_ok(tote__merkle_verify_inclusion(
			      NULL, seq, size, f->logs->leaf[seq], &file.path, root, &f->fault),
			f->fault);
		if (size > 1) {
			const uint8_t *other = f->logs->leaf[(seq + 1) % size];

			ck_fault(tote__merkle_verify_inclusion(
					 NULL, seq, size, other, &file.path, root, &f->fault),
				TOTE_E_BAD_PROOF, f->fault);
			memset(&f->fault, 0, sizeof(f->fault));
		}
	}
	fixture_free(f);
}
END_TEST

START_TEST(what_the_checkpoint_does_not_cover_has_no_proof)
{
	struct fixture *f = fixture_new(5);
	struct proof proof;

	tote__buf_puts(&f->out, "before");
	ck_fault(tote__prove_entry(&f->view, 5, &f->out, &f->fault), TOTE_E_NOT_FOUND, f->fault);
	ck_fault(tote__prove_consistency(&f->view, 1, 6, &proof, &f->fault), TOTE_E_NOT_FOUND,
		f->fault);
	ck_fault(tote__prove_consistency(&f->view, 3, 2, &proof, &f->fault), TOTE_E_ARGUMENT,
		f->fault);
	ck_assert_uint_eq(f->out.len, 6);
	fixture_free(f);
}
END_TEST

START_TEST(any_two_sizes_are_shown_to_be_consistent)
{
	static const uint64_t steps[] = {0, 1, 2, 3, 8, 255, 256, 257, 299, 300};
	struct fixture *f = fixture_new(300);
	struct proof proof;
	uint8_t from_root[HASH_LEN], to_root[HASH_LEN];

	for (size_t i = 0; i < COUNT(steps); i++) {
		for (size_t k = i; k < COUNT(steps); k++) {
			logs_root(f->logs, steps[i], from_root);
			logs_root(f->logs, steps[k], to_root);
			ck_ok(tote__prove_consistency(
				      &f->view, steps[i], steps[k], &proof, &f->fault),
				f->fault);
			ck_ok(tote__merkle_verify_consistency(NULL, steps[i], steps[k], &proof,
				      from_root, to_root, &f->fault),
				f->fault);
		}
	}
	fixture_free(f);
}
END_TEST

START_TEST(a_damaged_log_gives_an_error_and_no_proof)
{
	static const struct {
		const char *file;
		size_t at;
		uint64_t seq;
	} cases[] = {
		{"tile/entries/000", 40, 7},
		{"tile/0/000", 6 * HASH_LEN, 7},
		{"tile/1/000.p/1", 3, 7},
		{"tile/0/001.p/44", 3, 7},
		{"tile/entries/001.p/44", 100, 299},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = fixture_new(300);

		tote__view_close(&f->view);
		logs_damage(f->logs, cases[i].file, cases[i].at, 0);
		ck_ok(tote__view_open(&f->view, &f->logs->place, 0, &f->fault), f->fault);
		tote__buf_puts(&f->out, "before");
		ck_fault(tote__prove_entry(&f->view, cases[i].seq, &f->out, &f->fault),
			TOTE_E_DAMAGED, f->fault);
		ck_assert_uint_eq(f->out.len, 6);
		fixture_free(f);
	}
}
END_TEST

START_TEST(a_damaged_or_missing_tile_gives_no_proof_of_consistency)
{
	struct fixture *f = fixture_new(300);
	struct proof proof;

	logs_damage(f->logs, "tile/0/000", 9 * HASH_LEN, 0);
	ck_fault(tote__prove_consistency(&f->view, 10, 300, &proof, &f->fault), TOTE_E_DAMAGED,
		f->fault);
	tote__view_close(&f->view);
	memset(&f->fault, 0, sizeof(f->fault));
	logs_remove(f->logs, "tile/0/000");
	ck_ok(tote__view_open(&f->view, &f->logs->place, 0, &f->fault), f->fault);
	ck_fault(tote__prove_consistency(&f->view, 10, 300, &proof, &f->fault), TOTE_E_DAMAGED,
		f->fault);
	fixture_free(f);
}
END_TEST

Suite *prove_suite(void)
{
	Suite *s = suite_create("prove");
	TCase *c = tcase_create("prove");

	tcase_add_loop_test(c, each_entry_has_a_proof_that_holds_for_it_alone, 0, COUNT(sizes));
	tcase_add_test(c, what_the_checkpoint_does_not_cover_has_no_proof);
	tcase_add_test(c, any_two_sizes_are_shown_to_be_consistent);
	tcase_add_test(c, a_damaged_log_gives_an_error_and_no_proof);
	tcase_add_test(c, a_damaged_or_missing_tile_gives_no_proof_of_consistency);
	suite_add_tcase(s, c);
	return s;
}
