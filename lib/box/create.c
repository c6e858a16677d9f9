/* SPDX-License-Identifier: ISC */
/*
 * Making a container (FORMAT section 8, provisioning): skeleton and ledger, from wherever an earlier
 * call was interrupted.
 */
#include "base/text.h"
#include "box/open.h"
#include "store/layout.h"
#include <stdio.h>
#include <string.h>
#include <toteborch/orchestrator.h>

/* A retry may come from another actor, with everything else the same. */
static int same_but_actor(const struct place *place, const struct entry *first,
	const struct draft *created, struct tote_fault *fault)
{
	struct tote_fault unused;
	struct buf value;
	char id[64] = "";
	int same = tote__entry_is(first, created->kind);

	tote__buf_init(&value, &place->ctx->heap, 2 * ENTRY_MAX);
	for (size_t i = 0; same && i < created->field_count; i++) {
		const struct field *wanted = &created->fields[i];
		const struct entry_field *f = tote__entry_field(first, wanted->key);

		tote__buf_reset(&value);
		same = f && tote__field_decode(f, &value, fault) == 0 &&
		       value.len == wanted->len + 1 &&
		       memcmp(value.data, wanted->value, wanted->len) == 0;
	}
	tote__buf_free(&value);
	if (same)
		return 0;
	if (tote__entry_string(first, "id", id, sizeof(id), &unused) < 0)
		id[0] = '\0';
	return tote__fault(fault, TOTE_E_EXISTS,
		"%s holds the ledger of %s%s%s already: choose another place, or put it away",
		place->location, *id ? "'" : "", *id ? id : "another", *id ? "'" : "");
}

/* How far an earlier call came. */
struct before {
	uint32_t was; /* TOTE_PROVISIONED_* */
	int have_actor;
	char actor[VALUE_MAX + 1]; /* of entry 0: a retry may be another's */
};

/* Entry 0, where there is one, must be what is to be created. */
static int look_at_ledger(const struct place *place, const struct draft *created,
	struct before *ret, struct tote_fault *fault)
{
	struct view view;
	struct entry first;
	int rc = tote__view_open(&view, place, VIEW_NOBODY_WRITES, fault);

	if (rc < 0)
		return rc == TOTE_E_NOT_FOUND ? 0 : rc;
	if (view.replay.have_checkpoint)
		ret->was = TOTE_PROVISIONED_ALREADY;
	if (view.limit > 0) {
		rc = tote__box_read_first(&view, &first, fault);
		if (rc == 0)
			rc = same_but_actor(place, &first, created, fault);
		if (rc == 0 && tote__entry_field(&first, "actor")) {
			rc = tote__entry_string(
				&first, "actor", ret->actor, sizeof(ret->actor), fault);
			ret->have_actor = 1;
		}
	}
	tote__view_close(&view);
	return rc;
}

/* The names in the directory itself. */
struct top {
	int layout;
	size_t own;
	char foreign[256]; /* the first that is no part of the layout, or "" */
};

static int note_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct top *top = user;
	size_t count = 0;
	const struct layout_dir *dirs = tote__layout_dirs(top->layout, &count);

	(void)st, (void)fault;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(dirs[i].path, name) == 0) {
			top->own++;
			return 0;
		}
	}
	snprintf(top->foreign, sizeof(top->foreign), "%s", name);
	return 0;
}

static int look_at_names(
	const struct place *place, int layout, struct before *ret, struct tote_fault *fault)
{
	struct top top = {.layout = layout};
	int rc = place->ops->list(place->handle, SPACE_TOP, "", note_name, &top, fault);

	if (rc < 0)
		return rc;
	/* beside a ledger it is for an audit to tell; the root of an orchestrator has more */
	if (top.foreign[0] && ret->was != TOTE_PROVISIONED_ALREADY && layout == LAYOUT_CONTAINER)
		return tote__fault(fault, TOTE_E_EXISTS,
			"%s holds '%s', which is no part of a container: choose an empty directory",
			place->location, top.foreign);
	if (top.own == 0)
		ret->was = TOTE_PROVISIONED_NEW;
	return 0;
}

static int look_before(const struct box_config *config, const struct draft *created,
	struct before *ret, struct tote_fault *fault)
{
	struct place place;
	int rc = tote__place_open(config->ctx, tote__box_backend(config), config->location,
		config->layout, 0, &place, fault);

	ret->was = rc == TOTE_E_NOT_FOUND ? TOTE_PROVISIONED_NEW : TOTE_PROVISIONED_RESUMED;
	if (rc < 0)
		return rc == TOTE_E_NOT_FOUND ? 0 : rc;
	rc = look_at_ledger(&place, created, ret, fault);
	if (rc == 0)
		rc = look_at_names(&place, config->layout, ret, fault);
	tote__place_close(&place);
	return rc;
}

static int create(tote_box *box, const struct box_config *config, const struct draft *created,
	const struct before *before, struct tote_fault *fault)
{
	struct ledger_options options = tote__box_ledger_options(box, config);
	struct draft draft = *created;
	int rc;

	if (before->have_actor)
		draft.actor = before->actor;
	rc = before->was == TOTE_PROVISIONED_ALREADY
		     ? tote__ledger_open(&options, &box->ledger, fault)
		     : tote__ledger_create(&options, &draft, &box->ledger, fault);
	if (rc == 0)
		rc = tote__box_check_first(box, config->origin, fault);
	return rc;
}

static int create_box(const struct box_config *config, const struct draft *created,
	struct before *before, tote_box **ret_box, struct tote_fault *fault)
{
	tote_box *box;
	int rc = look_before(config, created, before, fault);

	if (rc == 0)
		rc = tote__place_provision(config->ctx, tote__box_backend(config), config->location,
			config->layout, fault);
	if (rc == 0)
		rc = tote__box_new(config, &box, fault);
	if (rc < 0)
		return rc;
	return tote__box_give(
		box, config, create(box, config, created, before, fault), ret_box, fault);
}

int tote__box_create(const struct box_config *config, const struct draft *created,
	tote_box **ret_box, uint32_t *ret_was, struct tote_fault *fault)
{
	struct before *before = tote__heap_new(&config->ctx->heap, 1, sizeof(*before), fault);
	int rc;

	if (!before)
		return fault->code;
	rc = create_box(config, created, before, ret_box, fault);
	if (rc == 0)
		*ret_was = before->was;
	tote__heap_free(&config->ctx->heap, before);
	return rc;
}
