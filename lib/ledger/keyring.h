/* SPDX-License-Identifier: ISC */
/*
 * The keys of one log in the order in which they came into force (FORMAT section 6): entry 0's, each
 * one that a proven rotation names, and those that replaced a lost one.
 */
#ifndef LEDGER_KEYRING_H
#define LEDGER_KEYRING_H

#include "base/heap.h"
#include "crypto/key.h"
#include "ledger/view.h"

#define ROTATED_KIND         "key.rotated"
#define WITNESS_ROTATED_KIND "witness.rotated"

struct key_step {
	uint64_t at_seq; /* checkpoints that cover this seq are signed with the key */
	struct vkey key;
	int replaced;     /* a lost one (container.rekeyed): no entry of the log itself says so */
	struct vkey lost; /* with replaced: the one before, where it is known; else all zero */
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
/* A key that replaced a lost one (NULL: which is not known). */
int tote__keyring_replace(struct keyring *k, uint64_t at_seq, const struct vkey *key,
	const struct vkey *lost, struct tote_fault *fault);
/* The key demanded of a checkpoint of that size; NULL where none is known. */
const struct vkey *tote__keyring_for(const struct keyring *k, uint64_t size);
int tote__keyring_has(const struct keyring *k, const struct vkey *key);

/*
 * Takes a key.rotated entry of that origin (or witness.rotated, with the witness's name in its
 * place): 1 where `from` is in force before it and proves the new one, which is from here on; 0 where
 * not, *ret_why saying what is wrong with it.
 *
 * told: a key that a reader believes because it was given, or NULL. As long as the entries have not
 * led to it, a lost key was replaced by one that they do not name, so a rotation may be from any key
 * that proves it: what the reader believes in the end is the key that was given.
 */
int tote__keyring_rotation(struct keyring *k, const char *origin, const struct vkey *told,
	const struct entry *e, const char **ret_why, struct tote_fault *fault);

/*
 * Follows the rotations among the entries [from, to) of a view, which is that of the log of that
 * origin. TOTE_E_BAD_SIGNATURE, naming it, for one that the key in force did not prove.
 */
int tote__keyring_follow(struct keyring *k, const char *origin, struct view *view, uint64_t from,
	uint64_t to, struct tote_fault *fault);

/* What the old key signs: the text of the proof, without a NUL. */
#define ROTATION_MAX (KEY_NAME_MAX + VKEY_MAX + 128)
size_t tote__rotation_text(char out[ROTATION_MAX], const char *origin, uint64_t seq,
	const uint8_t prev[HASH_LEN], const char *to);

#endif
