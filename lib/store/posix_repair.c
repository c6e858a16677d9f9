/* SPDX-License-Identifier: ISC */
/*
 * Repairs (FORMAT section 5) in a directory tree. Nothing is replaced, nothing is removed: at every
 * instant ledger/journal is the old journal or the new one, and whole.
 */
#include "store/posix_repair.h"
#include "store/layout.h"
#include "store/path.h"
#include "store/posix_way.h"
#include <errno.h>
#include <stdio.h>

#define SEGMENT_MODE 0640

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2 /* linux/fs.h; renameat2(2) */
#endif

static int check(struct posix_place *p, const char *name, struct tote_fault *fault)
{
	int rc = tote__layout_check(p->layout, SPACE_JOURNAL, "", fault);

	if (rc == 0)
		rc = tote__layout_check(p->layout, SPACE_LEDGER, name, fault);
	if (rc == 0 && (!*name || name[tote__path_parent(name)] == '/'))
		rc = tote__fault(fault, TOTE_E_GRAMMAR, "'%s' is no name of one component", name);
	return rc ? rc : tote__posix_enter_write(p, fault);
}

/* The end of each operation; name is what lies in ledger/damaged/. */
static int leave(struct posix_place *p, const char *name, int err, const char *verb,
	uint32_t effect, struct tote_fault *fault)
{
	char path[STORE_NAME_MAX + sizeof(LAYOUT_DAMAGED "/")];
	int rc = 0;

	snprintf(path, sizeof(path), LAYOUT_DAMAGED "/%s", name);
	if (err == EINVAL || err == ENOSYS)
		rc = tote__posix_refuse(p, SPACE_LEDGER, path, TOTE_E_UNSUPPORTED, verb,
			"this file system cannot exchange two directories in one step", fault);
	else if (err)
		rc = tote__posix_fault(p, SPACE_LEDGER, path, err, verb, fault);
	if (rc)
		fault->effect = effect;
	tote__posix_leave(p);
	return rc;
}

/* --- a journal built aside ------------------------------------------------------------------ */

/* Nobody looks into the directory yet, so the segment needs no detour to its name. */
static int make_segment(
	const struct kernel *k, int dir, uint64_t seq, const void *data, size_t len, uint64_t bytes)
{
	char name[PATH_KEPT_MAX];
	int fd, err;

	tote__path_segment(seq, name);
	err = tote__io_open(k, dir, name, O_RDWR | O_CREAT | O_EXCL, SEGMENT_MODE, 0, &fd);
	if (err)
		return err;
	err = tote__io_write(k, fd, data, len, 0);
	if (!err)
		err = tote__io_write_zeros(k, fd, len, bytes);
	if (!err && k->fchmod(fd, SEGMENT_MODE) != 0)
		err = errno;
	if (!err)
		err = tote__io_sync(k, fd);
	tote__io_close(k, &fd);
	return err;
}

static int build_in(struct posix_place *p, const char *name, uint64_t seq, const void *data,
	size_t len, uint64_t bytes)
{
	const struct kernel *k = p->backend->kernel;
	const size_t above_len = sizeof(LAYOUT_DAMAGED) - 1;
	int above, dir, err;

	err = tote__posix_make_dirs(p, SPACE_LEDGER, LAYOUT_DAMAGED, above_len, 1, &above);
	if (err)
		return err;
	if (k->mkdirat(above, name, LAYOUT_SUBDIR_MODE) != 0)
		err = errno;
	if (!err)
		err = tote__io_open(k, above, name, O_RDONLY | O_DIRECTORY, 0, 0, &dir);
	if (!err) {
		err = make_segment(k, dir, seq, data, len, bytes);
		if (!err)
			err = tote__io_sync(k, dir);
		tote__io_close(k, &dir);
	}
	tote__io_close(k, &above);
	return err;
}

