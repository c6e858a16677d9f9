/* SPDX-License-Identifier: ISC */
/*
 * The table of scenarios: each public verb that reads or writes, in the form in which most can fail.
 */
#include "stress/scene.h"
#include <stdio.h>
#include <string.h>

static char note[TOTE_NOTE_MAX];

/* --- the root ------------------------------------------------------------------------------- */

static int do_init(struct scene *s)
{
	return tote_orchestrator_init(s->ctx, s->root, SCENE_ORIGIN, "op@host", 0, &s->fault);
}

static int do_open_root(struct scene *s)
{
	return scene_open(s, 0);
}

static int do_open_root_read_only(struct scene *s)
{
	return scene_open(s, TOTE_ORCHESTRATOR_READ_ONLY);
}

static int do_provision(struct scene *s)
{
	return tote_orchestrator_provision(s->o, "new", NULL, NULL, &s->fault);
}

static int do_provision_elsewhere(struct scene *s)
{
	struct tote_provision_options options;
	char place[PATH_ROOM];

	tote_provision_options_init(&options, sizeof(options), &s->fault);
	options.location = path_in(place, "%s/elsewhere", s->top);
	return tote_orchestrator_provision(s->o, "new", &options, NULL, &s->fault);
}

/* Provisioning that failed is completed by the same call, and so is init. */
static uint64_t count_new(struct scene *s)
{
	struct tote_container c = {.size = sizeof(c)};
	const int rc = tote_orchestrator_find(s->o, "new", &c, &s->fault);

	if (rc == TOTE_E_NOT_FOUND)
		return 0;
	scene_must(s, rc, "find");
	return 1;
}

static int do_register(struct scene *s)
{
	char place[PATH_ROOM], key[PATH_ROOM];

	return tote_orchestrator_register(s->o, "outside", path_in(place, "%s/outside", s->top),
		path_in(key, "%s/outside.key", s->top), "op@host", 0, &s->fault);
}

static uint64_t count_registered(struct scene *s)
{
	return scene_kinds(s, "orchestrator", "container.registered");
}

static int do_detach(struct scene *s)
{
	return tote_orchestrator_detach(s->o, "long", "op@host", "it moves", 0, &s->fault);
}

static uint64_t count_detached(struct scene *s)
{
	return scene_kinds(s, "orchestrator", "container.detached");
}

static int do_list_containers(struct scene *s)
{
	struct tote_container c = {.size = sizeof(c)};
	struct tote_status status = {.size = sizeof(status)};
	struct tote_flag flag = {.size = sizeof(flag), .seq = TOTE_SEQ_ANY};
	char id[64] = "";
	int rc, count = 0;

	while ((rc = tote_orchestrator_next(s->o, *id ? id : NULL, &c, &s->fault)) == 1) {
		snprintf(id, sizeof(id), "%s", c.id);
		count++;
		rc = tote_orchestrator_status(s->o, id, &status, &s->fault);
		if (rc < 0)
			return rc;
		if (!(status.flags & TOTE_STATUS_UNREACHABLE) && !status.covered)
			scene_wrong(s, "the status of %s says that nothing is covered", id);
	}
	if (rc == 0 && count != 3)
		scene_wrong(s, "%d containers are listed", count);
	if (rc == 0)
		rc = tote_orchestrator_next_flag(s->o, NULL, TOTE_SEQ_ANY, &flag, &s->fault);
	return rc < 0 ? rc : 0;
}

static int do_acknowledge(struct scene *s)
{
	struct tote_flag flag = {.size = sizeof(flag)};
	const int rc = tote_orchestrator_next_flag(s->o, "short", TOTE_SEQ_ANY, &flag, &s->fault);

	if (rc == 0)
		scene_wrong(s, "there is no flag");
	if (rc < 1)
		return rc;
	return tote_orchestrator_acknowledge(
		s->o, flag.seq, "op@host", "it was a mistake", 0, &s->fault);
}

