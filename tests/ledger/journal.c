/* SPDX-License-Identifier: ISC */
/*
 * Replay: a torn tail is told from damage at every length, and nothing that was acknowledged is
 * ever cut off.
 */
#include "ledger/journal.h"
#include "ledger/segfile.h"
#include "support/ledger_fixture.h"
#include "support/store_faults.h"
#include <unistd.h>

#define GROUPS 6 /* entries 1 to 6, one in each block but for the large one */
#define LARGE  4 /* this one has a payload of LARGE_BYTES */

#define LARGE_BYTES 9000

/* A ledger of GROUPS + 1 entries, of which entry 0 is under the checkpoint, on real files. */
struct journal {
	struct fixture f;
	uint8_t genesis[HASH_LEN];
	struct replay whole; /* as it is before anything is done to it */
	const char *path;
	uint8_t *bytes; /* of the only segment */
	size_t size;
};

static int run(struct journal *j, uint64_t mark, struct replay *ret)
{
	return tote__replay(&j->f.place, NULL, mark, j->genesis, ret, &j->f.fault);
}

static void append_large(struct ledger *l, size_t bytes)
{
	struct tote_fault fault;
	struct draft d = {.kind = "record", .payload_len = bytes};
	char *payload = malloc(bytes);
	uint64_t seq;

	memset(payload, 'x', bytes);
	memset(&fault, 0, sizeof(fault));
	d.payload = payload;
	ck_ok(tote__ledger_append(l, &d, 1, LEDGER_SEQ_ANY, 1, &seq, &fault), fault);
	free(payload);
}

static void journal_make(struct journal *j)
{
	char vkey[VKEY_MAX];
	struct ledger *l;

	memset(j, 0, sizeof(*j));
	fixture_make(&j->f, "posix");
	l = fixture_create(&j->f);
	for (uint64_t i = 1; i <= GROUPS; i++) {
		if (i == LARGE)
			append_large(l, LARGE_BYTES);
		else
			append_numbers(l, i, i + 1);
	}
	tote__vkey_format(tote__ledger_vkey(l), vkey);
	tote__entry_genesis(FIXTURE_ORIGIN, vkey, j->genesis);
	tote__ledger_close(l);
	j->path = fixture_segment(&j->f, 0);
	j->bytes = file_read(j->path, &j->size);
	ck_ok(run(j, GROUPS + 1, &j->whole), j->f.fault);
	ck_assert_int_eq(j->whole.damaged, 0);
	ck_assert_int_eq(j->whole.torn, 0);
	ck_assert_uint_eq(j->whole.end, GROUPS + 1);
	ck_assert_uint_eq(j->whole.group_count, GROUPS);
	ck_assert_uint_eq(j->whole.covered.size, 1);
}

static void journal_remove(struct journal *j)
{
	tote__replay_free(&j->whole);
	free(j->bytes);
	fixture_remove(&j->f);
}

/* The segment as it was but for what was done to its bytes in memory. */
static void put(struct journal *j, const uint8_t *bytes, size_t size)
{
	j->path = fixture_segment(&j->f, 0);
	file_write(j->path, bytes, size);
}

static const struct group_place *group(const struct journal *j, size_t i)
{
	return &j->whole.groups[i];
}

/* The replay says: whole up to end, no damage. */
static void expect_end(struct journal *j, uint64_t mark, uint64_t end, int torn)
{
	struct replay r;

	if (run(j, mark, &r) != 0)
		ck_abort_msg("%s", j->f.fault.text);
	if (r.damaged || r.end != end || r.torn != torn)
		ck_abort_msg("damaged %d (%s), end %d, torn %d; expected end %d, torn %d",
			r.damaged, r.why.text, (int)r.end, r.torn, (int)end, torn);
	if (r.end && r.group_count && r.next_offset % JOURNAL_BLOCK)
		ck_abort_msg("the next group would not lie at a block");
	tote__replay_free(&r);
}

static void expect_damage(struct journal *j, uint64_t mark, uint64_t at)
{
	struct replay r;

	if (run(j, mark, &r) != 0)
		ck_abort_msg("%s", j->f.fault.text);
	if (!r.damaged || r.damaged_at != at || r.why.code != TOTE_E_DAMAGED || !r.why.text[0])
		ck_abort_msg("damaged %d at %d (%s), expected at %d", r.damaged, (int)r.damaged_at,
			r.why.text, (int)at);
	tote__replay_free(&r);
}

