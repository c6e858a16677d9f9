/* SPDX-License-Identifier: ISC */
/*
 * Segments of the journal. Their zeros are written, not only allocated: a write into allocated but
 * never written blocks changes metadata, and then a group's fdatasync would write that too.
 */
#include "store/posix_journal.h"
#include "store/layout.h"
#include "store/path.h"
#include "store/posix_numbers.h"
#include "store/posix_temp.h"
#include "store/posix_way.h"
#include <errno.h>

#define SEGMENT_MODE 0640

struct segment {
	struct posix_place *place;
	int fd;
	struct store_stat opened;
	char name[PATH_KEPT_MAX];
};

static int segment_fault(const struct segment *s, int err, const char *verb, uint32_t effect,
	struct tote_fault *fault)
{
	int rc = tote__posix_fault(s->place, SPACE_JOURNAL, s->name, err, verb, fault);

	fault->effect = effect;
	return rc;
}

/* Between enter_write and leave; the journal's directory is open. */
static int make_in(struct posix_place *p, int dir, const char *name, const void *header, size_t len,
	uint64_t bytes, uint32_t *ret_effect)
{
	const struct kernel *k = p->backend->kernel;
	struct temp t;
	int err;

	err = tote__temp_make(p, SPACE_JOURNAL, &t);
	if (err)
		return err;
	err = tote__io_write(k, t.fd, header, len, 0);
	if (!err)
		err = tote__io_write_zeros(k, t.fd, len, bytes);
	if (!err && k->fchmod(t.fd, SEGMENT_MODE) != 0)
		err = errno;
	if (!err)
		err = tote__io_sync(k, t.fd);
	if (!err)
		err = tote__temp_link(p, &t, dir, name);
	tote__temp_drop(p, &t);
	if (err)
		return err;
	*ret_effect = TOTE_EFFECT_UNKNOWN;
	return tote__io_sync(k, dir);
}

static int check(struct posix_place *p, struct tote_fault *fault)
{
	return tote__layout_check(p->layout, SPACE_JOURNAL, "", fault);
}

