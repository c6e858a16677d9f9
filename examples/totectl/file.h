/* SPDX-License-Identifier: ISC */
/*
 * Small files of the person's own: payloads, proofs, keys.
 */
#ifndef TOTECTL_FILE_H
#define TOTECTL_FILE_H

#include "args.h"

/* bytes: of malloc, with a NUL behind length. */
struct file {
	char *bytes;
	size_t length;
};

/* Reads a file, or standard input for "-", of at most max bytes: 0, or the exit of a failure. */
int file_read(struct call *call, const char *name, size_t max, struct file *ret_file);
/* Writes DIR/NAME by way of a temporary name, so that it is there whole or not at all. */
int file_write(struct call *call, const char *path, const void *bytes, size_t length);

#endif
