/* SPDX-License-Identifier: MIT */
/* A chain of codecs bound to one kind of chunk: batches of reads and writes, without the interpreter lock. */
#include "_core_batch.h"

#include <string.h>

/* --------------------------------------------------------------------------------------------- open and close */

/* fill: None, str or bytes (of a variable-length type), or the bytes of one element in native order. */
static bool fill_parse(PyObject *fill, const zarrc_dtype *dtype, zarrc_text *text, const void **out) {
  Py_ssize_t n;
  char *bytes;
  if (fill == Py_None) return true;
  if (PyUnicode_Check(fill)) {
    text->ptr = (const uint8_t *)PyUnicode_AsUTF8AndSize(fill, &n);
    if (!text->ptr) return false;
  } else {
    if (PyBytes_AsStringAndSize(fill, &bytes, &n)) return false;
    text->ptr = (const uint8_t *)bytes;
  }
  text->len = (size_t)n;
  if (zarrc_dtype_is_variable(dtype)) {
    *out = text;
  } else if ((size_t)n == dtype->item_size) {
    *out = text->ptr;
  } else {
    PyErr_Format(PyExc_ValueError, "a fill value of %zd bytes for elements of %u", n, (unsigned)dtype->item_size);
    return false;
  }
  return true;
}

static const char *const order_names[] = {"morton", "lexicographic", "colexicographic", "unordered"};

static bool spec_parse(zarrc_spec *spec, PyObject *shape, const char *order) {
  spec->ndim = (int)PyTuple_Size(shape);
  if (spec->ndim > ZARRC_MAX_NDIM) {
    PyErr_Format(PyExc_ValueError, "a chunk of %d dimensions; %d are possible", spec->ndim, ZARRC_MAX_NDIM);
    return false;
  }
  for (int i = 0; i < spec->ndim; i++) {
    spec->shape[i] = PyLong_AsLongLong(PyTuple_GetItem(shape, i));
    if (spec->shape[i] == -1 && PyErr_Occurred()) return false;
  }
  for (int i = 0; i < 4; i++)
    if (strcmp(order, order_names[i]) == 0) spec->options.subchunk_order = (zarrc_subchunk_order)i;
  return true;
}

static PyObject *pipeline_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"context",        "codecs",       "dtype",        "shape", "fill", "write_empty_chunks",
                          "subchunk_order", "coalesce_gap", "coalesce_max", NULL};
  PyObject *context, *codecs_text, *dtype_text, *shape, *fill = Py_None;
  const char *order = "morton";
  Py_ssize_t ncodecs, ndtype;
  int write_empty = 0;
  unsigned long long gap = 0, max = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOO!|OpsKK:Pipeline", names, &context, &codecs_text, &dtype_text,
                                   &PyTuple_Type, &shape, &fill, &write_empty, &order, &gap, &max))
    return NULL;
  core_state *state = core_state_of(type);
  zarrc_ctx *ctx = core_context_get(state, context);
  const char *codecs = ctx ? PyUnicode_AsUTF8AndSize(codecs_text, &ncodecs) : NULL;
  const char *dtype = codecs ? PyUnicode_AsUTF8AndSize(dtype_text, &ndtype) : NULL;
  if (!dtype) return NULL;
  zarrc_spec spec = {.options = {.write_empty_chunks = write_empty != 0, .coalesce_gap = gap, .coalesce_max = max}};
  zarrc_text text = {0};
  zarrc_error error;
  if (!spec_parse(&spec, shape, order)) return NULL;
  if (zarrc_dtype_open(ctx, dtype, (size_t)ndtype, &spec.dtype, &error)) return core_raise(state, &error);
  core_pipeline *self = NULL;
  if (fill_parse(fill, &spec.dtype, &text, &spec.fill)) {
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    self = (core_pipeline *)alloc(type, 0);
  }
  if (self) {
    self->context = Py_NewRef(context);
    self->ctx = ctx;
    if (zarrc_pipeline_open(ctx, codecs, (size_t)ncodecs, &spec, &self->pipeline, &error)) {
      core_raise(state, &error);
      Py_DECREF((PyObject *)self);
      self = NULL;
    }
  }
  zarrc_dtype_close(&spec.dtype);
  return (PyObject *)self;
}

