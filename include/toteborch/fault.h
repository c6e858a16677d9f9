/* SPDX-License-Identifier: ISC */
/*
 * Faults: what a call that failed says to the person who must act.
 *
 * Every call that can fail returns int: 0 for success (iterators: 1 for "got one", 0 for the end)
 * or one of the negative TOTE_E_* codes below, which are frozen for ever. Its last parameter is a
 * struct tote_fault of the caller, or NULL; it is set by every call, all zero on success. There is
 * no thread-local and no per-handle error.
 */
#ifndef TOTEBORCH_FAULT_H
#define TOTEBORCH_FAULT_H

#include <toteborch/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether what was asked for happened although the call failed. */
#define TOTE_EFFECT_NONE    0u /* nothing was changed */
#define TOTE_EFFECT_DONE    1u /* it is done and durable; only something after it failed */
#define TOTE_EFFECT_UNKNOWN 2u /* it may or may not survive: retry with the expected seq */

/* Bits of tote_fault.flags. */
#define TOTE_FAULT_SEQ 1u /* tote_fault.seq is meaningful */

/*
 * 512 bytes, frozen. code: the TOTE_E_* that the call returned. sys_errno: the errno of the
 * operating system behind it, or 0. seq: the seq of the entry concerned, if flags has
 * TOTE_FAULT_SEQ. effect: TOTE_EFFECT_*. box: the ID of the container concerned, or "". text: one
 * line for a person: what failed, on which object, why, what to do; a long path loses its middle,
 * never its tail. Both strings are always NUL-terminated. Bytes that came from outside (names,
 * paths) stand in text as they are: whoever shows it on a terminal escapes it.
 */
struct tote_fault {
	int32_t code;
	int32_t sys_errno;
	uint64_t seq;
	uint32_t effect;
	uint32_t flags;
	char box[64];
	char text[424];
};

/* Classes of codes: what totectl exits with. */
#define TOTE_CLASS_OK           0  /* success */
#define TOTE_CLASS_FAILED       1  /* it could not be done */
#define TOTE_CLASS_USAGE        2  /* refused from the arguments alone */
#define TOTE_CLASS_INTEGRITY    3  /* something is not what it was */
#define TOTE_CLASS_INCOMPLETE   4  /* not everything was looked at */
#define TOTE_CLASS_DIFFERENCES  5  /* a plan would change something */
#define TOTE_CLASS_UNREACHABLE  6  /* a container could not be reached */
#define TOTE_CLASS_NOT_A_ROOT   10 /* the directory is not an orchestration root */
#define TOTE_CLASS_LOCKED       11 /* somebody else held the lock for longer than the wait */
#define TOTE_CLASS_NO_SIGNATURE 12 /* no valid signature by the keys given */

/* Refused from the arguments alone (class USAGE). */
#define TOTE_E_ARGUMENT    (-20) /* a NULL or senseless argument */
#define TOTE_E_STRUCT      (-21) /* a struct's size, or non-zero bytes behind what is known */
#define TOTE_E_FLAGS       (-22) /* an unknown flag bit */
#define TOTE_E_GRAMMAR     (-23) /* an ID, origin, path, kind, key, value or vkey outside its grammar */
#define TOTE_E_TOO_LARGE   (-24) /* larger than an entry, a group or a limit allows */
#define TOTE_E_UNSUPPORTED (-25) /* this backend or build cannot do it */
#define TOTE_E_MISUSE      (-26) /* a handle used after close, in a forked child, or of another kind */

/* It could not be done (class FAILED). */
#define TOTE_E_NOT_FOUND (-40) /* no such container, entry, asset, flag or name */
#define TOTE_E_EXISTS    (-41) /* it is there already, or was: IDs and paths are used once */
#define TOTE_E_CONFLICT                                                                            \
	(-42) /* the expected seq is taken by another entry; fault.seq is the next */
#define TOTE_E_STATE       (-43) /* the container's state does not allow it */
#define TOTE_E_NO_SPACE    (-44) /* no space or quota left */
#define TOTE_E_IO          (-45) /* the operating system refused or failed */
#define TOTE_E_NO_MEMORY   (-46) /* the allocator gave nothing */
#define TOTE_E_PERMISSION  (-47) /* the operating system denies access */
#define TOTE_E_SOURCE      (-48) /* a source is not a regular file, vanished or changed while read */
#define TOTE_E_POISONED    (-49) /* an earlier write failed: tote_box_recover, or open again */
#define TOTE_E_FOLD_NEEDED (-50) /* the journal is at its bound and there is no signer here */
#define TOTE_E_NO_SIGNER   (-51) /* this needs the signing key and the handle has none */
#define TOTE_E_READ_ONLY   (-52) /* the handle or the medium takes no writes */
#define TOTE_E_KEY         (-53) /* a key file of the wrong mode, name or content */
#define TOTE_E_CLOCK       (-54) /* the clock is before 1970 or after 9999 */
#define TOTE_E_LIMIT       (-55) /* a limit of the system or library: descriptors, links, slots */
#define TOTE_E_CANCELLED   (-56) /* the job was cancelled */

/* Something is not what it was (class INTEGRITY). */
#define TOTE_E_DAMAGED       (-60) /* the ledger is damaged; nothing was cut off */
#define TOTE_E_MALFORMED     (-61) /* bytes that are not of the format they should be */
#define TOTE_E_ROLLBACK      (-62) /* the ledger is shorter than what was witnessed or signed */
#define TOTE_E_FORK          (-63) /* another history than what was witnessed or signed */
#define TOTE_E_BAD_SIGNATURE (-64) /* a signature by a given key does not verify */
#define TOTE_E_BAD_PROOF     (-65) /* a proof does not lead to the root */
#define TOTE_E_MISMATCH      (-66) /* bytes that differ from their recorded digest or size */
#define TOTE_E_UNTRUSTED     (-67) /* a link, mount or foreign object where our own should be */

#define TOTE_E_INCOMPLETE   (-80)  /* not everything was looked at (class INCOMPLETE) */
#define TOTE_E_UNREACHABLE  (-100) /* the container's directory cannot be reached (UNREACHABLE) */
#define TOTE_E_NOT_A_ROOT   (-120) /* not an orchestration root (NOT_A_ROOT) */
#define TOTE_E_BUSY         (-140) /* locked, or a second call on a one-call handle (LOCKED) */
#define TOTE_E_NO_SIGNATURE (-160) /* no signature by the keys given (NO_SIGNATURE) */

/*
 * The name of a code ("TOTE_E_BUSY"), the one line it means, and its class TOTE_CLASS_*. A code
 * that is unknown to this version gives "TOTE_E_UNKNOWN", "unknown code" and TOTE_CLASS_FAILED;
 * 0 gives "TOTE_OK". The strings are static. Any thread. Since 0.1.
 */
TOTE_API const char *tote_error_name(int code);
TOTE_API const char *tote_error_text(int code);
TOTE_API int tote_error_class(int code);

/*
 * Sets a fault from a host's vtable: code and one line of text (a NUL-terminated string, cut in
 * its middle where too long). A NULL fault is allowed. Returns code, so that a function can end
 * with `return tote_fault_set(fault, TOTE_E_IO, errno, "...")`. Any thread. Since 0.1.
 */
TOTE_API int tote_fault_set(struct tote_fault *fault, int code, int sys_errno, const char *text);

#ifdef __cplusplus
}
#endif
#endif
