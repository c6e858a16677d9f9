/* SPDX-License-Identifier: ISC */
/*
 * verify: a proof or a whole ledger, with public keys alone, and which guarantee held.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "json.h"
#include "key.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* What is asked for: keys, and where a policy is given, its bytes. NULL: not given. */
struct asked {
	const char *vkey, *witness;
	struct file policy;
};

/* ---- a proof ---- */

static void show_guarantee(const struct asked *asked, const struct tote_checkpoint *c)
{
	char count[TEXT_MAX];

	if (!(c->guarantees & TOTE_GUARANTEE_WITNESSED))
		out_line("signed by its own key; %s",
			asked->policy.bytes ? "the policy asks for no witness"
					    : "no witness was asked for (--witness KEY)");
	else if (!(c->guarantees & TOTE_GUARANTEE_OUTSIDE))
		out_line("signed by its own key, witnessed by its own orchestrator only");
	else if (!asked->policy.bytes)
		out_line("signed by its own key and cosigned by the witness given");
	else
		out_line("signed by its own key and cosigned by %s witness%s of the policy",
			text_count(count, c->cosigners), c->cosigners == 1 ? "" : "es");
}

static void show_json(const struct call *call, uint64_t seq, const struct tote_checkpoint *c)
{
	struct json j;

	json_begin(&j, stdout, "verify");
	json_string(&j, "verdict", "ok");
	json_number(&j, "seq", seq);
	json_string(&j, "origin", c->origin);
	json_number(&j, "tree_size", c->tree_size);
	json_b64(&j, "root", c->root, sizeof(c->root));
	json_bool(&j, "witnessed", (c->guarantees & TOTE_GUARANTEE_WITNESSED) != 0);
	json_bool(&j, "outside", (c->guarantees & TOTE_GUARANTEE_OUTSIDE) != 0);
	json_number(&j, "cosigners", c->cosigners);
	if (c->cosigned_us)
		json_time(&j, "cosigned", c->cosigned_us);
	json_bool(&j, "asset", call->value[OPT_ASSET] != NULL);
	json_end(&j);
}

static void show_proof(
	struct call *call, uint64_t seq, const struct asked *asked, const struct tote_checkpoint *c)
{
	char size[TEXT_MAX], time[TEXT_MAX];

	if (call->json) {
		show_json(call, seq, c);
		return;
	}
	show_guarantee(asked, c);
	if (c->cosigned_us)
		out_line("cosigned at %s", text_time(time, c->cosigned_us));
	if (call->value[OPT_ASSET])
		out_line("%s has the bytes that this entry sealed", call->value[OPT_ASSET]);
	out_verdict(1, "the proof holds: this is entry %" PRIu64 " of %s, a log of %s entries", seq,
		c->origin, text_count(size, c->tree_size));
}

static int check_proof(struct call *call, const struct asked *asked, const struct file *proof,
	const struct file *entry, uint64_t *ret_seq, struct tote_checkpoint *ret)
{
	ret->size = sizeof(*ret);
	if (asked->policy.bytes)
		return tote_verify_proof_policy(proof->bytes, proof->length, entry->bytes,
			entry->length, asked->policy.bytes, asked->policy.length, asked->vkey,
			ret_seq, ret, &call->fault);
	return tote_verify_proof(proof->bytes, proof->length, entry->bytes, entry->length,
		asked->vkey, asked->witness, ret_seq, ret, &call->fault);
}

static int verify_proof(struct call *call, const struct asked *asked)
{
	struct file proof = {NULL, 0}, entry = {NULL, 0};
	struct tote_checkpoint checkpoint;
	uint64_t seq = 0;
	int code;

	if (!call->value[OPT_ENTRY])
		return fail_usage(
			call, "verify PROOF needs --entry FILE: the entry that it proves");
	code = file_read(call, call->operand[0], TOTE_NOTE_MAX, &proof);
	if (!code)
		code = file_read(call, call->value[OPT_ENTRY], TOTE_ENTRY_MAX, &entry);
	if (!code && check_proof(call, asked, &proof, &entry, &seq, &checkpoint) < 0)
		code = fail(call);
	if (!code && call->value[OPT_ASSET] &&
		tote_verify_asset(call->ctx, entry.bytes, entry.length, call->value[OPT_ASSET],
			&call->fault) < 0)
		code = fail(call);
	if (!code)
		show_proof(call, seq, asked, &checkpoint);
	free(proof.bytes);
	free(entry.bytes);
	return code;
}

