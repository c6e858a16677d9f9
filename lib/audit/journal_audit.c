/* SPDX-License-Identifier: ISC */
/*
 * The journal's names, and the conclusions of a replay. A segment's inside is segment_audit.c.
 */
#include "audit/journal_audit.h"
#include "audit/segment_audit.h"
#include "store/path.h"
#include "store/sort.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int tote__journal_audit_init(
	struct journal_audit *j, struct inquiry *q, struct log_audit *log, struct tote_fault *fault)
{
	memset(j, 0, sizeof(*j));
	j->q = q;
	j->log = log;
	tote__names_init(&j->again, q->heap);
	tote__buf_init(&j->body, q->heap, BUNDLE_MAX);
	j->chunk = tote__heap_new(q->heap, 1, SEGMENT_AUDIT_CHUNK, fault);
	return j->chunk ? 0 : fault->code;
}

void tote__journal_audit_free(struct journal_audit *j)
{
	if (!j->q)
		return;
	tote__names_free(&j->again);
	tote__buf_free(&j->body);
	tote__heap_free(j->q->heap, j->segments);
	tote__heap_free(j->q->heap, j->odd);
	tote__heap_free(j->q->heap, j->chunk);
	memset(j, 0, sizeof(*j));
}

static int add_number(const struct heap *heap, uint64_t **list, size_t *count, size_t *cap,
	uint64_t number, struct tote_fault *fault)
{
	if (*count == *cap) {
		size_t more = *cap ? 2 * *cap : 16;
		uint64_t *moved = tote__heap_resize(heap, *list, more, sizeof(*moved), fault);

		if (!moved)
			return fault->code;
		*list = moved;
		*cap = more;
	}
	(*list)[(*count)++] = number;
	return 0;
}

static int each_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct journal_audit *j = user;
	uint64_t seq;

	(void)st;
	if (tote__path_segment_parse(name, &seq))
		return add_number(j->q->heap, &j->segments, &j->count, &j->cap, seq, fault);
	return tote__names_push(&j->again, "", name, fault);
}

static int list(struct journal_audit *j, struct tote_fault *fault)
{
	const struct place *place = j->q->place;
	struct tote_fault why;
	int r;

	j->listed = 1;
	if (!(place->ops->capabilities & STORE_CAN_JOURNAL))
		return 0;
	memset(&why, 0, sizeof(why));
	r = place->ops->list(place->handle, SPACE_JOURNAL, "", each_name, j, &why);
	if (j->count)
		tote__sort(j->segments, j->count, sizeof(*j->segments), tote__sort_u64);
	if (r == 0 || r == TOTE_E_NOT_FOUND || r == TOTE_E_UNSUPPORTED)
		return 0;
	*fault = why;
	return tote__inquiry_failed(j->q, SPACE_JOURNAL, "", r, fault);
}

/* The segment that begins next; UINT64_MAX: this is the newest. */
static uint64_t behind(const struct journal_audit *j, uint64_t name)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->segments[i] > name)
			return j->segments[i];
	return UINT64_MAX;
}

static int look(
	struct journal_audit *j, uint64_t name, int telling, int *ret_odd, struct tote_fault *fault)
{
	struct segment_look s = {.q = j->q,
		.log = j->log,
		.name = name,
		.next = behind(j, name),
		.body = &j->body,
		.chunk = j->chunk,
		.telling = telling};
	int rc = tote__segment_look(&s, fault);

	*ret_odd = s.odd;
	return rc;
}

int tote__journal_audit_step(struct journal_audit *j, struct tote_fault *fault)
{
	uint64_t name;
	int odd, rc;

	if (!j->listed) {
		rc = list(j, fault);
		return rc < 0 ? rc : 1;
	}
	if (j->at >= j->count)
		return 0;
	name = j->segments[j->at++];
	rc = look(j, name, 0, &odd, fault);
	if (rc == 0 && odd)
		rc = add_number(j->q->heap, &j->odd, &j->odd_count, &j->odd_cap, name, fault);
	return rc < 0 ? rc : 1;
}

/* --- the second look ------------------------------------------------------------------------ */

static int again_name(struct journal_audit *j, const char *name, struct tote_fault *fault)
{
	const struct place *place = j->q->place;
	int stale = !strncmp(name, PATH_TEMP_PREFIX, strlen(PATH_TEMP_PREFIX));
	struct tote_fault why;
	struct store_stat st;

	memset(&why, 0, sizeof(why));
	if (place->ops->stat(place->handle, SPACE_JOURNAL, name, &st, &why) == TOTE_E_NOT_FOUND)
		return 0;
	return tote__inquiry_find(j->q, stale ? FINDING_LOG_STALE : FINDING_JOURNAL_FOREIGN,
		SPACE_JOURNAL, name, FINDING_NO_SEQ, NULL, NULL, fault);
}

/*
 * Whether what the replay concluded is the journal's fault and not the log's, which was named: the
 * first segment is held against the last hash of the log.
 */
static int is_ours(const struct journal_audit *j, const struct replay *r, int clean)
{
	if (!r->damaged || j->log->loose)
		return 0;
	if (!r->have_checkpoint)
		return r->segment_count && r->segments[0] == 0;
	return clean || r->damaged_at > r->covered.size;
}

static int conclude(struct journal_audit *j, int clean, struct tote_fault *fault)
{
	char name[PATH_KEPT_MAX] = "";
	struct tote_fault why;
	struct replay replay;
	int r;

	memset(&why, 0, sizeof(why));
	r = tote__replay(j->q->place, j->q->engine, tote__inquiry_mark(j->q), NULL, &replay, &why);
	if (r < 0) {
		*fault = why;
		return tote__inquiry_failed(j->q, SPACE_JOURNAL, "", r, fault);
	}
	r = 0;
	if (is_ours(j, &replay, clean)) {
		for (size_t i = 0; i < replay.segment_count; i++)
			if (replay.segments[i] <= replay.damaged_at)
				tote__path_segment(replay.segments[i], name);
		r = tote__inquiry_find(j->q, FINDING_JOURNAL_DAMAGED, SPACE_JOURNAL, name,
			replay.damaged_at, NULL, replay.why.text, fault);
	}
	tote__replay_free(&replay);
	return r;
}

int tote__journal_audit_again(
	struct journal_audit *j, int clean, int conclusion, struct tote_fault *fault)
{
	int rc = 0, odd;

	for (const char *name = tote__names_next(&j->again, NULL); rc == 0 && name;
		name = tote__names_next(&j->again, name))
		rc = again_name(j, name, fault);
	for (size_t i = 0; rc == 0 && i < j->odd_count; i++)
		rc = look(j, j->odd[i], 1, &odd, fault);
	if (conclusion == JOURNAL_NO_CONCLUSION || (conclusion == JOURNAL_IF_ODD && !j->odd_count))
		return rc;
	if (rc == 0 && (j->q->place->ops->capabilities & STORE_CAN_JOURNAL))
		rc = conclude(j, clean, fault);
	return rc;
}
