/* SPDX-License-Identifier: ISC */
/*
 * What a fleet file wishes for, as it was read, and the plan that came of it.
 */
#ifndef ORCHESTRATOR_FLEET_H
#define ORCHESTRATOR_FLEET_H

#include "orchestrator/fleet_problem.h"
#include "orchestrator/orchestrator.h"
#include "orchestrator/policy_fields.h"
#include <toteborch/fleet.h>

/* Where each field of a policy stands in the file. */
struct wish_policy {
	struct tote_policy values; /* set: what the file says */
	struct fleet_place places[POLICY_FIELDS];
};

/* What the file says of one container; what it does not say is NULL, 0 or not set. */
struct wish {
	char *id;
	char *backend;
	char *location; /* absolute, or below the root */
	char *recorded; /* the same as the record would have it, since the last plan; or NULL */
	uint32_t state;
	struct fleet_place place, backend_place, location_place, state_place;
	struct wish_policy policy;
};

/* A change that is to be made, in the order of its making. */
struct fleet_step {
	size_t wish;                   /* WISH_RECORD: of the consolidated record */
	uint32_t kind;                 /* TOTE_FLEET_PROVISION, ... */
	uint32_t field;                /* index of a policy's field */
	uint32_t from, to;             /* states */
	char before[POLICY_VALUE_MAX]; /* the policy's field as it is on record, or "" */
};
#define WISH_RECORD      SIZE_MAX
#define CONTAINERS_BELOW "containers/" /* where those lie that have no location of their own */

struct fleet_plan {
	struct fleet_step *steps;
	size_t count, cap;
	size_t final_moves, unnamed;
	int on_record;
};

struct tote_fleet {
	tote_ctx *ctx;
	atomic_int taken; /* one call at a time */
	char *name;
	uint8_t digest[HASH_LEN];

	struct wish_policy defaults; /* for all containers */
	struct wish_policy record;   /* for "orchestrator" */
	struct wish *wishes;         /* as the file has them */
	size_t count, cap;

	struct fleet_problems problems;
	size_t of_parse; /* so many of them are the file's own, whatever the root */
	size_t shown;    /* by next_problem */

	tote_orchestrator *planned; /* a reference: whose plan this is, or NULL */
	struct fleet_plan plan;
	size_t told; /* changes, by next_change */
	size_t done; /* steps that apply is through with */
	uint64_t made, failed;
	uint64_t seq; /* of fleet.applied, TOTE_SEQ_ANY: none */
	int first_failure;
};

/* --- fleet.c -------------------------------------------------------------------------------- */

/* TOTE_E_ARGUMENT, TOTE_E_MISUSE, TOTE_E_BUSY; end what it lets in. */
int tote__fleet_begin(tote_fleet *f, struct tote_fault *fault);
int tote__fleet_end(tote_fleet *f, int rc);
/* 0 where there are no problems, else TOTE_E_GRAMMAR with the first of them as a text. */
int tote__fleet_refuse(tote_fleet *f, struct tote_fault *fault);
/* A file's own policy for that container: its own fields before the defaults. */
void tote__fleet_policy_of(const tote_fleet *f, const struct wish *w, struct wish_policy *ret);
/* With the fleet's call begun: makes the plan over that root, or says why there is none. */
int tote__fleet_plan(tote_orchestrator *o, tote_fleet *f, struct tote_fault *fault);
/* Forgets the plan there is. */
void tote__fleet_plan_drop(tote_fleet *f);
/* The ID that a step is about, and its place. */
const char *tote__fleet_step_id(const tote_fleet *f, const struct fleet_step *s);
struct fleet_place tote__fleet_step_place(const tote_fleet *f, const struct fleet_step *s);

/* --- fleet_read.c --------------------------------------------------------------------------- */

/* Reads the file into a fleet that is all zero but for its context; its problems are not sorted. */
int tote__fleet_read(tote_fleet *f, const void *bytes, size_t len, struct tote_fault *fault);

#endif
