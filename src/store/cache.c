/* SPDX-License-Identifier: MIT */
/* The store that keeps what was read, and its blobs. What is written goes to the store behind, and is forgotten here.
 */
#include "store/cache.h"
#include "store/common.h"
#include "store/file.h"

#include "base/sized.h"

#include <errno.h>
#include <sys/stat.h>
#include <zarrc/plugin/blob.h>

#define MEMORY_NBYTES ((uint64_t)64 << 20)
#define DISK_NBYTES   ((uint64_t)1 << 30)
/* By default no more than this part of max_memory. */
enum { OF_THE_LIMIT = 4 };

static zarrc_cache_blob *cached(zarrc_blob *blob) {
  return (zarrc_cache_blob *)blob;
}

/* ------------------------------------------------------------------------------------------------------- changes */

static void begin_change(zarrc_cache_blob *b) {
  zarrc_cache_memory_begin_change(&b->cache->memory);
}

/* Forgets the value, whatever has become of it. The blob forgets what it has read if the one behind has. */
static zarrc_status end_change(zarrc_cache_blob *b, zarrc_status status) {
  zarrc_cache_memory_end_change(&b->cache->memory);
  zarrc_cache_forget(b->cache, b->key);
  if (status && status != ZARRC_CONFLICT) return status;
  atomic_store(&b->is_held, false);
  atomic_store(&b->is_current, false);
  atomic_store(&b->state, ZARRC_CACHE_FREE);
  return status;
}

/* Forgets all values below a prefix, whatever has become of them. */
static zarrc_status end_change_below(zarrc_cache_store *c, const char *prefix, zarrc_status status) {
  zarrc_cache_memory_end_change(&c->memory);
  zarrc_cache_memory_forget_below(&c->memory, prefix);
  return status;
}

/* Makes sure that the blob behind has read the version that this one has. */
static zarrc_status hold(zarrc_cache_blob *b, bool if_unchanged, zarrc_error *error) {
  zarrc_cache_version version = b->version;
  bool known;
  if (!if_unchanged || atomic_load(&b->state) != ZARRC_CACHE_TIED || atomic_load(&b->is_held)) return ZARRC_OK;
  zarrc_status status = zarrc_cache_hold(b, &version, &known, error);
  if (status && status != ZARRC_NOT_FOUND) return status;
  if (!status && known && zarrc_cache_version_is(&b->version, &version.identity)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CONFLICT, "the value was changed meanwhile");
}

static zarrc_status cache_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  begin_change(cached(blob));
  zarrc_status status = hold(cached(blob), if_unchanged, error);
  if (!status) status = zarrc_blob_replace(zarrc_wrapper_blob_inner(blob), parts, n, if_unchanged, error);
  return end_change(cached(blob), status);
}

static zarrc_status cache_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  begin_change(cached(blob));
  zarrc_status status = hold(cached(blob), if_unchanged, error);
  if (!status) status = zarrc_blob_replace_from(zarrc_wrapper_blob_inner(blob), parts, if_unchanged, error);
  return end_change(cached(blob), status);
}

static zarrc_status cache_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  begin_change(cached(blob));
  zarrc_status status = hold(cached(blob), if_unchanged, error);
  if (!status) status = zarrc_blob_erase(zarrc_wrapper_blob_inner(blob), if_unchanged, error);
  return end_change(cached(blob), status);
}

/* What was appended is read from the blob behind, which must know the version that was read before. */
static zarrc_status cache_append(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, zarrc_error *error) {
  zarrc_status status = hold(cached(blob), true, error);
  if (!status) status = zarrc_blob_append(zarrc_wrapper_blob_inner(blob), parts, n, error);
  if (!status) atomic_store(&cached(blob)->state, ZARRC_CACHE_PASSING);
  return status;
}

static zarrc_status cache_publish(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  begin_change(cached(blob));
  return end_change(cached(blob), zarrc_blob_publish(zarrc_wrapper_blob_inner(blob), if_unchanged, error));
}

/* ------------------------------------------------------------------------------------------------------ versions */

