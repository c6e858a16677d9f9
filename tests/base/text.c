/* SPDX-License-Identifier: ISC */
/*
 * Base64, hex, decimals, UTF-8 and escaped values: what is written is the only thing that is read.
 */
#include "base/text.h"
#include "support/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 4648 section 10. */
static const char *const base64_vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

START_TEST(base64_is_that_of_rfc_4648)
{
	for (size_t i = 0; i < COUNT(base64_vectors); i++) {
		const char *raw = base64_vectors[i][0], *text = base64_vectors[i][1];
		uint8_t back[16];
		char out[16];
		size_t len;

		tote__base64_encode(raw, strlen(raw), out);
		ck_assert_str_eq(out, text);
		ck_assert_uint_eq(BASE64_LEN(strlen(raw)), strlen(text));
		ck_assert_int_eq(
			tote__base64_decode(text, strlen(text), back, sizeof(back), &len), 0);
		ck_assert_uint_eq(len, strlen(raw));
		ck_assert_int_eq(memcmp(back, raw, len), 0);
	}
}
END_TEST

START_TEST(base64_of_any_bytes_comes_back)
{
	uint8_t raw[256], back[256];
	char text[BASE64_LEN(256) + 1];
	size_t n;

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 167 + 13);
	for (size_t len = 0; len <= sizeof(raw); len++) {
		tote__base64_encode(raw, len, text);
		ck_assert_int_eq(tote__base64_decode(text, strlen(text), back, len, &n), 0);
		ck_assert_uint_eq(n, len);
		ck_assert_int_eq(memcmp(raw, back, len), 0);
		if (len > 0) /* and never more than there is room for */
			ck_assert_int_eq(
				tote__base64_decode(text, strlen(text), back, len - 1, &n), -1);
	}
}
END_TEST

START_TEST(base64_that_is_not_exactly_an_encoding_is_refused)
{
	static const char *const refused[] = {"Z", "Zg", "Zg=", "Zg==\n",
		"Zg= =", "Zh==", "Zm9=", "====", "=Zg=", "Zg==Zg==", "Zm-v", "Zm_v", "Zm\nv",
		" Zm9v", "Zm9v=", "Z===", "Zm8=Zm8="};
	uint8_t out[16];
	size_t n;

	for (size_t i = 0; i < COUNT(refused); i++)
		ck_assert_msg(tote__base64_decode(
				      refused[i], strlen(refused[i]), out, sizeof(out), &n) == -1,
			"'%s' was taken", refused[i]);
	ck_assert_int_eq(tote__base64_decode("Zm\0v", 4, out, sizeof(out), &n), -1);
}
END_TEST

START_TEST(hex_is_lower_case_and_whole_bytes)
{
	static const char *const refused[] = {"A0", "0", "0g", "g0", " 0", "000", "0x"};
	uint8_t raw[3] = {0x00, 0xAF, 0x5C}, back[3];
	char text[7];

	tote__hex_encode(raw, sizeof(raw), text);
	ck_assert_str_eq(text, "00af5c");
	ck_assert_int_eq(tote__hex_decode(text, 6, back), 0);
	ck_assert_int_eq(memcmp(raw, back, 3), 0);
	for (size_t i = 0; i < COUNT(refused); i++)
		ck_assert_int_eq(tote__hex_decode(refused[i], strlen(refused[i]), back), -1);
}
END_TEST

START_TEST(decimals_are_below_two_to_the_63_and_in_one_form)
{
	static const char *const refused[] = {"", "00", "01", "+1", "-1", " 1", "1 ", "1a",
		"9223372036854775808", "10000000000000000000", "99999999999999999999"};
	uint64_t v = 7;

	for (size_t i = 0; i < COUNT(refused); i++)
		ck_assert_msg(tote__decimal_parse(refused[i], strlen(refused[i]), &v) == -1,
			"'%s' was taken", refused[i]);
	ck_assert_uint_eq(v, 7);
	ck_assert_int_eq(tote__decimal_parse("0", 1, &v), 0);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(tote__decimal_parse("9223372036854775807", 19, &v), 0);
	ck_assert_uint_eq(v, INT64_MAX);
	ck_assert_int_eq(tote__decimal_parse("412", 2, &v), 0); /* the length counts */
	ck_assert_uint_eq(v, 41);
}
END_TEST

