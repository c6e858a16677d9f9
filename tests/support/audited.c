/* SPDX-License-Identifier: ISC */
/*
 * A container to audit.
 */
#include "support/audited.h"
#include "ledger/logdir.h"

#define WITNESS "archive.example.com/acme/witness"

void audited_append(struct audited *a, uint64_t count)
{
	static const struct draft record = {
		.kind = "record", .payload = "what was said", .payload_len = 13};
	struct draft drafts[64];
	uint64_t first;

	for (size_t i = 0; i < 64; i++)
		drafts[i] = record;
	while (count) {
		size_t n = count < 64 ? (size_t)count : 64;

		ck_ok(tote__ledger_append(
			      a->box->ledger, drafts, n, LEDGER_SEQ_ANY, 1, &first, &a->fault),
			a->fault);
		count -= n;
	}
}

void audited_cosign(struct audited *a, int flip)
{
	struct buf note, message, line;
	struct logdir log;
	struct note parsed;
	uint8_t sig[SIG_LEN], blob[72];
	struct checkpoint c;

	tote__buf_init(&note, plain_heap(), NOTE_MAX);
	tote__buf_init(&message, plain_heap(), NOTE_MAX);
	tote__buf_init(&line, plain_heap(), NOTE_MAX);
	tote__logdir_init(&log, &a->place, 0);
	ck_ok(tote__logdir_checkpoint(&log, &note, &parsed, &c, &a->fault), a->fault);
	tote__cosignature_message(&message, 1795421700, parsed.text, parsed.text_len);
	tote__secret_sign(&a->witness, message.data, message.len, sig);
	sig[3] = (uint8_t)(sig[3] ^ flip);
	tote__cosignature_blob(1795421700, sig, blob);
	tote__note_put_sig(&line, &a->witness.key, blob, sizeof(blob));
	ck_assert_int_eq(tote__ledger_add_line(a->box->ledger, parsed.text, parsed.text_len,
				 (const char *)line.data, line.len, &a->fault),
		1);
	tote__buf_free(&note);
	tote__buf_free(&message);
	tote__buf_free(&line);
}

void audited_fold(struct audited *a)
{
	ck_ok(tote__ledger_fold(a->box->ledger, &a->seen, NULL, &a->fault), a->fault);
	audited_cosign(a, 0);
}

static void seal_some(struct audited *a)
{
	ck_ok(seal_text(&a->b, a->box, "a", "alpha"), a->b.fault);
	ck_ok(seal_text(&a->b, a->box, "2026/acme msa.pdf", "hello"), a->b.fault);
	ck_ok(seal_text(&a->b, a->box, "2026/empty", ""), a->b.fault);
	ck_ok(seal_text(&a->b, a->box, "2026/deep/er/b", "beta"), a->b.fault);
}

void audited_make(struct audited *a)
{
	memset(a, 0, sizeof(*a));
	boxed_make(&a->b);
	a->box = boxed_open(&a->b);
	ck_ok(tote__place_open(
		      a->b.ctx, "posix", a->b.location, LAYOUT_CONTAINER, 0, &a->place, &a->fault),
		a->fault);
	ck_ok(tote__vkey_parse(a->b.vkey, strlen(a->b.vkey), &a->key, &a->fault), a->fault);
	ck_ok(tote__secret_generate(WITNESS, KEY_TYPE_COSIGNATURE, &a->witness, &a->fault),
		a->fault);
	seal_some(a); /* entries 1 to 4 */
	audited_append(a, 275);
	audited_fold(a);
	audited_append(a, AUDITED_FOLDED - 280);
	audited_fold(a);
	audited_append(a, AUDITED_ALL - AUDITED_FOLDED);
	a->target = (struct run_target){.ctx = a->b.ctx,
		.id = BOXED_ID,
		.place = &a->place,
		.type = LEDGER_CONTAINER,
		.layout = LAYOUT_CONTAINER,
		.box = a->box,
		.level = TOTE_LEVEL_FULL,
		.origin = BOXED_ORIGIN,
		.key = &a->key,
		.witness = &a->witness.key,
		.seen = &a->seen,
		.seen_expected = 1,
		.moves_known = 1,
		.moves_from_state = TOTE_STATE_ACTIVE};
}

