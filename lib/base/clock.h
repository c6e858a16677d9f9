/* SPDX-License-Identifier: ISC */
/*
 * Time as the host gives it, in microseconds.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <toteborch/ctx.h>

struct clock_source {
	void *user;
	int64_t (*wall)(void *user);
	int64_t (*monotonic)(void *user);
};

void tote__clock_init(struct clock_source *clock, const struct tote_clock *host_or_null);
int64_t tote__clock_wall(const struct clock_source *clock);
int64_t tote__clock_monotonic(const struct clock_source *clock);

#endif
