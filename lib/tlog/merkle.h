/* SPDX-License-Identifier: ISC */
/*
 * The Merkle tree of RFC 6962 over SHA-256: growing roots, proofs and their verification. Pure
 * arithmetic; hashes of the tree come through a callback, so the tree may lie anywhere.
 */
#ifndef TLOG_MERKLE_H
#define TLOG_MERKLE_H

#include "crypto/hash.h"

/*
 * Hashes of a proof in a tree below 2^63: a path has at most 63, a consistency proof one more
 * where the old tree ends at a lone leaf of the deepest floor (3 -> 2^63 - 1).
 */
#define PROOF_MAX 64

/* The right edge of a tree: the roots of its perfect subtrees, largest first. Append-only. */
struct frontier {
	uint64_t size;
	uint8_t hash[64][HASH_LEN]; /* popcount(size) of them are in use */
};

void tote__frontier_init(struct frontier *f);
void tote__frontier_append(
	struct frontier *f, const struct hasher *engine, const uint8_t leaf[HASH_LEN]);
void tote__frontier_root(const struct frontier *f, const struct hasher *engine,
	uint8_t root[HASH_LEN]); /* of 0 leaves: SHA-256("") */

struct proof {
	size_t count;
	uint8_t hash[PROOF_MAX][HASH_LEN];
};

/* A stored node: the root of leaves [index << level, (index + 1) << level), all of them there. */
typedef int merkle_node_fn(void *user, unsigned level, uint64_t index, uint8_t out[HASH_LEN],
	struct tote_fault *fault);

/* The root of the first size leaves, a path, a consistency proof: from stored nodes. */
int tote__merkle_root(uint64_t size, merkle_node_fn *node, void *user, const struct hasher *engine,
	uint8_t root[HASH_LEN], struct tote_fault *fault);
int tote__merkle_frontier(uint64_t size, merkle_node_fn *node, void *user, struct frontier *ret,
	struct tote_fault *fault);
int tote__merkle_inclusion(uint64_t index, uint64_t size, merkle_node_fn *node, void *user,
	const struct hasher *engine, struct proof *ret, struct tote_fault *fault);
int tote__merkle_consistency(uint64_t from, uint64_t to, merkle_node_fn *node, void *user,
	const struct hasher *engine, struct proof *ret, struct tote_fault *fault);

/* 0, TOTE_E_ARGUMENT for index >= size or from > to, TOTE_E_BAD_PROOF. RFC 9162 2.1.3.2, 2.1.4.2. */
int tote__merkle_verify_inclusion(const struct hasher *engine, uint64_t index, uint64_t size,
	const uint8_t leaf[HASH_LEN], const struct proof *proof, const uint8_t root[HASH_LEN],
	struct tote_fault *fault);
int tote__merkle_verify_consistency(const struct hasher *engine, uint64_t from, uint64_t to,
	const struct proof *proof, const uint8_t from_root[HASH_LEN],
	const uint8_t to_root[HASH_LEN], struct tote_fault *fault);

#endif
