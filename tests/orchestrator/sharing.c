/* SPDX-License-Identifier: ISC */
/*
 * No two containers share a directory, a lock or a key: each way to bring that about is refused where
 * a container is made or taken in, leaving nothing behind, and is named by an audit where somebody
 * brought it about later.
 */
#include "orchestrator/outcome.h"
#include "orchestrator/record.h"
#include "orchestrator/tree.h"
#include "store/keystore.h"
#include <errno.h>

static int provision_at(struct root *r, const char *id, const char *location)
{
	struct tote_provision_options options = {.size = sizeof(options), .location = location};

	return tote_orchestrator_provision(r->o, id, &options, NULL, &r->fault);
}

/* --- where a container may not be made -------------------------------------------------------- */

enum { ROOT, SCRATCH };

/* %s is the root or the scratch directory around it. */
static const struct {
	int base;
	const char *location;
} taken[] = {
	{ROOT, "%s/containers/a"},
	{ROOT, "%s/containers//a/"},
	{ROOT, "%s/./containers/./a"},
	{ROOT, "%s/containers/../containers/a"},
	{ROOT, "%s/containers/a/../a"},
	{SCRATCH, "%s/to-containers/a"},
	{SCRATCH, "%s/to-containers/../containers/a"},
	{SCRATCH, "%s/to-a"},
	/* inside another */
	{ROOT, "%s/containers/a/b"},
	{ROOT, "%s/containers/a/assets/b"},
	{ROOT, "%s/containers/a/assets/deep/below/b"},
	{ROOT, "%s/containers/a/app-console-input/b"},
	{ROOT, "%s/containers/a/ledger/b"},
	{ROOT, "%s/containers/a/ledger/log/tile/b"},
	{ROOT, "%s/containers/a/assets"},
	{ROOT, "%s/containers/a/app-console-input"},
	{ROOT, "%s/containers/a/ledger"},
	{SCRATCH, "%s/to-containers/a/assets/b"},
	{SCRATCH, "%s/to-assets/b"},
	{SCRATCH, "%s/to-assets/../assets/b"},
	/* inside the orchestrator's own, or around it */
	{ROOT, "%s"},
	{ROOT, "%s/"},
	{ROOT, "%s/containers"},
	{ROOT, "%s/orchestrator"},
	{ROOT, "%s/orchestrator/b"},
	{ROOT, "%s/orchestrator/keys"},
	{ROOT, "%s/orchestrator/keys/b"},
	{ROOT, "%s/orchestrator/seen/b"},
	{ROOT, "%s/orchestrator/reports/b"},
	{ROOT, "%s/orchestrator/index/b"},
	{ROOT, "%s/orchestrator/ledger"},
	{SCRATCH, "%s/to-root"},
	{SCRATCH, "%s/to-root/orchestrator/b"},
	{SCRATCH, "%s/to-orchestrator"},
	{SCRATCH, "%s/to-orchestrator/b"},
};

START_TEST(no_container_is_made_in_the_place_of_another_however_it_is_spelled)
{
	struct tree before, after;
	char location[512];
	struct root r;
	int rc;

	root_make(&r);
	root_provision(&r, "a");
	ck_assert_int_eq(symlink(printed("%s/containers", r.path),
				 scratch_path(&r.scratch, "to-containers")),
		0);
	ck_assert_int_eq(
		symlink(printed("%s/containers/a", r.path), scratch_path(&r.scratch, "to-a")), 0);
	ck_assert_int_eq(symlink(printed("%s/containers/a/assets", r.path),
				 scratch_path(&r.scratch, "to-assets")),
		0);
	ck_assert_int_eq(symlink(r.path, scratch_path(&r.scratch, "to-root")), 0);
	ck_assert_int_eq(symlink(printed("%s/orchestrator", r.path),
				 scratch_path(&r.scratch, "to-orchestrator")),
		0);
	before = tree_of(r.scratch.path);
	snprintf(location, sizeof(location), taken[_i].location,
		taken[_i].base == ROOT ? r.path : r.scratch.path);
	rc = provision_at(&r, "b", location);
	ck_assert_msg(rc == TOTE_E_EXISTS || rc == TOTE_E_UNTRUSTED, "%s: %d %s", location, rc,
		r.fault.text);
	ck_assert_str_eq(r.fault.box, "b");
	after = tree_of(r.scratch.path);
	ck_assert_msg(!*tree_difference(&before, &after), "%s: %s", location,
		tree_difference(&before, &after));
	ck_assert_int_eq(root_entries(&r, "container.registered", "b"), 0);
	/* and the ID is free for a place of its own */
	root_provision(&r, "b");
	tree_free(&before);
	tree_free(&after);
	root_remove(&r);
}
END_TEST

