/* SPDX-License-Identifier: ISC */
/*
 * Keys of a root: rotated and replaced, for containers, the record and the witness; what an audit
 * says of them, and that a process that dies on the way leaves nothing that the next one cannot end.
 */
#include "orchestrator/outcome.h"
#include "store/keystore.h"

/* --- looking -------------------------------------------------------------------------------- */

static const char *key_path(struct root *r, const char *name)
{
	return printed("%s/orchestrator/keys/%s", r->path, name);
}

static void key_of(struct root *r, const char *name, char out[320])
{
	ck_ok(tote_key_public(key_path(r, name), out, 320, &r->fault), r->fault);
}

static int rotate(struct root *r, const char *id)
{
	return tote_orchestrator_rotate(r->o, id, "op@host", "yearly", 0, &r->fault);
}

static int rekey(struct root *r, const char *id)
{
	return tote_orchestrator_rekey(r->o, id, "op@host", "the disk died", 0, &r->fault);
}

static void add_some(struct root *r, const char *id, int count)
{
	tote_box *box = root_box(r, id);

	for (int i = 0; i < count; i++)
		ck_ok(box_append(box, printed("record %d", i), &r->fault), r->fault);
	tote_box_unref(box);
}

static void lose_key(struct root *r, const char *name)
{
	root_close(r);
	ck_assert_int_eq(unlink(key_path(r, name)), 0);
	root_open(r);
}

/* Whole, signed, cosigned. */
static void is_well(struct root *r, const char *id, const char *when)
{
	struct outcome out = audit(r, id);

	ck_assert_msg(out.verdict.verdict == TOTE_VERDICT_OK, "%s, %s: %d findings, first %d", id,
		when, out.findings, out.codes[0]);
	ck_assert_msg(!strcmp(id, "orchestrator") || out.verdict.flags & TOTE_VERDICT_WITNESSED,
		"%s, %s: not witnessed", id, when);
}

static void all_well(struct root *r, const char *when)
{
	is_well(r, "orchestrator", when);
	is_well(r, "a", when);
	is_well(r, "orchestrator", when); /* what the other run left behind is right, too */
}

/* A line of that name and key is in the container's checkpoint. */
static int has_line_by(struct root *r, const char *id, const char *vkey)
{
	char *note = (char *)file_read(
		printed("%s/containers/%s/ledger/log/checkpoint", r->path, id), NULL);
	struct tote_checkpoint c = {.size = sizeof(c)};
	char log[320];
	int rc;

	key_of(r, id, log);
	rc = tote_verify_checkpoint(note, strlen(note), log, vkey, &c, &r->fault);
	free(note);
	return rc == 0;
}

static struct root *made(struct root *r)
{
	root_make(r);
	root_provision(r, "a");
	root_fill(r, "a", 3);
	return r;
}

/* --- rotations ------------------------------------------------------------------------------ */

START_TEST(a_rotated_container_is_signed_witnessed_and_found_whole_by_every_handle)
{
	char before[320], now[320];
	struct root r, other = {0};

	made(&r);
	key_of(&r, "a", before);
	other = r;
	other.o = NULL;
	root_open(&other); /* a second process, from before */
	for (int i = 0; i < 2; i++) {
		ck_ok(rotate(&r, "a"), r.fault);
		key_of(&r, "a", now);
		ck_assert_str_ne(before, now);
		all_well(&r, "rotated");
		add_some(&other, "a", 2);
		ck_ok(tote_orchestrator_witness(other.o, "a", 0, NULL, &other.fault), other.fault);
		all_well(&other, "from before");
	}
	ck_ok(root_move(&other, "a", TOTE_STATE_SUSPENDED), other.fault);
	ck_ok(rotate(&other, "a"), other.fault);
	root_close(&other);
	root_reopen(&r);
	all_well(&r, "opened again");
	ck_assert_int_eq(root_provision(&r, "a"), TOTE_PROVISIONED_ALREADY);
	root_remove(&r);
}
END_TEST

