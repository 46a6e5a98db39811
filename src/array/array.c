/* SPDX-License-Identifier: MIT */
#include "array/array.h"

#include "array/document.h"
#include "array/grid.h"
#include "array/node.h"
#include "base/documents.h"
#include "base/sized.h"

#include <inttypes.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* The most pipelines for other chunk shapes that an array stores. */
enum { KEPT_PIPELINES = 256 };

/* ------------------------------------------------------------------------------------------------ open and close */

static void close_metadata(zarrc_edition *edition) {
  zarrc_metadata_close((zarrc_metadata *)edition);
}

static const zarrc_metadata *newest(const zarrc_array *array) {
  return (const zarrc_metadata *)zarrc_editions_peek(&array->editions);
}

zarrc_status zarrc_array_open_documents(zarrc_store *store, const char *path, const zarrc_documents *documents,
                                        const zarrc_array_options *options, zarrc_array **out, zarrc_error *error) {
  zarrc_array_options taken = {.struct_size = sizeof taken};
  zarrc_metadata *metadata = NULL;
  zarrc_status status =
      options ? zarrc_sized_take(&taken, sizeof taken, options, "the array's options", error) : ZARRC_OK;
  if (status) return status;
  zarrc_array *array = zarrc_malloc(store->ctx, sizeof *array);
  if (!array) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for an array");
  memset(array, 0, sizeof *array);
  array->ctx = store->ctx;
  array->store = store;
  array->options = taken;
  array->options.attributes = NULL; /* the caller's */
  status = zarrc_text_copy(store->ctx, path, strlen(path), &array->path, error);
  if (!status) status = zarrc_metadata_open(store->ctx, documents, &taken, &metadata, error);
  if (status) {
    zarrc_free(store->ctx, array->path);
    zarrc_free(store->ctx, array);
    return status;
  }
  array->fixed = metadata;
  zarrc_editions_init(&array->editions, &metadata->edition, close_metadata);
  atomic_init(&array->version, 0);
  atomic_init(&array->pipelines, NULL);
  atomic_init(&array->npipelines, 0);
  *out = array;
  return ZARRC_OK;
}

void zarrc_array_tell_notices(const zarrc_array *array) {
  const zarrc_ctx_options *options = zarrc_ctx_get_options(array->ctx);
  const char *sentence;
  for (size_t i = 0; options->notice && (sentence = zarrc_array_notice(array, i)); i++)
    options->notice(options->notice_ud, array->store->url, array->path, sentence);
}

zarrc_status zarrc_array_open(zarrc_store *store, const char *path, const zarrc_array_options *options,
                              zarrc_array **out, zarrc_error *error) {
  zarrc_documents documents;
  uint64_t version = 0;
  zarrc_status status = zarrc_node_read(store, path, &version, &documents, error);
  if (status) return status;
  status = zarrc_array_open_documents(store, path, &documents, options, out, error);
  if (!status) atomic_store(&(*out)->version, version);
  if (!status) zarrc_array_tell_notices(*out);
  if (status) zarrc_error_in_document(error, store, path, documents.name);
  zarrc_documents_release(&documents);
  return status;
}

void zarrc_array_close(zarrc_array *array) {
  if (!array) return;
  zarrc_shape_pipeline *list = atomic_load(&array->pipelines);
  while (list) {
    zarrc_shape_pipeline *next = list->next;
    zarrc_pipeline_close(list->pipeline);
    zarrc_free(array->ctx, list);
    list = next;
  }
  zarrc_editions_clear(&array->editions);
  zarrc_free(array->ctx, array->path);
  zarrc_free(array->ctx, array);
}

/* --------------------------------------------------------------------------------------------------- what it is */

zarrc_store *zarrc_array_store(const zarrc_array *array) {
  return array->store;
}
const char *zarrc_array_path(const zarrc_array *array) {
  return array->path;
}
int zarrc_array_ndim(const zarrc_array *array) {
  return array->fixed->ndim;
}
const int64_t *zarrc_array_shape(const zarrc_array *array) {
  return newest(array)->shape;
}
const zarrc_dtype *zarrc_array_dtype(const zarrc_array *array) {
  return array->fixed->fill ? &array->fixed->dtype : NULL;
}
const char *zarrc_array_data_type(const zarrc_array *array) {
  return array->fixed->data_type;
}
const zarrc_grid *zarrc_array_grid(const zarrc_array *array) {
  return &newest(array)->grid;
}
const void *zarrc_array_fill(const zarrc_array *array) {
  return array->fixed->fill;
}
const char *zarrc_array_notice(const zarrc_array *array, size_t i) {
  return zarrc_rules_notice(&array->fixed->rules, i);
}
const char *zarrc_array_fill_value(const zarrc_array *array) {
  return array->fixed->fill_value;
}
const char *zarrc_array_codecs(const zarrc_array *array) {
  return array->fixed->codecs;
}
const char *zarrc_array_attributes(const zarrc_array *array) {
  return newest(array)->attributes;
}
const char *zarrc_array_metadata(const zarrc_array *array) {
  return newest(array)->text;
}
const char *zarrc_array_document_name(const zarrc_array *array) {
  return zarrc_node_document(array->fixed->format, false);
}
int zarrc_array_format(const zarrc_array *array) {
  return array->fixed->format;
}

