/* SPDX-License-Identifier: ISC */
/*
 * What an asset.sealed entry says of a file (FORMAT section 4), as it is drafted and as it is read.
 */
#ifndef BOX_SEALED_H
#define BOX_SEALED_H

#include "base/text.h"
#include "ledger/entry.h"
#include "store/store.h"
#include <toteborch/assets.h>

#define SEALED_KIND   "asset.sealed"
#define VOID_KIND     "asset.void"
#define ERASED_KIND   "asset.erased"
#define SEALED_FIELDS 7
#define MTIME_NONE    (-1)
#define SEALED_MODE   0444u

/* The draft of an entry with room for the texts of its values. */
struct sealed_draft {
	struct draft draft;
	struct field fields[SEALED_FIELDS];
	char size[DECIMAL_MAX];
	char digest[sizeof("sha256:") + (size_t)2 * HASH_LEN];
	char mtime[TIME_LEN + 1];
	char supersedes[DECIMAL_MAX];
};

/* 1 where it names an earlier seal; 0 is none either: seq 0 is never a seal. */
int tote__source_supersedes(const struct tote_source *source);

/* A modification time that no entry can state (before 1970, after 9999) is left out. */
void tote__sealed_draft(struct sealed_draft *ret, const struct tote_source *source,
	const char *actor, uint64_t size, const uint8_t digest[HASH_LEN], int64_t mtime_us);

/* The same with the longest size and time there are: the bound of what the entry may need. */
int tote__sealed_bound(const struct tote_source *source, const char *actor, size_t *ret_bound,
	struct tote_fault *fault);

struct sealed {
	char path[STORE_NAME_MAX + 1];
	uint64_t size;
	uint8_t digest[HASH_LEN];
	int64_t mtime_us;    /* MTIME_NONE: not recorded */
	uint64_t supersedes; /* TOTE_SEQ_ANY: none */
};

/* TOTE_E_MALFORMED naming the field that is not as it must be. */
int tote__sealed_parse(const struct entry *e, struct sealed *ret, struct tote_fault *fault);

/*
 * 1 where the file at name in assets/ has that size and digest, 0 where it is another's,
 * TOTE_E_NOT_FOUND where there is none.
 */
int tote__sealed_is_file(const struct place *place, const char *name, uint64_t size,
	const uint8_t digest[HASH_LEN], struct tote_fault *fault);

#endif
