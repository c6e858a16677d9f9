/* SPDX-License-Identifier: ISC */
/*
 * The words of a fleet file: which of them was probably meant.
 */
#ifndef ORCHESTRATOR_FLEET_WORDS_H
#define ORCHESTRATOR_FLEET_WORDS_H

#include <stddef.h>

#define FLEET_WORD_MAX 64 /* longer ones are like none */

/* The nearest of count words to what was written, or NULL where none is near. */
const char *tote__fleet_nearest(
	const char *text, size_t len, const char *const *words, size_t count);
/* How much of a foreign word is shown: at most FLEET_WORD_MAX bytes, and no character cut in two. */
int tote__fleet_shown(const char *text, size_t len);

#endif
