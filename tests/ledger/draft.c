/* SPDX-License-Identifier: ISC */
/*
 * Drafts: what a writer takes from its caller, what it makes of it, and how it knows a retry.
 */
#include "ledger/entry.h"
#include "base/text.h"
#include "support/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PREV         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define TIME         "2026-11-23T08:15:00.123456Z"
#define TIME_US      INT64_C(1795421700123456)
#define HEAD         "toteborch.entry/1 record\nseq 41\ntime " TIME "\nprev " PREV "\n"

static const uint8_t zero_prev[HASH_LEN];

static struct buf new_buf(void)
{
	struct buf b;

	tote__buf_init(&b, plain_heap(), 4 * ENTRY_MAX);
	return b;
}

/* --- writing -------------------------------------------------------------------------------- */

START_TEST(the_callers_order_of_fields_does_not_matter)
{
	static const struct field sorted[] = {{"a", "1", 1}, {"a-b", "2", 1}, {"ab", "3", 1},
		{"b", "4", 1}, {"tote-x", "5", 1}, {"z", "6", 1}};
	static const struct field mixed[] = {{"z", "6", 1}, {"ab", "3", 1}, {"tote-x", "5", 1},
		{"a", "1", 1}, {"b", "4", 1}, {"a-b", "2", 1}};
	static const char text[] =
		HEAD "actor me\na 1\na-b 2\nab 3\nb 4\ntote-state archived\ntote-x 5\nz 6\n\npay";
	struct tote_fault fault = {0};

	for (int i = 0; i < 2; i++) {
		struct draft d = {.kind = "record",
			.actor = "me",
			.fields = i ? mixed : sorted,
			.field_count = COUNT(sorted),
			.payload = "pay",
			.payload_len = 3};
		struct buf out = new_buf();

		tote__buf_puts(&out, "before");
		ck_ok(tote__entry_encode(&d, 41, TIME_US, zero_prev, "archived", &out, &fault),
			fault);
		ck_assert_uint_eq(out.len, 6 + strlen(text));
		ck_assert_mem_eq(out.data + 6, text, strlen(text));
		tote__buf_free(&out);
	}
}
END_TEST

START_TEST(a_writer_refuses_what_a_reader_would_and_what_is_not_the_callers)
{
	static const struct {
		const char *kind, *key, *value;
		const char *payload;
		int host, code;
	} cases[] = {
		{"record", "k", "v", "p", 1, 0},
		{"record.mail", "k", "v", "p", 1, 0},
		{"host.x", "totebox", "v", "p", 1, 0},
		{"record", "k", "v", "p", 0, 0},
		{"asset.sealed", "k", "v", "", 0, 0},
		{"asset.sealed", "k", "v", "p", 0, TOTE_E_GRAMMAR},
		{"asset.sealed", "k", "v", "", 1, TOTE_E_GRAMMAR},
		{"records", "k", "v", "", 1, TOTE_E_GRAMMAR},
		{"host", "k", "v", "", 1, TOTE_E_GRAMMAR},
		{"Record", "k", "v", "", 1, TOTE_E_GRAMMAR},
		{"", "k", "v", "", 1, TOTE_E_GRAMMAR},
		{NULL, "k", "v", "", 1, TOTE_E_ARGUMENT},
		{"record", "tote-x", "v", "", 1, TOTE_E_GRAMMAR},
		{"record", "tote-x", "v", "", 0, 0},
		{"record", "tote-", "v", "", 1, TOTE_E_GRAMMAR},
		{"record", "tote", "v", "", 1, 0},
		{"record", "tote-state", "v", "", 0, TOTE_E_GRAMMAR},
		{"record", "seq", "1", "", 1, TOTE_E_GRAMMAR},
		{"record", "time", "1", "", 1, TOTE_E_GRAMMAR},
		{"record", "prev", "1", "", 1, TOTE_E_GRAMMAR},
		{"record", "actor", "1", "", 1, TOTE_E_GRAMMAR},
		{"record", "K", "v", "", 1, TOTE_E_GRAMMAR},
		{"record", "", "v", "", 1, TOTE_E_GRAMMAR},
		{"record", NULL, "v", "", 1, TOTE_E_ARGUMENT},
		{"record", "k", "", "", 1, TOTE_E_GRAMMAR},
		{"record", "k", NULL, "", 1, TOTE_E_ARGUMENT},
		{"record", "k", "v", NULL, 1, TOTE_E_ARGUMENT},
		{"record", "a2345678901234567890123456789012", "v", "", 1, 0},
		{"record", "a23456789012345678901234567890123", "v", "", 1, TOTE_E_GRAMMAR},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct field f = {
			cases[i].key, cases[i].value, cases[i].value ? strlen(cases[i].value) : 1};
		struct draft d = {.kind = cases[i].kind,
			.fields = &f,
			.field_count = 1,
			.payload = cases[i].payload,
			.payload_len = cases[i].payload ? strlen(cases[i].payload) : 1};
		struct tote_fault fault = {0};
		size_t bound;
		int r = tote__draft_check(&d, cases[i].host, &bound, &fault);

		ck_assert_msg(
			r == cases[i].code, "case %zu: %s: %s", i, tote_error_name(r), fault.text);
		ck_assert_int_eq(fault.code, r);
	}
}
END_TEST

