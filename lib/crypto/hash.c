/* SPDX-License-Identifier: ISC */
/*
 * SHA-256 and the two tree hashes of RFC 6962, by libcrypto or libsodium: the same bytes.
 *
 * libcrypto computes faster but starts slower: making an EVP_MD_CTX costs more than hashing a node
 * of 65 bytes with it. So an engine keeps a few of them, and whoever hashes borrows one.
 */
#include "crypto/hash.h"
#include <sodium.h>
#include <string.h>
#if HAVE_LIBCRYPTO
#include <openssl/crypto.h>
#include <openssl/evp.h>
#endif

_Static_assert(crypto_hash_sha256_BYTES == HASH_LEN, "SHA-256 has 32 bytes");
_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(((struct hash *)0)->state) &&
		       _Alignof(crypto_hash_sha256_state) <= _Alignof(uint64_t),
	"libsodium's state does not fit into struct hash");

static crypto_hash_sha256_state *sodium_state(struct hash *h)
{
	return (crypto_hash_sha256_state *)(void *)h->state;
}

#if HAVE_LIBCRYPTO

#define POOL 8 /* threads that hash at the same time without making an EVP_MD_CTX each time */

/* Lent by exchanging the pointer with NULL, so a context is with one thread at a time. */
struct pool {
	_Atomic(EVP_MD_CTX *) free[POOL];
};

struct hasher {
	OSSL_LIB_CTX *library; /* our own: no configuration file, nothing shared with the host */
	EVP_MD *sha256;
	struct pool *pool;
	int alone; /* of one thread at a time: library and sha256 are another's */
};

static void hasher_destroy(const struct heap *heap, void *object)
{
	struct hasher *engine = object;

	for (size_t i = 0; engine->pool && i < POOL; i++)
		EVP_MD_CTX_free(atomic_load(&engine->pool->free[i]));
	if (!engine->alone) {
		EVP_MD_free(engine->sha256);
		OSSL_LIB_CTX_free(engine->library);
	}
	tote__heap_free(heap, engine->pool);
	tote__heap_free(heap, engine);
}

