/* SPDX-License-Identifier: ISC */
/*
 * A pile of names.
 */
#include "audit/names.h"
#include <string.h>

#define NAMES_MAX ((size_t)1 << 30) /* bytes */

void tote__names_init(struct names *n, const struct heap *heap)
{
	n->count = 0;
	tote__buf_init(&n->bytes, heap, NAMES_MAX);
}

void tote__names_free(struct names *n)
{
	tote__buf_free(&n->bytes);
	n->count = 0;
}

int tote__names_push(struct names *n, const char *dir, const char *name, struct tote_fault *fault)
{
	if (*dir) {
		tote__buf_put(&n->bytes, dir, strlen(dir));
		tote__buf_putc(&n->bytes, '/');
	}
	tote__buf_put(&n->bytes, name, strlen(name) + 1);
	n->count++;
	return tote__buf_check(&n->bytes, "names to be audited", fault);
}

int tote__names_pop(struct names *n, char *out, size_t cap)
{
	const char *bytes = (const char *)n->bytes.data;
	size_t end = n->bytes.len, at, len;

	if (!end)
		return 0;
	for (at = end - 1; at && bytes[at - 1]; at--)
		continue;
	len = end - at < cap ? end - at : cap;
	memcpy(out, bytes + at, len);
	out[len - 1] = '\0';
	n->bytes.len = at;
	n->count--;
	return 1;
}

const char *tote__names_next(const struct names *n, const char *name)
{
	const char *first = (const char *)n->bytes.data, *next;

	if (!n->bytes.len)
		return NULL;
	next = name ? name + strlen(name) + 1 : first;
	return next < first + n->bytes.len ? next : NULL;
}
