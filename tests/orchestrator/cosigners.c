/* SPDX-License-Identifier: ISC */
/*
 * Cosignatures from outside: two roots that witness each other by files, what is merged only after it
 * was verified and its key is on record, and what audits say of it.
 */
#include "orchestrator/cosigners.h"
#include "orchestrator/outcome.h"
#include "support/faulty_kernel.h"
#include "tlog/cosignature.h"
#include <errno.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct root here, there; /* there is the witness of here */
static char witness[VKEY_MAX], own[VKEY_MAX], log_key[VKEY_MAX], body[TOTE_NOTE_MAX],
	line[TOTE_COSIGNATURE_MAX + 1];
static size_t body_length, line_length;

static void setup(void)
{
	struct tote_container c = {.size = sizeof(c)};

	root_make(&here);
	root_provision(&here, "a");
	root_fill(&here, "a", 4);
	root_bare(&there);
	ck_ok(tote_orchestrator_init(
		      there.ctx, there.path, "notary.example/n", NULL, 0, &there.fault),
		there.fault);
	root_open(&there);
	ck_ok(tote_orchestrator_key(
		      there.o, TOTE_KEY_WITNESS, witness, sizeof(witness), &there.fault),
		there.fault);
	ck_ok(tote_orchestrator_key(here.o, TOTE_KEY_WITNESS, own, sizeof(own), &here.fault),
		here.fault);
	ck_ok(tote_orchestrator_find(here.o, "a", &c, &here.fault), here.fault);
	memcpy(log_key, c.vkey, sizeof(log_key));
}

static void teardown(void)
{
	root_remove(&here);
	root_remove(&there);
}

static tote_box *open_box(struct root *r, const char *id)
{
	tote_box *box;

	if (strcmp(id, "orchestrator") != 0)
		return root_box(r, id);
	ck_ok(tote_orchestrator_record(r->o, &box, &r->fault), r->fault);
	return box;
}

static void request(struct root *r, const char *id, uint64_t old)
{
	tote_box *box = open_box(r, id);

	ck_ok(tote_box_witness_request(box, old, 0, body, sizeof(body), &body_length, &r->fault),
		r->fault);
	tote_box_unref(box);
}

static int cosign(struct root *by, const char *vkey)
{
	memset(line, 0, sizeof(line));
	return tote_orchestrator_cosign(by->o, body, body_length, vkey, NULL, 0, line,
		TOTE_COSIGNATURE_MAX, &line_length, &by->fault);
}

static int merge(
	struct root *r, const char *id, const char *answer, const char *vkey, uint32_t *ret_merged)
{
	return tote_orchestrator_witness_merge(r->o, id, answer, strlen(answer), &vkey,
		vkey != NULL, "op@host", 0, ret_merged, &r->fault);
}

static void witnessed_from(uint64_t old)
{
	uint32_t merged = 0;

	request(&here, "a", old);
	ck_ok(cosign(&there, log_key), there.fault);
	ck_ok(merge(&here, "a", line, old ? NULL : witness, &merged), here.fault);
	ck_assert_uint_eq(merged, 1);
}

static const char *checkpoint_file(void)
{
	return printed("%s/containers/a/ledger/log/checkpoint", here.path);
}

static uint64_t size_now(const char *id)
{
	struct tote_status s = status_of(&here, id);

	return s.covered;
}

/* What a reader elsewhere believes who asks for both witnesses. */
static int read_by_policy(struct tote_checkpoint *c)
{
	const char *policy = printed("log %s\nwitness own %s\nwitness notary %s\n"
				     "group both all own notary\nquorum both\n",
		log_key, own, witness);
	size_t length;
	uint8_t *note = file_read(checkpoint_file(), &length);
	int rc;

	c->size = sizeof(*c);
	rc = tote_verify_checkpoint_policy(
		note, length, policy, strlen(policy), NULL, c, &here.fault);
	free(note);
	return rc;
}

