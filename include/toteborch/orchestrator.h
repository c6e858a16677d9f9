/* SPDX-License-Identifier: ISC */
/*
 * The orchestrator: one deployment of many containers under a root directory. It provisions and
 * registers them, keeps their states, is their witness, and writes one consolidated audit record:
 * a ledger of its own, from which all that it knows is rebuilt.
 *
 * An orchestrator may be used from any threads at once. Opening it opens no container.
 */
#ifndef TOTEBORCH_ORCHESTRATOR_H
#define TOTEBORCH_ORCHESTRATOR_H

#include <toteborch/box.h>
#include <toteborch/ledger.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tote_orchestrator tote_orchestrator;

/*
 * Makes an orchestration root at directory root, which is absent, empty or a root that an earlier
 * call left half-made: directories, the orchestrator's key and the witness's, the consolidated
 * record under a first checkpoint. origin: its name for ever, at most 191 printable bytes, best a
 * schema-less URL ("archive.example.com/acme"). actor may be NULL. flags: 0.
 * TOTE_E_EXISTS where root is a whole root, or holds something else. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_init(tote_ctx *ctx, const char *root, const char *origin,
	const char *actor, uint32_t flags, struct tote_fault *fault);

#define TOTE_ORCHESTRATOR_READ_ONLY 1u /* takes no lock, writes nothing */

/*
 * Opens a root. One whose consolidated record, or a key of its own, is damaged or missing opens too,
 * so that audits go on and name it: what would decide anything for ever (provision, register,
 * detach, set_state) then fails with that fault. TOTE_E_NOT_A_ROOT; TOTE_E_DAMAGED where not even
 * the root's name can be found any more. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_open(tote_ctx *ctx, const char *root, uint32_t flags,
	tote_orchestrator **ret_orchestrator, struct tote_fault *fault);

/* As for a box (box.h). Any thread. Since 0.1. */
TOTE_API tote_orchestrator *tote_orchestrator_ref(tote_orchestrator *orchestrator);
TOTE_API tote_orchestrator *tote_orchestrator_unref(tote_orchestrator *orchestrator);
TOTE_API int tote_orchestrator_close(tote_orchestrator *orchestrator, struct tote_fault *fault);

/*
 * backend: NULL for "posix". location: where the container's directory is to lie, NULL for
 * containers/ID below the root. actor: who does it, or NULL. predecessor: the ID of a container of
 * this root that it succeeds, or NULL: container.created then names its origin, and size and root of
 * its last checkpoint that the witness saw; it must be archived or disposed.
 */
struct tote_provision_options {
	uint32_t size;
	uint32_t flags; /* 0 */
	const char *backend;
	const char *location;
	const char *actor;
	const char *predecessor;
};

/* As tote_ctx_options_init. Any thread. Since 0.1. */
TOTE_API int tote_provision_options_init(
	struct tote_provision_options *options, size_t size, struct tote_fault *fault);

#define TOTE_PROVISIONED_NEW     1u
#define TOTE_PROVISIONED_ALREADY 2u /* it was whole */
#define TOTE_PROVISIONED_RESUMED 3u /* an earlier call had left it half-done */

/*
 * Makes a container: key, skeleton, ledger with container.created under a first checkpoint, the
 * witness's cosignature, registration. The same call completes a half-done one. ret_result, which
 * may be NULL, gets TOTE_PROVISIONED_*. TOTE_E_GRAMMAR for a bad ID, TOTE_E_EXISTS for an ID that
 * was used before, or a directory that is another's, lies inside one, or is the root's own; TOTE_E_KEY
 * where keys/ID holds another's key. TOTE_E_STATE where the predecessor is neither
 * archived nor disposed, TOTE_E_NOT_FOUND where there is none. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_provision(tote_orchestrator *orchestrator, const char *id,
	const struct tote_provision_options *options, uint32_t *ret_result,
	struct tote_fault *fault);

/*
 * Registers a whole container that lies at location, whose container.created names this ID. It is
 * audited in full first. key_file, or NULL: its signing key, which is copied into the key store;
 * without one the container is opened without a signer. actor may be NULL. flags: 0.
 * TOTE_E_DAMAGED where the audit finds anything (fault.text names the first); TOTE_E_EXISTS for a
 * directory, TOTE_E_KEY for a key that is another container's or the root's. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_register(tote_orchestrator *orchestrator, const char *id,
	const char *location, const char *key_file, const char *actor, uint32_t flags,
	struct tote_fault *fault);

/*
 * The container stays as it is where it is; this root no longer minds it, and its ID is used up
 * here. actor may be NULL, reason is required. flags: 0. TOTE_E_NOT_FOUND. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_detach(tote_orchestrator *orchestrator, const char *id,
	const char *actor, const char *reason, uint32_t flags, struct tote_fault *fault);

/*
 * Moves a container to a state (TOTE_STATE_*), in its own ledger first and the consolidated record
 * second, both folded. A move to the state it is in already is 0. TOTE_E_STATE for a move that the
 * state table does not have. actor may be NULL, reason is required. flags: 0. Any thread.
 * Since 0.1.
 */
