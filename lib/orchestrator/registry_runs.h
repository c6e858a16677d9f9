/* SPDX-License-Identifier: ISC */
/*
 * The entries audit.started, audit.covered and audit.finished, as the registry takes them.
 */
#ifndef ORCHESTRATOR_REGISTRY_RUNS_H
#define ORCHESTRATOR_REGISTRY_RUNS_H

#include "orchestrator/registry.h"

/* registry_take.c: the container that an entry is about, which must be known. */
int tote__registry_subject(
	struct registry *r, const struct entry *e, struct known **ret, struct tote_fault *fault);

/* registry_take.c: a field that is "sha256:" and 64 digits. */
int tote__registry_digest(
	const struct entry *e, const char *key, uint8_t ret[HASH_LEN], struct tote_fault *fault);

int tote__registry_started(struct registry *r, const struct entry *e, struct tote_fault *fault);
int tote__registry_covered(struct registry *r, const struct entry *e, struct tote_fault *fault);
int tote__registry_finished(struct registry *r, const struct entry *e, struct tote_fault *fault);

#endif
