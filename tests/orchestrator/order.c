/* SPDX-License-Identifier: ISC */
/*
 * What the orchestrator does first and what after it, and what the witness looks at before it signs:
 * each test here fails where one line of the library is gone or stands elsewhere.
 */
#include "orchestrator/record.h"
#include "orchestrator/root.h"
#include "store/keystore.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include <fcntl.h>
#include <pthread.h>

static const char *checkpoint_path(const struct root *r)
{
	return printed("%s/containers/a/ledger/log/checkpoint", r->path);
}

static const char *seen_path(const struct root *r)
{
	return printed("%s/orchestrator/seen/a", r->path);
}

static void replace(const char *path, const void *bytes, size_t len)
{
	ck_assert_int_eq(unlink(path), 0);
	file_write(path, bytes, len);
}

static int witness(struct root *r)
{
	return tote_orchestrator_witness(r->o, "a", 0, NULL, &r->fault);
}

/* A root with the container `a` of four entries, the last three not cosigned yet. */
static void begin(struct root *r)
{
	root_make(r);
	root_provision(r, "a");
	root_fill(r, "a", 3);
}

/* --- what the witness signs ------------------------------------------------------------------ */

/* The text of the container's checkpoint, of another origin where one is given. */
static void put_text(struct root *r, const char *origin, struct buf *out)
{
	struct checkpoint c;
	struct note note;
	size_t len;
	uint8_t *bytes = file_read(checkpoint_path(r), &len);

	ck_ok(tote__checkpoint_read(bytes, len, &note, &c, &r->fault), r->fault);
	if (origin)
		snprintf(c.origin, sizeof(c.origin), "%s", origin);
	tote__checkpoint_put(out, &c);
	free(bytes);
}

/* The line of the key in that file of the key store over the text; a witness's bears its time. */
static void put_line(struct root *r, const char *file, const struct buf *text, struct buf *out)
{
	uint8_t sig[SIG_LEN], blob[8 + SIG_LEN];
	struct secret secret;
	struct buf message;

	tote__buf_init(&message, plain_heap(), NOTE_MAX);
	ck_ok(tote__keystore_read(&r->o->key_store, file, &secret, &r->fault), r->fault);
	if (secret.key.type == KEY_TYPE_COSIGNATURE) {
		tote__cosignature_message(
			&message, 1700000000, (const char *)text->data, text->len);
		tote__secret_sign(&secret, message.data, message.len, sig);
		tote__cosignature_blob(1700000000, sig, blob);
		tote__note_put_sig(out, &secret.key, blob, sizeof(blob));
	} else {
		tote__secret_sign(&secret, text->data, text->len, sig);
		tote__note_put_sig(out, &secret.key, sig, sizeof(sig));
	}
	tote__secret_free(&secret);
	tote__buf_free(&message);
}

/* A note of these lines, in place of a file. */
static void forge(struct root *r, const char *path, const char *origin, const char *const *files)
{
	struct buf text, note;

	tote__buf_init(&text, plain_heap(), NOTE_MAX);
	tote__buf_init(&note, plain_heap(), NOTE_MAX);
	put_text(r, origin, &text);
	tote__buf_put(&note, text.data, text.len);
	tote__buf_putc(&note, '\n');
	for (; *files; files++)
		put_line(r, *files, &text, &note);
	replace(path, note.data, note.len);
	tote__buf_free(&text);
	tote__buf_free(&note);
}

START_TEST(a_checkpoint_that_the_container_did_not_sign_is_not_cosigned)
{
	static const char *const by[] = {"orchestrator", NULL};
	size_t before_len, after_len;
	uint8_t *before, *after;
	struct root r;

	begin(&r);
	before = file_read(seen_path(&r), &before_len);
	forge(&r, checkpoint_path(&r), NULL, by);
	ck_fault(witness(&r), TOTE_E_NO_SIGNATURE, r.fault);
	after = file_read(seen_path(&r), &after_len);
	ck_assert_uint_eq(before_len, after_len);
	ck_assert_mem_eq(before, after, after_len);
	free(before);
	free(after);
	root_remove(&r);
}
END_TEST

