/* SPDX-License-Identifier: ISC */
/*
 * The ledger of a box: append, read back in exact order, checkpoint, prove.
 */
#ifndef TOTEBORCH_LEDGER_H
#define TOTEBORCH_LEDGER_H

#include <toteborch/box.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_SEQ_ANY UINT64_MAX /* wherever it comes; "no seq" where one is optional */

#define TOTE_ENTRY_MAX  65535u /* bytes of an entry, headers and payload */
#define TOTE_FIELDS_MAX 59u
#define TOTE_VALUE_MAX  16384u   /* bytes of a value as written, escapes counted */
#define TOTE_GROUP_MAX  4194304u /* bytes of the entries of one call, two more for each entry */

/* One header field. value: any bytes, 1 or more; they are escaped on disk. Frozen. */
struct tote_field {
	const char *key;
	const void *value;
	size_t length;
};

/*
 * What is appended. kind: `record`, `record.*` or `host.*`. actor: who did it, or NULL. Keys that
 * begin with `tote-` are the library's. payload: any bytes, may be NULL with length 0. Frozen.
 */
struct tote_record {
	const char *kind;
	const char *actor;
	const struct tote_field *fields;
	size_t field_count;
	const void *payload;
	size_t payload_length;
};

/*
 * Appends one record; it is durable when the call returns 0, and ret_seq (may be NULL) is its place.
 *
 * expected: the seq it must get, or TOTE_SEQ_ANY. Where that seq is taken, the entry there is
 * compared (kind, actor, fields, payload): equal gives 0 and that seq, so a retry after an
 * uncertain failure never duplicates; otherwise TOTE_E_CONFLICT, and fault.seq is the next seq. One
 * above the next seq is TOTE_E_CONFLICT too. flags: 0.
 *
 * TOTE_E_GRAMMAR, TOTE_E_TOO_LARGE, TOTE_E_STATE (not active), TOTE_E_BUSY, TOTE_E_NO_SPACE,
 * TOTE_E_CLOCK, TOTE_E_FOLD_NEEDED, TOTE_E_DAMAGED; fault.effect UNKNOWN means: it may be there,
 * and the box is poisoned until tote_box_recover. Any thread. Since 0.1.
 */
TOTE_API int tote_box_append(tote_box *box, const struct tote_record *record, uint64_t expected,
	uint32_t flags, uint64_t *ret_seq, struct tote_fault *fault);

/*
 * Appends count records as one group, all or none, at consecutive seqs from *ret_first on. More
 * than TOTE_GROUP_MAX bytes: TOTE_E_TOO_LARGE before anything is written. count 0 is
 * TOTE_E_ARGUMENT. Otherwise as tote_box_append. Any thread. Since 0.1.
 */
TOTE_API int tote_box_append_many(tote_box *box, const struct tote_record *records, size_t count,
	uint64_t expected, uint32_t flags, uint64_t *ret_first, struct tote_fault *fault);

/* A reader of entries. It takes one call at a time: a second one gets TOTE_E_BUSY. */
typedef struct tote_cursor tote_cursor;

#define TOTE_CURSOR_BACKWARD 1u /* from `from` down to entry 0 */
#define TOTE_CURSOR_FOLLOW   2u /* what is appended later is read too */

/*
 * Opens a cursor whose first entry is from; behind the end there is none. It takes no lock, and its
 * memory does not grow with the ledger. flags, of which one may be given:
 *
 * 0: it sees what is there now, however long it is kept.
 * TOTE_CURSOR_BACKWARD: likewise, but reads downwards; TOTE_SEQ_ANY, or a seq behind the end, means
 * the last entry.
 * TOTE_CURSOR_FOLLOW: at the end tote_cursor_next gives 0 for now and looks again at the next call;
 * TOTE_SEQ_ANY means only what comes after this moment. Every entry is given once and in order,
 * through folds, removed segments and takeovers. The checkpoint is read again too: later entries
 * are verified against the newer one, which must extend the one before, and what was given must
 * still be there: otherwise TOTE_E_FORK or TOTE_E_ROLLBACK from next and wait, naming it, for ever.
 *
 * TOTE_E_BUSY after some tries, TOTE_E_DAMAGED. Any thread. Since 0.1.
 */
TOTE_API int tote_cursor_open(tote_box *box, uint64_t from, uint32_t flags,
	tote_cursor **ret_cursor, struct tote_fault *fault);

/* The next entry will be seq. TOTE_E_NOT_FOUND where that lies behind the end. Since 0.1. */
TOTE_API int tote_cursor_seek(tote_cursor *cursor, uint64_t seq, struct tote_fault *fault);

/*
 * From now on only entries of that kind are given; with `.*` behind it, of that family: `record.*`
 * is `record` itself and every kind that begins with `record.`. NULL: all again. The others are
 * read and checked all the same. TOTE_E_GRAMMAR. One call at a time. Since 0.1.
 */
TOTE_API int tote_cursor_filter(tote_cursor *cursor, const char *kind, struct tote_fault *fault);

/*
 * Of a cursor with TOTE_CURSOR_FOLLOW: 1 as soon as there is an entry that it has not looked at
 * (which its filter may not want), 0 after timeout_us microseconds (0 or less: it looks once). It
 * polls with pauses of 1 to 50 ms on the system's clock; no thread, no signal. The errors of
 * tote_cursor_next, TOTE_E_ARGUMENT for another cursor. One call at a time. Since 0.1.
 */
