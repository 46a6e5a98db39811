/* SPDX-License-Identifier: MIT */
/*
 * Lists of indices and single points of chunks. libzarrc takes such selections of arrays; so a batch is given to it as
 * one: an array in which its chunks lie one behind the other on the first axis, in a store that has the batch's values.
 */
#include "_core_batch.h"

#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------------------------------------- selections */

void core_picks_free(core_picks *picks) {
  if (!picks) return;
  for (int i = 0; i < picks->nbuffers; i++) PyBuffer_Release(&picks->buffers[i]);
  PyMem_Free(picks->first);
  PyMem_Free(picks);
}

/* A packed buffer of int64 as a list. */
static const int64_t *list_take(core_picks *picks, PyObject *entry, size_t *n) {
  Py_buffer *buffer = &picks->buffers[picks->nbuffers];
  if (PyObject_GetBuffer(entry, buffer, PyBUF_SIMPLE)) return NULL;
  picks->nbuffers++;
  *n = (size_t)buffer->len / sizeof(int64_t);
  return buffer->buf ? buffer->buf : &picks->selection.pick[0].start; /* no list is NULL */
}

static bool list_check(const int64_t *list, size_t n, int axis, int64_t length) {
  for (size_t i = 0; i < n; i++) {
    if (list[i] >= -length && list[i] < length) continue;
    PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for axis %d with size %lld", (long long)list[i], axis,
                 (long long)length);
    return false;
  }
  return true;
}

/* A list of the first axis, from its front and moved. */
static const int64_t *list_move(core_picks *picks, const int64_t *list, size_t n, int64_t length, int64_t offset) {
  picks->first = PyMem_Malloc(n ? n * sizeof *list : 1);
  if (!picks->first) return (const int64_t *)(void *)PyErr_NoMemory();
  for (size_t i = 0; i < n; i++) picks->first[i] = list[i] + (list[i] < 0 ? length : 0) + offset;
  return picks->first;
}

static const int64_t *list_parse(core_picks *picks, int axis, PyObject *entry, int64_t length, int64_t offset,
                                 size_t *n) {
  const int64_t *list = list_take(picks, entry, n);
  if (!list || !list_check(list, *n, axis, length)) return NULL;
  return axis == 0 ? list_move(picks, list, *n, length, offset) : list;
}

static bool pick_parse(core_picks *picks, int axis, PyObject *entry, int64_t length, int64_t offset) {
  zarrc_pick *pick = &picks->selection.pick[axis];
  if (PySlice_Check(entry)) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(entry, &start, &stop, &step) < 0) return false;
    Py_ssize_t count = PySlice_AdjustIndices((Py_ssize_t)length, &start, &stop, step);
    *pick = count ? zarrc_pick_slice(start + offset, stop + offset, step) : zarrc_pick_slice(offset, offset, 1);
    return true;
  }
  if (PyLong_Check(entry)) {
    long long index = PyLong_AsLongLong(entry);
    if (index == -1 && PyErr_Occurred()) return false;
    if (index >= -length && index < length) {
      *pick = zarrc_pick_index(index + (index < 0 ? length : 0) + offset);
      return true;
    }
    PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for axis %d with size %lld", index, axis,
                 (long long)length);
    return false;
  }
  size_t n;
  const int64_t *list = list_parse(picks, axis, entry, length, offset, &n);
  if (list) *pick = zarrc_pick_list(list, n);
  return list != NULL;
}

core_picks *core_picks_new(PyObject *entries, bool points, int ndim, const int64_t *shape, int64_t offset) {
  if (!PyTuple_Check(entries) || PyTuple_Size(entries) != ndim) {
    PyErr_Format(PyExc_ValueError, "a tuple of %d entries is needed", ndim);
    return NULL;
  }
  core_picks *picks = PyMem_Calloc(1, sizeof *picks);
  if (!picks) return (core_picks *)PyErr_NoMemory();
  zarrc_selection *s = &picks->selection;
  s->kind = points ? ZARRC_SELECT_POINTS : ZARRC_SELECT_AXES;
  bool ok = true;
  for (int i = 0; ok && i < ndim; i++) {
    PyObject *entry = PyTuple_GetItem(entries, i);
    int64_t moved = i == 0 ? offset : 0;
    size_t n = 0;
    if (!points) {
      ok = pick_parse(picks, i, entry, shape[i], moved);
      continue;
    }
    s->coordinate[i] = list_parse(picks, i, entry, shape[i], moved, &n);
    ok = s->coordinate[i] != NULL;
    if (ok && i > 0 && n != s->npoints) {
      PyErr_SetString(PyExc_ValueError, "the coordinates of points differ in length");
      ok = false;
    }
    s->npoints = n;
  }
  if (ok) return picks;
  core_picks_free(picks);
  return NULL;
}

