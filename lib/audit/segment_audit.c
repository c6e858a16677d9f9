/* SPDX-License-Identifier: ISC */
/*
 * One segment: its groups against the log, and what lies between them.
 */
#include "audit/segment_audit.h"
#include "store/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 128

static int tell(struct segment_look *s, int code, uint64_t seq, const char *expected,
	const char *was, struct tote_fault *fault)
{
	char name[PATH_KEPT_MAX];

	s->odd = 1;
	if (!s->telling)
		return 0;
	tote__path_segment(s->name, name);
	return tote__inquiry_find(s->q, code, SPACE_JOURNAL, name, seq, expected, was, fault);
}

static int tell_at(struct segment_look *s, int code, uint64_t offset, struct tote_fault *fault)
{
	char was[TEXT_MAX];

	snprintf(was, sizeof(was), "at byte %" PRIu64, offset);
	return tell(s, code, FINDING_NO_SEQ, NULL, was, fault);
}

static int is_zero(const uint8_t *bytes, size_t len)
{
	return !len || (!bytes[0] && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* --- one group ------------------------------------------------------------------------------ */

/* Its entries below the checkpoint are those of the log. */
static int compare_log(struct segment_look *s, const struct group *g, struct tote_fault *fault)
{
	struct bundle_walk w;
	const uint8_t *entry, *hashes;
	uint64_t seq = g->first_seq;
	struct tote_fault unused;
	uint32_t width;
	size_t len;

	tote__bundle_walk(&w, s->body->data, s->body->len, g->count);
	for (; seq < s->log->size && tote__bundle_next(&w, &entry, &len, &unused) > 0; seq++) {
		uint8_t leaf[HASH_LEN];
		int r = tote__log_audit_leaves(s->log, seq / TILE_WIDTH, &hashes, &width, fault);

		if (r < 0)
			return r;
		tote__hash_leaf(s->q->engine, entry, len, leaf);
		if (r && seq % TILE_WIDTH < width &&
			memcmp(leaf, hashes + seq % TILE_WIDTH * HASH_LEN, HASH_LEN) != 0)
			return tell(s, FINDING_JOURNAL_DIFFERS, seq, "the entry that the log holds",
				"another one", fault);
	}
	return 0;
}

/* Behind its body there are zeros up to the next block. */
static int check_padding(struct segment_look *s, const struct segfile *f, uint64_t offset,
	const struct group *g, struct tote_fault *fault)
{
	uint64_t used = GROUP_HEADER_LEN + (uint64_t)g->body_len, all = tote__group_bytes(g);
	uint8_t rest[JOURNAL_BLOCK];
	size_t len;
	int rc = tote__segfile_read(f, offset + used, rest, (size_t)(all - used), &len, fault);

	if (rc < 0 || is_zero(rest, len))
		return rc;
	return tell_at(s, FINDING_JOURNAL_STALE, offset + used, fault);
}

enum { GROUP_NONE, GROUP_VALID, GROUP_ROTTEN /* wholly below the checkpoint */ };

static int look_at_group(struct segment_look *s, const struct segfile *f, uint64_t offset,
	const uint8_t *block, size_t len, struct group *ret, struct tote_fault *fault)
{
	uint8_t prev[HASH_LEN];
	struct group g;
	int r;

	if (!tote__group_header_read(block, len, f->header.salt, NULL, ret))
		return GROUP_NONE;
	r = tote__segfile_group(f, offset, s->q->engine, &g, s->body, prev, fault);
	if (r < 0)
		return r;
	if (!r && ret->first_seq + ret->count <= s->log->size)
		return GROUP_ROTTEN;
	if (!r)
		return GROUP_NONE;
	r = s->log->loose ? 0 : compare_log(s, ret, fault);
	if (r == 0)
		r = check_padding(s, f, offset, ret, fault);
	return r < 0 ? r : GROUP_VALID;
}

/* --- all of it ------------------------------------------------------------------------------ */

/* What did not check and has a valid group behind it: below the checkpoint it hides nothing. */
static int end_of_gap(
	struct segment_look *s, uint64_t gap, const struct group *g, struct tote_fault *fault)
{
	s->odd = 1;
	if (g && g->first_seq > s->log->size)
		return 0; /* a replay says whether something is missing */
	if (g || s->next != UINT64_MAX)
		return tell_at(s, FINDING_JOURNAL_STALE, gap, fault);
	return tell_at(s, FINDING_JOURNAL_TORN, gap, fault);
}

/* One block: where to look on; *gap is where bytes began that belong to nothing, 0: nowhere. */
static int look_at_block(struct segment_look *s, const struct segfile *f, uint64_t *at,
	const uint8_t *block, size_t len, uint64_t *gap, struct tote_fault *fault)
{
	struct group g;
	int r = look_at_group(s, f, *at, block, len, &g, fault);

	if (r < 0)
		return r;
	if (r == GROUP_NONE) {
		if (!*gap && !is_zero(block, len))
			*gap = *at;
		*at += JOURNAL_BLOCK;
		return 0;
	}
	if (*gap) {
		int rc = end_of_gap(s, *gap, &g, fault);

		*gap = 0;
		if (rc < 0)
			return rc;
	}
	if (r == GROUP_ROTTEN) {
		r = tell_at(s, FINDING_JOURNAL_STALE, *at, fault);
		if (r < 0)
			return r;
	}
	*at += tote__group_bytes(&g);
	return 0;
}

static int walk(struct segment_look *s, const struct segfile *f, struct tote_fault *fault)
{
	uint64_t at = JOURNAL_BLOCK, gap = 0;

	while (at < f->bytes) {
		uint64_t begin = at;
		size_t len;
		int rc = tote__segfile_read(f, begin, s->chunk, SEGMENT_AUDIT_CHUNK, &len, fault);

		if (rc < 0)
			return rc;
		if (!len)
			break;
		while (at - begin < len) {
			size_t left = len - (size_t)(at - begin);

			rc = look_at_block(s, f, &at, s->chunk + (at - begin),
				left < JOURNAL_BLOCK ? left : JOURNAL_BLOCK, &gap, fault);
			if (rc < 0)
				return rc;
		}
	}
	return gap ? end_of_gap(s, gap, NULL, fault) : 0;
}

static int look_inside(struct segment_look *s, const struct segfile *f, struct tote_fault *fault)
{
	uint8_t block[JOURNAL_BLOCK];
	size_t len;
	int rc;

	s->q->bytes += f->bytes;
	if (f->state == SEGFILE_UNKNOWN)
		return tell(s, FINDING_JOURNAL_UNKNOWN, FINDING_NO_SEQ, "version 1, no features",
			"another version", fault);
	if (f->state == SEGFILE_BAD) {
		s->odd = 1;
		if (s->next == UINT64_MAX || s->next > s->log->size || s->log->loose)
			return 0;
		return tell_at(s, FINDING_JOURNAL_STALE, 0, fault);
	}
	rc = tote__segfile_read(f, 0, block, sizeof(block), &len, fault);
	if (rc == 0 && len > SEGMENT_HEADER_LEN &&
		!is_zero(block + SEGMENT_HEADER_LEN, len - SEGMENT_HEADER_LEN))
		rc = tell_at(s, FINDING_JOURNAL_STALE, SEGMENT_HEADER_LEN, fault);
	return rc < 0 ? rc : walk(s, f, fault);
}

/* FORMAT section 5: a segment is a regular file of mode 0640. */
static int check_mode(struct segment_look *s, const char *name, struct tote_fault *fault)
{
	const struct place *place = s->q->place;
	struct tote_fault unused;
	struct store_stat st;
	char was[TEXT_MAX];

	memset(&unused, 0, sizeof(unused));
	if (place->ops->stat(place->handle, SPACE_JOURNAL, name, &st, &unused) != 0)
		return 0;
	if (st.type == STORE_FILE && st.size > SEGMENT_MAX_BYTES) {
		snprintf(was, sizeof(was), "%" PRIu64 " bytes", st.size);
		return tell(s, FINDING_JOURNAL_MODE, FINDING_NO_SEQ, "a segment of at most 16 MiB",
			was, fault);
	}
	if ((st.type == STORE_FILE && !st.mount && st.links == 1 && !(st.mode & ~0640u)))
		return 0;
	snprintf(was, sizeof(was), "%s, mode %04o, %" PRIu64 " links",
		st.type == STORE_FILE && !st.mount ? "a file" : "no regular file",
		(unsigned)st.mode, st.links);
	return tell(s, FINDING_JOURNAL_MODE, FINDING_NO_SEQ, "a regular file, mode 0640, 1 link",
		was, fault);
}

int tote__segment_look(struct segment_look *s, struct tote_fault *fault)
{
	char name[PATH_KEPT_MAX];
	struct tote_fault why;
	struct segfile f;
	int rc;

	tote__path_segment(s->name, name);
	rc = check_mode(s, name, fault);
	if (rc < 0)
		return rc;
	memset(&why, 0, sizeof(why));
	rc = tote__segfile_open(&f, s->q->place, s->name, &why);
	if (rc == 0) {
		rc = look_inside(s, &f, &why);
		tote__segfile_close(&f);
	}
	if (rc == TOTE_E_NOT_FOUND) /* a fold removed it */
		return 0;
	if (rc == TOTE_E_UNTRUSTED)
		return tell(s, FINDING_JOURNAL_MODE, FINDING_NO_SEQ,
			"a regular file, mode 0640, 1 link", why.text, fault);
	if (rc == 0)
		return 0;
	*fault = why;
	return tote__inquiry_failed(s->q, SPACE_JOURNAL, name, rc, fault);
}