TOTE_API int tote_orchestrator_set_state(tote_orchestrator *orchestrator, const char *id,
	uint32_t state, const char *actor, const char *reason, uint32_t flags,
	struct tote_fault *fault);

/*
 * Repairs a damaged container, or the consolidated record (id "orchestrator"), as tote_box_repair.
 * A handle whose record was damaged goes on reading only: open the root again after its repair.
 * TOTE_E_NOT_FOUND, and as tote_box_repair. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_repair(tote_orchestrator *orchestrator, const char *id,
	const char *actor, const char *reason, uint32_t flags, struct tote_repair *ret_repair,
	struct tote_fault *fault);

/*
 * The keys of a container, of the consolidated record ("orchestrator") or of the witness
 * ("witness"), as tote_box_keys gives them; those of the root itself are known without reading.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_keys(tote_orchestrator *orchestrator, const char *id,
	struct tote_key *keys, size_t cap, size_t *ret_count, struct tote_fault *fault);

/*
 * Gives a new signing key to a container whose key lies in this root's key store, to the
 * consolidated record ("orchestrator") or to the witness ("witness"): the new one is durable, then
 * an entry names it with the old one's proof, and whatever is signed from there on is signed with
 * it. A container's new checkpoint is cosigned. What a crash leaves half done is completed by
 * whoever next signs there. What a former witness key cosigned stays cosigned, and the next audits
 * cosign anew. actor may be NULL, reason is required. flags: 0.
 *
 * TOTE_E_NO_SIGNER where the key is not here, TOTE_E_STATE (disposed), and as tote_box_checkpoint.
 * fault.effect DONE: the key is rotated, and what came behind failed. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_rotate(tote_orchestrator *orchestrator, const char *id,
	const char *actor, const char *reason, uint32_t flags, struct tote_fault *fault);

/*
 * Replaces a container's signing key that is lost for ever. The old key cannot prove the new one, so
 * the consolidated record vouches for it (container.rekeyed): from the entries on that were not
 * signed for yet, checkpoints bear the new key's signature, each verdict over the container says so
 * (TOTE-5015), and a reader without the record must be told the new key. actor may be NULL, reason
 * is required. flags: 0.
 *
 * TOTE_E_EXISTS where the key is not lost: it lies in the key store. 0 where a rotation or a
 * rekeying that was interrupted had left the key in force there, and it has its name again.
 * TOTE_E_UNSUPPORTED for "orchestrator" and "witness": nothing here can vouch for those.
 * TOTE_E_ROLLBACK, TOTE_E_FORK, TOTE_E_DAMAGED: nothing is signed for such a ledger. Any thread.
 * Since 0.1.
 */
TOTE_API int tote_orchestrator_rekey(tote_orchestrator *orchestrator, const char *id,
	const char *actor, const char *reason, uint32_t flags, struct tote_fault *fault);

/* Opens a container through its orchestrator. options may be NULL. Any thread. Since 0.1. */
TOTE_API int tote_box_open(tote_orchestrator *orchestrator, const char *id,
	const struct tote_box_options *options, tote_box **ret_box, struct tote_fault *fault);

#define TOTE_CONTAINER_DETACHED 1u
#define TOTE_CONTAINER_KEY      2u /* its signing key lies in this root's key store */

/*
 * A container as the registry knows it. registered: the seq of its container.registered. vkey: entry
 * 0's key, which names the log for ever; tote_orchestrator_keys tells what it was rotated to.
 */
struct tote_container {
	uint32_t size;
	uint32_t flags;
	uint32_t state;
	uint32_t reserved;
	uint64_t registered;
	int64_t registered_us;
	char id[64];
	char backend[64];
	char origin[256];
	char vkey[320];
	char location[4096]; /* absolute */
};

