/* SPDX-License-Identifier: ISC */
/*
 * A container of an orchestrator's: the root made, the container provisioned, moved, audited and
 * cosigned; and what is on record of that.
 */
#ifndef POWER_ROOT_H
#define POWER_ROOT_H

#include "power/work.h"

#define ROOT_NAME  "acme" /* of the root's directory, below that of the run */
#define ROOT_PLACE ROOT_NAME "/containers/contracts"
#define ROOT_KEY   ROOT_NAME "/orchestrator/keys/contracts"

int root_init(struct run *r);
int root_create(struct run *r); /* init where it is due, provision, open */
tote_box *root_box(struct run *r, uint32_t flags);
int root_move(struct run *r, uint32_t to);
int root_audit(struct run *r);
int root_witness(struct run *r);
int root_recover(struct run *r); /* the container and the consolidated record */
/* Takes what the record holds by now, and the container's key, as what must be there from now on. */
void root_take(struct run *r);
/* The record holds what was promised, byte for byte. */
void root_compare(struct run *r);

/* Before anybody touches it: what must be durable before what. */
void root_check_image(struct run *r, const struct image *image);

#endif
