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
