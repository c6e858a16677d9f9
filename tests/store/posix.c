/* SPDX-License-Identifier: ISC */
/*
 * What the posix backend promises beyond every backend: nothing leads out of a place, modes are the
 * format's, places come and go.
 */
#include "store/posix_io.h"
#include "store/posix_house.h"
#include <sys/mount.h>
#include <sys/wait.h>

/* --- links, pipes, other links, mounts ----------------------------------------------------------- */

START_TEST(a_link_in_the_way_is_refused_at_each_component)
{
	HOUSE(h);
	const char *outside = scratch_path(&h.scratch, "outside");
	static const char *const links[] = {"ledger/log/l", "ledger/log/d/l", "ledger/log/d/e/l"};
	static const char *const names[] = {"l/x", "d/l/x", "d/e/l/x"};
	struct store_stat st;
	void *object;

	directory_make(outside);
	file_write(scratch_path(&h.scratch, "outside/x"), "secret", 6);
	directory_make(IN(h, "ledger/log/d"));
	directory_make(IN(h, "ledger/log/d/e"));
	for (size_t i = 0; i < 3; i++) {
		struct tote_fault *f = &h.fault;

		ck_assert_int_eq(symlink(outside, IN(h, "%s", links[i])), 0);
		ck_fault(h.ops->object_open(h.at, SPACE_LOG, names[i], 0, &object, &st, f),
			TOTE_E_UNTRUSTED, *f);
		ck_fault(h.ops->stat(h.at, SPACE_LOG, names[i], &st, f), TOTE_E_UNTRUSTED, *f);
		ck_fault(
			h.ops->put_new(h.at, SPACE_LOG, names[i], "y", 1, f), TOTE_E_UNTRUSTED, *f);
		ck_fault(h.ops->remove(h.at, SPACE_LOG, names[i], f), TOTE_E_UNTRUSTED, *f);
		ck_fault(h.ops->cell_swap(h.at, SPACE_LOG, names[i], "secret", 6, "y", 1, 0, f),
			TOTE_E_UNTRUSTED, *f);
	}
	ck_assert_int_eq(names_in(outside), 1);
	house_end(&h);
}
END_TEST

START_TEST(a_link_that_stays_within_the_place_is_refused_too)
{
	HOUSE(h);
	struct store_stat st;
	void *object;

	house_put(&h, SPACE_LOG, "d/x", "x");
	ck_assert_int_eq(symlink("d", IN(h, "ledger/log/l")), 0);
	ck_fault(h.ops->object_open(h.at, SPACE_LOG, "l/x", 0, &object, &st, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, "l/y", "y", 1, &h.fault), TOTE_E_UNTRUSTED,
		h.fault);
	ck_assert_int_eq(names_in(IN(h, "ledger/log/d")), 1);
	house_end(&h);
}
END_TEST

START_TEST(a_link_as_the_last_component_is_seen_and_never_followed)
{
	HOUSE(h);
	struct store_stat st;
	void *object;
	struct buf out;

	tote__buf_init(&out, plain_heap(), 100);
	file_write(scratch_path(&h.scratch, "x"), "secret", 6);
	ck_assert_int_eq(symlink(scratch_path(&h.scratch, "x"), IN(h, "ledger/log/checkpoint")), 0);
	ck_ok(h.ops->stat(h.at, SPACE_LOG, "checkpoint", &st, &h.fault), h.fault);
	ck_assert_int_eq(st.type, STORE_LINK);
	ck_fault(h.ops->object_open(h.at, SPACE_LOG, "checkpoint", 0, &object, &st, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->cell_read(h.at, SPACE_LOG, "checkpoint", &out, &h.fault), TOTE_E_UNTRUSTED,
		h.fault);
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, "checkpoint", "y", 1, &h.fault), TOTE_E_EXISTS,
		h.fault);
	house_end(&h);
}
END_TEST