/* Cells of edge `edge` that a pick touches on an axis, at most. */
static uint64_t cells_of(const zarrc_pick *pick, int64_t length, int64_t edge) {
  uint64_t all = (uint64_t)((length + edge - 1) / edge), n = all;
  if (pick->kind == ZARRC_PICK_INDEX) n = 1;
  if (pick->kind == ZARRC_PICK_LIST) n = pick->n;
  if (pick->kind == ZARRC_PICK_SLICE)
    n = pick->stop > pick->start ? (uint64_t)((pick->stop - pick->start) / edge + 2) : 0;
  return n < all ? n : all;
}

uint64_t core_picks_ncells(const core_picks *picks, int ndim, const int64_t *shape, const int64_t *cell) {
  const zarrc_selection *s = &picks->selection;
  uint64_t n = 1, all = 1;
  for (int k = 0; k < ndim; k++) {
    int64_t edge = cell[k] > 0 ? cell[k] : 1;
    n *= cells_of(&s->pick[k], shape[k], edge);
    all *= (uint64_t)((shape[k] + edge - 1) / edge);
  }
  return s->kind == ZARRC_SELECT_AXES ? n : s->npoints < all ? s->npoints : all;
}

/* ------------------------------------------------------------------------------------------------ text and lists */

PyObject *core_texts_to_list(const zarrc_dtype *dtype, const zarrc_text *texts, int64_t n) {
  PyObject *list = PyList_New((Py_ssize_t)n);
  for (int64_t k = 0; list && k < n; k++) {
    const char *ptr = texts[k].len ? (const char *)texts[k].ptr : "";
    Py_ssize_t len = (Py_ssize_t)texts[k].len;
    PyObject *item =
        dtype->type == ZARRC_STRING ? PyUnicode_DecodeUTF8(ptr, len, NULL) : PyBytes_FromStringAndSize(ptr, len);
    if (!item)
      Py_CLEAR(list);
    else
      PyList_SetItem(list, (Py_ssize_t)k, item);
  }
  return list;
}

bool core_text_of(const zarrc_dtype *dtype, PyObject *item, zarrc_text *out) {
  Py_ssize_t n = 0;
  char *bytes = NULL;
  if (dtype->type == ZARRC_BYTES) {
    if (PyBytes_AsStringAndSize(item, &bytes, &n)) return false;
    *out = (zarrc_text){(const uint8_t *)bytes, (size_t)n};
    return true;
  }
  if (!PyUnicode_Check(item)) {
    PyErr_Format(PyExc_TypeError, "expected unicode string, found %R", item);
    return false;
  }
  const char *text = PyUnicode_AsUTF8AndSize(item, &n);
  *out = (zarrc_text){(const uint8_t *)text, (size_t)n};
  return text != NULL;
}

/* --------------------------------------------------------------------------------------- the batch as a store */

#define METADATA_KEY "zarr.json"

/* Opening an array takes longer than reading a few elements: a pipeline keeps those that are not in use. */
typedef struct core_stack {
  zarrc_store store;
  core_batch *batch;
  zarrc_bytes metadata;
  zarrc_array *array;
  bool write_empty;
  struct core_stack *next; /* of the pipeline's spare ones */
} stack;

/* Chunks that an array has in any case. */
#define ROOM ((size_t)1 << 20)

/* Keys of chunks begin with their number: "3.0.0". */
static size_t number_of(const zarrc_key_blob *blob) {
  return (size_t)strtoull(blob->key, NULL, 10);
}

static zarrc_blob *value_of(const zarrc_key_blob *blob) {
  core_batch *batch = ((stack *)blob->store)->batch;
  size_t i = number_of(blob);
  return i < batch->n && !batch->jobs[i].fresh ? batch->jobs[i].blob : NULL;
}