START_TEST(the_same_key_twice_an_empty_actor_and_missing_fields_are_refused)
{
	static const struct field twice[] = {{"a", "1", 1}, {"b", "1", 1}, {"a", "2", 1}};
	struct draft d = {.kind = "record", .fields = twice, .field_count = 3};
	struct tote_fault fault = {0};
	size_t bound;

	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_GRAMMAR, fault);
	d.fields = NULL;
	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_ARGUMENT, fault);
	d.field_count = 0;
	d.actor = "";
	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_GRAMMAR, fault);
}
END_TEST

START_TEST(a_caller_has_59_fields_whatever_seq_and_actor_will_be)
{
	char key[60][16];
	struct field fields[60];
	struct draft d = {.kind = "record", .actor = "me", .fields = fields, .field_count = 59};
	struct tote_fault fault = {0};
	struct buf out = new_buf();
	struct entry e;
	size_t bound;

	for (int i = 0; i < 60; i++) {
		snprintf(key[i], sizeof(key[i]), "f%02d", i);
		fields[i] = (struct field){key[i], "v", 1};
	}
	ck_ok(tote__draft_check(&d, 1, &bound, &fault), fault);
	ck_ok(tote__entry_encode(&d, 256, TIME_US, zero_prev, "active", &out, &fault), fault);
	ck_ok(tote__entry_parse(out.data, out.len, &e, &fault), fault);
	ck_assert_uint_eq(e.field_count, 61);
	ck_assert_int_eq(tote__entry_is_draft(&e, &d), 1);
	d.field_count = 60;
	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_TOO_LARGE, fault);
	d.actor = NULL;
	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_TOO_LARGE, fault);
	tote__buf_free(&out);
}
END_TEST

/* The largest payload that is taken, by halving. */
static size_t largest_payload(struct draft *d, size_t *ret_bound)
{
	size_t low = 0, high = ENTRY_MAX + 1;
	struct tote_fault fault = {0};

	while (high - low > 1) {
		d->payload_len = low + (high - low) / 2;
		if (tote__draft_check(d, 1, ret_bound, &fault) < 0)
			high = d->payload_len;
		else
			low = d->payload_len;
	}
	d->payload_len = low;
	ck_assert_int_eq(tote__draft_check(d, 1, ret_bound, &fault), 0);
	return low;
}

START_TEST(the_largest_draft_fits_whatever_its_seq_and_state_and_fills_an_entry_to_the_byte)
{
	uint8_t *payload = calloc(1, ENTRY_MAX);
	struct field f = {"subject", "100% \n", 6};
	struct draft d = {.kind = "record",
		.actor = " me ",
		.fields = &f,
		.field_count = 1,
		.payload = payload};
	struct tote_fault fault = {0};
	struct buf out = new_buf();
	size_t bound;

	largest_payload(&d, &bound);
	ck_assert_uint_eq(bound, ENTRY_MAX + 2);
	ck_ok(tote__entry_encode(&d, INT64_MAX, TIME_US, zero_prev, "suspended", &out, &fault),
		fault);
	ck_assert_uint_eq(out.len, ENTRY_MAX);
	d.actor = NULL; /* counted as if it bore one, of one byte: "actor x" and LF */
	largest_payload(&d, &bound);
	tote__buf_reset(&out);
	ck_ok(tote__entry_encode(&d, INT64_MAX, TIME_US, zero_prev, "suspended", &out, &fault),
		fault);
	ck_assert_uint_eq(out.len + 8, ENTRY_MAX);
	tote__buf_free(&out);
	free(payload);
}
END_TEST

START_TEST(a_value_has_16384_bytes_as_written)
{
	uint8_t *value = malloc(VALUE_MAX + 1);
	struct field f = {"k", value, VALUE_MAX};
	struct draft d = {.kind = "record", .fields = &f, .field_count = 1};
	struct tote_fault fault = {0};
	size_t bound;

	memset(value, 'v', VALUE_MAX + 1);
	ck_ok(tote__draft_check(&d, 1, &bound, &fault), fault);
	f.len++;
	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_TOO_LARGE, fault);
	memset(&fault, 0, sizeof(fault));
	memset(value, '%', VALUE_MAX);
	f.len = VALUE_MAX / 3;
	ck_ok(tote__draft_check(&d, 1, &bound, &fault), fault);
	f.len++;
	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_TOO_LARGE, fault);
	f.len = SIZE_MAX;
	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_TOO_LARGE, fault);
	f.len = 1;
	d.payload = value;
	d.payload_len = SIZE_MAX;
	ck_fault(tote__draft_check(&d, 1, &bound, &fault), TOTE_E_TOO_LARGE, fault);
	free(value);
}
END_TEST

