/* SPDX-License-Identifier: ISC */
/*
 * The public verification calls: pure functions over bytes, with libsodium's SHA-256 and no memory
 * but the stack, so that they work without any handle.
 */
#include "base/ctx.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/proof.h"
#include <string.h>
#include <toteborch/verify.h>

#define CHECKPOINT_LEAST offsetof(struct tote_checkpoint, tree_size)
#define MESSAGE_MAX      16384 /* of a checkpoint's text; three lines need 400 */

static int parse_key(const char *vkey, struct vkey *ret, struct tote_fault *fault)
{
	if (!vkey)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: the vkey is missing");
	return tote__vkey_parse(vkey, strlen(vkey), ret, fault);
}

int tote_leaf_hash(const void *entry, size_t length, uint8_t ret_hash[32], struct tote_fault *fault)
{
	FAULT_BEGIN(fault);
	if ((!entry && length) || !ret_hash)
		return tote__fault(fault, TOTE_E_ARGUMENT, "leaf hash: entry or result is missing");
	tote__hash_leaf(NULL, entry, length, ret_hash);
	return 0;
}

/* The note carries a valid signature by the log's key. */
static int check_signed(const struct note *note, const struct vkey *key, struct tote_fault *fault)
{
	int rc = tote__note_verify(note, key, fault);

	if (!rc)
		rc = tote__fault(
			fault, TOTE_E_NO_SIGNATURE, "the note is not signed by %s", key->name);
	return rc < 0 ? rc : 0;
}

int tote_verify_note(const void *note, size_t length, const char *vkey, struct tote_fault *fault)
{
	struct note parsed;
	struct vkey key;
	int rc;

	FAULT_BEGIN(fault);
	if (!note)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: the note is missing");
	if ((rc = parse_key(vkey, &key, fault)) < 0 ||
		(rc = tote__note_parse(note, length, &parsed, fault)) < 0)
		return rc;
	return check_signed(&parsed, &key, fault);
}

static int check_cosigned(const struct note *note, const char *witness_vkey, int64_t *ret_us,
	struct tote_fault *fault)
{
	uint8_t space[MESSAGE_MAX];
	struct buf scratch = {.data = space, .cap = sizeof(space), .max = sizeof(space) - 1};
	struct vkey witness;
	uint64_t seconds;
	int rc;

	if ((rc = parse_key(witness_vkey, &witness, fault)) < 0)
		return rc;
	if (witness.type != KEY_TYPE_COSIGNATURE)
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"verify: %s is a log's key, not a witness's (type 0x04)", witness.name);
	if (note->text_len > sizeof(space) / 2)
		return tote__fault(
			fault, TOTE_E_TOO_LARGE, "verify: the checkpoint's text is too long");
	rc = tote__cosignature_verify(note, &witness, &scratch, &seconds, fault);
	if (!rc)
		rc = tote__fault(fault, TOTE_E_NO_SIGNATURE, "the checkpoint is not cosigned by %s",
			witness.name);
	if (rc < 0)
		return rc;
	*ret_us = seconds > INT64_MAX / 1000000 ? INT64_MAX : (int64_t)seconds * 1000000;
	return 0;
}

/* Parses and verifies; what the caller asked for is filled in by what held. */
static int read_checkpoint(const void *note, size_t length, const char *vkey,
	const char *witness_vkey, struct tote_checkpoint *ret, struct tote_fault *fault)
{
	struct checkpoint c;
	struct note parsed;
	struct vkey key;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if ((rc = parse_key(vkey, &key, fault)) < 0 ||
		(rc = tote__checkpoint_read(note, length, &parsed, &c, fault)) < 0)
		return rc;
	if (strcmp(c.origin, key.name) != 0)
		return tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"the checkpoint is of origin '%s', the key of '%s'", c.origin, key.name);
	if ((rc = check_signed(&parsed, &key, fault)) < 0 ||
		(witness_vkey &&
			(rc = check_cosigned(&parsed, witness_vkey, &ret->cosigned_us, fault)) < 0))
		return rc;
	ret->size = sizeof(*ret);
	ret->guarantees = TOTE_GUARANTEE_SIGNED | (witness_vkey ? TOTE_GUARANTEE_WITNESSED : 0);
	ret->tree_size = c.size;
	memcpy(ret->root, c.root, sizeof(ret->root));
	memcpy(ret->origin, c.origin, strlen(c.origin) + 1);
	return 0;
}

