/* SPDX-License-Identifier: MIT */
/* Groups. Zarr v3 core specification, "Group metadata". consolidated_metadata and a .zgroup of format 2 are preserved
 * as they are. */
#include "array/group.h"

#include "array/document.h"
#include "array/format2.h"
#include "array/key.h"
#include "array/node.h"
#include "base/documents.h"
#include "base/json_scan.h"
#include "base/sized.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* ----------------------------------------------------------------------------------------------------- metadata */

typedef struct metadata {
  zarrc_edition edition;
  zarrc_ctx *ctx;
  char *attributes;
  char *consolidated; /* as it is in the document; or NULL */
  char *extras;       /* see zarrc_document_extras; or NULL */
  char *text;         /* the canonical document */
  int format;         /* 2 or 3 */
} metadata;

static void close_metadata(zarrc_edition *edition) {
  metadata *m = (metadata *)edition;
  if (!m) return;
  zarrc_free(m->ctx, m->attributes);
  zarrc_free(m->ctx, m->consolidated);
  zarrc_free(m->ctx, m->extras);
  zarrc_free(m->ctx, m->text);
  zarrc_free(m->ctx, m);
}

static zarrc_status render(metadata *m, zarrc_error *error) {
  if (m->format == 2) return ZARRC_OK; /* there is nothing in it that can change */
  zarrc_buf buf = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  char *text = NULL;
  zarrc_status status = zarrc_text_append(&buf, "{\n  \"attributes\": ", error);
  if (!status) status = zarrc_text_append(&buf, m->attributes, error);
  if (!status) status = zarrc_text_append(&buf, ",\n  \"zarr_format\": 3", error);
  if (!status && m->consolidated) {
    status = zarrc_text_append(&buf, ",\n  \"consolidated_metadata\": ", error);
    if (!status) status = zarrc_text_append(&buf, m->consolidated, error);
  }
  if (!status) status = zarrc_text_append(&buf, ",\n  \"node_type\": \"group\"", error);
  if (!status && m->extras) status = zarrc_text_append(&buf, m->extras, error);
  if (!status) status = zarrc_text_append(&buf, "\n}", error);
  if (!status) status = zarrc_text_copy(m->ctx, buf.ptr, buf.len, &text, error);
  zarrc_buf_clear(&buf);
  if (status) return status;
  zarrc_free(m->ctx, m->text);
  m->text = text;
  return ZARRC_OK;
}

/* Sets the attributes of metadata that is not shared yet. */
static zarrc_status set_text(metadata *m, const char *json, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_attributes_replace(m->ctx, json, n, &m->attributes, error);
  return status ? status : render(m, error);
}

/* Checks {"kind": "inline", "metadata": {...}}, whose documents need not be strict JSON. */
static zarrc_status check_consolidated(const char *text, size_t n, zarrc_error *error) {
  zarrc_json_scan scan = {.text = text, .nbytes = n, .loose = true};
  zarrc_json_event event;
  bool is_kind = false, is_metadata = false, has_kind = false, has_metadata = false;
  do {
    zarrc_status status = zarrc_json_scan_next(&scan, &event, error);
    if (status) return status;
    const char *token = text + scan.start;
    size_t ntoken = scan.end - scan.start;
    if (event == ZARRC_JSON_KEY && scan.depth == 1) {
      is_kind = zarrc_json_token_is(token, ntoken, "kind");
      is_metadata = zarrc_json_token_is(token, ntoken, "metadata");
    } else if (event == ZARRC_JSON_VALUE) {
      if (is_kind) has_kind = scan.kind == ZARRC_JSON_STRING && zarrc_json_token_is(token, ntoken, "inline");
      if (is_metadata) has_metadata = scan.kind == ZARRC_JSON_OBJECT;
      is_kind = is_metadata = false;
    }
  } while (event != ZARRC_JSON_DONE);
  if (!has_kind) return zarrc_fail(error, ZARRC_UNSUPPORTED, "/consolidated_metadata/kind: only \"inline\" is known");
  if (!has_metadata)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/consolidated_metadata/metadata: must be an object");
  return ZARRC_OK;
}