START_TEST(a_link_where_the_next_writer_writes_is_not_written_through)
{
	HOUSE(h);
	const char *outside = scratch_path(&h.scratch, "x");
	uint8_t *data;

	file_write(outside, "secret", 6);
	ck_assert_int_eq(symlink(outside, IN(h, "ledger/log/.tote-new-checkpoint")), 0);
	ck_ok(h.ops->cell_swap(h.at, SPACE_LOG, "checkpoint", NULL, 0, "cp", 2, 0, &h.fault),
		h.fault);
	ck_assert_int_eq(unlink(IN(h, "ledger/log/checkpoint")), 0);
	ck_assert_int_eq(link(outside, IN(h, "ledger/log/.tote-new-checkpoint")), 0);
	ck_ok(h.ops->cell_swap(h.at, SPACE_LOG, "checkpoint", NULL, 0, "cp", 2, 0, &h.fault),
		h.fault);
	data = file_read(outside, NULL);
	ck_assert_str_eq((char *)data, "secret");
	free(data);
	house_end(&h);
}
END_TEST

START_TEST(a_skeleton_of_links_or_files_is_not_opened)
{
	static const char *const names[] = {
		"app-console-input", "assets", "ledger/log", "ledger/journal"};

	for (size_t i = 0; i < 8; i++) {
		HOUSE(h);
		struct place again;
		const char *path = IN(h, "%s", names[i / 2]);

		ck_assert_int_eq(rmdir(path), 0);
		if (i % 2)
			ck_assert_int_eq(symlink(h.scratch.path, path), 0);
		else
			file_write(path, "x", 1);
		ck_fault(tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "box"),
				 LAYOUT_CONTAINER, 0, &again, &h.fault),
			TOTE_E_UNTRUSTED, h.fault);
		ck_fault(tote__place_provision(h.ctx, "posix", scratch_path(&h.scratch, "box"),
				 LAYOUT_CONTAINER, &h.fault),
			TOTE_E_UNTRUSTED, h.fault);
		house_end(&h);
	}
}
END_TEST

START_TEST(a_container_that_is_a_link_or_a_file_is_untrusted)
{
	HOUSE(h);
	struct place again;

	ck_assert_int_eq(symlink("box", scratch_path(&h.scratch, "alias")), 0);
	file_write(scratch_path(&h.scratch, "file"), "x", 1);
	ck_fault(tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "alias"),
			 LAYOUT_CONTAINER, 0, &again, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "file"),
			 LAYOUT_CONTAINER, 0, &again, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "file/below"),
			 LAYOUT_CONTAINER, 0, &again, &h.fault),
		TOTE_E_NOT_FOUND, h.fault);
	faulty_fail(CALL_OPENAT, 0, 1, EACCES);
	ck_fault(tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "box"), LAYOUT_CONTAINER,
			 0, &again, &h.fault),
		TOTE_E_UNREACHABLE, h.fault);
	house_end(&h);
}
END_TEST

START_TEST(a_place_with_a_directory_missing_can_still_be_looked_at)
{
	HOUSE(h);
	struct place again;
	struct store_stat st;

	ck_assert_int_eq(rmdir(IN(h, "assets")), 0);
	ck_ok(tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "box"), LAYOUT_CONTAINER, 0,
		      &again, &h.fault),
		h.fault);
	ck_fault(again.ops->stat(again.handle, SPACE_ASSETS, "", &st, &h.fault), TOTE_E_NOT_FOUND,
		h.fault);
	tote__place_close(&again);
	house_end(&h);
}
END_TEST

