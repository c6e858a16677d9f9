/* SPDX-License-Identifier: ISC */
/*
 * What our witness remembers of other roots' logs. The record says what it cosigned last, after it
 * was in seen/HEX: so seen/HEX may be ahead of the record, and never behind.
 */
#include "audit/foreign.h"
#include "base/text.h"
#include "tlog/cosignature.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void name_of(const char *origin, char out[2 * HASH_LEN + 1])
{
	uint8_t hash[HASH_LEN];

	tote__hash_bytes(NULL, origin, strlen(origin), hash);
	tote__hex_encode(hash, sizeof(hash), out);
}

/* A checkpoint with our witness's cosignature, which nobody else can make. */
static int read_cell(
	const struct inquiry *q, const char *name, struct checkpoint *ret, struct tote_fault *why)
{
	const struct vkey *witness = q->target->witness;
	const struct place *place = q->place;
	struct buf bytes, scratch;
	struct note note;
	int r;

	tote__buf_init(&bytes, q->heap, NOTE_MAX);
	tote__buf_init(&scratch, q->heap, NOTE_MAX + 256);
	r = place->ops->cell_read(place->handle, SPACE_SEEN, name, &bytes, why);
	if (!r)
		r = tote__checkpoint_read(bytes.data, bytes.len, &note, ret, why);
	if (!r && witness) {
		r = tote__inquiry_cosigned(q, &note, &scratch, why);
		if (!r)
			r = tote__fault(why, TOTE_E_BAD_SIGNATURE, "no cosignature of ours");
	}
	tote__buf_free(&scratch);
	tote__buf_free(&bytes);
	return r < 0 ? r : 0;
}

static void damaged(struct foreign_fault *f, const char *expected, const char *was)
{
	f->code = FINDING_SEEN_DAMAGED;
	snprintf(f->expected, sizeof(f->expected), "%s", expected);
	snprintf(f->was, sizeof(f->was), "%.250s", was);
}

static void compare(
	const struct cosigned_log *log, const struct checkpoint *seen, struct foreign_fault *ret)
{
	char hex[2 * HASH_LEN + 1];

	if (strcmp(seen->origin, log->origin) != 0) {
		damaged(ret, "a checkpoint of the log whose name is its hash", seen->origin);
	} else if (seen->size < log->size) {
		ret->code = FINDING_WITNESS_ROLLED_BACK;
		snprintf(ret->expected, sizeof(ret->expected), "%" PRIu64 " entries seen or more",
			log->size);
		snprintf(ret->was, sizeof(ret->was), "%" PRIu64 " entries seen", seen->size);
	} else if (seen->size == log->size && !tote__hash_equal(seen->root, log->root)) {
		tote__hex_encode(seen->root, HASH_LEN, hex);
		damaged(ret, "the root that is on record", hex);
	}
}

int tote__foreign_look(
	const struct inquiry *q, size_t index, struct foreign_fault *ret, struct tote_fault *fault)
{
	const struct orchestrator_facts *facts = q->target->facts;
	struct cosigned_log log;
	struct checkpoint seen;
	struct tote_fault why;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (!facts->log || facts->log(facts->user, index, &log) <= 0)
		return 0;
	name_of(log.origin, ret->name);
	memset(&why, 0, sizeof(why));
	r = read_cell(q, ret->name, &seen, &why);
	if (!r) {
		compare(&log, &seen, ret);
	} else if (r == TOTE_E_NOT_FOUND) {
		ret->code = FINDING_SEEN_MISSING;
		snprintf(ret->expected, sizeof(ret->expected), "%" PRIu64 " entries of a log",
			log.size);
		snprintf(ret->was, sizeof(ret->was), "nothing of %.200s", log.origin);
	} else if (r == TOTE_E_MALFORMED || r == TOTE_E_BAD_SIGNATURE || r == TOTE_E_UNTRUSTED ||
		   r == TOTE_E_TOO_LARGE) {
		damaged(ret, "a cosigned checkpoint", why.text);
	} else {
		*fault = why;
		return r;
	}
	return 1;
}

int tote__foreign_is_known(const struct inquiry *q, const char *name)
{
	const struct orchestrator_facts *facts = q->target->facts;
	char known[2 * HASH_LEN + 1];
	struct cosigned_log log;

	if (strlen(name) + 1 != sizeof(known) || !facts->log)
		return 0;
	for (size_t i = 0; facts->log(facts->user, i, &log) > 0; i++) {
		name_of(log.origin, known);
		if (!strcmp(known, name))
			return 1;
	}
	return 0;
}

int tote__foreign_is_unfinished(const struct inquiry *q, const char *name)
{
	char own[2 * HASH_LEN + 1];
	struct checkpoint seen;
	struct tote_fault unused;

	memset(&unused, 0, sizeof(unused));
	if (strlen(name) + 1 != sizeof(own) || !q->target->witness ||
		read_cell(q, name, &seen, &unused) < 0)
		return 0;
	name_of(seen.origin, own);
	return !strcmp(own, name);
}
