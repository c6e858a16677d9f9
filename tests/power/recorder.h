/* SPDX-License-Identifier: ISC */
/*
 * A table of system calls that works in a scratch directory and writes down what a power cut could
 * take back. It numbers files itself, so that a file is the same one after it was made again from
 * an image; it can stop the process before any of its operations, fail a sync, and forget a sync
 * that the library made: a mutant, with which the suite must turn red.
 */
#ifndef POWER_RECORDER_H
#define POWER_RECORDER_H

#include "power/disk.h"
#include "store/posix_kernel.h"

/* Begins a record of what happens below root, which holds the image as image_make left it. */
void recorder_begin(const char *root, const struct image *image, struct arena *arena);
const struct kernel *recorder_kernel(void);
size_t recorder_count(void);           /* operations so far */
void recorder_take(struct oplog *ret); /* the log; the recorder begins a new one */
void recorder_promise(uint64_t number);

void recorder_refuse_tmpfile(int refuse); /* stays */
/* Nothing happens any more before operation `at` of the log: the process is gone. SIZE_MAX: never. */
void recorder_stop_at(size_t at);
int recorder_is_gone(void);
/* What happens from here on is another process's: what is there already it found in place. */
void recorder_next_process(void);
/* Operation `at`, if it is a sync, fails; of a file it leaves clean pages behind. */
void recorder_fail_at(size_t at);
int recorder_failed(void); /* 1: it was one */

/* Makes the image's files below root, an empty directory; forgets which were there before. */
void image_make(const struct image *image, const char *root);

#endif
