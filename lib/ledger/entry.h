/* SPDX-License-Identifier: ISC */
/*
 * Entries (FORMAT section 4): what a caller drafts, its bytes, and the strict reading of them.
 */
#ifndef LEDGER_ENTRY_H
#define LEDGER_ENTRY_H

#include "base/buf.h"
#include "crypto/hash.h"

#define ENTRY_MAX        65535
#define ENTRY_LINES_MAX  64 /* behind the first */
#define ENTRY_FIELDS_MAX 59 /* of a caller */
#define KIND_MAX         64
#define FIELD_KEY_MAX    32
#define STATE_NAME_MAX   10  /* "suspended" and a NUL */
#define STATE_INTERVAL   256 /* entries at these seqs carry tote-state */

struct field {
	const char *key;
	const void *value;
	size_t len;
};

/* What is to be appended; nothing is kept of it. Fields in any order. */
struct draft {
	const char *kind;
	const char *actor; /* NULL: not known */
	const struct field *fields;
	size_t field_count;
	const void *payload;
	size_t payload_len;
};

/*
 * Grammar, count and size, counted as if it bore an actor, a 19-digit seq and the longest
 * tote-state. host 1: only the host's kinds, and no key that begins with "tote-".
 * TOTE_E_GRAMMAR, TOTE_E_TOO_LARGE. *ret_bound: bytes it may need at most in a bundle or group.
 */
int tote__draft_check(const struct draft *d, int host, size_t *ret_bound, struct tote_fault *fault);

/* Appends the entry's bytes to out. state is the value of tote-state, NULL for none. */
int tote__entry_encode(const struct draft *d, uint64_t seq, int64_t time_us,
	const uint8_t prev[HASH_LEN], const char *state, struct buf *out, struct tote_fault *fault);
/* The same of a draft that draft_check has taken, which is not looked at again. */
int tote__entry_write(const struct draft *d, uint64_t seq, int64_t time_us,
	const uint8_t prev[HASH_LEN], const char *state, struct buf *out, struct tote_fault *fault);

/* A field as it stands in the bytes: the value still escaped. */
struct entry_field {
	const char *key, *value;
	size_t key_len, value_len;
};

/* A parsed entry; all points into the bytes. */
struct entry {
	const uint8_t *bytes;
	size_t len;
	uint64_t version; /* 1, or another: then only kind, seq, time and prev are set */
	const char *kind;
	size_t kind_len;
	uint64_t seq;
	int64_t time_us;
	uint8_t prev[HASH_LEN];
	struct entry_field fields[ENTRY_LINES_MAX]; /* actor among them, as "actor" */
	size_t field_count;
	const uint8_t *payload;
	size_t payload_len;
};

/* TOTE_E_MALFORMED, naming what departs from the grammar. */
int tote__entry_parse(const void *bytes, size_t len, struct entry *ret, struct tote_fault *fault);

/* 1 where the first line is whole and its kind a host's: most entries need no more to be told apart. */
int tote__entry_is_host(const void *bytes, size_t len);

int tote__entry_is(const struct entry *e, const char *kind);
const struct entry_field *tote__entry_field(const struct entry *e, const char *key); /* or NULL */
/* The decoded value appended to out and a NUL behind it (out->len is the length with the NUL). */
int tote__field_decode(const struct entry_field *f, struct buf *out, struct tote_fault *fault);
/* The decoded value into a fixed string; TOTE_E_MALFORMED where absent, too long or with a NUL. */
int tote__entry_string(
	const struct entry *e, const char *key, char *out, size_t cap, struct tote_fault *fault);
int tote__entry_number(
	const struct entry *e, const char *key, uint64_t *ret, struct tote_fault *fault);

/* 1 where a retry of d would be this entry: kind, actor, fields but tote-*, payload are equal. */
int tote__entry_is_draft(const struct entry *e, const struct draft *d);

/* prev of seq 0: SHA-256("toteborch.genesis/1\n" origin "\n" vkey "\n"). */
void tote__entry_genesis(const char *origin, const char *vkey, uint8_t out[HASH_LEN]);

#endif
