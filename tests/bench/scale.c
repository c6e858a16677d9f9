/* SPDX-License-Identifier: ISC */
/*
 * A root of 10,000 containers: provisioning them, opening it, the status of all, when something is
 * due next; in a process of its own, whose memory and descriptors are looked at too.
 */
#include "child.h"
#include "ours.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORIGIN "bench.example.com/scale"
#define FIRST  100u

enum { OPENING, STATUS, DUE, PROVISIONING, SIDES };

struct scale {
	char root[PATH_LENGTH];
	size_t count;
	double provisioned, ratio; /* seconds; the last hundred against the first */
	double opened, status, due, memory, descriptors;
};

/* ---- the child ---- */

static double peak_mib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[128];
	long peak = 0;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %ld", &peak) == 1)
			break;
	if (!status || !peak)
		die("/proc/self/status does not say VmHWM");
	fclose(status);
	return (double)peak / 1024;
}

static int descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count - 3; /* . and .. and itself */
}

static void show_all(tote_orchestrator *orchestrator, size_t wanted)
{
	struct tote_status status = {.size = sizeof(status)};
	struct tote_fault fault;
	tote_health *health;
	size_t count = 0;

	ours_must(tote_health_open(orchestrator, 0, &health, &fault), "health", &fault);
	while (tote_health_next(health, &status, &fault) == 1)
		count++;
	if (count != wanted + 1)
		die("%zu containers of %zu", count, wanted);
	tote_health_unref(health);
}

int scale_child(const char *root, const char *count)
{
	const size_t wanted = strtoul(count, NULL, 10);
	tote_orchestrator *orchestrator;
	struct tote_fault fault;
	double began, opened, status, due;
	tote_ctx *ctx;
	int64_t delay;

	ours_must(tote_ctx_new(NULL, &ctx, &fault), "context", &fault);
	began = now();
	ours_must(tote_orchestrator_open(
			  ctx, root, TOTE_ORCHESTRATOR_READ_ONLY, &orchestrator, &fault),
		"open", &fault);
	opened = now();
	show_all(orchestrator, wanted);
	status = now();
	ours_must(tote_orchestrator_next_due(orchestrator, &delay, &fault), "next due", &fault);
	due = now();
	printf("%g %g %g %g %d\n", opened - began, status - opened, (due - status) * 1e3,
		peak_mib(), descriptors());
	return 0;
}

/* ---- the sides ---- */

static double provision(tote_orchestrator *orchestrator, size_t from, size_t to)
{
	const double began = now();
	struct tote_fault fault;
	char id[32];
	size_t i;

	for (i = from; i < to; i++) {
		snprintf(id, sizeof(id), "box-%05zu", i);
		ours_must(tote_orchestrator_provision(orchestrator, id, NULL, NULL, &fault), id,
			&fault);
	}
	return now() - began;
}

static void make(struct scale *scale)
{
	tote_orchestrator *orchestrator;
	struct tote_fault fault;
	double first, last;
	tote_ctx *ctx;

	ours_must(tote_ctx_new(NULL, &ctx, &fault), "context", &fault);
	ours_must(
		tote_orchestrator_init(ctx, scale->root, ORIGIN, NULL, 0, &fault), "init", &fault);
	ours_must(tote_orchestrator_open(ctx, scale->root, 0, &orchestrator, &fault), "open root",
		&fault);
	first = provision(orchestrator, 0, FIRST);
	scale->provisioned = first + provision(orchestrator, FIRST, scale->count - FIRST);
	last = provision(orchestrator, scale->count - FIRST, scale->count);
	scale->provisioned += last;
	scale->ratio = last / first;
	ours_must(tote_orchestrator_close(orchestrator, &fault), "close root", &fault);
	tote_ctx_unref(ctx);
}

static void run_opening(void *state, double value[MEASURES])
{
	struct scale *scale = state;
	const char *argv[] = {"/proc/self/exe", "scale-child", scale->root, NULL, NULL};
	char count[24], out[128] = "";

	snprintf(count, sizeof(count), "%zu", scale->count);
	argv[3] = count;
	child_run(argv, out, sizeof(out) - 1);
	if (sscanf(out, "%lf %lf %lf %lf %lf", &scale->opened, &scale->status, &scale->due,
		    &scale->memory, &scale->descriptors) != 5)
		die("the child said '%s'", out);
	value[0] = scale->opened;
	value[1] = scale->memory;
}

static void run_status(void *state, double value[MEASURES])
{
	const struct scale *scale = state;

	value[0] = scale->status;
	value[1] = scale->descriptors;
}

static void run_due(void *state, double value[MEASURES])
{
	value[0] = ((const struct scale *)state)->due;
}

static void run_provisioning(void *state, double value[MEASURES])
{
	const struct scale *scale = state;

	value[0] = scale->provisioned;
	value[1] = scale->ratio;
}

void bench_scale(struct bench *bench)
{
	struct scale scale = {.count = bench_size(bench, 10000, 2 * FIRST)};
	const struct side sides[SIDES] = {[OPENING] = {.name = "tote_orchestrator_open",
						  .unit = "s",
						  .run = run_opening,
						  .state = &scale},
		[STATUS] = {.name = "tote_health_open and next",
			.unit = "s",
			.run = run_status,
			.state = &scale},
		[DUE] = {.name = "tote_orchestrator_next_due",
			.unit = "ms",
			.run = run_due,
			.state = &scale},
		[PROVISIONING] = {.name = "tote_orchestrator_provision",
			.unit = "s",
			.run = run_provisioning,
			.state = &scale}};
	/* The last hundred may meet a fold, and a disk's pace changes: twice is no slope. */
	static const struct row rows[] = {
		{"10,000 containers: open", OPENING, ALONE, 0, 1, 0.5, NULL},
		{"status of all", STATUS, ALONE, 0, 1, 0.2, NULL},
		{"what is due next", DUE, ALONE, 0, 1, 10, NULL},
		{"peak memory", OPENING, ALONE, 1, 1, 64, "MiB"},
		{"descriptors", STATUS, ALONE, 1, 1, 64, "open"},
		{"10,000 containers provisioned", PROVISIONING, ALONE, 0, 1, 180, NULL},
		{"the last 100 against the first 100", PROVISIONING, ALONE, 1, 1, 2, "times"}};

	bench_path(bench, scale.root, "scale");
	make(&scale);
	bench_family(bench, ROUNDS_LEAST, sides, SIDES, rows, sizeof(rows) / sizeof(rows[0]));
}
