/* SPDX-License-Identifier: MIT */
/* Memory that ends (or begins) at a page which cannot be touched: finds what sanitizers do not see, in libraries too.
 */
#ifndef ZARRC_TESTS_GUARD_H
#define ZARRC_TESTS_GUARD_H

#include <stddef.h>
#include <stdint.h>

typedef struct guard {
  uint8_t *ptr; /* nbytes bytes; the byte at ptr + nbytes, or at ptr - 1, cannot be touched */
  size_t nbytes;
  void *map;
  size_t map_nbytes;
} guard;

guard guard_end(size_t nbytes);                       /* filled with 0xa5 */
guard guard_end_of(const void *bytes, size_t nbytes); /* a copy of bytes */
guard guard_begin(size_t nbytes);                     /* filled with 0xa5 */
void guard_read_only(const guard *memory);            /* from here on it cannot be written */
void guard_free(guard *memory);

#endif