START_TEST(the_record_and_the_witness_are_rotated_and_what_was_cosigned_stays_so)
{
	char record[320], witness[320], now[320];
	struct root r, other;
	struct outcome out;

	made(&r);
	key_of(&r, "orchestrator", record);
	key_of(&r, "witness", witness);
	other = r;
	other.o = NULL;
	root_open(&other);
	all_well(&r, "before");
	ck_assert(has_line_by(&r, "a", witness));
	for (int i = 0; i < 2; i++) {
		ck_ok(rotate(&r, "orchestrator"), r.fault);
		ck_ok(rotate(&r, "witness"), r.fault);
		key_of(&r, "orchestrator", now);
		ck_assert_str_ne(now, record);
		ck_ok(tote_orchestrator_key(
			      r.o, TOTE_KEY_ORCHESTRATOR, record, sizeof(record), &r.fault),
			r.fault);
		ck_assert_str_eq(now, record);
		key_of(&r, "witness", now);
		ck_assert_str_ne(now, witness);
		ck_assert(has_line_by(&r, "a", witness)); /* the former one's */
		out = audit_level(&r, "orchestrator", TOTE_LEVEL_STRUCTURE);
		ck_assert_uint_eq(out.verdict.verdict, TOTE_VERDICT_OK);
		is_well(&other, "a", "a process from before cosigns");
		ck_assert(has_line_by(&r, "a", now));
		memcpy(witness, now, sizeof(witness));
		all_well(&r, "rotated");
	}
	root_close(&other);
	root_reopen(&r);
	all_well(&r, "opened again");
	ck_assert_int_eq(root_entries(&r, "witness.rotated", NULL), 2);
	ck_assert_int_eq(root_entries(&r, "key.rotated", NULL), 2);
	root_remove(&r);
}
END_TEST

START_TEST(what_the_old_key_signs_over_the_rotation_is_not_cosigned)
{
	struct root r;
	struct signer thief;
	struct checkpoint c;
	struct note note;
	struct buf forged;
	uint8_t sig[SIG_LEN], *old;
	const char *checkpoint, *stolen;
	char checkpoint_name[512], stolen_name[512];
	size_t len;

	made(&r);
	checkpoint = named(checkpoint_name, "%s/containers/a/ledger/log/checkpoint", r.path);
	stolen = named(stolen_name, "%s/stolen", r.scratch.path);
	ck_assert_int_eq(run_shell(printed("cp -p '%s' '%s'", key_path(&r, "a"), stolen)), 0);
	ck_assert_int_eq(
		run_shell(printed("cp -p '%s/orchestrator/seen/a' '%s.seen'", r.path, stolen)), 0);
	ck_ok(rotate(&r, "a"), r.fault);
	/* as if nobody had been there since: the witness saw only what was before the rotation */
	ck_assert_int_eq(
		run_shell(printed("cp -p '%s.seen' '%s/orchestrator/seen/a'", stolen, r.path)), 0);
	old = file_read(checkpoint, &len);
	ck_ok(tote__checkpoint_read(old, len, &note, &c, &r.fault), r.fault);
	ck_ok(tote__signer_open_path(&thief, r.ctx, stolen, &r.fault), r.fault);
	ck_ok(tote__signer_sign(&thief, note.text, note.text_len, sig, &r.fault), r.fault);
	tote__buf_init(&forged, plain_heap(), 8192);
	tote__buf_put(&forged, note.text, note.text_len);
	tote__buf_putc(&forged, '\n');
	tote__note_put_sig(&forged, &thief.key, sig, sizeof(sig));
	file_write(checkpoint, forged.data, forged.len);
	ck_fault(tote_orchestrator_witness(r.o, "a", 0, NULL, &r.fault), TOTE_E_NO_SIGNATURE,
		r.fault);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_DAMAGED);
	tote__signer_close(&thief);
	tote__buf_free(&forged);
	free(old);
	root_remove(&r);
}
END_TEST