/* Ties the blob to the version that the one behind tells. */
static zarrc_status ask_version(zarrc_cache_blob *b, zarrc_identity *out, bool *known, zarrc_error *error) {
  zarrc_cache_memory *memory = &b->cache->memory;
  zarrc_cache_version version = {
      .is_told = true, .seen_at = zarrc_cache_now(), .mark = zarrc_cache_memory_mark(memory)};
  int state = atomic_load(&b->state);
  zarrc_status status = zarrc_blob_identify(b->blob.inner, out, known, error);
  if (status == ZARRC_NOT_FOUND) zarrc_cache_meet_nothing(b);
  if (status || !*known || state != ZARRC_CACHE_FREE) return status;
  version.identity = *out;
  zarrc_cache_memory_see(memory, b->key, &version);
  atomic_store(&b->is_held, true);
  atomic_store(&b->is_current, true);
  zarrc_cache_tie(b, &version);
  return ZARRC_OK;
}

static zarrc_status cache_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  zarrc_cache_blob *b = cached(blob);
  zarrc_cache_version version;
  int state = atomic_load(&b->state);
  *known = false;
  if (state == ZARRC_CACHE_FREE && zarrc_cache_memory_find(&b->cache->memory, b->key, &version) && version.is_told &&
      zarrc_cache_is_trusted(b, &version)) {
    zarrc_status status = zarrc_cache_hold(b, &version, known, error);
    if (status == ZARRC_NOT_FOUND) zarrc_cache_meet_nothing(b);
    if (status || !*known) return status;
    zarrc_cache_tie(b, &version);
    atomic_store(&b->is_current, true);
    state = ZARRC_CACHE_TIED;
  }
  if (state != ZARRC_CACHE_TIED) return ask_version(b, out, known, error);
  *known = b->version.is_told;
  *out = b->version.identity;
  return ZARRC_OK;
}

static void cache_expect(zarrc_blob *blob, const zarrc_identity *identity) {
  zarrc_cache_blob *b = cached(blob);
  const zarrc_cache_version version = {.identity = *identity, .is_told = true};
  atomic_store(&b->state, ZARRC_CACHE_FREE);
  atomic_store(&b->is_held, zarrc_blob_expect(b->blob.inner, identity));
  atomic_store(&b->is_current, false);
  zarrc_cache_tie(b, &version);
}

static void cache_close_blob(zarrc_blob *blob) {
  if (!cached(blob)->is_lost) zarrc_blob_close(zarrc_wrapper_blob_inner(blob));
}

/* ----------------------------------------------------------------------------------------------------- the store */

static size_t cache_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  return zarrc_wrapper_blob_nbytes(sizeof(zarrc_cache_blob), zarrc_wrapper_behind(store), key_nbytes);
}

#define READING                                                                                                        \
  .read = zarrc_cache_read, .close = cache_close_blob, .identify = cache_identify, .expect = cache_expect,             \
  .inner = zarrc_wrapper_blob_inner

static zarrc_status cache_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops reading = {.struct_size = sizeof reading, READING};
  static const zarrc_blob_ops writing = {.struct_size = sizeof writing,
                                         READING,
                                         .replace = cache_replace,
                                         .replace_from = cache_replace_from,
                                         .erase = cache_erase,
                                         .append = cache_append,
                                         .publish = cache_publish};
  zarrc_cache_blob *b = cached(blob);
  zarrc_status status = zarrc_wrapper_blob_open(blob, sizeof *b, &reading, zarrc_wrapper_behind(store), key, error);
  if (status) return status;
  if (zarrc_blob_is_writable(b->blob.inner)) b->blob.blob.ops = &writing;
  b->cache = (zarrc_cache_store *)store;
  b->key = key;
  atomic_init(&b->state, ZARRC_CACHE_FREE);
  atomic_init(&b->is_held, false);
  atomic_init(&b->is_current, false);
  return ZARRC_OK;
}

static zarrc_status cache_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  zarrc_cache_store *c = (zarrc_cache_store *)store;
  zarrc_cache_memory_begin_change(&c->memory);
  zarrc_status status = zarrc_store_erase_prefix(c->wrapper.behind, prefix, error);
  return end_change_below(c, prefix, status);
}

