/* SPDX-License-Identifier: MIT */
/* A store in memory that counts what is done to the values of chunks; thread-safe. */
#ifndef ZARRC_TESTS_COUNTING_STORE_H
#define ZARRC_TESTS_COUNTING_STORE_H

#include <zarrc/store.h>

#include <stdatomic.h>

typedef struct counting_store {
  zarrc_store store;
  zarrc_store *inner;
  atomic_size_t nopened;         /* blobs that were read from */
  atomic_size_t nreads, nranges; /* calls, ranges */
  atomic_size_t nbytes;          /* read */
  atomic_size_t nreplaced, nerased;
} counting_store;

/* Fails the test when there is no memory. Closed with zarrc_store_close. */
void counting_store_init(counting_store *store, zarrc_ctx *ctx);
void counting_store_reset(counting_store *store); /* the counts */

#endif
