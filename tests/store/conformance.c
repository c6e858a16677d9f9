/* SPDX-License-Identifier: ISC */
/*
 * What every backend promises of places and objects, held against each of them.
 */
#include "store/store.h"
#include "support/store_house.h"

/* --- places -------------------------------------------------------------------------------------- */

START_TEST(a_place_that_nobody_made_is_not_found)
{
	HOUSE(h);
	struct place place = {0};

	ck_fault(tote__place_open(h.ctx, h.backend->name, scratch_path(&h.scratch, "no"),
			 LAYOUT_CONTAINER, 0, &place, &h.fault),
		TOTE_E_NOT_FOUND, h.fault);
	tote__place_close(&place);
	house_end(&h);
}
END_TEST

START_TEST(an_unknown_backend_is_unsupported)
{
	HOUSE(h);
	struct place place = {0};

	ck_fault(tote__place_open(h.ctx, "cloud", "x", LAYOUT_CONTAINER, 0, &place, &h.fault),
		TOTE_E_UNSUPPORTED, h.fault);
	house_end(&h);
}
END_TEST

START_TEST(a_provisioned_container_has_exactly_three_directories)
{
	HOUSE(h);
	static const struct {
		int space, names;
		uint32_t mode;
	} cases[] = {{SPACE_TOP, 3, 0750}, {SPACE_INPUT, 0, 01770}, {SPACE_ASSETS, 0, 0750},
		{SPACE_LEDGER, 2, 0750}, {SPACE_LOG, 0, 0750}, {SPACE_JOURNAL, 0, 0750}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_stat st;
		int count = 0;

		ck_ok(h.ops->list(h.at, cases[i].space, "", house_count, &count, &h.fault),
			h.fault);
		ck_assert_int_eq(count, cases[i].names);
		ck_ok(h.ops->stat(h.at, cases[i].space, "", &st, &h.fault), h.fault);
		ck_assert_int_eq(st.type, STORE_DIR);
		ck_assert_uint_eq(st.mode & ~022u, cases[i].mode & ~022u);
	}
	house_end(&h);
}
END_TEST

START_TEST(provisioning_again_keeps_what_is_there)
{
	HOUSE(h);

	house_put(&h, SPACE_LOG, "tile/0/000", "hashes");
	ck_ok(tote__place_provision(
		      h.ctx, h.backend->name, house_location(&h), LAYOUT_CONTAINER, &h.fault),
		h.fault);
	house_holds(&h, SPACE_LOG, "tile/0/000", "hashes");
	house_end(&h);
}
END_TEST

START_TEST(an_orchestrator_has_its_own_spaces_and_no_others)
{
	struct house h;
	struct store_stat st;
	struct store_identity id;

	house_make(&h, _i, LAYOUT_ORCHESTRATOR);
	ck_ok(h.ops->stat(h.at, SPACE_KEYS, "", &st, &h.fault), h.fault);
	ck_assert_uint_eq(st.mode, 0700);
	ck_ok(h.ops->stat(h.at, SPACE_SEEN, "", &st, &h.fault), h.fault);
	ck_ok(h.ops->stat(h.at, SPACE_REPORTS, "", &st, &h.fault), h.fault);
	ck_ok(h.ops->stat(h.at, SPACE_INDEX, "", &st, &h.fault), h.fault);
	ck_fault(h.ops->stat(h.at, SPACE_ASSETS, "", &st, &h.fault), TOTE_E_UNSUPPORTED, h.fault);
	ck_fault(h.ops->stat(h.at, 77, "", &st, &h.fault), TOTE_E_ARGUMENT, h.fault);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->identity(h.at, &id, &h.fault), h.fault);
	ck_assert_uint_eq(id.count, 8);
	house_end(&h);
}
END_TEST

