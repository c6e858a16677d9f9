/* SPDX-License-Identifier: ISC */
/*
 * The two words there are for bytes that may have come from memory.
 */
#include "ledger/cached.h"
#include <string.h>

static const char *const names[] = {[CACHED_STORE] = "store", [CACHED_ASKED] = "asked"};

const char *tote__cached_name(enum cached cached)
{
	return names[cached];
}

int tote__cached_parse(const char *value, size_t len)
{
	for (int i = CACHED_STORE; i <= CACHED_ASKED; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], value, len))
			return i;
	return -1;
}

enum cached tote__cached_of(const struct entry *e)
{
	const struct entry_field *f = tote__entry_field(e, "cached");
	int cached = f ? tote__cached_parse(f->value, f->value_len) : -1;

	return cached < 0 ? CACHED_NOT : (enum cached)cached;
}
