/* SPDX-License-Identifier: ISC */
/*
 * What the tests of the fold share: a fold that must succeed, and a stranger's look at the log.
 */
#ifndef LEDGER_FOLD_FIXTURE_H
#define LEDGER_FOLD_FIXTURE_H

#include "ledger/fold.h"
#include "ledger/logdir.h"
#include "support/ledger_fixture.h"
#include "support/store_faults.h"
#include <inttypes.h>

/* Verifies checkpoint, tiles and bundles as a stranger would, from the log alone. */
static inline void log_is_whole(struct fixture *f, uint64_t size)
{
	struct tile_tree *tree = calloc(1, sizeof(*tree));
	uint8_t root[HASH_LEN], *leaves = malloc(TILE_BYTES);
	struct checkpoint c;
	struct frontier edge;
	struct logdir log;
	struct note note;
	struct buf bytes;

	memset(&f->fault, 0, sizeof(f->fault));
	tote__buf_init(&bytes, plain_heap(), BUNDLE_MAX);
	tote__logdir_init(&log, &f->place, 0);
	ck_ok(tote__logdir_checkpoint(&log, &bytes, &note, &c, &f->fault), f->fault);
	ck_assert_uint_eq(c.size, size);
	ck_assert_int_eq(tote__note_verify(&note, &f->keeper.secret.key, &f->fault), 1);
	tote__tile_tree_init(tree, size, tote__logdir_tile, &log, NULL);
	ck_ok(tote__merkle_root(size, tote__tile_tree_node, tree, NULL, root, &f->fault), f->fault);
	ck_assert_mem_eq(root, c.root, HASH_LEN);
	tote__frontier_init(&edge);
	for (uint64_t i = 0; i * TILE_WIDTH < size; i++) {
		uint32_t width;

		ck_ok(tote__logdir_bundle(&log, i, size, &bytes, &width, &f->fault), f->fault);
		ck_ok(tote__logdir_bundle_check(
			      &log, tree, c.root, i, &bytes, width, leaves, &f->fault),
			f->fault);
		for (uint32_t k = 0; k < width; k++)
			tote__frontier_append(&edge, NULL, leaves + (size_t)k * HASH_LEN);
	}
	tote__frontier_root(&edge, NULL, root);
	ck_assert_mem_eq(root, c.root, HASH_LEN);
	tote__buf_free(&bytes);
	free(leaves);
	free(tree);
}

static inline void fold(struct ledger *l, uint64_t size)
{
	struct tote_fault fault;
	struct checkpoint c;

	memset(&fault, 0, sizeof(fault));
	ck_ok(tote__ledger_fold(l, &c, NULL, &fault), fault);
	ck_assert_uint_eq(c.size, size);
}

#endif
