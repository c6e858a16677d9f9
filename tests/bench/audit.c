/* SPDX-License-Identifier: ISC */
/*
 * Audits of assets: 200,000 of 4 KiB, 2,000 of 1 MiB, 4 of 1 GiB; full ones against who else reads
 * and hashes such files, a structure audit against who only looks at them.
 *
 * Warm is a page cache that holds all of them, and an audit that may take them from there
 * (TOTE_AUDIT_CACHED), as all of the peers do. Without that leave an audit reads the medium,
 * whatever the cache holds: that stands against a bare loop that reads past the cache too, and,
 * with a cold cache, against one that fills it.
 */
#include "damages.h"
#include "peers_audit.h"

#include <stdio.h>
#include <string.h>

static void verdict_must_be_ok(tote_audit *audit, const struct corpus *corpus)
{
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_finding finding = {.size = sizeof(finding)};
	struct tote_fault fault;

	while (tote_audit_next_finding(audit, &finding, &fault) == 1)
		if (!(finding.flags & TOTE_FINDING_INFORMATION))
			die("finding TOTE-%04d: %s", finding.code, finding.path);
	if (tote_audit_next_verdict(audit, &verdict, &fault) != 1)
		die("no verdict: %s", fault.text);
	if (verdict.verdict != TOTE_VERDICT_OK || verdict.assets != corpus->count)
		die("verdict %u of %llu assets", verdict.verdict,
			(unsigned long long)verdict.assets);
}

/* From the opening of the root to the verdict that is on record. */
static void run_audit(void *state, double value[MEASURES])
{
	static const char *const id = "bench";
	struct corpus *corpus = state;
	struct tote_audit_options options;
	tote_orchestrator *orchestrator;
	struct tote_fault fault;
	tote_audit *audit;
	tote_ctx *ctx;
	double began;
	int more;

	peer_prepare(corpus);
	began = now();
	ours_must(tote_ctx_new(NULL, &ctx, &fault), "context", &fault);
	ours_must(tote_orchestrator_open(ctx, corpus->ours.root, 0, &orchestrator, &fault),
		"open root", &fault);
	ours_must(tote_audit_options_init(&options, sizeof(options), &fault), "options", &fault);
	options.level = corpus->level;
	options.flags = corpus->flags;
	options.ids = &id;
	options.id_count = 1;
	ours_must(tote_audit_start(orchestrator, &options, &audit, &fault), "audit", &fault);
	do {
		more = tote_audit_step(audit, 0, 0, &fault);
		ours_must(more, "step", &fault);
	} while (more == 1);
	value[0] = peer_rate(corpus, now() - began);
	verdict_must_be_ok(audit, corpus);
	ours_must(tote_audit_close(audit, &fault), "close", &fault);
	ours_must(tote_orchestrator_close(orchestrator, &fault), "close root", &fault);
	tote_ctx_unref(ctx);
}

static struct corpus as(const struct corpus *corpus, uint32_t level, uint32_t flags, int cold)
{
	struct corpus copy = *corpus;

	copy.level = level;
	copy.flags = flags;
	copy.cold = cold;
	return copy;
}

static struct corpus bare(const struct corpus *corpus, unsigned readers, int cold, int direct)
{
	struct corpus copy = *corpus;

	copy.readers = readers;
	copy.cold = cold;
	copy.direct = direct;
	return copy;
}

#define OURS(what, at, of)                                                                         \
	{                                                                                          \
		.name = (what), .unit = (at), .run = run_audit, .state = (of)                      \
	}
#define PEER(what, at, runs, of, comes_with, least, most)                                          \
	{                                                                                          \
		.name = (what), .unit = (at), .run = (runs), .state = (of),                        \
		.package = (comes_with), .base = ABSOLUTE, .low = (least), .high = (most)          \
	}

/* ---- 200,000 of 4 KiB ---- */

static void small_warm(struct bench *bench, const struct corpus *corpus)
{
	enum { WARM, BARE, B3SUM, RHASH, SHA256SUM, AIDE };
	struct corpus ours = as(corpus, TOTE_LEVEL_FULL, TOTE_AUDIT_CACHED, 0);
	struct corpus two = bare(corpus, 2, 0, 0);
	const struct side sides[] = {OURS("full audit, may use the cache", "files/s", &ours),
		PEER("bare loop, 2 threads", "files/s", bare_audit, &two, bare_audit_package, 10e3,
			5e6),
		PEER("b3sum", "files/s", peer_b3sum, &two, peer_package("b3sum", "b3sum"), 3e3,
			2e6),
		PEER("rhash --sha256", "files/s", peer_rhash, &two, peer_package("rhash", "rhash"),
			2e3, 1e6),
		PEER("xargs -P2 sha256sum", "files/s", peer_sha256sum, &two, NULL, 2e3, 1e6),
		PEER("aide --check", "files/s", peer_aide, &two, peer_package("aide", "aide"), 300,
			300e3)};
	static const struct row rows[] = {{"200,000 of 4 KiB, warm", WARM, BARE, 0, 0, 0.8, NULL},
		{"200,000 of 4 KiB, warm", WARM, B3SUM, 0, 0, 1.4, NULL},
		{"200,000 of 4 KiB, warm", WARM, RHASH, 0, 0, 2, NULL},
		{"200,000 of 4 KiB, warm", WARM, SHA256SUM, 0, 0, 4, NULL},
		{"200,000 of 4 KiB, warm", WARM, AIDE, 0, 0, 15, NULL}};

	if (!sides[AIDE].package)
		peer_aide_make(&two);
	bench_family(bench, ROUNDS_LEAST, sides, sizeof(sides) / sizeof(sides[0]), rows,
		sizeof(rows) / sizeof(rows[0]));
}

