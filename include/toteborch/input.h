/* SPDX-License-Identifier: ISC */
/*
 * The input gate of a box: documents that outsiders dropped into app-console-input/, each accepted
 * or rejected, once, by an entry.
 */
#ifndef TOTEBORCH_INPUT_H
#define TOTEBORCH_INPUT_H

#include <toteborch/assets.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_INPUT_OPEN  1u /* somebody has it open for writing */
#define TOTE_INPUT_FRESH 2u /* it changed less than 5 s ago, and who writes to it cannot be told */
#define TOTE_INPUT_ODD   4u /* no regular file with one link, or an ill name: it cannot be taken */

/*
 * One document. name: any bytes but `/` and NUL; show it escaped, names lie. digest: SHA-256 of its
 * bytes as they are now, all zero where they were not read (ODD, or not asked for).
 */
struct tote_input {
	uint32_t size;
	uint32_t flags;
	uint64_t bytes;
	int64_t mtime_us;
	uint8_t digest[32];
	char name[256];
};

/* What waits in the gate, in byte order of name. One call at a time. */
typedef struct tote_input_list tote_input_list;

#define TOTE_INPUT_DIGESTS 1u /* read every document, to tell its digest */

/*
 * Looks once; takes no lock, moves nothing. What a decision has in hand now, or was about to have
 * when it died, is not listed. flags: TOTE_INPUT_DIGESTS. TOTE_E_UNSUPPORTED where the backend has
 * no gate. Any thread. Since 0.1.
 */
TOTE_API int tote_input_list_open(
	tote_box *box, uint32_t flags, tote_input_list **ret_list, struct tote_fault *fault);
/* 1 and the next document, 0 at the end. input->size is set by the caller. Since 0.1. */
TOTE_API int tote_input_list_next(
	tote_input_list *list, struct tote_input *input, struct tote_fault *fault);
/* Drops it; NULL is allowed; returns NULL. Since 0.1. */
TOTE_API tote_input_list *tote_input_list_unref(tote_input_list *list);

/*
 * A decision's document. name: as listed. digest: 32 bytes that its content must have, so that what
 * was looked at is what is sealed. path: where it is to lie among the assets; media_type may be
 * NULL; both are not looked at by a rejection. Frozen.
 */
struct tote_document {
	const char *name;
	const uint8_t *digest;
	const char *path;
	const char *media_type;
};

/*
 * Seals count documents as one group, all or none, and takes them out of the gate. Each is renamed
 * out of its sender's reach first; on failure it goes back to its name. What its sender still wrote
 * to it after it was read stays in the gate. actor may be NULL. flags: 0. ret_sealed: count of
 * them, or NULL. TOTE_E_CONFLICT for another content, TOTE_E_BUSY for one that is OPEN or FRESH,
 * TOTE_E_UNTRUSTED for an ODD one, TOTE_E_NOT_FOUND, else as tote_box_seal. Any thread. Since 0.1.
 */
TOTE_API int tote_box_accept(tote_box *box, const struct tote_document *documents, size_t count,
	const char *actor, uint32_t flags, struct tote_sealed *ret_sealed,
	struct tote_fault *fault);

/*
 * Rejects a document: the entry input.rejected names it, and it is kept as
 * app-console-input/.tote-rejected/SEQ. reason is required, actor may be NULL. flags: 0. ret_seq may
 * be NULL. Errors as tote_box_accept. Any thread. Since 0.1.
 */
TOTE_API int tote_box_reject(tote_box *box, const struct tote_document *document,
	const char *reason, const char *actor, uint32_t flags, uint64_t *ret_seq,
	struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
