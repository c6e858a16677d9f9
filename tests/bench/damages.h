/* SPDX-License-Identifier: ISC */
/*
 * Which of those that check files names which damaged file.
 */
#ifndef BENCH_DAMAGES_H
#define BENCH_DAMAGES_H

#include "bench.h"

/* Prints the table; below a bound where an audit of ours does not name all of them. */
void damages_table(struct bench *bench);

#endif
