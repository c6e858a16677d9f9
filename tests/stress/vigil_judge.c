/* SPDX-License-Identifier: ISC */
/*
 * The end of a vigil. Everything that was harmed for long enough is on record as a finding of its
 * own; nothing else is; each container was audited in each period and no more often; what was
 * acknowledged is there; and an audit of all that was mended finds it whole.
 */
#include "stress/vigil.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD (FULL_SECONDS * SECOND)

/* What the record says, as far as it is compared. */
struct said {
	uint64_t seq;
	char id[64], path[256];
	int code;
	int is_run; /* audit.started of a whole run at level full, else audit.finding */
};

struct judge {
	struct vigil *vigil;
	struct said *said;
	size_t count, cap;
};

/* --- reading -------------------------------------------------------------------------------- */

static void field(const struct tote_entry *e, const char *key, char *out, size_t cap)
{
	*out = '\0';
	for (size_t i = 0; i < e->field_count; i++)
		if (strcmp(e->fields[i].key, key) == 0)
			snprintf(out, cap, "%.*s", (int)e->fields[i].length,
				(const char *)e->fields[i].value);
}

static void take(struct judge *j, const struct tote_entry *e)
{
	struct said s = {.seq = e->seq};
	char text[64];

	s.is_run = strcmp(e->kind, "audit.started") == 0;
	if (!s.is_run && strcmp(e->kind, "audit.finding") != 0)
		return;
	field(e, "container", s.id, sizeof(s.id));
	field(e, "path", s.path, sizeof(s.path));
	field(e, s.is_run ? "level" : "code", text, sizeof(text));
	if (s.is_run && strcmp(text, "full") != 0)
		return;
	s.code = s.is_run ? 0 : (int)strtol(text + 5, NULL, 10);
	field(e, "from-seq", text, sizeof(text));
	if (s.is_run && *text && strcmp(text, "0") != 0)
		return; /* the same one, going on */
	j->said = vigil_room(j->said, j->count, &j->cap, sizeof(s));
	j->said[j->count++] = s;
}

static void read_record(struct judge *j, tote_orchestrator *o)
{
	struct tote_entry e = {.size = sizeof(e)};
	struct tote_fault fault;
	tote_box *record = NULL;
	tote_cursor *cursor = NULL;
	int rc = tote_orchestrator_record(o, &record, &fault);

	if (rc == 0)
		rc = tote_cursor_open(record, 0, 0, &cursor, &fault);
	while (rc == 0 && (rc = tote_cursor_next(cursor, &e, &fault)) == 1) {
		take(j, &e);
		rc = 0;
	}
	if (rc < 0)
		vigil_wrong(j->vigil, "reading the record: %s", fault.text);
	tote_cursor_unref(cursor);
	tote_box_unref(record);
}

/* --- harm against findings ------------------------------------------------------------------ */

/* Is the finding explained by the harm? Of what hides everything, any path is the right one. */
static int is_of(const struct said *s, const struct harm *h)
{
	char id[ID_ROOM], seen[ID_ROOM + 16];

	vigil_id(h->container, id);
	if (h->kind == SEEN_GONE) {
		snprintf(seen, sizeof(seen), "seen/%s", id);
		return strstr(s->path, seen) || strcmp(s->id, id) == 0;
	}
	if (strcmp(s->id, id) != 0)
		return 0;
	return h->kind == CONTAINER_GONE || h->kind == ASSETS_LINK || strcmp(s->path, h->path) == 0;
}

static void judge_harms(struct judge *j)
{
	struct vigil *v = j->vigil;

	for (size_t i = 0; i < v->harm_count; i++) {
		const struct harm *h = &v->harms[i];
		int found = 0;

		if (h->to - h->from < LONG_ENOUGH)
			continue; /* mended because all ended */
		for (size_t n = 0; n < j->count && !found; n++)
			found = !j->said[n].is_run && j->said[n].seq >= h->record_from &&
				is_of(&j->said[n], h);
		if (!found)
			vigil_wrong(v,
				"container %u: harm %d at %s from %.0f s to %.0f s (entries %llu "
				"to %llu of the record) was never found",
				h->container, (int)h->kind, h->path, (double)h->from / SECOND,
				(double)h->to / SECOND, (unsigned long long)h->record_from,
				(unsigned long long)h->record_to);
	}
}

static void judge_findings(struct judge *j)
{
	struct vigil *v = j->vigil;

	for (size_t n = 0; n < j->count; n++) {
		const struct said *s = &j->said[n];
		int explained = s->is_run;

		for (size_t i = 0; i < v->harm_count && !explained; i++)
			explained = s->seq >= v->harms[i].record_from && is_of(s, &v->harms[i]);
		if (!explained)
			vigil_wrong(v, "entry %llu of the record: TOTE-%04d %s %s: nobody did that",
				(unsigned long long)s->seq, s->code, s->id, s->path);
	}
}

/* --- runs against the clock ----------------------------------------------------------------- */