int tote__posix_journal_make(void *place, uint64_t seq, const void *header, size_t len,
	uint64_t bytes, struct tote_fault *fault)
{
	struct posix_place *p = place;
	uint32_t effect = TOTE_EFFECT_NONE;
	char name[PATH_KEPT_MAX];
	int dir, err, rc = check(p, fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	tote__path_segment(seq, name);
	err = tote__posix_open_dir(p, SPACE_JOURNAL, "", 0, &dir);
	if (!err) {
		err = make_in(p, dir, name, header, len, bytes, &effect);
		tote__io_close(p->backend->kernel, &dir);
	}
	if (err) {
		rc = tote__posix_fault(p, SPACE_JOURNAL, name, err, "make", fault);
		fault->effect = effect;
	}
	tote__posix_leave(p);
	return rc;
}

int tote__posix_journal_list(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault)
{
	return tote__posix_numbers(
		place, SPACE_JOURNAL, tote__path_segment_parse, seqs, cap, ret_count, fault);
}

int tote__posix_journal_open(void *place, uint64_t seq, void **ret_segment, uint64_t *ret_bytes,
	struct tote_fault *fault)
{
	struct posix_place *p = place;
	const int flags = p->flags & STORE_READ_ONLY ? O_RDONLY : O_RDWR;
	struct segment *s;
	int rc = check(p, fault);

	if (rc == 0)
		rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	s = tote__heap_new(p->backend->heap, 1, sizeof(*s), fault);
	rc = s ? 0 : fault->code;
	if (s) {
		s->place = p;
		tote__path_segment(seq, s->name);
		rc = tote__posix_open_file(
			p, SPACE_JOURNAL, s->name, flags, "open", &s->fd, &s->opened, fault);
		if (rc)
			tote__heap_free(p->backend->heap, s);
	}
	tote__posix_leave(p);
	if (rc)
		return rc;
	*ret_segment = s;
	*ret_bytes = s->opened.size;
	return 0;
}

void tote__posix_journal_close(void *segment)
{
	struct segment *s = segment;

	if (!s)
		return;
	tote__io_close(s->place->backend->kernel, &s->fd);
	tote__heap_free(s->place->backend->heap, s);
}

int tote__posix_journal_size(void *segment, uint64_t *ret_bytes, struct tote_fault *fault)
{
	struct segment *s = segment;
	struct store_stat st;
	int err = tote__io_stat_timeless(s->place->backend->kernel, s->fd, NULL, &st);

	if (err)
		return segment_fault(s, err, "look at", TOTE_EFFECT_NONE, fault);
	*ret_bytes = st.size;
	return 0;
}

int tote__posix_journal_read(void *segment, uint64_t offset, void *out, size_t len, size_t *ret_len,
	struct tote_fault *fault)
{
	struct segment *s = segment;
	size_t got;
	int err = tote__io_read(s->place->backend->kernel, s->fd, out, len, offset, &got);

	if (err)
		return segment_fault(s, err, "read", TOTE_EFFECT_NONE, fault);
	*ret_len = got;
	return 0;
}

static int write_check(const struct segment *s, struct tote_fault *fault)
{
	if (s->place->flags & STORE_READ_ONLY)
		return tote__fault(
			fault, TOTE_E_READ_ONLY, "%s was opened read-only", s->place->location);
	return 0;
}

int tote__posix_journal_write(
	void *segment, uint64_t offset, const void *data, size_t len, struct tote_fault *fault)
{
	struct segment *s = segment;
	int err, rc = write_check(s, fault);

	if (rc)
		return rc;
	err = tote__io_write(s->place->backend->kernel, s->fd, data, len, offset);
	return err ? segment_fault(s, err, "write", TOTE_EFFECT_UNKNOWN, fault) : 0;
}

int tote__posix_journal_sync(void *segment, struct tote_fault *fault)
{
	struct segment *s = segment;
	int err = tote__io_sync_data(s->place->backend->kernel, s->fd);

	return err ? segment_fault(s, err, "sync", TOTE_EFFECT_UNKNOWN, fault) : 0;
}

int tote__posix_journal_grow(void *segment, uint64_t bytes, struct tote_fault *fault)
{
	struct segment *s = segment;
	const struct kernel *k = s->place->backend->kernel;
	struct store_stat st;
	int err, rc = write_check(s, fault);

	if (rc)
		return rc;
	err = tote__io_stat_timeless(k, s->fd, NULL, &st);
	if (!err)
		err = tote__io_write_zeros(k, s->fd, st.size, bytes);
	if (!err)
		err = tote__io_sync(k, s->fd);
	return err ? segment_fault(s, err, "lengthen", TOTE_EFFECT_UNKNOWN, fault) : 0;
}

int tote__posix_journal_is_current(void *place, uint64_t seq, void *segment)
{
	struct posix_place *p = place;
	struct segment *s = segment;
	struct tote_fault unused;
	char name[PATH_KEPT_MAX];
	int same;

	if (tote__posix_enter(p, &unused) != 0)
		return 0;
	tote__path_segment(seq, name);
	same = tote__posix_is_still(p, SPACE_JOURNAL, name, &s->opened);
	tote__posix_leave(p);
	return same == 1; /* what could not be seen is read anew */
}

int tote__posix_journal_remove(void *place, uint64_t seq, struct tote_fault *fault)
{
	struct posix_place *p = place;
	const struct kernel *k = p->backend->kernel;
	char name[PATH_KEPT_MAX];
	int dir, err, rc = check(p, fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	tote__path_segment(seq, name);
	rc = tote__touched_pin(&p->touched, SPACE_JOURNAL, "", 0, fault);
	if (rc == 0) {
		err = tote__posix_open_dir(p, SPACE_JOURNAL, "", 0, &dir);
		if (!err) {
			err = k->unlinkat(dir, name, 0) == 0 ? 0 : errno;
			tote__io_close(k, &dir);
		}
		tote__touched_unpin(&p->touched, SPACE_JOURNAL, "", 0, !err);
		if (err)
			rc = tote__posix_fault(p, SPACE_JOURNAL, name, err, "remove", fault);
	}
	tote__posix_leave(p);
	return rc;
}

int tote__posix_journal_sync_names(void *place, struct tote_fault *fault)
{
	static const int spaces[] = {SPACE_JOURNAL, SPACE_LEDGER};
	struct posix_place *p = place;
	int rc = check(p, fault);

	if (rc == 0)
		rc = tote__layout_check(p->layout, SPACE_LEDGER, "", fault);
	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	for (size_t i = 0; rc == 0 && i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		int err = tote__posix_sync_dir(p, spaces[i], "");

		if (err)
			rc = tote__posix_fault(p, spaces[i], "", err, "sync", fault);
	}
	if (rc)
		fault->effect = TOTE_EFFECT_UNKNOWN;
	tote__posix_leave(p);
	return rc;
}
