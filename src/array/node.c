/* SPDX-License-Identifier: MIT */
#include "array/node.h"

#include "array/document.h"
#include "array/key.h"
#include "base/documents.h"
#include "base/ops.h"

#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* How often a change is repeated if others change the document too. */
enum { TRIES = 1000 };

zarrc_status zarrc_node_refuse_read_only(const zarrc_store *store, zarrc_error *error) {
  return store->read_only ? zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is read-only") : ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------- finding */

zarrc_status zarrc_node_path_check(const char *path, zarrc_error *error) {
  if (!path) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no path");
  if (strlen(path) > ZARRC_MAX_PATH)
    return zarrc_fail(error, ZARRC_LIMIT, "a path of %zu bytes, at most %d are supported", strlen(path),
                      ZARRC_MAX_PATH);
  return *path ? zarrc_key_check(path, error) : ZARRC_OK;
}

/* Hashes an identity. Each step is reversible, so two identities collide by chance only: 1 in 2^64. */
static uint64_t number_of(const zarrc_identity *identity) {
  uint64_t h = identity->nbytes;
  for (size_t i = 0; i < sizeof identity->word / sizeof *identity->word; i++) {
    h ^= identity->word[i];
    h = (h ^ h >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    h = (h ^ h >> 27) * UINT64_C(0x94D049BB133111EB);
    h ^= h >> 31;
  }
  return h ? h : 1;
}

/* Gets the version of a document; 0: unknown. */
static zarrc_status ask_version(zarrc_blob *blob, uint64_t *version, zarrc_error *error) {
  zarrc_identity identity;
  bool known = false;
  zarrc_status status = zarrc_blob_identify(blob, &identity, &known, error);
  *version = !status && known ? number_of(&identity) : 0;
  return status;
}

static bool tells_versions(const zarrc_blob *blob) {
  ZARRC_FIND_OP(blob, identify);
  return ZARRC_HAS_OP(blob->ops, identify);
}

zarrc_status zarrc_node_read_changed(zarrc_store *store, const char *path, const char *name, uint64_t *version,
                                     bool *changed, zarrc_bytes *out, zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  zarrc_key_blob blob;
  uint64_t seen = *version;
  *changed = false;
  zarrc_status status = zarrc_key_join(path, name, key, sizeof key, error);
  if (!status) status = zarrc_key_blob_open(&blob, store, key, error);
  if (status) return status;
  if (tells_versions(blob.blob) && seen == 0) {
    status = zarrc_blob_read_all(blob.blob, ZARRC_MAX_DOCUMENT, out, error);
    if (!status) status = ask_version(blob.blob, version, error);
    *changed = !status;
  } else if (tells_versions(blob.blob)) {
    status = ask_version(blob.blob, version, error);
    *changed = !status && (*version == 0 || *version != seen);
    if (*changed) status = zarrc_blob_read_all(blob.blob, ZARRC_MAX_DOCUMENT, out, error);
  }
  zarrc_key_blob_close(&blob);
  if (status) zarrc_error_in_key(error, store, key);
  return status;
}

/* Reads a document. If its version cannot be found out that is not a failure. */
static zarrc_status read_document(zarrc_store *store, const char *path, const char *name, uint64_t *version,
                                  zarrc_bytes *out, zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  zarrc_key_blob blob;
  zarrc_status status = zarrc_key_join(path, name, key, sizeof key, error);
  if (!status) status = zarrc_key_blob_open(&blob, store, key, error);
  if (status) return status;
  status = zarrc_blob_read_all(blob.blob, ZARRC_MAX_DOCUMENT, out, error);
  if (!status && version) ask_version(blob.blob, version, NULL);
  zarrc_key_blob_close(&blob);
  if (status) zarrc_error_in_key(error, store, key);
  return status;
}

zarrc_status zarrc_node_read_document(zarrc_store *store, const char *path, const char *name, zarrc_bytes *out,
                                      zarrc_error *error) {
  return read_document(store, path, name, NULL, out, error);
}

/* Reads the attributes of a node of format 2, if there are any. */
static zarrc_status read_attributes(zarrc_store *store, const char *path, zarrc_bytes *out, zarrc_error *error) {
  zarrc_status status = read_document(store, path, ZARRC_ZATTRS, NULL, out, error);
  if (status == ZARRC_NOT_FOUND) return ZARRC_OK;
  if (!status && out->len > 0) status = zarrc_document_check_zattrs(store->ctx, out, error);
  if (status && status != ZARRC_PENDING) zarrc_error_in_document(error, store, path, ZARRC_ZATTRS);
  return status;
}

typedef struct node_reading {
  const char *path;
  uint64_t *version;
  zarrc_documents *out;
} node_reading;

/* Reads the documents of format 2. All are asked for before any is waited for. ZARRC_NOT_FOUND: there are none. */
static zarrc_status read_format_2(const node_reading *r, zarrc_store *from, zarrc_error *error) {
  zarrc_documents *d = r->out, group = {.name = ZARRC_ZGROUP};
  zarrc_error why = {0};
  d->name = ZARRC_ZARRAY;
  zarrc_status status = read_document(from, r->path, d->name, r->version, &d->main, error), other = ZARRC_NOT_FOUND;
  if (status == ZARRC_NOT_FOUND || status == ZARRC_PENDING)
    other = read_document(from, r->path, group.name, status == ZARRC_PENDING ? NULL : r->version, &group.main, &why);
  if (status == ZARRC_NOT_FOUND && other) {
    status = other;
    if (error && other != ZARRC_NOT_FOUND) *error = why;
  } else if (status == ZARRC_NOT_FOUND) {
    *d = group;
    group = (zarrc_documents){0};
    status = ZARRC_OK;
  }
  if (!status || status == ZARRC_PENDING) {
    zarrc_status last = read_attributes(from, r->path, &d->attributes, &why);
    if (!status && last && error) *error = why;
    if (!status) status = last;
  }
  zarrc_documents_release(&group);
  return status;
}

static zarrc_status node_read(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  const node_reading *r = arg;
  (void)i;
  zarrc_documents_release(r->out);
  r->out->name = ZARRC_ZARR_JSON;
  zarrc_status status = read_document(from, r->path, ZARRC_ZARR_JSON, r->version, &r->out->main, error);
  if (status == ZARRC_NOT_FOUND) status = read_format_2(r, from, error);
  if (status == ZARRC_NOT_FOUND) {
    status = zarrc_fail(error, ZARRC_NOT_FOUND, "no array and no group is there");
    zarrc_error_in_document(error, from, r->path, ZARRC_ZARR_JSON);
  }
  if (status) zarrc_documents_release(r->out);
  return status;
}

zarrc_status zarrc_node_read(zarrc_store *store, const char *path, uint64_t *version, zarrc_documents *out,
                             zarrc_error *error) {
  node_reading r = {path, version, out};
  zarrc_status status = zarrc_node_path_check(path, error);
  *out = (zarrc_documents){0};
  return status ? status : zarrc_store_each(store, 1, NULL, node_read, &r, error);
}

zarrc_status zarrc_node_find_documents(zarrc_store *store, const char *path, zarrc_document_kind *out,
                                       zarrc_documents *documents, zarrc_error *error) {
  zarrc_json_doc *doc = NULL;
  zarrc_document_kind kind = {0, ZARRC_NODE_NONE};
  zarrc_status status = zarrc_node_read(store, path, NULL, documents, error);
  if (status) *documents = (zarrc_documents){0};
  if (status == ZARRC_NOT_FOUND) {
    *out = kind;
    return ZARRC_OK;
  }
  if (status) return status;
  status = zarrc_document_parse(store->ctx, documents, &doc, &kind, error);
  if (!status)
    *out = kind;
  else
    zarrc_error_in_document(error, store, path, documents->name);
  zarrc_json_close(doc);
  return status;
}

zarrc_status zarrc_node_find(zarrc_store *store, const char *path, zarrc_node_kind *out, zarrc_error *error) {
  zarrc_document_kind kind;
  zarrc_documents documents;
  zarrc_status status = zarrc_node_find_documents(store, path, &kind, &documents, error);
  zarrc_documents_release(&documents);
  if (!status) *out = kind.node;
  return status;
}

/* ------------------------------------------------------------------------------------------------------ changing */

typedef struct change {
  const zarrc_node_ops *ops;
  void *arg;
  const char *path, *main, *changed; /* of the node; names of documents */
  bool stored;                       /* the change is stored; it remains to make the stored document the newest */
  bool again;                        /* somebody else was faster */
} change;

static zarrc_status store_change(change *c, zarrc_blob *blob, const zarrc_bytes *old, zarrc_edition *edition,
                                 zarrc_error *error) {
  zarrc_status status = c->ops->change(c->arg, edition, error);
  if (status) return status;
  const char *text = c->ops->text(c->arg, edition);
  zarrc_bytes part = {.ptr = (const uint8_t *)text, .len = strlen(text)};
  if (part.len != old->len || memcmp(part.ptr, old->ptr, old->len) != 0)
    status = zarrc_blob_replace(blob, &part, 1, true, error);
  c->stored = status == ZARRC_OK;
  c->again = status == ZARRC_CONFLICT;
  return status;
}

/* Reads the documents. `blob` is that of the one to be changed, of which there need be no .zattrs. *old borrows it. */
static zarrc_status read_all(const change *c, zarrc_store *store, zarrc_blob *blob, zarrc_documents *d,
                             zarrc_bytes *old, zarrc_error *error) {
  bool is_main = !strcmp(c->changed, c->main);
  d->name = c->main;
  zarrc_status status = zarrc_blob_read_all(blob, ZARRC_MAX_DOCUMENT, is_main ? &d->main : &d->attributes, error);
  if (!is_main && status == ZARRC_NOT_FOUND) status = ZARRC_OK;
  if (!status && !is_main) status = read_document(store, c->path, c->main, NULL, &d->main, error);
  if (!status && is_main && zarrc_document_format(c->main) == 2)
    status = read_attributes(store, c->path, &d->attributes, error);
  *old = is_main ? d->main : d->attributes;
  return status;
}

static zarrc_status try_change(change *c, zarrc_store *store, const char *key, zarrc_editions *editions,
                               zarrc_error *error) {
  zarrc_edition *from = zarrc_editions_peek(editions), *to = NULL;
  zarrc_documents documents = {0};
  zarrc_bytes old;
  zarrc_key_blob blob;
  zarrc_status status = zarrc_key_blob_open(&blob, store, key, error);
  if (status) return status;
  c->again = false;
  status = read_all(c, store, blob.blob, &documents, &old, error);
  if (!status) status = c->ops->open(c->arg, &documents, &to, error);
  if (!status && !c->stored) status = store_change(c, blob.blob, &old, to, error);
  zarrc_documents_release(&documents);
  zarrc_key_blob_close(&blob);
  if (!status && zarrc_editions_replace(editions, from, to)) return ZARRC_OK;
  if (to) editions->close(to);
  if (!status) c->again = true;
  return status;
}

zarrc_status zarrc_node_change(zarrc_store *store, const char *path, const char *main, const char *changed,
                               const zarrc_node_ops *ops, void *arg, zarrc_editions *editions, zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  change c = {.ops = ops, .arg = arg, .path = path, .main = main, .changed = changed};
  zarrc_status status = zarrc_key_join(path, changed, key, sizeof key, error);
  if (!status) status = zarrc_node_refuse_read_only(store, error);
  if (status) return status;
  zarrc_editions_enter(editions);
  for (int i = 0; i < TRIES; i++) {
    status = try_change(&c, store, key, editions, error);
    if (!c.again) break;
  }
  zarrc_editions_leave(editions);
  if (status) zarrc_error_in_key(error, store, key);
  return status;
}
