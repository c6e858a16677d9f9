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
 * containers/ID below the root. actor: who does it, or NULL.
 */
struct tote_provision_options {
	uint32_t size;
	uint32_t flags; /* 0 */
	const char *backend;
	const char *location;
	const char *actor;
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
 * was used before or a directory that is another's. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_provision(tote_orchestrator *orchestrator, const char *id,
	const struct tote_provision_options *options, uint32_t *ret_result,
	struct tote_fault *fault);

/*
 * Registers a whole container that lies at location, whose container.created names this ID. It is
 * audited in full first. key_file, or NULL: its signing key, which is copied into the key store;
 * without one the container is opened without a signer. actor may be NULL. flags: 0.
 * TOTE_E_DAMAGED where the audit finds anything (fault.text names the first). Any thread.
 * Since 0.1.
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

/* Opens a container through its orchestrator. options may be NULL. Any thread. Since 0.1. */
TOTE_API int tote_box_open(tote_orchestrator *orchestrator, const char *id,
	const struct tote_box_options *options, tote_box **ret_box, struct tote_fault *fault);

#define TOTE_CONTAINER_DETACHED 1u
#define TOTE_CONTAINER_KEY      2u /* its signing key lies in this root's key store */

/* A container as the registry knows it. registered: the seq of its container.registered. */
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
