/* SPDX-License-Identifier: MIT */
/* Selections, and elements of variable length, between Python and libzarrc. */
#include "_core.h"

/* -------------------------------------------------------------------------------------------------- selections */

void core_picks_free(core_picks *picks) {
  if (!picks) return;
  for (int i = 0; i < picks->nbuffers; i++) PyBuffer_Release(&picks->buffers[i]);
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

static const int64_t *list_parse(core_picks *picks, int axis, PyObject *entry, int64_t length, size_t *n) {
  const int64_t *list = list_take(picks, entry, n);
  return list && list_check(list, *n, axis, length) ? list : NULL;
}

static bool pick_parse(core_picks *picks, int axis, PyObject *entry, int64_t length) {
  zarrc_pick *pick = &picks->selection.pick[axis];
  if (PySlice_Check(entry)) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(entry, &start, &stop, &step) < 0) return false;
    Py_ssize_t count = PySlice_AdjustIndices((Py_ssize_t)length, &start, &stop, step);
    *pick = count ? zarrc_pick_slice(start, stop, step) : zarrc_pick_slice(0, 0, 1);
    return true;
  }
  if (PyLong_Check(entry)) {
    long long index = PyLong_AsLongLong(entry);
    if (index == -1 && PyErr_Occurred()) return false;
    if (index >= -length && index < length) {
      *pick = zarrc_pick_index(index);
      return true;
    }
    PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for axis %d with size %lld", index, axis,
                 (long long)length);
    return false;
  }
  size_t n;
  const int64_t *list = list_parse(picks, axis, entry, length, &n);
  if (list) *pick = zarrc_pick_list(list, n);
  return list != NULL;
}

core_picks *core_picks_new(PyObject *entries, bool points, int ndim, const int64_t *shape) {
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
    size_t n = 0;
    if (!points) {
      ok = pick_parse(picks, i, entry, shape[i]);
      continue;
    }
    s->coordinate[i] = list_parse(picks, i, entry, shape[i], &n);
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

bool core_picks_are_empty(const core_picks *picks, int ndim) {
  const zarrc_selection *s = &picks->selection;
  bool empty = s->kind == ZARRC_SELECT_POINTS && ndim > 0 && s->npoints == 0;
  for (int k = 0; k < ndim && s->kind == ZARRC_SELECT_AXES; k++) {
    const zarrc_pick *pick = &s->pick[k];
    if (pick->kind == ZARRC_PICK_LIST) empty = empty || pick->n == 0;
    if (pick->kind == ZARRC_PICK_SLICE) empty = empty || pick->start >= pick->stop;
  }
  return empty;
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
