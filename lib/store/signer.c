/* SPDX-License-Identifier: ISC */
/*
 * Signers: a key file with the note last signed beside it, or the host's own table; and key files
 * as the public interface makes and reads them.
 */
#include "base/grammar.h"
#include "crypto/note.h"
#include "store/keystore.h"
#include "store/path.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LAST_SUFFIX ".last"
#define NEXT_SUFFIX ".next"
#define NOTE_ROOM   4096 /* what a note usually needs */
#define HOST_LEAST  (offsetof(struct tote_signer, release) + sizeof(void (*)(void *)))
#define PATH_ROOM   4096

/* --- key files ------------------------------------------------------------------------------ */

static int open_file(struct signer *s, const char *file, struct tote_fault *fault)
{
	int rc;

	if (strlen(file) > KEY_FILE_MAX)
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"'%s' is no name of a key file: longer than %d bytes", file, KEY_FILE_MAX);
	rc = tote__keystore_read(&s->keys, file, &s->secret, fault);
	if (rc)
		return rc;
	s->key = s->secret.key;
	strcpy(s->file, file);
	return 0;
}

int tote__signer_open(struct signer *s, struct tote_ctx *ctx, const char *backend,
	const char *keys_location, const char *file, struct tote_fault *fault)
{
	int rc;

	memset(s, 0, sizeof(*s));
	s->ctx = ctx;
	rc = tote__place_open(ctx, backend, keys_location, LAYOUT_KEYS, 0, &s->keys, fault);
	if (rc == 0)
		rc = open_file(s, file, fault);
	if (rc)
		tote__signer_close(s);
	return rc;
}

/* Cuts the path of a file into its directory, in out, and its name. */
static int cut(
	const char *path, char out[PATH_ROOM], const char **ret_file, struct tote_fault *fault)
{
	const char *file = tote__path_last(path);
	size_t len = (size_t)(file - path);

	if (!*file || len >= PATH_ROOM)
		return tote__fault(fault, TOTE_E_ARGUMENT, "'%s' is no path of a key file", path);
	if (len == 0) {
		strcpy(out, ".");
	} else {
		memcpy(out, path, len);
		out[len] = '\0';
	}
	*ret_file = file;
	return 0;
}

int tote__signer_open_path(
	struct signer *s, struct tote_ctx *ctx, const char *path, struct tote_fault *fault)
{
	char directory[PATH_ROOM];
	const char *file;
	int rc;

	memset(s, 0, sizeof(*s));
	rc = cut(path, directory, &file, fault);
	return rc ? rc : tote__signer_open(s, ctx, "posix", directory, file, fault);
}

/* --- the host's ----------------------------------------------------------------------------- */

int tote__signer_open_host(struct signer *s, struct tote_ctx *ctx, const struct tote_signer *host,
	struct tote_fault *fault)
{
	struct tote_signer copy;
	int rc;

	memset(s, 0, sizeof(*s));
	rc = tote__struct_in(&copy, sizeof(copy), HOST_LEAST, host, "tote_signer", fault);
	if (rc == 0)
		rc = tote__flags_check(copy.flags, 0, "tote_signer", fault);
	if (rc)
		return rc;
	if (!copy.vkey || !copy.sign || !copy.last_read || !copy.last_write)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"tote_signer: vkey, sign, last_read and last_write are all needed");
	rc = tote__vkey_parse(copy.vkey, strlen(copy.vkey), &s->key, fault);
	if (rc)
		return rc;
	s->ctx = ctx;
	s->host = copy;
	s->host.vkey = NULL; /* the caller's string, and parsed by now */
	return 0;
}

/* A host's function may return what it likes: here it becomes 0 or a code with its text. */
static int host_result(int rc, const char *what, struct tote_fault *fault)
{
	if (rc == 0) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc > 0 || fault->code != rc || !fault->text[0])
		return tote__fault(fault, rc < 0 ? rc : TOTE_E_IO,
			"the host's signer: %s returned %d and does not say why", what, rc);
	tote__fault_wrap(fault, "the host's signer: %s", what);
	return rc;
}

static int host_last_read(struct signer *s, struct buf *out, struct tote_fault *fault)
{
	const struct heap *heap = &s->ctx->heap;
	size_t cap = NOTE_ROOM, len = 0;
	uint8_t *note = NULL;
	int rc = 0;

	for (int tries = 0; tries < 3; tries++) {
		uint8_t *moved = tote__heap_resize(heap, note, cap, 1, fault);

		rc = moved ? 0 : fault->code;
		if (rc)
			break;
		note = moved;
		len = 0;
		rc = s->host.last_read(s->host.user, note, cap, &len, fault);
		if (len > NOTE_MAX) {
			rc = tote__fault(fault, TOTE_E_TOO_LARGE,
				"the host's signer: its last note has %zu bytes", len);
			break;
		}
		if (len <= cap) {
			rc = host_result(rc, "last_read", fault);
			break;
		}
		cap = len;
		rc = tote__fault(
			fault, TOTE_E_IO, "the host's signer: its last note keeps growing");
	}
	if (rc == 0) {
		tote__buf_put(out, note, len);
		rc = tote__buf_check(out, "the last note", fault);
	}
	tote__heap_free(heap, note);
	return rc;
}

