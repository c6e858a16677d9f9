/* SPDX-License-Identifier: ISC */
/*
 * The report of a run in JSON Lines: strings in UTF-8, bytes that are not beside them as *_b64.
 */
#include "orchestrator/report.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA 1

const char *tote__verdict_name(uint32_t verdict)
{
	return verdict == TOTE_VERDICT_OK        ? "ok"
	       : verdict == TOTE_VERDICT_DAMAGED ? "damaged"
						 : "incomplete";
}

const char *tote__level_name(uint32_t level)
{
	return level == TOTE_LEVEL_FULL ? "full" : "structure";
}

/* A JSON string (RFC 8259): quotes, backslashes and controls escaped, the rest as it is. */
static void put_string(struct buf *out, const char *s)
{
	tote__buf_putc(out, '"');
	for (; *s; s++) {
		uint8_t c = (uint8_t)*s;

		if (c == '"' || c == '\\') {
			tote__buf_putc(out, '\\');
			tote__buf_putc(out, c);
		} else if (c < 0x20 || c == 0x7f) {
			tote__buf_putf(out, "\\u%04x", c);
		} else {
			tote__buf_putc(out, c);
		}
	}
	tote__buf_putc(out, '"');
}

/* ,"key":"value", or ,"key_b64":"..." where the bytes are not UTF-8. */
static void put_text(struct buf *out, const char *key, const char *value)
{
	char chunk[65];
	size_t len = strlen(value);

	if (tote__utf8_valid(value, len)) {
		tote__buf_putf(out, ",\"%s\":", key);
		put_string(out, value);
		return;
	}
	tote__buf_putf(out, ",\"%s_b64\":\"", key);
	/* whole threes at a time, so that the pieces are one encoding */
	for (size_t i = 0; i < len; i += 48) {
		tote__base64_encode(value + i, len - i < 48 ? len - i : 48, chunk);
		tote__buf_puts(out, chunk);
	}
	tote__buf_putc(out, '"');
}

static void put_number(struct buf *out, const char *key, uint64_t value)
{
	tote__buf_putf(out, ",\"%s\":%" PRIu64, key, value);
}

static void put_time(struct buf *out, const char *key, int64_t us)
{
	struct tote_fault ignored;
	char text[TIME_LEN + 1];

	memset(&ignored, 0, sizeof(ignored));
	if (!tote__time_format(us, text, &ignored))
		put_text(out, key, text);
}

void tote__report_begin(struct report *r, tote_orchestrator *o, const char *id, uint64_t run,
	uint32_t level, int64_t started_us)
{
	tote__buf_init(&r->text, &o->ctx->heap, REPORT_MAX);
	tote__buf_putf(&r->text, "{\"schema\":%d,\"type\":\"audit\"", SCHEMA);
	put_text(&r->text, "container", id);
	put_number(&r->text, "run", run);
	put_text(&r->text, "level", tote__level_name(level));
	put_time(&r->text, "started", started_us);
	tote__buf_puts(&r->text, "}\n");
}

void tote__report_finding(struct report *r, const struct finding *f)
{
	struct buf *out = &r->text;

	tote__buf_putf(out, "{\"type\":\"finding\",\"code\":\"TOTE-%04d\"", f->code);
	put_text(out, "name", tote_finding_name(f->code));
	if (*f->path)
		put_text(out, "path", f->path);
	if (f->have_seq)
		put_number(out, "at_seq", f->seq);
	if (*f->expected)
		put_text(out, "expected", f->expected);
	if (*f->found)
		put_text(out, "found", f->found);
	if (f->flag != TOTE_SEQ_ANY)
		put_number(out, "flag", f->flag);
	put_time(out, "first_seen", f->first_seen_us);
	put_text(out, "text", tote_finding_text(f->code));
	tote__buf_puts(out, "}\n");
}

static void put_verdict(struct buf *out, const struct run_result *r, uint64_t findings)
{
	char root[BASE64_LEN(HASH_LEN) + 1];

	tote__base64_encode(r->head.root, HASH_LEN, root);
	tote__buf_puts(out, "{\"type\":\"verdict\"");
	put_text(out, "verdict", tote__verdict_name(r->verdict));
	put_number(out, "entries", r->entries);
	put_number(out, "entries_total", r->entries_total);
	put_number(out, "assets", r->assets);
	put_number(out, "assets_total", r->assets_total);
	put_number(out, "bytes", r->bytes);
	put_number(out, "bytes_total", r->bytes_total);
	put_number(out, "findings", findings);
	put_number(out, "size", r->head.size);
	put_text(out, "root", root);
	put_number(out, "witnessed", r->witnessed);
	if (r->asked < r->assets_total)
		put_number(out, "asked", r->asked);
	if (r->earlier_assets) {
		put_number(out, "earlier_assets", r->earlier_assets);
		put_number(out, "earlier_bytes", r->earlier_bytes);
		put_time(out, "since", r->earlier_us);
	}
	tote__buf_putf(out, ",\"cached\":%s", r->cached ? "true" : "false");
	if (r->cached)
		put_text(out, "cached_by", tote__cached_name(r->cached));
	if (r->oldest_unverified_us > 1) /* 1: its time is not known */
		put_time(out, "oldest_unverified", r->oldest_unverified_us);
	tote__buf_puts(out, "}\n");
}

int tote__report_end(struct report *r, tote_orchestrator *o, uint64_t run,
	const struct run_result *result, uint64_t findings, uint8_t ret_digest[HASH_LEN],
	uint64_t *ret_size, struct tote_fault *fault)
{
	const struct store_ops *ops = o->place.ops;
	char name[32];
	int rc;

	put_verdict(&r->text, result, findings);
	tote__hash_bytes(tote__hasher(o->ctx), r->text.data, r->text.len, ret_digest);
	*ret_size = r->text.len;
	rc = tote__buf_check(&r->text, "report", fault);
	snprintf(name, sizeof(name), "%" PRIu64 ".jsonl", run);
	if (!rc)
		rc = ops->put_new(
			o->place.handle, SPACE_REPORTS, name, r->text.data, r->text.len, fault);
	if (!rc)
		rc = ops->barrier(o->place.handle, SPACE_REPORTS, fault);
	return rc < 0 ? tote__fault_wrap(fault, "report %s", name) : 0;
}

void tote__report_drop(struct report *r)
{
	tote__buf_free(&r->text);
}
