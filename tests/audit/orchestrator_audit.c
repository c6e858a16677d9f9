/* SPDX-License-Identifier: ISC */
/*
 * The orchestrator's own directory under audit: its ledger by the same rules as any other, and
 * keys/, seen/ and reports/ against what the record says.
 */
#include "audit/run.h"
#include "base/text.h"
#include "store/keystore.h"
#include "support/support.h"
#include "tlog/cosignature.h"
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN  "archive.example.com/acme"
#define OWN     ORIGIN "/orchestrator"
#define BOX     ORIGIN "/contracts"
#define WITNESS ORIGIN "/witness"
#define NO_SEQ  FINDING_NO_SEQ
#define REPORT  "{\"schema\":1}\n"

static struct {
	struct scratch scratch;
	tote_ctx *ctx;
	char location[300], keys[320];
	struct place place;
	tote_box *record;
	struct vkey own, contracts, witness;
	uint8_t digest[HASH_LEN];
	struct orchestrator_facts facts;
	struct run_target target;
	struct run *run;
	struct run_result result;
	struct tote_fault fault;
} o;

static int container(void *user, const char *id, struct known_container *ret)
{
	(void)user;
	*ret = (struct known_container){"contracts", BOX, &o.contracts, 0};
	return strcmp(id, "contracts") == 0;
}

static int report(void *user, size_t index, struct known_report *ret)
{
	(void)user;
	*ret = (struct known_report){.run = 2 + index, .size = strlen(REPORT)};
	memcpy(ret->digest, o.digest, HASH_LEN);
	return index < 2;
}

static const char *path_of(const char *name)
{
	return printed("%s/%s", o.location, name);
}

/* --- making one ----------------------------------------------------------------------------- */

static void make_record(void)
{
	char own[VKEY_MAX], witness[VKEY_MAX];
	struct field fields[3];
	struct draft created = {.kind = "orchestrator.created", .fields = fields, .field_count = 3};
	struct box_config config = {.ctx = o.ctx,
		.location = o.location,
		.origin = OWN,
		.type = LEDGER_RECORD,
		.layout = LAYOUT_ORCHESTRATOR,
		.keys_location = o.keys,
		.keys_file = "orchestrator"};
	uint32_t was;

	tote__vkey_format(&o.own, own);
	tote__vkey_format(&o.witness, witness);
	fields[0] = tote__field_text("origin", OWN);
	fields[1] = tote__field_text("vkey", own);
	fields[2] = tote__field_text("witness-vkey", witness);
	ck_ok(tote__box_create(&config, &created, &o.record, &was, &o.fault), o.fault);
}

static void read_secret(const char *file, struct secret *ret)
{
	size_t len;
	uint8_t *bytes = file_read(path_of(file), &len);

	while (len && bytes[len - 1] == '\n')
		len--;
	ck_ok(tote__secret_parse((const char *)bytes, len, ret, &o.fault), o.fault);
	free(bytes);
}

/* seen/contracts: a checkpoint with the log's line and the witness's. */
static void make_seen(void)
{
	struct checkpoint c = {.origin = BOX, .size = 7};
	struct buf note, message;
	struct secret log, witness;
	uint8_t sig[SIG_LEN], blob[72];
	size_t text;

	read_secret("keys/contracts", &log);
	read_secret("keys/witness", &witness);
	tote__buf_init(&note, plain_heap(), NOTE_MAX);
	tote__buf_init(&message, plain_heap(), NOTE_MAX);
	tote__checkpoint_put(&note, &c);
	text = note.len;
	tote__secret_sign(&log, note.data, text, sig);
	tote__cosignature_message(&message, 5, (const char *)note.data, text);
	tote__buf_putc(&note, '\n');
	tote__note_put_sig(&note, &log.key, sig, SIG_LEN);
	tote__secret_sign(&witness, message.data, message.len, sig);
	tote__cosignature_blob(5, sig, blob);
	tote__note_put_sig(&note, &witness.key, blob, sizeof(blob));
	file_write(path_of("seen/contracts"), note.data, note.len);
	tote__buf_free(&note);
	tote__buf_free(&message);
	tote__secret_free(&log);
	tote__secret_free(&witness);
}