START_TEST(a_torn_tail_of_any_length_is_dropped_unless_it_was_acknowledged)
{
	const struct group_place *last;
	struct journal j;
	uint8_t *torn;
	size_t used;

	journal_make(&j);
	last = group(&j, GROUPS - 1);
	used = GROUP_HEADER_LEN + last->group.body_len;
	torn = malloc(j.size);
	for (size_t cut = 0; cut < used; cut++) {
		memcpy(torn, j.bytes, j.size);
		memset(torn + last->offset + cut, 0, j.size - last->offset - cut);
		put(&j, torn, j.size);
		expect_end(&j, GROUPS, GROUPS, cut > 0);
		if (cut % 64 == 0)
			expect_damage(&j, GROUPS + 1, GROUPS);
	}
	memcpy(torn, j.bytes, j.size);
	put(&j, torn, j.size);
	expect_end(&j, GROUPS, GROUPS + 1, 0);
	free(torn);
	journal_remove(&j);
}
END_TEST

/* The large group as the last one, torn at every 512 bytes: cut, zeroed and garbled. */
START_TEST(a_torn_tail_of_several_blocks_is_dropped_in_whole)
{
	const struct group_place *large;
	struct journal j;
	uint8_t *torn;

	journal_make(&j);
	large = group(&j, LARGE - 1);
	ck_assert_uint_gt(tote__group_bytes(&large->group), 2 * JOURNAL_BLOCK);
	torn = malloc(j.size);
	for (size_t cut = 0; cut < GROUP_HEADER_LEN + large->group.body_len; cut += 512) {
		for (int how = 0; how < 3; how++) {
			size_t at = large->offset + cut;

			memcpy(torn, j.bytes, j.size);
			memset(torn + at, 0, j.size - at);
			for (size_t i = 0; how == 1 && i < 512; i++)
				torn[at + i] = (uint8_t)(i * 7 + cut + 1);
			put(&j, torn, how == 2 ? at : j.size);
			expect_end(&j, LARGE, LARGE, cut > 0 || how == 1);
			expect_damage(&j, LARGE + 1, LARGE);
		}
	}
	free(torn);
	journal_remove(&j);
}
END_TEST

START_TEST(a_flipped_bit_in_a_group_that_others_follow_is_damage)
{
	struct journal j;

	journal_make(&j);
	for (size_t i = 0; i < GROUPS; i++) {
		const struct group_place *g = group(&j, i);
		size_t used = GROUP_HEADER_LEN + g->group.body_len;
		size_t step = used > 2000 ? 499 : 37;

		for (size_t at = 0; at < used; at += step) {
			put(&j, j.bytes, j.size);
			file_flip(j.path, g->offset + at, (uint8_t)(1 << at % 8));
			if (i + 1 < GROUPS)
				expect_damage(&j, 0, g->group.first_seq);
			else
				expect_end(&j, 0, GROUPS, 1);
			expect_damage(&j, GROUPS + 1, g->group.first_seq);
		}
	}
	journal_remove(&j);
}
END_TEST

START_TEST(rot_below_the_checkpoint_hides_nothing)
{
	struct checkpoint c;
	struct journal j;
	struct ledger *l;

	journal_make(&j);
	l = fixture_open(&j.f);
	ck_ok(tote__ledger_fold(l, &c, NULL, &j.f.fault), j.f.fault);
	append_numbers(l, GROUPS + 1, GROUPS + 3);
	tote__ledger_close(l);
	for (size_t i = 0; i < GROUPS; i++)
		file_flip(fixture_segment(&j.f, 0), group(&j, i)->offset + 200, 4);
	expect_end(&j, GROUPS + 3, GROUPS + 3, 0);
	file_flip(fixture_segment(&j.f, 0), group(&j, 2)->offset + 20, 4);
	expect_end(&j, GROUPS + 3, GROUPS + 3, 0);
	journal_remove(&j);
}
END_TEST

START_TEST(a_segment_whose_header_does_not_check_is_damage)
{
	struct journal j;

	journal_make(&j);
	for (size_t at = 0; at < SEGMENT_HEADER_LEN; at++) {
		file_flip(j.path, at, 1);
		expect_damage(&j, 0, 0);
		file_flip(j.path, at, 1);
	}
	expect_end(&j, 0, GROUPS + 1, 0);
	ck_assert_int_eq(rename(j.path, fixture_segment(&j.f, 3)), 0);
	expect_damage(&j, 0, 3);
	journal_remove(&j);
}
END_TEST

/* Writes a header that checks into the segment's first block. */
static void put_header(struct journal *j, const struct segment_header *h)
{
	uint8_t header[SEGMENT_HEADER_LEN];

	tote__segment_header_write(h, header);
	memcpy(j->bytes, header, sizeof(header));
	put(j, j->bytes, j->size);
}

