/* SPDX-License-Identifier: ISC */
/*
 * Audits that read from memory: what the record, a status and the schedule make of one that was asked
 * to, and of one whose store knows no better.
 */
#include "orchestrator/outcome.h"
#include "scheduled.h"
#include <errno.h>
#include <sys/vfs.h>

static struct kernel kernel;

/* A file system that says that it is none in memory, and that takes O_DIRECT or does not. */
static int disk_fstatfs(int fd, struct statfs *fs)
{
	(void)fd;
	memset(fs, 0, sizeof(*fs));
	return 0;
}

static int takes_direct(int fd, int flags)
{
	(void)fd, (void)flags;
	return 0;
}

static int refuses_direct(int fd, int flags)
{
	(void)fd, (void)flags;
	errno = EINVAL;
	return -1;
}

static void by_store(int may_pass_memory)
{
	kernel = *tote__kernel();
	kernel.fstatfs = disk_fstatfs;
	kernel.setfl = may_pass_memory ? takes_direct : refuses_direct;
	root_reopen_with(&r, &kernel);
}

static struct tote_verdict audited(uint32_t flags, int64_t max_age_us)
{
	const char *const ids[] = {"a"};
	struct tote_audit_options options = {.size = sizeof(options),
		.flags = flags,
		.ids = ids,
		.id_count = 1,
		.max_age_us = max_age_us};
	struct tote_verdict v = {.size = sizeof(v)};
	tote_audit *job;
	int rc;

