/* SPDX-License-Identifier: ISC */
/*
 * A container for the tests of one suite, made and opened by public calls alone.
 */
#ifndef API_CONTAINER_H
#define API_CONTAINER_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <toteborch.h>
#include <unistd.h>

#define ID     "contracts"
#define ORIGIN "archive.example.com/acme"

static struct tote_fault fault;
static tote_ctx *ctx;
static tote_box *box;
static char scratch[128], root[256], location[300], key[300];

/* 0 and a fault that is all zero. */
#define ok(call)                                                                                   \
	do {                                                                                       \
		static const struct tote_fault none_;                                              \
		int rc_ = (call);                                                                  \
		ck_assert_msg(rc_ == 0, "%s: %s: %s", #call, tote_error_name(rc_), fault.text);    \
		ck_assert_msg(memcmp(&fault, &none_, sizeof(none_)) == 0, "%s: fault: %s", #call,  \
			fault.text);                                                               \
	} while (0)

/* This code, a fault that says the same with a text, and the same again without one. */
#define fails(call, wanted)                                                                        \
	do {                                                                                       \
		int rc_ = (call);                                                                  \
		ck_assert_msg(                                                                     \
			rc_ == (wanted), "%s: %s (%s)", #call, tote_error_name(rc_), fault.text);  \
		ck_assert_int_eq(fault.code, (wanted));                                            \
		ck_assert_str_ne(fault.text, "");                                                  \
	} while (0)

static inline const char *in_scratch(const char *name)
{
	static char path[4][512];
	static unsigned turn;
	char *out = path[turn++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", scratch, name);
	return out;
}

static inline const char *asset_file(const char *path)
{
	static char out[1024];

	snprintf(out, sizeof(out), "%s/assets/%s", location, path);
	return out;
}

static inline void write_file(const char *path, const void *data, size_t length)
{
	FILE *f = fopen(path, "wb");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_uint_eq(length ? fwrite(data, 1, length, f) : 0, length);
	ck_assert_int_eq(fclose(f), 0);
}

static inline void container_make(void)
{
	const char *base = getenv("TMPDIR");
	tote_orchestrator *orchestrator;

	snprintf(
		scratch, sizeof(scratch), "%s/toteborch-api-XXXXXX", base && *base ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	snprintf(root, sizeof(root), "%s/root", scratch);
	snprintf(location, sizeof(location), "%s/containers/" ID, root);
	snprintf(key, sizeof(key), "%s/orchestrator/keys/" ID, root);
	ok(tote_ctx_new(NULL, &ctx, &fault));
	ok(tote_orchestrator_init(ctx, root, ORIGIN, "alice@counsel", 0, &fault));
	ok(tote_orchestrator_open(ctx, root, 0, &orchestrator, &fault));
	ok(tote_orchestrator_provision(orchestrator, ID, NULL, NULL, &fault));
	ok(tote_orchestrator_close(orchestrator, &fault));
}

/* flags: TOTE_BOX_*. With the container's key unless they exclude it. */
static inline tote_box *container_open(uint32_t flags)
{
	struct tote_box_options options;
	tote_box *opened = NULL;

	ok(tote_box_options_init(&options, sizeof(options), &fault));
	options.flags = flags;
	if (!(flags & (TOTE_BOX_NO_SIGNER | TOTE_BOX_READ_ONLY)))
		options.key_file = key;
	ok(tote_box_open_alone(ctx, location, &options, &opened, &fault));
	return opened;
}

static inline void container_setup(void)
{
	container_make();
	box = container_open(0);
}

static inline int container_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void container_teardown(void)
{
	box = tote_box_unref(box);
	ctx = tote_ctx_unref(ctx);
	ck_assert_int_eq(nftw(scratch, container_remove_one, 16, FTW_PHYS | FTW_DEPTH), 0);
}

static inline struct tote_box_info info_of(tote_box *of)
{
	struct tote_box_info info = {.size = sizeof(info)};

	ok(tote_box_info(of, &info, &fault));
	return info;
}

#endif