START_TEST(what_cannot_be_rotated_says_why)
{
	struct root r;

	made(&r);
	ck_fault(rotate(&r, "nobody"), TOTE_E_NOT_FOUND, r.fault);
	ck_fault(rotate(&r, "A"), TOTE_E_GRAMMAR, r.fault);
	ck_fault(tote_orchestrator_rotate(r.o, "a", NULL, "", 0, &r.fault), TOTE_E_ARGUMENT,
		r.fault);
	ck_fault(tote_orchestrator_rotate(r.o, "a", NULL, "x", 1, &r.fault), TOTE_E_FLAGS, r.fault);
	ck_fault(tote_orchestrator_rotate(r.o, NULL, NULL, "x", 0, &r.fault), TOTE_E_ARGUMENT,
		r.fault);
	lose_key(&r, "a");
	ck_fault(rotate(&r, "a"), TOTE_E_NO_SIGNER, r.fault);
	root_remove(&r);
}
END_TEST

/* --- lost keys ------------------------------------------------------------------------------ */

START_TEST(a_lost_key_is_replaced_and_every_verdict_says_so_from_then_on)
{
	char lost[320], now[320];
	struct outcome out;
	struct root r;

	made(&r);
	key_of(&r, "a", lost);
	add_some(&r, "a", 2); /* nobody signed for these */
	lose_key(&r, "a");
	out = audit(&r, "a");
	ck_assert(has_code(&out, FINDING_KEY_MISSING));
	ck_ok(rekey(&r, "a"), r.fault);
	key_of(&r, "a", now);
	ck_assert_str_ne(now, lost);
	ck_assert_int_eq(root_entries(&r, "container.rekeyed", "a"), 1);
	for (int i = 0; i < 2; i++) {
		out = audit(&r, "a");
		ck_assert_msg(out.verdict.verdict == TOTE_VERDICT_OK, "%d", out.codes[0]);
		ck_assert_int_eq(out.information, 1); /* TOTE-5015 */
		ck_assert(out.verdict.flags & TOTE_VERDICT_WITNESSED);
		is_well(&r, "orchestrator", "rekeyed");
		root_reopen(&r);
	}
	ck_ok(rotate(&r, "a"), r.fault); /* from the key that replaced it */
	add_some(&r, "a", 1);
	root_reopen(&r);
	all_well(&r, "and rotated");
	lose_key(&r, "a");
	ck_ok(rekey(&r, "a"), r.fault); /* and lost again, with nothing new in between */
	ck_ok(rotate(&r, "a"), r.fault);
	all_well(&r, "twice");
	root_remove(&r);
}
END_TEST

START_TEST(a_key_that_is_lost_with_nothing_to_sign_for_signs_the_next_entries)
{
	struct root r;

	made(&r);
	lose_key(&r, "a");
	ck_ok(rekey(&r, "a"), r.fault);
	all_well(&r, "rekeyed");
	root_reopen(&r);
	root_fill(&r, "a", 2);
	all_well(&r, "and used");
	root_remove(&r);
}
END_TEST

START_TEST(a_key_that_is_lost_right_behind_its_rotation_is_replaced_too)
{
	struct tote_key keys[4];
	size_t count = 0;
	struct root r;

	made(&r);
	ck_ok(rotate(&r, "a"), r.fault);
	lose_key(&r, "a");
	ck_ok(rekey(&r, "a"), r.fault); /* at the very next seq */
	add_some(&r, "a", 1);
	all_well(&r, "rekeyed");
	ck_ok(tote_orchestrator_keys(r.o, "a", keys, 4, &count, &r.fault), r.fault);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(keys[1].from_seq + 1, keys[2].from_seq);
	ck_assert_uint_eq(keys[2].flags, TOTE_KEYS_REPLACED);
	lose_key(&r, "a");
	ck_ok(rekey(&r, "a"), r.fault);
	lose_key(&r, "a");
	ck_ok(rekey(&r, "a"), r.fault); /* with nothing in between */
	all_well(&r, "three times");
	root_fill(&r, "a", 1);
	all_well(&r, "and used");
	root_remove(&r);
}
END_TEST