static void setup(void)
{
	memset(&o, 0, sizeof(o));
	scratch_make(&o.scratch);
	o.ctx = support_ctx(NULL, NULL);
	snprintf(o.location, sizeof(o.location), "%s/orchestrator", o.scratch.path);
	snprintf(o.keys, sizeof(o.keys), "%s/keys", o.location);
	ck_ok(tote__place_provision(o.ctx, "posix", o.location, LAYOUT_ORCHESTRATOR, &o.fault),
		o.fault);
	ck_ok(tote__place_open(
		      o.ctx, "posix", o.location, LAYOUT_ORCHESTRATOR, 0, &o.place, &o.fault),
		o.fault);
	ck_ok(tote__keystore_make(
		      &o.place, "orchestrator", OWN, KEY_TYPE_ED25519, &o.own, &o.fault),
		o.fault);
	ck_ok(tote__keystore_make(
		      &o.place, "contracts", BOX, KEY_TYPE_ED25519, &o.contracts, &o.fault),
		o.fault);
	ck_ok(tote__keystore_make(
		      &o.place, "witness", WITNESS, KEY_TYPE_COSIGNATURE, &o.witness, &o.fault),
		o.fault);
	make_record();
	make_seen();
	tote__hash_bytes(NULL, REPORT, strlen(REPORT), o.digest);
	file_write(path_of("reports/2.jsonl"), REPORT, strlen(REPORT));
	file_write(path_of("reports/3.jsonl"), REPORT, strlen(REPORT));
	o.facts = (struct orchestrator_facts){.container = container, .report = report};
	o.target = (struct run_target){.ctx = o.ctx,
		.id = "orchestrator",
		.place = &o.place,
		.type = LEDGER_RECORD,
		.layout = LAYOUT_ORCHESTRATOR,
		.box = o.record,
		.level = TOTE_LEVEL_FULL,
		.origin = OWN,
		.key = &o.own,
		.witness = &o.witness,
		.facts = &o.facts};
}

static void teardown(void)
{
	tote__run_free(o.run);
	tote_box_unref(o.record);
	tote__place_close(&o.place);
	tote_ctx_unref(o.ctx);
	scratch_remove(&o.scratch);
}

static void audit(void)
{
	int rc;

	tote__run_free(o.run);
	o.run = NULL;
	ck_ok(tote__run_start(&o.target, &o.run, &o.fault), o.fault);
	while ((rc = tote__run_step(o.run, 0, 0, &o.fault)) > 0)
		continue;
	ck_assert_msg(rc == 0, "%s", o.fault.text);
	tote__run_result(o.run, &o.result);
}

static void only(int code, const char *path)
{
	const struct finding_list *l = tote__run_findings(o.run);

	ck_assert_msg(l->count >= 1, "nothing was found");
	ck_assert_msg(l->items[0].code == code && strcmp(l->items[0].path, path) == 0,
		"%s at %s: %s / %s", tote_finding_name(l->items[0].code), l->items[0].path,
		l->items[0].expected, l->items[0].found);
	ck_assert_msg(l->count == 1, "and %s at %s", tote_finding_name(l->items[1].code),
		l->items[1].path);
}

static const struct finding *finding(int code)
{
	const struct finding_list *l = tote__run_findings(o.run);

	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].code == code)
			return &l->items[i];
	return NULL;
}

static void nothing(void)
{
	const struct finding_list *l = tote__run_findings(o.run);

	ck_assert_msg(l->count == 0, "%s at %s: %s / %s", tote_finding_name(l->items[0].code),
		l->items[0].path, l->items[0].expected, l->items[0].found);
	ck_assert_uint_eq(o.result.verdict, TOTE_VERDICT_OK);
}

/* --- promises ------------------------------------------------------------------------------- */

START_TEST(a_whole_orchestrator_is_found_whole)
{
	audit();
	nothing();
	ck_assert_uint_eq(o.result.entries, 1);
	ck_assert_uint_eq(o.result.assets_total, 0);
	file_write(path_of("seen/.tote-new-contracts"), "x", 1);
	file_write(path_of("reports/9.jsonl"), "a run that is not on record yet", 31);
	audit();
	nothing();
}
END_TEST

START_TEST(keys_that_are_open_to_others_are_named)
{
	ck_assert_int_eq(chmod(path_of("keys"), 0750), 0);
	audit();
	only(FINDING_ORCHESTRATOR_MODE, "keys");
	ck_assert_int_eq(chmod(path_of("keys"), 0700), 0);
	ck_assert_int_eq(chmod(path_of("keys/contracts"), 0640), 0);
	audit();
	only(FINDING_ORCHESTRATOR_MODE, "keys/contracts");
}
END_TEST

START_TEST(a_key_that_is_damaged_or_another_is_named)
{
	size_t len;
	uint8_t *other;

	file_flip(path_of("keys/contracts"), 80, 1);
	audit();
	only(FINDING_KEY_DAMAGED, "keys/contracts");
	other = file_read(path_of("keys/orchestrator"), &len);
	unlink(path_of("keys/contracts"));
	file_write(path_of("keys/contracts"), other, len);
	chmod(path_of("keys/contracts"), 0600);
	audit();
	only(FINDING_KEY_DIFFERS, "keys/contracts");
	free(other);
}
END_TEST