/*
 * The first container whose ID comes behind `after` in byte order (NULL: the first of all): 1, or 0
 * at the end. Detached ones are included. container->size is set by the caller.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_next(tote_orchestrator *orchestrator, const char *after,
	struct tote_container *container, struct tote_fault *fault);
/* The container of that ID. TOTE_E_NOT_FOUND. Any thread. Since 0.1. */
TOTE_API int tote_orchestrator_find(tote_orchestrator *orchestrator, const char *id,
	struct tote_container *container, struct tote_fault *fault);

#define TOTE_KEY_ORCHESTRATOR 1u
#define TOTE_KEY_WITNESS      2u

/*
 * A public key of the root itself (TOTE_KEY_*), as a vkey with a NUL behind it (cap 320 is always
 * enough; TOTE_E_TOO_LARGE). Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_key(tote_orchestrator *orchestrator, uint32_t which, char *ret_vkey,
	size_t cap, struct tote_fault *fault);

#define TOTE_COSIGNERS_MAX 32u /* keys of outside witnesses that a container may have */

/*
 * Adds cosignatures that witnesses outside this root gave for a container's checkpoint ("orchestrator":
 * the consolidated record's), the answer to tote_box_witness_request: signature lines, at most 64 KiB.
 * vkeys: count keys of witnesses (type 0x04) that may cosign it from now on, beside those that were
 * given earlier; may be NULL with count 0. Each line by one of these keys is verified against the
 * checkpoint that lies there, its key is put on record (container.policy), and the line is added.
 * Lines by other keys are left out and named in the log. ret_merged, which may be NULL: how many were
 * added; a cosigner whose line was there already is not counted. actor may be NULL. flags: 0.
 * TOTE_E_MALFORMED: no signature lines; TOTE_E_NO_SIGNATURE: none by a known key (fault.text names
 * one); TOTE_E_BAD_SIGNATURE: one does not verify, and nothing was added: often it is of an older
 * checkpoint; TOTE_E_CONFLICT: the checkpoint moved on meanwhile; TOTE_E_LIMIT: more than
 * TOTE_COSIGNERS_MAX keys; TOTE_E_KEY: the key is this root's own witness's. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_witness_merge(tote_orchestrator *orchestrator, const char *id,
	const void *answer, size_t length, const char *const *vkeys, size_t count,
	const char *actor, uint32_t flags, uint32_t *ret_merged, struct tote_fault *fault);

#define TOTE_COSIGN_NEW_KEY  1u /* the log has another key than before, and the operator says so */
#define TOTE_COSIGNATURE_MAX 512u /* bytes that a cosignature needs at most */

/*
 * Cosigns the log of another root with this root's witness key. request: an add-checkpoint body of
 * C2SP tlog-witness, as tote_box_witness_request makes it. log_vkey: the log's key as the operator
 * knows it from elsewhere; NULL where it was accepted before. Before the line is given out, what was
 * cosigned is durable in seen/ and in the consolidated record (witness.accepted, witness.cosigned).
 * out: the signature line for tote_orchestrator_witness_merge over there; cap is at least
 * TOTE_COSIGNATURE_MAX. actor may be NULL. flags: TOTE_COSIGN_NEW_KEY or 0.
 * TOTE_E_MALFORMED; TOTE_E_NO_SIGNATURE, TOTE_E_BAD_SIGNATURE of the log's key; TOTE_E_KEY: another
 * key than the one accepted; TOTE_E_CONFLICT: the request begins at another size than was cosigned
 * last, which fault.seq then is; TOTE_E_BAD_PROOF; TOTE_E_FORK: another history of the same size;
 * TOTE_E_EXISTS: the log is of this root; TOTE_E_DAMAGED: seen/ is not what the record says it must
 * be. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_cosign(tote_orchestrator *orchestrator, const void *request,
	size_t length, const char *log_vkey, const char *actor, uint32_t flags, void *out,
	size_t cap, size_t *ret_length, struct tote_fault *fault);

/*
 * Lets the witness verify a container's newest checkpoint against the last one it saw and cosign
 * it. ret_size, which may be NULL, is the size it cosigned. TOTE_E_ROLLBACK, TOTE_E_FORK,
 * TOTE_E_BAD_SIGNATURE: nothing is cosigned. flags: 0. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_witness(tote_orchestrator *orchestrator, const char *id,
	uint32_t flags, uint64_t *ret_size, struct tote_fault *fault);

/*
 * The consolidated record, for reading with a cursor and for proofs: a box that takes no records of
 * the host, nor seals, nor states. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_record(
	tote_orchestrator *orchestrator, tote_box **ret_box, struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
