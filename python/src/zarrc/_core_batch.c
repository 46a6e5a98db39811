/* SPDX-License-Identifier: MIT */
#include "_core_batch.h"

#include <string.h>

bool core_batch_init(core_batch *batch, core_state *state, core_pipeline *self, PyObject *sources) {
  *batch = (core_batch){.state = state, .self = self, .dtype = zarrc_pipeline_spec(self->pipeline)->dtype};
  if (!PyList_Check(sources)) {
    PyErr_SetString(PyExc_TypeError, "sources must be a list");
    return false;
  }
  batch->n = (size_t)PyList_Size(sources);
  size_t n = batch->n ? batch->n : 1;
  batch->chunks = PyMem_Calloc(n, sizeof *batch->chunks);
  batch->jobs = PyMem_Calloc(n, sizeof *batch->jobs);
  if (batch->chunks && batch->jobs) return true;
  PyErr_NoMemory();
  return false;
}

void core_batch_clear(core_batch *batch) {
  for (size_t i = 0; batch->chunks && i < batch->n; i++) {
    core_chunk *chunk = &batch->chunks[i];
    if (chunk->parts.ctx) zarrc_parts_clear(&chunk->parts);
    if (chunk->source == CORE_MEMORY) {
      zarrc_memory_blob_clear(&chunk->blob.memory);
      PyBuffer_Release(&chunk->buffer);
    } else if (chunk->source == CORE_KEY) {
      zarrc_key_blob_clear(&chunk->blob.key);
    }
    PyMem_Free(chunk->texts);
  }
  zarrc_store_close(batch->store);
  zarrc_arena_close(batch->arena);
  if (batch->has_array) PyBuffer_Release(&batch->array);
  PyMem_Free(batch->chunks);
  PyMem_Free(batch->jobs);
}

/* ---------------------------------------------------------------------------------------------------- sources */

bool core_batch_open_store(core_batch *batch, PyObject *root, bool write) {
  if (root == Py_None) return true;
  const char *path = PyUnicode_AsUTF8AndSize(root, NULL);
  if (!path) return false;
  zarrc_file_store_options options = {
      .struct_size = sizeof options, .read_only = !write, .create = write, .follow_links = true};
  zarrc_error error;
  zarrc_status status = zarrc_file_store_open(batch->self->ctx, path, &options, &batch->store, &error);
  if (status == ZARRC_NOT_FOUND && !write) {
    batch->no_store = true;
    return true;
  }
  if (status) core_raise(batch->state, &error);
  return !status;
}

static bool source_add(core_batch *batch, size_t i, PyObject *source) {
  core_chunk *chunk = &batch->chunks[i];
  zarrc_job *job = &batch->jobs[i];
  zarrc_error error;
  if (source == Py_None || (batch->no_store && PyUnicode_Check(source))) return true;
  if (PyUnicode_Check(source)) {
    const char *key = PyUnicode_AsUTF8AndSize(source, NULL);
    if (!key) return false;
    if (!batch->store) {
      PyErr_SetString(PyExc_ValueError, "a key needs a root");
      return false;
    }
    if (zarrc_key_blob_init(&chunk->blob.key, batch->store, key, &error)) {
      core_raise(batch->state, &error);
      return false;
    }
    chunk->source = CORE_KEY;
    job->blob = &chunk->blob.key.blob;
  } else if (PyObject_TypeCheck(source, batch->state->ranges)) {
    core_ranges_blob_init(&chunk->blob.ranges, source);
    chunk->source = CORE_RANGES;
    job->blob = &chunk->blob.ranges.blob;
  } else {
    if (PyObject_GetBuffer(source, &chunk->buffer, PyBUF_SIMPLE)) return false;
    zarrc_memory_blob_init(&chunk->blob.memory, batch->self->ctx, chunk->buffer.buf, (size_t)chunk->buffer.len);
    chunk->blob.memory.present = true;
    chunk->source = CORE_MEMORY;
    job->blob = &chunk->blob.memory.blob;
  }
  return true;
}

bool core_batch_add_sources(core_batch *batch, PyObject *sources) {
  for (size_t i = 0; i < batch->n; i++) {
    PyObject *source = PyList_GetItem(sources, (Py_ssize_t)i);
    if (!source || !source_add(batch, i, source)) return false;
    zarrc_parts_init(&batch->chunks[i].parts, batch->self->ctx);
    batch->jobs[i].pipeline = batch->self->pipeline;
    batch->jobs[i].region = &batch->chunks[i].region;
  }
  return true;
}

/* ------------------------------------------------------------------------------------------------- selections */

typedef struct axis {
  int64_t start, count, step;
  bool is_int;
} axis;

