/* SPDX-License-Identifier: ISC */
/*
 * Failures of the kernel leave nothing half-done and are told; the ways for older kernels and other
 * file systems work too.
 */
#include "store/posix_io.h"
#include "store/posix_house.h"

/* --- what the kernel refuses --------------------------------------------------------------------- */

START_TEST(no_space_while_writing_leaves_nothing)
{
	HOUSE(h);
	int descriptors = open_descriptors();

	for (int named = 0; named < 2; named++) {
		faulty_refuse_tmpfile(named ? EOPNOTSUPP : 0);
		faulty_fail(CALL_PWRITE, 0, 1, ENOSPC);
		ck_fault(h.ops->put_new(h.at, SPACE_LOG, "tile", "xyz", 3, &h.fault),
			TOTE_E_NO_SPACE, h.fault);
		ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
		ck_assert_int_eq(h.fault.sys_errno, ENOSPC);
		faulty_fail(CALL_PWRITE, 1, 1, EDQUOT);
		ck_fault(h.ops->journal_make(h.at, 0, "xyz", 3, 32768, &h.fault), TOTE_E_NO_SPACE,
			h.fault);
		faulty_fail(CALL_PWRITE, 0, 1, ENOSPC);
		ck_fault(h.ops->cell_swap(
				 h.at, SPACE_LOG, "checkpoint", NULL, 0, "x", 1, 0, &h.fault),
			TOTE_E_NO_SPACE, h.fault);
		ck_assert_int_eq(names_in(IN(h, "ledger/log")), 0);
		ck_assert_int_eq(names_in(IN(h, "ledger/journal")), 0);
	}
	ck_assert_int_eq(open_descriptors(), descriptors);
	house_end(&h);
}
END_TEST

/* Both are TOTE_E_LIMIT; only a list that is too long asks for more room. */
START_TEST(a_system_without_descriptors_is_not_taken_for_a_list_that_is_too_long)
{
	HOUSE(h);
	uint64_t *numbers = NULL;
	size_t count;

	for (uint64_t seq = 0; seq < 70; seq++)
		ck_ok(h.ops->journal_make(h.at, seq, "xyz", 3, 4096, &h.fault), h.fault);
	ck_ok(tote__place_numbers(&h.place, h.ops->journal_list, 1000, &numbers, &count, &h.fault),
		h.fault);
	ck_assert_uint_eq(count, 70);
	ck_fault(tote__place_numbers(&h.place, h.ops->journal_list, 64, &numbers, &count, &h.fault),
		TOTE_E_LIMIT, h.fault);
	ck_assert_int_eq(h.fault.sys_errno, 0);
	h.ops->rest(h.at);
	faulty_fail(CALL_ANY, 0, FOREVER, EMFILE);
	ck_fault(tote__place_numbers(
			 &h.place, h.ops->journal_list, SIZE_MAX / 4, &numbers, &count, &h.fault),
		TOTE_E_LIMIT, h.fault);
	ck_assert_int_eq(h.fault.sys_errno, EMFILE);
	ck_assert_int_lt(faulty_count(CALL_ANY), 2000);
	faulty_fail(CALL_ANY, 0, 0, 0);
	tote__heap_free(&h.ctx->heap, numbers);
	house_end(&h);
}
END_TEST

/* A name that cannot be looked at is not one that lies elsewhere now. */
START_TEST(a_lock_that_cannot_be_looked_at_is_not_said_to_be_replaced)
{
	HOUSE(h);

	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	faulty_fail(CALL_ANY, 0, FOREVER, EIO);
	ck_fault(h.ops->lock_is_current(h.at, &h.fault), TOTE_E_IO, h.fault);
	faulty_fail(CALL_ANY, 0, 0, 0);
	tote__fault_clear(&h.fault);
	ck_assert_int_eq(h.ops->lock_is_current(h.at, &h.fault), 1);
	house_end(&h);
}
END_TEST

