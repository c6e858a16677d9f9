/* SPDX-License-Identifier: ISC */
/*
 * A root of 50 neighbours and a few that are to come to harm, in the middle of them by name. It is
 * made once and copied for each test, so that what the neighbours do can be compared, byte by byte,
 * with what they do in a copy where nothing happened: the same keys, the same clock.
 */
#ifndef ORCHESTRATOR_ISLE_H
#define ORCHESTRATOR_ISLE_H

#include "orchestrator/outcome.h"
#include "orchestrator/tree.h"

#define NEIGHBOURS 50
#define HARMED     4

struct isle {
	struct root r;
	struct frozen_clock clock;
	char it[24]; /* the one that is meant now */
};

/* What each neighbour did and what was said of it. */
struct deeds {
	char of[NEIGHBOURS][2048];
	struct tree ledgers; /* what is published of each, sealed, signed and seen */
};

static struct isle isle_base;   /* closed */
static struct deeds isle_deeds; /* where nothing happened */
static const struct frozen_clock isle_clock = FROZEN_CLOCK;

/* Half of them come before `harmed` by name, half after it. */
static inline const char *neighbour(int i)
{
	return printed("%s-%02d", i < NEIGHBOURS / 2 ? "early" : "late", i);
}

static inline void isle_mean(struct isle *s, int which)
{
	snprintf(s->it, sizeof(s->it), "harmed-%d", which);
}

/* kernel: the system calls of what is opened, NULL for the real ones. At the time of s->clock. */
static inline void isle_open_at(struct isle *s, const struct kernel *kernel)
{
	s->r.ctx = support_ctx(&s->clock, NULL);
	ck_assert_int_eq(tote__posix_kernel_set(s->r.ctx, kernel, &s->r.fault), 0);
	root_open(&s->r);
}

static inline void isle_open(struct isle *s, const struct kernel *kernel)
{
	s->clock = isle_clock;
	isle_open_at(s, kernel);
}

/* A copy of the base with nothing open. */
static inline void isle_copy(struct isle *s)
{
	memset(s, 0, sizeof(*s));
	scratch_make(&s->r.scratch);
	snprintf(s->r.path, sizeof(s->r.path), "%s", scratch_path(&s->r.scratch, "root"));
	copy_tree(isle_base.r.path, s->r.path);
	isle_mean(s, 0);
}

static inline void isle_remove(struct isle *s)
{
	tote_orchestrator_unref(s->r.o);
	tote_ctx_unref(s->r.ctx);
	scratch_remove(&s->r.scratch);
}

/* --- what a neighbour does ------------------------------------------------------------------- */

struct said {
	char *at;
	size_t left;
};

static inline void say(struct said *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline void say(struct said *s, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(s->at, s->left, fmt, args);
	va_end(args);
	ck_assert_int_ge(n, 0);
	ck_assert_int_lt(n, (int)s->left);
	s->at += n;
	s->left -= (size_t)n;
}

static inline const char *hashed(const void *bytes, size_t len)
{
	uint8_t digest[HASH_LEN];

	tote__hash_bytes(NULL, bytes, len, digest);
	return to_hex(digest, sizeof(digest));
}

/* Appends, seals, folds, proves. */
static inline void works(struct isle *s, const char *id, struct said *out)
{
	struct tote_record record = {.kind = "record", .payload = "more", .payload_length = 4};
	struct tote_source source = {.path = "sealed/later",
		.data = "later",
		.length = 5,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
	struct tote_sealed sealed;
	tote_box *box = root_box(&s->r, id);
	uint8_t bytes[8192];
	uint64_t seq;
	size_t len;

	ck_ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &s->r.fault), s->r.fault);
	ck_ok(tote_box_seal(box, &source, 1, NULL, 0, &sealed, &s->r.fault), s->r.fault);
	say(out, "appended %llu, sealed %llu\n", (unsigned long long)seq,
		(unsigned long long)sealed.seq);
	ck_ok(tote_box_checkpoint(box, 0, bytes, sizeof(bytes), &len, &s->r.fault), s->r.fault);
	say(out, "checkpoint %s\n", hashed(bytes, len));
	ck_ok(tote_box_prove(box, 1, 0, bytes, sizeof(bytes), &len, &s->r.fault), s->r.fault);
	say(out, "proof %s\n", hashed(bytes, len));
	ck_ok(tote_box_close(box, &s->r.fault), s->r.fault);
}

