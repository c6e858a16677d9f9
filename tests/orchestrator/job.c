/* SPDX-License-Identifier: ISC */
/*
 * Audit jobs: what they record, and audits that go on where something prevents them.
 */
#include "orchestrator/outcome.h"
#include "crypto/hash.h"
#include "orchestrator/record.h"
#include "store/keystore.h"
#include <errno.h>

START_TEST(a_whole_container_is_ok_witnessed_and_its_report_is_the_one_on_record)
{
	struct root r;
	struct outcome o;
	struct known_report report;
	uint8_t digest[HASH_LEN], *bytes;
	size_t len;

	root_make(&r);
	root_provision(&r, "a");
	seal(&r, "a", "x");
	root_fill(&r, "a", 300);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(o.findings, 0);
	ck_assert_uint_eq(o.verdict.flags & TOTE_VERDICT_WITNESSED, TOTE_VERDICT_WITNESSED);
	ck_assert_uint_eq(o.verdict.entries, 302);
	ck_assert_uint_eq(o.verdict.assets, 1);
	ck_assert_uint_eq(r.o->registry.report_count, 1);
	report = r.o->registry.reports[0];
	bytes = file_read(
		printed("%s/orchestrator/reports/%d.jsonl", r.path, (int)o.verdict.run), &len);
	ck_assert_uint_eq(len, report.size);
	tote__hash_bytes(tote__hasher(r.ctx), bytes, len, digest);
	ck_assert_mem_eq(digest, report.digest, HASH_LEN);
	free(bytes);
	o = audit(&r, "orchestrator");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(o.findings, 0);
	ck_assert_uint_eq(status_of(&r, "a").witnessed, 302);
	root_remove(&r);
}
END_TEST

/* The last group of the record's journal, which was durable, does not check any more. */
static void damage_record(struct root *r)
{
	ck_assert_int_eq(
		run_shell(printed("cd '%s/orchestrator/ledger/journal' && f=$(ls | tail -1) "
				  "&& at=$(grep -abo totegrp \"$f\" | tail -1 | cut -d: -f1) "
				  "&& printf x | dd of=\"$f\" bs=1 seek=$((at + 80)) "
				  "conv=notrunc 2>/dev/null",
			r->path)),
		0);
}

START_TEST(where_the_record_takes_no_entry_the_audit_goes_on_and_says_so)
{
	struct tote_container c = {.size = sizeof(c)};
	struct root r;
	struct outcome o;

	root_make(&r);
	root_provision(&r, "a");
	file_write(asset(&r, "a", "foreign"), "x", 1);
	ck_assert_uint_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	root_provision(&r, "b"); /* which no checkpoint covers */
	root_close(&r);
	damage_record(&r);
	root_open(&r);
	/* what is whole of it is known */
	ck_ok(tote_orchestrator_find(r.o, "a", &c, &r.fault), r.fault);
	ck_assert_int_lt(tote_orchestrator_provision(r.o, "c", NULL, NULL, &r.fault), 0);
	ck_assert_int_lt(root_move(&r, "a", TOTE_STATE_SUSPENDED), 0);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_uint_eq(o.verdict.flags & TOTE_VERDICT_NOT_RECORDED, TOTE_VERDICT_NOT_RECORDED);
	ck_assert_int_eq(has_code(&o, FINDING_RECORD_REFUSES), 1);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_FOREIGN), 1);
	ck_assert_int_eq(o.not_recorded, o.findings);
	o = audit(&r, "orchestrator");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_JOURNAL_DAMAGED), 1);
	root_remove(&r);
}
END_TEST

static int disk_is_full;

static ssize_t full_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (!disk_is_full)
		return tote__kernel()->pwrite(fd, data, len, offset);
	errno = ENOSPC;
	return -1;
}

