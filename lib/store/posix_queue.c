/* SPDX-License-Identifier: ISC */
/*
 * The queue before byte 0. Who has to wait takes a byte behind all that others have, from FIRST on:
 * that is his place. He is first when nobody has a lower one, takes the turnstile (FORMAT
 * section 5: byte 1) if he must wait even then, and gives both back once he has byte 0.
 *
 * The order holds because nobody takes byte 0, nor a place, without having looked whether somebody
 * waits: whoever begins to ask when we have our place sees us and comes behind us. Only those who
 * had looked before can come first, each of them once. Nobody is trusted to wake another, and
 * nothing is written down: a member that is killed leaves no trace but its successor's nap.
 */
#include "store/posix_queue.h"
#include "store/posix_bell.h"
#include "store/posix_byte.h"
#include <errno.h>

#define FIRST     INT64_C(4096)
#define GUESS_MAX INT64_C(1024)

/* Between two looks, where nobody calls us: a call may be lost, and who is ahead may be killed. */
#define NAP_FIRST_US  INT64_C(200) /* of who is next */
#define NAP_BEHIND_US INT64_C(4000)
#define NAP_MAX_US    INT64_C(8000)
/* So long byte 0 may be free and nobody ahead of us take it; then he is stopped, and we pass him. */
#define PATIENCE_US INT64_C(200000)

struct turn {
	int64_t place;           /* ours; 0: there was none */
	int at_turnstile;        /* byte 1 is ours */
	int64_t passed;          /* who has a place below it does not move; at least FIRST */
	int past_turnstile;      /* nor does who has byte 1 */
	int64_t idle_since;      /* byte 0 was free at every look since then; 0: not at the last */
	struct byte_range ahead; /* somebody who is, by the last look */
};

/*
 * Somebody at the turnstile, or at a place below `to`, but for those who are passed. A fold, at byte
 * 2, and a scheduler, at byte 3, lie between the two and are none: only where the one look met them,
 * it takes two more.
 */
static int somebody(struct posix_place *p, const struct turn *t, int64_t to, struct byte_range *ret)
{
	const struct byte_range turnstile = {LOCK_BYTE_TURNSTILE, LOCK_BYTE_TURNSTILE + 1};
	int r;

	if (t->passed == FIRST && !t->past_turnstile) {
		r = tote__byte_find(p, (struct byte_range){LOCK_BYTE_TURNSTILE, to}, ret);
		if (r <= 0 || (ret->from != LOCK_BYTE_FOLD && ret->from != LOCK_BYTE_DISPATCH))
			return r;
	}
	r = t->past_turnstile ? 0 : tote__byte_find(p, turnstile, ret);
	return r ? r : tote__byte_find(p, (struct byte_range){t->passed, to}, ret);
}

/*
 * Where to begin to look: among the same members each comes as far behind his last place as the
 * time before. A guess spares a look for each member; behind whom one comes is looked at anyway.
 */
static int64_t guess(const struct posix_place *p)
{
	const int64_t far = p->last_place - p->place_before;

	return p->place_before >= FIRST && far > 0 && far < GUESS_MAX ? p->last_place + far : FIRST;
}

/* A place behind all others. Who comes at the same moment may have it: then once more. */
static int enter(struct posix_place *p, struct turn *t)
{
	int64_t at = guess(p);
	int err;

	do {
		struct byte_range found;
		int r;

		while ((r = tote__byte_find(p, (struct byte_range){at, INT64_MAX}, &found)) > 0) {
			if (found.to == INT64_MAX)
				return 0; /* no member does that: without a place, by the turnstile */
			at = found.to;
		}
		if (r < 0)
			return -r;
		err = tote__byte_lock(p, at);
	} while (err == EAGAIN);
	if (err)
		return err;
	t->place = at;
	p->place_before = p->last_place;
	p->last_place = at;
	return 0;
}

static void leave(struct posix_place *p, struct turn *t)
{
	if (t->at_turnstile)
		tote__byte_unlock(p, LOCK_BYTE_TURNSTILE);
	if (t->place)
		tote__byte_unlock(p, t->place);
}