START_TEST(two_places_at_one_location_have_one_identity)
{
	HOUSE(h);
	struct place again, other;
	struct store_identity a, b, c;

	ck_ok(h.ops->identity(h.at, &a, &h.fault), h.fault);
	ck_assert_uint_eq(a.count, 6);
	ck_ok(tote__place_open(h.ctx, h.backend->name, house_location(&h), LAYOUT_CONTAINER, 0,
		      &again, &h.fault),
		h.fault);
	ck_ok(again.ops->identity(again.handle, &b, &h.fault), h.fault);
	ck_assert(memcmp(&a, &b, sizeof(a)) == 0);
	ck_ok(tote__place_provision(h.ctx, h.backend->name, scratch_path(&h.scratch, "o"),
		      LAYOUT_CONTAINER, &h.fault),
		h.fault);
	ck_ok(tote__place_open(h.ctx, h.backend->name, scratch_path(&h.scratch, "o"),
		      LAYOUT_CONTAINER, 0, &other, &h.fault),
		h.fault);
	ck_ok(other.ops->identity(other.handle, &c, &h.fault), h.fault);
	for (uint32_t i = 0; i < c.count; i++)
		for (uint32_t k = 0; k < a.count; k++)
			ck_assert(a.inode[k] != c.inode[i] || a.device[k] != c.device[i]);
	tote__place_close(&again);
	tote__place_close(&other);
	house_end(&h);
}
END_TEST

START_TEST(a_ledger_or_a_log_is_opened_by_itself)
{
	HOUSE(h);
	struct place alone = h.place;

	house_put(&h, SPACE_LOG, "checkpoint", "text");
	ck_ok(tote__place_open(h.ctx, h.backend->name, printed("%s/ledger", house_location(&h)),
		      LAYOUT_LEDGER, STORE_READ_ONLY, &alone, &h.fault),
		h.fault);
	ck_fault(alone.ops->put_new(alone.handle, SPACE_LOG, "x", "y", 1, &h.fault),
		TOTE_E_READ_ONLY, h.fault);
	ck_fault(alone.ops->lock_take(alone.handle, LOCK_BYTE_WRITE, 0, &h.fault), TOTE_E_READ_ONLY,
		h.fault);
	ck_fault(alone.ops->cell_swap(alone.handle, SPACE_LOG, "x", NULL, 0, "y", 1, 0, &h.fault),
		TOTE_E_READ_ONLY, h.fault);
	ck_fault(alone.ops->barrier(alone.handle, SPACE_LOG, &h.fault), TOTE_E_READ_ONLY, h.fault);
	ck_fault(alone.ops->journal_make(alone.handle, 0, "h", 1, 4096, &h.fault), TOTE_E_READ_ONLY,
		h.fault);
	tote__fault_clear(&h.fault);
	tote__place_close(&alone);
	ck_ok(tote__place_open(h.ctx, h.backend->name, printed("%s/ledger/log", house_location(&h)),
		      LAYOUT_LOG, STORE_READ_ONLY, &alone, &h.fault),
		h.fault);
	h.place.ops->close(h.place.handle);
	h.place.handle = alone.handle;
	house_holds(&h, SPACE_LOG, "checkpoint", "text");
	tote__heap_free(&h.ctx->heap, alone.location);
	house_end(&h);
}
END_TEST

/* --- objects ------------------------------------------------------------------------------------- */

START_TEST(an_object_is_written_once_and_read_back_in_pieces)
{
	HOUSE(h);
	struct store_stat st;
	void *object;
	char got[8];
	size_t len;

	house_put(&h, SPACE_LOG, "tile/entries/x001/234.p/7", "0123456789");
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	ck_ok(h.ops->object_open(
		      h.at, SPACE_LOG, "tile/entries/x001/234.p/7", 0, &object, &st, &h.fault),
		h.fault);
	ck_assert_uint_eq(st.size, 10);
	ck_assert_uint_eq(st.mode, 0444);
	ck_assert_uint_eq(st.links, 1);
	ck_assert_int_eq(st.type, STORE_FILE);
	ck_ok(h.ops->object_read(object, 6, got, sizeof(got), &len, NULL, &h.fault), h.fault);
	ck_assert_uint_eq(len, 4);
	ck_assert(memcmp(got, "6789", 4) == 0);
	ck_ok(h.ops->object_read(object, 10, got, sizeof(got), &len, NULL, &h.fault), h.fault);
	ck_assert_uint_eq(len, 0);
	h.ops->object_close(object);
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, "tile/entries/x001/234.p/7", "other", 5, &h.fault),
		TOTE_E_EXISTS, h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
	tote__fault_clear(&h.fault);
	house_holds(&h, SPACE_LOG, "tile/entries/x001/234.p/7", "0123456789");
	house_end(&h);
}
END_TEST