/* --- both ----------------------------------------------------------------------------------- */

int tote__signer_sign(struct signer *s, const void *msg, size_t len, uint8_t sig[SIG_LEN],
	struct tote_fault *fault)
{
	if (!s->host.sign) {
		tote__secret_sign(&s->secret, msg, len, sig);
		return 0;
	}
	return host_result(s->host.sign(s->host.user, msg, len, sig, fault), "sign", fault);
}

static void last_name(const struct signer *s, char out[KEY_FILE_MAX + sizeof(LAST_SUFFIX)])
{
	snprintf(out, KEY_FILE_MAX + sizeof(LAST_SUFFIX), "%s%s", s->file, LAST_SUFFIX);
}

int tote__signer_last_read(struct signer *s, struct buf *out, struct tote_fault *fault)
{
	char name[KEY_FILE_MAX + sizeof(LAST_SUFFIX)];
	int rc;

	if (s->host.sign)
		return host_last_read(s, out, fault);
	last_name(s, name);
	rc = s->keys.ops->cell_read(s->keys.handle, SPACE_KEYS, name, out, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	return rc;
}

static int file_last_write(struct signer *s, const void *note, size_t len, struct tote_fault *fault)
{
	char name[KEY_FILE_MAX + sizeof(LAST_SUFFIX)];
	struct buf old;
	int rc;

	last_name(s, name);
	tote__buf_init(&old, &s->ctx->heap, NOTE_MAX);
	rc = s->keys.ops->cell_read(s->keys.handle, SPACE_KEYS, name, &old, fault);
	if (rc == 0)
		rc = s->keys.ops->cell_swap(s->keys.handle, SPACE_KEYS, name,
			old.data ? (const void *)old.data : "", old.len, note, len, 0600, fault);
	else if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		rc = s->keys.ops->cell_swap(
			s->keys.handle, SPACE_KEYS, name, NULL, 0, note, len, 0600, fault);
	}
	tote__buf_free(&old);
	return rc;
}

int tote__signer_last_write(
	struct signer *s, const void *note, size_t len, struct tote_fault *fault)
{
	if (len > NOTE_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE, "a note of %zu bytes", len);
	if (!s->host.sign)
		return file_last_write(s, note, len, fault);
	return host_result(s->host.last_write(s->host.user, note, len, fault), "last_write", fault);
}

/* --- another key ---------------------------------------------------------------------------- */

_Static_assert(sizeof(NEXT_SUFFIX) == sizeof(LAST_SUFFIX), "one buffer fits both");

static void next_name(const struct signer *s, char out[KEY_FILE_MAX + sizeof(NEXT_SUFFIX)])
{
	snprintf(out, KEY_FILE_MAX + sizeof(NEXT_SUFFIX), "%s%s", s->file, NEXT_SUFFIX);
}

int tote__signer_make_next(struct signer *s, struct vkey *ret_key, struct tote_fault *fault)
{
	char name[KEY_FILE_MAX + sizeof(NEXT_SUFFIX)];

	if (s->host.sign)
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"the key of '%s' is kept by the host's signer, which makes its next one "
			"too: rotate to that",
			s->key.name);
	next_name(s, name);
	return tote__keystore_make_over(&s->keys, name, s->key.name, s->key.type, ret_key, fault);
}

static void adopt(struct signer *s, const struct secret *secret)
{
	tote__secret_free(&s->secret);
	s->secret = *secret;
	s->key = secret->key;
}

int tote__signer_reload(struct signer *s, struct tote_fault *fault)
{
	struct secret now;
	int rc;

	if (s->host.sign)
		return 0;
	rc = tote__keystore_read(&s->keys, s->file, &now, fault);
	if (rc)
		return rc;
	if (tote__vkey_equal(&now.key, &s->key)) {
		tote__secret_free(&now);
		return 0;
	}
	adopt(s, &now);
	return 1;
}

/* FILE.next where it is the one: then it takes the name. NOT_FOUND where it is not. */
static int follow_next(struct signer *s, const struct vkey *wanted, struct tote_fault *fault)
{
	char name[KEY_FILE_MAX + sizeof(NEXT_SUFFIX)];
	struct secret next;
	int rc;

	next_name(s, name);
	rc = tote__keystore_read(&s->keys, name, &next, fault);
	if (rc)
		return rc;
	if (!tote__vkey_equal(&next.key, wanted))
		rc = tote__fault(fault, TOTE_E_NOT_FOUND, "%s is another key", name);
	if (rc == 0)
		rc = s->keys.ops->cell_rename(s->keys.handle, SPACE_KEYS, name, s->file, fault);
	if (rc)
		tote__secret_free(&next);
	else
		adopt(s, &next);
	return rc;
}

