/* SPDX-License-Identifier: ISC */
/*
 * The peer of verification: the files lie mapped before the clock starts, so it is hashing alone
 * that is measured; each processor takes the next file until there are no more.
 */
#include "hashing.h"

#ifndef BENCH_CRYPTO

const char *const hashing_package = "libssl-dev";

void hashing_make(struct hashing *hashing, const char *directory, size_t entries)
{
	(void)hashing, (void)directory, (void)entries;
}

void hashing_drop(struct hashing *hashing)
{
	(void)hashing;
}

void hashing_run(void *state, double value[MEASURES])
{
	(void)state, (void)value;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const hashing_package = NULL;

struct mapped {
	void *bytes;
	size_t length;
};

struct hashers {
	struct hashing *hashing;
	pthread_mutex_t lock;
	size_t next;
};

static void map_file(struct hashing *hashing, const char *path, size_t length)
{
	struct mapped *file;
	int fd = open(path, O_RDONLY);

	if (hashing->count == hashing->room) {
		hashing->room = hashing->room * 2 + 64;
		hashing->files = realloc(hashing->files, hashing->room * sizeof(*hashing->files));
		if (!hashing->files)
			die("no memory");
	}
	file = &hashing->files[hashing->count++];
	file->length = length;
	file->bytes = mmap(NULL, length, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (fd < 0 || file->bytes == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

void hashing_make(struct hashing *hashing, const char *directory, size_t entries)
{
	char *const roots[] = {(char *)directory, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *at;

	memset(hashing, 0, sizeof(*hashing));
	hashing->entries = entries;
	if (!tree)
		die("%s: %s", directory, strerror(errno));
	while ((at = fts_read(tree)))
		if (at->fts_info == FTS_F && at->fts_statp->st_size > 0)
			map_file(hashing, at->fts_path, (size_t)at->fts_statp->st_size);
	fts_close(tree);
}

void hashing_drop(struct hashing *hashing)
{
	size_t i;

	for (i = 0; i < hashing->count; i++)
		munmap(hashing->files[i].bytes, hashing->files[i].length);
	free(hashing->files);
}

static struct mapped *next_file(struct hashers *hashers)
{
	struct mapped *file = NULL;

	pthread_mutex_lock(&hashers->lock);
	if (hashers->next < hashers->hashing->count)
		file = &hashers->hashing->files[hashers->next++];
	pthread_mutex_unlock(&hashers->lock);
	return file;
}

static void hash_files(void *shared, size_t number)
{
	struct hashers *hashers = shared;
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	struct mapped *file;

	(void)number;
	while ((file = next_file(hashers)))
		if (!ctx || !sha256 || !EVP_DigestInit_ex2(ctx, sha256, NULL) ||
			!EVP_DigestUpdate(ctx, file->bytes, file->length) ||
			!EVP_DigestFinal_ex(ctx, digest, NULL))
			die("libcrypto does not hash");
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(sha256);
}

void hashing_run(void *state, double value[MEASURES])
{
	struct hashers hashers = {.hashing = state};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	pthread_mutex_init(&hashers.lock, NULL);
	value[0] = (double)hashers.hashing->entries /
		   run_threads(processors > 0 ? (size_t)processors : 1, hash_files, &hashers);
	pthread_mutex_destroy(&hashers.lock);
}

#endif
