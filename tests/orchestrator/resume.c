/* SPDX-License-Identifier: ISC */
/*
 * Audits that are cut off, at each step and at each change of the disk, and go on: what is found and
 * concluded is what an audit in one piece finds, and of the assets hardly any byte is read twice.
 */
#include "orchestrator/outcome.h"
#include <errno.h>

#define ASSETS      24
#define ASSET_BYTES 70000 /* too large to be read together with others */
#define MINUTE      (61 * INT64_C(1000000))

/* Each look at the clock is a minute later: whatever may be put on record is. */
static int64_t hurried;

static int64_t hurry(void *user)
{
	(void)user;
	return __atomic_add_fetch(&hurried, MINUTE, __ATOMIC_RELAXED);
}

static tote_ctx *hurried_ctx(void)
{
	struct tote_clock clock = {.size = sizeof(clock), .monotonic = hurry};
	struct tote_ctx_options options = {.size = sizeof(options), .clock = &clock};
	struct tote_fault fault;
	tote_ctx *ctx;

	ck_ok(tote_ctx_new(&options, &ctx, &fault), fault);
	return ctx;
}

static void seal_many(struct root *r, const char *id, int first, int count)
{
	static char bytes[ASSET_BYTES];
	struct tote_source source = {
		.data = bytes, .flags = TOTE_SOURCE_DATA, .supersedes = TOTE_SEQ_ANY};
	struct tote_sealed sealed;
	tote_box *box = root_box(r, id);
	char name[512];

	for (int i = first; i < first + count; i++) {
		memset(bytes, 'a' + i % 26, sizeof(bytes));
		source.path = named(name, "%d/%03d", (i * 7) % 5, i); /* not in order of path */
		source.length = ASSET_BYTES;
		ck_ok(tote_box_seal(box, &source, 1, NULL, 0, &sealed, &r->fault), r->fault);
	}
	tote_box_unref(box);
}

static const char *asset_name(int i)
{
	return printed("%d/%03d", (i * 7) % 5, i);
}

static void damage(struct root *r, const char *id, int i)
{
	char name[512];

	file_flip(asset(r, id, named(name, "%d/%03d", (i * 7) % 5, i)), 100, 1);
}

/* The clock of this root is hurried from its beginning. */
static void make(struct root *r)
{
	root_make(r);
	root_provision(r, "a");
	seal_many(r, "a", 0, ASSETS);
	root_fill(r, "a", 30);
	root_close(r);
	tote_ctx_unref(r->ctx);
	r->ctx = hurried_ctx();
	root_open(r);
}

static tote_audit *begin(struct root *r, const struct tote_audit_options *more, const char *id)
{
	const char *ids[] = {id};
	struct tote_audit_options options = *more;
	tote_audit *audit;

	options.size = sizeof(options);
	options.ids = id ? ids : NULL;
	options.id_count = id != NULL;
	ck_ok(tote_audit_start(r->o, &options, &audit, &r->fault), r->fault);
	return audit;
}

static struct outcome end(struct root *r, tote_audit *audit)
{
	struct outcome out = {.verdict = {.size = sizeof(out.verdict)}};
	struct tote_finding finding = {.size = sizeof(finding)};
	int rc;