START_TEST(an_empty_object_is_an_object)
{
	HOUSE(h);

	house_put(&h, SPACE_LOG, "empty", "");
	house_holds(&h, SPACE_LOG, "empty", "");
	house_end(&h);
}
END_TEST

START_TEST(a_cell_takes_the_name_of_another_and_is_whole_under_one_of_them)
{
	HOUSE(h);
	struct buf out;

	tote__buf_init(&out, plain_heap(), 100);
	ck_fault(h.ops->cell_rename(h.at, SPACE_LOG, "new", "old", &h.fault), TOTE_E_NOT_FOUND,
		h.fault);
	ck_ok(h.ops->cell_swap(h.at, SPACE_LOG, "new", NULL, 0, "one", 3, 0, &h.fault), h.fault);
	ck_ok(h.ops->cell_rename(h.at, SPACE_LOG, "new", "old", &h.fault), h.fault);
	house_lacks(&h, SPACE_LOG, "new");
	ck_ok(h.ops->cell_swap(h.at, SPACE_LOG, "new", NULL, 0, "two", 3, 0, &h.fault), h.fault);
	ck_ok(h.ops->cell_rename(h.at, SPACE_LOG, "new", "old", &h.fault), h.fault);
	house_lacks(&h, SPACE_LOG, "new");
	ck_ok(h.ops->cell_read(h.at, SPACE_LOG, "old", &out, &h.fault), h.fault);
	ck_assert_uint_eq(out.len, 3);
	ck_assert_mem_eq(out.data, "two", 3);
	ck_ok(h.ops->cell_rename(h.at, SPACE_LOG, "old", "old", &h.fault), h.fault);
	ck_ok(h.ops->cell_sync(h.at, SPACE_LOG, "old", &h.fault), h.fault);
	ck_fault(h.ops->cell_rename(h.at, SPACE_LOG, "old", "../x", &h.fault), TOTE_E_GRAMMAR,
		h.fault);
	tote__buf_free(&out);
	house_end(&h);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	HOUSE(h);
	struct store_stat st;
	struct buf out;
	void *object;
	int count = 0;

	tote__buf_init(&out, plain_heap(), 100);
	house_lacks(&h, SPACE_ASSETS, "a");
	house_lacks(&h, SPACE_ASSETS, "a/b/c");
	ck_fault(h.ops->object_open(h.at, SPACE_ASSETS, "a/b", 0, &object, &st, &h.fault),
		TOTE_E_NOT_FOUND, h.fault);
	ck_fault(h.ops->list(h.at, SPACE_ASSETS, "a", house_count, &count, &h.fault),
		TOTE_E_NOT_FOUND, h.fault);
	ck_fault(h.ops->remove(h.at, SPACE_ASSETS, "a", &h.fault), TOTE_E_NOT_FOUND, h.fault);
	ck_fault(h.ops->sync_object(h.at, SPACE_ASSETS, "a", &h.fault), TOTE_E_NOT_FOUND, h.fault);
	ck_fault(h.ops->cell_read(h.at, SPACE_LOG, "checkpoint", &out, &h.fault), TOTE_E_NOT_FOUND,
		h.fault);
	ck_fault(h.ops->cell_sync(h.at, SPACE_LOG, "checkpoint", &h.fault), TOTE_E_NOT_FOUND,
		h.fault);
	ck_fault(h.ops->publish(h.at, 5, "a", &h.fault), TOTE_E_NOT_FOUND, h.fault);
	ck_fault(h.ops->discard(h.at, 5, &h.fault), TOTE_E_NOT_FOUND, h.fault);
	ck_fault(h.ops->journal_remove(h.at, 5, &h.fault), TOTE_E_NOT_FOUND, h.fault);
	tote__buf_free(&out);
	house_end(&h);
}
END_TEST

static const char *const bad_names[] = {
	"..", ".", "/abs", "a/../b", "a/./b", "a//b", "a/", "/", "../x", "a/..", "./a"};