int tote__posix_journal_build(void *place, const char *name, uint64_t seq, const void *data,
	size_t len, uint64_t bytes, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc = check(p, name, fault);

	if (rc)
		return rc;
	return leave(
		p, name, build_in(p, name, seq, data, len, bytes), "make", TOTE_EFFECT_NONE, fault);
}

/* --- the exchange --------------------------------------------------------------------------- */

static int exchange_in(struct posix_place *p, const char *name, uint32_t *ret_effect)
{
	const char *journal = tote__path_last(tote__layout_path(p->layout, SPACE_JOURNAL));
	const struct kernel *k = p->backend->kernel;
	int above = -1, ledger = -1, err;

	err = tote__posix_open_dir(
		p, SPACE_LEDGER, LAYOUT_DAMAGED, sizeof(LAYOUT_DAMAGED) - 1, &above);
	if (!err)
		err = tote__posix_open_dir(p, SPACE_LEDGER, "", 0, &ledger);
	if (!err && k->renameat2(above, name, ledger, journal, RENAME_EXCHANGE) != 0)
		err = errno;
	if (!err) {
		*ret_effect = TOTE_EFFECT_UNKNOWN;
		err = tote__io_sync(k, above);
	}
	if (!err)
		err = tote__io_sync(k, ledger);
	tote__io_close(k, &above);
	tote__io_close(k, &ledger);
	return err;
}

int tote__posix_journal_exchange(void *place, const char *name, struct tote_fault *fault)
{
	struct posix_place *p = place;
	uint32_t effect = TOTE_EFFECT_NONE;
	int err, rc = check(p, name, fault);

	if (rc)
		return rc;
	err = exchange_in(p, name, &effect);
	return leave(p, name, err, "exchange the journal with", effect, fault);
}

/* --- files of the log ----------------------------------------------------------------------- */

static int move_in(struct posix_place *p, const char *to, const char *name)
{
	const struct kernel *k = p->backend->kernel;
	int from_dir = -1, to_dir = -1, err;

	err = tote__posix_open_dir(p, SPACE_LOG, name, tote__path_parent(name), &from_dir);
	if (!err)
		err = tote__posix_make_dirs(p, SPACE_LEDGER, to, tote__path_parent(to), 0, &to_dir);
	if (!err)
		err = tote__io_rename_new(
			k, from_dir, tote__path_last(name), to_dir, tote__path_last(to));
	tote__io_close(k, &from_dir);
	tote__io_close(k, &to_dir);
	return err;
}

int tote__posix_set_aside(void *place, const char *set, const char *name, struct tote_fault *fault)
{
	struct posix_place *p = place;
	char to[STORE_NAME_MAX + 1];
	size_t from_len = tote__path_parent(name), to_len;
	int n = snprintf(to, sizeof(to), LAYOUT_DAMAGED "/%s/%s", set, name);
	int err, rc = tote__layout_check_write(p->layout, SPACE_LOG, name, fault);

	if (rc == 0 && n > STORE_NAME_MAX)
		rc = tote__fault(fault, TOTE_E_GRAMMAR, "'%s' is too long a name", name);
	if (rc == 0)
		rc = check(p, set, fault);
	if (rc)
		return rc;
	to_len = tote__path_parent(to);
	rc = tote__touched_pin(&p->touched, SPACE_LOG, name, from_len, fault);
	if (rc == 0) {
		rc = tote__touched_pin(&p->touched, SPACE_LEDGER, to, to_len, fault);
		if (rc)
			tote__touched_unpin(&p->touched, SPACE_LOG, name, from_len, 0);
	}
	if (rc) {
		tote__posix_leave(p);
		return rc;
	}
	err = move_in(p, to, name);
	tote__touched_unpin(&p->touched, SPACE_LEDGER, to, to_len, 1);
	tote__touched_unpin(&p->touched, SPACE_LOG, name, from_len, 1);
	if (err)
		rc = tote__posix_fault(p, SPACE_LOG, name, err, "set aside", fault);
	tote__posix_leave(p);
	return rc;
}