START_TEST(on_a_full_disk_nothing_is_hidden_and_with_space_again_all_is_recorded)
{
	struct kernel kernel = *tote__kernel();
	struct root r;
	struct outcome o;

	disk_is_full = 0;
	root_make(&r);
	root_provision(&r, "a");
	kernel.pwrite = full_pwrite;
	root_reopen_with(&r, &kernel);
	file_write(asset(&r, "a", "foreign"), "x", 1);
	disk_is_full = 1;
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_RECORD_REFUSES), 1);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_FOREIGN), 1);
	ck_assert_int_eq(o.not_recorded, o.findings);
	ck_fault(tote_orchestrator_provision(r.o, "b", NULL, NULL, &r.fault), TOTE_E_NO_SPACE,
		r.fault);
	disk_is_full = 0;
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(o.findings, 1);
	ck_assert_int_eq(o.not_recorded, 0);
	root_provision(&r, "b");
	ck_assert_uint_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

START_TEST(a_container_that_cannot_be_reached_is_incomplete_and_delays_no_other)
{
	struct root r;
	struct outcome o;
	char here[512], away[512];

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	named(here, "%s/containers/a", r.path);
	named(away, "%s/away", r.scratch.path);
	ck_assert_int_eq(rename(here, away), 0);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_int_eq(has_code(&o, FINDING_UNREACHABLE), 1);
	ck_assert_uint_eq(o.verdict.flags & TOTE_VERDICT_UNREACHABLE, TOTE_VERDICT_UNREACHABLE);
	ck_assert_uint_eq(audit(&r, "b").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(
		status_of(&r, "a").flags & TOTE_STATUS_UNREACHABLE, TOTE_STATUS_UNREACHABLE);
	/* a link in its place is damage */
	ck_assert_int_eq(symlink(away, here), 0);
	o = audit(&r, "a");
	ck_assert_uint_ne(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(unlink(here), 0);
	ck_assert_int_eq(rename(away, here), 0);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	/* disposed, it may be absent */
	ck_ok(root_move(&r, "a", TOTE_STATE_ARCHIVED), r.fault);
	ck_ok(root_move(&r, "a", TOTE_STATE_DISPOSED), r.fault);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(rename(here, away), 0);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(o.findings, 0);
	root_remove(&r);
}
END_TEST

START_TEST(two_containers_in_one_directory_are_found_at_the_run_of_either)
{
	struct root r;
	struct outcome o;
	struct vkey key;

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	/* as if another directory had been mounted over its own */
	ck_ok(tote_orchestrator_detach(r.o, "b", NULL, "x", 0, &r.fault), r.fault);
	ck_assert_int_eq(tote__keystore_public(&r.o->key_store, "b", &key, &r.fault), 0);
	ck_assert_int_eq(tote__orchestrator_hold(r.o, &r.fault), 0);
	ck_assert_int_eq(tote__record_registered(r.o,
				 &(struct registration){.id = "b",
					 .location = "containers/a",
					 .backend = "posix",
					 .key = &key},
				 NULL, &r.fault),
		0);
	tote__orchestrator_release(r.o);
	o = audit(&r, "b");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_DIRECTORY_SHARED), 1);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_DIRECTORY_SHARED), 1);
	root_remove(&r);
}
END_TEST

START_TEST(audits_of_two_processes_at_once_raise_one_flag_for_one_cause)
{
	struct root r;
	pid_t pids[3];
	int status;

	root_make(&r);
	root_provision(&r, "a");
	file_write(asset(&r, "a", "foreign"), "x", 1);
	for (int i = 0; i < 3; i++)
		if ((pids[i] = fork()) == 0) {
			struct root own = r;

			child_asserts_nothing();
			own.ctx = support_ctx(NULL, NULL);
			root_open(&own);
			_exit(audit(&own, "a").findings != 1);
		}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(root_entries(&r, "flag.raised", "a"), 1);
	ck_assert_int_eq(root_entries(&r, "audit.finished", "a"), 3);
	root_remove(&r);
}
END_TEST

