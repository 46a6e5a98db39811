/* SPDX-License-Identifier: MIT */
/* Writing consolidated metadata, as a whole or of what has changed. Docs: docs/design/0021. */
#include "array/children.h"
#include "array/consolidated.h"
#include "array/key.h"
#include "array/node.h"
#include "base/documents.h"

#include <zarrc/plugin/store.h>

/* How often a change is repeated if others change the document too. */
enum { TRIES = 1000 };

/* ------------------------------------------------------------------------------------------------------ entries */

/* Collects entries, in any order, as the text of an object with `metadata`. */
typedef struct collecting {
  zarrc_store *store;
  const char *group; /* the path of the group that the entries are for */
  int format;
  zarrc_buf text;
  bool comma;
  zarrc_buf pending; /* paths of groups whose children remain to be collected, each with its NUL */
} collecting;

/* Returns the path of a node relative to the group. */
static const char *below(const collecting *k, const char *path) {
  size_t n = strlen(k->group);
  return path + n + (n > 0 && path[n] == '/');
}

/* Appends text of which lines but the first are moved to the right. Strings in JSON have no line breaks. */
static zarrc_status put_indented(zarrc_buf *out, const char *text, size_t n, int indent, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  while (n > 0 && !status) {
    const char *line = memchr(text, '\n', n);
    size_t len = line ? (size_t)(line - text) + 1 : n;
    status = zarrc_buf_append(out, text, len, error);
    if (!status && line) status = zarrc_buf_printf(out, error, "%*s", indent, "");
    text += len;
    n -= len;
  }
  return status;
}

static int indent_of(int format) {
  return format == 2 ? 4 : 6;
}

static zarrc_status begin_entry(collecting *k, zarrc_error *error) {
  zarrc_status status = zarrc_text_append(&k->text, k->comma ? ", " : "", error);
  k->comma = true;
  return status;
}

/* Adds a document. name: of the document; NULL: the entry is called after the node alone. */
static zarrc_status put_document(collecting *k, const char *path, const char *name, const zarrc_bytes *document,
                                 zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  const char *text = (const char *)document->ptr;
  size_t n = document->len;
  zarrc_document_skip_mark(&text, &n);
  for (; n > 0 && strchr(" \t\r\n", *text); n--) text++;
  while (n > 0 && strchr(" \t\r\n", text[n - 1])) n--;
  zarrc_status status = zarrc_key_join(below(k, path), name ? name : "", key, sizeof key, error);
  if (!status) status = begin_entry(k, error);
  if (!status) status = zarrc_json_put_string(&k->text, key, strlen(key), error);
  if (!status) status = zarrc_text_append(&k->text, ": ", error);
  return status ? status : put_indented(&k->text, text, n, indent_of(k->format), error);
}

zarrc_status zarrc_consolidated_put_group(zarrc_ctx *ctx, const zarrc_bytes *document, zarrc_buf *out,
                                          zarrc_error *error) {
  const zarrc_documents documents = {.name = ZARRC_ZARR_JSON, .main = *document};
  zarrc_document_kind kind;
  zarrc_json_doc *doc;
  char *attributes = NULL;
  zarrc_status status = zarrc_document_parse(ctx, &documents, &doc, &kind, error);
  if (status) return status;
  const zarrc_json *root = zarrc_json_root(doc);
  status = zarrc_document_attributes(ctx, root, &attributes, error);
  if (!status) status = zarrc_text_append(out, "{\n  \"attributes\": ", error);
  if (!status) status = zarrc_text_append(out, attributes, error);
  for (size_t i = 0; i < zarrc_json_length(root) && !status; i++) {
    const char *name = zarrc_json_key(root, i);
    size_t n;
    const char *text = zarrc_json_text(zarrc_json_at(root, i), &n);
    if (!strcmp(name, "attributes") || !strcmp(name, "consolidated_metadata")) continue;
    status = zarrc_text_append(out, ",\n  ", error);
    if (!status) status = zarrc_json_put_string(out, name, strlen(name), error);
    if (!status) status = zarrc_text_append(out, ": ", error);
    if (!status) status = zarrc_buf_append(out, text, n, error);
  }
  if (!status)
    status = zarrc_text_append(out,
                               ",\n  \"consolidated_metadata\": {\n    \"kind\": \"inline\",\n    \"must_understand\": "
                               "false,\n    \"metadata\": {}\n  }\n}",
                               error);
  zarrc_free(ctx, attributes);
  zarrc_json_close(doc);
  return status;
}

