/* SPDX-License-Identifier: ISC */
/*
 * Seqs in ascending order. One that ends stays in its place, so that ending many takes no longer
 * than finding them.
 */
#include "box/copy_seqs.h"

/* Where seq is or would be. */
static size_t find(const struct copy_seqs *s, uint64_t seq)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if ((s->seq[middle] & ~COPY_SEQ_ENDED) < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int tote__copy_seqs_add(
	struct copy_seqs *s, const struct heap *heap, uint64_t seq, struct tote_fault *fault)
{
	if (s->count == s->cap) {
		const size_t cap = s->cap ? 2 * s->cap : 64;
		uint64_t *more = tote__heap_resize(heap, s->seq, cap, sizeof(*more), fault);

		if (!more)
			return TOTE_E_NO_MEMORY;
		s->seq = more;
		s->cap = cap;
	}
	s->seq[s->count++] = seq;
	return 0;
}

int tote__copy_seqs_has(const struct copy_seqs *s, uint64_t seq)
{
	const size_t i = find(s, seq);

	return i < s->count && s->seq[i] == seq;
}

int tote__copy_seqs_end(struct copy_seqs *s, uint64_t seq)
{
	const size_t i = find(s, seq);

	if (i == s->count || s->seq[i] != seq)
		return 0;
	s->seq[i] |= COPY_SEQ_ENDED;
	return 1;
}
