/* SPDX-License-Identifier: MIT */
/* The one place where memory comes from. */
#ifndef ZARRC_BASE_ALLOC_H
#define ZARRC_BASE_ALLOC_H

#include <zarrc/base.h>

/* zarrc_allocator's resize through the context: counted, held to max_memory, and tried once more after idle scratch
 * memory and warm objects were given up. A block of 4 MiB and more that grows is counted twice until it is copied. The
 * caller remembers the size. */
void *zarrc_mem_resize(zarrc_ctx *ctx, void *p, size_t old_size, size_t size, size_t align);

/* Counts what a library is about to take without asking the context; false: it would pass max_memory, even without what
 * is idle. And gives it back. */
bool zarrc_mem_count(zarrc_ctx *ctx, uint64_t nbytes);
void zarrc_mem_uncount(zarrc_ctx *ctx, uint64_t nbytes);

/* The allocator of a context that was given none. Blocks of 4 MiB and more lie on huge pages where there are any. */
void *zarrc_default_resize(void *ud, void *p, size_t old_size, size_t size, size_t align);

#endif