START_TEST(a_sync_that_fails_is_reported_and_is_never_made_again)
{
	HOUSE(h);
	void *segment, *stage;
	uint64_t bytes;
	long syncs;

	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	syncs = faulty_count(CALL_FSYNC);
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, "t", "x", 1, &h.fault), TOTE_E_IO, h.fault);
	ck_assert_int_eq(faulty_count(CALL_FSYNC), syncs + 1);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "t", "x", 1, &h.fault), h.fault);
	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	ck_fault(h.ops->barrier(h.at, SPACE_LOG, &h.fault), TOTE_E_IO, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_UNKNOWN);
	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	ck_fault(h.ops->barrier(h.at, SPACE_LOG, &h.fault), TOTE_E_IO, h.fault); /* not forgotten */
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	ck_ok(h.ops->journal_make(h.at, 0, "h", 1, 4096, &h.fault), h.fault);
	ck_ok(h.ops->journal_open(h.at, 0, &segment, &bytes, &h.fault), h.fault);
	faulty_fail(CALL_FDATASYNC, 0, 1, EIO);
	ck_fault(h.ops->journal_sync(segment, &h.fault), TOTE_E_IO, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_UNKNOWN);
	faulty_fail(CALL_PWRITE, 0, 1, EIO);
	ck_fault(h.ops->journal_write(segment, 0, "x", 1, &h.fault), TOTE_E_IO, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_UNKNOWN);
	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	ck_fault(h.ops->journal_grow(segment, 8192, &h.fault), TOTE_E_IO, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_UNKNOWN);
	h.ops->journal_close(segment);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->stage_begin(h.at, &stage, &h.fault), h.fault);
	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	ck_fault(h.ops->stage_sync(&stage, 1, &h.fault), TOTE_E_IO, h.fault);
	h.ops->stage_close(stage);
	house_end(&h);
}
END_TEST

