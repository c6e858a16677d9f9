/* SPDX-License-Identifier: ISC */
/*
 * The assets of a box: seal files, list them, read them back verified.
 *
 * A path is sealed once, ever. It is relative, `/`-separated, any bytes but NUL, at most 4,095, no
 * component empty, `.`, `..`, longer than 255, or beginning with `.tote-`.
 */
#ifndef TOTEBORCH_ASSETS_H
#define TOTEBORCH_ASSETS_H

#include <toteborch/ledger.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_SOURCE_FD    1u /* the bytes come from descriptor fd, read by offset from 0 */
#define TOTE_SOURCE_DATA  2u /* the bytes are data and length */
#define TOTE_SOURCE_MTIME 4u /* record the file's modification time */

/*
 * One file to seal. path: where it is to lie in the container. file: the host's file (neither FD
 * nor DATA): opened once, no link followed, refused when it is not regular or changes while it is
 * read. media_type, source: recorded where not NULL. supersedes: the seq of the seal that this one
 * corrects, or TOTE_SEQ_ANY, or 0, which is never a seal. Frozen.
 */
struct tote_source {
	const char *path;
	const char *file;
	const void *data;
	size_t length;
	int32_t fd;
	uint32_t flags;
	uint64_t supersedes;
	const char *media_type;
	const char *source;
};

#define TOTE_SEALED_NEW     1u /* sealed by this call */
#define TOTE_SEALED_ALREADY 2u /* the same path and bytes were sealed before; nothing was done */

/* What became of one file. Frozen. */
struct tote_sealed {
	uint64_t seq;
	uint64_t bytes;
	uint32_t result;
	uint32_t reserved;
	uint8_t digest[32];
};

/*
 * Seals count files as one group, all or none: when it returns 0 each lies at its path, durable,
 * mode 0444, with its entry. actor may be NULL. ret_sealed: count of them, or NULL. flags: 0.
 * TOTE_E_EXISTS naming a path that was sealed with other bytes or at which something lies,
 * TOTE_E_DAMAGED naming one whose file is not what was sealed any more,
 * TOTE_E_SOURCE, TOTE_E_GRAMMAR, TOTE_E_TOO_LARGE, TOTE_E_STATE, TOTE_E_NO_SPACE, ... as
 * tote_box_append. Any thread. Since 0.1.
 */
TOTE_API int tote_box_seal(tote_box *box, const struct tote_source *sources, size_t count,
	const char *actor, uint32_t flags, struct tote_sealed *ret_sealed,
	struct tote_fault *fault);

/*
 * The sealing of files and directory trees in as many calls as it takes. Nothing is written before
 * step; every offender (a link, pipe, socket, device, unreadable or ill-named file, a path sealed
 * with other bytes) is known before. One call at a time.
 */
typedef struct tote_sealing tote_sealing;

/* actor may be NULL. flags: 0. Any thread. Since 0.1. */
TOTE_API int tote_sealing_new(tote_box *box, const char *actor, uint32_t flags,
	tote_sealing **ret_sealing, struct tote_fault *fault);

/*
 * What is recorded of the files that are added from here on, instead of what was said before:
 * media_type and source where not NULL; supersedes: the seq of the seal that the one file to come
 * corrects, or TOTE_SEQ_ANY. TOTE_E_GRAMMAR or TOTE_E_TOO_LARGE for what no entry can say.
 * Since 0.1.
 */
TOTE_API int tote_sealing_describe(tote_sealing *sealing, const char *media_type,
	const char *source, uint64_t supersedes, struct tote_fault *fault);

/*
 * Adds a file under its base name, or a directory under its base name and all below it; to, which
 * may be NULL or "", is put before. file itself may be a link to either. TOTE_E_NOT_FOUND,
 * TOTE_E_GRAMMAR for a file without a base name ("/", ".", ".."). An offender does not fail the
 * call; what was sealed before and is damaged now does (TOTE_E_DAMAGED), and a superseded entry
 * that is no seal (TOTE_E_NOT_FOUND). A directory without a file adds nothing: directories alone are not kept. Since 0.1.
 */
TOTE_API int tote_sealing_add(
	tote_sealing *sealing, const char *file, const char *to, struct tote_fault *fault);

/* Why one source cannot be sealed. The pointers live as long as the sealing. Frozen. */
struct tote_offender {
	const char *file;
	const char *path; /* in the container */
	int32_t code;     /* TOTE_E_* */
	uint32_t reserved;
	const char *text;
};

/* Offender number index: 1, or 0 where there are no more. Since 0.1. */
TOTE_API int tote_sealing_offender(tote_sealing *sealing, size_t index,
	struct tote_offender *ret_offender, struct tote_fault *fault);

