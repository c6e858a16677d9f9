/* SPDX-License-Identifier: ISC */
/*
 * Time as the host gives it, or the system's clocks where the host gives none.
 */
#include "base/clock.h"
#include <time.h>

static int64_t read_system(clockid_t id)
{
	struct timespec now;

	if (clock_gettime(id, &now) != 0)
		return 0; /* only for a clock that does not exist; these two do on Linux */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_wall(void *user)
{
	(void)user;
	return read_system(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *user)
{
	(void)user;
	return read_system(CLOCK_MONOTONIC);
}

void tote__clock_init(struct clock_source *clock, const struct tote_clock *host_or_null)
{
	clock->user = host_or_null ? host_or_null->user : NULL;
	clock->wall = host_or_null && host_or_null->wall ? host_or_null->wall : system_wall;
	clock->monotonic = host_or_null && host_or_null->monotonic ? host_or_null->monotonic
								   : system_monotonic;
}

int64_t tote__clock_wall(const struct clock_source *clock)
{
	return clock->wall(clock->user);
}

int64_t tote__clock_monotonic(const struct clock_source *clock)
{
	return clock->monotonic(clock->user);
}
