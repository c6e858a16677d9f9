/* SPDX-License-Identifier: ISC */
/*
 * Blame: each file of a log that is not what was found to be right is named, and no other.
 */
#include "audit/log_audit.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 160

static int blame_file(struct log_audit *l, int code, const struct tile *file, uint64_t seq,
	const char *expected, const char *was, struct tote_fault *fault)
{
	char name[TILE_NAME_MAX];

	tote__tile_name(file, name);
	return tote__inquiry_find(l->q, code, SPACE_LOG, name, seq, expected, was, fault);
}

static void describe_hash(const char *what, uint64_t number, const uint8_t *hash, char *out)
{
	char hex[2 * HASH_LEN + 1];

	tote__hex_encode(hash, HASH_LEN, hex);
	snprintf(out, TEXT_MAX, "%s %" PRIu64 ": %s", what, number, hex);
}

static int blame_tile_shape(
	struct log_audit *l, const struct tile *file, uint64_t size, struct tote_fault *fault)
{
	char expected[TEXT_MAX], was[TEXT_MAX];

	snprintf(expected, sizeof(expected), "%u bytes", (unsigned)file->width * HASH_LEN);
	snprintf(
		was, sizeof(was), "%" PRIu64 "%s bytes", size, size > TILE_BYTES ? " or more" : "");
	return blame_file(l, FINDING_TILE_CHANGED, file, FINDING_NO_SEQ, expected, was, fault);
}

static int blame_missing(struct log_audit *l, const struct tile *file, struct tote_fault *fault)
{
	int code = file->level == TILE_ENTRIES ? FINDING_BUNDLE_MISSING : FINDING_TILE_MISSING;

	return blame_file(l, code, file, FINDING_NO_SEQ, "a file", "nothing", fault);
}

/* --- bundle and tile ------------------------------------------------------------------------ */

/* What is believed of these entries: 256 are compared by their root, the edge hash by hash. */
static int is_right(const struct log_audit *l, const struct suspect *s, int bundle)
{
	const struct evidence *e = &l->evidence;

	if (s->index < e->count)
		return tote__hash_equal(bundle ? s->bundle : s->tile, e->root[s->index]);
	return memcmp(bundle ? e->edge_bundle : e->edge_tile, e->edge,
		       (size_t)e->edge_width * HASH_LEN) == 0;
}

/* Nothing confirms either of the two, and they differ: both are named. */
static int is_open(const struct log_audit *l, const struct suspect *s)
{
	if (l->evidence.solved || s->bundle_state != LOGFILE_GOOD || s->tile_state != LOGFILE_GOOD)
		return 0;
	if (s->index >= l->evidence.count)
		return 1;
	if (tote__hash_equal(s->bundle, s->tile))
		return 0;
	return !(s->have & EVIDENCE_PARENT) ||
	       !(tote__hash_equal(s->parent, s->bundle) || tote__hash_equal(s->parent, s->tile));
}

static int blame_bundle(
	struct log_audit *l, const struct suspect *s, int open, struct tote_fault *fault)
{
	const struct tile *file = &s->bundle_file;
	int tile_is_right = s->tile_state == LOGFILE_GOOD && is_right(l, s, 0);
	uint64_t seq = FINDING_NO_SEQ;
	char was[TEXT_MAX];

	if (tile_is_right && s->first_odd < TILE_WIDTH)
		seq = s->index * TILE_WIDTH + s->first_odd;
	switch (s->bundle_state) {
	case LOGFILE_MISSING:
		return blame_missing(l, file, fault);
	case LOGFILE_SHAPE:
		snprintf(was, sizeof(was), "%" PRIu64 " bytes that are not %u entries",
			s->bundle_size, (unsigned)file->width);
		return blame_file(
			l, FINDING_BUNDLE_CHANGED, file, seq, "as it was written", was, fault);
	case LOGFILE_GOOD:
		if (!open && is_right(l, s, 1))
			return 0;
		if (open)
			return blame_file(l, FINDING_BUNDLE_CHANGED, file, FINDING_NO_SEQ,
				"entries that the tile of their hashes and the root confirm",
				"bundle and tile differ, and nothing confirms either", fault);
		return blame_file(l, FINDING_BUNDLE_CHANGED, file, seq,
			"entries that the signed root covers", "other entries", fault);
	default:
		return 0; /* could not be read: that was said */
	}
}

