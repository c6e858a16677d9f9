/* SPDX-License-Identifier: ISC */
/*
 * Runs that have not ended, and the ranges that runs read. Newer reading takes the place of older,
 * and what one run read in one hour is one range, so a container has a few of them however often it
 * is audited.
 */
#include "orchestrator/runs.h"
#include "base/text.h"
#include "ledger/cached.h"
#include <string.h>
#include <toteborch/audit.h>

#define OPEN_MAX   16  /* of one container; older ones were given up long ago */
#define RANGES_MAX 256 /* likewise: what is left out is only read again */
#define MERGE_US   (3600 * INT64_C(1000000)) /* a range is as old as its oldest part */

void tote__runs_free(struct known_runs *k, const struct heap *heap)
{
	for (size_t i = 0; i < k->open_count; i++)
		tote__heap_free(heap, k->open[i].path);
	tote__heap_free(heap, k->open);
	tote__heap_free(heap, k->ranges);
	memset(k, 0, sizeof(*k));
}

static int grow(const struct heap *heap, void **items, size_t wanted, size_t *cap, size_t size,
	struct tote_fault *fault)
{
	size_t more = *cap ? *cap : 2;
	void *p;

	while (more < wanted)
		more *= 2;
	if (more == *cap)
		return 0;
	p = tote__heap_resize(heap, *items, more, size, fault);
	if (!p)
		return TOTE_E_NO_MEMORY;
	*items = p;
	*cap = more;
	return 0;
}

static int number(const struct entry *e, const char *key, uint64_t absent, uint64_t *ret,
	struct tote_fault *fault)
{
	*ret = absent;
	return tote__entry_field(e, key) ? tote__entry_number(e, key, ret, fault) : 0;
}

static int is_full(const struct entry *e)
{
	const struct entry_field *f = tote__entry_field(e, "level");

	return f && f->value_len == 4 && !memcmp(f->value, "full", 4);
}

/* --- runs ----------------------------------------------------------------------------------- */

static struct open_run *find(const struct known_runs *k, uint64_t run)
{
	for (size_t i = 0; i < k->open_count; i++)
		if (k->open[i].run == run)
			return &k->open[i];
	return NULL;
}

const struct open_run *tote__runs_find(const struct known_runs *k, uint64_t run)
{
	return find(k, run);
}

const struct open_run *tote__runs_unfinished(const struct known_runs *k, uint32_t level)
{
	for (size_t i = k->open_count; i-- > 0;)
		if (!k->open[i].part && !k->open[i].cached && k->open[i].level == level)
			return &k->open[i];
	return NULL;
}

static void drop(struct known_runs *k, const struct heap *heap, size_t at)
{
	tote__heap_free(heap, k->open[at].path);
	k->open_count--;
	memmove(k->open + at, k->open + at + 1, (k->open_count - at) * sizeof(*k->open));
}

static int path_of(
	const struct heap *heap, const struct entry *e, char **ret, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, "path");
	struct buf text;
	int rc;

	*ret = NULL;
	if (!f)
		return 0;
	tote__buf_init(&text, heap, VALUE_MAX + 1);
	rc = tote__field_decode(f, &text, fault);
	if (!rc && !(*ret = tote__heap_strdup(heap, (const char *)text.data, fault)))
		rc = TOTE_E_NO_MEMORY;
	tote__buf_free(&text);
	return rc;
}

int tote__runs_started(struct known_runs *k, const struct heap *heap, const struct entry *e,
	struct tote_fault *fault)
{
	struct open_run now = {.run = e->seq,
		.first = e->seq,
		.level = is_full(e) ? TOTE_LEVEL_FULL : TOTE_LEVEL_STRUCTURE};
	const struct open_run *before;
	uint64_t continues;
	void *items = k->open;
	int rc;

	if ((rc = number(e, "job", e->seq, &now.job, fault)) < 0 ||
		(rc = number(e, "continues", 0, &continues, fault)) < 0 ||
		(rc = number(e, "from-seq", 0, &now.from, fault)) < 0 ||
		(rc = number(e, "to-seq", UINT64_MAX, &now.to, fault)) < 0 ||
		(rc = grow(heap, &items, k->open_count + 1, &k->open_cap, sizeof(now), fault)) < 0)
		return rc;
	k->open = items;
	if ((rc = path_of(heap, e, &now.path, fault)) < 0)
		return rc;
	now.all = tote__entry_field(e, "scope") != NULL;
	now.cached = tote__cached_of(e) == CACHED_ASKED;
	now.part = now.path || tote__entry_field(e, "to-seq");
	before = continues ? find(k, continues) : NULL;
	if (before) {
		now.first = before->first;
		now.covered_to = before->covered_to;
		drop(k, heap, (size_t)(before - k->open));
	}
	if (k->open_count == OPEN_MAX)
		drop(k, heap, 0);
	k->open[k->open_count++] = now;
	return 0;
}

