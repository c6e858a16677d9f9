/* SPDX-License-Identifier: ISC */
/*
 * How a container fares: one word for a status, decided by arithmetic alone.
 */
#ifndef ORCHESTRATOR_HEALTH_H
#define ORCHESTRATOR_HEALTH_H

#include <toteborch/health.h>
#include <toteborch/schedule.h>

/* Decides overdue_us and TOTE_STATUS_OVERDUE. since_us: since when this root minds it. */
void tote__health_overdue(
	struct tote_status *s, const struct tote_policy *policy, int64_t since_us, int64_t now_us);
/* The word; all else of the status is there. */
uint32_t tote__health_judge(
	const struct tote_status *s, const struct tote_policy *policy, int64_t now_us);

#endif
