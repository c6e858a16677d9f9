/* SPDX-License-Identifier: ISC */
/*
 * The fleet file: which containers an operator wants to exist, where, in which state and by which
 * policy. It is read (toteborch-fleet(5) has its grammar), compared with a root, and applied: made
 * so, by the calls that an operator would make one by one. A line that is missing removes nothing.
 */
#ifndef TOTEBORCH_FLEET_H
#define TOTEBORCH_FLEET_H

#include <toteborch/schedule.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_FLEET_BYTES_MAX      16777216u /* of a fleet file */
#define TOTE_FLEET_CONTAINERS_MAX 32768u    /* that one may declare */

/* A fleet file as it was read. One call at a time: a second one gets TOTE_E_BUSY. */
typedef struct tote_fleet tote_fleet;

/*
 * Reads the bytes of a fleet file. name: what texts call it, "fleet.yaml" for NULL. A file with
 * problems gives a handle as well, so that next_problem shows all of them; plan and apply then
 * refuse it. TOTE_E_TOO_LARGE above TOTE_FLEET_BYTES_MAX. Any thread. Since 0.1.
 */
TOTE_API int tote_fleet_parse(tote_ctx *ctx, const void *bytes, size_t length, const char *name,
	tote_fleet **ret_fleet, struct tote_fault *fault);

/* Drops it; NULL is allowed; returns NULL. Any thread. Since 0.1. */
TOTE_API tote_fleet *tote_fleet_unref(tote_fleet *fleet);

/*
 * What is wrong at a place of the file. line, column: from 1, columns in characters. code: the
 * TOTE_E_* of a change that apply could not make; TOTE_E_GRAMMAR for what is wrong with the file
 * itself. container: the ID, or "". text: one line, for a person.
 */
struct tote_fleet_problem {
	uint32_t size;
	uint32_t flags;
	uint32_t line;
	uint32_t column;
	int32_t code;
	uint32_t reserved;
	char container[64];
	char text[424];
};

/*
 * 1 and the next problem, in order of lines, 0 where there are no more: those of parse, of the last
 * plan, of the last apply. At most 100 are kept, and the last one then says so. problem->size is set
 * by the caller. Since 0.1.
 */
TOTE_API int tote_fleet_next_problem(
	tote_fleet *fleet, struct tote_fleet_problem *problem, struct tote_fault *fault);

#define TOTE_FLEET_ON_RECORD 1u /* these very bytes were the last that were applied here */

/* How a root differs from the file. */
struct tote_fleet_plan {
	uint32_t size;
	uint32_t flags;       /* TOTE_FLEET_ON_RECORD */
	uint64_t changes;     /* that apply would make; 0: it is as the file says */
	uint64_t final_moves; /* of these: archivals and disposals, which have no way back */
	uint64_t named;       /* containers in the file */
	uint64_t unnamed;     /* of the root that are not in the file: they are left alone */
	uint8_t digest[32];   /* SHA-256 of the file */
};

/*
 * Compares the file with what the consolidated record says of the root; opens no container and
 * writes nothing. TOTE_E_GRAMMAR where the file has problems, or cannot be brought about here: a
 * container lies elsewhere, there is no way to its state, its policy would contradict itself.
 * ret_plan->size is set by the caller. flags: 0. Any thread. Since 0.1.
 */
TOTE_API int tote_fleet_plan(tote_orchestrator *orchestrator, tote_fleet *fleet, uint32_t flags,
	struct tote_fleet_plan *ret_plan, struct tote_fault *fault);

#define TOTE_FLEET_PROVISION 1u /* field "location": a container is made there */
#define TOTE_FLEET_POLICY    2u /* field of the policy, by its name in the file */
#define TOTE_FLEET_STATE     3u /* field "state" */

#define TOTE_FLEET_FINAL 1u /* it has no way back */

/*
 * One change of a plan. container: its ID, or "orchestrator". from, to: values as the consolidated
 * record has them (seconds, bytes, names of states); from is "" where it has none.
 */
struct tote_fleet_change {
	uint32_t size;
	uint32_t flags;
	uint32_t kind;
	uint32_t line; /* of the file */
	char container[64];
	char field[32];
	char backend[64]; /* of a container that is made */
	char from[64];
	char to[4096];
};

/*
 * 1 and the next change of the last plan, in the order in which apply makes them, 0 where there are
 * no more. After an apply the first tote_fleet_progress.changes of them are made; what failed is none
 * of them any more. change->size is set by the caller. Since 0.1.
 */
TOTE_API int tote_fleet_next_change(
	tote_fleet *fleet, struct tote_fleet_change *change, struct tote_fault *fault);

#define TOTE_FLEET_FINAL_MOVES 1u /* archive and dispose where the file says so */

/*
 * max_changes: returns after about so many, 0: no bound. actor: who does it, or NULL. reason: of
 * changes of state, in the ledgers for ever; NULL: the file's name and digest.
 */
struct tote_fleet_apply_options {
	uint32_t size;
	uint32_t flags; /* TOTE_FLEET_FINAL_MOVES */
	const char *actor;
	const char *reason;
	uint64_t max_changes;
};

/* As tote_ctx_options_init. Any thread. Since 0.1. */
TOTE_API int tote_fleet_apply_options_init(
	struct tote_fleet_apply_options *options, size_t size, struct tote_fault *fault);

/*
 * Makes the changes of the last plan over this orchestrator, or of one that it makes first: 1 more
 * to do, 0 all done and on record (fleet.applied, with the file's digest). Nothing is written where
 * nothing is to change and this digest was the last on record. Containers are made first, each with
 * its policy; moves that have no way back come last. A container where a change fails hinders no
 * other: its other changes are left out, it is one problem, and the call that ends the work returns
 * the first one's code. A fault of the root itself ends the work at once. What a crash cut off, the
 * same file finishes.
 *
 * TOTE_E_ARGUMENT where moves have no way back and TOTE_FLEET_FINAL_MOVES is not given, before
 * anything is done; TOTE_E_GRAMMAR as plan; TOTE_E_CONFLICT where a container's state is no more
 * what it was in the plan; and as the calls that make a container, set its policy or its state.
 * options may be NULL. Any thread. Since 0.1.
 */
TOTE_API int tote_fleet_apply(tote_orchestrator *orchestrator, tote_fleet *fleet,
	const struct tote_fleet_apply_options *options, struct tote_fault *fault);

struct tote_fleet_progress {
	uint32_t size;
	uint32_t flags;
	uint64_t changes; /* made by apply since the last plan */
	uint64_t left;    /* to be made */
	uint64_t
		failed; /* left out because they, or others of their container, could not be made */
	uint64_t seq;   /* of fleet.applied; TOTE_SEQ_ANY: apply put none on record */
};

/*
 * How far apply came, between two calls of it and after the last one, whatever that returned.
 * progress->size is set by the caller. Since 0.1.
 */
TOTE_API int tote_fleet_progress(
	tote_fleet *fleet, struct tote_fleet_progress *progress, struct tote_fault *fault);

/*
 * The present state of a root as a fleet file: every container that is not detached, with its
 * backend, location, state and what of its policy is on record. A plan of it is empty. out gets the
 * text, without a NUL. TOTE_E_TOO_LARGE with *ret_length set where cap is too small. flags: 0.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_fleet_export(tote_orchestrator *orchestrator, uint32_t flags, void *out,
	size_t cap, size_t *ret_length, struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