static zarrc_status put_documents(collecting *k, const char *path, const zarrc_documents *d, zarrc_node_kind node,
                                  zarrc_error *error) {
  zarrc_buf group = zarrc_buf_new(k->store->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status;
  if (k->format == 2) {
    status = put_document(k, path, d->name, &d->main, error);
    return status || d->attributes.len == 0 ? status : put_document(k, path, ZARRC_ZATTRS, &d->attributes, error);
  }
  if (node == ZARRC_NODE_ARRAY) return put_document(k, path, NULL, &d->main, error);
  status = zarrc_consolidated_put_group(k->store->ctx, &d->main, &group, error);
  const zarrc_bytes text = {.ptr = group.ptr, .len = group.len};
  if (!status) status = put_document(k, path, NULL, &text, error);
  zarrc_buf_clear(&group);
  return status;
}

/* Adds the documents of a node, if it is of the right format. *kind: ZARRC_NODE_NONE: there is no such node. */
static zarrc_status put_node(collecting *k, const char *path, zarrc_node_kind *kind, zarrc_error *error) {
  zarrc_documents documents;
  zarrc_document_kind found = {0, ZARRC_NODE_NONE};
  zarrc_json_doc *doc = NULL;
  *kind = ZARRC_NODE_NONE;
  zarrc_status status = zarrc_node_read(k->store, path, NULL, &documents, error);
  if (status) return status == ZARRC_NOT_FOUND ? ZARRC_OK : status;
  status = zarrc_document_parse(k->store->ctx, &documents, &doc, &found, error);
  zarrc_json_close(doc);
  if (!status && found.format == k->format) {
    *kind = found.node;
    status = put_documents(k, path, &documents, found.node, error);
  }
  if (status) zarrc_error_in_document(error, k->store, path, documents.name);
  zarrc_documents_release(&documents);
  return status;
}

/* Adds the documents of a node, and notes a group, whose children are to follow. */
static zarrc_status put_and_note(collecting *k, const char *path, zarrc_error *error) {
  zarrc_node_kind kind;
  zarrc_status status = put_node(k, path, &kind, error);
  if (status || kind != ZARRC_NODE_GROUP) return status;
  return zarrc_buf_append(&k->pending, path, strlen(path) + 1, error);
}

static zarrc_status put_child(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                              zarrc_error *error) {
  (void)kind;
  if (!why) return put_and_note(arg, path, error);
  if (error) *error = *why;
  return why->code;
}

/* Adds everything below the groups that have been noted. */
static zarrc_status put_pending(collecting *k, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t at = 0; at < k->pending.len && !status;) {
    char path[ZARRC_MAX_KEY];
    size_t n = strlen((const char *)k->pending.ptr + at) + 1;
    memcpy(path, k->pending.ptr + at, n); /* the buffer grows meanwhile */
    at += n;
    status = zarrc_ctx_check_canceled(k->store->ctx, error);
    if (!status) status = zarrc_children_list(k->store, path, put_child, k, error);
  }
  return status;
}

static zarrc_status begin(collecting *k, zarrc_store *store, const char *group, int format, zarrc_error *error) {
  *k = (collecting){.store = store,
                    .group = group,
                    .format = format,
                    .text = zarrc_buf_new(store->ctx, 2 * ZARRC_MAX_DOCUMENT),
                    .pending = zarrc_buf_new(store->ctx, SIZE_MAX / 2)};
  return zarrc_text_append(&k->text, "{\"metadata\": {", error);
}

/* Opens what was collected, if that went well, in the order of entries. */
static zarrc_status finish(collecting *k, zarrc_status status, zarrc_consolidated **out, zarrc_error *error) {
  if (!status) status = zarrc_text_append(&k->text, "}}", error);
  if (!status)
    status =
        zarrc_consolidated_open(k->store->ctx, k->group, k->format, (const char *)k->text.ptr, k->text.len, out, error);
  zarrc_buf_clear(&k->text);
  zarrc_buf_clear(&k->pending);
  return status;
}

