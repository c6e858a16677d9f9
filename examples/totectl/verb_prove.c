/* SPDX-License-Identifier: ISC */
/*
 * What others check by: prove writes an entry with its proof, or that one tree is the beginning of
 * another; keys prints what is needed to check them.
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

/* Under the newest checkpoint, or under the one of --at, which somebody kept. */
static int make_proof(
	struct call *call, tote_box *box, uint64_t seq, char *proof, size_t *ret_length)
{
	struct file kept;
	int code = 0;

	if (!call->value[OPT_AT])
		return tote_box_prove(box, seq, 0, proof, TOTE_NOTE_MAX, ret_length, &call->fault) <
				       0
			       ? fail(call)
			       : 0;
	if ((code = file_read(call, call->value[OPT_AT], TOTE_NOTE_MAX, &kept)) != 0)
		return code;
	if (tote_box_prove_at(box, seq, kept.bytes, kept.length, 0, proof, TOTE_NOTE_MAX,
		    ret_length, &call->fault) < 0)
		code = fail(call);
	free(kept.bytes);
	return code;
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
	if (!code)
		code = make_proof(call, box, seq, proof, &length);
	if (!code && mkdir(call->value[OPT_OUT], 0777) < 0 && errno != EEXIST)
		code = fail_system(call, errno, "%s", call->value[OPT_OUT]);
	if (!code)
		code = write_both(call, box, seq, proof, length);
	free(proof);
	return code;
}

/* ---- consistency ---- */

/* A proof of two sizes: their roots, and the hashes that lead from one to the other. */
struct bridge {
	uint64_t from, to;
	uint8_t from_root[TOTE_HASH_SIZE], to_root[TOTE_HASH_SIZE];
	uint8_t path[TOTE_PROOF_HASHES][TOTE_HASH_SIZE];
	size_t count;
};

static void show_bridge(const struct call *call, const struct bridge *b)
{
	char hash[65];
	struct json j;
	size_t i;

	if (call->json) {
		json_begin(&j, stdout, "consistency");
		json_string(&j, "container", call->operand[0]);
		json_number(&j, "from", b->from);
		json_b64(&j, "from_root", b->from_root, sizeof(b->from_root));
		json_number(&j, "to", b->to);
		json_b64(&j, "to_root", b->to_root, sizeof(b->to_root));
		json_open(&j, "path_b64", '[');
		for (i = 0; i < b->count; i++)
			json_b64(&j, NULL, b->path[i], sizeof(b->path[i]));
		json_close(&j, ']');
		json_end(&j);
		return;
	}
	text_hex(hash, b->from_root);
	out_line("from %" PRIu64 " %s", b->from, hash);
	text_hex(hash, b->to_root);
	out_line("to %" PRIu64 " %s", b->to, hash);
	for (i = 0; i < b->count; i++) {
		text_hex(hash, b->path[i]);
		out_line("%s", hash);
	}
}

static int prove_consistency(struct call *call, tote_box *box)
{
	struct bridge b = {.count = 0};

	if (!args_seq(call->operand[1], &b.from) || !args_seq(call->operand[2], &b.to))
		return fail_usage(call, "--consistency FROM TO: two sizes, all digits");
	if (tote_box_prove_consistency(box, b.from, b.to, 0, b.path[0], TOTE_PROOF_HASHES, &b.count,
		    b.from_root, b.to_root, &call->fault) < 0)
		return fail(call);
	show_bridge(call, &b);
	return 0;
}

int verb_prove(struct call *call)
{
	int sizes = call->value[OPT_CONSISTENCY] != NULL, code;
	tote_box *box;

	if (sizes != (call->operand_count == 3))
		return fail_usage(call, "%s",
			sizes ? "prove ID --consistency FROM TO: two sizes"
			      : "two sizes go with --consistency: prove ID --consistency FROM TO");
	if (sizes && (call->value[OPT_OUT] || call->value[OPT_AT]))
		return fail_usage(call, "--consistency goes with neither -o nor --at");
	if (!sizes && !call->value[OPT_OUT])
		return fail_usage(call, "-o DIR is missing: totectl prove ID SEQ|PATH -o DIR");
	if ((code = root_open(call, 0)) != 0 ||
		(code = root_box(call, call->operand[0], 0, &box)) != 0)
		return code;
	return box_close(call, box, sizes ? prove_consistency(call, box) : prove_in(call, box));
}
