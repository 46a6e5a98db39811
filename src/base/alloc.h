/* SPDX-License-Identifier: MIT */
/* Memory of a context. No other file allocates. */
#ifndef ZARRC_BASE_ALLOC_H
#define ZARRC_BASE_ALLOC_H

#include <zarrc/base.h>

/* Like `resize` of zarrc_allocator, but counts the memory and keeps within max_memory. If there is not enough, frees
 * idle objects and tries once more. While a block of 4 MiB or more grows, both copies count. */
void *zarrc_mem_resize(zarrc_ctx *ctx, void *p, size_t old_size, size_t size, size_t align);

/* Counts memory that a library allocates by itself, and stops counting it. Returns false if max_memory would be
 * exceeded even after idle objects have been freed. */
bool zarrc_mem_count(zarrc_ctx *ctx, uint64_t nbytes);
void zarrc_mem_uncount(zarrc_ctx *ctx, uint64_t nbytes);

/* The default allocator. Blocks of 4 MiB and more are aligned for huge pages. */
void *zarrc_default_resize(void *ud, void *p, size_t old_size, size_t size, size_t align);

#endif
