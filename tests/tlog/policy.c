/* SPDX-License-Identifier: ISC */
/*
 * Trust policies: what C2SP tlog-policy allows is read as it means, what it refuses is refused by its
 * line, and a checkpoint is believed by the log and the quorum that the policy names.
 */
#include "tlog/policy.h"
#include "base/text.h"
#include "support/support.h"
#include "tlog/cosignature.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ORIGIN   "log.example/acme/box"
#define KEYS     70

static struct secret logs[2], witnesses[KEYS];
static char log_vkey[2][VKEY_MAX], vkey[KEYS][VKEY_MAX];
static struct buf text, bytes, scratch;
static struct policy policy;
static struct policy_verdict held;
static struct tote_fault fault;
static tote_ctx *ctx;

static void make_key(
	struct secret *s, const char *name, uint8_t type, int number, char out[VKEY_MAX])
{
	uint8_t seed[32] = {type, (uint8_t)number};

	ck_ok(tote__secret_from_seed(name, type, seed, s, &fault), fault);
	tote__vkey_format(&s->key, out);
}

static void setup(void)
{
	ctx = support_ctx(NULL, NULL);
	memset(&fault, 0, sizeof(fault));
	make_key(&logs[0], ORIGIN, KEY_TYPE_ED25519, 0, log_vkey[0]);
	make_key(&logs[1], "log.example/other", KEY_TYPE_ED25519, 1, log_vkey[1]);
	for (int i = 0; i < KEYS; i++)
		make_key(&witnesses[i], i ? printed("w%d.example", i) : "log.example/acme/witness",
			KEY_TYPE_COSIGNATURE, i, vkey[i]);
	tote__buf_init(&text, plain_heap(), 2u << 20);
	tote__buf_init(&bytes, plain_heap(), 1u << 16);
	tote__buf_init(&scratch, plain_heap(), 1u << 16);
}

static void teardown(void)
{
	for (int i = 0; i < KEYS; i++)
		tote__secret_free(&witnesses[i]);
	tote__secret_free(&logs[0]);
	tote__secret_free(&logs[1]);
	tote__buf_free(&text);
	tote__buf_free(&bytes);
	tote__buf_free(&scratch);
	tote_ctx_unref(ctx);
}

/* A policy in which $0, $1, $2 stand for witnesses' vkeys and $L, $O for the logs'. */
static void write_policy(const char *form)
{
	tote__buf_reset(&text);
	for (; *form; form++) {
		if (*form != '$')
			tote__buf_putc(&text, (uint8_t)*form);
		else if (*++form == 'L' || *form == 'O')
			tote__buf_puts(&text, log_vkey[*form == 'O']);
		else
			tote__buf_puts(&text, vkey[*form - '0']);
	}
}

static int parse(const char *form)
{
	memset(&fault, 0, sizeof(fault));
	write_policy(form);
	return tote__policy_parse(text.data, text.len, &policy, &fault);
}

static void sign(const struct secret *s, int flip)
{
	uint8_t sig[SIG_LEN];

	tote__secret_sign(s, bytes.data, bytes.len, sig);
	sig[5] = (uint8_t)(sig[5] ^ flip);
	tote__buf_putc(&bytes, '\n');
	tote__note_put_sig(&bytes, &s->key, sig, sizeof(sig));
}

static void cosign(int witness, uint64_t seconds, int flip)
{
	const char *end = strstr((const char *)bytes.data, "\n\n");
	uint8_t sig[SIG_LEN], blob[72];

	tote__buf_reset(&scratch);
	tote__cosignature_message(&scratch, seconds, (const char *)bytes.data,
		(size_t)(end + 1 - (const char *)bytes.data));
	tote__secret_sign(&witnesses[witness], scratch.data, scratch.len, sig);
	sig[5] = (uint8_t)(sig[5] ^ flip);
	tote__cosignature_blob(seconds, sig, blob);
	tote__note_put_sig(&bytes, &witnesses[witness].key, blob, sizeof(blob));
}

/* A checkpoint signed by the log and cosigned by the witnesses of these digits. */
static void write_checkpoint(const char *cosigners)
{
	struct checkpoint c = {.size = 5};

	memcpy(c.origin, ORIGIN, sizeof(ORIGIN));
	tote__buf_reset(&bytes);
	tote__checkpoint_put(&bytes, &c);
	sign(&logs[0], 0);
	for (const char *w = cosigners; *w; w++)
		cosign(*w - '0', 1700000000u + (uint64_t)(*w - '0'), 0);
}