static struct segment_header header_of(const struct journal *j)
{
	struct segment_header h;

	ck_assert_int_eq(tote__segment_header_read(j->bytes, j->size, &h), 1);
	return h;
}

START_TEST(a_segment_of_a_later_version_is_read_only_and_no_damage)
{
	struct segment_header h;
	struct journal j;
	struct replay r;

	journal_make(&j);
	for (int i = 0; i < 2; i++) {
		h = header_of(&j);
		h.version = i ? 1 : 2;
		h.features = i ? 8 : 0;
		put_header(&j, &h);
		ck_ok(run(&j, GROUPS + 1, &r), j.f.fault);
		ck_assert_int_eq(r.read_only, 1);
		ck_assert_int_eq(r.damaged, 0);
		tote__replay_free(&r);
	}
	journal_remove(&j);
}
END_TEST

START_TEST(a_header_that_does_not_continue_the_chain_is_damage)
{
	struct segment_header h;
	struct journal j;

	journal_make(&j);
	h = header_of(&j);
	h.prev[5] ^= 1;
	put_header(&j, &h);
	expect_damage(&j, GROUPS + 1, 0);
	journal_remove(&j);
}
END_TEST

/* A valid group of one record, put at an offset of the segment. */
static size_t put_group(struct journal *j, uint64_t offset, uint64_t seq,
	const uint8_t prev[HASH_LEN], uint64_t number)
{
	struct segment_header h = header_of(j);
	struct numbered n;
	struct group g = {.first_seq = seq, .count = 1};
	struct buf entry, body, out;

	numbered_draft(&n, number);
	tote__buf_init(&entry, plain_heap(), ENTRY_MAX);
	tote__buf_init(&body, plain_heap(), GROUP_BODY_MAX);
	tote__buf_init(&out, plain_heap(), GROUP_BODY_MAX);
	ck_ok(tote__entry_encode(&n.draft, seq, 0, prev, NULL, &entry, &j->f.fault), j->f.fault);
	tote__buf_put_u16(&body, (uint16_t)entry.len);
	tote__buf_put(&body, entry.data, entry.len);
	g.body_len = (uint32_t)body.len;
	tote__hash_leaf(NULL, entry.data, entry.len, g.last_leaf);
	tote__group_write(&g, h.salt, body.data, NULL, &out);
	memcpy(j->bytes + offset, out.data, out.len);
	put(j, j->bytes, j->size);
	offset = out.len;
	tote__buf_free(&entry);
	tote__buf_free(&body);
	tote__buf_free(&out);
	return (size_t)offset;
}

START_TEST(a_group_that_does_not_continue_the_chain_is_damage)
{
	uint8_t prev[HASH_LEN];
	struct journal j;

	journal_make(&j);
	memcpy(prev, j.whole.last_leaf, HASH_LEN);
	put_group(&j, j.whole.next_offset, GROUPS + 1, prev, 77);
	expect_end(&j, 0, GROUPS + 2, 0);
	prev[0] ^= 1;
	put_group(&j, j.whole.next_offset, GROUPS + 1, prev, 77);
	expect_damage(&j, 0, GROUPS + 1);
	journal_remove(&j);
}
END_TEST

START_TEST(two_groups_for_one_seq_must_be_the_same)
{
	const struct group_place *last;
	struct journal j;

	journal_make(&j);
	last = group(&j, GROUPS - 1);
	memcpy(j.bytes + j.whole.next_offset, j.bytes + last->offset, JOURNAL_BLOCK);
	put(&j, j.bytes, j.size);
	expect_end(&j, 0, GROUPS + 1, 0);
	put_group(&j, j.whole.next_offset, GROUPS, group(&j, GROUPS - 2)->group.last_leaf, 99);
	expect_damage(&j, 0, GROUPS);
	journal_remove(&j);
}
END_TEST

START_TEST(a_group_ahead_of_the_chain_speaks_of_what_is_missing)
{
	struct journal j;

	journal_make(&j);
	put_group(&j, j.whole.next_offset, GROUPS + 4, j.whole.last_leaf, 99);
	expect_damage(&j, 0, GROUPS + 1);
	journal_remove(&j);
}
END_TEST

