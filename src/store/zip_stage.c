/* SPDX-License-Identifier: MIT */
/*
 * A new version of a zip archive. Its members are appended to a blob of the archive, one after another, in the order in
 * which they are stored; the directory follows when it is published. Until then a store in memory, the index, has the
 * place of each member as the value of its name. So the store of the stage is a wrapper of the index: names are listed
 * and erased there, and versions are told apart by it. What was replaced or erased stays in the archive without a name.
 */
#include "store/zip.h"
#include "store/zip_stored.h"
#include "store/zip_write.h"

#include "base/lock.h"

#include <string.h>

enum {
  FEW = 8,         /* pieces of a member that are appended in one call */
  PIECE = 1 << 20, /* bytes in memory of what is moved */
};

typedef struct zip_stage {
  zarrc_stage stage;
  zarrc_store store;
  zarrc_zip_store *z;
  zarrc_store *index;
  zarrc_key_blob archive;
  bool is_taken;   /* something else than an empty archive is there */
  zarrc_lock lock; /* held while a member is appended */
  uint64_t nbytes; /* of the archive */
} zip_stage;

typedef struct stage_blob {
  zarrc_wrapper_blob blob; /* in front of that of the index */
  zip_stage *s;
  const char *key;
} stage_blob;

/* --------------------------------------------------------------------------------------------------- appending */

static zarrc_status append(zip_stage *s, const zarrc_bytes *parts, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_blob_append(s->archive.blob, parts, n, error);
  for (size_t i = 0; i < n && !status; i++) s->nbytes += parts[i].len;
  return status;
}

/* A value: pieces, or the bytes of a blob. */
typedef struct content {
  const zarrc_bytes *parts;
  size_t n;
  zarrc_blob *blob; /* NULL: pieces */
} content;

static zarrc_status append_blob(zip_stage *s, zarrc_blob *blob, uint64_t nbytes, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (uint64_t at = 0, n; at < nbytes && !status; at += n) {
    n = nbytes - at < PIECE ? nbytes - at : PIECE;
    zarrc_range range = {.offset = (int64_t)at, .nbytes = n};
    status = zarrc_blob_read(blob, &range, 1, error);
    if (!status) status = append(s, &range.got, 1, error);
    zarrc_bytes_release(&range.got);
  }
  return status;
}

/* Appends the local header and the value. */
static zarrc_status append_content(zip_stage *s, const char *name, const content *c, const zarrc_zip_place *place,
                                   zarrc_error *error) {
  uint8_t header[ZARRC_ZIP_HEADER], extra[ZARRC_ZIP_EXTRA];
  size_t nname = strlen(name), nextra = zarrc_zip_put_header(place, nname, header, extra), n = 3;
  zarrc_bytes parts[3 + FEW] = {{.ptr = header, .len = sizeof header},
                                {.ptr = (const uint8_t *)name, .len = nname},
                                {.ptr = extra, .len = nextra}};
  bool few = !c->blob && c->n <= FEW;
  for (size_t i = 0; few && i < c->n; i++) parts[n++] = c->parts[i];
  zarrc_status status = append(s, parts, n, error);
  if (status || few) return status;
  return c->blob ? append_blob(s, c->blob, place->nbytes, error) : append(s, c->parts, c->n, error);
}

/* Appends a member. place->at: where. */
static zarrc_status append_member(zip_stage *s, const char *name, const content *c, zarrc_zip_place *place,
                                  zarrc_error *error) {
  zarrc_lock_take(&s->lock); /* in the child of a fork, appending fails */
  place->at = s->nbytes;
  zarrc_status status = append_content(s, name, c, place, error);
  zarrc_lock_give(&s->lock);
  return status;
}

static zarrc_status check_name(const char *name, zarrc_error *error) {
  size_t n = strlen(name);
  if (n <= ZARRC_ZIP_MAX_NAME) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a name of %zu bytes is too long for a zip archive", n);
}

/* ------------------------------------------------------------------------------------------------------- blobs */

static zarrc_status get_place(zarrc_blob *index, zarrc_zip_place *out, zarrc_error *error) {
  zarrc_range range = {.nbytes = sizeof *out, .into = out};
  zarrc_status status = zarrc_blob_read(index, &range, 1, error);
  zarrc_bytes_release(&range.got);
  return status;
}

/* Stores a member that was appended in the index. */
static zarrc_status put_place(zarrc_blob *index, const zarrc_zip_place *place, bool if_unchanged, zarrc_error *error) {
  const zarrc_bytes part = {.ptr = (const uint8_t *)place, .len = sizeof *place};
  return zarrc_blob_replace(index, &part, 1, if_unchanged, error);
}

static zarrc_status stage_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const stage_blob *b = (const stage_blob *)blob;
  zarrc_zip_place place;
  zarrc_status status = get_place(b->blob.inner, &place, error);
  if (status) return status;
  const zarrc_zip_stored member = {b->s->store.ctx, b->s->archive.blob, zarrc_zip_value_at(&place, strlen(b->key)),
                                   place.nbytes, place.crc};
  return zarrc_zip_read_stored(&member, ranges, n, error);
}

