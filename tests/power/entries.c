/* SPDX-License-Identifier: ISC */
/*
 * Comparing with what was asked and promised.
 */
#include "power/entries.h"
#include "crypto/hash.h"
#include "power/files.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct tote_field *field(const struct tote_entry *e, const char *key)
{
	for (size_t i = 0; i < e->field_count; i++)
		if (strcmp(e->fields[i].key, key) == 0)
			return &e->fields[i];
	return NULL;
}

static int field_is(const struct tote_entry *e, const char *key, const char *text)
{
	const struct tote_field *f = field(e, key);

	return f && f->length == strlen(text) && memcmp(f->value, text, f->length) == 0;
}

/* As the field `digest` has it. */
static void digest_text(const void *bytes, size_t len, char out[80])
{
	uint8_t digest[HASH_LEN];
	int at = snprintf(out, 80, "sha256:");

	tote__hash_bytes(NULL, bytes, len, digest);
	for (size_t i = 0; i < HASH_LEN; i++)
		at += snprintf(out + at, 80 - (size_t)at, "%02x", digest[i]);
}

static int is_wished(const struct tote_entry *e, const struct wish *w)
{
	char digest[80];

	switch (w->kind) {
	case WISH_CREATED:
		return strcmp(e->kind, "container.created") == 0;
	case WISH_RECORD:
		return strcmp(e->kind, "record") == 0 && e->payload_length == strlen(w->text) &&
		       memcmp(e->payload, w->text, e->payload_length) == 0;
	case WISH_SEAL:
		digest_text(w->bytes, strlen(w->bytes), digest);
		return strcmp(e->kind, "asset.sealed") == 0 && field_is(e, "path", w->text) &&
		       field_is(e, "digest", digest);
	case WISH_ERASED:
		return strcmp(e->kind, "asset.erased") == 0 && field_is(e, "reason", w->text);
	case WISH_ROTATED:
		return strcmp(e->kind, "key.rotated") == 0;
	case WISH_REPAIRED:
		return strcmp(e->kind, "ledger.repaired") == 0;
	case WISH_MOVE:
		break;
	}
	return strcmp(e->kind, "container.state") == 0 && field_is(e, "to", w->text);
}

/* --- taking --------------------------------------------------------------------------------- */

/* Where in what was asked the next entry is looked for. */
struct asking {
	size_t call, at; /* at: entries of that call that were found already */
};

static int keep(struct run *r, const struct tote_entry *e, const struct wish *w)
{
	struct truth *t = &r->truth;
	struct taken *k;
	uint8_t *copy;

	if (t->now.entries == t->entry_cap) {
		run_wrong(r, "there are too many entries");
		return 0;
	}
	copy = arena_new(&r->arena, e->length);
	memcpy(copy, e->bytes, e->length);
	k = &t->entries[t->now.entries++];
	k->bytes = copy;
	k->len = e->length;
	memcpy(k->leaf, e->leaf_hash, sizeof(k->leaf));
	k->sealed = NULL;
	k->ends = w && w->kind == WISH_ERASED ? run_newest_asset(r) + 1 : 0;
	if (w && w->kind == WISH_SEAL) {
		struct wish *kept = arena_new(&r->arena, sizeof(*kept));

		*kept = *w;
		k->sealed = kept;
	}
	return 1;
}

/* asking NULL: whatever it is. */
static int take_one(struct run *r, struct asking *a, const struct tote_entry *e)
{
	const struct truth *t = &r->truth;
	const struct wish *w;

	if (!a)
		return keep(r, e, NULL);
	while (a->at == 0 && a->call < t->asked_count && !is_wished(e, &t->asked[a->call].wish[0]))
		a->call++;
	if (a->call == t->asked_count || !is_wished(e, &t->asked[a->call].wish[a->at])) {
		run_wrong(r, "entry %" PRIu64 " (%s) was never asked for", e->seq, e->kind);
		return 0;
	}
	w = &t->asked[a->call].wish[a->at];
	if (++a->at == t->asked[a->call].count) {
		a->call++;
		a->at = 0;
	}
	return keep(r, e, w);
}

static void take(struct run *r, struct asking *asking)
{
	struct tote_entry e = {.size = sizeof(e)};
	struct tote_fault fault = {0};
	tote_cursor *cursor;
	int rc = tote_cursor_open(r->box, r->truth.now.entries, 0, &cursor, &fault);

	if (rc < 0) {
		run_wrong(
			r, "%zu entries were promised, but: %s", r->truth.now.entries, fault.text);
		return;
	}
	while ((rc = tote_cursor_next(cursor, &e, &fault)) == 1)
		if (!take_one(r, asking, &e))
			break;
	if (rc < 0)
		run_wrong(r, "reading back: %s", fault.text);
	if (asking && asking->at)
		run_wrong(r, "only %zu entries of a call that asked for %zu are there", asking->at,
			r->truth.asked[asking->call].count);
	tote_cursor_unref(cursor);
}

void entries_take(struct run *r)
{
	take(r, &(struct asking){r->truth.now.answered, 0});
}

void entries_room(struct run *r, size_t more)
{
	struct truth *t = &r->truth;
	struct taken *room = arena_new(&r->arena, (t->now.entries + more) * sizeof(*room));

	if (t->now.entries)
		memcpy(room, t->entries, t->now.entries * sizeof(*room));
	t->entries = room;
	t->entry_cap = t->now.entries + more;
}

void entries_trust(struct run *r)
{
	take(r, NULL);
}

