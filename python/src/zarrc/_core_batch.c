/* SPDX-License-Identifier: MIT */
#include "_core_batch.h"

#include <string.h>
#include <zarrc/plugin/codec.h>
#include <zarrc/plugin/store.h>

/* A batch that decodes no more than so many bytes from memory keeps the interpreter lock: giving it away and getting it
 * back would take longer. */
#define KEEP_LOCK_NBYTES 4096u
/* To copy takes less time than to decode, by about this factor. */
#define PLAIN_FACTOR 8u

bool core_batch_init(core_batch *batch, core_state *state, core_pipeline *self, PyObject *items) {
  *batch = (core_batch){.state = state, .self = self, .dtype = zarrc_pipeline_spec(self->pipeline)->dtype};
  if (!PyList_Check(items)) {
    PyErr_SetString(PyExc_TypeError, "a list of chunks is needed");
    return false;
  }
  batch->n = (size_t)PyList_Size(items);
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
    } else if (chunk->source == CORE_KEY && !batch->is_lent) {
      zarrc_key_blob_close(&chunk->blob.key);
    }
    if (chunk->has_memory) PyBuffer_Release(&chunk->memory);
    core_picks_free(chunk->picks);
    PyMem_Free(chunk->texts);
  }
  if (!batch->is_lent) zarrc_store_close(batch->store);
  zarrc_arena_close(batch->arena);
  if (batch->has_array) PyBuffer_Release(&batch->array);
  PyMem_Free(batch->chunks);
  PyMem_Free(batch->jobs);
}

PyObject *core_item(PyObject *items, size_t i, Py_ssize_t k) {
  PyObject *item = PyList_GetItem(items, (Py_ssize_t)i);
  if (!item) return NULL;
  if (PyTuple_Check(item)) return PyTuple_GetItem(item, k);
  PyErr_SetString(PyExc_TypeError, "a chunk must be a tuple");
  return NULL;
}

/* ---------------------------------------------------------------------------------------------------- sources */

bool core_batch_open_store(core_batch *batch, PyObject *root, bool write) {
  if (root == Py_None) return true;
  if (PyObject_TypeCheck(root, batch->state->store)) {
    batch->store = core_store_get(root);
    batch->is_lent = true;
    if (write) PyErr_SetString(PyExc_ValueError, "a store on a server is only read");
    return !write;
  }
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

bool core_batch_add_source(core_batch *batch, size_t i, PyObject *source) {
  core_chunk *chunk = &batch->chunks[i];
  zarrc_job *job = &batch->jobs[i];
  zarrc_error error;
  zarrc_parts_init(&chunk->parts, batch->self->ctx);
  job->pipeline = batch->self->pipeline;
  job->region = &chunk->region;
  if (source == Py_None || (batch->no_store && PyUnicode_Check(source))) {
    zarrc_memory_blob_init(&chunk->blob.memory, batch->self->ctx, NULL, 0);
    job->blob = &chunk->blob.memory.blob;
  } else if (PyUnicode_Check(source)) {
    const char *key = PyUnicode_AsUTF8AndSize(source, NULL);
    if (!key) return false;
    if (!batch->store) {
      PyErr_SetString(PyExc_ValueError, "a key needs a root");
      return false;
    }
    chunk->key = key;
    if (!batch->is_lent && zarrc_key_blob_open(&chunk->blob.key, batch->store, key, &error)) {
      core_raise(batch->state, &error);
      return false;
    }
    chunk->source = CORE_KEY;
    batch->has_key = true;
    job->blob = batch->is_lent ? NULL : chunk->blob.key.blob;
  } else if (PyObject_TypeCheck(source, batch->state->ranges)) {
    chunk->source = CORE_RANGES;
    job->blob = core_ranges_blob(source); /* the caller keeps it */
  } else {
    if (PyObject_GetBuffer(source, &chunk->buffer, PyBUF_SIMPLE)) return false;
    zarrc_memory_blob_init(&chunk->blob.memory, batch->self->ctx, chunk->buffer.buf, (size_t)chunk->buffer.len);
    chunk->blob.memory.present = true;
    job->blob = &chunk->blob.memory.blob;
  }
  return true;
}

/* -------------------------------------------------------------------------------------------------------- boxes */

typedef struct axis {
  int64_t start, count, step;
  bool is_int;
} axis;

typedef enum fit { FITS, OTHER, FAILED } fit;

/* An integer or a slice with a step of at least 1. */
static fit axis_parse(const core_state *state, PyObject *item, int64_t length, axis *out) {
  if (PySlice_Check(item)) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(item, &start, &stop, &step) < 0) return FAILED;
    Py_ssize_t count = PySlice_AdjustIndices((Py_ssize_t)length, &start, &stop, step);
    *out = (axis){count ? start : 0, count, step < 1 ? 1 : step, false};
    return step >= 1 || count <= 1 ? FITS : OTHER;
  }
  if (PyBool_Check(item) || !PyIndex_Check(item) || PyObject_TypeCheck(item, state->ndarray)) return OTHER;
  Py_ssize_t index = PyNumber_AsSsize_t(item, PyExc_IndexError);
  if (index == -1 && PyErr_Occurred()) return FAILED;
  if (index < 0) index += (Py_ssize_t)length;
  if (index < 0 || index >= length) {
    PyErr_SetString(PyExc_IndexError, "an index lies outside its axis");
    return FAILED;
  }
  *out = (axis){index, 1, 1, true};
  return FITS;
}

