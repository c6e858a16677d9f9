/* SPDX-License-Identifier: ISC */
/*
 * A root that is watched for simulated days: one process keeps the schedule, one appends, both are
 * killed at any moment; files are harmed and mended, clocks jump; and in the end the consolidated
 * record is held against what was done. Time is the controller's: it goes on when the keeper sleeps.
 */
#ifndef STRESS_VIGIL_H
#define STRESS_VIGIL_H

#include "stress/tree.h"
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <toteborch.h>

#define VIGIL_ORIGIN      "archive.example.com/vigil"
#define CONTAINERS_MAX    400u
#define ASSETS_EACH       5u
#define ENTRIES_EACH      300u /* before it begins: one full bundle, and some behind it */
#define FULL_SECONDS      3600
#define STRUCTURE_SECONDS 900
#define SECOND            1000000ll
/* For so long damage stays at least, and an object is whole before it is harmed again. */
#define LONG_ENOUGH (5 * FULL_SECONDS / 2 * SECOND)
#define ID_ROOM     16

/* In memory that all processes see. */
struct shared {
	atomic_llong wall, mono; /* the clock of all of them, microseconds */
	atomic_int ends;
	atomic_int asleep;    /* the keeper has nothing to do before: */
	atomic_llong until;   /* on the monotonic clock */
	atomic_ullong record; /* entries of the consolidated record when it last fell asleep */
	atomic_ulong dispatches, appends, refused, kills, jumps;
	atomic_ulong wrong; /* what should not have happened; the first of it: */
	char why[512];
};

enum harm_kind {
	ASSET_FLIPPED,
	ASSET_CUT,
	ASSET_GONE,
	ASSET_OPEN, /* mode 0644 */
	ASSETS_STRANGER,
	BUNDLE_FLIPPED,
	TILE_FLIPPED,
	SKELETON_STRANGER,
	ASSETS_LINK, /* a symbolic link in place of the directory */
	CONTAINER_GONE,
	SEEN_GONE,
	HARM_KINDS
};

/* What was done to one container, and from when to when; record: entries of it at those moments. */
struct harm {
	unsigned int container;
	enum harm_kind kind;
	char path[64];    /* as a finding names it; "" where any path of that container will do */
	int64_t from, to; /* monotonic; to 0: not mended yet */
	uint64_t record_from, record_to;
	int64_t planned; /* when it will be mended */
	unsigned int asset;
};

/* How far the record was at a moment. */
struct moment {
	int64_t mono;
	uint64_t record;
};

struct vigil {
	char top[PATH_ROOM], root[PATH_ROOM];
	unsigned int containers;
	double days;
	uint64_t chance;
	struct shared *shared;
	struct harm *harms;
	size_t harm_count, harm_cap;
	struct moment *moments;
	size_t moment_count, moment_cap;
	size_t open[CONTAINERS_MAX]; /* the unmended harm of each: its place in harms, and 1 */
	int64_t whole_since[CONTAINERS_MAX];
};

void vigil_wrong(struct vigil *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint64_t vigil_draw(uint64_t *state, uint64_t below);
const char *vigil_id(unsigned int container, char out[ID_ROOM]);
/* A context whose clocks are the shared ones. */
tote_ctx *vigil_ctx(struct vigil *v);
void *vigil_room(void *items, size_t count, size_t *cap, size_t size);

/* vigil_work.c; the first two never return. */
void vigil_keeper(struct vigil *v) __attribute__((noreturn));
void vigil_writer(struct vigil *v, unsigned int generation) __attribute__((noreturn));
void vigil_make(struct vigil *v);
/* Acknowledges what is raised for a container and takes back its suspension; NULL: for all. */
void vigil_settle(struct vigil *v, const char *id);

/* vigil_harm.c: one draw of harm to a whole container; and its exact opposite. */
void vigil_harm(struct vigil *v);
void vigil_mend(struct vigil *v, struct harm *h);

/* vigil_judge.c: the record against all that was noted. */
void vigil_judge(struct vigil *v);

#endif
