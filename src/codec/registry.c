/* SPDX-License-Identifier: MIT */
#include "codec/registry.h"
#include "base/ctx.h"

#include <string.h>

/* Registered classes, newest first. Each is a copy in this version's size. */
typedef struct registered {
  zarrc_codec_class codec_class;
  struct registered *next;
} registered;

typedef struct registry {
  registered *first;
} registry;

static void destroy_registry(zarrc_ctx *ctx, void *object) {
  registry *r = object;
  while (r->first) {
    registered *next = r->first->next;
    zarrc_free(ctx, r->first);
    r->first = next;
  }
  zarrc_free(ctx, r);
}

static registry *registry_of(zarrc_ctx *ctx) {
  registry *r = zarrc_ctx_get_slot(ctx, ZARRC_SLOT_REGISTRY);
  if (r) return r;
  r = zarrc_malloc(ctx, sizeof *r);
  if (!r) return NULL;
  r->first = NULL;
  if (!zarrc_ctx_set_slot(ctx, ZARRC_SLOT_REGISTRY, r, destroy_registry)) zarrc_free(ctx, r);
  return zarrc_ctx_get_slot(ctx, ZARRC_SLOT_REGISTRY);
}

const zarrc_codec_class *zarrc_find_codec(zarrc_ctx *ctx, const char *name) {
  const registry *r = zarrc_ctx_get_slot(ctx, ZARRC_SLOT_REGISTRY);
  for (const registered *it = r ? r->first : NULL; it; it = it->next)
    if (strcmp(it->codec_class.name, name) == 0) return &it->codec_class;
  for (const zarrc_codec_alias *it = zarrc_codec_aliases; it->alias; it++)
    if (strcmp(it->alias, name) == 0) name = it->name;
  for (const zarrc_codec_class *const *it = zarrc_builtin_codecs; *it; it++)
    if (strcmp((*it)->name, name) == 0) return *it;
  return NULL;
}

const char *zarrc_codec_name_get(zarrc_ctx *ctx, size_t i) {
  const registry *r = zarrc_ctx_get_slot(ctx, ZARRC_SLOT_REGISTRY);
  for (const registered *it = r ? r->first : NULL; it; it = it->next)
    if (i-- == 0) return it->codec_class.name;
  for (const zarrc_codec_class *const *it = zarrc_builtin_codecs; *it; it++)
    if (i-- == 0) return (*it)->name;
  return NULL;
}

/* Largest instance of a codec. */
#define MAX_INSTANCE ((size_t)1 << 20)

static bool class_is_whole(const zarrc_codec_class *c) {
  if (!c->open || !c->name || !c->name[0]) return false;
  if (c->missing_library) return true;
  switch (c->kind) {
  case ZARRC_ARRAY_TO_ARRAY:
    return c->u.aa.map ? c->u.aa.map_region != NULL : c->u.aa.encode && c->u.aa.decode;
  case ZARRC_ARRAY_TO_BYTES:
    return c->u.ab.encode && c->u.ab.read;
  case ZARRC_BYTES_TO_BYTES:
    return c->u.bb.encode && c->u.bb.decode;
  }
  return false;
}

/* Copies and checks a table. One that was compiled with an older header is shorter, and its missing members become
 * NULL; of a longer one the rest is ignored. */
static zarrc_status take_class(const zarrc_codec_class *given, zarrc_codec_class *out, zarrc_error *error) {
  size_t size = given->struct_size;
  if (size < offsetof(zarrc_codec_class, u))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a codec class of %zu bytes, at least %zu are needed", size,
                      offsetof(zarrc_codec_class, u));
  memset(out, 0, sizeof *out);
  memcpy(out, given, size < sizeof *out ? size : sizeof *out);
  out->struct_size = sizeof *out;
  if (out->instance_size > MAX_INSTANCE)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                      "codec class %s: an instance of %zu bytes, at most %zu are possible",
                      out->name ? out->name : "without a name", out->instance_size, MAX_INSTANCE);
  if (class_is_whole(out)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "codec class %s: a function that its kind needs is missing",
                    out->name ? out->name : "without a name");
}

zarrc_status zarrc_register_codec(zarrc_ctx *ctx, const zarrc_codec_class *codec_class, zarrc_error *error) {
  registered entry = {0}, *added;
  zarrc_status status = take_class(codec_class, &entry.codec_class, error);
  if (status) return status;
  const char *name = entry.codec_class.name;
  if (zarrc_find_codec(ctx, name))
    return zarrc_fail(error, ZARRC_CONFLICT, "a codec named %s is registered already", name);
  registry *r = registry_of(ctx);
  added = r ? zarrc_malloc(ctx, sizeof *added) : NULL;
  if (!added) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory to register codec %s", name);
  entry.next = r->first;
  *added = entry;
  r->first = added;
  return ZARRC_OK;
}