/* --- comparing ------------------------------------------------------------------------------ */

/* RFC 6962, 2.1, as it is printed. */
static void tree_root(const struct taken *k, size_t n, uint8_t out[HASH_LEN])
{
	uint8_t left[HASH_LEN], right[HASH_LEN];
	size_t half = 1;

	if (n == 1) {
		memcpy(out, k->leaf, HASH_LEN);
		return;
	}
	while (half * 2 < n)
		half *= 2;
	tree_root(k, half, left);
	tree_root(k + half, n - half, right);
	tote__hash_node(NULL, left, right, out);
}

static void compare_trees(struct run *r)
{
	const struct truth *t = &r->truth;
	const size_t last = t->now.trees;
	uint8_t root[HASH_LEN];

	for (size_t i = 0; i < last && !r->why[0]; i++) {
		if (t->trees[i].size == 0 || t->trees[i].size > t->now.entries) {
			run_wrong(r, "a checkpoint of %" PRIu64 " entries was handed out, of %zu",
				t->trees[i].size, t->now.entries);
			return;
		}
		tree_root(t->entries, (size_t)t->trees[i].size, root);
		if (memcmp(root, t->trees[i].root, HASH_LEN) != 0)
			run_wrong(r,
				"the checkpoint of %" PRIu64
				" entries that was handed out is no beginning of this ledger",
				t->trees[i].size);
	}
}

/* Files that the entries name, as they are met. */
struct sealed {
	struct run *run;
	struct {
		char path[TEXT_ROOM + 8], digest[80];
		uint64_t seq;
		int found, erased;
	} items[64];
	size_t count;
};

static void note_erasure(struct sealed *s, const struct tote_entry *e)
{
	const struct tote_field *seal = field(e, "seal");

	for (size_t i = 0; seal && i < s->count; i++)
		if (s->items[i].seq == strtoull((const char *)seal->value, NULL, 10))
			s->items[i].erased = 1;
}

static void note_seal(struct sealed *s, const struct tote_entry *e)
{
	const struct tote_field *path = field(e, "path"), *digest = field(e, "digest");

	if (strcmp(e->kind, "asset.erased") == 0)
		note_erasure(s, e);
	if (strcmp(e->kind, "asset.sealed") != 0)
		return;
	if (!path || !digest || s->count == sizeof(s->items) / sizeof(s->items[0])) {
		run_wrong(s->run, "entry %" PRIu64 " is no seal of ours", e->seq);
		return;
	}
	s->items[s->count].seq = e->seq;
	s->items[s->count].erased = 0;
	snprintf(
		s->items[s->count].path, sizeof(s->items[0].path), "%s", (const char *)path->value);
	snprintf(s->items[s->count++].digest, sizeof(s->items[0].digest), "%s",
		(const char *)digest->value);
}

static int compare_asset(void *user, const char *path, int is_dir, uint32_t mode)
{
	struct sealed *s = user;
	char full[PATH_MAX], digest[80];
	uint8_t *bytes;
	size_t len;

	if (is_dir)
		return 0;
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->items[i].path, path) != 0 || s->items[i].erased)
			continue;
		snprintf(full, sizeof(full), "%s/%s/assets/%s", s->run->root, run_place(s->run),
			path);
		bytes = files_read(full, &len);
		digest_text(bytes, bytes ? len : 0, digest);
		free(bytes);
		if (strcmp(digest, s->items[i].digest) != 0 || mode != 0444)
			run_wrong(s->run, "asset %s has other bytes, or mode %o", path, mode);
		s->items[i].found = 1;
		return 0;
	}
	run_wrong(s->run, "assets/%s is named by no entry", path);
	return 1;
}

static void compare_assets(struct run *r, struct sealed *s)
{
	char assets[500];

	snprintf(assets, sizeof(assets), "%s/%s/assets", r->root, run_place(r));
	files_walk(assets, compare_asset, s);
	for (size_t i = 0; i < s->count; i++)
		if (!s->items[i].found && !s->items[i].erased)
			run_wrong(r, "the sealed file %s is not there", s->items[i].path);
}

static void compare_one(struct run *r, const struct tote_entry *e)
{
	const struct taken *k;

	if (e->seq >= r->truth.now.entries) {
		run_wrong(r, "entry %" PRIu64 " was never asked for", e->seq);
		return;
	}
	k = &r->truth.entries[e->seq];
	if (e->length != k->len || memcmp(e->bytes, k->bytes, k->len) != 0)
		run_wrong(r, "entry %" PRIu64 " has other bytes than were promised", e->seq);
}

void entries_compare(struct run *r)
{
	struct tote_entry e = {.size = sizeof(e)};
	struct sealed sealed = {.run = r};
	struct tote_fault fault = {0};
	tote_cursor *cursor;
	uint64_t count = 0;
	int rc = tote_cursor_open(r->box, 0, 0, &cursor, &fault);

	if (rc < 0) {
		run_wrong(r, "reading all entries: %s", fault.text);
		return;
	}
	while (!r->why[0] && (rc = tote_cursor_next(cursor, &e, &fault)) == 1) {
		compare_one(r, &e);
		note_seal(&sealed, &e);
		count++;
	}
	tote_cursor_unref(cursor);
	if (rc < 0)
		run_wrong(r, "reading all entries: %s", fault.text);
	if (count != r->truth.now.entries)
		run_wrong(r, "%" PRIu64 " entries are there, %zu were promised", count,
			r->truth.now.entries);
	compare_trees(r);
	compare_assets(r, &sealed);
}
