/* SPDX-License-Identifier: ISC */
/*
 * One opened segment: everything that is read of the journal's files comes through here, in whole
 * reads, and is checked before it is handed on.
 */
#include "ledger/segfile.h"
#include <inttypes.h>
#include <string.h>

int tote__segfile_read(const struct segfile *s, uint64_t offset, uint8_t *out, size_t len,
	size_t *ret_len, struct tote_fault *fault)
{
	size_t have = 0;

	while (have < len) {
		size_t got = 0;
		int r = s->place->ops->journal_read(
			s->handle, offset + have, out + have, len - have, &got, fault);

		if (r < 0)
			return tote__fault_wrap(fault, "segment %020" PRIu64, s->name);
		if (!got)
			break;
		have += got;
	}
	*ret_len = have;
	return 0;
}

/*
 * No group reaches beyond the longest segment there may be (FORMAT section 5). What somebody put behind
 * that, a hole of any size, costs its readers nothing.
 */
static uint64_t bounded(uint64_t bytes)
{
	return bytes > SEGMENT_MAX_BYTES ? SEGMENT_MAX_BYTES : bytes;
}

int tote__segfile_size(struct segfile *s, struct tote_fault *fault)
{
	uint64_t bytes;
	int r = s->place->ops->journal_size(s->handle, &bytes, fault);

	if (r == 0)
		s->bytes = bounded(bytes);
	return r;
}

int tote__segfile_open(
	struct segfile *s, const struct place *place, uint64_t name, struct tote_fault *fault)
{
	struct segfile opened = {.place = place, .name = name};
	uint8_t block[SEGMENT_HEADER_LEN];
	size_t len;
	int r;

	memset(s, 0, sizeof(*s));
	r = place->ops->journal_open(place->handle, name, &opened.handle, &opened.bytes, fault);
	if (r < 0)
		return r;
	opened.bytes = bounded(opened.bytes);
	r = tote__segfile_read(&opened, 0, block, sizeof(block), &len, fault);
	if (r < 0) {
		tote__segfile_close(&opened);
		return r;
	}
	opened.state = SEGFILE_GOOD;
	if (!tote__segment_header_read(block, len, &opened.header) ||
		opened.header.first_seq != name)
		opened.state = SEGFILE_BAD;
	else if (opened.header.version != 1 || opened.header.features)
		opened.state = SEGFILE_UNKNOWN;
	*s = opened;
	return 0;
}

void tote__segfile_close(struct segfile *s)
{
	if (s->handle)
		s->place->ops->journal_close(s->handle);
	s->handle = NULL;
}

/*
 * Header and body; 0 where no header checks, or the segment ends before the body does. Most groups
 * are one block, which one read gets.
 */
static int read_group(const struct segfile *s, uint64_t offset, const struct hasher *engine,
	struct group *ret, struct buf *body, struct tote_fault *fault)
{
	uint8_t block[JOURNAL_BLOCK];
	size_t len, have, rest;
	int r;

	tote__buf_reset(body);
	r = tote__segfile_read(s, offset, block, sizeof(block), &len, fault);
	if (r < 0)
		return r;
	if (!tote__group_header_read(block, len, s->header.salt, engine, ret))
		return 0;
	tote__buf_extend(body, ret->body_len);
	if ((r = tote__buf_check(body, "body of a group", fault)) < 0)
		return r;
	have = len - GROUP_HEADER_LEN < ret->body_len ? len - GROUP_HEADER_LEN : ret->body_len;
	memcpy(body->data, block + GROUP_HEADER_LEN, have);
	rest = ret->body_len - have;
	if (!rest)
		return 1;
	r = tote__segfile_read(
		s, offset + GROUP_HEADER_LEN + have, body->data + have, rest, &len, fault);
	return r < 0 ? r : len == rest;
}

int tote__segfile_group(const struct segfile *s, uint64_t offset, const struct hasher *engine,
	struct group *ret, struct buf *body, uint8_t prev[HASH_LEN], struct tote_fault *fault)
{
	struct group g;
	int r = read_group(s, offset, engine, &g, body, fault);

	if (r <= 0)
		return r;
	if (!tote__group_check(&g, body->data, engine, prev))
		return 0;
	*ret = g;
	return 1;
}

int tote__segfile_body(const struct segfile *s, uint64_t offset, const struct group *expected,
	struct buf *body, struct tote_fault *fault)
{
	struct group g;
	int r = read_group(s, offset, NULL, &g, body, fault);

	if (r <= 0)
		return r;
	return g.first_seq == expected->first_seq && g.count == expected->count &&
	       memcmp(g.last_leaf, expected->last_leaf, HASH_LEN) == 0;
}
