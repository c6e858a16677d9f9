/* SPDX-License-Identifier: ISC */
/*
 * Names below a place: the checks that every backend makes once more, and the names that the
 * format keeps to itself (FORMAT sections 3, 5 and 7).
 */
#ifndef STORE_PATH_H
#define STORE_PATH_H

#include "base/fault.h"

#define COMPONENT_MAX 255

#define PATH_NEW_PREFIX   ".tote-new-" /* a cell on its way to its name */
#define PATH_TEMP_PREFIX  ".tote-w-"   /* a file that would be nameless if it could */
#define PATH_KEPT_MAX     32           /* ".tote-SEQ" and its NUL */
#define PATH_SEGMENT_NAME 20           /* digits of a segment's name */

/*
 * 0 for a relative path of 1 to 4,095 bytes whose components have 1 to 255 bytes and are neither
 * . nor ..; TOTE_E_GRAMMAR otherwise.
 */
int tote__path_check(const char *path, struct tote_fault *fault);
/* The same, or "" for a space's own directory. */
int tote__path_check_dir(const char *path, struct tote_fault *fault);

/* The length of what stands before the last slash (0 where there is none); the last component. */
size_t tote__path_parent(const char *path);
const char *tote__path_last(const char *path);

void tote__path_kept(uint64_t seq, char out[PATH_KEPT_MAX]);
int tote__path_kept_parse(const char *name, uint64_t *ret_seq); /* 1 where it is one */
void tote__path_segment(uint64_t seq, char out[PATH_KEPT_MAX]);
int tote__path_segment_parse(const char *name, uint64_t *ret_seq); /* 1 where it is one */

#endif
