/* SPDX-License-Identifier: ISC */
/*
 * The table of scenarios, its second part: keys, repair, erasure, copies, other roots' witnesses.
 */
#include "stress/scene.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <toteborch/copy.h>
#include <unistd.h>

static char note[TOTE_NOTE_MAX];

/* --- keys ----------------------------------------------------------------------------------- */

static int rotate(struct scene *s, const char *id)
{
	return tote_orchestrator_rotate(s->o, id, "op@host", "yearly", 0, &s->fault);
}

static int do_rotate(struct scene *s)
{
	return rotate(s, "short");
}

static int do_rotate_record(struct scene *s)
{
	return rotate(s, "orchestrator");
}

static int do_rotate_witness(struct scene *s)
{
	return rotate(s, "witness");
}

static uint64_t count_rotations(struct scene *s)
{
	return scene_kinds(s, "short", "key.rotated");
}

static uint64_t count_record_rotations(struct scene *s)
{
	return scene_kinds(s, "orchestrator", "key.rotated");
}

static uint64_t count_witness_rotations(struct scene *s)
{
	return scene_kinds(s, "orchestrator", "witness.rotated");
}

static void lose_key(struct scene *s)
{
	char path[PATH_ROOM];

	tree_remove(path_in(path, "%s/orchestrator/keys/long", s->root));
	tree_remove(path_in(path, "%s/orchestrator/keys/long.last", s->root));
}

static int do_rekey(struct scene *s)
{
	return tote_orchestrator_rekey(s->o, "long", "op@host", "it is lost", 0, &s->fault);
}

static int rekey_again(struct scene *s)
{
	const int rc = do_rekey(s);

	return rc == TOTE_E_EXISTS ? 0 : rc;
}

/* --- repair --------------------------------------------------------------------------------- */

/* The only segment's first group rots: what it holds above the checkpoint is lost. */
static void rot(struct scene *s)
{
	static const char zeros[64];
	char path[PATH_ROOM];
	int fd;

	if (scene_must(s, tote_box_close(s->box, &s->fault), "close") < 0)
		return;
	s->box = NULL;
	fd = open(path_in(path, "%s/containers/short/ledger/journal/%020d", s->root, 0),
		O_RDWR | O_CLOEXEC);
	if (fd < 0)
		give_up("open", path);
	for (off_t at = 4096; pwrite(fd, zeros, sizeof(zeros), at) > 0 && at < 15 * 4096;)
		at += 4096;
	close(fd);
}

static int do_repair(struct scene *s)
{
	return tote_orchestrator_repair(
		s->o, "short", "op@host", "the disk rotted", 0, NULL, &s->fault);
}

static int do_plan(struct scene *s)
{
	struct tote_repair plan = {.size = sizeof(plan)};
	const int rc = tote_orchestrator_repair(
		s->o, "short", NULL, NULL, TOTE_REPAIR_PLAN, &plan, &s->fault);

	if (rc == 0 && (!(plan.flags & TOTE_REPAIR_NEEDED) || plan.flags & TOTE_REPAIR_DONE))
		scene_wrong(s, "a plan for what is damaged says 0x%x", plan.flags);
	return rc;
}

static uint64_t count_repairs(struct scene *s)
{
	return scene_kinds(s, "short", "ledger.repaired");
}

/* --- assets and copies ---------------------------------------------------------------------- */

static int do_erase(struct scene *s)
{
	return tote_box_erase(
		s->box, "lease/2026.txt", "the court", "an order", NULL, 0, NULL, &s->fault);
}

static uint64_t count_erasures(struct scene *s)
{
	return scene_kinds(s, "short", "asset.erased");
}

static int copy_to(struct scene *s, const char *name)
{
	char dir[PATH_ROOM];

	return tote_box_copy(s->box, path_in(dir, "%s/%s", s->top, name), 0, NULL, &s->fault);
}

