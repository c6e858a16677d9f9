/* SPDX-License-Identifier: ISC */
/*
 * One opened segment of a place's journal: its header, and the valid group at a given offset.
 */
#ifndef LEDGER_SEGFILE_H
#define LEDGER_SEGFILE_H

#include "ledger/segment.h"
#include "store/store.h"

enum {
	SEGFILE_GOOD,
	SEGFILE_BAD,    /* the header does not check, or its first seq is not the name */
	SEGFILE_UNKNOWN /* a version or feature that this library does not know */
};

struct segfile {
	const struct place *place;
	void *handle;         /* NULL: not open */
	uint64_t name, bytes; /* no more than a segment may have, however long the file is */
	int state;
	struct segment_header header; /* where SEGFILE_GOOD */
};

/* TOTE_E_NOT_FOUND where there is none of that name; a bad header is no failure of the call. */
int tote__segfile_open(
	struct segfile *s, const struct place *place, uint64_t name, struct tote_fault *fault);
/* bytes, as the file has grown since. */
int tote__segfile_size(struct segfile *s, struct tote_fault *fault);
void tote__segfile_close(struct segfile *s); /* takes a zeroed or closed one */

/* Up to len bytes; fewer only at the end of the file. */
int tote__segfile_read(const struct segfile *s, uint64_t offset, uint8_t *out, size_t len,
	size_t *ret_len, struct tote_fault *fault);

/*
 * The group at offset: 1 where it is valid, its body in `body` (reset first) and prev the prev of
 * its first entry; 0 where no valid group begins there. A read error is an error.
 */
int tote__segfile_group(const struct segfile *s, uint64_t offset, const struct hasher *engine,
	struct group *ret, struct buf *body, uint8_t prev[HASH_LEN], struct tote_fault *fault);
/*
 * The body of a group that is known, for who checks each entry himself: only its header is compared
 * with what is expected. body is reset first; 0 where it is another group or cut, 1.
 */
int tote__segfile_body(const struct segfile *s, uint64_t offset, const struct group *expected,
	struct buf *body, struct tote_fault *fault);

#endif
