/* SPDX-License-Identifier: ISC */
/*
 * Makes every operation of every verb fail in turn, in every way:
 *
 *	faults [-a] [-v] [-n RUNS] [-s SEED] [-m MODE] [-e ERRNO] [-k NUMBER] [SCENARIO...]
 *
 * -a: each number from 0 until the verb comes through without a failure, with each error. Otherwise
 * a sample of RUNS (default 400) over all scenarios, modes and numbers, by SEED (default: a fixed
 * one). -m, -e and -k run that one mode, error
 * or number only. Exit 1 with a line for each run that went wrong.
 */
#include "stress/scene.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_SECONDS 60
#define WRONG_MAX   40 /* lines; what comes behind is only counted */

static const char *const mode_names[INJECT_MODES] = {
	"nothing", "once", "from", "reported", "short", "short-from", "memory-once", "memory-from"};

/* A mode, and the errors that a system call fails with in it. */
static const struct way {
	enum inject_mode mode;
	int err;
} ways[] = {
	{INJECT_ONCE, EIO},
	{INJECT_ONCE, ENOSPC},
	{INJECT_ONCE, EDQUOT},
	{INJECT_ONCE, EROFS},
	{INJECT_ONCE, EACCES},
	{INJECT_ONCE, EINTR},
	{INJECT_ONCE, EMFILE},
	{INJECT_FROM, EIO},
	{INJECT_FROM, ENOSPC},
	{INJECT_FROM, EROFS},
	{INJECT_FROM, EMFILE},
	{INJECT_REPORTED, EIO},
	{INJECT_REPORTED, ENOSPC},
	{INJECT_SHORT, EIO},
	{INJECT_SHORT_FROM, EIO},
	{INJECT_MEMORY_ONCE, ENOMEM},
	{INJECT_MEMORY_FROM, ENOMEM},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static struct {
	int all, verbose, mode, err;
	long number, runs, wrong, fired;
	unsigned long long seed;
	char now[200]; /* the run under way, for who is killed in it */
} job = {.mode = -1, .number = -1, .seed = 1};

static void died(int signal)
{
	static const char text[] = "stress: died or hung in: ";

	(void)!write(2, text, sizeof(text) - 1);
	(void)!write(2, job.now, strlen(job.now));
	(void)!write(2, "\n", 1);
	_exit(signal == SIGALRM ? 3 : 4);
}

static uint64_t draw(uint64_t below)
{
	job.seed ^= job.seed << 13;
	job.seed ^= job.seed >> 7;
	job.seed ^= job.seed << 17;
	return job.seed % below;
}

static size_t count_all(void)
{
	return scenario_count + mend_scenario_count + rest_scenario_count;
}

static const struct scenario *scenario_at(size_t i)
{
	if (i < scenario_count)
		return &scenarios[i];
	i -= scenario_count;
	return i < mend_scenario_count ? &mend_scenarios[i]
				       : &rest_scenarios[i - mend_scenario_count];
}

static int one_run(const struct scenario *scenario, const struct way *way, long at)
{
	static struct scene s;
	int fired;

	snprintf(job.now, sizeof(job.now), "%s -m %s -k %ld (%s)", scenario->name,
		mode_names[way->mode], at, strerror(way->err));
	alarm(RUN_SECONDS);
	fired = scene_run(&s, scenario, way->mode, way->err, at);
	alarm(0);
	job.runs++;
	job.fired += fired;
	if (s.why[0] && job.wrong++ < WRONG_MAX)
		printf("FAIL %s, %s: %s\n", job.now, fired ? inject_what() : "no failure", s.why);
	if (job.verbose && fired)
		printf("%s, %s: %s: %s\n", job.now, inject_what(),
			s.rc < 0 ? tote_error_name(s.rc) : "good", s.said.text);
	return fired;
}

/* From 0 until it comes through; the number of operations. */
static long exhaust(const struct scenario *scenario, const struct way *way)
{
	long at = 0;

	while (one_run(scenario, way, at))
		at++;
	return at;
}

static void all_of(const struct scenario *scenario)
{
	for (size_t w = 0; w < WAYS; w++) {
		if (job.mode >= 0 && ways[w].mode != (enum inject_mode)job.mode)
			continue;
		if (job.err && ways[w].err != job.err)
			continue;
		if (job.number >= 0)
			one_run(scenario, &ways[w], job.number);
		else
			exhaust(scenario, &ways[w]);
	}
}

/*
 * A sample: of each scenario in turn, any way, and a number below the highest that ever struck. The
 * more operations a scenario has, the more of its runs are needed; so each has a span that grows.
 */
static void sample(long runs)
{
	static long span[64];

	for (long i = 0; i < runs; i++) {
		const size_t n = (size_t)i % count_all();
		long *reach = &span[n % 64];
		const long at = (long)draw((uint64_t)(*reach < 8 ? 8 : *reach) * 2);

		if (one_run(scenario_at(n), &ways[draw(WAYS)], at) && at > *reach)
			*reach = at;
	}
}

static int chosen(const char *name, char **names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return !count;
}

static int mode_of(const char *name)
{
	for (int i = 0; i < INJECT_MODES; i++)
		if (strcmp(mode_names[i], name) == 0)
			return i;
	fprintf(stderr, "stress: no mode %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	long runs = 400;
	int option;

	while ((option = getopt(argc, argv, "ave:n:s:m:k:")) != -1) {
		switch (option) {
		case 'a':
			job.all = 1;
			break;
		case 'v':
			job.verbose = 1;
			break;
		case 'n':
			runs = strtol(optarg, NULL, 10);
			break;
		case 's':
			job.seed = strtoull(optarg, NULL, 10) | 1;
			break;
		case 'e':
			job.err = (int)strtol(optarg, NULL, 10);
			break;
		case 'm':
			job.mode = mode_of(optarg);
			break;
		case 'k':
			job.number = strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, died);
	signal(SIGSEGV, died);
	signal(SIGBUS, died);
	signal(SIGFPE, died);
	signal(SIGILL, died);
	scenes_begin();
	if (!job.all && job.number < 0 && job.mode < 0 && optind == argc)
		sample(runs);
	else
		for (size_t i = 0; i < count_all(); i++)
			if (chosen(scenario_at(i)->name, argv + optind, argc - optind))
				all_of(scenario_at(i));
	scenes_end();
	printf("%ld runs, %ld with a failure in them, %ld went wrong\n", job.runs, job.fired,
		job.wrong);
	return job.wrong != 0;
}
