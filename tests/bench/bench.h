/* SPDX-License-Identifier: ISC */
/*
 * The frame of all benchmarks: sides that run in turn, rows that compare two of them.
 *
 * A side does its work once and measures it. A family runs its sides A B C A B C ..., so that what
 * else happens on the machine meets all of them, and a row is the median of the ratios of the
 * rounds. A peer outside its band is no peer (syncs that reach no disk, a starved machine): such a
 * row is void, neither passed nor failed.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

#define SIDES_MAX   8u
#define MEASURES    2u
#define ALONE       SIDES_MAX /* a row without a peer: what is measured stands against the bound */
#define ABSOLUTE    SIDES_MAX /* a band in the side's own unit */
#define PAYLOAD     256u
#define BATCH       1000u
#define THREADS     64u
#define PROCESSES   8u
#define BLOCK       4096u
#define PATH_LENGTH 512u

struct bench {
	char directory[PATH_LENGTH / 2]; /* scratch: every file of every side lies here */
	double scale;                    /* of the full sizes; below 1 nothing is judged */
	unsigned rounds;                 /* of the families whose work is short */
	unsigned passed, below, voided, absent;
};

#define ROUNDS_MAX   1000u
#define ROUNDS_LEAST 5u /* for families whose one round takes many seconds */

/*
 * run: fills value[0] and, where the side has a second measure, value[1]. low, high: the band of
 * value[0], as multiples of the median of side `base`, or in units where that is ABSOLUTE.
 * package: what to install where this side was not built; NULL where it was.
 */
struct side {
	const char *name;
	const char *unit;
	void (*run)(void *state, double value[MEASURES]);
	void *state;
	const char *package;
	unsigned base;
	double low, high;
};

/*
 * ours against peer, by one measure: the median of ours / peer is at least bound or, where at_most,
 * at most. Measure 1 is one over all rounds so far, so that the last one's is what counts.
 */
struct row {
	const char *work;
	unsigned ours, peer, measure;
	int at_most;
	double bound;
	const char *unit; /* of the measure, where it is not that of the sides */
};

/* Runs the sides in turn so many times, at least 5, and prints the rows. */
void bench_family(struct bench *bench, unsigned rounds, const struct side *sides, size_t side_count,
	const struct row *rows, size_t row_count);

/* The families, each in its file. */
void bench_append(struct bench *bench);
void bench_threads(struct bench *bench);
void bench_batch(struct bench *bench);
void bench_processes(struct bench *bench);
void bench_verify(struct bench *bench);
void bench_seal(struct bench *bench);
void bench_scale(struct bench *bench);
void bench_audit(struct bench *bench);

/* A program of its own: `bench verify-child LOG VKEY ENTRIES medium|memory` (verify.c). */
int verify_child(const char *log, const char *vkey, const char *entries, const char *from);
/* `bench scale-child ROOT COUNT` (scale.c). */
int scale_child(const char *root, const char *count);

/* full, scaled, but at least `least`. */
size_t bench_size(const struct bench *bench, size_t full, size_t least);
const char *bench_path(const struct bench *bench, char out[PATH_LENGTH], const char *name);

double now(void); /* seconds, monotonic */
/* The value that `part` of them do not exceed; sorts them. */
double quantile(double *values, size_t count, double part);

/* Ends the program: a bench whose work fails says nothing about speed. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

/* Runs body(argument) in count threads and gives the seconds from their common start to the end. */
double run_threads(size_t count, void (*body)(void *shared, size_t number), void *shared);
/* The same in forked processes; prepare is run by each before the start. */
double run_processes(size_t count, void *(*prepare)(void *shared, size_t number),
	void (*body)(void *prepared, size_t number), void *shared);

#endif
