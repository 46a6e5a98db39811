/* SPDX-License-Identifier: MIT */
/* An allocator that fails when told to, checks what it is told, and knows what is still held. */
#ifndef ZARRC_TESTS_FAULTY_ALLOC_H
#define ZARRC_TESTS_FAULTY_ALLOC_H

#include <zarrc/base.h>

#include <stdatomic.h>

typedef struct faulty_alloc {
  size_t fail_at; /* the allocation to fail, counted from 1; 0: none */
  bool forever;   /* and every one after it */
  atomic_size_t calls, failed;
  atomic_size_t blocks, nbytes; /* held now */
} faulty_alloc;

/* Thread-safe. Every block is a malloc of its exact size (over-aligned ones too), which moves whenever it is resized,
 * so that the address sanitizer sees each step beyond it and each use of the old one. */
zarrc_allocator faulty_alloc_use(faulty_alloc *alloc);

/* Runs body with options whose first, second, ... allocation fails, once and for ever, until a run meets no failure.
 * body opens a context with the options, does its work, closes all and returns the status of the work. Every run must
 * end with ZARRC_OK or ZARRC_NO_MEMORY and hold nothing, the last one with ZARRC_OK. options may be NULL. Returns the
 * number of allocations of a whole run. */
size_t faulty_alloc_each(const zarrc_ctx_options *options,
                         zarrc_status (*body)(const zarrc_ctx_options *options, void *arg), void *arg);

#endif
