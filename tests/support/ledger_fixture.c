/* SPDX-License-Identifier: ISC */
/*
 * A ledger to test with.
 */
#include "support/ledger_fixture.h"
#include <inttypes.h>

/* --- signer --------------------------------------------------------------------------------- */

static int keeper_sign(void *user, const void *message, size_t length, uint8_t signature[64],
	struct tote_fault *fault)
{
	struct memory_signer *k = user;

	if (k->fail_sign)
		return tote_fault_set(fault, TOTE_E_IO, 0, "the signer is not there");
	tote__secret_sign(&k->secret, message, length, signature);
	if (k->flip)
		signature[7] ^= 1;
	k->signs++;
	return 0;
}

static int keeper_last_read(
	void *user, void *out, size_t cap, size_t *ret_length, struct tote_fault *fault)
{
	const struct memory_signer *k = user;

	(void)fault;
	if (k->last_len <= cap && k->last_len)
		memcpy(out, k->last, k->last_len);
	*ret_length = k->last_len;
	return 0;
}

static int keeper_last_write(void *user, const void *note, size_t length, struct tote_fault *fault)
{
	struct memory_signer *k = user;

	if (k->fail_last_write)
		return tote_fault_set(fault, TOTE_E_IO, 0, "the last note cannot be kept");
	ck_assert_uint_le(length, sizeof(k->last));
	memcpy(k->last, note, length);
	k->last_len = length;
	return 0;
}

static void signer_make(struct fixture *f)
{
	struct tote_signer host = {.size = sizeof(host),
		.user = &f->keeper,
		.sign = keeper_sign,
		.last_read = keeper_last_read,
		.last_write = keeper_last_write};
	uint8_t seed[32];
	char vkey[VKEY_MAX];

	memset(seed, 7, sizeof(seed));
	ck_ok(tote__secret_from_seed(
		      FIXTURE_ORIGIN, KEY_TYPE_ED25519, seed, &f->keeper.secret, &f->fault),
		f->fault);
	tote__vkey_format(&f->keeper.secret.key, vkey);
	host.vkey = vkey;
	ck_ok(tote__signer_open_host(&f->signer, f->ctx, &host, &f->fault), f->fault);
}

/* --- place ---------------------------------------------------------------------------------- */

static const char *always_active(void *user)
{
	(void)user;
	return "active";
}

static void fixture_begin(struct fixture *f, const char *backend, int counted)
{
	struct frozen_clock clock = FROZEN_CLOCK;

	memset(f, 0, sizeof(*f));
	f->clock = clock;
	f->memory.fail_at = -1;
	f->backend = backend;
	f->ctx = support_ctx(&f->clock, counted ? &f->memory : NULL);
	scratch_make(&f->scratch);
	snprintf(f->location, sizeof(f->location), "%s/contracts", f->scratch.path);
	ck_ok(tote__place_provision(f->ctx, backend, f->location, LAYOUT_CONTAINER, &f->fault),
		f->fault);
	ck_ok(tote__place_open(
		      f->ctx, backend, f->location, LAYOUT_CONTAINER, 0, &f->place, &f->fault),
		f->fault);
	signer_make(f);
	f->options.ctx = f->ctx;
	f->options.place = &f->place;
	f->options.type = LEDGER_CONTAINER;
	f->options.origin = FIXTURE_ORIGIN;
	f->options.signer = &f->signer;
	f->options.hooks.state = always_active;
}

void fixture_make(struct fixture *f, const char *backend)
{
	fixture_begin(f, backend, 0);
}

void fixture_make_counted(struct fixture *f, const char *backend)
{
	fixture_begin(f, backend, 1);
}

void fixture_remove(struct fixture *f)
{
	tote__signer_close(&f->signer);
	tote__secret_free(&f->keeper.secret);
	tote__place_close(&f->place);
	tote_ctx_unref(f->ctx);
	scratch_remove(&f->scratch);
}

void fixture_reopen(struct fixture *f)
{
	tote__place_close(&f->place);
	ck_ok(tote__place_open(
		      f->ctx, f->backend, f->location, LAYOUT_CONTAINER, 0, &f->place, &f->fault),
		f->fault);
}

const char *fixture_path(const struct fixture *f, const char *name)
{
	return printed("%s/ledger/%s", f->location, name);
}

const char *fixture_segment(const struct fixture *f, uint64_t seq)
{
	return printed("%s/ledger/journal/%020" PRIu64, f->location, seq);
}

/* --- drafts --------------------------------------------------------------------------------- */

const struct draft *fixture_first(struct fixture *f)
{
	static char vkey[VKEY_MAX];
	static struct field fields[4];
	static struct draft draft;

	tote__vkey_format(&f->keeper.secret.key, vkey);
	fields[0] = (struct field){"id", "contracts", 9};
	fields[1] = (struct field){"origin", FIXTURE_ORIGIN, strlen(FIXTURE_ORIGIN)};
	fields[2] = (struct field){"vkey", vkey, strlen(vkey)};
	fields[3] = (struct field){"backend", f->backend, strlen(f->backend)};
	draft = (struct draft){.kind = "container.created", .fields = fields, .field_count = 4};
	return &draft;
}

void numbered_draft(struct numbered *n, uint64_t number)
{
	memset(n, 0, sizeof(*n));
	snprintf(n->number, sizeof(n->number), "%" PRIu64, number);
	snprintf(n->payload, sizeof(n->payload), "this is record %" PRIu64 "\n", number);
	n->field = (struct field){"number", n->number, strlen(n->number)};
	n->draft = (struct draft){.kind = "record",
		.actor = "alice@counsel",
		.fields = &n->field,
		.field_count = 1,
		.payload = n->payload,
		.payload_len = strlen(n->payload)};
}