zarrc_status zarrc_array_document(const zarrc_array *array, int format, zarrc_buf *out, zarrc_error *error) {
  zarrc_array *self = (zarrc_array *)(uintptr_t)array;
  const zarrc_metadata *m = array->fixed;
  zarrc_status status = zarrc_format_check(format, &format, error);
  if (!status && format != m->format) status = zarrc_array_check_readable(array, error);
  if (!status && format == 3 && m->format == 2) status = zarrc_format2_check_orders(m->pipeline, error);
  if (!status && format != m->format) status = zarrc_metadata_check_encodes(m, error);
  if (status) return status;
  m = (const zarrc_metadata *)zarrc_editions_enter(&self->editions);
  status = format == m->format ? zarrc_text_append(out, m->text, error)
           : format == 3       ? zarrc_metadata_write(m, out, error)
                               : zarrc_format2_compose(m, out, error);
  zarrc_editions_leave(&self->editions);
  return status;
}

zarrc_status zarrc_array_description(const zarrc_array *array, zarrc_buf *out, zarrc_error *error) {
  zarrc_array *self = (zarrc_array *)(uintptr_t)array;
  const zarrc_metadata *m = (const zarrc_metadata *)zarrc_editions_enter(&self->editions);
  zarrc_status status =
      m->unreadable.code ? zarrc_text_append(out, m->text, error) : zarrc_metadata_write(m, out, error);
  zarrc_editions_leave(&self->editions);
  return status;
}

const char *zarrc_array_dimension_name(const zarrc_array *array, int axis) {
  return axis >= 0 && axis < array->fixed->ndim ? array->fixed->name[axis] : NULL;
}

bool zarrc_array_inner_chunk_shape(const zarrc_array *array, int64_t *shape) {
  const zarrc_layout *layout = &array->fixed->layout;
  if (!layout->nlevels || !layout->level->alone) return false;
  for (int i = 0; i < array->fixed->ndim; i++) shape[i] = layout->level->chunk_shape[i];
  return true;
}

bool zarrc_array_shard_level(const zarrc_array *array, size_t i, zarrc_shard_level *out) {
  const zarrc_layout *layout = &array->fixed->layout;
  return i < (size_t)layout->nlevels && !zarrc_sized_give(out, &layout->level[i], sizeof *out, "the level", NULL);
}

zarrc_status zarrc_array_check_readable(const zarrc_array *array, zarrc_error *error) {
  if (error && array->fixed->unreadable.code) *error = array->fixed->unreadable;
  return array->fixed->unreadable.code;
}

/* ------------------------------------------------------------------------------------------------------- chunks */

zarrc_status zarrc_array_check_chunk(const zarrc_metadata *metadata, const int64_t *chunk, zarrc_error *error) {
  for (int i = 0; i < metadata->ndim; i++) {
    int64_t n = zarrc_grid_nchunks(&metadata->grid, i, metadata->shape[i]);
    if (chunk[i] < 0 || chunk[i] >= n)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: there is no chunk %" PRId64 " (there are %" PRId64 ")",
                        i, chunk[i], n);
  }
  return ZARRC_OK;
}

zarrc_status zarrc_array_chunk_key(const zarrc_array *array, const int64_t *chunk, char *buf, size_t nbytes,
                                   zarrc_error *error) {
  zarrc_array *self = (zarrc_array *)(uintptr_t)array;
  const zarrc_metadata *m = (const zarrc_metadata *)zarrc_editions_enter(&self->editions);
  zarrc_status status = zarrc_array_check_chunk(m, chunk, error);
  if (!status) status = zarrc_key_of_chunk(&m->keys, array->path, m->ndim, chunk, buf, nbytes, error);
  zarrc_editions_leave(&self->editions);
  return status;
}