static int checkpoint_out(struct tote_checkpoint *caller, const struct tote_checkpoint *ours,
	struct tote_fault *fault)
{
	if (!caller)
		return 0;
	return tote__struct_out(
		caller, ours, sizeof(*ours), CHECKPOINT_LEAST, "struct tote_checkpoint", fault);
}

int tote_verify_checkpoint(const void *note, size_t length, const char *vkey,
	const char *witness_vkey, struct tote_checkpoint *checkpoint, struct tote_fault *fault)
{
	struct tote_checkpoint c;
	int rc;

	FAULT_BEGIN(fault);
	if (!note)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: the checkpoint is missing");
	rc = read_checkpoint(note, length, vkey, witness_vkey, &c, fault);
	return rc ? rc : checkpoint_out(checkpoint, &c, fault);
}

static int path_in(const uint8_t *path, size_t count, struct proof *ret, struct tote_fault *fault)
{
	if (count > PROOF_MAX)
		return tote__fault(fault, TOTE_E_BAD_PROOF,
			"verify: a proof of %zu hashes: no tree needs more than %d", count,
			PROOF_MAX);
	if (count && !path)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: the proof is missing");
	ret->count = count;
	if (count)
		memcpy(ret->hash, path, count * HASH_LEN);
	return 0;
}

int tote_verify_inclusion(uint64_t index, uint64_t tree_size, const uint8_t leaf[32],
	const uint8_t *path, size_t count, const uint8_t root[32], struct tote_fault *fault)
{
	struct proof proof;
	int rc;

	FAULT_BEGIN(fault);
	if (!leaf || !root)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: leaf or root is missing");
	if ((rc = path_in(path, count, &proof, fault)) < 0)
		return rc;
	return tote__merkle_verify_inclusion(NULL, index, tree_size, leaf, &proof, root, fault);
}

int tote_verify_consistency(uint64_t from, uint64_t to, const uint8_t *path, size_t count,
	const uint8_t from_root[32], const uint8_t to_root[32], struct tote_fault *fault)
{
	struct proof proof;
	int rc;

	FAULT_BEGIN(fault);
	if (!from_root || !to_root)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: a root is missing");
	if ((rc = path_in(path, count, &proof, fault)) < 0)
		return rc;
	return tote__merkle_verify_consistency(NULL, from, to, &proof, from_root, to_root, fault);
}

int tote_verify_proof(const void *proof, size_t length, const void *entry, size_t entry_length,
	const char *vkey, const char *witness_vkey, uint64_t *ret_index,
	struct tote_checkpoint *checkpoint, struct tote_fault *fault)
{
	struct tote_checkpoint c;
	struct proof_file file;
	uint8_t leaf[HASH_LEN];
	int rc;

	FAULT_BEGIN(fault);
	if (!proof || (!entry && entry_length))
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: proof or entry is missing");
	if ((rc = tote__proof_parse(proof, length, &file, fault)) < 0 ||
		(rc = read_checkpoint(
			 file.checkpoint, file.checkpoint_len, vkey, witness_vkey, &c, fault)) < 0)
		return rc;
	tote__hash_leaf(NULL, entry, entry_length, leaf);
	if (file.index >= c.tree_size)
		return tote__fault(fault, TOTE_E_BAD_PROOF, "verify: index %llu in a tree of %llu",
			(unsigned long long)file.index, (unsigned long long)c.tree_size);
	if ((rc = tote__merkle_verify_inclusion(
		     NULL, file.index, c.tree_size, leaf, &file.path, c.root, fault)) < 0 ||
		(rc = checkpoint_out(checkpoint, &c, fault)) < 0)
		return rc;
	if (ret_index)
		*ret_index = file.index;
	return 0;
}
