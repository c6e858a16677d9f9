/* SPDX-License-Identifier: ISC */
/*
 * The lock file. Its bytes are open-file-description locks on a descriptor of the place's own, so
 * two places exclude each other within one process as they do in two; the descriptor lives while a
 * byte is held or waited for.
 */
#include "store/posix_lock.h"
#include "store/holder.h"
#include "store/layout.h"
#include "store/posix_bell.h"
#include "store/posix_byte.h"
#include "store/posix_queue.h"
#include "store/posix_way.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NAP_FIRST_US INT64_C(50)
#define NAP_MAX_US   INT64_C(1000)

/* Makes the file, or finds that somebody else just did. Its name is synced in any case. */
static int make_lock(struct posix_place *p, struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	int fd, err;

	err = tote__posix_open_at(
		p, SPACE_LEDGER, LAYOUT_LOCK, O_RDWR | O_CREAT | O_EXCL, 0600, &fd);
	if (!err) {
		if (k->fchmod(fd, 0600) != 0)
			err = errno;
		tote__io_close(k, &fd);
	}
	if (!err || err == EEXIST)
		err = tote__posix_sync_dir(p, SPACE_LEDGER, "");
	return err ? tote__posix_fault(p, SPACE_LEDGER, LAYOUT_LOCK, err, "make", fault) : 0;
}

static int open_lock(struct posix_place *p, int flags, int *ret_fd, struct store_stat *ret_stat,
	struct tote_fault *fault)
{
	return tote__posix_open_file(
		p, SPACE_LEDGER, LAYOUT_LOCK, flags, "open", ret_fd, ret_stat, fault);
}

/* One more user of the descriptor: opened with the first. */
static int acquire(struct posix_place *p, struct tote_fault *fault)
{
	int rc = 0;

	pthread_mutex_lock(&p->mutex);
	if (p->lock_fd < 0) {
		rc = open_lock(p, O_RDWR, &p->lock_fd, &p->lock_opened, fault);
		if (rc == TOTE_E_NOT_FOUND) {
			rc = make_lock(p, fault);
			if (rc == 0)
				rc = open_lock(p, O_RDWR, &p->lock_fd, &p->lock_opened, fault);
		}
	}
	if (rc == 0)
		p->lock_users++;
	pthread_mutex_unlock(&p->mutex);
	if (rc == 0)
		tote__fault_clear(fault);
	return rc;
}

static void release(struct posix_place *p)
{
	pthread_mutex_lock(&p->mutex);
	if (--p->lock_users == 0)
		tote__io_close(p->backend->kernel, &p->lock_fd);
	pthread_mutex_unlock(&p->mutex);
}

/*
 * A byte other than 0: asks again and again, and in between sleeps until the holder rings; a wait
 * for the lock itself could not be bounded without a signal.
 */
static int wait_for(struct posix_place *p, int byte, int64_t wait_us)
{
	const int64_t start = tote__clock_monotonic(&p->backend->clock);
	int64_t nap = NAP_FIRST_US;

	for (;;) {
		int err = tote__byte_lock(p, byte);
		int64_t spent = tote__clock_monotonic(&p->backend->clock) - start;

		if (err != EAGAIN || wait_us <= spent)
			return err;
		tote__bell_wait(
			p, (unsigned int)byte, nap < wait_us - spent ? nap : wait_us - spent);
		nap = nap * 2 > NAP_MAX_US ? NAP_MAX_US : nap * 2;
	}
}

/* One read, as it was one write; only where no line came is it read to the end of the file. */
static int line_at(const struct kernel *k, int fd, char *out, size_t cap, size_t *ret_len)
{
	ssize_t n = k->pread(fd, out, cap, 0);

	*ret_len = 0;
	if (n <= 0 || !memchr(out, '\n', (size_t)n))
		return tote__io_read(k, fd, out, cap, 0, ret_len);
	*ret_len = (size_t)n;
	return 0;
}

static int busy(struct posix_place *p, int byte, struct tote_fault *fault)
{
	char line[LOCK_LINE_MAX];
	size_t len = 0;

	line_at(p->backend->kernel, p->lock_fd, line, sizeof(line), &len);
	return tote__holder_busy(p->location, byte, line, len, fault);
}

static int byte_check(struct posix_place *p, int byte, struct tote_fault *fault)
{
	if (byte < LOCK_BYTE_WRITE || byte > LOCK_BYTE_DISPATCH)
		return tote__fault(fault, TOTE_E_ARGUMENT, "a lock has no byte %d", byte);
	if (p->flags & STORE_READ_ONLY)
		return tote__fault(fault, TOTE_E_READ_ONLY,
			"%s was opened read-only: it cannot be locked", p->location);
	return tote__layout_check(p->layout, SPACE_LEDGER, "", fault);
}

static void held_set(struct posix_place *p, int byte, int held)
{
	pthread_mutex_lock(&p->mutex);
	if (held)
		p->held |= 1u << byte;
	else
		p->held &= ~(1u << byte);
	pthread_mutex_unlock(&p->mutex);
}

static unsigned int held_bytes(struct posix_place *p)
{
	unsigned int held;

	pthread_mutex_lock(&p->mutex);
	held = p->held;
	pthread_mutex_unlock(&p->mutex);
	return held;
}

