/* SPDX-License-Identifier: ISC */
/*
 * Cosigning the log of another root: by the rules of C2SP tlog-witness, never two histories, and
 * never before it is remembered.
 */
#include "base/text.h"
#include "orchestrator/cosigners.h"
#include "orchestrator/foreign_log.h"
#include "orchestrator/outcome.h"
#include "orchestrator/seen.h"
#include "support/faulty_kernel.h"
#include "vectors/tlog_vectors.h"
#include <errno.h>
#include <pthread.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct root r;
static struct foreign_log *foreign, *fork_of; /* of one key */
static char line[TOTE_COSIGNATURE_MAX + 1];
static size_t line_length;

static void setup(void)
{
	uint8_t seed[32];

	root_make(&r);
	from_hex(vector_note.log_seed_hex, seed);
	foreign = foreign_new(vector_note.origin, seed, "entry");
	fork_of = foreign_new(vector_note.origin, seed, "other");
}

static void teardown(void)
{
	foreign_free(foreign);
	foreign_free(fork_of);
	root_remove(&r);
}

static int cosign_flags(const char *body, size_t length, const char *vkey, uint32_t flags)
{
	int rc;

	memset(line, 0, sizeof(line));
	line_length = 77;
	rc = tote_orchestrator_cosign(r.o, body, length, vkey, "op@host", flags, line,
		TOTE_COSIGNATURE_MAX, &line_length, &r.fault);
	if (rc < 0) { /* nothing leaves */
		ck_assert_uint_eq(line_length, 77);
		ck_assert_int_eq(line[0], 0);
	}
	return rc;
}

static int cosign(const struct foreign_log *f, const char *vkey)
{
	return cosign_flags(f->body, f->length, vkey, 0);
}

static const char *seen_file(void)
{
	char name[SEEN_NAME_MAX];

	tote__seen_log_name(vector_note.origin, name);
	return printed("%s/orchestrator/seen/%s", r.path, name);
}

/* The line is our witness's for the checkpoint of that request. */
static void line_verifies(const struct foreign_log *f)
{
	static char note[REQUEST_MAX + TOTE_COSIGNATURE_MAX];
	struct tote_checkpoint c = {.size = sizeof(c)};
	char witness[VKEY_MAX];
	const char *checkpoint = strstr(f->body, "\n\n");

	ck_assert_ptr_nonnull(checkpoint);
	ck_ok(tote_orchestrator_key(r.o, TOTE_KEY_WITNESS, witness, sizeof(witness), &r.fault),
		r.fault);
	snprintf(note, sizeof(note), "%s%s", checkpoint + 2, line);
	ck_ok(tote_verify_checkpoint(note, strlen(note), f->vkey, witness, &c, &r.fault), r.fault);
	ck_assert_uint_eq(c.guarantees,
		TOTE_GUARANTEE_SIGNED | TOTE_GUARANTEE_WITNESSED | TOTE_GUARANTEE_OUTSIDE);
	ck_assert_uint_eq(line_length, strlen(line));
}

/* Cosigned at this size, from nothing. */
static void begin_at(uint64_t size)
{
	foreign_request(foreign, 0, size);
	ck_ok(cosign(foreign, foreign->vkey), r.fault);
	line_verifies(foreign);
}

START_TEST(the_request_of_the_vectors_is_answered_after_its_three_entries)
{
	const char *body = vector_note.add_checkpoint_body_old3;

	begin_at(3);
	foreign_request(foreign, 3, 8);
	ck_assert_uint_eq(foreign->length, strlen(body));
	ck_assert_mem_eq(foreign->body, body, foreign->length);
	ck_ok(cosign_flags(body, strlen(body), NULL, 0), r.fault);
	line_verifies(foreign);
	ck_assert_int_eq(root_entries(&r, "witness.accepted", NULL), 1);
	ck_assert_int_eq(root_entries(&r, "witness.cosigned", NULL), 2);
	ck_assert_int_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
}
END_TEST

/* --- what must be refused ------------------------------------------------------------------- */

struct before {
	uint8_t *seen;
	size_t seen_length;
	int entries;
};

static struct before look_before(void)
{
	struct before b = {.entries = root_entries(&r, "witness.cosigned", NULL) +
				      root_entries(&r, "witness.accepted", NULL)};

	b.seen = file_read(seen_file(), &b.seen_length);
	return b;
}

