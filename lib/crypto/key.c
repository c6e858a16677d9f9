/* SPDX-License-Identifier: ISC */
/*
 * Ed25519 keys in the forms of C2SP signed-note: vkeys, and private key files of Go's note package.
 * Secrets lie in libsodium's guarded memory, read-only once they are there; no fault's text and no
 * memory of the host ever holds one but the buffer that tote__secret_format is asked to fill.
 */
#include "crypto/key.h"
#include "base/text.h"
#include "crypto/hash.h"
#include <sodium.h>
#include <string.h>

#define SEED_LEN     32
#define TYPED_LEN    33 /* type || public key, or type || seed */
#define TYPED_BASE64 BASE64_LEN(TYPED_LEN)
#define ID_HEX       8
#define KEY_PREFIX   "PRIVATE+KEY+"

_Static_assert(crypto_sign_ed25519_SECRETKEYBYTES == 2 * SEED_LEN, "seed and public key");
_Static_assert(crypto_sign_ed25519_BYTES == SIG_LEN, "an Ed25519 signature has 64 bytes");

/* --- names and vkeys ------------------------------------------------------------------------- */

/* Unicode's White_Space beyond ASCII (PropList.txt), as valid UTF-8 of n bytes. */
static int is_wide_space(const uint8_t *s, size_t n)
{
	if (n == 2)
		return s[0] == 0xC2 && (s[1] == 0x85 || s[1] == 0xA0);
	if (n != 3)
		return 0;
	if (s[0] == 0xE2 && s[1] == 0x80) /* U+2000 to 200A, 2028, 2029, 202F */
		return s[2] <= 0x8A || s[2] == 0xA8 || s[2] == 0xA9 || s[2] == 0xAF;
	return memcmp(s, "\xE1\x9A\x80", 3) == 0 || memcmp(s, "\xE2\x81\x9F", 3) == 0 ||
	       memcmp(s, "\xE3\x80\x80", 3) == 0; /* U+1680, 205F, 3000 */
}

int tote__key_name_valid(const char *s, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)s;

	if (len == 0 || len > KEY_NAME_MAX)
		return 0;
	for (size_t i = 0, n; i < len; i += n) {
		n = tote__utf8_length(bytes + i, len - i);
		if (n == 0 || bytes[i] <= ' ' || bytes[i] == '+' || is_wide_space(bytes + i, n))
			return 0;
	}
	return 1;
}

uint32_t tote__vkey_id(const char *name, uint8_t type, const uint8_t pub[32])
{
	uint8_t digest[HASH_LEN];
	struct hash h;

	tote__hash_init(&h, NULL);
	tote__hash_update(&h, name, strlen(name));
	tote__hash_update(&h, "\n", 1);
	tote__hash_update(&h, &type, 1);
	tote__hash_update(&h, pub, 32);
	tote__hash_final(&h, digest);
	return tote__load_u32(digest);
}

void tote__vkey_make(struct vkey *key, const char *name, uint8_t type, const uint8_t pub[32])
{
	memset(key, 0, sizeof(*key));
	memcpy(key->name, name, strnlen(name, KEY_NAME_MAX));
	key->type = type;
	memcpy(key->pub, pub, sizeof(key->pub));
	key->id = tote__vkey_id(key->name, type, pub);
}

int tote__vkey_equal(const struct vkey *a, const struct vkey *b)
{
	return a->id == b->id && a->type == b->type && strcmp(a->name, b->name) == 0 &&
	       memcmp(a->pub, b->pub, sizeof(a->pub)) == 0;
}

/* name+id+base64: what a vkey is, and a key file behind its prefix. Returns the length. */
static size_t put_keyed(char *out, const struct vkey *key, const uint8_t material[32])
{
	uint8_t typed[TYPED_LEN], id[4];
	size_t n = strlen(key->name);

	memcpy(out, key->name, n);
	out[n++] = '+';
	tote__store_u32(id, key->id);
	tote__hex_encode(id, sizeof(id), out + n);
	n += ID_HEX;
	out[n++] = '+';
	typed[0] = key->type;
	memcpy(typed + 1, material, 32);
	tote__base64_encode(typed, sizeof(typed), out + n);
	sodium_memzero(typed, sizeof(typed));
	return n + TYPED_BASE64;
}

/* The parts of name+id+base64, where the name and the type may be any that is known. */
struct keyed {
	char name[KEY_NAME_MAX + 1];
	uint32_t id;
	uint8_t type;
	uint8_t material[32];
};

static const char *type_wrong(uint8_t type)
{
	if (type == KEY_TYPE_ED25519 || type == KEY_TYPE_COSIGNATURE)
		return NULL;
	return "its type is neither 1 (Ed25519) nor 4 (cosignature/v1)";
}

/* Splits at the first two '+' only, as base64 may have more. NULL, or what is wrong. */
static const char *get_keyed(const char *s, size_t len, struct keyed *ret)
{
	const char *plus = len ? memchr(s, '+', len) : NULL;
	const size_t name_len = plus ? (size_t)(plus - s) : 0;
	uint8_t id[4], typed[TYPED_LEN] = {0};
	size_t n = 0;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (!plus || len - name_len != 1 + ID_HEX + 1 + TYPED_BASE64)
		return "it is not name+id+key";
	if (!tote__key_name_valid(s, name_len))
		return "its name is empty, longer than 255 bytes or has a space";
	if (tote__hex_decode(plus + 1, ID_HEX, id) < 0 || plus[1 + ID_HEX] != '+')
		return "its id is not 8 lower-case hex digits";
	rc = tote__base64_decode(plus + 2 + ID_HEX, TYPED_BASE64, typed, sizeof(typed), &n);
	memcpy(ret->name, s, name_len);
	ret->id = tote__load_u32(id);
	ret->type = typed[0];
	memcpy(ret->material, typed + 1, sizeof(ret->material));
	sodium_memzero(typed, sizeof(typed));
	if (rc < 0 || n != TYPED_LEN)
		return "its key is not base64 of 33 bytes";
	return type_wrong(ret->type);
}

