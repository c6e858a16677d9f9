/* SPDX-License-Identifier: ISC */
/*
 * A policy in the words that people write it in, one field at a time: those of a fleet file.
 */
#include "base/ctx.h"
#include "orchestrator/fleet_policy.h"
#include "orchestrator/fleet_words.h"
#include <string.h>

/* The index of the field of that bit, POLICY_FIELDS where there is none. */
static size_t index_of_bit(uint32_t bit, const struct tote_policy *p, const char **ret_key,
	char ret_text[FLEET_AMOUNT_MAX])
{
	size_t i = 0;

	while (i < POLICY_FIELDS && tote__fleet_policy_text(p, i, ret_key, ret_text) != bit)
		i++;
	return i;
}

const char *tote_policy_key(uint32_t field)
{
	char text[FLEET_AMOUNT_MAX];
	struct tote_policy p;
	const char *key;

	tote__policy_defaults(&p);
	return index_of_bit(field, &p, &key, text) < POLICY_FIELDS ? key : NULL;
}

static int unknown_key(const char *key, struct tote_fault *fault)
{
	const size_t len = strlen(key);
	const char *keys[POLICY_FIELDS], *meant;

	tote__fleet_policy_keys(keys);
	meant = tote__fleet_nearest(key, len, keys, POLICY_FIELDS);
	return tote__fault(fault, TOTE_E_GRAMMAR, "there is no field '%.*s' in a policy%s%s%s",
		tote__fleet_shown(key, len), key, meant ? "; did you mean '" : "",
		meant ? meant : "", meant ? "'?" : "");
}

int tote_policy_put(
	struct tote_policy *policy, const char *key, const char *value, struct tote_fault *fault)
{
	const char *keys[POLICY_FIELDS];
	struct tote_policy whole, one;
	size_t i = 0;
	int rc;

	FAULT_BEGIN(fault);
	if (!policy || !key || !value)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "policy: it, or the field's name or value is NULL");
	rc = tote__struct_in(
		&whole, sizeof(whole), POLICY_LEAST, policy, "struct tote_policy", fault);
	if (rc < 0)
		return rc;
	tote__fleet_policy_keys(keys);
	while (i < POLICY_FIELDS && strcmp(keys[i], key) != 0)
		i++;
	if (i == POLICY_FIELDS)
		return unknown_key(key, fault);
	rc = tote__fleet_policy_parse(i, value, strlen(value), 1, &one, fault);
	if (rc < 0)
		return rc;
	tote__policy_put(&whole, &one);
	return tote__struct_out(
		policy, &whole, sizeof(whole), POLICY_LEAST, "struct tote_policy", fault);
}

int tote_policy_value(const struct tote_policy *policy, uint32_t field, char *ret_text, size_t cap,
	struct tote_fault *fault)
{
	char text[FLEET_AMOUNT_MAX];
	struct tote_policy whole;
	const char *key;
	size_t len;
	int rc;

	FAULT_BEGIN(fault);
	if (!policy || !ret_text)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "policy: it, or the place for a value is NULL");
	rc = tote__struct_in(
		&whole, sizeof(whole), POLICY_LEAST, policy, "struct tote_policy", fault);
	if (rc < 0)
		return rc;
	if (index_of_bit(field, &whole, &key, text) == POLICY_FIELDS)
		return tote__fault(fault, TOTE_E_ARGUMENT, "policy: there is no field %u", field);
	len = strlen(text);
	if (len >= cap)
		return tote__fault(fault, TOTE_E_TOO_LARGE, "policy: it needs %zu bytes", len + 1);
	memcpy(ret_text, text, len + 1);
	return 0;
}
