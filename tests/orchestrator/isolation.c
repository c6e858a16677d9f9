/* SPDX-License-Identifier: ISC */
/*
 * One container in every bad state we know, among 50 neighbours: what these append, prove, are
 * audited and told of is what it is where nothing happened, and none of their files is touched by
 * what is done with the bad one.
 */
#include "ledger/ledger.h"
#include "orchestrator/isle.h"
#include "orchestrator/record.h"
#include "orchestrator/trouble.h"
#include "store/keystore.h"
#include <stdatomic.h>
#include <fcntl.h>
#include <toteborch/schedule.h>

/* --- how one comes to harm ---------------------------------------------------------------------- */

/* A file of it, for more than one printed() afterwards. */
static const char *of_it(const struct isle *s, const char *name, char out[512])
{
	return named(out, "%s/containers/%s/%s", s->r.path, s->it, name);
}

static const char *key_of_it(const struct isle *s, const char *suffix, char out[512])
{
	return named(out, "%s/orchestrator/keys/%s%s", s->r.path, s->it, suffix);
}

/* So many entries more, by a handle of its own; the last ones are not folded. */
static void lives_on(struct isle *s, int folded, int not_folded)
{
	tote_box *box;
	char note[8192];
	size_t len;

	isle_open(s, NULL);
	box = root_box(&s->r, s->it);
	for (int i = 0; i < folded + not_folded; i++) {
		ck_ok(box_append(box, "lives on", &s->r.fault), s->r.fault);
		if (i + 1 == folded)
			ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &len, &s->r.fault),
				s->r.fault);
	}
	tote_box_unref(box);
	if (folded)
		ck_ok(tote_orchestrator_witness(s->r.o, s->it, 0, NULL, &s->r.fault), s->r.fault);
	root_close(&s->r);
	tote_ctx_unref(s->r.ctx);
	s->r.ctx = NULL;
}

static void flip_in_its_entries(struct isle *s)
{
	char path[512];

	of_it(s, "ledger/log/tile/entries/000.p/5", path);
	file_flip(path, (size_t)file_size(path) / 2, 1);
}

static void flip_in_its_journal(struct isle *s)
{
	char path[512];

	lives_on(s, 0, 3);
	of_it(s, "ledger/journal/00000000000000000000", path);
	file_flip(path, 4096 * 7 + 100, 1); /* the second of the three: what follows it is whole */
}

static void its_ledger_is_gone(struct isle *s)
{
	char path[512];

	remove_tree(of_it(s, "ledger", path));
}

static void a_huge_checkpoint(struct isle *s)
{
	char path[512];

	of_it(s, "ledger/log/checkpoint", path);
	ck_assert_int_eq(truncate(path, (off_t)1 << 40), 0);
}

static void a_lock_full_of_rubbish(struct isle *s)
{
	char path[512];

	of_it(s, "ledger/lock", path);
	file_flip(path, 12, 0x55);
	ck_assert_int_eq(truncate(path, (off_t)1 << 40), 0);
}

static void flip_in_an_asset(struct isle *s)
{
	char path[512];

	file_flip(of_it(s, "assets/sealed/early", path), 3, 1);
}

static void its_asset_is_gone(struct isle *s)
{
	char path[512];

	remove_tree(of_it(s, "assets/sealed", path));
}

/* What lay there lies elsewhere now; something else takes its place. */
static const char *put_away(struct isle *s, char here[512])
{
	const char *away = scratch_path(&s->r.scratch, "away-%s", s->it);

	named(here, "%s/containers/%s", s->r.path, s->it);
	ck_assert_int_eq(rename(here, away), 0);
	return away;
}

static void absent(struct isle *s)
{
	char here[512];

	put_away(s, here);
}

static void a_link_to_itself_elsewhere(struct isle *s)
{
	char here[512];
	const char *away = put_away(s, here);

	ck_assert_int_eq(symlink(away, here), 0);
}

static void a_link_to_a_neighbour(struct isle *s)
{
	char here[512];

	put_away(s, here);
	ck_assert_int_eq(symlink(neighbour(0), here), 0);
}

static void a_link_to_the_orchestrator(struct isle *s)
{
	char here[512];

	put_away(s, here);
	ck_assert_int_eq(symlink("../orchestrator", here), 0);
}

static void links_to_a_neighbour_inside(struct isle *s)
{
	static const char *const parts[] = {"assets", "app-console-input", "ledger"};
	char here[512];

	put_away(s, here);
	directory_make(here);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(symlink(printed("../%s/%s", neighbour(0), parts[i]),
					 printed("%s/%s", here, parts[i])),
			0);
}