START_TEST(two_roots_witness_each_other_by_files)
{
	struct tote_checkpoint c;
	struct outcome o;
	char vkey[VKEY_MAX];
	uint64_t old;

	witnessed_from(0);
	ck_ok(tote_orchestrator_witness(here.o, "a", 0, &old, &here.fault), here.fault);
	ck_ok(read_by_policy(&c), here.fault);
	ck_assert_uint_eq(c.cosigners, 2);
	ck_assert_uint_eq(c.guarantees,
		TOTE_GUARANTEE_SIGNED | TOTE_GUARANTEE_WITNESSED | TOTE_GUARANTEE_OUTSIDE);
	o = audit(&here, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(o.verdict.cosigners, 1);
	ck_assert_str_eq(o.verdict.cosigned_by, "notary.example/n/witness");
	ck_assert_uint_eq(o.verdict.flags & (TOTE_VERDICT_OUTSIDE | TOTE_VERDICT_WITNESSED),
		TOTE_VERDICT_OUTSIDE | TOTE_VERDICT_WITNESSED);
	/* it grows on, and neither key has to be given again */
	root_fill(&here, "a", 300);
	ck_fault(read_by_policy(&c), TOTE_E_NO_SIGNATURE, here.fault);
	o = audit(&here, "a");
	ck_assert_uint_eq(o.verdict.cosigners, 0);
	ck_assert_uint_eq(o.verdict.flags & TOTE_VERDICT_OUTSIDE, 0);
	witnessed_from(old);
	ck_ok(read_by_policy(&c), here.fault);
	ck_assert_int_eq(root_entries(&here, "container.policy", "a"), 1);
	/* and the other way round, for the whole of the other root: its consolidated record */
	request(&there, "orchestrator", 0);
	ck_ok(tote_orchestrator_key(
		      there.o, TOTE_KEY_ORCHESTRATOR, vkey, sizeof(vkey), &there.fault),
		there.fault);
	ck_ok(cosign(&here, vkey), here.fault);
	ck_ok(merge(&there, "orchestrator", line, own, NULL), there.fault);
	ck_assert_int_eq(root_entries(&there, "container.policy", "orchestrator"), 1);
	ck_assert_uint_eq(audit(&there, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(audit(&here, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(audit(&here, "a").verdict.verdict, TOTE_VERDICT_OK);
}
END_TEST

START_TEST(too_few_cosignatures_for_the_policy_are_told_and_are_no_damage)
{
	struct tote_policy p = {.size = sizeof(p), .set = TOTE_POLICY_COSIGNERS, .cosigners = 1};
	struct outcome o;

	ck_fault(tote_orchestrator_set_policy(here.o, "a", &p, NULL, 0, &here.fault),
		TOTE_E_ARGUMENT, here.fault);
	witnessed_from(0);
	ck_ok(tote_orchestrator_set_policy(here.o, "a", &p, NULL, 0, &here.fault), here.fault);
	o = audit(&here, "a");
	ck_assert_uint_eq(o.verdict.cosigners, 1);
	ck_assert_uint_eq(o.verdict.cosigners_wanted, 1);
	ck_assert_int_eq(has_told(&o, FINDING_COSIGNERS_FEW), 0);
	root_fill(&here, "a", 3);
	o = audit(&here, "a");
	ck_assert_int_eq(has_told(&o, FINDING_COSIGNERS_FEW), 1);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(o.verdict.cosigners, 0);
	/* keys on record do not lower it again, nor does one more merge raise it */
	p.cosigners = 2;
	ck_fault(tote_orchestrator_set_policy(here.o, "a", &p, NULL, 0, &here.fault),
		TOTE_E_ARGUMENT, here.fault);
	p.cosigners = 0;
	ck_ok(tote_orchestrator_set_policy(here.o, "a", &p, NULL, 0, &here.fault), here.fault);
	o = audit(&here, "a");
	ck_assert_int_eq(has_told(&o, FINDING_COSIGNERS_FEW), 0);
}
END_TEST

START_TEST(a_root_that_was_put_back_is_told_by_the_witness_outside)
{
	char copy_name[512];
	const char *copy = named(copy_name, "%s/copy", there.scratch.path);
	char vkey[VKEY_MAX];
	uint64_t before;

	ck_ok(tote_orchestrator_key(
		      there.o, TOTE_KEY_ORCHESTRATOR, vkey, sizeof(vkey), &there.fault),
		there.fault);
	root_close(&there);
	copy_tree(there.path, copy);
	root_open(&there);
	root_provision(&there, "b");
	request(&there, "orchestrator", 0);
	ck_ok(cosign(&here, vkey), here.fault);
	ck_ok(merge(&there, "orchestrator", line, own, NULL), there.fault);
	before = status_of(&there, "orchestrator").covered;
	/* everything of it as it was, keys and all: nothing inside can tell */
	root_close(&there);
	remove_tree(there.path);
	copy_tree(copy, there.path);
	root_open(&there);
	ck_assert_uint_eq(audit(&there, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	root_provision(&there, "c");
	request(&there, "orchestrator", 0);
	ck_fault(cosign(&here, vkey), TOTE_E_CONFLICT, here.fault);
	ck_assert_uint_eq(here.fault.seq, before);
	while (status_of(&there, "orchestrator").covered <= before)
		audit(&there, "orchestrator");
	request(&there, "orchestrator", before);
	ck_fault(cosign(&here, vkey), TOTE_E_BAD_PROOF, here.fault);
}
END_TEST

/* --- what must be refused ------------------------------------------------------------------- */

struct before {
	uint8_t *checkpoint;
	size_t length;
	int policies;
};

static struct before look_before(void)
{
	struct before b = {.policies = root_entries(&here, "container.policy", NULL)};

	b.checkpoint = file_read(checkpoint_file(), &b.length);
	return b;
}

static void nothing_changed(const struct before *b)
{
	size_t length;
	uint8_t *now = file_read(checkpoint_file(), &length);

	ck_assert_uint_eq(length, b->length);
	ck_assert_mem_eq(now, b->checkpoint, length);
	ck_assert_int_eq(root_entries(&here, "container.policy", NULL), b->policies);
	free(now);
}

START_TEST(lines_of_unknown_keys_are_refused_by_name)
{
	struct before b;

	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	b = look_before();
	ck_fault(merge(&here, "a", line, NULL, NULL), TOTE_E_NO_SIGNATURE, here.fault);
	ck_assert_ptr_nonnull(strstr(here.fault.text, "'notary.example/n/witness'"));
	nothing_changed(&b);
	free(b.checkpoint);
}
END_TEST

START_TEST(an_answer_for_another_checkpoint_or_a_changed_one_adds_nothing)
{
	char first[sizeof(line)];
	struct before b;

	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	memcpy(first, line, sizeof(first));
	root_fill(&here, "a", 1);
	b = look_before();
	ck_fault(merge(&here, "a", first, witness, NULL), TOTE_E_BAD_SIGNATURE, here.fault);
	nothing_changed(&b);
	free(b.checkpoint);
	request(&here, "a", 5);
	ck_ok(cosign(&there, log_key), there.fault);
	b = look_before();
	for (char *at = strrchr(line, ' ') + 1; *at != '\n'; at++) {
		char was = *at;

		*at = was == 'A' ? 'B' : 'A';
		ck_assert_int_lt(merge(&here, "a", line, witness, NULL), 0);
		*at = was;
	}
	nothing_changed(&b);
	free(b.checkpoint);
	/* one good line beside a bad one of a known key */
	ck_assert_uint_lt(strlen(line) + strlen(first), sizeof(body));
	snprintf(body, sizeof(body), "%s%s", line, first);
	b = look_before();
	ck_fault(merge(&here, "a", body, witness, NULL), TOTE_E_BAD_SIGNATURE, here.fault);
	nothing_changed(&b);
	free(b.checkpoint);
	ck_ok(merge(&here, "a", line, witness, NULL), here.fault);
}
END_TEST

START_TEST(what_is_no_answer_or_no_witness_key_is_refused)
{
	static char big[70000], many[70 * 400];
	struct before b = look_before();

	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	ck_fault(merge(&here, "a", "", witness, NULL), TOTE_E_MALFORMED, here.fault);
	ck_fault(merge(&here, "a", "rubbish\n", witness, NULL), TOTE_E_MALFORMED, here.fault);
	ck_fault(merge(&here, "a", printed("\n%s", line), witness, NULL), TOTE_E_MALFORMED,
		here.fault);
	ck_fault(merge(&here, "a", printed("x\n\n%s", line), witness, NULL), TOTE_E_MALFORMED,
		here.fault);
	ck_fault(merge(&here, "a", printed("%.*s\r\n", (int)strlen(line) - 1, line), witness, NULL),
		TOTE_E_MALFORMED, here.fault);
	ck_fault(merge(&here, "a", printed("%.*s", (int)strlen(line) - 1, line), witness, NULL),
		TOTE_E_MALFORMED, here.fault);
	memset(big, 'x', sizeof(big) - 1);
	ck_fault(merge(&here, "a", big, witness, NULL), TOTE_E_TOO_LARGE, here.fault);
	for (int i = 0; i < 65; i++)
		strcat(many, line);
	ck_fault(merge(&here, "a", many, witness, NULL), TOTE_E_MALFORMED, here.fault);
	ck_fault(merge(&here, "a", line, log_key, NULL), TOTE_E_GRAMMAR, here.fault);
	ck_fault(merge(&here, "a", line, "rubbish", NULL), TOTE_E_GRAMMAR, here.fault);
	ck_fault(merge(&here, "a", line, own, NULL), TOTE_E_KEY, here.fault);
	ck_fault(merge(&here, "b", line, witness, NULL), TOTE_E_NOT_FOUND, here.fault);
	ck_fault(merge(&here, "A", line, witness, NULL), TOTE_E_GRAMMAR, here.fault);
	ck_fault(tote_orchestrator_witness_merge(
			 here.o, "a", NULL, 0, NULL, 0, NULL, 0, NULL, &here.fault),
		TOTE_E_ARGUMENT, here.fault);
	ck_fault(tote_orchestrator_witness_merge(
			 here.o, "a", line, line_length, NULL, 0, NULL, 1, NULL, &here.fault),
		TOTE_E_FLAGS, here.fault);
	nothing_changed(&b);
	free(b.checkpoint);
}
END_TEST

START_TEST(more_cosigners_than_are_kept_are_refused)
{
	static char keys[TOTE_COSIGNERS_MAX + 1][VKEY_MAX];
	const char *given[TOTE_COSIGNERS_MAX + 1];
	struct tote_fault fault;

	for (size_t i = 0; i <= TOTE_COSIGNERS_MAX; i++) {
		uint8_t seed[32] = {(uint8_t)i, 9};
		struct secret s;

		memset(&fault, 0, sizeof(fault));
		ck_ok(tote__secret_from_seed(
			      printed("w%zu.example", i), KEY_TYPE_COSIGNATURE, seed, &s, &fault),
			fault);
		tote__vkey_format(&s.key, keys[i]);
		tote__secret_free(&s);
		given[i] = keys[i];
	}
	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	ck_fault(tote_orchestrator_witness_merge(here.o, "a", line, line_length, given,
			 TOTE_COSIGNERS_MAX + 1, NULL, 0, NULL, &here.fault),
		TOTE_E_LIMIT, here.fault);
	given[0] = witness;
	ck_ok(tote_orchestrator_witness_merge(here.o, "a", line, line_length, given,
		      TOTE_COSIGNERS_MAX, NULL, 0, NULL, &here.fault),
		here.fault);
	/* only a key that has cosigned is on record */
	{
		struct cosigners c;

		ck_ok(tote__cosigners_known(here.o, "a", &c, &here.fault), here.fault);
		ck_assert_uint_eq(c.count, 1);
	}
}
END_TEST

START_TEST(one_key_under_two_names_is_no_second_witness)
{
	char other[VKEY_MAX];
	const char *given[2] = {witness, other};
	struct vkey key, renamed;

	ck_ok(tote__vkey_parse(witness, strlen(witness), &key, &here.fault), here.fault);
	tote__vkey_make(&renamed, "another.example", KEY_TYPE_COSIGNATURE, key.pub);
	tote__vkey_format(&renamed, other);
	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	ck_fault(tote_orchestrator_witness_merge(
			 here.o, "a", line, line_length, given, 2, NULL, 0, NULL, &here.fault),
		TOTE_E_KEY, here.fault);
	ck_ok(merge(&here, "a", line, witness, NULL), here.fault);
	ck_fault(merge(&here, "a", line, other, NULL), TOTE_E_KEY, here.fault);
}
END_TEST

START_TEST(lines_of_other_keys_beside_a_good_one_are_left_out)
{
	uint8_t *now, *before;
	size_t length;
	char both[2 * sizeof(line)];

	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	snprintf(both, sizeof(both),
		"%s\xE2\x80\x94 stranger.example AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n", line);
	ck_ok(merge(&here, "a", both, witness, NULL), here.fault);
	now = file_read(checkpoint_file(), &length);
	ck_assert_ptr_null(strstr((char *)now, "stranger"));
	before = file_read(checkpoint_file(), &length);
	ck_assert_ptr_nonnull(strstr((char *)before, "notary"));
	free(now);
	free(before);
}
END_TEST

START_TEST(a_line_that_an_answer_has_twice_is_added_once)
{
	uint32_t merged = 0;
	struct before b;
	size_t length;
	uint8_t *now;

	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	snprintf(body, sizeof(body), "%s%s", line, line);
	b = look_before();
	ck_ok(merge(&here, "a", body, witness, &merged), here.fault);
	ck_assert_uint_eq(merged, 1);
	now = file_read(checkpoint_file(), &length);
	ck_assert_uint_eq(length, b.length + strlen(line));
	free(now);
	free(b.checkpoint);
}
END_TEST

START_TEST(a_second_merge_of_the_same_line_changes_nothing)
{
	uint32_t merged = 9;
	struct before b;

	witnessed_from(0);
	b = look_before();
	ck_ok(merge(&here, "a", line, witness, &merged), here.fault);
	ck_assert_uint_eq(merged, 0);
	nothing_changed(&b);
	free(b.checkpoint);
}
END_TEST

/* --- audits --------------------------------------------------------------------------------- */

START_TEST(a_line_by_a_key_that_is_not_on_record_is_a_finding)
{
	uint8_t *note;
	size_t length;
	struct outcome o;

	ck_assert_uint_eq(audit(&here, "a").verdict.verdict, TOTE_VERDICT_OK);
	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	note = file_read(checkpoint_file(), &length);
	note = realloc(note, length + strlen(line) + 1);
	memcpy(note + length, line, strlen(line) + 1);
	file_write(checkpoint_file(), note, length + strlen(line));
	o = audit(&here, "a");
	ck_assert_int_eq(has_code(&o, FINDING_SIGNATURE_FOREIGN), 1);
	ck_assert_int_eq(o.findings, 1);
	free(note);
	/* once the key is on record it is none */
	ck_ok(merge(&here, "a", line, witness, NULL), here.fault);
	ck_assert_uint_eq(audit(&here, "a").verdict.verdict, TOTE_VERDICT_OK);
}
END_TEST

START_TEST(a_changed_cosignature_from_outside_is_found_and_not_folded_over)
{
	tote_box *box;
	struct outcome o;

	witnessed_from(0);
	ck_assert_uint_eq(audit(&here, "a").verdict.verdict, TOTE_VERDICT_OK);
	{
		size_t length;
		char *note = (char *)file_read(checkpoint_file(), &length);
		char *at = strstr(strstr(note, "notary"), " ") + 30;

		*at = *at == 'A' ? 'B' : 'A';
		file_write(checkpoint_file(), note, length);
		free(note);
	}
	box = root_box(&here, "a");
	ck_ok(box_append(box, "more", &here.fault), here.fault);
	tote_box_unref(box);
	for (int i = 0; i < 2; i++) {
		o = audit(&here, "a");
		ck_assert_msg(has_code(&o, FINDING_COSIGNATURE_BAD) ||
				      has_code(&o, FINDING_CHECKPOINT_MALFORMED),
			"%d", o.codes[0]);
	}
	ck_assert_uint_eq(size_now("a"), 5);
}
END_TEST

/* --- crashes -------------------------------------------------------------------------------- */

static int merge_on_new_handles(tote_ctx *ctx, const char *path)
{
	const char *given = witness;
	struct tote_fault fault;
	tote_orchestrator *o;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	return rc < 0 ? rc
		      : tote_orchestrator_witness_merge(
				o, "a", line, line_length, &given, 1, NULL, 0, NULL, &fault);
}

START_TEST(a_crash_at_any_step_of_a_merge_leaves_no_line_that_an_audit_does_not_know)
{
	char whole_name[512];
	const char *whole = named(whole_name, "%s/whole", here.scratch.path);
	struct tote_checkpoint c;
	long at;
	int alive = 0;

	ck_ok(tote_orchestrator_witness(here.o, "a", 0, NULL, &here.fault), here.fault);
	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	root_close(&here);
	copy_tree(here.path, whole);
	for (at = 0; !alive; at++) {
		alive = !dies_at(at, merge_on_new_handles, here.path);
		root_open(&here);
		if (alive)
			ck_ok(read_by_policy(&c), here.fault);
		ck_assert_uint_eq(audit(&here, "a").verdict.verdict, TOTE_VERDICT_OK);
		ck_assert_uint_eq(audit(&here, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
		ck_ok(merge(&here, "a", line, witness, NULL), here.fault);
		ck_ok(read_by_policy(&c), here.fault);
		ck_assert_uint_eq(c.cosigners, 2);
		ck_assert_int_eq(root_entries(&here, "container.policy", "a"), 1);
		root_close(&here);
		remove_tree(here.path);
		copy_tree(whole, here.path);
	}
	ck_assert_int_gt(at, 4);
	root_open(&here);
}
END_TEST

START_TEST(a_failing_disk_gives_an_error_or_a_line_that_is_there)
{
	static const enum call calls[] = {
		CALL_PWRITE, CALL_FSYNC, CALL_FDATASYNC, CALL_RENAMEAT2, CALL_OPENAT2};
	uint64_t old = 0;
	struct tote_checkpoint c;

	root_reopen_with(&here, faulty_kernel());
	for (size_t k = 0; k < COUNT(calls); k++) {
		for (long n = 0; n < 40; n++) {
			faulty_kernel();
			root_fill(&here, "a", 1);
			ck_ok(tote_orchestrator_witness(here.o, "a", 0, NULL, &here.fault),
				here.fault);
			request(&here, "a", old);
			ck_ok(cosign(&there, log_key), there.fault);
			old = size_now("a");
			faulty_kernel();
			faulty_fail(calls[k], n, 1, EIO);
			if (merge(&here, "a", line, witness, NULL) < 0) {
				ck_assert_int_eq(faulty_fired(), 1);
				faulty_kernel();
				ck_ok(merge(&here, "a", line, witness, NULL), here.fault);
				faulty_fail(calls[k], 1000000, 1, EIO);
			} else if (!faulty_fired()) {
				break;
			}
			faulty_kernel();
			ck_ok(read_by_policy(&c), here.fault);
			ck_assert_uint_eq(c.cosigners, 2);
		}
	}
	faulty_kernel();
	ck_assert_uint_eq(audit(&here, "a").verdict.verdict, TOTE_VERDICT_OK);
}
END_TEST

/* As another process does it. */
static void fold_meanwhile(void *user)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct tote_fault fault;
	tote_orchestrator *o;
	char note[8192];
	tote_box *box;
	size_t length;

	(void)user;
	ck_ok(tote_orchestrator_open(ctx, here.path, TOTE_ORCHESTRATOR_READ_ONLY, &o, &fault),
		fault);
	tote_orchestrator_unref(o);
	{
		struct tote_box_options options = {.size = sizeof(options),
			.key_file = printed("%s/orchestrator/keys/a", here.path)};

		ck_ok(tote_box_open_alone(
			      ctx, printed("%s/containers/a", here.path), &options, &box, &fault),
			fault);
	}
	ck_ok(box_append(box, "meanwhile", &fault), fault);
	ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &length, &fault), fault);
	tote_box_unref(box);
	tote_ctx_unref(ctx);
}

START_TEST(a_checkpoint_that_moved_on_meanwhile_gets_no_line_of_the_one_before)
{
	char *note;

	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	root_reopen_with(&here, faulty_kernel());
	faulty_kernel();
	/* while its key goes on record */
	faulty_before(CALL_FDATASYNC, 0, fold_meanwhile, NULL);
	ck_fault(merge(&here, "a", line, witness, NULL), TOTE_E_CONFLICT, here.fault);
	note = (char *)file_read(checkpoint_file(), NULL);
	ck_assert_ptr_null(strstr(note, "notary"));
	free(note);
	ck_assert_uint_eq(audit(&here, "a").verdict.verdict, TOTE_VERDICT_OK);
	request(&here, "a", 5);
	ck_ok(cosign(&there, log_key), there.fault);
	ck_ok(merge(&here, "a", line, NULL, NULL), here.fault);
}
END_TEST

START_TEST(a_line_that_lies_there_already_is_synced_again)
{
	long failed = 0;

	witnessed_from(0);
	root_reopen_with(&here, faulty_kernel());
	ck_ok(merge(&here, "a", line, witness, NULL), here.fault);
	for (long n = 0;; n++) {
		faulty_kernel();
		faulty_fail(CALL_FSYNC, n, 1, EIO);
		if (merge(&here, "a", line, witness, NULL) < 0)
			failed++;
		if (!faulty_fired())
			break;
	}
	faulty_kernel();
	ck_assert_int_ge(failed, 2);
}
END_TEST

START_TEST(no_memory_is_an_error_and_no_line_that_is_not_on_record)
{
	struct failing memory = {.fail_at = -1};
	long failed = 0;

	ck_ok(tote_orchestrator_witness(here.o, "a", 0, NULL, &here.fault), here.fault);
	request(&here, "a", 0);
	ck_ok(cosign(&there, log_key), there.fault);
	root_close(&here);
	tote_ctx_unref(here.ctx);
	here.ctx = support_ctx(NULL, &memory);
	root_open(&here);
	for (long n = 0;; n++) {
		int rc;

		memory.fail_at = n;
		memory.fired = 0;
		memory.once = 1;
		rc = merge(&here, "a", line, witness, NULL);
		memory.fail_at = -1;
		failed += rc < 0;
		if (rc < 0)
			ck_assert_int_eq(memory.fired, 1);
		if (!memory.fired)
			break;
	}
	ck_assert_int_gt(failed, 5);
	ck_assert_int_eq(root_entries(&here, "container.policy", "a"), 1);
	ck_assert_uint_eq(audit(&here, "a").verdict.verdict, TOTE_VERDICT_OK);
	root_close(&here);
	tote_ctx_unref(here.ctx);
	ck_assert_int_eq(memory.live, 0);
	here.ctx = support_ctx(NULL, NULL);
	root_open(&here);
}
END_TEST

Suite *cosigners_suite(void)
{
	Suite *s = suite_create("cosigners");
	TCase *t = tcase_create("cosigners");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, two_roots_witness_each_other_by_files);
	tcase_add_test(t, too_few_cosignatures_for_the_policy_are_told_and_are_no_damage);
	tcase_add_test(t, a_root_that_was_put_back_is_told_by_the_witness_outside);
	tcase_add_test(t, lines_of_unknown_keys_are_refused_by_name);
	tcase_add_test(t, an_answer_for_another_checkpoint_or_a_changed_one_adds_nothing);
	tcase_add_test(t, what_is_no_answer_or_no_witness_key_is_refused);
	tcase_add_test(t, more_cosigners_than_are_kept_are_refused);
	tcase_add_test(t, one_key_under_two_names_is_no_second_witness);
	tcase_add_test(t, lines_of_other_keys_beside_a_good_one_are_left_out);
	tcase_add_test(t, a_line_that_an_answer_has_twice_is_added_once);
	tcase_add_test(t, a_second_merge_of_the_same_line_changes_nothing);
	tcase_add_test(t, a_line_by_a_key_that_is_not_on_record_is_a_finding);
	tcase_add_test(t, a_changed_cosignature_from_outside_is_found_and_not_folded_over);
	tcase_add_test(
		t, a_crash_at_any_step_of_a_merge_leaves_no_line_that_an_audit_does_not_know);
	tcase_add_test(t, a_checkpoint_that_moved_on_meanwhile_gets_no_line_of_the_one_before);
	tcase_add_test(t, a_line_that_lies_there_already_is_synced_again);
	tcase_add_test(t, no_memory_is_an_error_and_no_line_that_is_not_on_record);
	tcase_add_test(t, a_failing_disk_gives_an_error_or_a_line_that_is_there);
	suite_add_tcase(s, t);
	return s;
}
