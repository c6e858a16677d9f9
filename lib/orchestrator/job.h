/* SPDX-License-Identifier: ISC */
/*
 * The inside of an audit job: one run after another, what each found waiting to be shown, and
 * what must be on record before it is.
 */
#ifndef ORCHESTRATOR_JOB_H
#define ORCHESTRATOR_JOB_H

#include "audit/pace.h"
#include "audit/turn.h"
#include "orchestrator/containers.h"
#include "orchestrator/cosigners.h"
#include "orchestrator/job_earlier.h"
#include "orchestrator/report.h"
#include "orchestrator/witness.h"
#include <pthread.h>
#include <stdatomic.h>

/* A finding that may be shown. */
struct shown {
	struct finding finding;
	const char *container; /* of the job's own list of IDs */
	uint64_t run;
	const struct job_run *by; /* only to know it again */
};

/* What the registry tells a run, in a place of the run's own. */
struct job_facts {
	tote_orchestrator *o;
	const char *id;
	struct orchestrator_facts of_record;
	char known_id[64], known_origin[256];
	struct vkey known_key;
	char keyed_id[64]; /* what was found of its key: asked for each of its files */
	struct vkey keyed;
	int keyed_rotated;
	struct recorded_move *moves, *later; /* at the beginning, and when asked again */
	struct vkey log_key;
	struct cosigners cosigners, cosigners_later; /* likewise */
	char log_origin[256];
};

/* What one container's run stands on; all of it is dropped with the run. */
struct job_run {
	const char *id;
	struct job_id *of;
	int begun, ended;
	int caller_only; /* its store bears no other thread than the caller's */
	/* with the job's mutex */
	int64_t measure_us; /* its own thread's: not before, for progress */
	int busy;           /* a thread is at work on it, since then */
	int64_t busy_us;
	struct {
		uint64_t bytes, total, entries, assets, findings;
		int sized;
	} now; /* for progress */
	struct job_facts facts;
	struct tote_fault refused;  /* why nothing could be opened */
	struct container container; /* unless it is the orchestrator's own */
	tote_box *box;
	struct place place; /* where no box could be opened */
	struct run_target target;
	struct vkey key, witness;
	struct vkey *former_witnesses;
	struct recorded_rekey *rekeys;
	struct seen seen;
	struct run *run;
	struct run_result result;
	struct report report;
	uint64_t seq; /* of audit.started */
	int recording;
	struct earlier earlier; /* what the record says of runs before this one */
	int damaged;            /* a finding that is damage was shown, or what prevents recording */
	size_t taken;           /* findings of the run that went through the record */
	uint64_t counted, recorded;
	uint64_t covered_bytes; /* at the last audit.covered */
	int64_t covered_us;
	uint64_t covered_to;   /* the next one begins here or behind */
	unsigned covered_gaps; /* between two of them something was not whole */
};

#define PARALLEL_MAX 64

/* What a job is to audit. */
struct job_id {
	char *id;
	int taken; /* a run of it was begun, or it is passed over */
	int caller_only;
	int is_expected; /* by its last audit it has so many bytes */
	uint64_t expected;
};

/*
 * With its mutex: the list of what waits and what runs, what may be shown, verdicts and progress. A
 * run that is busy is its thread's.
 */
struct tote_audit {
	tote_ctx *ctx;
	tote_orchestrator *o; /* NULL: tote_verify_ledger */
	atomic_uint refs;
	atomic_int busy, cancelled;
	uint32_t level, flags;
	char *actor;
	int64_t max_age_us;
	struct asked asked; /* with a part: its path is ours */
	char *asked_path;
	int part;
	uint64_t number; /* the first run of the job, or of the one that it goes on for */
	int all;         /* which is over all containers */
	uint32_t parallel;
	struct rate_bucket bucket;
	struct clock_source system; /* a rate is one of real time, whatever clock the host has */
	struct job_id *ids;
	size_t id_count, id_cap;
	size_t first_waiting; /* before it all are taken */
	size_t waiting, caller_only;
	uint64_t expected; /* bytes of those that wait, but for so many of which nothing is known */
	size_t unexpected;
	struct job_run *running[PARALLEL_MAX];
	size_t running_count;
	int record_runs;       /* the consolidated record, and nothing beside it */
	uint64_t passed_over;  /* containers that need no run */
	struct job_run *alone; /* of tote_verify_ledger, until it is current */
	struct shown *shown;
	size_t shown_count, shown_cap, shown_next;
	struct finding showing; /* what next_finding gave last: its strings */
	char next[512];
	struct tote_verdict *verdicts; /* room for all IDs */
	size_t verdict_count, verdict_next;
	uint32_t worst;
	int record_refused; /* the finding that says so was shown: once for all runs of a job */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_mutex_t starting;        /* the first run gives the job its number */
	struct tote_audit_progress done; /* the sums of what has ended */
	struct tote_audit_progress progress;
	struct pace pace;
};

