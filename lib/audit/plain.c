/* SPDX-License-Identifier: ISC */
/*
 * Which entries of a bundle are plain. Nothing is found here: what departs from the grammar is left
 * to who names it.
 */
#include "audit/plain.h"
#include "ledger/kind.h"
#include <string.h>

static int is_plain(const struct entry *e, uint64_t seq, const uint8_t prev[HASH_LEN])
{
	struct tote_fault unused;

	return e->version == 1 && e->seq == seq && memcmp(e->prev, prev, HASH_LEN) == 0 &&
	       tote__kind_check(LEDGER_CONTAINER, e, &unused) == 0;
}

void tote__plain_find(const void *bundle, size_t len, uint32_t width, uint64_t seq,
	const uint8_t *leaves, uint32_t count, struct plain *ret)
{
	struct tote_fault unused;
	const uint8_t *bytes;
	struct bundle_walk w;
	struct entry e;
	size_t size;

	ret->seq = seq;
	memset(ret->is, 0, sizeof(ret->is));
	tote__bundle_walk(&w, bundle, len, width);
	for (uint32_t i = 0; i < count && tote__bundle_next(&w, &bytes, &size, &unused) > 0; i++) {
		if (!i || !tote__entry_is_host(bytes, size) ||
			tote__entry_parse(bytes, size, &e, &unused) < 0)
			continue;
		ret->is[i] = (uint8_t)is_plain(&e, seq + i, leaves + (size_t)(i - 1) * HASH_LEN);
		ret->time_us[i] = e.time_us;
	}
}
