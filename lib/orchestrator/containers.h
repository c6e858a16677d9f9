/* SPDX-License-Identifier: ISC */
/*
 * Containers as the registry knows them, copied out from under its lock, and boxes of them.
 */
#ifndef ORCHESTRATOR_CONTAINERS_H
#define ORCHESTRATOR_CONTAINERS_H

#include "orchestrator/orchestrator.h"

/* What is known of one container. To be dropped. */
struct container {
	char id[64];
	char backend[64];
	char origin[256];
	char vkey[320];
	char *recorded; /* its location as the record has it */
	char *location; /* absolute */
	int detached;
	uint32_t state;
	size_t move_count;
	uint64_t registered;
	uint64_t fold_bytes; /* of its policy */
	int64_t registered_us;
};

int tote__containers_check_id(const char *id, struct tote_fault *fault);
/* A container that was ever registered. TOTE_E_NOT_FOUND. */
int tote__containers_known(
	tote_orchestrator *o, const char *id, struct container *ret, struct tote_fault *fault);
/* One that is registered and not detached. TOTE_E_NOT_FOUND. */
int tote__containers_registered(
	tote_orchestrator *o, const char *id, struct container *ret, struct tote_fault *fault);
/* 1 and the first whose ID comes behind `after` (NULL: the first of all), 0 at the end. */
int tote__containers_after(
	tote_orchestrator *o, const char *after, struct container *ret, struct tote_fault *fault);
void tote__containers_drop(tote_orchestrator *o, struct container *c);
/* 1 where a container of that ID and origin was made by this root. */
int tote__containers_is_own(const tote_orchestrator *o, const char *id, const char *origin);
/* Adds the keys that replaced lost ones of that container (ledger_hooks.keys). */
int tote__containers_keys(
	tote_orchestrator *o, const char *id, struct keyring *keys, struct tote_fault *fault);
/* 1 where keys/ID is there. */
int tote__containers_have_key(tote_orchestrator *o, const char *id);

/* TOTE_E_UNTRUSTED where a box with a ledger is not of the key that was registered. */
int tote__containers_check_key(
	tote_orchestrator *o, const char *id, const tote_box *box, struct tote_fault *fault);

/* Opens a place as a box of this orchestrator; the caller fills what it knows into config. */
int tote__containers_open(tote_orchestrator *o, const char *id, struct box_config *config,
	tote_box **ret_box, struct tote_fault *fault);
/* The same, made: tote__box_create. */
int tote__containers_create(tote_orchestrator *o, const char *id, struct box_config *config,
	const struct draft *created, tote_box **ret_box, uint32_t *ret_was,
	struct tote_fault *fault);
/*
 * A registered container, with the key store's signer where its key is there and the options do
 * not say otherwise. TOTE_E_UNREACHABLE where nothing lies at its location.
 */
int tote__containers_open_box(tote_orchestrator *o, const char *id,
	const struct tote_box_options *options, tote_box **ret_box, struct tote_fault *fault);

#endif
