/* SPDX-License-Identifier: MIT */
#include "store/asked.h"

#include "base/asking.h"
#include "base/checked.h"
#include "base/hash.h"
#include "base/ops.h"
#include "base/reading.h"
#include "store/common.h"
#include "store/versions.h"

#include <string.h>

/* How often a value may change while it is read. */
enum { MAX_CHANGES = 100 };

typedef struct asked_blob {
  zarrc_blob blob;
  zarrc_asked_store *store;
  zarrc_asked_value *value;
} asked_blob;

/* ------------------------------------------------------------------------------------------------------- values */

/* Forgets everything about a value and opens its blob again. On failure it has no blob. */
static zarrc_status reset_value(zarrc_asked_store *asked, zarrc_asked_value *v, zarrc_error *error) {
  zarrc_asking_forget(v->asking);
  zarrc_versions_keep(asked->behind, v->key, NULL);
  zarrc_blob_close(v->behind);
  v->is_read = v->is_missing = v->is_expected = false;
  v->nranges = 0;
  zarrc_status status = asked->behind->ops->open(asked->behind, v->key, v->behind, error);
  if (status) v->behind = NULL;
  return status;
}

static void free_value(zarrc_asked_store *asked, zarrc_asked_value *v) {
  if (v->behind) zarrc_blob_close(v->behind);
  zarrc_asking_close(v->asking);
  zarrc_free(asked->store.ctx, v->error);
  zarrc_free(asked->store.ctx, v);
}

/* Allocates a value, followed by the blob behind it and its key. */
static zarrc_status make_value(zarrc_asked_store *asked, const char *key, zarrc_asked_value **out, zarrc_error *error) {
  zarrc_store *behind = asked->behind;
  size_t length = strlen(key), room = behind->ops->blob_nbytes(behind, length), nbytes;
  room += (0 - room) % sizeof(uint64_t);
  bool fits = zarrc_add_size(sizeof(zarrc_asked_value), room, &nbytes) && zarrc_add_size(nbytes, length + 1, &nbytes);
  zarrc_asked_value *v = fits ? zarrc_malloc(asked->store.ctx, nbytes) : NULL;
  if (!v) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a value that is to be fetched");
  *v = (zarrc_asked_value){.hash = zarrc_hash(ZARRC_HASH_EMPTY, key, length), .key = (char *)(v + 1) + room};
  memcpy(v->key, key, length + 1);
  zarrc_blob *blob = (zarrc_blob *)(void *)(v + 1);
  zarrc_status status = behind->ops->open(behind, v->key, blob, error);
  if (!status) {
    v->behind = blob;
    status = zarrc_asking_open(asked->store.ctx, blob->traits, &v->asking, error);
  }
  if (status)
    free_value(asked, v);
  else
    *out = v;
  return status;
}

/* Returns the value of a key, and makes it if necessary. */
static zarrc_status get_value(zarrc_asked_store *asked, const char *key, zarrc_asked_value **out, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  uint64_t hash = zarrc_hash(ZARRC_HASH_EMPTY, key, strlen(key));
  pthread_mutex_lock(&asked->lock);
  zarrc_asked_value *v = asked->values;
  while (v && (v->hash != hash || strcmp(v->key, key) != 0)) v = v->next;
  if (!v && !(status = make_value(asked, key, &v, error))) {
    v->next = asked->values;
    asked->values = v;
  }
  pthread_mutex_unlock(&asked->lock);
  *out = v;
  return status;
}

/* -------------------------------------------------------------------------------------------------------- blobs */

/* Reports why a value cannot be fetched. */
static zarrc_status report_failure(const zarrc_asked_value *v, zarrc_error *error) {
  if (!v->error) return zarrc_fail(error, v->status, "%s", zarrc_status_words(v->status));
  if (error) *error = *v->error;
  return v->status;
}

static zarrc_status asked_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const zarrc_asked_value *v = ((asked_blob *)blob)->value;
  if (v->status) return report_failure(v, error);
  return zarrc_blob_read(zarrc_asking_blob(v->asking), ranges, n, error);
}

/* Forgets a value that was stored, or changed by somebody else. */
static zarrc_status note_stored(zarrc_blob *blob, zarrc_status status) {
  zarrc_asked_value *v = ((asked_blob *)blob)->value;
  if (status && status != ZARRC_CONFLICT) return status;
  zarrc_asking_forget(v->asking);
  zarrc_versions_keep(((asked_blob *)blob)->store->behind, v->key, NULL);
  v->is_read = v->is_missing = v->is_expected = false;
  v->nranges = 0;
  return status;
}

