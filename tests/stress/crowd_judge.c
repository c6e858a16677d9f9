/* SPDX-License-Identifier: ISC */
/*
 * The end of a crowd: its diaries against what the container holds.
 */
#include "base/text.h"
#include "stress/crowd.h"
#include "tlog/merkle.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was asked for, by name; a chained table. */
struct wish {
	struct wish *next;
	char name[NAME_ROOM];
	uint64_t count, first, found; /* entries; where answered; how many are there */
	int answered, is_file;
};

struct known {
	uint8_t leaf[HASH_LEN], root[HASH_LEN]; /* root: of the tree that ends with it */
	struct wish *wish;
};

#define BUCKETS 65536u

struct judge {
	struct crowd *crowd;
	struct wish *bucket[BUCKETS];
	struct known *entries;
	size_t count, cap;
	unsigned long answered, checkpoints, reads;
};

static void *memory(void *block, size_t bytes)
{
	void *got = realloc(block, bytes);

	if (!got)
		give_up("memory", "judge");
	return got;
}

static struct wish **slot_of(struct judge *j, const char *name)
{
	uint32_t hash = 2166136261u;
	struct wish **at;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	for (at = &j->bucket[hash % BUCKETS]; *at && strcmp((*at)->name, name) != 0;)
		at = &(*at)->next;
	return at;
}

/* --- the container -------------------------------------------------------------------------- */

/* The name under which an entry was asked for: a record's payload, a seal's path. */
static int name_of(const struct tote_entry *e, char name[NAME_ROOM])
{
	const void *from = e->payload;
	size_t len = e->payload_length;

	if (strcmp(e->kind, "asset.sealed") == 0) {
		for (size_t i = 0; i < e->field_count; i++)
			if (strcmp(e->fields[i].key, "path") == 0) {
				from = e->fields[i].value;
				len = e->fields[i].length;
			}
	} else if (strcmp(e->kind, "record") != 0) {
		return 0;
	}
	if (len >= NAME_ROOM)
		return 0;
	memcpy(name, from, len);
	name[len] = '\0';
	return 1;
}

static void take_entry(struct judge *j, const struct tote_entry *e, struct frontier *tree)
{
	struct known *k;
	char name[NAME_ROOM];

	if (j->count == j->cap) {
		j->cap = j->cap ? 2 * j->cap : 4096;
		j->entries = memory(j->entries, j->cap * sizeof(*j->entries));
	}
	k = &j->entries[j->count++];
	memset(k, 0, sizeof(*k));
	memcpy(k->leaf, e->leaf_hash, HASH_LEN);
	tote__frontier_append(tree, NULL, k->leaf);
	tote__frontier_root(tree, NULL, k->root);
	if (!name_of(e, name))
		return;
	k->wish = *slot_of(j, name);
	if (!k->wish) {
		crowd_wrong(j->crowd, "seq %llu holds %s, which nobody asked for",
			(unsigned long long)e->seq, name);
		return;
	}
	if (k->wish->is_file != (strcmp(e->kind, "asset.sealed") == 0))
		crowd_wrong(j->crowd, "%s is of another kind", name);
	if (!k->wish->found++)
		k->wish->first = k->wish->answered ? k->wish->first : e->seq;
}

static void read_container(struct judge *j, tote_box *box)
{
	struct tote_entry e = {.size = sizeof(e)};
	struct tote_fault fault;
	tote_cursor *cursor = NULL;
	struct frontier tree;
	int rc = tote_cursor_open(box, 0, 0, &cursor, &fault);

	tote__frontier_init(&tree);
	while (rc == 0 && (rc = tote_cursor_next(cursor, &e, &fault)) == 1) {
		rc = 0;
		if (e.seq != j->count)
			crowd_wrong(j->crowd, "seq %llu in the place of %zu",
				(unsigned long long)e.seq, j->count);
		take_entry(j, &e, &tree);
	}
	if (rc < 0)
		crowd_wrong(j->crowd, "reading all of it: %s", fault.text);
	tote_cursor_unref(cursor);
}

/* --- the diaries ---------------------------------------------------------------------------- */

static void ask(struct judge *j, const char *name, uint64_t count, int is_file)
{
	struct wish **slot = slot_of(j, name);

	if (*slot) {
		crowd_wrong(j->crowd, "%s was asked for twice", name);
		return;
	}
	*slot = memory(NULL, sizeof(**slot));
	memset(*slot, 0, sizeof(**slot));
	snprintf((*slot)->name, NAME_ROOM, "%s", name);
	(*slot)->count = count;
	(*slot)->is_file = is_file;
}

static void answer(struct judge *j, const char *name, uint64_t first)
{
	struct wish *w = *slot_of(j, name);

	if (!w) {
		crowd_wrong(j->crowd, "%s was answered and never asked", name);
		return;
	}
	w->answered = 1;
	w->first = first;
	j->answered++;
}

/* Of the first reading: what was asked for, and answered. */
static void take_line(struct judge *j, const char *line)
{
	unsigned long long a, b;
	char name[NAME_ROOM];

	if (sscanf(line, "? %63s %llu", name, &a) == 2)
		ask(j, name, a, 0);
	else if (sscanf(line, "s %63s", name) == 1)
		ask(j, name, 1, 1);
	else if (sscanf(line, "! %63s %llu %llu", name, &a, &b) == 3)
		answer(j, name, b);
	else if (sscanf(line, "S %63s %llu", name, &b) == 2)
		answer(j, name, b);
}