static const struct forgery {
	const char *origin;
	const char *by[3];
	int rc;
} forgeries[] = {
	{NULL, {"a", "witness", NULL}, 0},
	{NULL, {"a", NULL}, TOTE_E_DAMAGED},
	{NULL, {"witness", NULL}, TOTE_E_DAMAGED},
	{"archive.example.com/acme/b", {"a", "witness", NULL}, TOTE_E_DAMAGED},
};

START_TEST(a_seen_counts_with_both_signatures_and_of_this_log_alone)
{
	const struct forgery *f = &forgeries[_i];
	struct root r;
	int rc;

	begin(&r);
	forge(&r, seen_path(&r), f->origin, f->by);
	rc = witness(&r);
	ck_assert_msg(rc == f->rc, "%d: %s", rc, r.fault.text);
	root_remove(&r);
}
END_TEST

static int sign_badly(
	void *user, const void *msg, size_t len, uint8_t sig[64], struct tote_fault *fault)
{
	(void)user, (void)msg, (void)len, (void)fault;
	memset(sig, 7, 64);
	return 0;
}

START_TEST(a_signature_of_the_witness_that_does_not_verify_is_never_written)
{
	size_t before_len, after_len;
	uint8_t *before, *after;
	struct root r;

	begin(&r);
	before = file_read(seen_path(&r), &before_len);
	r.o->witness.host.sign = sign_badly;
	ck_fault(witness(&r), TOTE_E_BAD_SIGNATURE, r.fault);
	r.o->witness.host.sign = NULL;
	after = file_read(seen_path(&r), &after_len);
	ck_assert_uint_eq(before_len, after_len);
	ck_assert_mem_eq(before, after, after_len);
	ck_ok(witness(&r), r.fault);
	free(before);
	free(after);
	root_remove(&r);
}
END_TEST

static struct {
	const struct store_ops *real;
	struct store_ops ops;
	int syncs;
} counted;

static int count_cell_sync(void *place, int space, const char *name, struct tote_fault *fault)
{
	counted.syncs += space == SPACE_SEEN;
	return counted.real->cell_sync(place, space, name, fault);
}

/* Whoever wrote it may have died before it was durable. */
START_TEST(what_was_seen_before_is_synced_again_before_its_line_is_released)
{
	struct root r;

	begin(&r);
	ck_ok(witness(&r), r.fault);
	counted.syncs = 0;
	counted.real = r.o->place.ops;
	counted.ops = *r.o->place.ops;
	counted.ops.cell_sync = count_cell_sync;
	r.o->place.ops = &counted.ops;
	ck_ok(witness(&r), r.fault);
	ck_assert_int_eq(counted.syncs, 1);
	r.o->place.ops = counted.real;
	root_remove(&r);
}
END_TEST

/* FORMAT section 6: the ledger, after replay, reaches what was seen: this is no rollback. */
START_TEST(an_older_checkpoint_alone_is_no_rollback)
{
	uint8_t *older;
	struct root r;
	size_t len;

	begin(&r);
	older = file_read(checkpoint_path(&r), &len);
	root_fill(&r, "a", 3);
	ck_ok(witness(&r), r.fault);
	replace(checkpoint_path(&r), older, len);
	ck_fault(witness(&r), TOTE_E_INCOMPLETE, r.fault);
	free(older);
	root_remove(&r);
}
END_TEST

START_TEST(the_guard_stops_a_fold_of_less_than_was_seen)
{
	struct box_config config = {.backend = "posix"};
	char here_name[512], copy_name[512];
	const char *here, *copy;
	struct checkpoint head;
	struct container c;
	struct root r;
	tote_box *box;

	root_make(&r);
	root_provision(&r, "a");
	here = named(here_name, "%s/containers/a", r.path);
	copy = named(copy_name, "%s/copy", r.scratch.path);
	copy_tree(here, copy);
	root_fill(&r, "a", 3);
	ck_ok(witness(&r), r.fault);
	remove_tree(here);
	copy_tree(copy, here);
	unlink(printed("%s/orchestrator/keys/a.last", r.path));
	/* opened below the public call, which would refuse it already */
	ck_assert_int_eq(tote__containers_registered(r.o, "a", &c, &r.fault), 0);
	config.location = c.location;
	config.keys_location = r.o->keys;
	config.keys_file = "a";
	ck_assert_int_eq(tote__containers_open(r.o, "a", &config, &box, &r.fault), 0);
	ck_ok(box_append(box, "another", &r.fault), r.fault);
	ck_assert_int_eq(tote__ledger_fold(box->ledger, &head, NULL, &r.fault), TOTE_E_ROLLBACK);
	tote_box_unref(box);
	tote__containers_drop(r.o, &c);
	root_remove(&r);
}
END_TEST

