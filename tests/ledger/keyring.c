/* SPDX-License-Identifier: ISC */
/*
 * The keys of a log: which is demanded of which checkpoint, and which rotations lead on.
 */
#include "ledger/keyring.h"
#include "base/text.h"
#include "support/support.h"

#define NAME "archive.example.com/acme/contracts"

static struct tote_fault fault;
static struct keyring ring;
static struct secret keys[5];
static struct buf bytes;
static const uint8_t prev[HASH_LEN] = {1, 2, 3};

static void setup(void)
{
	memset(&fault, 0, sizeof(fault));
	tote__keyring_init(&ring, plain_heap());
	tote__buf_init(&bytes, plain_heap(), ENTRY_MAX);
	for (uint8_t i = 0; i < 5; i++) {
		uint8_t seed[32] = {i};

		ck_ok(tote__secret_from_seed(NAME, KEY_TYPE_ED25519, seed, &keys[i], &fault),
			fault);
	}
	ck_ok(tote__keyring_add(&ring, 0, &keys[0].key, &fault), fault);
}

static void teardown(void)
{
	for (int i = 0; i < 5; i++)
		tote__secret_free(&keys[i]);
	tote__keyring_free(&ring);
	tote__buf_free(&bytes);
}

static struct field text(const char *key, const char *value)
{
	return (struct field){key, value, strlen(value)};
}

/* A rotation at seq from one of the keys to another, proven by a third; 1 it was taken. */
static int rotate_as(uint64_t seq, int from, int to, int by, const struct vkey *told)
{
	char from_text[VKEY_MAX], to_text[VKEY_MAX], proof[BASE64_LEN(SIG_LEN) + 1];
	char message[ROTATION_MAX];
	uint8_t sig[SIG_LEN];
	struct field fields[4];
	const struct draft d = {.kind = ROTATED_KIND, .fields = fields, .field_count = 4};
	const char *why = NULL;
	struct entry e;
	size_t n;
	int rc;

	tote__vkey_format(&keys[from].key, from_text);
	tote__vkey_format(&keys[to].key, to_text);
	n = tote__rotation_text(message, NAME, seq, prev, to_text);
	tote__secret_sign(&keys[by], message, n, sig);
	tote__base64_encode(sig, SIG_LEN, proof);
	fields[0] = text("from", from_text);
	fields[1] = text("to", to_text);
	fields[2] = text("proof", proof);
	fields[3] = text("reason", "yearly");
	tote__buf_reset(&bytes);
	ck_ok(tote__entry_encode(&d, seq, 1, prev, NULL, &bytes, &fault), fault);
	ck_ok(tote__entry_parse(bytes.data, bytes.len, &e, &fault), fault);
	rc = tote__keyring_rotation(&ring, NAME, told, &e, &why, &fault);
	ck_assert_int_ge(rc, 0);
	ck_assert_int_eq(rc == 0, why != NULL);
	return rc;
}

static int rotate(uint64_t seq, int from, int to)
{
	return rotate_as(seq, from, to, from, NULL);
}

static int demanded(uint64_t size)
{
	const struct vkey *key = tote__keyring_for(&ring, size);

	for (int i = 0; i < 5; i++)
		if (key && tote__vkey_equal(key, &keys[i].key))
			return i;
	return -1;
}

START_TEST(a_checkpoint_over_a_rotation_is_the_new_keys_and_below_it_the_old_ones)
{
	ck_assert_int_eq(rotate(5, 0, 1), 1);
	ck_assert_int_eq(rotate(6, 1, 2), 1);
	ck_assert_int_eq(demanded(0), 0);
	ck_assert_int_eq(demanded(5), 0);
	ck_assert_int_eq(demanded(6), 1);
	ck_assert_int_eq(demanded(7), 2);
	ck_assert_int_eq(demanded(UINT64_MAX), 2);
}
END_TEST

