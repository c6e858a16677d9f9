/* SPDX-License-Identifier: ISC */
/*
 * Records in batches: many in one call share one sync, which is what makes an archive fast.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "out.h"
#include "root.h"

#define BATCH_RECORDS 512u
#define BATCH_FIELDS  (BATCH_RECORDS * 6)
#define BATCH_BYTES   (2u << 20)

struct batch {
	struct demo *demo;
	const char *id;
	tote_box *box;
	uint64_t records, bytes, first, last;
	int64_t us;
	int code;
	size_t count, field_count, used;
	struct tote_record record[BATCH_RECORDS];
	struct tote_field field[BATCH_FIELDS];
	char arena[BATCH_BYTES];
};

struct batch *batch_new(struct demo *d, const char *id)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b) {
		fail_system(d->call, 0, "no memory for a batch");
		return NULL;
	}
	b->demo = d;
	b->id = id;
	b->first = TOTE_SEQ_ANY;
	if (root_open(d->call, 0) != 0 || root_box(d->call, id, 0, &b->box) != 0) {
		free(b);
		return NULL;
	}
	return b;
}

static int flush(struct batch *b)
{
	struct call *call = b->demo->call;
	char records[TEXT_MAX];
	uint64_t first;
	int64_t began;

	if (b->count && !b->code) {
		began = out_clock();
		if (tote_box_append_many(b->box, b->record, b->count, TOTE_SEQ_ANY, 0, &first,
			    &call->fault) < 0) {
			b->code = fail(call);
		} else {
			b->us += out_clock() - began;
			b->records += b->count;
			if (b->first == TOTE_SEQ_ANY)
				b->first = first;
			b->last = first + b->count - 1;
		}
		progress(call, "%s: %s records", b->id, text_count(records, b->records));
	}
	b->count = b->field_count = b->used = 0;
	return b->code;
}

/* A copy that lives until the batch is appended, with a NUL behind it. */
static char *keep(struct batch *b, const void *bytes, size_t length)
{
	char *at = b->arena + b->used;

	if (length)
		memcpy(at, bytes, length);
	at[length] = '\0';
	b->used += length + 1;
	return at;
}

static size_t size_of(const char *kind, const char *actor, const char *const *fields, size_t length)
{
	size_t total = strlen(kind) + strlen(actor) + length + 8;

	for (; *fields; fields++)
		total += strlen(*fields) + 1;
	return total;
}

int batch_add(struct batch *b, const char *kind, const char *actor, const char *const *fields,
	const void *payload, size_t length)
{
	size_t need = size_of(kind, actor, fields, length);
	struct tote_record *r;

	if (b->count == BATCH_RECORDS || b->used + need > BATCH_BYTES ||
		b->field_count + 6 > BATCH_FIELDS)
		flush(b);
	if (b->code || need > BATCH_BYTES)
		return b->code;
	r = &b->record[b->count++];
	memset(r, 0, sizeof(*r));
	r->kind = keep(b, kind, strlen(kind));
	r->actor = *actor ? keep(b, actor, strlen(actor)) : NULL;
	r->fields = &b->field[b->field_count];
	for (; *fields; fields += 2) {
		struct tote_field *f = &b->field[b->field_count];

		if (!*fields[1])
			continue;
		f->key = keep(b, fields[0], strlen(fields[0]));
		f->length = strlen(fields[1]);
		f->value = keep(b, fields[1], f->length);
		b->field_count++;
		r->field_count++;
	}
	r->payload = keep(b, payload, length);
	r->payload_length = length;
	b->bytes += length;
	return 0;
}

int batch_wants(const struct batch *b)
{
	return !b->code && b->demo->records + batch_count(b) < DEMO_RECORDS;
}

uint64_t batch_count(const struct batch *b)
{
	return b->records + b->count;
}

int batch_end(struct batch *b, const char *what)
{
	struct demo *d = b->demo;
	char records[TEXT_MAX], bytes[TEXT_MAX], rate[TEXT_MAX];
	int code;

	flush(b);
	code = box_close(d->call, b->box, b->code);
	code = root_close(d->call, code);
	progress_end();
	if (!code && b->records)
		demo_say(d,
			"%s: %s records (%s), %s, entries %" PRIu64 " to %" PRIu64
			", durable after %.2f s: %s a second",
			b->id, text_count(records, b->records), what, text_bytes(bytes, b->bytes),
			b->first, b->last, (double)b->us / 1e6,
			text_count(
				rate, b->us ? b->records * 1000000 / (uint64_t)b->us : b->records));
	d->records += b->records;
	d->record_bytes += b->bytes;
	d->record_us += b->us;
	free(b);
	return code;
}
