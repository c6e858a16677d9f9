/* SPDX-License-Identifier: ISC */
/*
 * A container's place that is looked at through the eyes of a test: before a file is opened, before it
 * is asked what lies at a name, and behind each listing of assets/ something may happen, as if another
 * process did it. There is one in a process.
 */
#ifndef AUDIT_WATCH_H
#define AUDIT_WATCH_H

#include "support/audited.h"

static struct {
	const struct place *inner;
	struct store_ops ops;
	struct place place; /* to be used instead of inner */
	/* Before a file is opened; what is not 0 is returned in its place. */
	int (*opening)(int space, const char *name, uint32_t flags, struct tote_fault *fault);
	/* Behind a listing of that directory below assets/. */
	void (*listed)(const char *dir);
	const char *mount; /* a directory in assets/ that is another file system's */
	store_list_fn *each;
	void *user;
} watch;

static inline int watch_open(void *at, int space, const char *name, uint32_t flags, void **ret,
	struct store_stat *st, struct tote_fault *fault)
{
	int rc = watch.opening ? watch.opening(space, name, flags, fault) : 0;

	return rc ? rc : watch.inner->ops->object_open(at, space, name, flags, ret, st, fault);
}

/* One after the other, each as if it were opened alone. */
static inline int watch_read_many(void *at, int space, uint32_t flags, struct store_read *reads,
	size_t count, struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct tote_fault why = {0};

		reads[i].code =
			watch.opening ? watch.opening(space, reads[i].name, flags, &why) : 0;
		if (reads[i].code == 0)
			rc = watch.inner->ops->read_many(at, space, flags, &reads[i], 1, fault);
	}
	return rc;
}

static inline int watch_each(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct store_stat seen = *st;

	(void)user;
	seen.mount |= watch.mount && strcmp(name, watch.mount) == 0;
	return watch.each(watch.user, name, &seen, fault);
}

static inline int watch_list(void *at, int space, const char *dir, store_list_fn *each, void *user,
	struct tote_fault *fault)
{
	int rc;

	watch.each = each;
	watch.user = user;
	rc = watch.inner->ops->list(
		at, space, dir, space == SPACE_ASSETS ? watch_each : each, user, fault);
	if (space == SPACE_ASSETS && watch.listed)
		watch.listed(dir);
	return rc;
}

static inline int watch_stat(
	void *at, int space, const char *name, struct store_stat *ret, struct tote_fault *fault)
{
	int rc = watch.inner->ops->stat(at, space, name, ret, fault);

	if (rc == 0 && space == SPACE_ASSETS && watch.mount && strcmp(name, watch.mount) == 0)
		ret->mount = 1;
	return rc;
}

/* Of one thread, so that what comes first comes first. */
static inline void watch_begin(struct audited *a)
{
	memset(&watch, 0, sizeof(watch));
	watch.inner = &a->place;
	watch.ops = *a->place.ops;
	watch.ops.capabilities &= ~STORE_CAN_ANY_THREAD;
	watch.ops.object_open = watch_open;
	watch.ops.read_many = watch_read_many;
	watch.ops.list = watch_list;
	watch.ops.stat = watch_stat;
	watch.place = a->place;
	watch.place.ops = &watch.ops;
	a->target.place = &watch.place;
}

#endif
