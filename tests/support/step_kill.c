/* SPDX-License-Identifier: ISC */
/*
 * Kills this process at one step, or has one step fail. One box in a process.
 */
#include "support/step_kill.h"
#include "ledger/ledger_impl.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct {
	const struct store_ops *real;
	struct store_ops ops;
	long kill_at, count; /* kill_at < 0: never */
	const char *name;
	long nth;
	void (*act)(void *user);
	void *user;
	int code;
} steps;

/* The code with which the step fails, or 0. */
static int step(const char *name, struct tote_fault *fault)
{
	if (steps.kill_at >= 0 && steps.count++ == steps.kill_at)
		kill(getpid(), SIGKILL);
	if (!steps.name || strcmp(steps.name, name) != 0 || steps.nth-- != 0)
		return 0;
	if (steps.act)
		steps.act(steps.user);
	if (!steps.code)
		return 0;
	tote__fault(fault, steps.code, "%s: made to fail", name);
	fault->effect = TOTE_EFFECT_UNKNOWN;
	return steps.code;
}

#define STEP(name, ...)                                                                            \
	do {                                                                                       \
		int code_ = step(#name, fault);                                                    \
		return code_ ? code_ : steps.real->name(__VA_ARGS__, fault);                       \
	} while (0)

static int k_stage_begin(void *place, void **ret_stage, struct tote_fault *fault)
{
	STEP(stage_begin, place, ret_stage);
}

static int k_stage_write(void *stage, const void *data, size_t len, struct tote_fault *fault)
{
	STEP(stage_write, stage, data, len);
}

static int k_stage_sync(void *const *stages, size_t count, struct tote_fault *fault)
{
	STEP(stage_sync, stages, count);
}

static int k_stage_keep(void *stage, uint64_t seq, struct tote_fault *fault)
{
	STEP(stage_keep, stage, seq);
}

static int k_make_parents(void *place, const char *path, struct tote_fault *fault)
{
	STEP(make_parents, place, path);
}

static int k_publish(void *place, uint64_t seq, const char *path, struct tote_fault *fault)
{
	STEP(publish, place, seq, path);
}

static int k_discard(void *place, uint64_t seq, struct tote_fault *fault)
{
	STEP(discard, place, seq);
}

static int k_barrier(void *place, int space, struct tote_fault *fault)
{
	STEP(barrier, place, space);
}

static int k_list_kept(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault)
{
	STEP(list_kept, place, seqs, cap, ret_count);
}

static int k_sync_parents(
	void *place, const char *const *paths, size_t count, struct tote_fault *fault)
{
	STEP(sync_parents, place, paths, count);
}

static int k_journal_make(void *place, uint64_t seq, const void *header, size_t len, uint64_t bytes,
	struct tote_fault *fault)
{
	STEP(journal_make, place, seq, header, len, bytes);
}

static int k_journal_write(
	void *segment, uint64_t offset, const void *data, size_t len, struct tote_fault *fault)
{
	STEP(journal_write, segment, offset, data, len);
}

static int k_journal_sync(void *segment, struct tote_fault *fault)
{
	STEP(journal_sync, segment);
}

static int k_journal_grow(void *segment, uint64_t bytes, struct tote_fault *fault)
{
	STEP(journal_grow, segment, bytes);
}

static int k_line_write(void *place, const char *line, size_t len, struct tote_fault *fault)
{
	STEP(line_write, place, line, len);
}

static int k_remove(void *place, int space, const char *name, struct tote_fault *fault)
{
	STEP(remove, place, space, name);
}

static void install(tote_box *box)
{
	/* an act may ask for the next thing to happen */
	const struct store_ops *real = box->place.ops == &steps.ops ? steps.real : box->place.ops;

	memset(&steps, 0, sizeof(steps));
	steps.kill_at = -1;
	steps.real = real;
	steps.ops = *real;
	steps.ops.stage_begin = k_stage_begin;
	steps.ops.stage_write = k_stage_write;
	steps.ops.stage_sync = k_stage_sync;
	steps.ops.stage_keep = k_stage_keep;
	steps.ops.make_parents = k_make_parents;
	steps.ops.publish = k_publish;
	steps.ops.discard = k_discard;
	steps.ops.barrier = k_barrier;
	steps.ops.list_kept = k_list_kept;
	steps.ops.sync_parents = k_sync_parents;
	steps.ops.journal_make = k_journal_make;
	steps.ops.journal_write = k_journal_write;
	steps.ops.journal_sync = k_journal_sync;
	steps.ops.journal_grow = k_journal_grow;
	steps.ops.line_write = k_line_write;
	steps.ops.remove = k_remove;
	box->place.ops = &steps.ops;
	box->ledger->ops = &steps.ops;
}

void step_kill(tote_box *box, long at)
{
	install(box);
	steps.kill_at = at;
}

void step_act(tote_box *box, const char *name, long nth, void (*act)(void *user), void *user)
{
	install(box);
	steps.name = name;
	steps.nth = nth;
	steps.act = act;
	steps.user = user;
}

void step_fail(tote_box *box, const char *name, long nth, int code)
{
	install(box);
	steps.name = name;
	steps.nth = nth;
	steps.code = code;
}
