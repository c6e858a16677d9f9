/* SPDX-License-Identifier: ISC */
/*
 * Lists of moves, gathered from entries.
 */
#include "orchestrator/move_list.h"
#include "base/text.h"
#include <string.h>

#define STATE_KIND "container.state"

void tote__move_list_init(struct move_list *list, const struct heap *heap)
{
	memset(list, 0, sizeof(*list));
	list->heap = heap;
}

void tote__move_list_free(struct move_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		tote__heap_free(list->heap, list->items[i].reason);
		tote__heap_free(list->heap, list->items[i].actor);
	}
	tote__heap_free(list->heap, list->items);
	memset(list, 0, sizeof(*list));
}

static int text_of(struct move_list *list, const struct entry *e, const char *key, char **ret,
	struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, key);
	struct buf value;
	int rc;

	if (!f)
		return 0;
	tote__buf_init(&value, list->heap, VALUE_MAX + 1);
	rc = tote__field_decode(f, &value, fault);
	if (!rc && !(*ret = tote__heap_strdup(list->heap, (const char *)value.data, fault)))
		rc = TOTE_E_NO_MEMORY;
	tote__buf_free(&value);
	return rc;
}

static int state_of(const struct entry *e, const char *key, uint32_t *ret, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, key);

	*ret = f ? tote__state_parse(f->value, f->value_len) : STATE_NONE;
	if (*ret != STATE_NONE)
		return 0;
	tote__fault(fault, TOTE_E_MALFORMED, "a change of state without %s", key);
	tote__fault_set_seq(fault, e->seq);
	return TOTE_E_MALFORMED;
}

static int list_add(struct move_list *list, const struct entry *e, struct tote_fault *fault)
{
	struct move *move;
	int rc;

	if (list->count == list->cap) {
		size_t wanted = list->cap ? list->cap * 2 : 8;
		void *p = tote__heap_resize(
			list->heap, list->items, wanted, sizeof(*list->items), fault);

		if (!p)
			return TOTE_E_NO_MEMORY;
		list->items = p;
		list->cap = wanted;
	}
	move = &list->items[list->count++];
	memset(move, 0, sizeof(*move));
	if ((rc = state_of(e, "from", &move->from, fault)) < 0 ||
		(rc = state_of(e, "to", &move->to, fault)) < 0 ||
		(rc = text_of(list, e, "reason", &move->reason, fault)) < 0)
		return rc;
	return text_of(list, e, "actor", &move->actor, fault);
}

int tote__move_list_take(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	(void)leaf;
	(void)verified;
	if (e->version != 1 || !tote__entry_is(e, STATE_KIND))
		return 0;
	return list_add(user, e, fault);
}

int tote__move_list_collect(tote_box *box, struct move_list *list, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	rc = tote__view_scan(&view, 0, view.limit, tote__move_list_take, list, fault);
	tote__view_close(&view);
	return rc;
}