/* Nothing was remembered and nothing recorded. */
static void nothing_changed(struct before *b)
{
	size_t length;
	uint8_t *seen = file_read(seen_file(), &length);

	ck_assert_uint_eq(length, b->seen_length);
	ck_assert_mem_eq(seen, b->seen, length);
	ck_assert_int_eq(b->entries, root_entries(&r, "witness.cosigned", NULL) +
					     root_entries(&r, "witness.accepted", NULL));
	free(seen);
	free(b->seen);
}

START_TEST(each_hostile_request_is_refused_and_leaves_no_trace)
{
	struct foreign_log *stranger;
	uint8_t seed[32] = {9};
	struct before b;
	char *at;

	begin_at(8);
	b = look_before();
	/* smaller than what it says the witness knows; and than what the witness knows */
	foreign_ask(foreign, foreign, 8, 8, "");
	memcpy(strstr(foreign->body, "\n8\n"), "\n7\n", 3);
	ck_fault(cosign(foreign, NULL), TOTE_E_BAD_SIGNATURE, r.fault);
	foreign_ask(foreign, foreign, 8, 5, "");
	ck_fault(cosign(foreign, NULL), TOTE_E_MALFORMED, r.fault);
	foreign_request(foreign, 5, 5);
	ck_fault(cosign(foreign, NULL), TOTE_E_CONFLICT, r.fault);
	/* another old size than the one known, which is told */
	foreign_request(foreign, 3, 12);
	ck_fault(cosign(foreign, NULL), TOTE_E_CONFLICT, r.fault);
	ck_assert_uint_eq(r.fault.seq, 8);
	ck_assert_uint_eq(r.fault.flags & TOTE_FAULT_SEQ, TOTE_FAULT_SEQ);
	foreign_request(foreign, 9, 12);
	ck_fault(cosign(foreign, NULL), TOTE_E_CONFLICT, r.fault);
	foreign_request(foreign, 0, 12);
	ck_fault(cosign(foreign, NULL), TOTE_E_CONFLICT, r.fault);
	/* another history: longer, with its own proof and with ours; and of the same size */
	foreign_request(fork_of, 8, 12);
	ck_fault(cosign(fork_of, NULL), TOTE_E_BAD_PROOF, r.fault);
	foreign_ask(fork_of, foreign, 8, 12, "");
	ck_fault(cosign(fork_of, NULL), TOTE_E_BAD_PROOF, r.fault);
	foreign_request(fork_of, 8, 8);
	ck_fault(cosign(fork_of, NULL), TOTE_E_FORK, r.fault);
	/* a wrong proof, none, and one too many */
	foreign_ask(foreign, fork_of, 8, 12, "");
	ck_fault(cosign(foreign, NULL), TOTE_E_BAD_PROOF, r.fault);
	foreign_request(foreign, 8, 12);
	at = strchr(foreign->body, '\n') + 1;
	memmove(at, strstr(at, "\n\n") + 1, strlen(strstr(at, "\n\n") + 1) + 1);
	foreign->length = strlen(foreign->body);
	ck_fault(cosign(foreign, NULL), TOTE_E_BAD_PROOF, r.fault);
	foreign_request(foreign, 8, 8);
	memmove(foreign->body + 6 + 45, foreign->body + 6, foreign->length - 5);
	memcpy(foreign->body + 6, "V8efTzGuApxdS9MLBzwnyU35NDiytGl+Hh7vW8A5SkE=\n", 45);
	foreign->length += 45;
	ck_fault(cosign(foreign, NULL), TOTE_E_BAD_PROOF, r.fault);
	/* by another key of that name, without a signature, with a changed one */
	stranger = foreign_new(vector_note.origin, seed, "entry");
	foreign_request(stranger, 8, 12);
	ck_fault(cosign(stranger, NULL), TOTE_E_NO_SIGNATURE, r.fault);
	ck_fault(cosign(stranger, stranger->vkey), TOTE_E_KEY, r.fault);
	foreign_request(foreign, 8, 12);
	at = strrchr(foreign->body, ' ') + 20;
	*at = *at == 'A' ? 'B' : 'A';
	ck_fault(cosign(foreign, NULL), TOTE_E_BAD_SIGNATURE, r.fault);
	nothing_changed(&b);
	foreign_free(stranger);
	/* and after all of that the right one is answered */
	foreign_request(foreign, 8, 12);
	ck_ok(cosign(foreign, NULL), r.fault);
	line_verifies(foreign);
}
END_TEST

