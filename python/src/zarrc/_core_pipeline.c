/* SPDX-License-Identifier: MIT */
/* A chain of codecs bound to one kind of chunk: batches of reads and writes of boxes of elements. */
#include "_core_batch.h"

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

static bool spec_parse(core_state *state, zarrc_spec *spec, PyObject *shape, const char *order) {
  zarrc_error error;
  spec->ndim = (int)PyTuple_Size(shape);
  if (spec->ndim > ZARRC_MAX_NDIM) {
    PyErr_Format(PyExc_ValueError, "a chunk of %d dimensions; %d are possible", spec->ndim, ZARRC_MAX_NDIM);
    return false;
  }
  for (int i = 0; i < spec->ndim; i++) {
    spec->shape[i] = PyLong_AsLongLong(PyTuple_GetItem(shape, i));
    if (spec->shape[i] == -1 && PyErr_Occurred()) return false;
  }
  if (!zarrc_subchunk_order_from_name(order, &spec->options.subchunk_order, &error)) return true;
  core_raise(state, &error);
  return false;
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
  if (!spec_parse(state, &spec, shape, order)) return NULL;
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

/* ------------------------------------------------------------------------------------------------------- boxes */

/* Chunks come as zarr-python's tuples: (byte getter, spec, chunk selection, array selection, complete). */
static PyObject *name_of_getter(PyObject *items, size_t i) {
  PyObject *getter = core_item(items, i, 0);
  return getter ? PyObject_GetAttrString(getter, "path") : NULL;
}

static bool boxes_add(core_batch *batch, PyObject *items, PyObject *sources) {
  PyObject *name = sources == Py_None ? PyUnicode_InternFromString("path") : NULL;
  bool ok = name || !PyErr_Occurred();
  for (size_t i = 0; ok && i < batch->n; i++) {
    PyObject *chunk = core_item(items, i, 2), *at = chunk ? core_item(items, i, 3) : NULL;
    PyObject *getter = at && name ? core_item(items, i, 0) : NULL, *source = NULL;
    if (getter)
      source = PyObject_GetAttr(getter, name); /* the getter keeps it */
    else if (at && !name)
      source = Py_XNewRef(PyList_GetItem(sources, (Py_ssize_t)i));
    ok = source && core_batch_add_source(batch, i, source) && core_batch_add_box(batch, i, chunk, at);
    Py_XDECREF(source);
  }
  Py_XDECREF(name);
  return ok;
}

static zarrc_status read_one(void *arg, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  zarrc_job *job = &batch->jobs[i];
  if (batch->chunks[i].other) return ZARRC_OK;
  return core_chunk_done(batch, i, zarrc_read(job->pipeline, job->blob, job->region, &job->view, &job->missing, error));
}

static PyObject *found(const core_batch *batch, size_t i) {
  return PyLong_FromLong(core_batch_found(batch, i));
}

static PyObject *pipeline_read(PyObject *object, PyObject *args) {
  PyObject *items, *sources, *out, *root, *result = NULL;
  int big;
  unsigned long long limit;
  core_batch batch;
  if (!PyArg_ParseTuple(args, "OOOpOK:read", &items, &sources, &out, &big, &root, &limit)) return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, items) &&
            core_batch_take_array(&batch, out, big, PyBUF_STRIDED) && core_batch_open_store(&batch, root, false) &&
            boxes_add(&batch, items, sources);
  if (ok && limit && core_batch_cost(&batch) > limit) {
    result = Py_NewRef(Py_None);
  } else if (ok && core_batch_run(&batch, read_one, true, name_of_getter, items)) {
    result = core_batch_list(&batch, found);
  }
  core_batch_clear(&batch);
  return result;
}