static int take_entered(struct posix_place *p, int byte, int64_t wait_us, struct tote_fault *fault)
{
	int err, rc = acquire(p, fault);

	if (rc)
		return rc;
	tote__bell_hang(p);
	err = byte == LOCK_BYTE_WRITE ? tote__queue_take(p, wait_us) : wait_for(p, byte, wait_us);
	if (!err) {
		held_set(p, byte, 1);
		return 0;
	}
	if (err == EAGAIN)
		rc = busy(p, byte, fault);
	else
		rc = tote__posix_fault(p, SPACE_LEDGER, LAYOUT_LOCK, err, "lock", fault);
	release(p);
	return rc;
}

int tote__posix_lock_take(void *place, int byte, int64_t wait_us, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc = byte_check(p, byte, fault);

	if (rc == 0)
		rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	rc = take_entered(p, byte, wait_us, fault);
	tote__posix_leave(p);
	return rc;
}

void tote__posix_lock_drop(void *place, int byte)
{
	struct posix_place *p = place;

	if (byte < LOCK_BYTE_WRITE || byte > LOCK_BYTE_DISPATCH || !(held_bytes(p) & (1u << byte)))
		return;
	tote__byte_unlock(p, byte);
	if (byte == LOCK_BYTE_WRITE)
		tote__queue_call(p);
	else
		tote__bell_ring(p, (unsigned int)byte);
	held_set(p, byte, 0);
	release(p);
}

/*
 * A forked child shares the description: its close lets go of nothing, and it must not unlock what
 * its parent holds.
 */
void tote__posix_lock_drop_all(void *place)
{
	struct posix_place *p = place;

	if (p->backend->kernel->getpid() != p->backend->pid)
		return;
	for (int byte = LOCK_BYTE_WRITE; byte <= LOCK_BYTE_DISPATCH; byte++)
		tote__posix_lock_drop(p, byte);
}

int tote__posix_lock_is_current(void *place, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int same;

	if (!held_bytes(p))
		return 0;
	if ((same = tote__posix_enter(p, fault)) < 0)
		return same;
	same = tote__posix_is_still(p, SPACE_LEDGER, LAYOUT_LOCK, &p->lock_opened);
	tote__posix_leave(p);
	if (same < 0)
		return tote__posix_fault(p, SPACE_LEDGER, LAYOUT_LOCK, -same, "look at", fault);
	return same;
}

/* One more user of the descriptor that byte 0 is held by; 0 where it is not held. */
static int join_holder(struct posix_place *p)
{
	int held;

	pthread_mutex_lock(&p->mutex);
	held = (p->held & 1u << LOCK_BYTE_WRITE) != 0;
	if (held)
		p->lock_users++;
	pthread_mutex_unlock(&p->mutex);
	return held;
}

/*
 * The line of byte 0's holder is read from the file that is locked. Whoever holds nothing reads what
 * lies at the path now, not what he once opened.
 */
static int line_entered(struct posix_place *p, char *out, size_t cap, size_t *ret_len,
	uint64_t *ret_inode, struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	const int joined = join_holder(p);
	struct store_stat st;
	int fd, err, rc = 0;

	if (joined) {
		err = line_at(k, p->lock_fd, out, cap, ret_len);
		*ret_inode = p->lock_opened.inode;
		release(p);
	} else {
		rc = open_lock(p, O_RDONLY, &fd, &st, fault);
		if (rc)
			return rc;
		err = line_at(k, fd, out, cap, ret_len);
		*ret_inode = st.inode;
		tote__io_close(k, &fd);
	}
	return err ? tote__posix_fault(p, SPACE_LEDGER, LAYOUT_LOCK, err, "read", fault) : 0;
}

int tote__posix_line_read(void *place, char *out, size_t cap, size_t *ret_len, uint64_t *ret_inode,
	struct tote_fault *fault)
{
	struct posix_place *p = place;
	size_t got = 0;
	uint64_t inode = 0;
	int rc = tote__layout_check(p->layout, SPACE_LEDGER, "", fault);

	if (rc == 0)
		rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	rc = line_entered(p, out, cap, &got, &inode, fault);
	tote__posix_leave(p);
	if (rc)
		return rc;
	*ret_len = got;
	*ret_inode = inode;
	return 0;
}

static int held_check(struct posix_place *p, struct tote_fault *fault)
{
	if (held_bytes(p))
		return 0;
	return tote__fault(
		fault, TOTE_E_MISUSE, "the line of %s is written without its lock", p->location);
}

/* One write, so that a reader sees the old line or the new one; a short one is no line. */
int tote__posix_line_write(void *place, const char *line, size_t len, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc = held_check(p, fault);
	ssize_t n;

	if (rc)
		return rc;
	do {
		n = p->backend->kernel->pwrite(p->lock_fd, line, len, 0);
	} while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n == len)
		return 0;
	rc = tote__posix_fault(
		p, SPACE_LEDGER, LAYOUT_LOCK, n < 0 ? errno : EIO, "write the line of", fault);
	fault->effect = TOTE_EFFECT_UNKNOWN;
	return rc;
}

int tote__posix_line_sync(void *place, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int err, rc = held_check(p, fault);

	if (rc)
		return rc;
	err = tote__io_sync(p->backend->kernel, p->lock_fd);
	if (err) {
		rc = tote__posix_fault(p, SPACE_LEDGER, LAYOUT_LOCK, err, "sync", fault);
		fault->effect = TOTE_EFFECT_UNKNOWN;
	}
	return rc;
}