START_TEST(a_note_signed_last_that_is_damaged_is_named)
{
	ck_assert_int_eq(file_exists(path_of("keys/orchestrator.last")), 1);
	file_flip(path_of("keys/orchestrator.last"), 45, 1);
	audit();
	only(FINDING_KEY_DAMAGED, "keys/orchestrator.last");
}
END_TEST

START_TEST(each_changed_byte_of_what_the_witness_saw_is_found)
{
	size_t size = (size_t)file_size(path_of("seen/contracts"));

	for (size_t at = 0; at < size; at += 2) {
		file_flip(path_of("seen/contracts"), at, 1);
		audit();
		only(FINDING_SEEN_DAMAGED, "seen/contracts");
		file_flip(path_of("seen/contracts"), at, 1);
	}
}
END_TEST

START_TEST(foreign_names_are_named)
{
	static const char *const names[] = {"notes", "keys/other", "keys/other.last", "seen/other",
		"reports/x", "reports/02.jsonl"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		file_write(path_of(names[i]), "x", 1);
		chmod(path_of(names[i]), 0600);
		audit();
		only(FINDING_ORCHESTRATOR_FOREIGN, names[i]);
		unlink(path_of(names[i]));
	}
	file_write(path_of("ledger/notes"), "x", 1);
	audit();
	only(FINDING_SKELETON_FOREIGN, "ledger/notes");
}
END_TEST

START_TEST(a_changed_report_is_damage_and_a_missing_one_is_information)
{
	unlink(path_of("reports/2.jsonl"));
	audit();
	only(FINDING_REPORT_MISSING, "reports/2.jsonl");
	ck_assert_uint_eq(o.result.verdict, TOTE_VERDICT_OK);
	file_write(path_of("reports/2.jsonl"), REPORT, strlen(REPORT));
	file_flip(path_of("reports/3.jsonl"), 3, 1);
	audit();
	only(FINDING_REPORT_CHANGED, "reports/3.jsonl");
	ck_assert_uint_eq(o.result.verdict, TOTE_VERDICT_DAMAGED);
}
END_TEST

START_TEST(its_ledger_is_audited_like_any_other)
{
	file_flip(path_of("ledger/log/tile/entries/000.p/1"), 50, 1);
	audit();
	only(FINDING_BUNDLE_CHANGED, "ledger/log/tile/entries/000.p/1");
}
END_TEST

/* An older copy of the ledger, and a ledger that somebody signed anew: keys/ remembers the newest. */
START_TEST(a_record_that_is_not_what_was_signed_last_is_found)
{
	struct draft moved = {.kind = "fleet.applied"};
	struct field fields[2] = {
		tote__field_text("digest", "sha256:e3b0c44298fc1c149afbf4c8996fb924"
					   "27ae41e4649b934ca495991b7852b855"),
		tote__field_text("changes", "1")};
	size_t len;
	struct checkpoint c;
	uint8_t *note;
	uint64_t seq;

	moved.fields = fields;
	moved.field_count = 2;
	ck_ok(tote__ledger_append(o.record->ledger, &moved, 1, LEDGER_SEQ_ANY, 0, &seq, &o.fault),
		o.fault);
	note = file_read(path_of("ledger/log/checkpoint"), &len);
	ck_ok(tote__ledger_fold(o.record->ledger, &c, NULL, &o.fault), o.fault);
	audit();
	nothing();
	tote_box_unref(o.record);
	o.record = NULL;
	o.target.box = NULL;
	file_write(path_of("ledger/log/checkpoint"), note, len);
	audit(); /* the journal has it still */
	ck_assert_ptr_null(finding(FINDING_ROLLBACK));
	unlink(path_of("ledger/journal/00000000000000000000"));
	unlink(path_of("ledger/log/tile/0/000.p/2"));
	unlink(path_of("ledger/log/tile/entries/000.p/2"));
	unlink(path_of("ledger/lock"));
	audit();
	ck_assert_ptr_nonnull(finding(FINDING_ROLLBACK));
	free(note);
}
END_TEST

Suite *orchestrator_audit_suite(void)
{
	Suite *s = suite_create("orchestrator_audit");
	TCase *t = tcase_create("orchestrator_audit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_whole_orchestrator_is_found_whole);
	tcase_add_test(t, keys_that_are_open_to_others_are_named);
	tcase_add_test(t, a_key_that_is_damaged_or_another_is_named);
	tcase_add_test(t, a_note_signed_last_that_is_damaged_is_named);
	tcase_add_test(t, each_changed_byte_of_what_the_witness_saw_is_found);
	tcase_add_test(t, foreign_names_are_named);
	tcase_add_test(t, a_changed_report_is_damage_and_a_missing_one_is_information);
	tcase_add_test(t, its_ledger_is_audited_like_any_other);
	tcase_add_test(t, a_record_that_is_not_what_was_signed_last_is_found);
	suite_add_tcase(s, t);
	return s;
}
