/* SPDX-License-Identifier: ISC */
/*
 * Proofs from a view: made from its tiles and verified, as an outsider would, before they are
 * handed out; so a damaged tile gives an error and never a worthless proof.
 */
#include "ledger/prove.h"
#include <inttypes.h>
#include <string.h>

/* A proof that does not hold was made from tiles that do not belong to the checkpoint. */
static int damaged(int r, struct tote_fault *fault)
{
	if (r != TOTE_E_BAD_PROOF && r != TOTE_E_NOT_FOUND)
		return r;
	fault->code = TOTE_E_DAMAGED;
	return tote__fault_wrap(fault, "the tiles of hashes are damaged");
}

/* Reads what was made once more and verifies it, from its bytes alone. */
static int verify_file(struct view *v, const uint8_t *bytes, size_t len,
	const uint8_t leaf[HASH_LEN], struct tote_fault *fault)
{
	struct proof_file file;
	struct checkpoint c;
	struct note note;
	int r;

	if ((r = tote__proof_parse(bytes, len, &file, fault)) < 0)
		return r;
	r = tote__checkpoint_read(file.checkpoint, file.checkpoint_len, &note, &c, fault);
	if (r < 0)
		return r;
	return tote__merkle_verify_inclusion(
		v->engine, file.index, c.size, leaf, &file.path, c.root, fault);
}

/* The root of the first size entries: the checkpoint's own, or one that its tree contains. */
static int root_at(struct view *v, struct tile_tree *tree, uint64_t size, uint8_t root[HASH_LEN],
	struct tote_fault *fault)
{
	const struct checkpoint *covered = &v->replay.covered;
	struct proof proof;
	int r;

	if (size == covered->size) {
		memcpy(root, covered->root, HASH_LEN);
		return 0;
	}
	if ((r = tote__merkle_root(size, tote__tile_tree_node, tree, v->engine, root, fault)) < 0)
		return r;
	r = tote__merkle_consistency(
		size, covered->size, tote__tile_tree_node, tree, v->engine, &proof, fault);
	if (r < 0)
		return r;
	return tote__merkle_verify_consistency(
		v->engine, size, covered->size, &proof, root, covered->root, fault);
}

static int put_proof(struct view *v, struct tile_tree *tree, const struct checkpoint *at,
	struct proof_file *file, struct buf *out, struct tote_fault *fault)
{
	size_t before = out->len, len;
	uint8_t leaf[HASH_LEN];
	const uint8_t *bytes;
	int r;

	if ((r = tote__view_read(v, file->index, &bytes, &len, leaf, NULL, fault)) < 0)
		return r;
	r = tote__merkle_inclusion(
		file->index, at->size, tote__tile_tree_node, tree, v->engine, &file->path, fault);
	if (r < 0)
		return damaged(r, fault);
	tote__proof_put(out, file);
	r = tote__buf_check(out, "proof", fault);
	if (!r)
		r = damaged(
			verify_file(v, out->data + before, out->len - before, leaf, fault), fault);
	if (r < 0)
		out->len = before;
	return r;
}

static int not_covered(uint64_t seq, uint64_t size, const char *next, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_NOT_FOUND,
		"proof of entry %" PRIu64 ": the checkpoint covers %" PRIu64 " entries%s", seq,
		size, next);
}

int tote__prove_entry(struct view *v, uint64_t seq, struct buf *out, struct tote_fault *fault)
{
	const struct replay *replay = &v->replay;
	struct proof_file file = {.index = seq};
	struct tile_tree *tree;
	int r;

	if (!replay->have_checkpoint || seq >= replay->covered.size)
		return not_covered(seq, replay->covered.size, ": fold first", fault);
	if ((r = tote__view_tree(v, &tree, fault)) < 0)
		return r;
	file.checkpoint = (const char *)replay->note.data;
	file.checkpoint_len = replay->note.len;
	return put_proof(v, tree, &replay->covered, &file, out, fault);
}

/* The tiles of any later tree hold every node of an earlier one: no tile of then is needed. */
int tote__prove_entry_at(struct view *v, uint64_t seq, const void *note, size_t note_len,
	const struct checkpoint *at, struct buf *out, struct tote_fault *fault)
{
	struct proof_file file = {.index = seq, .checkpoint = note, .checkpoint_len = note_len};
	uint8_t root[HASH_LEN];
	struct tile_tree *tree;
	int r;

	if (seq >= at->size)
		return not_covered(seq, at->size, "", fault);
	if ((r = tote__prove_root(v, at->size, root, fault)) < 0 ||
		(r = tote__view_tree(v, &tree, fault)) < 0)
		return r;
	if (!tote__hash_equal(root, at->root))
		return tote__fault(fault, TOTE_E_FORK,
			"the checkpoint given is of another history: its %" PRIu64
			" entries are not the first ones here; keep it",
			at->size);
	return put_proof(v, tree, at, &file, out, fault);
}

int tote__prove_root(
	struct view *v, uint64_t size, uint8_t ret_root[HASH_LEN], struct tote_fault *fault)
{
	struct tile_tree *tree;
	int r;

	if (!v->replay.have_checkpoint || size > v->replay.covered.size)
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"root of %" PRIu64 " entries: the checkpoint covers %" PRIu64, size,
			v->replay.covered.size);
	if ((r = tote__view_tree(v, &tree, fault)) < 0)
		return r;
	return damaged(root_at(v, tree, size, ret_root, fault), fault);
}

static int consistency(
	struct view *v, uint64_t from, uint64_t to, struct proof *ret, struct tote_fault *fault)
{
	uint8_t from_root[HASH_LEN], to_root[HASH_LEN];
	struct tile_tree *tree;
	int r;

	if ((r = tote__view_tree(v, &tree, fault)) < 0 ||
		(r = root_at(v, tree, from, from_root, fault)) < 0 ||
		(r = root_at(v, tree, to, to_root, fault)) < 0 ||
		(r = tote__merkle_consistency(
			 from, to, tote__tile_tree_node, tree, v->engine, ret, fault)) < 0)
		return r;
	return tote__merkle_verify_consistency(v->engine, from, to, ret, from_root, to_root, fault);
}

int tote__prove_consistency(
	struct view *v, uint64_t from, uint64_t to, struct proof *ret, struct tote_fault *fault)
{
	if (from > to)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"consistency proof: the older size %" PRIu64
			" is larger than the newer one, %" PRIu64,
			from, to);
	if (!v->replay.have_checkpoint || to > v->replay.covered.size)
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"consistency proof: the checkpoint covers %" PRIu64
			" entries, not %" PRIu64,
			v->replay.covered.size, to);
	return damaged(consistency(v, from, to, ret, fault), fault);
}