static uint64_t count_acknowledged(struct scene *s)
{
	return scene_kinds(s, "orchestrator", "flag.acknowledged");
}

static void fold_box(struct scene *s)
{
	size_t len;

	scene_must(s, tote_box_checkpoint(s->box, 0, note, sizeof(note), &len, &s->fault), "fold");
}

static int do_witness(struct scene *s)
{
	uint64_t size;

	return tote_orchestrator_witness(s->o, "short", 0, &size, &s->fault);
}

/* --- the box -------------------------------------------------------------------------------- */

static int do_open_box(struct scene *s)
{
	return tote_box_open(s->o, "short", NULL, &s->box, &s->fault);
}

static int do_open_alone(struct scene *s)
{
	char place[PATH_ROOM];

	return tote_box_open_alone(
		s->ctx, path_in(place, "%s/containers/short", s->root), NULL, &s->box, &s->fault);
}

static int do_append(struct scene *s)
{
	return scene_append(s, s->box, TEXT);
}

static uint64_t count_text(struct scene *s)
{
	return scene_payloads(s, "short", TEXT);
}

/* What a host does that must know: the same again, with the seq that it must get. */
static int do_append_expected(struct scene *s)
{
	struct tote_record record = {
		.kind = "record", .payload = TEXT, .payload_length = sizeof(TEXT) - 1};
	struct tote_box_info info = {.size = sizeof(info)};
	int rc = tote_box_info(s->box, &info, &s->fault);

	if (rc < 0)
		return rc;
	rc = tote_box_append(s->box, &record, info.entries, 0, NULL, &s->fault);
	if (rc >= 0)
		return rc;
	inject_disarm();
	if (scene_must(s, tote_box_recover(s->box, &s->fault), "recover") < 0)
		return 0;
	return tote_box_append(s->box, &record, info.entries, 0, NULL, &s->fault);
}

static int do_batch(struct scene *s)
{
	struct tote_record records[3];

	for (size_t i = 0; i < 3; i++)
		records[i] = (struct tote_record){
			.kind = "record", .payload = TEXT, .payload_length = sizeof(TEXT) - 1};
	return tote_box_append_many(s->box, records, 3, TOTE_SEQ_ANY, 0, NULL, &s->fault);
}

/* So large that the segment must be made longer, and then a new one be made. */
static int do_append_large(struct scene *s)
{
	static char payload[60000];
	struct tote_record records[60];

	memset(payload, 'x', sizeof(payload));
	for (size_t i = 0; i < 60; i++)
		records[i] = (struct tote_record){.kind = "record.large",
			.payload = payload,
			.payload_length = sizeof(payload)};
	return tote_box_append_many(s->box, records, 60, TOTE_SEQ_ANY, 0, NULL, &s->fault);
}

static uint64_t count_large(struct scene *s)
{
	return scene_kinds(s, "short", "record.large");
}

static int do_append_after_death(struct scene *s)
{
	const int rc = do_open_box(s);

	return rc < 0 ? rc : do_append(s);
}

static int do_fold(struct scene *s)
{
	size_t len;

	return tote_box_checkpoint(s->box, 0, note, sizeof(note), &len, &s->fault);
}

static void append_many(struct scene *s)
{
	struct tote_record records[300];

	for (size_t i = 0; i < 300; i++)
		records[i] =
			(struct tote_record){.kind = "record", .payload = "x", .payload_length = 1};
	scene_must(s, tote_box_append_many(s->box, records, 300, TOTE_SEQ_ANY, 0, NULL, &s->fault),
		"append");
}

static int do_prove(struct scene *s)
{
	struct tote_box_info info = {.size = sizeof(info)};
	size_t len;
	int rc = tote_box_info(s->box, &info, &s->fault);

	if (rc < 0)
		return rc;
	return tote_box_prove(s->box, info.entries - 1, 0, note, sizeof(note), &len, &s->fault);
}

