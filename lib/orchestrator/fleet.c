/* SPDX-License-Identifier: ISC */
/*
 * The handle of a fleet file: made of its bytes, asked for its problems and changes one by one.
 */
#include "orchestrator/fleet.h"
#include "crypto/hash.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PROBLEM_LEAST offsetof(struct tote_fleet_problem, text)
#define CHANGE_LEAST  offsetof(struct tote_fleet_change, to)
#define NAME_DEFAULT  "fleet.yaml"

/* --- one call at a time --------------------------------------------------------------------- */

int tote__fleet_begin(tote_fleet *f, struct tote_fault *fault)
{
	int rc;

	if (!f)
		return tote__fault(fault, TOTE_E_ARGUMENT, "fleet: the handle is NULL");
	if ((rc = tote__ctx_check(f->ctx, fault)) < 0)
		return rc;
	if (atomic_exchange(&f->taken, 1))
		return tote__fault(fault, TOTE_E_BUSY,
			"this fleet is in another call: it takes one at a time");
	return 0;
}

int tote__fleet_end(tote_fleet *f, int rc)
{
	atomic_store(&f->taken, 0);
	return rc;
}

/* --- its life ------------------------------------------------------------------------------- */

tote_fleet *tote_fleet_unref(tote_fleet *f)
{
	const struct heap *heap;
	tote_ctx *ctx;

	if (!f)
		return NULL;
	ctx = f->ctx;
	heap = &ctx->heap;
	for (size_t i = 0; i < f->count; i++) {
		tote__heap_free(heap, f->wishes[i].id);
		tote__heap_free(heap, f->wishes[i].backend);
		tote__heap_free(heap, f->wishes[i].location);
		tote__heap_free(heap, f->wishes[i].recorded);
	}
	tote__heap_free(heap, f->wishes);
	tote__fleet_problems_free(&f->problems);
	tote__fleet_plan_drop(f);
	tote__heap_free(heap, f->name);
	tote__heap_free(heap, f);
	tote_ctx_unref(ctx);
	return NULL;
}

static int fill(
	tote_fleet *f, const void *bytes, size_t length, const char *name, struct tote_fault *fault)
{
	int rc;

	f->name = tote__heap_strdup(&f->ctx->heap, name ? name : NAME_DEFAULT, fault);
	if (!f->name)
		return TOTE_E_NO_MEMORY;
	if ((rc = tote__fleet_read(f, bytes, length, fault)) < 0)
		return rc;
	if (!f->problems.count) /* what is refused needs no digest, however long it is */
		tote__hash_bytes(tote__hasher(f->ctx), bytes, length, f->digest);
	tote__fleet_problems_sort(&f->problems);
	f->of_parse = f->problems.count;
	return 0;
}

int tote_fleet_parse(tote_ctx *ctx, const void *bytes, size_t length, const char *name,
	tote_fleet **ret_fleet, struct tote_fault *fault)
{
	tote_fleet *f;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__ctx_check(ctx, fault)) < 0)
		return rc;
	if ((!bytes && length) || !ret_fleet)
		return tote__fault(fault, TOTE_E_ARGUMENT, "fleet: bytes or result is missing");
	if (length > TOTE_FLEET_BYTES_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"%s: it has %zu bytes; a fleet file has at most 16 MiB",
			name ? name : NAME_DEFAULT, length);
	f = tote__heap_new(&ctx->heap, 1, sizeof(*f), fault);
	if (!f)
		return TOTE_E_NO_MEMORY;
	f->ctx = tote_ctx_ref(ctx);
	atomic_init(&f->taken, 0);
	f->seq = TOTE_SEQ_ANY;
	tote__fleet_problems_init(&f->problems, &f->ctx->heap);
	if ((rc = fill(f, bytes ? bytes : "", length, name, fault)) < 0) {
		tote_fleet_unref(f);
		return rc;
	}
	*ret_fleet = f;
	return 0;
}

/* --- what is wrong -------------------------------------------------------------------------- */

int tote__fleet_refuse(tote_fleet *f, struct tote_fault *fault)
{
	const struct fleet_problem *first;

	if (f->problems.error)
		return tote__fault(fault, TOTE_E_NO_MEMORY,
			"%s: no memory for what is wrong with it", f->name);
	if (!f->problems.count)
		return 0;
	first = &f->problems.items[0];
	if (f->problems.count == 1)
		return tote__fault(fault, TOTE_E_GRAMMAR, "%s:%" PRIu32 ":%" PRIu32 ": %s", f->name,
			first->place.line, first->place.column, first->text);
	return tote__fault(fault, TOTE_E_GRAMMAR,
		"%zu problems, the first: %s:%" PRIu32 ":%" PRIu32 ": %s", f->problems.count,
		f->name, first->place.line, first->place.column, first->text);
}

