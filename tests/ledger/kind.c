/* SPDX-License-Identifier: ISC */
/*
 * The library's kinds: a sound entry of each, and what it is when a field is missing, foreign or of
 * another form.
 */
#include "ledger/kind.h"
#include "support/support.h"
#include "vectors/format_vectors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PREV         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define TIME         "2026-11-23T08:15:00.123456Z"
#define DIGEST       "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define PROOF                                                                                      \
	"SJWwHbGbkeMyVYOqXLOGD0mZC50gKLHdJ/cmW4R0rNoB5eOa+qvaHPY7fhNzZfRiWBW1QhnYaNS40WuO2l3fCg=="
#define VKEY                                                                                       \
	"archive.example.com/acme/contracts+93e245bb+AYFlGnSseE5O+Bv2gfS9azfCgU6/NIVxQT++j8sYim2G"
#define COSIGNER "witness.example/w1+5df76cea+BJplUOZ3MXtN692o2qFTNBcCDGJFYkSwIsnbEeUu1P2b"
#define BOTH     (LEDGER_CONTAINER | LEDGER_RECORD)

/*
 * Fields in ascending order, each behind a mark: ! needed and of a form, ~ needed and any text,
 * ? optional and of a form, - optional and any text.
 */
static const struct sound {
	int ledgers;
	const char *kind;
	const char *fields[14];
} sounds[] = {
	{LEDGER_CONTAINER, "container.created",
		{"!backend posix", "!id contracts", "!origin a.example/contracts",
			"?predecessor-origin a.example/old", "?predecessor-root " PREV,
			"?predecessor-size 12", "!vkey " VKEY}},
	{LEDGER_CONTAINER, "container.state", {"!from active", "~reason why", "!to suspended"}},
	{LEDGER_CONTAINER, "asset.sealed",
		{"!digest " DIGEST, "-media-type text/plain", "?mtime " TIME, "!path a b/c%25",
			"!size 0", "-source /tmp/x", "?supersedes 3"}},
	{LEDGER_CONTAINER, "asset.void", {"~reason why", "!seal 2"}},
	{LEDGER_CONTAINER, "asset.erased", {"~authority court", "~reason why", "!seal 2"}},
	{LEDGER_CONTAINER, "input.rejected",
		{"!digest " DIGEST, "~name %FF", "~reason why", "!size 1"}},
	{BOTH, "key.rotated", {"!from " VKEY, "!proof " PROOF, "~reason why", "!to " VKEY}},
	{BOTH, "ledger.repaired", {"!from-seq 1", "!lost 0", "~reason why"}},
	{LEDGER_RECORD, "orchestrator.created",
		{"!origin a.example/orchestrator", "!vkey " VKEY, "!witness-vkey " COSIGNER}},
	{LEDGER_RECORD, "witness.rotated",
		{"!from " COSIGNER, "!proof " PROOF, "~reason why", "!to " COSIGNER}},
	{LEDGER_RECORD, "container.registered",
		{"!backend posix", "!container c", "!location containers/c", "!origin o",
			"!vkey " VKEY}},
	{LEDGER_RECORD, "container.policy",
		{"!container c", "?cosigner-keys " COSIGNER " " COSIGNER, "?cosigners 1",
			"?fold-after 3600", "?fold-bytes 1", "?full-every 1", "?on-flag suspend",
			"?overdue-after 1", "?rate 1", "?structure-every 1",
			"?window 22:00-05:30"}},
	{LEDGER_RECORD, "container.detached", {"!container c", "~reason why"}},
	{LEDGER_RECORD, "container.rekeyed",
		{"!at-seq 7", "!container c", "!from " VKEY, "~reason why", "!to " VKEY}},
	{LEDGER_RECORD, "container.state",
		{"!container c", "!from archived", "~reason why", "!to disposed"}},
	{LEDGER_RECORD, "audit.started", {"!container orchestrator", "?from-seq 0", "!level full"}},
	{LEDGER_RECORD, "audit.covered",
		{"!bytes 1", "!container c", "!from-seq 0", "!level structure", "!run 2",
			"!to-seq 1"}},
	{LEDGER_RECORD, "audit.finished",
		{"!assets 0", "!bytes 0", "!container c", "!entries 0", "!findings 0",
			"!level full", "!report-digest " DIGEST, "!report-size 0", "!root " PREV,
			"!run 2", "!size 0", "!verdict incomplete", "!witnessed 0"}},
	{LEDGER_RECORD, "audit.finding",
		{"?at-seq 7", "!code TOTE-0042", "!container c", "-expected x", "-found y",
			"-path .tote-7/../x", "!run 2"}},
	{LEDGER_RECORD, "flag.raised",
		{"!code TOTE-0042", "!container orchestrator", "!finding 9"}},
	{LEDGER_RECORD, "flag.acknowledged", {"!flag 9", "~reason why"}},
	{LEDGER_RECORD, "fleet.applied", {"!changes 3", "!digest " DIGEST}},
	{LEDGER_RECORD, "witness.accepted", {"~origin any log's", "!vkey " VKEY}},
	{LEDGER_RECORD, "witness.cosigned", {"~origin any log's", "!root " PREV, "!size 0"}},
};