static int judge(const struct vkey *log)
{
	struct note *note = calloc(1, sizeof(*note));
	int rc;

	memset(&fault, 0, sizeof(fault));
	tote__buf_putc(&bytes, '\0');
	bytes.len--;
	ck_ok(tote__note_parse(bytes.data, bytes.len, note, &fault), fault);
	rc = tote__policy_judge(&policy, note, ORIGIN, log, &scratch, &held, &fault);
	free(note);
	return rc;
}

static const char *const good[] = {
	"log $L\nquorum none\n",
	"quorum none\n",
	" \t log\t$L   https://log.example/ \t\n\n\t\n  # a comment\n#another\nquorum\tnone \n",
	"log $L\nlog $O\nwitness a $0\nwitness b $1 https://w1/\nquorum a\n",
	"witness a $0\nwitness b $1\nwitness c $2\ngroup g 2 a b c\nquorum g\n",
	"witness a $0\ngroup g all a\ngroup h any g\ngroup all 1 h\nquorum all\n",
	"witness a $0\nquorum a\nwitness b $1\nlog $L\n",
	"witness K $0\nwitness \xE2\x84\xAA $1\ngroup \xFF any K \xE2\x84\xAA\nquorum \xFF\n",
	"witness log $0\nwitness quorum $1\ngroup group all log quorum\nquorum group\n",
};

START_TEST(what_the_specification_allows_is_read)
{
	ck_assert_msg(parse(good[_i]) == 0, "%s: %s", good[_i], fault.text);
}
END_TEST

static const struct {
	const char *policy, *text;
} bad[] = {
	{"", "line 1: the file ends without a quorum"},
	{"log $L\n", "line 2: the file ends without a quorum"},
	{"log $L\nquorum none", "line 2: its last line does not end"},
	{"quorum none\nquorum none\n", "line 2: there is a quorum already"},
	{"witness a $0\nquorum b\n", "line 2: 'b': no witness or group"},
	{"quorum a\nwitness a $0\n", "line 1: 'a': no witness or group"},
	{"quorum\n", "line 1: a quorum is written"},
	{"quorum none none\n", "line 1: a quorum is written"},
	{"log\nquorum none\n", "line 1: a log is written"},
	{"log $L u x\nquorum none\n", "line 1: a log is written"},
	{"log $0\nquorum none\n", "this is no log's key"},
	{"log rubbish\nquorum none\n", "line 1: 'rubbish': this is no vkey"},
	{"log a+00000000+AAAA\nquorum none\n", "this is no vkey"},
	{"log $Lx\nquorum none\n", "this is no vkey"},
	{"log $L\nlog $L\nquorum none\n", "line 2: "},
	{"witness a\nquorum a\n", "line 1: a witness is written"},
	{"witness a $0 u x\nquorum a\n", "line 1: a witness is written"},
	{"witness a $L\nquorum a\n", "this is no witness's key"},
	{"witness none $0\nquorum none\n", "'none': this name means"},
	{"witness a $0\nwitness b $0\nquorum a\n", "another witness has this key already"},
	{"witness a $0\nwitness a $1\nquorum a\n", "'a': another witness or group"},
	{"witness a $0\ngroup a any a\nquorum a\n", "'a': another witness or group"},
	{"witness a $0\ngroup none any a\nquorum none\n", "'none': this name means"},
	{"witness a $0\ngroup g any\nquorum g\n", "line 2: a group is written"},
	{"witness a $0\ngroup g 0 a\nquorum g\n", "'0': so many members"},
	{"witness a $0\ngroup g 2 a\nquorum g\n", "'2': so many members"},
	{"witness a $0\ngroup g 01 a\nquorum g\n", "'01': this is neither"},
	{"witness a $0\ngroup g +1 a\nquorum g\n", "'+1': this is neither"},
	{"witness a $0\ngroup g most a\nquorum g\n", "'most': this is neither"},
	{"witness a $0\ngroup g 18446744073709551617 a\nquorum g\n", "this is neither"},
	{"witness a $0\ngroup g any b\nquorum g\n", "'b': no witness or group"},
	{"witness a $0\ngroup g any g\nquorum g\n", "'g': no witness or group"},
	{"witness a $0\ngroup g any none\nquorum g\n", "'none': no witness or group"},
	{"witness a $0\ngroup g any a a\nquorum g\n", "'a': it stands in this group twice"},
	{"witness a $0\ngroup g any a\ngroup h any a\nquorum g\n", "line 3: 'a': it is in another"},
	{"group g any h\nwitness a $0\ngroup h any a\nquorum g\n", "line 1: 'h'"},
	{"Log $L\nquorum none\n", "line 1: 'Log': a line begins with"},
	{"quorum none # well\n", "line 1: a quorum is written"},
	{"quorum none\r\n", "line 1: it has the control byte 0x0d"},
	{"# \x7F\nquorum none\n", "line 1: it has the control byte 0x7f"},
	{"quorum none\n#\x01\n", "line 2: it has the control byte 0x01"},
};

