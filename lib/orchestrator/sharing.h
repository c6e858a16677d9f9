/* SPDX-License-Identifier: ISC */
/*
 * That no two containers share a directory or a key (FORMAT sections 1 and 6), and none lies inside
 * another or inside the orchestrator's own directory.
 *
 * Before a container is made or taken in where something lies already, every other one is looked at;
 * for one that does not answer nobody waits long, and a warning names it.
 * An audit touches no container but its own, since one whose store hangs must delay no other: it
 * compares with what each of them was when this handle looked at it last. So of two that share a
 * directory the one that is looked at later names both, and from then on either does.
 */
#ifndef ORCHESTRATOR_SHARING_H
#define ORCHESTRATOR_SHARING_H

#include "orchestrator/orchestrator.h"

/*
 * Before anything is made at a location, absolute: TOTE_E_EXISTS where it is another container's
 * directory, the root's or the orchestrator's own, or inside one of those. Nothing needs to be there.
 */
int tote__sharing_refuse(tote_orchestrator *o, const char *id, const char *backend,
	const char *location, struct tote_fault *fault);
/*
 * TOTE_E_KEY where this key is that of another container, of the consolidated record or of the
 * witness, whatever it is called there.
 */
int tote__sharing_refuse_key(
	tote_orchestrator *o, const char *id, const struct vkey *key, struct tote_fault *fault);

#define SHARING_WITH_MAX 128

/*
 * Remembers the directories of a container's place, and tells with whom it shares one: 1 and who
 * that is, in words.
 */
int tote__sharing_find(tote_orchestrator *o, const char *id, const struct place *place,
	char ret_with[SHARING_WITH_MAX], struct tote_fault *fault);

#endif