static int do_prove_old(struct scene *s)
{
	size_t len;

	return tote_box_prove(s->box, 20, 0, note, sizeof(note), &len, &s->fault);
}

static int do_cursor(struct scene *s)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor = NULL;
	uint64_t count = 0;
	int rc = tote_cursor_open(s->box, 0, 0, &cursor, &s->fault);

	while (rc == 0 && (rc = tote_cursor_next(cursor, &e, &s->fault)) == 1) {
		rc = 0;
		count++;
	}
	if (rc == 0 && count < SCENE_LONG)
		scene_wrong(s, "the cursor ended after %llu entries", (unsigned long long)count);
	if (rc == TOTE_E_DAMAGED || rc == TOTE_E_MALFORMED)
		scene_wrong(s, "a read that failed is called damage: %s", s->fault.text);
	tote_cursor_unref(cursor);
	return rc;
}

static int do_recover(struct scene *s)
{
	return tote_box_recover(s->box, &s->fault);
}

static void poison(struct scene *s)
{
	inject_arm_at("fdatasync", 5);
	if (scene_append(s, s->box, "lost or not") >= 0)
		scene_wrong(s, "an append whose sync failed was acknowledged");
	inject_disarm();
	if (s->fault.effect != TOTE_EFFECT_UNKNOWN)
		scene_wrong(s, "a sync failed, and the effect is said to be known");
}

static int do_close(struct scene *s)
{
	const int rc = tote_box_close(s->box, &s->fault);

	s->box = NULL;
	return rc;
}

/* --- assets --------------------------------------------------------------------------------- */

