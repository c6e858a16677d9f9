/* SPDX-License-Identifier: ISC */
/*
 * Rotating a container's signing key: what signs from then on, what does not any more, and that no
 * crash and no failure leaves a ledger that nobody can sign for.
 */
#include "base/text.h"
#include "ledger/ledger_impl.h"
#include "ledger/rotation.h"
#include "orchestrator/root.h"
#include "support/box_fixture.h"
#include "support/faulty_kernel.h"
#include "support/ledger_fixture.h"
#include <errno.h>
#include <pthread.h>

#define NOTE_ROOM 8192

static void make(struct boxed *b)
{
	/* nothing here waits for a disk: processes die, the machine does not */
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK | X_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	boxed_make(b);
}

/* --- looking -------------------------------------------------------------------------------- */

static void key_in_file(struct boxed *b, char out[320])
{
	ck_ok(tote_key_public(b->key, out, 320, &b->fault), b->fault);
}

static int rotate(struct boxed *b, tote_box *box)
{
	return tote_box_rotate(box, "op@host", "yearly", 0, NULL, &b->fault);
}

static int fold(struct boxed *b, tote_box *box)
{
	char note[NOTE_ROOM];
	size_t len;

	return tote_box_checkpoint(box, 0, note, sizeof(note), &len, &b->fault);
}

/* Whether the published checkpoint is signed with that key. */
static int is_signed_with(struct boxed *b, const char *vkey)
{
	struct tote_checkpoint c = {.size = sizeof(c)};
	size_t len;
	uint8_t *note = file_read(printed("%s/ledger/log/checkpoint", b->location), &len);
	int rc = tote_verify_checkpoint(note, len, vkey, NULL, &c, &b->fault);

	free(note);
	return rc == 0;
}

/* What an outsider finds who knows one key: the verdict, or the failure of the beginning. */
static int verdict_with(struct boxed *b, const char *vkey)
{
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	tote_audit *audit;
	int rc = tote_verify_ledger(NULL, printed("%s/ledger", b->location), vkey, NULL,
		TOTE_VERIFY_STRICT, &audit, &b->fault);

	if (rc < 0)
		return rc;
	while ((rc = tote_audit_step(audit, 0, 0, &b->fault)) > 0)
		;
	ck_ok(rc, b->fault);
	ck_assert_int_eq(tote_audit_next_verdict(audit, &verdict, &b->fault), 1);
	tote_audit_unref(audit);
	return (int)verdict.verdict;
}

static void fill(struct boxed *b, tote_box *box, int count)
{
	for (int i = 0; i < count; i++)
		ck_ok(box_append(box, printed("record %d", i), &b->fault), b->fault);
}

/* Takes an entry and a signature, and every reader who knows entry 0's key or the newest agrees. */
static void goes_on(struct boxed *b, long at)
{
	tote_box *box = boxed_open(b);
	char now[320];

	ck_ok(box_append(box, "afterwards", &b->fault), b->fault);
	ck_assert_msg(fold(b, box) == 0, "step %ld: %s", at, b->fault.text);
	key_in_file(b, now);
	ck_assert_msg(is_signed_with(b, now), "step %ld: the key file is not the one in force", at);
	ck_assert_msg(verdict_with(b, b->vkey) == TOTE_VERDICT_OK, "step %ld: entry 0's key", at);
	ck_assert_msg(verdict_with(b, now) == TOTE_VERDICT_OK, "step %ld: the newest key", at);
	tote_box_unref(box);
}

/* --- what it gives -------------------------------------------------------------------------- */

START_TEST(after_a_rotation_the_new_key_signs_and_the_old_one_is_nowhere)
{
	struct boxed b;
	tote_box *box;
	char now[320], again[320];
	uint64_t seq = 0;

	make(&b);
	box = boxed_open(&b);
	fill(&b, box, 3);
	ck_ok(tote_box_rotate(box, "op@host", "yearly", 0, &seq, &b.fault), b.fault);
	ck_assert_uint_eq(seq, 4);
	key_in_file(&b, now);
	ck_assert_str_ne(now, b.vkey);
	ck_assert(is_signed_with(&b, now));
	ck_assert(!is_signed_with(&b, b.vkey));
	ck_assert(!file_exists(printed("%s.next", b.key)));
	ck_ok(rotate(&b, box), b.fault); /* the same handle, once more */
	key_in_file(&b, again);
	ck_assert_str_ne(again, now);
	tote_box_unref(box);
	goes_on(&b, -1);
	box = boxed_open(&b);
	ck_assert_uint_eq(boxed_count(&b, box, "key.rotated"), 2);
	tote_box_unref(box);
	boxed_remove(&b);
}
END_TEST

