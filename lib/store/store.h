/* SPDX-License-Identifier: ISC */
/*
 * Where a container's bytes live: the table of operations of a backend, the place that one opened
 * container is, and the few conveniences that hold for every backend.
 *
 * A backend speaks objects, cells, journals and barriers, not system calls. It never sees a key and
 * is never believed: the rooms above hash again whatever they read.
 *
 * What every operation promises: 0 or a negative code with the fault's text set and fault->effect
 * saying whether something happened (TOTE_EFFECT_NONE unless said otherwise); no operation keeps a
 * pointer of the caller's; names are relative, `/`-separated, checked by the caller and checked
 * again by the backend (no empty, `.` or `..` component, no NUL).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/ctx.h"

/* What a place is made of. */
enum store_layout {
	LAYOUT_CONTAINER,    /* app-console-input/ assets/ ledger/{log,journal} */
	LAYOUT_ORCHESTRATOR, /* ledger/{log,journal} keys/ seen/ reports/ */
	LAYOUT_LEDGER,       /* a ledger/ directory alone, given itself: read-only verification */
	LAYOUT_LOG,          /* a published log/ alone: read-only verification */
	LAYOUT_KEYS          /* one directory that holds key files (SPACE_KEYS) */
};

enum store_space {
	SPACE_TOP,     /* the container's directory itself: only listed */
	SPACE_INPUT,   /* app-console-input/ */
	SPACE_ASSETS,  /* assets/ */
	SPACE_LEDGER,  /* ledger/: only listed; its log/ and journal/ are the next two */
	SPACE_LOG,     /* ledger/log/ */
	SPACE_JOURNAL, /* ledger/journal/: only listed; its segments have operations of their own */
	SPACE_KEYS,    /* orchestrator: keys/, mode 0700, files 0600 */
	SPACE_SEEN,    /* orchestrator: seen/ */
	SPACE_REPORTS, /* orchestrator: reports/ */
	SPACE_INDEX,   /* orchestrator: index/ */
	SPACES
};

#define STORE_NAME_MAX 4095

/* Types of what lies under a name. */
enum { STORE_FILE = 1, STORE_DIR, STORE_LINK, STORE_OTHER };

struct store_stat {
	int type;
	uint32_t mode; /* the permission bits, 07777 */
	uint64_t size;
	uint64_t links;
	uint64_t device, inode;
	int64_t mtime_us;
	int mount; /* 1: the name is a mount point, its inside is another file system */
};

/* Flags of open. */
#define STORE_GLANCE    2u /* of open: what lies below is not looked at before it is asked for */
#define STORE_READ_ONLY 1u

/* Flags of object_open. */
#define STORE_UNCACHED 1u /* what is read comes from the medium, or object_read says it could not */

/* Capabilities. */
#define STORE_CAN_JOURNAL    1u /* journal_* */
#define STORE_CAN_LOCK       2u /* lock_*, line_* */
#define STORE_CAN_ANY_THREAD 4u /* calls on one place may overlap */
#define STORE_CAN_UNCACHED   8u
#define STORE_CAN_REPAIR     16u /* journal_build, journal_exchange, set_aside */
#define STORE_CAN_INPUT      32u /* input_* */

/* How far "durable" reaches. */
enum { STORE_DURABLE_PROCESS = 1, STORE_DURABLE_OS, STORE_DURABLE_POWER };

/* Whether somebody still writes to a file. */
enum { STORE_WRITER_NONE, STORE_WRITER_THERE, STORE_WRITER_UNKNOWN };

#define INPUT_TAKEN    ".tote-taken"
#define INPUT_REJECTED ".tote-rejected"
#define TAKEN_PATH_MAX 300

struct store_identity { /* of the directories that must be no other container's */
	uint32_t count;
	uint64_t device[8], inode[8];
};

/* One of several objects that are written once. exists is set where the name is taken already. */
struct store_put {
	const char *name;
	const void *data;
	size_t len;
	int exists;
};

/*
 * One of several small objects that are read at the same time: at most cap bytes from its beginning
 * into out, with ret_cached as of object_read. code: what open or read gave.
 */
struct store_read {
	const char *name;
	void *out; /* at a multiple of 4096, and cap is one too: else each costs a copy */
	size_t cap, len;
	int code, cached;
	struct store_stat st;
};

/* One found name; name is one component. Return non-zero to stop: list then returns that. */
typedef int store_list_fn(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault);

/* The bytes of FORMAT section 5. fcntl.h has a LOCK_WRITE of its own, which is 128. */
enum { LOCK_BYTE_WRITE = 0, LOCK_BYTE_TURNSTILE = 1, LOCK_BYTE_FOLD = 2, LOCK_BYTE_DISPATCH = 3 };

#define LOCK_LINE_MAX 1024