START_TEST(what_is_no_request_is_refused)
{
	static char big[REQUEST_MAX + 2];
	char many[64 * 45 + 64] = "old 3\n";
	struct before b;

	begin_at(3);
	b = look_before();
	for (int i = 0; i < 64; i++)
		strcat(many, "V8efTzGuApxdS9MLBzwnyU35NDiytGl+Hh7vW8A5SkE=\n");
	strcat(many, "\n");
	ck_fault(cosign_flags(many, strlen(many), NULL, 0), TOTE_E_MALFORMED, r.fault);
	ck_fault(cosign_flags("", 0, NULL, 0), TOTE_E_MALFORMED, r.fault);
	foreign_request(foreign, 3, 8);
	memset(big, 'x', sizeof(big));
	memcpy(big, foreign->body, foreign->length);
	ck_fault(cosign_flags(big, sizeof(big) - 1, NULL, 0), TOTE_E_MALFORMED, r.fault);
	for (char *lf = foreign->body; (lf = strchr(lf, '\n')); lf++) {
		memcpy(big, foreign->body, foreign->length);
		big[lf - foreign->body] = '\r';
		ck_assert_int_lt(cosign_flags(big, foreign->length, NULL, 0), 0);
	}
	for (size_t cut = 0; cut < foreign->length; cut++)
		ck_assert_int_lt(cosign_flags(foreign->body, cut, NULL, 0), 0);
	nothing_changed(&b);
}
END_TEST

START_TEST(no_changed_byte_of_a_request_is_cosigned)
{
	struct before b;

	begin_at(3);
	b = look_before();
	foreign_request(foreign, 3, 8);
	for (size_t i = 0; i < foreign->length; i++) {
		foreign->body[i] ^= 1;
		ck_assert_msg(cosign(foreign, NULL) < 0, "byte %zu", i);
		foreign->body[i] ^= 1;
	}
	nothing_changed(&b);
}
END_TEST

START_TEST(what_is_missing_is_refused)
{
	char out[TOTE_COSIGNATURE_MAX];
	size_t length;

	foreign_request(foreign, 0, 3);
	ck_fault(tote_orchestrator_cosign(
			 r.o, NULL, 1, NULL, NULL, 0, out, sizeof(out), &length, &r.fault),
		TOTE_E_ARGUMENT, r.fault);
	ck_fault(tote_orchestrator_cosign(r.o, foreign->body, foreign->length, foreign->vkey, NULL,
			 0, out, sizeof(out) - 1, &length, &r.fault),
		TOTE_E_TOO_LARGE, r.fault);
	ck_fault(cosign_flags(foreign->body, foreign->length, foreign->vkey, 2), TOTE_E_FLAGS,
		r.fault);
	ck_assert_int_eq(file_exists(seen_file()), 0);
}
END_TEST

/* --- keys and names ------------------------------------------------------------------------- */

START_TEST(first_contact_needs_the_logs_key_and_another_key_the_operators_word)
{
	struct foreign_log *renewed;
	uint8_t seed[32] = {7};

	foreign_request(foreign, 0, 3);
	ck_fault(cosign(foreign, NULL), TOTE_E_ARGUMENT, r.fault);
	ck_fault(cosign(foreign, "rubbish"), TOTE_E_GRAMMAR, r.fault);
	ck_fault(cosign(foreign, vector_note.witness_vkey), TOTE_E_NO_SIGNATURE, r.fault);
	begin_at(3);
	renewed = foreign_new(vector_note.origin, seed, "entry");
	foreign_request(renewed, 3, 8);
	ck_fault(cosign(renewed, renewed->vkey), TOTE_E_KEY, r.fault);
	ck_ok(cosign_flags(renewed->body, renewed->length, renewed->vkey, TOTE_COSIGN_NEW_KEY),
		r.fault);
	line_verifies(renewed);
	ck_assert_int_eq(root_entries(&r, "witness.accepted", NULL), 2);
	/* from now on it is the one, and the one before is none */
	foreign_request(foreign, 8, 9);
	ck_fault(cosign(foreign, foreign->vkey), TOTE_E_KEY, r.fault);
	ck_fault(cosign(foreign, NULL), TOTE_E_NO_SIGNATURE, r.fault);
	foreign_request(renewed, 8, 9);
	root_reopen(&r);
	ck_ok(cosign(renewed, NULL), r.fault);
	ck_assert_int_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	foreign_free(renewed);
}
END_TEST