START_TEST(a_cell_whose_directory_was_not_synced_is_of_unknown_effect)
{
	HOUSE(h);
	struct buf now;

	ck_ok(h.ops->cell_swap(h.at, SPACE_LOG, "cp", NULL, 0, "old", 3, 0, &h.fault), h.fault);
	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	ck_fault(h.ops->cell_swap(h.at, SPACE_LOG, "cp", "old", 3, "new", 3, 0, &h.fault),
		TOTE_E_IO, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
	ck_assert_int_eq(names_in(IN(h, "ledger/log")), 1);
	faulty_fail(CALL_FSYNC, 1, 1, EIO);
	ck_fault(h.ops->cell_swap(h.at, SPACE_LOG, "cp", "old", 3, "new", 3, 0, &h.fault),
		TOTE_E_IO, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_UNKNOWN);
	tote__fault_clear(&h.fault);
	tote__buf_init(&now, plain_heap(), 10);
	ck_ok(h.ops->cell_read(h.at, SPACE_LOG, "cp", &now, &h.fault), h.fault);
	ck_assert(memcmp(now.data, "new", 3) == 0);
	tote__buf_free(&now);
	house_end(&h);
}
END_TEST

static void make_checkpoint(void *user)
{
	file_write(user, "theirs", 6);
}

START_TEST(a_cell_that_somebody_else_makes_meanwhile_is_not_replaced)
{
	HOUSE(h);
	char path[400];
	uint8_t *data;

	snprintf(path, sizeof(path), "%s", IN(h, "ledger/log/cp"));
	faulty_before(CALL_RENAMEAT2, 0, make_checkpoint, path);
	ck_fault(h.ops->cell_swap(h.at, SPACE_LOG, "cp", NULL, 0, "ours", 4, 0, &h.fault),
		TOTE_E_CONFLICT, h.fault);
	data = file_read(path, NULL);
	ck_assert_str_eq((char *)data, "theirs");
	free(data);
	ck_assert_int_eq(names_in(IN(h, "ledger/log")), 1);
	house_end(&h);
}
END_TEST

struct planted {
	char outside[400], beside[400];
};

static void plant(void *user)
{
	const struct planted *p = user;

	ck_assert(link(p->outside, p->beside) == 0 || errno == EEXIST);
}

/* Another name of a file elsewhere, put there between any two calls of the swap. */
START_TEST(a_name_planted_where_a_cell_is_written_is_not_written_through)
{
	for (long n = 0, calls = 1; n < calls; n++) {
		HOUSE(h);
		struct planted p;
		uint8_t *data;

		snprintf(p.outside, sizeof(p.outside), "%s", scratch_path(&h.scratch, "outside"));
		snprintf(p.beside, sizeof(p.beside), "%s", IN(h, "ledger/log/.tote-new-cp"));
		file_write(p.outside, "secret", 6);
		calls = faulty_count(CALL_OPENAT2);
		faulty_before(CALL_OPENAT2, n, plant, &p);
		h.ops->cell_swap(h.at, SPACE_LOG, "cp", NULL, 0, "open", 4, 0, &h.fault);
		calls = faulty_count(CALL_OPENAT2) - calls;
		ck_assert_int_gt(calls, 1);
		data = file_read(p.outside, NULL);
		ck_assert_str_eq((char *)data, "secret");
		free(data);
		house_end(&h);
	}
}
END_TEST

START_TEST(a_segment_whose_name_was_not_synced_is_of_unknown_effect)
{
	HOUSE(h);

	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	ck_fault(h.ops->journal_make(h.at, 0, "h", 1, 4096, &h.fault), TOTE_E_IO, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
	ck_assert_int_eq(names_in(IN(h, "ledger/journal")), 0);
	faulty_fail(CALL_FSYNC, 1, 1, EIO);
	ck_fault(h.ops->journal_make(h.at, 0, "h", 1, 4096, &h.fault), TOTE_E_IO, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_UNKNOWN);
	ck_assert_int_eq(names_in(IN(h, "ledger/journal")), 1);
	house_end(&h);
}
END_TEST

START_TEST(a_container_whose_own_name_was_not_synced_is_not_said_to_be_made)
{
	HOUSE(h);
	const char *location = scratch_path(&h.scratch, "new");

	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	ck_fault(tote__place_provision(h.ctx, "posix", location, LAYOUT_CONTAINER, &h.fault),
		TOTE_E_IO, h.fault);
	house_end(&h);
}
END_TEST

/* One of each that writes; 0 or the first failure. */
static int write_all(struct house *h, struct tote_fault *f)
{
	void *stage = NULL, *segment = NULL;
	const char *path = "p/q/r";
	uint64_t bytes, seqs[2];
	size_t count;
	int rc;

	rc = h->ops->put_new(h->at, SPACE_LOG, "tile/0/000", "tile", 4, f);
	rc = rc ? rc : h->ops->sync_object(h->at, SPACE_LOG, "tile/0/000", f);
	rc = rc ? rc : h->ops->barrier(h->at, SPACE_LOG, f);
	rc = rc ? rc : h->ops->remove(h->at, SPACE_LOG, "tile/0/000", f);
	rc = rc ? rc : h->ops->cell_swap(h->at, SPACE_LOG, "cp", NULL, 0, "1", 1, 0, f);
	rc = rc ? rc : h->ops->cell_swap(h->at, SPACE_LOG, "cp", "1", 1, "2", 1, 0, f);
	rc = rc ? rc : h->ops->cell_sync(h->at, SPACE_LOG, "cp", f);
	rc = rc ? rc : h->ops->stage_begin(h->at, &stage, f);
	rc = rc ? rc : h->ops->stage_write(stage, "asset", 5, f);
	rc = rc ? rc : h->ops->stage_sync(&stage, 1, f);
	rc = rc ? rc : h->ops->make_parents(h->at, path, f);
	rc = rc ? rc : h->ops->stage_keep(stage, 1, f);
	rc = rc ? rc : h->ops->list_kept(h->at, seqs, 2, &count, f);
	rc = rc ? rc : h->ops->publish(h->at, 1, path, f);
	rc = rc ? rc : h->ops->barrier(h->at, SPACE_ASSETS, f);
	rc = rc ? rc : h->ops->sync_parents(h->at, &path, 1, f);
	rc = rc ? rc : h->ops->journal_make(h->at, 0, "h", 1, 4096, f);
	rc = rc ? rc : h->ops->journal_open(h->at, 0, &segment, &bytes, f);
	rc = rc ? rc : h->ops->journal_write(segment, 0, "H", 1, f);
	rc = rc ? rc : h->ops->journal_sync(segment, f);
	rc = rc ? rc : h->ops->journal_grow(segment, 8192, f);
	rc = rc ? rc : h->ops->journal_remove(h->at, 0, f);
	rc = rc ? rc : h->ops->journal_sync_names(h->at, f);
	rc = rc ? rc : h->ops->lock_take(h->at, LOCK_BYTE_WRITE, 0, f);
	rc = rc ? rc : h->ops->line_write(h->at, "line\n", 5, f);
	rc = rc ? rc : h->ops->line_sync(h->at, f);
	rc = rc ? rc : h->ops->sweep(h->at, f);
	h->ops->stage_close(stage);
	h->ops->journal_close(segment);
	return rc;
}

/*
 * Whichever call fails, something says so or it did not matter, and no descriptor is lost. Calls
 * whose failure does not matter: looks ahead, what tidies up, and the first of two ways.
 */
START_TEST(every_failing_call_is_survived)
{
	int silent = 0;

	for (int named = 0; named < 2; named++) {
		for (long n = 0;; n++) {
			HOUSE(h);
			int before = open_descriptors(), fired, rc;

			faulty_refuse_tmpfile(named ? EOPNOTSUPP : 0);
			faulty_fail(CALL_ANY, n, 1, EIO);
			rc = write_all(&h, &h.fault);
			fired = faulty_fired();
			if (rc) {
				ck_assert_int_eq(h.fault.code, rc);
				ck_assert(fired);
			} else {
				silent += fired;
			}
			h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
			ck_assert_int_eq(open_descriptors(), before);
			house_end(&h);
			if (!fired)
				break;
		}
	}
	ck_assert_int_lt(silent, 12);
}
END_TEST

START_TEST(interrupted_and_short_calls_go_on)
{
	HOUSE(h);
	struct tote_fault fault = {0};
	struct buf out;

	faulty_shorten_io(3);
	for (int call = 0; call < CALLS; call++)
		if (call != CALL_MKDIRAT && call != CALL_LINKAT && call != CALL_RENAMEAT2 &&
			call != CALL_UNLINKAT && call != CALL_FCHMOD && call != CALL_SETFL)
			faulty_fail((enum call)call, 0, 2, EINTR);
	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "t", "0123456789", 10, &fault), fault);
	ck_assert_int_eq(file_size(IN(h, "ledger/log/t")), 10);
	tote__buf_init(&out, plain_heap(), 100);
	ck_ok(h.ops->cell_read(h.at, SPACE_LOG, "t", &out, &fault), fault);
	ck_assert_uint_eq(out.len, 10);
	ck_assert(memcmp(out.data, "0123456789", 10) == 0);
	tote__buf_free(&out);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &fault), fault);
	/* The line is the exception: half of one is none. */
	ck_fault(h.ops->line_write(h.at, "a line\n", 7, &fault), TOTE_E_IO, fault);
	house_end(&h);
}
END_TEST

