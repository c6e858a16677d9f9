/* SPDX-License-Identifier: ISC */
/*
 * The verb copy: a verified copy of a container, or of the consolidated record, while others write.
 */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* Of an older copy only what is new was read, unless all of it was asked for. */
static int is_verified_whole(const struct tote_copy *copy, const struct call *call)
{
	return !copy->since || call->value[OPT_VERIFY];
}

static void copy_json(const struct tote_copy *copy, const struct call *call)
{
	struct json j;

	json_begin(&j, stdout, "copy");
	json_string(&j, "container", call->operand[0]);
	json_bytes(&j, "directory", call->operand[1], strlen(call->operand[1]));
	json_number(&j, "entries", copy->entries);
	json_number(&j, "covered", copy->covered);
	json_number(&j, "since", copy->since);
	json_number(&j, "assets", copy->assets);
	json_number(&j, "removed", copy->removed);
	json_number(&j, "bytes_read", copy->bytes_read);
	json_number(&j, "bytes_written", copy->bytes_written);
	json_bool(&j, "all_verified", is_verified_whole(copy, call));
	json_bool(&j, "cached", (copy->flags & TOTE_COPY_CACHED) != 0);
	json_end(&j);
}

static void copy_lines(const struct tote_copy *copy, const struct call *call)
{
	char entries[TEXT_MAX], since[TEXT_MAX], assets[TEXT_MAX], written[TEXT_MAX];

	if (copy->since)
		out_line("an older copy of %s entries was brought up to date",
			text_count(since, copy->since));
	out_line("%s new asset%s, %" PRIu64 " erased; %s written", text_count(assets, copy->assets),
		text_s(copy->assets), copy->removed, text_bytes(written, copy->bytes_written));
	if (copy->covered < copy->entries)
		out_line("%" PRIu64 " entries lie above the checkpoint: the journal has them",
			copy->entries - copy->covered);
	if (copy->flags & TOTE_COPY_CACHED)
		out_line("what was read back may have come from memory");
	if (is_verified_whole(copy, call))
		out_verdict(1, "%s is a whole, verified copy of %s: %s entr%s", call->operand[1],
			call->operand[0], text_count(entries, copy->entries),
			text_ies(copy->entries));
	else
		out_verdict(1,
			"%s is up to date with %s: %s entr%s; what it held before was not read "
			"again: --verify does",
			call->operand[1], call->operand[0], text_count(entries, copy->entries),
			text_ies(copy->entries));
}

static int copy_box(struct call *call, tote_box *box)
{
	struct tote_copy copy = {.size = sizeof(copy)};
	const uint32_t flags = call->value[OPT_VERIFY] ? TOTE_COPY_VERIFY : 0;

	if (tote_box_copy(box, call->operand[1], flags, &copy, &call->fault) < 0)
		return fail(call);
	if (call->json)
		copy_json(&copy, call);
	else
		copy_lines(&copy, call);
	return 0;
}

int verb_copy(struct call *call)
{
	tote_box *box;
	int code = root_open(call, 0);

	if (!code)
		code = root_box(call, call->operand[0], 0, &box);
	return code ? code : box_close(call, box, copy_box(call, box));
}
