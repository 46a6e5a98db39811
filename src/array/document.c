/* SPDX-License-Identifier: MIT */
#include "array/document.h"
#include "base/documents.h"
#include "base/json_scan.h"

#include <string.h>

static const char mark[] = "\xef\xbb\xbf";

bool zarrc_document_has_mark(const char *text, size_t n) {
  return n >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0;
}

void zarrc_document_skip_mark(const char **text, size_t *n) {
  if (!zarrc_document_has_mark(*text, *n)) return;
  *text += sizeof mark - 1;
  *n -= sizeof mark - 1;
}

zarrc_documents zarrc_documents_of(const char *text, size_t n) {
  return (zarrc_documents){.main = {.ptr = (const uint8_t *)text, .len = n}};
}

void zarrc_documents_release(zarrc_documents *documents) {
  zarrc_bytes_release(&documents->main);
  zarrc_bytes_release(&documents->attributes);
  *documents = (zarrc_documents){0};
}

/* Finds out the kind of a node of format 2. A .zarray describes an array whatever it lacks. */
static void kind_of_2(const zarrc_json *root, const char *name, zarrc_document_kind *kind) {
  bool is_array = name ? !strcmp(name, ZARRC_ZARRAY) : zarrc_json_get(root, "shape") || zarrc_json_get(root, "dtype");
  *kind = (zarrc_document_kind){2, is_array ? ZARRC_NODE_ARRAY : ZARRC_NODE_GROUP};
}

static zarrc_status kind_of_3(const zarrc_json *root, zarrc_document_kind *kind, zarrc_error *error) {
  const zarrc_json *node = zarrc_json_get(root, "node_type");
  bool is_array = zarrc_json_string_is(node, "array");
  if (!is_array && !zarrc_json_string_is(node, "group") && (node || zarrc_json_get(root, "shape")))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/node_type: %s",
                      node ? "must be \"array\" or \"group\"" : "is missing");
  *kind = (zarrc_document_kind){3, is_array ? ZARRC_NODE_ARRAY : ZARRC_NODE_GROUP};
  return ZARRC_OK;
}

static zarrc_status find_kind(const zarrc_json *root, const char *name, zarrc_document_kind *kind, zarrc_error *error) {
  const zarrc_json *format = zarrc_json_get(root, "zarr_format");
  int64_t version = 0, wanted = name ? zarrc_document_format(name) : 0;
  if (!zarrc_json_is(root, ZARRC_JSON_OBJECT))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the document must be an object, not %s",
                      zarrc_json_kind_name(zarrc_json_get_kind(root)));
  if (!format) return zarrc_fail(error, ZARRC_INVALID_METADATA, "/zarr_format: is missing");
  bool known = zarrc_json_get_int64(format, &version) && (wanted ? version == wanted : version == 2 || version == 3);
  if (!known)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/zarr_format: must be %s",
                      wanted == 3   ? "3"
                      : wanted == 2 ? "2"
                                    : "2 or 3");
  if (version == 3) return kind_of_3(root, kind, error);
  kind_of_2(root, name, kind);
  return ZARRC_OK;
}

/* Members are written again by names that end with a NUL: another name would be made of one that contains it. */
static zarrc_status check_names(const zarrc_json *root, zarrc_error *error) {
  for (size_t i = 0; i < zarrc_json_length(root); i++) {
    const char *name = zarrc_json_key(root, i);
    char seen[ZARRC_EXCERPT];
    if (zarrc_json_get(root, name) != zarrc_json_at(root, i))
      return zarrc_fail(error, ZARRC_UNSUPPORTED, "a member whose name contains a NUL, after \"%s\"",
                        zarrc_excerpt(seen, name, strlen(name)));
  }
  return ZARRC_OK;
}

zarrc_status zarrc_document_parse(zarrc_ctx *ctx, const zarrc_documents *documents, zarrc_json_doc **out,
                                  zarrc_document_kind *kind, zarrc_error *error) {
  zarrc_json_doc *doc = NULL;
  const char *text = (const char *)documents->main.ptr;
  size_t n = documents->main.len;
  if (n > ZARRC_MAX_DOCUMENT)
    return zarrc_fail(error, ZARRC_LIMIT, "the document has %zu bytes, at most %zu are read", n, ZARRC_MAX_DOCUMENT);
  zarrc_document_skip_mark(&text, &n);
  zarrc_status status = zarrc_json_parse(ctx, text, n, "attributes consolidated_metadata +fill_value", &doc, error);
  if (status) return status;
  status = find_kind(zarrc_json_root(doc), documents->name, kind, error);
  if (!status) status = check_names(zarrc_json_root(doc), error);
  if (status)
    zarrc_json_close(doc);
  else
    *out = doc;
  return status;
}

zarrc_status zarrc_document_zattrs(zarrc_ctx *ctx, const zarrc_bytes *attributes, char **out, zarrc_error *error) {
  const char *text = (const char *)attributes->ptr;
  size_t n = attributes->len;
  if (n == 0) return zarrc_text_copy(ctx, "{}", 2, out, error);
  zarrc_document_skip_mark(&text, &n);
  for (; n > 0 && strchr(" \t\r\n", *text); n--) text++;
  while (n > 0 && strchr(" \t\r\n", text[n - 1])) n--;
  return zarrc_text_copy(ctx, text, n, out, error);
}

