/* SPDX-License-Identifier: ISC */
/*
 * The smallest useful program: makes a root with one container, seals a file, appends a record,
 * audits everything and proves the record. Usage: archive DIRECTORY FILE
 *
 *     cc archive.c -o archive $(pkg-config --cflags --libs toteborch)
 */
#include <stdio.h>
#include <toteborch.h>

static struct tote_fault fault;

/* Every call returns 0 or a negative code, and says in the fault what happened. */
static int done(int rc)
{
	if (rc < 0)
		fprintf(stderr, "archive: %s (%s)\n", fault.text, tote_error_name(rc));
	return rc >= 0;
}

static int audit(tote_orchestrator *root)
{
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	tote_audit *job;
	int rc, whole = 1;

	if (!done(tote_audit_start(root, NULL, &job, &fault)))
		return 0;
	while ((rc = tote_audit_step(job, 0, 0, &fault)) > 0)
		;
	whole = done(rc);
	while (tote_audit_next_verdict(job, &verdict, &fault) == 1) {
		printf("%s: %llu entries and %llu assets verified\n", verdict.container,
			(unsigned long long)verdict.entries, (unsigned long long)verdict.assets);
		whole = whole && verdict.verdict == TOTE_VERDICT_OK;
	}
	return done(tote_audit_close(job, &fault)) && whole;
}

int main(int argc, char **argv)
{
	struct tote_field fields[] = {{"matter", "acme/2026-014", 13}};
	struct tote_record record = {.kind = "record",
		.actor = "alice",
		.fields = fields,
		.field_count = 1,
		.payload = "signed by both",
		.payload_length = 14};
	struct tote_source source = {.path = "contract"};
	char proof[TOTE_NOTE_MAX];
	tote_ctx *ctx = NULL;
	tote_orchestrator *root = NULL;
	tote_box *box = NULL;
	uint64_t seq;
	size_t length;
	int good;

	if (argc != 3)
		return 2;
	source.file = argv[2];
	good = done(tote_ctx_new(NULL, &ctx, &fault)) &&
	       done(tote_orchestrator_init(
		       ctx, argv[1], "archive.example.com/acme", "alice", 0, &fault)) &&
	       done(tote_orchestrator_open(ctx, argv[1], 0, &root, &fault)) &&
	       done(tote_orchestrator_provision(root, "contracts", NULL, NULL, &fault)) &&
	       done(tote_box_open(root, "contracts", NULL, &box, &fault)) &&
	       done(tote_box_seal(box, &source, 1, "alice", 0, NULL, &fault)) &&
	       done(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault)) && audit(root) &&
	       done(tote_box_prove(box, seq, 0, proof, sizeof(proof), &length, &fault));
	if (good)
		printf("record %llu is proven in %zu bytes\n", (unsigned long long)seq, length);
	tote_box_unref(box);
	tote_orchestrator_unref(root);
	tote_ctx_unref(ctx);
	return good ? 0 : 1;
}
