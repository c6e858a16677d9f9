/* SPDX-License-Identifier: ISC */
/*
 * Entries read back from a container and compared with the record that was kept outside.
 */
#ifndef POWER_ENTRIES_H
#define POWER_ENTRIES_H

#include "power/work.h"

/*
 * Takes what lies behind the known entries into the record: it must be what was asked for, call by
 * call wholly there or not at all, in order, and nothing else.
 */
void entries_take(struct run *r);
void entries_trust(struct run *r);             /* the same, of whatever is there */
void entries_room(struct run *r, size_t more); /* for so many more to be taken */
/*
 * Reads all entries: each is the known one, byte for byte, there are no others, every tree that was
 * signed is a beginning, and each sealed file lies at its path and nothing else in assets/.
 */
void entries_compare(struct run *r);

#endif