START_TEST(a_key_that_was_never_this_ledgers_is_refused_by_the_open_and_by_every_reader)
{
	struct boxed b;
	tote_box *box;
	char other[320];
	struct tote_box_options options;

	make(&b);
	box = boxed_open(&b);
	ck_ok(rotate(&b, box), b.fault);
	tote_box_unref(box);
	ck_ok(tote_key_generate(
		      printed("%s.other", b.key), BOXED_ORIGIN, other, sizeof(other), &b.fault),
		b.fault);
	ck_ok(tote_box_options_init(&options, sizeof(options), &b.fault), b.fault);
	options.key_file = printed("%s.other", b.key);
	ck_fault(tote_box_open_alone(b.ctx, b.location, &options, &box, &b.fault), TOTE_E_KEY,
		b.fault);
	ck_assert_int_eq(verdict_with(&b, other), TOTE_E_NO_SIGNATURE);
	boxed_remove(&b);
}
END_TEST

START_TEST(a_handle_that_was_open_before_another_process_rotated_signs_with_the_new_key)
{
	struct boxed b;
	tote_box *early, *box;

	make(&b);
	early = boxed_open(&b);
	fill(&b, early, 2);
	box = boxed_open(&b);
	ck_ok(rotate(&b, box), b.fault);
	ck_ok(rotate(&b, box), b.fault);
	fill(&b, early, 2);
	ck_ok(fold(&b, early), b.fault);
	ck_ok(rotate(&b, early), b.fault);
	fill(&b, box, 1);
	ck_ok(fold(&b, box), b.fault);
	tote_box_unref(early);
	tote_box_unref(box);
	goes_on(&b, -1);
	boxed_remove(&b);
}
END_TEST

START_TEST(suspended_and_archived_rotate_and_disposed_does_not)
{
	static const uint32_t states[] = {TOTE_STATE_SUSPENDED, TOTE_STATE_ARCHIVED};
	struct boxed b;
	tote_box *box;
	uint32_t from;
	uint64_t seq;
	char before[320], after[320];

	make(&b);
	box = boxed_open(&b);
	for (int i = 0; i < 2; i++) {
		ck_ok(tote__box_move(box, states[i], NULL, "x", &from, &seq, &b.fault), b.fault);
		ck_ok(rotate(&b, box), b.fault);
	}
	ck_ok(tote__box_move(box, TOTE_STATE_DISPOSED, NULL, "x", &from, &seq, &b.fault), b.fault);
	key_in_file(&b, before);
	ck_fault(rotate(&b, box), TOTE_E_STATE, b.fault);
	key_in_file(&b, after);
	ck_assert_str_eq(before, after);
	tote_box_unref(box);
	boxed_remove(&b);
}
END_TEST