	while ((rc = tote_audit_step(audit, 1, 0, &r->fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", r->fault.text);
	while (tote_audit_next_finding(audit, &finding, &r->fault) == 1)
		take_finding(&out, &finding);
	ck_assert_int_eq(tote_audit_next_verdict(audit, &out.verdict, &r->fault), 1);
	ck_ok(tote_audit_close(audit, &r->fault), r->fault);
	return out;
}

static const struct tote_audit_options anew = {.size = 0}, go_on = {.flags = TOTE_AUDIT_CONTINUE};

static struct outcome whole(struct root *r, const struct tote_audit_options *options)
{
	return end(r, begin(r, options, "a"));
}

/* So many steps, then what a kill leaves: nothing more is written. How much was read. */
static uint64_t cut(struct root *r, const struct tote_audit_options *options, int steps)
{
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	tote_audit *audit = begin(r, options, "a");
	int more = 1;

	for (int i = 0; more == 1 && i < steps; i++)
		more = tote_audit_step(audit, 1, 0, &r->fault);
	ck_assert_int_ge(more, 0);
	ck_ok(tote_audit_progress(audit, &progress, &r->fault), r->fault);
	tote_audit_unref(audit);
	root_reopen(r);
	return more == 1 ? progress.bytes : 0;
}

static void same(const struct outcome *a, const struct outcome *b)
{
	ck_assert_uint_eq(a->verdict.verdict, b->verdict.verdict);
	ck_assert_uint_eq(a->verdict.entries, b->verdict.entries);
	ck_assert_uint_eq(a->verdict.entries_total, b->verdict.entries_total);
	ck_assert_uint_eq(a->verdict.assets, b->verdict.assets);
	ck_assert_uint_eq(a->verdict.assets_total, b->verdict.assets_total);
	ck_assert_int_eq(a->findings, b->findings);
	ck_assert_mem_eq(a->codes, b->codes, sizeof(a->codes));
}

START_TEST(an_audit_that_is_cut_off_at_any_step_goes_on_and_reads_hardly_an_asset_twice)
{
	struct root r;
	struct outcome one, o;
	uint64_t ledger, read;
	int steps, earlier = 0;

	make(&r);
	one = whole(&r, &anew);
	ck_assert_uint_eq(one.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(one.verdict.assets, ASSETS);
	ck_assert_uint_eq(one.verdict.earlier_assets, 0);
	ledger = one.verdict.bytes - (uint64_t)ASSETS * ASSET_BYTES;
	for (steps = 1; (read = cut(&r, &anew, steps)) > 0; steps++) {
		o = whole(&r, &go_on);
		same(&o, &one);
		ck_assert_uint_ne(o.verdict.continues, 0);
		ck_assert_uint_eq(o.verdict.earlier_bytes, o.verdict.earlier_assets * ASSET_BYTES);
		/* the ledger, and what was read since the last audit.covered: at most one asset */
		ck_assert_uint_le(
			read + o.verdict.bytes, one.verdict.bytes + ledger + ASSET_BYTES + 1024);
		earlier += (int)o.verdict.earlier_assets;
		ck_assert_int_eq((o.verdict.flags & TOTE_VERDICT_EARLIER) != 0,
			o.verdict.earlier_assets != 0);
	}
	ck_assert_int_gt(steps, ASSETS);
	ck_assert_int_ge(earlier, ASSETS * (ASSETS - 1) / 2);
	root_remove(&r);
}
END_TEST

START_TEST(it_may_be_cut_off_again_and_again_and_still_comes_to_its_end)
{
	struct root r;
	struct outcome o;
	int times = 0;

	make(&r);
	cut(&r, &anew, 10);
	while (cut(&r, &go_on, 10) && times < 100)
		times++;
	ck_assert_int_gt(times, 1);
	ck_assert_int_lt(times, 100);
	o = whole(&r, &anew);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(o.verdict.earlier_assets, 0);
	root_remove(&r);
}
END_TEST

START_TEST(damage_that_was_found_before_the_cut_is_found_again_and_never_called_verified)
{
	struct root r;
	struct outcome one, o;

	make(&r);
	damage(&r, "a", 3);
	damage(&r, "a", 15);
	one = whole(&r, &anew);
	ck_assert_uint_eq(one.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(one.findings, 2);
	ck_assert_uint_eq(one.verdict.assets, ASSETS - 2);
	for (int steps = 1; cut(&r, &anew, steps); steps += 3) {
		o = whole(&r, &go_on);
		same(&o, &one);
		ck_assert_int_eq(o.known, 2);
	}
	root_remove(&r);
}
END_TEST

/* What is damaged and told stays told, also where the process dies before anything is shown. */
START_TEST(a_finding_is_not_lost_by_a_cut_whenever_it_comes)
{
	struct root r;
	struct outcome o;
	char kept[512], root[512];

	make(&r);
	damage(&r, "a", 9);
	root_close(&r);
	named(kept, "%s.kept", r.path);
	named(root, "%s", r.path);
	copy_tree(root, kept);
	root_open(&r);
	for (int steps = 8; cut(&r, &anew, steps); steps += 5) {
		o = whole(&r, &go_on);
		ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
		ck_assert_int_eq(o.findings, 1);
		ck_assert_int_eq(has_code(&o, FINDING_ASSET_CHANGED), 1);
		root_close(&r);
		remove_tree(root);
		copy_tree(kept, root);
		root_open(&r);
	}
	root_remove(&r);
}
END_TEST

START_TEST(what_another_audit_found_damaged_meanwhile_is_read_again)
{
	struct root r;
	struct outcome o;

	make(&r);
	cut(&r, &anew, 14);
	damage(&r, "a", 2);
	o = end(&r, begin(&r, &(struct tote_audit_options){.path = asset_name(2)}, "a"));
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	o = whole(&r, &go_on);
	ck_assert_uint_gt(o.verdict.earlier_assets, 3);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_CHANGED), 1);
	root_remove(&r);
}
END_TEST

START_TEST(what_was_sealed_since_the_cut_is_read_and_what_went_missing_is_found)
{
	struct root r;
	struct outcome o;

	make(&r);
	cut(&r, &anew, 14);
	seal_many(&r, "a", ASSETS, 3);
	ck_assert_int_eq(unlink(asset(&r, "a", "0/000")), 0);
	file_write(asset(&r, "a", "foreign"), "x", 1);
	o = whole(&r, &go_on);
	ck_assert_uint_gt(o.verdict.earlier_assets, 3);
	ck_assert_uint_eq(o.verdict.assets_total, ASSETS + 3);
	ck_assert_uint_eq(o.verdict.assets, ASSETS + 2);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_MISSING), 1);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_FOREIGN), 1);
	ck_assert_int_eq(o.findings, 2);
	root_remove(&r);
}
END_TEST