static int blame_tile(
	struct log_audit *l, const struct suspect *s, int open, struct tote_fault *fault)
{
	const struct tile *file = &s->tile_file;
	char was[TEXT_MAX] = "other hashes";

	switch (s->tile_state) {
	case LOGFILE_MISSING:
		return blame_missing(l, file, fault);
	case LOGFILE_SHAPE:
		return blame_tile_shape(l, file, s->tile_size, fault);
	case LOGFILE_GOOD:
		if (!open && is_right(l, s, 0))
			return 0;
		if (!open && s->first_odd < TILE_WIDTH)
			snprintf(was, sizeof(was), "another hash of entry %" PRIu64,
				s->index * TILE_WIDTH + s->first_odd);
		return blame_file(l, FINDING_TILE_CHANGED, file, FINDING_NO_SEQ,
			"the leaf hashes of the entries", was, fault);
	default:
		return 0;
	}
}

int tote__log_audit_blame(struct log_audit *l, struct tote_fault *fault)
{
	const struct suspect *s;
	int open, rc;

	if (l->blamed >= l->evidence.suspect_count)
		return 0;
	s = &l->evidence.suspects[l->blamed++];
	open = is_open(l, s);
	rc = blame_bundle(l, s, open, fault);
	if (rc == 0)
		rc = blame_tile(l, s, open, fault);
	return rc < 0 ? rc : 1;
}

/* --- the tiles above ------------------------------------------------------------------------ */

static int compare_upper(struct log_audit *l, const struct tile *t, const uint8_t *right,
	struct logfile *ret, uint32_t *ret_odd, struct tote_fault *fault)
{
	int rc = tote__logfile_tile(l->q, t, l->tile, ret, fault);

	*ret_odd = 0;
	while (rc == 0 && ret->state == LOGFILE_GOOD && *ret_odd < t->width &&
		memcmp(right + (size_t)*ret_odd * HASH_LEN, l->tile + (size_t)*ret_odd * HASH_LEN,
			HASH_LEN) == 0)
		++*ret_odd;
	return rc;
}

int tote__log_audit_upper(struct log_audit *l, struct tote_fault *fault)
{
	char expected[TEXT_MAX], was[TEXT_MAX];
	const uint8_t *right;
	struct logfile file;
	struct tile t;
	uint32_t odd;
	int rc;

	if (l->given_up) /* what is missing was named; what lies above it cannot be computed */
		return 0;
	l->upper.to = l->size;
	if (!tote__tile_walk(&l->upper, &t))
		return 0;
	right = tote__evidence_hashes(&l->evidence, t.level, t.index * TILE_WIDTH, t.width);
	if (!right)
		return 1;
	rc = compare_upper(l, &t, right, &file, &odd, fault);
	if (rc == 0 && odd < t.width)
		rc = compare_upper(l, &t, right, &file, &odd, fault);
	if (rc < 0)
		return rc;
	if (file.state == LOGFILE_MISSING)
		rc = blame_missing(l, &file.file, fault);
	else if (file.state == LOGFILE_SHAPE)
		rc = blame_tile_shape(l, &file.file, file.size, fault);
	else if (file.state == LOGFILE_GOOD && odd < t.width) {
		describe_hash("hash", odd, right + (size_t)odd * HASH_LEN, expected);
		describe_hash("hash", odd, l->tile + (size_t)odd * HASH_LEN, was);
		rc = blame_file(
			l, FINDING_TILE_CHANGED, &file.file, FINDING_NO_SEQ, expected, was, fault);
	}
	return rc < 0 ? rc : 1;
}
