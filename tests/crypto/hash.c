/* SPDX-License-Identifier: ISC */
/*
 * SHA-256 and the tree hashes give the known bytes, by libcrypto and by libsodium alike.
 */
#include "crypto/hash.h"
#include "support/support.h"
#include <pthread.h>
#if HAVE_LIBCRYPTO
#include <openssl/evp.h>
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* FIPS 180-4's examples, and lengths around the 64 bytes of a block. */
static const struct {
	const char *piece;
	size_t times;
	const char *digest;
} known[] = {
	{"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		10000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

/* Runs a check with both engines; without libcrypto they are the same. */
static void with_both(void (*check)(const struct hasher *engine))
{
	tote_ctx *ctx = support_ctx(NULL, NULL);

	check(tote__hasher(ctx));
	check(NULL);
	tote_ctx_unref(ctx);
}

static void check_known(const struct hasher *engine)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		uint8_t digest[HASH_LEN];
		struct hash h;

		tote__hash_init(&h, engine);
		for (size_t n = 0; n < known[i].times; n++)
			tote__hash_update(&h, known[i].piece, strlen(known[i].piece));
		tote__hash_final(&h, digest);
		ck_assert_str_eq(to_hex(digest, HASH_LEN), known[i].digest);
	}
}

START_TEST(sha256_is_that_of_fips_180)
{
	with_both(check_known);
}
END_TEST

/* RFC 6962 leaves and nodes: tests/vectors/tlog-vectors.json, ct8. */
static void check_tree(const struct hasher *engine)
{
	static const char *const leaves[][2] = {
		{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{"00", "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"},
		{"2021", "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"},
		{"606162636465666768696a6b6c6d6e6f",
			"46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"}};
	uint8_t leaf[COUNT(leaves)][HASH_LEN], entry[64], node[HASH_LEN];

	for (size_t i = 0; i < COUNT(leaves); i++) {
		tote__hash_leaf(engine, entry, from_hex(leaves[i][0], entry), leaf[i]);
		ck_assert_str_eq(to_hex(leaf[i], HASH_LEN), leaves[i][1]);
	}
	tote__hash_node(engine, leaf[0], leaf[1], node);
	ck_assert_str_eq(to_hex(node, HASH_LEN),
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
	tote__hash_bytes(engine, NULL, 0, node);
	ck_assert_str_eq(to_hex(node, HASH_LEN), known[0].digest);
}

START_TEST(leaves_and_nodes_are_those_of_rfc_6962)
{
	with_both(check_tree);
}
END_TEST

START_TEST(both_engines_agree_at_every_length_and_split)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	const struct hasher *engine = tote__hasher(ctx);
	uint8_t data[300], a[HASH_LEN], b[HASH_LEN];
	struct hash h;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof(data); len++) {
		tote__hash_init(&h, engine);
		tote__hash_update(&h, data, len / 3);
		tote__hash_update(&h, data + len / 3, len - len / 3);
		tote__hash_final(&h, a);
		tote__hash_bytes(NULL, data, len, b);
		ck_assert_int_eq(tote__hash_equal(a, b), 1);
	}
	tote_ctx_unref(ctx);
}
END_TEST

/* Whatever stood in the place of the digest before: a hash that failed must not pass for that. */
START_TEST(a_hash_that_failed_equals_nothing_not_even_another_that_failed)
{
	uint8_t digest[2][HASH_LEN];
	tote_ctx *ctx = support_ctx(NULL, NULL);
	const struct hasher *engine = tote__hasher(ctx);

	for (int i = 0; i < 2; i++) {
		struct hash h;

		tote__hash_bytes(NULL, "abc", 3, digest[i]);
		tote__hash_init(&h, engine);
#if HAVE_LIBCRYPTO
		EVP_MD_CTX_reset(h.evp); /* from now on it refuses */
#else
		h.failed = 1;
#endif
		tote__hash_update(&h, "abc", 3);
		tote__hash_final(&h, digest[i]);
		ck_assert_str_ne(to_hex(digest[i], HASH_LEN), known[1].digest);
	}
	ck_assert_int_eq(tote__hash_equal(digest[0], digest[1]), 0);
	tote__hash_bytes(engine, "abc", 3, digest[0]); /* and the next one is as good as ever */
	ck_assert_str_eq(to_hex(digest[0], HASH_LEN), known[1].digest);
	tote_ctx_unref(ctx);
}
END_TEST

static void check_drop(const struct hasher *engine)
{
	struct hash open[20]; /* more at a time than an engine keeps */
	uint8_t digest[HASH_LEN];

	for (size_t i = 0; i < COUNT(open); i++) {
		tote__hash_init(&open[i], engine);
		tote__hash_update(&open[i], "ab", 2);
	}
	for (size_t i = 0; i < COUNT(open); i += 2)
		tote__hash_drop(&open[i]);
	for (size_t i = 1; i < COUNT(open); i += 2) {
		tote__hash_update(&open[i], "c", 1);
		tote__hash_final(&open[i], digest);
		ck_assert_str_eq(to_hex(digest, HASH_LEN), known[1].digest);
	}
	check_known(engine); /* what was dropped half way leaves no trace */
}

