/* SPDX-License-Identifier: ISC */
/*
 * The box over the consolidated record: it shows every entry to the registry above, asks before it
 * signs, and takes nothing of a host.
 */
#include "store/layout.h"
#include "support/box_fixture.h"

static struct boxed b;

static void setup(void)
{
	boxed_make(&b);
}

static void teardown(void)
{
	boxed_remove(&b);
}

struct registry {
	int resets, observed, guarded, refuse;
};

static void registry_reset(void *parent)
{
	((struct registry *)parent)->resets++;
	((struct registry *)parent)->observed = 0;
}

static int registry_observe(void *parent, const struct entry *e, struct tote_fault *fault)
{
	struct registry *r = parent;

	(void)fault;
	ck_assert_uint_eq(e->seq, (unsigned)r->observed);
	r->observed++;
	return 0;
}

static int registry_guard(void *parent, const struct checkpoint *c, merkle_node_fn *node,
	void *tree, struct tote_fault *fault)
{
	struct registry *r = parent;

	(void)c, (void)node, (void)tree;
	r->guarded++;
	return r->refuse ? tote__fault(fault, TOTE_E_FORK, "another one was seen") : 0;
}

START_TEST(the_record_of_an_orchestrator_is_a_box_that_takes_nothing_of_a_host)
{
	static const char origin[] = "archive.example.com/acme/orchestrator";
	struct field names[3];
	struct draft created = {.kind = "orchestrator.created", .fields = names, .field_count = 3};
	const struct field changes[] = {
		tote__field_text("digest", "sha256:0123456789abcdef0123456789abcdef"
					   "0123456789abcdef0123456789abcdef"),
		tote__field_text("changes", "1")};
	const struct draft applied = {.kind = "fleet.applied", .fields = changes, .field_count = 2};
	const struct tote_record host = {.kind = "record"};
	struct tote_box_info info = {.size = sizeof(info)};
	struct registry registry = {0};
	char location[300], key[300], witness_vkey[VKEY_MAX], note[4096];
	struct vkey witness;
	struct box_config config = {.ctx = b.ctx,
		.location = location,
		.id = "orchestrator",
		.origin = origin,
		.type = LEDGER_RECORD,
		.layout = LAYOUT_ORCHESTRATOR,
		.key_path = key,
		.parent = &registry,
		.reset = registry_reset,
		.observe = registry_observe,
		.guard = registry_guard};
	tote_asset_reader *reader;
	tote_sealing *sealing;
	tote_box *record;
	uint64_t seq;
	uint32_t was;
	size_t length;

	snprintf(location, sizeof(location), "%s/orchestrator", b.scratch.path);
	snprintf(key, sizeof(key), "%s/orchestrator-key", b.scratch.path);
	ck_ok(tote_key_generate(key, origin, b.vkey, sizeof(b.vkey), &b.fault), b.fault);
	tote__vkey_make(&witness, "archive.example.com/acme/witness", KEY_TYPE_COSIGNATURE,
		(const uint8_t[32]){1});
	tote__vkey_format(&witness, witness_vkey);
	names[0] = tote__field_text("origin", origin);
	names[1] = tote__field_text("vkey", b.vkey);
	names[2] = tote__field_text("witness-vkey", witness_vkey);
	ck_ok(tote__box_create(&config, &created, &record, &was, &b.fault), b.fault);
	ck_assert_int_eq(registry.observed, 1);
	ck_assert_int_eq(registry.guarded, 1);
	ck_fault(tote_box_append(record, &host, TOTE_SEQ_ANY, 0, NULL, &b.fault),
		TOTE_E_UNSUPPORTED, b.fault);
	ck_fault(seal_text(&b, record, "a", "x"), TOTE_E_UNSUPPORTED, b.fault);
	ck_fault(
		tote_sealing_new(record, NULL, 0, &sealing, &b.fault), TOTE_E_UNSUPPORTED, b.fault);
	ck_fault(tote_asset_open(record, "a", &reader, &b.fault), TOTE_E_UNSUPPORTED, b.fault);
	ck_ok(tote__ledger_append(record->ledger, &applied, 1, TOTE_SEQ_ANY, 0, &seq, &b.fault),
		b.fault);
	ck_assert_uint_eq(seq, 1);
	ck_assert_int_eq(registry.observed, 2);
	ck_assert_uint_eq(boxed_count(&b, record, "fleet.applied"), 1);
	registry.refuse = 1;
	ck_fault(tote_box_checkpoint(record, 0, note, sizeof(note), &length, &b.fault), TOTE_E_FORK,
		b.fault);
	registry.refuse = 0;
	ck_ok(tote_box_checkpoint(record, 0, note, sizeof(note), &length, &b.fault), b.fault);
	ck_ok(tote_box_prove(record, 1, 0, note, sizeof(note), &length, &b.fault), b.fault);
	ck_ok(tote_box_info(record, &info, &b.fault), b.fault);
	ck_assert_uint_eq(info.state, STATE_NONE);
	ck_assert_str_eq(info.id, "orchestrator");
	ck_ok(tote_box_close(record, &b.fault), b.fault);
}
END_TEST

Suite *box_record_suite(void)
{
	Suite *s = suite_create("box_record");
	TCase *t = tcase_create("record");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_record_of_an_orchestrator_is_a_box_that_takes_nothing_of_a_host);
	suite_add_tcase(s, t);
	return s;
}