START_TEST(a_log_is_known_again_by_any_name_that_a_key_can_have)
{
	static const char *const origins[] = {"log.example/50%25",
		"l\xC3\xB6g.example/\xE2\x82\xAC", "x", "%",
		"log.example/~!@#$^&*()=[]{}|;:'\"<>,?"};

	for (size_t i = 0; i < COUNT(origins); i++) {
		uint8_t seed[32] = {(uint8_t)(50 + i)};
		struct foreign_log *f = foreign_new(origins[i], seed, "entry");

		foreign_request(f, 0, 3);
		ck_ok(cosign(f, f->vkey), r.fault);
		root_reopen(&r);
		foreign_request(f, 3, 7);
		ck_ok(cosign(f, NULL), r.fault);
		line_verifies(f);
		foreign_free(f);
	}
	ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
}
END_TEST

START_TEST(a_log_of_this_root_is_not_cosigned_as_anothers)
{
	static char body[TOTE_NOTE_MAX];
	struct tote_container c = {.size = sizeof(c)};
	uint8_t seed[32] = {5};
	struct foreign_log *later;
	tote_box *box;
	size_t length;

	root_provision(&r, "a");
	ck_ok(tote_orchestrator_find(r.o, "a", &c, &r.fault), r.fault);
	box = root_box(&r, "a");
	ck_ok(tote_box_witness_request(box, 0, 0, body, sizeof(body), &length, &r.fault), r.fault);
	ck_fault(cosign_flags(body, length, c.vkey, 0), TOTE_E_EXISTS, r.fault);
	ck_assert_ptr_nonnull(strstr(r.fault.text, "'a' of this root"));
	tote_box_unref(box);
	ck_ok(tote_orchestrator_record(r.o, &box, &r.fault), r.fault);
	ck_ok(tote_box_witness_request(box, 0, 0, body, sizeof(body), &length, &r.fault), r.fault);
	ck_fault(cosign_flags(body, length, NULL, 0), TOTE_E_EXISTS, r.fault);
	tote_box_unref(box);
	later = foreign_new(ROOT_ORIGIN "/later", seed, "entry");
	foreign_request(later, 0, 3);
	ck_fault(cosign(later, later->vkey), TOTE_E_EXISTS, r.fault);
	foreign_free(later);
}
END_TEST

/* --- again ---------------------------------------------------------------------------------- */

START_TEST(the_same_checkpoint_gets_the_same_line_again)
{
	char first[sizeof(line)];
	struct before b;

	begin_at(8);
	memcpy(first, line, sizeof(first));
	b = look_before();
	foreign_request(foreign, 8, 8);
	ck_ok(cosign(foreign, NULL), r.fault);
	ck_assert_str_eq(line, first);
	nothing_changed(&b);
	/* the same tree in another text needs a line of its own */
	foreign_ask(foreign, foreign, 8, 8, "an extension\n");
	ck_ok(cosign(foreign, NULL), r.fault);
	ck_assert_str_ne(line, first);
	line_verifies(foreign);
}
END_TEST

START_TEST(an_empty_log_is_cosigned_and_then_grows)
{
	begin_at(0);
	foreign_request(foreign, 0, 0);
	ck_ok(cosign(foreign, NULL), r.fault);
	foreign_request(foreign, 0, 5);
	ck_ok(cosign(foreign, NULL), r.fault);
	line_verifies(foreign);
}
END_TEST

START_TEST(a_clock_before_1970_makes_no_cosignature)
{
	struct frozen_clock clock = FROZEN_CLOCK;

	begin_at(3);
	root_close(&r);
	tote_ctx_unref(r.ctx);
	r.ctx = support_ctx(&clock, NULL);
	root_open(&r);
	clock.wall = -5000000;
	foreign_request(foreign, 3, 8);
	ck_fault(cosign(foreign, NULL), TOTE_E_CLOCK, r.fault);
	clock.wall = INT64_C(1795421700000000);
	ck_ok(cosign(foreign, NULL), r.fault);
	line_verifies(foreign);
}
END_TEST

/* Another process may have rotated the witness's key since this one was opened. */
START_TEST(what_a_former_witness_key_cosigned_stays_and_is_cosigned_anew)
{
	tote_orchestrator *other;
	char first[sizeof(line)];

	begin_at(8);
	memcpy(first, line, sizeof(first));
	ck_ok(tote_orchestrator_open(r.ctx, r.path, 0, &other, &r.fault), r.fault);
	ck_ok(tote_orchestrator_rotate(other, "witness", "op@host", "yearly", 0, &r.fault),
		r.fault);
	tote_orchestrator_unref(other);
	foreign_request(foreign, 8, 8);
	ck_ok(cosign(foreign, NULL), r.fault);
	ck_assert_str_ne(line, first);
	line_verifies(foreign);
	foreign_request(foreign, 8, 12);
	ck_ok(cosign(foreign, NULL), r.fault);
	line_verifies(foreign);
	ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
}
END_TEST