static inline void say_status(struct isle *s, const char *id, struct said *out)
{
	struct tote_status st = status_of(&s->r, id);

	/* but for `run`: others' entries lie between on the record */
	say(out,
		"status %x %u %u %u, audited %llu %llu %llu, witnessed %llu, flags %llu %llu, "
		"%llu entries, %llu covered, root %s\n",
		st.flags & ~TOTE_STATUS_CACHED, st.state, st.verdict, st.level,
		(unsigned long long)st.audited_entries, (unsigned long long)st.audited_assets,
		(unsigned long long)st.audited_bytes, (unsigned long long)st.witnessed,
		(unsigned long long)st.flags_open, (unsigned long long)st.flags_standing,
		(unsigned long long)st.entries, (unsigned long long)st.covered,
		to_hex(st.root, sizeof(st.root)));
}

static inline void say_verdict(const struct tote_verdict *v, struct said *out)
{
	say(out,
		"verdict %u %x %u, %llu of %llu entries, %llu of %llu assets, %llu of %llu bytes, "
		"%llu findings, size %llu, witnessed %llu, oldest %lld, root %s\n",
		v->verdict, v->flags & ~TOTE_VERDICT_CACHED, v->level,
		(unsigned long long)v->entries, (unsigned long long)v->entries_total,
		(unsigned long long)v->assets, (unsigned long long)v->assets_total,
		(unsigned long long)v->bytes, (unsigned long long)v->bytes_total,
		(unsigned long long)v->findings, (unsigned long long)v->tree_size,
		(unsigned long long)v->witnessed, (long long)v->oldest_unverified_us,
		to_hex(v->root, sizeof(v->root)));
}

/* Which neighbour that is, or -1. */
static inline int is_neighbour(const char *id)
{
	for (int i = 0; i < NEIGHBOURS; i++)
		if (!strcmp(id, neighbour(i)))
			return i;
	return -1;
}

