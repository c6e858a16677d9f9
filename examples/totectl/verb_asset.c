/* SPDX-License-Identifier: ISC */
/*
 * The verbs of assets: list them, print one, make a list for sha256sum.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

#define CHUNK 49152u /* a multiple of three, for base64 in pieces */

static void asset_members(struct json *j, const struct tote_asset *a)
{
	json_number(j, "seq", a->seq);
	json_number(j, "bytes", a->bytes);
	json_digest(j, "digest", a->digest);
	json_bytes(j, "path", a->path, a->path_length);
	json_bool(j, "erased", (a->flags & TOTE_ASSET_ERASED) != 0);
	if (a->mtime_us != -1)
		json_time(j, "mtime", a->mtime_us);
	if (a->media_type)
		json_string(j, "media_type", a->media_type);
	if (a->source)
		json_string(j, "source", a->source);
	if (a->supersedes != TOTE_SEQ_ANY)
		json_number(j, "supersedes", a->supersedes);
}

static void ls_asset(struct call *call, const struct tote_asset *a)
{
	struct json j;

	if (call->json) {
		json_begin(&j, stdout, "asset");
		json_string(&j, "container", call->operand[0]);
		asset_members(&j, a);
		json_end(&j);
		return;
	}
	printf("%8" PRIu64 " %12" PRIu64 "  ", a->seq, a->bytes);
	out_bytes(stdout, a->path, a->path_length, 0);
	puts(a->flags & TOTE_ASSET_ERASED ? "  (erased)" : "");
}

/*
 * As sha256sum writes it: a line with a backslash, LF or CR in its name begins with a backslash and
 * has them escaped. The name - alone would mean standard input.
 */
static void manifest_line(const struct tote_asset *a)
{
	char hex[65];
	size_t i;
	int escape = memchr(a->path, '\\', a->path_length) ||
		     memchr(a->path, '\n', a->path_length) || memchr(a->path, '\r', a->path_length);

	text_hex(hex, a->digest);
	printf("%s%s  %s", escape ? "\\" : "", hex, !strcmp(a->path, "-") ? "./" : "");
	for (i = 0; i < a->path_length; i++) {
		switch (a->path[i]) {
		case '\\':
			fputs("\\\\", stdout);
			break;
		case '\n':
			fputs("\\n", stdout);
			break;
		case '\r':
			fputs("\\r", stdout);
			break;
		default:
			putchar((unsigned char)a->path[i]);
		}
	}
	putchar('\n');
}

static void manifest_asset(struct call *call, const struct tote_asset *a)
{
	if (a->flags & TOTE_ASSET_ERASED)
		return;
	if (call->json)
		ls_asset(call, a);
	else
		manifest_line(a);
}

static int list_assets(struct call *call, tote_box *box,
	void (*show)(struct call *call, const struct tote_asset *a))
{
	struct tote_asset asset;
	tote_asset_list *list;
	int rc;

	if (tote_asset_list_open(box, 0, &list, &call->fault) < 0)
		return fail(call);
	asset.size = sizeof(asset);
	while ((rc = tote_asset_list_next(list, &asset, &call->fault)) == 1)
		show(call, &asset);
	tote_asset_list_unref(list);
	return rc < 0 ? fail(call) : 0;
}

int verb_ls(struct call *call)
{
	tote_box *box;
	int code = root_read(call, call->operand[0], &box);

	return code ? code : box_close(call, box, list_assets(call, box, ls_asset));
}

int verb_manifest(struct call *call)
{
	tote_box *box;
	int code = root_read(call, call->operand[0], &box);

	return code ? code : box_close(call, box, list_assets(call, box, manifest_asset));
}

/* ---- cat ---- */

/*
 * Reads the asset to its end and hands each piece on, where there is somebody to take it. 0 only
 * when all of it is what was sealed.
 */
static int read_through(struct call *call, tote_box *box, const char *path,
	void (*take)(void *user, const char *bytes, size_t length), void *user)
{
	tote_asset_reader *reader;
	char *chunk = malloc(CHUNK);
	size_t length = 0, n;
	int rc;

	if (!chunk)
		return tote_fault_set(
			&call->fault, TOTE_E_NO_MEMORY, 0, "no memory to read an asset");
	rc = tote_asset_open(box, path, &reader, &call->fault);
	if (rc < 0) {
		free(chunk);
		return rc;
	}
	while ((rc = tote_asset_read(reader, chunk + length, CHUNK - length, &n, &call->fault)) ==
		1) {
		length += n;
		if (length == CHUNK) {
			if (take)
				take(user, chunk, length);
			length = 0;
		}
	}
	if (rc == 0 && take && length)
		take(user, chunk, length);
	tote_asset_reader_unref(reader);
	free(chunk);
	return rc;
}

static void take_raw(void *user, const char *bytes, size_t length)
{
	(void)user;
	fwrite(bytes, 1, length, stdout);
}

static void take_terminal(void *user, const char *bytes, size_t length)
{
	(void)user;
	out_bytes(stdout, bytes, length, TEXT_LINES);
}

static void take_json(void *user, const char *bytes, size_t length)
{
	json_stream(user, bytes, length);
}

static int cat_json(struct call *call, tote_box *box, const char *path)
{
	struct tote_asset asset;
	tote_asset_list *list;
	struct json j;
	int rc;

	if (tote_asset_list_open(box, 0, &list, &call->fault) < 0)
		return -1;
	asset.size = sizeof(asset);
	rc = tote_asset_list_find(list, path, &asset, &call->fault);
	if (rc == 1) {
		json_begin(&j, stdout, "asset");
		json_string(&j, "container", call->operand[0]);
		asset_members(&j, &asset);
		json_stream_begin(&j, "content");
		rc = read_through(call, box, path, take_json, &j);
		json_stream_end(&j);
		json_end(&j);
	}
	tote_asset_list_unref(list);
	return rc;
}

/* Twice through: not a byte is printed of an asset that is not what was sealed. */
static int cat_asset(struct call *call, tote_box *box)
{
	const char *path = call->operand[1];
	int rc;

	while (!strncmp(path, "./", 2))
		path += 2;
	rc = read_through(call, box, path, NULL, NULL);
	if (rc == 0 && call->json)
		rc = cat_json(call, box, path);
	else if (rc == 0)
		rc = read_through(
			call, box, path, isatty(STDOUT_FILENO) ? take_terminal : take_raw, NULL);
	return rc < 0 ? fail(call) : 0;
}

int verb_cat(struct call *call)
{
	tote_box *box;
	int code = root_read(call, call->operand[0], &box);

	return code ? code : box_close(call, box, cat_asset(call, box));
}
