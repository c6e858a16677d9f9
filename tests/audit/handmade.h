/* SPDX-License-Identifier: ISC */
/*
 * Ledgers that are signed and whole as trees, whose entries are written by hand, in memory; and what
 * an audit of them found. For one suite in a process: what it works on is static here.
 */
#ifndef AUDIT_HANDMADE_H
#define AUDIT_HANDMADE_H

#include "audit/run.h"
#include "base/text.h"
#include "ledger/logs.h"

#define HERE   "/entries"
#define OTHER  "archive.example.com/acme/other"
#define NO_SEQ FINDING_NO_SEQ
#define FIELDS(...)                                                                                \
	(const struct field[]){__VA_ARGS__},                                                       \
		sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field)
#define F(key, value)                                                                              \
	{                                                                                          \
		key, value, strlen(value)                                                          \
	}

static struct logs *l;
static struct run_target target;
static struct run *run;
static struct run_result result;

static inline void add_at(uint64_t seq, const uint8_t prev[HASH_LEN], const char *state,
	const char *kind, const struct field *fields, size_t count)
{
	struct draft d = {.kind = kind, .fields = fields, .field_count = count};
	struct tote_fault fault = {0};
	struct buf out;

	tote__buf_init(&out, plain_heap(), ENTRY_MAX);
	ck_ok(tote__entry_encode(&d, seq, LOGS_TIME, prev, state, &out, &fault), fault);
	logs_add_bytes(l, out.data, out.len);
	tote__buf_free(&out);
}

static inline void add(const char *kind, const struct field *fields, size_t count)
{
	uint8_t prev[HASH_LEN];
	uint64_t seq = l->count;

	logs_prev(l, seq, prev);
	add_at(seq, prev, seq && seq % STATE_INTERVAL == 0 ? "active" : NULL, kind, fields, count);
}

static inline void add_records(uint64_t count)
{
	while (count--)
		add("record", NULL, 0);
}

static inline void add_created(void)
{
	add("container.created", FIELDS(F("id", "contracts"), F("origin", LOGS_ORIGIN),
					 F("vkey", l->vkey), F("backend", "memory")));
}

static inline void setup(void)
{
	l = logs_new(HERE, LAYOUT_CONTAINER);
	target = (struct run_target){.ctx = l->ctx,
		.id = "contracts",
		.place = &l->place,
		.type = LEDGER_CONTAINER,
		.layout = LAYOUT_CONTAINER,
		.level = TOTE_LEVEL_FULL,
		.origin = LOGS_ORIGIN,
		.key = &l->key.key};
	add_created();
}

static inline void teardown(void)
{
	tote__run_free(run);
	run = NULL;
	logs_free(l);
}

/* What lies there, as it is. */
static inline void audit_as_it_is(void)
{
	struct tote_fault fault = {0};
	int rc;

	tote__run_free(run);
	run = NULL;
	ck_ok(tote__run_start(&target, &run, &fault), fault);
	while ((rc = tote__run_step(run, 0, 0, &fault)) > 0)
		continue;
	ck_assert_msg(rc == 0, "%s", fault.text);
	tote__run_result(run, &result);
}

/* All entries, under a checkpoint. */
static inline void audit(void)
{
	if (l->folded != l->count)
		logs_fold(l, l->count);
	audit_as_it_is();
}

static inline const struct finding *only(int code, uint64_t seq)
{
	const struct finding_list *list = tote__run_findings(run);
	const struct finding *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct finding *f = &list->items[i];

		if (tote__finding_severity(f->code) == SEVERITY_INFORMATION && f->code != code)
			continue;
		ck_assert_msg(f->code == code, "%s at %s, seq %d: %s / %s instead of %s",
			tote_finding_name(f->code), f->path, (int)f->seq, f->expected, f->found,
			tote_finding_name(code));
		found = f;
		count++;
	}
	ck_assert_msg(count == 1, "%zu findings of %s", count, tote_finding_name(code));
	if (seq != NO_SEQ)
		ck_assert(found->have_seq && found->seq == seq);
	return found;
}

static inline void nothing(void)
{
	const struct finding_list *list = tote__run_findings(run);

	for (size_t i = 0; i < list->count; i++)
		ck_assert_msg(tote__finding_severity(list->items[i].code) == SEVERITY_INFORMATION,
			"%s at %s, seq %d: %s / %s", tote_finding_name(list->items[i].code),
			list->items[i].path, (int)list->items[i].seq, list->items[i].expected,
			list->items[i].found);
	ck_assert_uint_eq(result.verdict, TOTE_VERDICT_OK);
}

static inline void begin_again(void)
{
	teardown();
	l = logs_new(HERE, LAYOUT_CONTAINER);
	target.ctx = l->ctx;
	target.place = &l->place;
	target.key = &l->key.key;
}

#endif
