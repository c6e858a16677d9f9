/* SPDX-License-Identifier: ISC */
/*
 * metrics: what status knows, in the text format of Prometheus, for a textfile collector. No line
 * bears a time of its own, and the only label is the container: a value that is not known is absent.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

struct statuses {
	struct tote_status *row;
	size_t count;
};

/* 1 and the value, 0 where there is none. Seconds and counts are whole numbers. */
typedef int metric_fn(const struct tote_status *s, uint64_t *ret);

static int seconds(int64_t time_us, uint64_t *ret)
{
	*ret = time_us > 0 ? (uint64_t)(time_us / 1000000) : 0;
	return time_us > 0;
}

static int is_read(const struct tote_status *s)
{
	return (s->flags & TOTE_STATUS_UNREACHABLE) == 0;
}

static int state(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->state;
	return strcmp(s->id, "orchestrator") != 0;
}

static int is_ok(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->verdict == TOTE_VERDICT_OK && !(s->flags & TOTE_STATUS_DAMAGED);
	return 1;
}

/* 1: its store knows no better; 2: it was asked for. */
static int cached(const struct tote_status *s, uint64_t *ret)
{
	*ret = (uint64_t)((s->flags & TOTE_STATUS_CACHED) != 0) +
	       ((s->flags & TOTE_STATUS_CACHED_ASKED) != 0);
	return s->last_audit_us != 0;
}

static int readable(const struct tote_status *s, uint64_t *ret)
{
	*ret = (uint64_t)is_read(s);
	return 1;
}

static int last_audit(const struct tote_status *s, uint64_t *ret)
{
	return seconds(s->last_audit_us, ret);
}

static int last_full(const struct tote_status *s, uint64_t *ret)
{
	return seconds(s->last_full_audit_us, ret);
}

static int last_success(const struct tote_status *s, uint64_t *ret)
{
	return seconds(s->last_success_us, ret);
}

static int flags_open(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->flags_open;
	return 1;
}

static int flags_standing(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->flags_standing;
	return 1;
}

static int entries(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->entries;
	return is_read(s);
}

static int unsigned_entries(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->entries - s->covered;
	return is_read(s);
}

static int unsigned_since(const struct tote_status *s, uint64_t *ret)
{
	return seconds(s->unfolded_since_us, ret) && is_read(s);
}

static int audited_entries(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->audited_entries;
	return s->last_audit_us != 0;
}

static int witnessed(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->witnessed;
	return s->last_audit_us != 0;
}

static int health(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->health;
	return 1;
}

static int attention(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->health >= TOTE_HEALTH_ATTENTION;
	return 1;
}

static int next_full(const struct tote_status *s, uint64_t *ret)
{
	return seconds(s->next_full_us, ret);
}

static int overdue(const struct tote_status *s, uint64_t *ret)
{
	*ret = (s->flags & TOTE_STATUS_OVERDUE) != 0;
	return 1;
}

static int verified_entries(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->verified_entries;
	return 1;
}

static int verified_assets(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->verified_assets;
	return 1;
}

static int oldest_unverified(const struct tote_status *s, uint64_t *ret)
{
	return seconds(s->oldest_unverified_us, ret);
}

static int cosignatures_missing(const struct tote_status *s, uint64_t *ret)
{
	*ret = s->cosigners_wanted > s->cosigners_have ? s->cosigners_wanted - s->cosigners_have
						       : 0;
	return is_read(s);
}