START_TEST(a_name_never_leads_out_of_its_space)
{
	HOUSE(h);
	struct store_stat st;
	void *object;
	int count = 0;

	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		const char *name = bad_names[i];
		struct tote_fault *f = &h.fault;
		struct buf out;

		tote__buf_init(&out, plain_heap(), 100);
		ck_fault(h.ops->stat(h.at, SPACE_LOG, name, &st, f), TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->list(h.at, SPACE_LOG, name, house_count, &count, f), TOTE_E_GRAMMAR,
			*f);
		ck_fault(h.ops->object_open(h.at, SPACE_LOG, name, 0, &object, &st, f),
			TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->put_new(h.at, SPACE_LOG, name, "x", 1, f), TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->remove(h.at, SPACE_ASSETS, name, f), TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->sync_object(h.at, SPACE_LOG, name, f), TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->cell_read(h.at, SPACE_LOG, name, &out, f), TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->cell_swap(h.at, SPACE_LOG, name, NULL, 0, "x", 1, 0, f),
			TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->make_parents(h.at, name, f), TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->publish(h.at, 0, name, f), TOTE_E_GRAMMAR, *f);
		ck_fault(h.ops->sync_parents(h.at, &name, 1, f), TOTE_E_GRAMMAR, *f);
	}
	house_end(&h);
}
END_TEST

START_TEST(names_go_up_to_4095_bytes_of_components_up_to_255)
{
	HOUSE(h);
	char name[4200];
	size_t len = 0;

	while (len < 4095 - 256) {
		memset(name + len, 'n', 255);
		name[len + 255] = '/';
		len += 256;
	}
	memset(name + len, 'x', 4095 - len);
	name[4095] = '\0';
	house_put(&h, SPACE_LOG, name, "far down");
	house_holds(&h, SPACE_LOG, name, "far down");
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	ck_ok(h.ops->remove(h.at, SPACE_LOG, name, &h.fault), h.fault);
	house_lacks(&h, SPACE_LOG, name);
	name[4000] = '/'; /* or its last component would be too long, and not the whole */
	name[4095] = 'x';
	name[4096] = '\0';
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, name, "x", 1, &h.fault), TOTE_E_GRAMMAR, h.fault);
	memset(name, 'y', 256);
	name[256] = '\0';
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, name, "x", 1, &h.fault), TOTE_E_GRAMMAR, h.fault);
	house_end(&h);
}
END_TEST

START_TEST(spaces_that_are_only_listed_take_no_object)
{
	HOUSE(h);
	static const int spaces[] = {SPACE_TOP, SPACE_LEDGER, SPACE_JOURNAL};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		ck_fault(h.ops->put_new(h.at, spaces[i], "x", "y", 1, &h.fault), TOTE_E_ARGUMENT,
			h.fault);
		ck_fault(h.ops->cell_swap(h.at, spaces[i], "x", NULL, 0, "y", 1, 0, &h.fault),
			TOTE_E_ARGUMENT, h.fault);
		ck_fault(h.ops->remove(h.at, spaces[i], "x", &h.fault), TOTE_E_ARGUMENT, h.fault);
	}
	house_end(&h);
}
END_TEST

