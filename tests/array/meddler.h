/* SPDX-License-Identifier: MIT */
/* Somebody else who writes to the store of array/memory_store.h at a chosen moment. */
#ifndef ZARRC_TESTS_ARRAY_MEDDLER_H
#define ZARRC_TESTS_ARRAY_MEDDLER_H

#include "array/memory_store.h"
#include "support/documents.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* A store in front of another one. Before the n-th read of a key it puts a text there, or fails. */
typedef struct meddler {
  zarrc_store store;
  zarrc_store *inner;
  const char *key, *text; /* text NULL: the read fails */
  int countdown;          /* reads of the key until then; 0: never */
} meddler;

typedef struct meddled {
  zarrc_wrapper_blob blob;
  meddler *m;
} meddled;

static inline zarrc_status meddle_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  meddler *m = ((meddled *)blob)->m;
  bool now = m->countdown > 0 && --m->countdown == 0;
  if (now && !m->text) return zarrc_fail(error, ZARRC_IO, "the disk is on fire");
  zarrc_status status = zarrc_blob_read(zarrc_wrapper_blob_inner(blob), ranges, n, error);
  if (now) nodes_put(m->inner, m->key, m->text); /* behind the reader's back */
  return status;
}

static inline zarrc_store *store_inner(const zarrc_store *self) {
  return ((const meddler *)self)->inner;
}

static inline size_t meddle_blob_nbytes(const zarrc_store *self, size_t key_nbytes) {
  return zarrc_wrapper_blob_nbytes(sizeof(meddled), store_inner(self), key_nbytes);
}

static inline zarrc_status meddle_open(zarrc_store *self, const char *key, zarrc_blob *blob, zarrc_error *e) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .read = meddle_read, .inner = zarrc_wrapper_blob_inner};
  meddler *m = (meddler *)self;
  if (!m->key || strcmp(key, m->key) != 0) return m->inner->ops->open(m->inner, key, blob, e);
  zarrc_status status = zarrc_wrapper_blob_open(blob, sizeof(meddled), &ops, m->inner, key, e);
  if (!status) ((meddled *)blob)->m = m;
  return status;
}

static const zarrc_store_ops meddle_ops = {.struct_size = sizeof meddle_ops,
                                           .name = "meddling",
                                           .blob_nbytes = meddle_blob_nbytes,
                                           .open = meddle_open,
                                           .inner = store_inner};

static inline meddler meddle(const char *key, int countdown, const char *text) {
  return (meddler){
      .store = {.ops = &meddle_ops, .ctx = ctx}, .inner = store, .key = key, .countdown = countdown, .text = text};
}

#endif