static zarrc_status stage_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  const stage_blob *b = (const stage_blob *)blob;
  zarrc_zip_place place = {.crc = zarrc_zip_crc(0, parts, n)};
  for (size_t i = 0; i < n; i++) place.nbytes += parts[i].len;
  zarrc_status status = check_name(b->key, error);
  if (!status) status = append_member(b->s, b->key, &(content){.parts = parts, .n = n}, &place, error);
  return status ? status : put_place(b->blob.inner, &place, if_unchanged, error);
}

/* Stores a value that is made in batches aside: its length and CRC-32 come first in the archive, and other members are
 * appended meanwhile. */
static zarrc_status spool_value(zarrc_blob *aside, zarrc_parts *parts, zarrc_zip_place *place, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (bool more = true; more && !status;) {
    place->crc = zarrc_zip_crc(place->crc, parts->items, parts->nitems);
    for (size_t i = 0; i < parts->nitems; i++) place->nbytes += parts->items[i].len;
    status = zarrc_blob_append(aside, parts->items, parts->nitems, error);
    if (!status) status = zarrc_parts_next(parts, &more, error);
  }
  return status;
}

static zarrc_status stage_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  const stage_blob *b = (const stage_blob *)blob;
  zarrc_key_blob aside = {0};
  zarrc_zip_place place = {0};
  zarrc_status status = check_name(b->key, error);
  if (!status) status = zarrc_key_blob_open(&aside, b->s->z->archives, b->s->z->key, error);
  if (!status) status = spool_value(aside.blob, parts, &place, error);
  if (!status) status = append_member(b->s, b->key, &(content){.blob = aside.blob}, &place, error);
  zarrc_key_blob_close(&aside);
  return status ? status : put_place(b->blob.inner, &place, if_unchanged, error);
}

/* The index tells versions apart, but its values have another length. */
static zarrc_status stage_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  zarrc_blob *index = zarrc_wrapper_blob_inner(blob);
  zarrc_zip_place place;
  zarrc_status status = get_place(index, &place, error);
  if (!status) status = zarrc_blob_identify(index, out, known, error);
  if (!status) out->nbytes = place.nbytes;
  return status;
}

/* ------------------------------------------------------------------------------------------------------- the store */

static zip_stage *stage_of(const zarrc_store *store) {
  return (zip_stage *)(uintptr_t)((const char *)store - offsetof(zip_stage, store));
}

static zarrc_store *stage_inner(const zarrc_store *store) {
  return stage_of(store)->index;
}

static size_t stage_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  return zarrc_wrapper_blob_nbytes(sizeof(stage_blob), stage_inner(store), key_nbytes);
}

static zarrc_status stage_open_blob(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_traits traits = {.struct_size = sizeof traits, .streams = true};
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = stage_read,
                                     .replace = stage_replace,
                                     .replace_from = stage_replace_from,
                                     .identify = stage_identify,
                                     .inner = zarrc_wrapper_blob_inner};
  stage_blob *b = (stage_blob *)blob;
  zarrc_status status = zarrc_wrapper_blob_open(blob, sizeof *b, &ops, stage_inner(store), key, error);
  if (status) return status;
  blob->traits = &traits;
  b->s = stage_of(store);
  b->key = key;
  return ZARRC_OK;
}

/* Gets the place of a member while the index is listed. */
static zarrc_status find_place(const zip_stage *s, const char *name, zarrc_zip_place *out, zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_status status = zarrc_key_blob_open(&blob, s->index, name, error);
  if (!status) status = get_place(blob.blob, out, error);
  zarrc_key_blob_close(&blob);
  return status;
}

typedef struct listing {
  const zip_stage *s;
  zarrc_list_fn fn;
  void *arg;
  bool sizes;
} listing;

/* Passes an entry of the index on, with the length of the member. */
static zarrc_status see_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  const listing *l = arg;
  zarrc_entry mine = *entry;
  zarrc_zip_place place;
  zarrc_status status = ZARRC_OK;
  if (l->sizes && !entry->is_prefix) {
    status = find_place(l->s, entry->key, &place, error);
    if (status == ZARRC_NOT_FOUND) return ZARRC_OK; /* erased meanwhile */
    mine.nbytes = place.nbytes;
  }
  return status ? status : l->fn(l->arg, &mine, error);
}

static zarrc_status stage_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                               void *arg, zarrc_error *error) {
  listing l = {stage_of(store), fn, arg, sizes};
  return zarrc_store_list(l.s->index, prefix, deep, false, see_entry, &l, error);
}

static const zarrc_store_ops store_ops = {.struct_size = sizeof store_ops,
                                          .name = "zip",
                                          .blob_nbytes = stage_blob_nbytes,
                                          .open = stage_open_blob,
                                          .list = stage_list,
                                          .inner = stage_inner};

