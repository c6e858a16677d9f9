/* SPDX-License-Identifier: ISC */
/*
 * Who comes first, and how much of a budget one may use before the next one comes: over a table of
 * facts, no clock, no I/O.
 */
#ifndef AUDIT_TURN_H
#define AUDIT_TURN_H

#include <stddef.h>
#include <stdint.h>

/* Of one container that waits for an audit. At most SORT_ITEM_MAX bytes. */
struct turn {
	char id[64];
	int64_t due_us;
	uint64_t late;       /* whole periods since it was due */
	uint64_t served;     /* how many shares it had since it became due */
	uint32_t level;      /* TOTE_LEVEL_*, of what is due */
	uint8_t overdue;     /* its records are older, unaudited, than its policy allows */
	uint8_t never;       /* it was never audited */
	uint8_t caller_only; /* its store bears no thread but the caller's */
	uint8_t alone; /* nobody else is served at the same time: it looks at what they change */
};

/*
 * Below 0 where a comes before b: who had fewer shares; of these what is overdue, by how many
 * periods it is late; what was never audited; what is due longest; by ID.
 */
int tote__turn_compare(const void *a, const void *b);
void tote__turn_sort(struct turn *turns, size_t count);

/*
 * A share of what is left of a budget (0: there is none, and 0 comes back) where so many wait for
 * one: an equal part, but never so little that nothing gets done.
 */
int64_t tote__turn_share(int64_t left, size_t waiting, int64_t least);

/* --- a rate --------------------------------------------------------------------------------- */

#define RATE_WAIT_MAX (INT64_C(86400) * 1000000) /* one reading is waited for at most a day */

/* A token bucket on the monotonic clock: so many bytes a second, and a second's worth at once. */
struct rate_bucket {
	uint64_t rate;   /* 0: no bound */
	int64_t paid_us; /* until then all that was read is paid for */
};

void tote__rate_begin(struct rate_bucket *b, uint64_t rate, int64_t now_us);
/* How many bytes may be read now: 0 none. Without a bound UINT64_MAX. */
uint64_t tote__rate_allows(const struct rate_bucket *b, int64_t now_us);
/* So many were read; what was more than allowed is waited for. */
void tote__rate_spend(struct rate_bucket *b, uint64_t bytes, int64_t now_us);
/* Microseconds until it allows something; 0 where it does. */
int64_t tote__rate_wait(const struct rate_bucket *b, int64_t now_us);

#endif
