/* SPDX-License-Identifier: ISC */
/*
 * Scalars of a fleet file by the core schema of YAML 1.2 (section 10.3.2) and by nothing of 1.1:
 * `no` is a word, 010 is ten, 22:00 is a word. And the durations, sizes and hours that policies are
 * written in, both ways.
 */
#ifndef ORCHESTRATOR_FLEET_SCALAR_H
#define ORCHESTRATOR_FLEET_SCALAR_H

#include <stddef.h>
#include <stdint.h>

enum fleet_scalar { SCALAR_NULL, SCALAR_BOOL, SCALAR_INTEGER, SCALAR_FLOAT, SCALAR_STRING };

#define FLEET_AMOUNT_MAX 24 /* of what the writers below write, with a NUL */

/* plain: it stands without quotes; whatever has quotes is a string. */
enum fleet_scalar tote__fleet_scalar(const char *text, size_t len, int plain);
const char *tote__fleet_scalar_name(enum fleet_scalar type); /* "a number", ... */

/* Each gives 0, or -1 where it is none, is negative, or 2^63 or more. */
int tote__fleet_integer(const char *text, size_t len, uint64_t *ret); /* 7, +7, 0x1F, 0o17 */
/* An integer of seconds, or digits and one of s m h d w. */
int tote__fleet_duration(const char *text, size_t len, int plain, uint64_t *ret_s);
/* An integer of bytes, or digits and one of KiB MiB GiB. */
int tote__fleet_size(const char *text, size_t len, int plain, uint64_t *ret_bytes);
/* HH:MM-HH:MM, from the one minute of the day up to before the other. */
int tote__fleet_window(const char *text, size_t len, uint32_t *ret_from, uint32_t *ret_to);

/* In the largest unit that says it exactly. */
void tote__fleet_put_duration(uint64_t s, char out[FLEET_AMOUNT_MAX]);
void tote__fleet_put_size(uint64_t bytes, char out[FLEET_AMOUNT_MAX]);

#endif