static void pipeline_dealloc(PyObject *object) {
  core_pipeline *self = (core_pipeline *)object;
  PyTypeObject *type = Py_TYPE(object);
  zarrc_pipeline_close(self->pipeline);
  Py_XDECREF(self->context);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

/* -------------------------------------------------------------------------------------------------- running */

/* The batch's first failure as an exception, with the name of its chunk in front. */
static void raise_failure(core_batch *batch, zarrc_error *error, PyObject *names) {
  size_t i = 0;
  while (i < batch->n && (batch->jobs[i].status == ZARRC_OK || batch->jobs[i].status == ZARRC_CANCELED)) i++;
  if (i < batch->n && names != Py_None) {
    PyObject *name = PySequence_GetItem(names, (Py_ssize_t)i);
    const char *text = name ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    if (text && text[0] && !strstr(error->message, text)) zarrc_error_prefix(error, "%.250s: ", text);
    if (text && !error->key[0]) strncat(error->key, text, sizeof error->key - 1);
    Py_XDECREF(name);
    if (!text) PyErr_Clear();
  }
  core_raise(batch->state, error);
}

static zarrc_status read_one(void *arg, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  zarrc_job *job = &batch->jobs[i];
  zarrc_memory_blob none;
  zarrc_blob *blob = job->blob;
  if (!blob) {
    zarrc_memory_blob_init(&none, batch->self->ctx, NULL, 0);
    blob = &none.blob;
  }
  job->status = zarrc_read(job->pipeline, blob, job->region, &job->view, &job->missing, error);
  if (job->status == ZARRC_CANCELED && batch->chunks[i].source == CORE_RANGES) return ZARRC_OK;
  return job->status;
}

/* Keyed chunks are stored; what others become is kept in their parts. */
static zarrc_status write_one(void *arg, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  zarrc_job *job = &batch->jobs[i];
  core_chunk *chunk = &batch->chunks[i];
  if (chunk->source == CORE_KEY)
    job->status = zarrc_write(job->pipeline, job->blob, job->region, &job->view, job->fresh, error);
  else if (batch->encode)
    job->status = zarrc_encode(job->pipeline, &job->view, &chunk->parts, error);
  else
    job->status =
        zarrc_update(job->pipeline, job->fresh ? NULL : job->blob, job->region, &job->view, &chunk->parts, error);
  return job->status;
}

static bool batch_run(core_batch *batch, zarrc_status (*fn)(void *, size_t, zarrc_error *), PyObject *names) {
  zarrc_error error;
  zarrc_status status;
  Py_BEGIN_ALLOW_THREADS status = zarrc_for_all(batch->self->ctx, batch->n, fn, batch, &error);
  Py_END_ALLOW_THREADS if (status) raise_failure(batch, &error, names);
  return !status;
}

/* The array of a batch: any strides; its elements have the size of the chunk's, in big-endian order if `big`. */
static bool array_take(core_batch *batch, PyObject *array, bool big, int flags) {
  if (PyObject_GetBuffer(array, &batch->array, flags)) return false;
  batch->has_array = true;
  batch->dtype.endian = big ? ZARRC_BIG : ZARRC_LITTLE;
  if ((size_t)batch->array.itemsize == batch->dtype.item_size && !zarrc_dtype_is_variable(&batch->dtype)) return true;
  PyErr_Format(batch->state->mismatch, "an array with elements of %zd bytes for a chunk with elements of %u",
               batch->array.itemsize, (unsigned)batch->dtype.item_size);
  return false;
}

/* ---------------------------------------------------------------------------------------------------- reading */

/* True, False (no value), or None: ranges have to be fetched. */
static PyObject *found(const core_batch *batch, size_t i) {
  if (batch->jobs[i].status == ZARRC_CANCELED) return Py_NewRef(Py_None);
  return PyBool_FromLong(!batch->jobs[i].missing);
}

static PyObject *pipeline_read(PyObject *object, PyObject *args) {
  PyObject *sources, *chunk_selections, *out_selections, *out, *root, *names, *result = NULL;
  int big;
  core_batch batch;
  if (!PyArg_ParseTuple(args, "OOOOpOO:read", &sources, &chunk_selections, &out_selections, &out, &big, &root, &names))
    return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, sources) &&
            array_take(&batch, out, big, PyBUF_STRIDED) && core_batch_open_store(&batch, root, false) &&
            core_batch_add_sources(&batch, sources);
  for (size_t i = 0; ok && i < batch.n; i++) {
    uint32_t int_axes;
    PyObject *chunk = PyList_GetItem(chunk_selections, (Py_ssize_t)i);
    PyObject *at = chunk ? PyList_GetItem(out_selections, (Py_ssize_t)i) : NULL;
    ok = at && core_batch_parse_region(&batch, i, chunk, &int_axes) && core_batch_parse_view(&batch, i, at, int_axes);
  }
  if (ok && batch_run(&batch, read_one, names)) {
    result = PyList_New((Py_ssize_t)batch.n);
    for (size_t i = 0; result && i < batch.n; i++) PyList_SetItem(result, (Py_ssize_t)i, found(&batch, i));
  }
  core_batch_clear(&batch);
  return result;
}