static zarrc_status parse(metadata *m, const zarrc_json *root, zarrc_error *error) {
  static const char *const members[] = {"zarr_format", "node_type", "attributes", "consolidated_metadata", NULL};
  const zarrc_json *consolidated = zarrc_json_get(root, "consolidated_metadata");
  zarrc_status status = zarrc_document_extras(m->ctx, root, members, &m->extras, error);
  if (!status) status = zarrc_document_attributes(m->ctx, root, &m->attributes, error);
  if (!status && consolidated && !zarrc_json_is(consolidated, ZARRC_JSON_NULL)) {
    size_t n;
    const char *text = zarrc_json_text(consolidated, &n);
    status = zarrc_json_is(consolidated, ZARRC_JSON_OBJECT)
                 ? check_consolidated(text, n, error)
                 : zarrc_fail(error, ZARRC_INVALID_METADATA, "/consolidated_metadata: must be an object");
    if (!status) status = zarrc_text_copy(m->ctx, text, n, &m->consolidated, error);
  }
  return status ? status : render(m, error);
}

static zarrc_status parse_2(metadata *m, const zarrc_json *root, const zarrc_bytes *attributes, zarrc_error *error) {
  zarrc_buf buf = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_document_indent(m->ctx, root, &buf, error);
  if (!status) status = zarrc_text_copy(m->ctx, buf.ptr, buf.len, &m->text, error);
  zarrc_buf_clear(&buf);
  return status ? status : zarrc_document_zattrs(m->ctx, attributes, &m->attributes, error);
}

static zarrc_status open_metadata(zarrc_ctx *ctx, const zarrc_documents *documents, metadata **out,
                                  zarrc_error *error) {
  zarrc_json_doc *doc = NULL;
  zarrc_document_kind kind;
  metadata *m = NULL;
  zarrc_status status = zarrc_document_parse(ctx, documents, &doc, &kind, error);
  if (status) return status;
  if (kind.node != ZARRC_NODE_GROUP) {
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%sthis is an array, not a group",
                        kind.format == 3 ? "/node_type: " : "");
  } else if (!(m = zarrc_malloc(ctx, sizeof *m))) {
    status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for the metadata of a group");
  } else {
    *m = (metadata){.ctx = ctx, .format = kind.format};
    status = kind.format == 3 ? parse(m, zarrc_json_root(doc), error)
                              : parse_2(m, zarrc_json_root(doc), &documents->attributes, error);
  }
  zarrc_json_close(doc);
  if (status)
    close_metadata((zarrc_edition *)m);
  else
    *out = m;
  return status;
}

/* ------------------------------------------------------------------------------------------------ open and close */

zarrc_status zarrc_group_open_documents(zarrc_store *store, const char *path, const zarrc_documents *documents,
                                        const zarrc_group_options *options, zarrc_group **out, zarrc_error *error) {
  zarrc_group_options taken = {.struct_size = sizeof taken};
  metadata *m = NULL;
  zarrc_status status =
      options ? zarrc_sized_take(&taken, sizeof taken, options, "the group's options", error) : ZARRC_OK;
  if (status) return status;
  zarrc_group *group = zarrc_malloc(store->ctx, sizeof *group);
  if (!group) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a group");
  memset(group, 0, sizeof *group);
  group->ctx = store->ctx;
  group->store = store;
  group->options = taken;
  atomic_init(&group->consolidated, NULL);
  status = zarrc_text_copy(store->ctx, path, strlen(path), &group->path, error);
  if (!status) status = open_metadata(store->ctx, documents, &m, error);
  if (status) {
    zarrc_free(store->ctx, group->path);
    zarrc_free(store->ctx, group);
    return status;
  }
  group->format = m->format;
  zarrc_editions_init(&group->editions, &m->edition, close_metadata);
  *out = group;
  return ZARRC_OK;
}

zarrc_status zarrc_group_open(zarrc_store *store, const char *path, const zarrc_group_options *options,
                              zarrc_group **out, zarrc_error *error) {
  zarrc_documents documents;
  zarrc_status status = zarrc_node_read(store, path, NULL, &documents, error);
  if (status) return status;
  status = zarrc_group_open_documents(store, path, &documents, options, out, error);
  if (status) zarrc_error_in_document(error, store, path, documents.name);
  zarrc_documents_release(&documents);
  return status;
}

