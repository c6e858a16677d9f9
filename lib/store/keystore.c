/* SPDX-License-Identifier: ISC */
/*
 * Key files. A key is readable by its owner alone or it is no key, and what held one in memory is
 * wiped.
 */
#include "store/keystore.h"
#include "store/path.h"
#include <string.h>

#define KEY_FILE_BYTES 1024 /* the longest line has 388: a buffer of this size never moves */

static void wiped_init(struct buf *b, const struct place *place)
{
	tote__buf_init(b, &place->ctx->heap, KEY_FILE_BYTES);
	tote__buf_put_zeros(b, KEY_FILE_BYTES);
	b->len = 0;
}

static void wiped_free(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	tote__buf_free(b);
}

/* What stands between a place and its key files. */
static const char *below(const struct place *place)
{
	return place->layout == LAYOUT_ORCHESTRATOR ? "/keys" : "";
}

/* A name in the directory of keys: one component that leaves room for what stands around it. */
static int file_check(const char *file, struct tote_fault *fault)
{
	int rc = tote__path_check(file, fault);

	if (rc)
		return rc;
	if (strchr(file, '/') || strlen(file) > KEY_FILE_MAX)
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"'%s' is no name of a key file: one name of at most %d bytes", file,
			KEY_FILE_MAX);
	return 0;
}

static int mode_check(const struct place *place, const char *file, struct tote_fault *fault)
{
	struct store_stat st;
	const char *why = NULL;
	int rc = place->ops->stat(place->handle, SPACE_KEYS, file, &st, fault);

	if (rc)
		return rc;
	if (st.type != STORE_FILE)
		why = "it is not a regular file";
	else if (st.mode != 0600 && st.mode != 0400)
		why = "its mode must be 0600 or 0400, so that nobody else may read it";
	else if (st.links != 1)
		why = "it has a second link";
	if (why)
		return tote__fault(fault, TOTE_E_KEY, "key file %s%s/%s: %s", place->location,
			below(place), file, why);
	return 0;
}

int tote__keystore_read(
	const struct place *place, const char *file, struct secret *ret, struct tote_fault *fault)
{
	struct buf line;
	int rc = file_check(file, fault);

	if (rc == 0)
		rc = mode_check(place, file, fault);
	if (rc)
		return rc;
	wiped_init(&line, place);
	rc = place->ops->cell_read(place->handle, SPACE_KEYS, file, &line, fault);
	if (rc == TOTE_E_TOO_LARGE)
		rc = tote__fault(fault, TOTE_E_KEY, "it is too long for a key");
	if (rc == 0)
		rc = tote__secret_parse((const char *)line.data, line.len, ret, fault);
	wiped_free(&line);
	if (rc)
		tote__fault_wrap(fault, "%s%s/%s", place->location, below(place), file);
	return rc;
}

int tote__keystore_public(
	const struct place *place, const char *file, struct vkey *ret_key, struct tote_fault *fault)
{
	struct secret secret;
	int rc = tote__keystore_read(place, file, &secret, fault);

	if (rc)
		return rc;
	*ret_key = secret.key;
	tote__secret_free(&secret);
	return 0;
}

/* Found in place: it must be the key that was asked for, and may never have been synced. */
static int keep(const struct place *place, const char *file, const char *name, uint8_t type,
	struct vkey *ret_key, struct tote_fault *fault)
{
	struct vkey key;
	int rc = tote__keystore_public(place, file, &key, fault);

	if (rc)
		return rc;
	if (strcmp(key.name, name) != 0 || key.type != type)
		return tote__fault(fault, TOTE_E_KEY,
			"key file %s/%s: it is of '%s' (type %u) instead of '%s' (type %u)",
			place->location, file, key.name, key.type, name, type);
	rc = place->ops->cell_sync(place->handle, SPACE_KEYS, file, fault);
	if (rc == 0)
		*ret_key = key;
	return rc;
}

/* Writes a key where none is. EXISTS. */
static int put(const struct place *place, const char *file, const void *data, size_t len,
	struct tote_fault *fault)
{
	int rc = place->ops->cell_swap(
		place->handle, SPACE_KEYS, file, NULL, 0, data, len, 0600, fault);

	if (rc != TOTE_E_CONFLICT)
		return rc;
	return tote__fault(fault, TOTE_E_EXISTS,
		"key file %s/%s: it is there already and is never replaced", place->location, file);
}

/* Writes a key over whatever regular file is there. */
static int put_over(const struct place *place, const char *file, const void *data, size_t len,
	struct tote_fault *fault)
{
	struct buf old;
	int rc;

	wiped_init(&old, place);
	rc = place->ops->cell_read(place->handle, SPACE_KEYS, file, &old, fault);
	if (rc == 0)
		rc = place->ops->cell_swap(place->handle, SPACE_KEYS, file,
			old.data ? (const void *)old.data : "", old.len, data, len, 0600, fault);
	else if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		rc = put(place, file, data, len, fault);
	}
	wiped_free(&old);
	return rc;
}

static int generate(const struct place *place, const char *file, const char *name, uint8_t type,
	int over, struct vkey *ret_key, struct tote_fault *fault)
{
	struct secret secret;
	struct buf line;
	int rc = file_check(file, fault);

	if (rc == 0)
		rc = tote__secret_generate(name, type, &secret, fault);
	if (rc)
		return rc;
	wiped_init(&line, place);
	rc = tote__secret_format(&secret, &line, fault);
	if (rc == 0)
		rc = over ? put_over(place, file, line.data, line.len, fault)
			  : put(place, file, line.data, line.len, fault);
	if (rc == 0)
		*ret_key = secret.key;
	wiped_free(&line);
	tote__secret_free(&secret);
	return rc;
}

int tote__keystore_make_new(const struct place *place, const char *file, const char *name,
	uint8_t type, struct vkey *ret_key, struct tote_fault *fault)
{
	return generate(place, file, name, type, 0, ret_key, fault);
}

int tote__keystore_make_over(const struct place *place, const char *file, const char *name,
	uint8_t type, struct vkey *ret_key, struct tote_fault *fault)
{
	return generate(place, file, name, type, 1, ret_key, fault);
}

int tote__keystore_make(const struct place *place, const char *file, const char *name, uint8_t type,
	struct vkey *ret_key, struct tote_fault *fault)
{
	struct store_stat st;
	int rc = file_check(file, fault);

	if (rc)
		return rc;
	rc = place->ops->stat(place->handle, SPACE_KEYS, file, &st, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		rc = tote__keystore_make_new(place, file, name, type, ret_key, fault);
		if (rc != TOTE_E_EXISTS)
			return rc;
		tote__fault_clear(fault); /* somebody else was faster */
		rc = 0;
	}
	return rc ? rc : keep(place, file, name, type, ret_key, fault);
}

int tote__keystore_import(const struct place *place, const char *file, const void *data, size_t len,
	struct vkey *ret_key, struct tote_fault *fault)
{
	struct secret secret;
	int rc = file_check(file, fault);

	if (rc == 0)
		rc = tote__secret_parse(data, len, &secret, fault);
	if (rc)
		return rc;
	rc = put(place, file, data, len, fault);
	if (rc == 0)
		*ret_key = secret.key;
	tote__secret_free(&secret);
	return rc;
}
