/* SPDX-License-Identifier: ISC */
/*
 * Proofs and who checks them: prove writes an entry with its proof, keys prints what is needed to
 * check one, verify checks a proof or a whole ledger with public keys alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* ---- prove ---- */

/* SEQ|PATH: all digits is a seq, anything else a path; ./41 is the path 41. */
static int find_seq(struct call *call, tote_box *box, const char *word, uint64_t *ret_seq)
{
	struct tote_asset asset;
	tote_asset_list *list;
	int rc;

	if (args_seq(word, ret_seq))
		return 0;
	while (!strncmp(word, "./", 2))
		word += 2;
	if (tote_asset_list_open(box, 0, &list, &call->fault) < 0)
		return fail(call);
	asset.size = sizeof(asset);
	rc = tote_asset_list_find(list, word, &asset, &call->fault);
	if (rc == 1)
		*ret_seq = asset.seq;
	tote_asset_list_unref(list);
	if (rc == 0) {
		rc = tote_fault_set(&call->fault, TOTE_E_NOT_FOUND, 0, "");
		snprintf(call->fault.text, sizeof(call->fault.text),
			"nothing was ever sealed at '%.200s': totectl ls %s lists the paths", word,
			call->operand[0]);
	}
	return rc < 0 ? fail(call) : 0;
}

static int write_part(struct call *call, uint64_t seq, const char *suffix, const void *bytes,
	size_t length, char path[4096])
{
	if (snprintf(path, 4096, "%s/%" PRIu64 ".%s", call->value[OPT_OUT], seq, suffix) >= 4096)
		return fail_usage(call, "-o: the path is too long");
	return file_write(call, path, bytes, length);
}

static int write_both(
	struct call *call, tote_box *box, uint64_t seq, const char *proof, size_t length)
{
	char entry_path[4096], proof_path[4096];
	struct tote_entry entry;
	tote_cursor *cursor;
	struct json j;
	int rc, code;

	if (tote_cursor_open(box, seq, 0, &cursor, &call->fault) < 0)
		return fail(call);
	entry.size = sizeof(entry);
	rc = tote_cursor_next(cursor, &entry, &call->fault);
	if (rc != 1) {
		tote_cursor_unref(cursor);
		return rc < 0 ? fail(call)
			      : fail_system(call, 0, "the entry is not there any more");
	}
	code = write_part(call, seq, "entry", entry.bytes, entry.length, entry_path);
	tote_cursor_unref(cursor);
	if (code || (code = write_part(call, seq, "tlog-proof", proof, length, proof_path)) != 0)
		return code;
	if (!call->json) {
		out_line("%s", entry_path);
		out_line("%s", proof_path);
		out_talk(call,
			"next: totectl keys %s >keys; totectl verify %s --entry %s --vkey keys",
			call->operand[0], proof_path, entry_path);
		return 0;
	}
	json_begin(&j, stdout, "prove");
	json_string(&j, "container", call->operand[0]);
	json_number(&j, "seq", seq);
	json_string(&j, "entry", entry_path);
	json_string(&j, "proof", proof_path);
	json_end(&j);
	return 0;
}

static int prove_in(struct call *call, tote_box *box)
{
	char *proof = malloc(TOTE_NOTE_MAX);
	size_t length = 0;
	uint64_t seq = 0;
	int code;

	if (!proof)
		return fail_system(call, ENOMEM, "proof");
	code = find_seq(call, box, call->operand[1], &seq);
	if (!code && tote_box_prove(box, seq, 0, proof, TOTE_NOTE_MAX, &length, &call->fault) < 0)
		code = fail(call);
	if (!code && mkdir(call->value[OPT_OUT], 0777) < 0 && errno != EEXIST)
		code = fail_system(call, errno, "%s", call->value[OPT_OUT]);
	if (!code)
		code = write_both(call, box, seq, proof, length);
	free(proof);
	return code;
}

int verb_prove(struct call *call)
{
	tote_box *box;
	int code = root_open(call, 0);

	if (code || (code = root_box(call, call->operand[0], 0, &box)) != 0)
		return code;
	return box_close(call, box, prove_in(call, box));
}

