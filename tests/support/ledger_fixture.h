/* SPDX-License-Identifier: ISC */
/*
 * A ledger to test with: a place on one of the backends, a signer in memory, drafts of records, and
 * the comparison of what a ledger holds with what it acknowledged.
 */
#ifndef SUPPORT_LEDGER_FIXTURE_H
#define SUPPORT_LEDGER_FIXTURE_H

#include "ledger/ledger.h"
#include "support/support.h"

#define FIXTURE_ORIGIN "archive.example.com/acme/contracts"

/* A host's signer that keeps the last note in memory; it may be told to fail. */
struct memory_signer {
	struct secret secret;
	uint8_t last[8192];
	size_t last_len;
	int fail_sign, fail_last_write;
	int flip; /* a bit of the signature is wrong */
	int signs;
};

struct fixture {
	struct frozen_clock clock;
	struct failing memory; /* of fixture_make_counted: for one thread */
	tote_ctx *ctx;
	const char *backend;
	struct scratch scratch;
	char location[300];
	struct place place;
	struct memory_signer keeper;
	struct signer signer;
	struct ledger_options options; /* with the signer; change it before opening */
	struct tote_fault fault;
};

/* A provisioned, empty place. */
void fixture_make(struct fixture *f, const char *backend);
void fixture_make_counted(struct fixture *f, const char *backend);
void fixture_remove(struct fixture *f);
/* The place is closed and opened again, as by another process. */
void fixture_reopen(struct fixture *f);

struct ledger *fixture_create(struct fixture *f); /* container.created under a checkpoint */
struct ledger *fixture_open(struct fixture *f);   /* with f->options */

/* What a handle's room above was told of: entries in their order, and each time anew. */
struct observed {
	uint64_t next, resets, begin; /* next: UINT64_MAX behind a reset */
};
struct ledger *fixture_open_seeing(struct fixture *f, struct observed *s, uint32_t observe);

/* The draft of entry 0; record drafts of kind "record" with a number in a field and its payload. */
const struct draft *fixture_first(struct fixture *f);

struct numbered {
	struct draft draft;
	struct field field;
	char number[24];
	char payload[64];
};
void numbered_draft(struct numbered *n, uint64_t number);
/* Appends one such record; the call's result, *ret_seq may be NULL. */
int append_number(struct ledger *l, uint64_t number, uint64_t expected, uint64_t *ret_seq,
	struct tote_fault *fault);
void append_numbers(struct ledger *l, uint64_t from, uint64_t to); /* each must succeed */

void append_grouped(struct ledger *l, uint64_t from, uint64_t to); /* the same, as few groups */

/* With the hold: entry `seq` of the ledger is the record of that number. */
void ledger_holds_number(struct ledger *l, uint64_t seq, uint64_t number);
/* The ledger has just `count` entries, in an unbroken chain of leaf hashes from the genesis. */
void ledger_is_whole(struct ledger *l, uint64_t count);

/* Puts a checkpoint of another root, signed with the key, in the place of the one last signed. */
void fixture_sign_last(struct fixture *f, const char *origin, uint64_t size, uint8_t first_byte);

/* The path of a journal segment of a posix fixture, and of any file of its ledger. */
const char *fixture_segment(const struct fixture *f, uint64_t seq);
const char *fixture_path(const struct fixture *f, const char *name);

#endif
