/* SPDX-License-Identifier: ISC */
/*
 * A few threads that serve turns, one container each at a time. Whoever does not answer keeps its
 * thread, which nothing can take back, and another one serves the others meanwhile.
 */
#ifndef ORCHESTRATOR_CREW_H
#define ORCHESTRATOR_CREW_H

#include "audit/turn.h"
#include "base/clock.h"
#include "base/fault.h"
#include <pthread.h>

#define CREW_MAX 8

/* How turns are served; `more` with the crew's mutex held, `serve` without. */
struct crew_work {
	void *user;
	/* 1: another turn may begin; late: only because somebody does not answer. */
	int (*more)(void *user, int served, int late);
	/* One turn, so many waiting for one: 1 it was served, 0 there was no room for it. */
	int (*serve)(void *user, const struct turn *turn, size_t waiting);
};

struct crew_seat {
	int busy;
	int64_t since_us;
	char id[64];
};

struct crew {
	struct clock_source system; /* real time: that of the host may stand still */
	int may_thread;             /* else the caller serves all */
	size_t wanted;              /* threads, of those that answer */
	/* with the mutex */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	const struct crew_work *work;
	const struct turn *turns; /* of this round; the caller's */
	size_t turn_count, next;
	int served, ends;
	int alone;                           /* a turn that is to be alone is being served */
	struct crew_seat seat[CREW_MAX + 1]; /* the last one is the caller's */
	pthread_t thread[CREW_MAX];
	size_t threads;
};

int tote__crew_init(struct crew *c, int may_thread, struct tote_fault *fault);
/* Waits for all of them, also for those that do not answer. */
void tote__crew_free(struct crew *c);
/*
 * Serves the turns in their order; caller_only turns by the calling thread. Returns when each was
 * served, or is being served by one that does not answer: how many were. work outlives the crew.
 */
int tote__crew_round(
	struct crew *c, const struct crew_work *work, const struct turn *turns, size_t count);
/* That container is being served: its turn of an earlier round is not through. With the mutex. */
int tote__crew_has(const struct crew *c, const char *id);
/* 1: somebody does not answer; after a while, so that who asks does not ask for ever. */
int tote__crew_lingers(struct crew *c);
void tote__crew_lock(struct crew *c);
void tote__crew_unlock(struct crew *c);

#endif
