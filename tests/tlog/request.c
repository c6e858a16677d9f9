/* SPDX-License-Identifier: ISC */
/*
 * What a witness is asked with: the vector of C2SP tlog-witness byte for byte, and whatever departs
 * from its form refused.
 */
#include "tlog/request.h"
#include "support/support.h"
#include "vectors/tlog_vectors.h"

#define HASH "V8efTzGuApxdS9MLBzwnyU35NDiytGl+Hh7vW8A5SkE=\n"

static struct tote_fault fault;
static struct request request;

static int parse(const char *body)
{
	memset(&fault, 0, sizeof(fault));
	return tote__request_parse(body, strlen(body), &request, &fault);
}

START_TEST(the_request_of_the_vectors_is_read_and_its_proof_holds)
{
	const struct vector_note *v = &vector_note;
	struct note *note = calloc(1, sizeof(*note));
	struct checkpoint c;
	uint8_t old_root[HASH_LEN];

	ck_ok(parse(v->add_checkpoint_body_old3), fault);
	ck_assert_uint_eq(request.old, 3);
	ck_assert_uint_eq(request.proof.count, 4);
	ck_ok(tote__checkpoint_read(request.checkpoint, request.checkpoint_len, note, &c, &fault),
		fault);
	from_hex("94fbd0dd836f50301692e6d0eade728ee19ec52bfff1606ed807c8575d5aaa19", old_root);
	ck_ok(tote__merkle_verify_consistency(
		      NULL, 3, c.size, &request.proof, old_root, c.root, &fault),
		fault);
	free(note);
}
END_TEST

START_TEST(what_is_written_is_the_vector_with_the_logs_own_lines_alone)
{
	const struct vector_note *v = &vector_note;
	struct note *note = calloc(1, sizeof(*note));
	struct buf out;

	ck_ok(parse(v->add_checkpoint_body_old3), fault);
	/* the cosigned checkpoint: the witness's line stays behind */
	ck_ok(tote__note_parse(v->checkpoint, strlen(v->checkpoint), note, &fault), fault);
	ck_assert_uint_eq(note->sig_count, 2);
	tote__buf_init(&out, plain_heap(), REQUEST_MAX);
	ck_ok(tote__request_put(&out, 3, &request.proof, note, v->origin, &fault), fault);
	ck_assert_uint_eq(out.len, strlen(v->add_checkpoint_body_old3));
	ck_assert_mem_eq(out.data, v->add_checkpoint_body_old3, out.len);
	tote__buf_reset(&out);
	request.proof.count = 64;
	ck_fault(tote__request_put(&out, 3, &request.proof, note, v->origin, &fault),
		TOTE_E_TOO_LARGE, fault);
	tote__buf_free(&out);
	free(note);
}
END_TEST

START_TEST(sixty_three_lines_are_read_and_sixty_four_refused)
{
	char body[64 * 64 + 64];
	size_t at = 0;

	at += (size_t)snprintf(body, sizeof(body), "old 3\n");
	for (int i = 0; i < 63; i++)
		at += (size_t)snprintf(body + at, sizeof(body) - at, "%s", HASH);
	snprintf(body + at, sizeof(body) - at, "\nx\n");
	ck_ok(parse(body), fault);
	ck_assert_uint_eq(request.proof.count, 63);
	snprintf(body + at, sizeof(body) - at, "%s\nx\n", HASH);
	ck_fault(parse(body), TOTE_E_MALFORMED, fault);
}
END_TEST

static const char *const bad[] = {
	"",
	"old",
	"old 3",
	"old 3\n",
	"old 3\n" HASH,
	"old 3\n\n",
	"old  3\n\nx\n",
	"old\t3\n\nx\n",
	"Old 3\n\nx\n",
	"old 03\n\nx\n",
	"old -3\n\nx\n",
	"old \n\nx\n",
	"old 9223372036854775808\n\nx\n",
	"old 3\r\n\nx\n",
	" old 3\n\nx\n",
	"\nold 3\n\nx\n",
	"old 3\n" HASH "\r\nx\n",
	"old 3\nAAAA\n\nx\n",
	"old 3\n " HASH "\nx\n",
	"old 3\nV8efTzGuApxdS9MLBzwnyU35NDiytGl+Hh7vW8A5SkF=\n\nx\n",
};

START_TEST(what_departs_from_the_form_is_refused)
{
	ck_fault(parse(bad[_i]), TOTE_E_MALFORMED, fault);
}
END_TEST

START_TEST(a_request_larger_than_any_checkpoint_needs_is_refused)
{
	char *body = calloc(1, REQUEST_MAX + 2);

	memset(body, 'x', REQUEST_MAX + 1);
	memcpy(body, "old 3\n\n", 7);
	ck_fault(parse(body), TOTE_E_MALFORMED, fault);
	body[REQUEST_MAX] = '\0';
	ck_ok(parse(body), fault);
	free(body);
}
END_TEST

Suite *request_suite(void)
{
	Suite *s = suite_create("request");
	TCase *c = tcase_create("request");

	tcase_add_test(c, the_request_of_the_vectors_is_read_and_its_proof_holds);
	tcase_add_test(c, what_is_written_is_the_vector_with_the_logs_own_lines_alone);
	tcase_add_test(c, sixty_three_lines_are_read_and_sixty_four_refused);
	tcase_add_loop_test(
		c, what_departs_from_the_form_is_refused, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(c, a_request_larger_than_any_checkpoint_needs_is_refused);
	suite_add_tcase(s, c);
	return s;
}
