/* SPDX-License-Identifier: ISC */
/*
 * The present state of a root as a fleet file. A plan of it is empty.
 */
#include "base/text.h"
#include "box/state.h"
#include "orchestrator/fleet_policy.h"
#include "orchestrator/fleet_scalar.h"
#include <string.h>

#define IN_CONTAINER "    "
#define IN_POLICY    "      "

/* Bytes that a plain scalar may hold anywhere behind its first, which is a letter, digit or `/`. */
static int is_plain(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/._-";

	return s[0] != '.' && s[0] != '_' && s[0] != '-' && s[strspn(s, plain)] == '\0' &&
	       tote__fleet_scalar(s, strlen(s), 1) == SCALAR_STRING;
}

/* U+2000 to U+207F, U+FEC0 to U+FEFF, U+FFC0 to U+FFFF: separators, overrides, marks, none at all. */
static int is_unseen(const char *s)
{
	uint8_t first = (uint8_t)s[0], second = (uint8_t)s[1];

	return (first == 0xE2 && (second == 0x80 || second == 0x81)) ||
	       (first == 0xEF && (second == 0xBB || second == 0xBF));
}

/* Text on one line, which reads back as these bytes; they are UTF-8. */
static void put_text(struct buf *out, const char *s)
{
	if (is_plain(s)) {
		tote__buf_puts(out, s);
		return;
	}
	tote__buf_putc(out, '"');
	for (size_t n; *s; s += n) {
		uint8_t c = (uint8_t)*s;

		n = tote__utf8_length((const uint8_t *)s, strlen(s));
		if (c == '"' || c == '\\')
			tote__buf_putf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7F)
			tote__buf_putf(out, "\\x%02X", c);
		else if (n == 2 && c == 0xC2 && (uint8_t)s[1] < 0xA0) /* U+0080 to U+009F */
			tote__buf_putf(out, "\\x%02X", (unsigned)(uint8_t)s[1]);
		else if (n == 3 && is_unseen(s))
			tote__buf_putf(out, "\\u%04X",
				((unsigned)c & 0x0Fu) << 12 | ((unsigned)s[1] & 0x3Fu) << 6 |
					((unsigned)s[2] & 0x3Fu));
		else
			tote__buf_put(out, s, n);
	}
	tote__buf_putc(out, '"');
}

static void put_container(struct buf *out, const struct known *k)
{
	tote__buf_puts(out, "  ");
	put_text(out, k->id);
	tote__buf_puts(out, ":\n" IN_CONTAINER "backend: ");
	put_text(out, k->backend);
	if (tote__utf8_valid(k->location, strlen(k->location))) {
		tote__buf_puts(out, "\n" IN_CONTAINER "location: ");
		put_text(out, k->location);
	} else {
		tote__buf_puts(
			out, "\n" IN_CONTAINER "# its location is not UTF-8 and cannot stand here");
	}
	tote__buf_putc(out, '\n');
	if (tote_state_name(k->state)) /* a later version may have more of them */
		tote__buf_putf(out, IN_CONTAINER "state: %s\n", tote_state_name(k->state));
	if (k->policy.set) {
		tote__buf_puts(out, IN_CONTAINER "policy:\n");
		tote__fleet_policy_write(&k->policy, IN_POLICY, out);
	}
}

/* With the registry's lock. */
static void put_all(struct buf *out, const struct registry *r)
{
	const struct known *record = tote__registry_find(r, RECORD_ID);
	size_t count = 0;

	tote__buf_puts(out, "version: 1\n");
	if (record && record->policy.set) {
		tote__buf_puts(out, RECORD_ID ":\n  policy:\n");
		tote__fleet_policy_write(&record->policy, IN_CONTAINER, out);
	}
	tote__buf_puts(out, "containers:");
	for (size_t i = 0; i < r->count; i++) {
		const struct known *k = r->items[i];

		if (!k->location || k->detached)
			continue;
		if (!count++)
			tote__buf_putc(out, '\n');
		put_container(out, k);
	}
	if (!count)
		tote__buf_puts(out, " {}\n");
}

static int whole(tote_orchestrator *o, struct buf *text, struct tote_fault *fault)
{
	int rc = tote__orchestrator_refresh(o, fault);

	if (rc < 0)
		return rc;
	tote__orchestrator_lock(o);
	*fault = o->salvaged;
	if (!fault->code)
		put_all(text, &o->registry);
	tote__orchestrator_unlock(o);
	return fault->code ? fault->code : tote__buf_check(text, "fleet export", fault);
}

static int give_out(
	const struct buf *text, void *out, size_t cap, size_t *ret_length, struct tote_fault *fault)
{
	*ret_length = text->len;
	if (text->len > cap)
		return tote__fault(
			fault, TOTE_E_TOO_LARGE, "fleet export: it needs %zu bytes", text->len);
	memcpy(out, text->data, text->len);
	return 0;
}

int tote_fleet_export(tote_orchestrator *o, uint32_t flags, void *out, size_t cap,
	size_t *ret_length, struct tote_fault *fault)
{
	struct buf text;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "fleet export", fault)) < 0)
		return rc;
	if (!ret_length || (!out && cap))
		return tote__fault(fault, TOTE_E_ARGUMENT, "fleet export: no place for it");
	tote__buf_init(&text, &o->ctx->heap, TOTE_FLEET_BYTES_MAX);
	rc = whole(o, &text, fault);
	if (!rc)
		rc = give_out(&text, out, cap, ret_length, fault);
	tote__buf_free(&text);
	return rc;
}
