/* SPDX-License-Identifier: ISC */
/*
 * The tree of RFC 6962 2.1 as it is printed: recursive, naive, the model that the library's tree is
 * compared with. Its leaves are "entry 0" to "entry 129".
 */
#ifndef TLOG_RFC6962_H
#define TLOG_RFC6962_H

#include "tlog/merkle.h"
#include "support/support.h"

#define LEAVES 130 /* crosses 64 and 128, the sizes where floors are added */
#define LEVELS 8

struct model {
	uint8_t leaf[LEAVES][HASH_LEN];
	uint8_t root[LEAVES + 1][HASH_LEN];
	uint8_t node[LEVELS][LEAVES][HASH_LEN];
	uint8_t run[LEAVES + 1][LEAVES + 1][HASH_LEN]; /* what model_root has computed before */
	uint8_t known[LEAVES + 1][LEAVES + 1];
};

static struct model model;

static inline size_t model_split(size_t n)
{
	size_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

/* MTH(D[n]) */
static inline void model_root(size_t begin, size_t n, uint8_t out[HASH_LEN])
{
	uint8_t left[HASH_LEN], right[HASH_LEN];
	size_t k;

	if (!n) {
		tote__hash_bytes(NULL, "", 0, out);
		return;
	}
	if (n == 1) {
		memcpy(out, model.leaf[begin], HASH_LEN);
		return;
	}
	if (!model.known[begin][n]) {
		k = model_split(n);
		model_root(begin, k, left);
		model_root(begin + k, n - k, right);
		tote__hash_node(NULL, left, right, model.run[begin][n]);
		model.known[begin][n] = 1;
	}
	memcpy(out, model.run[begin][n], HASH_LEN);
}

static inline void model_push(struct proof *p, size_t begin, size_t n)
{
	model_root(begin, n, p->hash[p->count++]);
}

/* PATH(m, D[n]); turns gets an l or r for each hash, by the side on which it lies */
static inline void model_path(size_t m, size_t begin, size_t n, struct proof *p, char *turns)
{
	size_t k;

	if (n == 1)
		return;
	k = model_split(n);
	if (m < k) {
		model_path(m, begin, k, p, turns);
		turns[p->count] = 'r';
		model_push(p, begin + k, n - k);
	} else {
		model_path(m - k, begin + k, n - k, p, turns);
		turns[p->count] = 'l';
		model_push(p, begin, k);
	}
}

/* SUBPROOF(m, D[n], b) */
static inline void model_subproof(size_t m, size_t begin, size_t n, int whole, struct proof *p)
{
	size_t k;

	if (m == n) {
		if (!whole)
			model_push(p, begin, n);
		return;
	}
	k = model_split(n);
	if (m <= k) {
		model_subproof(m, begin, k, whole, p);
		model_push(p, begin + k, n - k);
	} else {
		model_subproof(m - k, begin + k, n - k, 0, p);
		model_push(p, begin, k);
	}
}

static inline void model_make(void)
{
	memset(&model, 0, sizeof(model));
	for (size_t i = 0; i < LEAVES; i++) {
		const char *entry = printed("entry %zu", i);

		tote__hash_leaf(NULL, entry, strlen(entry), model.leaf[i]);
	}
	for (size_t n = 0; n <= LEAVES; n++)
		model_root(0, n, model.root[n]);
	for (size_t level = 0; level < LEVELS; level++)
		for (size_t i = 0; (i + 1) << level <= LEAVES; i++)
			model_root(i << level, (size_t)1 << level, model.node[level][i]);
}

/* Check writes down each assertion that it meets: in a million of them only one that fails. */
static inline void refuse_inclusion(int code, uint64_t i, uint64_t n, const uint8_t *leaf,
	const struct proof *p, const uint8_t *root, const char *what)
{
	struct tote_fault fault = {0};
	int r = tote__merkle_verify_inclusion(NULL, i, n, leaf, p, root, &fault);

	if (r != code || fault.code != code)
		ck_abort_msg("%s: %ju of %ju: %d", what, (uintmax_t)i, (uintmax_t)n, r);
}

static inline void refuse_consistency(int code, uint64_t m, uint64_t n, const struct proof *p,
	const uint8_t *from, const uint8_t *to, const char *what)
{
	struct tote_fault fault = {0};
	int r = tote__merkle_verify_consistency(NULL, m, n, p, from, to, &fault);

	if (r != code || fault.code != code)
		ck_abort_msg("%s: %ju to %ju: %d", what, (uintmax_t)m, (uintmax_t)n, r);
}

#endif