static zarrc_status cache_create(zarrc_store *store, const char *folder, const char *const *names,
                                 const zarrc_bytes *values, size_t n, const char *const *unless, zarrc_error *error) {
  zarrc_cache_store *c = (zarrc_cache_store *)store;
  zarrc_cache_memory_begin_change(&c->memory);
  zarrc_status status = zarrc_store_create(c->wrapper.behind, folder, names, values, n, unless, error);
  return end_change_below(c, folder, status);
}

static void cache_close(zarrc_store *store) {
  zarrc_cache_store *c = (zarrc_cache_store *)store;
  zarrc_cache_disk_close(&c->disk);
  zarrc_cache_memory_close(&c->memory);
  zarrc_store_close(c->folder);
  if (c->owned) zarrc_store_close(c->owned);
  zarrc_store_free(store);
}

/* ---------------------------------------------------------------------------------------------------- its stages */

/* A stage of the store behind. What it replaces is forgotten here. */
typedef struct cache_stage {
  zarrc_stage stage;
  zarrc_stage *behind;
  char prefix[];
} cache_stage;

static zarrc_status stage_open(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                               zarrc_stage **out, zarrc_error *error) {
  cache_stage *s = zarrc_malloc(store->ctx, sizeof *s + strlen(prefix) + 1);
  if (!s) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a stage");
  memset(s, 0, sizeof *s);
  strcpy(s->prefix, prefix);
  zarrc_status status = zarrc_stage_open(zarrc_wrapper_behind(store), prefix, mode, note, &s->behind, error);
  if (status) {
    zarrc_free(store->ctx, s);
    return status;
  }
  s->stage = (zarrc_stage){
      .target = store, .store = s->behind->store, .resumed = s->behind->resumed, .never_kept = s->behind->never_kept};
  *out = &s->stage;
  return ZARRC_OK;
}

static zarrc_status stage_publish(zarrc_stage *stage, bool replace, zarrc_error *error) {
  const cache_stage *s = (const cache_stage *)stage;
  zarrc_cache_store *c = (zarrc_cache_store *)stage->target;
  zarrc_cache_memory_begin_change(&c->memory);
  zarrc_status status = zarrc_stage_publish(s->behind, replace, error);
  return end_change_below(c, s->prefix, status);
}

static void stage_close(zarrc_stage *stage, bool keep) {
  cache_stage *s = (cache_stage *)stage;
  zarrc_ctx *ctx = stage->target->ctx;
  s->behind->never_kept = stage->never_kept;
  zarrc_stage_close(s->behind, keep);
  zarrc_free(ctx, s);
}

static zarrc_status stage_find(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                               zarrc_error *error) {
  return zarrc_stage_find(zarrc_wrapper_behind(store), prefix, note, size, found, error);
}

static zarrc_status stage_left(zarrc_store *store, const char *prefix, char *place, size_t size, bool *found,
                               zarrc_error *error) {
  return zarrc_stage_left(zarrc_wrapper_behind(store), prefix, place, size, found, error);
}

static const zarrc_stage_ops stage_ops = {.struct_size = sizeof stage_ops,
                                          .open = stage_open,
                                          .publish = stage_publish,
                                          .close = stage_close,
                                          .find = stage_find,
                                          .left = stage_left};

/* -------------------------------------------------------------------------------------------------------- entry */

static const zarrc_store_ops cache_ops = {.struct_size = sizeof cache_ops,
                                          .name = "cache",
                                          .blob_nbytes = cache_blob_nbytes,
                                          .open = cache_open,
                                          .erase_prefix = cache_erase_prefix,
                                          .close = cache_close,
                                          .stage = &stage_ops,
                                          .inner = zarrc_wrapper_behind,
                                          .fetch = zarrc_cache_fetch,
                                          .create = cache_create};

static zarrc_status take_options(const zarrc_store *behind, const zarrc_cache_options *given, zarrc_cache_options *out,
                                 zarrc_error *error) {
  uint64_t limit = zarrc_ctx_get_options(behind->ctx)->max_memory / OF_THE_LIMIT;
  memset(out, 0, sizeof *out);
  zarrc_status status = given ? zarrc_sized_take(out, sizeof *out, given, "the cache's options", error) : ZARRC_OK;
  if (status) return status;
  if (!out->memory_nbytes) out->memory_nbytes = limit && limit < MEMORY_NBYTES ? limit : MEMORY_NBYTES;
  if (!out->disk_nbytes) out->disk_nbytes = DISK_NBYTES;
  if (!out->name) out->name = behind->url;
  if (out->disk && out->folder)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a store and a folder to keep values in");
  if (out->disk && out->disk->read_only)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store to keep values in is read-only");
  if ((out->disk || out->folder) && !out->name)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a store without a name cannot be kept on a disk");
  return out->disk ? zarrc_store_check(out->disk, error) : ZARRC_OK;
}