static void a_file_in_its_place(struct isle *s)
{
	char here[512];

	put_away(s, here);
	file_write(here, "x", 1);
}

static void a_pipe_in_its_place(struct isle *s)
{
	char here[512];

	put_away(s, here);
	ck_assert_int_eq(mkfifo(here, 0600), 0);
}

static void a_copy_of_a_neighbour(struct isle *s)
{
	char here[512], its[512];

	put_away(s, here);
	copy_tree(named(its, "%s/containers/%s", s->r.path, neighbour(0)), here);
}

static void an_older_copy(struct isle *s)
{
	char here[512], copy[512];

	named(here, "%s/containers/%s", s->r.path, s->it);
	copy_tree(here, named(copy, "%s/copy-%s", s->r.scratch.path, s->it));
	lives_on(s, 3, 0);
	remove_tree(here);
	copy_tree(copy, here);
}

/* Somebody has its key, and writes another history with it. */
static void its_key_is_stolen(struct isle *s)
{
	char here[512], copy[512], keys[512], note[8192];
	struct tote_box_options options = {.size = sizeof(options)};
	tote_ctx *ctx;
	tote_box *box;
	size_t len;

	named(here, "%s/containers/%s", s->r.path, s->it);
	copy_tree(here, named(copy, "%s/copy-%s", s->r.scratch.path, s->it));
	copy_tree(printed("%s/orchestrator/keys", s->r.path),
		named(keys, "%s/keys-%s", s->r.scratch.path, s->it));
	lives_on(s, 3, 0);
	ctx = support_ctx(NULL, NULL);
	options.key_file = printed("%s/%s", keys, s->it);
	ck_ok(tote_box_open_alone(ctx, copy, &options, &box, &s->r.fault), s->r.fault);
	for (int i = 0; i < 9; i++)
		ck_ok(box_append(box, "forged", &s->r.fault), s->r.fault);
	ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &len, &s->r.fault), s->r.fault);
	tote_box_unref(box);
	tote_ctx_unref(ctx);
	remove_tree(here);
	copy_tree(copy, here);
}

static void its_key_is_gone(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(unlink(key_of_it(s, "", path)), 0);
}

static void its_key_is_a_neighbour_s(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(unlink(key_of_it(s, "", path)), 0);
	copy_tree(printed("%s/orchestrator/keys/%s", s->r.path, neighbour(0)), path);
}

static void its_key_is_rubbish(struct isle *s)
{
	char path[512];

	file_write(key_of_it(s, "", path), "PRIVATE+KEY+", 12);
}

static void its_key_is_a_link_to_a_neighbour_s(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(unlink(key_of_it(s, "", path)), 0);
	ck_assert_int_eq(symlink(neighbour(0), path), 0);
}

static void its_key_is_a_directory(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(unlink(key_of_it(s, "", path)), 0);
	directory_make(path);
}

static void its_last_note_is_rubbish(struct isle *s)
{
	char path[512];

	file_write(key_of_it(s, ".last", path), "x", 1);
}

static void what_was_seen_of_it_is_gone(struct isle *s)
{
	ck_assert_int_eq(unlink(printed("%s/orchestrator/seen/%s", s->r.path, s->it)), 0);
}

static void what_was_seen_of_it_is_a_neighbour_s(struct isle *s)
{
	char path[512];

	named(path, "%s/orchestrator/seen/%s", s->r.path, s->it);
	ck_assert_int_eq(unlink(path), 0);
	copy_tree(printed("%s/orchestrator/seen/%s", s->r.path, neighbour(0)), path);
}

static const char *seen_of_it(const struct isle *s, char out[512])
{
	return named(out, "%s/orchestrator/seen/%s", s->r.path, s->it);
}

static void what_was_seen_of_it_is_a_directory(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(unlink(seen_of_it(s, path)), 0);
	directory_make(path);
}

static void what_was_seen_of_it_is_a_link(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(unlink(seen_of_it(s, path)), 0);
	ck_assert_int_eq(symlink(neighbour(0), path), 0);
}

static void what_was_seen_of_it_is_huge(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(truncate(seen_of_it(s, path), (off_t)1 << 40), 0);
}

static void a_huge_key(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(truncate(key_of_it(s, "", path), (off_t)1 << 40), 0);
}

static void a_huge_last_note(struct isle *s)
{
	char path[512];

	ck_assert_int_eq(truncate(key_of_it(s, ".last", path), (off_t)1 << 40), 0);
}

