/* SPDX-License-Identifier: ISC */
/*
 * Scratch directories, a heap that fails on demand, a frozen clock, and bytes as hex.
 */
#include "support/support.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

/* Eight results of printed(), scratch_path() and to_hex() are alive at a time. */
static char *next_buffer(size_t *ret_cap)
{
	static char buffers[8][8192];
	static unsigned turn;

	*ret_cap = sizeof(buffers[0]);
	return buffers[turn++ % 8];
}

static const char *print_to_next(const char *prefix, const char *fmt, va_list args)
{
	size_t cap;
	char *out = next_buffer(&cap);
	size_t used = strlen(prefix);
	int n;

	ck_assert_uint_lt(used, cap);
	memcpy(out, prefix, used);
	n = vsnprintf(out + used, cap - used, fmt, args);
	ck_assert_int_ge(n, 0);
	ck_assert_uint_lt((size_t)n, cap - used);
	return out;
}

const char *printed(const char *fmt, ...)
{
	va_list args;
	const char *out;

	va_start(args, fmt);
	out = print_to_next("", fmt, args);
	va_end(args);
	return out;
}

void scratch_make(struct scratch *s)
{
	const char *base = getenv("TMPDIR");

	if (!base || !*base || strlen(base) > 200)
		base = "/tmp";
	snprintf(s->path, sizeof(s->path), "%s/toteborch-test-XXXXXX", base);
	ck_assert_msg(mkdtemp(s->path) != NULL, "mkdtemp %s: %s", s->path, strerror(errno));
}

/* A directory without write permission does not let go of its names. */
static int open_directory(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, (st->st_mode & 07777) | 0700);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void scratch_remove(struct scratch *s)
{
	if (!s->path[0])
		return;
	nftw(s->path, open_directory, 16, FTW_PHYS);
	ck_assert_msg(nftw(s->path, remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0, "remove %s: %s",
		s->path, strerror(errno));
	s->path[0] = '\0';
}

const char *scratch_path(const struct scratch *s, const char *fmt, ...)
{
	char prefix[sizeof(s->path) + 1];
	va_list args;
	const char *out;

	snprintf(prefix, sizeof(prefix), "%s/", s->path);
	va_start(args, fmt);
	out = print_to_next(prefix, fmt, args);
	va_end(args);
	return out;
}

void file_write(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_uint_eq(len ? fwrite(data, 1, len, f) : 0, len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0644), 0);
}

uint8_t *file_read(const char *path, size_t *ret_len)
{
	size_t size = (size_t)file_size(path);
	uint8_t *data = malloc(size + 1);
	FILE *f = fopen(path, "rb");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_ptr_nonnull(data);
	ck_assert_uint_eq(fread(data, 1, size, f), size);
	ck_assert_int_eq(fclose(f), 0);
	data[size] = 0;
	if (ret_len)
		*ret_len = size;
	return data;
}

