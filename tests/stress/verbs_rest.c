/* SPDX-License-Identifier: ISC */
/*
 * The table of scenarios, its last part: proofs under checkpoints that a reader holds, followers, the
 * gate, lines from outside, and a container in memory.
 */
#include "crypto/hash.h"
#include "crypto/note.h"
#include "stress/scene.h"
#include "tlog/cosignature.h"
#include <stdio.h>
#include <string.h>
#include <toteborch/input.h>

#define OUTSIDE "notary.example.com/n"
#define LETTER  "a letter from outside"

static char note[TOTE_NOTE_MAX];

/* Whatever failed behind the call, without any failure more; what the call said is kept. */
static int settled(struct scene *s, int rc, int (*look)(struct scene *s))
{
	const struct tote_fault said = s->fault;

	inject_disarm();
	scene_must(s, look(s), "looking at it afterwards");
	s->fault = said;
	return rc;
}

/* --- proofs ------------------------------------------------------------------------------------ */

static struct {
	char note[TOTE_NOTE_MAX], proof[TOTE_NOTE_MAX];
	size_t note_len, proof_len;
	uint8_t path[TOTE_PROOF_HASHES * 32];
	size_t count;
	uint64_t from, to;
} held;

/* A checkpoint that a reader took home, two behind it, and what is proven where nothing fails. */
static void hold_checkpoint(struct scene *s)
{
	struct tote_box_info info = {.size = sizeof(info)};
	size_t len;

	scene_must(s,
		tote_box_checkpoint(
			s->box, 0, held.note, sizeof(held.note), &held.note_len, &s->fault),
		"fold");
	scene_must(s, tote_box_info(s->box, &info, &s->fault), "info");
	held.from = info.entries;
	for (int i = 0; i < 2; i++) {
		scene_must(s, scene_append(s, s->box, "later"), "append");
		scene_must(s, tote_box_checkpoint(s->box, 0, note, sizeof(note), &len, &s->fault),
			"fold");
	}
	held.to = held.from + 2;
	scene_must(s,
		tote_box_prove_at(s->box, 20, held.note, held.note_len, 0, held.proof,
			sizeof(held.proof), &held.proof_len, &s->fault),
		"prove");
	scene_must(s,
		tote_box_prove_consistency(s->box, held.from, held.to, 0, held.path,
			TOTE_PROOF_HASHES, &held.count, NULL, NULL, &s->fault),
		"prove");
}

static int do_prove_at(struct scene *s)
{
	size_t len;
	const int rc = tote_box_prove_at(
		s->box, 20, held.note, held.note_len, 0, note, sizeof(note), &len, &s->fault);

	if (rc == 0 && (len != held.proof_len || memcmp(note, held.proof, len) != 0))
		scene_wrong(s, "another proof than where nothing fails");
	if (rc == TOTE_E_FORK || rc == TOTE_E_ROLLBACK || rc == TOTE_E_DAMAGED)
		scene_wrong(s, "a call that failed is called another history: %s", s->fault.text);
	return rc;
}

static int do_prove_consistency(struct scene *s)
{
	uint8_t path[TOTE_PROOF_HASHES * 32];
	size_t count;
	const int rc = tote_box_prove_consistency(s->box, held.from, held.to, 0, path,
		TOTE_PROOF_HASHES, &count, NULL, NULL, &s->fault);

	if (rc == 0 && (count != held.count || memcmp(path, held.path, count * 32) != 0))
		scene_wrong(s, "another proof than where nothing fails");
	if (rc == TOTE_E_FORK || rc == TOTE_E_ROLLBACK || rc == TOTE_E_DAMAGED)
		scene_wrong(s, "a call that failed is called another history: %s", s->fault.text);
	return rc;
}

/* --- followers ----------------------------------------------------------------------------------- */

static tote_cursor *follower;
static uint64_t given, last;

/* What comes next, as long as something does: each once and in order. */
static int follow(struct scene *s)
{
	struct tote_entry e = {.size = sizeof(e)};
	int rc;

	while ((rc = tote_cursor_next(follower, &e, &s->fault)) == 1) {
		if (given && e.seq != last + 1)
			scene_wrong(s, "a follower was given %llu behind %llu",
				(unsigned long long)e.seq, (unsigned long long)last);
		last = e.seq;
		given++;
	}
	return rc;
}

static int follow_to_the_end(struct scene *s)
{
	struct tote_box_info info = {.size = sizeof(info)};
	int rc = tote_box_info(s->box, &info, &s->fault);

	if (rc == 0)
		rc = follow(s);
	if (rc == 0 && last + 1 != info.entries)
		scene_wrong(s, "a follower ends at %llu of %llu entries",
			(unsigned long long)last + 1, (unsigned long long)info.entries);
	return rc;
}

