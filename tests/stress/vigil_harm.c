/* SPDX-License-Identifier: ISC */
/*
 * What can happen to the files of a container behind the library's back, and its exact opposite.
 */
#include "stress/vigil.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLIPPED_AT 17

static const char *place_of(struct vigil *v, const struct harm *h, char out[PATH_ROOM])
{
	char id[ID_ROOM];

	return path_in(out, "%s/containers/%s", v->root, vigil_id(h->container, id));
}

/* The file that is harmed, and where its true self is kept meanwhile. */
static const char *file_of(struct vigil *v, const struct harm *h, char out[PATH_ROOM])
{
	char place[PATH_ROOM], id[ID_ROOM];

	if (h->kind == SEEN_GONE)
		return path_in(out, "%s/orchestrator/seen/%s", v->root, vigil_id(h->container, id));
	return path_in(out, "%.3000s/%s", place_of(v, h, place), h->path);
}

static const char *safe_of(struct vigil *v, const struct harm *h, char out[PATH_ROOM])
{
	return path_in(out, "%s/safe/%u", v->top, h->container);
}

static void must(int ok, const char *what, const char *path)
{
	if (!ok)
		give_up(what, path);
}

static void flip(const char *path)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	unsigned char byte = 0;

	must(fd >= 0 && pread(fd, &byte, 1, FLIPPED_AT) == 1, "flip", path);
	byte ^= 0x10;
	must(pwrite(fd, &byte, 1, FLIPPED_AT) == 1, "flip", path);
	close(fd);
}

static void stranger(const char *path)
{
	tree_write(path, "not from here\n", 14);
}

/* Renames and puts a link in place, or takes it away again. */
static void exchange(struct vigil *v, const struct harm *h, int back)
{
	char from[PATH_ROOM], safe[PATH_ROOM];

	file_of(v, h, from);
	safe_of(v, h, safe);
	if (back) {
		must(unlink(from) == 0, "unlink", from);
		must(rename(safe, from) == 0, "put back", from);
	} else {
		must(rename(from, safe) == 0, "take away", from);
		must(symlink(safe, from) == 0, "link", from);
	}
}

static void take_away(struct vigil *v, const struct harm *h, const char *file, int back)
{
	char safe[PATH_ROOM];

	safe_of(v, h, safe);
	must(rename(back ? safe : file, back ? file : safe) == 0, "move", file);
}

/* Another file with the first half of the bytes, and the true one back. */
static void cut(struct vigil *v, const struct harm *h, const char *file, int back)
{
	if (back) {
		take_away(v, h, file, 1);
		return;
	}
	take_away(v, h, file, 0);
	tree_write(file, "half", 4);
	must(chmod(file, 0444) == 0, "chmod", file);
}

static void apply(struct vigil *v, const struct harm *h, int back)
{
	char file[PATH_ROOM], place[PATH_ROOM];

	file_of(v, h, file);
	switch (h->kind) {
	case ASSET_FLIPPED:
	case BUNDLE_FLIPPED:
	case TILE_FLIPPED:
		flip(file);
		break;
	case ASSET_CUT:
		cut(v, h, file, back);
		break;
	case ASSET_OPEN:
		must(chmod(file, back ? 0444 : 0644) == 0, "chmod", file);
		break;
	case ASSETS_STRANGER:
	case SKELETON_STRANGER:
		if (back)
			must(unlink(file) == 0, "unlink", file);
		else
			stranger(file);
		break;
	case ASSETS_LINK:
		exchange(v, h, back);
		break;
	case CONTAINER_GONE:
		take_away(v, h, place_of(v, h, place), back);
		break;
	default:
		take_away(v, h, file, back);
	}
}

static void name(struct harm *h, uint64_t *chance)
{
	static const char *const fixed[HARM_KINDS] = {
		[ASSETS_STRANGER] = "assets/stranger",
		[BUNDLE_FLIPPED] = "ledger/log/tile/entries/000",
		[TILE_FLIPPED] = "ledger/log/tile/0/000",
		[SKELETON_STRANGER] = "stranger",
		[ASSETS_LINK] = "assets",
	};

	h->asset = (unsigned int)vigil_draw(chance, ASSETS_EACH);
	if (h->kind <= ASSET_OPEN)
		snprintf(h->path, sizeof(h->path), "assets/%u", h->asset);
	else if (fixed[h->kind])
		snprintf(h->path, sizeof(h->path), "%s", fixed[h->kind]);
}

void vigil_harm(struct vigil *v)
{
	struct shared *s = v->shared;
	const int64_t mono = atomic_load(&s->mono);
	struct harm h = {.container = (unsigned int)vigil_draw(&v->chance, v->containers),
		.kind = (enum harm_kind)vigil_draw(&v->chance, HARM_KINDS),
		.from = mono,
		.record_from = atomic_load(&s->record)};

	if (v->open[h.container] || mono < v->whole_since[h.container] + LONG_ENOUGH)
		return;
	h.planned = mono + LONG_ENOUGH + (int64_t)vigil_draw(&v->chance, LONG_ENOUGH);
	name(&h, &v->chance);
	apply(v, &h, 0);
	v->harms = vigil_room(v->harms, v->harm_count, &v->harm_cap, sizeof(h));
	v->harms[v->harm_count++] = h;
	v->open[h.container] = v->harm_count;
}

void vigil_mend(struct vigil *v, struct harm *h)
{
	apply(v, h, 1);
	h->to = atomic_load(&v->shared->mono);
	h->record_to = atomic_load(&v->shared->record);
	v->open[h->container] = 0;
	v->whole_since[h->container] = h->to;
}
