/* SPDX-License-Identifier: ISC */
/*
 * SHA-256 and the two tree hashes of RFC 6962. libcrypto where it was built in and its context
 * could be made (six times faster with SHA extensions), libsodium otherwise: the same bytes.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/ctx.h"

#define HASH_LEN 32

struct hasher; /* the engine of a context; NULL is always allowed and means libsodium */

/* The context's engine, made once. Never fails: NULL where only libsodium is there. */
const struct hasher *tote__hasher(struct tote_ctx *ctx);

/*
 * The same for one thread at a time, which hashes small things faster by not minding others: to be
 * dropped before the context is. The engine itself where there is no memory for it.
 */
const struct hasher *tote__hasher_alone(const struct hasher *engine, const struct heap *heap);
void tote__hasher_drop(const struct hasher *engine, const struct heap *heap);

/* A running hash. Between init and final it may own memory of libcrypto: always finish or drop. */
struct hash {
	const struct hasher *engine;
	void *evp;          /* of libcrypto, or NULL */
	int failed;         /* libcrypto refused: the digest will equal nothing */
	uint64_t state[16]; /* of libsodium */
};

void tote__hash_init(struct hash *h, const struct hasher *engine);
void tote__hash_update(struct hash *h, const void *data, size_t len);
void tote__hash_final(struct hash *h, uint8_t out[HASH_LEN]);
void tote__hash_drop(struct hash *h);

void tote__hash_bytes(
	const struct hasher *engine, const void *data, size_t len, uint8_t out[HASH_LEN]);
void tote__hash_leaf(const struct hasher *engine, const void *entry, size_t len,
	uint8_t out[HASH_LEN]); /* SHA-256(0x00 || entry) */
void tote__hash_node(const struct hasher *engine, const uint8_t left[HASH_LEN],
	const uint8_t right[HASH_LEN], uint8_t out[HASH_LEN]); /* SHA-256(0x01 || l || r) */
int tote__hash_equal(const uint8_t a[HASH_LEN], const uint8_t b[HASH_LEN]); /* constant time */

void tote__random_bytes(void *out, size_t len);

#endif
