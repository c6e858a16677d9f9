/* SPDX-License-Identifier: ISC */
/*
 * Bare files: what the same durability costs without any ledger. Each run writes into a file that
 * was filled with zeros and synced, so no write changes metadata, as in the library's own journal.
 */
#include "peers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ZEROED    ((size_t)16 << 20) /* as long as a segment of the journal becomes */
#define SUBMITTED 512u               /* bytes of one thread's record within a group */

void bare_make(struct bare *bare, const struct bench *bench, const char *name, size_t block)
{
	size_t done;

	memset(bare, 0, sizeof(*bare));
	bare->block = block;
	bare->size = ZEROED / block * block;
	bare->bytes = aligned_alloc(BLOCK, (block + BLOCK) / BLOCK * BLOCK);
	bare->fd = open(bench_path(bench, bare->path, name), O_RDWR | O_CREAT | O_EXCL, 0600);
	if (bare->fd < 0 || !bare->bytes)
		die("%s: %s", bare->path, strerror(errno));
	memset(bare->bytes, 0, block);
	for (done = 0; done < bare->size; done += block)
		if (pwrite(bare->fd, bare->bytes, block, (off_t)done) != (ssize_t)block)
			die("%s: %s", bare->path, strerror(errno));
	if (fsync(bare->fd))
		die("%s: %s", bare->path, strerror(errno));
	memset(bare->bytes, 'b', block);
}

void bare_drop(struct bare *bare)
{
	close(bare->fd);
	free(bare->bytes);
	free(bare->latency);
	bare->latency = NULL;
}

static void write_synced(int fd, const void *bytes, size_t length, size_t at)
{
	if (pwrite(fd, bytes, length, (off_t)at) != (ssize_t)length || fdatasync(fd))
		die("write and sync: %s", strerror(errno));
}

void bare_append(void *state, double value[MEASURES])
{
	struct bare *bare = state;
	double began = now(), last = began, at;
	size_t i;

	for (i = 0; i < bare->count; i++) {
		write_synced(bare->fd, bare->bytes, bare->block, bare->at);
		bare->at = (bare->at + bare->block) % bare->size;
		at = now();
		if (bare->latency)
			bare->latency[bare->measured++] = at - last;
		last = at;
	}
	value[0] = (double)bare->count / (last - began);
	if (bare->latency)
		value[1] = quantile(bare->latency, bare->measured, 0.99) * 1e6;
}

/* ---- group commit: who finds no leader leads, and writes what gathered meanwhile ---- */

struct group {
	struct bare *bare;
	pthread_mutex_t lock;
	pthread_cond_t done;
	size_t gathered; /* records in the buffer that fills */
	uint64_t filling,
		durable; /* numbers of the group that fills, and of the last durable one */
	int leading;
	char *buffer[2];
};

/* With the lock held; lets go of it while it writes. */
static void group_lead(struct group *group)
{
	struct bare *bare = group->bare;
	char *buffer = group->buffer[group->filling % 2];
	size_t length = (group->gathered * SUBMITTED + BLOCK - 1) / BLOCK * BLOCK, at;
	uint64_t mine = group->filling++;

	group->leading = 1;
	group->gathered = 0;
	at = bare->at + length <= bare->size ? bare->at : 0;
	bare->at = at + length;
	pthread_mutex_unlock(&group->lock);
	write_synced(bare->fd, buffer, length, at);
	pthread_mutex_lock(&group->lock);
	group->durable = mine;
	group->leading = 0;
	pthread_cond_broadcast(&group->done);
}

static void group_join(void *shared, size_t number)
{
	struct group *group = shared;
	uint64_t mine;
	size_t i;

	pthread_mutex_lock(&group->lock);
	for (i = 0; i < group->bare->count / THREADS; i++) {
		mine = group->filling;
		memset(group->buffer[mine % 2] + group->gathered++ * SUBMITTED, (int)number,
			SUBMITTED);
		while (group->durable < mine)
			if (group->leading)
				pthread_cond_wait(&group->done, &group->lock);
			else
				group_lead(group);
	}
	pthread_mutex_unlock(&group->lock);
}

void bare_group(void *state, double value[MEASURES])
{
	struct group group = {.bare = state, .filling = 1};
	size_t i;

	pthread_mutex_init(&group.lock, NULL);
	pthread_cond_init(&group.done, NULL);
	for (i = 0; i < 2; i++) {
		group.buffer[i] = aligned_alloc(BLOCK, THREADS * SUBMITTED);
		if (!group.buffer[i])
			die("no memory");
		memset(group.buffer[i], 0, THREADS * SUBMITTED);
	}
	value[0] = (double)(group.bare->count / THREADS * THREADS) /
		   run_threads(THREADS, group_join, &group);
	free(group.buffer[0]);
	free(group.buffer[1]);
	pthread_cond_destroy(&group.done);
	pthread_mutex_destroy(&group.lock);
}

/* ---- several processes: an open-file-description lock, as the library's ---- */

struct locked {
	struct bare *bare;
	size_t *at; /* shared, changed under the lock */
	int fd;
};

static void lock_byte(int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};

	if (fcntl(fd, F_OFD_SETLKW, &lock))
		die("lock: %s", strerror(errno));
}

static void *locked_open(void *shared, size_t number)
{
	struct locked *locked = shared;

	(void)number;
	locked->fd =
		open(locked->bare->path, O_RDWR); /* a description, and so a lock, of its own */
	if (locked->fd < 0)
		die("%s: %s", locked->bare->path, strerror(errno));
	return locked;
}

static void locked_append(void *prepared, size_t number)
{
	struct locked *locked = prepared;
	struct bare *bare = locked->bare;
	size_t i;

	(void)number;
	for (i = 0; i < bare->count / PROCESSES; i++) {
		lock_byte(locked->fd, F_WRLCK);
		write_synced(locked->fd, bare->bytes, bare->block, *locked->at);
		*locked->at = (*locked->at + bare->block) % bare->size;
		lock_byte(locked->fd, F_UNLCK);
	}
}

void bare_processes(void *state, double value[MEASURES])
{
	struct locked locked = {.bare = state, .fd = -1};

	locked.at = mmap(NULL, sizeof(*locked.at), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (locked.at == MAP_FAILED)
		die("shared memory: %s", strerror(errno));
	value[0] = (double)(locked.bare->count / PROCESSES * PROCESSES) /
		   run_processes(PROCESSES, locked_open, locked_append, &locked);
	munmap(locked.at, sizeof(*locked.at));
}
