/* SPDX-License-Identifier: ISC */
/*
 * The marks that every public header uses, and the version of the library.
 *
 * Conventions that hold for every call of this library are stated once, in toteborch.h.
 */
#ifndef TOTEBORCH_API_H
#define TOTEBORCH_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define TOTE_API __attribute__((visibility("default")))
#else
#define TOTE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_VERSION_MAJOR 0
#define TOTE_VERSION_MINOR 1
#define TOTE_VERSION_PATCH 0

struct tote_fault;

/*
 * The version of the library that is running, as "0.1.0". The string is static and never freed.
 * Any thread. Since 0.1.
 */
TOTE_API const char *tote_version(void);

/*
 * The value of the public constant of that name ("TOTE_E_BUSY", "TOTE_SEQ_ANY", ...), so that a
 * binding needs no C preprocessor. Values above INT64_MAX come back as the same 64 bits.
 * Returns 0, or TOTE_E_NOT_FOUND for a name that is none, TOTE_E_ARGUMENT for NULL.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_constant(const char *name, int64_t *ret_value, struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
