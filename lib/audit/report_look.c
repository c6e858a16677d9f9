/* SPDX-License-Identifier: ISC */
/*
 * A report's bytes against its digest. Of one that is not even as long nothing is read: whoever put a
 * huge one there makes nobody wait.
 */
#include "audit/report_look.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REPORT_SUFFIX ".jsonl"
#define READ_BYTES    ((size_t)64 << 10)

int tote__report_is_name(const char *name)
{
	size_t len = strlen(name), tail = strlen(REPORT_SUFFIX);
	uint64_t run;

	return len > tail && strcmp(name + len - tail, REPORT_SUFFIX) == 0 &&
	       tote__decimal_parse(name, len - tail, &run) == 0;
}

/* What of it may be compared: no more than one byte behind the length that it must have. */
static int hash(struct inquiry *q, void *object, uint64_t want, uint8_t digest[HASH_LEN],
	uint64_t *ret_size, struct tote_fault *why)
{
	uint8_t *chunk = tote__heap_new(q->heap, 1, READ_BYTES, why);
	uint64_t size = 0;
	size_t got = 1;
	struct hash h;
	int r = 0;

	if (!chunk)
		return why->code;
	tote__hash_init(&h, q->engine);
	while (r == 0 && got && size <= want) {
		int cached = 0;

		r = q->place->ops->object_read(object, size, chunk, READ_BYTES, &got, &cached, why);
		if (r == 0)
			tote__hash_update(&h, chunk, got);
		size += r == 0 ? got : 0;
		q->cached |= cached;
	}
	tote__hash_final(&h, digest);
	tote__heap_free(q->heap, chunk);
	q->bytes += size;
	*ret_size = size;
	return r;
}

/* *ret_read: 0 where its length says all. */
static int read_report(struct inquiry *q, const char *name, uint64_t want, uint8_t digest[HASH_LEN],
	uint64_t *ret_size, int *ret_read, struct tote_fault *why)
{
	const struct place *place = q->place;
	struct store_stat st;
	void *object;
	int r = place->ops->object_open(
		place->handle, SPACE_REPORTS, name, STORE_UNCACHED, &object, &st, why);

	*ret_read = 0;
	if (r < 0)
		return r;
	*ret_size = st.size;
	if (st.size == want) {
		*ret_read = 1;
		r = hash(q, object, want, digest, ret_size, why);
	}
	place->ops->object_close(object);
	return r;
}

static void differs(struct report_fault *ret, const struct known_report *want, uint64_t size,
	const uint8_t *digest)
{
	char hex[2 * HASH_LEN + 1];

	ret->code = FINDING_REPORT_CHANGED;
	tote__hex_encode(want->digest, HASH_LEN, hex);
	snprintf(ret->expected, sizeof(ret->expected), "%" PRIu64 " bytes, sha256:%s", want->size,
		hex);
	snprintf(ret->was, sizeof(ret->was), "%" PRIu64 " bytes", size);
	if (digest) {
		tote__hex_encode(digest, HASH_LEN, hex);
		snprintf(ret->was, sizeof(ret->was), "%" PRIu64 " bytes, sha256:%s", size, hex);
	}
}

int tote__report_look(struct inquiry *q, const struct known_report *want, struct report_fault *ret,
	struct tote_fault *fault)
{
	uint8_t digest[HASH_LEN];
	struct tote_fault why;
	uint64_t size = 0;
	int read, r;

	memset(&why, 0, sizeof(why));
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->name, sizeof(ret->name), "%" PRIu64 REPORT_SUFFIX, want->run);
	r = read_report(q, ret->name, want->size, digest, &size, &read, &why);
	if (r == TOTE_E_NOT_FOUND) {
		ret->code = FINDING_REPORT_MISSING;
		snprintf(ret->expected, sizeof(ret->expected), "a report");
		snprintf(ret->was, sizeof(ret->was), "nothing");
	} else if (r == TOTE_E_UNTRUSTED) {
		ret->code = FINDING_REPORT_CHANGED;
		snprintf(ret->expected, sizeof(ret->expected), "a regular file");
		snprintf(ret->was, sizeof(ret->was), "%.*s", (int)sizeof(ret->was) - 1, why.text);
	} else if (r < 0) {
		*fault = why;
		return r;
	} else if (!read || size != want->size || !tote__hash_equal(digest, want->digest)) {
		differs(ret, want, size, read ? digest : NULL);
	}
	return 0;
}