START_TEST(utf8_is_that_of_rfc_3629)
{
	static const struct {
		const char *hex;
		size_t length; /* of the sequence at the start */
	} cases[] = {{"", 0}, {"00", 1}, {"7f", 1}, {"80", 0}, {"bf", 0}, {"c080", 0}, {"c1bf", 0},
		{"c280", 2}, {"dfbf", 2}, {"c2", 0}, {"c27f", 0}, {"c2c0", 0}, {"e09fbf", 0},
		{"e0a080", 3}, {"ed9fbf", 3}, {"eda080", 0}, {"edbfbf", 0}, {"ee8080", 3},
		{"efbfbf", 3}, {"e282", 0}, {"e28228", 0}, {"f08fbfbf", 0}, {"f0908080", 4},
		{"f48fbfbf", 4}, {"f4908080", 0}, {"f5808080", 0}, {"ff", 0}, {"f09f93", 0},
		{"f09f9341", 0}, {"e282ac41", 3}};
	uint8_t raw[8];

	for (size_t i = 0; i < COUNT(cases); i++) {
		const size_t n = from_hex(cases[i].hex, raw);

		ck_assert_msg(tote__utf8_length(raw, n) == cases[i].length, "%s", cases[i].hex);
		ck_assert_int_eq(tote__utf8_valid(raw, n), cases[i].length > 0 || n == 0);
	}
}
END_TEST

START_TEST(text_is_utf8_wherever_in_it_stands_what_is_not_ascii)
{
	for (size_t len = 2; len < 40; len++)
		for (size_t at = 0; at + 1 < len; at++) {
			char text[40];

			memset(text, 'a', sizeof(text));
			memcpy(text + at, "\xC3\xA4", 2);
			ck_assert_int_eq(tote__utf8_valid(text, len), 1);
			text[at + 1] = 'a';
			ck_assert_int_eq(tote__utf8_valid(text, len), 0);
			memcpy(text + at, "a\x84", 2);
			ck_assert_int_eq(tote__utf8_valid(text, len), 0);
		}
}
END_TEST

/* tests/vectors/format-vectors.json: values. */
static const char *const values[][2] = {{"706c61696e", "plain"}, {"20", "%20"}, {"2020", "%20%20"},
	{"612062", "a b"}, {"206120", "%20a%20"}, {"25", "%25"}, {"253431", "%2541"}, {"0a", "%0A"},
	{"7f", "%7F"}, {"e282ac", "\xE2\x82\xAC"}, {"e282", "%E2%82"}, {"eda080", "%ED%A0%80"},
	{"c0af", "%C0%AF"}, {"f4908080", "%F4%90%80%80"}, {"f09f939c", "\xF0\x9F\x93\x9C"},
	{"efbbbf", "\xEF\xBB\xBF"}};

/* And of ours: bytes at the edges of what is escaped, three spaces, a cut sequence before a whole. */
static const char *const more_values[][2] = {{"00", "%00"}, {"1f", "%1F"}, {"21", "!"}, {"7e", "~"},
	{"202020", "%20 %20"}, {"c280", "\xC2\x80"}, {"e2e282ac", "%E2\xE2\x82\xAC"},
	{"0d0a", "%0D%0A"}, {"61ff62", "a%FFb"}, {"612020", "a %20"}};

static void value_is_written(const char *hex, const char *written)
{
	uint8_t raw[64], back[64];
	size_t raw_len = from_hex(hex, raw), n;
	struct buf b;

	tote__buf_init(&b, plain_heap(), 1000);
	tote__value_escape(&b, raw, raw_len);
	tote__buf_putc(&b, 0);
	ck_assert_str_eq((char *)b.data, written);
	ck_assert_uint_eq(tote__value_escaped_length(raw, raw_len), strlen(written));
	ck_assert_int_eq(tote__value_unescape(written, strlen(written), back, &n), 0);
	ck_assert_str_eq(to_hex(back, n), hex);
	tote__buf_free(&b);
}

START_TEST(a_value_is_escaped_as_the_format_says_and_comes_back)
{
	for (size_t i = 0; i < COUNT(values); i++)
		value_is_written(values[i][0], values[i][1]);
	for (size_t i = 0; i < COUNT(more_values); i++)
		value_is_written(more_values[i][0], more_values[i][1]);
}
END_TEST

/* tests/vectors/format-vectors.json: values_refused_as_written_hex. */
static const char *const values_refused[] = {"", "2061", "6120", "253431", "253061", "25", "2530",
	"31303025", "6125323062", "254532253832254143", "01", "ff", "7f", "610d", "257a7a",
	"25453282ac"};

