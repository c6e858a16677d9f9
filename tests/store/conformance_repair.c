/* SPDX-License-Identifier: ISC */
/*
 * What every backend promises to a repair: a journal built aside, exchanged in one step, and files
 * of the log set aside; nothing is replaced and nothing is lost.
 */
#include "store/store.h"
#include "support/store_house.h"
#include <sys/stat.h>

#define ASIDE "00000000000000000005"

static void segment_begins(struct house *h, uint64_t seq, const char *text, uint64_t bytes)
{
	void *segment;
	uint64_t size;
	char got[32] = "";
	size_t len;

	ck_ok(h->ops->journal_open(h->at, seq, &segment, &size, &h->fault), h->fault);
	ck_assert_uint_eq(size, bytes);
	ck_ok(h->ops->journal_read(segment, 0, got, strlen(text) + 1, &len, &h->fault), h->fault);
	ck_assert_str_eq(got, text);
	h->ops->journal_close(segment);
}

static int journal_count(struct house *h)
{
	uint64_t seqs[8];
	size_t count;

	ck_ok(h->ops->journal_list(h->at, seqs, 8, &count, &h->fault), h->fault);
	return (int)count;
}

START_TEST(a_journal_that_is_built_aside_is_not_yet_the_journal)
{
	HOUSE(h);
	struct store_stat st;

	ck_ok(h.ops->journal_build(h.at, ASIDE, 5, "new", 3, 32768, &h.fault), h.fault);
	ck_assert_int_eq(journal_count(&h), 0);
	ck_ok(h.ops->stat(h.at, SPACE_LEDGER, "damaged/" ASIDE "/" ASIDE, &st, &h.fault), h.fault);
	ck_assert_int_eq(st.type, STORE_FILE);
	ck_assert_uint_eq(st.mode, 0640);
	ck_assert_uint_eq(st.size, 32768);
	/* never replacing */
	ck_fault(h.ops->journal_build(h.at, ASIDE, 5, "two", 3, 4096, &h.fault), TOTE_E_EXISTS,
		h.fault);
	ck_fault(h.ops->journal_build(h.at, "a/b", 5, "x", 1, 4096, &h.fault), TOTE_E_GRAMMAR,
		h.fault);
	ck_fault(h.ops->journal_build(h.at, "..", 5, "x", 1, 4096, &h.fault), TOTE_E_GRAMMAR,
		h.fault);
	house_end(&h);
}
END_TEST

START_TEST(an_exchange_puts_one_journal_in_place_and_the_other_aside)
{
	HOUSE(h);
	void *old;
	uint64_t bytes;

	ck_ok(h.ops->journal_make(h.at, 0, "old", 3, 8192, &h.fault), h.fault);
	ck_ok(h.ops->journal_make(h.at, 3, "old", 3, 8192, &h.fault), h.fault);
	ck_ok(h.ops->journal_open(h.at, 0, &old, &bytes, &h.fault), h.fault);
	ck_ok(h.ops->journal_build(h.at, ASIDE, 5, "new", 3, 32768, &h.fault), h.fault);
	ck_ok(h.ops->journal_exchange(h.at, ASIDE, &h.fault), h.fault);
	ck_assert_int_eq(journal_count(&h), 1);
	segment_begins(&h, 5, "new", 32768);
	/* who had the old one open is told so */
	ck_assert_int_eq(h.ops->journal_is_current(h.at, 0, old), 0);
	h.ops->journal_close(old);
	house_lacks(&h, SPACE_LEDGER, "damaged/" ASIDE "/" ASIDE);
	{
		struct store_stat st;

		ck_ok(h.ops->stat(h.at, SPACE_LEDGER, "damaged/" ASIDE "/00000000000000000000", &st,
			      &h.fault),
			h.fault);
		ck_ok(h.ops->stat(h.at, SPACE_LEDGER, "damaged/" ASIDE "/00000000000000000003", &st,
			      &h.fault),
			h.fault);
	}
	/* and it is a journal as any other */
	ck_ok(h.ops->journal_make(h.at, 9, "next", 4, 4096, &h.fault), h.fault);
	ck_ok(h.ops->journal_remove(h.at, 5, &h.fault), h.fault);
	ck_ok(h.ops->journal_sync_names(h.at, &h.fault), h.fault);
	house_reopen(&h);
	ck_assert_int_eq(journal_count(&h), 1);
	segment_begins(&h, 9, "next", 4096);
	ck_fault(h.ops->journal_exchange(h.at, "00000000000000000006", &h.fault), TOTE_E_NOT_FOUND,
		h.fault);
	house_end(&h);
}
END_TEST