/*
 * The table. Handles (place, object, stage, segment) are the backend's own. A member that is not
 * in `capabilities` may be NULL; all others are required.
 */
struct store_ops {
	uint32_t size;
	uint32_t capabilities;
	uint32_t durability;
	uint32_t
		max_open_stages; /* how many stages may be open at once before others must be kept */
	uint64_t max_object;
	uint32_t max_name;
	uint32_t max_containers; /* 0: no limit */
	const char *name;        /* in the form of an ID: "posix", "memory" */

	/* Makes the skeleton of a layout, durable; what of it is there already is kept and synced. */
	int (*provision)(void *backend, const char *location, int layout, struct tote_fault *fault);
	/*
	 * Opens a place. NOT_FOUND where nothing lies there, UNTRUSTED for a link, mount or file where
	 * a directory of the layout should be, UNREACHABLE for what cannot be looked at.
	 */
	int (*open)(void *backend, const char *location, int layout, uint32_t flags,
		void **ret_place, struct tote_fault *fault);
	void (*close)(void *place);
	int (*identity)(void *place, struct store_identity *ret, struct tote_fault *fault);
	/* Gives back descriptors until the next call, where many places are open. May be NULL. */
	void (*rest)(void *place);

	/* What lies under a name, not following a link. NOT_FOUND. */
	int (*stat)(void *place, int space, const char *name, struct store_stat *ret,
		struct tote_fault *fault);
	/* The names in directory dir ("" is the space itself), in no order, without . and .. */
	int (*list)(void *place, int space, const char *dir, store_list_fn *each, void *user,
		struct tote_fault *fault);
	/*
	 * Opens a regular file for reading (UNTRUSTED for anything else), never following a link.
	 * read gives up to len bytes at offset (fewer only at the end); ret_cached, where not NULL, is
	 * set to 1 if STORE_UNCACHED was asked for and these bytes may have come from memory.
	 */
	int (*object_open)(void *place, int space, const char *name, uint32_t flags,
		void **ret_object, struct store_stat *ret_stat, struct tote_fault *fault);
	int (*object_read)(void *object, uint64_t offset, void *out, size_t len, size_t *ret_len,
		int *ret_cached, struct tote_fault *fault);
	void (*object_close)(void *object);

	/* Writes once: all or nothing, its bytes synced, mode 0444, parents made. EXISTS. */
	int (*put_new)(void *place, int space, const char *name, const void *data, size_t len,
		struct tote_fault *fault);
	/* Syncs an object that was found in place, and lets the next barrier cover its names. */
	int (*sync_object)(void *place, int space, const char *name, struct tote_fault *fault);
	/* All that was put, kept, published, discarded, removed in this space is durable, names too. */
	int (*barrier)(void *place, int space, struct tote_fault *fault);
	/* Removes a superseded partial tile or an erased asset; the next barrier makes it durable. */
	int (*remove)(void *place, int space, const char *name, struct tote_fault *fault);

	/* A small file that is replaced whole. read: NOT_FOUND; the whole cell is appended to out. */
	int (*cell_read)(void *place, int space, const char *name, struct buf *out,
		struct tote_fault *fault);
	/*
	 * Durable when it returns. CONFLICT unless the cell holds old (NULL: does not exist). mode is
	 * that of a file made new (0600 in keys/, 0644 elsewhere).
	 */
	int (*cell_swap)(void *place, int space, const char *name, const void *old, size_t old_len,
		const void *data, size_t len, uint32_t mode, struct tote_fault *fault);
	/* Syncs a cell found in place and its directory. */
	int (*cell_sync)(void *place, int space, const char *name, struct tote_fault *fault);
	/*
	 * The cell `from` takes the name of the cell `to`, which is replaced where it is there; durable
	 * when it returns. NOT_FOUND where there is no `from`. Both lie in one directory.
	 */
	int (*cell_rename)(
		void *place, int space, const char *from, const char *to, struct tote_fault *fault);

	/* Sealing (FORMAT section 7). A stage is nameless: gone after a crash. */
	int (*stage_begin)(void *place, void **ret_stage, struct tote_fault *fault);
	int (*stage_write)(void *stage, const void *data, size_t len, struct tote_fault *fault);
	int (*stage_sync)(
		void *const *stages, size_t count, struct tote_fault *fault); /* mode 0444 too */
	/* Step 3: named .tote-SEQ in assets/; a barrier makes it durable. EXISTS. The stage stays open. */
	int (*stage_keep)(void *stage, uint64_t seq, struct tote_fault *fault);
	void (*stage_close)(void *stage); /* without keep: it is gone. NULL is allowed */
	/* Step 2: the parents of path are made and synced, also those found in place. */
	int (*make_parents)(void *place, const char *path, struct tote_fault *fault);
	/* Step 5: .tote-SEQ to its path, never replacing (EXISTS); a barrier makes it durable. */
	int (*publish)(void *place, uint64_t seq, const char *path, struct tote_fault *fault);
	int (*discard)(void *place, uint64_t seq, struct tote_fault *fault); /* removes .tote-SEQ */
	/* The .tote-SEQ that are there, ascending; more than cap: TOTE_E_LIMIT. */
	int (*list_kept)(void *place, uint64_t *seqs, size_t cap, size_t *ret_count,
		struct tote_fault *fault);
	/* A takeover's: syncs assets/ and the parents of these paths, whether or not we touched them. */
	int (*sync_parents)(
		void *place, const char *const *paths, size_t count, struct tote_fault *fault);
	/* Removes what dead writers left unlocked (.tote-w-*) in assets/, log/ and journal/. */
	int (*sweep)(void *place, struct tote_fault *fault);