/* 0: byte 0 is ours. EAGAIN: not yet, and t->ahead says whom we wait for, from 0 where nobody. */
static int look(struct posix_place *p, struct turn *t)
{
	int err, r = somebody(p, t, t->place ? t->place : t->passed, &t->ahead);

	if (r < 0)
		return -r;
	if (r)
		return EAGAIN;
	t->ahead.from = 0;
	err = tote__byte_lock(p, LOCK_BYTE_WRITE);
	if (err != EAGAIN || t->at_turnstile)
		return err;
	err = tote__byte_lock(p, LOCK_BYTE_TURNSTILE);
	t->at_turnstile = !err;
	return err ? err : tote__byte_lock(p, LOCK_BYTE_WRITE);
}

/* Whoever is ahead of us and stopped keeps nobody from what he does not take himself. */
static void pass_the_stopped(struct posix_place *p, struct turn *t, int64_t now)
{
	const struct byte_range write = {LOCK_BYTE_WRITE, LOCK_BYTE_WRITE + 1};
	struct byte_range unused;

	if (!t->ahead.from || tote__byte_find(p, write, &unused) != 0) {
		t->idle_since = 0;
		return;
	}
	if (!t->idle_since)
		t->idle_since = now;
	if (now - t->idle_since < PATIENCE_US)
		return;
	if (t->ahead.from == LOCK_BYTE_TURNSTILE) {
		t->past_turnstile = 1;
	} else {
		t->passed = t->ahead.to;
		p->stopped = t->ahead.from;
	}
	p->stopped_at_turnstile = t->past_turnstile;
}

/*
 * Who was passed is passed at once the next time, as long as he stands where he stood: else each
 * wait would cost all that patience while he is stopped.
 */
static void recall_the_stopped(struct posix_place *p, struct turn *t)
{
	struct byte_range found;

	if (!p->stopped)
		return;
	if (tote__byte_find(p, (struct byte_range){p->stopped, p->stopped + 1}, &found) > 0) {
		t->passed = found.to;
		t->past_turnstile = p->stopped_at_turnstile;
	} else {
		p->stopped = 0;
	}
}

static int wait_turn(struct posix_place *p, struct turn *t, int64_t wait_us)
{
	const int64_t start = tote__clock_monotonic(&p->backend->clock);
	int64_t nap = NAP_FIRST_US;
	int called = 0;

	for (;;) {
		const int err = look(p, t);
		const int64_t now = tote__clock_monotonic(&p->backend->clock);
		const int64_t left = wait_us - (now - start);

		if (err != EAGAIN || left <= 0)
			return err;
		if (called && t->ahead.from >= FIRST) /* it was meant for who is ahead */
			tote__bell_ring(p, tote__bell_of_place(t->ahead.from));
		if (!called)
			pass_the_stopped(p, t, now);
		if (!t->ahead.from && called)
			nap = NAP_FIRST_US;
		else if (t->ahead.from && nap < NAP_BEHIND_US)
			nap = NAP_BEHIND_US;
		called = tote__bell_wait(p, tote__bell_of_place(t->place), nap < left ? nap : left);
		if (!called)
			nap = nap * 2 > NAP_MAX_US ? NAP_MAX_US : nap * 2;
	}
}

int tote__queue_take(struct posix_place *p, int64_t wait_us)
{
	struct turn t = {.passed = FIRST};
	int err, r;

	recall_the_stopped(p, &t);
	r = somebody(p, &t, INT64_MAX, &t.ahead);
	if (r < 0)
		return -r;
	err = r ? EAGAIN : tote__byte_lock(p, LOCK_BYTE_WRITE);
	if (err != EAGAIN || wait_us <= 0)
		return err;
	err = enter(p, &t);
	if (!err)
		err = wait_turn(p, &t, wait_us);
	leave(p, &t);
	if (err) /* who was called in our place is not to wait for his nap's end */
		tote__queue_call(p);
	return err;
}

void tote__queue_call(struct posix_place *p)
{
	struct byte_range first;

	if (tote__byte_find(p, (struct byte_range){FIRST, INT64_MAX}, &first) > 0)
		tote__bell_ring(p, tote__bell_of_place(first.from));
}
