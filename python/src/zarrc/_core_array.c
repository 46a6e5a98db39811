/* SPDX-License-Identifier: MIT */
/* An array at a URL, or in a store of another library, for use without zarr-python. */
#include "_core.h"

typedef struct core_array {
  PyObject ob_base;
  PyObject *context;
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
} core_array;

/* Opens an array; if there is none at the path, as the consolidated metadata of a group above describe it. */
static zarrc_status open_array(zarrc_store *store, const char *path, bool consolidated, bool strict, zarrc_array **out,
                               zarrc_error *error) {
  const zarrc_array_options options = {.struct_size = sizeof options, .strict = strict};
  zarrc_group *group = NULL;
  zarrc_status status = zarrc_array_open(store, path, &options, out, error);
  if (status != ZARRC_NOT_FOUND || !consolidated) return status;
  zarrc_status found = zarrc_node_open(store, path, &options, NULL, out, &group, NULL);
  zarrc_group_close(group);
  return !found && *out ? ZARRC_OK : status;
}

static PyObject *array_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"context", "url",      "read_only", "follow_links", "sync", "use_consolidated",
                          "strict",  "settings", NULL};
  PyObject *context, *place, *settings = Py_None;
  int read_only = 1, follow_links = 0, sync = 0, consolidated = 1, strict = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|pppppO:Array", names, &context, &place, &read_only, &follow_links,
                                   &sync, &consolidated, &strict, &settings))
    return NULL;
  core_state *state = core_state_of(type);
  zarrc_ctx *ctx = core_context_get(state, context);
  if (!ctx) return NULL;
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_array *self = (core_array *)alloc(type, 0);
  if (!self) return NULL;
  zarrc_open_options options = {.struct_size = sizeof options,
                                .read_only = read_only != 0,
                                .follow_links = follow_links != 0,
                                .sync = sync ? ZARRC_SYNC_DATA : ZARRC_SYNC_NONE};
  core_remote remote;
  zarrc_error error;
  zarrc_status status;
  char *path = NULL;
  self->context = Py_NewRef(context);
  self->ctx = ctx;
  bool ok = core_remote_take(&remote, settings, &options);
  if (ok) {
    status = core_place_open(ctx, context, place, &options, &self->store, &path, &error);
    ok = !status;
    if (!ok && !PyErr_Occurred()) core_raise(state, &error);
  }
  if (ok) {
    core_call call;
    core_call_begin(&call, core_calls_of(context));
    status = open_array(self->store, path, consolidated != 0, strict != 0, &self->array, &error);
    ok = core_call_end(&call) && !status;
    if (!ok && !PyErr_Occurred()) core_call_raise(&call, state, &error);
    core_call_clear(&call);
  }
  zarrc_free(ctx, path);
  core_remote_clear(&remote);
  if (ok) return (PyObject *)self;
  Py_DECREF((PyObject *)self);
  return NULL;
}