void audited_shut(struct audited *a)
{
	tote_box_unref(a->box);
	a->box = NULL;
	a->target.box = NULL;
}

void audited_remove(struct audited *a)
{
	tote__run_free(a->run);
	audited_shut(a);
	tote__place_close(&a->place);
	tote__secret_free(&a->witness);
	boxed_remove(&a->b);
}

/* --- runs ----------------------------------------------------------------------------------- */

void audit_with(struct audited *a, const struct run_target *target)
{
	int rc;

	tote__run_free(a->run);
	a->run = NULL;
	memset(&a->fault, 0, sizeof(a->fault));
	ck_ok(tote__run_start(target, &a->run, &a->fault), a->fault);
	do {
		rc = tote__run_step(a->run, 0, 0, &a->fault);
	} while (rc > 0);
	ck_assert_msg(rc == 0, "%s", a->fault.text);
	tote__run_result(a->run, &a->result);
}

void audit(struct audited *a)
{
	audit_with(a, &a->target);
}

static const char *described(const struct audited *a)
{
	const struct finding_list *l = tote__run_findings(a->run);
	static char out[4000];
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < l->count && at + 900 < sizeof(out); i++) {
		const struct finding *f = &l->items[i];

		at += (size_t)snprintf(out + at, 900,
			"\n  %d %s '%.200s' seq %lld: %.200s / %.200s", f->code,
			tote_finding_name(f->code), f->path, f->have_seq ? (long long)f->seq : -1LL,
			f->expected, f->found);
	}
	return out;
}

size_t findings(const struct audited *a)
{
	const struct finding_list *l = tote__run_findings(a->run);
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++)
		count += tote__finding_severity(l->items[i].code) != SEVERITY_INFORMATION;
	return count;
}

const struct finding *finding_of(const struct audited *a, int code, const char *path)
{
	const struct finding_list *l = tote__run_findings(a->run);

	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].code == code && (!path || strcmp(l->items[i].path, path) == 0))
			return &l->items[i];
	return NULL;
}

void only_finding(const struct audited *a, int code, const char *path, uint64_t seq)
{
	const struct finding *f = finding_of(a, code, path);

	ck_assert_msg(
		f != NULL, "no %s at %s, but:%s", tote_finding_name(code), path, described(a));
	ck_assert_msg(findings(a) == (size_t)(tote__finding_severity(code) != SEVERITY_INFORMATION),
		"beside %s at %s:%s", tote_finding_name(code), path, described(a));
	if (seq != FINDING_NO_SEQ) {
		ck_assert_msg(f->have_seq && f->seq == seq, "not at %llu:%s",
			(unsigned long long)seq, described(a));
	}
	if (tote__finding_severity(code) == SEVERITY_DAMAGE)
		ck_assert_uint_eq(a->result.verdict, TOTE_VERDICT_DAMAGED);
}

void all_is_well(const struct audited *a)
{
	const struct run_result *r = &a->result;

	ck_assert_msg(findings(a) == 0 && r->verdict == TOTE_VERDICT_OK, "verdict %u:%s",
		r->verdict, described(a));
	ck_assert_uint_eq(r->entries, r->entries_total);
	ck_assert_uint_eq(r->assets, r->assets_total);
	ck_assert_uint_eq(r->bytes, r->bytes_total);
	ck_assert_int_eq(r->oldest_unverified_us, 0);
	ck_assert_int_eq(r->signed_ok, 1);
}

const char *audited_path(const struct audited *a, const char *name)
{
	return printed("%s/%s", a->b.location, name);
}

void put_file(const struct audited *a, const char *name, const char *text, mode_t mode)
{
	file_write(audited_path(a, name), text, strlen(text));
	ck_assert_int_eq(chmod(audited_path(a, name), mode), 0);
}