static zarrc_status stack_read(zarrc_key_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const stack *s = (const stack *)blob->store;
  if (strcmp(blob->key, METADATA_KEY) == 0) {
    zarrc_memory_blob text;
    zarrc_memory_blob_init(&text, s->store.ctx, s->metadata.ptr, s->metadata.len);
    return zarrc_blob_read(&text.blob, ranges, n, error);
  }
  zarrc_blob *value = value_of(blob);
  zarrc_status status = value ? zarrc_blob_read(value, ranges, n, error) : ZARRC_NOT_FOUND;
  if (!value) zarrc_fail(error, ZARRC_NOT_FOUND, "not found");
  if (status == ZARRC_NOT_FOUND && number_of(blob) < s->batch->n)
    __atomic_store_n(&s->batch->jobs[number_of(blob)].missing, true, __ATOMIC_RELAXED); /* parts are read in parallel */
  return status;
}

static zarrc_status stack_identify(zarrc_key_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  zarrc_blob *value = value_of(blob);
  *known = false;
  return value && value->ops->identify ? value->ops->identify(value, out, known, error) : ZARRC_OK;
}

/* What has a key is stored, all else is kept in the chunk's parts. */
static zarrc_status stack_replace(zarrc_key_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  core_batch *batch = ((stack *)blob->store)->batch;
  size_t i = number_of(blob);
  core_chunk *chunk = &batch->chunks[i];
  zarrc_status status = ZARRC_OK;
  if (chunk->source == CORE_KEY) {
    zarrc_blob *value = batch->jobs[i].blob;
    status = value->ops->replace(value, parts, n, if_unchanged && !batch->jobs[i].fresh, error);
  } else {
    zarrc_parts_clear(&chunk->parts);
    for (size_t k = 0; k < n && !status; k++) {
      uint8_t *memory;
      status = zarrc_parts_add(&chunk->parts, parts[k].len, &memory, error);
      if (!status && parts[k].len) memcpy(memory, parts[k].ptr, parts[k].len);
    }
  }
  if (!status) chunk->outcome = CORE_REPLACED;
  return status;
}

static zarrc_status stack_erase(zarrc_key_blob *blob, bool if_unchanged, zarrc_error *error) {
  core_batch *batch = ((stack *)blob->store)->batch;
  size_t i = number_of(blob);
  core_chunk *chunk = &batch->chunks[i];
  zarrc_status status = ZARRC_OK;
  if (chunk->source == CORE_KEY) {
    zarrc_blob *value = batch->jobs[i].blob;
    status = value->ops->erase(value, if_unchanged && !batch->jobs[i].fresh, error);
  } else {
    zarrc_parts_clear(&chunk->parts);
  }
  if (!status) chunk->outcome = CORE_ERASED;
  return status;
}

static const zarrc_store_ops stack_ops = {.struct_size = sizeof stack_ops,
                                          .name = "batch",
                                          .read = stack_read,
                                          .replace = stack_replace,
                                          .erase = stack_erase,
                                          .identify = stack_identify};
/* Where values are fetched by ranges. */
static const zarrc_store_ops deferred_ops = {.struct_size = sizeof deferred_ops,
                                             .name = "batch",
                                             .read = stack_read,
                                             .replace = stack_replace,
                                             .erase = stack_erase,
                                             .identify = stack_identify,
                                             .deferred = true};

static zarrc_status put_shape(zarrc_buf *out, const zarrc_spec *spec, size_t n, zarrc_error *error) {
  if (spec->ndim && n > (size_t)INT64_MAX / (size_t)(spec->shape[0] > 0 ? spec->shape[0] : 1))
    return zarrc_fail(error, ZARRC_LIMIT, "%zu chunks with an axis of length %lld", n, (long long)spec->shape[0]);
  zarrc_status status = zarrc_buf_printf(out, error, "[");
  for (int i = 0; i < spec->ndim && !status; i++)
    status = zarrc_buf_printf(out, error, "%s%llu", i ? "," : "",
                              (unsigned long long)(i ? 1 : n) * (unsigned long long)spec->shape[i]);
  return status ? status : zarrc_buf_printf(out, error, "]");
}

