/* SPDX-License-Identifier: ISC */
/*
 * Verification of a ledger of 1,000,000 entries from a cold handle: its time and its memory, in a
 * process of its own as the Go reader is; and how soon such a ledger is open.
 */
#include "child.h"
#include "hashing.h"
#include "ours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CACHED, MEDIUM, GO, HASHING, TREE, OPENING, SIDES };

struct verified {
	struct ours ours;
	struct hashing hashing;
	const char *go; /* the Go reader, NULL where there is none */
	size_t entries;
	double peak; /* MiB, of all runs so far */
	char log[PATH_LENGTH + 128];
	char vkey[320];
	char count[24];
};

/* ---- the child ---- */

/*
 * Of this very image: what getrusage says includes the process before its exec, which had the
 * parent's memory.
 */
static long peak_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[128];
	long peak = -1;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %ld", &peak) == 1)
			break;
	if (peak < 0)
		die("/proc/self/status does not say VmHWM");
	fclose(status);
	return peak;
}

static void verdict_must_be_ok(tote_audit *audit, uint64_t entries)
{
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_finding finding = {.size = sizeof(finding)};
	struct tote_fault fault;

	if (tote_audit_next_finding(audit, &finding, &fault) == 1)
		die("finding TOTE-%04d: %s", finding.code, finding.path);
	if (tote_audit_next_verdict(audit, &verdict, &fault) != 1)
		die("no verdict: %s", fault.text);
	if (verdict.verdict != TOTE_VERDICT_OK || verdict.entries != entries)
		die("verdict %u of %llu entries", verdict.verdict,
			(unsigned long long)verdict.entries);
}

int verify_child(const char *log, const char *vkey, const char *entries, const char *from)
{
	const uint32_t cached = strcmp(from, "medium") ? TOTE_VERIFY_CACHED : 0;
	struct tote_fault fault;
	tote_audit *audit;
	int more;

	ours_must(tote_verify_ledger(
			  NULL, log, vkey, NULL, TOTE_VERIFY_STRICT | cached, &audit, &fault),
		"verify", &fault);
	do {
		more = tote_audit_step(audit, 0, 0, &fault);
		ours_must(more, "step", &fault);
	} while (more == 1);
	verdict_must_be_ok(audit, strtoull(entries, NULL, 10));
	tote_audit_unref(audit);
	printf("%ld\n", peak_kib());
	return 0;
}

/* ---- the sides ---- */

static void run_ours(struct verified *verified, const char *from, double value[MEASURES])
{
	const char *const argv[] = {"/proc/self/exe", "verify-child", verified->log, verified->vkey,
		verified->count, from, NULL};
	char out[32];

	value[0] = (double)verified->entries / child_run(argv, out, sizeof(out) - 1);
	if (strtod(out, NULL) / 1024 > verified->peak)
		verified->peak = strtod(out, NULL) / 1024;
	value[1] = verified->peak;
}

static void run_cached(void *state, double value[MEASURES])
{
	run_ours(state, "memory", value);
}

static void run_medium(void *state, double value[MEASURES])
{
	run_ours(state, "medium", value);
}

static void run_go(void *state, double value[MEASURES])
{
	struct verified *verified = state;
	const char *const argv[] = {verified->go, verified->log, verified->vkey, NULL};
	char out[512];

	value[0] = (double)verified->entries / child_run(argv, out, sizeof(out) - 1);
}

/* In milliseconds, from nothing to the bytes of the last entry and back. */
static void run_opening(void *state, double value[MEASURES])
{
	struct verified *verified = state;
	double began = now();

	ours_open(&verified->ours);
	if (!ours_entry_length(verified->ours.box))
		die("the last entry is empty");
	ours_close(&verified->ours);
	value[0] = (now() - began) * 1e3;
}

static void fill(struct verified *verified)
{
	struct tote_box_info info = {.size = sizeof(info)};
	struct tote_fault fault;
	size_t i;

	for (i = 0; i < verified->entries / BATCH; i++)
		ours_append_batch(verified->ours.box);
	ours_fold(verified->ours.box);
	ours_must(tote_box_info(verified->ours.box, &info, &fault), "info", &fault);
	verified->entries = info.entries; /* and container.created */
	snprintf(verified->count, sizeof(verified->count), "%zu", verified->entries);
	snprintf(verified->vkey, sizeof(verified->vkey), "%s", info.vkey);
	snprintf(verified->log, sizeof(verified->log), "%s/ledger/log", verified->ours.location);
	ours_close(&verified->ours);
}

void bench_verify(struct bench *bench)
{
	static const char *const go_packages = "golang-go golang-golang-x-mod-dev";
	struct verified verified = {.go = getenv("BENCH_GO_READER")};
	const struct side sides[SIDES] = {[CACHED] = {.name = "tote_verify_ledger, CACHED",
						  .unit = "entries/s",
						  .run = run_cached,
						  .state = &verified},
		[MEDIUM] = {.name = "tote_verify_ledger",
			.unit = "entries/s",
			.run = run_medium,
			.state = &verified},
		[GO] = {.name = "the Go reader",
			.unit = "entries/s",
			.run = run_go,
			.state = &verified,
			.package = verified.go && *verified.go ? NULL : go_packages,
			.base = ABSOLUTE,
			.low = 30e3,
			.high = 10e6},
		[HASHING] = {.name = "SHA-256 on all processors",
			.unit = "entries/s",
			.run = hashing_run,
			.state = &verified.hashing,
			.package = hashing_package,
			.base = ABSOLUTE,
			.low = 300e3,
			.high = 500e6},
		[TREE] = {.name = "leaf and node hashes on all processors",
			.unit = "entries/s",
			.run = hashing_run_tree,
			.state = &verified.hashing,
			.package = hashing_package,
			.base = ABSOLUTE,
			.low = 300e3,
			.high = 500e6},
		[OPENING] = {.name = "open, read the last entry",
			.unit = "ms",
			.run = run_opening,
			.state = &verified}};
	/* At most 0.3 of the Go reader's time is at least 1 / 0.3 of its speed. */
	static const struct row rows[] = {
		{"verify 1,000,000 entries", CACHED, GO, 0, 0, 1 / 0.3, NULL},
		{"verify 1,000,000 entries", CACHED, HASHING, 0, 0, 0.6, NULL},
		/* the bytes are hashed twice: none can do without these */
		{"  the hashes of the format", TREE, HASHING, 0, 0, 0.6, NULL},
		{"the same from the medium", MEDIUM, GO, 0, 0, 1 / 0.3, NULL},
		{"peak memory of that", MEDIUM, ALONE, 1, 1, 32, "MiB"},
		{"open 1,000,000 entries, read the last", OPENING, ALONE, 0, 1, 5, NULL}};

	verified.entries = bench_size(bench, 1000000, BATCH);
	ours_make(&verified.ours, bench, "verify");
	fill(&verified);
	hashing_make(&verified.hashing, verified.log, verified.entries);
	bench_family(bench, ROUNDS_LEAST, sides, SIDES, rows, sizeof(rows) / sizeof(rows[0]));
	hashing_drop(&verified.hashing);
	ours_drop(&verified.ours);
}
