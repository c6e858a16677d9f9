/* SPDX-License-Identifier: ISC */
/*
 * Verification from bytes alone: no handle, no root, no key but public ones. All but
 * tote_verify_asset are pure functions: any thread, no I/O, no memory.
 */
#ifndef TOTEBORCH_VERIFY_H
#define TOTEBORCH_VERIFY_H

#include <toteborch/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_HASH_SIZE 32u
#define TOTE_NOTE_MAX  65536u /* bytes of a checkpoint or proof that fit for certain */

/* RFC 6962 leaf hash of an entry: SHA-256(0x00 || entry). Since 0.1. */
TOTE_API int tote_leaf_hash(
	const void *entry, size_t length, uint8_t ret_hash[32], struct tote_fault *fault);

/*
 * A C2SP signed-note carries a valid signature by this vkey (type 0x01). TOTE_E_NO_SIGNATURE: none
 * by that name and key; TOTE_E_BAD_SIGNATURE: there is one and it does not verify;
 * TOTE_E_MALFORMED. Since 0.1.
 */
TOTE_API int tote_verify_note(
	const void *note, size_t length, const char *vkey, struct tote_fault *fault);

#define TOTE_GUARANTEE_SIGNED    1u /* by the log's own key */
#define TOTE_GUARANTEE_WITNESSED 2u /* cosigned by a witness that was given */
#define TOTE_GUARANTEE_OUTSIDE   4u /* by one of another name than ORIGIN/witness beside the log */

/*
 * A verified checkpoint. guarantees: which of TOTE_GUARANTEE_* held. WITNESSED without OUTSIDE means:
 * witnessed by its own orchestrator only. cosigners: how many distinct witnesses that were given
 * cosigned it, each verified.
 */
struct tote_checkpoint {
	uint32_t size;
	uint32_t guarantees;
	uint64_t tree_size;
	int64_t cosigned_us; /* when the witness (of several, the last) says it saw it; 0 without one */
	uint8_t root[32];
	char origin[256];
	uint32_t cosigners;
	uint32_t reserved; /* 0 */
};

/*
 * A C2SP tlog-checkpoint: signed by vkey, whose name is the origin, and, where witness_vkey is not
 * NULL, cosigned (cosignature/v1) by that key. checkpoint->size is set by the caller; checkpoint
 * may be NULL. Errors as tote_verify_note. Since 0.1.
 */
TOTE_API int tote_verify_checkpoint(const void *note, size_t length, const char *vkey,
	const char *witness_vkey, struct tote_checkpoint *checkpoint, struct tote_fault *fault);

/*
 * The same by a trust policy (C2SP tlog-policy): log, witness, group and quorum lines, at most 1 MiB,
 * 64 logs, 64 witnesses and 64 groups. vkey: the log's key; NULL: the checkpoint must be signed by a
 * log that the policy lists. Every listed witness's cosignature that is there must verify, and those
 * that do must make the quorum. A key of a type other than 0x01 and 0x04 is taken and never counts.
 * TOTE_E_GRAMMAR naming the policy's line, TOTE_E_TOO_LARGE past a limit; TOTE_E_NO_SIGNATURE naming
 * what is missing; otherwise as tote_verify_checkpoint. Any thread. Since 0.1.
 */
TOTE_API int tote_verify_checkpoint_policy(const void *note, size_t length, const void *policy,
	size_t policy_length, const char *vkey, struct tote_checkpoint *checkpoint,
	struct tote_fault *fault);

/*
 * RFC 6962 inclusion: the leaf hash is at index in the tree of that size and root. path: count
 * hashes of 32 bytes, the leaf's sibling first. TOTE_E_BAD_PROOF. Since 0.1.
 */
TOTE_API int tote_verify_inclusion(uint64_t index, uint64_t tree_size, const uint8_t leaf[32],
	const uint8_t *path, size_t count, const uint8_t root[32], struct tote_fault *fault);

/*
 * RFC 6962 consistency: the tree of `from` leaves is the beginning of that of `to`. An empty tree
 * is the beginning of every tree, with an empty proof. TOTE_E_BAD_PROOF. Since 0.1.
 */
TOTE_API int tote_verify_consistency(uint64_t from, uint64_t to, const uint8_t *path, size_t count,
	const uint8_t from_root[32], const uint8_t to_root[32], struct tote_fault *fault);

/*
 * A C2SP tlog-proof: the entry's bytes are in the log of vkey. ret_index, which may be NULL, is its
 * seq. checkpoint as in tote_verify_checkpoint. TOTE_E_BAD_PROOF where it is not. Since 0.1.
 */
TOTE_API int tote_verify_proof(const void *proof, size_t length, const void *entry,
	size_t entry_length, const char *vkey, const char *witness_vkey, uint64_t *ret_index,
	struct tote_checkpoint *checkpoint, struct tote_fault *fault);

/* The same by a trust policy, as tote_verify_checkpoint_policy. Any thread. Since 0.1. */
TOTE_API int tote_verify_proof_policy(const void *proof, size_t length, const void *entry,
	size_t entry_length, const void *policy, size_t policy_length, const char *vkey,
	uint64_t *ret_index, struct tote_checkpoint *checkpoint, struct tote_fault *fault);

/*
 * The file's bytes are those that this entry, an asset.sealed, speaks of. Reads the file. ctx may
 * be NULL. TOTE_E_MISMATCH, TOTE_E_MALFORMED where it is no such entry, TOTE_E_NOT_FOUND.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_verify_asset(tote_ctx *ctx, const void *entry, size_t length, const char *file,
	struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
