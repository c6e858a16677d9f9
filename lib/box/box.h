/* SPDX-License-Identifier: ISC */
/*
 * The inside of a box: one container's place, ledger, signer and state, and what the orchestration
 * layer needs of them beyond the public calls.
 */
#ifndef BOX_BOX_H
#define BOX_BOX_H

#include "box/state.h"
#include "ledger/ledger.h"
#include <stdatomic.h>
#include <toteborch/assets.h>

struct asset_paths; /* box/paths.h: the paths that were ever sealed */

/* How a room above opens a box. What is pointed to is copied. */
struct box_config {
	struct tote_ctx *ctx;
	const char *backend; /* NULL: posix */
	const char *location;
	const char *id;     /* expected; NULL: as container.created says */
	const char *origin; /* expected; NULL: as entry 0 says */
	int type;           /* LEDGER_CONTAINER or LEDGER_RECORD */
	int layout;         /* LAYOUT_CONTAINER or LAYOUT_ORCHESTRATOR */
	uint32_t flags;     /* TOTE_BOX_READ_ONLY or TOTE_BOX_REPAIR */
	int64_t lock_wait_us;
	uint64_t fold_bytes; /* of its policy (ledger_options.fold_bytes) */
	/* the signer: one of these, or none; keys_file NULL: the first */
	const char *key_path;
	const struct tote_signer *signer;
	const char *keys_location, *keys_file; /* the orchestrator's keys/ */
	/* kept alive by the box, dropped with it */
	void *parent;
	void (*parent_unref)(void *parent);
	/* before a checkpoint is signed (ledger_hooks.guard); user is parent */
	int (*guard)(void *parent, const struct checkpoint *c, merkle_node_fn *node, void *tree,
		struct tote_fault *fault);
	/* keys that replaced lost ones (ledger_hooks.keys); user is parent */
	int (*keys)(void *parent, struct keyring *keys, struct tote_fault *fault);
	/* of a LEDGER_RECORD: the registry's observe and reset; user is parent */
	void (*reset)(void *parent);
	int (*observe)(void *parent, const struct entry *e, struct tote_fault *fault);
};

struct tote_box {
	struct tote_ctx *ctx;
	atomic_uint refs;
	void *parent;
	void (*parent_unref)(void *parent);
	int (*guard)(void *parent, const struct checkpoint *c, merkle_node_fn *node, void *tree,
		struct tote_fault *fault);
	int (*keys)(void *parent, struct keyring *keys, struct tote_fault *fault);
	void (*reset)(void *parent);
	int (*observe)(void *parent, const struct entry *e, struct tote_fault *fault);
	int type;
	uint32_t flags;
	char id[64];
	char backend[64];
	struct place place;
	struct signer signer;
	int have_signer;
	struct ledger *ledger; /* NULL in a READ_ONLY box */
	atomic_uint
		state; /* as observed: exact with the hold, before the first one as a reader saw it */
	uint32_t last_from;        /* the last container.state observed: from, and its seq */
	uint64_t last_state_seq;   /* TOTE_SEQ_ANY: none was observed */
	struct asset_paths *paths; /* made at the first seal, with the hold */
	uint64_t paths_end;        /* seals below this seq are in it */
};

int tote__box_open(const struct box_config *config, tote_box **ret_box, struct tote_fault *fault);
/*
 * Skeleton, ledger with `created` as its first entry under a first checkpoint: completes a
 * half-made one, gives a whole one as it is (TOTE_E_EXISTS where entry 0 is another's).
 * *ret_was: TOTE_PROVISIONED_*.
 */
int tote__box_create(const struct box_config *config, const struct draft *created,
	tote_box **ret_box, uint32_t *ret_was, struct tote_fault *fault);
/* The entry point of public calls, for one that reads and for one that writes. */
int tote__box_check(const tote_box *box, struct tote_fault *fault);
int tote__box_check_write(const tote_box *box, struct tote_fault *fault);
/* The end of public calls: gives rc back, the fault naming the box, or all zero on success. */
int tote__box_done(const tote_box *box, int rc, struct tote_fault *fault);

/*
 * The container's half of a change of state, durable, not folded. expected_from: STATE_NONE for
 * any. Already in `to`: 0 and *ret_seq the seq of the move that led there (TOTE_SEQ_ANY: none).
 */
int tote__box_move(tote_box *box, uint32_t to, const char *actor, const char *reason,
	uint32_t *ret_from, uint64_t *ret_seq, struct tote_fault *fault);
/* The same with the hold. */
int tote__box_move_held(tote_box *box, uint32_t to, const char *actor, const char *reason,
	uint32_t *ret_from, uint64_t *ret_seq, struct tote_fault *fault);

/* tote_box_repair without its checks; reason "" for a plan, which changes nothing. */
int tote__box_repair(tote_box *box, const char *actor, const char *reason, int plan,
	struct tote_repair *ret, struct tote_fault *fault);

/* The hooks of the box's ledger: they keep state and paths as the entries say. */
struct ledger_hooks tote__box_hooks(tote_box *box);
/*
 * What an entry says of the state: *state is followed from STATE_NONE, beginning at seq 0 or at a
 * multiple of STATE_INTERVAL. TOTE_E_MALFORMED.
 */
int tote__box_follow(uint32_t *state, const struct entry *e, struct tote_fault *fault);
/* The state at the end of a view, found by reading one bundle back (FORMAT section 4). */
int tote__box_view_state(struct view *v, uint32_t *ret_state, struct tote_fault *fault);
/* With the hold: box->paths is there and knows every seal. */
int tote__box_paths(tote_box *box, struct tote_fault *fault);
/* With the hold: TOTE_E_STATE, saying what to do, unless an entry of that kind is taken now. */
int tote__box_admit(const tote_box *box, const char *kind, struct tote_fault *fault);

/* A view of the box's ledger as a reader without the lock sees it. The box outlives it. */
int tote__box_view(tote_box *box, uint32_t flags, struct view *ret, struct tote_fault *fault);
/*
 * The same, but where the journal is damaged a box that is READ_ONLY or to be repaired still sees what lies before the
 * damage: who comes to the end of such a view asks tote__box_view_end, which gives TOTE_E_DAMAGED
 * where more was promised behind it, else 0.
 */
int tote__box_view_part(tote_box *box, uint32_t flags, struct view *ret, struct tote_fault *fault);
int tote__box_view_end(const struct view *v, struct tote_fault *fault);

/* keys.c: all keys of its log, into an empty ring. */
int tote__box_keys(tote_box *box, struct keyring *ret, struct tote_fault *fault);
/* A ring as callers get it: TOTE_E_TOO_LARGE, *ret_count set. */
int tote__keys_out(const struct keyring *keys, struct tote_key *out, size_t cap, size_t *ret_count,
	struct tote_fault *fault);

/* A field of a draft, its value a string. */
struct field tote__field_text(const char *key, const char *value);

#endif