	/* Segments of the journal (FORMAT section 5). A segment is named by its first seq. */
	int (*journal_list)(void *place, uint64_t *seqs, size_t cap, size_t *ret_count,
		struct tote_fault *fault); /* ascending; other names are left to list() */
	/* Made nameless, zeros to bytes, header at 0, synced, named; journal/ synced. EXISTS. */
	int (*journal_make)(void *place, uint64_t seq, const void *header, size_t len,
		uint64_t bytes, struct tote_fault *fault);
	int (*journal_open)(void *place, uint64_t seq, void **ret_segment, uint64_t *ret_bytes,
		struct tote_fault *fault); /* UNTRUSTED unless a regular file with one link */
	void (*journal_close)(void *segment);
	int (*journal_size)(void *segment, uint64_t *ret_bytes, struct tote_fault *fault);
	int (*journal_read)(void *segment, uint64_t offset, void *out, size_t len, size_t *ret_len,
		struct tote_fault *fault);
	/* effect UNKNOWN on failure, as for sync and grow */
	int (*journal_write)(void *segment, uint64_t offset, const void *data, size_t len,
		struct tote_fault *fault);
	int (*journal_sync)(void *segment, struct tote_fault *fault);
	int (*journal_grow)(
		void *segment, uint64_t bytes, struct tote_fault *fault); /* synced zeros */
	int (*journal_is_current)(
		void *place, uint64_t seq, void *segment); /* 1: the name is this file */
	int (*journal_remove)(void *place, uint64_t seq, struct tote_fault *fault);
	/* Syncs journal/ and ledger/, as a takeover must. */
	int (*journal_sync_names)(void *place, struct tote_fault *fault);

	/*
	 * Exclusive locks on single bytes. BUSY after wait_us (0 or less: at once). Owned by the place,
	 * not by the thread: within one process the caller sees to it that a byte is taken once. Who asks
	 * for LOCK_BYTE_WRITE is served in his turn, and so not while another has LOCK_BYTE_TURNSTILE.
	 */
	int (*lock_take)(void *place, int byte, int64_t wait_us, struct tote_fault *fault);
	void (*lock_drop)(void *place, int byte);
	/* 1: the path `lock` is the file we hold; 0: it is not; negative: that could not be seen */
	int (*lock_is_current)(void *place, struct tote_fault *fault);
	/* Bytes from offset 0, at most cap; ret_inode is what the line must name. NOT_FOUND: no lock. */
	int (*line_read)(void *place, char *out, size_t cap, size_t *ret_len, uint64_t *ret_inode,
		struct tote_fault *fault);
	int (*line_write)(void *place, const char *line, size_t len, struct tote_fault *fault);
	int (*line_sync)(void *place, struct tote_fault *fault);

	/*
	 * A repair's (FORMAT section 5). build: a directory ledger/damaged/NAME whose only segment is
	 * seq, data at 0 and zeros to bytes behind it, all of it synced, names too; EXISTS. exchange:
	 * that directory and journal/ take each other's place in one step; ledger/damaged/ and ledger/
	 * are synced (effect UNKNOWN where only that failed). set_aside: an object of the log goes to
	 * ledger/damaged/SET/NAME, never replacing; barriers of SPACE_LOG and SPACE_LEDGER make it
	 * durable. UNSUPPORTED where the medium cannot exchange.
	 */
	int (*journal_build)(void *place, const char *name, uint64_t seq, const void *data,
		size_t len, uint64_t bytes, struct tote_fault *fault);
	int (*journal_exchange)(void *place, const char *name, struct tote_fault *fault);
	int (*set_aside)(void *place, const char *set, const char *name, struct tote_fault *fault);

	/*
	 * Several of put_new that may share their syncs; each name comes after the sync of its bytes. A
	 * name that is taken is no failure. After one, some may be there. May be NULL.
	 */
	int (*put_all)(void *place, int space, struct store_put *puts, size_t count,
		struct tote_fault *fault);