/* ---- keys ---- */

static void show_key(struct call *call, const char *role, const char *container, const char *vkey)
{
	struct json j;

	if (!call->json) {
		out_line("%s %s", role, vkey);
		return;
	}
	json_begin(&j, stdout, "key");
	json_string(&j, "role", role);
	if (container)
		json_string(&j, "container", container);
	json_string(&j, "vkey", vkey);
	json_end(&j);
}

static int show_root_key(struct call *call, uint32_t which, const char *role)
{
	char vkey[320];

	if (tote_orchestrator_key(call->orchestrator, which, vkey, sizeof(vkey), &call->fault) < 0)
		return fail(call);
	show_key(call, role, NULL, vkey);
	return 0;
}

static int show_container_keys(struct call *call, const char *id)
{
	struct tote_container *c = malloc(sizeof(*c));
	int rc;

	if (!c)
		return fail_system(call, ENOMEM, "keys");
	c->size = sizeof(*c);
	if (id) {
		rc = tote_orchestrator_find(call->orchestrator, id, c, &call->fault);
		if (rc == 0)
			show_key(call, "container", c->id, c->vkey);
	} else {
		c->id[0] = '\0';
		while ((rc = tote_orchestrator_next(
				call->orchestrator, c->id[0] ? c->id : NULL, c, &call->fault)) == 1)
			show_key(call, "container", c->id, c->vkey);
	}
	free(c);
	return rc < 0 ? fail(call) : 0;
}

int verb_keys(struct call *call)
{
	const char *id = call->operand_count ? call->operand[0] : NULL;
	int code = root_open(call, TOTE_ORCHESTRATOR_READ_ONLY);

	if (!code && (!id || strcmp(id, "orchestrator") != 0))
		code = show_container_keys(call, id);
	if (!code)
		code = show_root_key(call, TOTE_KEY_ORCHESTRATOR, "orchestrator");
	if (!code)
		code = show_root_key(call, TOTE_KEY_WITNESS, "witness");
	return code;
}

/* ---- verify ---- */

/* name+8 hex digits+base64, as C2SP signed-note has it; a path seldom looks like that. */
static int looks_like_vkey(const char *text)
{
	const char *hash = strchr(text, '+');

	return hash && strspn(hash + 1, "0123456789abcdef") == 8 && hash[9] == '+' && hash[10];
}

/*
 * KEY: a vkey, or a file with one: alone on its line, or as totectl keys prints it, behind its role.
 * Of several lines the first that fits counts.
 */
static int find_key(struct call *call, enum option option, const char *roles, char vkey[512])
{
	const char *given = call->value[option];
	struct file file;
	char *line, *next, *word;
	int code;

	if (!given || looks_like_vkey(given)) {
		if (given && (size_t)snprintf(vkey, 512, "%s", given) >= 512)
			return fail_usage(call, "a vkey is at most 511 bytes long");
		return 0;
	}
	if (access(given, F_OK) < 0)
		return fail_usage(call, "%s is neither a vkey nor a file", given);
	if ((code = file_read(call, given, TOTE_NOTE_MAX, &file)) != 0)
		return code;
	vkey[0] = '\0';
	for (line = file.bytes; !vkey[0] && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		word = strrchr(line, ' ');
		if (word)
			*word++ = '\0';
		if (word ? looks_like_vkey(word) && strstr(roles, line) && *line
			 : looks_like_vkey(line))
			snprintf(vkey, 512, "%s", word ? word : line);
	}
	free(file.bytes);
	return vkey[0] ? 0
		       : fail_usage(call, "%s holds no %svkey", given,
				 option == OPT_WITNESS ? "witness's " : "");
}

/* An orchestrator's witness has the origin of its containers: nobody else looked. */
static int is_own_witness(const char *vkey, const char *witness)
{
	size_t a = strcspn(vkey, "+"), b = strcspn(witness, "+");

	while (a && vkey[a - 1] != '/')
		a--;
	return a && b == a + strlen("witness") && !strncmp(vkey, witness, a) &&
	       !strncmp(witness + a, "witness", strlen("witness"));
}

