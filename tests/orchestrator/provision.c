/* SPDX-License-Identifier: ISC */
/*
 * Provisioning: what a crash left half-done is completed, an ID is one container for ever, and a
 * directory is one container's.
 */
#include "orchestrator/outcome.h"
#include "ledger/line.h"
#include "support/faulty_kernel.h"
#include <errno.h>

static int provision(tote_ctx *ctx, const char *path)
{
	struct tote_fault fault;
	tote_orchestrator *o;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (!rc)
		rc = tote_orchestrator_provision(o, "a", NULL, NULL, &fault);
	if (rc < 0)
		fprintf(stderr, "provision: %s\n", fault.text);
	return rc;
}

static int provision_at(struct root *r, const char *id, const char *location, uint32_t *ret_was)
{
	struct tote_provision_options options = {.size = sizeof(options), .location = location};

	return tote_orchestrator_provision(r->o, id, &options, ret_was, &r->fault);
}

/* The location as the record says it. */
static void recorded_as(struct root *r, const char *id, const char *wanted)
{
	struct container c;

	ck_assert_int_eq(tote__containers_known(r->o, id, &c, &r->fault), 0);
	ck_assert_str_eq(c.recorded, wanted);
	tote__containers_drop(r->o, &c);
}

START_TEST(a_container_that_was_left_half_made_is_completed_by_the_same_call)
{
	struct root r;
	char whole[400];
	long at;

	root_make(&r);
	root_close(&r);
	snprintf(whole, sizeof(whole), "%s/whole", r.scratch.path);
	copy_tree(r.path, whole);
	for (at = 0;; at++) {
		struct tote_container c = {.size = sizeof(c)};
		uint32_t was;

		if (!dies_at(at, provision, r.path))
			break;
		root_open(&r);
		ck_assert_uint_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
		was = root_provision(&r, "a");
		ck_assert_uint_ge(was, TOTE_PROVISIONED_NEW);
		ck_assert_int_eq(root_provision(&r, "a"), TOTE_PROVISIONED_ALREADY);
		ck_assert_int_eq(root_entries(&r, "container.registered", "a"), 1);
		ck_ok(tote_orchestrator_find(r.o, "a", &c, &r.fault), r.fault);
		ck_assert_uint_eq(c.flags, TOTE_CONTAINER_KEY);
		root_fill(&r, "a", 2);
		ck_ok(tote_orchestrator_witness(r.o, "a", 0, NULL, &r.fault), r.fault);
		root_close(&r);
		remove_tree(r.path);
		copy_tree(whole, r.path);
	}
	ck_assert_int_gt(at, 10);
	root_remove(&r);
}
END_TEST

START_TEST(two_processes_that_provision_one_id_make_one_container)
{
	struct root r;
	pid_t pids[4];
	int status;

	root_make(&r);
	for (int i = 0; i < 4; i++)
		if ((pids[i] = fork()) == 0) {
			child_asserts_nothing();
			_exit(provision(support_ctx(NULL, NULL), r.path) < 0);
		}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(root_provision(&r, "a"), TOTE_PROVISIONED_ALREADY);
	ck_assert_int_eq(root_entries(&r, "container.registered", "a"), 1);
	root_reopen(&r);
	root_fill(&r, "a", 3);
	root_remove(&r);
}
END_TEST

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

START_TEST(many_containers_take_no_more_descriptors_than_one)
{
	struct root r;
	tote_box *boxes[40];
	int before;

	root_make(&r);
	root_provision(&r, "a");
	before = open_descriptors();
	for (int i = 0; i < 40; i++)
		root_provision(&r, printed("box-%d", i));
	ck_assert_int_le(open_descriptors(), before);
	for (int i = 0; i < 40; i++)
		boxes[i] = root_box(&r, printed("box-%d", i));
	ck_assert_int_le(open_descriptors(), before + 64);
	for (int i = 0; i < 40; i++)
		tote_box_unref(boxes[i]);
	ck_assert_int_le(open_descriptors(), before);
	root_reopen(&r);
	ck_assert_int_eq(root_provision(&r, "box-39"), TOTE_PROVISIONED_ALREADY);
	root_remove(&r);
}
END_TEST

START_TEST(a_location_is_recorded_relative_below_the_root_and_absolute_elsewhere)
{
	struct root r;
	char elsewhere[400];

	root_make(&r);
	root_provision(&r, "a");
	recorded_as(&r, "a", "containers/a");
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", r.scratch.path);
	ck_ok(provision_at(&r, "b", elsewhere, NULL), r.fault);
	recorded_as(&r, "b", elsewhere);
	ck_ok(provision_at(&r, "c", printed("%s//boxes/./c/", r.path), NULL), r.fault);
	recorded_as(&r, "c", "boxes/c");
	ck_ok(provision_at(&r, "d", printed("%s/containers/../boxes/d", r.path), NULL), r.fault);
	recorded_as(&r, "d", "boxes/d");
	root_remove(&r);
}
END_TEST

