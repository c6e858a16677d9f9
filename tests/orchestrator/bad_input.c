/* SPDX-License-Identifier: ISC */
/*
 * Each file below orchestrator/ cut, flipped, missing, replaced by another's or by an older one of its
 * own: an audit names it by code and file, status says so, the others go on, and with the file back
 * all is whole.
 */
#include "orchestrator/outcome.h"
#include <time.h>

enum hurt { CUT, FLIPPED, GONE, ANOTHERS, OLDER, HURTS };
static const char *const hurts[] = {"cut", "flipped", "gone", "another's", "older"};

/* A finding on a file, and of whom it is; code 0: whole all the same, with the reason beside it. */
struct wanted {
	int code;
	const char *of;
};

#define NONE                                                                                       \
	{                                                                                          \
		0, NULL                                                                            \
	}
#define OF_ROOT(code)                                                                              \
	{                                                                                          \
		FINDING_##code, "orchestrator"                                                     \
	}
#define OF_A(code)                                                                                 \
	{                                                                                          \
		FINDING_##code, "a"                                                                \
	}

/*
 * Each file, the one of another that may take its place, and what is said of it. A name that ends in a
 * slash is the newest file there.
 */
static const struct {
	const char *name, *other;
	struct wanted wanted[HURTS];
} table[] = {
	{"keys/a", "keys/b",
		{OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED), OF_A(KEY_MISSING),
			OF_ROOT(KEY_DIFFERS), OF_A(KEY_DIFFERS)}},
	{"keys/a.last", "keys/b.last",
		{OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED), OF_A(KEY_MISSING),
			OF_ROOT(KEY_DAMAGED), OF_A(KEY_DAMAGED)}},
	{"keys/orchestrator", "keys/a",
		{OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED),
			OF_ROOT(KEY_DIFFERS), NONE /* it was never rotated */}},
	{"keys/orchestrator.last", "keys/a.last",
		{OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED),
			OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED)}},
	{"keys/witness", "keys/orchestrator",
		{OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED), OF_ROOT(KEY_DAMAGED),
			OF_ROOT(KEY_DIFFERS), NONE /* it was never rotated */}},
	{"seen/a", "seen/b",
		{OF_ROOT(SEEN_DAMAGED), OF_ROOT(SEEN_DAMAGED), OF_A(SEEN_MISSING),
			OF_ROOT(SEEN_DAMAGED), OF_A(WITNESS_ROLLED_BACK)}},
	{"reports/", "reports/",
		{OF_ROOT(REPORT_CHANGED), OF_ROOT(REPORT_CHANGED), OF_ROOT(REPORT_MISSING),
			OF_ROOT(REPORT_CHANGED), NONE /* written once */}},
	{"ledger/log/checkpoint", "../containers/a/ledger/log/checkpoint",
		{OF_ROOT(CHECKPOINT_MALFORMED), OF_ROOT(SIGNATURE_BAD), OF_ROOT(CHECKPOINT_MISSING),
			OF_ROOT(CHECKPOINT_MALFORMED),
			NONE /* the end of an audit puts the newest back */}},
	{"ledger/log/tile/entries/", "../containers/a/ledger/log/tile/entries/",
		{OF_ROOT(BUNDLE_CHANGED), OF_ROOT(BUNDLE_CHANGED), OF_ROOT(BUNDLE_MISSING),
			OF_ROOT(BUNDLE_CHANGED), NONE}},
	{"ledger/log/tile/0/", "../containers/a/ledger/log/tile/0/",
		{OF_ROOT(TILE_CHANGED), OF_ROOT(TILE_CHANGED), OF_ROOT(TILE_MISSING),
			OF_ROOT(TILE_CHANGED), NONE}},
};
#define FILES (int)(sizeof(table) / sizeof(table[0]))

/* --- made once, copied for each ------------------------------------------------------------------- */

static struct root base;

