/* SPDX-License-Identifier: ISC */
/*
 * The files that audits are measured on: 1,000 to a directory, each of other bytes than the next.
 */
#include "corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER    1000u
#define AT_ONCE   4096u              /* assets of a call */
#define IN_MEMORY ((size_t)16 << 20) /* of their bytes; what is larger is sealed from a file */
#define PIECE     ((size_t)1 << 20)

const char *corpus_path(char out[CORPUS_PATH], size_t number)
{
	snprintf(out, CORPUS_PATH, "%03zu/f%06zu", number / FOLDER, number);
	return out;
}

/* xorshift64 (G. Marsaglia, 2003): as fast as memory, and nothing compresses it. */
static void fill(char *bytes, size_t length, uint64_t seed)
{
	uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	size_t at;

	for (at = 0; at + sizeof(state) <= length; at += sizeof(state)) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(bytes + at, &state, sizeof(state));
	}
}

static void write_source(const struct corpus *corpus, const char *path, size_t number, char *bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t done;

	for (done = 0; fd >= 0 && done < corpus->size; done += PIECE) {
		fill(bytes, PIECE, number * 4099 + done);
		if (write(fd, bytes, PIECE) != (ssize_t)PIECE)
			break;
	}
	if (fd < 0 || done < corpus->size || close(fd))
		die("%s: %s", path, strerror(errno));
}

static void seal(struct corpus *corpus, const char *file, size_t first, size_t count, char *bytes)
{
	struct tote_source *sources = calloc(count, sizeof(*sources));
	char(*paths)[CORPUS_PATH] = calloc(count, sizeof(*paths));
	struct tote_fault fault;
	size_t i;

	if (!sources || !paths)
		die("no memory");
	for (i = 0; i < count; i++) {
		sources[i].path = corpus_path(paths[i], first + i);
		sources[i].supersedes = TOTE_SEQ_ANY;
		if (corpus->size > IN_MEMORY) {
			sources[i].file = file;
			write_source(corpus, file, first + i, bytes);
			continue;
		}
		sources[i].data = bytes + i * corpus->size;
		sources[i].length = corpus->size;
		sources[i].flags = TOTE_SOURCE_DATA;
		fill(bytes + i * corpus->size, corpus->size, first + i);
	}
	ours_must(tote_box_seal(corpus->ours.box, sources, count, NULL, 0, NULL, &fault), "seal",
		&fault);
	free(sources);
	free(paths);
}

static void write_list(const struct corpus *corpus)
{
	FILE *list = fopen(corpus->list, "w");
	char path[CORPUS_PATH];
	size_t i;

	for (i = 0; list && i < corpus->count; i++)
		fprintf(list, "%s%c", corpus_path(path, i), 0);
	if (!list || fclose(list))
		die("%s: %s", corpus->list, strerror(errno));
}

void corpus_make(struct corpus *corpus, const struct bench *bench, const char *name, size_t count,
	size_t size)
{
	char file[PATH_LENGTH], list[64];
	size_t step = size > IN_MEMORY ? 1 : IN_MEMORY / size, done;
	char *bytes = malloc(size > IN_MEMORY ? PIECE : IN_MEMORY);

	if (!bytes)
		die("no memory");
	memset(corpus, 0, sizeof(*corpus));
	corpus->count = count;
	corpus->size = size;
	corpus->gently = bench->scale < 1;
	ours_make(&corpus->ours, bench, name);
	snprintf(corpus->assets, sizeof(corpus->assets), "%s/assets", corpus->ours.location);
	snprintf(list, sizeof(list), "%s.list", name);
	bench_path(bench, corpus->list, list);
	bench_path(bench, file, "source");
	if (step > AT_ONCE)
		step = AT_ONCE;
	for (done = 0; done < count; done += step)
		seal(corpus, file, done, count - done < step ? count - done : step, bytes);
	ours_fold(corpus->ours.box);
	ours_close(&corpus->ours);
	unlink(file);
	free(bytes);
	write_list(corpus);
	sync();
}

/* --- the page cache ------------------------------------------------------------------------- */

static void each_file(const struct corpus *corpus, void (*act)(int fd, char *bytes))
{
	char *bytes = malloc(PIECE), path[PATH_LENGTH + 128], name[CORPUS_PATH];
	size_t i;

	for (i = 0; bytes && i < corpus->count; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%s", corpus->assets, corpus_path(name, i));
		fd = open(path, O_RDONLY);
		if (fd < 0)
			die("%s: %s", path, strerror(errno));
		act(fd, bytes);
		close(fd);
	}
	free(bytes);
}

static void take_in(int fd, char *bytes)
{
	while (read(fd, bytes, PIECE) > 0)
		continue;
}

static void throw_out(int fd, char *bytes)
{
	(void)bytes;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

void corpus_warm(const struct corpus *corpus)
{
	each_file(corpus, take_in);
}

static int drop_all(const struct corpus *corpus)
{
	int fd = corpus->gently ? -1 : open("/proc/sys/vm/drop_caches", O_WRONLY), dropped;

	if (fd < 0)
		return 0;
	dropped = write(fd, "3", 1) == 1;
	close(fd);
	return dropped;
}

const char *corpus_chilled_by(const struct corpus *corpus)
{
	return drop_all(corpus) ? "drop_caches" : "posix_fadvise: inodes and names stay in memory";
}

void corpus_chill(const struct corpus *corpus)
{
	sync();
	if (!drop_all(corpus))
		each_file(corpus, throw_out);
}