zarrc_status zarrc_document_attributes(zarrc_ctx *ctx, const zarrc_json *root, char **out, zarrc_error *error) {
  const zarrc_json *value = zarrc_json_get(root, "attributes");
  size_t n = 2;
  const char *text = "{}";
  if (value && !zarrc_json_is(value, ZARRC_JSON_NULL)) {
    if (!zarrc_json_is(value, ZARRC_JSON_OBJECT))
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "/attributes: must be an object, not %s",
                        zarrc_json_kind_name(zarrc_json_get_kind(value)));
    text = zarrc_json_text(value, &n);
  }
  return zarrc_text_copy(ctx, text, n, out, error);
}

static bool is_known(const char *key, const char *const *known) {
  for (; *known; known++)
    if (!strcmp(key, *known)) return true;
  return false;
}

static zarrc_status append_extra(const char *key, const zarrc_json *value, zarrc_buf *out, zarrc_error *error) {
  const zarrc_json *flag = zarrc_json_get(value, "must_understand");
  bool must = true;
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  char seen[ZARRC_EXCERPT];
  zarrc_status status;
  if (!zarrc_json_get_bool(flag, &must) || must)
    return zarrc_fail(error, ZARRC_UNSUPPORTED,
                      "/%s: the member is not known and does not say that it need not be "
                      "understood",
                      zarrc_excerpt(seen, key, strlen(key)));
  status = zarrc_buf_append(out, ",\n  ", 4, error);
  if (!status) status = zarrc_json_put_string(out, key, strlen(key), error);
  if (!status) status = zarrc_buf_append(out, ": ", 2, error);
  return status ? status : zarrc_buf_append(out, text, n, error);
}

zarrc_status zarrc_document_extras(zarrc_ctx *ctx, const zarrc_json *root, const char *const *known, char **out,
                                   zarrc_error *error) {
  zarrc_buf buf = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < zarrc_json_length(root) && !status; i++) {
    const char *key = zarrc_json_key(root, i);
    if (!is_known(key, known)) status = append_extra(key, zarrc_json_at(root, i), &buf, error);
  }
  if (!status && buf.len > 0) status = zarrc_text_copy(ctx, buf.ptr, buf.len, out, error);
  zarrc_buf_clear(&buf);
  return status;
}

/* Checks the grammar of the text by itself, so that lines and columns in messages are those of the author's text. */
static zarrc_status scan_alone(const char *text, size_t n, zarrc_error *error) {
  zarrc_json_scan scan = {.text = text, .nbytes = n, .loose = true};
  zarrc_json_event event;
  zarrc_status status;
  do status = zarrc_json_scan_next(&scan, &event, error);
  while (!status && event != ZARRC_JSON_DONE);
  return status;
}

static zarrc_status check_object(zarrc_ctx *ctx, const char *text, size_t n, zarrc_error *error) {
  zarrc_buf buf = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT);
  zarrc_json_doc *doc = NULL;
  zarrc_status status = scan_alone(text, n, error);
  if (!status) status = zarrc_buf_append(&buf, "{\"attributes\":", 14, error);
  if (!status) status = zarrc_buf_append(&buf, text, n, error);
  if (!status) status = zarrc_buf_append(&buf, "}", 1, error);
  if (!status) status = zarrc_json_parse(ctx, (const char *)buf.ptr, buf.len, "attributes", &doc, error);
  if (!status && (zarrc_json_length(zarrc_json_root(doc)) != 1 ||
                  !zarrc_json_is(zarrc_json_get(zarrc_json_root(doc), "attributes"), ZARRC_JSON_OBJECT)))
    status = zarrc_fail(error, ZARRC_INVALID_METADATA, "must be one JSON object");
  zarrc_json_close(doc);
  zarrc_buf_clear(&buf);
  return status;
}

zarrc_status zarrc_document_check_zattrs(zarrc_ctx *ctx, const zarrc_bytes *attributes, zarrc_error *error) {
  const char *text = (const char *)attributes->ptr;
  size_t n = attributes->len;
  zarrc_document_skip_mark(&text, &n);
  return check_object(ctx, text, n, error);
}

zarrc_status zarrc_attributes_check(zarrc_ctx *ctx, const char *text, size_t n, zarrc_error *error) {
  zarrc_status status = check_object(ctx, text, n, error);
  if (status == ZARRC_INVALID_METADATA && error) error->code = ZARRC_INVALID_ARGUMENT;
  if (status == ZARRC_INVALID_METADATA) status = ZARRC_INVALID_ARGUMENT;
  if (status) zarrc_error_prefix(error, "attributes: ");
  return status;
}

zarrc_status zarrc_attributes_replace(zarrc_ctx *ctx, const char *text, size_t n, char **attributes,
                                      zarrc_error *error) {
  char *copy = NULL;
  zarrc_status status = zarrc_attributes_check(ctx, text, n, error);
  if (!status) status = zarrc_text_copy(ctx, text, n, &copy, error);
  if (status) return status;
  zarrc_free(ctx, *attributes);
  *attributes = copy;
  return ZARRC_OK;
}