START_TEST(a_key_that_is_not_lost_is_not_replaced_nor_one_that_nobody_can_vouch_for)
{
	struct root r;

	made(&r);
	ck_fault(rekey(&r, "a"), TOTE_E_EXISTS, r.fault);
	ck_fault(rekey(&r, "orchestrator"), TOTE_E_UNSUPPORTED, r.fault);
	ck_fault(rekey(&r, "witness"), TOTE_E_UNSUPPORTED, r.fault);
	ck_fault(rekey(&r, "nobody"), TOTE_E_NOT_FOUND, r.fault);
	ck_fault(tote_orchestrator_rekey(r.o, "a", NULL, NULL, 0, &r.fault), TOTE_E_ARGUMENT,
		r.fault);
	ck_assert_int_eq(root_entries(&r, "container.rekeyed", NULL), 0);
	root_remove(&r);
}
END_TEST

START_TEST(the_lost_key_signs_nothing_any_more_when_it_turns_up_again)
{
	struct outcome out;
	struct root r;
	tote_box *box;
	char note[8192];
	size_t len;

	made(&r);
	add_some(&r, "a", 1);
	root_close(&r);
	ck_assert_int_eq(
		run_shell(printed("mv '%s' '%s/found'", key_path(&r, "a"), r.scratch.path)), 0);
	root_open(&r);
	ck_ok(rekey(&r, "a"), r.fault);
	root_close(&r);
	ck_assert_int_eq(
		run_shell(printed("cp -p '%s/found' '%s'", r.scratch.path, key_path(&r, "a"))), 0);
	root_open(&r);
	box = root_box(&r, "a");
	ck_ok(box_append(box, "x", &r.fault), r.fault);
	ck_assert_int_lt(tote_box_checkpoint(box, 0, note, sizeof(note), &len, &r.fault), 0);
	tote_box_unref(box);
	out = audit(&r, "a");
	ck_assert(has_code(&out, FINDING_KEY_DIFFERS));
	root_remove(&r);
}
END_TEST

/* --- what an audit says of key files ---------------------------------------------------------- */

START_TEST(a_missing_key_a_missing_last_note_and_a_former_key_are_findings)
{
	struct outcome out;
	struct root r;

	made(&r);
	ck_assert_int_eq(
		run_shell(printed("cp -p '%s' '%s/old'", key_path(&r, "a"), r.scratch.path)), 0);
	ck_assert_int_eq(unlink(key_path(&r, "a.last")), 0);
	out = audit(&r, "a");
	ck_assert(has_code(&out, FINDING_KEY_MISSING));
	ck_ok(rotate(&r, "a"), r.fault); /* which signs anew */
	is_well(&r, "a", "rotated");
	ck_assert_int_eq(
		run_shell(printed("cp -p '%s' '%s/new' && cp -p '%s/old' '%s'", key_path(&r, "a"),
			r.scratch.path, r.scratch.path, key_path(&r, "a"))),
		0);
	out = audit(&r, "a");
	ck_assert(has_code(&out, FINDING_KEY_DIFFERS));
	ck_assert_int_eq(unlink(key_path(&r, "a")), 0);
	out = audit(&r, "a");
	ck_assert(has_code(&out, FINDING_KEY_MISSING));
	ck_assert_int_eq(
		run_shell(printed("cp -p '%s/new' '%s'", r.scratch.path, key_path(&r, "a"))), 0);
	all_well(&r, "back");
	/* another container's key under this name */
	root_provision(&r, "b");
	ck_assert_int_eq(
		run_shell(printed("cp -p '%s' '%s'", key_path(&r, "b"), key_path(&r, "a"))), 0);
	out = audit(&r, "orchestrator");
	ck_assert(has_code(&out, FINDING_KEY_DIFFERS));
	root_remove(&r);
}
END_TEST

