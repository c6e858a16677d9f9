/* SPDX-License-Identifier: ISC */
/*
 * The input gate: a document is decided about once, by its content, and is never lost, whoever
 * dies, writes on, or puts things there that are no documents.
 */
#include "orchestrator/outcome.h"
#include "crypto/hash.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#define SENT     "the text of a lease"
#define SENT_LEN (sizeof(SENT) - 1)

static const char *gate(struct root *r, const char *name)
{
	return printed("%s/containers/a/app-console-input/%s", r->path, name);
}

static void send(struct root *r, const char *name)
{
	file_write(gate(r, name), SENT, SENT_LEN);
}

static void digest_of(struct root *r, const void *data, size_t len, uint8_t out[32])
{
	struct hash h;

	tote__hash_init(&h, tote__hasher(r->ctx));
	tote__hash_update(&h, data, len);
	tote__hash_final(&h, out);
}

/* The documents listed: their names joined by spaces, their flags and first digest. */
struct look {
	char names[512];
	uint32_t flags[8];
	uint8_t digest[32];
	size_t count;
};

static struct look look(struct root *r)
{
	struct tote_input input = {.size = sizeof(input)};
	struct look out = {.count = 0};
	tote_box *box = root_box(r, "a");
	tote_input_list *list;
	int rc;

	ck_ok(tote_input_list_open(box, TOTE_INPUT_DIGESTS, &list, &r->fault), r->fault);
	while ((rc = tote_input_list_next(list, &input, &r->fault)) == 1) {
		snprintf(out.names + strlen(out.names), sizeof(out.names) - strlen(out.names),
			"%s%s", out.count ? " " : "", input.name);
		if (!out.count)
			memcpy(out.digest, input.digest, 32);
		out.flags[out.count++ % 8] = input.flags;
	}
	ck_assert_int_eq(rc, 0);
	tote_input_list_unref(list);
	tote_box_unref(box);
	return out;
}

static int accept_as(struct root *r, const char *name, const char *text, const char *path)
{
	uint8_t digest[32];
	const struct tote_document document = {.name = name, .digest = digest, .path = path};
	tote_box *box = root_box(r, "a");
	int rc;

	digest_of(r, text, strlen(text), digest);
	rc = tote_box_accept(box, &document, 1, "op@host", 0, NULL, &r->fault);
	tote_box_unref(box);
	return rc;
}

static int reject(struct root *r, const char *name, uint64_t *ret_seq)
{
	uint8_t digest[32];
	const struct tote_document document = {.name = name, .digest = digest};
	tote_box *box = root_box(r, "a");
	int rc;

	digest_of(r, SENT, SENT_LEN, digest);
	rc = tote_box_reject(box, &document, "not ours", "op@host", 0, ret_seq, &r->fault);
	tote_box_unref(box);
	return rc;
}

static void make_gate(struct root *r)
{
	root_make(r);
	root_provision(r, "a");
}

START_TEST(what_waits_is_listed_in_order_of_name_with_its_content)
{
	struct root r;
	uint8_t digest[32];
	struct look seen;

	make_gate(&r);
	ck_assert_uint_eq(look(&r).count, 0);
	send(&r, "b");
	send(&r, "a");
	send(&r, "\xff\x1b[31m");
	seen = look(&r);
	ck_assert_str_eq(seen.names, "a b \xff\x1b[31m");
	digest_of(&r, SENT, SENT_LEN, digest);
	ck_assert_mem_eq(seen.digest, digest, 32);
	ck_assert_uint_eq(seen.flags[0], 0);
	root_remove(&r);
}
END_TEST

START_TEST(an_accepted_document_is_sealed_and_leaves_the_gate)
{
	struct root r;

	make_gate(&r);
	send(&r, "lease");
	ck_ok(accept_as(&r, "lease", SENT, "inbox/lease"), r.fault);
	ck_assert_uint_eq(look(&r).count, 0);
	ck_assert_int_eq(file_size(asset(&r, "a", "inbox/lease")), (int64_t)SENT_LEN);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	/* the same again, and it is known already */
	send(&r, "lease");
	ck_ok(accept_as(&r, "lease", SENT, "inbox/lease"), r.fault);
	ck_assert_uint_eq(look(&r).count, 0);
	/* another content has no way to that path, and stays */
	file_write(gate(&r, "lease"), "other", 5);
	ck_fault(accept_as(&r, "lease", "other", "inbox/lease"), TOTE_E_EXISTS, r.fault);
	ck_assert_str_eq(look(&r).names, "lease");
	root_remove(&r);
}
END_TEST