zarrc_status zarrc_consolidated_compose(zarrc_store *store, const char *path, int format, zarrc_consolidated **out,
                                        zarrc_error *error) {
  collecting k;
  zarrc_status status = begin(&k, store, path, format, error);
  if (!status && format == 2) status = put_and_note(&k, path, error); /* also has the documents of the group itself */
  if (!status && format == 3) status = zarrc_buf_append(&k.pending, path, strlen(path) + 1, error);
  if (!status) status = put_pending(&k, error);
  return finish(&k, status, out, error);
}

/* ------------------------------------------------------------------------------------------------------ changing */

/* What is to be written into the consolidated metadata of one group. */
typedef struct job {
  zarrc_store *store;
  const char *group;
  int format;
  const char *path; /* of what has changed, in the store; NULL: write all of it */
  zarrc_extent extent;
  bool drop; /* when all is written: also what only the present consolidated metadata describe */
} job;

/* Returns whether the entries of a node are replaced: of that at `changed`, or, if so, below it. */
static bool is_replaced(const zarrc_consolidated_entry *e, const char *changed, zarrc_extent extent) {
  size_t n = strlen(changed);
  if (extent != ZARRC_EXTENT_ALL) return e->is_document && !strcmp(e->path, changed);
  return !strncmp(e->path, changed, n) && (e->path[n] == 0 || e->path[n] == '/');
}

/* Keeps the entries that are not replaced. */
static zarrc_status put_kept(collecting *k, const zarrc_consolidated *old, const job *j, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = 0; i < zarrc_consolidated_nentries(old) && !status; i++) {
    const zarrc_consolidated_entry e = zarrc_consolidated_entry_at(old, i);
    if (is_replaced(&e, below(k, j->path), j->extent)) continue;
    status = begin_entry(k, error);
    if (!status) status = zarrc_buf_append(&k->text, e.member, e.nmember, error);
  }
  return status;
}

/* Adds the groups between the group and what has changed that have no entries. */
static zarrc_status put_between(collecting *k, const zarrc_consolidated *old, const char *path, zarrc_error *error) {
  char parent[ZARRC_MAX_KEY];
  zarrc_status status = ZARRC_OK;
  const char *rest = below(k, path);
  size_t n = strlen(path);
  if (n >= sizeof parent) return zarrc_fail(error, ZARRC_LIMIT, "a path of %zu bytes", n);
  for (const char *slash = rest; !status && (slash = strchr(slash, '/')); slash++) {
    zarrc_documents documents;
    zarrc_node_kind kind;
    memcpy(parent, path, (size_t)(slash - path));
    parent[slash - path] = 0;
    if (zarrc_consolidated_find(old, below(k, parent), &documents, NULL) == ZARRC_NOT_FOUND)
      status = put_node(k, parent, &kind, error);
  }
  return status;
}

static zarrc_status compose(const job *j, const zarrc_consolidated *old, zarrc_consolidated **out, zarrc_error *error) {
  collecting k;
  zarrc_node_kind kind;
  if (!j->path) return zarrc_consolidated_compose(j->store, j->group, j->format, out, error);
  zarrc_status status = begin(&k, j->store, j->group, j->format, error);
  if (!status) status = put_kept(&k, old, j, error);
  if (!status) status = put_between(&k, old, j->path, error);
  if (!status)
    status = j->extent == ZARRC_EXTENT_ALL ? put_and_note(&k, j->path, error) : put_node(&k, j->path, &kind, error);
  if (!status) status = put_pending(&k, error);
  return finish(&k, status, out, error);
}

/* Appends the object of `old` with the entries of `entries`. */
static zarrc_status put_object(const zarrc_consolidated *old, const zarrc_consolidated *entries, int format,
                               zarrc_buf *out, zarrc_error *error) {
  zarrc_bytes before, after;
  uint32_t n = zarrc_consolidated_nentries(entries);
  zarrc_consolidated_around(old, &before, &after);
  zarrc_status status = zarrc_buf_append(out, before.ptr, before.len, error);
  if (!status) status = zarrc_text_append(out, "{", error);
  for (uint32_t i = 0; i < n && !status; i++) {
    const zarrc_consolidated_entry e = zarrc_consolidated_entry_at(entries, i);
    status = zarrc_buf_printf(out, error, "%s\n%*s", i ? "," : "", indent_of(format), "");
    if (!status) status = zarrc_buf_append(out, e.member, e.nmember, error);
  }
  if (!status && n > 0) status = zarrc_buf_printf(out, error, "\n%*s", indent_of(format) - 2, "");
  if (!status) status = zarrc_text_append(out, "}", error);
  return status ? status : zarrc_buf_append(out, after.ptr, after.len, error);
}

