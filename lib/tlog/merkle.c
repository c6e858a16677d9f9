/* SPDX-License-Identifier: ISC */
/*
 * The Merkle tree of RFC 6962: a run of leaves is cut into perfect subtrees, whose roots are kept
 * (frontier) or fetched (node callback), and only what joins them is hashed here.
 */
#include "tlog/merkle.h"
#include <inttypes.h>
#include <string.h>

#define SIZE_MAX_LEAVES ((uint64_t)INT64_MAX) /* as the verifiers of the Go world have it */
#define LEVELS          63

/* acc = node(left, acc); the engine is not promised to bear an output that is an input. */
static void join_left(
	const struct hasher *engine, const uint8_t left[HASH_LEN], uint8_t acc[HASH_LEN])
{
	uint8_t joined[HASH_LEN];

	tote__hash_node(engine, left, acc, joined);
	memcpy(acc, joined, HASH_LEN);
}

/* acc = node(acc, right) */
static void join_right(
	const struct hasher *engine, uint8_t acc[HASH_LEN], const uint8_t right[HASH_LEN])
{
	uint8_t joined[HASH_LEN];

	tote__hash_node(engine, acc, right, joined);
	memcpy(acc, joined, HASH_LEN);
}

static size_t bits_set(uint64_t v)
{
	size_t n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}

void tote__frontier_init(struct frontier *f)
{
	memset(f, 0, sizeof(*f));
}

void tote__frontier_append(
	struct frontier *f, const struct hasher *engine, const uint8_t leaf[HASH_LEN])
{
	size_t count = bits_set(f->size);
	uint8_t acc[HASH_LEN];

	/* each trailing one bit is a perfect subtree that the new one completes, like a carry */
	memcpy(acc, leaf, HASH_LEN);
	for (uint64_t carry = f->size; carry & 1; carry >>= 1)
		join_left(engine, f->hash[--count], acc);
	memcpy(f->hash[count], acc, HASH_LEN);
	f->size++;
}

void tote__frontier_root(
	const struct frontier *f, const struct hasher *engine, uint8_t root[HASH_LEN])
{
	size_t count = bits_set(f->size);

	if (!count) {
		tote__hash_bytes(engine, "", 0, root);
		return;
	}
	memcpy(root, f->hash[--count], HASH_LEN);
	while (count)
		join_left(engine, f->hash[--count], root);
}

static int check_size(uint64_t size, struct tote_fault *fault)
{
	if (size > SIZE_MAX_LEAVES)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"merkle tree: size %" PRIu64 " is not below 2^63", size);
	return 0;
}

/*
 * The root of leaves [begin, end), where begin is a multiple of the run's largest power of two, as
 * all subtrees of RFC 6962 have it. Its perfect subtrees are the one bits of its length; they are
 * fetched from the right, so that one hash is all that must be held.
 */
static int run_root(uint64_t begin, uint64_t end, merkle_node_fn *node, void *user,
	const struct hasher *engine, uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	uint64_t length = end - begin;
	int started = 0;

	for (unsigned level = 0; level < LEVELS; level++) {
		uint64_t first = begin + (length >> level >> 1 << level << 1);
		uint8_t hash[HASH_LEN];
		int r;

		if (!(length >> level & 1))
			continue;
		r = node(user, level, first >> level, hash, fault);
		if (r < 0)
			return r;
		if (started)
			join_left(engine, hash, root);
		else
			memcpy(root, hash, HASH_LEN);
		started = 1;
	}
	return 0;
}

int tote__merkle_root(uint64_t size, merkle_node_fn *node, void *user, const struct hasher *engine,
	uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	uint8_t hash[HASH_LEN];
	int r = check_size(size, fault);

	if (r < 0)
		return r;
	if (!size)
		tote__hash_bytes(engine, "", 0, hash);
	else if ((r = run_root(0, size, node, user, engine, hash, fault)) < 0)
		return r;
	memcpy(root, hash, HASH_LEN);
	return 0;
}

int tote__merkle_frontier(uint64_t size, merkle_node_fn *node, void *user, struct frontier *ret,
	struct tote_fault *fault)
{
	struct frontier f;
	size_t count = 0;
	int r = check_size(size, fault);

