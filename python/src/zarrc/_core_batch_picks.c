/* SPDX-License-Identifier: MIT */
/* Methods of pipelines: what lists of indices, slices and single points select of each chunk of a batch. */
#include "_core_batch.h"

#include <zarrc/plugin/blob.h>

/* (source, name, points, entries, ...) */
static PyObject *name_of_item(PyObject *items, size_t i) {
  return Py_XNewRef(core_item(items, i, 1));
}

static bool picks_add(core_batch *batch, PyObject *items) {
  const zarrc_spec *spec = zarrc_pipeline_spec(batch->self->pipeline);
  for (size_t i = 0; i < batch->n; i++) {
    PyObject *source = core_item(items, i, 0), *points = source ? core_item(items, i, 2) : NULL;
    PyObject *entries = points ? core_item(items, i, 3) : NULL;
    if (!entries || !core_batch_add_source(batch, i, source)) return false;
    batch->chunks[i].picks = core_picks_new(entries, PyObject_IsTrue(points) == 1, spec->ndim, spec->shape);
    if (!batch->chunks[i].picks) return false;
  }
  return true;
}

static bool memory_take(core_batch *batch, size_t i, PyObject *object, int flags) {
  core_chunk *chunk = &batch->chunks[i];
  zarrc_view *view = &batch->jobs[i].view;
  if (PyObject_GetBuffer(object, &chunk->memory, flags)) return false;
  chunk->has_memory = true;
  if ((size_t)chunk->memory.itemsize != batch->dtype.item_size || chunk->memory.ndim > ZARRC_MAX_NDIM) {
    PyErr_Format(PyExc_ValueError, "memory with elements of %zd bytes for elements of %u", chunk->memory.itemsize,
                 (unsigned)batch->dtype.item_size);
    return false;
  }
  *view = (zarrc_view){.data = chunk->memory.buf, .dtype = batch->dtype, .ndim = chunk->memory.ndim};
  for (int k = 0; k < view->ndim; k++) {
    view->shape[k] = chunk->memory.shape[k];
    view->stride[k] = chunk->memory.strides[k];
  }
  return true;
}

/* A packed view of the shape of what is selected. */
static bool result_view(core_batch *batch, size_t i) {
  const zarrc_spec *spec = zarrc_pipeline_spec(batch->self->pipeline);
  int64_t shape[ZARRC_MAX_NDIM];
  int ndim;
  zarrc_error error;
  if (zarrc_selection_shape(&batch->chunks[i].picks->selection, spec->ndim, spec->shape, &ndim, shape, &error)) {
    core_raise(batch->state, &error);
    return false;
  }
  batch->jobs[i].view = zarrc_view_c(&batch->dtype, ndim, shape, NULL);
  batch->jobs[i].view.arena = batch->arena;
  return true;
}

/* ------------------------------------------------------------------------------------------------------ reading */

static zarrc_status read_picked(void *arg, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  zarrc_job *job = &batch->jobs[i];
  return core_chunk_done(batch, i,
                         zarrc_read_selection(job->pipeline, job->blob, &batch->chunks[i].picks->selection, &job->view,
                                              &job->missing, error));
}

static bool read_memory_add(core_batch *batch, PyObject *items) {
  zarrc_error error;
  bool text = zarrc_dtype_is_variable(&batch->dtype);
  if (text && zarrc_arena_open(batch->self->ctx, &batch->arena, &error)) {
    core_raise(batch->state, &error);
    return false;
  }
  for (size_t i = 0; i < batch->n; i++) {
    PyObject *memory = core_item(items, i, 4);
    bool ok =
        memory && (text ? result_view(batch, i) && core_batch_text(batch, i, zarrc_view_nitems(&batch->jobs[i].view))
                        : memory_take(batch, i, memory, PyBUF_STRIDED));
    if (!ok) return false;
  }
  return true;
}

/* What was found; with text behind a list of it. */
static PyObject *result_of(const core_batch *batch, size_t i) {
  core_found found = core_batch_found(batch, i);
  if (!batch->arena) return PyLong_FromLong(found);
  int64_t n = found == CORE_PENDING ? 0 : zarrc_view_nitems(&batch->jobs[i].view);
  PyObject *list = core_texts_to_list(&batch->dtype, batch->chunks[i].texts, n);
  PyObject *pair = list ? Py_BuildValue("Oi", list, (int)found) : NULL;
  Py_XDECREF(list);
  return pair;
}