/* Entry k of a selection, which may be a single entry instead of a tuple; NULL past the last. Borrowed. */
static PyObject *selection_entry(PyObject *selection, Py_ssize_t k) {
  if (PyTuple_Check(selection)) return k < PyTuple_Size(selection) ? PyTuple_GetItem(selection, k) : NULL;
  return k == 0 ? selection : NULL;
}

/* int_axes gets a bit for each axis with an integer. */
static fit region_parse(core_batch *batch, size_t i, PyObject *selection, uint32_t *int_axes) {
  const zarrc_spec *spec = zarrc_pipeline_spec(batch->self->pipeline);
  zarrc_region *region = &batch->chunks[i].region;
  *int_axes = 0;
  *region = zarrc_region_all(spec->ndim, spec->shape);
  for (int k = 0; k < spec->ndim; k++) {
    PyObject *entry = selection_entry(selection, k);
    axis a;
    if (!entry) break;
    fit f = axis_parse(batch->state, entry, spec->shape[k], &a);
    if (f != FITS) return f;
    region->start[k] = a.start;
    region->count[k] = a.count;
    region->step[k] = a.step;
    if (a.is_int) *int_axes |= UINT32_C(1) << k;
  }
  return PyTuple_Check(selection) && PyTuple_Size(selection) > spec->ndim ? OTHER : FITS;
}

/* The view of chunk i: what `selection`, with one entry for each axis that has no integer, selects of the array; an
 * array without axes is one element for all. */
static fit view_parse(core_batch *batch, size_t i, PyObject *selection, uint32_t int_axes) {
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
    if (array->ndim == 0 || int_axes & UINT32_C(1) << k) continue;
    PyObject *entry = selection_entry(selection, from);
    if (from >= array->ndim) return OTHER;
    axis a = {0, array->shape[from], 1, false};
    fit f = entry ? axis_parse(batch->state, entry, array->shape[from], &a) : FITS;
    if (f != FITS) return f;
    if (a.is_int || a.count != region->count[k]) return OTHER;
    data += a.start * array->strides[from];
    view->stride[k] = a.step * array->strides[from];
    from++;
  }
  view->data = data;
  if (from < array->ndim) return OTHER;
  return array->ndim > 0 && PyTuple_Check(selection) && PyTuple_Size(selection) > from ? OTHER : FITS;
}

