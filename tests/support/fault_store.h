/* SPDX-License-Identifier: MIT */
/* A store in front of another one in which one operation goes wrong; thread-safe. */
#ifndef ZARRC_TESTS_FAULT_STORE_H
#define ZARRC_TESTS_FAULT_STORE_H

#include <zarrc/store.h>

#include <stdatomic.h>

typedef enum fault_kind {
  FAULT_FAIL,  /* the operation is not done, and fails with `status` */
  FAULT_DAMAGE /* one bit of what is read, or of what is stored, is another; other operations are done */
} fault_kind;

typedef struct fault_store {
  zarrc_store store;
  zarrc_store *inner;
  fault_kind kind;
  zarrc_status status;
  size_t at;             /* the operation that goes wrong, counted from 1; 0: none */
  atomic_size_t calls;   /* reads, writes, erasings, identifications, listings */
  atomic_size_t nfaults; /* that went wrong: 0 or 1 */
} fault_store;

/* Neither owns nor closes inner. */
void fault_store_init(fault_store *store, zarrc_store *inner);
/* Counts from 0 again; the operation number `at` fails with status, or (ZARRC_OK) damages what it moves. */
void fault_store_arm(fault_store *store, size_t at, zarrc_status status);

#endif