/* --- locks ----------------------------------------------------------------------------------- */

static int lock_byte(int fd, int byte, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &lock);
}

static int byte_is_free(int fd, int byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	ck_assert_int_eq(fcntl(fd, F_OFD_GETLK, &lock), 0);
	return lock.l_type == F_UNLCK;
}

static int open_lock(const char *ledger)
{
	int fd = open(printed("%s/lock", ledger), O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* How many entries the witness has seen; the file is replaced as a whole. */
static int seen_size(const struct root *r)
{
	uint8_t *note = file_read(seen_path(r), NULL);
	const char *line = strchr((const char *)note, '\n');
	const int size = line ? atoi(line + 1) : 0;

	free(note);
	return size;
}

static void *cosign(void *user)
{
	struct root *r = user;
	struct tote_fault fault = {0};

	tote_orchestrator_witness(r->o, "a", 0, NULL, &fault);
	return NULL;
}

/* Container before orchestrator, never the other way round: the line is added with the record free. */
START_TEST(who_waits_to_add_a_cosignature_holds_the_record_no_more)
{
	struct root r;
	pthread_t thread;
	int box, record, held = 0;

	begin(&r);
	box = open_lock(printed("%s/containers/a/ledger", r.path));
	record = open_lock(printed("%s/orchestrator/ledger", r.path));
	ck_assert_int_eq(lock_byte(box, LOCK_BYTE_FOLD, F_WRLCK), 0); /* a fold */
	ck_assert_int_eq(pthread_create(&thread, NULL, cosign, &r), 0);
	for (int i = 0; i < 5000 && seen_size(&r) != 4; i++) /* then it waits for the fold */
		usleep(1000);
	for (int i = 0; i < 100; i++) {
		usleep(1000);
		held = byte_is_free(record, LOCK_BYTE_WRITE) ? 0 : held + 1;
	}
	ck_assert_int_eq(lock_byte(box, LOCK_BYTE_FOLD, F_UNLCK), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(held, 0);
	close(box);
	close(record);
	root_remove(&r);
}
END_TEST

/* --- two ledgers ------------------------------------------------------------------------------ */

static int suspend(tote_ctx *ctx, const char *path)
{
	struct tote_fault fault;
	tote_orchestrator *o;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (rc == 0)
		rc = tote_orchestrator_set_state(
			o, "a", TOTE_STATE_SUSPENDED, NULL, "because", 0, &fault);
	return rc;
}

/* Of the container's own ledger, by who knows of no orchestrator. */
static int moves_in_container(struct root *r)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_NO_SIGNER};
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;
	tote_box *box;
	int count = 0;

	ck_ok(tote_box_open_alone(
		      r->ctx, printed("%s/containers/a", r->path), &options, &box, &r->fault),
		r->fault);
	ck_ok(tote_box_recover(box, &r->fault), r->fault);
	ck_ok(tote_cursor_open(box, 0, 0, &cursor, &r->fault), r->fault);
	while (tote_cursor_next(cursor, &e, &r->fault) == 1)
		count += strcmp(e.kind, "container.state") == 0;
	tote_cursor_unref(cursor);
	tote_box_unref(box);
	return count;
}

static int moves_in_record(struct root *r)
{
	int count;

	root_open(r);
	ck_ok(tote__orchestrator_hold(r->o, &r->fault), r->fault); /* what a takeover finds, too */
	tote__orchestrator_release(r->o);
	count = root_entries(r, "container.state", "a");
	root_close(r);
	return count;
}

START_TEST(a_move_is_in_the_record_only_when_it_is_in_the_container)
{
	char whole[400];
	struct root r;
	int seen[2] = {0, 0};

	begin(&r);
	root_close(&r);
	snprintf(whole, sizeof(whole), "%s/whole", r.scratch.path);
	copy_tree(r.path, whole);
	for (long at = 0; dies_at(at, suspend, r.path); at++) {
		const int record = moves_in_record(&r), own = moves_in_container(&r);

		ck_assert_msg(record <= own, "step %ld: %d in the record, %d in the container", at,
			record, own);
		seen[record < own]++;
		remove_tree(r.path);
		copy_tree(whole, r.path);
	}
	ck_assert_int_gt(seen[0], 0);
	ck_assert_int_gt(seen[1], 0);
	root_remove(&r);
}
END_TEST

static void info_of(struct root *r, tote_box *box, uint64_t *ret_entries, uint64_t *ret_covered)
{
	struct tote_box_info info = {.size = sizeof(info)};

	ck_ok(tote_box_info(box, &info, &r->fault), r->fault);
	*ret_entries = info.entries;
	*ret_covered = info.covered;
	tote_box_unref(box);
}

START_TEST(a_move_comes_under_a_checkpoint_of_either_ledger)
{
	uint64_t entries, covered;
	tote_box *record;
	struct root r;

	begin(&r);
	ck_ok(root_move(&r, "a", TOTE_STATE_SUSPENDED), r.fault);
	info_of(&r, root_box(&r, "a"), &entries, &covered);
	ck_assert_uint_eq(entries, 5);
	ck_assert_uint_eq(covered, 5);
	ck_assert_int_eq(seen_size(&r), 5);
	ck_ok(tote_orchestrator_record(r.o, &record, &r.fault), r.fault);
	info_of(&r, record, &entries, &covered);
	ck_assert_uint_eq(entries, 3);
	ck_assert_uint_eq(covered, 3);
	root_remove(&r);
}
END_TEST

START_TEST(a_move_that_could_not_be_cosigned_says_that_it_is_done)
{
	struct root r;

	begin(&r);
	r.o->witness.host.sign = sign_badly;
	ck_fault(root_move(&r, "a", TOTE_STATE_SUSPENDED), TOTE_E_BAD_SIGNATURE, r.fault);
	ck_assert_uint_eq(r.fault.effect, TOTE_EFFECT_DONE);
	r.o->witness.host.sign = NULL;
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	root_remove(&r);
}
END_TEST

/* The container: suspended, active, suspended; the record: suspended, archived. */
START_TEST(ledgers_whose_pasts_differ_are_not_completed)
{
	static const uint32_t own[] = {
		TOTE_STATE_SUSPENDED, TOTE_STATE_ACTIVE, TOTE_STATE_SUSPENDED};
	struct tote_box_options options = {.size = sizeof(options)};
	struct root r;
	tote_box *box;
	uint32_t from;
	uint64_t seq;

	begin(&r);
	options.key_file = printed("%s/orchestrator/keys/a", r.path);
	ck_ok(tote_box_open_alone(
		      r.ctx, printed("%s/containers/a", r.path), &options, &box, &r.fault),
		r.fault);
	for (size_t i = 0; i < 3; i++)
		ck_ok(tote__box_move(box, own[i], NULL, "because", &from, &seq, &r.fault), r.fault);
	tote_box_unref(box);
	ck_ok(tote__orchestrator_hold(r.o, &r.fault), r.fault);
	ck_ok(tote__record_state(
		      r.o, "a", TOTE_STATE_ACTIVE, TOTE_STATE_SUSPENDED, "because", NULL, &r.fault),
		r.fault);
	ck_ok(tote__record_state(r.o, "a", TOTE_STATE_SUSPENDED, TOTE_STATE_ARCHIVED, "because",
		      NULL, &r.fault),
		r.fault);
	tote__orchestrator_release(r.o);
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_MISMATCH, r.fault);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 2);
	root_remove(&r);
}
END_TEST