/* --- older kernels and other file systems -------------------------------------------------------- */

/* Runs everything once more with a part of the kernel taken away. */
static void whole_without(void (*take_away)(void))
{
	HOUSE(h);
	struct tote_fault fault = {0};

	take_away();
	ck_ok(write_all(&h, &fault), fault);
	ck_assert_int_eq(names_in(IN(h, "assets")), 1);
	ck_assert_int_eq(names_in(IN(h, "ledger/journal")), 0);
	ck_assert_int_eq(mode_of(IN(h, "assets/p/q/r")), 0444);
	house_end(&h);
}

static void no_openat2(void)
{
	faulty_fail(CALL_OPENAT2, 0, FOREVER, ENOSYS);
}

static void no_tmpfile(void)
{
	faulty_refuse_tmpfile(EOPNOTSUPP);
}

static void no_noreplace(void)
{
	faulty_refuse_tmpfile(EISDIR);
	faulty_fail(CALL_RENAMEAT2, 0, FOREVER, EINVAL);
}

static void no_openat2_and_no_tmpfile(void)
{
	no_openat2();
	no_tmpfile();
}

START_TEST(everything_works_without_openat2)
{
	whole_without(no_openat2);
}
END_TEST

START_TEST(everything_works_without_nameless_files)
{
	whole_without(no_tmpfile);
	whole_without(no_openat2_and_no_tmpfile);
}
END_TEST

