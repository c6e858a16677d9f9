/* SPDX-License-Identifier: ISC */
/*
 * One ledger built by hand and one view of it: what must be there is read in every way.
 */
#ifndef LEDGER_VIEW_FIXTURE_H
#define LEDGER_VIEW_FIXTURE_H

#include "ledger/logs.h"

struct fixture {
	struct logs *logs;
	struct view view;
	struct tote_fault fault;
};

static inline struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->logs = logs_new("box", LAYOUT_CONTAINER);
	return f;
}

static inline void fixture_free(struct fixture *f)
{
	tote__view_close(&f->view);
	logs_free(f->logs);
	free(f);
}

static inline void open_view(struct fixture *f, uint32_t flags, uint64_t limit)
{
	tote__view_close(&f->view);
	ck_ok(tote__view_open(&f->view, &f->logs->place, flags, &f->fault), f->fault);
	ck_assert_uint_eq(f->view.limit, limit);
}

static inline void open_fails(struct fixture *f, uint32_t flags, int code)
{
	tote__view_close(&f->view);
	ck_fault(tote__view_open(&f->view, &f->logs->place, flags, &f->fault), code, f->fault);
	memset(&f->fault, 0, sizeof(f->fault));
}

/* Entry seq is to be had, with the bytes and the leaf that it was made with. */
static inline void reads(struct fixture *f, uint64_t seq)
{
	const struct buf *made = &f->logs->entry[seq];
	uint8_t leaf[HASH_LEN];
	const uint8_t *bytes;
	int verified = -1;
	size_t len;
	int r = tote__view_read(&f->view, seq, &bytes, &len, leaf, &verified, &f->fault);

	ck_assert_msg(r == 0, "%d: %s", (int)seq, f->fault.text);
	if (f->fault.code || len != made->len || memcmp(bytes, made->data, len) ||
		memcmp(leaf, f->logs->leaf[seq], HASH_LEN) ||
		verified != (seq < f->view.replay.covered.size))
		ck_abort_msg("entry %d is another one", (int)seq);
}

static inline void reads_fail(struct fixture *f, uint64_t seq, int code)
{
	const uint8_t *bytes;
	size_t len;

	ck_fault(tote__view_read(&f->view, seq, &bytes, &len, NULL, NULL, &f->fault), code,
		f->fault);
	memset(&f->fault, 0, sizeof(f->fault));
}

struct seen {
	const struct logs *logs;
	uint64_t next, stop;
};

static inline int see(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct seen *s = user;

	(void)fault;
	if (e->seq != s->next || e->len != s->logs->entry[s->next].len ||
		memcmp(leaf, s->logs->leaf[s->next], HASH_LEN) ||
		verified != (e->seq < s->logs->folded))
		ck_abort_msg("entry %d is another one", (int)s->next);
	s->next++;
	return s->next == s->stop ? 7 : 0;
}

static inline void scans(struct fixture *f, uint64_t from, uint64_t to)
{
	struct seen s = {f->logs, from, UINT64_MAX};

	ck_ok(tote__view_scan(&f->view, from, to, see, &s, &f->fault), f->fault);
	ck_assert_uint_eq(s.next, to);
}

/* Every entry forwards, backwards, in leaps, and in one scan; and nothing behind them. */
static inline void all_is_there(struct fixture *f)
{
	uint64_t limit = f->view.limit;

	for (uint64_t seq = 0; seq < limit; seq++)
		reads(f, seq);
	for (uint64_t seq = limit; seq--;)
		if (seq % 3 == 0)
			reads(f, seq);
	for (uint64_t i = 0; i < limit; i++)
		if (i % 16 == 0)
			reads(f, i * 271 % limit);
	scans(f, 0, limit);
	reads_fail(f, limit, TOTE_E_NOT_FOUND);
	reads_fail(f, UINT64_MAX, TOTE_E_NOT_FOUND);
}

#endif