static PyObject *texts_to_list(const core_batch *batch, size_t i) {
  const zarrc_view *view = &batch->jobs[i].view;
  int64_t n = zarrc_view_nitems(view);
  const zarrc_text *texts = batch->chunks[i].texts;
  PyObject *list = PyList_New((Py_ssize_t)n);
  for (int64_t k = 0; list && k < n; k++) {
    const char *ptr = texts[k].len ? (const char *)texts[k].ptr : "";
    PyObject *item = view->dtype.type == ZARRC_STRING ? PyUnicode_DecodeUTF8(ptr, (Py_ssize_t)texts[k].len, NULL)
                                                      : PyBytes_FromStringAndSize(ptr, (Py_ssize_t)texts[k].len);
    if (!item)
      Py_CLEAR(list);
    else
      PyList_SetItem(list, (Py_ssize_t)k, item);
  }
  return list;
}

static PyObject *pipeline_read_items(PyObject *object, PyObject *args) {
  PyObject *sources, *chunk_selections, *root, *names, *result = NULL;
  core_batch batch;
  zarrc_error error;
  if (!PyArg_ParseTuple(args, "OOOO:read_items", &sources, &chunk_selections, &root, &names)) return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, sources) &&
            core_batch_open_store(&batch, root, false) && core_batch_add_sources(&batch, sources);
  if (ok && zarrc_arena_open(batch.self->ctx, &batch.arena, &error)) ok = core_raise(batch.state, &error) != NULL;
  for (size_t i = 0; ok && i < batch.n; i++) {
    uint32_t int_axes;
    PyObject *chunk = PyList_GetItem(chunk_selections, (Py_ssize_t)i);
    ok = chunk && core_batch_parse_region(&batch, i, chunk, &int_axes) && core_batch_text_view(&batch, i);
  }
  if (ok && batch_run(&batch, read_one, names)) {
    result = PyList_New((Py_ssize_t)batch.n);
    for (size_t i = 0; result && i < batch.n; i++) {
      PyObject *state = found(&batch, i);
      PyObject *items = state == Py_None ? Py_NewRef(Py_None) : texts_to_list(&batch, i);
      PyObject *pair = items ? PyTuple_Pack(2, items, state) : NULL;
      Py_XDECREF(items);
      Py_XDECREF(state);
      if (!pair)
        Py_CLEAR(result);
      else
        PyList_SetItem(result, (Py_ssize_t)i, pair);
    }
  }
  core_batch_clear(&batch);
  return result;
}

/* ---------------------------------------------------------------------------------------------------- writing */

static bool fresh_add(core_batch *batch, PyObject *fresh) {
  for (size_t i = 0; i < batch->n; i++) {
    PyObject *flag = PyList_GetItem(fresh, (Py_ssize_t)i);
    if (!flag) return false;
    batch->jobs[i].fresh = PyObject_IsTrue(flag) == 1;
  }
  return true;
}

/* A list with bytes for what was encoded, None for what is to be erased or has been stored. */
static PyObject *encoded(const core_batch *batch) {
  PyObject *result = PyList_New((Py_ssize_t)batch->n);
  for (size_t i = 0; result && i < batch->n; i++) {
    const zarrc_parts *parts = &batch->chunks[i].parts;
    PyObject *item = parts->nitems ? core_parts_to_bytes(parts) : Py_NewRef(Py_None);
    if (!item)
      Py_CLEAR(result);
    else
      PyList_SetItem(result, (Py_ssize_t)i, item);
  }
  return result;
}

static PyObject *pipeline_write(PyObject *object, PyObject *args) {
  PyObject *sources, *chunk_selections, *selections, *value, *fresh, *root, *names, *result = NULL;
  int big, encode;
  core_batch batch;
  if (!PyArg_ParseTuple(args, "OOOOpOOOp:write", &sources, &chunk_selections, &selections, &value, &big, &fresh, &root,
                        &names, &encode))
    return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, sources) &&
            array_take(&batch, value, big, PyBUF_STRIDED_RO) && core_batch_open_store(&batch, root, true) &&
            core_batch_add_sources(&batch, sources) && fresh_add(&batch, fresh);
  batch.encode = encode != 0;
  for (size_t i = 0; ok && i < batch.n; i++) {
    uint32_t int_axes;
    PyObject *chunk = PyList_GetItem(chunk_selections, (Py_ssize_t)i);
    PyObject *at = !chunk || selections == Py_None ? NULL : PyList_GetItem(selections, (Py_ssize_t)i);
    ok = chunk && (at || selections == Py_None) && core_batch_parse_region(&batch, i, chunk, &int_axes) &&
         core_batch_parse_view(&batch, i, at, int_axes);
  }
  if (ok && batch_run(&batch, write_one, names)) result = encoded(&batch);
  core_batch_clear(&batch);
  return result;
}

