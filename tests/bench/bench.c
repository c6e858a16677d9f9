/* SPDX-License-Identifier: ISC */
/*
 * The frame: runs a family's sides in turn, takes medians, prints and judges the rows.
 *
 *	bench [FAMILY...]     BENCH_SCALE=0.01 for a smoke run, BENCH_ROUNDS, BENCH_DIR
 *
 * Exit 1 where a row is below its bound, 2 where the work itself failed.
 */
#include "bench.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct rounds {
	unsigned count;
	double value[SIDES_MAX][MEASURES][ROUNDS_MAX];
	double median[SIDES_MAX][MEASURES];
};

static char scratch[PATH_LENGTH / 2];
static pid_t owner; /* a forked worker that dies must not remove what the others use */

void die(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	if (getpid() != owner)
		_exit(2);
	exit(2);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double quantile(double *values, size_t count, double part)
{
	size_t at = (size_t)((double)count * part);

	qsort(values, count, sizeof(*values), ascending);
	return values[at < count ? at : count - 1];
}

static double median(const double *values, size_t count)
{
	double copy[ROUNDS_MAX];

	memcpy(copy, values, count * sizeof(*values));
	return quantile(copy, count, 0.5);
}

size_t bench_size(const struct bench *bench, size_t full, size_t least)
{
	size_t size = (size_t)((double)full * bench->scale);

	return size > least ? size : least;
}

const char *bench_path(const struct bench *bench, char out[PATH_LENGTH], const char *name)
{
	snprintf(out, PATH_LENGTH, "%s/%s", bench->directory, name);
	return out;
}

/* Digits enough to compare by: 3 of them, and none behind the point from 100 on. */
static const char *number(char out[24], double value)
{
	int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;

	snprintf(out, 24, "%.*f", digits, value);
	return out;
}

static void band_of(const struct side *side, const struct rounds *rounds, double *low, double *high)
{
	double unit = side->base == ABSOLUTE ? 1 : rounds->median[side->base][0];

	*low = side->low * unit;
	*high = side->high * unit;
}

static const char *verdict_of(struct bench *bench, const struct row *row, const struct side *peer,
	const struct rounds *rounds, double ratio)
{
	double low, high, rate;

	if (peer) {
		band_of(peer, rounds, &low, &high);
		rate = rounds->median[row->peer][0];
		if (rate < low || rate > high) {
			bench->voided++;
			return "void";
		}
	}
	if (row->at_most ? ratio <= row->bound : ratio >= row->bound) {
		bench->passed++;
		return "ok";
	}
	bench->below++;
	return "below";
}

static void print_peer(const struct row *row, const struct side *peer, const struct rounds *rounds)
{
	char rate[24], from[24], to[24];
	double low, high;

	band_of(peer, rounds, &low, &high);
	printf("    %-30s %10s %-9s", peer->name,
		number(rate, rounds->median[row->peer][row->measure]),
		row->unit ? row->unit : peer->unit);
	if (row->measure)
		printf(" at %s %s,", number(rate, rounds->median[row->peer][0]), peer->unit);
	printf(" band %s to %s\n", number(from, low), number(to, high));
}

static void row_print(struct bench *bench, const struct row *row, const struct side *sides,
	const struct rounds *rounds)
{
	const struct side *ours = &sides[row->ours];
	const struct side *peer = row->peer == ALONE ? NULL : &sides[row->peer];
	const double *a = rounds->value[row->ours][row->measure];
	double ratios[ROUNDS_MAX], ratio;
	char text[3][24];
	unsigned i;

	if (ours->package || (peer && peer->package)) {
		bench->absent++;
		printf("%-44s absent: apt-get install -y --no-install-recommends %s\n", row->work,
			ours->package ? ours->package : peer->package);
		return;
	}
	for (i = 0; i < rounds->count; i++)
		ratios[i] = peer ? a[i] / rounds->value[row->peer][row->measure][i] : a[i];
	ratio = ratios[rounds->count - 1];
	qsort(ratios, rounds->count, sizeof(*ratios), ascending);
	if (row->measure == 0)
		ratio = quantile(ratios, rounds->count, 0.5);
	printf("%-44s", row->work);
	if (peer)
		printf(" ratio %s", number(text[0], ratio));
	printf(" %s %s  %s\n", row->at_most ? "at most" : "at least", number(text[1], row->bound),
		verdict_of(bench, row, peer, rounds, ratio));
	printf("    %-30s %10s %-9s rounds %s to %s\n", ours->name,
		number(text[0], rounds->median[row->ours][row->measure]),
		row->unit ? row->unit : ours->unit, number(text[1], ratios[0]),
		number(text[2], ratios[rounds->count - 1]));
	if (peer)
		print_peer(row, peer, rounds);
}

void bench_family(struct bench *bench, unsigned count, const struct side *sides, size_t side_count,
	const struct row *rows, size_t row_count)
{
	struct rounds *rounds = calloc(1, sizeof(*rounds));
	double value[MEASURES];
	unsigned i;
	size_t s, m;

	if (!rounds)
		die("no memory");
	sync();
	rounds->count = count;
	for (i = 0; i < count; i++)
		for (s = 0; s < side_count; s++) {
			if (sides[s].package)
				continue;
			memset(value, 0, sizeof(value));
			sides[s].run(sides[s].state, value);
			for (m = 0; m < MEASURES; m++)
				rounds->value[s][m][i] = value[m];
		}
	for (s = 0; s < side_count; s++)
		for (m = 0; m < MEASURES; m++)
			rounds->median[s][m] = m ? rounds->value[s][m][rounds->count - 1]
						 : median(rounds->value[s][m], rounds->count);
	for (s = 0; s < row_count; s++)
		row_print(bench, &rows[s], sides, rounds);
	fflush(stdout);
	free(rounds);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	if (getpid() == owner && *scratch && nftw(scratch, remove_one, 16, FTW_PHYS | FTW_DEPTH))
		fprintf(stderr, "bench: %s could not be removed: %s\n", scratch, strerror(errno));
}

static double setting(const char *name, double preset, double least, double most)
{
	const char *text = getenv(name);
	char *end;
	double value;

	if (!text || !*text)
		return preset;
	value = strtod(text, &end);
	if (*end || !(value >= least && value <= most))
		die("%s=%s: a number from %g to %g is wanted", name, text, least, most);
	return value;
}

static void begin(struct bench *bench)
{
	const char *given = getenv("BENCH_DIR");
	char *base;

	memset(bench, 0, sizeof(*bench));
	bench->scale = setting("BENCH_SCALE", 1, 0.0001, 100);
	bench->rounds = (unsigned)setting(
		"BENCH_ROUNDS", bench->scale < 1 ? ROUNDS_LEAST : 15, ROUNDS_LEAST, ROUNDS_MAX / 4);
	/* Absolute, since directories are changed and children are given paths. */
	base = realpath(given && *given ? given : ".", NULL);
	if (!base)
		die("BENCH_DIR: %s", strerror(errno));
	if (snprintf(scratch, sizeof(scratch), "%s/toteborch-bench-XXXXXX", base) >=
		(int)sizeof(scratch)) {
		*scratch = 0;
		die("BENCH_DIR is too long");
	}
	if (!mkdtemp(scratch)) {
		*scratch = 0;
		die("no directory for the work in %s: %s", base, strerror(errno));
	}
	atexit(clean_up);
	memcpy(bench->directory, scratch, sizeof(scratch));
	free(base);
	printf("%s, %u rounds, scale %g, %ld processors\n", bench->directory, bench->rounds,
		bench->scale, sysconf(_SC_NPROCESSORS_ONLN));
}

static int wanted(int argc, char **argv, const char *family)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], family))
			return 1;
	return argc < 2;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct bench *bench);
	} families[] = {{"append", bench_append}, {"threads", bench_threads},
		{"batch", bench_batch}, {"processes", bench_processes}, {"verify", bench_verify},
		{"seal", bench_seal}, {"scale", bench_scale}, {"audit", bench_audit}};
	struct bench bench;
	size_t i;

	owner = getpid();
	if (argc == 6 && !strcmp(argv[1], "verify-child"))
		return verify_child(argv[2], argv[3], argv[4], argv[5]);
	if (argc == 4 && !strcmp(argv[1], "scale-child"))
		return scale_child(argv[2], argv[3]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	begin(&bench);
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (wanted(argc, argv, families[i].name)) {
			printf("\n-- %s\n", families[i].name);
			families[i].run(&bench);
		}
	printf("\n%u ok, %u below, %u void, %u absent%s\n", bench.passed, bench.below, bench.voided,
		bench.absent, bench.scale < 1 ? " (too small to be judged)" : "");
	return bench.below && bench.scale >= 1 ? 1 : 0;
}