START_TEST(names_are_taken_by_link_and_unlink_where_a_rename_would_replace)
{
	HOUSE(h);
	void *stage;

	no_noreplace();
	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "t", "x", 1, &h.fault), h.fault);
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, "t", "y", 1, &h.fault), TOTE_E_EXISTS, h.fault);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->stage_begin(h.at, &stage, &h.fault), h.fault);
	ck_ok(h.ops->stage_keep(stage, 4, &h.fault), h.fault);
	h.ops->stage_close(stage);
	file_write(IN(h, "assets/there"), "x", 1);
	ck_fault(h.ops->publish(h.at, 4, "there", &h.fault), TOTE_E_EXISTS, h.fault);
	tote__fault_clear(&h.fault);
	/* A publish that was interrupted between the two is completed by the next. */
	ck_assert_int_eq(link(IN(h, "assets/.tote-4"), IN(h, "assets/a")), 0);
	ck_ok(h.ops->publish(h.at, 4, "a", &h.fault), h.fault);
	ck_assert_int_eq(names_in(IN(h, "assets")), 2);
	house_end(&h);
}
END_TEST

START_TEST(links_and_mounts_are_refused_without_openat2_too)
{
	HOUSE(h);
	struct store_stat st;
	void *object;

	no_openat2();
	directory_make(scratch_path(&h.scratch, "outside"));
	file_write(scratch_path(&h.scratch, "outside/x"), "secret", 6);
	ck_assert_int_eq(symlink(scratch_path(&h.scratch, "outside"), IN(h, "ledger/log/l")), 0);
	ck_fault(h.ops->object_open(h.at, SPACE_LOG, "l/x", 0, &object, &st, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->object_open(h.at, SPACE_LOG, "l", 0, &object, &st, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, "l/y", "y", 1, &h.fault), TOTE_E_UNTRUSTED,
		h.fault);
	house_end(&h);
}
END_TEST

START_TEST(an_unlocked_leftover_is_swept_and_a_locked_one_is_not)
{
	HOUSE(h);
	struct place again;
	void *stage;

	no_tmpfile();
	file_write(IN(h, "assets/.tote-w-dead"), "x", 1);
	file_write(IN(h, "ledger/log/.tote-w-dead"), "x", 1);
	file_write(IN(h, "ledger/journal/.tote-w-dead"), "x", 1);
	directory_make(IN(h, "assets/.tote-w-directory"));
	ck_assert_int_eq(symlink("/dev/null", IN(h, "assets/.tote-w-link")), 0);
	ck_ok(h.ops->stage_begin(h.at, &stage, &h.fault), h.fault);
	ck_assert_int_eq(names_in(IN(h, "assets")), 3); /* the next writer swept the dead one */
	ck_ok(h.ops->stage_sync(&stage, 1, &h.fault), h.fault);
	ck_ok(tote__place_open(h.ctx, "posix", scratch_path(&h.scratch, "box"), LAYOUT_CONTAINER, 0,
		      &again, &h.fault),
		h.fault);
	ck_ok(again.ops->sweep(again.handle, &h.fault), h.fault);
	ck_assert_int_eq(names_in(IN(h, "assets")), 3);
	ck_assert_int_eq(names_in(IN(h, "ledger/log")), 0);
	ck_assert_int_eq(names_in(IN(h, "ledger/journal")), 0);
	ck_ok(h.ops->stage_keep(stage, 0, &h.fault), h.fault);
	h.ops->stage_close(stage);
	ck_assert(file_exists(IN(h, "assets/.tote-0")));
	tote__place_close(&again);
	house_end(&h);
}
END_TEST

static void sweep_first(void *user)
{
	char path[600];
	struct dirent *entry;
	DIR *dir = opendir(user);

	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, ".tote-w-", 8) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", (char *)user, entry->d_name);
		unlink(path);
	}
	closedir(dir);
}

START_TEST(a_writer_whose_name_was_swept_before_its_lock_begins_again)
{
	HOUSE(h);

	no_tmpfile();
	faulty_before(CALL_SETLK, 0, sweep_first, (void *)IN(h, "ledger/log"));
	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "t", "x", 1, &h.fault), h.fault);
	ck_assert_int_eq(names_in(IN(h, "ledger/log")), 1);
	house_end(&h);
}
END_TEST