static const struct {
	const char *name, *help;
	metric_fn *value;
} metrics[] = {
	{"health", "how it fares: 10 well, 40 or more wants somebody, a larger one is worse",
		health},
	{"attention", "1 where somebody has to do something: totectl status says what", attention},
	{"state", "1 active, 2 suspended, 3 archived, 4 disposed", state},
	{"last_audit_ok", "1 where the last finished audit found all that it looked at whole",
		is_ok},
	{"last_audit_cached",
		"what the last audit read may have come from memory: 0 no, 1 its store cannot read "
		"past it, 2 that was asked for",
		cached},
	{"readable", "1 where its ledger could be read now", readable},
	{"last_audit_timestamp_seconds", "end of the last audit, whatever it found", last_audit},
	{"last_full_audit_timestamp_seconds", "end of the last full audit, whatever it found",
		last_full},
	{"last_success_timestamp_seconds", "end of the last full audit that found all whole",
		last_success},
	{"flags_open", "flags that nobody has acknowledged", flags_open},
	{"flags_standing", "acknowledged flags whose damage still stands", flags_standing},
	{"entries", "entries of the ledger now", entries},
	{"unsigned_entries", "entries that no checkpoint covers yet", unsigned_entries},
	{"unsigned_since_timestamp_seconds", "time of the oldest entry that no checkpoint covers",
		unsigned_since},
	{"audited_entries", "entries that the last audit verified", audited_entries},
	{"witnessed_entries", "entries under the last cosigned checkpoint", witnessed},
	{"next_full_audit_timestamp_seconds", "when the schedule wants the next full audit",
		next_full},
	{"overdue", "1 where its last full audit is older than its policy allows", overdue},
	{"verified_entries", "entries that full audits verified within 30 days", verified_entries},
	{"verified_assets", "assets that full audits verified within 30 days", verified_assets},
	{"oldest_unverified_timestamp_seconds",
		"no record older than this is unverified by a full audit", oldest_unverified},
	{"cosignatures_missing", "outside cosignatures that its policy asks for and that lack",
		cosignatures_missing},
};

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct tote_status *)a)->id, ((const struct tote_status *)b)->id);
}

/* Room for one more, doubled whenever the count is a power of two. */
static struct tote_status *room(struct call *call, struct statuses *all)
{
	struct tote_status *row = all->row;

	if (!(all->count & (all->count - 1)))
		row = reallocarray(all->row, 2 * (all->count + 1), sizeof(*row));
	if (!row) {
		fail_system(call, ENOMEM, "metrics");
		return NULL;
	}
	all->row = row;
	row += all->count;
	memset(row, 0, sizeof(*row));
	row->size = sizeof(*row);
	return row;
}

static int read_all(struct call *call, struct statuses *all)
{
	struct tote_status *row;
	tote_health *health;
	int rc;

	if (tote_health_open(call->orchestrator, 0, &health, &call->fault) < 0)
		return fail(call);
	do {
		row = room(call, all);
		rc = row ? tote_health_next(health, row, &call->fault) : 0;
		all->count += rc == 1 && !(row->flags & TOTE_STATUS_DETACHED);
	} while (rc == 1);
	tote_health_unref(health);
	if (!row)
		return TOTE_CLASS_FAILED;
	if (all->count)
		qsort(all->row, all->count, sizeof(*all->row), by_id);
	return rc < 0 ? fail(call) : 0;
}

/* IDs are DNS labels: nothing in them needs an escape. */
static void print_all(FILE *out, const struct statuses *all)
{
	size_t i, k;

	fprintf(out,
		"# HELP toteborch_containers containers that this root minds\n"
		"# TYPE toteborch_containers gauge\n"
		"toteborch_containers %zu\n",
		all->count ? all->count - 1 : 0);
	for (i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		fprintf(out, "# HELP toteborch_%s %s\n# TYPE toteborch_%s gauge\n", metrics[i].name,
			metrics[i].help, metrics[i].name);
		for (k = 0; k < all->count; k++) {
			uint64_t value;

			if (metrics[i].value(&all->row[k], &value))
				fprintf(out, "toteborch_%s{container=\"%s\"} %" PRIu64 "\n",
					metrics[i].name, all->row[k].id, value);
		}
	}
}

/* Written whole or not at all: a collector never reads half of it. */
static int write_all(struct call *call, const struct statuses *all, const char *path)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int code;

	if (!out)
		return fail_system(call, errno, "metrics");
	print_all(out, all);
	if (fclose(out) == 0)
		code = file_write(call, path, text, length);
	else
		code = fail_system(call, errno, "metrics");
	free(text);
	return code;
}

int verb_metrics(struct call *call)
{
	struct statuses all = {NULL, 0};
	int code = root_open(call, TOTE_ORCHESTRATOR_READ_ONLY);

	if (!code)
		code = read_all(call, &all);
	if (!code && call->value[OPT_OUT])
		code = write_all(call, &all, call->value[OPT_OUT]);
	else if (!code)
		print_all(stdout, &all);
	free(all.row);
	return code;
}