bool core_batch_add_box(core_batch *batch, size_t i, PyObject *chunk_selection, PyObject *selection) {
  uint32_t int_axes;
  fit f = region_parse(batch, i, chunk_selection, &int_axes);
  if (f == FITS) f = view_parse(batch, i, selection, int_axes);
  batch->chunks[i].other = f == OTHER;
  return f != FAILED;
}

bool core_batch_take_array(core_batch *batch, PyObject *array, bool big, int flags) {
  if (PyObject_GetBuffer(array, &batch->array, flags)) return false;
  batch->has_array = true;
  batch->dtype.endian = big ? ZARRC_BIG : ZARRC_LITTLE;
  if ((size_t)batch->array.itemsize == batch->dtype.item_size && !zarrc_dtype_is_variable(&batch->dtype)) return true;
  PyErr_Format(PyExc_ValueError, "an array with elements of %zd bytes for a chunk with elements of %u",
               batch->array.itemsize, (unsigned)batch->dtype.item_size);
  return false;
}

bool core_batch_text(core_batch *batch, size_t i, int64_t n) {
  core_chunk *chunk = &batch->chunks[i];
  chunk->texts = PyMem_Calloc(n > 0 ? (size_t)n : 1, sizeof *chunk->texts);
  batch->jobs[i].view.data = chunk->texts;
  if (!chunk->texts) PyErr_NoMemory();
  return chunk->texts != NULL;
}

/* ------------------------------------------------------------------------------------------------------ running */

static uint64_t times(uint64_t a, uint64_t b) {
  return a && b > UINT64_MAX / a ? UINT64_MAX : a * b;
}

/* Of what is stored so, only the bytes of the wanted elements are read, and a little more. */
static bool is_plain(const zarrc_pipeline *p) {
  size_t n = zarrc_pipeline_ncodecs(p);
  for (size_t i = 0; i + 1 < n; i++)
    if (!zarrc_codec_keeps_parts(zarrc_pipeline_codec(p, i))) return false;
  return zarrc_codec_supports_partial_decode(zarrc_pipeline_codec(p, n - 1)) &&
         !zarrc_shard_inner(zarrc_pipeline_codec(p, n - 1));
}

/* Cells of an axis that a region touches, at most. */
static uint64_t cells_of(const zarrc_region *region, int k, int64_t edge) {
  if (region->count[k] == 0) return 0;
  int64_t last = region->start[k] + (region->count[k] - 1) * region->step[k];
  uint64_t n = (uint64_t)(last / edge - region->start[k] / edge + 1);
  return n < (uint64_t)region->count[k] ? n : (uint64_t)region->count[k];
}

/* Cells are inner chunks, or whole chunks, or, where elements are read one by one, rows of a few of them. */
uint64_t core_batch_cost(const core_batch *batch) {
  const zarrc_pipeline *inner = batch->self->pipeline, *next;
  const zarrc_spec *spec = zarrc_pipeline_spec(inner);
  while (zarrc_pipeline_ncodecs(inner) == 1 && (next = zarrc_shard_inner(zarrc_pipeline_codec(inner, 0)))) inner = next;
  int64_t cell[ZARRC_MAX_NDIM];
  uint64_t nbytes = spec->dtype.item_size, cost = 0;
  bool plain = is_plain(inner);
  for (int k = 0; k < spec->ndim; k++) {
    cell[k] = plain ? 1 : zarrc_pipeline_spec(inner)->shape[k];
    if (plain && k == spec->ndim - 1 && spec->shape[k] > 0) cell[k] = spec->shape[k] < 64 ? spec->shape[k] : 64;
    if (cell[k] < 1) cell[k] = 1;
    nbytes = times(nbytes, (uint64_t)cell[k]);
  }
  for (size_t i = 0; i < batch->n; i++) {
    const core_chunk *chunk = &batch->chunks[i];
    uint64_t n = 1;
    if (chunk->other) continue;
    for (int k = 0; k < spec->ndim && !chunk->picks; k++) n = times(n, cells_of(&chunk->region, k, cell[k]));
    if (chunk->picks) n = core_picks_ncells(chunk->picks, spec->ndim, spec->shape, cell);
    n = times(n, nbytes);
    cost = n > UINT64_MAX - cost ? UINT64_MAX : cost + n;
  }
  return plain ? cost / PLAIN_FACTOR : cost;
}