TOTE_API int tote_cursor_wait(tote_cursor *cursor, int64_t timeout_us, struct tote_fault *fault);

#define TOTE_ENTRY_VERIFIED 1u /* it was verified against the signed checkpoint */
#define TOTE_ENTRY_UNKNOWN  2u /* of a kind or version that this library does not know */

/*
 * An entry. The pointers are valid until the next call on the cursor. fields: decoded, actor not
 * among them; each value has a NUL behind it that its length does not count. bytes: the whole
 * entry, whose RFC 6962 leaf hash is leaf_hash. An entry without TOTE_ENTRY_VERIFIED lies above the
 * newest checkpoint and was checked by the hash chain alone.
 */
struct tote_entry {
	uint32_t size;
	uint32_t flags;
	uint64_t seq;
	int64_t time_us;
	const char *kind;
	const char *actor; /* NULL where none */
	const struct tote_field *fields;
	size_t field_count;
	const void *payload;
	size_t payload_length;
	const void *bytes;
	size_t length;
	uint8_t leaf_hash[32];
};

/*
 * 1 and the next entry, 0 at the end (of a follower: for now), TOTE_E_DAMAGED naming what does not
 * verify. A follower may get TOTE_E_BUSY and is called again. entry->size is
 * set by the caller. One call at a time. Since 0.1.
 */
TOTE_API int tote_cursor_next(
	tote_cursor *cursor, struct tote_entry *entry, struct tote_fault *fault);

/* Drops the cursor; NULL is allowed; returns NULL. Since 0.1. */
TOTE_API tote_cursor *tote_cursor_unref(tote_cursor *cursor);

#define TOTE_CHECKPOINT_LAST 1u /* what is published already; nothing is folded or signed */

/*
 * Folds: every entry that is durable now comes under a signed checkpoint, whose note is copied to
 * out (TOTE_NOTE_MAX of verify.h is always enough). ret_length is the note's length, also where cap
 * is too small (TOTE_E_TOO_LARGE; the fold happened, fault.effect says so). Before signing, what the
 * disk holds is read back.
 * TOTE_E_NO_SIGNER, TOTE_E_DAMAGED, TOTE_E_FORK, TOTE_E_ROLLBACK. Any thread. Since 0.1.
 */
TOTE_API int tote_box_checkpoint(tote_box *box, uint32_t flags, void *out, size_t cap,
	size_t *ret_length, struct tote_fault *fault);

/*
 * A C2SP tlog-proof of one entry under the newest checkpoint, folding first where the seq is not
 * covered yet; a box opened with TOTE_BOX_READ_ONLY proves what is covered. Otherwise as
 * tote_box_checkpoint. TOTE_E_NOT_FOUND where there is no such entry, or no checkpoint over it.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_box_prove(tote_box *box, uint64_t seq, uint32_t flags, void *out, size_t cap,
	size_t *ret_length, struct tote_fault *fault);

/*
 * The same under a checkpoint of this ledger that the caller holds: note, which the proof then ends
 * with, cosignatures and all. It must be signed by a key that this ledger has or had, and its tree
 * must be the beginning of what lies here, which is computed from the tiles. Folds where it covers
 * more than the newest checkpoint here, unless flags has TOTE_CHECKPOINT_LAST.
 * TOTE_E_MALFORMED, TOTE_E_NO_SIGNATURE, TOTE_E_BAD_SIGNATURE of the note; TOTE_E_FORK: another
 * history was signed; TOTE_E_ROLLBACK: there are fewer entries here; TOTE_E_NOT_FOUND for a seq that
 * it does not cover. Any thread. Since 0.1.
 */
TOTE_API int tote_box_prove_at(tote_box *box, uint64_t seq, const void *note, size_t note_length,
	uint32_t flags, void *out, size_t cap, size_t *ret_length, struct tote_fault *fault);

#define TOTE_PROOF_HASHES 64u /* no consistency proof has more */

/*
 * RFC 6962 consistency: the tree of `from` entries is the beginning of that of `to`. ret_path gets
 * *ret_count hashes of 32 bytes (room for cap of them; TOTE_PROOF_HASHES is always enough),
 * ret_from_root and ret_to_root, which may be NULL, the two roots. Folds where `to` is not covered
 * yet, unless flags has TOTE_CHECKPOINT_LAST. TOTE_E_ARGUMENT for from > to, TOTE_E_NOT_FOUND where
 * there are not so many entries. Any thread. Since 0.1.
 */
TOTE_API int tote_box_prove_consistency(tote_box *box, uint64_t from, uint64_t to, uint32_t flags,
	uint8_t *ret_path, size_t cap, size_t *ret_count, uint8_t *ret_from_root,
	uint8_t *ret_to_root, struct tote_fault *fault);

/*
 * What a witness is asked with: the add-checkpoint body of C2SP tlog-witness for the newest
 * checkpoint, folding first unless flags has TOTE_CHECKPOINT_LAST. old_size: the last size that the
 * witness cosigned, 0 for none (it answers with its size where that is wrong). The log's own
 * signature lines alone go with it. TOTE_NOTE_MAX bytes are always enough. Its answer goes to
 * tote_orchestrator_witness_merge. TOTE_E_ARGUMENT where old_size is more than the checkpoint
 * covers; otherwise as tote_box_checkpoint. Any thread. Since 0.1.
 */
TOTE_API int tote_box_witness_request(tote_box *box, uint64_t old_size, uint32_t flags, void *out,
	size_t cap, size_t *ret_length, struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
