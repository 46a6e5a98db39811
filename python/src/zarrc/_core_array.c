/* SPDX-License-Identifier: MIT */
/* An array at a URL, for use without zarr-python. */
#include "_core.h"

#include <string.h>

typedef struct core_array {
  PyObject ob_base;
  PyObject *context;
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
} core_array;

static PyObject *array_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"context", "url", "read_only", NULL};
  PyObject *context;
  const char *url;
  int read_only = 1;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Os|p:Array", names, &context, &url, &read_only)) return NULL;
  core_state *state = core_state_of(type);
  zarrc_ctx *ctx = core_context_get(state, context);
  if (!ctx) return NULL;
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_array *self = (core_array *)alloc(type, 0);
  if (!self) return NULL;
  zarrc_open_options options = {.struct_size = sizeof options, .read_only = read_only != 0};
  zarrc_error error;
  zarrc_status status;
  char *path = NULL;
  self->context = Py_NewRef(context);
  self->ctx = ctx;
  Py_BEGIN_ALLOW_THREADS status = zarrc_store_open(ctx, url, &options, &self->store, &path, &error);
  if (!status) status = zarrc_array_open(self->store, path, NULL, &self->array, &error);
  zarrc_free(ctx, path);
  Py_END_ALLOW_THREADS if (!status) return (PyObject *)self;
  core_raise(state, &error);
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

/* A tuple of slices with positive steps, one an axis, all inside the array. */
static bool region_parse(const core_array *self, PyObject *selection, zarrc_region *region) {
  int ndim = zarrc_array_ndim(self->array);
  const int64_t *shape = zarrc_array_shape(self->array);
  if (!PyTuple_Check(selection) || PyTuple_Size(selection) != ndim) {
    PyErr_Format(PyExc_ValueError, "a tuple of %d slices is needed", ndim);
    return false;
  }
  for (int i = 0; i < ndim; i++) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(PyTuple_GetItem(selection, i), &start, &stop, &step) < 0) return false;
    region->count[i] = PySlice_AdjustIndices((Py_ssize_t)shape[i], &start, &stop, step);
    region->start[i] = region->count[i] ? start : 0;
    region->step[i] = step;
  }
  return true;
}

static PyObject *array_move(PyObject *object, PyObject *args, bool write) {
  core_array *self = (core_array *)object;
  PyObject *selection, *memory;
  int big;
  Py_buffer buffer;
  zarrc_region region;
  zarrc_error error;
  zarrc_status status;
  if (!PyArg_ParseTuple(args, "OOp", &selection, &memory, &big) || !region_parse(self, selection, &region)) return NULL;
  if (PyObject_GetBuffer(memory, &buffer, write ? PyBUF_STRIDED_RO : PyBUF_STRIDED)) return NULL;
  zarrc_view view = {.data = buffer.buf, .dtype = *zarrc_array_dtype(self->array), .ndim = buffer.ndim};
  bool fits = buffer.ndim == zarrc_array_ndim(self->array) && (size_t)buffer.itemsize == view.dtype.item_size &&
              !zarrc_dtype_is_variable(&view.dtype);
  view.dtype.endian = big ? ZARRC_BIG : ZARRC_LITTLE;
  for (int i = 0; fits && i < buffer.ndim; i++) {
    view.shape[i] = buffer.shape[i];
    view.stride[i] = buffer.strides[i];
    fits = view.shape[i] == region.count[i];
  }
  if (!fits) {
    PyBuffer_Release(&buffer);
    PyErr_SetString(PyExc_ValueError, "the memory has another shape or other elements than the selection");
    return NULL;
  }
  Py_BEGIN_ALLOW_THREADS status = write ? zarrc_array_write(self->array, &region, &view, &error)
                                        : zarrc_array_read(self->array, &region, &view, &error);
  Py_END_ALLOW_THREADS PyBuffer_Release(&buffer);
  return status ? core_raise(core_state_of(Py_TYPE(object)), &error) : Py_NewRef(Py_None);
}