/* Holes cost nothing to make: reading them must cost nothing either. */
static void a_huge_segment(struct isle *s)
{
	char path[512];

	of_it(s, "ledger/journal/00000000000000000000", path);
	ck_assert_int_eq(truncate(path, (off_t)1 << 40), 0);
}

static void a_huge_bundle(struct isle *s)
{
	char path[512];

	of_it(s, "ledger/log/tile/entries/000.p/5", path);
	ck_assert_int_eq(
		chmod(path, 0644) || truncate(path, (off_t)1 << 40) || chmod(path, 0444), 0);
}

static void a_huge_asset(struct isle *s)
{
	char path[512];

	of_it(s, "assets/sealed/early", path);
	ck_assert_int_eq(
		chmod(path, 0644) || truncate(path, (off_t)1 << 40) || chmod(path, 0444), 0);
}

/* An entry of the record as no version of the library writes one. */
static void on_record(struct isle *s, const char *kind, struct field *fields, size_t count)
{
	struct draft draft = {.kind = kind, .fields = fields, .field_count = count};
	uint64_t seq;

	isle_open(s, NULL);
	ck_assert_msg(tote__ledger_append(tote__orchestrator_ledger(s->r.o), &draft, 1,
			      TOTE_SEQ_ANY, 0, &seq, &s->r.fault) == 0,
		"%s", s->r.fault.text);
	root_close(&s->r);
	tote_ctx_unref(s->r.ctx);
	s->r.ctx = NULL;
}

/* In its form and out of all bounds, each field contradicting the next. */
static void a_policy_out_of_all_bounds(struct isle *s)
{
	struct field fields[] = {tote__field_text("container", s->it),
		tote__field_text("cosigners", "9223372036854775807"),
		tote__field_text("fold-after", "9223372036854775807"),
		tote__field_text("fold-bytes", "1"), tote__field_text("full-every", "1"),
		tote__field_text("overdue-after", "1"), tote__field_text("rate", "1"),
		tote__field_text("structure-every", "9223372036854775807"),
		tote__field_text("window", "23:59-23:59")};

	on_record(s, "container.policy", fields, sizeof(fields) / sizeof(fields[0]));
}

static void hostile_names_in_its_gate(struct isle *s)
{
	static const char *const names[] = {"-rf", "--", "\x1b[2J\x07", "a\nb", "\xff\xfe",
		("\xe2\x80\xae"
		 "gpj.exe"),
		".tote-w-00", ".tote-new-x", ".tote-rejected-x", "~", "$(reboot)", "%s%n", "a b",
		"caf\xc3\xa9", "cafe\xcc\x81", "\"", "\\"};
	char gate[512], path[900], longest[256];

	of_it(s, "app-console-input", gate);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", gate, names[i]);
		file_write(path, "x", 1);
	}
	memset(longest, 'n', 255);
	longest[255] = '\0';
	snprintf(path, sizeof(path), "%s/%s", gate, longest);
	file_write(path, "x", 1);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(symlink(i == 0   ? "/etc/passwd"
					 : i == 1 ? printed("../../%s/assets", neighbour(0))
					 : i == 2 ? printed("../../%s/ledger/lock", neighbour(1))
						  : "link-3",
					 printed("%s/link-%d", gate, i)),
			0);
	ck_assert_int_eq(
		symlink(printed("../../%s/assets", neighbour(0)), printed("%s/.tote-taken", gate)),
		0);
	ck_assert_int_eq(symlink(printed("../../%s/assets", neighbour(0)),
				 printed("%s/.tote-rejected", gate)),
		0);
	ck_assert_int_eq(mkfifo(printed("%s/pipe", gate), 0666), 0);
	directory_make(printed("%s/directory", gate));
}

