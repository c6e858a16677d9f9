/* SPDX-License-Identifier: ISC */
/*
 * The witness: what it has seen binds what it cosigns.
 */
#include "orchestrator/outcome.h"
#include "orchestrator/root.h"
#include "orchestrator/witness.h"
#include "tlog/cosignature.h"

static const char *seen_path(struct root *r, const char *id)
{
	return printed("%s/orchestrator/seen/%s", r->path, id);
}

/* The lines of signatures of a note: behind its empty line. */
static int signature_lines(const char *path)
{
	char *text = (char *)file_read(path, NULL), *line;
	int count = 0;

	line = strstr(text, "\n\n");
	ck_assert_ptr_nonnull(line);
	for (line += 2; *line; line++)
		count += *line == '\n';
	free(text);
	return count;
}

static int witness(struct root *r, uint64_t *ret_size)
{
	return tote_orchestrator_witness(r->o, "a", 0, ret_size, &r->fault);
}

START_TEST(a_fork_that_the_container_key_signed_is_neither_cosigned_nor_folded)
{
	char here_name[512], copy_name[512], keys_name[512], last_name[512], log_name[512];
	struct root r;
	const char *here, *copy, *keys, *last, *log;
	tote_box *box;
	uint64_t size;

	root_make(&r);
	root_provision(&r, "a");
	here = named(here_name, "%s/containers/a", r.path);
	copy = named(copy_name, "%s/copy", r.scratch.path);
	copy_tree(here, copy);
	keys = named(keys_name, "%s/keys", r.scratch.path);
	copy_tree(printed("%s/orchestrator/keys", r.path), keys);
	root_fill(&r, "a", 3);
	ck_ok(witness(&r, &size), r.fault);
	ck_assert_uint_eq(size, 4);
	/* another history, written where nobody guards it, by the key as it was then */
	remove_tree(here);
	copy_tree(copy, here);
	last = named(last_name, "%s/orchestrator/keys/a.last", r.path);
	unlink(last);
	copy_tree(printed("%s/a.last", keys), last);
	{
		struct tote_box_options options = {
			.size = sizeof(options), .key_file = printed("%s/a", keys)};
		char note[8192];
		size_t len;

		ck_ok(tote_box_open_alone(r.ctx, here, &options, &box, &r.fault), r.fault);
		for (int i = 0; i < 6; i++)
			ck_ok(box_append(box, "another", &r.fault), r.fault);
		ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &len, &r.fault), r.fault);
		tote_box_unref(box);
	}
	log = named(log_name, "%s/ledger/log/checkpoint", here);
	ck_fault(witness(&r, NULL), TOTE_E_FORK, r.fault);
	ck_assert_int_eq(signature_lines(log), 1);
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_FORK, r.fault);
	root_remove(&r);
}
END_TEST

START_TEST(the_guard_stops_a_fold_that_would_fork_what_was_seen)
{
	char here_name[512], copy_name[512];
	struct root r;
	const char *here, *copy;
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_NO_SIGNER};
	struct container c;
	struct box_config config = {.backend = "posix"};
	struct checkpoint head;
	tote_box *box;

	(void)options;
	root_make(&r);
	root_provision(&r, "a");
	here = named(here_name, "%s/containers/a", r.path);
	copy = named(copy_name, "%s/copy", r.scratch.path);
	copy_tree(here, copy);
	root_fill(&r, "a", 3);
	ck_ok(witness(&r, NULL), r.fault);
	remove_tree(here);
	copy_tree(copy, here);
	unlink(printed("%s/orchestrator/keys/a.last", r.path));
	/* opened below the public call, which would refuse it already */
	ck_assert_int_eq(tote__containers_registered(r.o, "a", &c, &r.fault), 0);
	config.location = c.location;
	config.keys_location = r.o->keys;
	config.keys_file = "a";
	ck_assert_int_eq(tote__containers_open(r.o, "a", &config, &box, &r.fault), 0);
	for (int i = 0; i < 6; i++)
		ck_ok(box_append(box, "another", &r.fault), r.fault);
	ck_assert_int_eq(tote__ledger_fold(box->ledger, &head, NULL, &r.fault), TOTE_E_FORK);
	tote_box_unref(box);
	tote__containers_drop(r.o, &c);
	root_remove(&r);
}
END_TEST

START_TEST(a_container_whose_seen_is_missing_or_damaged_is_not_cosigned)
{
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	root_fill(&r, "a", 3);
	file_flip(seen_path(&r, "a"), 40, 1);
	ck_fault(witness(&r, NULL), TOTE_E_DAMAGED, r.fault);
	ck_assert_int_eq(unlink(seen_path(&r, "a")), 0);
	ck_fault(witness(&r, NULL), TOTE_E_DAMAGED, r.fault);
	ck_assert_int_eq(file_exists(seen_path(&r, "a")), 0);
	root_remove(&r);
}
END_TEST

