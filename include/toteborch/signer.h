/* SPDX-License-Identifier: ISC */
/*
 * Signers: who holds a signing key. By default that is a key file; a host with an HSM or an agent
 * supplies this table instead.
 */
#ifndef TOTEBORCH_SIGNER_H
#define TOTEBORCH_SIGNER_H

#include <toteborch/api.h>
#include <toteborch/fault.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Set size to sizeof(struct tote_signer), flags to 0. vkey: the public key as a C2SP vkey; its
 * name is the origin it signs for. sign: an Ed25519 signature (RFC 8032) over the bytes. last_read
 * and last_write keep the whole note that was last signed with this key, durable before
 * last_write returns: it is what stops a restored copy from signing a fork (C2SP tlog-checkpoint).
 * last_read gives the length even where cap is too small, and 0 where nothing was signed yet.
 * All return 0 or a TOTE_E_* code and set the fault. They are called one at a time, from the
 * thread that calls the library. The table is copied; release, which may be NULL, is called when
 * the library drops it.
 */
struct tote_signer {
	uint32_t size;
	uint32_t flags;
	void *user;
	const char *vkey;
	int (*sign)(void *user, const void *message, size_t length, uint8_t ret_signature[64],
		struct tote_fault *fault);
	int (*last_read)(
		void *user, void *out, size_t cap, size_t *ret_length, struct tote_fault *fault);
	int (*last_write)(void *user, const void *note, size_t length, struct tote_fault *fault);
	void (*release)(void *user);
};

/*
 * Makes a new key file (the line that Go's note package writes, mode 0600), never replacing one.
 * name is the key name, an origin. ret_vkey needs cap bytes (320 is always enough) and may be
 * NULL. TOTE_E_EXISTS, TOTE_E_GRAMMAR, TOTE_E_IO. Any thread. Since 0.1.
 */
TOTE_API int tote_key_generate(
	const char *path, const char *name, char *ret_vkey, size_t cap, struct tote_fault *fault);

/*
 * The public key of a key file, as a vkey. TOTE_E_KEY where the file is no key or others may read
 * it. Any thread. Since 0.1.
 */
TOTE_API int tote_key_public(
	const char *path, char *ret_vkey, size_t cap, struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
