/* SPDX-License-Identifier: ISC */
/*
 * Pace: the rate as an average that forgets within seconds, and the time that is left drawn towards
 * what that rate says, so that a stall or a file of another size makes it drift and not jump.
 */
#include "audit/pace.h"

#define SECOND     1e6
#define RATE_US    (5 * SECOND)  /* the average looks back so far */
#define LEFT_US    (10 * SECOND) /* likewise the time that is left */
#define EARLY_US   (3 * SECOND)
#define EARLY_PART 20                     /* a twentieth: 5 % */
#define LEFT_MAX   (100 * 86400 * SECOND) /* more is nothing that anybody could believe */

static double drawn(double from, double to, double dt, double memory)
{
	return from + (to - from) * dt / (dt + memory);
}

static void note_left(struct pace *p, uint64_t bytes, uint64_t total, int64_t now_us, double dt)
{
	double left;

	if (p->left_us >= 0)
		p->left_us = p->left_us > dt ? p->left_us - dt : 0;
	if (!total || (double)(now_us - p->begin_us) < EARLY_US || bytes < total / EARLY_PART ||
		p->rate < 1)
		return;
	left = bytes < total ? (double)(total - bytes) / p->rate * SECOND : 0;
	if (left > LEFT_MAX)
		p->left_us = PACE_UNKNOWN;
	else
		p->left_us = p->left_us < 0 ? left : drawn(p->left_us, left, dt, LEFT_US);
}

void tote__pace_note(struct pace *p, uint64_t bytes, uint64_t total, int64_t now_us)
{
	double dt = (double)(now_us - p->last_us), now;

	if (!p->begun) {
		*p = (struct pace){.begun = 1,
			.begin_us = now_us,
			.last_us = now_us,
			.last_bytes = bytes,
			.left_us = PACE_UNKNOWN};
		return;
	}
	if (dt <= 0)
		return;
	now = bytes > p->last_bytes ? (double)(bytes - p->last_bytes) * SECOND / dt : 0;
	/* before the average has anything to look back on, it is the mean since the beginning */
	if ((double)(now_us - p->begin_us) <= RATE_US)
		p->rate = drawn(p->rate, now, dt, (double)(p->last_us - p->begin_us));
	else
		p->rate = drawn(p->rate, now, dt, RATE_US);
	p->last_us = now_us;
	p->last_bytes = bytes;
	note_left(p, bytes, total, now_us, dt);
}

uint64_t tote__pace_rate(const struct pace *p)
{
	return p->rate < 1 ? 0 : (uint64_t)p->rate;
}

int64_t tote__pace_left(const struct pace *p)
{
	return p->begun && p->left_us >= 0 ? (int64_t)p->left_us : PACE_UNKNOWN;
}