START_TEST(a_missing_checkpoint_is_damage_unless_the_journal_begins_at_0)
{
	const char *checkpoint, *tile;
	struct journal j;

	journal_make(&j);
	checkpoint = fixture_path(&j.f, "log/checkpoint");
	ck_assert_int_eq(remove(checkpoint), 0);
	expect_end(&j, GROUPS + 1, GROUPS + 1, 0);
	j.path = fixture_segment(&j.f, 0);
	ck_assert_int_eq(rename(j.path, fixture_segment(&j.f, 1)), 0);
	expect_damage(&j, 0, 0);
	ck_assert_int_eq(remove(fixture_segment(&j.f, 1)), 0);
	expect_damage(&j, 0, 0); /* tiles, but neither checkpoint nor journal */
	tile = fixture_path(&j.f, "log/tile");
	ck_assert_int_eq(rename(tile, fixture_path(&j.f, "log/other")), 0);
	expect_end(&j, 0, 0, 0);
	journal_remove(&j);
}
END_TEST

START_TEST(a_checkpoint_that_the_log_does_not_bear_out_is_damage)
{
	struct journal j;

	journal_make(&j);
	file_flip(fixture_path(&j.f, "log/tile/entries/000.p/1"), 100, 1);
	expect_damage(&j, 0, 0);
	file_flip(fixture_path(&j.f, "log/tile/entries/000.p/1"), 100, 1);
	ck_assert_int_eq(remove(fixture_path(&j.f, "log/tile/entries/000.p/1")), 0);
	expect_damage(&j, 0, 0);
	file_write(fixture_path(&j.f, "log/checkpoint"), "rubbish", 7);
	expect_damage(&j, 0, 0);
	journal_remove(&j);
}
END_TEST

START_TEST(a_read_error_is_never_a_torn_tail)
{
	struct faults faults;
	struct journal j;
	struct replay r;
	int failed = 0;

	journal_make(&j);
	faults_make(&faults, &j.f.place);
	for (long k = 0;; k++) {
		int got;

		faults_arm(&faults, FAULT_ONCE, k);
		got = tote__replay(&faults.place, NULL, GROUPS + 1, j.genesis, &r, &j.f.fault);
		if (!faults.fired)
			break;
		ck_assert_int_eq(got, TOTE_E_IO);
		failed++;
	}
	ck_assert_int_gt(failed, 8);
	ck_assert_int_eq(r.damaged, 0);
	ck_assert_uint_eq(r.end, GROUPS + 1);
	tote__replay_free(&r);
	journal_remove(&j);
}
END_TEST

START_TEST(a_segment_that_goes_away_meanwhile_means_again)
{
	struct faults faults;
	struct journal j;
	struct replay r;

	journal_make(&j);
	faults_make(&faults, &j.f.place);
	faults.only = "journal_open";
	faults.code = TOTE_E_NOT_FOUND;
	faults_arm(&faults, FAULT_ONCE, 0);
	ck_ok(tote__replay(&faults.place, NULL, 0, j.genesis, &r, &j.f.fault), j.f.fault);
	ck_assert_int_eq(faults.fired, 1);
	ck_assert_uint_eq(r.end, GROUPS + 1);
	tote__replay_free(&r);
	faults_arm(&faults, FAULT_FROM, 0);
	ck_fault(tote__replay(&faults.place, NULL, 0, j.genesis, &r, &j.f.fault), TOTE_E_BUSY,
		j.f.fault);
	journal_remove(&j);
}
END_TEST

/* Groups of nearly 4 MiB: four fill a segment. */
static void append_huge(struct journal *j, int groups)
{
	const struct ledger_options kept = j->f.options;
	struct numbered n;
	struct draft drafts[65];
	char *payload = calloc(1, 60000);
	struct ledger *l;
	uint64_t seq;

	j->f.options.signer = NULL; /* else it would be folded */
	l = fixture_open(&j->f);
	numbered_draft(&n, 0);
	for (size_t i = 0; i < 65; i++) {
		drafts[i] = n.draft;
		drafts[i].payload = payload;
		drafts[i].payload_len = 60000;
	}
	while (groups--)
		ck_ok(tote__ledger_append(l, drafts, 65, LEDGER_SEQ_ANY, 1, &seq, &j->f.fault),
			j->f.fault);
	tote__ledger_close(l);
	free(payload);
	j->f.options = kept;
}

/* Folds once the checkpoint was read. */
static void fold_meanwhile(void *user, const char *call)
{
	struct journal *j = user;
	struct tote_fault fault;
	struct checkpoint c;
	struct ledger *l;

	if (strcmp(call, "cell_read") != 0 || access(fixture_segment(&j->f, 0), F_OK) != 0)
		return;
	memset(&fault, 0, sizeof(fault));
	l = fixture_open(&j->f);
	ck_ok(tote__ledger_fold(l, &c, NULL, &fault), fault);
	tote__ledger_close(l);
}

