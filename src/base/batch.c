/* SPDX-License-Identifier: MIT */
#include <zarrc/base.h>

#include <pthread.h>

typedef struct all {
  zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error);
  void *arg;
  pthread_mutex_t lock; /* of what follows */
  size_t lowest;
  zarrc_error first;
} all;

static zarrc_status all_step(void *arg, size_t i, zarrc_error *error) {
  all *a = arg;
  zarrc_status status = a->fn(a->arg, i, error);
  if (status) {
    if (error->code != status) zarrc_fail(error, status, "%s", zarrc_status_words(status));
    pthread_mutex_lock(&a->lock);
    if (!a->first.code || i < a->lowest) {
      a->lowest = i;
      a->first = *error;
    }
    pthread_mutex_unlock(&a->lock);
  }
  return ZARRC_OK;
}

zarrc_status zarrc_for_all(zarrc_ctx *ctx, size_t n, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                           void *arg, zarrc_error *error) {
  all a = {.fn = fn, .arg = arg, .lock = PTHREAD_MUTEX_INITIALIZER};
  zarrc_status status = zarrc_for_each(ctx, n, all_step, &a, error);
  if (!status && a.first.code) {
    status = a.first.code;
    if (error) *error = a.first;
  }
  return status;
}
