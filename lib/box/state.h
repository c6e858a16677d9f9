/* SPDX-License-Identifier: ISC */
/*
 * The states of a container and what each admits (FORMAT section 8): two tables, nothing else.
 */
#ifndef BOX_STATE_H
#define BOX_STATE_H

#include <toteborch/box.h>

#define STATE_NONE 0u

uint32_t tote__state_parse(const char *name, size_t len); /* STATE_NONE where it is none */
int tote__state_move(uint32_t from, uint32_t to);         /* 1 where the table has that arrow */
/* 1 where an entry of that kind is taken. */
int tote__state_admits(uint32_t state, const char *kind, size_t len);
uint32_t tote__state_stricter(uint32_t a, uint32_t b);
const char *tote__state_verb(uint32_t from, uint32_t to); /* "suspend", ..., NULL: no arrow */

#endif
