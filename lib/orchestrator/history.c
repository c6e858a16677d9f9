/* SPDX-License-Identifier: ISC */
/*
 * The past of a container's audits, folded from the record entry by entry.
 */
#include "orchestrator/history.h"
#include "base/timestamp.h"
#include "ledger/cached.h"
#include <toteborch/audit.h>

void tote__history_started(struct known_history *h, const struct entry *e)
{
	h->begun = e->seq;
	h->begun_us = e->time_us;
}

/* What was looked at is as old as the run's beginning; of two runs at once the end has to do. */
static int64_t beginning(const struct known_history *h, const struct entry *e, uint64_t run)
{
	return h->begun == run && h->begun_us > 0 ? h->begun_us : e->time_us;
}

/* And where it counts on what earlier runs read, as old as the oldest of that. */
static int64_t since(const struct entry *e, int64_t begun_us)
{
	const struct entry_field *f = tote__entry_field(e, "since");
	int64_t us;

	return f && tote__time_parse(f->value, f->value_len, &us) == 0 && us < begun_us ? us
											: begun_us;
}

void tote__history_finished(struct known_history *h, const struct entry *e, uint64_t run,
	uint32_t level, uint32_t verdict)
{
	const int64_t begun_us = beginning(h, e, run);
	const struct known_done done = {.us = since(e, begun_us), .seq = e->seq};

	if (tote__entry_field(e, "asked") || tote__entry_field(e, "stopped-at") ||
		tote__cached_of(e) == CACHED_ASKED)
		return;
	if (verdict == TOTE_VERDICT_INCOMPLETE) {
		h->failed_us = e->time_us;
		h->failed_took_us = e->time_us - begun_us;
		h->failed_count++;
		return;
	}
	h->failed_count = 0;
	h->done[HISTORY_STRUCTURE] = done;
	if (level == TOTE_LEVEL_FULL)
		h->done[HISTORY_FULL] = done;
}