/* The record remembers how much was witnessed, whatever lies in seen/ and in the container. */
START_TEST(an_older_copy_of_what_was_seen_is_named_for_ever_and_nothing_is_cosigned)
{
	char here_name[512], copy_name[512], seen_name[512], old_name[512];
	struct outcome found;
	struct root r;
	const char *here, *copy, *seen, *old;

	root_make(&r);
	root_provision(&r, "a");
	root_fill(&r, "a", 2);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	here = named(here_name, "%s/containers/a", r.path);
	copy = named(copy_name, "%s/copy", r.scratch.path);
	seen = named(seen_name, "%s", seen_path(&r, "a"));
	old = named(old_name, "%s/seen", r.scratch.path);
	copy_tree(here, copy);
	copy_tree(seen, old);
	root_fill(&r, "a", 2);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	remove_tree(here);
	copy_tree(copy, here);
	unlink(seen);
	copy_tree(old, seen);
	for (int i = 0; i < 2; i++) { /* what an audit found does not hide it from the next one */
		found = audit(&r, "a");
		ck_assert_uint_eq(found.verdict.verdict, TOTE_VERDICT_DAMAGED);
		ck_assert(has_code(&found, FINDING_WITNESS_ROLLED_BACK));
		root_reopen(&r);
	}
	ck_fault(witness(&r, NULL), TOTE_E_MISMATCH, r.fault);
	ck_assert_ptr_nonnull(strstr(r.fault.text, "3 entries, and 5 were witnessed"));
	root_remove(&r);
}
END_TEST

START_TEST(a_line_that_is_only_in_seen_is_added_later_and_what_was_seen_stays)
{
	char checkpoint_name[512];
	struct root r;
	const char *checkpoint;
	uint8_t *plain, *seen, *again;
	size_t plain_len, seen_len, again_len;

	root_make(&r);
	root_provision(&r, "a");
	root_fill(&r, "a", 3);
	checkpoint = named(checkpoint_name, "%s/containers/a/ledger/log/checkpoint", r.path);
	plain = file_read(checkpoint, &plain_len);
	ck_assert_int_eq(signature_lines(checkpoint), 1);
	ck_ok(witness(&r, NULL), r.fault);
	ck_assert_int_eq(signature_lines(checkpoint), 2);
	ck_assert_int_eq(signature_lines(seen_path(&r, "a")), 2);
	seen = file_read(seen_path(&r, "a"), &seen_len);
	/* as a crash before the line was released leaves it */
	ck_assert_int_eq(unlink(checkpoint), 0);
	file_write(checkpoint, plain, plain_len);
	ck_ok(witness(&r, NULL), r.fault);
	ck_assert_int_eq(signature_lines(checkpoint), 2);
	again = file_read(seen_path(&r, "a"), &again_len);
	ck_assert_uint_eq(seen_len, again_len);
	ck_assert_mem_eq(seen, again, seen_len);
	/* and twice is once */
	ck_ok(witness(&r, NULL), r.fault);
	ck_assert_int_eq(signature_lines(checkpoint), 2);
	free(plain);
	free(seen);
	free(again);
	root_remove(&r);
}
END_TEST

START_TEST(containers_whose_directories_were_swapped_are_refused)
{
	char a_name[512], b_name[512], c_name[512];
	struct root r;
	tote_box *box;
	const char *a, *b, *c;

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	a = named(a_name, "%s/containers/a", r.path);
	b = named(b_name, "%s/containers/b", r.path);
	c = named(c_name, "%s/containers/c", r.path);
	ck_assert_int_eq(rename(a, c) || rename(b, a) || rename(c, b), 0);
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_UNTRUSTED, r.fault);
	ck_fault(witness(&r, NULL), TOTE_E_UNTRUSTED, r.fault);
	root_remove(&r);
}
END_TEST

Suite *witness_suite(void)
{
	Suite *s = suite_create("witness");
	TCase *t = tcase_create("witness");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_older_copy_of_what_was_seen_is_named_for_ever_and_nothing_is_cosigned);
	tcase_add_test(t, a_fork_that_the_container_key_signed_is_neither_cosigned_nor_folded);
	tcase_add_test(t, the_guard_stops_a_fold_that_would_fork_what_was_seen);
	tcase_add_test(t, a_container_whose_seen_is_missing_or_damaged_is_not_cosigned);
	tcase_add_test(t, a_line_that_is_only_in_seen_is_added_later_and_what_was_seen_stays);
	tcase_add_test(t, containers_whose_directories_were_swapped_are_refused);
	suite_add_tcase(s, t);
	return s;
}
