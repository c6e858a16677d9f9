/* SPDX-License-Identifier: ISC */
/*
 * The order in which stories are told: what finds most comes first.
 */
#include "power/plan.h"
#include <stdio.h>
#include <string.h>

static const char letters[] = {CALL_APPEND, CALL_BATCH, CALL_SEAL, CALL_SEALS, CALL_FOLD,
	CALL_MOVE, CALL_CREATE};

#define LETTERS sizeof(letters)

static const struct care thorough = {.items = 64, .randoms = 4, .one_in = 1};
static const struct care usual = {.items = 6, .randoms = 3, .one_in = 1};
static const struct care hasty = {.items = 2, .randoms = 1, .one_in = 16};
static const struct care light = {.items = 3, .randoms = 2, .one_in = 4};

typedef int told_fn(struct power *p, const struct story *s, const struct care *care);

/* Every sequence of just `length` calls; of nothing the first is always the creation. */
static int each_sequence(struct power *p, const struct base *b, size_t length, told_fn *tell,
	const struct care *care)
{
	size_t digits[CALLS_MAX] = {0}, at = 0;
	const size_t fixed = b->truth.now.created ? 0 : 1;

	while (at < length || length == fixed) {
		struct story s = {.base = b};
		int rc;

		for (size_t i = 0; i < length; i++)
			s.calls[i] = i < fixed ? CALL_CREATE : letters[digits[i]];
		rc = tell(p, &s, care);
		if (rc < 0 || length == fixed)
			return rc;
		for (at = fixed; at < length && ++digits[at] == LETTERS; at++)
			digits[at] = 0;
	}
	return 0;
}

/* How many operations the last call makes. */
static size_t operations(struct power *p, const struct story *s)
{
	struct told told;
	size_t count;

	if (story_tell(p, s, &told) < 0)
		return 0;
	count = told.log.count - told.first;
	told_free(&told);
	return count;
}

/* The last call killed, or failed, at each of its operations. */
static int disturb(struct power *p, const struct story *plain, enum story_kind kind,
	const struct care *care)
{
	const size_t count = operations(p, plain);
	struct story s = *plain;
	int rc = 0;

	s.kind = kind;
	for (s.at = 0; rc == 0 && s.at < count; s.at++)
		rc = story_run(p, &s, care);
	return rc;
}

static int open_each(struct power *p, const struct story *s, const struct care *care)
{
	return disturb(p, s, STORY_FAIL_OPEN, care);
}

static int kill_each(struct power *p, const struct story *s, const struct care *care)
{
	return disturb(p, s, STORY_KILL, care);
}

static int fail_each(struct power *p, const struct story *s, const struct care *care)
{
	return disturb(p, s, STORY_FAIL, care);
}

/* --- at random ------------------------------------------------------------------------------ */

static int any(struct power *p, const struct base bases[BASES], struct chance *chance)
{
	static const int often[] = {BASE_NOTHING, BASE_FRESH, BASE_FRESH, BASE_NAMED, BASE_OLD,
		BASE_OLD, BASE_EDGE};
	static const enum story_kind kinds[] = {
		STORY_PLAIN, STORY_KILL, STORY_FAIL, STORY_FAIL_OPEN, STORY_AGAIN, STORY_AGAIN};
	struct story s = {.base = &bases[often[chance_below(chance, 7)]]};
	const size_t length = 1 + chance_below(chance, 3);
	size_t count;

	for (size_t i = 0; i < length; i++)
		s.calls[i] = letters[chance_below(chance, LETTERS)];
	if (!s.base->truth.now.created)
		s.calls[0] = CALL_CREATE;
	count = operations(p, &s);
	s.kind = kinds[chance_below(chance, 6)];
	if (count == 0)
		return 0;
	s.at = chance_below(chance, (unsigned int)count);
	if (s.kind == STORY_AGAIN) {
		s.at += chance_below(chance, 12); /* counted from the beginning of the story */
		s.choice = (struct choice){CHOOSE_RANDOM, chance_next(chance) >> 32};
	}
	return story_run(p, &s, &light);
}

static int at_random(struct power *p, const struct base bases[BASES])
{
	struct chance chance = {p->seed};
	int rc = 0;

	while (rc == 0 && !power_is_over(p))
		rc = any(p, bases, &chance);
	return p->failed[0] ? -1 : 0;
}

/* --- plans ---------------------------------------------------------------------------------- */

struct step {
	int base;
	size_t length;
	told_fn *tell;
	const struct care *care;
};

static int follow(struct power *p, const struct base bases[BASES], const struct step *steps,
	size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		const unsigned long before = p->cases;

		rc = each_sequence(
			p, &bases[steps[i].base], steps[i].length, steps[i].tell, steps[i].care);
		if (p->verbose)
			fprintf(stderr, "%s, %zu calls: %lu cases\n", bases[steps[i].base].name,
				steps[i].length, p->cases - before);
	}
	return rc;
}

#define FOLLOW(p, bases, steps) follow(p, bases, steps, sizeof(steps) / sizeof((steps)[0]))

int plan_quick(struct power *p, const struct base bases[BASES])
{
	static const struct step steps[] = {
		{BASE_NOTHING, 1, story_run, &light},
		{BASE_FRESH, 1, story_run, &light},
	};
	int rc = FOLLOW(p, bases, steps);

	return rc == 0 ? at_random(p, bases) : rc;
}

int plan_full(struct power *p, const struct base bases[BASES])
{
	static const struct step steps[] = {
		{BASE_NOTHING, 1, story_run, &thorough},
		{BASE_FRESH, 1, story_run, &thorough},
		{BASE_NAMED, 1, story_run, &thorough},
		{BASE_OLD, 1, story_run, &thorough},
		{BASE_NOTHING, 1, kill_each, &light},
		{BASE_NOTHING, 1, fail_each, &light},
		{BASE_FRESH, 1, kill_each, &light},
		{BASE_FRESH, 1, fail_each, &light},
		{BASE_FRESH, 1, open_each, &light},
		{BASE_NAMED, 1, kill_each, &light},
		{BASE_OLD, 1, kill_each, &light},
		{BASE_OLD, 1, fail_each, &light},
		{BASE_NOTHING, 2, story_run, &usual},
		{BASE_FRESH, 2, story_run, &usual},
		{BASE_OLD, 2, story_run, &usual},
		{BASE_EDGE, 2, story_run, &usual},
		{BASE_FULL, 1, story_run, &light},
		{BASE_NOTHING, 3, story_run, &light},
		{BASE_FRESH, 3, story_run, &light},
		{BASE_OLD, 3, story_run, &light},
	};
	int rc = FOLLOW(p, bases, steps);

	return rc == 0 ? at_random(p, bases) : rc;
}

int plan_mutant(struct power *p, const struct base bases[BASES])
{
	static const struct step steps[] = {
		{BASE_NOTHING, 1, story_run, &usual},
		{BASE_FRESH, 1, story_run, &usual},
		{BASE_FRESH, 1, fail_each, &hasty},
		{BASE_EDGE, 1, story_run, &light},
		{BASE_FRESH, 1, kill_each, &hasty},
		{BASE_NOTHING, 1, kill_each, &hasty},
	};
	int rc = FOLLOW(p, bases, steps);

	return rc == 0 ? at_random(p, bases) : rc;
}
