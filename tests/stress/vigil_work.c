/* SPDX-License-Identifier: ISC */
/*
 * The processes of a vigil: the one that keeps the schedule, the one that appends, the operator.
 */
#include "stress/vigil.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t vigil_draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

void vigil_wrong(struct vigil *v, const char *fmt, ...)
{
	va_list args;

	if (atomic_fetch_add(&v->shared->wrong, 1))
		return;
	va_start(args, fmt);
	vsnprintf(v->shared->why, sizeof(v->shared->why), fmt, args);
	va_end(args);
}

const char *vigil_id(unsigned int container, char out[ID_ROOM])
{
	snprintf(out, ID_ROOM, "box-%03u", container);
	return out;
}

void *vigil_room(void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	*cap = *cap ? 2 * *cap : 256;
	items = realloc(items, *cap * size);
	if (!items)
		give_up("memory", "vigil");
	return items;
}

static int64_t wall(void *user)
{
	return atomic_load(&((struct shared *)user)->wall);
}

static int64_t monotonic(void *user)
{
	return atomic_load(&((struct shared *)user)->mono);
}

tote_ctx *vigil_ctx(struct vigil *v)
{
	struct tote_clock clock = {
		.size = sizeof(clock), .user = v->shared, .wall = wall, .monotonic = monotonic};
	struct tote_ctx_options options;
	struct tote_fault fault;
	tote_ctx *ctx = NULL;

	tote_ctx_options_init(&options, sizeof(options), &fault);
	options.clock = &clock;
	if (tote_ctx_new(&options, &ctx, &fault) < 0)
		give_up(fault.text, "context");
	return ctx;
}

static tote_orchestrator *opened(struct vigil *v, tote_ctx *ctx)
{
	struct tote_fault fault;
	tote_orchestrator *o = NULL;

	if (tote_orchestrator_open(ctx, v->root, 0, &o, &fault) < 0) {
		vigil_wrong(v, "open: %s", fault.text);
		_exit(1);
	}
	return o;
}

/* --- the keeper ----------------------------------------------------------------------------- */

static void sleep_until(struct vigil *v, tote_orchestrator *o, int64_t delay)
{
	struct shared *s = v->shared;
	struct tote_box_info info = {.size = sizeof(info)};
	struct tote_fault fault;
	tote_box *record = NULL;

	if (tote_orchestrator_record(o, &record, &fault) < 0 ||
		tote_box_info(record, &info, &fault) < 0)
		vigil_wrong(v, "record: %s", fault.text);
	tote_box_unref(record);
	atomic_store(&s->record, info.entries);
	atomic_store(&s->until, atomic_load(&s->mono) + delay);
	atomic_store(&s->asleep, 1);
	while (atomic_load(&s->asleep) && !atomic_load(&s->ends))
		usleep(100);
}

void vigil_keeper(struct vigil *v)
{
	tote_ctx *ctx = vigil_ctx(v);
	tote_orchestrator *o = opened(v, ctx);
	struct shared *s = v->shared;
	struct tote_fault fault;

	while (!atomic_load(&s->ends)) {
		struct tote_dispatch_options options = {
			.size = sizeof(options), .max_bytes = 1 + vigil_draw(&v->chance, 1u << 20)};
		struct tote_dispatch done = {.size = sizeof(done)};
		int64_t delay = 0;

		if (tote_orchestrator_dispatch(o, &options, &done, &fault) < 0)
			vigil_wrong(v, "dispatch: %s", fault.text);
		atomic_fetch_add(&s->dispatches, 1);
		if (tote_orchestrator_next_due(o, &delay, &fault) < 0)
			vigil_wrong(v, "next due: %s", fault.text);
		if (delay > 0)
			sleep_until(v, o, delay);
	}
	if (tote_orchestrator_close(o, &fault) < 0)
		vigil_wrong(v, "close: %s", fault.text);
	tote_ctx_unref(ctx);
	_exit(0);
}

/* --- the writer ----------------------------------------------------------------------------- */

/* One line for each entry that was acknowledged: the container, the seq, the payload. */
static void noted(struct vigil *v, int diary, const char *id, uint64_t seq, const char *payload)
{
	char line[128];
	const int n =
		snprintf(line, sizeof(line), "%s %llu %s\n", id, (unsigned long long)seq, payload);

	if (write(diary, line, (size_t)n) != n)
		vigil_wrong(v, "the diary takes no line");
}

void vigil_writer(struct vigil *v, unsigned int generation)
{
	tote_ctx *ctx = vigil_ctx(v);
	tote_orchestrator *o = opened(v, ctx);
	char path[PATH_ROOM], id[ID_ROOM], payload[64];
	const int diary = open(path_in(path, "%s/diaries/%u", v->top, generation),
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (diary < 0)
		give_up("open", path);
	for (unsigned long i = 0; !atomic_load(&v->shared->ends); i++) {
		struct tote_record record = {.kind = "record", .payload = payload};
		struct tote_fault fault;
		tote_box *box = NULL;
		uint64_t seq;

		vigil_id((unsigned int)vigil_draw(&v->chance, v->containers), id);
		record.payload_length =
			(size_t)snprintf(payload, sizeof(payload), "%u.%lu", generation, i);
		if (tote_box_open(o, id, NULL, &box, &fault) == 0 &&
			tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault) == 0) {
			noted(v, diary, id, seq, payload);
			atomic_fetch_add(&v->shared->appends, 1);
		} else {
			atomic_fetch_add(&v->shared->refused, 1);
		}
		tote_box_close(box, &fault);
		usleep(3000);
	}
	tote_orchestrator_close(o, NULL);
	tote_ctx_unref(ctx);
	_exit(0);
}