START_TEST(a_pipe_never_blocks_and_is_no_file)
{
	HOUSE(h);
	struct store_stat st;
	void *object, *segment;
	struct buf out;
	uint64_t bytes, inode;
	char line[8];
	size_t len;

	tote__buf_init(&out, plain_heap(), 100);
	ck_assert_int_eq(mkfifo(IN(h, "ledger/log/checkpoint"), 0600), 0);
	ck_assert_int_eq(mkfifo(IN(h, "ledger/lock"), 0600), 0);
	ck_assert_int_eq(mkfifo(IN(h, "ledger/journal/00000000000000000000"), 0600), 0);
	ck_fault(h.ops->object_open(h.at, SPACE_LOG, "checkpoint", 0, &object, &st, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->cell_read(h.at, SPACE_LOG, "checkpoint", &out, &h.fault), TOTE_E_UNTRUSTED,
		h.fault);
	ck_fault(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->line_read(h.at, line, sizeof(line), &len, &inode, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->journal_open(h.at, 0, &segment, &bytes, &h.fault), TOTE_E_UNTRUSTED,
		h.fault);
	house_end(&h);
}
END_TEST

START_TEST(a_second_link_is_refused_in_the_ledger_and_reported_in_assets)
{
	HOUSE(h);
	struct store_stat st;
	void *object, *segment;
	uint64_t bytes;

	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "tile/0/000", "x", 1, &h.fault), h.fault);
	ck_assert_int_eq(link(IN(h, "ledger/log/tile/0/000"), scratch_path(&h.scratch, "a")), 0);
	ck_fault(h.ops->object_open(h.at, SPACE_LOG, "tile/0/000", 0, &object, &st, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->journal_make(h.at, 0, "h", 1, 4096, &h.fault), h.fault);
	ck_assert_int_eq(
		link(IN(h, "ledger/journal/00000000000000000000"), scratch_path(&h.scratch, "b")),
		0);
	ck_fault(h.ops->journal_open(h.at, 0, &segment, &bytes, &h.fault), TOTE_E_UNTRUSTED,
		h.fault);
	tote__fault_clear(&h.fault);
	file_write(IN(h, "assets/a"), "x", 1);
	ck_assert_int_eq(link(IN(h, "assets/a"), scratch_path(&h.scratch, "c")), 0);
	ck_ok(h.ops->object_open(h.at, SPACE_ASSETS, "a", 0, &object, &st, &h.fault), h.fault);
	ck_assert_uint_eq(st.links, 2);
	h.ops->object_close(object);
	house_end(&h);
}
END_TEST

struct seen {
	int files, dirs, links, others, mounts;
};

static int count_types(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct seen *seen = user;

	(void)name, (void)fault;
	seen->files += st->type == STORE_FILE;
	seen->dirs += st->type == STORE_DIR;
	seen->links += st->type == STORE_LINK;
	seen->others += st->type == STORE_OTHER;
	seen->mounts += st->mount;
	return 0;
}

START_TEST(a_listing_shows_odd_entries_as_what_they_are)
{
	HOUSE(h);
	struct seen seen = {0};

	file_write(IN(h, "assets/\xff\xfe odd \n name"), "x", 1);
	directory_make(IN(h, "assets/dir"));
	ck_assert_int_eq(symlink("nowhere", IN(h, "assets/link")), 0);
	ck_assert_int_eq(mkfifo(IN(h, "assets/pipe"), 0600), 0);
	ck_ok(h.ops->list(h.at, SPACE_ASSETS, "", count_types, &seen, &h.fault), h.fault);
	ck_assert_int_eq(seen.files, 1);
	ck_assert_int_eq(seen.dirs, 1);
	ck_assert_int_eq(seen.links, 1);
	ck_assert_int_eq(seen.others, 1);
	ck_assert_int_eq(seen.mounts, 0);
	house_end(&h);
}
END_TEST

/* /proc is another file system than the one it lies in, for everybody. */
START_TEST(a_mount_point_is_reported_and_not_entered)
{
	const struct kernel *k = tote__kernel();
	struct store_stat root, st;
	int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	for (int old = 0; old < 2; old++) {
		k = old ? faulty_kernel() : k;
		if (old)
			faulty_fail(CALL_OPENAT2, 0, FOREVER, ENOSYS);
		ck_assert_int_eq(tote__io_stat(k, top, NULL, UINT64_MAX, &root), 0);
		ck_assert_int_eq(tote__io_stat(k, top, "proc", root.device, &st), 0);
		ck_assert_int_eq(st.mount, 1);
		ck_assert_int_eq(tote__io_open(k, top, "proc", O_RDONLY, 0, 0, &fd), EXDEV);
		ck_assert_int_eq(tote__io_open(k, top, "proc/self", O_RDONLY, 0, 0, &fd), EXDEV);
		ck_assert_int_eq(tote__io_open(k, top, "proc", O_RDONLY, 0, 1, &fd), 0);
		close(fd);
	}
	close(top);
}
END_TEST

/* Where we may make a mount of our own: one in assets/ is untrusted, and seen. */
START_TEST(a_mount_in_a_place_is_untrusted)
{
	HOUSE(h);
	struct seen seen = {0};
	struct store_stat st;
	struct place again;

	directory_make(IN(h, "assets/m"));
	if (mount(h.scratch.path, IN(h, "assets/m"), NULL, MS_BIND, NULL) == 0) {
		ck_ok(h.ops->list(h.at, SPACE_ASSETS, "", count_types, &seen, &h.fault), h.fault);
		ck_assert_int_eq(seen.mounts, 1);
		ck_fault(h.ops->stat(h.at, SPACE_ASSETS, "m/x", &st, &h.fault), TOTE_E_UNTRUSTED,
			h.fault);
		ck_fault(h.ops->make_parents(h.at, "m/x", &h.fault), TOTE_E_UNTRUSTED, h.fault);
		ck_assert_int_eq(umount(IN(h, "assets/m")), 0);
		ck_assert_int_eq(mount(h.scratch.path, IN(h, "assets"), NULL, MS_BIND, NULL), 0);
		ck_fault(tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "box"),
				 LAYOUT_CONTAINER, 0, &again, &h.fault),
			TOTE_E_UNTRUSTED, h.fault);
		ck_assert_int_eq(umount(IN(h, "assets")), 0);
	} else {
		ck_assert(errno == EPERM || errno == EACCES);
	}
	house_end(&h);
}
END_TEST

