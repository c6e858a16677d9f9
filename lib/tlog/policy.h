/* SPDX-License-Identifier: ISC */
/*
 * Trust policies (C2SP tlog-policy): which logs are believed, and which witnesses must have cosigned
 * a checkpoint before it is. Pure functions over bytes, of fixed memory.
 */
#ifndef TLOG_POLICY_H
#define TLOG_POLICY_H

#include "tlog/checkpoint.h"

#define POLICY_MAX     (1u << 20) /* bytes of a policy */
#define POLICY_LOGS    64         /* C2SP: at least 32 of each */
#define POLICY_MEMBERS 128        /* witnesses and groups together */
#define POLICY_MEMBER  64         /* of each of the two */

/* A key as the policy has it: its text points into the policy's bytes. */
struct policy_key {
	const char *vkey;
	size_t len;
	uint8_t id[HASH_LEN]; /* of the public key alone: what makes two keys one */
	int known; /* 0: of a type that this library does not verify, so it never counts */
};

/* A witness or a group, in the order of definition: what a group names stands before it. */
struct policy_member {
	const char *name;
	size_t name_len;
	struct policy_key key; /* of a witness */
	int is_group;
	uint32_t needed, named; /* of a group: k of n */
	int32_t group;          /* the one group that names it, -1: none */
};

struct policy {
	struct policy_key logs[POLICY_LOGS];
	size_t log_count;
	struct policy_member members[POLICY_MEMBERS];
	size_t member_count;
	int32_t quorum; /* a member, or -1: none is asked for */
};

/* TOTE_E_GRAMMAR naming the line; TOTE_E_TOO_LARGE past one of the limits above. */
int tote__policy_parse(const void *data, size_t len, struct policy *ret, struct tote_fault *fault);

/* What held of a checkpoint that a policy accepts. */
struct policy_verdict {
	uint32_t cosigners;      /* distinct listed witnesses whose cosignature verified */
	uint32_t outside;        /* those of them that are not the log's own orchestrator's */
	uint64_t newest_seconds; /* of their timestamps */
};

/*
 * Whether the policy accepts the checkpoint. log: the key that must have signed it, or NULL: one that
 * the policy lists. TOTE_E_NO_SIGNATURE naming what is missing, TOTE_E_BAD_SIGNATURE where a listed
 * key's signature is there and does not verify. scratch is overwritten.
 */
int tote__policy_judge(const struct policy *p, const struct note *note, const char *origin,
	const struct vkey *log, struct buf *scratch, struct policy_verdict *ret,
	struct tote_fault *fault);

/* 1 where a witness of this name is another's than the log's own orchestrator's (ORIGIN/witness). */
int tote__policy_is_outside(const char *origin, const char *witness);

#endif