static void everything_is_whole(struct root *r)
{
	ck_assert_uint_eq(audit(r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(audit(r, "a").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(audit(r, "b").verdict.verdict, TOTE_VERDICT_OK);
}

static void make_base(void)
{
	tote_box *box;
	uint64_t seq;

	root_make(&base);
	root_provision(&base, "a");
	root_provision(&base, "b");
	root_fill(&base, "a", 3);
	root_fill(&base, "b", 3);
	everything_is_whole(&base);
	copy_tree(printed("%s/orchestrator", base.path), scratch_path(&base.scratch, "older"));
	box = root_box(&base, "a");
	ck_ok(tote_box_rotate(box, NULL, "a year went by", 0, &seq, &base.fault), base.fault);
	tote_box_unref(box);
	root_fill(&base, "a", 3);
	everything_is_whole(&base);
	root_close(&base);
	tote_ctx_unref(base.ctx);
	base.ctx = NULL;
}

static void remove_base(void)
{
	root_remove(&base);
}

static void copy_base(struct root *r)
{
	memset(r, 0, sizeof(*r));
	scratch_make(&r->scratch);
	snprintf(r->path, sizeof(r->path), "%s", scratch_path(&r->scratch, "root"));
	copy_tree(base.path, r->path);
	r->ctx = support_ctx(NULL, NULL);
}

/* --- hurting one ---------------------------------------------------------------------------------- */

/* The file of that name below a directory; of one that ends in a slash the newest, or nth newest. */
static void find_file(char out[512], const char *below, const char *name, int nth)
{
	char command[1200];
	FILE *from;

	ck_assert_int_lt(snprintf(out, 512, "%s/%s", below, name), 512);
	if (name[strlen(name) - 1] != '/')
		return;
	snprintf(command, sizeof(command),
		"find '%s' -type f -printf '%%T@ %%p\\n' | sort -n | tail -n %d | head -n 1 | "
		"cut -d' ' -f2-",
		out, nth);
	from = popen(command, "r");
	ck_assert_ptr_nonnull(from);
	ck_assert_ptr_nonnull(fgets(out, 512, from));
	pclose(from);
	out[strcspn(out, "\n")] = '\0';
}

static void replace(const char *with, const char *path)
{
	ck_assert_int_eq(run_shell(printed("rm -f '%s' && cp -p '%s' '%s'", path, with, path)), 0);
}

static void hurt_file(struct root *r, int file, int how, char path[512])
{
	char own[512], other[512];

	named(own, "%s/orchestrator", r->path);
	find_file(path, own, table[file].name, 1);
	if (how == CUT) {
		file_truncate(path, (size_t)file_size(path) - 5);
	} else if (how == FLIPPED) {
		/* of a checkpoint its origin: what a flip elsewhere hits is another each time */
		file_flip(path, strstr(path, "/checkpoint") ? 3 : (size_t)file_size(path) / 2, 1);
	} else if (how == GONE) {
		ck_assert_int_eq(unlink(path), 0);
	} else if (how == ANOTHERS) {
		find_file(other, own, table[file].other, 2 - (table[file].other[0] == '.'));
		replace(other, path);
	} else {
		replace(printed("%s/older/%s", base.scratch.path, table[file].name), path);
	}
}

/* What one audit of everything says of a file, and of the rest. */
struct said {
	int named; /* that code, of that container, at that file */
	int verdicts;
	uint32_t of_b, worst;
	char all[2048];
};

static struct said audit_all(struct root *r, const struct wanted *wanted, const char *path)
{
	struct tote_finding f = {.size = sizeof(f)};
	struct tote_verdict v = {.size = sizeof(v)};
	struct said out = {.named = 0};
	tote_audit *job;
	size_t used = 0;
	int rc;

	ck_ok(tote_audit_start(r->o, NULL, &job, &r->fault), r->fault);
	while ((rc = tote_audit_step(job, 1 << 20, 0, &r->fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", r->fault.text);
	while (tote_audit_next_finding(job, &f, &r->fault) == 1) {
		out.named +=
			f.code == wanted->code && !strcmp(f.container, wanted->of) &&
			(!*f.path || strstr(path, f.path) || strstr(f.path, strrchr(path, '/')));
		if (used < sizeof(out.all) - 400)
			used += (size_t)snprintf(out.all + used, 400, "%s: %d %s: %.200s\n",
				f.container, f.code, f.path, f.found);
	}
	while (tote_audit_next_verdict(job, &v, &r->fault) == 1) {
		out.verdicts++;
		if (!strcmp(v.container, "b"))
			out.of_b = v.verdict;
	}
	ck_ok(tote_audit_worst(job, &out.worst, &r->fault), r->fault);
	ck_ok(tote_audit_close(job, &r->fault), r->fault);
	return out;
}

static int is_said_by_status(struct root *r, const char *id)
{
	struct tote_status st = status_of(r, id);

	return st.flags_open || st.verdict == TOTE_VERDICT_DAMAGED ||
	       st.flags & TOTE_STATUS_DAMAGED;
}

/* What a ledger holds, and what was signed last, went on meanwhile. */
static int comes_back(const char *name)
{
	return strncmp(name, "ledger", 6) != 0 && !strstr(name, ".last");
}

START_TEST(a_file_below_orchestrator_that_is_not_as_it_was_is_named)
{
	const int file = _i / HURTS, how = _i % HURTS;
	const struct wanted *wanted = &table[file].wanted[how];
	const int is_information = wanted->code == FINDING_REPORT_MISSING;
	char path[512], was[512];
	struct said said;
	struct root r;
	tote_box *box;

	if (!wanted->code)
		return;
	copy_base(&r);
	find_file(path, printed("%s/orchestrator", r.path), table[file].name, 1);
	copy_tree(path, named(was, "%s/was", r.scratch.path));
	hurt_file(&r, file, how, path);
	root_open(&r);
	said = audit_all(&r, wanted, path);
	ck_assert_msg(said.named, "%s %s: not named:\n%s", table[file].name, hurts[how], said.all);
	ck_assert_msg(said.worst == (is_information ? TOTE_VERDICT_OK : TOTE_VERDICT_DAMAGED),
		"%s %s: %u\n%s", table[file].name, hurts[how], said.worst, said.all);
	if (!is_information)
		ck_assert_msg(is_said_by_status(&r, wanted->of), "%s %s: no status",
			table[file].name, hurts[how]);
	/* nobody else has anything of it */
	ck_assert_int_eq(said.verdicts, 3);
	ck_assert_msg(said.of_b == TOTE_VERDICT_OK, "%s %s: b is %u\n%s", table[file].name,
		hurts[how], said.of_b, said.all);
	box = root_box(&r, "b");
	ck_ok(box_append(box, "goes on", &r.fault), r.fault);
	tote_box_unref(box);
	if (comes_back(table[file].name)) {
		root_close(&r);
		if (file_exists(path))
			ck_assert_int_eq(unlink(path), 0);
		copy_tree(was, path);
		root_open(&r);
		root_fill(&r, "a", 1);
		said = audit_all(&r, wanted, path);
		ck_assert_msg(said.worst == TOTE_VERDICT_OK, "%s %s: not mended\n%s",
			table[file].name, hurts[how], said.all);
	}
	root_remove(&r);
}
END_TEST

static const char *const grown[] = {"keys/a", "keys/a.last", "keys/orchestrator.last",
	"keys/witness", "seen/a", "reports/", "ledger/log/checkpoint", "ledger/log/tile/entries/",
	"ledger/log/tile/0/", "ledger/journal/"};

START_TEST(a_file_that_was_made_huge_is_named_and_nobody_waits_for_it)
{
	struct timespec begin, end;
	char path[512];
	struct stat st;
	struct said said;
	struct root r;

	copy_base(&r);
	find_file(path, printed("%s/orchestrator", r.path), grown[_i], 1);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(chmod(path, 0644) || truncate(path, (off_t)1 << 40) ||
				 chmod(path, st.st_mode & 07777),
		0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	root_open(&r);
	said = audit_all(&r, &(struct wanted){0, "orchestrator"}, path);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_uint_eq(said.worst, TOTE_VERDICT_DAMAGED);
	ck_assert_msg(strstr(said.all, strrchr(path, '/') + 1) != NULL, "%s: %s", path, said.all);
	ck_assert_uint_eq(said.of_b, TOTE_VERDICT_OK);
	ck_assert_int_lt(end.tv_sec - begin.tv_sec, 20);
	root_remove(&r);
}
END_TEST

Suite *bad_input_suite(void)
{
	Suite *s = suite_create("bad_input");
	TCase *t = tcase_create("bad_input");

	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, make_base, remove_base);
	tcase_add_loop_test(
		t, a_file_below_orchestrator_that_is_not_as_it_was_is_named, 0, FILES * HURTS);
	tcase_add_loop_test(t, a_file_that_was_made_huge_is_named_and_nobody_waits_for_it, 0,
		(int)(sizeof(grown) / sizeof(grown[0])));
	suite_add_tcase(s, t);
	return s;
}
