/* SPDX-License-Identifier: ISC */
/*
 * What is done to a container, and the record of it that is kept outside: what was asked for, what
 * was answered, and so what must be on the disk whatever happens to it.
 */
#ifndef POWER_WORK_H
#define POWER_WORK_H

#include "box/box.h"
#include "power/recorder.h"
#include <stdarg.h>
#include <toteborch.h>

#define TEXT_ROOM  64
#define WHY_ROOM   600
#define PLACE_ROOM 400

/* The calls, as letters of a workload. */
#define CALL_CREATE  'c'
#define CALL_APPEND  'a'
#define CALL_BATCH   'b' /* three records in one call */
#define CALL_SEAL    's' /* one file below a directory */
#define CALL_SEALS   't' /* one file at the top and one below a directory of its own */
#define CALL_FOLD    'f'
#define CALL_MOVE    'm' /* suspend or resume */
#define CALL_ERASE   'x' /* the newest file that is sealed */
#define CALL_ROTATE  'k'
#define CALL_REPAIR  'r' /* of a damaged base; once more it finds nothing to do */
#define CALL_COPY    'y' /* to a directory beside it */
#define CALL_AUDIT   'A' /* of a root: of everything, in full; nothing may be found */
#define CALL_WITNESS 'w' /* of a root */
#define CALL_INIT    'i' /* of a root */
#define CALL_RECOVER 'R' /* open, if it is not, and take over */

enum wish_kind {
	WISH_CREATED,
	WISH_RECORD,
	WISH_SEAL,
	WISH_MOVE,
	WISH_ERASED,
	WISH_ROTATED,
	WISH_REPAIRED
};

/* An entry that was asked for. */
struct wish {
	enum wish_kind kind;
	char text[TEXT_ROOM];  /* payload, path, or the state to be */
	char bytes[TEXT_ROOM]; /* of the file */
};

/* Those of one call: all of them are there or none. */
struct demand {
	struct wish wish[3];
	size_t count;
};

struct taken {
	const uint8_t *bytes;
	size_t len;
	uint8_t leaf[32];
	const struct wish *sealed; /* what was asked for, where it is a seal */
	size_t ends;               /* where it is an erasure: one more than the seal's place */
};

struct signed_tree {
	uint64_t size;
	uint8_t root[32];
};

/* What holds from a moment on: the beginnings of the arrays below. */
struct promise {
	size_t entries, trees;
	size_t answered; /* of `asked`: what comes behind may be there or not */
	int created, repaired;
	unsigned int copies; /* calls that made one */
	uint64_t copied;     /* entries that the copy holds at least */
	/* of a root: */
	int made;
	size_t records; /* entries of the consolidated record */
	uint64_t seen;  /* entries that the witness has cosigned */
};

struct truth {
	struct taken *entries;
	struct signed_tree *trees;
	struct demand *asked;
	struct promise *promises;
	struct taken *records; /* those of the consolidated record */
	size_t record_cap;
	int rooted;     /* a container of an orchestrator's, not one alone */
	char vkey[320]; /* the container's first, once it was created */
	int rotated;    /* asked for */
	int damaged;    /* from the beginning: nothing is taken before its repair */
	unsigned int copies_asked;
	size_t entry_cap, tree_cap, asked_count, asked_cap, promise_count, promise_cap;
	struct promise now;
	unsigned int number; /* makes each text another one */
};

struct run {
	char root[256];
	struct arena arena;
	struct truth truth;
	tote_orchestrator *o; /* of a root, while it is open */
	tote_box *box;
	struct tote_fault fault;
	char why[WHY_ROOM]; /* what was found wrong first, or "" */
};

/* Once: the context and the key of everything that runs. */
void work_begin(const char *scratch);
void work_end(void);
/* The image of a disk that has only the key. */
const struct image *work_nothing(void);
/* The image of a disk that has nothing at all. */
const struct image *work_void(void);
tote_ctx *work_ctx(void);

/* Begins at an image, knowing what the promise number says of it (SIZE_MAX: the newest). */
void run_begin(struct run *r, const char *root, const struct image *image,
	const struct truth *truth, size_t promise);
void run_end(struct run *r);
/* 0 done and promised, 1 refused as the state demands, negative: it failed, r->fault says why. */
int run_call(struct run *r, char call);
/*
 * Appends records of so many bytes of payload to make a base: count of them, so many in a call; and
 * takes what is there into the record without having asked for it. The other one goes on until no
 * more than `room` is left in a segment of that size; 0: as large as it is now.
 */
void run_fill(struct run *r, size_t count, size_t in_a_call, size_t bytes);
void run_fill_segment(struct run *r, uint64_t segment, uint64_t room, size_t bytes);
void run_drop(struct run *r); /* the handle, without any I/O */
tote_box *run_open(struct run *r, uint32_t flags);
/* The newest file that is sealed and not erased: its place in the entries; 0: none. */
size_t run_newest_asset(const struct run *r);
/* The container's directory, below the root of the run. */
const char *run_place(const struct run *r);
/* Compares all entries with what was asked and promised. */
void run_compare(struct run *r);
/* Damaged, as far as is known: it may have been repaired, and nobody was told. */
int run_is_damaged(const struct run *r);
void run_wrong(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
