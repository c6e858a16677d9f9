/* SPDX-License-Identifier: ISC */
/*
 * The files of assets/ against the entries: each sealed one is there as it was sealed, and nothing
 * else is.
 */
#ifndef AUDIT_ASSET_AUDIT_H
#define AUDIT_ASSET_AUDIT_H

#include "audit/asset_read.h"
#include "audit/asset_walk.h"
#include "audit/entries.h"
#include "audit/names.h"
#include "ledger/view.h"

/* Bytes that are not those that were sealed. */
struct changed {
	struct asset *asset; /* in the table, which does not move any more */
	uint8_t digest[HASH_LEN];
};

struct asset_audit {
	struct inquiry *q;
	struct entries *entries;
	uint64_t limit;     /* entries below it were read */
	struct names dirs;  /* to be listed */
	struct names again; /* paths that were odd at first sight */
	struct asset_walk walk;
	char dir[STORE_NAME_MAX + 1]; /* being looked at */
	uint64_t listed;              /* names in it */
	char path[INQUIRY_PATH_MAX];
	int chosen;     /* which are read */
	size_t visited; /* where some were asked for: so many were looked at, in order of seq */
	size_t at;      /* the asset whose bytes are read: all before it, in order of seq, were */
	struct asset_read read;
	/* the one being looked at again */
	void *object;
	int second; /* for the second time */
	uint64_t offset, bytes_left;
	struct hash hash;
	uint8_t *chunk, digest[HASH_LEN];
	struct changed *changed;
	size_t changed_count, changed_cap;
	/* what was odd of the walk, and of the assets before that one, was looked at again */
	int settled;
	size_t settled_at;
	/* the second look */
	struct asset_table late; /* what was sealed since */
	int frozen, late_known;  /* nothing can have been; all of it is known */
	uint64_t end;            /* entries there are by now */
	int looking;             /* LOOK_* */
	uint64_t foreign, missing;
	int foreign_excused, missing_excused; /* entries that could not be read may explain them */
};

int tote__asset_audit_init(struct asset_audit *a, struct inquiry *q, struct entries *entries,
	struct tote_fault *fault);
void tote__asset_audit_free(struct asset_audit *a);

/* Lists one directory: 1 more to do, 0 done. limit: of the entries that were read. */
int tote__asset_audit_walk(struct asset_audit *a, uint64_t limit, struct tote_fault *fault);
/*
 * Reads a piece of one asset's bytes: 1 more to do, 0 done. After the first second look. In order of
 * seq, so that what was read is a range of them.
 */
int tote__asset_audit_read(struct asset_audit *a, struct tote_fault *fault);

/* 1 where something is to be looked at again. */
int tote__asset_audit_is_odd(const struct asset_audit *a);
/*
 * The second look, after the walk and once more after the reading. now: what the ledger holds by
 * now, NULL where that is not known.
 */
int tote__asset_audit_again(struct asset_audit *a, struct view *now, struct tote_fault *fault);

/* asset_part.c: once the table is arranged, which of them are read. */
void tote__asset_part_choose(struct asset_audit *a);
/* All that was odd up to now was looked at again. */
void tote__asset_part_settled(struct asset_audit *a);
/*
 * The first range of seqs at or behind *from that this run, and no earlier one, found whole: 1 and
 * [*from, *ret_to), 0 where there is none yet.
 */
int tote__asset_part_covered(const struct asset_audit *a, uint64_t *from, uint64_t *ret_to);

struct asset_count {
	uint64_t verified, total, asked;
	uint64_t earlier, earlier_bytes; /* of them read by earlier runs only, the oldest then */
	int64_t earlier_us;
	int64_t oldest_us; /* time of the oldest seal that was not verified; 0: none */
};
void tote__asset_audit_count(const struct asset_audit *a, struct asset_count *ret);

/* asset_look.c: what lies at a path, judged. */
enum {
	LOOK_FIRST, /* what is odd is noted in `again` */
	LOOK_COUNT, /* only counted */
	LOOK_TELL   /* it becomes a finding */
};
int tote__asset_look(struct asset_audit *a, const char *path, const struct store_stat *st,
	struct tote_fault *fault);
/* A sealed one is not there. */
int tote__asset_look_missing(
	struct asset_audit *a, const struct asset *item, struct tote_fault *fault);
/* Bytes that were read twice and are others. */
int tote__asset_look_changed(
	struct asset_audit *a, const struct changed *c, struct tote_fault *fault);

#endif