int append_number(struct ledger *l, uint64_t number, uint64_t expected, uint64_t *ret_seq,
	struct tote_fault *fault)
{
	struct numbered n;
	uint64_t unused;

	numbered_draft(&n, number);
	memset(fault, 0, sizeof(*fault));
	return tote__ledger_append(l, &n.draft, 1, expected, 1, ret_seq ? ret_seq : &unused, fault);
}

void append_numbers(struct ledger *l, uint64_t from, uint64_t to)
{
	struct tote_fault fault;

	for (uint64_t i = from; i < to; i++)
		ck_ok(append_number(l, i, LEDGER_SEQ_ANY, NULL, &fault), fault);
}

void append_grouped(struct ledger *l, uint64_t from, uint64_t to)
{
	struct numbered *n = calloc(200, sizeof(*n));
	struct draft *drafts = calloc(200, sizeof(*drafts));
	struct tote_fault fault;
	uint64_t seq;

	memset(&fault, 0, sizeof(fault));
	while (from < to) {
		size_t count = 0;

		for (; count < 200 && from + count < to; count++) {
			numbered_draft(&n[count], from + count);
			drafts[count] = n[count].draft;
		}
		ck_ok(tote__ledger_append(l, drafts, count, from, 1, &seq, &fault), fault);
		from += count;
	}
	free(drafts);
	free(n);
}

/* --- comparing ------------------------------------------------------------------------------ */

static int is_number(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	const struct numbered *n = user;

	(void)leaf;
	(void)verified;
	(void)fault;
	ck_assert_msg(tote__entry_is_draft(e, &n->draft), "entry %" PRIu64 " is not record %s",
		e->seq, n->number);
	return 0;
}

void ledger_holds_number(struct ledger *l, uint64_t seq, uint64_t number)
{
	struct tote_fault fault;
	struct numbered n;

	memset(&fault, 0, sizeof(fault));
	numbered_draft(&n, number);
	ck_ok(tote__ledger_scan(l, seq, seq + 1, is_number, &n, &fault), fault);
}

struct chain {
	uint64_t next;
	uint8_t leaf[HASH_LEN];
};

static int follows(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct chain *c = user;

	(void)verified;
	(void)fault;
	ck_assert_uint_eq(e->seq, c->next++);
	ck_assert_mem_eq(e->prev, c->leaf, HASH_LEN);
	memcpy(c->leaf, leaf, HASH_LEN);
	return 0;
}

void ledger_is_whole(struct ledger *l, uint64_t count)
{
	struct tote_fault fault;
	struct chain c = {.next = 0};
	char vkey[VKEY_MAX];

	memset(&fault, 0, sizeof(fault));
	tote__vkey_format(tote__ledger_vkey(l), vkey);
	tote__entry_genesis(tote__ledger_origin(l), vkey, c.leaf);
	ck_ok(tote__ledger_hold(l, &fault), fault);
	ck_assert_uint_eq(tote__ledger_next(l), count);
	ck_ok(tote__ledger_scan(l, 0, count, follows, &c, &fault), fault);
	ck_assert_uint_eq(c.next, count);
	tote__ledger_release(l);
}

struct ledger *fixture_create(struct fixture *f)
{
	struct ledger *l = NULL;

	ck_ok(tote__ledger_create(&f->options, fixture_first(f), &l, &f->fault), f->fault);
	return l;
}

struct ledger *fixture_open(struct fixture *f)
{
	struct ledger *l = NULL;

	ck_ok(tote__ledger_open(&f->options, &l, &f->fault), f->fault);
	return l;
}

static void see_reset(void *user)
{
	struct observed *s = user;

	s->resets++;
	s->next = UINT64_MAX;
}

static int see(void *user, const struct entry *e, struct tote_fault *fault)
{
	struct observed *s = user;

	(void)fault;
	if (s->next == UINT64_MAX)
		s->begin = e->seq;
	else
		ck_assert_uint_eq(e->seq, s->next);
	s->next = e->seq + 1;
	return 0;
}

struct ledger *fixture_open_seeing(struct fixture *f, struct observed *s, uint32_t observe)
{
	struct ledger_options o = f->options;
	struct ledger *l;

	memset(s, 0, sizeof(*s));
	o.observe = observe;
	o.hooks.user = s;
	o.hooks.reset = see_reset;
	o.hooks.observe = see;
	ck_ok(tote__ledger_open(&o, &l, &f->fault), f->fault);
	return l;
}

void fixture_sign_last(struct fixture *f, const char *origin, uint64_t size, uint8_t first_byte)
{
	struct checkpoint c = {.size = size};
	uint8_t sig[SIG_LEN];
	struct buf out;

	snprintf(c.origin, sizeof(c.origin), "%s", origin);
	memset(c.root, first_byte, HASH_LEN);
	tote__buf_init(&out, plain_heap(), NOTE_MAX);
	tote__checkpoint_put(&out, &c);
	tote__secret_sign(&f->keeper.secret, out.data, out.len, sig);
	tote__buf_putc(&out, '\n');
	tote__note_put_sig(&out, &f->keeper.secret.key, sig, sizeof(sig));
	memcpy(f->keeper.last, out.data, out.len);
	f->keeper.last_len = out.len;
	tote__buf_free(&out);
}
