/* SPDX-License-Identifier: ISC */
/*
 * Sizes and durations as they are typed: 512KiB, 10MiB, 1GiB; 90s, 15m, 12h, 7d, 2w.
 */
#ifndef TOTECTL_QUANTITY_H
#define TOTECTL_QUANTITY_H

#include <stdint.h>

/* Each: 1 and the number, 0 where the text is none, or too much. A number alone is bytes, or seconds. */
int quantity_bytes(const char *text, uint64_t *ret_bytes);
int quantity_duration(const char *text, int64_t *ret_us);

/* As it is read: "about 3 h", "2 min 10 s". */
const char *quantity_time_left(char buffer[32], int64_t us);

#endif
