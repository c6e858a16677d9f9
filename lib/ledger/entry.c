/* SPDX-License-Identifier: ISC */
/*
 * Entries (FORMAT section 4), both ways: what is written is the only thing that is read, so an
 * entry that parses has exactly one meaning and exactly these bytes.
 */
#include "ledger/entry.h"
#include "base/text.h"
#include <inttypes.h>
#include <string.h>

#define FORMAT_WORD    "toteborch.entry/"
#define FORMAT_VERSION 1
#define ACTOR_KEY      "actor"
#define STATE_KEY      "tote-state"
#define STATE_LONGEST  "suspended"
#define LIBRARY_PREFIX "tote-"
#define SEQ_DIGITS     19
#define LENGTH_BYTES   2 /* before an entry in a bundle or group */

/* "seq N", "time T", "prev P": they stand before all fields and are no field's keys. */
#define FIXED_LINES 3

static const char *const fixed_keys[] = {"seq", "time", "prev", ACTOR_KEY};

static int key_is_fixed(const char *key, size_t len)
{
	for (size_t i = 0; i < sizeof(fixed_keys) / sizeof(fixed_keys[0]); i++)
		if (strlen(fixed_keys[i]) == len && !memcmp(fixed_keys[i], key, len))
			return 1;
	return 0;
}

static int key_is_library(const char *key, size_t len)
{
	size_t prefix = strlen(LIBRARY_PREFIX);

	return len >= prefix && !memcmp(key, LIBRARY_PREFIX, prefix);
}

/* Ascending byte order; a key that another one begins with comes first. */
static int key_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (c)
		return c;
	return (a_len > b_len) - (a_len < b_len);
}

/* --- writing -------------------------------------------------------------------------------- */

/* The draft's fields in the order in which they are written; a draft has at most 59. */
struct sorted {
	struct field field[ENTRY_FIELDS_MAX + 1];
	size_t count;
};

static void sorted_insert(struct sorted *s, const struct field *f)
{
	size_t at = s->count++;

	for (; at && strcmp(s->field[at - 1].key, f->key) > 0; at--)
		s->field[at] = s->field[at - 1];
	s->field[at] = *f;
}

static void sort_fields(const struct draft *d, struct sorted *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < d->field_count; i++)
		sorted_insert(ret, &d->fields[i]);
}

static int check_value(const char *key, const void *value, size_t len, struct tote_fault *fault)
{
	if (!value)
		return tote__fault(fault, TOTE_E_ARGUMENT, "entry: field '%s' has no value", key);
	if (!len)
		return tote__fault(fault, TOTE_E_GRAMMAR, "entry: the value of '%s' is empty", key);
	/* the first comparison also keeps the length as written from wrapping around */
	if (len > VALUE_MAX || tote__value_escaped_length(value, len) > VALUE_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"entry: the value of '%s' is longer than %d bytes as written", key,
			VALUE_MAX);
	return 0;
}

static int check_key(const char *key, int host, struct tote_fault *fault)
{
	size_t len;

	if (!key)
		return tote__fault(fault, TOTE_E_ARGUMENT, "entry: a field has no key");
	len = strlen(key);
	if (!tote__field_key_valid(key, len))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"entry: '%s' is no key: a-z, then a-z, 0-9 and -, at most %d bytes", key,
			FIELD_KEY_MAX);
	if (key_is_fixed(key, len) || !strcmp(key, STATE_KEY) || (host && key_is_library(key, len)))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"entry: the key '%s' is the library's own: choose another", key);
	return 0;
}

static int check_kind(const struct draft *d, int host, struct tote_fault *fault)
{
	size_t len;

	if (!d->kind)
		return tote__fault(fault, TOTE_E_ARGUMENT, "entry: it has no kind");
	len = strlen(d->kind);
	if (!tote__kind_valid(d->kind, len))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"entry: '%s' is no kind: words of a-z, 0-9 and - with dots between, at "
			"most %d bytes",
			d->kind, KIND_MAX);
	if (tote__kind_is_host(d->kind, len))
		return 0;
	if (host)
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"entry: the kind '%s' is the library's: yours are record, record.* and "
			"host.*",
			d->kind);
	if (d->payload_len)
		return tote__fault(
			fault, TOTE_E_GRAMMAR, "entry: the kind '%s' has no payload", d->kind);
	return 0;
}