START_TEST(what_the_specification_refuses_is_refused_by_its_line)
{
	int rc = parse(bad[_i].policy);

	ck_assert_msg(rc == TOTE_E_GRAMMAR, "%s: %d %s", bad[_i].policy, rc, fault.text);
	ck_assert_msg(
		strstr(fault.text, bad[_i].text) != NULL, "%s: %s", bad[_i].policy, fault.text);
}
END_TEST

/* count of each, and one of `more` beyond what is allowed. */
static int parse_many(int log_count, int witness_count, int group_count)
{
	tote__buf_reset(&text);
	memset(&fault, 0, sizeof(fault));
	for (int i = 0; i < log_count; i++) {
		struct secret s;
		char key[VKEY_MAX];

		make_key(&s, "many", KEY_TYPE_ED25519, 100 + i, key);
		tote__buf_puts(&text, printed("log %s\n", key));
		tote__secret_free(&s);
	}
	for (int i = 0; i < witness_count; i++)
		tote__buf_puts(&text, printed("witness w%d %s\n", i, vkey[i]));
	for (int i = 0; i < group_count; i++)
		tote__buf_puts(&text, printed("group g%d any w%d\n", i, i));
	tote__buf_puts(&text, "quorum none\n");
	return tote__policy_parse(text.data, text.len, &policy, &fault);
}

START_TEST(sixty_four_of_each_are_read_and_more_are_refused)
{
	ck_ok(parse_many(64, 64, 64), fault);
	ck_assert_uint_eq(policy.log_count, 64);
	ck_assert_uint_eq(policy.member_count, 128);
	ck_fault(parse_many(65, 1, 1), TOTE_E_TOO_LARGE, fault);
	ck_fault(parse_many(1, 65, 0), TOTE_E_TOO_LARGE, fault);
	ck_fault(parse_many(1, 64, 65), TOTE_E_TOO_LARGE, fault);
	tote__buf_reset(&text);
	while (text.len <= POLICY_MAX)
		tote__buf_puts(&text, "# on and on\n");
	ck_fault(tote__policy_parse(text.data, text.len, &policy, &fault), TOTE_E_TOO_LARGE, fault);
}
END_TEST

START_TEST(one_group_may_name_all_sixty_four_witnesses)
{
	tote__buf_reset(&text);
	for (int i = 0; i < 64; i++)
		tote__buf_puts(&text, printed("witness w%d %s\n", i, vkey[i]));
	tote__buf_puts(&text, "group g 63");
	for (int i = 0; i < 64; i++)
		tote__buf_puts(&text, printed(" w%d", i));
	tote__buf_puts(&text, "\nquorum g\n");
	ck_ok(tote__policy_parse(text.data, text.len, &policy, &fault), fault);
	write_checkpoint("");
	for (int i = 0; i < 62; i++)
		cosign(i, 1, 0);
	ck_fault(judge(NULL), TOTE_E_NO_SIGNATURE, fault); /* of a log: none is listed */
	ck_fault(judge(&logs[0].key), TOTE_E_NO_SIGNATURE, fault);
	ck_assert_ptr_nonnull(strstr(fault.text, "needs 63 of its members and has 62"));
	ck_assert_ptr_nonnull(strstr(fault.text, "w62, w63"));
	cosign(62, 1, 0);
	ck_ok(judge(&logs[0].key), fault);
	ck_assert_uint_eq(held.cosigners, 63);
	ck_assert_uint_eq(held.outside, 62);
}
END_TEST

#define THREE "log $L\nwitness a $0\nwitness b $1\nwitness c $2\nwitness d $3\n"