/* --- coming and going ------------------------------------------------------------------------ */

START_TEST(who_is_refused_a_directory_gets_no_key)
{
	struct tote_provision_options options = {.size = sizeof(options)};
	char there[512];
	struct root r;

	begin(&r);
	options.location = named(there, "%s/containers/a/../a", r.path);
	ck_fault(tote_orchestrator_provision(r.o, "b", &options, NULL, &r.fault), TOTE_E_EXISTS,
		r.fault);
	ck_assert_int_eq(file_exists(printed("%s/orchestrator/keys/b", r.path)), 0);
	root_remove(&r);
}
END_TEST

START_TEST(a_key_of_another_in_the_key_store_refuses_a_container)
{
	char path[512], copy[512];
	struct root r, other;

	begin(&r);
	root_make(&other);
	root_provision(&other, "b");
	named(path, "%s/containers/a", r.path);
	named(copy, "%s/orchestrator/keys/a", other.path);
	copy_tree(printed("%s/orchestrator/keys/b", other.path), copy);
	ck_fault(tote_orchestrator_register(other.o, "a", path, NULL, NULL, 0, &other.fault),
		TOTE_E_KEY, other.fault);
	ck_assert_int_eq(unlink(copy), 0);
	ck_ok(tote_orchestrator_register(other.o, "a", path, NULL, NULL, 0, &other.fault),
		other.fault);
	root_remove(&other);
	root_remove(&r);
}
END_TEST

