/* SPDX-License-Identifier: ISC */
/*
 * One row for each field of a policy: in which form a fleet file writes it, and where it is kept.
 * What the fields are called and which values have sense, policy_fields knows alone.
 */
#include "orchestrator/fleet_policy.h"
#include "orchestrator/fleet_scalar.h"
#include "orchestrator/fleet_words.h"
#include <string.h>

enum form { DURATION, SIZE, COUNT, WINDOW, ON_FLAG };

static const struct row {
	uint32_t bit;
	enum form form;
	size_t at; /* of an amount */
} rows[POLICY_FIELDS] = {
	{TOTE_POLICY_STRUCTURE_EVERY, DURATION, offsetof(struct tote_policy, structure_every_s)},
	{TOTE_POLICY_FULL_EVERY, DURATION, offsetof(struct tote_policy, full_every_s)},
	{TOTE_POLICY_OVERDUE_AFTER, DURATION, offsetof(struct tote_policy, overdue_after_s)},
	{TOTE_POLICY_FOLD_AFTER, DURATION, offsetof(struct tote_policy, fold_after_s)},
	{TOTE_POLICY_FOLD_BYTES, SIZE, offsetof(struct tote_policy, fold_bytes)},
	{TOTE_POLICY_RATE, SIZE, offsetof(struct tote_policy, rate)},
	{TOTE_POLICY_WINDOW, WINDOW, 0},
	{TOTE_POLICY_ON_FLAG, ON_FLAG, 0},
	{TOTE_POLICY_COSIGNERS, COUNT, 0},
};

static const char *const on_flag[] = {
	[TOTE_ON_FLAG_NONE - 1] = "none", [TOTE_ON_FLAG_SUSPEND - 1] = "suspend"};

/* The row of a field, whatever order the other table has. */
static const struct row *row_of(size_t field)
{
	char value[POLICY_VALUE_MAX];
	struct tote_policy p;
	const char *key;
	uint32_t bit;

	tote__policy_defaults(&p);
	bit = tote__policy_field(&p, field, &key, value);
	for (size_t i = 0; i < POLICY_FIELDS; i++)
		if (rows[i].bit == bit)
			return &rows[i];
	return NULL;
}

void tote__fleet_policy_keys(const char *ret_keys[POLICY_FIELDS])
{
	char value[POLICY_VALUE_MAX];
	struct tote_policy p;

	tote__policy_defaults(&p);
	for (size_t i = 0; i < POLICY_FIELDS; i++)
		tote__policy_field(&p, i, &ret_keys[i], value);
}

/* --- reading -------------------------------------------------------------------------------- */

static void put_amount(struct tote_policy *p, const struct row *row, uint64_t amount)
{
	memcpy((uint8_t *)p + row->at, &amount, sizeof(amount));
}

static int take_on_flag(const char *text, size_t len, uint32_t *ret)
{
	for (uint32_t i = 0; i < sizeof(on_flag) / sizeof(on_flag[0]); i++)
		if (strlen(on_flag[i]) == len && !memcmp(on_flag[i], text, len)) {
			*ret = i + 1;
			return 0;
		}
	return -1;
}

static int take_count(const char *text, size_t len, int plain, uint32_t *ret)
{
	uint64_t count;

	if (tote__fleet_scalar(text, len, plain) != SCALAR_INTEGER ||
		tote__fleet_integer(text, len, &count) < 0 || count > UINT32_MAX)
		return -1;
	*ret = (uint32_t)count;
	return 0;
}

static int take(
	struct tote_policy *p, const struct row *row, const char *text, size_t len, int plain)
{
	uint64_t amount = 0;
	int rc = -1;

	switch (row->form) {
	case DURATION:
		rc = tote__fleet_duration(text, len, plain, &amount);
		put_amount(p, row, amount);
		break;
	case SIZE:
		rc = tote__fleet_size(text, len, plain, &amount);
		put_amount(p, row, amount);
		break;
	case COUNT:
		rc = take_count(text, len, plain, &p->cosigners);
		break;
	case WINDOW:
		rc = tote__fleet_window(text, len, &p->window_from_min, &p->window_to_min);
		break;
	case ON_FLAG:
		rc = take_on_flag(text, len, &p->on_flag);
		break;
	}
	p->set = row->bit;
	return rc;
}

static const char *expected(enum form form)
{
	static const char *const texts[] = {
		[DURATION] = "no duration: seconds, or digits and one of s m h d w, as 90 or 1w",
		[SIZE] = "no size: bytes, or digits and one of KiB MiB GiB, as 4096 or 16MiB",
		[COUNT] = "no count: digits, as 2",
		[WINDOW] = "no window: HH:MM-HH:MM in UTC, as 22:00-04:00",
		[ON_FLAG] = "neither none nor suspend",
	};

	return texts[form];
}

