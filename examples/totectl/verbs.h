/* SPDX-License-Identifier: ISC */
/*
 * The verbs, as the table in main.c names them, and what some of them do for others.
 */
#ifndef TOTECTL_VERBS_H
#define TOTECTL_VERBS_H

#include "args.h"

int verb_init(struct call *call);
int verb_provision(struct call *call);
int verb_register(struct call *call);
int verb_detach(struct call *call);
int verb_state(struct call *call); /* suspend, resume, archive, dispose */
int verb_seal(struct call *call);
int verb_fleet(struct call *call);
int verb_policy(struct call *call);
int verb_input(struct call *call);
int verb_append(struct call *call);
int verb_log(struct call *call);
int verb_show(struct call *call);
int verb_checkpoint(struct call *call);
int verb_copy(struct call *call);
int verb_ls(struct call *call);
int verb_cat(struct call *call);
int verb_manifest(struct call *call);
int verb_prove(struct call *call);
int verb_verify(struct call *call);
int verb_witness(struct call *call);
int verb_keys(struct call *call);
int verb_rotate(struct call *call);
int verb_rekey(struct call *call);
int verb_audit(struct call *call);
int verb_run(struct call *call);
int verb_status(struct call *call);
int verb_ack(struct call *call);
int verb_report(struct call *call);
int verb_metrics(struct call *call);
int verb_explain(struct call *call);
int verb_erase(struct call *call);
int verb_repair(struct call *call);
int verb_demo(struct call *call);

/* A whole totectl in this process; what main returns. */
int totectl(int argc, char **argv);

/* The names of levels and verdicts as the ledger writes them. */
const char *level_name(uint32_t level);
const char *verdict_name(uint32_t verdict);

/* Shows the verdict on a container, as audit does, and gives what totectl exits with for it. */
int verdict_show(struct call *call, const struct tote_verdict *v);

/*
 * Runs an audit job to its end and shows all that it finds; drops it. label: what a job that is no
 * container's is called. Gives what totectl exits with.
 */
int job_run(struct call *call, tote_audit *audit, const char *label);

#endif
