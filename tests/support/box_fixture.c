/* SPDX-License-Identifier: ISC */
/*
 * A container to test with.
 */
#include "support/box_fixture.h"
#include "crypto/hash.h"
#include "store/layout.h"
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void boxed_make(struct boxed *b)
{
	struct box_config config;
	tote_box *box;
	uint32_t was;

	memset(b, 0, sizeof(*b));
	scratch_make(&b->scratch);
	b->ctx = support_ctx(NULL, NULL);
	snprintf(b->location, sizeof(b->location), "%s/box", b->scratch.path);
	snprintf(b->key, sizeof(b->key), "%s/key", b->scratch.path);
	ck_ok(tote_key_generate(b->key, BOXED_ORIGIN, b->vkey, sizeof(b->vkey), &b->fault),
		b->fault);
	config = boxed_config(b);
	ck_ok(tote__box_create(&config, boxed_created(b), &box, &was, &b->fault), b->fault);
	ck_assert_uint_eq(was, 1);
	tote_box_unref(box);
}

void boxed_remove(struct boxed *b)
{
	tote_ctx_unref(b->ctx);
	scratch_remove(&b->scratch);
}

struct box_config boxed_config(struct boxed *b)
{
	return (struct box_config){.ctx = b->ctx,
		.location = b->location,
		.id = BOXED_ID,
		.origin = BOXED_ORIGIN,
		.type = LEDGER_CONTAINER,
		.layout = LAYOUT_CONTAINER,
		.key_path = b->key};
}

const struct draft *boxed_created(struct boxed *b)
{
	static struct field fields[4];
	static struct draft draft;

	fields[0] = tote__field_text("id", BOXED_ID);
	fields[1] = tote__field_text("origin", BOXED_ORIGIN);
	fields[2] = tote__field_text("vkey", b->vkey);
	fields[3] = tote__field_text("backend", "posix");
	draft = (struct draft){.kind = "container.created",
		.actor = "alice@counsel",
		.fields = fields,
		.field_count = 4};
	return &draft;
}

static tote_box *open_with(struct boxed *b, const char *key, uint32_t flags)
{
	struct tote_box_options options;
	tote_box *box = NULL;

	ck_ok(tote_box_options_init(&options, sizeof(options), &b->fault), b->fault);
	options.flags = flags;
	options.key_file = key;
	ck_ok(tote_box_open_alone(b->ctx, b->location, &options, &box, &b->fault), b->fault);
	return box;
}

tote_box *boxed_open(struct boxed *b)
{
	return open_with(b, b->key, 0);
}

tote_box *boxed_open_flags(struct boxed *b, uint32_t flags)
{
	return open_with(b, NULL, flags);
}

int boxed_survives(
	const struct boxed *b, int (*doing)(struct boxed *mine, tote_box *own, long at), long at)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct boxed mine = *b;

		mine.ctx = support_ctx(NULL, NULL);
		_exit(doing(&mine, boxed_open(&mine), at) != 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status)) {
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		return 0;
	}
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	return 1;
}

const char *boxed_asset(const struct boxed *b, const char *path)
{
	return printed("%s/assets%s%s", b->location, *path ? "/" : "", path);
}

struct tote_source source_of(const char *path, const char *text)
{
	return (struct tote_source){.path = path,
		.data = text,
		.length = strlen(text),
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
}

struct tote_source source_file(const char *path, const char *file)
{
	return (struct tote_source){.path = path, .file = file, .supersedes = TOTE_SEQ_ANY};
}

int seal_text(struct boxed *b, tote_box *box, const char *path, const char *text)
{
	struct tote_source source = source_of(path, text);

	return tote_box_seal(box, &source, 1, NULL, 0, NULL, &b->fault);
}

/* --- the whole ------------------------------------------------------------------------------ */

static size_t files_seen;

static int count_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path, (void)st, (void)ftw;
	files_seen += type != FTW_D;
	return 0;
}

static void asset_is_whole(struct boxed *b, const struct tote_asset *asset)
{
	const char *path = boxed_asset(b, asset->path);
	uint8_t digest[HASH_LEN];
	struct stat st;
	uint8_t *data;
	size_t len;

	ck_assert_msg(lstat(path, &st) == 0, "%s is not there: %s", path, strerror(errno));
	ck_assert_msg(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0444 && st.st_nlink == 1,
		"%s has mode %o", path, (unsigned)st.st_mode);
	data = file_read(path, &len);
	ck_assert_uint_eq(len, asset->bytes);
	tote__hash_bytes(NULL, data, len, digest);
	ck_assert_msg(memcmp(digest, asset->digest, HASH_LEN) == 0, "%s has other bytes", path);
	free(data);
}

size_t boxed_is_whole(struct boxed *b, tote_box *box)
{
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_asset_list *list;
	size_t count = 0;
	int rc;

	ck_ok(tote_asset_list_open(box, 0, &list, &b->fault), b->fault);
	while ((rc = tote_asset_list_next(list, &asset, &b->fault)) == 1) {
		if (asset.flags & TOTE_ASSET_ERASED)
			continue; /* and whatever lies there is one file too many */
		asset_is_whole(b, &asset);
		count++;
	}
	ck_ok(rc, b->fault);
	tote_asset_list_unref(list);
	files_seen = 0;
	nftw(boxed_asset(b, ""), count_file, 16, FTW_PHYS);
	ck_assert_uint_eq(files_seen, count);
	return count;
}

uint64_t boxed_entries(struct boxed *b, tote_box *box)
{
	struct tote_box_info info = {.size = sizeof(info)};

	ck_ok(tote_box_info(box, &info, &b->fault), b->fault);
	return info.entries;
}

size_t boxed_count(struct boxed *b, tote_box *box, const char *kind)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	tote_cursor *cursor;
	size_t count = 0;
	int rc;

	ck_ok(tote_cursor_open(box, 0, 0, &cursor, &b->fault), b->fault);
	while ((rc = tote_cursor_next(cursor, &entry, &b->fault)) == 1)
		count += strcmp(entry.kind, kind) == 0;
	ck_ok(rc, b->fault);
	tote_cursor_unref(cursor);
	return count;
}
