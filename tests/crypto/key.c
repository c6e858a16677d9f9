/* SPDX-License-Identifier: ISC */
/*
 * Keys have the bytes of RFC 8032 and the text forms of C2SP signed-note and Go's note package.
 */
#include "crypto/key.h"
#include "support/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 8032 section 7.1: tests 1, 2, 3 and SHA(abc). */
static const struct {
	const char *seed, *pub, *message, *signature;
} rfc8032[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
		"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
		"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	{"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
		"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
		"09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

/* tests/vectors/format-vectors.json and tlog-vectors.json: a seed and what it is as text. */
static const struct {
	const char *seed, *name;
	uint8_t type;
	const char *vkey;
} named[] = {
	{"c0788307f583cd7ffc14cb87313e1c939b7cb94a8e878acdc0de0b83e4c298db",
		"archive.example.com/acme/contracts", KEY_TYPE_ED25519,
		"archive.example.com/acme/contracts+93e245bb+"
		"AYFlGnSseE5O+Bv2gfS9azfCgU6/NIVxQT++j8sYim2G"},
	{"b866c787e2bcb6ee852483b557c74f7b076ce8e83e610ab2524c60e191428e5a",
		"archive.example.com/acme/contracts", KEY_TYPE_ED25519,
		"archive.example.com/acme/contracts+b2559cee+"
		"AR1bzswXyG/6Tjw+UHjEKR6N8smK9KqObghsNE0vGNNs"},
	{"afa09eaea0ee83aca18ca42da3c1fb4686a884b61808fcdeb51bcb96b82efcca",
		"example.com/toteborch/demo", KEY_TYPE_ED25519,
		"example.com/toteborch/demo+149729c4+AYkhxvZZ/W14I8XPkmxk9TM8Q9+bC/"
		"EiGMouIRk61za8"},
	{"531215f29123af1f236b1606f4cc7a6240c13a855eeb018b91c913295dcc22d4", "witness.example/w1",
		KEY_TYPE_COSIGNATURE,
		"witness.example/w1+5df76cea+BJplUOZ3MXtN692o2qFTNBcCDGJFYkSwIsnbEeUu1P2b"},
};

/* tests/vectors/format-vectors.json: key_file, of the first of them. */
#define KEY_FILE                                                                                   \
	"PRIVATE+KEY+archive.example.com/acme/contracts+93e245bb+"                                 \
	"AcB4gwf1g81//BTLhzE+HJObfLlKjoeKzcDeC4Pkwpjb\n"

static void secret_make(const char *seed_hex, const char *name, uint8_t type, struct secret *ret)
{
	struct tote_fault fault = {0};
	uint8_t seed[32];

	ck_assert_uint_eq(from_hex(seed_hex, seed), sizeof(seed));
	ck_ok(tote__secret_from_seed(name, type, seed, ret, &fault), fault);
}

START_TEST(signatures_are_those_of_rfc_8032)
{
	for (size_t i = 0; i < COUNT(rfc8032); i++) {
		uint8_t message[64], sig[SIG_LEN];
		size_t len = from_hex(rfc8032[i].message, message);
		struct secret secret;

		secret_make(rfc8032[i].seed, "name", KEY_TYPE_ED25519, &secret);
		ck_assert_str_eq(to_hex(secret.key.pub, 32), rfc8032[i].pub);
		tote__secret_sign(&secret, message, len, sig);
		ck_assert_str_eq(to_hex(sig, SIG_LEN), rfc8032[i].signature);
		ck_assert_int_eq(tote__vkey_verify(&secret.key, message, len, sig), 1);
		tote__secret_free(&secret);
		tote__secret_free(&secret);
	}
}
END_TEST

START_TEST(one_flipped_bit_and_the_signature_does_not_verify)
{
	uint8_t message[3] = "abc", sig[SIG_LEN];
	struct secret secret;

	secret_make(rfc8032[0].seed, "name", KEY_TYPE_ED25519, &secret);
	tote__secret_sign(&secret, message, sizeof(message), sig);
	for (size_t bit = 0; bit < 8 * SIG_LEN; bit++) {
		sig[bit / 8] = (uint8_t)(sig[bit / 8] ^ 1 << bit % 8);
		ck_assert_int_eq(tote__vkey_verify(&secret.key, message, 3, sig), 0);
		sig[bit / 8] = (uint8_t)(sig[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t bit = 0; bit < 24; bit++) {
		message[bit / 8] = (uint8_t)(message[bit / 8] ^ 1 << bit % 8);
		ck_assert_int_eq(tote__vkey_verify(&secret.key, message, 3, sig), 0);
		message[bit / 8] = (uint8_t)(message[bit / 8] ^ 1 << bit % 8);
	}
	ck_assert_int_eq(tote__vkey_verify(&secret.key, message, 2, sig), 0);
	ck_assert_int_eq(tote__vkey_verify(&secret.key, message, 3, sig), 1);
	tote__secret_free(&secret);
}
END_TEST

START_TEST(a_second_form_of_a_signature_and_a_key_of_small_order_are_refused)
{
	/* RFC 8032's first signature with the group's order added to S: section 5.1.7 forbids it. */
	static const char *const second_form =
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
		"4c8c7872aa064e049dbb3013fbf29380d25bf5f0595bbe24655141438e7a101b";
	uint8_t pub[32], sig[SIG_LEN] = {1};
	struct vkey key;

	from_hex(rfc8032[0].pub, pub);
	tote__vkey_make(&key, "name", KEY_TYPE_ED25519, pub);
	from_hex(rfc8032[0].signature, sig);
	ck_assert_int_eq(tote__vkey_verify(&key, "", 0, sig), 1);
	from_hex(second_form, sig);
	ck_assert_int_eq(tote__vkey_verify(&key, "", 0, sig), 0);

	/* The neutral element as key and as R, with S = 0, would sign everything. */
	memset(pub, 0, sizeof(pub));
	memset(sig, 0, sizeof(sig));
	pub[0] = 1;
	sig[0] = 1;
	tote__vkey_make(&key, "name", KEY_TYPE_ED25519, pub);
	ck_assert_int_eq(tote__vkey_verify(&key, "anything", 8, sig), 0);
}
END_TEST

START_TEST(a_seed_has_the_vkey_of_the_vectors)
{
	for (size_t i = 0; i < COUNT(named); i++) {
		struct tote_fault fault = {0};
		char text[VKEY_MAX];
		struct secret secret;
		struct vkey key;

		secret_make(named[i].seed, named[i].name, named[i].type, &secret);
		tote__vkey_format(&secret.key, text);
		ck_assert_str_eq(text, named[i].vkey);
		ck_ok(tote__vkey_parse(text, strlen(text), &key, &fault), fault);
		ck_assert_int_eq(memcmp(&key, &secret.key, sizeof(key)), 0);
		ck_assert_uint_eq(key.id, tote__vkey_id(key.name, key.type, key.pub));
		tote__secret_free(&secret);
	}
}
END_TEST

START_TEST(two_keys_are_one_only_where_name_type_id_and_bytes_are)
{
	static const uint8_t pub[32] = {1, 2, 3};
	struct vkey key, other;

	tote__vkey_make(&key, "log.example/a", KEY_TYPE_ED25519, pub);
	other = key;
	ck_assert_int_eq(tote__vkey_equal(&key, &other), 1);
	other.name[4] ^= 1;
	ck_assert_int_eq(tote__vkey_equal(&key, &other), 0);
	other = key;
	other.type = KEY_TYPE_COSIGNATURE;
	ck_assert_int_eq(tote__vkey_equal(&key, &other), 0);
	other = key;
	other.id++;
	ck_assert_int_eq(tote__vkey_equal(&key, &other), 0);
	other = key;
	other.pub[31] ^= 1;
	ck_assert_int_eq(tote__vkey_equal(&key, &other), 0);
}
END_TEST

START_TEST(vkeys_of_others_are_read)
{
	static const char *const taken[] = {
		"sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	};

	for (size_t i = 0; i < COUNT(taken); i++) {
		struct tote_fault fault = {0};
		char text[VKEY_MAX];
		struct vkey key;

		ck_ok(tote__vkey_parse(taken[i], strlen(taken[i]), &key, &fault), fault);
		tote__vkey_format(&key, text);
		ck_assert_str_eq(text, taken[i]);
	}
}
END_TEST

#define BASE64_KEY "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

START_TEST(what_is_no_vkey_is_refused_and_said)
{
	static const char *const refused[] = {
		"",
		"+",
		"++",
		"+++++++++++++++++++++++++++++++++++++++++++++++++++++",
		"example.com/foo",
		"example.com/foo+530d903a",
		"+530d903a+" BASE64_KEY,
		"example.com/foo+530d903a+" BASE64_KEY "\n",
		"example.com/foo+530d903b+" BASE64_KEY,
		"example.com/foO+530d903a+" BASE64_KEY,
		"example.com/foo+530D903A+" BASE64_KEY,
		"example.com/foo+530d903 +" BASE64_KEY,
		"example.com/foo+530d903a " BASE64_KEY,
		"example.com foo+530d903a+" BASE64_KEY,
		"example.com\xFFoo+530d903a+" BASE64_KEY,
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U==",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k2k==",
		"example.com/foo+530d903a+_ekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	};
	struct tote_fault fault = {0};
	struct vkey key = {.id = 77};
	char nul[] = "example.com/foo+530d903a+" BASE64_KEY;

	for (size_t i = 0; i < COUNT(refused); i++)
		ck_fault(tote__vkey_parse(refused[i], strlen(refused[i]), &key, &fault),
			TOTE_E_GRAMMAR, fault);
	nul[3] = '\0';
	ck_fault(tote__vkey_parse(nul, sizeof(nul) - 1, &key, &fault), TOTE_E_GRAMMAR, fault);
	ck_assert_uint_eq(key.id, 77);
}
END_TEST

START_TEST(a_key_name_has_no_space_of_unicode_and_no_plus)
{
	static const char *const spaces[] = {"\t", "\n", "\v", "\f", "\r", " ", "\xC2\x85",
		"\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x8A", "\xE2\x80\xA8",
		"\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80", "+", "\x01", "\x80",
		"\xC0\xA0"};
	static const char *const plain[] = {"a", "~", "\x7F", "\xC2\x84", "\xC2\x86",
		"\xE2\x80\x8B", "\xE2\x80\xA7", "\xE2\x80\xB0", "\xE3\x80\x81", "\xEF\xBB\xBF",
		"\xF0\x9F\x93\x9C"};
	char name[300];

	for (size_t i = 0; i < COUNT(spaces); i++) {
		snprintf(name, sizeof(name), "a%sb", spaces[i]);
		ck_assert_msg(!tote__key_name_valid(name, strlen(name)), "case %zu", i);
	}
	for (size_t i = 0; i < COUNT(plain); i++)
		ck_assert_msg(tote__key_name_valid(plain[i], strlen(plain[i])), "case %zu", i);
	memset(name, 'n', sizeof(name));
	ck_assert_int_eq(tote__key_name_valid(name, 255), 1);
	ck_assert_int_eq(tote__key_name_valid(name, 256), 0);
	ck_assert_int_eq(tote__key_name_valid(name, 0), 0);
}
END_TEST

START_TEST(the_longest_name_fits_everywhere)
{
	struct tote_fault fault = {0};
	char name[256], text[VKEY_MAX];
	struct secret secret, back;
	struct vkey key;
	struct buf b;

	memset(name, 'n', 255);
	name[255] = '\0';
	secret_make(rfc8032[0].seed, name, KEY_TYPE_ED25519, &secret);
	tote__vkey_format(&secret.key, text);
	ck_ok(tote__vkey_parse(text, strlen(text), &key, &fault), fault);
	ck_assert_str_eq(key.name, name);
	tote__buf_init(&b, plain_heap(), 1000);
	ck_ok(tote__secret_format(&secret, &b, &fault), fault);
	ck_ok(tote__secret_parse((char *)b.data, b.len, &back, &fault), fault);
	ck_assert_int_eq(memcmp(&back.key, &secret.key, sizeof(back.key)), 0);
	tote__buf_free(&b);
	tote__secret_free(&secret);
	tote__secret_free(&back);
}
END_TEST

START_TEST(a_key_file_is_that_of_gos_note_package)
{
	struct tote_fault fault = {0};
	struct secret secret;
	struct buf b;

	ck_ok(tote__secret_parse(KEY_FILE, strlen(KEY_FILE), &secret, &fault), fault);
	ck_assert_str_eq(secret.key.name, named[0].name);
	ck_assert_uint_eq(secret.key.id, 0x93e245bb);
	tote__buf_init(&b, plain_heap(), 1000);
	ck_ok(tote__secret_format(&secret, &b, &fault), fault);
	tote__buf_putc(&b, 0);
	ck_assert_str_eq((char *)b.data, KEY_FILE);
	tote__buf_free(&b);
	tote__secret_free(&secret);
	/* Go's own reader takes no line end, so neither form is wrong. */
	ck_ok(tote__secret_parse(KEY_FILE, strlen(KEY_FILE) - 1, &secret, &fault), fault);
	tote__secret_free(&secret);
}
END_TEST

START_TEST(a_damaged_key_file_is_refused_without_telling_the_secret)
{
	static const char *const rest = "+93e245bb+AcB4gwf1g81//BTLhzE+HJObfLlKjoeKzcDeC4Pkwpjb";
	struct tote_fault fault = {0};
	struct secret secret = {.seed_and_pub = NULL};
	char line[200];

	for (size_t i = 0; i < strlen(KEY_FILE) - 1; i++) {
		snprintf(line, sizeof(line), "%s", KEY_FILE);
		line[i] = line[i] == 'Q' ? 'R' : 'Q';
		ck_fault(
			tote__secret_parse(line, strlen(line), &secret, &fault), TOTE_E_KEY, fault);
		ck_assert_ptr_null(strstr(fault.text, "AcB4"));
		ck_assert_ptr_null(secret.seed_and_pub);
	}
	for (size_t len = 0; len < strlen(KEY_FILE) - 1; len++)
		ck_fault(tote__secret_parse(KEY_FILE, len, &secret, &fault), TOTE_E_KEY, fault);
	snprintf(line, sizeof(line), "%s\n", KEY_FILE);
	ck_fault(tote__secret_parse(line, strlen(line), &secret, &fault), TOTE_E_KEY, fault);
	snprintf(line, sizeof(line), "archive.example.com/acme/contracts%s", rest);
	ck_fault(tote__secret_parse(line, strlen(line), &secret, &fault), TOTE_E_KEY, fault);
}
END_TEST

START_TEST(a_generated_key_is_new_each_time_and_comes_back_from_its_file)
{
	struct tote_fault fault = {0};
	struct secret a, b, back;
	uint8_t sig[SIG_LEN];
	struct buf file;

	ck_ok(tote__secret_generate("n", KEY_TYPE_COSIGNATURE, &a, &fault), fault);
	ck_ok(tote__secret_generate("n", KEY_TYPE_COSIGNATURE, &b, &fault), fault);
	ck_assert_int_ne(memcmp(a.key.pub, b.key.pub, 32), 0);
	tote__buf_init(&file, plain_heap(), 1000);
	ck_ok(tote__secret_format(&a, &file, &fault), fault);
	ck_ok(tote__secret_parse((char *)file.data, file.len, &back, &fault), fault);
	tote__secret_sign(&back, "text", 4, sig);
	ck_assert_int_eq(tote__vkey_verify(&a.key, "text", 4, sig), 1);
	ck_assert_int_eq(tote__vkey_verify(&b.key, "text", 4, sig), 0);
	tote__buf_free(&file);
	tote__secret_free(&a);
	tote__secret_free(&b);
	tote__secret_free(&back);
}
END_TEST

START_TEST(no_key_is_made_of_a_bad_name_or_type)
{
	struct secret secret = {.seed_and_pub = NULL};
	struct tote_fault fault = {0};

	ck_fault(tote__secret_generate("", 1, &secret, &fault), TOTE_E_GRAMMAR, fault);
	ck_fault(tote__secret_generate("a b", 1, &secret, &fault), TOTE_E_GRAMMAR, fault);
	ck_fault(tote__secret_generate("a+b", 1, &secret, &fault), TOTE_E_GRAMMAR, fault);
	ck_fault(tote__secret_generate("a", 2, &secret, &fault), TOTE_E_GRAMMAR, fault);
	ck_assert_ptr_null(secret.seed_and_pub);
	tote__secret_free(&secret);
}
END_TEST

START_TEST(a_key_file_that_has_no_room_says_so)
{
	struct failing f = {.fail_at = 0};
	struct heap heap = failing_heap(&f);
	struct tote_fault fault = {0};
	struct secret secret;
	struct buf b;

	secret_make(rfc8032[0].seed, "name", KEY_TYPE_ED25519, &secret);
	tote__buf_init(&b, &heap, 1000);
	ck_fault(tote__secret_format(&secret, &b, &fault), TOTE_E_NO_MEMORY, fault);
	tote__buf_free(&b);
	tote__buf_init(&b, plain_heap(), 20);
	ck_fault(tote__secret_format(&secret, &b, &fault), TOTE_E_TOO_LARGE, fault);
	tote__buf_free(&b);
	tote__secret_free(&secret);
}
END_TEST

Suite *key_suite(void)
{
	Suite *s = suite_create("key");
	TCase *t = tcase_create("key");

	tcase_add_test(t, signatures_are_those_of_rfc_8032);
	tcase_add_test(t, one_flipped_bit_and_the_signature_does_not_verify);
	tcase_add_test(t, a_second_form_of_a_signature_and_a_key_of_small_order_are_refused);
	tcase_add_test(t, a_seed_has_the_vkey_of_the_vectors);
	tcase_add_test(t, two_keys_are_one_only_where_name_type_id_and_bytes_are);
	tcase_add_test(t, vkeys_of_others_are_read);
	tcase_add_test(t, what_is_no_vkey_is_refused_and_said);
	tcase_add_test(t, a_key_name_has_no_space_of_unicode_and_no_plus);
	tcase_add_test(t, the_longest_name_fits_everywhere);
	tcase_add_test(t, a_key_file_is_that_of_gos_note_package);
	tcase_add_test(t, a_damaged_key_file_is_refused_without_telling_the_secret);
	tcase_add_test(t, a_generated_key_is_new_each_time_and_comes_back_from_its_file);
	tcase_add_test(t, no_key_is_made_of_a_bad_name_or_type);
	tcase_add_test(t, a_key_file_that_has_no_room_says_so);
	suite_add_tcase(s, t);
	return s;
}