	if (r < 0)
		return r;
	tote__frontier_init(&f);
	f.size = size;
	for (unsigned level = LEVELS; level--;) {
		if (!(size >> level & 1))
			continue;
		/* what is left of this subtree is the size with this and the lower bits cleared */
		r = node(user, level, size >> level >> 1 << 1, f.hash[count++], fault);
		if (r < 0)
			return r;
	}
	*ret = f;
	return 0;
}

/* RFC 6962 2.1: the largest power of two smaller than n, which is at least 2. */
static uint64_t split(uint64_t n)
{
	uint64_t k = 1;

	while (k < n - k)
		k <<= 1;
	return k;
}

/* What a walk down the tree gathers: the roots of the runs it leaves aside, topmost first. */
struct descent {
	merkle_node_fn *node;
	void *user;
	const struct hasher *engine;
	struct proof proof;
};

static int descent_add(struct descent *d, uint64_t begin, uint64_t end, struct tote_fault *fault)
{
	uint8_t *hash = d->proof.hash[d->proof.count++];

	return run_root(begin, end, d->node, d->user, d->engine, hash, fault);
}

/* A proof begins with the hash nearest to the leaf. */
static void descent_finish(const struct descent *d, struct proof *ret)
{
	ret->count = d->proof.count;
	for (size_t i = 0; i < ret->count; i++)
		memcpy(ret->hash[i], d->proof.hash[ret->count - 1 - i], HASH_LEN);
}

int tote__merkle_inclusion(uint64_t index, uint64_t size, merkle_node_fn *node, void *user,
	const struct hasher *engine, struct proof *ret, struct tote_fault *fault)
{
	struct descent d = {.node = node, .user = user, .engine = engine};
	uint64_t begin = 0, end = size;
	int r = check_size(size, fault);

	if (r < 0)
		return r;
	if (index >= size)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"inclusion proof: index %" PRIu64 " is not in a tree of %" PRIu64
			" entries",
			index, size);
	/* PATH(m, D[n]) of RFC 6962 2.1.1, its recursion as a loop */
	while (end - begin > 1) {
		uint64_t middle = begin + split(end - begin);

		if (index < middle) {
			r = descent_add(&d, middle, end, fault);
			end = middle;
		} else {
			r = descent_add(&d, begin, middle, fault);
			begin = middle;
		}
		if (r < 0)
			return r;
	}
	descent_finish(&d, ret);
	return 0;
}

static int check_from_to(uint64_t from, uint64_t to, struct tote_fault *fault)
{
	if (from > to)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"consistency proof: the older size %" PRIu64
			" is larger than the newer one, %" PRIu64,
			from, to);
	return check_size(to, fault);
}

int tote__merkle_consistency(uint64_t from, uint64_t to, merkle_node_fn *node, void *user,
	const struct hasher *engine, struct proof *ret, struct tote_fault *fault)
{
	struct descent d = {.node = node, .user = user, .engine = engine};
	uint64_t begin = 0, end = from ? to : 0;
	int r = check_from_to(from, to, fault);

	if (r < 0)
		return r;
	/* SUBPROOF(m, D[n], b) of RFC 6962 2.1.2: down to the subtree that ends where the old tree did */
	while (end != from) {
		uint64_t middle = begin + split(end - begin);

		if (from <= middle) {
			r = descent_add(&d, middle, end, fault);
			end = middle;
		} else {
			r = descent_add(&d, begin, middle, fault);
			begin = middle;
		}
		if (r < 0)
			return r;
	}
	/* the old root itself is known to the verifier: b is true only while nothing lay to the left */
	if (begin && (r = descent_add(&d, begin, end, fault)) < 0)
		return r;
	descent_finish(&d, ret);
	return 0;
}

static int bad_inclusion(uint64_t index, uint64_t size, const char *why, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_BAD_PROOF,
		"inclusion proof of entry %" PRIu64 " in %" PRIu64 " entries: %s", index, size,
		why);
}

/*
 * Where a verifier stands: fn and sn of RFC 9162, the positions of the proven node and of the
 * tree's last node on the present floor.
 */
struct climb {
	uint64_t fn, sn;
};

/* 1 where the next hash of the proof lies to the left; then, on the right edge, floors are skipped. */
static int climb_is_right(struct climb *c)
{
	if (!(c->fn & 1) && c->fn != c->sn)
		return 0;
	while (!(c->fn & 1) && c->fn) {
		c->fn >>= 1;
		c->sn >>= 1;
	}
	return 1;
}