/* Nothing that another field could contradict. */
static void neutral(struct tote_policy *p)
{
	tote__policy_defaults(p);
	p->full_every_s = 0;
	p->overdue_after_s = 0;
}

/* What is said of a policy, without the container that it would be of. */
static const char *said(const struct tote_fault *fault)
{
	const char *behind = strstr(fault->text, "': ");

	return behind ? behind + 3 : fault->text;
}

int tote__fleet_policy_parse(size_t field, const char *text, size_t len, int plain,
	struct tote_policy *ret, struct tote_fault *fault)
{
	const struct row *row = row_of(field);
	const char *keys[POLICY_FIELDS];
	struct tote_fault why;

	neutral(ret);
	tote__fleet_policy_keys(keys);
	if (take(ret, row, text, len, plain) < 0)
		return tote__fault(fault, TOTE_E_GRAMMAR, "%s: '%.*s' is %s", keys[field],
			tote__fleet_shown(text, len), text, expected(row->form));
	if (tote__policy_check(ret, "", SIZE_MAX, 0, &why) < 0)
		return tote__fault(fault, why.code, "%s", said(&why));
	return 0;
}

void tote__fleet_policy_take(struct wish_policy *p, size_t field, const struct fleet_event *value,
	struct fleet_problems *problems)
{
	struct tote_policy one;
	struct tote_fault fault;

	p->places[field] = value->place;
	if (tote__fleet_policy_parse(field, value->text, value->len, value->plain, &one, &fault) <
		0)
		tote__fleet_problem(problems, value->place, "%s", fault.text);
	else
		tote__policy_put(&p->values, &one);
}

/* --- judging -------------------------------------------------------------------------------- */

/* Where the first field stands that the fault names. */
static struct fleet_place place_of_fault(
	const struct wish_policy *p, const struct tote_fault *fault)
{
	const char *keys[POLICY_FIELDS];
	const char *first = NULL;
	struct fleet_place place = {0, 0};

	tote__fleet_policy_keys(keys);
	for (size_t i = 0; i < POLICY_FIELDS; i++) {
		const char *at = strstr(said(fault), keys[i]);

		if (at && p->places[i].line && (!first || at < first)) {
			first = at;
			place = p->places[i];
		}
	}
	return place;
}

/* A default that does not go with ten thousand containers is one mistake. */
static int is_last_place(const struct fleet_problems *problems, struct fleet_place place)
{
	const struct fleet_place *last;

	if (!problems->count)
		return 0;
	last = &problems->items[problems->count - 1].place;
	return last->line == place.line && last->column == place.column;
}

void tote__fleet_policy_check(const struct tote_policy *base, const struct wish_policy *p,
	const char *id, size_t keys, struct fleet_problems *problems)
{
	struct fleet_place place;
	struct tote_policy whole;
	struct tote_fault fault;

	if (base)
		whole = *base;
	else
		neutral(&whole);
	tote__policy_put(&whole, &p->values);
	if (tote__policy_check(&whole, id, keys, !strcmp(id, RECORD_ID), &fault) == 0)
		return;
	place = place_of_fault(p, &fault);
	if (!is_last_place(problems, place))
		tote__fleet_problem(problems, place, "%s", fault.text);
}

/* --- writing -------------------------------------------------------------------------------- */

uint32_t tote__fleet_policy_text(const struct tote_policy *p, size_t field, const char **ret_key,
	char ret_text[FLEET_AMOUNT_MAX])
{
	const struct row *row = row_of(field);
	uint32_t bit = tote__policy_field(p, field, ret_key, ret_text);
	uint64_t amount;

	if (row->form == DURATION || row->form == SIZE) {
		memcpy(&amount, (const uint8_t *)p + row->at, sizeof(amount));
		if (row->form == DURATION)
			tote__fleet_put_duration(amount, ret_text);
		else
			tote__fleet_put_size(amount, ret_text);
	}
	return bit;
}

void tote__fleet_policy_write(const struct tote_policy *p, const char *indent, struct buf *out)
{
	char text[FLEET_AMOUNT_MAX];
	const char *key;

	for (size_t i = 0; i < POLICY_FIELDS; i++)
		if (tote__fleet_policy_text(p, i, &key, text) & p->set)
			tote__buf_putf(out, "%s%s: %s\n", indent, key, text);
}
