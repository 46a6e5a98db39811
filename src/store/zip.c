/* SPDX-License-Identifier: MIT */
/*
 * The members of a zip archive as a store. The archive is a value of another store; its blob stays open, so that all
 * reads are of one version of it. A member is read by ranges if it is stored, and decoded once if it is deflated.
 */
#include "store/zip.h"
#include "store/common.h"
#include "store/zip_stored.h"

#include "base/endian.h"
#include "base/sized.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* ------------------------------------------------------------------------------------------------ reading members */

/* Reads the local header of a member, which must have its name, to find out where its bytes begin. */
static zarrc_status find_data(zarrc_zip_blob *b, zarrc_error *error) {
  const zarrc_zip_member *m = b->member;
  if (b->data) return ZARRC_OK;
  zarrc_range range = {.offset = (int64_t)m->at,
                       .nbytes = ZARRC_ZIP_LOCAL_NBYTES + strlen(b->z->directory.names + m->name)};
  zarrc_status status = zarrc_blob_read(b->z->archive.blob, &range, 1, error);
  if (status == ZARRC_TRUNCATED) return zarrc_fail(error, ZARRC_CORRUPT, "this member is not inside the zip archive");
  if (status) return status;
  status = zarrc_zip_take_header(b, range.got.ptr, error);
  zarrc_bytes_release(&range.got);
  return status;
}

/* Reads and decodes the member. */
static zarrc_status decode(zarrc_zip_blob *b, zarrc_error *error) {
  zarrc_range stored = {.offset = (int64_t)b->data, .nbytes = b->member->nstored};
  zarrc_status status = zarrc_blob_read(b->z->archive.blob, &stored, 1, error);
  if (status) return status;
  status = zarrc_zip_decode(b, &stored.got, error);
  zarrc_bytes_release(&stored.got);
  return status;
}

static zarrc_status read_deflated(zarrc_zip_blob *b, zarrc_range *ranges, size_t n, zarrc_error *error) {
  uint64_t start;
  size_t nbytes;
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++)
    status = zarrc_range_locate(&ranges[i], b->member->nbytes, &start, &nbytes, error);
  if (!status && !b->decoded) status = zarrc_zip_blame(decode(b, error), error);
  for (size_t i = 0; i < n && !status; i++) {
    zarrc_range *r = &ranges[i];
    zarrc_range_locate(r, b->member->nbytes, &start, &nbytes, NULL);
    if (r->into && nbytes) memcpy(r->into, b->decoded->bytes.ptr + start, nbytes);
    r->got = r->into ? (zarrc_bytes){.ptr = r->into, .len = nbytes} : zarrc_zip_lend(b->decoded, (size_t)start, nbytes);
  }
  return status;
}

/* ----------------------------------------------------------------------------------------------------- blobs */

static zarrc_status zip_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_zip_blob *b = (zarrc_zip_blob *)blob;
  zarrc_status status = b->data ? ZARRC_OK : zarrc_zip_check(b, error);
  if (!status) status = zarrc_zip_blame(find_data(b, error), error);
  if (status) return status;
  if (b->member->method) return read_deflated(b, ranges, n, error);
  const zarrc_zip_stored member = {b->z->store.ctx, b->z->archive.blob, b->data, b->member->nbytes, b->member->crc};
  return zarrc_zip_read_stored(&member, ranges, n, error);
}

static zarrc_status refuse_change(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "a zip archive cannot be changed, only replaced as a whole");
}

static zarrc_status zip_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                zarrc_error *error) {
  (void)blob, (void)parts, (void)n, (void)if_unchanged;
  return refuse_change(error);
}

static zarrc_status zip_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  (void)blob, (void)if_unchanged;
  return refuse_change(error);
}

static void zip_close_blob(zarrc_blob *blob) {
  zarrc_zip_drop(((zarrc_zip_blob *)blob)->decoded);
}

/* A member is the same if the archive is, and it is at the same place. */
static zarrc_status zip_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  const zarrc_zip_blob *b = (const zarrc_zip_blob *)blob;
  if (!b->member) return zarrc_fail(error, ZARRC_NOT_FOUND, "the zip archive has no such member");
  *out = b->z->identity;
  out->word[0] ^= b->z->identity.nbytes * UINT64_C(0x9E3779B97F4A7C15);
  out->word[1] ^= (b->member->at + 1) * UINT64_C(0x9E3779B97F4A7C15);
  out->nbytes = b->member->nbytes;
  *known = b->z->identified;
  return ZARRC_OK;
}

static size_t zip_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(zarrc_zip_blob);
}

