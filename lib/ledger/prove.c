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

int tote__prove_entry(struct view *v, uint64_t seq, struct buf *out, struct tote_fault *fault)
{
	const struct replay *replay = &v->replay;
	struct proof_file file = {.index = seq};
	uint8_t leaf[HASH_LEN];
	size_t before = out->len, len;
	struct tile_tree *tree;
	const uint8_t *bytes;
	int r;

	if (!replay->have_checkpoint || seq >= replay->covered.size)
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"proof of entry %" PRIu64 ": the checkpoint covers %" PRIu64
			" entries: fold first",
			seq, replay->covered.size);
	if ((r = tote__view_read(v, seq, &bytes, &len, leaf, NULL, fault)) < 0 ||
		(r = tote__view_tree(v, &tree, fault)) < 0)
		return r;
	r = tote__merkle_inclusion(seq, replay->covered.size, tote__tile_tree_node, tree, v->engine,
		&file.path, fault);
	if (r < 0)
		return damaged(r, fault);
	file.checkpoint = (const char *)replay->note.data;
	file.checkpoint_len = replay->note.len;
	tote__proof_put(out, &file);
	r = tote__buf_check(out, "proof", fault);
	if (!r)
		r = damaged(
			verify_file(v, out->data + before, out->len - before, leaf, fault), fault);
	if (r < 0)
		out->len = before;
	return r;
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