bool zarrc_array_chunk_of(const zarrc_array *array, const char *key, int64_t *chunk) {
  zarrc_array *self = (zarrc_array *)(uintptr_t)array;
  size_t n = strlen(array->path);
  if (n > 0 && (strncmp(key, array->path, n) || key[n++] != '/')) return false;
  const zarrc_metadata *m = (const zarrc_metadata *)zarrc_editions_enter(&self->editions);
  bool found = zarrc_key_to_chunk(&m->keys, key + n, m->ndim, chunk) && !zarrc_array_check_chunk(m, chunk, NULL);
  zarrc_editions_leave(&self->editions);
  return found;
}

static bool same_shape(const zarrc_array *array, const int64_t *a, const int64_t *b) {
  return array->fixed->ndim == 0 || !memcmp(a, b, sizeof *a * (size_t)array->fixed->ndim);
}

static const zarrc_pipeline *find_pipeline(zarrc_array *array, const int64_t *shape, const zarrc_shape_pipeline *end) {
  for (const zarrc_shape_pipeline *p = atomic_load(&array->pipelines); p != end; p = p->next)
    if (same_shape(array, p->shape, shape)) return p->pipeline;
  return NULL;
}

/* Adds a pipeline to the list. If another thread has added one for the same shape, closes it and returns that one. */
static const zarrc_pipeline *keep_pipeline(zarrc_array *array, zarrc_shape_pipeline *entry) {
  zarrc_shape_pipeline *seen = NULL;
  entry->next = atomic_load(&array->pipelines);
  do {
    const zarrc_pipeline *other = find_pipeline(array, entry->shape, seen);
    if (other) {
      zarrc_pipeline_close(entry->pipeline);
      zarrc_free(array->ctx, entry);
      return other;
    }
    seen = entry->next;
  } while (!atomic_compare_exchange_weak(&array->pipelines, &entry->next, entry));
  atomic_fetch_add(&array->npipelines, 1);
  return entry->pipeline;
}

/* Opens the codecs of a pipeline for chunks of another shape. */
static zarrc_status rebind(zarrc_ctx *ctx, const zarrc_pipeline *pipeline, const zarrc_spec *spec, zarrc_pipeline **out,
                           zarrc_error *error) {
  const zarrc_codec *codecs[ZARRC_MAX_CODECS];
  size_t n = zarrc_pipeline_ncodecs(pipeline);
  for (size_t i = 0; i < n; i++) codecs[i] = zarrc_pipeline_codec(pipeline, i);
  return zarrc_pipeline_open_codecs(ctx, codecs, n, spec, out, error);
}

zarrc_status zarrc_array_shape_pipeline(zarrc_array *array, const int64_t *shape, const zarrc_pipeline **out,
                                        zarrc_pipeline **own, zarrc_error *error) {
  const zarrc_metadata *m = array->fixed;
  zarrc_spec spec = m->spec;
  zarrc_pipeline *made;
  zarrc_shape_pipeline *entry;
  zarrc_status status = zarrc_array_check_readable(array, error);
  if (own) *own = NULL;
  if (status) return status;
  *out = same_shape(array, shape, spec.shape) ? m->pipeline : find_pipeline(array, shape, NULL);
  if (*out) return ZARRC_OK;
  for (int i = 0; i < spec.ndim; i++) spec.shape[i] = shape[i];
  status = rebind(array->ctx, m->pipeline, &spec, &made, error);
  if (status) return status;
  if (own && atomic_load(&array->npipelines) >= KEPT_PIPELINES) {
    *out = *own = made;
    return ZARRC_OK;
  }
  entry = zarrc_malloc(array->ctx, sizeof *entry);
  if (!entry) {
    zarrc_pipeline_close(made);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a pipeline");
  }
  memset(entry, 0, sizeof *entry);
  for (int i = 0; i < spec.ndim; i++) entry->shape[i] = shape[i];
  entry->pipeline = made;
  *out = keep_pipeline(array, entry);
  return ZARRC_OK;
}

zarrc_status zarrc_array_pipeline(zarrc_array *array, const int64_t *chunk, const zarrc_pipeline **out,
                                  zarrc_error *error) {
  const zarrc_metadata *m = (const zarrc_metadata *)zarrc_editions_enter(&array->editions);
  int64_t shape[ZARRC_MAX_NDIM];
  zarrc_status status = zarrc_array_check_chunk(m, chunk, error);
  if (!status) {
    zarrc_grid_chunk_shape(&m->grid, chunk, shape);
    status = zarrc_array_shape_pipeline(array, shape, out, NULL, error);
  }
  zarrc_editions_leave(&array->editions);
  return status;
}
