/* SPDX-License-Identifier: ISC */
/*
 * The inside of the input gate: what a look at one document tells, and what a dead decision left.
 */
#ifndef BOX_INPUT_H
#define BOX_INPUT_H

#include "box/box.h"
#include <toteborch/input.h>

#define REJECTED_KIND "input.rejected"

/* TOTE_E_UNSUPPORTED where there is no gate: the consolidated record, or a backend without. */
int tote__input_check(const tote_box *box, struct tote_fault *fault);
/* TOTE_INPUT_* of one that lies there: *ret_flags. */
int tote__input_look(const struct place *place, const char *name, const struct store_stat *st,
	uint32_t *ret_flags, struct tote_fault *fault);
/* Size and digest of what lies at a path of the input. TOTE_E_SOURCE where it changes meanwhile. */
int tote__input_digest(const struct place *place, const char *path, uint64_t *ret_size,
	uint8_t ret_digest[HASH_LEN], struct tote_fault *fault);
/*
 * A takeover's: what an entry input.rejected from seq `from` on names, and lies there still taken,
 * becomes INPUT_REJECTED/SEQ.
 */
int tote__input_settle(
	const struct place *place, struct ledger *l, uint64_t from, struct tote_fault *fault);
/* Every file that was taken, whoever has it; a non-zero result stops and is returned. */
typedef int input_taken_fn(
	void *user, const char *random, const char *name, struct tote_fault *fault);
int tote__input_each_taken(
	const struct place *place, input_taken_fn *each, void *user, struct tote_fault *fault);

#endif
