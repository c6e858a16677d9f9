/* SPDX-License-Identifier: ISC */
/*
 * The bytes of one source: read once, hashed, and staged on the way where a stage is given.
 */
#ifndef BOX_INTAKE_H
#define BOX_INTAKE_H

#include "crypto/hash.h"
#include "base/grammar.h"
#include "store/source.h"
#include <toteborch/assets.h>

#define INTAKE_STEP ((size_t)256 << 10) /* bytes of the buffer that the caller lends */

/* A flag that only the library itself sets: the file may be named by a link. */
#define SOURCE_LINK 0x80000000u
/*
 * Another: file names an object of the input, and data, where not NULL, is the digest that its
 * length bytes must have: what was looked at is what is taken (TOTE_E_CONFLICT).
 */
#define SOURCE_INPUT 0x40000000u

struct intake {
	uint64_t size;
	uint8_t digest[HASH_LEN];
	int64_t mtime_us; /* -1: not wanted or not known */
};

/* What can be said of a source without looking at it: TOTE_E_ARGUMENT, _FLAGS, _GRAMMAR. */
int tote__intake_check(const struct tote_source *source, struct tote_fault *fault);

/*
 * Reads a source to its end. TOTE_E_SOURCE where it is no regular file, is gone, or changed
 * meanwhile. Nothing of ret is set on failure.
 */
int tote__intake(const struct place *place, const struct tote_source *source, uint8_t *buffer,
	void *stage, struct intake *ret, struct tote_fault *fault);

#endif