int file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int64_t file_size(const char *path)
{
	struct stat st;

	ck_assert_msg(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return (int64_t)st.st_size;
}

/* Opens a file whatever its mode forbids, and leaves the mode as it was. */
static int open_sealed(const char *path)
{
	struct stat st;
	int fd;

	ck_assert_msg(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(chmod(path, (st.st_mode & 07777) | 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(fchmod(fd, st.st_mode & 07777), 0);
	return fd;
}

void file_flip(const char *path, size_t offset, uint8_t mask)
{
	int fd = open_sealed(path);
	uint8_t c;

	ck_assert_int_eq(pread(fd, &c, 1, (off_t)offset), 1);
	c = (uint8_t)(c ^ mask);
	ck_assert_int_eq(pwrite(fd, &c, 1, (off_t)offset), 1);
	ck_assert_int_eq(close(fd), 0);
}

void file_truncate(const char *path, size_t len)
{
	int fd = open_sealed(path);

	ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
	ck_assert_int_eq(close(fd), 0);
}

void directory_make(const char *path)
{
	ck_assert_msg(mkdir(path, 0755) == 0, "mkdir %s: %s", path, strerror(errno));
}

/* An allocator is called by several threads at once, also by those of an audit's step. */
static pthread_mutex_t failing_mutex = PTHREAD_MUTEX_INITIALIZER;

static int failing_now(struct failing *f)
{
	if (f->fail_at > 0)
		f->fail_at--;
	else if (f->fail_at == 0) {
		f->fired = 1;
		if (f->once)
			f->fail_at = -1;
		return 1;
	}
	return 0;
}

static void *failing_resize(void *user, void *block, size_t bytes)
{
	struct failing *f = user;
	void *moved = NULL;

	pthread_mutex_lock(&failing_mutex);
	if (!failing_now(f)) {
		moved = realloc(block, bytes);
		ck_assert_ptr_nonnull(moved);
		f->live += !block;
	}
	pthread_mutex_unlock(&failing_mutex);
	return moved;
}

static void failing_release(void *user, void *block)
{
	struct failing *f = user;

	if (!block)
		return;
	pthread_mutex_lock(&failing_mutex);
	free(block);
	f->live--;
	pthread_mutex_unlock(&failing_mutex);
}

struct tote_allocator failing_allocator(struct failing *f)
{
	struct tote_allocator a = {
		.size = sizeof(a), .user = f, .resize = failing_resize, .release = failing_release};

	return a;
}

struct heap failing_heap(struct failing *f)
{
	struct tote_allocator a = failing_allocator(f);
	struct heap heap;

	tote__heap_init(&heap, &a);
	return heap;
}

static void *plain_resize(void *user, void *block, size_t bytes)
{
	(void)user;
	return realloc(block, bytes);
}

static void plain_release(void *user, void *block)
{
	(void)user;
	free(block);
}

const struct heap *plain_heap(void)
{
	static const struct heap heap = {NULL, plain_resize, plain_release};

	return &heap;
}

static int64_t frozen_wall(void *user)
{
	return ((struct frozen_clock *)user)->wall;
}

static int64_t frozen_monotonic(void *user)
{
	return ((struct frozen_clock *)user)->monotonic;
}

struct tote_clock frozen_clock_source(struct frozen_clock *clock)
{
	struct tote_clock source = {.size = sizeof(source),
		.user = clock,
		.wall = frozen_wall,
		.monotonic = frozen_monotonic};

	return source;
}

tote_ctx *support_ctx(struct frozen_clock *clock, struct failing *memory)
{
	struct tote_ctx_options options;
	struct tote_allocator allocator;
	struct tote_clock source;
	struct tote_fault fault;
	tote_ctx *ctx;

	ck_ok(tote_ctx_options_init(&options, sizeof(options), &fault), fault);
	if (clock) {
		source = frozen_clock_source(clock);
		options.clock = &source;
	}
	if (memory) {
		allocator = failing_allocator(memory);
		options.allocator = &allocator;
	}
	ck_ok(tote_ctx_new(&options, &ctx, &fault), fault);
	return ctx;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	ck_assert_msg(at != NULL, "not a hex digit: %c", c);
	return (int)(at - digits);
}

size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	ck_assert_uint_eq(strlen(hex) % 2, 0);
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	return n;
}

const char *to_hex(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t cap;
	char *out = next_buffer(&cap);

	ck_assert_uint_lt(2 * len, cap);
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	out[2 * len] = '\0';
	return out;
}

void fault_is_zero(const struct tote_fault *fault)
{
	static const struct tote_fault zero;

	ck_assert_msg(memcmp(fault, &zero, sizeof(zero)) == 0, "a fault was left behind: %s: %s",
		tote_error_name(fault->code), fault->text);
}

void child_asserts_nothing(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct stat st;

	for (int fd = 3; fd < 256; fd++)
		if (fd != null && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			dup2(null, fd);
	close(null);
}