/* --- modes --------------------------------------------------------------------------------------- */

START_TEST(modes_are_those_of_the_format)
{
	mode_t before = umask(0);
	HOUSE(h);
	struct place other;
	void *stage;
	char root[300];

	snprintf(root, sizeof(root), "%s/orchestrator", h.scratch.path);
	ck_assert_uint_eq(mode_of(IN(h, ".")), 0750);
	ck_assert_uint_eq(mode_of(IN(h, "app-console-input")), 01770);
	ck_assert_uint_eq(mode_of(IN(h, "assets")), 0750);
	ck_assert_uint_eq(mode_of(IN(h, "ledger/journal")), 0750);
	umask(077);
	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "tile/0/000", "x", 1, &h.fault), h.fault);
	ck_ok(h.ops->cell_swap(h.at, SPACE_LOG, "checkpoint", NULL, 0, "x", 1, 0, &h.fault),
		h.fault);
	ck_ok(h.ops->journal_make(h.at, 0, "x", 1, 4096, &h.fault), h.fault);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_ok(h.ops->stage_begin(h.at, &stage, &h.fault), h.fault);
	ck_ok(h.ops->stage_sync(&stage, 1, &h.fault), h.fault);
	ck_ok(h.ops->stage_keep(stage, 0, &h.fault), h.fault);
	h.ops->stage_close(stage);
	ck_assert_uint_eq(mode_of(IN(h, "ledger/log/tile")), 0700); /* less the umask */
	ck_assert_uint_eq(mode_of(IN(h, "ledger/log/tile/0/000")), 0444);
	ck_assert_uint_eq(mode_of(IN(h, "ledger/log/checkpoint")), 0644);
	ck_assert_uint_eq(mode_of(IN(h, "ledger/journal/00000000000000000000")), 0640);
	ck_assert_uint_eq(mode_of(IN(h, "ledger/lock")), 0600);
	ck_assert_uint_eq(mode_of(IN(h, "assets/.tote-0")), 0444);
	umask(0);
	ck_ok(tote__place_provision(h.ctx, "posix", root, LAYOUT_ORCHESTRATOR, &h.fault), h.fault);
	ck_ok(tote__place_open(h.ctx, "posix", root, LAYOUT_ORCHESTRATOR, 0, &other, &h.fault),
		h.fault);
	ck_ok(h.ops->put_new(other.handle, SPACE_REPORTS, "7.jsonl", "x", 1, &h.fault), h.fault);
	ck_ok(h.ops->cell_swap(other.handle, SPACE_KEYS, "witness", NULL, 0, "x", 1, 0, &h.fault),
		h.fault);
	ck_assert_uint_eq(mode_of(scratch_path(&h.scratch, "orchestrator/keys")), 0700);
	ck_assert_uint_eq(mode_of(scratch_path(&h.scratch, "orchestrator/keys/witness")), 0600);
	ck_assert_uint_eq(mode_of(scratch_path(&h.scratch, "orchestrator/reports/7.jsonl")), 0644);
	tote__place_close(&other);
	umask(before);
	house_end(&h);
}
END_TEST

/* --- places come and go -------------------------------------------------------------------------- */

