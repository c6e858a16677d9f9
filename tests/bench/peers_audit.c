/* SPDX-License-Identifier: ISC */
/*
 * The peers of audits: a bare loop that opens, reads, hashes and closes, and the programs that
 * people check their files with.
 */
#include "peers_audit.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

double peer_rate(const struct corpus *corpus, double seconds)
{
	if (corpus->size >= (size_t)1 << 20)
		return (double)corpus->count * (double)corpus->size / 1048576 / seconds;
	return (double)corpus->count / seconds;
}

void peer_prepare(const struct corpus *corpus)
{
	if (corpus->cold)
		corpus_chill(corpus);
	else
		corpus_warm(corpus);
}

/* ---- the bare loop ---- */

#ifndef BENCH_CRYPTO

const char *const bare_audit_package = "libssl-dev";

void bare_audit(void *state, double value[MEASURES])
{
	(void)state, (void)value;
}

#else

#include <openssl/evp.h>
#include <stdatomic.h>

const char *const bare_audit_package = NULL;

#define CHUNK ((size_t)256 << 10)

struct loop {
	const struct corpus *corpus;
	atomic_size_t next;
	EVP_MD *sha256;
};

static void hash_file(const struct loop *loop, size_t number, EVP_MD_CTX *ctx, void *chunk)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char path[PATH_LENGTH + 128], name[CORPUS_PATH];
	size_t done = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", loop->corpus->assets, corpus_path(name, number));
	fd = open(path, O_RDONLY | O_CLOEXEC | (loop->corpus->direct ? O_DIRECT : 0));
	if (fd < 0 || !EVP_DigestInit_ex2(ctx, loop->sha256, NULL))
		die("%s: %s", path, strerror(errno));
	while (done < loop->corpus->size && (got = read(fd, chunk, CHUNK)) > 0) {
		EVP_DigestUpdate(ctx, chunk, (size_t)got);
		done += (size_t)got;
	}
	if (done != loop->corpus->size || !EVP_DigestFinal_ex(ctx, digest, NULL))
		die("%s: %zu bytes", path, done);
	close(fd);
}

static void run_loop(void *shared, size_t number)
{
	struct loop *loop = shared;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	void *chunk = aligned_alloc(BLOCK, CHUNK);
	size_t i;

	(void)number;
	if (!ctx || !chunk)
		die("no memory");
	while ((i = atomic_fetch_add(&loop->next, 1)) < loop->corpus->count)
		hash_file(loop, i, ctx, chunk);
	free(chunk);
	EVP_MD_CTX_free(ctx);
}

void bare_audit(void *state, double value[MEASURES])
{
	struct loop loop = {.corpus = state, .sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)};

	if (!loop.sha256)
		die("libcrypto has no SHA-256");
	atomic_init(&loop.next, 0);
	peer_prepare(loop.corpus);
	value[0] = peer_rate(loop.corpus, run_threads(loop.corpus->readers, run_loop, &loop));
	EVP_MD_free(loop.sha256);
}

#endif

/* ---- programs ---- */

const char *peer_package(const char *program, const char *package)
{
	const char *const argv[] = {"sh", "-c", "command -v \"$1\" >/dev/null && printf yes; true",
		"sh", program, NULL};
	char out[8];

	child_run(argv, out, sizeof(out) - 1);
	return *out ? NULL : package;
}

static void run_program(const struct corpus *corpus, const char *script, double value[MEASURES])
{
	const char *const argv[] = {
		"sh", "-c", script, "sh", corpus->assets, corpus->list, corpus->ours.root, NULL};
	char out[512];

	peer_prepare(corpus);
	value[0] = peer_rate(corpus, child_run(argv, out, sizeof(out) - 1));
}

void peer_b3sum(void *state, double value[MEASURES])
{
	run_program(state, "cd \"$1\" && xargs -0 -a \"$2\" b3sum >/dev/null", value);
}

void peer_rhash(void *state, double value[MEASURES])
{
	run_program(state, "cd \"$1\" && xargs -0 -a \"$2\" rhash --sha256 >/dev/null", value);
}

void peer_sha256sum(void *state, double value[MEASURES])
{
	const struct corpus *corpus = state;
	/* as much to each as keeps both busy */
	const char *script =
		corpus->count > 1000
			? "cd \"$1\" && xargs -0 -a \"$2\" -P2 -n 500 sha256sum >/dev/null"
			: "cd \"$1\" && xargs -0 -a \"$2\" -P2 -n 1 sha256sum >/dev/null";

	run_program(state, script, value);
}

/* Its database is made before the clock starts, once. */
#define AIDE_CONFIG                                                                                \
	"printf '%s\\n' \"database_in=file:$3.aide\" \"database_out=file:$3.aide\" gzip_dbout=no " \
	"log_level=error report_url=stdout 'Sealed = ftype+p+n+s+sha256' \"$1 Sealed\" "           \
	">\"$3.conf\" && "

void peer_aide_make(const struct corpus *corpus)
{
	static const char script[] = AIDE_CONFIG "aide --config=\"$3.conf\" --init >/dev/null";
	double value[MEASURES];

	run_program(corpus, script, value);
}

void peer_aide(void *state, double value[MEASURES])
{
	run_program(state, "aide --config=\"$3.conf\" --check >/dev/null", value);
}

void peer_find(void *state, double value[MEASURES])
{
	run_program(state, "find \"$1\" -printf '%s %m %n\\n' >/dev/null", value);
}
