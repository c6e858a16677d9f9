/* SPDX-License-Identifier: ISC */
/*
 * Log lines for the host. Without a host's sink nothing is made, let alone printed.
 */
#include "base/log.h"
#include <stdio.h>
#include <string.h>

void tote__log_init(struct log_sink *log, const struct tote_log *host_or_null)
{
	memset(log, 0, sizeof(*log));
	if (!host_or_null)
		return;
	log->level = host_or_null->level ? host_or_null->level : TOTE_LOG_WARNING;
	log->user = host_or_null->user;
	log->line = host_or_null->line;
}

void tote__log(const struct log_sink *log, int32_t priority, const char *fmt, ...)
{
	char text[2048];
	va_list args;
	int n;

	if (!log->line || priority > log->level)
		return;
	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	for (char *c = text; *c; c++) {
		if (*c == '\n' || *c == '\r') /* one call is one line, whatever a name contains */
			*c = ' ';
	}
	log->line(log->user, priority, text);
}
