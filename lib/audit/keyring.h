/* SPDX-License-Identifier: ISC */
/*
 * The keys of one log in the order in which they came into force (FORMAT section 6): entry 0's, each
 * one that a proven rotation names, and those that replaced a lost one.
 */
#ifndef AUDIT_KEYRING_H
#define AUDIT_KEYRING_H

#include "base/heap.h"
#include "crypto/key.h"
#include "ledger/entry.h"

struct key_step {
	uint64_t at_seq; /* checkpoints that cover this seq are signed with the key */
	struct vkey key;
};

struct keyring {
	const struct heap *heap;
	struct key_step *steps; /* ascending by at_seq */
	size_t count, cap;
};

void tote__keyring_init(struct keyring *k, const struct heap *heap);
void tote__keyring_free(struct keyring *k);
int tote__keyring_add(
	struct keyring *k, uint64_t at_seq, const struct vkey *key, struct tote_fault *fault);
/* The key demanded of a checkpoint of that size; NULL where none is known. */
const struct vkey *tote__keyring_for(const struct keyring *k, uint64_t size);
int tote__keyring_has(const struct keyring *k, const struct vkey *key);
int tote__vkey_equal(const struct vkey *a, const struct vkey *b);

/*
 * A key.rotated entry of that origin: 1 and the new key where `from` is in force before it and
 * proves the new one; 0 where not, *ret_why saying what is wrong with it. told: a key that is
 * believed without an entry that names it, or NULL.
 */
int tote__keyring_rotation(const struct keyring *k, const char *origin, const struct vkey *told,
	const struct entry *e, struct vkey *ret_key, const char **ret_why);

#endif
