/* SPDX-License-Identifier: ISC */
/*
 * A table of text: columns as wide as their widest cell, the last one as long as it likes.
 */
#ifndef TOTECTL_TABLE_H
#define TOTECTL_TABLE_H

#include <stddef.h>

struct table;

/* right: one letter a column, 'r' for numbers that stand at the right, else 'l'. */
struct table *table_new(const char *right);
/* The next cell, row by row. */
__attribute__((format(printf, 2, 3))) void table_cell(struct table *table, const char *format, ...);
/* Prints it on stdout and drops it. */
void table_print(struct table *table);

#endif
