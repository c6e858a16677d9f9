/* SPDX-License-Identifier: ISC */
/*
 * Which of the disks that are possible after a power cut is looked at. A choice has a short text,
 * so that a failing case can be named and made again.
 */
#ifndef POWER_CHOICE_H
#define POWER_CHOICE_H

#include "power/disk.h"

enum choice_kind {
	CHOOSE_NOTHING, /* of what is not certain */
	CHOOSE_ALL,
	CHOOSE_NAMES, /* every name, no bytes */
	CHOOSE_DATA,  /* all bytes, no name */
	CHOOSE_DROP,  /* all but item `number` and what needs it */
	CHOOSE_KEEP,  /* nothing but item `number` and what it needs */
	CHOOSE_RANDOM
};

struct choice {
	enum choice_kind kind;
	uint64_t number; /* of the item, or the seed */
};

#define CHOICE_TEXT 32

void choice_format(const struct choice *c, char out[CHOICE_TEXT]);
int choice_parse(const char *text, struct choice *ret); /* 0: it is none */

/* What DROP and KEEP count: each pending operation on names, each file with uncertain content. */
size_t disk_items(const struct disk *d);
/* The image, in the memory of the arena. */
void disk_choose(const struct disk *d, const struct choice *c, struct arena *a, struct image *ret);

/* A generator of its own, so that a seed means the same everywhere (splitmix64). */
struct chance {
	uint64_t state;
};
uint64_t chance_next(struct chance *c);
unsigned int chance_below(struct chance *c, unsigned int limit);

#endif