START_TEST(who_returns_without_what_was_seen_of_it_is_refused)
{
	char path[512];
	struct root r;

	begin(&r);
	named(path, "%s/containers/a", r.path);
	ck_ok(witness(&r), r.fault);
	ck_ok(tote_orchestrator_detach(r.o, "a", NULL, "because", 0, &r.fault), r.fault);
	ck_assert_int_eq(rename(seen_path(&r), printed("%s/orchestrator/kept", r.path)), 0);
	ck_fault(tote_orchestrator_register(r.o, "a", path, NULL, NULL, 0, &r.fault),
		TOTE_E_DAMAGED, r.fault);
	ck_assert_int_eq(run_shell(printed("mv '%s/orchestrator/kept' '%s/orchestrator/seen/a'",
				 r.path, r.path)),
		0);
	ck_ok(tote_orchestrator_register(r.o, "a", path, NULL, NULL, 0, &r.fault), r.fault);
	root_remove(&r);
}
END_TEST

/* The same ID, another root's: neither its ledger nor its key will do. */
START_TEST(a_container_of_the_same_id_from_another_root_is_not_opened)
{
	struct tote_box_options options = {.size = sizeof(options)};
	struct root r, other;
	tote_box *box;

	begin(&r);
	root_bare(&other);
	ck_ok(tote_orchestrator_init(
		      other.ctx, other.path, "other.example.com/b", NULL, 0, &other.fault),
		other.fault);
	root_open(&other);
	root_provision(&other, "a");
	options.key_file = printed("%s/orchestrator/keys/a", other.path);
	ck_fault(tote_box_open_alone(
			 r.ctx, printed("%s/containers/a", r.path), &options, &box, &r.fault),
		TOTE_E_KEY, r.fault);
	remove_tree(printed("%s/containers/a", r.path));
	copy_tree(printed("%s/containers/a", other.path), printed("%s/containers/a", r.path));
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_UNTRUSTED, r.fault);
	root_remove(&other);
	root_remove(&r);
}
END_TEST

Suite *order_suite(void)
{
	Suite *s = suite_create("orchestrator/order");
	TCase *c = tcase_create("order");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_checkpoint_that_the_container_did_not_sign_is_not_cosigned);
	tcase_add_loop_test(c, a_seen_counts_with_both_signatures_and_of_this_log_alone, 0,
		(int)(sizeof(forgeries) / sizeof(forgeries[0])));
	tcase_add_test(c, a_signature_of_the_witness_that_does_not_verify_is_never_written);
	tcase_add_test(c, what_was_seen_before_is_synced_again_before_its_line_is_released);
	tcase_add_test(c, an_older_checkpoint_alone_is_no_rollback);
	tcase_add_test(c, the_guard_stops_a_fold_of_less_than_was_seen);
	tcase_add_test(c, who_waits_to_add_a_cosignature_holds_the_record_no_more);
	tcase_add_test(c, a_move_is_in_the_record_only_when_it_is_in_the_container);
	tcase_add_test(c, a_move_comes_under_a_checkpoint_of_either_ledger);
	tcase_add_test(c, a_move_that_could_not_be_cosigned_says_that_it_is_done);
	tcase_add_test(c, ledgers_whose_pasts_differ_are_not_completed);
	tcase_add_test(c, who_is_refused_a_directory_gets_no_key);
	tcase_add_test(c, a_key_of_another_in_the_key_store_refuses_a_container);
	tcase_add_test(c, a_container_of_the_same_id_from_another_root_is_not_opened);
	tcase_add_test(c, who_returns_without_what_was_seen_of_it_is_refused);
	suite_add_tcase(s, c);
	return s;
}