static zarrc_status put_metadata(zarrc_buf *out, const core_batch *batch, zarrc_error *error) {
  const zarrc_pipeline *pipeline = batch->self->pipeline;
  const zarrc_spec *spec = zarrc_pipeline_spec(pipeline);
  zarrc_status status = zarrc_buf_printf(out, error, "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":");
  if (!status) status = put_shape(out, spec, batch->n > ROOM ? batch->n : ROOM, error);
  if (!status) status = zarrc_buf_printf(out, error, ",\"data_type\":");
  if (!status) status = zarrc_dtype_to_json(&spec->dtype, out, error);
  if (!status)
    status = zarrc_buf_printf(out, error, ",\"chunk_grid\":{\"name\":\"regular\",\"configuration\":{\"chunk_shape\":");
  if (!status) status = put_shape(out, spec, 1, error);
  if (!status) status = zarrc_buf_printf(out, error, "}},\"chunk_key_encoding\":{\"name\":\"v2\"},\"fill_value\":");
  if (!status) status = zarrc_fill_to_json(&spec->dtype, spec->fill, out, error);
  if (!status) status = zarrc_buf_printf(out, error, ",\"codecs\":");
  if (!status) status = zarrc_pipeline_to_json(pipeline, out, error);
  return status ? status : zarrc_buf_printf(out, error, "}");
}

static void stack_close(stack *s) {
  if (!s) return;
  zarrc_array_close(s->array);
  PyMem_Free(s);
}

static stack *stack_new(core_batch *batch, bool write_empty) {
  zarrc_error error;
  zarrc_buf text = zarrc_buf_new(batch->self->ctx, SIZE_MAX / 2);
  zarrc_array_options options = {.struct_size = sizeof options,
                                 .chunk = zarrc_pipeline_spec(batch->self->pipeline)->options};
  stack *s = PyMem_Calloc(1, sizeof *s);
  if (!s) return (stack *)(void *)PyErr_NoMemory();
  if (write_empty) options.chunk.write_empty_chunks = true;
  *s = (stack){.store = {.ops = &stack_ops, .ctx = batch->self->ctx}, .batch = batch, .write_empty = write_empty};
  zarrc_status status = put_metadata(&text, batch, &error);
  if (!status) {
    s->metadata = (zarrc_bytes){.ptr = text.ptr, .len = text.len};
    status = zarrc_array_open(&s->store, "", &options, &s->array, &error);
  }
  zarrc_buf_clear(&text);
  if (!status) return s;
  stack_close(s);
  core_raise(batch->state, &error);
  return NULL;
}

/* The batch as an array; the interpreter lock is held. */
static bool stack_take(core_batch *batch, bool write_empty) {
  stack **at = &batch->self->stacks;
  while (*at && ((*at)->write_empty != write_empty || batch->n > ROOM)) at = &(*at)->next;
  stack *s = *at;
  if (s)
    *at = s->next;
  else
    s = stack_new(batch, write_empty);
  if (s) s->batch = batch;
  batch->stack = s;
  for (size_t i = 0; s && i < batch->n; i++)
    if (batch->chunks[i].source == CORE_RANGES) s->store.ops = &deferred_ops;
  return s != NULL;
}

static void batch_end(core_batch *batch) {
  stack *s = batch->stack;
  if (s && batch->n <= ROOM) {
    s->batch = NULL;
    s->store.ops = &stack_ops;
    s->next = batch->self->stacks;
    batch->self->stacks = s;
  } else {
    stack_close(s);
  }
  core_batch_clear(batch);
}

void core_stacks_close(core_stack *stacks) {
  while (stacks) {
    stack *next = stacks->next;
    stack_close(stacks);
    stacks = next;
  }
}

/* ------------------------------------------------------------------------------------------------------ running */

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
    int64_t offset = spec->ndim ? (int64_t)i * spec->shape[0] : 0;
    batch->chunks[i].picks = core_picks_new(entries, PyObject_IsTrue(points) == 1, spec->ndim, spec->shape, offset);
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
static bool result_view(const stack *s, size_t i) {
  core_batch *batch = s->batch;
  int64_t shape[ZARRC_MAX_NDIM];
  int ndim;
  zarrc_error error;
  if (zarrc_array_selection_shape(s->array, &batch->chunks[i].picks->selection, &ndim, shape, &error)) {
    core_raise(batch->state, &error);
    return false;
  }
  batch->jobs[i].view = zarrc_view_c(&batch->dtype, ndim, shape, NULL);
  batch->jobs[i].view.arena = batch->arena;
  return true;
}

/* "3.0.0: c/1/2: ..." in front of a message, "3,0,0/1,7" as the chunk: the numbers in the stack are nobody's business.
 */
static void forget_stack(zarrc_error *error) {
  size_t n = strcspn(error->message, ":"), digits = strspn(error->message, "0123456789.");
  if (n == digits && n > 0 && error->message[n + 1] == ' ')
    memmove(error->message, error->message + n + 2, strlen(error->message + n + 2) + 1);
  const char *inner = strchr(error->chunk, '/');
  memmove(error->chunk, inner ? inner + 1 : "", inner ? strlen(inner + 1) + 1 : 1);
  error->key[0] = 0;
}

static zarrc_status read_picked(void *arg, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  const stack *s = batch->stack;
  zarrc_job *job = &batch->jobs[i];
  job->status = zarrc_array_read_selection(s->array, &batch->chunks[i].picks->selection, &job->view, error);
  if (core_job_done(job)) forget_stack(error);
  return job->status;
}

static zarrc_status write_picked(void *arg, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  const stack *s = batch->stack;
  zarrc_job *job = &batch->jobs[i];
  job->status = zarrc_array_write_selection(s->array, &batch->chunks[i].picks->selection, &job->view, error);
  if (job->status) forget_stack(error);
  return job->status;
}

/* ------------------------------------------------------------------------------------------------------ reading */

static bool read_memory_add(stack *s, PyObject *items) {
  core_batch *batch = s->batch;
  zarrc_error error;
  bool text = zarrc_dtype_is_variable(&batch->dtype);
  if (text && zarrc_arena_open(batch->self->ctx, &batch->arena, &error)) {
    core_raise(batch->state, &error);
    return false;
  }
  for (size_t i = 0; i < batch->n; i++) {
    PyObject *memory = core_item(items, i, 4);
    bool ok = memory && (text ? result_view(s, i) && core_batch_text(batch, i, zarrc_view_nitems(&batch->jobs[i].view))
                              : memory_take(batch, i, memory, PyBUF_STRIDED));
    if (!ok) return false;
  }
  return true;
}

/* True, False (no value), or None: ranges have to be fetched; with text as (list, that). */
static PyObject *result_of(const core_batch *batch, size_t i) {
  PyObject *state = core_batch_wants_ranges(batch, i) ? Py_None : batch->jobs[i].missing ? Py_False : Py_True;
  if (!batch->arena) return Py_NewRef(state);
  PyObject *list = state == Py_None ? PyList_New(0)
                                    : core_texts_to_list(&batch->dtype, batch->chunks[i].texts,
                                                         zarrc_view_nitems(&batch->jobs[i].view));
  PyObject *pair = list ? PyTuple_Pack(2, list, state) : NULL;
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
  ok = ok && stack_take(&batch, false);
  if (ok && read_memory_add(batch.stack, items) && core_batch_run(&batch, read_picked, false, name_of_item, items)) {
    result = core_batch_list(&batch, result_of);
  }
  batch_end(&batch);
  return result;
}

/* ------------------------------------------------------------------------------------------------------ writing */

/* A list with as many elements as are selected, or one element for all of them. */
static bool texts_take(stack *s, size_t i, PyObject *value) {
  core_batch *batch = s->batch;
  if (!PyList_Check(value)) {
    batch->jobs[i].view = (zarrc_view){.dtype = batch->dtype};
    return core_batch_text(batch, i, 1) && core_text_of(&batch->dtype, value, batch->chunks[i].texts);
  }
  if (!result_view(s, i)) return false;
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

static bool values_add(stack *s, PyObject *items) {
  core_batch *batch = s->batch;
  bool text = zarrc_dtype_is_variable(&batch->dtype);
  for (size_t i = 0; i < batch->n; i++) {
    PyObject *value = core_item(items, i, 4), *fresh = value ? core_item(items, i, 5) : NULL;
    if (!fresh) return false;
    batch->jobs[i].fresh = PyObject_IsTrue(fresh) == 1;
    if (!(text ? texts_take(s, i, value) : memory_take(batch, i, value, PyBUF_STRIDED_RO))) return false;
  }
  return true;
}

PyObject *core_pipeline_write_picks(PyObject *object, PyObject *args) {
  PyObject *items, *root, *result = NULL;
  int big, encode;
  core_batch batch;
  if (!PyArg_ParseTuple(args, "OpOp:write_picks", &items, &big, &root, &encode)) return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, items) &&
            core_batch_open_store(&batch, root, true) && picks_add(&batch, items) && stack_take(&batch, encode != 0);
  batch.dtype.endian = big ? ZARRC_BIG : ZARRC_LITTLE;
  if (ok && values_add(batch.stack, items) && core_batch_run(&batch, write_picked, false, name_of_item, items)) {
    result = core_batch_list(&batch, core_batch_outcome);
  }
  batch_end(&batch);
  return result;
}
