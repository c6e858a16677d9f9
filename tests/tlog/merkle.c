/* SPDX-License-Identifier: ISC */
/*
 * The Merkle tree against RFC 6962 as it is printed (recursive, naive), against vectors, and
 * at the ends of its range.
 */
#include "tlog/rfc6962.h"
#include "vectors/tlog_vectors.h"

#define LARGEST  ((uint64_t)INT64_MAX)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static long calls, fail_at = -1; /* of the node callback; below 0: never */

/* A merkle_node_fn; size is the tree's, as the one that asks has it. */
static int model_node(
	void *size, unsigned level, uint64_t index, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	if (level >= LEVELS || (index + 1) << level > *(uint64_t *)size)
		ck_abort_msg("asked for node %ju of level %u", (uintmax_t)index, level);
	if (calls++ == fail_at)
		return tote__fault(fault, TOTE_E_IO, "no such node today");
	memcpy(out, model.node[level][index], HASH_LEN);
	return 0;
}

static void assert_same_proof(const struct proof *a, const struct proof *b, const char *what)
{
	ck_assert_msg(a->count == b->count, "%s: %zu hashes, not %zu", what, a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		ck_assert_msg(!memcmp(a->hash[i], b->hash[i], HASH_LEN), "%s: hash %zu", what, i);
}

/* --- vectors -------------------------------------------------------------------------------- */

static void proof_from_hex(const struct vector_proof *v, struct proof *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->count = v->count;
	for (size_t i = 0; i < v->count; i++)
		ck_assert_uint_eq(from_hex(v->hash[i], ret->hash[i]), HASH_LEN);
}

START_TEST(leaves_and_growing_roots_are_those_of_the_vectors)
{
	for (size_t t = 0; t < COUNT(vector_trees); t++) {
		const struct vector_tree *v = &vector_trees[t];
		struct frontier f;
		uint8_t entry[64], leaf[HASH_LEN], root[HASH_LEN];

		tote__frontier_init(&f);
		for (size_t n = 0;; n++) {
			tote__frontier_root(&f, NULL, root);
			ck_assert_str_eq(to_hex(root, HASH_LEN), v->root[n]);
			if (n == COUNT(v->entry))
				break;
			tote__hash_leaf(NULL, entry, from_hex(v->entry[n], entry), leaf);
			ck_assert_str_eq(to_hex(leaf, HASH_LEN), v->leaf[n]);
			tote__frontier_append(&f, NULL, leaf);
			ck_assert_uint_eq(f.size, n + 1);
		}
	}
}
END_TEST

START_TEST(proofs_of_the_vectors_verify)
{
	struct tote_fault fault = {0};
	uint8_t a[HASH_LEN], b[HASH_LEN];
	struct proof p;

	for (size_t t = 0; t < COUNT(vector_trees); t++) {
		const struct vector_tree *v = &vector_trees[t];

		for (size_t i = 0; i < v->inclusions; i++) {
			const struct vector_proof *q = &v->inclusion[i];

			proof_from_hex(q, &p);
			from_hex(v->leaf[q->from], a);
			from_hex(v->root[q->to], b);
			ck_ok(tote__merkle_verify_inclusion(NULL, q->from, q->to, a, &p, b, &fault),
				fault);
		}
		for (size_t i = 0; i < v->consistencies; i++) {
			const struct vector_proof *q = &v->consistency[i];

			proof_from_hex(q, &p);
			from_hex(v->root[q->from], a);
			from_hex(v->root[q->to], b);
			ck_ok(tote__merkle_verify_consistency(
				      NULL, q->from, q->to, &p, a, b, &fault),
				fault);
		}
	}
}
END_TEST

START_TEST(proofs_made_are_those_of_the_vectors)
{
	const struct vector_tree *v = &vector_trees[1]; /* "entry N", as the model */
	struct tote_fault fault = {0};
	struct proof want, got;

	model_make();
	for (size_t i = 0; i < v->inclusions; i++) {
		uint64_t size = v->inclusion[i].to;

		proof_from_hex(&v->inclusion[i], &want);
		ck_ok(tote__merkle_inclusion(
			      v->inclusion[i].from, size, model_node, &size, NULL, &got, &fault),
			fault);
		assert_same_proof(&got, &want, "inclusion");
	}
	for (size_t i = 0; i < v->consistencies; i++) {
		uint64_t size = v->consistency[i].to;

		proof_from_hex(&v->consistency[i], &want);
		ck_ok(tote__merkle_consistency(
			      v->consistency[i].from, size, model_node, &size, NULL, &got, &fault),
			fault);
		assert_same_proof(&got, &want, "consistency");
	}
}
END_TEST

/* --- everything, up to 130 leaves ----------------------------------------------------------- */

START_TEST(roots_and_frontiers_are_those_of_rfc_6962)
{
	struct tote_fault fault = {0};
	struct frontier grown, fetched;
	uint8_t root[HASH_LEN];

	model_make();
	tote__frontier_init(&grown);
	for (uint64_t n = 0; n <= LEAVES; n++) {
		tote__frontier_root(&grown, NULL, root);
		ck_assert_mem_eq(root, model.root[n], HASH_LEN);
		ck_ok(tote__merkle_root(n, model_node, &n, NULL, root, &fault), fault);
		ck_assert_mem_eq(root, model.root[n], HASH_LEN);
		ck_ok(tote__merkle_frontier(n, model_node, &n, &fetched, &fault), fault);
		ck_assert_uint_eq(fetched.size, n);
		/* one that was fetched goes on growing like one that was grown */
		for (size_t i = n; i < LEAVES && i < n + 3; i++)
			tote__frontier_append(&fetched, NULL, model.leaf[i]);
		tote__frontier_root(&fetched, NULL, root);
		ck_assert_mem_eq(root, model.root[fetched.size], HASH_LEN);
		if (n < LEAVES)
			tote__frontier_append(&grown, NULL, model.leaf[n]);
	}
}
END_TEST

START_TEST(all_proofs_are_those_of_rfc_6962_and_verify)
{
	struct tote_fault fault = {0};
	char turns[PROOF_MAX];
	struct proof want, got;

	model_make();
	for (uint64_t n = 1; n <= LEAVES; n++) {
		for (uint64_t i = 0; i < n; i++) {
			want.count = 0;
			model_path(i, 0, n, &want, turns);
			ck_ok(tote__merkle_inclusion(i, n, model_node, &n, NULL, &got, &fault),
				fault);
			assert_same_proof(&got, &want, "inclusion");
			ck_ok(tote__merkle_verify_inclusion(
				      NULL, i, n, model.leaf[i], &got, model.root[n], &fault),
				fault);
		}
		for (uint64_t m = 0; m <= n; m++) {
			want.count = 0;
			if (m)
				model_subproof(m, 0, n, 1, &want);
			ck_ok(tote__merkle_consistency(m, n, model_node, &n, NULL, &got, &fault),
				fault);
			assert_same_proof(&got, &want, "consistency");
			ck_ok(tote__merkle_verify_consistency(
				      NULL, m, n, &got, model.root[m], model.root[n], &fault),
				fault);
		}
	}
}
END_TEST

/* --- edges ---------------------------------------------------------------------------------- */

START_TEST(nothing_is_consistent_with_everything_by_an_empty_proof_only)
{
	struct tote_fault fault = {0};
	struct proof p = {.count = 0};

	model_make();
	ck_ok(tote__merkle_verify_consistency(NULL, 0, 5, &p, model.root[0], model.root[5], &fault),
		fault);
	ck_ok(tote__merkle_verify_consistency(NULL, 0, 0, &p, model.root[0], model.root[0], &fault),
		fault);
	refuse_consistency(TOTE_E_BAD_PROOF, 0, 0, &p, model.root[0], model.root[1], "junk root");
	p.count = 1;
	refuse_consistency(TOTE_E_BAD_PROOF, 0, 5, &p, model.root[0], model.root[5], "not empty");
	refuse_consistency(TOTE_E_BAD_PROOF, 5, 5, &p, model.root[5], model.root[5], "not empty");
	p.count = 0;
	refuse_consistency(TOTE_E_BAD_PROOF, 5, 5, &p, model.root[5], model.root[4], "fork");
}
END_TEST

START_TEST(senseless_sizes_are_refused_before_anything_is_read)
{
	struct tote_fault fault = {0};
	struct proof p = {.count = PROOF_MAX + 1};
	struct frontier f;
	uint64_t none = 0;
	uint8_t root[HASH_LEN];

	model_make();
	ck_fault(tote__merkle_root(LARGEST + 1, model_node, &none, NULL, root, &fault),
		TOTE_E_ARGUMENT, fault);
	ck_fault(tote__merkle_frontier(UINT64_MAX, model_node, &none, &f, &fault), TOTE_E_ARGUMENT,
		fault);
	ck_fault(tote__merkle_inclusion(0, 0, model_node, &none, NULL, &p, &fault), TOTE_E_ARGUMENT,
		fault);
	ck_fault(tote__merkle_inclusion(7, 7, model_node, &none, NULL, &p, &fault), TOTE_E_ARGUMENT,
		fault);
	ck_fault(tote__merkle_consistency(4, 3, model_node, &none, NULL, &p, &fault),
		TOTE_E_ARGUMENT, fault);
	ck_fault(tote__merkle_consistency(4, LARGEST + 1, model_node, &none, NULL, &p, &fault),
		TOTE_E_ARGUMENT, fault);
	ck_assert_uint_eq(p.count, PROOF_MAX + 1);
	refuse_inclusion(TOTE_E_ARGUMENT, 0, 0, model.leaf[0], &p, model.root[0], "size 0");
	refuse_inclusion(TOTE_E_ARGUMENT, 0, LARGEST + 1, model.leaf[0], &p, model.root[1], "2^63");
	refuse_consistency(
		TOTE_E_ARGUMENT, 1, LARGEST + 1, &p, model.root[1], model.root[1], "2^63");
	/* a count from nowhere never leads behind the array */
	refuse_inclusion(TOTE_E_BAD_PROOF, 0, LARGEST, model.leaf[0], &p, model.root[1], "count");
	refuse_consistency(TOTE_E_BAD_PROOF, 3, LARGEST, &p, model.root[3], model.root[4], "count");
}
END_TEST

START_TEST(a_node_that_cannot_be_had_is_reported_and_nothing_is_returned)
{
	struct tote_fault fault = {0};
	struct frontier f = {.size = 77};
	struct proof p = {.count = 77};
	uint8_t root[HASH_LEN] = {77};
	uint64_t n = 107; /* five perfect subtrees */

	model_make();
	for (fail_at = 0; fail_at < 5; fail_at++) {
		calls = 0;
		ck_fault(
			tote__merkle_root(n, model_node, &n, NULL, root, &fault), TOTE_E_IO, fault);
		calls = 0;
		ck_fault(tote__merkle_frontier(n, model_node, &n, &f, &fault), TOTE_E_IO, fault);
		calls = 0;
		ck_fault(tote__merkle_inclusion(5, n, model_node, &n, NULL, &p, &fault), TOTE_E_IO,
			fault);
		calls = 0;
		ck_fault(tote__merkle_consistency(5, n, model_node, &n, NULL, &p, &fault),
			TOTE_E_IO, fault);
	}
	fail_at = -1;
	ck_assert_uint_eq(f.size, 77);
	ck_assert_uint_eq(p.count, 77);
	ck_assert_uint_eq(root[0], 77);
}
END_TEST

/* A tree of equal leaves: perfect[level] is every node of that level. */
static uint8_t perfect[63][HASH_LEN];

static int equal_node(
	void *user, unsigned level, uint64_t index, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	(void)user;
	(void)fault;
	ck_assert_uint_lt(level, 63);
	ck_assert_uint_lt(index, LARGEST >> level);
	memcpy(out, perfect[level], HASH_LEN);
	return 0;
}

START_TEST(the_largest_tree_has_proofs_and_they_fit)
{
	static const uint64_t olds[] = {
		1, 2, 3, 5, UINT64_C(1) << 62, (UINT64_C(1) << 62) + 1, LARGEST - 1, LARGEST};
	static const uint64_t indices[] = {0, 1, UINT64_C(1) << 62, LARGEST - 2, LARGEST - 1};
	struct tote_fault fault = {0};
	uint8_t root[HASH_LEN], old[HASH_LEN];
	struct proof p;

	tote__hash_leaf(NULL, "", 0, perfect[0]);
	for (size_t i = 1; i < 63; i++)
		tote__hash_node(NULL, perfect[i - 1], perfect[i - 1], perfect[i]);
	ck_ok(tote__merkle_root(LARGEST, equal_node, NULL, NULL, root, &fault), fault);
	for (size_t i = 0; i < COUNT(indices); i++) {
		ck_ok(tote__merkle_inclusion(
			      indices[i], LARGEST, equal_node, NULL, NULL, &p, &fault),
			fault);
		ck_assert_uint_le(p.count, 63);
		ck_ok(tote__merkle_verify_inclusion(
			      NULL, indices[i], LARGEST, perfect[0], &p, root, &fault),
			fault);
	}
	for (size_t i = 0; i < COUNT(olds); i++) {
		ck_ok(tote__merkle_consistency(
			      olds[i], LARGEST, equal_node, NULL, NULL, &p, &fault),
			fault);
		ck_assert_uint_le(p.count, PROOF_MAX);
		ck_assert(olds[i] != 3 || p.count == PROOF_MAX); /* the longest there is */
		ck_ok(tote__merkle_root(olds[i], equal_node, NULL, NULL, old, &fault), fault);
		ck_ok(tote__merkle_verify_consistency(
			      NULL, olds[i], LARGEST, &p, old, root, &fault),
			fault);
	}
}
END_TEST

Suite *merkle_suite(void);

Suite *merkle_suite(void)
{
	Suite *s = suite_create("merkle");
	TCase *c = tcase_create("merkle");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, leaves_and_growing_roots_are_those_of_the_vectors);
	tcase_add_test(c, proofs_of_the_vectors_verify);
	tcase_add_test(c, proofs_made_are_those_of_the_vectors);
	tcase_add_test(c, roots_and_frontiers_are_those_of_rfc_6962);
	tcase_add_test(c, all_proofs_are_those_of_rfc_6962_and_verify);
	tcase_add_test(c, nothing_is_consistent_with_everything_by_an_empty_proof_only);
	tcase_add_test(c, senseless_sizes_are_refused_before_anything_is_read);
	tcase_add_test(c, a_node_that_cannot_be_had_is_reported_and_nothing_is_returned);
	tcase_add_test(c, the_largest_tree_has_proofs_and_they_fit);
	suite_add_tcase(s, c);
	return s;
}