/* Appends a document of a format that has no attributes, or all. */
static zarrc_status put_document(const metadata *m, int format, zarrc_buf *out, zarrc_error *error) {
  if (format == m->format) return zarrc_text_append(out, m->text, error);
  if (m->extras) return zarrc_fail(error, ZARRC_UNSUPPORTED, "Zarr format 2 has no place for members of an extension");
  if (format == 2) return zarrc_text_append(out, "{\n  \"zarr_format\": 2\n}", error);
  zarrc_status status = zarrc_text_append(out, "{\n  \"attributes\": ", error);
  if (!status) status = zarrc_text_append(out, m->attributes, error);
  return status ? status : zarrc_text_append(out, ",\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}", error);
}

/* Opens the group again from documents of another format. */
static zarrc_status convert(zarrc_group **group, int format, zarrc_error *error) {
  const metadata *m = (const metadata *)zarrc_editions_peek(&(*group)->editions);
  zarrc_group *other = NULL;
  zarrc_buf text = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = put_document(m, format, &text, error);
  zarrc_documents documents = zarrc_documents_of((const char *)text.ptr, text.len);
  if (format == 2)
    documents.attributes = (zarrc_bytes){.ptr = (const uint8_t *)m->attributes, .len = strlen(m->attributes)};
  if (!status)
    status = zarrc_group_open_documents((*group)->store, (*group)->path, &documents, &(*group)->options, &other, error);
  zarrc_buf_clear(&text);
  if (status) return status;
  zarrc_group_close(*group);
  *group = other;
  return ZARRC_OK;
}

static zarrc_status store_new(const zarrc_group *group, zarrc_create_mode mode, zarrc_error *error) {
  const metadata *m = (const metadata *)zarrc_editions_peek(&group->editions);
  zarrc_documents documents = zarrc_documents_of(m->text, strlen(m->text));
  documents.name = zarrc_node_document(m->format, true);
  if (m->format == 2 && strcmp(m->attributes, "{}"))
    documents.attributes = (zarrc_bytes){.ptr = (const uint8_t *)m->attributes, .len = strlen(m->attributes)};
  return zarrc_consolidated_create_node(group->store, group->path, &documents, mode, error);
}

/* Creates a group from a document. attributes: in place of those of the document, or NULL. */
static zarrc_status create(zarrc_store *store, const char *path, const zarrc_documents *documents,
                           const char *attributes, zarrc_create_mode mode, const zarrc_group_options *options,
                           zarrc_group **out, zarrc_error *error) {
  zarrc_group_options known = {0};
  zarrc_group *group = NULL;
  int format;
  if (!path) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no path");
  zarrc_status status =
      options ? zarrc_sized_take(&known, sizeof known, options, "the group's options", error) : ZARRC_OK;
  if (!status) status = zarrc_format_check(known.zarr_format, &format, error);
  if (!status) status = zarrc_group_open_documents(store, path, documents, options, &group, error);
  if (!status && attributes)
    status = set_text((metadata *)zarrc_editions_peek(&group->editions), attributes, strlen(attributes), error);
  if (!status && known.zarr_format && format != group->format) status = convert(&group, format, error);
  if (!status) status = store_new(group, mode, error);
  if (status)
    zarrc_group_close(group);
  else
    *out = group;
  return status;
}

zarrc_status zarrc_group_create_json(zarrc_store *store, const char *path, const char *json, size_t n,
                                     zarrc_create_mode mode, const zarrc_group_options *options, zarrc_group **out,
                                     zarrc_error *error) {
  zarrc_documents documents = zarrc_documents_of(json, n);
  return create(store, path, &documents, NULL, mode, options, out, error);
}

zarrc_status zarrc_group_create(zarrc_store *store, const char *path, const char *attributes, zarrc_create_mode mode,
                                const zarrc_group_options *options, zarrc_group **out, zarrc_error *error) {
  static const char empty[] = "{\"zarr_format\": 3, \"node_type\": \"group\"}";
  zarrc_documents documents = zarrc_documents_of(empty, sizeof empty - 1);
  return create(store, path, &documents, attributes, mode, options, out, error);
}

void zarrc_group_close(zarrc_group *group) {
  if (!group) return;
  zarrc_consolidated_close(atomic_load(&group->consolidated));
  zarrc_editions_clear(&group->editions);
  zarrc_free(group->ctx, group->path);
  zarrc_free(group->ctx, group);
}

