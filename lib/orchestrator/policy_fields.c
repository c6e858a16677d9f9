/* SPDX-License-Identifier: ISC */
/*
 * One table of a policy's fields; entries are read and written, and values judged, by it alone.
 */
#include "orchestrator/policy_fields.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEN_YEARS_S 315360000u
#define MINUTES     1440u /* of a day */

enum form { NUMBER, COUNT, WINDOW, ON_FLAG }; /* COUNT: a number, kept in 32 bits */

/* clang-format off */
static const struct field_rule {
	uint32_t bit;
	const char *key;
	enum form form;
	size_t at;
	uint64_t normal; /* its default */
	uint64_t zero;   /* 0 is allowed beside what is below */
	uint64_t least, most;
} rules[POLICY_FIELDS] = {
#define AT(member) offsetof(struct tote_policy, member)
	{TOTE_POLICY_STRUCTURE_EVERY, "structure-every", NUMBER, AT(structure_every_s), 86400, 1, 60, TEN_YEARS_S},
	{TOTE_POLICY_FULL_EVERY, "full-every", NUMBER, AT(full_every_s), 604800, 1, 60, TEN_YEARS_S},
	{TOTE_POLICY_OVERDUE_AFTER, "overdue-after", NUMBER, AT(overdue_after_s), 1209600, 1, 60, TEN_YEARS_S},
	{TOTE_POLICY_FOLD_AFTER, "fold-after", NUMBER, AT(fold_after_s), 3600, 1, 1, TEN_YEARS_S},
	{TOTE_POLICY_FOLD_BYTES, "fold-bytes", NUMBER, AT(fold_bytes), 16777216, 0, 4096, 268435456},
	{TOTE_POLICY_RATE, "rate", NUMBER, AT(rate), 0, 1, 1, INT64_MAX / 1000000},
	{TOTE_POLICY_WINDOW, "window", WINDOW, AT(window_from_min), 0, 1, 0, MINUTES - 1},
	{TOTE_POLICY_ON_FLAG, "on-flag", ON_FLAG, AT(on_flag), TOTE_ON_FLAG_NONE, 0, TOTE_ON_FLAG_NONE, TOTE_ON_FLAG_SUSPEND},
	{TOTE_POLICY_COSIGNERS, "cosigners", COUNT, AT(cosigners), 0, 1, 1, TOTE_COSIGNERS_MAX},
#undef AT
};
/* clang-format on */

/* --- one field, whatever its form ----------------------------------------------------------- */

/* A window is one value: from above, to below. */
#define WINDOW_OF(from, to) ((uint64_t)(from) << 32 | (to))
#define WINDOW_FROM(value)  ((uint32_t)((value) >> 32))
#define WINDOW_TO(value)    ((uint32_t)(value))

static uint64_t get(const struct tote_policy *p, const struct field_rule *f)
{
	const uint8_t *at = (const uint8_t *)p + f->at;
	uint64_t value;
	uint32_t small;

	if (f->form == WINDOW)
		return WINDOW_OF(p->window_from_min, p->window_to_min);
	if (f->form == NUMBER) {
		memcpy(&value, at, sizeof(value));
		return value;
	}
	memcpy(&small, at, sizeof(small));
	return small;
}

static void put(struct tote_policy *p, const struct field_rule *f, uint64_t value)
{
	uint8_t *at = (uint8_t *)p + f->at;
	uint32_t small = (uint32_t)value;

	if (f->form == WINDOW) {
		p->window_from_min = WINDOW_FROM(value);
		p->window_to_min = WINDOW_TO(value);
	} else if (f->form == NUMBER)
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &small, sizeof(small));
}

static int is_in_bounds(const struct field_rule *f, uint64_t value)
{
	if (f->form == WINDOW) {
		uint32_t from = WINDOW_FROM(value), to = WINDOW_TO(value);

		return from < MINUTES && to < MINUTES && (from != to || !from);
	}
	return (!value && f->zero) || (value >= f->least && value <= f->most);
}

void tote__policy_defaults(struct tote_policy *p)
{
	memset(p, 0, sizeof(*p));
	p->size = sizeof(*p);
	for (size_t i = 0; i < POLICY_FIELDS; i++)
		put(p, &rules[i], rules[i].normal);
}

uint32_t tote__policy_changes(const struct tote_policy *p, const struct tote_policy *wanted)
{
	uint32_t changes = 0;

	for (size_t i = 0; i < POLICY_FIELDS; i++)
		if (wanted->set & rules[i].bit &&
			(!(p->set & rules[i].bit) || get(p, &rules[i]) != get(wanted, &rules[i])))
			changes |= rules[i].bit;
	return changes;
}

void tote__policy_put(struct tote_policy *p, const struct tote_policy *from)
{
	for (size_t i = 0; i < POLICY_FIELDS; i++)
		if (from->set & rules[i].bit)
			put(p, &rules[i], get(from, &rules[i]));
	p->set |= from->set;
}

/* --- in an entry ---------------------------------------------------------------------------- */