static int check_fields(const struct draft *d, int host, struct tote_fault *fault)
{
	struct sorted s;
	int r;

	if (d->field_count > ENTRY_FIELDS_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE, "entry: %zu fields, at most %d",
			d->field_count, ENTRY_FIELDS_MAX);
	if (d->field_count && !d->fields)
		return tote__fault(fault, TOTE_E_ARGUMENT, "entry: its fields are NULL");
	for (size_t i = 0; i < d->field_count; i++) {
		const struct field *f = &d->fields[i];

		if ((r = check_key(f->key, host, fault)) < 0 ||
			(r = check_value(f->key, f->value, f->len, fault)) < 0)
			return r;
	}
	sort_fields(d, &s);
	for (size_t i = 1; i < s.count; i++)
		if (!strcmp(s.field[i - 1].key, s.field[i].key))
			return tote__fault(fault, TOTE_E_GRAMMAR,
				"entry: the key '%s' stands twice", s.field[i].key);
	return 0;
}

/* Checked values only: no sum here can wrap around. */
static size_t line_length(const char *key, const void *value, size_t len)
{
	return strlen(key) + 1 + tote__value_escaped_length(value, len) + 1;
}

/* FORMAT section 4: the size is counted so that it depends on no seq and no state. */
static size_t counted_size(const struct draft *d)
{
	const char *actor = d->actor ? d->actor : "-"; /* the shortest that there could be */
	size_t size = strlen(FORMAT_WORD "1 ") + strlen(d->kind) + 1;

	size += strlen("seq ") + SEQ_DIGITS + 1;
	size += strlen("time ") + TIME_LEN + 1;
	size += strlen("prev ") + BASE64_LEN(HASH_LEN) + 1;
	size += line_length(ACTOR_KEY, actor, strlen(actor));
	size += line_length(STATE_KEY, STATE_LONGEST, strlen(STATE_LONGEST));
	for (size_t i = 0; i < d->field_count; i++)
		size += line_length(d->fields[i].key, d->fields[i].value, d->fields[i].len);
	return size + 1;
}

int tote__draft_check(const struct draft *d, int host, size_t *ret_bound, struct tote_fault *fault)
{
	size_t size;
	int r;

	if (d->payload_len && !d->payload)
		return tote__fault(fault, TOTE_E_ARGUMENT, "entry: its payload is NULL");
	if ((r = check_kind(d, host, fault)) < 0)
		return r;
	if (d->actor && (r = check_value(ACTOR_KEY, d->actor, strlen(d->actor), fault)) < 0)
		return r;
	if ((r = check_fields(d, host, fault)) < 0)
		return r;
	size = counted_size(d);
	if (size > ENTRY_MAX || d->payload_len > ENTRY_MAX - size)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"entry: a header of %zu bytes and a payload of %zu are more than %d; large "
			"data belongs into an asset",
			size, d->payload_len, ENTRY_MAX);
	*ret_bound = size + d->payload_len + LENGTH_BYTES;
	return 0;
}

static void put_line(struct buf *out, const char *key, const void *value, size_t len)
{
	tote__buf_puts(out, key);
	tote__buf_putc(out, ' ');
	tote__value_escape(out, value, len);
	tote__buf_putc(out, '\n');
}

static void put_entry(const struct draft *d, uint64_t seq, const char *time, const char *prev,
	const char *state, struct buf *out)
{
	struct sorted s;

	tote__buf_puts(out, FORMAT_WORD "1 ");
	tote__buf_puts(out, d->kind);
	tote__buf_puts(out, "\nseq ");
	tote__buf_put_decimal(out, seq);
	tote__buf_puts(out, "\ntime ");
	tote__buf_puts(out, time);
	tote__buf_puts(out, "\nprev ");
	tote__buf_puts(out, prev);
	tote__buf_putc(out, '\n');
	if (d->actor)
		put_line(out, ACTOR_KEY, d->actor, strlen(d->actor));
	sort_fields(d, &s);
	if (state) {
		struct field f = {.key = STATE_KEY, .value = state, .len = strlen(state)};

		sorted_insert(&s, &f);
	}
	for (size_t i = 0; i < s.count; i++)
		put_line(out, s.field[i].key, s.field[i].value, s.field[i].len);
	tote__buf_putc(out, '\n');
	tote__buf_put(out, d->payload, d->payload_len);
}

