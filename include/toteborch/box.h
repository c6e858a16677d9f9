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
#define TOTE_BOX_REPAIR    4u /* opens a damaged one too, which takes nothing before its repair */

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
/*
 * With TOTE_BOX_READ_ONLY, of tote_box_open_alone: nobody writes there, it is a copy or a read-only
 * medium. Then what lies above the newest checkpoint is used as far as the journal holds it, and
 * what is wrong with the journal is damage; without it a copy, which has no lock, ends at its
 * checkpoint.
 */
#define TOTE_BOX_STILL 8u

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

/*
 * Gives the ledger of a box that was opened with a key file a new signing key: made beside that
 * file as FILE.next, named by an entry key.rotated that the old key proves, then put in place of
 * FILE, and a checkpoint over the entry signed with it. The old key signs nothing that a reader
 * accepts from then on. Whatever a crash or a failure leaves half done the next checkpoint by
 * anybody who has the key file completes. reason is required, actor may be NULL; ret_seq, which may
 * be NULL, is the entry's place. flags: 0. Appends of others go on meanwhile.
 *
 * TOTE_E_NO_SIGNER (also for a host's signer: tote_box_rotate_to), TOTE_E_STATE (disposed), and as
 * tote_box_checkpoint. fault.effect DONE: the entry is durable and the rotation is only not complete
 * yet; UNKNOWN: it may be, see tote_box_append. Of a box opened through an orchestrator it rotates
 * the key in its key store; tote_orchestrator_rotate has the witness see it, too. Any thread.
 * Since 0.1.
 */
TOTE_API int tote_box_rotate(tote_box *box, const char *actor, const char *reason, uint32_t flags,
	uint64_t *ret_seq, struct tote_fault *fault);

/*
 * The same, but the new key is that of a host's signer (another HSM, an agent): its vkey's name is
 * the ledger's origin, it has signed nothing yet, and it is durable before this is called. The box
 * signs with it from then on; `next` is copied and released with the box, and on failure only where
 * fault.effect is not NONE. The old key file, where there is one, stays where it is: it signs
 * nothing any more. TOTE_E_KEY for a key of another name or the one in force. Any thread.
 * Since 0.1.
 */
TOTE_API int tote_box_rotate_to(tote_box *box, const struct tote_signer *next, const char *actor,
	const char *reason, uint32_t flags, uint64_t *ret_seq, struct tote_fault *fault);

#define TOTE_REPAIR_PLAN 1u /* only says what would be done */

#define TOTE_REPAIR_NEEDED 1u /* there is damage, or was: why says it */
#define TOTE_REPAIR_DONE   2u /* entry seq, a ledger.repaired, stands in the place of what is lost */

/*
 * What a repair did, or by its plan would do. from_seq: the first entry that is given up; lost: how
 * many there were from it on, as far as anything says. published: the size of a checkpoint that was
 * signed, never published, and is so first, or 0; then a plan's from_seq and lost are a bound: no
 * more is lost. folded: entries that come under a checkpoint. moved: tiles and bundles of an
 * interrupted fold beyond from_seq. seq: of ledger.repaired; TOTE_SEQ_ANY without
 * TOTE_REPAIR_DONE. aside: where the old journal lies afterwards, below the container (the moved
 * files beside it, with ".log" behind the name); "" where nothing is set aside. why: the damage.
 *
 * A plan that says NEEDED and DONE is one of what a repair that was cut off left to do: the
 * checkpoint over its entry, without which no reader sees that.
 */
struct tote_repair {
	uint32_t size;
	uint32_t flags;
	uint64_t from_seq;
	uint64_t lost;
	uint64_t published;
	uint64_t folded;
	uint64_t moved;
	uint64_t seq;
	char aside[64];
	char why[424];
};

/*
 * An operator's act after damage of the journal, never the library's own: what is whole is signed
 * for, the old journal is set aside, unchanged, and a new one begins with an entry that says so.
 * Acknowledged entries behind the damage are lost to the ledger; what can still be read of them is
 * in what is set aside. A box of a damaged container is opened with TOTE_BOX_REPAIR, and goes on
 * afterwards as any other; a whole one is left as it is. reason is required (but for a plan), actor
 * may be NULL, flags: TOTE_REPAIR_PLAN. ret_repair, whose size the caller has set, may be NULL.
 * TOTE_E_NO_SIGNER; TOTE_E_DAMAGED where no repair helps (the log itself is damaged: restore the
 * file that is named); TOTE_E_ROLLBACK, TOTE_E_FORK; TOTE_E_STATE in disposed. After any failure
 * the same call goes on. Any thread. Since 0.1.
 */
TOTE_API int tote_box_repair(tote_box *box, const char *actor, const char *reason, uint32_t flags,
	struct tote_repair *ret_repair, struct tote_fault *fault);

#define TOTE_KEYS_REPLACED 1u /* in place of a lost one: the consolidated record vouches for it */

/*
 * A key of a log: checkpoints that cover entry from_seq are signed with it, until the next one comes
 * into force. Frozen.
 */
struct tote_key {
	uint64_t from_seq;
	uint32_t flags; /* TOTE_KEYS_* */
	uint32_t reserved;
	char vkey[320];
};

/*
 * The keys of the box's log, entry 0's first, the one in force last: each rotation is verified, so
 * the whole ledger is read. Of a box opened through an orchestrator the keys that replaced lost ones
 * are among them. ret_count is how many there are, also where cap is too small (TOTE_E_TOO_LARGE).
 * TOTE_E_BAD_SIGNATURE where a rotation was not proven, TOTE_E_DAMAGED. Any thread. Since 0.1.
 */
TOTE_API int tote_box_keys(tote_box *box, struct tote_key *keys, size_t cap, size_t *ret_count,
	struct tote_fault *fault);

#define TOTE_INFO_SIGNER    1u /* the handle can fold */
#define TOTE_INFO_POISONED  2u
#define TOTE_INFO_READ_ONLY 4u
#define TOTE_INFO_DAMAGED   8u

/*
 * id: "" where it is not known. state: TOTE_STATE_*. entries: how many there are, as a reader
 * without the lock sees it. covered: how many of them lie under the newest checkpoint; root: its
 * root. unfolded_since_us: the time field of the oldest entry that does not; 0 where none.
 * vkey: entry 0's key; tote_box_keys tells what it was rotated to.
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
