/* SPDX-License-Identifier: ISC */
/*
 * The state table, walked exhaustively against FORMAT section 8 as it is written here once more.
 */
#include "box/state.h"
#include "support/support.h"

#define STATES 5 /* with STATE_NONE */

static const char *const names[STATES] = {NULL, "active", "suspended", "archived", "disposed"};

START_TEST(each_state_has_its_name_and_no_other)
{
	for (uint32_t s = 0; s < STATES; s++) {
		const char *name = tote_state_name(s);

		if (!names[s]) {
			ck_assert_ptr_null(name);
			continue;
		}
		ck_assert_str_eq(name, names[s]);
		ck_assert_uint_eq(tote__state_parse(name, strlen(name)), s);
		ck_assert_uint_eq(tote__state_parse(name, strlen(name) - 1), STATE_NONE);
	}
	ck_assert_ptr_null(tote_state_name(STATES));
	ck_assert_ptr_null(tote_state_name(UINT32_MAX));
	ck_assert_uint_eq(tote__state_parse("", 0), STATE_NONE);
	ck_assert_uint_eq(tote__state_parse("Active", 6), STATE_NONE);
	ck_assert_uint_eq(tote__state_parse("active\0", 7), STATE_NONE);
}
END_TEST

START_TEST(there_are_five_ways_from_state_to_state)
{
	static const char *const verbs[STATES][STATES] = {
		[1][2] = "suspend",
		[2][1] = "resume",
		[1][3] = "archive",
		[2][3] = "archive",
		[3][4] = "dispose",
	};

	for (uint32_t from = 0; from < STATES + 2; from++) {
		for (uint32_t to = 0; to < STATES + 2; to++) {
			const char *wanted = from < STATES && to < STATES ? verbs[from][to] : NULL;
			const char *verb = tote__state_verb(from, to);

			ck_assert_int_eq(tote__state_move(from, to), wanted != NULL);
			ck_assert_int_eq(verb != NULL, wanted != NULL);
			if (wanted)
				ck_assert_str_eq(verb, wanted);
		}
	}
}
END_TEST

/* One letter a state, from none to disposed: + taken, - refused. */
START_TEST(each_state_takes_just_the_kinds_of_its_row)
{
	static const struct {
		const char *kind, *taken;
	} rows[] = {
		{"record", "-+---"},
		{"record.contract", "-+---"},
		{"host.anything", "-+---"},
		{"asset.sealed", "-+---"},
		{"input.rejected", "-+---"},
		{"container.created", "+----"},
		{"container.state", "-+++-"},
		{"asset.void", "-+++-"},
		{"asset.erased", "-+++-"},
		{"key.rotated", "-+++-"},
		{"ledger.repaired", "-+++-"},
		{"asset.unknown", "-----"},
		{"recordings", "-----"},
		{"host", "-----"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint32_t s = 0; s < STATES; s++)
			ck_assert_msg(tote__state_admits(s, rows[i].kind, strlen(rows[i].kind)) ==
					      (rows[i].taken[s] == '+'),
				"%s in state %u", rows[i].kind, (unsigned)s);
	ck_assert_int_eq(tote__state_admits(STATES, "record", 6), 0);
	ck_assert_int_eq(tote__state_admits(UINT32_MAX, "record", 6), 0);
}
END_TEST

START_TEST(of_two_states_the_stricter_counts)
{
	for (uint32_t a = 0; a < STATES; a++)
		for (uint32_t b = 0; b < STATES; b++)
			ck_assert_uint_eq(tote__state_stricter(a, b), a > b ? a : b);
}
END_TEST

Suite *state_suite(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("tables");

	tcase_add_test(t, each_state_has_its_name_and_no_other);
	tcase_add_test(t, there_are_five_ways_from_state_to_state);
	tcase_add_test(t, each_state_takes_just_the_kinds_of_its_row);
	tcase_add_test(t, of_two_states_the_stricter_counts);
	suite_add_tcase(s, t);
	return s;
}
