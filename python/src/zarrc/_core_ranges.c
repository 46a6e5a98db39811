/* SPDX-License-Identifier: MIT */
/* A stored value of which some ranges have been fetched: zarrc_asking. */
#include "_core.h"

#include <zarrc/plugin/blob.h>

struct core_ranges {
  PyObject ob_base;
  PyObject *context;
  zarrc_asking *asking;
  zarrc_range *wanted; /* lent by asking: what the host was told last */
  size_t nwanted;
};

zarrc_blob *core_ranges_blob(PyObject *ranges) {
  return zarrc_asking_blob(((core_ranges *)ranges)->asking);
}

static PyObject *ranges_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static const zarrc_blob_traits far = {
      .struct_size = sizeof far, .gap = (uint64_t)1 << 20, .window = (uint64_t)64 << 20, .requests = 4};
  PyObject *context;
  zarrc_error error;
  (void)kwargs;
  if (!PyArg_ParseTuple(args, "O:Ranges", &context)) return NULL;
  zarrc_ctx *ctx = core_context_get(core_state_of(type), context);
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_ranges *self = ctx ? (core_ranges *)alloc(type, 0) : NULL;
  if (!self) return NULL;
  self->context = Py_NewRef(context);
  if (!zarrc_asking_open(ctx, &far, &self->asking, &error)) return (PyObject *)self;
  core_raise(core_state_of(type), &error);
  Py_DECREF((PyObject *)self);
  return NULL;
}

static void ranges_dealloc(PyObject *object) {
  core_ranges *self = (core_ranges *)object;
  PyTypeObject *type = Py_TYPE(object);
  zarrc_asking_close(self->asking);
  Py_XDECREF(self->context);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

static PyObject *ranges_wanted(PyObject *object, PyObject *args) {
  core_ranges *self = (core_ranges *)object;
  unsigned long long gap, max;
  zarrc_error error;
  if (!PyArg_ParseTuple(args, "KK:wanted", &gap, &max)) return NULL;
  if (zarrc_asking_wanted(self->asking, gap, max, &self->wanted, &self->nwanted, &error))
    return core_raise(core_state_of(Py_TYPE(object)), &error);
  if (self->nwanted == 0) return PyErr_Format(PyExc_RuntimeError, "a read waits for nothing");
  PyObject *list = PyList_New((Py_ssize_t)self->nwanted);
  for (size_t i = 0; list && i < self->nwanted; i++) {
    const zarrc_range *r = &self->wanted[i];
    PyObject *item =
        Py_BuildValue("LKO", (long long)r->offset, (unsigned long long)r->nbytes, r->to_end ? Py_True : Py_False);
    if (item)
      PyList_SetItem(list, (Py_ssize_t)i, item);
    else
      Py_CLEAR(list);
  }
  return list;
}

/* Only the last reader of bytes calls this, and no read is the last: that is `asking`, which goes with the object. */
static void buffer_release(zarrc_bytes *bytes) {
  PyBuffer_Release(bytes->owner);
  PyMem_Free(bytes->owner);
}

static bool add(core_ranges *self, zarrc_range *range, PyObject *data) {
  Py_buffer *buffer = PyMem_Calloc(1, sizeof *buffer);
  zarrc_error error;
  if (!buffer || PyObject_GetBuffer(data, buffer, PyBUF_SIMPLE)) {
    if (!buffer) PyErr_NoMemory();
    PyMem_Free(buffer);
    return false;
  }
  range->got = (zarrc_bytes){buffer->buf, (size_t)buffer->len, buffer_release, buffer};
  range->total = ZARRC_UNKNOWN;
  zarrc_status status = zarrc_asking_add(self->asking, range, &error);
  if (status) core_raise(core_state_of(Py_TYPE((PyObject *)self)), &error);
  return !status;
}

static PyObject *ranges_add(PyObject *object, PyObject *values) {
  core_ranges *self = (core_ranges *)object;
  size_t n = values == Py_None ? 0 : PyList_Check(values) ? (size_t)PyList_Size(values) : SIZE_MAX;
  if (values == Py_None)
    zarrc_asking_set_missing(self->asking);
  else if (n != self->nwanted)
    return PyErr_Format(PyExc_ValueError, "a list of %zu values is needed", self->nwanted);
  for (size_t i = 0; i < n; i++)
    if (!add(self, &self->wanted[i], PyList_GetItem(values, (Py_ssize_t)i))) return NULL;
  self->nwanted = 0;
  return Py_NewRef(Py_None);
}

static PyMethodDef ranges_methods[] = {
    {"wanted", ranges_wanted, METH_VARARGS,
     "wanted(gap, max): what reads asked for, as (offset, nbytes, to_end); ranges that lie at most `gap` bytes apart "
     "are joined, up to `max` bytes."},
    {"add", ranges_add, METH_O, "add(values): what was fetched of each range that is wanted; None: there is no value."},
    {0},
};
static PyType_Slot ranges_slots[] = {
    {Py_tp_new, ranges_new},
    {Py_tp_dealloc, ranges_dealloc},
    {Py_tp_methods, ranges_methods},
    {Py_tp_doc, "A stored value of which some ranges have been fetched: Ranges(context)."},
    {0},
};
PyType_Spec core_ranges_spec = {"zarrc._core.Ranges", sizeof(core_ranges), 0, Py_TPFLAGS_DEFAULT, ranges_slots};
