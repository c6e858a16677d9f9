/* SPDX-License-Identifier: ISC */
/*
 * Growth: what opening, reading the last entry and a checkpoint ask of the store is counted at two
 * sizes of one ledger, since what is measured in time differs from machine to machine.
 */
#include "ledger/segment.h"
#include "ledger/view.h"
#include "support/ledger_fixture.h"
#include "support/store_faults.h"
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#define SMALL 1003
#define LARGE 60003 /* as many levels of tiles as SMALL: only full ones more */

struct growing {
	struct fixture f;
	struct faults faults;
	struct ledger *l;
	uint64_t next;
};

static void grow_to(struct growing *g, uint64_t size)
{
	struct tote_fault fault = {0};
	struct checkpoint c;

	append_grouped(g->l, g->next, size);
	g->next = size;
	ck_ok(tote__ledger_fold(g->l, &c, NULL, &fault), fault);
}

static void growing_make(struct growing *g)
{
	fixture_make(&g->f, "memory");
	faults_make(&g->faults, &g->f.place);
	g->l = fixture_create(&g->f);
	g->next = 1;
}

static void growing_remove(struct growing *g)
{
	tote__ledger_close(g->l);
	fixture_remove(&g->f);
}

/* Calls of that name from here on (NULL: of all that may fail); none of them fails. */
static void count_from_here(struct growing *g, const char *only)
{
	g->faults.only = only;
	faults_arm(&g->faults, FAULT_ONCE, LONG_MAX);
}

static long counted(struct growing *g)
{
	long count = g->faults.count;

	faults_disarm(&g->faults);
	return count;
}

static long read_last(struct growing *g, const char *only)
{
	struct tote_fault fault = {0};
	const uint8_t *bytes;
	struct view view;
	int verified;
	size_t len;

	count_from_here(g, only);
	ck_ok(tote__view_open(&view, &g->faults.place, 0, &fault), fault);
	ck_assert_uint_eq(view.limit, g->next);
	ck_ok(tote__view_read(&view, g->next - 1, &bytes, &len, NULL, &verified, &fault), fault);
	tote__view_close(&view);
	return counted(g);
}

START_TEST(opening_and_reading_the_last_entry_costs_the_same_at_any_size)
{
	struct growing g;
	long small;

	growing_make(&g);
	grow_to(&g, SMALL);
	small = read_last(&g, NULL);
	grow_to(&g, LARGE);
	ck_assert_int_eq(read_last(&g, NULL), small);
	ck_assert_int_lt(small, 40);
	growing_remove(&g);
}
END_TEST

START_TEST(a_journal_that_the_checkpoint_covers_is_not_read)
{
	struct growing g;

	growing_make(&g);
	grow_to(&g, SMALL);
	ck_assert_int_eq(read_last(&g, "journal_read"), 0);
	ck_assert_int_eq(read_last(&g, "journal_list"), 0);
	append_grouped(g.l, SMALL, SMALL + 1);
	g.next++;
	ck_assert_int_gt(read_last(&g, "journal_read"), 0);
	growing_remove(&g);
}
END_TEST

/* Three new entries, folded by a handle of its own; what it asked of the store. */
static long fold_three(struct growing *g, const char *only)
{
	struct fixture *f = &g->f;
	struct checkpoint c;
	struct ledger *l;
	long count;

	append_grouped(g->l, g->next, g->next + 3);
	g->next += 3;
	f->options.place = &g->faults.place;
	l = fixture_open(f);
	/* the newest segment, which has at most 16 MiB, is replayed once by a handle */
	ck_ok(tote__ledger_hold(l, &f->fault), f->fault);
	tote__ledger_release(l);
	count_from_here(g, only);
	ck_ok(tote__ledger_fold(l, &c, NULL, &f->fault), f->fault);
	count = counted(g);
	ck_assert_uint_eq(c.size, g->next);
	tote__ledger_close(l);
	f->options.place = &f->place;
	return count;
}

START_TEST(a_checkpoint_costs_what_is_new)
{
	static const char *const calls[] = {NULL, "object_read", "put_all"};
	long small[3];
	struct growing g;

	growing_make(&g);
	grow_to(&g, SMALL);
	for (int i = 0; i < 3; i++)
		small[i] = fold_three(&g, calls[i]);
	grow_to(&g, LARGE);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fold_three(&g, calls[i]), small[i]);
	growing_remove(&g);
}
END_TEST

/* An allocator that knows how much is out. */
struct counting {
	size_t now, peak;
};

static void *counting_resize(void *user, void *block, size_t bytes)
{
	struct counting *c = user;
	size_t before = block ? malloc_usable_size(block) : 0;
	void *moved = realloc(block, bytes);

	ck_assert_ptr_nonnull(moved);
	c->now += malloc_usable_size(moved) - before;
	if (c->now > c->peak)
		c->peak = c->now;
	return moved;
}

static void counting_release(void *user, void *block)
{
	struct counting *c = user;

	if (block)
		c->now -= malloc_usable_size(block);
	free(block);
}

