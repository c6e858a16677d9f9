/* SPDX-License-Identifier: ISC */
/*
 * YAML as a row of events, with what a fleet file may not hold taken out: no anchors, aliases, tags
 * or directives, one document, at most 32 levels. What is wrong is put down as a problem; where
 * there is no sense in reading on, the row ends.
 */
#ifndef ORCHESTRATOR_FLEET_YAML_H
#define ORCHESTRATOR_FLEET_YAML_H

#include "orchestrator/fleet_problem.h"

#define FLEET_DEPTH_MAX 32

enum fleet_event_kind {
	FLEET_SCALAR, /* an alias too: it is a problem already, and reads as empty */
	FLEET_MAPPING,
	FLEET_MAPPING_END,
	FLEET_SEQUENCE,
	FLEET_SEQUENCE_END
};

/* text lives until the next event. It may hold a NUL; one stands behind it. */
struct fleet_event {
	enum fleet_event_kind kind;
	int plain;
	const char *text;
	size_t len;
	struct fleet_place place;
};

struct fleet_yaml;

struct fleet_yaml *tote__fleet_yaml_open(const struct heap *heap, const void *bytes, size_t len,
	struct fleet_problems *problems, struct tote_fault *fault);
void tote__fleet_yaml_close(struct fleet_yaml *y);
/* 1 and the next event; 0 at the end, or where a problem ended the row; TOTE_E_NO_MEMORY. */
int tote__fleet_yaml_next(struct fleet_yaml *y, struct fleet_event *ret, struct tote_fault *fault);
/* Another container is declared: more text is allowed. */
void tote__fleet_yaml_declared(struct fleet_yaml *y);

#endif
