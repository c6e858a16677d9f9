/* SPDX-License-Identifier: ISC */
/*
 * A story: what was done from an image on, as far as it is recorded, and the cuts of power in it.
 * A case is one story, one cut and one choice; its name tells all three.
 */
#ifndef POWER_STORY_H
#define POWER_STORY_H

#include "power/choice.h"
#include "power/work.h"

#define CALLS_MAX 8
#define CASE_ROOM 160

/* Where stories begin. */
struct base {
	const char *name;
	struct image image;
	struct truth truth; /* of the container; the promise is its newest */
	struct arena arena;
	int named; /* without O_TMPFILE */
};

enum story_kind {
	STORY_PLAIN, /* the calls; the cut is in the last one or right behind it */
	STORY_KILL,  /* the last call is killed before operation `at`, another process goes on */
	STORY_FAIL,  /* operation `at` of the last call, a sync, fails; the same handle goes on */
	STORY_FAIL_OPEN, /* the same, and another handle goes on */
	STORY_AGAIN,     /* power was cut before at operation `at`; the cut is in the recovery */
	STORY_KINDS
};

struct story {
	const struct base *base;
	char calls[CALLS_MAX + 1];
	enum story_kind kind;
	size_t at;
	struct choice choice; /* AGAIN: of the first cut */
};

/* What story_tell recorded. */
struct told {
	struct run run;
	struct oplog log;
	struct image from;
	size_t first; /* cut here or later: what is before was told by a shorter story */
};

struct power {
	char root[3][256]; /* of the story, of the one before it, of the check */
	const char *reader;
	unsigned int reader_every; /* of how many cases one is read independently */
	uint64_t seed;
	unsigned long cases, stories;
	double until;                          /* power_now(); no case is begun later */
	int verbose;                           /* each case is told before it is tried */
	int steps;                             /* each step of a plan is told behind it */
	char failed[CASE_ROOM], why[WHY_ROOM]; /* the first case that failed */
};

/* 0, or -1 where there is no such story: too few operations, or nothing to fail. */
int story_tell(struct power *p, const struct story *s, struct told *ret);
void told_free(struct told *t);

/* How closely a story is looked at. */
struct care {
	unsigned int items;   /* of DROP and KEEP each, at most so many at a cut */
	unsigned int randoms; /* choices at random at a cut */
	unsigned int one_in;  /* of how many cuts one is looked at; promises always */
};

/* Looks at the cuts of a told story; -1 at the first failure, or when the time is over. */
int story_cuts(
	struct power *p, const struct story *s, const struct told *t, const struct care *care);
int story_run(struct power *p, const struct story *s, const struct care *care);
/* One case by its name: 0 good, -1 bad (p->why), -2 no such case. */
int story_case(struct power *p, const char *name, const struct base *bases, size_t count);
double power_now(void); /* seconds of processor time: a busy machine looks as closely */
int power_is_over(const struct power *p);

#endif