static int see(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)e, (void)leaf, (void)verified, (void)fault;
	++*(uint64_t *)user;
	return 0;
}

/* Bytes that are allocated at once, at most, while all of a ledger is read. */
static size_t peak(struct growing *g)
{
	struct counting counting = {0};
	struct tote_allocator allocator = {.size = sizeof(allocator),
		.user = &counting,
		.resize = counting_resize,
		.release = counting_release};
	struct tote_ctx_options options = {.size = sizeof(options), .allocator = &allocator};
	struct tote_fault fault = {0};
	struct place place = g->f.place; /* the same memory, seen through another context */
	struct view view;
	uint64_t seen = 0;

	ck_ok(tote_ctx_new(&options, &place.ctx, &fault), fault);
	ck_ok(tote__view_open(&view, &place, 0, &fault), fault);
	ck_ok(tote__view_scan(&view, 0, view.limit, see, &seen, &fault), fault);
	ck_assert_uint_eq(seen, g->next);
	tote__view_close(&view);
	tote_ctx_unref(place.ctx);
	ck_assert_uint_eq(counting.now, 0);
	return counting.peak;
}

START_TEST(memory_does_not_grow_with_the_ledger)
{
	struct growing g;
	size_t small;

	growing_make(&g);
	grow_to(&g, SMALL);
	small = peak(&g);
	grow_to(&g, LARGE);
	/* entries of a later bundle have longer numbers: their buffer may double once */
	ck_assert_uint_le(peak(&g), small + (256u << 10));
	growing_remove(&g);
}
END_TEST

/* --- a journal that nobody could fold for long ------------------------------------------------ */

/* The record of that number as the only group of a segment that begins with it. */
static void put_segment(const struct fixture *f, uint64_t seq, uint8_t leaf[HASH_LEN])
{
	struct segment_header h = {.version = 1, .first_seq = seq, .salt = {1}};
	struct group g = {.first_seq = seq, .count = 1};
	uint8_t header[SEGMENT_HEADER_LEN];
	struct buf entry, body, out;
	struct tote_fault fault = {0};
	struct numbered n;

	memcpy(h.prev, leaf, HASH_LEN);
	tote__segment_header_write(&h, header);
	numbered_draft(&n, seq);
	tote__buf_init(&entry, plain_heap(), ENTRY_MAX);
	tote__buf_init(&body, plain_heap(), GROUP_BODY_MAX);
	tote__buf_init(&out, plain_heap(), GROUP_BODY_MAX);
	ck_ok(tote__entry_encode(&n.draft, seq, 0, leaf, NULL, &entry, &fault), fault);
	tote__buf_put_u16(&body, (uint16_t)entry.len);
	tote__buf_put(&body, entry.data, entry.len);
	g.body_len = (uint32_t)body.len;
	tote__hash_leaf(NULL, entry.data, entry.len, leaf);
	memcpy(g.last_leaf, leaf, HASH_LEN);
	tote__buf_put(&out, header, sizeof(header));
	tote__buf_put_zeros(&out, JOURNAL_BLOCK - sizeof(header));
	tote__group_write(&g, h.salt, body.data, NULL, &out);
	file_write(fixture_segment(f, seq), out.data, out.len);
	tote__buf_free(&entry);
	tote__buf_free(&body);
	tote__buf_free(&out);
}

static int keep_leaf(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)e, (void)verified, (void)fault;
	memcpy(user, leaf, HASH_LEN);
	return 0;
}

/* This process may have so many descriptors more than now; gives what it might before. */
static struct rlimit allow_descriptors(rlim_t more)
{
	struct rlimit before, now;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = before;
	now.rlim_cur = (rlim_t)fd + more;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

START_TEST(a_journal_of_many_segments_needs_no_more_descriptors_than_one_of_few)
{
	enum { SEGMENTS = 100, MORE = 12 };
	uint8_t leaf[HASH_LEN];
	struct rlimit before;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	ck_ok(tote__ledger_scan(l, 0, 1, keep_leaf, leaf, &f.fault), f.fault);
	tote__ledger_release(l);
	tote__ledger_close(l);
	for (uint64_t i = 1; i <= SEGMENTS; i++)
		put_segment(&f, i, leaf);
	before = allow_descriptors(MORE);
	l = fixture_open(&f);
	append_numbers(l, 1 + SEGMENTS, 3 + SEGMENTS);
	ledger_is_whole(l, 3 + SEGMENTS);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

Suite *growth_suite(void)
{
	Suite *s = suite_create("growth");
	TCase *t = tcase_create("growth");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, opening_and_reading_the_last_entry_costs_the_same_at_any_size);
	tcase_add_test(t, a_journal_that_the_checkpoint_covers_is_not_read);
	tcase_add_test(t, a_checkpoint_costs_what_is_new);
	tcase_add_test(t, memory_does_not_grow_with_the_ledger);
	tcase_add_test(t, a_journal_of_many_segments_needs_no_more_descriptors_than_one_of_few);
	suite_add_tcase(s, t);
	return s;
}