int tote__entry_encode(const struct draft *d, uint64_t seq, int64_t time_us,
	const uint8_t prev[HASH_LEN], const char *state, struct buf *out, struct tote_fault *fault)
{
	size_t bound;
	int r = tote__draft_check(d, 0, &bound, fault);

	return r < 0 ? r : tote__entry_write(d, seq, time_us, prev, state, out, fault);
}

int tote__entry_write(const struct draft *d, uint64_t seq, int64_t time_us,
	const uint8_t prev[HASH_LEN], const char *state, struct buf *out, struct tote_fault *fault)
{
	char time[TIME_LEN + 1], prev_text[BASE64_LEN(HASH_LEN) + 1];
	size_t before = out->len;
	int r;

	if (seq > INT64_MAX)
		return tote__fault(
			fault, TOTE_E_LIMIT, "entry: seq %" PRIu64 " is not below 2^63", seq);
	if (state && (!*state || strlen(state) > strlen(STATE_LONGEST)))
		return tote__fault(fault, TOTE_E_ARGUMENT, "entry: '%s' is no state", state);
	if ((r = tote__time_format(time_us, time, fault)) < 0)
		return r;
	tote__base64_encode(prev, HASH_LEN, prev_text);
	put_entry(d, seq, time, prev_text, state, out);
	if ((r = tote__buf_check(out, "entry", fault)) < 0)
		out->len = before;
	return r;
}

/* --- reading -------------------------------------------------------------------------------- */

static int malformed(struct tote_fault *fault, const char *why)
{
	return tote__fault(fault, TOTE_E_MALFORMED, "entry: %s", why);
}

static int malformed_field(struct tote_fault *fault, const char *key, size_t len, const char *why)
{
	return tote__fault(fault, TOTE_E_MALFORMED, "entry: field '%.*s' %s", (int)len, key, why);
}

static int parse_first_line(struct reader *in, struct entry *e, struct tote_fault *fault)
{
	size_t word = strlen(FORMAT_WORD), len;
	const char *line, *space;

	if (!tote__reader_line(in, &line, &len) || len < word || memcmp(line, FORMAT_WORD, word))
		return malformed(fault, "it does not begin with " FORMAT_WORD);
	line += word;
	len -= word;
	space = memchr(line, ' ', len);
	if (!space || tote__decimal_parse(line, (size_t)(space - line), &e->version))
		return malformed(fault, "its first line has no version");
	e->kind = space + 1;
	e->kind_len = len - (size_t)(e->kind - line);
	if (!tote__kind_valid(e->kind, e->kind_len))
		return malformed(fault, "its first line does not end with a kind");
	return 0;
}

/* The value of the next line, which must begin with key; 0 where it does not. */
static int take_fixed(struct reader *in, const char *key, const char **ret_value, size_t *ret_len)
{
	size_t skip = strlen(key), len;
	const char *line;

	if (!tote__reader_line(in, &line, &len) || len <= skip || memcmp(line, key, skip) ||
		line[skip] != ' ')
		return 0;
	*ret_value = line + skip + 1;
	*ret_len = len - skip - 1;
	return 1;
}

static int parse_fixed(struct reader *in, struct entry *e, struct tote_fault *fault)
{
	const char *value;
	size_t len, got;

	if (!take_fixed(in, "seq", &value, &len) || tote__decimal_parse(value, len, &e->seq))
		return malformed(fault, "its second line is not 'seq' and a number");
	if (!take_fixed(in, "time", &value, &len) || tote__time_parse(value, len, &e->time_us))
		return malformed(fault, "its third line is not 'time' and a time in UTC");
	if (!take_fixed(in, "prev", &value, &len) ||
		tote__base64_decode(value, len, e->prev, HASH_LEN, &got) || got != HASH_LEN)
		return malformed(fault, "its fourth line is not 'prev' and the base64 of 32 bytes");
	return 0;
}

