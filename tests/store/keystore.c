/* SPDX-License-Identifier: ISC */
/*
 * Key files and signers: a key is made once, is its owner's alone, and remembers what it signed.
 */
#include "store/keystore.h"
#include "crypto/note.h"
#include "support/support.h"
#include <sys/stat.h>
#include <unistd.h>

#define NAME "archive.example.com/acme/orchestrator"

static struct scratch scratch;
static tote_ctx *ctx;
static struct place keys;
static struct tote_fault fault;
static const char *backend;

static const char *location(void)
{
	return scratch_path(&scratch, "orchestrator/keys");
}

static void open_keys(const char *name)
{
	backend = name;
	memset(&fault, 0, sizeof(fault));
	scratch_make(&scratch);
	ctx = support_ctx(NULL, NULL);
	ck_ok(tote__place_provision(ctx, backend, location(), LAYOUT_KEYS, &fault), fault);
	ck_ok(tote__place_open(ctx, backend, location(), LAYOUT_KEYS, 0, &keys, &fault), fault);
}

static void setup_posix(void)
{
	open_keys("posix");
}

static void setup_memory(void)
{
	open_keys("memory");
}

static void teardown(void)
{
	tote__place_close(&keys);
	tote_ctx_unref(ctx);
	scratch_remove(&scratch);
}

/* --- both backends -------------------------------------------------------------------------- */

START_TEST(a_key_is_made_once_and_kept)
{
	struct vkey first, again, public;
	struct store_stat st;

	ck_ok(tote__keystore_make(&keys, "orchestrator", NAME, KEY_TYPE_ED25519, &first, &fault),
		fault);
	ck_ok(tote__keystore_make(&keys, "orchestrator", NAME, KEY_TYPE_ED25519, &again, &fault),
		fault);
	ck_ok(tote__keystore_public(&keys, "orchestrator", &public, &fault), fault);
	ck_assert(memcmp(first.pub, again.pub, 32) == 0);
	ck_assert(memcmp(first.pub, public.pub, 32) == 0);
	ck_assert_uint_eq(first.id, public.id);
	ck_assert_str_eq(public.name, NAME);
	ck_ok(keys.ops->stat(keys.handle, SPACE_KEYS, "orchestrator", &st, &fault), fault);
	ck_assert_uint_eq(st.mode, 0600);
	ck_fault(tote__keystore_make_new(
			 &keys, "orchestrator", NAME, KEY_TYPE_ED25519, &again, &fault),
		TOTE_E_EXISTS, fault);
}
END_TEST

START_TEST(a_key_of_another_name_or_type_is_not_taken_for_it)
{
	struct vkey key;

	ck_ok(tote__keystore_make(&keys, "witness", NAME, KEY_TYPE_COSIGNATURE, &key, &fault),
		fault);
	ck_fault(tote__keystore_make(&keys, "witness", NAME, KEY_TYPE_ED25519, &key, &fault),
		TOTE_E_KEY, fault);
	ck_fault(tote__keystore_make(
			 &keys, "witness", "other.example", KEY_TYPE_COSIGNATURE, &key, &fault),
		TOTE_E_KEY, fault);
	ck_fault(tote__keystore_public(&keys, "nobody", &key, &fault), TOTE_E_NOT_FOUND, fault);
	ck_fault(tote__keystore_public(&keys, "../witness", &key, &fault), TOTE_E_GRAMMAR, fault);
	ck_fault(tote__keystore_public(&keys, "a/b", &key, &fault), TOTE_E_GRAMMAR, fault);
}
END_TEST

START_TEST(a_given_key_is_imported_and_never_replaces_one)
{
	struct secret secret;
	struct vkey key;
	struct buf line;

	tote__buf_init(&line, plain_heap(), 1000);
	ck_ok(tote__secret_generate(NAME, KEY_TYPE_ED25519, &secret, &fault), fault);
	ck_ok(tote__secret_format(&secret, &line, &fault), fault);
	ck_ok(tote__keystore_import(&keys, "box", line.data, line.len, &key, &fault), fault);
	ck_assert(memcmp(key.pub, secret.key.pub, 32) == 0);
	ck_fault(tote__keystore_import(&keys, "box", line.data, line.len, &key, &fault),
		TOTE_E_EXISTS, fault);
	ck_fault(
		tote__keystore_import(&keys, "new", "rubbish", 7, &key, &fault), TOTE_E_KEY, fault);
	ck_fault(tote__keystore_public(&keys, "new", &key, &fault), TOTE_E_NOT_FOUND, fault);
	tote__secret_free(&secret);
	tote__buf_free(&line);
}
END_TEST

