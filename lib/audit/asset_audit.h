/* SPDX-License-Identifier: ISC */
/*
 * The files of assets/ against the entries: each sealed one is there as it was sealed, and nothing
 * else is.
 */
#ifndef AUDIT_ASSET_AUDIT_H
#define AUDIT_ASSET_AUDIT_H

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
	uint64_t limit;               /* entries below it were read */
	struct names dirs;            /* to be listed */
	struct names again;           /* paths that were odd at first sight */
	struct names shut;            /* directories that could not be looked into */
	char dir[STORE_NAME_MAX + 1]; /* being listed */
	uint64_t listed;              /* names in it */
	char path[INQUIRY_PATH_MAX];
	size_t at; /* the asset whose bytes are read */
	/* the one being read */
	void *object;
	int second; /* for the second time */
	uint64_t offset, bytes_left;
	struct hash hash;
	uint8_t *chunk, digest[HASH_LEN];
	struct changed *changed;
	size_t changed_count, changed_cap;
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
/* Reads a piece of one asset's bytes: 1 more to do, 0 done. After the first second look. */
int tote__asset_audit_read(struct asset_audit *a, struct tote_fault *fault);

/* 1 where something is to be looked at again. */
int tote__asset_audit_is_odd(const struct asset_audit *a);
/*
 * The second look, after the walk and once more after the reading. now: what the ledger holds by
 * now, NULL where that is not known.
 */
int tote__asset_audit_again(struct asset_audit *a, struct view *now, struct tote_fault *fault);

struct asset_count {
	uint64_t verified, total;
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
