/* SPDX-License-Identifier: ISC */
/*
 * A table of system calls that counts what goes through it and fails what it is told to fail. There
 * is one in a process; each test begins with faulty_kernel().
 */
#ifndef SUPPORT_FAULTY_KERNEL_H
#define SUPPORT_FAULTY_KERNEL_H

#include "store/posix_kernel.h"

enum call {
	CALL_OPENAT2,
	CALL_OPENAT,
	CALL_SETFL,
	CALL_SETLK,
	CALL_MKDIRAT,
	CALL_LINKAT,
	CALL_RENAMEAT2,
	CALL_UNLINKAT,
	CALL_FCHMOD,
	CALL_STATX,
	CALL_GETDENTS64,
	CALL_PREAD,
	CALL_PWRITE,
	CALL_FSYNC,
	CALL_FDATASYNC,
	CALL_SYNCFS,
	CALL_FADVISE,
	CALLS,
	CALL_ANY = CALLS /* to be failed, counted, or acted before: whichever comes */
};

/* Forgets everything told and counted, and gives the table. */
const struct kernel *faulty_kernel(void);

/* The call with that number from now on (0: the next), and `times` - 1 after it, fail. */
void faulty_fail(enum call call, long number, long times, int err);
/* An O_TMPFILE is answered with err from now on; 0: by the kernel again. */
void faulty_refuse_tmpfile(int err);
/* The next write is this short, and all after it too; 0: as long as they are. */
void faulty_shorten_io(size_t len);
/* Before the call with that number from now on: this happens, as if another process did it. */
void faulty_before(enum call call, long number, void (*act)(void *user), void *user);

/* 1: every file lies on a disk that takes O_DIRECT, whatever the file system is. */
void faulty_pretend_disk(int pretend);

long faulty_count(enum call call);
int faulty_fired(void); /* 1: something told to fail has failed */

#endif
