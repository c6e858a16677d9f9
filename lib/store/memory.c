/* SPDX-License-Identifier: ISC */
/*
 * The backend "memory": its table.
 */
#include "store/memory.h"
#include "base/thread.h"
#include "store/memory_journal.h"
#include "store/memory_lock.h"
#include "store/memory_object.h"
#include "store/memory_place.h"
#include "store/memory_repair.h"
#include "store/memory_stage.h"
#include <time.h>

#define STAGES_MAX 1024

static void memory_close(void *place)
{
	tote__memory_lock_drop_all(place);
	tote__memory_place_free(place);
}

const struct store_ops *tote__memory_ops(void)
{
	static const struct store_ops ops = {
		.size = sizeof(ops),
		.capabilities = STORE_CAN_JOURNAL | STORE_CAN_LOCK | STORE_CAN_ANY_THREAD |
				STORE_CAN_REPAIR,
		.durability = STORE_DURABLE_PROCESS,
		.max_open_stages = STAGES_MAX,
		.max_object = SIZE_MAX / 4,
		.max_name = STORE_NAME_MAX,
		.name = "memory",
		.provision = tote__memory_provision,
		.open = tote__memory_open,
		.close = memory_close,
		.identity = tote__memory_identity,
		.stat = tote__memory_stat,
		.list = tote__memory_list,
		.object_open = tote__memory_object_open,
		.object_read = tote__memory_object_read,
		.object_close = tote__memory_handle_close,
		.put_new = tote__memory_put_new,
		.sync_object = tote__memory_sync_object,
		.barrier = tote__memory_barrier,
		.remove = tote__memory_remove,
		.cell_read = tote__memory_cell_read,
		.cell_swap = tote__memory_cell_swap,
		.cell_sync = tote__memory_sync_object,
		.cell_rename = tote__memory_cell_rename,
		.stage_begin = tote__memory_stage_begin,
		.stage_write = tote__memory_stage_write,
		.stage_sync = tote__memory_stage_sync,
		.stage_keep = tote__memory_stage_keep,
		.stage_close = tote__memory_handle_close,
		.make_parents = tote__memory_make_parents,
		.publish = tote__memory_publish,
		.discard = tote__memory_discard,
		.list_kept = tote__memory_list_kept,
		.sync_parents = tote__memory_sync_parents,
		.sweep = tote__memory_sweep,
		.journal_list = tote__memory_journal_list,
		.journal_make = tote__memory_journal_make,
		.journal_open = tote__memory_journal_open,
		.journal_close = tote__memory_handle_close,
		.journal_size = tote__memory_journal_size,
		.journal_read = tote__memory_journal_read,
		.journal_write = tote__memory_journal_write,
		.journal_sync = tote__memory_journal_sync,
		.journal_grow = tote__memory_journal_grow,
		.journal_is_current = tote__memory_journal_is_current,
		.journal_remove = tote__memory_journal_remove,
		.journal_sync_names = tote__memory_journal_sync_names,
		.lock_take = tote__memory_lock_take,
		.lock_drop = tote__memory_lock_drop,
		.lock_is_current = tote__memory_lock_is_current,
		.line_read = tote__memory_line_read,
		.line_write = tote__memory_line_write,
		.line_sync = tote__memory_line_sync,
		.journal_build = tote__memory_journal_build,
		.journal_exchange = tote__memory_journal_exchange,
		.set_aside = tote__memory_set_aside,
	};

	return &ops;
}

void *tote__memory_backend_make(const struct heap *heap, struct tote_fault *fault)
{
	struct memory_backend *b = tote__heap_new(heap, 1, sizeof(*b), fault);

	if (!b)
		return NULL;
	b->heap = heap;
	tote__clock_init(&b->clock, NULL);
	if (tote__tree_init(&b->tree, heap, fault) != 0)
		goto no_tree;
	if (pthread_mutex_init(&b->mutex, NULL) != 0)
		goto no_mutex;
	if (tote__condition_init(&b->unlocked) != 0)
		goto no_cond;
	return b;
no_cond:
	pthread_mutex_destroy(&b->mutex);
no_mutex:
	tote__fault(fault, TOTE_E_NO_MEMORY, "no memory for a mutex");
	tote__tree_free(&b->tree);
no_tree:
	tote__heap_free(heap, b);
	return NULL;
}

void tote__memory_backend_free(void *backend)
{
	struct memory_backend *b = backend;

	if (!b)
		return;
	tote__tree_free(&b->tree);
	pthread_cond_destroy(&b->unlocked);
	pthread_mutex_destroy(&b->mutex);
	tote__heap_free(b->heap, b);
}
