/* SPDX-License-Identifier: ISC */
/*
 * One status, and what to do next, in words and in JSON.
 */
#ifndef TOTECTL_STATUS_TEXT_H
#define TOTECTL_STATUS_TEXT_H

#include "args.h"

const char *status_state(const struct tote_status *s);
const char *status_verdict(const struct tote_status *s);
/* ", cached" behind a verdict whose audit may have read from memory, or "". */
const char *status_cached(const struct tote_status *s);
void status_json(const struct tote_status *s);
/* Where it lies, and what of it could not be read now, where that is so. */
void place_text(struct call *call, const struct tote_status *s);
/* A line for each step, the commands to run among them. */
void advice_text(const struct tote_status *s);

#endif
