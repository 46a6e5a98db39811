/* SPDX-License-Identifier: MIT */
/*
 * A store that stands for one over a network: many values can be fetched at once, what is fetched is memory of the
 * context, and each time that somebody waits is counted instead of waited. Thread-safe.
 */
#ifndef ZARRC_TESTS_FAR_STORE_H
#define ZARRC_TESTS_FAR_STORE_H

#include <pthread.h>
#include <zarrc/plugin/store.h>

typedef struct far_asked far_asked;

typedef struct far_store {
  zarrc_store store;
  zarrc_store *inner;
  zarrc_blob_traits traits; /* of its blobs: may be changed */
  pthread_mutex_t lock;     /* of what follows */
  size_t nwaves;            /* times that somebody waits: a fetch, or a read of one value */
  size_t nsingle;           /* those of one value, not through fetch */
  size_t nlists;
  size_t nranges, nbytes; /* that were fetched */
  size_t most_at_once;    /* values of one fetch, at the most */
  far_asked *asked;       /* what was asked for since far_store_begin */
  size_t ntwice;          /* bytes of one version that were asked for again */
  bool blind;             /* versions cannot be told */
  const char *failing;    /* key whose values cannot be fetched, and why */
  zarrc_status status;
  void (*spoil)(zarrc_range *range);               /* makes an answer of a fetch a wrong one; may be NULL */
  void (*after)(void *arg, struct far_store *far); /* called after each fetch; may be NULL */
  void *after_arg;
} far_store;

/* Neither owns nor closes inner, which needs a context that is not limited. */
void far_store_init(far_store *far, zarrc_ctx *ctx, zarrc_store *inner);
/* Begins to count anew. */
void far_store_begin(far_store *far);
void far_store_clear(far_store *far);

#endif