START_TEST(two_hundred_places_keep_below_64_descriptors)
{
	struct place places[200];
	struct scratch s;
	struct tote_fault fault = {0};
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct store_stat st;

	scratch_make(&s);
	for (int i = 0; i < 200; i++) {
		const char *path = scratch_path(&s, "box-%d", i);

		ck_ok(tote__place_provision(ctx, "posix", path, LAYOUT_CONTAINER, &fault), fault);
		ck_ok(tote__place_open(ctx, "posix", path, LAYOUT_CONTAINER, 0, &places[i], &fault),
			fault);
	}
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 200; i++) {
			struct place *p = &places[i];

			ck_ok(p->ops->stat(p->handle, SPACE_LOG, "", &st, &fault), fault);
			if (round)
				p->ops->rest(p->handle);
			ck_assert_int_lt(open_descriptors(), 40);
		}
	}
	ck_ok(places[150].ops->lock_take(places[150].handle, LOCK_BYTE_WRITE, 0, &fault), fault);
	places[150].ops->rest(places[150].handle);
	ck_assert_int_eq(places[150].ops->lock_is_current(places[150].handle, &fault), 1);
	for (int i = 0; i < 200; i++)
		tote__place_close(&places[i]);
	tote_ctx_unref(ctx);
	scratch_remove(&s);
}
END_TEST

START_TEST(a_place_that_became_another_directory_is_untrusted)
{
	struct place places[40];
	struct scratch s;
	struct tote_fault fault = {0};
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct store_stat st;
	struct place *last = &places[39];

	scratch_make(&s);
	for (int i = 0; i < 40; i++) {
		const char *path = scratch_path(&s, "box-%d", i);

		ck_ok(tote__place_provision(ctx, "posix", path, LAYOUT_CONTAINER, &fault), fault);
		ck_ok(tote__place_open(ctx, "posix", path, LAYOUT_CONTAINER, 0, &places[i], &fault),
			fault);
	}
	ck_assert_int_eq(rename(scratch_path(&s, "box-39"), scratch_path(&s, "old")), 0);
	ck_fault(
		last->ops->stat(last->handle, SPACE_LOG, "", &st, &fault), TOTE_E_NOT_FOUND, fault);
	ck_assert_int_eq(rename(scratch_path(&s, "box-38"), scratch_path(&s, "box-39")), 0);
	ck_fault(
		last->ops->stat(last->handle, SPACE_LOG, "", &st, &fault), TOTE_E_UNTRUSTED, fault);
	for (int i = 0; i < 40; i++)
		tote__place_close(&places[i]);
	tote_ctx_unref(ctx);
	scratch_remove(&s);
}
END_TEST

START_TEST(a_relative_location_survives_a_change_of_directory)
{
	struct place places[20];
	struct scratch s;
	struct tote_fault fault = {0};
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct store_stat st;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	scratch_make(&s);
	ck_assert_int_eq(chdir(s.path), 0);
	for (int i = 0; i < 20; i++) {
		const char *path = printed("deep/er/box-%d/", i);

		ck_ok(tote__place_provision(ctx, "posix", path, LAYOUT_CONTAINER, &fault), fault);
		ck_ok(tote__place_open(ctx, "posix", path, LAYOUT_CONTAINER, 0, &places[i], &fault),
			fault);
	}
	ck_assert_int_eq(chdir("/"), 0);
	for (int i = 0; i < 20; i++) {
		ck_ok(places[i].ops->stat(places[i].handle, SPACE_LOG, "", &st, &fault), fault);
		tote__place_close(&places[i]);
	}
	ck_assert_int_eq(fchdir(here), 0);
	close(here);
	tote_ctx_unref(ctx);
	scratch_remove(&s);
}
END_TEST

START_TEST(provisioning_syncs_what_it_made_and_what_it_found)
{
	struct scratch s;
	struct tote_fault fault = {0};
	tote_ctx *ctx = support_ctx(NULL, NULL);
	long syncs[2];

	scratch_make(&s);
	for (int again = 0; again < 2; again++) {
		ck_ok(tote__posix_kernel_set(ctx, faulty_kernel(), &fault), fault);
		ck_ok(tote__place_provision(
			      ctx, "posix", scratch_path(&s, "a/b/box"), LAYOUT_CONTAINER, &fault),
			fault);
		syncs[again] = faulty_count(CALL_FSYNC);
	}
	ck_assert_int_ge(syncs[0], 3 + 6);
	ck_assert_int_ge(syncs[1], 1 + 6);
	ck_ok(tote__posix_kernel_set(ctx, faulty_kernel(), &fault), fault);
	faulty_fail(CALL_FSYNC, 3, 1, EIO);
	ck_fault(tote__place_provision(
			 ctx, "posix", scratch_path(&s, "a/b/box"), LAYOUT_CONTAINER, &fault),
		TOTE_E_IO, fault);
	tote_ctx_unref(ctx);
	scratch_remove(&s);
}
END_TEST

