/* SPDX-License-Identifier: ISC */
/*
 * The order in which stories are told: what finds most comes first.
 */
#include "power/plan.h"
#include <stdio.h>
#include <string.h>

static const char letters[] = {CALL_APPEND, CALL_BATCH, CALL_SEAL, CALL_SEALS, CALL_FOLD, CALL_MOVE,
	CALL_CREATE, CALL_ERASE, CALL_ROTATE, CALL_COPY};

#define LETTERS sizeof(letters)

/* What there is to do beside them in a root. */
static const char more_letters[] = {CALL_AUDIT, CALL_WITNESS};

static size_t letter_count(const struct base *b)
{
	return LETTERS + (b->truth.rooted ? sizeof(more_letters) : 0);
}

static char letter(size_t number)
{
	return number < LETTERS ? letters[number] : more_letters[number - LETTERS];
}

static const struct care thorough = {.items = 64, .randoms = 4, .one_in = 1};
static const struct care usual = {.items = 6, .randoms = 3, .one_in = 1};
static const struct care rare = {.items = 1, .randoms = 1, .one_in = 32};
static const struct care hasty = {.items = 2, .randoms = 1, .one_in = 16};
static const struct care light = {.items = 3, .randoms = 2, .one_in = 4};

typedef int told_fn(struct power *p, const struct story *s, const struct care *care);

/* The sequence with that number; nothing is created first, and what is damaged is repaired first. */
static size_t sequence(
	const struct base *b, size_t length, size_t number, char calls[CALLS_MAX + 1])
{
	size_t total = 1;

	for (size_t i = 0; i < length; i++) {
		if (i == 0 && (!b->truth.now.created || b->truth.damaged)) {
			calls[i] = b->truth.damaged ? CALL_REPAIR : CALL_CREATE;
			continue;
		}
		calls[i] = letter(number % letter_count(b));
		number /= letter_count(b);
		total *= letter_count(b);
	}
	return total; /* how many there are */
}

#define STRIDE 89 /* a prime: where the time does not suffice, what was told is spread */

/* Every sequence of just `length` calls. */
static int each_sequence(struct power *p, const struct base *b, size_t length, told_fn *tell,
	const struct care *care, size_t *ret_told, size_t *ret_total)
{
	struct story s = {.base = b};
	int rc = 0;

	*ret_total = sequence(b, length, 0, s.calls);
	*ret_told = 0;
	while (rc == 0 && *ret_told < *ret_total) {
		sequence(b, length, (size_t)(p->seed + *ret_told * STRIDE) % *ret_total, s.calls);
		rc = tell(p, &s, care);
		*ret_told += rc == 0;
	}
	return rc;
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
static int disturb(
	struct power *p, const struct story *plain, enum story_kind kind, const struct care *care)
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
		BASE_EDGE, BASE_DAMAGED, BASE_VOID, BASE_MADE, BASE_MADE, BASE_KEPT};
	static const enum story_kind kinds[] = {
		STORY_PLAIN, STORY_KILL, STORY_FAIL, STORY_FAIL_OPEN, STORY_AGAIN, STORY_AGAIN};
	struct story s = {.base = &bases[often[chance_below(chance, 11)]]};
	const size_t length = 1 + chance_below(chance, 3);
	size_t count;

	for (size_t i = 0; i < length; i++)
		s.calls[i] = letter(chance_below(chance, (unsigned int)letter_count(s.base)));
	if (!s.base->truth.now.created)
		s.calls[0] = CALL_CREATE;
	if (s.base->truth.damaged)
		s.calls[0] = CALL_REPAIR;
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
	const char *calls; /* NULL: every sequence of that length */
	const char *what;
	told_fn *tell;
	const struct care *care;
};

static void one_sequence(struct power *p, const struct base *b, const struct step *step,
	size_t *ret_told, size_t *ret_total)
{
	struct story s = {.base = b};

	snprintf(s.calls, sizeof(s.calls), "%s", step->calls);
	*ret_total = 1;
	*ret_told = step->tell(p, &s, step->care) == 0;
}

/* Each step may take its share of the time that is left; what it does not need is the others'. */
static int follow(
	struct power *p, const struct base bases[BASES], const struct step *steps, size_t count)
{
	const double until = p->until;

	for (size_t i = 0; i < count; i++) {
		const struct step *s = &steps[i];
		const double left = until - power_now();
		const unsigned long before = p->cases;
		size_t told, total;

		p->until = power_now() + left / (double)(count - i + 1);
		if (s->calls)
			one_sequence(p, &bases[s->base], s, &told, &total);
		else
			each_sequence(
				p, &bases[s->base], s->length, s->tell, s->care, &told, &total);
		if (p->steps)
			printf("%-8s %zu calls, %-6s %zu of %zu sequences, %lu cases\n",
				bases[s->base].name, s->length, s->what, told, total,
				p->cases - before);
		p->until = until;
		if (p->failed[0])
			return -1;
	}
	return 0;
}

#define FOLLOW(p, bases, steps) follow(p, bases, steps, sizeof(steps) / sizeof((steps)[0]))

int plan_quick(struct power *p, const struct base bases[BASES])
{
	static const struct step steps[] = {
		{BASE_NOTHING, 1, NULL, "cut", story_run, &light},
		{BASE_FRESH, 1, NULL, "cut", story_run, &light},
		{BASE_ROOT, 1, NULL, "cut", story_run, &rare},
		{BASE_MADE, 1, NULL, "cut", story_run, &rare},
	};
	int rc = FOLLOW(p, bases, steps);

	return rc == 0 ? at_random(p, bases) : rc;
}