/*
 * A whole run that came to its end leaves nothing to go on with of what began before it; but one that
 * read from memory ends for itself alone.
 */
void tote__runs_ended(struct known_runs *k, const struct heap *heap, uint64_t run, int stopped)
{
	struct open_run *ended = find(k, run);
	uint32_t level;

	if (!ended)
		return;
	level = ended->level;
	if (ended->part || ended->cached) {
		drop(k, heap, (size_t)(ended - k->open));
		return;
	}
	ended->stopped = stopped;
	for (size_t i = k->open_count; i-- > 0;)
		if (!k->open[i].part && k->open[i].level <= level &&
			(k->open[i].run < run || (k->open[i].run == run && !stopped)))
			drop(k, heap, i);
}

/* --- ranges --------------------------------------------------------------------------------- */

static int ranges_grow(
	struct known_runs *k, const struct heap *heap, size_t more, struct tote_fault *fault)
{
	void *items = k->ranges;
	int rc =
		grow(heap, &items, k->range_count + more, &k->range_cap, sizeof(*k->ranges), fault);

	k->ranges = items;
	return rc;
}

static void put(struct known_runs *k, size_t at, const struct covered_range *r)
{
	memmove(k->ranges + at + 1, k->ranges + at, (k->range_count - at) * sizeof(*r));
	k->ranges[at] = *r;
	k->range_count++;
}

static void take_out(struct known_runs *k, size_t at)
{
	k->range_count--;
	memmove(k->ranges + at, k->ranges + at + 1, (k->range_count - at) * sizeof(*k->ranges));
}

/* What is older there is older news. There is room for one more. */
static void cut_out(struct known_runs *k, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < k->range_count; i++) {
		struct covered_range *r = &k->ranges[i], rest = *r;

		if (r->to <= from || r->from >= to)
			continue;
		if (r->from < from && r->to > to) {
			r->to = from;
			rest.from = to;
			put(k, i + 1, &rest);
			return;
		}
		if (r->from < from)
			r->to = from;
		else if (r->to > to)
			r->from = to;
		else
			take_out(k, i--);
	}
}

static int joins(const struct covered_range *before, const struct covered_range *r)
{
	return before->run == r->run && before->to == r->from &&
	       r->time_us - before->time_us < MERGE_US && r->time_us >= before->time_us;
}

static void add(struct known_runs *k, const struct covered_range *r)
{
	size_t at = 0;

	cut_out(k, r->from, r->to);
	while (at < k->range_count && k->ranges[at].from < r->from)
		at++;
	if (!at || !joins(&k->ranges[at - 1], r)) {
		put(k, at, r);
		return;
	}
	k->ranges[at - 1].to = r->to;
	k->ranges[at - 1].size = r->size;
	memcpy(k->ranges[at - 1].leaf, r->leaf, HASH_LEN);
}

void tote__runs_found(struct known_runs *k, uint64_t run)
{
	struct open_run *open = find(k, run);

	if (!open || ++open->found < RUN_FINDINGS_MAX)
		return;
	for (size_t i = k->range_count; i-- > 0;)
		if (k->ranges[i].run < run)
			take_out(k, i);
}

static void forget_oldest(struct known_runs *k)
{
	size_t oldest = 0;

	for (size_t i = 1; i < k->range_count; i++)
		if (k->ranges[i].run < k->ranges[oldest].run)
			oldest = i;
	take_out(k, oldest);
}

int tote__runs_covered(struct known_runs *k, const struct heap *heap, const struct entry *e,
	struct tote_fault *fault)
{
	const struct entry_field *leaf = tote__entry_field(e, "leaf");
	struct covered_range r = {.time_us = e->time_us};
	struct open_run *run;
	size_t len;
	int rc;

	if ((rc = tote__entry_number(e, "run", &r.run, fault)) < 0 ||
		(rc = tote__entry_number(e, "from-seq", &r.from, fault)) < 0 ||
		(rc = tote__entry_number(e, "to-seq", &r.to, fault)) < 0 ||
		(rc = number(e, "size", 0, &r.size, fault)) < 0)
		return rc;
	if (r.to++ < r.from)
		return 0; /* an audit of the record names it */
	run = find(k, r.run);
	if (run && run->cached)
		return 0; /* it says nothing of the medium */
	if (run && !run->part && run->covered_to < r.to)
		run->covered_to = r.to;
	/* without the leaf nothing says of which ledger that was */
	if (!leaf || !is_full(e) || r.size < r.to ||
		tote__base64_decode(leaf->value, leaf->value_len, r.leaf, HASH_LEN, &len) < 0 ||
		len != HASH_LEN)
		return 0;
	if ((rc = ranges_grow(k, heap, 2, fault)) < 0)
		return rc;
	add(k, &r);
	while (k->range_count > RANGES_MAX)
		forget_oldest(k);
	return 0;
}