START_TEST(a_signer_signs_and_remembers_its_last_note)
{
	struct signer s;
	struct vkey key;
	struct buf last;
	uint8_t sig[SIG_LEN];

	tote__buf_init(&last, plain_heap(), NOTE_MAX);
	ck_ok(tote__keystore_make(&keys, "box", NAME, KEY_TYPE_ED25519, &key, &fault), fault);
	ck_ok(tote__signer_open(&s, ctx, backend, location(), "box", &fault), fault);
	ck_assert(memcmp(s.key.pub, key.pub, 32) == 0);
	ck_ok(tote__signer_sign(&s, "message", 7, sig, &fault), fault);
	ck_assert_int_eq(tote__vkey_verify(&key, "message", 7, sig), 1);
	ck_ok(tote__signer_last_read(&s, &last, &fault), fault);
	ck_assert_uint_eq(last.len, 0);
	ck_ok(tote__signer_last_write(&s, "first note", 10, &fault), fault);
	ck_ok(tote__signer_last_write(&s, "second", 6, &fault), fault);
	tote__signer_close(&s);
	ck_ok(tote__signer_open(&s, ctx, backend, location(), "box", &fault), fault);
	ck_ok(tote__signer_last_read(&s, &last, &fault), fault);
	ck_assert_uint_eq(last.len, 6);
	ck_assert(memcmp(last.data, "second", 6) == 0);
	tote__signer_close(&s);
	ck_fault(tote__signer_open(&s, ctx, backend, location(), "no", &fault), TOTE_E_NOT_FOUND,
		fault);
	tote__buf_free(&last);
}
END_TEST

/* --- files ---------------------------------------------------------------------------------- */

START_TEST(a_signer_takes_the_next_key_only_when_it_is_the_one_in_force)
{
	struct vkey first, next, again, found, stranger;
	struct signer signer, other;
	struct store_stat st;
	struct secret secret;

	ck_ok(tote__keystore_make(&keys, "a", NAME, KEY_TYPE_ED25519, &first, &fault), fault);
	ck_ok(tote__signer_open(&signer, ctx, backend, location(), "a", &fault), fault);
	ck_ok(tote__signer_open(&other, ctx, backend, location(), "a", &fault), fault);
	ck_ok(tote__signer_make_next(&signer, &again, &fault), fault);
	ck_ok(tote__signer_make_next(&signer, &next, &fault), fault); /* written over */
	ck_assert(!tote__vkey_equal(&next, &again));
	ck_assert_str_eq(next.name, NAME);
	ck_fault(tote__signer_follow(&signer, &again, &fault), TOTE_E_KEY, fault);
	tote__fault_clear(&fault);
	ck_assert(tote__vkey_equal(&signer.key, &first));
	ck_ok(tote__signer_reload(&other, &fault), fault);
	ck_ok(tote__signer_follow(&signer, &first, &fault), fault); /* nothing to do */
	ck_ok(tote__signer_follow(&signer, &next, &fault), fault);
	ck_assert(tote__vkey_equal(&signer.key, &next));
	ck_ok(tote__keystore_public(&keys, "a", &found, &fault), fault);
	ck_assert(tote__vkey_equal(&found, &next));
	ck_fault(keys.ops->stat(keys.handle, SPACE_KEYS, "a.next", &st, &fault), TOTE_E_NOT_FOUND,
		fault);
	tote__fault_clear(&fault);
	/* one that was open before finds it in the file */
	ck_ok(tote__signer_follow(&other, &next, &fault), fault);
	ck_assert(tote__vkey_equal(&other.key, &next));
	ck_ok(tote__secret_generate(NAME, KEY_TYPE_ED25519, &secret, &fault), fault);
	stranger = secret.key;
	tote__secret_free(&secret);
	ck_fault(tote__signer_follow(&other, &stranger, &fault), TOTE_E_KEY, fault);
	ck_assert(tote__vkey_equal(&other.key, &next));
	tote__signer_close(&signer);
	tote__signer_close(&other);
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
	static const mode_t modes[] = {0644, 0640, 0660, 0700, 0604, 0200};
	const char *path = scratch_path(&scratch, "orchestrator/keys/box");
	struct vkey key;

	ck_ok(tote__keystore_make(&keys, "box", NAME, KEY_TYPE_ED25519, &key, &fault), fault);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(path, modes[i]), 0);
		ck_fault(tote__keystore_public(&keys, "box", &key, &fault), TOTE_E_KEY, fault);
	}
	tote__fault_clear(&fault);
	ck_assert_int_eq(chmod(path, 0400), 0);
	ck_ok(tote__keystore_public(&keys, "box", &key, &fault), fault);
	ck_assert_int_eq(link(path, scratch_path(&scratch, "copy")), 0);
	ck_fault(tote__keystore_public(&keys, "box", &key, &fault), TOTE_E_KEY, fault);
	ck_assert_int_eq(symlink("../../copy", scratch_path(&scratch, "orchestrator/keys/l")), 0);
	ck_fault(tote__keystore_public(&keys, "l", &key, &fault), TOTE_E_KEY, fault);
	directory_make(scratch_path(&scratch, "orchestrator/keys/d"));
	ck_fault(tote__keystore_public(&keys, "d", &key, &fault), TOTE_E_KEY, fault);
}
END_TEST

