/* SPDX-License-Identifier: ISC */
/*
 * Many small objects read at once: each is what it is alone, whatever part of it the kernel refuses.
 */
#include "store/posix_house.h"
#include <linux/magic.h>

#define BLOCK 4096
#define CAP   ((size_t)20 * BLOCK)

static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 65536, 70000, 81920, 5, 4096, 4096, 17,
	100, 4096, 12288, 3, 4096, 4096, 20};

#define FILES (sizeof(sizes) / sizeof(sizes[0]))

/* Behind the files of these sizes: what is none. */
enum { ABSENT = FILES, LINK, DIRECTORY, READS };

static struct kernel kernel;
static struct {
	struct house h;
	uint8_t *room;
	char names[READS][16];
	struct store_read reads[READS];
} m;

static uint8_t byte_of(size_t file, size_t at)
{
	return (uint8_t)(file * 31 + at % 251);
}

static void make_file(size_t i)
{
	uint8_t *bytes = malloc(sizes[i] + 1);

	for (size_t at = 0; at < sizes[i]; at++)
		bytes[at] = byte_of(i, at);
	ck_ok(m.h.ops->put_new(m.h.at, SPACE_ASSETS, m.names[i], bytes, sizes[i], &m.h.fault),
		m.h.fault);
	free(bytes);
}

static void setup(void)
{
	memset(&m, 0, sizeof(m));
	posix_house_make(&m.h);
	kernel = *faulty_kernel();
	ck_ok(tote__posix_kernel_set(m.h.ctx, &kernel, &m.h.fault), m.h.fault);
	m.room = aligned_alloc(BLOCK, READS * CAP);
	for (size_t i = 0; i < READS; i++)
		snprintf(m.names[i], sizeof(m.names[i]), "d/%zu", i);
	for (size_t i = 0; i < FILES; i++)
		make_file(i);
	ck_assert_int_eq(symlink("0", IN(m.h, "assets/d/%d", LINK)), 0);
	directory_make(IN(m.h, "assets/d/%d", DIRECTORY));
}

static void teardown(void)
{
	free(m.room);
	house_end(&m.h);
}

static void read_all(uint32_t flags)
{
	int before = open_descriptors();

	memset(m.room, 0xEE, READS * CAP);
	for (size_t i = 0; i < READS; i++)
		m.reads[i] = (struct store_read){
			.name = m.names[i], .out = m.room + i * CAP, .cap = CAP, .code = 1};
	ck_ok(m.h.ops->read_many(m.h.at, SPACE_ASSETS, flags, m.reads, READS, &m.h.fault),
		m.h.fault);
	ck_assert_int_eq(open_descriptors(), before);
}

static int is_its_own(size_t i)
{
	for (size_t at = 0; at < sizes[i]; at++)
		if (m.room[i * CAP + at] != byte_of(i, at))
			return 0;
	return 1;
}

static void each_is_what_it_is(void)
{
	for (size_t i = 0; i < FILES; i++) {
		ck_assert_int_eq(m.reads[i].code, 0);
		ck_assert_uint_eq(m.reads[i].st.size, sizes[i]);
		ck_assert_uint_eq(m.reads[i].len, sizes[i]);
		ck_assert_msg(is_its_own(i), "%zu", i);
	}
	ck_assert_int_eq(m.reads[ABSENT].code, TOTE_E_NOT_FOUND);
	ck_assert_int_eq(m.reads[LINK].code, TOTE_E_UNTRUSTED);
	ck_assert_int_eq(m.reads[DIRECTORY].code, TOTE_E_UNTRUSTED);
}

static int cached(void)
{
	int count = 0;

	for (size_t i = 0; i < FILES; i++)
		count += m.reads[i].cached;
	return count;
}

static int no_medium(int fd, struct statfs *out)
{
	int rc = tote__kernel()->fstatfs(fd, out);

	out->f_type = TMPFS_MAGIC;
	return rc;
}