/* --- processes that die ----------------------------------------------------------------------- */

static const char *whose; /* key */

static int rotate_there(tote_ctx *ctx, const char *path)
{
	struct tote_fault fault;
	tote_orchestrator *o;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (rc < 0)
		return rc;
	rc = tote_orchestrator_rotate(o, whose, NULL, "yearly", 0, &fault);
	tote_orchestrator_unref(o);
	return rc;
}

static int rekey_there(tote_ctx *ctx, const char *path)
{
	struct tote_fault fault;
	tote_orchestrator *o;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (rc < 0)
		return rc;
	rc = tote_orchestrator_rekey(o, "a", NULL, "lost", 0, &fault);
	tote_orchestrator_unref(o);
	return rc;
}

START_TEST(a_rotation_that_died_at_any_step_is_completed_by_who_comes_next)
{
	static const char *const ids[] = {"a", "orchestrator", "witness"};
	int died = 1;

	whose = ids[_i];
	for (long at = 0; died; at++) {
		struct root r;

		made(&r);
		add_some(&r, "a", 1);
		root_close(&r);
		died = dies_at(at, rotate_there, r.path);
		root_open(&r);
		all_well(&r, printed("step %ld", at));
		add_some(&r, "a", 1);
		ck_ok(rotate(&r, whose), r.fault);
		root_reopen(&r);
		all_well(&r, printed("step %ld, again", at));
		ck_assert(!file_exists(key_path(&r, printed("%s.next", whose))));
		root_remove(&r);
	}
}
END_TEST

static void forget(struct root *r, const char *name)
{
	if (file_exists(key_path(r, name)))
		ck_assert_int_eq(unlink(key_path(r, name)), 0);
}

/* The entry of the rotation may be durable, under a checkpoint or not, and no key is left. */
START_TEST(keys_that_were_all_lost_at_any_step_of_a_rotation_are_replaced)
{
	int died = 1;

	whose = "a";
	for (long at = 0; died; at++) {
		struct root r;

		made(&r);
		root_close(&r);
		died = dies_at(at, rotate_there, r.path);
		forget(&r, "a");
		forget(&r, "a.next");
		root_open(&r);
		ck_ok(rekey(&r, "a"), r.fault);
		root_fill(&r, "a", 1);
		root_reopen(&r);
		all_well(&r, printed("step %ld", at));
		root_remove(&r);
	}
}
END_TEST

START_TEST(a_rekeying_that_died_at_any_step_is_completed_by_the_same_call)
{
	int died = 1;

	for (long at = 0; died; at++) {
		struct root r;

		made(&r);
		add_some(&r, "a", 1);
		lose_key(&r, "a");
		root_close(&r);
		died = dies_at(at, rekey_there, r.path);
		root_open(&r);
		if (rekey(&r, "a") < 0)
			ck_fault(r.fault.code, TOTE_E_EXISTS, r.fault); /* it was through */
		ck_assert_int_eq(root_entries(&r, "container.rekeyed", "a"), 1);
		all_well(&r, printed("step %ld", at));
		root_fill(&r, "a", 1);
		root_reopen(&r);
		all_well(&r, printed("step %ld, used", at));
		root_remove(&r);
	}
}
END_TEST

/* --- elsewhere ------------------------------------------------------------------------------ */

