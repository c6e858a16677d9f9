/* SPDX-License-Identifier: ISC */
/*
 * Several objects put at once: they share a sync, and a name still never leads to less than all of
 * its bytes.
 */
#include "store/posix_house.h"
#include <stdio.h>
#include <string.h>

#define MANY 40

struct putting {
	char name[MANY][64], text[MANY][64];
	struct store_put puts[MANY];
};

static void putting_make(struct putting *p)
{
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < MANY; i++) {
		snprintf(p->name[i], sizeof(p->name[i]), "tile/%d/%03d", i % 3, i);
		snprintf(p->text[i], sizeof(p->text[i]), "the bytes of %d", i);
		p->puts[i] = (struct store_put){
			.name = p->name[i], .data = p->text[i], .len = strlen(p->text[i])};
	}
}

static void must_lie_there(struct house *h, const struct putting *p, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buf found;

		tote__buf_init(&found, plain_heap(), 64);
		ck_ok(tote__store_get(&h->place, SPACE_LOG, p->name[i], 0, &found, NULL, &h->fault),
			h->fault);
		ck_assert_uint_eq(found.len, strlen(p->text[i]));
		ck_assert_mem_eq(found.data, p->text[i], found.len);
		tote__buf_free(&found);
	}
}

struct syncs {
	long files, systems, writes;
};

static void count_syncs(void *user)
{
	struct syncs *s = user;

	s->files = faulty_count(CALL_FSYNC);
	s->systems = faulty_count(CALL_SYNCFS);
	s->writes = faulty_count(CALL_PWRITE);
}

START_TEST(no_name_comes_before_the_sync_of_its_bytes)
{
	static const struct {
		size_t count;
		long files, systems,
			first; /* syncs, and files that are written before the first name */
	} cases[] = {{1, 1, 0, 1}, {7, 7, 0, 7}, {8, 0, 1, 8}, {24, 0, 1, 24}, {40, 0, 1, 24}};
	struct syncs before, named;
	struct putting p;
	HOUSE(h);

	putting_make(&p);
	count_syncs(&before);
	faulty_before(CALL_LINKAT, 0, count_syncs, &named);
	ck_ok(tote__store_put_all(&h.place, SPACE_LOG, p.puts, cases[_i].count, &h.fault), h.fault);
	ck_assert_int_eq(named.files - before.files, cases[_i].files);
	ck_assert_int_eq(named.systems - before.systems, cases[_i].systems);
	ck_assert_int_eq(named.writes - before.writes, cases[_i].first);
	must_lie_there(&h, &p, cases[_i].count);
	for (size_t i = 0; i < cases[_i].count; i++)
		ck_assert_int_eq(p.puts[i].exists, 0);
	house_end(&h);
}
END_TEST

START_TEST(a_sync_that_fails_names_nothing)
{
	size_t count = _i ? 20 : 4;
	struct putting p;
	HOUSE(h);
	int descriptors = open_descriptors();

	putting_make(&p);
	faulty_fail(_i ? CALL_SYNCFS : CALL_FSYNC, 0, 1, EIO);
	ck_fault(tote__store_put_all(&h.place, SPACE_LOG, p.puts, count, &h.fault), TOTE_E_IO,
		h.fault);
	ck_assert_int_eq(faulty_count(CALL_LINKAT), 0);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
	ck_assert_int_eq(open_descriptors(), descriptors);
	house_end(&h);
}
END_TEST

START_TEST(a_name_that_is_taken_stays_as_it_is_and_the_others_are_put)
{
	struct putting p;
	HOUSE(h);

	putting_make(&p);
	ck_ok(h.ops->put_new(h.at, SPACE_LOG, p.name[3], p.text[3], strlen(p.text[3]), &h.fault),
		h.fault);
	p.puts[3].data = "other bytes";
	p.puts[3].len = strlen("other bytes");
	ck_ok(tote__store_put_all(&h.place, SPACE_LOG, p.puts, 10, &h.fault), h.fault);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(p.puts[i].exists, i == 3);
	must_lie_there(&h, &p, 10);
	house_end(&h);
}
END_TEST

/* Each call fails once; what was not put then is put by the next, and no descriptor is lost. */
START_TEST(whatever_call_fails_the_next_put_completes_it)
{
	size_t count = _i ? 12 : 3;
	int fired = 1;

	for (long k = 0; fired; k++) {
		struct putting p;
		HOUSE(h);
		int descriptors = open_descriptors();
		int rc;

		putting_make(&p);
		faulty_fail(CALL_ANY, k, 1, EIO);
		rc = tote__store_put_all(&h.place, SPACE_LOG, p.puts, count, &h.fault);
		fired = faulty_fired();
		faulty_fail(CALL_ANY, 0, 0, 0);
		ck_assert_int_eq(open_descriptors(), descriptors);
		if (!fired)
			ck_assert_int_eq(rc, 0);
		memset(&h.fault, 0, sizeof(h.fault));
		ck_ok(tote__store_put_all(&h.place, SPACE_LOG, p.puts, count, &h.fault), h.fault);
		must_lie_there(&h, &p, count);
		ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
		house_end(&h);
	}
}
END_TEST

Suite *posix_put_suite(void)
{
	Suite *s = suite_create("store/posix_put");
	TCase *t = tcase_create("posix_put");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, no_name_comes_before_the_sync_of_its_bytes, 0, 5);
	tcase_add_loop_test(t, a_sync_that_fails_names_nothing, 0, 2);
	tcase_add_test(t, a_name_that_is_taken_stays_as_it_is_and_the_others_are_put);
	tcase_add_loop_test(t, whatever_call_fails_the_next_put_completes_it, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
