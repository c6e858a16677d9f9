/* SPDX-License-Identifier: ISC */
/*
 * The library's side: one container, and the few calls that all families make on it.
 */
#include "ours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "bench.example.com/acme"
#define ID     "bench"

void ours_must(int rc, const char *what, const struct tote_fault *fault)
{
	if (rc < 0)
		die("%s: %s: %s", what, tote_error_name(rc), fault->text);
}

void ours_open(struct ours *ours)
{
	struct tote_box_options options;
	struct tote_fault fault;

	ours_must(tote_ctx_new(NULL, &ours->ctx, &fault), "context", &fault);
	ours_must(tote_box_options_init(&options, sizeof(options), &fault), "options", &fault);
	options.key_file = ours->key;
	/* A bench waits its turn however slow the disk is. */
	options.lock_wait_us = 600 * INT64_C(1000000);
	ours_must(tote_box_open_alone(ours->ctx, ours->location, &options, &ours->box, &fault),
		"open", &fault);
}

void ours_make(struct ours *ours, const struct bench *bench, const char *name)
{
	tote_orchestrator *orchestrator;
	struct tote_fault fault;
	tote_ctx *ctx;

	memset(ours, 0, sizeof(*ours));
	bench_path(bench, ours->root, name);
	snprintf(ours->location, sizeof(ours->location), "%s/containers/" ID, ours->root);
	snprintf(ours->key, sizeof(ours->key), "%s/orchestrator/keys/" ID, ours->root);
	ours_must(tote_ctx_new(NULL, &ctx, &fault), "context", &fault);
	ours_must(tote_orchestrator_init(ctx, ours->root, ORIGIN, NULL, 0, &fault), "init", &fault);
	ours_must(tote_orchestrator_open(ctx, ours->root, 0, &orchestrator, &fault), "open root",
		&fault);
	ours_must(tote_orchestrator_provision(orchestrator, ID, NULL, NULL, &fault), "provision",
		&fault);
	ours_must(tote_orchestrator_close(orchestrator, &fault), "close root", &fault);
	tote_ctx_unref(ctx);
	ours_open(ours);
}

void ours_close(struct ours *ours)
{
	struct tote_fault fault;

	ours_must(tote_box_close(ours->box, &fault), "close", &fault);
	ours->box = NULL;
	ours->ctx = tote_ctx_unref(ours->ctx);
}

void ours_drop(struct ours *ours)
{
	if (ours->box)
		ours_close(ours);
	free(ours->latency);
	ours->latency = NULL;
}

/* Payloads differ in no way that matters: nothing here compresses. */
static const char *payload(void)
{
	static const char bytes[PAYLOAD + 1] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	return bytes;
}

void ours_append(tote_box *box)
{
	struct tote_record record = {
		.kind = "record", .payload = payload(), .payload_length = PAYLOAD};
	struct tote_fault fault;

	ours_must(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &fault), "append", &fault);
}

void ours_append_batch(tote_box *box)
{
	struct tote_record records[BATCH];
	struct tote_fault fault;
	size_t i;

	memset(records, 0, sizeof(records));
	for (i = 0; i < BATCH; i++) {
		records[i].kind = "record";
		records[i].payload = payload();
		records[i].payload_length = PAYLOAD;
	}
	ours_must(tote_box_append_many(box, records, BATCH, TOTE_SEQ_ANY, 0, NULL, &fault),
		"append many", &fault);
}

void ours_fold(tote_box *box)
{
	char note[TOTE_NOTE_MAX];
	struct tote_fault fault;
	size_t length;

	ours_must(tote_box_checkpoint(box, 0, note, sizeof(note), &length, &fault), "checkpoint",
		&fault);
}

size_t ours_entry_length(tote_box *box)
{
	struct tote_box_info info = {.size = sizeof(info)};
	struct tote_entry entry = {.size = sizeof(entry)};
	struct tote_fault fault;
	tote_cursor *cursor;

	ours_must(tote_box_info(box, &info, &fault), "info", &fault);
	ours_must(tote_cursor_open(box, info.entries - 1, 0, &cursor, &fault), "cursor", &fault);
	if (tote_cursor_next(cursor, &entry, &fault) != 1)
		die("the last entry: %s", fault.text);
	tote_cursor_unref(cursor);
	return entry.length;
}
