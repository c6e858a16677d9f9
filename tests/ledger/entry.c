/* SPDX-License-Identifier: ISC */
/*
 * Entries: each rule of the format's section on them, as a reader; what is read is what would be
 * written.
 */
#include "ledger/entry.h"
#include "base/text.h"
#include "support/support.h"
#include "vectors/format_vectors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* As ck_assert, but writing to Check's pipe only where it fails: for what runs very often. */
#define REQUIRE(what)                                                                              \
	do {                                                                                       \
		if (!(what))                                                                       \
			ck_abort_msg("%s", #what);                                                 \
	} while (0)

#define PREV    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define TIME    "2026-11-23T08:15:00.123456Z"
#define TIME_US INT64_C(1795421700123456)
#define FIXED   "seq 41\ntime " TIME "\nprev " PREV "\n"
#define HEAD    "toteborch.entry/1 record\n" FIXED
#define SEALED  "toteborch.entry/1 asset.sealed\n" FIXED

static const uint8_t zero_prev[HASH_LEN];

static int parse(const char *text, struct entry *e, struct tote_fault *fault)
{
	memset(fault, 0, sizeof(*fault));
	return tote__entry_parse(text, strlen(text), e, fault);
}

static void is_refused(const char *text)
{
	struct tote_fault fault;
	struct entry e;
	int r = parse(text, &e, &fault);

	ck_assert_msg(r == TOTE_E_MALFORMED, "%d for: %s", r, text);
	ck_assert_int_eq(fault.code, TOTE_E_MALFORMED);
	ck_assert_msg(strncmp(fault.text, "entry: ", 7) == 0, "%s", fault.text);
}

static void is_taken(const char *text)
{
	struct tote_fault fault;
	struct entry e;
	int r = parse(text, &e, &fault);

	ck_assert_msg(r == 0, "%s for: %s", fault.text, text);
	fault_is_zero(&fault);
}

static struct buf new_buf(void)
{
	struct buf b;

	tote__buf_init(&b, plain_heap(), 4 * ENTRY_MAX);
	return b;
}

/* What a parsed entry was made from: values decoded into heap, to be freed with it. */
struct undone {
	struct draft draft;
	struct field field[ENTRY_LINES_MAX];
	char kind[KIND_MAX + 1], actor[VALUE_MAX + 1], state[64];
	char key[ENTRY_LINES_MAX][FIELD_KEY_MAX + 1];
	uint8_t value[ENTRY_MAX];
	size_t used;
	int has_state;
	struct buf one;
};

static void undo_field(struct undone *u, const struct entry_field *f)
{
	struct tote_fault fault = {0};
	struct buf *one = &u->one;
	char *key = u->key[u->draft.field_count];

	tote__buf_reset(one);
	REQUIRE(tote__field_decode(f, one, &fault) == 0);
	REQUIRE(one->data[one->len - 1] == 0);
	memcpy(key, f->key, f->key_len);
	key[f->key_len] = 0;
	if (strcmp(key, "actor") == 0) {
		REQUIRE(strlen((char *)one->data) + 1 == one->len);
		memcpy(u->actor, one->data, one->len);
		u->draft.actor = u->actor;
	} else if (strcmp(key, "tote-state") == 0) {
		REQUIRE(one->len <= sizeof(u->state));
		memcpy(u->state, one->data, one->len);
		u->has_state = 1;
	} else {
		memcpy(u->value + u->used, one->data, one->len - 1);
		u->field[u->draft.field_count++] =
			(struct field){key, u->value + u->used, one->len - 1};
		u->used += one->len - 1;
	}
}

static int has_nul(const struct entry_field *f)
{
	for (size_t i = 0; i + 3 <= f->value_len; i++)
		if (memcmp(f->value + i, "%00", 3) == 0)
			return 1;
	return 0;
}

/* Large: allocate it once. */
static struct undone *new_undone(void)
{
	struct undone *u = calloc(1, sizeof(*u));

	ck_assert_ptr_nonnull(u);
	u->one = new_buf();
	return u;
}

static void free_undone(struct undone *u)
{
	tote__buf_free(&u->one);
	free(u);
}

static void undo(struct undone *u, const struct entry *e)
{
	memcpy(u->kind, e->kind, e->kind_len);
	u->kind[e->kind_len] = 0;
	u->used = 0;
	u->has_state = 0;
	u->draft = (struct draft){.kind = u->kind,
		.fields = u->field,
		.payload = e->payload,
		.payload_len = e->payload_len};
	for (size_t i = 0; i < e->field_count; i++)
		undo_field(u, &e->fields[i]);
}

/* --- the worked examples -------------------------------------------------------------------- */

START_TEST(the_worked_entries_parse_and_are_written_again_to_the_same_bytes)
{
	const struct vector_entry *v = &vector_entries[_i];
	uint8_t bytes[1024], leaf[HASH_LEN];
	size_t len = from_hex(v->hex, bytes);
	struct tote_fault fault = {0};
	struct buf out = new_buf();
	struct undone *u = new_undone();
	struct entry e;

	ck_ok(tote__entry_parse(bytes, len, &e, &fault), fault);
	ck_assert_uint_eq(e.version, 1);
	ck_assert_uint_eq(e.seq, (uint64_t)_i);
	ck_assert_int_eq(e.time_us, INT64_C(1795421700000000) + _i);
	tote__hash_leaf(NULL, bytes, len, leaf);
	ck_assert_str_eq(to_hex(leaf, HASH_LEN), v->leaf);
	if (_i) {
		ck_assert_str_eq(to_hex(e.prev, HASH_LEN), vector_entries[_i - 1].leaf);
	} else {
		ck_assert_str_eq(to_hex(e.prev, HASH_LEN), vector_format.genesis_hex);
	}
	undo(u, &e);
	ck_ok(tote__entry_encode(&u->draft, e.seq, e.time_us, e.prev, NULL, &out, &fault), fault);
	ck_assert_uint_eq(out.len, len);
	ck_assert_mem_eq(out.data, bytes, len);
	ck_assert_int_eq(tote__entry_is_draft(&e, &u->draft), 1);
	tote__buf_free(&out);
	free_undone(u);
}
END_TEST

START_TEST(the_genesis_hash_binds_origin_and_key)
{
	uint8_t hash[HASH_LEN];

	tote__entry_genesis(vector_format.origin, vector_format.vkey, hash);
	ck_assert_str_eq(to_hex(hash, HASH_LEN), vector_format.genesis_hex);
	tote__entry_genesis(vector_format.origin, vector_format.new_vkey, hash);
	ck_assert_str_ne(to_hex(hash, HASH_LEN), vector_format.genesis_hex);
}
END_TEST

START_TEST(values_are_written_and_read_in_one_way_only)
{
	uint8_t raw[64];
	struct tote_fault fault = {0};

	for (size_t i = 0; i < COUNT(vector_values); i++) {
		struct field f = {"k", raw, from_hex(vector_values[i].raw, raw)};
		struct draft d = {.kind = "record", .fields = &f, .field_count = 1};
		const char *text = printed(HEAD "k %s\n\n", vector_values[i].written);
		struct buf out = new_buf(), value = new_buf();
		struct entry e;

		ck_ok(tote__entry_encode(&d, 41, TIME_US, zero_prev, NULL, &out, &fault), fault);
		ck_assert_uint_eq(out.len, strlen(text));
		ck_assert_mem_eq(out.data, text, out.len);
		ck_ok(tote__entry_parse(text, strlen(text), &e, &fault), fault);
		ck_ok(tote__field_decode(&e.fields[0], &value, &fault), fault);
		ck_assert_uint_eq(value.len, f.len + 1);
		ck_assert_mem_eq(value.data, raw, f.len);
		ck_assert_int_eq(tote__entry_is_draft(&e, &d), 1);
		tote__buf_free(&out);
		tote__buf_free(&value);
	}
}
END_TEST

START_TEST(values_written_otherwise_are_refused)
{
	for (size_t i = 0; i < COUNT(vector_values_refused_as_written); i++) {
		char value[64] = "";

		from_hex(vector_values_refused_as_written[i], (uint8_t *)value);
		is_refused(printed(HEAD "k %s\n\n", value));
	}
}
END_TEST

/* --- reading -------------------------------------------------------------------------------- */

START_TEST(what_keeps_to_the_grammar_is_read)
{
	static const char *const taken[] = {HEAD "\n", HEAD "\npayload", HEAD "\n\n\n",
		HEAD "actor a b\n\n", HEAD "actor a\nabc 1\n\n", HEAD "a 1\na-b 1\nab 1\nb 1\n\n",
		HEAD "a 1\na0 1\n\n", HEAD "k two words\n\n", HEAD "k %00\n\n", HEAD "tote-x 1\n\n",
		HEAD "tote-state active\n\n", SEALED "\n", SEALED "path a\n\n",
		"toteborch.entry/1 some.thing-new\n" FIXED "x 1\n\n",
		"toteborch.entry/1 host.a\n" FIXED "\nx",
		"toteborch.entry/1 record.mail\n" FIXED "\nx",
		"toteborch.entry/1 record\nseq 0\ntime 1970-01-01T00:00:00.000000Z\nprev " PREV
		"\n\n",
		"toteborch.entry/1 record\nseq 9223372036854775807\ntime "
		"9999-12-31T23:59:59.999999Z\nprev " PREV "\n\n"};

	for (size_t i = 0; i < COUNT(taken); i++)
		is_taken(taken[i]);
}
END_TEST

START_TEST(whatever_departs_from_the_grammar_is_refused)
{
	static const char *const refused[] = {/* the first line */
		"", "\n", "toteborch.entry/1 record", "toteborch.entry/1 record\n",
		"toteborch.entry/ record\n" FIXED "\n", "toteborch.entry/01 record\n" FIXED "\n",
		"toteborch.entry/1\n" FIXED "\n", "toteborch.entry/1 \n" FIXED "\n",
		"toteborch.entry/1  record\n" FIXED "\n", "toteborch.entry/1 record \n" FIXED "\n",
		"toteborch.entry/1 Record\n" FIXED "\n", "toteborch.entry/1 record-x\n" FIXED "\n",
		"toteborch.entry/1 record.\n" FIXED "\n", "Toteborch.entry/1 record\n" FIXED "\n",
		" toteborch.entry/1 record\n" FIXED "\n", "toteborch.entry/1 record\r\n" FIXED "\n",
		"toteborch.entry/9223372036854775808 record\n" FIXED "\n",
		/* seq */
		"toteborch.entry/1 record\nseq 041\ntime " TIME "\nprev " PREV "\n\n",
		"toteborch.entry/1 record\nseq -1\ntime " TIME "\nprev " PREV "\n\n",
		"toteborch.entry/1 record\nseq +1\ntime " TIME "\nprev " PREV "\n\n",
		"toteborch.entry/1 record\nseq 1 \ntime " TIME "\nprev " PREV "\n\n",
		"toteborch.entry/1 record\nseq  1\ntime " TIME "\nprev " PREV "\n\n",
		"toteborch.entry/1 record\nseq \ntime " TIME "\nprev " PREV "\n\n",
		"toteborch.entry/1 record\nseq 9223372036854775808\ntime " TIME "\nprev " PREV
		"\n\n",
		/* time */
		"toteborch.entry/1 record\nseq 1\ntime 2026-02-29T08:15:00.123456Z\nprev " PREV
		"\n\n",
		"toteborch.entry/1 record\nseq 1\ntime 2026-11-23T08:15:60.123456Z\nprev " PREV
		"\n\n",
		"toteborch.entry/1 record\nseq 1\ntime 2026-11-23T08:15:00Z\nprev " PREV "\n\n",
		"toteborch.entry/1 record\nseq 1\ntime 2026-11-23 08:15:00.123456Z\nprev " PREV
		"\n\n",
		"toteborch.entry/1 record\nseq 1\ntime 1969-12-31T23:59:59.999999Z\nprev " PREV
		"\n\n",
		/* prev */
		"toteborch.entry/1 record\nseq 1\ntime " TIME "\nprev \n\n",
		"toteborch.entry/1 record\nseq 1\ntime " TIME "\nprev AAAA\n\n",
		"toteborch.entry/1 record\nseq 1\ntime " TIME
		"\nprev AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
		"toteborch.entry/1 record\nseq 1\ntime " TIME
		"\nprev AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n",
		/* the order of these three */
		"toteborch.entry/1 record\ntime " TIME "\nseq 1\nprev " PREV "\n\n",
		"toteborch.entry/1 record\nseq 1\nprev " PREV "\ntime " TIME "\n\n",
		"toteborch.entry/1 record\nseq 1\ntime " TIME "\n\n",
		"toteborch.entry/1 record\nactor a\n" FIXED "\n",
		/* where the header ends */
		HEAD, HEAD "k v", HEAD "k v\n", HEAD "k v\n \n",
		/* fields */
		HEAD "k\n\n", HEAD "k \n\n", HEAD " k v\n\n", HEAD "K v\n\n", HEAD "0 v\n\n",
		HEAD "-k v\n\n", HEAD "k_ v\n\n", HEAD "k: v\n\n", HEAD "k  v\n\n", HEAD "k v \n\n",
		HEAD "k\tv\n\n", HEAD "k v\r\n\n", HEAD "k v\tw\n\n",
		HEAD "a23456789012345678901234567890123 v\n\n",
		/* once, and in order */
		HEAD "b 1\na 1\n\n", HEAD "a 1\na 1\n\n", HEAD "ab 1\na-b 1\n\n",
		HEAD "ab 1\na 1\n\n", HEAD "a 1\nactor b\n\n", HEAD "actor a\nactor b\n\n",
		HEAD "actor a\nb 1\nactor c\n\n", HEAD "seq 41\n\n", HEAD "time " TIME "\n\n",
		HEAD "prev " PREV "\n\n", HEAD "a 1\nseq 41\n\n", HEAD "actor a\nprev " PREV "\n\n",
		/* the host's alone have a payload */
		SEALED "\nx", "toteborch.entry/1 some.thing\n" FIXED "\nx",
		"toteborch.entry/1 records\n" FIXED "\nx", "toteborch.entry/1 host\n" FIXED "\nx",
		"toteborch.entry/1 hosts.a\n" FIXED "\nx"};

	for (size_t i = 0; i < COUNT(refused); i++)
		is_refused(refused[i]);
}
END_TEST

START_TEST(every_beginning_of_an_entry_is_refused)
{
	uint8_t bytes[1024];
	size_t len = from_hex(vector_entries[3].hex, bytes);

	for (size_t cut = 0; cut < len; cut++) {
		struct tote_fault fault = {0};
		uint8_t *exact = malloc(cut + 1); /* so that a sanitizer sees one byte too far */
		struct entry e;

		memcpy(exact, bytes, cut);
		ck_fault(tote__entry_parse(exact, cut, &e, &fault), TOTE_E_MALFORMED, fault);
		free(exact);
	}
}
END_TEST

START_TEST(a_reader_takes_64_lines_after_the_first_and_not_one_more)
{
	char text[8192] = HEAD;
	struct tote_fault fault = {0};
	struct entry e;

	for (int i = 0; i < 61; i++)
		strcat(text, printed("a%02d 1\n", i));
	strcat(text, "\n");
	ck_ok(parse(text, &e, &fault), fault);
	ck_assert_uint_eq(e.field_count, 61);
	text[strlen(text) - 1] = '\0';
	strcat(text, "a61 1\n\n");
	is_refused(text);
}
END_TEST

START_TEST(a_reader_takes_16384_bytes_of_value_and_65535_of_entry_and_not_one_more)
{
	size_t head = strlen(HEAD "k ");
	char *text = malloc(2 * ENTRY_MAX);
	struct tote_fault fault = {0};
	struct entry e;

	strcpy(text, HEAD "k ");
	memset(text + head, 'v', 2 * ENTRY_MAX - head);
	memcpy(text + head + VALUE_MAX, "\n\n", 2);
	ck_ok(tote__entry_parse(text, head + VALUE_MAX + 2, &e, &fault), fault);
	ck_assert_uint_eq(e.fields[0].value_len, VALUE_MAX);
	ck_ok(tote__entry_parse(text, ENTRY_MAX, &e, &fault), fault);
	ck_fault(tote__entry_parse(text, ENTRY_MAX + 1, &e, &fault), TOTE_E_MALFORMED, fault);
	memcpy(text + head + VALUE_MAX, "v\n\n", 3);
	ck_fault(
		tote__entry_parse(text, head + VALUE_MAX + 3, &e, &fault), TOTE_E_MALFORMED, fault);
	free(text);
}
END_TEST

START_TEST(another_version_is_read_as_far_as_every_version_is_alike)
{
	static const char text[] =
		"toteborch.entry/2 what.ever\n" FIXED "\x01\xFF no header at all";
	struct tote_fault fault = {0};
	struct entry e;

	ck_ok(tote__entry_parse(text, sizeof(text) - 1, &e, &fault), fault);
	ck_assert_uint_eq(e.version, 2);
	ck_assert_uint_eq(e.seq, 41);
	ck_assert_int_eq(e.time_us, TIME_US);
	ck_assert_mem_eq(e.prev, zero_prev, HASH_LEN);
	ck_assert_int_eq(tote__entry_is(&e, "what.ever"), 1);
	ck_assert_uint_eq(e.field_count, 0);
	ck_assert_uint_eq(e.payload_len, 0);
	is_taken("toteborch.entry/2 record\n" FIXED);
	is_refused("toteborch.entry/2 record\nseq 041\ntime " TIME "\nprev " PREV "\n");
	is_refused("toteborch.entry/2 record\nseq 41\ntime " TIME "\nprev " PREV);
	is_refused("toteborch.entry/2 Record\n" FIXED);
}
END_TEST

START_TEST(fields_are_found_and_read_as_what_they_are)
{
	static const char text[] = HEAD "actor a%20\nn 12\nnul %00\ns a b\nz 07\n\npay";
	struct tote_fault fault = {0};
	char out[8];
	uint64_t n;
	struct entry e;

	ck_ok(tote__entry_parse(text, sizeof(text) - 1, &e, &fault), fault);
	ck_assert_int_eq(tote__entry_is(&e, "record"), 1);
	ck_assert_int_eq(tote__entry_is(&e, "recor"), 0);
	ck_assert_int_eq(tote__entry_is(&e, "record.x"), 0);
	ck_assert_mem_eq(e.payload, "pay", 3);
	ck_assert_ptr_null(tote__entry_field(&e, "seq"));
	ck_assert_ptr_null(tote__entry_field(&e, "nu"));
	ck_ok(tote__entry_string(&e, "actor", out, sizeof(out), &fault), fault);
	ck_assert_str_eq(out, "a ");
	ck_ok(tote__entry_string(&e, "s", out, 4, &fault), fault);
	ck_assert_str_eq(out, "a b");
	ck_ok(tote__entry_number(&e, "n", &n, &fault), fault);
	ck_assert_uint_eq(n, 12);
	ck_fault(tote__entry_string(&e, "s", out, 3, &fault), TOTE_E_MALFORMED, fault);
	ck_assert_uint_eq(fault.flags, TOTE_FAULT_SEQ);
	ck_assert_uint_eq(fault.seq, 41);
	ck_fault(tote__entry_string(&e, "nul", out, sizeof(out), &fault), TOTE_E_MALFORMED, fault);
	ck_fault(tote__entry_string(&e, "x", out, sizeof(out), &fault), TOTE_E_MALFORMED, fault);
	ck_fault(tote__entry_number(&e, "z", &n, &fault), TOTE_E_MALFORMED, fault);
	ck_fault(tote__entry_number(&e, "x", &n, &fault), TOTE_E_MALFORMED, fault);
}
END_TEST

/* --- at random ------------------------------------------------------------------------------ */

struct lottery {
	uint64_t state;
};

static size_t draw(struct lottery *l, size_t below) /* xorshift64* */
{
	l->state ^= l->state >> 12;
	l->state ^= l->state << 25;
	l->state ^= l->state >> 27;
	return (size_t)((l->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static size_t mutate(struct lottery *l, uint8_t *bytes, size_t len)
{
	static const uint8_t likely[] = "\n %0aAzZ9.-=+\x7F\xC3\xFF";
	size_t at = draw(l, len), other;

	switch (draw(l, 6)) {
	case 0:
		bytes[at] = (uint8_t)draw(l, 256);
		return len;
	case 1:
		bytes[at] = likely[draw(l, sizeof(likely))];
		return len;
	case 2: /* drop one */
		memmove(bytes + at, bytes + at + 1, len - at - 1);
		return len - 1;
	case 3: /* double one */
		memmove(bytes + at + 1, bytes + at, len - at);
		return len + 1;
	case 4: /* cut */
		return at + 1;
	default: /* copy a piece elsewhere */
		other = draw(l, len);
		memmove(bytes + at, bytes + other, len - (at > other ? at : other));
		return len;
	}
}

/* What parses is written again to the same bytes, unless it is more than a writer may write. */
static int check_again(const uint8_t *bytes, size_t len, struct undone *u, struct buf *out)
{
	struct tote_fault fault = {0};
	const struct entry_field *state;
	struct entry e;
	int r = tote__entry_parse(bytes, len, &e, &fault);

	if (r < 0 || e.version != 1)
		return 0;
	for (size_t i = 0; i < e.field_count; i++)
		if (has_nul(&e.fields[i]))
			return 0; /* no C string */
	state = tote__entry_field(&e, "tote-state");
	if (state && state->value_len > 9)
		return 0; /* no state */
	undo(u, &e);
	tote__buf_reset(out);
	r = tote__entry_encode(
		&u->draft, e.seq, e.time_us, e.prev, u->has_state ? u->state : NULL, out, &fault);
	REQUIRE(r == 0 && out->len == len && memcmp(out->data, bytes, len) == 0);
	return 1;
}

START_TEST(mutated_entries_never_crash_the_parser_and_what_parses_is_the_only_writing)
{
	static const char with_state[] = HEAD "actor a%20\ntote-state active\nz 1 2\n\npayload\n";
	struct lottery l = {.state = UINT64_C(88172645463325252) + (uint64_t)_i};
	uint8_t entry[COUNT(vector_entries) + 1][1024];
	size_t len[COUNT(vector_entries) + 1];
	struct undone *u = new_undone();
	struct buf out = new_buf();
	int parsed = 0;

	for (size_t i = 0; i < COUNT(vector_entries); i++)
		len[i] = from_hex(vector_entries[i].hex, entry[i]);
	len[COUNT(vector_entries)] = sizeof(with_state) - 1;
	memcpy(entry[COUNT(vector_entries)], with_state, sizeof(with_state) - 1);
	for (int round = 0; round < 20000; round++) {
		size_t which = draw(&l, COUNT(len)), now = len[which];
		uint8_t bytes[2048], *exact;

		memcpy(bytes, entry[which], now);
		for (size_t i = draw(&l, 3) + 1; i && now; i--)
			now = mutate(&l, bytes, now);
		exact = malloc(now + !now); /* so that a sanitizer sees one byte too far */
		memcpy(exact, bytes, now);
		parsed += check_again(exact, now, u, &out);
		free(exact);
	}
	ck_assert_int_gt(parsed, 1000); /* else it would show nothing */
	tote__buf_free(&out);
	free_undone(u);
}
END_TEST

Suite *entry_suite(void)
{
	Suite *s = suite_create("entry");
	TCase *c = tcase_create("entry");

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, the_worked_entries_parse_and_are_written_again_to_the_same_bytes, 0,
		COUNT(vector_entries));
	tcase_add_test(c, the_genesis_hash_binds_origin_and_key);
	tcase_add_test(c, values_are_written_and_read_in_one_way_only);
	tcase_add_test(c, values_written_otherwise_are_refused);
	tcase_add_test(c, what_keeps_to_the_grammar_is_read);
	tcase_add_test(c, whatever_departs_from_the_grammar_is_refused);
	tcase_add_test(c, every_beginning_of_an_entry_is_refused);
	tcase_add_test(c, a_reader_takes_64_lines_after_the_first_and_not_one_more);
	tcase_add_test(c, a_reader_takes_16384_bytes_of_value_and_65535_of_entry_and_not_one_more);
	tcase_add_test(c, another_version_is_read_as_far_as_every_version_is_alike);
	tcase_add_test(c, fields_are_found_and_read_as_what_they_are);
	tcase_add_loop_test(c,
		mutated_entries_never_crash_the_parser_and_what_parses_is_the_only_writing, 0, 2);
	suite_add_tcase(s, c);
	return s;
}
