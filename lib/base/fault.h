/* SPDX-License-Identifier: ISC */
/*
 * Setting faults inside the library: formatted, cut in the middle, never failing.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdarg.h>
#include <toteborch/fault.h>

#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/*
 * First statement of every public function: makes `fault` point to a zeroed fault, the caller's or
 * a local one, so that nothing below ever sees NULL.
 */
#define FAULT_BEGIN(fault)                                                                         \
	struct tote_fault fault_scratch_;                                                          \
	(fault) = tote__fault_begin((fault), &fault_scratch_)

struct tote_fault *tote__fault_begin(struct tote_fault *fault, struct tote_fault *scratch);

/* Sets code and text (sys_errno 0, effect NONE) and returns code. Keeps box if it was set. */
int tote__fault(struct tote_fault *fault, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * The same for a failed system call: maps err to a code (ENOSPC, EDQUOT -> NO_SPACE; EACCES, EPERM
 * -> PERMISSION; EROFS -> READ_ONLY; ENOMEM -> NO_MEMORY; EMFILE, ENFILE -> LIMIT; ENOENT ->
 * NOT_FOUND; EEXIST -> EXISTS; ELOOP, EXDEV -> UNTRUSTED; else IO) and appends ": strerror".
 */
int tote__fault_errno(struct tote_fault *fault, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "what: " in front of the text, keeping everything else: "append: sync: no space". */
int tote__fault_wrap(struct tote_fault *fault, const char *fmt, ...) PRINTF_LIKE(2, 3);

void tote__fault_set_box(struct tote_fault *fault, const char *id);
void tote__fault_set_seq(struct tote_fault *fault, uint64_t seq);
void tote__fault_clear(struct tote_fault *fault);

#endif
