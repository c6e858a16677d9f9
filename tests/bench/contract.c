/* SPDX-License-Identifier: ISC */
/*
 * The calls of an append and of 8 processes that append, as FORMAT section 5 has them.
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
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

static void set_byte(int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};

	must(fcntl(fd, type == F_UNLCK ? F_OFD_SETLK : F_OFD_SETLKW, &lock) == 0, "lock");
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
static int begin(const struct contract *contract)
{
	char path[2 * PATH_LENGTH];
	int lock;

	snprintf(path, sizeof(path), "%s/lock", contract->directory);
	lock = open(path, O_RDWR | O_CLOEXEC);
	must(lock >= 0, path);
	ask_who_waits(lock);
	set_byte(lock, F_WRLCK);
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
	set_byte(lock, F_UNLCK);
	ask_who_waits(lock);
	close(lock);
}

void contract_append(void *state, double value[MEASURES])
{
	struct contract *contract = state;
	struct bare *group = &contract->group;
	double began = now();
	size_t i;

	for (i = 0; i < contract->count; i++) {
		append_at(contract, begin(contract), group->at);
		group->at = (group->at + BLOCK) % group->size;
	}
	value[0] = (double)contract->count / (now() - began);
}

/* ---- processes ---- */

struct crowd {
	struct contract *contract;
	size_t *at; /* shared, changed under the lock */
};

static void *crowd_open(void *shared, size_t number)
{
	(void)number;
	return shared;
}

/* Whoever comes reads on: the groups that the others wrote since he was here. */
static void crowd_append(void *prepared, size_t number)
{
	struct crowd *crowd = prepared;
	struct contract *contract = crowd->contract;
	size_t i, known = *crowd->at;
	char before[BLOCK];

	(void)number;
	for (i = 0; i < contract->count / PROCESSES; i++) {
		const int lock = begin(contract);

		for (; known != *crowd->at; known = (known + BLOCK) % contract->group.size)
			must(pread(contract->group.fd, before, BLOCK, (off_t)known) == BLOCK,
				"read");
		*crowd->at = (*crowd->at + BLOCK) % contract->group.size;
		append_at(contract, lock, *crowd->at);
		known = *crowd->at;
	}
}

void contract_processes(void *state, double value[MEASURES])
{
	struct crowd crowd = {.contract = state};

	crowd.at = mmap(
		NULL, sizeof(*crowd.at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(crowd.at != MAP_FAILED, "shared memory");
	value[0] = (double)(crowd.contract->count / PROCESSES * PROCESSES) /
		   run_processes(PROCESSES, crowd_open, crowd_append, &crowd);
	munmap(crowd.at, sizeof(*crowd.at));
}