static const struct {
	const char *rest, *cosigners;
	const char *missing; /* NULL: accepted */
	uint32_t count, outside;
} cases[] = {
	{"quorum none\n", "", NULL, 0, 0},
	{"quorum none\n", "12", NULL, 2, 2},
	{"quorum a\n", "0", NULL, 1, 0},
	{"quorum a\n", "012", NULL, 3, 2},
	{"quorum a\n", "12", "the witness 'a'", 0, 0},
	{"quorum a\n", "4", "the witness 'a'", 0, 0},
	{"group g any a b\nquorum g\n", "1", NULL, 1, 1},
	{"group g any a b\nquorum g\n", "23", "missing: a, b", 0, 0},
	{"group g all a b\nquorum g\n", "01", NULL, 2, 1},
	{"group g all a b\nquorum g\n", "1", "needs 2 of its members and has 1; missing: a", 0, 0},
	{"group g 2 a b c\nquorum g\n", "02", NULL, 2, 1},
	{"group g 2 a b c\nquorum g\n", "22", "has 1; missing: a, b", 0, 0},
	{"group g 2 a b c\nquorum g\n", "03", "has 1; missing: b, c", 0, 0},
	{"group x any a b\ngroup y all c d\ngroup z all x y\nquorum z\n", "123", NULL, 3, 3},
	{"group x any a b\ngroup y all c d\ngroup z all x y\nquorum z\n", "012", "missing: y", 0,
		0},
	{"group x any a b\ngroup y all c d\ngroup z all x y\nquorum z\n", "23", "missing: x", 0, 0},
	{"group x any a b\ngroup y all c d\ngroup z any x y\nquorum z\n", "0", NULL, 1, 0},
};

START_TEST(the_quorum_decides_and_what_is_missing_is_named)
{
	const char *wanted = cases[_i].missing;
	int rc;

	ck_ok(parse(printed("%s%s", THREE, cases[_i].rest)), fault);
	write_checkpoint(cases[_i].cosigners);
	rc = judge(NULL);
	if (wanted) {
		ck_assert_msg(rc == TOTE_E_NO_SIGNATURE, "%s: %d", cases[_i].rest, rc);
		ck_assert_msg(
			strstr(fault.text, wanted) != NULL, "%s: %s", cases[_i].rest, fault.text);
		return;
	}
	ck_assert_msg(rc == 0, "%s: %s", cases[_i].rest, fault.text);
	ck_assert_uint_eq(held.cosigners, cases[_i].count);
	ck_assert_uint_eq(held.outside, cases[_i].outside);
}
END_TEST

START_TEST(the_newest_of_the_timestamps_is_told)
{
	ck_ok(parse(THREE "quorum none\n"), fault);
	write_checkpoint("203");
	ck_ok(judge(NULL), fault);
	ck_assert_uint_eq(held.newest_seconds, 1700000003);
	write_checkpoint("");
	cosign(0, 1700000009, 0);
	cosign(1, 1700000004, 0);
	ck_ok(judge(NULL), fault);
	ck_assert_uint_eq(held.newest_seconds, 1700000009);
}
END_TEST

