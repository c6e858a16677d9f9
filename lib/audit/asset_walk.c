/* SPDX-License-Identifier: ISC */
/*
 * Listing ahead. A large directory is not kept in memory: it is listed by who takes it.
 */
#include "audit/asset_walk.h"
#include <string.h>

#define FOUND_MAX ((size_t)1 << 20) /* bytes: about 10,000 names */

static int keep(void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct listing *l = user;
	const size_t before = l->found.len, len = strlen(name) + 1;
	int rc;

	l->large = l->found.len + sizeof(*st) + len > FOUND_MAX;
	if (l->large)
		return 1;
	tote__buf_put(&l->found, st, sizeof(*st));
	tote__buf_put(&l->found, name, len);
	rc = tote__buf_check(&l->found, "names to be audited", fault);
	if (rc < 0)
		l->found.len = before; /* one without its name is none */
	return rc;
}

static int list(struct ahead *ahead, void *job)
{
	struct listing *l = job;
	const struct place *place = l->of->q->place;

	(void)ahead;
	memset(&l->why, 0, sizeof(l->why));
	tote__buf_reset(&l->found);
	l->large = 0;
	l->r = place->ops->list(place->handle, SPACE_ASSETS, l->dir, keep, l, &l->why);
	return AHEAD_DONE;
}

int tote__asset_walk_init(struct asset_walk *w, struct inquiry *q, struct tote_fault *fault)
{
	int overlap = (q->place->ops->capabilities & STORE_CAN_ANY_THREAD) != 0;
	int rc = tote__ahead_init(&w->ahead, q->heap, sizeof(struct listing), overlap, list, fault);

	if (rc < 0)
		return rc;
	w->q = q;
	w->ahead.wanted = q->target->readers;
	for (size_t i = 0; i < AHEAD_JOBS; i++) {
		struct listing *l = tote__ahead_job(&w->ahead, i);

		l->of = w;
		tote__buf_init(&l->found, q->heap, FOUND_MAX);
	}
	return 0;
}

void tote__asset_walk_free(struct asset_walk *w)
{
	if (!w->q)
		return;
	tote__ahead_rest(&w->ahead);
	for (size_t i = 0; i < AHEAD_JOBS; i++) {
		struct listing *l = tote__ahead_job(&w->ahead, i);

		tote__buf_free(&l->found);
	}
	tote__ahead_free(&w->ahead);
	memset(w, 0, sizeof(*w));
}

struct listing *tote__asset_walk_take(struct asset_walk *w, struct names *dirs)
{
	struct listing *l;

	if (w->q->ahead != &w->ahead) {
		tote__inquiry_rest(w->q);
		w->q->ahead = &w->ahead;
	}
	while ((l = tote__ahead_next(&w->ahead)) != NULL &&
		tote__names_pop(dirs, l->dir, sizeof(l->dir)))
		tote__ahead_give(&w->ahead);
	return tote__ahead_take(&w->ahead);
}

void tote__asset_walk_drop(struct asset_walk *w, struct listing *l)
{
	if (l->found.cap > FOUND_MAX / 4) /* not kept for small ones */
		tote__buf_free(&l->found);
	tote__ahead_drop(&w->ahead);
}

int tote__listing_next(
	const struct listing *l, size_t *at, const char **ret_name, struct store_stat *ret)
{
	if (*at >= l->found.len)
		return 0;
	memcpy(ret, l->found.data + *at, sizeof(*ret));
	*ret_name = (const char *)l->found.data + *at + sizeof(*ret);
	*at += sizeof(*ret) + strlen(*ret_name) + 1;
	return 1;
}
