/* SPDX-License-Identifier: ISC */
/*
 * Programs that are run and timed as a whole, from their start to their end.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stddef.h>

/*
 * Runs argv[0] (looked up in PATH), its output in out (length bytes and a NUL are kept, the rest is
 * dropped), and gives the seconds. The program must exit 0.
 */
double child_run(const char *const argv[], char *out, size_t length);

#endif
