/* SPDX-License-Identifier: MIT */
#include "tools/meter.h"

#include <string.h>

/* A blob of the meter as one of the inner store. Threads may read through one blob at once: it is touched only when the
 * inner store remembers something else of it than before. */
typedef struct passage {
  zarrc_meter *meter;
  zarrc_key_blob before, inner;
} passage;

static passage enter(const zarrc_key_blob *blob) {
  passage p = {.meter = (zarrc_meter *)blob->store, .before = *blob, .inner = *blob};
  p.inner.store = p.meter->inner;
  return p;
}

static void leave(const passage *p, zarrc_key_blob *blob) {
  if (memcmp(p->before.state, p->inner.state, sizeof blob->state) != 0)
    memcpy(blob->state, p->inner.state, sizeof blob->state);
}

static zarrc_status meter_read(zarrc_key_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  passage p = enter(blob);
  zarrc_status status = p.meter->inner->ops->read(&p.inner, ranges, n, error);
  leave(&p, blob);
  static const intptr_t nothing[sizeof blob->state / sizeof *blob->state];
  if (!status && memcmp(p.before.state, nothing, sizeof nothing) == 0) atomic_fetch_add(&p.meter->opened, 1);
  atomic_fetch_add(&p.meter->reads, n);
  for (size_t i = 0; !status && i < n; i++) atomic_fetch_add(&p.meter->read_bytes, ranges[i].got.len);
  return status;
}

static zarrc_status meter_replace(zarrc_key_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  passage p = enter(blob);
  zarrc_status status = p.meter->inner->ops->replace(&p.inner, parts, n, if_unchanged, error);
  leave(&p, blob);
  atomic_fetch_add(&p.meter->writes, 1);
  for (size_t i = 0; !status && i < n; i++) atomic_fetch_add(&p.meter->written_bytes, parts[i].len);
  return status;
}

/* Counts what comes from a source. */
typedef struct counted {
  const zarrc_source *source;
  void *state;
  zarrc_meter *meter;
} counted;

static zarrc_status counted_next(void *state, zarrc_parts *parts, zarrc_error *error) {
  counted *c = state;
  zarrc_status status = c->source->next(c->state, parts, error);
  if (!status) atomic_fetch_add(&c->meter->written_bytes, parts->nbytes);
  return status;
}

static void counted_close(void *state) {
  (void)state; /* the parts get the source back */
}

static zarrc_status meter_replace_from(zarrc_key_blob *blob, zarrc_parts *parts, bool if_unchanged,
                                       zarrc_error *error) {
  static const zarrc_source counting = {counted_next, counted_close};
  passage p = enter(blob);
  counted c = {parts->source, parts->source_state, p.meter};
  atomic_fetch_add(&p.meter->writes, 1);
  atomic_fetch_add(&p.meter->written_bytes, parts->nbytes);
  parts->source = &counting;
  parts->source_state = &c;
  zarrc_status status = p.meter->inner->ops->replace_from(&p.inner, parts, if_unchanged, error);
  parts->source = c.source;
  parts->source_state = c.state;
  leave(&p, blob);
  return status;
}

static zarrc_status meter_identify(zarrc_key_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  passage p = enter(blob);
  zarrc_status status = ZARRC_OK;
  *known = false;
  if (p.meter->inner->ops->identify) status = p.meter->inner->ops->identify(&p.inner, out, known, error);
  leave(&p, blob);
  return status;
}

static zarrc_status meter_erase(zarrc_key_blob *blob, bool if_unchanged, zarrc_error *error) {
  passage p = enter(blob);
  zarrc_status status = p.meter->inner->ops->erase(&p.inner, if_unchanged, error);
  leave(&p, blob);
  return status;
}

static void meter_forget(zarrc_key_blob *blob) {
  passage p = enter(blob);
  if (p.meter->inner->ops->forget) p.meter->inner->ops->forget(&p.inner);
  leave(&p, blob);
}

static zarrc_status meter_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                               void *arg, zarrc_error *error) {
  return zarrc_store_list(((zarrc_meter *)store)->inner, prefix, deep, sizes, fn, arg, error);
}

static zarrc_status meter_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  return zarrc_store_erase_prefix(((zarrc_meter *)store)->inner, prefix, error);
}

static void meter_close(zarrc_store *store) {
  (void)store;
}

#define METER_OPS                                                                                                      \
  .struct_size = sizeof(zarrc_store_ops), .name = "meter", .read = meter_read, .replace = meter_replace,               \
  .erase = meter_erase, .forget = meter_forget, .list = meter_list, .close = meter_close,                              \
  .erase_prefix = meter_erase_prefix, .identify = meter_identify

static const zarrc_store_ops meter_ops = {METER_OPS};
/* In front of a store that takes values batch by batch; and of one that moves bytes which it keeps, too. */
static const zarrc_store_ops streaming_ops = {METER_OPS, .replace_from = meter_replace_from};
static const zarrc_store_ops keeping_ops = {METER_OPS, .keeps = true, .replace_from = meter_replace_from};

void zarrc_meter_init(zarrc_meter *meter, zarrc_store *inner, zarrc_ctx *ctx) {
  *meter = (zarrc_meter){.inner = inner};
  meter->store.ops = !inner->ops->replace_from ? &meter_ops : inner->ops->keeps ? &keeping_ops : &streaming_ops;
  meter->store.ctx = ctx;
  meter->store.read_only = inner->read_only || !inner->ops->replace;
}
