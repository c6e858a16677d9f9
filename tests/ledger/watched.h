/* SPDX-License-Identifier: ISC */
/*
 * A ledger behind a store that fails as it is told and counts what is asked of it, and what another
 * process may have put there.
 */
#ifndef LEDGER_WATCHED_H
#define LEDGER_WATCHED_H

#include "ledger/line.h"
#include "ledger/segfile.h"
#include "support/ledger_fixture.h"
#include "support/store_faults.h"

/* A ledger behind a store that fails as it is told, and counts. */
struct watched {
	struct fixture f;
	struct faults faults;
	struct ledger *l;
	int takeovers, syncs, objects;
};

static inline void count(void *user, const char *call)
{
	struct watched *w = user;

	w->takeovers += strcmp(call, "journal_sync_names") == 0;
	w->syncs += strcmp(call, "journal_sync") == 0;
	w->objects += strcmp(call, "sync_object") == 0;
}

static inline void watched_open(struct watched *w)
{
	w->l = fixture_open(&w->f);
	w->takeovers = w->syncs = 0;
}

static inline void watched_make(struct watched *w)
{
	memset(w, 0, sizeof(*w));
	fixture_make(&w->f, "posix");
	tote__ledger_close(fixture_create(&w->f));
	faults_make(&w->faults, &w->f.place);
	w->faults.after = count;
	w->faults.user = w;
	w->f.options.place = &w->faults.place;
	watched_open(w);
	append_numbers(w->l, 1, 3);
	w->takeovers = 0;
}

static inline void watched_remove(struct watched *w)
{
	tote__ledger_close(w->l);
	fixture_remove(&w->f);
}

/* Another process has held it meanwhile, and let go with this mark. */
static inline void put_line(struct watched *w, uint64_t mark)
{
	struct tote_fault fault = {0};
	char text[LOCK_LINE_MAX];
	struct line line;
	uint64_t inode;
	size_t len;

	ck_ok(w->f.place.ops->line_read(
		      w->f.place.handle, text, sizeof(text), &len, &inode, &fault),
		fault);
	tote__line_parse(text, len, inode, &line);
	ck_assert_int_eq(line.state, LINE_IDLE);
	line.pid++;
	line.mark = mark;
	ck_ok(tote__line_format(&line, text, &len, &fault), fault);
	file_write(fixture_path(&w->f, "lock"), text, len);
}

#endif
