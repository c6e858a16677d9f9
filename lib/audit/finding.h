/* SPDX-License-Identifier: ISC */
/*
 * Findings: the one table of codes (finding.def: number, name, severity, what it means, what to do
 * next), and one finding as the rooms pass it on.
 *
 * Numbers are frozen. 1000s: ledger and log; 2000s: journal; 3000s: assets; 4000s: skeleton,
 * directories, states; 5000s: checkpoints, keys, witness; 6000s: the orchestrator; 9000s: an audit
 * that could not look.
 */
#ifndef AUDIT_FINDING_H
#define AUDIT_FINDING_H

#include "base/buf.h"
#include <toteborch/audit.h>

enum { SEVERITY_INFORMATION, SEVERITY_INCOMPLETE, SEVERITY_DAMAGE };

enum finding_code {
#define TOTE_FINDING(number, NAME, name, severity, text, advice) FINDING_##NAME = number,
#include "audit/finding.def"
#undef TOTE_FINDING
};

int tote__finding_severity(int code);
/* The advice with the container's ID in the place of the word ID. */
void tote__finding_advice(int code, const char *id, char *out, size_t cap);

/* One finding. Strings are the list's own. path: as in struct tote_finding. */
struct finding {
	int code;
	int have_seq;
	uint64_t seq;
	char *path; /* bytes without NUL inside; "" where none */
	char *expected, *found;
	/* filled by the room above */
	uint32_t flags;
	uint64_t flag;
	int64_t first_seen_us;
};

struct finding_list {
	const struct heap *heap;
	struct finding *items;
	size_t count, cap;
	uint32_t *slots; /* an open-addressed table of item numbers + 1, for finding repeats */
	size_t slot_count;
};

void tote__findings_init(struct finding_list *list, const struct heap *heap);
void tote__findings_free(struct finding_list *list);
#define FINDING_NO_SEQ UINT64_MAX
/* expected and found are formatted text up to 400 bytes. A repeat of (code, path, seq) is dropped. */
int tote__findings_add(struct finding_list *list, int code, const char *path, uint64_t seq,
	const char *expected, const char *found, struct tote_fault *fault);
/* 1 where the list has one of that code. */
int tote__findings_have(const struct finding_list *list, int code);

#endif