START_TEST(what_the_witness_saw_is_compared_at_each_audit)
{
	struct root r;
	struct outcome o;
	char here[512], copy[512], seen[512];

	root_make(&r);
	root_provision(&r, "a");
	named(here, "%s/containers/a", r.path);
	named(copy, "%s/copy", r.scratch.path);
	named(seen, "%s/orchestrator/seen/a", r.path);
	copy_tree(here, copy);
	root_fill(&r, "a", 3);
	ck_assert_uint_eq(audit(&r, "a").verdict.witnessed, 4);
	remove_tree(here);
	copy_tree(copy, here);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_ROLLBACK), 1);
	file_flip(seen, 50, 1);
	o = audit(&r, "a");
	ck_assert_int_eq(has_code(&o, FINDING_SEEN_DAMAGED), 1);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(unlink(seen), 0);
	o = audit(&r, "a");
	ck_assert_int_eq(has_code(&o, FINDING_SEEN_MISSING), 1);
	ck_assert_int_eq(file_exists(seen), 0);
	root_remove(&r);
}
END_TEST

START_TEST(a_half_made_change_of_state_is_completed_by_the_audit_and_no_finding)
{
	struct root r;
	struct outcome o;
	tote_box *box;
	uint64_t seq;
	uint32_t from;

	root_make(&r);
	root_provision(&r, "a");
	box = root_box(&r, "a");
	ck_assert_int_eq(
		tote__box_move(box, TOTE_STATE_SUSPENDED, NULL, "x", &from, &seq, &r.fault), 0);
	tote_box_unref(box);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
	box = root_box(&r, "a");
	ck_assert_int_eq(
		tote__box_move(box, TOTE_STATE_ACTIVE, NULL, "x", &from, &seq, &r.fault), 0);
	ck_assert_int_eq(
		tote__box_move(box, TOTE_STATE_SUSPENDED, NULL, "x", &from, &seq, &r.fault), 0);
	tote_box_unref(box);
	o = audit(&r, "a");
	ck_assert_int_eq(has_code(&o, FINDING_STATE_DIFFERS), 1);
	root_remove(&r);
}
END_TEST

