/* SPDX-License-Identifier: ISC */
/*
 * One audit of one container, from its start to its end, and what it gave.
 */
#ifndef ORCHESTRATOR_OUTCOME_H
#define ORCHESTRATOR_OUTCOME_H

#include "audit/finding.h"
#include "orchestrator/root.h"

/* What one audit of one container gave. */
struct outcome {
	struct tote_verdict verdict;
	int findings, information, known, not_recorded, codes[8];
	int told[8];   /* information */
	uint64_t flag; /* of the first finding, as the next */
	int64_t first_seen_us;
};

static inline int has_code(const struct outcome *o, int code)
{
	for (size_t i = 0; i < 8; i++)
		if (o->codes[i] == code)
			return 1;
	return 0;
}

static inline int has_told(const struct outcome *o, int code)
{
	for (size_t i = 0; i < 8; i++)
		if (o->told[i] == code)
			return 1;
	return 0;
}

static inline void take_finding(struct outcome *out, const struct tote_finding *f)
{
	if (f->flags & TOTE_FINDING_INFORMATION) {
		if (out->information < 8)
			out->told[out->information] = f->code;
		out->information++;
		return;
	}
	if (!out->findings) {
		out->flag = f->flag;
		out->first_seen_us = f->first_seen_us;
	}
	if (out->findings < 8)
		out->codes[out->findings] = f->code;
	out->findings++;
	out->known += (f->flags & TOTE_FINDING_KNOWN) != 0;
	out->not_recorded += (f->flags & TOTE_FINDING_NOT_RECORDED) != 0;
}

static inline struct outcome audit_level(struct root *r, const char *id, uint32_t level)
{
	struct outcome out = {.verdict = {.size = sizeof(out.verdict)}};
	const char *const ids[] = {id};
	struct tote_audit_options options = {
		.size = sizeof(options), .level = level, .ids = ids, .id_count = 1};
	struct tote_finding finding = {.size = sizeof(finding)};
	tote_audit *audit;
	uint32_t worst;
	int rc;

	ck_ok(tote_audit_start(r->o, &options, &audit, &r->fault), r->fault);
	while ((rc = tote_audit_step(audit, 1 << 16, 0, &r->fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", r->fault.text);
	while (tote_audit_next_finding(audit, &finding, &r->fault) == 1)
		take_finding(&out, &finding);
	ck_assert_int_eq(tote_audit_next_verdict(audit, &out.verdict, &r->fault), 1);
	ck_ok(tote_audit_worst(audit, &worst, &r->fault), r->fault);
	ck_assert_uint_eq(worst, out.verdict.verdict);
	ck_assert_str_eq(out.verdict.container, id);
	ck_ok(tote_audit_close(audit, &r->fault), r->fault);
	return out;
}

static inline struct outcome audit(struct root *r, const char *id)
{
	return audit_level(r, id, TOTE_LEVEL_FULL);
}

static inline struct tote_status status_of(struct root *r, const char *id)
{
	struct tote_status status = {.size = sizeof(status)};

	ck_ok(tote_orchestrator_status(r->o, id, &status, &r->fault), r->fault);
	return status;
}

static inline void seal(struct root *r, const char *id, const char *path)
{
	struct tote_source source = {.path = path,
		.data = "some bytes",
		.length = 10,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
	struct tote_sealed sealed;
	tote_box *box = root_box(r, id);

	ck_ok(tote_box_seal(box, &source, 1, NULL, 0, &sealed, &r->fault), r->fault);
	tote_box_unref(box);
}

static inline const char *asset(struct root *r, const char *id, const char *path)
{
	return printed("%s/containers/%s/assets/%s", r->path, id, path);
}

#endif