START_TEST(a_rejected_document_is_kept_under_the_number_of_its_entry)
{
	uint64_t seq = 0;
	struct root r;

	make_gate(&r);
	send(&r, "lease");
	ck_ok(reject(&r, "lease", &seq), r.fault);
	ck_assert_uint_eq(seq, 1);
	ck_assert_uint_eq(look(&r).count, 0);
	ck_assert_int_eq(file_size(gate(&r, ".tote-rejected/1")), (int64_t)SENT_LEN);
	ck_fault(reject(&r, "lease", &seq), TOTE_E_NOT_FOUND, r.fault);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

START_TEST(what_was_looked_at_is_what_is_decided_about)
{
	uint64_t seq;
	struct root r;

	make_gate(&r);
	file_write(gate(&r, "lease"), "exchanged", 9);
	ck_fault(accept_as(&r, "lease", SENT, "lease"), TOTE_E_CONFLICT, r.fault);
	ck_fault(reject(&r, "lease", &seq), TOTE_E_CONFLICT, r.fault);
	ck_assert_str_eq(look(&r).names, "lease");
	ck_assert_int_eq(file_exists(asset(&r, "a", "lease")), 0);
	root_remove(&r);
}
END_TEST

START_TEST(a_document_that_is_still_open_is_told_apart_and_stays)
{
	struct root r;
	int fd;

	make_gate(&r);
	send(&r, "lease");
	fd = open(gate(&r, "lease"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(look(&r).flags[0], TOTE_INPUT_OPEN);
	ck_fault(accept_as(&r, "lease", SENT, "lease"), TOTE_E_BUSY, r.fault);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_uint_eq(look(&r).flags[0], 0);
	ck_ok(accept_as(&r, "lease", SENT, "lease"), r.fault);
	root_remove(&r);
}
END_TEST

static int no_lease(int fd, int type)
{
	(void)fd, (void)type;
	errno = EACCES;
	return -1;
}

START_TEST(where_writers_cannot_be_told_a_fresh_document_waits)
{
	const struct timespec old[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
	struct kernel kernel = *tote__kernel();
	struct root r;

	make_gate(&r);
	send(&r, "lease");
	kernel.setlease = no_lease;
	root_reopen_with(&r, &kernel);
	ck_assert_uint_eq(look(&r).flags[0], TOTE_INPUT_FRESH);
	ck_fault(accept_as(&r, "lease", SENT, "lease"), TOTE_E_BUSY, r.fault);
	ck_assert_int_eq(utimensat(AT_FDCWD, gate(&r, "lease"), old, 0), 0);
	ck_assert_uint_eq(look(&r).flags[0], 0);
	ck_ok(accept_as(&r, "lease", SENT, "lease"), r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(what_is_no_file_with_one_link_is_never_taken)
{
	static const char *const names[] = {"dir", "fifo", "link", "one", "two"};
	uint64_t seq;
	struct root r;

	make_gate(&r);
	directory_make(gate(&r, "dir"));
	ck_assert_int_eq(mkfifo(gate(&r, "fifo"), 0600), 0);
	ck_assert_int_eq(symlink("/etc/hostname", gate(&r, "link")), 0);
	send(&r, "one");
	ck_assert_int_eq(link(gate(&r, "one"), gate(&r, "two")), 0);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_uint_eq(look(&r).flags[i], TOTE_INPUT_ODD);
		ck_fault(accept_as(&r, names[i], SENT, "x"), TOTE_E_UNTRUSTED, r.fault);
		ck_fault(reject(&r, names[i], &seq), TOTE_E_UNTRUSTED, r.fault);
	}
	ck_assert_str_eq(look(&r).names, "dir fifo link one two");
	ck_fault(accept_as(&r, "../assets/x", SENT, "x"), TOTE_E_GRAMMAR, r.fault);
	ck_fault(accept_as(&r, ".tote-rejected", SENT, "x"), TOTE_E_GRAMMAR, r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(a_directory_of_ours_that_others_may_enter_is_not_used)
{
	struct root r;

	make_gate(&r);
	send(&r, "lease");
	ck_assert_int_eq(symlink("/tmp", gate(&r, ".tote-taken")), 0);
	ck_assert_int_lt(accept_as(&r, "lease", SENT, "lease"), 0);
	ck_assert_int_eq(unlink(gate(&r, ".tote-taken")), 0);
	ck_assert_int_eq(mkdir(gate(&r, ".tote-taken"), 0700), 0);
	ck_assert_int_eq(chmod(gate(&r, ".tote-taken"), 0770), 0);
	ck_assert_int_lt(accept_as(&r, "lease", SENT, "lease"), 0);
	ck_assert_str_eq(look(&r).names, "lease");
	ck_assert_int_eq(chmod(gate(&r, ".tote-taken"), 0700), 0);
	ck_ok(accept_as(&r, "lease", SENT, "lease"), r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(documents_of_one_call_are_accepted_all_or_none)
{
	uint8_t digest[32], other[32];
	struct tote_sealed sealed[2];
	struct root r;
	tote_box *box;

	make_gate(&r);
	send(&r, "one");
	send(&r, "two");
	digest_of(&r, SENT, SENT_LEN, digest);
	digest_of(&r, "x", 1, other);
	box = root_box(&r, "a");
	{
		struct tote_document both[] = {{.name = "one", .digest = digest, .path = "d/one"},
			{.name = "two", .digest = other, .path = "d/two"}};

		ck_fault(tote_box_accept(box, both, 2, NULL, 0, sealed, &r.fault), TOTE_E_CONFLICT,
			r.fault);
		ck_assert_str_eq(look(&r).names, "one two");
		ck_assert_int_eq(file_exists(asset(&r, "a", "d")), 0);
		both[1].digest = digest;
		ck_ok(tote_box_accept(box, both, 2, NULL, 0, sealed, &r.fault), r.fault);
	}
	ck_assert_uint_eq(sealed[1].seq, sealed[0].seq + 1);
	ck_assert_uint_eq(look(&r).count, 0);
	tote_box_unref(box);
	root_remove(&r);
}
END_TEST

START_TEST(a_container_that_is_not_active_decides_nothing)
{
	uint64_t seq;
	struct root r;

	make_gate(&r);
	send(&r, "lease");
	ck_ok(root_move(&r, "a", TOTE_STATE_SUSPENDED), r.fault);
	ck_fault(accept_as(&r, "lease", SENT, "lease"), TOTE_E_STATE, r.fault);
	ck_fault(reject(&r, "lease", &seq), TOTE_E_STATE, r.fault);
	ck_assert_str_eq(look(&r).names, "lease");
	root_remove(&r);
}
END_TEST

/* --- a sender who writes on ------------------------------------------------------------------ */

static int late_fd;

/* Step 5 of the seal: the sender, who had it open all the while, adds to it just then. */
static int renameat2_with_writer(
	int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	if (!strcmp(to, "lease") && !strncmp(from, ".tote-", 6) && late_fd >= 0)
		ck_assert_int_eq(write(late_fd, "more", 4), 4);
	return tote__kernel()->renameat2(from_dir, from, to_dir, to, flags);
}

START_TEST(what_its_sender_wrote_after_it_was_read_stays_in_the_gate)
{
	struct kernel kernel = *tote__kernel();
	struct root r;

	make_gate(&r);
	send(&r, "lease");
	kernel.renameat2 = renameat2_with_writer;
	kernel.setlease = no_lease;
	root_reopen_with(&r, &kernel);
	late_fd = open(gate(&r, "lease"), O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_ge(late_fd, 0);
	ck_assert_int_eq(
		futimens(late_fd, (const struct timespec[2]){{.tv_sec = 9}, {.tv_sec = 9}}), 0);
	ck_ok(accept_as(&r, "lease", SENT, "lease"), r.fault);
	ck_assert_int_eq(close(late_fd), 0);
	late_fd = -1;
	ck_assert_str_eq(look(&r).names, "lease");
	ck_assert_int_eq(file_size(gate(&r, "lease")), (int64_t)SENT_LEN + 4);
	ck_assert_int_eq(file_size(asset(&r, "a", "lease")), (int64_t)SENT_LEN);
	root_remove(&r);
}
END_TEST

/* --- a decision that dies -------------------------------------------------------------------- */

static int open_box_of(tote_ctx *ctx, const char *path, tote_orchestrator **ret_o, tote_box **ret)
{
	struct tote_fault fault;

	if (tote_orchestrator_open(ctx, path, 0, ret_o, &fault) < 0)
		return -1;
	return tote_box_open(*ret_o, "a", NULL, ret, &fault);
}

static int decide(tote_ctx *ctx, const char *path, int accepts)
{
	uint8_t digest[32];
	const struct tote_document document = {.name = "lease", .digest = digest, .path = "lease"};
	tote_orchestrator *o;
	struct tote_fault fault;
	struct hash h;
	tote_box *box;

	tote__hash_init(&h, tote__hasher(ctx));
	tote__hash_update(&h, SENT, SENT_LEN);
	tote__hash_final(&h, digest);
	if (open_box_of(ctx, path, &o, &box) < 0)
		return -1;
	return accepts ? tote_box_accept(box, &document, 1, NULL, 0, NULL, &fault)
		       : tote_box_reject(box, &document, "not ours", NULL, 0, NULL, &fault);
}

static int accepts(tote_ctx *ctx, const char *path)
{
	return decide(ctx, path, 1);
}

static int rejects(tote_ctx *ctx, const char *path)
{
	return decide(ctx, path, 0);
}

static int entries_of_kind(struct root *r, const char *kind)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_box *box = root_box(r, "a");
	tote_cursor *cursor;
	int count = 0;

	ck_ok(tote_cursor_open(box, 0, 0, &cursor, &r->fault), r->fault);
	while (tote_cursor_next(cursor, &e, &r->fault) == 1)
		count += !strcmp(e.kind, kind);
	tote_cursor_unref(cursor);
	tote_box_unref(box);
	return count;
}

/* Another decision comes by, which ends what is left: about a document that is not there. */
static void come_by(struct root *r)
{
	ck_fault(accept_as(r, "none", SENT, "none"), TOTE_E_NOT_FOUND, r->fault);
}

START_TEST(an_acceptance_that_dies_leaves_the_document_sealed_or_waiting)
{
	struct root r;
	long at = 0;
	int died = 1;

	for (; died; at++) {
		make_gate(&r);
		send(&r, "lease");
		root_close(&r);
		died = dies_at(at, accepts, r.path);
		root_open(&r);
		come_by(&r);
		if (look(&r).count)
			ck_ok(accept_as(&r, "lease", SENT, "lease"), r.fault);
		ck_assert_int_eq(entries_of_kind(&r, "asset.sealed"), 1);
		ck_assert_int_eq(file_size(asset(&r, "a", "lease")), (int64_t)SENT_LEN);
		ck_assert_uint_eq(look(&r).count, 0);
		ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
		root_remove(&r);
	}
	ck_assert_int_gt(at, 8);
}
END_TEST

START_TEST(a_rejection_that_dies_leaves_the_document_kept_or_waiting)
{
	struct root r;
	long at = 0;
	int died = 1;

	for (; died; at++) {
		uint64_t seq;

		make_gate(&r);
		send(&r, "lease");
		root_close(&r);
		died = dies_at(at, rejects, r.path);
		root_open(&r);
		come_by(&r);
		ck_assert_uint_eq(
			look(&r).count + (size_t)entries_of_kind(&r, "input.rejected"), 1);
		if (look(&r).count)
			ck_ok(reject(&r, "lease", &seq), r.fault);
		ck_assert_int_eq(entries_of_kind(&r, "input.rejected"), 1);
		ck_assert_int_eq(file_size(gate(&r, ".tote-rejected/1")), (int64_t)SENT_LEN);
		ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
		root_remove(&r);
	}
	ck_assert_int_gt(at, 5);
}
END_TEST

static int refuses_number;

static int renameat2_refusing(
	int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	if (refuses_number && !strcmp(to, "1")) {
		refuses_number = 0;
		errno = EIO;
		return -1;
	}
	return tote__kernel()->renameat2(from_dir, from, to_dir, to, flags);
}

START_TEST(a_rejection_that_fails_behind_its_entry_is_completed_by_recovery)
{
	struct kernel kernel = *tote__kernel();
	uint8_t digest[32];
	const struct tote_document document = {.name = "lease", .digest = digest};
	struct root r;
	tote_box *box;

	make_gate(&r);
	send(&r, "lease");
	kernel.renameat2 = renameat2_refusing;
	root_reopen_with(&r, &kernel);
	digest_of(&r, SENT, SENT_LEN, digest);
	box = root_box(&r, "a");
	refuses_number = 1;
	ck_assert_int_lt(tote_box_reject(box, &document, "not ours", NULL, 0, NULL, &r.fault), 0);
	ck_assert_uint_eq(r.fault.effect, TOTE_EFFECT_UNKNOWN);
	ck_assert_uint_eq(look(&r).count, 0);
	ck_ok(tote_box_recover(box, &r.fault), r.fault);
	ck_assert_int_eq(file_size(gate(&r, ".tote-rejected/1")), (int64_t)SENT_LEN);
	ck_assert_int_eq(entries_of_kind(&r, "input.rejected"), 1);
	tote_box_unref(box);
	root_remove(&r);
}
END_TEST

START_TEST(what_a_living_decision_has_in_hand_is_not_given_back)
{
	struct root r;
	char path[TAKEN_PATH_MAX];
	const struct store_ops *ops;
	tote_box *box;
	void *taken;

	make_gate(&r);
	send(&r, "lease");
	box = root_box(&r, "a");
	ops = box->place.ops;
	ck_assert_int_eq(ops->input_take(box->place.handle, "lease", &taken, path, &r.fault), 0);
	come_by(&r);
	ck_assert_uint_eq(look(&r).count, 0);
	ck_assert_int_eq(file_exists(gate(&r, path)), 1);
	/* something else came under its name: nothing is replaced, both stay */
	file_write(gate(&r, "lease"), "newer", 5);
	ck_fault(ops->input_give_back(taken, &r.fault), TOTE_E_EXISTS, r.fault);
	come_by(&r);
	ck_assert_int_eq(file_size(gate(&r, "lease")), 5);
	ck_assert_int_eq(file_size(gate(&r, path)), (int64_t)SENT_LEN);
	ck_assert_int_eq(unlink(gate(&r, "lease")), 0);
	come_by(&r);
	ck_assert_int_eq(file_size(gate(&r, "lease")), (int64_t)SENT_LEN);
	tote_box_unref(box);
	root_remove(&r);
}
END_TEST

Suite *input_suite(void)
{
	Suite *s = suite_create("input");
	TCase *t = tcase_create("gate");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_waits_is_listed_in_order_of_name_with_its_content);
	tcase_add_test(t, an_accepted_document_is_sealed_and_leaves_the_gate);
	tcase_add_test(t, a_rejected_document_is_kept_under_the_number_of_its_entry);
	tcase_add_test(t, what_was_looked_at_is_what_is_decided_about);
	tcase_add_test(t, a_document_that_is_still_open_is_told_apart_and_stays);
	tcase_add_test(t, where_writers_cannot_be_told_a_fresh_document_waits);
	tcase_add_test(t, what_is_no_file_with_one_link_is_never_taken);
	tcase_add_test(t, a_directory_of_ours_that_others_may_enter_is_not_used);
	tcase_add_test(t, documents_of_one_call_are_accepted_all_or_none);
	tcase_add_test(t, a_container_that_is_not_active_decides_nothing);
	tcase_add_test(t, what_its_sender_wrote_after_it_was_read_stays_in_the_gate);
	tcase_add_test(t, an_acceptance_that_dies_leaves_the_document_sealed_or_waiting);
	tcase_add_test(t, a_rejection_that_dies_leaves_the_document_kept_or_waiting);
	tcase_add_test(t, a_rejection_that_fails_behind_its_entry_is_completed_by_recovery);
	tcase_add_test(t, what_a_living_decision_has_in_hand_is_not_given_back);
	suite_add_tcase(s, t);
	return s;
}
