/* SPDX-License-Identifier: ISC */
/*
 * A ledger with a damaged journal, and what is asked of one that was repaired.
 */
#ifndef LEDGER_REPAIR_FIXTURE_H
#define LEDGER_REPAIR_FIXTURE_H

#include "ledger/ledger_impl.h"
#include "ledger/repair.h"
#include "support/ledger_fixture.h"
#include "support/store_faults.h"

static const char *const backends[] = {"memory", "posix"};

#define ENTRIES 20
#define REASON  "a disk that lies"

/* --- damage --------------------------------------------------------------------------------- */

/* The group of seq loses a bit of its body. */
static inline void rot(struct fixture *f, uint64_t seq)
{
	struct replay found;
	struct tote_fault fault;
	size_t i = 0, len;
	void *segment;
	uint64_t bytes;
	uint8_t byte;

	memset(&fault, 0, sizeof(fault));
	ck_ok(tote__replay(&f->place, tote__hasher(f->ctx), 0, NULL, &found, &fault), fault);
	while (i < found.group_count && found.groups[i].group.first_seq != seq)
		i++;
	ck_assert_uint_lt(i, found.group_count);
	ck_ok(f->place.ops->journal_open(
		      f->place.handle, found.groups[i].segment, &segment, &bytes, &fault),
		fault);
	ck_ok(f->place.ops->journal_read(
		      segment, found.groups[i].offset + 100, &byte, 1, &len, &fault),
		fault);
	byte ^= 1;
	ck_ok(f->place.ops->journal_write(segment, found.groups[i].offset + 100, &byte, 1, &fault),
		fault);
	f->place.ops->journal_close(segment);
	tote__replay_free(&found);
}

static inline int fold(struct fixture *f, struct ledger *l)
{
	struct checkpoint c;

	memset(&f->fault, 0, sizeof(f->fault));
	return tote__ledger_fold(l, &c, NULL, &f->fault);
}

/* Entries 0 to ENTRIES - 1, one a group, the first 5 folded; that of `seq` is rotten. */
static inline void make_damaged(struct fixture *f, const char *backend, uint64_t seq)
{
	struct ledger *l;

	fixture_make(f, backend);
	l = fixture_create(f);
	append_numbers(l, 1, 5);
	ck_ok(fold(f, l), f->fault);
	append_numbers(l, 5, ENTRIES);
	tote__ledger_close(l);
	rot(f, seq);
}

/* 600 entries, a fold of them that was interrupted, and the group of 401, the last, rotten. */
static inline void make_half_folded(struct fixture *f, const char *backend)
{
	struct ledger *l;

	fixture_make(f, backend);
	l = fixture_create(f);
	append_grouped(l, 1, 600);
	f->keeper.fail_sign = 1;
	ck_assert_int_lt(fold(f, l), 0);
	f->keeper.fail_sign = 0;
	tote__ledger_close(l);
	rot(f, 401); /* groups begin at 1, 201, 401 */
}

static inline int repair(struct fixture *f, struct ledger *l, int plan, struct repair *ret)
{
	memset(&f->fault, 0, sizeof(f->fault));
	return tote__ledger_repair(l, "op@host", REASON, plan, ret, &f->fault);
}

/* The state of a journal that is damaged: nothing is taken. */
static inline void takes_nothing(struct fixture *f, struct ledger *l)
{
	ck_fault(append_number(l, 99, LEDGER_SEQ_ANY, NULL, &f->fault), TOTE_E_DAMAGED, f->fault);
	memset(&f->fault, 0, sizeof(f->fault));
}

struct said {
	uint64_t from_seq, lost;
	char reason[64];
};

static inline int read_said(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	struct said *s = user;

	(void)leaf;
	(void)verified;
	ck_assert(tote__entry_is(e, "ledger.repaired"));
	ck_assert_int_eq(tote__entry_number(e, "from-seq", &s->from_seq, fault), 0);
	ck_assert_int_eq(tote__entry_number(e, "lost", &s->lost, fault), 0);
	ck_assert_int_eq(tote__entry_string(e, "reason", s->reason, sizeof(s->reason), fault), 0);
	return 0;
}

/* Entry seq is a ledger.repaired that says this. */
static inline void says(struct ledger *l, uint64_t seq, uint64_t lost)
{
	struct tote_fault fault;
	struct said s = {0};

	memset(&fault, 0, sizeof(fault));
	ck_ok(tote__ledger_hold(l, &fault), fault);
	ck_ok(tote__ledger_scan(l, seq, seq + 1, read_said, &s, &fault), fault);
	tote__ledger_release(l);
	ck_assert_uint_eq(s.from_seq, seq);
	ck_assert_uint_eq(s.lost, lost);
	ck_assert_str_eq(s.reason, REASON);
}

static inline void holds_numbers(struct ledger *l, uint64_t from, uint64_t to)
{
	struct tote_fault fault;

	memset(&fault, 0, sizeof(fault));
	ck_ok(tote__ledger_hold(l, &fault), fault);
	for (uint64_t seq = from; seq < to; seq++)
		ledger_holds_number(l, seq, seq);
	tote__ledger_release(l);
}

static inline int is_there(struct fixture *f, const char *name)
{
	struct tote_fault fault;
	struct store_stat st;

	memset(&fault, 0, sizeof(fault));
	return f->place.ops->stat(f->place.handle, SPACE_LEDGER, name, &st, &fault) == 0;
}

#endif