/* Inodes are numbered anew on each file system. */
static int elsewhere_statx(
	int dir, const char *path, int flags, unsigned int mask, struct statx *out)
{
	int rc = tote__kernel()->statx(dir, path, flags, mask, out);

	out->stx_dev_minor += *path == '\0';
	return rc;
}

START_TEST(a_file_of_the_same_number_on_another_file_system_is_another_file)
{
	HOUSE(h);
	struct kernel k = *tote__kernel();
	int fd;

	house_put(&h, SPACE_LOG, "t", "x");
	fd = open(IN(h, "ledger/log/t"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(tote__io_is_same(&k, AT_FDCWD, IN(h, "ledger/log/t"), fd), 1);
	k.statx = elsewhere_statx;
	ck_assert_int_eq(tote__io_is_same(&k, AT_FDCWD, IN(h, "ledger/log/t"), fd), 0);
	close(fd);
	house_end(&h);
}
END_TEST

START_TEST(bytes_that_may_be_cached_are_said_to_be)
{
	HOUSE(h);
	struct buf out;
	int cached = 0;

	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "t", "0123456789", 10, &h.fault), h.fault);
	faulty_pretend_disk(1);
	tote__buf_init(&out, plain_heap(), 100);
	ck_ok(tote__store_get(&h.place, SPACE_LOG, "t", STORE_UNCACHED, &out, &cached, &h.fault),
		h.fault);
	ck_assert_int_eq(cached, 0);
	tote__buf_free(&out);
	for (int way = 0; way < 2; way++) {
		tote__buf_init(&out, plain_heap(), 100);
		if (way == 0)
			faulty_fail(CALL_SETFL, 0, 1, EINVAL);
		else
			faulty_fail(
				CALL_PREAD, 0, 1, EINVAL); /* the device refuses its alignment */
		cached = 0;
		ck_ok(tote__store_get(
			      &h.place, SPACE_LOG, "t", STORE_UNCACHED, &out, &cached, &h.fault),
			h.fault);
		ck_assert_int_eq(cached, 1);
		ck_assert_uint_eq(out.len, 10);
		ck_assert(memcmp(out.data, "0123456789", 10) == 0);
		ck_assert_int_ge(faulty_count(CALL_FADVISE), 1);
		tote__buf_free(&out);
	}
	house_end(&h);
}
END_TEST

Suite *posix_faults_suite(void)
{
	Suite *s = suite_create("store/posix_faults");
	TCase *tc;

	tc = tcase_create("what the kernel refuses");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, no_space_while_writing_leaves_nothing);
	tcase_add_test(tc, a_system_without_descriptors_is_not_taken_for_a_list_that_is_too_long);
	tcase_add_test(tc, a_lock_that_cannot_be_looked_at_is_not_said_to_be_replaced);
	tcase_add_test(tc, a_sync_that_fails_is_reported_and_is_never_made_again);
	tcase_add_test(tc, a_cell_whose_directory_was_not_synced_is_of_unknown_effect);
	tcase_add_test(tc, a_cell_that_somebody_else_makes_meanwhile_is_not_replaced);
	tcase_add_test(tc, a_name_planted_where_a_cell_is_written_is_not_written_through);
	tcase_add_test(tc, a_segment_whose_name_was_not_synced_is_of_unknown_effect);
	tcase_add_test(tc, a_container_whose_own_name_was_not_synced_is_not_said_to_be_made);
	tcase_add_test(tc, every_failing_call_is_survived);
	tcase_add_test(tc, interrupted_and_short_calls_go_on);
	suite_add_tcase(s, tc);

	tc = tcase_create("older kernels and other file systems");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, everything_works_without_openat2);
	tcase_add_test(tc, everything_works_without_nameless_files);
	tcase_add_test(tc, names_are_taken_by_link_and_unlink_where_a_rename_would_replace);
	tcase_add_test(tc, links_and_mounts_are_refused_without_openat2_too);
	tcase_add_test(tc, an_unlocked_leftover_is_swept_and_a_locked_one_is_not);
	tcase_add_test(tc, a_writer_whose_name_was_swept_before_its_lock_begins_again);
	tcase_add_test(tc, a_file_of_the_same_number_on_another_file_system_is_another_file);
	tcase_add_test(tc, bytes_that_may_be_cached_are_said_to_be);
	suite_add_tcase(s, tc);
	return s;
}