START_TEST(a_dropped_hash_leaves_nothing_behind)
{
	with_both(check_drop);
}
END_TEST

#define THREADS 12

static void *hash_many(void *user)
{
	uint8_t digest[HASH_LEN];
	intptr_t wrong = 0;

	for (int i = 0; i < 2000; i++) {
		tote__hash_bytes(user, "abc", 3, digest);
		wrong += digest[0] != 0xBA || digest[31] != 0xAD;
	}
	return (void *)wrong;
}

START_TEST(many_threads_hash_with_one_engine)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	void *engine = (void *)(uintptr_t)tote__hasher(ctx);
	pthread_t threads[THREADS];
	void *wrong;

	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hash_many, engine), 0);
	for (size_t i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
		ck_assert_ptr_null(wrong);
	}
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(without_memory_for_an_engine_the_hash_is_the_same)
{
	for (long n = 0;; n++) {
		struct failing f = {.fail_at = -1};
		tote_ctx *ctx = support_ctx(NULL, &f);

		f.fail_at = n;
		check_known(tote__hasher(ctx));
		f.fail_at = -1;
		ck_assert_ptr_eq(tote__hasher(ctx), tote__hasher(ctx));
		check_known(tote__hasher(ctx));
		tote_ctx_unref(ctx);
		ck_assert_int_eq(f.live, 0);
		if (!f.fired)
			break;
	}
}
END_TEST

/* Also where one hash is begun before the other has ended, and without memory for any of it. */
START_TEST(an_engine_for_one_thread_gives_the_same_bytes)
{
	static const char *const texts[] = {"abc", "def"};

	for (long n = 0;; n++) {
		struct failing f = {.fail_at = -1};
		tote_ctx *ctx = support_ctx(NULL, &f);
		const struct hasher *engine = tote__hasher(ctx), *alone;
		uint8_t one[2][HASH_LEN], other[2][HASH_LEN];
		struct hash h[2];

		f.fail_at = n;
		alone = tote__hasher_alone(engine, &ctx->heap);
		check_known(alone);
		for (size_t i = 0; i < 2; i++) {
			tote__hash_init(&h[i], alone);
			tote__hash_update(&h[i], texts[i], 3);
		}
		for (size_t i = 0; i < 2; i++) {
			tote__hash_final(&h[i], one[i]);
			tote__hash_bytes(engine, texts[i], 3, other[i]);
			ck_assert_mem_eq(one[i], other[i], HASH_LEN);
		}
		tote__hasher_drop(alone, &ctx->heap);
		check_known(engine);
		tote_ctx_unref(ctx);
		ck_assert_int_eq(f.live, 0);
		if (!f.fired)
			break;
	}
}
END_TEST

START_TEST(hashes_are_equal_only_in_all_their_bits)
{
	uint8_t a[HASH_LEN], b[HASH_LEN];

	tote__hash_bytes(NULL, "abc", 3, a);
	for (size_t bit = 0; bit < 8 * HASH_LEN; bit++) {
		memcpy(b, a, HASH_LEN);
		ck_assert_int_eq(tote__hash_equal(a, b), 1);
		b[bit / 8] = (uint8_t)(b[bit / 8] ^ 1 << bit % 8);
		ck_assert_int_eq(tote__hash_equal(a, b), 0);
	}
}
END_TEST

START_TEST(random_bytes_are_filled_and_differ)
{
	uint8_t a[64] = {0}, b[64] = {0}, zero[64] = {0};

	tote__random_bytes(a, sizeof(a));
	tote__random_bytes(b, sizeof(b));
	ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
	ck_assert_int_ne(memcmp(a + 48, zero, 16), 0);
	tote__random_bytes(a, 0);
}
END_TEST

Suite *hash_suite(void)
{
	Suite *s = suite_create("hash");
	TCase *t = tcase_create("hash");

	tcase_add_test(t, sha256_is_that_of_fips_180);
	tcase_add_test(t, leaves_and_nodes_are_those_of_rfc_6962);
	tcase_add_test(t, both_engines_agree_at_every_length_and_split);
	tcase_add_test(t, a_hash_that_failed_equals_nothing_not_even_another_that_failed);
	tcase_add_test(t, a_dropped_hash_leaves_nothing_behind);
	tcase_add_test(t, many_threads_hash_with_one_engine);
	tcase_add_test(t, without_memory_for_an_engine_the_hash_is_the_same);
	tcase_add_test(t, an_engine_for_one_thread_gives_the_same_bytes);
	tcase_add_test(t, hashes_are_equal_only_in_all_their_bits);
	tcase_add_test(t, random_bytes_are_filled_and_differ);
	suite_add_tcase(s, t);
	return s;
}