/* key SP value, each in its grammar. */
static int parse_field(
	const char *line, size_t len, struct entry_field *ret, struct tote_fault *fault)
{
	const char *space = memchr(line, ' ', len);
	uint8_t decoded[VALUE_MAX];
	size_t got;

	if (!space || !tote__field_key_valid(line, (size_t)(space - line)))
		return malformed(fault, "a header line does not begin with a key and a space");
	ret->key = line;
	ret->key_len = (size_t)(space - line);
	ret->value = space + 1;
	ret->value_len = len - ret->key_len - 1;
	if (!ret->value_len || ret->value_len > VALUE_MAX)
		return malformed_field(
			fault, ret->key, ret->key_len, "is not 1 to 16384 bytes long");
	if (tote__value_unescape(ret->value, ret->value_len, decoded, &got))
		return malformed_field(
			fault, ret->key, ret->key_len, "is not escaped as it must be");
	return 0;
}

/* actor first, then ascending, each once. */
static int check_order(const struct entry *e, const struct entry_field *f, struct tote_fault *fault)
{
	const struct entry_field *before = e->field_count ? &e->fields[e->field_count - 1] : NULL;

	if (key_is_fixed(f->key, f->key_len)) {
		if (!before && f->key_len == strlen(ACTOR_KEY))
			return 0;
		return malformed_field(fault, f->key, f->key_len, "does not stand in its place");
	}
	if (!before || key_is_fixed(before->key, before->key_len) ||
		key_compare(before->key, before->key_len, f->key, f->key_len) < 0)
		return 0;
	return malformed_field(fault, f->key, f->key_len, "is not in ascending order");
}

static int parse_fields(struct reader *in, struct entry *e, struct tote_fault *fault)
{
	const char *line;
	size_t len;
	int r;

	for (;;) {
		struct entry_field f;

		if (!tote__reader_line(in, &line, &len))
			return malformed(fault, "no empty line ends its header");
		if (!len)
			return 0;
		if (e->field_count + FIXED_LINES == ENTRY_LINES_MAX)
			return malformed(fault, "it has more than 64 lines after the first");
		if ((r = parse_field(line, len, &f, fault)) < 0 ||
			(r = check_order(e, &f, fault)) < 0)
			return r;
		e->fields[e->field_count++] = f;
	}
}

/* What version 1 says about all that follows `prev`. */
static int parse_rest(struct reader *in, struct entry *e, struct tote_fault *fault)
{
	int r = parse_fields(in, e, fault);

	if (r < 0)
		return r;
	e->payload_len = tote__reader_left(in);
	e->payload = tote__reader_bytes(in, e->payload_len);
	if (e->payload_len && !tote__kind_is_host(e->kind, e->kind_len))
		return malformed(fault, "a payload in a kind that is not the host's");
	return 0;
}

int tote__entry_parse(const void *bytes, size_t len, struct entry *ret, struct tote_fault *fault)
{
	struct reader in;
	int r;

	ret->bytes = bytes;
	ret->len = len;
	ret->field_count = 0;
	ret->payload = NULL;
	ret->payload_len = 0;
	if (len > ENTRY_MAX)
		return malformed(fault, "it is longer than 65535 bytes");
	tote__reader_init(&in, bytes, len);
	if ((r = parse_first_line(&in, ret, fault)) < 0 || (r = parse_fixed(&in, ret, fault)) < 0)
		return r;
	if (ret->version != FORMAT_VERSION)
		return 0;
	if ((r = parse_rest(&in, ret, fault)) < 0)
		tote__fault_set_seq(fault, ret->seq);
	return r;
}

int tote__entry_is_host(const void *bytes, size_t len)
{
	struct tote_fault unused;
	struct reader in;
	struct entry e;

	tote__reader_init(&in, bytes, len);
	return parse_first_line(&in, &e, &unused) == 0 && tote__kind_is_host(e.kind, e.kind_len);
}

int tote__entry_is(const struct entry *e, const char *kind)
{
	return !strncmp(kind, e->kind, e->kind_len) && !kind[e->kind_len];
}

const struct entry_field *tote__entry_field(const struct entry *e, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < e->field_count; i++)
		if (e->fields[i].key_len == len && !memcmp(e->fields[i].key, key, len))
			return &e->fields[i];
	return NULL;
}

/* The raw value of a field; 0 where it does not decode, which no parsed field does. */
static int decode(const struct entry_field *f, uint8_t out[VALUE_MAX], size_t *ret_len)
{
	return f->value_len <= VALUE_MAX &&
	       !tote__value_unescape(f->value, f->value_len, out, ret_len);
}

