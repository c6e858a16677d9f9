/* SPDX-License-Identifier: ISC */
/*
 * Proofs that differ a little from a right one: for every tree of up to 130 leaves and every proof
 * in it, each hash flipped, dropped and added, and each number off by one.
 */
#include "tlog/rfc6962.h"

/* The k-th hash left out. */
static struct proof proof_without(const struct proof *p, size_t k)
{
	struct proof q = *p;

	memmove(q.hash[k], q.hash[k + 1], (--q.count - k) * HASH_LEN);
	return q;
}

/* One more at k: what stands there already, or zeros behind the last. */
static struct proof proof_with(const struct proof *p, size_t k)
{
	struct proof q = *p;

	memset(q.hash[q.count], 0, HASH_LEN);
	memmove(q.hash[k + 1], q.hash[k], (q.count - k) * HASH_LEN);
	q.count++;
	return q;
}

static struct proof proof_flipped(const struct proof *p, size_t k, size_t bit)
{
	struct proof q = *p;

	q.hash[k][bit / 8 % HASH_LEN] ^= (uint8_t)(1u << bit % 8);
	return q;
}

static void flip(uint8_t out[HASH_LEN], const uint8_t hash[HASH_LEN], size_t bit)
{
	memcpy(out, hash, HASH_LEN);
	out[bit / 8 % HASH_LEN] ^= (uint8_t)(1u << bit % 8);
}

/*
 * The size is not bound by a path: where another size has the same turns, the same path leads to
 * the same root. What binds it is that a checkpoint signs size and root together; so with the
 * root of the other size it is refused always.
 */
static void refuse_other_size(uint64_t i, uint64_t n, uint64_t other, const struct proof *p)
{
	struct tote_fault fault = {0};
	char here[PROOF_MAX] = "", there[PROOF_MAX] = "";
	struct proof a = {.count = 0}, b = {.count = 0};

	if (i >= other) {
		refuse_inclusion(TOTE_E_ARGUMENT, i, other, model.leaf[i], p, model.root[n],
			"index behind the end");
		return;
	}
	if (other > LEAVES)
		return;
	refuse_inclusion(TOTE_E_BAD_PROOF, i, other, model.leaf[i], p, model.root[other],
		"other size, its root");
	model_path(i, 0, n, &a, here);
	model_path(i, 0, other, &b, there);
	if (a.count == b.count && !memcmp(here, there, a.count))
		ck_ok(tote__merkle_verify_inclusion(
			      NULL, i, other, model.leaf[i], p, model.root[n], &fault),
			fault);
	else
		refuse_inclusion(
			TOTE_E_BAD_PROOF, i, other, model.leaf[i], p, model.root[n], "other size");
}

static void corrupt_inclusion(uint64_t i, uint64_t n, const struct proof *p)
{
	const uint8_t *leaf = model.leaf[i], *root = model.root[n];
	uint8_t flipped[HASH_LEN];
	struct proof q;

	for (size_t k = 0; k <= p->count; k++) {
		q = proof_with(p, k);
		refuse_inclusion(TOTE_E_BAD_PROOF, i, n, leaf, &q, root, "one hash more");
		if (k == p->count)
			break;
		q = proof_without(p, k);
		refuse_inclusion(TOTE_E_BAD_PROOF, i, n, leaf, &q, root, "one hash less");
		q = proof_flipped(p, k, i + 7 * n + 31 * k);
		refuse_inclusion(TOTE_E_BAD_PROOF, i, n, leaf, &q, root, "flipped hash");
	}
	flip(flipped, leaf, i + n);
	refuse_inclusion(TOTE_E_BAD_PROOF, i, n, flipped, p, root, "flipped leaf");
	flip(flipped, root, i + n);
	refuse_inclusion(TOTE_E_BAD_PROOF, i, n, leaf, p, flipped, "flipped root");
	refuse_inclusion(i + 1 < n ? TOTE_E_BAD_PROOF : TOTE_E_ARGUMENT, i + 1, n, leaf, p, root,
		"index + 1");
	refuse_inclusion(
		i ? TOTE_E_BAD_PROOF : TOTE_E_ARGUMENT, i - 1, n, leaf, p, root, "index - 1");
	refuse_other_size(i, n, n + 1, p);
	refuse_other_size(i, n, n - 1, p);
}

START_TEST(an_inclusion_proof_that_differs_anywhere_is_refused)
{
	char turns[PROOF_MAX];

	model_make();
	for (uint64_t n = 1; n <= LEAVES; n++)
		for (uint64_t i = 0; i < n; i++) {
			struct proof p = {.count = 0};

			model_path(i, 0, n, &p, turns);
			corrupt_inclusion(i, n, &p);
		}
}
END_TEST