PyObject *core_pipeline_read_picks(PyObject *object, PyObject *args) {
  PyObject *items, *root, *result = NULL;
  int big;
  unsigned long long limit;
  core_batch batch;
  if (!PyArg_ParseTuple(args, "OpOK:read_picks", &items, &big, &root, &limit)) return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, items) &&
            core_batch_open_store(&batch, root, false) && picks_add(&batch, items);
  batch.dtype.endian = big ? ZARRC_BIG : ZARRC_LITTLE;
  if (ok && limit && core_batch_cost(&batch) > limit) {
    result = Py_NewRef(Py_None);
    ok = false;
  }
  if (ok && read_memory_add(&batch, items) && core_batch_run(&batch, read_picked, true, name_of_item, items)) {
    result = core_batch_list(&batch, result_of);
  }
  core_batch_clear(&batch);
  return result;
}

/* ------------------------------------------------------------------------------------------------------ writing */

/* The chunk's value in memory becomes its parts. */
static zarrc_status value_take(core_chunk *chunk, zarrc_error *error) {
  zarrc_bytes value = chunk->blob.memory.value;
  if (!chunk->blob.memory.present) return ZARRC_OK;
  chunk->blob.memory.value = (zarrc_bytes){0};
  return zarrc_parts_push(&chunk->parts, value, error);
}

/* What has a key is stored, what has none is changed in memory. */
static zarrc_status write_picked(void *arg, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  zarrc_job *job = &batch->jobs[i];
  core_chunk *chunk = &batch->chunks[i];
  if (batch->encode) {
    job->status = zarrc_encode(job->pipeline, &job->view, &chunk->parts, error);
  } else {
    const zarrc_selection *selection = &chunk->picks->selection;
    job->status = zarrc_write_selection(job->pipeline, job->blob, selection, &job->view, job->fresh, error);
    if (core_picks_are_empty(chunk->picks, zarrc_pipeline_spec(job->pipeline)->ndim)) return job->status;
    if (!job->status && chunk->source == CORE_MEMORY) job->status = value_take(chunk, error);
  }
  chunk->outcome = chunk->parts.nitems ? CORE_REPLACED : CORE_ERASED;
  return job->status;
}

/* A list with as many elements as are selected, or one element for all of them. */
static bool texts_take(core_batch *batch, size_t i, PyObject *value) {
  if (!PyList_Check(value)) {
    batch->jobs[i].view = (zarrc_view){.dtype = batch->dtype};
    return core_batch_text(batch, i, 1) && core_text_of(&batch->dtype, value, batch->chunks[i].texts);
  }
  if (!result_view(batch, i)) return false;
  Py_ssize_t n = (Py_ssize_t)zarrc_view_nitems(&batch->jobs[i].view);
  if (PyList_Size(value) != n) {
    PyErr_Format(PyExc_ValueError, "a list of %zd elements is needed", n);
    return false;
  }
  if (!core_batch_text(batch, i, n)) return false;
  for (Py_ssize_t k = 0; k < n; k++)
    if (!core_text_of(&batch->dtype, PyList_GetItem(value, k), &batch->chunks[i].texts[k])) return false;
  return true;
}

static bool values_add(core_batch *batch, PyObject *items) {
  bool text = zarrc_dtype_is_variable(&batch->dtype);
  for (size_t i = 0; i < batch->n; i++) {
    PyObject *value = core_item(items, i, 4), *fresh = value ? core_item(items, i, 5) : NULL;
    if (!fresh) return false;
    batch->jobs[i].fresh = PyObject_IsTrue(fresh) == 1;
    if (!(text ? texts_take(batch, i, value) : memory_take(batch, i, value, PyBUF_STRIDED_RO))) return false;
  }
  return true;
}

PyObject *core_pipeline_write_picks(PyObject *object, PyObject *args) {
  PyObject *items, *root, *result = NULL;
  int big, encode;
  core_batch batch;
  if (!PyArg_ParseTuple(args, "OpOp:write_picks", &items, &big, &root, &encode)) return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, items) &&
            core_batch_open_store(&batch, root, true) && picks_add(&batch, items);
  batch.encode = encode != 0;
  batch.dtype.endian = big ? ZARRC_BIG : ZARRC_LITTLE;
  if (ok && values_add(&batch, items) && core_batch_run(&batch, write_picked, false, name_of_item, items)) {
    result = core_batch_list(&batch, core_batch_outcome);
  }
  core_batch_clear(&batch);
  return result;
}