/* -------------------------------------------------------------------------------------------------- the directory */

typedef struct directory {
  zip_stage *s;
  zarrc_buf buf; /* entries that were not appended yet */
  uint64_t n;
} directory;

static zarrc_status flush(directory *d, zarrc_error *error) {
  const zarrc_bytes part = {.ptr = d->buf.ptr, .len = d->buf.len};
  d->buf.len = 0;
  return append(d->s, &part, 1, error);
}

static zarrc_status add_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  directory *d = arg;
  zarrc_zip_place place;
  zarrc_status status = find_place(d->s, entry->key, &place, error);
  if (!status) status = zarrc_zip_put_entry(&d->buf, entry->key, &place, error);
  if (!status && d->buf.len >= PIECE) status = flush(d, error);
  d->n++;
  return status;
}

/* Appends the directory, sorted by name: it does not depend on which thread was faster. */
static zarrc_status append_directory(zip_stage *s, zarrc_error *error) {
  directory d = {.s = s, .buf = zarrc_buf_new(s->store.ctx, SIZE_MAX)};
  uint64_t at = s->nbytes;
  zarrc_status status = zarrc_store_list(s->index, "", true, false, add_entry, &d, error);
  if (!status) status = zarrc_zip_put_end(&d.buf, d.n, at, s->nbytes + d.buf.len - at, error);
  if (!status) status = flush(&d, error);
  zarrc_buf_clear(&d.buf);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ the stage */

/* Names the archive, not a member, as what a failure is about. */
static zarrc_status in_archive(const zip_stage *s, zarrc_status status, zarrc_error *error) {
  if (status) zarrc_error_in_key(error, &s->z->store, "");
  return status;
}

/* Looks at what has the name of the archive now, since it must stay the same, and begins the new archive. */
static zarrc_status begin(zip_stage *s, zarrc_error *error) {
  zarrc_range none = {.nbytes = 0};
  zarrc_identity identity = {0};
  bool known;
  zarrc_status status = zarrc_key_blob_open(&s->archive, s->z->archives, s->z->key, error);
  if (status) return status;
  status = zarrc_blob_read(s->archive.blob, &none, 1, error);
  zarrc_bytes_release(&none.got);
  bool is_there = status != ZARRC_NOT_FOUND;
  if (!status) status = zarrc_blob_identify(s->archive.blob, &identity, &known, error);
  if (status && is_there) return status;
  bool is_empty =
      s->z->is_there && s->z->directory.nmembers == 0 && !memcmp(&identity, &s->z->identity, sizeof identity);
  s->is_taken = is_there && !is_empty;
  return append(s, NULL, 0, error);
}

static void free_stage(zip_stage *s) {
  zarrc_key_blob_close(&s->archive);
  zarrc_store_close(s->index);
  zarrc_lock_destroy(&s->lock);
  zarrc_free(s->store.ctx, s);
}

/* What an ended process has left is a temporary file, which the next one removes: there is nothing to resume. */
static zarrc_status stage_open(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                               zarrc_stage **out, zarrc_error *error) {
  (void)mode, (void)note;
  if (*prefix) return zarrc_fail(error, ZARRC_UNSUPPORTED, "a zip archive cannot be changed, only replaced as a whole");
  zip_stage *s = zarrc_malloc(store->ctx, sizeof *s);
  if (!s) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a new zip archive");
  *s = (zip_stage){.stage = {.target = store, .store = &s->store, .never_kept = true},
                   .store = {.ops = &store_ops, .ctx = store->ctx, .url = store->url},
                   .z = (zarrc_zip_store *)store};
  zarrc_lock_init(&s->lock, store->ctx);
  zarrc_status status = zarrc_memory_store_open(store->ctx, &s->index, error);
  if (!status) status = in_archive(s, begin(s, error), error);
  if (status)
    free_stage(s);
  else
    *out = &s->stage;
  return status;
}

static zarrc_status stage_publish(zarrc_stage *stage, bool replace, zarrc_error *error) {
  zip_stage *s = (zip_stage *)stage;
  if (s->is_taken && !replace) return zarrc_fail(error, ZARRC_CONFLICT, "something is there already");
  zarrc_lock_take(&s->lock);
  zarrc_status status = append_directory(s, error);
  if (!status) status = zarrc_blob_publish(s->archive.blob, !replace, error);
  zarrc_lock_give(&s->lock);
  return in_archive(s, status, error);
}

static void stage_close(zarrc_stage *stage, bool keep) {
  (void)keep;
  free_stage((zip_stage *)stage);
}

static zarrc_status stage_find(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                               zarrc_error *error) {
  (void)store, (void)prefix, (void)note, (void)size, (void)error;
  *found = false;
  return ZARRC_OK;
}

const zarrc_stage_ops zarrc_zip_stage_ops = {.struct_size = sizeof(zarrc_stage_ops),
                                             .open = stage_open,
                                             .publish = stage_publish,
                                             .close = stage_close,
                                             .find = stage_find};
