/* SPDX-License-Identifier: MIT */
/* A stored value of which only some ranges have been fetched. Reading runs in rounds: what a read asks for and is not
 * there is noted, the caller fetches it, and reads again. */
#include "_core.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

/* Fetched: buffer.len bytes from `offset` on. `asked` bytes were asked for: fewer mean that the value ends there. */
typedef struct piece {
  int64_t offset; /* < 0: from the end of the value */
  uint64_t asked;
  bool to_end;
  Py_buffer buffer;
} piece;

typedef struct wish {
  int64_t offset;
  uint64_t nbytes;
  bool to_end;
} wish;

struct core_ranges {
  PyObject ob_base;
  pthread_mutex_t lock; /* of the wishes: blobs are read from any thread */
  piece *pieces;
  size_t npieces;
  wish *wishes;
  size_t nwishes;
};

/* --------------------------------------------------------------------------------------------- as a blob */

/* ZARRC_PENDING: not there yet. */
static zarrc_status serve(const core_ranges *self, zarrc_range *range, zarrc_error *error) {
  for (size_t i = 0; i < self->npieces; i++) {
    const piece *p = &self->pieces[i];
    uint64_t len = (uint64_t)p->buffer.len, from, nbytes = range->nbytes;
    if ((p->offset < 0) != (range->offset < 0) || range->offset < p->offset) continue;
    from = (uint64_t)(range->offset - p->offset);
    bool ends = p->to_end || p->offset < 0 || len < p->asked; /* the piece reaches to the end of the value */
    if (p->offset < 0 && len < (uint64_t)-p->offset) {        /* the value is shorter than what was asked for */
      if ((uint64_t)-range->offset > len)
        return zarrc_fail(error, ZARRC_TRUNCATED, "the last %llu bytes are wanted of a value of %llu bytes",
                          (unsigned long long)-range->offset, (unsigned long long)len);
      from = len - (uint64_t)-range->offset;
    }
    if (range->to_end) {
      if (!ends) continue;
      if (from > len) return zarrc_fail(error, ZARRC_TRUNCATED, "a range begins behind the end of the value");
      if (len - from > nbytes)
        return zarrc_fail(error, ZARRC_LIMIT, "a value of more than %llu bytes", (unsigned long long)nbytes);
      nbytes = len - from;
    } else if (from > len || nbytes > len - from) {
      if (!ends) continue;
      return zarrc_fail(error, ZARRC_TRUNCATED, "%llu bytes at %lld are wanted, but the value ends before",
                        (unsigned long long)nbytes, (long long)range->offset);
    }
    const uint8_t *at = (const uint8_t *)p->buffer.buf + from;
    if (range->into && nbytes) memcpy(range->into, at, nbytes);
    range->got = (zarrc_bytes){range->into ? range->into : at, (size_t)nbytes, NULL, NULL};
    range->total = p->to_end && p->offset >= 0 ? (uint64_t)p->offset + len : ZARRC_UNKNOWN;
    return ZARRC_OK;
  }
  return ZARRC_PENDING;
}

static zarrc_status note(core_ranges *self, const zarrc_range *range) {
  pthread_mutex_lock(&self->lock);
  wish *wishes = realloc(self->wishes, (self->nwishes + 1) * sizeof *wishes);
  if (wishes) {
    self->wishes = wishes;
    wishes[self->nwishes++] = (wish){range->offset, range->nbytes, range->to_end};
  }
  pthread_mutex_unlock(&self->lock);
  return wishes ? ZARRC_OK : ZARRC_NO_MEMORY;
}

static zarrc_status ranges_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  core_ranges *self = ((core_ranges_blob *)blob)->ranges;
  bool missed = false;
  for (size_t i = 0; i < n; i++) {
    zarrc_status status = serve(self, &ranges[i], error);
    if (status == ZARRC_PENDING) {
      missed = true;
      if (note(self, &ranges[i])) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of ranges");
    } else if (status) {
      return status;
    }
  }
  return missed ? zarrc_fail(error, ZARRC_PENDING, "ranges have to be fetched first") : ZARRC_OK;
}

void core_ranges_blob_init(core_ranges_blob *blob, PyObject *ranges) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .read = ranges_read};
  static const zarrc_blob_traits far = {.struct_size = sizeof far,
                                        .gap = (uint64_t)1 << 20,
                                        .window = (uint64_t)64 << 20,
                                        .requests = 4,
                                        .deferred = true};
  *blob = (core_ranges_blob){.blob = {&ops, &far}, .ranges = (core_ranges *)ranges};
}

bool core_ranges_are_wanted(const core_ranges *ranges) {
  return ranges->nwishes > 0;
}

/* ------------------------------------------------------------------------------------------- as an object */

static PyObject *ranges_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  (void)args, (void)kwargs;
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_ranges *self = (core_ranges *)alloc(type, 0);
  if (self) pthread_mutex_init(&self->lock, NULL);
  return (PyObject *)self;
}

static void ranges_dealloc(PyObject *object) {
  core_ranges *self = (core_ranges *)object;
  PyTypeObject *type = Py_TYPE(object);
  for (size_t i = 0; i < self->npieces; i++) PyBuffer_Release(&self->pieces[i].buffer);
  free(self->pieces);
  free(self->wishes);
  pthread_mutex_destroy(&self->lock);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

static PyObject *ranges_add(PyObject *object, PyObject *args) {
  core_ranges *self = (core_ranges *)object;
  long long offset;
  unsigned long long nbytes;
  int to_end;
  PyObject *data;
  if (!PyArg_ParseTuple(args, "LKpO:add", &offset, &nbytes, &to_end, &data)) return NULL;
  piece *pieces = realloc(self->pieces, (self->npieces + 1) * sizeof *pieces);
  if (!pieces) return PyErr_NoMemory();
  self->pieces = pieces;
  pieces[self->npieces] = (piece){.offset = offset, .asked = nbytes, .to_end = to_end != 0};
  if (PyObject_GetBuffer(data, &pieces[self->npieces].buffer, PyBUF_SIMPLE)) return NULL;
  self->npieces++;
  return Py_NewRef(Py_None);
}

static PyObject *ranges_take_wanted(PyObject *object, PyObject *none) {
  core_ranges *self = (core_ranges *)object;
  (void)none;
  PyObject *list = PyList_New(0);
  for (size_t i = 0; list && i < self->nwishes; i++) {
    const wish *w = &self->wishes[i];
    PyObject *item =
        Py_BuildValue("LKO", (long long)w->offset, (unsigned long long)w->nbytes, w->to_end ? Py_True : Py_False);
    if (!item || PyList_Append(list, item)) Py_CLEAR(list);
    Py_XDECREF(item);
  }
  self->nwishes = 0;
  return list;
}

static PyMethodDef ranges_methods[] = {
    {"add", ranges_add, METH_VARARGS, "add(offset, nbytes, to_end, data): a range that was fetched."},
    {"take_wanted", ranges_take_wanted, METH_NOARGS, "The ranges that reads asked for: (offset, nbytes, to_end)."},
    {0},
};
static PyType_Slot ranges_slots[] = {
    {Py_tp_new, ranges_new},
    {Py_tp_dealloc, ranges_dealloc},
    {Py_tp_methods, ranges_methods},
    {Py_tp_doc, "A stored value of which some ranges have been fetched."},
    {0},
};
PyType_Spec core_ranges_spec = {"zarrc._core.Ranges", sizeof(core_ranges), 0, Py_TPFLAGS_DEFAULT, ranges_slots};
