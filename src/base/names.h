/* SPDX-License-Identifier: MIT */
/* Names of enums with the values 0 to n - 1. */
#ifndef ZARRC_BASE_NAMES_H
#define ZARRC_BASE_NAMES_H

#include <zarrc/base.h>

/* Returns the name of a value; NULL if it is out of range. */
const char *zarrc_name_of(const char *const *names, size_t n, int64_t value);

/* Gets the value with a name. ZARRC_INVALID_ARGUMENT: there is none; the message lists the names. `what` is named in
 * the message, as in "the shuffle". */
zarrc_status zarrc_name_find(const char *const *names, size_t n, const char *what, const char *name, int *out,
                             zarrc_error *error);

#endif