static zarrc_status asked_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  return note_stored(blob, zarrc_blob_replace(((asked_blob *)blob)->value->behind, parts, n, if_unchanged, error));
}

static zarrc_status asked_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  return note_stored(blob, zarrc_blob_replace_from(((asked_blob *)blob)->value->behind, parts, if_unchanged, error));
}

static zarrc_status asked_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  return note_stored(blob, zarrc_blob_erase(((asked_blob *)blob)->value->behind, if_unchanged, error));
}

/* Before the first read, guesses that the value has the version that was read last, and makes the blob expect it. */
static zarrc_status identify(asked_blob *b, zarrc_identity *out, bool *known, zarrc_error *error) {
  const zarrc_store *store = b->store->behind;
  zarrc_asked_value *v = b->value;
  if (v->is_read) {
    zarrc_status status = zarrc_blob_identify(v->behind, out, known, error);
    if (!status && *known) zarrc_versions_keep(store, v->key, out);
    return status;
  }
  if (!v->is_expected)
    v->is_expected = zarrc_versions_find(store, v->key, &v->version) && zarrc_blob_expect(v->behind, &v->version);
  *known = v->is_expected;
  *out = v->version;
  return ZARRC_OK;
}

/* Parts of a value, such as the inner shards of a shard, ask in parallel. */
static zarrc_status asked_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  asked_blob *b = (asked_blob *)blob;
  *known = false;
  if (b->value->status) return report_failure(b->value, error);
  if (b->value->is_missing) return zarrc_fail(error, ZARRC_NOT_FOUND, "no value");
  pthread_mutex_lock(&b->store->lock);
  zarrc_status status = identify(b, out, known, error);
  pthread_mutex_unlock(&b->store->lock);
  return status;
}

static void asked_close(zarrc_blob *blob) {
  (void)blob; /* the value stays until the call has ended */
}

static zarrc_blob *behind_of(const zarrc_blob *blob) {
  return ((const asked_blob *)blob)->value->behind;
}

/* -------------------------------------------------------------------------------------------------------- store */

static zarrc_store *store_behind(const zarrc_store *store) {
  return ((const zarrc_asked_store *)store)->behind;
}

static size_t asked_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(asked_blob);
}

static zarrc_status asked_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = asked_read,
                                     .close = asked_close,
                                     .replace = asked_replace,
                                     .replace_from = asked_replace_from,
                                     .erase = asked_erase,
                                     .identify = asked_identify,
                                     .inner = behind_of};
  static const zarrc_blob_ops reading = {.struct_size = sizeof reading,
                                         .read = asked_read,
                                         .close = asked_close,
                                         .identify = asked_identify,
                                         .inner = behind_of};
  zarrc_asked_value *v;
  zarrc_status status = get_value((zarrc_asked_store *)store, key, &v, error);
  if (status) return status;
  if (!v->behind) return report_failure(v, error);
  const zarrc_blob_ops *kind = zarrc_blob_is_writable(v->behind) ? &ops : &reading;
  *(asked_blob *)blob = (asked_blob){{kind, zarrc_asking_blob(v->asking)->traits}, (zarrc_asked_store *)store, v};
  return ZARRC_OK;
}

static const zarrc_store_ops asked_ops = {.struct_size = sizeof asked_ops,
                                          .name = "asked",
                                          .blob_nbytes = asked_blob_nbytes,
                                          .open = asked_open,
                                          .inner = store_behind};

void zarrc_asked_store_init(zarrc_asked_store *asked, zarrc_store *behind) {
  *asked = (zarrc_asked_store){
      .store = {.ops = &asked_ops, .ctx = behind->ctx, .read_only = behind->read_only, .url = behind->url},
      .behind = behind};
  pthread_mutex_init(&asked->lock, NULL);
}

void zarrc_asked_store_clear(zarrc_asked_store *asked) {
  while (asked->values) {
    zarrc_asked_value *v = asked->values;
    asked->values = v->next;
    free_value(asked, v);
  }
}

void zarrc_asked_store_destroy(zarrc_asked_store *asked) {
  zarrc_asked_store_clear(asked);
  pthread_mutex_destroy(&asked->lock);
}

bool zarrc_store_is_asked(const zarrc_store *store) {
  return store->ops == &asked_ops;
}

/* ------------------------------------------------------------------------------------------------------- rounds */