/* Keyed chunks are stored; what others become is kept in their parts. */
static zarrc_status write_one(void *arg, size_t i, zarrc_error *error) {
  core_batch *batch = arg;
  zarrc_job *job = &batch->jobs[i];
  core_chunk *chunk = &batch->chunks[i];
  if (chunk->other) return ZARRC_OK;
  if (chunk->source == CORE_KEY)
    job->status =
        zarrc_write(job->pipeline, job->blob, job->region, &(zarrc_values){.view = &job->view}, job->fresh, error);
  else if (batch->encode)
    job->status = zarrc_encode(job->pipeline, &job->view, &chunk->parts, error);
  else
    job->status = zarrc_update(job->pipeline, job->fresh ? NULL : job->blob, job->region,
                               &(zarrc_values){.view = &job->view}, &chunk->parts, error);
  chunk->outcome = chunk->parts.nitems ? CORE_REPLACED : CORE_ERASED;
  return job->status;
}

static PyObject *pipeline_write(PyObject *object, PyObject *args) {
  PyObject *items, *sources, *value, *fresh, *root, *result = NULL;
  int big, encode;
  unsigned long long limit;
  core_batch batch;
  if (!PyArg_ParseTuple(args, "OOOpOOpK:write", &items, &sources, &value, &big, &fresh, &root, &encode, &limit))
    return NULL;
  bool ok = core_batch_init(&batch, core_state_of(Py_TYPE(object)), (core_pipeline *)object, items) &&
            core_batch_take_array(&batch, value, big, PyBUF_STRIDED_RO) && core_batch_open_store(&batch, root, true) &&
            boxes_add(&batch, items, sources);
  batch.encode = encode != 0;
  for (size_t i = 0; ok && i < batch.n; i++) {
    PyObject *flag = fresh == Py_None ? core_item(items, i, 4) : PyList_GetItem(fresh, (Py_ssize_t)i);
    int is_fresh = flag ? PyObject_IsTrue(flag) : -1;
    batch.jobs[i].fresh = is_fresh == 1;
    ok = is_fresh >= 0;
  }
  bool any_other = false;
  for (size_t i = 0; ok && limit && i < batch.n; i++) any_other = any_other || batch.chunks[i].other;
  if (ok && limit && (any_other || core_batch_cost(&batch) > limit)) {
    result = Py_NewRef(Py_None);
  } else if (ok && core_batch_run(&batch, write_one, false, name_of_getter, items)) {
    result = PyList_New((Py_ssize_t)batch.n);
    for (size_t i = 0; result && i < batch.n; i++) PyList_SetItem(result, (Py_ssize_t)i, core_batch_outcome(&batch, i));
  }
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
     "read(items, sources, out, big, root, limit): FOUND, MISSING, PENDING or NO_BOX a chunk; None: more than limit "
     "bytes (0: no limit) would be decoded, and nothing was done.\n\nitems: (getter, spec, chunk selection, array "
     "selection, complete); sources: None (no value), bytes, Ranges or a key a chunk, or None: the getters' paths are "
     "keys; out: the array, of big-endian elements if big; root: the directory or the Store that keys are in."},
    {"write", pipeline_write, METH_VARARGS,
     "write(items, sources, value, big, fresh, root, encode, limit): bytes (the new value), None (to be erased, or "
     "stored under its key) or UNCHANGED (as the selections are no boxes) a chunk; None: more than "
     "limit bytes would be encoded, and nothing was done.\n\nfresh: whether a chunk's old value does not matter, or "
     "None: the items' `complete` says that; encode: chunks that are all fill value, too; the others as in read."},
    {"read_picks", core_pipeline_read_picks, METH_VARARGS,
     "read_picks(items, big, root, limit): FOUND, MISSING or PENDING a chunk, for elements of variable length with a "
     "list of them in front; items: (source, name, points, entries, memory)."},
    {"write_picks", core_pipeline_write_picks, METH_VARARGS,
     "write_picks(items, big, root, encode): bytes, None or UNCHANGED a chunk, as write; items: "
     "(source, name, points, entries, value, fresh)."},
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
