/* SPDX-License-Identifier: ISC */
/*
 * The lock of a ledger in memory: each byte of the file knows the place that holds it, and one
 * condition wakes all who wait for any.
 */
#include "store/memory_lock.h"
#include "store/holder.h"
#include "store/layout.h"
#include "store/memory_place.h"
#include <errno.h>
#include <time.h>

/* The lock file, made where missing. Between enter and leave. */
static int lock_node(struct memory_place *p, struct node **ret, struct tote_fault *fault)
{
	struct tree *t = &p->backend->tree;
	struct node *n;
	int rc = tote__memory_find_file(p, SPACE_LEDGER, LAYOUT_LOCK, "open", ret, fault);

	if (rc != TOTE_E_NOT_FOUND)
		return rc;
	tote__fault_clear(fault);
	n = tote__node_make(t, STORE_FILE, 0600, fault);
	rc = n ? tote__memory_add(p, SPACE_LEDGER, LAYOUT_LOCK, n, "make", fault) : fault->code;
	*ret = n;
	tote__node_unref(t, n); /* its name holds it */
	return rc;
}

/* Somebody who waits for byte 0: those who came before him are before him in the list. */
struct turn {
	struct turn *next;
};

static void turn_begin(struct node *n, struct turn *own)
{
	struct turn **at = &n->turns;

	while (*at)
		at = &(*at)->next;
	*at = own;
}

static void turn_end(struct node *n, struct turn *own)
{
	struct turn **at = &n->turns;

	while (*at && *at != own)
		at = &(*at)->next;
	if (*at)
		*at = own->next;
}

/* Byte 0 is taken in turn, and not while somebody else is at the turnstile. */
static int may_take(
	const struct memory_place *p, const struct node *n, int byte, const struct turn *own)
{
	const void *turnstile = n->owner[LOCK_BYTE_TURNSTILE];

	if (n->owner[byte])
		return 0;
	if (byte != LOCK_BYTE_WRITE)
		return 1;
	return (!turnstile || turnstile == p) && (!n->turns || n->turns == own);
}

/* Waits until the byte is free for us or the time is over: 1 where it is. */
static int wait_for(struct memory_place *p, struct node *n, int byte, int64_t wait_us)
{
	struct memory_backend *b = p->backend;
	const int64_t now = tote__clock_monotonic(&b->clock);
	const int64_t end = wait_us < INT64_MAX - now ? now + wait_us : INT64_MAX;
	const struct timespec until = {
		.tv_sec = (time_t)(end / 1000000), .tv_nsec = (long)(end % 1000000) * 1000};
	struct turn own = {NULL};
	int err = wait_us > 0 ? 0 : ETIMEDOUT, may;

	if (err == 0 && byte == LOCK_BYTE_WRITE)
		turn_begin(n, &own);
	while (!(may = may_take(p, n, byte, &own)) && err == 0)
		err = pthread_cond_timedwait(&b->unlocked, &b->mutex, &until);
	turn_end(n, &own);
	if (!may)
		pthread_cond_broadcast(&b->unlocked); /* the next one's turn may have come */
	return may;
}

static int take_entered(struct memory_place *p, int byte, int64_t wait_us, struct tote_fault *fault)
{
	struct node *n;
	int rc = 0;

	if (p->lock) {
		n = p->lock;
	} else {
		rc = lock_node(p, &n, fault);
		if (rc)
			return rc;
	}
	tote__node_ref(n);
	if (wait_for(p, n, byte, wait_us)) {
		n->owner[byte] = p;
		p->held |= 1u << byte;
		if (!p->lock)
			p->lock = tote__node_ref(n);
	} else {
		rc = tote__holder_busy(p->location, byte, (const char *)n->data, n->len, fault);
	}
	tote__node_unref(&p->backend->tree, n);
	return rc;
}

int tote__memory_lock_take(void *place, int byte, int64_t wait_us, struct tote_fault *fault)
{
	struct memory_place *p = place;
	int rc;

	if (byte < LOCK_BYTE_WRITE || byte > LOCK_BYTE_DISPATCH)
		return tote__fault(fault, TOTE_E_ARGUMENT, "a lock has no byte %d", byte);
	rc = tote__memory_enter_own(p, SPACE_LEDGER, 1, fault);
	if (rc)
		return rc;
	rc = take_entered(p, byte, wait_us, fault);
	tote__memory_leave(p);
	return rc;
}

static void drop_entered(struct memory_place *p, int byte)
{
	if (byte < LOCK_BYTE_WRITE || byte > LOCK_BYTE_DISPATCH || !(p->held & (1u << byte)))
		return;
	p->lock->owner[byte] = NULL;
	p->held &= ~(1u << byte);
	pthread_cond_broadcast(&p->backend->unlocked);
	if (p->held)
		return;
	tote__node_unref(&p->backend->tree, p->lock);
	p->lock = NULL;
}

void tote__memory_lock_drop(void *place, int byte)
{
	struct memory_place *p = place;

	pthread_mutex_lock(&p->backend->mutex);
	drop_entered(p, byte);
	pthread_mutex_unlock(&p->backend->mutex);
}

void tote__memory_lock_drop_all(void *place)
{
	for (int byte = LOCK_BYTE_WRITE; byte <= LOCK_BYTE_DISPATCH; byte++)
		tote__memory_lock_drop(place, byte);
}

int tote__memory_lock_is_current(void *place, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct tote_fault unused;
	struct node *n;
	int same = tote__memory_enter_own(p, SPACE_LEDGER, 0, fault);

	if (same)
		return same;
	same = p->lock &&
	       tote__memory_find(p, SPACE_LEDGER, LAYOUT_LOCK, "look at", &n, &unused) == 0 &&
	       n == p->lock;
	tote__memory_leave(p);
	return same;
}

int tote__memory_line_read(void *place, char *out, size_t cap, size_t *ret_len, uint64_t *ret_inode,
	struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *n;
	int rc = tote__memory_enter_own(p, SPACE_LEDGER, 0, fault);

	if (rc)
		return rc;
	rc = tote__memory_find_file(p, SPACE_LEDGER, LAYOUT_LOCK, "read", &n, fault);
	if (rc == 0) {
		*ret_len = tote__node_read(n, 0, out, cap);
		*ret_inode = n->inode;
	}
	tote__memory_leave(p);
	return rc;
}

static int line_entered(
	struct memory_place *p, const char *line, size_t len, struct tote_fault *fault)
{
	if (!p->held)
		return tote__fault(fault, TOTE_E_MISUSE,
			"the line of %s is written without its lock", p->location);
	return tote__node_write(&p->backend->tree, p->lock, 0, line, len, fault);
}

int tote__memory_line_write(void *place, const char *line, size_t len, struct tote_fault *fault)
{
	int rc = tote__memory_enter_own(place, SPACE_LEDGER, 1, fault);

	if (rc)
		return rc;
	rc = line_entered(place, line, len, fault);
	tote__memory_leave(place);
	return rc;
}

int tote__memory_line_sync(void *place, struct tote_fault *fault)
{
	return tote__memory_line_write(place, "", 0, fault);
}
