/* SPDX-License-Identifier: ISC */
/*
 * Memory that ends in the middle of a verb of the orchestrator: what is said afterwards is so.
 */
#include "orchestrator/root.h"

/* A second handle on the root, whose allocator fails when it is told to. */
struct short_of_memory {
	struct root r;
	struct failing memory;
	tote_ctx *ctx;
	tote_orchestrator *o;
	char log[320], witness[320];
};

static void begin(struct short_of_memory *s)
{
	struct tote_container c = {.size = sizeof(c)};

	memset(s, 0, sizeof(*s));
	s->memory.fail_at = -1;
	root_make(&s->r);
	root_provision(&s->r, "a");
	ck_ok(tote_orchestrator_find(s->r.o, "a", &c, &s->r.fault), s->r.fault);
	memcpy(s->log, c.vkey, sizeof(s->log));
	ck_ok(tote_orchestrator_key(
		      s->r.o, TOTE_KEY_WITNESS, s->witness, sizeof(s->witness), &s->r.fault),
		s->r.fault);
	s->ctx = support_ctx(NULL, &s->memory);
	ck_ok(tote_orchestrator_open(s->ctx, s->r.path, 0, &s->o, &s->r.fault), s->r.fault);
}

static void end(struct short_of_memory *s)
{
	tote_orchestrator_unref(s->o);
	tote_ctx_unref(s->ctx);
	ck_assert_int_eq(s->memory.live, 0);
	root_remove(&s->r);
}

static void arm(struct short_of_memory *s, long at)
{
	s->memory.fail_at = at;
	s->memory.once = 1;
	s->memory.fired = 0;
}

static void disarm(struct short_of_memory *s)
{
	s->memory.fail_at = -1;
}

static void seen_is_whole(struct short_of_memory *s, long at)
{
	const char *path = printed("%s/orchestrator/seen/a", s->r.path);
	struct tote_fault fault;
	size_t len;
	uint8_t *note = file_read(path, &len);

	ck_assert_msg(tote_verify_checkpoint(note, len, s->log, s->witness, NULL, &fault) == 0,
		"allocation %ld: %s", at, fault.text);
	free(note);
}

START_TEST(a_cosignature_that_memory_cut_short_never_becomes_what_the_witness_saw)
{
	struct short_of_memory s;
	uint64_t size;

	begin(&s);
	for (long at = 0;; at++) {
		root_fill(&s.r, "a", 1);
		arm(&s, at);
		tote_orchestrator_witness(s.o, "a", 0, &size, &s.r.fault);
		disarm(&s);
		seen_is_whole(&s, at);
		if (!s.memory.fired)
			break;
	}
	end(&s);
}
END_TEST

/* The entry is durable; that the registry could not be brought up to it is another matter. */
START_TEST(what_is_on_record_is_never_said_not_to_have_happened)
{
	struct short_of_memory s;
	int done = 0;

	begin(&s);
	for (long at = 0; at < 300; at++) {
		char id[32];
		struct tote_fault said;
		int rc;

		snprintf(id, sizeof(id), "b%ld", at);
		root_provision(&s.r, id);
		arm(&s, at);
		rc = tote_orchestrator_detach(s.o, id, NULL, "it moves", 0, &said);
		disarm(&s);
		if (rc == 0 && !s.memory.fired)
			break;
		if (rc < 0 && root_entries(&s.r, "container.detached", id)) {
			ck_assert_msg(said.effect == TOTE_EFFECT_DONE, "allocation %ld: %s", at,
				said.text);
			done++;
		}
	}
	ck_assert_int_gt(done, 0);
	end(&s);
}
END_TEST

Suite *shortage_suite(void)
{
	Suite *s = suite_create("shortage");
	TCase *t = tcase_create("of memory");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_cosignature_that_memory_cut_short_never_becomes_what_the_witness_saw);
	tcase_add_test(t, what_is_on_record_is_never_said_not_to_have_happened);
	suite_add_tcase(s, t);
	return s;
}
