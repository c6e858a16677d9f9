/* SPDX-License-Identifier: ISC */
/*
 * The full report of one run, reports/SEQ.jsonl: JSON Lines, one for each finding, a header before
 * and the verdict behind. Its digest and size are in audit.finished.
 */
#ifndef ORCHESTRATOR_REPORT_H
#define ORCHESTRATOR_REPORT_H

#include "orchestrator/orchestrator.h"

#define REPORT_MAX ((size_t)1 << 30) /* of memory; a run has fewer findings than that */

struct report {
	struct buf text;
};

void tote__report_begin(struct report *r, tote_orchestrator *o, const char *id, uint64_t run,
	uint32_t level, int64_t started_us);
void tote__report_finding(struct report *r, const struct finding *f);
/* Writes the file, durable. ret_digest and ret_size are set also where that failed. */
int tote__report_end(struct report *r, tote_orchestrator *o, uint64_t run,
	const struct run_result *result, uint64_t findings, uint8_t ret_digest[HASH_LEN],
	uint64_t *ret_size, struct tote_fault *fault);
void tote__report_drop(struct report *r);

const char *tote__verdict_name(uint32_t verdict);
const char *tote__level_name(uint32_t level);

#endif
