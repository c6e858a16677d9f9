/* SPDX-License-Identifier: ISC */
/*
 * The bytes of the journal (FORMAT section 5): a segment's header and its groups, written and read
 * side by side. What reads says only whether the bytes check, never why: torn bytes are no error.
 */
#include "ledger/segment.h"
#include "ledger/entry.h"
#include <string.h>

#define CHECK_LEN      16
#define SEGMENT_HASHED (SEGMENT_HEADER_LEN - CHECK_LEN)
#define GROUP_HASHED   (GROUP_HEADER_LEN - CHECK_LEN)
#define SEQ_LIMIT      ((uint64_t)1 << 63)
#define ENTRY_FIRST    "toteborch.entry/1 "

static const uint8_t segment_magic[8] = {'t', 'o', 't', 'e', '.', 'j', 'n', 'l'};
static const uint8_t group_magic[8] = {'t', 'o', 't', 'e', 'g', 'r', 'p', '\n'};

/* The first 16 bytes of SHA-256(salt || bytes); a segment's own check has no salt. */
static void check_of(const struct hasher *engine, const uint8_t *salt, const uint8_t *bytes,
	size_t len, uint8_t out[CHECK_LEN])
{
	uint8_t full[HASH_LEN];
	struct hash h;

	tote__hash_init(&h, engine);
	if (salt)
		tote__hash_update(&h, salt, 16);
	tote__hash_update(&h, bytes, len);
	tote__hash_final(&h, full);
	memcpy(out, full, CHECK_LEN);
}

void tote__segment_header_write(const struct segment_header *h, uint8_t out[SEGMENT_HEADER_LEN])
{
	memcpy(out, segment_magic, 8);
	tote__store_u32(out + 8, h->version);
	tote__store_u32(out + 12, h->features);
	tote__store_u64(out + 16, h->first_seq);
	memcpy(out + 24, h->salt, 16);
	memcpy(out + 40, h->prev, HASH_LEN);
	check_of(NULL, NULL, out, SEGMENT_HASHED, out + SEGMENT_HASHED);
}

int tote__segment_header_read(const uint8_t *block, size_t len, struct segment_header *ret)
{
	uint8_t check[CHECK_LEN];

	if (len < SEGMENT_HEADER_LEN || memcmp(block, segment_magic, 8) != 0)
		return 0;
	check_of(NULL, NULL, block, SEGMENT_HASHED, check);
	if (memcmp(check, block + SEGMENT_HASHED, CHECK_LEN) != 0)
		return 0;
	ret->version = tote__load_u32(block + 8);
	ret->features = tote__load_u32(block + 12);
	ret->first_seq = tote__load_u64(block + 16);
	memcpy(ret->salt, block + 24, 16);
	memcpy(ret->prev, block + 40, HASH_LEN);
	return 1;
}

uint64_t tote__group_bytes(const struct group *g)
{
	uint64_t bytes = (uint64_t)GROUP_HEADER_LEN + g->body_len;

	return (bytes + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

void tote__group_write(const struct group *g, const uint8_t salt[16], const uint8_t *body,
	const struct hasher *engine, struct buf *out)
{
	uint8_t header[GROUP_HEADER_LEN];
	uint64_t used = (uint64_t)GROUP_HEADER_LEN + g->body_len;

	memcpy(header, group_magic, 8);
	tote__store_u64(header + 8, g->first_seq);
	tote__store_u32(header + 16, g->count);
	tote__store_u32(header + 20, g->body_len);
	memcpy(header + 24, g->last_leaf, HASH_LEN);
	check_of(engine, salt, header, GROUP_HASHED, header + GROUP_HASHED);
	tote__buf_put(out, header, sizeof(header));
	tote__buf_put(out, body, g->body_len);
	tote__buf_put_zeros(out, (size_t)(tote__group_bytes(g) - used));
}

int tote__group_header_read(const uint8_t *block, size_t len, const uint8_t salt[16],
	const struct hasher *engine, struct group *ret)
{
	uint8_t check[CHECK_LEN];
	struct group g;

	if (len < GROUP_HEADER_LEN || memcmp(block, group_magic, 8) != 0)
		return 0;
	check_of(engine, salt, block, GROUP_HASHED, check);
	if (memcmp(check, block + GROUP_HASHED, CHECK_LEN) != 0)
		return 0;
	g.first_seq = tote__load_u64(block + 8);
	g.count = tote__load_u32(block + 16);
	g.body_len = tote__load_u32(block + 20);
	memcpy(g.last_leaf, block + 24, HASH_LEN);
	if (!g.count || g.body_len > GROUP_BODY_MAX || g.first_seq >= SEQ_LIMIT - g.count)
		return 0;
	*ret = g;
	return 1;
}

/* One entry of a body: 1 where it is the one that must come at seq behind prev. */
static int entry_follows(const uint8_t *bytes, size_t len, uint64_t seq, const uint8_t *prev,
	uint8_t prev_of_first[HASH_LEN])
{
	struct tote_fault unused;
	struct entry e;

	if (tote__entry_parse(bytes, len, &e, &unused) < 0 || e.seq != seq)
		return 0;
	if (!prev) {
		memcpy(prev_of_first, e.prev, HASH_LEN);
		return 1;
	}
	return memcmp(e.prev, prev, HASH_LEN) == 0;
}

int tote__group_check(const struct group *g, const uint8_t *body, const struct hasher *engine,
	uint8_t prev_of_first[HASH_LEN])
{
	uint8_t leaf[HASH_LEN];
	struct reader r;

	tote__reader_init(&r, body, g->body_len);
	for (uint32_t i = 0; i < g->count; i++) {
		size_t len = tote__reader_u16(&r);
		const uint8_t *bytes = tote__reader_bytes(&r, len);

		if (!bytes || !entry_follows(
				      bytes, len, g->first_seq + i, i ? leaf : NULL, prev_of_first))
			return 0;
		tote__hash_leaf(engine, bytes, len, leaf);
	}
	return tote__reader_left(&r) == 0 && memcmp(leaf, g->last_leaf, HASH_LEN) == 0;
}

int tote__group_has_unknown(const struct group *g, const uint8_t *body)
{
	struct reader r;

	tote__reader_init(&r, body, g->body_len);
	for (uint32_t i = 0; i < g->count; i++) {
		size_t len = tote__reader_u16(&r), prefix = strlen(ENTRY_FIRST);
		const uint8_t *bytes = tote__reader_bytes(&r, len);

		if (!bytes || len < prefix || memcmp(bytes, ENTRY_FIRST, prefix) != 0)
			return 1;
	}
	return 0;
}
