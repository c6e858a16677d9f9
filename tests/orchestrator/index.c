/* SPDX-License-Identifier: ISC */
/*
 * The index: the same registry as from the record, believed only with the record's own root, and
 * never missed.
 */
#include "orchestrator/index.h"
#include "orchestrator/index_file.h"
#include "orchestrator/outcome.h"
#include "orchestrator/record.h"
#include "orchestrator/root.h"

static unsigned seed = 1;

static unsigned chance(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

static const char *index_path(const struct root *r)
{
	return printed("%s/orchestrator/index/registry", r->path);
}

/* The registry as bytes. */
static struct buf bytes_of(struct root *r)
{
	struct buf b;

	tote__buf_init(&b, &r->ctx->heap, INDEX_MAX);
	ck_ok(tote__index_encode(&r->o->registry, &b, &r->fault), r->fault);
	return b;
}

static int is_there(struct root *r, const char *id)
{
	struct tote_container c = {.size = sizeof(c)};

	return tote_orchestrator_find(r->o, id, &c, &r->fault) == 0 &&
	       !(c.flags & TOTE_CONTAINER_DETACHED);
}

/* Something of everything that the record tells; what is refused is no history. */
static void do_something(struct root *r, int step)
{
	char id[64];
	struct tote_policy p = {
		.size = sizeof(p), .set = TOTE_POLICY_RATE, .rate = chance(9) * 1000};
	struct tote_flag flag = {.size = sizeof(flag)};

	snprintf(id, sizeof(id), "box-%u", chance(4));
	switch (chance(9)) {
	case 0:
		tote_orchestrator_provision(r->o, id, NULL, NULL, &r->fault);
		break;
	case 1:
		tote_orchestrator_set_policy(r->o, id, &p, "op@host", 0, &r->fault);
		break;
	case 2:
		root_move(r, id, chance(2) ? TOTE_STATE_SUSPENDED : TOTE_STATE_ACTIVE);
		break;
	case 3:
		if (is_there(r, id))
			file_write(printed("%s/containers/%s/assets/foreign-%d", r->path, id, step),
				"x", 1);
		break;
	case 4:
		if (tote_orchestrator_next_flag(r->o, NULL, TOTE_SEQ_ANY, &flag, &r->fault) == 1)
			tote_orchestrator_acknowledge(
				r->o, flag.seq, "op@host", "seen", 0, &r->fault);
		break;
	case 5:
		tote_orchestrator_rotate(
			r->o, chance(2) ? "orchestrator" : "witness", NULL, "yearly", 0, &r->fault);
		break;
	case 6:
		tote_orchestrator_detach(r->o, id, NULL, "over", 0, &r->fault);
		break;
	default:
		if (is_there(r, id))
			audit(r, id);
	}
	memset(&r->fault, 0, sizeof(r->fault));
}

/* As if so much were new that it is written. */
static void write_index(struct root *r)
{
	ck_ok(tote__record_fold(r->o, &r->fault), r->fault);
	ck_ok(tote__orchestrator_refresh(r->o, &r->fault), r->fault);
	r->o->indexed = r->o->registry.next - INDEX_EVERY;
	tote__index_save(r->o);
	ck_assert_uint_eq(r->o->indexed, r->o->registry.next);
}

static void is_same(struct root *r, const struct buf *wanted, const char *when)
{
	struct buf now = bytes_of(r);

	ck_assert_msg(now.len == wanted->len && !memcmp(now.data, wanted->data, now.len),
		"%s: the registry is another", when);
	tote__buf_free(&now);
}

START_TEST(the_registry_from_the_index_is_the_one_from_the_record_whatever_happened)
{
	struct root r;
	struct buf whole;

	for (seed = 1; seed < 4; seed++) {
		unsigned kept = seed;

		root_make(&r);
		for (int i = 0; i < 40; i++)
			do_something(&r, i);
		write_index(&r);
		root_reopen(&r);
		ck_assert_uint_gt(r.o->index_used, 0);
		do_something(&r, 99);
		ck_ok(tote__orchestrator_refresh(r.o, &r.fault), r.fault);
		whole = bytes_of(&r);
		ck_assert_int_eq(tote__index_compare(r.o, &r.fault), 0);
		root_close(&r);
		ck_assert_int_eq(unlink(index_path(&r)), 0);
		root_open(&r);
		ck_assert_uint_eq(r.o->index_used, 0);
		is_same(&r, &whole, "without it");
		tote__buf_free(&whole);
		root_remove(&r);
		seed = kept;
	}
}
END_TEST

START_TEST(an_index_that_is_cut_or_flipped_anywhere_is_left_out_and_nothing_is_lost)
{
	struct root r;
	struct buf whole;
	size_t len;
	uint8_t *file;

	root_make(&r);
	root_provision(&r, "a");
	audit(&r, "a");
	write_index(&r);
	whole = bytes_of(&r);
	root_close(&r);
	file = file_read(index_path(&r), &len);
	for (size_t i = 0; i <= 40; i++) {
		size_t at = i < 24 ? i * 4 : len - 1 - (i - 24) * (len / 20);

		if (i % 2) {
			file_write(index_path(&r), file, at);
		} else {
			file[at] = (uint8_t)(file[at] ^ 1);
			file_write(index_path(&r), file, len);
			file[at] = (uint8_t)(file[at] ^ 1);
		}
		root_open(&r);
		ck_assert_msg(!r.o->index_used, "byte %zu", at);
		is_same(&r, &whole, "after damage");
		tote_orchestrator_unref(r.o);
		r.o = NULL;
	}
	file_write(index_path(&r), file, len);
	root_open(&r);
	ck_assert_uint_gt(r.o->index_used, 0);
	is_same(&r, &whole, "mended");
	free(file);
	tote__buf_free(&whole);
	root_remove(&r);
}
END_TEST

START_TEST(no_cut_and_no_flip_of_what_is_inside_harms_who_reads_it)
{
	struct registry taken;
	struct root r;
	struct buf whole;

	root_make(&r);
	for (int i = 0; i < 30; i++)
		do_something(&r, i);
	ck_ok(tote__orchestrator_refresh(r.o, &r.fault), r.fault);
	whole = bytes_of(&r);
	for (size_t i = 0; i < whole.len; i += 7) {
		tote__registry_init(&taken, &r.ctx->heap);
		ck_assert_int_eq(
			tote__index_decode(&taken, whole.data, i, &r.fault), TOTE_E_MALFORMED);
		memset(&r.fault, 0, sizeof(r.fault));
		tote__registry_free(&taken);
		whole.data[i] ^= 0x81;
		tote__registry_init(&taken, &r.ctx->heap);
		tote__index_decode(&taken, whole.data, whole.len, &r.fault);
		tote__registry_free(&taken);
		memset(&r.fault, 0, sizeof(r.fault));
		whole.data[i] ^= 0x81;
	}
	tote__buf_free(&whole);
	root_remove(&r);
}
END_TEST

START_TEST(an_index_of_another_root_or_of_a_longer_record_is_left_out)
{
	struct root r, other;

	root_make(&other);
	root_provision(&other, "b");
	write_index(&other);
	root_make(&r);
	root_provision(&r, "a");
	write_index(&r);
	root_close(&r);
	copy_tree(printed("%s", r.path), scratch_path(&r.scratch, "older"));
	ck_assert_int_eq(run_shell(printed("cp '%s/orchestrator/index/registry' "
					   "'%s/orchestrator/index/registry'",
				 other.path, r.path)),
		0);
	root_open(&r);
	ck_assert_uint_eq(r.o->index_used, 0);
	ck_assert_ptr_nonnull(tote__registry_find(&r.o->registry, "a"));
	ck_assert_ptr_null(tote__registry_find(&r.o->registry, "b"));
	root_reopen(&r);
	ck_assert_msg(r.o->index_used, "what was left out is replaced by who may write");
	root_remove(&other);
	root_remove(&r);
}
END_TEST

static void lie(struct root *r)
{
	tote__registry_find(&r->o->registry, "a")->detached = 1;
	write_index(r);
	root_reopen(r);
}

START_TEST(an_index_that_lies_with_a_good_digest_is_found_by_comparing_and_put_right)
{
	struct root r;
	struct outcome o;
	struct buf whole;

	root_make(&r);
	root_provision(&r, "a");
	write_index(&r);
	whole = bytes_of(&r);
	lie(&r);
	ck_assert_uint_gt(r.o->index_used, 0);
	ck_assert_int_eq(tote__index_compare(r.o, &r.fault), 1);
	is_same(&r, &whole, "compared");
	ck_assert_int_eq(tote__index_compare(r.o, &r.fault), 0);
	lie(&r);
	o = audit(&r, "orchestrator");
	ck_assert_int_eq(has_code(&o, FINDING_INDEX_DIFFERS), 1);
	ck_assert_int_eq(tote__registry_find(&r.o->registry, "a")->detached, 0);
	root_reopen(&r); /* and was replaced */
	ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
	tote__buf_free(&whole);
	root_remove(&r);
}
END_TEST

START_TEST(a_name_in_the_directory_that_is_not_the_index_is_found)
{
	struct root r;
	struct outcome o;

	root_make(&r);
	write_index(&r);
	ck_assert_uint_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	file_write(printed("%s/orchestrator/index/notes", r.path), "x", 1);
	o = audit(&r, "orchestrator");
	ck_assert_int_eq(has_code(&o, FINDING_ORCHESTRATOR_FOREIGN), 1);
	root_remove(&r);
}
END_TEST

Suite *index_suite(void)
{
	Suite *suite = suite_create("index");
	TCase *tests = tcase_create("index");

	tcase_set_timeout(tests, 60);
	tcase_add_test(
		tests, the_registry_from_the_index_is_the_one_from_the_record_whatever_happened);
	tcase_add_test(
		tests, an_index_that_is_cut_or_flipped_anywhere_is_left_out_and_nothing_is_lost);
	tcase_add_test(tests, no_cut_and_no_flip_of_what_is_inside_harms_who_reads_it);
	tcase_add_test(tests, an_index_of_another_root_or_of_a_longer_record_is_left_out);
	tcase_add_test(
		tests, an_index_that_lies_with_a_good_digest_is_found_by_comparing_and_put_right);
	tcase_add_test(tests, a_name_in_the_directory_that_is_not_the_index_is_found);
	suite_add_tcase(suite, tests);
	return suite;
}