START_TEST(a_lock_file_that_was_replaced_is_noticed)
{
	HOUSE(h);

	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_assert_int_eq(rename(IN(h, "ledger/lock"), IN(h, "ledger/other")), 0);
	ck_assert_int_eq(h.ops->lock_is_current(h.at, &h.fault), 0);
	file_write(IN(h, "ledger/lock"), "", 0);
	ck_assert_int_eq(h.ops->lock_is_current(h.at, &h.fault), 0);
	house_end(&h);
}
END_TEST

START_TEST(locks_hold_between_processes_and_a_child_lets_go_of_nothing)
{
	HOUSE(h);
	int status;
	pid_t child;

	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct place again;
		struct tote_fault fault = {0};
		int rc = tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "box"),
			LAYOUT_CONTAINER, 0, &again, &fault);

		tote__place_close(&h.place);
		if (rc == 0)
			rc = again.ops->lock_take(again.handle, LOCK_BYTE_WRITE, 0, &fault);
		_exit(rc == TOTE_E_BUSY ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	house_end(&h);
}
END_TEST

struct swapper {
	const char *from, *to;
};

static void replace_cell(void *user)
{
	struct swapper *s = user;

	ck_assert_int_eq(rename(s->from, s->to), 0);
}

START_TEST(a_cell_that_is_replaced_under_its_reader_is_read_anew)
{
	HOUSE(h);
	struct swapper s = {.from = IN(h, "ledger/log/new"), .to = IN(h, "ledger/log/cp")};
	struct buf out;

	file_write(s.from, "new", 3);
	file_write(s.to, "old", 3);
	tote__buf_init(&out, plain_heap(), 10);
	faulty_before(CALL_STATX, 0, replace_cell, &s);
	ck_ok(h.ops->cell_read(h.at, SPACE_LOG, "cp", &out, &h.fault), h.fault);
	ck_assert_uint_eq(out.len, 3);
	ck_assert(memcmp(out.data, "new", 3) == 0);
	tote__buf_free(&out);
	house_end(&h);
}
END_TEST

Suite *posix_suite(void)
{
	Suite *s = suite_create("store/posix");
	TCase *tc;

	tc = tcase_create("links, pipes, other links, mounts");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_link_in_the_way_is_refused_at_each_component);
	tcase_add_test(tc, a_link_that_stays_within_the_place_is_refused_too);
	tcase_add_test(tc, a_link_as_the_last_component_is_seen_and_never_followed);
	tcase_add_test(tc, a_link_where_the_next_writer_writes_is_not_written_through);
	tcase_add_test(tc, a_skeleton_of_links_or_files_is_not_opened);
	tcase_add_test(tc, a_container_that_is_a_link_or_a_file_is_untrusted);
	tcase_add_test(tc, a_place_with_a_directory_missing_can_still_be_looked_at);
	tcase_add_test(tc, a_pipe_never_blocks_and_is_no_file);
	tcase_add_test(tc, a_second_link_is_refused_in_the_ledger_and_reported_in_assets);
	tcase_add_test(tc, a_listing_shows_odd_entries_as_what_they_are);
	tcase_add_test(tc, a_mount_point_is_reported_and_not_entered);
	tcase_add_test(tc, a_mount_in_a_place_is_untrusted);
	suite_add_tcase(s, tc);

	tc = tcase_create("modes");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, modes_are_those_of_the_format);
	suite_add_tcase(s, tc);

	tc = tcase_create("places come and go");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, two_hundred_places_keep_below_64_descriptors);
	tcase_add_test(tc, a_place_that_became_another_directory_is_untrusted);
	tcase_add_test(tc, a_relative_location_survives_a_change_of_directory);
	tcase_add_test(tc, provisioning_syncs_what_it_made_and_what_it_found);
	tcase_add_test(tc, a_lock_file_that_was_replaced_is_noticed);
	tcase_add_test(tc, locks_hold_between_processes_and_a_child_lets_go_of_nothing);
	tcase_add_test(tc, a_cell_that_is_replaced_under_its_reader_is_read_anew);
	suite_add_tcase(s, tc);
	return s;
}