static int next_problem(tote_fleet *f, struct tote_fleet_problem *problem, struct tote_fault *fault)
{
	struct tote_fleet_problem out = {.size = sizeof(out)};
	const struct fleet_problem *p;
	int rc;

	if (f->shown >= f->problems.count)
		return 0;
	p = &f->problems.items[f->shown];
	out.line = p->place.line;
	out.column = p->place.column;
	out.code = p->code;
	memcpy(out.container, p->container, sizeof(out.container));
	snprintf(out.text, sizeof(out.text), "%s", p->text);
	rc = tote__struct_out(
		problem, &out, sizeof(out), PROBLEM_LEAST, "struct tote_fleet_problem", fault);
	if (rc < 0)
		return rc;
	f->shown++;
	return 1;
}

int tote_fleet_next_problem(
	tote_fleet *f, struct tote_fleet_problem *problem, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!problem)
		return tote__fault(fault, TOTE_E_ARGUMENT, "fleet: no place for a problem");
	if ((rc = tote__fleet_begin(f, fault)) < 0)
		return rc;
	return tote__fleet_end(f, next_problem(f, problem, fault));
}

/* --- what is to change ---------------------------------------------------------------------- */

/* Field by field: the container's own, else the default. */
void tote__fleet_policy_of(const tote_fleet *f, const struct wish *w, struct wish_policy *ret)
{
	*ret = f->defaults;
	tote__policy_put(&ret->values, &w->policy.values);
	for (size_t i = 0; i < POLICY_FIELDS; i++)
		if (w->policy.places[i].line)
			ret->places[i] = w->policy.places[i];
}

const char *tote__fleet_step_id(const tote_fleet *f, const struct fleet_step *s)
{
	return s->wish == WISH_RECORD ? RECORD_ID : f->wishes[s->wish].id;
}

struct fleet_place tote__fleet_step_place(const tote_fleet *f, const struct fleet_step *s)
{
	struct wish_policy p;

	if (s->kind == TOTE_FLEET_STATE)
		return f->wishes[s->wish].state_place;
	if (s->kind == TOTE_FLEET_PROVISION)
		return f->wishes[s->wish].place;
	if (s->wish == WISH_RECORD)
		return f->record.places[s->field];
	tote__fleet_policy_of(f, &f->wishes[s->wish], &p);
	return p.places[s->field];
}

static void describe_policy(
	const tote_fleet *f, const struct fleet_step *s, struct tote_fleet_change *c)
{
	char value[POLICY_VALUE_MAX];
	struct wish_policy p;
	const char *key;

	if (s->wish == WISH_RECORD)
		p = f->record;
	else
		tote__fleet_policy_of(f, &f->wishes[s->wish], &p);
	tote__policy_field(&p.values, s->field, &key, value);
	snprintf(c->field, sizeof(c->field), "%s", key);
	snprintf(c->from, sizeof(c->from), "%s", s->before);
	snprintf(c->to, sizeof(c->to), "%s", value);
}

static void describe(const tote_fleet *f, const struct fleet_step *s, struct tote_fleet_change *c)
{
	const struct wish *w = s->wish == WISH_RECORD ? NULL : &f->wishes[s->wish];

	c->kind = s->kind;
	c->line = tote__fleet_step_place(f, s).line;
	snprintf(c->container, sizeof(c->container), "%s", tote__fleet_step_id(f, s));
	if (s->kind == TOTE_FLEET_POLICY) {
		describe_policy(f, s, c);
	} else if (s->kind == TOTE_FLEET_STATE) {
		snprintf(c->field, sizeof(c->field), "state");
		snprintf(c->from, sizeof(c->from), "%s", tote_state_name(s->from));
		snprintf(c->to, sizeof(c->to), "%s", tote_state_name(s->to));
		if (s->to == TOTE_STATE_ARCHIVED || s->to == TOTE_STATE_DISPOSED)
			c->flags = TOTE_FLEET_FINAL;
	} else {
		snprintf(c->field, sizeof(c->field), "location");
		snprintf(c->backend, sizeof(c->backend), "%s",
			w->backend ? w->backend : POSIX_BACKEND);
		if (w->location)
			snprintf(c->to, sizeof(c->to), "%s", w->location);
		else
			snprintf(c->to, sizeof(c->to), CONTAINERS_BELOW "%s", w->id);
	}
}

static int next_change(tote_fleet *f, struct tote_fleet_change *change, struct tote_fault *fault)
{
	struct tote_fleet_change out;
	int rc;

	if (f->told >= f->plan.count)
		return 0;
	memset(&out, 0, sizeof(out));
	out.size = sizeof(out);
	describe(f, &f->plan.steps[f->told], &out);
	rc = tote__struct_out(
		change, &out, sizeof(out), CHANGE_LEAST, "struct tote_fleet_change", fault);
	if (rc < 0)
		return rc;
	f->told++;
	return 1;
}

int tote_fleet_next_change(
	tote_fleet *f, struct tote_fleet_change *change, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!change)
		return tote__fault(fault, TOTE_E_ARGUMENT, "fleet: no place for a change");
	if ((rc = tote__fleet_begin(f, fault)) < 0)
		return rc;
	return tote__fleet_end(f, next_change(f, change, fault));
}