/* --- what the witness remembers ------------------------------------------------------------- */

START_TEST(a_memory_that_is_missing_older_or_changed_is_found_and_nothing_is_cosigned)
{
	struct {
		int code;
		const char *what;
	} cases[] = {
		{FINDING_SEEN_MISSING, "missing"},
		{FINDING_WITNESS_ROLLED_BACK, "older"},
		{FINDING_SEEN_DAMAGED, "changed"},
	};
	size_t old_length, length;
	uint8_t *old, *now;
	struct outcome o;

	begin_at(3);
	old = file_read(seen_file(), &old_length);
	foreign_request(foreign, 3, 8);
	ck_ok(cosign(foreign, NULL), r.fault);
	now = file_read(seen_file(), &length);
	ck_assert_int_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (i == 0)
			unlink(seen_file());
		else if (i == 1)
			file_write(seen_file(), old, old_length);
		else
			file_flip(seen_file(), length - 10, 1);
		o = audit(&r, "orchestrator");
		ck_assert_msg(has_code(&o, cases[i].code), "%s: %d", cases[i].what, o.codes[0]);
		ck_assert_int_eq(o.findings, 1);
		foreign_request(foreign, 8, 9);
		ck_fault(cosign(foreign, NULL), TOTE_E_DAMAGED, r.fault);
		ck_assert_int_eq(strstr(r.fault.text, "is missing") != NULL, i == 0);
		/* nor from what lies there now */
		foreign_request(foreign, i == 1 ? 3 : 0, 9);
		ck_fault(cosign(foreign, NULL), TOTE_E_DAMAGED, r.fault);
		file_write(seen_file(), now, length);
		ck_assert_int_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	}
	foreign_request(foreign, 8, 9);
	ck_ok(cosign(foreign, NULL), r.fault);
	free(old);
	free(now);
}
END_TEST

START_TEST(a_name_in_seen_that_is_no_logs_is_a_finding)
{
	char name[512];
	struct outcome o;
	uint8_t *cell;
	size_t length;

	begin_at(3);
	cell = file_read(seen_file(), &length);
	file_write(named(name,
			   "%s/orchestrator/seen/"
			   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			   r.path),
		cell, length);
	o = audit(&r, "orchestrator");
	ck_assert_int_eq(o.findings, 1);
	ck_assert_int_eq(has_code(&o, FINDING_ORCHESTRATOR_FOREIGN), 1);
	free(cell);
}
END_TEST

/* --- crashes -------------------------------------------------------------------------------- */

static const struct foreign_log *asked;
static const char *released; /* where the child leaves what it was given */

static int ask_on_new_handles(tote_ctx *ctx, const char *path)
{
	char out[TOTE_COSIGNATURE_MAX];
	struct tote_fault fault;
	tote_orchestrator *o;
	size_t length;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (!rc)
		rc = tote_orchestrator_cosign(o, asked->body, asked->length, asked->vkey, NULL, 0,
			out, sizeof(out), &length, &fault);
	if (!rc)
		file_write(released, out, length);
	return rc;
}

START_TEST(a_crash_at_any_step_never_lets_two_histories_be_cosigned)
{
	char whole_name[512], released_name[512];
	const char *whole = named(whole_name, "%s/whole", r.scratch.path);
	long at;

	released = named(released_name, "%s/released", r.scratch.path);
	begin_at(3);
	root_close(&r);
	copy_tree(r.path, whole);
	foreign_request(foreign, 3, 8);
	asked = foreign;
	for (at = 0;; at++) {
		int alive = !dies_at(at, ask_on_new_handles, r.path), left;

		left = file_exists(released);
		ck_assert_int_eq(alive, left);
		root_open(&r);
		ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
		/* another history of the same log, signed by its key, from where we stood */
		foreign_ask(fork_of, foreign, 3, 12, "");
		ck_assert_int_lt(cosign(fork_of, NULL), 0);
		/* the keeper asks again, and again from where the witness is */
		foreign_request(foreign, 3, 8);
		if (cosign(foreign, NULL) == TOTE_E_CONFLICT) {
			ck_assert_uint_eq(r.fault.seq, 8);
			foreign_request(foreign, 8, 8);
			ck_ok(cosign(foreign, NULL), r.fault);
		}
		line_verifies(foreign);
		if (left) {
			char *was = (char *)file_read(released, NULL);

			ck_assert_str_eq(line, was);
			free(was);
		}
		ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
		root_close(&r);
		foreign_request(foreign, 3, 8);
		remove_tree(r.path);
		copy_tree(whole, r.path);
		unlink(released);
		if (alive)
			break;
	}
	ck_assert_int_gt(at, 3);
	root_open(&r);
}
END_TEST