START_TEST(what_is_set_aside_keeps_its_name_and_bytes_and_replaces_nothing)
{
	HOUSE(h);

	house_put(&h, SPACE_LOG, "tile/0/000.p/7", "seven");
	house_put(&h, SPACE_LOG, "tile/0/000", "full");
	ck_ok(h.ops->set_aside(h.at, ASIDE ".log", "tile/0/000.p/7", &h.fault), h.fault);
	house_lacks(&h, SPACE_LOG, "tile/0/000.p/7");
	house_holds(&h, SPACE_LOG, "tile/0/000", "full");
	house_holds(&h, SPACE_LEDGER, "damaged/" ASIDE ".log/tile/0/000.p/7", "seven");
	house_put(&h, SPACE_LOG, "tile/0/000.p/7", "again");
	ck_fault(h.ops->set_aside(h.at, ASIDE ".log", "tile/0/000.p/7", &h.fault), TOTE_E_EXISTS,
		h.fault);
	tote__fault_clear(&h.fault);
	house_holds(&h, SPACE_LOG, "tile/0/000.p/7", "again");
	house_holds(&h, SPACE_LEDGER, "damaged/" ASIDE ".log/tile/0/000.p/7", "seven");
	ck_fault(h.ops->set_aside(h.at, ASIDE ".log", "tile/0/absent", &h.fault), TOTE_E_NOT_FOUND,
		h.fault);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_LEDGER, &h.fault), h.fault);
	house_end(&h);
}
END_TEST

START_TEST(a_read_only_place_is_not_repaired)
{
	struct place ro;
	HOUSE(h);

	ck_ok(h.ops->journal_build(h.at, ASIDE, 5, "new", 3, 32768, &h.fault), h.fault);
	house_put(&h, SPACE_LOG, "tile/0/000", "full");
	ck_ok(tote__place_open(h.ctx, h.backend->name, house_location(&h), LAYOUT_CONTAINER,
		      STORE_READ_ONLY, &ro, &h.fault),
		h.fault);
	ck_fault(ro.ops->journal_build(ro.handle, "x", 5, "n", 1, 4096, &h.fault), TOTE_E_READ_ONLY,
		h.fault);
	ck_fault(ro.ops->journal_exchange(ro.handle, ASIDE, &h.fault), TOTE_E_READ_ONLY, h.fault);
	ck_fault(ro.ops->set_aside(ro.handle, "x", "tile/0/000", &h.fault), TOTE_E_READ_ONLY,
		h.fault);
	tote__place_close(&ro);
	house_end(&h);
}
END_TEST

Suite *conformance_repair_suite(void)
{
	Suite *s = suite_create("conformance_repair");
	TCase *t = tcase_create("every backend");

	tcase_add_loop_test(
		t, a_journal_that_is_built_aside_is_not_yet_the_journal, 0, HOUSE_BACKENDS);
	tcase_add_loop_test(
		t, an_exchange_puts_one_journal_in_place_and_the_other_aside, 0, HOUSE_BACKENDS);
	tcase_add_loop_test(t, what_is_set_aside_keeps_its_name_and_bytes_and_replaces_nothing, 0,
		HOUSE_BACKENDS);
	tcase_add_loop_test(t, a_read_only_place_is_not_repaired, 0, HOUSE_BACKENDS);
	suite_add_tcase(s, t);
	return s;
}