struct tote_sealing_progress {
	uint32_t size;
	uint32_t flags;
	uint64_t files;   /* to be sealed in all */
	uint64_t bytes;   /* of them, as their sizes were when they were added */
	uint64_t sealed;  /* newly */
	uint64_t already; /* the same path and bytes were sealed before */
	uint64_t sealed_bytes;
	uint64_t
		first_seq; /* of the newest step, with last_seq; TOTE_SEQ_ANY where it sealed none */
	uint64_t last_seq;
};

/*
 * Seals the next group (at most 4,096 files and 3 MiB of entries, in byte order of path): 1 more to
 * do, 0 all done. With any offender it is refused (TOTE_E_SOURCE) and nothing is sealed. After a
 * failure a new sealing of the same sources goes on. Since 0.1.
 */
TOTE_API int tote_sealing_step(tote_sealing *sealing, struct tote_fault *fault);
/* How far it came. progress->size is set by the caller. Since 0.1. */
TOTE_API int tote_sealing_progress(
	tote_sealing *sealing, struct tote_sealing_progress *progress, struct tote_fault *fault);
/* Drops it; NULL is allowed; returns NULL. Since 0.1. */
TOTE_API tote_sealing *tote_sealing_unref(tote_sealing *sealing);

#define TOTE_ERASED_NEW     1u /* by this call */
#define TOTE_ERASED_ALREADY 2u /* an earlier entry says so; a file still left there is gone now */

/* seal: the seq of the seal, seq: of the asset.erased that ended it. Frozen. */
struct tote_erased {
	uint64_t seq;
	uint64_t seal;
	uint32_t result;
	uint32_t reserved;
};

/*
 * Erases one asset: entry first, file after. From then on its absence is right and its presence is
 * a finding; its path stays used for ever, and so does the entry that sealed it: what must be
 * forgotten does not belong into names. Also where the file is missing or damaged. authority: who
 * may order it, reason: why; both are required; actor may be NULL. flags: 0. ret_erased may be
 * NULL. Suspended and archived containers take it, disposed ones do not (TOTE_E_STATE).
 * TOTE_E_NOT_FOUND where nothing was ever sealed there; TOTE_E_UNTRUSTED where something other than
 * a file lies there. Where the entry is durable and the file could not be removed, effect is
 * unknown: the same call again, or the next holder, completes it. Any thread. Since 0.1.
 */
TOTE_API int tote_box_erase(tote_box *box, const char *path, const char *authority,
	const char *reason, const char *actor, uint32_t flags, struct tote_erased *ret_erased,
	struct tote_fault *fault);

#define TOTE_ASSET_ERASED 1u /* its absence is right */

/* One sealed asset. Strings live until the next call on the list; NULL where not recorded. */
struct tote_asset {
	uint32_t size;
	uint32_t flags;
	uint64_t seq;
	uint64_t bytes;
	uint64_t supersedes; /* TOTE_SEQ_ANY: none */
	int64_t mtime_us;    /* -1: not recorded */
	uint8_t digest[32];
	const char *path;
	size_t path_length;
	const char *media_type;
	const char *source;
};

/* The assets as the ledger knows them, in byte order of path. One call at a time. */
typedef struct tote_asset_list tote_asset_list;

/* Reads the ledger once; takes no lock. flags: 0. Any thread. Since 0.1. */
TOTE_API int tote_asset_list_open(
	tote_box *box, uint32_t flags, tote_asset_list **ret_list, struct tote_fault *fault);
/* 1 and the next asset, 0 at the end. asset->size is set by the caller. Since 0.1. */
TOTE_API int tote_asset_list_next(
	tote_asset_list *list, struct tote_asset *asset, struct tote_fault *fault);
/* 1 and the asset of that very path, 0 where none was sealed there. Since 0.1. */
TOTE_API int tote_asset_list_find(tote_asset_list *list, const char *path, struct tote_asset *asset,
	struct tote_fault *fault);
/* Drops it; NULL is allowed; returns NULL. Since 0.1. */
TOTE_API tote_asset_list *tote_asset_list_unref(tote_asset_list *list);

/* The bytes of one asset, verified while they are read. One call at a time. */
typedef struct tote_asset_reader tote_asset_reader;

/*
 * Opens it; what is wrong with its bytes is found by read. TOTE_E_NOT_FOUND (never sealed, erased,
 * or the file is gone: fault.text says which). Any thread. Since 0.1.
 */
TOTE_API int tote_asset_open(
	tote_box *box, const char *path, tote_asset_reader **ret_reader, struct tote_fault *fault);
/*
 * 1 and up to cap bytes (1 or more), 0 at the end, which is reached only where size and digest are
 * those that were sealed; otherwise TOTE_E_MISMATCH, and what came before is not to be trusted.
 * Since 0.1.
 */
TOTE_API int tote_asset_read(tote_asset_reader *reader, void *out, size_t cap, size_t *ret_length,
	struct tote_fault *fault);
/* Drops it; NULL is allowed; returns NULL. Since 0.1. */
TOTE_API tote_asset_reader *tote_asset_reader_unref(tote_asset_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