/* "HH:MM", which the caller knows to be there. -1 where it is no time of a day. */
static int parse_minute(const char *s, uint32_t *ret)
{
	static const int digits[] = {0, 1, 3, 4};

	for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++)
		if (s[digits[i]] < '0' || s[digits[i]] > '9')
			return -1;
	*ret = (uint32_t)(((s[0] - '0') * 10 + s[1] - '0') * 60 + (s[3] - '0') * 10 + s[4] - '0');
	return s[2] == ':' && s[3] < '6' && *ret < MINUTES ? 0 : -1;
}

static int parse(const struct field_rule *f, const char *s, size_t len, uint64_t *ret)
{
	static const char none[] = "none", suspend[] = "suspend";
	uint32_t from, to;

	switch (f->form) {
	case WINDOW:
		if (len != 11 || s[5] != '-' || parse_minute(s, &from) || parse_minute(s + 6, &to))
			return -1;
		*ret = WINDOW_OF(from, to);
		return 0;
	case ON_FLAG:
		if (len == strlen(none) && !memcmp(s, none, len))
			*ret = TOTE_ON_FLAG_NONE;
		else if (len == strlen(suspend) && !memcmp(s, suspend, len))
			*ret = TOTE_ON_FLAG_SUSPEND;
		else
			return -1;
		return 0;
	case NUMBER:
	case COUNT:
		break;
	}
	return tote__decimal_parse(s, len, ret);
}

static void format(const struct field_rule *f, uint64_t value, char out[POLICY_VALUE_MAX])
{
	uint32_t from = WINDOW_FROM(value), to = WINDOW_TO(value);

	if (f->form == WINDOW)
		snprintf(out, POLICY_VALUE_MAX, "%02u:%02u-%02u:%02u", from / 60 % 24, from % 60,
			to / 60 % 24, to % 60);
	else if (f->form == ON_FLAG)
		snprintf(out, POLICY_VALUE_MAX, "%s",
			value == TOTE_ON_FLAG_SUSPEND ? "suspend" : "none");
	else
		snprintf(out, POLICY_VALUE_MAX, "%" PRIu64, value);
}

/*
 * Beside cosigner-keys a count of cosigners is how many keys these are: entries of the first days
 * had both.
 */
static int is_count_of_keys(const struct field_rule *f, const struct entry *e)
{
	return f->form == COUNT && tote__entry_field(e, COSIGNER_KEYS_KEY) != NULL;
}

void tote__policy_take(struct tote_policy *p, const struct entry *e)
{
	for (size_t i = 0; i < POLICY_FIELDS; i++) {
		const struct field_rule *f = &rules[i];
		const struct entry_field *field = tote__entry_field(e, f->key);
		uint64_t value;

		/* no value of these forms needs an escape */
		if (!field || is_count_of_keys(f, e) ||
			parse(f, field->value, field->value_len, &value) < 0 ||
			!is_in_bounds(f, value))
			continue;
		put(p, f, value);
		p->set |= f->bit;
	}
}

uint32_t tote__policy_field(const struct tote_policy *p, size_t index, const char **ret_key,
	char ret_value[POLICY_VALUE_MAX])
{
	*ret_key = rules[index].key;
	format(&rules[index], get(p, &rules[index]), ret_value);
	return rules[index].bit;
}

/* --- what has no sense ---------------------------------------------------------------------- */

static int out_of_bounds(
	const struct field_rule *f, uint64_t value, const char *id, struct tote_fault *fault)
{
	uint32_t from = WINDOW_FROM(value), to = WINDOW_TO(value);

	if (f->form == WINDOW && from == to && from < MINUTES)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"policy of '%s': window %02u:%02u-%02u:%02u is empty; both 0 is the whole "
			"day",
			id, from / 60, from % 60, to / 60, to % 60);
	if (f->form == WINDOW)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"policy of '%s': window: %u to %u are no minutes of a day (0 to 1439)", id,
			from, to);
	if (f->form == ON_FLAG)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"policy of '%s': on-flag: %" PRIu64 " is neither none nor suspend", id,
			value);
	return tote__fault(fault, TOTE_E_ARGUMENT,
		"policy of '%s': %s %" PRIu64 " is out of bounds: %" PRIu64 " to %" PRIu64 "%s", id,
		f->key, value, f->least, f->most, f->zero ? ", or 0" : "");
}

int tote__policy_check(const struct tote_policy *p, const char *id, size_t keys, int is_record,
	struct tote_fault *fault)
{
	for (size_t i = 0; i < POLICY_FIELDS; i++)
		if (!is_in_bounds(&rules[i], get(p, &rules[i])))
			return out_of_bounds(&rules[i], get(p, &rules[i]), id, fault);
	if (p->overdue_after_s && p->full_every_s && p->overdue_after_s < p->full_every_s)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"policy of '%s': overdue-after %" PRIu64 " is below full-every %" PRIu64
			": every record would be overdue before its audit is due: change both",
			id, p->overdue_after_s, p->full_every_s);
	if (p->cosigners > keys)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"policy of '%s': cosigners %u is above the %zu cosigner-keys on record: "
			"totectl witness merge puts them there",
			id, p->cosigners, keys);
	if (is_record && p->on_flag == TOTE_ON_FLAG_SUSPEND)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"policy of '%s': on-flag suspend: the consolidated record has no state",
			id);
	return 0;
}
