/* SPDX-License-Identifier: ISC */
/*
 * Times as entries bear them (FORMAT section "entries"): UTC, exactly 27 bytes, 1970 to 9999.
 */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include "base/fault.h"

#define TIME_LEN 27 /* 2026-11-23T08:15:00.123456Z */

/* A time in microseconds since 1970 to exactly 27 bytes and a NUL; TOTE_E_CLOCK out of 1970-9999. */
int tote__time_format(int64_t us, char out[TIME_LEN + 1], struct tote_fault *fault);
int tote__time_parse(const char *s, size_t len, int64_t *ret_us); /* -1 where it is no such time */

#endif