START_TEST(a_cancelled_job_is_incomplete_and_says_so_on_record)
{
	struct root r;
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	tote_audit *job;
	uint32_t worst;

	root_make(&r);
	root_provision(&r, "a");
	root_fill(&r, "a", 600);
	ck_ok(tote_audit_start(r.o, NULL, &job, &r.fault), r.fault);
	ck_assert_int_eq(tote_audit_step(job, 1, 0, &r.fault), 1);
	ck_ok(tote_audit_progress(job, &progress, &r.fault), r.fault);
	ck_assert_uint_eq(progress.containers, 2);
	ck_assert_str_eq(progress.current, "orchestrator");
	ck_ok(tote_audit_cancel(job, &r.fault), r.fault);
	ck_assert_int_eq(tote_audit_step(job, 0, 0, &r.fault), 0);
	ck_assert_int_eq(tote_audit_next_verdict(job, &verdict, &r.fault), 1);
	ck_assert_uint_eq(verdict.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_int_eq(tote_audit_next_verdict(job, &verdict, &r.fault), 0);
	ck_ok(tote_audit_worst(job, &worst, &r.fault), r.fault);
	ck_assert_uint_eq(worst, TOTE_VERDICT_INCOMPLETE);
	ck_ok(tote_audit_close(job, &r.fault), r.fault);
	ck_assert_int_eq(root_entries(&r, "audit.finished", "orchestrator"), 1);
	ck_assert_int_eq(root_entries(&r, "flag.raised", NULL), 0);
	ck_assert_int_eq(root_entries(&r, "audit.started", "a"), 0);
	root_remove(&r);
}
END_TEST

/* A character of the last signature becomes another of base64: the line parses and does not hold. */
static void change_last_signature(const char *path)
{
	size_t len;
	uint8_t *text = file_read(path, &len);

	ck_assert_uint_gt(len, 20);
	file_flip(path, len - 20, (uint8_t)(text[len - 20] ^ (text[len - 20] == 'A' ? 'B' : 'A')));
	free(text);
}

START_TEST(a_checkpoint_that_is_gone_or_changed_is_found_and_not_written_over)
{
	static const char *const ids[] = {"a", "orchestrator"};
	char here[512], copy[512], last[512];
	struct root r;
	struct outcome o;
	tote_box *box;

	root_make(&r);
	root_provision(&r, "a");
	root_fill(&r, "a", 3);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	named(copy, "%s/copy", r.scratch.path);
	for (size_t i = 0; i < 2; i++) {
		named(here,
			i ? "%s/%s/ledger/log/checkpoint"
			  : "%s/containers/%s/ledger/log/checkpoint",
			r.path, ids[i]);
		copy_tree(here, copy);
		ck_assert_int_eq(unlink(here), 0);
		o = audit(&r, ids[i]);
		ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
		ck_assert_int_eq(has_code(&o, FINDING_CHECKPOINT_MISSING), 1);
		if (!i) /* the end of an audit folds the record, which brings its own back */
			ck_assert_int_eq(file_exists(here), 0);
		remove_tree(copy);
		if (!i)
			root_fill(&r, "a", 1);
	}
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	named(here, "%s/containers/a/ledger/log/checkpoint", r.path);
	box = root_box(&r, "a");
	ck_ok(box_append(box, "not folded", &r.fault), r.fault);
	tote_box_unref(box);
	change_last_signature(here);
	o = audit(&r, "a");
	ck_assert_int_eq(has_code(&o, FINDING_COSIGNATURE_BAD), 1);
	named(last, "%s/orchestrator/keys/orchestrator.last", r.path);
	file_truncate(last, 0);
	o = audit(&r, "orchestrator");
	ck_assert_int_eq(has_code(&o, FINDING_KEY_DAMAGED), 1);
	ck_assert_int_eq(unlink(last), 0);
	o = audit(&r, "orchestrator");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_KEY_DAMAGED), 1);
	root_remove(&r);
}
END_TEST

START_TEST(a_report_in_the_place_of_one_that_was_not_written_yet_is_damage)
{
	struct root r;
	struct outcome o;

	root_make(&r);
	root_provision(&r, "a");
	for (int i = 0; i < 20; i++)
		file_write(printed("%s/orchestrator/reports/%d.jsonl", r.path, i), "x", 1);
	o = audit(&r, "a");
	ck_assert_int_eq(has_code(&o, FINDING_REPORT_CHANGED), 1);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	root_remove(&r);
}
END_TEST

