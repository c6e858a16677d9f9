/* SPDX-License-Identifier: ISC */
/*
 * A container to audit: 300 entries under a cosigned checkpoint, the partial tiles of an earlier one of
 * 280 beside it, some entries above, a few assets; and what a run over it found.
 */
#ifndef SUPPORT_AUDITED_H
#define SUPPORT_AUDITED_H

#include "audit/run.h"
#include "support/box_fixture.h"
#include "tlog/cosignature.h"
#include <sys/stat.h>
#include <unistd.h>

struct audited {
	struct boxed b;
	tote_box *box;      /* open, with its key; NULL after audited_shut */
	struct place place; /* of our own */
	struct vkey key;
	struct secret witness;
	struct checkpoint seen; /* the newest checkpoint */
	struct run_target target;
	/* the last run */
	struct run *run;
	struct run_result result;
	struct tote_fault fault;
};

#define AUDITED_FOLDED 300
#define AUDITED_ALL    310

void audited_make(struct audited *a);
void audited_remove(struct audited *a);
/* The box is closed: nobody writes there, and the target says so. */
void audited_shut(struct audited *a);

void audited_append(struct audited *a, uint64_t count); /* records */
void audited_fold(struct audited *a);                   /* and cosigned; a->seen is it */
void audited_cosign(struct audited *a, int flip);

/* A whole run; the fault must stay clean. */
void audit(struct audited *a);
void audit_with(struct audited *a, const struct run_target *target);

/* The last run's findings but information. */
size_t findings(const struct audited *a);
const struct finding *finding_of(const struct audited *a, int code, const char *path);
/* Just this one and no other; seq FINDING_NO_SEQ: whichever. The verdict is damaged. */
void only_finding(const struct audited *a, int code, const char *path, uint64_t seq);
/* Nothing but information, and all of everything was verified. */
void all_is_well(const struct audited *a);

/* Below the container, on the disk. */
const char *audited_path(const struct audited *a, const char *name);
void put_file(const struct audited *a, const char *name, const char *text, mode_t mode);

#endif