static const char *guarantee(const struct tote_checkpoint *c, const char *vkey, const char *witness)
{
	if (!(c->guarantees & TOTE_GUARANTEE_WITNESSED))
		return "signed by its own key; no witness was asked for (--witness KEY)";
	if (is_own_witness(vkey, witness))
		return "signed by its own key, witnessed by its own orchestrator only";
	return "signed by its own key and cosigned by the witness given";
}

static void show_proof(struct call *call, uint64_t seq, const struct tote_checkpoint *c,
	const char *vkey, const char *witness)
{
	char size[TEXT_MAX], time[TEXT_MAX];
	struct json j;

	if (call->json) {
		json_begin(&j, stdout, "verify");
		json_string(&j, "verdict", "ok");
		json_number(&j, "seq", seq);
		json_string(&j, "origin", c->origin);
		json_number(&j, "tree_size", c->tree_size);
		json_b64(&j, "root", c->root, sizeof(c->root));
		json_bool(&j, "witnessed", (c->guarantees & TOTE_GUARANTEE_WITNESSED) != 0);
		if (c->cosigned_us)
			json_time(&j, "cosigned", c->cosigned_us);
		json_bool(&j, "asset", call->value[OPT_ASSET] != NULL);
		json_end(&j);
		return;
	}
	out_line("%s", guarantee(c, vkey, witness));
	if (c->cosigned_us)
		out_line("cosigned at %s", text_time(time, c->cosigned_us));
	if (call->value[OPT_ASSET])
		out_line("%s has the bytes that this entry sealed", call->value[OPT_ASSET]);
	out_verdict(1, "the proof holds: this is entry %" PRIu64 " of %s, a log of %s entries", seq,
		c->origin, text_count(size, c->tree_size));
}

static int verify_proof(struct call *call, const char *vkey, const char *witness)
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
	checkpoint.size = sizeof(checkpoint);
	if (!code && tote_verify_proof(proof.bytes, proof.length, entry.bytes, entry.length, vkey,
			     witness, &seq, &checkpoint, &call->fault) < 0)
		code = fail(call);
	if (!code && call->value[OPT_ASSET] &&
		tote_verify_asset(call->ctx, entry.bytes, entry.length, call->value[OPT_ASSET],
			&call->fault) < 0)
		code = fail(call);
	if (!code)
		show_proof(call, seq, &checkpoint, vkey, witness);
	free(proof.bytes);
	free(entry.bytes);
	return code;
}

/* A published log/ has its checkpoint right there; nobody but its writer's fold changes it. */
static int is_log_directory(const char *directory)
{
	char path[4096];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/checkpoint", directory) < (int)sizeof(path) &&
	       stat(path, &st) == 0;
}

static int verify_directory(struct call *call, const char *vkey, const char *witness)
{
	const char *directory = call->operand[0];
	tote_audit *audit;

	if (call->value[OPT_ENTRY] || call->value[OPT_ASSET])
		return fail_usage(
			call, "--entry and --asset go with a proof; %s is a directory", directory);
	if (tote_verify_ledger(call->ctx, directory, vkey, witness,
		    is_log_directory(directory) ? TOTE_VERIFY_STRICT : 0, &audit, &call->fault) < 0)
		return fail(call);
	return job_run(call, audit, directory);
}

int verb_verify(struct call *call)
{
	char vkey[512], witness[512], *asked = call->value[OPT_WITNESS] ? witness : NULL;
	struct stat st;
	int code;

	if ((code = find_key(call, OPT_VKEY, "container orchestrator", vkey)) != 0 ||
		(code = find_key(call, OPT_WITNESS, "witness", witness)) != 0 ||
		(code = root_context(call)) != 0)
		return code;
	if (stat(call->operand[0], &st) < 0)
		return fail_system(call, errno, "%s", call->operand[0]);
	return S_ISDIR(st.st_mode) ? verify_directory(call, vkey, asked)
				   : verify_proof(call, vkey, asked);
}
