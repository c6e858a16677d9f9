/* SPDX-License-Identifier: ISC */
/*
 * The key store of files (FORMAT sections 1 and 6): keys/NAME holds a private key, keys/NAME.last
 * the whole note that was last signed with it. And the signer that the ledger sees, whether it is
 * these files or the host's own.
 */
#ifndef STORE_KEYSTORE_H
#define STORE_KEYSTORE_H

#include "crypto/key.h"
#include "store/store.h"
#include <toteborch/signer.h>

/*
 * Makes keys/FILE for a key of that name and type, durable, mode 0600; one that is there already is
 * kept and read (TOTE_E_KEY where it is of another name or type).
 */
int tote__keystore_make(const struct place *place, const char *file, const char *name, uint8_t type,
	struct vkey *ret_key, struct tote_fault *fault);
/* The same, but EXISTS where anything is there. */
int tote__keystore_make_new(const struct place *place, const char *file, const char *name,
	uint8_t type, struct vkey *ret_key, struct tote_fault *fault);
/* Puts a given key file's content there. EXISTS. */
int tote__keystore_import(const struct place *place, const char *file, const void *data, size_t len,
	struct vkey *ret_key, struct tote_fault *fault);
/* The public key of keys/FILE. NOT_FOUND, TOTE_E_KEY (mode other than 0600 or 0400, links, content). */
int tote__keystore_public(const struct place *place, const char *file, struct vkey *ret_key,
	struct tote_fault *fault);

/*
 * The same, but what is there is overwritten: for NAME.next, which counts only where an entry names
 * its key.
 */
int tote__keystore_make_over(const struct place *place, const char *file, const char *name,
	uint8_t type, struct vkey *ret_key, struct tote_fault *fault);

#define KEY_FILE_MAX 240 /* so that `.tote-new-NAME.last` is still a name */

/*
 * Reads keys/FILE into a secret, to be freed by tote__secret_free. NOT_FOUND, TOTE_E_KEY.
 */
int tote__keystore_read(
	const struct place *place, const char *file, struct secret *ret, struct tote_fault *fault);

/* A signer inside the library. */
struct signer {
	struct vkey key;
	struct tote_ctx *ctx;
	struct tote_signer host; /* with sign != NULL: the host's */
	struct secret secret;    /* else a file's */
	struct place keys;       /* where NAME.last lies, for a file's */
	char file[KEY_FILE_MAX + 1];
};

/* From keys/FILE; the signer opens a place of its own at the same location. */
int tote__signer_open(struct signer *s, struct tote_ctx *ctx, const char *backend,
	const char *keys_location, const char *file, struct tote_fault *fault);
/* From a key file anywhere: its directory holds FILE.last too. */
int tote__signer_open_path(
	struct signer *s, struct tote_ctx *ctx, const char *path, struct tote_fault *fault);
int tote__signer_open_host(struct signer *s, struct tote_ctx *ctx, const struct tote_signer *host,
	struct tote_fault *fault);
int tote__signer_sign(struct signer *s, const void *msg, size_t len, uint8_t sig[SIG_LEN],
	struct tote_fault *fault);
/* The note last signed appended to out (nothing when none was), and its durable replacement. */
int tote__signer_last_read(struct signer *s, struct buf *out, struct tote_fault *fault);
int tote__signer_last_write(
	struct signer *s, const void *note, size_t len, struct tote_fault *fault);
/*
 * The next key of a file's signer, new and durable as FILE.next; what lay there is overwritten.
 * TOTE_E_NO_SIGNER for a host's: its next key is the host's to make.
 */
int tote__signer_make_next(struct signer *s, struct vkey *ret_key, struct tote_fault *fault);
/*
 * The signer has the key `wanted` from here on: FILE's, read again, since another process may have
 * rotated it, or FILE.next's, which takes the name FILE. Whoever calls this has seen the entry that
 * names the key, and holds what keeps others from the same. TOTE_E_KEY where neither is it.
 */
int tote__signer_follow(struct signer *s, const struct vkey *wanted, struct tote_fault *fault);
/* Reads FILE again, where another process may have put another key: 1 it is another, 0 not. */
int tote__signer_reload(struct signer *s, struct tote_fault *fault);
void tote__signer_close(struct signer *s);

#endif