/* One job over these, or over everything; what it says of others is left alone. */
static inline void audits(struct isle *s, const char *const *ids, size_t count, struct said *out)
{
	struct tote_audit_options options = {
		.size = sizeof(options), .ids = ids, .id_count = count};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_finding finding = {.size = sizeof(finding)};
	struct root *r = &s->r;
	tote_audit *job;
	int rc, i, seen = 0;

	ck_ok(tote_audit_start(r->o, &options, &job, &r->fault), r->fault);
	while ((rc = tote_audit_step(job, 1 << 20, 0, &r->fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", r->fault.text);
	while (tote_audit_next_finding(job, &finding, &r->fault) == 1)
		if ((i = is_neighbour(finding.container)) >= 0)
			say(&out[i], "finding %d %s\n", finding.code, finding.path);
	while (tote_audit_next_verdict(job, &verdict, &r->fault) == 1)
		if ((i = is_neighbour(verdict.container)) >= 0) {
			say_verdict(&verdict, &out[i]);
			seen++;
		}
	ck_assert_int_eq(seen, NEIGHBOURS);
	ck_ok(tote_audit_close(job, &r->fault), r->fault);
}

static inline struct tree isle_ledgers(const struct isle *s)
{
	struct tree t = {.count = 0};
	char path[512];

	tree_digests_only = 1;
	for (int i = 0; i < NEIGHBOURS; i++) {
		const char *id = neighbour(i);

		tree_add(&t, s->r.path, named(path, "%s/containers/%s/ledger/log", s->r.path, id));
		tree_add(&t, s->r.path, named(path, "%s/containers/%s/assets", s->r.path, id));
		tree_add(&t, s->r.path, named(path, "%s/orchestrator/seen/%s", s->r.path, id));
		tree_add(&t, s->r.path, named(path, "%s/orchestrator/keys/%s", s->r.path, id));
		tree_add(&t, s->r.path, named(path, "%s/orchestrator/keys/%s.last", s->r.path, id));
	}
	tree_digests_only = 0;
	tree_sort(&t);
	return t;
}

enum { EVERYTHING, NEIGHBOURS_ALONE };

/* A day in the life of all neighbours. */
static inline void isle_day(struct isle *s, int with, struct deeds *out)
{
	struct said said[NEIGHBOURS];
	char names[NEIGHBOURS][16];
	const char *ids[NEIGHBOURS];

	for (int i = 0; i < NEIGHBOURS; i++) {
		said[i] = (struct said){.at = out->of[i], .left = sizeof(out->of[i])};
		snprintf(names[i], sizeof(names[i]), "%s", neighbour(i));
		ids[i] = names[i];
		works(s, ids[i], &said[i]);
	}
	audits(s, with == EVERYTHING ? NULL : ids, with == EVERYTHING ? 0 : NEIGHBOURS, said);
	for (int i = 0; i < NEIGHBOURS; i++)
		say_status(s, ids[i], &said[i]);
	out->ledgers = isle_ledgers(s);
}

/* It was a day like any other. */
static inline void isle_day_is_the_same(struct isle *s, int with)
{
	struct deeds deeds;

	isle_day(s, with, &deeds);
	for (int i = 0; i < NEIGHBOURS; i++)
		ck_assert_msg(!strcmp(deeds.of[i], isle_deeds.of[i]), "%s:\n%s\ninstead of\n%s",
			neighbour(i), deeds.of[i], isle_deeds.of[i]);
	ck_assert_str_eq(tree_difference(&deeds.ledgers, &isle_deeds.ledgers), "");
	tree_free(&deeds.ledgers);
}

/* Every file of every neighbour, with inode and times, but for seen/ and keys/, which are looked at too. */
static inline struct tree isle_neighbours(const struct isle *s)
{
	struct tree t = {.count = 0};
	char path[512];

	for (int i = 0; i < NEIGHBOURS; i++) {
		const char *id = neighbour(i);

		tree_add(&t, s->r.path, named(path, "%s/containers/%s", s->r.path, id));
		tree_add(&t, s->r.path, named(path, "%s/orchestrator/seen/%s", s->r.path, id));
		tree_add(&t, s->r.path, named(path, "%s/orchestrator/keys/%s", s->r.path, id));
		tree_add(&t, s->r.path, named(path, "%s/orchestrator/keys/%s.last", s->r.path, id));
	}
	tree_sort(&t);
	return t;
}

/* --- made once for all tests of a suite --------------------------------------------------------- */

static inline void isle_fill(struct isle *s, const char *id)
{
	root_provision(&s->r, id);
	seal(&s->r, id, "sealed/early");
	root_fill(&s->r, id, 3);
}

static inline void isle_make(void)
{
	struct isle copy;

	memset(&isle_base, 0, sizeof(isle_base));
	root_bare(&isle_base.r);
	tote_ctx_unref(isle_base.r.ctx);
	isle_base.clock = isle_clock;
	isle_base.r.ctx = support_ctx(&isle_base.clock, NULL);
	ck_ok(tote_orchestrator_init(isle_base.r.ctx, isle_base.r.path, ROOT_ORIGIN, "op@host", 0,
		      &isle_base.r.fault),
		isle_base.r.fault);
	root_open(&isle_base.r);
	for (int i = 0; i < NEIGHBOURS; i++)
		isle_fill(&isle_base, neighbour(i));
	for (int i = 0; i < HARMED; i++) {
		isle_mean(&isle_base, i);
		isle_fill(&isle_base, isle_base.it);
	}
	root_close(&isle_base.r);
	tote_ctx_unref(isle_base.r.ctx);
	isle_base.r.ctx = NULL;
	isle_copy(&copy);
	isle_open(&copy, NULL);
	isle_day(&copy, EVERYTHING, &isle_deeds);
	isle_remove(&copy);
}

static inline void isle_end(void)
{
	tree_free(&isle_deeds.ledgers);
	scratch_remove(&isle_base.r.scratch);
}

#endif