static void small_cold(struct bench *bench, const struct corpus *corpus)
{
	enum { COLD, BARE, PAST, PAST_BARE };
	struct corpus cold = as(corpus, TOTE_LEVEL_FULL, 0, 1);
	struct corpus past = as(corpus, TOTE_LEVEL_FULL, 0, 0);
	struct corpus eight = bare(corpus, 8, 1, 0), direct = bare(corpus, 8, 0, 1);
	const struct side sides[] = {OURS("full audit", "files/s", &cold),
		PEER("bare loop, 8 readers", "files/s", bare_audit, &eight, bare_audit_package, 200,
			2e6),
		OURS("full audit, past a warm cache", "files/s", &past),
		PEER("bare loop, 8 readers, O_DIRECT", "files/s", bare_audit, &direct,
			bare_audit_package, 200, 2e6)};
	static const struct row rows[] = {{"200,000 of 4 KiB, cold", COLD, BARE, 0, 0, 0.8, NULL},
		{"200,000 of 4 KiB, warm, from the medium", PAST, PAST_BARE, 0, 0, 0.8, NULL}};

	printf("cold by %s\n", corpus_chilled_by(corpus));
	bench_family(bench, ROUNDS_LEAST, sides, sizeof(sides) / sizeof(sides[0]), rows,
		sizeof(rows) / sizeof(rows[0]));
}

static void structure(struct bench *bench, const struct corpus *corpus)
{
	enum { STRUCTURE, FIND };
	struct corpus ours = as(corpus, TOTE_LEVEL_STRUCTURE, TOTE_AUDIT_CACHED, 0);
	struct corpus peer = bare(corpus, 0, 0, 0);
	const struct side sides[] = {OURS("structure audit", "files/s", &ours),
		PEER("find -printf '%s %m %n'", "files/s", peer_find, &peer, NULL, 20e3, 10e6)};
	static const struct row rows[] = {
		{"structure of 200,000 assets, warm", STRUCTURE, FIND, 0, 0, 0.5, NULL}};

	bench_family(bench, ROUNDS_LEAST, sides, sizeof(sides) / sizeof(sides[0]), rows, 1);
}

/* ---- large ones ---- */

static void large(
	struct bench *bench, const struct corpus *corpus, const char *warm, const char *cold)
{
	enum { WARM, BARE, RHASH, SHA256SUM, COLD, COLD_BARE };
	struct corpus ours = as(corpus, TOTE_LEVEL_FULL, TOTE_AUDIT_CACHED, 0);
	struct corpus ours_cold = as(corpus, TOTE_LEVEL_FULL, 0, 1);
	struct corpus two = bare(corpus, 2, 0, 0), two_cold = bare(corpus, 2, 1, 0);
	const struct side sides[] = {OURS("full audit, may use the cache", "MiB/s", &ours),
		PEER("bare loop, 2 threads", "MiB/s", bare_audit, &two, bare_audit_package, 200,
			50e3),
		PEER("rhash --sha256", "MiB/s", peer_rhash, &two, peer_package("rhash", "rhash"),
			30, 20e3),
		PEER("xargs -P2 sha256sum", "MiB/s", peer_sha256sum, &two, NULL, 50, 50e3),
		OURS("full audit", "MiB/s", &ours_cold),
		PEER("bare loop, 2 threads, cold", "MiB/s", bare_audit, &two_cold,
			bare_audit_package, 20, 50e3)};
	const struct row rows[] = {{warm, WARM, BARE, 0, 0, 0.9, NULL},
		{warm, WARM, RHASH, 0, 0, 1.8, NULL}, {warm, WARM, SHA256SUM, 0, 0, 1.5, NULL},
		{cold, COLD, COLD_BARE, 0, 0, 0.8, NULL}};

	bench_family(bench, ROUNDS_LEAST, sides, sizeof(sides) / sizeof(sides[0]), rows,
		sizeof(rows) / sizeof(rows[0]));
}

void bench_audit(struct bench *bench)
{
	struct corpus corpus;
	size_t gib = (size_t)1 << 30;

	damages_table(bench);
	corpus_make(&corpus, bench, "small", bench_size(bench, 200000, 200), 4096);
	small_warm(bench, &corpus);
	structure(bench, &corpus);
	small_cold(bench, &corpus);
	corpus_make(&corpus, bench, "middle", bench_size(bench, 2000, 4), (size_t)1 << 20);
	large(bench, &corpus, "2,000 of 1 MiB, warm", "2,000 of 1 MiB, cold");
	if (bench->scale < 1)
		gib = (size_t)16 << 20;
	corpus_make(&corpus, bench, "large", 4, gib);
	large(bench, &corpus, "4 of 1 GiB, warm", "4 of 1 GiB, cold");
}
