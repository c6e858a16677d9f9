/* SPDX-License-Identifier: ISC */
/*
 * The one file that knows libyaml. Its parser reads YAML 1.1, of which the events are used and the
 * meaning of scalars is not; it has no bounds of its own (its limit of nesting is a setting of the
 * whole process, and younger than the version asked for), so what it gets is bounded before
 * (fleet_input) and what it says is bounded here, event by event.
 */
#include "orchestrator/fleet_yaml.h"
#include "orchestrator/fleet_input.h"
#include <string.h>
#include <yaml.h>

struct fleet_yaml {
	const struct heap *heap;
	struct fleet_input input;
	struct fleet_problems *problems;
	yaml_parser_t parser;
	yaml_event_t event;
	int have_event;
	int depth;
	int documents;
	int ended;
};

static int give(void *user, unsigned char *buffer, size_t size, size_t *ret_size)
{
	struct fleet_yaml *y = user;

	*ret_size = tote__fleet_input_read(&y->input, buffer, size);
	return *ret_size || !y->input.stopped;
}

struct fleet_yaml *tote__fleet_yaml_open(const struct heap *heap, const void *bytes, size_t len,
	struct fleet_problems *problems, struct tote_fault *fault)
{
	struct fleet_yaml *y = tote__heap_new(heap, 1, sizeof(*y), fault);

	if (!y)
		return NULL;
	y->heap = heap;
	y->problems = problems;
	if (!yaml_parser_initialize(&y->parser)) {
		tote__heap_free(heap, y);
		tote__fault(fault, TOTE_E_NO_MEMORY, "fleet file: no memory for its parser");
		return NULL;
	}
	tote__fleet_input_init(&y->input, bytes, len, problems);
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&y->parser, give, y);
	return y;
}

static void drop_event(struct fleet_yaml *y)
{
	if (y->have_event)
		yaml_event_delete(&y->event);
	y->have_event = 0;
}

void tote__fleet_yaml_close(struct fleet_yaml *y)
{
	if (!y)
		return;
	drop_event(y);
	yaml_parser_delete(&y->parser);
	tote__heap_free(y->heap, y);
}

void tote__fleet_yaml_declared(struct fleet_yaml *y)
{
	tote__fleet_input_declared(&y->input);
}

static struct fleet_place place_of(const yaml_mark_t *mark)
{
	return (struct fleet_place){(uint32_t)mark->line + 1, (uint32_t)mark->column + 1};
}

/* --- what the parser cannot read ------------------------------------------------------------ */

/* Whether the line of that place begins with a tab: the mistake that its words do not name. */
static int is_indented_by_tab(const struct fleet_yaml *y, const yaml_mark_t *mark)
{
	const uint8_t *s = y->input.data, *end = s + y->input.len;
	size_t line = mark->line;

	for (; line && s < end; line--) {
		s = memchr(s, '\n', (size_t)(end - s));
		if (!s)
			return 0;
		s++;
	}
	while (s < end && *s == ' ')
		s++;
	return s < end && *s == '\t';
}

static int unreadable(struct fleet_yaml *y, struct tote_fault *fault)
{
	const yaml_parser_t *p = &y->parser;
	const yaml_mark_t *mark = &p->problem_mark;

	y->ended = 1;
	if (p->error == YAML_MEMORY_ERROR)
		return tote__fault(fault, TOTE_E_NO_MEMORY, "fleet file: no memory to read it");
	if (y->input.stopped) /* which is a problem already */
		return 0;
	if (p->error == YAML_READER_ERROR || !p->problem)
		tote__fleet_problem(y->problems, y->input.place, "%s",
			p->problem ? p->problem : "it cannot be read");
	else if (is_indented_by_tab(y, mark))
		tote__fleet_problem(y->problems, place_of(mark),
			"a tab at the beginning of the line: YAML is indented by spaces alone");
	else if (p->context)
		tote__fleet_problem(y->problems, place_of(mark), "%s, %s that begins at line %zu",
			p->problem, p->context, p->context_mark.line + 1);
	else
		tote__fleet_problem(y->problems, place_of(mark), "%s", p->problem);
	return 0;
}