/* A backend never sees a signing key, so it lies in the root whatever the container lies on. */
START_TEST(a_container_of_another_backend_has_its_key_in_the_root)
{
	struct tote_provision_options options;
	struct tote_container c = {.size = sizeof(c)};
	struct root r;
	struct outcome o;

	root_make(&r);
	ck_ok(tote_provision_options_init(&options, sizeof(options), &r.fault), r.fault);
	options.backend = "memory";
	options.location = "/somewhere";
	ck_ok(tote_orchestrator_provision(r.o, "a", &options, NULL, &r.fault), r.fault);
	root_fill(&r, "a", 3); /* signed, too */
	ck_ok(tote_orchestrator_find(r.o, "a", &c, &r.fault), r.fault);
	ck_assert_str_eq(c.backend, "memory");
	ck_assert(file_exists(printed("%s/orchestrator/keys/a", r.path)));
	ck_assert(file_exists(printed("%s/orchestrator/keys/a.last", r.path)));
	o = audit_level(&r, "a", TOTE_LEVEL_FULL);
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

/* Which directory is the root is found by looking: one that could not be looked at says nothing. */
START_TEST(whichever_directory_cannot_be_opened_no_location_is_recorded_as_another)
{
	struct tote_fault fault = {0};
	tote_orchestrator *o;
	struct root r;
	tote_ctx *ctx;

	root_make(&r);
	ctx = support_ctx(NULL, NULL);
	ck_ok(tote__posix_kernel_set(ctx, faulty_kernel(), &fault), fault);
	ck_ok(tote_orchestrator_open(ctx, r.path, 0, &o, &fault), fault);
	for (long n = 0;; n++) {
		struct tote_provision_options options = {.size = sizeof(options)};
		struct container c;
		char id[32], location[512];

		snprintf(id, sizeof(id), "c%ld", n);
		options.location = named(location, "%s/boxes/%s", r.path, id);
		faulty_kernel();
		faulty_fail(CALL_OPENAT2, n, 1, EIO);
		tote_orchestrator_provision(o, id, &options, NULL, &fault);
		ck_ok(tote_orchestrator_provision(r.o, id, &options, NULL, &r.fault), r.fault);
		ck_assert_int_eq(tote__containers_known(r.o, id, &c, &r.fault), 0);
		ck_assert_msg(!strcmp(c.recorded, printed("boxes/%s", id)), "call %ld: %s", n,
			c.recorded);
		tote__containers_drop(r.o, &c);
		if (!faulty_fired())
			break;
	}
	tote_orchestrator_unref(o);
	tote_ctx_unref(ctx);
	root_remove(&r);
}
END_TEST

START_TEST(an_id_is_never_used_a_second_time)
{
	struct root r;
	uint32_t was;

	root_make(&r);
	root_provision(&r, "a");
	ck_fault(provision_at(&r, "a", printed("%s/b", r.scratch.path), &was), TOTE_E_EXISTS,
		r.fault);
	ck_ok(provision_at(&r, "a", printed("%s/containers/a", r.path), &was), r.fault);
	ck_assert_uint_eq(was, TOTE_PROVISIONED_ALREADY);
	ck_ok(tote_orchestrator_detach(r.o, "a", NULL, "gone", 0, &r.fault), r.fault);
	ck_fault(tote_orchestrator_provision(r.o, "a", NULL, NULL, &r.fault), TOTE_E_EXISTS,
		r.fault);
	ck_fault(provision_at(&r, "a", printed("%s/b", r.scratch.path), &was), TOTE_E_EXISTS,
		r.fault);
	ck_fault(tote_orchestrator_provision(r.o, "witness", NULL, NULL, &r.fault), TOTE_E_GRAMMAR,
		r.fault);
	ck_fault(tote_orchestrator_provision(r.o, "A", NULL, NULL, &r.fault), TOTE_E_GRAMMAR,
		r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(a_directory_of_another_container_or_with_foreign_content_is_refused)
{
	char other_name[512];
	struct root r;
	const char *other;

	root_make(&r);
	root_provision(&r, "a");
	ck_fault(provision_at(&r, "b", printed("%s/containers/a", r.path), NULL), TOTE_E_EXISTS,
		r.fault);
	other = named(other_name, "%s/foreign", r.scratch.path);
	directory_make(other);
	file_write(printed("%s/x", other), "x", 1);
	ck_assert_int_lt(provision_at(&r, "b", other, NULL), 0);
	ck_assert_int_eq(file_exists(printed("%s/ledger", other)), 0);
	/* one of the three directories is another's, reached by a link */
	other = named(other_name, "%s/linked", r.scratch.path);
	directory_make(other);
	ck_assert_int_eq(
		symlink(printed("%s/containers/a/assets", r.path), printed("%s/assets", other)), 0);
	ck_assert_int_lt(provision_at(&r, "b", other, NULL), 0);
	ck_assert_int_eq(root_entries(&r, "container.registered", "b"), 0);
	directory_make(printed("%s/empty", r.scratch.path));
	ck_ok(provision_at(&r, "b", printed("%s/empty", r.scratch.path), NULL), r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(init_and_provision_give_back_all_memory_whichever_allocation_fails)
{
	for (long n = 0;; n += 1 + n / 16) {
		struct failing memory = {.fail_at = -1};
		struct root r;
		tote_orchestrator *o = NULL;
		tote_ctx *ctx;
		int rc;

		memset(&r, 0, sizeof(r));
		scratch_make(&r.scratch);
		ctx = support_ctx(NULL, &memory);
		memory.fail_at = n;
		snprintf(r.path, sizeof(r.path), "%s/root", r.scratch.path);
		rc = tote_orchestrator_init(ctx, r.path, ROOT_ORIGIN, NULL, 0, &r.fault);
		if (!rc)
			rc = tote_orchestrator_open(ctx, r.path, 0, &o, &r.fault);
		if (!rc)
			rc = tote_orchestrator_provision(o, "a", NULL, NULL, &r.fault);
		if (!rc)
			rc = tote_orchestrator_set_state(
				o, "a", TOTE_STATE_SUSPENDED, NULL, "x", 0, &r.fault);
		ck_assert_msg(rc == 0 || rc == TOTE_E_NO_MEMORY || memory.fired, "%ld: %s", n,
			r.fault.text);
		tote_orchestrator_unref(o);
		tote_ctx_unref(ctx);
		ck_assert_msg(memory.live == 0, "allocation %ld: %ld blocks", n, memory.live);
		/* and with memory the same calls complete it */
		if (memory.fired) {
			r.ctx = support_ctx(NULL, NULL);
			rc = tote_orchestrator_init(r.ctx, r.path, ROOT_ORIGIN, NULL, 0, &r.fault);
			ck_assert_msg(rc == 0 || rc == TOTE_E_EXISTS, "%ld: %s", n, r.fault.text);
			root_open(&r);
			root_provision(&r, "a");
			ck_ok(root_move(&r, "a", TOTE_STATE_SUSPENDED), r.fault);
			ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
			root_remove(&r);
		} else {
			scratch_remove(&r.scratch);
			break;
		}
	}
}
END_TEST

/* The line is never synced: a power cut may bring back one that is as old as the boot. */
static void bring_back_an_old_line(const struct root *r)
{
	const char *path = printed("%s/orchestrator/ledger/lock", r->path);
	struct tote_fault fault = {0};
	char text[LOCK_LINE_MAX];
	struct line line;
	struct stat st;
	uint8_t *bytes;
	size_t len;

	bytes = file_read(path, &len);
	ck_assert_int_eq(stat(path, &st), 0);
	tote__line_parse((const char *)bytes, len, st.st_ino, &line);
	ck_assert_int_eq(line.state, LINE_IDLE);
	line.mark = 1;
	snprintf(line.boot, sizeof(line.boot), "00000000-0000-4000-8000-000000000001");
	ck_ok(tote__line_format(&line, text, &len, &fault), fault);
	file_write(path, text, len);
	free(bytes);
}

START_TEST(what_was_registered_before_a_power_cut_is_known_to_who_opens_the_root)
{
	struct tote_container c = {.size = sizeof(c)};
	struct root r;

	root_make(&r);
	root_provision(&r, "a"); /* and no fold after it */
	root_close(&r);
	bring_back_an_old_line(&r);
	root_open(&r);
	ck_ok(tote_orchestrator_find(r.o, "a", &c, &r.fault), r.fault);
	root_remove(&r);
}
END_TEST

Suite *provision_suite(void)
{
	Suite *s = suite_create("provision");
	TCase *t = tcase_create("provision");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_container_that_was_left_half_made_is_completed_by_the_same_call);
	tcase_add_test(t, two_processes_that_provision_one_id_make_one_container);
	tcase_add_test(t, many_containers_take_no_more_descriptors_than_one);
	tcase_add_test(t, a_location_is_recorded_relative_below_the_root_and_absolute_elsewhere);
	tcase_add_test(t, what_was_registered_before_a_power_cut_is_known_to_who_opens_the_root);
	tcase_add_test(t, a_container_of_another_backend_has_its_key_in_the_root);
	tcase_add_test(t, whichever_directory_cannot_be_opened_no_location_is_recorded_as_another);
	tcase_add_test(t, an_id_is_never_used_a_second_time);
	tcase_add_test(t, a_directory_of_another_container_or_with_foreign_content_is_refused);
	tcase_add_test(t, init_and_provision_give_back_all_memory_whichever_allocation_fails);
	suite_add_tcase(s, t);
	return s;
}