START_TEST(of_another_ledger_than_was_read_everything_is_read)
{
	struct root r;
	struct outcome o;
	char here[512], away[512];

	make(&r);
	named(here, "%s/containers/a", r.path);
	named(away, "%s.away", r.path);
	copy_tree(here, away);
	seal_many(&r, "a", ASSETS, 2);
	cut(&r, &anew, 15);
	/* an older copy: shorter than what was read */
	remove_tree(here);
	ck_assert_int_eq(rename(away, here), 0);
	o = whole(&r, &go_on);
	ck_assert_uint_eq(o.verdict.earlier_assets, 0);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

static struct known *known_of(struct root *r, const char *id)
{
	struct known *k;

	ck_ok(tote__orchestrator_refresh(r->o, &r->fault), r->fault);
	k = tote__registry_find(&r->o->registry, id);
	ck_assert_ptr_nonnull(k);
	return k;
}

START_TEST(a_history_that_was_rewritten_below_what_was_read_proves_nothing)
{
	struct root r;
	struct outcome o;
	struct known *k;

	make(&r);
	cut(&r, &anew, 15);
	k = known_of(&r, "a");
	ck_assert_uint_gt(k->runs.range_count, 0);
	for (size_t i = 0; i < k->runs.range_count; i++)
		k->runs.ranges[i].leaf[5] ^= 1;
	o = whole(&r, &go_on);
	ck_assert_uint_eq(o.verdict.earlier_assets, 0);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

START_TEST(what_a_run_counts_on_it_does_not_say_it_read)
{
	struct root r;
	struct outcome o;
	struct known *k;

	make(&r);
	cut(&r, &anew, 15);
	o = whole(&r, &go_on);
	ck_assert_uint_gt(o.verdict.earlier_assets, 3);
	k = known_of(&r, "a");
	ck_assert_uint_eq(k->runs.range_count, 2);
	ck_assert_uint_eq(k->runs.ranges[0].from, 0);
	ck_assert_uint_eq(k->runs.ranges[0].run, o.verdict.continues);
	ck_assert_uint_eq(k->runs.ranges[0].to, k->runs.ranges[1].from);
	ck_assert_uint_eq(k->runs.ranges[1].run, o.verdict.run);
	ck_assert_uint_eq(k->runs.ranges[1].to, o.verdict.entries);
	root_remove(&r);
}
END_TEST

START_TEST(a_cancelled_audit_is_gone_on_with_too)
{
	struct tote_verdict v = {.size = sizeof(v)};
	struct root r;
	struct outcome o;
	tote_audit *audit;

	make(&r);
	audit = begin(&r, &anew, "a");
	for (int i = 0; i < 14; i++)
		ck_assert_int_eq(tote_audit_step(audit, 1, 0, &r.fault), 1);
	ck_ok(tote_audit_close(audit, &r.fault), r.fault);
	/* nobody may take it for an audit of the container */
	ck_assert_int_eq(status_of(&r, "a").last_full_audit_us, 0);
	o = whole(&r, &go_on);
	ck_assert_uint_gt(o.verdict.earlier_assets, 3);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_int_eq(status_of(&r, "a").last_full_audit_us, o.verdict.earlier_us);
	/* and now nothing is left to go on with */
	audit = begin(&r, &go_on, NULL);
	ck_assert_int_eq(tote_audit_step(audit, 0, 0, &r.fault), 0);
	ck_assert_int_eq(tote_audit_next_verdict(audit, &v, &r.fault), 0);
	ck_ok(tote_audit_close(audit, &r.fault), r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(of_a_job_that_was_cut_off_what_it_had_finished_is_passed_over)
{
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	struct tote_verdict v = {.size = sizeof(v)};
	struct root r;
	tote_audit *audit;
	char seen[8] = "";

	make(&r);
	root_provision(&r, "b");
	seal_many(&r, "b", 0, 9);
	root_provision(&r, "c");
	audit = begin(&r, &(struct tote_audit_options){.parallel = 1}, NULL);
	do {
		ck_assert_int_eq(tote_audit_step(audit, 1, 0, &r.fault), 1);
		ck_ok(tote_audit_progress(audit, &progress, &r.fault), r.fault);
	} while (strcmp(progress.current, "b") != 0 || progress.assets < ASSETS + 4);
	tote_audit_unref(audit);
	root_reopen(&r);
	audit = begin(&r, &(struct tote_audit_options){.flags = TOTE_AUDIT_CONTINUE, .parallel = 1},
		NULL);
	while (tote_audit_step(audit, 0, 0, &r.fault) == 1)
		;
	while (tote_audit_next_verdict(audit, &v, &r.fault) == 1) {
		ck_assert_uint_eq(v.verdict, TOTE_VERDICT_OK);
		ck_assert_int_eq(v.container[0] == 'b', v.continues != 0);
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.1s", v.container);
	}
	ck_assert_str_eq(seen, "bc");
	ck_ok(tote_audit_progress(audit, &progress, &r.fault), r.fault);
	ck_assert_uint_eq(progress.passed_over, 2); /* the record and a */
	ck_ok(tote_audit_close(audit, &r.fault), r.fault);
	root_remove(&r);
}
END_TEST

static uint64_t verdicts(struct root *r, const struct tote_audit_options *options, const char *id)
{
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	tote_audit *audit = begin(r, options, id);

	while (tote_audit_step(audit, 0, 0, &r->fault) == 1)
		;
	ck_ok(tote_audit_progress(audit, &progress, &r->fault), r->fault);
	ck_ok(tote_audit_close(audit, &r->fault), r->fault);
	return progress.finished;
}

START_TEST(a_job_that_goes_on_may_be_cut_off_too_and_what_either_had_finished_is_passed_over)
{
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	const struct tote_audit_options one = {.parallel = 1},
					more = {.parallel = 1, .flags = TOTE_AUDIT_CONTINUE};
	const struct tote_audit_options *options = &one;
	struct tote_verdict v = {.size = sizeof(v)};
	struct root r;
	tote_audit *audit;
	char reached[8] = "";

	make(&r);
	for (char id[] = "b"; id[0] <= 'e'; id[0]++)
		root_provision(&r, id);
	for (int i = 0; i < 3; i++) { /* cut off in a, b and c */
		audit = begin(&r, options, NULL);
		do {
			ck_assert_int_eq(tote_audit_step(audit, 1, 0, &r.fault), 1);
			ck_ok(tote_audit_progress(audit, &progress, &r.fault), r.fault);
		} while (progress.current[1] || progress.current[0] != 'a' + i);
		tote_audit_unref(audit);
		root_reopen(&r);
		options = &more;
	}
	audit = begin(&r, &more, NULL);
	while (tote_audit_step(audit, 0, 0, &r.fault) == 1)
		;
	while (tote_audit_next_verdict(audit, &v, &r.fault) == 1)
		snprintf(reached + strlen(reached), sizeof(reached) - strlen(reached), "%.1s",
			v.container);
	ck_ok(tote_audit_progress(audit, &progress, &r.fault), r.fault);
	ck_ok(tote_audit_close(audit, &r.fault), r.fault);
	ck_assert_str_eq(reached, "cde");
	ck_assert_uint_eq(progress.passed_over, 3);
	root_remove(&r);
}
END_TEST

START_TEST(of_a_job_over_some_containers_no_other_is_begun)
{
	struct root r;

	make(&r);
	root_provision(&r, "b");
	cut(&r, &anew, 12);
	ck_assert_uint_eq(verdicts(&r, &go_on, NULL), 1);
	cut(&r, &anew, 12);
	ck_assert_uint_eq(verdicts(&r, &go_on, "b"), 1); /* unless it is named */
	ck_assert_uint_eq(verdicts(&r, &go_on, NULL), 1);
	ck_assert_uint_eq(verdicts(&r, &go_on, NULL), 0);
	root_remove(&r);
}
END_TEST

START_TEST(a_ledger_that_is_damaged_too_gives_the_same_findings_after_a_cut)
{
	struct root r;
	struct outcome one, o;

	make(&r);
	damage(&r, "a", 6);
	ck_assert_int_eq(
		run_shell(printed("f=$(find '%s/containers/a/ledger/log/tile/entries' -type f | "
				  "sort | tail -1) && chmod u+w \"$f\" && printf x | "
				  "dd of=\"$f\" bs=1 seek=5000 conv=notrunc 2>/dev/null && "
				  "chmod 0444 \"$f\"",
			r.path)),
		0);
	one = whole(&r, &anew);
	ck_assert_uint_eq(one.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_ge(one.findings, 2);
	for (int steps = 2; cut(&r, &anew, steps); steps += 3) {
		o = whole(&r, &go_on);
		same(&o, &one);
	}
	root_remove(&r);
}
END_TEST

/* --- what is young enough, and parts -------------------------------------------------------- */

static struct outcome part(struct root *r, const char *path, uint64_t from, uint64_t to)
{
	struct tote_audit_options options = {
		.path = path, .from_seq = from, .to_seq = to, .flags = path ? 0 : TOTE_AUDIT_RANGE};

	return end(r, begin(r, &options, "a"));
}

START_TEST(
	what_is_younger_than_the_age_asked_for_is_not_read_again_and_a_whole_container_passed_over)
{
	const struct tote_audit_options hour = {.max_age_us = 3600 * INT64_C(1000000)};
	const struct tote_audit_options instant = {.max_age_us = 1};
	struct root r;
	struct outcome o;

	make(&r);
	whole(&r, &anew);
	ck_assert_uint_eq(verdicts(&r, &hour, "a"), 0);
	ck_assert_uint_eq(verdicts(&r, &instant, "a"), 1);
	seal_many(&r, "a", ASSETS, 2);
	o = whole(&r, &hour);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(o.verdict.assets, ASSETS + 2);
	ck_assert_uint_eq(o.verdict.earlier_assets, ASSETS);
	ck_assert_int_eq(status_of(&r, "a").last_full_audit_us, o.verdict.earlier_us);
	o = whole(&r, &instant);
	ck_assert_uint_eq(o.verdict.earlier_assets, 0);
	/* what stands is looked at, however young */
	damage(&r, "a", 4);
	ck_assert_uint_eq(part(&r, asset_name(4), 0, 0).verdict.verdict, TOTE_VERDICT_DAMAGED);
	o = whole(&r, &hour);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_uint_eq(o.verdict.earlier_assets, ASSETS + 1);
	root_remove(&r);
}
END_TEST

static int medium_fails;

static ssize_t failing_pread(int fd, void *out, size_t len, off_t offset)
{
	char link[64], path[512];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = medium_fails ? readlink(link, path, sizeof(path) - 1) : 0;
	path[n > 0 ? n : 0] = '\0';
	if (!strstr(path, "/assets/3/009"))
		return tote__kernel()->pread(fd, out, len, offset);
	errno = EIO;
	return -1;
}

START_TEST(an_asset_that_cannot_be_read_is_not_counted_and_read_again_however_young_the_rest_is)
{
	const struct tote_audit_options hour = {.max_age_us = 3600 * INT64_C(1000000)};
	struct kernel kernel = *tote__kernel();
	struct root r;
	struct outcome o;

	make(&r);
	root_close(&r);
	kernel.pread = failing_pread;
	medium_fails = 1;
	ck_assert_int_eq(tote__posix_kernel_set(r.ctx, &kernel, &r.fault), 0);
	root_open(&r);
	o = whole(&r, &anew);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_int_eq(has_code(&o, FINDING_UNREADABLE), 1);
	ck_assert_uint_eq(o.verdict.assets, ASSETS - 1);
	medium_fails = 0;
	o = whole(&r, &hour);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(o.verdict.assets, ASSETS);
	ck_assert_uint_eq(o.verdict.earlier_assets, ASSETS - 1);
	root_remove(&r);
}
END_TEST

START_TEST(a_part_that_is_whole_is_no_audit_of_the_container)
{
	struct root r;
	struct outcome o;
	struct tote_status before;

	make(&r);
	whole(&r, &anew);
	before = status_of(&r, "a");
	o = part(&r, asset_name(5), 0, 0);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_INCOMPLETE);
	ck_assert_uint_eq(o.verdict.flags & TOTE_VERDICT_PART, TOTE_VERDICT_PART);
	ck_assert_uint_eq(o.verdict.asked, 1);
	ck_assert_uint_eq(o.verdict.assets, 1);
	ck_assert_uint_eq(o.verdict.assets_total, ASSETS);
	ck_assert_int_eq(o.findings, 0);
	o = part(&r, NULL, 3, 8); /* seals are 1 to ASSETS */
	ck_assert_uint_eq(o.verdict.asked, 6);
	ck_assert_uint_eq(o.verdict.assets, 6);
	ck_assert_uint_eq(part(&r, NULL, 100000, 100001).verdict.asked, 0);
	o = part(&r, "no/such", 0, 0);
	ck_assert_uint_eq(o.verdict.asked, 0);
	ck_assert_int_eq(status_of(&r, "a").last_full_audit_us, before.last_full_audit_us);
	ck_assert_uint_eq(status_of(&r, "a").verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(status_of(&r, "a").run, before.run);
	o = end(&r, begin(&r, &anew, "orchestrator"));
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

static int standing(struct root *r)
{
	struct tote_flag flag = {.size = sizeof(flag)};
	uint64_t after = TOTE_SEQ_ANY;
	int count = 0;

	while (tote_orchestrator_next_flag(r->o, "a", after, &flag, &r->fault) == 1) {
		count += !(flag.flags & TOTE_FLAG_CLEARED);
		after = flag.seq;
	}
	return count;
}

START_TEST(a_part_that_is_whole_again_clears_its_own_flag_and_no_other)
{
	struct root r;
	struct outcome o;

	make(&r);
	damage(&r, "a", 4);
	damage(&r, "a", 9);
	ck_assert_int_eq(whole(&r, &anew).findings, 2);
	ck_assert_int_eq(standing(&r), 2);
	o = part(&r, asset_name(4), 0, 0);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_CHANGED), 1);
	ck_assert_int_eq(standing(&r), 2);
	damage(&r, "a", 4); /* flipped back */
	o = part(&r, asset_name(4), 0, 0);
	ck_assert_int_eq(o.findings, 0);
	ck_assert_int_eq(standing(&r), 1);
	ck_assert_uint_eq(status_of(&r, "a").verdict, TOTE_VERDICT_DAMAGED);
	damage(&r, "a", 9);
	o = part(&r, NULL, 10, 10);
	ck_assert_int_eq(o.findings, 0);
	ck_assert_int_eq(standing(&r), 0);
	root_remove(&r);
}
END_TEST

START_TEST(what_lies_at_the_path_that_was_asked_for_and_was_never_sealed_is_found)
{
	struct root r;
	struct outcome o;

	make(&r);
	file_write(asset(&r, "a", "stray"), "x", 1);
	o = part(&r, "stray", 0, 0);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_FOREIGN), 1);
	ck_assert_int_eq(unlink(asset(&r, "a", "0/000")), 0);
	o = part(&r, "0/000", 0, 0);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_MISSING), 1);
	ck_assert_int_eq(o.findings, 1);
	root_remove(&r);
}
END_TEST