/* Without these two, libcrypto would read openssl.cnf and register a handler with atexit(3). */
static int libcrypto_init(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

static void *hasher_make(const struct heap *heap, struct tote_fault *fault)
{
	struct hasher *engine;

	if (libcrypto_init() != 1)
		return NULL;
	engine = tote__heap_new(heap, 1, sizeof(*engine), fault);
	if (!engine)
		return NULL;
	engine->pool = tote__heap_new(heap, 1, sizeof(*engine->pool), fault);
	engine->library = OSSL_LIB_CTX_new();
	if (engine->library)
		engine->sha256 = EVP_MD_fetch(engine->library, "SHA256", NULL);
	if (engine->pool && engine->sha256)
		return engine;
	hasher_destroy(heap, engine);
	return NULL;
}

const struct hasher *tote__hasher(struct tote_ctx *ctx)
{
	struct tote_fault unused;

	return tote__ctx_slot(ctx, CTX_SLOT_HASHER, hasher_make, hasher_destroy, &unused);
}

const struct hasher *tote__hasher_alone(const struct hasher *engine, const struct heap *heap)
{
	struct tote_fault unused;
	struct hasher *alone;

	if (!engine)
		return NULL;
	alone = tote__heap_new(heap, 1, sizeof(*alone), &unused);
	if (!alone)
		return engine;
	*alone = (struct hasher){.sha256 = engine->sha256, .alone = 1};
	alone->pool = tote__heap_new(heap, 1, sizeof(*alone->pool), &unused);
	if (alone->pool)
		return alone;
	tote__heap_free(heap, alone);
	return engine;
}

void tote__hasher_drop(const struct hasher *engine, const struct heap *heap)
{
	if (engine && engine->alone)
		hasher_destroy(heap, (struct hasher *)(uintptr_t)engine);
}

/* Two cache lines that go from processor to processor cost more than a node: not where one suffices. */
static EVP_MD_CTX *exchange_alone(struct pool *pool, EVP_MD_CTX *in)
{
	EVP_MD_CTX *out = atomic_load_explicit(&pool->free[0], memory_order_relaxed);

	atomic_store_explicit(&pool->free[0], in, memory_order_relaxed);
	return out;
}

static void give_back(const struct hasher *engine, EVP_MD_CTX *evp)
{
	if (engine->alone) {
		EVP_MD_CTX_free(exchange_alone(engine->pool, evp));
		return;
	}
	for (size_t i = 0; i < POOL; i++) {
		EVP_MD_CTX *none = NULL;

		if (atomic_compare_exchange_strong(&engine->pool->free[i], &none, evp))
			return;
	}
	EVP_MD_CTX_free(evp);
}

/* An EVP_MD_CTX at the start of a SHA-256, or NULL where libcrypto has none for us. */
static EVP_MD_CTX *borrow(const struct hasher *engine)
{
	EVP_MD_CTX *evp = NULL;

	if (engine->alone)
		evp = exchange_alone(engine->pool, NULL);
	for (size_t i = 0; !engine->alone && !evp && i < POOL; i++)
		evp = atomic_exchange(&engine->pool->free[i], NULL);
	if (!evp)
		evp = EVP_MD_CTX_new();
	if (evp && EVP_DigestInit_ex2(evp, engine->sha256, NULL) != 1) {
		EVP_MD_CTX_free(evp);
		evp = NULL;
	}
	return evp;
}

static int evp_update(struct hash *h, const void *data, size_t len)
{
	return EVP_DigestUpdate(h->evp, data, len) == 1;
}

static int evp_final(struct hash *h, uint8_t out[HASH_LEN])
{
	const int done = EVP_DigestFinal_ex(h->evp, out, NULL) == 1;

	give_back(h->engine, h->evp);
	h->evp = NULL;
	return done;
}

static void evp_drop(struct hash *h)
{
	give_back(h->engine, h->evp);
	h->evp = NULL;
}

#else

const struct hasher *tote__hasher(struct tote_ctx *ctx)
{
	(void)ctx;
	return NULL;
}

const struct hasher *tote__hasher_alone(const struct hasher *engine, const struct heap *heap)
{
	(void)heap;
	return engine;
}

void tote__hasher_drop(const struct hasher *engine, const struct heap *heap)
{
	(void)engine, (void)heap;
}

static void *borrow(const struct hasher *engine)
{
	(void)engine;
	return NULL;
}

static int evp_update(struct hash *h, const void *data, size_t len)
{
	(void)h, (void)data, (void)len;
	return 0;
}

static int evp_final(struct hash *h, uint8_t out[HASH_LEN])
{
	(void)h, (void)out;
	return 0;
}

static void evp_drop(struct hash *h)
{
	(void)h;
}

#endif

void tote__hash_init(struct hash *h, const struct hasher *engine)
{
	h->engine = engine;
	h->failed = 0;
	h->evp = engine ? borrow(engine) : NULL;
	if (!h->evp)
		crypto_hash_sha256_init(sodium_state(h));
}

void tote__hash_update(struct hash *h, const void *data, size_t len)
{
	if (!h->evp)
		crypto_hash_sha256_update(sodium_state(h), data, len);
	else if (!evp_update(h, data, len))
		h->failed = 1;
}

void tote__hash_final(struct hash *h, uint8_t out[HASH_LEN])
{
	if (!h->evp)
		crypto_hash_sha256_final(sodium_state(h), out);
	else if (!evp_final(h, out))
		h->failed = 1;
	if (h->failed)
		tote__random_bytes(out, HASH_LEN); /* two failures are not equal either */
}

void tote__hash_drop(struct hash *h)
{
	if (h->evp)
		evp_drop(h);
	sodium_memzero(h->state, sizeof(h->state));
}

void tote__hash_bytes(
	const struct hasher *engine, const void *data, size_t len, uint8_t out[HASH_LEN])
{
	struct hash h;

	tote__hash_init(&h, engine);
	tote__hash_update(&h, data, len);
	tote__hash_final(&h, out);
}

void tote__hash_leaf(
	const struct hasher *engine, const void *entry, size_t len, uint8_t out[HASH_LEN])
{
	static const uint8_t leaf = 0x00; /* RFC 6962 section 2.1 */
	struct hash h;

	tote__hash_init(&h, engine);
	tote__hash_update(&h, &leaf, 1);
	tote__hash_update(&h, entry, len);
	tote__hash_final(&h, out);
}

void tote__hash_node(const struct hasher *engine, const uint8_t left[HASH_LEN],
	const uint8_t right[HASH_LEN], uint8_t out[HASH_LEN])
{
	uint8_t node[1 + 2 * HASH_LEN];

	node[0] = 0x01; /* RFC 6962 section 2.1 */
	memcpy(node + 1, left, HASH_LEN);
	memcpy(node + 1 + HASH_LEN, right, HASH_LEN);
	tote__hash_bytes(engine, node, sizeof(node), out);
}

int tote__hash_equal(const uint8_t a[HASH_LEN], const uint8_t b[HASH_LEN])
{
	return sodium_memcmp(a, b, HASH_LEN) == 0;
}

void tote__random_bytes(void *out, size_t len)
{
	const int ready = sodium_init(); /* any number of times, from any thread */

	(void)ready; /* it fails where a mutex does; the generator then still sets itself up */
	randombytes_buf(out, len);
}