static bool axis_parse(core_state *state, PyObject *item, int64_t length, axis *out) {
  if (PySlice_Check(item)) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(item, &start, &stop, &step) < 0) return false;
    Py_ssize_t count = PySlice_AdjustIndices((Py_ssize_t)length, &start, &stop, step);
    *out = (axis){start, count, step, false};
    if (step >= 1 || count <= 1) {
      if (step < 1) out->step = 1;
      return true;
    }
    PyErr_SetString(state->mismatch, "a slice has a step below 1");
    return false;
  }
  Py_ssize_t index = PyNumber_AsSsize_t(item, PyExc_IndexError);
  if (index == -1 && PyErr_Occurred()) return false;
  if (index < 0) index += (Py_ssize_t)length;
  if (index < 0 || index >= length) {
    PyErr_SetString(PyExc_IndexError, "an index lies outside its axis");
    return false;
  }
  *out = (axis){index, 1, 1, true};
  return true;
}

/* Entry k of a selection, which may be a single entry instead of a tuple; NULL past the last. Borrowed. */
static PyObject *selection_entry(PyObject *selection, Py_ssize_t k) {
  if (PyTuple_Check(selection)) return k < PyTuple_Size(selection) ? PyTuple_GetItem(selection, k) : NULL;
  return k == 0 ? selection : NULL;
}

bool core_batch_parse_region(core_batch *batch, size_t i, PyObject *selection, uint32_t *int_axes) {
  const zarrc_spec *spec = zarrc_pipeline_spec(batch->self->pipeline);
  zarrc_region *region = &batch->chunks[i].region;
  *int_axes = 0;
  *region = zarrc_region_all(spec->ndim, spec->shape);
  if (selection == Py_None) return true;
  for (int k = 0; k < spec->ndim; k++) {
    PyObject *entry = selection_entry(selection, k);
    axis a;
    if (!entry) break;
    if (!axis_parse(batch->state, entry, spec->shape[k], &a)) return false;
    region->start[k] = a.start;
    region->count[k] = a.count;
    region->step[k] = a.step;
    if (a.count == 0) region->start[k] = 0;
    if (a.is_int) *int_axes |= UINT32_C(1) << k;
  }
  if (!selection_entry(selection, spec->ndim)) return true;
  PyErr_SetString(batch->state->mismatch, "a selection has more entries than the chunk has axes");
  return false;
}

bool core_batch_parse_view(core_batch *batch, size_t i, PyObject *selection, uint32_t int_axes) {
  const zarrc_spec *spec = zarrc_pipeline_spec(batch->self->pipeline);
  const zarrc_region *region = &batch->chunks[i].region;
  const Py_buffer *array = &batch->array;
  zarrc_view *view = &batch->jobs[i].view;
  char *data = array->buf;
  int from = 0;
  view->dtype = batch->dtype;
  view->ndim = spec->ndim;
  for (int k = 0; k < spec->ndim; k++) {
    view->shape[k] = region->count[k];
    view->stride[k] = 0;
    if (selection == NULL || int_axes & UINT32_C(1) << k) continue;
    PyObject *entry = selection == Py_None ? NULL : selection_entry(selection, from);
    axis a = {0, from < array->ndim ? array->shape[from] : 0, 1, false};
    if (from >= array->ndim) {
      PyErr_SetString(batch->state->mismatch, "the array has fewer axes than the selection");
      return false;
    }
    if (entry && !axis_parse(batch->state, entry, array->shape[from], &a)) return false;
    if (a.is_int || a.count != region->count[k]) {
      PyErr_SetString(batch->state->mismatch, "the selections of chunk and array differ in shape");
      return false;
    }
    data += a.start * array->strides[from];
    view->stride[k] = a.step * array->strides[from];
    from++;
  }
  view->data = data;
  if (selection == NULL ||
      (from == array->ndim && (selection == Py_None || !selection_entry(selection, from) || from == 0)))
    return true;
  PyErr_SetString(batch->state->mismatch, "the array has more axes than the selection");
  return false;
}

bool core_batch_text_view(core_batch *batch, size_t i) {
  const zarrc_spec *spec = zarrc_pipeline_spec(batch->self->pipeline);
  core_chunk *chunk = &batch->chunks[i];
  zarrc_view *view = &batch->jobs[i].view;
  *view = zarrc_view_c(&spec->dtype, spec->ndim, chunk->region.count, NULL);
  int64_t n = zarrc_view_nitems(view);
  chunk->texts = PyMem_Calloc(n > 0 ? (size_t)n : 1, sizeof *chunk->texts);
  if (!chunk->texts) {
    PyErr_NoMemory();
    return false;
  }
  view->data = chunk->texts;
  view->arena = batch->arena;
  return true;
}