static PyObject *array_read(PyObject *object, PyObject *args) {
  return array_move(object, args, false);
}
static PyObject *array_write(PyObject *object, PyObject *args) {
  return array_move(object, args, true);
}

/* Elements of variable length, in C order, as a list. */
static PyObject *array_read_items(PyObject *object, PyObject *selection) {
  core_array *self = (core_array *)object;
  const zarrc_dtype *dtype = zarrc_array_dtype(self->array);
  zarrc_region region;
  zarrc_error error;
  zarrc_status status;
  zarrc_arena *arena = NULL;
  PyObject *list = NULL;
  if (!region_parse(self, selection, &region)) return NULL;
  if (!zarrc_dtype_is_variable(dtype)) {
    PyErr_SetString(PyExc_ValueError, "the elements have a fixed length");
    return NULL;
  }
  zarrc_view view = zarrc_view_c(dtype, zarrc_array_ndim(self->array), region.count, NULL);
  int64_t n = zarrc_view_nitems(&view);
  zarrc_text *texts = PyMem_Calloc(n ? (size_t)n : 1, sizeof *texts);
  if (!texts) return PyErr_NoMemory();
  status = zarrc_arena_open(self->ctx, &arena, &error);
  if (!status) {
    view.data = texts;
    view.arena = arena;
    Py_BEGIN_ALLOW_THREADS status = zarrc_array_read(self->array, &region, &view, &error);
    Py_END_ALLOW_THREADS
  }
  if (status)
    core_raise(core_state_of(Py_TYPE(object)), &error);
  else
    list = PyList_New((Py_ssize_t)n);
  for (int64_t i = 0; list && i < n; i++) {
    const char *ptr = texts[i].len ? (const char *)texts[i].ptr : "";
    PyObject *item = dtype->type == ZARRC_STRING ? PyUnicode_DecodeUTF8(ptr, (Py_ssize_t)texts[i].len, NULL)
                                                 : PyBytes_FromStringAndSize(ptr, (Py_ssize_t)texts[i].len);
    if (!item)
      Py_CLEAR(list);
    else
      PyList_SetItem(list, (Py_ssize_t)i, item);
  }
  zarrc_arena_close(arena);
  PyMem_Free(texts);
  return list;
}

static PyObject *array_shape(PyObject *object, void *closure) {
  const zarrc_array *array = ((core_array *)object)->array;
  (void)closure;
  PyObject *shape = PyTuple_New(zarrc_array_ndim(array));
  for (int i = 0; shape && i < zarrc_array_ndim(array); i++) {
    PyObject *n = PyLong_FromLongLong(zarrc_array_shape(array)[i]);
    if (!n)
      Py_CLEAR(shape);
    else
      PyTuple_SetItem(shape, i, n);
  }
  return shape;
}

static PyObject *array_metadata(PyObject *object, void *closure) {
  (void)closure;
  return PyUnicode_FromString(zarrc_array_metadata(((core_array *)object)->array));
}

static PyMethodDef array_methods[] = {
    {"read", array_read, METH_VARARGS, "read(slices, memory, big)"},
    {"write", array_write, METH_VARARGS, "write(slices, memory, big)"},
    {"read_items", array_read_items, METH_O, "read_items(slices): elements of variable length"},
    {0},
};
static PyGetSetDef array_members[] = {
    {"shape", array_shape, NULL, "Elements on each axis.", NULL},
    {"metadata", array_metadata, NULL, "The array's zarr.json, canonical.", NULL},
    {0},
};
static PyType_Slot array_slots[] = {
    {Py_tp_new, array_new},
    {Py_tp_dealloc, array_dealloc},
    {Py_tp_methods, array_methods},
    {Py_tp_getset, array_members},
    {Py_tp_doc, "An array at a URL. Array(context, url, read_only=True)."},
    {0},
};
PyType_Spec core_array_spec = {"zarrc._core.Array", sizeof(core_array), 0, Py_TPFLAGS_DEFAULT, array_slots};
