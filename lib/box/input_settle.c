/* SPDX-License-Identifier: ISC */
/*
 * Completing rejections whose entry is durable and whose decider died before the file had its
 * number (FORMAT section 7, at its end).
 */
#include "base/text.h"
#include "box/input.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct rejection {
	const struct place *place;
	uint64_t seq, size;
	uint8_t digest[HASH_LEN];
	char name[VALUE_MAX + 1];
};

static int parse(const struct entry *e, struct rejection *r, struct tote_fault *fault)
{
	static const char prefix[] = "sha256:";
	char digest[sizeof(prefix) + (size_t)2 * HASH_LEN];
	int rc = tote__entry_string(e, "name", r->name, sizeof(r->name), fault);

	if (rc == 0)
		rc = tote__entry_number(e, "size", &r->size, fault);
	if (rc == 0)
		rc = tote__entry_string(e, "digest", digest, sizeof(digest), fault);
	if (rc == 0 && (strlen(digest) != sizeof(digest) - 1 ||
			       strncmp(digest, prefix, strlen(prefix)) != 0 ||
			       tote__hex_decode(digest + strlen(prefix), (size_t)2 * HASH_LEN,
				       r->digest) < 0))
		rc = tote__fault(
			fault, TOTE_E_MALFORMED, "entry %" PRIu64 ": its digest is none", e->seq);
	r->seq = e->seq;
	return rc;
}

static int is_it(const struct rejection *r, const char *random, const char *name)
{
	char path[TAKEN_PATH_MAX];
	uint8_t digest[HASH_LEN];
	struct tote_fault unused;
	uint64_t size;

	if (strcmp(name, r->name) != 0)
		return 0;
	memset(&unused, 0, sizeof(unused));
	snprintf(path, sizeof(path), INPUT_TAKEN "/%.30s/%.255s", random, name);
	return tote__input_digest(r->place, path, &size, digest, &unused) == 0 && size == r->size &&
	       memcmp(digest, r->digest, HASH_LEN) == 0;
}

/* 1: it is settled. One that somebody has in hand is another document of that name. */
static int settle_one(void *user, const char *random, const char *name, struct tote_fault *fault)
{
	struct rejection *r = user;
	const struct store_ops *ops = r->place->ops;
	char path[TAKEN_PATH_MAX];
	void *taken;
	int rc;

	if (!is_it(r, random, name))
		return 0;
	rc = ops->input_adopt(r->place->handle, random, name, &taken, path, fault);
	if (rc == TOTE_E_BUSY || rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc == 0)
		rc = ops->input_reject(taken, r->seq, fault);
	return rc < 0 ? rc : 1;
}

static int settle_entry(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	struct rejection *r = user;
	char kept[64];
	struct store_stat st;
	int rc;

	(void)leaf, (void)verified;
	if (e->version != 1 || !tote__entry_is(e, REJECTED_KIND))
		return 0;
	if ((rc = parse(e, r, fault)) < 0)
		return rc;
	snprintf(kept, sizeof(kept), INPUT_REJECTED "/%" PRIu64, r->seq);
	rc = r->place->ops->stat(r->place->handle, SPACE_INPUT, kept, &st, fault);
	if (rc != TOTE_E_NOT_FOUND)
		return rc;
	tote__fault_clear(fault);
	rc = tote__input_each_taken(r->place, settle_one, r, fault);
	return rc < 0 ? rc : 0;
}

int tote__input_settle(
	const struct place *place, struct ledger *l, uint64_t from, struct tote_fault *fault)
{
	const uint64_t next = tote__ledger_next(l);
	struct rejection *r;
	int rc;

	if (!(place->ops->capabilities & STORE_CAN_INPUT) || from >= next)
		return 0;
	r = tote__heap_new(&place->ctx->heap, 1, sizeof(*r), fault);
	if (!r)
		return fault->code;
	r->place = place;
	rc = tote__ledger_scan(l, from, next, settle_entry, r, fault);
	tote__heap_free(&place->ctx->heap, r);
	return rc;
}