START_TEST(a_job_that_was_cancelled_between_two_runs_is_incomplete)
{
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_finding finding = {.size = sizeof(finding)};
	struct root r;
	tote_audit *job;
	uint32_t worst;
	int cancelled = 0;

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	ck_ok(tote_audit_start(r.o, NULL, &job, &r.fault), r.fault);
	while (tote_audit_next_verdict(job, &verdict, &r.fault) == 0)
		ck_assert_int_eq(tote_audit_step(job, 0, 1, &r.fault), 1);
	ck_assert_uint_eq(verdict.verdict, TOTE_VERDICT_OK);
	ck_ok(tote_audit_cancel(job, &r.fault), r.fault);
	ck_assert_int_eq(tote_audit_step(job, 0, 0, &r.fault), 0);
	ck_ok(tote_audit_worst(job, &worst, &r.fault), r.fault);
	ck_assert_uint_eq(worst, TOTE_VERDICT_INCOMPLETE);
	ck_ok(tote_audit_close(job, &r.fault), r.fault);
	ck_ok(tote_audit_start(r.o, NULL, &job, &r.fault), r.fault);
	ck_assert_int_eq(tote_audit_step(job, 1, 0, &r.fault), 1);
	ck_ok(tote_audit_cancel(job, &r.fault), r.fault);
	ck_assert_int_eq(tote_audit_step(job, 0, 0, &r.fault), 0);
	while (tote_audit_next_finding(job, &finding, &r.fault) == 1)
		cancelled += finding.code == FINDING_CANCELLED;
	ck_assert_int_eq(cancelled, 1);
	ck_ok(tote_audit_close(job, &r.fault), r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(an_audit_gives_back_all_memory_whichever_allocation_fails_and_loses_no_finding)
{
	struct root r;
	struct failing memory;
	long n;

	root_make(&r);
	root_provision(&r, "a");
	seal(&r, "a", "x");
	file_write(asset(&r, "a", "foreign"), "x", 1);
	root_close(&r);
	for (n = 0;; n += 1 + n / 8) {
		tote_orchestrator *o;
		tote_audit *job;
		tote_ctx *ctx;
		struct tote_finding finding = {.size = sizeof(finding)};
		int rc, found = 0, refused = 0;
		uint32_t worst = 0;

		memory = (struct failing){.fail_at = -1};
		ctx = support_ctx(NULL, &memory);
		ck_ok(tote_orchestrator_open(ctx, r.path, 0, &o, &r.fault), r.fault);
		ck_ok(tote_audit_start(o, NULL, &job, &r.fault), r.fault);
		memory.fail_at = n;
		memory.once = 1;
		do {
			rc = tote_audit_step(job, 0, 0, &r.fault);
			refused += rc < 0;
			while (tote_audit_next_finding(job, &finding, &r.fault) == 1)
				found += finding.code == FINDING_ASSET_FOREIGN;
		} while (rc > 0 || (rc < 0 && refused < 3));
		ck_ok(tote_audit_worst(job, &worst, &r.fault), r.fault);
		ck_assert_msg(
			found || worst != TOTE_VERDICT_OK, "allocation %ld: damage was lost", n);
		tote_audit_unref(job);
		tote_orchestrator_unref(o);
		tote_ctx_unref(ctx);
		ck_assert_msg(memory.live == 0, "allocation %ld: %ld blocks", n, memory.live);
		if (!memory.fired)
			break;
	}
	root_remove(&r);
}
END_TEST

Suite *job_suite(void)
{
	Suite *s = suite_create("job");
	TCase *t = tcase_create("job");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_whole_container_is_ok_witnessed_and_its_report_is_the_one_on_record);
	tcase_add_test(t, where_the_record_takes_no_entry_the_audit_goes_on_and_says_so);
	tcase_add_test(t, on_a_full_disk_nothing_is_hidden_and_with_space_again_all_is_recorded);
	tcase_add_test(t, a_container_that_cannot_be_reached_is_incomplete_and_delays_no_other);
	tcase_add_test(t, two_containers_in_one_directory_are_found_at_the_run_of_either);
	tcase_add_test(t, audits_of_two_processes_at_once_raise_one_flag_for_one_cause);
	tcase_add_test(t, what_the_witness_saw_is_compared_at_each_audit);
	tcase_add_test(t, a_half_made_change_of_state_is_completed_by_the_audit_and_no_finding);
	tcase_add_test(t, a_cancelled_job_is_incomplete_and_says_so_on_record);
	tcase_add_test(t, a_job_that_was_cancelled_between_two_runs_is_incomplete);
	tcase_add_test(t, a_checkpoint_that_is_gone_or_changed_is_found_and_not_written_over);
	tcase_add_test(t, a_report_in_the_place_of_one_that_was_not_written_yet_is_damage);
	tcase_add_test(
		t, an_audit_gives_back_all_memory_whichever_allocation_fails_and_loses_no_finding);
	suite_add_tcase(s, t);
	return s;
}