START_TEST(a_file_in_the_way_of_a_directory_is_untrusted)
{
	HOUSE(h);
	struct store_stat st;
	int count = 0;

	house_put(&h, SPACE_LOG, "tile", "a file");
	ck_fault(h.ops->stat(h.at, SPACE_LOG, "tile/0", &st, &h.fault), TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, "tile/0", "x", 1, &h.fault), TOTE_E_UNTRUSTED,
		h.fault);
	ck_fault(h.ops->list(h.at, SPACE_LOG, "tile", house_count, &count, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	house_end(&h);
}
END_TEST

START_TEST(a_directory_is_no_object)
{
	HOUSE(h);
	struct store_stat st;
	struct buf out;
	void *object;

	tote__buf_init(&out, plain_heap(), 100);
	house_put(&h, SPACE_LOG, "tile/0", "x");
	ck_fault(h.ops->object_open(h.at, SPACE_LOG, "tile", 0, &object, &st, &h.fault),
		TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->cell_read(h.at, SPACE_LOG, "tile", &out, &h.fault), TOTE_E_UNTRUSTED,
		h.fault);
	ck_fault(h.ops->remove(h.at, SPACE_LOG, "tile", &h.fault), TOTE_E_UNTRUSTED, h.fault);
	ck_fault(h.ops->put_new(h.at, SPACE_LOG, "tile", "x", 1, &h.fault), TOTE_E_EXISTS, h.fault);
	house_end(&h);
}
END_TEST

START_TEST(get_stops_at_the_bound_of_its_buffer)
{
	HOUSE(h);
	struct buf out;

	house_put(&h, SPACE_LOG, "ten", "0123456789");
	tote__buf_init(&out, plain_heap(), 12);
	tote__buf_puts(&out, "ab");
	ck_ok(tote__store_get(&h.place, SPACE_LOG, "ten", 0, &out, NULL, &h.fault), h.fault);
	ck_assert_uint_eq(out.len, 12);
	ck_assert(memcmp(out.data, "ab0123456789", 12) == 0);
	tote__buf_free(&out);
	tote__buf_init(&out, plain_heap(), 9);
	ck_fault(tote__store_get(&h.place, SPACE_LOG, "ten", 0, &out, NULL, &h.fault),
		TOTE_E_TOO_LARGE, h.fault);
	ck_assert_uint_eq(out.len, 0);
	tote__buf_free(&out);
	house_end(&h);
}
END_TEST

START_TEST(a_large_object_comes_back_whole_with_and_without_the_cache)
{
	HOUSE(h);
	const size_t len = 3 * 1024 * 1024 + 17;
	char *data = malloc(len);
	struct buf out;
	int cached;

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 31 + i / 4096);
	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "large", data, len, &h.fault), h.fault);
	for (uint32_t flags = 0; flags <= STORE_UNCACHED; flags += STORE_UNCACHED) {
		tote__buf_init(&out, plain_heap(), len);
		cached = -1;
		ck_ok(tote__store_get(&h.place, SPACE_LOG, "large", flags, &out, &cached, &h.fault),
			h.fault);
		ck_assert_uint_eq(out.len, len);
		ck_assert(memcmp(out.data, data, len) == 0);
		ck_assert_int_ge(cached, 0);
		if (flags == 0)
			ck_assert_int_eq(cached, 0);
		tote__buf_free(&out);
	}
	free(data);
	house_end(&h);
}
END_TEST

START_TEST(an_uncached_read_begins_and_ends_anywhere)
{
	HOUSE(h);
	char data[10000], got[10000];
	struct store_stat st;
	void *object;
	size_t len;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 256);
	ck_ok(h.ops->put_new(h.at, SPACE_LOG, "d", data, sizeof(data), &h.fault), h.fault);
	ck_ok(h.ops->object_open(h.at, SPACE_LOG, "d", STORE_UNCACHED, &object, &st, &h.fault),
		h.fault);
	for (size_t from = 0; from <= sizeof(data); from += 499) {
		for (size_t want = 1; from + want <= sizeof(data) + 600; want += 997) {
			size_t right = from + want > sizeof(data) ? sizeof(data) - from : want;

			ck_ok(h.ops->object_read(object, from, got, want, &len, NULL, &h.fault),
				h.fault);
			ck_assert_uint_eq(len, right);
			ck_assert(memcmp(got, data + from, len) == 0);
		}
	}
	h.ops->object_close(object);
	house_end(&h);
}
END_TEST