START_TEST(a_value_written_in_another_way_is_refused)
{
	uint8_t written[64], out[64];
	size_t n;

	for (size_t i = 0; i < COUNT(values_refused); i++) {
		size_t len = from_hex(values_refused[i], written);

		ck_assert_msg(tote__value_unescape((char *)written, len, out, &n) == -1,
			"%s was taken", values_refused[i]);
	}
}
END_TEST

/* Written and read back, and read as if it were written itself: then it is its own one form. */
static int has_one_form(const uint8_t *raw, size_t len, struct buf *b)
{
	uint8_t back[64];
	size_t n;

	tote__buf_reset(b);
	tote__value_escape(b, raw, len);
	if (b->len != tote__value_escaped_length(raw, len) ||
		tote__value_unescape((char *)b->data, b->len, back, &n) < 0 || n != len ||
		memcmp(raw, back, len) != 0)
		return 0;
	if (tote__value_unescape((const char *)raw, len, back, &n) < 0)
		return b->len != len || memcmp(b->data, raw, len) != 0;
	tote__buf_reset(b);
	tote__value_escape(b, back, n);
	return b->len == len && memcmp(b->data, raw, len) == 0;
}

START_TEST(whatever_two_bytes_a_value_has_it_has_one_written_form)
{
	struct buf b;
	int wrong = -1;

	tote__buf_init(&b, plain_heap(), 100);
	for (int i = 0; i < 65536; i++) {
		const uint8_t raw[2] = {(uint8_t)(i >> 8), (uint8_t)i};

		if (!has_one_form(raw, 2, &b))
			wrong = i;
	}
	tote__buf_free(&b);
	ck_assert_msg(wrong < 0, "the bytes %04x", (unsigned)wrong);
}
END_TEST

/* What is written as it is is recognized 8 bytes at a time. */
START_TEST(any_byte_at_any_place_of_a_value_is_written_in_one_form)
{
	struct buf b;

	tote__buf_init(&b, plain_heap(), 100);
	for (size_t len = 1; len <= 20; len++)
		for (size_t at = 0; at < len; at++)
			for (int byte = 0; byte < 256; byte++) {
				uint8_t raw[20];

				memset(raw, byte & 1 ? '!' : '~', len);
				raw[at] = (uint8_t)byte;
				ck_assert_msg(has_one_form(raw, len, &b), "byte %02x, %zu of %zu",
					(unsigned)byte, at, len);
			}
	tote__buf_free(&b);
}
END_TEST

START_TEST(a_value_is_bounded_as_it_is_written)
{
	char *written = malloc(VALUE_MAX + 1);
	uint8_t *out = malloc(VALUE_MAX + 1);
	size_t n;

	memset(written, 'v', VALUE_MAX + 1);
	ck_assert_int_eq(tote__value_unescape(written, VALUE_MAX, out, &n), 0);
	ck_assert_uint_eq(n, VALUE_MAX);
	ck_assert_int_eq(tote__value_unescape(written, VALUE_MAX + 1, out, &n), -1);
	free(written);
	free(out);
}
END_TEST

Suite *text_suite(void)
{
	Suite *s = suite_create("text");
	TCase *t = tcase_create("text");

	tcase_add_test(t, base64_is_that_of_rfc_4648);
	tcase_add_test(t, base64_of_any_bytes_comes_back);
	tcase_add_test(t, base64_that_is_not_exactly_an_encoding_is_refused);
	tcase_add_test(t, hex_is_lower_case_and_whole_bytes);
	tcase_add_test(t, decimals_are_below_two_to_the_63_and_in_one_form);
	tcase_add_test(t, utf8_is_that_of_rfc_3629);
	tcase_add_test(t, text_is_utf8_wherever_in_it_stands_what_is_not_ascii);
	tcase_add_test(t, a_value_is_escaped_as_the_format_says_and_comes_back);
	tcase_add_test(t, a_value_written_in_another_way_is_refused);
	tcase_add_test(t, whatever_two_bytes_a_value_has_it_has_one_written_form);
	tcase_add_test(t, any_byte_at_any_place_of_a_value_is_written_in_one_form);
	tcase_add_test(t, a_value_is_bounded_as_it_is_written);
	suite_add_tcase(s, t);
	return s;
}