	ck_ok(tote_audit_start(r.o, &options, &job, &r.fault), r.fault);
	while ((rc = tote_audit_step(job, 0, 0, &r.fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", r.fault.text);
	if (tote_audit_next_verdict(job, &v, &r.fault) == 0)
		v.verdict = TOTE_VERDICT_NONE; /* passed over */
	ck_ok(tote_audit_close(job, &r.fault), r.fault);
	return v;
}

static struct tote_status status(void)
{
	struct tote_status s = {.size = sizeof(s)};

	ck_ok(tote_orchestrator_status(r.o, "a", &s, &r.fault), r.fault);
	return s;
}

/* What the newest entry of that kind has in that field, "" where it has none. */
static const char *recorded(const char *kind, const char *key)
{
	static char value[64];
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;
	tote_box *record;

	value[0] = '\0';
	ck_ok(tote_orchestrator_record(r.o, &record, &r.fault), r.fault);
	ck_ok(tote_cursor_open(record, 0, 0, &cursor, &r.fault), r.fault);
	while (tote_cursor_next(cursor, &e, &r.fault) == 1) {
		if (strcmp(e.kind, kind) != 0)
			continue;
		value[0] = '\0';
		for (size_t i = 0; i < e.field_count; i++)
			if (!strcmp(e.fields[i].key, key))
				snprintf(value, sizeof(value), "%.*s", (int)e.fields[i].length,
					(const char *)e.fields[i].value);
	}
	tote_cursor_unref(cursor);
	tote_box_unref(record);
	return value;
}

static const char *reported(uint64_t run)
{
	static char text[8192];
	tote_report *report;
	size_t len;

	ck_ok(tote_report_open(r.o, run, &report, &r.fault), r.fault);
	ck_assert_int_eq(tote_report_read(report, text, sizeof(text) - 1, &len, &r.fault), 1);
	text[len] = '\0';
	tote_report_unref(report);
	return text;
}

#define CACHED (TOTE_VERDICT_CACHED | TOTE_VERDICT_CACHED_ASKED)
#define SHOWN  (TOTE_STATUS_CACHED | TOTE_STATUS_CACHED_ASKED)

static void provision(void)
{
	root_provision(&r, "a");
	seal_bytes("a", "f", 100);
	seal_bytes("a", "g", 100000);
}

START_TEST(what_was_read_from_memory_is_said_with_the_reason_wherever_the_verdict_is)
{
	struct tote_verdict v;

	provision();
	by_store(1);
	v = audited(0, 0);
	ck_assert_uint_eq(v.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(v.flags & CACHED, 0);
	ck_assert_str_eq(recorded("audit.finished", "cached"), "");
	ck_assert_uint_eq(status().flags & SHOWN, 0);
	ck_assert_ptr_nonnull(strstr(reported(v.run), "\"cached\":false}"));
	v = audited(TOTE_AUDIT_CACHED, 0);
	ck_assert_uint_eq(v.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(v.flags & CACHED, CACHED);
	ck_assert_str_eq(recorded("audit.started", "cached"), "asked");
	ck_assert_str_eq(recorded("audit.finished", "cached"), "asked");
	ck_assert_uint_eq(status().flags & SHOWN, SHOWN);
	ck_assert_ptr_nonnull(strstr(reported(v.run), "\"cached\":true,\"cached_by\":\"asked\"}"));
	by_store(0);
	ck_assert_uint_eq(status().flags & SHOWN, SHOWN);
	v = audited(0, 0);
	ck_assert_uint_eq(v.flags & CACHED, TOTE_VERDICT_CACHED);
	ck_assert_str_eq(recorded("audit.started", "cached"), "");
	ck_assert_str_eq(recorded("audit.finished", "cached"), "store");
	ck_assert_uint_eq(status().flags & SHOWN, TOTE_STATUS_CACHED);
	ck_assert_ptr_nonnull(strstr(reported(v.run), "\"cached\":true,\"cached_by\":\"store\"}"));
	/* and the record of all that is well-formed */
	ck_assert_uint_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
}
END_TEST

START_TEST(an_audit_that_was_asked_to_read_from_memory_leaves_the_schedules_own_due)
{
	struct tote_status before, after;
	struct tote_due due = {.size = sizeof(due)}, then = {.size = sizeof(then)};

	provision();
	by_store(1);
	pass(31 * DAY);
	dispatch();
	pass(31 * DAY);
	before = status();
	ck_ok(tote_orchestrator_due(r.o, "a", &due, &r.fault), r.fault);
	ck_assert_int_lt(due.full_us, now.wall);
	ck_assert_uint_eq(audited(TOTE_AUDIT_CACHED, 0).verdict, TOTE_VERDICT_OK);
	after = status();
	ck_ok(tote_orchestrator_due(r.o, "a", &then, &r.fault), r.fault);
	ck_assert_int_eq(then.full_us, due.full_us);
	ck_assert_int_eq(then.structure_us, due.structure_us);
	ck_assert_int_eq(after.last_full_audit_us, before.last_full_audit_us);
	ck_assert_int_eq(after.last_success_us, before.last_success_us);
	ck_assert_int_gt(after.last_audit_us, before.last_audit_us);
	ck_assert_uint_eq(before.flags & TOTE_STATUS_OVERDUE, TOTE_STATUS_OVERDUE);
	ck_assert_uint_eq(after.flags & TOTE_STATUS_OVERDUE, TOTE_STATUS_OVERDUE);
	ck_assert_uint_eq(dispatch().ended, 2);
	ck_assert_uint_eq(status().flags & SHOWN, 0);
	ck_assert_uint_eq(status().health, TOTE_HEALTH_WELL);
	audited(TOTE_AUDIT_CACHED, 0);
	ck_assert_uint_eq(status().health, TOTE_HEALTH_NEWER);
}
END_TEST

START_TEST(an_audit_whose_store_knows_no_better_is_the_schedules_audit)
{
	provision();
	by_store(0);
	pass(31 * DAY);
	ck_assert_uint_eq(dispatch().ended, 2);
	ck_assert_uint_eq(dispatch().begun, 0);
	ck_assert_int_ne(status().last_full_audit_us, 0);
	ck_assert_int_ne(status().last_success_us, 0);
	ck_assert_uint_eq(status().flags & SHOWN, TOTE_STATUS_CACHED);
	ck_assert_uint_eq(status().health, TOTE_HEALTH_WELL);
}
END_TEST

START_TEST(nobody_counts_on_what_was_read_from_memory)
{
	const char *const ids[] = {"a"};
	struct tote_audit_options options = {.size = sizeof(options),
		.flags = TOTE_AUDIT_CACHED | TOTE_AUDIT_CONTINUE,
		.ids = ids,
		.id_count = 1};
	struct tote_verdict v;
	tote_audit *job;

	provision();
	by_store(1);
	audited(TOTE_AUDIT_CACHED, 0);
	ck_assert_uint_eq(status().verified_entries, 0);
	ck_assert_uint_eq(status().verified_assets, 0);
	v = audited(0, HOUR);
	ck_assert_uint_eq(v.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(v.earlier_assets, 0);
	ck_assert_uint_gt(status().verified_entries, 0);
	/* while what was read from the medium counts for one that is content with less */
	ck_assert_uint_eq(audited(TOTE_AUDIT_CACHED, HOUR).verdict, TOTE_VERDICT_NONE);
	ck_assert_uint_gt(status().verified_entries, 0);
	audited(TOTE_AUDIT_CACHED, 0);
	v = audited(0, HOUR);
	ck_assert_uint_eq(v.earlier_assets, 2);
	ck_assert_uint_eq(v.flags & CACHED, 0);
	ck_assert_int_eq(tote_audit_start(r.o, &options, &job, &r.fault), TOTE_E_ARGUMENT);
}
END_TEST

/* Begun, and cut off before its end. */
static void cut_off(uint32_t flags)
{
	const char *const ids[] = {"a"};
	struct tote_audit_options options = {
		.size = sizeof(options), .flags = flags, .ids = ids, .id_count = 1};
	tote_audit *job;

	ck_ok(tote_audit_start(r.o, &options, &job, &r.fault), r.fault);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(tote_audit_step(job, 1, 0, &r.fault), 1);
	tote_audit_unref(job);
}

START_TEST(a_run_that_read_from_memory_is_not_gone_on_with_nor_does_it_end_another)
{
	provision();
	for (int i = 0; i < 10; i++)
		seal_bytes("a", printed("more-%d", i), 300000);
	by_store(1);
	cut_off(TOTE_AUDIT_CACHED);
	ck_assert_uint_eq(audited(TOTE_AUDIT_CONTINUE, 0).continues, 0);
	cut_off(0);
	audited(TOTE_AUDIT_CACHED, 0);
	cut_off(TOTE_AUDIT_CACHED);
	root_reopen(&r);
	ck_assert_uint_ne(audited(TOTE_AUDIT_CONTINUE, 0).continues, 0);
}
END_TEST

START_TEST(damage_that_memory_does_not_show_stays_flagged)
{
	char path[512];

	provision();
	by_store(1);
	named(path, "%s/containers/a/assets/f", r.path);
	ck_assert_int_eq(chmod(path, 0600), 0);
	file_flip(path, 5, 1);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_uint_eq(audited(0, 0).verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_uint_eq(status().flags_open, 1);
	/* the page that memory held was the good one */
	ck_assert_int_eq(chmod(path, 0600), 0);
	file_flip(path, 5, 1);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_uint_eq(audited(TOTE_AUDIT_CACHED, 0).verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(status().flags & TOTE_STATUS_FLAGS_CLEARED, 0);
	ck_assert_uint_eq(audited(0, 0).verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(status().flags & TOTE_STATUS_FLAGS_CLEARED, TOTE_STATUS_FLAGS_CLEARED);
}
END_TEST

Suite *cached_suite(void);
Suite *cached_suite(void)
{
	Suite *s = suite_create("cached");
	TCase *t = tcase_create("cached");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(
		t, what_was_read_from_memory_is_said_with_the_reason_wherever_the_verdict_is);
	tcase_add_test(t, an_audit_that_was_asked_to_read_from_memory_leaves_the_schedules_own_due);
	tcase_add_test(t, an_audit_whose_store_knows_no_better_is_the_schedules_audit);
	tcase_add_test(t, nobody_counts_on_what_was_read_from_memory);
	tcase_add_test(t, a_run_that_read_from_memory_is_not_gone_on_with_nor_does_it_end_another);
	tcase_add_test(t, damage_that_memory_does_not_show_stays_flagged);
	suite_add_tcase(s, t);
	return s;
}
