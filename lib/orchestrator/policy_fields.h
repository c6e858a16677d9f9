/* SPDX-License-Identifier: ISC */
/*
 * The fields of container.policy: their defaults and bounds, how they stand in an entry, and which
 * of them contradict each other. No I/O, no clock.
 */
#ifndef ORCHESTRATOR_POLICY_FIELDS_H
#define ORCHESTRATOR_POLICY_FIELDS_H

#include "ledger/entry.h"
#include <stddef.h>
#include <toteborch/schedule.h>

#define POLICY_LEAST      (offsetof(struct tote_policy, cosigners) + sizeof(uint32_t))
#define POLICY_FIELDS     9
#define POLICY_VALUE_MAX  24 /* of one of them as text, with a NUL */
#define COSIGNER_KEYS_KEY "cosigner-keys"

void tote__policy_defaults(struct tote_policy *p);
/* What an entry names comes into force; what of it has no sense leaves the value before it. */
void tote__policy_take(struct tote_policy *p, const struct entry *e);
/* What of `wanted` is not in p: TOTE_POLICY_* that would have to be put on record. */
uint32_t tote__policy_changes(const struct tote_policy *p, const struct tote_policy *wanted);
/* Puts those of `from` that its `set` names into p, and p's `set`. */
void tote__policy_put(struct tote_policy *p, const struct tote_policy *from);
/*
 * Whether each value is in bounds and no two contradict each other. keys: how many cosigners have a
 * key on record; is_record: of the consolidated record. TOTE_E_ARGUMENT.
 */
int tote__policy_check(const struct tote_policy *p, const char *id, size_t keys, int is_record,
	struct tote_fault *fault);
/*
 * The field of that index (below POLICY_FIELDS): its bit, and its key and value as an entry has
 * them.
 */
uint32_t tote__policy_field(const struct tote_policy *p, size_t index, const char **ret_key,
	char ret_value[POLICY_VALUE_MAX]);

#endif