static void check_checkpoint(struct judge *j, uint64_t size, const char *root)
{
	char text[BASE64_LEN(HASH_LEN) + 1];

	j->checkpoints++;
	if (size == 0 || size > j->count) {
		crowd_wrong(j->crowd, "a checkpoint of %llu entries was handed out, there are %zu",
			(unsigned long long)size, j->count);
		return;
	}
	tote__base64_encode(j->entries[size - 1].root, HASH_LEN, text);
	if (strcmp(text, root) != 0)
		crowd_wrong(j->crowd, "the checkpoint of %llu entries is of another history",
			(unsigned long long)size);
}

static void check_read(struct judge *j, uint64_t seq, const char *leaf)
{
	char hex[2 * HASH_LEN + 1];

	j->reads++;
	if (seq >= j->count) {
		crowd_wrong(j->crowd, "a reader saw seq %llu, there are %zu entries",
			(unsigned long long)seq, j->count);
		return;
	}
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", j->entries[seq].leaf[i]);
	if (strcmp(hex, leaf) != 0)
		crowd_wrong(j->crowd, "a reader saw another seq %llu", (unsigned long long)seq);
}

/* Of the second reading, once the container is known. */
static void check_line(struct judge *j, const char *line)
{
	unsigned long long n;
	char text[128];

	if (sscanf(line, "c %llu %127s", &n, text) == 2)
		check_checkpoint(j, n, text);
	else if (sscanf(line, "r %llu %127s", &n, text) == 2)
		check_read(j, n, text);
}

static void each_line(struct judge *j, void (*take)(struct judge *j, const char *line))
{
	char path[PATH_ROOM], line[512];
	struct dirent *e;
	DIR *dir = opendir(path_in(path, "%s/diaries", j->crowd->top));

	if (!dir)
		give_up("open", path);
	while ((e = readdir(dir)) != NULL) {
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		f = fopen(path_in(path, "%s/diaries/%s", j->crowd->top, e->d_name), "r");
		if (!f)
			give_up("open", path);
		while (fgets(line, sizeof(line), f)) {
			line[strcspn(line, "\n")] = '\0';
			take(j, line);
		}
		fclose(f);
	}
	closedir(dir);
}

/* --- the verdict ---------------------------------------------------------------------------- */

/* All of a call or nothing, side by side, where it was said to be, and once. */
static void check_wish(struct judge *j, const struct wish *w)
{
	if (w->found != 0 && w->found != w->count)
		crowd_wrong(j->crowd, "%s: %llu of %llu entries are there", w->name,
			(unsigned long long)w->found, (unsigned long long)w->count);
	if (w->answered && w->found == 0)
		crowd_wrong(j->crowd, "%s was acknowledged at seq %llu and is lost", w->name,
			(unsigned long long)w->first);
	for (uint64_t i = 0; w->found && i < w->count; i++)
		if (w->first + i >= j->count || j->entries[w->first + i].wish != w)
			crowd_wrong(j->crowd, "seq %llu does not hold %s",
				(unsigned long long)(w->first + i), w->name);
}

static void check_file(struct judge *j, tote_box *box, const struct wish *w)
{
	tote_asset_reader *reader = NULL;
	struct tote_fault fault;
	char bytes[NAME_ROOM];
	size_t len = 0, more;
	int rc = tote_asset_open(box, w->name, &reader, &fault);

	if (rc == 0)
		rc = tote_asset_read(reader, bytes, sizeof(bytes), &len, &fault);
	if (rc == 1)
		rc = tote_asset_read(reader, bytes + len, 1, &more, &fault);
	if (rc != 0 || len != strlen(w->name) || memcmp(bytes, w->name, len) != 0)
		crowd_wrong(j->crowd, "the file %s is not what was sealed: %s", w->name,
			rc < 0 ? fault.text : "other bytes");
	tote_asset_reader_unref(reader);
}

static void check_wishes(struct judge *j, tote_box *box)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct wish *w = j->bucket[i], *next; w; w = next) {
			next = w->next;
			check_wish(j, w);
			if (w->is_file && w->found)
				check_file(j, box, w);
			free(w);
		}
}

int crowd_judge(struct crowd *c)
{
	static struct judge j;
	struct tote_box_options options;
	struct tote_fault fault;
	tote_ctx *ctx = crowd_ctx(c);
	tote_box *box = NULL;
	char note[4096];
	size_t len;

	j.crowd = c;
	tote_box_options_init(&options, sizeof(options), &fault);
	options.key_file = c->key;
	each_line(&j, take_line);
	if (tote_box_open_alone(ctx, c->place, &options, &box, &fault) < 0 ||
		tote_box_checkpoint(box, 0, note, sizeof(note), &len, &fault) < 0) {
		crowd_wrong(c, "opening it afterwards: %s", fault.text);
	} else {
		read_container(&j, box);
		each_line(&j, check_line);
		check_wishes(&j, box);
	}
	printf("%zu entries, %lu answers, %lu checkpoints and %lu reads agree with them\n", j.count,
		j.answered, j.checkpoints, j.reads);
	tote_box_unref(box);
	tote_ctx_unref(ctx);
	free(j.entries);
	return atomic_load(&c->common->wrong) ? -1 : 0;
}