/* Opened, read to its end, and over a fold and what comes behind it; then on, without a failure. */
static int do_follow(struct scene *s)
{
	size_t len;
	int rc;

	given = 0;
	rc = tote_cursor_open(s->box, 5, TOTE_CURSOR_FOLLOW, &follower, &s->fault);
	if (rc < 0)
		return rc;
	rc = follow(s);
	if (rc == 0)
		rc = scene_append(s, s->box, "while somebody follows");
	if (rc == 0)
		rc = tote_box_checkpoint(s->box, 0, note, sizeof(note), &len, &s->fault);
	if (rc == 0)
		rc = tote_cursor_wait(follower, 0, &s->fault);
	if (rc >= 0)
		rc = follow(s);
	if (rc == TOTE_E_DAMAGED || rc == TOTE_E_FORK || rc == TOTE_E_ROLLBACK)
		scene_wrong(s, "a call that failed is called another history: %s", s->fault.text);
	inject_disarm();
	if (rc == 0)
		settled(s, rc, follow_to_the_end);
	follower = tote_cursor_unref(follower);
	return rc;
}

static int do_backward(struct scene *s)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor = NULL;
	uint64_t count = 0;
	int rc = tote_cursor_open(s->box, TOTE_SEQ_ANY, TOTE_CURSOR_BACKWARD, &cursor, &s->fault);

	while (rc == 0 && (rc = tote_cursor_next(cursor, &e, &s->fault)) == 1) {
		rc = 0;
		count++;
	}
	if (rc == 0 && (count < SCENE_LONG || e.seq != 0))
		scene_wrong(s, "backwards it ended at entry %llu, after %llu",
			(unsigned long long)e.seq, (unsigned long long)count);
	tote_cursor_unref(cursor);
	return rc;
}

/* --- lines from outside ----------------------------------------------------------------------- */

static char line[1024], outside_key[VKEY_MAX];
static size_t line_len;

/* The cosignature of a witness of nobody's here, over the newest checkpoint. */
static void sign_outside(struct scene *s)
{
	static const uint8_t seed[32] = {3, 1, 4};
	struct buf message = {.data = NULL}, out = {.data = NULL};
	uint8_t sig[SIG_LEN], blob[72];
	struct heap heap = s->ctx->heap;
	struct secret secret;
	struct note parsed;
	size_t len;

	tote__buf_init(&message, &heap, TOTE_NOTE_MAX);
	tote__buf_init(&out, &heap, sizeof(line));
	if (scene_must(s, tote_box_checkpoint(s->box, 0, note, sizeof(note), &len, &s->fault),
		    "fold") < 0 ||
		scene_must(s, tote__note_parse(note, len, &parsed, &s->fault), "note") < 0 ||
		scene_must(s,
			tote__secret_from_seed(
				OUTSIDE, KEY_TYPE_COSIGNATURE, seed, &secret, &s->fault),
			"key") < 0)
		return;
	tote__cosignature_message(&message, 1795421700, parsed.text, parsed.text_len);
	tote__secret_sign(&secret, message.data, message.len, sig);
	tote__cosignature_blob(1795421700, sig, blob);
	tote__note_put_sig(&out, &secret.key, blob, sizeof(blob));
	tote__vkey_format(&secret.key, outside_key);
	line_len = out.len;
	memcpy(line, out.data, out.len);
	tote__secret_free(&secret);
	tote__buf_free(&message);
	tote__buf_free(&out);
}

static int has_line(struct scene *s)
{
	size_t len;
	const int rc = tote_box_checkpoint(
		s->box, TOTE_CHECKPOINT_LAST, note, sizeof(note) - 1, &len, &s->fault);

	if (rc < 0)
		return rc;
	note[len] = '\0';
	if (!strstr(note, OUTSIDE))
		scene_wrong(s, "a line that was merged is not in the checkpoint");
	return 0;
}

static int do_merge(struct scene *s)
{
	const char *const keys[] = {outside_key};
	uint32_t merged = 0;
	const int rc = tote_orchestrator_witness_merge(
		s->o, "short", line, line_len, keys, 1, "op@host", 0, &merged, &s->fault);

	return rc < 0 ? rc : settled(s, rc, has_line);
}

static uint64_t count_policies(struct scene *s)
{
	return scene_kinds(s, "orchestrator", "container.policy");
}

/* --- the gate ------------------------------------------------------------------------------------ */

static uint8_t letter_digest[HASH_LEN];

static void send_letter(struct scene *s)
{
	char path[PATH_ROOM];

	tote__hash_bytes(NULL, LETTER, sizeof(LETTER) - 1, letter_digest);
	tree_write(path_in(path, "%s/containers/short/app-console-input/letter", s->root), LETTER,
		sizeof(LETTER) - 1);
}