static void array_dealloc(PyObject *object) {
  core_array *self = (core_array *)object;
  PyTypeObject *type = Py_TYPE(object);
  zarrc_array_close(self->array);
  zarrc_store_close(self->store);
  Py_XDECREF(self->context);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

/* What is selected, and the shape of the result; the picks are freed by the caller. */
static core_picks *selection_take(PyObject *object, PyObject *entries, bool points, zarrc_view *view) {
  core_array *self = (core_array *)object;
  const zarrc_dtype *dtype = zarrc_array_dtype(self->array);
  int64_t shape[ZARRC_MAX_NDIM];
  int ndim;
  zarrc_error error;
  core_picks *picks = core_picks_new(entries, points, zarrc_array_ndim(self->array), zarrc_array_shape(self->array));
  if (!picks) return NULL;
  if (zarrc_array_selection_shape(self->array, &picks->selection, &ndim, shape, &error)) {
    core_picks_free(picks);
    return (core_picks *)core_raise(core_state_of(Py_TYPE(object)), &error);
  }
  *view = zarrc_view_c(dtype, ndim, shape, NULL);
  return picks;
}

/* false: an exception was raised. */
static bool transfer(const core_array *self, const core_picks *picks, const zarrc_view *view, bool write) {
  zarrc_error error;
  core_call call;
  core_call_begin(&call, core_calls_of(self->context));
  zarrc_status status = write ? zarrc_array_write_selection(self->array, &picks->selection, view, &error)
                              : zarrc_array_read_selection(self->array, &picks->selection, view, &error);
  if (!core_call_end(&call)) return false;
  if (status) core_call_raise(&call, core_state_of(Py_TYPE((PyObject *)self)), &error);
  core_call_clear(&call);
  return !status;
}

static PyObject *array_move(PyObject *object, PyObject *args, bool write) {
  PyObject *entries, *memory;
  int points, big;
  Py_buffer buffer;
  zarrc_view view;
  if (!PyArg_ParseTuple(args, "OpOp", &entries, &points, &memory, &big)) return NULL;
  core_picks *picks = selection_take(object, entries, points != 0, &view);
  if (!picks) return NULL;
  if (PyObject_GetBuffer(memory, &buffer, write ? PyBUF_STRIDED_RO : PyBUF_STRIDED)) {
    core_picks_free(picks);
    return NULL;
  }
  bool fits = buffer.ndim == view.ndim && (size_t)buffer.itemsize == view.dtype.item_size &&
              !zarrc_dtype_is_variable(&view.dtype);
  view.dtype.endian = big ? ZARRC_BIG : ZARRC_LITTLE;
  view.data = buffer.buf;
  for (int i = 0; fits && i < buffer.ndim; i++) {
    view.stride[i] = buffer.strides[i];
    fits = view.shape[i] == buffer.shape[i];
  }
  bool done = fits && transfer((core_array *)object, picks, &view, write);
  PyBuffer_Release(&buffer);
  core_picks_free(picks);
  if (!fits) PyErr_SetString(PyExc_ValueError, "the memory has another shape or other elements than the selection");
  return done ? Py_NewRef(Py_None) : NULL;
}

static PyObject *array_read(PyObject *object, PyObject *args) {
  return array_move(object, args, false);
}
static PyObject *array_write(PyObject *object, PyObject *args) {
  return array_move(object, args, true);
}

/* Memory for the elements of variable length of a view; NULL: an exception was raised. */
static zarrc_text *texts_new(zarrc_view *view) {
  int64_t n = zarrc_view_nitems(view);
  if (!zarrc_dtype_is_variable(&view->dtype)) {
    PyErr_SetString(PyExc_ValueError, "the elements have a fixed length");
    return NULL;
  }
  zarrc_text *texts = PyMem_Calloc(n > 0 ? (size_t)n : 1, sizeof *texts);
  if (!texts) PyErr_NoMemory();
  view->data = texts;
  return texts;
}

static PyObject *array_read_items(PyObject *object, PyObject *args) {
  core_array *self = (core_array *)object;
  PyObject *entries, *list = NULL;
  int points;
  zarrc_view view;
  zarrc_error error;
  if (!PyArg_ParseTuple(args, "Op:read_items", &entries, &points)) return NULL;
  core_picks *picks = selection_take(object, entries, points != 0, &view);
  zarrc_text *texts = picks ? texts_new(&view) : NULL;
  if (texts) {
    if (zarrc_arena_open(self->ctx, &view.arena, &error))
      core_raise(core_state_of(Py_TYPE(object)), &error);
    else if (transfer(self, picks, &view, false))
      list = core_texts_to_list(&view.dtype, texts, zarrc_view_nitems(&view));
    zarrc_arena_close(view.arena);
  }
  PyMem_Free(texts);
  core_picks_free(picks);
  return list;
}

static PyObject *array_write_items(PyObject *object, PyObject *args) {
  PyObject *entries, *list, *result = NULL;
  int points;
  zarrc_view view;
  if (!PyArg_ParseTuple(args, "OpO!:write_items", &entries, &points, &PyList_Type, &list)) return NULL;
  core_picks *picks = selection_take(object, entries, points != 0, &view);
  zarrc_text *texts = picks ? texts_new(&view) : NULL;
  Py_ssize_t n = texts ? (Py_ssize_t)zarrc_view_nitems(&view) : 0;
  bool ok = texts != NULL;
  if (ok && PyList_Size(list) != n) {
    PyErr_Format(PyExc_ValueError, "a list of %zd elements is needed", n);
    ok = false;
  }
  for (Py_ssize_t k = 0; ok && k < n; k++) ok = core_text_of(&view.dtype, PyList_GetItem(list, k), &texts[k]);
  if (ok && transfer((core_array *)object, picks, &view, true)) result = Py_NewRef(Py_None);
  PyMem_Free(texts);
  core_picks_free(picks);
  return result;
}

PyObject *core_tuple_of(const int64_t *numbers, int n) {
  PyObject *tuple = PyTuple_New(n);
  for (int i = 0; tuple && i < n; i++) {
    PyObject *number = PyLong_FromLongLong(numbers[i]);
    if (!number)
      Py_CLEAR(tuple);
    else
      PyTuple_SetItem(tuple, i, number);
  }
  return tuple;
}

static PyObject *array_shape(PyObject *object, void *closure) {
  const zarrc_array *array = ((core_array *)object)->array;
  (void)closure;
  return core_tuple_of(zarrc_array_shape(array), zarrc_array_ndim(array));
}

static PyObject *array_inner_chunks(PyObject *object, void *closure) {
  const zarrc_array *array = ((core_array *)object)->array;
  int64_t shape[ZARRC_MAX_NDIM];
  (void)closure;
  if (!zarrc_array_inner_chunk_shape(array, shape)) return Py_NewRef(Py_None);
  return core_tuple_of(shape, zarrc_array_ndim(array));
}

static PyObject *array_fill(PyObject *object, void *closure) {
  const zarrc_array *array = ((core_array *)object)->array;
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  const void *fill = zarrc_array_fill(array);
  (void)closure;
  if (!zarrc_dtype_is_variable(dtype)) return PyBytes_FromStringAndSize(fill, (Py_ssize_t)dtype->item_size);
  PyObject *list = core_texts_to_list(dtype, fill, 1);
  PyObject *text = list ? Py_XNewRef(PyList_GetItem(list, 0)) : NULL;
  Py_XDECREF(list);
  return text;
}

static PyObject *array_data_type(PyObject *object, void *closure) {
  (void)closure;
  return PyUnicode_FromString(zarrc_array_data_type(((core_array *)object)->array));
}

static PyObject *array_metadata(PyObject *object, void *closure) {
  (void)closure;
  return PyUnicode_FromString(zarrc_array_metadata(((core_array *)object)->array));
}

static PyObject *array_attributes(PyObject *object, void *closure) {
  (void)closure;
  return PyUnicode_FromString(zarrc_array_attributes(((core_array *)object)->array));
}

/* A document in the words of format 3 that describes the array, whatever its format is. */
static PyObject *array_document(PyObject *object, void *closure) {
  const zarrc_array *array = ((core_array *)object)->array;
  zarrc_buf text = zarrc_buf_new(zarrc_array_store(array)->ctx, SIZE_MAX / 2);
  zarrc_error error = {0};
  (void)closure;
  zarrc_status status = zarrc_array_description(array, &text, &error);
  PyObject *result = status ? core_raise(core_state_of(Py_TYPE(object)), &error)
                            : PyUnicode_FromStringAndSize((const char *)text.ptr, (Py_ssize_t)text.len);
  zarrc_buf_clear(&text);
  return result;
}

PyObject *core_notices(const zarrc_array *array) {
  const char *sentence;
  PyObject *list = PyList_New(0);
  for (size_t i = 0; list && (sentence = zarrc_array_notice(array, i)); i++) {
    PyObject *text = PyUnicode_FromString(sentence);
    if (!text || PyList_Append(list, text)) Py_CLEAR(list);
    Py_XDECREF(text);
  }
  return list;
}

static PyObject *array_notices(PyObject *object, void *closure) {
  (void)closure;
  PyObject *list = core_notices(((core_array *)object)->array);
  PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
  Py_XDECREF(list);
  return tuple;
}

static PyMethodDef array_methods[] = {
    {"read", array_read, METH_VARARGS, "read(entries, points, memory, big)"},
    {"write", array_write, METH_VARARGS, "write(entries, points, memory, big)"},
    {"read_items", array_read_items, METH_VARARGS, "read_items(entries, points): elements of variable length"},
    {"write_items", array_write_items, METH_VARARGS, "write_items(entries, points, items)"},
    {0},
};
static PyGetSetDef array_members[] = {
    {"shape", array_shape, NULL, "Elements on each axis.", NULL},
    {"inner_chunks", array_inner_chunks, NULL, "Elements of an inner chunk on each axis; None: there are no shards.",
     NULL},
    {"fill", array_fill, NULL, "The fill value: str or bytes, or the bytes of one element in native order.", NULL},
    {"data_type", array_data_type, NULL, "The data_type of the zarr.json, canonical.", NULL},
    {"metadata", array_metadata, NULL, "The array's zarr.json, canonical, or its .zarray.", NULL},
    {"attributes", array_attributes, NULL, "The attributes, as they are stored.", NULL},
    {"document", array_document, NULL, "A zarr.json that describes the array.", NULL},
    {"notices", array_notices, NULL, "A sentence for each rule that the stored metadata bend.", NULL},
    {0},
};
static PyType_Slot array_slots[] = {
    {Py_tp_new, array_new},
    {Py_tp_dealloc, array_dealloc},
    {Py_tp_methods, array_methods},
    {Py_tp_getset, array_members},
    {Py_tp_doc, "An array at a URL, or in a store of another library. Array(context, url, read_only=True, "
                "follow_links=False, sync=False, use_consolidated=True, "
                "strict=False, settings=None)."},
    {0},
};
PyType_Spec core_array_spec = {"zarrc._core.Array", sizeof(core_array), 0, Py_TPFLAGS_DEFAULT, array_slots};
