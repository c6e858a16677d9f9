/* SPDX-License-Identifier: ISC */
/*
 * A policy as a fleet file writes it: the same fields as on record, in units of people.
 */
#ifndef ORCHESTRATOR_FLEET_POLICY_H
#define ORCHESTRATOR_FLEET_POLICY_H

#include "base/buf.h"
#include "orchestrator/fleet.h"
#include "orchestrator/fleet_scalar.h"
#include "orchestrator/fleet_yaml.h"

/* The names of the fields, by their index. */
void tote__fleet_policy_keys(const char *ret_keys[POLICY_FIELDS]);
/*
 * A field's value, alone: nothing else of *ret is set. plain: it stands without quotes.
 * TOTE_E_GRAMMAR or TOTE_E_ARGUMENT, with what is wrong about it.
 */
int tote__fleet_policy_parse(size_t field, const char *text, size_t len, int plain,
	struct tote_policy *ret, struct tote_fault *fault);
/* A field's bit, its key, and its value as one would write it. */
uint32_t tote__fleet_policy_text(const struct tote_policy *p, size_t field, const char **ret_key,
	char ret_text[FLEET_AMOUNT_MAX]);
/* Takes the value of a field; what is wrong with it is a problem, and it is then not set. */
void tote__fleet_policy_take(struct wish_policy *p, size_t field, const struct fleet_event *value,
	struct fleet_problems *problems);
/*
 * Whether what the file says stands together with `base`, or by itself where that is NULL. keys:
 * of cosigners, on record. What contradicts is a problem, at one of the fields concerned.
 */
void tote__fleet_policy_check(const struct tote_policy *base, const struct wish_policy *p,
	const char *id, size_t keys, struct fleet_problems *problems);
/* Writes what is set, a line each, behind `indent`. */
void tote__fleet_policy_write(const struct tote_policy *p, const char *indent, struct buf *out);

#endif
