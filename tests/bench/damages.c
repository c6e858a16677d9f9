/* SPDX-License-Identifier: ISC */
/*
 * Five damages, one at a time, and what each tool says to it: a flipped byte, a file that was cut,
 * one that is missing, one that nobody put there, and one with another mode.
 */
#include "damages.h"

#include "child.h"
#include "peers_audit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TOOL_MAX = 5, DAMAGES = 5 };

#define HURT  "000/f000003"
#define EXTRA "000/extra"

/* In assets/ ($1); $2 is a copy of the file. */
static const struct {
	const char *name, *path, *make, *undo;
} damages[DAMAGES] = {{"flipped byte", HURT,
			      "chmod u+w " HURT " && printf X | dd of=" HURT
			      " bs=1 seek=99 conv=notrunc status=none && chmod 0444 " HURT,
			      "rm -f " HURT " && cp -p \"$2\" " HURT},
	{"cut", HURT, "chmod u+w " HURT " && truncate -s 100 " HURT " && chmod 0444 " HURT,
		"rm -f " HURT " && cp -p \"$2\" " HURT},
	{"missing", HURT, "rm -f " HURT, "cp -p \"$2\" " HURT},
	{"extra", EXTRA, "printf x >" EXTRA " && chmod 0444 " EXTRA, "rm -f " EXTRA},
	{"mode", HURT, "chmod 0644 " HURT, "chmod 0444 " HURT}};

/* make: what is written down before; check: what is run. $1 assets/, $2 the list, $3 a file. */
static const struct {
	const char *name, *package, *program, *make, *check;
} tools[TOOL_MAX] = {{"full audit", NULL, NULL, NULL, NULL},
	{"sha256sum -c", "coreutils", "sha256sum", "xargs -0 -a \"$2\" sha256sum >\"$3.sha256\"",
		"sha256sum --quiet -c \"$3.sha256\""},
	{"b3sum --check", "b3sum", "b3sum", "xargs -0 -a \"$2\" b3sum >\"$3.b3\"",
		"b3sum --quiet --check \"$3.b3\""},
	{"rhash -c", "rhash", "rhash", "xargs -0 -a \"$2\" rhash --sha256 >\"$3.rhash\"",
		"rhash --skip-ok -c \"$3.rhash\" | grep -v -e '^--( ' -e ' OK *$'"},
	{"aide --check", "aide", "aide", "", "aide --config=\"$3.conf\" --check"}};

static void shell(const struct corpus *corpus, const char *script, char *out, size_t length)
{
	char whole[1024], *root = (char *)corpus->ours.root;
	const char *const argv[] = {
		"sh", "-c", whole, "sh", corpus->assets, corpus->list, root, NULL};

	snprintf(whole, sizeof(whole), "cd \"$1\" && { %s; } 2>&1; true", script);
	child_run(argv, out, length);
}

static void hurt(const struct corpus *corpus, const char *script)
{
	char out[512], copy[PATH_LENGTH + 16];
	const char *const argv[] = {"sh", "-c", script, "sh", corpus->assets, copy, NULL};

	snprintf(copy, sizeof(copy), "%s.copy", corpus->ours.root);
	if (chdir(corpus->assets))
		die("%s", corpus->assets);
	child_run(argv, out, sizeof(out) - 1);
	if (chdir("/"))
		die("/");
}

/* Whether a full audit has a finding of that path, newly looked at. */
static int audit_names(const struct corpus *corpus, const char *path)
{
	struct tote_finding finding = {.size = sizeof(finding)};
	tote_orchestrator *orchestrator;
	char wanted[64];
	struct tote_fault fault;
	tote_audit *audit;
	tote_ctx *ctx;
	int more, named = 0;

	snprintf(wanted, sizeof(wanted), "assets/%s", path);
	ours_must(tote_ctx_new(NULL, &ctx, &fault), "context", &fault);
	ours_must(tote_orchestrator_open(ctx, corpus->ours.root, 0, &orchestrator, &fault),
		"open root", &fault);
	ours_must(tote_audit_start(orchestrator, NULL, &audit, &fault), "audit", &fault);
	do {
		more = tote_audit_step(audit, 0, 0, &fault);
		ours_must(more, "step", &fault);
		while (tote_audit_next_finding(audit, &finding, &fault) == 1)
			named |= !strcmp(finding.path, wanted);
	} while (more == 1);
	ours_must(tote_audit_close(audit, &fault), "close", &fault);
	ours_must(tote_orchestrator_close(orchestrator, &fault), "close root", &fault);
	tote_ctx_unref(ctx);
	return named;
}

static int tool_names(const struct corpus *corpus, size_t tool, const char *path)
{
	char out[8192];

	if (!tools[tool].check)
		return audit_names(corpus, path);
	shell(corpus, tools[tool].check, out, sizeof(out) - 1);
	return strstr(out, path) != NULL;
}

static void prepare(const struct corpus *corpus, int there[TOOL_MAX])
{
	char out[512];
	size_t i;

	shell(corpus, "cp -p " HURT " \"$3.copy\"", out, sizeof(out) - 1);
	for (i = 0; i < TOOL_MAX; i++) {
		there[i] = !tools[i].program || !peer_package(tools[i].program, tools[i].package);
		if (!there[i])
			printf("%s is missing: apt-get install -y --no-install-recommends %s\n",
				tools[i].name, tools[i].package);
		else if (tools[i].make && *tools[i].make)
			shell(corpus, tools[i].make, out, sizeof(out) - 1);
		else if (tools[i].make)
			peer_aide_make(corpus);
	}
}

/* A tool that complains where nothing is wrong names nothing. */
static int tool_is_quiet(const struct corpus *corpus, size_t tool)
{
	return !tool_names(corpus, tool, HURT) && !tool_names(corpus, tool, EXTRA);
}

void damages_table(struct bench *bench)
{
	int there[TOOL_MAX], quiet[TOOL_MAX], ours = 0;
	struct corpus corpus;
	size_t i, t;

	corpus_make(&corpus, bench, "damaged", 20, 4096);
	prepare(&corpus, there);
	printf("%-14s", "names the file");
	for (t = 0; t < TOOL_MAX; t++) {
		quiet[t] = there[t] && tool_is_quiet(&corpus, t);
		printf("%15s", tools[t].name);
	}
	printf("\n");
	for (i = 0; i < DAMAGES; i++) {
		printf("%-14s", damages[i].name);
		hurt(&corpus, damages[i].make);
		for (t = 0; t < TOOL_MAX; t++) {
			int named = quiet[t] && tool_names(&corpus, t, damages[i].path);

			ours += t == 0 && named;
			printf("%15s", !there[t] ? "absent" : named ? "yes" : "no");
		}
		printf("\n");
		hurt(&corpus, damages[i].undo);
	}
	printf("%-44s %d of %d  %s\n", "an audit names each damaged file", ours, DAMAGES,
		ours == DAMAGES ? "ok" : "below");
	bench->passed += ours == DAMAGES;
	bench->below += ours != DAMAGES;
}
