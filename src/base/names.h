/* SPDX-License-Identifier: MIT */
/* Enums whose values 0 to n - 1 have names. */
#ifndef ZARRC_BASE_NAMES_H
#define ZARRC_BASE_NAMES_H

#include <zarrc/base.h>

/* Returns the name of a value, or NULL where the value is out of range. */
const char *zarrc_name_of(const char *const *names, size_t n, int64_t value);

/* Sets *out to the value that has a name. ZARRC_INVALID_ARGUMENT: none has it; the message lists the names. `what` says
 * what is named: "a shuffle". */
zarrc_status zarrc_name_find(const char *const *names, size_t n, const char *what, const char *name, int *out,
                             zarrc_error *error);

#endif