static struct tote_source data_at(const char *path)
{
	return (struct tote_source){.path = path,
		.data = TEXT,
		.length = sizeof(TEXT) - 1,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
}

static int do_seal(struct scene *s)
{
	const struct tote_source source = data_at("a/new directory/below/file");

	return tote_box_seal(s->box, &source, 1, NULL, 0, NULL, &s->fault);
}

static int do_seal_three(struct scene *s)
{
	const struct tote_source sources[] = {data_at("x"), data_at("y/1"), data_at("y/2")};

	return tote_box_seal(s->box, sources, 3, NULL, 0, NULL, &s->fault);
}

static uint64_t count_seals(struct scene *s)
{
	return scene_kinds(s, "short", "asset.sealed") - scene_kinds(s, "short", "asset.void");
}

static int do_seal_tree(struct scene *s)
{
	tote_sealing *sealing = NULL;
	char from[PATH_ROOM];
	int rc = tote_sealing_new(s->box, "op@host", 0, &sealing, &s->fault);

	if (rc == 0)
		rc = tote_sealing_add(
			sealing, path_in(from, "%s/sources", s->top), "in", &s->fault);
	while (rc == 0 && (rc = tote_sealing_step(sealing, &s->fault)) == 1)
		rc = 0;
	tote_sealing_unref(sealing);
	return rc;
}

static int do_list_assets(struct scene *s)
{
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_asset_list *list = NULL;
	int count = 0, rc = tote_asset_list_open(s->box, 0, &list, &s->fault);

	while (rc == 0 && (rc = tote_asset_list_next(list, &asset, &s->fault)) == 1) {
		rc = 0;
		count++;
	}
	if (rc == 0 && count != 2)
		scene_wrong(s, "%d assets are listed", count);
	tote_asset_list_unref(list);
	return rc;
}

static int do_read_asset(struct scene *s)
{
	tote_asset_reader *reader = NULL;
	char bytes[64];
	size_t n, all = 0;
	int rc = tote_asset_open(s->box, "lease/2026.txt", &reader, &s->fault);

	while (rc == 0 &&
		(rc = tote_asset_read(reader, bytes, sizeof(bytes), &n, &s->fault)) == 1) {
		rc = 0;
		all += n;
	}
	if (rc == 0 && all != 7)
		scene_wrong(s, "%zu bytes were read", all);
	if (rc == TOTE_E_MISMATCH)
		scene_wrong(s, "a read that failed is called a change: %s", s->fault.text);
	tote_asset_reader_unref(reader);
	return rc;
}

/* --- states --------------------------------------------------------------------------------- */

static int move(struct scene *s, const char *id, uint32_t state)
{
	return tote_orchestrator_set_state(s->o, id, state, "op@host", "because", 0, &s->fault);
}

static int do_suspend(struct scene *s)
{
	return move(s, "short", TOTE_STATE_SUSPENDED);
}

static void suspend(struct scene *s)
{
	scene_must(s, do_suspend(s), "suspend");
}

static int do_resume(struct scene *s)
{
	return move(s, "short", TOTE_STATE_ACTIVE);
}

static int do_archive(struct scene *s)
{
	return move(s, "short", TOTE_STATE_ARCHIVED);
}

static int do_dispose(struct scene *s)
{
	return move(s, "shut", TOTE_STATE_DISPOSED);
}

static uint64_t count_moves(struct scene *s)
{
	return scene_kinds(s, "short", "container.state");
}

static uint64_t count_moves_shut(struct scene *s)
{
	return scene_kinds(s, "shut", "container.state");
}

/* --- audits --------------------------------------------------------------------------------- */

/* What cannot be read, or recorded, is no damage. */
static int audit_level(struct scene *s, uint32_t level)
{
	static const char refused[] = "TOTE-6004";
	char finding[512];
	const int worst = scene_audit(s->o, NULL, 0, level, finding, sizeof(finding), &s->fault);

	if (worst == TOTE_VERDICT_DAMAGED && strncmp(finding, refused, sizeof(refused) - 1) != 0)
		scene_wrong(s, "a call that failed is called damage: %s", finding);
	return worst < 0 ? worst : 0;
}

static int do_audit(struct scene *s)
{
	return audit_level(s, TOTE_LEVEL_FULL);
}

static int do_audit_structure(struct scene *s)
{
	return audit_level(s, TOTE_LEVEL_STRUCTURE);
}

static int do_verify_ledger(struct scene *s)
{
	struct tote_finding f = {.size = sizeof(f)};
	struct tote_container c = {.size = sizeof(c)};
	char place[PATH_ROOM];
	tote_audit *audit = NULL;
	uint32_t worst = 0;
	int rc = tote_orchestrator_find(s->o, "long", &c, &s->fault);

	if (rc == 0)
		rc = tote_verify_ledger(s->ctx,
			path_in(place, "%s/containers/long/ledger", s->root), c.vkey, NULL,
			TOTE_VERIFY_STRICT, &audit, &s->fault);
	while (rc == 0 && (rc = tote_audit_step(audit, 0, 0, &s->fault)) == 1)
		rc = 0;
	if (rc == 0)
		rc = tote_audit_worst(audit, &worst, &s->fault);
	if (rc == 0 && worst == TOTE_VERDICT_DAMAGED) {
		tote_audit_next_finding(audit, &f, &s->fault);
		scene_wrong(s, "a call that failed is called damage: %s: %s", f.text, f.found);
	}
	tote_audit_unref(audit);
	return rc;
}

const struct scenario scenarios[] = {
	{"init", BASE_NOTHING, NULL, 0, NULL, do_init, NULL, 0, 1, NULL},
	{"open-root", BASE_ROOT, NULL, 0, NULL, do_open_root, NULL, 0, 0, NULL},
	{"open-root-read-only", BASE_ROOT, NULL, 0, NULL, do_open_root_read_only, NULL, 0, 0, NULL},
	{"provision", BASE_ROOT, NULL, 1, NULL, do_provision, count_new, 1, 0, NULL},
	{"provision-elsewhere", BASE_ROOT, NULL, 1, NULL, do_provision_elsewhere, count_new, 1, 0,
		NULL},
	{"register", BASE_ROOT, NULL, 1, NULL, do_register, count_registered, 1, 0, NULL},
	{"detach", BASE_ROOT, NULL, 1, NULL, do_detach, count_detached, 1, 0, NULL},
	{"containers", BASE_ROOT, NULL, 1, NULL, do_list_containers, NULL, 0, 0, NULL},
	{"acknowledge", BASE_ROOT, NULL, 1, NULL, do_acknowledge, count_acknowledged, 1, 0, NULL},
	{"witness", BASE_ROOT, "short", 1, fold_box, do_witness, NULL, 0, 0, NULL},
	{"open-box", BASE_ROOT, NULL, 1, NULL, do_open_box, NULL, 0, 0, NULL},
	{"open-alone", BASE_ROOT, NULL, 0, NULL, do_open_alone, NULL, 0, 0, NULL},
	{"append", BASE_ROOT, "short", 1, NULL, do_append, count_text, 1, 0, NULL},
	{"append-expected", BASE_ROOT, "short", 1, NULL, do_append_expected, count_text, 1, 0,
		NULL},
	{"append-many", BASE_ROOT, "short", 1, NULL, do_batch, count_text, 3, 0, NULL},
	{"append-large", BASE_ROOT, "short", 1, NULL, do_append_large, count_large, 60, 0, NULL},
	{"takeover", BASE_INTERRUPTED, NULL, 1, NULL, do_append_after_death, count_text, 1, 0,
		NULL},
	{"takeover-audit", BASE_INTERRUPTED, NULL, 1, NULL, do_audit, NULL, 0, 0, NULL},
	{"recover", BASE_ROOT, "short", 1, poison, do_recover, NULL, 0, 0, NULL},
	{"close", BASE_ROOT, "short", 1, NULL, do_close, NULL, 0, 0, NULL},
	{"fold", BASE_ROOT, "short", 1, NULL, do_fold, NULL, 0, 0, NULL},
	{"fold-bundles", BASE_ROOT, "short", 1, append_many, do_fold, NULL, 0, 0, NULL},
	{"prove", BASE_ROOT, "short", 1, NULL, do_prove, NULL, 0, 0, NULL},
	{"prove-old", BASE_ROOT, "long", 1, fold_box, do_prove_old, NULL, 0, 0, NULL},
	{"cursor", BASE_ROOT, "long", 1, NULL, do_cursor, NULL, 0, 0, NULL},
	{"seal", BASE_ROOT, "short", 1, NULL, do_seal, count_seals, 1, 0, NULL},
	{"seal-many", BASE_ROOT, "short", 1, NULL, do_seal_three, count_seals, 3, 0, NULL},
	{"seal-tree", BASE_ROOT, "short", 1, NULL, do_seal_tree, count_seals, 2, 0, NULL},
	{"assets", BASE_ROOT, "short", 1, NULL, do_list_assets, NULL, 0, 0, NULL},
	{"read-asset", BASE_ROOT, "short", 1, NULL, do_read_asset, NULL, 0, 0, NULL},
	{"suspend", BASE_ROOT, "short", 1, NULL, do_suspend, count_moves, 1, 0, NULL},
	{"resume", BASE_ROOT, "short", 1, suspend, do_resume, count_moves, 1, 0, NULL},
	{"archive", BASE_ROOT, "short", 1, NULL, do_archive, count_moves, 1, 0, NULL},
	{"dispose", BASE_ROOT, NULL, 1, NULL, do_dispose, count_moves_shut, 1, 0, NULL},
	{"audit", BASE_ROOT, "short", 1, NULL, do_audit, NULL, 0, 0, NULL},
	{"audit-structure", BASE_ROOT, NULL, 1, NULL, do_audit_structure, NULL, 0, 0, NULL},
	{"verify-ledger", BASE_ROOT, NULL, 1, NULL, do_verify_ledger, NULL, 0, 0, NULL},
};
const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