static int do_inputs(struct scene *s)
{
	struct tote_input input = {.size = sizeof(input)};
	tote_input_list *list = NULL;
	int count = 0, rc = tote_input_list_open(s->box, TOTE_INPUT_DIGESTS, &list, &s->fault);

	while (rc == 0 && (rc = tote_input_list_next(list, &input, &s->fault)) == 1) {
		rc = 0;
		count++;
		/* one that cannot be read is odd: it has no digest, and cannot be taken */
		if (!(input.flags & TOTE_INPUT_ODD) &&
			memcmp(input.digest, letter_digest, HASH_LEN) != 0)
			scene_wrong(s, "the letter has another digest");
	}
	if (rc == 0 && count != 1)
		scene_wrong(s, "%d documents are listed", count);
	tote_input_list_unref(list);
	return rc;
}

static const struct tote_document letter = {
	.name = "letter", .digest = letter_digest, .path = "inbox/letter"};

static int do_accept(struct scene *s)
{
	return tote_box_accept(s->box, &letter, 1, "op@host", 0, NULL, &s->fault);
}

static int do_reject(struct scene *s)
{
	return tote_box_reject(s->box, &letter, "not ours", "op@host", 0, NULL, &s->fault);
}

static uint64_t count_accepted(struct scene *s)
{
	return scene_kinds(s, "short", "asset.sealed") - scene_kinds(s, "short", "asset.void");
}

static uint64_t count_rejected(struct scene *s)
{
	return scene_kinds(s, "short", "input.rejected");
}

/* --- a container in memory ------------------------------------------------------------------------ */

static tote_box *in_memory;

static void make_in_memory(struct scene *s)
{
	struct tote_provision_options options;

	tote_provision_options_init(&options, sizeof(options), &s->fault);
	options.backend = "memory";
	options.location = "/in-memory";
	scene_must(s, tote_orchestrator_provision(s->o, "mem", &options, NULL, &s->fault),
		"provision");
	scene_must(s, tote_box_open(s->o, "mem", NULL, &in_memory, &s->fault), "open");
}

static uint64_t acknowledged;

static int memory_is_whole(struct scene *s)
{
	static const char *const ids[] = {"mem"};
	const uint64_t want = acknowledged;
	char finding[512];
	int rc = tote_box_recover(in_memory, &s->fault);

	if (rc == 0)
		rc = scene_append(s, in_memory, "after it");
	if (rc < 0)
		return rc;
	if (scene_payloads(s, "mem", TEXT) < want)
		scene_wrong(s, "%llu appends were acknowledged", (unsigned long long)want);
	rc = scene_audit(s->o, ids, 1, TOTE_LEVEL_FULL, finding, sizeof(finding), &s->fault);
	if (rc == TOTE_VERDICT_DAMAGED)
		scene_wrong(s, "the audit in memory: %s", finding);
	in_memory = tote_box_unref(in_memory);
	/* it goes with its context: nobody finds it afterwards */
	return rc < 0 ? rc
		      : tote_orchestrator_detach(
				s->o, "mem", "op@host", "it was in memory", 0, &s->fault);
}

static int do_memory(struct scene *s)
{
	const struct tote_source source = {.path = "a/b",
		.data = TEXT,
		.length = sizeof(TEXT) - 1,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
	size_t len;
	int rc = 0;

	acknowledged = 0;
	for (int i = 0; rc == 0 && i < 3; i++) {
		rc = scene_append(s, in_memory, TEXT);
		acknowledged += rc == 0;
	}
	if (rc == 0)
		rc = tote_box_seal(in_memory, &source, 1, NULL, 0, NULL, &s->fault);
	if (rc == 0)
		rc = tote_box_checkpoint(in_memory, 0, note, sizeof(note), &len, &s->fault);
	if (rc == 0)
		rc = tote_box_prove(in_memory, 2, 0, note, sizeof(note), &len, &s->fault);
	return settled(s, rc, memory_is_whole);
}

const struct scenario rest_scenarios[] = {
	{"prove-at", BASE_ROOT, "long", 1, hold_checkpoint, do_prove_at, NULL, 0, 0, NULL},
	{"prove-consistency", BASE_ROOT, "long", 1, hold_checkpoint, do_prove_consistency, NULL, 0,
		0, NULL},
	{"follow", BASE_ROOT, "short", 1, NULL, do_follow, NULL, 0, 0, NULL},
	{"backward", BASE_ROOT, "long", 1, NULL, do_backward, NULL, 0, 0, NULL},
	{"merge", BASE_ROOT, "short", 1, sign_outside, do_merge, count_policies, 1, 1, NULL},
	{"inputs", BASE_ROOT, "short", 1, send_letter, do_inputs, NULL, 0, 0, NULL},
	{"accept", BASE_ROOT, "short", 1, send_letter, do_accept, count_accepted, 1, 0, NULL},
	{"reject", BASE_ROOT, "short", 1, send_letter, do_reject, count_rejected, 1, 0, NULL},
	{"memory", BASE_ROOT, NULL, 1, make_in_memory, do_memory, NULL, 0, 0, NULL},
};
const size_t rest_scenario_count = sizeof(rest_scenarios) / sizeof(rest_scenarios[0]);