START_TEST(a_rotation_counts_only_from_the_key_in_force_and_by_its_proof)
{
	ck_assert_int_eq(rotate(5, 1, 2), 0);
	ck_assert_int_eq(rotate_as(5, 0, 1, 1, NULL), 0);
	ck_assert_int_eq(rotate_as(5, 0, 1, 2, NULL), 0);
	ck_assert_int_eq(demanded(9), 0);
	ck_assert_int_eq(rotate(5, 0, 1), 1);
	ck_assert_int_eq(rotate(6, 0, 2), 0); /* the old one's, in a thief's hands */
	ck_assert_int_eq(demanded(9), 1);
}
END_TEST

START_TEST(a_rotation_to_a_key_of_another_name_brings_nothing_into_force)
{
	static const uint8_t seed[32] = {77};

	tote__secret_free(&keys[1]);
	ck_ok(tote__secret_from_seed(NAME "2", KEY_TYPE_ED25519, seed, &keys[1], &fault), fault);
	ck_assert_int_eq(rotate(5, 0, 1), 0);
	ck_assert_int_eq(demanded(9), 0);
}
END_TEST

START_TEST(a_former_key_that_a_reader_was_told_brings_nothing_into_force)
{
	ck_assert_int_eq(rotate(5, 0, 1), 1);
	ck_assert_int_eq(rotate_as(6, 0, 2, 0, &keys[0].key), 0);
	ck_assert_int_eq(rotate_as(6, 0, 2, 0, &keys[3].key), 0);
	ck_assert_int_eq(demanded(9), 1);
}
END_TEST

START_TEST(a_key_that_replaced_a_lost_one_is_demanded_and_rotates_on)
{
	ck_ok(tote__keyring_replace(&ring, 4, &keys[1].key, &keys[0].key, &fault), fault);
	ck_assert_int_eq(demanded(4), 0);
	ck_assert_int_eq(demanded(5), 1);
	ck_assert_int_eq(rotate(4, 0, 2), 0); /* the lost one */
	ck_assert_int_eq(rotate(4, 1, 2), 1); /* the very next entry */
	ck_assert_int_eq(demanded(5), 2);
	ck_assert(ring.steps[1].replaced && !ring.steps[2].replaced);
}
END_TEST

START_TEST(who_was_told_the_newest_key_follows_to_it_from_one_that_no_entry_names)
{
	const struct vkey *told = &keys[3].key;

	ck_assert_int_eq(rotate_as(5, 1, 2, 2, told), 0); /* not proven */
	ck_assert_int_eq(rotate_as(5, 1, 2, 1, told), 1); /* 1 replaced 0, who knows when */
	ck_assert_int_eq(rotate_as(7, 2, 3, 2, told), 1);
	ck_assert_int_eq(demanded(8), 3);
	ck_assert_int_eq(demanded(6), 2);
	ck_assert_int_eq(
		rotate_as(9, 4, 0, 4, told), 0); /* it was reached: nothing more on credit */
	ck_assert_int_eq(demanded(99), 3);
}
END_TEST

START_TEST(who_was_told_the_key_that_replaced_the_lost_one_follows_from_it)
{
	const struct vkey *told = &keys[1].key;

	ck_assert_int_eq(rotate_as(5, 1, 2, 1, told), 1);
	ck_assert_int_eq(demanded(6), 2);
	ck_assert_int_eq(demanded(3), 1);
	ck_assert_int_eq(rotate_as(6, 1, 3, 1, told), 0);
}
END_TEST

Suite *keyring_suite(void)
{
	Suite *s = suite_create("keyring");
	TCase *t = tcase_create("keyring");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_checkpoint_over_a_rotation_is_the_new_keys_and_below_it_the_old_ones);
	tcase_add_test(t, a_rotation_counts_only_from_the_key_in_force_and_by_its_proof);
	tcase_add_test(t, a_rotation_to_a_key_of_another_name_brings_nothing_into_force);
	tcase_add_test(t, a_former_key_that_a_reader_was_told_brings_nothing_into_force);
	tcase_add_test(t, a_key_that_replaced_a_lost_one_is_demanded_and_rotates_on);
	tcase_add_test(t, who_was_told_the_newest_key_follows_to_it_from_one_that_no_entry_names);
	tcase_add_test(t, who_was_told_the_key_that_replaced_the_lost_one_follows_from_it);
	suite_add_tcase(s, t);
	return s;
}
