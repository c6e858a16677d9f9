/* SPDX-License-Identifier: ISC */
/*
 * Which assets a run reads: all, or what was asked for, less what earlier runs read; and which seqs
 * it may say that it covered.
 */
#include "audit/asset_audit.h"
#include "store/layout.h"
#include <string.h>

/* --- what is read --------------------------------------------------------------------------- */

static int is_asked(const struct asked *asked, const struct asset *item)
{
	if (asked->path)
		return !strcmp(asked->path, item->path);
	return item->seq >= asked->from && item->seq <= asked->to;
}

static void suspect(struct asset_audit *a, const struct suspect_asset *s)
{
	struct asset_table *t = &a->entries->assets;
	const char *base = tote__layout_path(a->q->target->layout, SPACE_ASSETS);
	size_t len = base ? strlen(base) : 0;
	struct asset *item = s->have_seq ? tote__asset_table_by_seq(t, s->seq) : NULL;

	if (item)
		item->flags &= ~ASSET_EARLIER;
	if (!s->path || strncmp(s->path, base ? base : "", len) != 0 || s->path[len] != '/')
		return;
	item = tote__asset_table_at(t, s->path + len + 1);
	if (item)
		item->flags &= ~ASSET_EARLIER;
}

void tote__asset_part_choose(struct asset_audit *a)
{
	const struct run_target *target = a->q->target;
	struct asset_table *t = &a->entries->assets;
	int full = target->level != TOTE_LEVEL_STRUCTURE;

	for (size_t i = 0; i < t->count; i++) {
		if (target->asked && !is_asked(target->asked, &t->items[i]))
			t->items[i].flags |= ASSET_PASSED;
		else if (full && tote__covered_at(&a->entries->earlier, t->items[i].seq))
			t->items[i].flags |= ASSET_EARLIER;
	}
	for (size_t i = 0; i < target->suspect_count; i++)
		suspect(a, &target->suspects[i]);
}

/* --- what was verified ---------------------------------------------------------------------- */

/* This run or an earlier one found it whole, and it still lies there. */
static int is_whole(const struct asset_audit *a, const struct asset *item)
{
	const uint32_t read = ASSET_READ | ASSET_EARLIER;

	return (item->flags & (ASSET_FOUND | ASSET_KEPT)) &&
	       !(item->flags & (ASSET_ODD | ASSET_PASSED)) &&
	       (a->q->target->level == TOTE_LEVEL_STRUCTURE || item->flags & read);
}

static void count_earlier(
	const struct asset_audit *a, const struct asset *item, struct asset_count *ret)
{
	const struct covered_range *r = tote__covered_at(&a->entries->earlier, item->seq);

	ret->earlier++;
	ret->earlier_bytes += item->size;
	if (r && (!ret->earlier_us || r->time_us < ret->earlier_us))
		ret->earlier_us = r->time_us;
}

void tote__asset_audit_count(const struct asset_audit *a, struct asset_count *ret)
{
	const struct asset_table *t = &a->entries->assets;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < t->count; i++) {
		const struct asset *item = &t->items[i];
		int good = is_whole(a, item);

		if (!tote__asset_must_be_there(item))
			continue;
		ret->total++;
		ret->asked += !(item->flags & ASSET_PASSED);
		ret->verified += (uint64_t)good;
		if (good && item->flags & ASSET_EARLIER && !(item->flags & ASSET_READ))
			count_earlier(a, item, ret);
		if (!good && (!ret->oldest_us || item->time_us < ret->oldest_us))
			ret->oldest_us = item->time_us ? item->time_us : 1;
	}
}

/* --- what is covered ------------------------------------------------------------------------ */

void tote__asset_part_settled(struct asset_audit *a)
{
	a->settled = 1;
	a->settled_at = a->at;
}

/* The n-th asset and those behind it were not looked at yet, or what they showed was not settled. */
static size_t looked_at(const struct asset_audit *a)
{
	if (!a->settled)
		return 0;
	return a->q->target->level == TOTE_LEVEL_STRUCTURE ? a->entries->assets.count
							   : a->settled_at;
}

/* The first seq that this run cannot speak of yet. */
static uint64_t end_of_covered(const struct asset_audit *a)
{
	const struct asset_table *t = &a->entries->assets;
	const struct asked *asked = a->q->target->asked;
	uint64_t end = a->entries->next;

	for (size_t n = looked_at(a); n < t->count; n++) {
		const struct asset *item = tote__asset_table_nth(t, n);

		if (item->seq >= end)
			break;
		if (tote__asset_must_be_there(item) && !(item->flags & ASSET_PASSED)) {
			end = item->seq;
			break;
		}
	}
	return asked && !asked->path && asked->to < end ? asked->to + 1 : end;
}

/* Where this run may begin to speak: behind what an earlier one said, and what could not be read. */
static uint64_t pass_over(const struct asset_audit *a, uint64_t from)
{
	const struct entries *e = a->entries;
	const struct covered_range *r;

	for (;;) {
		if (e->lost && from >= e->first_lost && from <= e->last_lost)
			from = e->last_lost + 1;
		else if ((r = tote__covered_at(&e->earlier, from)) != NULL)
			from = r->to;
		else
			return from;
	}
}

/* The first at or behind seq, in order of seq. */
static size_t first_from(const struct asset_table *t, uint64_t seq)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tote__asset_table_nth(t, middle)->seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t end_of_range(const struct asset_audit *a, uint64_t from, uint64_t end)
{
	const struct asset_table *t = &a->entries->assets;
	const struct entries *e = a->entries;

	if (e->lost && e->first_lost > from && e->first_lost < end)
		end = e->first_lost;
	for (size_t n = first_from(t, from); n < t->count; n++) {
		const struct asset *item = tote__asset_table_nth(t, n);

		if (item->seq >= end)
			break;
		if (tote__asset_must_be_there(item) &&
			(!is_whole(a, item) || tote__covered_at(&e->earlier, item->seq)))
			return item->seq;
	}
	return end;
}

static int one_asset(const struct asset_audit *a, uint64_t *from, uint64_t *ret_to)
{
	const struct asset *item =
		tote__asset_table_at(&a->entries->assets, a->q->target->asked->path);

	if (!item || item->seq < *from || item->seq >= end_of_covered(a) || !is_whole(a, item))
		return 0;
	*from = item->seq;
	*ret_to = item->seq + 1;
	return 1;
}

int tote__asset_part_covered(const struct asset_audit *a, uint64_t *from, uint64_t *ret_to)
{
	const struct asked *asked = a->q->target->asked;
	uint64_t end, to, at = *from;

	if (asked && asked->path)
		return a->entries->assets.arranged ? one_asset(a, from, ret_to) : 0;
	end = end_of_covered(a);
	if (asked && at < asked->from)
		at = asked->from;
	for (at = pass_over(a, at); at < end; at = pass_over(a, at + 1)) {
		to = end_of_range(a, at, end);
		if (to == at) /* what is there is not whole */
			continue;
		*from = at;
		*ret_to = to;
		return 1;
	}
	return 0;
}
