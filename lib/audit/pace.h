/* SPDX-License-Identifier: ISC */
/*
 * How fast a job reads, and how long it will still take: smoothed, and nothing as long as nothing
 * credible can be said. Arithmetic over what it is told: no clock of its own.
 */
#ifndef AUDIT_PACE_H
#define AUDIT_PACE_H

#include <stdint.h>

#define PACE_UNKNOWN (-1) /* of the time that is left */

struct pace {
	int begun;
	int64_t begin_us, last_us;
	uint64_t last_bytes;
	double rate;    /* bytes a second */
	double left_us; /* below 0: not known yet */
};

/* So many bytes were read by now, of so many as there are; total 0: that is not known. */
void tote__pace_note(struct pace *p, uint64_t bytes, uint64_t total, int64_t now_us);
uint64_t tote__pace_rate(const struct pace *p);
/* Microseconds, never below 0; PACE_UNKNOWN: before 3 s and 5 % there is nothing to go by. */
int64_t tote__pace_left(const struct pace *p);

#endif