/* The latest moment at which the record had at most seq entries, and the first behind it. */
static int64_t moment_of(const struct vigil *v, uint64_t seq)
{
	size_t low = 0, high = v->moment_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (v->moments[middle].record <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < v->moment_count ? v->moments[low].mono : atomic_load(&v->shared->mono);
}

/* Whose directory is away, or was until now, cannot be audited. */
static int is_away(const struct vigil *v, unsigned int container, int64_t from, int64_t to)
{
	for (size_t i = 0; i < v->harm_count; i++) {
		const struct harm *h = &v->harms[i];

		if (h->container == container &&
			(h->kind == CONTAINER_GONE || h->kind == ASSETS_LINK) && h->from <= to &&
			(h->to == 0 || h->to + PERIOD >= from))
			return 1;
	}
	return 0;
}

static void judge_runs_of(struct judge *j, unsigned int container)
{
	struct vigil *v = j->vigil;
	const int64_t end = atomic_load(&v->shared->mono);
	const unsigned long jumps = atomic_load(&v->shared->jumps), kills = v->shared->kills;
	int64_t last = SECOND;
	unsigned long runs = 0;
	char id[ID_ROOM];

	vigil_id(container, id);
	for (size_t n = 0; n <= j->count; n++) {
		const int at_end = n == j->count;
		int64_t at;

		if (!at_end && (!j->said[n].is_run || strcmp(j->said[n].id, id) != 0))
			continue;
		at = at_end ? end : moment_of(v, j->said[n].seq);
		if (at - last > 3 * PERIOD && !is_away(v, container, last, at))
			vigil_wrong(v, "%s: no full audit from %.0f s to %.0f s", id,
				(double)last / SECOND, (double)at / SECOND);
		last = at;
		runs += !at_end;
	}
	if (runs > (unsigned long)(end / PERIOD) + 2 + jumps + kills)
		vigil_wrong(v, "%s: %lu full audits in %.0f s", id, runs, (double)end / SECOND);
}

/* --- appends and the last audit ------------------------------------------------------------- */

static int is_there(tote_orchestrator *o, const char *id, uint64_t seq, const char *payload)
{
	struct tote_entry e = {.size = sizeof(e)};
	struct tote_fault fault;
	tote_box *box = NULL;
	tote_cursor *cursor = NULL;
	int there = tote_box_open(o, id, NULL, &box, &fault) == 0 &&
		    tote_cursor_open(box, seq, 0, &cursor, &fault) == 0 &&
		    tote_cursor_next(cursor, &e, &fault) == 1 && e.seq == seq &&
		    e.payload_length == strlen(payload) &&
		    memcmp(e.payload, payload, e.payload_length) == 0;

	tote_cursor_unref(cursor);
	tote_box_close(box, NULL);
	return there;
}

static void judge_diary(struct judge *j, tote_orchestrator *o, const char *path)
{
	FILE *f = fopen(path, "r");
	char id[ID_ROOM], payload[64];
	unsigned long long seq;

	if (!f)
		give_up("read", path);
	while (fscanf(f, "%15s %llu %63s", id, &seq, payload) == 3)
		if (!is_there(o, id, seq, payload))
			vigil_wrong(j->vigil, "%s: entry %llu was acknowledged and is not there",
				id, seq);
	fclose(f);
}

static void judge_appends(struct judge *j, tote_orchestrator *o)
{
	char path[PATH_ROOM];
	DIR *d = opendir(path_in(path, "%.4000s/diaries", j->vigil->top));
	const struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			judge_diary(j, o,
				path_in(path, "%.3000s/diaries/%s", j->vigil->top, e->d_name));
	if (!d)
		give_up("read", path);
	closedir(d);
}

static void judge_what_is_left(struct judge *j, tote_orchestrator *o)
{
	struct tote_finding f = {.size = sizeof(f)};
	struct tote_fault fault;
	tote_audit *audit = NULL;
	uint32_t worst = 0;
	int rc = tote_audit_start(o, NULL, &audit, &fault);

	while (rc == 0 && (rc = tote_audit_step(audit, 0, 0, &fault)) == 1)
		rc = 0;
	if (rc == 0)
		rc = tote_audit_worst(audit, &worst, &fault);
	if (rc < 0)
		vigil_wrong(j->vigil, "the last audit: %s", fault.text);
	while (rc == 0 && tote_audit_next_finding(audit, &f, &fault) == 1)
		if (!(f.flags & TOTE_FINDING_INFORMATION))
			vigil_wrong(j->vigil, "the last audit: TOTE-%04d %s %.*s: %s", f.code,
				f.container, (int)f.path_length, f.path, f.found);
	if (rc == 0 && worst != TOTE_VERDICT_OK)
		vigil_wrong(j->vigil, "the last audit: verdict %u", worst);
	tote_audit_close(audit, NULL);
}

void vigil_judge(struct vigil *v)
{
	struct judge j = {.vigil = v};
	tote_ctx *ctx = vigil_ctx(v);
	tote_orchestrator *o = NULL;
	struct tote_fault fault;

	if (tote_orchestrator_open(ctx, v->root, 0, &o, &fault) < 0) {
		vigil_wrong(v, "the last opening: %s", fault.text);
	} else {
		read_record(&j, o);
		judge_harms(&j);
		judge_findings(&j);
		for (unsigned int i = 0; i < v->containers; i++)
			judge_runs_of(&j, i);
		judge_appends(&j, o);
		judge_what_is_left(&j, o);
	}
	tote_orchestrator_close(o, NULL);
	tote_ctx_unref(ctx);
	free(j.said);
}