/* Appends the zarr.json of a group with other consolidated metadata, behind zarr_format if there were none. */
static zarrc_status put_zarr_json(const zarrc_json *root, const zarrc_buf *object, zarrc_buf *out, zarrc_error *error) {
  static const char member[] = "consolidated_metadata";
  bool done = zarrc_json_get(root, member) != NULL;
  zarrc_status status = zarrc_text_append(out, "{", error);
  for (size_t i = 0; i < zarrc_json_length(root) && !status; i++) {
    const char *name = zarrc_json_key(root, i);
    size_t n;
    const char *text = zarrc_json_text(zarrc_json_at(root, i), &n);
    if (!strcmp(name, member)) {
      text = (const char *)object->ptr;
      n = object->len;
    }
    status = zarrc_text_append(out, i ? ",\n  " : "\n  ", error);
    if (!status) status = zarrc_json_put_string(out, name, strlen(name), error);
    if (!status) status = zarrc_text_append(out, ": ", error);
    if (!status) status = zarrc_buf_append(out, text, n, error);
    if (status || done || strcmp(name, "zarr_format") != 0) continue;
    status = zarrc_text_append(out, ",\n  \"consolidated_metadata\": ", error);
    if (!status) status = zarrc_buf_append(out, object->ptr, object->len, error);
  }
  return status ? status : zarrc_text_append(out, "\n}", error);
}

/* The document that consolidated metadata is in, as it is stored. */
typedef struct holder {
  zarrc_bytes text;
  zarrc_json_doc *doc; /* of a zarr.json; NULL: it does not describe a group */
  zarrc_consolidated *old;
} holder;

static zarrc_status open_old(const job *j, const char *text, size_t n, holder *h, zarrc_error *error) {
  static const char fresh_2[] = "{\n  \"metadata\": {},\n  \"zarr_consolidated_format\": 1\n}";
  static const char fresh_3[] =
      "{\n    \"kind\": \"inline\",\n    \"must_understand\": false,\n    \"metadata\": {}\n  }";
  zarrc_ctx *ctx = j->store->ctx;
  if (!j->path) { /* what was there does not matter */
    text = j->format == 2 ? fresh_2 : fresh_3;
    n = strlen(text);
  }
  return zarrc_consolidated_open(ctx, j->group, j->format, text, n, &h->old, error);
}

/* Opens the consolidated metadata in a zarr.json. A document that describes no group, or is not valid, has none. */
static zarrc_status open_zarr_json(const job *j, holder *h, zarrc_error *error) {
  const zarrc_documents documents = {.name = ZARRC_ZARR_JSON, .main = h->text};
  zarrc_document_kind kind;
  static const char member[] = "consolidated_metadata";
  size_t n = 0;
  const char *text = NULL;
  if (j->path && (h->text.len == 0 || !memmem(h->text.ptr, h->text.len, member, sizeof member - 1))) return ZARRC_OK;
  zarrc_status status = zarrc_document_parse(j->store->ctx, &documents, &h->doc, &kind, error);
  if (j->path && (status == ZARRC_INVALID_METADATA || status == ZARRC_UNSUPPORTED)) return ZARRC_OK;
  if (status || kind.node != ZARRC_NODE_GROUP) return status;
  text = zarrc_consolidated_text(zarrc_json_root(h->doc), &n);
  return open_old(j, text, n, h, error);
}

/* Refuses to drop nodes that only the consolidated metadata in a text describe. A text that cannot be read describes
 * none. */