START_TEST(without_the_old_key_nothing_is_rotated)
{
	struct boxed b;
	tote_box *box;

	make(&b);
	box = boxed_open_flags(&b, 0);
	ck_fault(rotate(&b, box), TOTE_E_NO_SIGNER, b.fault);
	ck_fault(tote_box_rotate(box, NULL, "", 0, NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_box_rotate(box, NULL, "x", 1, NULL, &b.fault), TOTE_E_FLAGS, b.fault);
	ck_fault(tote_box_rotate_to(box, NULL, NULL, "x", 0, NULL, &b.fault), TOTE_E_ARGUMENT,
		b.fault);
	tote_box_unref(box);
	boxed_remove(&b);
}
END_TEST

START_TEST(a_next_key_that_no_entry_names_is_written_over)
{
	struct boxed b;
	tote_box *box;
	char stray[320], now[320];

	make(&b);
	ck_ok(tote_key_generate(
		      printed("%s.next", b.key), BOXED_ORIGIN, stray, sizeof(stray), &b.fault),
		b.fault);
	box = boxed_open(&b);
	fill(&b, box, 1);
	ck_ok(fold(&b, box), b.fault);
	ck_assert(is_signed_with(&b, b.vkey));
	ck_ok(rotate(&b, box), b.fault);
	key_in_file(&b, now);
	ck_assert_str_ne(now, stray);
	ck_assert(!file_exists(printed("%s.next", b.key)));
	tote_box_unref(box);
	goes_on(&b, -1);
	boxed_remove(&b);
}
END_TEST

/* --- the thief of the old key --------------------------------------------------------------- */

/* The old key in other hands: a copy of its file, and what it can sign. */
static void steal(struct boxed *b, struct signer *thief)
{
	const char *copy = printed("%s/stolen", b->scratch.path);

	ck_assert_int_eq(run_shell(printed("cp -p '%s' '%s'", b->key, copy)), 0);
	ck_ok(tote__signer_open_path(thief, b->ctx, copy, &b->fault), b->fault);
}

/* The published checkpoint's text under another signature. */
static void sign_again(struct boxed *b, struct signer *thief)
{
	const char *path = printed("%s/ledger/log/checkpoint", b->location);
	size_t len;
	uint8_t sig[SIG_LEN], *old = file_read(path, &len);
	struct note note;
	struct buf new;

	ck_ok(tote__note_parse(old, len, &note, &b->fault), b->fault);
	tote__buf_init(&new, plain_heap(), NOTE_ROOM);
	tote__buf_put(&new, note.text, note.text_len);
	tote__buf_putc(&new, '\n');
	ck_ok(tote__signer_sign(thief, note.text, note.text_len, sig, &b->fault), b->fault);
	tote__note_put_sig(&new, &thief->key, sig, sizeof(sig));
	file_write(path, new.data, new.len);
	tote__buf_free(&new);
	free(old);
}

START_TEST(a_checkpoint_over_the_rotation_by_the_old_key_is_accepted_by_nobody)
{
	struct signer thief;
	struct boxed b;
	tote_box *box;
	char now[320];

	make(&b);
	steal(&b, &thief);
	box = boxed_open(&b);
	fill(&b, box, 2);
	ck_ok(rotate(&b, box), b.fault);
	sign_again(&b, &thief);
	key_in_file(&b, now);
	ck_assert_int_eq(verdict_with(&b, now), TOTE_E_NO_SIGNATURE);
	ck_assert_int_ne(verdict_with(&b, b.vkey), TOTE_VERDICT_OK);
	fill(&b, box, 1);
	ck_fault(fold(&b, box), TOTE_E_BAD_SIGNATURE, b.fault);
	ck_fault(rotate(&b, box), TOTE_E_BAD_SIGNATURE, b.fault);
	tote_box_unref(box);
	tote__signer_close(&thief);
	boxed_remove(&b);
}
END_TEST

/* An entry that claims to be a rotation, whoever wrote it into the journal. */
static void forge(struct boxed *b, tote_box *box, const struct draft *d)
{
	uint64_t seq;

	ck_ok(tote__ledger_hold(box->ledger, &b->fault), b->fault);
	ck_ok(tote__ledger_write(box->ledger, d, 1, &seq, &b->fault), b->fault);
	tote__ledger_release(box->ledger);
}

enum { BY_OLD_KEY, BY_ITSELF, OF_ANOTHER_SEQ, OF_ANOTHER_ORIGIN, OF_ANOTHER_CHAIN, FORGERIES };

/* The proof of a forgery, its `from` and its `to`. */
static void make_forgery(int how, struct ledger *l, struct signer *old, struct signer *now,
	struct signer *wanted, char from[VKEY_MAX], char to[VKEY_MAX],
	char proof[BASE64_LEN(SIG_LEN) + 1])
{
	struct signer *by = how == BY_OLD_KEY ? old : how == BY_ITSELF ? wanted : now;
	const char *origin = how == OF_ANOTHER_ORIGIN ? "elsewhere.example/x" : l->origin;
	uint8_t prev[HASH_LEN], sig[SIG_LEN];
	struct tote_fault fault = {0};
	char text[ROTATION_MAX];
	size_t n;

	memcpy(prev, l->now.last_leaf, HASH_LEN);
	prev[0] ^= how == OF_ANOTHER_CHAIN;
	tote__vkey_format(how == BY_OLD_KEY ? &old->key : &now->key, from);
	tote__vkey_format(&wanted->key, to);
	n = tote__rotation_text(text, origin, l->now.end + (how == OF_ANOTHER_SEQ), prev, to);
	ck_ok(tote__signer_sign(by, text, n, sig, &fault), fault);
	tote__base64_encode(sig, SIG_LEN, proof);
}

START_TEST(a_rotation_that_the_key_in_force_did_not_prove_here_is_signed_by_nobody)
{
	char from[VKEY_MAX], to[VKEY_MAX], proof[BASE64_LEN(SIG_LEN) + 1];
	struct signer thief, now, wanted;
	struct boxed b;
	tote_box *box;

	make(&b);
	steal(&b, &thief);
	box = boxed_open(&b);
	fill(&b, box, 2);
	ck_ok(rotate(&b, box), b.fault);
	ck_ok(tote_key_generate(
		      printed("%s/wanted", b.scratch.path), BOXED_ORIGIN, NULL, 0, &b.fault),
		b.fault);
	ck_ok(tote__signer_open_path(
		      &wanted, b.ctx, printed("%s/wanted", b.scratch.path), &b.fault),
		b.fault);
	ck_ok(tote__signer_open_path(&now, b.ctx, b.key, &b.fault), b.fault);
	ck_ok(tote__ledger_hold(box->ledger, &b.fault), b.fault);
	make_forgery(_i, box->ledger, &thief, &now, &wanted, from, to, proof);
	tote__ledger_release(box->ledger);
	{
		const struct field fields[] = {tote__field_text("from", from),
			tote__field_text("to", to), tote__field_text("proof", proof),
			tote__field_text("reason", "mine now")};
		const struct draft d = {.kind = "key.rotated", .fields = fields, .field_count = 4};

		forge(&b, box, &d);
	}
	ck_fault(fold(&b, box), TOTE_E_DAMAGED, b.fault);
	ck_assert_int_ne(verdict_with(&b, b.vkey), TOTE_VERDICT_OK);
	tote_box_unref(box);
	tote__signer_close(&thief);
	tote__signer_close(&now);
	tote__signer_close(&wanted);
	boxed_remove(&b);
}
END_TEST

/* --- crashes and failures ------------------------------------------------------------------- */

static uint32_t effect; /* of the last rotation there */

static int rotate_there(tote_ctx *ctx, const char *path)
{
	char location[400], key[400];
	struct tote_fault fault;
	struct tote_box_options options;
	tote_box *box;
	int rc;

	snprintf(location, sizeof(location), "%s/box", path);
	snprintf(key, sizeof(key), "%s/key", path);
	tote_box_options_init(&options, sizeof(options), &fault);
	options.key_file = key;
	rc = tote_box_open_alone(ctx, location, &options, &box, &fault);
	if (!rc) {
		rc = tote_box_rotate(box, NULL, "yearly", 0, NULL, &fault);
		tote_box_unref(box);
	}
	effect = fault.effect;
	return rc;
}

START_TEST(a_rotation_that_died_at_any_step_leaves_a_key_that_signs)
{
	size_t rotated = 0;
	int died = 1;

	for (long at = 0; died; at++) {
		struct boxed b;
		tote_box *box;

		make(&b);
		box = boxed_open(&b);
		fill(&b, box, 2);
		tote_box_unref(box);
		died = dies_at(at, rotate_there, b.scratch.path);
		goes_on(&b, at);
		box = boxed_open(&b);
		ck_assert_uint_le(boxed_count(&b, box, "key.rotated"), 1);
		rotated += boxed_count(&b, box, "key.rotated");
		ck_assert_uint_eq(boxed_count(&b, box, "record"), 3);
		ck_ok(rotate(&b, box), b.fault); /* the operator tries again */
		tote_box_unref(box);
		goes_on(&b, at);
		boxed_remove(&b);
	}
	ck_assert_uint_gt(rotated, 3); /* it died behind the entry, too */
}
END_TEST

/* A failure says whether the entry is there; a call that was not made at all says that it is not. */
static void effect_is_told(struct boxed *b, int rc, long at)
{
	tote_box *box = boxed_open(b);
	const size_t rotated = boxed_count(b, box, "key.rotated");

	tote_box_unref(box);
	ck_assert_uint_le(rotated, 1);
	if (rc == 0)
		ck_assert_uint_eq(rotated, 1);
	else
		ck_assert_msg(effect != (rotated ? TOTE_EFFECT_NONE : TOTE_EFFECT_DONE),
			"call %ld: effect %u, and %zu entries", at, (unsigned)effect, rotated);
}

/* Call number k fails once, or all from k on do. */
static void failing_calls(long times)
{
	for (long k = 0;; k++) {
		struct boxed b;
		tote_ctx *ctx;
		tote_box *box;
		int rc;

		make(&b);
		box = boxed_open(&b);
		fill(&b, box, 2);
		tote_box_unref(box);
		ctx = support_ctx(NULL, NULL);
		ck_ok(tote__posix_kernel_set(ctx, faulty_kernel(), &b.fault), b.fault);
		faulty_fail(CALL_ANY, k, times, EIO);
		rc = rotate_there(ctx, b.scratch.path);
		tote_ctx_unref(ctx);
		effect_is_told(&b, rc, k);
		goes_on(&b, k);
		boxed_remove(&b);
		if (!faulty_fired()) {
			ck_assert_int_eq(rc, 0);
			break;
		}
	}
}

START_TEST(a_call_that_fails_once_leaves_a_key_that_signs)
{
	failing_calls(1);
}
END_TEST

START_TEST(calls_that_fail_from_one_on_leave_a_key_that_signs)
{
	failing_calls(1000000);
}
END_TEST

/* --- the host's signers --------------------------------------------------------------------- */

struct agent {
	struct memory_signer keeper;
	struct tote_signer table;
	char vkey[VKEY_MAX];
	int released;
};

static int agent_sign(
	void *user, const void *message, size_t length, uint8_t sig[64], struct tote_fault *fault)
{
	struct agent *a = user;

	(void)fault;
	tote__secret_sign(&a->keeper.secret, message, length, sig);
	sig[9] ^= (uint8_t)a->keeper.flip;
	return 0;
}

static int agent_last_read(void *user, void *out, size_t cap, size_t *ret, struct tote_fault *fault)
{
	struct agent *a = user;

	(void)fault;
	if (a->keeper.last_len && a->keeper.last_len <= cap)
		memcpy(out, a->keeper.last, a->keeper.last_len);
	*ret = a->keeper.last_len;
	return 0;
}

static int agent_last_write(void *user, const void *note, size_t length, struct tote_fault *fault)
{
	struct agent *a = user;

	(void)fault;
	ck_assert_uint_le(length, sizeof(a->keeper.last));
	memcpy(a->keeper.last, note, length);
	a->keeper.last_len = length;
	return 0;
}

static void agent_release(void *user)
{
	struct agent *a = user;

	a->released++;
}

static void agent_make(struct agent *a, const char *name, uint8_t number)
{
	struct tote_fault fault = {0};
	uint8_t seed[32] = {number};

	memset(a, 0, sizeof(*a));
	ck_ok(tote__secret_from_seed(name, KEY_TYPE_ED25519, seed, &a->keeper.secret, &fault),
		fault);
	tote__vkey_format(&a->keeper.secret.key, a->vkey);
	a->table = (struct tote_signer){.size = sizeof(a->table),
		.user = a,
		.vkey = a->vkey,
		.sign = agent_sign,
		.last_read = agent_last_read,
		.last_write = agent_last_write,
		.release = agent_release};
}

static void agent_end(struct agent *a)
{
	tote__secret_free(&a->keeper.secret);
}

static tote_box *open_with_agent(struct boxed *b, const struct agent *a)
{
	struct tote_box_options options;
	tote_box *box = NULL;

	ck_ok(tote_box_options_init(&options, sizeof(options), &b->fault), b->fault);
	options.signer = &a->table;
	ck_ok(tote_box_open_alone(b->ctx, b->location, &options, &box, &b->fault), b->fault);
	return box;
}

START_TEST(a_key_file_is_rotated_to_a_hosts_signer_and_on_to_the_next_one)
{
	struct agent first, second, stranger;
	struct boxed b;
	tote_box *box;

	make(&b);
	agent_make(&first, BOXED_ORIGIN, 1);
	agent_make(&second, BOXED_ORIGIN, 2);
	agent_make(&stranger, "elsewhere.example/x", 3);
	box = boxed_open(&b);
	fill(&b, box, 2);
	ck_fault(tote_box_rotate_to(box, &stranger.table, NULL, "x", 0, NULL, &b.fault), TOTE_E_KEY,
		b.fault);
	ck_assert_int_eq(stranger.released, 0);
	ck_ok(tote_box_rotate_to(box, &first.table, NULL, "hsm", 0, NULL, &b.fault), b.fault);
	ck_assert(is_signed_with(&b, first.vkey));
	ck_fault(rotate(&b, box), TOTE_E_NO_SIGNER, b.fault);
	ck_fault(tote_box_rotate_to(box, &first.table, NULL, "x", 0, NULL, &b.fault), TOTE_E_KEY,
		b.fault);
	tote_box_unref(box);
	ck_assert_int_eq(first.released, 1);
	box = open_with_agent(&b, &first);
	ck_ok(tote_box_rotate_to(box, &second.table, NULL, "hsm 2", 0, NULL, &b.fault), b.fault);
	ck_assert_int_eq(first.released, 2);
	tote_box_unref(box);
	ck_assert(is_signed_with(&b, second.vkey));
	ck_assert_int_eq(verdict_with(&b, b.vkey), TOTE_VERDICT_OK);
	/* the file of the old key opens the box, which nothing forbids, and signs nothing */
	box = boxed_open(&b);
	fill(&b, box, 1);
	ck_assert_int_lt(fold(&b, box), 0);
	tote_box_unref(box);
	agent_end(&first);
	agent_end(&second);
	agent_end(&stranger);
	boxed_remove(&b);
}
END_TEST

START_TEST(the_proof_of_a_faulty_signer_is_never_written)
{
	struct agent first, next;
	struct boxed b;
	tote_box *box;
	uint64_t before;

	make(&b);
	agent_make(&first, BOXED_ORIGIN, 1);
	agent_make(&next, BOXED_ORIGIN, 2);
	box = boxed_open(&b);
	ck_ok(tote_box_rotate_to(box, &first.table, NULL, "hsm", 0, NULL, &b.fault), b.fault);
	before = boxed_entries(&b, box);
	first.keeper.flip = 1;
	ck_fault(tote_box_rotate_to(box, &next.table, NULL, "x", 0, NULL, &b.fault),
		TOTE_E_BAD_SIGNATURE, b.fault);
	ck_assert_int_eq(next.released, 0);
	ck_assert_uint_eq(boxed_entries(&b, box), before);
	tote_box_unref(box);
	agent_end(&first);
	agent_end(&next);
	boxed_remove(&b);
}
END_TEST

/* --- many threads --------------------------------------------------------------------------- */

#define THREADS 8
#define EACH    60

static void *append_some(void *user)
{
	tote_box *box = user;
	struct tote_fault fault;

	memset(&fault, 0, sizeof(fault));
	for (int i = 0; i < EACH; i++)
		if (box_append(box, "one of many", &fault) < 0)
			return "an append failed";
	return NULL;
}

START_TEST(eight_threads_that_append_during_rotations_lose_nothing)
{
	pthread_t threads[THREADS];
	struct boxed b;
	tote_box *box;

	make(&b);
	box = boxed_open(&b);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, append_some, box), 0);
	for (int i = 0; i < 5; i++)
		ck_ok(rotate(&b, box), b.fault);
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		ck_assert_msg(!failed, "%s", (const char *)failed);
	}
	ck_assert_uint_eq(boxed_count(&b, box, "record"), THREADS * EACH);
	ck_assert_uint_eq(boxed_count(&b, box, "key.rotated"), 5);
	tote_box_unref(box);
	goes_on(&b, -1);
	boxed_remove(&b);
}
END_TEST

