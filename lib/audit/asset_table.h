/* SPDX-License-Identifier: ISC */
/*
 * The assets that a ledger's entries name: what each one must be, found by seq while the ledger is
 * read, by path afterwards. 72 bytes an asset and its path.
 */
#ifndef AUDIT_ASSET_TABLE_H
#define AUDIT_ASSET_TABLE_H

#include "box/sealed.h"

#define ASSET_VOID    1u    /* never became a file */
#define ASSET_ERASED  2u    /* must not be there */
#define ASSET_IGNORED 4u    /* of two seals of a path the first counts */
#define ASSET_FOUND   8u    /* something lies at its path */
#define ASSET_KEPT    16u   /* it still lies as .tote-SEQ */
#define ASSET_ODD     32u   /* what lies there is not as it must be */
#define ASSET_READ    64u   /* its bytes were read and are those that were sealed */
#define ASSET_HIDDEN  128u  /* below a directory that could not be looked into */
#define ASSET_SHUT    256u  /* no file of its size: its bytes need no reading */
#define ASSET_EARLIER 512u  /* an earlier run read its bytes, and this one counts on that */
#define ASSET_PASSED  1024u /* nobody asked for it */

#define ASSET_NOT_COUNTED (ASSET_VOID | ASSET_IGNORED)

struct asset {
	char *path;
	uint64_t seq, size;
	int64_t time_us; /* of its entry */
	uint8_t digest[HASH_LEN];
	uint32_t flags;
	uint32_t nth; /* in order of seq */
};

struct path_chunk;

struct asset_table {
	const struct heap *heap;
	struct asset *items; /* ascending by seq; by path once arranged */
	size_t count, cap;
	uint32_t *order; /* arranged: where in items the n-th by seq is */
	struct path_chunk *paths;
	int arranged;
};

void tote__asset_table_init(struct asset_table *t, const struct heap *heap);
void tote__asset_table_free(struct asset_table *t);
int tote__asset_table_add(struct asset_table *t, const struct sealed *fact, uint64_t seq,
	int64_t time_us, struct tote_fault *fault);
/* The seal at that seq, or NULL. */
struct asset *tote__asset_table_by_seq(struct asset_table *t, uint64_t seq);
/* The n-th in order of seq. */
struct asset *tote__asset_table_nth(const struct asset_table *t, size_t n);

/*
 * Orders by path and, of seals that are not voided, marks ASSET_IGNORED each later seal of a path and each
 * that is, by whole components, the beginning of an earlier one or has an earlier one as its own.
 */
int tote__asset_table_arrange(struct asset_table *t, struct tote_fault *fault);
/* Arranged: the one that counts at this path; NULL. */
struct asset *tote__asset_table_at(struct asset_table *t, const char *path);
/* Arranged: 1 where some path that counts lies below dir. */
int tote__asset_table_below(struct asset_table *t, const char *dir);
/* Arranged: what lies below dir ("": everything) cannot be looked at. */
void tote__asset_table_hide(struct asset_table *t, const char *dir);
/* 1 where a file must lie at its path. */
int tote__asset_must_be_there(const struct asset *item);
/* 1 where path lies below dir, by whole components. */
int tote__asset_is_below(const char *path, const char *dir);

#endif