START_TEST(no_container_is_made_around_a_root_and_no_root_inside_a_container)
{
	static const char *const inside[] = {"containers/a/assets/root", "containers/a/root",
		"containers/a/app-console-input/root", "orchestrator/root",
		"orchestrator/keys/root"};
	struct tree before, after;
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	ck_fault(provision_at(&r, "b", r.scratch.path), TOTE_E_EXISTS, r.fault);
	ck_assert_int_eq(root_entries(&r, "container.registered", "b"), 0);
	before = tree_of(r.scratch.path);
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		ck_fault(tote_orchestrator_init(r.ctx, printed("%s/%s", r.path, inside[i]),
				 "other.example.com", NULL, 0, &r.fault),
			TOTE_E_EXISTS, r.fault);
	after = tree_of(r.scratch.path);
	ck_assert_str_eq(tree_difference(&before, &after), "");
	tree_free(&before);
	tree_free(&after);
	root_remove(&r);
}
END_TEST

START_TEST(no_container_is_made_inside_one_of_another_root)
{
	struct root r, other;

	root_make(&other);
	root_provision(&other, "a");
	root_make(&r);
	ck_fault(provision_at(&r, "b", printed("%s/containers/a/assets/b", other.path)),
		TOTE_E_EXISTS, r.fault);
	ck_fault(provision_at(&r, "b", printed("%s/orchestrator/b", other.path)), TOTE_E_EXISTS,
		r.fault);
	ck_assert_int_eq(file_exists(printed("%s/containers/a/assets/b", other.path)), 0);
	ck_assert_uint_eq(audit(&other, "a").verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
	root_remove(&other);
}
END_TEST

static const char *const parts[] = {"assets", "app-console-input", "ledger"};

START_TEST(a_directory_of_its_own_is_no_link_to_one_of_another)
{
	struct root r;
	char dir[512];

	root_make(&r);
	root_provision(&r, "a");
	directory_make(named(dir, "%s/boxes", r.path));
	directory_make(named(dir, "%s/boxes/b", r.path));
	ck_assert_int_eq(symlink(printed("%s/containers/a/%s", r.path, parts[_i]),
				 printed("%s/%s", dir, parts[_i])),
		0);
	ck_fault(provision_at(&r, "b", dir), TOTE_E_UNTRUSTED, r.fault);
	ck_assert_msg(strstr(r.fault.text, parts[_i]) != NULL, "%s", r.fault.text);
	ck_assert_int_eq(root_entries(&r, "container.registered", "b"), 0);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

START_TEST(two_ids_that_are_made_at_one_place_at_once_make_one_container)
{
	struct root r;
	char place[512];
	pid_t pids[2];
	int status, made = 0;

	root_make(&r);
	named(place, "%s/place", r.scratch.path);
	for (int i = 0; i < 2; i++)
		if ((pids[i] = fork()) == 0) {
			struct root own = r;

			child_asserts_nothing();
			own.ctx = support_ctx(NULL, NULL);
			own.o = NULL;
			root_open(&own);
			_exit(provision_at(&own, i ? "b" : "a", place) != 0);
		}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		made += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	ck_assert_int_eq(made, 1);
	ck_assert_int_eq(root_entries(&r, "container.registered", NULL) == 1 ||
				 root_entries(&r, "container.registered", "a") +
						 root_entries(&r, "container.registered", "b") ==
					 1,
		1);
	root_remove(&r);
}
END_TEST

/* --- a mount, as the kernel would show it ----------------------------------------------------- */

static struct {
	struct kernel kernel;
	uint64_t from, to;
} mounted;

static int mounted_statx(int dir, const char *path, int flags, unsigned int mask, struct statx *out)
{
	int rc = tote__kernel()->statx(dir, path, flags, mask, out);

	if (rc == 0 && out->stx_ino == mounted.from)
		out->stx_ino = mounted.to;
	return rc;
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_ino;
}

/* From here on the first directory is the second one, under another name. */
static void mount_over(struct root *r, const char *at, const char *what)
{
	root_close(r);
	tote_ctx_unref(r->ctx);
	r->ctx = support_ctx(NULL, NULL);
	mounted.kernel = *tote__kernel();
	mounted.kernel.statx = mounted_statx;
	mounted.from = inode_of(at);
	mounted.to = inode_of(what);
	ck_assert_int_eq(tote__posix_kernel_set(r->ctx, &mounted.kernel, &r->fault), 0);
	root_open(r);
}

static const char *const mountable[] = {
	"", "/assets", "/app-console-input", "/ledger", "/ledger/log", "/ledger/journal"};
#define MOUNTABLE (int)(sizeof(mountable) / sizeof(mountable[0]))

START_TEST(a_directory_that_is_mounted_twice_is_refused)
{
	struct root r, other;
	char mine[512], theirs[512];

	root_bare(&other);
	ck_ok(tote_orchestrator_init(
		      other.ctx, other.path, "other.example.com", NULL, 0, &other.fault),
		other.fault);
	root_open(&other);
	root_provision(&other, "b");
	root_make(&r);
	root_provision(&r, "a");
	named(theirs, "%s/containers/a%s", r.path, mountable[_i]);
	named(mine, "%s/containers/b%s", other.path, mountable[_i]);
	mount_over(&r, mine, theirs);
	ck_fault(provision_at(&r, "b", printed("%s/containers/b", other.path)), TOTE_E_EXISTS,
		r.fault);
	ck_assert_msg(strstr(r.fault.text, "'a'") != NULL, "%s", r.fault.text);
	ck_fault(tote_orchestrator_register(
			 r.o, "b", printed("%s/containers/b", other.path), NULL, NULL, 0, &r.fault),
		TOTE_E_EXISTS, r.fault);
	ck_assert_msg(strstr(r.fault.text, "'a'") != NULL, "%s", r.fault.text);
	ck_assert_int_eq(file_exists(printed("%s/orchestrator/seen/b", r.path)), 0);
	ck_assert_int_eq(file_exists(printed("%s/orchestrator/keys/b", r.path)), 0);
	root_remove(&r);
	root_remove(&other);
}
END_TEST

/* What one audit of everything says of that code: 1 where it is said of b and names a, or of a and b. */
static int is_named(struct root *r, int code)
{
	struct tote_finding f = {.size = sizeof(f)};
	tote_audit *job;
	uint32_t worst;
	int rc, found = 0;

	ck_ok(tote_audit_start(r->o, NULL, &job, &r->fault), r->fault);
	while ((rc = tote_audit_step(job, 0, 0, &r->fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", r->fault.text);
	while (tote_audit_next_finding(job, &f, &r->fault) == 1)
		if (f.code == code && !(f.flags & TOTE_FINDING_INFORMATION))
			found |= (!strcmp(f.container, "a") && strstr(f.found, "b")) ||
				 (!strcmp(f.container, "b") && strstr(f.found, "a"));
	ck_ok(tote_audit_worst(job, &worst, &r->fault), r->fault);
	ck_assert_uint_eq(worst, TOTE_VERDICT_DAMAGED);
	ck_ok(tote_audit_close(job, &r->fault), r->fault);
	return found;
}

START_TEST(a_directory_that_is_mounted_twice_later_is_found)
{
	struct root r;
	char mine[512], theirs[512];

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	named(theirs, "%s/containers/a%s", r.path, mountable[_i]);
	named(mine, "%s/containers/b%s", r.path, mountable[_i]);
	mount_over(&r, mine, theirs);
	ck_assert_int_eq(is_named(&r, FINDING_DIRECTORY_SHARED), 1);
	/* whichever is looked at then, by who has seen both */
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_uint_eq(audit(&r, "b").verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(root_entries(&r, "flag.raised", "a") >= 1, 1);
	root_remove(&r);
}
END_TEST

/* --- links and moves --------------------------------------------------------------------------- */

START_TEST(a_link_in_place_of_a_directory_is_damage_and_leads_nowhere)
{
	struct root r;
	struct tree before, after;
	struct outcome o;
	char here[512], away[512];

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	named(here, "%s/containers/b%s", r.path, mountable[_i]);
	named(away, "%s/away", r.scratch.path);
	ck_assert_int_eq(rename(here, away), 0);
	ck_assert_int_eq(symlink(printed("%s/containers/a%s", r.path, mountable[_i]), here), 0);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	before = tree_of(printed("%s/containers/a", r.path));
	o = audit(&r, "b");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_msg(
		has_code(&o, FINDING_SKELETON_TYPE), "%s: %d %d", here, o.codes[0], o.codes[1]);
	after = tree_of(printed("%s/containers/a", r.path));
	ck_assert_str_eq(tree_difference(&before, &after), "");
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	tree_free(&before);
	tree_free(&after);
	root_remove(&r);
}
END_TEST

START_TEST(a_container_that_was_moved_into_another_is_found_at_the_run_of_either)
{
	static const char *const into[] = {"assets", "app-console-input", "ledger"};
	struct root r;
	struct outcome o;
	char link[512], inside[512];

	root_make(&r);
	root_provision(&r, "a");
	directory_make(scratch_path(&r.scratch, "boxes"));
	named(link, "%s/link", r.scratch.path);
	ck_assert_int_eq(symlink("boxes", link), 0);
	ck_ok(provision_at(&r, "b", printed("%s/b", link)), r.fault);
	ck_assert_uint_eq(audit(&r, "b").verdict.verdict, TOTE_VERDICT_OK);
	named(inside, "%s/containers/a/%s", r.path, into[_i]);
	ck_assert_int_eq(rename(scratch_path(&r.scratch, "boxes/b"), printed("%s/b", inside)), 0);
	ck_assert_int_eq(unlink(link) || symlink(inside, link), 0);
	o = audit(&r, "b");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_DIRECTORY_SHARED), 1);
	if (_i != 1) { /* in the gate anybody may drop anything */
		o = audit(&r, "a");
		ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	}
	root_remove(&r);
}
END_TEST

START_TEST(a_directory_that_was_another_s_once_is_shared_with_nobody)
{
	char a[512], b[512], aside[512];
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	named(a, "%s/containers/a", r.path);
	named(b, "%s/containers/b", r.path);
	named(aside, "%s/aside", r.scratch.path);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	/* a is brought back from a copy, and what it was becomes b's */
	ck_assert_int_eq(rename(a, aside), 0);
	copy_tree(aside, a);
	remove_tree(printed("%s/assets", b));
	ck_assert_int_eq(rename(printed("%s/assets", aside), printed("%s/assets", b)), 0);
	ck_assert_uint_eq(audit(&r, "b").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

/* --- files with two names ---------------------------------------------------------------------- */

/* Written once or locked: with another name they are not a container's own. */
static const struct {
	const char *name;
	int code;
} files[] = {
	{"ledger/lock", FINDING_LEDGER_LOCK},
	{"ledger/log/checkpoint", FINDING_LOG_MODE},
	{"ledger/log/tile/0/000.p/1", FINDING_LOG_MODE},
	{"ledger/log/tile/entries/000.p/1", FINDING_LOG_MODE},
	{"ledger/journal/00000000000000000000", FINDING_JOURNAL_MODE},
	{"assets/x", FINDING_ASSET_LINKED},
};

START_TEST(a_file_of_one_that_has_a_name_in_another_is_found_at_both)
{
	struct root r;
	struct outcome o;
	char mine[512], theirs[512];

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	seal(&r, "a", "x");
	seal(&r, "b", "x");
	named(theirs, "%s/containers/a/%s", r.path, files[_i].name);
	named(mine, "%s/containers/b/%s", r.path, files[_i].name);
	ck_assert_int_eq(unlink(mine), 0);
	ck_assert_int_eq(link(theirs, mine), 0);
	o = audit(&r, "b");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	if (strcmp(files[_i].name, "ledger/log/checkpoint") != 0)
		ck_assert_msg(has_code(&o, files[_i].code), "%s: %d %d %d", mine, o.codes[0],
			o.codes[1], o.codes[2]);
	o = audit(&r, "a");
	ck_assert_uint_ne(o.verdict.verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

START_TEST(a_lock_of_another_is_never_taken)
{
	struct root r;
	char mine[512], theirs[512];
	tote_box *box = NULL;
	int rc;

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	named(theirs, "%s/containers/a/ledger/lock", r.path);
	named(mine, "%s/containers/b/ledger/lock", r.path);
	ck_assert_int_eq(unlink(mine), 0);
	ck_assert_int_eq(link(theirs, mine), 0);
	rc = tote_box_open(r.o, "b", NULL, &box, &r.fault);
	if (!rc)
		rc = box_append(box, "x", &r.fault);
	ck_assert_int_eq(rc, TOTE_E_UNTRUSTED);
	ck_assert_msg(strstr(r.fault.text, "ledger/lock") != NULL, "%s", r.fault.text);
	tote_box_unref(box);
	root_remove(&r);
}
END_TEST

/* --- keys -------------------------------------------------------------------------------------- */

/* keys/TO gets the key of keys/FROM, under a name of its own. */
static void plant_key(struct root *r, const char *from, const char *to, const char *origin)
{
	uint8_t seed[32];
	struct secret had, secret;
	struct buf line;

	ck_assert_int_eq(tote__keystore_read(&r->o->key_store, from, &had, &r->fault), 0);
	memcpy(seed, had.seed_and_pub, sizeof(seed));
	ck_assert_int_eq(
		tote__secret_from_seed(origin, KEY_TYPE_ED25519, seed, &secret, &r->fault), 0);
	tote__buf_init(&line, plain_heap(), 1024);
	ck_assert_int_eq(tote__secret_format(&secret, &line, &r->fault), 0);
	unlink(printed("%s/%s", r->o->keys, to));
	file_write(printed("%s/%s", r->o->keys, to), line.data, line.len);
	ck_assert_int_eq(chmod(printed("%s/%s", r->o->keys, to), 0600), 0);
	tote__buf_free(&line);
	tote__secret_free(&secret);
	tote__secret_free(&had);
}

static const char *const owners[] = {"a", "orchestrator", "witness"};

START_TEST(a_container_is_not_made_with_a_key_that_signs_for_another)
{
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	plant_key(&r, owners[_i], "b", ROOT_ORIGIN "/b");
	ck_fault(tote_orchestrator_provision(r.o, "b", NULL, NULL, &r.fault), TOTE_E_KEY, r.fault);
	ck_assert_msg(
		strstr(r.fault.text, printed("'%s'", owners[_i])) != NULL, "%s", r.fault.text);
	ck_assert_int_eq(file_exists(printed("%s/containers/b", r.path)), 0);
	ck_assert_int_eq(root_entries(&r, "container.registered", "b"), 0);
	/* what is named there can be mended by it */
	ck_assert_int_eq(unlink(printed("%s/b", r.o->keys)), 0);
	root_provision(&r, "b");
	root_remove(&r);
}
END_TEST

START_TEST(a_container_whose_key_signs_for_another_is_not_taken_in)
{
	struct root r, other;

	root_make(&r);
	root_provision(&r, "a");
	root_bare(&other);
	ck_ok(tote_orchestrator_init(
		      other.ctx, other.path, "other.example.com", NULL, 0, &other.fault),
		other.fault);
	root_open(&other);
	/* made over there with the key of a here */
	ck_assert_int_eq(run_shell(printed("cp -p '%s/%s' '%s/stolen'", r.o->keys, owners[_i],
				 other.o->keys)),
		0);
	plant_key(&other, "stolen", "b", "other.example.com/b");
	ck_assert_int_eq(unlink(printed("%s/stolen", other.o->keys)), 0);
	root_provision(&other, "b");
	ck_fault(tote_orchestrator_register(
			 r.o, "b", printed("%s/containers/b", other.path), NULL, NULL, 0, &r.fault),
		TOTE_E_KEY, r.fault);
	ck_assert_msg(
		strstr(r.fault.text, printed("'%s'", owners[_i])) != NULL, "%s", r.fault.text);
	/* the record knows the key without the file */
	if (_i == 0) {
		ck_assert_int_eq(unlink(printed("%s/a", r.o->keys)), 0);
		ck_fault(tote_orchestrator_register(r.o, "b",
				 printed("%s/containers/b", other.path), NULL, NULL, 0, &r.fault),
			TOTE_E_KEY, r.fault);
	}
	ck_assert_int_eq(root_entries(&r, "container.registered", "b"), 0);
	ck_assert_int_eq(file_exists(printed("%s/orchestrator/seen/b", r.path)), 0);
	root_remove(&r);
	root_remove(&other);
}
END_TEST

START_TEST(one_key_under_two_names_is_found)
{
	struct root r;
	struct outcome o;

	root_make(&r);
	root_provision(&r, "a");
	root_provision(&r, "b");
	ck_assert_uint_eq(audit(&r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
	/* b's next key, which a rotation would take: nothing else says that it is wrong */
	plant_key(&r, owners[_i], "b.next", ROOT_ORIGIN "/b");
	o = audit(&r, "orchestrator");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(has_code(&o, FINDING_KEY_SHARED), 1);
	root_remove(&r);
}
END_TEST

Suite *sharing_suite(void)
{
	Suite *s = suite_create("sharing");
	TCase *t = tcase_create("sharing");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, no_container_is_made_in_the_place_of_another_however_it_is_spelled,
		0, (int)(sizeof(taken) / sizeof(taken[0])));
	tcase_add_test(t, no_container_is_made_around_a_root_and_no_root_inside_a_container);
	tcase_add_test(t, no_container_is_made_inside_one_of_another_root);
	tcase_add_loop_test(t, a_directory_of_its_own_is_no_link_to_one_of_another, 0, 3);
	tcase_add_test(t, two_ids_that_are_made_at_one_place_at_once_make_one_container);
	tcase_add_loop_test(t, a_directory_that_is_mounted_twice_is_refused, 0, MOUNTABLE);
	tcase_add_loop_test(t, a_directory_that_is_mounted_twice_later_is_found, 0, MOUNTABLE);
	tcase_add_loop_test(
		t, a_link_in_place_of_a_directory_is_damage_and_leads_nowhere, 0, MOUNTABLE);
	tcase_add_loop_test(
		t, a_container_that_was_moved_into_another_is_found_at_the_run_of_either, 0, 3);
	tcase_add_test(t, a_directory_that_was_another_s_once_is_shared_with_nobody);
	tcase_add_loop_test(t, a_file_of_one_that_has_a_name_in_another_is_found_at_both, 0,
		(int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(t, a_lock_of_another_is_never_taken);
	tcase_add_loop_test(t, a_container_is_not_made_with_a_key_that_signs_for_another, 0, 3);
	tcase_add_loop_test(t, a_container_whose_key_signs_for_another_is_not_taken_in, 0, 3);
	tcase_add_loop_test(t, one_key_under_two_names_is_found, 0, 3);
	suite_add_tcase(s, t);
	return s;
}
