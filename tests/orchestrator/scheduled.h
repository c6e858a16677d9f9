/* SPDX-License-Identifier: ISC */
/*
 * A root with a clock that the tests set, and a host's loop over it.
 */
#ifndef ORCHESTRATOR_SCHEDULED_H
#define ORCHESTRATOR_SCHEDULED_H

#include "orchestrator/agenda.h"
#include "orchestrator/outlook.h"
#include "root.h"
#include <stdatomic.h>

#define S    SCHEDULE_SECOND
#define HOUR (3600 * S)
#define DAY  SCHEDULE_DAY

static struct root r;
/* The threads of a dispatch read it, too. */
static struct {
	_Atomic int64_t wall, monotonic;
} now;

/* Time that goes on a little with each reading, or nothing with a bound would ever end. */
static inline int64_t read_wall(void *user)
{
	(void)user;
	return now.wall;
}

static inline int64_t read_monotonic(void *user)
{
	(void)user;
	return atomic_fetch_add(&now.monotonic, 50) + 50;
}

static inline void pass(int64_t us)
{
	now.wall += us;
	now.monotonic += us;
}

static inline void setup(void)
{
	struct tote_clock clock = {
		.size = sizeof(clock), .wall = read_wall, .monotonic = read_monotonic};
	struct tote_ctx_options options = {.size = sizeof(options), .clock = &clock};
	struct frozen_clock start = FROZEN_CLOCK;

	now.wall = start.wall;
	now.monotonic = start.monotonic;
	root_bare(&r);
	tote_ctx_unref(r.ctx);
	ck_ok(tote_ctx_new(&options, &r.ctx, &r.fault), r.fault);
	ck_ok(tote_orchestrator_init(r.ctx, r.path, ROOT_ORIGIN, "op@host", 0, &r.fault), r.fault);
	root_open(&r);
}

static inline void teardown(void)
{
	root_remove(&r);
}

static inline struct tote_dispatch dispatch_with(uint64_t max_bytes, int64_t max_us, uint32_t flags)
{
	struct tote_dispatch_options options = {
		.size = sizeof(options), .flags = flags, .max_bytes = max_bytes, .max_us = max_us};
	struct tote_dispatch did = {.size = sizeof(did)};

	ck_ok(tote_orchestrator_dispatch(r.o, &options, &did, &r.fault), r.fault);
	return did;
}

static inline struct tote_dispatch dispatch(void)
{
	return dispatch_with(0, 0, 0);
}

static inline int64_t next_due(void)
{
	int64_t delay = -1;

	ck_ok(tote_orchestrator_next_due(r.o, &delay, &r.fault), r.fault);
	ck_assert_int_ge(delay, 0);
	ck_assert_int_le(delay, TOTE_DUE_MAX_US);
	return delay;
}

static inline void set_policy(const char *id, uint32_t set, struct tote_policy p)
{
	p.size = sizeof(p);
	p.set = set;
	ck_ok(tote_orchestrator_set_policy(r.o, id, &p, NULL, 0, &r.fault), r.fault);
}

/* How often a container has been audited, at that level. */
static inline int runs(const char *id, const char *level)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;
	tote_box *record;
	int count = 0;

	ck_ok(tote_orchestrator_record(r.o, &record, &r.fault), r.fault);
	ck_ok(tote_cursor_open(record, 0, 0, &cursor, &r.fault), r.fault);
	while (tote_cursor_next(cursor, &e, &r.fault) == 1) {
		const char *text = printed(
			"%.*s", e.length < 4000 ? (int)e.length : 4000, (const char *)e.bytes);

		count += !strcmp(e.kind, "audit.finished") &&
			 strstr(text, printed("\ncontainer %s\n", id)) &&
			 strstr(text, printed("\nlevel %s\n", level));
	}
	tote_cursor_unref(cursor);
	tote_box_unref(record);
	return count;
}

static inline int64_t slots(const char *id, int64_t period, int64_t from, int64_t to)
{
	int64_t jitter = tote__schedule_jitter(id, period);

	return tote__schedule_slot(to, period, jitter) - tote__schedule_slot(from, period, jitter);
}

/* A host's loop, for so long: how many audits that were. */
static inline uint64_t live_for(int64_t length)
{
	int64_t end = now.wall + length;
	uint64_t begun = 0;

	for (;;) {
		int64_t delay = next_due();

		if (now.wall + delay >= end)
			break;
		pass(delay ? delay : 1);
		begun += dispatch().begun;
	}
	pass(end - now.wall);
	return begun;
}

static inline int all_runs(const char *id)
{
	return runs(id, "full") + runs(id, "structure");
}

static inline void seal_bytes(const char *id, const char *name, size_t length)
{
	char *data = calloc(1, length);
	struct tote_source source = {.path = name,
		.data = data,
		.length = length,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
	tote_box *box = root_box(&r, id);
	struct tote_sealed sealed;

	ck_ok(tote_box_seal(box, &source, 1, NULL, 0, &sealed, &r.fault), r.fault);
	tote_box_unref(box);
	free(data);
}

#endif
