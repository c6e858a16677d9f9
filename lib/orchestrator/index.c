/* SPDX-License-Identifier: ISC */
/*
 * The registry as bytes. Each kind of thing has one function that goes over its fields, and that
 * writes them or reads them: so what is read is what was written. Numbers are of 8 bytes, big-endian;
 * texts and lists begin with their length.
 */
#include "orchestrator/index.h"
#include <string.h>

#define KNOWN_SIZE    1288u
#define REGISTRY_SIZE 1184u

/*
 * Who adds a field that the record tells goes over it below, and raises INDEX_VERSION
 * (index_file.c); then these are made right.
 */
_Static_assert(
	sizeof(void *) != 8 || sizeof(struct known) == KNOWN_SIZE, "go over the new field, too");
_Static_assert(sizeof(void *) != 8 || sizeof(struct registry) == REGISTRY_SIZE,
	"go over the new field, too");

struct codec {
	const struct heap *heap;
	struct buf *out;     /* NULL: it reads */
	struct reader *from; /* with out NULL */
	struct tote_fault *fault;
	int rc;
};

static void malformed(struct codec *c, const char *what)
{
	if (!c->rc)
		c->rc = tote__fault(c->fault, TOTE_E_MALFORMED, "its %s is none", what);
}

/* --- what everything is made of -------------------------------------------------------------- */

static void u64(struct codec *c, uint64_t *n)
{
	if (c->out)
		tote__buf_put_u64(c->out, *n);
	else if (!c->rc && tote__reader_left(c->from) < sizeof(*n))
		malformed(c, "end");
	else
		*n = c->rc ? 0 : tote__reader_u64(c->from);
}

static void i64(struct codec *c, int64_t *n)
{
	uint64_t bits = (uint64_t)*n;

	u64(c, &bits);
	*n = (int64_t)bits;
}

static void u32(struct codec *c, uint32_t *n)
{
	uint64_t wide = *n;

	u64(c, &wide);
	if (wide > UINT32_MAX)
		malformed(c, "number");
	*n = (uint32_t)wide;
}

static void i32(struct codec *c, int32_t *n)
{
	uint32_t bits = (uint32_t)*n;

	u32(c, &bits);
	*n = (int32_t)bits;
}

static void truth(struct codec *c, int *yes)
{
	uint64_t bit = *yes != 0;

	u64(c, &bit);
	if (bit > 1)
		malformed(c, "yes or no");
	*yes = bit == 1;
}

static void bytes(struct codec *c, uint8_t *p, size_t len)
{
	const uint8_t *there;

	if (c->out) {
		tote__buf_put(c->out, p, len);
		return;
	}
	there = c->rc ? NULL : tote__reader_bytes(c->from, len);
	if (there)
		memcpy(p, there, len);
	else
		malformed(c, "end");
}

/* So many things of at least one byte each. */
static size_t count(struct codec *c, size_t there)
{
	uint64_t n = there;

	u64(c, &n);
	if (!c->out && !c->rc && n > tote__reader_left(c->from))
		malformed(c, "length");
	return c->rc ? 0 : (size_t)n;
}

/* A text in a place of its own. */
static void name(struct codec *c, char *p, size_t cap)
{
	size_t len = count(c, strlen(p));

	if (!c->out && (c->rc || len >= cap)) {
		malformed(c, "name");
		return;
	}
	bytes(c, (uint8_t *)p, len);
	if (!c->out) {
		p[len] = '\0';
		if (!c->rc && strlen(p) != len)
			malformed(c, "name");
	}
}

/* A text of the heap, or none. */
static void text(struct codec *c, char **p)
{
	int there = *p != NULL;
	size_t len;

	truth(c, &there);
	if (!there || c->rc)
		return;
	len = count(c, c->out ? strlen(*p) : 0);
	if (c->rc)
		return;
	if (!c->out && !(*p = tote__heap_new(c->heap, len + 1, 1, c->fault))) {
		c->rc = TOTE_E_NO_MEMORY;
		return;
	}
	bytes(c, (uint8_t *)*p, len);
	if (!c->rc && strlen(*p) != len)
		malformed(c, "text");
}

/* Room for a list that is read; its things come one by one, so a failure frees what there is. */
static size_t list(struct codec *c, void **items, size_t there, size_t *cap, size_t size)
{
	size_t n = count(c, there);

	if (c->out || c->rc || !n)
		return n;
	*items = tote__heap_new(c->heap, n, size, c->fault);
	if (!*items) {
		c->rc = TOTE_E_NO_MEMORY;
		return 0;
	}
	*cap = n;
	return n;
}