	/*
	 * The gate (FORMAT section 7, at its end): one file of SPACE_INPUT, a name of one component,
	 * taken out of reach of whoever put it there. What a dead taker held is found by list() below
	 * INPUT_TAKEN and adopted.
	 */
	/* *ret_writer: STORE_WRITER_*. NOT_FOUND; UNTRUSTED for what is no file with one link. */
	int (*input_look)(void *place, const char *name, int *ret_writer, struct tote_fault *fault);
	/* Now it lies at ret_path of SPACE_INPUT. NOT_FOUND, UNTRUSTED. */
	int (*input_take)(void *place, const char *name, void **ret_taken,
		char ret_path[TAKEN_PATH_MAX], struct tote_fault *fault);
	/* What another taker left below INPUT_TAKEN/random/name; BUSY where it is still its own. */
	int (*input_adopt)(void *place, const char *random, const char *name, void **ret_taken,
		char ret_path[TAKEN_PATH_MAX], struct tote_fault *fault);
	/*
	 * The three ends of it; each frees it, also where it fails and the file stays where it was:
	 * back to its name, never replacing (EXISTS); gone; kept as INPUT_REJECTED/SEQ, durable.
	 */
	int (*input_give_back)(void *taken, struct tote_fault *fault);
	int (*input_drop)(void *taken, struct tote_fault *fault);
	int (*input_reject)(void *taken, uint64_t seq, struct tote_fault *fault);

	/*
	 * 1 where a location, at which nothing needs to be yet, lies inside a container or an
	 * orchestrator's directory, anybody's: that begins *ret_levels above it. 0 where it does not, or
	 * where that cannot be seen. NULL: locations do not lie in each other.
	 */
	int (*enclosed)(void *backend, const char *location, uint32_t *ret_levels,
		struct tote_fault *fault);

	/*
	 * Opens, reads and closes so many objects, flags as of object_open: all of them are open at
	 * once, and what waits for a medium waits for it together. It fails where none could be
	 * tried. May be NULL.
	 */
	int (*read_many)(void *place, int space, uint32_t flags, struct store_read *reads,
		size_t count, struct tote_fault *fault);
};

/* One opened place: what the rooms above hold. */
struct place {
	struct tote_ctx *ctx;
	const struct store_ops *ops;
	void *handle;
	char *location;
	int layout;
};

/* The backend of that name; TOTE_E_UNSUPPORTED for an unknown one. */
int tote__backend_find(struct tote_ctx *ctx, const char *name, const struct store_ops **ret_ops,
	void **ret_backend, struct tote_fault *fault);

int tote__place_provision(struct tote_ctx *ctx, const char *backend, const char *location,
	int layout, struct tote_fault *fault);
int tote__place_open(struct tote_ctx *ctx, const char *backend, const char *location, int layout,
	uint32_t flags, struct place *ret_place, struct tote_fault *fault);
void tote__place_close(struct place *place); /* takes a zeroed or closed one */
/* The backend's `enclosed`; 0 where it has none. */
int tote__place_enclosed(struct tote_ctx *ctx, const char *backend, const char *location,
	uint32_t *ret_levels, struct tote_fault *fault);

/*
 * All numbers that journal_list or list_kept gives, at most max of them: TOTE_E_LIMIT. *numbers, of
 * the context's heap, is NULL or what an earlier call left; it is the caller's to free, also where
 * this failed.
 */
typedef int store_numbers_fn(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault);
int tote__place_numbers(const struct place *place, store_numbers_fn *list, size_t max,
	uint64_t **numbers, size_t *ret_count, struct tote_fault *fault);

/* A host's path made absolute by the working directory, its text otherwise as it is; heap string. */
char *tote__place_absolute(struct tote_ctx *ctx, const char *path, struct tote_fault *fault);

/* Several objects written once; by put_new where the backend has nothing better. */
int tote__store_put_all(const struct place *place, int space, struct store_put *puts, size_t count,
	struct tote_fault *fault);

/*
 * The whole of an opened object of that size appended to out, at most out->max bytes in all
 * (TOTE_E_TOO_LARGE): what store_get does between its open and its close.
 */
int tote__store_read(const struct place *place, void *object, uint64_t size, struct buf *out,
	int *ret_cached, struct tote_fault *fault);

/* As read_many, by open, read and close where the backend has nothing better. */
int tote__store_read_many(const struct place *place, int space, uint32_t flags,
	struct store_read *reads, size_t count, struct tote_fault *fault);

/*
 * A whole object appended to out, at most out->max bytes in all (TOTE_E_TOO_LARGE). With
 * STORE_UNCACHED *ret_cached says whether any of it may have come from memory; NULL is allowed.
 */
int tote__store_get(const struct place *place, int space, const char *name, uint32_t flags,
	struct buf *out, int *ret_cached, struct tote_fault *fault);

#endif
