/* SPDX-License-Identifier: ISC */
/*
 * A glance at a container's ledger, by the rule of readers without the lock (FORMAT section 5): what
 * lies below the checkpoint's size and the mark is there.
 */
#include "orchestrator/glance.h"
#include "ledger/view.h"
#include <string.h>

void tote__glance_init(struct glance *g, const struct heap *heap)
{
	memset(g, 0, sizeof(*g));
	tote__buf_init(&g->bytes, heap, NOTE_MAX);
}

void tote__glance_free(struct glance *g)
{
	tote__buf_free(&g->bytes);
}

/* The line first: what it promises was there before the checkpoint is read. */
static int look(const struct place *place, struct glance *g, struct tote_fault *fault)
{
	const struct view view = {.place = place};
	struct logdir log;
	struct line line;

	tote__logdir_init(&log, place, 0);
	if (tote__view_line(&view, &line, fault) < 0 ||
		tote__logdir_checkpoint(&log, &g->bytes, &g->note, &g->covered, fault) < 0)
		return 0;
	return line.state == LINE_VOID || line.mark <= g->covered.size;
}

static int is_document(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	static const char own[] = ".tote-";

	(void)user;
	(void)st;
	(void)fault;
	return strncmp(name, own, strlen(own)) != 0;
}

/* 1: documents wait in its gate. What cannot be listed was not looked at. */
static int gate_waits(const struct place *place, struct glance *g, struct tote_fault *fault)
{
	int rc = TOTE_E_UNSUPPORTED;

	if (place->ops->capabilities & STORE_CAN_INPUT)
		rc = place->ops->list(place->handle, SPACE_INPUT, "", is_document, NULL, fault);
	g->gate_is_empty = rc == 0;
	return rc > 0;
}

int tote__glance(tote_orchestrator *o, const char *backend, const char *location,
	const char *origin, struct glance *g)
{
	struct tote_fault unused;
	struct place place;
	int seen;

	memset(&unused, 0, sizeof(unused));
	if (tote__place_open(o->ctx, backend, location, LAYOUT_CONTAINER,
		    STORE_READ_ONLY | STORE_GLANCE, &place, &unused) < 0)
		return 0;
	seen = look(&place, g, &unused) && !strcmp(g->covered.origin, origin) &&
	       !gate_waits(&place, g, &unused);
	tote__place_close(&place);
	return seen;
}