/* --- the operator --------------------------------------------------------------------------- */

static void fill(struct vigil *v, tote_orchestrator *o, const char *id)
{
	static struct tote_record records[ENTRIES_EACH];
	struct tote_source sources[ASSETS_EACH] = {0};
	char paths[ASSETS_EACH][16], bytes[256], note[TOTE_NOTE_MAX];
	size_t length;
	struct tote_fault fault;
	tote_box *box = NULL;
	int rc = tote_box_open(o, id, NULL, &box, &fault);

	memset(bytes, 'a', sizeof(bytes));
	for (unsigned int i = 0; i < ENTRIES_EACH; i++)
		records[i].kind = "record";
	for (unsigned int i = 0; i < ASSETS_EACH; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%u", i);
		sources[i] = (struct tote_source){.path = paths[i],
			.data = bytes,
			.length = sizeof(bytes),
			.flags = TOTE_SOURCE_DATA,
			.supersedes = TOTE_SEQ_ANY};
	}
	if (rc < 0 ||
		tote_box_append_many(box, records, ENTRIES_EACH, TOTE_SEQ_ANY, 0, NULL, &fault) <
			0 ||
		tote_box_seal(box, sources, ASSETS_EACH, NULL, 0, NULL, &fault) < 0 ||
		tote_box_checkpoint(box, 0, note, sizeof(note), &length, &fault) < 0 ||
		tote_box_close(box, &fault) < 0)
		give_up(fault.text, v->root);
}

/* Every fifth container is suspended by a flag. */
static void rule(tote_orchestrator *o, const char *id, unsigned int number)
{
	struct tote_policy policy = {.size = sizeof(policy),
		.set = TOTE_POLICY_STRUCTURE_EVERY | TOTE_POLICY_FULL_EVERY |
		       TOTE_POLICY_OVERDUE_AFTER | TOTE_POLICY_ON_FLAG,
		.structure_every_s = STRUCTURE_SECONDS,
		.full_every_s = FULL_SECONDS,
		.overdue_after_s = 3 * FULL_SECONDS,
		.on_flag = number % 5 == 4 ? TOTE_ON_FLAG_SUSPEND : TOTE_ON_FLAG_NONE};
	struct tote_fault fault;

	if (tote_orchestrator_set_policy(o, id, &policy, NULL, 0, &fault) < 0)
		give_up(fault.text, id);
}

void vigil_make(struct vigil *v)
{
	tote_ctx *ctx = vigil_ctx(v);
	tote_orchestrator *o;
	struct tote_fault fault;
	char id[ID_ROOM];

	if (tote_orchestrator_init(ctx, v->root, VIGIL_ORIGIN, NULL, 0, &fault) < 0)
		give_up(fault.text, v->root);
	o = opened(v, ctx);
	for (unsigned int i = 0; i < v->containers; i++) {
		vigil_id(i, id);
		if (tote_orchestrator_provision(o, id, NULL, NULL, &fault) < 0)
			give_up(fault.text, id);
		fill(v, o, id);
		rule(o, id, i);
	}
	rule(o, "orchestrator", 0);
	if (tote_orchestrator_close(o, &fault) < 0)
		give_up(fault.text, v->root);
	tote_ctx_unref(ctx);
}

static void resume(struct vigil *v, tote_orchestrator *o, const char *id)
{
	struct tote_container c = {.size = sizeof(c)};
	struct tote_fault fault;

	if (tote_orchestrator_find(o, id, &c, &fault) < 0 ||
		(c.state == TOTE_STATE_SUSPENDED &&
			tote_orchestrator_set_state(o, id, TOTE_STATE_ACTIVE, NULL,
				"looked at and mended", 0, &fault) < 0))
		vigil_wrong(v, "resume %s: %s", id, fault.text);
}

void vigil_settle(struct vigil *v, const char *id)
{
	tote_ctx *ctx = vigil_ctx(v);
	tote_orchestrator *o = opened(v, ctx);
	struct tote_flag flag = {.size = sizeof(flag), .seq = TOTE_SEQ_ANY};
	struct tote_fault fault;
	char each[ID_ROOM];

	while (tote_orchestrator_next_flag(o, id, flag.seq, &flag, &fault) == 1)
		if (!(flag.flags & TOTE_FLAG_ACKNOWLEDGED) &&
			tote_orchestrator_acknowledge(
				o, flag.seq, "operator", "looked at and mended", 0, &fault) < 0)
			vigil_wrong(v, "acknowledge %llu: %s", (unsigned long long)flag.seq,
				fault.text);
	for (unsigned int i = 0; i < v->containers; i++)
		if (!id || strcmp(id, vigil_id(i, each)) == 0)
			resume(v, o, vigil_id(i, each));
	tote_orchestrator_close(o, NULL);
	tote_ctx_unref(ctx);
}