/* ---- a directory ---- */

/* A published log/ has its checkpoint right there; nobody but its writer's fold changes it. */
static int is_log_directory(const char *directory)
{
	char path[4096];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/checkpoint", directory) < (int)sizeof(path) &&
	       stat(path, &st) == 0;
}

/* The quorum over its checkpoint; all else of it is the ledger's own verification. */
static int check_policy(struct call *call, const struct asked *asked, const char *directory)
{
	struct tote_checkpoint checkpoint = {.size = sizeof(checkpoint)};
	struct file note;
	char path[4096];
	int code;

	if (snprintf(path, sizeof(path), "%s/%scheckpoint", directory,
		    is_log_directory(directory) ? "" : "log/") >= (int)sizeof(path))
		return fail_usage(call, "%s: the path is too long", directory);
	if ((code = file_read(call, path, TOTE_NOTE_MAX, &note)) != 0)
		return code;
	if (tote_verify_checkpoint_policy(note.bytes, note.length, asked->policy.bytes,
		    asked->policy.length, asked->vkey, &checkpoint, &call->fault) < 0)
		code = fail(call);
	else if (!call->json)
		show_guarantee(asked, &checkpoint);
	free(note.bytes);
	return code;
}

static int verify_directory(struct call *call, const struct asked *asked)
{
	const char *directory = call->operand[0];
	const uint32_t flags = (is_log_directory(directory) ? TOTE_VERIFY_STRICT : 0) |
			       (call->value[OPT_CACHED] ? TOTE_VERIFY_CACHED : 0);
	tote_audit *audit;
	int code;

	if (call->value[OPT_ENTRY] || call->value[OPT_ASSET])
		return fail_usage(
			call, "--entry and --asset go with a proof; %s is a directory", directory);
	if (!asked->vkey)
		return fail_usage(call, "%s is a directory: --vkey KEY is missing", directory);
	if (asked->policy.bytes && (code = check_policy(call, asked, directory)) != 0)
		return code;
	if (tote_verify_ledger(call->ctx, directory, asked->vkey, asked->witness, flags, &audit,
		    &call->fault) < 0)
		return fail(call);
	return job_run(call, audit, directory);
}

/* ---- both ---- */

static int check_options(const struct call *call)
{
	if (call->witness_count > 1)
		return fail_usage(call, "--witness is given twice; several go into a --policy");
	if (call->value[OPT_POLICY] && call->value[OPT_WITNESS])
		return fail_usage(call, "--policy names the witnesses: --witness goes without it");
	if (!call->value[OPT_POLICY] && !call->value[OPT_VKEY])
		return fail_usage(call, "--vkey KEY is missing, or --policy FILE");
	return 0;
}

static int verify(struct call *call, struct asked *asked)
{
	struct stat st;
	int code = 0;

	if (call->value[OPT_POLICY])
		code = file_read(call, call->value[OPT_POLICY], TOTE_NOTE_MAX * 16, &asked->policy);
	if (code || (code = root_context(call)) != 0)
		return code;
	if (stat(call->operand[0], &st) < 0)
		return fail_system(call, errno, "%s", call->operand[0]);
	return S_ISDIR(st.st_mode) ? verify_directory(call, asked) : verify_proof(call, asked);
}

int verb_verify(struct call *call)
{
	char vkey[KEY_MAX], witness[KEY_MAX];
	struct asked asked = {.vkey = call->value[OPT_VKEY] ? vkey : NULL,
		.witness = call->value[OPT_WITNESS] ? witness : NULL};
	int code;

	if ((code = check_options(call)) != 0 ||
		(code = key_find(call, call->value[OPT_VKEY], "container orchestrator", vkey)) !=
			0 ||
		(code = key_find(call, call->value[OPT_WITNESS], "witness", witness)) != 0)
		return code;
	code = verify(call, &asked);
	free(asked.policy.bytes);
	return code;
}
