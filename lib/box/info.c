/* SPDX-License-Identifier: ISC */
/*
 * What a box says of itself: read through a view, so that nobody's lock is waited for.
 */
#include "box/box.h"
#include <stddef.h>
#include <string.h>

#define INFO_LEAST                                                                                 \
	(offsetof(struct tote_box_info, vkey) + sizeof(((struct tote_box_info *)0)->vkey))

static int read_names(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct tote_box_info *info = user;
	int rc = tote__entry_string(e, "origin", info->origin, sizeof(info->origin), fault);

	(void)leaf, (void)verified;
	if (rc == 0)
		rc = tote__entry_string(e, "vkey", info->vkey, sizeof(info->vkey), fault);
	return rc;
}

static int read_time(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct tote_box_info *info = user;

	(void)leaf, (void)verified, (void)fault;
	info->unfolded_since_us = e->time_us;
	return 0;
}

static int read_entries(
	const tote_box *box, struct view *v, struct tote_box_info *info, struct tote_fault *fault)
{
	int rc = 0;

	if (v->limit > 0)
		rc = tote__view_scan(v, 0, 1, read_names, info, fault);
	if (rc == 0 && info->covered < v->limit)
		rc = tote__view_scan(v, info->covered, info->covered + 1, read_time, info, fault);
	if (rc == 0 && box->type == LEDGER_CONTAINER)
		rc = tote__box_view_state(v, &info->state, fault);
	return rc;
}

static uint64_t unfolded_bytes(const struct view *v)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < v->replay.group_count; i++)
		bytes += tote__group_bytes(&v->replay.groups[i].group);
	return bytes;
}

static int read_view(tote_box *box, struct tote_box_info *info, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view_part(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	info->entries = view.limit;
	if (view.replay.have_checkpoint) {
		info->covered = view.replay.covered.size;
		memcpy(info->root, view.replay.covered.root, HASH_LEN);
	}
	info->journal_bytes = unfolded_bytes(&view);
	rc = read_entries(box, &view, info, fault);
	if (rc == 0 && tote__box_view_end(&view, fault) < 0)
		info->flags = TOTE_INFO_DAMAGED;
	tote__view_close(&view);
	return rc;
}

static uint32_t flags_of(tote_box *box)
{
	struct ledger_info own = {0};
	uint32_t flags = box->have_signer ? TOTE_INFO_SIGNER : 0;

	if (!box->ledger)
		return flags | TOTE_INFO_READ_ONLY;
	tote__ledger_info(box->ledger, &own);
	if (own.poisoned)
		flags |= TOTE_INFO_POISONED;
	if (own.read_only)
		flags |= TOTE_INFO_READ_ONLY;
	if (own.damaged)
		flags |= TOTE_INFO_DAMAGED;
	return flags;
}

int tote_box_info(tote_box *box, struct tote_box_info *info, struct tote_fault *fault)
{
	struct tote_box_info ours = {.size = sizeof(ours)};
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check(box, fault);
	if (rc == 0 && !info)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "info is NULL");
	if (rc == 0)
		rc = read_view(box, &ours, fault);
	if (rc == 0) {
		ours.flags |= flags_of(box);
		memcpy(ours.id, box->id, sizeof(ours.id));
		memcpy(ours.backend, box->backend, sizeof(ours.backend));
		rc = tote__struct_out(info, &ours, sizeof(ours), INFO_LEAST, "box info", fault);
	}
	return tote__box_done(box, rc, fault);
}