/* The entry's text, with field number `drop` left out or given `instead` as its value. */
static const char *make(const struct sound *s, int drop, const char *instead, uint64_t seq)
{
	char text[4096];

	snprintf(text, sizeof(text), "toteborch.entry/1 %s\nseq %d\ntime " TIME "\nprev " PREV "\n",
		s->kind, (int)seq);
	for (int i = 0; i < 14 && s->fields[i]; i++) {
		const char *line = s->fields[i] + 1;
		int key = (int)strcspn(line, " ");

		if (i == drop && instead)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.*s %s\n", key,
				line, instead);
		else if (i != drop)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n", line);
	}
	return printed("%s\n", text);
}

static int check(int ledger, const char *text, struct tote_fault *fault)
{
	struct entry e;

	memset(fault, 0, sizeof(*fault));
	ck_assert_msg(
		tote__entry_parse(text, strlen(text), &e, fault) == 0, "%s: %s", fault->text, text);
	return tote__kind_check(ledger, &e, fault);
}

static void is_sound(int ledger, const char *text)
{
	struct tote_fault fault;
	int r = check(ledger, text, &fault);

	ck_assert_msg(r == 0, "%s: %s", fault.text, text);
	fault_is_zero(&fault);
}

static void is_malformed(int ledger, const char *text)
{
	struct tote_fault fault;
	int r = check(ledger, text, &fault);

	ck_assert_msg(r == TOTE_E_MALFORMED, "%d for: %s", r, text);
	ck_assert_uint_eq(fault.flags & TOTE_FAULT_SEQ, TOTE_FAULT_SEQ);
}

START_TEST(a_sound_entry_of_each_kind_is_known_in_its_ledger_only)
{
	const struct sound *s = &sounds[_i];
	size_t len = strlen(s->kind);

	for (int ledger = LEDGER_CONTAINER; ledger <= LEDGER_RECORD; ledger++) {
		int both_have_it = strcmp(s->kind, "container.state") == 0;

		if (s->ledgers & ledger) {
			ck_assert_int_eq(tote__kind_class(ledger, s->kind, len), KIND_KNOWN);
			is_sound(ledger, make(s, -1, NULL, 1));
		} else if (!both_have_it) {
			ck_assert_int_eq(tote__kind_class(ledger, s->kind, len), KIND_UNKNOWN);
			is_sound(ledger, make(s, -1, NULL, 1)); /* unknown there: listed */
		}
	}
}
END_TEST

START_TEST(a_needed_field_that_is_missing_is_malformed_and_an_optional_one_is_not)
{
	const struct sound *s = &sounds[_i];
	int ledger = s->ledgers & LEDGER_CONTAINER ? LEDGER_CONTAINER : LEDGER_RECORD;

	for (int i = 0; i < 14 && s->fields[i]; i++) {
		const char *text = make(s, i, NULL, 1);

		if (s->fields[i][0] == '!' || s->fields[i][0] == '~')
			is_malformed(ledger, text);
		else
			is_sound(ledger, text);
	}
}
END_TEST

START_TEST(a_field_of_another_form_is_malformed_where_it_has_one)
{
	const struct sound *s = &sounds[_i];
	int ledger = s->ledgers & LEDGER_CONTAINER ? LEDGER_CONTAINER : LEDGER_RECORD;

	for (int i = 0; i < 14 && s->fields[i]; i++) {
		int strict = s->fields[i][0] == '!' || s->fields[i][0] == '?';
		/* of no form at all: no ID, path, number, word, key, origin, location */
		const char *text = make(s, i, "../%00+ ?", 1);

		if (strict)
			is_malformed(ledger, text);
		else
			is_sound(ledger, text);
	}
}
END_TEST

START_TEST(a_field_that_no_table_has_is_unknown_and_refuses_nothing)
{
	struct sound s = {LEDGER_CONTAINER, "asset.void", {"~reason why", "!seal 2", "-then x"}};

	is_sound(LEDGER_CONTAINER, make(&s, -1, NULL, 1));
}
END_TEST

