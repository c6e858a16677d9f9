/* SPDX-License-Identifier: ISC */
/*
 * The public verification calls: pure functions over bytes, with libsodium's SHA-256 and no memory
 * but the stack, so that they work without any handle.
 */
#include "base/ctx.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/policy.h"
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

/* Whose signatures a checkpoint needs: a policy's, or one log's and one witness's, or the log's. */
struct demand {
	const void *policy; /* NULL: by the keys alone */
	size_t policy_len;
	const char *vkey, *witness_vkey;
};

static int64_t microseconds(uint64_t seconds)
{
	return seconds > INT64_MAX / 1000000 ? INT64_MAX : (int64_t)seconds * 1000000;
}

static int check_witness(const struct demand *d, const struct note *note, const char *origin,
	struct buf *scratch, struct policy_verdict *ret, struct tote_fault *fault)
{
	struct vkey witness;
	int rc;

	if (!d->witness_vkey)
		return 0;
	if ((rc = parse_key(d->witness_vkey, &witness, fault)) < 0)
		return rc;
	if (witness.type != KEY_TYPE_COSIGNATURE)
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"verify: %s is a log's key, not a witness's (type 0x04)", witness.name);
	rc = tote__cosignature_verify(note, &witness, scratch, &ret->newest_seconds, fault);
	if (!rc)
		rc = tote__fault(fault, TOTE_E_NO_SIGNATURE, "the checkpoint is not cosigned by %s",
			witness.name);
	if (rc < 0)
		return rc;
	ret->cosigners = 1;
	ret->outside = (uint32_t)tote__policy_is_outside(origin, witness.name);
	return 0;
}

static int check_by_keys(const struct demand *d, const struct note *note, const char *origin,
	struct buf *scratch, struct policy_verdict *ret, struct tote_fault *fault)
{
	struct vkey key;
	int rc = parse_key(d->vkey, &key, fault);

	if (rc < 0)
		return rc;
	if (strcmp(origin, key.name) != 0)
		return tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"the checkpoint is of origin '%s', the key of '%s'", origin, key.name);
	if ((rc = check_signed(note, &key, fault)) < 0)
		return rc;
	return check_witness(d, note, origin, scratch, ret, fault);
}

static int check_by_policy(const struct demand *d, const struct note *note, const char *origin,
	struct buf *scratch, struct policy_verdict *ret, struct tote_fault *fault)
{
	struct policy policy;
	struct vkey key;
	int rc = tote__policy_parse(d->policy, d->policy_len, &policy, fault);

	if (rc < 0 || (d->vkey && (rc = parse_key(d->vkey, &key, fault)) < 0))
		return rc;
	return tote__policy_judge(
		&policy, note, origin, d->vkey ? &key : NULL, scratch, ret, fault);
}

/* Parses and verifies; what the caller asked for is filled in by what held. */
static int read_checkpoint(const void *note, size_t length, const struct demand *d,
	struct tote_checkpoint *ret, struct tote_fault *fault)
{
	uint8_t space[MESSAGE_MAX];
	struct buf scratch = {.data = space, .cap = sizeof(space), .max = sizeof(space) - 1};
	struct policy_verdict held = {.cosigners = 0};
	struct checkpoint c;
	struct note parsed;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if ((rc = tote__checkpoint_read(note, length, &parsed, &c, fault)) < 0)
		return rc;
	if (parsed.text_len > sizeof(space) / 2)
		return tote__fault(
			fault, TOTE_E_TOO_LARGE, "verify: the checkpoint's text is too long");
	rc = d->policy ? check_by_policy(d, &parsed, c.origin, &scratch, &held, fault)
		       : check_by_keys(d, &parsed, c.origin, &scratch, &held, fault);
	if (rc < 0)
		return rc;
	ret->size = sizeof(*ret);
	ret->guarantees = TOTE_GUARANTEE_SIGNED;
	ret->guarantees |= held.cosigners ? TOTE_GUARANTEE_WITNESSED : 0;
	ret->guarantees |= held.outside ? TOTE_GUARANTEE_OUTSIDE : 0;
	ret->cosigners = held.cosigners;
	ret->cosigned_us = microseconds(held.newest_seconds);
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

static int verify_checkpoint(const void *note, size_t length, const struct demand *d,
	struct tote_checkpoint *checkpoint, struct tote_fault *fault)
{
	struct tote_checkpoint c;
	int rc;

	if (!note)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: the checkpoint is missing");
	rc = read_checkpoint(note, length, d, &c, fault);
	return rc ? rc : checkpoint_out(checkpoint, &c, fault);
}

int tote_verify_checkpoint(const void *note, size_t length, const char *vkey,
	const char *witness_vkey, struct tote_checkpoint *checkpoint, struct tote_fault *fault)
{
	const struct demand d = {.vkey = vkey, .witness_vkey = witness_vkey};

	FAULT_BEGIN(fault);
	return verify_checkpoint(note, length, &d, checkpoint, fault);
}

int tote_verify_checkpoint_policy(const void *note, size_t length, const void *policy,
	size_t policy_length, const char *vkey, struct tote_checkpoint *checkpoint,
	struct tote_fault *fault)
{
	const struct demand d = {.policy = policy, .policy_len = policy_length, .vkey = vkey};

	FAULT_BEGIN(fault);
	if (!policy)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: the policy is missing");
	return verify_checkpoint(note, length, &d, checkpoint, fault);
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

static int verify_proof(const void *proof, size_t length, const void *entry, size_t entry_length,
	const struct demand *d, uint64_t *ret_index, struct tote_checkpoint *checkpoint,
	struct tote_fault *fault)
{
	struct tote_checkpoint c;
	struct proof_file file;
	uint8_t leaf[HASH_LEN];
	int rc;

	if (!proof || (!entry && entry_length))
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: proof or entry is missing");
	if ((rc = tote__proof_parse(proof, length, &file, fault)) < 0 ||
		(rc = read_checkpoint(file.checkpoint, file.checkpoint_len, d, &c, fault)) < 0)
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

int tote_verify_proof(const void *proof, size_t length, const void *entry, size_t entry_length,
	const char *vkey, const char *witness_vkey, uint64_t *ret_index,
	struct tote_checkpoint *checkpoint, struct tote_fault *fault)
{
	const struct demand d = {.vkey = vkey, .witness_vkey = witness_vkey};

	FAULT_BEGIN(fault);
	return verify_proof(proof, length, entry, entry_length, &d, ret_index, checkpoint, fault);
}

int tote_verify_proof_policy(const void *proof, size_t length, const void *entry,
	size_t entry_length, const void *policy, size_t policy_length, const char *vkey,
	uint64_t *ret_index, struct tote_checkpoint *checkpoint, struct tote_fault *fault)
{
	const struct demand d = {.policy = policy, .policy_len = policy_length, .vkey = vkey};

	FAULT_BEGIN(fault);
	if (!policy)
		return tote__fault(fault, TOTE_E_ARGUMENT, "verify: the policy is missing");
	return verify_proof(proof, length, entry, entry_length, &d, ret_index, checkpoint, fault);
}
