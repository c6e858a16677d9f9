/* SPDX-License-Identifier: ISC */
/*
 * Repairs through the orchestrator: of a container, whose new tree must hold what its witness saw,
 * and of the consolidated record itself, of which there is no cosignature: keys/orchestrator.last
 * guards it.
 */
#include "box/open.h"
#include "orchestrator/containers.h"
#include <string.h>

/* A box of its own: the handle's is read-only where the record was damaged when it was opened. */
static int open_record(tote_orchestrator *o, tote_box **ret, struct tote_fault *fault)
{
	const struct box_config config = {.ctx = o->ctx,
		.backend = POSIX_BACKEND,
		.location = o->location,
		.id = RECORD_ID,
		.type = LEDGER_RECORD,
		.layout = LAYOUT_ORCHESTRATOR,
		.flags = TOTE_BOX_REPAIR,
		.keys_location = o->keys,
		.keys_file = KEY_FILE};

	return tote__box_open(&config, ret, fault);
}

static int open_container(
	tote_orchestrator *o, const char *id, tote_box **ret, struct tote_fault *fault)
{
	struct tote_box_options options;
	int rc = tote_box_options_init(&options, sizeof(options), fault);

	if (rc < 0)
		return rc;
	options.flags = TOTE_BOX_REPAIR;
	return tote__containers_open_box(o, id, &options, ret, fault);
}

int tote_orchestrator_repair(tote_orchestrator *o, const char *id, const char *actor,
	const char *reason, uint32_t flags, struct tote_repair *ret_repair,
	struct tote_fault *fault)
{
	const int is_record = id && strcmp(id, RECORD_ID) == 0;
	tote_box *box;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(!is_record && (rc = tote__containers_check_id(id, fault)) < 0) ||
		(rc = tote__orchestrator_writable(o, fault)) < 0 ||
		(!is_record && (rc = tote__orchestrator_refresh(o, fault)) < 0))
		return rc;
	rc = is_record ? open_record(o, &box, fault) : open_container(o, id, &box, fault);
	if (!rc) {
		rc = tote_box_repair(box, actor, reason, flags, ret_repair, fault);
		tote_box_unref(box);
	}
	if (rc < 0)
		tote__fault_set_box(fault, id);
	return rc;
}
