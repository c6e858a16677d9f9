/* SPDX-License-Identifier: ISC */
/*
 * The way of a fleet file's bytes to the YAML parser: a gate that lets pass what is UTF-8 text
 * without directives, in pieces, and no more than is allowed. A parser allocates by what it is
 * given, so it is never given what it would only refuse.
 */
#ifndef ORCHESTRATOR_FLEET_INPUT_H
#define ORCHESTRATOR_FLEET_INPUT_H

#include "orchestrator/fleet_problem.h"

#define FLEET_BYTES_A_CONTAINER 65536u /* for each that is declared, and once more */

struct fleet_input {
	const uint8_t *data;
	size_t len, at;
	struct fleet_place place; /* of data[at] */
	int line_begins;          /* data[at] is a line's first */
	size_t allowed;           /* how far the parser may read by what is declared so far */
	size_t declared;
	int stopped; /* what is wrong is a problem already: nothing passes any more */
	struct fleet_problems *problems;
};

void tote__fleet_input_init(
	struct fleet_input *in, const void *data, size_t len, struct fleet_problems *problems);
/* Another container was declared. */
void tote__fleet_input_declared(struct fleet_input *in);
/* The parser has made something of what it was given. */
void tote__fleet_input_progress(struct fleet_input *in);
/*
 * Up to size bytes (at least 4), whole characters, into out: how many, 0 at the end or where it
 * stopped.
 */
size_t tote__fleet_input_read(struct fleet_input *in, uint8_t *out, size_t size);

#endif
