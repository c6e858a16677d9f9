/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint of one log: read, its signature lines judged, and compared with the last one that
 * the witness saw.
 */
#ifndef AUDIT_HEAD_H
#define AUDIT_HEAD_H

#include "audit/entries.h"
#include "tlog/checkpoint.h"

enum {
	HEAD_NONE,  /* there is none */
	HEAD_THERE, /* it is a checkpoint */
	HEAD_BAD    /* it is none, or could not be read: a finding says so */
};

enum {
	SIGNED_NOT, /* no line by the key that must have signed */
	SIGNED_BAD, /* one that does not verify */
	SIGNED_WELL,
	SIGNED_OPEN /* which key must have signed is not known */
};

struct head {
	struct inquiry *q;
	int state;
	struct buf bytes;
	struct note note; /* points into bytes */
	struct checkpoint checkpoint;
	int is_signed;                     /* SIGNED_*, of the last judgement */
	uint64_t witnessed;                /* its size, where our witness cosigned it */
	uint32_t cosigners;                /* outside witnesses of the policy whose line verifies */
	char cosigned_by[COSIGNED_BY_MAX]; /* their names, a space between, cut off between two */
};

void tote__head_init(struct head *h, struct inquiry *q);
void tote__head_free(struct head *h);
/* Reads it; a finding where it is none. */
int tote__head_read(struct head *h, struct tote_fault *fault);
/* Takes what was read of it elsewhere. */
int tote__head_take(struct head *h, const struct buf *note, struct tote_fault *fault);
/* SIGNED_*, by the keys that the entries lead to. */
int tote__head_signed(const struct head *h, const struct entries *s);
/* Findings on its signature lines and origin, and on the key that the target names. */
int tote__head_judge(struct head *h, const struct entries *s, struct tote_fault *fault);

/* What is to be compared with `seen`. */
struct seen_facts {
	uint64_t end;  /* how many entries there are now */
	int end_known; /* 0: the journal could not be read */
	/* the root of the first size entries: 1, 0 not known */
	int (*root)(void *user, uint64_t size, uint8_t out[HASH_LEN], struct tote_fault *fault);
	void *user;
};

/* 1 where something is wrong by what the target says; nothing is said yet. */
int tote__seen_is_odd(const struct head *h, const struct seen_facts *f, struct tote_fault *fault);
/* Reads `seen` again and says what is still wrong. */
int tote__seen_judge(const struct head *h, const struct seen_facts *f, struct tote_fault *fault);

#endif
