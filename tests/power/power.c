/* SPDX-License-Identifier: ISC */
/*
 * The power-loss harness:
 *
 *	power [-q | -m MUTANT | -M | -w WHERE] [-b SECONDS] [-s SEED] [-r COMMAND] [-v]
 *	power -t CASE
 *
 * -q a slice of a few seconds; -M the mutants, each of which must be found; -m one of them; -w the
 * stories BASE/CALLS/KIND first, then what finds mutants soon; -t one case, as a failure names it; -r
 * an independent reader's command for a sample of the cases.
 */
#include "power/mutants.h"
#include "power/plan.h"
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUICK_SECONDS  3
#define FULL_SECONDS   240
#define MUTANT_SECONDS 60

struct wanted {
	int quick, all_mutants;
	const char *mutant, *one_case, *where;
	double seconds;
};

static char scratch[200];

static void scratch_make(struct power *p)
{
	const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");

	snprintf(scratch, sizeof(scratch), "%s/power-XXXXXX", dir ? dir : "/tmp");
	if (!mkdtemp(scratch)) {
		perror(scratch);
		exit(2);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(p->root[i], sizeof(p->root[i]), "%s/%d", scratch, i);
		if (mkdir(p->root[i], 0700) != 0) {
			perror(p->root[i]);
			exit(2);
		}
	}
}

static void scratch_remove(struct power *p)
{
	for (int i = 0; i < 2; i++)
		rmdir(p->root[i]);
	rmdir(scratch);
}

static int tell_failure(const struct power *p)
{
	if (!p->failed[0])
		return 0;
	printf("FAILED power -t %s (seed %" PRIu64 ")\n  %s\n", p->failed, p->seed, p->why);
	return 1;
}

static int run_case(struct power *p, const char *name, const struct base *bases)
{
	const int rc = story_case(p, name, bases, BASES);

	if (rc == -2)
		printf("there is no case %s\n", name);
	else
		printf("%s: %s\n", name, rc == 0 ? "good" : p->why);
	return rc != 0;
}

/* 0 where it was found, or where it need not be. */
static int run_mutant(
	struct power *p, const struct base *bases, const struct mutant_entry *m, double seconds)
{
	const double begin = power_now();
	int found;

	p->failed[0] = '\0';
	p->cases = 0;
	p->until = begin + seconds;
	mutate(&m->mutant);
	plan_mutant(p, bases, m->where);
	mutate(NULL);
	found = p->failed[0] != '\0';
	if (found)
		printf("%-28s caught in case %lu, %.1f s: %s\n    %s\n", m->mutant.name, p->cases,
			power_now() - begin, p->failed, p->why);
	else
		printf("%-28s %s in %lu cases%s%s\n", m->mutant.name,
			m->redundant ? "not caught, as expected," : "NOT CAUGHT", p->cases,
			m->redundant ? ": " : "", m->redundant ? m->redundant : "");
	fflush(stdout);
	return !found && !m->redundant;
}

static int run_mutants(struct power *p, const struct base *bases, const struct wanted *w)
{
	size_t count, missed = 0, tried = 0;
	const struct mutant_entry *list = mutants(&count);

	for (size_t i = 0; i < count; i++) {
		if (w->mutant && strcmp(list[i].mutant.name, w->mutant) != 0)
			continue;
		missed += (size_t)run_mutant(p, bases, &list[i],
			w->seconds > 0      ? w->seconds
			: list[i].redundant ? MUTANT_SECONDS / 6
					    : MUTANT_SECONDS);
		tried++;
	}
	printf("%zu passed, %zu failed\n", tried - missed, missed);
	return missed > 0 || tried == 0;
}

static int run_plan(struct power *p, const struct base *bases, const struct wanted *w)
{
	const double begin = power_now();
	int failed;

	p->steps = !w->quick;
	p->until = begin + (w->seconds > 0 ? w->seconds : w->quick ? QUICK_SECONDS : FULL_SECONDS);
	if (w->quick)
		plan_quick(p, bases);
	else if (w->where)
		plan_mutant(p, bases, w->where);
	else
		plan_full(p, bases);
	failed = tell_failure(p);
	printf("%lu stories, %lu cases in %.1f s, seed %" PRIu64 "\n", p->stories, p->cases,
		power_now() - begin, p->seed);
	printf("%d passed, %d failed\n", !failed, failed);
	return failed;
}

static int usage(void)
{
	fprintf(stderr, "usage: power [-q | -m MUTANT | -M | -w WHERE | -t CASE] [-b SECONDS] "
			"[-s SEED] [-r COMMAND] [-v]\n");
	return 2;
}

static int parse(int argc, char **argv, struct wanted *w, struct power *p)
{
	int option;

	while ((option = getopt(argc, argv, "qMm:w:t:b:s:r:v")) != -1) {
		switch (option) {
		case 'q':
			w->quick = 1;
			break;
		case 'M':
			w->all_mutants = 1;
			break;
		case 'm':
			w->mutant = optarg;
			break;
		case 'w':
			w->where = optarg;
			break;
		case 't':
			w->one_case = optarg;
			break;
		case 'b':
			w->seconds = strtod(optarg, NULL);
			break;
		case 's':
			p->seed = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			p->reader = optarg;
			break;
		case 'v':
			p->verbose++;
			break;
		default:
			return -1;
		}
	}
	return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	static struct power power = {.seed = 1, .reader_every = 500};
	static struct base bases[BASES];
	struct wanted w = {0};
	int rc;

	if (parse(argc, argv, &w, &power) < 0)
		return usage();
	power.until = power_now() + 1e9;
	umask(0);
#ifdef M_MMAP_THRESHOLD /* the memory of one case serves the next */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
	scratch_make(&power);
	work_begin(scratch);
	bases_make(&power, bases, !w.quick && !w.mutant && !w.all_mutants && !w.where);
	if (w.one_case)
		run_case(&power, w.one_case, bases);
	if (w.one_case)
		rc = power.why[0] != '\0';
	else if (w.mutant || w.all_mutants)
		rc = run_mutants(&power, bases, &w);
	else
		rc = run_plan(&power, bases, &w);
	bases_free(bases);
	work_end();
	scratch_remove(&power);
	return rc;
}