/* Who holds byte 0 does not hold byte 2: a fold may end, and remove segments, under his replay. */
START_TEST(a_fold_that_ends_meanwhile_is_no_damage)
{
	struct faults faults;
	struct journal j;
	struct replay r;

	journal_make(&j);
	append_huge(&j, 5);
	faults_make(&faults, &j.f.place);
	faults.after = fold_meanwhile;
	faults.user = &j;
	ck_ok(tote__replay(&faults.place, NULL, 0, j.genesis, &r, &j.f.fault), j.f.fault);
	ck_assert_msg(!r.damaged, "%s", r.why.text);
	ck_assert_uint_eq(r.end, GROUPS + 1 + 5 * 65);
	tote__replay_free(&r);
	journal_remove(&j);
}
END_TEST

/* E is where the entries end, whatever else is wrong behind them. */
START_TEST(a_bad_header_behind_what_is_whole_takes_nothing_of_it_away)
{
	struct journal j;
	struct replay r;
	uint64_t newest;

	journal_make(&j);
	append_huge(&j, 5);
	ck_ok(run(&j, 0, &r), j.f.fault);
	newest = r.segments[1];
	tote__replay_free(&r);
	file_flip(fixture_segment(&j.f, newest), 30, 1);
	ck_ok(run(&j, 0, &r), j.f.fault);
	ck_assert_int_eq(r.damaged, 1);
	ck_assert_uint_eq(r.damaged_at, newest);
	ck_assert_uint_eq(r.end, newest);
	tote__replay_free(&r);
	journal_remove(&j);
}
END_TEST

START_TEST(a_journal_of_several_segments_is_one_chain)
{
	struct journal j;
	struct replay r;

	journal_make(&j);
	append_huge(&j, 5);
	ck_ok(run(&j, 0, &r), j.f.fault);
	ck_assert_int_eq(r.damaged, 0);
	ck_assert_uint_eq(r.end, GROUPS + 1 + 5 * 65);
	ck_assert_uint_eq(r.segment_count, 2);
	ck_assert_uint_eq(r.group_count, GROUPS + 5);
	ck_assert_int_eq(file_size(fixture_segment(&j.f, 0)), SEGMENT_MAX_BYTES);
	tote__replay_free(&r);
	/* the older segment gone, cut, or with a header that does not check: never silently */
	file_flip(fixture_segment(&j.f, 0), 30, 1);
	expect_damage(&j, 0, 0);
	file_flip(fixture_segment(&j.f, 0), 30, 1);
	ck_assert_int_eq(remove(fixture_segment(&j.f, 0)), 0);
	expect_damage(&j, 0, 1);
	journal_remove(&j);
}
END_TEST

Suite *journal_suite(void)
{
	Suite *s = suite_create("journal");
	TCase *t = tcase_create("replay");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_torn_tail_of_any_length_is_dropped_unless_it_was_acknowledged);
	tcase_add_test(t, a_torn_tail_of_several_blocks_is_dropped_in_whole);
	tcase_add_test(t, a_flipped_bit_in_a_group_that_others_follow_is_damage);
	tcase_add_test(t, rot_below_the_checkpoint_hides_nothing);
	tcase_add_test(t, a_segment_whose_header_does_not_check_is_damage);
	tcase_add_test(t, a_segment_of_a_later_version_is_read_only_and_no_damage);
	tcase_add_test(t, a_header_that_does_not_continue_the_chain_is_damage);
	tcase_add_test(t, a_group_that_does_not_continue_the_chain_is_damage);
	tcase_add_test(t, two_groups_for_one_seq_must_be_the_same);
	tcase_add_test(t, a_group_ahead_of_the_chain_speaks_of_what_is_missing);
	tcase_add_test(t, a_missing_checkpoint_is_damage_unless_the_journal_begins_at_0);
	tcase_add_test(t, a_checkpoint_that_the_log_does_not_bear_out_is_damage);
	tcase_add_test(t, a_read_error_is_never_a_torn_tail);
	tcase_add_test(t, a_segment_that_goes_away_meanwhile_means_again);
	tcase_add_test(t, a_fold_that_ends_meanwhile_is_no_damage);
	tcase_add_test(t, a_bad_header_behind_what_is_whole_takes_nothing_of_it_away);
	tcase_add_test(t, a_journal_of_several_segments_is_one_chain);
	suite_add_tcase(s, t);
	return s;
}