int tote__signer_follow(struct signer *s, const struct vkey *wanted, struct tote_fault *fault)
{
	const struct tote_fault before = *fault;
	int rc;

	if (tote__vkey_equal(&s->key, wanted))
		return 0;
	if (s->host.sign)
		return tote__fault(fault, TOTE_E_KEY,
			"the host's signer has the key %08" PRIx32 " of '%s', but %08" PRIx32
			" is in force: open with the signer of that key",
			s->key.id, s->key.name, wanted->id);
	rc = tote__signer_reload(s, fault);
	if (rc >= 0 && tote__vkey_equal(&s->key, wanted))
		return 0;
	/* FILE itself may be lost: the next one is then all there is */
	if (rc >= 0 || rc == TOTE_E_NOT_FOUND)
		rc = follow_next(s, wanted, fault);
	if (rc == 0) {
		*fault = before;
		return 0;
	}
	if (rc != TOTE_E_NOT_FOUND)
		return rc;
	return tote__fault(fault, TOTE_E_KEY,
		"key file %s/%s holds the key %08" PRIx32 " of '%s', but %08" PRIx32
		" is in force, which is neither there nor in %s" NEXT_SUFFIX
		": bring that key file back from a copy",
		s->keys.location, s->file, s->key.id, s->key.name, wanted->id, s->file);
}

void tote__signer_close(struct signer *s)
{
	if (s->secret.seed_and_pub)
		tote__secret_free(&s->secret);
	tote__place_close(&s->keys);
	if (s->host.sign && s->host.release)
		s->host.release(s->host.user);
	memset(s, 0, sizeof(*s));
}

/* --- public --------------------------------------------------------------------------------- */

/* A place at a key file's directory, in a context of its own. */
static int keys_open(const char *path, uint32_t flags, struct place *ret_keys,
	const char **ret_file, struct tote_fault *fault)
{
	char directory[PATH_ROOM];
	tote_ctx *ctx;
	int rc;

	if (!path)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the path of the key file is NULL");
	rc = cut(path, directory, ret_file, fault);
	if (rc == 0)
		rc = tote_ctx_new(NULL, &ctx, fault);
	if (rc)
		return rc;
	rc = tote__place_open(ctx, "posix", directory, LAYOUT_KEYS, flags, ret_keys, fault);
	if (rc)
		tote_ctx_unref(ctx);
	return rc;
}

static void keys_close(struct place *keys)
{
	tote_ctx *ctx = keys->ctx;

	tote__place_close(keys);
	tote_ctx_unref(ctx);
}

static int vkey_out(const struct vkey *key, char *ret_vkey, size_t cap, struct tote_fault *fault)
{
	char text[VKEY_MAX];

	tote__vkey_format(key, text);
	if (strlen(text) >= cap)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"a vkey of %zu bytes and its NUL need more than %zu", strlen(text), cap);
	strcpy(ret_vkey, text);
	return 0;
}

/* The caller's buffer is looked at before a file is made: every vkey of that name is as long. */
static int vkey_room(const char *name, char *ret_vkey, size_t cap, struct tote_fault *fault)
{
	static const uint8_t any[32];
	struct vkey key;
	char text[VKEY_MAX];

	if (!ret_vkey)
		return 0;
	tote__vkey_make(&key, name, KEY_TYPE_ED25519, any);
	return vkey_out(&key, text, cap < sizeof(text) ? cap : sizeof(text), fault);
}

int tote_key_generate(
	const char *path, const char *name, char *ret_vkey, size_t cap, struct tote_fault *fault)
{
	struct place keys;
	struct vkey key;
	const char *file;
	int rc;

	FAULT_BEGIN(fault);
	if (!name || !tote__origin_valid(name))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"'%s' is no name of a key: 1 to 255 printable ASCII bytes, no space, no +",
			name ? name : "NULL");
	rc = vkey_room(name, ret_vkey, cap, fault);
	if (rc == 0)
		rc = keys_open(path, 0, &keys, &file, fault);
	if (rc)
		return rc;
	rc = tote__keystore_make_new(&keys, file, name, KEY_TYPE_ED25519, &key, fault);
	keys_close(&keys);
	return rc || !ret_vkey ? rc : vkey_out(&key, ret_vkey, cap, fault);
}

int tote_key_public(const char *path, char *ret_vkey, size_t cap, struct tote_fault *fault)
{
	struct place keys;
	struct vkey key;
	const char *file;
	int rc;

	FAULT_BEGIN(fault);
	if (!ret_vkey)
		return tote__fault(fault, TOTE_E_ARGUMENT, "ret_vkey is NULL");
	rc = keys_open(path, STORE_READ_ONLY, &keys, &file, fault);
	if (rc)
		return rc;
	rc = tote__keystore_public(&keys, file, &key, fault);
	keys_close(&keys);
	return rc ? rc : vkey_out(&key, ret_vkey, cap, fault);
}