/* --- killed at a change of the disk --------------------------------------------------------- */

static int audit_here(tote_ctx *ctx, const char *path)
{
	static const char *const ids[] = {"a"};
	struct tote_audit_options options = {.size = sizeof(options), .ids = ids, .id_count = 1};
	struct tote_fault fault;
	tote_orchestrator *o;
	tote_audit *audit;
	int rc;

	(void)ctx;
	ctx = hurried_ctx(); /* whose kernel is the mortal one, too */
	if (tote__posix_kernel_set(ctx, &mortality.kernel, &fault) < 0 ||
		tote_orchestrator_open(ctx, path, 0, &o, &fault) < 0 ||
		tote_audit_start(o, &options, &audit, &fault) < 0)
		return -1;
	while ((rc = tote_audit_step(audit, 1, 0, &fault)) == 1)
		;
	return rc;
}

START_TEST(an_audit_that_is_killed_at_any_change_of_the_disk_goes_on_and_finds_the_same)
{
	struct root r;
	struct outcome one, o;
	long at;

	make(&r);
	damage(&r, "a", 7);
	one = whole(&r, &anew);
	root_close(&r);
	for (at = 0; dies_at(at, audit_here, r.path); at += 1 + at / 16) {
		root_open(&r);
		o = end(&r, begin(&r, &go_on, "a"));
		same(&o, &one);
		root_close(&r);
	}
	ck_assert_int_gt(at, 20);
	root_open(&r);
	o = end(&r, begin(&r, &anew, "orchestrator"));
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

Suite *resume_suite(void)
{
	Suite *s = suite_create("resume");
	TCase *t = tcase_create("resume");

	tcase_set_timeout(t, 120);
	tcase_add_test(
		t, an_audit_that_is_cut_off_at_any_step_goes_on_and_reads_hardly_an_asset_twice);
	tcase_add_test(t, it_may_be_cut_off_again_and_again_and_still_comes_to_its_end);
	tcase_add_test(
		t, damage_that_was_found_before_the_cut_is_found_again_and_never_called_verified);
	tcase_add_test(t, a_finding_is_not_lost_by_a_cut_whenever_it_comes);
	tcase_add_test(t, what_another_audit_found_damaged_meanwhile_is_read_again);
	tcase_add_test(t, what_was_sealed_since_the_cut_is_read_and_what_went_missing_is_found);
	tcase_add_test(t, of_another_ledger_than_was_read_everything_is_read);
	tcase_add_test(t, a_history_that_was_rewritten_below_what_was_read_proves_nothing);
	tcase_add_test(t, what_a_run_counts_on_it_does_not_say_it_read);
	tcase_add_test(t, a_cancelled_audit_is_gone_on_with_too);
	tcase_add_test(t, of_a_job_that_was_cut_off_what_it_had_finished_is_passed_over);
	tcase_add_test(
		t, an_audit_that_is_killed_at_any_change_of_the_disk_goes_on_and_finds_the_same);
	tcase_add_test(t,
		a_job_that_goes_on_may_be_cut_off_too_and_what_either_had_finished_is_passed_over);
	tcase_add_test(t, of_a_job_over_some_containers_no_other_is_begun);
	tcase_add_test(t, a_ledger_that_is_damaged_too_gives_the_same_findings_after_a_cut);
	tcase_add_test(t,
		what_is_younger_than_the_age_asked_for_is_not_read_again_and_a_whole_container_passed_over);
	tcase_add_test(t,
		an_asset_that_cannot_be_read_is_not_counted_and_read_again_however_young_the_rest_is);
	tcase_add_test(t, a_part_that_is_whole_is_no_audit_of_the_container);
	tcase_add_test(t, a_part_that_is_whole_again_clears_its_own_flag_and_no_other);
	tcase_add_test(t, what_lies_at_the_path_that_was_asked_for_and_was_never_sealed_is_found);
	suite_add_tcase(s, t);
	return s;
}