static zarrc_status refuse_drops(const job *j, const char *text, size_t n, const zarrc_consolidated *entries,
                                 bool *refused, zarrc_error *error) {
  zarrc_consolidated *old = NULL;
  zarrc_documents documents;
  char first[ZARRC_EXCERPT] = "";
  uint32_t count = 0;
  zarrc_status status = zarrc_consolidated_open(j->store->ctx, j->group, j->format, text, n, &old, error);
  if (status) return status == ZARRC_INVALID_METADATA ? ZARRC_OK : status;
  for (uint32_t i = 0; i < zarrc_consolidated_nentries(old) && !status; i++) {
    const zarrc_consolidated_entry e = zarrc_consolidated_entry_at(old, i);
    bool only = false;
    if (!e.describes || zarrc_consolidated_find(entries, e.path, &documents, NULL) != ZARRC_NOT_FOUND) continue;
    status = zarrc_described_only(old, j->store, e.path, &only, error);
    if (only && count++ == 0) zarrc_excerpt(first, e.path, strlen(e.path));
  }
  if (!status && count > 0) {
    *refused = true;
    status = zarrc_fail(error, ZARRC_CONFLICT,
                        "%u array%s or group%s without a document of %s own %s only in the present consolidated "
                        "metadata and would be dropped%s %s",
                        (unsigned)count, count == 1 ? "" : "s", count == 1 ? "" : "s", count == 1 ? "its" : "their",
                        count == 1 ? "is" : "are", count == 1 ? ":" : ", the first is", first);
  }
  zarrc_consolidated_close(old);
  return status;
}

/* Gets the present consolidated metadata; *text NULL: there are none. */
static void present_text(const holder *h, const char **text, size_t *n) {
  *text = (const char *)h->text.ptr;
  *n = h->text.len;
  if (h->doc) *text = zarrc_consolidated_text(zarrc_json_root(h->doc), n);
}

static zarrc_status replace(const job *j, zarrc_blob *blob, const holder *h, const zarrc_consolidated *entries,
                            zarrc_error *error) {
  zarrc_buf object = zarrc_buf_new(j->store->ctx, ZARRC_MAX_DOCUMENT), whole = object;
  zarrc_status status = put_object(h->old, entries, j->format, &object, error);
  if (!status && h->doc) status = put_zarr_json(zarrc_json_root(h->doc), &object, &whole, error);
  const zarrc_buf *made = h->doc ? &whole : &object;
  const zarrc_bytes part = {.ptr = made->ptr, .len = made->len};
  bool same = !status && h->text.ptr && part.len == h->text.len && !memcmp(part.ptr, h->text.ptr, part.len);
  if (!status && !same) status = zarrc_blob_replace(blob, &part, 1, true, error);
  zarrc_buf_clear(&object);
  zarrc_buf_clear(&whole);
  return status;
}

/* ZARRC_CONFLICT: somebody else has changed the document meanwhile, or *refused. What has changed is read after the
 * document, so that of two who change something the one that stores last has read what both have changed. */
static zarrc_status try_write(const job *j, const char *key, bool *refused, zarrc_error *error) {
  zarrc_key_blob blob;
  holder h = {0};
  zarrc_consolidated *entries = NULL;
  zarrc_status status = zarrc_key_blob_open(&blob, j->store, key, error);
  if (status) return status;
  status = zarrc_blob_read_all(blob.blob, ZARRC_MAX_DOCUMENT, &h.text, error);
  if (status == ZARRC_NOT_FOUND && (j->path || j->format == 2)) status = ZARRC_OK;
  if (!status)
    status = j->format == 3           ? open_zarr_json(j, &h, error)
             : !h.text.ptr && j->path ? ZARRC_OK
                                      : open_old(j, (const char *)h.text.ptr, h.text.len, &h, error);
  if (!status && h.old && zarrc_consolidated_is_there(h.old)) {
    const char *present;
    size_t n;
    present_text(&h, &present, &n);
    status = compose(j, h.old, &entries, error);
    if (!status && !j->path && !j->drop && present) status = refuse_drops(j, present, n, entries, refused, error);
    if (!status) status = replace(j, blob.blob, &h, entries, error);
  }
  zarrc_consolidated_close(entries);
  zarrc_consolidated_close(h.old);
  zarrc_json_close(h.doc);
  zarrc_bytes_release(&h.text);
  zarrc_key_blob_close(&blob);
  return status;
}

static zarrc_status write_job(const job *j, zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  zarrc_status status = zarrc_key_join(j->group, zarrc_consolidated_document(j->format), key, sizeof key, error);
  if (status) return status;
  bool refused = false;
  for (int i = 0; i < TRIES; i++) {
    status = try_write(j, key, &refused, error);
    if (status != ZARRC_CONFLICT || refused) break;
  }
  if (!status) return ZARRC_OK;
  if (j->path)
    zarrc_error_prefix(error, "the change itself is stored, but these consolidated metadata could not be updated: ");
  zarrc_error_in_key(error, j->store, key);
  return status;
}