START_TEST(each_form_is_taken_and_refused)
{
	static const struct {
		int which; /* of sounds */
		int field;
		const char *value;
		int sound;
	} cases[] = {
		{0, 0, "memory", 1},
		{0, 0, "Posix", 0},
		{0, 1, "a-1", 1},
		{0, 1, "-a", 0},
		{0, 1, "witness", 0},
		{0, 1, "orchestrator", 0},
		{0, 2, "a+b", 0},
		{0, 2, "a b", 0},
		{0, 4, "AAAA", 0},
		{0, 4, PROOF, 0},
		{0, 5, "0", 1},
		{0, 5, "00", 0},
		{0, 5, "9223372036854775807", 1},
		{0, 5, "9223372036854775808", 0},
		{0, 6, COSIGNER, 0},
		{0, 6, "a+93e245bb+AYFl", 0},
		{1, 0, "suspended", 1},
		{1, 0, "archived", 1},
		{1, 0, "disposed", 1},
		{1, 0, "Active", 0},
		{1, 0, "gone", 0},
		{1, 0, "activ", 0},
		{2, 0, "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
			0},
		{2, 0, "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			0},
		{2, 0, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8", 0},
		{2, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0},
		{2, 2, "2026-02-30T08:15:00.123456Z", 0},
		{2, 2, "2026-11-23", 0},
		{2, 3, "/a", 0},
		{2, 3, "a/", 0},
		{2, 3, "a/../b", 0},
		{2, 3, ".tote-1", 0},
		{2, 3, "a%00b", 0},
		{2, 3, "%FF", 1},
		{2, 4, "-1", 0},
		{2, 6, "1.0", 0},
		{6, 0, COSIGNER, 0},
		{6, 1, PREV, 0},
		{8, 2, VKEY, 0},
		{9, 0, VKEY, 0},
		{10, 1, "orchestrator", 0},
		{10, 2, "/srv/c", 1},
		{10, 2, "a//b", 0},
		{10, 2, "a/./b", 0},
		{10, 2, "a/..", 0},
		{10, 2, "..", 0},
		{10, 2, "a/", 0},
		{10, 2, "..a/b", 1},
		{11, 0, "orchestrator", 1},
		{11, 1, COSIGNER, 1},
		{11, 1, COSIGNER "  " COSIGNER, 0},
		{11, 1, COSIGNER "%20", 0},
		{11, 1, "%20" COSIGNER, 0},
		{11, 1, COSIGNER "," COSIGNER, 0},
		{11, 1, COSIGNER " " VKEY, 0},
		{11, 6, "none", 1},
		{11, 6, "delete", 0},
		{11, 10, "00:00-23:59", 1},
		{11, 10, "24:00-05:00", 0},
		{11, 10, "22:60-05:00", 0},
		{11, 10, "2:00-05:00", 0},
		{11, 10, "22:00 05:00", 0},
		{11, 10, "22:00-05:000", 0},
		{15, 0, "c", 1},
		{15, 0, "witness", 0},
		{15, 2, "structure", 1},
		{15, 2, "deep", 0},
		{17, 11, "ok", 1},
		{17, 11, "damaged", 1},
		{17, 11, "fine", 0},
		{18, 1, "TOTE-9999", 1},
		{18, 1, "TOTE-999", 0},
		{18, 1, "TOTE-99999", 0},
		{18, 1, "tote-9999", 0},
		{18, 1, "TOTE-99a9", 0},
		{19, 1, "orchestrator", 1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct sound *s = &sounds[cases[i].which];
		int ledger = s->ledgers & LEDGER_CONTAINER ? LEDGER_CONTAINER : LEDGER_RECORD;
		const char *text = make(s, cases[i].field, cases[i].value, 1);

		if (cases[i].sound > 0)
			is_sound(ledger, text);
		else
			is_malformed(ledger, text);
	}
}
END_TEST

START_TEST(a_location_has_a_form_only_where_the_backend_is_known)
{
	struct sound s = {LEDGER_RECORD, "container.registered",
		{"!backend s3", "!container c", "!location a//../b", "!origin o", "!vkey " VKEY}};

	is_sound(LEDGER_RECORD, make(&s, -1, NULL, 1));
	s.fields[0] = "!backend posix";
	is_malformed(LEDGER_RECORD, make(&s, -1, NULL, 1));
}
END_TEST

START_TEST(the_state_stands_at_each_multiple_of_256_but_the_first_and_nowhere_else)
{
	static const uint64_t seqs[] = {0, 1, 255, 256, 257, 511, 512, 65536};
	struct sound with[] = {
		{LEDGER_CONTAINER, "record", {"!tote-state active"}},
		{LEDGER_CONTAINER, "asset.void", {"~reason why", "!seal 2", "!tote-state active"}},
		{LEDGER_CONTAINER, "some.thing", {"!tote-state suspended"}},
	};
	struct sound without[] = {
		{LEDGER_CONTAINER, "record", {NULL}},
		{LEDGER_CONTAINER, "asset.void", {"~reason why", "!seal 2"}},
		{LEDGER_CONTAINER, "some.thing", {"-x y"}},
	};

	for (size_t i = 0; i < COUNT(seqs); i++) {
		int wanted = seqs[i] && seqs[i] % 256 == 0;

		for (size_t k = 0; k < COUNT(with); k++) {
			(wanted ? is_sound : is_malformed)(
				LEDGER_CONTAINER, make(&with[k], -1, NULL, seqs[i]));
			(wanted ? is_malformed : is_sound)(
				LEDGER_CONTAINER, make(&without[k], -1, NULL, seqs[i]));
		}
		is_malformed(LEDGER_RECORD, make(&with[2], -1, NULL, seqs[i]));
		is_sound(LEDGER_RECORD, make(&without[2], -1, NULL, seqs[i]));
	}
	with[0].fields[0] = "!tote-state closed";
	is_malformed(LEDGER_CONTAINER, make(&with[0], -1, NULL, 256));
}
END_TEST

START_TEST(the_hosts_kinds_belong_into_containers)
{
	static const char *const kinds[] = {"record", "record.mail", "host.x"};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct sound s = {LEDGER_CONTAINER, kinds[i], {"-any thing", "-tote-new x"}};

		ck_assert_int_eq(
			tote__kind_class(LEDGER_CONTAINER, kinds[i], strlen(kinds[i])), KIND_HOST);
		is_sound(LEDGER_CONTAINER, make(&s, -1, NULL, 1));
		is_malformed(LEDGER_RECORD, make(&s, -1, NULL, 1));
	}
	ck_assert_int_eq(tote__kind_class(LEDGER_CONTAINER, "records", 7), KIND_UNKNOWN);
	ck_assert_int_eq(tote__kind_class(LEDGER_CONTAINER, "asset.sealed", 11), KIND_UNKNOWN);
}
END_TEST

START_TEST(of_another_version_nothing_is_known_and_nothing_refused)
{
	is_sound(LEDGER_CONTAINER,
		"toteborch.entry/2 asset.sealed\nseq 256\ntime " TIME "\nprev " PREV "\nwhat?\n");
	is_sound(LEDGER_RECORD, "toteborch.entry/2 record\nseq 1\ntime " TIME "\nprev " PREV "\n");
}
END_TEST

START_TEST(the_worked_entries_are_sound)
{
	for (size_t i = 0; i < COUNT(vector_entries); i++) {
		struct tote_fault fault = {0};
		uint8_t bytes[1024];
		struct entry e;

		ck_ok(tote__entry_parse(bytes, from_hex(vector_entries[i].hex, bytes), &e, &fault),
			fault);
		ck_ok(tote__kind_check(LEDGER_CONTAINER, &e, &fault), fault);
	}
}
END_TEST

Suite *kind_suite(void)
{
	Suite *s = suite_create("kind");
	TCase *c = tcase_create("kind");

	tcase_add_loop_test(
		c, a_sound_entry_of_each_kind_is_known_in_its_ledger_only, 0, COUNT(sounds));
	tcase_add_loop_test(c,
		a_needed_field_that_is_missing_is_malformed_and_an_optional_one_is_not, 0,
		COUNT(sounds));
	tcase_add_loop_test(
		c, a_field_of_another_form_is_malformed_where_it_has_one, 0, COUNT(sounds));
	tcase_add_test(c, a_field_that_no_table_has_is_unknown_and_refuses_nothing);
	tcase_add_test(c, each_form_is_taken_and_refused);
	tcase_add_test(c, a_location_has_a_form_only_where_the_backend_is_known);
	tcase_add_test(c, the_state_stands_at_each_multiple_of_256_but_the_first_and_nowhere_else);
	tcase_add_test(c, the_hosts_kinds_belong_into_containers);
	tcase_add_test(c, of_another_version_nothing_is_known_and_nothing_refused);
	tcase_add_test(c, the_worked_entries_are_sound);
	suite_add_tcase(s, c);
	return s;
}