int plan_full(struct power *p, const struct base bases[BASES])
{
	static const struct step steps[] = {
		{BASE_NOTHING, 1, NULL, "cut", story_run, &thorough},
		{BASE_FRESH, 1, NULL, "cut", story_run, &thorough},
		{BASE_NAMED, 1, NULL, "cut", story_run, &thorough},
		{BASE_OLD, 1, NULL, "cut", story_run, &usual},
		{BASE_EDGE, 1, NULL, "cut", story_run, &usual},
		{BASE_FULL, 1, NULL, "cut", story_run, &hasty},
		{BASE_FULL, 1, "a", "kill", kill_each, &rare},
		{BASE_FULL, 2, "af", "kill", kill_each, &rare},
		{BASE_FRESH, 1, NULL, "fail", fail_each, &hasty},
		{BASE_FRESH, 1, NULL, "reopen", open_each, &hasty},
		{BASE_FRESH, 1, NULL, "kill", kill_each, &hasty},
		{BASE_NAMED, 1, NULL, "kill", kill_each, &hasty},
		{BASE_NOTHING, 1, NULL, "fail", fail_each, &hasty},
		{BASE_NOTHING, 1, NULL, "kill", kill_each, &hasty},
		{BASE_OLD, 1, NULL, "fail", fail_each, &hasty},
		{BASE_OLD, 1, NULL, "kill", kill_each, &hasty},
		{BASE_DAMAGED, 1, NULL, "cut", story_run, &usual},
		{BASE_DAMAGED, 1, NULL, "kill", kill_each, &rare},
		{BASE_DAMAGED, 1, NULL, "fail", fail_each, &rare},
		{BASE_DAMAGED, 1, NULL, "reopen", open_each, &rare},
		{BASE_DAMAGED, 2, NULL, "cut", story_run, &rare},
		{BASE_NOTHING, 2, NULL, "cut", story_run, &light},
		{BASE_FRESH, 2, NULL, "cut", story_run, &light},
		{BASE_OLD, 2, NULL, "cut", story_run, &light},
		{BASE_EDGE, 2, NULL, "cut", story_run, &light},
		{BASE_NOTHING, 3, NULL, "cut", story_run, &hasty},
		{BASE_FRESH, 3, NULL, "cut", story_run, &hasty},
		{BASE_OLD, 3, NULL, "cut", story_run, &hasty},
		{BASE_VOID, 1, "i", "cut", story_run, &usual},
		{BASE_VOID, 1, "i", "kill", kill_each, &rare},
		{BASE_VOID, 1, "c", "cut", story_run, &light},
		{BASE_ROOT, 1, NULL, "cut", story_run, &usual},
		{BASE_ROOT, 1, NULL, "kill", kill_each, &rare},
		{BASE_ROOT, 1, NULL, "fail", fail_each, &rare},
		{BASE_MADE, 1, NULL, "cut", story_run, &usual},
		{BASE_MADE, 1, NULL, "kill", kill_each, &rare},
		{BASE_MADE, 1, NULL, "fail", fail_each, &rare},
		{BASE_MADE, 1, NULL, "reopen", open_each, &rare},
		{BASE_KEPT, 1, NULL, "cut", story_run, &light},
		{BASE_MADE, 2, NULL, "cut", story_run, &hasty},
		{BASE_KEPT, 2, NULL, "cut", story_run, &rare},
		{BASE_ROOT, 3, NULL, "cut", story_run, &rare},
		{BASE_MADE, 3, NULL, "cut", story_run, &rare},
	};
	int rc = FOLLOW(p, bases, steps);

	return rc == 0 ? at_random(p, bases) : rc;
}

/* One base, one sequence of calls, one kind, as a case's name begins. */
static int tell_first(struct power *p, const struct base bases[BASES], const char *first)
{
	const char *calls = strchr(first, '/') + 1, *kind = strrchr(first, '/') + 1;
	struct story s = {.base = NULL};

	for (int i = 0; i < BASES; i++)
		if (strncmp(bases[i].name, first, (size_t)(calls - 1 - first)) == 0)
			s.base = &bases[i];
	snprintf(s.calls, sizeof(s.calls), "%.*s", (int)(kind - 1 - calls), calls);
	switch (*kind) {
	case 'k':
		return kill_each(p, &s, &rare);
	case 'e':
		return fail_each(p, &s, &hasty);
	default:
		return story_run(p, &s, &usual);
	}
}

int plan_mutant(struct power *p, const struct base bases[BASES], const char *first)
{
	static const struct step steps[] = {
		{BASE_NOTHING, 1, NULL, "cut", story_run, &usual},
		{BASE_FRESH, 1, NULL, "cut", story_run, &usual},
		{BASE_FRESH, 1, NULL, "fail", fail_each, &hasty},
		{BASE_NOTHING, 1, NULL, "kill", kill_each, &rare},
		{BASE_EDGE, 1, NULL, "cut", story_run, &light},
		{BASE_FRESH, 1, NULL, "kill", kill_each, &rare},
	};
	int rc = tell_first(p, bases, first);

	if (rc == 0)
		rc = FOLLOW(p, bases, steps);
	return rc == 0 ? at_random(p, bases) : rc;
}