START_TEST(a_crash_at_first_contact_is_completed_by_the_next_request)
{
	char whole_name[512], released_name[512];
	const char *whole = named(whole_name, "%s/whole", r.scratch.path);
	long at;

	released = named(released_name, "%s/released", r.scratch.path);
	root_close(&r);
	copy_tree(r.path, whole);
	foreign_request(foreign, 0, 8);
	asked = foreign;
	for (at = 0;; at++) {
		int alive = !dies_at(at, ask_on_new_handles, r.path);

		root_open(&r);
		ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
		if (!alive && file_exists(seen_file())) {
			/* made and never given to anybody: it binds all the same */
			foreign_request(fork_of, 0, 8);
			ck_fault(cosign(fork_of, fork_of->vkey), TOTE_E_CONFLICT, r.fault);
			foreign_request(fork_of, 8, 8);
			ck_fault(cosign(fork_of, fork_of->vkey), TOTE_E_FORK, r.fault);
		}
		foreign_request(foreign, 0, 8);
		if (cosign(foreign, foreign->vkey) == TOTE_E_CONFLICT) {
			foreign_request(foreign, 8, 8);
			ck_ok(cosign(foreign, foreign->vkey), r.fault);
		}
		line_verifies(foreign);
		ck_assert_int_eq(root_entries(&r, "witness.accepted", NULL), 1);
		ck_assert_int_eq(root_entries(&r, "witness.cosigned", NULL), 1);
		root_close(&r);
		foreign_request(foreign, 0, 8);
		remove_tree(r.path);
		copy_tree(whole, r.path);
		unlink(released);
		if (alive)
			break;
	}
	ck_assert_int_gt(at, 3);
	root_open(&r);
}
END_TEST

/* Each call that fails, in each way: what was not made durable was not given out. */
START_TEST(a_failing_disk_gives_an_error_and_no_cosignature)
{
	static const enum call calls[] = {
		CALL_PWRITE, CALL_FSYNC, CALL_FDATASYNC, CALL_RENAMEAT2, CALL_OPENAT2, CALL_OPENAT};
	int failed[COUNT(calls)] = {0};
	uint64_t size = 3;

	begin_at(size);
	root_reopen_with(&r, faulty_kernel());
	for (size_t c = 0; c < COUNT(calls); c++) {
		for (long n = 0, fired = 1; fired; n++) {
			int is_sync = calls[c] == CALL_FSYNC || calls[c] == CALL_FDATASYNC, rc;

			ck_assert_uint_lt(size + 1, FOREIGN_MAX);
			foreign_request(foreign, size, size + 1);
			faulty_kernel();
			faulty_fail(calls[c], n, 1, EIO);
			rc = cosign(foreign, NULL);
			fired = faulty_fired();
			faulty_kernel();
			/* a sync that failed is never passed over */
			ck_assert(rc == 0 || fired);
			ck_assert(rc < 0 || !fired || !is_sync);
			if (rc < 0) {
				failed[c]++;
				if (cosign(foreign, NULL) == TOTE_E_CONFLICT) {
					foreign_request(foreign, size + 1, size + 1);
					ck_ok(cosign(foreign, NULL), r.fault);
				}
			}
			line_verifies(foreign);
			size++;
		}
	}
	/* seen/HEX, its directory, and the record */
	ck_assert_int_ge(failed[1] + failed[2], 3);
	ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
}
END_TEST

/* What lies there may be of a process that died before its sync: who gives it out syncs it. */
START_TEST(a_line_that_is_given_out_again_was_synced_again)
{
	long failed = 0;

	begin_at(8);
	root_reopen_with(&r, faulty_kernel());
	foreign_request(foreign, 8, 8);
	ck_ok(cosign(foreign, NULL), r.fault);
	for (long n = 0;; n++) {
		faulty_kernel();
		faulty_fail(CALL_FSYNC, n, 1, EIO);
		if (cosign(foreign, NULL) < 0)
			failed++;
		if (!faulty_fired())
			break;
	}
	faulty_kernel();
	ck_assert_int_ge(failed, 2); /* the file and its directory */
	ck_ok(cosign(foreign, NULL), r.fault);
	line_verifies(foreign);
}
END_TEST