/* Whatever is 0 there is left open here. */
static const struct state {
	void (*harm)(struct isle *s);
	uint32_t verdict;
	int code;
} states[] = {
	{flip_in_its_entries, TOTE_VERDICT_DAMAGED, FINDING_BUNDLE_CHANGED},
	{flip_in_its_journal, TOTE_VERDICT_DAMAGED, FINDING_JOURNAL_DAMAGED},
	{its_ledger_is_gone, TOTE_VERDICT_DAMAGED, FINDING_SKELETON_MISSING},
	{a_huge_checkpoint, TOTE_VERDICT_DAMAGED, FINDING_CHECKPOINT_MALFORMED},
	{a_lock_full_of_rubbish, TOTE_VERDICT_OK, 0},
	{flip_in_an_asset, TOTE_VERDICT_DAMAGED, FINDING_ASSET_CHANGED},
	{its_asset_is_gone, TOTE_VERDICT_DAMAGED, FINDING_ASSET_MISSING},
	{absent, TOTE_VERDICT_INCOMPLETE, FINDING_UNREACHABLE},
	{a_link_to_itself_elsewhere, TOTE_VERDICT_DAMAGED, FINDING_SKELETON_TYPE},
	{a_link_to_a_neighbour, TOTE_VERDICT_DAMAGED, FINDING_SKELETON_TYPE},
	{a_link_to_the_orchestrator, TOTE_VERDICT_DAMAGED, FINDING_SKELETON_TYPE},
	{links_to_a_neighbour_inside, TOTE_VERDICT_DAMAGED, FINDING_SKELETON_TYPE},
	{a_file_in_its_place, TOTE_VERDICT_DAMAGED, FINDING_SKELETON_TYPE},
	{a_pipe_in_its_place, TOTE_VERDICT_DAMAGED, FINDING_SKELETON_TYPE},
	{a_copy_of_a_neighbour, TOTE_VERDICT_DAMAGED, 0},
	{an_older_copy, TOTE_VERDICT_DAMAGED, FINDING_ROLLBACK},
	{its_key_is_stolen, TOTE_VERDICT_DAMAGED, FINDING_FORK},
	{its_key_is_gone, TOTE_VERDICT_DAMAGED, FINDING_KEY_MISSING},
	{its_key_is_a_neighbour_s, TOTE_VERDICT_DAMAGED, FINDING_KEY_DIFFERS},
	{its_key_is_rubbish, 0, 0},
	{its_key_is_a_link_to_a_neighbour_s, 0, 0},
	{its_key_is_a_directory, 0, 0},
	{its_last_note_is_rubbish, 0, 0},
	{what_was_seen_of_it_is_gone, TOTE_VERDICT_DAMAGED, FINDING_SEEN_MISSING},
	{what_was_seen_of_it_is_a_neighbour_s, TOTE_VERDICT_DAMAGED, FINDING_SEEN_DAMAGED},
	{what_was_seen_of_it_is_a_directory, TOTE_VERDICT_DAMAGED, FINDING_SEEN_DAMAGED},
	{what_was_seen_of_it_is_a_link, TOTE_VERDICT_DAMAGED, FINDING_SEEN_DAMAGED},
	{what_was_seen_of_it_is_huge, TOTE_VERDICT_DAMAGED, FINDING_SEEN_DAMAGED},
	{a_huge_key, 0, 0},
	{a_huge_last_note, 0, 0},
	{a_huge_segment, TOTE_VERDICT_DAMAGED, FINDING_JOURNAL_MODE},
	{a_huge_bundle, TOTE_VERDICT_DAMAGED, FINDING_BUNDLE_CHANGED},
	{a_huge_asset, TOTE_VERDICT_DAMAGED, FINDING_ASSET_SIZE},
	{a_policy_out_of_all_bounds, TOTE_VERDICT_OK, 0},
	{hostile_names_in_its_gate, 0, 0},
};
#define STATES (int)(sizeof(states) / sizeof(states[0]))

/* --- what somebody may do with it --------------------------------------------------------------- */