zarrc_status zarrc_asked_store_list(zarrc_asked_store *asked, uint64_t value_nbytes, uint64_t *nbytes,
                                    zarrc_error *error) {
  static const zarrc_chunk_options defaults = {0};
  bool any = false;
  *nbytes = 0;
  for (zarrc_asked_value *v = asked->values; v; v = v->next) {
    if (zarrc_asking_has_wishes(v->asking)) { /* else the last list is still valid */
      zarrc_joining j = zarrc_blob_joining(asked->store.ctx, v->behind, &defaults);
      zarrc_status status = zarrc_asking_wanted(v->asking, j.gap, j.max, &v->ranges, &v->nranges, error);
      if (status) return status;
    }
    for (size_t i = 0; i < v->nranges; i++) {
      uint64_t n = v->ranges[i].nbytes;
      any = true;
      if (v->ranges[i].to_end && n > value_nbytes) n = value_nbytes;
      *nbytes = *nbytes < UINT64_MAX - n ? *nbytes + n : UINT64_MAX;
    }
  }
  return any ? ZARRC_OK
             : zarrc_fail(error, ZARRC_INTERNAL, "a function returned ZARRC_PENDING, but its reads were not");
}

zarrc_status zarrc_asked_store_check(zarrc_asked_store *asked, zarrc_status status, zarrc_error *error) {
  for (zarrc_asked_value *v = asked->values; v && status != ZARRC_NO_MEMORY; v = v->next) {
    zarrc_range nothing = {0};
    if (v->is_expected && !v->is_read && !v->status)
      status = zarrc_blob_read(zarrc_asking_blob(v->asking), &nothing, 1, error);
  }
  return status;
}

uint64_t zarrc_asked_store_nbytes(const zarrc_asked_store *asked) {
  uint64_t nbytes = 0;
  for (const zarrc_asked_value *v = asked->values; v; v = v->next) nbytes += zarrc_asking_nbytes(v->asking);
  return nbytes;
}

static void fail_value(zarrc_asked_store *asked, zarrc_asked_value *v, zarrc_status status, const zarrc_error *why) {
  v->status = status;
  if (why && why->code == status && !v->error) v->error = zarrc_malloc(asked->store.ctx, sizeof *v->error);
  if (v->error) *v->error = *why;
}

/* Starts again with a value that has changed since it was read first. */
static zarrc_status reset_changed(zarrc_asked_store *asked, zarrc_asked_value *v) {
  zarrc_error error;
  zarrc_status status = reset_value(asked, v, &error);
  if (!status && ++v->nchanges >= MAX_CHANGES)
    status = zarrc_fail(&error, ZARRC_CONFLICT, "the value changes again and again while it is read");
  if (status) fail_value(asked, v, status, &error);
  return status == ZARRC_NO_MEMORY ? status : ZARRC_OK;
}

/* Adds a fetched range to the value. A store must tell the length of a value if bytes are missing: otherwise an answer
 * that is cut short would be taken for the end. */
static zarrc_status take_range(zarrc_asked_value *v, zarrc_range *range, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  size_t len = range->got.len;
  unsigned long long wanted = range->nbytes;
  if (range->offset < 0 && len > wanted)
    status = zarrc_fail(error, ZARRC_INTERNAL, "%zu bytes came of the last %llu", len, wanted);
  else if (range->total == ZARRC_UNKNOWN && !range->to_end && len < wanted)
    status = zarrc_fail(error, ZARRC_INTERNAL, "%zu bytes came where %llu are wanted, and no total", len, wanted);
  if (status)
    zarrc_bytes_release(&range->got);
  else
    status = zarrc_asking_add(v->asking, range, error);
  if (status == ZARRC_INTERNAL) zarrc_error_prefix(error, "the store's function fetch is wrong: ");
  return status;
}

/* Adds fetched ranges to the value. Releases the others when one fails. */
static zarrc_status take_ranges(zarrc_asked_value *v, zarrc_request *r, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < r->n; i++) {
    if (status)
      zarrc_bytes_release(&r->ranges[i].got);
    else
      status = take_range(v, &r->ranges[i], error);
  }
  return status;
}

zarrc_status zarrc_asked_value_take(zarrc_asked_store *asked, zarrc_asked_value *v, zarrc_request *r) {
  zarrc_error error;
  zarrc_status status = r->status ? r->status : take_ranges(v, r, &error);
  v->nranges = 0;
  if (status == ZARRC_NO_MEMORY) return status;
  bool changed = status == ZARRC_CONFLICT || (status == ZARRC_NOT_FOUND && (v->is_read || v->is_expected));
  if (changed) return reset_changed(asked, v);
  if (status == ZARRC_NOT_FOUND) {
    zarrc_asking_set_missing(v->asking);
    v->is_missing = true;
  } else if (status) {
    fail_value(asked, v, status, r->status ? r->error : &error);
  }
  v->is_read = true;
  return ZARRC_OK;
}