/* Opens the folder to keep values in. Only the user may read it if it is made here: so may have been what it keeps. */
static zarrc_status open_folder(zarrc_ctx *ctx, const char *path, zarrc_store **out, zarrc_error *error) {
  const zarrc_file_store_options options = {.struct_size = sizeof options, .create = true};
  if (mkdir(path, 0700) && errno != EEXIST)
    return zarrc_file_fail(error, errno, "cannot make the folder %s of the cache", path);
  return zarrc_file_store_open(ctx, path, &options, out, error);
}

static zarrc_status open_cache(zarrc_store *behind, const zarrc_cache_options *options, zarrc_store **out,
                               zarrc_error *error) {
  zarrc_cache_options o;
  zarrc_store *store;
  zarrc_status status = zarrc_store_check(behind, error);
  if (!status) status = take_options(behind, options, &o, error);
  if (!status) status = zarrc_store_wrap(behind, "", &cache_ops, sizeof(zarrc_cache_store), &store, error);
  if (status) return status;
  zarrc_cache_store *c = (zarrc_cache_store *)store;
  c->trusted_ms = o.trusted_ms;
  if (o.folder) status = open_folder(behind->ctx, o.folder, &c->folder, error);
  if (!status) status = zarrc_cache_memory_open(&c->memory, behind->ctx, o.memory_nbytes, error);
  if (status) {
    zarrc_store_close(c->folder);
    zarrc_store_free(store);
    return status;
  }
  zarrc_store *disk = c->folder ? c->folder : o.disk;
  zarrc_cache_disk_init(&c->disk, behind->ctx, disk, o.disk_nbytes, o.name ? o.name : "");
  *out = store;
  return ZARRC_OK;
}

zarrc_status zarrc_cache_open(zarrc_store *behind, bool owns, const zarrc_cache_options *options, zarrc_store **out,
                              zarrc_error *error) {
  zarrc_status status = open_cache(behind, options, out, error);
  if (!status && owns) ((zarrc_cache_store *)*out)->owned = behind;
  if (status && owns) zarrc_store_close(behind);
  return status;
}

zarrc_status zarrc_cache_store_open(zarrc_store *behind, const zarrc_cache_options *options, zarrc_store **out,
                                    zarrc_error *error) {
  return zarrc_cache_open(behind, false, options, out, error);
}

static bool is_cache(const zarrc_store *store) {
  return store && store->ops->open == cache_open;
}

static zarrc_status refuse_other(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is no cache");
}

zarrc_status zarrc_cache_store_forget(zarrc_store *store, zarrc_error *error) {
  if (!is_cache(store)) return refuse_other(error);
  zarrc_cache_memory_forget_below(&((zarrc_cache_store *)store)->memory, "");
  return ZARRC_OK;
}

zarrc_status zarrc_cache_store_count(zarrc_store *store, zarrc_cache_counts *out, zarrc_error *error) {
  while (store && !is_cache(store)) store = zarrc_store_source(store);
  zarrc_cache_store *c = (zarrc_cache_store *)store;
  if (!c) return refuse_other(error);
  zarrc_cache_counts counts = {.hits = atomic_load(&c->hits),
                               .misses = atomic_load(&c->misses),
                               .checks = atomic_load(&c->checks),
                               .hit_nbytes = atomic_load(&c->hit_nbytes),
                               .miss_nbytes = atomic_load(&c->miss_nbytes),
                               .disk_hits = atomic_load(&c->disk_hits),
                               .disk_nbytes = atomic_load(&c->disk.nbytes)};
  zarrc_cache_memory_count(&c->memory, &counts.memory_nbytes, &counts.evictions);
  return zarrc_sized_give(out, &counts, sizeof counts, "counts of a cache", error);
}
