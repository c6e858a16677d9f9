/* SPDX-License-Identifier: ISC */
/*
 * A root whose consolidated record, or a key of its own, is damaged: every container is audited all
 * the same, the damage is named, and nothing is decided on the strength of what is left.
 */
#include "orchestrator/outcome.h"
#include <errno.h>

/* What one audit of everything gave. */
struct whole_audit {
	uint32_t of_a, of_b, of_record, worst;
	int verdicts, named; /* findings of the record whose path ends as was asked */
	int refusals;
	uint32_t flags_of_a;
};

static int ends_with(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len >= tail_len && !strcmp(text + len - tail_len, tail);
}

static struct whole_audit audit_all(struct root *r, const char *tail)
{
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_finding finding = {.size = sizeof(finding)};
	struct whole_audit out = {.verdicts = 0};
	tote_audit *audit;
	int rc;

	ck_ok(tote_audit_start(r->o, NULL, &audit, &r->fault), r->fault);
	while ((rc = tote_audit_step(audit, 1 << 20, 0, &r->fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", r->fault.text);
	while (tote_audit_next_finding(audit, &finding, &r->fault) == 1)
		if (!strcmp(finding.container, "orchestrator") &&
			!(finding.flags & TOTE_FINDING_INFORMATION))
			out.named += ends_with(finding.path, tail),
				out.refusals += finding.code == FINDING_RECORD_REFUSES;
	while (tote_audit_next_verdict(audit, &verdict, &r->fault) == 1) {
		out.verdicts++;
		if (!strcmp(verdict.container, "a")) {
			out.of_a = verdict.verdict;
			out.flags_of_a = verdict.flags;
		} else if (!strcmp(verdict.container, "b")) {
			out.of_b = verdict.verdict;
		} else {
			out.of_record = verdict.verdict;
		}
	}
	ck_ok(tote_audit_worst(audit, &out.worst, &r->fault), r->fault);
	ck_ok(tote_audit_close(audit, &r->fault), r->fault);
	return out;
}

/* Two containers with a record each, all of it audited and folded. */
static void make_two(struct root *r)
{
	root_make(r);
	root_provision(r, "a");
	root_provision(r, "b");
	root_fill(r, "a", 3);
	ck_assert_uint_eq(audit_all(r, "").worst, TOTE_VERDICT_OK);
	root_close(r);
}

enum { GONE, CUT, CHANGED };

/* The newest file below that directory of orchestrator/, or the file itself. */
static const char *newest(struct root *r, char out[512], const char *name)
{
	char command[700];
	FILE *from;

	snprintf(command, sizeof(command),
		"find '%s/orchestrator/%s' -type f -printf '%%T@ %%p\\n' | sort -n | tail -1 | "
		"cut -d' ' -f2-",
		r->path, name);
	from = popen(command, "r");
	ck_assert_ptr_nonnull(from);
	ck_assert_ptr_nonnull(fgets(out, 512, from));
	pclose(from);
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static void damage(const char *path, int how)
{
	if (how == GONE)
		ck_assert_int_eq(unlink(path), 0);
	else if (how == CUT)
		file_truncate(path, (size_t)file_size(path) - 5);
	else
		file_flip(path, (size_t)file_size(path) / 2, 1);
}

static const struct {
	const char *name, *tail;
	int how;
} in_log[] = {
	{"ledger/log/checkpoint", "checkpoint", CUT},
	{"ledger/log/checkpoint", "checkpoint", GONE},
	{"ledger/log/tile/entries", "", GONE},
	{"ledger/log/tile/entries", "", CUT},
	{"ledger/log/tile/entries", "", CHANGED},
	{"ledger/log/tile/0", "", GONE},
	{"ledger/log/tile/0", "", CUT},
	{"ledger/log/tile/0", "", CHANGED},
};

START_TEST(a_damaged_record_keeps_no_container_from_being_audited)
{
	struct tote_status status;
	struct whole_audit got;
	struct root r;
	char path[512];

	make_two(&r);
	newest(&r, path, in_log[_i].name);
	damage(path, in_log[_i].how);
	root_open(&r);
	got = audit_all(&r, in_log[_i].tail[0] ? in_log[_i].tail : strrchr(path, '/'));
	ck_assert_int_eq(got.verdicts, 3);
	ck_assert_uint_eq(got.of_a, TOTE_VERDICT_OK);
	ck_assert_uint_eq(got.of_b, TOTE_VERDICT_OK);
	ck_assert_uint_eq(got.of_record, TOTE_VERDICT_DAMAGED);
	ck_assert_uint_eq(got.worst, TOTE_VERDICT_DAMAGED);
	ck_assert_int_ge(got.named, 1);
	status = status_of(&r, "orchestrator");
	ck_assert(status.flags & TOTE_STATUS_DAMAGED || status.flags_open);
	/* one finding says for all runs that nothing is recorded */
	ck_assert_int_eq(got.refusals, (got.flags_of_a & TOTE_VERDICT_NOT_RECORDED) != 0);
	root_remove(&r);
}
END_TEST

START_TEST(nothing_is_decided_on_what_is_left_of_a_damaged_record)
{
	struct root r;
	char path[512];

	make_two(&r);
	damage(newest(&r, path, in_log[_i].name), in_log[_i].how);
	/* a journal from entry 0 on makes a missing checkpoint anew: FORMAT section 5 */
	if (in_log[_i].how == GONE && !strcmp(in_log[_i].tail, "checkpoint"))
		remove_tree(printed("%s/orchestrator/ledger/journal", r.path));
	root_open(&r);
	ck_assert_int_lt(tote_orchestrator_provision(r.o, "c", NULL, NULL, &r.fault), 0);
	ck_assert_msg(strstr(r.fault.text, "ledger") != NULL, "%s", r.fault.text);
	ck_assert_int_eq(file_exists(printed("%s/containers/c", r.path)), 0);
	ck_assert_int_eq(file_exists(printed("%s/orchestrator/keys/c", r.path)), 0);
	ck_assert_int_lt(root_move(&r, "a", TOTE_STATE_SUSPENDED), 0);
	ck_assert_int_lt(tote_orchestrator_detach(r.o, "a", NULL, "because", 0, &r.fault), 0);
	root_remove(&r);
}
END_TEST

START_TEST(a_container_whose_registration_is_lost_is_found_by_its_key)
{
	struct tote_container c = {.size = sizeof(c)};
	struct root r;
	char path[512];

	make_two(&r);
	damage(newest(&r, path, "ledger/log/tile/entries"), GONE);
	ck_ok(tote_orchestrator_open(r.ctx, r.path, TOTE_ORCHESTRATOR_READ_ONLY, &r.o, &r.fault),
		r.fault);
	ck_ok(tote_orchestrator_find(r.o, "b", &c, &r.fault), r.fault);
	ck_assert_str_eq(c.location, printed("%s/containers/b", r.path));
	ck_assert_str_eq(c.origin, ROOT_ORIGIN "/b");
	ck_assert(status_of(&r, "orchestrator").flags & TOTE_STATUS_DAMAGED);
	root_remove(&r);
}
END_TEST

static const struct {
	const char *name;
	int how;
} keys[] = {
	{"orchestrator", GONE},
	{"orchestrator", CUT},
	{"witness", GONE},
	{"witness", CUT},
};

START_TEST(a_key_of_the_root_that_is_no_key_is_named_and_everything_is_audited)
{
	struct whole_audit got;
	struct root r;
	char path[512];

	make_two(&r);
	named(path, "%s/orchestrator/keys/%s", r.path, keys[_i].name);
	damage(path, keys[_i].how);
	root_open(&r);
	got = audit_all(&r, strrchr(path, '/'));
	ck_assert_int_eq(got.verdicts, 3);
	ck_assert_uint_eq(got.of_a, TOTE_VERDICT_OK);
	ck_assert_uint_eq(got.of_record, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(got.named, 1);
	ck_assert_int_eq(got.flags_of_a & TOTE_VERDICT_NOT_RECORDED, 0);
	ck_assert_uint_eq(status_of(&r, "orchestrator").flags_open, 1);
	ck_fault(tote_orchestrator_provision(r.o, "c", NULL, NULL, &r.fault), TOTE_E_KEY, r.fault);
	ck_assert_msg(strstr(r.fault.text, keys[_i].name) != NULL, "%s", r.fault.text);
	ck_assert_int_eq(file_exists(printed("%s/containers/c", r.path)), 0);
	root_remove(&r);
}
END_TEST

/* --- readers of the group --------------------------------------------------------------------- */

/* As for a process of the directory's group: keys/ and lock are their owner's alone. */
static int is_owners(const char *path)
{
	size_t len = strlen(path);

	return !strcmp(path, "lock") || !strcmp(path, "ledger/lock") ||
	       (len >= 4 && !strcmp(path + len - 4, "keys"));
}

static int openat2_of_group(int dir, const char *path, const struct open_how *how)
{
	if (!is_owners(path) || how->flags & O_PATH)
		return tote__kernel()->openat2(dir, path, how);
	errno = EACCES;
	return -1;
}

static int openat_of_group(int dir, const char *path, int flags, mode_t mode)
{
	if (!is_owners(path) || flags & O_PATH)
		return tote__kernel()->openat(dir, path, flags, mode);
	errno = EACCES;
	return -1;
}

static struct tote_status status_of_group(struct root *r, const struct kernel *kernel)
{
	struct tote_status status = {.size = sizeof(status)};
	tote_ctx *ctx = support_ctx(NULL, NULL);
	tote_orchestrator *o;

	ck_assert_int_eq(tote__posix_kernel_set(ctx, kernel, &r->fault), 0);
	ck_ok(tote_orchestrator_open(ctx, r->path, TOTE_ORCHESTRATOR_READ_ONLY, &o, &r->fault),
		r->fault);
	ck_ok(tote_orchestrator_status(o, "orchestrator", &status, &r->fault), r->fault);
	tote_orchestrator_unref(o);
	tote_ctx_unref(ctx);
	return status;
}

START_TEST(who_may_not_read_the_lock_is_told_when_more_is_on_record_than_is_shown)
{
	struct kernel kernel = *tote__kernel();
	struct tote_status status;
	struct root r;

	kernel.openat2 = openat2_of_group;
	kernel.openat = openat_of_group;
	root_make(&r);
	root_provision(&r, "a");
	ck_assert_uint_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	status = status_of_group(&r, &kernel);
	ck_assert_uint_eq(status.flags & TOTE_STATUS_UNREAD, 0);
	ck_assert_uint_gt(status.entries, 0);
	root_provision(&r, "b"); /* which no checkpoint of the record covers */
	status = status_of_group(&r, &kernel);
	ck_assert_uint_eq(status.flags & TOTE_STATUS_UNREAD, TOTE_STATUS_UNREAD);
	ck_assert_uint_eq(status_of(&r, "orchestrator").flags & TOTE_STATUS_UNREAD, 0);
	root_remove(&r);
}
END_TEST

Suite *salvage_suite(void)
{
	Suite *s = suite_create("salvage");
	TCase *t = tcase_create("damaged record");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_damaged_record_keeps_no_container_from_being_audited, 0,
		(int)(sizeof(in_log) / sizeof(in_log[0])));
	tcase_add_loop_test(t, nothing_is_decided_on_what_is_left_of_a_damaged_record, 0,
		(int)(sizeof(in_log) / sizeof(in_log[0])));
	tcase_add_test(t, a_container_whose_registration_is_lost_is_found_by_its_key);
	tcase_add_loop_test(t, a_key_of_the_root_that_is_no_key_is_named_and_everything_is_audited,
		0, (int)(sizeof(keys) / sizeof(keys[0])));
	tcase_add_test(t, who_may_not_read_the_lock_is_told_when_more_is_on_record_than_is_shown);
	suite_add_tcase(s, t);
	return s;
}