START_TEST(a_key_file_of_other_content_is_refused)
{
	char long_line[3000];
	struct vkey key;
	static const char *const contents[] = {"", "rubbish\n", "PRIVATE+KEY+a+b+c\n"};

	for (size_t i = 0; i <= 3; i++) {
		const char *path = scratch_path(&scratch, "orchestrator/keys/k%d", (int)i);

		memset(long_line, 'x', sizeof(long_line));
		if (i < 3)
			file_write(path, contents[i], strlen(contents[i]));
		else
			file_write(path, long_line, sizeof(long_line));
		ck_assert_int_eq(chmod(path, 0600), 0);
		ck_fault(tote__keystore_public(&keys, printed("k%d", (int)i), &key, &fault),
			TOTE_E_KEY, fault);
	}
}
END_TEST

START_TEST(a_key_file_is_made_and_read_by_its_path)
{
	const char *path = scratch_path(&scratch, "my.key");
	char vkey[VKEY_MAX], again[VKEY_MAX];
	struct signer s;

	ck_fault(tote_key_generate(path, "a name with spaces", vkey, sizeof(vkey), &fault),
		TOTE_E_GRAMMAR, fault);
	ck_fault(tote_key_generate(path, NAME, vkey, 40, &fault), TOTE_E_TOO_LARGE, fault);
	ck_assert_int_eq(file_exists(path), 0);
	ck_fault(tote_key_generate(
			 scratch_path(&scratch, "no/such"), NAME, vkey, sizeof(vkey), &fault),
		TOTE_E_NOT_FOUND, fault);
	ck_fault(tote_key_generate(NULL, NAME, NULL, 0, &fault), TOTE_E_ARGUMENT, fault);
	ck_ok(tote_key_generate(path, NAME, vkey, sizeof(vkey), &fault), fault);
	ck_fault(tote_key_generate(path, NAME, NULL, 0, &fault), TOTE_E_EXISTS, fault);
	ck_ok(tote_key_public(path, again, sizeof(again), &fault), fault);
	ck_assert_str_eq(vkey, again);
	ck_ok(tote_key_public(path, again, strlen(vkey) + 1, &fault), fault);
	ck_fault(tote_key_public(path, again, strlen(vkey), &fault), TOTE_E_TOO_LARGE, fault);
	ck_fault(tote_key_public(path, NULL, 0, &fault), TOTE_E_ARGUMENT, fault);
	tote__fault_clear(&fault);
	ck_ok(tote__signer_open_path(&s, ctx, path, &fault), fault);
	ck_ok(tote__signer_last_write(&s, "note", 4, &fault), fault);
	tote__signer_close(&s);
	ck_assert_int_eq(file_size(scratch_path(&scratch, "my.key.last")), 4);
	ck_fault(tote__signer_open_path(&s, ctx, scratch_path(&scratch, "no/"), &fault),
		TOTE_E_ARGUMENT, fault);
}
END_TEST

/* --- the host's ----------------------------------------------------------------------------- */

struct host {
	struct secret secret;
	uint8_t last[20000];
	size_t last_len;
	int calls, released, fail, strange;
};

static int host_sign(
	void *user, const void *message, size_t len, uint8_t sig[64], struct tote_fault *f)
{
	struct host *h = user;

	h->calls++;
	if (h->fail)
		return tote_fault_set(f, h->fail, 0, "the token is not plugged in");
	if (h->strange)
		return h->strange;
	tote__secret_sign(&h->secret, message, len, sig);
	return 0;
}

static int host_last_read(void *user, void *out, size_t cap, size_t *ret_len, struct tote_fault *f)
{
	struct host *h = user;

	*ret_len = h->last_len;
	if (h->last_len > cap)
		return tote_fault_set(f, TOTE_E_TOO_LARGE, 0, "too small");
	memcpy(out, h->last, h->last_len);
	return 0;
}

static int host_last_write(void *user, const void *note, size_t len, struct tote_fault *f)
{
	struct host *h = user;

	(void)f;
	memcpy(h->last, note, len);
	h->last_len = len;
	return 0;
}

static void host_release(void *user)
{
	((struct host *)user)->released++;
}

