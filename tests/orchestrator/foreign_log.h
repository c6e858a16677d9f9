/* SPDX-License-Identifier: ISC */
/*
 * A log of somebody else: entries in memory, any checkpoint of them signed, and the request that its
 * keeper brings to our witness. Two of one key and other entries are a fork.
 */
#ifndef ORCHESTRATOR_FOREIGN_LOG_H
#define ORCHESTRATOR_FOREIGN_LOG_H

#include "orchestrator/root.h"
#include "tlog/cosignature.h"
#include "tlog/request.h"

#define FOREIGN_MAX 200

struct foreign_log {
	struct secret key;
	char vkey[VKEY_MAX];
	uint8_t leaf[FOREIGN_MAX][HASH_LEN];
	char body[REQUEST_MAX + 1]; /* the last request */
	size_t length;
};

static inline int foreign_node(
	void *user, unsigned level, uint64_t index, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	const struct foreign_log *f = user;
	struct frontier edge;

	(void)fault;
	tote__frontier_init(&edge);
	for (uint64_t i = index << level; i < (index + 1) << level; i++)
		tote__frontier_append(&edge, NULL, f->leaf[i]);
	tote__frontier_root(&edge, NULL, out);
	return 0;
}

/* The entries are those of the vectors unless text is another word than "entry". */
static inline struct foreign_log *foreign_new(
	const char *origin, const uint8_t seed[32], const char *text)
{
	struct foreign_log *f = calloc(1, sizeof(*f));
	struct tote_fault fault;

	memset(&fault, 0, sizeof(fault));
	ck_ok(tote__secret_from_seed(origin, KEY_TYPE_ED25519, seed, &f->key, &fault), fault);
	tote__vkey_format(&f->key.key, f->vkey);
	for (int i = 0; i < FOREIGN_MAX; i++) {
		const char *entry = printed("%s %d", text, i);

		tote__hash_leaf(NULL, entry, strlen(entry), f->leaf[i]);
	}
	return f;
}

static inline void foreign_free(struct foreign_log *f)
{
	tote__secret_free(&f->key);
	free(f);
}

/* Appends a signed checkpoint of that size; extra: extension lines, or "". */
static inline void foreign_checkpoint(
	struct foreign_log *f, struct buf *out, uint64_t size, const char *extra)
{
	struct checkpoint c = {.size = size};
	uint8_t sig[SIG_LEN];
	struct tote_fault fault;
	size_t begin = out->len;

	memcpy(c.origin, f->key.key.name, strlen(f->key.key.name) + 1);
	tote__merkle_root(size, foreign_node, f, NULL, c.root, &fault);
	tote__checkpoint_put(out, &c);
	tote__buf_puts(out, extra);
	tote__secret_sign(&f->key, out->data + begin, out->len - begin, sig);
	tote__buf_putc(out, '\n');
	tote__note_put_sig(out, &f->key.key, sig, sizeof(sig));
}

/* The request from old to size: the proof of the tree `proof_of`, which may be another. */
static inline void foreign_ask(struct foreign_log *f, struct foreign_log *proof_of, uint64_t old,
	uint64_t size, const char *extra)
{
	struct proof proof = {.count = 0};
	struct tote_fault fault;
	struct buf checkpoint, out;
	struct note *note = calloc(1, sizeof(*note));

	memset(&fault, 0, sizeof(fault));
	tote__buf_init(&checkpoint, plain_heap(), NOTE_MAX);
	tote__buf_init(&out, plain_heap(), NOTE_MAX);
	if (old <= size)
		ck_ok(tote__merkle_consistency(
			      old, size, foreign_node, proof_of, NULL, &proof, &fault),
			fault);
	foreign_checkpoint(f, &checkpoint, size, extra);
	ck_ok(tote__note_parse(checkpoint.data, checkpoint.len, note, &fault), fault);
	ck_ok(tote__request_put(&out, old, &proof, note, f->key.key.name, &fault), fault);
	memcpy(f->body, out.data, out.len);
	f->body[out.len] = '\0';
	f->length = out.len;
	tote__buf_free(&checkpoint);
	tote__buf_free(&out);
	free(note);
}

static inline void foreign_request(struct foreign_log *f, uint64_t old, uint64_t size)
{
	foreign_ask(f, f, old, size, "");
}

#endif
