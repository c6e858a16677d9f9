/* SPDX-License-Identifier: ISC */
/*
 * One root to do something with while calls fail, and what must hold of it afterwards: what was
 * acknowledged is there, what was said not to have happened did not, and an audit finds it whole.
 */
#ifndef STRESS_SCENE_H
#define STRESS_SCENE_H

#include "stress/inject.h"
#include "stress/tree.h"
#include <toteborch.h>

#define SCENE_ORIGIN "archive.example.com/acme"
#define SCENE_LONG   300u /* entries of the container "long" at least, all folded */
#define TEXT         "what is appended while calls fail"

/* Where a scene begins; each is a directory, made once and copied for every run. */
enum base {
	BASE_NOTHING,     /* a directory with sources/ alone */
	BASE_ROOT,        /* a root with the containers below */
	BASE_INTERRUPTED, /* the same, where a writer died in the middle of a seal */
	BASES
};

struct scene {
	char top[PATH_ROOM];  /* holds root/, outside/, sources/ */
	char root[PATH_ROOM]; /* "short": a few entries and assets; "long"; "shut": archived */
	tote_ctx *ctx;
	tote_orchestrator *o;
	tote_box *box;
	struct tote_fault fault; /* of the last call */
	struct tote_fault said;  /* of the scenario's call, with rc */
	int rc;
	uint64_t before; /* what the scenario counts, before the call */
	char why[1024];  /* what was found wrong first, or "" */
};

/* One public verb that is made to fail. */
struct scenario {
	const char *name;
	enum base base;
	const char *box;                  /* opened before, and written to; NULL: none is */
	int with_root;                    /* the root is opened before */
	void (*prepare)(struct scene *s); /* without failures; may be NULL */
	int (*act)(struct scene *s);
	/* How much of it is there, of `full`; NULL: it only reads, or says itself what is wrong. */
	uint64_t (*count)(struct scene *s);
	uint64_t full;
	int resumes; /* after a failure it may be there in part; the same call completes it */
	int (*again)(struct scene *s); /* what completes it before the audit; may be NULL */
};

extern const struct scenario scenarios[], mend_scenarios[], rest_scenarios[];
extern const size_t scenario_count, mend_scenario_count, rest_scenario_count;

void scenes_begin(void); /* makes the bases */
void scenes_end(void);
const char *scene_base(enum base base);

void scene_wrong(struct scene *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The first fault of a chain of calls that should have worked. */
int scene_must(struct scene *s, int rc, const char *what);
tote_ctx *scene_ctx(struct scene *s, int with_faults);

/* Helpers of scenarios, with s->fault. */
int scene_open(struct scene *s, uint32_t flags);
int scene_append(struct scene *s, tote_box *box, const char *text);
uint64_t scene_payloads(struct scene *s, const char *id, const char *text);
uint64_t scene_kinds(struct scene *s, const char *id, const char *kind);
/* Audits what ids names (NULL: all): the worst verdict, or a negative code. */
int scene_audit(tote_orchestrator *o, const char *const *ids, size_t count, uint32_t level,
	char *ret_finding, size_t cap, struct tote_fault *fault);

/* One run; s->why says what is wrong. 1: the failure happened, 0: it came through without. */
int scene_run(
	struct scene *s, const struct scenario *scenario, enum inject_mode mode, int err, long at);

#endif
