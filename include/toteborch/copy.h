/* SPDX-License-Identifier: ISC */
/*
 * Copies of a container: live and verified, made while others write, and brought up to date later.
 */
#ifndef TOTEBORCH_COPY_H
#define TOTEBORCH_COPY_H

#include <toteborch/box.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_COPY_VERIFY 1u /* reads again, and compares, all that an older copy holds */

#define TOTE_COPY_CACHED 1u /* of tote_copy.flags: what was read back may have come from memory */

/*
 * What a copy came to. entries: how many it holds, in order from 0; covered: how many of them lie
 * under its checkpoint; since: how many the older copy had, 0 where there was none. assets and
 * removed: files that this call put there, and that it took away because they were erased.
 * bytes_read: of entries and assets, from the container; bytes_written: to the copy.
 */
struct tote_copy {
	uint32_t size;
	uint32_t flags;
	uint64_t entries;
	uint64_t covered;
	uint64_t since;
	uint64_t assets;
	uint64_t removed;
	uint64_t bytes_read;
	uint64_t bytes_written;
};

/*
 * Copies the container to the directory dir (FORMAT section 10): checkpoint, tiles, entries, the
 * journal up to a bound, and just the files that those entries seal; of the consolidated record the
 * ledger. Never keys, lock or what waits in app-console-input/. Others write and seal meanwhile;
 * folds wait. A box with its signer folds first. What was copied is read back and hashed against
 * the ledger, and durable, names too, before this returns 0; the copy is of the box's backend.
 *
 * dir: absent, empty, an unfinished copy of this container, or an older one, which is brought up to
 * date. Of that only what is new is read and written: what lies below its own end is believed once
 * its checkpoint was shown to be a beginning of this ledger, unless flags has TOTE_COPY_VERIFY.
 * Assets erased since are removed from it.
 *
 * Until it is whole, dir has the file ledger/log/.tote-copying and is opened by nothing; the same
 * call completes it. TOTE_E_EXISTS: dir holds something else, or was written to as a container.
 * TOTE_E_ROLLBACK, TOTE_E_FORK: dir holds more than the container, or another history.
 * TOTE_E_MISMATCH: assets of the container are missing or changed; each is told to the context's
 * log, all others were copied, and the copy stays unfinished. TOTE_E_DAMAGED names an entry.
 *
 * copy->size is set by the caller; copy may be NULL. TOTE_E_READ_ONLY for a read-only box: a copy
 * takes the locks. Any thread. Since 0.1.
 */
TOTE_API int tote_box_copy(tote_box *box, const char *dir, uint32_t flags, struct tote_copy *copy,
	struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