tote_audit *tote__job_new(tote_ctx *ctx, struct tote_fault *fault);
int tote__job_add_id(tote_audit *a, const char *id, struct tote_fault *fault);
/* How many references to its orchestrator it holds: its own, and those of the boxes it has open. */
unsigned tote__job_references(const tote_audit *a);
/* Puts on record how far it came: 1 where that is further than when it began. */
int tote__job_cover(tote_audit *a);
/* The same, and lets go of all: another job goes on from there. No step follows. */
void tote__job_park(tote_audit *a);
void tote__job_finding_free(const struct heap *heap, struct finding *f);
/* One call at a time: TOTE_E_BUSY for a second one. */
int tote__job_enter(tote_audit *a, struct tote_fault *fault);
void tote__job_leave(tote_audit *a);

/*
 * Opens what is to be audited and begins its run; what cannot be opened is a finding. After a
 * failure the run is to be dropped, and the same may be begun again. 1: it needs no run.
 */
int tote__job_begin(tote_audit *a, struct job_run *r, struct tote_fault *fault);
void tote__job_run_free(tote_audit *a, struct job_run *r);
/* job_facts.c: lets the target of a run ask the registry and seen/, now and once more later. */
int tote__job_facts_of_container(struct job_run *r, tote_orchestrator *o, struct tote_fault *fault);
void tote__job_facts_of_record(struct job_run *r, tote_orchestrator *o);
/* Of either: the outside witnesses of its policy. */
int tote__job_facts_of_cosigners(struct job_run *r, tote_orchestrator *o, struct tote_fault *fault);
void tote__job_facts_drop(struct job_run *r);
/*
 * job_keys.c: what the record knows of keys, for the target of a run; what of keys/ and seen/ only
 * the run over a container can judge, at its end; and for the run over keys/, whether a key that is
 * not the registered one is its log's.
 */
int tote__job_keys_begin(struct job_run *r, tote_orchestrator *o, struct tote_fault *fault);
int tote__job_keys_judge(tote_audit *a, struct job_run *r, struct tote_fault *fault);
void tote__job_keys_known(void *facts, struct known_container *known);
/* A finding where the note signed last with the key of what is audited is an older copy. */
int tote__job_keys_tell_behind(
	tote_audit *a, struct job_run *r, const char *path, struct tote_fault *fault);
void tote__job_keys_drop(struct job_run *r, const struct heap *heap);
/* Lets what the run found go through the record, then into the list of what may be shown. */
int tote__job_take(tote_audit *a, struct job_run *r, struct tote_fault *fault);
/*
 * One finding, its strings the caller's: on record with its flag, in the report, then shown. After
 * a failure nothing of it is shown, and the same may be done again.
 */
int tote__job_found(
	tote_audit *a, struct job_run *r, const struct finding *f, struct tote_fault *fault);
/* A finding that the job itself makes: found says why. */
int tote__job_found_own(tote_audit *a, struct job_run *r, int code, const char *path,
	const char *expected, const char *found, struct tote_fault *fault);
/* The record took no entry: said once as a finding of its own, then the audit goes on without. */
int tote__job_stop_recording(tote_audit *a, struct job_run *r, struct tote_fault *fault);
/* How far the run came, on record at least every minute or GiB, so that it survives a crash. */
int tote__job_record_coverage(
	tote_audit *a, struct job_run *r, int always, struct tote_fault *fault);
/* Cosigns, writes report and audit.finished, puts the verdict into the list: r->ended. */
int tote__job_end(tote_audit *a, struct job_run *r, struct tote_fault *fault);
/* Ends a run where it is. */
int tote__job_cut(tote_audit *a, struct job_run *r, struct tote_fault *fault);
/* job_step.c: ends all of them, begins no other. By the caller's thread, between steps. */
int tote__job_stop(tote_audit *a, struct tote_fault *fault);
/* What a run came to, by its thread; and what the job did, with the mutex. */
void tote__job_measure(tote_audit *a, struct job_run *r);
void tote__job_note_progress(tote_audit *a);

#endif
