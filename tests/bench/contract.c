/* SPDX-License-Identifier: ISC */
/*
 * The calls of an append and of 8 processes that append, as FORMAT section 5 has them.
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LINE_LENGTH 120

static void must(int done, const char *what)
{
	if (!done)
		die("%s: %s", what, strerror(errno));
}

void contract_make(
	struct contract *contract, const struct bench *bench, const char *name, size_t entry)
{
	char path[2 * PATH_LENGTH], line[LINE_LENGTH];
	int lock;

	memset(contract, 0, sizeof(*contract));
	contract->entry = entry;
	contract->segment = -1;
	bench_path(bench, contract->directory, name);
	must(mkdir(contract->directory, 0700) == 0, contract->directory);
	snprintf(path, sizeof(path), "%s/group", name);
	bare_make(&contract->group, bench, path, BLOCK);
	snprintf(path, sizeof(path), "%s/log", contract->directory);
	must(mkdir(path, 0700) == 0, path);
	contract->log = open(path, O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "%s/lock", contract->directory);
	lock = open(path, O_RDWR | O_CREAT, 0600);
	memset(line, 'l', sizeof(line));
	must(pwrite(lock, line, sizeof(line), 0) == LINE_LENGTH, path);
	close(lock);
}

static void set_byte(int fd, off_t at, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	must(fcntl(fd, F_OFD_SETLK, &lock) == 0, "lock");
}

/* Nobody takes his turn, or ends it, without asking who waits: that is what keeps the order. */
static void ask_who_waits(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = BLOCK};

	must(fcntl(fd, F_OFD_GETLK, &lock) == 0, "ask");
}

/* Whether the file of that name still is what was opened: a fold removes, a restore replaces. */
static void look(const struct contract *contract, const char *name)
{
	char path[2 * PATH_LENGTH];
	struct statx st;

	snprintf(path, sizeof(path), "%s%s", contract->directory, name);
	/* who asks for the times makes the next write store them */
	must(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_NLINK | STATX_INO,
		     &st) == 0,
		path);
}

/*
 * The lock is opened for each append: a description that were kept would be a forked child's too,
 * and with it the lock of a parent that was killed.
 */
static int open_lock(const struct contract *contract)
{
	char path[2 * PATH_LENGTH];
	int lock;

	snprintf(path, sizeof(path), "%s/lock", contract->directory);
	lock = open(path, O_RDWR | O_CLOEXEC);
	must(lock >= 0, path);
	ask_who_waits(lock);
	return lock;
}

static void append_at(struct contract *contract, int lock, size_t at)
{
	struct bare *group = &contract->group;
	char line[LINE_LENGTH];

	look(contract, "/lock");
	must(pread(lock, line, sizeof(line), 0) == LINE_LENGTH, "line");
	look(contract, "/group");
	must(pwrite(lock, line, sizeof(line), 0) == LINE_LENGTH, "busy");
	must(pwrite(group->fd, group->bytes, BLOCK, (off_t)at) == BLOCK, "group");
	must(fdatasync(group->fd) == 0, "sync");
	must(pwrite(lock, line, sizeof(line), 0) == LINE_LENGTH, "idle");
	set_byte(lock, 0, F_UNLCK);
	ask_who_waits(lock);
}

void contract_append(void *state, double value[MEASURES])
{
	struct contract *contract = state;
	struct bare *group = &contract->group;
	double began = now();
	size_t i;

	for (i = 0; i < contract->count; i++) {
		const int lock = open_lock(contract);

		set_byte(lock, 0, F_WRLCK);
		append_at(contract, lock, group->at);
		close(lock);
		group->at = (group->at + BLOCK) % group->size;
	}
	value[0] = (double)contract->count / (now() - began);
}

/* ---- processes ---- */

/* What the processes share; a place has a word of its own, to be called by. */
struct turns {
	size_t at; /* the newest group; changed under the lock */
	_Atomic uint32_t asked, served;
	_Atomic uint32_t word[PROCESSES];
};

struct crowd {
	struct contract *contract;
	struct turns *turns;
};

static void *crowd_open(void *shared, size_t number)
{
	(void)number;
	return shared;
}

/*
 * F_OFD_SETLKW wakes all who wait and cannot be given a limit: who waits in order, and no longer
 * than he likes, has a place, sleeps, is called, and asks whether anybody is ahead of him.
 */
static uint32_t take_turn(struct turns *turns, int lock)
{
	const struct timespec limit = {.tv_sec = 1};
	const uint32_t turn = atomic_fetch_add(&turns->asked, 1);
	_Atomic uint32_t *word = &turns->word[turn % PROCESSES];

	set_byte(lock, BLOCK + 1 + (off_t)turn, F_WRLCK);
	for (;;) {
		const uint32_t heard = atomic_load(word);

		ask_who_waits(lock);
		if (atomic_load(&turns->served) == turn)
			break;
		syscall(SYS_futex, word, FUTEX_WAIT, heard, &limit, NULL, 0);
	}
	set_byte(lock, 0, F_WRLCK);
	set_byte(lock, BLOCK + 1 + (off_t)turn, F_UNLCK);
	return turn;
}

static void end_turn(struct turns *turns, uint32_t turn)
{
	_Atomic uint32_t *word = &turns->word[(turn + 1) % PROCESSES];

	atomic_store(&turns->served, turn + 1);
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Whoever comes reads on: the groups that the others wrote since he was here. */
static void crowd_append(void *prepared, size_t number)
{
	struct crowd *crowd = prepared;
	struct contract *contract = crowd->contract;
	struct turns *turns = crowd->turns;
	size_t i, known = turns->at;
	char before[BLOCK];

	(void)number;
	for (i = 0; i < contract->count / PROCESSES; i++) {
		const int lock = open_lock(contract);
		const uint32_t turn = take_turn(turns, lock);

		for (; known != turns->at; known = (known + BLOCK) % contract->group.size)
			must(pread(contract->group.fd, before, BLOCK, (off_t)known) == BLOCK,
				"read");
		turns->at = (turns->at + BLOCK) % contract->group.size;
		append_at(contract, lock, turns->at);
		known = turns->at;
		end_turn(turns, turn);
		close(lock);
	}
}

void contract_processes(void *state, double value[MEASURES])
{
	struct crowd crowd = {.contract = state};

	crowd.turns = mmap(NULL, sizeof(*crowd.turns), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(crowd.turns != MAP_FAILED, "shared memory");
	value[0] = (double)(crowd.contract->count / PROCESSES * PROCESSES) /
		   run_processes(PROCESSES, crowd_open, crowd_append, &crowd);
	munmap(crowd.turns, sizeof(*crowd.turns));
}
