/* SPDX-License-Identifier: ISC */
/*
 * One file of a log as an audit reads it: from the medium, whole, and with its state said apart from
 * its content.
 */
#ifndef AUDIT_LOGFILE_H
#define AUDIT_LOGFILE_H

#include "audit/inquiry.h"
#include "ledger/logdir.h"

enum {
	LOGFILE_GOOD, /* it is there and has the shape that it must have */
	LOGFILE_MISSING,
	LOGFILE_SHAPE, /* cut, or longer than it must be, or not made of entries */
	LOGFILE_CLOSED /* it could not be read: a finding says why */
};

struct logfile {
	int state;
	struct tile file; /* as it was found: the wider one where the partial one is gone */
	uint64_t size;    /* in bytes, where it is there */
	uint32_t whole;   /* of a bundle: entries that could be told apart, from the first on */
};

/*
 * What was read of one file, and what is to be told of it: reading touches nothing but its own
 * arguments, so that it may be done ahead and on any thread; telling is the run's.
 */
struct logread {
	struct logfile file;
	uint64_t bytes;
	int cached;
	int r; /* the failure of a CLOSED one, and why */
	struct tote_fault why;
};

/* May so many bytes be held now? NULL asks nobody. A reader that is told 0 gives 0 and reads nothing. */
struct logread_room {
	int (*ask)(void *user, uint64_t bytes);
	void *user;
};

/*
 * A tile of hashes in out, or a bundle and its leaf hashes, want->width of them: 1, or 0 where there
 * was no room. out is reset first. Of q only its target, place and engine are looked at.
 */
int tote__logfile_read(const struct inquiry *q, const struct tile *want,
	const struct logread_room *room, struct buf *out, uint8_t *leaves, struct logread *ret);
/* Counts what was read; a failure becomes a finding. 0, NO_MEMORY, TOTE_E_UNREACHABLE. */
int tote__logfile_tell(struct inquiry *q, const struct logread *read, struct tote_fault *fault);

/* A tile of hashes: out gets want->width of them where the state is GOOD. */
int tote__logfile_tile(struct inquiry *q, const struct tile *want, uint8_t *out,
	struct logfile *ret, struct tote_fault *fault);
/*
 * A bundle: its bytes in out (reset first), and leaves gets the leaf hashes of ret->whole entries.
 */
int tote__logfile_bundle(struct inquiry *q, const struct tile *want, struct buf *out,
	uint8_t *leaves, struct logfile *ret, struct tote_fault *fault);
/* Just that file, no wider one in its place. */
int tote__logfile_just(struct inquiry *q, const struct tile *t, struct buf *out, uint8_t *leaves,
	struct logfile *ret, struct tote_fault *fault);
/* 1 where that file is there, whatever it is. */
int tote__logfile_exists(struct inquiry *q, const struct tile *t);

#endif