int tote__vkey_parse(const char *s, size_t len, struct vkey *ret_key, struct tote_fault *fault)
{
	const int shown = len > VKEY_MAX ? VKEY_MAX : (int)len;
	struct keyed in;
	struct vkey key;
	const char *wrong = get_keyed(s, len, &in);

	if (!wrong) {
		tote__vkey_make(&key, in.name, in.type, in.material);
		if (key.id != in.id)
			wrong = "its id is not that of its name and key";
	}
	if (wrong)
		return tote__fault(fault, TOTE_E_GRAMMAR, "vkey '%.*s': %s", shown, s, wrong);
	*ret_key = key;
	return 0;
}

void tote__vkey_format(const struct vkey *key, char out[VKEY_MAX])
{
	put_keyed(out, key, key->pub);
}

int tote__vkey_verify(
	const struct vkey *key, const void *msg, size_t len, const uint8_t sig[SIG_LEN])
{
	if (sodium_init() < 0)
		return 0;
	return crypto_sign_ed25519_verify_detached(sig, msg, len, key->pub) == 0;
}

/* --- private keys ---------------------------------------------------------------------------- */

static int name_and_type_check(const char *name, uint8_t type, struct tote_fault *fault)
{
	const char *wrong = type_wrong(type);

	if (!tote__key_name_valid(name, strlen(name)))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"key name '%s': it is empty, longer than 255 bytes or has a space or '+'",
			name);
	if (wrong)
		return tote__fault(fault, TOTE_E_GRAMMAR, "key of '%s': %s", name, wrong);
	return 0;
}

/* Guarded memory for one key: it is locked, kept out of dumps, and never in the host's heap. */
static uint8_t *guarded_new(struct tote_fault *fault)
{
	uint8_t *memory = sodium_init() < 0 ? NULL : sodium_malloc(2 * SEED_LEN);

	if (!memory)
		tote__fault(fault, TOTE_E_NO_MEMORY, "no locked memory for a signing key");
	return memory;
}

int tote__secret_from_seed(const char *name, uint8_t type, const uint8_t seed[32],
	struct secret *ret, struct tote_fault *fault)
{
	uint8_t pub[32], *both;
	int rc = name_and_type_check(name, type, fault);

	if (rc < 0)
		return rc;
	both = guarded_new(fault);
	if (!both)
		return fault->code;
	crypto_sign_ed25519_seed_keypair(pub, both, seed);
	sodium_mprotect_readonly(both);
	tote__vkey_make(&ret->key, name, type, pub);
	ret->seed_and_pub = both;
	return 0;
}

int tote__secret_generate(
	const char *name, uint8_t type, struct secret *ret, struct tote_fault *fault)
{
	uint8_t seed[SEED_LEN];
	int rc;

	tote__random_bytes(seed, sizeof(seed));
	rc = tote__secret_from_seed(name, type, seed, ret, fault);
	sodium_memzero(seed, sizeof(seed));
	return rc;
}

/* The key file says the key id of the public key, which only the seed gives. */
static int secret_of(const struct keyed *in, struct secret *ret, struct tote_fault *fault)
{
	int rc = tote__secret_from_seed(in->name, in->type, in->material, ret, fault);

	if (rc == 0 && ret->key.id != in->id) {
		tote__secret_free(ret);
		rc = tote__fault(fault, TOTE_E_KEY,
			"key file of '%s': its id is not that of its name and key", in->name);
	}
	return rc;
}

int tote__secret_parse(const char *s, size_t len, struct secret *ret, struct tote_fault *fault)
{
	const size_t prefix = strlen(KEY_PREFIX);
	const char *wrong;
	struct keyed in;
	int rc;

	if (len > 0 && s[len - 1] == '\n')
		len--;
	if (len < prefix || memcmp(s, KEY_PREFIX, prefix) != 0)
		return tote__fault(
			fault, TOTE_E_KEY, "key file: it does not begin with %s", KEY_PREFIX);
	wrong = get_keyed(s + prefix, len - prefix, &in);
	rc = wrong ? tote__fault(fault, TOTE_E_KEY, "key file: %s", wrong)
		   : secret_of(&in, ret, fault);
	sodium_memzero(&in, sizeof(in));
	return rc;
}

int tote__secret_format(const struct secret *key, struct buf *out, struct tote_fault *fault)
{
	const size_t prefix = strlen(KEY_PREFIX);
	char line[sizeof(KEY_PREFIX) + VKEY_MAX];
	size_t len;

	memcpy(line, KEY_PREFIX, prefix);
	len = prefix + put_keyed(line + prefix, &key->key, key->seed_and_pub);
	line[len++] = '\n';
	tote__buf_put(out, line, len);
	sodium_memzero(line, sizeof(line));
	return tote__buf_check(out, "key file", fault);
}

void tote__secret_sign(const struct secret *key, const void *msg, size_t len, uint8_t sig[SIG_LEN])
{
	crypto_sign_ed25519_detached(sig, NULL, msg, len, key->seed_and_pub);
}

void tote__secret_free(struct secret *key)
{
	sodium_free(key->seed_and_pub); /* wipes; takes NULL */
	key->seed_and_pub = NULL;
}