/* --- what it reads and a fleet file may not hold -------------------------------------------- */

static void refuse_marks(struct fleet_yaml *y, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct fleet_place place = place_of(&y->event.start_mark);

	if (anchor)
		tote__fleet_problem(y->problems, place,
			"an anchor (&%.64s): a fleet file has none; say it twice, or as a default",
			(const char *)anchor);
	if (tag)
		tote__fleet_problem(y->problems, place,
			"a tag (%.64s): a fleet file has none; what a value is, its place says",
			(const char *)tag);
}

/* 1 where the row goes on. */
static int went_deeper(struct fleet_yaml *y)
{
	if (++y->depth <= FLEET_DEPTH_MAX)
		return 1;
	tote__fleet_problem(y->problems, place_of(&y->event.start_mark),
		"more than %d levels deep: nothing behind this is read", FLEET_DEPTH_MAX);
	return 0;
}

static int took_document(struct fleet_yaml *y)
{
	if (!y->documents++)
		return 1;
	tote__fleet_problem(y->problems, place_of(&y->event.start_mark),
		"a second document: a fleet file is one, and nothing behind this is read");
	return 0;
}

static void scalar(struct fleet_yaml *y, struct fleet_event *ret)
{
	refuse_marks(y, y->event.data.scalar.anchor, y->event.data.scalar.tag);
	ret->kind = FLEET_SCALAR;
	ret->plain = y->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	ret->text = (const char *)y->event.data.scalar.value;
	ret->len = y->event.data.scalar.length;
}

static void alias(struct fleet_yaml *y, struct fleet_event *ret)
{
	tote__fleet_problem(y->problems, place_of(&y->event.start_mark),
		"an alias (*%.64s): a fleet file has none; say it twice, or as a default",
		(const char *)y->event.data.alias.anchor);
	ret->kind = FLEET_SCALAR;
	ret->plain = 1;
	ret->text = "";
	ret->len = 0;
}

/* One event of the parser's: 1 it is one of ours, 0 it is not, -1 the row ends here. */
static int take(struct fleet_yaml *y, struct fleet_event *ret)
{
	const yaml_event_t *e = &y->event;

	ret->place = place_of(&e->start_mark);
	ret->plain = 0;
	ret->text = NULL;
	ret->len = 0;
	switch (e->type) {
	case YAML_STREAM_END_EVENT:
		return -1;
	case YAML_DOCUMENT_START_EVENT:
		return took_document(y) ? 0 : -1;
	case YAML_ALIAS_EVENT:
		alias(y, ret);
		return 1;
	case YAML_SCALAR_EVENT:
		scalar(y, ret);
		return 1;
	case YAML_SEQUENCE_START_EVENT:
		refuse_marks(y, e->data.sequence_start.anchor, e->data.sequence_start.tag);
		ret->kind = FLEET_SEQUENCE;
		return went_deeper(y) ? 1 : -1;
	case YAML_MAPPING_START_EVENT:
		refuse_marks(y, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		ret->kind = FLEET_MAPPING;
		return went_deeper(y) ? 1 : -1;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		y->depth--;
		ret->kind =
			e->type == YAML_MAPPING_END_EVENT ? FLEET_MAPPING_END : FLEET_SEQUENCE_END;
		return 1;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

int tote__fleet_yaml_next(struct fleet_yaml *y, struct fleet_event *ret, struct tote_fault *fault)
{
	while (!y->ended && !y->problems->full) {
		int took;

		drop_event(y);
		if (!yaml_parser_parse(&y->parser, &y->event))
			return unreadable(y, fault);
		y->have_event = 1;
		tote__fleet_input_progress(&y->input);
		took = take(y, ret);
		if (took > 0)
			return 1;
		y->ended = took < 0;
	}
	return 0;
}
