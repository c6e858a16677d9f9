/* SPDX-License-Identifier: ISC */
/*
 * Makes a root with containers, `past ROOT ID...`, forty days ago by its own clock: all that a
 * schedule asks for is due in it now.
 */
#include <stdio.h>
#include <time.h>
#include <toteborch.h>

#define AGO_US (INT64_C(40) * 86400 * 1000000)

static int64_t wall(void *user)
{
	struct timespec now;

	(void)user;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - AGO_US;
}

int main(int argc, char **argv)
{
	struct tote_clock clock = {.size = sizeof(clock), .wall = wall};
	struct tote_ctx_options options = {.size = sizeof(options), .clock = &clock};
	struct tote_fault fault;
	tote_orchestrator *o = NULL;
	tote_ctx *ctx = NULL;
	int rc;

	if (argc < 2 || (rc = tote_ctx_new(&options, &ctx, &fault)) < 0)
		return 1;
	rc = tote_orchestrator_init(ctx, argv[1], "archive.example.com/past", NULL, 0, &fault);
	if (!rc)
		rc = tote_orchestrator_open(ctx, argv[1], 0, &o, &fault);
	for (int i = 2; !rc && i < argc; i++)
		rc = tote_orchestrator_provision(o, argv[i], NULL, NULL, &fault);
	if (rc < 0)
		fprintf(stderr, "%s\n", fault.text);
	tote_orchestrator_unref(o);
	tote_ctx_unref(ctx);
	return rc < 0;
}
