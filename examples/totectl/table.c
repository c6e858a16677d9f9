/* SPDX-License-Identifier: ISC */
/*
 * Tables: the cells are kept until the widest of each column is known.
 */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

struct table {
	const char *right;
	size_t columns;
	size_t count;
	size_t cap;
	char **cell;
};

struct table *table_new(const char *right)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table) {
		table->right = right;
		table->columns = strlen(right);
	}
	return table;
}

void table_cell(struct table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	if (!table)
		return;
	if (table->count == table->cap) {
		size_t cap = table->cap ? 2 * table->cap : 64;
		char **cell = reallocarray(table->cell, cap, sizeof(*cell));

		if (!cell)
			return;
		table->cell = cell;
		table->cap = cap;
	}
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	table->cell[table->count++] = text;
}

/* Characters, not bytes: names of containers are ASCII, the rest is ours or escaped. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static void print_cell(const struct table *table, size_t i, size_t width)
{
	const char *text = table->cell[i] ? table->cell[i] : "";
	size_t column = i % table->columns, n = width_of(text);
	int pad = n < width ? (int)(width - n) : 0;

	if (column)
		fputs("  ", stdout);
	if (table->right[column] == 'r')
		printf("%*s", pad, "");
	out_string(stdout, text);
	if (column + 1 == table->columns)
		putchar('\n');
	else if (table->right[column] != 'r')
		printf("%*s", pad, "");
}

void table_print(struct table *table)
{
	size_t i, *width;

	if (!table)
		return;
	width = calloc(table->columns, sizeof(*width));
	for (i = 0; width && i < table->count; i++) {
		size_t n = table->cell[i] ? width_of(table->cell[i]) : 0;

		if (n > width[i % table->columns])
			width[i % table->columns] = n;
	}
	for (i = 0; i < table->count; i++) {
		if (width)
			print_cell(table, i, width[i % table->columns]);
		free(table->cell[i]);
	}
	free(width);
	free(table->cell);
	free(table);
}
