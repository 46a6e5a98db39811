/* SPDX-License-Identifier: MIT */
#include "array/document.h"
#include "array/grid.h"
#include "array/metadata.h"

#include <inttypes.h>
#include <string.h>

/* Initial buffer, large enough for most documents on one line. */
#define LIKELY_NBYTES 1024

/* Appends `, "name": ` or, for the first member, `{"name": `. */
static zarrc_status begin_member(const char *name, bool first, zarrc_buf *out, zarrc_error *error) {
  return zarrc_buf_printf(out, error, "%s\"%s\": ", first ? "{" : ", ", name);
}

static zarrc_status write_shape(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "[", 1, error);
  for (int i = 0; i < m->ndim && !status; i++)
    status = zarrc_buf_printf(out, error, "%s%" PRId64, i ? ", " : "", m->shape[i]);
  return status ? status : zarrc_buf_append(out, "]", 1, error);
}

static zarrc_status write_names(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "[", 1, error);
  for (int i = 0; i < m->ndim && !status; i++) {
    if (i) status = zarrc_buf_append(out, ", ", 2, error);
    if (!status)
      status = m->name[i] ? zarrc_json_put_string(out, m->name[i], m->nname[i], error)
                          : zarrc_buf_append(out, "null", 4, error);
  }
  return status ? status : zarrc_buf_append(out, "]", 1, error);
}

static zarrc_status write_keys_fill_codecs(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = begin_member("chunk_key_encoding", false, out, error);
  if (!status) status = zarrc_key_encoding_to_json(&m->keys, out, error);
  if (!status) status = begin_member("fill_value", false, out, error);
  if (!status) status = zarrc_text_append(out, m->fill_value, error);
  if (!status) status = begin_member("codecs", false, out, error);
  return status ? status : zarrc_text_append(out, m->codecs, error);
}

zarrc_status zarrc_metadata_write_chunks(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_text_append(out, m->data_type, error);
  return status ? status : write_keys_fill_codecs(m, out, error);
}

/* Writes the members before the attributes, on one line. */
static zarrc_status write_head(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = begin_member("shape", true, out, error);
  if (!status) status = write_shape(m, out, error);
  if (!status) status = begin_member("data_type", false, out, error);
  if (!status) status = zarrc_text_append(out, m->data_type, error);
  if (!status) status = begin_member("chunk_grid", false, out, error);
  if (!status) status = zarrc_grid_to_json(&m->grid, out, error);
  if (!status) status = write_keys_fill_codecs(m, out, error);
  return status ? status : zarrc_buf_append(out, "}", 1, error);
}

/* Writes the members after the attributes, on one line. */
static zarrc_status write_tail(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  if (m->has_names) {
    status = begin_member("dimension_names", true, out, error);
    if (!status) status = write_names(m, out, error);
  }
  if (!status) status = begin_member("zarr_format", !m->has_names, out, error);
  return status ? status : zarrc_buf_printf(out, error, "3, \"node_type\": \"array\", \"storage_transformers\": []}");
}

/* Indents what write_part writes, without the outermost braces and the line breaks beside them. */
static zarrc_status lay_out(const zarrc_metadata *m,
                            zarrc_status (*write_part)(const zarrc_metadata *, zarrc_buf *, zarrc_error *),
                            zarrc_buf *out, zarrc_error *error) {
  zarrc_buf line = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT), laid = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_buf_reserve(&line, LIKELY_NBYTES, error);
  if (!status) status = write_part(m, &line, error);
  if (!status) status = zarrc_json_indent(&laid, (const char *)line.ptr, line.len, 2, error);
  if (!status) status = zarrc_buf_append(out, laid.ptr + 2, laid.len - 4, error); /* without "{\n" and "\n}" */
  zarrc_buf_clear(&line);
  zarrc_buf_clear(&laid);
  return status;
}

zarrc_status zarrc_metadata_write(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "{\n", 2, error);
  if (!status) status = lay_out(m, write_head, out, error);
  if (!status) status = zarrc_buf_printf(out, error, ",\n  \"attributes\": ");
  if (!status) status = zarrc_text_append(out, m->attributes, error);
  if (!status) status = zarrc_buf_append(out, ",\n", 2, error);
  if (!status) status = lay_out(m, write_tail, out, error);
  if (!status && m->extras) status = zarrc_text_append(out, m->extras, error);
  return status ? status : zarrc_buf_append(out, "\n}", 2, error);
}
