/* SPDX-License-Identifier: ISC */
/*
 * Batches as FORMAT has them, from the journal's zeros to the fold's reading back: one thread, as an
 * append that folds is.
 */
#include "contract.h"

#ifndef BENCH_CRYPTO

const char *const contract_package = "libssl-dev";

void contract_drop(struct contract *contract)
{
	bare_drop(&contract->group);
}

void contract_batch(void *state, double value[MEASURES])
{
	(void)state, (void)value;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const contract_package = NULL;

#define WIDTH    ((size_t)256)
#define HASH     32
#define FIRST    ((size_t)32 << 10)
#define MOST     ((size_t)16 << 20) /* of a segment, and where a fold is due */
#define TOGETHER 24                 /* nameless files at once, as descriptors are few */

struct digester {
	EVP_MD_CTX *ctx;
	EVP_MD *sha256;
	unsigned char node[2 * HASH + 1];
};

static void must(int done, const char *what)
{
	if (!done)
		die("%s: %s", what, strerror(errno));
}

static void digest(struct digester *d, const void *bytes, size_t length)
{
	EVP_DigestInit_ex2(d->ctx, d->sha256, NULL);
	EVP_DigestUpdate(d->ctx, bytes, length);
	EVP_DigestFinal_ex(d->ctx, d->node + 1, NULL);
}

/* The leaf hash of each entry; with its tree, as many node hashes. */
static void digest_all(struct contract *c, const unsigned char *bytes, size_t count, int tree)
{
	size_t i;

	for (i = 0; i < count; i++) {
		digest(c->digester, bytes + i * c->entry, c->entry);
		if (tree)
			digest(c->digester, c->digester->node, sizeof(c->digester->node));
	}
}

static void prepare(struct contract *c)
{
	if (c->digester)
		return;
	c->digester = calloc(1, sizeof(*c->digester));
	c->bytes = aligned_alloc(BLOCK, (BATCH * c->entry / BLOCK + 2) * BLOCK);
	if (!c->digester || !c->bytes)
		die("no memory");
	memset(c->bytes, 'e', (BATCH * c->entry / BLOCK + 2) * BLOCK);
	c->digester->ctx = EVP_MD_CTX_new();
	c->digester->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!c->digester->ctx || !c->digester->sha256)
		die("no SHA-256");
}

void contract_drop(struct contract *contract)
{
	if (contract->digester) {
		EVP_MD_CTX_free(contract->digester->ctx);
		EVP_MD_free(contract->digester->sha256);
	}
	free(contract->digester);
	free(contract->bytes);
	bare_drop(&contract->group);
}

/* ---- the journal ---- */

static void zeros(struct contract *c, size_t to)
{
	static const char nothing[1 << 20];

	for (size_t at = c->zeroed; at < to;) {
		size_t step = to - at < sizeof(nothing) ? to - at : sizeof(nothing);

		must(pwrite(c->segment, nothing, step, (off_t)at) == (ssize_t)step, "zeros");
		at += step;
	}
	must(fsync(c->segment) == 0, "zeros");
	c->zeroed = to;
}

static void write_group(struct contract *c)
{
	const size_t length = (BATCH * c->entry + BLOCK - 1) / BLOCK * BLOCK;
	size_t size = c->zeroed ? c->zeroed : FIRST;

	if (c->segment < 0 || c->at + length > MOST) {
		if (c->segment >= 0)
			close(c->segment);
		c->segment = openat(c->log, "..", O_RDWR | O_TMPFILE, 0600);
		must(c->segment >= 0, "segment");
		c->zeroed = 0;
		c->at = BLOCK;
		size = FIRST;
	}
	while (size < c->at + length)
		size *= 2;
	if (size > c->zeroed)
		zeros(c, size);
	must(pwrite(c->segment, c->bytes, length, (off_t)c->at) == (ssize_t)length, "group");
	must(fdatasync(c->segment) == 0, "group");
	c->at += length;
}

/* ---- the fold ---- */

/* Bundles and tiles in turn, so many as there are descriptors for. */
static void write_files(struct contract *c, size_t count)
{
	char name[32], from[64];
	int fds[TOGETHER];
	size_t i;

	for (i = 0; i < count; i++) {
		const size_t length = i % 2 ? WIDTH * HASH : WIDTH * c->entry;

		fds[i] = openat(c->log, ".", O_RDWR | O_TMPFILE, 0444);
		must(fds[i] >= 0 && write(fds[i], c->bytes, length) == (ssize_t)length, "bundle");
	}
	must(syncfs(c->log) == 0, "bundles");
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%zu", c->files++);
		snprintf(from, sizeof(from), "/proc/self/fd/%d", fds[i]);
		must(linkat(AT_FDCWD, from, c->log, name, AT_SYMLINK_FOLLOW) == 0, name);
		close(fds[i]);
	}
}

static void read_back(struct contract *c, size_t from)
{
	const size_t room = (WIDTH * c->entry / BLOCK + 1) * BLOCK;
	unsigned char *bytes = aligned_alloc(BLOCK, room);
	char name[32];

	if (!bytes)
		die("no memory");
	for (; from < c->files; from++) {
		const size_t length = from % 2 ? WIDTH * HASH : WIDTH * c->entry;
		int fd;

		snprintf(name, sizeof(name), "%zu", from);
		fd = openat(c->log, name, O_RDONLY | O_DIRECT);
		if (fd < 0) /* a memory file system */
			fd = openat(c->log, name, O_RDONLY);
		must(fd >= 0 && read(fd, bytes, room) == (ssize_t)length, "reading back");
		close(fd);
		if (from % 2 == 0)
			digest_all(c, bytes, WIDTH, 1);
	}
	free(bytes);
}

static void fold(struct contract *c)
{
	const size_t first = c->files, bundles = c->pending / WIDTH;
	size_t left = 2 * bundles;

	for (; left; left -= left < TOGETHER ? left : TOGETHER)
		write_files(c, left < TOGETHER ? left : TOGETHER);
	for (size_t i = 0; i < bundles * WIDTH; i++) /* the tree that the tiles are of */
		digest(c->digester, c->digester->node, sizeof(c->digester->node));
	must(fsync(c->log) == 0, "log");
	read_back(c, first);
	for (int i = 0; i < 4; i++) /* the checkpoint and the last one signed, names too */
		must(fsync(c->log) == 0, "log");
	c->pending -= bundles * WIDTH;
}

void contract_batch(void *state, double value[MEASURES])
{
	struct contract *c = state;
	double began;
	size_t i;

	prepare(c);
	began = now();
	for (i = 0; i < c->count; i++) {
		digest_all(c, c->bytes, BATCH, 0);
		write_group(c);
		c->pending += BATCH;
		if (c->pending * c->entry >= MOST)
			fold(c);
	}
	value[0] = (double)(c->count * BATCH) / (now() - began);
}

#endif
