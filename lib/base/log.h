/* SPDX-License-Identifier: ISC */
/*
 * Log lines for the host. Without a host's sink nothing is made, let alone printed.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/fault.h"
#include <toteborch/ctx.h>

struct log_sink {
	int32_t level;
	void *user;
	void (*line)(void *user, int32_t priority, const char *text);
};

void tote__log_init(struct log_sink *log, const struct tote_log *host_or_null);
void tote__log(const struct log_sink *log, int32_t priority, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
