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

void hashing_run_tree(void *state, double value[MEASURES])
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
	int bundle;
};

#define HASH_LENGTH  32
#define BUNDLE_WIDTH 256

struct hasher {
	EVP_MD_CTX *ctx;
	EVP_MD *sha256;
	unsigned char nodes[BUNDLE_WIDTH][HASH_LENGTH];
};

struct hashers {
	struct hashing *hashing;
	void (*work)(struct hasher *hasher, const struct mapped *file);
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
	file->bundle = strstr(path, "/entries/") != NULL;
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

static void hash(struct hasher *h, const void *prefix, size_t prefix_length, const void *bytes,
	size_t length, unsigned char *out)
{
	if (!EVP_DigestInit_ex2(h->ctx, h->sha256, NULL) ||
		!EVP_DigestUpdate(h->ctx, prefix, prefix_length) ||
		!EVP_DigestUpdate(h->ctx, bytes, length) || !EVP_DigestFinal_ex(h->ctx, out, NULL))
		die("libcrypto does not hash");
}

static void hash_file(struct hasher *h, const struct mapped *file)
{
	unsigned char digest[HASH_LENGTH];

	hash(h, "", 0, file->bytes, file->length, digest);
}

/* RFC 6962 section 2.1 over one bundle, each of whose entries lies behind its length. */
static void hash_bundle(struct hasher *h, const struct mapped *file)
{
	const unsigned char *at = file->bytes, *end = at + file->length;
	size_t count = 0;

	if (!file->bundle)
		return;
	while (end - at >= 2 && count < BUNDLE_WIDTH) {
		const size_t length = (size_t)at[0] << 8 | at[1];

		if ((size_t)(end - at) < 2 + length)
			die("a bundle is cut");
		hash(h, "\0", 1, at + 2, length, h->nodes[count++]);
		at += 2 + length;
	}
	for (; count > 1; count = (count + 1) / 2)
		for (size_t i = 0; i + 1 < count; i += 2)
			hash(h, "\1", 1, h->nodes[i], 2 * sizeof(h->nodes[0]), h->nodes[i / 2]);
}

static void hash_files(void *shared, size_t number)
{
	struct hashers *hashers = shared;
	struct hasher h = {.ctx = EVP_MD_CTX_new(), .sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)};
	const struct mapped *file;

	(void)number;
	if (!h.ctx || !h.sha256)
		die("libcrypto does not hash");
	while ((file = next_file(hashers)))
		hashers->work(&h, file);
	EVP_MD_CTX_free(h.ctx);
	EVP_MD_free(h.sha256);
}

static void run(struct hashing *hashing,
	void (*work)(struct hasher *hasher, const struct mapped *file), double value[MEASURES])
{
	struct hashers hashers = {.hashing = hashing, .work = work};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	pthread_mutex_init(&hashers.lock, NULL);
	value[0] = (double)hashing->entries /
		   run_threads(processors > 0 ? (size_t)processors : 1, hash_files, &hashers);
	pthread_mutex_destroy(&hashers.lock);
}

void hashing_run(void *state, double value[MEASURES])
{
	run(state, hash_file, value);
}

void hashing_run_tree(void *state, double value[MEASURES])
{
	run(state, hash_bundle, value);
}

#endif