/* Whatever was left of it, the same call makes it whole. */
static int do_copy(struct scene *s)
{
	const int rc = copy_to(s, "copy");

	if (rc == 0)
		return 0;
	inject_disarm();
	if (scene_must(s, tote_box_recover(s->box, &s->fault), "recover") < 0)
		return 0;
	return copy_to(s, "copy");
}

static void copy_first(struct scene *s)
{
	scene_must(s, copy_to(s, "copy"), "copy");
	scene_must(s, scene_append(s, s->box, "after the copy"), "append");
}

/* --- other witnesses ------------------------------------------------------------------------ */

static int do_request(struct scene *s)
{
	size_t len;

	return tote_box_witness_request(s->box, 0, 0, note, sizeof(note), &len, &s->fault);
}

static size_t request_len;
static char log_key[320];

/* The container of another root, which this root's witness is asked to cosign. */
static void ask_elsewhere(struct scene *s)
{
	struct tote_box_options options;
	struct tote_box_info info = {.size = sizeof(info)};
	char place[PATH_ROOM], key[PATH_ROOM];
	tote_box *box = NULL;

	tote_box_options_init(&options, sizeof(options), &s->fault);
	options.key_file = path_in(key, "%s/outside.key", s->top);
	if (scene_must(s,
		    tote_box_open_alone(s->ctx, path_in(place, "%s/outside", s->top), &options,
			    &box, &s->fault),
		    "open") < 0)
		return;
	scene_must(s, tote_box_info(box, &info, &s->fault), "info");
	snprintf(log_key, sizeof(log_key), "%s", info.vkey);
	scene_must(s,
		tote_box_witness_request(box, 0, 0, note, sizeof(note), &request_len, &s->fault),
		"request");
	tote_box_unref(box);
}

static int do_cosign(struct scene *s)
{
	char line[TOTE_COSIGNATURE_MAX];
	size_t len;

	return tote_orchestrator_cosign(s->o, note, request_len, log_key, "op@host", 0, line,
		sizeof(line), &len, &s->fault);
}

static int do_succeed(struct scene *s)
{
	struct tote_provision_options options;

	tote_provision_options_init(&options, sizeof(options), &s->fault);
	options.predecessor = "shut";
	return tote_orchestrator_provision(s->o, "new", &options, NULL, &s->fault);
}

const struct scenario mend_scenarios[] = {
	{"rotate", BASE_ROOT, "short", 1, NULL, do_rotate, count_rotations, 1, 0, NULL},
	{"rotate-record", BASE_ROOT, NULL, 1, NULL, do_rotate_record, count_record_rotations, 1, 0,
		NULL},
	{"rotate-witness", BASE_ROOT, NULL, 1, NULL, do_rotate_witness, count_witness_rotations, 1,
		0, NULL},
	{"rekey", BASE_ROOT, NULL, 1, lose_key, do_rekey, NULL, 0, 0, rekey_again},
	{"repair", BASE_ROOT, "short", 1, rot, do_repair, count_repairs, 1, 1, do_repair},
	{"repair-plan", BASE_ROOT, "short", 1, rot, do_plan, NULL, 0, 0, do_repair},
	{"erase", BASE_ROOT, "short", 1, NULL, do_erase, count_erasures, 1, 0, NULL},
	{"copy", BASE_ROOT, "short", 1, NULL, do_copy, NULL, 0, 0, NULL},
	{"copy-again", BASE_ROOT, "short", 1, copy_first, do_copy, NULL, 0, 0, NULL},
	{"request", BASE_ROOT, "short", 1, NULL, do_request, NULL, 0, 0, NULL},
	{"cosign", BASE_ROOT, NULL, 1, ask_elsewhere, do_cosign, NULL, 0, 0, NULL},
	{"succeed", BASE_ROOT, NULL, 1, NULL, do_succeed, NULL, 0, 0, NULL},
};
const size_t mend_scenario_count = sizeof(mend_scenarios) / sizeof(mend_scenarios[0]);
