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

/*
 * Opens a cursor whose first entry is from; behind the end there is none. It sees what is there
 * now, however long it is kept; it takes no lock. flags: 0. TOTE_E_BUSY after some tries, TOTE_E_DAMAGED. Any thread. Since 0.1.
 */
TOTE_API int tote_cursor_open(tote_box *box, uint64_t from, uint32_t flags,
	tote_cursor **ret_cursor, struct tote_fault *fault);

/* The next entry will be seq. TOTE_E_NOT_FOUND where that lies behind the end. Since 0.1. */
TOTE_API int tote_cursor_seek(tote_cursor *cursor, uint64_t seq, struct tote_fault *fault);

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
 * 1 and the next entry, 0 at the end, TOTE_E_DAMAGED naming what does not verify. entry->size is
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

#ifdef __cplusplus
}
#endif
#endif