/* Sizes off by one, each with the root that belongs to it. */
static void refuse_other_sizes(uint64_t m, uint64_t n, const struct proof *p)
{
	struct tote_fault fault = {0};

	refuse_consistency(m < n ? TOTE_E_BAD_PROOF : TOTE_E_ARGUMENT, m + 1, n, p,
		m < n ? model.root[m + 1] : model.root[m], model.root[n], "from + 1");
	if (m == 1 && n == 1) /* nothing is consistent with everything */
		ck_ok(tote__merkle_verify_consistency(
			      NULL, 0, n, p, model.root[0], model.root[n], &fault),
			fault);
	else
		refuse_consistency(TOTE_E_BAD_PROOF, m - 1, n, p, model.root[m - 1], model.root[n],
			"from - 1");
	refuse_consistency(m < n ? TOTE_E_BAD_PROOF : TOTE_E_ARGUMENT, m, n - 1, p, model.root[m],
		model.root[n - 1], "to - 1");
	if (n < LEAVES)
		refuse_consistency(
			TOTE_E_BAD_PROOF, m, n + 1, p, model.root[m], model.root[n + 1], "to + 1");
}

static void corrupt_consistency(uint64_t m, uint64_t n, const struct proof *p)
{
	const uint8_t *from = model.root[m], *to = model.root[n];
	uint8_t flipped[HASH_LEN];
	struct proof q;

	for (size_t k = 0; k <= p->count; k++) {
		q = proof_with(p, k);
		refuse_consistency(TOTE_E_BAD_PROOF, m, n, &q, from, to, "one hash more");
		if (k == p->count)
			break;
		q = proof_without(p, k);
		refuse_consistency(TOTE_E_BAD_PROOF, m, n, &q, from, to, "one hash less");
		q = proof_flipped(p, k, m + 7 * n + 31 * k);
		refuse_consistency(TOTE_E_BAD_PROOF, m, n, &q, from, to, "flipped hash");
	}
	flip(flipped, from, m + n);
	refuse_consistency(TOTE_E_BAD_PROOF, m, n, p, flipped, to, "flipped older root");
	flip(flipped, to, m + n);
	refuse_consistency(TOTE_E_BAD_PROOF, m, n, p, from, flipped, "flipped newer root");
	refuse_other_sizes(m, n, p);
}

START_TEST(a_consistency_proof_that_differs_anywhere_is_refused)
{
	model_make();
	for (uint64_t n = 1; n <= LEAVES; n++)
		for (uint64_t m = 1; m <= n; m++) {
			struct proof p = {.count = 0};

			model_subproof(m, 0, n, 1, &p);
			corrupt_consistency(m, n, &p);
		}
}
END_TEST

/* What only the count of hashes tells: each of these leads to the roots that are claimed. */
START_TEST(a_proof_that_climbs_beyond_the_tree_is_refused)
{
	const uint8_t x[HASH_LEN] = {0};
	uint8_t from[HASH_LEN], to[HASH_LEN];
	char turns[PROOF_MAX];

	model_make();
	for (uint64_t n = 1; n <= LEAVES; n++) {
		tote__hash_node(NULL, x, model.root[n], to);
		for (uint64_t i = 0; i < n; i++) {
			struct proof p = {.count = 0};

			model_path(i, 0, n, &p, turns);
			memcpy(p.hash[p.count++], x, HASH_LEN);
			refuse_inclusion(TOTE_E_BAD_PROOF, i, n, model.leaf[i], &p, to, "beyond");
		}
		for (uint64_t m = 1; m < n; m++) {
			struct proof p = {.count = 0};

			model_subproof(m, 0, n, 1, &p);
			memcpy(p.hash[p.count++], x, HASH_LEN);
			tote__hash_node(NULL, x, model.root[m], from);
			if (m & (m - 1)) /* a perfect older root is where the climb begins */
				refuse_consistency(TOTE_E_BAD_PROOF, m, n, &p, from, to, "beyond");
		}
	}
}
END_TEST

START_TEST(a_proof_that_stops_below_the_root_is_refused)
{
	char turns[PROOF_MAX];

	model_make();
	for (uint64_t n = 2; n < LEAVES; n *= 2) {
		for (uint64_t i = 0; i < n; i++) {
			struct proof p = {.count = 0};

			model_path(i, 0, n, &p, turns);
			refuse_inclusion(TOTE_E_BAD_PROOF, i, n + 1, model.leaf[i], &p,
				model.root[n], "below");
		}
		for (uint64_t m = 1; m < n; m++) {
			struct proof p = {.count = 0};

			model_subproof(m, 0, n, 1, &p);
			refuse_consistency(TOTE_E_BAD_PROOF, m, n + 1, &p, model.root[m],
				model.root[n], "below");
		}
	}
}
END_TEST

Suite *forgery_suite(void);

Suite *forgery_suite(void)
{
	Suite *s = suite_create("forgery");
	TCase *c = tcase_create("forgery");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, an_inclusion_proof_that_differs_anywhere_is_refused);
	tcase_add_test(c, a_consistency_proof_that_differs_anywhere_is_refused);
	tcase_add_test(c, a_proof_that_climbs_beyond_the_tree_is_refused);
	tcase_add_test(c, a_proof_that_stops_below_the_root_is_refused);
	suite_add_tcase(s, c);
	return s;
}
