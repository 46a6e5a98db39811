/* SPDX-License-Identifier: MIT */
/*
 * The store that a function called by zarrc_store_each reads from. It wraps a store that can fetch: its blobs serve
 * what has been fetched and note what is wanted. Writes go to the blobs behind.
 */
#ifndef ZARRC_STORE_ASKED_H
#define ZARRC_STORE_ASKED_H

#include <pthread.h>
#include <zarrc/plugin/store.h>

/* A value that has been read or asked for. */
typedef struct zarrc_asked_value {
  struct zarrc_asked_value *next;
  uint64_t hash; /* of the key */
  zarrc_asking *asking;
  zarrc_blob *behind; /* the blob of the store behind, or NULL: it could not be opened again, see status */
  bool is_read;       /* part of it has been fetched, or there is no value */
  bool is_missing;    /* there is no value */
  bool is_expected;   /* its blob expects a remembered version: */
  zarrc_identity version;
  unsigned nchanges;   /* how often it has changed while it was read */
  zarrc_status status; /* why it cannot be fetched, or ZARRC_OK */
  zarrc_error *error;  /* details, or NULL */
  zarrc_range *ranges; /* nranges ranges to fetch */
  size_t nranges;
  char *key;
} zarrc_asked_value;

typedef struct zarrc_asked_store {
  zarrc_store store;
  zarrc_store *behind;
  pthread_mutex_t lock; /* guards the list of values, and what is known about versions */
  zarrc_asked_value *values;
} zarrc_asked_store;

void zarrc_asked_store_init(zarrc_asked_store *asked, zarrc_store *behind);
/* Forgets all values. */
void zarrc_asked_store_clear(zarrc_asked_store *asked);
void zarrc_asked_store_destroy(zarrc_asked_store *asked);
bool zarrc_store_is_asked(const zarrc_store *store);

/* Lists the ranges to fetch of all values, and estimates their size; ranges with to_end count value_nbytes at most.
 * ZARRC_INTERNAL: there are none. */
zarrc_status zarrc_asked_store_list(zarrc_asked_store *asked, uint64_t value_nbytes, uint64_t *nbytes,
                                    zarrc_error *error);
/* Returns the status with which a call has ended, or ZARRC_PENDING: the call relied on the remembered version of a
 * value that nothing has been fetched of. It now waits for a byte of it, and is to be repeated. */
zarrc_status zarrc_asked_store_check(zarrc_asked_store *asked, zarrc_status status, zarrc_error *error);
/* Returns how many fetched bytes are held. */
uint64_t zarrc_asked_store_nbytes(const zarrc_asked_store *asked);

/* Takes over the result of a request. Fails with ZARRC_NO_MEMORY only; other failures are reported to readers. */
zarrc_status zarrc_asked_value_take(zarrc_asked_store *asked, zarrc_asked_value *v, zarrc_request *request);

#endif