START_TEST(only_a_listed_log_of_that_name_is_believed)
{
	ck_ok(parse("log $O\nquorum none\n"), fault);
	write_checkpoint("");
	ck_fault(judge(NULL), TOTE_E_NO_SIGNATURE, fault);
	ck_assert_ptr_nonnull(strstr(fault.text, "lists no log '" ORIGIN "'"));
	ck_fault(judge(&logs[1].key), TOTE_E_NO_SIGNATURE, fault);
	ck_ok(judge(&logs[0].key), fault);
	ck_ok(parse("log $O\nlog $L\nquorum none\n"), fault);
	ck_ok(judge(NULL), fault);
	/* a checkpoint of that origin without its signature */
	tote__buf_reset(&bytes);
	tote__buf_puts(&bytes, ORIGIN "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
	sign(&logs[1], 0);
	ck_fault(judge(NULL), TOTE_E_NO_SIGNATURE, fault);
}
END_TEST

START_TEST(a_listed_key_whose_signature_does_not_verify_refuses_the_checkpoint)
{
	struct checkpoint c = {.size = 5};

	ck_ok(parse(THREE "quorum b\n"), fault);
	write_checkpoint("1");
	cosign(0, 1700000000, 1);
	ck_fault(judge(NULL), TOTE_E_BAD_SIGNATURE, fault);
	memcpy(c.origin, ORIGIN, sizeof(ORIGIN));
	tote__buf_reset(&bytes);
	tote__checkpoint_put(&bytes, &c);
	sign(&logs[0], 1);
	cosign(1, 1700000000, 0);
	ck_fault(judge(NULL), TOTE_E_BAD_SIGNATURE, fault);
	/* one by a key that nobody lists is ignored */
	write_checkpoint("1");
	cosign(6, 1700000000, 1);
	ck_ok(judge(NULL), fault);
}
END_TEST

START_TEST(a_witness_of_another_algorithm_is_read_and_never_counts)
{
	uint8_t key[1313] = {0x06}, full[HASH_LEN];
	char digits[BASE64_LEN(sizeof(key)) + 1], id[9];
	static const char name[] = "pq.example\n";
	struct hash h;

	tote__hash_init(&h, NULL);
	tote__hash_update(&h, name, strlen(name));
	tote__hash_update(&h, key, sizeof(key));
	tote__hash_final(&h, full);
	tote__hex_encode(full, 4, id);
	tote__base64_encode(key, sizeof(key), digits);
	write_policy("log $L\nwitness a $0\nwitness q ");
	tote__buf_puts(&text, printed("pq.example+%s+", id));
	tote__buf_puts(&text, digits);
	tote__buf_puts(&text, "\ngroup g all a q\nquorum g\n");
	ck_ok(tote__policy_parse(text.data, text.len, &policy, &fault), fault);
	write_checkpoint("0");
	ck_fault(judge(NULL), TOTE_E_NO_SIGNATURE, fault);
	ck_assert_ptr_nonnull(strstr(fault.text, "missing: q"));
}
END_TEST

START_TEST(a_witness_is_outside_unless_it_is_the_one_beside_the_log)
{
	ck_assert_int_eq(tote__policy_is_outside("a/b/c", "a/b/witness"), 0);
	ck_assert_int_eq(tote__policy_is_outside("a/b/c", "a/witness"), 1);
	ck_assert_int_eq(tote__policy_is_outside("a/b/c", "a/b/witness2"), 1);
	ck_assert_int_eq(tote__policy_is_outside("a/b/c", "a/b/c/witness"), 1);
	ck_assert_int_eq(tote__policy_is_outside("a/b/c", "a/bb/witness"), 1);
	ck_assert_int_eq(tote__policy_is_outside("a/b/c", "a"), 1);
	ck_assert_int_eq(tote__policy_is_outside("a", "a/witness"), 1);
	ck_assert_int_eq(tote__policy_is_outside("a", "witness"), 1);
}
END_TEST

/* A copy of just its length, so that a reading past its end is seen. */
static int parse_copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	int rc;

	memcpy(copy, data, len);
	rc = tote__policy_parse(copy, len, &policy, &fault);
	free(copy);
	return rc;
}

START_TEST(what_was_cut_off_or_changed_is_read_as_far_as_it_goes_and_no_further)
{
	static const uint8_t bytes_of[] = {0, '\n', ' ', '#', '+', 0x7F, 0x80, 0xFF};
	uint8_t *whole;
	size_t len;

	write_policy("log $L u\nwitness a $0\nwitness b $1\ngroup g 2 a b\nquorum g\n");
	len = text.len;
	whole = malloc(len);
	memcpy(whole, text.data, len);
	ck_assert_int_eq(parse_copy(whole, len), 0);
	for (size_t i = 0; i < len; i++) {
		uint8_t was = whole[i];

		ck_assert_int_lt(parse_copy(whole, i), 0);
		for (size_t k = 0; k < sizeof(bytes_of); k++) {
			whole[i] = bytes_of[k];
			parse_copy(whole, len);
		}
		whole[i] = was;
	}
	free(whole);
}
END_TEST

Suite *policy_suite(void)
{
	Suite *s = suite_create("policy");
	TCase *c = tcase_create("policy");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, what_the_specification_allows_is_read, 0, COUNT(good));
	tcase_add_loop_test(
		c, what_the_specification_refuses_is_refused_by_its_line, 0, COUNT(bad));
	tcase_add_test(c, sixty_four_of_each_are_read_and_more_are_refused);
	tcase_add_test(c, one_group_may_name_all_sixty_four_witnesses);
	tcase_add_loop_test(c, the_quorum_decides_and_what_is_missing_is_named, 0, COUNT(cases));
	tcase_add_test(c, the_newest_of_the_timestamps_is_told);
	tcase_add_test(c, only_a_listed_log_of_that_name_is_believed);
	tcase_add_test(c, a_listed_key_whose_signature_does_not_verify_refuses_the_checkpoint);
	tcase_add_test(c, a_witness_of_another_algorithm_is_read_and_never_counts);
	tcase_add_test(c, what_was_cut_off_or_changed_is_read_as_far_as_it_goes_and_no_further);
	tcase_add_test(c, a_witness_is_outside_unless_it_is_the_one_beside_the_log);
	suite_add_tcase(s, c);
	return s;
}