static bool item_to_text(core_batch *batch, PyObject *item, zarrc_text *out) {
  Py_ssize_t n = 0;
  char *bytes = NULL;
  if (batch->dtype.type == ZARRC_BYTES) {
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

static bool items_to_texts(core_batch *batch, size_t i, PyObject *items) {
  Py_ssize_t n = (Py_ssize_t)zarrc_view_nitems(&batch->jobs[i].view);
  if (!PyList_Check(items) || PyList_Size(items) != n) {
    PyErr_Format(batch->state->mismatch, "a list of %zd elements is needed", n);
    return false;
  }
  for (Py_ssize_t k = 0; k < n; k++)
    if (!item_to_text(batch, PyList_GetItem(items, k), &batch->chunks[i].texts[k])) return false;
  return true;
}

static PyObject *pipeline_write_items(PyObject *object, PyObject *args) {
  PyObject *sources, *chunk_selections, *items, *fresh, *root, *names, *result = NULL;
  int encode;
  core_batch batch;
  if (!PyArg_ParseTuple(args, "OOOOOOp:write_items", &sources, &chunk_selections, &items, &fresh, &root, &names,
                        &encode))
    return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, sources) &&
            core_batch_open_store(&batch, root, true) && core_batch_add_sources(&batch, sources) &&
            fresh_add(&batch, fresh);
  batch.encode = encode != 0;
  for (size_t i = 0; ok && i < batch.n; i++) {
    uint32_t int_axes;
    PyObject *chunk = PyList_GetItem(chunk_selections, (Py_ssize_t)i);
    PyObject *list = chunk ? PyList_GetItem(items, (Py_ssize_t)i) : NULL;
    ok = list && core_batch_parse_region(&batch, i, chunk, &int_axes) && core_batch_text_view(&batch, i) &&
         items_to_texts(&batch, i, list);
  }
  if (ok && batch_run(&batch, write_one, names)) result = encoded(&batch);
  core_batch_clear(&batch);
  return result;
}

/* ------------------------------------------------------------------------------------------------ the type */

static PyObject *pipeline_to_json(PyObject *object, PyObject *none) {
  core_pipeline *self = (core_pipeline *)object;
  zarrc_buf buf = zarrc_buf_new(self->ctx, SIZE_MAX / 2);
  zarrc_error error;
  (void)none;
  PyObject *result = zarrc_pipeline_to_json(self->pipeline, &buf, &error)
                         ? core_raise(core_state_of(Py_TYPE(object)), &error)
                         : PyUnicode_DecodeUTF8((const char *)buf.ptr, (Py_ssize_t)buf.len, NULL);
  zarrc_buf_clear(&buf);
  return result;
}

static PyObject *pipeline_is_partial(PyObject *object, void *closure) {
  (void)closure;
  return PyBool_FromLong(zarrc_pipeline_supports_partial_decode(((core_pipeline *)object)->pipeline));
}

static PyObject *pipeline_item_size(PyObject *object, void *closure) {
  (void)closure;
  return PyLong_FromUnsignedLong(zarrc_pipeline_spec(((core_pipeline *)object)->pipeline)->dtype.item_size);
}

static PyMethodDef pipeline_methods[] = {
    {"read", pipeline_read, METH_VARARGS,
     "read(sources, chunk_selections, out_selections, out, big, root, names): True, False (missing) or None a chunk."},
    {"read_items", pipeline_read_items, METH_VARARGS,
     "read_items(sources, chunk_selections, root, names): a list of elements and True, False or None a chunk."},
    {"write", pipeline_write, METH_VARARGS,
     "write(sources, chunk_selections, value_selections, value, big, fresh, root, names, encode): bytes or None a "
     "chunk."},
    {"write_items", pipeline_write_items, METH_VARARGS,
     "write_items(sources, chunk_selections, items, fresh, root, names, encode): bytes or None a chunk."},
    {"to_json", pipeline_to_json, METH_NOARGS, "The evolved codecs."},
    {0},
};
static PyGetSetDef pipeline_members[] = {
    {"supports_partial_decode", pipeline_is_partial, NULL, "Whether parts of a chunk are read by parts.", NULL},
    {"item_size", pipeline_item_size, NULL, "Bytes an element.", NULL},
    {0},
};
static PyType_Slot pipeline_slots[] = {
    {Py_tp_new, pipeline_new},
    {Py_tp_dealloc, pipeline_dealloc},
    {Py_tp_methods, pipeline_methods},
    {Py_tp_getset, pipeline_members},
    {Py_tp_doc, "Codecs bound to one kind of chunk. Pipeline(context, codecs, dtype, shape, fill=None, "
                "write_empty_chunks=False, subchunk_order='morton', coalesce_gap=0, coalesce_max=0)."},
    {0},
};
PyType_Spec core_pipeline_spec = {"zarrc._core.Pipeline", sizeof(core_pipeline), 0, Py_TPFLAGS_DEFAULT, pipeline_slots};
