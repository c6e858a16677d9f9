/* SPDX-License-Identifier: ISC */
/*
 * 10,000 files of 4 KiB sealed in one batch, against cp, sync and sha256sum of the same files.
 */
#include "child.h"
#include "ours.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES 4096u

enum { OURS, COPY, SIDES };

struct sealed {
	struct ours ours;
	char sources[PATH_LENGTH];
	struct tote_source *source;
	size_t count;
	unsigned run; /* each seals and copies to a place of its own */
};

static char *text(const char *directory, const char *name)
{
	char *out = NULL;

	if (asprintf(&out, "%s/%s", directory, name) < 0)
		die("no memory");
	return out;
}

static void make_source(const char *file)
{
	char bytes[FILE_BYTES];
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes) ||
		write(fd, bytes, sizeof(bytes)) != sizeof(bytes) || close(fd))
		die("%s: %s", file, strerror(errno));
}

static void make_sources(struct sealed *sealed, const struct bench *bench)
{
	char name[24];
	size_t i;

	bench_path(bench, sealed->sources, "sources");
	sealed->source = calloc(sealed->count, sizeof(*sealed->source));
	if (!sealed->source || mkdir(sealed->sources, 0700))
		die("%s: %s", sealed->sources, strerror(errno));
	for (i = 0; i < sealed->count; i++) {
		snprintf(name, sizeof(name), "f%05zu", i);
		sealed->source[i].file = text(sealed->sources, name);
		sealed->source[i].supersedes = TOTE_SEQ_ANY;
		make_source(sealed->source[i].file);
	}
}

static void name_paths(struct sealed *sealed)
{
	char directory[24], name[24];
	size_t i;

	snprintf(directory, sizeof(directory), "run%u", sealed->run++);
	for (i = 0; i < sealed->count; i++) {
		snprintf(name, sizeof(name), "f%05zu", i);
		free((char *)sealed->source[i].path);
		sealed->source[i].path = text(directory, name);
	}
}

static void run_ours(void *state, double value[MEASURES])
{
	struct sealed *sealed = state;
	struct tote_fault fault;
	double began;

	name_paths(sealed);
	began = now();
	ours_must(tote_box_seal(
			  sealed->ours.box, sealed->source, sealed->count, NULL, 0, NULL, &fault),
		"seal", &fault);
	value[0] = (double)sealed->count / (now() - began);
}

/* As an operator would type it; the copy is removed when the clock has stopped. */
static void run_copy(void *state, double value[MEASURES])
{
	struct sealed *sealed = state;
	const char *const copy[] = {"sh", "-c",
		"cp -r \"$1\" \"$1.copy\" && sync -f \"$1.copy\" && cd \"$1.copy\" && "
		"sha256sum -- * >/dev/null",
		"sh", sealed->sources, NULL};
	const char *const removal[] = {
		"sh", "-c", "rm -r \"$1.copy\" && sync -f \"$1\"", "sh", sealed->sources, NULL};
	char out[512];

	value[0] = (double)sealed->count / child_run(copy, out, sizeof(out) - 1);
	child_run(removal, out, sizeof(out) - 1);
}

void bench_seal(struct bench *bench)
{
	struct sealed sealed = {.count = bench_size(bench, 10000, 50)};
	const struct side sides[SIDES] = {[OURS] = {.name = "tote_box_seal",
						  .unit = "files/s",
						  .run = run_ours,
						  .state = &sealed},
		[COPY] = {.name = "cp, sync -f, sha256sum",
			.unit = "files/s",
			.run = run_copy,
			.state = &sealed,
			.base = ABSOLUTE,
			.low = 300,
			.high = 200e3}};
	static const struct row rows[] = {
		{"seal 10,000 files of 4 KiB in one batch", OURS, COPY, 0, 0, 0.7, NULL}};
	size_t i;

	ours_make(&sealed.ours, bench, "seal");
	make_sources(&sealed, bench);
	bench_family(bench, ROUNDS_LEAST, sides, SIDES, rows, sizeof(rows) / sizeof(rows[0]));
	ours_drop(&sealed.ours);
	for (i = 0; i < sealed.count; i++) {
		free((char *)sealed.source[i].file);
		free((char *)sealed.source[i].path);
	}
	free(sealed.source);
}