static const metadata *newest(const zarrc_group *group) {
  return (const metadata *)zarrc_editions_peek(&group->editions);
}

const char *zarrc_group_path(const zarrc_group *group) {
  return group->path;
}
const char *zarrc_group_attributes(const zarrc_group *group) {
  return newest(group)->attributes;
}
const char *zarrc_group_metadata(const zarrc_group *group) {
  return newest(group)->text;
}
int zarrc_group_format(const zarrc_group *group) {
  return group->format;
}

zarrc_status zarrc_group_document(const zarrc_group *group, int format, zarrc_buf *out, zarrc_error *error) {
  zarrc_group *self = (zarrc_group *)(uintptr_t)group;
  zarrc_status status = zarrc_format_check(format, &format, error);
  if (status) return status;
  const metadata *m = (const metadata *)zarrc_editions_enter(&self->editions);
  status = put_document(m, format, out, error);
  zarrc_editions_leave(&self->editions);
  return status;
}

zarrc_status zarrc_group_forget_consolidated(zarrc_group *group, zarrc_error *error) {
  metadata *m = (metadata *)zarrc_editions_peek(&group->editions);
  if (!m->consolidated) return ZARRC_OK;
  zarrc_free(m->ctx, m->consolidated);
  m->consolidated = NULL;
  return render(m, error);
}

/* Reads the consolidated metadata of a group that was not opened from those of one above. */
static zarrc_status read_consolidated(zarrc_group *group, zarrc_consolidated **out, zarrc_error *error) {
  if (group->format == 2) return zarrc_consolidated_read_2(group->store, group->path, out, error);
  const metadata *m = (const metadata *)zarrc_editions_enter(&group->editions);
  zarrc_status status = zarrc_consolidated_open(group->ctx, group->path, 3, m->consolidated,
                                                m->consolidated ? strlen(m->consolidated) : 0, out, error);
  zarrc_editions_leave(&group->editions);
  if (status) zarrc_error_prefix(error, "/consolidated_metadata: ");
  return status;
}

zarrc_status zarrc_group_consolidated(zarrc_group *group, const zarrc_consolidated **out, zarrc_error *error) {
  zarrc_consolidated *c = atomic_load(&group->consolidated), *mine = NULL;
  *out = NULL;
  if (group->options.no_consolidated) return ZARRC_OK;
  if (!c) {
    zarrc_status status = read_consolidated(group, &mine, error);
    if (status) {
      zarrc_error_in_document(error, group->store, group->path, zarrc_consolidated_document(group->format));
      return status;
    }
    if (atomic_compare_exchange_strong(&group->consolidated, &c, mine))
      c = mine;
    else
      zarrc_consolidated_close(mine); /* another thread was faster */
  }
  if (zarrc_consolidated_is_there(c)) *out = c;
  return ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------------- attributes */

typedef struct change {
  zarrc_group *group;
  const char *attributes;
  size_t nattributes;
} change;

static zarrc_status open_stored(void *arg, const zarrc_documents *documents, zarrc_edition **out, zarrc_error *error) {
  const change *c = arg;
  metadata *m;
  zarrc_status status = open_metadata(c->group->ctx, documents, &m, error);
  if (!status) *out = &m->edition;
  return status;
}

static zarrc_status apply(void *arg, zarrc_edition *edition, zarrc_error *error) {
  const change *c = arg;
  return set_text((metadata *)edition, c->attributes, c->nattributes, error);
}

static const char *text_of(void *arg, const zarrc_edition *edition) {
  const metadata *m = (const metadata *)edition;
  (void)arg;
  return m->format == 2 ? m->attributes : m->text;
}

zarrc_status zarrc_group_set_attributes(zarrc_group *group, const char *json, size_t n, zarrc_error *error) {
  static const zarrc_node_ops ops = {.open = open_stored, .change = apply, .text = text_of};
  change c = {.group = group, .attributes = json, .nattributes = n};
  return zarrc_consolidated_change_node(group->store, group->path, zarrc_node_document(group->format, true),
                                        zarrc_attributes_document(group->format, true), &ops, &c, &group->editions,
                                        error);
}