START_TEST(what_cannot_be_written_leaves_the_buffer_as_it_was)
{
	struct draft d = {.kind = "record"};
	struct tote_fault fault = {0};
	struct buf out;

	tote__buf_init(&out, plain_heap(), 100);
	tote__buf_puts(&out, "before");
	ck_fault(tote__entry_encode(&d, 1, TIME_US, zero_prev, NULL, &out, &fault),
		TOTE_E_TOO_LARGE, fault);
	ck_assert_uint_eq(out.len, 6);
	out.failed = 0;
	ck_fault(tote__entry_encode(&d, 1, -1, zero_prev, NULL, &out, &fault), TOTE_E_CLOCK, fault);
	ck_fault(tote__entry_encode(
			 &d, (uint64_t)INT64_MAX + 1, TIME_US, zero_prev, NULL, &out, &fault),
		TOTE_E_LIMIT, fault);
	ck_fault(tote__entry_encode(&d, 1, TIME_US, zero_prev, "suspended!", &out, &fault),
		TOTE_E_ARGUMENT, fault);
	d.kind = "Record";
	ck_fault(tote__entry_encode(&d, 1, TIME_US, zero_prev, NULL, &out, &fault), TOTE_E_GRAMMAR,
		fault);
	ck_assert_uint_eq(out.len, 6);
	tote__buf_free(&out);
}
END_TEST

/* --- comparing ------------------------------------------------------------------------------ */

START_TEST(a_retry_is_known_by_kind_actor_fields_and_payload)
{
	static const char text[] = HEAD "actor me\na 1%25\nb 2\ntote-state active\n\npay";
	static const struct field fields[] = {{"b", "2", 1}, {"a", "1%", 2}};
	static const struct field more[] = {{"b", "2", 1}, {"a", "1%", 2}, {"c", "3", 1}};
	static const struct field other[] = {{"b", "3", 1}, {"a", "1%", 2}};
	static const struct field escaped[] = {{"b", "2", 1}, {"a", "1%25", 4}};
	static const struct field extra[] = {{"tote-x", "2", 1}, {"b", "2", 1}, {"a", "1%", 2}};
	const struct draft same = {.kind = "record",
		.actor = "me",
		.fields = fields,
		.field_count = 2,
		.payload = "pay",
		.payload_len = 3};
	struct tote_fault fault = {0};
	struct entry e;
	struct draft d;

	ck_ok(tote__entry_parse(text, sizeof(text) - 1, &e, &fault), fault);
	ck_assert_int_eq(tote__entry_is_draft(&e, &same), 1);
#define DIFFERS(change)                                                                            \
	do {                                                                                       \
		d = same;                                                                          \
		change;                                                                            \
		ck_assert_msg(!tote__entry_is_draft(&e, &d), "%s", #change);                       \
	} while (0)
	DIFFERS(d.kind = "record.x");
	DIFFERS(d.kind = "recor");
	DIFFERS(d.actor = NULL);
	DIFFERS(d.actor = "m");
	DIFFERS(d.actor = "me ");
	DIFFERS(d.field_count = 1);
	DIFFERS(d.field_count = 0);
	DIFFERS(d.fields = other);
	DIFFERS(d.fields = escaped);
	DIFFERS((d.fields = more, d.field_count = 3));
	DIFFERS(d.payload_len = 2);
	DIFFERS(d.payload = "paz");
	DIFFERS((d.fields = more, d.field_count = 1000));
#undef DIFFERS
	d = same;
	d.fields = extra;
	d.field_count = 3;
	ck_assert_int_eq(tote__entry_is_draft(&e, &d), 1);
	e.version = 2;
	ck_assert_int_eq(tote__entry_is_draft(&e, &same), 0);
}
END_TEST

Suite *draft_suite(void)
{
	Suite *s = suite_create("draft");
	TCase *c = tcase_create("draft");

	tcase_add_test(c, the_callers_order_of_fields_does_not_matter);
	tcase_add_test(c, a_writer_refuses_what_a_reader_would_and_what_is_not_the_callers);
	tcase_add_test(c, the_same_key_twice_an_empty_actor_and_missing_fields_are_refused);
	tcase_add_test(c, a_caller_has_59_fields_whatever_seq_and_actor_will_be);
	tcase_add_test(c,
		the_largest_draft_fits_whatever_its_seq_and_state_and_fills_an_entry_to_the_byte);
	tcase_add_test(c, a_value_has_16384_bytes_as_written);
	tcase_add_test(c, what_cannot_be_written_leaves_the_buffer_as_it_was);
	tcase_add_test(c, a_retry_is_known_by_kind_actor_fields_and_payload);
	suite_add_tcase(s, c);
	return s;
}