START_TEST(no_memory_is_an_error_that_leaves_nothing_half_done)
{
	struct failing memory = {.fail_at = -1};
	uint64_t size = 3;
	long failed = 0;

	begin_at(size);
	root_close(&r);
	tote_ctx_unref(r.ctx);
	r.ctx = support_ctx(NULL, &memory);
	root_open(&r);
	for (long n = 0;; n++) {
		int rc;

		ck_assert_uint_lt(size + 1, FOREIGN_MAX);
		foreign_request(foreign, size, size + 1);
		memory.fail_at = n;
		memory.fired = 0;
		memory.once = 1;
		rc = cosign(foreign, NULL);
		memory.fail_at = -1;
		if (rc < 0) {
			failed++;
			ck_assert_int_eq(memory.fired, 1);
			rc = cosign(foreign, NULL);
			if (rc == TOTE_E_CONFLICT) {
				foreign_request(foreign, size + 1, size + 1);
				ck_ok(cosign(foreign, NULL), r.fault);
			}
		}
		line_verifies(foreign);
		size++;
		if (!memory.fired)
			break;
	}
	ck_assert_int_gt(failed, 3);
	ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
	root_close(&r);
	tote_ctx_unref(r.ctx);
	ck_assert_int_eq(memory.live, 0);
	r.ctx = support_ctx(NULL, NULL);
	root_open(&r);
}
END_TEST

/* --- two at once ---------------------------------------------------------------------------- */

START_TEST(of_two_histories_that_come_at_once_one_is_cosigned)
{
	char name[512];

	for (int round = 0; round < 12; round++) {
		const struct foreign_log *both[2] = {foreign, fork_of};
		uint8_t seed[32] = {(uint8_t)(100 + round)};
		char origin[64];
		pid_t pids[2];
		int status, count = 0;

		snprintf(origin, sizeof(origin), "log.example/%d", round);
		foreign_free(foreign);
		foreign_free(fork_of);
		both[0] = foreign = foreign_new(origin, seed, "entry");
		both[1] = fork_of = foreign_new(origin, seed, "other");
		foreign_request(foreign, 0, 8);
		foreign_request(fork_of, 0, 8);
		root_close(&r);
		for (int i = 0; i < 2; i++) {
			if ((pids[i] = fork()) == 0) {
				tote_ctx *ctx = support_ctx(NULL, NULL);

				child_asserts_nothing();
				asked = both[i];
				released = named(name, "%s/line.%d", r.scratch.path, i);
				_exit(ask_on_new_handles(ctx, r.path) < 0 ? 1 : 0);
			}
		}
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			count += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		}
		ck_assert_int_eq(count, 1);
		root_open(&r);
	}
	ck_assert_int_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
}
END_TEST

struct asking {
	const struct foreign_log *log;
	int rc;
};

static void *ask_in_a_thread(void *user)
{
	struct asking *a = user;
	char out[TOTE_COSIGNATURE_MAX];
	struct tote_fault fault;
	size_t length;

	a->rc = tote_orchestrator_cosign(r.o, a->log->body, a->log->length, a->log->vkey, NULL, 0,
		out, sizeof(out), &length, &fault);
	return NULL;
}

START_TEST(of_two_histories_in_threads_of_one_handle_one_is_cosigned_once)
{
	struct asking asking[8];
	pthread_t threads[8];
	int given = 0;

	foreign_request(foreign, 0, 8);
	foreign_request(fork_of, 0, 8);
	for (int i = 0; i < 8; i++) {
		asking[i].log = i % 2 ? fork_of : foreign;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_in_a_thread, &asking[i]), 0);
	}
	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		given += asking[i].rc == 0;
		ck_assert(asking[i].rc == 0 || asking[i].rc == TOTE_E_CONFLICT);
	}
	ck_assert_int_eq(given, 1);
	ck_assert_int_eq(root_entries(&r, "witness.cosigned", NULL), 1);
	ck_assert_int_eq(audit(&r, "orchestrator").findings, 0);
}
END_TEST

/* --- a log that comes to live here ---------------------------------------------------------- */

