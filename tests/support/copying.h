/* SPDX-License-Identifier: MIT */
/* Arrays to be copied, and copiers, for tests of tools. Everything here fails the test rather than return an error. */
#ifndef ZARRC_TESTS_COPYING_H
#define ZARRC_TESTS_COPYING_H

#include <zarrc/zarrc.h>

/* Makes an array of int32 that counts from 1 on, so that no element is fill value. shards may be NULL, codecs too
 * (bytes). Opened; the caller closes it. */
zarrc_array *copying_array(zarrc_store *store, const char *path, int ndim, const int64_t *shape, const int64_t *chunks,
                           const int64_t *shards, const char *codecs);

/* Opens a copier and plans or runs it; what comes back is the status, and *why the error. */
zarrc_status copying_plan(zarrc_store *source, const char *from, zarrc_store *target, const char *to,
                          zarrc_copy_options options, zarrc_copier **out, zarrc_error *why);
zarrc_status copying_run(zarrc_store *source, const char *from, zarrc_store *target, const char *to,
                         zarrc_copy_options options, zarrc_copier **out, zarrc_error *why);

/* Both arrays have the same shape and elements of int32. */
void copying_same(zarrc_store *a, const char *path_a, zarrc_store *b, const char *path_b);

#endif