#define LIST(c, items, n, cap, each)                                                               \
	do {                                                                                       \
		void *p_ = (items);                                                                \
		size_t n_ = list((c), &p_, (n), &(cap), sizeof(*(items)));                         \
		(items) = p_;                                                                      \
		for (size_t i_ = 0; i_ < n_ && !(c)->rc; i_++) {                                   \
			if (!(c)->out)                                                             \
				(n) = i_ + 1;                                                      \
			each((c), &(items)[i_]);                                                   \
		}                                                                                  \
	} while (0)

/* --- keys ----------------------------------------------------------------------------------- */

static void vkey(struct codec *c, struct vkey *key)
{
	char written[VKEY_MAX] = "";

	if (c->out)
		tote__vkey_format(key, written);
	name(c, written, sizeof(written));
	if (!c->out && !c->rc && tote__vkey_parse(written, strlen(written), key, c->fault) < 0)
		malformed(c, "key");
}

static void ring(struct codec *c, struct keyring *keys)
{
	size_t n = count(c, keys->count);

	for (size_t i = 0; i < n && !c->rc; i++) {
		struct key_step step = {.at_seq = 0};

		if (c->out)
			step = keys->steps[i];
		u64(c, &step.at_seq);
		vkey(c, &step.key);
		if (!c->out && !c->rc)
			c->rc = tote__keyring_add(keys, step.at_seq, &step.key, c->fault);
	}
}

static void rekey(struct codec *c, struct recorded_rekey *r)
{
	u64(c, &r->at_seq);
	vkey(c, &r->key);
	vkey(c, &r->from);
}

/* --- a container ---------------------------------------------------------------------------- */

static void move(struct codec *c, struct recorded_move *m)
{
	u32(c, &m->from);
	u32(c, &m->to);
}

static void policy(struct codec *c, struct tote_policy *p)
{
	u32(c, &p->size);
	u32(c, &p->set);
	u64(c, &p->structure_every_s);
	u64(c, &p->full_every_s);
	u64(c, &p->overdue_after_s);
	u64(c, &p->fold_after_s);
	u64(c, &p->fold_bytes);
	u64(c, &p->rate);
	u32(c, &p->window_from_min);
	u32(c, &p->window_to_min);
	u32(c, &p->on_flag);
	u32(c, &p->cosigners);
}

static void history(struct codec *c, struct known_history *h)
{
	u64(c, &h->begun);
	i64(c, &h->begun_us);
	for (size_t i = 0; i < HISTORY_LEVELS; i++) {
		i64(c, &h->done[i].us);
		u64(c, &h->done[i].seq);
	}
	i64(c, &h->failed_us);
	i64(c, &h->failed_took_us);
	u64(c, &h->failed_count);
	u64(c, &h->moved);
}

static void open_run(struct codec *c, struct open_run *r)
{
	u64(c, &r->run);
	u64(c, &r->first);
	u64(c, &r->job);
	u32(c, &r->level);
	truth(c, &r->all);
	u64(c, &r->found);
	truth(c, &r->part);
	truth(c, &r->cached);
	truth(c, &r->stopped);
	text(c, &r->path);
	u64(c, &r->from);
	u64(c, &r->to);
	u64(c, &r->covered_to);
}

static void range(struct codec *c, struct covered_range *r)
{
	u64(c, &r->from);
	u64(c, &r->to);
	u64(c, &r->size);
	bytes(c, r->leaf, HASH_LEN);
	u64(c, &r->run);
	i64(c, &r->time_us);
}

static void finding(struct codec *c, struct known_finding *f)
{
	i32(c, &f->code);
	u32(c, &f->have_at_seq);
	u64(c, &f->at_seq);
	u64(c, &f->seq);
	u64(c, &f->flag);
	i64(c, &f->first_seen_us);
	text(c, &f->path);
}

static void flag(struct codec *c, struct known_flag *f)
{
	u64(c, &f->seq);
	u64(c, &f->finding);
	i32(c, &f->code);
	i64(c, &f->raised_us);
	i64(c, &f->acknowledged_us);
	text(c, &f->actor);
	text(c, &f->reason);
	truth(c, &f->cleared);
}

static void results(struct codec *c, struct known *k)
{
	u64(c, &k->run);
	u32(c, &k->level);
	u32(c, &k->verdict);
	u32(c, &k->cached);
	i64(c, &k->last_audit_us);
	i64(c, &k->last_full_us);
	i64(c, &k->last_success_us);
	u64(c, &k->entries);
	u64(c, &k->assets);
	u64(c, &k->bytes);
	u64(c, &k->witnessed);
	u64(c, &k->tree_size);
	u64(c, &k->full_assets);
	u64(c, &k->full_bytes);
	bytes(c, k->root, HASH_LEN);
}