/* The batch's first failure as an exception, with the name of its chunk in front. */
static void raise_failure(core_batch *batch, zarrc_error *error, core_name_fn name, PyObject *items) {
  size_t i = 0;
  while (i < batch->n && batch->jobs[i].status == ZARRC_OK) i++;
  if (i < batch->n) {
    PyObject *object = name(items, i);
    const char *text = object && PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, NULL) : NULL;
    if (text && text[0]) zarrc_error_in_key(error, batch->store, text);
    Py_XDECREF(object);
    PyErr_Clear();
  }
  core_raise(batch->state, error);
}

/* Opens the key of a chunk in the store that a round reads from, for one call. */
static zarrc_status run_from(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  core_chunk *chunk = &batch->chunks[i];
  if (chunk->source != CORE_KEY) return batch->fn(batch, i, error);
  zarrc_key_blob *blob = &chunk->blob.key;
  zarrc_status status = zarrc_key_blob_open(blob, from, chunk->key, error);
  batch->jobs[i].blob = blob->blob;
  batch->jobs[i].status = status;
  if (!status) status = batch->fn(batch, i, error);
  zarrc_key_blob_close(blob);
  return chunk->pending ? ZARRC_PENDING : status;
}

static zarrc_status run_all(core_batch *batch, zarrc_error *error) {
  if (batch->is_lent) return zarrc_store_each(batch->store, batch->n, NULL, run_from, batch, error);
  return zarrc_for_all(batch->self->ctx, batch->n, batch->fn, batch, error);
}

bool core_batch_run(core_batch *batch, core_chunk_fn fn, bool keep_lock, core_name_fn name, PyObject *items) {
  zarrc_error error;
  zarrc_status status;
  batch->fn = fn;
  if (keep_lock && !batch->has_key && core_batch_cost(batch) <= KEEP_LOCK_NBYTES) {
    status = run_all(batch, &error);
  } else {
    core_call call;
    core_call_begin(&call, core_calls_of(batch->self->context));
    status = run_all(batch, &error);
    if (!core_call_end(&call)) return false;
  }
  if (status) raise_failure(batch, &error, name, items);
  return !status;
}

zarrc_status core_chunk_done(core_batch *batch, size_t i, zarrc_status status) {
  batch->chunks[i].pending = status == ZARRC_PENDING;
  return batch->jobs[i].status = batch->chunks[i].pending ? ZARRC_OK : status;
}

core_found core_batch_found(const core_batch *batch, size_t i) {
  const core_chunk *chunk = &batch->chunks[i];
  if (chunk->other) return CORE_NO_BOX;
  if (chunk->pending) return CORE_PENDING;
  return batch->jobs[i].missing ? CORE_MISSING : CORE_FOUND;
}

PyObject *core_batch_list(const core_batch *batch, PyObject *(*item)(const core_batch *batch, size_t i)) {
  PyObject *list = PyList_New((Py_ssize_t)batch->n);
  for (size_t i = 0; list && i < batch->n; i++) {
    PyObject *one = item(batch, i);
    if (one)
      PyList_SetItem(list, (Py_ssize_t)i, one);
    else
      Py_CLEAR(list);
  }
  return list;
}

PyObject *core_batch_outcome(const core_batch *batch, size_t i) {
  core_chunk *chunk = &batch->chunks[i];
  if (chunk->outcome == CORE_REPLACED && chunk->source != CORE_KEY) {
    PyObject *bytes = core_parts_to_bytes(&chunk->parts);
    zarrc_parts_clear(&chunk->parts); /* not all of the batch is held twice */
    return bytes;
  }
  return Py_NewRef(chunk->outcome == CORE_UNCHANGED ? batch->state->unchanged : Py_None);
}
