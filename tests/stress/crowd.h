/* SPDX-License-Identifier: ISC */
/*
 * Many processes on one container, what they share, and the diaries outside of it: each writes down
 * what it is about to ask for and what was answered, in one write to a file of its own, so that a
 * kill loses nothing of it.
 */
#ifndef STRESS_CROWD_H
#define STRESS_CROWD_H

#include "stress/tree.h"
#include <stdatomic.h>
#include <stdint.h>
#include <toteborch.h>

#define CROWD_ORIGIN  "archive.example.com/crowd"
#define CROWD_ID      "box"
#define PROCESSES_MAX 16
#define THREADS_MAX   8
#define NAME_ROOM     64 /* of what is appended: no two are the same */

/* In memory that all processes see. */
struct common {
	atomic_int ends;        /* nobody begins anything more */
	atomic_ulong grants;    /* appends that returned, of all */
	atomic_uint waiting;    /* appends that were asked for and have not returned */
	atomic_ulong overtaken; /* the most grants to others between a request and its own */
	atomic_ulong served[PROCESSES_MAX];
	atomic_ulong wrong; /* what should not have happened; the first of it: */
	char why[512];
	atomic_ulong appends, batches, seals, folds, moves, audits, reads, forks, kills, stops;
};

struct crowd {
	char top[PATH_ROOM]; /* holds root/ and diaries/ */
	char root[PATH_ROOM], place[PATH_ROOM], key[PATH_ROOM];
	unsigned int processes, threads;
	unsigned long long seed;
	struct common *common;
};

/* One generation of a process: a killed one's place is taken by the next. */
struct member {
	struct crowd *crowd;
	unsigned int number, generation;
	int diary; /* O_APPEND */
	tote_ctx *ctx;
};

void crowd_wrong(struct crowd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint64_t crowd_draw(uint64_t *state, uint64_t below);
tote_ctx *crowd_ctx(struct crowd *c);

/* Never return. Writers append, seal and fold; a reader follows without the lock; one manages. */
void crowd_writer(struct member *m) __attribute__((noreturn));
void crowd_reader(struct member *m) __attribute__((noreturn));
void crowd_manager(struct member *m) __attribute__((noreturn));
/* Appends only, one thread, and counts who was served before it. */
void crowd_patient(struct member *m) __attribute__((noreturn));

/*
 * A line of a diary:
 *	? NAME COUNT		about to ask for that many entries of that name
 *	! NAME COUNT SEQ	answered: they are there, from that seq on
 *	s NAME / S NAME SEQ	likewise a file of that path, whose bytes are the path
 *	c SIZE ROOT		a checkpoint was handed out
 *	r SEQ LEAF		an entry was read without the lock
 */
void diary_say(struct member *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Reads the diaries and the container, and says what does not fit; 0 where all of it does. */
int crowd_judge(struct crowd *c);

#endif