/* Updates one group; returns the first failure of several. */
static zarrc_status update_group(job *j, const char *group, int format, zarrc_status before, zarrc_error *error) {
  zarrc_error why;
  j->group = group;
  j->format = format;
  zarrc_status status = write_job(j, &why);
  if (status && !before && error) *error = why;
  return before ? before : status;
}

zarrc_status zarrc_consolidated_update(zarrc_store *store, const char *path, int format, zarrc_extent extent,
                                       zarrc_error *error) {
  char parent[ZARRC_MAX_KEY];
  job j = {.store = store, .path = path, .extent = extent};
  size_t n = strlen(path);
  zarrc_status status = ZARRC_OK;
  if (n >= sizeof parent) return zarrc_fail(error, ZARRC_LIMIT, "a path of %zu bytes", n);
  memcpy(parent, path, n + 1);
  /* a .zmetadata also has the documents of its own group */
  if (extent == ZARRC_EXTENT_GROUP && format != 3) status = update_group(&j, path, 2, status, error);
  while (*parent) {
    char *slash = strrchr(parent, '/');
    *(slash ? slash : parent) = 0;
    if (format != 2) status = update_group(&j, parent, 3, status, error);
    if (format != 3) status = update_group(&j, parent, 2, status, error);
  }
  return status;
}

zarrc_status zarrc_consolidated_refresh(zarrc_store *store, const char *path, zarrc_error *error) {
  if (!path) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no path");
  zarrc_status status = *path ? zarrc_key_check(path, error) : ZARRC_OK;
  return status ? status : zarrc_consolidated_update(store, path, 0, ZARRC_EXTENT_ALL, error);
}

static zarrc_status format_of_group(zarrc_store *store, const char *path, int *format, zarrc_error *error) {
  zarrc_documents documents;
  zarrc_document_kind kind;
  zarrc_json_doc *doc = NULL;
  zarrc_status status = zarrc_node_read(store, path, NULL, &documents, error);
  if (status) return status;
  status = zarrc_document_parse(store->ctx, &documents, &doc, &kind, error);
  zarrc_json_close(doc);
  if (!status && kind.node != ZARRC_NODE_GROUP)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "this is an array, not a group");
  if (!status) *format = kind.format;
  if (status) zarrc_error_in_document(error, store, path, documents.name);
  zarrc_documents_release(&documents);
  return status;
}

zarrc_status zarrc_consolidate(zarrc_store *store, const char *path, bool drop, zarrc_error *error) {
  job j = {.store = store, .group = path, .drop = drop};
  if (store->read_only) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is read-only");
  zarrc_status status = format_of_group(store, path, &j.format, error);
  return status ? status : write_job(&j, error);
}

/* --------------------------------------------------------------------------------------- changes, with all updates */

zarrc_status zarrc_consolidated_create_node(zarrc_store *store, const char *path, const zarrc_documents *documents,
                                            zarrc_create_mode mode, zarrc_error *error) {
  int format = zarrc_document_format(documents->name);
  zarrc_status status = zarrc_node_create(store, path, documents, mode, error);
  return status ? status : zarrc_consolidated_update(store, path, format, ZARRC_EXTENT_ALL, error);
}

zarrc_status zarrc_consolidated_change_node(zarrc_store *store, const char *path, const char *main, const char *changed,
                                            const zarrc_node_ops *ops, void *arg, zarrc_editions *editions,
                                            zarrc_error *error) {
  int format = zarrc_document_format(main);
  zarrc_extent extent = strcmp(main, ZARRC_ZGROUP) ? ZARRC_EXTENT_ARRAY : ZARRC_EXTENT_GROUP;
  zarrc_status status = zarrc_node_change(store, path, main, changed, ops, arg, editions, error);
  return status ? status : zarrc_consolidated_update(store, path, format, extent, error);
}

zarrc_status zarrc_groups_make(zarrc_store *store, const char *path, int zarr_format, zarrc_error *error) {
  int format;
  zarrc_status status = zarrc_format_check(zarr_format, &format, error);
  if (!status) status = zarrc_node_make_groups(store, path, format, error);
  return status ? status : zarrc_consolidated_update(store, path, format, ZARRC_EXTENT_GROUP, error);
}