int tote__field_decode(const struct entry_field *f, struct buf *out, struct tote_fault *fault)
{
	uint8_t raw[VALUE_MAX];
	size_t len;

	if (!decode(f, raw, &len))
		return malformed_field(fault, f->key, f->key_len, "is not escaped as it must be");
	tote__buf_put(out, raw, len);
	tote__buf_putc(out, '\0');
	return tote__buf_check(out, "field", fault);
}

static int no_field(
	const struct entry *e, const char *key, const char *why, struct tote_fault *fault)
{
	tote__fault(fault, TOTE_E_MALFORMED, "entry %" PRIu64 " (%.*s): field '%s' %s", e->seq,
		(int)e->kind_len, e->kind, key, why);
	tote__fault_set_seq(fault, e->seq);
	return TOTE_E_MALFORMED;
}

int tote__entry_string(
	const struct entry *e, const char *key, char *out, size_t cap, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, key);
	uint8_t raw[VALUE_MAX];
	size_t len;

	if (!f)
		return no_field(e, key, "is missing", fault);
	if (!decode(f, raw, &len))
		return no_field(e, key, "is not escaped as it must be", fault);
	if (len >= cap)
		return no_field(e, key, "is too long", fault);
	if (memchr(raw, '\0', len))
		return no_field(e, key, "has a NUL", fault);
	memcpy(out, raw, len);
	out[len] = '\0';
	return 0;
}

int tote__entry_number(
	const struct entry *e, const char *key, uint64_t *ret, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, key);
	uint64_t value;

	if (!f)
		return no_field(e, key, "is missing", fault);
	if (tote__decimal_parse(f->value, f->value_len, &value))
		return no_field(e, key, "is not a number in decimal below 2^63", fault);
	*ret = value;
	return 0;
}

/* --- comparing ------------------------------------------------------------------------------ */

static int value_is(const struct entry_field *f, const void *value, size_t len)
{
	uint8_t raw[VALUE_MAX];
	size_t got;

	return decode(f, raw, &got) && got == len && !memcmp(raw, value, len);
}

static int actor_is(const struct entry *e, const char *actor)
{
	const struct entry_field *f = tote__entry_field(e, ACTOR_KEY);

	if (!f || !actor)
		return !f && !actor;
	return value_is(f, actor, strlen(actor));
}

/* Both sides in the same order, without what the library adds by itself. */
static int fields_are(const struct entry *e, const struct draft *d)
{
	struct sorted s;
	size_t at = 0;

	sort_fields(d, &s);
	for (size_t i = 0; i < e->field_count; i++) {
		const struct entry_field *f = &e->fields[i];

		if (key_is_fixed(f->key, f->key_len) || key_is_library(f->key, f->key_len))
			continue;
		while (at < s.count && key_is_library(s.field[at].key, strlen(s.field[at].key)))
			at++;
		if (at == s.count || strlen(s.field[at].key) != f->key_len ||
			memcmp(s.field[at].key, f->key, f->key_len) ||
			!value_is(f, s.field[at].value, s.field[at].len))
			return 0;
		at++;
	}
	while (at < s.count && key_is_library(s.field[at].key, strlen(s.field[at].key)))
		at++;
	return at == s.count;
}

int tote__entry_is_draft(const struct entry *e, const struct draft *d)
{
	if (e->version != FORMAT_VERSION || d->field_count > ENTRY_FIELDS_MAX)
		return 0;
	if (!tote__entry_is(e, d->kind) || e->payload_len != d->payload_len)
		return 0;
	if (d->payload_len && memcmp(e->payload, d->payload, d->payload_len))
		return 0;
	return actor_is(e, d->actor) && fields_are(e, d);
}

void tote__entry_genesis(const char *origin, const char *vkey, uint8_t out[HASH_LEN])
{
	static const char word[] = "toteborch.genesis/1\n";
	struct hash h;

	tote__hash_init(&h, NULL);
	tote__hash_update(&h, word, strlen(word));
	tote__hash_update(&h, origin, strlen(origin));
	tote__hash_update(&h, "\n", 1);
	tote__hash_update(&h, vkey, strlen(vkey));
	tote__hash_update(&h, "\n", 1);
	tote__hash_final(&h, out);
}