/* But for its ID, by which it is found. */
static void container(struct codec *c, struct known *k)
{
	name(c, k->backend, sizeof(k->backend));
	name(c, k->origin, sizeof(k->origin));
	name(c, k->vkey, sizeof(k->vkey));
	LIST(c, k->rekeys, k->rekey_count, k->rekey_cap, rekey);
	text(c, &k->location);
	text(c, &k->cosigner_keys);
	policy(c, &k->policy);
	history(c, &k->history);
	u64(c, &k->registered);
	i64(c, &k->registered_us);
	truth(c, &k->detached);
	u32(c, &k->state);
	LIST(c, k->moves, k->move_count, k->move_cap, move);
	results(c, k);
	LIST(c, k->runs.open, k->runs.open_count, k->runs.open_cap, open_run);
	LIST(c, k->runs.ranges, k->runs.range_count, k->runs.range_cap, range);
	LIST(c, k->findings, k->finding_count, k->finding_cap, finding);
	LIST(c, k->flags, k->flag_count, k->flag_cap, flag);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void containers(struct codec *c, struct registry *r)
{
	size_t n = count(c, r->count);

	for (size_t i = 0; i < n && !c->rc; i++) {
		char id[sizeof(r->items[0]->id)] = "";
		struct known *k = c->out ? r->items[i] : NULL;

		if (k)
			memcpy(id, k->id, sizeof(id));
		name(c, id, sizeof(id));
		if (!k && !c->rc)
			c->rc = tote__registry_add(r, id, &k, c->fault);
		if (k)
			container(c, k);
	}
}

static void report(struct codec *c, struct known_report *report)
{
	u64(c, &report->run);
	u64(c, &report->size);
	bytes(c, report->digest, HASH_LEN);
}

static void log_of(struct codec *c, struct known_log *log)
{
	name(c, log->origin, sizeof(log->origin));
	name(c, log->vkey, sizeof(log->vkey));
	u64(c, &log->accepted);
	u64(c, &log->size);
	bytes(c, log->root, HASH_LEN);
}

/* Where the flags are: which container's, by its place, and which of them. */
static void flags(struct codec *c, struct registry *r)
{
	size_t n = count(c, r->flag_count);
	void *items = r->flags;

	if (!c->out && !c->rc && n) {
		items = tote__heap_new(c->heap, n, sizeof(*r->flags), c->fault);
		c->rc = items ? 0 : TOTE_E_NO_MEMORY;
		r->flags = items;
		r->flag_cap = items ? n : 0;
	}
	for (size_t i = 0; i < n && !c->rc; i++) {
		char id[sizeof(r->items[0]->id)] = "";
		uint64_t seq = 0, index = 0;
		struct known *k;

		if (c->out) {
			memcpy(id, r->flags[i].of->id, sizeof(id));
			seq = r->flags[i].seq;
			index = r->flags[i].index;
		}
		name(c, id, sizeof(id));
		u64(c, &seq);
		u64(c, &index);
		if (c->out || c->rc)
			continue;
		k = tote__registry_find(r, id);
		if (!k || index >= k->flag_count || k->flags[index].seq != seq)
			malformed(c, "flag");
		else
			r->flags[r->flag_count++] =
				(struct flag_place){.seq = seq, .of = k, .index = (size_t)index};
	}
}

static void registry(struct codec *c, struct registry *r)
{
	name(c, r->origin, sizeof(r->origin));
	name(c, r->vkey, sizeof(r->vkey));
	name(c, r->witness_vkey, sizeof(r->witness_vkey));
	ring(c, &r->keys);
	ring(c, &r->witness_keys);
	containers(c, r);
	flags(c, r);
	LIST(c, r->reports, r->report_count, r->report_cap, report);
	LIST(c, r->logs, r->log_count, r->log_cap, log_of);
	truth(c, &r->have_fleet);
	bytes(c, r->fleet_digest, HASH_LEN);
	u64(c, &r->next);
	i64(c, &r->newest_us);
	u64(c, &r->stepped_seq);
	i64(c, &r->stepped_us);
}

int tote__index_encode(struct registry *r, struct buf *out, struct tote_fault *fault)
{
	struct codec c = {.heap = r->heap, .out = out, .fault = fault};

	registry(&c, r);
	return c.rc ? c.rc : tote__buf_check(out, "index", fault);
}

int tote__index_decode(
	struct registry *r, const uint8_t *data, size_t len, struct tote_fault *fault)
{
	struct reader from;
	struct codec c = {.heap = r->heap, .from = &from, .fault = fault};

	tote__reader_init(&from, data, len);
	/* lists that an earlier registry had are made anew */
	tote__heap_free(r->heap, r->flags);
	tote__heap_free(r->heap, r->reports);
	tote__heap_free(r->heap, r->logs);
	r->flags = NULL;
	r->reports = NULL;
	r->logs = NULL;
	r->flag_cap = r->report_cap = r->log_cap = 0;
	registry(&c, r);
	if (!c.rc && tote__reader_left(&from))
		malformed(&c, "end");
	return c.rc;
}
