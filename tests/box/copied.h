/* SPDX-License-Identifier: ISC */
/*
 * A container with a history to copy, and the question whether a directory is a whole copy of it.
 */
#ifndef BOX_COPIED_H
#define BOX_COPIED_H

#include "support/box_fixture.h"
#include <sys/stat.h>
#include <toteborch/copy.h>
#include <unistd.h>

static struct boxed b;
static tote_box *box;
static char to[300];
static struct tote_copy told;

static inline void copy_to(const char *path)
{
	ck_assert_uint_lt(strlen(path), sizeof(to));
	strcpy(to, path);
}

static inline void copied_setup(void)
{
	boxed_make(&b);
	box = boxed_open(&b);
	copy_to(printed("%s/copy", b.scratch.path));
}

static inline void copied_teardown(void)
{
	tote_box_unref(box);
	boxed_remove(&b);
}

static inline void append(const char *payload)
{
	struct tote_record record = {
		.kind = "record", .payload = payload, .payload_length = strlen(payload)};

	ck_ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &b.fault), b.fault);
}

static inline void append_many(int count)
{
	for (int i = 0; i < count; i++)
		append("a record");
}

static inline void erase(const char *path)
{
	ck_ok(tote_box_erase(
		      box, path, "court order 7", "asked to be forgotten", NULL, 0, NULL, &b.fault),
		b.fault);
}

static inline void fold(void)
{
	size_t length;
	char note[4096];

	ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &length, &b.fault), b.fault);
}

static inline int copy_with(uint32_t flags)
{
	memset(&told, 0, sizeof(told));
	told.size = sizeof(told);
	return tote_box_copy(box, to, flags, &told, &b.fault);
}

static inline void copies(void)
{
	ck_ok(copy_with(0), b.fault);
}

static inline void shell(const char *command)
{
	ck_assert_int_eq(system(command), 0);
}

/* The copy as a reader opens it that knows nothing but its directory. */
static inline tote_box *open_copy(struct boxed *ret)
{
	*ret = b;
	strcpy(ret->location, to);
	return boxed_open_flags(ret, TOTE_BOX_READ_ONLY | TOTE_BOX_STILL);
}

/* Every entry of the copy is the container's, as many as told; its assets are whole. */
static inline size_t copy_is_whole(uint64_t entries)
{
	struct tote_entry ours = {.size = sizeof(ours)}, its = {.size = sizeof(its)};
	struct boxed copy;
	tote_box *opened = open_copy(&copy);
	tote_cursor *one, *two;
	size_t assets;

	ck_assert_uint_eq(boxed_entries(&copy, opened), entries);
	ck_ok(tote_cursor_open(box, 0, 0, &one, &b.fault), b.fault);
	ck_ok(tote_cursor_open(opened, 0, 0, &two, &copy.fault), copy.fault);
	for (uint64_t seq = 0; seq < entries; seq++) {
		ck_assert_int_eq(tote_cursor_next(one, &ours, &b.fault), 1);
		ck_assert_msg(tote_cursor_next(two, &its, &copy.fault) == 1, "%s", copy.fault.text);
		ck_assert_uint_eq(its.seq, seq);
		ck_assert_uint_eq(its.length, ours.length);
		ck_assert_int_eq(memcmp(its.bytes, ours.bytes, its.length), 0);
	}
	ck_ok(tote_cursor_next(two, &its, &copy.fault), copy.fault);
	tote_cursor_unref(one);
	tote_cursor_unref(two);
	assets = boxed_is_whole(&copy, opened);
	tote_box_unref(opened);
	ck_assert(!file_exists(printed("%s/ledger/lock", to)));
	ck_assert(!file_exists(printed("%s/ledger/log/.tote-copying", to)));
	return assets;
}

#endif
