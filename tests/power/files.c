/* SPDX-License-Identifier: ISC */
/*
 * Real files, by plain system calls.
 */
#include "power/files.h"
#include "ledger/line.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM  4096
#define OTHER_BOOT "00000000-0000-4000-8000-000000000001"

static _Noreturn void give_up(const char *what, const char *path)
{
	fprintf(stderr, "power: %s %s: %s\n", what, path, strerror(errno));
	exit(2);
}

static void join(char out[PATH_ROOM], const char *dir, const char *name)
{
	if (snprintf(out, PATH_ROOM, "%s/%s", dir, name) >= PATH_ROOM)
		give_up("name", dir);
}

/* --- the lock ------------------------------------------------------------------------------- */

static size_t age_line(char line[LOCK_LINE_MAX], size_t len, uint64_t number)
{
	struct tote_fault unused = {0};
	struct line parsed;

	tote__line_parse(line, len, number, &parsed);
	if (parsed.state == LINE_VOID)
		return len;
	memcpy(parsed.boot, OTHER_BOOT, sizeof(OTHER_BOOT));
	if (tote__line_format(&parsed, line, &len, &unused) < 0)
		give_up("line", "lock");
	return len;
}

void files_age_lock(const char *path, uint64_t number)
{
	char line[LOCK_LINE_MAX];
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = pread(fd, line, sizeof(line), 0);
	if (n > 0) {
		size_t len = age_line(line, (size_t)n, number);

		if (pwrite(fd, line, len, 0) != (ssize_t)len)
			give_up("write", path);
	}
	close(fd);
}

/* --- making --------------------------------------------------------------------------------- */

static void write_file(const char *path, const struct image_node *n, uint64_t *ret_inode)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || ftruncate(fd, (off_t)n->blob.size) != 0)
		give_up("make", path);
	for (size_t i = 0; i < n->blob.count; i++) {
		const uint64_t at = (uint64_t)i * BLOCK;
		const uint64_t left = n->blob.size - at;
		const size_t len = left < BLOCK ? (size_t)left : BLOCK;

		if (n->blob.blocks[i] &&
			pwrite(fd, n->blob.blocks[i], len, (off_t)at) != (ssize_t)len)
			give_up("write", path);
	}
	if (fchmod(fd, n->mode) != 0)
		give_up("mode of", path);
	*ret_inode = st.st_ino;
	close(fd);
}

static void make_below(const struct image *image, int dir, const char *path, files_made_fn *made)
{
	for (size_t i = 0; i < image->names.count; i++) {
		const struct name *n = &image->names.items[i];
		const struct image_node *node = &image->nodes[n->node];
		char below[PATH_ROOM];
		struct stat st;

		if (n->dir != dir)
			continue;
		join(below, path, n->name);
		if (node->is_dir) {
			if (mkdir(below, 0700) != 0 || stat(below, &st) != 0)
				give_up("make", below);
			made(n->node, st.st_ino, dir, n->name, 1);
			make_below(image, n->node, below, made);
			if (chmod(below, node->mode) != 0)
				give_up("mode of", below);
		} else {
			uint64_t inode;

			write_file(below, node, &inode);
			made(n->node, inode, dir, n->name, 0);
			if (strcmp(n->name, "lock") == 0)
				files_age_lock(below, (uint64_t)n->node);
		}
	}
}

void files_make(const struct image *image, const char *root, files_made_fn *made)
{
	struct stat st;

	if (stat(root, &st) != 0)
		give_up("look at", root);
	made(ROOT_NODE, st.st_ino, 0, "", 1);
	make_below(image, ROOT_NODE, root, made);
}

/* --- walking -------------------------------------------------------------------------------- */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(const char *root, const char *below, files_each_fn *each, void *user)
{
	struct dirent **list = NULL;
	char path[PATH_ROOM];
	int rc = 0, count;

	join(path, root, below);
	count = scandir(path, &list, NULL, compare_names);
	if (count < 0)
		give_up("list", path);
	for (int i = 0; i < count; i++) {
		const char *name = list[i]->d_name;
		char relative[PATH_ROOM];
		struct stat st;

		if (rc == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			snprintf(relative, sizeof(relative), "%.*s%s%s", (int)strlen(below), below,
				*below ? "/" : "", name);
			join(path, root, relative);
			if (lstat(path, &st) != 0)
				give_up("look at", path);
			rc = each(user, relative, S_ISDIR(st.st_mode), st.st_mode & 07777);
			if (rc == 0 && S_ISDIR(st.st_mode))
				rc = walk(root, relative, each, user);
		}
		free(list[i]);
	}
	free(list);
	return rc;
}

int files_walk(const char *root, files_each_fn *each, void *user)
{
	return walk(root, "", each, user);
}

uint8_t *files_read(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0)
		give_up("look at", path);
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes || pread(fd, bytes, (size_t)st.st_size, 0) != st.st_size)
		give_up("read", path);
	bytes[st.st_size] = '\0';
	close(fd);
	*ret_len = (size_t)st.st_size;
	return bytes;
}

/* A mixing of words, not a hash of cryptography: it compares a tree with itself. */
struct digesting {
	const char *root;
	uint64_t sum;
};

static void digest_bytes(struct digesting *d, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (; len >= sizeof(uint64_t); at += sizeof(uint64_t), len -= sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		d->sum = (d->sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		d->sum ^= d->sum >> 29;
	}
	for (; len > 0; at++, len--)
		d->sum = (d->sum ^ *at) * UINT64_C(0x100000001b3);
}

/* Whether it is a ledger's lock: its line tells of times and processes. */
static int is_lock(const char *path)
{
	static const char lock[] = "/ledger/lock";
	const size_t len = strlen(path);

	return len > strlen(lock) && strcmp(path + len - strlen(lock), lock) == 0;
}

static int digest_one(void *user, const char *path, int is_dir, uint32_t mode)
{
	struct digesting *d = user;
	char full[PATH_ROOM];
	uint8_t *bytes;
	size_t len;

	if (is_lock(path))
		return 0;
	digest_bytes(d, path, strlen(path) + 1);
	digest_bytes(d, &mode, sizeof(mode));
	if (is_dir)
		return 0;
	join(full, d->root, path);
	bytes = files_read(full, &len);
	if (bytes)
		digest_bytes(d, bytes, len);
	free(bytes);
	return 0;
}

uint64_t files_digest(const char *root)
{
	struct digesting d = {.root = root};

	files_walk(root, digest_one, &d);
	return d.sum;
}

static void empty(int at)
{
	int fd = dup(at);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir)
		give_up("empty", "a directory");
	while ((e = readdir(dir)) != NULL) {
		int below;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(at, e->d_name, 0) == 0)
			continue;
		below = openat(at, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (below < 0)
			give_up("open", e->d_name);
		empty(below);
		close(below);
		if (unlinkat(at, e->d_name, AT_REMOVEDIR) != 0)
			give_up("remove", e->d_name);
	}
	closedir(dir);
}

void files_empty(const char *root)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		give_up("open", root);
	empty(fd);
	close(fd);
}
