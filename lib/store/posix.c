/* SPDX-License-Identifier: ISC */
/*
 * The backend "posix": its table.
 */
#include "store/posix.h"
#include "store/posix_above.h"
#include "store/posix_cell.h"
#include "store/posix_input.h"
#include "store/posix_journal.h"
#include "store/posix_lock.h"
#include "store/posix_many.h"
#include "store/posix_object.h"
#include "store/posix_open.h"
#include "store/posix_place.h"
#include "store/posix_provision.h"
#include "store/posix_reader.h"
#include "store/posix_repair.h"
#include "store/posix_stage.h"

static void posix_close(void *place)
{
	tote__posix_lock_drop_all(place);
	tote__posix_place_free(place);
}

const struct store_ops *tote__posix_ops(void)
{
	static const struct store_ops ops = {
		.size = sizeof(ops),
		.capabilities = STORE_CAN_JOURNAL | STORE_CAN_LOCK | STORE_CAN_ANY_THREAD |
				STORE_CAN_UNCACHED | STORE_CAN_REPAIR | STORE_CAN_INPUT,
		.durability = STORE_DURABLE_POWER,
		.max_open_stages = POSIX_STAGES_MAX,
		.max_object = INT64_MAX,
		.max_name = STORE_NAME_MAX,
		.name = "posix",
		.provision = tote__posix_provision,
		.open = tote__posix_open,
		.close = posix_close,
		.identity = tote__posix_identity,
		.rest = tote__posix_rest,
		.stat = tote__posix_stat,
		.list = tote__posix_list,
		.object_open = tote__posix_object_open,
		.object_read = tote__posix_object_read,
		.object_close = tote__posix_object_close,
		.put_new = tote__posix_put_new,
		.sync_object = tote__posix_sync_object,
		.barrier = tote__posix_barrier,
		.remove = tote__posix_remove,
		.cell_read = tote__posix_cell_read,
		.cell_swap = tote__posix_cell_swap,
		.cell_sync = tote__posix_cell_sync,
		.cell_rename = tote__posix_cell_rename,
		.stage_begin = tote__posix_stage_begin,
		.stage_write = tote__posix_stage_write,
		.stage_sync = tote__posix_stage_sync,
		.stage_keep = tote__posix_stage_keep,
		.stage_close = tote__posix_stage_close,
		.make_parents = tote__posix_make_parents,
		.publish = tote__posix_publish,
		.discard = tote__posix_discard,
		.list_kept = tote__posix_list_kept,
		.sync_parents = tote__posix_sync_parents,
		.sweep = tote__posix_sweep,
		.journal_list = tote__posix_journal_list,
		.journal_make = tote__posix_journal_make,
		.journal_open = tote__posix_journal_open,
		.journal_close = tote__posix_journal_close,
		.journal_size = tote__posix_journal_size,
		.journal_read = tote__posix_journal_read,
		.journal_write = tote__posix_journal_write,
		.journal_sync = tote__posix_journal_sync,
		.journal_grow = tote__posix_journal_grow,
		.journal_is_current = tote__posix_journal_is_current,
		.journal_remove = tote__posix_journal_remove,
		.journal_sync_names = tote__posix_journal_sync_names,
		.lock_take = tote__posix_lock_take,
		.lock_drop = tote__posix_lock_drop,
		.lock_is_current = tote__posix_lock_is_current,
		.line_read = tote__posix_line_read,
		.line_write = tote__posix_line_write,
		.line_sync = tote__posix_line_sync,
		.journal_build = tote__posix_journal_build,
		.journal_exchange = tote__posix_journal_exchange,
		.set_aside = tote__posix_set_aside,
		.put_all = tote__posix_put_all,
		.input_look = tote__posix_input_look,
		.input_take = tote__posix_input_take,
		.input_adopt = tote__posix_input_adopt,
		.input_give_back = tote__posix_input_give_back,
		.input_drop = tote__posix_input_drop,
		.input_reject = tote__posix_input_reject,
		.enclosed = tote__posix_enclosed,
		.read_many = tote__posix_read_many,
	};

	return &ops;
}

void *tote__posix_backend_make(const struct heap *heap, struct tote_fault *fault)
{
	struct posix_backend *b = tote__heap_new(heap, 1, sizeof(*b), fault);

	if (!b)
		return NULL;
	b->heap = heap;
	b->kernel = tote__kernel();
	b->pid = b->kernel->getpid();
	tote__clock_init(&b->clock, NULL);
	atomic_init(&b->tops, 0);
	for (size_t i = 0; i < POSIX_BOUNCES; i++)
		atomic_init(&b->bounce[i], NULL);
	for (size_t i = 0; i < POSIX_BOUNCES; i++)
		atomic_init(&b->lane[i], 0);
	return b;
}

void tote__posix_backend_free(void *backend)
{
	struct posix_backend *b = backend;

	if (!b)
		return;
	tote__posix_lanes_free(b);
	for (size_t i = 0; i < POSIX_BOUNCES; i++)
		tote__heap_free(b->heap, atomic_load(&b->bounce[i]));
	tote__heap_free(b->heap, b);
}