START_TEST(a_rotated_container_is_registered_elsewhere_with_the_key_that_it_has_now)
{
	struct root r, to;
	const char *place, *old;
	char place_name[512], old_name[512];

	made(&r);
	old = named(old_name, "%s/old", r.scratch.path);
	place = named(place_name, "%s/containers/a", r.path);
	ck_assert_int_eq(run_shell(printed("cp -p '%s' '%s'", key_path(&r, "a"), old)), 0);
	ck_ok(rotate(&r, "a"), r.fault);
	root_bare(&to);
	ck_ok(tote_orchestrator_init(to.ctx, to.path, "elsewhere.example/b", NULL, 0, &to.fault),
		to.fault);
	root_open(&to);
	ck_fault(tote_orchestrator_register(to.o, "a", place, old, NULL, 0, &to.fault), TOTE_E_KEY,
		to.fault);
	ck_ok(tote_orchestrator_register(to.o, "a", place, key_path(&r, "a"), NULL, 0, &to.fault),
		to.fault);
	is_well(&to, "a", "registered");
	ck_ok(rotate(&to, "a"), to.fault);
	all_well(&to, "rotated there");
	ck_ok(tote_orchestrator_detach(to.o, "a", NULL, "x", 0, &to.fault), to.fault);
	ck_ok(tote_orchestrator_register(to.o, "a", place, NULL, NULL, 0, &to.fault), to.fault);
	all_well(&to, "back again");
	root_remove(&to);
	root_remove(&r);
}
END_TEST

START_TEST(a_container_that_is_rotated_where_its_key_is_stays_well_where_it_is_not)
{
	struct root r, to;
	char place[512];

	made(&r);
	named(place, "%s/containers/a", r.path);
	root_bare(&to);
	ck_ok(tote_orchestrator_init(to.ctx, to.path, "elsewhere.example/b", NULL, 0, &to.fault),
		to.fault);
	root_open(&to);
	ck_ok(tote_orchestrator_register(to.o, "a", place, NULL, NULL, 0, &to.fault), to.fault);
	for (int i = 0; i < 3; i++) {
		ck_ok(rotate(&r, "a"), r.fault);
		all_well(&to, "rotated elsewhere");
		root_reopen(&to);
		all_well(&to, "opened again");
	}
	root_remove(&to);
	root_remove(&r);
}
END_TEST

Suite *keys_suite(void)
{
	Suite *s = suite_create("keys");
	TCase *t = tcase_create("keys");

	tcase_set_timeout(t, 180);
	tcase_add_test(t, a_rotated_container_is_signed_witnessed_and_found_whole_by_every_handle);
	tcase_add_test(t, the_record_and_the_witness_are_rotated_and_what_was_cosigned_stays_so);
	tcase_add_test(t, what_the_old_key_signs_over_the_rotation_is_not_cosigned);
	tcase_add_test(t, what_cannot_be_rotated_says_why);
	tcase_add_test(t, a_lost_key_is_replaced_and_every_verdict_says_so_from_then_on);
	tcase_add_test(t, a_key_that_is_lost_with_nothing_to_sign_for_signs_the_next_entries);
	tcase_add_test(t, a_key_that_is_lost_right_behind_its_rotation_is_replaced_too);
	tcase_add_test(t, keys_that_were_all_lost_at_any_step_of_a_rotation_are_replaced);
	tcase_add_test(t, a_key_that_is_not_lost_is_not_replaced_nor_one_that_nobody_can_vouch_for);
	tcase_add_test(t, the_lost_key_signs_nothing_any_more_when_it_turns_up_again);
	tcase_add_test(t, a_missing_key_a_missing_last_note_and_a_former_key_are_findings);
	tcase_add_loop_test(
		t, a_rotation_that_died_at_any_step_is_completed_by_who_comes_next, 0, 3);
	tcase_add_test(t, a_rekeying_that_died_at_any_step_is_completed_by_the_same_call);
	tcase_add_test(t, a_rotated_container_is_registered_elsewhere_with_the_key_that_it_has_now);
	tcase_add_test(t, a_container_that_is_rotated_where_its_key_is_stays_well_where_it_is_not);
	suite_add_tcase(s, t);
	return s;
}