static void climb_up(struct climb *c)
{
	c->fn >>= 1;
	c->sn >>= 1;
}

/* RFC 9162 2.1.3.2 */
int tote__merkle_verify_inclusion(const struct hasher *engine, uint64_t index, uint64_t size,
	const uint8_t leaf[HASH_LEN], const struct proof *proof, const uint8_t root[HASH_LEN],
	struct tote_fault *fault)
{
	struct climb c = {.fn = index, .sn = size - 1};
	uint8_t hash[HASH_LEN];
	int r = check_size(size, fault);

	if (r < 0)
		return r;
	if (index >= size)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"inclusion proof: index %" PRIu64 " is not in a tree of %" PRIu64
			" entries",
			index, size);
	if (proof->count > PROOF_MAX)
		return bad_inclusion(index, size, "it has too many hashes", fault);
	memcpy(hash, leaf, HASH_LEN);
	for (size_t i = 0; i < proof->count; i++) {
		if (!c.sn)
			return bad_inclusion(index, size, "it has too many hashes", fault);
		if (climb_is_right(&c))
			join_left(engine, proof->hash[i], hash);
		else
			join_right(engine, hash, proof->hash[i]);
		climb_up(&c);
	}
	if (c.sn)
		return bad_inclusion(index, size, "it has too few hashes", fault);
	if (!tote__hash_equal(hash, root))
		return bad_inclusion(index, size, "it does not lead to the root", fault);
	return 0;
}

static int bad_consistency(uint64_t from, uint64_t to, const char *why, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_BAD_PROOF,
		"consistency proof from %" PRIu64 " to %" PRIu64 " entries: %s", from, to, why);
}

/* The proof proper, 0 < from < to: RFC 9162 2.1.4.2 from its second step on. */
static int climb_consistency(const struct hasher *engine, uint64_t from, uint64_t to,
	const struct proof *proof, const uint8_t from_root[HASH_LEN],
	const uint8_t to_root[HASH_LEN], struct tote_fault *fault)
{
	struct climb c = {.fn = from - 1, .sn = to - 1};
	uint8_t older[HASH_LEN], newer[HASH_LEN];
	/* a perfect old tree is a node of the new one: its root is known and not sent */
	int implied = !(from & (from - 1));
	const uint8_t *start = implied ? from_root : proof->hash[0];

	while (c.fn & 1)
		climb_up(&c);
	memcpy(older, start, HASH_LEN);
	memcpy(newer, start, HASH_LEN);
	for (size_t i = implied ? 0 : 1; i < proof->count; i++) {
		if (!c.sn)
			return bad_consistency(from, to, "it has too many hashes", fault);
		if (climb_is_right(&c)) {
			join_left(engine, proof->hash[i], older);
			join_left(engine, proof->hash[i], newer);
		} else {
			join_right(engine, newer, proof->hash[i]);
		}
		climb_up(&c);
	}
	if (c.sn)
		return bad_consistency(from, to, "it has too few hashes", fault);
	if (!tote__hash_equal(older, from_root))
		return bad_consistency(from, to, "it does not lead to the older root", fault);
	if (!tote__hash_equal(newer, to_root))
		return bad_consistency(from, to, "it does not lead to the newer root", fault);
	return 0;
}

int tote__merkle_verify_consistency(const struct hasher *engine, uint64_t from, uint64_t to,
	const struct proof *proof, const uint8_t from_root[HASH_LEN],
	const uint8_t to_root[HASH_LEN], struct tote_fault *fault)
{
	int r = check_from_to(from, to, fault);

	if (r < 0)
		return r;
	if (from == to || !from) {
		if (proof->count)
			return bad_consistency(from, to, "it has too many hashes", fault);
		if (from == to && !tote__hash_equal(from_root, to_root))
			return bad_consistency(from, to, "the roots differ", fault);
		return 0; /* nothing is consistent with everything */
	}
	if (!proof->count)
		return bad_consistency(from, to, "it is empty", fault);
	if (proof->count > PROOF_MAX)
		return bad_consistency(from, to, "it has too many hashes", fault);
	return climb_consistency(engine, from, to, proof, from_root, to_root, fault);
}