START_TEST(a_host_may_hold_the_key)
{
	static struct host h;
	char vkey[VKEY_MAX];
	struct tote_signer table = {.size = sizeof(table),
		.user = &h,
		.vkey = vkey,
		.sign = host_sign,
		.last_read = host_last_read,
		.last_write = host_last_write,
		.release = host_release};
	struct signer s;
	struct buf last;
	uint8_t sig[SIG_LEN], *note = calloc(1, 20000);

	ck_ok(tote__secret_generate(NAME, KEY_TYPE_ED25519, &h.secret, &fault), fault);
	tote__vkey_format(&h.secret.key, vkey);
	ck_ok(tote__signer_open_host(&s, ctx, &table, &fault), fault);
	memset(vkey, 0, sizeof(vkey)); /* nothing of the caller's is kept */
	ck_ok(tote__signer_sign(&s, "m", 1, sig, &fault), fault);
	ck_assert_int_eq(tote__vkey_verify(&s.key, "m", 1, sig), 1);
	tote__buf_init(&last, plain_heap(), NOTE_MAX);
	ck_ok(tote__signer_last_read(&s, &last, &fault), fault);
	ck_assert_uint_eq(last.len, 0);
	ck_ok(tote__signer_last_write(&s, note, 20000, &fault), fault);
	ck_ok(tote__signer_last_read(&s, &last, &fault), fault);
	ck_assert_uint_eq(last.len, 20000);
	h.fail = TOTE_E_IO;
	ck_fault(tote__signer_sign(&s, "m", 1, sig, &fault), TOTE_E_IO, fault);
	ck_assert(strstr(fault.text, "the token is not plugged in") != NULL);
	h.fail = 0;
	h.strange = 7;
	ck_fault(tote__signer_sign(&s, "m", 1, sig, &fault), TOTE_E_IO, fault);
	h.strange = TOTE_E_PERMISSION;
	tote__fault_clear(&fault);
	ck_fault(tote__signer_sign(&s, "m", 1, sig, &fault), TOTE_E_PERMISSION, fault);
	h.last_len = NOTE_MAX + 1;
	ck_fault(tote__signer_last_read(&s, &last, &fault), TOTE_E_TOO_LARGE, fault);
	ck_assert_int_eq(h.released, 0);
	tote__signer_close(&s);
	ck_assert_int_eq(h.released, 1);
	tote__buf_free(&last);
	tote__secret_free(&h.secret);
	free(note);
}
END_TEST

START_TEST(a_table_that_lacks_something_is_refused)
{
	struct tote_signer table = {.size = 8};
	struct signer s;

	ck_fault(tote__signer_open_host(&s, ctx, &table, &fault), TOTE_E_STRUCT, fault);
	table.size = sizeof(table);
	ck_fault(tote__signer_open_host(&s, ctx, &table, &fault), TOTE_E_ARGUMENT, fault);
	table.sign = host_sign;
	table.last_read = host_last_read;
	table.last_write = host_last_write;
	table.vkey = "no vkey";
	ck_fault(tote__signer_open_host(&s, ctx, &table, &fault), TOTE_E_GRAMMAR, fault);
	table.flags = 1;
	ck_fault(tote__signer_open_host(&s, ctx, &table, &fault), TOTE_E_FLAGS, fault);
	tote__signer_close(&s);
}
END_TEST

static void add_both(TCase *tc)
{
	tcase_add_test(tc, a_key_is_made_once_and_kept);
	tcase_add_test(tc, a_key_of_another_name_or_type_is_not_taken_for_it);
	tcase_add_test(tc, a_given_key_is_imported_and_never_replaces_one);
	tcase_add_test(tc, a_signer_signs_and_remembers_its_last_note);
	tcase_add_test(tc, a_signer_takes_the_next_key_only_when_it_is_the_one_in_force);
}

Suite *keystore_suite(void)
{
	Suite *s = suite_create("store/keystore");
	TCase *tc = tcase_create("memory");

	tcase_add_checked_fixture(tc, setup_memory, teardown);
	add_both(tc);
	suite_add_tcase(s, tc);
	tc = tcase_create("posix");
	tcase_add_checked_fixture(tc, setup_posix, teardown);
	add_both(tc);
	tcase_add_test(tc, a_key_that_others_may_read_is_refused);
	tcase_add_test(tc, a_key_file_of_other_content_is_refused);
	tcase_add_test(tc, a_key_file_is_made_and_read_by_its_path);
	tcase_add_test(tc, a_host_may_hold_the_key);
	tcase_add_test(tc, a_table_that_lacks_something_is_refused);
	suite_add_tcase(s, tc);
	return s;
}