START_TEST(a_container_that_was_cosigned_as_anothers_must_extend_that_to_be_registered)
{
	static char body[TOTE_NOTE_MAX];
	char early[512], late[512], key[512];
	struct tote_box_options options = {.size = sizeof(options)};
	struct tote_container c = {.size = sizeof(c)};
	struct root other;
	tote_box *box;
	size_t length;

	memset(&other, 0, sizeof(other));
	root_bare(&other);
	ck_ok(tote_orchestrator_init(
		      other.ctx, other.path, "branch.example.com/b", NULL, 0, &other.fault),
		other.fault);
	root_open(&other);
	root_provision(&other, "leases");
	ck_ok(tote_orchestrator_find(other.o, "leases", &c, &other.fault), other.fault);
	named(early, "%s/early", other.scratch.path);
	named(late, "%s/late", other.scratch.path);
	named(key, "%s/leases.key", other.scratch.path);
	copy_tree(printed("%s/containers/leases", other.path), early);
	copy_tree(printed("%s/orchestrator/keys/leases", other.path), key);
	root_fill(&other, "leases", 5);
	box = root_box(&other, "leases");
	ck_ok(tote_box_witness_request(box, 0, 0, body, sizeof(body), &length, &other.fault),
		other.fault);
	tote_box_unref(box);
	ck_ok(cosign_flags(body, length, c.vkey, 0), r.fault);
	/* a shorter copy, and another history */
	ck_fault(tote_orchestrator_register(r.o, "leases", early, NULL, NULL, 0, &r.fault),
		TOTE_E_ROLLBACK, r.fault);
	options.key_file = key;
	ck_ok(tote_box_open_alone(r.ctx, early, &options, &box, &r.fault), r.fault);
	for (int i = 0; i < 9; i++)
		ck_ok(box_append(box, "another", &r.fault), r.fault);
	ck_ok(tote_box_checkpoint(box, 0, body, sizeof(body), &length, &r.fault), r.fault);
	tote_box_unref(box);
	ck_fault(tote_orchestrator_register(r.o, "leases", early, NULL, NULL, 0, &r.fault),
		TOTE_E_FORK, r.fault);
	/* the one that was cosigned */
	copy_tree(printed("%s/containers/leases", other.path), late);
	ck_ok(tote_orchestrator_register(r.o, "leases", late, NULL, NULL, 0, &r.fault), r.fault);
	ck_assert_int_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(audit(&r, "leases").verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&other);
}
END_TEST

Suite *cosign_suite(void)
{
	Suite *s = suite_create("cosign");
	TCase *t = tcase_create("cosign");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_request_of_the_vectors_is_answered_after_its_three_entries);
	tcase_add_test(t, each_hostile_request_is_refused_and_leaves_no_trace);
	tcase_add_test(t, what_is_no_request_is_refused);
	tcase_add_test(t, no_changed_byte_of_a_request_is_cosigned);
	tcase_add_test(t, what_is_missing_is_refused);
	tcase_add_test(t, first_contact_needs_the_logs_key_and_another_key_the_operators_word);
	tcase_add_test(t, a_log_is_known_again_by_any_name_that_a_key_can_have);
	tcase_add_test(t, a_log_of_this_root_is_not_cosigned_as_anothers);
	tcase_add_test(t, the_same_checkpoint_gets_the_same_line_again);
	tcase_add_test(t, what_a_former_witness_key_cosigned_stays_and_is_cosigned_anew);
	tcase_add_test(t, a_clock_before_1970_makes_no_cosignature);
	tcase_add_test(t, an_empty_log_is_cosigned_and_then_grows);
	tcase_add_test(
		t, a_memory_that_is_missing_older_or_changed_is_found_and_nothing_is_cosigned);
	tcase_add_test(t, a_name_in_seen_that_is_no_logs_is_a_finding);
	tcase_add_test(t, a_crash_at_any_step_never_lets_two_histories_be_cosigned);
	tcase_add_test(t, a_crash_at_first_contact_is_completed_by_the_next_request);
	tcase_add_test(t, a_failing_disk_gives_an_error_and_no_cosignature);
	tcase_add_test(t, a_line_that_is_given_out_again_was_synced_again);
	tcase_add_test(t, no_memory_is_an_error_that_leaves_nothing_half_done);
	tcase_add_test(t, of_two_histories_that_come_at_once_one_is_cosigned);
	tcase_add_test(t, of_two_histories_in_threads_of_one_handle_one_is_cosigned_once);
	tcase_add_test(
		t, a_container_that_was_cosigned_as_anothers_must_extend_that_to_be_registered);
	suite_add_tcase(s, t);
	return s;
}
