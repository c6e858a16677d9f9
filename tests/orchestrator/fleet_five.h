/* SPDX-License-Identifier: ISC */
/*
 * A fleet of five, each with something to be done behind its making, and whether it is as it should
 * be.
 */
#ifndef ORCHESTRATOR_FLEET_FIVE_H
#define ORCHESTRATOR_FLEET_FIVE_H

#include "orchestrator/fleet_file.h"
#include "orchestrator/outcome.h"

#define FIVE                                                                                       \
	"version: 1\n"                                                                             \
	"policy: {full-every: 2w}\n"                                                               \
	"orchestrator: {policy: {full-every: 1d}}\n"                                               \
	"containers:\n"                                                                            \
	"  a: {}\n"                                                                                \
	"  b: {state: suspended}\n"                                                                \
	"  c: {location: boxes/c, policy: {rate: 1MiB, full-every: 1w}}\n"                         \
	"  d: {state: disposed}\n"                                                                 \
	"  e: {state: archived, policy: {on-flag: suspend}}\n"

static inline int apply_as(tote_orchestrator *o, tote_fleet *f, uint32_t flags,
	struct tote_fleet_progress *ret, struct tote_fault *fault)
{
	struct tote_fleet_apply_options options = {
		.size = sizeof(options), .flags = flags, .actor = "op@host"};
	struct tote_fault unused;
	int rc = tote_fleet_apply(o, f, &options, fault);

	ret->size = sizeof(*ret);
	ck_assert_int_eq(tote_fleet_progress(f, ret, &unused), 0);
	return rc;
}

static inline struct tote_fleet_progress apply(struct root *r, const char *file)
{
	tote_fleet *f = good_fleet(r->ctx, file);
	struct tote_fleet_progress applied;

	ck_ok(apply_as(r->o, f, TOTE_FLEET_FINAL_MOVES, &applied, &r->fault), r->fault);
	ck_assert_uint_eq(applied.left, 0);
	ck_assert_uint_eq(applied.failed, 0);
	tote_fleet_unref(f);
	return applied;
}

static inline uint64_t changes_left(struct root *r, const char *file)
{
	struct tote_fleet_plan plan = {.size = sizeof(plan)};
	tote_fleet *f = good_fleet(r->ctx, file);

	ck_ok(tote_fleet_plan(r->o, f, 0, &plan, &r->fault), r->fault);
	tote_fleet_unref(f);
	return plan.changes;
}

/* Five whole containers, each as the file says, and each registered once. */
static inline void is_applied(struct root *r)
{
	static const struct {
		const char *id;
		uint32_t state;
	} rows[] = {{"a", TOTE_STATE_ACTIVE}, {"b", TOTE_STATE_SUSPENDED}, {"c", TOTE_STATE_ACTIVE},
		{"d", TOTE_STATE_DISPOSED}, {"e", TOTE_STATE_ARCHIVED}};
	struct tote_policy policy = {.size = sizeof(policy)};
	struct container c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_uint_eq(root_state(r, rows[i].id), rows[i].state);
		ck_assert_int_eq(root_entries(r, "container.registered", rows[i].id), 1);
		ck_assert_int_eq(root_entries(r, "container.policy", rows[i].id), 1);
		ck_assert_uint_eq(audit(r, rows[i].id).verdict.verdict, TOTE_VERDICT_OK);
	}
	ck_ok(tote_orchestrator_policy(r->o, "c", &policy, &r->fault), r->fault);
	ck_assert_uint_eq(policy.rate, 1 << 20);
	ck_assert_uint_eq(policy.full_every_s, 604800);
	ck_ok(tote_orchestrator_policy(r->o, "orchestrator", &policy, &r->fault), r->fault);
	ck_assert_uint_eq(policy.full_every_s, 86400);
	ck_ok(tote__containers_known(r->o, "c", &c, &r->fault), r->fault);
	ck_assert_str_eq(c.recorded, "boxes/c");
	tote__containers_drop(r->o, &c);
	ck_assert_int_eq(file_exists(printed("%s/boxes/c/ledger", r->path)), 1);
	ck_assert_uint_eq(changes_left(r, FIVE), 0);
	ck_assert_uint_eq(audit(r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
}

/* What another process does. */
static inline int apply_five(tote_ctx *ctx, const char *path)
{
	struct tote_fleet_progress applied;
	struct tote_fault fault;
	tote_orchestrator *o = NULL;
	tote_fleet *f = NULL;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (!rc && !(rc = tote_fleet_parse(ctx, FIVE, strlen(FIVE), NULL, &f, &fault)))
		rc = apply_as(o, f, TOTE_FLEET_FINAL_MOVES, &applied, &fault);
	tote_fleet_unref(f);
	tote_orchestrator_unref(o);
	return rc;
}

#endif