/* Whatever comes of each: nothing here may touch a neighbour. */
static void is_used(struct isle *s)
{
	struct tote_source source = {.path = "sealed/later",
		.data = "later",
		.length = 5,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
	struct tote_sealed sealed;
	struct tote_fault fault;
	struct tote_key keys[4];
	tote_box *box = NULL;
	char bytes[8192];
	size_t len;

	if (tote_box_open(s->r.o, s->it, NULL, &box, &fault) == 0) {
		box_append(box, "more", &fault);
		tote_box_seal(box, &source, 1, NULL, 0, &sealed, &fault);
		tote_box_checkpoint(box, 0, bytes, sizeof(bytes), &len, &fault);
		tote_box_prove(box, 1, 0, bytes, sizeof(bytes), &len, &fault);
		tote_box_close(box, &fault);
	}
	tote_orchestrator_witness(s->r.o, s->it, 0, NULL, &fault);
	tote_orchestrator_keys(s->r.o, s->it, keys, 4, &len, &fault);
	root_state(&s->r, s->it);
}

/* All that may be done with it; no file of any neighbour may be touched by that. */
static struct outcome is_looked_at_and_used(struct isle *s, const struct tree *before)
{
	struct outcome o = audit(&s->r, s->it);
	struct tree after;

	is_used(s);
	after = isle_neighbours(s);
	ck_assert_str_eq(tree_difference(before, &after), "");
	tree_free(&after);
	return o;
}

START_TEST(no_neighbour_sees_anything_of_a_bad_state_and_no_file_of_one_is_touched)
{
	struct tree before;
	struct isle s;

	isle_copy(&s);
	before = isle_neighbours(&s);
	for (int i = 0; i < HARMED && _i * HARMED + i < STATES; i++) {
		isle_mean(&s, i);
		states[_i * HARMED + i].harm(&s);
	}
	isle_open(&s, NULL);
	for (int i = 0; i < HARMED && _i * HARMED + i < STATES; i++) {
		const struct state *state = &states[_i * HARMED + i];
		struct outcome o;

		isle_mean(&s, i);
		o = is_looked_at_and_used(&s, &before);
		ck_assert_msg(!state->verdict || o.verdict.verdict == state->verdict,
			"state %d: verdict %u, %d findings, %d", _i * HARMED + i, o.verdict.verdict,
			o.findings, o.codes[0]);
		ck_assert_msg(!state->code || has_code(&o, state->code),
			"state %d: %d findings: %d %d", _i * HARMED + i, o.findings, o.codes[0],
			o.codes[1]);
	}
	isle_day_is_the_same(&s, EVERYTHING);
	tree_free(&before);
	isle_remove(&s);
}
END_TEST

/* --- trouble with its files ---------------------------------------------------------------------- */

static const struct {
	const char *with;
	enum trouble_kind kind;
	int err;
	uint32_t verdict; /* 0: not whole */
} troubles[] = {
	{"containers", TROUBLE_FORBIDDEN, EACCES, TOTE_VERDICT_INCOMPLETE},
	{"containers", TROUBLE_FULL, ENOSPC, TOTE_VERDICT_OK},
	{"containers", TROUBLE_FAILING, EIO, 0},
	{"containers", TROUBLE_FULL, EDQUOT, TOTE_VERDICT_OK},
	{"containers", TROUBLE_FORBIDDEN, EPERM, TOTE_VERDICT_INCOMPLETE},
	{"containers", TROUBLE_FULL, EROFS, TOTE_VERDICT_OK},
	{"containers", TROUBLE_FAILING, ESTALE, 0},
	{"containers", TROUBLE_FULL, EIO, TOTE_VERDICT_OK},
	{"orchestrator/seen", TROUBLE_FORBIDDEN, EACCES, TOTE_VERDICT_INCOMPLETE},
	{"orchestrator/seen", TROUBLE_FAILING, EIO, TOTE_VERDICT_INCOMPLETE},
	{"orchestrator/keys", TROUBLE_FORBIDDEN, EACCES, TOTE_VERDICT_OK},
	{"orchestrator/keys", TROUBLE_FAILING, EIO, TOTE_VERDICT_OK},
};
#define TROUBLE_KINDS (int)(sizeof(troubles) / sizeof(troubles[0]))

START_TEST(no_neighbour_sees_anything_of_trouble_with_its_files)
{
	struct tree before;
	struct outcome o;
	struct isle s;

	isle_copy(&s);
	before = isle_neighbours(&s);
	isle_open(&s, troubled_kernel());
	for (int i = 0; i < HARMED; i++) {
		const int n = _i * HARMED + i;

		isle_mean(&s, i);
		trouble_begins(i, printed("%s/%s/%s", s.r.path, troubles[n].with, s.it),
			troubles[n].kind, troubles[n].err);
		o = is_looked_at_and_used(&s, &before);
		ck_assert_msg(troubles[n].verdict ? o.verdict.verdict == troubles[n].verdict
						  : o.verdict.verdict != TOTE_VERDICT_OK,
			"trouble %d: verdict %u, %d findings, %d", n, o.verdict.verdict, o.findings,
			o.codes[0]);
	}
	isle_day_is_the_same(&s, EVERYTHING);
	/* and when it is over, it is over */
	for (int i = 0; i < HARMED; i++) {
		isle_mean(&s, i);
		trouble_ends(i);
		o = audit(&s.r, s.it);
		ck_assert_msg(o.verdict.verdict == TOTE_VERDICT_OK, "trouble %d: verdict %u: %d",
			_i * HARMED + i, o.verdict.verdict, o.codes[0]);
		root_fill(&s.r, s.it, 1);
	}
	tree_free(&before);
	isle_remove(&s);
}
END_TEST

/* What the record says of one is not what any library wrote: no run over it can be begun. */
START_TEST(one_whose_run_cannot_be_begun_ends_no_audit)
{
	struct outcome o;
	struct isle s;

	isle_copy(&s);
	isle_open(&s, NULL);
	snprintf(tote__registry_find(&s.r.o->registry, s.it)->vkey, 16, "no vkey");
	isle_day_is_the_same(&s, EVERYTHING);
	o = audit(&s.r, s.it);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_int_eq(has_code(&o, FINDING_UNREACHABLE), 1);
	isle_remove(&s);
}
END_TEST

/* --- by the schedule ----------------------------------------------------------------------------- */

/* Time that goes on with each reading: a budget ends only then. */
static _Atomic int64_t reads;

static int64_t goes_on(void *user)
{
	(void)user;
	return atomic_fetch_add(&reads, 20) + 20;
}

static int64_t stands_still(void *user)
{
	const struct isle *s = user;

	return s->clock.wall;
}

/* What is due is done, and what is said of each neighbour afterwards. */
static struct tote_dispatch is_dispatched(struct isle *s, const struct kernel *kernel,
	void (*begin)(struct isle *s), char (*out)[2048])
{
	struct tote_clock clock = {
		.size = sizeof(clock), .wall = stands_still, .monotonic = goes_on, .user = s};
	struct tote_ctx_options options = {.size = sizeof(options), .clock = &clock};
	struct tote_dispatch did = {.size = sizeof(did)};

	s->clock = isle_clock;
	s->clock.wall += INT64_C(30) * 24 * 3600 * 1000000; /* a month later all are due */
	ck_ok(tote_ctx_new(&options, &s->r.ctx, &s->r.fault), s->r.fault);
	ck_assert_int_eq(tote__posix_kernel_set(s->r.ctx, kernel, &s->r.fault), 0);
	root_open(&s->r);
	if (begin)
		begin(s);
	ck_ok(tote_orchestrator_dispatch(s->r.o, NULL, &did, &s->r.fault), s->r.fault);
	for (int i = 0; i < NEIGHBOURS; i++) {
		struct said said = {.at = out[i], .left = sizeof(out[i])};

		say_status(s, neighbour(i), &said);
	}
	return did;
}

/* One is in trouble, one is damaged, one is not there, one is another's copy. */
static void four_bad_ones(struct isle *s)
{
	isle_mean(s, 0);
	trouble_begins(0, printed("%s/containers/%s", s->r.path, s->it), TROUBLE_FAILING, EIO);
	isle_mean(s, 1);
	flip_in_an_asset(s);
	isle_mean(s, 2);
	absent(s);
	isle_mean(s, 3);
	a_copy_of_a_neighbour(s);
}

START_TEST(what_is_due_is_done_for_all_neighbours_of_bad_ones)
{
	static char well[NEIGHBOURS][2048], among[NEIGHBOURS][2048];
	struct tote_dispatch did;
	struct isle s;

	isle_copy(&s);
	did = is_dispatched(&s, NULL, NULL, well);
	ck_assert_uint_eq(did.ended, 1 + NEIGHBOURS + HARMED);
	ck_assert_uint_eq(did.damaged + did.incomplete + did.failed, 0);
	isle_remove(&s);
	isle_copy(&s);
	did = is_dispatched(&s, troubled_kernel(), four_bad_ones, among);
	ck_assert_uint_eq(did.ended, 1 + NEIGHBOURS + HARMED);
	ck_assert_uint_eq(did.damaged, 2);
	ck_assert_uint_eq(did.incomplete, 2);
	for (int i = 0; i < NEIGHBOURS; i++)
		ck_assert_str_eq(among[i], well[i]);
	isle_remove(&s);
}
END_TEST

Suite *isolation_suite(void)
{
	Suite *s = suite_create("isolation");
	TCase *t = tcase_create("isolation");

	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, isle_make, isle_end);
	tcase_add_loop_test(t,
		no_neighbour_sees_anything_of_a_bad_state_and_no_file_of_one_is_touched, 0,
		(STATES + HARMED - 1) / HARMED);
	tcase_add_loop_test(
		t, no_neighbour_sees_anything_of_trouble_with_its_files, 0, TROUBLE_KINDS / HARMED);
	tcase_add_test(t, one_whose_run_cannot_be_begun_ends_no_audit);
	tcase_add_test(t, what_is_due_is_done_for_all_neighbours_of_bad_ones);
	suite_add_tcase(s, t);
	return s;
}