Suite *rotate_suite(void)
{
	Suite *s = suite_create("rotate");
	TCase *t = tcase_create("rotate");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, after_a_rotation_the_new_key_signs_and_the_old_one_is_nowhere);
	tcase_add_test(
		t, a_key_that_was_never_this_ledgers_is_refused_by_the_open_and_by_every_reader);
	tcase_add_test(
		t, a_handle_that_was_open_before_another_process_rotated_signs_with_the_new_key);
	tcase_add_test(t, suspended_and_archived_rotate_and_disposed_does_not);
	tcase_add_test(t, without_the_old_key_nothing_is_rotated);
	tcase_add_test(t, a_next_key_that_no_entry_names_is_written_over);
	tcase_add_test(t, a_checkpoint_over_the_rotation_by_the_old_key_is_accepted_by_nobody);
	tcase_add_loop_test(t,
		a_rotation_that_the_key_in_force_did_not_prove_here_is_signed_by_nobody, 0,
		FORGERIES);
	tcase_add_test(t, a_rotation_that_died_at_any_step_leaves_a_key_that_signs);
	tcase_add_test(t, a_call_that_fails_once_leaves_a_key_that_signs);
	tcase_add_test(t, calls_that_fail_from_one_on_leave_a_key_that_signs);
	tcase_add_test(t, a_key_file_is_rotated_to_a_hosts_signer_and_on_to_the_next_one);
	tcase_add_test(t, the_proof_of_a_faulty_signer_is_never_written);
	tcase_add_test(t, eight_threads_that_append_during_rotations_lose_nothing);
	suite_add_tcase(s, t);
	return s;
}