START_TEST(removing_frees_the_name_and_spares_who_has_it_open)
{
	HOUSE(h);
	struct store_stat st;
	void *object;
	char got[3];
	size_t len;

	house_put(&h, SPACE_LOG, "tile/0/000.p/5", "old");
	ck_ok(h.ops->object_open(h.at, SPACE_LOG, "tile/0/000.p/5", 0, &object, &st, &h.fault),
		h.fault);
	ck_ok(h.ops->remove(h.at, SPACE_LOG, "tile/0/000.p/5", &h.fault), h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	house_lacks(&h, SPACE_LOG, "tile/0/000.p/5");
	ck_ok(h.ops->object_read(object, 0, got, 3, &len, NULL, &h.fault), h.fault);
	ck_assert_uint_eq(len, 3);
	h.ops->object_close(object);
	house_put(&h, SPACE_LOG, "tile/0/000.p/5", "new");
	house_holds(&h, SPACE_LOG, "tile/0/000.p/5", "new");
	house_end(&h);
}
END_TEST

START_TEST(what_was_found_in_place_is_synced_on_request)
{
	HOUSE(h);

	house_put(&h, SPACE_LOG, "tile/0/000", "x");
	house_reopen(&h);
	ck_ok(h.ops->sync_object(h.at, SPACE_LOG, "tile/0/000", &h.fault), h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	ck_fault(
		h.ops->sync_object(h.at, SPACE_LOG, "tile/0", &h.fault), TOTE_E_UNTRUSTED, h.fault);
	house_end(&h);
}
END_TEST

static int stop_at_second(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	(void)name, (void)st;
	if (++*(int *)user < 2)
		return 0;
	return tote__fault(fault, TOTE_E_CANCELLED, "stopped");
}

START_TEST(a_listing_shows_every_name_and_stops_when_told)
{
	HOUSE(h);
	int count = 0;

	for (int i = 0; i < 300; i++)
		house_put(&h, SPACE_LOG, printed("many/name-%d", i), "x");
	ck_ok(h.ops->list(h.at, SPACE_LOG, "many", house_count, &count, &h.fault), h.fault);
	ck_assert_int_eq(count, 300);
	count = 0;
	ck_fault(h.ops->list(h.at, SPACE_LOG, "many", stop_at_second, &count, &h.fault),
		TOTE_E_CANCELLED, h.fault);
	ck_assert_int_eq(count, 2);
	house_end(&h);
}
END_TEST

static int look_again(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct house *h = user;
	struct store_stat again;

	(void)fault;
	ck_ok(h->ops->stat(h->at, SPACE_LOG, name, &again, &h->fault), h->fault);
	ck_assert_uint_eq(again.inode, st->inode);
	return 0;
}

START_TEST(a_listing_may_use_its_place)
{
	HOUSE(h);
	struct tote_fault fault = {0};

	house_put(&h, SPACE_LOG, "a", "x");
	house_put(&h, SPACE_LOG, "b", "x");
	ck_ok(h.ops->list(h.at, SPACE_LOG, "", look_again, &h, &fault), fault);
	house_end(&h);
}
END_TEST

START_TEST(everything_is_there_again_after_close_and_open)
{
	HOUSE(h);

	house_put(&h, SPACE_LOG, "tile/0/000", "x");
	ck_ok(h.ops->cell_swap(h.at, SPACE_LOG, "checkpoint", NULL, 0, "cp", 2, 0, &h.fault),
		h.fault);
	ck_ok(h.ops->journal_make(h.at, 9, "head", 4, 8192, &h.fault), h.fault);
	house_reopen(&h);
	house_holds(&h, SPACE_LOG, "tile/0/000", "x");
	house_holds(&h, SPACE_LOG, "checkpoint", "cp");
	house_end(&h);
}
END_TEST

Suite *conformance_suite(void)
{
	const TTest *const tests[] = {a_place_that_nobody_made_is_not_found,
		an_unknown_backend_is_unsupported,
		a_provisioned_container_has_exactly_three_directories,
		provisioning_again_keeps_what_is_there,
		an_orchestrator_has_its_own_spaces_and_no_others,
		two_places_at_one_location_have_one_identity, a_ledger_or_a_log_is_opened_by_itself,
		an_object_is_written_once_and_read_back_in_pieces, an_empty_object_is_an_object,
		a_cell_takes_the_name_of_another_and_is_whole_under_one_of_them,
		what_is_not_there_is_not_found, a_name_never_leads_out_of_its_space,
		names_go_up_to_4095_bytes_of_components_up_to_255,
		spaces_that_are_only_listed_take_no_object,
		a_file_in_the_way_of_a_directory_is_untrusted, a_directory_is_no_object,
		get_stops_at_the_bound_of_its_buffer,
		a_large_object_comes_back_whole_with_and_without_the_cache,
		an_uncached_read_begins_and_ends_anywhere,
		removing_frees_the_name_and_spares_who_has_it_open,
		what_was_found_in_place_is_synced_on_request,
		a_listing_shows_every_name_and_stops_when_told, a_listing_may_use_its_place,
		everything_is_there_again_after_close_and_open};
	Suite *s = suite_create("store/conformance");
	TCase *tc = tcase_create("every backend");

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, HOUSE_BACKENDS);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}
