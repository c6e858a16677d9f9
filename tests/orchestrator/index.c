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
		/* nor is more memory asked for than there are bytes */
		ck_assert_int_ne(tote__index_decode(&taken, whole.data, whole.len, &r.fault),
			TOTE_E_NO_MEMORY);
		tote__registry_free(&taken);
		memset(&r.fault, 0, sizeof(r.fault));
		whole.data[i] ^= 0x81;
	}
	tote__buf_free(&whole);
	root_remove(&r);
}
END_TEST

START_TEST(an_index_of_another_root_is_left_out)
{
	struct root r, other;

	root_make(&other);
	root_provision(&other, "b");
	write_index(&other);
	root_make(&r);
	root_provision(&r, "a");
	write_index(&r);
	root_close(&r);
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

/* --- what is on disk ------------------------------------------------------------------------- */

#define HEAD_LEN (strlen("toteborch.index/2\n") + 8 + HASH_LEN)

/* Those bytes as the index, with the digest that they must have. */
static void forge(struct root *r, const uint8_t *data, size_t len)
{
	struct hash h;
	struct buf b;
	uint8_t digest[HASH_LEN];

	tote__hash_init(&h, tote__hasher(r->ctx));
	tote__hash_update(&h, data, len);
	tote__hash_final(&h, digest);
	tote__buf_init(&b, &r->ctx->heap, INDEX_MAX);
	tote__buf_put(&b, data, len);
	tote__buf_put(&b, digest, sizeof(digest));
	file_write(index_path(r), b.data, b.len);
	tote__buf_free(&b);
}

/* And opens the root: it is left out, and then replaced. */
static void is_left_out(struct root *r, const struct buf *whole, const char *why)
{
	root_open(r);
	ck_assert_msg(!r->o->index_used, "%s", why);
	is_same(r, whole, why);
	root_reopen(r);
	ck_assert_msg(r->o->index_used, "%s: it is replaced by who may write", why);
	root_close(r);
}

START_TEST(an_index_whose_head_says_another_thing_than_its_body_is_left_out)
{
	uint8_t *first, *second, *forged;
	size_t first_len, len;
	struct buf whole;
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	write_index(&r);
	first = file_read(index_path(&r), &first_len);
	root_provision(&r, "b");
	write_index(&r);
	whole = bytes_of(&r);
	second = file_read(index_path(&r), &len);
	root_close(&r);
	forged = malloc(len);
	memcpy(forged, second, len);
	memcpy(forged, first, HEAD_LEN); /* true of this record, but not of that body */
	forge(&r, forged, len - HASH_LEN);
	is_left_out(&r, &whole, "another size");
	memcpy(forged, second, len);
	forged[strlen("toteborch.index/")] = '1';
	forge(&r, forged, len - HASH_LEN);
	is_left_out(&r, &whole, "another version");
	memcpy(forged, second, len);
	forged[HEAD_LEN + 8] ^= 1; /* the first letter of it */
	forge(&r, forged, len - HASH_LEN);
	is_left_out(&r, &whole, "another origin");
	free(first);
	free(second);
	free(forged);
	tote__buf_free(&whole);
	root_remove(&r);
}
END_TEST

START_TEST(an_index_of_what_an_older_copy_has_not_yet_is_left_out)
{
	struct buf whole;
	struct root r;
	char older[512];

	root_make(&r);
	root_provision(&r, "a");
	write_index(&r);
	whole = bytes_of(&r);
	root_close(&r);
	named(older, "%s", scratch_path(&r.scratch, "older"));
	copy_tree(r.path, older);
	root_open(&r);
	root_provision(&r, "b");
	write_index(&r);
	root_close(&r);
	ck_assert_int_eq(run_shell(printed("cp '%s' '%s/orchestrator/index/registry'",
				 index_path(&r), older)),
		0);
	remove_tree(r.path);
	ck_assert_int_eq(rename(older, r.path), 0);
	is_left_out(&r, &whole, "an older copy");
	tote__buf_free(&whole);
	root_remove(&r);
}
END_TEST

START_TEST(it_is_written_once_in_a_while_and_only_of_what_is_signed_for)
{
	struct tote_box_info info = {.size = sizeof(info)};
	struct root r;
	uint64_t indexed;
	size_t len;
	uint8_t *before, *after;

	root_make(&r);
	root_provision(&r, "a");
	write_index(&r);
	indexed = r.o->indexed;
	before = file_read(index_path(&r), &len);
	root_provision(&r, "b");
	ck_ok(tote__record_fold(r.o, &r.fault), r.fault);
	tote__index_save(r.o);
	ck_assert_uint_eq(r.o->indexed, indexed);
	root_provision(&r, "c");
	ck_ok(tote__orchestrator_refresh(r.o, &r.fault), r.fault);
	ck_ok(tote_box_info(r.o->record, &info, &r.fault), r.fault);
	ck_assert_uint_gt(info.entries, info.covered);
	r.o->indexed = r.o->registry.next - INDEX_EVERY;
	indexed = r.o->indexed;
	tote__index_save(r.o);
	ck_assert_uint_eq(r.o->indexed, indexed);
	after = file_read(index_path(&r), &len);
	ck_assert_mem_eq(before, after, len);
	free(before);
	free(after);
	root_remove(&r);
}
END_TEST

/* --- what is in it --------------------------------------------------------------------------- */

START_TEST(no_name_is_taken_beyond_its_place_and_nothing_may_follow)
{
	enum { REST = 9 * 8 + HASH_LEN + 4 * 8 }; /* a registry of nothing, behind its origin */
	struct registry taken;
	struct root r;
	struct buf b;

	root_make(&r);
	for (size_t longer = 0; longer < 2; longer++)
		for (size_t more = 0; more < 2; more++) {
			const size_t len = sizeof(taken.origin) - 1 + longer;
			int rc;

			tote__buf_init(&b, &r.ctx->heap, INDEX_MAX);
			tote__buf_put_u64(&b, len);
			for (size_t i = 0; i < len; i++)
				tote__buf_put(&b, "x", 1);
			tote__buf_put_zeros(&b, REST + more);
			tote__registry_init(&taken, &r.ctx->heap);
			rc = tote__index_decode(&taken, b.data, b.len, &r.fault);
			ck_assert_int_eq(rc, longer || more ? TOTE_E_MALFORMED : 0);
			memset(&r.fault, 0, sizeof(r.fault));
			tote__registry_free(&taken);
			tote__buf_free(&b);
		}
	root_remove(&r);
}
END_TEST

START_TEST(a_flag_that_is_not_where_it_is_said_to_be_is_malformed)
{
	struct registry taken;
	struct root r;
	struct buf b;

	root_make(&r);
	root_provision(&r, "a");
	file_write(asset(&r, "a", "foreign"), "x", 1);
	audit(&r, "a");
	ck_assert_uint_eq(r.o->registry.flag_count, 1);
	r.o->registry.flags[0].seq++;
	b = bytes_of(&r);
	r.o->registry.flags[0].seq--;
	tote__registry_init(&taken, &r.ctx->heap);
	ck_fault(tote__index_decode(&taken, b.data, b.len, &r.fault), TOTE_E_MALFORMED, r.fault);
	tote__registry_free(&taken);
	tote__buf_free(&b);
	root_remove(&r);
}
END_TEST

/* Numbers of which no two are the same; whoever adds a field that is kept gives it one here. */
static void know_all(struct registry *g, struct known *k, const struct heap *heap)
{
	k->history = (struct known_history){.begun = 1,
		.begun_us = 2,
		.done = {{.us = 3, .seq = 4}, {.us = 5, .seq = 6}},
		.failed_us = 7,
		.failed_took_us = 8,
		.failed_count = 9,
		.moved = 10};
	k->runs.open = tote__heap_new(heap, 1, sizeof(*k->runs.open), NULL);
	k->runs.open_count = k->runs.open_cap = 1;
	k->runs.open[0] = (struct open_run){.run = 11,
		.first = 12,
		.job = 13,
		.level = 14,
		.all = 1,
		.found = 15,
		.cached = 1,
		.stopped = 1,
		.from = 16,
		.to = 17,
		.covered_to = 18};
	k->runs.ranges = tote__heap_new(heap, 1, sizeof(*k->runs.ranges), NULL);
	k->runs.range_count = k->runs.range_cap = 1;
	k->runs.ranges[0] = (struct covered_range){
		.from = 19, .to = 20, .size = 21, .leaf = {22}, .run = 23, .time_us = 24};
	k->flags = tote__heap_new(heap, 1, sizeof(*k->flags), NULL);
	k->flag_count = k->flag_cap = 1;
	k->flags[0] = (struct known_flag){.seq = 25,
		.finding = 26,
		.code = 27,
		.raised_us = 28,
		.acknowledged_us = 29,
		.cleared = 1};
	k->cached = CACHED_ASKED;
	g->stepped_seq = 30;
	g->stepped_us = 31;
	g->newest_us = 32;
}

START_TEST(what_a_registry_knows_it_knows_again)
{
	struct registry told, taken;
	const struct open_run *run;
	const struct known_flag *flag;
	struct known *k, *again;
	struct root r;
	struct buf b;

	root_make(&r);
	tote__registry_init(&told, &r.ctx->heap);
	tote__registry_init(&taken, &r.ctx->heap);
	ck_ok(tote__registry_add(&told, "a", &k, &r.fault), r.fault);
	know_all(&told, k, &r.ctx->heap);
	tote__buf_init(&b, &r.ctx->heap, INDEX_MAX);
	ck_ok(tote__index_encode(&told, &b, &r.fault), r.fault);
	ck_ok(tote__index_decode(&taken, b.data, b.len, &r.fault), r.fault);
	again = tote__registry_find(&taken, "a");
	ck_assert_ptr_nonnull(again);
	ck_assert_mem_eq(&again->history, &k->history, sizeof(k->history));
	ck_assert_uint_eq(again->runs.range_count, 1);
	ck_assert_mem_eq(again->runs.ranges, k->runs.ranges, sizeof(*k->runs.ranges));
	ck_assert_uint_eq(again->runs.open_count, 1);
	run = again->runs.open;
	ck_assert_uint_eq(run->run, 11);
	ck_assert_uint_eq(run->first, 12);
	ck_assert_uint_eq(run->job, 13);
	ck_assert_uint_eq(run->level, 14);
	ck_assert(run->all && run->stopped && run->cached && !run->part);
	ck_assert_uint_eq(run->found, 15);
	ck_assert_uint_eq(run->from, 16);
	ck_assert_uint_eq(run->to, 17);
	ck_assert_uint_eq(run->covered_to, 18);
	ck_assert_uint_eq(again->cached, CACHED_ASKED);
	ck_assert_uint_eq(again->flag_count, 1);
	flag = again->flags;
	ck_assert_uint_eq(flag->seq, 25);
	ck_assert_uint_eq(flag->finding, 26);
	ck_assert_int_eq(flag->code, 27);
	ck_assert_int_eq(flag->raised_us, 28);
	ck_assert_int_eq(flag->acknowledged_us, 29);
	ck_assert_int_eq(flag->cleared, 1);
	ck_assert_uint_eq(taken.stepped_seq, 30);
	ck_assert_int_eq(taken.stepped_us, 31);
	ck_assert_int_eq(taken.newest_us, 32);
	tote__buf_free(&b);
	tote__registry_free(&told);
	tote__registry_free(&taken);
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
	tcase_add_test(tests, an_index_of_another_root_is_left_out);
	tcase_add_test(
		tests, an_index_that_lies_with_a_good_digest_is_found_by_comparing_and_put_right);
	tcase_add_test(tests, a_name_in_the_directory_that_is_not_the_index_is_found);
	tcase_add_test(tests, an_index_whose_head_says_another_thing_than_its_body_is_left_out);
	tcase_add_test(tests, an_index_of_what_an_older_copy_has_not_yet_is_left_out);
	tcase_add_test(tests, it_is_written_once_in_a_while_and_only_of_what_is_signed_for);
	tcase_add_test(tests, no_name_is_taken_beyond_its_place_and_nothing_may_follow);
	tcase_add_test(tests, a_flag_that_is_not_where_it_is_said_to_be_is_malformed);
	tcase_add_test(tests, what_a_registry_knows_it_knows_again);
	suite_add_tcase(suite, tests);
	return suite;
}
