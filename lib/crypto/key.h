/* SPDX-License-Identifier: ISC */
/*
 * Ed25519 keys in the forms of C2SP signed-note: vkeys, and private key files of Go's note package.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/buf.h"
#include "base/ctx.h"

#define KEY_TYPE_ED25519     0x01
#define KEY_TYPE_COSIGNATURE 0x04
#define KEY_NAME_MAX         255
#define VKEY_MAX             320 /* name + 8 hex + 44 base64 + 2, and a NUL */
#define SIG_LEN              64

struct vkey {
	char name[KEY_NAME_MAX + 1];
	uint32_t id;
	uint8_t type;
	uint8_t pub[32];
};

/* C2SP signed-note: UTF-8 without spaces, control bytes and '+', here of 1 to 255 bytes. */
int tote__key_name_valid(const char *s, size_t len);

/* TOTE_E_GRAMMAR where it is no vkey of a known type or its key id is not the one recomputed. */
int tote__vkey_parse(const char *s, size_t len, struct vkey *ret_key, struct tote_fault *fault);
void tote__vkey_format(const struct vkey *key, char out[VKEY_MAX]);
uint32_t tote__vkey_id(const char *name, uint8_t type, const uint8_t pub[32]);
void tote__vkey_make(struct vkey *key, const char *name, uint8_t type, const uint8_t pub[32]);
int tote__vkey_equal(const struct vkey *a, const struct vkey *b); /* name, type and key */
int tote__vkey_verify(const struct vkey *key, const void *msg, size_t len,
	const uint8_t sig[SIG_LEN]); /* 1 where it verifies */

/* A private key; the secret lies in locked memory that is wiped when freed. */
struct secret {
	struct vkey key;
	uint8_t *seed_and_pub; /* libsodium's 64 bytes */
};

int tote__secret_generate(
	const char *name, uint8_t type, struct secret *ret, struct tote_fault *fault);
int tote__secret_from_seed(const char *name, uint8_t type, const uint8_t seed[32],
	struct secret *ret, struct tote_fault *fault);
/* One line PRIVATE+KEY+name+hash+base64(type||seed); TOTE_E_KEY where it is none. */
int tote__secret_parse(const char *s, size_t len, struct secret *ret, struct tote_fault *fault);
int tote__secret_format(const struct secret *key, struct buf *out, struct tote_fault *fault);
void tote__secret_sign(const struct secret *key, const void *msg, size_t len, uint8_t sig[SIG_LEN]);
void tote__secret_free(struct secret *key);

#endif