START_TEST(each_of_many_objects_is_read_as_it_is_alone)
{
	const struct kernel *disk_kernel = faulty_kernel();

	for (int disk = 0; disk < 2; disk++)
		for (uint32_t flags = 0; flags <= STORE_UNCACHED; flags++) {
			faulty_pretend_disk(1);
			kernel.fstatfs = disk ? disk_kernel->fstatfs : no_medium;
			read_all(flags);
			each_is_what_it_is();
			/* the empty one has nothing that could come from anywhere */
			ck_assert_int_eq(cached(), flags && !disk ? (int)FILES - 1 : 0);
		}
}
END_TEST

START_TEST(memory_that_lies_anywhere_is_refused)
{
	struct store_read odd = {.name = "d/1", .out = m.room + 1, .cap = CAP};

	ck_fault(m.h.ops->read_many(m.h.at, SPACE_ASSETS, 0, &odd, 1, &m.h.fault), TOTE_E_ARGUMENT,
		m.h.fault);
	odd = (struct store_read){.name = "d/1", .out = m.room, .cap = CAP + 1};
	ck_fault(m.h.ops->read_many(m.h.at, SPACE_ASSETS, 0, &odd, 1, &m.h.fault), TOTE_E_ARGUMENT,
		m.h.fault);
}
END_TEST

START_TEST(more_than_the_room_is_not_read_and_its_size_says_so)
{
	struct store_read r = {.name = m.names[7], .out = m.room, .cap = BLOCK};

	for (uint32_t flags = 0; flags <= STORE_UNCACHED; flags++) {
		memset(m.room, 0xEE, 2 * BLOCK);
		faulty_pretend_disk(1);
		ck_ok(m.h.ops->read_many(m.h.at, SPACE_ASSETS, flags, &r, 1, &m.h.fault),
			m.h.fault);
		ck_assert_int_eq(r.code, 0);
		ck_assert_uint_eq(r.len, BLOCK);
		ck_assert_uint_eq(r.st.size, sizes[7]);
		ck_assert_uint_eq(m.room[BLOCK], 0xEE);
	}
}
END_TEST

/* --- what the kernel refuses ---------------------------------------------------------------- */

static int submitted, waited;

static int no_setup(unsigned int events, aio_context_t *ret)
{
	(void)events, (void)ret;
	errno = EAGAIN;
	return -1;
}

static int submit_none(aio_context_t ctx, long count, struct iocb **asked)
{
	(void)ctx, (void)count, (void)asked;
	submitted++;
	errno = EAGAIN;
	return -1;
}

/* After a signal one at a time, and the third of each not at all. */
static int submit_one(aio_context_t ctx, long count, struct iocb **asked)
{
	(void)count;
	submitted++;
	errno = submitted % 3 == 1 ? EINTR : EINVAL;
	return submitted % 3 == 2 ? tote__kernel()->aio_submit(ctx, 1, asked) : -1;
}

static int wait_by_pieces(aio_context_t ctx, long least, long most, struct io_event *out)
{
	(void)least, (void)most;
	errno = EINTR;
	return waited++ % 2 ? tote__kernel()->aio_wait(ctx, 1, 1, out) : -1;
}

static int wait_never(aio_context_t ctx, long least, long most, struct io_event *out)
{
	(void)ctx, (void)least, (void)most, (void)out;
	waited++;
	errno = EFAULT;
	return -1;
}

static int all_einval(aio_context_t ctx, long least, long most, struct io_event *out)
{
	int n = tote__kernel()->aio_wait(ctx, least, most, out);

	for (int i = 0; i < n; i++)
		out[i].res = -EINVAL;
	return n;
}

static int all_eio(aio_context_t ctx, long least, long most, struct io_event *out)
{
	int n = tote__kernel()->aio_wait(ctx, least, most, out);

	for (int i = 0; i < n; i++)
		out[i].res = -EIO;
	return n;
}

static void with(int (*submit)(aio_context_t, long, struct iocb **),
	int (*wait)(aio_context_t, long, long, struct io_event *))
{
	faulty_pretend_disk(1);
	kernel.aio_submit = submit ? submit : tote__kernel()->aio_submit;
	kernel.aio_wait = wait ? wait : tote__kernel()->aio_wait;
	submitted = waited = 0;
	read_all(STORE_UNCACHED);
}