static zarrc_status zip_open_blob(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops reading = {
      .struct_size = sizeof reading, .read = zip_read, .close = zip_close_blob, .identify = zip_identify};
  static const zarrc_blob_ops refusing = {.struct_size = sizeof refusing,
                                          .read = zip_read,
                                          .close = zip_close_blob,
                                          .replace = zip_replace,
                                          .erase = zip_erase,
                                          .identify = zip_identify};
  zarrc_zip_store *z = (zarrc_zip_store *)store;
  (void)error;
  *(zarrc_zip_blob *)blob = (zarrc_zip_blob){.blob = {store->read_only ? &reading : &refusing, z->archive.blob->traits},
                                             .z = z,
                                             .member = zarrc_zip_find(&z->directory, key)};
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ listing */

/* Lists a key, or the prefix that it shares with those after it. Returns the number of the next one. */
static uint32_t next(const zarrc_zip_directory *d, uint32_t i, size_t skip, bool deep, char *prefix,
                     zarrc_entry *entry) {
  const char *name = zarrc_zip_name(d, i);
  size_t n = strcspn(name + skip, "/") + skip;
  *entry = (zarrc_entry){.key = name, .nbytes = d->members[i].nbytes};
  if (deep || !name[n]) return i + 1;
  memcpy(prefix, name, n);
  prefix[n] = '/' + 1; /* sorts behind all that begins with the prefix and a slash */
  i = zarrc_zip_search(d, prefix, n + 1);
  prefix[n] = '\0';
  *entry = (zarrc_entry){.key = prefix, .is_prefix = true, .nbytes = ZARRC_UNKNOWN};
  return i;
}

static zarrc_status zip_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                             zarrc_error *error) {
  const zarrc_zip_directory *d = &((const zarrc_zip_store *)store)->directory;
  size_t n = strlen(prefix), skip = n ? n + 1 : 0;
  if (n > UINT16_MAX) return ZARRC_OK; /* no name is that long */
  char *memory = zarrc_malloc(store->ctx, (size_t)UINT16_MAX + 2);
  if (!memory) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory to list the zip archive");
  memcpy(memory, prefix, n);
  memory[n] = '/';
  uint32_t i = skip ? zarrc_zip_search(d, memory, skip) : 0;
  zarrc_status status = ZARRC_OK;
  (void)sizes;
  while (!status && i < d->nmembers && zarrc_key_is_below(zarrc_zip_name(d, i), prefix)) {
    zarrc_entry entry;
    i = next(d, i, skip, deep, memory, &entry);
    status = fn(arg, &entry, error);
  }
  zarrc_free(store->ctx, memory);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- the store */

static void zip_close(zarrc_store *store) {
  zarrc_zip_store *z = (zarrc_zip_store *)store;
  zarrc_zip_directory_clear(&z->directory);
  zarrc_key_blob_close(&z->archive);
  if (z->owned) zarrc_store_close(z->owned);
  zarrc_store_free(store);
}

static zarrc_store *zip_source(const zarrc_store *store) {
  return ((const zarrc_zip_store *)store)->archives;
}

static zarrc_status open_archive(zarrc_zip_store *z, zarrc_error *error) {
  zarrc_error why = {0};
  zarrc_status status = zarrc_key_blob_open(&z->archive, z->archives, z->key, &why);
  if (!status) status = zarrc_zip_directory_read(z->store.ctx, z->archive.blob, &z->directory, &why);
  if (status == ZARRC_NOT_FOUND && !z->store.read_only) return ZARRC_OK;
  if (!status) status = zarrc_blob_identify(z->archive.blob, &z->identity, &z->identified, &why);
  z->is_there = !status;
  if (!status) return ZARRC_OK;
  zarrc_error_in_key(&why, &z->store, z->store.url ? "" : z->key);
  if (error) *error = why;
  return status;
}

zarrc_status zarrc_zip_open(const zarrc_zip_opening *how, zarrc_store **out, zarrc_error *error) {
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "zip",
                                      .blob_nbytes = zip_blob_nbytes,
                                      .open = zip_open_blob,
                                      .list = zip_list,
                                      .close = zip_close,
                                      .stage = &zarrc_zip_stage_ops,
                                      .source = zip_source};
  static const zarrc_store_ops far_ops = {.struct_size = sizeof far_ops,
                                          .name = "zip",
                                          .blob_nbytes = zip_blob_nbytes,
                                          .open = zip_open_blob,
                                          .list = zip_list,
                                          .close = zip_close,
                                          .stage = &zarrc_zip_stage_ops,
                                          .fetch = zarrc_zip_fetch,
                                          .source = zip_source};
  zarrc_store *archives = how->archives;
  zarrc_ctx *ctx = archives->ctx;
  if (!zarrc_zip_is_built_in) {
    if (how->owns) zarrc_store_close(archives);
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "zip archives need zlib or libdeflate, which are not built in");
  }
  size_t n = strlen(how->key);
  size_t room = how->name ? strlen(how->name) + 1 : archives->url ? strlen(archives->url) + n + 2 : 0;
  zarrc_zip_store *z = zarrc_malloc(ctx, sizeof *z + n + 1 + room);
  if (!z) {
    if (how->owns) zarrc_store_close(archives);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  }
  char *url = room ? z->text + n + 1 : NULL;
  *z = (zarrc_zip_store){.store = {.ops = zarrc_store_fetches(archives) ? &far_ops : &ops,
                                   .ctx = ctx,
                                   .read_only = !how->replace,
                                   .url = url},
                         .archives = archives,
                         .owned = how->owns ? archives : NULL,
                         .key = z->text,
                         .directory = {.ctx = ctx}};
  memcpy(z->text, how->key, n + 1);
  if (how->name)
    memcpy(url, how->name, room);
  else if (url)
    zarrc_url_join(archives->url, how->key, url, room);
  zarrc_status status = open_archive(z, error);
  if (status)
    zip_close(&z->store);
  else
    *out = &z->store;
  return status;
}

zarrc_status zarrc_zip_store_open(zarrc_store *archives, const char *key, const zarrc_zip_store_options *options,
                                  zarrc_store **out, zarrc_error *error) {
  zarrc_zip_store_options given = {0};
  zarrc_status status =
      options ? zarrc_sized_take(&given, sizeof given, options, "the zip store's options", error) : ZARRC_OK;
  if (!status) status = zarrc_store_check(archives, error);
  if (status) return status;
  if (given.replace && archives->read_only)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store of the archive is read-only");
  return zarrc_zip_open(&(zarrc_zip_opening){archives, key, .replace = given.replace}, out, error);
}
