/* SPDX-License-Identifier: ISC */
/*
 * A box: one opened Totebox container. Opened through its orchestrator (orchestrator.h) or alone.
 *
 * A box may be used from any threads at once; durable appends that arrive together share one sync.
 * Handles from it (cursors, lists, readers) keep it alive.
 */
#ifndef TOTEBORCH_BOX_H
#define TOTEBORCH_BOX_H

#include <toteborch/ctx.h>
#include <toteborch/signer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tote_box tote_box;

/* States of a container (FORMAT section 8), as in the entries: active, suspended, ... */
#define TOTE_STATE_ACTIVE    1u
#define TOTE_STATE_SUSPENDED 2u
#define TOTE_STATE_ARCHIVED  3u
#define TOTE_STATE_DISPOSED  4u

/* "active" for 1 and so on; NULL for a number that is no state. Static. Since 0.1. */
TOTE_API const char *tote_state_name(uint32_t state);

#define TOTE_BOX_READ_ONLY 1u /* takes no lock, appends nothing */

/*
 * backend: the registered name, NULL for "posix". key_file: where the container's signing key lies,
 * its .last file beside it; signer: the host's own instead; both NULL: the box appends to the
 * journal and never folds. Through an orchestrator both NULL means the orchestrator's key store,
 * unless TOTE_BOX_NO_SIGNER. lock_wait_us: 0 means the context's.
 */
struct tote_box_options {
	uint32_t size;
	uint32_t flags;
	const char *backend;
	const char *key_file;
	const struct tote_signer *signer;
	int64_t lock_wait_us;
};

#define TOTE_BOX_NO_SIGNER 2u

/* As tote_ctx_options_init. Any thread. Since 0.1. */
TOTE_API int tote_box_options_init(
	struct tote_box_options *options, size_t size, struct tote_fault *fault);

/*
 * Opens the container whose directory is location, knowing nothing of an orchestrator: the process
 * needs neither its directory nor a key. TOTE_E_NOT_FOUND, TOTE_E_UNTRUSTED for a link or mount
 * where a directory should be, TOTE_E_DAMAGED (then only reading is possible: open READ_ONLY).
 * Any thread. Since 0.1.
 */
TOTE_API int tote_box_open_alone(tote_ctx *ctx, const char *location,
	const struct tote_box_options *options, tote_box **ret_box, struct tote_fault *fault);

/*
 * Takes or drops a reference. unref does no I/O and returns NULL; it is right in finalisers and in
 * forked children, where everything else is refused. Both take NULL. Any thread. Since 0.1.
 */
TOTE_API tote_box *tote_box_ref(tote_box *box);
TOTE_API tote_box *tote_box_unref(tote_box *box);

/*
 * Does the last I/O, reports what failed, and always drops the reference. Nothing is folded: what
 * an append returned for is durable without it. NULL is allowed. Any thread. Since 0.1.
 */
TOTE_API int tote_box_close(tote_box *box, struct tote_fault *fault);

/*
 * Lifts poisoning: replays the disk, completes or undoes what an earlier failure left, under the
 * lock. Returns 0 where there was nothing to do. TOTE_E_DAMAGED, TOTE_E_BUSY, TOTE_E_IO.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_box_recover(tote_box *box, struct tote_fault *fault);

#define TOTE_INFO_SIGNER    1u /* the handle can fold */
#define TOTE_INFO_POISONED  2u
#define TOTE_INFO_READ_ONLY 4u
#define TOTE_INFO_DAMAGED   8u

/*
 * id: "" where it is not known. state: TOTE_STATE_*. entries: how many there are, as a reader
 * without the lock sees it. covered: how many of them lie under the newest checkpoint; root: its
 * root. unfolded_since_us: the time field of the oldest entry that does not; 0 where none.
 */
struct tote_box_info {
	uint32_t size;
	uint32_t flags;
	uint32_t state;
	uint32_t reserved;
	uint64_t entries;
	uint64_t covered;
	uint64_t journal_bytes;
	int64_t unfolded_since_us;
	uint8_t root[32];
	char id[64];
	char backend[64];
	char origin[256];
	char vkey[320];
};

/* Fills info, whose size the caller has set. Reads, takes no lock. Any thread. Since 0.1. */
TOTE_API int tote_box_info(tote_box *box, struct tote_box_info *info, struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