START_TEST(whatever_asynchronous_reading_refuses_all_is_read)
{
	with(submit_none, NULL);
	ck_assert_int_gt(submitted, 0);
	each_is_what_it_is();
	with(submit_one, NULL);
	each_is_what_it_is();
	with(NULL, wait_by_pieces);
	ck_assert_int_gt(waited, 2);
	each_is_what_it_is();
	with(NULL, wait_never);
	ck_assert_int_gt(waited, 0);
	each_is_what_it_is();
	with(NULL, NULL);
	each_is_what_it_is();
	ck_assert_int_eq(cached(), 0);
}
END_TEST

START_TEST(a_kernel_without_asynchronous_reading_reads_all_as_well)
{
	kernel.aio_setup = no_setup;
	with(NULL, NULL);
	each_is_what_it_is();
	kernel.aio_setup = NULL;
	with(NULL, NULL);
	each_is_what_it_is();
	ck_assert_int_eq(cached(), 0);
}
END_TEST

START_TEST(what_cannot_go_past_the_cache_is_read_and_called_cached)
{
	with(NULL, all_einval);
	each_is_what_it_is();
	ck_assert_int_eq(cached(), (int)FILES - 1);
	faulty_fail(CALL_SETFL, 0, FOREVER, EINVAL);
	with(NULL, NULL);
	each_is_what_it_is();
	ck_assert_int_eq(cached(), (int)FILES - 1);
}
END_TEST

START_TEST(an_object_that_cannot_be_read_says_so_and_the_others_are_read)
{
	int failed = 0;

	with(NULL, all_eio);
	for (size_t i = 1; i < FILES; i++)
		ck_assert_int_eq(m.reads[i].code, TOTE_E_IO);
	ck_assert_int_eq(m.reads[0].code, 0);
	faulty_fail(CALL_PREAD, 3, 1, EIO);
	with(submit_none, NULL);
	for (size_t i = 0; i < FILES; i++)
		failed += m.reads[i].code == TOTE_E_IO;
	ck_assert_int_eq(failed, 1);
}
END_TEST

/* A device is read by blocks: what is behind the end of an object is nobody's byte. */
START_TEST(an_object_past_the_cache_ends_where_it_ends_wherever_reading_begins)
{
	static const size_t at[] = {
		0, 1, 4095, 4096, 4097, 65536, 69990, 69999, 70000, 70001, 90000};
	const size_t file = 7, size = sizes[7];
	uint8_t out[100];
	struct store_stat st;
	void *object;

	faulty_pretend_disk(1);
	ck_ok(m.h.ops->object_open(m.h.at, SPACE_ASSETS, m.names[file], STORE_UNCACHED, &object,
		      &st, &m.h.fault),
		m.h.fault);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		const size_t left = at[i] < size ? size - at[i] : 0;
		size_t len = 999;
		int cached = 1;

		ck_ok(m.h.ops->object_read(
			      object, at[i], out, sizeof(out), &len, &cached, &m.h.fault),
			m.h.fault);
		ck_assert_uint_eq(len, left < sizeof(out) ? left : sizeof(out));
		for (size_t k = 0; k < len; k++)
			ck_assert_uint_eq(out[k], byte_of(file, at[i] + k));
		ck_assert_int_eq(cached, 0);
	}
	m.h.ops->object_close(object);
}
END_TEST

Suite *many_suite(void)
{
	Suite *s = suite_create("store/many");
	TCase *t = tcase_create("many");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_of_many_objects_is_read_as_it_is_alone);
	tcase_add_test(t, memory_that_lies_anywhere_is_refused);
	tcase_add_test(t, more_than_the_room_is_not_read_and_its_size_says_so);
	tcase_add_test(t, whatever_asynchronous_reading_refuses_all_is_read);
	tcase_add_test(t, a_kernel_without_asynchronous_reading_reads_all_as_well);
	tcase_add_test(t, what_cannot_go_past_the_cache_is_read_and_called_cached);
	tcase_add_test(t, an_object_that_cannot_be_read_says_so_and_the_others_are_read);
	tcase_add_test(t, an_object_past_the_cache_ends_where_it_ends_wherever_reading_begins);
	suite_add_tcase(s, t);
	return s;
}
